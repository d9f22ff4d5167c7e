"""A dry run says what a load would change: compared with really loading into a copy of the ledger."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import KnowledgeGraph, factfile
from kg.ingest import OnFile, check
from kg.ledger import Ledger
from kg.policy import POLICIES
from kg.preview import preview
from kg.view import View
from kg.vocabulary import vocabulary
from tests.conftest import WORLD, policy
from tests.test_load import FACT, batch, entity

TALKS = {"subject": "aurora", "relation": "inTalksWith", "object": "cirrus", "layer": "software-ux"}
CELLS = {"subject": "basalt", "relation": "supplies", "object": "aurora", "layer": "cell"}


def source(key, publisher="Northern Star", **more):
    return {"id": key, "publisher": publisher, "kind": "news", "published": "2026-02-01", **more}


def change(world, folder):
    checked, told = world.preview(folder)
    assert told is not None, checked.errors
    return told


# -- against an oracle

FIRMS = ("aurora", "basalt", "cirrus", "delta")
ROWS = st.fixed_dictionaries(
    {
        "subject": st.sampled_from(FIRMS),
        "object": st.sampled_from(FIRMS),
        "relation": st.sampled_from(["supplies", "inTalksWith", "partnersWith", "jointVentureWith"]),
        "layer": st.sampled_from(["", "cell", "battery", "software-ux"]),
        "stance": st.sampled_from(["reported", "reported", "confirmed", "denied", "opinion"]),
        "source": st.sampled_from(["harbour-2025-06-01", "wire-2026-01-12", "basalt-release-2025", "star-1"]),
        "speaker": st.sampled_from(["", "", "basalt", "ana-quist", "cirrus"]),
        "status": st.sampled_from(["", "", "planned", "ended", "talks"]),
        "valid_to": st.sampled_from(["", "", "2024", "2027"]),
    }
).filter(lambda row: row["subject"] != row["object"])


def loaded(world, checked, folder):
    """Really load into a copy of the ledger, and return its view."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with sqlite3.connect(world.ledger.path) as one, sqlite3.connect(folder / "ledger.sqlite") as other:
        one.backup(other)
    one.close()
    other.close()
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.append(checked.records, title="really")
    view = View(ledger, policy())
    ledger.close()
    return view


def verdicts(view):
    """Standing and the three verdicts of every proposition, from views of their own."""
    return {
        view.words.proposition_id(proposition): (
            str(weighing.standing),
            {name: view.holds_under(weighing, policy(name, set_aside=frozenset())) for name in POLICIES},
        )
        for proposition, weighing in view.weighings.items()
    }


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, min_size=1, max_size=8))
def test_the_dry_run_tells_exactly_what_a_load_changes(world, tmp_path, rows):
    """Law: new propositions, flips and counts are those of the really loaded copy; nothing is written."""
    head = world.head
    stated = [{**FACT, **row, "paraphrase": f"Row {number} says so."} for number, row in enumerate(rows)]
    files = factfile.FactFile(
        sources=[factfile.Row("sources.csv", 2, source("star-1"))],
        facts=[factfile.Row("facts.csv", number, row) for number, row in enumerate(stated, 2)],
    )
    checked = check(files, OnFile.of(world.ledger))
    assert checked.errors == []
    before = world.view(policy())
    told = preview(before, world.ledger, checked)
    after = loaded(world, checked, tmp_path / "copy")
    was, will = verdicts(before), verdicts(after)
    assert {item["proposition"]: (item["standing"], item["holds"]) for item in told.propositions} == {
        key: will[key] for key in will.keys() - was.keys()
    }
    assert {item["proposition"]: (item["standing"], item["holds"]) for item in told.flips} == {
        key: (
            [was[key][0], will[key][0]],
            {name: [was[key][1][name], will[key][1][name]] for name in POLICIES},
        )
        for key in was
        if was[key] != will[key]
    }
    assert told.claims == len(after.entries) - len(before.entries)
    assert told.sources == ["star-1"]
    assert world.head == head
    assert sides(told) == naive_sides(before, after)


def sides(told):
    return {
        (kind, item["claim"], item["proposition"])
        for kind, items in (("for", told.corroborates), ("against", told.disputes))
        for item in items
    }


def naive_sides(before, after):
    """Which new claim stands beside which earlier one, claim by claim from the rule of what is broader."""
    words = vocabulary()

    def reaches(claim, proposition):
        if claim.stance in ("reported", "confirmed"):
            return claim.proposition == proposition or words.generalises(proposition, claim.proposition)
        narrower = claim.proposition == proposition or words.generalises(claim.proposition, proposition)
        return claim.stance == "denied" and narrower

    found = set()
    earlier = [claim for claim in before.claims if claim.stance in ("reported", "confirmed", "denied")]
    for claim in after.claims:
        if claim.id in before.entries:
            continue
        near = [
            (proposition, other)
            for proposition in before.weighings
            if reaches(claim, proposition)
            for other in earlier
            if reaches(other, proposition)
        ]
        if any(proposition == claim.proposition for proposition, _ in near):
            near = [item for item in near if item[0] == claim.proposition]
        for proposition, other in near:
            agrees = (claim.stance == "denied") == (other.stance == "denied")
            found.add(("for" if agrees else "against", claim.id, words.proposition_id(proposition)))
    return found


# -- each kind of change


def test_a_denial_of_what_stood_turns_its_verdict(world, tmp_path):
    """Confirmed becomes contested: it no longer holds where it must not be denied, and is still alive."""
    told = change(world, batch(tmp_path / "b", facts=[{**CELLS, "stance": "denied", "speaker": "aurora"}]))
    assert [(item["standing"], item["holds"]) for item in told.flips if "cell" in item["sentence"]] == [
        (
            ["confirmed", "contested"],
            {"confirmed": [True, False], "cautious": [True, False], "alive": [True, True]},
        )
    ]
    assert [(item["stance"], item["origin"], item["origins"]) for item in told.disputes] == [
        ("denied", "Aurora Motors", ["Basalt Cells", "Harbour Times"])
    ]
    assert told.corroborates == told.propositions == []


def test_a_new_voice_is_told_from_an_old_one(world, tmp_path):
    """Another story of the same paper adds no origin; one of another paper does."""
    rows = [{**CELLS, "source": "harbour-2026-01-10"}, {**CELLS, "source": "star-1"}]
    told = change(world, batch(tmp_path / "b", sources=[source("star-1")], facts=rows))
    assert [(item["place"], item["origin"], item["independent"]) for item in told.corroborates] == [
        ("facts.csv:2", "Harbour Times", False),
        ("facts.csv:3", "Northern Star", True),
    ]
    assert told.flips == []


def test_a_narrower_report_corroborates_what_is_broader(world, tmp_path):
    """A supply of cells is new; that the two work together was denied already, and is disputed by it."""
    told = change(world, batch(tmp_path / "b", facts=[{"subject": "delta", "relation": "jointVentureWith",
                                                       "object": "cirrus", "layer": "infotainment"}]))  # fmt: skip
    assert len(told.propositions) == 1
    assert any("partner" in item["sentence"] for item in told.disputes)
    again = {"subject": "delta", "relation": "jointVentureWith", "object": "cirrus", "layer": "software-ux"}
    told = change(world, batch(tmp_path / "own", facts=[again]))
    assert [item["origins"] for item in told.corroborates] == [["Inland Post"]]
    assert (
        {item["sentence"] for item in (*told.corroborates, *told.disputes)}
        == {
            "Cirrus has a joint venture with Delta (software ux)"  # told once, where its own is, not of what is broader
        }
    )


def test_near_duplicates_of_a_claim_are_told_with_what_differs(world, tmp_path):
    """Same proposition, same source, nearly the same words; other words are another claim."""
    rows = [
        {
            **CELLS,
            "paraphrase": "The paper says Aurora buys its cells from Basalt",
            "confidence": "0.5",
            "depth": "1",
        },
        {**CELLS, "paraphrase": "Workers unloaded crates with a stamp."},
        {**CELLS, "paraphrase": "Workers unloaded crates with a stamp.", "locator": "page 3"},
    ]
    told = change(world, batch(tmp_path / "b", facts=rows))
    assert [(item["place"], item["of"]["place"], item["differs"]) for item in told.duplicates] == [
        ("facts.csv:2", "facts.csv:2 w-01", ["paraphrase", "locator", "confidence"]),
        ("facts.csv:4", "facts.csv:3", ["locator"]),
    ]
    assert told.duplicates[0]["similarity"] >= 97


@pytest.mark.parametrize(
    ("card", "row", "of", "why", "same"),
    [
        ({}, {**TALKS, "cited_source": "ledger-scoop", "depth": "2"}, "harbour-2026-01-10", "cites ledger-scoop too", True),
        ({}, {**CELLS, "cited_source": "harbour-2025-06-01", "depth": "2"}, "harbour-2025-06-01",
         "cites harbour-2025-06-01", True),
        ({"publisher": "HARBOUR Times"}, CELLS, "harbour-2025-06-01", "of the same publisher (harbour times)", True),
        ({}, {**CELLS, "paraphrase": "The paper says: Aurora buys its cells from Basalt."}, "harbour-2025-06-01",
         "nearly the same words", False),
        ({"title": "Aurora and Cirrus talk about a cockpit"}, {}, "star-0", "nearly the same title", False),
    ],
)  # fmt: skip
def test_a_new_source_that_repeats_an_earlier_one_is_told(world, tmp_path, card, row, of, why, same):
    """And whether it counts as a voice of its own; where it does, the cure is to name what it repeats."""
    first = source("star-0", "Evening Sun", title="Aurora and Cirrus TALK about the cockpit")
    world.load(batch(tmp_path / "first", sources=[first]))
    told = change(world, batch(tmp_path / "b", sources=[source("star-1", **card)] if not card.get("publisher") else
                               [{**source("star-1"), **card}], facts=[{**row, "source": "star-1"}]))  # fmt: skip
    assert [(item["source"], item["of"], item["why"], item["same_origin"]) for item in told.copies] == [
        ("star-1", of, why, same)
    ]


def test_cards_and_what_is_on_file_are_told_apart(world, tmp_path):
    """New ids by kind; what the ledger holds already is only counted."""
    folder = batch(tmp_path / "b", entities=[entity("eve", "Eve Motors", country="XN")], sources=[source("star-1")],
                   scenarios=[{"id": "eve-deal", "label": "Eve joins"}],
                   matches=[{"name": "Eve AG", "entity": "eve", "verdict": "same"}])  # fmt: skip
    told = change(world, folder)
    assert (told.entities, told.sources, told.scenarios) == (["eve"], ["star-1"], ["eve-deal"])
    assert (told.decisions, told.claims, told.known) == (
        1,
        1,
        1,
    )  # the claim of its place; the source of all cards
    world.load(folder)
    told = change(world, folder)
    assert (told.entities, told.claims, told.known) == ([], 0, 6)
    assert told.propositions == told.corroborates == told.flips == []


def test_a_batch_with_errors_has_no_preview(world, tmp_path):
    """First things first."""
    checked, told = world.preview(batch(tmp_path / "b", facts=[{"stance": "maybe"}]))
    assert told is None
    assert checked.errors


def test_the_command_prints_the_change_and_stores_nothing(run, world, tmp_path):
    """In words with counts, in full with --all, and as JSON."""
    rows = [{**CELLS, "stance": "denied", "speaker": "aurora"},
            *({"quantity": str(n), "unit": "cells", "paraphrase": f"{n} lorries were seen."} for n in range(7))]  # fmt: skip
    folder = str(batch(tmp_path / "b", facts=rows))
    head = world.head
    done = run("load", "--dry-run", folder, home=world.home)
    lines = done.stdout.splitlines()
    assert lines[0] == "b: would load 8 claims"
    assert "1 new proposition" in lines
    assert "1 claim disputes what is there" in lines
    assert any(
        "confirmed → contested; holds: confirmed yes → no, cautious yes → no" in line for line in lines
    )
    assert any(line.startswith("6 near-duplicate claims") for line in lines)
    assert "  … 1 more; --all shows them" in lines
    assert "more; --all" not in run("load", "--dry-run", "--all", folder, home=world.home).stdout
    body = json.loads(run("load", "--dry-run", "--json", folder, home=world.home).stdout)
    assert body["loads"][0]["preview"]["disputes"][0]["origin"] == "Aurora Motors"
    assert body["loads"][0]["preview"]["head"] == head == world.head
    assert body["loads"][0]["stored"] is False


def test_labels_cannot_steer_the_terminal(run, world, tmp_path):
    """Direction marks in a label are printed as what they are."""
    folder = batch(
        tmp_path / "b",
        entities=[entity("eve", "Eve \u202eMotors")],
        facts=[{"subject": "eve", "object": "delta"}],
    )
    done = run("load", "--dry-run", str(folder), home=world.home)
    assert "\u202e" not in done.stdout + done.stderr
    assert "\\u202e" in done.stdout or "control-character" in done.stderr


def test_ten_thousand_rows_are_previewed_in_good_time(tmp_path):
    """Some seconds; a minute would mean that something is quadratic. All rows say nearly the same of few things."""
    with KnowledgeGraph(tmp_path / "home", policy(), shipped=False) as graph:
        graph.load(WORLD)
        rows = [
            {"source": f"doc-{n % 500}", "paraphrase": f"Story {n} says that packs went from one to the other.",
             "subject": FIRMS[n % 3], "object": "delta", "stance": "denied" if n % 7 == 0 else "reported"}
            for n in range(10_000)
        ]  # fmt: skip
        cards = [
            source(f"doc-{n}", f"Paper {n % 50}", title=f"Daily report {n} on the making of cars")
            for n in range(500)
        ]
        folder = batch(tmp_path / "big", sources=cards, facts=rows)
        start = time.perf_counter()
        told = change(graph, folder)
        assert time.perf_counter() - start < 45
    assert told.claims == 10_000
