"""Commands that bring facts in and hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from kg.cli.flags import opened, workspace_flag
from kg.cli.show import plain, print_json
from kg.errors import Problem


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and count; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@workspace_flag
def load(paths: tuple[Path, ...], dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Load sourced facts: folders of CSV files (facts.csv, entities.csv, sources.csv), all or nothing each."""
    failed, told = False, []
    with opened(flags) as graph:
        for path in paths:
            checked, batch = graph.load(path, dry_run=dry_run)
            failed |= bool(checked.errors)
            counts = _counts(checked.records)
            told.append(
                {
                    "path": path.name,
                    "stored": batch is not None,
                    "batch": batch.seq if batch else None,
                    "records": counts,
                    "problems": [_problem(problem) for problem in checked.problems],
                }
            )
            if as_json:
                continue
            for problem in checked.problems:
                click.echo(
                    plain(("warning: " if problem.severity == "warning" else "") + str(problem)), err=True
                )
            if checked.errors:
                click.echo(
                    f"{path.name}: {len(checked.errors)} problem{'s' if len(checked.errors) > 1 else ''}; nothing stored",
                    err=True,
                )
            elif dry_run:
                click.echo(f"{path.name}: would load {_said(counts)}")
            elif batch is None:
                click.echo(f"{path.name}: nothing new; the ledger is unchanged")
            else:
                click.echo(f"{path.name}: loaded {_said(counts)} as batch {batch.seq}")
        if as_json:
            print_json({"loads": told, "view": "", "head": graph.head})
        else:
            click.echo(f"ledger {graph.head[:12]}", err=True)
    if failed:
        raise SystemExit(1)


def _counts(records: Sequence[tuple[Any, str]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for record, _ in records:
        name = type(record).__name__.lower()
        counts[name] = counts.get(name, 0) + 1
    return counts


def _said(counts: dict[str, int]) -> str:
    plural = {"entity": "entities"}
    return (
        ", ".join(
            f"{number:,} {name if number == 1 else plural.get(name, name + 's')}"
            for name, number in sorted(counts.items())
        )
        or "nothing"
    )


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "row": problem.row,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }
