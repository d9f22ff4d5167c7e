"""A pool of resident children that each hold one opened thing, so that asking is quick and nothing can get stuck.

A child that runs over its deadline, its memory or a cliff is killed and replaced; the others go on answering. There
are never more children than the pool's size; who finds none free waits in a short queue, and who finds the queue
full, or waits too long, is told so at once. Children are started on demand, and the one that has been idle longest
makes room for what it does not hold.
"""

from __future__ import annotations

import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any

from kg.child import Resident, Stopped
from kg.errors import Unavailable

__all__ = ["Busy", "Workers"]


class Busy(Unavailable):
    """Every worker is at work and the queue is full; `after` is in how many seconds to try again."""

    def __init__(self, after: int) -> None:
        self.after = after
        super().__init__(f"too many queries are being answered; try again in {after} s")


@dataclass(frozen=True, slots=True)
class _Key:
    """What a child is started with: two askers with the same key may use the same child."""

    opening: str
    memory: int


class Workers:
    """Residents that do the same kind of work.

    Parameters
    ----------
    entry : str
        See `kg.child.Resident`; ``opening`` is a text.
    size : int
        Most children at a time. Four: a light query gets through while two heavy ones run.
    queue : int
        Most askers that wait.
    patience : float
        Seconds that an asker waits for a free child.

    Notes
    -----
    Safe to use from many threads. Closed with `close`, or when nobody holds it any more; no child is left.
    """

    def __init__(self, entry: str, *, size: int = 4, queue: int = 16, patience: float = 20.0) -> None:
        self._entry, self._size, self._queue, self._patience = entry, size, queue, patience
        self._changed = threading.Condition()
        self._idle: list[tuple[_Key, Resident]] = []  # longest idle first
        self._taken = 0  # children at work or being started
        self._waiting = 0
        self._closed = False
        self._residents: set[Resident] = set()
        self._end = weakref.finalize(self, _end_all, self._residents)

    def ask(self, opening: str, job: Any, *, seconds: float, memory: int = 2 << 30) -> tuple[Any, bytes]:
        """Have a job done by a child that holds `opening`.

        Parameters
        ----------
        opening : str
            What the child holds open, e.g. the folder of a store.
        job : JSON-able
        seconds : float
            Wall time of the job, waiting not included.
        memory : int
            Bytes of address space of the child.

        Raises
        ------
        Busy
            If no child came free.
        kg.child.Stopped
            If the job ran over its time or memory, or crashed the child.
        """
        key = _Key(opening, memory)
        resident = self._take(key)
        try:
            if resident is None:
                resident = self._start(key)
            return resident.ask(job, seconds=seconds)
        finally:
            self._give_back(key, resident)

    def close(self) -> None:
        """End every child; jobs that run are broken off."""
        with self._changed:
            self._closed = True
            self._idle.clear()
            self._changed.notify_all()
        self._end()

    def _take(self, key: _Key) -> Resident | None:
        """Return an idle child with this key, or None when there is room to start one; wait for either."""
        until = time.monotonic() + self._patience
        retired: Resident | None = None
        with self._changed:
            while True:
                if self._closed:
                    raise Unavailable("the workers have been closed")
                self._bury()
                for place, (held, resident) in enumerate(self._idle):
                    if held == key:
                        del self._idle[place]
                        self._taken += 1
                        return resident
                if self._taken + len(self._idle) < self._size:
                    break
                if self._idle:
                    _, retired = self._idle.pop(0)
                    break
                left = until - time.monotonic()
                if self._waiting >= self._queue or left <= 0:
                    raise Busy(5)
                self._waiting += 1
                try:
                    self._changed.wait(left)
                finally:
                    self._waiting -= 1
            self._taken += 1
        if retired is not None:
            retired.end()
            self._residents.discard(retired)
        return None

    def _bury(self) -> None:
        """Forget children that somebody else has ended."""
        for entry in [entry for entry in self._idle if not entry[1].alive]:
            self._idle.remove(entry)
            entry[1].end()
            self._residents.discard(entry[1])

    def _start(self, key: _Key) -> Resident:
        resident = Resident(self._entry, key.opening, memory=key.memory)
        self._residents.add(resident)
        if self._closed:  # meanwhile
            resident.end()
            raise Stopped("crash", "the workers have been closed")
        return resident

    def _give_back(self, key: _Key, resident: Resident | None) -> None:
        with self._changed:
            self._taken -= 1
            if resident is not None and resident.alive and not self._closed:
                self._idle.append((key, resident))
            elif resident is not None:
                resident.end()
                self._residents.discard(resident)
            self._changed.notify()


def _end_all(residents: set[Resident]) -> None:
    for resident in list(residents):
        resident.end()
