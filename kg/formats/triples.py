"""Rows of a fact batch as RDF, and RDF as rows: which cell is which statement.

What is written looks like the records of the dataset (see ARCHITECTURE.md, "The dataset"): an `ev:Claim` states an
`ev:Proposition` and names its source, speaker and evidence, and the dates of a claim are days with the words of the
source beside them. Nothing but records is written, so that no reader takes what somebody denies for a fact.

Two things are added so that nothing is lost. Where the order of several values counts (kinds, aliases, conditions),
an RDF list holds them beside the plain statements; and what a card says of place and parent is said on the card.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kg.claim import Claim, digest
from kg.dates import OPEN, NotADate, first_day, last_day, period
from kg.errors import Misuse, Problem
from kg.factfile import COLUMNS, LISTS, FactFile, Row, claim_of
from kg.formats.hygiene import settled
from kg.formats.statements import Literal, Reader, Statement
from kg.vocabulary import PREFIXES, RDF_TYPE, Vocabulary, iri, literal, vocabulary

__all__ = ["SCOPING", "Triple", "claims", "proposition", "rows", "triples"]

Triple = tuple[str, str, str]

# A child that reads a foreign file cannot open the ontology any more once it is confined.
_WORDS: Vocabulary = vocabulary()
# Nor the library that reads dates, which `kg.dates` loads with the first one that needs it.
first_day("2024~")

_FIRST, _REST, _NIL = iri("rdf", "first"), iri("rdf", "rest"), iri("rdf", "nil")
_LABEL, _NOTE = iri("skos", "prefLabel"), iri("skos", "note")
_STATED = iri("ev", "dateAsStated")

#: Cells that are one text each: predicate, and the local name of its XML Schema type.
_TEXTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "entities": {
        "label": (_LABEL, ""), "country": (iri("schema", "addressCountry"), ""), "note": (_NOTE, ""),
    },
    "sources": {
        "title": (iri("dcterms", "title"), ""), "publisher": (iri("ev", "publisherName"), ""),
        "author": (iri("dcterms", "creator"), ""), "lang": (iri("dcterms", "language"), ""),
        "url": (iri("schema", "url"), "anyURI"), "digest": (iri("ev", "contentDigest"), ""), "note": (_NOTE, ""),
    },
    "facts": {
        "depth": (iri("ev", "attributionDepth"), "nonNegativeInteger"), "speaker_text": (iri("ev", "speakerText"), ""),
        "confidence": (iri("ev", "confidence"), "decimal"), "quantity": (iri("ev", "quantity"), "decimal"),
        "unit": (iri("ev", "unit"), ""), "note": (_NOTE, ""),
    },
    "scenarios": {"label": (_LABEL, ""), "note": (_NOTE, "")},
}  # fmt: skip
#: Cells that name one thing each: predicate, and the prefix and beginning of what is named.
_LINKS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "entities": {"parent": (iri("dcterms", "isPartOf"), "id", "")},
    "sources": {"kind": (iri("ev", "sourceKind"), "evv", "kind-")},
    "facts": {
        "stance": (iri("ev", "stance"), "evv", "stance-"), "source": (iri("ev", "statedIn"), "source", ""),
        "status": (iri("ev", "status"), "evv", "status-"), "cited_source": (iri("ev", "citedSource"), "source", ""),
        "speaker": (iri("ev", "speaker"), "id", ""), "scenario": (iri("ev", "underScenario"), "scenario", ""),
    },
    "scenarios": {"source": (iri("ev", "statedIn"), "source", "")},
}  # fmt: skip
#: Cells of several values, in their order: predicate of each value, predicate of the list.
_LISTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "entities": {
        "aliases": (iri("skos", "altLabel"), iri("schema", "alternateName")),
        "identifiers": (iri("dcterms", "identifier"), iri("schema", "identifier")),
    },
    "scenarios": {"conditions": (iri("ev", "condition"), iri("schema", "itemListElement"))},
    "facts": {"conditional_on": (iri("ev", "conditionalOn"), iri("dcterms", "requires"))},
}  # fmt: skip
#: The same, to read by: predicate to column and kind of cell.
_READS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    table: {
        **{predicate[1:-1]: (column, "text") for column, (predicate, _) in _TEXTS[table].items()},
        **{predicate[1:-1]: (column, "link") for column, (predicate, *_) in _LINKS[table].items()},
        **{way[1:-1]: (column, "list") for column, ways in _LISTS.get(table, {}).items() for way in ways},
    }
    for table in _TEXTS
}
_KINDS = iri("schema", "additionalType")
#: Cells of the passage, and of the quotation in it.
_PASSAGE = {"paraphrase": iri("ev", "paraphrase"), "locator": iri("ev", "locator")}
_QUOTE = {
    "quote": iri("oa", "exact"),
    "quote_prefix": iri("oa", "prefix"),
    "quote_suffix": iri("oa", "suffix"),
}
#: A claim's market scope and verb stand on its proposition; the first way of writing it is ours.
_SCOPE = {
    "in_market": (iri("schema", "areaServed"), iri("ev", "inMarket")),
    "outside_market": (iri("schema", "ineligibleRegion"), iri("ev", "outsideMarket")),
}
#: What the content of a proposition says beyond its head and its layer.
SCOPING = frozenset(PREFIXES["ev"] + name for name in ("inMarket", "outsideMarket", "verb"))
_VERDICTS = {"same": iri("rdf", "Statement"), "different": iri("owl", "NegativePropertyAssertion")}
_MATCH_PARTS = {
    "same": (iri("rdf", "subject"), iri("rdf", "predicate"), iri("rdf", "object")),
    "different": (iri("owl", "sourceIndividual"), iri("owl", "assertionProperty"), iri("owl", "targetValue")),
}
_NAMED_BY = iri("skos", "hiddenLabel")


# -- writing


def claims(batch: FactFile) -> Iterator[tuple[Row, Claim]]:
    """Yield the facts of a batch with the claim that each row stands for.

    Raises
    ------
    Misuse
        If a row names no relation we know, so that there is no claim.
    """
    for row in batch.facts:
        if row.get("relation") not in _WORDS.relations:
            raise Misuse(f"{row.get('relation')!r} is no relation; only checked facts can be written as RDF")
        yield row, claim_of(row, _WORDS, _ends(row))


def proposition(claim: Claim) -> tuple[str, list[Triple]]:
    """Return the IRI of the proposition that a claim states and its content, as N-Triples terms."""
    return iri("prop", _WORDS.proposition_id(claim.proposition)), _WORDS.triples(claim.proposition)


def triples(table: str, row: Row, claim: Claim | None = None) -> list[Triple]:
    """Return what a row says as triples of N-Triples terms, the members of lists last.

    Parameters
    ----------
    table : str
        Name of the table the row stands in.
    row : Row
    claim : Claim, optional
        For a fact: what `claims` gave with it.
    """
    if table == "facts":
        assert claim is not None
        said = _claim(row, claim)
    else:
        said = _OTHER[table](row)
    return sorted(said, key=lambda triple: triple[0].startswith("_:list"))


def _cells(table: str, row: Row, subject: str) -> Iterator[Triple]:
    for column, (predicate, datatype) in _TEXTS[table].items():
        if row.get(column):
            yield subject, predicate, literal(row.get(column), datatype)
    for column, (predicate, prefix, start) in _LINKS[table].items():
        if row.get(column):
            yield subject, predicate, iri(prefix, start + row.get(column))
    for column, (predicate, ordered) in _LISTS.get(table, {}).items():
        values = _parts(row.get(column), LISTS[column])
        terms = [iri("id", value) if column == "conditional_on" else literal(value) for value in values]
        for term in dict.fromkeys(terms):
            yield subject, predicate, term
        if len(terms) > 1:
            yield from _listed(subject, ordered, terms)


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()] if text else []


def _listed(subject: str, predicate: str, terms: Sequence[str]) -> Iterator[Triple]:
    name = digest(f"{subject} {predicate}")
    nodes = [f"_:list{name}x{number}" for number in range(len(terms))]
    yield subject, predicate, nodes[0]
    for node, term, after in zip(nodes, terms, [*nodes[1:], _NIL], strict=True):
        yield node, _FIRST, term
        yield node, _REST, after


def _entity(row: Row) -> Iterator[Triple]:
    subject = iri("id", row.get("id"))
    codes = _parts(row.get("kinds"), LISTS["kinds"])
    kinds = [_WORDS.kinds[code] for code in codes if code in _WORDS.kinds]
    for cls in dict.fromkeys(kind.cls for kind in kinds):
        yield subject, RDF_TYPE, iri("ev", cls)
    for role in dict.fromkeys(kind.classification for kind in kinds if kind.classification):
        yield subject, iri("ev", "classifiedAs"), iri("evv", role)
    if (
        len(codes) > 1
        or _codes([kind.cls for kind in kinds], [kind.classification for kind in kinds]) != codes
    ):
        yield from _listed(subject, _KINDS, [literal(code) for code in codes])
    yield from _cells("entities", row, subject)


def _source(row: Row) -> Iterator[Triple]:
    subject = iri("source", row.get("id"))
    yield subject, RDF_TYPE, iri("ev", "SourceDocument")
    consulted = {"": "true", "yes": "true", "no": "false"}.get(row.get("consulted"), row.get("consulted"))
    yield subject, iri("ev", "consulted"), literal(consulted, "boolean")
    yield from _cells("sources", row, subject)
    if published := row.get("published"):
        yield subject, iri("ev", "published"), _day(published)
        if not _is_day(published):
            yield subject, _STATED, literal(published)


def _day(date: str, *, last: bool = False) -> str:
    try:
        return literal(str(last_day(date) if last else first_day(date)), "date")
    except NotADate:
        return literal(date)


def _is_day(text: str) -> bool:
    """Say whether a date is a plain day, so that nothing is lost when the day alone is written; 2024-02-XX is none."""
    try:
        return text == str(first_day(text))
    except NotADate:
        return False


def _ends(row: Row) -> tuple[str, str]:
    """Return the ends of the time that a fact is about; both empty where the period cannot be read."""
    try:
        return period(row.get("valid")) if row.get("valid") else (row.get("valid_from"), row.get("valid_to"))
    except NotADate:
        return "", ""


def _claim(row: Row, claim: Claim) -> Iterator[Triple]:
    subject, (stated, _) = iri("claim", claim.id), proposition(claim)
    yield subject, RDF_TYPE, iri("ev", "Claim")
    yield subject, iri("ev", "states"), stated
    yield from _cells("facts", row, subject)
    if claim.about_layer:
        yield subject, iri("ev", "aboutLayer"), iri("evv", "layer-" + claim.about_layer)
    yield from _time(subject, claim.valid_from, claim.valid_to)
    if claim.phase:
        yield subject, iri("ev", "inPhase"), iri("scenario", f"{claim.scenario}/phase-{claim.phase}")
    yield from _passage(subject, row)
    what = claim.proposition
    for predicate, term in zip(
        ("headSubject", "headPredicate", "headObject"), _WORDS.head(what), strict=True
    ):
        yield stated, iri("ev", predicate), term
    yield stated, RDF_TYPE, iri("ev", "Proposition")
    if _WORDS.relations[what.relation].pattern != "direct":
        yield stated, iri("ev", "concernsRelationship"), _WORDS.relationship(what)
    if what.layer:
        yield stated, iri("ev", "aboutLayer"), iri("evv", "layer-" + what.layer)
    for column, (predicate, _) in _SCOPE.items():
        if getattr(what, column):
            yield stated, predicate, iri("id", getattr(what, column))
    if what.verb:
        yield stated, iri("ev", "verb"), literal(what.verb)


def _time(subject: str, start: str, end: str) -> Iterator[Triple]:
    """Days for those who count, and the period in the words of the ledger where a day says more than they do."""
    if start not in ("", OPEN):
        yield subject, iri("ev", "validFrom"), _day(start)
    if end not in ("", OPEN):
        yield subject, iri("ev", "validTo"), _day(end, last=True)
    if any(text and not _is_day(text) for text in (start, end)):
        yield subject, _STATED, literal(f"{start}/{end}")


def _passage(subject: str, row: Row) -> Iterator[Triple]:
    passage, selector = f"{subject[:-1]}-evidence>", f"{subject[:-1]}-quote>"
    if not any(row.get(column) for column in (*_PASSAGE, *_QUOTE)):
        return
    yield subject, iri("ev", "evidence"), passage
    yield passage, RDF_TYPE, iri("oa", "SpecificResource")
    if row.get("source"):
        yield passage, iri("oa", "hasSource"), iri("source", row.get("source"))
    for column, predicate in _PASSAGE.items():
        if row.get(column):
            yield passage, predicate, literal(row.get(column))
    if any(row.get(column) for column in _QUOTE):
        yield passage, iri("oa", "hasSelector"), selector
        yield selector, RDF_TYPE, iri("oa", "TextQuoteSelector")
        for column, predicate in _QUOTE.items():
            if row.get(column):
                yield selector, predicate, literal(row.get(column))


def _scenario(row: Row) -> Iterator[Triple]:
    whole, phase = iri("scenario", row.get("id")), row.get("phase")
    subject = iri("scenario", f"{row.get('id')}/phase-{phase}") if phase else whole
    yield subject, RDF_TYPE, iri("ev", "DealPhase" if phase else "Scenario")
    if phase:
        yield subject, iri("ev", "phaseOf"), whole
        yield subject, iri("ev", "phaseNumber"), literal(phase, "integer")
    yield from _cells("scenarios", row, subject)
    yield from _passage(subject, row)


def _withdrawal(row: Row) -> Iterator[Triple]:
    node = "_:withdrawal" + digest(row.get("claim") + "\n" + row.get("reason"))
    yield node, RDF_TYPE, iri("ev", "Retraction")
    yield node, iri("ev", "retracts"), iri("claim", row.get("claim"))
    yield node, _NOTE, literal(row.get("reason"))


def _match(row: Row) -> Iterator[Triple]:
    verdict = row.get("verdict")
    if verdict not in _VERDICTS:
        raise Misuse(f"{verdict!r} is no verdict; only checked facts can be written as RDF")
    node = "_:match" + digest("\n".join(row.get(column) for column in COLUMNS["matches"]))
    yield node, RDF_TYPE, _VERDICTS[verdict]
    about = iri("id", row.get("entity")), _NAMED_BY, literal(row.get("name"))
    yield from ((node, part, term) for part, term in zip(_MATCH_PARTS[verdict], about, strict=True))
    if row.get("reason"):
        yield node, _NOTE, literal(row.get("reason"))


_OTHER: Mapping[str, Callable[[Row], Iterator[Triple]]] = {
    "entities": _entity, "sources": _source, "scenarios": _scenario, "withdrawals": _withdrawal, "matches": _match,
}  # fmt: skip


# -- reading


def rows(reader: Reader, statements: Iterable[Statement], batch: FactFile) -> None:
    """Read the records among some statements into the rows of a batch; the graph a statement stands in is no matter.

    What is no record is told once, with its number, and not stored.
    """
    _Rows(reader, statements, batch).run()


@dataclass(slots=True)
class _Node:
    """What is said about one subject, by predicate, and where it starts."""

    line: int
    said: dict[str, dict[str | Literal, None]] = field(default_factory=dict)  # values once, in order


class _Rows:
    def __init__(self, reader: Reader, statements: Iterable[Statement], batch: FactFile) -> None:
        self.reader, self.batch, self.statements = reader, batch, list(statements)
        self.nodes: dict[str, _Node] = {}
        self.used: set[tuple[str, str]] = set()
        self.claim_ids: dict[str, str] = {}
        self.languages = 0
        for found in self.statements:
            node = self.nodes.get(found.subject)
            if node is None:
                node = self.nodes[found.subject] = _Node(found.line)
            node.said.setdefault(found.predicate, {})[found.object] = None

    def run(self) -> None:
        by_type: dict[str, list[str]] = {}
        for subject, node in self.nodes.items():
            for kind in node.said.get(_bare(RDF_TYPE), ()):
                if isinstance(kind, str):
                    by_type.setdefault(kind, []).append(subject)
        records = {
            "facts": [PREFIXES["ev"] + "Claim"],
            "withdrawals": [PREFIXES["ev"] + "Retraction"],
            "sources": [PREFIXES["ev"] + "SourceDocument"],
            "scenarios": [PREFIXES["ev"] + "Scenario", PREFIXES["ev"] + "DealPhase"],
            "matches": [_bare(kind) for kind in _VERDICTS.values()],
        }
        for table, types in records.items():
            for subject in dict.fromkeys(subject for kind in types for subject in by_type.get(kind, ())):
                self.add(table, subject)
        for subject, node in self.nodes.items():
            if subject.startswith(PREFIXES["id"]) and (
                _bare(_LABEL) in node.said or _bare(RDF_TYPE) in node.said or _bare(_KINDS) in node.said
            ):
                self.add("entities", subject)
        self.leftovers()

    def add(self, table: str, subject: str) -> None:
        before = len(self.batch.problems)
        cells = getattr(self, f"_read_{table}")(subject)
        if cells is None:
            return
        # As `kg.formats.hygiene` will settle them: an id is worked out from what is kept.
        kept = {column: text for column in cells if (text := settled(column, cells[column]))}
        line = self.nodes[subject].line
        row = Row(self.reader.name, line, kept)
        self.batch.rows(table).append(row)
        if table == "facts":
            if len(self.batch.problems) == before:
                self.check_id(subject, row)
            if reason := self.text(subject, iri("ev", "retractedBecause"), "reason"):
                said = {"claim": self.claim_ids.get(subject, ""), "reason": reason}
                self.batch.withdrawals.append(Row(self.reader.name, line, said))

    # -- telling

    def tell(self, subject: str, code: str, message: str, column: str = "", severity: str = "error") -> None:
        line = self.nodes[subject].line
        self.batch.problems.append(Problem(self.reader.name, line, column or "1", code, message, severity))

    def leftovers(self) -> None:
        """Tell what was no record, and what would be done with it elsewhere but is not here."""
        if self.languages:
            self.reader.note(
                "language-not-kept", f"{self.languages} language tags were not kept; cells are plain text"
            )
        left = Counter[str]()
        for subject, node in self.nodes.items():
            for predicate, values in node.said.items():
                if (subject, predicate) in self.used:
                    continue
                left[predicate] += len(values)
                if predicate == PREFIXES["owl"] + "imports":
                    names = ", ".join(
                        f"<{value if isinstance(value, str) else value.value}>" for value in values
                    )
                    self.reader.tell(
                        node.line,
                        "imports",
                        "import-not-followed",
                        f"{names} was not fetched; load that file too, if you trust it",
                        "warning",
                    )
                if predicate.endswith("owlready_ontology.owl#python_module"):
                    self.reader.tell(
                        node.line,
                        "python_module",
                        "program-ignored",
                        "names a Python module, which some programs would run; it was ignored, delete the line",
                        "warning",
                    )
        if left:
            self.reader.deceiving(
                found for found in self.statements if (found.subject, found.predicate) not in self.used
            )
            total = sum(left.values())
            kinds = ", ".join(f"{_short(predicate)} {count}" for predicate, count in left.most_common(6))
            more = f" and {len(left) - 6} more predicates" if len(left) > 6 else ""
            many = total > 1
            self.reader.note(
                "not-stored" if any(self.batch.rows(table) for table in COLUMNS) else "no-claims",
                f"{total} statement{'s are' if many else ' is'} no part of a claim or card and "
                f"{'were' if many else 'was'} not stored: {kinds}{more}",
            )

    # -- taking what is said

    def values(self, subject: str, predicate: str) -> list[str | Literal]:
        """Return what is said with a predicate, and take note that it was read."""
        node = self.nodes.get(subject)
        key = _bare(predicate)
        found = list(node.said.get(key, ())) if node else []
        if found:
            self.used.add((subject, key))
        return found

    def one(self, subject: str, predicate: str, column: str) -> str | Literal | None:
        found = self.values(subject, predicate)
        if len(found) > 1:
            # The same words in two languages or types are still two values, and only one can be kept.
            self.tell(
                subject,
                "two-values",
                f"{_shown(subject)} has {len(found)} values of {_short(_bare(predicate))}, where one is allowed; keep one",
                column,
            )
        return found[0] if found else None

    def text(self, subject: str, predicate: str, column: str) -> str:
        value = self.one(subject, predicate, column)
        if value is None:
            return ""
        if isinstance(value, str):
            self.tell(
                subject,
                "not-a-text",
                f"{_short(_bare(predicate))} of {_shown(subject)} must be a text in quotes, not {_shown(value)}",
                column,
            )
            return value
        self.languages += bool(value.language)
        return value.value

    def name(self, subject: str, predicate: str, prefix: str, start: str, column: str) -> str:
        """Return the local name of the one thing that is named."""
        value = self.one(subject, predicate, column)
        return self.local(subject, value, prefix, start, column) if value is not None else ""

    def local(self, subject: str, value: str | Literal, prefix: str, start: str, column: str) -> str:
        whole = PREFIXES[prefix] + start
        if isinstance(value, str) and value.startswith(whole):
            return value.removeprefix(whole)
        if (
            isinstance(value, str)
            and column in ("subject", "object")
            and value.startswith(PREFIXES["evv"] + "layer-")
        ):
            return "layer:" + value.removeprefix(PREFIXES["evv"] + "layer-")
        shown = _shown(value) if isinstance(value, str) else repr(value.value[:60])
        self.tell(
            subject,
            "foreign-name",
            f"{shown} is no name of this graph; write <{whole}…> with an id, as the cards have it",
            column,
        )
        return shown

    def listed(self, subject: str, column: str, predicate: str, ordered: str) -> list[str]:
        """Return several values: in the order of the list if there is one, else in the order of the file."""
        plain = [self.part(subject, value, column) for value in self.values(subject, predicate)]
        lists = {tuple(self.part(subject, value, column) for value in self.members(head))
                 for head in self.values(subject, ordered)}  # fmt: skip
        if len(lists) > 1 or (lists and plain and set(plain) - set(*lists)):
            self.tell(
                subject,
                "two-values",
                f"the list {_short(_bare(ordered))} of {_shown(subject)} and the values of {_short(_bare(predicate))} differ; keep one of them",
                column,
            )
        return list(*lists) if lists else plain

    def part(self, subject: str, value: str | Literal, column: str) -> str:
        if column == "conditional_on":
            return self.local(subject, value, "id", "", column)
        if isinstance(value, str):
            self.tell(
                subject,
                "not-a-text",
                f"a value of {column} must be a text in quotes, not {_shown(value)}",
                column,
            )
            return ""
        separator = LISTS[column]
        if separator in value.value:
            self.tell(
                subject,
                "separator",
                f"{value.value[:60]!r} holds {separator!r}, which parts the values of {column}; write it in another way",
                column,
            )
        self.languages += bool(value.language)
        return value.value.strip()

    def members(self, head: str | Literal) -> list[str | Literal]:
        """Return the members of an RDF list, or a single value as a list of one."""
        if not isinstance(head, str) or not (head.startswith("_:") or self.values(head, _FIRST)):
            return [] if head == _bare(_NIL) else [head]
        found, seen = list[str | Literal](), set[str]()
        while isinstance(head, str) and head != _bare(_NIL) and head not in seen:
            seen.add(head)
            found += self.values(head, _FIRST)[:1]
            rest = self.values(head, _REST)
            head = rest[0] if rest else _bare(_NIL)
        return found

    def cells(self, table: str, subject: str) -> dict[str, str]:
        self.values(subject, RDF_TYPE)
        cells = dict.fromkeys((*_TEXTS[table], *_LINKS[table], *_LISTS.get(table, ())), "")
        for said in list(self.nodes[subject].said):
            column, kind = _READS[table].get(said, ("", ""))
            if kind == "text":
                cells[column] = self.text(subject, f"<{said}>", column)
            elif kind == "link":
                _, prefix, start = _LINKS[table][column]
                cells[column] = self.name(subject, f"<{said}>", prefix, start, column)
            elif kind == "list":
                cells[column] = LISTS[column].join(self.listed(subject, column, *_LISTS[table][column]))
        return cells

    # -- tables

    def _read_entities(self, subject: str) -> dict[str, str]:
        cells = self.cells("entities", subject)
        cells["id"] = subject.removeprefix(PREFIXES["id"])
        cells["country"] = cells["country"] or self.text(subject, iri("ev", "isoCode"), "country")
        self.values(subject, iri("ev", "isoCode"))
        lists = {tuple(value.value for value in self.members(head) if isinstance(value, Literal))
                 for head in self.values(subject, _KINDS)}  # fmt: skip
        types = [
            kind.removeprefix(PREFIXES["ev"])
            for kind in self.values(subject, RDF_TYPE)
            if isinstance(kind, str)
        ]
        roles = [
            role.rpartition("/")[2]
            for role in self.values(subject, iri("ev", "classifiedAs"))
            if isinstance(role, str)
        ]
        if len(lists) > 1:
            self.tell(subject, "two-values", f"{_shown(subject)} has two lists of kinds; keep one", "kinds")
        cells["kinds"] = LISTS["kinds"].join(next(iter(lists)) if lists else _codes(types, roles))
        return cells

    def _read_sources(self, subject: str) -> dict[str, str] | None:
        if not subject.startswith(PREFIXES["source"]):
            self.tell(
                subject,
                "foreign-name",
                f"{_shown(subject)} is no name of this graph; call the source <{PREFIXES['source']}…> with an id, and give its address as schema:url",
                "id",
            )
            return None
        cells = self.cells("sources", subject)
        cells["id"] = subject.removeprefix(PREFIXES["source"])
        consulted = self.text(subject, iri("ev", "consulted"), "consulted")
        cells["consulted"] = {"true": "yes", "1": "yes", "false": "no", "0": "no"}.get(consulted, consulted)
        published = self.text(subject, iri("ev", "published"), "published")
        stated = self.text(subject, _STATED, "published")
        cells["published"] = stated or published
        self.agrees(subject, "published", published, stated)
        return cells

    def agrees(self, subject: str, column: str, day: str, stated: str, *, last: bool = False) -> None:
        """See to it that the day beside a stated date is one it can mean."""
        try:
            if day and stated and day != str(last_day(stated) if last else first_day(stated)):
                self.tell(
                    subject,
                    "dates-differ",
                    f"says {day} where ev:dateAsStated says {stated or 'nothing'}; leave one of them out",
                    column,
                )
        except NotADate:
            pass  # told with its cure when the rows are checked

    def _read_facts(self, subject: str) -> dict[str, str]:
        cells = self.cells("facts", subject)
        if subject.startswith(PREFIXES["claim"]):
            self.claim_ids[subject] = subject.removeprefix(PREFIXES["claim"])
        if not subject.startswith("_:"):
            cells["id"] = self.claim_ids.get(subject, subject)
        cells.update(self.period(subject))
        about = self.name(subject, iri("ev", "aboutLayer"), "evv", "layer-", "layer")
        phase = self.name(subject, iri("ev", "inPhase"), "scenario", "", "phase")
        scenario, _, number = phase.rpartition("/phase-")
        cells["phase"] = number
        cells["scenario"] = cells["scenario"] or scenario
        cells.update(self.passage(subject))
        stated = self.one(subject, iri("ev", "states"), "relation")
        if isinstance(stated, str):
            cells.update(self.proposition(subject, stated))
        cells["layer"] = cells.get("layer") or about
        return cells

    def proposition(self, claim: str, subject: str) -> dict[str, str]:
        head = [self.values(subject, iri("ev", f"head{part}")) for part in ("Subject", "Predicate", "Object")]
        if not all(head):
            self.tell(
                claim,
                "no-proposition",
                f"what {_shown(claim)} states is not described; give {_shown(subject)} one ev:headSubject, ev:headPredicate and ev:headObject",
                "relation",
            )
            return {}
        if any(len(values) > 1 for values in head):
            self.tell(
                claim,
                "two-values",
                f"{_shown(subject)} has more than one head subject, predicate or object; give each tie a proposition of its own",
                "relation",
            )
        relation = head[1][0]
        cells = {
            "subject": self.local(claim, head[0][0], "id", "", "subject"),
            "relation": (relation if isinstance(relation, str) else relation.value).removeprefix(
                PREFIXES["ev"]
            ),
            "object": self.local(claim, head[2][0], "id", "", "object"),
            "layer": self.name(subject, iri("ev", "aboutLayer"), "evv", "layer-", "layer"),
        }
        ties = [
            value
            for value in self.values(subject, iri("ev", "concernsRelationship"))
            if isinstance(value, str)
        ]
        self.values(subject, RDF_TYPE)
        for node in (subject, *ties):
            cells["verb"] = self.text(node, iri("ev", "verb"), "verb") or cells.get("verb", "")
            for column, predicates in _SCOPE.items():
                for predicate in predicates:
                    cells[column] = self.name(node, predicate, "id", "", column) or cells.get(column, "")
        return cells

    def period(self, subject: str) -> dict[str, str]:
        start = self.text(subject, iri("ev", "validFrom"), "valid_from")
        end = self.text(subject, iri("ev", "validTo"), "valid_to")
        stated = [value.value for value in self.values(subject, _STATED) if isinstance(value, Literal)]
        whole = [text for text in stated if "/" in text]
        if len(whole) == 1:
            first, _, last = whole[0].partition("/")
            self.agrees(subject, "valid_from", start, first.removesuffix(OPEN))
            self.agrees(subject, "valid_to", end, last.removesuffix(OPEN), last=True)
            return {"valid_from": first, "valid_to": last}
        if not stated:
            return {"valid_from": start, "valid_to": end}
        # The dataset gives the ends one by one: each is the one whose day it is.
        firsts = [text for text in stated if _means(text, start, last=False)]
        lasts = [text for text in stated if _means(text, end, last=True)]
        if whole or set(stated) != {*firsts, *lasts} or len(firsts) > 1 or len(lasts) > 1:
            if len(stated) == 1 and not start and not end:
                return {"valid": stated[0]}
            self.tell(
                subject,
                "dates-differ",
                f"ev:dateAsStated of {_shown(subject)} does not fit its ev:validFrom and ev:validTo; state the whole period once, e.g. 2024/2026-03",
                "valid",
            )
        return {"valid_from": firsts[0] if firsts else start, "valid_to": lasts[0] if lasts else end}

    def passage(self, subject: str) -> dict[str, str]:
        value = self.one(subject, iri("ev", "evidence"), "paraphrase")
        if not isinstance(value, str):
            return {}
        self.values(value, RDF_TYPE)
        self.values(value, iri("oa", "hasSource"))
        cells = {column: self.text(value, predicate, column) for column, predicate in _PASSAGE.items()}
        selector = self.one(value, iri("oa", "hasSelector"), "quote")
        if isinstance(selector, str):
            self.values(selector, RDF_TYPE)
            cells |= {column: self.text(selector, predicate, column) for column, predicate in _QUOTE.items()}
        return cells

    def check_id(self, subject: str, row: Row) -> None:
        """Work the id of a claim out anew: an IRI of ours that says another one is of a claim that was changed."""
        if row.get("relation") not in _WORDS.relations or not row.get("stance"):
            return
        claim = claim_of(row, _WORDS, _ends(row))
        said = self.claim_ids.setdefault(subject, claim.id)
        if said != claim.id:
            self.tell(
                subject,
                "claim-id-differs",
                f"what is said of {_shown(subject)} makes the claim {claim.id}, so something was changed or lost; undo the change, or take the name away",
                "id",
            )
        stated = self.values(subject, iri("ev", "states"))[0]
        mine = _WORDS.proposition_id(claim.proposition)
        if (
            isinstance(stated, str)
            and stated.startswith(PREFIXES["prop"])
            and stated != PREFIXES["prop"] + mine
        ):
            self.tell(
                subject,
                "proposition-id-differs",
                f"what is said of {_shown(stated)} makes the proposition {mine}; undo the change, or take the name away",
                "relation",
            )

    def _read_scenarios(self, subject: str) -> dict[str, str] | None:
        if not subject.startswith(PREFIXES["scenario"]):
            self.tell(
                subject,
                "foreign-name",
                f"{_shown(subject)} is no name of this graph; call the scenario <{PREFIXES['scenario']}…> with an id",
                "id",
            )
            return None
        name, _, phase = subject.removeprefix(PREFIXES["scenario"]).partition("/phase-")
        self.values(subject, iri("ev", "phaseOf"))
        self.values(subject, iri("ev", "phaseNumber"))
        return {**self.cells("scenarios", subject), **self.passage(subject), "id": name, "phase": phase}

    def _read_withdrawals(self, subject: str) -> dict[str, str]:
        self.values(subject, RDF_TYPE)
        target = self.one(subject, iri("ev", "retracts"), "claim")
        named = (
            self.claim_ids.get(target, target.removeprefix(PREFIXES["claim"]))
            if isinstance(target, str)
            else ""
        )
        return {"claim": named, "reason": self.text(subject, _NOTE, "reason")}

    def _read_matches(self, subject: str) -> dict[str, str] | None:
        said = self.nodes[subject].said
        verdict = next(word for word, kind in _VERDICTS.items() if _bare(kind) in said[_bare(RDF_TYPE)])
        entity, by, name = _MATCH_PARTS[verdict]
        if list(said.get(_bare(by), ())) != [_bare(_NAMED_BY)]:
            return None  # a statement about something else
        self.values(subject, RDF_TYPE)
        self.values(subject, by)
        return {
            "name": self.text(subject, name, "name"),
            "entity": self.name(subject, entity, "id", "", "entity"),
            "verdict": verdict,
            "reason": self.text(subject, _NOTE, "reason"),
        }


def _codes(classes: Sequence[str], roles: Sequence[str]) -> list[str]:
    """Return the kind codes that classes and role labels stand for, both as local names."""
    found = [kind for role in roles if role for kind in _WORDS.kinds.values() if kind.classification == role]
    covered = frozenset[str]().union(*(_WORDS.superclasses(kind.cls) for kind in found))
    for cls in classes:
        plain = [kind for kind in _WORDS.kinds.values() if kind.cls == cls and not kind.classification]
        above = any(cls != other and cls in _WORDS.superclasses(other) for other in classes)
        if plain and cls not in covered and not above:
            found.append(min(plain, key=lambda kind: kind.code))
    return [kind.code for kind in found]


def _bare(term: str) -> str:
    return term[1:-1]


def _means(text: str, day: str, *, last: bool) -> bool:
    try:
        return bool(day) and day == str(last_day(text) if last else first_day(text))
    except NotADate:
        return False


def _short(name: str) -> str:
    """Return an IRI with its prefix, where we have one for it."""
    found = max((space for space in PREFIXES.values() if name.startswith(space)), key=len, default="")
    prefix = next((prefix for prefix, space in PREFIXES.items() if space == found), "")
    return (
        f"{prefix}:{name.removeprefix(found)}"
        if found
        else f"<{name if len(name) < 80 else name[:77] + '...'}>"
    )


def _shown(node: str) -> str:
    return "this" if node.startswith("_:") else _short(node)
