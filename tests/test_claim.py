"""Records have ids made from their ledger text, and come back from it unchanged."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.claim import (
    Claim,
    Entity,
    Evidence,
    Proposition,
    Retraction,
    Scenario,
    Source,
    digest,
    lacking,
    record_from,
)
from kg.errors import Misuse

TALKS = Proposition("inTalksWith", "aurora", "cirrus")

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
evidence = st.builds(Evidence, words, words, words, words, words)
propositions = st.builds(Proposition, words, words, words, words, words, words, words)
records = st.one_of(
    st.builds(
        Claim, propositions, words, words, status=words, cited_source=words, speaker=words, evidence=evidence,
        confidence=words, valid_from=words, quantity=words, scenario=words, conditional_on=st.lists(words.filter(bool), max_size=3).map(tuple),
    ),
    st.builds(Source, words.filter(bool), url=words, title=words, publisher=words),
    st.builds(Entity, words.filter(bool), words, kinds=st.lists(words.filter(bool), max_size=3).map(tuple)),
    st.builds(Scenario, words.filter(bool), words, words),
    st.builds(Retraction, words.filter(bool), words),
)  # fmt: skip


@given(records)
def test_a_record_comes_back_from_its_ledger_text(record):
    """Text to record to text: the same text, the same id."""
    try:
        again = record_from(record.text)
        assert lacking(record) == ""
    except Misuse:  # a proposition without subject is no record; the door refuses it
        assert lacking(record)
        return
    assert again.text == record.text
    assert again.record_id == record.record_id


@given(records, records)
def test_different_records_have_different_ids(one, other):
    """Two records share an id only when they share the text."""
    assert (one.record_id == other.record_id) == (one.text == other.text)


def test_an_empty_field_is_not_part_of_the_text():
    """So that a column added later leaves the ids of old claims as they are."""
    claim = Claim(TALKS, "reported", "harbour")
    assert json.loads(claim.text) == {
        "type": "claim",
        "proposition": {"relation": "inTalksWith", "subject": "aurora", "object": "cirrus"},
        "stance": "reported",
        "source": "harbour",
    }


def test_numbers_are_kept_as_written():
    """1.10 is not 1.1, and 01 is not 1."""
    claim = Claim(TALKS, "reported", "harbour", quantity="01.10", confidence="0.50")
    assert '"quantity":"01.10"' in claim.text
    assert record_from(claim.text) == claim


def test_an_id_is_twenty_base32_characters():
    """A hundred bits of SHA-256, fit for an IRI."""
    assert digest("aurora") == digest("aurora")
    assert len(digest("aurora")) == 20
    assert set(digest("aurora")) <= set("abcdefghijklmnopqrstuvwxyz234567")


@pytest.mark.parametrize(
    "text", ['{"type":"rumour"}', '{"type":"retraction","claim":"x","reason":"y","mood":"z"}']
)
def test_a_record_of_a_newer_version_is_not_guessed_at(text):
    """An unknown type or field stops, it never falls to a default."""
    with pytest.raises(Misuse, match="newer version"):
        record_from(text)


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ('{"type":"retraction","claim":"x"}', "reason"),
        (
            '{"type":"claim","proposition":{"relation":"supplies"},"stance":"reported","source":"s"}',
            "subject",
        ),
    ],
)
def test_a_record_that_lacks_what_it_needs_is_told_in_words(text, lacks):
    """And not as a mistake of whoever called."""
    with pytest.raises(Misuse, match=f"cannot be read: .*{lacks}"):
        record_from(text)
