"""Full disks, neighbours, read-only places, older versions, and hands that meddle with the file."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kg import KnowledgeGraph
from kg.claim import Claim, Proposition
from kg.errors import Unavailable
from kg.index import Index
from kg.ledger import EMPTY_HEAD, Ledger
from kg.view import View
from tests.conftest import WORLD, policy

pytestmark = pytest.mark.faults
ROOT = Path(__file__).resolve().parents[2]


def said(number, **more):
    return Claim(
        Proposition("supplies", "basalt", f"maker-{number}"), "reported", "harbour", **more
    ), f"facts.csv:{number}"


def python(code, *arguments, **more):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **more
    )  # fmt: skip


# -- a disk that is full


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB with the invented world on it; as it is for everybody, or as root on Linux."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True, check=False
    ) if sys.platform == "linux" and shutil.which("mount") else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip(
            "a small disk can be mounted only by root on Linux; the limit of file sizes is tested all the same"
        )
    try:
        with KnowledgeGraph(place / "home", policy(), shipped=False) as graph:
            graph.load(WORLD)
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def filled(place):
    """Leave next to nothing of the disk."""
    with (place / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_a_load_stores_nothing_and_the_next_one_works(small_disk):
    """A clear word, the old state readable, and no harm done once there is room."""
    with KnowledgeGraph(small_disk / "home", policy(), shipped=False) as graph:
        head, told = graph.head, graph.why("basalt", "supplies", "aurora")
        filled(small_disk)
        many = [said(number, note="x" * 500) for number in range(2000)]
        with pytest.raises(Unavailable, match="unchanged"):
            graph.ledger.append(many, title="too much")
        assert graph.head == head
        assert graph.why("basalt", "supplies", "aurora") == told
        (small_disk / "ballast").unlink()
        assert graph.ledger.append(many[:5], title="a little") is not None
        assert graph.verify() == []


def test_on_a_full_disk_neither_index_nor_export_nor_backup_leaves_half_of_itself(small_disk):
    """Each says what is wrong; nothing stands under the name, and what stood there before is whole."""
    with KnowledgeGraph(small_disk / "home", policy(), shipped=False) as graph:
        graph.export("ledger", small_disk / "text")
        before = {path: path.read_bytes() for path in (small_disk / "text").rglob("*.jsonl")}
        graph.ledger.append([said(number) for number in range(30)], title="more")
        graph.ledger._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        filled(small_disk)
        for wrong in (
            lambda: graph.store(),
            lambda: graph.export("ledger", small_disk / "text2"),
            lambda: graph.export("csv", small_disk / "tables"),
            lambda: graph.backup(small_disk / "copy.bak"),
        ):
            with pytest.raises(Unavailable):
                wrong()
        for name in ("text2", "tables", "copy.bak"):
            assert not (small_disk / name).exists()
        assert {path: path.read_bytes() for path in (small_disk / "text").rglob("*.jsonl")} == before
        assert graph.verify() == []
        (small_disk / "ballast").unlink()
        graph.export("ledger", small_disk / "text")
        graph.backup(small_disk / "copy.bak")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit of file sizes to set")
def test_a_file_that_may_not_grow_is_a_full_disk_too(tmp_path):
    """The same where nothing can be mounted: the system refuses to let any file grow past 200 kB."""
    with KnowledgeGraph(tmp_path / "home", policy(), shipped=False) as graph:
        graph.load(WORLD)
        head = graph.head
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from kg.ledger import Ledger; from kg.claim import Claim, Proposition; from kg.errors import Unavailable\n"
        "ledger = Ledger(__import__('pathlib').Path(sys.argv[1]))\n"
        "many = [(Claim(Proposition('supplies', 'basalt', f'maker-{n}'), 'reported', 'x', note='x' * 500), '') for n in range(2000)]\n"
        "try: ledger.append(many, title='too much')\n"
        "except Unavailable as error: print(ledger.head, ledger.verify(), error)"
    )
    done = python(code, tmp_path / "home" / "ledger.sqlite")
    assert done.stdout.startswith(f"{head} []"), done.stderr
    assert "unchanged" in done.stdout
    assert Ledger(tmp_path / "home" / "ledger.sqlite").verify() == []


# -- neighbours


def test_two_processes_that_load_at_once_both_land_or_one_says_busy(tmp_path):
    """The chain never forks."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    code = (
        "import sys, pathlib; from kg.ledger import Ledger; from kg.claim import Claim, Proposition; from kg.errors import Unavailable\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "for turn in range(10):\n"
        "  try: ledger.append([(Claim(Proposition('supplies', 'basalt', f'maker-{sys.argv[2]}-{turn}-{n}'), 'reported', 'x'), '') for n in range(200)], title=sys.argv[2]); print('stored')\n"
        "  except Unavailable as error: print('busy' if 'unchanged' in str(error) else error)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    told = [child.communicate(timeout=120)[0].split() for child in children]
    assert {word for words in told for word in words} <= {"stored", "busy"}
    ledger = Ledger(path)
    assert len(ledger.batches()) == sum(words.count("stored") for words in told) > 0
    assert ledger.verify() == []


def test_a_reader_during_a_hundred_loads_sees_only_committed_states(tmp_path):
    """Each answer matches exactly one head: as many claims as had been loaded by then."""
    path = tmp_path / "ledger.sqlite"
    writer, reader = Ledger(path), Ledger(path, read_only=True)
    expected = {EMPTY_HEAD: 0}
    seen: list[tuple[str, int]] = []
    done = threading.Event()

    def look():
        while not done.is_set():
            view = View(reader, policy())
            seen.append((view.head, len(view.entries)))

    thread = threading.Thread(target=look)
    thread.start()
    for turn in range(100):
        batch = writer.append(
            [said(100 * turn + number) for number in range(turn % 7 + 1)], title=f"load {turn}"
        )
        expected[batch.hash] = expected[batch_before(writer, batch)] + batch.size
    done.set()
    thread.join()
    assert len({head for head, _ in seen}) > 1
    assert all(expected[head] == count for head, count in seen)


def batch_before(ledger, batch):
    earlier = [item.hash for item in ledger.batches() if item.seq < batch.seq]
    return earlier[-1] if earlier else EMPTY_HEAD


@pytest.mark.skipif(
    not shutil.which("strace"), reason="strace is not installed; it counts the calls that reach the disk"
)
def test_twenty_commits_reach_the_disk_twenty_times(tmp_path):
    """A commit that only the page cache knows is none when the power goes."""
    code = (
        "import sys, pathlib; from kg.ledger import Ledger; from kg.claim import Claim, Proposition\n"
        "ledger = Ledger(pathlib.Path(sys.argv[1])); print('open', file=sys.stderr, flush=True)\n"
        "for n in range(20): ledger.append([(Claim(Proposition('supplies', 'basalt', f'maker-{n}'), 'reported', 'x'), '')], title='x')"
    )
    trace = tmp_path / "trace"
    done = subprocess.run(
        ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", trace, sys.executable, "-c", code, tmp_path / "ledger.sqlite"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr and done.returncode:
        pytest.skip(f"strace may not look here: {done.stderr.strip()[:80]}")
    assert done.returncode == 0, done.stderr
    assert len([line for line in trace.read_text().splitlines() if "sync(" in line]) >= 20


# -- places where nothing can be written


@contextlib.contextmanager
def read_only(home):
    """Make a folder read-only: by its permissions, or for root, whom they do not bind, by a mount."""
    if os.geteuid() != 0:
        modes = {path: path.stat().st_mode for path in (home, *home.iterdir())}
        for path in modes:
            path.chmod(0o555 if path == home else 0o444)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    for arguments in (["--bind", home, home], ["-o", "remount,ro,bind", home]):
        if (
            sys.platform != "linux"
            or subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode
        ):
            subprocess.run(["umount", "-l", home], capture_output=True, check=False)
            pytest.skip("permissions do not bind root, and nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", home], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are different there")
@pytest.mark.parametrize("unsettled", [False, True], ids=["at rest", "after a crash"])
def test_where_nothing_can_be_written_questions_are_answered_all_the_same(tmp_path, unsettled):
    """Also when the last writer crashed and left its newest batch in the write-ahead log."""
    home, cache = tmp_path / "home", tmp_path / "cache"
    with KnowledgeGraph(home, policy(), shipped=False) as graph:
        graph.load(WORLD)
    if unsettled:
        code = (
            "import os, sys, pathlib; from kg.ledger import Ledger; from kg.claim import Claim, Proposition\n"
            "tie = Proposition('supplies', 'delta', 'aurora')\n"
            "Ledger(pathlib.Path(sys.argv[1])).append([(Claim(tie, 'reported', 'wire-2026-01-12'), '')], title='x'); os._exit(0)"
        )
        assert python(code, home / "ledger.sqlite").returncode == 0
        assert (home / "ledger.sqlite-wal").stat().st_size > 0
        (home / "ledger.sqlite-shm").unlink()
    files = {path: path.read_bytes() for path in home.iterdir()}
    code = (
        "import sys, datetime\n"
        "from kg import KnowledgeGraph, Policy\n"
        "graph = KnowledgeGraph(sys.argv[1], Policy(as_of=datetime.date(2026, 3, 1)), shipped=False)\n"
        "rows = graph.query('SELECT ?who { ?who ev:supplies id:aurora }').rows\n"
        "print(sorted(row['who']['value'].rpartition('/')[2] for row in rows), graph.why('basalt', 'supplies', 'aurora')['standing'])\n"
        "try: graph.undo(1, force=True)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    with read_only(home):
        done = python(code, home, env={**os.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(cache)})
    answered, refused = done.stdout.split("\n")[:2]
    assert answered == f"{['basalt', 'delta', 'fjord'] if unsettled else ['basalt', 'fjord']} confirmed", (
        done.stderr
    )
    assert refused.startswith("Unavailable")
    assert {path: path.read_bytes() for path in home.iterdir()} == files


# -- older versions, and hands that meddle

_VERSION_1 = """
CREATE TABLE record(id TEXT PRIMARY KEY, type TEXT NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE batch(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('load','undo')), title TEXT NOT NULL,
  recorded TEXT NOT NULL, undoes INTEGER UNIQUE REFERENCES batch(seq), size INTEGER NOT NULL, root TEXT NOT NULL,
  previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE member(batch INTEGER NOT NULL REFERENCES batch(seq), position INTEGER NOT NULL,
  record TEXT NOT NULL REFERENCES record(id), place TEXT NOT NULL, PRIMARY KEY(batch, position)) STRICT, WITHOUT ROWID;
CREATE INDEX member_record ON member(record);
PRAGMA user_version=1;
INSERT INTO record VALUES('ezmwbdy5w6rgs4iim7pi', 'claim', '{"depth":"1","evidence":{"paraphrase":"Basalt supplies Aurora."},"proposition":{"object":"aurora","relation":"supplies","subject":"basalt"},"source":"harbour","stance":"reported","type":"claim"}');
INSERT INTO batch VALUES(1, 'load', 'from the first version', '2026-01-01', NULL, 1, 'aca4f6a9413d24f6fdf7d9a8ee35570af21344e27bf13ce5c39de27922d8b23d', '0000000000000000000000000000000000000000000000000000000000000000', '7ebcbd4026dcd0ad7070ae074928525d5b7599c0af43d67a1186bc2ae1131bf9');
INSERT INTO member VALUES(1, 0, 'ezmwbdy5w6rgs4iim7pi', 'facts.csv:2 w-01');
"""


def test_a_ledger_of_the_first_version_opens_and_carries_on(tmp_path):
    """Written out here as that version wrote it; an older index is simply built again."""
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(_VERSION_1)
    db.close()
    ledger = Ledger(path)
    assert ledger.verify() == []
    assert ledger.head == "7ebcbd4026dcd0ad7070ae074928525d5b7599c0af43d67a1186bc2ae1131bf9"
    (entry,) = ledger.entries()
    assert (entry.record.id, entry.place) == ("ezmwbdy5w6rgs4iim7pi", "facts.csv:2 w-01")
    ledger.append([said(1)], title="of today")
    assert ledger.verify() == []


def test_a_newer_ledger_is_left_alone(tmp_path):
    """Whoever wrote it knows more; nothing is touched."""
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable, match="newer version"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_byte_changed_on_the_disk_is_named_with_its_claim_and_row(world):
    """SQLite notices nothing; the hash of the text does."""
    path = world.ledger.path
    claim = next(
        e for e in world.ledger.entries(kind="claim") if "Basalt announces" in e.record.evidence.paraphrase
    )
    world.close()
    raw = path.read_bytes()
    assert raw.count(b"Basalt announces") == 1
    path.write_bytes(raw.replace(b"Basalt announces", b"Basalt renounces"))
    (sentence,) = Ledger(path).verify()
    assert sentence.startswith(f"claim {claim.record.id} (batch 1, facts.csv:3 w-02)")


@pytest.mark.parametrize("meddling", ["exchanged", "renumbered", "backdated", "renamed kind", "undone undo"])
def test_meddling_with_the_chain_is_noticed(tmp_path, meddling):
    """Somebody drops the triggers and edits: batches in another order, another date, an undo taken back."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for number in range(3):
        ledger.append([said(number)], title=f"load {number}")
    ledger.undo(2)
    head = ledger.head
    assert ledger.verify(head=head) == []
    with sqlite3.connect(ledger.path) as db:
        for table in ("record", "batch", "member"):
            db.execute(f"DROP TRIGGER {table}_update")
            db.execute(f"DROP TRIGGER {table}_delete")
        if meddling == "exchanged":
            db.executescript(
                "UPDATE member SET batch = 9 WHERE batch = 1; UPDATE member SET batch = 1 WHERE batch = 3; UPDATE member SET batch = 3 WHERE batch = 9;"
            )
        elif meddling == "renumbered":
            db.executescript(
                "UPDATE batch SET seq = 9 WHERE seq = 1; UPDATE batch SET seq = 1 WHERE seq = 3; UPDATE batch SET seq = 3 WHERE seq = 9;"
            )
        elif meddling == "backdated":
            db.execute("UPDATE batch SET recorded = '2020-01-01' WHERE seq = 1")
        elif meddling == "renamed kind":
            db.execute("UPDATE record SET type = 'source'")
        else:
            db.execute("DELETE FROM batch WHERE seq = 4")
    db.close()
    assert ledger.verify(head=head)


def test_what_ten_killed_builds_left_is_gone_after_the_next_start(world):
    """Folders of builds whose process is no more, locked by nobody; one at work is left alone."""
    place = world.home / "index"
    place.mkdir()
    for number in range(10):
        (place / f"building-dead{number}").mkdir()
        (place / f"building-dead{number}" / "store").write_bytes(b"x" * 10_000)
        (place / f"new-building-dead{number}").mkdir()
    from kg.scratch import scratch

    with scratch(place, "building-") as at_work:
        assert not list(place.glob("building-dead*")), "the next maker sweeps"
        Index(place).store(world.ledger, world.policy)
        assert at_work.exists()
    assert len(list(place.iterdir())) == 1
