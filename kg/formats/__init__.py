"""File formats of fact batches: which module reads or writes which, and the child process that does the reading.

A foreign file is never opened by the process that holds the ledger: its bytes go to a child that gives up files,
sockets, memory and time before it looks at them (`kg.child`), and what comes back is rows and problems. Each format
is one module here with ``read(name, data, batch)`` and, where it can be written, ``write(batch, form)``; what holds
for the rows of every format (inline columns, required cells, text that deceives) is settled here, once.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kg import child
from kg.errors import Misuse, Problem, Unavailable, near
from kg.factfile import COLUMNS, FactFile

__all__ = ["READERS", "WRITERS", "decoded", "form_of", "manifest", "read", "read_trusted", "save", "write"]

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
_SMALL = 1 << 20
_BY_LINE = (".csv", ".tsv", ".jsonl", ".ndjson", ".nt", ".nq")
#: What FollowTheMoney entities look like where no single line can be read as JSON.
_FTM = re.compile(rb'"schema"\s*:\s*"[A-Z]\w*"')


def _limits(files: Sequence[tuple[str, bytes]]) -> tuple[float, int]:
    """Return seconds of wall time and bytes of memory that the files of a batch may cost to read."""
    # A workbook is packed. What is read line by line cannot cost more than its length, and may be as long as it likes.
    sizes = [
        (name.lower(), len(data) * (10 if name.lower().endswith(".xlsx") else 1)) for name, data in files
    ]
    plain = sum(size for name, size in sizes if name.endswith(_BY_LINE))
    if sum(size for _, size in sizes) <= _SMALL:
        return 4.5, 512 << 20
    return 9.0 + plain / (1 << 20), 1 << 30


def read(path: Path) -> FactFile:
    """Read a batch.

    Parameters
    ----------
    path : Path
        A folder with ``facts.csv`` and, as needed, ``entities.csv``, ``sources.csv``, ``scenarios.csv`` and
        ``batch.toml`` (or the same as ``.tsv``); or a single file in one of the formats of `READERS`.

    Returns
    -------
    FactFile
        With every problem of form found; the rows that could be read are there all the same.

    Raises
    ------
    Misuse
        If there is nothing of the kind at `path`.

    Notes
    -----
    A batch of at most 1 MiB may take 4.5 s and 512 MiB, a larger one 9 s (and one more for each MiB that is read line
    by line) and 1 GiB; then its child is killed.
    """
    batch, files = _collect(path)
    if not files:
        return batch
    seconds, memory = _limits(files)
    job = {"title": batch.title, "files": [name for name, _ in files]}
    try:
        plain = child.call(
            "kg.formats:_parse", job, [data for _, data in files], seconds=seconds, memory=memory
        )
    except child.Stopped as end:
        if "No module named" in end.detail:
            raise Misuse(f"the reader for {path.name} is not installed: {end.detail}") from end
        why = {
            "time": f"took longer than {seconds:g} s to read; split it into smaller files, or save it again as CSV",
            "memory": f"needed more than {memory >> 20} MiB of memory to read; split it into smaller files",
            "crash": "is nested or built in a way that no reader can follow; save it again, flat, e.g. as CSV",
        }[end.why]
        batch.problems.append(Problem(path.name, 0, "", "unreadable", why))
        return batch
    found = FactFile.from_plain(plain)
    found.problems[:0] = batch.problems
    return found


def read_trusted(path: Path) -> FactFile:
    """Read a batch in this very process: only for the facts that come with the program."""
    batch, files = _collect(path)
    for name, data in files:
        _reader(name, data)(name, data, batch)
    _finish(batch)
    return batch


def _parse(job: Mapping[str, Any], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Read the files of one batch; runs in the child process."""
    batch = FactFile(title=job["title"])
    readers = [_reader(name, data) for name, data in zip(job["files"], blobs, strict=True)]
    importlib.import_module("kg.formats.columns")
    importlib.import_module("kg.formats.hygiene")
    gc.disable()  # this process does one thing and ends: looking for cycles cost a third of the time
    confine()
    for name, reader, data in zip(job["files"], readers, blobs, strict=True):
        reader(name, data, batch)
    _finish(batch)
    return batch.plain()


def _finish(batch: FactFile) -> None:
    """Do what is the same for every format."""
    from kg.formats.columns import complete
    from kg.formats.hygiene import bounded, inspect

    complete(batch)
    inspect(batch)
    batch.problems[:] = bounded(batch.problems)


def _reader(name: str, data: bytes) -> Any:
    if name == "batch.toml":
        return _read_manifest
    suffix = Path(name).suffix.lower()
    room = "followthemoney" if suffix in (".json", ".jsonl", ".ndjson") and _is_ftm(data) else READERS[suffix]
    return importlib.import_module(f"kg.formats.{room}").read


def _is_ftm(data: bytes) -> bool:
    """Whether JSON looks like FollowTheMoney entities: objects with a schema and properties."""
    start = data[: 1 << 20].lstrip(b"\xef\xbb\xbf \t\r\n[")
    try:
        first = json.loads(start.partition(b"\n")[0].rstrip().rstrip(b",]"))
    except (ValueError, RecursionError):
        start = start[: 1 << 16]
        return bool(_FTM.search(start)) and b'"properties"' in start and b'"subject"' not in start
    return isinstance(first, dict) and "schema" in first and isinstance(first.get("properties"), dict)


def _collect(path: Path) -> tuple[FactFile, list[tuple[str, bytes]]]:
    """Return an empty batch and the files it is made of, with a problem for each that cannot be had."""
    batch, files = FactFile(title=path.absolute().name), list[tuple[str, bytes]]()
    if not path.exists() and not path.is_symlink():
        raise Misuse(f"there is no file or folder {str(path)!r}")
    if path.is_dir() and not path.is_symlink():
        batch.title, wanted = path.resolve().name, _tables_in(path, batch)
    elif path.suffix.lower() in READERS or path.is_symlink():
        batch.title, wanted = path.stem, [path]
    else:
        raise Misuse(
            f"{path.name!r}: no file of this kind can be loaded; known endings are {', '.join(READERS)}"
        )
    for file in wanted:
        data = _bytes_of(file, batch)
        if data is not None:
            files.append((file.name, data))
    return batch, files


def _tables_in(folder: Path, batch: FactFile) -> list[Path]:
    names = [f"{table}{suffix}" for table in COLUMNS for suffix in (".csv", ".tsv")]
    found = [folder / name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if not found:
        raise Misuse(
            f"the folder {str(folder)!r} holds none of {', '.join(f'{name}.csv' for name in COLUMNS)}; "
            "give the files themselves to load them one by one"
        )
    for stray in sorted(folder.iterdir()):
        if stray.suffix.lower() in READERS and stray not in found:
            hint = near(stray.name, names, 1)
            cure = f"did you mean {hint[0]}?" if hint else "load it by itself, or take it out of the folder"
            batch.problems.append(
                Problem(
                    stray.name,
                    0,
                    "",
                    "not-read",
                    f"is no table of a batch and is not read; {cure}",
                    "warning",
                )
            )
    return [file for file in (folder / "batch.toml",) if file.exists()] + found


def _bytes_of(file: Path, batch: FactFile) -> bytes | None:
    def refused(code: str, message: str) -> None:
        batch.problems.append(Problem(file.name, 0, "", code, message))

    try:
        # A pipe would wait for ever and a device never end; a link may point anywhere. Looked at again once it is
        # open, because it may have been exchanged in between.
        if not stat.S_ISREG(file.lstat().st_mode):
            refused("not-a-file", "is a link, a folder, a device or a pipe; give a plain file")
            return None
        flags = (
            os.O_RDONLY
            | getattr(os, "O_NOFOLLOW", 0)
            | getattr(os, "O_NONBLOCK", 0)
            | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(os.open(file, flags), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                refused("not-a-file", "is a link, a folder, a device or a pipe; give a plain file")
                return None
            data = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        refused("unreadable", f"cannot be read: {error.strerror or error}; look at its permissions")
        return None
    if len(data) > _LARGEST_FILE:
        refused("too-large", f"is larger than {_LARGEST_FILE >> 20} MiB; split it")
        return None
    return data


def _read_manifest(name: str, data: bytes, batch: FactFile) -> None:
    text = decoded(name, data, batch)
    if text is None:
        return
    try:
        said: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), found[2]) if found else (1, "1")
        batch.problems.append(
            Problem(name, line, column, "bad-toml", f'cannot be read as TOML: {error}; write title = "…"')
        )
        return
    for key in ("title", "note", "recorded"):
        setattr(batch, key, str(said.get(key, getattr(batch, key))))


def manifest(batch: FactFile) -> dict[str, bytes]:
    """Return ``batch.toml`` for the formats that are a folder; nothing for a batch that says nothing of itself."""
    said = [(key, getattr(batch, key)) for key in ("title", "recorded", "note")]
    lines = [
        f"{key} = {json.dumps(text, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
        for key, text in said
        if text
    ]
    return {"batch.toml": "".join(lines).encode("utf-8")} if lines else {}


def decoded(name: str, data: bytes, batch: FactFile) -> str | None:
    """Return the text of a file, or None after noting why it cannot be had, and where."""

    def refused(at: int, code: str, message: str) -> None:
        line_start = data.rfind(b"\n", 0, at) + 1
        line = data.count(b"\n", 0, at) + 1
        column = len(data[line_start:at].decode("utf-8", "replace")) + 1
        batch.problems.append(Problem(name, line, str(column), code, message))

    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        refused(0, "not-utf8", "is UTF-16; save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)")
        return None
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")  # "utf-8-sig" would open a file of Python
    except UnicodeDecodeError as error:
        cure = "save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)"
        refused(error.start, "not-utf8", f"is not UTF-8 (after byte {error.start}); {cure}")
        return None
    if (at := data.find(b"\x00")) >= 0:
        cure = "delete it; with many of them this is no text file"
        refused(at, "control-character", f"holds a NUL character (byte {at + 1}); {cure}")
        return None
    return text


def form_of(path: Path) -> str:
    """Return the format that the ending of a new file asks for; no ending is a folder of CSV files.

    Raises
    ------
    Misuse
        If no format has this ending.
    """
    forms = {".yaml": "yaml", ".yml": "yaml", ".jsonl": "jsonl", ".xlsx": "xlsx", ".ttl": "turtle", ".trig": "trig",
             ".nq": "nquads", ".jsonld": "jsonld", "": "csv"}  # fmt: skip
    suffix = path.suffix.lower()
    if suffix not in forms:
        endings = ", ".join(ending for ending in forms if ending)
        raise Misuse(f"{path.name!r}: give a folder, or a file that ends in one of {endings}")
    return forms[suffix]


def save(batch: FactFile, path: Path) -> list[Path]:
    """Write a batch to a file, in the format of its ending, or to a folder of CSV files where it has none.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    Misuse
        If no format has this ending, or something is there already: nothing is written then.
    Unavailable
        If it cannot be written.
    """
    written = write(batch, form_of(path))
    places = {path if path.suffix else path / name: body for name, body in written.items()}
    if taken := [place for place in places if place.exists()]:
        raise Misuse(f"{taken[0].name} is there already; give another name, or move it away")
    try:
        for place, body in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                file.write(body)
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be written: {error.strerror or error}") from error
    return list(places)


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return the files of a batch in a format of `WRITERS`: name to content."""
    if form not in WRITERS:
        raise Misuse(f"no format is called {form!r}; known are {', '.join(WRITERS)}")
    written: dict[str, bytes] = importlib.import_module(f"kg.formats.{WRITERS[form]}").write(batch, form)
    return written
