"""The SPARQL endpoint: what the protocol promises, what it refuses, and the clients that people use."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyoxigraph
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kg import KnowledgeGraph, query
from kg.endpoint import Endpoint, negotiated
from kg.explore import _Pages, application
from kg.query import Limits, library
from kg.server import Guard
from tests.attacks import HEAVY, OUTWARD
from tests.conftest import DAY, WORLD, policy

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1:7799"
HOSTS = frozenset({HOST, "localhost:7799", "[::1]:7799"})
SUPPLIES = "SELECT ?who { ?who ev:supplies id:aurora } ORDER BY ?who"
GRAPH = "CONSTRUCT WHERE { ?who ev:supplies id:aurora }"
VIEW = "https://w3id.org/evsw/view/"


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The invented world, for tests that only read it."""
    with KnowledgeGraph(tmp_path_factory.mktemp("endpoint"), policy(), shipped=False) as graph:
        graph.load(WORLD)
        yield graph


@pytest.fixture(scope="module")
def client(known):
    """The endpoint without a network."""
    return TestClient(application(known, HOSTS), base_url=f"http://{HOST}")


@pytest.fixture(scope="module")
def small(known):
    """The same with little patience and few rows."""
    pages, pool = _Pages(known), query.workers()
    routes = Endpoint(pages.held, pool, pages.names, Limits(seconds=1, rows=2)).routes()
    yield TestClient(Guard(Starlette(routes=routes), HOSTS), base_url=f"http://{HOST}")
    pool.close()


def asked(
    client: TestClient, text: str = SUPPLIES, path: str = "/sparql", accept: str = "", **more: str
) -> httpx.Response:
    """Ask by GET."""
    return client.get(path, params={"query": text, **more}, headers={"Accept": accept} if accept else {})


# -- asking


def test_an_answer_says_of_what_it_is_one(client, known):
    """View, dates and ledger head stand in its headers, and in JSON beside the rows."""
    answer = asked(client)
    assert answer.headers["content-type"] == "application/sparql-results+json"
    body = answer.json()
    assert [row["who"]["value"].rsplit("/", 1)[-1] for row in body["results"]["bindings"]] == [
        "basalt",
        "fjord",
    ]
    assert (body["view"], body["as_of"], body["truncated"]) == ("cautious", str(DAY), False)
    assert body["ledger_head"] == answer.headers["kg-ledger-head"] == known.head
    assert (answer.headers["kg-view"], answer.headers["kg-as-of"]) == ("cautious", str(DAY))


@pytest.mark.parametrize(
    ("text", "accept", "media"),
    [
        (SUPPLIES, "", "application/sparql-results+json"),
        (SUPPLIES, "application/sparql-results+xml", "application/sparql-results+xml"),
        (SUPPLIES, "text/csv;q=0.5, text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        (SUPPLIES, "text/html, application/xhtml+xml, */*;q=0.1", "application/sparql-results+json"),
        (SUPPLIES, "text/*", "text/csv; charset=utf-8"),
        (SUPPLIES, "application/json", "application/json"),
        ("ASK {}", "application/sparql-results+xml", "application/sparql-results+xml"),
        (GRAPH, "", "text/turtle; charset=utf-8"),
        (GRAPH, "application/ld+json;q=0.9, text/turtle;q=0.1", "application/ld+json"),
        (GRAPH, "application/rdf+xml", "application/rdf+xml"),
        (GRAPH, "application/n-triples, application/sparql-results+json", "application/n-triples"),
        ("DESCRIBE id:aurora", "text/turtle", "text/turtle; charset=utf-8"),
    ],
)
def test_an_answer_comes_in_the_form_that_is_liked_best(client, text, accept, media):
    """By quality, then by how special the range is, then by our own taste; and it is what it says."""
    answer = asked(client, text, accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert "Accept" in answer.headers["vary"]
    kind = media.partition(";")[0]
    if (
        (form := pyoxigraph.RdfFormat.from_media_type(kind))
        and "sparql" not in kind
        and kind != "application/json"
    ):
        assert list(pyoxigraph.parse(answer.content, format=form))
    elif kind != "text/csv":
        form = pyoxigraph.QueryResultsFormat.from_media_type(kind) or pyoxigraph.QueryResultsFormat.JSON
        found = pyoxigraph.parse_query_results(answer.content, form)
        # To the last row: a reader may stop at what it does not expect.
        assert isinstance(found, pyoxigraph.QueryBoolean) or list(found)


def test_an_answer_in_no_form_that_is_liked_is_none(client):
    """And it says what there is."""
    answer = asked(client, accept="image/png")
    assert answer.status_code == 406
    assert "text/csv" in answer.text
    assert asked(client, GRAPH, accept="text/csv").status_code == 406


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "a/b"), ("*/*", "a/b"), ("a/*;q=0.1, c/d;q=0.2", "c/d"), ("a/b;q=0, */*", "c/d"), ("c/d;q=0.5,a/b;q=0.5", "a/b"),
        ("a/b;q=0", ""), ("x/y", ""), ("a/b;q=nonsense, c/d;q=0.1", "c/d"), ("A/B", "a/b"), ("c/d; charset=utf-8; q=1, a/b;q=0.9", "c/d"),
    ],
)  # fmt: skip
def test_negotiation_follows_the_rules_of_http(accept, chosen):
    """RFC 9110: quality, then the order of the server; q=0 is a no."""
    assert negotiated(accept, ["a/b", "c/d"]) == chosen


def test_the_view_is_chosen_by_path_or_by_graph_and_the_clocks_by_parameters(client):
    """What is in talks in alive is not in cautious; another day is another answer."""
    talks = "ASK { id:aurora ev:inTalksWith id:cirrus }"
    assert not asked(client, talks).json()["boolean"]
    assert asked(client, talks, "/sparql/alive").json()["boolean"]
    assert asked(client, talks, **{"default-graph-uri": VIEW + "alive"}).json()["boolean"]
    assert (
        asked(client, talks, "/sparql/scenario:aurora-cirrus-deal").json()["view"]
        == "scenario:aurora-cirrus-deal"
    )
    early = asked(client, **{"as-of": "2024-06"})
    assert early.headers["kg-as-of"] == "2024-06-30"
    assert early.json()["results"] != asked(client).json()["results"]
    assert asked(client, **{"known-by": "2001-01-01"}).json()["results"]["bindings"] == []


@pytest.mark.parametrize(
    ("status", "path", "more"),
    [
        (404, "/sparql/hopeful", {}),
        (404, "/sparql/scenario:nothing", {}),
        (400, "/sparql", {"default-graph-uri": VIEW + "hopeful"}),
        (
            400,
            "/sparql",
            {"default-graph-uri": VIEW + "alive", "named-graph-uri": "https://w3id.org/evsw/prop/x"},
        ),
        (400, "/sparql", {"default-graph-uri": "https://example.org/elsewhere"}),
        (400, "/sparql", {"as-of": "yesterday"}),
        (400, "/sparql", {"known-by": "2026-13-01"}),
    ],
)
def test_a_view_or_graph_that_there_is_not_is_said_not_to_be(client, status, path, more):
    """Rather than answering nothing."""
    answer = asked(client, path=path, **more)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")


def test_a_proposition_graph_can_be_asked_by_itself(client):
    """By parameter or by FROM: what one proposition says, whether it holds or not."""
    which = "SELECT ?p { ?p ev:headSubject id:aurora ; ev:headPredicate ev:inTalksWith ; ev:headObject id:cirrus } LIMIT 1"
    graph = asked(client, which).json()["results"]["bindings"][0]["p"]["value"]
    talks = "ASK { ?talks ev:negotiator id:aurora , id:cirrus }"
    assert not asked(client, talks).json()["boolean"]
    assert asked(client, talks, **{"default-graph-uri": graph}).json()["boolean"]
    assert asked(client, talks.replace("{", f"FROM <{graph}> {{", 1)).json()["boolean"]
    named = {"named-graph-uri": graph}
    assert asked(client, "ASK { GRAPH ?g { ?talks ev:negotiator id:cirrus } }", **named).json()["boolean"]
    assert not asked(client, "ASK { ?s ?p ?o }", **named).json()["boolean"]


# -- refusing


@pytest.mark.parametrize("name", OUTWARD)
def test_what_would_leave_the_house_is_a_bad_request(client, name):
    """400, with the word that is not allowed."""
    text = OUTWARD[name].replace("{outside}", "http://127.0.0.1:9/").replace("{file}", "file:///secret")
    assert asked(client, text).status_code == 400


def test_a_syntax_error_is_shown_with_its_place(client):
    """In our own words, not the engine's."""
    answer = asked(client, "SELECT ?s {\n ?s ?p \n}")
    assert answer.status_code == 400
    assert "line 3, column" in answer.text
    assert "^" in answer.text


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/sparql-update", "DROP ALL"),
        ("application/x-www-form-urlencoded", urlencode({"update": "DROP ALL"})),
        ("application/x-www-form-urlencoded", urlencode({"query": "ASK {}", "update": "DROP ALL"})),
    ],
)
def test_an_update_is_forbidden(client, kind, body):
    """However it is sent."""
    assert client.post("/sparql", content=body, headers={"Content-Type": kind}).status_code == 403
    assert client.get("/sparql?update=DROP+ALL").status_code == 403


@pytest.mark.parametrize("name", [name for name in HEAVY if "doubled" not in name])
def test_a_query_that_takes_too_long_ends_with_a_status_that_says_so(small, name):
    """504, never a 200 with half an answer; and the next one is answered."""
    answer = asked(small, HEAVY[name])
    assert answer.status_code == 504
    assert "stopped after 1 s" in answer.text
    assert asked(small, "ASK {}").json()["boolean"]


def test_a_query_that_takes_too_much_memory_is_a_bad_one(known):
    """It would be stopped again, so the client is told that it is the query."""
    pages, pool = _Pages(known), query.workers(1)
    routes = Endpoint(pages.held, pool, pages.names, Limits(seconds=20, memory=600 << 20)).routes()
    client = TestClient(Guard(Starlette(routes=routes), HOSTS), base_url=f"http://{HOST}")
    try:
        answer = asked(client, HEAVY["a text doubled 28 times"])
    finally:
        pool.close()
    assert answer.status_code == 400
    assert "memory" in answer.text


def test_a_busy_endpoint_says_when_to_come_back(known, monkeypatch):
    """503 and Retry-After."""
    from kg.workers import Busy

    def busy(*_: object, **__: object) -> None:
        raise Busy(7)

    monkeypatch.setattr("kg.endpoint.ask", busy)
    answer = asked(TestClient(application(known, HOSTS), base_url=f"http://{HOST}"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


@pytest.mark.parametrize(
    "accept", ["application/json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values"]
)
def test_rows_beyond_the_limit_are_cut_off_and_it_says_so(small, accept):
    """In a header always, in the body where JSON has room for it; the body stays whole."""
    answer = asked(small, "SELECT ?s { ?s ?p ?o }", accept=accept)
    assert answer.status_code == 200
    assert answer.headers["kg-truncated"] == "true"
    if "json" in accept:
        assert answer.json()["truncated"] is True
        assert len(answer.json()["results"]["bindings"]) == 2
    assert "kg-truncated" not in asked(small, "SELECT ?s { ?s ?p ?o } LIMIT 2", accept=accept).headers


# -- asking again


def test_an_unchanged_answer_is_not_sent_twice(client, known):
    """304 for whoever has it; another form, text or view is another answer."""
    first = asked(client)
    tag = first.headers["etag"]
    again = client.get("/sparql", params={"query": SUPPLIES}, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["kg-ledger-head"] == known.head
    others = [
        asked(client, accept="text/csv"),
        asked(client, SUPPLIES + " "),
        asked(client, path="/sparql/alive"),
    ]
    assert len({tag, *(other.headers["etag"] for other in others)}) == 4


def test_an_answer_that_asks_the_clock_is_never_called_unchanged(client):
    """It has no tag."""
    assert "etag" not in asked(client, "SELECT (NOW() AS ?now) {}").headers


def test_head_and_options_are_answered(client):
    """What may be done, and what would come."""
    head = client.head("/sparql", params={"query": SUPPLIES})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == asked(client).headers["etag"]
    options = client.options("/sparql")
    assert options.status_code == 204
    assert "POST" in options.headers["allow"]
    assert "access-control-allow-origin" not in options.headers


# -- describing itself


SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
SH = "http://www.w3.org/ns/shacl#"


@pytest.mark.parametrize(
    "accept", ["text/turtle", "application/rdf+xml", "application/n-triples", "application/ld+json"]
)
def test_asked_nothing_the_endpoint_describes_itself(client, accept):
    """In RDF, by the W3C's vocabulary, with the address it was asked at; every view it names answers."""
    answer = client.get("/sparql", headers={"Accept": accept})
    assert answer.headers["content-type"] == accept
    graph = pyoxigraph.Store()
    graph.load(answer.content, format=pyoxigraph.RdfFormat.from_media_type(accept))
    here = pyoxigraph.NamedNode(f"http://{HOST}/sparql")
    assert graph.query(
        f"ASK {{ {here} a <{SD}Service> ; <{SD}endpoint> {here} ; <{SD}supportedLanguage> <{SD}SPARQL11Query> }}"
    )
    assert graph.query(
        f"ASK {{ {here} <{SD}defaultDataset>/<{SD}defaultGraph>/<{VOID}triples> ?n FILTER(?n > 1000) }}"
    )
    places = [row[0].value for row in graph.query(f"SELECT ?e {{ ?s <{SD}endpoint> ?e }}")]
    assert len(places) == 5
    for place in places:
        assert asked(client, "ASK {}", place).status_code == 200


def test_the_statistics_count_what_is_there(client, known):
    """Classes and properties, as a query counts them; the whole is their sum."""
    from kg.index import open_store

    found = pyoxigraph.Store()
    found.load(client.get("/void").content, format=pyoxigraph.RdfFormat.TURTLE)
    store = open_store(known.store())
    totals = {
        row[0].value
        for row in found.query(f"SELECT ?n {{ ?d <{VOID}sparqlEndpoint> ?e ; <{VOID}triples> ?n }}")
    }
    assert totals == {
        str(sum(1 for _ in store.quads_for_pattern(None, None, None, pyoxigraph.DefaultGraph())))
    }
    part = f"SELECT ?n {{ ?d <{VOID}propertyPartition> [ <{VOID}property> ev:states ; <{VOID}triples> ?n ] }}"
    claims = f"SELECT ?n {{ ?d <{VOID}classPartition> [ <{VOID}class> ev:Claim ; <{VOID}entities> ?n ] }}"
    count = sum(1 for _ in known.claims())
    for text in (part, claims):
        assert [row[0].value for row in found.query(text, prefixes=query.PREFIXES)] == [str(count)]


def test_the_examples_are_the_question_library_and_run_as_they_stand(client):
    """As SHACL executables, which query editors list."""
    found = pyoxigraph.Store()
    found.load(client.get("/sparql/examples").content, format=pyoxigraph.RdfFormat.TURTLE)
    text = (
        f"SELECT ?q ?text {{ ?q a <{SH}SPARQLSelectExecutable> ; <{SH}select> ?text ; schema:target ?where }}"
    )
    rows = {
        row["q"].value.rsplit("/", 1)[-1]: row["text"].value
        for row in found.query(text, prefixes=query.PREFIXES)
    }
    assert rows == {name: question.text for name, question in library().items()}
    for name in list(rows)[:5]:
        assert asked(client, rows[name]).status_code == 200, name
    declared = f"SELECT ?p ?n {{ ?x <{SH}declare> [ <{SH}prefix> ?p ; <{SH}namespace> ?n ] }}"
    assert {row["p"].value: row["n"].value for row in found.query(declared)} == query.PREFIXES


# -- who may ask


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"Origin": f"http://{HOST}"}),
        (200, {"Host": "[::1]:7799", "Origin": "http://[::1]:7799"}),
        (200, {"Sec-Fetch-Site": "same-origin"}),
        (200, {"Sec-Fetch-Site": "none"}),
        (400, {"Host": "evil.example"}),
        (400, {"Host": "127.0.0.1"}),
        (403, {"Origin": "http://evil.example"}),
        (403, {"Origin": "null"}),
        (403, {"Origin": "http://127.0.0.1:7798"}),
        (403, {"Origin": f"https://{HOST}"}),
        (403, {"Sec-Fetch-Site": "cross-site"}),
        (403, {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_only_whoever_is_at_home_here_may_ask(client, status, headers):
    """A page from elsewhere may neither post a form nor fetch; a program without an origin may."""
    assert client.post("/sparql", data={"query": "ASK {}"}, headers=headers).status_code == status
    assert client.get("/sparql", params={"query": "ASK {}"}, headers=headers).status_code == status


def test_pages_still_take_no_form(client):
    """Only the endpoint is posted to."""
    for path in ("/", "/sparqlx", "/void"):
        assert client.post(path, data={"query": "ASK {}"}).status_code == 405


# -- with real clients, over a real socket


@dataclass(frozen=True)
class Served:
    """A running `kg serve`."""

    port: int
    pid: int

    @property
    def endpoint(self) -> str:
        """Address of the endpoint."""
        return f"http://127.0.0.1:{self.port}/sparql"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """The command as a user starts it, over the invented world."""
    home = tmp_path_factory.mktemp("served")
    with KnowledgeGraph(home, policy(), shipped=False) as graph:
        graph.load(WORLD)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "kg.cli",
        "serve",
        "--port",
        str(port),
        "--home",
        str(home),
        "--as-of",
        str(DAY),
    ]
    running = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        for _ in range(300):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            time.sleep(0.1)
        else:
            pytest.fail("kg serve did not come up in 30 s")
        yield Served(port, running.pid)
        children = _children(running.pid)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=20)
        assert b"Traceback" not in errors
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()], "a worker was left behind"
    finally:
        running.kill()
        running.wait()


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8").rpartition(")")[2].split()[1] == str(parent):
                found.append(int(path.parent.name))
    return found


EXPECTED = ["https://w3id.org/evsw/id/basalt", "https://w3id.org/evsw/id/fjord"]
#: Without our help with prefixes: some clients parse the query themselves.
DECLARED = "PREFIX ev: <https://w3id.org/evsw/ontology#> PREFIX id: <https://w3id.org/evsw/id/> "


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper_asks(served, form, method):
    """By both methods, in both of its favourite forms."""
    from SPARQLWrapper import SPARQLWrapper

    wrapper = SPARQLWrapper(served.endpoint, returnFormat=form)
    wrapper.setMethod(method)
    wrapper.setQuery(DECLARED + SUPPLIES)
    answer = wrapper.queryAndConvert()
    if form == "json":
        assert [row["who"]["value"] for row in answer["results"]["bindings"]] == EXPECTED
    else:
        assert [node.firstChild.nodeValue for node in answer.getElementsByTagName("uri")] == EXPECTED


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_sparqlwrapper_gets_a_graph(served):
    """As rdflib's own."""
    from SPARQLWrapper import RDFXML, SPARQLWrapper

    wrapper = SPARQLWrapper(served.endpoint, returnFormat=RDFXML)
    wrapper.setQuery(DECLARED + GRAPH)
    assert len(wrapper.queryAndConvert()) == 2


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflibs_sparqlstore_asks(served, method):
    """By its three methods; rows, truth, triples and the length of the view."""
    import rdflib
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = rdflib.Graph(store=SPARQLStore(served.endpoint, method=method))
    assert [str(row.who) for row in graph.query(DECLARED + SUPPLIES)] == EXPECTED
    assert graph.query(DECLARED + "ASK { id:basalt ev:supplies id:aurora }").askAnswer
    assert len(graph.query(DECLARED + GRAPH).graph) == 2
    ev = rdflib.Namespace("https://w3id.org/evsw/ontology#")
    aurora = rdflib.URIRef("https://w3id.org/evsw/id/aurora")
    assert sorted(map(str, graph.subjects(ev.supplies, aurora))) == EXPECTED


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_asks(served):
    """As a shell script does: a form, a body, a form of answer."""
    direct = ["-H", "Content-Type: application/sparql-query", "--data-binary", SUPPLIES]
    for data in (
        ["-G", "--data-urlencode", f"query={SUPPLIES}"],
        ["--data-urlencode", f"query={SUPPLIES}"],
        direct,
    ):
        out = subprocess.run(
            ["curl", "-sS", "--fail", "-H", "Accept: text/csv", *data, served.endpoint],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
        assert out.split() == ["who", *EXPECTED]


@pytest.mark.skipif(not os.environ.get("KG_COMUNICA"), reason="KG_COMUNICA names no comunica-sparql")
def test_comunica_asks(served):
    """The JavaScript client: it reads the service description, and joins what it asks in pieces."""
    text = (
        DECLARED
        + "SELECT ?who ?label { ?who ev:supplies id:aurora ; <http://www.w3.org/2004/02/skos/core#prefLabel> ?label }"
    )
    out = subprocess.run(
        [os.environ["KG_COMUNICA"], f"sparql@{served.endpoint}", "-q", text, "-t", "application/sparql-results+json"],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    assert sorted(row["who"]["value"] for row in json.loads(out)["results"]["bindings"]) == EXPECTED
    out = subprocess.run(
        [os.environ["KG_COMUNICA"], served.endpoint, "-q", DECLARED + SUPPLIES, "-t", "application/sparql-results+json"],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    assert sorted(row["who"]["value"] for row in json.loads(out)["results"]["bindings"]) == EXPECTED


def test_a_large_body_is_refused_though_it_comes_in_pieces(served):
    """Two mebibytes, announced or not: 413, and the refusal can be read."""
    body = b"x" * (2 << 20)
    headers = {"Content-Type": "application/sparql-query"}

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]

    for content in (body, pieces()):
        answer = httpx.post(served.endpoint, content=content, headers=headers, timeout=30)
        assert answer.status_code == 413
    assert httpx.get(served.endpoint, params={"query": "ASK {}"}, timeout=30).status_code == 200


def test_half_open_connections_hold_nobody_up_and_are_closed(served):
    """Two hundred that never end their head, or their body; others are answered meanwhile."""
    halves = [
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\n",
        b"POST /sparql HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/sparql-query\r\nContent-Length: 99\r\n\r\nASK"
        % served.port,
        b"",
    ]
    held = []
    try:
        for number in range(200):
            half = socket.create_connection(("127.0.0.1", served.port), timeout=30)
            held.append(half)
            half.sendall(halves[number % len(halves)])
        began = time.monotonic()
        assert httpx.get(served.endpoint, params={"query": "ASK {}"}, timeout=10).json()["boolean"] is True
        answered = time.monotonic() - began
        for half in held:
            with contextlib.suppress(ConnectionError):
                while half.recv(4096):  # the refusal of a body that does not come; then the end
                    pass
        closed = time.monotonic() - began
    finally:
        for half in held:
            half.close()
    assert answered < 5
    assert closed < 25


def test_kg_query_asks_another_kg_serve(run, served):
    """Every form of answer comes through; a question of the library is bound here and answered there."""
    for text, form, expected in (
        ("SELECT ?x { ?x ev:supplies id:aurora } ORDER BY ?x", "csv", "basalt"),
        ("ASK { id:basalt ev:supplies id:aurora }", "table", "yes"),
        ("CONSTRUCT { ?x ev:supplies ?y } WHERE { ?x ev:supplies ?y }", "ntriples", "basalt"),
    ):
        done = run("query", text, "--endpoint", served.endpoint, "--format", form)
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    joined = run(
        "query",
        f"SELECT ?x {{ SERVICE <{served.endpoint}> {{ ?x ev:supplies id:aurora }} }}",
        "--allow", served.endpoint, "--format", "csv",
    )  # fmt: skip
    assert joined.returncode == 0, joined.stderr
    assert "basalt" in joined.stdout
