"""Where a sentence begins and ends, and which of its words name something the graph knows.

Names are the labels and aliases of the graph, the longest first; a name that several entities bear names none of them
(`kg.names`). Capitals count, so that ``Basalt`` is a firm and ``basalt`` is a stone. Besides names there are

- *descriptions*: a policy is seldom called by its title; most of the content words of its label, close together, do;
- *pairs*: ``Aurora–Basalt deal`` names the one joint venture, agreement or model whose label names both;
- *stand-ins*: ``the carmaker`` or ``It`` at the start of a sentence, where the sentence before leaves no choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kg.claim import Entity, is_country
from kg.names import Names
from kg.vocabulary import Vocabulary

__all__ = ["Lexicon", "Mention", "Sentence", "sentences", "unknown_names"]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name an entity.

    Parameters
    ----------
    entity : str
        Its id.
    start, end : int
        Offsets in the sentence.
    how : str
        ``name``, ``description``, ``pair`` or ``stand-in``.
    """

    entity: str
    start: int
    end: int
    how: str = "name"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its offset in the document and the number of its paragraph."""

    text: str
    start: int
    paragraph: int


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- sentences

_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[\w•$€£])|[.!?…]+[\"'”’)\]]*\Z")
_SHORT = _words(
    "mr mrs ms dr prof st sen rep gov gen col lt jr sr inc corp co ltd llc plc bros vs no nos vol fig approx est "
    "dept jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e cf al ca etc a.m p.m s.a n.v u.s u.k e.u"
)
#: Words that begin a sentence rather than go on after an abbreviation.
_OPENERS = _words(
    "a an and as at both but by for he her his however if in it its meanwhile on she since some still that the "
    "their then there these they this those though under when while with yet"
)


def sentences(paragraphs: Iterable[tuple[int, str]]) -> Iterator[Sentence]:
    """Yield the sentences of paragraphs.

    Parameters
    ----------
    paragraphs : iterable of (int, str)
        Each with its offset; a paragraph that ends without a full stop, such as a heading, is a sentence.

    Examples
    --------
    >>> [sentence.text for sentence in sentences([(0, "Aurora Inc. grew. The U.S. unit did not.")])]
    ['Aurora Inc. grew.', 'The U.S. unit did not.']
    """
    for number, (offset, text) in enumerate(paragraphs):
        start = 0
        for hit in _END.finditer(text):
            if hit.end() < len(text) and _goes_on(text, hit):
                continue
            yield from _trimmed(text, start, hit.end(), offset, number)
            start = hit.end()
        yield from _trimmed(text, start, len(text), offset, number)


def _goes_on(text: str, hit: re.Match[str]) -> bool:
    """Whether a full stop belongs to an abbreviation in the middle of a sentence."""
    following = re.match(r"\s+[\"'“‘(\[]*(\w+)", text[hit.end() : hit.end() + 40])
    word = following.group(1) if following else ""
    if word[:1].islower():
        return hit.group().startswith(".")
    if hit.group() != ".":
        return False
    before = re.search(r"[\w.]+$", text[max(0, hit.start() - 20) : hit.start()])
    last = before.group().lower() if before else ""
    if re.fullmatch(r"\d{1,2}", last):  # the number of a list
        return hit.start() < 4
    if last in _SHORT or re.fullmatch(r"(?:[a-z]\.)*[a-z]", last):
        return word.lower() not in _OPENERS
    return False


def _trimmed(text: str, start: int, end: int, offset: int, number: int) -> Iterator[Sentence]:
    part = text[start:end]
    words = part.strip()
    if words:
        yield Sentence(words, offset + start + len(part) - len(part.lstrip()), number)


# -- names

_TOKEN = re.compile(r"(?:[A-Z]\.){2,}|[^\W_]+(?:&[^\W_]+)*")
_LEGAL = _words(
    "ag bv co company corp corporation gmbh inc incorporated kk limited llc ltd nv plc pte sa sas se spa"
)
#: Country codes that are words, or parts of them, in capitals.
_CODES = _words("AI AM AS AT BE BY CO DO GO HE ID IN IS IT LA MA ME MY NO OM PA SO TO TV")
_IDLE = _words(
    "a all an and any are as at between by for from had has have her his in into is its made new no not of on or "
    "other our over rule rules such than that the their this to under use was were which who with"
)
_DEAL = r"(?:joint[- ]venture|jv|venture|partnership|tie-up|tieup|pairing|accord|deal|alliance|collaboration|agreement|pact)"
_CAR = r"(?:ev|evs|car|cars|vehicle|vehicles|model)"


def _tokens(text: str) -> list[tuple[str, int, int]]:
    return [(hit.group().replace(".", ""), hit.start(), hit.end()) for hit in _TOKEN.finditer(text)]


def _stem(word: str) -> str:
    """The beginning of a word, enough to see that two are forms of one."""
    word = word.lower()
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return word[:6]


class Lexicon:
    """The names of the graph, ready to be found in a text.

    Parameters
    ----------
    entities : mapping of str to Entity
    names : Names
        Who bears which name, and what was decided about names.
    words : Vocabulary
    """

    def __init__(self, entities: Mapping[str, Entity], names: Names, words: Vocabulary) -> None:
        self.entities, self.words = entities, words
        self._classes: dict[str, frozenset[str]] = {}
        self._names: dict[tuple[str, ...], list[tuple[tuple[str, ...], str]]] = {}
        self._longest = 1
        given: dict[str, list[str]] = {}
        for name, owner in names.given().items():
            given.setdefault(owner, []).append(name)
        for entity in entities.values():
            for name in (*self._spellings(entity), *given.get(entity.id, ())):
                spelt = tuple(token for token, _, _ in _tokens(name))
                if not spelt or sum(map(len, spelt)) < 2 or all(token.isdigit() for token in spelt):
                    continue  # a ticker of one letter is a letter of every text
                if names.lookup(name) not in ([], [entity.id]) or names.told_apart(name, entity.id):
                    continue
                key = tuple(token.lower() for token in spelt)
                if len(spelt) > 1 and all(token.islower() for token in spelt[1:]):
                    spelt = key  # a phrase, not a proper name: its capital is that of a label
                self._names.setdefault(key, []).append((spelt, entity.id))
                self._longest = max(self._longest, len(key))
        self._described = [
            (entity.id, stems)
            for entity in entities.values()
            if self.classes(entity.id) & {"PolicyInstrument", "MarketCondition"} and len(stems := _content(entity.label)) >= 4
        ]  # fmt: skip
        self._pairs = self._read_pairs()

    def classes(self, entity: str) -> frozenset[str]:
        """Return all classes of an entity, most general included."""
        if entity not in self._classes:
            kinds = [
                self.words.kinds[kind].cls for kind in self.entities[entity].kinds if kind in self.words.kinds
            ]
            self._classes[entity] = frozenset().union(*(self.words.superclasses(kind) for kind in kinds))
        return self._classes[entity]

    def _spellings(self, entity: Entity) -> Iterator[str]:
        yield from entity.aliases
        yield entity.label
        short = re.sub(r"\s*\(.*?\)\s*", " ", entity.label).strip()
        yield short
        tokens = [token for token in re.split(r"[\s,]+", short) if token]
        while len(tokens) > 1 and re.sub(r"\W", "", tokens[-1]).lower() in _LEGAL:
            tokens.pop()
        yield " ".join(tokens)
        if is_country(entity, self.entities) and entity.country not in _CODES:
            yield entity.country

    def _read_pairs(self) -> dict[tuple[frozenset[str], str], list[str]]:
        """Return, for each two organisations and sort of thing, the entities whose label names both."""
        found: dict[tuple[frozenset[str], str], list[str]] = {}
        for entity in self.entities.values():
            sort = self._sort(self.classes(entity.id))
            if sort:
                named = {mention.entity for mention in self._by_name(entity.label, but=entity.id)}
                firms = frozenset(name for name in named if "Organisation" in self.classes(name))
                if len(firms) == 2:
                    found.setdefault((firms, sort), []).append(entity.id)
        return found

    @staticmethod
    def _sort(classes: frozenset[str]) -> str:
        if classes & {"JointVentureCompany", "JointVenture", "Agreement"}:
            return "deal"
        return "car" if "VehicleModel" in classes else "deal" if "Organisation" in classes else ""

    def pair(self, firms: Iterable[str], sort: str) -> str:
        """Return the one ``deal`` or ``car`` whose label names two firms; empty where there is none, or a choice."""
        found = self._pairs.get((frozenset(firms), sort), [])
        return found[0] if len(found) == 1 else ""

    # -- finding

    def find(self, text: str) -> list[Mention]:
        """Return the mentions in a sentence, in order; none overlaps another."""
        named = [mention for mention in self._by_name(text) if not self._of_unknown(text, mention)]
        named = self._paired(text, named)
        described = self._descriptions(text, named)
        # The places that a policy's description names are part of it.
        named = [one for one in named if not any(_overlap(one, other) for other in described)] + described
        return sorted(named, key=lambda mention: mention.start)

    def _of_unknown(self, text: str, mention: Mention) -> bool:
        """Whether a place only says where a firm comes from that nobody knows: ``Erewhon's Gamma``."""
        after = re.match(r"['’]s\s+(?:[\w-]+\s+){0,2}?([A-Z][\w-]*)", text[mention.end :])
        if not after or "Jurisdiction" not in self.classes(mention.entity):
            return False
        at = mention.end + after.start(1)
        return not any(other.start == at for other in self._by_name(text[: at + 60]))

    def _by_name(self, text: str, *, but: str = "") -> list[Mention]:
        tokens = _tokens(text)
        found: list[Mention] = []
        number = 0
        while number < len(tokens):
            for size in range(min(self._longest, len(tokens) - number), 0, -1):
                part = tokens[number : number + size]
                if (owner := self._owner(text, part)) and owner != but:
                    found.append(Mention(owner, part[0][1], part[-1][2]))
                    number += size
                    break
            else:
                number += 1
        return found

    def _owner(self, text: str, part: Sequence[tuple[str, int, int]]) -> str:
        """Return whose name these tokens are."""
        key = tuple(token.lower() for token, _, _ in part)
        owners = {
            owner
            for spelt, owner in self._names.get(key, ())
            if all(_same(token, name) for (token, _, _), name in zip(part, spelt, strict=True))
        }
        if len(owners) != 1:
            return ""
        # The words of a name stand together: a sentence may end, or a bracket open, between two of them.
        between = (text[one[2] : two[1]] for one, two in pairwise(part))
        if any(re.search(r"[!?;:()]|\.\s+(?=[A-Z])(?<!\bCo\. )(?<!\bInc\. )|—", gap) for gap in between):
            return ""
        return owners.pop()

    def _paired(self, text: str, named: list[Mention]) -> list[Mention]:
        """Take ``Aurora–Basalt deal`` as the name of the deal."""
        kept: list[Mention] = []
        number = 0
        while number < len(named):
            one = named[number]
            two = named[number + 1] if number + 1 < len(named) else None
            if two and re.fullmatch(r"\s?[-–—/]\s?", text[one.end : two.start]):
                for sort, nouns in (("deal", _DEAL), ("car", _CAR)):
                    noun = re.match(rf"\s(?:[\w-]+\s)?{nouns}\b", text[two.end :], re.I)
                    entity = self.pair((one.entity, two.entity), sort) if noun else ""
                    if noun and entity:
                        kept.append(Mention(entity, one.start, two.end + noun.end(), "pair"))
                        number += 2
                        break
                else:
                    kept.append(one)
                    number += 1
            else:
                kept.append(one)
                number += 1
        return kept

    def _descriptions(self, text: str, named: Sequence[Mention]) -> list[Mention]:
        """Find policies by most of the content words of their label, close together."""
        words = [(_stem(hit.group()), hit.start(), hit.end()) for hit in re.finditer(r"[^\W_]+", text)]
        stems = {stem for stem, _, _ in words}
        best: list[tuple[float, int, Mention]] = []
        for entity, label in self._described:
            if len(stems & label) < 3:
                continue
            need = max(3, -(-3 * len(label) // 4))
            hits = [number for number, (stem, _, _) in enumerate(words) if stem in label]
            for first in hits:
                window = [number for number in hits if first <= number < first + len(label) + 3]
                share = {words[number][0] for number in window}
                if len(share) >= need:
                    mention = Mention(entity, words[window[0]][1], words[window[-1]][2], "description")
                    best.append((len(share) / len(label), -(mention.end - mention.start), mention))
                    break
        found: list[Mention] = []
        for _, _, mention in sorted(best, key=lambda item: (-item[0], -item[1], item[2].entity)):
            others = [other for other in (*named, *found) if _overlap(mention, other)]
            if all("Jurisdiction" in self.classes(other.entity) for other in others):
                found.append(mention)
        return found


def _overlap(one: Mention, other: Mention) -> bool:
    return one.start < other.end and other.start < one.end


def _content(label: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in re.findall(r"[^\W_]+", label) if word.lower() not in _IDLE)


def _same(token: str, name: str) -> bool:
    """Whether a word of a text is a word of a name: capitals count, unless the name has none or a headline has only such."""
    if token == name:
        return True
    if name.islower():
        return token.lower() == name
    return len(name) > 3 and token.isupper() and token == name.upper()


# -- stand-ins

_NOUNS: Mapping[str, str] = {
    "carmaker": "oem", "automaker": "oem", "car maker": "oem", "manufacturer": "", "company": "", "firm": "", "group": "",
    "battery maker": "battery-supplier", "cell maker": "cell-maker", "supplier": "", "miner": "materials-supplier",
    "agency": "agency", "ministry": "government", "chipmaker": "chip-supplier",
}  # fmt: skip
_ONE = re.compile(rf"(?:It\b(?!['’]s\b)|The (?:\w+ )?({'|'.join(_NOUNS)}))(?=[\s,'’])")
_TWO = re.compile(r"(?:The two (?:companies|firms|carmakers|automakers|groups|sides|partners)|Both (?:companies|firms|sides|carmakers)|The (?:companies|pair|partners|two))(?=[\s,])")  # fmt: skip


def stand_ins(text: str, before: Sequence[Mention], lexicon: Lexicon) -> list[Mention]:
    """Return whom the first words of a sentence stand for, if the sentence before names exactly whom they can mean."""
    firms = list(
        dict.fromkeys(
            mention.entity for mention in before if "Organisation" in lexicon.classes(mention.entity)
        )
    )
    if hit := _TWO.match(text):
        return (
            [Mention(firm, hit.start(), hit.end(), "stand-in") for firm in firms] if len(firms) == 2 else []
        )
    if hit := _ONE.match(text):
        kind = _NOUNS.get(hit.group(1) or "", "")
        if kind:
            firms = [firm for firm in firms if kind in lexicon.entities[firm].kinds]
        if len(firms) == 1:
            return [Mention(firms[0], hit.start(), hit.end(), "stand-in")]
    return []


def unknown_names(texts: Iterable[str], lexicon: Lexicon) -> dict[str, int]:
    """Return names in capitals that the graph does not know, with how often they stand there, most frequent first."""
    counts: dict[str, int] = {}
    for text in texts:
        taken = lexicon.find(text)
        for hit in re.finditer(r"(?<![\w.])[A-Z][\w&’'-]*[\w&](?:\s+(?:of\s+|de\s+)?[A-Z0-9][\w&-]*)*", text):
            name = re.sub(r"^(?:An?|But|For|If|In|Its?|On|The|Their|When|While)\s+|['’]s?$", "", hit.group())
            opening = hit.start() == 0 or text[: hit.start()].rstrip()[-1:] in '“"(:•—'
            if any(mention.start < hit.end() and hit.start() < mention.end for mention in taken):
                continue
            if opening and " " not in name and not name.isupper():
                continue  # any word has a capital there
            if re.fullmatch(r"[A-Z]{1,3}s?", name):
                continue  # EV, CEOs
            counts[name] = counts.get(name, 0) + 1
    found = {
        name: number
        for name, number in counts.items()
        if number > 1 or " " in name or name[1:].lower() != name[1:]
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
