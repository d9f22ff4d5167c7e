"""The only way out to another machine, and only when the user asked for it: a bounded client for SPARQL endpoints.

SPARQLWrapper speaks the protocol; what an endpoint may cost is bounded from outside of it. The whole conversation
happens in a child process (`kg.child`) that is killed at its deadline, so a server that hangs or sends a byte a second
gains nothing by it; the body is read up to a number of bytes and no further; and it is parsed after the child has given
up files and sockets. Redirects are told, never followed. An answer is complete and well-formed, or it is none.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Any
from urllib.parse import quote, urlsplit

from kg import child
from kg.errors import Misuse, Refused, Unavailable
from kg.gate import tokens
from kg.query import Answer
from kg.vocabulary import PREFIXES

__all__ = ["Endpoint", "ask", "declared"]

_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
#: Media types of an answer to the name of the format in pyoxigraph.
_TABLES = {
    "application/sparql-results+json": "JSON", "application/json": "JSON",
    "application/sparql-results+xml": "XML", "application/xml": "XML", "text/xml": "XML",
}  # fmt: skip
_GRAPHS = {
    "text/turtle": "TURTLE", "application/n-triples": "N_TRIPLES", "application/rdf+xml": "RDF_XML",
    "application/ld+json": "JSON_LD", "application/n-quads": "N_QUADS", "application/trig": "TRIG",
}  # fmt: skip
_WRITTEN = {
    "turtle": "TURTLE", "trig": "TRIG", "nquads": "N_QUADS", "ntriples": "N_TRIPLES", "jsonld": "JSON_LD",
    "rdfxml": "RDF_XML",
}  # fmt: skip
_LONGEST_QUERY = 65_536
#: Longest address that every server takes; a longer question goes in the body of a POST.
_LONGEST_ADDRESS = 2_000
#: Longest wait that an endpoint may ask for before the one further try, in seconds.
_LONGEST_WAIT = 20.0
_MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SPARQL endpoint and what asking it may cost.

    Parameters
    ----------
    url : str
        ``http://`` or ``https://``; without a user name, because a password would end up in answers.
    seconds : float
        Wall time for the whole conversation.
    rows : int
        Rows or triples kept.
    size : int
        Bytes of the answer's body.

    Raises
    ------
    Misuse
        If `url` is no address of that kind.
    """

    url: str
    seconds: float = 60.0
    rows: int = 100_000
    size: int = 32 << 20

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
        except ValueError:
            fine = False
        if not fine or re.search(r'[^\x21-\x7e]|[<>"{}|\\^`#]', self.url):
            raise Misuse(
                f"{self.url!r} is no address of a SPARQL endpoint; it must start with http:// or https:// "
                "and hold no spaces"
            )
        if parts.username is not None or parts.password is not None:
            raise Misuse("the address of an endpoint must not hold a user name or password")


def ask(text: str, endpoint: Endpoint, *, graph_format: str = "turtle") -> Answer:
    """Ask a query of an outside endpoint.

    Parameters
    ----------
    text : str
        SPARQL 1.1 query; the project's prefixes need not be declared.
    endpoint : Endpoint
    graph_format : str
        RDF format for CONSTRUCT and DESCRIBE: turtle, trig, nquads, ntriples, jsonld or rdfxml.

    Returns
    -------
    Answer
        Its stamp names the endpoint as the view and no ledger: nothing in it rests on our claims.

    Raises
    ------
    Refused
        If the text is no query, or the endpoint does not accept it (400).
    Unavailable
        If no complete, well-formed answer came within the bounds; one sentence says what came instead.

    Notes
    -----
    Costs a child process (about 0.2 s) besides the endpoint's own time. An endpoint that says it is busy (429, 503) is
    asked once more after the time it asks for, at most 20 s.
    """
    form = _form_of(text)
    job = {
        "url": endpoint.url,
        "text": declared(text),
        "form": form,
        "seconds": endpoint.seconds,
        "rows": endpoint.rows,
        "size": endpoint.size,
        "format": graph_format,
    }
    try:
        reply = child.call("kg.remote:_converse", job, seconds=endpoint.seconds, memory=_MEMORY)
    except child.Stopped as end:
        why = {
            "time": f"had not answered in full after {endpoint.seconds:g} s",
            "memory": "answered with more than a client may hold in memory",
            "crash": "sent an answer that no reader can follow",
        }[end.why]
        raise Unavailable(f"the endpoint {endpoint.url} {why}; nothing of it was used") from None
    if "error" in reply:
        kind = Refused if reply["kind"] == "query" else Unavailable
        raise kind(f"the endpoint {endpoint.url} {reply['error']}")
    stamp = {
        "view": f"endpoint {endpoint.url}",
        "as_of": datetime.now(UTC).date().isoformat(),
        "known_by": "",
        "head": "none",
    }
    return Answer(
        reply.get("variables", []),
        reply.get("rows", []),
        reply.get("boolean"),
        reply.get("graph"),
        reply.get("truncated", False),
        stamp,
    )


def declared(text: str) -> str:
    """Return a query with a declaration for each of the project's prefixes that it uses and does not declare."""
    found = list(tokens(text))
    own = {name.text for word, name in pairwise(found) if word.text.upper() == "PREFIX"}
    used = {token.text.partition(":")[0] for token in found if token.kind == "name"}
    missing = [prefix for prefix in PREFIXES if prefix in used and f"{prefix}:" not in own]
    return "".join(f"PREFIX {prefix}: <{PREFIXES[prefix]}>\n" for prefix in missing) + text


def _form_of(text: str) -> str:
    """Return which of the four forms a query has: an update must never leave the house."""
    if len(text) > _LONGEST_QUERY:
        raise Refused(f"the query has {len(text):,} characters; the limit is {_LONGEST_QUERY:,}")
    words = (token.text.upper() for token in tokens(text) if token.kind == "word")
    form = next((word for word in words if word not in ("PREFIX", "BASE")), "")
    if form not in _FORMS:
        raise Refused(f"only {', '.join(_FORMS[:-1])} and {_FORMS[-1]} can be asked of an endpoint")
    return form


# -- in the child


class _Off(Exception):
    """The endpoint does not give an answer that can be used; ``kind`` is ``query`` where the query is to blame."""

    def __init__(self, message: str, kind: str = "endpoint") -> None:
        self.kind = kind
        super().__init__(message)


def _converse(job: Mapping[str, Any], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Ask, read and parse; runs in the child process."""
    import pyoxigraph as ox

    try:
        body, media = _fetch(job)
        confine()
        return _parse(ox, job, body, media)
    except _Off as off:
        return {"kind": off.kind, "error": str(off)}


def _fetch(job: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the body of the answer and its media type."""
    import http.client
    import warnings

    _install_opener(job["url"])
    deadline = time.monotonic() + job["seconds"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for last in (False, True):
                with _wrapper(job).query().response as response:
                    wait = _retry_after(response)
                    if wait is None or last:
                        return _read(response, job)
                    if wait > min(_LONGEST_WAIT, deadline - time.monotonic()):
                        raise _Off(f"is busy and asks to come back in {wait:,.0f} s; do that")
                time.sleep(wait)
        except TimeoutError:
            raise _Off(f"did not answer within {job['seconds']:g} s") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise _Off(f"did not answer within {job['seconds']:g} s") from None
            raise _Off(f"cannot be reached: {_clean(str(reason))}") from None
        except http.client.HTTPException as error:
            raise _Off(f"broke off, or does not speak HTTP ({type(error).__name__})") from None
    raise AssertionError("the second try returns or raises")


def _install_opener(url: str) -> None:
    """Replace the opener that SPARQLWrapper calls: no redirects, no other schemes, any status comes back as it is."""
    import urllib.request as web

    host = urlsplit(url).hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    opener = web.OpenerDirector()
    # What runs on this very machine is not asked through a proxy. Redirects and error statuses are acted on by the
    # handlers that are left out here.
    for handler in (
        web.ProxyHandler({} if here else None),
        web.HTTPHandler(),
        web.HTTPSHandler(),
        web.UnknownHandler(),
    ):
        opener.add_handler(handler)
    web.install_opener(opener)


def _wrapper(job: Mapping[str, Any]) -> Any:
    import SPARQLWrapper

    agent = f"ev-supply-web (SPARQLWrapper/{SPARQLWrapper.__version__})"
    wrapper = SPARQLWrapper.SPARQLWrapper(job["url"], agent=agent)
    wrapper.setQuery(job["text"])
    wrapper.queryType = job["form"]  # its own guess is misled by comments
    long = len(job["url"]) + len(quote(job["text"])) > _LONGEST_ADDRESS
    wrapper.setMethod("POST" if long or "?" in job["url"] else "GET")
    # No `format=` and `output=` parameters besides, which strict endpoints refuse.
    wrapper.setOnlyConneg(True)
    table = job["form"] in ("SELECT", "ASK")
    wanted = list(_TABLES)[:3:2] if table else list(_GRAPHS)[:4]
    wrapper.addCustomHttpHeader("Accept", ", ".join(wanted))
    wrapper.setTimeout(max(1, int(job["seconds"])))
    return wrapper


def _retry_after(response: Any) -> float | None:
    """Return for how many seconds a busy endpoint asks to be left alone; None if it is not busy."""
    if response.status not in (429, 503):
        return None
    said = (response.headers.get("Retry-After") or "1").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return 1.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _read(response: Any, job: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return body and media type of a response, or raise `_Off` with what is wrong with it."""
    media = (response.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    status = response.status
    if 300 <= status < 400:
        target = _clean(response.headers.get("Location") or "nowhere")
        raise _Off(f"sends the question on to {target}; if you trust that address, ask there")
    if status != 200:
        said = _clean(response.read(2_000).decode("utf-8", "replace")) if media == "text/plain" else ""
        reason = f"{status} {_clean(response.reason or '')}".strip() + (f": {said}" if said else "")
        if status == 400:
            raise _Off(f"does not accept the query ({reason})", "query")
        raise _Off(f"answered {reason}")
    if (coding := response.headers.get("Content-Encoding") or "identity").lower() != "identity":
        raise _Off(f"answered in the coding {_clean(coding)!r}, which nobody asked for")
    table = job["form"] in ("SELECT", "ASK")
    if media not in (_TABLES if table else _GRAPHS):
        wanted = "SPARQL results (JSON or XML)" if table else "RDF"
        raise _Off(f"answered with {_clean(media) or 'something it gives no type for'}, not with {wanted}")
    body = response.read(job["size"] + 1)
    if len(body) > job["size"]:
        raise _Off(f"answered with more than {job['size']:,} bytes; ask for less, or add a LIMIT")
    # Python's `read(n)` lets a body that breaks off pass.
    promised = response.headers.get("Content-Length") or ""
    if promised.isdecimal() and len(body) < int(promised):
        raise _Off(f"broke off after {len(body):,} of {int(promised):,} bytes")
    return body, media


def _clean(text: str) -> str:
    """Return words of a stranger as one short line."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line[:200] + ("…" if len(line) > 200 else "")


def _parse(ox: Any, job: Mapping[str, Any], body: bytes, media: str) -> dict[str, Any]:
    try:
        if media.endswith("xml") and (b"<!DOCTYPE" in body or b"<!ENTITY" in body):
            raise _Off("answered with XML that declares entities, which can be a trap")
        if job["form"] in ("SELECT", "ASK"):
            return _parse_table(ox, job, body, _TABLES[media])
        form = getattr(ox.RdfFormat, _GRAPHS[media])
        found = ox.parse(body, format=form, base_iri=job["url"], without_named_graphs=True)
        kept = [quad.triple for quad in islice(found, job["rows"])]
        truncated = next(found, None) is not None
        written = ox.serialize(kept, format=getattr(ox.RdfFormat, _WRITTEN[job["format"]]), prefixes=PREFIXES)
        return {"graph": written.decode("utf-8"), "truncated": truncated}
    except (SyntaxError, ValueError) as error:
        raise _Off(f"sent an answer that is cut off or malformed: {_clean(str(error))}") from None


def _parse_table(ox: Any, job: Mapping[str, Any], body: bytes, form: str) -> dict[str, Any]:
    found = ox.parse_query_results(body, format=getattr(ox.QueryResultsFormat, form))
    if isinstance(found, ox.QueryBoolean) != (job["form"] == "ASK"):
        raise _Off(f"answered a {job['form']} with the result of another kind of question")
    if job["form"] == "ASK":
        return {"boolean": bool(found)}
    names = [variable.value for variable in found.variables]
    # Through the engine's own writer: one form of every term, whatever form it came in.
    rows = json.loads(found.serialize(format=ox.QueryResultsFormat.JSON))["results"]["bindings"]
    kept = rows[: job["rows"]]
    if any(term["type"] == "triple" for row in kept for term in row.values()):
        raise _Off("answered with quoted triples, which have no place in a table")
    return {"variables": names, "rows": kept, "truncated": len(rows) > len(kept)}
