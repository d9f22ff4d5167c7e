"""Another machine, played on 127.0.0.1: a SPARQL endpoint over a store, or one that means harm, by path."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox

RESULTS = "application/sparql-results+json"


@dataclass
class Outside:
    """A running server: its address, and what it was asked."""

    url: str
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    #: Path to what is done with the handler of a request.
    acts: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def at(self, path: str) -> str:
        """Return the address of a path."""
        return self.url.removesuffix("/sparql") + path


def send(
    handler: http.server.BaseHTTPRequestHandler,
    body: bytes,
    media: str = RESULTS,
    status: int = 200,
    **headers: str,
) -> None:
    """Answer a request."""
    handler.send_response(status)
    handler.send_header("Content-Type", media)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@contextlib.contextmanager
def endpoint(store: ox.Store | None = None) -> Iterator[Outside]:
    """Serve a store at ``/sparql`` (SPARQL 1.1 Protocol, queries only) and the acts of the test at their paths."""
    store = store or ox.Store()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size).decode()
            direct = self.headers.get("Content-Type") == "application/sparql-query"
            said = parse_qs(path.query) | ({"query": [body]} if direct else parse_qs(body))
            outside.asked += said.get("query", [])
            outside.headers.append(dict(self.headers))
            try:
                if path.path in outside.acts:
                    outside.acts[path.path](self)
                else:
                    self.answer(said["query"][0])
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client has had enough

        do_POST = do_GET  # noqa: N815 — the name that http.server looks for

        def answer(self, text: str) -> None:
            try:
                found = store.query(text)
            except SyntaxError as error:
                send(self, str(error).encode(), "text/plain", 400)
                return
            if isinstance(found, ox.QueryTriples):
                send(self, found.serialize(format=ox.RdfFormat.TURTLE), "text/turtle")
            else:
                send(self, found.serialize(format=ox.QueryResultsFormat.JSON), RESULTS)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    outside = Outside(f"http://127.0.0.1:{server.server_address[1]}/sparql")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield outside
    finally:
        outside.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def hostile(outside: Outside) -> None:
    """Give a server the manners of the endpoints that `kg.remote` must survive."""
    head = b'{"head":{"vars":["a"]},"results":{"bindings":['
    lol = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))

    def opened(handler: http.server.BaseHTTPRequestHandler, media: str = RESULTS) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", media)
        handler.end_headers()

    def hang(handler: http.server.BaseHTTPRequestHandler) -> None:
        outside.over.wait(30)

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        opened(handler)
        until = time.monotonic() + 30
        while not outside.over.wait(0.1) and time.monotonic() < until:
            handler.wfile.write(b" ")
            handler.wfile.flush()

    def drip_head(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        until = time.monotonic() + 30
        while not outside.over.wait(0.1) and time.monotonic() < until:
            handler.wfile.write(b"X: y\r\n" if int(time.monotonic() * 10) % 5 == 0 else b"X")
            handler.wfile.flush()

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        opened(handler)
        handler.wfile.write(head)
        until = time.monotonic() + 30
        while not outside.over.is_set() and time.monotonic() < until:
            handler.wfile.write(b'{"a":{"type":"literal","value":"' + b"x" * 100_000 + b'"}},')

    def short(handler: http.server.BaseHTTPRequestHandler) -> None:
        whole = head + b"]}}"
        handler.send_response(200)
        handler.send_header("Content-Type", RESULTS)
        handler.send_header("Content-Length", str(len(whole) + 40))
        handler.end_headers()
        handler.wfile.write(whole)

    def garbage(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    def chunks(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Content-Type", RESULTS)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(head), head))

    def sends(body: bytes, media: str = RESULTS, status: int = 200, **more: str):  # type: ignore[no-untyped-def]
        return lambda handler: send(handler, body, media, status, **more)

    outside.acts |= {
        "/hang": hang,
        "/drip": drip,
        "/drip-head": drip_head,
        "/endless": endless,
        "/short": short,
        "/garbage": garbage,
        "/chunks": chunks,
        "/html": sends(b"<html>captcha</html>", "text/html"),
        "/html-as-json": sends(b"<html>captcha</html>"),
        "/untyped": sends(head + b"]}}", ""),
        "/cut": sends(head + b"The SPARQL operation has been cancelled"),
        "/trailing": sends(head + b"]}}{}"),
        "/deep": sends(b"[" * 200_000),
        "/gzip": sends(b"\x1f\x8b", Content_Encoding="gzip"),
        "/redirect-file": sends(b"", status=302, Location="file:///etc/hostname"),
        "/redirect-inside": sends(b"", status=307, Location="/secret"),
        "/secret": sends(head + b"]}}"),
        "/boolean": sends(b'{"head":{},"boolean":true}'),
        "/undeclared": sends(b'{"head":{"vars":[]},"results":{"bindings":[{"q":{"type":"uri","value":"urn:a"}}]}}'),
        "/bad-iri": sends(head + b'{"a":{"type":"uri","value":"a b"}}]}}'),
        "/half-character": sends(head + b'{"a":{"type":"literal","value":"\\ud800"}}]}}'),
        "/laughs": sends(
            b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "lol">' + lol + b"]>"
            b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="a"/></head><results>'
            b'<result><binding name="a"><literal>&a8;</literal></binding></result></results></sparql>',
            "application/sparql-results+xml",
        ),
        "/500": sends(b"Traceback: \x1b[31m secret", "text/plain", 500),
        "/busy-for-long": sends(b"", "text/plain", 503, Retry_After="86400"),
        "/busy-for-ever": sends(b"", "text/plain", 429, Retry_After="0"),
    }  # fmt: skip
