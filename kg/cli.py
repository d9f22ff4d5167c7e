"""The command ``kg``: flags, printing and exit codes, and no logic of its own.

Data goes to standard output, talk and progress to standard error. Exit codes: 0 fine, 1 problems in the data or the
query, 2 misuse, 3 broken surroundings. Heavy parts are imported by the command that needs them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg import __version__
from kg.errors import KgError, Problem, Refused, near

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from kg.check import Report
    from kg.query import Answer
    from kg.workspace import KnowledgeGraph

FORMATS = (
    "table",
    "csv",
    "tsv",
    "json",
    "xml",
    "markdown",
    "html",
    "turtle",
    "trig",
    "nquads",
    "ntriples",
    "jsonld",
    "rdfxml",
)
_TIMES = {
    "current": "in force by its dates",
    "past": "over",
    "future": "still to come",
    "unknown": "end not known",
}
_STYLES = {
    "confirmed": "green", "reported": "cyan", "contested": "yellow", "denied": "red",
    "hypothesised": "magenta", "hypothetical": "magenta", "opinion": "blue", "follows": "green",
}  # fmt: skip


# -- flags that many commands share


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


def _workspace_flag(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--home",
        metavar="DIR",
        help="Folder of the workspace (default: KG_HOME or the platform's data folder).",
    )(command)


def _view_flags(command: Callable[..., Any]) -> Callable[..., Any]:
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
    return _workspace_flag(command)


def _format_flags(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
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


def _policy(flags: dict[str, Any]) -> Any:
    from kg.view import Policy

    given = {
        "name": flags["view"],
        "known_by": flags["known_by"],
        "without": frozenset(flags["without"]),
        "min_origins": flags["min_origins"],
    }
    return Policy(**given, **({"as_of": flags["as_of"]} if flags["as_of"] else {}))


@contextlib.contextmanager
def _opened(flags: dict[str, Any]) -> Iterator[KnowledgeGraph]:
    from kg.workspace import KnowledgeGraph

    policy = _policy(flags) if "view" in flags else None
    with _Progress() as progress, KnowledgeGraph(flags.get("home"), policy, progress=progress) as graph:
        progress.done()
        yield graph


class _Progress:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, what: str, step: int, steps: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(what, total=steps)
        self._bar.update(self._task, description=_plain(what), completed=step, total=steps)

    def done(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()


# -- printing


def _plain(text: str) -> str:
    """Return text without anything that could steer a terminal or turn the direction of reading."""
    return "".join(
        char
        if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
        else f"\\u{ord(char):04x}"
        for char in text
    )


def _console() -> Console:
    from rich.console import Console

    # Into a pipe or a file a table must not be folded to eighty characters.
    return Console(
        soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 200, highlight=False
    )


def _styled(word: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(_plain(word), style=style or _STYLES.get(word, ""))


def _print_json(body: Any) -> None:
    click.echo(json.dumps(body, ensure_ascii=False, indent=1))


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, caption: str = "") -> None:
    from rich import box
    from rich.table import Table

    table = Table(
        title=_plain(title) or None,
        caption=_plain(caption) or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
    )
    for column in columns:
        table.add_column(_plain(column), overflow="fold")
    for row in rows:
        table.add_row(*(_styled(cell) for cell in row))
    _console().print(table)


def _delimited(columns: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> None:
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


def _voice(card: dict[str, Any]) -> str:
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


def _evidence(card: dict[str, Any]) -> str:
    quote = card["quote"]
    if not quote:
        return str(card["paraphrase"])
    around = (
        f"…{quote['prefix']}" if quote["prefix"] else "",
        f"{quote['suffix']}…" if quote["suffix"] else "",
    )
    return f"{around[0]}“{quote['exact']}”{around[1]}"


def _dates(card: dict[str, Any]) -> str:
    valid = " to ".join(part for part in (card["valid_from"], card["valid_to"]) if part)
    published = card["source"]["published"]
    return (
        "; ".join(
            part
            for part in (f"published {published}" if published else "", f"valid {valid}" if valid else "")
            if part
        )
        or "undated"
    )


def _footer(body: dict[str, Any]) -> str:
    known = f", known by {body['known_by']}" if body.get("known_by") else ""
    return f"view {body['view']} as of {body['as_of']}{known} · ledger {body['head'][:12]}"


def _print_claims(console: Console, cards: Sequence[dict[str, Any]], indent: str = "  ") -> None:
    from rich.text import Text

    for card in cards:
        line = Text(indent)
        line.append(card["stance"], style=_STYLES.get(card["stance"], ""))
        line.append(_plain(f"  {_voice(card)}"), style="bold")
        line.append(_plain(f"  {_dates(card)}  "))
        line.append(f"claim:{card['id']}", style="dim")
        console.print(line)
        scope = ", ".join(part for part in (card["layer"], card["status"]) if part)
        figure = " ".join(part for part in (card["quantity"], card["unit"]) if part)
        detail = " · ".join(part for part in (scope, figure) if part)
        console.print(Text(_plain(f"{indent}    {_evidence(card)}" + (f"  [{detail}]" if detail else ""))))


# -- the group


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


@kg.command()
@click.option("--port", type=int, default=0, help="Port to serve on (default: any free one).")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address.")
@_view_flags
def explore(port: int, no_browser: bool, **flags: Any) -> None:
    """Serve the workbench on this machine and open it in the browser."""
    from kg.explore import serve

    with _opened(flags) as graph:
        serve(graph, port=port, browser=not no_browser)


@kg.command()
@click.option("--port", type=int, default=7788, show_default=True, help="Port to serve on.")
@_view_flags
def serve(port: int, **flags: Any) -> None:
    """Serve the workbench without opening a browser."""
    from kg.explore import serve as run

    with _opened(flags) as graph:
        run(graph, port=port, browser=False)


@kg.command()
@click.argument("text", metavar="NAME-OR-FILE-OR-SPARQL")
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a parameter; names of entities are accepted.",
)
@_format_flags(*FORMATS)
@_view_flags
def query(text: str, params: tuple[str, ...], form: str, as_json: bool, **flags: Any) -> None:
    """Ask a question of the library by name, a .rq file, or SPARQL.

    \b
      kg query suppliers -p entity=ford
      kg query "SELECT ?claim { ?claim ev:stance evv:stance-denied } LIMIT 5"
    """
    values = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals:
            raise click.UsageError(f"-p takes NAME=VALUE, not {param!r}")
        values[name.strip()] = value.strip()
    if text.endswith((".rq", ".sparql")):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{text!r} cannot be read: {error}") from error
    elif re.fullmatch(r"[\w-]+", text):
        from kg.query import question

        question(text)
    form = "json" if as_json else form
    rdf = form if form in ("turtle", "trig", "nquads", "ntriples", "jsonld", "rdfxml") else "turtle"
    with _opened(flags) as graph:
        answer = graph.query(text, graph_format=rdf, values=values)
    _print_answer(answer, form)


def _print_answer(answer: Answer, form: str) -> None:
    if answer.boolean is not None and form not in ("json", "xml"):
        click.echo("yes" if answer.boolean else "no")
        click.echo(_plain(answer.footer().partition("·")[2].strip()), err=True)
    elif answer.graph is not None:
        click.echo(answer.graph, nl=False)
        click.echo(_plain(answer.footer().partition("·")[2].strip()), err=True)
    elif form in ("csv", "tsv", "json", "xml", "markdown", "html"):
        click.echo(getattr(answer, form)(), nl=False)
    elif form == "table":
        _table("", answer.variables, answer.table(), caption=answer.footer())
    else:
        raise click.UsageError(
            f"--format {form} is for CONSTRUCT and DESCRIBE; this question returns a table"
        )
    if answer.truncated:
        click.echo("The answer was cut off at the row limit; add conditions or a LIMIT.", err=True)


@kg.command()
@_format_flags("table", "csv", "tsv", "json", "markdown")
def questions(form: str, as_json: bool) -> None:
    """List the question library."""
    from kg.query import library

    found = library()
    if as_json or form == "json":
        _print_json(
            [
                {
                    "name": q.name,
                    "title": q.title,
                    "why": q.why,
                    "columns": q.columns,
                    "parameters": [
                        {"name": p.name, "type": p.type, "default": p.default, "description": p.description}
                        for p in q.parameters
                    ],
                }
                for q in found.values()
            ]
        )
        return
    rows = [
        [q.name, q.title, ", ".join(f"{p.name}={p.default or p.type}" for p in q.parameters)]
        for q in found.values()
    ]
    if form != "table":
        _delimited(["name", "title", "parameters"], rows, form)
        return
    _table(
        "Questions",
        ["name", "title", "parameters"],
        rows,
        caption="ask one with: kg query NAME -p parameter=value",
    )


@kg.command()
@click.argument("name")
@_format_flags("table", "json")
@_view_flags
def entity(name: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show what is said about an entity: its ties with their standing, and how many claims each has."""
    from kg.explain import entity_dossier

    with _opened(flags) as graph:
        body = entity_dossier(graph.view(), name)
    if as_json or form == "json":
        _print_json(body)
        return
    card = body["entity"]
    console = _console()
    console.print(_styled(f"{card['name']}", "bold"))
    facts = [
        ", ".join(card["kinds"]),
        card["country"],
        f"part of {card['parent']}" if card["parent"] else "",
        "also " + ", ".join(card["aliases"]) if card["aliases"] else "",
        card["note"],
    ]
    console.print(_styled(" · ".join(part for part in facts if part), "dim"))
    rows = []
    for tie in sorted(body["ties"], key=lambda tie: (tie["relation"], tie["sentence"])):
        against = f" / {tie['disputing_origins']} against" if tie["disputing_origins"] else ""
        rows.append(
            [
                tie["sentence"],
                tie["scope"],
                tie["standing"],
                tie["status"],
                "yes" if tie["holds"] else "no",
                f"{tie['origins']}{against}",
                str(len(tie["claims"])),
            ]
        )
    _table(
        "",
        ["statement", "scope", "standing", "status", "holds", "origins", "claims"],
        rows,
        caption=_footer(body),
    )


@kg.command()
@click.argument("key", metavar="ID")
@_format_flags("table", "json")
@_view_flags
def claim(key: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show one claim with its source, evidence and the claims that dispute it."""
    with _opened(flags) as graph:
        view = graph.view()
        found = view.claim(key)
        weighing = view.weighings.get(found.proposition)
        opposed = (
            () if weighing is None else weighing.affirmed if found.stance == "denied" else weighing.denied
        )
        body = {
            "claim": view.card(found),
            "disputed_by": [view.card(other) for other in opposed],
            "standing": str(weighing.standing) if weighing else "",
            **view.stamp(),
        }
    if as_json or form == "json":
        _print_json(body)
        return
    card, console = body["claim"], _console()
    assert isinstance(card, dict)
    console.print(_styled(card["sentence"], "bold"))
    _print_claims(console, [card])
    source = card["source"]
    for name, value in (
        ("source", " — ".join(part for part in (source["publisher"], source["title"], source["published"], source["url"]) if part)),
        ("cited", " — ".join(part for part in (card["cited_source"]["publisher"], card["cited_source"]["title"] or card["cited_source"]["id"], "not read by us" if not card["cited_source"]["consulted"] else "") if part) if card["cited_source"] else ""),
        ("origin", card["origin"]), ("locator", card["locator"]), ("confidence", card["confidence"]), ("scenario", " phase ".join(part for part in (card["scenario"], card["phase"]) if part)),
        ("depends on", ", ".join(card["conditional_on"])), ("note", card["note"]), ("standing", str(body["standing"])), ("recorded", f"{card['recorded']}, batch {card['batch']}, {card['place']}"),
        ("withdrawn", card["retracted"]),
    ):  # fmt: skip
        if value:
            console.print(_styled(f"  {name}: {value}"))
    if body["disputed_by"]:
        console.print(_styled("  on the other side:", "bold"))
        _print_claims(console, body["disputed_by"], "    ")  # type: ignore[arg-type]
    console.print(_styled(_footer(body), "dim"))


@kg.command()
@click.argument("key", metavar="ID")
@_format_flags("table", "json")
@_view_flags
def source(key: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show a source and every claim drawn from it or citing it."""
    body: dict[str, Any]
    with _opened(flags) as graph:
        view = graph.view()
        found = view.source(key)
        claims = view.claims
        drawn = [view.card(claim) for claim in claims if claim.source == found.id]
        citing = [view.card(claim) for claim in claims if claim.cited_source == found.id]
        body = {
            "source": {
                **(view.source_card(found.id) or {}),
                "author": found.author,
                "lang": found.lang,
                "digest": found.digest,
                "note": found.note,
            },
            "claims": drawn,
            "cited_by": citing,
            **view.stamp(),
        }
    if as_json or form == "json":
        _print_json(body)
        return
    console = _console()
    console.print(_styled(f"{found.publisher or found.id} — {found.title or '(no title recorded)'}", "bold"))
    console.print(
        _styled(
            " · ".join(
                part
                for part in (
                    found.published or "undated",
                    found.kind,
                    found.url,
                    "" if found.consulted == "yes" else "cited by others, not read by us",
                    found.note,
                )
                if part
            ),
            "dim",
        )
    )
    for heading, cards in (
        ("claims drawn from it", drawn),
        ("claims in other documents that cite it", citing),
    ):
        if cards:
            console.print(_styled(heading, "bold"))
            for card in cards:
                console.print(_styled(f"  {card['sentence']}"))
                _print_claims(console, [card], "    ")
    console.print(_styled(_footer(body), "dim"))


@kg.command()
@click.argument("subject")
@click.argument("relation")
@click.argument("target", metavar="OBJECT")
@_format_flags("table", "json")
@_view_flags
def why(subject: str, relation: str, target: str, form: str, as_json: bool, **flags: Any) -> None:
    """Explain the standing of a statement: who says so, who denies it, and what it rests on.

    \b
      kg why ford inTalksWith xiaomi
      kg why ford dependsOn catl
    """
    with _opened(flags) as graph:
        body = graph.why(subject, relation, target)
    if as_json or form == "json":
        _print_json(body)
        return
    console = _console()
    heading = _styled(body["statement"]["sentence"] + "  ", "bold")
    heading.append(body["standing"], style=_STYLES.get(body["standing"], ""))
    if body["status"]:
        heading.append(f"  status {body['status']}, {_TIMES[body['time']]}", style="dim")
    console.print(heading)
    console.print(
        _styled(
            "holds: " + ", ".join(f"{name} {'yes' if yes else 'no'}" for name, yes in body["holds"].items())
        )
    )
    for side, one, many in (("for", "says so", "say so"), ("against", "denies it", "deny it")):
        groups = body["origins"][side]
        if groups and not body["proof"]:
            listed = "; ".join(
                f"{group['origin']} ({len(group['claims'])} claim{'s' if len(group['claims']) > 1 else ''})"
                for group in groups
            )
            console.print(
                _styled(
                    f"{len(groups)} independent origin{'s' if len(groups) > 1 else ''} {many if len(groups) > 1 else one}: {listed}",
                    "bold",
                )
            )
            _print_claims(console, body["claims"][side])
    if body["claims"]["other"]:
        console.print(_styled("imagined or held as an opinion:", "bold"))
        _print_claims(console, body["claims"]["other"])
    if len(body["propositions"]) > 1:
        console.print(_styled("told apart:", "bold"))
        for item in body["propositions"]:
            console.print(_styled(f"  {item['statement']}: {item['standing']}, {item['status']}"))
    if body["proof"]:
        console.print(_styled("because:", "bold"))
        cards = {card["id"]: card for card in body["claims"]["for"]}
        _print_proof(console, body["proof"]["tree"], cards)
        if cards:
            console.print(_styled("other claims that can stand in:", "bold"))
            for card in cards.values():
                console.print(_styled(f"  {card['sentence']}"))
                _print_claims(console, [card], "    ")
        found = body["proof"]["witnesses"]
        more = "" if body["proof"]["complete"] else " (more may exist: the search met its bound)"
        sets = "; ".join("{" + ", ".join(claims) + "}" for claims in found)
        suffice = "set of claims suffices" if len(found) == 1 else "sets of claims suffice, each by itself"
        console.print(_styled(f"{len(found)} smallest {suffice}{more}: {sets}", "dim"))
    console.print(_styled(_footer(body), "dim"))


def _print_proof(
    console: Console, node: dict[str, Any], cards: dict[str, dict[str, Any]], depth: int = 1
) -> None:
    line = _styled("  " * depth + node["sentence"])
    if node["rule"]:
        line.append(_plain(f"   because {node['rule']}"), style="dim")
    console.print(line)
    for key in node["claims"]:
        if key in cards:
            _print_claims(console, [cards.pop(key)], "  " * (depth + 1))
    for premise in node["premises"]:
        _print_proof(console, premise, cards, depth + 1)


@kg.command()
@click.argument("name")
@click.option("--to", "to", default="", metavar="TARGET", help="End at this body, policy or jurisdiction.")
@click.option("--through", default="", metavar="NAME", help="Only paths that pass this firm or thing.")
@click.option("--limit", type=int, default=40, show_default=True, help="Most paths to show.")
@_format_flags("table", "json", "csv", "tsv", "markdown")
@_view_flags
def exposure(name: str, to: str, through: str, limit: int, form: str, as_json: bool, **flags: Any) -> None:
    """Show how policies and public bodies reach a firm, path by path, with claims and disputes."""
    with _opened(flags) as graph:
        body = _exposure(graph, name, to, through, limit)
    if as_json or form == "json":
        _print_json(body)
        return
    if form != "table":
        rows = [
            [
                str(number),
                path["kind"],
                hop["sentence"],
                hop["standing"],
                hop["status"],
                " ".join(hop["claims"]),
                " ".join(hop["disputes"]),
            ]
            for number, path in enumerate(body["paths"], 1)
            for hop in path["hops"]
        ]
        _delimited(["path", "kind", "hop", "standing", "status", "claims", "disputes"], rows, form)
        return
    _print_exposure(body)


def _exposure(graph: KnowledgeGraph, name: str, to: str, through: str, limit: int) -> dict[str, Any]:
    from kg.exposure import exposure_report, exposures

    view = graph.view()
    found, end, middle = view.find(name), view.find(to) if to else "", view.find(through) if through else ""
    paths = exposures(view, found, to=end, through=middle, limit=limit)
    return exposure_report(view, found, paths, to=end, through=middle)


def _print_exposure(body: dict[str, Any]) -> None:
    console, claims = _console(), body["claims"]
    total = len(body["paths"])
    console.print(
        _styled(
            f"{body['entity']['label']}: {total} path{'s' if total != 1 else ''} of political exposure",
            "bold",
        )
    )
    for number, path in enumerate(body["paths"], 1):
        marks = [
            f"{path['length']} hop{'s' if path['length'] > 1 else ''}",
            f"probability {path['probability']['low']:.2f}–{path['probability']['high']:.2f}",
            f"{path['origins']} origin{'s' if path['origins'] != 1 else ''} at its weakest",
        ]
        if path["single_source_thread"] and path["length"] > 1:
            marks.append(f"all of it in one source, {path['single_source_thread']}")
        line = _styled(f"{number}. {path['kind']}", "bold")
        line.append(_plain("  " + " · ".join(marks)), style="dim")
        if path["contested"]:
            line.append("  contested", style="yellow")
        console.print(line)
        for hop in path["hops"]:
            hop_line = _styled(f"   {hop['sentence']}  ")
            hop_line.append(hop["standing"], style=_STYLES.get(hop["standing"], ""))
            first = claims[hop["claims"][0]] if hop["claims"] else None
            told = f"  {_voice(first)}, {_dates(first)}" if first else ""
            more = f" and {len(hop['claims']) - 1} more" if len(hop["claims"]) > 1 else ""
            state = f"  [{hop['status']}]" if hop["pending"] else ""
            hop_line.append(_plain(f"{state}{told}{more}"), style="dim")
            console.print(hop_line)
            for key in hop["disputes"][:2]:
                console.print(
                    _styled(
                        f"      disputed: {_voice(claims[key])}, {_dates(claims[key])} — {_evidence(claims[key])}",
                        "red",
                    )
                )
    console.print(_styled(_footer(body), "dim"))
    if total:
        console.print(
            _styled(
                "Show a claim with: kg claim ID; all of it with --json; as a page with: kg graph exposure NAME -o FILE.html",
                "dim",
            )
        )


@kg.command()
@click.argument("kind", type=click.Choice(["exposure"]))
@click.argument("name")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="HTML file to write.",
)
@click.option("--to", "to", default="", metavar="TARGET", help="End at this body, policy or jurisdiction.")
@click.option("--through", default="", metavar="NAME", help="Only paths that pass this firm or thing.")
@click.option("--limit", type=int, default=40, show_default=True, help="Most paths to draw.")
@_view_flags
def graph(kind: str, name: str, output: Path, to: str, through: str, limit: int, **flags: Any) -> None:
    """Write one offline HTML page: an interactive graph whose every edge opens its claims."""
    from viz.pages import write_page
    from viz.scene import exposure_scene

    with _opened(flags) as opened:
        body = _exposure(opened, name, to, through, limit)
    try:
        write_page(exposure_scene(body), output)
    except OSError as error:
        raise click.UsageError(f"{str(output)!r} cannot be written: {error.strerror or error}") from error
    click.echo(
        f"{output}: {len(body['paths'])} paths, {len(body['claims'])} claims, {output.stat().st_size / 1000:.0f} kB",
        err=True,
    )


@kg.command()
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to make; one that this command made before is replaced.",
)
@_view_flags
def site(output: Path, **flags: Any) -> None:
    """Write the static site: the ontology's reference, the questions, and exposure pages of carmakers."""
    from kg.site import build_site

    with _opened(flags) as opened:
        report = build_site(opened, output)
    click.echo(
        f"{output}: {report.terms} terms, {report.questions} questions, exposure of {len(report.firms)} carmakers, "
        f"{len(report.files)} files, {report.size / 1e6:.1f} MB; open {output / 'index.html'}",
        err=True,
    )


@kg.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check and count; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@_workspace_flag
def load(paths: tuple[Path, ...], dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Load sourced facts: folders of CSV files (facts.csv, entities.csv, sources.csv), all or nothing each."""
    failed, told = False, []
    with _opened(flags) as graph:
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
                    _plain(("warning: " if problem.severity == "warning" else "") + str(problem)), err=True
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
            _print_json({"loads": told, "view": "", "head": graph.head})
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


@kg.command()
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@_workspace_flag
def batches(as_json: bool, **flags: Any) -> None:
    """List what was loaded and undone, in order."""
    with _opened(flags) as graph:
        found, head = graph.ledger.batches(), graph.head
    if as_json:
        _print_json(
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
    rows = [
        [
            str(item.seq),
            item.kind,
            item.title,
            item.recorded,
            f"{item.size:,}",
            "undone" if item.undone else "",
            item.hash[:12],
        ]
        for item in found
    ]
    _table(
        "", ["batch", "kind", "title", "recorded", "records", "", "hash"], rows, caption=f"ledger {head[:12]}"
    )


@kg.command()
@click.argument("batch", type=int)
@click.option("--why", "reason", default="", help="Reason, for the audit log.")
@click.option("--force", is_flag=True, help="Even if facts of other batches stand on its cards.")
@_workspace_flag
def undo(batch: int, reason: str, force: bool, **flags: Any) -> None:
    """Take a batch out of account; the ledger keeps it and says so."""
    with _opened(flags) as graph:
        done = graph.undo(batch, reason=reason, force=force)
        click.echo(f"batch {batch} no longer counts (batch {done.seq}); ledger {graph.head[:12]}")


@kg.command()
@click.option(
    "--head", default="", metavar="HASH", help="Check that this earlier head is still part of the ledger."
)
@_workspace_flag
def verify(head: str, **flags: Any) -> None:
    """Check every hash of the ledger."""
    with _opened(flags) as graph:
        wrong = graph.verify(head)
        if wrong:
            raise Refused("the ledger is damaged", wrong)
        click.echo(f"intact: {len(graph.ledger.batches())} batches, head {graph.head}")


@kg.command()
@click.argument("batch", required=False, metavar="[FOLDER]", type=click.Path(path_type=Path))
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(("ledger", "shapes", "consistency", "hygiene")),
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
@click.option("--all", "everything", is_flag=True, help="Show hints too, and every warning of a kind.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@_view_flags
def check(
    batch: Path | None,
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
    """
    from kg.check import check as examine

    with _opened(flags) as graph, _Progress() as progress:
        report = examine(graph, batch, only=only, deadline=deadline, engine=engine, progress=progress)
    if as_json:
        _print_json(report.plain(hints=everything))
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
            click.echo(_plain(names[problem.severity] + str(finding)))
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
        click.echo(_plain(f"{part.name:<12} {state:<20} {part.seconds:6.1f} s  {looked}"))
    if report.quarantine:
        many = len(report.quarantine)
        click.echo(
            f"{many:,} proposition{'' if many == 1 else 's'} quarantined: kept in the ledger, left out of every view"
        )
    if hidden:
        click.echo(f"{hidden:,} more warnings and hints of these kinds; --all shows them", err=True)
    click.echo(_plain(_footer(report.stamp)), err=True)


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
        click.echo(_plain(f"kg: {error.format_message()}{hint}"), err=True)
        raise SystemExit(2) from None
    except KgError as error:
        for problem in getattr(error, "problems", ()):
            click.echo(_plain(str(problem)), err=True)
        click.echo(_plain(f"kg: {error}"), err=True)
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
            _plain(
                f"kg: internal error, please report it: {type(error).__name__}: {error} (KG_DEBUG=1 shows where)"
            ),
            err=True,
        )
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
