"""Answers for people who work in Python: plain values, data frames, rdflib terms, and what a notebook shows.

A number comes as a number, a date as a date; what a column cannot hold as one type it holds as text, never half of
it. Data frames are optional parts (``pip install 'ev-supply-web[pandas]'`` or ``[polars]``). What a notebook shows is
escaped and carries view, dates and ledger head, so that a picture of a cell can still be cited.

Examples
--------
>>> answer = graph.query("suppliers", entity="aurora")
>>> len(answer), answer[0]["supplier"], answer[0]["published"]
(3, 'id:basalt', datetime.date(2025, 5, 2))
>>> sorted({row["supplier_label"] for row in answer})
['Basalt Cells', 'Fjord Components']
>>> frame = answer.pandas()
>>> int((frame["standing"] == "evv:standing-confirmed").sum())
2
>>> answer.rdflib()[0]["supplier"]
rdflib.term.URIRef('https://w3id.org/evsw/id/basalt')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from html import escape
from typing import TYPE_CHECKING, Any

from kg.errors import Misuse, Unavailable
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    import pandas
    import polars
    import rdflib

__all__ = ["Report", "page", "rdf_graph", "rdf_rows", "to_pandas", "to_polars", "value"]

Term = Mapping[str, str]

_XSD = PREFIXES["xsd"]
_WHOLE = frozenset(
    _XSD + name
    for name in (
        "integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger",
        "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    )
)  # fmt: skip
#: Most rows, claims and paths that a notebook shows.
_SHOWN = 60


def value(term: Term | None, short: Callable[[str], str]) -> Any:
    """Return a term as a Python value.

    Parameters
    ----------
    term : mapping or None
        A SPARQL 1.1 JSON binding; None for an unbound variable.
    short : callable
        What to do with an IRI.

    Returns
    -------
    object
        int, Decimal, float, bool, date, datetime or str; None where nothing is bound. A literal that is not what its
        datatype says comes as its text.
    """
    if term is None:
        return None
    text = term["value"]
    if term["type"] == "uri":
        return short(text)
    if term["type"] == "bnode":
        return "_:" + text
    kind = term.get("datatype", "")
    try:
        if kind in _WHOLE:
            return int(text)
        if kind == _XSD + "decimal":
            return Decimal(text)
        if kind in (_XSD + "double", _XSD + "float"):
            return float(text.replace("INF", "inf"))
        if kind == _XSD + "date":
            return date.fromisoformat(text)
        if kind == _XSD + "dateTime":
            return datetime.fromisoformat(text)
    except (ValueError, InvalidOperation):
        return text
    if kind == _XSD + "boolean" and text in ("true", "false", "1", "0"):
        return text in ("true", "1")
    return text


def _column(
    rows: Sequence[Mapping[str, Term]], name: str, short: Callable[[str], str]
) -> tuple[str, list[Any]]:
    """Return the type of a column and its values; text when the cells are of several types."""
    found = [value(row.get(name), short) for row in rows]
    types = {type(item) for item in found if item is not None}
    numbers = {int, Decimal, float}
    if not types:
        return "text", found
    if types == {int} and all(item is None or -(2**63) <= item < 2**63 for item in found):
        return "int", found
    if types <= numbers:
        return "float", [None if item is None else float(item) for item in found]
    for kind, cls in (("bool", bool), ("date", date), ("datetime", datetime)):
        if types == {cls} and not (
            cls is datetime and len({item.tzinfo for item in found if item is not None}) > 1
        ):
            return kind, found
    if types == {str}:
        return "text", found
    return "text", [None if name not in row else value({**row[name], "datatype": ""}, short) for row in rows]


def to_pandas(
    variables: Sequence[str],
    rows: Sequence[Mapping[str, Term]],
    stamp: Mapping[str, str],
    short: Callable[[str], str],
) -> pandas.DataFrame:
    """Return rows as a pandas data frame with nullable types; view, dates and head stand in ``attrs``.

    Raises
    ------
    Unavailable
        If pandas is not installed.

    Notes
    -----
    Decimals become floats; iterate over the answer for exact ones. An empty column is text.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise Unavailable(
            "this needs pandas; install it with: pip install 'ev-supply-web[pandas]'"
        ) from error
    kinds = {"int": "Int64", "float": "Float64", "bool": "boolean", "text": "string"}
    columns = {}
    for name in variables:
        kind, found = _column(rows, name, short)
        columns[name] = (
            pd.Series(found, dtype=kinds[kind]) if kind in kinds else pd.Series(pd.to_datetime(found))
        )
    frame = pd.DataFrame(columns, columns=list(variables))
    frame.attrs.update(stamp)
    return frame


def to_polars(
    variables: Sequence[str], rows: Sequence[Mapping[str, Term]], short: Callable[[str], str]
) -> polars.DataFrame:
    """Return rows as a polars data frame.

    Raises
    ------
    Unavailable
        If polars is not installed.
    """
    try:
        import polars as pl
    except ImportError as error:
        raise Unavailable(
            "this needs polars; install it with: pip install 'ev-supply-web[polars]'"
        ) from error
    kinds = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "date": pl.Date, "text": pl.String}
    columns = []
    for name in variables:
        kind, found = _column(rows, name, short)
        columns.append(pl.Series(name, found, dtype=kinds.get(kind)))
    return pl.DataFrame(columns)


# -- rdflib


def rdf_rows(rows: Iterable[Mapping[str, Term]]) -> list[dict[str, rdflib.term.Node]]:
    """Return rows with rdflib's terms; an unbound variable is absent."""
    import rdflib

    def term(cell: Term) -> rdflib.term.Node:
        if cell["type"] == "uri":
            return rdflib.URIRef(cell["value"])
        if cell["type"] == "bnode":
            return rdflib.BNode(cell["value"])
        kind = cell.get("datatype")
        return rdflib.Literal(
            cell["value"],
            lang=cell.get("xml:lang"),
            datatype=rdflib.URIRef(kind) if kind else None,
            normalize=False,
        )

    return [{name: term(cell) for name, cell in row.items()} for row in rows]


def rdf_graph(text: str, form: str) -> rdflib.Graph:
    """Return the triples of a CONSTRUCT or DESCRIBE as an rdflib graph, whatever format they were asked in."""
    import rdflib

    names = {"ntriples": "nt", "nquads": "nquads", "jsonld": "json-ld", "rdfxml": "xml"}
    if form in ("trig", "nquads"):  # both may only be read into a dataset; a query makes its default graph
        made = rdflib.Graph()
        for triple in (
            rdflib.Dataset().parse(data=text, format=names.get(form, form)).triples((None, None, None))
        ):
            made.add(triple)
        return made
    return rdflib.Graph().parse(data=text, format=names.get(form, form))


# -- notebooks


def page(body: Iterable[str], stamp: Mapping[str, Any], rows: str = "") -> str:
    """Return HTML for a notebook cell: escaped pieces, and under them view, dates and ledger head."""
    known = f", known by {stamp['known_by']}" if stamp.get("known_by") else ""
    said = f"view {stamp.get('view', '')} as of {stamp.get('as_of', '')}{known} · ledger {str(stamp.get('head', ''))[:12]}"
    return f"<div>{''.join(body)}<p><small>{escape(rows)}{escape(said)}</small></p></div>"


def tabled(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an escaped HTML table of the first rows, telling how many are left out."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    cells = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[:_SHOWN]
    )
    more = f"<p>… and {len(rows) - _SHOWN:,} more rows</p>" if len(rows) > _SHOWN else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>{more}"


class Report(dict[str, Any]):
    """A report of `kg.workspace.KnowledgeGraph.why` or ``exposure``: plain data that a notebook shows well."""

    def _repr_html_(self) -> str:
        if "paths" in self:
            return page(self._paths(), self)
        if "statement" in self:
            return page(self._sides(), self)
        raise Misuse("this report is none that can be shown")

    def _sides(self) -> Iterable[str]:
        yield f"<p><b>{escape(self['statement']['sentence'])}</b>: {escape(self['standing'])} {escape(self['status'])}</p>"
        for side, title in (
            ("for", "for"),
            ("against", "against"),
            ("other", "imagined or held as an opinion"),
        ):
            cards = self["claims"][side]
            if cards:
                voices = len(self["origins"].get(side, ()))
                count = f" · {voices} independent origin{'s' if voices != 1 else ''}" if voices else ""
                yield f"<p>{escape(title)}{count}</p><ul>{''.join(map(_claim, cards[:_SHOWN]))}</ul>"

    def _paths(self) -> Iterable[str]:
        paths, claims = self["paths"], self["claims"]
        yield f"<p><b>{escape(self['entity']['label'])}</b>: {len(paths)} paths of political exposure</p><ol>"
        for path in paths[:_SHOWN]:
            low, high = path["probability"]["low"], path["probability"]["high"]
            marks = f"{path['kind']} · probability {low:.2f}–{high:.2f} · {path['origins']} origins at its weakest"
            contested = " · <b>contested</b>" if path["contested"] else ""
            yield f"<li>{escape(marks)}{contested}<ul>"
            for hop in path["hops"]:
                told = [claims[key] for key in (*hop["claims"][:1], *hop["disputes"][:1])]
                yield f"<li>{escape(hop['sentence'])} ({escape(hop['standing'])})<ul>{''.join(map(_claim, told))}</ul></li>"
            yield "</ul></li>"
        yield "</ol>"


def _claim(card: Mapping[str, Any]) -> str:
    who = card["speaker"]["label"] if card["speaker"] else card["speaker_text"]
    source = card["source"]["publisher"] or card["source"]["id"]
    words = f"“{card['quote']['exact']}”" if card["quote"] else card["paraphrase"]
    voice = f"{who} — in {source}" if who else source
    return (
        f"<li>{escape(card['stance'])}: {escape(voice)}, {escape(card['source']['published'] or 'undated')}: "
        f"{escape(words)} <code>claim:{escape(card['id'])}</code></li>"
    )
