"""The workbench: plain pages served on this machine only, each of which leads to claims.

Server-rendered HTML that works without JavaScript, and the SPARQL endpoint (`kg.endpoint`) beside it. Read only:
there is no route that writes. How it is served, and to whom, is `kg.server`'s.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import webbrowser
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from kg.claim import Proposition, Stance
from kg.dates import NotADate, last_day
from kg.endpoint import Endpoint, Held
from kg.errors import KgError, Misuse, NotFound, Unavailable
from kg.evidence import Weighing
from kg.explain import entity_dossier, scoped, why
from kg.exposure import exposure_report, exposures
from kg.index import head_of
from kg.policy import POLICIES, Policy
from kg.query import Parameter, Question, library, question, shorten, spoken
from kg.server import Guard, listen
from kg.server import serve as serve_on
from kg.view import View
from kg.workspace import KnowledgeGraph

__all__ = ["application", "serve"]

#: Firms whose exposure the home page offers, and questions it starts from; shown only where the ledger knows them.
_FIRMS = ("ford", "general-motors", "tesla", "volkswagen-group", "stellantis", "xiaomi", "byd")
_STARTERS = (
    ("How is Ford exposed to Washington through CATL?", "/exposure/ford?to=united-states&through=catl", ("ford", "catl")),
    ("Are Ford and Xiaomi in talks?", "/statement?subject=ford&relation=inTalksWith&object=xiaomi", ("ford", "xiaomi")),
    ("Does Ford depend on CATL, and why?", "/statement?subject=ford&relation=dependsOn&object=catl", ("ford", "catl")),
)  # fmt: skip
_ROWS = 500
_DOWNLOADS = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "json": "application/sparql-results+json",
}

Page = Callable[[Request, View], Response]


class _Pages:
    """The pages of one workspace."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        from viz.pages import environment

        self.graph, self.environment = graph, environment()
        self._lock = threading.Lock()  # one view is built at a time; SQLite and the view cache are shared

    # -- plumbing

    def view(self, request: Request) -> View:
        policy: Policy = self.graph.policy
        if asked := request.query_params.get("view", ""):
            policy = replace(policy, name=asked)
        with self._lock:
            return self.graph.view(policy)

    def held(self, name: str, as_of: str, known_by: str) -> Held:
        """Return a view for the endpoint; see `kg.endpoint.Endpoint`."""
        policy = self.graph.policy
        if name:
            policy = replace(policy, name=name)
        if as_of:
            policy = replace(policy, as_of=_day(as_of))
        if known_by and re.fullmatch(r"[0-9a-f]{8,64}", known_by):
            policy = replace(policy, at=known_by, known_by=None)
        elif known_by:
            policy = replace(policy, known_by=_day(known_by), at="")
        with self._lock:
            store = self.graph.store(policy)
        return Held(store, policy.stamp(head_of(store)), store.name)

    def names(self) -> list[str]:
        """Return the names of the views there are."""
        with self._lock:
            scenarios = {name for name, _ in self.graph.view().scenarios}
        return [*POLICIES, *(f"scenario:{name}" for name in sorted(scenarios))]

    def html(self, template: str, view: View, *, status: int = 200, **context: Any) -> HTMLResponse:
        body = self.environment.get_template(f"explore/{template}.html.j2").render(
            stamp=view.stamp(), **context
        )
        return HTMLResponse(body, status_code=status)

    def table(
        self,
        title: str,
        view: View,
        columns: list[str],
        rows: list[list[dict[str, str]]],
        *,
        text: str = "",
        query: str = "",
        downloads: list[dict[str, str]] | None = None,
        truncated: bool = False,
        withheld: Sequence[Mapping[str, Any]] = (),
    ) -> Response:
        return self.html(
            "results",
            view,
            title=title,
            text=text,
            columns=columns,
            rows=rows[:_ROWS],
            truncated=truncated or len(rows) > _ROWS,
            query=query,
            downloads=downloads or [],
            withheld=[
                {
                    "text": scoped(item),
                    "why": item["why"],
                    "url": _statement_url(Proposition(item["relation"], item["subject"], item["object"])),
                }
                for item in withheld
            ],
        )

    def route(self, make: Page) -> Callable[[Request], Awaitable[Response]]:
        """Run a page in a thread and turn our own errors into a page that says what would be right."""

        def answer(request: Request) -> Response:
            try:
                return make(request, self.view(request))
            except KgError as error:
                with self._lock:
                    view = self.graph.view()
                code = 404 if isinstance(error, NotFound) else 503 if isinstance(error, Unavailable) else 400
                names = error.matches if isinstance(error, NotFound) else []
                title = "Not found" if code == 404 else "That did not work"
                offers = [{"label": name, "url": f"/search?q={_quoted(name)}"} for name in names]
                return self.html(
                    "message", view, status=code, title=title, text=_sentence(error), near=offers
                )

        async def handler(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return handler

    # -- pages

    def home(self, _: Request, view: View) -> Response:
        disputed = [weighing for weighing in view.weighings.values() if weighing.standing == "contested"]
        disputed.sort(key=lambda item: (-len(item.origins_for) - len(item.origins_against), item.proposition))
        starters = [
            {"text": text, "url": url}
            for text, url, needed in _STARTERS
            if all(name in view.entities for name in needed)
        ]
        more = [{"text": item.title, "url": _question_url(item)} for item in library().values()]
        counts = {
            "claims": len(view.entries),
            "statements": len(view.weighings),
            "contested": len(disputed),
            "sources": len(view.sources),
            "firms, bodies, things": len(view.entities),
        }
        return self.html(
            "home",
            view,
            counts=[{"label": label, "value": f"{number:,}"} for label, number in counts.items()],
            questions=[*starters, *more][:6],
            firms=[
                {"label": view.labels[key], "url": f"/exposure/{key}"}
                for key in _FIRMS
                if key in view.entities
            ],
            contested=[
                {
                    "sentence": _scoped(view, item.proposition) + _state(item),
                    "url": _statement_url(item.proposition),
                    "reports": len(item.origins_for),
                    "denials": len(item.origins_against),
                }
                for item in disputed[:10]
            ],
            links=[
                {"label": "All questions", "url": "/questions"},
                {"label": "All sources", "url": "/sources"},
                {"label": "What was loaded", "url": "/batches"},
                {"label": "The ontology", "url": "/ontology"},
            ],
            query="",
        )

    def search(self, request: Request, view: View) -> Response:
        text = request.query_params.get("q", "").strip()
        if not text:
            return RedirectResponse("/", status_code=303)
        with contextlib.suppress(KgError):
            return RedirectResponse(f"/entity/{view.find(text)}", status_code=303)
        wanted = text.casefold()
        rows = [
            [
                _cell(entity.label, f"/entity/{entity.id}"),
                _cell(", ".join(entity.kinds)),
                _cell(entity.country),
            ]
            for entity in view.entities.values()
            if any(wanted in name.casefold() for name in (entity.id, entity.label, *entity.aliases))
        ]
        rows += [
            [_cell(source.title or source.id, f"/source/{source.id}"), _cell("source"), _cell(source.name)]
            for source in view.sources.values()
            if wanted in f"{source.id} {source.title} {source.publisher}".casefold()
        ]
        if not rows:
            names = [
                n for entity in view.entities.values() for n in (entity.label, entity.id, *entity.aliases)
            ]
            raise NotFound("entity or source", text, names)
        return self.table(
            "Found", view, ["name", "kind", "place or publisher"], rows, text=f"Names with “{text}”"
        )

    def entity(self, request: Request, view: View) -> Response:
        body = entity_dossier(view, request.path_params["id"])
        card = body["entity"]
        groups: dict[str, list[dict[str, Any]]] = {}
        for tie in body["ties"]:
            groups.setdefault(tie["verb"] or view.words.label(tie["relation"]), []).append(
                {
                    "sentence": scoped(tie),
                    "url": _statement_url(Proposition(tie["relation"], tie["subject"], tie["object"])),
                    "standing": tie["standing"],
                    "status": tie["status"],
                    "claims": len(tie["claims"]),
                    "origins": tie["origins"],
                    "denials": tie["disputing_origins"],
                }
            )
        return self.html(
            "entity",
            view,
            entity={**card, "label": card["name"], "names": card["aliases"]},
            relations=[{"title": title, "rows": rows} for title, rows in sorted(groups.items())],
            claims=[],
            names=view.labels,
            links=[{"label": "Political exposure", "url": f"/exposure/{card['id']}"}],
        )

    def claim(self, request: Request, view: View) -> Response:
        claim = view.claim(request.path_params["id"])
        weighing = view.weighings.get(claim.proposition)
        others = [other for other in (weighing.own if weighing else ()) if other.id != claim.id]
        return self.html(
            "claim",
            view,
            claim=view.card(claim),
            statement={
                "sentence": _scoped(view, claim.proposition),
                "url": _statement_url(claim.proposition),
                "standing": str(weighing.standing) if weighing else "",
            },
            others=[view.card(other) for other in others],
            names=view.labels,
            raw=claim.text,
        )

    def source(self, request: Request, view: View) -> Response:
        source = view.source(request.path_params["id"])
        card = {**(view.source_card(source.id) or {}), "author": source.author, "lang": source.lang}
        claims = view.claims
        return self.html(
            "source",
            view,
            source={**card, "note": source.note},
            claims=[view.card(claim) for claim in claims if claim.source == source.id],
            citing=[view.card(claim) for claim in claims if claim.cited_source == source.id],
            names=view.labels,
        )

    def sources(self, _: Request, view: View) -> Response:
        drawn = Counter(claim.source for claim in view.claims)
        rows = [
            [
                _cell(source.publisher),
                _cell(source.title or source.id, f"/source/{source.id}"),
                _cell(source.published),
                _cell(source.kind),
                _cell("yes" if source.consulted == "yes" else "no"),
                _cell(str(drawn[source.id])),
            ]
            for source in sorted(
                view.sources.values(), key=lambda source: (source.publisher.casefold(), source.id)
            )
        ]
        return self.table(
            "Sources", view, ["publisher", "document", "published", "kind", "read by us", "claims"], rows
        )

    def batches(self, _: Request, view: View) -> Response:
        with self._lock:
            found = self.graph.ledger.batches()
        rows = [
            [
                _cell(text)
                for text in (
                    str(item.seq),
                    item.kind,
                    item.title,
                    item.recorded,
                    f"{item.size:,}",
                    "undone" if item.undone else "counts",
                    item.hash[:12],
                )
            ]
            for item in found
        ]
        columns = ["batch", "kind", "title", "recorded", "records", "state", "hash"]
        return self.table("What was loaded", view, columns, rows)

    def statement(self, request: Request, view: View) -> Response:
        asked = request.query_params
        body = why(view, asked.get("subject", ""), asked.get("relation", ""), asked.get("object", ""))
        said = body["statement"]
        ends = [said[side] for side in ("subject", "object") if said[side] in view.entities]
        witnesses = body["proof"]["witnesses"] if body["proof"] else []
        return self.html(
            "statement",
            view,
            statement={**said, "standing": body["standing"], "status": body["status"], "layer": ""},
            reports=body["claims"]["for"],
            denials=body["claims"]["against"],
            others=body["claims"]["other"],
            origins={"reports": len(body["origins"]["for"]), "denials": len(body["origins"]["against"])},
            witnesses=[
                [
                    {"sentence": view.card(view.claim(key))["sentence"], "url": f"/claim/{key}"}
                    for key in found
                ]
                for found in witnesses
            ],
            names=view.labels,
            links=[{"label": view.labels[key], "url": f"/entity/{key}"} for key in ends],
        )

    def questions(self, _: Request, view: View) -> Response:
        return self.html(
            "questions",
            view,
            questions=[
                {
                    "name": item.name,
                    "title": item.title,
                    "url": _question_url(item),
                    "parameters": [
                        {
                            "name": parameter.name,
                            "label": parameter.description or parameter.name,
                            "value": parameter.default,
                            "choices": _choices(view, parameter),
                        }
                        for parameter in item.parameters
                    ],
                }
                for item in library().values()
            ],
            links=[],
        )

    def question(self, request: Request, view: View) -> Response:
        item = question(request.path_params["name"])
        given = {
            key: value
            for key, value in request.query_params.items()
            if key not in ("view", "format") and value
        }
        with self._lock:  # building the store is done by one; asking it is not
            self.graph.store(view.policy)
        answer = self.graph.query(item.name, view.policy, values=given)
        form = request.query_params.get("format", "")
        if form in _DOWNLOADS:
            return Response(getattr(answer, form)(), media_type=_DOWNLOADS[form])
        filled = {
            parameter.name: given.get(parameter.name, parameter.default) for parameter in item.parameters
        }
        asked = "&".join(
            f"{name}={_quoted(value)}" for name, value in {**given, "view": view.policy.name}.items()
        )
        return self.table(
            item.title,
            view,
            answer.variables,
            [[_term(view, row.get(name)) for name in answer.variables] for row in answer.rows],
            text=", ".join(f"{name}: {value}" for name, value in filled.items() if value),
            query=item.body,
            downloads=[
                {"label": form.upper(), "url": f"{_question_url(item)}?{asked}&format={form}"}
                for form in _DOWNLOADS
            ],
            truncated=answer.truncated,
            withheld=self.graph.withheld(answer, view.policy),
        )

    def reference(self, name: str) -> Page:
        """Return the page that shows one part of the ontology's reference."""
        from kg.site import reference

        return lambda _, view: HTMLResponse(reference(name, view))

    def exposure(self, request: Request, view: View) -> Response:
        from viz.pages import page
        from viz.scene import exposure_scene

        key = view.find(request.path_params["id"])
        to, through = (
            view.find(asked) if (asked := request.query_params.get(name, "")) else ""
            for name in ("to", "through")
        )
        paths = exposures(view, key, to=to, through=through)
        report = exposure_report(view, key, paths, to=to, through=through)
        if request.query_params.get("format") == "json":
            return JSONResponse(report)
        # The page brings its own, stricter policy; this one only keeps it out of frames.
        return HTMLResponse(
            page(exposure_scene(report), home="/"),
            headers={"Content-Security-Policy": "frame-ancestors 'none'"},
        )


def _day(text: str) -> date:
    """Return a day that a request names; of a month or year the last."""
    try:
        return last_day(text)
    except NotADate as error:
        raise Misuse(str(error)) from error


def _cell(text: str, url: str = "") -> dict[str, str]:
    return {"text": text, "url": url}


_ROOMS = {"id:": "/entity/", "claim:": "/claim/", "source:": "/source/"}


def _term(view: View, term: dict[str, str] | None) -> dict[str, str]:
    """Turn a term of an answer into a cell: what to show, and the page of the thing where there is one."""
    if term is None:
        return _cell("")
    if term["type"] != "uri":
        return _cell(term["value"])
    short = shorten(term["value"])
    for prefix, room in _ROOMS.items():
        if short.startswith(prefix):
            key = short.removeprefix(prefix)
            return _cell(view.labels.get(key, short) if prefix == "id:" else short, room + _quoted(key))
    return _cell(spoken(term["value"]))


def _choices(view: View, parameter: Parameter) -> list[str]:
    """Return what a parameter may be, where that is a short list."""
    if parameter.type == "layer":
        return sorted(view.words.layers)
    if parameter.type == "stance":
        return [str(stance) for stance in Stance]
    if parameter.type == "scenario":
        return sorted({name for name, _ in view.scenarios})
    if parameter.type == "relation":
        return sorted(view.words.relations)
    return []


def _scoped(view: View, proposition: Proposition) -> str:
    """Return a proposition as a sentence with its layer and market."""
    said = view.scope(proposition)
    return view.words.sentence(proposition, view.labels) + (f" ({said})" if said else "")


def _state(weighing: Weighing) -> str:
    """Return what kind of tie is disputed where it is no plain fact: talks about a venture are no venture."""
    return f" — {weighing.status}" if weighing.status not in ("", "active") else ""


def _sentence(error: KgError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _question_url(item: Question) -> str:
    return f"/question/{item.name}"


def _statement_url(proposition: Proposition) -> str:
    ends = (
        ("subject", proposition.subject),
        ("relation", proposition.relation),
        ("object", proposition.object),
    )
    return "/statement?" + "&".join(f"{name}={_quoted(value)}" for name, value in ends)


def application(graph: KnowledgeGraph, hosts: frozenset[str]) -> Any:
    """Return the ASGI application of a workspace.

    Parameters
    ----------
    graph : KnowledgeGraph
    hosts : frozenset of str
        Host header values to answer to, port included, lower case.
    """
    from viz.pages import static_folder

    pages = _Pages(graph)
    rooms: dict[str, Page] = {
        "/": pages.home,
        "/search": pages.search,
        "/entity/{id}": pages.entity,
        "/claim/{id}": pages.claim,
        "/source/{id}": pages.source,
        "/sources": pages.sources,
        "/batches": pages.batches,
        "/statement": pages.statement,
        "/questions": pages.questions,
        "/question/{name}": pages.question,
        "/exposure/{id}": pages.exposure,
        "/ontology": pages.reference("ontology"),
        "/ontology/reach": pages.reference("reach"),
        "/ontology/shapes": pages.reference("shapes"),
    }

    async def health(_: Request) -> Response:
        return JSONResponse({"view": graph.policy.name, "head": graph.head})

    def nowhere(request: Request, view: View) -> Response:
        text = f"There is no page {request.url.path}."
        return pages.html("message", view, status=404, title="Not found", text=text, near=[])

    async def missing(request: Request, _: Exception) -> Response:
        return await pages.route(nowhere)(request)

    routes = [Route(path, pages.route(make), methods=["GET"]) for path, make in rooms.items()]
    routes += Endpoint(pages.held, graph.workers, pages.names).routes()
    static = Mount("/static", StaticFiles(directory=static_folder()))
    return Guard(
        Starlette(routes=[*routes, Route("/health", health), static], exception_handlers={404: missing}),
        hosts,
    )


def serve(graph: KnowledgeGraph, *, port: int = 0, browser: bool = True) -> None:
    """Serve a workspace on loopback until interrupted.

    Parameters
    ----------
    graph : KnowledgeGraph
    port : int
        0 for any free one.
    browser : bool
        Open the default browser on it.

    Raises
    ------
    Unavailable
        If the port is taken.
    """
    listeners, hosts = listen(port)
    address = f"http://{next(iter(sorted(hosts)))}/"
    graph.view()
    app = application(graph, hosts)
    sys.stderr.write(
        f"The workbench is at {address}, its SPARQL endpoint at {address}sparql (Ctrl-C ends it)\n"
    )
    sys.stderr.flush()
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        serve_on(app, listeners)
    finally:
        graph.workers.close()  # whoever still waits for an answer lets go now
