"""What is settled and told of every cell, whatever format it came in: blanks, line ends, and text that deceives.

Control characters and broken characters stop a load. What only deceives the eye or a spreadsheet is kept as it is and
told: characters that hide, names that look alike, texts that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from kg.errors import Problem
from kg.factfile import COLUMNS, LISTS, VERBATIM, FactFile, Row
from kg.glyphs import hidden, look_alikes, twins

__all__ = ["bounded", "formula_like", "inspect", "settled"]

#: What a spreadsheet takes for the beginning of a formula, in full width too; a plain number is none.
_FORMULA = re.compile(r"[\t\r]*[=+\-@＝＋－＠]|[\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")
_HIDDEN_FORMULA = re.compile(r"[\t\r]+[=+\-@＝＋－＠]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BROKEN = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_LONGEST_CELL = 1 << 20
#: Warnings of one kind that are told one by one, and problems of all kinds that one batch may have.
_WARNINGS_TOLD = 20
_ERRORS_TOLD = 1000
_NAMES = {
    "entities": ("label", "aliases"), "sources": ("publisher",), "facts": ("subject", "object", "speaker", "speaker_text"),
    "matches": ("name",),
}  # fmt: skip


def settled(column: str, text: str) -> str:
    """Return a cell as it is kept: line ends as one character, no blanks around it unless they are evidence.

    A tab or carriage return that hides a formula is no slip, and stays where it can be seen.
    """
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if column in VERBATIM or _HIDDEN_FORMULA.match(text):
        return "" if text.isspace() else text
    return text.strip()


def formula_like(text: str) -> bool:
    """Whether a spreadsheet would take a text for a formula; a plain number such as -12.5 is none."""
    return bool(_FORMULA.match(text)) and not _NUMBER.match(text)


def inspect(batch: FactFile) -> None:
    """Settle every cell of a batch and tell of every text that deceives.

    Parameters
    ----------
    batch : FactFile
        Changed in place.

    Notes
    -----
    Linear; about 3 µs for a row of plain ASCII.
    """
    for table in COLUMNS:
        rows = batch.rows(table)
        for at, row in enumerate(rows):
            cells = {name: kept for name, text in row.cells.items() if (kept := settled(name, text))}
            if cells != row.cells:
                rows[at] = row = Row(row.file, row.line, cells, row.heads)
            for name, text in cells.items():
                if (
                    not (text.isascii() and text.isprintable())
                    or text[0] in "=+-@"
                    or len(text) > _LONGEST_CELL
                ):
                    batch.problems.extend(_told(row, name, text))
    batch.problems.extend(_deceiving_names(batch))


def _told(row: Row, column: str, text: str) -> Iterator[Problem]:
    if len(text) > _LONGEST_CELL:
        yield row.problem(
            column,
            "too-large",
            f"holds {len(text):,} characters; keep it under {_LONGEST_CELL:,}, a quote is a few lines",
        )
        return
    if control := _CONTROL.search(text):
        yield row.problem(
            column,
            "control-character",
            f"holds the control character U+{ord(control.group()):04X}; delete it and type the text again",
        )
    if broken := _BROKEN.search(text):
        yield row.problem(
            column,
            "broken-character",
            f"holds U+{ord(broken.group()):04X}, which is half a character or none; type the text again",
        )
    if "\ufffd" in text:
        yield row.problem(
            column,
            "lost-character",
            "holds U+FFFD, which stands for a character that some program could not read; copy the text again",
            "warning",
        )
    if found := [name for name in hidden(text) if not _CONTROL.match(chr(int(name[2:], 16)))]:
        yield row.problem(
            column,
            "invisible-character",
            f"holds characters that hide or turn text round ({', '.join(found)}); it is kept as it is, take them out unless they belong there",
            "warning",
        )
    if formula_like(text):
        yield row.problem(
            column,
            "formula-like",
            "starts as a spreadsheet formula does; it is kept as text, and written so that no spreadsheet runs it",
            "warning",
        )


def _deceiving_names(batch: FactFile) -> Iterator[Problem]:
    """Names that are one text in two encodings, mix alphabets, or look like another of the batch."""
    first: dict[str, tuple[Row, str]] = {}
    for table, columns in _NAMES.items():
        for row in batch.rows(table):
            for column in columns:
                text = row.get(column)
                for name in text.split(LISTS[column]) if column in LISTS else (text,):
                    if name:
                        first.setdefault(name.strip(), (row, column))
    foreign = [name for name in first if not name.isascii()]
    if not foreign:
        return
    for other, name in twins(foreign):
        row, column = first[name]
        there, _ = first[other]
        yield row.problem(
            column,
            "unicode-twin",
            f"{name!r} is the same name as in {there.file}:{there.line}, in another encoding of its accents; write both alike",
            "warning",
        )
    mixed = [name for name in foreign if len(_alphabets(name)) > 1]
    for name in mixed:
        row, column = first[name]
        yield row.problem(
            column,
            "mixed-script",
            f"{name!r} mixes {' and '.join(sorted(_alphabets(name)))} letters in one word; type it again unless it is meant so",
            "warning",
        )
    for word, other in look_alikes(first):
        name = next(name for name in foreign if word in name)
        row, column = first[name]
        yield row.problem(
            column,
            "look-alike",
            f"{word!r} looks like {other!r} but is made of other letters; type it again unless they are two names",
            "warning",
        )


def _alphabets(name: str) -> set[str]:
    """The alphabets of the first word that mixes those which look alike; empty where none does."""
    for word in re.findall(r"\w+", name):
        found = {unicodedata.name(char, "").partition(" ")[0].capitalize() for char in word if char.isalpha()}
        if len(found & {"Latin", "Cyrillic", "Greek", "Armenian", "Cherokee"}) > 1:
            return found
    return set()


def bounded(problems: list[Problem]) -> list[Problem]:
    """Return the problems, each once; of many warnings of one kind the first, and how many more there are."""
    kept: list[Problem] = []
    more: dict[tuple[str, str], int] = {}
    count: dict[tuple[str, str], int] = {}
    errors = 0
    for problem in dict.fromkeys(problems):
        key = (problem.file, problem.code)
        if problem.severity == "error":
            errors += 1
            if errors > _ERRORS_TOLD:
                continue
        else:
            count[key] = count.get(key, 0) + 1
            if count[key] > _WARNINGS_TOLD:
                more[key] = more.get(key, 0) + 1
                continue
        kept.append(problem)
    kept += [
        Problem(file, 0, "", code, f"and {number:,} more of the same kind", "warning")
        for (file, code), number in more.items()
    ]
    if errors > _ERRORS_TOLD:
        kept.append(
            Problem(
                kept[0].file,
                0,
                "",
                "and-more",
                f"and {errors - _ERRORS_TOLD:,} more problems; mend these first",
            )
        )
    return kept
