"""What people call a column, and what stands in it: which table a header makes, near misses, remarks, inline cards.

A table may say next to a fact what its document and its two ends are (``source_publisher``, ``subject_kinds`` …): then
one sheet is a whole batch. A column that nobody knows is a slip when it is close to one that is known, and otherwise a
remark: its text goes into the row's note, so that nothing is lost.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from kg.claim import digest
from kg.errors import Problem
from kg.factfile import COLUMNS, REQUIRED, FactFile, Row

__all__ = ["INLINE", "Table", "complete", "table_of"]

#: Column of a fact that names a card, to the table of the card.
_ROLES: Mapping[str, str] = {
    "source": "sources",
    "cited_source": "sources",
    "subject": "entities",
    "object": "entities",
}
#: Inline column to the column of the fact it belongs to and the column of the card it fills.
INLINE: Mapping[str, tuple[str, str]] = {
    f"{role}_{column}": (role, column) for role, table in _ROLES.items() for column in COLUMNS[table] if column != "id"
}  # fmt: skip
#: A card is made of what stands next to a fact when one of these is filled; a lone label is only a gloss.
_MAKES_A_CARD: Mapping[str, tuple[str, ...]] = {"sources": ("publisher", "kind"), "entities": ("kinds",)}
#: How like a known name an unknown one must be to be taken for a slip.
_SLIP = 0.75
_LONGEST_ID = 72
_KINDLESS = (
    "nothing is known of what the thing is, and few relations will take it; `kg query kinds` lists the kinds"
)
_OTHERWISE = {("facts", "source"): ", or tell of the document in source_publisher, source_kind, source_url …"}


def table_of(columns: Iterable[str]) -> str:
    """Return the table that these columns make: anything that names an end or a relation is facts.

    Where a column that would tell is missing or misspelt, the table that has most of the others.
    """
    names = set(columns)
    if names & {"subject", "relation", "object", "subject_label", "object_label"}:
        return "facts"
    if {"claim", "reason"} <= names:
        return "withdrawals"
    if {"name", "entity", "verdict"} <= names:
        return "matches"
    if "id" in names and "label" in names:
        return "scenarios" if names & {"phase", "conditions"} else "entities"
    if "id" in names and names & {"publisher", "url"}:
        return "sources"
    return max(("facts", *COLUMNS), key=lambda table: len(names.intersection(COLUMNS[table])))


def folded(name: str) -> str:
    """Return a column name as we write it: capitals, blanks, hyphens and a star for “required” do not count."""
    return re.sub(r"[\s_-]+", "_", name.strip().rstrip("*").strip()).lower()


class Table:
    """A table of a batch while it is read: what its columns mean, and its rows on their way in.

    Parameters
    ----------
    batch : FactFile
        Gets the rows and the problems.
    file : str
        Name of the file, with ``!sheet`` where it has sheets.
    columns : sequence of str
        As the file names them; an empty name is a column that holds nothing.
    line : int
        Line of the header, or of the first row that has these keys.
    table : str
        Empty to tell by the columns.
    letters : sequence of str
        Names of the columns of a sheet (``A``, ``B`` …), for the places of problems.
    whole : bool
        Whether a column that is required and missing is a fault of the header; otherwise each row is asked.

    Attributes
    ----------
    table : str
    usable : bool
        False with a fault in the header: then no row can be understood.
    """

    def __init__(
        self,
        batch: FactFile,
        file: str,
        columns: Sequence[str],
        *,
        line: int = 1,
        table: str = "",
        letters: Sequence[str] = (),
        whole: bool = True,
    ) -> None:
        self._batch, self._file, self._line = batch, file, line
        self._names = [name.strip() for name in columns]
        self._letters = list(letters)
        self._keys = [folded(name) for name in self._names]
        self.table = table or table_of(self._keys)
        self._rows = batch.rows(self.table)
        known = (*COLUMNS[self.table], *(INLINE if self.table == "facts" else ()))
        self._no_kinds = whole and self.table == "entities" and "kinds" not in self._keys
        self.usable = self._judge(known, whole)
        self._known = frozenset(known)
        renamed = any(key != name for key, name in zip(self._keys, self._names, strict=True))
        self._heads = (
            {key: (name, self._letter(at)) for at, (key, name) in enumerate(zip(self._keys, self._names, strict=True))}
            if letters or renamed
            else None
        )  # fmt: skip

    def _letter(self, at: int) -> str:
        return self._letters[at] if at < len(self._letters) else ""

    def _tell(self, at: int | None, code: str, message: str, severity: str = "error") -> None:
        name = self._names[at] if at is not None else ""
        letter = self._letter(at) if at is not None else ""
        cell = f"{letter}{self._line}" if letter else ""
        self._batch.problems.append(Problem(self._file, self._line, name, code, message, severity, cell))

    def _judge(self, known: Sequence[str], whole: bool) -> bool:
        fine, seen = True, set[str]()
        for at, (name, key) in enumerate(zip(self._names, self._keys, strict=True)):
            if key and key in seen:
                self._tell(at, "duplicate-column", f"the header names {name!r} twice; keep one of them")
                fine = False
            seen.add(key)
            if key in known or not key:
                continue
            slip = _meant(key, known)
            told = f"no column of {self.table} is called {name!r}"
            if slip:
                self._tell(at, "unknown-column", f"{told}; did you mean {slip}?")
                fine = False
            elif "note" in known:
                cure = f"its text is kept in the note, as “{name}: …”; known are {', '.join(COLUMNS[self.table])}"
                self._tell(at, "unknown-column", f"{told}; {cure}", "warning")
            else:
                self._tell(at, "unknown-column", f"{told}; known are {', '.join(known)}")
                fine = False
        return self._complete(seen) and fine if whole else fine

    def _complete(self, keys: set[str]) -> bool:
        fine = True
        for column in REQUIRED[self.table]:
            if column in keys or any(
                role == column for key, (role, _) in INLINE.items() if key in keys and self.table == "facts"
            ):
                continue
            if self._no_kinds and column == "kinds":
                self._tell(
                    None,
                    "no-kinds",
                    f"there is no column kinds: {_KINDLESS}",
                    "warning",
                )
                continue
            self._batch.problems.append(
                Problem(
                    self._file,
                    self._line,
                    column,
                    "missing-column",
                    f"the header lacks {column!r}, which every table of {self.table} needs; add it",
                )
            )
            fine = False
        return fine

    def add(self, line: int, values: Sequence[str]) -> None:
        """Take in one row: a text for each column; a row without any is passed over."""
        cells: dict[str, str] = {}
        remarks: list[str] = []
        for at, value in enumerate(values):
            if not value or value.isspace():
                continue
            key = self._keys[at] if at < len(self._keys) else ""
            if key in self._known:
                cells[key] = value
            elif key:
                remarks.append(f"{self._names[at]}: {value.strip()}")
            else:
                letter = self._letter(at)
                cell = f"{letter}{line}" if letter else ""
                self._batch.problems.append(
                    Problem(
                        self._file,
                        line,
                        "" if cell else str(at + 1),
                        "headless-cell",
                        "holds text, but its column has no name in the header; name the column or empty the cell",
                        cell=cell,
                    )
                )
        if remarks:  # sorted, so that the order of columns does not change a claim
            cells["note"] = "; ".join([*filter(None, [cells.get("note", "").strip()]), *sorted(remarks)])
        if cells:
            self._rows.append(Row(self._file, line, cells, self._heads))


def _meant(key: str, known: Sequence[str]) -> str:
    """Return the known column that an unknown one is a slip for; empty for none."""
    if f"source_{key}" in known:
        return f"source_{key}"
    return next(iter(difflib.get_close_matches(key, known, 1, _SLIP)), "")


# -- what stands next to a fact


def complete(batch: FactFile) -> None:
    """Make cards of the inline columns of facts, then say which required cells are empty.

    Parameters
    ----------
    batch : FactFile
        Changed in place: afterwards no row has an inline column.
    """
    cards = _Cards(batch)
    batch.facts[:] = [cards.without_inline(row) for row in batch.facts]
    cards.settle()
    kindless = {
        problem.file for problem in batch.problems if problem.code == "no-kinds"
    }  # told for the whole table
    for table, required in REQUIRED.items():
        for row in batch.rows(table):
            for column in required:
                if column in row.cells:
                    continue
                if column != "kinds":
                    batch.problems.append(
                        row.problem(
                            column,
                            "empty-cell",
                            f"must be filled; every row of {table} needs {column}{_OTHERWISE.get((table, column), '')}",
                        )
                    )
                elif row.file not in kindless:
                    batch.problems.append(
                        row.problem(column, "no-kinds", f"is empty: {_KINDLESS}", "warning")
                    )


class _Cards:
    """Cards that facts describe in passing, merged with each other and with the tables of cards."""

    def __init__(self, batch: FactFile) -> None:
        self._batch = batch
        self._cards: dict[tuple[str, str], Row] = {}
        for table in ("sources", "entities"):
            for row in batch.rows(table):
                self._cards.setdefault((table, row.get("id").strip()), row)
        self._listed = {key: id(row) for key, row in self._cards.items()}
        self._glossed: set[tuple[str, str]] = set()

    def without_inline(self, row: Row) -> Row:
        """Return a fact without its inline columns, having noted the cards they describe."""
        described: dict[str, dict[str, str]] = {}
        for column in row.cells:
            if column in INLINE:
                role, of_card = INLINE[column]
                described.setdefault(role, {})[of_card] = row.cells[column].strip()
        if not described:
            return row
        cells = {column: text for column, text in row.cells.items() if column not in INLINE}
        for role, card in described.items():
            table, named = _ROLES[role], row.get(role).strip()
            makes = any(column in card for column in _MAKES_A_CARD[table])
            if table == "sources":
                makes = makes or not named
            elif not makes and not named and "label" in card:
                cells[role] = card["label"]  # a known entity, by its name
                continue
            if not makes:
                self._gloss(row, role, table, named)
                continue
            name = named or (_source_id(card) if table == "sources" else _slug(card.get("label", "")))
            if name:
                cells[role] = name
                if role == "cited_source":
                    card.setdefault("consulted", "no")
                self._note(row, role, table, name, card)
        return Row(row.file, row.line, cells, row.heads)

    def _gloss(self, row: Row, role: str, table: str, named: str) -> None:
        if (table, named) not in self._cards and (row.file, role) not in self._glossed:
            self._glossed.add((row.file, role))
            needed = " and ".join(f"{role}_{column}" for column in _MAKES_A_CARD[table])
            self._batch.problems.append(
                row.problem(
                    role,
                    "only-a-gloss",
                    f"what stands next to {named!r} makes no card without {needed}; fill it for something new, and leave it for what is known (told once for this file)",
                    "warning",
                )
            )

    def _note(self, row: Row, role: str, table: str, name: str, card: dict[str, str]) -> None:
        there = self._cards.get((table, name))
        if there is None:
            heads = {column: (f"{role}_{column}", "") for column in COLUMNS[table] if column != "id"}
            heads["id"] = (role, "")
            for column, (shown, _) in list(heads.items()):
                if row.heads and shown in row.heads:
                    heads[column] = (row.heads[shown][0], row.heads[shown][1])
            self._cards[table, name] = Row(row.file, row.line, {"id": name, **card}, heads)
            return
        for column, text in card.items():
            said = there.get(column).strip()
            if said and said != text:
                what = "source" if table == "sources" else "entity"
                self._batch.problems.append(
                    row.problem(
                        f"{role}_{column}",
                        "contradicts",
                        f"says {text!r} where {there.file}:{there.line} says {said!r} of the same {what} {name!r}; make them the same, or give different ids in {role}",
                    )
                )
        missing = {column: text for column, text in card.items() if not there.get(column)}
        if missing:
            self._cards[table, name] = Row(there.file, there.line, {**there.cells, **missing}, there.heads)

    def settle(self) -> None:
        """Put the cards into their tables: those that were listed in their places, the new ones after them."""
        for table in ("sources", "entities"):
            rows = self._batch.rows(table)
            listed = {
                self._listed[key]: row
                for key, row in self._cards.items()
                if key[0] == table and key in self._listed
            }
            rows[:] = [listed.get(id(row), row) for row in rows]
            rows += [row for key, row in self._cards.items() if key[0] == table and key not in self._listed]


def _slug(text: str) -> str:
    """Return an id for a name: readable, and different for different names."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    kept = slug if len(slug) <= _LONGEST_ID else slug[:_LONGEST_ID].rpartition("-")[0] or slug[:_LONGEST_ID]
    letters = sum(char.isalnum() for char in unicodedata.normalize("NFKD", text))
    if kept == slug and sum(char.isalnum() for char in slug) == letters:
        return kept
    return f"{kept}-{digest(text)[:6]}".strip("-")


def _source_id(card: Mapping[str, str]) -> str:
    """Return the id of a document that has none: publisher, date and title, or address where it has no title."""
    address = urlsplit(card.get("url", "")).path if not card.get("title") else ""
    parts = (card.get("publisher", ""), card.get("published", ""), card.get("title", "") or address)
    return _slug(" ".join(part for part in parts if part))
