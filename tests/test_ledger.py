"""The ledger: all or nothing, append-only, hash-chained, and never loaded twice."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from kg.claim import Claim, Entity, Proposition, Retraction
from kg.errors import Misuse, NotFound, Unavailable
from kg.ledger import EMPTY_HEAD, Ledger

CLAIMS = [
    (
        Claim(Proposition("supplies", "basalt", f"maker-{number}"), "reported", "harbour"),
        f"facts.csv:{number + 2}",
    )
    for number in range(5)
]


@pytest.fixture
def ledger(tmp_path):
    """An empty ledger."""
    return Ledger(tmp_path / "ledger.sqlite")


def ids(ledger, **clock):
    return {entry.record.record_id for entry in ledger.entries(**clock)}


def test_an_empty_ledger_has_the_empty_head(ledger):
    """Nothing loaded, nothing vouched for."""
    assert ledger.head == EMPTY_HEAD
    assert ledger.batches() == []


def test_loading_twice_changes_nothing(ledger):
    """The same facts, even in another order, are no new batch."""
    ledger.append(CLAIMS, title="one")
    head = ledger.head
    assert ledger.append(list(reversed(CLAIMS)), title="again") is None
    assert ledger.head == head


def test_undo_leaves_what_another_batch_holds_too(ledger):
    """A claim that two batches brought stays when one of them goes."""
    ledger.append(CLAIMS[:3], title="one")
    ledger.append(CLAIMS[2:], title="two")
    ledger.undo(1)
    assert ids(ledger) == {claim.id for claim, _ in CLAIMS[2:]}
    assert [batch.undone for batch in ledger.batches()] == [True, False, False]


def test_an_undo_cannot_be_done_twice(ledger):
    """Nor can an undoing be undone, nor a batch that is not there."""
    ledger.append(CLAIMS, title="one")
    ledger.undo(1)
    with pytest.raises(Misuse, match="undone already"):
        ledger.undo(1)
    with pytest.raises(Misuse, match="itself an undoing"):
        ledger.undo(2)
    with pytest.raises(NotFound):
        ledger.undo(9)


def test_what_was_undone_can_be_loaded_again(ledger):
    """It is then a new batch, and the story shows all three steps."""
    ledger.append(CLAIMS, title="one")
    ledger.undo(1)
    assert ledger.append(CLAIMS, title="one, again") is not None
    assert len(ids(ledger)) == 5
    assert len(ledger.batches()) == 3


def test_known_by_shows_what_had_been_recorded_by_the_end_of_that_day(ledger):
    """Including that an undo had not happened yet."""
    ledger.append(CLAIMS[:2], title="one", recorded="2026-01-10T12:00:00Z")
    ledger.append(CLAIMS[2:], title="two", recorded="2026-02-10")
    assert len(ids(ledger, known_by="2026-01-09")) == 0
    assert len(ids(ledger, known_by="2026-01-10")) == 2
    assert len(ids(ledger, known_by="2026-02-10")) == 5
    ledger.undo(1)
    assert len(ids(ledger, known_by="2026-02-10")) == 5
    assert len(ids(ledger)) == 3


def test_a_failure_half_way_stores_nothing(ledger):
    """One transaction: the records before the bad one are gone too."""

    class Broken(Entity):
        @property
        def text(self):
            raise MemoryError

    with pytest.raises(MemoryError):
        ledger.append([*CLAIMS, (Broken("x", "X"), "")], title="broken")
    assert ledger.head == EMPTY_HEAD
    assert ids(ledger) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET text = 'x'",
        "DELETE FROM member",
        "UPDATE batch SET title = 'x'",
        "DELETE FROM record",
    ],
)
def test_nothing_can_be_changed_in_place(ledger, statement):
    """Triggers refuse it even to somebody with a SQLite shell."""
    ledger.append(CLAIMS, title="one")
    with sqlite3.connect(ledger.path) as shell, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        shell.execute(statement)


def test_verify_names_a_changed_record(ledger):
    """Somebody drops the trigger and edits a text: its hash no longer fits."""
    ledger.append(CLAIMS, title="one")
    assert ledger.verify() == []
    shell = sqlite3.connect(ledger.path)
    shell.execute("DROP TRIGGER record_update")
    shell.execute(
        "UPDATE record SET text = replace(text, 'reported', 'confirmed') WHERE id = ?", (CLAIMS[3][0].id,)
    )
    shell.commit()
    assert any(CLAIMS[3][0].id in sentence for sentence in ledger.verify())


def test_verify_notices_a_cut_off_end_with_the_help_of_a_noted_head(ledger):
    """The chain that is left is valid in itself; the head noted on an answer is not in it."""
    ledger.append(CLAIMS[:2], title="one")
    ledger.append(CLAIMS[2:], title="two")
    head = ledger.head
    shell = sqlite3.connect(ledger.path)
    for statement in (
        "DROP TRIGGER batch_delete",
        "DROP TRIGGER member_delete",
        "DELETE FROM member WHERE batch = 2",
        "DELETE FROM batch WHERE seq = 2",
    ):
        shell.execute(statement)
    shell.commit()
    assert ledger.verify() == []
    assert "cut off" in ledger.verify(head=head[:16])[0]


def test_verify_notices_exchanged_members(ledger):
    """A record taken out of a batch changes its root."""
    ledger.append(CLAIMS, title="one")
    shell = sqlite3.connect(ledger.path)
    shell.execute("DROP TRIGGER member_delete")
    shell.execute("DELETE FROM member WHERE position = 2")
    shell.commit()
    assert any("exchanged" in sentence for sentence in ledger.verify())


def test_two_loads_at_once_both_land_one_after_the_other(tmp_path):
    """The write lock is taken at the beginning, so no chain forks."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()

    def add(number):
        Ledger(path).append([CLAIMS[number]], title=f"load {number}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = Ledger(path)
    assert len(ledger.batches()) == 5
    assert ledger.verify() == []


def test_a_file_that_is_no_ledger_is_refused_in_plain_words(tmp_path):
    """Not with SQLite's own exception."""
    path = tmp_path / "ledger.sqlite"
    path.write_text("not a database, and long enough to be looked at as one " * 40)
    with pytest.raises(Unavailable, match="cannot be opened"):
        Ledger(path)


def test_a_ledger_can_be_read_where_nothing_can_be_written(tmp_path):
    """Read-only opening never makes a file."""
    Ledger(tmp_path / "ledger.sqlite").append(CLAIMS, title="one")
    before = sorted(path.name for path in tmp_path.iterdir())
    assert len(ids(Ledger(tmp_path / "ledger.sqlite", read_only=True))) == 5
    assert {path.name for path in tmp_path.iterdir()} - {"ledger.sqlite-shm", "ledger.sqlite-wal"} == set(
        before
    ) - {"ledger.sqlite-shm", "ledger.sqlite-wal"}


def test_verify_notices_records_that_are_gone(ledger):
    """A batch whose records were deleted is not intact."""
    ledger.append(CLAIMS, title="one")
    shell = sqlite3.connect(ledger.path)
    shell.execute("DROP TRIGGER record_delete")
    shell.execute("DELETE FROM record")
    shell.commit()
    assert any("missing" in sentence for sentence in ledger.verify())


def test_a_head_of_one_letter_proves_nothing(ledger):
    """At least eight characters are asked for."""
    ledger.append(CLAIMS, title="one")
    with pytest.raises(Misuse, match="too short"):
        ledger.verify(head=ledger.head[0])


def test_a_snapshot_shows_one_state_whatever_is_loaded_meanwhile(tmp_path):
    """Head and records belong together."""
    path = tmp_path / "ledger.sqlite"
    mine, other = Ledger(path), Ledger(path)
    other.append(CLAIMS[:1], title="one")
    with mine.snapshot():
        head = mine.head
        other.append(CLAIMS[1:], title="two")
        assert (mine.head, len(ids(mine))) == (head, 1)
    assert len(ids(mine)) == 5


def test_a_record_that_could_not_be_read_back_is_not_recorded(tmp_path):
    """A ledger that took it could never be opened again."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    with pytest.raises(Misuse, match="a retraction without reason"):
        ledger.append([(Retraction("x", ""), "here")], title="half a record")
    assert ledger.batches() == []
