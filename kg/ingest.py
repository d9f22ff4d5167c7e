"""From the rows of a batch to records in the ledger: every check of sense, and the only way in.

All problems are found before anything is written; with a single error nothing is stored. Errors and warnings both
say what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kg.claim import (
    Claim,
    Entity,
    Evidence,
    Proposition,
    Record,
    Retraction,
    Scenario,
    Source,
    Stance,
    Status,
    is_country,
)
from kg.errors import Problem, near
from kg.factfile import COLUMNS, FactFile, Row
from kg.ledger import Batch, Ledger
from kg.vocabulary import Relation, Vocabulary, vocabulary

__all__ = ["CARDS", "Checked", "OnFile", "check", "load", "unload"]

#: The source of what entity cards themselves say (place, parent): our own compilation, and marked as such.
CARDS = Source(
    id="entity-cards",
    title="Entity cards of the EV Supply Web",
    publisher="our own entity cards",
    kind="reference",
    note="Compiled by the project from general knowledge; leave it out with --without entity-cards to rest on outside sources alone.",
)
SOURCE_KINDS = (
    "news",
    "company-release",
    "government",
    "filing",
    "analysis",
    "blog",
    "encyclopedia",
    "trade-press",
    "reference",
)

#: Cells of a fact that the claim keeps as they are.
_CLAIM_CELLS = (
    "stance", "source", "status", "cited_source", "depth", "speaker", "speaker_text", "confidence", "quantity", "unit",
    "scenario", "phase", "note",
)  # fmt: skip
_READING_ORDER = {"batch.toml": 0, "entities.csv": 1, "sources.csv": 2, "scenarios.csv": 3}
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_DATE = re.compile(r"(?!0000)[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?\Z")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")


@dataclass(slots=True)
class OnFile:
    """What the ledger holds already, as far as a new batch may refer to it."""

    entities: dict[str, Entity] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    scenarios: dict[tuple[str, str], Scenario] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take a record into account; claims and retractions are not referred to by name."""
        if isinstance(record, Entity):
            self.entities.setdefault(record.id, record)
        elif isinstance(record, Source):
            self.sources.setdefault(record.id, record)
        elif isinstance(record, Scenario):
            self.scenarios.setdefault((record.id, record.phase), record)

    @classmethod
    def of(cls, ledger: Ledger) -> OnFile:
        """Read it from a ledger."""
        on_file = cls()
        for entry in ledger.entries():
            on_file.add(entry.record)
        return on_file


@dataclass(slots=True)
class Checked:
    """The outcome of a check: records with their places, and all problems."""

    records: list[tuple[Record, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """The problems that stop a load."""
        return [problem for problem in self.problems if problem.severity == "error"]


def load(batch: FactFile, ledger: Ledger, *, recorded: str = "") -> tuple[Checked, Batch | None]:
    """Check a batch and, without errors, store it in one transaction.

    Parameters
    ----------
    batch : FactFile
    ledger : Ledger
    recorded : str
        Recorded time to give; only the shipped facts use it.

    Returns
    -------
    Checked
        Records and problems.
    Batch or None
        The new batch; None when there were errors or when nothing in it is new.
    """
    checked = check(batch, OnFile.of(ledger))
    if checked.errors:
        return checked, None
    return checked, ledger.append(checked.records, title=batch.title, recorded=recorded)


def check(batch: FactFile, on_file: OnFile, words: Vocabulary | None = None) -> Checked:
    """Turn the rows of a batch into records and say everything that is wrong with them.

    Parameters
    ----------
    batch : FactFile
        Rows with the problems of their form.
    on_file : OnFile
        What the ledger holds; the batch's own cards are added to it.
    words : Vocabulary, optional
        The project's ontology by default.

    Returns
    -------
    Checked
        Linear in the number of rows, about 40 µs each.
    """
    return _Check(batch, on_file, words or vocabulary()).run()


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
        table, cells = _cells(record)
        batch.rows(table).append(Row("", 0, {name: text for name, text in cells.items() if text}))
    return batch


def _cells(record: Record) -> tuple[str, dict[str, str]]:
    if isinstance(record, Claim):
        claim, p, e = record, record.proposition, record.evidence
        plain = (*_CLAIM_CELLS, "valid_from", "valid_to")
        return "facts", {
            **{name: getattr(p, name) for name in ("subject", "relation", "object", "verb", "in_market", "outside_market")},
            "layer": p.layer or claim.about_layer,
            **{name: str(getattr(claim, name)) for name in plain},
            **{name: getattr(e, name) for name in ("quote", "quote_prefix", "quote_suffix", "paraphrase", "locator")},
            "conditional_on": ";".join(claim.conditional_on),
        }  # fmt: skip
    if isinstance(record, Entity):
        lists = {name: ";".join(getattr(record, name)) for name in ("kinds", "aliases", "identifiers")}
        return "entities", {
            **{name: getattr(record, name) for name in ("id", "label", "country", "parent", "note")},
            **lists,
        }
    if isinstance(record, Source):
        return "sources", {name: getattr(record, name) for name in COLUMNS["sources"]}
    if isinstance(record, Scenario):
        e = record.evidence
        return "scenarios", {
            **{name: getattr(record, name) for name in ("id", "phase", "label", "source", "note")},
            "conditions": " | ".join(record.conditions),
            "quote": e.quote, "quote_prefix": e.quote_prefix, "quote_suffix": e.quote_suffix,
        }  # fmt: skip
    if isinstance(record, Retraction):
        return "withdrawals", {"claim": record.claim, "reason": record.reason}
    return "matches", {name: getattr(record, name) for name in COLUMNS["matches"]}


class _Check:
    def __init__(self, batch: FactFile, on_file: OnFile, words: Vocabulary) -> None:
        self.batch, self.on_file, self.words = batch, on_file, words
        self.out = Checked(problems=list(batch.problems))
        self.seen: dict[tuple[str, str], Row] = {}
        self.cards_told = False
        # An export states the claims of the cards as rows of their own; deriving them again could add to them.
        self.cards_stated = any(row.get("source") == CARDS.id for row in batch.facts)

    def run(self) -> Checked:
        cards = [found for row in self.batch.entities if (found := self.entity(row))]
        for row in self.batch.sources:
            self.source(row)
        for row in self.batch.scenarios:
            self.scenario(row)
        for card, row in cards:
            self.card_claims(card, row)
        labels: dict[str, Row] = {}
        for row in self.batch.facts:
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
        self.out.problems.sort(
            key=lambda problem: (_READING_ORDER.get(problem.file, 9), problem.file, problem.row)
        )
        return self.out

    # -- telling

    def tell(self, row: Row, column: str, code: str, message: str, severity: str = "error") -> None:
        self.out.problems.append(row.problem(column, code, message, severity))

    def one_of(self, row: Row, column: str, allowed: Iterable[str], what: str) -> str:
        """Return the cell if it is one of the allowed words (or empty); otherwise say which are."""
        value, words = row.get(column), list(allowed)
        if value and value not in words:
            hint = near(value, words, 2)
            cure = (
                f"did you mean {' or '.join(hint)}?"
                if hint
                else f"use {', '.join(words[:-1])} or {words[-1]}"
                if len(words) <= 12
                else "see `kg questions ontology` or the README for the list"
            )
            self.tell(row, column, f"unknown-{what}", f"{value!r} is no {what}; {cure}")
        return value

    def known(
        self, row: Row, column: str, value: str, pool: Mapping[str, Entity] | Mapping[str, Source], what: str
    ) -> bool:
        if value in pool:
            return True
        table = "entities.csv" if what == "entity" else "sources.csv"
        names = {name: name for name in pool}
        if what == "entity":
            for entity in self.on_file.entities.values():
                names.update(dict.fromkeys((entity.label, *entity.aliases), entity.id))
        hint = list(dict.fromkeys(names[name] for name in near(value, names)))
        cure = (
            f"did you mean {' or '.join(hint)}? Otherwise add it to {table}"
            if hint
            else f"add it to {table} of this batch"
        )
        self.tell(row, column, f"unknown-{what}", f"no {what} has the id {value!r}; {cure}")
        return False

    def date(self, row: Row, column: str) -> str:
        value = row.get(column)
        if value and not _DATE.match(value):
            self.tell(
                row,
                column,
                "bad-date",
                f"{value!r} is no date we can read; write 2026-01-31, 2026-01 or 2026",
            )
            return ""
        if len(value) == 10:
            import datetime

            try:
                datetime.date.fromisoformat(value)
            except ValueError:
                self.tell(
                    row, column, "bad-date", f"{value!r} is not in the calendar; that month has fewer days"
                )
                return ""
        return value

    def slug(self, row: Row, table: str) -> bool:
        value = row.get("id")
        if value and not _SLUG.match(value):
            self.tell(
                row,
                "id",
                "bad-id",
                f"{value!r} cannot be an id; use lower-case letters, digits and hyphens, e.g. {_slugged(value)!r}",
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

    def entity(self, row: Row) -> tuple[Entity, Row] | None:
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
        if not self.slug(row, "entities"):
            return None
        card = Entity(
            row.get("id"),
            row.get("label"),
            kinds,
            country,
            row.get("parent"),
            tuple(_split(row.get("aliases"))),
            tuple(_split(row.get("identifiers"))),
            row.get("note"),
        )
        if self.clash(row, card, self.on_file.entities.get(card.id), "entity"):
            return None
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
        if row.get("source"):
            self.known(row, "source", row.get("source"), self.on_file.sources, "source")
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
            place = self._places().get(card.country)
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
            if not self.known(row, "parent", card.parent, self.on_file.entities, "entity"):
                return
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

    def _places(self) -> dict[str, str]:
        places: dict[str, str] = {}
        for entity in self.on_file.entities.values():
            if is_country(entity, self.on_file.entities):
                places.setdefault(entity.country, entity.id)
        return places

    # -- facts

    def fact(self, row: Row) -> None:
        before = len(self.out.errors)
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
        self.one_of(row, "stance", list(Stance), "stance")
        self.one_of(row, "status", list(Status), "status")
        self.one_of(row, "layer", sorted(self.words.layers), "layer")
        self.scope(row, relation)
        self.attribution(row)
        self.figures(row)
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
        if len(self.out.errors) > before or relation is None:
            return
        self.store(self.claim(row, relation), row)

    def end(self, row: Row, column: str, relation: Relation | None) -> None:
        value = row.get(column)
        if not value:
            return
        if value.startswith("layer:"):
            if value.removeprefix("layer:") not in self.words.layers:
                self.tell(
                    row,
                    column,
                    "unknown-layer",
                    f"{value!r} names no layer; known are {', '.join('layer:' + name for name in sorted(self.words.layers))}",
                )
                return
        elif not self.known(row, column, value, self.on_file.entities, "entity"):
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
            if (
                value
                and self.known(row, column, value, self.on_file.entities, "entity")
                and "Jurisdiction" not in self.classes(value)
            ):
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
            if row.get(column):
                self.known(row, column, row.get(column), self.on_file.sources, "source")
        if row.get("cited_source") and row.get("cited_source") == row.get("source"):
            self.tell(
                row,
                "cited_source",
                "cites-itself",
                "is the document itself; leave it empty, or name the earlier document",
            )
        if row.get("speaker"):
            self.known(row, "speaker", row.get("speaker"), self.on_file.entities, "entity")
        self.one_of(row, "depth", ("0", "1", "2"), "depth")
        if row.get("depth") == "2" and not row.get("cited_source"):
            self.tell(
                row,
                "cited_source",
                "no-cited-source",
                "depth 2 repeats another document: name that one in cited_source (add it to sources.csv with consulted=no if nobody read it)",
            )

    def figures(self, row: Row) -> None:
        start, end = self.date(row, "valid_from"), self.date(row, "valid_to")
        if start and end and end[: len(start)] < start[: len(end)]:
            self.tell(
                row,
                "valid_to",
                "dates-reversed",
                f"ends {end}, before it starts {start}; exchange them or mend the year",
            )
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
        for name in _split(row.get("conditional_on")):
            self.known(row, "conditional_on", name, self.on_file.entities, "entity")

    def claim(self, row: Row, relation: Relation) -> Claim:
        direct = relation.pattern == "direct"
        proposition = Proposition(
            relation.name,
            row.get("subject"),
            row.get("object"),
            layer="" if direct else row.get("layer"),
            in_market=row.get("in_market"),
            outside_market=row.get("outside_market"),
            verb=row.get("verb"),
        )
        return Claim(
            self.words.normal(proposition),
            **{column: row.get(column) for column in (*_CLAIM_CELLS, "valid_from", "valid_to")},
            evidence=Evidence(
                row.get("quote"),
                row.get("quote_prefix"),
                row.get("quote_suffix"),
                row.get("paraphrase"),
                row.get("locator"),
            ),
            about_layer=row.get("layer") if direct else "",
            conditional_on=tuple(_split(row.get("conditional_on"))),
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


def _split(text: str, by: str = ";") -> list[str]:
    return [part.strip() for part in text.split(by) if part.strip()]


def _slugged(text: str) -> str:
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "an-id"


def _spoken(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
