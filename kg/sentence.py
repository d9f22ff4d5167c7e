"""A sentence taken apart: what it names, what it says of the view and the day, and the words that are left.

Names are looked up in the graph, the longest first, whatever their capitals, with a possessive or without. A name
that several entities bear stays ambiguous, unless somebody decided what it means (`kg.names`), and a name that nobody
bears is told: whoever asks about a firm that is not on file must not get the answer for another. The words for layers, places, views and dates are data, in
``queries/asks.toml``.

References
----------
Porter 2001, *Snowball* (the stems of words).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from kg.dates import first_day, last_day
from kg.errors import Misuse, near
from kg.names import fold
from kg.view import View
from kg.vocabulary import Vocabulary, folder

__all__ = [
    "PREPOSITIONS",
    "QUESTION_WORDS",
    "Item",
    "Sentence",
    "generic",
    "idle",
    "said",
    "split",
    "stem",
]

_TOKEN = re.compile(r"[^\W_]+")
#: Words that ask.
QUESTION_WORDS = frozenset({"who", "whom", "whose", "which", "what", "where", "when", "how", "why"})
#: Words that say how a thing named stands to the rest.
PREPOSITIONS = frozenset({"to", "from", "by", "on", "in", "with", "through", "via", "for", "about", "between", "at", "into", "against", "under", "behind", "outside"})  # fmt: skip
_AUXILIARIES = frozenset({"is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "will", "can", "could", "would"})  # fmt: skip
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}
#: What kind of thing an entity is to a question, the telling classes first.
_CLASSES = (
    ("policy", "PolicyInstrument"), ("body", "PublicBody"), ("jurisdiction", "Jurisdiction"), ("person", "Person"),
    ("product", "Product"), ("site", "Site"), ("firm", "Organisation"),
)  # fmt: skip


# -- words


@cache
def said() -> dict[str, Any]:
    """Return the words of ``queries/asks.toml``."""
    return tomllib.loads((folder("queries") / "asks.toml").read_text(encoding="utf-8"))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@cache
def _same() -> dict[str, str]:
    """Stem of a word → stem of the word that stands for it."""
    root = _stemmer().stemWord
    return {
        root(word): root(first)
        for first, others in said()["same"].items()
        for other in (first, *others)
        for word in split(other)
    }


@cache
def idle() -> frozenset[str]:
    """Return the words that carry nothing."""
    return frozenset(said()["idle"]["words"])


@cache
def generic() -> frozenset[str]:
    """Return the stems of words that stand where a question word could, such as *firm*."""
    return frozenset(stem(word) for word in said()["generic"]["words"])


@lru_cache(1 << 14)
def stem(word: str) -> str:
    """Return the stem of a folded word, or of the word that says the same and stands for it."""
    root: str = _stemmer().stemWord(word)
    return _same().get(root, root)


def split(text: str) -> tuple[str, ...]:
    """Return the folded words of a text; a possessive ``'s`` is none."""
    return tuple(token.folded for token in _tokens(text))


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    folded: str
    start: int
    end: int


def _tokens(text: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(text):
        before = text[found.start() - 1 : found.start()]
        if found.group() in ("s", "S") and before in ("'", "’") and found.start() > 1:
            continue
        # Some single letters stand for several words when folded; they stay one word here.
        yield _Token(found.group(), fold(found.group()).replace(" ", ""), found.start(), found.end())


# -- the sentence


@dataclass(frozen=True, slots=True)
class Item:
    """A word, or something named: what it may stand for, and in which words."""

    kind: str  # "word", "entity", "layer", "date", "scenario", "source", "relation"
    text: str
    ids: tuple[str, ...] = ()
    cls: str = ""
    weak: bool = False  # an adjective, which need not be meant as a place
    before: str = ""  # the last word before it
    owns: bool = False  # with a possessive "s": what follows is its
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Name:
    words: tuple[str, ...]
    kind: str
    ids: tuple[str, ...]
    spelled: str
    weak: bool = False


class Sentence:
    """A sentence taken apart: what it says of the view, what it names, and the words that are left.

    Parameters
    ----------
    view : View
        Whose names are known.
    text : str
    common : callable
        Whether a word is an everyday one to whoever asks, and so no name merely because somebody bears it.

    Attributes
    ----------
    items : list of Item
        Words and things named, in order.
    changes : dict
        What is said of the view.
    notes : list of str
    doubts : bool
        Whether something in it is not known, or has several meanings.
    guessed : bool
        Whether a part of a name was taken for the whole.
    statement : bool
        Whether it is put as a statement to be checked.
    """

    def __init__(self, view: View, text: str, common: Callable[[str], bool]) -> None:
        self.view, self.words, self.common = view, view.words, common
        self.changes: dict[str, Any] = {}
        self.notes: list[str] = []
        self.doubts = self.guessed = False
        self.text = text.replace("’", "'").strip()
        self.tokens = list(_tokens(self.text))
        self.taken: list[Item | bool] = [False] * len(self.tokens)  # an item, or whether it is used up
        self.lower = self.text == self.text.lower()
        self._policy()
        self._dates()
        self._names()
        self.items, self.statement = self._ordered()
        self._unknown()

    # what is said of the view

    def _find(self, phrase: Sequence[str], start: int = 0) -> int:
        """Return where a phrase stands in what is not used up, or -1."""
        size = len(phrase)
        for at in range(start, len(self.tokens) - size + 1):
            if not any(self.taken[at : at + size]) and all(
                token.folded == word for token, word in zip(self.tokens[at : at + size], phrase, strict=True)
            ):
                return at
        return -1

    def _use(self, start: int, end: int, item: Item | bool = True) -> None:
        self.taken[start:end] = [True] * (end - start)
        self.taken[start] = item

    def _policy(self) -> None:
        for name, phrases in said()["views"].items():
            for phrase in sorted(map(split, phrases), key=len, reverse=True):
                if (at := self._find(phrase)) >= 0:
                    self._use(at, at + len(phrase))
                    self.changes["name"] = name
        folded = " ".join(token.folded for token in self.tokens)
        if found := re.search(
            r"\b(?:(?:with|by|from|on|having) )?at least (\w+) (?:independent )?(?:sources|origins|voices|outlets)",
            folded,
        ):
            number = found.group(1)
            count = int(number) if number.isdecimal() else _NUMBERS.get(number, 0)
            if 0 < count < 100:
                self.changes["min_origins"] = count
                first = len(folded[: found.start()].split())
                self._use(first, first + len(found.group().split()))
        self._without()

    def _without(self) -> None:
        publishers: dict[tuple[str, ...], str] = {}
        for source in self.view.sources.values():
            publishers.setdefault(split(source.id), source.id)
            if source.publisher:
                publishers[split(source.publisher)] = source.publisher
        publishers.pop((), None)
        for opening in sorted(map(split, said()["sources"]["without"]), key=len, reverse=True):
            at = self._find(opening)
            if at < 0:
                continue
            begin = at + len(opening)
            while begin < len(self.tokens) and self.tokens[begin].folded in (
                "the",
                "reports",
                "by",
                "from",
                "source",
                "what",
                "says",
                "said",
            ):
                begin += 1
            for size in range(min(8, len(self.tokens) - begin), 0, -1):
                words = tuple(token.folded for token in self.tokens[begin : begin + size])
                if words in publishers:
                    self.changes["without"] = self.changes.get("without", frozenset()) | {publishers[words]}
                    self._use(at, begin + size)
                    break

    def _dates(self) -> None:
        for found in _DATE.finditer(self.text):
            span = [
                n
                for n, token in enumerate(self.tokens)
                if token.start < found.end() and token.end > found.start()
            ]
            if not span or any(self.taken[n] for n in span):
                continue
            first, end = span[0], span[-1] + 1
            stated = _date(found)
            words = said()["dates"]
            for change in ("known_by", "as_of"):
                opening = self._opening(first, words[change])
                if opening:
                    self.changes[change] = last_day(stated)
                    self._use(first - opening, end)
                    break
            else:
                before = self.tokens[first - 1].folded if first else ""
                if len(stated) == 4 and before not in ("in", "on", "by", "during", *words["first"]):
                    continue  # four digits by themselves may count anything
                day = first_day(stated) if before in words["first"] else last_day(stated)
                self._use(first, end, Item("date", found.group(), (str(day),), before=before))

    def _opening(self, first: int, phrases: Iterable[str]) -> int:
        """Return how many words of one of the phrases stand right before a place, the longest first."""
        for phrase in sorted(map(split, phrases), key=len, reverse=True):
            start = first - len(phrase)
            if start >= 0 and tuple(token.folded for token in self.tokens[start:first]) == phrase:
                return len(phrase)
        return 0

    # what is named

    def _names(self) -> None:
        index, scripts = _named(self.view)
        stems = [_stemmer().stemWord(token.folded) for token in self.tokens]
        at = 0
        while at < len(self.tokens):
            if self.taken[at]:
                at += 1
                continue
            name = self._longest(
                at, index.get(self.tokens[at].folded, ()), [token.folded for token in self.tokens]
            )
            layer = self._longest(at, _layers(self.words).get(stems[at], ()), stems)
            if layer and (name is None or len(layer.words) > len(name.words)):
                name = layer
            if name is None:
                name = next((known for spelled, known in scripts if spelled in self.tokens[at].text), None)
                size = 1
            else:
                size = len(name.words)
            if name is None:
                at += 1
                continue
            self._take(at, at + size, name)
            at += size

    def _longest(self, at: int, names: Iterable[_Name], words: Sequence[str]) -> _Name | None:
        for name in names:  # the longest first
            end = at + len(name.words)
            if tuple(words[at:end]) == name.words and not any(self.taken[at:end]) and self._meant(at, name):
                return name
        return None

    def _meant(self, at: int, name: _Name) -> bool:
        """Whether one word is the name, and not only a word that looks like it."""
        if len(name.words) > 1 or name.kind == "layer":
            return True
        token, spelled = self.tokens[at], name.spelled
        common = token.folded in idle() or self.common(token.folded) or token.folded in QUESTION_WORDS
        if common and (spelled == spelled.lower() or token.text == token.folded):
            return False
        return not (len(spelled) <= 3 and spelled.isupper() and not self.lower and token.text != spelled)

    def _take(self, start: int, end: int, name: _Name) -> None:
        text = self.text[self.tokens[start].start : self.tokens[end - 1].end]
        before = self.tokens[start - 1].folded if start else ""
        if before in idle() and start > 1:
            before = self.tokens[start - 2].folded
        if name.kind == "scenario":
            first = start - 1 if start and self.tokens[start - 1].folded in ("a", "an", "the") else start
            if opening := self._opening(first, said()["assume"]["openings"]):
                self.changes["assume"] = self.changes.get("assume", frozenset()) | set(name.ids)
                self._use(first - opening, end)
                return
        words = tuple(token.folded for token in self.tokens[start:end])
        classes = {self.class_of(key) for key in name.ids} if name.kind == "entity" else set()
        owns = re.match(r"['’]s?(?![^\W_])", self.text[self.tokens[end - 1].end :]) is not None
        cls = classes.pop() if len(classes) == 1 else ""
        item = Item(name.kind, text, name.ids, cls, name.weak, before, owns, words)
        self._use(start, end, item)

    def class_of(self, key: str) -> str:
        """Return what kind of thing an entity is to a question; empty where no class of `_CLASSES` fits."""
        kinds = self.words.kinds
        classes = frozenset().union(
            *(
                self.words.superclasses(kinds[kind].cls)
                for kind in self.view.entities[key].kinds
                if kind in kinds
            )
        )
        return next((name for name, cls in _CLASSES if cls in classes), "")

    def _ordered(self) -> tuple[list[Item], bool]:
        """Return the items in order without the opening of the request, and whether a statement is put."""
        folded = tuple(token.folded for token in self.tokens)
        skip = max(
            (len(p) for p in map(split, said()["idle"]["openings"]) if folded[: len(p)] == p), default=0
        )
        opening = max(
            (
                len(p)
                for p in map(split, said()["statements"]["openings"])
                if folded[skip : skip + len(p)] == p
            ),
            default=0,
        )
        rest = skip + opening
        statement = bool(opening) or (len(folded) > skip and folded[skip] in _AUXILIARIES)
        items = []
        for number, (token, taken) in enumerate(zip(self.tokens, self.taken, strict=True)):
            if isinstance(taken, Item):
                items.append(taken)
            elif not taken and number >= rest:
                items.append(Item("word", token.text, words=(token.folded,)))
        return _turned(items), statement

    def _unknown(self) -> None:
        """Tell names that nobody on file bears, and names that several bear."""
        shouted = self.text == self.text.upper()
        run: list[str] = []
        unknown: list[str] = []
        for number, (token, taken) in enumerate(zip(self.tokens, self.taken, strict=True)):
            capital = not taken and token.text[:1].isupper() and not self.common(token.folded)
            if (
                capital
                and not shouted
                and token.folded not in idle()
                and (number or not token.folded.isascii() or token.text[1:] != token.folded[1:])
            ):
                run.append(token.text)
            elif run:
                unknown.append(" ".join(run))
                run = []
        if run:
            unknown.append(" ".join(run))
        for name in unknown:
            if self._partly(split(name)):
                continue
            hint = near(
                name,
                [
                    *self.view.labels.values(),
                    *(alias for entity in self.view.entities.values() for alias in entity.aliases),
                ],
            )
            self.notes.append(
                f"nobody here is called {name!r}" + (f"; did you mean {' or '.join(hint)}?" if hint else "")
            )
            self.doubts = True

    def _partly(self, words: tuple[str, ...]) -> bool:
        """Take words for the one entity in whose names they stand, as in "MEB platform"."""
        size = len(words)
        found = {
            entity.id
            for entity in self.view.entities.values()
            for spelled in (entity.label, *entity.aliases)
            for whole in (split(spelled),)
            if any(whole[at : at + size] == words for at in range(len(whole) - size + 1))
        }
        if len(found) != 1:
            return False
        key = found.pop()
        text = " ".join(words)
        for at in range(len(self.items) - size + 1):
            run = self.items[at : at + size]
            if tuple(word for item in run if item.kind == "word" for word in item.words) == words:
                before = self.items[at - 1].words[-1] if at and self.items[at - 1].words else ""
                self.items[at : at + size] = [
                    Item("entity", text, (key,), self.class_of(key), before=before, words=words)
                ]
                self.notes.append(f"{text!r} is taken for {self.view.entities[key].label}")
                self.guessed = True
                return True
        return False

    def named(self, kind: str) -> list[Item]:
        """Return the things of a kind that are named, each once."""
        found: dict[tuple[str, ...], Item] = {}
        for item in self.items:
            if item.kind == kind:
                known = found.get(item.ids)
                if known is None or (known.weak and not item.weak):
                    found[item.ids] = item
        return list(found.values())


def _turned(items: Sequence[Item]) -> list[Item]:
    """Read a possessive as *of*: Tesla's suppliers are the suppliers of Tesla."""
    out: list[Item] = []
    waiting: list[Item] = []
    for item in items:
        if waiting and item.kind == "word" and item.words[0] in PREPOSITIONS | _AUXILIARIES | idle():
            out += waiting
            waiting = []
        if item.owns:
            waiting.append(replace(item, before="of"))
        else:
            out.append(item)
    return [*out, *waiting]


_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}(?:-\d{{2}})?)\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{'|'.join(m[:3] + '(?:' + m[3:] + ')?' for m in _MONTHS)})\.?,?\s+(?P<year>\d{{4}})\b"
    rf"|\b(?:(?P<month2>{'|'.join(m[:3] + '(?:' + m[3:] + ')?' for m in _MONTHS)})\.?\s+(?:(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?)?(?P<year2>(?:19|20)\d{{2}})\b",
    re.I,
)


def _date(found: re.Match[str]) -> str:
    """Return the date that was written, as far as it goes: ``2026-06-30``, ``2026-06`` or ``2026``."""
    text = found.group("iso")
    if not text:
        year, month, day = (
            found.group(name) or found.group(name + "2") or "" for name in ("year", "month", "day")
        )
        number = next(
            (n for n, name in enumerate(_MONTHS, 1) if month and name.startswith(month.lower()[:3])), 0
        )
        text = "-".join([year, *([f"{number:02}"] if number else []), *([f"{int(day):02}"] if day else [])])
    try:
        last_day(text)
    except ValueError:
        raise Misuse(f"there is no day {found.group()!r}") from None
    return text


def _named(view: View) -> tuple[dict[str, list[_Name]], list[tuple[str, _Name]]]:
    """Return names by their first word, the longest first; and those in scripts that do not part words, as spelled."""
    ranks: dict[tuple[str, ...], list[tuple[int, str, str, str]]] = {}

    def known(spelled: str, kind: str, key: str, rank: int) -> None:
        if words := split(spelled):
            ranks.setdefault(words, []).append((rank, kind, key, spelled))

    for entity in view.entities.values():
        for rank, spelled in (
            (0, entity.id),
            (0, entity.label),
            (0, view.labels[entity.id]),
            *((1, alias) for alias in entity.aliases),
        ):
            if not view.names.told_apart(spelled, entity.id):
                known(spelled, "entity", entity.id, rank)
    for spelled, key in view.names.given().items():
        known(spelled, "entity", key, 1)
    for rank, table in ((2, "places"), (3, "adjectives")):
        for spelled, key in said()[table].items():
            if key in view.entities:
                known(spelled, "entity", key, rank)
    for scenario in view.scenarios.values():
        if not scenario.phase:
            known(scenario.id, "scenario", scenario.id, 0)
            known(re.sub(r"^(an?|the) ", "", scenario.label, flags=re.I), "scenario", scenario.id, 0)
    for key in view.sources:
        if len(split(key)) > 1:
            known(key, "source", key, 1)
    for name in view.words.relations:
        if name != name.lower():
            known(name, "relation", name, 1)
    index: dict[str, list[_Name]] = {}
    scripts = []
    for words, found in ranks.items():
        best = min(rank for rank, *_ in found)
        first = [(kind, key, spelled) for rank, kind, key, spelled in found if rank == best]
        kind, _, spelled = first[0]
        if kind == "entity" and best < 2:
            # Who has it as a label has no better claim to a name than who has it as an alias (`kg.names`).
            bearers = [
                view.names.lookup(alike) or [key]
                for rank, other, key, alike in found
                if other == kind and rank < 2
            ]
            ids = tuple(dict.fromkeys(key for keys in bearers for key in keys))
        else:
            ids = tuple(dict.fromkeys(key for other, key, _ in first if other == kind))
        named = _Name(words, kind, ids, spelled, weak=best == 3)
        index.setdefault(words[0], []).append(named)
        if any(char >= "\u2e80" for char in spelled):
            scripts.append((spelled, named))
    for names in index.values():
        names.sort(key=lambda name: -len(name.words))
    scripts.sort(key=lambda pair: -len(pair[0]))
    return index, scripts


@cache
def _layers(words: Vocabulary) -> dict[str, list[_Name]]:
    """Return names of layers by the stem of their first word, the longest first."""
    index: dict[str, list[_Name]] = {}
    more = said()["layers"]
    for layer in words.layers:
        for spelled in (layer, *more.get(layer, ())):
            stems = tuple(_stemmer().stemWord(word) for word in split(spelled))
            index.setdefault(stems[0], []).append(_Name(stems, "layer", (layer,), spelled))
    for names in index.values():
        names.sort(key=lambda name: -len(name.words))
    return index
