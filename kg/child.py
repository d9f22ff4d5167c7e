"""Work that may go wrong, done in a child process that can be ended: foreign files, users' queries, remote answers.

A child takes one job, does it, and replies with JSON. What it may cost is capped: wall time by its parent, address
space and CPU time by the system. Once it has what it needs (its imports, a store), it *confines* itself: from then
on no file and no socket can be opened, so nothing that a parser or an engine is talked into can leave the process.
A child never outlives its call, however that ends, Ctrl-C included.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Confine", "Stopped", "call", "command", "environment", "limit"]

#: What a job calls when it has opened all it needs.
Confine = Callable[[], None]


class Stopped(Exception):
    """The child did not come to an end of its own: ``why`` is ``time``, ``memory`` or ``crash``.

    Parameters
    ----------
    why : str
    detail : str
        The last line the child said on its error stream, for developers.
    """

    def __init__(self, why: str, detail: str = "") -> None:
        self.why, self.detail = why, detail
        super().__init__(f"stopped ({why}) {detail}".rstrip())


def command(entry: str) -> list[str]:
    """Return the command line of a child that runs ``module:function``."""
    # -P: the folder the user happens to stand in must not be on the path.
    return [sys.executable, "-P", "-c", "from kg.child import _main; _main()", entry]


def environment() -> dict[str, str]:
    """Return the environment of a child: ours, with this package on its path and nothing relative to a folder."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONSTARTUP", "PYTHONINSPECT")}
    here = str(Path(__file__).resolve().parent.parent)
    entries = [entry for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    kept["PYTHONPATH"] = os.pathsep.join((here, *entries))
    return kept


def call(entry: str, job: Any, blobs: Sequence[bytes] = (), *, seconds: float, memory: int = 2 << 30) -> Any:
    """Do one job in a child of its own.

    Parameters
    ----------
    entry : str
        ``module:function`` of ours; the function gets ``(job, blobs, confine)`` and returns what JSON can carry.
    job : JSON-able
    blobs : sequence of bytes
        Raw input, e.g. the content of files: the child need not, and after ``confine()`` cannot, open them itself.
    seconds : float
        Wall time until the child is killed.
    memory : int
        Bytes of address space (where the system can cap it).

    Raises
    ------
    Stopped
        If it was killed at its deadline, ran out of memory, or crashed.

    Notes
    -----
    A child costs about 0.1 s, most of it Python's start.
    """
    head = json.dumps(
        {"job": job, "blobs": [len(blob) for blob in blobs], "memory": memory, "seconds": seconds}
    )
    child = subprocess.Popen(
        command(entry),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    try:
        out, err = child.communicate(b"\n".join((head.encode("utf-8"), b"".join(blobs))), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Stopped("time") from None
    finally:
        child.kill()
        child.wait()
    if child.returncode != 0 or not out:
        said = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Stopped("memory" if "MemoryError" in said or "memory allocation" in said else "crash", said)
    return json.loads(out)


def limit(*, memory: int, seconds: float, closed: bool) -> None:
    """Cap this process: address space, CPU time, no core dump; with `closed`, no new file or socket either.

    On systems without such limits the parent's deadline remains.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: int(seconds) + 2, resource.RLIMIT_CORE: 0}
    if closed:
        wanted[resource.RLIMIT_NOFILE] = 0
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems refuse some limits
            resource.setrlimit(kind, (most, most))


def _main() -> None:
    """Entry of every child: the name of the work as argument, a job on standard input, a reply on standard output."""
    source = sys.stdin.buffer
    head = json.loads(source.readline())
    blobs = [source.read(size) for size in head["blobs"]]
    module, _, name = sys.argv[1].partition(":")
    work = getattr(importlib.import_module(module), name)

    def confine() -> None:
        limit(memory=head["memory"], seconds=head["seconds"], closed=True)

    limit(memory=head["memory"], seconds=head["seconds"], closed=False)
    out = json.dumps(work(head["job"], blobs, confine))
    sys.stdout.write(out)
    sys.stdout.flush()
