"""Fact batches on disk: a folder of CSV files, read strictly, with the line of every row.

Only the *form* is checked here (encoding, header, number of cells); whether the content makes sense is
`kg.ingest`'s business. A reader never stops at the first problem and never repairs silently.
"""

from __future__ import annotations

import csv
import io
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.errors import Misuse, Problem, near

__all__ = ["COLUMNS", "FactFile", "Row", "read"]

#: Columns of each table, in the order of a written file. Bold ones are required; see README, "Your own facts".
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "entities": ("id", "label", "kinds", "country", "parent", "aliases", "note"),
    "sources": ("id", "url", "title", "publisher", "published", "author", "lang", "kind", "consulted", "digest", "note"),
    "facts": (
        "id", "subject", "relation", "object", "verb", "layer", "in_market", "outside_market", "stance", "status",
        "valid_from", "valid_to", "quantity", "unit", "source", "cited_source", "depth", "speaker", "speaker_text",
        "quote", "quote_prefix", "quote_suffix", "paraphrase", "locator", "confidence", "scenario", "phase",
        "conditional_on", "note",
    ),
    "scenarios": ("id", "phase", "label", "conditions", "source", "quote", "quote_prefix", "quote_suffix", "note"),
}  # fmt: skip
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "entities": ("id", "label", "kinds"),
    "sources": ("id", "publisher", "kind"),
    "facts": ("subject", "relation", "object", "stance", "source"),
    "scenarios": ("id", "label"),
}

_VERBATIM = ("quote", "quote_prefix", "quote_suffix")
_LARGEST_FILE = 256 * 1024 * 1024
_LARGEST_CELL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the file it stands in, its line (the header is 1), and its filled cells."""

    file: str
    line: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """Return the text of a cell, without white space around it (but for quotes); empty where there is none."""
        return self.cells.get(column, "")

    def problem(self, column: str, code: str, message: str, severity: str = "error") -> Problem:
        """Return a problem that points at this row."""
        return Problem(self.file, self.line, column, code, message, severity)

    @property
    def place(self) -> str:
        """Where the row stands, for the ledger: file, line and row label."""
        return f"{self.file}:{self.line} {self.get('id')}".rstrip()


@dataclass(slots=True)
class FactFile:
    """Everything a batch says, row by row, with the problems of its form.

    Attributes
    ----------
    title, note, recorded : str
        From ``batch.toml``; the title defaults to the folder's name.
    entities, sources, facts, scenarios : list of Row
    problems : list of Problem
    """

    title: str = ""
    note: str = ""
    recorded: str = ""
    entities: list[Row] = field(default_factory=list)
    sources: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    scenarios: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def rows(self, table: str) -> list[Row]:
        """Return the rows of one of the four tables."""
        rows: list[Row] = getattr(self, table)
        return rows


def read(path: Path) -> FactFile:
    """Read a batch.

    Parameters
    ----------
    path : Path
        A folder with ``facts.csv`` and, as needed, ``entities.csv``, ``sources.csv``, ``scenarios.csv`` and
        ``batch.toml``; or a single CSV file of facts whose entities and sources are on file already.

    Returns
    -------
    FactFile
        With every problem of form found; the rows that could be read are there all the same.

    Raises
    ------
    Misuse
        If there is nothing of the kind at `path`.
    """
    batch = FactFile(title=path.resolve().name)
    if not path.exists():
        raise Misuse(f"there is no file or folder {str(path)!r}")
    if path.is_dir():
        tables = {name: path / f"{name}.csv" for name in COLUMNS}
        if not any(file.exists() for file in tables.values()):
            raise Misuse(
                f"the folder {str(path)!r} holds none of {', '.join(f'{name}.csv' for name in COLUMNS)}"
            )
        _read_manifest(path / "batch.toml", batch)
        for name, file in tables.items():
            if file.exists():
                _read_table(file, name, batch)
    elif path.suffix.lower() == ".csv":
        batch.title = path.stem
        _read_table(path, "facts", batch)
    else:
        raise Misuse(f"{path.name!r}: this version loads a folder of CSV files or one CSV file of facts")
    return batch


def _read_manifest(path: Path, batch: FactFile) -> None:
    if not path.exists():
        return
    text = _text(path, batch)
    if text is None:
        return
    try:
        manifest: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        batch.problems.append(Problem(path.name, 0, "", "bad-toml", f"cannot be read as TOML: {error}"))
        return
    batch.title = str(manifest.get("title", batch.title))
    batch.note = str(manifest.get("note", ""))
    batch.recorded = str(manifest.get("recorded", ""))


def _text(path: Path, batch: FactFile) -> str | None:
    """Return the text of a file, or None after noting why it cannot be had."""

    def refused(code: str, message: str) -> None:
        batch.problems.append(Problem(path.name, 0, "", code, message))

    # A pipe would wait for ever and a device never end; a link may point anywhere.
    if not stat.S_ISREG(path.lstat().st_mode):
        refused("not-a-file", "is a link, a device or a pipe; give a plain file")
        return None
    if path.stat().st_size > _LARGEST_FILE:
        refused("too-large", f"is larger than {_LARGEST_FILE >> 20} MiB; split it")
        return None
    try:
        raw = path.read_bytes()
    except OSError as error:
        refused("unreadable", f"cannot be read: {error.strerror or error}")
        return None
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        refused("not-utf8", "is UTF-16; save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cure = "save it again as UTF-8 (in a spreadsheet: “CSV UTF-8”)"
        refused("not-utf8", f"is not UTF-8 (byte {error.start + 1}); {cure}")
        return None
    if "\x00" in text:
        refused("control-character", "holds NUL characters; it may not be a text file")
        return None
    return text


def _read_table(path: Path, table: str, batch: FactFile) -> None:
    text = _text(path, batch)
    if text is None:
        return
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems, name = batch.problems, path.name
    try:
        header = next(reader, [])
        if not _check_header(name, [cell.strip() for cell in header], table, problems):
            return
        columns = [cell.strip() for cell in header]
        line = reader.line_num + 1
        for cells in reader:
            start, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets leave empty lines at the end
            if len(cells) != len(columns):
                few = "too few" if len(cells) < len(columns) else "too many"
                hint = (
                    "is a quote or comma missing?"
                    if few == "too few"
                    else "put quotes around a cell that holds a comma"
                )
                problems.append(
                    Problem(
                        name,
                        start,
                        "",
                        "ragged-row",
                        f"{len(cells)} cells where the header has {len(columns)}: {few}; {hint}",
                    )
                )
                continue
            # Around a quote even the blanks are evidence; elsewhere they are slips.
            filled = {
                column: cell if column in _VERBATIM else cell.strip()
                for column, cell in zip(columns, cells, strict=True)
                if cell.strip()
            }
            row = Row(name, start, filled)
            problems += [
                row.problem(
                    column,
                    "control-character",
                    "holds a control character; delete it and type the text again",
                )
                for column, cell in filled.items()
                if any(ord(char) < 32 and char not in "\n\r\t" for char in cell)
            ]
            problems += [
                row.problem(
                    column, "empty-cell", f"must be filled: {column} is needed in every row of {table}.csv"
                )
                for column in REQUIRED[table]
                if column not in filled
            ]
            batch.rows(table).append(row)
    except csv.Error as error:
        problems.append(
            Problem(
                name,
                reader.line_num,
                "",
                "bad-csv",
                f"cannot be read as CSV: {error}; is a closing quote missing?",
            )
        )


def _check_header(name: str, header: list[str], table: str, problems: list[Problem]) -> bool:
    before = len(problems)

    def tell(column: str, code: str, message: str) -> None:
        problems.append(Problem(name, 1, column, code, message))

    if len(header) <= 1:
        sample = header[0] if header else ""
        likely = {";": "a semicolon", "\t": "a tab", "|": "a bar"}
        separator = next((word for char, word in likely.items() if char in sample), "")
        if separator:
            tell("", "one-column", f"it looks as if the separator is {separator}; save it with commas")
        else:
            tell("", "one-column", "the first line must name the columns, separated by commas")
        return False
    for column in sorted({column for column in header if header.count(column) > 1}):
        tell(column, "duplicate-column", f"the header names {column!r} twice; keep one of them")
    for column in header:
        if column not in COLUMNS[table]:
            hint = near(column, COLUMNS[table], 1)
            cure = f"did you mean {hint[0]}?" if hint else f"known are {', '.join(COLUMNS[table])}"
            tell(column, "unknown-column", f"no column of {table}.csv is called {column!r}; {cure}")
    for column in REQUIRED[table]:
        if column not in header:
            tell(column, "missing-column", f"the header lacks {column!r}, which every {table}.csv needs")
    return len(problems) == before
