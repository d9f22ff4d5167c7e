"""Commands that show: the workbench, one offline page, the static site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kg.cli.flags import opened, view_flags


@click.command()
@click.option("--port", type=int, default=0, help="Port to serve on (default: any free one).")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address.")
@view_flags
def explore(port: int, no_browser: bool, **flags: Any) -> None:
    """Serve the workbench on this machine and open it in the browser."""
    from kg.explore import serve

    with opened(flags) as graph:
        serve(graph, port=port, browser=not no_browser)


@click.command()
@click.option("--port", type=int, default=7788, show_default=True, help="Port to serve on.")
@view_flags
def serve(port: int, **flags: Any) -> None:
    """Serve the workbench and a SPARQL endpoint (/sparql) without opening a browser."""
    from kg.explore import serve as run

    with opened(flags) as graph:
        run(graph, port=port, browser=False)


@click.command()
@view_flags
def mcp(**flags: Any) -> None:
    """Serve language-model clients over standard input and output (Model Context Protocol), read only.

    \b
    A client's settings want the command `kg` with the argument `mcp`.
    """
    from kg.mcp import server

    with opened(flags) as graph:
        server(graph).run("stdio")


@click.command()
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
@view_flags
def graph(kind: str, name: str, output: Path, to: str, through: str, limit: int, **flags: Any) -> None:
    """Write one offline HTML page: an interactive graph whose every edge opens its claims."""
    from viz.pages import write_page
    from viz.scene import exposure_scene

    with opened(flags) as graph_:
        body = graph_.exposure(name, to=to, through=through, limit=limit)
    try:
        write_page(exposure_scene(body), output)
    except OSError as error:
        raise click.UsageError(f"{str(output)!r} cannot be written: {error.strerror or error}") from error
    click.echo(
        f"{output}: {len(body['paths'])} paths, {len(body['claims'])} claims, {output.stat().st_size / 1000:.0f} kB",
        err=True,
    )


@click.command()
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to make; one that this command made before is replaced.",
)
@view_flags
def site(output: Path, **flags: Any) -> None:
    """Write the static site: the ontology's reference, the questions, and exposure pages of carmakers."""
    from kg.site import build_site

    with opened(flags) as graph_:
        report = build_site(graph_, output)
    click.echo(
        f"{output}: {report.terms} terms, {report.questions} questions, exposure of {len(report.firms)} carmakers, "
        f"{len(report.files)} files, {report.size / 1e6:.1f} MB; open {output / 'index.html'}",
        err=True,
    )
