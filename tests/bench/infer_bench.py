"""Time `kg.infer` against Nemo on a synthetic supply web, with the project's own ontology and rules.

Run it as a script: ``python tests/bench/infer_bench.py [about how many facts]``. Prints CPU seconds (all threads) and
ratios; asserts that both engines conclude the same. Transitive reliance and what hangs on it are left out, as they
are wherever the web is large: paths belong to the network analysis.

Invented are only the facts. A web of n organisations in 40 jurisdictions has ties with a supplier, a customer and a
layer (four triples a tie, three fifths goods, the rest software, services and licences), sites, models, subsidiaries,
and policies that target jurisdictions.
"""

from __future__ import annotations

import gc
import importlib.util
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kg.infer import Closure, Rule, Triple, close, parse_rules, rules_of_ontology
from kg.rules import RDF_TYPE

HERE = Path(__file__).resolve().parents[2]
EV, EVV, ID = "https://w3id.org/evsw/ontology#", "https://w3id.org/evsw/scheme/", "https://w3id.org/evsw/id/"
LEFT_OUT = {f"<{EV}reliesOn>", f"<{EV}candidateExposureTo>"}

Asserted = list[tuple[Triple, frozenset[str]]]


def ontology() -> Iterator[Triple]:
    """Yield the triples of the ontology's modules as N-Triples terms."""
    import pyoxigraph

    for number, path in enumerate(sorted((HERE / "ontology").glob("*.ttl"))):
        if path.stem in ("shapes", "alignments"):
            continue
        for quad in pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE):
            subject, predicate, value = (
                f"_:m{number}x{term.value}" if isinstance(term, pyoxigraph.BlankNode) else str(term)
                for term in (quad.subject, quad.predicate, quad.object)
            )
            yield subject, predicate, value


def rules(triples: list[Triple]) -> list[Rule]:
    """Return the project's rules without constraints and without those about transitive reliance."""
    found = list(rules_of_ontology(triples).rules)
    for path in sorted((HERE / "queries" / "rules").glob("*.rq")):
        found += parse_rules(path.read_text(encoding="utf-8"), source=path.name)
    return [
        rule for rule in found if rule.head and not any(p[1] in LEFT_OUT for p in (*rule.head, *rule.body))
    ]


def web(size: int, schema: list[Triple], seed: int = 1) -> Asserted:
    """Return about `size` asserted facts, each with one or two claims, and a background of kinds and schema."""
    rnd = random.Random(seed)
    ties = size // 6
    organisations = max(20, ties // 8)
    # Popularity falls off with rank, as it does in real webs.
    weights = [1 / (rank + 8) ** 0.6 for rank in range(organisations)]

    def ev(name: str) -> str:
        return f"<{EV}{name}>"

    def thing(kind: str, number: int) -> str:
        return f"<{ID}{kind}-{number}>"

    layers = [s for s, p, o in schema if p == RDF_TYPE and o == ev("StackLayer")]
    facts: Asserted = [(triple, frozenset()) for triple in schema if triple[1] == ev("subLayerOf")]
    said = 0

    def background(*triple: str) -> None:
        facts.append(((triple[0], triple[1], triple[2]), frozenset()))

    def claim() -> frozenset[str]:
        nonlocal said
        said += 1
        return frozenset({f"c{said}"} if rnd.random() < 0.8 else {f"c{said}", f"d{said}"})

    for kind, tie in (
        ("Tariff", "GoodsSupply"),
        ("ExportControl", "GoodsSupply"),
        ("ExportControl", "TechnologyLicence"),
    ):
        background(ev(kind), ev("reaches"), ev(tie))
    for number in range(40):
        background(thing("place", number), RDF_TYPE, ev("Jurisdiction"))
    for number in range(12):
        policy = thing("policy", number)
        background(policy, RDF_TYPE, ev(("Tariff", "ExportControl", "TaxCredit")[number % 3]))
        if number % 4:
            background(policy, RDF_TYPE, ev("AnyLayerInstrument"))
        else:
            background(policy, ev("reachesLayer"), f"<{EVV}layer-battery>")
        facts.append(((policy, ev("targets"), thing("place", number)), claim()))
        facts.append(((policy, ev("appliesIn"), thing("place", number + 12)), claim()))
    for number in range(organisations):
        firm = thing("firm", number)
        background(firm, RDF_TYPE, ev("Company"))
        facts.append(((firm, ev("headquarteredIn"), thing("place", rnd.randrange(40))), claim()))
        if number % 3 == 0:
            background(thing("site", number), RDF_TYPE, ev("Plant"))
            facts.append(((thing("site", number), ev("siteOf"), firm), claim()))
            facts.append(
                ((thing("site", number), ev("locatedIn"), thing("place", rnd.randrange(40))), claim())
            )
        if number % 5 == 0:
            background(thing("model", number), RDF_TYPE, ev("VehicleModel"))
            facts.append(((thing("model", number), ev("madeBy"), firm), claim()))
        if number % 7 == 1:
            facts.append(((firm, ev("subsidiaryOf"), thing("firm", number // 2)), claim()))
    forms = [("GoodsSupply", "supplier", "customer")] * 6 + [
        ("SoftwareProvision", "softwareProvider", "softwareUser"),
        ("ServiceProvision", "serviceProvider", "serviceUser"),
        ("TechnologyLicence", "licensor", "licensee"),
        ("Shareholding", "owner", "ownedEntity"),
        ("Negotiation", "negotiator", "negotiator"),
    ]
    giving = rnd.choices(range(organisations), weights, k=ties)
    taking = [rnd.randrange(organisations) for _ in range(ties)]
    for number, (giver, taker) in enumerate(zip(giving, taking, strict=True)):
        kind, first, second = rnd.choice(forms)
        tie, support = f"<{ID}tie-{number}>", claim()
        receiver = thing("firm", taker)
        if kind == "GoodsSupply" and taker % 3 == 0 and rnd.random() < 0.3:
            receiver = thing("site", taker)
        facts.append(((tie, RDF_TYPE, ev(kind)), support))
        facts.append(((tie, ev(first), thing("firm", giver)), support))
        facts.append(((tie, ev(second), receiver), support))
        facts.append(((tie, ev("inLayer"), rnd.choice(layers)), support))
        if number % 4:
            facts.append(((tie, RDF_TYPE, ev("UnscopedRelationship")), support))
        else:
            facts.append(((tie, ev("inMarket"), thing("place", rnd.randrange(40))), support))
    return facts


class Nemo:
    """The same facts and rules as a Nemo program: a predicate each for properties and for classes.

    Parameters
    ----------
    facts : list of (Triple, frozenset of str)
    rules : list of Rule
    folder : Path
        Gets one CSV file for each predicate.
    """

    def __init__(self, facts: Asserted, rules: list[Rule], folder: Path) -> None:
        self.names: dict[tuple[str, str], str] = {}
        #: CPU seconds of reading the program, for each run.
        self.reading: list[float] = []
        rows: dict[str, list[str]] = {}
        for triple, _ in facts:
            name, args = self._split(triple)
            rows.setdefault(name, []).append(",".join(f'"{arg}"' for arg in args))
        lines = []
        for rule in rules:
            body = ", ".join([*map(self._atom, rule.body), *(f"{a} != {b}" for a, b in rule.distinct)])
            lines += [f"{self._atom(head)} :- {body} ." for head in rule.head]
        if any(
            pattern[1] == RDF_TYPE and pattern[2].startswith("?") for rule in rules for pattern in rule.body
        ):
            lines += [f"type(?x, {cls}) :- {name}(?x) ." for (_, cls), name in self.names.items() if cls]
        for (_, cls), name in self.names.items():
            file = folder / f"{name}.csv"
            file.write_text(
                "".join(f"{row}\n" for row in dict.fromkeys(rows.get(name, ()))), encoding="utf-8"
            )
            form = "(any)" if cls else "(any,any)"
            lines.append(f'@import {name} :- csv{{resource="{file}", format={form}}} .')
            # Without output lines the engine leaves out facts that matter to no rule.
            lines.append(f"@output {name} .")
        self.program = "\n".join(lines)

    def _name(self, predicate: str, cls: str = "") -> str:
        return self.names.setdefault((predicate, cls), f"{'c' if cls else 'p'}{len(self.names)}")

    def _split(self, triple: Triple) -> tuple[str, list[str]]:
        subject, predicate, value = triple
        if predicate == RDF_TYPE:
            return self._name(predicate, value), [subject]
        return self._name(predicate), [subject, value]

    def _atom(self, pattern: Triple) -> str:
        if pattern[1] == RDF_TYPE and pattern[2].startswith("?"):
            return f"type({pattern[0]}, {pattern[2]})"
        name, args = self._split(pattern)
        return f"{name}({', '.join(args)})"

    def run(self) -> Any:
        """Read the program, load the facts, reason, and return the engine."""
        import nmo_python

        start = time.process_time()
        engine = nmo_python.NemoEngine(nmo_python.load_string(self.program))
        self.reading.append(time.process_time() - start)
        engine.reason()
        return engine

    def triples(self, engine: Any) -> set[Triple]:
        """Return everything that holds."""
        return {
            (row[0], predicate, cls) if cls else (row[0], predicate, row[1])
            for (predicate, cls), name in self.names.items()
            for row in engine.result(name)
        }


ROUNDS = 7


def cpu(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of a call, all threads counted, and its result."""
    gc.collect()
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


def main(size: int) -> None:
    """Print the figures for a web of about `size` asserted facts.

    The engines take turns, and ratios are of neighbouring runs, so that a busy machine slows all of them alike.
    """
    schema = list(ontology())
    program = rules(schema)
    facts = web(size, schema)
    with tempfile.TemporaryDirectory() as place:
        nemo = Nemo(facts, program, Path(place))
        calls: dict[str, Callable[[], Any]] = {
            "kg.infer, witnesses on": lambda: close(facts, program),
            "kg.infer, witnesses off": lambda: close(facts, program, witnesses=False),
            "Nemo": nemo.run,
        }
        if importlib.util.find_spec("nmo_python") is None:
            print("Nemo is not installed (package nemo-python)")
            calls.popitem()
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        last: dict[str, Any] = {}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                last.pop(name, None)
                spent, last[name] = cpu(call)
                seconds[name].append(spent)
        on, _, *other = seconds
        closure = last[on]
        asserted = len({triple for triple, _ in facts})
        print(f"Python {platform.python_version()}, medians of {ROUNDS} rounds, CPU seconds")
        print(f"{len(program)} rules; {asserted:,} facts asserted, {len(closure):,} in all")
        for name, spent_all in seconds.items():
            ratios = [one / two for one, two in zip(seconds[on], spent_all, strict=True)]
            ratio = "" if name == on else f"   witnesses on take {statistics.median(ratios):.2f} of it"
            print(f"{name:25}{statistics.median(spent_all):5.2f} (best {min(spent_all):.2f}){ratio}")
        for name in other:
            print(
                f"{statistics.median(nemo.reading):.2f} of it to read the rules, the rest to load and reason"
            )
            ours, theirs = set(closure.triples()), nemo.triples(last[name])
            assert ours == theirs, (len(ours - theirs), len(theirs - ours))
            print("both conclude the same")
        last.clear()
    questions(closure, facts)


def questions(closure: Closure, facts: Asserted) -> None:
    """Print what explaining and retracting cost."""
    rnd = random.Random(2)
    derived = list(closure.derived())
    for name, predicate in (
        ("any", ""),
        ("dependsOn", f"<{EV}dependsOn>"),
        ("exposedTo", f"<{EV}exposedTo>"),
    ):
        pool = [triple for triple in derived if predicate in ("", triple[1])]
        sample = rnd.sample(pool, min(300, len(pool)))
        spent_first, _ = cpu(lambda some=sample[:20]: [closure.witnesses(triple) for triple in some])
        print(f"first 20 of {name}: {1000 * spent_first:.0f} ms, building indexes for looking backwards")
        for what, call in (("witnesses", closure.witnesses), ("proof", closure.proof)):
            spent, found = [], []
            for triple in sample:
                start = time.process_time()
                found.append(call(triple))
                spent.append(1000 * (time.process_time() - start))
            spent.sort()
            full = f", {sum(w.complete for w in found)} complete" if what == "witnesses" else ""
            print(
                f"{what:9} of {len(sample)} {name}: median {statistics.median(spent):.2f} ms, "
                f"95 % {spent[int(0.95 * len(spent))]:.1f} ms, most {spent[-1]:.0f} ms{full}"
            )
    claims = sorted({claim for _, names in facts for claim in names})
    for count in (1, 100):
        taken = rnd.sample(claims, count)
        start = time.process_time()
        gone = closure.retract(taken)
        middle = time.process_time()
        chosen = set(taken)
        back = [(triple, names & chosen) for triple, names in facts if names & chosen]
        came = closure.extend(back)
        end = time.process_time()
        assert came == gone
        print(
            f"retracting {count} claims: {1000 * (middle - start):.1f} ms, {len(gone)} facts go; putting them back {1000 * (end - middle):.1f} ms"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 110_000)
