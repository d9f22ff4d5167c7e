"""RDF files: Turtle, TriG, N-Triples, N-Quads, JSON-LD and RDF/XML, read with suspicion and written without loss.

A dataset may hold three kinds of graph: the default graph (or, in a file that is one single graph, that graph), the
content of propositions behind their own names, and the parts of nanopublications. A file that writes into any other
graph writes into something it does not own, and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pyoxigraph import RdfFormat, parse, serialize

from kg.claim import digest
from kg.errors import Misuse
from kg.factfile import COLUMNS, FactFile
from kg.formats import nanopub
from kg.formats.statements import Literal, Reader, Statement
from kg.formats.triples import SCOPING, claims, proposition, rows, triples
from kg.vocabulary import BASE, PREFIXES, literal

__all__ = ["read", "write"]

_FORMS = {
    "turtle": (RdfFormat.TURTLE, "claims.ttl"), "trig": (RdfFormat.TRIG, "claims.trig"),
    "nquads": (RdfFormat.N_QUADS, "claims.nq"), "jsonld": (RdfFormat.JSON_LD, "claims.jsonld"),
    "rdfxml": (RdfFormat.RDF_XML, "claims.rdf"),
}  # fmt: skip


def read(name: str, data: bytes, batch: FactFile) -> None:
    """Read the records of an RDF file into a batch.

    Notes
    -----
    Linear in the number of statements, about 20 µs each.
    """
    reader = Reader(name, data, batch)
    rest = nanopub.unwrapped(reader, reader.statements())
    own = list(_own_graphs(reader, rest))
    if not reader.failed:
        rows(reader, own, batch)


def _own_graphs(reader: Reader, statements: list[Statement]) -> Iterator[Statement]:
    """Yield what stands in graphs that the file may write into; tell all others."""
    graphs: dict[str, list[Statement]] = {}
    for found in statements:
        graphs.setdefault(found.graph, []).append(found)
    alone = len(graphs) == 1
    for graph, held in graphs.items():
        if not graph or (alone and graph.startswith(("http://", "https://")) and not graph.startswith(BASE)):
            yield from held
        elif graph.startswith(PREFIXES["prop"]):
            if graph != PREFIXES["prop"] + digest("\n".join(sorted(_line(found) for found in held))):
                reader.tell(
                    held[0].line,
                    graph,
                    "proposition-id-differs",
                    f"the graph <{graph}> does not hold what its name is a hash of; undo the change, or leave the graph out",
                )
            # The dataset of a view has the market scope and the verb of a proposition nowhere else.
            yield from (found for found in held if found.predicate in SCOPING)
        else:
            reader.tell(
                held[0].line,
                graph,
                "foreign-graph",
                f"writes into the graph <{graph[:200]}>, which is not this file's own; move the statements out of it, into the default graph",
            )


def _line(found: Statement) -> str:
    value = found.object
    if isinstance(value, Literal):
        plain = not value.language and value.datatype.value.endswith("#string")
        return f"<{found.subject}> <{found.predicate}> {literal(value.value) if plain else value} ."
    return f"<{found.subject}> <{found.predicate}> <{value}> ."


def write(batch: FactFile, form: str) -> dict[str, bytes]:
    """Return a batch as one RDF file.

    Parameters
    ----------
    batch : FactFile
        Checked rows, as `kg.ingest.unload` gives them.
    form : str
        ``turtle``, ``trig``, ``nquads``, ``jsonld`` or ``rdfxml``; in TriG and N-Quads the content of each
        proposition stands beside the records, in a graph of its own.

    Returns
    -------
    dict of str to bytes
        The same batch gives the same bytes.

    Raises
    ------
    Misuse
        If the batch was not checked and holds what cannot be written.
    """
    kind, name = _FORMS[form]
    lines = list(dict.fromkeys(_records(batch)))
    if form in ("trig", "nquads"):
        lines += dict.fromkeys(_contents(batch))
    try:
        quads = parse("\n".join(lines).encode("utf-8"), format=RdfFormat.N_QUADS)
        inside: Any = quads if kind.supports_datasets else (quad.triple for quad in quads)
        data = serialize(inside, format=kind, prefixes=PREFIXES)
    except (SyntaxError, ValueError) as error:
        raise Misuse(f"the batch holds what RDF cannot: {error}; check it first") from error
    assert data is not None
    if form == "jsonld":
        data = _compacted(json.loads(data))
    elif form == "rdfxml":
        data = data.replace(b"\r", b"&#13;")  # else every XML reader would make a line feed of it
    return {name: data}


def _records(batch: FactFile) -> Iterator[str]:
    for table in COLUMNS:
        if table == "facts":
            for row, claim in claims(batch):
                yield from (f"{s} {p} {o} ." for s, p, o in triples(table, row, claim))
        else:
            for row in batch.rows(table):
                yield from (f"{s} {p} {o} ." for s, p, o in triples(table, row))


def _contents(batch: FactFile) -> Iterator[str]:
    for _, claim in claims(batch):
        graph, content = proposition(claim)
        yield from (f"{s} {p} {o} {graph} ." for s, p, o in content)


def _compacted(nodes: Iterable[dict[str, Any]]) -> bytes:
    """Return expanded JSON-LD with short names and one node on each line."""

    @cache
    def short(name: str) -> str:
        found = [(space, prefix) for prefix, space in PREFIXES.items() if name.startswith(space)]
        space, prefix = max(found, default=("", ""), key=lambda item: len(item[0]))
        local = name.removeprefix(space)
        return f"{prefix}:{local}" if space and not local.startswith("//") else name

    def value(item: Any) -> Any:
        if isinstance(item, dict):
            kept = {key: short(text) if key in ("@id", "@type") else text for key, text in item.items()}
            return kept["@value"] if kept.keys() == {"@value"} else kept
        return short(item)

    lines = []
    for node in nodes:
        body: dict[str, Any] = {}
        for key, held in node.items():
            many = [value(item) for item in held] if isinstance(held, list) else [value(held)]
            body[key if key.startswith("@") else short(key)] = many if len(many) > 1 else many[0]
        lines.append(json.dumps(body, ensure_ascii=False))
    context, graph = json.dumps(PREFIXES, ensure_ascii=False), ",\n".join(lines)
    return f'{{"@context": {context},\n"@graph": [\n{graph}\n]}}\n'.encode()
