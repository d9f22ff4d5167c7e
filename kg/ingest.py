"""From the rows of a batch to records in the ledger: every check of sense, and the only way in.

All problems are found before anything is written; with a single error nothing is stored. Errors and warnings both
say what would be right.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit

from kg.claim import (
    SOURCE_KINDS,
    Claim,
    Entity,
    Evidence,
    Match,
    Proposition,
    Record,
    Retraction,
    Scenario,
    Source,
    Stance,
    Status,
    is_country,
)
from kg.dates import OPEN, NotADate, first_day, last_day, period
from kg.errors import Problem, near
from kg.factfile import FactFile, Row, cells_of, claim_of
from kg.ledger import Batch, Ledger
from kg.names import Names, Proposal, fold, identifier_problem, slug, split_identifier
from kg.vocabulary import Relation, Vocabulary, vocabulary

__all__ = ["CARDS", "Checked", "OnFile", "Unbound", "check", "load", "unload"]

#: The source of what entity cards themselves say (place, parent): our own compilation, and marked as such.
CARDS = Source(
    id="entity-cards",
    title="Entity cards of the EV Supply Web",
    publisher="our own entity cards",
    kind="reference",
    note="Compiled by the project from general knowledge; leave it out with --without entity-cards to rest on outside sources alone.",
)

#: Cells of a fact that name one entity each, by id, label, alias or identifier.
_NAMING = ("subject", "object", "in_market", "outside_market", "speaker")
#: How many different unknown names of one batch are compared with all names on file; more are hardly slips of the pen.
_MOST_COMPARED = 300
_STANCES, _STATUSES = tuple(map(str, Stance)), tuple(map(str, Status))
_READING_ORDER = {"batch.toml": 0, "entities.csv": 1, "sources.csv": 2, "scenarios.csv": 3}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")


@dataclass(slots=True)
class OnFile:
    """What the ledger holds already, as far as a new batch may refer to it."""

    entities: dict[str, Entity] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    scenarios: dict[tuple[str, str], Scenario] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    #: Ids of claims, withdrawn ones included, and why each of those was withdrawn.
    claims: set[str] = field(default_factory=set)
    withdrawn: dict[str, str] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take a record into account."""
        if isinstance(record, Claim):
            self.claims.add(record.record_id)
        elif isinstance(record, Retraction):
            self.withdrawn[record.claim] = record.reason
        elif isinstance(record, Entity):
            self.entities.setdefault(record.id, record)
            self.names.add(record)
        elif isinstance(record, Match):
            self.names.decide(record)
        elif isinstance(record, Source):
            self.sources.setdefault(record.id, record)
        elif isinstance(record, Scenario):
            self.scenarios.setdefault((record.id, record.phase), record)

    @classmethod
    def of(cls, ledger: Ledger) -> OnFile:
        """Read it from a ledger."""
        on_file = cls(claims=ledger.ids("claim"))  # of claims no more is needed, and they are the many
        for kind in ("entity", "source", "scenario", "retraction", "match"):
            # Decisions count in the order they were made, and one that was made again counts again.
            for entry in ledger.entries(kind=kind, every=kind == "match"):
                on_file.add(entry.record)
        return on_file


@dataclass(slots=True)
class Unbound:
    """A name in a batch that means no entity for certain.

    Attributes
    ----------
    name : str
    places : list of str
        Where it stands, ``facts.csv:14:subject``.
    proposals : list of Proposal
        What it may mean, best first.
    """

    name: str
    places: list[str]
    proposals: list[Proposal]


@dataclass(slots=True)
class Checked:
    """The outcome of a check: records with their places, and all problems."""

    records: list[tuple[Record, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: Ids of the records that the ledger held before; filled in by `load` and by `kg.preview.preview`.
    known: set[str] = field(default_factory=set)
    #: Names that do not bind, in the order of the rows.
    unbound: list[Unbound] = field(default_factory=list)
    #: Whether a decision of the batch changes what a name means, even if an earlier batch held the same decision.
    decisive: bool = False

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop a load."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def new(self) -> list[tuple[Record, str]]:
        """The records that the ledger did not hold before, each once."""
        first = {record.record_id: (record, place) for record, place in reversed(self.records)}
        return [first[key] for key in reversed(first) if key not in self.known]


def load(
    batch: FactFile,
    ledger: Ledger,
    *,
    recorded: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Checked, Batch | None]:
    """Check a batch and, without errors, store it in one transaction.

    Parameters
    ----------
    batch : FactFile
    ledger : Ledger
    recorded : str
        Recorded time to give; only the shipped facts use it.
    progress : callable, optional
        Called with (what is being done, step, steps).

    Returns
    -------
    Checked
        Records and problems.
    Batch or None
        The new batch; None when there were errors or when nothing in it is new.
    """
    checked = check(batch, OnFile.of(ledger), progress=progress)
    if checked.errors:
        return checked, None
    checked.known = ledger.live(record.record_id for record, _ in checked.records)
    if progress:
        progress(f"storing {len(checked.records):,} records", len(checked.records), len(checked.records))
    return checked, ledger.append(
        checked.records, title=batch.title, recorded=recorded, again=checked.decisive
    )


def check(
    batch: FactFile,
    on_file: OnFile,
    words: Vocabulary | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Checked:
    """Turn the rows of a batch into records and say everything that is wrong with them.

    Parameters
    ----------
    batch : FactFile
        Rows with the problems of their form.
    on_file : OnFile
        What the ledger holds; the batch's own cards are added to it.
    words : Vocabulary, optional
        The project's ontology by default.
    progress : callable, optional
        Called with (what is being done, step, steps) now and then.

    Returns
    -------
    Checked
        Linear in the number of rows, about 40 µs each.
    """
    return _Check(batch, on_file, words or vocabulary()).run(progress or (lambda what, step, steps: None))


def unload(records: Iterable[Record], *, title: str = "") -> FactFile:
    """Return the batch whose check gives exactly these records: the way out of the ledger for every format.

    Parameters
    ----------
    records : iterable of Record
    title : str

    Returns
    -------
    FactFile
        Rows without a place of their own (line 0), in the order of the records.
    """
    batch = FactFile(title=title)
    for record in records:
        table, cells = cells_of(record)
        batch.rows(table).append(Row("", 0, cells))
    return batch


class _Check:
    def __init__(self, batch: FactFile, on_file: OnFile, words: Vocabulary) -> None:
        self.batch, self.on_file, self.words = batch, on_file, words
        self.out = Checked(problems=list(batch.problems))
        self.seen: dict[tuple[str, str], Row] = {}
        self.cards_told = False
        self.faults = len(self.out.errors)
        self.unbound: dict[str, Unbound] = {}
        self.read_as: set[str] = set()
        self.over_told: set[str] = set()
        # An export states the claims of the cards as rows of their own; deriving them again could add to them.
        self.cards_stated = any(row.get("source") == CARDS.id for row in batch.facts)

    def run(self, progress: Callable[[str, int, int], None]) -> Checked:
        drafts = [found for row in self.batch.entities if (found := self.entity(row))]
        names = {row.get("name") for row in self.batch.matches}
        before = {name: self.on_file.names.decided(name) for name in names}
        for row in self.batch.matches:
            self.decision(row)
        self.out.decisive = any(self.on_file.names.decided(name) != before[name] for name in names)
        cards = [both for card, known, row in drafts if (both := self.settled(card, known, row))]
        for row in self.batch.sources:
            self.source(row)
        for row in self.batch.scenarios:
            self.scenario(row)
        for card, row in cards:
            self.card_claims(card, row)
        labels: dict[str, Row] = {}
        for number, row in enumerate(self.batch.facts):
            if number % 256 == 0:
                progress(f"checking {len(self.batch.facts):,} facts", number, len(self.batch.facts))
            label = row.get("id")
            if label and label in labels:
                self.tell(
                    row,
                    "id",
                    "duplicate-id",
                    f"{label!r} is the label of line {labels[label].line} too; give each row its own",
                )
            labels.setdefault(label, row)
            self.fact(row)
        for row in self.batch.withdrawals:  # last: they may be about claims of this very batch
            self.withdrawal(row)
        self.out.unbound = list(self.unbound.values())
        self.out.problems.sort(
            key=lambda problem: (_READING_ORDER.get(problem.file, 9), problem.file, problem.row)
        )
        return self.out

    # -- telling

    def tell(self, row: Row, column: str, code: str, message: str, severity: str = "error") -> None:
        self.faults += severity == "error"
        self.out.problems.append(row.problem(column, code, message, severity))

    def one_of(self, row: Row, column: str, allowed: Collection[str], what: str) -> str:
        """Return the cell if it is one of the allowed words (or empty); otherwise say which are."""
        value = row.get(column)
        if value and value not in allowed:
            words = sorted(allowed) if len(allowed) > 12 else list(allowed)
            hint = near(value, words, 2)
            cure = (
                f"did you mean {' or '.join(hint)}?"
                if hint
                else f"use {', '.join(words[:-1])} or {words[-1]}"
                if len(words) <= 12
                else f"`kg query {what}s` lists them"
            )
            if what == "relation":
                cure = self.meant(value) or cure
            self.tell(row, column, f"unknown-{what}", f"{value!r} is no {what}; {cure}")
        return value

    def meant(self, value: str) -> str:
        """Return the cure for a relation in the words of a sentence; read from its other end, the ends change places."""
        said = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", value).casefold().replace("_", " ").split())
        for relation in self.words.relations.values():
            ways = (
                (relation.sentence, "{subject}", "{object}", f"write {relation.name}"),
                (relation.sentence_inverse, "{object}", "{subject}", f"write {relation.name} and exchange subject and object"),
            )  # fmt: skip
            for sentence, first, last, cure in ways:
                words = sentence.removeprefix(first).removesuffix(last).strip()
                if said in (words, words.removeprefix("is ")) and sentence.startswith(first):
                    return cure
        return ""

    def document(self, row: Row, column: str) -> None:
        """Say so when a cell names a source that is not on file."""
        value = row.get(column)
        if not value or value in self.on_file.sources:
            return
        hint = near(value, self.on_file.sources)
        cure = (
            f"did you mean {' or '.join(hint)}? Otherwise add it to sources.csv"
            if hint
            else "add it to sources.csv of this batch"
        )
        self.tell(row, column, "unknown-source", f"no source has the id {value!r}; {cure}")

    # -- names

    def refer(self, row: Row, column: str, value: str) -> str:
        """Return the id of the entity that a cell names; empty, and told, where that is not certain."""
        if value in self.on_file.entities:
            return value
        found = self.on_file.names.lookup(value)
        if len(found) == 1:
            if fold(value) not in self.read_as:
                self.read_as.add(fold(value))
                by = self.on_file.names.how(value)
                self.tell(row, column, "read-as", f"{value!r} is read as {found[0]} (by {by})", "info")
            return found[0]
        place = f"{row.file}:{row.line}:{column}"
        if known := self.unbound.get(value):
            known.places.append(place)
        else:
            fuzzy = len(self.unbound) < _MOST_COMPARED
            proposals = (
                [Proposal(entity, "bears the name", 100.0) for entity in sorted(found)]
                or self.on_file.names.proposals(value, fuzzy=fuzzy)
            )  # fmt: skip
            known = self.unbound[value] = Unbound(value, [place], proposals)
        deciding = f"`kg match {shlex.quote(value)} {known.proposals[0].entity if known.proposals else ''}`"
        if found:
            self.tell(
                row,
                column,
                "ambiguous-entity",
                f"{value!r} is the name of several: {', '.join(sorted(found))}; write the id, or decide once with {deciding}",
            )
            return ""
        hint = " or ".join(f"{proposal.entity} ({proposal.why})" for proposal in known.proposals)
        cure = (
            f"did you mean {hint}? Then write the id, or decide once with {deciding}; otherwise add it to entities.csv"
            if hint
            else "add it to entities.csv of this batch"
        )
        self.tell(row, column, "unknown-entity", f"no entity is called {value!r}; {cure}")
        return ""

    def bound(self, row: Row) -> Row:
        """Return a fact with ids in the place of the names of entities; a cell whose name does not bind is empty."""
        cells: dict[str, str] = {}
        for column in _NAMING:
            value = row.get(column)
            layer = column in ("subject", "object") and value.startswith("layer:")
            if value and not layer and value not in self.on_file.entities:
                cells[column] = self.refer(row, column, value)
        if conditions := _split(row.get("conditional_on")):
            cells["conditional_on"] = ";".join(self.refer(row, "conditional_on", name) for name in conditions)
        return replace(row, cells={**row.cells, **cells}) if cells else row

    def decision(self, row: Row) -> None:
        """Take in what somebody decided about a name."""
        before = self.faults
        name = row.get("name")
        if not fold(name):
            self.tell(row, "name", "empty-cell", "must be filled: the name as files write it")
        self.one_of(row, "verdict", ("same", "different"), "verdict")
        entity = self.refer(row, "entity", row.get("entity"))
        if name in self.on_file.entities:
            self.tell(
                row,
                "name",
                "name-is-id",
                f"{name!r} is the id of an entity and always means that one; nothing is left to decide",
            )
        if self.faults > before:
            return
        self.store(Match(name, entity, row.get("verdict"), row.get("reason")), row)

    def date(self, row: Row, column: str) -> str:
        """Return a cell that is empty or a date; what it means is worked out when it is asked for."""
        value = row.get(column)
        try:
            if value:
                first_day(value)
        except NotADate as error:
            hint = (
                "; a period goes into the column valid" if column != "published" and _is_period(value) else ""
            )
            self.tell(row, column, "bad-date", f"{error}{hint}")
            return ""
        return value

    def slug(self, row: Row, table: str) -> bool:
        value = row.get("id")
        if value and not _SLUG.match(value):
            self.tell(
                row,
                "id",
                "bad-id",
                f"{value!r} cannot be an id; use lower-case letters, digits and hyphens, e.g. {slug(value) or 'an-id'!r}",
            )
            return False
        key = (table, value + "/" + row.get("phase"))
        if key in self.seen:
            self.tell(
                row,
                "id",
                "duplicate-id",
                f"{value!r} stands on line {self.seen[key].line} already; keep one of them",
            )
            return False
        self.seen[key] = row
        return bool(value)

    def store(self, record: Record, row: Row) -> None:
        self.on_file.add(record)
        self.out.records.append((record, row.place))

    def clash(self, row: Row, mine: Record, on_file: Record | None, what: str) -> bool:
        if on_file is None or on_file.record_id == mine.record_id:
            return False
        self.tell(
            row,
            "id",
            "id-taken",
            f"the ledger has another {what} card with the id {row.get('id')!r}; leave this row out to use that card, or choose another id",
        )
        return True

    # -- cards

    def entity(self, row: Row) -> tuple[Entity, Entity | None, Row] | None:
        """Return a card whose parent is not settled yet, with the card on file under its id, if there is one."""
        kinds = tuple(_split(row.get("kinds")))
        for kind in kinds:
            if kind not in self.words.kinds:
                hint = near(kind, self.words.kinds, 2)
                cure = (
                    f"did you mean {' or '.join(hint)}?"
                    if hint
                    else f"known are {', '.join(sorted(self.words.kinds))}"
                )
                self.tell(row, "kinds", "unknown-kind", f"{kind!r} is no kind; {cure}")
        country = row.get("country")
        if country and not re.fullmatch(r"[A-Z]{2}", country):
            self.tell(
                row,
                "country",
                "bad-country",
                f"{country!r} is no country code; use two capital letters of ISO 3166-1 such as US or CN (EU for the European Union)",
            )
        identifiers = tuple(_split(row.get("identifiers")))
        for identifier in identifiers:
            scheme, value = split_identifier(identifier)
            if wrong := identifier_problem(scheme, value or identifier):
                self.tell(row, "identifiers", "bad-identifier", wrong)
        if not self.slug(row, "entities"):
            return None
        card = Entity(
            row.get("id"),
            row.get("label"),
            kinds,
            country,
            row.get("parent"),
            tuple(_split(row.get("aliases"))),
            identifiers,
            row.get("note"),
        )
        known = self.on_file.entities.get(card.id)
        if known is None:
            self.look_alikes(row, card)
        self.on_file.add(card)  # with its names; a parent may be named by a label that stands further down
        return card, known, row

    def look_alikes(self, row: Row, card: Entity) -> None:
        """Say which entities on file a new card may be a second card of; nothing is merged."""
        names = self.on_file.names
        for identifier in card.identifiers:
            if others := names.carriers(identifier):
                # An LEI is of one legal entity by its standard; an item or a ticker may be coarser than our cards.
                self.tell(
                    row,
                    "identifiers",
                    "same-identifier",
                    f"{identifier} belongs to {', '.join(others)} already; use that id in place of this card, or mend one of the two",
                    "error" if identifier.lower().startswith("lei:") else "warning",
                )
        told: set[str] = set()
        for name in dict.fromkeys((card.label, *card.aliases)):
            bearers = [entity for entity in names.bearers(name) if not names.told_apart(name, entity)]
            alike = [Proposal(entity, "bears that name", 100.0) for entity in bearers]
            for found in alike or (names.variants(name) if name == card.label else []):
                if found.entity in told:
                    continue
                told.add(found.entity)
                self.tell(
                    row,
                    "label" if name == card.label else "aliases",
                    "maybe-duplicate",
                    f"{name!r} may be {found.entity} ({found.why}); if it is, use that id in place of this card; "
                    f"if not, `kg match {shlex.quote(name)} {found.entity} --not` says so once for all",
                    "warning",
                )

    def settled(self, card: Entity, known: Entity | None, row: Row) -> tuple[Entity, Row] | None:
        """Put the id of the parent into a card and store it, unless another card has its id."""
        if card.parent:
            card = replace(card, parent=self.refer(row, "parent", card.parent))
        if self.clash(row, card, known, "entity"):
            return None
        if known is None:
            self.on_file.entities[card.id] = card
        self.store(card, row)
        return card, row

    def source(self, row: Row) -> None:
        self.one_of(row, "kind", SOURCE_KINDS, "source-kind")
        self.one_of(row, "consulted", ("yes", "no"), "answer")
        self.date(row, "published")
        url = row.get("url")
        if url and (
            urlsplit(url).scheme not in ("http", "https")
            or not urlsplit(url).netloc
            or re.search(r'[\s<>"{}|\\^`]', url)
        ):
            self.tell(
                row,
                "url",
                "bad-url",
                f"{url!r} is no web address; it must start with http:// or https:// and hold no spaces (leave it empty where there is none)",
            )
        proof = row.get("digest")
        if proof and not re.fullmatch(r"sha256:[0-9a-f]{64}", proof):
            self.tell(row, "digest", "bad-digest", "must be sha256: followed by 64 hexadecimal digits")
        if not self.slug(row, "sources"):
            return
        cells = {
            column: row.get(column)
            for column in (
                "id",
                "url",
                "title",
                "publisher",
                "published",
                "author",
                "lang",
                "kind",
                "digest",
                "note",
            )
        }
        card = Source(**cells, consulted=row.get("consulted") or "yes")
        if not self.clash(row, card, self.on_file.sources.get(card.id), "source"):
            self.store(card, row)

    def scenario(self, row: Row) -> None:
        phase = row.get("phase")
        if phase and not re.fullmatch(r"[1-9][0-9]?", phase):
            self.tell(
                row,
                "phase",
                "bad-phase",
                f"{phase!r} is no phase number; use 1, 2, 3 … or leave it empty for the scenario itself",
            )
        self.document(row, "source")
        if not self.slug(row, "scenarios"):
            return
        card = Scenario(
            row.get("id"), phase, row.get("label"), tuple(_split(row.get("conditions"), "|")), row.get("source"),
            Evidence(row.get("quote"), row.get("quote_prefix"), row.get("quote_suffix")), row.get("note"),
        )  # fmt: skip
        if not self.clash(row, card, self.on_file.scenarios.get((card.id, phase)), "scenario"):
            self.store(card, row)

    def classes(self, reference: str) -> frozenset[str]:
        """All classes of an entity, most general included; of ``layer:x``, the stack layers."""
        if reference.startswith("layer:"):
            return self.words.superclasses("StackLayer")
        entity = self.on_file.entities[reference]
        kinds = [self.words.kinds[kind].cls for kind in entity.kinds if kind in self.words.kinds]
        return frozenset().union(*(self.words.superclasses(kind) for kind in kinds))

    def card_claims(self, card: Entity, row: Row) -> None:
        """Turn the place and parent of a card into claims, so that no hop of a path is without one."""
        mine = self.classes(card.id)
        found: list[tuple[str, str, str]] = []
        if self.cards_stated:
            return
        if card.country:
            place = self._places.get(card.country)
            relation = next(
                (
                    name
                    for cls, name in (
                        ("Organisation", "headquarteredIn"),
                        ("Site", "locatedIn"),
                        ("PolicyInstrument", "appliesIn"),
                    )
                    if cls in mine
                ),
                "",
            )
            if relation and place is None:
                self.tell(
                    row,
                    "country",
                    "no-jurisdiction",
                    f"no entity of the kind jurisdiction has the country {card.country}; add one to entities.csv, or nothing will follow from this place",
                    "warning",
                )
            elif relation and place and place != card.id:
                found.append((relation, place, f"The entity card gives {card.country} as the country."))
        if card.parent:
            theirs = self.classes(card.parent)
            relation = _parent_relation(mine, theirs)
            if relation:
                found.append(
                    (
                        relation,
                        card.parent,
                        f"The entity card gives {self.on_file.entities[card.parent].label} as the parent.",
                    )
                )
        # In every batch that needs it, on file or not: a batch must have the same records each time it is read.
        if found and not self.cards_told:
            self.cards_told = True
            self.store(CARDS, row)
        for relation, target, sentence in found:
            if relation in self.words.relations:
                proposition = self.words.normal(Proposition(relation, card.id, target))
                self.store(
                    Claim(
                        proposition,
                        Stance.REPORTED,
                        CARDS.id,
                        depth="0",
                        evidence=Evidence(paraphrase=sentence),
                        confidence="0.9",
                    ),
                    row,
                )

    @cached_property
    def _places(self) -> dict[str, str]:
        """Country code to jurisdiction; asked for only when all cards are in."""
        places: dict[str, str] = {}
        for entity in self.on_file.entities.values():
            if is_country(entity, self.on_file.entities):
                places.setdefault(entity.country, entity.id)
        return places

    # -- withdrawals

    def withdrawal(self, row: Row) -> None:
        """Take a claim out of account; it stays, marked, with the reason."""
        key = row.get("claim").removeprefix("claim:")
        if key not in self.on_file.claims:
            self.tell(
                row,
                "claim",
                "unknown-claim",
                f"no claim has the id {key!r}; `kg why` and `kg entity` show the ids of claims",
            )
        elif not row.get("reason"):
            self.tell(row, "reason", "empty-cell", "must be filled: say why the claim is withdrawn")
        else:
            known = self.on_file.withdrawn.get(key)
            if known not in (None, row.get("reason")):
                self.tell(
                    row,
                    "claim",
                    "withdrawn-already",
                    f"claim {key} is withdrawn already, because: {known}; leave this row out unless the reason changed",
                    "warning",
                )
            self.store(Retraction(key, row.get("reason")), row)

    # -- facts

    def fact(self, row: Row) -> None:
        before = self.faults
        row = self.bound(row)
        relation = self.words.relations.get(row.get("relation"))
        if relation is None and row.get("relation"):
            self.one_of(row, "relation", self.words.relations, "relation")
        for column in ("subject", "object"):
            self.end(row, column, relation)
        if relation and row.get("subject") and row.get("subject") == row.get("object"):
            self.tell(
                row,
                "object",
                "same-ends",
                f"{row.get('object')!r} stands at both ends; a tie needs two different participants",
            )
        self.one_of(row, "stance", _STANCES, "stance")
        self.one_of(row, "status", _STATUSES, "status")
        self.one_of(row, "layer", self.words.layers, "layer")
        self.scope(row, relation)
        self.attribution(row)
        self.figures(row)
        valid = self.valid(row)
        if not row.get("quote") and not row.get("paraphrase"):
            self.tell(
                row,
                "paraphrase",
                "no-evidence",
                "a claim needs evidence: the exact words in quote, or one sentence of your own in paraphrase",
            )
        if row.get("stance") == Stance.DENIED and not (row.get("speaker") or row.get("speaker_text")):
            self.tell(
                row,
                "speaker",
                "voiceless-denial",
                "says that somebody denies it, but not who; fill speaker or speaker_text if the page tells",
                "warning",
            )
        self.hypothesis(row)
        if self.faults > before or relation is None:
            return
        self.store(claim_of(row, self.words, valid), row)

    def end(self, row: Row, column: str, relation: Relation | None) -> None:
        value = row.get(column)
        if not value:
            return
        if value.startswith("layer:") and value.removeprefix("layer:") not in self.words.layers:
            self.tell(
                row,
                column,
                "unknown-layer",
                f"{value!r} names no layer; known are {', '.join('layer:' + name for name in sorted(self.words.layers))}",
            )
            return
        allowed = (
            (relation.allows_subject if column == "subject" else relation.allows_object)
            if relation
            else frozenset()
        )
        if relation and allowed and not self.classes(value) & allowed:
            kinds = (
                "a layer"
                if value.startswith("layer:")
                else ", ".join(self.on_file.entities[value].kinds) or "nothing known"
            )
            wanted = ", ".join(sorted(_spoken(name) for name in allowed))
            self.tell(
                row,
                column,
                "wrong-kind",
                f"{value!r} ({kinds}) cannot be the {column} of {relation.name}, which takes: {wanted}; name the body or thing it stands for, or choose another relation",
            )

    def scope(self, row: Row, relation: Relation | None) -> None:
        for column in ("in_market", "outside_market"):
            value = row.get(column)
            if value and "Jurisdiction" not in self.classes(value):
                self.tell(
                    row,
                    column,
                    "wrong-kind",
                    f"{value!r} is no jurisdiction; a market is a country, a union or a state",
                )
        if relation is None:
            return
        if relation.pattern == "direct" and (row.get("in_market") or row.get("outside_market")):
            self.tell(
                row, "in_market", "no-market", f"{relation.name} cannot carry a market; say it in the note"
            )
        if relation.name == "relatedTo" and not row.get("verb"):
            self.tell(row, "verb", "no-verb", "relatedTo needs the source's own verb, e.g. 'rejects'")
        if relation.name != "relatedTo" and row.get("verb"):
            self.tell(
                row, "verb", "unexpected-verb", f"only relatedTo takes a verb; {relation.name} says it itself"
            )

    def attribution(self, row: Row) -> None:
        for column in ("source", "cited_source"):
            self.document(row, column)
        if row.get("cited_source") and row.get("cited_source") == row.get("source"):
            self.tell(
                row,
                "cited_source",
                "cites-itself",
                "is the document itself; leave it empty, or name the earlier document",
            )
        self.one_of(row, "depth", ("0", "1", "2"), "depth")
        if row.get("depth") == "2" and not row.get("cited_source"):
            self.tell(
                row,
                "cited_source",
                "no-cited-source",
                "depth 2 repeats another document: name that one in cited_source (add it to sources.csv with consulted=no if nobody read it)",
            )

    def valid(self, row: Row) -> tuple[str, str]:
        """Return the two ends of the time that a claim is about, from one column or from two."""
        start, end = (
            row.get(column) if row.get(column) == OPEN else self.date(row, column)
            for column in ("valid_from", "valid_to")
        )
        said = row.get("valid")
        try:
            if said:
                whole = period(said)
                for column, mine, other in zip(("valid_from", "valid_to"), whole, (start, end), strict=True):
                    if other and other != mine:
                        self.tell(
                            row,
                            column,
                            "dates-differ",
                            f"says {other} where valid says {mine or 'that it is not known'}; leave one of them empty",
                        )
                start, end = whole
            elif start == OPEN:
                period(f"{start}/{end}")
        except NotADate as error:
            self.tell(row, "valid" if said else "valid_from", "bad-date", str(error))
            return "", ""
        days = [text for text in (start, end) if text not in ("", OPEN)]
        if len(days) == 2 and last_day(end) < first_day(start):
            self.tell(
                row,
                "valid" if said else "valid_to",
                "dates-reversed",
                f"ends {end}, before it starts {start}; exchange them or mend the year",
            )
        if end == OPEN and row.get("status") in (Status.ENDED, Status.CANCELLED):
            self.tell(
                row,
                "valid" if said else "valid_to",
                "dates-reversed",
                f"says that it is still going on, but the status says {row.get('status')}; mend one of them",
            )
        elif said and "/" not in said and row.get("stance") != Stance.DENIED:
            self.over(row, said)
        return start, end

    def over(self, row: Row, said: str) -> None:
        """Tell, once for a file, of a single date in `valid` that is past: most people mean when something began."""
        if row.file in self.over_told or row.get("status") in (Status.ENDED, Status.CANCELLED):
            return
        if last_day(said) < datetime.now(UTC).date():
            self.over_told.add(row.file)
            self.tell(
                row,
                "valid",
                "period-over",
                f"{said!r} is a period that is over; write {said}/ if the end is not known, {said}/.. if it goes on, "
                "and leave it if that was all (told once for this file)",
                "warning",
            )

    def figures(self, row: Row) -> None:
        confidence = row.get("confidence")
        if confidence and not (_NUMBER.match(confidence) and 0 <= float(confidence) <= 1):
            self.tell(
                row,
                "confidence",
                "bad-confidence",
                f"{confidence!r} is not between 0 and 1; write 0.9 for nine in ten",
            )
        quantity = row.get("quantity")
        if quantity and not _NUMBER.match(quantity):
            self.tell(
                row,
                "quantity",
                "bad-quantity",
                f"{quantity!r} is no plain number; write 3500000000 or 4.99, and put the unit in unit",
            )
        if quantity and not row.get("unit"):
            self.tell(row, "unit", "no-unit", "a quantity needs a unit, e.g. percent, GWh/year or USD")

    def hypothesis(self, row: Row) -> None:
        scenario, phase = row.get("scenario"), row.get("phase")
        names = {name for name, _ in self.on_file.scenarios}
        if scenario and scenario not in names:
            hint = near(scenario, names)
            self.tell(
                row,
                "scenario",
                "unknown-scenario",
                f"no scenario has the id {scenario!r}; "
                + (f"did you mean {' or '.join(hint)}?" if hint else "add it to scenarios.csv"),
            )
        elif phase and (scenario, phase) not in self.on_file.scenarios:
            self.tell(
                row,
                "phase",
                "unknown-phase",
                f"the scenario {scenario!r} has no phase {phase!r}; add it to scenarios.csv"
                if scenario
                else "a phase needs a scenario",
            )
        if scenario and row.get("stance") not in (Stance.HYPOTHESISED, Stance.OPINION):
            self.tell(
                row,
                "stance",
                "not-hypothesised",
                "a claim inside a scenario is hypothesised (or an opinion); otherwise leave scenario empty",
            )


def _parent_relation(mine: frozenset[str], theirs: frozenset[str]) -> str:
    """Name the relation that a card's parent stands for, by what both are."""
    table = (
        ("Jurisdiction", "Jurisdiction", "partOfJurisdiction"),
        ("PolicyInstrument", "Jurisdiction", "appliesIn"),
        ("Person", "Organisation", "holdsPostAt"),
        ("Site", "Organisation", "siteOf"),
        ("PublicBody", "PublicBody", "partOfBody"),
        ("PublicBody", "Jurisdiction", "headquarteredIn"),
        ("Organisation", "Organisation", "subsidiaryOf"),
        ("Product", "Organisation", "madeBy"),
    )
    return next((name for one, other, name in table if one in mine and other in theirs), "")


def _is_period(text: str) -> bool:
    try:
        return "/" in text and bool(period(text))
    except NotADate:
        return False


def _split(text: str, by: str = ";") -> list[str]:
    return [part.strip() for part in text.split(by) if part.strip()]


def _spoken(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
