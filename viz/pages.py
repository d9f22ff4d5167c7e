"""From a scene to one offline, escaped, byte-repeatable HTML file; and the workbench's templates.

What the file promises: it names no other file and no host, it runs only the scripts whose
hashes its policy lists, every text of the data is text and never markup, and the same scene
gives the same bytes. Without scripts it is still a readable document with every claim.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from kg.errors import Unavailable
from viz.scene import LEGEND, POLICIES, Claim, Edge, Scene, in_words, phrase, web_address

__all__ = ["PRODUCT", "WORKBENCH_ROUTES", "environment", "page", "static_folder", "write_page"]

PRODUCT = "EV supply web"
WORKBENCH_ROUTES = {"entity": "/entity/", "claim": "/claim/", "source": "/source/"}
PAGE_ROUTES = {"entity": "", "claim": "#claim=", "source": "#source="}
SCRIPTS = ("vendor/vis-network.js", "cite.js", "page.js")


def static_folder() -> Path:
    """Return the folder of the style sheet and scripts, for a server to serve as ``/static``."""
    return Path(str(files("viz") / "static"))


@cache
def environment() -> Environment:
    """Return the template environment of all pages: autoescape on, a missing name is an error.

    Returns
    -------
    jinja2.Environment
        Loads ``viz/templates``; the workbench's templates are ``explore/*.html.j2``, each of
        which says at its top which context it expects. Globals: `product`, `static`
        (``"/static"``), `routes`, `legend`, `policies`. Filters: `words` (scheme code to
        words), `phrase` (relation to words), `web` (an http or https address, else empty),
        `host` (host name of an address), `verbatim` (exact text that survives HTML parsing).

    Examples
    --------
    >>> environment().from_string("{{ '<b>' }} {{ 'tier1-supplier'|words }}").render()
    '&lt;b&gt; tier-1 supplier'
    """
    made = Environment(
        loader=PackageLoader("viz", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals.update(
        product=PRODUCT, static="/static", routes=WORKBENCH_ROUTES, legend=LEGEND, policies=POLICIES
    )
    made.filters.update(words=in_words, phrase=phrase, web=web_address, host=_host, verbatim=_verbatim)
    return made


def page(scene: Scene, *, home: str = "") -> str:
    """Return one offline HTML5 file that shows the scene and carries all its claims.

    Parameters
    ----------
    scene : Scene
        From one of the builders of `viz.scene`.
    home : str
        Address of the workbench, when the page is shown inside it; a file of its own has none.

    Returns
    -------
    str
        The whole file: 390 kB, and about 3.5 kB more for each claim with its share of paths,
        relations and sources.

    Notes
    -----
    The policy in the file allows two kinds of things: our scripts and style, by hash. An
    escaping mistake would still run nothing and call nowhere. About 0.5 s for the first
    page of a process, most of it pyvis' imports, then 0.1 s for 640 claims.
    """
    from viz.drawing import Drawing  # not above: it costs the command line half a second

    scripts = [_inline(_asset(name)) for name in SCRIPTS]
    css = _asset("app.css")
    claims = {claim.id: claim for claim in scene.claims}
    data = {**Drawing(scene).data(), "paths": _path_data(scene), "focus": scene.focus, "title": scene.title}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            scene=scene,
            home=home,
            routes=PAGE_ROUTES,
            names={node.id: node.label for node in scene.nodes},
            edges={edge.id: edge for edge in scene.edges},
            claims_of=lambda ids: [claims[key] for key in ids],
            numbers={origin.id: origin.number for origin in scene.origins},
            anchors=_anchors(scene.edges),
            abouts={edge.id: _elsewhere(edge, (claims[key] for key in edge.claims)) for edge in scene.edges},
            cited=Counter(s.id for claim in scene.claims for s in (claim.source, claim.cited_source) if s),
            facets=_facets(scene),
            csp=_policy(scripts, css),
            css=css,
            scripts=scripts,
            data=_script_json(data),
        )
    )


def write_page(scene: Scene, path: Path) -> None:
    """Write the page of a scene to a file: UTF-8, LF, readable by all, whole or not at all.

    Parameters
    ----------
    scene : Scene
    path : Path
        File to write; an older one is replaced in one step.

    Raises
    ------
    Unavailable
        If the folder is missing or cannot be written to.
    """
    content = page(scene).encode("utf-8")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise Unavailable(f"cannot write {path.name}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)  # mkstemp keeps it to the owner; a page is made to be passed on
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise Unavailable(f"cannot write {path.name}: {error.strerror}") from error


# --- Escaping


def _verbatim(text: str) -> Markup:
    """Return exact text as markup. A parser turns a bare CR into LF; as a reference it survives."""
    return Markup(str(escape(text)).replace("\r", "&#13;"))  # escaped on this line


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "") if web_address(url) else ""


def _script_json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in, nor a line of it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _inline(script: str) -> str:
    # Inside strings and patterns, the only places where they occur, these mean the same.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: Iterable[str], css: str) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(css)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


@cache
def _asset(name: str) -> str:
    return (files("viz") / "static" / name).read_text(encoding="utf-8")


# --- What the template and the script need beside the scene


def _path_data(scene: Scene) -> list[dict[str, Any]]:
    return [
        {
            "id": path.id,
            "rank": path.rank,
            "kind": path.kind,
            "target": path.target,
            "edges": [hop.edge for hop in path.hops],
            "weakest": next((i for i, hop in enumerate(path.hops) if hop.weakest), 0),
            "nodes": [f"n:{stop}" for stop in path.stops],
        }
        for path in scene.paths
    ]


def _anchors(edges: Sequence[Edge]) -> Mapping[str, frozenset[str]]:
    """Return which claims have their address at which edge: the first that they occur at."""
    home: dict[str, str] = {}
    for edge in edges:
        for claim in edge.claims:
            home.setdefault(claim, edge.id)
    return {edge.id: frozenset(c for c in edge.claims if home[c] == edge.id) for edge in edges}


def _elsewhere(edge: Edge, claims: Iterable[Claim]) -> frozenset[str]:
    """Return the claims that are about another statement than the edge's, and should say so."""
    parties = {edge.subject, edge.object}
    return frozenset(
        claim.id
        for claim in claims
        if {claim.subject, claim.object} != parties
        or phrase(claim.relation, claim.verb) != edge.phrase
        or claim.layer not in {edge.layer, ""}
    )


def _facets(scene: Scene) -> dict[str, list[tuple[str, int]]]:
    def counted(values: Iterable[str]) -> list[tuple[str, int]]:
        return list(Counter(value for value in values if value).items())

    order = [str(entry.standing) for entry in scene.legend]
    standings = counted(edge.standing for edge in scene.edges)
    return {
        "kinds": counted(path.kind for path in scene.paths),
        "targets": counted(path.target for path in scene.paths),
        "relations": sorted(counted(edge.phrase for edge in scene.edges)),
        "standings": sorted(standings, key=lambda item: order.index(item[0])),
    }
