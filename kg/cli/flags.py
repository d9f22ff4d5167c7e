"""Flags that many commands share, the workspace they open, and the progress bar while it is made."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.show import plain

if TYPE_CHECKING:
    from kg.policy import Policy
    from kg.workspace import KnowledgeGraph


class _Date(click.ParamType):  # type: ignore[type-arg]  # generic only in newer Click
    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        from kg.dates import NotADate, last_day

        try:
            return last_day(value)
        except NotADate as error:
            self.fail(f"{error}; of a month or a year the last day is meant", param, ctx)


class _DateOrHead(_Date):
    name = "date or head"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        # Eight digits or more are a head, as answers show it; a date has hyphens or four digits.
        if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{8,64}", value):
            return value
        if isinstance(value, date):
            return value
        from kg.dates import NotADate, last_day

        try:
            return last_day(value)
        except NotADate:
            self.fail(
                f"{value!r} is no date and no ledger head; write 2026-06-30, or the first digits (8 at least) of a "
                "head as `kg batches` shows it",
                param,
                ctx,
            )


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
                help="What counts as holding: confirmed, cautious, alive, scenario:<id>, or a policy file (.toml).",
            ),
            click.option(
                "--as-of",
                type=_Date(),
                metavar="DATE",
                help="Ask for what is true on this date (default: today).",
            ),
            click.option(
                "--known-by",
                type=_DateOrHead(),
                metavar="DATE|HEAD",
                help="Use only what the ledger had recorded by this date, or by this earlier head.",
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
                metavar="N",
                help="Accept only what N independent origins say (default: 1).",
            ),
            click.option(
                "--assume",
                multiple=True,
                metavar="SCENARIO",
                help="Let the hypotheses of a scenario hold besides; may be repeated.",
            ),
        )
    ):
        command = option(command)
    return workspace_flag(command)


def given_view_flags() -> list[str]:
    """Return the flags of `view_flags` that the user of the command now running has written."""
    context = click.get_current_context()
    names = ("view", "as_of", "known_by", "without", "min_origins", "assume")
    return [
        "--" + name.replace("_", "-")
        for name in names
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]


_SIDES = ("view", "as_of", "known_by", "min_origins")


def two_views(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags that choose a view, each of which may be given twice, once for each side."""
    for option in reversed(
        (
            click.option("--view", multiple=True, metavar="POLICY", help="What counts as holding; twice for two sides."),
            click.option("--as-of", multiple=True, type=_Date(), metavar="DATE", help="The date asked about; twice for two sides."),
            click.option("--known-by", multiple=True, type=_DateOrHead(), metavar="DATE|HEAD", help="What the ledger had recorded; twice for two sides."),
            click.option("--min-origins", multiple=True, type=int, metavar="N", help="Independent origins needed; twice for two sides."),
            click.option("--without", multiple=True, metavar="SOURCE", help="Leave out a source id or publisher, on both sides."),
            click.option("--assume", multiple=True, metavar="SCENARIO", help="Let the hypotheses of a scenario hold, on both sides."),
        )
    ):  # fmt: skip
        command = option(command)
    return workspace_flag(command)


def sides_of(flags: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the flags of the two sides; what is given once holds for both."""
    sides: list[dict[str, Any]] = [dict(flags), dict(flags)]
    for name in _SIDES:
        given = flags[name]
        if len(given) > 2:
            raise click.UsageError(f"--{name.replace('_', '-')} compares two sides, not {len(given)}")
        default = "cautious" if name == "view" else None
        for number, side in enumerate(sides):
            side[name] = (given[number] if len(given) == 2 else given[0]) if given else default
    if not any(len(set(flags[name])) == 2 for name in _SIDES):
        raise click.UsageError(
            "both sides are the same; give --known-by, --as-of, --view or --min-origins twice"
        )
    return sides


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


def policy_of(flags: dict[str, Any]) -> Policy:
    """Return the policy that the view flags ask for; what a flag says goes before what a policy file says."""
    from kg.policy import Policy, read_policy

    view = flags["view"]
    base = read_policy(Path(view)) if view.endswith(".toml") else Policy(view)
    said = {name: flags[name] for name in ("as_of", "known_by", "min_origins") if flags[name] is not None}
    if isinstance(flags["known_by"], str):
        said["at"] = said.pop("known_by")
    return replace(
        base, **said, without=base.without | set(flags["without"]), assume=base.assume | set(flags["assume"])
    )


@contextlib.contextmanager
def opened(flags: dict[str, Any]) -> Iterator[KnowledgeGraph]:
    """Open the workspace the flags name, with their policy, showing progress while it is made."""
    from kg.workspace import KnowledgeGraph

    policy = policy_of(flags) if flags.get("view") else None
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
