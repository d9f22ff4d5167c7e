"""The way out: every export loads back to the same ids, and the ledger as text to the same head."""

from __future__ import annotations

import getpass
import json
import platform
import socket
import zipfile

import pytest

from kg import KnowledgeGraph
from kg.errors import Misuse, Refused
from kg.export import FORMATS, read_chain, read_live
from kg.workspace import restore
from tests.conftest import WORLD, policy

LOSSLESS = {"csv": "all", "jsonl": "all.jsonl", "yaml": "all.yaml", "trig": "all.trig", "ledger": "all"}


@pytest.fixture
def lived(world):
    """The invented world after a withdrawal, an undone load and a load in two batches."""
    claim = next(iter(world.view().counted))
    world.withdraw(claim, "misread")
    gone = world.withdraw(sorted(world.view().counted)[0], "a slip")
    world.undo(gone.seq, reason="it was right after all")
    return world


def live(graph):
    return {entry.record.record_id for entry in graph.ledger.entries()}


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("form", LOSSLESS)
def test_an_export_loads_back_to_the_same_ids(lived, tmp_path, form):
    """What is undone stays behind; what is withdrawn comes along with its mark."""
    lived.export(form, tmp_path / LOSSLESS[form])
    with KnowledgeGraph(tmp_path / "other", policy(), shipped=False) as other:
        checked, _ = other.load(tmp_path / LOSSLESS[form])
        assert not checked.errors, checked.errors
        assert live(other) == live(lived)
        assert other.view().retracted == lived.view().retracted


def test_the_ledger_as_text_comes_back_to_the_same_head_with_its_whole_story(lived, tmp_path):
    """Undone batches, places and times too."""
    lived.export("ledger", tmp_path / "text")
    head, kept = restore(tmp_path / "text", tmp_path / "home2")
    assert (head, kept) == (lived.head, None)
    with KnowledgeGraph(tmp_path / "home2", policy(), shipped=False) as other:
        assert other.ledger.batches() == lived.ledger.batches()
        assert list(other.ledger.entries()) == list(lived.ledger.entries())
        assert other.verify(lived.head) == []


def test_the_same_ledger_gives_the_same_bytes_and_a_longer_one_only_adds_lines(lived, tmp_path):
    """So that Git shows what was learned since, and nothing else."""
    lived.export("ledger", tmp_path / "one")
    lived.export("ledger", tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    before = files(tmp_path / "one")
    lived.withdraw(sorted(lived.view().counted)[3], "later")
    lived.export("ledger", tmp_path / "one")
    after = files(tmp_path / "one")
    assert before != after
    for name, body in before.items():
        assert set(body.splitlines()) <= set(after[name].splitlines())
        assert after[name].splitlines() == (
            sorted(after[name].splitlines()) if name.startswith("records/") else after[name].splitlines()
        )
    assert after["batches.jsonl"].startswith(before["batches.jsonl"])
    assert read_chain(tmp_path / "one")[0][-1].hash == lived.head


@pytest.mark.parametrize(
    "damage", ["a letter", "a line gone", "a member gone", "the order", "a title", "cut short", "nesting"]
)
def test_a_line_that_was_tampered_with_is_named(lived, tmp_path, damage):
    """File and line; nothing is loaded or restored."""
    text = tmp_path / "text"
    lived.export("ledger", text)
    shard = max((text / "records").iterdir(), key=lambda path: path.stat().st_size)
    lines, chain = (
        shard.read_text("utf-8").splitlines(),
        (text / "batches.jsonl").read_text("utf-8").splitlines(),
    )
    expected = f"records/{shard.name}", 1
    if damage == "a letter":
        lines[0] = lines[0].replace('"type"', '"tyqe"')
    elif damage == "a line gone":
        gone, lines = json.loads(lines[0])["@id"], lines[1:]
        # Which of two equally large files comes first is the disk's to say, and so is whose record goes.
        expected = "batches.jsonl", next(row for row, line in enumerate(chain, 1) if gone in line)
    elif damage == "cut short":
        lines[0] = lines[0][:-1]
    elif damage == "nesting":
        lines[0] = '{"@id":"' + "a" * 20 + '",' + "[" * 100_000 + "}"
    else:
        expected = "batches.jsonl", 2 if damage == "the order" else 1
        first = json.loads(chain[0])
        if damage == "a member gone":
            first["members"].pop()
        elif damage == "a title":
            first["title"] += "!"
        else:
            chain[1], chain[2] = chain[2], chain[1]
        if damage != "the order":
            chain[0] = json.dumps(first, ensure_ascii=False, separators=(",", ":"))
    shard.write_text("\n".join(lines) + "\n", "utf-8")
    (text / "batches.jsonl").write_text("\n".join(chain) + "\n", "utf-8")
    with pytest.raises(Refused) as refusal:
        restore(text, tmp_path / "home2")
    assert (refusal.value.problems[0].file, refusal.value.problems[0].row) == expected
    assert not (tmp_path / "home2" / "ledger.sqlite").exists()
    assert read_live(text).problems[0].row == expected[1]


def test_a_record_that_no_batch_names_does_not_count(lived, tmp_path):
    """An export that was interrupted has newer records than batches; it is the older ledger."""
    lived.export("ledger", tmp_path / "text")
    old, head = files(tmp_path / "text"), lived.head
    lived.withdraw(sorted(lived.view().counted)[3], "later")
    lived.export("ledger", tmp_path / "text")
    (tmp_path / "text" / "batches.jsonl").write_bytes(old["batches.jsonl"])
    assert restore(tmp_path / "text", tmp_path / "home2")[0] == head


def test_what_is_there_already_is_left_alone(lived, tmp_path):
    """A file, a folder of somebody's, the export of another ledger."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file.jsonl").write_text("mine")
    for form, name in (("csv", "mine"), ("ledger", "mine"), ("jsonl", "file.jsonl")):
        with pytest.raises(Misuse, match="there already"):
            lived.export(form, tmp_path / name)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    lived.export("ledger", tmp_path / "text")
    before = files(tmp_path / "text")
    with KnowledgeGraph(tmp_path / "other", policy(), shipped=False) as other:
        other.load(WORLD / "annexe")
        with pytest.raises(Misuse, match="another ledger"):
            other.export("ledger", tmp_path / "text")
    assert files(tmp_path / "text") == before


def test_one_batch_alone_can_go_out(lived, tmp_path):
    """Its own records, and a clear word where there are none."""
    assert lived.export("jsonl", tmp_path / "two.jsonl", batch=2) == 1
    with pytest.raises(Misuse, match="undone"):
        lived.export("jsonl", tmp_path / "three.jsonl", batch=3)
    with pytest.raises(Misuse, match="holds no facts"):
        lived.export("jsonl", tmp_path / "four.jsonl", batch=4)
    with pytest.raises(Misuse, match="whole or nothing"):
        lived.export("ledger", tmp_path / "x", batch=2)
    with pytest.raises(Misuse, match="known are csv"):
        lived.export("parquet", tmp_path / "x")


@pytest.mark.parametrize("form", FORMATS)
def test_no_export_tells_where_or_by_whom_it_was_made(lived, tmp_path, form, monkeypatch):
    """No path, user or host name of this machine in any format (zipped ones are looked into)."""
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "user-of-mallory")
    for module, name in ((socket, "gethostname"), (platform, "node"), (getpass, "getuser")):
        monkeypatch.setattr(module, name, lambda: "host-of-mallory")
    place = tmp_path / "secret-place"
    lived.export(form, place)
    bodies = {}
    for path in [place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()]:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                bodies |= {name: archive.read(name) for name in archive.namelist()}
        else:
            bodies[path.name] = path.read_bytes()
    assert bodies
    for word in (str(tmp_path), "secret-place", "of-mallory", "/home/", str(lived.home)):
        for name, body in bodies.items():
            assert word.encode() not in body, (word, name)


def test_the_commands_round_trip(lived, tmp_path, run):
    """`kg export`, `kg restore`, `kg verify`."""
    lived.close()
    told = run("export", "ledger", "-o", str(tmp_path / "text"), home=lived.home)
    assert told.returncode == 0, told.stderr
    restored = run("restore", str(tmp_path / "text"), home=tmp_path / "new")
    assert restored.returncode == 0, restored.stderr
    head = restored.stdout.split()[-1]
    assert run("verify", "--head", head, home=lived.home).returncode == 0
    assert run("export", "paper", "-o", str(tmp_path / "x"), home=lived.home).returncode == 2
