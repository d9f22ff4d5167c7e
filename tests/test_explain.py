"""Why a statement stands as it does, and what is said where nobody says so."""

from __future__ import annotations

import pytest

from kg.errors import NotFound
from tests.conftest import policy
from tests.test_ingest import write_facts


def test_a_statement_that_only_a_denied_special_case_carries_is_contested(world, tmp_path):
    """Reported and denied in one layer, and nothing else: the whole is not "reported"."""
    rows = {"subject": "ember", "object": "cirrus", "layer": "materials"}
    world.load(write_facts(tmp_path / "case", rows, {**rows, "stance": "denied", "speaker": "cirrus"}))
    told = world.why("ember", "supplies", "cirrus", policy())
    assert told["standing"] == "contested"
    assert told["holds"] == {"confirmed": False, "cautious": False, "alive": True}


def test_a_denied_special_case_does_not_make_the_whole_contested(world, tmp_path):
    """Another layer is reported by somebody and denied by nobody."""
    rows = {"subject": "ember", "object": "cirrus"}
    world.load(
        write_facts(
            tmp_path / "case",
            {**rows, "layer": "materials"},
            {**rows, "layer": "materials", "stance": "denied", "speaker": "cirrus"},
            {**rows, "layer": "chassis"},
        )
    )
    told = world.why("ember", "supplies", "cirrus", policy())
    assert told["standing"] == "reported"
    assert told["holds"]["cautious"]


def test_that_nobody_says_so_is_told_with_what_is_said_between_the_two(world):
    """It may be what was meant."""
    with pytest.raises(NotFound, match=r"no claim says or denies that .*; between them: .*talks") as said:
        world.why("aurora", "acquires", "cirrus", policy())
    assert said.value.what == "statement"


def test_that_the_policy_leaves_every_claim_out_is_told_as_that(world):
    """Claims there are; to say that nobody says so would be false."""
    with pytest.raises(
        NotFound, match=r"no claim that counts says .* 1 claim speaks of it, but does not count"
    ):
        world.why("ember", "supplies", "basalt", policy(without=frozenset({"Harbour Times"})))
    with pytest.raises(NotFound, match=r"no claim says or denies") as said:
        world.why("ember", "supplies", "fjord", policy())
    assert "count" not in str(said.value)
