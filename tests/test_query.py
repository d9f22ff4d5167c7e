"""Asking: a query of its own in a child that can do no harm, and the forms of an answer."""

from __future__ import annotations

import csv
import io
import json
import re
import time

import pytest

from kg import query
from kg.errors import Refused
from kg.query import Answer, Limits


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of a thousand triples, as the index would build it."""
    import pyoxigraph

    place = tmp_path_factory.mktemp("store")
    made = pyoxigraph.Store(str(place / "store"))
    lines = "".join(f'<x:s{number}> <x:p> "{number}" .\n' for number in range(1000))
    made.bulk_load(lines.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    made.flush()
    return place


STAMP = {"view": "cautious", "as_of": "2026-03-01", "known_by": "", "head": "0" * 64}


def test_an_answer_carries_its_view_and_the_ledger_head(store):
    """So that nobody can take it for more than it is."""
    body = json.loads(query.run("SELECT ?o { <x:s7> <x:p> ?o }", store, STAMP).json())
    assert body["results"]["bindings"] == [{"o": {"type": "literal", "value": "7"}}]
    assert (body["view"], body["ledger_head"]) == ("cautious", "0" * 64)


def test_rows_beyond_the_limit_are_cut_off_and_it_says_so(store):
    """Never silently, never as broken JSON."""
    answer = query.run("SELECT * { ?s ?p ?o }", store, STAMP, limits=Limits(rows=10))
    assert len(answer.rows) == 10
    assert answer.truncated
    assert "cut off" in answer.footer()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
        "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i",
    ],
)
def test_a_query_that_would_not_end_is_stopped_at_its_deadline(store, text):
    """The engine cannot be interrupted; its process can."""
    began = time.monotonic()
    with pytest.raises(Refused, match=r"stopped|memory"):
        query.run(text, store, STAMP, limits=Limits(seconds=1.5))
    assert time.monotonic() - began < 4


def test_a_query_that_wants_all_memory_is_stopped(store):
    """Doubling a string thirty times ends in a message, not in a dead machine."""
    doubled = " ".join(f"BIND(CONCAT(?a{n}, ?a{n}) AS ?a{n + 1})" for n in range(30))
    text = f'SELECT (STRLEN(?a30) AS ?n) {{ BIND("{"x" * 64}" AS ?a0) {doubled} }}'
    with pytest.raises(Refused, match=r"memory|stopped"):
        query.run(text, store, STAMP, limits=Limits(seconds=10, memory=512 << 20))


def test_a_syntax_error_is_shown_with_a_caret(store):
    """Line, column, and the line itself."""
    with pytest.raises(Refused) as caught:
        query.run("SELECT ?s {\n  ?s ?p \n}", store, STAMP)
    assert re.search(r"line \d+, column \d+", str(caught.value))
    assert "^" in str(caught.value)


ROWS = Answer(
    ["name", "amount"],
    [
        {"name": {"type": "literal", "value": '=HYPERLINK("http://x")'}, "amount": {"type": "literal", "value": "-12.5"}},
        {"name": {"type": "uri", "value": "https://w3id.org/evsw/id/ford"}},
        {"name": {"type": "literal", "value": "a|b\n<i>", "xml:lang": "en"}, "amount": {"type": "literal", "value": "1", "datatype": "x:d"}},
    ],
    stamp=STAMP,
)  # fmt: skip


def test_csv_is_safe_to_open_in_a_spreadsheet():
    """A formula becomes text; a negative number stays a number."""
    rows = list(csv.reader(io.StringIO(ROWS.csv())))
    assert rows[1] == ['\'=HYPERLINK("http://x")', "-12.5"]
    assert rows[2] == ["https://w3id.org/evsw/id/ford", ""]


def test_every_form_keeps_every_row():
    """TSV and XML in the words of the standard, Markdown and HTML for people."""
    import xml.etree.ElementTree as ElementTree

    assert ROWS.tsv().splitlines()[2].startswith("<https://w3id.org/evsw/id/ford>\t")
    assert (
        len(ElementTree.fromstring(ROWS.xml()).findall(".//{http://www.w3.org/2005/sparql-results#}result"))
        == 3
    )
    assert "id:ford" in ROWS.markdown()
    assert "<i>" not in ROWS.html()
    assert ROWS.html().count("<tr>") == 4


def test_no_file_of_the_current_folder_is_run(store, tmp_path, monkeypatch):
    """A booby-trapped json.py beside the user's data stays a file."""
    for name in ("json.py", "csv.py", "pyoxigraph.py"):
        (tmp_path / name).write_text("open('sprung', 'w').close()\nraise SystemExit('sprung')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", ".")
    assert query.run("ASK {}", store, STAMP).boolean is True
    assert not (tmp_path / "sprung").exists()


def test_a_slip_in_a_term_is_told_and_not_answered_with_nothing(world):
    """ev:supplys is no term; the nearest is offered."""
    with pytest.raises(Refused, match="ev:supplies"):
        world.query("SELECT ?s { ?s ev:supplys ?o }")
