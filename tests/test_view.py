"""Views: what counts as holding under a policy, on a date, as known on a date."""

from __future__ import annotations

import datetime

import pytest

from kg.errors import Misuse, NotFound
from tests.conftest import DAY, policy


def holding(view):
    return {str(weighing.proposition) for weighing in view.holding}


def test_contested_talks_hold_only_where_anything_alive_counts(world_view):
    """The denial keeps them out of the confirmed and the cautious view."""
    talks = "aurora inTalksWith cirrus (software-ux)"
    assert talks in holding(world_view("alive"))
    assert talks not in holding(world_view("cautious"))
    assert talks not in holding(world_view("confirmed"))


def test_an_imagined_tie_holds_only_in_its_scenario(world_view):
    """The hypothesis of phase 1 is no fact anywhere else."""
    imagined = "cirrus providesSoftwareTo aurora (infotainment)"
    assert imagined in holding(world_view("scenario:aurora-cirrus-deal"))
    assert all(imagined not in holding(world_view(name)) for name in ("alive", "cautious", "confirmed"))


def test_an_opinion_never_holds(world_view):
    """Somebody's view of Aurora's strength is kept, and is no fact."""
    assert not any("hasCapabilityIn" in statement for statement in holding(world_view("alive")))


def test_each_policy_accepts_what_the_stricter_one_does(world_view):
    """confirmed, cautious, alive: each adds, none takes away."""
    assert holding(world_view("confirmed")) < holding(world_view("cautious")) < holding(world_view("alive"))


def test_a_planned_tie_is_pending_and_no_fact(world_view):
    """The licence of 2027 is accepted, but it does not hold yet."""
    view = world_view()
    licence = "basalt licensesTechnologyTo aurora-works (cell)"
    assert licence not in holding(view)
    assert licence in {str(weighing.proposition) for weighing in view.pending}


def test_valid_time_decides_what_holds_on_a_date(world_view):
    """Fjord supplied Delta until 2022 and Aurora since 2024."""
    then, now = holding(world_view(as_of=datetime.date(2021, 6, 1))), holding(world_view())
    assert "fjord supplies delta (chassis)" in then - now
    assert "fjord supplies aurora (chassis)" in now - then


def test_what_was_not_recorded_yet_is_not_known(world, world_view):
    """The ledger learned of the world today; yesterday it knew nothing."""
    today = datetime.date.fromisoformat(world.ledger.batches()[0].recorded[:10])
    assert world_view(known_by=today - datetime.timedelta(days=1)).entries == {}
    assert world_view(known_by=today).entries


def test_leaving_a_source_out_takes_its_claims_and_their_denials_out(world_view):
    """Without the wire's denials the talks are uncontested."""
    assert "aurora inTalksWith cirrus (software-ux)" in holding(world_view(without=frozenset({"Wire Daily"})))
    assert "aurora inTalksWith cirrus (software-ux)" not in holding(
        world_view("alive", without=frozenset({"ledger-scoop"}))
    )


def test_two_origins_can_be_asked_for(world_view):
    """Basalt's cells are told by a paper and by Basalt; Fjord's axles by one paper alone."""
    strict = holding(world_view(min_origins=2))
    assert "basalt supplies aurora (cell)" in strict
    assert "fjord supplies aurora (chassis)" not in strict


@pytest.mark.parametrize("name", ["basalt", "Basalt Cells", "BASALT", "巴萨尔特"])
def test_an_entity_is_found_by_any_of_its_names(world_view, name):
    """Id, label and alias, whatever the capitals."""
    assert world_view().find(name) == "basalt"


def test_an_unknown_name_yields_near_matches(world_view):
    """So that a slip of the hand costs one glance."""
    with pytest.raises(NotFound, match="basalt") as caught:
        world_view().find("basallt")
    assert "basalt" in caught.value.matches


def test_a_name_that_two_things_share_is_not_guessed(world, tmp_path):
    """Both ids are told; nothing is bound silently."""
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / "entities.csv").write_text(
        "id,label,kinds,aliases\naurora-shipping,Aurora Shipping,company,Aurora\n", encoding="utf-8"
    )
    world.load(tmp_path / "twin")
    with pytest.raises(Misuse, match="aurora, aurora-shipping"):
        world.view(policy()).find("Aurora")


def test_unknown_policies_scenarios_and_sources_are_refused(world_view):
    """An unknown word stops; it never falls to a default."""
    for more in (
        {"name": "hopeful"},
        {"name": "scenario:aurora-cirus-deal"},
        {"without": frozenset({"Habour Times"})},
    ):
        with pytest.raises(NotFound):
            world_view(**more)


def test_the_key_of_a_policy_changes_with_everything_it_says():
    """Two policies share a key only when they are the same."""
    keys = {
        policy().key,
        policy("alive").key,
        policy(known_by=DAY).key,
        policy(min_origins=2).key,
        policy(without=frozenset({"x"})).key,
        policy(as_of=datetime.date(2026, 3, 2)).key,
    }
    assert len(keys) == 6
    assert policy().key == policy().key
