"""Answers in Python: values, data frames, rdflib terms, and what a notebook shows."""

from __future__ import annotations

import builtins
import datetime
import doctest
from decimal import Decimal
from html.parser import HTMLParser

import pandas as pd
import polars as pl
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

import kg.frames
from kg.errors import Misuse, Unavailable
from kg.query import Answer
from kg.vocabulary import PREFIXES

XSD = PREFIXES["xsd"]


def cell(value: str, kind: str = "") -> dict[str, str]:
    """Return a literal as a query gives it."""
    return {"type": "literal", "value": value, **({"datatype": XSD + kind} if kind else {})}


@pytest.fixture
def mixed() -> Answer:
    """One column of each type, with a gap in the second row; and one that no type holds."""
    first = {
        "whole": cell("7", "integer"), "exact": cell("1.10", "decimal"), "real": cell("2.5E0", "double"),
        "yes": cell("true", "boolean"), "day": cell("2026-03-01", "date"), "moment": cell("2026-03-01T12:00:00Z", "dateTime"),
        "thing": {"type": "uri", "value": PREFIXES["id"] + "aurora"}, "words": {**cell("cellules"), "xml:lang": "fr"},
        "several": cell("7", "integer"),
    }  # fmt: skip
    rows = [first, {"several": cell("2026-03", "gYearMonth")}]
    return Answer(list(first), rows, stamp={"view": "cautious", "as_of": "2026-03-01", "head": "a" * 64})


def test_the_examples_of_the_module_hold(world):
    """What the documentation shows is what comes."""
    found = doctest.testmod(kg.frames, extraglobs={"graph": world}, optionflags=doctest.ELLIPSIS)
    assert found.attempted >= 5
    assert found.failed == 0


def test_rows_are_plain_values(mixed):
    """A number is a number, to the last digit; a date is a date; an unbound variable is None."""
    row = mixed[0]
    assert row == {
        "whole": 7, "exact": Decimal("1.10"), "real": 2.5, "yes": True, "day": datetime.date(2026, 3, 1),
        "moment": datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC), "thing": "id:aurora", "words": "cellules", "several": 7,
    }  # fmt: skip
    assert str(row["exact"]) == "1.10"
    assert mixed[1]["whole"] is None
    assert len(mixed) == 2
    assert list(mixed) == [mixed[0], mixed[1]]
    with pytest.raises(IndexError):
        mixed[2]


def test_an_answer_is_true_when_it_says_yes_or_has_rows(mixed):
    """ASK by its answer, SELECT by its rows."""
    assert bool(mixed)
    assert not Answer(["a"])
    assert Answer(boolean=True)
    assert not Answer(boolean=False)


def test_a_pandas_frame_has_types_and_its_stamp(mixed):
    """Nullable types, so that a gap turns no number into another; what is mixed stays text."""
    frame = mixed.pandas()
    types = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert types["whole"] == "Int64"
    assert types["exact"] == types["real"] == "Float64"
    assert types["yes"] == "boolean"
    assert types["day"].startswith("datetime64")
    assert types["moment"].startswith("datetime64")
    assert "UTC" in types["moment"]
    assert list(frame["several"]) == ["7", "2026-03"]
    assert frame["whole"].isna().tolist() == [False, True]
    assert frame.attrs["view"] == "cautious"
    assert frame.attrs["head"] == "a" * 64
    assert mixed.pandas(full=True)["thing"][0] == PREFIXES["id"] + "aurora"


def test_a_polars_frame_has_types(mixed):
    """The same in polars' types."""
    frame = mixed.polars()
    assert frame.schema["whole"] == pl.Int64
    assert frame.schema["real"] == pl.Float64
    assert frame.schema["yes"] == pl.Boolean
    assert frame.schema["day"] == pl.Date
    assert isinstance(frame.schema["moment"], pl.Datetime)
    assert frame["several"].to_list() == ["7", "2026-03"]
    assert frame["whole"].to_list() == [7, None]
    assert frame.shape == (2, 9)


def test_frames_of_a_real_answer_agree_with_its_rows(world):
    """No row and no cell is lost on the way."""
    answer = world.query("figures")
    pandas, polars = answer.pandas(), answer.polars()
    assert pandas.shape == polars.shape == (len(answer), len(answer.variables))
    assert str(pandas.dtypes["quantity"]) in ("Int64", "Float64")
    for number, row in enumerate(answer):
        for name in answer.variables:
            one, other = pandas[name][number], polars[name][number]
            assert (row[name] is None) == pd.isna(one) == (other is None)
            if isinstance(row[name], str):
                assert row[name] == one == other


@given(
    cells=st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.integers().map(str), st.just("integer")),
            st.tuples(
                st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: f"{d:f}"), st.just("decimal")
            ),
            st.tuples(
                st.text(max_size=8), st.sampled_from(["", "integer", "date", "boolean", "dateTime", "double"])
            ),
            st.tuples(st.dates().map(str), st.just("date")),
        ),
        max_size=5,
    )
)
def test_no_column_is_too_odd_for_a_frame(cells):
    """Whatever literals a query returns, frames have as many rows, and gaps where nothing is bound."""
    rows = [{} if item is None else {"a": cell(*item)} for item in cells]
    answer = Answer(["a"], rows)
    for found in (answer.pandas()["a"].isna().tolist(), answer.polars()["a"].is_null().to_list()):
        assert len(found) == len(cells)
        assert all(found[number] for number, item in enumerate(cells) if item is None)
    assert len(answer.rdflib()) == len(cells)


def test_rdflib_gets_its_own_terms(world, mixed):
    """A graph for CONSTRUCT in whatever format, terms for SELECT, a bool for ASK."""
    text = "CONSTRUCT { ?a ev:supplies ?b } WHERE { ?a ev:supplies ?b }"
    graphs = [
        world.query(text, graph_format=form).rdflib()
        for form in ("turtle", "ntriples", "nquads", "trig", "jsonld", "rdfxml")
    ]
    supplies = rdflib.URIRef(PREFIXES["ev"] + "supplies")
    assert all(set(graph) == set(graphs[0]) for graph in graphs)
    assert (
        rdflib.URIRef(PREFIXES["id"] + "basalt"),
        supplies,
        rdflib.URIRef(PREFIXES["id"] + "aurora"),
    ) in graphs[0]
    row = mixed.rdflib()[0]
    assert row["exact"] == rdflib.Literal("1.10", datatype=rdflib.XSD.decimal, normalize=False)
    assert str(row["exact"]) == "1.10"
    assert row["words"].language == "fr"
    assert world.query("ASK { id:basalt ev:supplies id:aurora }").rdflib() is True


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_a_missing_frame_library_is_told(mixed, monkeypatch, name):
    """With the command that brings it."""
    real = builtins.__import__

    def without(wanted, *rest):
        if wanted == name:
            raise ImportError(wanted)
        return real(wanted, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Unavailable, match=rf"pip install 'ev-supply-web\[{name}\]'"):
        getattr(mixed, name)()


class _Tags(HTMLParser):
    """The tags that a piece of HTML really has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        assert not attributes


def shown(thing: object) -> tuple[str, set[str]]:
    """Return what a notebook shows of a thing, and its tags; no tag has an attribute."""
    html = thing._repr_html_()  # type: ignore[attr-defined]
    parser = _Tags()
    parser.feed(html)
    return html, parser.tags


def test_a_notebook_shows_answers_and_reports_with_view_and_head(world):
    """Each cell can be cited: view, day and ledger head stand under it."""
    for thing, words in (
        (world, "claims about"),
        (world.query("suppliers", entity="aurora"), "Basalt"),
        (world.query("ASK { ?a ev:supplies ?b }"), "yes"),
        (world.query("CONSTRUCT WHERE { ?a ev:supplies ?b }"), "ev:supplies"),
        (world.why("aurora", "inTalksWith", "cirrus"), "contested"),
        (world.exposure("aurora"), "paths of political exposure"),
    ):
        html, _ = shown(thing)
        assert words in html
        assert f"view cautious as of 2026-03-01 · ledger {world.head[:12]}" in html


def test_both_sides_of_a_statement_are_shown(world):
    """A notebook that showed only who says so would mislead."""
    html, _ = shown(world.why("aurora", "inTalksWith", "cirrus"))
    assert "reported:" in html
    assert "denied:" in html


def test_no_label_is_markup_in_a_notebook(mixed):
    """Labels are other people's words; a notebook runs what it is given."""
    mixed.rows[0]["words"] = cell("<img src=x onerror=alert(1)><script>alert(2)</script>")
    html, tags = shown(mixed)
    assert "&lt;script&gt;" in html
    assert tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "p", "small"}


def test_a_long_answer_is_shown_in_part(mixed):
    """And says how much is left out."""
    html, _ = shown(Answer(["whole"], [{"whole": cell("1", "integer")}] * 500))
    assert "440 more rows" in html
    assert len(html) < 20_000


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_value_is_refused_and_never_taken_for_the_default(world, value):
    """An empty cell of somebody's list must not be answered as if it said the default."""
    with pytest.raises(Misuse, match="'entity' is empty"):
        world.query("suppliers", entity=value)
