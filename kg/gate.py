"""The gate: SPARQL read by tokens, before any engine sees it, and values put in by token.

What would leave the house (``SERVICE``, ``FROM`` of outside documents) or change something is refused by name, what
could take the engine down (nesting, size) by its limit. A word is refused only where it is a keyword: names,
variables, strings and comments may hold what they like. The gate gives the clear message; the child process that
the query then runs in (`kg.workers`) is what enforces.

The lexical rules are those of SPARQL 1.1 [1]_, chapter 19.8.

References
----------
.. [1] W3C. SPARQL 1.1 Query Language, 2013. https://www.w3.org/TR/sparql11-query/
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin

from kg.errors import Misuse, Refused, near
from kg.vocabulary import PREFIXES

__all__ = [
    "DEFAULT",
    "Limits",
    "Reading",
    "Token",
    "bind",
    "check",
    "check_terms",
    "position",
    "read",
    "tokens",
]

_LETTER = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_WORD = rf"{_LETTER}_0-9\u00b7\u0300-\u036f\u203f\u2040"
_INNER = "-" + _WORD  # first, or it would make a range
_CODE = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_LOCAL = rf"[{_INNER}:]|%[0-9A-Fa-f]{{2}}|\\[-_~.!$&'()*+,;=/?\#@%]|{_CODE}"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]+)|(?P<comment>\#[^\r\n]*)
    |(?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|{_CODE})*>)
    |(?P<string>\"{{3}}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{{3}}|'{{3}}(?:(?:'|'')?(?:[^'\\]|\\.))*'{{3}}|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<variable>[?$](?:[{_WORD}]|{_CODE})+)|(?P<language>@[A-Za-z][A-Za-z0-9-]*)
    |(?P<name>(?:_|[{_LETTER}](?:[{_INNER}.]*[{_INNER}])?)?:(?:(?:{_LOCAL}|\.)*(?:{_LOCAL}))?)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z][A-Za-z0-9_]*)
    |(?P<mark>\^\^|\|\||&&|[<>!]=|.)""",
    re.S | re.X,
)
# An ASCII character written as an escape has one use only: to get a forbidden word past a gate.
_DISGUISED = re.compile(r"\\u00[0-7][0-9A-Fa-f]|\\U000000[0-7][0-9A-Fa-f]")
_FORBIDDEN = {
    "SERVICE": "asks another endpoint; questions here stay on this machine",
    "LOAD": "reads a document; use `kg load`",
    "USING": "belongs to updates",
    "WITH": "belongs to updates",
    "INSERT": "would change data; facts come in with `kg load`",
    "DELETE": "would change data; facts are taken out of account with `kg undo`",
    "CLEAR": "would change data",
    "DROP": "would change data",
    "CREATE": "would change data",
}
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_FLEETING = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may cost.

    Parameters
    ----------
    seconds : float
        Wall time until the child is killed.
    rows : int
        Rows or triples kept; what is beyond is said to be cut off.
    memory : int
        Bytes of address space of the child (where the system can cap it).
    characters, tokens, depth : int
        Size of the query text, and how deep its brackets may nest.
    """

    seconds: float = 30.0
    rows: int = 100_000
    memory: int = 2 << 30
    characters: int = 65_536
    tokens: int = 4_000
    depth: int = 64


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Token:
    """A word, name, string, number … of a query: its kind, its text, and where it begins."""

    kind: str
    text: str
    at: int

    @property
    def iri(self) -> str:
        """The IRI it is, one of our prefixes written out; empty for any other token, and for a prefix alone."""
        if self.kind == "iri":
            return self.text[1:-1]
        prefix, _, local = self.text.partition(":")
        return PREFIXES[prefix] + local if self.kind == "name" and local and prefix in PREFIXES else ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the gate has seen of a query that it lets pass.

    Attributes
    ----------
    form : str
        ``SELECT``, ``ASK``, ``CONSTRUCT`` or ``DESCRIBE``; empty when there is none of them.
    graphs : tuple of str
        IRIs that ``FROM`` and ``FROM NAMED`` name; the query may run only where the store holds them all.
    steady : bool
        Whether the same query of the same store gives the same answer each time: it asks for no clock or chance.
    """

    form: str
    graphs: tuple[str, ...]
    steady: bool


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query, without spaces and comments.

    Notes
    -----
    A character that belongs to no token comes as a mark of its own: to tell what is wrong with it is the engine's.
    """
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        assert found is not None  # the last alternative takes any character
        if found.lastgroup not in ("space", "comment"):
            yield Token(found.lastgroup or "", found.group(), at)
        at = found.end()


def position(text: str, at: int) -> str:
    """Return a place in a query in words."""
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - (text.rfind(chr(10), 0, at) + 1) + 1}"


def check(text: str, limits: Limits = DEFAULT, graphs: Container[str] = frozenset()) -> None:
    """Let a query pass, or say why not, before any engine sees it.

    Parameters
    ----------
    text : str
    limits : Limits
    graphs : container of str
        IRIs of the graphs that ``FROM`` may name.

    Raises
    ------
    Refused
        If it is too long, nests too deeply, holds disguised characters, uses a word that is not allowed, or names a
        graph that is not there.
    """
    for name in read(text, limits).graphs:
        if name not in graphs:
            raise foreign(name)


def foreign(graph: str) -> Refused:
    """Return the refusal of a ``FROM`` that names a graph which is not in the store."""
    return Refused(
        f"FROM <{graph}> is not allowed: the view holds no such graph, and no document is fetched; a question is "
        "asked of one view, chosen with --view, and FROM may name only its proposition graphs"
    )


def read(text: str, limits: Limits = DEFAULT) -> Reading:
    """Return what a query asks of the house, or say why it may not; see `check`.

    Raises
    ------
    Refused
        As `check`, but what ``FROM`` names is for the caller to judge.
    """
    # A question that is asked again is not read again; what may be longer than usual is not kept for that.
    return _read(text, limits) if limits.characters <= DEFAULT.characters else _read.__wrapped__(text, limits)


@lru_cache(maxsize=128)
def _read(text: str, limits: Limits) -> Reading:
    if len(text) > limits.characters:
        raise Refused(f"the query has {len(text):,} characters; the limit is {limits.characters:,}")
    if disguised := _DISGUISED.search(text):
        raise Refused(
            f"{position(text, disguised.start())}: write the character {disguised.group()} itself, not its code"
        )
    if "\x00" in text or re.search("[\ud800-\udfff]", text):
        raise Refused("the query holds a NUL or half a character; type it again")
    found = list(_bounded(text, limits))
    words = [token.text.upper() if token.kind == "word" else "" for token in found]
    for word, token in zip(words, found, strict=True):
        if word in _FORBIDDEN:
            raise Refused(f"{position(text, token.at)}: {word} is not allowed: it {_FORBIDDEN[word]}")
    form = next((word for word in words if word in _FORMS), "")
    return Reading(form, tuple(_graphs(found, words)), _FLEETING.isdisjoint(words))


def _bounded(text: str, limits: Limits) -> Iterator[Token]:
    depth = 0
    for count, token in enumerate(tokens(text)):
        if count >= limits.tokens:
            raise Refused(f"the query has more than {limits.tokens:,} tokens; split it")
        if token.kind == "mark":
            if token.text in "\"'":
                raise Refused(
                    f"{position(text, token.at)}: this string does not end; a quote {token.text} is missing"
                )
            depth += (token.text in "({[") - (token.text in ")}]")
            row = text[token.at : token.at + limits.depth]
            if depth > limits.depth or (token.text == "!" and row == "!" * limits.depth):
                raise Refused(f"{position(text, token.at)}: nested deeper than {limits.depth} levels")
        yield token


def _graphs(found: list[Token], words: list[str]) -> Iterator[str]:
    """What FROM names, in full: the declarations before it are followed as the engine does."""
    base, prefixes = "", dict(PREFIXES)
    for at, word in enumerate(words):
        rest = found[at + 1 : at + 3]
        if word == "BASE" and rest and rest[0].kind == "iri":
            base = urljoin(base, rest[0].text[1:-1])
        elif word == "PREFIX" and len(rest) == 2 and rest[1].kind == "iri":
            prefixes[rest[0].text[:-1]] = urljoin(base, rest[1].text[1:-1])
        elif word == "FROM":
            named = rest[1] if len(rest) == 2 and words[at + 1] == "NAMED" else rest[0] if rest else None
            if named is not None and named.kind == "iri":
                yield urljoin(base, named.text[1:-1])
            elif named is not None and named.kind == "name":
                prefix, _, local = named.text.partition(":")
                yield prefixes.get(prefix, prefix + ":") + re.sub(r"\\(.)", r"\1", local)


def check_terms(text: str, known: Iterable[str]) -> None:
    """Refuse a query that names a term our ontology does not have: a slip would otherwise answer nothing, silently.

    Raises
    ------
    Refused
        With the place and the nearest terms.
    """
    terms = frozenset(known)
    for token in tokens(text):
        if (
            token.kind == "name"
            and token.text[:3] == "ev:"
            and token.text[3:]
            and token.text[3:] not in terms
        ):
            hint = near(token.text[3:], sorted(terms))
            cure = f"; did you mean {' or '.join('ev:' + name for name in hint)}?" if hint else ""
            raise Refused(f"{position(text, token.at)}: the ontology has no term {token.text}{cure}")


def bind(text: str, values: Mapping[str, str | Sequence[str]]) -> str:
    """Put values into the places that a query marks with ``VALUES ?name { UNDEF }``.

    Parameters
    ----------
    text : str
        SPARQL.
    values : mapping of str to str or sequence of str
        Variable name to an N-Triples term (``<…>`` or a literal), made by `kg.vocabulary.iri` or `literal`; or to
        several.

    Raises
    ------
    Misuse
        If a variable has no such place.

    Notes
    -----
    Only whole UNDEF tokens are exchanged, so no value can end up as anything but one term.
    """
    missing = {name: [value] if isinstance(value, str) else value for name, value in values.items()}
    data = {name: " ".join(terms) for name, terms in missing.items()}
    for name, terms in missing.items():
        for term in terms:
            kinds = [token.kind for token in tokens(term)]
            if kinds not in (["iri"], ["string"], ["string", "mark", "iri"]):
                raise Misuse(f"the value of {name!r} is no single term")
    pieces, done = [], 0
    for name, start, end in _places(text):
        if name in data:
            pieces += [text[done:start], data[name]]
            done = end
            missing.pop(name, None)
    if missing:
        name = next(iter(missing))
        raise Misuse(f"the query has no place for {name!r}; mark it with VALUES ?{name} {{ UNDEF }}")
    return "".join([*pieces, text[done:]])


@lru_cache(maxsize=128)
def _places(text: str) -> tuple[tuple[str, int, int], ...]:
    """Where a query has ``VALUES ?name { UNDEF }``: the name, and where UNDEF begins and ends."""
    found = list(tokens(text))
    return tuple(
        (second.text[1:], fourth.at, fourth.at + len(fourth.text))
        for first, second, third, fourth, fifth in zip(
            found, found[1:], found[2:], found[3:], found[4:], strict=False
        )
        if (first.text.upper(), second.kind, third.text, fourth.text.upper(), fifth.text)
        == ("VALUES", "variable", "{", "UNDEF", "}")
    )
