"""`kg check`: every fault is found and led back to a row and a column; what makes no sense is kept and left out of views."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import warnings
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg.check
import kg.query
from kg.check import PARTS, check, quickxplain
from kg.claim import Claim, Entity, Evidence, Proposition, Retraction, Source
from kg.errors import Misuse, Problem, Unavailable
from kg.index import records
from kg.ingest import Checked
from kg.policy import QUARANTINE
from kg.shapes import _TESTS, Result, Shapes, pyshacl_results, shipped_shapes, turtle
from tests.conftest import DAY, SHIPPED_DAY, WORLD, policy

EV = "https://w3id.org/evsw/ontology#"
SAID = Evidence(paraphrase="The paper says so in so many words.", locator="paragraph 1")


def said(subject, relation, target, line=2, **more):
    """Return a claim on a line of facts.csv, past the loader's checks."""
    fields = {"stance": "reported", "source": "harbour-2025-06-01", "evidence": SAID, **more}
    ends = {
        name: fields.pop(name) for name in ("layer", "in_market", "outside_market", "verb") if name in fields
    }
    return Claim(Proposition(relation, subject, target, **ends), **fields), f"facts.csv:{line} x-{line}"


def card(name, *kinds, line=2, **more):
    """Return an entity card on a line of entities.csv, past the loader's checks."""
    return Entity(name, name.title(), kinds, **more), f"entities.csv:{line} {name}"


def add(world, *rows):
    """Put rows into the ledger as another program, or an earlier ontology, might have done."""
    return world.ledger.append(rows, title="past the loader").seq


#: A carmaker imposes a tax credit: the batch every check must catch.
NONSENSE = (card("clean-credit", "tax-credit"), said("aurora", "imposes", "clean-credit", 7))
#: One thing that imposes (so it is a public body) and applies (so it is a policy); without a card to say what it is.
PAIR = (
    (Entity("thing", "Thing"), "entities.csv:2 thing"),
    said("thing", "imposes", "cell-tariff", 2),
    said("thing", "appliesIn", "norland", 3),
)


def told(report, severity="error"):
    """Return what a report says as (file, row, column, code)."""
    return {
        (item.problem.file, item.problem.row, item.problem.column, item.problem.code)
        for item in report.findings
        if item.problem.severity == severity
    }


def state(report, name):
    """Return how one part went."""
    return next(part for part in report.parts if part.name == name)


# -- the ledger


def test_the_invented_world_is_in_order(world):
    """No error, no warning and no hint from ledger and shapes, and nothing is quarantined."""
    report = check(world, only=["ledger", "shapes"])
    assert report.findings == []
    assert report.healthy
    assert [part.state for part in report.parts] == ["healthy", "healthy"]
    assert not (world.home / QUARANTINE).exists()


def test_a_changed_ledger_is_told(world):
    """A text changed behind the ledger's back is an error of the ledger part."""
    with sqlite3.connect(world.home / "ledger.sqlite") as db:
        db.execute("DROP TRIGGER record_update")
        db.execute("UPDATE record SET text = replace(text, 'Basalt', 'Granite') WHERE type = 'source'")
    db.close()
    report = check(world, only=["ledger"])
    assert {code for _, _, _, code in told(report)} == {"damaged-ledger"}
    assert state(report, "ledger").state == "problems"


# -- shapes: from a violation to a cell

UNREAD = "ledger-scoop"
SEEDED = {
    "a carmaker imposes a tax credit": (NONSENSE, ("facts.csv", 7, "subject", "right-kind-of-subject")),
    "a plant is a carmaker": ([card("works", "oem", "plant", line=5)], ("entities.csv", 5, "kinds", "agent-is-no-thing")),
    "nobody read the source": ([said("basalt", "supplies", "delta", 9, source=UNREAD, depth="1")], ("facts.csv", 9, "source", "claim-read")),
    "the source is not on file": ([said("basalt", "supplies", "delta", 9, source="nowhere")], ("facts.csv", 9, "source", "claim-source")),
    "no evidence": ([said("basalt", "supplies", "delta", 4, evidence=Evidence(paraphrase="Thin."))], ("facts.csv", 4, "paraphrase", "passage-says-something")),
    "a quote of one letter": ([said("basalt", "supplies", "delta", 4, evidence=Evidence(quote="x", locator="here"))], ("facts.csv", 4, "quote", "quote")),
    "the end before the start": ([said("basalt", "supplies", "delta", 4, valid_from="2026", valid_to="2024")], ("facts.csv", 4, "valid_to", "claim-date-order")),
    "more than certain": ([said("basalt", "supplies", "delta", 4, confidence="80")], ("facts.csv", 4, "confidence", "claim-confidence")),
    "a figure of nothing": ([said("basalt", "supplies", "delta", 4, quantity="7")], ("facts.csv", 4, "unit", "quantity-has-unit")),
    "an unknown speaker": ([said("basalt", "supplies", "delta", 4, speaker="nobody")], ("facts.csv", 4, "speaker", "claim-speaker")),
    "a market that is a firm": ([said("basalt", "supplies", "delta", 4, in_market="fjord")], ("facts.csv", 4, "in_market", "market-served")),
    "an object of the wrong kind": ([said("basalt", "supplies", "norland", 4)], ("facts.csv", 4, "object", "right-kind-of-object")),
    "an unknown object": ([said("basalt", "supplies", "nobody", 4)], ("facts.csv", 4, "object", "proposition-object")),
    "a fact inside a scenario": ([said("basalt", "supplies", "delta", 4, scenario="aurora-cirrus-deal")], ("facts.csv", 4, "stance", "scenario-holds-hypotheses")),
    "an address that is none": ([(Source("odd", url="javascript:x", title="Odd", publisher="Odd", kind="news"), "sources.csv:6 odd")], ("sources.csv", 6, "url", "source-url")),
}  # fmt: skip


@pytest.mark.parametrize("story", SEEDED)
def test_a_seeded_fault_is_led_back_to_its_row_and_column(world, story):
    """Whatever node of the graph breaks the shape: claim, passage, quote, proposition, tie, card or source."""
    rows, place = SEEDED[story]
    add(world, *rows)
    report = check(world, only=["shapes"])
    assert place in told(report)
    assert not report.healthy
    finding = next(item for item in report.findings if item.problem.code == place[3])
    assert finding.batch == 2
    assert finding.problem.message[-1] in ".)"


def test_a_finding_prints_as_file_row_column_code_and_cure(world):
    """The form that an editor can jump to, with batch and row label behind it."""
    add(world, *NONSENSE)
    lines = [str(finding) for finding in check(world, only=["shapes"]).findings]
    line = next(line for line in lines if "right-kind-of-subject" in line)
    assert line.startswith("facts.csv:7:subject  right-kind-of-subject  'aurora' is the wrong kind of thing")
    assert line.endswith("(batch 2, x-7)")


def test_a_fault_of_a_proposition_is_told_for_each_row_that_states_it(world):
    """Two rows say it, so two rows are to be mended."""
    add(
        world,
        NONSENSE[0],
        said("aurora", "imposes", "clean-credit", 7),
        said("aurora", "imposes", "clean-credit", 8, stance="denied", speaker="aurora"),
    )
    rows = {row for _, row, _, code in told(check(world, only=["shapes"])) if code == "right-kind-of-subject"}
    assert rows == {7, 8}


def test_a_fault_of_what_a_card_says_points_at_the_cards_own_columns(world):
    """A place that is no jurisdiction stands in column country or parent, not in a column of facts.csv."""
    from kg.ingest import CARDS

    claim, _ = said("aurora", "headquarteredIn", "basalt", source=CARDS.id)
    add(world, (claim, "entities.csv:5 aurora"))
    assert ("entities.csv", 5, "country", "right-kind-of-object") in told(check(world, only=["shapes"]))


def test_a_withdrawn_claim_is_not_told(world):
    """It no longer counts, so there is nothing to mend."""
    claim, place = said("basalt", "supplies", "delta", 4, confidence="80")
    add(world, (claim, place), (Retraction(claim.id, "a slip of the finger"), "retractions.csv:2"))
    assert told(check(world, only=["shapes"])) == set()


def test_warnings_are_told_and_leave_the_graph_healthy(world):
    """A confirmation by nobody in particular is a warning, and quarantines nothing."""
    add(world, said("basalt", "supplies", "delta", 4, stance="confirmed"))
    report = check(world, only=["shapes"])
    assert told(report, "warning") == {("facts.csv", 4, "stance", "confirmed-by-party-or-record")}
    assert report.healthy
    assert report.quarantine == {}


# -- a batch that is only proposed


def write(folder, **tables):
    """Write a batch folder from CSV texts."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


ROW = "subject,relation,object,stance,source,paraphrase,locator,layer\n"


def test_a_proposed_batch_is_checked_by_loader_and_shapes_and_not_stored(world, tmp_path):
    """The loader lets a card pass that is a firm and a plant at once; the shapes do not."""
    head = world.head
    folder = write(
        tmp_path / "mine",
        entities="id,label,kinds\nodd,Odd,oem;plant\n",
        facts=ROW + "basallt,supplies,delta,reported,harbour-2025-06-01,The paper says so.,p. 1,pack\n",
    )
    report = check(world, folder, only=["ledger", "shapes"])
    assert told(report) == {
        ("facts.csv", 2, "subject", "unknown-entity"),
        ("entities.csv", 2, "kinds", "agent-is-no-thing"),
    }
    assert world.head == head
    assert not (world.home / QUARANTINE).exists()


def test_faults_of_the_ledger_are_not_laid_at_a_proposed_batch(world, tmp_path):
    """Only its own rows are told."""
    add(world, *NONSENSE)
    folder = write(
        tmp_path / "mine",
        facts=ROW + "basalt,supplies,delta,reported,harbour-2025-06-01,The paper says so.,p. 1,pack\n",
    )
    report = check(world, folder, only=["ledger", "shapes"])
    assert report.findings == []


def test_the_loaders_word_is_not_said_again_by_a_shape(world, tmp_path):
    """A denial without a voice: one warning for the cell, not two."""
    folder = write(
        tmp_path / "mine",
        facts=ROW + "basalt,supplies,delta,denied,harbour-2025-06-01,The paper says so.,p. 1,pack\n",
    )
    report = check(world, folder, only=["ledger", "shapes"])
    assert [finding.problem.code for finding in report.findings] == ["voiceless-denial"]


def test_a_batch_already_loaded_can_be_checked_again(world):
    """Its rows count as its own, though the ledger has them."""
    report = check(world, WORLD, only=["ledger", "shapes"])
    assert report.findings == []
    assert "rows" in state(report, "ledger").looked_at


def test_misuse_is_told_apart(world, tmp_path):
    """An unknown part, an unknown engine, a folder without tables."""
    for wrong in ({"only": ["spelling"]}, {"engine": "abacus"}, {"batch": tmp_path}):
        with pytest.raises(Misuse):
            check(world, **wrong)


# -- the evaluator of shapes against pySHACL

TURTLE = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix : <http://zoo.example/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
ZOO = """
:a a :Thing ; :p 1 , 2 , 5 ; :q 2 ; :r 3 .
:b a :Thing ; :p "soon" , "2026-02-30"^^xsd:date , "2026-02-28"^^xsd:date ; :q "2026-03-01"^^xsd:date .
:c a :Sub ; :p :a , _:x ; :q :a .
:d a :Thing , :Other ; :p "x"@en , "a longer text" , true .
:e a :Thing ; :p 1.5 , 0.5 , 1e0 , "07"^^xsd:integer , "x"^^xsd:integer , "3"^^xsd:nonNegativeInteger , "0.80"^^xsd:decimal .
:f a :Thing .
:g a :Thing ; :p "2026-01-01T00:00:00Z"^^xsd:dateTime , "2025-01-01"^^xsd:date ; :q "2025-06-01"^^xsd:date , "2024-01-01"^^xsd:date .
:h a :Thing ; :p :d , :zzz ; :q :d , :yyy ; :s :a .
:k a :Thing ; :p "abc" , "" ; :q "abd" .
:m a :Thing ; :p 1 ; :q 0 , 1 , 2 .
:Sub rdfs:subClassOf :Mid . :Mid rdfs:subClassOf :Thing .
_:x a :Sub ; :p "2026-05-05"^^xsd:date ; :q "2026-05-04"^^xsd:date .
"""
INNER = """
:inner a sh:NodeShape ; sh:property [ sh:path :q ; sh:minCount 1 ] .
:other a sh:NodeShape ; sh:class :Other .
"""
ARGUMENTS = {
    "minCount": ["0", "1", "2"], "maxCount": ["0", "1", "2"], "minLength": ["2"], "maxLength": ["3"],
    "minInclusive": ["2", "1.5"], "maxInclusive": ["2"], "minExclusive": ["2"], "maxExclusive": ["2"],
    "lessThan": [":q"], "lessThanOrEquals": [":q"], "equals": [":q"], "disjoint": [":q"],
    "class": [":Thing", ":Mid", ":Other"], "nodeKind": ["sh:IRI", "sh:BlankNode", "sh:Literal", "sh:IRIOrLiteral", "sh:BlankNodeOrIRI", "sh:BlankNodeOrLiteral"],
    "datatype": ["xsd:integer", "xsd:decimal", "xsd:date", "xsd:dateTime", "xsd:boolean", "xsd:string", "xsd:nonNegativeInteger", "rdf:langString"],
    "pattern": ['"^[a-z ]+$"', '"[0-9]"'], "in": ['( 1 2 "soon" :a true "abc" )', "()"], "hasValue": ["2", '"abc"', ":a"],
    "node": [":inner"], "not": [":inner"], "and": ["( :inner :other )"], "or": ["( :inner :other )"],
}  # fmt: skip
ONLY_ON_PROPERTIES = ("minCount", "maxCount", "lessThan", "lessThanOrEquals")
COMPARING = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive", "lessThan", "lessThanOrEquals")


def shapes_about(name, argument):
    """Return Turtle that puts one constraint on every kind of path and of target."""
    paths = [
        "sh:path :p ;",
        "sh:path ( :p :q ) ;",
        "sh:path [ sh:alternativePath ( :p :q ) ] ;",
        "sh:path [ sh:inversePath :p ] ;",
    ]
    targets = [
        "sh:targetClass :Thing",
        "sh:targetSubjectsOf :q",
        "sh:targetObjectsOf :p",
        "sh:targetNode :a , :nowhere , 5",
    ]
    text = INNER
    for number, path in enumerate(paths if name in ONLY_ON_PROPERTIES else [*paths, ""]):
        kind = "sh:PropertyShape" if path else "sh:NodeShape"
        for other, target in enumerate(targets):
            text += f':s{number}{other} a {kind} ; {target} ; {path} sh:{name} {argument} ; sh:severity sh:Warning ; sh:message "m" .\n'
    return text


def alike(results):
    """Return results so that two engines can be compared: literals by value, blank nodes without their names."""
    from rdflib.util import from_n3

    def plain(term):
        return "_:" if term.startswith("_:") else from_n3(term) if term else ""

    return {(plain(r.focus), r.shape, r.component, plain(r.value), r.severity, r.message) for r in results}


def both(tmp_path, shapes, data):
    """Return what both engines say about data under shapes, and fail where they differ."""
    file = tmp_path / "shapes.ttl"
    file.write_text(TURTLE + shapes, encoding="utf-8")
    ours, theirs = alike(Shapes(turtle(file)).results(data)), alike(pyshacl_results(data, file))
    assert ours == theirs
    return ours


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Values of every kind, good and bad, behind two predicates."""
    monkeypatch.setattr(
        logging.getLogger("rdflib.term"), "disabled", True
    )  # it tells of each ill-typed literal
    (tmp_path / "zoo.ttl").write_text(TURTLE + ZOO, encoding="utf-8")
    return turtle(tmp_path / "zoo.ttl")


def test_every_constraint_is_compared():
    """A constraint added to the evaluator must be added here."""
    assert set(ARGUMENTS) == set(_TESTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_constraint_means_what_pyshacl_says(tmp_path, zoo, name):
    """On every path and target the same results: focus, shape, component, value, severity and message.

    Left out is the comparison of what SPARQL cannot compare (a date with a number, a blank node with a date): there
    SHACL wants a result, and pySHACL goes by the order that rdflib gives to everything.
    """
    data = zoo
    if name in COMPARING:
        numbers = [":a", ":m", ":f"]
        data = [
            triple for triple in zoo if triple[0] in {f"<http://zoo.example/{node[1:]}>" for node in numbers}
        ]
    found = set()
    for argument in ARGUMENTS[name]:
        found |= both(tmp_path, shapes_about(name, argument), data)
    assert found, "a constraint that finds nothing shows nothing"


@pytest.mark.parametrize(
    ("value", "limit", "fits"),
    [
        ("1", "2", True),
        ("2.0", "2", True),
        ("3", "2", False),
        ('"2026-01-01"^^xsd:date', '"2026-01-02"^^xsd:date', True),
        ('"2026-02-30"^^xsd:date', '"2026-03-02"^^xsd:date', False),
        ('"2026-01-01"^^xsd:date', "2026", False),
        ('"a"', '"b"', True),
        ('"a"', "5", False),
        ("_:x", "5", False),
        ('"2026-01-02T00:00:00"^^xsd:dateTime', '"2026-01-03T00:00:00Z"^^xsd:dateTime', False),
    ],
)
def test_what_cannot_be_compared_does_not_fit(tmp_path, value, limit, fits):
    """The standard's own word: where ``<=`` does not return true there is a result."""
    (tmp_path / "data.ttl").write_text(f"{TURTLE} :a :p {value} .", encoding="utf-8")
    (tmp_path / "shapes.ttl").write_text(
        f"{TURTLE} :s a sh:PropertyShape ; sh:targetSubjectsOf :p ; sh:path :p ; sh:maxInclusive {limit} .",
        encoding="utf-8",
    )
    results = Shapes(turtle(tmp_path / "shapes.ttl")).results(turtle(tmp_path / "data.ttl"))
    assert (results == []) == fits


QUESTION = """
<http://zoo.example/> sh:declare [ sh:prefix "zoo" ; sh:namespace "http://zoo.example/"^^xsd:anyURI ] .
:s a sh:NodeShape ; sh:targetClass :Thing ; sh:sparql [ sh:prefixes <http://zoo.example/> ; sh:message "{$this} has {?value} of {?q}" ;
    sh:select "SELECT $this ?value ?q WHERE { $this zoo:p ?value ; zoo:q ?q . FILTER NOT EXISTS { ?value a/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* zoo:Other } }" ] .
:t a sh:NodeShape ; sh:targetSubjectsOf :p ; sh:sparql [ sh:select "SELECT $this WHERE { ?any ?which $this }" ; sh:message "known" ] .
"""


def test_a_sparql_constraint_means_what_pyshacl_says(tmp_path, zoo):
    """With values in the message, with prefixes, with a path, and with a predicate left open."""
    data = [triple for triple in zoo if not any(term.startswith("_:") for term in triple)]
    found = both(tmp_path, QUESTION, data)
    assert {shape.rsplit("/", 1)[1] for _, shape, *_ in found} == {"s>", "t>"}
    assert any("http://zoo.example/h has" in message for *_, message in found)


@pytest.mark.parametrize(
    "more",
    [
        "sh:closed true",
        "sh:uniqueLang true",
        "sh:xone ( :i )",
        'sh:flags "i"',
        "sh:path [ sh:zeroOrMorePath :p ]",
    ],
)
def test_a_term_the_evaluator_does_not_know_is_refused(tmp_path, more):
    """Passing over it would mean to call healthy what nobody looked at."""
    file = tmp_path / "shapes.ttl"
    file.write_text(f"{TURTLE} :s a sh:PropertyShape ; sh:targetClass :Thing ; {more} .", encoding="utf-8")
    with pytest.raises(Unavailable, match="pyshacl"):
        Shapes(turtle(file))


def flat(view):
    """Return records and contents of a view as one graph, without the ontology."""
    triples = list(records(view))
    for proposition in view.weighings:
        triples += view.words.triples(proposition)
    return triples


def mutated(triples, seed):
    """Return a graph with one triple in twelve lost, turned or exchanged."""
    chance = random.Random(seed)
    nodes = sorted({subject for subject, _, _ in triples})
    values = [
        *nodes,
        '"x"',
        f"<{EV}Tariff>",
        "<https://w3id.org/evsw/id/nobody>",
        "<https://w3id.org/evsw/scheme/stance-denied>",
    ]
    values += [
        f'"{text}"^^<http://www.w3.org/2001/XMLSchema#{kind}>'
        for text, kind in (("7", "integer"), ("2020-01-01", "date"), ("soon", "date"))
    ]
    predicates = sorted({predicate for _, predicate, _ in triples})
    graph = list(triples)
    for _ in range(len(graph) // 12):
        at = chance.randrange(len(graph))
        subject, predicate, value = graph[at]
        graph[at] = chance.choice(
            [
                (subject, predicate, chance.choice(values)),
                (subject, chance.choice(predicates), value),
                (chance.choice(nodes), predicate, value),
                chance.choice(graph),
            ]
        )
        graph += chance.choice([[], [(subject, predicate, chance.choice(values))]])
    return graph


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_evaluator_agrees_with_pyshacl_on_a_mutated_world(world, seed, monkeypatch):
    """Result by result, under the project's own shapes, most of which a mutated world breaks sooner or later."""
    monkeypatch.setattr(logging.getLogger("rdflib.term"), "disabled", True)
    graph = [*kg.check._ontology(), *mutated(flat(world.view()), seed)]
    ours = alike(shipped_shapes().results(graph))
    assert ours == alike(pyshacl_results(graph))
    assert len({shape for _, shape, *_ in ours}) > 15


@pytest.mark.slow
def test_both_engines_find_the_same_in_a_batch_of_nonsense(world):
    """The flag gives the second opinion, finding by finding."""
    add(world, *NONSENSE, *[row for rows, _ in SEEDED.values() for row in rows if row not in NONSENSE])
    own, other = (check(world, only=["shapes"], engine=engine).findings for engine in ("own", "pyshacl"))
    assert own == other
    assert len(own) > len(SEEDED)


# -- a smallest set of culprits


@given(st.lists(st.sets(st.integers(0, 11), min_size=1, max_size=4), min_size=1, max_size=4))
def test_a_culprit_set_is_one_of_the_smallest(conflicts):
    """Inconsistent, and consistent without any one of its members; compared with all subsets by brute force."""
    asked = []

    def consistent(part):
        asked.append(part)
        return not any(conflict <= set(part) for conflict in conflicts)

    found = quickxplain(range(12), consistent)
    assert not consistent(found)
    assert all(consistent([item for item in found if item != left_out]) for left_out in found)
    minimal = [conflict for conflict in conflicts if not any(other < conflict for other in conflicts)]
    assert set(found) in minimal
    assert len(asked) <= 2 * len(found) * 4 + 2 * len(found) + 1 + len(found)


def test_no_item_is_judged_when_one_alone_is_there():
    """The caller knows already that it is inconsistent."""
    assert quickxplain(["only"], lambda part: pytest.fail(f"asked about {part}")) == ["only"]


def test_of_several_pairs_one_is_found():
    """Every pair of five contradicts; two are named, not all."""
    pairs = [set(pair) for pair in combinations(range(5), 2)]
    assert len(quickxplain(range(5), lambda part: not any(pair <= set(part) for pair in pairs))) == 2


# -- HermiT's process, with a Java of our own


def fake_java(tmp_path, monkeypatch, body):
    """Put a program called java first on the PATH."""
    place = tmp_path / "bin"
    place.mkdir(exist_ok=True)
    (place / "java").write_text(
        f"#!{sys.executable}\nimport os, sys, time, pathlib\nhere = pathlib.Path({str(place)!r})\n{body}\n",
        encoding="utf-8",
    )
    (place / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    return place


def gone(pid, seconds=5.0):
    """Wait until a process is no more, or say that it still is."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text(encoding="ascii").rpartition(")")[2].split()[:1] == ["Z"]:
            return True  # dead, and nobody has asked after it yet
        time.sleep(0.05)
    return False


SLEEPY = "(here / 'pid').write_text(str(os.getpid()))\ntime.sleep(120)"


def test_a_reasoner_over_its_limit_is_killed_and_leaves_no_child(world, tmp_path, monkeypatch, hygiene):
    """Soon after the deadline; the part is told as skipped, and with it asked for by name it is an error."""
    place = fake_java(tmp_path, monkeypatch, SLEEPY)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="stopped after 4 s"):
        check(world, only=["consistency"], deadline=4)
    assert time.monotonic() - start < 15
    assert gone(int((place / "pid").read_text()))
    report = check(world, deadline=0.5)
    assert state(report, "consistency").state == "skipped"
    assert report.healthy


def test_a_reasoner_does_not_outlive_a_check_that_was_killed(world, tmp_path, monkeypatch):
    """Not even kill -9 leaves Java at work: its supervisor notices."""
    place = fake_java(tmp_path, monkeypatch, SLEEPY)
    code = "import sys; from kg import KnowledgeGraph; from kg.check import check; check(KnowledgeGraph(sys.argv[1], shipped=False), only=['consistency'])"
    victim = subprocess.Popen(
        [sys.executable, "-c", code, str(world.home)],
        env={**os.environ, "PYTHONPATH": str(WORLD.parent.parent), "TMPDIR": str(tmp_path)},
    )
    until = time.monotonic() + 30
    while not (place / "pid").exists() or not (place / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert gone(int((place / "pid").read_text()))


def test_a_java_that_cannot_run_is_quoted(world, tmp_path, monkeypatch):
    """What Java itself says helps more than any guess."""
    fake_java(
        tmp_path, monkeypatch, "print('Error: could not create the Java Virtual Machine.')\nsys.exit(1)"
    )
    with pytest.raises(Unavailable, match="could not create the Java Virtual Machine"):
        check(world, only=["consistency"])


def test_the_reasoner_reads_no_imports_no_module_no_dates_and_no_annotations(world, tmp_path, monkeypatch):
    """What an ontology could make it fetch or run is not passed on, nor what OWL cannot hold."""
    directive = "<http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#python_module>"
    header = "<https://w3id.org/evsw/ontology>"
    more = [(header, "<http://www.w3.org/2002/07/owl#imports>", "<http://evil.example/more.owl>")]
    more += [(header, directive, '"evil"'), (f"<{EV}Company>", directive, '"evil"')]
    extend_ontology(monkeypatch, more)
    body = "import shutil, urllib.parse\nshutil.copy(urllib.parse.urlparse(sys.argv[-1]).path, here / 'read.nt')\nprint('owl:Thing is satisfiable.')"
    place = fake_java(tmp_path, monkeypatch, body)
    assert check(world, only=["consistency"]).healthy
    read = (place / "read.nt").read_text(encoding="utf-8")
    for word in ("imports", "python_module", "evil", "XMLSchema#date>", "label>", "definition>"):
        assert word not in read, word
    assert (
        f"<https://w3id.org/evsw/id/basalt> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{EV}Company>"
        in read
    )
    assert "goods-supply--basalt--aurora--cell" in read
    assert "negotiation" not in read, "what is contested does not hold in the cautious view"
    assert read.count("owl#Ontology>") == 1


def extend_ontology(monkeypatch, more):
    """Let the check read an ontology with more in it."""
    whole = (*kg.check._ontology(), *more)
    monkeypatch.setattr(kg.check, "_ontology", lambda: whole)


def test_without_java_the_rest_is_checked_and_the_message_says_what_to_install(
    world, monkeypatch, tmp_path, hygiene
):
    """Told as skipped, and no illness."""
    monkeypatch.setenv("PATH", str(tmp_path))
    report = check(world)
    assert state(report, "consistency").state == "skipped"
    assert "install a Java runtime" in state(report, "consistency").note
    assert state(report, "shapes").state == "healthy"
    assert report.healthy


def test_without_java_consistency_asked_for_by_name_is_exit_code_3(world, run, monkeypatch, tmp_path):
    """Whoever asks for just this must not take silence for a yes."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("check", "--only", "consistency", home=world.home)
    assert done.returncode == 3
    assert "Java is not on the PATH" in done.stderr


# -- HermiT itself


@pytest.fixture
def java():
    """Skip where there is no Java."""
    import shutil

    if not shutil.which("java"):
        pytest.skip("needs java: install a Java runtime")


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_a_carmaker_that_imposes_a_tax_credit_is_violating_and_inconsistent(world):
    """Both say so of the same row; the proposition is kept in the ledger and holds in no view."""
    assert check(world, only=["consistency"]).healthy
    add(world, *NONSENSE)
    report = check(world, only=["shapes", "consistency"])
    assert {
        ("facts.csv", 7, "subject", "right-kind-of-subject"),
        ("facts.csv", 7, "relation", "contradiction"),
    } <= told(report)
    assert {item.claims for item in report.findings} == {(NONSENSE[1][0].id,)}
    view = world.view(policy("alive", set_aside=None))
    assert [str(proposition) for proposition in view.quarantined] == ["aurora imposes clean-credit"]
    assert NONSENSE[1][0].id in view.entries
    assert "aurora imposes clean-credit" not in {str(weighing.proposition) for weighing in view.holding}


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_two_propositions_that_cannot_both_hold_are_named_and_no_third(world):
    """Out of thirty the two; each is told with the other, and the rest is consistent without them."""
    add(world, *PAIR)
    report = check(world, only=["consistency"])
    assert told(report) == {
        ("facts.csv", 2, "relation", "contradiction"),
        ("facts.csv", 3, "relation", "contradiction"),
    }
    assert all("cannot hold together with" in item.problem.message for item in report.findings)
    assert len(report.quarantine) == 2
    assert {str(p) for p in world.view(policy()).quarantined} == {
        "thing imposes cell-tariff",
        "thing appliesIn norland",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_cards_that_contradict_by_themselves_are_named_and_do_not_hide_the_rest(world):
    """A firm that is a plant, and besides it the carmaker's tax credit: both are found in one run."""
    add(world, card("works", "oem", "plant", line=5), *NONSENSE)
    report = check(world, only=["shapes", "consistency"])
    assert {
        ("entities.csv", 5, "kinds", "contradiction"),
        ("facts.csv", 7, "relation", "contradiction"),
    } <= told(report)


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_a_class_without_possible_members_is_told(world, monkeypatch):
    """Even when nothing is a member yet."""
    rdf = (
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>",
        "<http://www.w3.org/2000/01/rdf-schema#subClassOf>",
    )
    more = [(f"<{EV}Centaur>", rdf[0], "<http://www.w3.org/2002/07/owl#Class>")]
    more += [(f"<{EV}Centaur>", rdf[1], f"<{EV}{other}>") for other in ("Company", "PublicBody")]
    extend_ontology(monkeypatch, more)
    report = check(world, only=["consistency"])
    assert told(report) == {("ontology", 0, "", "unsatisfiable-class")}
    assert "Centaur" in report.findings[0].problem.message


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_a_contradiction_not_run_to_earth_in_time_is_told_and_quarantines_nothing(world, monkeypatch):
    """Better too little than the wrong ones: the report says how far the search came."""
    add(world, *PAIR)
    real = kg.check._HermiT.consistent
    calls = []

    def slow(self, triples, size):
        calls.append(size)
        if len(calls) > 3:
            raise kg.check._OutOfTime
        return real(self, triples, size)

    monkeypatch.setattr(kg.check._HermiT, "consistent", slow)
    report = check(world, only=["consistency"])
    assert told(report) == {("ledger.sqlite", 0, "", "contradiction")}
    assert "narrowed down to" in report.findings[0].problem.message
    assert report.quarantine == {}


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_a_proposed_batch_that_contradicts_the_ledger_is_told_with_the_other_side(
    world, tmp_path, monkeypatch
):
    """What is on file applies somewhere, the new row lets it impose something: both rows are named, nothing is stored."""
    add(world, PAIR[0], PAIR[2])
    folder = write(tmp_path / "mine", facts=ROW)
    monkeypatch.setattr(
        kg.check, "check_batch", lambda batch, on_file: Checked([PAIR[1]])
    )  # a loader with an eye shut
    report = check(world, folder, only=["consistency"])
    assert {(item.batch, item.problem.row) for item in report.findings} == {(0, 2), (2, 3)}
    assert not (world.home / QUARANTINE).exists()


@pytest.mark.slow
@pytest.mark.usefixtures("java")
def test_a_proposed_card_that_cannot_be_is_inconsistent_before_it_is_loaded(world, tmp_path):
    """The loader lets a firm that is a plant pass; the reasoner points at the card's kinds."""
    add(world, *PAIR)
    folder = write(tmp_path / "mine", entities="id,label,kinds\nodd,Odd,oem;plant\n")
    assert told(check(world, folder, only=["shapes", "consistency"])) >= {
        ("entities.csv", 2, "kinds", "contradiction")
    }


@pytest.mark.slow
@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("rows", [(), NONSENSE], ids=["as it is", "with nonsense"])
def test_hermit_answers_the_same_through_owlready2(world, rows, tmp_path):
    """The reasoner is the same; only the door is another."""
    if rows:
        add(world, *rows)
    view = world.view(policy())
    triples = kg.check._logic(kg.check._ontology())
    kinds = ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", f"<{EV}classifiedAs>")
    triples += [triple for triple in records(view) if triple[1] in kinds and "/id/" in triple[0]]
    for weighing in view.holding:
        triples += view.words.triples(weighing.proposition)
    (tmp_path / "logic.nt").write_text(
        "".join(f"{' '.join(triple)} .\n" for triple in triples), encoding="utf-8"
    )
    code = """
import sys, owlready2
world = owlready2.World()
with open(sys.argv[1], "rb") as file:
    ontology = world.get_ontology("https://w3id.org/evsw/ontology").load(fileobj=file)
try:
    with ontology:
        owlready2.sync_reasoner_hermit(world, debug=0)
    print("consistent", [cls.iri for cls in world.inconsistent_classes() if cls is not owlready2.Nothing])
except owlready2.OwlReadyInconsistentOntologyError:
    print("inconsistent")
"""
    theirs = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "logic.nt")],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    with kg.check._HermiT(120, lambda what: None) as hermit:
        consistent, empty = hermit.judge(triples, 1)
    assert theirs.stdout.strip() == (f"consistent {empty}" if consistent else "inconsistent")


@pytest.mark.slow
@pytest.mark.usefixtures("java")
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_the_real_hermit_is_killed_at_its_limit(world, tmp_path, monkeypatch):
    """Shorter than Java needs to answer: no process that reads our text is left."""
    monkeypatch.setattr(
        tempfile, "tempdir", str(tmp_path)
    )  # so that the process can be told by its command line
    # Interpreted, Java needs seconds where it needs one: no machine is quick enough to answer before the limit.
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xint")
    for deadline in (0.5, 0.8, 1.1):
        with pytest.raises(Unavailable, match="stopped after"):
            check(world, only=["consistency"], deadline=deadline)
        # A killed process is gone when the system has cleared it away; on a busy machine that takes a moment.
        until = time.monotonic() + 5
        while processes_about(tmp_path) and time.monotonic() < until:
            time.sleep(0.05)
        assert not processes_about(tmp_path)
    assert not list(tmp_path.glob("kg-check-*")), "nor any of its files"


def processes_about(place):
    """Return the command lines of the processes that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes()
            if str(place).encode() in line:
                found.append(line)
    return found


# -- quarantine


def quarantine(world, shapes=(), conflicts=()):
    """Write the file that a check would write; propositions are named by their text."""
    view = world.view(policy(set_aside=frozenset()))
    ids = {str(proposition): view.words.proposition_id(proposition) for proposition in view.weighings}
    body = {
        "shapes": {ids[text]: "a reason" for text in shapes},
        "conflicts": [{ids[text]: text for text in group} for group in conflicts],
    }
    (world.home / QUARANTINE).write_text(json.dumps(body), encoding="utf-8")


def holding(view):
    return {str(weighing.proposition) for weighing in view.holding}


def fresh(world, name="cautious"):
    """Return a view that was not made before."""
    from kg.view import View

    return View(world.ledger, policy(name))


STAKE, MADE = "delta ownsStakeIn ember", "aurora manufactures aurora-one"
TALKS = "aurora inTalksWith cirrus (software-ux)"


def test_a_quarantined_proposition_is_kept_and_holds_in_no_view(world):
    """Its claim and its standing stay; it is neither holding nor accepted nor pending."""
    before = holding(fresh(world))
    quarantine(world, shapes=[STAKE])
    view = fresh(world)
    assert before - holding(view) == {STAKE}
    kept = next(weighing for proposition, weighing in view.weighings.items() if str(proposition) == STAKE)
    assert kept.standing == "reported"
    assert kept not in view.accepted
    assert kept not in view.pending
    assert not view.in_force(kept)


def test_a_set_is_left_out_only_where_all_of_it_would_hold(world):
    """The talks hold in the view alive, not in the cautious one: only there does the set lose both its members."""
    quarantine(world, conflicts=[[STAKE, TALKS]])
    assert STAKE in holding(fresh(world))
    assert not {STAKE, TALKS} & holding(fresh(world, "alive"))


def test_answers_from_the_index_leave_it_out_too(world):
    """The store is named after the quarantine as well, so an old one is not mistaken for the new."""
    ask = "ASK { ?tie ev:owner id:delta ; ev:ownedEntity id:ember }"
    assert world.query(ask).boolean
    quarantine(world, shapes=[STAKE])
    assert not world.query(ask).boolean
    (world.home / QUARANTINE).unlink()
    assert world.query(ask).boolean


def test_a_damaged_quarantine_is_not_passed_over(world):
    """What it kept out would otherwise come back unnoticed; the next check writes it anew."""
    (world.home / QUARANTINE).write_text('{"shapes": ', encoding="utf-8")
    with pytest.raises(Unavailable, match="kg check"):
        fresh(world)
    assert check(world, only=["shapes"]).healthy
    assert holding(fresh(world))


def test_a_check_writes_the_quarantine_and_the_next_one_lifts_it(world):
    """When the batch at fault is undone, nothing is left out any more."""
    seq = add(world, *NONSENSE)
    report = check(world, only=["shapes"])
    assert list(report.quarantine.values()) == ["policy-is-imposed-by-public-body"] or list(
        report.quarantine.values()
    ) == ["right-kind-of-subject"]
    assert json.loads((world.home / QUARANTINE).read_text(encoding="utf-8"))["head"] == world.head
    assert check(world, only=["shapes"]).quarantine == report.quarantine, (
        "looked at again, not taken for healed"
    )
    world.undo(seq)
    assert check(world, only=["shapes"]).quarantine == {}
    assert not (world.home / QUARANTINE).exists()


def test_a_part_that_was_not_checked_keeps_what_it_found_before(world):
    """A look at the shapes alone does not lift a contradiction."""
    quarantine(world, conflicts=[[STAKE, MADE]])
    check(world, only=["shapes"])
    assert not {STAKE, MADE} & holding(fresh(world))


def test_another_view_does_not_lift_what_it_does_not_hold(world, tmp_path, monkeypatch):
    """A view without the talks cannot tell whether talks and stake contradict; a view with both can."""
    fake_java(tmp_path, monkeypatch, "print('owl:Thing is satisfiable.')")
    quarantine(world, conflicts=[[STAKE, TALKS]])
    assert check(world, only=["consistency"], policy=policy("cautious")).quarantine
    assert not {STAKE, TALKS} & holding(fresh(world, "alive"))
    assert not check(world, only=["consistency"], policy=policy("alive")).quarantine
    assert {STAKE, TALKS} <= holding(fresh(world, "alive"))


def test_a_look_at_the_past_does_not_lift_what_came_later(world):
    """As known before the bad batch was recorded, nothing is wrong; it stays out all the same."""
    add(world, *NONSENSE)
    assert check(world, only=["shapes"]).quarantine
    earlier = check(world, only=["shapes"], policy=policy(known_by=DAY))
    assert earlier.healthy
    assert earlier.quarantine


def test_a_workspace_that_cannot_be_written_is_checked_all_the_same(world):
    """The report says that views cannot know."""
    add(world, *NONSENSE)
    (world.home / QUARANTINE).mkdir()
    report = check(world, only=["shapes"])
    assert not report.healthy
    assert "cannot be written" in state(report, "shapes").note
    assert [path.name for path in world.home.glob("quarantine*")] == [QUARANTINE]


def test_one_bad_claim_does_not_quarantine_what_others_say_well(world):
    """The claim without a read source is told; the supply that two good claims state goes on to hold."""
    add(world, said("basalt", "supplies", "aurora", 4, layer="cell", source=UNREAD, depth="1"))
    report = check(world, only=["shapes"])
    assert ("facts.csv", 4, "source", "claim-read") in told(report)
    assert report.quarantine == {}
    add(world, said("basalt", "supplies", "fjord", 5, layer="cell", source=UNREAD, depth="1"))
    assert list(check(world, only=["shapes"]).quarantine.values()) == ["every claim of it breaks a shape"]


# -- hygiene


@pytest.fixture
def hygiene(tmp_path, monkeypatch):
    """A folder of hygiene questions of the test's own."""
    place = tmp_path / "queries"
    (place / "hygiene").mkdir(parents=True)
    real = kg.query.folder
    for module in (kg.query, kg.check):
        monkeypatch.setattr(module, "folder", lambda name: place if name == "queries" else real(name))
    kg.query.library.cache_clear()
    yield place / "hygiene"
    kg.query.library.cache_clear()


QUERY = """# title: A source without a title
# why: A reader cannot tell what it is.
# solution: Copy the headline into sources.csv.
SELECT ?entity ?property ?value WHERE {
  ?entity a ev:SourceDocument ; ev:publisherName ?value . FILTER NOT EXISTS { ?entity dcterms:title ?title }
  BIND(dcterms:title AS ?property)
}
"""


def test_a_hygiene_row_is_led_back_to_its_cell_with_the_cure(world, hygiene):
    """Sources without a title stand in sources.csv; the column is the one that the shapes name for the property."""
    (hygiene / "untitled.rq").write_text(QUERY, encoding="utf-8")
    (hygiene / "severity.toml").write_text('untitled = "warning"\n', encoding="utf-8")
    report = check(world, only=["hygiene"])
    assert told(report, "warning") == {("sources.csv", row, "title", "untitled") for row in range(3, 9)}
    assert report.healthy
    assert "Copy the headline into sources.csv." in report.findings[0].problem.message


def test_no_row_is_healthy_and_no_grade_is_no_leniency(world, hygiene):
    """A question without a grade makes errors; a grade nobody knows stops."""
    (hygiene / "none.rq").write_text(
        "# title: Nothing\nSELECT ?entity WHERE { ?entity a ev:Nothing }", encoding="utf-8"
    )
    assert check(world, only=["hygiene"]).findings == []
    (hygiene / "untitled.rq").write_text(QUERY, encoding="utf-8")
    kg.query.library.cache_clear()
    assert not check(world, only=["hygiene"]).healthy
    (hygiene / "severity.toml").write_text('[severity]\nuntitled = "grave"\n', encoding="utf-8")
    with pytest.raises(Unavailable, match="grave"):
        check(world, only=["hygiene"])


def test_a_hygiene_question_that_fails_is_an_error_and_the_others_go_on(world, hygiene):
    """A slip in one file must not hide what the next one finds."""
    (hygiene / "broken.rq").write_text("SELECT ?entity WHERE { ?entity", encoding="utf-8")
    (hygiene / "untitled.rq").write_text(QUERY, encoding="utf-8")
    codes = {code for *_, code in told(check(world, only=["hygiene"]))}
    assert codes == {"question-failed", "untitled"}


def test_hygiene_of_a_proposed_batch_is_asked_of_the_ledger_with_it(world, hygiene, tmp_path):
    """Its own untitled source is told, those on file are not."""
    (hygiene / "untitled.rq").write_text(QUERY, encoding="utf-8")
    folder = write(tmp_path / "mine", sources="id,publisher,kind\nnew-page,New Page,news\n")
    report = check(world, folder, only=["hygiene"])
    assert told(report) == {("sources.csv", 2, "title", "untitled")}
    assert report.findings[0].batch == 0


def test_hygiene_without_questions_is_told_as_skipped(world, hygiene):
    """Nothing asked is not the same as nothing found."""
    assert state(check(world, only=PARTS[:2]), "shapes").state == "healthy"
    with pytest.raises(Unavailable):
        check(world, only=["hygiene"])


# -- the command


def test_the_command_prints_lines_and_a_summary_and_exits_1_on_errors(world, run):
    """One line a finding, one a part, the quarantine, and the view with the ledger's head on standard error."""
    done = run("check", "--only", "ledger", "--only", "shapes", home=world.home)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ledger", "shapes"]
    assert world.head[:12] in done.stderr
    add(world, *NONSENSE)
    done = run("check", "--only", "shapes", home=world.home)
    assert done.returncode == 1
    assert "facts.csv:7:subject  right-kind-of-subject" in done.stdout
    assert "1 proposition quarantined" in done.stdout


def test_the_command_answers_as_json(world, run):
    """Findings with their places, parts with counts, the quarantine and the stamp; hints only when asked for."""
    add(
        world,
        *NONSENSE,
        said("basalt", "supplies", "delta", 9, evidence=Evidence(paraphrase="The paper says so, somewhere.")),
    )
    body = json.loads(run("check", "--only", "shapes", "--json", home=world.home).stdout)
    assert body["healthy"] is False
    assert body["head"] == world.head
    assert {
        "file": "facts.csv",
        "row": 7,
        "column": "subject",
        "code": "right-kind-of-subject",
    }.items() <= next(item for item in body["findings"] if item["code"] == "right-kind-of-subject").items()
    assert body["parts"][0]["error"] == 2
    assert len(body["quarantine"]) == 1
    whole = json.loads(run("check", "--only", "shapes", "--json", "--all", home=world.home).stdout)
    assert {item["severity"] for item in whole["findings"]} >= {item["severity"] for item in body["findings"]}


def test_the_command_checks_a_folder_before_it_is_loaded(world, run, tmp_path):
    """Problems as file:row:column, exit code 1, and nothing stored."""
    head = world.head
    folder = write(tmp_path / "mine", entities="id,label,kinds\nodd,Odd,oem;plant\n")
    done = run("check", str(folder), "--only", "shapes", home=world.home)
    assert done.returncode == 1
    assert "entities.csv:2:kinds  agent-is-no-thing" in done.stdout
    assert world.head == head


# -- the shipped facts

#: What the shapes say of the shipped facts that is no error, and why it is left as it is.
SHIPPED_WARNINGS = {
    "confirmed-by-party-or-record": "rows that repeat an official record (a rule's text, the Federal Register) by way "
    "of a law firm's or a trade paper's page; the record is the cited source, and no body is named as the speaker",
    "hypothesis-names-scenario": "an overview passes on a rumour without laying out any scenario",
}


def test_the_shipped_facts_break_no_shape(shipped):
    """Not one error among all rows, in far less than half a minute; the warnings are those with a known reason."""
    start = time.process_time()
    report = check(shipped, only=["ledger", "shapes"])
    assert time.process_time() - start < 30
    assert told(report) == set()
    assert {code for *_, code in told(report, "warning")} <= set(SHIPPED_WARNINGS)
    assert report.quarantine == {}


@pytest.mark.slow
def test_pyshacl_says_the_same_of_the_shipped_facts(shipped):
    """Result by result."""
    graph = [*kg.check._ontology(), *flat(shipped.view())]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert alike(shipped_shapes().results(graph)) == alike(pyshacl_results(graph))


@pytest.mark.slow
@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("name", ["cautious", "alive"])
def test_the_shipped_facts_are_consistent(shipped, name):
    """HermiT finds a model of everything that holds, and every class can have members."""
    from kg.policy import Policy

    report = check(shipped, only=["consistency"], policy=Policy(name, as_of=SHIPPED_DAY))
    assert report.findings == []


@pytest.mark.slow
def test_the_shipped_facts_are_hygienic(shipped):
    """No hygiene question finds an error in them, whatever the view that the check is asked for."""
    from kg.policy import Policy

    for name in ("cautious", "alive"):
        report = check(shipped, only=["hygiene"], policy=Policy(name, as_of=SHIPPED_DAY))
        assert told(report) == set()
        assert "view cautious" in state(report, "hygiene").looked_at


def test_a_problem_of_every_severity_counts_once(world):
    """Counts by part add up to the whole."""
    add(world, *NONSENSE, said("basalt", "supplies", "delta", 4, stance="confirmed"))
    report = check(world, only=["shapes"])
    assert report.counts("shapes") == report.counts()
    assert sum(report.counts().values()) == len(report.findings)
    assert all(isinstance(item.problem, Problem) for item in report.findings)


def test_a_result_is_told_once():
    """Equal results are one result."""
    result = Result("<a>", "<s>", "In", "", "error", "m")
    assert len({result, Result("<a>", "<s>", "In", "", "error", "m")}) == 1
