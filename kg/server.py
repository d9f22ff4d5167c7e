"""Serving on loopback: our own names only, small requests, and no client that can hold the place up.

Bound to this machine's loopback address. A request must name us by a name of ours (so that no web page can reach in
by a name of its own) and may not come from a page of somebody else's; it reads, except that a query may be posted.
What comes in is bounded in size and time before any page sees it: heads and bodies that do not end, answers that
nobody fetches, connections that are only held open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kg.errors import Unavailable

__all__ = ["Guard", "listen", "serve"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes of a request's body; what is read and thrown away beyond, so that the refusal can still be read.
_BODY, _DRAINED = 1 << 20, 8 << 20
#: Seconds for a request to come in, head or body; for an answer to be fetched, piece by piece.
_COMING, _GOING = 8.0, 30.0
#: Requests that are answered at a time; connections held open at a time.
_REQUESTS, _CONNECTIONS = 64, 400

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class _Unwanted(Exception):
    """A request that is not passed on: status, what to say, further headers."""

    def __init__(self, status: int, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Guard:
    """Stands before an ASGI application.

    Parameters
    ----------
    app : ASGI application
    hosts : frozenset of str
        Host header values to answer to, port included, lower case.
    posted : str
        Path under which a request may also be posted.
    """

    def __init__(self, app: Any, hosts: frozenset[str], *, posted: str = "/sparql") -> None:
        self.app, self.hosts, self.posted = app, hosts, posted
        self._running = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            self._check(scope)
            receive = await _whole(scope, receive)
            if self._running >= _REQUESTS:  # only whole ones: half a request must not take the place of one
                raise _Unwanted(503, "Too many requests at a time; try again in a moment.", Retry_After="2")
        except _Unwanted as no:
            await _refuse(no, _dressed(send))
            return
        self._running += 1
        try:
            await self.app(scope, receive, _dressed(send))
        finally:
            self._running -= 1

    def _check(self, scope: Message) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        if [host.lower() for host in headers.get("host", [])] not in [[host] for host in self.hosts]:
            raise _Unwanted(400, "This workbench answers only on its own address.")
        asked = scope["path"] == self.posted or scope["path"].startswith(self.posted + "/")
        ours = {f"http://{host}" for host in self.hosts}
        if not ours.issuperset(origin.lower() for origin in headers.get("origin", [])):
            raise _Unwanted(403, "This workbench does not answer pages from elsewhere.")
        # A picture or a form on somebody's page carries no Origin when it reads, but the browser says where it is from.
        if asked and headers.get("sec-fetch-site", ["none"])[0] not in ("none", "same-origin"):
            raise _Unwanted(403, "This endpoint does not answer pages from elsewhere.")
        methods = ("GET", "HEAD", "POST", "OPTIONS") if asked else ("GET", "HEAD")
        if scope["method"] not in methods:
            raise _Unwanted(405, "This workbench only reads.", Allow=", ".join(methods))


async def _whole(scope: Message, receive: Receive) -> Receive:
    """Take in the body, and return what hands it on in one piece."""
    if scope["method"] != "POST":
        return receive
    length = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    large = _Unwanted(413, f"A request may have {_BODY:,} bytes.", Connection="close")
    if length.isdigit() and int(length) > _DRAINED:
        raise large
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(_COMING):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    break
                size += len(message.get("body", b""))
                if size <= _BODY:
                    body += message.get("body", b"")
                if size > _DRAINED or not message.get("more_body", False):
                    break
    except TimeoutError:
        raise _Unwanted(
            408, f"The request did not come in within {_COMING:g} s.", Connection="close"
        ) from None
    if size > _BODY:
        raise large
    handed = False

    async def hand_on() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return hand_on


def _dressed(send: Send) -> Send:
    """Add the safety headers to an answer, and do not wait for ever for a client to fetch it."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            extra = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message["headers"] = [*message["headers"], *(item for item in extra if item[0] not in given)]
        async with asyncio.timeout(_GOING):
            await send(message)

    return dressed


async def _refuse(no: _Unwanted, send: Send) -> None:
    body = (no.text + "\n").encode("utf-8")
    headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body)), **no.headers}
    await send(
        {
            "type": "http.response.start",
            "status": no.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})


def listen(port: int) -> tuple[list[socket.socket], frozenset[str]]:
    """Bind a port of loopback (0: any free one), and return the sockets and the names we go by there.

    Raises
    ------
    Unavailable
        If the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise Unavailable(f"port {port} cannot be used: {error}; choose another with --port") from error
    port = listener.getsockname()[1]
    found = [listener]
    if socket.has_ipv6:
        other = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        try:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("::1", port))
            found.append(other)
        except OSError:  # no such loopback here, or somebody else's port: the first address will do
            other.close()
    return found, frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def serve(app: Any, listeners: list[socket.socket]) -> None:
    """Serve an application on sockets from `listen` until interrupted."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http=_protocol(),
        ws="none",
        lifespan="off",
        log_level="critical",  # what clients do wrong is told to them, not to our terminal
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        backlog=512,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=listeners)


def _protocol() -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with an end to its patience: it has none for heads that do not end."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    waiting: dict[Impatient, asyncio.TimerHandle] = {}  # connections without a request, the longest first

    class Impatient(H11Protocol):
        """Closes a connection whose next request does not come, and the longest waiting when there are too many."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._await_head()
            if len(self.connections) > _CONNECTIONS:
                next(iter(waiting)).transport.abort()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle: Any = self.cycle
            if cycle is not None and not cycle.response_complete:
                self._at_ease()
            elif self not in waiting and not self.transport.is_closing():
                self._await_head()  # the first bytes of a further request on a connection that is kept

        def connection_lost(self, exc: Exception | None) -> None:
            self._at_ease()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            waiting[self] = self.loop.call_later(_COMING, self.transport.abort)

        def _at_ease(self) -> None:
            if limit := waiting.pop(self, None):
                limit.cancel()

    return Impatient
