"""What is said, by whom, and where: the immutable values everything else is made of.

A `Proposition` is what may or may not hold, free of who says it. A `Claim` is one speaker's stance toward one
proposition in one source. Claims, entity cards, source cards, scenarios and retractions are the *records* of the
ledger; the id of a record is a hash of its ledger text, so the same record always has the same id and a changed
one never keeps it.

All fields are text exactly as the file gave it (``1.10`` stays ``1.10``): numbers and dates are read where they
are needed, never rewritten. An empty field is an empty string and does not occur in the ledger text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from kg.errors import Misuse

__all__ = [
    "SOURCE_KINDS",
    "Claim",
    "Entity",
    "Evidence",
    "Match",
    "Proposition",
    "Record",
    "Retraction",
    "Scenario",
    "Source",
    "Stance",
    "Standing",
    "Status",
    "digest",
    "is_country",
    "lacking",
    "record_from",
]


class Stance(StrEnum):
    """How firmly, and in which direction, a claim puts its proposition forward."""

    CONFIRMED = "confirmed"
    REPORTED = "reported"
    DENIED = "denied"
    HYPOTHESISED = "hypothesised"
    OPINION = "opinion"

    @property
    def affirms(self) -> bool:
        """Whether the stance asserts that the proposition holds."""
        return self in (Stance.CONFIRMED, Stance.REPORTED)


class Status(StrEnum):
    """Where a tie stands in its own life, whoever reports it."""

    RUMOURED = "rumoured"
    TALKS = "talks"
    PLANNED = "planned"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Standing(StrEnum):
    """What all claims about one proposition, weighed together, come to."""

    CONFIRMED = "confirmed"
    REPORTED = "reported"
    CONTESTED = "contested"
    DENIED = "denied"
    HYPOTHETICAL = "hypothetical"
    OPINION = "opinion"


#: What a document may be.
SOURCE_KINDS = (
    "news", "company-release", "government", "filing", "analysis", "blog", "encyclopedia", "trade-press", "reference",
)  # fmt: skip


def digest(text: str) -> str:
    """Return the first 100 bits of the SHA-256 of `text` as 20 lower-case base32 characters."""
    bits = int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:13]) >> 4
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(90, -1, -10)])


#: Two characters of base32 for ten bits; the standard library's own way takes four times as long.
_PAIRS = [
    one + two for one in "abcdefghijklmnopqrstuvwxyz234567" for two in "abcdefghijklmnopqrstuvwxyz234567"
]
_WRITE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _filled(record: Any) -> dict[str, Any]:
    """Return the filled fields, so that a column added later does not change the ids of old records."""
    body = {}
    for name in _fields(type(record)):
        value = getattr(record, name)
        if type(value) is not str and is_dataclass(value):
            value = _filled(value)
        if value:
            body[name] = value
    return body


_FIELDS: dict[type[Any], tuple[str, ...]] = {}


def _fields(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(item.name for item in fields(kind))
    return _FIELDS[kind]


@dataclass(frozen=True)
class _Kept:
    """A record of the ledger: canonical text, and an id made from it."""

    @cached_property
    def text(self) -> str:
        """Ledger text: JSON with sorted keys, no spaces, no empty fields."""
        return _WRITE({"type": type(self).__name__.lower(), **_filled(self)})

    @cached_property
    def record_id(self) -> str:
        """Content-derived id of the record, 20 base32 characters."""
        return digest(self.text)


@dataclass(frozen=True, order=True)
class Proposition:
    """What may or may not hold, in normal form (see `kg.vocabulary.Vocabulary.normal`).

    Parameters
    ----------
    relation : str
        Relation name, e.g. ``"supplies"``.
    subject, object : str
        Entity ids; the object of a capability may be ``layer:<layer>``.
    layer : str
        Stack layer of the tie; part of what the tie is.
    in_market, outside_market : str
        Jurisdiction whose market the tie serves, or expressly leaves out.
    verb : str
        The source's own verb, only with the relation ``relatedTo``.
    """

    relation: str
    subject: str
    object: str
    layer: str = ""
    in_market: str = ""
    outside_market: str = ""
    verb: str = ""

    def __hash__(self) -> int:
        # Propositions are dictionary keys everywhere; hashing seven strings each time was a third of weighing.
        try:
            return self.__dict__["_hash"]  # type: ignore[no-any-return]
        except KeyError:
            value = self.__dict__["_hash"] = hash(self.parts)
            return value

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """All fields in order: sorts as propositions do, and quicker."""
        return (
            self.relation,
            self.subject,
            self.object,
            self.layer,
            self.in_market,
            self.outside_market,
            self.verb,
        )

    def __str__(self) -> str:
        scope = [
            part
            for part in (
                self.layer,
                self.in_market and f"in {self.in_market}",
                self.outside_market and f"outside {self.outside_market}",
            )
            if part
        ]
        return f"{self.subject} {self.verb or self.relation} {self.object}" + (
            f" ({', '.join(scope)})" if scope else ""
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The passage that carries a claim: exact words with a selector, or our own sentence with a locator."""

    quote: str = ""
    quote_prefix: str = ""
    quote_suffix: str = ""
    paraphrase: str = ""
    locator: str = ""


@dataclass(frozen=True)
class Claim(_Kept):
    """One speaker's stance toward one proposition, made in one source.

    Parameters
    ----------
    proposition : Proposition
        What is said to hold, not to hold, or to be imaginable.
    stance : str
        A `Stance` value.
    source : str
        Id of the document that was read.
    status : str
        A `Status` value, or empty for the relation's default.
    cited_source : str
        Id of the earlier document that the read one names as its own source.
    depth : str
        0 the document speaks for itself, 1 it reports what somebody did or said, 2 it repeats another document.
    speaker, speaker_text : str
        Entity id, or free words, of whoever the document says made the statement; the publisher is not the speaker.
    evidence : Evidence
        Exact quote with selector, or paraphrase with locator.
    confidence : str
        0 to 1: how well the page supports exactly this claim.
    about_layer : str
        Layer that a claim about a direct relation touches; for n-ary relations the layer is in the proposition.
    valid_from, valid_to : str
        ISO dates, partial allowed; an empty end is unknown, neither current nor ended.
    quantity, unit : str
        Figure that belongs to the relation.
    scenario, phase : str
        Scenario id and phase number that a hypothesis belongs to.
    conditional_on : tuple of str
        Entity ids that the hypothesis depends on.
    note : str
        Remark of whoever wrote the claim down.
    """

    proposition: Proposition
    stance: str
    source: str
    status: str = ""
    cited_source: str = ""
    depth: str = ""
    speaker: str = ""
    speaker_text: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    confidence: str = ""
    about_layer: str = ""
    valid_from: str = ""
    valid_to: str = ""
    quantity: str = ""
    unit: str = ""
    scenario: str = ""
    phase: str = ""
    conditional_on: tuple[str, ...] = ()
    note: str = ""

    @property
    def id(self) -> str:
        """Id of the claim: a hash of its ledger text."""
        return self.record_id

    @property
    def weight(self) -> float:
        """Confidence as a number; 0.5 where the claim gives none."""
        return float(self.confidence) if self.confidence else 0.5


@dataclass(frozen=True)
class Source(_Kept):
    """One version of a document. Its publisher need not be the speaker of the claims in it."""

    id: str
    url: str = ""
    title: str = ""
    publisher: str = ""
    published: str = ""
    author: str = ""
    lang: str = ""
    kind: str = ""
    consulted: str = "yes"
    digest: str = ""
    note: str = ""

    @property
    def name(self) -> str:
        """How to call the source in a sentence: publisher and date, or its id."""
        return " ".join(part for part in (self.publisher, self.published) if part) or self.id


@dataclass(frozen=True)
class Entity(_Kept):
    """The card of a thing that propositions are about: names, kinds, place, parent, identifiers (``lei:…``)."""

    id: str
    label: str
    kinds: tuple[str, ...] = ()
    country: str = ""
    parent: str = ""
    aliases: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    note: str = ""


def is_country(card: Entity, cards: Mapping[str, Entity]) -> bool:
    """Whether a card is that of a country or union, not of a part of one (Michigan has the country of its parent)."""
    if card.kinds[:1] != ("jurisdiction",) or not card.country:
        return False
    return not (card.parent in cards and cards[card.parent].country == card.country)


@dataclass(frozen=True)
class Scenario(_Kept):
    """A labelled bundle of hypotheses, or one phase of it (`phase` filled)."""

    id: str
    phase: str = ""
    label: str = ""
    conditions: tuple[str, ...] = ()
    source: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    note: str = ""


@dataclass(frozen=True)
class Retraction(_Kept):
    """A record that withdraws a claim, with the reason. The claim stays in the ledger, marked."""

    claim: str
    reason: str


@dataclass(frozen=True)
class Match(_Kept):
    """A decision about a name as some file writes it: it means an entity (``same``), or does not (``different``)."""

    name: str
    entity: str
    verdict: str
    reason: str = ""


Record = Claim | Source | Entity | Scenario | Retraction | Match
_TYPES: dict[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Claim, Source, Entity, Scenario, Retraction, Match)
}
_TUPLES = {"kinds", "aliases", "identifiers", "conditions", "conditional_on"}


def record_from(text: str, key: str = "") -> Record:
    """Return the record that a ledger text stands for.

    Parameters
    ----------
    text : str
    key : str
        Its id, where that is known.

    Raises
    ------
    Misuse
        If the text names a type or a field that this version does not know, or lacks one that it needs.
    """
    body = json.loads(text)
    kind = _TYPES.get(body.pop("type", ""))
    if kind is None or not body.keys() <= set(_fields(kind)):
        raise Misuse("a ledger record was written by a newer version of this program; update it")
    try:
        if "proposition" in body:
            body["proposition"] = Proposition(**body["proposition"])
        if "evidence" in body:
            body["evidence"] = Evidence(**body["evidence"])
        for name in _TUPLES & body.keys():
            body[name] = tuple(body[name])
        record: Record = kind(**body)
    except TypeError as error:  # Python says it of the call; nobody who opens a ledger has made one
        said = str(error).partition("() ")[2] or str(error)
        raise Misuse(f"a ledger record of type {kind.__name__.lower()} cannot be read: {said}") from error
    record.__dict__["text"] = text  # it is known, and writing it again costs more than reading it
    if key:
        record.__dict__["record_id"] = key
    return record


def lacking(record: Record) -> str:
    """Return the first required field that is empty, so that the ledger text could not be read back; or nothing."""
    for part in (record, record.proposition) if isinstance(record, Claim) else (record,):
        for name in _needed(type(part)):
            if not getattr(part, name):
                return name
    return ""


_NEEDED: dict[type[Any], tuple[str, ...]] = {}


def _needed(kind: type[Any]) -> tuple[str, ...]:
    if kind not in _NEEDED:
        _NEEDED[kind] = tuple(
            item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING
        )
    return _NEEDED[kind]
