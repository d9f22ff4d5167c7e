"""The supply web as a graph of hops, and its simple paths in order of cost.

A *hop* is one step between two entities by one relation, walked forward (subject to object) or backward, with
every proposition that says so grouped inside it: five claims that CATL supplies Ford are one hop with five claims,
not five paths.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TypeVar

import networkx as nx

from kg.evidence import Weighing
from kg.view import View

Node = TypeVar("Node", bound=Hashable)
Step = TypeVar("Step")

__all__ = ["Hop", "SupplyWeb", "cheapest_paths"]


@dataclass(frozen=True)
class Hop:
    """A step from `start` to `end`.

    Parameters
    ----------
    start, end : str
        Entity ids, in walking order.
    relation : str
        Relation name, read from subject to object.
    forward : bool
        Whether `start` is the subject.
    weighings : tuple of Weighing
        The parallel propositions (other layers, other market scopes) behind the step.
    pending : bool
        Whether the tie is only planned, negotiated or imagined.
    """

    start: str
    end: str
    relation: str
    forward: bool
    weighings: tuple[Weighing, ...] = field(repr=False)
    pending: bool = False

    @cached_property
    def contested(self) -> bool:
        """Whether somebody denies every proposition behind the step."""
        return all(weighing.denied for weighing in self.weighings)

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """Layers named by the propositions."""
        return tuple(sorted({weighing.proposition.layer for weighing in self.weighings} - {""}))


class SupplyWeb:
    """The ties that a view accepts, as hops that can be walked both ways.

    Parameters
    ----------
    view : View
    pending : bool
        Take ties in as well that are planned, negotiated or still to start; such hops are marked.

    Notes
    -----
    Linear in the number of propositions.
    """

    def __init__(self, view: View, *, pending: bool = True) -> None:
        self.view = view
        groups: dict[tuple[str, str, str, bool], list[Weighing]] = {}
        for unfinished, weighings in ((False, view.holding), (True, view.pending if pending else [])):
            for weighing in weighings:
                proposition = weighing.proposition
                name = f"{proposition.relation}\x1f{proposition.verb}"
                groups.setdefault((proposition.subject, name, proposition.object, unfinished), []).append(
                    weighing
                )
        self._out: dict[str, list[Hop]] = {}
        for (subject, name, target, unfinished), grouped in sorted(groups.items()):
            # A tie that is in force in one layer and planned in another is in force.
            if unfinished and (subject, name, target, False) in groups:
                continue
            relation = name.split("\x1f")[0]
            self._out.setdefault(subject, []).append(
                Hop(subject, target, relation, True, tuple(grouped), unfinished)
            )
            self._out.setdefault(target, []).append(
                Hop(target, subject, relation, False, tuple(grouped), unfinished)
            )

    def hops(self, entity: str) -> list[Hop]:
        """Return the hops that start at an entity, both ways of walking."""
        return self._out.get(entity, [])

    @property
    def entities(self) -> list[str]:
        """Entities that have a tie."""
        return sorted(self._out)


def cheapest_paths(
    start: Node,
    steps: Callable[[Node], Iterable[tuple[Step, Node, float]]],
    goal: Callable[[Node], bool],
    *,
    place: Callable[[Node], Hashable],
    longest: int,
) -> Iterator[tuple[float, list[Step]]]:
    """Yield loopless paths from `start` to any goal, cheapest first.

    Parameters
    ----------
    start : Node
    steps : callable
        Node to its outgoing (step, next node, cost); costs are positive.
    goal : callable
        Whether a path may end at a node. Paths end at the first goal they meet or run through it to a later one.
    place : callable
        What a path must not visit twice: several nodes (states of a search) may be one place (an entity).
    longest : int
        Most steps in a path.

    Yields
    ------
    float
        Cost of the path.
    list of Step

    Notes
    -----
    Best-first search over paths with the exact remaining cost as its guide (the distances of one backward Dijkstra
    run), so that apart from loops only beginnings of answers are ever extended. Compare Hart, Nilsson and Raphael
    1968 (A*); and Yen 1971, whose order the tests check against through networkx. Memory grows with the number of
    paths taken and their branching, not with the size of the graph.
    """
    graph: nx.DiGraph[Node] = nx.DiGraph()
    out: dict[Node, list[tuple[Step, Node, float]]] = {}
    frontier, goals = {start}, []
    for _ in range(longest + 1):
        following: set[Node] = set()
        for node in frontier:
            graph.add_node(node)
            if goal(node):
                goals.append(node)
            out[node] = list(steps(node))
            for _, target, cost in out[node]:
                if not graph.has_edge(target, node) or graph[target][node]["weight"] > cost:
                    graph.add_edge(
                        target, node, weight=cost
                    )  # reversed: distances are wanted toward the goals
                if target not in out:
                    following.add(target)
        frontier = following - out.keys()
    left = nx.multi_source_dijkstra_path_length(graph, set(goals)) if goals else {}
    if start not in left:
        return
    ticket = count()  # keeps the heap from comparing nodes, and the order of equals fixed
    heap: list[tuple[float, int, float, Node, list[Step], frozenset[Hashable]]] = []
    heapq.heappush(heap, (left[start], next(ticket), 0.0, start, [], frozenset({place(start)})))
    while heap:
        bound, _, spent, node, path, visited = heapq.heappop(heap)
        if path and goal(node) and bound == spent:
            yield spent, path
        if len(path) >= longest:
            continue
        for step, target, cost in out.get(node, ()):
            if target in left and place(target) not in visited:
                total = spent + cost
                heapq.heappush(
                    heap,
                    (
                        total + left[target],
                        next(ticket),
                        total,
                        target,
                        [*path, step],
                        visited | {place(target)},
                    ),
                )
