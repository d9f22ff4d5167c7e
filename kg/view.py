"""What counts as holding: a policy, two clocks, and the claims behind every proposition.

A *view* is made from the ledger by a `kg.policy.Policy`. It never changes what was said; it decides which propositions are
**accepted** (by standing), and which of those are **in force** (by status and valid time). Both clocks are here:
`as_of` asks what is true on a date, `known_by` what the ledger knew on a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from kg.claim import Claim, Entity, Match, Proposition, Retraction, Scenario, Source, Status
from kg.dates import first_day
from kg.errors import Misuse, NotFound, NotYetKnown
from kg.evidence import Origins, Time, Weighing, life, time_of, weigh
from kg.ledger import Entry, Ledger
from kg.names import Names
from kg.policy import Policy
from kg.vocabulary import Vocabulary, vocabulary

__all__ = ["View"]


class View:
    """The ledger seen under a policy.

    Parameters
    ----------
    ledger : Ledger
    policy : Policy
    words : Vocabulary, optional

    Attributes
    ----------
    head : str
        Ledger head the view was made from.
    entities, sources : dict
        Cards by id.
    scenarios : dict
        By (id, phase).
    entries : dict of str to Entry
        Live claims by id, those left out by the policy included.
    weighings : dict of Proposition to Weighing

    Raises
    ------
    NotFound
        If the policy names a scenario or a left-out source that the ledger does not have.

    Notes
    -----
    About 60 µs a claim.
    """

    def __init__(self, ledger: Ledger, policy: Policy, words: Vocabulary | None = None) -> None:
        policy = policy.settled(ledger)
        self.policy, self.words, self._ledger = policy, words or vocabulary(), ledger
        self.entities: dict[str, Entity] = {}
        self.sources: dict[str, Source] = {}
        self.scenarios: dict[tuple[str, str], Scenario] = {}
        self.entries: dict[str, Entry] = {}
        self.retracted: dict[str, str] = {}
        with ledger.snapshot():  # one head, and exactly its records, whatever is loaded meanwhile
            self.head = policy.head(ledger)
            known_by = str(policy.known_by or "")
            entries = list(ledger.entries(known_by=known_by, at=policy.at))
            self._decisions: list[Match] = []
            if any(isinstance(entry.record, Match) for entry in entries):
                again = ledger.entries(known_by=known_by, at=policy.at, kind="match", every=True)
                self._decisions = [entry.record for entry in again if isinstance(entry.record, Match)]
        for entry in entries:
            record = entry.record
            if isinstance(record, Claim):
                self.entries[record.id] = entry
            elif isinstance(record, Source):
                self.sources[record.id] = record
            elif isinstance(record, Entity):
                self.entities[record.id] = record
            elif isinstance(record, Scenario):
                self.scenarios[record.id, record.phase] = record
            elif isinstance(record, Retraction):
                self.retracted[record.claim] = record.reason
        self._check_policy()
        self.origins = Origins(self.entities, self.sources)
        counted = list(self._counted())
        self.counted = frozenset(claim.id for claim in counted)
        self.weighings: dict[Proposition, Weighing] = weigh(counted, self.words, self.origins, policy.as_of)

    def _check_policy(self) -> None:
        scenarios = {name for name, _ in self.scenarios}
        for name in sorted(self.policy.scenarios - scenarios):
            raise NotFound("scenario", name, scenarios)
        known = _names(self.sources.values())
        if self.policy.without - known and (self.policy.known_by or self.policy.at):
            # What is left out may have come later: there is nothing of it to leave out, which is no slip.
            known |= _names(entry.record for entry in self._ledger.entries(kind="source"))
        for name in sorted(self.policy.without - known):
            raise NotFound("source or publisher", name, known)

    def _counted(self) -> Iterable[Claim]:
        for key, entry in self.entries.items():
            claim = entry.record
            assert isinstance(claim, Claim)
            if key in self.retracted or claim.weight < self.policy.min_confidence:
                continue
            if self.policy.kinds:
                document = self.sources.get(claim.source)
                if document is None or document.kind not in self.policy.kinds:
                    continue
            if self.policy.without:
                publisher = self.sources[claim.source].publisher if claim.source in self.sources else ""
                cited = (
                    self.sources[claim.cited_source].publisher if claim.cited_source in self.sources else ""
                )
                if self.policy.without & {claim.source, claim.cited_source, publisher, cited}:
                    continue
            yield claim

    # -- propositions

    @cached_property
    def accepted(self) -> list[Weighing]:
        """Propositions that count under the policy, whatever their status and time, in a fixed order."""
        return [
            weighing
            for proposition, weighing in sorted(self.weighings.items(), key=lambda item: item[0].parts)
            if self.policy.accepts(weighing) and proposition not in self.quarantined
        ]

    @cached_property
    def quarantined(self) -> frozenset[Proposition]:
        """Propositions that are kept but left out, because they make no sense or cannot all hold (see `kg.check`)."""
        if not self.policy.set_aside:
            return frozenset()
        known = {self.words.proposition_id(proposition): proposition for proposition in self.weighings}
        would_hold = {
            key
            for key, proposition in known.items()
            if self.policy.accepts(self.weighings[proposition]) and self._alive(self.weighings[proposition])
        }
        groups = [group for group in self.policy.set_aside if len(group) == 1 or group <= would_hold]
        return frozenset(known[key] for group in groups for key in group if key in known)

    def in_force(self, weighing: Weighing) -> bool:
        """Whether a tie holds by its status and its valid time; an unknown end does not end it, a quarantine does."""
        return self._alive(weighing) and weighing.proposition not in self.quarantined

    def _alive(self, weighing: Weighing, policy: Policy | None = None) -> bool:
        policy = policy or self.policy
        assumed = policy.scenarios
        if assumed and any(claim.scenario in assumed for claim in weighing.hypothesised):
            return True  # the scenario assumes that it has come about, whatever the talks of today
        relation = self.words.relations[weighing.proposition.relation]
        status, time = weighing.status, weighing.time
        if policy.name == "confirmed":
            # Somebody's confirmed plan and somebody else's report that it is done are no confirmed fact.
            sure = [claim for claim in weighing.affirmed if claim.stance == "confirmed"]
            status, time = (
                life(sure, relation.default_status, self.origins, policy.as_of) if sure else ("", time)
            )
        return status in relation.in_force and time in (Time.CURRENT, Time.UNKNOWN)

    def holds_under(self, weighing: Weighing, policy: Policy) -> bool:
        """Whether a proposition would hold under another policy of the same day."""
        return (
            policy.accepts(weighing)
            and self._alive(weighing, policy)
            and weighing.proposition not in self.quarantined
        )

    @cached_property
    def holding(self) -> list[Weighing]:
        """Propositions that hold: accepted and in force. Only these become triples of the default graph."""
        return [weighing for weighing in self.accepted if self.in_force(weighing)]

    @cached_property
    def pending(self) -> list[Weighing]:
        """Accepted ties that are planned, rumoured, under negotiation or still to start: never facts, but not nothing."""
        unfinished = (Status.PLANNED, Status.RUMOURED, Status.TALKS, Status.ACTIVE)
        return [
            weighing
            for weighing in self.accepted
            if not self.in_force(weighing)
            and weighing.status in unfinished
            and weighing.time is not Time.PAST
            and any(self.told(claim) <= self.policy.as_of for claim in weighing.affirmed)
        ]

    def told(self, claim: Claim) -> date:
        """Return the day by which a claim had been made: when its document came out, else when it was recorded."""
        document = self.sources.get(claim.source)
        known = (
            document.published if document and document.published else self.entries[claim.id].recorded[:10]
        )
        return first_day(known)

    def support(self, weighing: Weighing) -> frozenset[str]:
        """Return ids of the claims each of which suffices for an accepted proposition under the policy.

        Where the policy asks for several origins, one claim of each of as many origins is needed; all are returned.
        """
        assumed = {claim.id for claim in weighing.hypothesised if claim.scenario in self.policy.scenarios}
        telling = [
            claim
            for claim in weighing.affirmed
            if self.policy.name != "confirmed" or claim.stance == "confirmed"
        ]
        # A claim that it is planned does not suffice for its being so.
        relation = self.words.relations[weighing.proposition.relation]
        now = {
            claim.id
            for claim in telling
            if (claim.status or relation.default_status) in relation.in_force
            and time_of(claim, self.policy.as_of) not in (Time.PAST, Time.FUTURE)
        }
        if assumed and not self.holds_under(weighing, self.policy.plain):
            return frozenset(assumed)  # it is the scenario alone that carries it
        return frozenset(
            assumed | (now if now and self.in_force(weighing) else {claim.id for claim in telling})
        )

    # -- names

    @cached_property
    def labels(self) -> dict[str, str]:
        """Entity id to its label, shortened to the first alias where that is the everyday name (Ford, CATL)."""
        return {entity.id: short_name(entity) for entity in self.entities.values()}

    @cached_property
    def names(self) -> Names:
        """All names, and what was decided about names."""
        return Names(self.entities.values(), self._decisions)

    def find(self, name: str) -> str:
        """Return the id of the entity with this id, label, alias or identifier, whatever its capitals.

        Raises
        ------
        NotFound
            If there is none; the nearest names are offered. `NotYetKnown` if there was none then, but is now.
        Misuse
            If several entities share the name.
        """
        found = self.names.lookup(name.strip().removeprefix("id:"))
        if len(found) == 1:
            return found[0]
        if found:
            raise Misuse(f"{name!r} is the name of several: {', '.join(found)}; use one of these ids")
        self._look_ahead(name)
        candidates = [
            *self.entities,
            *(entity.label for entity in self.entities.values()),
            *(alias for entity in self.entities.values() for alias in entity.aliases),
        ]
        raise NotFound("entity", name, candidates)

    def _look_ahead(self, name: str) -> None:
        """Raise `NotYetKnown` for a name that the present ledger knows and this view of an earlier one does not."""
        if not (self.policy.known_by or self.policy.at):
            return
        since: dict[str, str] = {}
        cards = []
        for entry in self._ledger.entries(kind="entity"):
            if isinstance(entry.record, Entity):
                since.setdefault(entry.record.id, entry.recorded[:10])
                cards.append(entry.record)
        found = Names(cards).lookup(name.strip().removeprefix("id:"))
        if len(found) == 1 and found[0] not in self.entities:
            by = str(self.policy.known_by or f"head {self.policy.at[:12]}")
            raise NotYetKnown(name, found[0], by, since[found[0]])

    @property
    def claims(self) -> list[Claim]:
        """All live claims in the order they were recorded, those left out by the policy included."""
        return [entry.record for entry in self.entries.values() if isinstance(entry.record, Claim)]

    def claim(self, key: str) -> Claim:
        """Return the live claim with this id (a prefix of at least six characters will do).

        Raises
        ------
        NotFound
        """
        key = key.strip().removeprefix("claim:").rsplit("/", 1)[-1]
        found = (
            [key]
            if key in self.entries
            else [known for known in self.entries if len(key) >= 6 and known.startswith(key)]
        )
        if len(found) != 1:
            raise NotFound("claim", key)
        record = self.entries[found[0]].record
        assert isinstance(record, Claim)
        return record

    def source(self, key: str) -> Source:
        """Return the source with this id.

        Raises
        ------
        NotFound
            With near matches among ids and publishers.
        """
        key = key.strip().removeprefix("source:")
        if key not in self.sources:
            raise NotFound("source", key, self.sources)
        return self.sources[key]

    def scope(self, proposition: Proposition) -> str:
        """Return the layer and market scope of a proposition in words, e.g. ``battery, outside United States``."""
        inside, outside = proposition.in_market, proposition.outside_market
        parts = (
            proposition.layer.replace("-", " "),
            f"in {self.labels.get(inside, inside)}" if inside else "",
            f"outside {self.labels.get(outside, outside)}" if outside else "",
        )
        return ", ".join(part for part in parts if part)

    # -- hand-off shapes

    def source_card(self, key: str) -> dict[str, Any] | None:
        """Return a source as plain data, or None for an empty id."""
        if not key:
            return None
        source = self.sources.get(key) or Source(key)
        return {
            "id": source.id, "title": source.title, "publisher": source.publisher, "published": source.published,
            "url": source.url, "kind": source.kind, "consulted": source.consulted == "yes",
        }  # fmt: skip

    def card(self, claim: Claim) -> dict[str, Any]:
        """Return a claim as plain data with everything a reader needs to judge it."""
        evidence, proposition = claim.evidence, claim.proposition
        entry = self.entries[claim.id]
        quote = (
            {"exact": evidence.quote, "prefix": evidence.quote_prefix, "suffix": evidence.quote_suffix}
            if evidence.quote
            else None
        )
        return {
            "id": claim.id,
            "proposition": self.words.proposition_id(proposition),
            "subject": proposition.subject, "relation": proposition.relation, "object": proposition.object,
            "layer": proposition.layer or claim.about_layer, "verb": proposition.verb,
            "in_market": proposition.in_market, "outside_market": proposition.outside_market,
            "sentence": self.words.sentence(proposition, self.labels),
            "stance": claim.stance, "status": claim.status,
            "source": self.source_card(claim.source), "cited_source": self.source_card(claim.cited_source),
            "speaker": {"id": claim.speaker, "label": self.labels.get(claim.speaker, claim.speaker)} if claim.speaker else None,
            "speaker_text": claim.speaker_text, "depth": claim.depth,
            "quote": quote, "paraphrase": evidence.paraphrase, "locator": evidence.locator,
            "confidence": claim.confidence, "valid_from": claim.valid_from, "valid_to": claim.valid_to,
            "quantity": claim.quantity, "unit": claim.unit,
            "scenario": claim.scenario, "phase": claim.phase, "conditional_on": list(claim.conditional_on),
            "recorded": entry.recorded, "batch": entry.batch, "place": entry.place,
            "origin": self.origins.label(self.origins.of(claim)), "note": claim.note,
            "retracted": self.retracted.get(claim.id, ""),
        }  # fmt: skip

    def entity_card(self, key: str) -> dict[str, Any]:
        """Return the short form of an entity that pictures and tables need."""
        if key.startswith("layer:"):
            return {
                "id": key,
                "label": key.removeprefix("layer:").replace("-", " "),
                "kind": "layer",
                "country": "",
            }
        entity = self.entities[key]
        return {
            "id": key,
            "label": self.labels[key],
            "name": entity.label,
            "kind": entity.kinds[0] if entity.kinds else "",
            "country": entity.country,
        }

    def stamp(self) -> dict[str, str]:
        """Return what every answer carries; see `Policy.stamp`."""
        return self.policy.stamp(self.head)

    def under(self, **changes: Any) -> Policy:
        """Return the view's policy with some of it changed."""
        return replace(self.policy, **changes)


def _names(records: Iterable[Any]) -> set[str]:
    """Ids and publishers of sources."""
    return {
        name for source in records if isinstance(source, Source) for name in (source.id, source.publisher)
    }


def short_name(entity: Entity) -> str:
    """Return the everyday name of an entity: the first alias that is a word of its label or the initials of it."""
    if "person" in entity.kinds:
        return entity.label
    initials = [word[0] for word in entity.label.replace("-", " ").split() if word[0].isupper()]
    for alias in entity.aliases:
        if len(alias) >= len(entity.label) or not alias.isascii():
            continue
        rest = iter(initials)
        acronym = alias.isupper() and len(alias) > 1 and all(letter in rest for letter in alias)
        if acronym or (len(alias) > 2 and re.search(rf"\b{re.escape(alias)}\b", entity.label)):
            return alias
    return entity.label
