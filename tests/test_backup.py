"""Backups: verified, never in the way of another file, and back on a clean machine with the same head."""

from __future__ import annotations

import sqlite3

import pytest

from kg import KnowledgeGraph
from kg.errors import Misuse, Refused, Unavailable
from kg.ledger import Ledger
from kg.workspace import restore
from tests.conftest import WORLD, policy


def test_a_backup_restored_on_a_clean_machine_has_the_same_head_and_answers(world, tmp_path):
    """Nothing but the one file is carried over."""
    before = world.why("basalt", "supplies", "aurora")
    assert world.backup(tmp_path / "copy.bak") == world.head
    assert [path.name for path in tmp_path.glob("copy.bak*")] == ["copy.bak"]
    assert restore(tmp_path / "copy.bak", tmp_path / "clean") == (world.head, None)
    with KnowledgeGraph(tmp_path / "clean", policy(), shipped=False) as other:
        assert other.why("basalt", "supplies", "aurora") == before
        assert other.ledger.batches() == world.ledger.batches()


def test_a_backup_can_be_taken_while_somebody_writes(world, tmp_path):
    """It is of one committed state."""
    other = Ledger(world.ledger.path)
    other._db.execute("BEGIN IMMEDIATE")
    other._db.execute("INSERT INTO record VALUES('half', 'claim', 'written')")
    assert world.backup(tmp_path / "copy.bak") == world.head
    other._db.execute("ROLLBACK")


def test_an_older_backup_of_the_same_ledger_is_replaced_and_nothing_else_is(world, tmp_path):
    """Neither a file of somebody's nor the backup of another ledger."""
    world.backup(tmp_path / "copy.bak")
    world.withdraw(next(iter(world.view().counted)), "misread")
    assert world.backup(tmp_path / "copy.bak") == world.head
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Misuse, match="there already"):
        world.backup(tmp_path / "thesis.txt")
    with KnowledgeGraph(tmp_path / "other", policy(), shipped=False) as other:
        other.load(WORLD)
        with pytest.raises(Misuse, match="no older backup"):
            other.backup(tmp_path / "copy.bak")
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_ledger_that_is_there_is_only_replaced_when_asked_to_and_is_kept(world, tmp_path):
    """--force puts the old one beside the new one; it opens like any other."""
    world.backup(tmp_path / "copy.bak")
    old = world.head
    world.withdraw(next(iter(world.view().counted)), "misread")
    newer = world.head
    with pytest.raises(Misuse, match="has a ledger already"):
        restore(tmp_path / "copy.bak", world.home)
    assert world.head == newer
    other = Ledger(world.ledger.path)
    list(other.entries())
    with pytest.raises(Unavailable, match="another program has the ledger open"):
        restore(tmp_path / "copy.bak", world.home, force=True)
    other.close()
    world.close()
    head, kept = restore(tmp_path / "copy.bak", world.home, force=True)
    assert head == old
    assert Ledger(kept).head == newer
    assert Ledger(world.home / "ledger.sqlite").verify() == []
    assert not list(world.home.glob("restoring-*"))


@pytest.mark.parametrize("damage", ["changed", "cut", "no database", "empty", "another database"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(world, tmp_path, damage):
    """The ledger in the workspace is as it was, byte for byte."""
    copy = tmp_path / "copy.bak"
    world.backup(copy)
    world.close()
    raw = copy.read_bytes()
    if damage == "changed":
        copy.write_bytes(
            raw.replace(b"Aurora buys its cells from Basalt", b"Aurora sells its cells to Basalt!", 1)
        )
    elif damage == "cut":
        copy.write_bytes(raw[: len(raw) // 2])
    elif damage == "no database":
        copy.write_text("not a database " * 1000)
    elif damage == "empty":
        copy.write_bytes(b"")
    else:
        copy.unlink()
        with sqlite3.connect(copy) as db:
            db.execute("CREATE TABLE record(id)")
    assert damage in ("no database", "empty", "another database") or copy.read_bytes() != raw
    before = (world.home / "ledger.sqlite").read_bytes()
    with pytest.raises(Refused):
        restore(copy, world.home, force=True)
    assert (world.home / "ledger.sqlite").read_bytes() == before
    assert [path.name for path in world.home.glob("ledger*.sqlite")] == ["ledger.sqlite"]


def test_a_damaged_ledger_is_replaced_by_its_backup_and_kept_aside(world, tmp_path, run):
    """As a user would meet it: told what to do, and it works."""
    world.backup(tmp_path / "copy.bak")
    head = world.head
    world.close()
    (world.home / "ledger.sqlite").write_text("no database any more " * 500)
    told = run("batches", home=world.home)
    assert told.returncode == 3
    assert "kg restore" in told.stderr
    said = run("restore", str(tmp_path / "copy.bak"), "--force", home=world.home)
    assert said.returncode == 0, said.stderr
    assert head in said.stdout
    assert len(list(world.home.glob("ledger-*-damaged.sqlite"))) == 1
    assert run("verify", home=world.home).returncode == 0


def test_a_damaged_ledger_gives_no_backup(world, tmp_path):
    """Or the next restore would bring the damage back."""
    shell = sqlite3.connect(world.ledger.path)
    shell.execute("DROP TRIGGER record_update")
    shell.execute("UPDATE record SET text = replace(text, 'Aurora', 'aurora') WHERE type = 'claim'")
    shell.commit()
    with pytest.raises(Refused, match="no backup was made"):
        world.backup(tmp_path / "copy.bak")
    assert not (tmp_path / "copy.bak").exists()


def test_the_command_line_says_where_the_backup_is_and_what_was_restored(world, run, tmp_path):
    """The advice can be pasted; a broken backup is not said to be mended by itself."""
    place = tmp_path / "far away" / "b.kg"
    done = run("backup", str(place), home=world.home)
    assert f"kg restore '{place}'" in done.stdout
    done = run("restore", str(place), home=tmp_path / "clean")
    assert f"restored 1 batch from {place}, ledger {world.head}" in done.stdout
    place.write_bytes(b"no database " * 500)
    done = run("restore", str(place), "--force", home=world.home)
    assert done.returncode == 1
    assert "restore another backup" in done.stderr
    assert "--force" not in done.stderr
