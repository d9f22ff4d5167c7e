"""SHACL without the wait: shapes made ready once and run on dictionaries, with pySHACL as the second opinion.

For the shipped facts (1,100 claims, 110 shapes) pySHACL needs 16 s of processor time, and 75 s did when a SPARQL
constraint had every proposition as a focus node, because it parses the query anew for each. `Shapes` needs under 3 s
either way. It runs the part of SHACL that ``ontology/shapes.ttl`` uses, and some more; a term that it does not know
is refused, never passed over. The tests hold both engines against each other, result by result.

References
----------
H. Knublauch, D. Kontokostas (2017), "Shapes Constraint Language (SHACL)", W3C Recommendation.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import Unavailable
from kg.vocabulary import PREFIXES, RDF_TYPE, folder, iri

if TYPE_CHECKING:
    import rdflib

__all__ = ["Result", "Shape", "Shapes", "Triple", "pyshacl_results", "shipped_shapes", "turtle"]

Triple = tuple[str, str, str]

_SHACL = "http://www.w3.org/ns/shacl#"
_SUBCLASS = iri("rdfs", "subClassOf")
_NIL, _FIRST, _REST = iri("rdf", "nil"), iri("rdf", "first"), iri("rdf", "rest")


def turtle(path: Path) -> list[Triple]:
    """Return the triples of a Turtle file as N-Triples terms."""
    import pyoxigraph

    form = pyoxigraph.RdfFormat.TURTLE
    quads = pyoxigraph.parse(path=str(path), format=form)
    return [(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads]


class _Graph:
    """Triples in the words of N-Triples, found by subject and by predicate."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.triples = dict.fromkeys(triples)
        self.out: dict[str, dict[str, list[str]]] = {}
        self.pairs: dict[str, list[tuple[str, str]]] = {}
        for subject, predicate, value in self.triples:
            self.out.setdefault(subject, {}).setdefault(predicate, []).append(value)
            self.pairs.setdefault(predicate, []).append((subject, value))
        self._above: dict[str, frozenset[str]] = {}
        self._classes: dict[str, frozenset[str]] = {}
        self._questions: dict[str, tuple[rdflib.Graph, Any]] = {}

    def values(self, node: str, predicate: str) -> list[str]:
        return self.out.get(node, {}).get(predicate, [])

    def value(self, node: str, predicate: str) -> str:
        return next(iter(self.values(node, predicate)), "")

    def members(self, head: str) -> Iterator[str]:
        """Yield the members of an RDF list."""
        while head and head != _NIL:
            yield self.value(head, _FIRST)
            head = self.value(head, _REST)

    def above(self, cls: str) -> frozenset[str]:
        """Return a class and all it is a subclass of."""
        if cls not in self._above:
            found, todo = {cls}, [cls]
            while todo:
                fresh = set(self.values(todo.pop(), _SUBCLASS)) - found
                found |= fresh
                todo += fresh
            self._above[cls] = frozenset(found)
        return self._above[cls]

    def classes(self, node: str) -> frozenset[str]:
        """Return every class that a node is a SHACL instance of."""
        if node not in self._classes:
            self._classes[node] = frozenset().union(*(self.above(cls) for cls in self.values(node, RDF_TYPE)))
        return self._classes[node]

    def answers(self, question: str, focus: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a SPARQL question with the focus node put in for ``$this``."""
        import rdflib

        if question not in self._questions:
            self._questions[question] = self._prepare(question)
        graph, prepared = self._questions[question]
        node = rdflib.BNode(focus[2:]) if focus.startswith("_:") else rdflib.URIRef(focus[1:-1])
        for row in graph.query(prepared, initBindings={"this": node}):
            yield {str(name): value.n3() for name, value in row.asdict().items()}  # type: ignore[union-attr]

    def _prepare(self, question: str) -> tuple[rdflib.Graph, Any]:
        """Parse a question once, and give rdflib only the triples that the question can meet: a tenth of them.

        Oxigraph would be the faster engine, but takes 0.1 s for each ``rdfs:subClassOf*`` inside NOT EXISTS.
        """
        import rdflib
        from rdflib.plugins.sparql import prepareQuery
        from rdflib.plugins.sparql.algebra import traverse

        prepared, named = prepareQuery(question), set[str]()

        def visit(part: Any) -> None:
            for _, predicate, _ in getattr(part, "triples", None) or ():
                text = predicate.n3()  # a path too is written with its predicates in it
                named.update(re.findall(r"<[^<>]*>", text) if not re.match(r"[?!]", text) else self.pairs)

        traverse(prepared.algebra, visitPre=visit)
        graph = rdflib.Graph()
        lines = (f"{' '.join(triple)} .\n" for triple in self.triples if triple[1] in named)
        with _verbatim():
            graph.parse(data="".join(lines), format="nt")
        return graph, prepared


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result: SHACL's focus node, source shape, constraint component, value, severity and message.

    Terms are written as in N-Triples; `component` is a local name such as ``MinCount``, `value` is empty where the
    result has none, `severity` is error, warning or info.
    """

    focus: str
    shape: str
    component: str
    value: str
    severity: str
    message: str


#: From data, focus node and value nodes to the values at fault; an empty text stands for none in particular.
Test = Callable[[_Graph, str, "list[str]"], "Iterable[str]"]


@dataclass(slots=True)
class Shape:
    """A shape made ready to run.

    `name` is its local name; `table` and `column` say which cell of the fact files it is about; `aims` are the
    sides of predicates by which it picks its focus nodes, as (``subject`` or ``object``, predicate).
    """

    node: str
    name: str
    severity: str
    message: str
    table: str
    column: str
    path: Callable[[_Graph, str], list[str]] | None = None
    aims: list[tuple[str, str]] = field(default_factory=list)
    tests: list[tuple[str, Test]] = field(default_factory=list)
    questions: list[tuple[str, str]] = field(default_factory=list)
    nested: list[Shape] = field(default_factory=list)


class Shapes:
    """SHACL shapes, run on dictionaries.

    Parameters
    ----------
    triples : iterable of (str, str, str)
        The shapes graph as N-Triples terms.

    Attributes
    ----------
    columns : dict of str to (str, str)
        Property, as a term, to the table and column that a shape says it comes from.

    Raises
    ------
    Unavailable
        If a shape uses a term of SHACL that is not among those below: it is not passed over.

    Notes
    -----
    Targets: class, node, subjects of, objects of. Paths: predicate, inverse, sequence, alternative. Constraints: class,
    datatype, nodeKind, minCount, maxCount, minInclusive, maxInclusive, minExclusive, maxExclusive, minLength,
    maxLength, pattern, in, hasValue, equals, disjoint, lessThan, lessThanOrEquals, node, property, and, or, not,
    SPARQL (SELECT). About 10 µs for a shape and a focus node.
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._graph = _Graph(triples)
        self._made: dict[str, Shape] = {}
        self._targets: dict[str, list[tuple[str, str]]] = {}
        for kind in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf"):
            for node, aim in self._graph.pairs.get(_sh(kind), []):
                self._targets.setdefault(node, []).append((kind, aim))
        for node in self._targets:
            self._make(node)
        self.columns: dict[str, tuple[str, str]] = {}
        for node, path in self._graph.pairs.get(_sh("path"), []):
            shape = self._made.get(node)
            if shape and shape.column and path.startswith("<"):
                self.columns.setdefault(path, (shape.table, shape.column))

    def __len__(self) -> int:
        return sum(1 for shape in self._made.values() if shape.node.startswith("<"))

    def __getitem__(self, node: str) -> Shape:
        return self._made[node]

    def results(self, triples: Iterable[Triple]) -> list[Result]:
        """Validate a data graph.

        Parameters
        ----------
        triples : iterable of (str, str, str)
            N-Triples terms; the classes' hierarchy must be among them.

        Returns
        -------
        list of Result
            No two alike; in the order of shapes and focus nodes.
        """
        data = _Graph(triples)
        found: dict[Result, None] = {}
        instances: dict[str, list[str]] = {}
        for node in dict.fromkeys(node for node, _ in data.pairs.get(RDF_TYPE, [])):
            for cls in data.classes(node):
                instances.setdefault(cls, []).append(node)
        for node, targets in self._targets.items():
            nodes: dict[str, None] = {}
            for kind, aim in targets:
                if kind == "targetClass":
                    nodes.update(dict.fromkeys(instances.get(aim, [])))
                elif kind == "targetNode":
                    nodes[aim] = None
                else:
                    side = 0 if kind == "targetSubjectsOf" else 1
                    nodes.update(dict.fromkeys(pair[side] for pair in data.pairs.get(aim, [])))
            for focus in nodes:
                found.update(dict.fromkeys(self._results(data, self._made[node], focus)))
        return list(found)

    def _results(self, data: _Graph, shape: Shape, focus: str) -> Iterator[Result]:
        values = [focus] if shape.path is None else list(dict.fromkeys(shape.path(data, focus)))
        for component, test in shape.tests:
            for value in test(data, focus, values):
                yield Result(focus, shape.node, component, value, shape.severity, shape.message)
        for question, message in shape.questions:
            yield from self._answers(data, shape, focus, question, message)
        for inner in shape.nested:
            for value in values:
                yield from self._results(data, inner, value)

    def _conforms(self, data: _Graph, shape: Shape, node: str) -> bool:
        return next(self._results(data, shape, node), None) is None

    def _answers(
        self, data: _Graph, shape: Shape, focus: str, question: str, message: str
    ) -> Iterator[Result]:
        for bound in data.answers(question, focus):
            value = bound.get("value", "" if shape.path else focus)
            text = message
            for name, term in {"this": focus, **bound}.items():
                text = text.replace(f"{{?{name}}}", _text(term)).replace(f"{{${name}}}", _text(term))
            yield Result(focus, shape.node, "SPARQL", value, shape.severity, text)

    # -- making shapes ready

    def _make(self, node: str) -> Shape:
        if node in self._made:
            return self._made[node]
        graph = self._graph
        said = graph.out.get(node, {})
        severity = _text(graph.value(node, _sh("severity")) or _sh("Violation")).removeprefix(_SHACL)
        shape = Shape(
            node,
            re.split(r"[#/]", node.strip("<>"))[-1],
            {"Violation": "error", "Warning": "warning", "Info": "info"}[severity],
            _text(graph.value(node, _sh("message"))),
            _text(graph.value(node, iri("ev", "table"))),
            _text(graph.value(node, iri("ev", "column"))),
        )
        self._made[node] = shape
        sides = {"targetSubjectsOf": "subject", "targetObjectsOf": "object"}
        shape.aims = [(sides[kind], aim) for kind, aim in self._targets.get(node, []) if kind in sides]
        for predicate, values in said.items():
            name = predicate[1:-1].removeprefix(_SHACL)
            if name == predicate[1:-1] or name in _SILENT:
                continue
            if name == "path":
                shape.path = self._path(values[0])
                shape.aims += [("subject", values[0])] if values[0].startswith("<") else []
            elif name == "property":
                shape.nested += [self._make(value) for value in values]
            elif name == "sparql":
                shape.questions += [self._question(value, shape.message) for value in values]
            elif name in _TESTS:
                component, build = _TESTS[name]
                shape.tests += [(component, build(self, value)) for value in values]
            else:
                raise Unavailable(
                    f"the shape {shape.name} uses sh:{name}, which only --engine pyshacl can run"
                )
        return shape

    def _path(self, node: str) -> Callable[[_Graph, str], list[str]]:
        if node.startswith("<"):
            return lambda data, focus: data.values(focus, node)
        said = self._graph.out.get(node, {})
        if _FIRST in said:
            steps = [self._path(step) for step in self._graph.members(node)]

            def walk(data: _Graph, focus: str) -> list[str]:
                nodes = [focus]
                for step in steps:
                    nodes = [value for start in dict.fromkeys(nodes) for value in step(data, start)]
                return nodes

            return walk
        if _sh("alternativePath") in said:
            ways = [self._path(way) for way in self._graph.members(said[_sh("alternativePath")][0])]
            return lambda data, focus: [value for way in ways for value in way(data, focus)]
        if _sh("inversePath") in said and said[_sh("inversePath")][0].startswith("<"):
            back = said[_sh("inversePath")][0]
            return lambda data, focus: [
                subject for subject, value in data.pairs.get(back, []) if value == focus
            ]
        raise Unavailable("a shape uses a path that only --engine pyshacl can run")

    def _question(self, node: str, message: str) -> tuple[str, str]:
        graph = self._graph
        heads = [
            f"PREFIX {_text(graph.value(declared, _sh('prefix')))}: <{_text(graph.value(declared, _sh('namespace')))}>\n"
            for ontology in graph.values(node, _sh("prefixes"))
            for declared in graph.values(ontology, _sh("declare"))
        ]
        return "".join(heads) + _text(graph.value(node, _sh("select"))), _text(
            graph.value(node, _sh("message"))
        ) or message

    def _shapes_of(self, head: str) -> list[Shape]:
        return [self._make(node) for node in self._graph.members(head)]


def _sh(name: str) -> str:
    return f"<{_SHACL}{name}>"


@cache
def shipped_shapes() -> Shapes:
    """Return the project's own shapes, made ready once per process (about 20 ms)."""
    return Shapes(turtle(folder("ontology") / "shapes.ttl"))


#: Terms of a shape that constrain nothing, or are read elsewhere.
_SILENT = frozenset({
    "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "message", "severity", "name", "description",
    "order", "group",
})  # fmt: skip

_LITERAL = re.compile(r'"(.*)"(?:\^\^<(.*)>|@([A-Za-z0-9-]+))?', re.S)
_ESCAPED = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.S)
_PLAIN = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}
_XSD = PREFIXES["xsd"]
_ZONE = r"(?:Z|[+-]\d{2}:\d{2})?"
_WHOLE = (
    "integer", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger", "long", "int",
    "short", "byte", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte",
)  # fmt: skip
#: Datatype to the form of its literals; others are taken as they come.
_FORMS = {
    **dict.fromkeys(_WHOLE, r"[+-]?\d+"),
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    **dict.fromkeys(("double", "float"), r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|INF)|NaN"),
    "boolean": r"true|false|1|0",
    "date": rf"-?\d{{4,}}-\d\d-\d\d{_ZONE}",
    "dateTime": rf"-?\d{{4,}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?{_ZONE}",
}


def _text(term: str) -> str:
    """Return the text of a term: the address of a node, the lexical form of a literal."""
    found = _LITERAL.fullmatch(term)
    if found is None:
        return term.strip("<>")

    def plain(hit: re.Match[str]) -> str:
        code = hit.group(1) or hit.group(2)
        return chr(int(code, 16)) if code else _PLAIN.get(hit.group(3), hit.group(3))

    return _ESCAPED.sub(plain, found.group(1))


def _datatype(term: str) -> str:
    """Return the datatype of a literal, empty for a node; a local name for one of XML Schema."""
    found = _LITERAL.fullmatch(term)
    if found is None:
        return ""
    return (found.group(2) or ("langString" if found.group(3) else "string")).removeprefix(_XSD)


def _well_formed(term: str) -> bool:
    datatype, text = _datatype(term), _text(term)
    if datatype in _FORMS and not re.fullmatch(_FORMS[datatype], text):
        return False
    return datatype not in ("date", "dateTime") or _moment(text) is not None


def _moment(text: str) -> datetime | None:
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(
            text[:10] + ("" if len(text) > 10 and text[10] == "T" else "T00:00:00") + text[10:]
        )
    return None


def _compared(one: str, other: str) -> int | None:
    """Return -1, 0 or 1 as SPARQL orders two literals, None where it does not."""
    left, right = (_comparable(term) for term in (one, other))
    if left is None or right is None or left[0] != right[0]:
        return None
    try:
        return int(left[1] > right[1]) - int(left[1] < right[1])
    except TypeError:  # a time with a zone and one without
        return None


def _comparable(term: str) -> tuple[str, Any] | None:
    datatype, text = _datatype(term), _text(term)
    if not _well_formed(term):
        return None
    if datatype in ("decimal", "double", "float") or datatype in _WHOLE:
        return None if text == "NaN" else ("number", Decimal(text))
    if datatype in ("date", "dateTime"):
        return datatype, _moment(text)
    return (datatype, text) if datatype in ("string", "boolean") else None


def _count(allowed: Callable[[int, int], bool]) -> Callable[[Shapes, str], Test]:
    def build(_: Shapes, value: str) -> Test:
        limit = int(_text(value))
        return lambda data, focus, values: [] if allowed(len(values), limit) else [""]

    return build


def _length(allowed: Callable[[int, int], bool]) -> Callable[[Shapes, str], Test]:
    def build(_: Shapes, value: str) -> Test:
        limit = int(_text(value))
        return lambda data, focus, values: [
            node for node in values if node.startswith("_:") or not allowed(len(_text(node)), limit)
        ]

    return build


def _bound(allowed: Callable[[int], bool]) -> Callable[[Shapes, str], Test]:
    def build(_: Shapes, value: str) -> Test:
        def test(data: _Graph, focus: str, values: list[str]) -> Iterator[str]:
            for node in values:
                order = _compared(node, value)
                if order is None or not allowed(order):
                    yield node

        return test

    return build


def _pair(allowed: Callable[[int], bool]) -> Callable[[Shapes, str], Test]:
    def build(_: Shapes, predicate: str) -> Test:
        def test(data: _Graph, focus: str, values: list[str]) -> Iterator[str]:
            for node in values:
                for other in data.values(focus, predicate):
                    order = _compared(node, other)
                    if order is None or not allowed(order):
                        yield node

        return test

    return build


def _class(_: Shapes, cls: str) -> Test:
    return lambda data, focus, values: [node for node in values if cls not in data.classes(node)]


def _datatype_is(_: Shapes, datatype: str) -> Test:
    wanted = _text(datatype).removeprefix(_XSD).removeprefix(PREFIXES["rdf"])
    return lambda data, focus, values: [
        node for node in values if _datatype(node) != wanted or not _well_formed(node)
    ]


def _node_kind(_: Shapes, kind: str) -> Test:
    allowed = re.findall("IRI|BlankNode|Literal", _text(kind).removeprefix(_SHACL))
    kinds = {"<": "IRI", "_": "BlankNode", '"': "Literal"}
    return lambda data, focus, values: [node for node in values if kinds[node[0]] not in allowed]


def _pattern(_: Shapes, pattern: str) -> Test:
    wanted = re.compile(_text(pattern))
    return lambda data, focus, values: [
        node for node in values if node.startswith("_:") or not wanted.search(_text(node))
    ]


def _in(shapes: Shapes, head: str) -> Test:
    allowed = set(shapes._graph.members(head))
    return lambda data, focus, values: [node for node in values if node not in allowed]


def _has_value(_: Shapes, value: str) -> Test:
    return lambda data, focus, values: [] if value in values else [""]


def _equals(_: Shapes, predicate: str) -> Test:
    def test(data: _Graph, focus: str, values: list[str]) -> list[str]:
        others = data.values(focus, predicate)
        return [node for node in values if node not in others] + [
            node for node in others if node not in values
        ]

    return test


def _disjoint(_: Shapes, predicate: str) -> Test:
    return lambda data, focus, values: [node for node in values if node in data.values(focus, predicate)]


def _node(shapes: Shapes, node: str) -> Test:
    inner = shapes._make(node)
    return lambda data, focus, values: [value for value in values if not shapes._conforms(data, inner, value)]


def _not(shapes: Shapes, node: str) -> Test:
    inner = shapes._make(node)
    return lambda data, focus, values: [value for value in values if shapes._conforms(data, inner, value)]


def _and(shapes: Shapes, head: str) -> Test:
    inner = shapes._shapes_of(head)
    return lambda data, focus, values: [
        value for value in values if not all(shapes._conforms(data, shape, value) for shape in inner)
    ]


def _or(shapes: Shapes, head: str) -> Test:
    inner = shapes._shapes_of(head)
    return lambda data, focus, values: [
        value for value in values if not any(shapes._conforms(data, shape, value) for shape in inner)
    ]


_TESTS: dict[str, tuple[str, Callable[[Shapes, str], Test]]] = {
    "minCount": ("MinCount", _count(lambda size, limit: size >= limit)),
    "maxCount": ("MaxCount", _count(lambda size, limit: size <= limit)),
    "minLength": ("MinLength", _length(lambda size, limit: size >= limit)),
    "maxLength": ("MaxLength", _length(lambda size, limit: size <= limit)),
    "minInclusive": ("MinInclusive", _bound(lambda order: order >= 0)),
    "maxInclusive": ("MaxInclusive", _bound(lambda order: order <= 0)),
    "minExclusive": ("MinExclusive", _bound(lambda order: order > 0)),
    "maxExclusive": ("MaxExclusive", _bound(lambda order: order < 0)),
    "lessThan": ("LessThan", _pair(lambda order: order < 0)),
    "lessThanOrEquals": ("LessThanOrEquals", _pair(lambda order: order <= 0)),
    "class": ("Class", _class),
    "datatype": ("Datatype", _datatype_is),
    "nodeKind": ("NodeKind", _node_kind),
    "pattern": ("Pattern", _pattern),
    "in": ("In", _in),
    "hasValue": ("HasValue", _has_value),
    "equals": ("Equals", _equals),
    "disjoint": ("Disjoint", _disjoint),
    "node": ("Node", _node),
    "not": ("Not", _not),
    "and": ("And", _and),
    "or": ("Or", _or),
}


@contextlib.contextmanager
def _verbatim() -> Iterator[None]:
    """Let rdflib keep literals as they are written; left to itself it rewrites some."""
    import rdflib

    keep, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS = keep


def pyshacl_results(triples: Iterable[Triple], shapes: Path | None = None) -> list[Result]:
    """Validate a data graph with pySHACL: the second opinion.

    Parameters
    ----------
    triples : iterable of (str, str, str)
        N-Triples terms.
    shapes : Path, optional
        A Turtle file; the project's own shapes by default.

    Notes
    -----
    70 ms a claim, and the time grows with the number of propositions.
    """
    import pyshacl
    import rdflib

    sh, data = rdflib.SH, rdflib.Graph()
    with _verbatim():
        data.parse(data="".join(f"{' '.join(triple)} .\n" for triple in dict.fromkeys(triples)), format="nt")
        wanted = rdflib.Graph().parse(shapes or folder("ontology") / "shapes.ttl")
        _, found, _ = pyshacl.validate(data, shacl_graph=wanted, inference="none", advanced=False)
    grades = {sh.Violation: "error", sh.Warning: "warning", sh.Info: "info"}
    results: dict[Result, None] = {}
    for node in found.objects(None, sh.result):  # what explains a result hangs on it by sh:detail
        value, component = found.value(node, sh.value), str(found.value(node, sh.sourceConstraintComponent))
        result = Result(
            found.value(node, sh.focusNode).n3(),
            found.value(node, sh.sourceShape).n3(),
            component.removeprefix(_SHACL).removesuffix("ConstraintComponent"),
            value.n3() if value is not None else "",
            grades[found.value(node, sh.resultSeverity)],
            str(found.value(node, sh.resultMessage)),
        )
        results.setdefault(result)
    return list(results)
