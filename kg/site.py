"""The static site: the ontology's reference, the questions and exposure pages, as a folder that needs no server.

The reference is read from the Turtle files, the shapes, the rules, the reach table and the questions themselves, so
it cannot say anything else than they do. All terms stand on one page, each under its local name, because a term's IRI
ends in ``#LocalName`` and a redirect keeps that part: ``https://w3id.org/evsw/ontology#Claim`` can lead straight to
its entry. The pages run no script, name no other host, and the same ledger, view and program give the same bytes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyoxigraph

from kg.errors import Refused, Unavailable
from kg.exposure import exposure_report, exposures
from kg.query import Question, library
from kg.rules import parse_rules
from kg.view import View
from kg.vocabulary import BASE, EV, EVV, PREFIXES, Relation, Vocabulary, ontology_files
from kg.workspace import KnowledgeGraph

__all__ = ["SiteReport", "build_site", "documentation", "reference"]

#: Pages of exposure are written for this many carmakers, those with the most paths first: each page carries its own
#: copy of the drawing library (0.4 MB), and the site is to stay a download of a few megabytes.
FIRMS = 16
MARKER = ".kg-site"

EVSH = BASE + "shapes#"
SH = "http://www.w3.org/ns/shacl#"
RDF, RDFS, OWL, SKOS, DCTERMS = (PREFIXES[name] for name in ("rdf", "rdfs", "owl", "skos", "dcterms"))
TYPE = RDF + "type"

#: Words of a sentence: plain text, or a link described by what it leads to.
Part = str | dict[str, str]
Words = list[Part]
Row = dict[str, Any]

_POLICY = "default-src 'none'; style-src 'self' file:; img-src data:; base-uri 'none'; form-action 'none'"
_SECTIONS = {
    "class": "Classes",
    "relation": "Relations of the fact file",
    "role": "Roles in a relationship",
    "property": "Further properties",
    "data property": "Figures, dates and texts",
    "annotation": "Annotations",
}
_MATCHES = {
    "exactMatch": "the same as",
    "closeMatch": "close to",
    "broadMatch": "narrower than",
    "narrowMatch": "broader than",
    "relatedMatch": "related to",
}
_TRAITS = {
    "SymmetricProperty": "symmetric: it holds both ways round",
    "TransitiveProperty": "transitive: it carries on over any number of steps",
    "FunctionalProperty": "functional: one value at most",
}
#: Everything in a query that can name a term, and what could only seem to.
_MENTION = re.compile(
    r"""<(?P<iri>[^<>\s]*)>|\#[^\n]*|"{3}.*?"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'
    |(?<![\w:.-])(?P<prefix>evv?):(?P<local>[\w-]+)""",
    re.X | re.S,
)


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was written.

    Attributes
    ----------
    folder : Path
    files : tuple of str
        Paths inside the folder, sorted.
    size : int
        Bytes of all files.
    terms, questions : int
        How many of each are documented.
    firms : tuple of str
        Entity ids of the carmakers that have an exposure page.
    further : int
        Carmakers with exposure paths that got no page, because the site would become too large.
    """

    folder: Path
    files: tuple[str, ...]
    size: int
    terms: int
    questions: int
    firms: tuple[str, ...]
    further: int


# -- reading


class _Triples:
    """What the ontology's files say, in the order in which they say it.

    A blank node's name starts with ``_:`` and is new at every reading: it leads on, but is never shown nor sorted by.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.links: dict[str, dict[str, list[str]]] = {}
        self.texts: dict[str, dict[str, list[str]]] = {}
        self.back: dict[str, dict[str, list[str]]] = {}
        self.module: dict[str, str] = {}
        self.prefixes = dict(PREFIXES)
        self.plain: list[tuple[str, str, str]] = []
        for path in files:
            module = path.stem
            parsed = pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE)
            try:
                for quad in parsed:
                    self._add(module, quad)
            except SyntaxError as error:
                raise Unavailable(f"the ontology module {path.name} cannot be read: {error}") from error
            self.prefixes = {**parsed.prefixes, **self.prefixes}

    def _add(self, module: str, quad: pyoxigraph.Quad) -> None:
        subject, predicate = _name(quad.subject), quad.predicate.value
        if isinstance(quad.object, pyoxigraph.Literal):
            value = quad.object.value
            self.texts.setdefault(subject, {}).setdefault(predicate, []).append(value)
        else:
            value = _name(quad.object)
            self.links.setdefault(subject, {}).setdefault(predicate, []).append(value)
            self.back.setdefault(predicate, {}).setdefault(value, []).append(subject)
        if predicate == TYPE:
            self.module.setdefault(subject, module)
        if (
            module not in ("shapes", "alignments")
            and not subject.startswith("_:")
            and not value.startswith("_:")
        ):
            self.plain.append((subject, predicate, value))

    def to(self, subject: str, predicate: str) -> list[str]:
        """Return what a subject is linked to by a predicate."""
        return self.links.get(subject, {}).get(predicate, [])

    def said(self, subject: str, predicate: str) -> list[str]:
        """Return the literal values of a predicate."""
        return self.texts.get(subject, {}).get(predicate, [])

    def text(self, subject: str, predicate: str) -> str:
        """Return the first literal value, or nothing."""
        return next(iter(self.said(subject, predicate)), "")

    def of(self, predicate: str, value: str) -> list[str]:
        """Return the subjects that a predicate links to a value."""
        return self.back.get(predicate, {}).get(value, [])

    def items(self, head: str) -> Iterator[str]:
        """Yield the items of an RDF list."""
        while head != RDF + "nil" and self.to(head, RDF + "first"):
            yield self.to(head, RDF + "first")[0]
            head = self.to(head, RDF + "rest")[0]

    def nodes(self, start: str) -> list[str]:
        """Return a node and the nameless nodes inside it."""
        found = [start]
        for node in found:
            found += [
                value
                for values in self.links.get(node, {}).values()
                for value in values
                if value.startswith("_:")
            ]
        return found

    def linked(self, start: str) -> list[str]:
        """Return everything that a node and the nameless nodes inside it link to."""
        return [
            value
            for node in self.nodes(start)
            for values in self.links.get(node, {}).values()
            for value in values
        ]


def _name(term: Any) -> str:
    return f"_:{term.value}" if isinstance(term, pyoxigraph.BlankNode) else str(term.value)


def _mentions(text: str) -> list[str]:
    """Return the IRIs of our terms that a SPARQL text names, each once, in their order; comments do not count."""
    named = {"ev": EV, "evv": EVV}
    found = (
        hit["iri"] if hit["iri"] is not None else named[hit["prefix"]] + hit["local"]
        for hit in _MENTION.finditer(text)
        if hit["iri"] is not None or hit["prefix"]
    )
    return list(dict.fromkeys(iri for iri in found if iri.startswith((EV, EVV))))


def _anchor(iri: str) -> str:
    return iri.removeprefix(EV).removeprefix(EVV)


def _listed(words: Iterable[Words]) -> Words:
    """Join several words into one enumeration."""
    return [part for number, item in enumerate(words) for part in ([", "] if number else []) + item]


# -- the reference as plain data


class _Reference:
    """The ontology's files turned into what the templates show: no IRI of a blank node, no query, no lookup is left."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.triples = _Triples(files)
        self.words = Vocabulary(self.triples.plain)
        self.kinds = {
            iri: kind
            for iri in self.triples.module
            if iri.startswith((EV, EVV)) and (kind := self._kind(iri))
        }
        self.relation_of = {EV + name: relation for name, relation in self._relations()}
        self.questions = self._asked()
        self.rules, self.ruled = self._read_rules()
        self.shapes, self.shaped = self._read_shapes()
        self.reached = self._read_reach()
        self.inferred, self.premises = self._read_axioms()

    # -- what a term is

    def _kind(self, iri: str) -> str:
        types = set(self.triples.to(iri, TYPE))
        if OWL + "Class" in types:
            return "class"
        if OWL + "ObjectProperty" in types:
            above = self._above(iri)
            role = bool(above & {EV + "participant", EV + "participatesIn"})
            return (
                "relation" if self.triples.said(iri, EV + "relationName") else "role" if role else "property"
            )
        for name, kind in {"DatatypeProperty": "data property", "AnnotationProperty": "annotation"}.items():
            if OWL + name in types:
                return kind
        if SKOS + "ConceptScheme" in types:
            return "value scheme"
        return "value" if SKOS + "Concept" in types else ""

    def _above(self, iri: str) -> set[str]:
        found, todo = {iri}, [iri]
        while todo:
            # The inverse of a role is a role: most inverses have no broader property of their own.
            step = todo.pop()
            for above in (
                *self.triples.to(step, RDFS + "subPropertyOf"),
                *self.triples.to(step, OWL + "inverseOf"),
            ):
                if above not in found:
                    found.add(above)
                    todo.append(above)
        return found

    def _relations(self) -> Iterator[tuple[str, Relation]]:
        for iri in self.kinds:
            if name := self.triples.text(iri, EV + "relationName"):
                yield _anchor(iri), self.words.relations[name]

    def label(self, iri: str) -> str:
        """Return the English label of a term, or its local name."""
        return (
            self.triples.text(iri, RDFS + "label")
            or self.triples.text(iri, SKOS + "prefLabel")
            or _anchor(iri)
        )

    def ref(self, iri: str) -> Part:
        """Return a link to a term, to a source document of ours, or to the address of a foreign term."""
        if iri in self.kinds:
            return {"term": _anchor(iri), "text": self.label(iri)}
        if iri.startswith(PREFIXES["source"]):
            return {"source": iri.removeprefix(PREFIXES["source"])}
        return {"url": iri, "text": self.curie(iri)} if "://" in iri else iri

    def role(self, name: str) -> Part:
        """Return a link to a role, called as a noun: “supplier” for “has supplier”."""
        return {"term": name, "text": self.label(EV + name).removeprefix("has ")}

    def refs(self, iris: Iterable[str]) -> list[Words]:
        """Return one link for each different term."""
        return [[self.ref(iri)] for iri in dict.fromkeys(iris) if not iri.startswith("_:")]

    def curie(self, iri: str) -> str:
        """Return an IRI with the prefix that fits best; without one, its address."""
        fitting = [
            (len(space), name) for name, space in self.triples.prefixes.items() if iri.startswith(space)
        ]
        if not fitting or iri == self.triples.prefixes[max(fitting)[1]]:
            return iri.split("://", 1)[-1].rstrip("/")
        length, name = max(fitting)
        return f"{name}:{iri[length:]}"

    # -- who names it

    def _asked(self) -> dict[str, list[Question]]:
        found: dict[str, list[Question]] = {}
        for item in library().values():
            for iri in _mentions(item.text):
                found.setdefault(iri, []).append(item)
        return found

    def _read_rules(self) -> tuple[list[Row], dict[str, list[Row]]]:
        rules: list[Row] = []
        naming: dict[str, list[Row]] = {}
        for item in library("rules").values():
            parsed = parse_rules(item.text, prefixes=PREFIXES, source=item.path.name)
            mentioned = [iri for iri in _mentions(item.text) if iri in self.kinds]
            rule = {
                "name": item.name,
                "title": item.title,
                "why": parsed[0].why if parsed else item.why,
                "text": item.body,
                "terms": [self.ref(iri) for iri in mentioned],
            }
            rules.append(rule)
            for iri in mentioned:
                naming.setdefault(iri, []).append(rule)
        return rules, naming

    def _read_shapes(self) -> tuple[list[Row], dict[str, list[Row]]]:
        """Return every shape that can report, and by term those that look at it."""
        triples, naming = self.triples, dict[str, list[Row]]()
        aims = [SH + aim for aim in ("targetClass", "targetSubjectsOf", "targetObjectsOf")]
        shapes = []
        for iri in (name for name in triples.module if name.startswith(EVSH)):
            nodes = triples.nodes(iri)
            messages = [text for node in nodes for text in triples.said(node, SH + "message")]
            if not messages:  # it only holds others together
                continue
            outer = [
                value
                for holder in triples.of(SH + "property", iri)
                for aim in aims
                for value in triples.to(holder, aim)
            ]
            queried = [
                name
                for node in nodes
                for text in triples.said(node, SH + "select")
                for name in _mentions(text)
            ]
            terms = [
                name for name in dict.fromkeys([*outer, *triples.linked(iri), *queried]) if name in self.kinds
            ]
            severity = (triples.to(iri, SH + "severity") or [SH + "Violation"])[0]
            shape = {
                "name": iri.removeprefix(EVSH),
                "messages": messages,
                "table": triples.text(iri, EV + "table"),
                "column": triples.text(iri, EV + "column"),
                "severity": severity.removeprefix(SH).lower(),
                "terms": [self.ref(name) for name in terms],
            }
            shapes.append(shape)
            for name in terms:
                naming.setdefault(name, []).append(shape)
        return shapes, naming

    def _read_reach(self) -> dict[str, list[str]]:
        """Return by relationship or relation the kinds of policy that the reach table lets act on it."""
        found: dict[str, list[str]] = {}
        for line in self.words.reach:
            kinds = found.setdefault(EV + line["reaches"], [])
            if EV + line["policy_kind"] not in kinds:
                kinds.append(EV + line["policy_kind"])
        return found

    # -- axioms in words

    def _read_axioms(self) -> tuple[dict[str, list[Words]], dict[str, list[str]]]:
        """Return what a term is inferred from, in words, and which conclusions a term helps to reach."""
        inferred: dict[str, list[Words]] = {}
        premises: dict[str, list[str]] = {}
        for conclusion in self.kinds:
            for node in self.triples.of(RDFS + "subClassOf", conclusion):
                if not node.startswith("_:"):
                    continue
                inferred.setdefault(conclusion, []).append(self.expression(node))
                for iri in dict.fromkeys(
                    value
                    for value in self.triples.linked(node)
                    if value in self.kinds and value != conclusion
                ):
                    premises.setdefault(iri, []).append(conclusion)
            for head in self.triples.to(conclusion, OWL + "propertyChainAxiom"):
                steps = list(self.triples.items(head))
                way: Words = ["one thing"]
                for step in steps:
                    way += [" → ", self.ref(step)]
                inferred.setdefault(conclusion, []).append([*way, " → the other"])
                for iri in dict.fromkeys(step for step in steps if step != conclusion):
                    premises.setdefault(iri, []).append(conclusion)
        return inferred, premises

    def expression(self, node: str) -> Words:
        """Return a class expression in words: what a thing must be or do.

        Notes
        -----
        Covers what OWL 2 RL allows on the left of a subclass axiom and these files use: names, intersections,
        existential restrictions and fixed values.
        """
        if not node.startswith("_:"):
            return [_article(self.label(node)) + " ", self.ref(node)]
        members = [
            part
            for head in self.triples.to(node, OWL + "intersectionOf")
            for part in self.triples.items(head)
        ]
        if not members:
            return ["anything that ", *self._restriction(node)]
        named = [part for part in members if not part.startswith("_:")]
        words: Words = self.expression(named[0]) if named else ["anything"]
        for number, part in enumerate(part for part in members if part.startswith("_:")):
            words += [" and " if number else " that ", *self._restriction(part)]
        return words

    def _restriction(self, node: str) -> Words:
        (way,) = self.triples.to(node, OWL + "onProperty")
        words: Words = [self.ref(way), " "]
        if values := self.triples.to(node, OWL + "hasValue"):
            # "in layer", "classified as": such labels want their verb
            return ["is ", *words, self.ref(values[0])]
        return [*words, *self.expression(self.triples.to(node, OWL + "someValuesFrom")[0])]

    # -- one term

    def term(self, iri: str) -> Row:
        """Return the entry of a term."""
        triples = self.triples
        direct = self.questions.get(iri, [])
        replaced = triples.to(iri, DCTERMS + "isReplacedBy")
        return {
            "anchor": _anchor(iri),
            "label": self.label(iri),
            "curie": self.curie(iri),
            "iri": iri,
            "kind": self.kinds[iri],
            "definition": triples.text(iri, SKOS + "definition"),
            "deprecated": "true" in triples.said(iri, OWL + "deprecated"),
            "replaced_by": [self.ref(other) for other in replaced],
            "notes": [*triples.said(iri, SKOS + "changeNote"), *triples.said(iri, RDFS + "comment")],
            "examples": triples.said(iri, SKOS + "example"),
            "sources": [
                *([self.ref(source)] for source in triples.to(iri, DCTERMS + "source")),
                *([text] for text in triples.said(iri, DCTERMS + "source")),
            ],
            "rows": [row for row in self._rows(iri) if row["items"]],
            "rules": [{"rule": rule["name"], "text": rule["title"]} for rule in self.ruled.get(iri, [])],
            "shapes": self.shaped.get(iri, []),
            "questions": [{"question": item.name, "text": item.title} for item in direct],
            "kin": [] if direct else self._kin(iri),
        }

    def _kin(self, iri: str) -> Words:
        """Return the next of kin that questions do name, for a term that none names itself."""
        triples = self.triples
        relation = self.relation_of.get(iri)
        near: list[str] = [
            *triples.to(iri, OWL + "inverseOf"),
            *triples.of(OWL + "inverseOf", iri),
            *triples.to(iri, EV + "writtenInverseOf"),
            *(
                [EV + name for name in (relation.cls, relation.subject_role, relation.object_role)]
                if relation
                else []
            ),
            *(term for term, other in self.relation_of.items() if EV + other.cls == iri),
            *triples.of(RDFS + "subClassOf", iri),
            *triples.of(RDFS + "subPropertyOf", iri),
            *triples.to(iri, RDFS + "subClassOf"),
            *triples.to(iri, RDFS + "subPropertyOf"),
            *triples.of(RDFS + "range", iri),
        ]
        if self.kinds[iri] == "value scheme":
            kinds = {kind for value in triples.of(SKOS + "inScheme", iri) for kind in triples.to(value, TYPE)}
            ways = {way for kind in kinds if kind in self.kinds for way in triples.of(RDFS + "range", kind)}
            near += sorted(ways, key=lambda way: (-len(self.questions.get(way, [])), way))
        asked = [name for name in dict.fromkeys(near) if name in self.kinds and self.questions.get(name)]
        return _listed(
            [[self.ref(name), f" ({self.kinds[name]}, {len(self.questions[name])})"] for name in asked[:3]]
        )

    def _rows(self, iri: str) -> Iterator[Row]:
        """Yield what the axioms and annotations say of a term, as (what it is called, items of words)."""
        kind = self.kinds[iri]
        above = RDFS + ("subClassOf" if kind == "class" else "subPropertyOf")
        yield _row("Broader", self.refs(self.triples.to(iri, above)))
        yield _row("Narrower", self.refs(self.triples.of(above, iri)))
        if kind == "class":
            yield from self._class_rows(iri)
        elif kind not in ("value", "value scheme"):
            yield from self._property_rows(iri)
        if iri in self.relation_of:
            yield from self._relation_rows(iri, self.relation_of[iri])
        yield _row("Helps to infer", self.refs(self.premises.get(iri, [])))
        yield _row("Reached by", self._reach_refs(self.reached.get(iri, [])))
        yield from self._value_rows(iri, kind)
        yield _row(
            "Elsewhere",
            [
                [f"{said} ", self.ref(other)]
                for name, said in _MATCHES.items()
                for other in self.triples.to(iri, SKOS + name)
            ],
        )

    def _class_rows(self, iri: str) -> Iterator[Row]:
        triples = self.triples
        yield _row("Inferred for", self.inferred.get(iri, []), each=True)
        sets = [
            list(triples.items(head))
            for node in triples.of(TYPE, OWL + "AllDisjointClasses")
            for head in triples.to(node, OWL + "members")
        ]
        never = [other for members in sets if iri in members for other in members if other != iri]
        yield _row("Never also", self.refs(never))
        yield _row("Properties", self.refs(triples.of(RDFS + "domain", iri)))
        yield _row("Value of", self.refs(triples.of(RDFS + "range", iri)))
        codes: list[Words] = [[{"code": code}] for code in triples.said(iri, SKOS + "notation")]
        yield _row("Kind code", codes)
        roles = triples.to(iri, EV + "roleOf")
        said: list[Words] = [
            ["a role that ", _article(self.label(rigid)), " ", self.ref(rigid), " can play; "
             + ("a card with this kind code is typed by that class" if codes else "no card asserts it")]
            for rigid in roles
        ]  # fmt: skip
        yield _row("Role", said)
        yield _row(
            "Label",
            [
                ["granted by the curator's label ", self.ref(value)]
                for value in triples.to(iri, EV + "classification")
            ],
        )
        yield _row(
            "Made by",
            self.refs(term for term, relation in self.relation_of.items() if EV + relation.cls == iri),
        )
        name = _anchor(iri)
        yield _row(
            "Subject of",
            self.refs(term for term, relation in self.relation_of.items() if name in relation.allows_subject),
        )
        yield _row(
            "Object of",
            self.refs(term for term, relation in self.relation_of.items() if name in relation.allows_object),
        )
        if any(line["policy_kind"] == name for line in self.words.reach):
            reaches = triples.to(iri, EV + "reaches")
            link: Words = [{"reach": name, "text": "lines of the reach table"}]
            yield _row("Reaches", [*self.refs(reaches), link] if reaches else [link])

    def _property_rows(self, iri: str) -> Iterator[Row]:
        triples = self.triples
        yield _row("From", self.refs(triples.to(iri, RDFS + "domain")))
        yield _row("To", self.refs(triples.to(iri, RDFS + "range")))
        yield _row(
            "Inverse", self.refs([*triples.to(iri, OWL + "inverseOf"), *triples.of(OWL + "inverseOf", iri)])
        )
        types = triples.to(iri, TYPE)
        yield _row("Behaves as", [[said] for name, said in _TRAITS.items() if OWL + name in types])
        yield _row("Follows along", self.inferred.get(iri, []), each=True)
        name = _anchor(iri)
        parts = [
            [
                ("either side of " if relation.subject_role == relation.object_role else f"{side} of "),
                self.ref(term),
            ]
            for term, relation in self.relation_of.items()
            for side, role in (("subject", relation.subject_role), ("object", relation.object_role))
            if role == name
        ]
        yield _row("Stands for", [words for words, _ in groupby(parts)])
        if self.kinds[iri] == "annotation":
            carriers = sum(
                iri in said for about in (self.triples.texts, self.triples.links) for said in about.values()
            )
            yield _row(
                "Stands on",
                [[f"{carriers} term{'' if carriers == 1 else 's'} or shapes"]] if carriers else [],
            )

    def _relation_rows(self, iri: str, relation: Relation) -> Iterator[Row]:
        yield _row("In a fact file", [[{"code": relation.name}]])
        if relation.inverse_of:
            yield _row(
                "Written for", [[self.ref(EV + relation.inverse_of), ", with subject and object exchanged"]]
            )
        if relation.implies_layer:
            yield _row(
                "Implies",
                [["the layer ", self.ref(f"{EVV}layer-{relation.implies_layer}"), " where none is given"]],
            )
        node: Words = [_article(self.label(EV + relation.cls)) + " ", self.ref(EV + relation.cls)]
        if relation.cls and relation.pattern == "mutual":
            yield _row("Becomes", [[*node, " with both sides as ", self.role(relation.subject_role)]])
        elif relation.cls:
            ends = [
                " with the subject as ",
                self.role(relation.subject_role),
                " and the object as ",
                self.role(relation.object_role),
            ]
            yield _row("Becomes", [[*node, *ends]])
        elif relation.pattern == "direct":
            yield _row("Becomes", [["one triple; layer and figure stay on the claim"]])
        yield _row("Subject may be", self._ends(relation.allows_subject))
        yield _row("Object may be", self._ends(relation.allows_object))
        status: Words = [self.ref(f"{EVV}status-{relation.default_status}"), " unless the row says otherwise"]
        force = _listed([[self.ref(f"{EVV}status-{name}")] for name in sorted(relation.in_force)])
        yield _row("Status", [[*status, "; in force while ", *force]])
        sentences = [relation.sentence, relation.sentence_inverse]
        yield _row("Reads", [[{"said": _blanks(sentence)}] for sentence in sentences if sentence], each=True)

    def _ends(self, names: frozenset[str]) -> list[Words]:
        if not names:
            return [["anything"]]
        ordered = sorted(names, key=lambda name: self.label(EV + name).casefold())
        return [
            [self.ref(f"{EVV}layer-{name}" if EV + name not in self.kinds else EV + name)] for name in ordered
        ]

    def _reach_refs(self, kinds: Iterable[str]) -> list[Words]:
        return [[{"reach": _anchor(kind), "text": self.label(kind)}] for kind in kinds]

    def _value_rows(self, iri: str, kind: str) -> Iterator[Row]:
        if kind != "value":
            return
        relations = self.relation_of.items()
        code = iri.removeprefix(EVV).split("-", 1)[-1]
        implied = [term for term, relation in relations if iri == f"{EVV}layer-{relation.implies_layer}"]
        status = [term for term, relation in relations if iri == f"{EVV}status-{relation.default_status}"]
        yield _row("Implied by", self.refs(implied))
        if status and code != "active":  # the default of nearly all of them
            yield _row("Default of", self.refs(status))
        yield _row("Grants", self.refs(self.triples.of(EV + "classification", iri)))

    # -- the whole

    def tree(self, iris: Sequence[str], above: str) -> list[Row]:
        """Return terms as a tree; what has several broader terms stands under each, but opens only under the first."""
        inside, opened = set(iris), set[str]()
        parents = {
            iri: [up for up in self.triples.to(iri, above) if up in inside and up != iri] for iri in iris
        }
        below: dict[str, list[str]] = {}
        for iri, ups in parents.items():
            for up in ups:
                below.setdefault(up, []).append(iri)

        def branch(iri: str) -> Row:
            again = iri in opened
            opened.add(iri)
            outside = [up for up in self.triples.to(iri, above) if up in self.kinds and up not in inside]
            return {
                "term": self.ref(iri),
                "outside": [] if again else [self.ref(up) for up in outside],
                "below": [] if again else [branch(low) for low in below.get(iri, [])],
            }

        return [branch(iri) for iri in iris if not parents[iri]]

    def scheme(self, iri: str) -> Row:
        """Return a list of values with their meanings; narrower values follow their broader one, one step deeper."""
        members = self.triples.of(SKOS + "inScheme", iri)
        rows: list[Row] = []

        def place(value: str, depth: int) -> None:
            within = [self.ref(up) for up in self.triples.to(value, SKOS + "broader")]
            rows.append({**self.term(value), "within": within, "depth": depth})
            for low in members:
                if value in self.triples.to(low, SKOS + "broader"):
                    place(low, depth + 1)

        for value in members:
            if not any(up in members for up in self.triples.to(value, SKOS + "broader")):
                place(value, 0)
        kinds = [kind for kind in self.triples.to(members[0], TYPE) if kind in self.kinds] if members else []
        return {**self.term(iri), "of": [self.ref(kind) for kind in kinds], "values": rows}

    def module(self, name: str) -> Row:
        """Return a module with its sections and its lists of values."""
        triples, iri = self.triples, f"{BASE}ontology/{name}"
        terms = [term for term in self.kinds if triples.module[term] == name]
        sections = []
        for kind, title in _SECTIONS.items():
            own = [term for term in terms if self.kinds[term] == kind]
            if not own:
                continue
            above = RDFS + ("subClassOf" if kind == "class" else "subPropertyOf")
            sections.append(
                {
                    "id": f"part-{name}-{kind.replace(' ', '-')}",
                    "title": title,
                    "count": len(own),
                    "tree": self.tree(own, above),
                    "terms": [
                        self.term(term) for term in sorted(own, key=lambda t: self.label(t).casefold())
                    ],
                }
            )
        schemes = [self.scheme(term) for term in terms if self.kinds[term] == "value scheme"]
        return {
            "name": name,
            "id": f"part-{name}",
            "title": triples.text(iri, DCTERMS + "title").rpartition(": ")[2] or name,
            "abstract": triples.text(iri, DCTERMS + "abstract"),
            "iri": iri,
            "version": (triples.to(iri, OWL + "versionIRI") or [""])[0],
            "imports": [other.rsplit("/", 1)[-1] for other in triples.to(iri, OWL + "imports")],
            "count": len(terms),
            "sections": sections,
            "schemes": schemes,
        }

    def data(self) -> Row:
        """Return everything that the templates need."""
        triples, head = self.triples, BASE + "ontology"
        names = [iri.rsplit("/", 1)[-1] for iri in triples.to(head, OWL + "imports")]
        extra = [iri.rsplit("/", 1)[-1] for iri in triples.to(head, RDFS + "seeAlso")]
        described = triples.text(head, DCTERMS + "description")
        shared = {label for label, count in Counter(map(self.label, self.kinds)).items() if count > 1}
        by_name = sorted(self.kinds, key=lambda iri: (self.label(iri).casefold(), iri))
        return {
            "title": triples.text(head, DCTERMS + "title"),
            "abstract": triples.text(head, DCTERMS + "abstract"),
            "iri": head,
            "version": triples.text(head, OWL + "versionInfo"),
            "version_iri": (triples.to(head, OWL + "versionIRI") or [""])[0],
            "licence": (triples.to(head, DCTERMS + "license") or [""])[0],
            "imports": names,
            "policy": [part for part in re.split(r"(?<=\.) (?=Deprecation:)", described) if part],
            "deprecated": [
                self.ref(iri) for iri in self.kinds if "true" in triples.said(iri, OWL + "deprecated")
            ],
            "prefixes": [("ev", EV), ("evv", EVV), ("evsh", EVSH)],
            "modules": [module for name in [*names, *extra] if (module := self.module(name))["version"]],
            "counts": {
                kind: sum(found == kind for found in self.kinds.values()) for kind in ("class", "value")
            },
            "terms": len(self.kinds),
            "properties": sum(
                "propert" in kind or kind in ("relation", "role") for kind in self.kinds.values()
            ),
            "alphabet": [
                {"letter": letter, "terms": [self.indexed(iri, shared) for iri in group]}
                for letter, group in groupby(by_name, key=lambda iri: _initial(self.label(iri)))
            ],
            "figures": [_figure(self, drawing) for drawing in _FIGURES],
            "rules": self.rules,
            "shapes": self.shapes,
            "tables": [
                {"name": name, "shapes": [shape for shape in self.shapes if shape["table"] == name]}
                for name in dict.fromkeys(shape["table"] for shape in self.shapes)
            ],
            "reach": self.reach(),
            "questions": [self.question(item) for item in library().values()],
            "asked": sum(iri in self.questions for iri in self.kinds),
        }

    def indexed(self, iri: str, shared: set[str]) -> Part:
        """Return the link of a term in the index; terms that share a label are told apart by their names."""
        label = self.label(iri)
        return {"term": _anchor(iri), "text": f"{label} ({self.curie(iri)})" if label in shared else label}

    def question(self, item: Question) -> Row:
        """Return a question of the library as plain data."""
        return {
            "name": item.name,
            "title": item.title,
            "why": item.why,
            "columns": list(item.columns),
            "parameters": [
                {"name": given.name, "type": given.type, "default": given.default, "text": given.description}
                for given in item.parameters
            ],
            "text": item.body,
            "terms": [self.ref(iri) for iri in _mentions(item.text) if iri in self.kinds],
        }

    def reach(self) -> Row:
        """Return the reach table: lines that hold for a kind of policy, then those of single instruments."""
        kinds = dict.fromkeys(line["policy_kind"] for line in self.words.reach)
        own = dict.fromkeys(
            (line["policy_kind"], line["policy"]) for line in self.words.reach if line["policy"]
        )
        return {
            "lines": len(self.words.reach),
            "kinds": [
                {
                    "name": kind,
                    "term": self.ref(EV + kind),
                    "lines": [self._line(line) for line in self.words.reach if line["policy_kind"] == kind and not line["policy"]],
                    "instruments": [
                        {
                            "id": policy,
                            "lines": [self._line(line) for line in self.words.reach if line["policy"] == policy and line["policy_kind"] == kind],
                        }
                        for own_kind, policy in own
                        if own_kind == kind
                    ],
                }
                for kind in kinds
            ],
        }  # fmt: skip

    def _line(self, line: Mapping[str, str]) -> Row:
        direct = line["role"] in ("subject", "object")
        return {
            "reaches": self.ref(EV + line["reaches"]),
            "role": line["role"] if direct else self.role(line["role"]),
            "origin": line["origin"],
            "market": line["market"].removeprefix("outside:"),
            "outside": line["market"].startswith("outside:"),
            "layer": self.ref(f"{EVV}layer-{line['layer']}") if line["layer"] else "",
            "threshold": line["threshold"],
            "reasoning": line["reasoning"],
            "source": line["source"],
        }


def _row(label: str, items: Iterable[Words], *, each: bool = False) -> Row:
    """Return a row of an entry; `each` puts every item on a line of its own."""
    return {"label": label, "items": list(items), "each": each}


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"


def _initial(label: str) -> str:
    return label[:1].upper() if label[:1].isalpha() else "#"


def _blanks(sentence: str) -> str:
    return sentence.replace("{subject}", "‹subject›").replace("{object}", "‹object›")


# -- figures


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A figure of the pattern: boxes on a grid, arrows between them.

    Parameters
    ----------
    boxes : tuple
        (key, class, column, row, gloss).
    arrows : tuple
        (key, property, key, way). Solid ways, for what claims state: ``across``, ``down``, ``up``, and ``step`` (out at
        the side, down, in at the side). Dashed ones, for what follows: ``over`` (an arc above the row), ``bend`` and
        ``bend-low`` (down, then in at the side, in the upper or lower half).
    """

    id: str
    title: str
    text: str
    boxes: tuple[tuple[str, str, int, int, str], ...]
    arrows: tuple[tuple[str, str, str, str], ...]


_WIDE, _HIGH, _GAP, _DROP = 154, 60, 126, 62
_FIGURES = (
    _Drawing(
        "figure-fact", "What a fact is",
        "A claim is what one speaker says in one source document. It states a proposition, which stays the same whoever affirms or denies it. "
        "The proposition describes a relationship. Stance and status belong to the claim; the standing is counted from all claims.",
        (
            ("source", "SourceDocument", 0, 0, "what was read"), ("claim", "Claim", 1, 0, "who says it"),
            ("proposition", "Proposition", 2, 0, "what may hold"), ("tie", "Relationship", 3, 0, "between participants"),
            ("agent", "Agent", 0, 1, "if one is named"), ("stance", "Stance", 1, 1, "denied, for one"),
            ("standing", "Standing", 2, 1, "contested, for one"), ("layer", "StackLayer", 3, 1, "where in the vehicle"),
        ),
        (
            ("claim", "statedIn", "source", "across"), ("claim", "states", "proposition", "across"),
            ("proposition", "concernsRelationship", "tie", "across"), ("claim", "speaker", "agent", "step"),
            ("claim", "stance", "stance", "down"), ("proposition", "standing", "standing", "down"), ("tie", "inLayer", "layer", "down"),
        ),
    ),
    _Drawing(
        "figure-reach", "How a policy reaches a firm that it does not name",
        "Solid arrows are stated by claims, dashed ones follow. The firm that obtains depends on the firm that provides. A tie lies within reach of a "
        "policy that meets its provider, by name or by origin, if the reach table says that this kind of policy acts on this kind of tie; "
        "and so the firm is exposed.",
        (
            ("firm", "Organisation", 0, 0, "a carmaker"), ("tie", "Provision", 1, 0, "of packs, say"),
            ("provider", "Organisation", 2, 0, "a cell maker"), ("origin", "Jurisdiction", 3, 0, "its origin"),
            ("policy", "PolicyInstrument", 2, 1, "a tariff, say"), ("body", "PublicBody", 3, 1, "a government"),
        ),
        (
            ("tie", "recipient", "firm", "across"), ("tie", "provider", "provider", "across"),
            ("provider", "headquarteredIn", "origin", "across"), ("policy", "targets", "provider", "up"),
            ("body", "imposes", "policy", "across"), ("firm", "dependsOn", "provider", "over"),
            ("tie", "withinReachOf", "policy", "bend"), ("firm", "exposedTo", "policy", "bend-low"),
        ),
    ),
)  # fmt: skip


def _figure(book: _Reference, drawing: _Drawing) -> Row:
    """Return a figure with every box, line and word in its place; all coordinates are whole numbers."""
    top = 46 if any(way == "over" for *_, way in drawing.arrows) else 6
    places = {
        key: (2 + column * (_WIDE + _GAP), top + row * (_HIGH + _DROP))
        for key, _, column, row, _ in drawing.boxes
    }
    names = [cls for _, cls, *_ in drawing.boxes] + [way for _, way, *_ in drawing.arrows]
    if unknown := [name for name in names if EV + name not in book.kinds]:
        raise Unavailable(f"a drawing shows terms that the ontology does not have: {', '.join(unknown)}")
    boxes = [
        {"x": places[key][0], "y": places[key][1], "term": cls, "text": book.label(EV + cls), "gloss": gloss}
        for key, cls, _, _, gloss in drawing.boxes
    ]
    return {
        "id": drawing.id,
        "title": drawing.title,
        "text": drawing.text,
        "width": max(x for x, _ in places.values()) + _WIDE + 2,
        "height": max(y for _, y in places.values()) + _HIGH + 6,
        "box": (_WIDE, _HIGH),
        "boxes": boxes,
        "arrows": [
            {"term": way, **_arrow(book.label(EV + way), places[start], places[end], style)}
            for start, way, end, style in drawing.arrows
        ],
    }


def _arrow(text: str, start: tuple[int, int], end: tuple[int, int], style: str) -> Row:
    """Return an arrow as its line, its tip, and its words, each with their place."""
    (x1, y1), (x2, y2) = start, end
    half, middle, anchor, follows = _WIDE // 2, _HIGH // 2, "start", style in ("over", "bend", "bend-low")
    if style == "across":
        a, b, way = (x1 + _WIDE, x2, "right") if x2 > x1 else (x1, x2 + _WIDE, "left")
        line, tip, anchor = f"M{a} {y1 + middle}H{b}", (b, y2 + middle, way), "middle"
        gaps = [at for at, letter in enumerate(text) if letter == " "] if len(text) > 16 else []
        cut = min(reversed(gaps), key=lambda at: abs(at - len(text) // 2), default=len(text))
        first, second = text[:cut], text[cut + 1 :]
        words = [(first, (a + b) // 2, y1 + middle - 8), (second, (a + b) // 2, y1 + middle + 18)]
    elif style in ("down", "up"):
        a, b = (y1 + _HIGH, y2) if style == "down" else (y1, y2 + _HIGH)
        line, tip = f"M{x1 + half} {a}V{b}", (x2 + half, b, style)
        words = [(text, x1 + half + 9, (a + b) // 2 + 5)]
    elif style == "step":
        turn, out = (x1 + x2 + _WIDE) // 2, y1 + _HIGH - 12
        line, tip = f"M{x1} {out}H{turn}V{y2 + middle}H{x2 + _WIDE}", (x2 + _WIDE, y2 + middle, "left")
        words = [(text, turn + 9, (out + y2 + middle) // 2 + 5)]
    elif style == "over":
        line, tip = f"M{x1 + half} {y1}V{y1 - 22}H{x2 + half}V{y2}", (x2 + half, y2, "down")
        words, anchor = [(text, (x1 + x2) // 2 + half, y1 - 30)], "middle"
    else:
        into = y2 + (20 if style == "bend" else 46)
        line, tip = f"M{x1 + half} {y1 + _HIGH}V{into}H{x2}", (x2, into, "right")
        words = [(text, x1 + half + 9, into - 8)]
    return {
        "line": line,
        "tip": _tip(*tip),
        "anchor": anchor,
        "follows": follows,
        "words": [{"text": said, "x": x, "y": y} for said, x, y in words if said],
    }


def _tip(x: int, y: int, toward: str) -> str:
    long, wide = 9, 4
    dx, dy = {"right": (-1, 0), "left": (1, 0), "down": (0, -1), "up": (0, 1)}[toward]
    back = (x + dx * long, y + dy * long)
    return (
        f"M{x} {y}L{back[0] + dy * wide} {back[1] + dx * wide}L{back[0] - dy * wide} {back[1] - dx * wide}Z"
    )


# -- pages


def documentation(files: Sequence[Path] | None = None) -> dict[str, Any]:
    """Return the reference of the ontology as plain data, as the templates of ``viz/templates/site`` take it.

    Parameters
    ----------
    files : sequence of Path, optional
        Turtle modules; the project's own by default.

    Raises
    ------
    Unavailable
        If a module cannot be read.

    Notes
    -----
    About 0.2 s; kept for the next call in the same process.
    """
    return _documentation(tuple(files if files is not None else ontology_files()))


@cache
def _documentation(files: tuple[Path, ...]) -> dict[str, Any]:
    return _Reference(files).data()


#: Where things are in the workbench; in the site the same names lead to files.
WORKBENCH = {
    "static": "/static", "home": "/", "ontology": "/ontology", "reach": "/ontology/reach", "shapes": "/ontology/shapes",
    "questions": "/questions", "question": "/question/", "source": "/source/", "entity": "/entity/", "policy": "",
}  # fmt: skip


def _site_rooms(up: str) -> dict[str, str]:
    return {
        "static": f"{up}static", "home": f"{up}index.html", "ontology": f"{up}ontology/index.html",
        "reach": f"{up}ontology/reach.html", "shapes": f"{up}ontology/shapes.html", "questions": f"{up}questions.html",
        "question": f"{up}questions.html#", "source": "", "entity": "", "policy": _POLICY,
    }  # fmt: skip


def reference(name: str, view: View, rooms: Mapping[str, str] = WORKBENCH, **more: Any) -> str:
    """Return a page of the reference as HTML.

    Parameters
    ----------
    name : str
        ``ontology``, ``reach``, ``shapes``, ``questions`` or ``home``.
    view : View
        Gives the names of the entities and sources that the pages mention.
    rooms : mapping of str to str
        Where links lead, and under ``policy`` the content policy that a page without a server brings along.
    """
    from viz.pages import environment

    data = documentation()
    lead = {"term": "#" if name == "ontology" else f"{rooms['ontology']}#"}
    used = {
        line["source"]
        for kind in data["reach"]["kinds"]
        for group in (kind, *kind["instruments"])
        for line in group["lines"]
    }
    sources = {
        key: {"id": key, "title": source.title, "publisher": source.name, "url": source.url}
        for key, source in view.sources.items()
        if key in used or key == "seed-article"
    }
    return (
        environment()
        .get_template(f"site/{name}.html.j2")
        .render(
            book=data,
            rooms={**rooms, **lead, "rule": lead["term"] + "rule-"},
            static=rooms["static"],
            names=view.labels,
            documents=sources,
            stamp=view.stamp(),
            **more,
        )
    )


def _exposure_pages(view: View) -> tuple[dict[str, str], list[Row], int]:
    """Return exposure pages by entity id, a line on each for the first page, and how many firms got none."""
    from viz.pages import page
    from viz.scene import exposure_scene

    firms = sorted(key for key, entity in view.entities.items() if "oem" in entity.kinds)
    reports = [(key, exposure_report(view, key, found)) for key in firms if (found := exposures(view, key))]
    reports.sort(key=lambda item: (-len(item[1]["paths"]), item[0]))
    shown = sorted(reports[:FIRMS], key=lambda item: view.labels[item[0]].casefold())
    lines = [
        {
            "id": key,
            "label": view.labels[key],
            "paths": len(report["paths"]),
            "claims": len(report["claims"]),
            "contested": sum(path["contested"] for path in report["paths"]),
        }
        for key, report in shown
    ]
    return {key: page(exposure_scene(report)) for key, report in shown}, lines, len(reports) - len(shown)


def build_site(graph: KnowledgeGraph, folder: Path) -> SiteReport:
    """Write the static site of a workspace.

    Parameters
    ----------
    graph : KnowledgeGraph
        Its policy is the view that the site shows.
    folder : Path
        Folder to make. One that this function made before is replaced as a whole; any other is left alone.

    Returns
    -------
    SiteReport

    Raises
    ------
    Refused
        If the folder holds anything that no earlier call wrote.
    Unavailable
        If it cannot be written.

    Notes
    -----
    About 3 s and 9 MB for the shipped facts, nearly all of it exposure pages. The same ledger head, view, dates and
    program give the same bytes. Written beside its place and moved there: a reader never meets half a site.
    """
    from viz.pages import static_folder

    target = folder.expanduser().absolute()
    _check_replaceable(target)
    view = graph.view()
    exposed, firms, further = _exposure_pages(view)
    top, below = _site_rooms(""), _site_rooms("../")
    standings = [weighing.standing for weighing in view.weighings.values()]
    counts = {
        "claims": len(view.entries),
        "statements": len(view.weighings),
        "contested": standings.count("contested"),  # type: ignore[arg-type]
        "sources": len(view.sources),
        "firms, bodies, things": len(view.entities),
    }
    pages = {
        "index.html": reference(
            "home",
            view,
            top,
            counts=[{"label": label, "value": f"{number:,}"} for label, number in counts.items()],
            firms=firms,
            further=further,
        ),
        "questions.html": reference("questions", view, top),
        "ontology/index.html": reference("ontology", view, below),
        "ontology/reach.html": reference("reach", view, below),
        "ontology/shapes.html": reference("shapes", view, below),
        **{f"exposure/{key}.html": text for key, text in exposed.items()},
        **{
            f"static/{name}": (static_folder() / name).read_text(encoding="utf-8")
            for name in ("app.css", "site.css")
        },
    }
    files = tuple(sorted(pages))
    pages[MARKER] = (
        "Made by `kg site`, which replaces this folder as a whole. Its files:\n" + "\n".join(files) + "\n"
    )
    _move_in(pages, target)
    data = documentation()
    return SiteReport(
        folder,
        files,
        sum(len(text.encode("utf-8")) for text in pages.values()),
        data["terms"],
        len(data["questions"]),
        tuple(line["id"] for line in firms),
        further,
    )


def _check_replaceable(target: Path) -> None:
    """Let a folder be replaced only if every file in it was written by an earlier call."""
    if not target.exists() and not target.is_symlink():
        return
    if not target.is_dir() or target.is_symlink():
        raise Refused(f"{target.name!r} is there already and is no folder of `kg site`; choose another place")
    marker = target / MARKER
    made = set(marker.read_text(encoding="utf-8").splitlines()[1:]) if marker.is_file() else set()
    # Without a marker the first thing found is one too many: somebody's home is not searched through.
    found = target.rglob("*") if made else target.iterdir()
    there = {
        path.relative_to(target).as_posix()
        for path in found
        if not made or not path.is_dir() or path.is_symlink()
    }
    if foreign := sorted(there - made - {MARKER}):
        raise Refused(
            f"the folder {target.name!r} holds {foreign[0]!r}, which `kg site` did not write there; "
            "choose another folder, or move that away"
        )


def _move_in(pages: Mapping[str, str], target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            new, old = Path(scratch) / "new", Path(scratch) / "old"
            for name, text in pages.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode("utf-8"))
            if target.exists():
                target.replace(old)
            try:
                new.replace(target)
            except OSError:
                if old.exists():
                    old.replace(target)
                raise
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise Unavailable(
            f"the site cannot be written to {target.name!r}: {error.strerror or error}"
        ) from error
