"""What an answer passes over: said of the things asked about, of the kind asked for, and not so under the view."""

from __future__ import annotations

import json
import re

import pytest

from kg.policy import POLICIES, Policy
from kg.vocabulary import folder
from kg.withheld import BELONGS, HAS, told, withheld
from tests.conftest import DAY, SHIPPED_DAY, policy
from tests.test_ingest import write_facts


def passed_over(world, name, **values):
    """Return (sentence, scope, why) of what the answer to a question passes over."""
    found = world.withheld(world.query(name, values=values))
    return [(item["sentence"], item["scope"], item["why"]) for item in found]


def test_a_denied_tie_is_told_where_an_answer_lacks_it(world):
    """No partner of Cirrus holds; both talks and venture are disputed, and nobody may take that for silence."""
    answer = world.query("partners", entity="cirrus")
    assert len(answer) == 0
    found = world.withheld(answer)
    assert passed_over(world, "partners", entity="cirrus") == [
        ("Aurora is in talks with Cirrus", "", "contested"),
        ("Aurora is in talks with Cirrus", "software ux", "contested"),
        ("Cirrus has a joint venture with Delta", "software ux", "contested"),
        ("Cirrus partners with Delta", "", "contested"),
    ]
    assert told(found) == "4 contested"
    assert {claim for item in found for claim in item["claims"]} == {
        claim.id
        for claim in world.claims()
        if claim.proposition.relation in ("inTalksWith", "jointVentureWith", "partnersWith")
    }


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("suppliers", {"entity": "delta"}, [("Fjord supplies Delta", "chassis", "past")]),
        ("customers", {"entity": "fjord"}, [("Fjord supplies Delta", "chassis", "past")]),
        (
            "licences",
            {"entity": "basalt"},
            [("Basalt licenses technology to Aurora Works", "cell", "still to begin")],
        ),
        (
            "software-stack",
            {"entity": "aurora"},
            [("Cirrus provides software to Aurora", "infotainment", "only imagined")],
        ),
        ("rivals", {"entity": "aurora"}, []),
    ],
)
def test_past_future_and_imagined_ties_are_told_with_the_reason(world, name, values, expected):
    """Each in a word of its own."""
    assert passed_over(world, name, **values) == expected


def test_only_the_side_that_is_asked_about_counts(world):
    """Fjord was a supplier of Delta, not a customer; who asks for its suppliers is not told of it."""
    assert passed_over(world, "suppliers", entity="fjord") == []
    assert passed_over(world, "customers", entity="delta") == []


def test_only_the_layer_that_is_asked_about_counts(world):
    """Axles are no software."""
    assert passed_over(world, "suppliers", entity="delta", within="software-ux") == []
    assert passed_over(world, "suppliers", entity="delta", within="chassis") != []


def test_what_acts_for_the_thing_counts_where_the_question_counts_it(world):
    """Basalt will license its cells to a plant of Aurora: Aurora's inputs lack it, and say so."""
    assert ("Basalt licenses technology to Aurora Works", "cell", "still to begin") in passed_over(
        world, "supply-tree", entity="aurora"
    )


def test_what_an_answer_shows_is_not_told_again(world):
    """The list of talks shows the contested ones with both sides."""
    assert len(world.query("talks", entity="cirrus")) > 0
    assert passed_over(world, "talks", entity="cirrus") == []


def test_a_query_of_ones_own_is_read_like_one_of_the_library(world):
    """By property and by role, from either end, with prefixes or in full; without a name nothing can be told."""
    past = [("Fjord supplies Delta", "past")]
    for text, expected in {
        "SELECT ?x { ?x ev:supplies id:delta }": past,
        "SELECT ?x { id:fjord ev:supplies ?x }": past,
        "SELECT ?x { id:delta ev:supplies ?x }": [],
        "SELECT ?x { ?x ev:supplies <https://w3id.org/evsw/id/delta> }": past,
        "SELECT ?x { ?tie ev:customer id:delta ; ev:supplier ?x }": past,
        "SELECT ?x { ?x ev:provides id:delta }": past,
        "ASK { id:fjord ev:supplies id:delta }": past,
        "ASK { id:ember ev:supplies id:delta }": [],
        "SELECT ?x { ?x ev:supplies ?y }": [],
        "SELECT ?x { ?x ev:stance ?y }": [],
    }.items():
        found = world.withheld(world.query(text))
        assert [(item["sentence"], item["why"]) for item in found] == expected, text


def test_a_tie_with_two_equal_sides_is_found_from_either(world):
    """However the claim was written, and whatever the two are called in order."""
    for text in (
        "SELECT ?x { id:aurora ev:inTalksWith ?x }",
        "SELECT ?x { id:cirrus ev:inTalksWith ?x }",
        "SELECT ?x { ?x ev:inTalksWith id:cirrus }",
        "ASK { id:cirrus ev:inTalksWith id:aurora }",
    ):
        found = {item["sentence"] for item in world.withheld(world.query(text))}
        assert found == {"Aurora is in talks with Cirrus"}, text
    assert world.withheld(world.query("ASK { id:cirrus ev:inTalksWith id:delta }")) == []


def test_the_policy_decides_and_gives_the_reason(world):
    """Reported is not confirmed; one origin is fewer than two; in the scenario the imagined is so."""
    tie = "SELECT ?x { ?x ev:supplies id:delta }"
    software = "SELECT ?x { ?x ev:providesSoftwareTo id:aurora }"

    def reasons(text, **more):
        seen = policy(**more)
        return {item["sentence"]: item["why"] for item in world.withheld(world.query(text, seen), seen)}

    assert reasons(tie, name="confirmed")["Basalt supplies Delta"] == "reported, not confirmed"
    assert reasons(tie, min_origins=2)["Basalt supplies Delta"] == "of too few origins"
    assert reasons(tie, as_of=DAY.replace(year=2020)) == {}, "a tie without dates holds on any day"
    assert reasons(software) == {"Cirrus provides software to Aurora": "only imagined"}
    assert reasons(software, name="scenario:aurora-cirrus-deal") == {}


@pytest.mark.parametrize("name", POLICIES)
def test_what_is_withheld_and_what_holds_are_all_there_is(shipped, name):
    """Of all ties of all kinds a query about everything passes over exactly those that do not hold."""
    view = shipped.view(Policy(name, as_of=SHIPPED_DAY))
    things = " ".join(f"id:{key}" for key in view.entities)
    found = withheld(view, f"SELECT * {{ VALUES ?x {{ {things} }} ?tie ev:concernsRelationship ?y }}")
    left_out = {item["proposition"] for item in found}
    holding = {view.words.proposition_id(weighing.proposition) for weighing in view.holding}
    assert left_out | holding == set(map(view.words.proposition_id, view.weighings))
    assert not left_out & holding
    assert all(item["why"] for item in found)


@pytest.mark.parametrize("name", ["suppliers", "customers", "partners", "inputs-of", "outputs-of"])
def test_what_a_wider_view_would_add_is_among_what_is_withheld(shipped, name):
    """Every tie that counts once denials do not is told by the answer of the stricter view."""
    strict, wide = Policy("confirmed", as_of=SHIPPED_DAY), Policy("alive", as_of=SHIPPED_DAY)
    view = shipped.view(wide)
    # As a query names them: the busiest firms have ties of every kind.
    for entity in ("ford", "xiaomi", "catl", "byd", "tesla", "geely"):
        answer = shipped.query(name, strict, entity=entity)
        found = shipped.withheld(answer, strict)
        told_of = {item["proposition"] for item in found}
        apart = {item["subject"] for item in found if item["relation"] in BELONGS}
        shown = {row["claim"] for row in answer}
        for row in shipped.query(name, wide, entity=entity):
            tie = view.claim(row["claim"]).proposition
            assert (
                row["claim"] in shown
                or view.words.proposition_id(tie) in told_of
                # The tie may hold, and be that of a part whose belonging does not.
                or {tie.subject, tie.object} & apart
            )


def test_a_part_acts_for_its_whole_by_the_relations_of_the_rule(shipped):
    """The rule and the ontology say the same as the code."""
    rule = (folder("queries") / "rules" / "21-acts-for-owner.rq").read_text(encoding="utf-8")
    assert set(re.findall(r"ev:(\w+)", re.findall(r"VALUES \?belonging \{(.*?)\}", rule)[0])) == BELONGS
    ontology = (folder("ontology") / "relationships.ttl").read_text(encoding="utf-8") + (
        folder("ontology") / "actors.ttl"
    ).read_text(encoding="utf-8")
    for other in HAS:
        assert re.search(
            rf"ev:{other} a owl:ObjectProperty ;[^.]*owl:inverseOf ev:(siteOf|madeBy)", ontology
        ), other


def test_a_part_that_only_a_report_gives_to_the_firm_is_told_with_its_ties(world, tmp_path):
    """Under the confirmed view the works belong to Aurora only by the card; who asks for its inputs is told so."""
    row = {
        "subject": "fjord",
        "object": "aurora-works",
        "layer": "chassis",
        "stance": "confirmed",
        "speaker": "fjord",
    }
    world.load(write_facts(tmp_path / "works", row))
    strict = policy("confirmed")
    answer = world.query("suppliers", strict, entity="aurora")
    assert "id:fjord" not in {row["supplier"] for row in answer}
    reasons = {item["sentence"]: item["why"] for item in world.withheld(answer, strict)}
    assert reasons["Aurora Works is a site of Aurora"] == "reported, not confirmed"


def test_the_command_line_tells_it_apart_from_the_data(run, tmp_path):
    """On standard error, with the command that shows both sides; nothing is said where nothing is withheld."""
    done = run("query", "partners", "-p", "entity=xiaomi", "--as-of", "2026-11-23", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert "Said, but not so under this view: 2 contested" in done.stderr
    assert "contested: Ford is in talks with Xiaomi" in done.stderr
    assert "kg why ford inTalksWith xiaomi" in done.stderr
    asked = run("ask", "which firms license technology to Ford?", "--as-of", "2026-11-23", "--json")
    body = json.loads(asked.stdout)
    assert "Xiaomi licenses technology to Ford" in {item["sentence"] for item in body["withheld"]}
    silent = run("query", "rivals", "-p", "entity=catl", "--as-of", "2026-11-23")
    assert "Said, but" not in silent.stderr
