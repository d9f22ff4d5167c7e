"""A process that is killed again and again in the middle of an operation, and what is found afterwards.

Run as ``python -m tests.faults.victim OPERATION SCRATCH POINTS SEED``; prints a line of JSON for each kill. It forks for
every kill, so that the imports are paid for once, and starts no thread of its own before it forks. Some kills fall at
calls into C (a commit, a rename, a sync), counted by a profile function; the others after a random delay, wherever the
engine's own threads may be.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kg import export as exporting
from kg import formats
from kg.index import Index, open_store
from kg.ingest import load
from kg.ledger import EMPTY_HEAD, Ledger
from kg.policy import Policy
from kg.workspace import KnowledgeGraph, restore

WORLD = Path(__file__).resolve().parent.parent / "world"
POLICY = Policy(as_of=datetime.date(2026, 3, 1))
#: Calls around which a kill does the most harm, if any does.
TELLING = {"execute", "executemany", "rename", "replace", "link", "unlink", "rmdir", "fsync", "mkdir", "write_bytes",
           "write_text", "bulk_load", "flush", "backup", "flock", "write"}  # fmt: skip
ASKED = """PREFIX ev: <https://w3id.org/evsw/ontology#>
SELECT ?s ?o { ?s ev:dependsOn|ev:supplies|ev:exposedTo ?o } ORDER BY ?s ?o"""


class Case:
    """One operation: what is there before, what is done, and what must be found however it was cut off."""

    def __init__(self, scratch: Path) -> None:
        self.base = scratch / "base"
        with KnowledgeGraph(self.base, POLICY, shipped=False) as graph:
            load(formats.read_trusted(WORLD), graph.ledger, recorded="2026-01-01")
            self.before = graph.head
        self.more = formats.read_trusted(WORLD / "annexe")

    def do(self, home: Path) -> None:
        """Do it, in the child."""
        raise NotImplementedError

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        """Look at what is left, in another child; what must hold is asserted here, what may vary returned.

        The index is looked at where that is the point, else only where `deep`, because it takes long.
        """
        raise NotImplementedError

    def ledger_is_whole(self, home: Path) -> str:
        """Assert that the ledger is intact and return its head."""
        ledger = Ledger(home / "ledger.sqlite")
        assert ledger.verify() == [], ledger.verify()
        head = ledger.head
        ledger.close()
        return head

    def index_catches_up(self, home: Path) -> list[str]:
        """Answer a question from the index, building what is missing."""
        ledger = Ledger(home / "ledger.sqlite")
        place = Index(home / "index").store(ledger, POLICY)
        assert place.name.startswith(ledger.head[:16])
        return [f"{row[0]} {row[1]}" for row in open_store(place).query(ASKED)]  # type: ignore[union-attr]


class Load(Case):
    """A load: all of it or nothing, and the next start answers from what is there."""

    def do(self, home: Path) -> None:
        ledger = Ledger(home / "ledger.sqlite")
        load(self.more, ledger, recorded="2026-02-01")
        (home / "acknowledged").touch()

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        head = self.ledger_is_whole(home)
        answers = len(self.index_catches_up(home)) if deep else None
        _, again = load(self.more, Ledger(home / "ledger.sqlite"), recorded="2026-02-01")
        assert (again is None) == (head != self.before)
        return {"new": head != self.before, "answers": answers, "whole": self.ledger_is_whole(home)}


class Undo(Case):
    """An undo: done or not done."""

    def do(self, home: Path) -> None:
        Ledger(home / "ledger.sqlite").undo(1, recorded="2026-02-01")
        (home / "acknowledged").touch()

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        head = self.ledger_is_whole(home)
        ledger = Ledger(home / "ledger.sqlite")
        assert (len(list(ledger.entries())) == 0) == (head != self.before)
        return {"new": head != self.before}


class Rebuild(Case):
    """A rebuild of the index: the next start has it whole, answers alike, and keeps nothing of the dead one."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        shutil.copytree(self.base, scratch / "first")
        self.told = in_child(lambda: self.index_catches_up(scratch / "first"))
        self.size = size_of(scratch / "first" / "index")

    def do(self, home: Path) -> None:
        Index(home / "index").store(Ledger(home / "ledger.sqlite"), POLICY)
        (home / "acknowledged").touch()

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        assert self.ledger_is_whole(home) == self.before
        left = sorted(path.name for path in (home / "index").glob("*")) if (home / "index").exists() else []
        assert self.index_catches_up(home) == self.told
        now = [path.name for path in (home / "index").iterdir()]
        assert len(now) == 1, now
        assert size_of(home / "index") < 1.5 * self.size + 100_000
        return {"new": any("building" not in name for name in left), "left": len(left)}


class Export(Case):
    """An export over an older one: what is there reads as the old ledger or as the new."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        ledger = Ledger(self.base / "ledger.sqlite")
        exporting.export(ledger, "ledger", self.base / "text")
        load(self.more, ledger, recorded="2026-02-01")
        self.after = ledger.head
        ledger.close()

    def do(self, home: Path) -> None:
        exporting.export(Ledger(home / "ledger.sqlite"), "ledger", home / "text")
        (home / "acknowledged").touch()
        exporting.export(Ledger(home / "ledger.sqlite"), "csv", home / "tables")

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        assert self.ledger_is_whole(home) == self.after
        head = self.head_of_text(home / "text")
        assert head in (self.before, self.after)
        if (home / "tables").exists():
            copied = Ledger(home / "copy.sqlite")
            assert load(formats.read_trusted(home / "tables"), copied)[0].errors == []
        else:
            self.do(home)
        assert self.head_of_text(home / "text") in (head, self.after)
        assert not list(home.glob(".exporting-*")), list(home.iterdir())
        return {"new": head == self.after}

    @staticmethod
    def head_of_text(folder: Path) -> str:
        names = [*sorted(f"records/{path.name}" for path in (folder / "records").iterdir()), "batches.jsonl"]
        job = {"title": "", "files": names, "live": False}
        found = exporting._parse(job, [(folder / name).read_bytes() for name in names], lambda: None)
        assert found["problems"] == [], found["problems"]
        return str(found["links"][-1]["hash"])


class Restore(Case):
    """A restore over a ledger: the old one or the new one is in place, and the old one is never lost."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        with KnowledgeGraph(self.base, POLICY, shipped=False) as graph:
            graph.backup(self.base / "copy.bak")
            load(self.more, graph.ledger, recorded="2026-02-01")
            self.after = graph.head

    def do(self, home: Path) -> None:
        restore(home / "copy.bak", home, force=True)
        (home / "acknowledged").touch()

    def found(self, home: Path, *, deep: bool) -> dict[str, Any]:
        heads = {self.ledger_is_whole(home)}
        new = heads == {self.before}
        for path in home.glob("ledger-*.sqlite"):
            kept = Ledger(path)
            assert kept.verify() == []
            heads.add(kept.head)
        assert self.after in heads
        return {"new": new}


# -- killing


def in_child(call: Callable[[], Any], kill_at: float | int | None = None) -> Any:
    """Return what a call gives in a forked child; None where the child was killed.

    Parameters
    ----------
    call : callable
    kill_at : int or float, optional
        Number of the telling call before or after which the child kills itself, or seconds until it is killed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            if isinstance(kill_at, int):
                kill_self_at(kill_at)
            result = {"result": call()}
            sys.setprofile(None)
        except BaseException:
            sys.setprofile(None)
            result = {"failed": traceback.format_exc()}
        with contextlib.suppress(BrokenPipeError):
            os.write(writing, json.dumps(result).encode())
        os._exit(0)
    os.close(writing)
    if isinstance(kill_at, float):
        time.sleep(kill_at)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    if not said:
        return None
    body = json.loads(said)
    if "failed" in body:
        raise AssertionError(body["failed"])
    return body["result"]


def kill_self_at(number: int) -> None:
    """Kill this process at the n-th beginning or end of a telling call; never where there are fewer."""
    seen = 0

    def look(frame: Any, event: str, function: Any) -> None:
        nonlocal seen
        if event[0] == "c" and event[1] == "_" and function.__name__ in TELLING:
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.setprofile(look)


def count(call: Callable[[], Any]) -> int:
    """Return how many beginnings and ends of telling calls there are."""
    seen = 0

    def look(frame: Any, event: str, function: Any) -> None:
        nonlocal seen
        seen += event[0] == "c" and event[1] == "_" and function.__name__ in TELLING

    def counted() -> int:
        sys.setprofile(look)
        call()
        sys.setprofile(None)
        return seen

    return int(in_child(counted))


def size_of(folder: Path) -> int:
    """Return the bytes of everything in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(operation: str, scratch: Path, points: int, seed: int) -> None:
    """Kill the operation at so many points and print what was found after each."""
    assert EMPTY_HEAD == "0" * 64
    case: Case = {"load": Load, "undo": Undo, "rebuild": Rebuild, "export": Export, "restore": Restore}[
        operation
    ](scratch)
    rnd = random.Random(seed)

    def fresh(name: str) -> Path:
        home = scratch / name
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(case.base, home)
        return home

    home = fresh("counted")
    calls = count(lambda: case.do(home))
    home, start = fresh("timed"), time.perf_counter()
    in_child(lambda: case.do(home))
    seconds = time.perf_counter() - start
    here = points * 3 // 5 if operation != "rebuild" else points // 3
    steps = sorted(rnd.sample(range(calls), min(here, calls)))
    for number in range(points):
        mark: int | float = steps[number] if number < len(steps) else rnd.uniform(0, 1.05 * seconds)
        home = fresh("killed")
        in_child(lambda home=home: case.do(home), mark)  # type: ignore[misc]
        acknowledged = (home / "acknowledged").exists()
        found = in_child(lambda home=home, deep=number % 8 == 0: case.found(home, deep=deep))  # type: ignore[misc]
        assert found["new"] or not acknowledged, "what was acknowledged is lost"
        if isinstance(mark, float) and mark > 0.8 * seconds and not found["new"]:
            seconds *= 1.25  # the machine has become slower since it was timed
        print(
            json.dumps(
                {
                    "mark": mark,
                    "of": calls if isinstance(mark, int) else seconds,
                    "acknowledged": acknowledged,
                    **found,
                }
            )
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
