"""Questions in SPARQL: the library in ``queries/questions``, ad hoc text, and a child process that cannot do harm.

Every text goes through a **gate** that reads it by tokens and refuses what would leave the house (``SERVICE``,
``FROM`` …) or could take the engine down (nesting, size); and then runs in a **child process** that has opened the
store read-only, can open nothing further (no file, no socket), has capped memory, and is killed at the deadline.
Values are put in by token, never spliced: a question marks the place with ``VALUES ?maker { UNDEF }``.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from kg import child
from kg.errors import KgError, Misuse, NotFound, Refused, Unavailable, near
from kg.vocabulary import PREFIXES, folder

__all__ = [
    "Answer",
    "Limits",
    "Parameter",
    "Question",
    "bind",
    "check",
    "check_terms",
    "library",
    "question",
    "run",
    "shorten",
]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)|(?P<comment>\#[^\r\n]*)
    |(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    |(?P<string>\"{3}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{3}|'{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<variable>[?$]\w+)|(?P<language>@[A-Za-z][A-Za-z0-9-]*)
    |(?P<name>(?:[^\W\d_][\w.-]*)?:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\[-_~.!$&'()*+,;=/?\#@%])*|_:[\w.-]+)
    |(?P<number>\d[\d.eE]*(?:(?<=[eE])[+-]\d+)?|\.\d+)
    |(?P<word>[^\W\d_]\w*)
    |(?P<mark>\^\^|\|\||&&|[<>!]=|[{}()\[\].;,*/|!=<>&+^?~-])""",
    re.S | re.X,
)
# An ASCII letter written as an escape has one use only: to get a forbidden word past a gate.
_DISGUISED = re.compile(r"\\u00[0-7][0-9A-Fa-f]|\\U000000[0-7][0-9A-Fa-f]")
_FORBIDDEN = {
    "SERVICE": "asks another endpoint; questions here stay on this machine",
    "FROM": "names other graphs to read; a question is asked of one view, chosen with --view",
    "LOAD": "reads a document; use `kg load`",
    "USING": "belongs to updates",
    "WITH": "belongs to updates",
    "INSERT": "would change data; facts come in with `kg load`",
    "DELETE": "would change data; facts are taken out of account with `kg undo`",
    "CLEAR": "would change data",
    "DROP": "would change data",
    "CREATE": "would change data",
}


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
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Refused(
                f"{_position(text, at)}: the character {text[at]!r} is not understood here; is a quote or > missing?"
            )
        if found.lastgroup not in ("space", "comment"):
            yield _Token(found.lastgroup or "", found.group(), at)
        at = found.end()


def _position(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - (text.rfind(chr(10), 0, at) + 1) + 1}"


def check(text: str, limits: Limits = DEFAULT) -> None:
    """Let a query pass, or say why not, before any engine sees it.

    Raises
    ------
    Refused
        If it is too long, nests too deeply, holds disguised characters, or uses a word that is not allowed.
    """
    if len(text) > limits.characters:
        raise Refused(f"the query has {len(text):,} characters; the limit is {limits.characters:,}")
    if disguised := _DISGUISED.search(text):
        raise Refused(
            f"{_position(text, disguised.start())}: write the character {disguised.group()} itself, not its code"
        )
    if "\x00" in text or re.search("[\ud800-\udfff]", text):
        raise Refused("the query holds a NUL or half a character; type it again")
    depth = 0
    for count, token in enumerate(_tokens(text)):
        if count >= limits.tokens:
            raise Refused(f"the query has more than {limits.tokens:,} tokens; split it")
        if token.kind == "mark":
            depth += (token.text in "({[") - (token.text in ")}]")
            if depth > limits.depth or (
                token.text == "!" and text[token.at : token.at + limits.depth] == "!" * limits.depth
            ):
                raise Refused(f"{_position(text, token.at)}: nested deeper than {limits.depth} levels")
        elif token.kind == "word" and token.text.upper() in _FORBIDDEN:
            word = token.text.upper()
            raise Refused(f"{_position(text, token.at)}: {word} is not allowed: it {_FORBIDDEN[word]}")


def check_terms(text: str, known: Iterable[str]) -> None:
    """Refuse a query that names a term our ontology does not have: a slip would otherwise answer nothing, silently.

    Raises
    ------
    Refused
        With the place and the nearest terms.
    """
    terms = frozenset(known)
    for token in _tokens(text):
        if (
            token.kind == "name"
            and token.text[:3] == "ev:"
            and token.text[3:]
            and token.text[3:] not in terms
        ):
            hint = near(token.text[3:], sorted(terms))
            cure = f"; did you mean {' or '.join('ev:' + name for name in hint)}?" if hint else ""
            raise Refused(f"{_position(text, token.at)}: the ontology has no term {token.text}{cure}")


def bind(text: str, values: Mapping[str, str]) -> str:
    """Put values into the places that a query marks with ``VALUES ?name { UNDEF }``.

    Parameters
    ----------
    text : str
        SPARQL.
    values : mapping of str to str
        Variable name to an N-Triples term (``<…>`` or a literal), made by `kg.vocabulary.iri` or `literal`.

    Raises
    ------
    Misuse
        If a variable has no such place.

    Notes
    -----
    Only whole UNDEF tokens are exchanged, so no value can end up as anything but one term.
    """
    tokens = list(_tokens(text))
    missing = dict(values)
    for name, value in values.items():
        kinds = [token.kind for token in _tokens(value)]
        if kinds not in (["iri"], ["string"], ["string", "mark", "iri"]):
            raise Misuse(f"the value of {name!r} is no single term")
    pieces, done = [], 0
    for first, second, third, fourth, fifth in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False
    ):
        marks = (first.text.upper(), second.kind, third.text, fourth.text.upper(), fifth.text)
        name = second.text[1:]
        if marks == ("VALUES", "variable", "{", "UNDEF", "}") and name in values:
            pieces += [text[done : fourth.at], values[name]]
            done = fourth.at + len(fourth.text)
            missing.pop(name, None)
    if missing:
        name = next(iter(missing))
        raise Misuse(f"the query has no place for {name!r}; mark it with VALUES ?{name} {{ UNDEF }}")
    return "".join([*pieces, text[done:]])


# -- the library


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a question takes: its variable, what it is (``entity``, ``layer``, ``date``, ``text``), and a default."""

    name: str
    type: str
    default: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the library: a ``.rq`` file whose first comment lines describe it."""

    name: str
    title: str
    why: str
    columns: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str = field(repr=False)
    path: Path = field(repr=False)


_HEADER = re.compile(r"#\s*(title|why|columns|param|terms|solution):\s*(.*)")
_PARAMETER = re.compile(r"(\w+)\s*\((\w+)\)\s*(?:=\s*(\S+))?\s*[—-]?\s*(.*)")


def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    said: dict[str, list[str]] = {}
    for line in text.splitlines():
        if found := _HEADER.match(line):
            said.setdefault(found.group(1), []).append(found.group(2).strip())
    hits = [hit for line in said.get("param", []) if (hit := _PARAMETER.match(line))]
    parameters = [
        Parameter(hit.group(1), hit.group(2), hit.group(3) or "", hit.group(4).strip()) for hit in hits
    ]
    columns = tuple(part.strip() for part in " ".join(said.get("columns", [])).split(",") if part.strip())
    return Question(
        path.stem,
        " ".join(said.get("title", [path.stem])),
        " ".join(said.get("why", [])),
        columns,
        tuple(parameters),
        text,
        path,
    )


@cache
def library(kind: str = "questions") -> dict[str, Question]:
    """Return the questions (or the ``hygiene`` checks) by name, in the order of their file names."""
    return {path.stem: _read(path) for path in sorted((folder("queries") / kind).glob("*.rq"))}


def question(name: str) -> Question:
    """Return the question of the library with this name.

    Raises
    ------
    NotFound
        With the nearest names.
    """
    known = library()
    if name not in known:
        raise NotFound("question", name, known)
    return known[name]


# -- answers


def shorten(value: str) -> str:
    """Return an IRI with one of our prefixes where one fits."""
    for prefix, namespace in PREFIXES.items():
        if value.startswith(namespace) and re.fullmatch(r"[\w.-]*(?:/phase-\d+)?", value[len(namespace) :]):
            return f"{prefix}:{value[len(namespace) :]}"
    return value


@dataclass(slots=True)
class Answer:
    """What a query came to.

    Attributes
    ----------
    variables : list of str
    rows : list of dict
        SPARQL 1.1 JSON bindings; an unbound variable is absent.
    boolean : bool or None
        For ASK.
    graph : str or None
        For CONSTRUCT and DESCRIBE: the triples in the RDF format asked for.
    truncated : bool
        Whether rows or triples beyond the limit were cut off.
    stamp : dict
        View, dates and ledger head it holds for.
    """

    variables: list[str] = field(default_factory=list)
    rows: list[dict[str, dict[str, str]]] = field(default_factory=list)
    boolean: bool | None = None
    graph: str | None = None
    truncated: bool = False
    stamp: dict[str, str] = field(default_factory=dict)

    def json(self) -> str:
        """Return SPARQL 1.1 Query Results JSON, with the stamp beside ``head`` and ``results``."""
        body: dict[str, Any] = {"head": {"vars": self.variables} if self.boolean is None else {}}
        if self.boolean is None:
            body["results"] = {"bindings": self.rows}
        else:
            body["boolean"] = self.boolean
        body.update(
            {
                "view": self.stamp.get("view", ""),
                "ledger_head": self.stamp.get("head", ""),
                "as_of": self.stamp.get("as_of", ""),
                "known_by": self.stamp.get("known_by", ""),
                "truncated": self.truncated,
            }
        )
        return json.dumps(body, ensure_ascii=False, indent=1) + "\n"

    def table(self) -> list[list[str]]:
        """Return the rows as text for people: prefixed names, literals without their datatype."""
        return [[_spoken(row.get(name)) for name in self.variables] for row in self.rows]

    def csv(self) -> str:
        """Return CSV; a cell that a spreadsheet would take for a formula gets an apostrophe before it."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.variables)
        writer.writerows(
            [
                [_tame(row[name]["value"]) if name in row else "" for name in self.variables]
                for row in self.rows
            ]
        )
        return out.getvalue()

    def tsv(self) -> str:
        """Return SPARQL 1.1 TSV: terms in Turtle form, nothing lost."""
        lines = ["\t".join("?" + name for name in self.variables)]
        lines += [
            "\t".join(_turtle(row[name]) if name in row else "" for name in self.variables)
            for row in self.rows
        ]
        return "\n".join(lines) + "\n"

    def xml(self) -> str:
        """Return SPARQL 1.1 Query Results XML."""
        out = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<sparql xmlns="http://www.w3.org/2005/sparql-results#">',
            "<head>",
        ]
        out += [f'<variable name="{escape(name)}"/>' for name in self.variables] + ["</head>"]
        if self.boolean is not None:
            out.append(f"<boolean>{str(self.boolean).lower()}</boolean>")
        else:
            out.append("<results>")
            for row in self.rows:
                cells = [
                    f'<binding name="{escape(name)}">{_xml(row[name])}</binding>'
                    for name in self.variables
                    if name in row
                ]
                out.append("<result>" + "".join(cells) + "</result>")
            out.append("</results>")
        return "\n".join([*out, "</sparql>"]) + "\n"

    def markdown(self) -> str:
        """Return a Markdown table with the stamp under it."""
        lines = ["| " + " | ".join(self.variables) + " |", "|" + " --- |" * len(self.variables)]
        lines += ["| " + " | ".join(map(_unmarked, row)) + " |" for row in self.table()]
        return "\n".join([*lines, "", f"*{self.footer()}*"]) + "\n"

    def html(self) -> str:
        """Return an HTML table with the stamp as its caption."""
        body = "\n".join(_html_row(row, "td") for row in self.table())
        head = _html_row(self.variables, "th")
        return f"<table>\n<caption>{escape(self.footer())}</caption>\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"

    def footer(self) -> str:
        """Return one line: how many rows, of which view, dates and ledger."""
        rows = f"{len(self.rows):,} row{'' if len(self.rows) == 1 else 's'}{' (cut off there)' if self.truncated else ''}"
        known = f", known by {self.stamp['known_by']}" if self.stamp.get("known_by") else ""
        return f"{rows} · view {self.stamp.get('view')} as of {self.stamp.get('as_of')}{known} · ledger {self.stamp.get('head', '')[:12]}"


def _spoken(term: dict[str, str] | None) -> str:
    if term is None:
        return ""
    if term["type"] == "uri":
        return shorten(term["value"])
    return term["value"] if term["type"] == "literal" else "_:" + term["value"]


def _unmarked(cell: str) -> str:
    return re.sub(r"([\\|*_`<>\[\]])", r"\\\1", cell).replace("\n", " ")


def _html_row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _tame(text: str) -> str:
    risky = text[:1] in ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # the full-width forms too
    return "'" + text if risky and not re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) else text


def _turtle(term: dict[str, str]) -> str:
    if term["type"] == "uri":
        return f"<{term['value']}>"
    if term["type"] == "bnode":
        return "_:" + term["value"]
    quoted = json.dumps(term["value"], ensure_ascii=False)
    if "xml:lang" in term:
        return f"{quoted}@{term['xml:lang']}"
    return f"{quoted}^^<{term['datatype']}>" if "datatype" in term else quoted


def _xml(term: dict[str, str]) -> str:
    value = escape(term["value"])
    if term["type"] == "literal":
        extra = (
            f' xml:lang="{escape(term["xml:lang"])}"'
            if "xml:lang" in term
            else f' datatype="{escape(term["datatype"])}"'
            if "datatype" in term
            else ""
        )
        return f"<literal{extra}>{value}</literal>"
    return f"<{term['type']}>{value}</{term['type']}>"


# -- running

_RDF_FORMATS = {
    "turtle": "TURTLE",
    "trig": "TRIG",
    "nquads": "N_QUADS",
    "ntriples": "N_TRIPLES",
    "jsonld": "JSON_LD",
    "rdfxml": "RDF_XML",
}


def run(
    text: str,
    store: Path,
    stamp: Mapping[str, str],
    *,
    graph_format: str = "turtle",
    limits: Limits = DEFAULT,
) -> Answer:
    """Ask a query of a built store, in a child process.

    Parameters
    ----------
    text : str
        SPARQL 1.1 query; the project's prefixes need not be declared.
    store : Path
        Folder of a view's store (see `kg.index.Index.store`).
    stamp : mapping
        What the answer is to carry (see `kg.view.View.stamp`).
    graph_format : str
        RDF format for CONSTRUCT and DESCRIBE: turtle, trig, nquads, ntriples, jsonld or rdfxml.
    limits : Limits

    Raises
    ------
    Refused
        If the gate or the engine does not accept the text, with place and hint; or if it took too long or too much.
    Unavailable
        If the store cannot be opened.

    Notes
    -----
    The child costs about 0.1 s.
    """
    check(text, limits)
    job = {"store": str(store / "store"), "text": text, "format": graph_format, "rows": limits.rows}
    try:
        reply = child.call("kg.query:_ask", job, seconds=limits.seconds, memory=limits.memory)
    except child.Stopped as end:
        if end.why == "time":
            raise Refused(
                f"the query was stopped after {limits.seconds:g} s; add conditions or a LIMIT"
            ) from None
        raise Refused(
            "the query needed more memory or nesting than a query may have, and was stopped; simplify it"
        ) from None
    if "error" in reply:
        raise _explained(reply["kind"], reply["error"], text)
    return Answer(
        reply.get("variables", []),
        reply.get("rows", []),
        reply.get("boolean"),
        reply.get("graph"),
        reply.get("truncated", False),
        dict(stamp),
    )


def _explained(kind: str, message: str, text: str) -> KgError:
    if kind == "store":
        return Unavailable(f"the index cannot be opened: {message}")
    if kind == "memory":
        return Refused("the query needed more memory than a query may have; add conditions or a LIMIT")
    place = re.search(r"error at (\d+):(\d+): (.*)", message, re.S)
    if place is None:
        unknown = re.search(r"[Pp]refix (\S+)|The prefix .* not", message)
        hint = f"; known prefixes are {', '.join(PREFIXES)}" if unknown else ""
        return Refused(f"the query cannot be read: {message}{hint}")
    line, column = int(place.group(1)), int(place.group(2))
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    return Refused(
        f"the query cannot be read at line {line}, column {column}: {place.group(3).strip()}\n  {shown}\n  {' ' * (column - 1)}^"
    )


def _ask(job: Mapping[str, Any], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Answer one query; runs in the child process."""
    import pyoxigraph as ox

    try:
        store = ox.Store.read_only(job["store"])
    except OSError as error:
        return {"kind": "store", "error": str(error)}
    confine()
    try:
        return _answer(ox, store, job)
    except MemoryError:
        return {"kind": "memory", "error": "out of memory"}
    except (SyntaxError, ValueError, RuntimeError, OSError) as error:
        return {"kind": "query", "error": str(error)}


def _answer(ox: Any, store: Any, job: Mapping[str, Any]) -> dict[str, Any]:
    found = store.query(job["text"], prefixes=PREFIXES)
    if isinstance(found, ox.QueryBoolean):
        return {"boolean": bool(found)}
    kept: list[Any] = []
    truncated = False
    for item in found:
        if len(kept) >= job["rows"]:
            truncated = True
            break
        kept.append(item)
    if isinstance(found, ox.QueryTriples):
        form = getattr(ox.RdfFormat, _RDF_FORMATS[job["format"]])
        body = ox.serialize(kept, format=form, prefixes=PREFIXES)
        return {"graph": body.decode("utf-8"), "truncated": truncated}
    names = [variable.value for variable in found.variables]
    rows = [{name: _term(ox, value) for name in names if (value := row[name]) is not None} for row in kept]
    return {"variables": names, "rows": rows, "truncated": truncated}


def _term(ox: Any, term: Any) -> dict[str, str]:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Literal):
        if term.language:
            return {"type": "literal", "value": term.value, "xml:lang": term.language}
        if term.datatype.value == PREFIXES["xsd"] + "string":
            return {"type": "literal", "value": term.value}
        return {"type": "literal", "value": term.value, "datatype": term.datatype.value}
    return {"type": "literal", "value": str(term)}
