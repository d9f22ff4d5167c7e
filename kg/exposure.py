"""How a policy or a public body reaches a firm: typed paths, and what each of them rests on.

A path of exposure is not any path. It starts at the firm, goes over what the firm owns, makes and relies on, meets
a policy or a public body at a thing that the policy *reaches* (a tariff reaches goods, not a licence; see
``ontology/reach.csv``), and ends at the body behind the policy. Every hop keeps its claims and its disputes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from kg.claim import Claim, Standing, is_country
from kg.errors import Misuse, NotFound
from kg.ingest import CARDS
from kg.paths import Hop, SupplyWeb, cheapest_paths
from kg.view import View

__all__ = ["ExposurePath", "exposure_report", "exposures", "probability"]

# How a walk may leave an entity, by relation and direction. Values: what the step does to the walk.
_OWN = "own"  # stays inside the firm: its sites, subsidiaries, products, agreements
_RELY = "rely"  # crosses to somebody the firm relies on
_PARTNER = "partner"  # crosses to somebody on the same footing
_OWNER = "owner"  # crosses to whoever owns or steers the firm
_MOVES: dict[tuple[str, bool], str] = {
    ("siteOf", False): _OWN,
    ("operatesPlant", True): _OWN,
    ("subsidiaryOf", False): _OWN,
    ("ownsStakeIn", True): _OWN,
    ("partOfJointVenture", True): _OWN,
    ("manufactures", True): _OWN,
    ("madeBy", False): _OWN,
    ("sells", True): _OWN,
    ("develops", True): _OWN,
    ("concernsParty", False): _OWN,
    ("assembledAt", True): _OWN,
    ("builtOn", True): _OWN,
    ("supplies", False): _RELY,
    ("providesSoftwareTo", False): _RELY,
    ("providesServiceTo", False): _RELY,
    ("licensesTechnologyTo", False): _RELY,
    ("uses", True): _RELY,
    ("madeBy", True): _RELY,
    ("inTalksWith", True): _PARTNER,
    ("inTalksWith", False): _PARTNER,
    ("partnersWith", True): _PARTNER,
    ("partnersWith", False): _PARTNER,
    ("coDevelopsWith", True): _PARTNER,
    ("coDevelopsWith", False): _PARTNER,
    ("jointVentureWith", True): _PARTNER,
    ("jointVentureWith", False): _PARTNER,
    ("subsidiaryOf", True): _OWNER,
    ("siteOf", True): _OWNER,
    ("ownsStakeIn", False): _OWNER,
}
_KIND = {
    "supplies": "via-supplier",
    "licensesTechnologyTo": "via-licensor",
    "providesSoftwareTo": "via-software",
    "providesServiceTo": "via-supplier",
    "uses": "via-product",
    "madeBy": "via-product",
}
#: Relations by which a policy or a body meets a thing, and how they are walked from the thing.
_REACH: dict[tuple[str, bool], float] = {
    ("investigates", False): 0.6,
    ("listedOn", True): 0.7,
    ("targets", False): 0.8,
    ("restrictsExportOf", False): 0.8,
    ("excludes", False): 0.9,
    ("affects", False): 1.0,
    ("benefitsFrom", True): 1.0,
    ("decidesOn", False): 1.0,
    ("commentsOn", False): 1.6,
}
#: From a policy to the body behind it.
_BEHIND: dict[tuple[str, bool], float] = {
    ("imposes", False): 0.4,
    ("sponsors", False): 0.6,
    ("withdraws", False): 0.6,
    ("partOfBody", True): 0.6,
    ("holdsPostAt", True): 0.6,
    ("appliesIn", True): 0.8,
}
#: From a provider (or what it delivers) to the jurisdiction it belongs to.
_HOME = ("headquarteredIn", "locatedIn", "sourcedFrom")
_LONGEST = 7


class _Tie(NamedTuple):
    """What decides whether a policy reaches through a tie: its class, layer and market scope."""

    cls: str
    layer: str
    in_market: str
    outside_market: str


@dataclass(frozen=True, slots=True)
class _State:
    """Where a walk is: the entity, the part of the walk, and the tie by which it last left a firm."""

    entity: str
    part: str  # "firm", "home", "policy", "body"
    carried: tuple[_Tie, ...] = ()  # the parallel ties of the last crossing
    crossings: int = 0


@dataclass(frozen=True)
class ExposurePath:
    """One way in which a policy or body reaches a firm.

    Attributes
    ----------
    hops : tuple of Hop
    kind : str
        ``direct``, ``via-supplier``, ``via-licensor``, ``via-software``, ``via-product``, ``via-partner``,
        ``via-owner``, ``via-agreement``, ``via-site``, ``via-home`` (aimed at the country the firm is from); ``prospective`` when a hop is planned, negotiated or imagined.
    policy : str
        Id of the policy on the path, or empty where a body acts without one.
    """

    hops: tuple[Hop, ...]
    kind: str
    policy: str

    @property
    def target(self) -> str:
        """Where the path ends."""
        return self.hops[-1].end


def exposures(
    view: View, entity: str, *, to: str = "", through: str = "", limit: int = 40, crossings: int = 2
) -> list[ExposurePath]:
    """Return the exposure paths of a firm, the shortest and best supported first.

    Parameters
    ----------
    view : View
        The claims that count; nothing else is read.
    entity : str
        Entity id of the firm.
    to : str
        End only at (or pass) this entity: a body, a policy, or a jurisdiction whose bodies and policies count.
    through : str
        Keep only paths that pass this entity.
    limit : int
        Most paths to return.
    crossings : int
        Most times a path may leave a firm for another (tiers).

    Returns
    -------
    list of ExposurePath
        For a pair of entry point and target only the best path is kept for each kind.

    Raises
    ------
    Misuse
        If the entity is no firm, product or site that could be exposed.

    Notes
    -----
    Costs one backward search over the ties within seven hops of the firm, and then grows with `limit`.
    """
    return _Search(view, entity, to, crossings).run(limit, through)


class _Search:
    def __init__(self, view: View, entity: str, to: str, crossings: int) -> None:
        self.view, self.words, self.start, self.to, self.crossings = view, view.words, entity, to, crossings
        self.web = SupplyWeb(view)
        if entity not in view.entities:
            raise NotFound("entity", entity, view.entities)
        if self.is_a(entity, "PolicyInstrument", "PublicBody", "Jurisdiction"):
            raise Misuse(
                f"{view.labels[entity]} makes policy; ask for the exposure of a firm, a product or a plant"
            )
        self.wanted = self.targets(to)

    def is_a(self, entity: str, *classes: str) -> bool:
        return bool(self.classes(entity) & frozenset(classes))

    def classes(self, entity: str) -> frozenset[str]:
        if entity not in self.view.entities:
            return frozenset()
        codes = [
            self.words.kinds[kind].cls
            for kind in self.view.entities[entity].kinds
            if kind in self.words.kinds
        ]
        return frozenset().union(*(self.words.superclasses(code) for code in codes))

    def targets(self, to: str) -> frozenset[str]:
        """The entities that count as having arrived: `to`, and for a jurisdiction its bodies and policies."""
        if not to:
            return frozenset()
        found = {to}
        if self.is_a(to, "Jurisdiction"):
            inside = {to} | {entity.id for entity in self.view.entities.values() if entity.parent == to}
            card = self.view.entities[to]
            countries = {card.country} if is_country(card, self.view.entities) else set()
            for entity in self.view.entities.values():
                if self.is_a(entity.id, "PublicBody", "PolicyInstrument") and (
                    entity.parent in inside or entity.country in countries
                ):
                    found.add(entity.id)
        else:
            found |= {
                entity.id
                for entity in self.view.entities.values()
                if entity.parent == to and self.is_a(entity.id, "PublicBody")
            }
        return frozenset(found)

    def run(self, limit: int, through: str) -> list[ExposurePath]:
        found: list[ExposurePath] = []
        seen: set[tuple[str, str, str, str]] = set()
        paths = cheapest_paths(
            _State(self.start, "firm"),
            self.steps,
            self.arrived,
            place=lambda state: state.entity,
            longest=_LONGEST,
        )
        for number, (_, hops) in enumerate(paths):
            if len(found) >= limit or number > 50 * limit:
                break
            if through and not any(hop.end == through for hop in hops):
                continue
            path = self.path(hops)
            # One story told in several ways: from the firm at the door to a target, the best path over each kind of
            # tie is enough. What the firm owns, makes or runs is one kind here, and a plan adds nothing to a fact.
            door = next(
                (hop.start for hop in hops if self.is_reach(hop) or hop.relation in _HOME), self.start
            )
            key = (self.way(hops), door, path.policy, path.target)
            if key not in seen:
                seen.add(key)
                found.append(path)
        return found

    def arrived(self, state: _State) -> bool:
        if state.part in ("firm", "home"):
            return False
        if self.wanted:
            return state.entity in self.wanted
        # A policy ends a path only where no body behind it is known, a person only where no body is.
        return not any(self.behind(state))

    def steps(self, state: _State) -> Iterator[tuple[Hop, _State, float]]:
        if state.part == "firm":
            yield from self.ties(state)
            yield from self.reach(state)
        else:
            yield from self.behind(state)

    def ties(self, state: _State) -> Iterator[tuple[Hop, _State, float]]:
        for hop in self.web.hops(state.entity):
            move = _MOVES.get((hop.relation, hop.forward))
            if move is None or self.is_a(hop.end, "PublicBody", "PolicyInstrument", "Jurisdiction", "Person"):
                continue
            if move == _OWN:
                # What a firm's supplier owns is the supplier's business, not the firm's; but the agreement between them is both's.
                if state.crossings and not (
                    state.crossings == 1 and hop.relation == "concernsParty" and self.is_party(hop.end)
                ):
                    continue
                yield hop, _State(hop.end, "firm", state.carried, state.crossings), 0.6 + self.cost(hop)
            elif state.crossings < self.crossings:
                # Over a product to its maker: what counts is how the product came in, not who made it.
                carried = state.carried if hop.relation == "madeBy" and state.carried else self.tie(hop)
                yield (
                    hop,
                    _State(hop.end, "firm", carried, state.crossings + 1),
                    1.0 + self.cost(hop) + (0.5 if move == _OWNER else 0),
                )

    def reach(self, state: _State) -> Iterator[tuple[Hop, _State, float]]:
        for hop in self.web.hops(state.entity):
            price = _REACH.get((hop.relation, hop.forward))
            if price is not None and self.is_a(hop.end, "PolicyInstrument", "PublicBody", "Person"):
                body = not self.is_a(hop.end, "PolicyInstrument")
                if body and not self.concerns_the_firm(state):
                    continue
                if body and self.is_a(hop.end, "Person") and not self.speaks_for_a_body(hop.end):
                    continue
                if not body and state.crossings and not self.reaches(hop.end, state.carried):
                    continue
                yield hop, _State(hop.end, "body" if body else "policy"), price + self.cost(hop)
            elif hop.relation in _HOME and hop.forward and (state.crossings or state.entity == self.start):
                # The home of a provider matters where a policy aims at that home and reaches the tie.
                for aimed in self.web.hops(hop.end):
                    if (aimed.relation, aimed.forward) == ("targets", False) and self.reaches(
                        aimed.end, state.carried
                    ):
                        yield (
                            hop,
                            _State(hop.end, "home", state.carried, state.crossings),
                            0.5 + self.cost(hop),
                        )
                        break

    def behind(self, state: _State) -> Iterator[tuple[Hop, _State, float]]:
        for hop in self.web.hops(state.entity):
            if state.part == "home":
                if (hop.relation, hop.forward) == ("targets", False) and self.reaches(hop.end, state.carried):
                    yield hop, _State(hop.end, "policy"), 0.8 + self.cost(hop)
                continue
            price = _BEHIND.get((hop.relation, hop.forward))
            if price is None or (hop.relation == "appliesIn" and state.part != "policy"):
                continue
            # A policy leads to whoever is behind it; a person to the body; a body higher up only when that is asked for.
            if state.part == "body" and not (
                hop.relation == "holdsPostAt" or (hop.relation == "partOfBody" and self.wanted)
            ):
                continue
            if hop.relation == "appliesIn" and any(
                _BEHIND.get((other.relation, other.forward), 9) < 0.7 for other in self.web.hops(state.entity)
            ):
                continue  # the country adds nothing where the body is known
            yield hop, _State(hop.end, "body"), price + self.cost(hop)

    def concerns_the_firm(self, state: _State) -> bool:
        """Whether what a body does about the entity reached touches the firm: its own, or its direct provider's affairs.

        That somebody asks questions of a firm with whom one is merely in talks, or of a supplier's supplier, is news
        about them.
        """
        if not state.crossings:
            return True
        near = ("Provision", "Shareholding", "JointVenturePartnership")
        return state.crossings == 1 and any(
            self.words.superclasses(tie.cls) & set(near) for tie in state.carried
        )

    def is_party(self, agreement: str) -> bool:
        return any(
            hop.relation == "concernsParty" and hop.end == self.start for hop in self.web.hops(agreement)
        )

    def speaks_for_a_body(self, person: str) -> bool:
        return any(
            hop.relation == "holdsPostAt" and hop.forward and self.is_a(hop.end, "PublicBody")
            for hop in self.web.hops(person)
        )

    def reaches(self, policy: str, ties: tuple[_Tie, ...]) -> bool:
        """Whether a policy can act on the firm through one of the parallel ties by which the walk left it."""
        markets = frozenset(
            hop.end for hop in self.web.hops(policy) if hop.relation == "appliesIn" and hop.forward
        )
        classes = self.classes(policy)
        return any(
            self.words.reaches(
                classes,
                policy,
                tie.cls,
                layer=tie.layer,
                in_market=self.enclosing(tie.in_market),
                outside_market=tie.outside_market,
                markets=markets,
            )
            for tie in ties
        )

    def enclosing(self, market: str) -> frozenset[str]:
        """The market itself and every jurisdiction it lies in."""
        found, todo = set[str](), [market] if market else []
        while todo:
            place = todo.pop()
            if place not in found:
                found.add(place)
                todo += [
                    hop.end
                    for hop in self.web.hops(place)
                    if hop.relation == "partOfJurisdiction" and hop.forward
                ]
        return frozenset(found)

    def tie(self, hop: Hop) -> tuple[_Tie, ...]:
        cls = self.words.relations[hop.relation].cls or hop.relation
        return tuple(
            sorted(
                {
                    _Tie(cls, w.proposition.layer, w.proposition.in_market, w.proposition.outside_market)
                    for w in hop.weighings
                }
            )
        )

    @staticmethod
    def is_reach(hop: Hop) -> bool:
        return (hop.relation, hop.forward) in _REACH

    def cost(self, hop: Hop) -> float:
        """How much a hop's evidence weakens a path: doubt, dispute, age and unfinished ties come later."""
        best = max((claim.weight for weighing in hop.weighings for claim in weighing.affirmed), default=0.3)
        hearsay = 0.0 if any(weighing.standing is Standing.CONFIRMED for weighing in hop.weighings) else 0.2
        heard = max(
            (self.view.told(claim) for weighing in hop.weighings for claim in weighing.affirmed), default=None
        )
        years = max(0.0, (self.view.policy.as_of - heard).days / 365) if heard else 0.0
        doubt = (1 - best) + hearsay + min(0.5, 0.1 * years)
        return doubt + (0.8 if hop.contested else 0) + (1.2 if hop.pending else 0)

    @staticmethod
    def way(hops: list[Hop]) -> str:
        """Name the kind of tie by which the walk first leaves the firm; empty when it never does."""
        for hop in hops:
            move = _MOVES.get((hop.relation, hop.forward))
            if move in (_RELY, _PARTNER, _OWNER):
                return _KIND.get(hop.relation, "via-partner" if move == _PARTNER else "via-owner")
        return ""

    def path(self, hops: list[Hop]) -> ExposurePath:
        policy = next((hop.end for hop in hops if self.is_a(hop.end, "PolicyInstrument")), "")
        kind = self.way(hops)
        if not kind:
            first = hops[0].end
            if hops[0].relation in _HOME:
                return ExposurePath(tuple(hops), "via-home", policy)
            kind = (
                "direct"
                if self.is_reach(hops[0])
                else "via-agreement"
                if self.is_a(first, "Agreement")
                else "via-product"
                if self.is_a(first, "Product")
                else "via-site"
            )
        if any(hop.pending or hop.relation == "inTalksWith" for hop in hops):
            kind = "prospective"
        return ExposurePath(tuple(hops), kind, policy)


# -- numbers


def _combined(confidences: Iterable[float]) -> float:
    """Chance that at least one of several independent voices is right."""
    wrong = 1.0
    for confidence in confidences:
        wrong *= 1 - confidence
    return 1 - wrong


def _interval(hop: Hop) -> tuple[float, float]:
    """Bounds of the chance that a hop holds.

    The upper bound takes independent origins as independent; the lower one trusts only the best of them, less what
    the best denial takes away.
    """
    affirmed: dict[str, float] = {}
    denied = 0.0
    for weighing in hop.weighings:
        for origin, claims in weighing.origins_for.items():
            affirmed[origin] = max(affirmed.get(origin, 0.0), *(claim.weight for claim in claims))
        denied = max([denied, *(claim.weight for claim in weighing.denied)])
        if not weighing.affirmed:
            for claim in weighing.hypothesised:
                affirmed["scenario:" + claim.scenario] = 1.0  # inside its scenario a hypothesis is assumed
    if not affirmed:
        return 0.0, 0.0
    return max(0.0, max(affirmed.values()) - denied), _combined(affirmed.values())


def probability(hops: Iterable[Hop]) -> tuple[float, float]:
    """Return bounds of the chance that all hops of a path hold.

    Returns
    -------
    low, high : float
        Both 0 to 1.

    Notes
    -----
    Nothing is assumed about how hops depend on each other, so the bounds are Fréchet's: at most the weakest hop,
    at least one less the sum of all doubts. Hops that rest on one and the same single origin stand and fall
    together and count as one: two hops from one source of reliability p give p, not p squared.
    """
    events: dict[Any, tuple[float, float]] = {}
    for number, hop in enumerate(hops):
        origins = frozenset(origin for weighing in hop.weighings for origin in weighing.origins_for)
        key: Any = origins if len(origins) == 1 else number
        low, high = _interval(hop)
        before = events.get(key, (1.0, 1.0))
        events[key] = (min(low, before[0]), min(high, before[1]))
    low = max(0.0, 1 - sum(1 - bounds[0] for bounds in events.values()))
    return round(low, 4), round(min(bounds[1] for bounds in events.values()), 4)


def _affirming(view: View, hop: Hop) -> list[Claim]:
    wanted = {key for weighing in hop.weighings for key in view.support(weighing)}
    found = {
        claim.id: claim
        for weighing in hop.weighings
        for claim in (*weighing.affirmed, *weighing.hypothesised)
        if claim.id in wanted
    }
    return [found[key] for key in sorted(found, key=lambda key: (-found[key].weight, key))]


def exposure_report(
    view: View, entity: str, paths: Iterable[ExposurePath], *, to: str = "", through: str = ""
) -> dict[str, Any]:
    """Return the answer to “how is this firm exposed?” as plain data (see README, “JSON”).

    Parameters
    ----------
    view : View
    entity : str
    paths : iterable of ExposurePath
    to, through : str
        What was asked for, so that the report can say it.

    Returns
    -------
    dict
        ``entity``, ``to``, ``through``, ``view``, ``as_of``, ``known_by``, ``head``, ``paths``; and the ``claims`` and ``entities`` they
        mention, so that the report stands on its own.
    """
    claims: dict[str, Claim] = {}
    named = {entity}
    out = []
    for number, path in enumerate(paths, 1):
        hops = []
        for hop in path.hops:
            affirming = _affirming(view, hop)
            disputes = sorted(
                {claim.id: claim for weighing in hop.weighings for claim in weighing.denied}.items()
            )
            claims.update({claim.id: claim for claim in affirming} | dict(disputes))
            named |= {hop.start, hop.end}
            first = hop.weighings[0]
            hops.append(
                {
                    "from": hop.start,
                    "relation": first.proposition.verb or hop.relation,
                    "to": hop.end,
                    "direction": "forward" if hop.forward else "reverse",
                    "sentence": view.words.sentence(first.proposition, view.labels),
                    "layer": ", ".join(hop.layers),
                    "status": first.status,
                    "time": str(first.time),
                    "standing": str(_strongest(hop)),
                    "pending": hop.pending,
                    "claims": [claim.id for claim in affirming],
                    "disputes": [key for key, _ in disputes],
                    "origins": _origins(hop),
                }
            )
        low, high = probability(path.hops)
        weakest = min(path.hops, key=lambda hop: (_interval(hop)[0], _interval(hop)[1]))
        supporting = _affirming(view, weakest)
        out.append(
            {
                "id": f"p{number}",
                "kind": path.kind,
                "length": len(path.hops),
                "target": path.target,
                "policy": path.policy or None,
                "hops": hops,
                "probability": {"low": low, "high": high},
                # Our own cards are no voice; a path of nothing else has none.
                "origins": min((_origins(hop) for hop in path.hops if _origins(hop)), default=0),
                "contested": any(hop.contested for hop in path.hops),
                # A single step is of course told by one source; the flag is for stories of several.
                "single_source_thread": _thread(view, path.hops) if len(path.hops) > 1 else None,
                # What most needs a second look: the best claim there is for the least sure hop.
                "weakest_claim": supporting[0].id if supporting else None,
            }
        )
    cards = {key: view.card(claim) for key, claim in sorted(claims.items())}
    named |= {card["speaker"]["id"] for card in cards.values() if card["speaker"]}
    return {
        "entity": {"id": entity, "label": view.labels[entity]},
        "to": view.entity_card(to) if to else None,
        "through": view.entity_card(through) if through else None,
        **view.stamp(),
        "paths": out,
        "claims": cards,
        "entities": {key: view.entity_card(key) for key in sorted(named) if key in view.entities},
    }


def _origins(hop: Hop) -> int:
    return len({origin for weighing in hop.weighings for origin in weighing.origins_for} - {CARDS.publisher})


def _strongest(hop: Hop) -> Standing:
    order = [
        Standing.CONFIRMED,
        Standing.REPORTED,
        Standing.CONTESTED,
        Standing.HYPOTHETICAL,
        Standing.OPINION,
        Standing.DENIED,
    ]
    return min((weighing.standing for weighing in hop.weighings), key=order.index)


def _thread(view: View, hops: Iterable[Hop]) -> str | None:
    """Name a source that by itself supports every hop, or None when the path was stitched from several."""
    shared: set[str] | None = None
    for hop in hops:
        sources = {claim.source for claim in _affirming(view, hop)}
        shared = sources if shared is None else shared & sources
    return min(shared) if shared else None
