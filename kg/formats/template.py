"""The empty batch: a workbook (or a folder of tables) that says in each column what belongs there.

What may be chosen comes from the ontology and the workspace; what a column means is told here, in plain words.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kg.claim import SOURCE_KINDS, Stance, Status
from kg.factfile import COLUMNS, REQUIRED

if TYPE_CHECKING:
    from kg.vocabulary import Vocabulary

__all__ = ["MEANING", "folder", "workbook"]

_TABLES = ("facts", "entities", "sources")
#: Rows of a sheet that have drop-down lists.
_ROWS = 1000

#: Table to column to what belongs there.
MEANING: Mapping[str, Mapping[str, str]] = {
    "facts": {
        "id": "A label of your own for the row, e.g. d-01; each once. It shows where a claim came from.",
        "subject": "Who or what the fact is about: an id from the sheet entities, or an id, name or alias the ledger knows.",
        "relation": "How subject and object are tied; the sheet lists says what each relation means and what it takes.",
        "object": "The other end of the tie: an id or name, or layer:battery and the like for a capability.",
        "verb": "Only with the relation relatedTo: the source's own verb, e.g. rejects.",
        "layer": "The layer of the car that the tie is about, where the source says; see the sheet lists.",
        "in_market": "Id of the country or union whose market the tie serves, e.g. for cars sold only there.",
        "outside_market": "Id of the country or union that the tie expressly leaves out.",
        "stance": "How the source puts it forward: confirmed, reported, denied, hypothesised or opinion.",
        "status": "Where the tie stands in its own life; empty for the relation's usual status.",
        "valid": "The time the fact is true of, in one cell: 2023/.. (still going on), 2023/ (end not known), 2023/2025. A single date, 2025-10 or 2024~ (about), is a period that begins and ends then.",
        "valid_from": "When it began: 2025, 2025-10 or 2025-10-01. Leave empty what the source does not say.",
        "valid_to": "When it ended; empty when that is not known, which is neither going on nor over.",
        "quantity": "A figure that belongs to the tie, digits only: 35, 4.99, 3500000000.",
        "unit": "The unit of the figure: percent, GWh/year, USD.",
        "source": "Id of the document you read, from the sheet sources or from the ledger.",
        "cited_source": "Id of the earlier document that yours names as its own source.",
        "depth": "0 the document speaks for itself, 1 it reports what somebody said, 2 it repeats another document.",
        "speaker": "Id or name of whoever the document says made the statement; the publisher is not the speaker.",
        "speaker_text": "The same in the document's words, where it gives no name: four people familiar with the matter.",
        "quote": "The exact words that carry the fact. Either this or paraphrase must be filled.",
        "quote_prefix": "A few words before the quote, to find it again.",
        "quote_suffix": "A few words after it.",
        "paraphrase": "One sentence of your own that says what the document says.",
        "locator": "Where in the document: paragraph 3, page 12, table 2.",
        "confidence": "0 to 1: how well the page supports exactly this claim. Not how likely you think it is.",
        "scenario": "Id of the scenario that a hypothesis belongs to.",
        "phase": "Number of its phase.",
        "conditional_on": "Ids of what the hypothesis depends on, with semicolons between.",
        "note": "A remark of yours.",
    },
    "entities": {
        "id": "A short name for use in the other sheets: lower-case letters, digits and hyphens. It never changes.",
        "label": "The full name, as people write it.",
        "kinds": "What it is, most important first, with semicolons between: oem;battery-supplier. See the sheet lists.",
        "country": "Where it sits: two capital letters of ISO 3166-1, or EU.",
        "parent": "Id of the group, body, country or maker it belongs to.",
        "aliases": "Other names, with semicolons between, in any script.",
        "identifiers": "Official numbers, with semicolons between: lei:…;wikidata:Q…;isin:…;ticker:NYSE:F.",
        "note": "A remark of yours.",
    },
    "sources": {
        "id": "A short name for use in the sheet facts: lower-case letters, digits and hyphens, e.g. harbour-2025-06-01.",
        "url": "Its address, beginning with https:// or http://.",
        "title": "Its title as printed.",
        "publisher": "Who published it; two stories of one publisher count as one voice.",
        "published": "When: 2025-10-01, 2025-10 or 2025.",
        "author": "Who wrote it.",
        "lang": "Its language: en, de, zh.",
        "kind": "What sort of document it is; choose from the list.",
        "consulted": "no for a document that others cite and you have not read; otherwise leave it empty.",
        "digest": "sha256:… of the text you read, if you keep it.",
        "note": "A remark of yours.",
    },
}  # fmt: skip

_STANCES = {
    Stance.CONFIRMED: "the parties or an official record say so themselves",
    Stance.REPORTED: "somebody says so",
    Stance.DENIED: "somebody says it is not so; name who in speaker",
    Stance.HYPOTHESISED: "it is imagined, not said to be so",
    Stance.OPINION: "somebody judges or expects it",
}
_STATUSES = {
    Status.RUMOURED: "it is only whispered of",
    Status.TALKS: "it is being talked about",
    Status.PLANNED: "it is decided and has not begun",
    Status.ACTIVE: "it is going on",
    Status.SUSPENDED: "it rests for now",
    Status.ENDED: "it is over",
    Status.CANCELLED: "it will not come about",
}
_STEPS = (
    "1. Sources: one row for each document you read (and for each that it cites, with consulted = no).",
    "2. Entities: one row for each firm, body, place or thing that the ledger does not know yet; `kg entity NAME` tells.",
    "3. Facts: one row for each statement: who, relation, whom, and the exact words or a sentence of your own.",
    "Columns with a dark head must be filled. All others may stay empty. Point at a head to see what belongs there.",
    "Dates may be as exact as the source: 2025, 2025-10 or 2025-10-01.",
    "Write no formulas, and leave the names of the sheets and columns as they are; sheets of your own are not read.",
    "Then: kg load --dry-run FILE   says what it would change and what is wrong, cell by cell; kg load FILE   stores it.",
    "A fact may also tell of its document in columns of its own, source_publisher, source_title, source_url, "
    "source_published, source_kind, with source left empty; then the sheet sources is not needed.",
)


def _blocks(
    words: Vocabulary, known: Mapping[str, str]
) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Return the lists to choose from: each with its heads and its rows, the value first."""

    def ends(classes: frozenset[str]) -> str:
        return ", ".join(sorted(words.label(name) for name in classes)) or "anything"

    relations: list[tuple[str, ...]] = [
        (
            name,
            relation.sentence.format(subject="SUBJECT", object="OBJECT"),
            ends(relation.allows_subject),
            ends(relation.allows_object),
        )
        for name, relation in sorted(words.relations.items())
    ]
    return [
        (("relation", "reads", "subject may be", "object may be"), relations),
        (("stance", "means"), [(str(key), text) for key, text in _STANCES.items()]),
        (("status", "means"), [(str(key), text) for key, text in _STATUSES.items()]),
        (("layer", "is"), sorted(words.layers.items())),
        (("kind", "is a"), [(code, words.label(words.kinds[code].cls)) for code in sorted(words.kinds)]),
        (("source kind",), [(kind,) for kind in SOURCE_KINDS]),
        (("known id", "name"), sorted(known.items())),
    ]


def workbook(words: Vocabulary, known: Mapping[str, str] | None = None) -> bytes:
    """Return the empty workbook.

    Parameters
    ----------
    words : Vocabulary
        Relations, layers and kinds to choose from.
    known : mapping of str to str, optional
        Id and label of each entity in the workspace, offered as subject and object besides the sheet's own.

    Returns
    -------
    bytes
        An .xlsx file that loads as it is, to nothing.
    """
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    guide = book.active
    assert guide is not None
    guide.title = "read me"
    dark, pale = PatternFill("solid", fgColor="1F4E78"), PatternFill("solid", fgColor="DDEBF7")
    white, bold, wrap = (
        Font(bold=True, color="FFFFFF"),
        Font(bold=True),
        Alignment(wrap_text=True, vertical="top"),
    )

    def text(cell: Any, value: str) -> Any:
        cell.value, cell.data_type = value, "s"  # never a formula, whatever a name begins with
        return cell

    lists = book.create_sheet("lists")
    ranges: dict[str, str] = {}
    last_of: dict[str, tuple[str, int]] = {}
    at = 1
    for heads, rows in _blocks(words, known or {}):
        letter = get_column_letter(at)
        ranges[heads[0]] = f"lists!${letter}$2:${letter}${max(len(rows), 1) + 1}"
        last_of[heads[0]] = (letter, len(rows))
        for shift, head in enumerate(heads):
            text(lists.cell(1, at + shift), head).font = bold
            lists.column_dimensions[get_column_letter(at + shift)].width = 22 if shift == 0 else 44
            for line, row in enumerate(rows, 2):
                text(lists.cell(line, at + shift), row[shift])
        at += len(heads) + 1
    lists.freeze_panes = "A2"

    new = f"entities!$A$2:$A${_ROWS + 1}"
    letter, many = last_of["known id"]
    if many:  # one list may have one range only: what is known, and below it what the sheet adds
        for line in range(_ROWS):
            lists[f"{letter}{many + 2 + line}"] = f'=IF(entities!A{line + 2}="","",entities!A{line + 2})'
        things = f"OFFSET(lists!${letter}$2,0,0,{many}+COUNTA({new}),1)"
    else:
        things = new

    def choice(formula: str, *, strict: bool = True) -> DataValidation:
        rule = DataValidation(type="list", formula1=formula, allow_blank=True)
        rule.showErrorMessage = strict
        rule.error, rule.errorTitle = (
            "Choose one from the list; the sheet “lists” says what each means.",
            "Not in the list",
        )
        return rule

    confidence = DataValidation(
        type="decimal", operator="between", formula1="0", formula2="1", allow_blank=True
    )
    confidence.showErrorMessage, confidence.errorTitle = True, "Not between 0 and 1"
    confidence.error = "Write 0.9 for nine in ten."
    rules: dict[tuple[str, str], DataValidation] = {
        ("facts", "relation"): choice(ranges["relation"]),
        ("facts", "subject"): choice(things, strict=False),
        ("facts", "object"): choice(things, strict=False),
        ("facts", "speaker"): choice(things, strict=False),
        ("facts", "stance"): choice(ranges["stance"]),
        ("facts", "status"): choice(ranges["status"]),
        ("facts", "layer"): choice(ranges["layer"]),
        ("facts", "depth"): choice('"0,1,2"'),
        ("facts", "source"): choice(f"sources!$A$2:$A${_ROWS + 1}", strict=False),
        ("facts", "cited_source"): choice(f"sources!$A$2:$A${_ROWS + 1}", strict=False),
        ("facts", "confidence"): confidence,
        ("entities", "kinds"): choice(ranges["kind"], strict=False),
        ("entities", "parent"): choice(things, strict=False),
        ("sources", "kind"): choice(ranges["source kind"]),
        ("sources", "consulted"): choice('"yes,no"'),
    }

    for table in _TABLES:
        sheet = book.create_sheet(table)
        sheet.freeze_panes = "A2"
        for at, column in enumerate(COLUMNS[table], 1):
            needed = column in REQUIRED[table]
            cell = sheet.cell(1, at, column)
            cell.font, cell.fill = (white, dark) if needed else (bold, pale)
            told = MEANING[table][column] + (" Must be filled." if needed else "")
            cell.comment = Comment(told, "kg template", width=320, height=110)
            letter = get_column_letter(at)
            sheet.column_dimensions[letter].width = (
                36 if column in ("quote", "paraphrase", "title", "url", "label") else 16
            )
            if column not in ("quantity", "confidence"):
                sheet.column_dimensions[
                    letter
                ].number_format = "@"  # 2025-10 typed into a cell of numbers becomes a day
            if rule := rules.get((table, column)):
                rule.add(f"{letter}2:{letter}{_ROWS + 1}")
                sheet.add_data_validation(rule)

    guide.column_dimensions["A"].width, guide.column_dimensions["B"].width = 22, 110
    text(guide.cell(1, 1), "Your own sourced facts").font = Font(bold=True, size=14)
    line = 3
    for step in _STEPS:
        text(guide.cell(line, 2), step).alignment = wrap
        line += 1
    for table in _TABLES:
        line += 1
        text(guide.cell(line, 1), f"Sheet {table}").font = bold
        for column, meaning in MEANING[table].items():
            line += 1
            needed = column in REQUIRED[table]
            text(guide.cell(line, 1), f"{column}{' (must be filled)' if needed else ''}").font = (
                bold if needed else Font()
            )
            text(guide.cell(line, 2), meaning).alignment = wrap
    book.move_sheet("lists", len(_TABLES))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def folder(words: Vocabulary, known: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the same as a folder: tables that have only a header, and ``read-me.txt`` with all that a sheet would show."""
    files = {f"{table}.csv": (",".join(COLUMNS[table]) + "\n").encode("utf-8") for table in _TABLES}
    told = ["Your own sourced facts", "", *_STEPS]
    for table in _TABLES:
        told += ["", f"{table}.csv"]
        told += [
            f"  {column}{' (must be filled)' if column in REQUIRED[table] else ''}: {meaning}"
            for column, meaning in MEANING[table].items()
        ]
    for heads, rows in _blocks(words, known or {}):
        told += ["", " | ".join(heads), *(f"  {_joined(row)}" for row in rows)]
    files["read-me.txt"] = ("\n".join(told) + "\n").encode("utf-8")
    return files


def _joined(row: Sequence[str]) -> str:
    return " | ".join(row)
