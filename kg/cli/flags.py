"""Flags that many commands share, the workspace they open, and the progress bar while it is made."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from kg.cli.show import plain

if TYPE_CHECKING:
    from kg.workspace import KnowledgeGraph


class _Date(click.ParamType):  # type: ignore[type-arg]  # generic only in newer Click
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        from kg.evidence import last_day

        try:
            if not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", value):
                raise ValueError(value)
            return last_day(value)
        except (ValueError, TypeError, IndexError):
            self.fail(f"{value!r} is no date; write 2026-06-30, 2026-06 (its last day) or 2026", param, ctx)


def workspace_flag(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--home``."""
    return click.option(
        "--home",
        metavar="DIR",
        help="Folder of the workspace (default: KG_HOME or the platform's data folder).",
    )(command)


def view_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that choose a view, and ``--home``."""
    for option in reversed(
        (
            click.option(
                "--view",
                "view",
                default="cautious",
                metavar="POLICY",
                show_default=True,
                help="What counts as holding: confirmed, cautious, alive or scenario:<id>.",
            ),
            click.option(
                "--as-of",
                type=_Date(),
                metavar="DATE",
                help="Ask for what is true on this date (default: today).",
            ),
            click.option(
                "--known-by",
                type=_Date(),
                metavar="DATE",
                help="Use only what the ledger had recorded by this date.",
            ),
            click.option(
                "--without",
                multiple=True,
                metavar="SOURCE",
                help="Leave out a source id or a publisher; may be repeated.",
            ),
            click.option(
                "--min-origins",
                type=int,
                default=1,
                metavar="N",
                help="Accept only what N independent origins say.",
            ),
        )
    ):
        command = option(command)
    return workspace_flag(command)


def format_flags(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add ``--format`` with these forms, and ``--json``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option("--json", "as_json", is_flag=True, help="Same as --format json.")(command)
        return click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            default="table",
            show_default=True,
            help="Form of the answer.",
        )(command)

    return add


def policy_of(flags: dict[str, Any]) -> Any:
    """Return the `kg.view.Policy` that the view flags ask for."""
    from kg.view import Policy

    given = {
        "name": flags["view"],
        "known_by": flags["known_by"],
        "without": frozenset(flags["without"]),
        "min_origins": flags["min_origins"],
    }
    return Policy(**given, **({"as_of": flags["as_of"]} if flags["as_of"] else {}))


@contextlib.contextmanager
def opened(flags: dict[str, Any]) -> Iterator[KnowledgeGraph]:
    """Open the workspace the flags name, with their policy, showing progress while it is made."""
    from kg.workspace import KnowledgeGraph

    policy = policy_of(flags) if "view" in flags else None
    with Progress() as progress, KnowledgeGraph(flags.get("home"), policy, progress=progress) as graph:
        progress.done()
        yield graph


class Progress:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, what: str, step: int, steps: int) -> None:
        """Show how far something is; see `kg.workspace.KnowledgeGraph`."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(what, total=steps)
        self._bar.update(self._task, description=plain(what), completed=step, total=steps)

    def done(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()
