"""A sourced knowledge graph of the electric-vehicle supply web.

Every claim keeps its source, speaker, quote, dates and stance. ``from kg import KnowledgeGraph`` is the way in for
Python callers; ``kg --help`` for everybody else.
"""

from __future__ import annotations

from typing import Any

__all__ = ["KnowledgeGraph", "Policy", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Loaded on demand: `kg --help` and the query child must not pay for the whole house.
    if name == "KnowledgeGraph":
        from kg.workspace import KnowledgeGraph

        return KnowledgeGraph
    if name == "Policy":
        from kg.policy import Policy

        return Policy
    raise AttributeError(f"module 'kg' has no attribute {name!r}")
