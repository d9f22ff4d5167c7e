"""Questions in SPARQL: the library in ``queries/questions``, ad hoc text, the forms of an answer.

Every text goes through the gate (`kg.gate`) and then runs in a **worker** (`kg.workers`): a child process that has
opened the store read-only, can open nothing further (no file, no socket), has capped memory, and is killed at the
deadline. Texts of one's own may run in this process instead (`ask_here`): quicker, and without a net.
"""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from kg import child, gate
from kg.errors import KgError, NotFound, Refused, Unavailable, near
from kg.gate import DEFAULT, Limits, bind, check, check_terms
from kg.vocabulary import PREFIXES, folder
from kg.workers import Workers

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyoxigraph
    import rdflib as rdf

__all__ = [
    "DEFAULT",
    "Answer",
    "Limits",
    "Parameter",
    "Question",
    "Reply",
    "Scope",
    "TooCostly",
    "answer",
    "ask",
    "ask_here",
    "bind",
    "check",
    "check_terms",
    "holds",
    "library",
    "question",
    "run",
    "shorten",
    "spoken",
    "workers",
]


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
    #: Other ways of asking it, with its parameters in braces; see `kg.ask`.
    asks: tuple[str, ...] = field(default=(), repr=False)

    @property
    def body(self) -> str:
        """The query without the comment lines that describe it."""
        lines = self.text.splitlines()
        while lines and (lines[0].startswith("#") or not lines[0].strip()):
            lines.pop(0)
        return "\n".join(lines).rstrip() + "\n"


_HEADER = re.compile(r"#\s*(title|why|asks|columns|param|terms|solution):\s*(.*)")
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
        tuple(part.strip() for line in said.get("asks", []) for part in line.split(";") if part.strip()),
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


def spoken(value: str) -> str:
    """Return an IRI as people read it: a value of one of our schemes (``evv:stance-denied``) by its own word (denied)."""
    short = shorten(value)
    return short.removeprefix("evv:").split("-", 1)[-1] if short.startswith("evv:") else short


@dataclass(slots=True, repr=False)
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
    asked : str
        The query it answers, with its values.
    form : str
        RDF format of `graph`.
    """

    variables: list[str] = field(default_factory=list)
    rows: list[dict[str, dict[str, str]]] = field(default_factory=list)
    boolean: bool | None = None
    graph: str | None = None
    truncated: bool = False
    stamp: dict[str, str] = field(default_factory=dict)
    asked: str = ""
    form: str = "turtle"

    def json(self) -> str:
        """Return SPARQL 1.1 Query Results JSON, with the stamp between ``head`` and ``results``."""
        body: dict[str, Any] = {
            "head": {"vars": self.variables} if self.boolean is None else {},
            "view": self.stamp.get("view", ""),
            "ledger_head": self.stamp.get("head", ""),
            "as_of": self.stamp.get("as_of", ""),
            "known_by": self.stamp.get("known_by", ""),
            "truncated": self.truncated,
        }
        if self.boolean is None:
            body["results"] = {"bindings": self.rows}
        else:
            body["boolean"] = self.boolean
        return json.dumps(body, ensure_ascii=False, indent=1) + "\n"

    def table(self) -> list[list[str]]:
        """Return the rows as text for people: prefixed names, values as words, literals without their datatype."""
        return [[_spoken(row.get(name)) for name in self.variables] for row in self.rows]

    def csv(self) -> str:
        """Return CSV; a cell that a spreadsheet would take for a formula gets an apostrophe before it."""
        return _delimited(self.variables, self.rows, lambda term: _tame(term["value"]))

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

    # -- for Python

    def __repr__(self) -> str:
        what = "graph" if self.graph is not None else "boolean" if self.boolean is not None else "rows"
        return f"<Answer: {what}, {self.footer()}>"

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows or self.graph) if self.boolean is None else self.boolean

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self._plain(row) for row in self.rows)

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._plain(self.rows[number])

    def _plain(self, row: Mapping[str, dict[str, str]]) -> dict[str, Any]:
        from kg.frames import value

        return {name: value(row.get(name), shorten) for name in self.variables}

    def pandas(self, *, full: bool = False) -> pd.DataFrame:
        """Return the rows as a pandas data frame; IRIs with our prefixes, or in `full`. See `kg.frames`."""
        from kg.frames import to_pandas

        return to_pandas(self.variables, self.rows, self.stamp, str if full else shorten)

    def polars(self, *, full: bool = False) -> pl.DataFrame:
        """Return the rows as a polars data frame; IRIs with our prefixes, or in `full`. See `kg.frames`."""
        from kg.frames import to_polars

        return to_polars(self.variables, self.rows, str if full else shorten)

    def rdflib(self) -> rdf.Graph | list[dict[str, rdf.term.Node]] | bool:
        """Return it in rdflib's terms: a graph for CONSTRUCT and DESCRIBE, rows for SELECT, a bool for ASK."""
        from kg.frames import rdf_graph, rdf_rows

        if self.graph is not None:
            return rdf_graph(self.graph, self.form)
        return rdf_rows(self.rows) if self.boolean is None else self.boolean

    def _repr_html_(self) -> str:
        from kg.frames import page, tabled

        if self.graph is not None:
            return page([f"<pre>{escape(self.graph[:20_000])}</pre>"], self.stamp)
        if self.boolean is not None:
            return page([f"<p>{'yes' if self.boolean else 'no'}</p>"], self.stamp)
        return page(
            [tabled(self.variables, self.table())], self.stamp, self.footer().partition(" · ")[0] + " · "
        )

    def footer(self) -> str:
        """Return one line: how many rows, of which view, dates and ledger."""
        rows = f"{len(self.rows):,} row{'' if len(self.rows) == 1 else 's'}{' (cut off there)' if self.truncated else ''}"
        known = f", known by {self.stamp['known_by']}" if self.stamp.get("known_by") else ""
        return f"{rows} · view {self.stamp.get('view')} as of {self.stamp.get('as_of')}{known} · ledger {self.stamp.get('head', '')[:12]}"


def _spoken(term: dict[str, str] | None) -> str:
    if term is None:
        return ""
    if term["type"] == "uri":
        return spoken(term["value"])
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
_BYTES = 64 << 20  # of one answer, whatever its rows


@dataclass(frozen=True, slots=True)
class Scope:
    """The graphs that a query is asked of, instead of the whole view: what the SPARQL protocol calls its dataset.

    Parameters
    ----------
    default, named : tuple of str
        IRIs of graphs of the view; those of `default` are merged into the default graph.
    """

    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the engine wrote it.

    Attributes
    ----------
    kind : str
        ``rows``, ``boolean`` or ``graph``.
    body : bytes
        In the form asked for.
    variables : tuple of str
    boolean : bool or None
    truncated : bool
        Whether rows or triples beyond the limit were cut off; what is there is whole.
    """

    kind: str
    body: bytes
    variables: tuple[str, ...] = ()
    boolean: bool | None = None
    truncated: bool = False


def workers(size: int = 4) -> Workers:
    """Return a pool of children that answer queries; each holds one store."""
    return Workers("kg.query:_opened", size=size)


def ask(
    text: str,
    store: Path,
    pool: Workers,
    *,
    form: str = "json",
    graph_format: str = "turtle",
    scope: Scope | None = None,
    limits: Limits = DEFAULT,
) -> Reply:
    """Ask a query of a built store, in a worker, and return what the engine wrote.

    Parameters
    ----------
    text : str
        SPARQL 1.1 query; the project's prefixes need not be declared.
    store : Path
        Folder of a view's store (see `kg.index.Index.store`).
    pool : Workers
        From `workers`.
    form : str
        For SELECT and ASK: json, xml, csv or tsv, as the W3C defines them.
    graph_format : str
        For CONSTRUCT and DESCRIBE: turtle, trig, nquads, ntriples, jsonld or rdfxml.
    scope : Scope, optional
        Graphs to ask instead of the whole view; goes before what FROM says.
    limits : Limits

    Raises
    ------
    Refused
        If the gate or the engine does not accept the text, with place and hint; or if it took too long or too much
        (`TooCostly`).
    kg.workers.Busy
        If no worker came free.
    Unavailable
        If the store cannot be opened.
    """
    job = _job(text, form, graph_format, scope, limits)
    try:
        said, body = pool.ask(str(store / "store"), job, seconds=limits.seconds, memory=limits.memory)
    except child.Stopped as end:
        if end.why == "time":
            raise TooCostly(
                f"the query was stopped after {limits.seconds:g} s; add conditions or a LIMIT", "time"
            ) from None
        raise TooCostly(
            "the query needed more memory or nesting than a query may have, and was stopped; simplify it",
            "memory",
        ) from None
    return _replied(said, body, text)


def ask_here(
    text: str,
    store: pyoxigraph.Store,
    *,
    form: str = "json",
    graph_format: str = "turtle",
    scope: Scope | None = None,
    limits: Limits = DEFAULT,
) -> Reply:
    """Ask a query in this process: as `ask`, but nothing can stop it and nothing caps its memory.

    For texts of one's own only. The gate stands here too, so that nothing leaves the house.
    """
    return _replied(*_perform(store, _job(text, form, graph_format, scope, limits)), text)


def run(
    text: str,
    store: Path,
    stamp: Mapping[str, str],
    *,
    graph_format: str = "turtle",
    limits: Limits = DEFAULT,
    pool: Workers | None = None,
) -> Answer:
    """Ask a query of a built store; as `ask`, with the answer read.

    Parameters
    ----------
    stamp : mapping
        What the answer is to carry (see `kg.policy.Policy.stamp`).
    pool : Workers, optional
        Without one, a worker is started for this query alone (0.15 to 0.3 s).
    """
    if pool is not None:
        return answer(ask(text, store, pool, graph_format=graph_format, limits=limits), stamp)
    alone = workers(1)
    try:
        return run(text, store, stamp, graph_format=graph_format, limits=limits, pool=alone)
    finally:
        alone.close()


def answer(reply: Reply, stamp: Mapping[str, str]) -> Answer:
    """Return a reply (in JSON, or a graph) as an answer with rows to work with."""
    if reply.kind == "graph":
        return Answer(graph=reply.body.decode("utf-8"), truncated=reply.truncated, stamp=dict(stamp))
    if reply.kind == "boolean":
        return Answer(boolean=reply.boolean, stamp=dict(stamp))
    rows = json.loads(reply.body)["results"]["bindings"]
    if (
        b'"triple"' in reply.body
    ):  # a quoted triple (RDF 1.2) has no form in SPARQL 1.1: its text stands for it
        rows = [{name: _told(term) for name, term in row.items()} for row in rows]
    return Answer(list(reply.variables), rows, truncated=reply.truncated, stamp=dict(stamp))


class TooCostly(Refused):
    """A query that was stopped; `why` is ``time`` or ``memory``."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


def _told(term: dict[str, Any]) -> dict[str, str]:
    if term["type"] != "triple":
        return term
    parts = (_turtle(_told(term["value"][part])) for part in ("subject", "predicate", "object"))
    return {"type": "literal", "value": f"<<( {' '.join(parts)} )>>"}


def _job(text: str, form: str, graph_format: str, scope: Scope | None, limits: Limits) -> dict[str, Any]:
    return {
        "text": text,
        "graphs": gate.read(text, limits).graphs,
        "form": form.upper(),
        "graph": _RDF_FORMATS[graph_format],
        "scope": [scope.default, scope.named] if scope else None,
        "rows": limits.rows,
    }


def _replied(said: Mapping[str, Any], body: bytes, text: str) -> Reply:
    kind = said["kind"]
    if kind in ("rows", "boolean", "graph"):
        return Reply(
            kind, body, tuple(said.get("variables", ())), said.get("boolean"), said.get("truncated", False)
        )
    raise _explained(kind, said["error"], text)


def _explained(kind: str, message: str, text: str) -> KgError:
    if kind == "store":
        return Unavailable(f"the index cannot be opened: {message}")
    if kind == "memory":
        return TooCostly(
            "the query needed more memory than a query may have; add conditions or a LIMIT", "memory"
        )
    if kind == "foreign":
        return gate.foreign(message)
    if kind == "query":
        return Refused(f"the query cannot be answered: {message}")
    place = re.search(r"error at (\d+):(\d+): (.*)", message, re.S)
    if place is None:
        unknown = re.search(r"[Pp]refix (\S+)|The prefix .* not", message)
        hint = f"; known prefixes are {', '.join(PREFIXES)}" if unknown else ""
        return Refused(f"the query cannot be read: {message}{hint}")
    line, column = int(place.group(1)), int(place.group(2))
    lines = text.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1]
    said = _hint(text, place.group(3).strip(), shown[: column - 1])
    return Refused(
        f"the query cannot be read at line {line}, column {column}: {said}\n  {shown}\n  {' ' * (column - 1)}^"
    )


_FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")


def _hint(text: str, said: str, before: str) -> str:
    """Return what the engine says of a text it cannot read, in other words where those are of no help."""
    if "Prefix not found" in said and (prefix := re.search(r"([\w.-]*):[^\s:]*$", before)):
        return (
            f"the prefix {prefix.group(1)}: is not declared; without a declaration there are "
            f"{', '.join(f'{name}:' for name in PREFIXES)}"
        )
    bare = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    bare = re.sub(r"^\s*(?:(?:PREFIX\s+\S*:|BASE)\s*<[^>]*>\s*)*", "", bare, flags=re.I)
    first = re.match(r"\w*", bare)
    word = first.group(0).upper() if first else ""
    if not bare.strip():
        return f"there is no query; it begins with {', '.join(_FORMS[:-1])} or {_FORMS[-1]}"
    if word and word not in _FORMS and (meant := near(word, _FORMS, 1)):
        return f"{word!r} begins no query; did you mean {meant[0]}?"
    return said


# -- in the worker


def _opened(path: str, confine: child.Confine) -> Callable[[Mapping[str, Any]], tuple[dict[str, Any], bytes]]:
    """Open a store and confine the process; return what answers a query."""
    import pyoxigraph as ox

    try:
        store = ox.Store.read_only(path)
    except OSError as error:
        said = {"kind": "store", "error": str(error)}
        return lambda job: (said, b"")
    confine(files=sum(1 for _ in Path(path).iterdir()))
    return lambda job: _perform(store, job)


def _perform(store: pyoxigraph.Store, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    import pyoxigraph as ox

    default, named = job["scope"] or ((), ())
    try:
        for name in (*job["graphs"], *default, *named):
            if not holds(store, name):
                return {"kind": "foreign", "error": name}, b""
        found = store.query(
            job["text"],
            prefixes=PREFIXES,
            default_graph=None if job["scope"] is None else [ox.NamedNode(name) for name in default],
            named_graphs=None if job["scope"] is None else [ox.NamedNode(name) for name in named],
        )
        return _written(found, job)
    except MemoryError:
        return {"kind": "memory", "error": "out of memory"}, b""
    except SyntaxError as error:
        return {"kind": "syntax", "error": str(error)}, b""
    except (ValueError, RuntimeError, OSError) as error:
        return {"kind": "query", "error": str(error)}, b""


def holds(store: pyoxigraph.Store, graph: str) -> bool:
    """Whether a store has a named graph."""
    import pyoxigraph as ox

    try:
        return store.contains_named_graph(ox.NamedNode(graph))
    except ValueError:  # no IRI at all
        return False


def _written(found: Any, job: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    import pyoxigraph as ox

    if isinstance(found, ox.QueryTriples):
        kept = list(islice(found, job["rows"]))
        truncated = next(found, None) is not None
        body = ox.serialize(kept, format=getattr(ox.RdfFormat, job["graph"]), prefixes=PREFIXES)
        return {"kind": "graph", "truncated": truncated}, body or b""
    form = getattr(ox.QueryResultsFormat, job["form"])
    if isinstance(found, ox.QueryBoolean):
        return {"kind": "boolean", "boolean": bool(found)}, found.serialize(format=form) or b""
    said = {"kind": "rows", "variables": [variable.value for variable in found.variables]}
    if job["form"] == "CSV":  # the one form in which the end of a row looks like the end of a line of text
        body, truncated = _capped(found, "JSON", job["rows"])
        rows = json.loads(body)["results"]["bindings"]
        body = _delimited(said["variables"], rows, _named).encode("utf-8")
    else:
        body, truncated = _capped(found, job["form"], job["rows"])
    return {**said, "truncated": truncated}, body


#: For each form: what stands between two rows and cannot stand inside one, how many bytes it has with what must follow,
#: how much of it belongs to the row before, how many there are beyond the rows, and what ends the whole. In XML and
#: TSV text is escaped; in JSON a quote inside a text is, and the quote that ends one is followed by } or a comma.
_BETWEEN = {
    "JSON": (re.compile(rb'\},\{"(?=[^},])'), 5, 1, 0, b"]}}"),
    "XML": (re.compile(rb"</result><result>"), 17, 9, 0, b"</results></sparql>"),
    "TSV": (re.compile(rb"\n"), 1, 1, 1, b""),
}


class _Full(Exception):
    """More rows have come than are wanted."""


class _Sink:
    """Takes what the engine writes, and stops it when a row too many, or too much, has come.

    pyoxigraph writes rows ten times as fast as Python can look at them; looking for what stands between them costs
    next to nothing.
    """

    def __init__(self, between: re.Pattern[bytes], length: int, most: int) -> None:
        self.between, self.length, self.most = between, length, most
        self.body, self.ends, self.full = bytearray(), array("Q"), False
        self._sought = 0

    def write(self, piece: bytes) -> int:
        """Take the next bytes."""
        if self.full:  # the engine empties its buffer once more when it has been stopped
            return len(piece)
        self.body += piece
        self.ends.extend([found.start() for found in self.between.finditer(self.body, self._sought)])
        self._sought = max(self._sought, len(self.body) - self.length + 1)
        self.full = len(self.ends) >= self.most or len(self.body) > _BYTES
        if self.full:
            raise _Full
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""


def _capped(found: Any, form: str, rows: int) -> tuple[bytes, bool]:
    """Return solutions in a form, whole rows only, and whether some were left off."""
    import pyoxigraph as ox

    between, length, kept, beyond, end = _BETWEEN[form]
    sink = _Sink(between, length, rows + 2 * beyond)
    try:
        found.serialize(sink, format=getattr(ox.QueryResultsFormat, form))
    except _Full:
        if len(sink.ends) <= beyond:
            raise MemoryError from None  # one row that is larger than an answer may be
        place = sink.ends[min(len(sink.ends), rows + beyond) - 1]
        return bytes(sink.body[: place + kept]) + end, True
    return bytes(sink.body), False


def _delimited(
    names: Sequence[str],
    rows: Iterable[Mapping[str, Mapping[str, str]]],
    cell: Callable[[Mapping[str, str]], str],
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([cell(row[name]) if name in row else "" for name in names] for row in rows)
    return out.getvalue()


def _named(term: Mapping[str, str]) -> str:
    return "_:" + term["value"] if term["type"] == "bnode" else term["value"]
