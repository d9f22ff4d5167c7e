"""The index: derived, named after the ledger head, sealed, and rebuilt whenever it is missing or damaged."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import Refused
from kg.index import Index, _ev, _linear, _ontology, _reliance
from kg.infer import close
from kg.rules import rules_of_ontology
from kg.vocabulary import RDF_TYPE, literal
from tests.conftest import policy
from tests.test_ingest import write_facts

PREFIX = "PREFIX ev: <https://w3id.org/evsw/ontology#> PREFIX id: <https://w3id.org/evsw/id/> "
SUPPLIERS = "SELECT ?who { ?who ev:supplies id:aurora } ORDER BY ?who"


def suppliers(world, **more):
    return [row["who"]["value"].rsplit("/", 1)[-1] for row in world.query(SUPPLIERS, policy(**more)).rows]


def data_files(store):
    return [path for path in (store / "store").iterdir() if path.suffix == ".sst"]


def test_a_store_is_named_after_the_ledger_head_and_the_policy(world):
    """Another head or another policy is another store; the same ones are the same."""
    first = world.store()
    assert first.name.startswith(world.head[:16])
    assert world.store() == first
    assert world.store(policy("alive")) != first


@pytest.mark.parametrize(
    "damage", ["missing", "emptied", "truncated", "flipped", "unsealed", "headless", "extra"]
)
def test_a_damaged_store_is_rebuilt_and_answers_the_same(world, damage):
    """Whatever happened to it, the ledger is the truth."""
    before = suppliers(world)
    store = world.store()
    victim = max(data_files(store), key=lambda path: path.stat().st_size)
    if damage == "missing":
        shutil.rmtree(store)
    elif damage == "emptied":
        for path in (store / "store").iterdir():
            path.unlink()
    elif damage == "truncated":
        victim.write_bytes(victim.read_bytes()[:-40])
    elif damage == "flipped":
        raw = bytearray(victim.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        victim.write_bytes(raw)
    elif damage == "unsealed":
        (store / "seal.json").unlink()
    elif damage == "headless":
        (store / "head").write_text("0" * 64)
    else:
        (store / "store" / "999999.sst").write_bytes(b"not ours")
    assert suppliers(world) == before == ["basalt", "fjord"]


def test_asking_does_not_break_the_seal(world):
    """Opening a store for reading leaves it as it was built."""
    store = world.store()
    stamp = store.stat().st_ino
    for _ in range(3):
        suppliers(world)
    assert world.store().stat().st_ino == stamp


def test_a_load_is_seen_at_once_and_an_undo_too(world, tmp_path):
    """Each head has a store of its own, so no answer mixes two."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "facts.csv").write_text(
        "subject,relation,object,layer,stance,source,paraphrase\ncirrus,supplies,aurora,connectivity,reported,inland-2026-01-11,A box.\n",
        encoding="utf-8",
    )
    _, batch = world.load(folder)
    assert suppliers(world) == ["basalt", "cirrus", "fjord"]
    world.undo(batch.seq)
    assert suppliers(world) == ["basalt", "fjord"]


def test_old_stores_and_the_remains_of_killed_builds_go(world):
    """What nobody has used for an hour goes beyond the newest few; what is in use stays."""
    place = world.home / "index"
    for origins in range(1, 10):
        world.store(policy(min_origins=origins))
    (place / "building-killed").mkdir()
    assert len(list(place.iterdir())) == 10
    for path in place.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    fresh = world.store(policy("alive"))
    assert len(list(place.iterdir())) <= 7
    assert fresh.exists()
    assert not (place / "building-killed").exists()


def test_a_denied_fact_stays_behind_graph(world):
    """The content of every proposition can be asked for, but never answers as true."""
    inside = "{ ?tie a ev:Negotiation ; ev:negotiator id:aurora , id:cirrus }"
    assert world.query(f"ASK {inside}").boolean is False
    assert world.query("ASK { GRAPH ?g " + inside + " }").boolean is True
    assert world.query(f"ASK {inside}", policy("alive")).boolean is True


def test_the_same_view_is_an_rdflib_dataset(world):
    """For Python callers, with the default graph alone as default."""
    data = world.dataset()
    rows = {str(row[0]).rsplit("/", 1)[-1] for row in data.query(PREFIX + SUPPLIERS)}
    assert rows == {"basalt", "fjord"}
    assert not data.query(PREFIX + "ASK { ?tie a ev:Negotiation }").askAnswer
    assert data.query(PREFIX + "ASK { GRAPH ?g { ?tie a ev:Negotiation } }").askAnswer


def test_both_engines_answer_alike(world, tmp_path):
    """RDFLib's own engine over the exported dataset, against Oxigraph over the store."""
    import rdflib

    from kg.index import quads

    other = rdflib.Dataset()
    other.parse(data="".join(quads(world.view())), format="nquads")
    for text in (
        SUPPLIERS,
        "SELECT ?claim ?stance { ?claim a ev:Claim ; ev:stance ?stance } ORDER BY ?claim",
        "SELECT ?p ?s ?n { ?p a ev:Proposition ; ev:standing ?s ; ev:originCount ?n } ORDER BY ?p",
        "SELECT ?x ?y { ?x ev:dependsOn ?y } ORDER BY ?x ?y",
        "SELECT ?x ?p { ?x ev:exposedTo ?p } ORDER BY ?x ?p",
    ):
        mine = [tuple(cell["value"] for cell in row.values()) for row in world.query(text).rows]
        theirs = [tuple(str(cell) for cell in row) for row in other.default_graph.query(PREFIX + text)]
        assert mine
        assert sorted(mine) == sorted(theirs)


def test_a_store_of_another_ontology_is_not_mistaken_for_this_one(world, monkeypatch):
    """The name carries a fingerprint of the terms and rules it was built with."""
    name = Index(world.home).name(world.head, policy())
    monkeypatch.setattr("kg.index._rules_stamp", lambda: "other rules")
    assert Index(world.home).name(world.head, policy()) != name


def test_an_open_end_is_stated_and_an_unknown_one_is_not(world, tmp_path):
    """Neither has a day in validTo; the period as the source gave it tells them apart."""
    (tmp_path / "facts.csv").write_text(
        "subject,relation,object,stance,source,paraphrase,valid\n"
        "ember,supplies,basalt,reported,inland-2026-01-11,Still.,2023~/..\n"
        "ember,supplies,fjord,reported,inland-2026-01-11,Who knows.,2023/\n"
        "ember,supplies,delta,reported,inland-2026-01-11,Over.,2023-21/2024\n",
        encoding="utf-8",
    )
    checked, _ = world.load(tmp_path / "facts.csv")
    assert not checked.errors
    rows = world.query(
        "SELECT ?to ?time ?from ?end (GROUP_CONCAT(?said; separator=' ') AS ?stated) { "
        "?p ev:headSubject id:ember ; ev:headObject ?to ; ev:temporalState ?time . ?c ev:states ?p ; ev:validFrom ?from . "
        "OPTIONAL { ?c ev:validTo ?end } OPTIONAL { ?c ev:dateAsStated ?said } } GROUP BY ?to ?time ?from ?end"
    ).rows
    found = {
        row["to"]["value"].rpartition("/")[2]: (
            row["time"]["value"].rpartition("-")[2],
            row["from"]["value"],
            row["end"]["value"] if row.get("end") else "",
            set(row["stated"]["value"].split()),
        )
        for row in rows
    }
    assert found["basalt"] == ("current", "2023-01-01", "", {"2023~/..", "2023~"})
    assert found["fjord"] == ("unknown", "2023-01-01", "", {"2023"})
    assert found["delta"] == ("past", "2023-03-01", "2024-12-31", {"2023-21", "2024"})


def test_a_web_too_large_for_all_pairs_of_reliance_leaves_them_out_and_says_so(world, monkeypatch):
    """Any number of steps is asked for with a path; the property that would be empty is refused, not answered."""
    plain = world.query("SELECT ?a ?b { ?a ev:dependsOn+ ?b } ORDER BY ?a ?b").rows
    written = world.query("SELECT ?a ?b { ?a ev:reliesOn ?b } ORDER BY ?a ?b").rows
    assert plain == written
    questions = {
        name: world.query(name, entity="aurora").rows
        for name in ("supply-tree", "derived-facts", "dropped-exposures")
    }
    monkeypatch.setattr("kg.index.MOST_PAIRS", 2)
    shutil.rmtree(world.home / "index")
    world._stores.clear()
    assert world.query("SELECT ?a ?b { ?a ev:dependsOn+ ?b } ORDER BY ?a ?b").rows == plain
    with pytest.raises(Refused, match=r"ev:dependsOn\+"):
        world.query("SELECT ?a ?b { ?a ev:reliesOn ?b }")
    for name, rows in questions.items():
        assert world.query(name, entity="aurora").rows == rows


@given(st.sets(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12), st.data())
def test_carrying_reliance_on_step_by_step_concludes_the_same_from_the_same_claims(edges, data):
    """The shorter rule against the axiom of the ontology: facts, and the sets of claims that suffice."""
    plain = [
        r for r in rules_of_ontology(_ontology()).rules if any("reliesOn" in p[1] for p in (*r.head, *r.body))
    ]
    short = _linear(plain)
    assert sorted(r.name for r in plain) != sorted(r.name for r in short)
    asserted = [((f"<{a}>", _ev("dependsOn"), f"<{b}>"), frozenset({a + b})) for a, b in sorted(edges)]
    one, other = close(asserted, plain), close(asserted, short)
    assert set(one.triples()) == set(other.triples())
    if derived := sorted(one.derived()):
        triple = data.draw(st.sampled_from(derived))
        assert one.witnesses(triple, limit=64) == other.witnesses(triple, limit=64)


_FIRMS = [f"<{letter}>" for letter in "abcdefg"]


@given(
    ties=st.lists(st.tuples(st.sampled_from(_FIRMS), st.sampled_from(_FIRMS)), max_size=20),
    sites=st.sets(st.sampled_from(_FIRMS), max_size=3),
    block=st.sampled_from([1, 2, 4096]),
)
def test_counted_dependents_and_loops_are_those_of_a_walk(ties, sites, block):
    """Counts and loops of reliance, against walking from every firm; sites are on the way, and no dependents."""
    kinds = [
        ((firm, RDF_TYPE, _ev("Site" if firm in sites else "Organisation")), frozenset()) for firm in _FIRMS
    ]
    needs = [((one, _ev("dependsOn"), other), frozenset({"c"})) for one, other in ties]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kg.index._AT_A_TIME", block)
        told = set(_reliance(close([*kinds, *needs], [])))

    near = {firm: {other for one, other in ties if one == firm} for firm in _FIRMS}

    def walk(start):
        seen, todo = set(), list(near[start])
        while todo:
            if (here := todo.pop()) not in seen:
                seen.add(here)
                todo += near[here]
        return seen

    reach = {firm: walk(firm) for firm in _FIRMS}
    firms = [firm for firm in _FIRMS if firm not in sites]
    wanted = set()
    for firm in firms:
        if all_of_them := {one for one in firms if one != firm and firm in reach[one]}:
            direct = sum(firm in near[one] for one in all_of_them)
            wanted |= {
                (firm, _ev("dependentCount"), literal(str(len(all_of_them)), "integer")),
                (firm, _ev("directDependentCount"), literal(str(direct), "integer")),
            }
    for firm in _FIRMS:
        loop = [one for one in _FIRMS if one in reach[firm] and firm in reach[one]]
        if len(loop) > 1:
            wanted.add((firm, _ev("relianceLoop"), min(loop)))
    assert told == wanted


def test_what_is_counted_on_a_proposition_is_what_its_claims_come_to(world):
    """Claims, documents and the last day, against SPARQL over the claims themselves."""
    kept = world.query(
        """SELECT ?p ?claims ?documents ?day { ?p ev:claimCount ?claims ; ev:documentCount ?documents
           OPTIONAL { ?p ev:lastSpokenOf ?day } } ORDER BY ?p"""
    ).rows
    counted = world.query(
        """SELECT ?p (COUNT(DISTINCT ?c) AS ?claims) (COUNT(DISTINCT ?s) AS ?documents) (MAX(?at) AS ?day)
           { ?c ev:states ?p ; ev:statedIn ?s . FILTER NOT EXISTS { ?c ev:retractedBecause ?why }
             OPTIONAL { ?s ev:published ?at } } GROUP BY ?p ORDER BY ?p"""
    ).rows
    assert kept == counted


def test_an_inquiry_has_a_label(world):
    """It is a policy without a card: the sentence that tells it names it."""
    rows = world.query("SELECT ?x ?label { ?x a ev:Inquiry OPTIONAL { ?x skos:prefLabel ?label } }").rows
    assert rows
    assert all("label" in row for row in rows)


def test_an_inquiry_that_is_denied_or_imagined_has_no_label_among_the_facts(world, tmp_path):
    """Nothing about its tie stands in the default graph, not even a name."""
    row = {"subject": "trade-office", "relation": "investigates", "layer": "", "source": "wire-2026-01-12"}
    world.load(
        write_facts(
            tmp_path / "denied",
            {**row, "object": "delta", "stance": "denied", "speaker": "delta"},
            {**row, "object": "fjord", "stance": "hypothesised"},
            {**row, "object": "ember", "stance": "reported"},
        )
    )
    rows = world.query("SELECT ?label { ?x a ev:Relationship ; skos:prefLabel ?label }").rows
    labels = {row["label"]["value"] for row in rows}
    assert {label for label in labels if "Trade Office" in label} == {
        "Norland Trade Office investigates Ember"
    }
