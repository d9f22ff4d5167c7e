"""YAML, JSON Lines and JSON: rows as mappings, all values as the text that is written there.

YAML is read event by event without its types: ``NO``, ``1.10`` and ``2025-10`` stay what they are, and what lets a
small file mean a big one (aliases) or something other than text (tags) is refused where it stands. In JSON, numbers
keep their spelling. A line of JSON may also be a record of the ledger, as `kg.claim` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from kg.claim import record_from
from kg.errors import Misuse, Problem, near
from kg.factfile import COLUMNS, LISTS, FactFile, cells_of
from kg.formats import decoded
from kg.formats.columns import INLINE, Table, folded, table_of

__all__ = ["read", "write"]

_ABOUT = ("title", "note", "recorded")
_RECORDS = ("claim", "entity", "match", "retraction", "scenario", "source")
_CARDS = ("source", "cited_source", "subject", "object")
_DEEPEST = 8
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.S)
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Node = str | list[Any] | dict[str, Any]


class _Map(dict[str, Any]):
    """A mapping and the line it begins on."""

    line = 0


class _List(list[Any]):
    """A list and the line it begins on."""

    line = 1


class _Bad(Exception):
    """The file cannot be read any further."""

    def __init__(self, line: int, column: int, code: str, message: str) -> None:
        self.line, self.column, self.code, self.message = line, column, code, message
        super().__init__(message)


class _Duplicate(Exception):
    """A key stands twice in a JSON object."""


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read a file of rows; see the module for the shapes it may have."""
    text = decoded(name, data, batch)
    if text is None:
        return
    rows = _Rows(name, batch)
    try:
        if name.lower().endswith((".yaml", ".yml")):
            rows.document(_yaml(text))
        elif name.lower().endswith(".json") and not _is_lines(text):
            rows.document(_json(text))
        else:
            _lines(text, rows)
    except _Bad as bad:
        batch.problems.append(Problem(name, bad.line, str(bad.column), bad.code, bad.message))


# -- rows


class _Rows:
    """The rows of one file on their way into a batch."""

    def __init__(self, name: str, batch: FactFile) -> None:
        self._name, self._batch = name, batch
        self._tables: dict[tuple[str, tuple[str, ...]], Table] = {}

    def _tell(self, line: int, column: str, code: str, message: str) -> None:
        self._batch.problems.append(Problem(self._name, line, column, code, message))

    def document(self, node: Node) -> None:
        """Take in a whole document: a list of rows, or tables by their names."""
        if isinstance(node, list):
            self._list("", node)
            return
        if not isinstance(node, _Map):
            if str(node).strip():
                self._tell(
                    1,
                    "1",
                    "not-rows",
                    "holds one text; write a list of facts, or tables such as “facts: […]”",
                )
            return
        if not any(folded(key) in (*COLUMNS, *_ABOUT) for key in node) and _ROW_KEYS.issuperset(
            map(folded, node)
        ):
            self.row(node)
            return
        for key, value in node.items():
            table = folded(key)
            if table in _ABOUT and isinstance(value, str):
                setattr(self._batch, table, value)
            elif table in COLUMNS and isinstance(value, list):
                self._list(table, value)
            elif table in COLUMNS and value != "":
                self._tell(
                    node.line,
                    key,
                    "not-rows",
                    "must be a list of rows, each beginning with a dash (YAML) or in braces",
                )
            elif table not in COLUMNS:
                hint = near(key, (*COLUMNS, *_ABOUT), 1)
                cure = f"did you mean {hint[0]}?" if hint else f"known are {', '.join((*_ABOUT, *COLUMNS))}"
                self._tell(node.line, key, "unknown-table", f"no part of a batch is called {key!r}; {cure}")

    def _list(self, table: str, nodes: Sequence[Node]) -> None:
        for number, node in enumerate(nodes, 1):
            if isinstance(node, _Map):
                self.row(node, table)
            else:
                self._tell(
                    getattr(nodes, "line", 1),
                    table,
                    "not-rows",
                    f"item {number} of the list is no row; write “column: text” for each cell",
                )

    def row(self, node: _Map, table: str = "") -> None:
        """Take in one row."""
        cells: dict[str, str] = {}
        for key, value in node.items():
            if isinstance(value, dict) and folded(key) in _CARDS:
                for inner, text in value.items():
                    column = key if folded(inner) == "id" else f"{folded(key)}_{folded(inner)}"
                    cells[column] = self._text(node.line, column, folded(inner), text)
            else:
                cells[key] = self._text(node.line, key, folded(key), value)
        keys = tuple(cells)
        if (table, keys) not in self._tables:
            self._tables[table, keys] = Table(
                self._batch,
                self._name,
                keys,
                line=node.line,
                table=table or table_of(map(folded, keys)),
                whole=False,
            )
        if self._tables[table, keys].usable:
            self._tables[table, keys].add(node.line, list(cells.values()))

    def _text(self, line: int, key: str, column: str, value: Node) -> str:
        if isinstance(value, str):
            return value
        between = LISTS.get(column)
        if isinstance(value, list) and between and all(isinstance(item, str) for item in value):
            if any(between in item for item in value):
                self._tell(
                    line,
                    key,
                    "bad-list",
                    f"an item holds “{between}”, which stands between items; write two items, or leave it out",
                )
            return between.join(value)
        what = "a list" if isinstance(value, list) else "a mapping"
        cure = (
            f"only {', '.join(LISTS)} take a list, and {', '.join(_CARDS)} a mapping"
            if column not in LISTS
            else "write a list of texts"
        )
        self._tell(line, key, "nested", f"holds {what}, where a text is wanted; {cure}")
        return ""


_ROW_KEYS = frozenset((*INLINE, *_CARDS)).union(*COLUMNS.values())


# -- YAML


def _yaml(text: str) -> Node:
    """Return a YAML document as nested texts, lists and mappings."""
    root: list[Node] = []
    stack: list[_Map | _List] = []
    anchor: yaml.Mark | None = None
    waiting: str | None = None  # the key whose value comes next

    def refuse(event: Any, code: str, message: str) -> None:
        mark = event.start_mark
        raise _Bad(mark.line + 1, mark.column + 1, code, message)

    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                refuse(
                    event, "alias", f"*{event.anchor} stands for something written elsewhere; write it out"
                )
            if isinstance(event, yaml.DocumentStartEvent) and root:
                refuse(event, "two-documents", "a second document begins; put all rows into one")
            if isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            if getattr(event, "tag", None) not in (None, "!"):
                refuse(
                    event, "tag", f"the tag {event.tag} would make it something other than text; leave it out"
                )
            anchor = anchor or (event.start_mark if event.anchor else None)
            node: str | _Map | _List
            if isinstance(event, yaml.ScalarEvent):
                node = event.value
            else:
                node = _List() if isinstance(event, yaml.SequenceStartEvent) else _Map()
                node.line = event.start_mark.line + 1
            holder = stack[-1] if stack else None
            if isinstance(holder, dict) and waiting is None:
                if not isinstance(node, str):
                    refuse(event, "bad-key", "the name of a column is a plain text; write “column: text”")
                elif node == "<<":
                    refuse(event, "merge", "<< merges in what an alias stands for; write it out")
                elif node in holder:
                    refuse(event, "duplicate-key", f"{node!r} stands twice in one mapping; keep one of them")
                else:
                    waiting = node
                    holder[node] = ""
                continue
            if isinstance(holder, dict):
                assert waiting is not None
                holder[waiting], waiting = node, None
            elif isinstance(holder, list):
                holder.append(node)
            else:
                root.append(node)
            if not isinstance(node, str):
                if len(stack) >= _DEEPEST:
                    refuse(event, "nested", f"is nested more than {_DEEPEST} deep; a batch is a list of rows")
                stack.append(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (
            (mark.line + 1, mark.column + 1) if mark else _at(text, getattr(error, "position", 0) or 0)
        )
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML"
        if "nesting" in said:
            raise _Bad(
                line, column, "nested", f"is nested more than {_DEEPEST} deep; a batch is a list of rows"
            ) from None
        cure = (
            "indent with blanks, never with tabs"
            if "\t" in text
            else "look at its indentation, colons and quotes"
        )
        raise _Bad(line, column, "bad-yaml", f"cannot be read as YAML: {said}; {cure}") from None
    if anchor:
        raise _Bad(
            anchor.line + 1,
            anchor.column + 1,
            "anchor",
            "an anchor (&) names a part to be used elsewhere; leave it out",
        )
    return root[0] if root else ""


# -- JSON


def _pairs(pairs: Sequence[tuple[str, Any]]) -> _Map:
    found = _Map(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Duplicate(next(key for key in keys if keys.count(key) > 1))
    return found


def _constant(text: str) -> str:
    raise ValueError(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=str, parse_float=str, parse_constant=_constant, strict=True
)


def _at(text: str, position: int) -> tuple[int, int]:
    """Return line and column, from 1, of a position."""
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


def _decode(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins at `start` and where it ends."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _Bad(
            *_at(text, error.pos),
            "bad-json",
            f"cannot be read as JSON: {error.msg}; look for a comma, quote or brace too few or too many",
        ) from None
    except _Duplicate as error:
        key = json.dumps(str(error), ensure_ascii=False)
        first = max(text.find(key, start), start)
        second = max(text.find(key, first + 1), first)
        raise _Bad(
            *_at(text, second),
            "duplicate-key",
            f"{error.args[0]!r} stands twice in one object; keep one of them",
        ) from None
    except RecursionError:
        raise _Bad(
            *_at(text, _too_deep(text, start)),
            "nested",
            f"is nested more than {_DEEPEST} deep; a batch is a list of rows",
        ) from None
    except ValueError as error:
        raise _Bad(*_at(text, start), "bad-json", f"{error} is no number; leave the cell out") from None


def _too_deep(text: str, start: int) -> int:
    depth = 0
    for found in _BRACKETS.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found.group(), 0)
        if depth > _DEEPEST:
            return found.start()
    return start


_BLANK = re.compile(r"[ \t\r\n]*")


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, chars: str) -> str:
    char = text[at : at + 1]
    if not char or char not in chars:
        raise _Bad(
            *_at(text, at), "bad-json", f"cannot be read as JSON: {' or '.join(chars)} is missing here"
        )
    return char


def _array(text: str, at: int) -> tuple[list[Any], int]:
    """Return the items of the array that begins at `at`, its objects with their lines, and where it ends."""
    items: list[Any] = []
    at = _skip(text, at + 1)
    line, counted = _at(text, at)[0], at
    if text[at : at + 1] == "]":
        return items, at + 1
    while True:
        line, counted = line + text.count("\n", counted, at), at
        value, end = _decode(text, at)
        if isinstance(value, _Map):
            value.line = line
        items.append(_plain(value))
        at = _skip(text, end)
        if _expect(text, at, ",]") == "]":
            return items, at + 1
        at = _skip(text, at + 1)


def _json(text: str) -> Node:
    """Return a JSON document as nested texts, lists and mappings; rows of its tables know their lines."""
    at = _skip(text, 0)
    node: Node
    if text[at : at + 1] == "[":
        node, end = _array(text, at)
    elif text[at : at + 1] == "{":
        node, end = _object(text, at)
    elif at == len(text):
        return ""
    else:
        value, end = _decode(text, at)
        node = _plain(value)
    if _skip(text, end) < len(text):
        raise _Bad(
            *_at(text, _skip(text, end)),
            "bad-json",
            "something follows the end of the document; for one object a line, use the ending .jsonl",
        )
    return node


def _object(text: str, start: int) -> tuple[_Map, int]:
    node = _Map()
    node.line = _at(text, start)[0]
    at = _skip(text, start + 1)
    if text[at : at + 1] == "}":
        return node, at + 1
    while True:
        _expect(text, at, '"')
        key, end = _decode(text, at)
        if key in node:
            raise _Bad(
                *_at(text, at), "duplicate-key", f"{key!r} stands twice in one object; keep one of them"
            )
        at = _skip(text, end)
        _expect(text, at, ":")
        at = _skip(text, at + 1)
        if folded(key) in COLUMNS and text[at : at + 1] == "[":
            node[key], end = _array(text, at)
        else:
            value, end = _decode(text, at)
            node[key] = _plain(value)
        at = _skip(text, end)
        if _expect(text, at, ",}") == "}":
            return node, at + 1
        at = _skip(text, at + 1)


def _plain(value: Any) -> Any:
    """Return a JSON value with its words as text: nothing for null."""
    if isinstance(value, _Map):
        for key, inner in value.items():
            if not isinstance(inner, str):
                value[key] = _plain(inner)
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value


def _is_lines(text: str) -> bool:
    """Whether a file called JSON has an object on each line."""
    first, _, rest = text.strip().partition("\n")
    if not rest.strip():
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _lines(text: str, rows: _Rows) -> None:
    """Take in one object a line, each line for itself: a bad one does not hide the next."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            _line(number, line, rows)
        except _Bad as bad:
            rows._tell(number, str(bad.column), bad.code, bad.message)


def _line(number: int, line: str, rows: _Rows) -> None:
    at = _skip(line, 0)
    value, end = _decode(line, at)
    if _skip(line, end) < len(line):
        raise _Bad(
            1, _skip(line, end) + 1, "bad-json", "something follows the end of the object; begin a new line"
        )
    if not isinstance(value, _Map):
        raise _Bad(
            1, at + 1, "not-rows", "holds no object; write {…} with a column and its text for each cell"
        )
    value.line = number
    if "table" not in value and value.get("type") in _RECORDS:
        _record(value, rows)
        return
    node = _plain(value)
    table = node.pop("table", "")
    if table == "batch":
        rows.document(_about(node))
    elif table and table not in COLUMNS:
        hint = near(str(table), COLUMNS, 1)
        cure = f"did you mean {hint[0]}?" if hint else f"known are {', '.join(COLUMNS)}"
        rows._tell(number, "table", "unknown-table", f"no table is called {table!r}; {cure}")
    else:
        rows.row(node, table)


def _about(node: _Map) -> _Map:
    kept = _Map({key: node[key] for key in _ABOUT if key in node})
    kept.line = node.line
    return kept


def _record(value: _Map, rows: _Rows) -> None:
    """Take in a record of the ledger: its cells are those that state it, to the letter."""
    name = value.pop("@id", None)  # as the ledger written as text has it
    try:
        _check_shape(value)
        record = record_from(json.dumps(value))
        if (
            name is not None and (mine := replace(record).record_id) != name
        ):  # of its content, not of this spelling
            raise ValueError(f"its id would be {mine}, not {name}: it was changed")
        table, cells = cells_of(record)
    except (Misuse, TypeError, ValueError, AttributeError) as error:
        raise _Bad(
            1,
            1,
            "bad-record",
            f"says it is a record of the ledger, but has not its shape ({error}); for a row of your own write “table” instead of “type”",
        ) from None
    node = _Map(cells)
    node.line = value.line
    rows.row(node, table)


def _check_shape(value: Mapping[str, Any]) -> None:
    for key, inner in value.items():
        if key in ("proposition", "evidence") and isinstance(inner, dict):
            _check_shape(inner)
        elif key in LISTS and isinstance(inner, list) and all(isinstance(item, str) for item in inner):
            if any(LISTS[key] in item for item in inner):
                raise ValueError(f"an item of {key} holds “{LISTS[key]}”")
        elif not isinstance(inner, str) or key in LISTS:
            raise ValueError(f"{key} is not written as a record has it")


# -- writing


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return ``batch.yaml``, or ``batch.jsonl`` with one row a line."""
    about = {key: getattr(batch, key) for key in _ABOUT if getattr(batch, key)}
    if form == "jsonl":
        lines: list[dict[str, str]] = [{"table": "batch", **about}] if about else []
        lines += [
            {"table": table, **_ordered(table, row.cells)} for table in COLUMNS for row in batch.rows(table)
        ]
        written = "".join(
            json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
        )
        return {"batch.jsonl": written.encode("utf-8")}
    tables = {
        table: [_listed(table, row.cells) for row in batch.rows(table)]
        for table in COLUMNS
        if batch.rows(table)
    }
    body = yaml.dump(
        {**about, **(tables or {"facts": []})}, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=1 << 30,
        default_flow_style=False, encoding="utf-8",
    )  # fmt: skip
    return {"batch.yaml": body}


def _ordered(table: str, cells: Mapping[str, str]) -> dict[str, str]:
    return {column: cells[column] for column in COLUMNS[table] if column in cells}


def _listed(table: str, cells: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Return the cells of a row with lists as lists, where nothing is lost by it."""
    return dict(_with_lists(_ordered(table, cells)))


def _with_lists(cells: Mapping[str, str]) -> Iterator[tuple[str, str | list[str]]]:
    for column, text in cells.items():
        items = text.split(LISTS[column]) if column in LISTS else []
        yield column, items if len(items) > 1 and all(items) else text
