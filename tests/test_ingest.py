"""Loading facts: every problem at once, in plain words, and nothing stored with a single one."""

from __future__ import annotations

import csv
import shutil

import pytest

from kg import factfile, formats
from kg.errors import Misuse
from kg.ingest import OnFile, check
from tests.conftest import WORLD

HEADER = ",".join(factfile.COLUMNS["facts"])


def write_facts(folder, *rows):
    """Write a facts.csv whose rows are dictionaries on top of one good row."""
    good = {
        "id": "",
        "subject": "basalt",
        "relation": "supplies",
        "object": "delta",
        "stance": "reported",
        "source": "harbour-2025-06-01",
        "paraphrase": "The paper says so.",
        "layer": "pack",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "facts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, factfile.COLUMNS["facts"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**good, **row} for row in rows)
    return folder


def problems(world, folder):
    return world.load(folder)[0].problems


def test_the_invented_world_loads_without_a_word(tmp_path):
    """No error and no warning."""
    assert check(formats.read(WORLD), OnFile()).problems == []


def test_seven_faults_are_all_told_and_nothing_is_stored(world, tmp_path):
    """A batch with seven seeded faults names all seven, each with its row and column."""
    head = world.head
    folder = write_facts(
        tmp_path / "seven",
        {"stance": "rumoured"},
        {"subject": "basallt"},
        {"relation": "suplies"},
        {"source": "harbor-2025-06-01"},
        {"valid_from": "2026-13"},
        {"confidence": "90"},
        {"paraphrase": ""},
    )
    checked, batch = world.load(folder)
    assert [(problem.row, problem.column, problem.code) for problem in checked.errors] == [
        (2, "stance", "unknown-stance"),
        (3, "subject", "unknown-entity"),
        (4, "relation", "unknown-relation"),
        (5, "source", "unknown-source"),
        (6, "valid_from", "bad-date"),
        (7, "confidence", "bad-confidence"),
        (8, "paraphrase", "no-evidence"),
    ]
    assert batch is None
    assert world.head == head


@pytest.mark.parametrize(
    ("row", "code", "cure"),
    [
        ({"subject": "Basalt Cells Ltd"}, "unknown-entity", "did you mean basalt"),
        ({"relation": "suplies"}, "unknown-relation", "did you mean supplies"),
        ({"relation": "supplied by"}, "unknown-relation", "write supplies and exchange subject and object"),
        ({"relation": "is in talks with"}, "unknown-relation", "write inTalksWith"),
        ({"layer": "batery"}, "unknown-layer", "did you mean battery"),
        ({"stance": "planned"}, "unknown-stance", "confirmed, reported, denied, hypothesised or opinion"),
        ({"status": "over"}, "unknown-status", "rumoured"),
        (
            {"relation": "imposes", "subject": "ana-quist", "object": "cell-tariff", "layer": ""},
            "wrong-kind",
            "public body",
        ),
        ({"valid_from": "2026-02-30"}, "bad-date", "fewer days"),
        ({"valid_from": "2026", "valid_to": "2025"}, "dates-reversed", "before it starts"),
        ({"quantity": "3,5 bn", "unit": "USD"}, "bad-quantity", "3500000000"),
        ({"quantity": "5"}, "no-unit", "percent"),
        ({"depth": "2"}, "no-cited-source", "consulted=no"),
        ({"relation": "relatedTo"}, "no-verb", "rejects"),
        ({"verb": "sells"}, "unexpected-verb", "only relatedTo"),
        ({"object": "basalt"}, "same-ends", "two different"),
        (
            {"stance": "hypothesised", "scenario": "aurora-cirrus-del"},
            "unknown-scenario",
            "did you mean aurora-cirrus-deal",
        ),
        (
            {"stance": "hypothesised", "scenario": "aurora-cirrus-deal", "phase": "7"},
            "unknown-phase",
            "scenarios.csv",
        ),
        ({"scenario": "aurora-cirrus-deal"}, "not-hypothesised", "hypothesised"),
        ({"cited_source": "harbour-2025-06-01"}, "cites-itself", "earlier document"),
        ({"in_market": "aurora"}, "wrong-kind", "no jurisdiction"),
        (
            {"object": "layer:wheels", "relation": "hasCapabilityIn", "layer": ""},
            "unknown-layer",
            "layer:battery",
        ),
        ({"conditional_on": "cell-tarif"}, "unknown-entity", "did you mean cell-tariff"),
        ({"note": "bell \x07"}, "control-character", "type the text again"),
    ],
)
def test_every_fault_has_a_code_and_a_cure(world, tmp_path, row, code, cure):
    """The message says what would be right."""
    found = problems(world, write_facts(tmp_path / "bad", row))
    assert [problem.code for problem in found] == [code]
    assert cure in found[0].message


def test_a_denial_without_a_voice_is_told_but_passes(world, tmp_path):
    """Somebody denies it, but who? A warning, because the page may not say."""
    checked, batch = world.load(write_facts(tmp_path / "denial", {"stance": "denied"}))
    assert [(problem.code, problem.severity) for problem in checked.problems] == [
        ("voiceless-denial", "warning")
    ]
    assert batch is not None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (HEADER.encode() + b"\n\xe9t\xe9", "not-utf8"),
        (HEADER.encode("utf-16"), "not-utf8"),
        (HEADER.replace(",", ";").encode(), "one-column"),
        (HEADER.replace("stance", "stnace").encode(), "unknown-column"),
        (HEADER.replace(",stance", "").encode(), "missing-column"),
        (HEADER.replace("verb", "layer").encode(), "duplicate-column"),
        (HEADER.encode() + b"\na,b,c\n", "ragged-row"),
        (HEADER.encode() + b'\n"open', "bad-csv"),
        (HEADER.encode() + b"\n\x00", "control-character"),
    ],
)
def test_a_file_that_is_no_clean_csv_is_told_apart(world, tmp_path, raw, code):
    """Each with what to do about it; nothing is repaired silently."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "facts.csv").write_bytes(raw)
    assert code in [problem.code for problem in problems(world, tmp_path / "bad")]


def test_order_of_columns_line_ends_and_byte_order_mark_do_not_change_ids(world, tmp_path):
    """The same claims whatever the program that saved them."""
    head = world.head
    folder = tmp_path / "again"
    shutil.copytree(WORLD, folder)
    rows = list(csv.reader((WORLD / "facts.csv").read_text(encoding="utf-8").splitlines()))
    turned = "\r\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in reversed(row)) for row in rows
    )
    (folder / "facts.csv").write_bytes(b"\xef\xbb\xbf" + turned.encode("utf-8"))
    checked, batch = world.load(folder)
    assert checked.errors == []
    assert batch is None
    assert world.head == head


def test_a_card_that_differs_from_the_one_on_file_is_refused(world, tmp_path):
    """Nothing is overwritten; the cure is to leave the row out."""
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "entities.csv").write_text("id,label,kinds\naurora,Aurora Motors Inc,oem\n", encoding="utf-8")
    found = problems(world, folder)
    assert [problem.code for problem in found] == ["id-taken"]
    assert "leave this row out" in found[0].message


def test_place_and_parent_of_a_card_become_claims_of_a_source_of_their_own(world):
    """So that no hop of a path is without a claim, and all of them can be left out at once."""
    view = world.view()
    card_claims = [entry.record for entry in view.entries.values() if entry.record.source == "entity-cards"]
    said = {str(claim.proposition) for claim in card_claims}
    assert {
        "basalt headquarteredIn sudland",
        "aurora-works siteOf aurora",
        "trade-committee partOfBody norland-assembly",
        "ana-quist holdsPostAt aurora",
    } <= said


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(world, tmp_path):
    """A FIFO named facts.csv is refused, not read."""
    import os

    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "facts.csv")
    assert [problem.code for problem in problems(world, tmp_path / "pipe")] == ["not-a-file"]


def test_a_folder_without_tables_is_misuse(world, tmp_path):
    """It says which files it looks for."""
    with pytest.raises(Misuse, match=r"facts\.csv"):
        world.load(tmp_path)


def test_a_bad_last_row_of_many_stores_nothing(world, tmp_path):
    """Ten thousand good rows before it do not help."""
    head = world.head
    rows = [{"quantity": str(number), "unit": "cells"} for number in range(10_000)]
    checked, batch = world.load(write_facts(tmp_path / "many", *rows, {"stance": "maybe"}))
    assert [problem.row for problem in checked.errors] == [10_002]
    assert batch is None
    assert world.head == head
