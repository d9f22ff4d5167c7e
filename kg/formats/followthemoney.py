"""FollowTheMoney entities, the format of OpenSanctions and Aleph, as JSON lines or a JSON list [1]_.

Things become cards with their identifiers; what FollowTheMoney calls intervals (ownership, posts, sanctions …) become
facts. A record knows its data set, and perhaps the page it was taken from, but no quote and no denial: every fact is
*reported* by the data set, citing that page where one is named, with a sentence of ours as evidence and the record's
id as its place. What has no counterpart here is told as a warning and stays behind.

References
----------
.. [1] https://followthemoney.tech/explorer/schemata/
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kg.claim import Stance, digest
from kg.errors import Problem
from kg.factfile import FactFile, Row
from kg.formats import decoded
from kg.vocabulary import vocabulary

__all__ = ["read", "write"]

#: Schema of a thing to the kind of its card. A legal entity may be a person; see `_kind`.
_KINDS = {
    "Company": "company",
    "Organization": "organisation",
    "PublicBody": "public-body",
    "Person": "person",
}
_ORGANISATIONS = ("Company", "Organization", "PublicBody")
#: Properties that only an organisation has: with one of them a legal entity is not a person.
_CORPORATE = (
    "legalForm", "incorporationDate", "dissolutionDate", "leiCode", "registrationNumber", "dunsCode", "uscCode",
    "ogrnCode", "okpoCode", "swiftBic", "uniqueEntityId", "bvdId", "vatCode", "parent",
)  # fmt: skip
#: Property to the scheme of the identifier it holds.
_IDENTIFIERS = {
    "leiCode": "lei", "wikidataId": "wikidata", "isinCode": "isin", "isin": "isin", "ticker": "symbol",
    "registrationNumber": "registration", "idNumber": "id-number", "taxNumber": "tax-number", "vatCode": "vat",
    "dunsCode": "duns", "uscCode": "cn-uscc", "innCode": "ru-inn", "ogrnCode": "ru-ogrn", "okpoCode": "ru-okpo",
    "swiftBic": "swift-bic", "cikCode": "sec-cik", "permId": "permid", "bvdId": "bvd-id", "imoNumber": "imo-number",
    "cageCode": "cage-code", "figiCode": "figi", "uniqueEntityId": "us-uei", "opencorporatesUrl": "opencorporates",
}  # fmt: skip
_NAMES = ("name", "alias", "previousName", "abbreviation")
_COUNTRIES = ("jurisdiction", "mainCountry", "country")


@dataclass(frozen=True, slots=True)
class _Tie:
    """How a schema that ties two things becomes a relation: properties of its ends, relation, words for evidence.

    ``subject_kinds`` and ``object_kinds`` say what the relation takes; other ends are tied by `relatedTo` and the
    verb.
    """

    subject: str
    object: str
    relation: str
    verb: str
    as_what: str
    subject_kinds: tuple[str, ...] = ()
    object_kinds: tuple[str, ...] = ()


_PERSON = ("person",)
_BODIES = ("company", "organisation", "public-body")
_TIES = {
    "Ownership": _Tie("owner", "asset", "ownsStakeIn", "owns", "an owner of", (), _BODIES),
    "Control": _Tie("controller", "controlled", "controls", "controls", "in control of", (), _BODIES),
    "Directorship": _Tie("director", "organization", "holdsPostAt", "is a director of", "a director of", _PERSON, _BODIES),
    "Employment": _Tie("employee", "employer", "holdsPostAt", "works for", "an employee of", _PERSON, _BODIES),
    "Membership": _Tie("member", "organization", "partOfBody", "is a member of", "a member of", _PERSON, ("public-body",)),
    "Occupancy": _Tie("holder", "post", "holdsPostAt", "holds a post at", "the holder of a post at", _PERSON, _BODIES),
    "Succession": _Tie("predecessor", "successor", "relatedTo", "is succeeded by", "succeeded by"),
    "Representation": _Tie("agent", "client", "relatedTo", "represents", "a representative of"),
    "Family": _Tie("person", "relative", "relatedTo", "is a relative of", "a relative of"),
    "Associate": _Tie("person", "associate", "relatedTo", "is an associate of", "an associate of"),
    "UnknownLink": _Tie("subject", "object", "relatedTo", "is linked to", "linked to"),
}  # fmt: skip
#: Properties of a tie that are carried over; `_told` are kept as words in the note.
_DATED = ("startDate", "endDate", "listingDate")
_TOLD = (
    "role", "relationship", "ownershipType", "sharesType", "sharesCount", "sharesValue", "sharesCurrency", "legalBasis",
    "controlType", "status", "secretary", "summary", "description", "reason", "provisions", "authorityId", "unscId",
    "programId", "programUrl", "date", "constituency", "politicalGroup", "country", "recordId", "duration",
)  # fmt: skip
_CITED = ("sourceUrl", "publisher", "publisherUrl")
_STATUS = {"active": "active", "current": "active", "expired": "ended", "ended": "ended", "inactive": "ended",
           "suspended": "suspended"}  # fmt: skip
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?(?=\Z|T)")
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%?\Z")
_WORD = re.compile(r"[^\W\d_]\w*\Z")
_DEEPEST = 16


@dataclass(slots=True)
class _Record:
    """An entity of the file, with the line it stands in."""

    id: str
    schema: str
    line: int
    caption: str = ""
    datasets: tuple[str, ...] = ()
    properties: dict[str, list[str]] = field(default_factory=dict)

    def get(self, name: str) -> list[str]:
        return self.properties.get(name, [])

    def first(self, name: str) -> str:
        return next(iter(self.get(name)), "")

    @property
    def label(self) -> str:
        return self.caption or self.first("name") or self.first("alias") or self.id


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read a file of FollowTheMoney entities into a batch.

    Parameters
    ----------
    name : str
        Name of the file.
    data : bytes
        JSON lines, one entity each, or one JSON list of entities; nested entities are taken apart.
    batch : FactFile
        Gets the rows, and a warning ``unmapped`` for whatever has no place in it.
    """
    text = decoded(name, data, batch)
    if text is not None:
        _Reader(name, batch).read(text)


class _Reader:
    def __init__(self, name: str, batch: FactFile) -> None:
        self.name, self.batch = name, batch
        self.records: dict[str, _Record] = {}
        self.kinds: dict[str, str] = {}
        self.written: set[tuple[str, str]] = set()
        self.labels: Counter[str] = Counter()
        self.left: dict[str, Counter[str]] = {}

    def tell(self, line: int, code: str, message: str, severity: str = "error", column: str = "") -> None:
        self.batch.problems.append(Problem(self.name, line, column, code, message, severity))

    def unmapped(self, record: _Record, why: str) -> None:
        self.tell(
            record.line,
            "unmapped",
            f"the {record.schema} {record.id!r} stays behind: {why}",
            "warning",
            "schema",
        )

    # -- taking the file apart

    def read(self, text: str) -> None:
        for line, body in self.bodies(text):
            self.take(body, line, 0)
        bodies = self.organisations()
        for record in self.records.values():
            self.kinds[record.id] = _kind(record, record.id in bodies)
        self.securities()
        for record in self.records.values():
            self.card(record)
        for record in self.records.values():
            self.facts(record)
        for schema, names in self.left.items():
            told = ", ".join(f"{name} ({number})" for name, number in names.most_common())
            self.tell(
                0, "unmapped", f"of {schema} these properties have no place in a fact file and stay behind: {told}",
                "warning", "properties",
            )  # fmt: skip

    def bodies(self, text: str) -> Iterator[tuple[int, Any]]:
        """Yield what the file holds, with the line it begins in."""
        if text.lstrip().startswith("["):
            found = self.parsed(text, 1)
            if not isinstance(found, list):
                return
            yield from ((1, body) for body in found)
            return
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip() and (body := self.parsed(line, number)) is not None:
                yield number, body

    def parsed(self, text: str, line: int) -> Any:
        try:
            return json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError as error:
            cure = "one entity a line, or one list in [ ]"
            self.tell(
                line + error.lineno - 1,
                "bad-json",
                f"is no JSON: {error.msg} at column {error.colno}; {cure}",
            )
        except _Twice as error:
            self.tell(line, "duplicate-key", f"the key {error} stands twice in one object; keep one of them")
        except ValueError as error:
            self.tell(line, "bad-json", f"is no JSON that can be read: {error}")
        except RecursionError:
            self.tell(line, "too-deep", "is nested deeper than anybody needs; entities nest a few levels")
        return None

    def take(self, body: Any, line: int, depth: int) -> str:
        """Keep an entity and return its id; what is nested in it is kept on its own."""
        if not isinstance(body, dict):
            self.tell(line, "bad-record", "is no entity; one is an object with id, schema and properties")
            return ""
        id_, schema, properties = body.get("id"), body.get("schema"), body.get("properties")
        if not (
            isinstance(id_, str) and id_.strip() and isinstance(schema, str) and isinstance(properties, dict)
        ):
            self.tell(
                line, "bad-record", "is no entity: it needs a text id, a text schema and an object properties"
            )
            return ""
        if depth > _DEEPEST:
            self.tell(line, "too-deep", f"entities nest deeper than {_DEEPEST} levels; export them flat")
            return ""
        datasets, caption = body.get("datasets") or [], body.get("caption") or ""
        if not isinstance(datasets, list):
            self.tell(line, "bad-record", "has no list of data sets; write them in [ ]", column="datasets")
            return ""
        if not self.clean([id_, schema, caption, *datasets], line, "caption"):
            return ""
        record = self.records.setdefault(id_, _Record(id_, schema, line))
        if schema != record.schema:
            self.tell(
                line, "two-schemata",
                f"the id {id_!r} is a {record.schema} on line {record.line} and a {schema} here; mend one of them",
                column="schema",
            )  # fmt: skip
            return id_
        record.caption = record.caption or caption
        record.datasets = tuple(dict.fromkeys((*record.datasets, *datasets)))
        for name, values in properties.items():
            # A nested entity that points back at the one it is nested in is named by its id only.
            kept = record.properties.setdefault(name, [])
            for value in values if isinstance(values, list) else [values]:
                if isinstance(value, dict):
                    value = self.take(value, line, depth + 1)
                if self.clean([value], line, name) and value and value not in kept:
                    kept.append(value)
        return id_

    def clean(self, words: Sequence[Any], line: int, column: str) -> bool:
        """Whether these are texts that can be kept."""
        for word in words:
            if not isinstance(word, str):
                self.tell(
                    line,
                    "bad-record",
                    f"{str(word)[:40]!r} is no text; values are texts in a list",
                    column=column,
                )
                return False
            if any((char < " " and char not in "\t\n\r") or "\ud800" <= char <= "\udfff" for char in word):
                self.tell(
                    line,
                    "control-character",
                    "holds a control character or half of one; delete it",
                    column=column,
                )
                return False
        return True

    # -- things

    def organisations(self) -> set[str]:
        """Ids of things that stand where only an organisation can: what is directed, employs, or has members."""
        found: set[str] = set()
        for record in self.records.values():
            for name in {"Directorship": ("organization",), "Employment": ("employer",), "Membership": ("organization",),
                         "Position": ("organization",), "Ownership": ("asset",)}.get(record.schema, ()):  # fmt: skip
                found.update(record.get(name))
        return found

    def securities(self) -> None:
        """Give the numbers of a security to the firm that issued it."""
        for record in self.records.values():
            if record.schema != "Security":
                continue
            issuers = [self.records[id_] for id_ in record.get("issuer") if self.kinds.get(id_, "")]
            if len(issuers) != 1:
                self.unmapped(record, "it does not name one issuer in this file that could bear its numbers")
                continue
            for name in ("isin", "ticker", "figiCode"):
                mine = issuers[0].properties.setdefault(name, [])
                mine += [value for value in record.get(name) if value not in mine]
            self.leave(record, {"issuer", "isin", "ticker", "figiCode", "name", *_CITED})

    def leave(self, record: _Record, used: set[str]) -> None:
        """Count the properties that are not carried over."""
        for name in record.properties.keys() - used:
            if record.properties[name]:
                self.left.setdefault(record.schema, Counter())[name] += 1

    def card(self, record: _Record) -> None:
        kind = self.kinds[record.id]
        if not kind:
            if record.schema not in (*_TIES, "Sanction", "Security", "Position"):
                why = (
                    "it may be a person or an organisation, and nothing in the file says which"
                    if record.schema == "LegalEntity"
                    else "a fact file has no kind for it"
                )
                self.unmapped(record, why)
            return
        # A record without a caption is named by the first of its names.
        names = [name for property_ in _NAMES for name in record.get(property_)]
        aliases = [name for name in dict.fromkeys(names) if name != record.label]
        identifiers = [f"ftm:{record.id}"]
        for name, scheme in _IDENTIFIERS.items():
            for value in record.get(name):
                # A ticker without its exchange means a different firm on each.
                scheme_ = "ticker" if name == "ticker" and ":" in value else scheme
                identifiers.append(f"{scheme_}:{value}")
        divided = [text for text in (*aliases, *identifiers) if ";" in text]
        for text in divided:
            self.tell(
                record.line, "unmapped", f"{text!r} holds a semicolon, which parts names in a fact file; it stays behind",
                "warning", "properties",
            )  # fmt: skip
        self.row(
            "entities", record, id=_slug(record.id), label=record.label, kinds=kind,
            country=self.country(record) if kind != "person" else "",
            aliases=";".join(name for name in aliases if name not in divided),
            identifiers=";".join(text for text in identifiers if text not in divided),
            note=f"{record.schema} in the FollowTheMoney data of {', '.join(record.datasets) or self.name}",
        )  # fmt: skip
        for parent in record.get("parent"):
            sentence = f"names {self.called(parent)} as the parent of {record.label}"
            if self.kinds.get(parent) in _BODIES and kind in _BODIES:
                self.fact(record, _slug(record.id), "subsidiaryOf", _slug(parent), sentence)
            else:
                self.unmapped(record, f"its parent {parent!r} is no organisation of this file")
        self.leave(record, {*_NAMES, *_IDENTIFIERS, "parent", *_COUNTRIES, *_CITED})

    def country(self, record: _Record) -> str:
        for name in _COUNTRIES:
            codes = sorted({code.upper() for code in record.get(name)})
            if len(codes) == 1 and re.fullmatch("[A-Z]{2}", codes[0]) and codes[0] not in ("ZZ", "XX"):
                return codes[0]
            if codes:
                self.tell(
                    record.line, "unmapped",
                    f"{record.label!r} has the {name} {', '.join(codes)}, which is not one country of today; left empty",
                    "warning", name,
                )  # fmt: skip
                return ""
        return ""

    # -- ties

    def facts(self, record: _Record) -> None:
        if record.schema == "Sanction":
            self.sanction(record)
        elif tie := _TIES.get(record.schema):
            self.tie(record, tie)

    def tie(self, record: _Record, tie: _Tie) -> None:
        subjects = record.get(tie.subject)
        objects = [self.organisation_of_post(id_) for id_ in record.get(tie.object)]
        pairs = [(one, other) for one in subjects for other in objects]
        if not pairs:
            self.unmapped(record, f"it does not name both its {tie.subject} and its {tie.object}")
        for one, other in pairs:
            missing = next((id_ for id_ in (one, other) if not self.kinds.get(id_)), "")
            if missing:
                what = f"a {self.records[missing].schema}" if missing in self.records else "not in this file"
                self.unmapped(record, f"{missing!r} is {what}, so it has no card to tie to")
                continue
            fits = (not tie.subject_kinds or self.kinds[one] in tie.subject_kinds) and (
                not tie.object_kinds or self.kinds[other] in tie.object_kinds
            )
            relation = tie.relation if fits else "relatedTo"
            word = record.first("relationship") or (
                record.first("role") if record.schema == "UnknownLink" else ""
            )
            verb = f"has as {word}" if word and record.schema in ("Family", "Associate") else word or tie.verb
            as_what = f"gives {self.called(one)} as {tie.as_what} {self.called(other)}"
            verb = verb if relation == "relatedTo" else ""
            self.fact(record, _slug(one), relation, _slug(other), as_what, verb=verb)
        self.leave(record, {tie.subject, tie.object, "percentage", *_DATED, *_TOLD, *_CITED})

    def organisation_of_post(self, id_: str) -> str:
        """Return the organisation that a position is at, or what was given."""
        record = self.records.get(id_)
        return record.first("organization") or id_ if record and record.schema == "Position" else id_

    def sanction(self, record: _Record) -> None:
        programs = record.get("program") or [f"sanctions of {name}" for name in record.get("authority")]
        if not programs:
            self.unmapped(
                record, "it names neither a programme nor an authority, so there is no list to be on"
            )
            return
        for program in programs:
            list_ = "list-" + _slug(program)
            self.row(
                "entities",
                record,
                id=list_,
                label=program,
                kinds="list",
                note="a sanctions list of FollowTheMoney data",
            )
            for one in record.get("entity"):
                if not self.kinds.get(one):
                    what = f"a {self.records[one].schema}" if one in self.records else "not in this file"
                    self.unmapped(record, f"{one!r} is {what}, so it has no card to put on a list")
                    continue
                self.fact(
                    record, _slug(one), "listedOn", list_, f"puts {self.called(one)} on the list “{program}”"
                )
            for authority in record.get("authority"):
                body = "authority-" + _slug(authority)
                self.row(
                    "entities", record, id=body, label=authority, kinds="authority",
                    note="an authority that FollowTheMoney data name",
                )  # fmt: skip
                sentence = f"names {authority} as the authority behind the list “{program}”"
                self.fact(record, body, "imposes", list_, sentence, dated=False)
        if not record.get("entity"):
            self.unmapped(record, "it does not say who is sanctioned")
        self.leave(record, {"entity", "program", "authority", *_DATED, *_TOLD, *_CITED})

    def called(self, id_: str) -> str:
        return self.records[id_].label if id_ in self.records else id_

    # -- rows

    def fact(
        self,
        record: _Record,
        one: str,
        relation: str,
        other: str,
        sentence: str,
        *,
        verb: str = "",
        dated: bool = True,
    ) -> None:
        source, of = self.source(record)
        cited = self.cited(record)
        number = _NUMBER.match(record.first("percentage")) if relation == "ownsStakeIn" else None
        cells = {
            "subject": one,
            "relation": relation,
            "object": other,
            "verb": verb,
            "stance": Stance.REPORTED,
            "quantity": number.group(1) if number else "",
            "unit": "percent" if number else "",
            "source": source,
            "cited_source": cited,
            "depth": "2" if cited else "1",
            "locator": f"record {record.id}",
            "confidence": "0.5" if relation == "relatedTo" else "0.9",
        }
        said = []
        if dated:
            cells["valid_from"] = self.day(record, "startDate") or self.day(record, "listingDate")
            cells["valid_to"] = self.day(record, "endDate")
            cells["status"] = _STATUS.get(record.first("status").casefold(), "")
            said = [f"{_spoken(name)}: {'; '.join(record.get(name))}" for name in _TOLD if record.get(name)]
            if record.get("percentage") and not number:
                said.append(f"percentage: {'; '.join(record.get('percentage'))}")
            cells["note"] = " · ".join(said)
        figure = f", with {number.group(1)} percent" if number else ""
        role = f", in the role “{record.first('role')}”" if dated and record.get("role") else ""
        cells["paraphrase"] = f"The FollowTheMoney record {record.id} of {of} {sentence}{figure}{role}."
        self.labels[record.id] += 1
        label = record.id if self.labels[record.id] == 1 else f"{record.id}-{self.labels[record.id]}"
        self.row("facts", record, id=label, **cells)

    def day(self, record: _Record, name: str) -> str:
        values = record.get(name)
        found = _DATE.match(values[0]) if len(values) == 1 else None
        if values and not found:
            self.tell(
                record.line, "unmapped", f"{name} of {record.id!r} is {', '.join(values)!r}, which is not one date; left empty",
                "warning", name,
            )  # fmt: skip
        return found.group() if found else ""

    def source(self, record: _Record) -> tuple[str, str]:
        """Return the id of the document that was read, the data set, and how to call it in a sentence."""
        stem = self.name.rpartition("/")[2].partition(".")[0]
        # Which of several data sets says a thing is not told, so together they are one voice.
        named = " and ".join(sorted(record.datasets)) or stem
        of = f"the data set {named}" if record.datasets else f"the file {stem}"
        id_ = "ftm-" + _slug(named)
        self.row(
            "sources",
            record,
            id=id_,
            title=f"FollowTheMoney records of {of}",
            publisher=named,
            kind="reference",
        )
        return id_, of

    def cited(self, record: _Record) -> str:
        """Return the id of the page that a record says it was taken from; nobody here has read it."""
        url, publisher = record.first("sourceUrl"), record.first("publisher")
        if not url and not publisher:
            return ""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            host = ""
        whole = (
            bool(host) and url.startswith(("http://", "https://")) and not re.search(r'[\s<>"{}|\\^`]', url)
        )
        if url and not whole:
            self.tell(
                record.line, "unmapped", f"{url!r} is no web address; it stays behind", "warning", "sourceUrl"
            )
            if not publisher:
                return ""
        named = publisher or host
        id_ = f"{_slug(named)}-{digest(f'{url} {publisher}')[:8]}"
        self.row(
            "sources", record, id=id_, url=url if whole else "", publisher=named, kind="reference", consulted="no",
            note="named by FollowTheMoney data as where a record was taken from",
        )  # fmt: skip
        return id_

    def row(self, table: str, record: _Record, **cells: str) -> None:
        """Write a row; of a card and of a source the first counts."""
        if table != "facts":
            if (table, cells["id"]) in self.written:
                return
            self.written.add((table, cells["id"]))
        filled = {column: text for column, cell in cells.items() if (text := str(cell).strip())}
        self.batch.rows(table).append(Row(self.name, record.line, filled))


class _Twice(Exception):
    """A key that stands twice in one object."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(repr(next(name for name in names if names.count(name) > 1)))
    return found


def _kind(record: _Record, organisation: bool) -> str:
    """Return the kind of a thing; empty where a fact file has none, or where it is not told."""
    if record.schema == "LegalEntity":
        return "organisation" if organisation or any(map(record.get, _CORPORATE)) else ""
    return _KINDS.get(record.schema, "")


def _slug(id_: str) -> str:
    """Return the id of a card for an id of the file: itself if it can be one, else like it and never another's."""
    plain = re.sub(r"[^a-z0-9]+", "-", id_.lower()).strip("-")[:60].strip("-")
    return plain if plain == id_ else f"{plain}-{digest(id_)[:8]}".strip("-")


def _spoken(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


# -- the way out

#: Class of a card to the schema of the entity, the most special first.
_SCHEMATA = (
    ("Person", "Person"), ("Company", "Company"), ("PublicBody", "PublicBody"), ("Organisation", "Organization"),
)  # fmt: skip
_OUT = {
    "ownsStakeIn": ("Ownership", "owner", "asset"),
    "controls": ("Control", "controller", "controlled"),
    "holdsPostAt": ("Employment", "employee", "employer"),
    "employs": ("Employment", "employer", "employee"),
    "partOfBody": ("Membership", "member", "organization"),
}


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return the entities of a batch as FollowTheMoney JSON lines, and a table of what they cannot say.

    Parameters
    ----------
    batch : FactFile
    form : str
        ``ftm``; there is only this one.

    Returns
    -------
    dict of str to bytes
        ``entities.ftm.json`` and ``left-out.csv`` (file, line, id, reason).

    Notes
    -----
    This loses much and is not meant to be read back to the same ids. FollowTheMoney has no stance and no status to
    come: only what somebody reports or confirms, nobody in the batch denies, and is or was in force goes out. It
    has no goods, sites, layers or policies; lists become sanctions. Relations without a schema become ``UnknownLink``
    with the relation as its role. The quote or paraphrase goes into ``description``.
    """
    return _Writer(batch).files()


class _Writer:
    def __init__(self, batch: FactFile) -> None:
        self.batch, self.words = batch, vocabulary()
        self.sources = {row.get("id"): row for row in batch.sources}
        self.cards = {row.get("id"): row for row in batch.entities}
        self.schemata = {id_: self.schema(row) for id_, row in self.cards.items()}
        self.ids = {id_: _own_id(row) for id_, row in self.cards.items()}
        self.out: list[dict[str, Any]] = []
        self.left: list[tuple[Row, str]] = []

    def files(self) -> dict[str, bytes]:
        import csv
        import io

        for id_, row in self.cards.items():
            self.entity(id_, row)
        denied = {self.tie_of(row) for row in self.batch.facts if row.get("stance") == Stance.DENIED}
        for row in self.batch.facts:
            self.fact(row, denied)
        lines = "".join(json.dumps(body, ensure_ascii=False, sort_keys=True) + "\n" for body in self.out)
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["file", "line", "id", "reason"])
        rows.writerows([row.file, row.line, row.get("id"), why] for row, why in self.left)
        return {"entities.ftm.json": lines.encode("utf-8"), "left-out.csv": table.getvalue().encode("utf-8")}

    def schema(self, row: Row) -> str:
        kinds = [
            self.words.kinds[kind].cls for kind in row.get("kinds").split(";") if kind in self.words.kinds
        ]
        classes = frozenset().union(*map(self.words.superclasses, kinds))
        if "RestrictedList" in classes:
            return "Sanction"
        return next((schema for cls, schema in _SCHEMATA if cls in classes), "")

    def entity(self, id_: str, row: Row) -> None:
        schema = self.schemata[id_]
        if not schema:
            self.left.append((row, f"FollowTheMoney has no schema for the kind {row.get('kinds')}"))
        if schema in ("", "Sanction"):
            return
        properties: dict[str, list[str]] = {"name": [row.get("label")], "alias": _parts(row.get("aliases"))}
        if row.get("country"):
            properties["nationality" if schema == "Person" else "country"] = [row.get("country").lower()]
        for text in _parts(row.get("identifiers")):
            scheme, _, value = text.partition(":")
            name = next((name for name, known in _IDENTIFIERS.items() if known == scheme), "")
            if scheme == "ticker" and schema == "Company":
                properties.setdefault("ticker", []).append(value)
            elif name and (schema == "Company" or name in ("wikidataId", "leiCode")):
                properties.setdefault(name, []).append(value)
        self.put(self.ids[id_], schema, properties, [], caption=row.get("label"))

    @staticmethod
    def tie_of(row: Row) -> tuple[str, ...]:
        return tuple(row.get(column) for column in ("subject", "relation", "object", "verb"))

    def fact(self, row: Row, denied: set[tuple[str, ...]]) -> None:
        if why := self.unsayable(row, denied):
            self.left.append((row, why))
            return
        one, other = row.get("subject"), row.get("object")
        relation = row.get("relation")
        source = self.sources.get(row.get("cited_source")) or self.sources.get(row.get("source"))
        properties = {
            "startDate": [row.get("valid_from")] if _DATE.fullmatch(row.get("valid_from")) else [],
            "endDate": [row.get("valid_to")] if _DATE.fullmatch(row.get("valid_to")) else [],
            "description": [row.get("quote") or row.get("paraphrase")],
            "sourceUrl": [source.get("url")] if source and source.get("url") else [],
            "publisher": [source.get("publisher")] if source else [],
        }
        if relation == "listedOn":
            schema = "Sanction"
            properties |= {"entity": [self.ids[one]], "program": [self.cards[other].get("label")]}
        else:
            schema, first, second = _OUT.get(relation, ("UnknownLink", "subject", "object"))
            properties |= {first: [self.ids[one]], second: [self.ids[other]]}
            if schema == "UnknownLink":
                properties["role"] = [row.get("verb") or self.words.relations[relation].label]
            if schema == "Ownership" and row.get("quantity") and row.get("unit") == "percent":
                properties["percentage"] = [row.get("quantity")]
        content = json.dumps([schema, properties, row.get("source")], sort_keys=True)
        self.put(f"{schema.lower()}-{digest(content)}", schema, properties, [row.get("source")])

    def unsayable(self, row: Row, denied: set[tuple[str, ...]]) -> str:
        """Return why FollowTheMoney cannot say what a row says; empty if it can."""
        relation, status = row.get("relation"), row.get("status")
        if row.get("stance") not in (Stance.CONFIRMED, Stance.REPORTED):
            return f"FollowTheMoney cannot say that something is only {row.get('stance')}"
        if self.tie_of(row) in denied:
            return "somebody denies it, which FollowTheMoney cannot say"
        if relation not in self.words.relations:
            return f"{relation!r} is no relation"
        status = status or self.words.relations[relation].default_status
        if status not in ("active", "ended", "suspended"):
            return f"FollowTheMoney cannot say that a tie is {status}"
        if row.get("in_market") or row.get("outside_market"):
            return "FollowTheMoney cannot limit a tie to a market"
        for column in ("subject", "object"):
            schema = self.schemata.get(row.get(column), "")
            if not schema or (schema == "Sanction") != (relation == "listedOn" and column == "object"):
                return f"FollowTheMoney has no entity for the {column} {row.get(column)}"
        schema = _OUT.get(relation, ("",))[0]
        subject, object_ = (self.schemata[row.get(column)] for column in ("subject", "object"))
        if schema == "Ownership" and object_ != "Company":
            return f"in FollowTheMoney nobody can own a {object_}"
        if schema == "Membership" and object_ not in _ORGANISATIONS:
            return f"in FollowTheMoney nobody can be a member of a {object_}"
        return "" if relation != "listedOn" or subject else "FollowTheMoney has no entity for the subject"

    def put(
        self,
        id_: str,
        schema: str,
        properties: Mapping[str, Sequence[str]],
        datasets: Sequence[str],
        caption: str = "",
    ) -> None:
        body: dict[str, Any] = {
            "id": id_,
            "schema": schema,
            "properties": {name: list(values) for name, values in properties.items() if values},
        }
        if datasets:
            body["datasets"] = list(datasets)
        if caption:
            body["caption"] = caption
        self.out.append(body)


def _own_id(row: Row) -> str:
    """Return the id that an entity had in FollowTheMoney, or its id here."""
    kept = [text for text in _parts(row.get("identifiers")) if text.startswith("ftm:")]
    return kept[0].removeprefix("ftm:") if kept else row.get("id")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
