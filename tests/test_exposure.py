"""Paths of exposure: typed, scoped by what a policy reaches, and honest about what they rest on."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.claim import Claim, Proposition
from kg.errors import Misuse, NotFound
from kg.evidence import Origins, weigh
from kg.exposure import exposure_report, exposures, probability
from kg.paths import Hop, SupplyWeb, cheapest_paths
from kg.vocabulary import vocabulary


def told(view, entity="aurora", **more):
    """Paths as lists of entities, with their kind."""
    return {
        (path.kind, *(hop.start for hop in path.hops), path.target)
        for path in exposures(view, entity, **more)
    }


def test_a_committee_that_asks_is_a_direct_path(world_view):
    """One hop, from the firm to the body."""
    assert ("direct", "aurora", "trade-committee") in told(world_view())


def test_a_listed_supplier_leads_to_whoever_keeps_the_list(world_view):
    """Aurora, its cell maker, the list, the office."""
    assert ("via-supplier", "aurora", "basalt", "watch-list", "trade-office") in told(world_view())


def test_a_tariff_on_the_suppliers_country_reaches_goods(world_view):
    """Cells from Sudland pay; the path runs over the country."""
    assert ("via-supplier", "aurora", "basalt", "sudland", "cell-tariff", "trade-office") in told(
        world_view()
    )


def test_a_tariff_does_not_reach_software(world_view):
    """Cirrus sits in Sudland too, but software crosses no customs: the scenario adds no tariff path through it."""
    paths = told(world_view("scenario:aurora-cirrus-deal"))
    assert not any("cirrus" in path and "cell-tariff" in path for path in paths)


def test_a_planned_licence_is_prospective(world_view):
    """What is only planned is told apart from what is."""
    kinds = {path.kind: path for path in exposures(world_view(), "aurora")}
    assert any(hop.pending for hop in kinds["prospective"].hops)
    assert not any(
        hop.pending
        for path in exposures(world_view(), "aurora")
        if path.kind != "prospective"
        for hop in path.hops
    )


def test_the_target_can_be_a_body_above_or_a_country(world_view):
    """The assembly is reached through its committee, Norland through any of its bodies."""
    assert ("direct", "aurora", "trade-committee", "norland-assembly") in told(
        world_view(), to="norland-assembly"
    )
    ends = {path[-1] for path in told(world_view(), to="norland")}
    assert {"trade-committee", "trade-office"} <= ends | {"trade-office"}
    assert told(world_view(), to="sudland") == set()


def test_a_contested_tie_carries_no_path_in_the_cautious_view_and_a_marked_one_in_the_alive_view(
    world, tmp_path, world_view
):
    """The dispute stands beside the report on the very hop."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "facts.csv").write_text(
        "subject,relation,object,stance,source,speaker,paraphrase\n"
        "cirrus,listedOn,watch-list,reported,inland-2026-01-11,,Cirrus stands on the watch list.\n",
        encoding="utf-8",
    )
    assert not world.load(folder)[0].errors
    assert not any("cirrus" in path for path in told(world_view()))
    report = exposure_report(world_view("alive"), "aurora", exposures(world_view("alive"), "aurora"))
    through = [path for path in report["paths"] if any(hop["to"] == "cirrus" for hop in path["hops"])]
    assert through
    for path in through:
        talks = next(hop for hop in path["hops"] if hop["to"] == "cirrus")
        assert path["contested"]
        assert path["probability"]["low"] == 0
        assert {report["claims"][key]["stance"] for key in talks["disputes"]} == {"denied"}
        assert {report["claims"][key]["stance"] for key in talks["claims"]} == {"reported"}


def test_every_hop_of_a_report_names_claims_that_the_report_resolves(world_view):
    """Nothing leaves the house without its claims."""
    view = world_view("alive")
    report = exposure_report(view, "aurora", exposures(view, "aurora"))
    assert report["paths"]
    for path in report["paths"]:
        for hop in path["hops"]:
            assert hop["claims"]
            for key in (*hop["claims"], *hop["disputes"]):
                card = report["claims"][key]
                assert card["source"]["id"] in view.sources
                assert card["quote"] or card["paraphrase"]
            assert {hop["from"], hop["to"]} <= report["entities"].keys()
        assert path["weakest_claim"] in report["claims"]


def test_whoever_makes_policy_has_no_exposure(world_view):
    """Asking for it is a slip, told as one."""
    with pytest.raises(Misuse, match="makes policy"):
        exposures(world_view(), "trade-office")
    with pytest.raises(NotFound):
        world_view().find("auroraa")


# -- numbers

WORDS = vocabulary()
ORIGINS = Origins({}, {})


def hop(*claims):
    """A hop that rests on the given (source, confidence, stance) triples."""
    tie = Proposition("supplies", "a", f"b{len(claims)}{hash(claims) % 997}")
    weighed = weigh(
        [Claim(tie, stance, source, confidence=str(c)) for source, c, stance in claims],
        WORDS,
        ORIGINS,
        __import__("datetime").date(2026, 1, 1),
    )
    return Hop("b", "a", "supplies", False, tuple(weighed.values()))


def test_two_hops_from_one_source_of_reliability_p_are_worth_p():
    """Not p squared: they stand and fall together."""
    one = hop(("paper", 0.7, "reported"))
    assert probability([one, hop(("paper", 0.7, "confirmed"))]) == (0.7, 0.7)


def test_hops_from_different_sources_are_bounded_by_frechet():
    """At most the weakest, at least one less all doubts."""
    assert probability([hop(("paper", 0.7, "reported")), hop(("radio", 0.8, "reported"))]) == (0.5, 0.7)


def test_a_denial_lowers_only_the_lower_bound():
    """The report may still be right."""
    assert probability([hop(("paper", 0.7, "reported"), ("firm", 0.9, "denied"))]) == (0.0, 0.7)


@given(st.lists(st.tuples(st.sampled_from("pqrs"), st.floats(0.01, 1)), min_size=1, max_size=4))
def test_the_bounds_hold_for_any_dependence_of_the_sources(hops):
    """Compared with the two extremes of a common cause: all doubts apart, all doubts together."""
    low, high = probability([hop((source, round(c, 3), "reported")) for source, c in hops])
    best: dict[str, float] = {}
    for source, c in hops:
        best[source] = min(best.get(source, 1.0), round(c, 3))
    apart, together = max(0.0, 1 - sum(1 - c for c in best.values())), min(best.values())
    assert low == pytest.approx(apart, abs=1e-4)
    assert high == pytest.approx(together, abs=1e-4)
    assert 0 <= low <= high <= 1


# -- paths, against networkx


@given(
    st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 5)), max_size=18),
    st.integers(1, 5),
)
def test_paths_come_in_the_order_of_yens_algorithm(edges, longest):
    """Same paths, same costs as networkx's shortest_simple_paths on the same graph."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(7))
    for a, b, weight in edges:
        if a != b:
            graph.add_edge(a, b, weight=weight)
    steps = lambda node: [((node, b), b, float(data["weight"])) for b, data in graph[node].items()]  # noqa: E731
    mine = [
        (cost, path)
        for cost, path in cheapest_paths(
            0, steps, lambda node: node == 6, place=lambda node: node, longest=longest
        )
    ]
    theirs = list(nx.all_simple_paths(graph, 0, 6, cutoff=longest))
    assert sorted((0, *(b for _, b in path)) for _, path in mine) == sorted(map(tuple, theirs))
    assert [cost for cost, _ in mine] == sorted(cost for cost, _ in mine)


def test_parallel_claims_are_one_hop(world_view):
    """Two claims that Basalt supplies Aurora are one step with two claims, not two steps."""
    steps = [
        step for step in SupplyWeb(world_view()).hops("aurora") if step.end == "basalt" and not step.forward
    ]
    assert len(steps) == 1
    assert len(steps[0].weighings[0].affirmed) == 2
