"""The empty workbook: what a person fills in by hand loads the first time."""

from __future__ import annotations

import datetime
import io
import json

import openpyxl
import pytest

from kg import formats
from kg.claim import SOURCE_KINDS
from kg.factfile import COLUMNS, REQUIRED
from kg.formats import template
from kg.formats.sheets import GUIDES
from kg.vocabulary import vocabulary

DAY = datetime.date(2026, 2, 14)
ENTITIES = [
    {"id": "hazel", "label": "Hazel Chips", "kinds": "chip-supplier", "country": "XN", "aliases": "Hazel"},
    {"id": "iris", "label": "Iris Cars", "kinds": "oem", "country": "XN"},
    {"id": "iris-works", "label": "Iris Works", "kinds": "plant", "country": "XN", "parent": "iris"},
    {"id": "garnet", "label": "Garnet Lithium", "kinds": "materials-supplier", "country": "XS"},
]
SOURCES = [
    {"id": "harbour-iris", "url": "https://harbour.example/iris", "title": "Iris builds a car", "publisher": "Harbour Times",
     "published": DAY, "lang": "en", "kind": "news"},
    {"id": "iris-release", "publisher": "Iris Cars", "published": datetime.date(2026, 2, 10), "kind": "company-release"},
    {"id": "wire-iris", "publisher": "Wire Daily", "published": "2026-01", "kind": "news", "consulted": "no"},
]  # fmt: skip
FACTS = [
    {"subject": "hazel", "relation": "supplies", "object": "iris", "layer": "power-electronics", "stance": "reported", "source": "harbour-iris",
     "quote": "chips from Hazel", "confidence": 0.9},
    {"subject": "basalt", "relation": "supplies", "object": "iris", "layer": "cell", "stance": "confirmed", "source": "iris-release",
     "speaker": "iris", "valid_from": datetime.date(2025, 10, 1), "quantity": 12, "unit": "GWh/year", "quote": "cells by Basalt"},
    {"subject": "Garnet Lithium", "relation": "supplies", "object": "Basalt", "stance": "reported", "source": "harbour-iris",
     "paraphrase": "The paper says that Garnet sells lithium to Basalt.", "confidence": 0.7},
    {"subject": "iris", "relation": "inTalksWith", "object": "cirrus", "layer": "software-ux", "stance": "reported",
     "source": "harbour-iris", "cited_source": "wire-iris", "depth": 2, "speaker_text": "two people in the room",
     "quote": "talks about a cockpit", "valid": "2026-01/.."},
    {"subject": "iris", "relation": "inTalksWith", "object": "cirrus", "layer": "software-ux", "stance": "denied",
     "source": "iris-release", "depth": 0, "speaker": "iris", "quote": "no such talks"},
    {"subject": "iris", "relation": "hasCapabilityIn", "object": "layer:pack", "stance": "confirmed", "source": "iris-release",
     "speaker": "iris", "paraphrase": "Iris says it builds its own packs."},
    {"subject": "aurora", "relation": "competesWith", "object": "iris", "stance": "opinion", "source": "harbour-iris",
     "paraphrase": "The paper calls the two rivals."},
    {"subject": "hazel", "relation": "supplies", "object": "iris", "layer": "power-electronics", "stance": "confirmed", "status": "planned",
     "source": "iris-release", "speaker": "iris", "valid_from": "2027", "paraphrase": "Deliveries begin in 2027.", "confidence": 1},
    {"subject": "delta", "relation": "supplies", "object": "iris", "layer": "pack", "stance": "reported", "status": "ended",
     "source": "harbour-iris", "valid_to": "2024~", "quote": "until about 2024"},
    {"subject": "iris", "relation": "supplies", "object": "aurora", "layer": "chassis", "stance": "reported", "source": "harbour-iris",
     "quantity": 1.5, "unit": "percent", "quote": "=frames, one and a half per cent of them", "note": "1.10"},
]  # fmt: skip


def fill(data: bytes, rows: dict[str, list[dict[str, object]]]) -> bytes:
    """Type rows into the sheets of a template, below their heads, as a person does."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    for table, filled in rows.items():
        sheet = book[table]
        heads = {cell.value: cell.column for cell in sheet[1]}
        for line, row in enumerate(filled, 2):
            for column, value in row.items():
                cell = sheet.cell(line, heads[column], value)
                if isinstance(value, str):
                    cell.data_type = "s"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_filled_template_loads_the_first_time(world, run, tmp_path):
    """Ten rows by hand, dates as dates and numbers as numbers, names where ids would do: exit 0."""
    path = tmp_path / "my facts.xlsx"
    made = run("template", "-o", str(path))
    assert made.returncode == 0, made.stderr
    path.write_bytes(fill(path.read_bytes(), {"facts": FACTS, "entities": ENTITIES, "sources": SOURCES}))
    done = run("load", str(path), "--json")
    body = json.loads(done.stdout)["loads"][0]
    assert done.returncode == 0, body["problems"]
    warned = [problem["code"] for problem in body["problems"] if problem["severity"] == "warning"]
    assert warned == ["formula-like"]
    assert body["stored"] is True
    assert run("why", "iris", "inTalksWith", "cirrus").returncode == 0
    why = json.loads(run("why", "basalt", "supplies", "iris", "--json").stdout)
    assert "2025-10-01" in json.dumps(why)


def test_a_wrong_cell_in_a_template_is_told_by_its_name(world, run, tmp_path):
    """And nothing is stored."""
    path = tmp_path / "b.xlsx"
    path.write_bytes(
        fill(
            world.template()["batch.xlsx"], {"facts": [{**FACTS[4], "stance": "maybe", "subject": "aurora"}]}
        )
    )
    head = world.head
    done = run("load", str(path))
    assert done.returncode == 1
    assert "b.xlsx!facts:I2:stance  unknown-stance" in done.stderr
    assert world.head == head


def test_an_empty_template_loads_to_nothing(world, tmp_path):
    """Its guides hold no facts, and are passed over without a word; as a folder it does the same."""
    (tmp_path / "t.xlsx").write_bytes(world.template()["batch.xlsx"])
    (tmp_path / "t").mkdir()
    for name, data in world.template("csv").items():
        (tmp_path / "t" / name).write_bytes(data)
    for name in ("t.xlsx", "t"):
        checked, batch = world.load(tmp_path / name)
        assert (checked.problems, batch) == ([], None)


def test_the_lists_are_those_of_the_ontology_and_the_workspace(world):
    """Every relation with what it reads as and takes; every column that has a list points at one that is there."""
    words = vocabulary()
    book = openpyxl.load_workbook(io.BytesIO(world.template()["batch.xlsx"]))
    columns = {
        cell.value: [below.value for below in column[1:] if below.value]
        for column in book["lists"].columns
        if (cell := column[0]).value
    }
    assert set(columns["relation"]) == set(words.relations)
    assert "SUBJECT supplies OBJECT" in columns["reads"]
    assert set(columns["layer"]) == set(words.layers)
    assert set(columns["kind"]) == set(words.kinds)
    assert tuple(columns["source kind"]) == SOURCE_KINDS
    assert "basalt" in columns["known id"]
    assert set(GUIDES) < set(book.sheetnames)
    ruled = {}
    for rule in book["facts"].data_validations.dataValidation:
        for place in rule.sqref.ranges:
            ruled[book["facts"].cell(1, place.min_col).value] = rule
    assert {"relation", "subject", "object", "stance", "status", "layer", "confidence", "source"} <= set(
        ruled
    )
    assert (ruled["confidence"].formula1, ruled["confidence"].formula2) == ("0", "1")
    many = len(world.view().entities)
    assert f"{many}+COUNTA(entities!$A$2:" in ruled["subject"].formula1


@pytest.mark.parametrize("table", ["facts", "entities", "sources"])
def test_every_column_is_explained(table):
    """In a comment at its head, in the guide, and marked where it must be filled."""
    assert tuple(template.MEANING[table]) == COLUMNS[table]
    book = openpyxl.load_workbook(io.BytesIO(template.workbook(vocabulary())))
    assert book[table].freeze_panes == "A2"
    for cell in book[table][1]:
        needed = cell.value in REQUIRED[table]
        assert cell.comment.text.startswith(template.MEANING[table][cell.value])
        assert cell.comment.text.endswith("Must be filled.") == needed
        assert (cell.fill.fgColor.rgb == "001F4E78") == needed
    told = {row[0].value for row in book["read me"].iter_rows()}
    assert {f"{column} (must be filled)" for column in REQUIRED[table]} <= told
    no_formula = [
        cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert no_formula == []


def test_a_file_that_is_there_is_never_overwritten(run, world, tmp_path):
    """It may hold an afternoon's work."""
    path = tmp_path / "mine.xlsx"
    path.write_bytes(b"work")
    done = run("template", "-o", str(path))
    assert done.returncode == 2
    assert path.read_bytes() == b"work"
    assert run("template", "-o", str(tmp_path / "x.csv")).returncode == 2
    assert run("template", "-o", str(tmp_path / "folder"), "--format", "csv").returncode == 0
    assert formats.read_trusted(tmp_path / "folder").problems == []
