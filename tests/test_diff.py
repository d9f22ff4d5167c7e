"""What changed between two views of one question, and by which claims."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.diff import _only
from kg.errors import Misuse
from kg.query import Answer
from tests.conftest import policy
from tests.test_ingest import write_facts

SUPPLIERS = "SELECT ?x { ?x ev:supplies id:delta }"


def names(rows):
    return {row["row"]["x"]["value"].rpartition("/")[2] for row in rows}


def test_a_new_report_makes_a_row_come(world, tmp_path):
    """And it is the new claim that made it."""
    head = world.head
    world.load(write_facts(tmp_path / "more", {"subject": "ember", "object": "delta", "layer": "materials"}))
    body = world.diff(SUPPLIERS, policy(at=head), policy())
    assert names(body["came"]) == {"ember"}
    assert body["went"] == []
    assert body["same"] == 1
    (because,) = body["came"][0]["because"]
    assert world.view().claim(because).proposition.subject == "ember"
    assert body["before"]["head"] == head


def test_a_denial_makes_a_row_go(world, tmp_path):
    """The row went because of the denial, which counts on the other side only."""
    head = world.head
    world.load(
        write_facts(
            tmp_path / "denial",
            {"subject": "basalt", "object": "delta", "stance": "denied", "speaker": "delta", "layer": ""},
        )
    )
    body = world.diff(SUPPLIERS, policy(at=head), policy())
    assert names(body["went"]) == {"basalt"}
    (because,) = body["went"][0]["because"]
    assert world.view().claim(because).stance == "denied"
    assert body["went"][0]["why"] == "1 claim only on the other side"


def test_the_clock_makes_a_row_come_and_go(world):
    """The same claims on another date: Fjord supplied Delta until 2022."""
    body = world.diff(SUPPLIERS, policy(as_of=datetime.date(2021, 6, 1)), policy())
    assert names(body["went"]) == {"fjord"}
    assert body["went"][0]["why"] == "the same claims, on another date"
    assert body["went"][0]["claims"]


def test_a_looser_policy_makes_a_row_come(world):
    """What is denied comes with the alive view, and no claim is new."""
    question = "SELECT ?x { id:aurora ev:inTalksWith ?x }"
    body = world.diff(question, policy("cautious"), policy("alive"))
    assert names(body["came"]) == {"cirrus"}
    assert body["came"][0]["why"] == "the same claims, under another policy"


def test_only_tables_can_be_compared(world):
    """A yes or no has no rows."""
    with pytest.raises(Misuse, match="SELECT"):
        world.diff("ASK { id:basalt ev:supplies id:delta }", policy(), policy("alive"))


@given(one=st.lists(st.sampled_from("abc"), max_size=6), other=st.lists(st.sampled_from("abc"), max_size=6))
def test_rows_are_compared_as_often_as_they_stand(one, other):
    """What both have and what only one has add up to what it has."""
    from collections import Counter

    common = Counter(one) & Counter(other)
    extra = [one[place] for place in _only(Answer(), one, common)]
    assert Counter(extra) == Counter(one) - Counter(other)


def test_the_command_line_takes_each_side_by_a_flag_given_twice(world, run):
    """And refuses two sides that are the same."""
    home = world.home
    done = run("diff", SUPPLIERS, "--as-of", "2021-06", "--as-of", "2026-03", "--json", home=home)
    assert done.returncode == 0, done.stderr
    assert names(json.loads(done.stdout)["went"]) == {"fjord"}
    assert "1 went" in run("diff", SUPPLIERS, "--as-of", "2021-06", "--as-of", "2026-03", home=home).stdout
    refused = run("diff", SUPPLIERS, home=home)
    assert refused.returncode == 2
    assert "both sides are the same" in refused.stderr


def test_the_command_line_cites_and_asks_again(world, run, tmp_path):
    """A bibliography beside the answer, and the same bytes by the id that was printed."""
    home, bib = world.home, tmp_path / "cited.bib"
    as_of = ("--as-of", "2026-03-01")
    done = run(
        "query", "suppliers", "-p", "entity=aurora", "--cite", "--bibliography", str(bib), *as_of, home=home
    )
    assert done.returncode == 0, done.stderr
    assert "documents behind these rows" in done.stdout
    assert "@" in bib.read_text(encoding="utf-8")
    name = done.stderr.split("kg query ")[1].split()[0]
    again = [run("query", name, "--json", home=home) for _ in range(2)]
    first = run("query", "suppliers", "-p", "entity=aurora", "--json", *as_of, home=home)
    assert {item.stdout for item in again} == {first.stdout}
    body = json.loads(
        run("query", "suppliers", "-p", "entity=aurora", "--cite", "--json", *as_of, home=home).stdout
    )
    assert body["citation"]["result"] == name
    assert len(body["citation"]["rows"]) == len(body["results"]["bindings"])
