"""When two spellings mean one thing, and when they only look as if they did.

A name **binds** when it is an id, an identifier that one entity carries, a label or a listed alias of exactly one
entity (whatever its capitals, width and spaces), or when somebody has decided what it means (`kg.claim.Match`).
Everything else, another legal form, another script, a slip of the pen, is only **proposed**, with the reason. A name
that several entities bear binds to none of them: firms are not merged because they share an alias.

References
----------
ISO 17442-1 and ISO/IEC 7064 MOD 97-10 (LEI), ISO 6166 (ISIN); the Unicode Standard, D146 (compatibility caseless match).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from kg.claim import Entity, Match
from kg.errors import near

__all__ = [
    "Names", "Proposal", "fold", "identifier_key", "identifier_problem", "match_words", "slug", "split_identifier",
]  # fmt: skip

#: Least similarity, in per cent, that is worth proposing.
_ALIKE = 78.0
#: Legal forms of cleanco's list that are more often a plain word, a country or an abbreviation in a name.
_NO_FORM = frozenset({
    "ad", "at", "ay", "ba", "bl", "bm", "bt", "ca", "cio", "da", "dat", "dd", "ec", "ei", "et", "etat", "ev", "fa", "ij", "ik",
    "it", "koop", "nl", "od", "ok", "ong", "pc", "pp", "ps", "sd", "sem", "sep", "ses", "ss", "st", "tdv", "teo", "ud", "uk",
    "vat",
})  # fmt: skip
#: Legal forms written out, or missing from cleanco's list; in Latin letters, as `_latin` writes them.
_MORE_FORMS = (
    "aktiengesellschaft", "aktiebolag", "aktieselskab", "osakeyhtio", "kabushiki kaisha", "kabushiki gaisha", "yugen kaisha",
    "godo kaisha", "chusik hoesa", "jusik hoesa", "jusighoesa", "gesellschaft mit beschrankter haftung",
    "gesellschaft mit beschraenkter haftung", "naamloze vennootschap", "besloten vennootschap", "societe anonyme",
    "societa per azioni", "sociedad anonima", "societas europaea", "public limited company", "limited liability company",
    "joint stock company", "jsc", "pjsc", "ojsc", "pao", "and co kgaa", "tbk", "berhad", "bhd", "inc ltd", "lc",
)  # fmt: skip
#: Legal forms that are written without a space, longest first; NFKC has made ㈱ and ㈜ of three characters each.
_JOINED = (
    "股份有限责任公司", "股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "股份公司", "公司",
    "株式会社", "株式會社", "有限会社", "合同会社", "合資会社", "合名会社", "(株)", "(有)", "(同)",
    "주식회사", "유한회사", "유한책임회사", "(주)", "(유)",
)  # fmt: skip
_IDENTIFIER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(\S(?:.*\S)?)\Z", re.S)


# -- spelling


@lru_cache(1 << 16)
def fold(name: str) -> str:
    """Return what is compared of a name: capitals, width of characters and white space do not count.

    The one folding of the house: names, publishers and words are compared by it everywhere.
    """
    if name.isascii():
        return " ".join(name.casefold().split())
    for _ in range(2):  # folding can undo normal form, and normal form can bring capitals back
        name = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", name).split())


@lru_cache(1 << 16)
def _words(name: str) -> tuple[str, ...]:
    """The words of a name in its own script, without punctuation (``N.V.`` is one word)."""
    text = re.sub(r"[.'’`´/]", "", fold(name)).replace("&", " and ")
    return tuple(re.sub(r"[^\w()]+", " ", text).replace("(", " ").replace(")", " ").split())


def _latin(words: Iterable[str]) -> tuple[str, ...]:
    """The words in Latin letters without accents."""
    from anyascii import anyascii

    written = " ".join(word if word.isascii() else anyascii(word) for word in words)
    return tuple(re.sub(r"[^a-z0-9]+", " ", re.sub(r"['`]", "", written.lower())).split())


@cache
def _forms() -> Mapping[int, frozenset[tuple[str, ...]]]:
    """Legal forms as words in Latin letters, by their number."""
    import cleanco

    found: dict[int, set[tuple[str, ...]]] = {}
    listed = (" ".join(words) for _, words in cleanco.prepare_default_terms())
    for text in (*listed, *_MORE_FORMS):
        words = _latin(_words(text))
        if words and text not in _NO_FORM:
            found.setdefault(len(words), set()).add(words)
    return {size: frozenset(found[size]) for size in sorted(found, reverse=True)}


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without the legal form at either end; all of them where nothing else would be left."""
    again = True
    while again:
        again = False
        for size, forms in _forms().items():
            if len(words) > size and words[-size:] in forms:
                words, again = words[:-size], True
            elif len(words) > size and words[:size] in forms:
                words, again = words[size:], True
    return words[:-1] if len(words) > 1 and words[-1] == "and" else words


def _unjoined(name: str) -> str:
    """The folded name without a legal form that is written without a space."""
    text = fold(name)
    for form in _JOINED:
        if len(text) > len(form):
            text = text.removesuffix(form) if text.endswith(form) else text.removeprefix(form)
    return text.strip()


@lru_cache(1 << 16)
def _skeleton(name: str) -> tuple[str, ...]:
    """What is left of a name without script, accents, punctuation and legal form; empty for a name of signs only."""
    return _bare(_latin(_words(_unjoined(name))))


def _reason(name: str, known: str) -> str:
    """Why two names of one skeleton are different names."""
    if fold(name) == fold(known):
        return f"the same name as {known!r}"
    mine, theirs = _words(name), _words(known)
    if mine == theirs:
        return f"differs only in punctuation from {known!r}"
    if _bare(_words(_unjoined(name))) == _bare(_words(_unjoined(known))):
        return f"differs only in legal form from {known!r}"
    foreign = any("LATIN" not in unicodedata.name(char, "") for char in name + known if char.isalpha())
    if "".join(_latin(mine)) == "".join(_latin(theirs)):
        if foreign:
            return f"transliteration of {known!r}"
        return f"differs only in {'spaces' if ''.join(mine) == ''.join(theirs) else 'accents'} from {known!r}"
    return f"differs only in {'script' if foreign else 'accents or spaces'} and legal form from {known!r}"


def slug(text: str) -> str:
    """Return small letters, digits and hyphens that stand for a text in an id; empty where it has no Latin letters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def match_words(name: str) -> str:
    """Return a name in Latin letters without punctuation and legal form, for comparing titles and names at large."""
    return " ".join(_skeleton(name))


# -- identifiers


def split_identifier(text: str) -> tuple[str, str]:
    """Return scheme and value of ``scheme:value``; two empty strings for anything else."""
    found = _IDENTIFIER.match(text.strip())
    return (found.group(1).lower(), found.group(2)) if found else ("", "")


def identifier_key(text: str) -> str:
    """Return the form in which an identifier is compared: scheme in small letters, value in capitals, no spaces."""
    scheme, value = split_identifier(text)
    return f"{scheme}:{''.join(value.upper().split())}" if scheme else ""


def identifier_problem(scheme: str, value: str) -> str:
    """Return what is wrong with an identifier and what would be right; empty when nothing is.

    Parameters
    ----------
    scheme : str
        ``lei``, ``isin``, ``wikidata`` and ``ticker`` are checked, with their check digits; others are only kept.
    value : str
        Spaces and capitals do not count.

    Examples
    --------
    >>> identifier_problem("isin", "US0378331005")
    ''
    >>> identifier_problem("isin", "US0378331006")
    "the check digit of US0378331006 does not fit; it would have to be 5: look for an exchanged or missing character"
    """
    text = "".join(value.upper().split())
    if not scheme or not text:
        return f"{value!r} is no identifier; write scheme:value, e.g. lei:…, wikidata:Q…, isin:… or ticker:NYSE:F"
    if scheme in _SCHEMES:
        return _SCHEMES[scheme](text)
    if hint := near(scheme, _SCHEMES, 1):
        return f"{scheme!r} is no scheme; did you mean {hint[0]}?"
    return ""


def _lei(text: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", text):
        return f"{text} is no LEI; it has 18 letters or digits and two check digits"
    if int("".join(str(int(char, 36)) for char in text)) % 97 == 1:
        return ""
    right = 98 - int("".join(str(int(char, 36)) for char in text[:18] + "00")) % 97
    return _misfit("check digits", text, f"{right:02}")


def _isin(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", text):
        return f"{text} is no ISIN; it has two letters of a country, nine letters or digits and a check digit"
    digits = "".join(str(int(char, 36)) for char in text[:11])
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    right = -sum(number // 10 + number % 10 for number in doubled) % 10
    return "" if text[11] == str(right) else _misfit("check digit", text, str(right))


def _misfit(what: str, text: str, right: str) -> str:
    verb = "do" if what.endswith("s") else "does"
    return (
        f"the {what} of {text} {verb} not fit; {'they' if verb == 'do' else 'it'} would have to be {right}: "
        "look for an exchanged or missing character"
    )


def _wikidata(text: str) -> str:
    if re.fullmatch(r"Q[1-9][0-9]*", text):
        return ""
    return f"{text} is no item of Wikidata; it is Q and a number, e.g. wikidata:Q42"


def _ticker(text: str) -> str:
    if re.fullmatch(r"[A-Z0-9.]{2,12}:[A-Z0-9][A-Z0-9./-]{0,14}", text):
        return ""
    return f"{text} is no ticker; name the exchange too, e.g. ticker:NYSE:F or ticker:HKEX:1211"


_SCHEMES: Mapping[str, Callable[[str], str]] = {
    "lei": _lei, "isin": _isin, "wikidata": _wikidata, "ticker": _ticker,
}  # fmt: skip


# -- names of many entities


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entity that a name may mean.

    Attributes
    ----------
    entity : str
        Its id.
    why : str
        In what the name differs from one of its names.
    score : float
        Similarity in per cent; 100 where only legal form, script, accents or punctuation differ.
    """

    entity: str
    why: str
    score: float


class Names:
    """The names of all entities and what was decided about names.

    Parameters
    ----------
    entities : iterable of Entity
    decisions : iterable of Match
        In the order they were made, repetitions included: the latest counts.

    Notes
    -----
    A name is looked up in constant time. Proposals index all names once (about 20 µs each) and then compare a name
    with all of them, about 1 ms for 10,000.
    """

    def __init__(self, entities: Iterable[Entity] = (), decisions: Iterable[Match] = ()) -> None:
        self._ids: set[str] = set()
        self._owners: dict[str, list[str]] = {}
        self._identifiers: dict[str, list[str]] = {}
        self._decided: dict[str, dict[str, Match]] = {}
        self._spelt: list[tuple[str, str]] = []
        self._indexed = 0
        self._alike: dict[str, list[tuple[str, str]]] = {}
        self._keys: list[str] = []
        self._sorted: list[str] = []
        for entity in entities:
            self.add(entity)
        for decision in decisions:
            self.decide(decision)

    def add(self, entity: Entity) -> None:
        """Take the names and identifiers of an entity into account."""
        if entity.id in self._ids:
            return
        self._ids.add(entity.id)
        for name in dict.fromkeys((entity.label, *entity.aliases, entity.id)):
            owners = self._owners.setdefault(fold(name), [])
            if entity.id not in owners:
                owners.append(entity.id)
            self._spelt.append((name, entity.id))
        for identifier in entity.identifiers:
            owners = self._identifiers.setdefault(identifier_key(identifier), [])
            if entity.id not in owners:
                owners.append(entity.id)

    def decide(self, decision: Match) -> None:
        """Take a decision into account; it goes before all earlier ones about the name."""
        about = self._decided.setdefault(fold(decision.name), {})
        about.pop(decision.entity, None)
        about[decision.entity] = decision  # last in the order of the dictionary

    def decided(self, name: str) -> tuple[str, frozenset[str]]:
        """Return what counts about a name by decision: the entity it means, and those it does not mean."""
        about = self._decided.get(fold(name), {})
        return self._meant(name), frozenset(key for key in about if about[key].verdict == "different")

    def stands(self, decision: Match) -> bool:
        """Whether a decision is what counts at present: the latest about name and entity, and what the name means."""
        latest = self._decided.get(fold(decision.name), {}).get(decision.entity)
        if latest is None or latest.verdict != decision.verdict:
            return False
        return decision.verdict == "different" or self._meant(decision.name) == decision.entity

    def decisions(self) -> list[Match]:
        """Return the latest decision about each name and entity, in the order of the names."""
        return [
            self._decided[key][entity]
            for key in sorted(self._decided)
            for entity in sorted(self._decided[key])
        ]

    def given(self) -> dict[str, str]:
        """Return the names that mean an entity because somebody decided so, with the entity."""
        return {
            made.name: made.entity
            for made in self.decisions()
            if made.verdict == "same" and self.stands(made)
        }

    def _meant(self, name: str) -> str:
        about = self._decided.get(fold(name), {})
        same = [entity for entity in about if about[entity].verdict == "same" and entity in self._ids]
        return same[-1] if same else ""

    def told_apart(self, name: str, entity: str) -> bool:
        """Whether it was decided that a name does not mean an entity."""
        decision = self._decided.get(fold(name), {}).get(entity)
        return decision is not None and decision.verdict == "different"

    def bearers(self, name: str) -> list[str]:
        """Return the ids of all entities with this label, alias or id, or this identifier, in the order they came."""
        found = self.carriers(name) if ":" in name else []
        return found or list(self._owners.get(fold(name), ()))

    def carriers(self, identifier: str) -> list[str]:
        """Return the ids of the entities that carry an identifier."""
        return list(self._identifiers.get(identifier_key(identifier), ()))

    def lookup(self, name: str) -> list[str]:
        """Return the ids of the entities a name may be bound to.

        Returns
        -------
        list of str
            One: the name means it. Several: they share the name, and it binds to none. None: nobody knows it.
        """
        if name in self._ids:
            return [name]
        if meant := self._meant(name):
            return [meant]
        return [entity for entity in self.bearers(name) if not self.told_apart(name, entity)]

    def how(self, name: str) -> str:
        """Return by what a name binds, in a word; empty where it does not."""
        found = self.lookup(name)
        if len(found) != 1:
            return ""
        if name == found[0]:
            return "id"
        if self._meant(name):
            return "decision"
        return "identifier" if ":" in name and identifier_key(name) in self._identifiers else "name"

    def shared(self) -> dict[str, list[str]]:
        """Return the names that several entities bear and that therefore bind to none, with the ids, in order."""
        spelt: dict[str, str] = {}
        for name, _ in self._spelt:
            spelt.setdefault(fold(name), name)
        names = (spelt[key] for key, owners in sorted(self._owners.items()) if len(owners) > 1)
        return {name: found for name in names if len(found := self.lookup(name)) > 1}

    # -- what a name may mean

    def _index(self) -> None:
        for name, entity in self._spelt[self._indexed :]:
            words = _skeleton(name)
            if not words:
                continue
            key = " ".join(words)
            if key not in self._alike:
                self._keys.append(key)
                self._sorted.append(" ".join(sorted(words)))
            self._alike.setdefault(key, []).append((name, entity))
            if (compact := "".join(words)) != key:
                self._alike.setdefault("\0" + compact, []).append((name, entity))
        self._indexed = len(self._spelt)

    def variants(self, name: str) -> list[Proposal]:
        """Return the entities one of whose names differs only in legal form, script, accents, spaces or punctuation."""
        self._index()
        compact = "".join(_skeleton(name))
        found: dict[str, Proposal] = {}
        if len(compact) > 1:
            for known, entity in (*self._alike.get(compact, ()), *self._alike.get("\0" + compact, ())):
                if not self.told_apart(name, entity):
                    found.setdefault(entity, Proposal(entity, _reason(name, known), 100.0))
        return sorted(found.values(), key=lambda proposal: proposal.entity)

    def proposals(self, name: str, count: int = 3, *, fuzzy: bool = True) -> list[Proposal]:
        """Return what a name may mean, best first; the same answer whatever the order of the entities.

        Parameters
        ----------
        name : str
            A name that does not bind.
        count : int
        fuzzy : bool
            Also look for names that are only similar; otherwise the answer takes constant time.

        Returns
        -------
        list of Proposal
            Never what was decided not to be meant, and never a name with other digits: an SU8 is no SU7.
        """
        found = {proposal.entity: proposal for proposal in self.variants(name)}
        key = " ".join(_skeleton(name))
        if fuzzy and not found and len(key) > 2:
            for other, score in self._similar(key):
                for known, entity in self._alike[other]:
                    if self.told_apart(name, entity):
                        continue
                    why = f"{score:.0f} % similar to {known!r}" if score >= _ALIKE else f"stands in {known!r}"
                    proposal = Proposal(entity, why, round(score, 1))
                    if entity not in found or _rank(proposal) < _rank(found[entity]):
                        found[entity] = proposal
        return sorted(found.values(), key=_rank)[:count]

    def _similar(self, key: str) -> list[tuple[str, float]]:
        from rapidfuzz import fuzz, process

        scores: dict[str, float] = {}
        for wanted, pool in ((key, self._keys), (" ".join(sorted(key.split())), self._sorted)):
            for _, score, place in process.extract(
                wanted, pool, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None
            ):
                scores[self._keys[place]] = max(score, scores.get(self._keys[place], 0.0))
        if not scores and len(key) > 3:
            inner = f" {key} "
            scores = {
                other: 100 * len(key) / len(other) * _ALIKE / 101
                for other in self._keys
                if inner in f" {other} "
            }
        digits = re.findall(r"\d+", key)
        return [(other, score) for other, score in scores.items() if re.findall(r"\d+", other) == digits]


def _rank(proposal: Proposal) -> tuple[float, str, str]:
    return -proposal.score, proposal.entity, proposal.why
