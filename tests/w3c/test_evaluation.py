"""The W3C's SPARQL 1.1 query tests, official files: nothing that the engine passes is lost on its way through us.

Set ``KG_W3C_TESTS`` to a folder that holds them, e.g. a checkout of https://github.com/w3c/rdf-tests, or
``test/data/suites/w3c`` of rdflib's source distribution, which CI fetches.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import query
from kg.errors import Refused
from kg.query import Scope
from kg.workers import Workers
from tests.w3c.manifest import EVALUATION, SYNTAX, Case, Suite, answer, table

NAMED = os.environ.get("KG_W3C_TESTS", "")
FOLDER = Path(NAMED)
pytestmark = pytest.mark.skipif(
    not NAMED or not FOLDER.is_dir(), reason="KG_W3C_TESTS names no folder with the W3C's tests"
)


@dataclass
class House:
    """One sealed store with every file of the suite as a graph of its own, and the workers that answer from it.

    A test then asks of its files by the graphs that a request may name, as the SPARQL protocol has it.
    """

    suite: Suite
    place: Path
    pool: Workers
    graphs: dict[str, str] = field(default_factory=dict)
    #: Stores of tests whose graphs have names that other tests give to other files.
    apart: dict[Case, Path] = field(default_factory=dict)

    def fill(self) -> None:
        """Load the suite."""
        for number, case in enumerate(self.suite.cases):
            wanted = self.wanted(case)
            if all(self.graphs.get(graph, file) == file for graph, file in wanted.items()):
                self.graphs |= wanted
            else:
                self.apart[case] = self.place / f"apart-{number}"
                self.load(wanted, self.apart[case])
        self.load(self.graphs, self.place)

    def wanted(self, case: Case) -> dict[str, str]:
        """Graphs that a test needs, and the file of each."""
        # Blank nodes of the default graph are not those of a named one, though both come from one file.
        default = {name + "#default": name for name in case.data}
        return default | {name: name for name in self.suite.from_graphs(case)} | dict(case.graphs)

    def load(self, graphs: dict[str, str], place: Path) -> None:
        """Make a store of files."""
        store = ox.Store(str(place / "store"))
        for graph, file in graphs.items():
            try:
                self.suite.load(store, file, graph)
            except SyntaxError:  # RDF that the engine does not read is none that it could pass with
                store.remove_graph(ox.NamedNode(graph))
        store.flush()

    def ask(self, case: Case, form: str = "json") -> query.Reply:
        """Ask a query through the gate, of a worker."""
        scope = Scope(
            tuple(name + "#default" for name in case.data), tuple(graph for graph, _ in case.graphs)
        )
        return query.ask(
            self.suite.text(case), self.apart.get(case, self.place), self.pool, form=form, graph_format="ntriples",
            scope=None if self.suite.from_graphs(case) else scope,
        )  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The suite behind our doors."""
    found = House(Suite(FOLDER), tmp_path_factory.mktemp("w3c"), query.workers())
    found.fill()
    yield found
    found.pool.close()


def raw(suite: Suite, case: Case) -> ox.Store:
    """Return what a test is about, in the engine's memory and nothing of ours in between."""
    store = ox.Store()
    for name in case.data:
        suite.load(store, name, None)
    for graph, file in (*case.graphs, *((name, name) for name in suite.from_graphs(case))):
        suite.load(store, file, graph)
    return store


def engine_passes(suite: Suite, case: Case) -> bool:
    """Whether the engine alone gives what the test wants."""
    try:
        if case.kind in SYNTAX:
            ox.Store().query(suite.text(case))
            return SYNTAX[case.kind]
        found = raw(suite, case).query(suite.text(case))
        if case.result.endswith(".csv"):
            return bool(
                table(found.serialize(format=ox.QueryResultsFormat.CSV).decode()) == suite.expected(case)
            )
        return bool(answer(found) == suite.expected(case))
    except SyntaxError:
        return case.kind in SYNTAX and not SYNTAX[case.kind]
    except (ValueError, RuntimeError, OSError):  # read, but not to be run: an unknown function
        return case.kind in SYNTAX and SYNTAX[case.kind]


def ours_passes(house: House, case: Case) -> bool:
    """Whether our answer is what the test wants, in each form that carries it whole."""
    try:
        reply = house.ask(case)
    except Refused as error:
        unread = "cannot be read" in str(error)
        return case.kind in SYNTAX and SYNTAX[case.kind] != unread and "not allowed" not in str(error)
    if case.kind in SYNTAX:
        return SYNTAX[case.kind]
    expected = house.suite.expected(case)
    if case.result.endswith(".csv"):
        return bool(table(house.ask(case, "csv").body.decode()) == expected)
    if reply.kind == "graph":
        return bool(answer(q.triple for q in ox.parse(reply.body, ox.RdfFormat.N_TRIPLES)) == expected)
    bodies = [
        (reply.body, ox.QueryResultsFormat.JSON),
        (house.ask(case, "xml").body, ox.QueryResultsFormat.XML),
    ]
    if reply.kind == "rows" and reply.variables:
        bodies.append((house.ask(case, "tsv").body, ox.QueryResultsFormat.TSV))
    return all(answer(ox.parse_query_results(body, form)) == expected for body, form in bodies)


def held_back(house: House, case: Case) -> str:
    """Why the gate does not let a query through, where that is meant; the engine would call out, so it is not asked."""
    try:
        query.check(house.suite.text(case), graphs=house.wanted(case))
    except Refused as error:
        return next((word for word in ("SERVICE", "FROM") if f"{word} " in str(error)), "")
    return ""


def test_what_the_engine_passes_passes_through_the_gate_and_a_worker(house, record_property):
    """All of it but what is refused on purpose: SERVICE, and FROM of documents that are not in the store."""
    counts: Counter[str] = Counter()
    lost = []
    for case in house.suite.cases:
        group = "evaluation" if case.kind in EVALUATION else "syntax"
        counts[f"{group} tests"] += 1
        if reason := held_back(house, case):
            counts[f"{group} held back for {reason}"] += 1
            continue
        passes = engine_passes(house.suite, case)
        ours = ours_passes(house, case)
        counts[f"{group} engine"] += passes
        counts[f"{group} ours"] += ours
        if passes and not ours:
            lost.append(case.name)
    for name, count in sorted(counts.items()):
        record_property(name, count)
    sys.stdout.write("".join(f"{name}: {count}\n" for name, count in sorted(counts.items())))  # seen with -s
    assert not lost, "\n".join(lost)
    assert counts["evaluation engine"] > 0.8 * counts["evaluation tests"], (
        "the suite itself was not understood"
    )
    assert counts["evaluation held back for FROM"] == 0
    assert counts["evaluation held back for SERVICE"] + counts["syntax held back for SERVICE"] < 15
