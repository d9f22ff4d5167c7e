"""Commands that ask: questions, cards, why, exposure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.cli.flags import format_flags, given_view_flags, opened, policy_of, sides_of, two_views, view_flags
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
from kg.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from kg.ask import Reply
    from kg.query import Answer

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

_WITHHELD = 5  # statements that an answer passes over and that are told in full


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
@click.option(
    "--cite",
    is_flag=True,
    help="Add the documents behind the rows, and an id that asks again for these bytes.",
)
@click.option(
    "--bibliography",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the documents behind the rows: .json for CSL-JSON, .bib for BibTeX.",
)
@click.option(
    "--endpoint",
    metavar="URL",
    default="",
    help="Ask this outside SPARQL endpoint instead (an address, or a name in endpoints.toml).",
)
@click.option(
    "--allow",
    multiple=True,
    metavar="URL",
    help="Let SERVICE <URL> in this query be answered by that endpoint; may be repeated.",
)
@format_flags(*FORMATS)
@view_flags
def query(
    text: str,
    params: tuple[str, ...],
    cite: bool,
    bibliography: Path | None,
    endpoint: str,
    allow: tuple[str, ...],
    form: str,
    as_json: bool,
    **flags: Any,
) -> None:
    """Ask a question of the library by name, a .rq file, SPARQL, or a result id given out earlier.

    \b
      kg query suppliers -p entity=ford
      kg query "SELECT ?claim { ?claim ev:stance evv:stance-denied } LIMIT 5"
      kg query suppliers -p entity=ford --cite --bibliography ford.bib
    """
    from kg.citation import is_result

    values = _values(params)
    again = is_result(text)
    if again and values:
        raise click.UsageError("a result id has its values already; leave -p out")
    if again and (chosen := given_view_flags()):
        raise click.UsageError(f"a result id has its view and dates already; leave {', '.join(chosen)} out")
    if endpoint and (again or cite or bibliography or allow):
        raise click.UsageError(
            "what an outside endpoint says has no claims of ours; ask it without other flags"
        )
    if endpoint and (chosen := given_view_flags()):
        raise click.UsageError(
            f"{', '.join(chosen)} chooses among the claims here; an outside endpoint answers under a view of its own "
            "(that of a `kg serve` stands in its address: /sparql/confirmed, /sparql/alive)"
        )
    text = text if again else _query_text(text)
    form = "json" if as_json else form
    rdf = form if form in ("turtle", "trig", "nquads", "ntriples", "jsonld", "rdfxml") else "turtle"
    same, citation, withheld = True, None, []
    from kg.federation import allowed
    from kg.query import library

    with opened(flags) as graph:
        if again:
            answer, policy, same = graph.rerun(text)
        elif endpoint:
            answer, policy = graph.elsewhere(text, endpoint, graph_format=rdf, values=values), graph.policy
        else:
            outside = allowed(graph.home, allow)
            answer = graph.query(text, graph_format=rdf, values=values, outside=outside)
            policy = graph.policy
            if text in library() or not answer:
                withheld = graph.withheld(answer, policy)
        if cite or bibliography:
            citation = graph.cite(answer, policy)
    if bibliography:
        _write_bibliography(bibliography, citation)
    _print_answer(answer, form, citation if cite else None)
    if text in library():
        _print_examples(text, values)
    _print_withheld(withheld)
    if not same:
        raise Refused(
            f"the answer is not that of {text} any more: the program or its ontology has changed since"
        )


def _values(params: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals:
            raise click.UsageError(f"-p takes NAME=VALUE, not {param!r}")
        if not name.strip() or not value.strip():
            raise click.UsageError(f"-p {param!r} lacks a name or a value; leave it out, or fill it")
        values[name.strip()] = value.strip()
    return values


def _query_text(text: str) -> str:
    """The SPARQL of a file, or the text itself once it is known to be SPARQL or the name of a question."""
    if text.endswith((".rq", ".sparql")):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{text!r} cannot be read: {error}") from error
    elif re.fullmatch(r"[\w-]+", text):
        from kg.query import question

        question(text)
    return text


def _write_bibliography(path: Path, citation: dict[str, Any] | None) -> None:
    from kg.citation import bibtex

    items = citation["bibliography"] if citation else []
    if path.suffix not in (".json", ".bib"):
        raise click.UsageError(
            f"{path.name!r}: a bibliography is written as .json (CSL-JSON) or .bib (BibTeX)"
        )
    text = bibtex(items) if path.suffix == ".bib" else json.dumps(items, ensure_ascii=False, indent=1) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{str(path)!r} cannot be written: {error.strerror or error}") from error
    click.echo(f"{path}: {len(items)} documents", err=True)


def _print_citation(citation: dict[str, Any], form: str) -> None:
    from kg.citation import reference

    # Under a table for people it belongs to the answer; beside a file for machines it is talk.
    aside = form not in ("table", "markdown")
    lines = [reference(item) for item in citation["bibliography"]]
    bullet = "- " if form == "markdown" else "  "
    first = (
        f"{len(lines)} document{'' if len(lines) == 1 else 's'} behind these rows:"
        if lines
        else "Which documents stand behind these rows cannot be told: they name no claim, no statement and no two things."
    )
    for line in [first, *(bullet + line for line in lines)]:
        click.echo(plain(line), err=aside)
    if citation["result"]:
        # The id stands for the answer without its citation, in whatever form it is asked for again.
        again = f"kg query {citation['result']}" + ("" if form == "table" else f" --format {form}")
        click.echo(
            f"Ask for {'the same answer' if form == 'table' else 'the answer, without the citation,'} again with: {again}",
            err=True,
        )
    else:
        click.echo(plain(citation["fleeting"]), err=True)


def _print_answer(answer: Answer, form: str, citation: dict[str, Any] | None = None) -> None:
    if citation and form == "json" and answer.graph is None:
        print_json({**json.loads(answer.json()), "citation": citation})
        return
    if answer.boolean is not None and form not in ("json", "xml"):
        click.echo("yes" if answer.boolean else "no")
        click.echo(plain(answer.footer().partition("·")[2].strip()), err=True)
    elif answer.graph is not None:
        if form in ("csv", "tsv", "json", "xml", "markdown", "html"):
            raise click.UsageError(
                f"--format {form} is for tables; this question returns a graph: use jsonld, turtle, trig, nquads, "
                "ntriples or rdfxml"
            )
        click.echo(answer.graph, nl=False)
        click.echo(plain(answer.footer().partition("·")[2].strip()), err=True)
    elif form in ("csv", "tsv", "json", "xml", "markdown", "html"):
        click.echo(getattr(answer, form)(), nl=False)
        if form in ("csv", "tsv", "xml"):  # the others carry it
            click.echo(plain(answer.footer()), err=True)
    elif form == "table":
        print_table("", answer.variables, answer.table(), caption=answer.footer())
    else:
        raise click.UsageError(
            f"--format {form} is for CONSTRUCT and DESCRIBE; this question returns a table"
        )
    if citation:
        _print_citation(citation, form)
    if answer.truncated:
        click.echo("The answer was cut off at the row limit; add conditions or a LIMIT.", err=True)


def _print_examples(name: str, values: Mapping[str, str]) -> None:
    """Say what a question was asked with of its own accord: nobody may take that for an answer about everything."""
    from kg.query import question

    filled = [p for p in question(name).parameters if p.default and p.name not in values]
    if filled:
        told = ", ".join(f"{p.name}={p.default}" for p in filled)
        click.echo(
            f"Asked with the question's own example: {told} (-p {filled[0].name}=… asks for another)",
            err=True,
        )


def _print_withheld(statements: Sequence[Mapping[str, Any]]) -> None:
    """Say on standard error what an answer passes over, so that nobody takes it for all that is said."""
    if not statements:
        return
    from kg.explain import scoped
    from kg.withheld import told

    click.echo(plain(f"Said, but not so under this view: {told(statements)}"), err=True)
    for item in statements[:_WITHHELD]:
        click.echo(plain(f"  {item['why']}: {scoped(item)}"), err=True)
    if len(statements) > _WITHHELD:
        click.echo(f"  … and {len(statements) - _WITHHELD} more", err=True)
    first = statements[0]
    click.echo(
        plain(f"Both sides: kg why {first['subject']} {first['relation']} {first['object']}"), err=True
    )


@click.command()
@click.argument("text", metavar="NAME-OR-FILE-OR-SPARQL")
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a parameter.")
@format_flags("table", "json")
@two_views
def diff(text: str, params: tuple[str, ...], form: str, as_json: bool, **flags: Any) -> None:
    """Ask one question of two views, and show which rows came and went, and by which claims.

    Give the flag that differs twice: first the earlier or stricter side, then the other.

    \b
      kg diff suppliers -p entity=ford --known-by 2026-06-30 --known-by 2026-11-30
      kg diff talks --view cautious --view alive
      kg diff suppliers -p entity=ford --as-of 2024 --as-of 2026
    """
    from kg.query import Answer

    values, text = _values(params), _query_text(text)
    policies = [policy_of(side) for side in sides_of(flags)]
    with opened({**flags, "view": None}) as graph:
        body = graph.diff(text, *policies, values=values)
    if as_json or form == "json":
        print_json(body)
        return
    console = console_of()
    for sign, name, style in (("+", "came", "green"), ("-", "went", "red")):
        for item in body[name]:
            cells = Answer(body["variables"], [item["row"]]).table()[0]
            console.print(styled(f"{sign} {' · '.join(cell for cell in cells if cell)}", style))
            console.print(styled(f"    {item['why']}", "dim"))
            for key in item["because"] or item["claims"]:
                console.print(styled(f"    claim:{key}", "dim"))
    console.print(
        styled(f"{len(body['came'])} came, {len(body['went'])} went, {body['same']} are the same", "bold")
    )
    for side in ("before", "after"):
        console.print(styled(f"{side}: {footer(body[side])}", "dim"))
    if body["truncated"]:
        click.echo(
            "An answer was cut off at the row limit, so rows may seem to come or go; add conditions.",
            err=True,
        )


@click.command()
@click.argument("text", metavar="QUESTION")
@click.option(
    "--run", "run", is_flag=True, help="Ask the nearest question even when unsure that it is meant."
)
@format_flags("table", "csv", "tsv", "json", "markdown", "html")
@view_flags
def ask(text: str, run: bool, form: str, as_json: bool, **flags: Any) -> None:
    """Ask in plain words; say which question that is, how sure that is, and the nearest when unsure.

    \b
      kg ask "who supplies batteries to Ford?"
      kg ask "are Ford and Xiaomi in talks, counting denied reports?"
    """
    with opened(flags) as graph:
        reply = graph.ask(text, run=run)
    form = "json" if as_json else form
    if form == "json":
        print_json(reply.plain())
    else:
        _print_understood(reply)
        if isinstance(reply.answer, dict):
            if form != "table":
                raise click.UsageError(
                    f"--format {form} is for rows; this is answered by a report: use table or json"
                )
            (_print_exposure if "paths" in reply.answer else _print_why)(reply.answer)
        elif reply.answer is not None:
            _print_answer(reply.answer, form)
            _print_withheld(reply.withheld)
    if reply.answer is None and not reply.unsaid:
        raise Refused(
            "not sure what is meant, so nothing was asked; put it in other words, or use one of the commands above"
        )


def _print_understood(reply: Reply) -> None:
    """Say on standard error what a sentence was taken for."""
    meant = reply.meant
    asked = reply.answer is not None or reply.unsaid
    for note in meant.notes:
        click.echo(plain(f"  {note}"), err=True)
    for reading in meant.readings[:1] if asked else meant.readings:
        click.echo(
            plain(f"{meant.sure} ({reading.score:.2f}): {reading.title}  {meant.command(reading)}"), err=True
        )
    if reply.unsaid:
        click.echo(plain("Nobody here says so, and it does not follow; that is no sign that it is false."))
        click.echo(plain(footer(dict(reply.stamp))), err=True)


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
        [
            q.name,
            q.title,
            ", ".join(f"{p.name}={p.default}" if p.default else f"[{p.name}]" for p in q.parameters),
        ]
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
    from kg.explain import opposed

    with opened(flags) as graph:
        view = graph.view()
        found = view.claim(key)
        weighing = view.weighings.get(found.proposition)
        body = {
            "claim": view.card(found),
            "disputed_by": [view.card(other) for other in opposed(view, found)],
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
    else:
        _print_why(body)


def _print_why(body: dict[str, Any]) -> None:
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
        body = graph.exposure(name, to=to, through=through, limit=limit)
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
