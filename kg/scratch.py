"""Things are made beside their place and moved there when they are whole; what a killed maker left behind is swept.

A scratch folder is locked for as long as its maker lives. The lock belongs to the process, so the system lets go of
it however the process ends, and whoever comes next can tell a folder at work from a dead one. Where folders cannot be
locked (Windows, some network disks), age decides.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["publish", "scratch", "sweep", "sync"]

#: Seconds after which a scratch folder that cannot be locked counts as left behind.
_OLD = 3600


@contextlib.contextmanager
def scratch(place: Path, prefix: str) -> Iterator[Path]:
    """Give a new locked folder in `place`; it goes at the end, unless it was moved away.

    Raises
    ------
    OSError
        If `place` cannot be written.
    """
    sweep(place, prefix)
    folder, handle = _made(place, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _made(place: Path, prefix: str) -> tuple[Path, int | None]:
    """Make a folder and lock it; under another name until it is locked, so that a sweep does not meet it unlocked."""
    while True:
        unborn = Path(tempfile.mkdtemp(prefix=f"new-{prefix}", dir=place))
        folder = unborn.with_name(unborn.name.removeprefix("new-"))
        handle = None
        try:
            handle = _lock(unborn)
            unborn.rename(folder)
        except FileNotFoundError:  # taken for a dead one's in that instant; once more
            if handle is not None:
                os.close(handle)
        else:
            return folder, handle


def sweep(place: Path, prefix: str) -> None:
    """Remove the scratch folders in `place` whose makers are gone. Costs a look into the folder."""
    try:
        found = [path for path in place.iterdir() if path.name.startswith((prefix, f"new-{prefix}"))]
    except OSError:
        return
    for folder in found:
        with contextlib.suppress(OSError):  # a neighbour may be sweeping too
            if folder.name.startswith("new-"):
                folder.rmdir()  # still empty; should its maker live, it makes another
                continue
            handle = _lock(folder)
            if handle is not None or (fcntl is None and folder.stat().st_mtime < time.time() - _OLD):
                shutil.rmtree(folder, ignore_errors=True)
            if handle is not None:
                os.close(handle)


def publish(file: Path, place: Path) -> None:
    """Move a finished file to its place, in the place of one that is there, and make sure that it stays there."""
    sync(file)
    file.replace(place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Have the disk hold a file or folder for certain, where the system can say so."""
    with contextlib.suppress(OSError):  # folders cannot be synced everywhere
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _lock(folder: Path) -> int | None:
    """Return the handle that holds a folder's lock, or None where it is held or cannot be had."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
