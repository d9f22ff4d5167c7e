"""The SPARQL 1.1 Protocol over the views of a workspace: asking only.

``/sparql`` is the view the server was started with, ``/sparql/<view>`` another (confirmed, cautious, alive,
scenario:<id>), ``?as-of=`` and ``?known-by=`` set the clocks. The dataset that a request may name [1]_ is one view
(``default-graph-uri`` with the view's IRI) or proposition graphs of it. The endpoint describes itself [2]_ when asked
nothing; ``/void`` counts what is there for the completion of editors; ``/sparql/examples`` is the question library as
data.

An answer is whole before its first byte goes out: what is stopped, is stopped with a status that says so.

References
----------
.. [1] W3C. SPARQL 1.1 Protocol, 2013. https://www.w3.org/TR/sparql11-protocol/
.. [2] W3C. SPARQL 1.1 Service Description, 2013. https://www.w3.org/TR/sparql11-service-description/
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kg import gate
from kg.errors import KgError, NotFound, Unavailable
from kg.index import check_left_out
from kg.query import Limits, Reply, Scope, TooCostly, ask, library
from kg.vocabulary import BASE, PREFIXES
from kg.workers import Busy, Workers

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Endpoint", "Held", "negotiated"]

#: Media types by what can be sent, the one we would choose first.
_ROWS = {
    "application/sparql-results+json": "json",
    "application/sparql-results+xml": "xml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/xml": "xml",
}
_GRAPHS = {
    "text/turtle": "turtle",
    "application/n-triples": "ntriples",
    "application/ld+json": "jsonld",
    "application/rdf+xml": "rdfxml",
}
_LIMITS = Limits(seconds=20.0, rows=100_000)
_VIEWS = BASE + "view/"
_W3C_FORMATS = "http://www.w3.org/ns/formats/"
_SD = "http://www.w3.org/ns/sparql-service-description#"
_VOID = "http://rdfs.org/ns/void#"
_SH = "http://www.w3.org/ns/shacl#"


@dataclass(frozen=True, slots=True)
class Held:
    """A view that can be asked.

    Parameters
    ----------
    store : Path
        Folder of its store.
    stamp : mapping
        View, dates and ledger head, as on every answer.
    key : str
        Names head and policy: what has the same key gives the same answers.
    """

    store: Path
    stamp: Mapping[str, str]
    key: str


class _Answered(Exception):
    """A request that gets no result: status and words, and headers."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request says: the query, and the graphs it names."""

    query: str
    default: tuple[str, ...]
    named: tuple[str, ...]


class Endpoint:
    """The routes of the endpoint.

    Parameters
    ----------
    view : callable
        From (name of a view or "", as-of or "", known-by or "") to `Held`; raises `NotFound` or `Misuse`. Called in a
        thread.
    pool : Workers
        From `kg.query.workers`.
    views : callable
        The names of the views there are.
    limits : Limits
    """

    def __init__(
        self,
        view: Callable[[str, str, str], Held],
        pool: Workers,
        views: Callable[[], Sequence[str]],
        limits: Limits = _LIMITS,
    ) -> None:
        self._view, self._pool, self._views, self._limits = view, pool, views, limits
        self._counted: dict[str, tuple[Reply, Reply]] = {}

    def routes(self) -> list[Route]:
        """Return the routes, the most special first."""
        methods = ["GET", "POST", "OPTIONS"]
        return [
            Route("/sparql/examples", self._route(self._examples), methods=["GET"]),
            Route("/void", self._route(self._void), methods=["GET"]),
            Route("/.well-known/void", self._route(self._void), methods=["GET"]),
            Route("/sparql", self._route(self._sparql), methods=methods),
            Route("/sparql/{view}", self._route(self._sparql), methods=methods),
        ]

    def _route(self, work: Callable[[Request, bytes], Response]) -> Callable[[Request], Any]:
        async def handler(request: Request) -> Response:
            body = await request.body()
            try:
                return await run_in_threadpool(work, request, body)
            except _Answered as end:
                return _said(end.status, end.text, end.headers)
            except Busy as error:
                return _said(503, str(error), {"Retry-After": str(error.after)})
            except TooCostly as error:
                # The same query would be stopped again: only one that took too long may be luckier another time.
                return _said(504 if error.why == "time" else 400, str(error))
            except KgError as error:
                status = (
                    404 if isinstance(error, NotFound) else 503 if isinstance(error, Unavailable) else 400
                )
                return _said(status, str(error), {"Retry-After": "30"} if status == 503 else {})

        return handler

    # -- queries

    def _sparql(self, request: Request, body: bytes) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
        asked = _asked(request, body)
        name, clocks = request.path_params.get("view", ""), _clocks(request)
        if asked is None:
            return self._description(request, self._view(name, *clocks))
        view, scope = _dataset(asked, name)
        held = self._held(view, clocks, named=view != name)
        reading = gate.read(asked.query, self._limits)
        check_left_out(held.store, asked.query)
        offered = _GRAPHS if reading.form in ("CONSTRUCT", "DESCRIBE") else _ROWS
        media = _chosen(request, offered)
        tag = _tag(held.key, asked.query, str(scope), media, str(self._limits.rows)) if reading.steady else ""
        headers = {**_stamped(held), "Vary": "Accept", "Cache-Control": "private, no-cache"}
        if tag:
            headers["ETag"] = tag
            if tag in re.split(r"\s*,\s*", request.headers.get("if-none-match", "").replace("W/", "")):
                return Response(status_code=304, headers=headers)
        form = offered[media]
        reply = ask(
            asked.query, held.store, self._pool, form=form if offered is _ROWS else "json",
            graph_format=form if offered is _GRAPHS else "turtle", scope=scope, limits=self._limits,
        )  # fmt: skip
        if reply.truncated:
            headers["KG-Truncated"] = "true"
        content = _with_stamp(reply, held) if form == "json" and offered is _ROWS else reply.body
        charset = "; charset=utf-8" if media.startswith("text/") else ""
        return Response(content, headers={**headers, "Content-Type": media + charset})

    def _held(self, name: str, clocks: tuple[str, str], *, named: bool) -> Held:
        try:
            return self._view(name, *clocks)
        except NotFound as error:
            if named:  # in a parameter, not in the path
                raise _Answered(400, str(error)) from error
            raise

    # -- what there is, as data

    def _description(self, request: Request, held: Held) -> Response:
        """The service description, with what each view is."""
        graph = _Graph()
        place = _place(request)
        here = graph.iri(place)
        graph.add(here, "rdf:type", graph.iri(_SD + "Service"))
        graph.add(here, _SD + "endpoint", here)
        graph.add(here, _SD + "supportedLanguage", graph.iri(_SD + "SPARQL11Query"))
        for form in ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"):
            graph.add(here, _SD + "resultFormat", graph.iri(_W3C_FORMATS + form))
        for form in ("Turtle", "N-Triples", "JSON-LD", "RDF_XML"):
            graph.add(here, _SD + "resultFormat", graph.iri(_W3C_FORMATS + form))
        dataset, default = graph.node(), graph.node()
        graph.add(here, _SD + "defaultDataset", dataset)
        graph.add(dataset, "rdf:type", graph.iri(_SD + "Dataset"))
        graph.add(dataset, _SD + "defaultGraph", default)
        graph.add(default, "rdf:type", graph.iri(_SD + "Graph"))
        graph.add(default, _VOID + "triples", graph.number(self._triples(held)))
        graph.add(dataset, "dcterms:title", graph.text(_title(held)))
        graph.add(here, "rdfs:seeAlso", graph.iri(_beside(request, "/void")))
        graph.add(here, "rdfs:seeAlso", graph.iri(_beside(request, "/sparql/examples")))
        for name in self._views():
            other = graph.iri(_beside(request, "/sparql/" + name))
            if other != here:
                graph.add(here, "rdfs:seeAlso", other)
                graph.add(other, "rdf:type", graph.iri(_SD + "Service"))
                graph.add(other, _SD + "endpoint", other)
                graph.add(other, "dcterms:title", graph.text(name))
        return _written(request, graph, held)

    def _void(self, request: Request, _: bytes) -> Response:
        """What the view holds, counted: classes and properties, for the completion of editors."""
        held = self._view("", *_clocks(request))
        classes, properties = self._statistics(held)
        graph = _Graph()
        whole = graph.iri(_VIEWS + "of/" + held.key)
        graph.add(whole, "rdf:type", graph.iri(_VOID + "Dataset"))
        graph.add(whole, "dcterms:title", graph.text(_title(held)))
        graph.add(whole, "dcterms:license", graph.iri("https://creativecommons.org/licenses/by/4.0/"))
        graph.add(whole, "dcterms:identifier", graph.text(held.stamp.get("head", "")))
        graph.add(whole, _VOID + "sparqlEndpoint", graph.iri(_beside(request, "/sparql")))
        graph.add(whole, _VOID + "uriSpace", graph.text(BASE))
        graph.add(whole, _VOID + "vocabulary", graph.iri(PREFIXES["ev"]))
        graph.add(whole, _VOID + "triples", graph.number(self._triples(held)))
        for kind, name, count, rows in (
            ("class", "class", "entities", _rows(classes)),
            ("property", "property", "triples", _rows(properties)),
        ):
            plural = "classes" if kind == "class" else "properties"
            graph.add(whole, _VOID + plural, graph.number(len(rows)))
            for row in rows:
                part = graph.node()
                graph.add(whole, f"{_VOID}{kind}Partition", part)
                graph.add(part, _VOID + name, graph.iri(row[name]))
                graph.add(
                    part, _VOID + count, graph.number(int(row["things" if kind == "class" else "triples"]))
                )
        return _written(request, graph, held)

    def _examples(self, request: Request, _: bytes) -> Response:
        """The question library as SHACL executables, in the words that query editors look for."""
        graph = _Graph()
        shared = graph.iri(BASE + "question/prefixes")
        for prefix, namespace in PREFIXES.items():
            declared = graph.node()
            graph.add(shared, _SH + "declare", declared)
            graph.add(declared, _SH + "prefix", graph.text(prefix))
            graph.add(declared, _SH + "namespace", graph.typed(namespace, "anyURI"))
        for name, question in library().items():
            item = graph.iri(BASE + "question/" + name)
            form = gate.read(question.text).form.capitalize()
            graph.add(item, "rdf:type", graph.iri(_SH + "SPARQLExecutable"))
            graph.add(item, "rdf:type", graph.iri(f"{_SH}SPARQL{form}Executable"))
            graph.add(item, "rdfs:label", graph.text(question.title))
            graph.add(
                item, "rdfs:comment", graph.text(" — ".join(filter(None, (question.title, question.why))))
            )
            graph.add(item, _SH + "prefixes", shared)
            graph.add(item, f"{_SH}{form.lower()}", graph.text(question.text))
            graph.add(item, "schema:target", graph.iri(_beside(request, "/sparql")))
        return _written(request, graph, None)

    def _statistics(self, held: Held) -> tuple[Reply, Reply]:
        if held.key not in self._counted:
            wanted = library("statistics")
            classes, properties = (
                ask(wanted[name].text, held.store, self._pool, limits=self._limits)
                for name in ("classes", "properties")
            )
            while len(self._counted) >= 8:
                self._counted.pop(next(iter(self._counted)), None)
            self._counted[held.key] = classes, properties
        return self._counted[held.key]

    def _triples(self, held: Held) -> int:
        return sum(int(row["triples"]) for row in _rows(self._statistics(held)[1]))


# -- reading a request


def _asked(request: Request, body: bytes) -> _Asked | None:
    """Return what a request asks, None when it asks nothing."""
    given = _parameters(request.scope["query_string"])
    if request.method == "POST":
        media, _, more = request.headers.get("content-type", "").partition(";")
        charset = re.search(r"charset=\"?([\w.-]+)", more, re.I)
        if charset and charset.group(1).lower() not in ("utf-8", "utf8", "us-ascii"):
            raise _Answered(415, "Write the query in UTF-8.")
        kind = media.strip().lower()
        if kind == "application/x-www-form-urlencoded":
            given += _parameters(body)
        elif kind == "application/sparql-query":
            given.append(("query", _decoded(body)))
        elif kind == "application/sparql-update":
            raise _Answered(403, "This endpoint answers queries only; facts come in with `kg load`.")
        else:
            raise _Answered(
                415, "Post a query as application/sparql-query or application/x-www-form-urlencoded.",
                Accept_Post="application/sparql-query, application/x-www-form-urlencoded",
            )  # fmt: skip
    if any(name == "update" for name, _ in given):
        raise _Answered(403, "This endpoint answers queries only; facts come in with `kg load`.")
    queries = [value for name, value in given if name == "query"]
    if len(queries) > 1:
        raise _Answered(400, f"One query at a time; this request holds {len(queries)}.")
    if not queries:
        if request.method == "POST":
            raise _Answered(400, "This request holds no query.")
        return None
    default, named = (
        tuple(value for name, value in given if name == kind)
        for kind in ("default-graph-uri", "named-graph-uri")
    )
    return _Asked(queries[0], default, named)


def _parameters(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except (UnicodeError, ValueError) as error:
        raise _Answered(400, f"The parameters of this request cannot be read as UTF-8: {error}") from error


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Answered(400, f"The query is not UTF-8: {error}") from error


def _clocks(request: Request) -> tuple[str, str]:
    return request.query_params.get("as-of", ""), request.query_params.get("known-by", "")


def _dataset(asked: _Asked, name: str) -> tuple[str, Scope | None]:
    """Return the view that a request names, and the graphs of it."""
    views = [iri.removeprefix(_VIEWS) for iri in asked.default if iri.startswith(_VIEWS)]
    if views and len(asked.default) + len(asked.named) > 1:
        raise _Answered(400, "A view is asked by itself: name one view, or graphs of the view in the path.")
    if views:
        return views[0], None
    return name, Scope(asked.default, asked.named) if asked.default or asked.named else None


def negotiated(accept: str, offered: Sequence[str]) -> str:
    """Return the media type to send, empty when none of those offered is accepted.

    Parameters
    ----------
    accept : str
        The ``Accept`` header (RFC 9110, 12.5.1); empty for anything.
    offered : sequence of str
        Media types, the one we would choose first.
    """
    ranges = []
    for part in accept.split(",") if accept.strip() else ["*/*"]:
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        ranges.append((media, float(quality) if re.fullmatch(r"[01](\.\d{0,3})?", quality) else 0.0))

    def quality_of(media: str) -> float:
        # The most special range decides, even where a general one is kinder.
        for wanted in (media, media.partition("/")[0] + "/*", "*/*"):
            found = [quality for accepted, quality in ranges if accepted == wanted]
            if found:
                return max(found)
        return 0.0

    best = max(offered, key=quality_of)  # of equals the first
    return best if quality_of(best) > 0 else ""


def _chosen(request: Request, offered: Mapping[str, str]) -> str:
    media = negotiated(",".join(request.headers.getlist("accept")), list(offered))
    if not media:
        raise _Answered(406, f"This answer can be sent as {', '.join(offered)}.")
    return media


# -- writing an answer


def _said(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        text.rstrip() + "\n", status_code=status, media_type="text/plain", headers=dict(headers or {})
    )


def _stamped(held: Held) -> dict[str, str]:
    said = {
        "KG-View": held.stamp.get("view", ""),
        "KG-As-Of": held.stamp.get("as_of", ""),
        "KG-Known-By": held.stamp.get("known_by", ""),
        "KG-Ledger-Head": held.stamp.get("head", ""),
    }
    # A header is ASCII; a view may carry the name of a publisher.
    return {name: value.encode("ascii", "replace").decode() for name, value in said.items() if value}


def _with_stamp(reply: Reply, held: Held) -> bytes:
    """Put the stamp between ``head`` and ``results`` of an answer in JSON.

    Some parsers (pyoxigraph's is one) read nothing after the results and take what comes for damage.
    """
    said = {
        "view": held.stamp.get("view", ""),
        "ledger_head": held.stamp.get("head", ""),
        "as_of": held.stamp.get("as_of", ""),
        "known_by": held.stamp.get("known_by", ""),
        "truncated": reply.truncated,
    }
    before, key, after = reply.body.partition(b'"results":' if reply.boolean is None else b'"boolean":')
    return before + json.dumps(said).encode("utf-8")[1:-1] + b"," + key + after


def _tag(*parts: str) -> str:
    return '"' + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32] + '"'


def _title(held: Held) -> str:
    return f"EV Supply Web, view {held.stamp.get('view', '')} as of {held.stamp.get('as_of', '')}"


def _place(request: Request) -> str:
    return str(request.url.replace(query="", fragment=""))


def _beside(request: Request, path: str) -> str:
    return str(request.url.replace(path=path, query="", fragment=""))


def _rows(reply: Reply) -> list[dict[str, str]]:
    found = json.loads(reply.body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


def _written(request: Request, graph: _Graph, held: Held | None) -> Response:
    media = _chosen(request, _GRAPHS)
    headers = {**(_stamped(held) if held else {}), "Vary": "Accept", "Content-Type": media}
    return Response(graph.serialized(_GRAPHS[media]), headers=headers)


class _Graph:
    """Triples of our own making, with short names for terms."""

    def __init__(self) -> None:
        import pyoxigraph

        self._ox = pyoxigraph
        self._triples: list[pyoxigraph.Triple] = []
        self._nodes = 0

    def iri(self, text: str) -> pyoxigraph.NamedNode:
        """Return an IRI."""
        return self._ox.NamedNode(text)

    def node(self) -> pyoxigraph.BlankNode:
        """Return a node without a name, the same at every run."""
        self._nodes += 1
        return self._ox.BlankNode(f"n{self._nodes}")

    def text(self, text: str) -> pyoxigraph.Literal:
        """Return a text."""
        return self._ox.Literal(text)

    def number(self, number: int) -> pyoxigraph.Literal:
        """Return a whole number."""
        return self._ox.Literal(number)

    def typed(self, text: str, datatype: str) -> pyoxigraph.Literal:
        """Return a literal of an XSD datatype."""
        return self._ox.Literal(text, datatype=self._ox.NamedNode(PREFIXES["xsd"] + datatype))

    def add(self, subject: Any, predicate: str, value: Any) -> None:
        """Add a triple; the predicate as an IRI or with one of our prefixes."""
        prefix, _, local = predicate.partition(":")
        name = PREFIXES[prefix] + local if prefix in PREFIXES else predicate
        self._triples.append(self._ox.Triple(subject, self._ox.NamedNode(name), value))

    def serialized(self, form: str) -> bytes:
        """Return the triples in an RDF format."""
        kinds = {
            "turtle": self._ox.RdfFormat.TURTLE,
            "ntriples": self._ox.RdfFormat.N_TRIPLES,
            "jsonld": self._ox.RdfFormat.JSON_LD,
            "rdfxml": self._ox.RdfFormat.RDF_XML,
        }
        prefixes = {**PREFIXES, "sd": _SD, "void": _VOID, "sh": _SH}
        return self._ox.serialize(self._triples, format=kinds[form], prefixes=prefixes) or b""
