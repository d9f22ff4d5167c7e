"""A fact batch as rows: tables, their columns, and where each cell stood, whatever file format it came in.

Only the *form* is settled here; whether the content makes sense is `kg.ingest`'s business, and how a format is read
or written that of its module in `kg.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kg.errors import Problem

__all__ = ["COLUMNS", "REQUIRED", "VERBATIM", "FactFile", "Row"]

#: Columns of each table, in the order of a written file. Bold ones are required; see README, "Your own facts".
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "entities": ("id", "label", "kinds", "country", "parent", "aliases", "identifiers", "note"),
    "sources": ("id", "url", "title", "publisher", "published", "author", "lang", "kind", "consulted", "digest", "note"),
    "facts": (
        "id", "subject", "relation", "object", "verb", "layer", "in_market", "outside_market", "stance", "status",
        "valid", "valid_from", "valid_to", "quantity", "unit", "source", "cited_source", "depth", "speaker", "speaker_text",
        "quote", "quote_prefix", "quote_suffix", "paraphrase", "locator", "confidence", "scenario", "phase",
        "conditional_on", "note",
    ),
    "scenarios": ("id", "phase", "label", "conditions", "source", "quote", "quote_prefix", "quote_suffix", "note"),
    "withdrawals": ("claim", "reason"),
    "matches": ("name", "entity", "verdict", "reason"),
}  # fmt: skip
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "entities": ("id", "label", "kinds"),
    "sources": ("id", "publisher", "kind"),
    "facts": ("subject", "relation", "object", "stance", "source"),
    "scenarios": ("id", "label"),
    "withdrawals": ("claim", "reason"),
    "matches": ("name", "entity", "verdict"),
}

#: Columns whose blanks are evidence too.
VERBATIM = ("quote", "quote_prefix", "quote_suffix")


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
    entities, sources, facts, scenarios, withdrawals, matches : list of Row
    problems : list of Problem
    """

    title: str = ""
    note: str = ""
    recorded: str = ""
    entities: list[Row] = field(default_factory=list)
    sources: list[Row] = field(default_factory=list)
    facts: list[Row] = field(default_factory=list)
    scenarios: list[Row] = field(default_factory=list)
    withdrawals: list[Row] = field(default_factory=list)
    matches: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def rows(self, table: str) -> list[Row]:
        """Return the rows of one of the tables in `COLUMNS`."""
        rows: list[Row] = getattr(self, table)
        return rows

    def plain(self) -> dict[str, Any]:
        """Return everything as what JSON can carry, for the way out of a child process."""
        tables = {
            table: [[row.file, row.line, dict(row.cells)] for row in self.rows(table)] for table in COLUMNS
        }
        problems = [[getattr(problem, name) for name in Problem.__slots__] for problem in self.problems]
        return {
            "title": self.title,
            "note": self.note,
            "recorded": self.recorded,
            **tables,
            "problems": problems,
        }

    @classmethod
    def from_plain(cls, body: Mapping[str, Any]) -> FactFile:
        """Return the batch that `plain` made."""
        tables = {table: [Row(*row) for row in body[table]] for table in COLUMNS}
        problems = [Problem(*problem) for problem in body["problems"]]
        return cls(body["title"], body["note"], body["recorded"], **tables, problems=problems)
