"""Tables, sheets and trees: one batch in five forms, read strictly, told by place, written so that it reads back."""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import tempfile
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import formats
from kg.claim import Claim, Entity
from kg.errors import Misuse
from kg.factfile import COLUMNS, FactFile, Row, cells_of
from kg.formats.hygiene import settled
from kg.formats.tables import guarded, unguarded
from kg.ingest import OnFile, check, unload
from tests.conftest import WORLD

FORMS = ("csv", "tsv", "xlsx", "yaml", "jsonl")


def put(folder: Path, batch: FactFile, form: str) -> Path:
    """Write a batch and return what to load: a folder, or its one file."""
    folder.mkdir(parents=True, exist_ok=True)
    files = formats.write(batch, form)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder if len(files) > 1 or form in ("csv", "tsv") else folder / next(iter(files))


def back(batch: FactFile, form: str) -> FactFile:
    """Write a batch and read it again, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        return formats.read_trusted(put(Path(folder) / "b", batch, form))


def given_file(tmp_path: Path, name: str, content: str | bytes) -> FactFile:
    """Read one small file."""
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return formats.read_trusted(path)


def told(batch: FactFile) -> list[str]:
    return [f"{problem.severity} {str(problem).split('  ')[0]} {problem.code}" for problem in batch.problems]


def cells(batch: FactFile) -> dict[str, list[dict[str, str]]]:
    return {table: [dict(row.cells) for row in batch.rows(table)] for table in COLUMNS if batch.rows(table)}


def book(path: Path, sheets: dict[str, list[list[object]]], shown: dict[str, str] | None = None) -> Path:
    """Write a workbook as a person would; `shown` maps ``sheet!A1`` to a number format."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for place, form in (shown or {}).items():
        title, cell = place.split("!")
        made[title][cell].number_format = form
    made.save(path)
    return path


# -- round trips

_TEXT = st.text(
    st.one_of(st.characters(exclude_categories=("Cs", "Cc")), st.sampled_from("\t\r\n'\"=+-@＝－;|,_x05F: #&*[]{}\u2028")), max_size=12
)  # fmt: skip
_ODD = st.sampled_from(
    ["1.10", "01", "+00:00", "NO", "~", "null", "-12.5", "'-12.5", "''=1", "\t=1+1", "\r=1", "_x000D_", "_x005F_", "1e5", "12:30:45",
     "0123", "1_000", "2025-10", "TRUE", "<<", "=HYPERLINK(\"http://127.0.0.1/\")", "9007199254740993", "0.1", "-0", "#x", "- a", "a: b"]
)  # fmt: skip


@st.composite
def batches(draw) -> FactFile:
    """Any batch at all: what its cells say makes no sense, but it must come back."""
    batch = FactFile(
        title=draw(st.sampled_from(["", "A title", 'É "x" \\ 1'])),
        note=draw(st.sampled_from(["", "n", "1.10"])),
    )
    batch.recorded = draw(st.sampled_from(["", "2026-03-01"]))
    for table, columns in COLUMNS.items():
        for line in range(draw(st.integers(0, 2))):
            chosen = draw(st.lists(st.sampled_from(columns), min_size=1, max_size=5, unique=True))
            row = {
                column: kept for column in chosen if (kept := settled(column, draw(st.one_of(_TEXT, _ODD))))
            }
            if row:
                batch.rows(table).append(Row("", line, row))
    return batch


@pytest.mark.parametrize("form", FORMS)
def test_every_batch_comes_back_as_it_was(form):
    """Cells to the letter, and what the batch says of itself: numbers, dates, formulas and blanks included."""

    @settings(max_examples=60)
    @given(batches())
    def law(batch: FactFile) -> None:
        again = back(batch, form)
        assert cells(again) == cells(batch)
        assert (again.note, again.recorded) == (batch.note, batch.recorded)
        assert again.title == batch.title or not batch.title

    law()


@given(_TEXT | _ODD)
def test_the_reader_takes_away_exactly_the_apostrophe_the_writer_put_there(text):
    """And nobody else's."""
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("form", FORMS)
def test_records_have_the_same_ids_in_every_form(form):
    """The check ∘ read ∘ write ∘ unload is the identity on ids, for the invented world."""
    records = [record for record, _ in check(formats.read_trusted(WORLD), OnFile()).records]
    again = check(back(unload(records, title="t"), form), OnFile())
    assert again.problems == []
    assert {record.record_id for record, _ in again.records} == {record.record_id for record in records}


@pytest.mark.parametrize("form", FORMS)
def test_spellings_come_back_verbatim(form):
    """1.10 is not 1.1, 01 not 1, NO not false."""
    batch = FactFile(
        entities=[
            Row("", 0, {"id": "x", "label": text, "kinds": "oem"})
            for text in ("1.10", "01", "+00:00", "NO", "35")
        ]
    )
    assert [row.get("label") for row in back(batch, form).entities] == ["1.10", "01", "+00:00", "NO", "35"]


def test_no_exported_cell_runs_in_a_spreadsheet(tmp_path):
    """Formula-like text has an apostrophe in CSV and is text in a workbook; −12.5 stays a number in both."""
    risky = ["=1+1", "+1+cmd", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "-12.5"]
    batch = FactFile(
        entities=[
            Row("", 0, {"id": f"e{at}", "label": text, "kinds": "oem"}) for at, text in enumerate(risky)
        ]
    )
    for form, dialect in (("csv", "excel"), ("tsv", "excel-tab")):
        text = formats.write(batch, form)[f"entities.{form}"].decode()
        labels = [row["label"] for row in csv.DictReader(io.StringIO(text, newline=""), dialect=dialect)]
        assert labels == [f"'{label}" for label in risky[:-1]] + ["-12.5"]
    made = openpyxl.load_workbook(io.BytesIO(formats.write(batch, "xlsx")["batch.xlsx"]))
    shown = [cell for row in made["entities"].iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in shown} <= {"s", "n"}
    assert [cell.value for cell in shown if cell.data_type == "n"] == [-12.5]
    assert all(cell.quotePrefix for cell in shown if str(cell.value).strip()[0] in "=+@＝")


def test_a_text_too_long_for_a_cell_is_not_cut():
    """A workbook cell ends at 32,767 characters: it says so and names a form that takes it."""
    batch = FactFile(entities=[Row("", 0, {"id": "x", "label": "y" * 40_000, "kinds": "oem"})])
    with pytest.raises(Misuse, match="jsonl"):
        formats.write(batch, "xlsx")
    assert back(batch, "csv").entities[0].get("label") == "y" * 40_000


def test_what_a_batch_says_of_itself_is_plain_toml():
    """Quotes and backslashes included."""
    files = formats.write(FactFile(title='a "b" \\c', note="ü\x7f"), "csv")
    assert tomllib.loads(files["batch.toml"].decode()) == {"title": 'a "b" \\c', "note": "ü\x7f"}


# -- what the columns mean


@pytest.mark.parametrize(
    ("header", "table"),
    [
        ("id,label", "entities"),
        ("id,label,kinds,note", "entities"),
        ("id,label,phase", "scenarios"),
        ("id,url,publisher,kind", "sources"),
        ("id,label,subject", "facts"),
        ("claim,reason", "withdrawals"),
        ("name,entity,verdict", "matches"),
    ],
)
def test_one_table_is_told_by_its_columns(tmp_path, header, table):
    """Whatever the file is called."""
    batch = given_file(tmp_path, "mine.csv", f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    assert [name for name in COLUMNS if batch.rows(name)] == ([table] if table != "facts" else [])


def test_a_slip_in_a_column_is_an_error_and_a_remark_is_kept(tmp_path):
    """“lable” is meant to be label; “founded” is nobody's column, and its text goes into the note."""
    slip = given_file(tmp_path, "e.csv", "id,lable,kinds\nx,X,oem\n")
    assert "error e.csv:1:lable unknown-column" in told(slip)
    assert "did you mean label" in str(slip.problems)
    remark = given_file(tmp_path, "e.csv", "id,label,kinds,founded,note,Staff\nx,X,oem,1903,old,12\n")
    assert [problem.severity for problem in remark.problems] == ["warning", "warning"]
    assert remark.entities[0].get("note") == "old; Staff: 12; founded: 1903"


def test_the_order_of_columns_changes_no_claim(tmp_path):
    """Not even that of remarks; nor do capitals and blanks in their names."""
    one = given_file(tmp_path, "e.csv", "id,label,kinds,b,a\nx,X,oem,2,1\n")
    two = given_file(tmp_path, "e.csv", "a,b,Kinds,Label,ID\n1,2,oem,X,x\n")
    assert cells(one) == cells(two)


def test_publisher_in_a_table_of_facts_is_meant_for_the_source(tmp_path):
    """A near miss that differs by the prefix."""
    batch = given_file(tmp_path, "f.csv", "subject,relation,object,stance,source,publisher\na,b,c,d,e,f\n")
    assert "did you mean source_publisher" in str(batch.problems[0])


def test_text_under_no_name_is_not_lost(tmp_path):
    """A cell beyond the header is told, with its place."""
    path = book(
        tmp_path / "b.xlsx", {"entities": [["id", "label", "kinds", None], ["x", "X", "oem", "stray"]]}
    )
    assert told(formats.read_trusted(path)) == ["error b.xlsx!entities:D2 headless-cell"]
    batch = given_file(tmp_path, "e.csv", "id,label,kinds,\nx,X,oem,\n")
    assert batch.problems == []


# -- sources and entities next to the facts

_INLINE = {
    "subject": "basalt", "relation": "supplies", "object": "", "object_label": "Fjord Cars", "object_kinds": "oem",
    "object_country": "XN", "layer": "cell", "stance": "reported", "source": "", "source_publisher": "Harbour Times",
    "source_title": "Cells for Fjord", "source_published": "2026-02-01", "source_kind": "news",
    "source_url": "https://harbour.example/fjord", "paraphrase": "The paper says so.",
}  # fmt: skip


def inline_file(folder: Path, form: str, *rows: dict[str, str]) -> Path:
    """The same facts with inline columns, as a person would write them in each form."""
    columns = list(_INLINE)
    full = [{**_INLINE, **row} for row in rows]
    if form in ("csv", "tsv"):
        by = "\t" if form == "tsv" else ","
        path = folder / f"mine.{form}"
        path.write_text(
            "\n".join([by.join(columns), *(by.join(row[name] for name in columns) for row in full)])
        )
    elif form == "xlsx":
        path = book(
            folder / "mine.xlsx", {"Tabelle1": [columns, *([row[name] for name in columns] for row in full)]}
        )
    else:
        nested = [
            {
                **{
                    name: text
                    for name, text in row.items()
                    if text and not name.startswith(("source_", "object_"))
                },
                "source": {
                    name[7:]: text for name, text in row.items() if name.startswith("source_") and text
                },
                "object": {
                    name[7:]: text for name, text in row.items() if name.startswith("object_") and text
                },
            }
            for row in full
        ]
        path = folder / f"mine.{form}"
        body = (
            "\n".join(json.dumps(row) for row in nested) if form == "jsonl" else json.dumps(nested, indent=1)
        )
        path.write_text(body)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_one_file_can_be_a_whole_batch(world, tmp_path, form):
    """Source and entity rows are made of the columns next to the fact, the same whatever the form."""
    path = inline_file(tmp_path, form, {}, {"layer": "pack"})
    checked, batch = world.load(path)
    assert checked.problems == []
    assert batch is not None
    ids = {record.id for record, _ in checked.records if isinstance(record, Entity)}
    facts = [
        record
        for record, _ in checked.records
        if isinstance(record, Claim) and record.source != "entity-cards"
    ]
    assert ids == {"fjord-cars"}
    assert {claim.source for claim in facts} == {"harbour-times-2026-02-01-cells-for-fjord"}
    assert len(facts) == 2


def test_cells_that_contradict_each_other_are_told_in_the_later_row(tmp_path):
    """One source cannot have two titles; the message names both places."""
    path = inline_file(tmp_path, "csv", {"source": "s-1"}, {"source": "s-1", "source_title": "Another title"})
    problems = formats.read_trusted(path).problems
    assert [str(problem).split("  ")[:2] for problem in problems] == [
        ["mine.csv:3:source_title", "contradicts"]
    ]
    assert "mine.csv:2" in problems[0].message


def test_a_fault_in_an_inline_cell_points_at_that_cell(world, tmp_path):
    """The card was made by us, but the person wrote the cell."""
    checked, _ = world.load(inline_file(tmp_path, "xlsx", {"source_kind": "newspaper"}))
    assert [str(problem).split("  ")[:2] for problem in checked.errors] == [
        ["mine.xlsx!Tabelle1:M2:source_kind", "unknown-source-kind"]
    ]


def test_a_label_beside_a_known_id_is_only_a_gloss(world, tmp_path):
    """No second card for Basalt; with kinds it would be one."""
    path = tmp_path / "f.csv"
    path.write_text(
        "subject,subject_label,relation,object,stance,source,paraphrase,layer\n"
        "basalt,The Basalt firm,supplies,delta,reported,harbour-2025-06-01,It says so.,pack\n"
    )
    checked, batch = world.load(path)
    assert [problem.code for problem in checked.problems] == ["only-a-gloss"]
    assert batch is not None


def test_ids_made_for_sources_are_stable_and_tell_documents_apart(tmp_path):
    """The same cells give the same id; a title in another script gives one of its own."""
    first, again, other = (
        formats.read_trusted(inline_file(tmp_path, "csv", row)).facts[0].get("source")
        for row in ({}, {"layer": "pack"}, {"source_title": "电池"})
    )
    assert first == again == "harbour-times-2026-02-01-cells-for-fjord"
    assert other.startswith("harbour-times-2026-02-01-")
    assert other != first


# -- sheets


def test_a_workbook_reads_as_people_see_it(tmp_path):
    """Dates as exact as they are shown, whole numbers whole, text to the letter."""
    day = datetime.datetime(2025, 10, 1)  # noqa: DTZ001 — a sheet knows no zones
    path = book(
        tmp_path / "b.xlsx",
        {
            "mine": [
                [
                    "subject",
                    "relation",
                    "object",
                    "stance",
                    "source",
                    "valid_from",
                    "valid_to",
                    "valid",
                    "quantity",
                    "confidence",
                    "note",
                    "unit",
                    "depth",
                    "locator",
                ],
                ["a", "b", "c", "d", "e", day, day, day, 35, 0.95, "1.10", True, 1.0, day.date()],
            ]
        },
        {"mine!F2": "yyyy-mm-dd", "mine!G2": "mmm-yy", "mine!H2": "yyyy"},
    )
    row = formats.read_trusted(path).facts[0].cells
    assert row == {
        "subject": "a", "relation": "b", "object": "c", "stance": "d", "source": "e", "valid_from": "2025-10-01", "valid_to": "2025-10", "valid": "2025", "quantity": "35", "confidence": "0.95",
        "note": "1.10", "unit": "TRUE", "depth": "1", "locator": "2025-10-01",
    }  # fmt: skip


def test_a_problem_in_a_sheet_names_its_cell(world, tmp_path):
    """book.xlsx!facts:H14, and the column's name beside it."""
    header = ["subject", "relation", "object", "layer", "stance", "source", "paraphrase"]
    good = ["basalt", "supplies", "delta", "pack", "reported", "harbour-2025-06-01", "It says so."]
    rows = [good[:] for _ in range(12)]
    for at, row in enumerate(rows):
        row[6] += str(at)
    rows[11][4] = "rumoured"
    path = book(tmp_path / "book.xlsx", {"facts": [header, *rows]})
    checked, _ = world.load(path)
    assert str(checked.errors[0]).startswith("book.xlsx!facts:E13:stance  unknown-stance")
    rows[11][4] = "reported"
    checked, _ = world.load(book(path, {"facts": [header, *rows]}))
    assert checked.errors == []
    assert [place for record, place in checked.records if isinstance(record, Claim)][
        -1
    ] == "book.xlsx!facts:13"


def test_sheets_that_are_not_read_are_told(tmp_path):
    """Nothing is silently left aside, but for empty sheets and those of the template."""
    entities = [["id", "label", "kinds"], ["x", "X", "oem"]]
    path = book(
        tmp_path / "b.xlsx",
        {"Entities": entities, "Remarks": [["hm"]], "Sheet3": [], "read me": [["hello"]], "lists": [["a"]]},
    )
    batch = formats.read_trusted(path)
    assert told(batch) == ["warning b.xlsx!Remarks unknown-sheet"]
    assert len(batch.entities) == 1


def test_hidden_merged_error_and_percent_cells_are_told(tmp_path):
    """Each a way for a sheet to say something other than it shows."""
    rows = [["id", "label", "kinds", "note"], ["x", "X", "oem", 0.35], ["y", "#N/A", "oem", None]]
    path = book(tmp_path / "b.xlsx", {"entities": rows}, {"entities!D2": "0%"})
    made = openpyxl.load_workbook(path)
    made["entities"]["B3"].data_type = "e"
    made["entities"].merge_cells("C2:C3")
    made["entities"].sheet_state = "hidden"
    made.create_sheet("x")
    made.save(path)
    assert sorted(told(formats.read_trusted(path))) == [
        "error b.xlsx!entities:B3 error-cell",
        "error b.xlsx!entities:B3:label empty-cell",
        "warning b.xlsx!entities hidden-sheet",
        "warning b.xlsx!entities:C2 merged-cells",
        "warning b.xlsx!entities:C3:kinds no-kinds",
        "warning b.xlsx!entities:D2 percent-cell",
    ]


_HEAD = ["subject", "relation", "object", "stance", "source", "paraphrase", "quantity", "unit", "confidence"]
_ROW = ["basalt", "ownsStakeIn", "aurora", "reported", "one", "Basalt holds a part of Aurora."]


@pytest.mark.parametrize(
    ("value", "form", "unit", "quantity"),
    [
        (0.35, "0%", "percent", "35"),
        (0.07, "0.00%", "percent", "7"),
        (0.1234, "0.0%", "%", "12.34"),
        (12, "0%", "percent", "1200"),
        (35, '0" %"', "percent", "35"),
        (35, "0\\%", "percent", "35"),
    ],
)
def test_a_quantity_in_per_cent_is_read_as_it_is_shown(tmp_path, value, form, unit, quantity):
    """`35%` with the unit percent is 35; a sign that is only written behind the number counts for nothing."""
    path = book(tmp_path / "b.xlsx", {"facts": [_HEAD, [*_ROW, value, unit, None]]}, {"facts!G2": form})
    batch = formats.read(path)
    assert not told(batch)
    assert batch.facts[0].get("quantity") == quantity


@pytest.mark.parametrize("unit", [None, "GWh/year"])
def test_a_quantity_in_per_cent_of_another_unit_is_refused(tmp_path, unit):
    """Whether 0.35 or 35 is meant nobody can say; the cell is named, with the cure."""
    path = book(tmp_path / "b.xlsx", {"facts": [_HEAD, [*_ROW, 0.35, unit, None]]}, {"facts!G2": "0%"})
    batch = formats.read(path)
    assert told(batch) == ["error b.xlsx!facts:G2 percent-cell"]
    assert "is shown as 35%" in batch.problems[0].message
    assert "write percent in the column unit" in batch.problems[0].message


def test_a_confidence_in_per_cent_is_a_part_of_one(tmp_path):
    """`90%` is kept as 0.9, which is how a confidence is written, and told."""
    path = book(tmp_path / "b.xlsx", {"facts": [_HEAD, [*_ROW, None, None, 0.9]]}, {"facts!I2": "0%"})
    batch = formats.read(path)
    assert told(batch) == ["warning b.xlsx!facts:I2 percent-cell"]
    assert batch.facts[0].get("confidence") == "0.9"


def test_what_is_no_workbook_says_what_to_do(tmp_path):
    """An old .xls, a text, a zip of something else, a torn file."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as made:
        made.writestr("hello.txt", "hello")
    good = book(tmp_path / "good.xlsx", {"entities": [["id", "label"], ["x", "X"]]}).read_bytes()
    for content in (b"\xd0\xcf\x11\xe0rest", b"hello", zipped.getvalue(), good[: len(good) // 2]):
        problems = given_file(tmp_path, "b.xlsx", content).problems
        assert [problem.code for problem in problems] == ["not-xlsx"], content[:8]
        assert "save it" in problems[0].message


# -- trees


def test_yaml_is_text_throughout(tmp_path):
    """No Norway problem, no floats, no dates."""
    batch = given_file(
        tmp_path,
        "b.yaml",
        "- {subject: NO, relation: 1.10, object: 0123, valid: 2024-02-30, note: ~, quantity: 1_000}\n",
    )
    assert dict(batch.facts[0].cells) == {
        "subject": "NO", "relation": "1.10", "object": "0123", "valid": "2024-02-30", "note": "~", "quantity": "1_000",
    }  # fmt: skip
    assert batch.facts[0].line == 1


def test_lists_are_joined_and_anything_else_nested_is_told(tmp_path):
    """Kinds and aliases may be lists; a label may not."""
    batch = given_file(
        tmp_path, "b.yaml",
        "title: My batch\nentities:\n- {id: x, label: X, kinds: [oem, company], aliases: [Ex, 'I;ks']}\n- id: y\n  label: [Y]\n  kinds: oem\n",
    )  # fmt: skip
    assert batch.title == "My batch"
    assert batch.entities[0].get("kinds") == "oem;company"
    assert told(batch) == [
        "error b.yaml:3:aliases bad-list",
        "error b.yaml:4:label nested",
        "error b.yaml:4:label empty-cell",
    ]


def test_json_keeps_its_numbers_as_they_are_written(tmp_path):
    """And each row knows its line, in a list, in tables by name, and one a line."""
    row = '{"subject":"a","quantity":1.10,"note":null}'
    for name, text, line in (
        ("b.json", f"[\n{row},\n{row}]", 3),
        ("b.json", f'{{"title": "t",\n"facts": [\n\n{row},\n\n{row}]}}', 6),
        ("b.jsonl", f"{row}\n\n{row}\n", 3),
        ("b.json", f"{row}\n{row}\n", 2),
    ):
        batch = given_file(tmp_path, name, text)
        assert [dict(row.cells) for row in batch.facts] == [{"subject": "a", "quantity": "1.10"}] * 2, text
        assert batch.facts[1].line == line, text


@pytest.mark.parametrize(
    ("name", "text", "place", "code"),
    [
        ("b.json", '[{"id":"x",\n "label": }]', "b.json:2:11", "bad-json"),
        ("b.json", '[{"id":"x",\n "id":"y"}]', "b.json:2:2", "duplicate-key"),
        ("b.json", '{"facts":[],\n"facts":[]}', "b.json:2:1", "duplicate-key"),
        ("b.json", "[" * 5000 + "]" * 5000, "b.json:1:10", "nested"),
        ("b.json", '[{"id": NaN}]', "b.json:1:2", "bad-json"),
        ("b.json", '["x"]', "b.json:1", "not-rows"),
        ("b.json", '{"fact":[{}]}', "b.json:1:fact", "unknown-table"),
        ("b.jsonl", '{"id":"x","label":"X","kinds":"oem"}\n{"id":"y",}', "b.jsonl:2:11", "bad-json"),
        ("b.jsonl", '{"table":"fact"}', "b.jsonl:1:table", "unknown-table"),
        ("b.jsonl", '{"type":"claim","stance":1}', "b.jsonl:1:1", "bad-record"),
        ("b.jsonl", '{"type":"entity","id":"x","label":"X","kinds":"oem"}', "b.jsonl:1:1", "bad-record"),
        ("b.yaml", "- id: x\n  label: [a,\n", "b.yaml:3:1", "bad-yaml"),
        ("b.yaml", "- &a {id: x}\n", "b.yaml:1:3", "anchor"),
        ("b.yaml", "- {id: x}\n---\n- {id: y}\n", "b.yaml:2:1", "two-documents"),
        ("b.yaml", "- ? [a]\n  : x\n", "b.yaml:1:5", "bad-key"),
        ("b.yaml", "facts:\n- x\n", "b.yaml:2:facts", "not-rows"),
        ("b.yaml", "just words\n", "b.yaml:1:1", "not-rows"),
    ],
)  # fmt: skip
def test_every_fault_of_form_has_line_and_column(tmp_path, name, text, place, code):
    """And a code, and a cure."""
    batch = given_file(tmp_path, name, text)
    assert told(batch)[0] == f"error {place} {code}"
    assert ";" in batch.problems[0].message or ":" in batch.problems[0].message


def test_a_record_of_the_ledger_loads_to_its_own_cells(tmp_path):
    """One a line, as the ledger writes them: every record of the invented world has its id again."""
    records = [record for record, _ in check(formats.read_trusted(WORLD), OnFile()).records]
    batch = given_file(tmp_path, "ledger.jsonl", "".join(record.text + "\n" for record in records))
    named = [f'{{"@id":"{record.record_id}",{record.text[1:]}' for record in records]
    assert cells(given_file(tmp_path, "named.jsonl", "\n".join(named))) == cells(batch)
    changed = named[-1].replace("0.9", "0.8")
    assert told(given_file(tmp_path, "changed.jsonl", changed)) == ["error changed.jsonl:1:1 bad-record"]
    stated = [cells_of(record) for record in records]
    assert cells(batch) == {
        table: rows for table in COLUMNS if (rows := [row for name, row in stated if name == table])
    }
    again = check(batch, OnFile())
    assert again.problems == []
    assert {record.record_id for record, _ in again.records} == {record.record_id for record in records}


# -- text that deceives


def test_control_and_broken_characters_stop_a_load(tmp_path):
    """In every format; the message says which, and never prints it."""
    for name, text in (
        ("e.csv", "id,label,kinds\nx,a\x1bb,oem\n"),
        ("b.yaml", '- {id: x, kinds: oem, label: "a\\x1bb"}'),
        ("b.jsonl", '{"id":"x","kinds":"oem","label":"a\\u001bb"}'),
    ):
        batch = given_file(tmp_path, name, text)
        assert [problem.code for problem in batch.problems] == ["control-character"], name
        assert "U+001B" in batch.problems[0].message
        assert batch.problems[0].column == "label"
    assert [problem.code for problem in given_file(tmp_path, "b.jsonl", '{"id":"x","kinds":"oem","label":"a\\ud800"}').problems] == ["broken-character"]  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        (["Caf\u00e9", "Cafe\u0301"], "unicode-twin"),
        (["Acme", "\u0410cme"], "mixed-script"),
        (["Acme", "\u0410cme"], "look-alike"),
        (["Gnp \u202egnp.exe"], "invisible-character"),
        (["zero\u200bwidth"], "invisible-character"),
        (["=1+1"], "formula-like"),
        (["a\ufffdb"], "lost-character"),
    ],
)
def test_what_deceives_is_kept_and_told(world, tmp_path, labels, code):
    """A warning; the text stays as it is, and the batch loads."""
    path = tmp_path / "e.csv"
    rows = "".join(f"n{at},{label},oem\n" for at, label in enumerate(labels))
    path.write_text(f"id,label,kinds\n{rows}", encoding="utf-8")
    checked, batch = world.load(path)
    assert code in [problem.code for problem in checked.problems]
    assert checked.errors == []
    assert batch is not None
    assert [record.label for record, _ in checked.records if isinstance(record, Entity)] == labels


def test_ordinary_names_in_other_scripts_are_no_deceit(tmp_path):
    """小米, Citroën and Škoda beside each other: not a word."""
    assert (
        given_file(
            tmp_path, "e.csv", "id,label,kinds,aliases\na,小米 Auto,oem,Citroën;Škoda\nb,Ελλάς,oem,\n"
        ).problems
        == []
    )


def test_many_warnings_of_one_kind_are_counted(tmp_path):
    """The first twenty, and how many more there are."""
    rows = "".join(f"n{at},=1,oem\n" for at in range(50))
    batch = given_file(tmp_path, "e.csv", f"id,label,kinds\n{rows}")
    assert len(batch.problems) == 21
    assert "30 more" in batch.problems[-1].message


# -- what is no file


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".xlsx", ".yaml", ".jsonl"])
def test_pipes_links_devices_and_folders_are_refused(tmp_path, suffix):
    """By themselves, or inside a folder; nothing waits and nothing is followed."""
    real = tmp_path / "real.csv"
    real.write_text("id,label,kinds\nx,X,oem\n")
    os.mkfifo(tmp_path / f"pipe{suffix}")
    (tmp_path / f"link{suffix}").symlink_to(real)
    (tmp_path / f"device{suffix}").symlink_to("/dev/zero")
    for name in ("pipe", "link", "device"):
        assert [problem.code for problem in formats.read(tmp_path / f"{name}{suffix}").problems] == [
            "not-a-file"
        ]
    (tmp_path / f"folder{suffix}").mkdir()
    with pytest.raises(Misuse, match=r"facts\.csv"):
        formats.read(tmp_path / f"folder{suffix}")
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch" / "facts.csv").mkdir()
    (tmp_path / "batch" / "entities.csv").symlink_to(real)
    assert [problem.code for problem in formats.read(tmp_path / "batch").problems] == [
        "not-a-file",
        "not-a-file",
    ]
    (tmp_path / "linked").symlink_to(tmp_path / "batch")
    assert [problem.code for problem in formats.read(tmp_path / "linked").problems] == ["not-a-file"]


def test_a_table_with_a_slip_in_its_name_is_told(tmp_path):
    """In a folder, entites.csv is not passed over in silence."""
    (tmp_path / "facts.csv").write_text("subject,relation,object,stance,source\n")
    (tmp_path / "entites.csv").write_text("id,label\n")
    (tmp_path / "remarks.txt").write_text("hello")
    batch = formats.read_trusted(tmp_path)
    assert told(batch) == ["warning entites.csv not-read"]
    assert "did you mean entities.csv" in batch.problems[0].message


def test_ten_thousand_rows_are_read_in_a_few_seconds(tmp_path):
    """Child included, in every form; the ceiling is generous because the machine is shared."""
    import time

    row = {**{column: f"{column} text" for column in COLUMNS["facts"][:16]}, "quantity": "35"}
    batch = FactFile(facts=[Row("", 0, {**row, "id": f"r-{at}"}) for at in range(10_000)])
    for form in FORMS:
        path = put(tmp_path / form, batch, form)
        began = time.perf_counter()
        assert len(formats.read(path).facts) == 10_000, form
        assert time.perf_counter() - began < 30, form
