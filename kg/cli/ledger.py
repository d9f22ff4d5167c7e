"""Commands that look after the ledger: what was loaded, undoing, integrity, health."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.flags import Progress, opened, view_flags, workspace_flag
from kg.cli.show import footer, plain, print_json, print_table
from kg.errors import Refused

if TYPE_CHECKING:
    from kg.check import Report


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@workspace_flag
def batches(as_json: bool, **flags: Any) -> None:
    """List what was loaded and undone, in order."""
    with opened(flags) as graph:
        found, head = graph.ledger.batches(), graph.head
    if as_json:
        print_json(
            {
                "batches": [
                    {
                        "batch": item.seq,
                        "kind": item.kind,
                        "title": item.title,
                        "recorded": item.recorded,
                        "records": item.size,
                        "undoes": item.undoes,
                        "undone": item.undone,
                        "hash": item.hash,
                    }
                    for item in found
                ],
                "view": "",
                "head": head,
            }
        )
        return
    undone_by = {item.undoes: item.seq for item in found}
    rows = [
        [
            str(item.seq),
            item.kind,
            item.title,
            item.recorded,
            f"{item.size:,}",
            f"undoes {item.undoes}"
            if item.undoes
            else f"undone by {undone_by[item.seq]}"
            if item.undone
            else "",
            item.hash[:12],
        ]
        for item in found
    ]
    print_table(
        "", ["batch", "kind", "title", "recorded", "records", "", "hash"], rows, caption=f"ledger {head[:12]}"
    )


@click.command()
@click.argument("batch", type=int)
@click.option("--why", "reason", default="", help="Reason, for the audit log.")
@click.option("--force", is_flag=True, help="Even if facts of other batches stand on its cards.")
@workspace_flag
def undo(batch: int, reason: str, force: bool, **flags: Any) -> None:
    """Take a batch out of account; the ledger keeps it and says so."""
    with opened(flags) as graph:
        dark = graph.standing_on(batch) if force else 0
        done = graph.undo(batch, reason=reason, force=force)
        click.echo(f"batch {batch} no longer counts (batch {done.seq}); ledger {graph.head[:12]}")
        if dark:
            click.echo(
                f"{dark:,} claim{'' if dark == 1 else 's'} of other batches stand{'s' if dark == 1 else ''} on its cards "
                "and go dark with them; loading the batch again brings them back",
                err=True,
            )


@click.command()
@click.argument("claim")
@click.option("--why", required=True, help="Reason; it is shown with the claim.")
@workspace_flag
def withdraw(claim: str, why: str, **flags: Any) -> None:
    """Take one claim out of account; it stays in the ledger, marked, and is shown with the reason.

    \b
      kg withdraw 4qzw3kdlx2mn --why "the page was about another firm of that name"
    """
    with opened(flags) as graph:
        done = graph.withdraw(claim, why)
        click.echo(plain(f"{done.title}\nbatch {done.seq}; `kg undo {done.seq}` brings the claim back"))
        click.echo(f"ledger {graph.head[:12]}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@workspace_flag
def backup(file: Path, **flags: Any) -> None:
    """Copy the ledger to a FILE, even while others load; an older backup of the same ledger is replaced."""
    with opened(flags) as graph:
        head = graph.backup(file)
        again = shlex.join(["kg", "restore", str(file)])
        click.echo(plain(f"{file}: ledger {head}, verified; `{again}` makes it anew"))


@click.command()
@click.argument("source", metavar="FILE-or-FOLDER", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Even if there is a ledger; it is kept beside the new one.")
@workspace_flag
def restore(source: Path, force: bool, **flags: Any) -> None:
    """Make the ledger anew from a backup, or from a folder that `kg export ledger` wrote; checked first."""
    from kg.workspace import restore as made_anew

    head, kept = made_anew(source, flags.get("home"), force=force)
    with opened(flags) as graph:
        many = len(graph.ledger.batches())
    click.echo(
        plain(
            f"restored {many:,} batch{'' if many == 1 else 'es'} from {source}, ledger {head}"
            + (f"; the one before is kept as {kept.name}" if kept else "")
        )
    )


@click.command()
@click.option(
    "--head", default="", metavar="HASH", help="Check that this earlier head is still part of the ledger."
)
@workspace_flag
def verify(head: str, **flags: Any) -> None:
    """Check every hash of the ledger."""
    with opened(flags) as graph:
        wrong = graph.verify(head)
        if wrong:
            raise Refused("the ledger is damaged", wrong)
        click.echo(f"intact: {len(graph.ledger.batches())} batches, head {graph.head}")


@click.command()
@click.argument("batch", required=False, metavar="[FOLDER]", type=click.Path(path_type=Path))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(("ledger", "shapes", "consistency", "hygiene", "documents")),
    help="Check only this part; may be repeated.",
)
@click.option(
    "--deadline", type=float, default=120, show_default=True, help="Seconds that the reasoner may take."
)
@click.option(
    "--engine",
    type=click.Choice(("own", "pyshacl")),
    default="own",
    show_default=True,
    help="What runs the shapes.",
)
@click.option(
    "--documents",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Look every quote up in its document: files called after their source, or listed in documents.csv.",
)
@click.option("--all", "everything", is_flag=True, help="Show hints too, and every warning of a kind.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@view_flags
def check(
    batch: Path | None,
    documents: Path | None,
    only: tuple[str, ...],
    deadline: float,
    engine: str,
    everything: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Check ledger, shapes, consistency and hygiene; or a FOLDER of facts before it is loaded.

    Every fault is told with its file, row and column, and what would be right. What makes no sense is kept in the
    ledger and left out of every view until a later check finds it mended. Exit code 1 when there are errors.

    \b
      kg check
      kg check my-batch
      kg check --only consistency --deadline 600
      kg check --documents my-sources --only documents
    """
    from kg.check import check as examine

    with opened(flags) as graph, Progress() as progress:
        report = examine(
            graph, batch, documents=documents, only=only, deadline=deadline, engine=engine, progress=progress
        )
    if as_json:
        print_json(report.plain(hints=everything))
    else:
        _print_report(report, everything)
    if not report.healthy:
        raise SystemExit(1)


def _print_report(report: Report, everything: bool) -> None:
    names = {"error": "", "warning": "warning: ", "info": "hint: "}
    alike: dict[str, int] = {}
    hidden = 0
    for finding in report.findings:
        problem = finding.problem
        alike[problem.code] = alike.get(problem.code, 0) + 1
        few = problem.severity == "warning" and alike[problem.code] <= 5
        if everything or few or problem.severity == "error":
            click.echo(plain(names[problem.severity] + str(finding)))
        else:
            hidden += 1
    for part in report.parts:
        counts = report.counts(part.name)
        said = [
            f"{number:,} {word}{'' if number == 1 else 's'}"
            for number, word in zip(counts.values(), ("error", "warning", "hint"), strict=True)
            if number
        ]
        state = part.state if part.state == "skipped" else ", ".join(said) or part.state
        looked = "; ".join(text for text in (part.looked_at, part.note) if text)
        click.echo(plain(f"{part.name:<12} {state:<20} {part.seconds:6.1f} s  {looked}"))
    if report.quarantine:
        many = len(report.quarantine)
        click.echo(
            f"{many:,} proposition{'' if many == 1 else 's'} quarantined: kept in the ledger, left out of every view"
        )
    if hidden:
        click.echo(f"{hidden:,} more warnings and hints of these kinds; --all shows them", err=True)
    click.echo(plain(footer(report.stamp)), err=True)
