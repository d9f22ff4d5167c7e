"""Workbooks (XLSX): read cell by cell as people see them, and written so that they read back.

A workbook is a zip of XML, and both can be made to explode or to reach out. So the sizes that the zip declares are
looked at first (they bind its reader), then each part goes once through expat, which stops at the first document
type, at a formula, and at a cell that stands too far away. openpyxl, whose number formats and dates are used here and
which writes the workbooks, would build all cells before one could look at them.

References
----------
ECMA-376, Office Open XML, part 1, SpreadsheetML; ST_Xstring in 22.9.2.19.
"""

from __future__ import annotations

import codecs
import datetime
import io
import posixpath
import re
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from kg.errors import Misuse, Problem
from kg.factfile import COLUMNS, REQUIRED, FactFile
from kg.formats.columns import Table, folded
from kg.formats.hygiene import formula_like

__all__ = ["GUIDES", "read", "write"]

#: What a number format shows as it stands: quoted, escaped, or the width of a character.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.')
#: Units of a quantity that is shown in per cent.
_PERCENT = frozenset({"percent", "per cent", "%", "pct"})
#: Sheets that `kg template` adds for people, and that hold no facts.
GUIDES = ("read me", "lists")

_LARGEST_PART = 96 << 20
_MOST_PARTS = 2000
_WORST_RATIO = 200
_MOST_ROWS, _MOST_COLUMNS = 200_000, 256
_LONGEST_TEXT = 32_767
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?\Z")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NEEDS_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_WIDE = ("quote", "paraphrase", "title", "url", "label", "note")
_UNFIT = re.compile(r"[:!\s]")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\Z")

codecs.lookup("cp437")  # names in old zips; it could not be imported once the child is confined


class _Refused(Exception):
    """The workbook is not read any further."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class _Enough(Exception):
    """What was looked for is found."""


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read the sheets of a workbook: those named for a table, or the first that holds anything."""
    try:
        _Book(name, data, batch).read()
    except _Refused as refused:
        batch.problems.append(refused.problem)


@dataclass(frozen=True, slots=True)
class _Sheet:
    title: str
    part: str
    hidden: bool


class _Book:
    def __init__(self, name: str, data: bytes, batch: FactFile) -> None:
        self.name, self.batch = name, batch
        self._open(data)
        self.strings: list[str] = []
        self.formats: list[str] = []
        self.epoch = WINDOWS_EPOCH
        self.percents: set[tuple[int, int]] = set()  # of the sheet read last: cells shown in per cent

    # -- the zip

    def _open(self, data: bytes) -> None:
        if data[:4] == b"\xd0\xcf\x11\xe0":
            self._refuse(
                "not-xlsx", "is an old .xls or protected by a password; save it as .xlsx without one"
            )
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError) as error:
            self._refuse("not-xlsx", f"is no workbook ({error}); save it again as .xlsx")
        parts = self.zip.infolist()
        size = sum(part.file_size for part in parts)
        if len(parts) > _MOST_PARTS or len({part.filename for part in parts}) < len(parts):
            self._refuse("not-xlsx", "is built of too many parts, or twice of one; save it again as .xlsx")
        if size > _LARGEST_PART or size > _WORST_RATIO * max(len(data), 1 << 16):
            self._refuse(
                "too-large",
                f"unpacks to {size / 2**20:,.0f} MiB; delete what is no fact, split it, or save the sheets as CSV",
            )
        if any(part.flag_bits & 1 for part in parts):
            self._refuse("not-xlsx", "is protected by a password; save it without one")

    def _refuse(self, code: str, message: str, *, part: str = "", line: int = 1, column: str = "1") -> None:
        raise _Refused(Problem(f"{self.name}!{part}" if part else self.name, line, column, code, message))

    def _walk(
        self,
        part: str,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] = lambda tag: None,
        text: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Send one part through expat, names without their namespaces."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True

        def doctype(*_: object) -> None:
            self._refuse(
                "doctype",
                "holds a DOCTYPE, which no spreadsheet program writes; open it in one and save it again",
                part=part, line=parser.CurrentLineNumber, column=str(parser.CurrentColumnNumber + 1),
            )  # fmt: skip

        def opened(tag: str, attributes: Mapping[str, str]) -> None:
            start(
                tag.rpartition("}")[2], {key.rpartition("}")[2]: value for key, value in attributes.items()}
            )

        parser.StartDoctypeDeclHandler = doctype
        parser.StartElementHandler = opened
        parser.EndElementHandler = lambda tag: end(tag.rpartition("}")[2])
        parser.CharacterDataHandler = text
        try:
            with self.zip.open(part) as stream:
                parser.ParseFile(stream)
        except KeyError:
            self._refuse(
                "not-xlsx", f"lacks its part {part}; open it in a spreadsheet program and save it again"
            )
        except expat.ExpatError as error:
            self._refuse(
                "not-xlsx", f"cannot be read ({expat.ErrorString(error.code)}); open it in a spreadsheet program and save it again",
                part=part, line=error.lineno, column=str(error.offset + 1),
            )  # fmt: skip
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, LookupError, OSError) as error:
            self._refuse(
                "not-xlsx",
                f"is damaged ({error}); open it in a spreadsheet program and save it again",
                part=part,
            )

    # -- the workbook

    def read(self) -> None:
        for (
            info
        ) in self.zip.infolist():  # nobody reads them; but a part that could do harm has no business here
            if info.filename.endswith((".xml", ".rels")):
                with self.zip.open(info.filename) as stream:
                    if b"<!DOCTYPE" in stream.read(4096):
                        self._walk(info.filename, lambda tag, attributes: None)
        sheets = self._sheets()
        filled = [
            sheet
            for sheet in sheets
            if folded(sheet.title) not in map(folded, GUIDES) and self._holds_anything(sheet)
        ]
        named = [sheet for sheet in filled if folded(sheet.title) in (*COLUMNS, "batch")]
        tables = [sheet for sheet in named if folded(sheet.title) != "batch"] or filled[:1]
        for sheet in filled:
            if sheet not in named and sheet not in tables:
                self._tell(
                    sheet, "unknown-sheet",
                    f"is no table and is not read; call it {', '.join(COLUMNS)}, or leave the other sheets out to have it read", "warning",
                )  # fmt: skip
            elif sheet.hidden:
                self._tell(
                    sheet,
                    "hidden-sheet",
                    "is hidden, and is read all the same; delete it if it should not be",
                    "warning",
                )
        if not filled:
            self._refuse(
                "no-table",
                "holds no rows; the first row of a sheet names the columns (`kg template` writes one)",
            )
        for sheet in named:
            if folded(sheet.title) == "batch":
                self._about(sheet)
        for sheet in tables:
            self._table(sheet)

    def _tell(self, sheet: _Sheet, code: str, message: str, severity: str = "error") -> None:
        self.batch.problems.append(Problem(self._place(sheet), 0, "", code, message, severity))

    def _place(self, sheet: _Sheet) -> str:
        return f"{self.name}!{_UNFIT.sub('_', sheet.title)}"

    def _targets(self, part: str) -> dict[str, tuple[str, str]]:
        """Relationship id to (kind, part) of what a part refers to."""
        folder, _, file = part.rpartition("/")
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                found[attributes.get("Id", "")] = (
                    attributes.get("Type", "").rpartition("/")[2],
                    target.lstrip("/"),
                )

        rels = f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels"
        if rels in self.zip.namelist():
            self._walk(rels, start)
        return found

    def _sheets(self) -> list[_Sheet]:
        main = next(
            (part for kind, part in self._targets("").values() if kind == "officeDocument"), "xl/workbook.xml"
        )
        targets = self._targets(main)
        sheets: list[_Sheet] = []

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self.epoch = MAC_EPOCH
            elif tag == "sheet":
                kind, part = targets.get(attributes.get("id", ""), ("", ""))
                if kind == "worksheet":
                    sheets.append(
                        _Sheet(
                            attributes.get("name", ""), part, attributes.get("state", "visible") != "visible"
                        )
                    )

        self._walk(main, start)
        for kind, part in targets.values():
            if kind == "sharedStrings":
                self._read_strings(part)
            elif kind == "styles":
                self._read_styles(part)
        return sheets

    def _read_strings(self, part: str) -> None:
        run = _Run()

        def end(tag: str) -> None:
            run.end(tag)
            if tag == "si":
                self.strings.append(run.taken())

        self._walk(part, run.start, end, run.text)

    def _read_styles(self, part: str) -> None:
        custom: dict[str, str] = {}
        inside: list[str] = []

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            inside.append(tag)
            if tag == "numFmt":
                custom[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif tag == "xf" and "cellXfs" in inside:
                number = attributes.get("numFmtId", "0")
                built_in = BUILTIN_FORMATS.get(int(number), "") if number.isdigit() else ""
                self.formats.append(custom.get(number, built_in))

        def end(tag: str) -> None:
            inside.pop()

        self._walk(part, start, end)

    # -- a sheet

    def _holds_anything(self, sheet: _Sheet) -> bool:
        try:
            return bool(self._rows(sheet, probe=True))
        except _Enough:
            return True

    def _about(self, sheet: _Sheet) -> None:
        """Read what a batch says of itself: a header with title, note, recorded, and one row."""
        rows = self._rows(sheet)
        if len(rows) > 1:
            (_, header), (_, values) = rows[:2]
            for at, key in header.items():
                if folded(key) in ("title", "note", "recorded") and values.get(at):
                    setattr(self.batch, folded(key), values[at])

    def _table(self, sheet: _Sheet) -> None:
        rows = self._rows(sheet)
        if not rows:
            return  # nothing but faults, and they are told
        line, header = rows[0]
        width = max(max(cells) for _, cells in rows)
        letters = [get_column_letter(at) for at in range(1, width + 1)]
        title = folded(sheet.title)
        table = Table(
            self.batch,
            self._place(sheet),
            [header.get(at, "") for at in range(1, max(header) + 1)],
            line=line,
            table=title if title in COLUMNS else "",
            letters=letters,
        )
        if table.usable:
            heads = {at: folded(name) for at, name in header.items()} if table.table == "facts" else {}
            shown = sorted(self.percents)
            for line, cells in rows[1:]:
                for row, at in shown[bisect_left(shown, (line, 0)) : bisect_left(shown, (line + 1, 0))]:
                    self._percent(sheet, row, at, cells, heads)
                table.add(line, [cells.get(at, "") for at in range(1, max(cells) + 1)])

    def _percent(
        self, sheet: _Sheet, row: int, at: int, cells: dict[int, str], heads: Mapping[int, str]
    ) -> None:
        """Settle a cell that is shown in per cent: a quantity as it is shown, if its unit is that; all else as it is stored."""
        text = cells[at]
        if heads.get(at) != "quantity":
            message = f"is shown in per cent and read as {text}; write it so"
            self.batch.problems.append(self._cell_problem(sheet, row, at, "percent-cell", message, "warning"))
            return
        seen = format((Decimal(text) * 100).normalize(), "f")
        unit = next((cells.get(other, "") for other, head in heads.items() if head == "unit"), "").strip()
        if unit.casefold() in _PERCENT:
            cells[at] = seen
            return
        del cells[at]
        said = f"its unit is {unit[:40]!r}" if unit else "no unit is given"
        message = f"is shown as {seen}% but {said}; write percent in the column unit, or format the cell as a plain number"
        self.batch.problems.append(self._cell_problem(sheet, row, at, "percent-cell", message))

    def _rows(self, sheet: _Sheet, *, probe: bool = False) -> list[tuple[int, dict[int, str]]]:
        """Return the rows of a sheet that hold anything: number, and text by number of column; as a probe, stop at the first."""
        rows: list[tuple[int, dict[int, str]]] = []
        cells: dict[int, str] = {}
        run = _Run()
        row = column = 0
        kind = style = ""
        formula = False
        self.percents.clear()

        def start(tag: str, attributes: Mapping[str, str]) -> None:
            nonlocal row, column, kind, style, formula, cells
            if tag == "c":
                column += 1
                if found := _REFERENCE.match(attributes.get("r", "")):
                    row, column = int(found[2]), _column_number(found[1])
                kind, style, formula = attributes.get("t", "n"), attributes.get("s", ""), False
            elif tag == "row":
                row = int(attributes["r"]) if attributes.get("r", "").isdigit() else row + 1
                column, cells = 0, {}
            elif tag == "f":
                formula = True
            elif tag == "mergeCell" and not probe:
                self._merged(sheet, attributes.get("ref", ""))
            run.start(tag, attributes)

        def end(tag: str) -> None:
            run.end(tag)
            if tag == "c":
                raw = run.taken()
                if not formula and not raw:
                    return
                if probe:
                    raise _Enough
                if row > _MOST_ROWS or column > _MOST_COLUMNS:
                    self._refuse_cell(
                        sheet, row, column, "far-cell",
                        f"stands far from the rest; a table ends by row {_MOST_ROWS:,} and column {get_column_letter(_MOST_COLUMNS)}, delete what is beyond",
                    )  # fmt: skip
                text = self._shown(sheet, row, column, kind, style, raw, formula=formula)
                if text and not text.isspace():
                    cells[column] = text
            elif tag == "row" and cells:
                rows.append((row, cells))

        self._walk(sheet.part, start, end, run.text)
        return rows

    def _cell_problem(
        self, sheet: _Sheet, row: int, column: int, code: str, message: str, severity: str = "error"
    ) -> Problem:
        return Problem(
            self._place(sheet), row, "", code, message, severity, f"{get_column_letter(column)}{row}"
        )

    def _refuse_cell(self, sheet: _Sheet, row: int, column: int, code: str, message: str) -> None:
        raise _Refused(self._cell_problem(sheet, row, column, code, message))

    def _merged(self, sheet: _Sheet, reference: str) -> None:
        found = _REFERENCE.match(reference.partition(":")[0])
        row, column = (int(found[2]), _column_number(found[1])) if found else (1, 1)
        self.batch.problems.append(
            self._cell_problem(
                sheet, row, column, "merged-cells",
                f"is merged ({reference}): its text counts for the first cell only; unmerge it and fill each cell", "warning",
            )
        )  # fmt: skip

    def _shown(
        self, sheet: _Sheet, row: int, column: int, kind: str, style: str, raw: str, *, formula: bool
    ) -> str:
        """Return a cell as people see it; tell of one that shows what it is not."""

        def tell(code: str, message: str, severity: str = "error") -> str:
            self.batch.problems.append(self._cell_problem(sheet, row, column, code, message, severity))
            return ""

        if formula:
            return tell(
                "formula-cell",
                "is a formula; facts are written out: copy the column and paste it as values",
            )
        if kind == "s":
            at = int(raw) if raw.isdigit() else -1
            if not 0 <= at < len(self.strings):
                return tell(
                    "damaged-cell", "refers to a text that is not there; open the file and save it again"
                )
            return self.strings[at]
        if kind in ("inlineStr", "str"):
            return raw
        if kind == "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        if kind == "e":
            return tell("error-cell", f"shows the error {raw}; type what it should say")
        if kind == "d":
            return raw.removesuffix("Z").removesuffix("T00:00:00")
        form = self.formats[int(style)] if style.isdigit() and int(style) < len(self.formats) else ""
        try:
            if form and form != "General" and is_date_format(form):
                return _date_shown(from_excel(float(raw), self.epoch), form)
            text = _number_shown(raw)
        except (ValueError, ArithmeticError):
            return tell("bad-number", f"holds {raw[:40]!r}, which is no number and no date; type it again")
        if "%" in _LITERAL.sub("", form):  # in quotes it is only written behind the number, not counted with
            self.percents.add((row, column))
        return text


class _Run:
    """The text of a cell or a shared string: its value or its runs, without the reading aids of East Asian text."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open = 0
        self._aside = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "rPh":
            self._aside += 1
        elif tag in ("t", "v") and not self._aside:
            self._open += 1

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self._aside -= 1
        elif tag in ("t", "v") and not self._aside:
            self._open -= 1

    def text(self, text: str) -> None:
        if self._open:
            self._parts.append(text)

    def taken(self) -> str:
        """Return what has been gathered, and begin anew."""
        text = "".join(self._parts)
        self._parts.clear()
        return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _number_shown(raw: str) -> str:
    """Return a number as a spreadsheet shows it: fifteen digits, no exponent, no ``.0``."""
    text = f"{float(raw):.15g}"
    if "n" in text:  # inf, nan
        raise ValueError(raw)
    return format(Decimal(text), "f") if "e" in text else text


def _date_shown(value: datetime.datetime | datetime.time | datetime.timedelta, form: str) -> str:
    """Return a date as exact as its format shows it: ``Oct-25`` is a month, not its first day."""
    if not isinstance(value, datetime.datetime):
        return str(value)
    shown = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.', "", form.partition(";")[0]).lower()
    if "y" in shown and "d" not in shown and "h" not in shown:
        return value.strftime("%Y-%m") if "m" in shown else f"{value.year:04d}"
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat(timespec="seconds")


# -- writing


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return one workbook with a sheet for each table that holds anything.

    Raises
    ------
    Misuse
        If a text is longer than a cell can be.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    for table in COLUMNS:  # before anything is begun: openpyxl would cut them off
        for row in batch.rows(table):
            if any(
                len(text) > _LONGEST_TEXT // 7 and len(_escaped(text)) > _LONGEST_TEXT
                for text in row.cells.values()
            ):
                raise Misuse(
                    f"a text of more than {_LONGEST_TEXT:,} characters fits into no cell of a workbook; write csv or jsonl"
                )
    book = openpyxl.Workbook(write_only=True)
    bold = Font(bold=True)

    def cell(sheet: Any, text: str) -> Any:
        if not text:
            return None
        if len(text) <= 15 and _NUMBER.match(text) and text != "-0" and _number_shown(text) == text:
            return WriteOnlyCell(sheet, float(text) if "." in text else int(text))
        made = WriteOnlyCell(sheet, _escaped(text))
        made.data_type, made.number_format = "s", "@"  # never a formula, whatever it begins with
        made.quotePrefix = formula_like(text)  # nor when somebody edits the cell
        return made

    def fill(title: str, columns: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for at, column in enumerate(columns, 1):
            sheet.column_dimensions[get_column_letter(at)].width = 40 if column in _WIDE else 16
        header = [WriteOnlyCell(sheet, column) for column in columns]
        for head in header:
            head.font = bold
        sheet.append(header)
        for row in rows:
            sheet.append([cell(sheet, text) for text in row])

    for table in [table for table in COLUMNS if batch.rows(table)] or ["facts"]:
        rows = batch.rows(table)
        used = set(REQUIRED[table]).union(*(row.cells for row in rows))
        columns = [column for column in COLUMNS[table] if column in used]
        fill(table, columns, ([row.get(column) for column in columns] for row in rows))
    about = ("title", "note", "recorded")
    if any(getattr(batch, key) for key in about):
        fill("batch", about, iter([[getattr(batch, key) for key in about]]))
    file = io.BytesIO()
    book.save(file)
    return {"batch.xlsx": file.getvalue()}


def _escaped(text: str) -> str:
    """Return a text as ST_Xstring has it: what XML cannot carry as ``_x000D_``."""
    return _NEEDS_ESCAPE.sub(lambda found: f"_x{ord(found.group()):04X}_", text)
