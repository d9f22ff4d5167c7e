"""Weighing the claims about one proposition: standing, independent origins, status and time.

Nothing here picks a winner. A proposition that is reported and denied is *contested*, and both sides stay. What
makes the difference between five outlets and five sources is the **origin** of a claim: whoever first said it. The
newspaper whose scoop twenty sites repeat is one origin; so is a company that denies it through four of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from kg.claim import Claim, Entity, Proposition, Source, Stance, Standing, Status
from kg.dates import OPEN, first_day, last_day, order
from kg.names import fold
from kg.vocabulary import Vocabulary

__all__ = ["Origins", "Time", "Weighing", "life", "time_of", "voices", "weigh"]


class Time(StrEnum):
    """How a claim's valid time lies to a date. An unknown end is a third answer, neither current nor past."""

    CURRENT = "current"
    PAST = "past"
    FUTURE = "future"
    UNKNOWN = "unknown"


def time_of(claim: Claim, as_of: date) -> Time:
    """Return how the valid time of a claim lies to a date; an end stated to be open says that it still holds."""
    if claim.valid_from not in ("", OPEN) and first_day(claim.valid_from) > as_of:
        return Time.FUTURE
    if claim.valid_to == OPEN:
        return Time.CURRENT
    if claim.valid_to:
        return Time.PAST if last_day(claim.valid_to) < as_of else Time.CURRENT
    return Time.UNKNOWN


class Origins:
    """Who first said what a claim says.

    Parameters
    ----------
    entities : mapping of str to Entity
    sources : mapping of str to Source

    Notes
    -----
    The first of these that the claim gives: the speaker (a person speaks for the organisation on the person's
    card), the publisher of the cited source, the publisher of the source. A publisher that has an entity card is
    known by it, so a company's own release and a denial quoted elsewhere are one origin. Two stories of one
    publisher are counted once: the count is never too high.
    """

    def __init__(self, entities: Mapping[str, Entity], sources: Mapping[str, Source]) -> None:
        self._entities, self._sources = entities, sources
        self._named: dict[str, str] = {}
        for entity in entities.values():
            for name in (entity.label, *entity.aliases):
                self._named.setdefault(fold(name), entity.id)
        for source in sources.values():
            self._named.setdefault(fold(source.publisher), source.publisher)  # one for REUTERS and Reuters

    def of(self, claim: Claim) -> str:
        """Return the origin of a claim: an entity id, or the name of a publisher."""
        if claim.speaker:
            entity = self._entities.get(claim.speaker)
            if entity and "person" in entity.kinds and entity.parent:
                return entity.parent
            return claim.speaker
        document = self._sources.get(claim.cited_source or claim.source)
        if document is None:
            return claim.cited_source or claim.source
        name = document.publisher or document.id
        return self._named.get(fold(name), name)

    def date(self, claim: Claim) -> tuple[date, str]:
        """Return the date a claim speaks for: of the end if it tells one, of the start, of its document.

        In the form that sorts, see `kg.dates.order`; what speaks for no date comes first.
        """
        document = self._sources.get(claim.source)
        ended = claim.valid_to if claim.status in (Status.ENDED, Status.CANCELLED) else ""
        told = (ended, claim.valid_from, document.published if document else "")
        text = next((text for text in told if text not in ("", OPEN)), "")
        return order(text)

    def label(self, origin: str) -> str:
        """Return how to call an origin."""
        entity = self._entities.get(origin)
        return entity.label if entity else origin

    def group(self, claims: Iterable[Claim]) -> dict[str, tuple[Claim, ...]]:
        """Return the claims by origin, in a fixed order."""
        found: dict[str, list[Claim]] = {}
        for claim in claims:
            found.setdefault(self.of(claim), []).append(claim)
        return {origin: tuple(found[origin]) for origin in sorted(found)}


@dataclass(frozen=True, slots=True)
class Weighing:
    """All live claims about one proposition, on their sides.

    Attributes
    ----------
    proposition : Proposition
    affirmed : tuple of Claim
        Claims that assert it, or assert something that cannot hold without it.
    denied : tuple of Claim
        Claims that deny it, or deny something it cannot hold without.
    hypothesised, opinions : tuple of Claim
        Claims about exactly this proposition.
    standing : Standing
    status : str
        `Status` of the latest affirmation that is not in the future; empty for what nobody affirms.
    time : Time
    origins_for, origins_against : dict of str to tuple of Claim
        The claims of the two sides by independent origin. A denial that names nobody is counted only where no
        other denial names somebody.
    """

    proposition: Proposition
    affirmed: tuple[Claim, ...]
    denied: tuple[Claim, ...]
    hypothesised: tuple[Claim, ...]
    opinions: tuple[Claim, ...]
    standing: Standing
    status: str
    time: Time
    origins_for: dict[str, tuple[Claim, ...]]
    origins_against: dict[str, tuple[Claim, ...]]

    @property
    def own(self) -> tuple[Claim, ...]:
        """Every claim about exactly this proposition."""
        return tuple(
            claim
            for side in (self.affirmed, self.denied, self.hypothesised, self.opinions)
            for claim in side
            if claim.proposition == self.proposition
        )


def weigh(
    claims: Iterable[Claim],
    words: Vocabulary,
    origins: Origins,
    as_of: date,
    *,
    also: Iterable[Proposition] = (),
) -> dict[Proposition, Weighing]:
    """Weigh all claims, proposition by proposition.

    Parameters
    ----------
    claims : iterable of Claim
        Live claims; propositions in normal form.
    words : Vocabulary
        Says which relation and layer is broader than which.
    origins : Origins
    as_of : date
        The date that statuses and times are told for.
    also : iterable of Proposition
        Propositions to weigh even if no claim is about exactly them.

    Returns
    -------
    dict of Proposition to Weighing
        One entry for every proposition that a claim is about.

    Notes
    -----
    A report generalises up (relation and layer), a denial only specialises down. Propositions are compared only
    with those between the same participants, so the cost is linear but for pairs with many ties.
    """
    own: dict[Proposition, list[Claim]] = {proposition: [] for proposition in also}
    for claim in claims:
        own.setdefault(claim.proposition, []).append(claim)
    result: dict[Proposition, Weighing] = {}
    for _, group in groupby(sorted(own, key=lambda item: (_ends(item), item.parts)), key=_ends):
        propositions = list(group)
        for proposition in propositions:
            affirmed = [
                claim for claim in own[proposition] if claim.stance in (Stance.CONFIRMED, Stance.REPORTED)
            ]
            denied = [claim for claim in own[proposition] if claim.stance == Stance.DENIED]
            for other in propositions:
                if other == proposition:
                    continue
                if words.generalises(proposition, other):
                    affirmed += [
                        claim for claim in own[other] if claim.stance in (Stance.CONFIRMED, Stance.REPORTED)
                    ]
                if words.generalises(other, proposition):
                    denied += [claim for claim in own[other] if claim.stance == Stance.DENIED]
            result[proposition] = _weighing(
                proposition, own[proposition], affirmed, denied, words, origins, as_of
            )
    return result


def voices(denied: list[Claim]) -> list[Claim]:
    """Return the denials that count as voices.

    "Denied by parties not named" is the named parties' denial heard from afar, not a voice of its own; it counts
    only where nobody in particular denies.
    """
    return [claim for claim in denied if claim.speaker] or denied


def _ends(proposition: Proposition) -> tuple[str, str]:
    """The two participants, whichever way round."""
    one, other = proposition.subject, proposition.object
    return (one, other) if one < other else (other, one)


def _weighing(
    proposition: Proposition,
    own: list[Claim],
    affirmed: list[Claim],
    denied: list[Claim],
    words: Vocabulary,
    origins: Origins,
    as_of: date,
) -> Weighing:
    hypothesised = tuple(claim for claim in own if claim.stance == Stance.HYPOTHESISED)
    opinions = tuple(claim for claim in own if claim.stance == Stance.OPINION)
    if affirmed and denied:
        standing = Standing.CONTESTED
    elif affirmed:
        confirmed = any(claim.stance == Stance.CONFIRMED for claim in affirmed)
        standing = Standing.CONFIRMED if confirmed else Standing.REPORTED
    elif denied:
        standing = Standing.DENIED
    else:
        standing = Standing.HYPOTHETICAL if hypothesised else Standing.OPINION
    # The life of a tie is told by claims about this very tie; only where it has none do narrower ones speak for it.
    telling = (
        [claim for claim in affirmed if claim.proposition == proposition]
        or affirmed
        or [*hypothesised, *opinions]
        or denied
    )
    # Only what somebody affirms has a life of its own; a hypothesis has the status it gives itself, or none.
    default = words.relations[proposition.relation].default_status if affirmed else ""
    status, time = life(telling, default, origins, as_of) if telling else ("", Time.UNKNOWN)
    return Weighing(
        proposition, tuple(affirmed), tuple(denied), hypothesised, opinions, standing, status, time,
        origins.group(affirmed), origins.group(voices(denied)),
    )  # fmt: skip


def life(claims: list[Claim], default: str, origins: Origins, as_of: date) -> tuple[str, Time]:
    """Return the status the latest claim gives, and how the times of all of them lie to the date.

    An announcement made long ago does not outweigh a later one that the tie is active or over: the claim with the
    latest date (its own, else its document's) tells the status; undated ones come first.
    """
    times = {claim.id: _time_told(claim, as_of) for claim in claims}
    begun = [claim for claim in claims if times[claim.id] is not Time.FUTURE]
    telling = begun or claims
    told = (
        max(telling, key=lambda claim: (origins.date(claim), claim.status != "", claim.id))
        if len(telling) > 1
        else telling[0]
    )
    over = told.status in (Status.ENDED, Status.CANCELLED)
    if over and times[told.id] is Time.PAST:
        return told.status, Time.PAST
    # A dated plan ("planned, 2027") is a plan until then, not a tie that starts by itself; what is known to have
    # ended later was not over yet.
    status = default if over else told.status or default
    # A claim without dates does not contradict one that gives a start or an end.
    dated = [claim for claim in claims if claim.valid_from or claim.valid_to]
    kinds = {times[claim.id] for claim in dated or claims}
    for time in (Time.CURRENT, Time.UNKNOWN, Time.PAST):
        if time in kinds:
            return status, time
    return status, Time.FUTURE


def _time_told(claim: Claim, as_of: date) -> Time:
    """Return how a claim's time lies to a date; the date of an end is `valid_to`, or `valid_from` where it stands alone."""
    if claim.status in (Status.ENDED, Status.CANCELLED):
        end = next((day for day in (claim.valid_to, claim.valid_from) if day not in ("", OPEN)), "")
        return Time.CURRENT if end and last_day(end) > as_of else Time.PAST
    return time_of(claim, as_of)
