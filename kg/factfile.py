"""A fact batch as rows: tables, their columns, and where each cell stood, whatever file format it came in.

Only the *form* is settled here; whether the content makes sense is `kg.ingest`'s business, and how a format is read
or written that of its module in `kg.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kg.claim import Claim, Entity, Evidence, Proposition, Record, Retraction, Scenario, Source
from kg.errors import Problem
from kg.vocabulary import Vocabulary

__all__ = ["COLUMNS", "LISTS", "REQUIRED", "VERBATIM", "FactFile", "Row", "cells_of", "claim_of"]

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
#: Columns that hold several things, and what stands between them.
LISTS: Mapping[str, str] = {
    "kinds": ";", "aliases": ";", "identifiers": ";", "conditional_on": ";", "conditions": "|",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: where it stands, and its filled cells.

    Parameters
    ----------
    file : str
        Name of the file, with ``!sheet`` where it has sheets.
    line : int
        Line of the file or row of the sheet (the header is 1); 0 for rows that come from nowhere.
    cells : mapping of str to str
        Column to text; empty cells do not occur.
    heads : mapping of str to (str, str), optional
        For columns that the file calls otherwise, or that have a letter: column to (name in the file, letter).
    """

    file: str
    line: int
    cells: Mapping[str, str]
    heads: Mapping[str, Sequence[str]] | None = field(default=None, compare=False, repr=False)

    def get(self, column: str) -> str:
        """Return the text of a cell, without white space around it (but for quotes); empty where there is none."""
        return self.cells.get(column, "")

    def problem(self, column: str, code: str, message: str, severity: str = "error") -> Problem:
        """Return a problem that points at this row, and at the cell where it has a name."""
        name, letter = (self.heads or {}).get(column, (column, ""))
        cell = f"{letter}{self.line}" if letter else ""
        return Problem(self.file, self.line, name, code, message, severity, cell)

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
        heads: dict[int, Mapping[str, Sequence[str]]] = {}  # shared by the rows of a sheet: sent once
        tables: dict[str, list[Any]] = {}
        for table in COLUMNS:
            tables[table] = rows = []
            for row in self.rows(table):
                if row.heads is not None:
                    heads.setdefault(id(row.heads), row.heads)
                rows.append([row.file, row.line, row.cells, id(row.heads) if row.heads is not None else 0])
        problems = [[getattr(problem, name) for name in Problem.__slots__] for problem in self.problems]
        return {
            "title": self.title,
            "note": self.note,
            "recorded": self.recorded,
            **tables,
            "heads": [[key, dict(value)] for key, value in heads.items()],
            "problems": problems,
        }

    @classmethod
    def from_plain(cls, body: Mapping[str, Any]) -> FactFile:
        """Return the batch that `plain` made."""
        heads = dict(body["heads"])
        tables = {
            table: [Row(file, line, cells, heads.get(key)) for file, line, cells, key in body[table]]
            for table in COLUMNS
        }
        problems = [Problem(*problem) for problem in body["problems"]]
        return cls(body["title"], body["note"], body["recorded"], **tables, problems=problems)


#: Cells of a fact that a claim keeps under the same name.
_CLAIM_CELLS = (
    "stance", "source", "status", "cited_source", "depth", "speaker", "speaker_text", "confidence", "valid_from",
    "valid_to", "quantity", "unit", "scenario", "phase", "note",
)  # fmt: skip
_TIE_CELLS = ("subject", "relation", "object", "verb", "in_market", "outside_market")
_PROOF_CELLS = ("quote", "quote_prefix", "quote_suffix", "paraphrase", "locator")


def cells_of(record: Record) -> tuple[str, dict[str, str]]:
    """Return the table and the filled cells of the row that states a record: what a check of that row gives again."""
    lists: tuple[str, ...] = ()
    if isinstance(record, Claim):
        proposition = record.proposition
        cells = {
            **{name: getattr(proposition, name) for name in _TIE_CELLS},
            **{name: str(getattr(record, name)) for name in _CLAIM_CELLS},
            **{name: getattr(record.evidence, name) for name in _PROOF_CELLS},
            "layer": proposition.layer or record.about_layer,
        }
        table, lists = "facts", ("conditional_on",)
    elif isinstance(record, Scenario):
        cells = {name: getattr(record, name) for name in ("id", "phase", "label", "source", "note")}
        cells |= {name: getattr(record.evidence, name) for name in VERBATIM}
        table, lists = "scenarios", ("conditions",)
    elif isinstance(record, Entity):
        cells = {name: getattr(record, name) for name in ("id", "label", "country", "parent", "note")}
        table, lists = "entities", ("kinds", "aliases", "identifiers")
    else:
        table = (
            "sources"
            if isinstance(record, Source)
            else "withdrawals"
            if isinstance(record, Retraction)
            else "matches"
        )
        cells = {name: getattr(record, name) for name in COLUMNS[table]}
    cells |= {name: LISTS[name].join(getattr(record, name)) for name in lists}
    return table, {name: text for name, text in cells.items() if text}


def claim_of(row: Row, words: Vocabulary, valid: tuple[str, str]) -> Claim:
    """Return the claim that a fact makes: the other way round of `cells_of`.

    Parameters
    ----------
    row : Row
        With a relation that `words` knows and with ids for names.
    words : Vocabulary
    valid : (str, str)
        The two ends of the time it is about, however the row gives them.
    """
    direct = words.relations[row.get("relation")].pattern == "direct"
    proposition = Proposition(
        **{name: row.get(name) for name in _TIE_CELLS}, layer="" if direct else row.get("layer")
    )
    cells = {name: row.get(name) for name in _CLAIM_CELLS}
    cells["valid_from"], cells["valid_to"] = valid
    return Claim(
        words.normal(proposition),
        **cells,
        evidence=Evidence(**{name: row.get(name) for name in _PROOF_CELLS}),
        about_layer=row.get("layer") if direct else "",
        conditional_on=tuple(part.strip() for part in row.get("conditional_on").split(";") if part.strip()),
    )
