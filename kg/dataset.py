"""A view as an rdflib dataset that neither writes nor calls out.

rdflib hands a query over to the store, and where the store does not take it (a prepared query, a keyword), evaluates
it itself: then ``FROM`` reads files and addresses, and ``SERVICE`` asks endpoints. Both doors are shut here. The
store's own pass through the gate; rdflib's are switched off, for the whole process, because rdflib keeps them as
settings of the process: once a view has been handed out, no rdflib query in it loads what ``FROM`` names or asks a
``SERVICE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import oxrdflib
import rdflib
import rdflib.plugins.sparql
from rdflib.plugins.sparql.sparql import Query

from kg import gate
from kg.errors import Refused
from kg.query import holds

if TYPE_CHECKING:
    import pyoxigraph
    from rdflib.plugins.sparql.parserutils import CompValue
    from rdflib.plugins.sparql.sparql import QueryContext

__all__ = ["dataset"]


def dataset(store: pyoxigraph.Store) -> rdflib.Dataset:
    """Return an opened store as an rdflib dataset; the default graph is the store's own."""
    rdflib.plugins.sparql.SPARQL_LOAD_GRAPHS = False
    rdflib.plugins.sparql.CUSTOM_EVALS["no SERVICE"] = _no_service
    return rdflib.Dataset(store=_Store(store=store), default_union=False)


def _no_service(_: QueryContext, part: CompValue) -> Any:
    if part.name == "ServiceGraphPattern":
        raise Refused("SERVICE is not allowed: it asks another endpoint; questions here stay on this machine")
    raise NotImplementedError  # rdflib's word for: go on as usual


class _Named:
    """The graphs of a store, to look names up in."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        self._store = store

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and holds(self._store, name)


class _Store(oxrdflib.OxigraphStore):
    """Oxigraph behind the gate."""

    def query(
        self,
        query: Query | str,
        initNs: Mapping[str, Any],  # noqa: N803
        initBindings: Mapping[str, Any],  # noqa: N803
        queryGraph: str,  # noqa: N803
        **more: object,
    ) -> rdflib.query.Result:
        """Answer a text that the gate lets pass; a prepared query is left to rdflib."""
        if isinstance(query, str):
            gate.check(query, graphs=_Named(self._inner))
            if gate.read(query).graphs:
                queryGraph = ""  # noqa: N806  # else oxrdflib would ask the default graph, whatever FROM says
        return super().query(query, initNs, initBindings, queryGraph, **more)

    def update(self, *_: object, **__: object) -> None:
        """Refuse to write."""
        raise Refused("a view is read-only; facts come in with `kg load`")
