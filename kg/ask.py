"""Which question of the library a sentence means, for whom and for when, and how sure that is.

No model and no network: names are found in the graph, everything else is compared with the phrasings that each
question lists under ``# asks:`` and with the words of ``queries/asks.toml``. A sentence and a phrasing are vectors of
word stems, weighted by how few questions use them, and of the order in which words and places stand (*who supplies
X* is not *whom does X supply*); the measure is their cosine, helped by the share of the sentence that the question
has words for, and cut for every value that is missing or left over. Whoever is not understood is told so: an answer
to another question than the one that was put is worse than none.

References
----------
Salton and Buckley 1988, *Term-weighting approaches in automatic text retrieval* (the weights and the cosine).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from shlex import quote
from typing import Any

from kg.claim import Proposition
from kg.errors import Misuse
from kg.policy import Policy
from kg.query import Answer, Question, library
from kg.sentence import (
    PREPOSITIONS,
    QUESTION_WORDS,
    Item,
    Sentence,
    generic,
    idle,
    said,
    split,
    stem,
)
from kg.view import View
from kg.vocabulary import Vocabulary

__all__ = ["Reading", "Reply", "Understanding", "understand"]

#: Score and lead over the next reading from which on one is sure, or holds it for likely. Of the 1,082 phrasings, each
#: taken out and asked of the rest, the sure were right in 89 of 100, the likely in 75, the unsure in 38.
_SURE = (0.75, 0.12)
_LIKELY = (0.55, 0.05)
#: Least score of a reading that is offered at all.
_NEAR = 0.15
#: What counts how much in a vector, beside the words themselves: a place, its class, the preposition before it, a
#: question word, and the order of a word and a place (a share of the word's own weight).
_WEIGHTS = {"place": 0.8, "class": 0.5, "preposition": 0.9, "question": 0.4, "order": 0.6}
#: Longest sentence that is looked at, in characters.
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take a sentence.

    Attributes
    ----------
    kind : str
        ``question`` (of the library), ``why`` (the standing of a statement) or ``exposure``.
    name, title : str
        Name of the question, or of the relation; and what is asked, in words.
    values : mapping of str to str
        Parameters to ids; for ``why`` ``subject``, ``relation``, ``object``; for ``exposure`` ``entity``, ``to``,
        ``through``.
    score : float
        From 0 to 1.
    missing : tuple of str
        Parameters that need a value which the sentence does not give.
    aside : tuple of str
        What the sentence names and this reading makes no use of.
    as_of : str
        A day the sentence names that is no value of the question, and so the day it is asked for.
    """

    kind: str
    name: str
    title: str
    values: Mapping[str, str]
    score: float
    missing: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    as_of: str = ""

    def command(self) -> str:
        """Return the command that asks this; see `Understanding.command` for the view it is asked of."""
        if self.kind == "why":
            return " ".join(
                ("kg why", *(quote(self.values[end]) for end in ("subject", "relation", "object")))
            )
        if self.kind == "exposure":
            ends = "".join(
                f" --{name} {self.values[name]}" for name in ("to", "through") if name in self.values
            )
            return f"kg exposure {self.values.get('entity', 'NAME')}{ends}"
        given = "".join(f" -p {name}={value}" for name, value in self.values.items())
        return f"kg query {self.name}{given}" + "".join(f" -p {name}=…" for name in self.missing)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a sentence was taken to mean.

    Attributes
    ----------
    text : str
    sure : str
        ``sure``, ``likely`` or ``unsure``.
    readings : tuple of Reading
        The best three, the best first; none when nothing comes near.
    changes : mapping of str to object
        What the sentence says about the view: fields of `kg.policy.Policy`.
    notes : tuple of str
        Why one is not sure, in plain words.
    """

    text: str
    sure: str
    readings: tuple[Reading, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def policy(self, base: Policy) -> Policy:
        """Return a policy with what the sentence says about the view put in."""
        changes = dict(self.changes)
        if self.readings and self.readings[0].as_of:
            changes["as_of"] = date.fromisoformat(self.readings[0].as_of)
        for name in ("without", "assume"):
            if name in changes:
                changes[name] = getattr(base, name) | changes[name]
        return replace(base, **changes)

    def command(self, reading: Reading) -> str:
        """Return the command that asks a reading of the view that the sentence speaks of."""
        changes = {**self.changes, **({"as_of": reading.as_of} if reading.as_of else {})}
        flags = [reading.command()]
        for name, value in changes.items():
            option = "--view" if name == "name" else f"--{name.replace('_', '-')}"
            values = sorted(value) if isinstance(value, frozenset) else [value]
            flags += [f"{option} {quote(str(item))}" for item in values]
        return " ".join(flags)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "text": self.text,
            "sure": self.sure,
            "notes": list(self.notes),
            "policy": {
                name: sorted(value)
                if isinstance(value, frozenset)
                else value
                if isinstance(value, int)
                else str(value)
                for name, value in self.changes.items()
            },
            "readings": [
                {
                    "kind": reading.kind,
                    "name": reading.name,
                    "title": reading.title,
                    "values": dict(reading.values),
                    "score": round(reading.score, 3),
                    "missing": list(reading.missing),
                    "aside": list(reading.aside),
                    "as_of": reading.as_of,
                    "command": self.command(reading),
                }
                for reading in self.readings
            ],
        }


@dataclass(frozen=True, slots=True)
class Reply:
    """What a sentence was taken to mean, and the answer to that.

    Attributes
    ----------
    meant : Understanding
    stamp : mapping of str to str
        View, dates and ledger head.
    answer : kg.query.Answer or dict or None
        Of the library an `Answer`, else the report of `kg.workspace.KnowledgeGraph.why` or ``exposure``.
    unsaid : bool
        Whether the statement that was put is one that nobody makes and that does not follow; no sign that it is false.
    withheld : sequence of dict
        What is said and does not hold in the view, so that the rows lack it; see `kg.withheld`.
    """

    meant: Understanding
    stamp: Mapping[str, str]
    answer: Answer | dict[str, Any] | None = None
    unsaid: bool = False
    withheld: Sequence[Mapping[str, Any]] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as plain data: ``understood``, ``answer`` (null when nothing was asked), ``withheld``, view, dates and head."""
        answer: Any = self.answer
        if self.unsaid:
            answer = {"standing": "unsaid"}
        elif isinstance(answer, Answer):
            answer = json.loads(answer.json())
        return {
            "understood": self.meant.plain(),
            "answer": answer,
            "withheld": list(map(dict, self.withheld)),
            **self.stamp,
        }


def understand(view: View, text: str) -> Understanding:
    """Return which question a sentence means.

    Parameters
    ----------
    view : View
        Whose names are known.
    text : str
        A question in English, at most 600 characters.

    Raises
    ------
    Misuse
        If there is no word in it, or if it is too long to be one question.

    Notes
    -----
    The first call reads the library, about 0.1 s; then about 10 ms, and 1 ms for every thousand names.
    """
    if len(text) > _LONGEST:
        raise Misuse(f"one question at a time: this has {len(text):,} characters, the limit is {_LONGEST}")
    sentence = Sentence(view, text, lambda word: stem(word) in _library().weights)
    if not sentence.items:
        raise Misuse('ask a question in words, such as "who supplies batteries to Ford?"')
    readings = [*_of_library(sentence), *_of_exposure(sentence)]
    stated = list(_of_statements(sentence))
    if stated and sentence.statement:
        # A sentence put as "is it so" is first of all a statement; the library only lists.
        readings = [replace(reading, score=0.85 * reading.score) for reading in readings]
    best: dict[tuple[str, str], Reading] = {}
    for reading in (*stated, *readings):
        key = (reading.kind, reading.name)
        if key not in best or best[key].score < reading.score:
            best[key] = reading
    near = (reading for reading in best.values() if reading.score >= _NEAR)
    ranked = sorted(near, key=lambda reading: (-reading.score, reading.kind, reading.name))[:3]
    sure, notes = _certainty(ranked, sentence)
    return Understanding(text.strip(), sure, tuple(ranked), sentence.changes, notes)


def _certainty(ranked: Sequence[Reading], sentence: Sentence) -> tuple[str, tuple[str, ...]]:
    notes = list(sentence.notes)
    if not ranked:
        return "unsure", (*notes, "no question of the library has words like these")
    first = ranked[0]
    lead = first.score - (ranked[1].score if len(ranked) > 1 else 0.0)
    level = (
        "sure" if first.score >= _SURE[0] and lead >= _SURE[1]
        else "likely" if first.score >= _LIKELY[0] and lead >= _LIKELY[1]
        else "unsure"
    )  # fmt: skip
    if first.score < _LIKELY[0]:
        notes.append("no question of the library comes close")
    elif lead < _LIKELY[1]:
        notes.append("several questions come equally close")
    if first.missing:
        notes.append(f"it is not said which {' and '.join(first.missing)} is meant")
    if first.aside:
        notes.append(f"no use is made of {', '.join(first.aside)}")
    told = any(
        item.kind == "layer" or (item.kind == "word" and _tells(item.words[0])) for item in sentence.items
    )
    if not told:
        notes.append("it names something and does not say what is asked about it")
    denying = _denying(first, sentence)
    if denying:
        notes.append(f"the question has no word for {denying!r}, so its answer would leave that out")
    unused = _unused(first, sentence)
    if unused and level != "unsure":
        notes.append(f"no use is made of {', '.join(map(repr, unused))}")
    if first.missing or first.aside or sentence.doubts or denying or not told:
        level = "unsure"
    elif (sentence.guessed or unused) and level == "sure":
        level = "likely"
    return level, tuple(notes)


def _unused(reading: Reading, sentence: Sentence) -> tuple[str, ...]:
    """Return the words of a sentence that other questions turn on and this one has nothing like.

    "Who supplies Ford's rivals" is not answered by the rivals. They may be another word for the same thing, though: to
    be unsure for them costs four of the 27 right answers to the held-out questions, so they are told and cost the
    certainty.
    """
    if reading.kind == "why":
        return ()
    known = _library()
    here = known.stems.get("" if reading.kind == "exposure" else reading.name, frozenset())
    return tuple(
        item.text
        for item in sentence.items
        if item.kind == "word"
        and (root := stem(item.words[0])) in known.weights
        and root not in here | generic()
        and item.words[0] not in idle() | PREPOSITIONS | QUESTION_WORDS
    )


def _denying(reading: Reading, sentence: Sentence) -> str:
    """Return the word by which a sentence asks for what is not so, where a question answers with what is.

    A statement is shown with both its sides, whichever way it was put.
    """
    words = said()["denying"]["words"]
    own = _library().own.get("" if reading.kind == "exposure" else reading.name, frozenset())
    if reading.kind == "why" or any(stem(word) in own for word in words):
        return ""
    return next((item.text for item in sentence.items if item.kind == "word" and item.words[0] in words), "")


# -- phrasings

_Vector = dict[str, float]


@dataclass(frozen=True, slots=True)
class _Library:
    """The questions as vectors.

    Attributes
    ----------
    weights : dict
        Stem to its weight: the fewer questions use it the more it tells.
    phrasings : dict
        Name of a question (empty for exposure) to the vectors of its phrasings.
    middles : dict
        The same to the mean of these vectors, of unit length.
    own, stems : dict
        The same to the stems of its phrasings, and of all its texts.
    """

    weights: dict[str, float]
    phrasings: dict[str, list[_Vector]]
    middles: dict[str, _Vector]
    own: dict[str, frozenset[str]]
    stems: dict[str, frozenset[str]]

    def weight(self, root: str) -> float:
        """Return how much a stem tells; one that no question knows tells most."""
        return self.weights.get(root, math.log(1 + len(self.stems))) * (0.35 if root in generic() else 1.0)


_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")


def _phrasing(text: str, types: Mapping[str, str]) -> list[Item]:
    """Read a phrasing into items; a parameter in braces becomes a thing of its type."""
    items: list[Item] = []
    done = 0
    for found in (*_PLACE.finditer(text), None):
        items += [
            Item("word", word, words=(word,))
            for word in split(text[done : found.start() if found else len(text)])
        ]
        if found:
            before = items[-1].words[0] if items and items[-1].kind == "word" else ""
            cls = found.group(2) or ("jurisdiction" if found.group(1) == "jurisdiction" else "")
            items.append(Item(types[found.group(1)], "", cls=cls, before=before))
            done = found.end()
    return items


def _asks(question: Question) -> list[list[Item]]:
    types = {parameter.name: parameter.type for parameter in question.parameters}
    return [_phrasing(phrase, types) for phrase in (question.title, *question.asks)]


@cache
def _library() -> _Library:
    texts = {question.name: _asks(question) for question in library().values()}
    roles = {"entity": "entity", "to": "to", "through": "through"}
    texts[""] = [_phrasing(phrase, roles) for phrase in said()["exposure"]["asks"]]
    more = {
        question.name: split(f"{question.why} {' '.join(question.columns).replace('_', ' ')} {question.name}")
        for question in library().values()
    }
    own = {
        name: _stems(word for items in phrasings for item in items for word in item.words)
        for name, phrasings in texts.items()
    }
    stems = {name: found | _stems(more.get(name, ())) for name, found in own.items()}
    spread = Counter(root for found in stems.values() for root in found)
    weights = {root: math.log(1 + len(stems) / count) for root, count in spread.items()}
    bare = _Library(weights, {}, {}, own, stems)
    phrasings = {name: [_vector(items, bare) for items in found] for name, found in texts.items()}
    return _Library(weights, phrasings, {name: _mean(found) for name, found in phrasings.items()}, own, stems)


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset(stem(word) for word in words if word not in idle())


def _vector(items: Sequence[Item], known: _Library) -> _Vector:
    """Return words, places and the order of the two as one vector of unit length.

    Notes
    -----
    ``who supplies <entity>`` and ``whom does <entity> supply`` share the word and the place; what tells them apart is
    ``supply<entity`` and ``supply>entity``.
    """
    vector: _Vector = {}
    places = [(at, item) for at, item in enumerate(items) if item.kind != "word"]
    several = Counter(item.kind for _, item in places)
    vector.update({f"<{kind}><{kind}>": _WEIGHTS["place"] for kind, count in several.items() if count > 1})
    for at, item in enumerate(items):
        if item.kind != "word":
            vector[f"<{item.kind}>"] = _WEIGHTS["place"]
            if item.cls:
                vector[f"<{item.cls}>"] = _WEIGHTS["class"]
            if item.before in PREPOSITIONS and item.before != "by":
                vector[f"{item.before}<{item.kind}>"] = _WEIGHTS["preposition"]
            continue
        word = item.words[0]
        if word in QUESTION_WORDS:
            vector["?" + word] = _WEIGHTS["question"]
        elif word in PREPOSITIONS:
            # "from whom does it buy" and "whom does it buy from": the preposition belongs to what is asked for.
            onward = items[at + 1] if at + 1 < len(items) else None
            if onward is None or (onward.kind == "word" and onward.words[0] in QUESTION_WORDS):
                vector[word + "?"] = _WEIGHTS["preposition"]
        elif word not in idle():
            root = stem(word)
            weight = known.weight(root)
            if root in vector:
                vector[root + "*2"] = weight
            vector[root] = weight
            for place, other in places:
                # "supplied by it" is what "it supplies": the passive turns the order round.
                first = (at < place) != (other.before == "by")
                vector[f"{root}{'<' if first else '>'}{other.kind}"] = _WEIGHTS["order"] * weight
    return _unit(vector)


def _unit(vector: _Vector) -> _Vector:
    norm = math.sqrt(sum(value * value for value in vector.values())) or 1.0
    return {name: value / norm for name, value in vector.items()}


def _mean(vectors: Iterable[_Vector]) -> _Vector:
    total: _Vector = {}
    for vector in vectors:
        for name, value in vector.items():
            total[name] = total.get(name, 0.0) + value
    return _unit(total)


def _cosine(one: _Vector, other: _Vector) -> float:
    return sum(value * other[name] for name, value in one.items() if name in other)


def _covered(items: Iterable[Item], stems: frozenset[str], known: _Library) -> float:
    """Return which share of what the sentence says the question has words for."""
    whole = part = 0.0
    for item in items:
        if item.kind != "word":
            continue
        for word in item.words:
            if word in idle() or word in PREPOSITIONS or word in QUESTION_WORDS:
                continue
            weight = known.weight(stem(word))
            whole += weight
            part += weight * (stem(word) in stems)
    return part / whole if whole else 1.0


def _likeness(items: Sequence[Item], name: str) -> float:
    """Return how near a sentence is to a question: to its nearest phrasing, to all of them, and in its words."""
    known = _library()
    vector = _vector(items, known)
    nearest = max(_cosine(vector, phrasing) for phrasing in known.phrasings[name])
    # A phrasing met word for word needs no support by the others of its question.
    middle = max(_cosine(vector, known.middles[name]), nearest**4)
    words = _covered(items, known.own[name], known)
    more = _covered(items, known.stems[name], known)
    return 0.4 * nearest + 0.3 * middle + 0.2 * words + 0.1 * more


def _as_words(items: Iterable[Item], kinds: Iterable[str]) -> list[Item]:
    """Take things of some kinds for the words they are written in."""
    out: list[Item] = []
    for item in items:
        out += [Item("word", word, words=(word,)) for word in item.words] if item.kind in kinds else [item]
    return out


def _tells(word: str) -> bool:
    return word not in idle() and word not in PREPOSITIONS


# -- readings: questions of the library


def _of_library(sentence: Sentence) -> Iterator[Reading]:
    for question in library().values():
        takes = {parameter.type for parameter in question.parameters}
        if "layer" in takes and any(item.kind == "layer" for item in sentence.items):
            yield _reading(sentence, question, sentence.items)
            whole = _reading(sentence, question, _as_words(sentence.items, ["layer"]))
            yield replace(whole, score=0.9 * whole.score)
        else:
            yield _reading(sentence, question, _as_words(sentence.items, ["layer"]))


def _reading(sentence: Sentence, question: Question, items: Sequence[Item]) -> Reading:
    used: set[tuple[str, ...]] = set()
    values: dict[str, str] = {}
    missing: list[str] = []
    fit = 1.0
    present = {
        kind: [item for item in sentence.named(kind) if item in items]
        for kind in ("entity", "layer", "date", "scenario", "source", "relation")
    }
    for parameter in question.parameters:
        found = None
        for item in sorted(present.get(parameter.type, ()), key=lambda item: item.weak):
            if item.ids in used or (item.weak and parameter.name != "jurisdiction" and values):
                continue
            ids = _fitting(sentence, item, parameter.name)
            if len(ids) == 1:
                found = item
                values[parameter.name] = ids[0]
                fit *= 0.93 if item.weak and parameter.name != "jurisdiction" else 1.0
                break
        if found is not None:
            used.add(found.ids)
        elif parameter.default and parameter.type in ("entity", "source"):
            missing.append(parameter.name)
            fit *= 0.8
        elif parameter.default and parameter.type == "date":
            if parameter.name == "date":
                values[parameter.name] = str(sentence.changes.get("as_of", sentence.view.policy.as_of))
            else:
                missing.append(parameter.name)
                fit *= 0.85
        elif parameter.default and parameter.type == "relation":
            missing.append(parameter.name)
            fit *= 0.9
    aside = []
    as_of = ""
    for kind, cut in (
        ("entity", 0.72),
        ("layer", 0.9),
        ("date", 0.8),
        ("scenario", 0.8),
        ("source", 0.8),
        ("relation", 0.9),
    ):
        for item in present[kind]:
            if (
                kind == "date"
                and item.ids not in used
                and item.before in ("in", "on", "at", "during")
                and "as_of" not in sentence.changes
            ):
                as_of = item.ids[0]
                fit *= 0.93
            elif item.ids not in used and not item.weak:
                aside.append(_called(item))
                fit *= cut
    return Reading(
        "question", question.name, question.title, values, fit * _likeness(items, question.name), tuple(missing),
        tuple(aside), as_of,
    )  # fmt: skip


def _called(item: Item) -> str:
    """Return the words of an item, with what they may stand for where that is several things."""
    return f"{item.text} (which may be {' or '.join(item.ids)})" if len(item.ids) > 1 else item.text


def _fitting(sentence: Sentence, item: Item, name: str) -> list[str]:
    """Return the ids that an item may stand for in a place: a place that wants a jurisdiction takes no firm."""
    if item.kind != "entity" or name != "jurisdiction":
        return list(item.ids)
    return [key for key in item.ids if sentence.class_of(key) == "jurisdiction"]


# -- readings: exposure

_AIMS = ("policy", "body", "jurisdiction")


def _of_exposure(sentence: Sentence) -> Iterator[Reading]:
    items = _as_words(sentence.items, ["layer"])
    values: dict[str, str] = {}
    roles: dict[tuple[str, ...], str] = {}
    aside = []
    named = [item for item in sentence.named("entity") if not item.weak]
    for item in named:
        role = (
            "through" if item.before in ("through", "via", "over") and "through" not in values
            else "to" if item.cls in _AIMS and "to" not in values
            else "entity" if item.cls not in _AIMS and "entity" not in values
            else "through" if item.cls not in _AIMS and "through" not in values and item.before in ("with", "by")
            else ""
        )  # fmt: skip
        if role and len(item.ids) == 1:
            values[role] = item.ids[0]
            roles[item.ids] = role
        else:
            aside.append(_called(item))
    put = [
        replace(item, kind=roles[item.ids], cls="") if item.kind == "entity" and item.ids in roles else item
        for item in items
    ]
    score = _likeness(put, "") * 0.72 ** len(aside)
    missing = () if "entity" in values else ("entity",)
    labels = sentence.view.labels
    title = f"How do policies and public bodies reach {labels.get(values.get('entity', ''), 'a firm')}?"
    order: tuple[str, ...] = ("entity", "to", "through")
    ordered = {name: values[name] for name in order if name in values}
    yield Reading(
        "exposure", "exposure", title, ordered, score * (0.8 if missing else 1.0), missing, tuple(aside)
    )


# -- readings: statements


@cache
def _verbs(words: Vocabulary) -> list[tuple[str, tuple[str, ...], bool]]:
    """Return relation, the stems of one way to put it, and whether its ends are exchanged."""
    found: dict[tuple[str, tuple[str, ...], bool], None] = {}

    def add(name: str, phrase: str, turned: bool) -> None:
        stems = tuple(stem(word) for word in split(phrase) if word not in idle())
        if stems:
            found.setdefault((name, stems, turned))

    for name, relation in words.relations.items():
        add(name, relation.sentence.format(subject="", object=""), False)
        if relation.sentence_inverse:
            add(name, relation.sentence_inverse.format(subject="", object=""), True)
    for name, phrases in said()["verbs"].items():
        if name in words.relations or name in words.derived_properties:
            for phrase in phrases:
                add(name, phrase.removeprefix("~"), phrase.startswith("~"))
    return list(found)


def _of_statements(sentence: Sentence) -> Iterator[Reading]:
    words, view = sentence.words, sentence.view
    ends = [item for item in sentence.items if item.kind == "entity" and not item.weak]
    strong = list({item.ids: item for item in ends}.values())
    layers = [item for item in sentence.items if item.kind == "layer"]
    if not strong:
        return
    spoken = [
        stem(word)
        for item in sentence.items
        if item.kind == "word"
        for word in item.words
        if word not in idle() and word not in QUESTION_WORDS
    ]
    whole = sum(_telling(stem) for stem in spoken)
    if not whole:
        return
    for name, stems, turned in _verbs(words):
        matched = [stem for stem in stems if stem in spoken]
        heard = sum(_telling(stem) for stem in set(matched))
        if heard < 0.9:
            continue
        onto_layer = name in words.relations and words.relations[name].allows_object == frozenset(
            {"StackLayer"}
        )
        if onto_layer:
            if not layers or len(strong) != 1:
                continue
            first = strong[0].ids
            second: tuple[str, ...] = (f"layer:{layers[0].ids[0]}",)
            aside: list[str] = []
        else:
            if len(strong) < 2:
                continue
            first, second = (strong[1].ids, strong[0].ids) if turned else (strong[0].ids, strong[1].ids)
            aside = [_called(item) for item in strong[2:]]
        # Of a name that several bear none is chosen, as everywhere else; asked for all the same, `find` says so.
        shared = [item for item in strong[:2] if len(item.ids) > 1]
        aside = [*map(_called, shared), *aside]
        score = (
            heard
            / sum(_telling(stem) for stem in set(stems))
            * heard
            / sum(_telling(stem) for stem in set(spoken))
        )
        score = math.sqrt(score) * 0.72 ** (len(aside) - len(shared)) * (0.9 if shared else 1.0)
        score *= 1.0 if _allowed(sentence, name, first[0], second[0]) else 0.6
        score *= 0.97 if sentence.statement else 0.55
        spelled = {item.ids: item.text for item in shared}
        subject, target = spelled.get(first, first[0]), spelled.get(second, second[0])
        values = {"subject": subject, "relation": name, "object": target}
        labels = {**view.labels, **{text: text for text in spelled.values()}} if spelled else view.labels
        label = (
            words.sentence(Proposition(name, subject, target), labels)
            if name in words.relations
            else f"{labels[subject]} {words.label(name)} {labels.get(target, target)}"
        )
        yield Reading("why", name, f"How does it stand that {label}?", values, score, (), tuple(aside))


def _telling(stem: str) -> float:
    return 0.25 if stem in PREPOSITIONS else 0.4 if stem in generic() else 1.0


def _allowed(sentence: Sentence, name: str, subject: str, target: str) -> bool:
    """Whether things of these kinds may stand at the ends of a relation."""
    words, relation = sentence.words, sentence.words.relations.get(name)
    if relation is None:
        return True
    for key, allowed in ((subject, relation.allows_subject), (target, relation.allows_object)):
        if key.startswith("layer:") or not allowed:
            continue
        kinds = [words.kinds[kind].cls for kind in sentence.view.entities[key].kinds if kind in words.kinds]
        if not any(words.superclasses(cls) & allowed for cls in kinds):
            return False
    return True
