"""What changed between two views of one question: rows that came and went, and the claims that made them.

The two sides may differ in what the ledger knew, in the date asked about, or in the policy. A row came (or went)
*because of* the claims about its propositions that count on one side only: a new report, a denial, a withdrawal.
Where the same claims count on both sides it is the clock or the policy that made the difference, and the claims
named are those that the row stands on.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kg.citation import behind
from kg.errors import Misuse

if TYPE_CHECKING:
    from kg.query import Answer
    from kg.view import View

__all__ = ["difference"]


def difference(before: tuple[View, Answer], after: tuple[View, Answer]) -> dict[str, Any]:
    """Return the rows that only one of two answers has, with the claims that made the difference.

    Parameters
    ----------
    before, after : (View, Answer)
        The same question (the same variables) asked of two views.

    Returns
    -------
    dict
        ``variables``; ``before`` and ``after`` (stamps); ``came`` and ``went``, each a list of ``{"row", "claims",
        "because", "why"}`` where ``row`` is a SPARQL JSON binding, ``claims`` are what it stands on and ``because``
        those that count on one side only; ``same``, the number of rows that both have.

    Raises
    ------
    Misuse
        If the answers have other variables, or are no tables.
    """
    (old, first), (new, second) = before, after
    if first.variables != second.variables or not first.variables:
        raise Misuse("only two tables with the same columns can be compared; ask a SELECT question")
    keys = [[_key(row) for row in answer.rows] for answer in (first, second)]
    common = Counter(keys[0]) & Counter(keys[1])
    came = _only(second, keys[1], common)
    went = _only(first, keys[0], common)
    return {
        "variables": first.variables,
        "before": first.stamp,
        "after": second.stamp,
        "came": _told(second, came, new, old),
        "went": _told(first, went, old, new),
        "same": sum(common.values()),
        "truncated": first.truncated or second.truncated,
    }


def _key(row: dict[str, dict[str, str]]) -> str:
    return json.dumps(row, sort_keys=True)


def _only(answer: Answer, keys: list[str], common: Counter[str]) -> list[int]:
    """Positions of the rows that the other side lacks; a row that stands there twice is lacked once if there once."""
    left = Counter(common)
    found = []
    for position, key in enumerate(keys):
        if left[key] > 0:
            left[key] -= 1
        else:
            found.append(position)
    return found


def _told(answer: Answer, positions: list[int], mine: View, other: View) -> list[dict[str, Any]]:
    if not positions:
        return []
    grounds = behind(mine, answer)
    told = []
    for position in positions:
        claims = grounds[position]
        because = sorted(_one_sided(claims, mine, other))
        told.append(
            {
                "row": answer.rows[position],
                "claims": list(claims),
                "because": because,
                "why": _reason(because, claims, mine, other),
            }
        )
    return told


def _one_sided(claims: Iterable[str], mine: View, other: View) -> set[str]:
    """Claims about the same propositions, or broader or narrower ones, that count on one side only."""
    propositions = {mine.claim(key).proposition for key in claims}
    return {
        claim.id
        for view, opposite in ((mine, other), (other, mine))
        for claim in view.claims
        if claim.id in view.counted
        and claim.id not in opposite.counted
        and any(
            claim.proposition == known
            or view.words.generalises(claim.proposition, known)
            or view.words.generalises(known, claim.proposition)
            for known in propositions
        )
    }


def _reason(because: list[str], claims: tuple[str, ...], mine: View, other: View) -> str:
    """One sentence: what made the difference."""
    if because:
        gained = sum(key in mine.counted for key in because)
        lost = len(because) - gained
        parts = [f"{gained} claim{'s' if gained != 1 else ''} only on this side"] if gained else []
        parts += [f"{lost} claim{'s' if lost != 1 else ''} only on the other side"] if lost else []
        return " and ".join(parts)
    if not claims:
        return "which claims stand behind this row cannot be told: it names no claim, no statement and no two things"
    if mine.policy.as_of != other.policy.as_of:
        return "the same claims, on another date"
    return "the same claims, under another policy"
