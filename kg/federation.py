"""Joins with outside endpoints: a ``SERVICE`` block is asked of its endpoint, and its rows take the block's place.

Our engine never calls out (see `kg.gate`). Before a query comes to its gate, each block whose endpoint the user has
allowed is sent out on its own through `kg.remote`, and what comes back is written into the query as inline data. That
is what SPARQL means by ``SERVICE`` [1]_: the block is evaluated there, by itself, and joined here.

References
----------
.. [1] W3C. SPARQL 1.1 Federated Query, 2013. https://www.w3.org/TR/sparql11-federated-query/
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kg.errors import Misuse, Problem, Refused, Unavailable
from kg.gate import DEFAULT, Limits, check, position, tokens
from kg.remote import Endpoint, ask
from kg.vocabulary import literal

__all__ = ["FILE", "allowed", "asks_outside", "endpoint", "joined"]

#: The file beside a ledger that names endpoints: ``[name]``, ``url = "…"``, and at will seconds, rows, megabytes.
FILE = "endpoints.toml"
#: Rows that one block may bring in; they become text of the query.
_ROWS = 10_000
_INLINE = 4 << 20
_IRI = re.compile(r'[^<>"{}|^`\\\x00-\x20]+\Z')


def allowed(home: Path, urls: Iterable[str] = ()) -> dict[str, Endpoint]:
    """Return the endpoints that a query may be joined with, by address: those on file, and those given.

    Parameters
    ----------
    home : Path
        Folder of the workspace.
    urls : iterable of str
        Names from the file, or addresses.

    Raises
    ------
    Refused
        If the file is not well-formed, with every reason.
    Misuse
        If an address is none.
    """
    named = _on_file(home)
    given = (named.get(url) or Endpoint(url, rows=_ROWS) for url in urls)
    return {place.url: place for place in (*named.values(), *given)}


def endpoint(home: Path, name: str) -> Endpoint:
    """Return the endpoint of this name on file, or with this address."""
    return _on_file(home).get(name) or Endpoint(name)


def _on_file(home: Path) -> dict[str, Endpoint]:
    path = home / FILE
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unavailable(f"{FILE} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{FILE} cannot be read as TOML: {error}") from error
    found: dict[str, Endpoint] = {}
    problems: list[Problem] = []
    for name, said in body.items():
        try:
            found[name] = _entry(said)
        except Misuse as error:
            problems.append(Problem(FILE, 0, name, "bad-endpoint", str(error)))
    if problems:
        raise Refused(f"{FILE} is not in order; no endpoint was asked", problems)
    return found


def _entry(said: Any) -> Endpoint:
    limits = {"seconds": 60.0, "rows": _ROWS, "megabytes": 32}
    if not isinstance(said, dict) or not isinstance(said.get("url"), str):
        raise Misuse('needs a table with url = "https://…"')
    if unknown := [key for key in said if key != "url" and key not in limits]:
        raise Misuse(f"has no setting {unknown[0]!r}; known are url, {', '.join(limits)}")
    for key, value in said.items():
        if key != "url" and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9
        ):
            raise Misuse(f"{key} = {value!r} is no number above zero")
    limits |= {key: value for key, value in said.items() if key != "url"}
    return Endpoint(said["url"], limits["seconds"], int(limits["rows"]), int(limits["megabytes"] * (1 << 20)))


@dataclass(frozen=True, slots=True)
class _Block:
    """A ``SERVICE`` block: where it stands in the text, whom it asks, what is between its brackets."""

    start: int
    end: int
    url: str
    inner: str
    variables: frozenset[str]


def asks_outside(text: str) -> bool:
    """Whether a query has a ``SERVICE`` block."""
    return any(token.kind == "word" and token.text.upper() == "SERVICE" for token in tokens(text))


def joined(text: str, endpoints: Mapping[str, Endpoint], limits: Limits = DEFAULT) -> tuple[str, Limits]:
    """Return a query with the rows of outside endpoints in the place of its ``SERVICE`` blocks.

    Parameters
    ----------
    text : str
        SPARQL; blocks name their endpoint in full, ask for no other endpoint inside, and stand outside of
        ``FILTER EXISTS``.
    endpoints : mapping of str to Endpoint
        What may be asked, by address (see `allowed`).
    limits : Limits
        What the query as the user wrote it may cost.

    Returns
    -------
    str
    Limits
        The same, with room for the rows.

    Raises
    ------
    Refused
        If an endpoint is not allowed, or a block cannot be asked by itself, or brings in too much.
    Unavailable
        If an endpoint gives no usable answer; a part of one is none.

    Notes
    -----
    Endpoints are asked one after the other, before our own part of the query is: a block that only our rows would
    narrow down brings in everything it matches, so say in it what is wanted.
    """
    if len(text) > limits.characters:
        raise Refused(f"the query has {len(text):,} characters; the limit is {limits.characters:,}")
    blocks = _blocks(text)
    for block in blocks:
        if block.url not in endpoints:
            raise Refused(
                f"{position(text, block.start)}: SERVICE asks <{block.url}>, which is not on your list; allow it with "
                f"--allow, or in {FILE} of the workspace"
            )
    # Everything that stays here goes through the gate before anything goes out.
    check(_exchanged(text, blocks, ["VALUES () { () }"] * len(blocks)), limits)
    prologue = _prologue(text)
    rows, cells, inline = 0, 0, []
    for block in blocks:
        answer = ask(f"{prologue}\nSELECT * WHERE {{{block.inner}}}", endpoints[block.url])
        if answer.truncated:
            raise Refused(
                f"the endpoint {block.url} has more than {endpoints[block.url].rows:,} rows for its block, and a part "
                "of them would give a wrong answer; say more in the block"
            )
        if strange := set(answer.variables) - block.variables:
            raise Unavailable(
                f"the endpoint {block.url} answered with a variable nobody asked for: {min(strange)!r}"
            )
        inline.append(_values(block, answer.variables, answer.rows))
        rows += len(answer.rows)
        cells += len(answer.rows) * len(answer.variables)
    filled = _exchanged(text, blocks, inline)
    if sum(map(len, inline)) > _INLINE:
        raise Refused(
            "the outside endpoints have more to say than fits into a query; say more in their blocks"
        )
    room = replace(
        limits, characters=max(limits.characters, len(filled)), tokens=limits.tokens + 2 * rows + 3 * cells
    )
    try:
        check(filled, room)
    except Refused as error:
        raise Refused(f"what came from outside cannot be joined here: {error}") from None
    return filled, room


def _exchanged(text: str, blocks: Sequence[_Block], pieces: Sequence[str]) -> str:
    out, done = [], 0
    for block, piece in zip(blocks, pieces, strict=True):
        out += [text[done : block.start], piece]
        done = block.end
    return "".join([*out, text[done:]])


def _prologue(text: str) -> str:
    """Return the declarations that a query opens with."""
    end = 0
    words = list(tokens(text))
    while words and words[0].text.upper() in ("PREFIX", "BASE"):
        used = 3 if words[0].text.upper() == "PREFIX" else 2
        end = words[used - 1].at + len(words[used - 1].text) if len(words) >= used else end
        words = words[used:]
    return text[:end]


def _blocks(text: str) -> list[_Block]:
    found: list[_Block] = []
    words = list(tokens(text))
    filters: list[bool] = []  # for each open bracket, whether it is inside EXISTS
    at = 0

    def refused(why: str) -> Refused:
        return Refused(f"{position(text, words[min(at, len(words) - 1)].at)}: {why}")

    while at < len(words):
        word = words[at].text.upper() if words[at].kind == "word" else words[at].text
        if word == "{":
            before = words[at - 1].text.upper() if at else ""
            filters.append(before == "EXISTS" or (bool(filters) and filters[-1]))
        elif word == "}" and filters:
            filters.pop()
        elif word == "SERVICE" and words[at].kind == "word":
            start = words[at].at
            if filters and filters[-1]:
                raise refused(
                    "SERVICE inside EXISTS would be asked once for every row; put it before the FILTER"
                )
            at += 1
            place = words[at] if at < len(words) else None
            if place is not None and place.text.upper() == "SILENT":
                raise refused("SERVICE SILENT would make a failure look like an answer; leave SILENT out")
            if place is None or place.kind != "iri":
                raise refused("SERVICE needs the address of its endpoint in full, between < and >")
            at += 1
            if at >= len(words) or words[at].text != "{":
                raise refused("SERVICE needs a block in { } after its address")
            opened, depth = at, 0
            while at < len(words):
                depth += (words[at].text == "{") - (words[at].text == "}")
                if depth == 0:
                    break
                if words[at].kind == "word" and words[at].text.upper() == "SERVICE":
                    raise refused("SERVICE inside SERVICE is not sent out; ask both endpoints side by side")
                at += 1
            else:
                raise Refused(f"{position(text, start)}: the block of this SERVICE is never closed")
            inside = words[opened + 1 : at]
            names = frozenset(token.text[1:] for token in inside if token.kind == "variable")
            inner = text[words[opened].at + 1 : words[at].at]
            found.append(_Block(start, words[at].at + 1, place.text[1:-1], inner, names))
        at += 1
    return found


def _values(block: _Block, names: Sequence[str], rows: Sequence[Mapping[str, Mapping[str, str]]]) -> str:
    """Return the inline data that an answer amounts to."""
    lines = (
        "(" + " ".join(_term(block, row[name]) if name in row else "UNDEF" for name in names) + ")"
        for row in rows
    )
    return f"VALUES ({' '.join('?' + name for name in names)}) {{ {' '.join(lines)} }}"


def _term(block: _Block, term: Mapping[str, str]) -> str:
    value = term["value"]
    if term["type"] == "bnode":
        raise Refused(
            f"the endpoint {block.url} answered with a thing that has no name outside of it (a blank node); ask in the "
            "block for what has one, and leave the rest without a variable: [] or a path"
        )
    if term["type"] == "uri":
        if not _IRI.match(value):
            raise Unavailable(
                f"the endpoint {block.url} answered with an address that is none: {value[:100]!r}"
            )
        return f"<{value}>"
    if language := term.get("xml:lang"):
        if not re.fullmatch(r"[A-Za-z]+(?:-[A-Za-z0-9]+)*", language):
            raise Unavailable(
                f"the endpoint {block.url} answered with a language that is none: {language[:40]!r}"
            )
        return f"{literal(value)}@{language}"
    if datatype := term.get("datatype"):
        if not _IRI.match(datatype):
            raise Unavailable(
                f"the endpoint {block.url} answered with a datatype that is none: {datatype[:100]!r}"
            )
        return f"{literal(value)}^^<{datatype}>"
    return literal(value)
