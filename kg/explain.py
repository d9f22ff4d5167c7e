"""Why a statement has the standing it has: both sides with their claims, the origins, and the proof where it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg.claim import Claim, Proposition, Stance
from kg.errors import NotFound
from kg.evidence import Weighing, voices, weigh
from kg.policy import POLICIES, Policy
from kg.view import View

if TYPE_CHECKING:
    from kg.infer import Proof

__all__ = ["entity_dossier", "opposed", "scoped", "why"]


def why(view: View, subject: str, relation: str, target: str) -> dict[str, Any]:
    """Explain the standing of ``subject relation target``.

    Parameters
    ----------
    view : View
    subject, target : str
        Names or ids of entities; the target may be ``layer:<layer>``.
    relation : str
        A relation, or a derived property such as ``dependsOn`` or ``exposedTo``.

    Returns
    -------
    dict
        See `kg.workspace.KnowledgeGraph.why`. Claims about special cases (another layer, a narrower relation) are
        listed too, each with its own statement.

    Raises
    ------
    NotFound
        If a name or the relation is not known, or nobody says anything and nothing follows.
    """
    words = view.words
    one, other = view.find(subject), target if target.startswith("layer:") else view.find(target)
    derived = words.derived_properties
    name = next(
        (
            known
            for known in (*words.relations, *derived)
            if known.casefold() == relation.removeprefix("ev:").casefold()
        ),
        "",
    )
    if not name:
        raise NotFound("relation", relation, [*words.relations, *derived])
    proof = None
    if name in words.relations:
        asked = words.normal(Proposition(name, one, other))
        # `sourcesMaterialFrom` implies a layer; the question is about the tie, whatever its layer.
        asked = Proposition(asked.relation, asked.subject, asked.object)
        related = [
            w
            for p, w in sorted(view.weighings.items())
            if words.generalises(asked, p)
            or (
                p.relation == asked.relation == "relatedTo"
                and (p.subject, p.object) == (asked.subject, asked.object)
            )
        ]
        whole = _whole(view, asked, related)
    else:
        asked, related, whole = Proposition(name, one, other), [], None
    policies = {name: view.under(name=name, assume=frozenset()) for name in POLICIES}
    if view.policy.scenarios:
        policies[view.stamp()["view"]] = view.policy
    if whole is None:
        proof = _proof(view, (words.node(one), f"<{words.term(name)}>", words.node(other)))
        if proof is None and not related:
            raise _unsaid(view, asked)
    claims = {claim.id: claim for weighing in related for claim in (*weighing.own,)}
    if whole:
        claims.update({claim.id: claim for claim in (*whole.affirmed, *whole.denied)})
    sides: dict[str, list[Claim]] = {"for": [], "against": [], "other": []}
    for claim in sorted(claims.values(), key=lambda claim: (view.origins.date(claim), claim.id)):
        side = (
            "against" if claim.stance == Stance.DENIED else "for" if Stance(claim.stance).affirms else "other"
        )
        sides[side].append(claim)
    if proof is not None:
        sides["for"] = [view.claim(key) for key in sorted(proof["claims"])]
    return {
        "statement": {
            "subject": one,
            "relation": name,
            "object": other,
            "sentence": words.sentence(asked, view.labels)
            if name in words.relations
            else f"{view.labels.get(one, one)} {words.label(name)} {view.labels.get(other, other)}",
        },
        "standing": str(whole.standing) if whole else ("follows" if proof else "unsaid"),
        "status": whole.status if whole else "",
        "time": str(whole.time) if whole else "",
        "holds": {name: _holds(view, policy, related) for name, policy in policies.items()}
        if related
        else {view.policy.name: proof is not None},
        "origins": {
            side: [
                {"origin": view.origins.label(origin), "claims": [claim.id for claim in grouped]}
                for origin, grouped in view.origins.group(
                    voices(sides[side]) if side == "against" else sides[side]
                ).items()
            ]
            for side in ("for", "against")
        },
        "claims": {side: [view.card(claim) for claim in found] for side, found in sides.items()},
        "propositions": [
            {
                "id": words.proposition_id(weighing.proposition),
                "statement": str(weighing.proposition),
                "sentence": words.sentence(weighing.proposition, view.labels),
                "layer": weighing.proposition.layer,
                "standing": str(weighing.standing),
                "status": weighing.status,
                "time": str(weighing.time),
                "in_force": view.in_force(weighing),
            }
            for weighing in related
        ],
        "proof": proof,
        **view.stamp(),
    }


def _whole(view: View, asked: Proposition, related: list[Weighing]) -> Weighing | None:
    """Weigh the statement asked about, even when every claim is about a special case of it."""
    if asked in view.weighings:
        return view.weighings[asked]
    claims = [claim for weighing in related for claim in weighing.own]
    if not claims:
        return None
    whole = weigh(claims, view.words, view.origins, view.policy.as_of, also=[asked])[asked]
    # A denial of the special case does not deny the whole; but where the case that is denied is all that anybody
    # reports, the whole stands as that case does, and as it holds.
    standings = {weighing.standing for weighing in related}
    return replace(whole, standing=standings.pop()) if len(standings) == 1 else whole


def _holds(view: View, policy: Policy, related: list[Weighing]) -> bool:
    return any(view.holds_under(weighing, policy) for weighing in related)


def _unsaid(view: View, asked: Proposition) -> NotFound:
    """Nobody says so, which is an answer; what is said between the two may be what was meant.

    That the policy leaves every claim out is another answer, and told as that.
    """
    words, ends = view.words, {asked.subject, asked.object}
    left_out = [
        claim
        for claim in view.claims
        if claim.id not in view.counted
        and (claim.proposition == asked or words.generalises(asked, claim.proposition))
    ]
    between = {
        words.sentence(p, view.labels): str(p)
        for p in sorted(view.weighings)
        if {p.subject, p.object} == ends
    }
    error = NotFound("statement", str(asked), between.values())
    sentence = (
        words.sentence(asked, view.labels)
        if asked.relation in words.relations
        else f"{view.labels.get(asked.subject, asked.subject)} {words.label(asked.relation)} "
        f"{view.labels.get(asked.object, asked.object)}"
    )
    said = (
        f"; between them: {'; '.join(list(between)[:5])}" if between else "; nothing is said between the two"
    )
    if left_out:
        one = len(left_out) == 1
        said = f"; {len(left_out)} claim{' speaks' if one else 's speak'} of it, but {'does' if one else 'do'} not count under this policy or {'was' if one else 'were'} withdrawn{said}"
    error.args = (
        f"no claim {'that counts ' if left_out else ''}says or denies that {sentence}, and it does not follow{said}",
    )
    return error


def _proof(view: View, triple: tuple[str, str, str]) -> dict[str, Any] | None:
    """Return the proof of a conclusion as plain data, or None when it does not follow."""
    from kg.index import conclusions

    closure = conclusions(view)
    if triple not in closure:
        return None
    witnesses = closure.witnesses(triple)
    tree = closure.proof(triple)
    held: dict[tuple[str, str, str], Weighing] = {}
    for weighing in view.holding:
        for asserted in view.words.triples(weighing.proposition):
            held.setdefault(asserted, weighing)
    return {
        "tree": _Reader(view, held).read(tree),
        "steps": [
            {"triple": [_short(term) for term in step.triple], "rule": step.rule, "depth": depth}
            for depth, step in tree.walk()
        ],
        "witnesses": [sorted(found) for found in witnesses.sets],
        "complete": witnesses.complete,
        "claims": sorted({claim for found in witnesses.sets for claim in found}),
    }


def _short(term: str) -> str:
    from kg.query import shorten

    return shorten(term.strip("<>"))


class _Reader:
    """Tells a proof in sentences.

    Steps that only turn a role round or call a thing by a broader name are passed over, and the several triples of
    one tie come back together as the sentence that was claimed. What is left is what a reader would call a reason;
    the full derivation stands beside it in ``steps``.
    """

    def __init__(self, view: View, held: dict[tuple[str, str, str], Weighing]) -> None:
        self.view, self.held = view, held
        self.ties = {
            view.words.relationship(weighing.proposition): weighing
            for weighing in view.holding
            if view.words.relations[weighing.proposition.relation].pattern != "direct"
        }

    def read(self, node: Proof) -> dict[str, Any]:
        reasons: dict[str, dict[str, Any]] = {}
        for premise in node.premises:
            for reason in self.reasons(premise):
                reasons.setdefault(reason["sentence"], reason)  # the triples of one tie are one sentence
        return {
            "triple": [_short(term) for term in node.triple],
            "sentence": self.sentence(node.triple),
            "rule": node.rule,
            "why": node.why,
            "claims": list(self.claims(node)),
            "premises": list(reasons.values()),
        }

    def reasons(self, node: Proof) -> list[dict[str, Any]]:
        while len(node.premises) == 1:
            node = node.premises[0]
        if not node.premises and not node.claims and node.triple not in self.held:
            return []  # a definition or a card's kind: true whatever is claimed
        return [self.read(node)]

    def claims(self, node: Proof) -> tuple[str, ...]:
        if node.premises:
            return ()
        weighing = self.held.get(node.triple)
        return tuple(sorted(self.view.support(weighing))) if weighing else tuple(sorted(node.claims))

    def sentence(self, triple: tuple[str, str, str]) -> str:
        if triple in self.held:
            return self.stated(self.held[triple])
        subject, predicate, target = (self.name(term) for term in triple)
        return f"{subject} {predicate} {target}"

    def stated(self, weighing: Weighing) -> str:
        layer = weighing.proposition.layer.replace("-", " ")
        return self.view.words.sentence(weighing.proposition, self.view.labels) + (
            f" ({layer})" if layer else ""
        )

    def name(self, term: str) -> str:
        if term in self.ties:
            return f"“{self.stated(self.ties[term])}”"
        short = _short(term)
        if short == "rdf:type":
            return "is a"
        prefix, _, local = short.partition(":")
        if prefix == "id":
            return self.view.labels.get(local, local)
        return self.view.words.label(local) if prefix == "ev" else local.split("-", 1)[-1].replace("-", " ")


def opposed(view: View, claim: Claim) -> tuple[Claim, ...]:
    """Return the claims on the other side of a claim: the denials, or of a denial what it denies."""
    weighing = view.weighings.get(claim.proposition)
    if weighing is None:
        return ()
    return weighing.affirmed if claim.stance == Stance.DENIED else weighing.denied


def scoped(statement: Mapping[str, Any]) -> str:
    """Return the sentence of a statement in plain data, with its scope: ``Fjord supplies Delta (chassis)``."""
    return (
        f"{statement['sentence']} ({statement['scope']})"
        if statement["scope"]
        else str(statement["sentence"])
    )


def entity_dossier(view: View, key: str) -> dict[str, Any]:
    """Return everything said about an entity as plain data: its card, its ties with their standing, and the claims.

    Parameters
    ----------
    view : View
    key : str
        Name or id.
    """
    entity = view.entities[view.find(key)]
    ties, claims = [], {}
    for proposition, weighing in sorted(view.weighings.items()):
        if entity.id not in (proposition.subject, proposition.object):
            continue
        claims.update({claim.id: claim for claim in weighing.own})
        ties.append(
            {
                "proposition": view.words.proposition_id(proposition),
                "relation": proposition.relation,
                "subject": proposition.subject,
                "object": proposition.object,
                "verb": proposition.verb,
                "layer": proposition.layer,
                "scope": view.scope(proposition),
                "sentence": view.words.sentence(
                    proposition, view.labels, inverse=proposition.object == entity.id
                ),
                "standing": str(weighing.standing),
                "status": weighing.status,
                "time": str(weighing.time),
                "holds": view.policy.accepts(weighing) and view.in_force(weighing),
                "origins": len(weighing.origins_for),
                "disputing_origins": len(weighing.origins_against),
                "claims": [claim.id for claim in weighing.own],
            }
        )
    return {
        "entity": {
            **view.entity_card(entity.id),
            "kinds": list(entity.kinds),
            "aliases": list(entity.aliases),
            "parent": entity.parent,
            "note": entity.note,
        },
        "ties": ties,
        "claims": {key: view.card(claim) for key, claim in sorted(claims.items())},
        **view.stamp(),
    }
