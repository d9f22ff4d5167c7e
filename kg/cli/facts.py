"""Commands that bring facts in and hand them out."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg.claim import SOURCE_KINDS
from kg.cli.flags import Progress, opened, workspace_flag
from kg.cli.show import plain, print_json
from kg.errors import Misuse, Problem, Unavailable

if TYPE_CHECKING:
    from kg.ingest import Unbound
    from kg.preview import Preview

#: How many of a kind are shown where --all is not given.
_FEW = 5


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change; store nothing.")
@click.option("--all", "everything", is_flag=True, help="Show every warning, hint and change.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@workspace_flag
def load(paths: tuple[Path, ...], dry_run: bool, everything: bool, as_json: bool, **flags: Any) -> None:
    """Load sourced facts: workbooks, folders of tables, or files of another format, all or nothing each.

    An entity may be named by its id, its label, an alias or an identifier (lei:…); see `kg match` for names that are
    not known. With --dry-run: what is new, what it would corroborate, dispute and turn, and what was said already.
    """
    failed, told = False, []
    for path in paths:
        if not path.exists():
            raise Misuse(f"there is no file or folder {str(path)!r}; nothing was loaded")
    with opened(flags) as graph, Progress() as progress:
        for path in paths:
            name = path.name or path.resolve().name  # "." has no name
            if dry_run:
                (checked, change), batch = graph.preview(path, progress=progress), None
            else:
                (checked, batch), change = graph.load(path, progress=progress), None
            progress.done()
            failed |= bool(checked.errors)
            counts = _counts(checked.records if checked.errors else checked.new)
            told.append(
                {
                    "path": name,
                    "stored": batch is not None,
                    "batch": batch.seq if batch else None,
                    "records": _counts(checked.records),
                    "new": {} if checked.errors else counts,
                    "problems": [_problem(problem) for problem in checked.problems],
                    **({"preview": change.plain()} if change else {}),
                }
            )
            if as_json:
                continue
            # Of a file that brings nothing the hints are all there is to say.
            _print_problems(checked.problems, everything, hints=not checked.errors and not checked.new)
            known = f" (on file already: {len(checked.known):,})" if checked.known else ""
            if checked.errors:
                many = len(checked.errors)
                click.echo(
                    plain(f"{name}: {many:,} problem{'s' if many > 1 else ''}; nothing stored"), err=True
                )
            elif change:
                click.echo(plain(f"{name}: would load {_said(counts)}{known}"))
                _print_preview(change, everything)
            elif batch is None:
                click.echo(plain(f"{name}: nothing new; the ledger is unchanged"))
            else:
                click.echo(plain(f"{name}: loaded {_said(counts)} as batch {batch.seq}{known}"))
        if as_json:
            print_json({"loads": told, "view": "", "head": graph.head})
        else:
            click.echo(f"ledger {graph.head[:12]}", err=True)
    if failed:
        raise SystemExit(1)


@click.command()
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Workbook to write; with --format csv the folder to make.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["xlsx", "csv"]),
    default="xlsx",
    show_default=True,
    help="A workbook with drop-down lists, or a folder of tables.",
)
@workspace_flag
def template(output: Path, form: str, **flags: Any) -> None:
    """Write an empty workbook for your own facts, every column explained, with lists to choose from.

    The lists hold the relations, layers and kinds of the ontology and the entities of the workspace. Fill the sheets
    facts, entities and sources, then load it as it is. What is there already is never overwritten.

    \b
      kg template -o my-facts.xlsx
      kg load --dry-run my-facts.xlsx
    """
    if output.exists():
        raise Misuse(f"{str(output)!r} is there already; choose another name, it may hold work of yours")
    if form == "xlsx" and output.suffix.lower() != ".xlsx":
        raise Misuse(f"{output.name!r} must end in .xlsx; or say --format csv for a folder")
    with opened(flags) as graph:
        files = graph.template(form)
    try:
        if form == "csv":
            output.mkdir(parents=True)
        for name, data in files.items():
            (output / name if form == "csv" else output).write_bytes(data)
    except OSError as error:
        raise Unavailable(f"cannot write {str(output)!r}: {error.strerror or error}") from error
    click.echo(plain(f"wrote {output.name}; fill it, then: kg load {output.name}"), err=True)


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE | NAME ENTITY]")
@click.option("--not", "apart", is_flag=True, help="Decide that the name does not mean the entity.")
@click.option("--why", "reason", default="", help="Reason, kept with the decision.")
@click.option("--list", "listed", is_flag=True, help="Show the decisions that were made.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@workspace_flag
def match(what: tuple[str, ...], apart: bool, reason: str, listed: bool, as_json: bool, **flags: Any) -> None:
    """Decide what a name means that is no label or alias of exactly one entity.

    Of a FILE, lists the names that bind to nothing, with what they may mean and why. With NAME and ENTITY, records the
    decision in a batch of its own; `kg undo` takes it back, and a later decision goes before it. Without anything,
    lists names that several entities share. Nothing that is only similar is ever bound without a decision.

    \b
      kg match my-facts/
      kg match "Aurora Motors GmbH" aurora --why "its German subsidiary signs for it"
      kg match "Aurora" aurora-airlines --not
    """
    if len(what) > 2 or (listed and what) or ((apart or reason) and len(what) != 2):
        raise click.UsageError("give one FILE, or a NAME and an ENTITY (quote what has spaces), or --list")
    with opened(flags) as graph:
        if len(what) == 2:
            batch = graph.decide(*what, same=not apart, reason=reason)
            body: dict[str, Any] = {"name": what[0], "entity": what[1], "verdict": "different" if apart else "same",
                                    "batch": batch.seq if batch else None}  # fmt: skip
            said = "does not mean" if apart else "means"
            text = f"{what[0]!r} {said} {what[1]}" + (
                f" (batch {batch.seq}; `kg undo {batch.seq}` takes it back)"
                if batch
                else "; decided so already"
            )
            lines = [text]
        elif listed:
            body = {"decisions": graph.decisions()}
            lines = [
                f"batch {made['batch']:>3}  {made['name']!r} {'is' if made['verdict'] == 'same' else 'is not'} {made['entity']}"
                + (f": {made['reason']}" if made["reason"] else "")
                + ("" if made["counts"] else "  (no longer counts)")
                for made in body["decisions"]
            ] or ["nothing was decided yet"]
        elif what:
            found = graph.unbound(Path(what[0]))
            body = {"unbound": [asdict(name) for name in found]}
            lines = [line for name in found for line in _unbound(name)] or ["every name binds"]
        else:
            shared = graph.shared_names()
            body = {"shared": [{"name": name, "entities": ids} for name, ids in shared.items()]}
            lines = [f"{name!r} is the name of {', '.join(ids)}" for name, ids in shared.items()]
            lines = lines or ["no two entities share a name"]
        body |= {"view": "", "head": graph.head}
    if as_json:
        print_json(body)
        return
    for line in lines:
        click.echo(plain(line))


@click.command()
@click.argument("form", metavar="FORMAT")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="File or folder to write."
)
@click.option("--batch", type=int, default=0, metavar="N", help="Only the facts of this batch.")
@workspace_flag
def export(form: str, output: Path, batch: int, **flags: Any) -> None:
    """Write the facts out: csv, tsv, xlsx, yaml, jsonl, turtle, trig, nquads, jsonld, rdfxml, nanopub, ftm, ledger.

    What is undone is left out, but for the format ledger: everything there is, as sorted lines that Git can keep. Both
    `kg load` and `kg restore` read it, and the folder can be written again and again.

    \b
      kg export csv -o all-facts
      kg export ledger -o my-repository/ledger
    """
    with opened(flags) as graph:
        count = graph.export(form, output, batch=batch)
        click.echo(plain(f"{output.name}: {count:,} records as {form}"))
        if (left := output / "left-out.csv").is_file():
            with left.open(encoding="utf-8", newline="") as table:
                rows = sum(1 for _ in csv.reader(table)) - 1
            click.echo(
                plain(
                    f"{left.name} there lists {rows:,} row{'' if rows == 1 else 's'} that {form} cannot say, with the reason"
                )
            )
        click.echo(f"ledger {graph.head[:12]}", err=True)


@click.command()
@click.argument("items", nargs=-1, required=True, metavar="Q...")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of CSV files to make, or one file (.yaml, .jsonl, .xlsx …).",
)
@click.option("--endpoint", metavar="URL", default="", help="SPARQL endpoint (default: the one of Wikidata).")
@click.option("--all", "everything", is_flag=True, help="Show every warning.")
def wikidata(items: tuple[str, ...], output: Path, endpoint: str, everything: bool) -> None:
    """Read Wikidata items into a fact file, to be reviewed and then loaded: ties with dates, shares and references.

    \b
      kg wikidata Q44294 -o ford-wikidata && kg load --dry-run ford-wikidata
    """
    from kg.formats import form_of, save
    from kg.remote import Endpoint
    from kg.wikidata import ENDPOINT, fetch

    form_of(output)  # a slip is told before anybody is asked
    batch = fetch(items, Endpoint(endpoint or ENDPOINT))
    _print_problems(batch.problems, everything)
    save(batch, output)
    click.echo(
        f"{output}: {len(batch.facts)} facts, {len(batch.entities)} entities, {len(batch.sources)} sources; "
        "review them, then: kg load"
    )


def _unbound(name: Unbound) -> list[str]:
    more = f" and {len(name.places) - 3:,} more" if len(name.places) > 3 else ""
    lines = [f"{name.name!r}  {', '.join(name.places[:3])}{more}"]
    lines += [f"    {proposal.entity}  {proposal.why}" for proposal in name.proposals]
    return lines if name.proposals else [*lines, "    nothing on file is like it; add it to entities.csv"]


def _print_problems(problems: Sequence[Problem], everything: bool, *, hints: bool = False) -> None:
    """Errors first and all of them, of the warnings the first five of a kind, of the hints only how many unless asked."""
    alike: Counter[str] = Counter()
    for problem in sorted(problems, key=lambda problem: problem.severity != "error"):
        alike[problem.code] += problem.severity == "warning"
        if problem.severity == "error" or everything or (hints and problem.severity == "info"):
            name = {"error": "", "warning": "warning: ", "info": "hint: "}[problem.severity]
            click.echo(plain(name + str(problem)), err=True)
        elif problem.severity == "warning" and alike[problem.code] <= _FEW:
            click.echo(plain(f"warning: {problem}"), err=True)
    if everything:
        return
    for code, many in alike.items():
        if many > _FEW:
            click.echo(f"warning: {many - _FEW:,} more of {code}; --all shows them", err=True)
    hidden = Counter(problem.code for problem in problems if problem.severity == "info" and not hints)
    if hidden:
        said = ", ".join(f"{many:,} of {code}" for code, many in hidden.items())
        click.echo(f"hints: {said}; --all shows them", err=True)


def _print_preview(change: Preview, everything: bool) -> None:
    for title, ids in (
        ("entities", change.entities),
        ("sources", change.sources),
        ("scenarios", change.scenarios),
    ):
        if ids:
            shown = ids if everything else ids[:20]
            more = f" and {len(ids) - len(shown):,} more" if len(ids) > len(shown) else ""
            click.echo(plain(f"new {title}: {', '.join(shown)}{more}"))
    voices = sum(item["independent"] for item in change.corroborates)
    blocks = (
        ("new proposition", "new propositions", "", change.propositions,
         lambda item: f"{item['place']}  {item['sentence']}  {item['standing']}; {_holds(item['holds'])}"),
        ("claim corroborates", "claims corroborate", f" what is there ({voices:,} from a new independent origin)",
         change.corroborates,
         lambda item: f"{item['place']}  {item['stance']}  {item['sentence']}  {item['origin']}, beside "
         f"{', '.join(item['origins'])}{': a new voice' if item['independent'] else ': no new voice'}"),
        ("claim disputes", "claims dispute", " what is there", change.disputes,
         lambda item: f"{item['place']}  {item['stance']}  {item['sentence']}  {item['origin']}, against "
         f"{', '.join(item['origins'])}"),
        ("verdict flips", "verdicts flip", "", change.flips,
         lambda item: f"{item['sentence']}  {item['standing'][0]} → {item['standing'][1] or 'nothing said'}"
         f"{_turned(item['holds'])}"),
        ("near-duplicate claim", "near-duplicate claims", " (same proposition, same source)", change.duplicates,
         lambda item: f"{item['place']}  {item['similarity']} % the words of {item['of']['place']} "
         f"(claim:{item['of']['claim']}); differs in {', '.join(item['differs'])}"),
        ("source looks", "sources look", " like a copy of an earlier one", change.copies, _copy),
    )  # fmt: skip
    for one, many, rest, items, line in blocks:
        if not items:
            continue
        click.echo(plain(f"{len(items):,} {one if len(items) == 1 else many}{rest}"))
        for item in items if everything else items[:_FEW]:
            click.echo(plain("  " + line(item)))
        if len(items) > _FEW and not everything:
            click.echo(f"  … {len(items) - _FEW:,} more; --all shows them")
    if change.decisions or change.withdrawals:
        click.echo(
            f"{change.decisions:,} decisions about names, {change.withdrawals:,} withdrawals of claims"
        )


def _holds(holds: dict[str, bool]) -> str:
    return "holds: " + ", ".join(f"{name} {'yes' if held else 'no'}" for name, held in holds.items())


def _turned(holds: dict[str, list[bool]]) -> str:
    words = ["no", "yes"]
    turned = [f"{name} {words[a]} → {words[b]}" for name, (a, b) in holds.items() if a != b]
    return f"; holds: {', '.join(turned)}" if turned else ""


def _copy(item: dict[str, Any]) -> str:
    counts = (
        "copy of an earlier source: counts as the same origin"
        if item["same_origin"]
        else "counts as a voice of its own; if it repeats that one, name it in cited_source"
    )
    return f"{item['source']}  like {item['of']}: {item['why']}; {counts}"


@click.command()
@click.argument("document", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FOLDER|FILE",
    type=click.Path(path_type=Path),
    help="Where to write the candidates: a folder of CSV files, or a .yaml, .jsonl or .xlsx file.",
)
@click.option(
    "--source",
    default="",
    metavar="ID",
    help="Id of the document's source card (default: made of the file's name).",
)
@click.option("--published", default="", metavar="DATE", help="For a new source card.")
@click.option("--publisher", default="", metavar="NAME", help="For a new source card.")
@click.option("--url", default="", metavar="URL", help="For a new source card.")
@click.option(
    "--kind",
    type=click.Choice(SOURCE_KINDS),
    default="news",
    show_default=True,
    help="For a new source card.",
)
@click.option(
    "--model",
    "model_name",
    default="",
    metavar="NAME",
    help="Ask a language model besides; the document is sent to it.",
)
@click.option(
    "--model-endpoint",
    "endpoint",
    default="",
    metavar="URL",
    help="OpenAI-compatible address of the model; its key is read from KG_MODEL_KEY.",
)
@click.option(
    "--model-seconds",
    type=click.FloatRange(1, 3600),
    default=120,
    show_default=True,
    help="Longest wait for one answer of the model.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@workspace_flag
def suggest(
    document: Path, target: Path | None, model_name: str, endpoint: str, model_seconds: float, as_json: bool, **flags: Any
) -> None:  # fmt: skip
    """Suggest facts from a document (text, HTML or PDF), to be reviewed by you; nothing is loaded.

    A candidate is a sentence in which two known names meet the words of a relation, with the exact quote, a stance by
    its hedges and denials, and a note that says why. Without -o the candidates are only shown.

    \b
      kg suggest article.html -o my-facts --publisher "Aurora Times" --published 2026-03-01
      kg load --dry-run my-facts
    """
    from kg import formats
    from kg.model import Model
    from kg.suggest import suggest as read

    if target:
        formats.form_of(target)  # a slip is told before the document is read
    if bool(model_name) != bool(endpoint):
        raise click.UsageError("--model and --model-endpoint go together")
    model = (
        Model(model_name, endpoint, os.environ.get("KG_MODEL_KEY", ""), model_seconds) if model_name else None
    )
    card = {name: flags.pop(name) for name in ("source", "published", "publisher", "url", "kind")}
    with opened(flags) as graph:
        found, head = read(graph, document, model=model, **card), graph.head
    if target:
        formats.save(found.batch, target)
    if as_json:
        rows = {table: [dict(row.cells) for row in found.batch.rows(table)] for table in ("sources", "facts")}
        print_json(
            {**rows, "unknown_names": found.unknown, "refused": found.refused, "view": "", "head": head}
        )
        return
    for row in found.batch.facts:
        tie = f"{row.get('subject')} {row.get('relation')} {row.get('object')}"
        detail = ", ".join(text for text in (row.get("layer"), row.get("status")) if text)
        click.echo(
            plain(
                f"{row.get('id')}  {row.get('stance')}  {tie}"
                + (f" ({detail})" if detail else "")
                + f"  {row.get('confidence')}"
            )
        )
        click.echo(plain(f"        “{row.get('quote')}”"))
    many = len(found.batch.facts)
    where = f" in {target.name}" if target else "; write them to a folder with -o"
    click.echo(
        plain(f"{many:,} candidate{'' if many == 1 else 's'}{where}: read each, then `kg load`"), err=True
    )
    for why, number in sorted(found.refused.items()):
        click.echo(plain(f"refused of the model: {number:,}, because {why}"), err=True)
    if found.unknown:
        few = ", ".join(f"{name} ({number})" for name, number in list(found.unknown.items())[:15])
        click.echo(plain(f"names not known, perhaps entities to add: {few}"), err=True)


def _counts(records: Sequence[tuple[Any, str]]) -> dict[str, int]:
    return dict(Counter(type(record).__name__.lower() for record, _ in records))


def _said(counts: dict[str, int]) -> str:
    plural = {"entity": "entities", "match": "decisions about names"}
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
        **({"cell": problem.cell} if problem.cell else {}),
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }
