"""Comma- and tab-separated tables: read strictly, with the line of every row, and written so that they read back.

A reader never stops at the first problem and never repairs silently.
"""

from __future__ import annotations

import csv
import io

from kg.errors import Problem, near
from kg.factfile import COLUMNS, REQUIRED, VERBATIM, FactFile, Row
from kg.formats import decoded

_LARGEST_CELL = 1024 * 1024


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read one table into a batch; the file's name says which (``facts.csv``), anything else is facts."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    table = stem if stem in COLUMNS else "facts"
    text = decoded(name, data, batch)
    if text is None:
        return
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    problems = batch.problems
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
                column: cell if column in VERBATIM else cell.strip()
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
