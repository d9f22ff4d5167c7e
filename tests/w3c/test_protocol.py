"""The W3C's SPARQL 1.1 Protocol tests [1]_, by their names, as data: requests, and what must come back.

The official ones are prose, and ask for data on the web; ours hold the same data as graphs of the store. Those about
updates pass when the update is refused: the endpoint offers none.

References
----------
.. [1] W3C. SPARQL 1.1 Protocol test cases. https://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import pyoxigraph
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kg import query
from kg.endpoint import Endpoint, Held
from kg.server import Guard

HOST = "127.0.0.1:7799"
DATA = "http://data.example/data{}.rdf"
D1, D2, D3 = (DATA.format(number) for number in (1, 2, 3))
FORM, DIRECT, UPDATE = (
    "application/x-www-form-urlencoded",
    "application/sparql-query",
    "application/sparql-update",
)

BOTH = f"ASK {{ <{D1}> ?p ?o . <{D2}> ?q ?r }}"
#: The two default graphs are merged, the third is not among them.
DEFAULT_ONLY = f"ASK {{ <{D1}> ?p ?o . <{D2}> ?q ?r FILTER NOT EXISTS {{ <{D3}> ?s ?t }} FILTER NOT EXISTS {{ GRAPH ?g {{ ?a ?b ?c }} }} }}"
NAMED_ONLY = (
    f"ASK {{ GRAPH ?g {{ <{D1}> ?p ?o }} GRAPH ?h {{ <{D2}> ?q ?r }} FILTER NOT EXISTS {{ ?s ?t ?u }} }}"
)
FULL = f"ASK {{ <{D3}> ?p ?o . GRAPH ?g {{ <{D1}> ?q ?r }} GRAPH ?h {{ <{D2}> ?s ?t }} FILTER NOT EXISTS {{ GRAPH <{D3}> {{ ?u ?v ?w }} }} }}"
#: What FROM says goes behind what the request says.
MULTIPLE = f"ASK FROM <{D3}> {{ GRAPH ?g {{ ?s ?p ?o }} <{D1}> ?q ?r FILTER NOT EXISTS {{ <{D3}> ?t ?u }} }}"
ROWS = (
    "application/sparql-results+xml",
    "application/sparql-results+json",
    "text/csv",
    "text/tab-separated-values",
)
TRIPLES = ("application/rdf+xml", "text/turtle", "application/n-triples", "application/ld+json")


@dataclass(frozen=True)
class Ask:
    """One request and what must come of it: a truth, or a kind of answer, or a refusal (4xx)."""

    method: str
    parameters: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    true: bool = False
    media: tuple[str, ...] = ()
    raw: str = ""


def _get(*parameters: tuple[str, str], **more: object) -> Ask:
    return Ask("GET", parameters, **more)  # type: ignore[arg-type]


def _form(*parameters: tuple[str, str], **more: object) -> Ask:
    return Ask("POST", (), urlencode(parameters).encode(), {"Content-Type": FORM}, **more)  # type: ignore[arg-type]


def _direct(text: str, *parameters: tuple[str, str], kind: str = DIRECT, **more: object) -> Ask:
    return Ask("POST", parameters, text.encode(), {"Content-Type": kind}, **more)  # type: ignore[arg-type]


_TWO_DEFAULT = (("default-graph-uri", D1), ("default-graph-uri", D2))
_TWO_NAMED = (("named-graph-uri", D1), ("named-graph-uri", D2))
_FULL = (("default-graph-uri", D3), *_TWO_NAMED)
_MULTIPLE = (("default-graph-uri", D1), ("named-graph-uri", D2))
_ACCEPTS_ROWS, _ACCEPTS_TRIPLES = {"Accept": ", ".join(ROWS)}, {"Accept": ", ".join(TRIPLES)}
_INSERT = "INSERT DATA { <x:a> <x:b> <x:c> }"

PASS = {
    "query_post_form": [_form(("query", "ASK {}"), true=True)],
    "query_dataset_default_graph": [_direct(f"ASK {{ <{D1}> ?p ?o }}", ("default-graph-uri", D1), true=True)],
    "query_dataset_default_graphs_get": [_get(("query", DEFAULT_ONLY), *_TWO_DEFAULT, true=True)],
    "query_dataset_default_graphs_post": [
        _direct(DEFAULT_ONLY, *_TWO_DEFAULT, true=True),
        _form(("query", DEFAULT_ONLY), *_TWO_DEFAULT, true=True),
    ],
    "query_dataset_named_graphs_post": [
        _direct(NAMED_ONLY, *_TWO_NAMED, true=True),
        _form(("query", NAMED_ONLY), *_TWO_NAMED, true=True),
    ],
    "query_dataset_named_graphs_get": [_get(("query", NAMED_ONLY), *_TWO_NAMED, true=True)],
    "query_dataset_full": [_direct(FULL, *_FULL, true=True), _get(("query", FULL), *_FULL, true=True)],
    "query_multiple_dataset": [_direct(MULTIPLE, *_MULTIPLE, true=True), _get(("query", MULTIPLE), *_MULTIPLE, true=True)],
    "query_get": [_get(("query", "ASK {}"), true=True)],
    "query_post_direct": [_direct("ASK {}", true=True)],
    "query_content_type_select": [_get(("query", "SELECT (1 AS ?value) {}"), headers=_ACCEPTS_ROWS, media=ROWS)],
    "query_content_type_ask": [_get(("query", "ASK {}"), headers=_ACCEPTS_ROWS, media=ROWS)],
    "query_content_type_describe": [_get(("query", f"DESCRIBE <{D1}>"), headers=_ACCEPTS_TRIPLES, media=TRIPLES)],
    "query_content_type_construct": [
        _get(("query", "CONSTRUCT { <x:s> <x:p> 1 } {}"), headers=_ACCEPTS_TRIPLES, media=TRIPLES)
    ],
}  # fmt: skip
REFUSE = {
    "bad_query_method": [Ask("PUT", (("query", "ASK {}"),))],
    "bad_multiple_queries": [
        _get(("query", "ASK {}"), ("query", "SELECT * {}")),
        _form(("query", "ASK {}"), ("query", "ASK {}")),
        _direct("ASK {}", ("query", "ASK {}")),
    ],
    "bad_query_wrong_media_type": [_direct("ASK {}", kind="text/plain")],
    "bad_query_missing_form_type": [Ask("POST", body=urlencode({"query": "ASK {}"}).encode())],
    "bad_query_missing_direct_type": [Ask("POST", body=b"ASK {}")],
    "bad_query_non_utf8": [
        Ask("POST", body="ASK {}".encode("utf-16"), headers={"Content-Type": DIRECT + "; charset=UTF-16"}),
        Ask("POST", body="ASK { ?s ?p 'é' }".encode("latin-1"), headers={"Content-Type": DIRECT}),
        Ask("GET", raw="query=" + quote("ASK { ?s ?p 'é' }", encoding="latin-1")),
    ],
    "bad_query_syntax": [_get(("query", "ASK {")), _get(("query", ""))],
    "update_post_form": [_form(("update", _INSERT))],
    "update_post_direct": [_direct(_INSERT, kind=UPDATE)],
    "update_dataset_default_graph": [_direct(_INSERT, ("using-graph-uri", D1), kind=UPDATE)],
    "update_dataset_default_graphs": [_form(("update", _INSERT), ("using-graph-uri", D1), ("using-graph-uri", D2))],
    "update_dataset_named_graphs": [_form(("update", _INSERT), ("using-named-graph-uri", D1))],
    "update_dataset_full": [_direct(_INSERT, ("using-graph-uri", D1), ("using-named-graph-uri", D2), kind=UPDATE)],
    "update_base_uri": [_form(("update", "BASE <http://x.example/> " + _INSERT))],
    "bad_update_get": [_get(("update", "CLEAR ALL"))],
    "bad_multiple_updates": [_form(("update", "CLEAR ALL"), ("update", "CLEAR ALL"))],
    "bad_update_wrong_media_type": [_direct("CLEAR ALL", kind="text/plain")],
    "bad_update_missing_form_type": [Ask("POST", body=urlencode({"update": "CLEAR ALL"}).encode())],
    "bad_update_missing_direct_type": [Ask("POST", body=b"CLEAR ALL")],
    "bad_update_non_utf8": [Ask("POST", body="CLEAR ALL".encode("utf-16"), headers={"Content-Type": UPDATE + "; charset=UTF-16"})],
    "bad_update_syntax": [_direct("CLEAR", kind=UPDATE)],
    "bad_update_dataset_conflict": [_form(("using-named-graph-uri", D1), ("update", f"INSERT {{ ?s ?p ?o }} USING <{D2}> WHERE {{ ?s ?p ?o }}"))],
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The endpoint over three small graphs, and a default graph with something in it."""
    place = tmp_path_factory.mktemp("protocol")
    store = pyoxigraph.Store(str(place / "store"))
    store.bulk_load(
        b"".join(
            b"<%s> <x:is> <x:document> <%s> .\n" % (name.encode(), name.encode()) for name in (D1, D2, D3)
        )
        + b"<x:home> <x:is> <x:here> .\n",
        format=pyoxigraph.RdfFormat.N_QUADS,
    )
    store.flush()
    pool = query.workers()
    routes = Endpoint(lambda *_: Held(place, {}, "test"), pool, list).routes()
    yield TestClient(Guard(Starlette(routes=routes), frozenset({HOST})), base_url=f"http://{HOST}")
    pool.close()


def _sent(client: TestClient, ask: Ask):
    target = "/sparql?" + (ask.raw or urlencode(ask.parameters))
    return client.request(ask.method, target, content=ask.body or None, headers=ask.headers)


@pytest.mark.parametrize("name", PASS)
def test_what_must_be_answered_is(client, name):
    """With 2xx, true where the test asks for the truth, and in a form that a client of the protocol reads."""
    for ask in PASS[name]:
        answer = _sent(client, ask)
        assert answer.status_code == 200, answer.text
        media = answer.headers["content-type"].partition(";")[0]
        if ask.true:
            assert answer.json()["boolean"] is True
        else:
            assert media in ask.media


@pytest.mark.parametrize("name", REFUSE)
def test_what_must_be_refused_is(client, name):
    """With 4xx, and a sentence; nothing has changed afterwards."""
    for ask in REFUSE[name]:
        answer = _sent(client, ask)
        assert 400 <= answer.status_code < 500, answer.text
        assert len(answer.text) > 20
    assert not _sent(client, _get(("query", "ASK { GRAPH ?g { <x:a> <x:b> <x:c> } }"))).json()["boolean"]


def test_each_graph_form_is_offered_by_itself(client):
    """And holds what was asked for."""
    for media in TRIPLES:
        answer = _sent(client, _get(("query", "CONSTRUCT { <x:s> <x:p> 1 } {}"), headers={"Accept": media}))
        form = pyoxigraph.RdfFormat.from_media_type(media)
        assert len(list(pyoxigraph.parse(answer.content, format=form))) == 1
