"""Nanopublications: one claim each, in four graphs that belong together, under a name that is a hash of them.

The **assertion** is the claim and the proposition it is about: never the bare content of the proposition, which a
denial must not assert. The **provenance** tells the source, the speaker and the passage; the **publication info**
the cards that the claim needs to be read alone. Nothing here is signed: who publishes signs.

References
----------
.. [1] Nanopublication Guidelines. https://nanopub.net/guidelines/working_draft/
.. [2] Kuhn, T. and Dumontier, M. Trusty URIs: Verifiable, Immutable, and Permanent Digital Artifacts for Linked Data.
   ESWC 2014. Module RA.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, RdfFormat, parse, serialize

from kg.claim import Claim, Entity, is_country
from kg.errors import Misuse
from kg.factfile import FactFile, Row
from kg.formats.statements import Literal, Reader, Statement
from kg.formats.triples import Triple, claims, triples
from kg.vocabulary import BASE, PREFIXES, RDF_TYPE, iri, literal

__all__ = ["unwrapped", "write"]

_NP = "http://www.nanopub.org/nschema#"
_NPX = "http://purl.org/nanopub/x/"
_PARTS = ("hasAssertion", "hasProvenance", "hasPublicationInfo")
_CODE = re.compile(r"RA[A-Za-z0-9_-]{43}\Z")
#: Stands for the code in the names of a nanopublication whose code is not known yet; no IRI holds a space.
_UNNAMED = f"{BASE}np/ "

#: How `kg.vocabulary.literal` writes what cannot stand in a quoted text, the other way round.
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n", r"\r": "\r", r"\t": "\t"}
_ESCAPED = re.compile(r"\\[\\\"nrt]")

Quad = tuple[str, str, str, str]


# -- reading


def unwrapped(reader: Reader, statements: list[Statement]) -> list[Statement]:
    """Return what the nanopublications among some statements say about our claims, and the statements outside of them.

    Whether a nanopublication is what its name is a hash of is checked; one that makes no claim in our vocabulary is
    told and left out.
    """
    heads = {
        found.subject: found.graph
        for found in statements
        if found.graph and found.predicate == _bare(RDF_TYPE) and found.object == _NP + "Nanopublication"
    }
    if not heads:
        return statements
    graphs: dict[str, list[Statement]] = {}
    for found in statements:
        graphs.setdefault(found.graph, []).append(found)
    kept, foreign = list[Statement](), 0
    for name, head in heads.items():
        parts = {
            found.predicate.removeprefix(_NP): found.object
            for found in graphs.get(head, ())
            if found.subject == name and isinstance(found.object, str)
        }
        line = next((found.line for found in graphs.get(head, ())), 1)
        if not all(parts.get(part) in graphs for part in _PARTS):
            reader.tell(
                line,
                name,
                "nanopub-part",
                f"the nanopublication <{name}> lacks its assertion, provenance or publication info; give it all three graphs",
            )
            continue
        assertion, provenance, about = (graphs.pop(str(parts[part])) for part in _PARTS)
        whole = [*graphs.pop(head), *assertion, *provenance, *about]
        records = (PREFIXES["ev"] + "Claim", PREFIXES["ev"] + "Retraction")
        if not any(found.predicate == _bare(RDF_TYPE) and found.object in records for found in assertion):
            foreign += 1
            continue
        code = _CODE.search(name)
        if code and code.group() != _artifact(_plain(found, code.group()) for found in whole):
            reader.tell(
                line,
                name,
                "nanopub-altered",
                f"<{name}> is not what its name is a hash of: something was changed; fetch it anew from where it was published",
            )
        kept += _said(str(parts["hasAssertion"]), name, assertion, provenance, about)
    if foreign:
        many = foreign > 1
        reader.note(
            "foreign-nanopub",
            f"{foreign} nanopublication{'s make' if many else ' makes'} no claim in this vocabulary and {'were' if many else 'was'} not stored",
        )
    return kept + [found for held in graphs.values() for found in held]


def _said(
    graph: str, name: str, assertion: list[Statement], provenance: list[Statement], about: list[Statement]
) -> Iterator[Statement]:
    """Yield the statements without what holds the parts together; where a claim names no source, its provenance does."""
    made = [
        found
        for found in assertion
        if found.predicate == _bare(RDF_TYPE) and found.object == PREFIXES["ev"] + "Claim"
    ]
    for found in (*assertion, *provenance, *about):
        if found.subject not in (graph, name):
            yield found._replace(graph="")
    told = {(found.subject, found.predicate) for found in (*assertion, *provenance)}
    for words, space, predicate in (
        (("wasDerivedFrom", "hadPrimarySource"), "source", "statedIn"),
        (("wasAttributedTo",), "id", "speaker"),
    ):
        named = [
            found
            for found in provenance
            if found.subject == graph
            and found.predicate.removeprefix(PREFIXES["prov"]) in words
            and isinstance(found.object, str)
            and found.object.startswith(PREFIXES[space])
        ]
        for claim in made:
            key = claim.subject, PREFIXES["ev"] + predicate
            if key not in told and (
                predicate == "statedIn" or (claim.subject, PREFIXES["ev"] + "speakerText") not in told
            ):
                yield from (found._replace(graph="", subject=key[0], predicate=key[1]) for found in named[:1])


# -- the name of a nanopublication


def _artifact(quads: Iterable[tuple[str, str, str, str | Literal]]) -> str:
    """Return the code of quads in which the code itself stands as a space (module RA)."""

    def order(quad: tuple[str, str, str, str | Literal]) -> tuple[object, ...]:
        value = quad[3]
        if not isinstance(value, Literal):
            return (*quad[:3], 0, value, "", "")
        language = value.language or ""
        return (*quad[:3], 1, value.value, "" if language else value.datatype.value, language)

    def text(value: str | Literal) -> str:
        if not isinstance(value, Literal):
            return value
        escaped = value.value.replace("\\", "\\\\").replace("\n", "\\n")
        return (
            f"@{value.language.lower()} {escaped}" if value.language else f"^{value.datatype.value} {escaped}"
        )

    lines = dict.fromkeys(
        "".join(f"{part}\n" for part in (*quad[:3], text(quad[3]))) for quad in sorted(quads, key=order)
    )
    hashed = hashlib.sha256("".join(lines).encode("utf-8")).digest()
    return "RA" + base64.urlsafe_b64encode(hashed).decode("ascii").rstrip("=")


def _plain(found: Statement, code: str) -> tuple[str, str, str, str | Literal]:
    graph, subject, predicate = (name.replace(code, " ") for name in found[:3])
    value = found.object
    return graph, subject, predicate, value.replace(code, " ") if isinstance(value, str) else value


# -- writing


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return a TriG file with one nanopublication for each claim, and one for each withdrawal.

    Each can be read alone: it carries the cards of the entities, sources and scenarios that its claim names. Cards
    that no claim names, and decisions about names, are not published.

    Raises
    ------
    Misuse
        If the batch was not checked and holds what cannot be written.
    """
    cards = _Cards(batch)
    lines: list[str] = []
    for row, claim in claims(batch):
        lines += _named(_nanopub(batch, row, claim, cards))
    for row in batch.withdrawals:
        lines += _named(_withdrawal(batch, row))
    prefixes = {**PREFIXES, "np": _NP, "npx": _NPX, "pub": f"{BASE}np/"}
    try:
        data = serialize(
            parse("\n".join(lines).encode("utf-8"), format=RdfFormat.N_QUADS),
            format=RdfFormat.TRIG,
            prefixes=prefixes,
        )
    except SyntaxError as error:
        raise Misuse(f"the batch holds what RDF cannot: {error}; check it first") from error
    assert data is not None
    return {"claims.trig": data}


class _Cards:
    """The cards of a batch by id."""

    def __init__(self, batch: FactFile) -> None:
        self.entities = {row.get("id"): row for row in batch.entities}
        self.sources = {row.get("id"): row for row in batch.sources}
        self.scenarios = {(row.get("id"), row.get("phase")): row for row in batch.scenarios}
        known = {
            name: Entity(
                name,
                row.get("label"),
                tuple(row.get("kinds").split(";")),
                row.get("country"),
                row.get("parent"),
            )
            for name, row in self.entities.items()
        }
        self.places = {card.country: card.id for card in reversed(known.values()) if is_country(card, known)}

    def with_parents(self, names: Iterable[str]) -> list[str]:
        """Return the entities that are named, those they are part of, and their countries."""
        found: dict[str, None] = {}
        todo = list(names)
        while todo:
            name = todo.pop()
            row = self.entities.get(name)
            if row is not None and name not in found:
                found[name] = None
                todo += [row.get("parent"), self.places.get(row.get("country"), "")]
        return sorted(found)


#: What a claim says of where it comes from, and so belongs to the provenance.
_FROM = frozenset(
    iri("ev", name)
    for name in ("statedIn", "citedSource", "speaker", "speakerText", "attributionDepth", "evidence")
)


def _nanopub(batch: FactFile, row: Row, claim: Claim, cards: _Cards) -> Iterator[Quad]:
    subject = iri("claim", claim.id)
    said = list(triples("facts", row, claim))
    passages = {f"{subject[:-1]}-evidence>", f"{subject[:-1]}-quote>"}
    origin = [triple for triple in said if triple[1] in _FROM or triple[0] in passages]
    content = [triple for triple in said if triple not in origin]
    what = claim.proposition
    scenarios = [key for key in cards.scenarios if claim.scenario and key[0] == claim.scenario]
    named = [claim.source, claim.cited_source, *(cards.scenarios[key].get("source") for key in scenarios)]
    about = [
        what.subject,
        what.object,
        what.in_market,
        what.outside_market,
        claim.speaker,
        *claim.conditional_on,
    ]
    origin = [
        (_part("assertion"), iri("prov", "wasDerivedFrom"), iri("source", claim.source)),
        *(
            [(_part("assertion"), iri("prov", "wasAttributedTo"), iri("id", claim.speaker))]
            if claim.speaker
            else []
        ),
        *origin,
    ]
    for name in dict.fromkeys(named):
        if name in cards.sources:
            origin += triples("sources", cards.sources[name])
    info = _info(batch, iri("ev", "Claim"), subject)
    for name in cards.with_parents(about):
        info += triples("entities", cards.entities[name])
    for key in scenarios:
        info += triples("scenarios", cards.scenarios[key])
    yield from _four(content, origin, info)


def _withdrawal(batch: FactFile, row: Row) -> Iterator[Quad]:
    target = iri("claim", row.get("claim"))
    origin = [(_part("assertion"), iri("prov", "wasDerivedFrom"), target)]
    yield from _four(list(triples("withdrawals", row)), origin, _info(batch, iri("ev", "Retraction"), target))


def _info(batch: FactFile, kind: str, about: str) -> list[Triple]:
    this = f"<{_UNNAMED}>"
    found: list[Triple] = [(this, f"<{_NPX}hasNanopubType>", kind), (this, iri("dcterms", "subject"), about)]
    if batch.recorded:
        stamp = literal(batch.recorded, "dateTime" if "T" in batch.recorded else "date")
        found.append((this, iri("dcterms", "created"), stamp))
    return found


def _part(name: str) -> str:
    return f"<{_UNNAMED}#{name}>"


def _four(assertion: list[Triple], provenance: list[Triple], info: list[Triple]) -> Iterator[Quad]:
    this, graphs = f"<{_UNNAMED}>", [_part(name) for name in ("assertion", "provenance", "pubinfo")]
    head = [(this, RDF_TYPE, f"<{_NP}Nanopublication>")]
    head += [(this, f"<{_NP}{part}>", graph) for part, graph in zip(_PARTS, graphs, strict=True)]
    for graph, held in zip((_part("Head"), *graphs), (head, assertion, provenance, info), strict=True):
        for triple in held:
            # Blank nodes have no place in something that is named by its content.
            s, p, o = (_part(term[2:]) if term.startswith("_:") else term for term in triple)
            yield graph, s, p, o


def _named(quads: Iterable[Quad]) -> list[str]:
    """Return the quads as N-Quads lines, the code in its place."""
    held = list(dict.fromkeys(quads))
    code = _artifact((_bare(g), _bare(s), _bare(p), _value(o)) for g, s, p, o in held)
    mine = [
        [term.replace(_UNNAMED, _UNNAMED[:-1] + code) if term[0] == "<" else term for term in quad]
        for quad in held
    ]
    return [f"{s} {p} {o} {g} ." for g, s, p, o in mine]


def _value(term: str) -> str | Literal:
    if term.startswith("<"):
        return _bare(term)
    text, _, kind = term[1:].rpartition('"')
    value = _ESCAPED.sub(lambda hit: _ESCAPES[hit.group()], text) if "\\" in text else text
    return Literal(value, datatype=NamedNode(kind[3:-1])) if kind else Literal(value)


def _bare(term: str) -> str:
    return term[1:-1]
