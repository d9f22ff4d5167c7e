"""What is said of the things a query names, in the relations it asks for, and does not hold in its view.

"No row" is no sign that nobody says so: the tie may be denied, imagined, planned or over. An answer that tells of none
of these is taken for one that knows of none. So what a query passes over is read from the query itself: the things it
names, the relations whose names, classes or roles it uses, the side of the tie that it asks about, and its layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from kg.claim import Proposition, Standing
from kg.evidence import Time, Weighing
from kg.gate import tokens
from kg.view import View
from kg.vocabulary import EV, PREFIXES

__all__ = ["names_things", "told", "withheld"]

_BELIEF = {
    Standing.CONTESTED: "contested",
    Standing.DENIED: "denied",
    Standing.HYPOTHETICAL: "only imagined",
    Standing.OPINION: "an opinion",
    Standing.REPORTED: "reported, not confirmed",
}
_ORDER = [*_BELIEF, Standing.CONFIRMED]
_BOTH = frozenset({"subject", "object"})
#: Relations by which a part acts for its whole, and those that say the same from the other end (rule 21 in
#: ``queries/rules``); and the properties by which a query asks for what parts do, too.
BELONGS, HAS = frozenset({"siteOf", "madeBy", "subsidiaryOf"}), frozenset({"hasSite", "makes"})
_LIFTS = frozenset({"actsFor", "obtainsThrough", "providesThrough"})
#: Roles that every tie has; they tell nothing about which is asked for.
_ANY = frozenset({"participant"})


def names_things(asked: str) -> bool:
    """Whether a query names an entity; of one that does not nothing is withheld, and no view need be made."""
    return any(token.iri.startswith(PREFIXES["id"]) for token in tokens(asked))


def withheld(view: View, asked: str, shown: Container[str] = ()) -> list[dict[str, Any]]:
    """Return the statements that a query passes over because they do not hold.

    Parameters
    ----------
    view : View
        The view that was asked.
    asked : str
        The query, with its values in place.
    shown : container of str
        IRIs of propositions and claims that the answer shows; what they state is told already.

    Returns
    -------
    list of dict
        ``proposition`` (its id), ``subject``, ``relation``, ``object``, ``sentence``, ``scope``, ``standing``, ``why`` it
        does not hold, and ``claims`` (their ids); the contested first. Empty where the query names nothing, or no
        relation.

    Notes
    -----
    One or two passes over the propositions, 1 to 2 µs each. Whether a statement would answer the query if it held is not worked out:
    it is one of the kind that was asked about.
    """
    query = _Query.read(view, asked)
    if not query.things or not query.ends:
        return []
    parts = _parts(view, query.things) if query.lifts else []
    query = replace(query, things=query.things | {part for part, _, _ in parts})
    found = {p: weighing for p, weighing in view.weighings.items() if query.means(view, p)}
    # A part whose belonging does not hold is passed over with all its ties, those that hold as well.
    tied, asked_for = {getattr(p, end) for p in found for end in query.ends[p.relation]}, frozenset(found)
    for part, whole, weighing in reversed(parts):
        if part in tied:
            tied.add(whole)
            found[weighing.proposition] = weighing
    cards = [
        _card(view, weighing, why)
        for _, weighing in sorted(
            found.items(),
            key=lambda item: (item[0] not in asked_for, _ORDER.index(item[1].standing), item[0].parts),
        )
        if (why := _why_not(view, weighing))
    ]
    claim, proposition = PREFIXES["claim"], PREFIXES["prop"]
    return [
        card
        for card in cards
        if proposition + card["proposition"] not in shown
        and not any(claim + key in shown for key in card["claims"])
    ]


def _parts(view: View, things: frozenset[str]) -> list[tuple[str, str, Weighing]]:
    """What anybody says acts for some things, to any depth: the part, its whole and the statement, from the top down."""
    below: dict[str, list[tuple[str, str, Weighing]]] = {}
    for proposition, weighing in view.weighings.items():
        broader = view.words.broader_relations(proposition.relation)
        if weighing.affirmed and broader & (BELONGS | HAS):
            part, whole = proposition.subject, proposition.object
            if broader & HAS:
                part, whole = whole, part
            below.setdefault(whole, []).append((part, whole, weighing))
    reached, front, found = set(things), sorted(things), []
    for thing in front:  # grows while it is gone through
        for part, whole, weighing in below.get(thing, ()):
            found.append((part, whole, weighing))
            if part not in reached:
                reached.add(part)
                front.append(part)
    return found


def told(statements: Sequence[Mapping[str, Any]]) -> str:
    """Return how many there are for which reason, e.g. ``2 contested, 1 planned``."""
    counts = Counter(str(statement["why"]) for statement in statements)
    return ", ".join(f"{count} {why}" for why, count in counts.items())


def _card(view: View, weighing: Weighing, why: str) -> dict[str, Any]:
    proposition = weighing.proposition
    return {
        "proposition": view.words.proposition_id(proposition),
        "subject": proposition.subject, "relation": proposition.relation, "object": proposition.object,
        "sentence": view.words.sentence(proposition, view.labels),
        "scope": view.scope(proposition),
        "standing": str(weighing.standing), "why": why,
        "claims": [claim.id for claim in weighing.own],
    }  # fmt: skip


def _why_not(view: View, weighing: Weighing) -> str:
    """In a word or two why a statement does not hold; empty when it does."""
    policy = view.policy
    if not policy.accepts(weighing):
        if view.under(min_origins=1).accepts(weighing):
            return "of too few origins"
        return _BELIEF[weighing.standing]
    if weighing.proposition in view.quarantined:
        return "set aside by a check"
    if view.in_force(weighing):
        return ""
    if weighing.time is Time.PAST:
        return "past"
    if weighing.time is Time.FUTURE:
        return "still to begin"
    if weighing.status in view.words.relations[weighing.proposition.relation].in_force:
        return "not confirmed to be in force"
    return {"talks": "in talks"}.get(weighing.status, weighing.status)


@dataclass(frozen=True, slots=True)
class _Query:
    """What a query asks about.

    Attributes
    ----------
    things : frozenset of str
        Ids of the entities it names.
    ends : dict of str to set of str
        The relations it asks for, each with the ends (``subject``, ``object``) at which the things stand.
    between : frozenset of str
        Those of these relations that it asks for between two things that it names: ``id:ford ev:supplies id:tesla``.
    layers : frozenset of str
    lifts : bool
        Whether it asks about what belongs to the things, too.
    """

    things: frozenset[str]
    ends: Mapping[str, frozenset[str]]
    between: frozenset[str]
    layers: frozenset[str]
    lifts: bool

    @classmethod
    def read(cls, view: View, text: str) -> _Query:
        row = [token.iri or token.text for token in tokens(text)]
        thing, layer = PREFIXES["id"], PREFIXES["evv"] + "layer-"
        terms = {term.removeprefix(EV) for term in row if term.startswith(EV) and term != EV}
        named = frozenset(term.removeprefix(thing) for term in row if term.startswith(thing))
        before, after, amid = _neighbours(row)
        # Without a relation of its own a query about ties is about all of them.
        any_tie = "concernsRelationship" in terms
        ends: dict[str, frozenset[str]] = {}
        between = set()
        for name, relation in view.words.relations.items():
            forward = view.words.broader_relations(name)
            backward = {other for other, known in view.words.relations.items() if known.inverse_of == name}
            subject, other = _roles(view, relation.subject_role), _roles(view, relation.object_role)
            if relation.inverse_of or not terms & (forward | backward | {relation.cls} | subject | other):
                continue
            at_subject = before & subject or after & forward or before & backward
            at_object = before & other or before & forward or after & backward
            told = {end for end, there in (("subject", at_subject), ("object", at_object)) if there}
            ends[name] = frozenset(told) if told and relation.pattern != "mutual" else _BOTH
            if amid & (forward | backward):
                between.add(name)
        return cls(
            named,
            ends if ends or not any_tie else dict.fromkeys(view.words.relations, _BOTH),
            frozenset(between),
            frozenset(term.removeprefix(layer) for term in row if term.startswith(layer)),
            bool(terms & _LIFTS),
        )

    def means(self, view: View, proposition: Proposition) -> bool:
        """Whether a statement is of the kind asked about."""
        if self.layers and not self.layers & view.words.broader_layers(proposition.layer):
            return False
        ends = self.ends.get(proposition.relation, ())
        hits = [getattr(proposition, end) in self.things for end in ends]
        return all(hits) and bool(hits) if proposition.relation in self.between else any(hits)


def _roles(view: View, role: str) -> frozenset[str]:
    return view.words.broader_relations(role) - _ANY if role else frozenset()


def _neighbours(row: Sequence[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The terms right before, right after and between things named: ``?tie ev:customer ?it``, ``?it ev:supplies ?whom``.

    A variable stands for a thing when VALUES makes it one, or when what it stands for acts for one.
    """
    thing = PREFIXES["id"]
    named = {
        row[at + 1] for at in range(len(row) - 3) if row[at] == "VALUES" and row[at + 3].startswith(thing)
    }
    for at, term in enumerate(row):
        if (
            term == EV + "actsFor"
            and next((word for word in row[at + 1 :] if word not in "?*+"), "") in named
        ):
            named.add(row[at - 1])
    things = {term for term in row if term in named or term.startswith(thing)}
    pairs = list(pairwise(row))
    triples = zip(row, row[1:], row[2:], strict=False)
    return (
        _terms(one for one, other in pairs if other in things),
        _terms(other for one, other in pairs if one in things),
        _terms(middle for one, middle, other in triples if one in things and other in things),
    )


def _terms(found: Iterable[str]) -> frozenset[str]:
    return frozenset(term.removeprefix(EV) for term in found if term.startswith(EV))
