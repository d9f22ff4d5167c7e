"""Policies as values: files, assumptions, kinds of documents, confidence, and an earlier head of the ledger."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import Misuse, NotFound, Refused
from kg.policy import POLICIES, Policy, read_policy
from tests.conftest import DAY, policy
from tests.test_ingest import write_facts


def holding(view):
    return {str(weighing.proposition) for weighing in view.holding}


def test_an_assumed_scenario_adds_its_hypotheses_to_any_policy(world_view):
    """--assume is to the confirmed view what scenario:<id> is to the cautious one."""
    imagined = "cirrus providesSoftwareTo aurora (infotainment)"
    assumed = world_view("confirmed", assume=frozenset({"aurora-cirrus-deal"}))
    assert holding(assumed) == holding(world_view("confirmed")) | {imagined}
    named = world_view("scenario:aurora-cirrus-deal")
    assert holding(named) == holding(world_view("cautious", assume=frozenset({"aurora-cirrus-deal"})))


def test_an_assumption_that_nobody_knows_is_named(world_view):
    """With the scenarios that there are."""
    with pytest.raises(NotFound, match="aurora-cirrus-deal"):
        world_view(assume=frozenset({"aurora-cirus-deal"}))


def test_only_documents_of_some_kinds_count_when_the_policy_says_so(world_view):
    """Nothing that rests on news alone is left."""
    view = world_view(kinds=frozenset({"company-release", "government"}))
    assert "basalt supplies aurora (cell)" in holding(view)
    assert "ember supplies basalt (materials)" not in holding(view)
    assert {view.sources[view.claim(key).source].kind for key in view.counted} <= {
        "company-release",
        "government",
    }


def test_claims_below_the_least_confidence_do_not_count(world_view):
    """Ember's powder for Basalt has 0.7."""
    powder = "ember supplies basalt (materials)"
    assert powder in holding(world_view())
    assert powder not in holding(world_view(min_confidence=0.75))


def test_an_earlier_head_shows_the_ledger_as_it_was(world, tmp_path):
    """Whatever was loaded since, the view and its stamp are of that head."""
    before = world.view(policy())
    world.load(write_facts(tmp_path / "more", {"subject": "ember", "object": "delta", "layer": "materials"}))
    assert "ember supplies delta (materials)" in holding(world.view(policy()))
    again = world.view(policy(at=before.head[:12]))
    assert holding(again) == holding(before)
    assert again.head == before.head
    answer = world.query("SELECT ?x { ?x ev:supplies id:delta }", policy(at=before.head))
    assert {row["x"]["value"].rpartition("/")[2] for row in answer.rows} == {"basalt"}
    assert answer.stamp["head"] == before.head


def test_a_head_that_was_never_there_is_told(world):
    """Nothing is answered for it."""
    with pytest.raises(NotFound, match="ledger head"):
        world.view(policy(at="0123456789abcdef"))


def test_a_policy_file_says_what_the_flags_say(tmp_path):
    """Every key has its place in the policy."""
    path = tmp_path / "official.toml"
    path.write_text(
        'title = "official papers"\nview = "confirmed"\nas_of = 2026-06-30\nknown_by = "2026-07-01"\n'
        'without = ["Harbour Post"]\nmin_origins = 2\nassume = ["a-deal"]\nkinds = ["government"]\n'
        "min_confidence = 0.7\n",
        encoding="utf-8",
    )
    assert read_policy(path) == Policy(
        "confirmed", datetime.date(2026, 6, 30), datetime.date(2026, 7, 1), frozenset({"Harbour Post"}), 2, None,
        frozenset({"a-deal"}), frozenset({"government"}), 0.7, "official papers",
    )  # fmt: skip


def test_every_fault_of_a_policy_file_is_told_at_once(tmp_path):
    """With what would be right."""
    path = tmp_path / "wrong.toml"
    path.write_text('wthout = ["x"]\nmin_origins = "two"\nkinds = [1]\nas_of = "June"\n', encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_policy(path)
    assert [(problem.column, problem.code) for problem in refused.value.problems] == [
        ("wthout", "unknown-key"), ("min_origins", "bad-value"), ("kinds", "bad-value"), ("as_of", "bad-date"),
    ]  # fmt: skip
    assert "did you mean without" in str(refused.value.problems[0])


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path):
    """No traceback, and no half policy."""
    path = tmp_path / "torn.toml"
    path.write_text("min_origins = 2\nwithout = [\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        read_policy(path)
    assert refused.value.problems[0].code == "bad-toml"


POLICY = st.builds(
    Policy,
    name=st.sampled_from([*POLICIES, "scenario:a"]),
    as_of=st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)),
    known_by=st.none() | st.dates(datetime.date(2020, 1, 1), datetime.date(2030, 1, 1)),
    without=st.frozensets(st.sampled_from("abc"), max_size=2),
    min_origins=st.integers(1, 3),
    assume=st.frozensets(st.sampled_from("abc"), max_size=2),
    kinds=st.frozensets(st.sampled_from(["filing", "government", "news"]), max_size=2),
    min_confidence=st.sampled_from([0.0, 0.5, 0.7]),
)


@given(one=POLICY, other=POLICY)
def test_two_policies_have_one_key_only_if_they_say_the_same(one, other):
    """An index is found by it."""
    assert (one.key == other.key) == (one == other)


@given(one=POLICY, other=POLICY)
def test_what_a_policy_asks_for_stands_in_its_stamp(one, other):
    """Nobody takes an answer of one for an answer of the other."""
    if one.stamp("h") == other.stamp("h"):
        assert one == other


def test_a_kind_of_document_that_there_is_not_is_told():
    """No claim would count, and nothing would say why."""
    with pytest.raises(NotFound, match="did you mean government"):
        Policy(kinds=frozenset({"goverment"}), as_of=DAY)


def test_a_least_confidence_outside_the_scale_is_misuse():
    """It would leave all or nothing, silently."""
    with pytest.raises(Misuse):
        Policy(min_confidence=1.5, as_of=DAY)
