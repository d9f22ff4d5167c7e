"""Commands that ask: questions, cards, why, exposure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.flags import format_flags, opened, view_flags
from kg.cli.show import (
    STYLES,
    TIMES,
    console_of,
    dates,
    evidence,
    footer,
    plain,
    print_claims,
    print_delimited,
    print_json,
    print_table,
    styled,
    voice,
)

if TYPE_CHECKING:
    from rich.console import Console

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


@click.command()
@click.argument("text", metavar="NAME-OR-FILE-OR-SPARQL")
@click.option(
    "-p",
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of a parameter; names of entities are accepted.",
)
@format_flags(*FORMATS)
@view_flags
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
    with opened(flags) as graph:
        answer = graph.query(text, graph_format=rdf, values=values)
    _print_answer(answer, form)


def _print_answer(answer: Answer, form: str) -> None:
    if answer.boolean is not None and form not in ("json", "xml"):
        click.echo("yes" if answer.boolean else "no")
        click.echo(plain(answer.footer().partition("·")[2].strip()), err=True)
    elif answer.graph is not None:
        click.echo(answer.graph, nl=False)
        click.echo(plain(answer.footer().partition("·")[2].strip()), err=True)
    elif form in ("csv", "tsv", "json", "xml", "markdown", "html"):
        click.echo(getattr(answer, form)(), nl=False)
    elif form == "table":
        print_table("", answer.variables, answer.table(), caption=answer.footer())
    else:
        raise click.UsageError(
            f"--format {form} is for CONSTRUCT and DESCRIBE; this question returns a table"
        )
    if answer.truncated:
        click.echo("The answer was cut off at the row limit; add conditions or a LIMIT.", err=True)


@click.command()
@format_flags("table", "csv", "tsv", "json", "markdown")
def questions(form: str, as_json: bool) -> None:
    """List the question library."""
    from kg.query import library

    found = library()
    if as_json or form == "json":
        print_json(
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
        print_delimited(["name", "title", "parameters"], rows, form)
        return
    print_table(
        "Questions",
        ["name", "title", "parameters"],
        rows,
        caption="ask one with: kg query NAME -p parameter=value",
    )


@click.command()
@click.argument("name")
@format_flags("table", "json")
@view_flags
def entity(name: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show what is said about an entity: its ties with their standing, and how many claims each has."""
    from kg.explain import entity_dossier

    with opened(flags) as graph:
        body = entity_dossier(graph.view(), name)
    if as_json or form == "json":
        print_json(body)
        return
    card = body["entity"]
    console = console_of()
    console.print(styled(f"{card['name']}", "bold"))
    facts = [
        ", ".join(card["kinds"]),
        card["country"],
        f"part of {card['parent']}" if card["parent"] else "",
        "also " + ", ".join(card["aliases"]) if card["aliases"] else "",
        card["note"],
    ]
    console.print(styled(" · ".join(part for part in facts if part), "dim"))
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
    print_table(
        "",
        ["statement", "scope", "standing", "status", "holds", "origins", "claims"],
        rows,
        caption=footer(body),
    )


@click.command()
@click.argument("key", metavar="ID")
@format_flags("table", "json")
@view_flags
def claim(key: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show one claim with its source, evidence and the claims that dispute it."""
    with opened(flags) as graph:
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
        print_json(body)
        return
    card, console = body["claim"], console_of()
    assert isinstance(card, dict)
    console.print(styled(card["sentence"], "bold"))
    print_claims(console, [card])
    source = card["source"]
    for name, value in (
        ("source", " — ".join(part for part in (source["publisher"], source["title"], source["published"], source["url"]) if part)),
        ("cited", " — ".join(part for part in (card["cited_source"]["publisher"], card["cited_source"]["title"] or card["cited_source"]["id"], "not read by us" if not card["cited_source"]["consulted"] else "") if part) if card["cited_source"] else ""),
        ("origin", card["origin"]), ("locator", card["locator"]), ("confidence", card["confidence"]), ("scenario", " phase ".join(part for part in (card["scenario"], card["phase"]) if part)),
        ("depends on", ", ".join(card["conditional_on"])), ("note", card["note"]), ("standing", str(body["standing"])), ("recorded", f"{card['recorded']}, batch {card['batch']}, {card['place']}"),
        ("withdrawn", card["retracted"]),
    ):  # fmt: skip
        if value:
            console.print(styled(f"  {name}: {value}"))
    if body["disputed_by"]:
        console.print(styled("  on the other side:", "bold"))
        print_claims(console, body["disputed_by"], "    ")  # type: ignore[arg-type]
    console.print(styled(footer(body), "dim"))


@click.command()
@click.argument("key", metavar="ID")
@format_flags("table", "json")
@view_flags
def source(key: str, form: str, as_json: bool, **flags: Any) -> None:
    """Show a source and every claim drawn from it or citing it."""
    body: dict[str, Any]
    with opened(flags) as graph:
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
        print_json(body)
        return
    console = console_of()
    console.print(styled(f"{found.publisher or found.id} — {found.title or '(no title recorded)'}", "bold"))
    console.print(
        styled(
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
            console.print(styled(heading, "bold"))
            for card in cards:
                console.print(styled(f"  {card['sentence']}"))
                print_claims(console, [card], "    ")
    console.print(styled(footer(body), "dim"))


@click.command()
@click.argument("subject")
@click.argument("relation")
@click.argument("target", metavar="OBJECT")
@format_flags("table", "json")
@view_flags
def why(subject: str, relation: str, target: str, form: str, as_json: bool, **flags: Any) -> None:
    """Explain the standing of a statement: who says so, who denies it, and what it rests on.

    \b
      kg why ford inTalksWith xiaomi
      kg why ford dependsOn catl
    """
    with opened(flags) as graph:
        body = graph.why(subject, relation, target)
    if as_json or form == "json":
        print_json(body)
        return
    console = console_of()
    heading = styled(body["statement"]["sentence"] + "  ", "bold")
    heading.append(body["standing"], style=STYLES.get(body["standing"], ""))
    if body["status"]:
        heading.append(f"  status {body['status']}, {TIMES[body['time']]}", style="dim")
    console.print(heading)
    console.print(
        styled(
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
                styled(
                    f"{len(groups)} independent origin{'s' if len(groups) > 1 else ''} {many if len(groups) > 1 else one}: {listed}",
                    "bold",
                )
            )
            print_claims(console, body["claims"][side])
    if body["claims"]["other"]:
        console.print(styled("imagined or held as an opinion:", "bold"))
        print_claims(console, body["claims"]["other"])
    if len(body["propositions"]) > 1:
        console.print(styled("told apart:", "bold"))
        for item in body["propositions"]:
            console.print(styled(f"  {item['statement']}: {item['standing']}, {item['status']}"))
    if body["proof"]:
        console.print(styled("because:", "bold"))
        cards = {card["id"]: card for card in body["claims"]["for"]}
        _print_proof(console, body["proof"]["tree"], cards)
        if cards:
            console.print(styled("other claims that can stand in:", "bold"))
            for card in cards.values():
                console.print(styled(f"  {card['sentence']}"))
                print_claims(console, [card], "    ")
        found = body["proof"]["witnesses"]
        more = "" if body["proof"]["complete"] else " (more may exist: the search met its bound)"
        sets = "; ".join("{" + ", ".join(claims) + "}" for claims in found)
        suffice = "set of claims suffices" if len(found) == 1 else "sets of claims suffice, each by itself"
        console.print(styled(f"{len(found)} smallest {suffice}{more}: {sets}", "dim"))
    console.print(styled(footer(body), "dim"))


def _print_proof(
    console: Console, node: dict[str, Any], cards: dict[str, dict[str, Any]], depth: int = 1
) -> None:
    line = styled("  " * depth + node["sentence"])
    if node["rule"]:
        line.append(plain(f"   because {node['rule']}"), style="dim")
    console.print(line)
    for key in node["claims"]:
        if key in cards:
            print_claims(console, [cards.pop(key)], "  " * (depth + 1))
    for premise in node["premises"]:
        _print_proof(console, premise, cards, depth + 1)


@click.command()
@click.argument("name")
@click.option("--to", "to", default="", metavar="TARGET", help="End at this body, policy or jurisdiction.")
@click.option("--through", default="", metavar="NAME", help="Only paths that pass this firm or thing.")
@click.option("--limit", type=int, default=40, show_default=True, help="Most paths to show.")
@format_flags("table", "json", "csv", "tsv", "markdown")
@view_flags
def exposure(name: str, to: str, through: str, limit: int, form: str, as_json: bool, **flags: Any) -> None:
    """Show how policies and public bodies reach a firm, path by path, with claims and disputes."""
    with opened(flags) as graph:
        body = exposure_body(graph, name, to, through, limit)
    if as_json or form == "json":
        print_json(body)
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
        print_delimited(["path", "kind", "hop", "standing", "status", "claims", "disputes"], rows, form)
        return
    _print_exposure(body)


def exposure_body(graph: KnowledgeGraph, name: str, to: str, through: str, limit: int) -> dict[str, Any]:
    """Return the exposure report of a firm as plain data (see `kg.exposure.exposure_report`)."""
    from kg.exposure import exposure_report, exposures

    view = graph.view()
    found, end, middle = view.find(name), view.find(to) if to else "", view.find(through) if through else ""
    paths = exposures(view, found, to=end, through=middle, limit=limit)
    return exposure_report(view, found, paths, to=end, through=middle)


def _print_exposure(body: dict[str, Any]) -> None:
    console, claims = console_of(), body["claims"]
    total = len(body["paths"])
    console.print(
        styled(
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
        line = styled(f"{number}. {path['kind']}", "bold")
        line.append(plain("  " + " · ".join(marks)), style="dim")
        if path["contested"]:
            line.append("  contested", style="yellow")
        console.print(line)
        for hop in path["hops"]:
            hop_line = styled(f"   {hop['sentence']}  ")
            hop_line.append(hop["standing"], style=STYLES.get(hop["standing"], ""))
            first = claims[hop["claims"][0]] if hop["claims"] else None
            told = f"  {voice(first)}, {dates(first)}" if first else ""
            more = f" and {len(hop['claims']) - 1} more" if len(hop["claims"]) > 1 else ""
            state = f"  [{hop['status']}]" if hop["pending"] else ""
            hop_line.append(plain(f"{state}{told}{more}"), style="dim")
            console.print(hop_line)
            for key in hop["disputes"][:2]:
                console.print(
                    styled(
                        f"      disputed: {voice(claims[key])}, {dates(claims[key])} — {evidence(claims[key])}",
                        "red",
                    )
                )
    console.print(styled(footer(body), "dim"))
    if total:
        console.print(
            styled(
                "Show a claim with: kg claim ID; all of it with --json; as a page with: kg graph exposure NAME -o FILE.html",
                "dim",
            )
        )
