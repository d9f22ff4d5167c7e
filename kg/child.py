"""Work that may go wrong, done in a child process that can be ended: foreign files, users' queries, remote answers.

A child takes one job, does it, and replies with JSON. What it may cost is capped: wall time by its parent, address
space and CPU time by the system. Once it has what it needs (its imports, a store), it *confines* itself: from then
on no file and no socket can be opened, so nothing that a parser or an engine is talked into can leave the process.
A child never outlives its call, however that ends, Ctrl-C included.

A *resident* child does one job after another with what it has opened once, and is ended the same way.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Confine", "Resident", "Stopped", "call", "command", "environment", "limit"]

#: What a job calls when it has opened all it needs; a store may say how many of its own files it has yet to open.
Confine = Callable[..., None]


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


def command(entry: str, start: str = "_main") -> list[str]:
    """Return the command line of a child that runs ``module:function``; `start` is the function here that does so."""
    # -P: the folder the user happens to stand in must not be on the path.
    return [sys.executable, "-P", "-c", f"from kg.child import {start}; {start}()", entry]


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
        raise _ended(err)
    return json.loads(out)


def _ended(err: bytes) -> Stopped:
    """Why a child ended that nobody ended, from what it said last."""
    said = err.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return Stopped("memory" if "MemoryError" in said or "memory allocation" in said else "crash", said)


class Resident:
    """A child that stays: it opens something once, confines itself, and then does one job after another.

    Parameters
    ----------
    entry : str
        ``module:function`` of ours; the function gets ``(opening, confine)`` and returns what does a job: a function
        from a job to ``(reply, body)``, the reply being what JSON can carry and the body bytes.
    opening : JSON-able
    memory : int
        Bytes of address space (where the system can cap it).
    seconds : float
        Wall time until it must be ready.

    Raises
    ------
    Stopped
        If it did not come up.

    Notes
    -----
    Starting one costs 0.15 to 0.3 s; a job costs about 0.2 ms on top of the work. One thread at a time may ask.
    """

    def __init__(self, entry: str, opening: Any, *, memory: int = 2 << 30, seconds: float = 60.0) -> None:
        self._process = subprocess.Popen(
            command(entry, "_stay"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        self._ended = False
        self._converse({"opening": opening, "memory": memory}, seconds)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return not self._ended and self._process.poll() is None

    def ask(self, job: Any, *, seconds: float) -> tuple[Any, bytes]:
        """Have one job done.

        Raises
        ------
        Stopped
            If the child was killed at the deadline, ran out of memory, or crashed; it is of no use any more.
        """
        return self._converse({"job": job, "seconds": seconds}, seconds)

    def _converse(self, message: Any, seconds: float) -> tuple[Any, bytes]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Event()

        def expire() -> None:
            late.set()
            self._process.kill()

        watch = threading.Timer(seconds, expire)
        watch.daemon = True
        watch.start()
        head, body = b"", b""
        try:
            with contextlib.suppress(BrokenPipeError):  # it is dead already: its last words are read below
                self._process.stdin.write(json.dumps(message).encode("utf-8") + b"\n")
                self._process.stdin.flush()
            head = self._process.stdout.readline()
            if head.endswith(b"\n"):
                reply, size = json.loads(head)
                body = self._process.stdout.read(size)
                if len(body) == size and not late.is_set():
                    return reply, body
            raise Stopped("time") if late.is_set() else _ended(self.end())
        except BaseException:
            self.end()
            raise
        finally:
            watch.cancel()
            if late.is_set():  # at the very moment of the reply: dead, though it has answered
                self.end()

    def end(self) -> bytes:
        """Kill the child and return what it last said on its error stream; done twice, nothing happens."""
        if self._ended:
            return b""
        self._ended = True
        self._process.kill()
        self._process.wait()
        said = b""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written to a dead child
                    said = pipe.read() if pipe is self._process.stderr else b""
                    pipe.close()
        return said


def limit(*, memory: int, seconds: float | None, closed: bool, files: int = 0) -> None:
    """Cap this process: address space, CPU time, no core dump; with `closed`, no new file or socket either.

    Parameters
    ----------
    memory : int
        Bytes of address space.
    seconds : float or None
        CPU time; None for no cap.
    closed : bool
    files : int
        How many files may still be opened although `closed`: RocksDB opens those of a larger store only when it
        needs them, and breaks down where it cannot.

    Notes
    -----
    On systems without such limits the parent's deadline remains. Where `files` are allowed, sockets are kept out by
    the kernel's filter for system calls (Linux); elsewhere a socket could take the place of a file.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {resource.RLIMIT_AS: memory, resource.RLIMIT_CORE: 0}
    if seconds is not None:
        wanted[resource.RLIMIT_CPU] = int(seconds) + 2
    if closed:
        wanted[resource.RLIMIT_NOFILE] = _room_for(files)
        if files:
            _no_sockets()
    for kind, most in wanted.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # some systems refuse some limits
            resource.setrlimit(kind, (most, most))


def _room_for(files: int) -> int:
    """Return the cap on descriptors under which so many more can be opened, and no further one."""
    number = free = 0
    while free < files:
        try:
            os.fstat(number)
        except OSError:
            free += 1
        number += 1
    return number


#: For each machine: its number in a filter, the call that sets one, and the calls that are refused: socket, execve,
#: execveat, ptrace, io_uring_setup.
_CALLS = {
    "x86_64": (0xC000003E, 317, (41, 59, 322, 101, 425)),
    "aarch64": (0xC00000B7, 277, (198, 221, 281, 117, 425)),
}


def _no_sockets() -> bool:
    """Have the kernel refuse sockets and programs to this process from now on; return whether it does."""
    machine = os.uname().machine if sys.platform == "linux" else ""
    if machine not in _CALLS:
        return False
    import ctypes
    import struct

    number, seccomp, refused = _CALLS[machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    no, yes = 0x00050000 | errno.EACCES, 0x7FFF0000
    # Each line: what to do, how many lines to skip if so, if not, and the operand [seccomp(2)].
    lines = [(load, 0, 0, 4), (equal, 0, len(refused) + 3, number), (load, 0, 0, 0)]
    lines += [(at_least, len(refused) + 1, 0, 0x40000000)]  # the calls of the other ABI of x86
    lines += [(equal, len(refused) - place, 0, call) for place, call in enumerate(refused)]
    lines += [(give, 0, 0, yes), (give, 0, 0, no)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(program)))
    system = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, every_thread = 38, 1, 1
    if system.prctl(no_new_privileges, 1, 0, 0, 0) != 0:
        return False
    return bool(system.syscall(seccomp, set_filter, every_thread, ctypes.byref(header)) == 0)


def _main() -> None:
    """Entry of every child: the name of the work as argument, a job on standard input, a reply on standard output."""
    source = sys.stdin.buffer
    head = json.loads(source.readline())
    blobs = [source.read(size) for size in head["blobs"]]
    module, _, name = sys.argv[1].partition(":")
    work = getattr(importlib.import_module(module), name)

    def confine(files: int = 0) -> None:
        limit(memory=head["memory"], seconds=head["seconds"], closed=True, files=files)

    limit(memory=head["memory"], seconds=head["seconds"], closed=False)
    out = json.dumps(work(head["job"], blobs, confine))
    sys.stdout.write(out)
    sys.stdout.flush()


def _stay() -> None:
    """Entry of every resident child: what to open on the first line of standard input, then a job on each line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its children
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not end up among the replies
    head = json.loads(source.readline())
    module, _, name = sys.argv[1].partition(":")

    def confine(files: int = 0) -> None:
        limit(memory=head["memory"], seconds=None, closed=True, files=files)

    def send(reply: Any, body: bytes) -> None:
        sink.write(json.dumps([reply, len(body)]).encode("utf-8") + b"\n" + body)
        sink.flush()

    limit(memory=head["memory"], seconds=None, closed=False)
    work = getattr(importlib.import_module(module), name)(head["opening"], confine)
    send(None, b"")
    while line := source.readline():
        message = json.loads(line)
        _spend(message["seconds"])
        send(*work(message["job"]))


def _spend(seconds: float) -> None:
    """Cap the CPU time from now on: should the parent vanish, a job does not go on for ever."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        most = int(time.process_time() + seconds) + 3
        resource.setrlimit(
            resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard)
        )
