"""File formats of fact batches: which module reads or writes which, and the child process that does the reading.

A foreign file is never opened by the process that holds the ledger: its bytes go to a child that gives up files,
sockets, memory and time before it looks at them (`kg.child`), and what comes back is rows and problems. Each format
is one module here with ``read(name, data, batch)`` and, where it can be written, ``write(batch)``.
"""

from __future__ import annotations

import importlib
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kg import child
from kg.errors import Misuse, Problem
from kg.factfile import COLUMNS, FactFile

__all__ = ["READERS", "WRITERS", "decoded", "read", "read_trusted", "write"]

#: File name ending to the module that reads it.
READERS: Mapping[str, str] = {
    ".csv": "tables", ".tsv": "tables", ".xlsx": "sheets", ".yaml": "trees", ".yml": "trees", ".jsonl": "trees",
    ".ndjson": "trees", ".json": "trees", ".ttl": "rdf", ".trig": "rdf", ".nt": "rdf", ".nq": "rdf",
    ".jsonld": "rdf", ".rdf": "rdf", ".owl": "rdf", ".xml": "rdf",
}  # fmt: skip
#: Name of a written format to the module that writes it.
WRITERS: Mapping[str, str] = {
    "csv": "tables", "tsv": "tables", "xlsx": "sheets", "yaml": "trees", "jsonl": "trees", "turtle": "rdf",
    "trig": "rdf", "nquads": "rdf", "jsonld": "rdf", "rdfxml": "rdf", "nanopub": "nanopub", "ftm": "followthemoney",
}  # fmt: skip

_LARGEST_FILE = 256 << 20
_SECONDS = 60.0
_MEMORY = 1 << 30


def read(path: Path) -> FactFile:
    """Read a batch.

    Parameters
    ----------
    path : Path
        A folder with ``facts.csv`` and, as needed, ``entities.csv``, ``sources.csv``, ``scenarios.csv`` and
        ``batch.toml``; or a single file in one of the formats of `READERS`.

    Returns
    -------
    FactFile
        With every problem of form found; the rows that could be read are there all the same.

    Raises
    ------
    Misuse
        If there is nothing of the kind at `path`.
    """
    batch, files = _collect(path)
    if not files:
        return batch
    job = {"title": batch.title, "files": [name for name, _ in files]}
    try:
        plain = child.call(
            "kg.formats:_parse", job, [data for _, data in files], seconds=_SECONDS, memory=_MEMORY
        )
    except child.Stopped as end:
        why = {
            "time": f"took longer than {_SECONDS:g} s to read",
            "memory": "needed more memory to read than a file may",
            "crash": "is nested or built in a way that no reader can follow",
        }[end.why]
        batch.problems.append(Problem(path.name, 0, "", "unreadable", f"{why}; split it or save it again"))
        return batch
    found = FactFile.from_plain(plain)
    found.problems[:0] = batch.problems
    return found


def read_trusted(path: Path) -> FactFile:
    """Read a batch in this very process: only for the facts that come with the program."""
    batch, files = _collect(path)
    for name, data in files:
        _reader(name)(name, data, batch)
    return batch


def _parse(job: Mapping[str, Any], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Read the files of one batch; runs in the child process."""
    batch = FactFile(title=job["title"])
    readers = [_reader(name) for name in job["files"]]
    confine()
    for name, reader, data in zip(job["files"], readers, blobs, strict=True):
        reader(name, data, batch)
    return batch.plain()


def _reader(name: str) -> Any:
    if name == "batch.toml":
        return _read_manifest
    return importlib.import_module(f"kg.formats.{READERS[Path(name).suffix.lower()]}").read


def _collect(path: Path) -> tuple[FactFile, list[tuple[str, bytes]]]:
    """Return an empty batch and the files it is made of, with a problem for each that cannot be had."""
    batch, files = FactFile(title=path.resolve().name), list[tuple[str, bytes]]()
    if not path.exists() and not path.is_symlink():
        raise Misuse(f"there is no file or folder {str(path)!r}")
    if path.is_dir():
        names = [f"{table}{suffix}" for table in COLUMNS for suffix in (".csv", ".tsv")]
        found = [path / name for name in names if (path / name).exists()]
        if not found:
            raise Misuse(
                f"the folder {str(path)!r} holds none of {', '.join(f'{name}.csv' for name in COLUMNS)}"
            )
        wanted = [file for file in (path / "batch.toml",) if file.exists()] + found
    elif path.suffix.lower() in READERS:
        batch.title, wanted = path.stem, [path]
    else:
        raise Misuse(
            f"{path.name!r}: no file of this kind can be loaded; known endings are {', '.join(READERS)}"
        )
    for file in wanted:
        # A pipe would wait for ever and a device never end; a link may point anywhere.
        if not stat.S_ISREG(file.lstat().st_mode):
            batch.problems.append(
                Problem(file.name, 0, "", "not-a-file", "is a link, a device or a pipe; give a plain file")
            )
        elif file.stat().st_size > _LARGEST_FILE:
            batch.problems.append(
                Problem(file.name, 0, "", "too-large", f"is larger than {_LARGEST_FILE >> 20} MiB; split it")
            )
        else:
            try:
                files.append((file.name, file.read_bytes()))
            except OSError as error:
                batch.problems.append(
                    Problem(file.name, 0, "", "unreadable", f"cannot be read: {error.strerror or error}")
                )
    return batch, files


def _read_manifest(name: str, data: bytes, batch: FactFile) -> None:
    text = decoded(name, data, batch)
    if text is None:
        return
    try:
        manifest: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        batch.problems.append(Problem(name, 0, "", "bad-toml", f"cannot be read as TOML: {error}"))
        return
    batch.title = str(manifest.get("title", batch.title))
    batch.note = str(manifest.get("note", ""))
    batch.recorded = str(manifest.get("recorded", ""))


def decoded(name: str, data: bytes, batch: FactFile) -> str | None:
    """Return the text of a file, or None after noting why it cannot be had."""

    def refused(code: str, message: str) -> None:
        batch.problems.append(Problem(name, 0, "", code, message))

    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        refused("not-utf8", "is UTF-16; save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)")
        return None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")  # "utf-8-sig" would open a file of Python
    except UnicodeDecodeError as error:
        cure = "save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)"
        refused("not-utf8", f"is not UTF-8 (byte {error.start + 1}); {cure}")
        return None
    if "\x00" in text:
        refused("control-character", "holds NUL characters; it may not be a text file")
        return None
    return text


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return the files of a batch in a format of `WRITERS`: name to content."""
    if form not in WRITERS:
        raise Misuse(f"no format is called {form!r}; known are {', '.join(WRITERS)}")
    written: dict[str, bytes] = importlib.import_module(f"kg.formats.{WRITERS[form]}").write(batch, form)
    return written
