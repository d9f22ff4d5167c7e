"""From a scene to the nodes and edges of vis-network.

The only module that imports pyvis, and pyvis is used as the graph model alone: its page
fetches from elsewhere, runs labels as markup and settles for minutes. Importing it costs
about half a second, so `viz.pages` imports this module when it draws and not before.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from pyvis.network import Network

from viz.layout import ROW, Point
from viz.scene import Edge, Node, Scene, in_words

__all__ = ["Drawing", "clip"]

LONGEST_LABEL = 40
"""Characters of a label that are drawn; one label of thousands would shrink all the rest."""

CURVE = {"enabled": True, "type": "cubicBezier", "forceDirection": "horizontal", "roundness": 0.45}
"""Shape of most lines: an S from tier to tier."""


def clip(label: str, longest: int = LONGEST_LABEL) -> str:
    """Return the label as drawn: one line, no invisible characters, at most `longest` long.

    A canvas has no isolation for text that turns the reading direction, so the characters
    that do it are left out of the drawing. Everywhere else the label stays as it is.

    Examples
    --------
    >>> clip("a" * 50)[-3:], clip("one   two")
    ('aa…', 'one two')
    """
    shown = "".join(c for c in " ".join(label.split()) if unicodedata.category(c) not in {"Cf", "Cc", "Cs"})
    return (shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…") or "?"


class _Ids(list[str]):
    """A list that knows its members: pyvis asks ``in`` of it for every node and edge."""

    def __init__(self) -> None:
        super().__init__()
        self._members: set[str] = set()

    def append(self, item: str) -> None:
        super().append(item)
        self._members.add(item)

    def __contains__(self, item: object) -> bool:
        return item in self._members


class Drawing(Network):  # type: ignore[misc]  # pyvis ships no types
    """A scene as pyvis' graph model; makes data, never HTML.

    Parameters
    ----------
    scene : Scene
        Placed nodes and edges; nothing is moved here.

    Notes
    -----
    Ids are prefixed (``n:``, ``e:``): a node called ``__proto__`` would otherwise change
    the object that the browser keeps all nodes in.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(directed=True, cdn_resources="in_line")
        self.node_ids = _Ids()
        self._patterns = {str(entry.standing): list(entry.dashes) for entry in scene.legend}
        self._place = {node.id: (node.x, node.y) for node in scene.nodes}
        for node in scene.nodes:
            self._add(node)
        for edge in scene.edges:
            self._join(edge)

    def _add(self, node: Node) -> None:
        self.add_node(
            f"n:{node.id}",
            label=clip(node.label),
            shape="custom",
            x=node.x,
            y=node.y,
            full=node.label,
            kind=in_words(node.kind),
            country=node.country,
            family=node.family,
            role=node.role,
        )

    def _join(self, edge: Edge) -> None:
        self.add_edge(
            f"n:{edge.subject}",
            f"n:{edge.object}",
            id=f"e:{edge.id}",
            title=f"{clip(edge.sentence, 200)} — {edge.standing}",
            phrase=edge.phrase,
            words=clip(edge.phrase, 30),
            standing=edge.standing,
            width=1.4 + 0.5 * min(4, max(edge.report_origins, edge.denial_origins)),
            smooth=self._curve(edge),
            arrows="" if edge.mutual else "to",
        )

    def _curve(self, edge: Edge) -> dict[str, Any]:
        """Return the line's shape: an S between tiers, and no two lines on each other."""
        start, end = self._place[edge.subject], self._place[edge.object]
        if edge.bend == 0 and not edge.via and start[0] != end[0]:
            return CURVE
        # Seen from the edge's own direction, edges that run against each other would bend to
        # one side, so sides are those of the page: every second bend goes above.
        onwards = (start[0], start[1]) <= (end[0], end[1])
        lift = 0.06 * math.dist(start, end) * (edge.bend + 1) // 2 * (-1 if edge.bend % 2 else 1)
        if edge.via:
            lift += _lift(start, end, edge.via)
        clockwise = (lift < 0) == onwards
        return {
            "enabled": abs(lift) > 2,
            "type": "curvedCW" if clockwise else "curvedCCW",
            "roundness": _roundness(abs(lift) / max(1.0, math.dist(start, end))),
        }

    def data(self) -> dict[str, Any]:
        """Return what the page's script draws: nodes, edges, line patterns, and the room that a box has."""
        nodes, edges, *_ = self.get_network_data()
        usual = {"smooth": CURVE, "arrows": "to"}  # said once, in the page's script options
        columns: dict[float, list[float]] = {}
        for node in nodes:
            columns.setdefault(node["x"], []).append(node["y"])
        rows = (pairwise(sorted(column)) for column in columns.values())
        return {
            "nodes": [{key: value for key, value in node.items() if key != "color"} for node in nodes],
            "edges": [
                {key: value for key, value in edge.items() if key not in usual or value != usual[key]}
                for edge in edges
            ],
            "curve": CURVE,
            "patterns": self._patterns,
            "across": _least(pairwise(sorted(columns)), 300.0),
            "down": _least((pair for pairs in rows for pair in pairs), ROW),
        }

    def _no_page(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError("a Drawing is a model; viz.pages makes the page")

    generate_html = write_html = save_graph = show = _no_page


def _least(pairs: Iterable[tuple[float, float]], otherwise: float) -> float:
    """Return the least distance between neighbours; nodes on one spot do not count."""
    return min((after - before for before, after in pairs if after > before), default=otherwise)


def _lift(start: Point, end: Point, via: Sequence[Point]) -> float:
    """Return how far the middle of an arc must sink for it to pass near all the points.

    Least squares over the height of a parabola, which at a share t of the way has sunk by
    4 t (1 - t) of its middle.
    """
    above = below = 0.0
    for x, y in via:
        share = (x - start[0]) / (end[0] - start[0])
        weight = 4 * share * (1 - share)
        above += weight * (y - start[1] - share * (end[1] - start[1]))
        below += weight * weight
    return above / below


def _roundness(lift: float) -> float:
    """Return vis-network's roundness for a line whose middle is lifted by a share of its length.

    The library puts the control point at half the length, longer by r and turned by r times
    a right angle; the middle of the line rises half as far. Solved by bisection.
    """
    low, high = 0.0, 0.9
    for _ in range(20):
        r = (low + high) / 2
        if (1 + r) * math.sin(r * math.pi / 2) / 4 < lift:
            low = r
        else:
            high = r
    return round(low, 3)
