"""The W3C's SPARQL tests read from their manifests, and their answers compared.

The official files lie in a folder that ``KG_W3C_TESTS`` names, in whatever layout: every ``manifest*.ttl`` below it is
read [1]_. An answer is compared as RDF up to blank nodes, numbers by value.

References
----------
.. [1] W3C. SPARQL 1.1 test case structure. https://www.w3.org/2009/sparql/docs/tests/README.html
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg import gate

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
XSD = "http://www.w3.org/2001/XMLSchema#"
#: Stands for the folder of the tests in every IRI, so that no path of this machine gets into an answer.
BASE = "http://w3c.example/"
EVALUATION = {"QueryEvaluationTest", "CSVResultFormatTest"}
SYNTAX = {
    "PositiveSyntaxTest": True,
    "PositiveSyntaxTest11": True,
    "NegativeSyntaxTest": False,
    "NegativeSyntaxTest11": False,
}
_FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".n3": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".trig": ox.RdfFormat.TRIG,
}


@dataclass(frozen=True)
class Case:
    """One test: a query, what it is asked of, and what it should come to."""

    name: str
    kind: str
    query: str
    data: tuple[str, ...] = ()
    #: Named graphs: their IRI, and the IRI of the file that holds them.
    graphs: tuple[tuple[str, str], ...] = ()
    result: str = ""


class Suite:
    """The tests of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases = list(self._cases())

    def path(self, name: str) -> Path:
        """Return the file that an IRI stands for."""
        return self.folder / name.removeprefix(BASE)

    def text(self, case: Case) -> str:
        """Return the query of a case, with the IRI it would be fetched from as its base."""
        return f"BASE <{case.query}>\n" + self.path(case.query).read_text(encoding="utf-8")

    def from_graphs(self, case: Case) -> tuple[str, ...]:
        """IRIs that FROM names in a query, where they are files of the suite."""
        found = gate._graphs(*_words(self.text(case)))
        return tuple(name for name in found if name.startswith(BASE) and self.path(name).is_file())

    def quads(self, name: str) -> Iterator[ox.Quad]:
        """Yield what a file holds."""
        path = self.path(name)
        yield from ox.parse(
            path=str(path), format=_FORMATS[path.suffix], base_iri=name, rename_blank_nodes=True
        )

    def load(self, store: ox.Store, name: str, graph: str | None) -> None:
        """Load a file into a graph of a store (None: the default graph), empty files too."""
        place = ox.NamedNode(graph) if graph else ox.DefaultGraph()
        if graph:
            store.add_graph(place)
        store.extend(ox.Quad(q.subject, q.predicate, q.object, place) for q in self.quads(name))

    def expected(self, case: Case) -> Any:
        """Return what a case should come to; see `answer` for the form."""
        path = self.path(case.result)
        if path.suffix == ".csv":
            return _table(path.read_text(encoding="utf-8"))
        if path.suffix in (".srx", ".srj", ".tsv"):
            form = {
                ".srx": ox.QueryResultsFormat.XML,
                ".srj": ox.QueryResultsFormat.JSON,
                ".tsv": ox.QueryResultsFormat.TSV,
            }[path.suffix]
            return answer(ox.parse_query_results(path=str(path), format=form))
        graph = ox.Dataset(self.quads(case.result))
        sets = list(graph.quads_for_predicate(ox.NamedNode(RS + "boolean")))
        if sets:
            return sets[0].object.value == "true"
        if not list(graph.quads_for_object(ox.NamedNode(RS + "ResultSet"))):
            return answer(ox.Triple(q.subject, q.predicate, q.object) for q in graph)
        return _solutions(
            _row(graph, quad.object) for quad in graph.quads_for_predicate(ox.NamedNode(RS + "solution"))
        )

    def _cases(self) -> Iterator[Case]:
        seen: set[str] = set()
        for path in sorted(self.folder.rglob("manifest*.ttl")):
            base = BASE + path.relative_to(self.folder).as_posix()
            try:
                graph = ox.Dataset(ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=base))
            except SyntaxError:  # an index that is no Turtle of today
                continue
            for quad in graph.quads_for_predicate(ox.NamedNode(MF + "action")):
                case = _case(graph, quad.subject, quad.object)
                # What is written (.ru) is no query; some collections leave files out that they name.
                if (
                    case
                    and case.query.endswith(".rq")
                    and self.path(case.query).is_file()
                    and (key := f"{case.query} {case.kind} {case.name}") not in seen
                ):
                    seen.add(key)
                    yield case


def _words(text: str) -> tuple[list[gate.Token], list[str]]:
    found = list(gate.tokens(text))
    return found, [token.text.upper() if token.kind == "word" else "" for token in found]


def _case(graph: ox.Dataset, test: Any, action: Any) -> Case | None:
    def values(subject: Any, name: str) -> list[Any]:
        return [q.object for q in graph.quads_for_subject(subject) if q.predicate.value == name]

    kinds = [kind.value.removeprefix(MF) for kind in values(test, RDF + "type")]
    kind = next((kind for kind in kinds if kind in EVALUATION or kind in SYNTAX), "")
    if not kind:
        return None
    name = (
        f"{test.value.removeprefix(BASE)}"
        if isinstance(test, ox.NamedNode)
        else str(values(test, MF + "name"))
    )
    if isinstance(action, ox.NamedNode):
        return Case(name, kind, action.value)
    graphs = []
    for item in values(action, QT + "graphData"):
        files = values(item, QT + "graph")
        label = [q.object.value for q in graph.quads_for_subject(item) if q.predicate == LABEL]
        graphs.append((label[0], files[0].value) if files and label else (item.value, item.value))
    result = values(test, MF + "result")
    return Case(
        name, kind, values(action, QT + "query")[0].value, tuple(item.value for item in values(action, QT + "data")),
        tuple(sorted(graphs)), result[0].value if result else "",
    )  # fmt: skip


def _row(graph: ox.Dataset, solution: Any) -> dict[str, Any]:
    row = {}
    for quad in graph.quads_for_subject(solution):
        if quad.predicate.value == RS + "binding":
            parts = {
                q.predicate.value.removeprefix(RS): q.object for q in graph.quads_for_subject(quad.object)
            }
            row[parts["variable"].value] = parts["value"]
    return row


def answer(found: Any) -> Any:
    """Return an answer as something that can be compared: a truth value, or lines of canonical N-Quads."""
    if isinstance(found, bool):
        return found
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    if isinstance(found, ox.QuerySolutions):
        names = [variable.value for variable in found.variables]
        return _solutions(
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in found
        )
    return _canonical(ox.Quad(t.subject, t.predicate, _plain(t.object)) for t in found)


def table(found: str) -> Any:
    """Return the rows of an answer in CSV as something that can be compared."""
    return _table(found)


def _table(text: str) -> list[list[tuple[str, str]]]:
    names, *rows = csv.reader(io.StringIO(text))
    # The order of columns under SELECT * is open; blank nodes have no names to compare.
    return sorted(
        sorted((name, _number(re.sub(r"^_:.*", "_:", cell))) for name, cell in zip(names, row, strict=True))
        for row in rows
    )


def _number(text: str) -> str:
    try:
        return f"{float(text):g}" if re.fullmatch(r"[-+0-9.eE]+", text) else text
    except ValueError:
        return text


def _solutions(rows: Iterable[dict[str, Any]]) -> list[str]:
    row_of = ox.NamedNode("urn:row")
    return _canonical(
        quad
        for number, row in enumerate(rows)
        for node in [ox.BlankNode(f"r{number}")]
        for quad in [
            ox.Quad(node, row_of, ox.Literal("")),
            *(ox.Quad(node, ox.NamedNode(f"urn:var:{name}"), _plain(value)) for name, value in row.items()),
        ]
    )


def _plain(term: Any) -> Any:
    """A number by its value, so that 2.0 and 2 agree where the standard leaves the writing open."""
    if isinstance(term, ox.Literal) and term.datatype.value in (
        XSD + "decimal",
        XSD + "double",
        XSD + "float",
    ):
        try:
            return ox.Literal(f"{float(term.value):.10g}", datatype=term.datatype)
        except ValueError:
            return term
    return term


def _canonical(quads: Iterable[ox.Quad]) -> list[str]:
    graph = ox.Dataset(quads)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, graph))
