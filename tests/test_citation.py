"""Citing an answer: claims behind rows, documents behind claims, and the same bytes again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.citation import _item as item_of
from kg.citation import behind, bibliography, bibtex, recall, reference
from kg.claim import Source
from kg.errors import Misuse, NotFound
from tests.conftest import policy
from tests.test_ingest import write_facts

SUPPLIERS = "SELECT ?x { ?x ev:supplies id:delta }"


def test_a_row_that_names_a_claim_stands_on_it(world):
    """And on nothing else."""
    answer = world.query("suppliers", entity="aurora")
    assert answer.rows
    for row, claims in zip(answer.rows, behind(world.view(), answer), strict=True):
        assert claims == (row["claim"]["value"].rpartition("/")[2],)


def test_a_row_that_names_things_stands_on_the_claims_between_them(world):
    """The query names Delta, the row Basalt: the claim is that Basalt supplies Delta."""
    answer = world.query(SUPPLIERS)
    found = behind(world.view(), answer)
    assert len(found) == 1
    told = {str(world.view().claim(key).proposition) for key in found[0]}
    assert told == {"basalt supplies delta (cell)"}


def test_a_row_that_only_follows_stands_on_its_witnesses(world):
    """No claim says that Aurora depends on Basalt; those that it follows from are named."""
    answer = world.query("SELECT ?on { id:aurora ev:dependsOn ?on }")
    assert {row["on"]["value"].rpartition("/")[2] for row in answer.rows} >= {"basalt"}
    proof = {claim["id"] for claim in world.why("aurora", "dependsOn", "basalt")["claims"]["for"]}
    row = next(place for place, row in enumerate(answer.rows) if row["on"]["value"].endswith("/basalt"))
    assert proof <= set(behind(world.view(), answer)[row])


def test_a_row_about_terms_has_no_claims(world):
    """An empty list, not a guess."""
    answer = world.query("SELECT ?c { ?c a owl:Class } LIMIT 3")
    assert behind(world.view(), answer) == [(), (), ()]


def test_claims_that_the_policy_leaves_out_are_never_cited(world):
    """Without the paper, no row stands on it."""
    left = policy(without=frozenset({"harbour-2025-06-01"}))
    answer = world.query("suppliers", left, entity="aurora")
    view = world.view(left)
    assert all(
        view.claim(key).source != "harbour-2025-06-01" for claims in behind(view, answer) for key in claims
    )


def test_every_question_of_the_library_can_be_cited(shipped):
    """Most of its rows name claims; no citation fails, and every claim cited is on file."""
    from kg.query import library

    view = shipped.view()
    for name in ("suppliers", "derived-facts", "mutual-reliance", "kinds", "contested", "exposure-of"):
        answer = shipped.query(name)
        for claims in behind(view, answer):
            assert set(claims) <= view.counted
        if any(column.endswith("claim") for column in library()[name].columns):
            assert all(behind(view, answer))


def test_the_bibliography_has_what_the_cards_say_and_nothing_more(world):
    """The cited document is listed too, marked as not read; a document without a date has none."""
    view = world.view()
    talks = next(claim for claim in view.claims if claim.cited_source == "ledger-scoop")
    items = {item["id"]: item for item in bibliography(view, [talks.id])}
    assert set(items) == {talks.source, "ledger-scoop"}
    assert items["ledger-scoop"]["note"].startswith("cited by others, not read")
    source = view.source(talks.source)
    assert items[talks.source].get("URL", "") == source.url
    assert "issued" in items[talks.source]
    assert str(talks.id) in items[talks.source]["note"]
    assert reference(items[talks.source]).startswith(f"[{talks.source}]")


def test_a_csl_processor_reads_the_bibliography(shipped):
    """citeproc-py is the judge: every item becomes an entry."""
    from citeproc.source.json import CiteProcJSON

    view = shipped.view()
    items = bibliography(view, list(view.counted))
    assert len(items) > 100
    read = CiteProcJSON(json.loads(json.dumps(items)))
    assert set(read) == {item["id"].lower() for item in items}


#: Letters, and everything that LaTeX gives a meaning of its own.
TEXT = st.text("aZ 9é电{}&%$#_~^\\", max_size=30)


@given(title=TEXT, publisher=TEXT, published=st.sampled_from(["", "2025", "2025-03", "2025-03-31"]))
def test_a_bibtex_reader_gets_back_what_went_in(title, publisher, published):
    """Pybtex and pylatexenc are the judges, whatever braces, percent signs and backslashes a headline has."""
    from pybtex.database import parse_string

    source = Source("a-source", "https://example.org/a%20b?x={y}", title, publisher, published, kind="news")
    text = bibtex([item_of(source, ["c"])])
    entry = parse_string(text, "bibtex").entries["a-source"]
    assert entry.fields.get("year", "") == published[:4]
    assert ("title" in entry.fields) == bool(title.strip() or title)
    from pylatexenc.latex2text import LatexNodes2Text

    kept = entry.fields.get("title", "")
    for command, char in (
        (r"{\textbraceleft}", "‹"),
        (r"{\textbraceright}", "›"),
        (r"{\textasciicircum}", "ˇ"),
    ):
        kept = kept.replace(command, char)  # the standard commands that this judge does not know
    wanted = title.replace("{", "‹").replace("}", "›").replace("^", "ˇ")
    assert "".join(LatexNodes2Text().latex_to_text(kept).split()) == "".join(wanted.split())


def test_a_result_id_gives_the_same_bytes_after_more_loads(world, tmp_path):
    """What was learned since does not change an answer that was given."""
    answer = world.query(SUPPLIERS)
    name = world.cite(answer)["result"]
    world.load(write_facts(tmp_path / "more", {"subject": "ember", "object": "delta", "layer": "materials"}))
    assert len(world.query(SUPPLIERS).rows) == 2
    again, _, same = world.rerun(name)
    assert same
    assert again.json() == answer.json()


def test_the_same_question_has_the_same_result_id(world):
    """Asked twice, or of another policy."""
    one = world.cite(world.query(SUPPLIERS))["result"]
    assert world.cite(world.query(SUPPLIERS))["result"] == one
    other = policy("alive")
    assert world.cite(world.query(SUPPLIERS, other), other)["result"] != one


def test_a_graph_has_a_result_id_too(world):
    """In the form it was asked for."""
    answer = world.query(
        "CONSTRUCT { ?x ev:supplies ?y } WHERE { ?x ev:supplies ?y }", graph_format="ntriples"
    )
    again, _, same = world.rerun(world.cite(answer)["result"])
    assert same
    assert again.graph == answer.graph


@pytest.mark.parametrize("call", ["NOW()", "RAND()", "STRUUID()"])
def test_a_query_that_answers_differently_each_time_gets_no_id(world, call):
    """It says why; the claims are cited all the same."""
    told = world.cite(world.query(f"SELECT ?x ({call} AS ?y) {{ ?x ev:supplies id:delta }}"))
    assert told["result"] == ""
    assert "differently each time" in told["fleeting"]
    assert told["bibliography"]


def test_a_result_that_was_tampered_with_is_not_used(world):
    """The id is a hash of what it stands for."""
    name = world.cite(world.query(SUPPLIERS))["result"]
    path = world.home / "results" / f"{name}.json"
    path.write_text(path.read_text(encoding="utf-8").replace("id:delta", "id:aurora"), encoding="utf-8")
    with pytest.raises(Misuse, match="changed"):
        recall(world.home, name)


def test_a_result_that_was_never_given_out_is_told(world):
    """With the nearest that was."""
    with pytest.raises(NotFound, match="result"):
        world.rerun("r-" + "a" * 20)


def test_flags_that_a_result_id_has_already_are_refused(run):
    """It would answer under its own, and the reader would think otherwise."""
    done = run("query", "r-" + "a" * 20, "--view", "alive", "--min-origins", "2")
    assert done.returncode == 2
    assert "--view, --min-origins" in done.stderr


def test_an_answer_that_names_nothing_says_that_its_documents_cannot_be_told(run):
    """Not that there are none."""
    done = run("query", "SELECT (COUNT(*) AS ?n) { ?s ev:inTalksWith ?o }", "--cite", "--view", "alive")
    assert done.returncode == 0, done.stderr
    assert "cannot be told" in done.stdout
    assert "0 documents" not in done.stdout
