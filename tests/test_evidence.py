"""Weighing: both sides stay, repeats are one origin, reports generalise up and denials only specialise down."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.claim import Claim, Entity, Proposition, Source, Standing
from kg.dates import first_day, last_day
from kg.evidence import Origins, Time, time_of, weigh
from kg.vocabulary import vocabulary

DAY = datetime.date(2026, 3, 1)
ENTITIES = {
    card.id: card
    for card in (
        Entity("aurora", "Aurora Motors", ("oem",), aliases=("Aurora",)),
        Entity("ana", "Ana Quist", ("person",), parent="aurora"),
        Entity("harbour", "Harbour Times", ("publisher",)),
    )
}
SOURCES = {
    source.id: source
    for source in (
        Source("scoop", publisher="Morning Ledger", consulted="no"),
        Source("one", publisher="Harbour Times", published="2026-01-10"),
        Source("two", publisher="Inland Post", published="2026-01-11"),
        Source("three", publisher="Wire Daily", published="2026-01-12"),
        Source("own", publisher="Aurora Motors", published="2026-01-13"),
    )
}
ORIGINS = Origins(ENTITIES, SOURCES)
TALKS = Proposition("inTalksWith", "aurora", "cirrus")
TALKS_SOFTWARE = Proposition("inTalksWith", "aurora", "cirrus", layer="software-ux")
TALKS_COCKPIT = Proposition("inTalksWith", "aurora", "cirrus", layer="infotainment")
PARTNERS = Proposition("partnersWith", "aurora", "cirrus")
VENTURE = Proposition("jointVentureWith", "aurora", "cirrus")


def claim(proposition, stance="reported", source="one", **more):
    return Claim(proposition, stance, source, **more)


def standing(proposition, *claims):
    return weigh(claims, vocabulary(), ORIGINS, DAY)[proposition].standing


@pytest.mark.parametrize(
    ("stances", "expected"),
    [
        (["confirmed"], Standing.CONFIRMED),
        (["reported"], Standing.REPORTED),
        (["reported", "confirmed"], Standing.CONFIRMED),
        (["reported", "denied"], Standing.CONTESTED),
        (["confirmed", "denied"], Standing.CONTESTED),
        (["denied"], Standing.DENIED),
        (["denied", "hypothesised"], Standing.DENIED),
        (["hypothesised", "opinion"], Standing.HYPOTHETICAL),
        (["opinion"], Standing.OPINION),
    ],
)
def test_the_standing_tells_what_all_claims_come_to(stances, expected):
    """No side is dropped and none wins by number."""
    assert standing(TALKS, *(claim(TALKS, stance) for stance in stances)) is expected


def test_one_scoop_told_by_two_outlets_is_one_origin_and_an_investigation_of_its_own_makes_two():
    """Counting outlets would let the loudest story win."""
    retold = [
        claim(TALKS, source="one", cited_source="scoop"),
        claim(TALKS, source="two", cited_source="scoop"),
    ]
    assert list(ORIGINS.group(retold)) == ["Morning Ledger"]
    assert len(ORIGINS.group([*retold, claim(TALKS, source="three")])) == 2


def test_a_firm_its_officer_and_its_own_release_are_one_origin():
    """Ana Quist speaks for Aurora, wherever she is quoted."""
    voices = [
        claim(TALKS, "denied", "three", speaker="ana"),
        claim(TALKS, "denied", "two", speaker="aurora"),
        claim(TALKS, "denied", "own"),
    ]
    assert list(ORIGINS.group(voices)) == ["aurora"]


def test_a_report_of_the_narrower_affirms_the_broader():
    """Talks about cockpits are talks about software, and are talks."""
    weighed = weigh(
        [claim(TALKS_COCKPIT), claim(TALKS, "opinion"), claim(TALKS_SOFTWARE, "hypothesised")],
        vocabulary(),
        ORIGINS,
        DAY,
    )
    assert {proposition.layer: weighing.standing for proposition, weighing in weighed.items()} == {
        "": Standing.REPORTED,
        "software-ux": Standing.REPORTED,
        "infotainment": Standing.REPORTED,
    }


def test_a_denial_of_the_broader_denies_the_narrower_and_never_the_other_way_round():
    """Denying any talks denies talks about cockpits; denying a venture leaves the partnership alone."""
    assert standing(TALKS_COCKPIT, claim(TALKS_COCKPIT), claim(TALKS, "denied")) is Standing.CONTESTED
    assert standing(TALKS, claim(TALKS), claim(TALKS_COCKPIT, "denied")) is Standing.REPORTED
    assert standing(PARTNERS, claim(PARTNERS), claim(VENTURE, "denied")) is Standing.REPORTED
    assert standing(VENTURE, claim(VENTURE), claim(PARTNERS, "denied")) is Standing.CONTESTED


def test_an_unknown_end_is_neither_current_nor_past():
    """Only a stated end makes a claim current or past."""
    assert time_of(claim(TALKS, valid_from="2024"), DAY) is Time.UNKNOWN
    assert time_of(claim(TALKS), DAY) is Time.UNKNOWN
    assert time_of(claim(TALKS, valid_from="2024", valid_to="2027"), DAY) is Time.CURRENT
    assert time_of(claim(TALKS, valid_to="2026-02"), DAY) is Time.PAST
    assert time_of(claim(TALKS, valid_to="2026-03"), DAY) is Time.CURRENT
    assert time_of(claim(TALKS, valid_from="2026-04"), DAY) is Time.FUTURE


def test_the_latest_claim_tells_the_status():
    """A plan of last year does not outweigh this year's opening, nor this year's closing."""
    plan = claim(PARTNERS, status="planned", valid_from="2025")
    opened = claim(PARTNERS, status="active", valid_from="2026-01")
    closed = claim(PARTNERS, status="ended", valid_from="2026-02")
    told = lambda *claims: weigh(claims, vocabulary(), ORIGINS, DAY)[PARTNERS].status  # noqa: E731
    assert told(plan) == "planned"
    assert told(opened, plan) == "active"
    assert told(plan, closed, opened) == "ended"


@given(
    st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 12, 31)),
    st.sampled_from([4, 7, 10]),
)
def test_a_partial_date_spans_the_days_it_can_mean(day, length):
    """2026-02 means the first to the twenty-eighth of February."""
    text = day.isoformat()[:length]
    assert first_day(text) <= day <= last_day(text)
    assert first_day(text).isoformat()[:length] == last_day(text).isoformat()[:length] == text


_claims = st.lists(
    st.builds(
        claim, st.sampled_from([TALKS, TALKS_SOFTWARE, TALKS_COCKPIT, PARTNERS, VENTURE]), st.sampled_from(["confirmed", "reported", "denied", "hypothesised", "opinion"]),
        source=st.sampled_from(sorted(SOURCES)), status=st.sampled_from(["", "planned", "ended"]), valid_from=st.sampled_from(["", "2025", "2026-01", "2027"]),
    ),
    max_size=8,
)  # fmt: skip


@given(_claims, _claims)
def test_more_claims_never_take_a_voice_away(few, more):
    """What was affirmed or denied stays so, whatever else is said."""
    before, after = (weigh(claims, vocabulary(), ORIGINS, DAY) for claims in (few, [*few, *more]))
    for proposition, weighing in before.items():
        assert set(weighing.affirmed) <= set(after[proposition].affirmed)
        assert set(weighing.denied) <= set(after[proposition].denied)


@given(_claims)
def test_weighing_agrees_with_asking_every_pair(claims):
    """The grouping by participants is only a short cut: the definition, pair by pair, comes to the same."""
    words = vocabulary()
    for proposition, weighing in weigh(claims, words, ORIGINS, DAY).items():
        affirmed = {
            c
            for c in claims
            if c.stance in ("confirmed", "reported") and words.generalises(proposition, c.proposition)
        }
        denied = {c for c in claims if c.stance == "denied" and words.generalises(c.proposition, proposition)}
        assert (set(weighing.affirmed), set(weighing.denied)) == (affirmed, denied)


def test_what_ended_later_was_not_over_yet():
    """Asked about 2020, a tie that ended in 2024 was in force."""
    ended = claim(PARTNERS, status="ended", valid_from="2015", valid_to="2024")
    then = weigh([ended], vocabulary(), ORIGINS, datetime.date(2020, 6, 1))[PARTNERS]
    now = weigh([ended], vocabulary(), ORIGINS, DAY)[PARTNERS]
    assert (then.status, then.time) == ("active", Time.CURRENT)
    assert (now.status, now.time) == ("ended", Time.PAST)


def test_two_spellings_of_a_publisher_are_one_origin():
    """REUTERS and Reuters are no second voice."""
    origins = Origins({}, {"a": Source("a", publisher="Reuters"), "b": Source("b", publisher=" REUTERS ")})
    assert len(origins.group([claim(TALKS, source="a"), claim(TALKS, source="b")])) == 1


def test_a_hypothesis_has_no_status_of_its_own():
    """What nobody affirms is not active."""
    assert weigh([claim(TALKS, "hypothesised")], vocabulary(), ORIGINS, DAY)[TALKS].status == ""
