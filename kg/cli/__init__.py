"""The command ``kg``: flags, printing and exit codes, and no logic of its own.

Data goes to standard output, talk and progress to standard error. Exit codes: 0 fine, 1 problems in the data or the
query, 2 misuse, 3 broken surroundings. Heavy parts are imported by the command that needs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from kg import __version__
from kg.cli import answers, facts, ledger, pages
from kg.cli.show import plain
from kg.errors import KgError, near


class _Group(click.Group):
    """Commands in the order of a researcher's day, with near matches for a wrong name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and (hint := near(args[0], self.commands)):
            raise click.UsageError(f"there is no command {args[0]!r}; did you mean {' or '.join(hint)}?", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kg")
def kg() -> None:
    """Ask a sourced knowledge graph of the electric-vehicle supply web.

    Every answer names the claims it stands on, who made them, and who disputes them. Start with `kg explore`, or:

    \b
      kg why ford inTalksWith xiaomi
      kg exposure ford --to us-congress
      kg query suppliers -p entity=ford
    """


for _command in (
    pages.explore, pages.serve, pages.mcp, answers.ask, answers.query, answers.diff, answers.questions, answers.entity, answers.claim, answers.source,
    answers.why, answers.exposure, pages.graph, pages.site, facts.template, facts.load, facts.suggest, facts.match, facts.wikidata, facts.export, ledger.batches, ledger.undo,
    ledger.withdraw, ledger.verify, ledger.backup, ledger.restore,
    ledger.check,
):  # fmt: skip
    kg.add_command(_command)


# -- the way in


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user never sees a traceback (``KG_DEBUG=1`` shows it to a developer)."""
    try:
        kg.main(
            args=list(arguments) if arguments is not None else None, prog_name="kg", standalone_mode=False
        )
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(2) from None
    except click.ClickException as error:
        hint = (
            f"\nTry: {error.ctx.command_path} --help"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        click.echo(plain(f"kg: {error.format_message()}{hint}"), err=True)
        raise SystemExit(2) from None
    except KgError as error:
        for problem in getattr(error, "problems", ()):
            click.echo(plain(str(problem)), err=True)
        click.echo(plain(f"kg: {error}"), err=True)
        raise SystemExit(error.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo("kg: stopped", err=True)
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("KG_DEBUG"):
            raise
        click.echo(
            plain(
                f"kg: internal error, please report it: {type(error).__name__}: {error} (KG_DEBUG=1 shows where)"
            ),
            err=True,
        )
        raise SystemExit(3) from None
