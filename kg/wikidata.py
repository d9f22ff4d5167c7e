"""Wikidata items as facts to review: statements with their qualifiers, ranks and references.

What is read is Wikidata; what a statement refers to is cited, and nobody here has read it. So each claim has the
item's page as its source and the document of the reference as its cited source (depth 2), and two references are two
claims, because they may be two voices. A statement without a document stands on Wikidata alone, with less confidence.

A *deprecated* statement is one that Wikidata's editors keep to warn of. Nobody reports or denies it by that, so it
becomes no claim; it is told with its reason. A *normal* one beside a preferred one is kept, with less confidence:
mostly it is the past.

Which property becomes which relation, and which class which kind, is data: ``ontology/wikidata.csv``. What is asked of
the endpoint is in ``queries/wikidata`` [1]_.

References
----------
.. [1] Wikibase: RDF dump format. https://www.mediawiki.org/wiki/Wikibase/Indexing/RDF_Dump_Format
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from urllib.parse import urlsplit

from kg.claim import Stance, digest
from kg.errors import Misuse, NotFound, Problem, Unavailable
from kg.factfile import FactFile, Row
from kg.gate import bind
from kg.names import slug
from kg.query import library
from kg.remote import Endpoint, ask
from kg.vocabulary import folder, vocabulary

__all__ = ["ENDPOINT", "fetch"]

ENDPOINT = "https://query.wikidata.org/sparql"
_ENTITY = "http://www.wikidata.org/entity/"
_STATEMENT = _ENTITY + "statement/"
_RANK = "http://wikiba.se/ontology#"
_ITEM = re.compile(re.escape(_ENTITY) + r"(Q[1-9][0-9]{0,11})\Z")
#: IRIs asked about in one request; more would make a query too long.
_AT_ONCE = 100
_MOST_ITEMS = 50

# Qualifiers and parts of references that are carried over.
_START, _END, _AT, _SHARE, _REASON = "P580", "P582", "P585", "P1107", "P2241"
_STATED_IN, _URL, _PUBLISHED, _TITLE, _PUBLISHER = "P248", "P854", "P577", "P1476", "P123"
#: Characters of a date that its precision vouches for; a decade is written 202X.
_PRECISE = {11: 10, 10: 7, 9: 4}


@dataclass(frozen=True, slots=True)
class _Mapping:
    relation: str
    inverse: bool
    label: str


@dataclass(slots=True)
class _Statement:
    item: str
    about: str
    iri: str
    rank: str
    value: Mapping[str, str]
    qualifiers: dict[str, list[_Said]] = field(default_factory=dict)
    references: dict[str, dict[str, list[_Said]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.iri.removeprefix(_STATEMENT)


@dataclass(frozen=True, slots=True)
class _Said:
    """A value of a qualifier or of a part of a reference, with the precision if it is a date."""

    text: str
    precision: int = 0

    @property
    def day(self) -> str:
        """The date as far as its precision goes; empty for what is no date of our calendar or vaguer than a decade."""
        found = re.match(r"\+?([0-9]{4}-[0-9]{2}-[0-9]{2})T", self.text)
        if found is None:
            return ""
        if self.precision == 8:
            return found.group(1)[:3] + "X"
        return found.group(1)[: _PRECISE.get(self.precision, 0)]


@dataclass(slots=True)
class _Thing:
    """What a card needs to know of an item."""

    said: dict[str, list[str]] = field(default_factory=dict)

    def all(self, what: str) -> list[str]:
        return self.said.get(what, [])

    def one(self, *whats: str) -> str:
        return next((value for what in whats for value in self.all(what)), "")


def fetch(items: Sequence[str], place: Endpoint) -> FactFile:
    """Read what Wikidata, or a Wikibase with its vocabulary, says about items.

    Parameters
    ----------
    items : sequence of str
        Ids such as ``Q42``, at most 50.
    place : Endpoint
        The query service.

    Returns
    -------
    FactFile
        To be written, reviewed and then loaded; with a warning for each statement that stays behind, and why.

    Raises
    ------
    Misuse
        If an id is none.
    NotFound
        If the endpoint says nothing about an item.
    Unavailable
        If it gives no usable answer, see `kg.remote.ask`.

    Notes
    -----
    Four requests for a few items, one after the other.
    """
    wanted = list(dict.fromkeys(items))
    for item in wanted:
        if not re.fullmatch("Q[1-9][0-9]{0,11}", item):
            raise Misuse(f"{item!r} is no item of Wikidata; it is Q and a number, e.g. Q42")
    if not 0 < len(wanted) <= _MOST_ITEMS:
        raise Misuse(f"ask for 1 to {_MOST_ITEMS} items at once")
    return _Reading(wanted, place).batch()


@cache
def _table() -> tuple[dict[str, _Mapping], dict[str, str], frozenset[str]]:
    """Return the mapped properties, the classes with their kinds (the first that fits counts), and what identifies."""
    properties, classes, identities = {}, {}, set()
    with (folder("ontology") / "wikidata.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["entry"] == "property":
                properties[line["id"]] = _Mapping(
                    line["maps_to"], line["direction"] == "inverse", line["label"]
                )
            elif line["entry"] == "class":
                classes[_ENTITY + line["id"]] = line["maps_to"]
            else:
                identities.add(line["id"])
    return properties, classes, frozenset(identities)


class _Reading:
    def __init__(self, items: Sequence[str], place: Endpoint) -> None:
        self.items, self.place = items, place
        self.properties, self.classes, self.identities = _table()
        self.words = vocabulary()
        self.things: dict[str, _Thing] = {}
        self.written: set[tuple[str, str]] = set()
        self.out = FactFile(
            title=f"Wikidata: {', '.join(items)}", note=f"Read from {place.url}; to be reviewed."
        )

    def batch(self) -> FactFile:
        try:
            statements = self.statements()
            self.learn(self.mentioned(statements))
        except KeyError as error:
            raise Unavailable(
                f"the endpoint {self.place.url} answers with rows that were not asked for, or without {error}; "
                "nothing of it was used"
            ) from None
        unknown = Counter(s.about for s in statements if s.about not in self.properties)
        for property_, number in sorted(unknown.items()):
            if property_ not in self.identities:
                self.tell(
                    property_,
                    "unmapped",
                    f"{number} of its statements stay behind: no relation stands for it",
                )
        best = {(s.item, s.about) for s in statements if s.rank == "PreferredRank"}
        for item in self.items:
            if not self.kind(item):
                self.tell(
                    "P31", "unmapped", f"{item} {self.label(item)!r} has no class that a kind stands for"
                )
        for statement in statements:
            if statement.about in self.properties:
                self.state(statement, (statement.item, statement.about) in best)
        return self.out

    def tell(self, property_: str, code: str, message: str) -> None:
        self.out.problems.append(Problem("wikidata", 0, property_, code, message, "warning"))

    # -- asking

    def rows(self, name: str, **values: Iterable[str]) -> Iterator[dict[str, dict[str, str]]]:
        """Yield the rows of a question in ``queries/wikidata``; the first list of IRIs is asked about in parts."""
        (first, many), *others = ((key, [_checked(iri) for iri in iris]) for key, iris in values.items())
        for start in range(0, len(many), _AT_ONCE):
            part = {first: many[start : start + _AT_ONCE], **dict(others)}
            answer = ask(bind(library("wikidata")[name].text, part), self.place)
            if answer.truncated:
                raise Unavailable(
                    f"{self.place.url} has more to say than {self.place.rows:,} rows; ask for fewer items"
                )
            yield from answer.rows

    def statements(self) -> list[_Statement]:
        found: dict[str, _Statement] = {}
        for row in self.rows("statements", item=[_ENTITY + item for item in self.items]):
            iri = row["statement"]["value"]
            found[iri] = _Statement(
                _local(row["item"]),
                _local(row["property"]),
                iri,
                row["rank"]["value"].removeprefix(_RANK),
                row["value"],
            )
        for item in self.items:
            if not any(statement.item == item for statement in found.values()):
                raise NotFound("item of Wikidata", item)
        mapped = [iri for iri, statement in found.items() if statement.about in self.properties]
        for row in self.rows("qualifiers", statement=mapped):
            qualifiers = found[row["statement"]["value"]].qualifiers
            qualifiers.setdefault(_local(row["property"]), []).append(_said(row))
        for row in self.rows("references", statement=mapped):
            references = found[row["statement"]["value"]].references
            parts = references.setdefault(row["reference"]["value"], {})
            parts.setdefault(_local(row["property"]), []).append(_said(row))
        return list(found.values())

    def mentioned(self, statements: Iterable[_Statement]) -> list[str]:
        """IRIs of all items that rows will name."""
        found = [_ENTITY + item for item in self.items]
        for statement in statements:
            if statement.about not in self.properties:
                continue
            found.append(statement.value["value"])
            said = [value for values in statement.qualifiers.values() for value in values]
            for parts in statement.references.values():
                said += [value for values in parts.values() for value in values]
            found += [value.text for value in said]
        return [iri for iri in dict.fromkeys(found) if _ITEM.match(iri)]

    def learn(self, iris: Sequence[str]) -> None:
        for row in self.rows("things", thing=iris, **{"class": self.classes}):
            thing = self.things.setdefault(_local(row["thing"]), _Thing())
            thing.said.setdefault(row["what"]["value"], []).append(row["value"]["value"])

    # -- things

    def thing(self, item: str) -> _Thing:
        return self.things.get(item) or _Thing()

    def label(self, item: str) -> str:
        return self.thing(item).one("label", "label-mul") or item

    def kind(self, item: str) -> str:
        classes = self.thing(item).all("class")
        return next((kind for cls, kind in self.classes.items() if cls in classes), "")

    def spoken(self, said: _Said) -> str:
        """Return a value in words."""
        found = _ITEM.match(said.text)
        return self.label(found.group(1)) if found else said.day or said.text

    def card(self, item: str) -> str:
        """Return the id of the item's card, written where it is not yet."""
        thing, kind, label = self.thing(item), self.kind(item), self.label(item)
        id_ = _slug(label, item.lower())
        country, iso = thing.all("country"), thing.all("iso")
        organisation = "Organisation" in self.words.superclasses(self.words.kinds[kind].cls)
        identifiers = [f"wikidata:{item}"]
        identifiers += [
            f"{what}:{value}" for what in ("lei", "isin", "ticker", "symbol") for value in thing.all(what)
        ]
        # A town lies in a country, but the card of a jurisdiction with a country would pass for that country.
        place = (country if organisation else iso if kind == "jurisdiction" else [])[:2]
        self.row(
            "entities",
            id=id_,
            label=label,
            kinds=kind,
            country=place[0] if len(place) == 1 else "",
            aliases=";".join(alias for alias in thing.all("alias") if ";" not in alias and alias != label),
            identifiers=";".join(text for text in identifiers if ";" not in text),
            note="as Wikidata describes it",
        )
        return id_

    # -- claims

    def state(self, statement: _Statement, beside_preferred: bool) -> None:
        mapping = self.properties[statement.about]
        if statement.rank == "DeprecatedRank":
            reasons = (
                ", ".join(map(self.spoken, statement.qualifiers.get(_REASON, []))) or "no reason is given"
            )
            self.tell(
                statement.about,
                "deprecated",
                f"{statement.id} stays behind: Wikidata deprecates it ({reasons})",
            )
            return
        found = _ITEM.match(statement.value["value"]) if statement.value["type"] == "uri" else None
        if found is None:
            self.tell(
                statement.about,
                "unmapped",
                f"{statement.id} stays behind: its value is unknown or no item",
            )
            return
        ends = (statement.item, found.group(1))
        subject, object_ = reversed(ends) if mapping.inverse else ends
        if why := self.misfit(mapping.relation, subject, object_):
            self.tell(statement.about, "unmapped", f"{statement.id} stays behind: {why}")
            return
        start, end, at = (self.day(statement, name) for name in (_START, _END, _AT))
        share, notes = self.share(statement), self.notes(statement)
        if at and not start:
            start, notes = at, [f"as of {at}; since when is not told", *notes]
        documents: dict[str, list[str]] = {}
        for parts in statement.references.values():
            document, rest = self.document(parts)
            documents.setdefault(document, []).extend(rest)
        # An import from elsewhere is no document, and beside one it says nothing.
        undocumented = documents.pop("", [])
        past = beside_preferred and statement.rank == "NormalRank"
        if past:
            notes.insert(0, "Wikidata prefers another value")
        figure = f", with a share of {share} percent" if share else ""
        for number, (document, rest) in enumerate((documents or {"": undocumented}).items(), 1):
            self.row(
                "facts",
                id=statement.id if number == 1 else f"{statement.id}-{number}",
                subject=self.card(subject),
                relation=mapping.relation,
                object=self.card(object_),
                stance=Stance.REPORTED,
                # An end that is stated but not known is an end all the same.
                status="ended" if _END in statement.qualifiers and not end else "",
                valid_from=start,
                valid_to=end,
                quantity=share,
                unit="percent" if share else "",
                source=self.page(statement.item),
                cited_source=document,
                depth="2" if document else "1",
                paraphrase=(
                    f"Wikidata's item {self.label(statement.item)} gives {self.label(ends[1])} for “{mapping.label}”{figure}."
                ),
                locator=f"statement {statement.id}",
                confidence="0.5" if past or not document else "0.8",
                note="; ".join([*notes, *dict.fromkeys(rest)]),
            )

    def misfit(self, relation: str, subject: str, object_: str) -> str:
        """Return why a relation cannot tie two items; empty if it can."""
        takes = self.words.relations[relation]
        for item, allowed in ((subject, takes.allows_subject), (object_, takes.allows_object)):
            kind = self.kind(item)
            if not kind:
                return f"{item} {self.label(item)!r} has no class that a kind stands for"
            if allowed and not self.words.superclasses(self.words.kinds[kind].cls) & allowed:
                return f"{item} {self.label(item)!r} is a {kind}, which {relation} does not take there"
        return ""

    def day(self, statement: _Statement, name: str) -> str:
        values = statement.qualifiers.get(name, [])
        return values[0].day if len(values) == 1 else ""

    def share(self, statement: _Statement) -> str:
        """Return the share of an owner in percent."""
        values = statement.qualifiers.get(_SHARE, [])
        # Wikidata wants a part of one; what is more may be percent, or not.
        if len(values) != 1 or not re.fullmatch(r"\+?[0-9](?:\.[0-9]{1,30})?", values[0].text):
            return ""
        number = Decimal(values[0].text)
        return f"{(number * 100).normalize():f}" if number <= 1 else ""

    def notes(self, statement: _Statement) -> list[str]:
        """Return in words what the columns cannot hold."""
        held = {name for name in (_START, _END, _AT) if self.day(statement, name)}
        held |= {_SHARE} if self.share(statement) else set()
        return [
            f"{name}: {', '.join(map(self.spoken, values))}"
            for name, values in sorted(statement.qualifiers.items())
            if name not in held
        ]

    # -- sources

    def page(self, item: str) -> str:
        id_ = f"wikidata-{item.lower()}"
        self.row(
            "sources", id=id_, url=f"https://www.wikidata.org/wiki/{item}", title=self.label(item), publisher="Wikidata",
            kind="encyclopedia",
        )  # fmt: skip
        return id_

    def document(self, parts: Mapping[str, Sequence[_Said]]) -> tuple[str, list[str]]:
        """Return the id of the document that a reference names, and in words what else it says.

        The id is empty where it names none, as an import from a Wikipedia does.
        """
        rest = [
            f"reference {name}: {', '.join(map(self.spoken, values))}"
            for name, values in sorted(parts.items())
            if name not in (_STATED_IN, _URL, _PUBLISHED, _TITLE, _PUBLISHER)
        ]
        url = next((said.text for said in parts.get(_URL, ()) if _is_web_address(said.text)), "")
        stated_in = next(
            (found.group(1) for said in parts.get(_STATED_IN, ()) if (found := _ITEM.match(said.text))), ""
        )
        title = next((said.text for said in parts.get(_TITLE, ())), "") or (
            self.label(stated_in) if stated_in else ""
        )
        if not url and not stated_in:
            return "", rest
        publisher = next(map(self.spoken, parts.get(_PUBLISHER, ())), "")
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        publisher = publisher or self.thing(stated_in).one("publisher") or title * (not url) or host
        published = next((said.day for said in parts.get(_PUBLISHED, ())), "")
        id_ = _slug(publisher, digest(f"{url} {title} {publisher} {published}")[:8])
        self.row(
            "sources", id=id_, url=url, title=title, publisher=publisher, published=published, kind="reference",
            consulted="no", note="named by a reference in Wikidata",
        )  # fmt: skip
        return id_, rest

    def row(self, table: str, **cells: str) -> None:
        if table != "facts":
            if (table, cells["id"]) in self.written:
                return
            self.written.add((table, cells["id"]))
        filled = {column: text for column, cell in cells.items() if (text := str(cell).strip())}
        self.out.rows(table).append(Row("wikidata", 0, filled))


def _checked(iri: str) -> str:
    """Return an IRI as a term of a query: only ever one of Wikidata's own form."""
    if not re.fullmatch(re.escape(_ENTITY) + r"(?:statement/)?[A-Za-z0-9$-]+", iri):
        raise Unavailable(f"the endpoint names a thing in a form that is not Wikidata's: {iri[:100]!r}")
    return f"<{iri}>"


def _local(term: Mapping[str, str]) -> str:
    return term["value"].removeprefix(_ENTITY)


def _said(row: Mapping[str, Mapping[str, str]]) -> _Said:
    precision = row["precision"]["value"] if "precision" in row else "0"
    return _Said(row["value"]["value"], int(precision) if precision.isdecimal() else 0)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r'[\s<>"{}|\\^`]', text)
    )


def _slug(text: str, suffix: str) -> str:
    """Return an id that can be read and that nobody else has."""
    return f"{slug(text)[:50].strip('-')}-{suffix}".lstrip("-")
