"""Time the question library on a large invented graph: the engine bare, this process, and a worker, in the same run.

Run it as a script: ``python tests/bench/query_bench.py [rows of facts]``. The graph is that of `load_bench`. Each
question is asked with its defaults, and where it takes an entity, of a firm with a middling number of ties and of one
with many; last, those that may do without an entity are asked of the whole web, whose answers are lists of thousands.
Prints medians in milliseconds and their ratios, for a firm and for the whole web apart; asserts that all three ways
give the same rows.

A question that a worker has to stop counts as endless.

*Bare* is pyoxigraph alone: the question with its values, and its rows as Python dictionaries of terms' values. *Here*
is ``graph.query(…, trusted=True)``, *worker* is ``graph.query(…)``; both include finding the view, binding the values,
the gate, and reading the rows.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pyoxigraph
from load_bench import batch

from kg import KnowledgeGraph, formats
from kg.index import open_store
from kg.ingest import load
from kg.query import Question, TooCostly, bind, library
from kg.vocabulary import PREFIXES

ROUNDS = 5
#: What a question is asked of when it must be told more than a firm.
GIVEN = {"jurisdiction": "land-3", "one": "firm-70", "other": "firm-71", "source": "doc-7"}


def bare(store: pyoxigraph.Store, text: str) -> list[dict[str, str]]:
    """Ask the engine, and look at every term of every row once."""
    found = store.query(text, prefixes=PREFIXES)
    assert isinstance(found, pyoxigraph.QuerySolutions)
    names = [variable.value for variable in found.variables]
    return [{name: value.value for name in names if (value := row[name]) is not None} for row in found]


def timed(ask: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the median of a few rounds in milliseconds, and the last answer."""
    spent, answer = [], None
    for _ in range(rounds):
        began = time.perf_counter()
        answer = ask()
        spent.append(1000 * (time.perf_counter() - began))
        if sum(spent) > 6000:
            break
    return statistics.median(spent), answer


def degrees(store: pyoxigraph.Store) -> list[str]:
    """Return the firms by how many claims speak of them."""
    text = """SELECT ?firm (COUNT(?p) AS ?n) { ?p ev:headSubject|ev:headObject ?firm . ?firm a ev:Organisation }
              GROUP BY ?firm ORDER BY ?n"""
    return [row["firm"].rsplit("/", 1)[-1] for row in bare(store, text)]


def values_of(question: Question, firm: str) -> dict[str, str]:
    """Return what a question is asked with."""
    return {
        parameter.name: GIVEN.get(parameter.name, firm)
        for parameter in question.parameters
        if parameter.type in ("entity", "source")
        and (parameter.name in GIVEN or (parameter.name == "entity" and firm))
    }


def measure(graph: KnowledgeGraph, store: pyoxigraph.Store, question: Question, firm: str) -> dict[str, Any]:
    """Ask one question in three ways."""
    values = values_of(question, firm)
    kinds = {parameter.name: parameter.type for parameter in question.parameters}
    filled = {
        parameter.name: values.get(parameter.name) or parameter.default for parameter in question.parameters
    }
    text = bind(
        question.text, {name: graph.term(value, kinds[name]) for name, value in filled.items() if value}
    )
    try:
        graph.query(question.name, values=values)
    except TooCostly:  # nothing could stop it in this process
        return {"name": question.name, "rows": 0, "bare": math.inf, "here": math.inf, "worker": math.inf}
    graph.query(question.name, values=values, trusted=True)
    raw, rows = timed(lambda: bare(store, text), ROUNDS)
    here, mine = timed(lambda: graph.query(question.name, values=values, trusted=True), ROUNDS)
    away, theirs = timed(lambda: graph.query(question.name, values=values), ROUNDS)
    # Where rows tie, either order is an answer.
    told = [
        sorted(
            json.dumps({name: term["value"] for name, term in row.items()}, sort_keys=True)
            for row in answer.rows
        )
        for answer in (mine, theirs)
    ]
    wanted = sorted(json.dumps(row, sort_keys=True) for row in rows)
    assert len(rows) > len(mine.rows) if mine.truncated else told == [wanted, wanted], question.name
    return {"name": question.name, "rows": len(rows), "bare": raw, "here": here, "worker": away}


def main(facts: int) -> None:
    """Print the figures."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        KnowledgeGraph(Path(scratch) / "home", shipped=False) as graph,
    ):
        batch(Path(scratch) / "batch", facts)
        checked, _ = load(formats.read(Path(scratch) / "batch"), graph.ledger)
        assert not checked.errors, checked.errors[:3]
        began = time.perf_counter()
        store = open_store(graph.store())
        claims = sum(1 for _ in graph.claims())
        print(
            f"{claims:,} claims, {len(store):,} quads; view and index in {time.perf_counter() - began:.0f} s"
        )
        graph.query("ASK {}")
        firms = degrees(store)
        found, whole = [], []
        for firm in (firms[len(firms) // 2], firms[-1], ""):
            print(
                f"\n{firm or 'the whole web'}\n{'question':28}{'rows':>8}{'bare':>10}{'here':>10}{'worker':>10}{'here/bare':>11}"
            )
            for question in library().values():
                optional = any(each.name == "entity" and not each.default for each in question.parameters)
                if (firm == firms[-1] and not values_of(question, firm)) or (not firm and not optional):
                    continue
                line = measure(graph, store, question, firm)
                (found if firm else whole).append(line)
                ratio = line["here"] / line["bare"] if line["bare"] < math.inf else math.nan
                print(
                    f"{line['name']:28}{line['rows']:8,}{line['bare']:10.2f}{line['here']:10.2f}{line['worker']:10.2f}{ratio:11.2f}",
                    flush=True,
                )
        summary("every question, those that take an entity of two firms", found)
        summary("the whole web, where an entity may be left out", whole)


def summary(title: str, found: list[dict[str, Any]]) -> None:
    """Print medians, the slow end and the ratios."""
    print(f"\n{title}")
    for way in ("bare", "here", "worker"):
        spent = sorted(line[way] for line in found)
        slow = sum(each > 1000 for each in spent)
        print(
            f"{way:8} median {statistics.median(spent):8.2f} ms   p95 {spent[int(0.95 * len(spent))]:8.1f} ms   over 1 s: {slow} of {len(spent)}"
        )
    ended = [line for line in found if line["bare"] < math.inf]
    ratios = [line["here"] / line["bare"] for line in ended]
    print(
        f"here/bare: of the medians {statistics.median(line['here'] for line in found) / statistics.median(line['bare'] for line in found):.2f}, median of the ratios {statistics.median(ratios):.2f}"
    )
    print(
        f"worker - here: median {statistics.median(line['worker'] - line['here'] for line in ended):.2f} ms"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
