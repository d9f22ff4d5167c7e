"""Dates as people have them: EDTF level 1, kept as written, and the days they can mean."""

from __future__ import annotations

import calendar
import datetime
import re

import click
import pytest
from edtf import parse_edtf
from hypothesis import given
from hypothesis import strategies as st

from kg.claim import Claim, Proposition, Source
from kg.cli.flags import _Date
from kg.dates import NotADate, first_day, last_day, period, spoken
from kg.evidence import Origins, Time, time_of, weigh
from kg.factfile import FactFile, Row
from kg.ingest import CARDS, OnFile, check
from kg.vocabulary import vocabulary

DAY = datetime.date(2026, 3, 1)
TIE = Proposition("supplies", "basalt", "aurora")

_years = st.integers(1, 9999).map("{:04}".format)
_months = st.integers(1, 12).map("{:02}".format)
_days = st.dates(datetime.date(1, 1, 1)).map(str)
_plain = st.one_of(_years, st.tuples(_years, _months).map("-".join), _days)
_single = st.one_of(
    _plain,
    st.tuples(_plain, st.sampled_from("?~%")).map("".join),
    _years.filter(lambda year: year[:3] != "000").map(lambda year: year[:3] + "X"),
    _years.filter(lambda year: year[:2] != "00").map(lambda year: year[:2] + "XX"),
    _years.map(lambda year: year + "-XX"),
    _years.map(lambda year: year + "-XX-XX"),
    st.tuples(_years, _months).map(lambda parts: "-".join((*parts, "XX"))),
    st.tuples(_years, st.sampled_from(("21", "22", "23", "24"))).map("-".join),
)


@given(_single)
def test_the_first_day_is_never_after_the_last(text):
    """Whatever is left open, a date means some days."""
    assert first_day(text) <= last_day(text)


@given(_single)
def test_the_days_agree_with_the_edtf_library(text):
    """Plain dates are read by ourselves, being nearly all; the library is the oracle."""
    found = parse_edtf(text)
    assert first_day(text).timetuple()[:3] == found.lower_strict()[:3]
    assert last_day(text).timetuple()[:3] == found.upper_strict()[:3]


@given(_plain, st.sampled_from("?~%"))
def test_a_qualifier_does_not_move_the_bounds(text, mark):
    """Nobody can say how far off "about 2024" may be."""
    assert (first_day(text + mark), last_day(text + mark)) == (first_day(text), last_day(text))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-10", "2025-10-01", "2025-10-31"),
        ("2024~", "2024-01-01", "2024-12-31"),
        ("2024-02-29?", "2024-02-29", "2024-02-29"),
        ("202X", "2020-01-01", "2029-12-31"),
        ("20XX", "2000-01-01", "2099-12-31"),
        ("2024-XX", "2024-01-01", "2024-12-31"),
        ("2023-02-XX", "2023-02-01", "2023-02-28"),
        ("2024-21", "2024-03-01", "2024-05-31"),
    ],
)
def test_what_the_specification_lists_is_read(text, first, last):
    """One of each production of level 1 that a fact can carry."""
    assert (str(first_day(text)), str(last_day(text))) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "", "24", "2024-13", "2024-2", "2024-00", "0000", "2023-02-29", "2023-02-29~", "2024-04-31", "2024~~", "2024 ~",
        " 2024", "2024\n", "２０２４", "XXXX", "20X4", "2024-XX-15", "2024-25", "2024?-05", "Y12024", "-2024", "[2024,2025]",
        "2024S2", "2024-05-03T10:00:00Z", "2023/2024", "..", "spring 2024", "03/04/2025", "2024" * 10_000,
    ],
)  # fmt: skip
def test_anything_else_is_no_date_and_says_what_would_be_one(text):
    """Level 2, other calendars and slips of the pen are refused, not guessed at."""
    with pytest.raises(NotADate, match=r"write \d{4}|not in the calendar") as told:
        first_day(text)
    assert len(str(told.value)) < 300


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("31/12/2025", "write 2025-12-31"),
        ("12/31/2025", "write 2025-12-31"),
        ("03/04/2025", "write 2025-04-03 if the day comes first, 2025-03-04 if the month does"),
        ("04/04/2025", "write 2025-04-04"),
        ("31.12.2025", "write 2025-12-31"),
        ("03.04.2025", "write 2025-04-03"),
        ("2025/12/31", "write 2025-12-31"),
        ("2025.1.3", "write 2025-01-03"),
        ("2025-1-3", "write 2025-01-03"),
        ("2025/12", "write 2025-12"),
        ("2011/12", "write 2011-12 for the month, 2011/2012 for the two years"),
        ("2023/25", "write 2023/2025"),
        ("Dec 2025", "write 2025-12"),
        ("Sept. 2025", "write 2025-09"),
        ("December 31, 2025", "write 2025-12-31"),
        ("31st December 2025", "write 2025-12-31"),
        ("spring 2024", "write 2024-21"),
        ("about 2024", "write 2024~"),
        ("since 2023", "write 2023/.."),
        ("Since March 2023", "write 2023-03/.."),
        ("2023-now", "write 2023/.."),
        ("until 2025", "write /2025"),
        ("2023-2025", "write 2023/2025"),
        ("2023 – 2025", "write 2023/2025"),
        ("from May 2023 to 2025", "write 2023-05/2025"),
        ("45000", "it looks like a spreadsheet's day number (mostly 2023-03-15); format the cell as a date, or write the date"),
        ("2025-12-31T12:30:00", "write 2025-12-31"),
        ("2025-12-31 12:30", "write 2025-12-31"),
    ],
)  # fmt: skip
def test_a_date_in_another_form_is_told_whole_with_what_to_write(text, cure):
    """The cell is quoted as it stands, and what is offered is a date or period; nothing is read on a guess."""
    with pytest.raises(NotADate) as told:
        period(text)
    assert str(told.value) == f"{text!r} is no date we can read; {cure}"
    for offered in re.findall(r"\d{4}[-~/.\d]*\d|/?\d{4}[~/.]*", cure):
        assert period(offered)
    with pytest.raises(NotADate, match=re.escape(repr(text))) as alone:
        first_day(text)
    assert "/" not in str(alone.value).replace(repr(text), "").partition("; ")[2]


@given(st.text(alphabet="0123456789-/.,Tto~ decsincuaryprg–", max_size=24))
def test_no_text_makes_a_cure_fail(text):
    """A cure is only words: whatever stands in the cell, it is a date, a period, or a message."""
    for reads in (first_day, period):
        told = repr(text)
        try:
            reads(text)
        except NotADate as error:
            told = str(error)
        assert repr(text) in told


@given(st.text(alphabet="0123456789X-?~%/. ", max_size=12))
def test_every_text_is_a_date_or_says_that_it_is_none(text):
    """No other exception ever comes out, and what is read is a real day."""
    try:
        first, last = first_day(text), last_day(text)
    except NotADate:
        return
    assert first <= last
    assert last.day <= calendar.monthrange(last.year, last.month)[1]


@pytest.mark.parametrize(
    ("text", "ends", "words"),
    [
        ("2024", ("2024", "2024"), "2024"),
        ("2023/2024-05~", ("2023", "2024-05~"), "2023 to 2024-05~"),
        ("2023/..", ("2023", ".."), "from 2023, still going on"),
        ("2023/", ("2023", ""), "from 2023"),
        ("../2024", ("..", "2024"), "until 2024"),
        ("/2024", ("", "2024"), "until 2024"),
        ("/..", ("", ".."), "still going on"),
    ],
)
def test_a_period_has_two_ends(text, ends, words):
    """Open and unknown are told apart."""
    assert period(text) == ends
    assert spoken(*ends) == words


@pytest.mark.parametrize(
    "text", ["/", "../", "2023/2024/2025", "2023/x", "..", "2023//", "2023/...", "2023/ 2024"]
)
def test_what_is_no_period_says_so(text):
    """Neither end says anything, or one of them is no date."""
    with pytest.raises(NotADate):
        period(text)


def claim(valid, **more):
    start, end = period(valid)
    return Claim(TIE, "reported", "one", valid_from=start, valid_to=end, **more)


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2050, 12, 31)), st.integers(2001, 2050))
def test_an_open_end_and_an_unknown_one_differ_once_it_has_begun(day, year):
    """That it is still going on is a statement; a missing end is none."""
    still, unknown = (time_of(claim(f"{year}/{end}"), day) for end in ("..", ""))
    if day.year < year:
        assert still is unknown is Time.FUTURE
    else:
        assert (still, unknown) == (Time.CURRENT, Time.UNKNOWN)


def test_approximate_ends_use_their_plain_bounds():
    """Until about 2025 is over in 2026; until some year of the twenties is not."""
    assert time_of(claim("2020/2025~"), DAY) is Time.PAST
    assert time_of(claim("2020/202X"), DAY) is Time.CURRENT
    assert time_of(claim("2026-21"), datetime.date(2026, 2, 28)) is Time.FUTURE
    assert time_of(claim("../2025"), DAY) is Time.PAST
    assert time_of(claim("../.."), DAY) is Time.CURRENT


def test_the_latest_claim_is_found_by_its_days_not_by_its_letters():
    """``~`` and ``X`` sort after every digit; about 2020 is earlier than 2024 all the same."""
    origins = Origins({}, {"one": Source("one", publisher="One")})
    told = [
        claim("202X/", status="planned"),
        claim("2024-05/", status="active"),
        claim("2023~/", status="talks"),
    ]
    assert weigh(told, vocabulary(), origins, DAY)[TIE].status == "active"


def test_an_ended_tie_with_an_open_end_is_over():
    """A file cannot say so; were it to come from elsewhere, the status wins and nothing breaks."""
    origins = Origins({}, {"one": Source("one", publisher="One")})
    weighing = weigh([claim("2020/..", status="ended")], vocabulary(), origins, DAY)[TIE]
    assert (weighing.status, weighing.time) == ("ended", Time.PAST)


# -- in a fact file


def checked(**cells):
    batch = FactFile()
    batch.entities = [
        Row("entities.csv", 2, {"id": "basalt", "label": "Basalt", "kinds": "battery-supplier"}),
        Row("entities.csv", 3, {"id": "aurora", "label": "Aurora", "kinds": "oem"}),
    ]
    batch.sources = [
        Row(
            "sources.csv",
            2,
            {"id": "one", "publisher": "One", "kind": "news", "published": cells.pop("published", "")},
        )
    ]
    fact = {
        "subject": "basalt",
        "relation": "supplies",
        "object": "aurora",
        "stance": "reported",
        "source": "one",
    }
    batch.facts = [Row("facts.csv", 2, {**fact, "paraphrase": "Basalt supplies Aurora.", **cells})]
    return check(batch, OnFile())


def stated(**cells):
    found = checked(**cells)
    assert not found.errors
    return next(r for r, _ in found.records if isinstance(r, Claim) and r.source != CARDS.id)


@pytest.mark.parametrize("text", ["2023/..", "2023~/2024?", "2024-21", "202X/", "/2024", "../2024-05"])
def test_the_column_valid_fills_both_ends_word_for_word(text):
    """Nothing is normalised on the way into the ledger."""
    found = stated(valid=text)
    assert (found.valid_from, found.valid_to) == period(text)
    assert found.record_id == stated(valid_from=period(text)[0], valid_to=period(text)[1]).record_id


@pytest.mark.parametrize(
    ("cells", "column", "code", "words"),
    [
        ({"valid": "2023/2024", "valid_to": "2025"}, "valid_to", "dates-differ", "leave one of them empty"),
        ({"valid": "2023/", "valid_to": "2025"}, "valid_to", "dates-differ", "not known"),
        ({"valid": "2025/2024"}, "valid", "dates-reversed", "before it starts"),
        ({"valid_from": "2025~", "valid_to": "202X"}, "", "", ""),
        ({"valid_from": "203X", "valid_to": "2024"}, "valid_to", "dates-reversed", "before it starts"),
        ({"valid_from": "2023/2024"}, "valid_from", "bad-date", "goes into the column valid"),
        ({"valid": "sometime"}, "valid", "bad-date", "2024~"),
        ({"valid": "2023/.."  , "status": "ended"}, "valid", "dates-reversed", "still going on"),
        ({"valid_from": ".."}, "valid_from", "bad-date", "says nothing"),
        ({"published": "2023/2024"}, "published", "bad-date", "no date"),
        ({"published": "2024~"}, "", "", ""),
        ({"valid": "2023/2024", "valid_from": "2023", "valid_to": "2024"}, "", "", ""),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_told_with_its_column(cells, column, code, words):
    """Every problem has a place and a cure; what is only vague passes."""
    problems = checked(**cells).errors
    assert [(p.column, p.code) for p in problems] == ([(column, code)] if code else [])
    assert all(words in p.message for p in problems)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"valid": "2024-05"}, True),
        ({"valid": "2024~"}, True),
        ({"valid": "9998"}, False),
        ({"valid": "2024-05/"}, False),
        ({"valid": "2024-05/.."}, False),
        ({"valid": "2024-05/2024-06"}, False),
        ({"valid_from": "2024-05"}, False),
        ({"valid": "2024-05", "status": "ended"}, False),
        ({"valid": "2024-05", "status": "cancelled"}, False),
        ({"valid": "2024-05", "stance": "denied", "speaker_text": "a spokesman"}, False),
    ],
)
def test_a_single_date_that_is_past_is_told(cells, told):
    """`2024-05` says that it was over in June; most people mean when it began."""
    found = checked(**cells)
    assert not found.errors
    assert [p.code for p in found.problems] == ["period-over"] * told
    for problem in found.problems:
        assert problem.message.startswith(
            f"{cells['valid']!r} is a period that is over; write {cells['valid']}/ if the end is not known"
        )


def test_a_single_date_that_is_past_is_told_once_for_a_file():
    """A hundred rows of the kind are one habit, not a hundred faults."""
    batch = FactFile()
    fact = {"subject": "basalt", "relation": "supplies", "object": "aurora", "stance": "reported", "source": "one", "paraphrase": "p"}  # fmt: skip
    batch.facts = [
        Row(file, line, {**fact, "valid": "2024"}) for file in ("a.csv", "b.csv") for line in range(2, 9)
    ]
    told = [p for p in check(batch, OnFile()).problems if p.code == "period-over"]
    assert [(p.file, p.row, p.severity) for p in told] == [("a.csv", 2, "warning"), ("b.csv", 2, "warning")]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-02", "2026-02-28"),
        ("2025~", "2025-12-31"),
        ("2026-21", "2026-05-31"),
    ],
)
def test_the_command_line_takes_the_same_dates_and_means_their_last_day(text, day):
    """`--as-of` and `--known-by`; a period is no date there."""
    assert str(_Date().convert(text, None, None)) == day
    with pytest.raises(click.BadParameter, match="no date we can read"):
        _Date().convert(f"{text}/..", None, None)
