"""Printing: data to standard output, escaped so that no label can steer a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kg.dates import spoken
from kg.glyphs import escaped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

TIMES = {
    "current": "in force by its dates",
    "past": "over",
    "future": "still to come",
    "unknown": "end not known",
}
STYLES = {
    "confirmed": "green", "reported": "cyan", "contested": "yellow", "denied": "red",
    "hypothesised": "magenta", "hypothetical": "magenta", "opinion": "blue", "follows": "green",
}  # fmt: skip


def plain(text: str) -> str:
    """Return text without anything that could steer a terminal or turn the direction of reading."""
    return escaped(text)


def console_of() -> Console:
    """Return a console for standard output."""
    from rich.console import Console

    # Into a pipe or a file a table must not be folded to eighty characters.
    return Console(
        soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200, highlight=False
    )


def styled(word: str, style: str = "") -> Text:
    """Return text in the style of its word (a stance, a standing), or a given one."""
    from rich.text import Text

    return Text(plain(word), style=style or STYLES.get(word, ""))


def print_json(body: Any) -> None:
    """Print plain data as JSON."""
    click.echo(json.dumps(body, ensure_ascii=False, indent=1))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = ""
) -> None:
    """Print a table for people."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=plain(title) or None,
        caption=plain(caption) or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for column in columns:
        table.add_column(plain(column), overflow="fold")
    for row in rows:
        table.add_row(*(styled(cell) for cell in row))
    console_of().print(table)


def print_delimited(columns: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> None:
    """Print a table in one of the text forms, through the same code as answers of a query."""
    from kg.query import Answer

    answer = Answer(
        list(columns),
        [
            {name: {"type": "literal", "value": cell} for name, cell in zip(columns, row, strict=True)}
            for row in rows
        ],
    )
    click.echo(getattr(answer, form)(), nl=False)


def voice(card: dict[str, Any]) -> str:
    """Who says it: speaker, by way of which document."""
    speaker = card["speaker"]["label"] if card["speaker"] else card["speaker_text"]
    source = card["source"]
    told = source["publisher"] or source["id"]
    via = (
        f", citing {card['cited_source']['publisher'] or card['cited_source']['id']}"
        if card["cited_source"]
        else ""
    )
    return f"{speaker} — in {told}{via}" if speaker else f"{told}{via}"


def evidence(card: dict[str, Any]) -> str:
    """Return the exact words with their surroundings, or the paraphrase."""
    quote = card["quote"]
    if not quote:
        return str(card["paraphrase"])
    around = (
        f"…{quote['prefix']}" if quote["prefix"] else "",
        f"{quote['suffix']}…" if quote["suffix"] else "",
    )
    return f"{around[0]}“{quote['exact']}”{around[1]}"


def dates(card: dict[str, Any]) -> str:
    """Return when it was published and for when it is claimed."""
    valid = spoken(card["valid_from"], card["valid_to"])
    published = card["source"]["published"]
    return (
        "; ".join(
            part
            for part in (f"published {published}" if published else "", f"valid {valid}" if valid else "")
            if part
        )
        or "undated"
    )


def footer(body: dict[str, Any]) -> str:
    """Return one line with view, dates and ledger head."""
    known = f", known by {body['known_by']}" if body.get("known_by") else ""
    return f"view {body['view']} as of {body['as_of']}{known} · ledger {body['head'][:12]}"


def print_claims(console: Console, cards: Sequence[dict[str, Any]], indent: str = "  ") -> None:
    """Print claims, two lines each."""
    from rich.text import Text

    for card in cards:
        line = Text(indent)
        line.append(card["stance"], style=STYLES.get(card["stance"], ""))
        line.append(plain(f"  {voice(card)}"), style="bold")
        line.append(plain(f"  {dates(card)}  "))
        line.append(f"claim:{card['id']}", style="dim")
        console.print(line)
        scope = ", ".join(part for part in (card["layer"], card["status"]) if part)
        figure = " ".join(part for part in (card["quantity"], card["unit"]) if part)
        detail = " · ".join(part for part in (scope, figure) if part)
        console.print(Text(plain(f"{indent}    {evidence(card)}" + (f"  [{detail}]" if detail else ""))))
