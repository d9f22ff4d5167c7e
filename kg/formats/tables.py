"""Comma- and tab-separated tables: read strictly, with the line of every row, and written so that they read back.

A reader never stops at the first problem and never repairs silently. What is written may be opened in a spreadsheet:
a text that would be taken for a formula gets an apostrophe before it, and the reader takes exactly that one away.
"""

from __future__ import annotations

import csv
import io
import re

from kg.errors import Problem
from kg.factfile import COLUMNS, FactFile
from kg.formats import decoded, manifest
from kg.formats.columns import Table
from kg.formats.hygiene import formula_like

__all__ = ["guarded", "read", "unguarded", "write"]

_LARGEST_CELL = 1024 * 1024
_MOST_COLUMNS = 1000
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_GUARDED = re.compile(r"'+[=+\-@＝＋－＠\t\r]")
_NEEDS_QUOTES = re.compile(r'[",\t\r\n]|^\s|\s$')


def guarded(text: str) -> str:
    """Return a cell as it is written: with an apostrophe where a spreadsheet would run it, or `unguarded` take one."""
    return f"'{text}" if formula_like(text) or _GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """Return the cell that `guarded` made this of."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read one table into a batch; its name says which (``facts.csv``), or else its header does."""
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    separator = "\t" if ending.lower() == "tsv" else ","
    text = decoded(name, data, batch)
    if text is None:
        return
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    start = 1

    def tell(line: int, column: str, code: str, message: str) -> None:
        batch.problems.append(Problem(name, line, column, code, message))

    try:
        header = next(reader, [])
        if len(header) <= 1 or len(header) > _MOST_COLUMNS:
            tell(
                1,
                "1",
                "one-column" if len(header) <= 1 else "too-many-columns",
                _odd_header(header, separator),
            )
            return
        table = Table(batch, name, header, table=stem if stem in COLUMNS else "")
        if not table.usable:
            return
        start = reader.line_num + 1
        for cells in reader:
            here, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets leave empty lines at the end
            if len(cells) < len(header):
                tell(
                    here,
                    header[len(cells)],
                    "ragged-row",
                    f"{_counted(cells, header)}: too few; is a quote or a comma missing?",
                )
            elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                tell(
                    here, str(len(header) + 1), "ragged-row",
                    f"{_counted(cells, header)}: too many; put quotes around a cell that holds a {'tab' if separator == chr(9) else 'comma'}",
                )  # fmt: skip
            else:
                table.add(here, [unguarded(cell) for cell in cells[: len(header)]])
    except csv.Error as error:
        if "field larger" in str(error):
            tell(
                start,
                "1",
                "too-large",
                f"a cell holds more than {_LARGEST_CELL:,} characters; is a closing quote missing?",
            )
            return
        tell(
            start,
            str(_opening_quote(text, start)),
            "bad-csv",
            f"cannot be read as CSV: {error}; is a closing quote missing, or a quote not doubled?",
        )


def _counted(cells: list[str], header: list[str]) -> str:
    return f"{len(cells)} cells where the header has {len(header)}"


def _odd_header(header: list[str], separator: str) -> str:
    if len(header) > _MOST_COLUMNS:
        return f"the header has {len(header):,} columns; a table has fewer than {_MOST_COLUMNS}; delete what is no fact"
    sample = header[0] if header else ""
    other = next((char for char in _SEPARATORS if char in sample and char != separator), "")
    if other:
        what = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}[other]
        return f"it looks as if the separator is {what}; save it with {_SEPARATORS[separator]}"
    return f"the first line must name the columns, separated by {_SEPARATORS[separator]}"


def _opening_quote(text: str, line: int) -> int:
    """Return the column, from 1, of the first quote on a line: where a row that cannot be read may begin to go wrong."""
    rest = io.StringIO(text, newline="")
    for _ in range(line - 1):
        rest.readline()
    return rest.readline(4096).find('"') + 1 or 1


# -- writing


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return ``facts.csv`` and the other tables (or the same as TSV) that hold anything, with ``batch.toml``."""
    separator = "\t" if form == "tsv" else ","
    tables = [table for table in COLUMNS if batch.rows(table)] or ["facts"]
    files = manifest(batch)
    for table in tables:
        columns = COLUMNS[table]
        lines = [separator.join(columns)]
        lines += [
            separator.join(_written(row.get(column)) for column in columns) for row in batch.rows(table)
        ]
        files[f"{table}.{form}"] = ("\n".join(lines) + "\n").encode("utf-8")
    return files


def _written(text: str) -> str:
    """Return a cell in quotes where it needs them; the writer of the standard library leaves a carriage return bare."""
    text = guarded(text)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
