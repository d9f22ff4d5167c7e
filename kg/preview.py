"""What a batch would change: the ledger weighed without it and with it, in memory.

Nothing is written and no rule of weighing is repeated here: both sides are views (`kg.view`), one of the ledger as it
is, one of the ledger with the batch laid over it. What is told is the difference, and which of the new claims say what
is there already, word for word.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from kg.claim import Claim, Entity, Evidence, Match, Proposition, Record, Retraction, Scenario, Source
from kg.evidence import Weighing, voices
from kg.ingest import Checked
from kg.ledger import Batch, Entry, Ledger
from kg.names import fold, match_words
from kg.policy import POLICIES
from kg.view import View

__all__ = ["Preview", "Proposed", "preview"]

#: From this similarity on, in per cent, two passages or titles are near-identical.
_NEAR = 90.0
#: Shorter passages and titles say too little to be called copies: letters, words.
_LEAST = (40, 4)
#: With how many different passages about one thing a new one is compared, so that the cost stays linear.
_MOST_COMPARED = 50


class Proposed(Ledger):
    """A ledger as it would be with one more batch, which counts as batch 0; nothing is opened or written.

    Parameters
    ----------
    ledger : Ledger
    records : sequence of (Record, str)
        Each with its place; they come last, and in the place of the same records on file.
    recorded : str
        Recorded time; now when empty.
    """

    def __init__(self, ledger: Ledger, records: Sequence[tuple[Record, str]], recorded: str = "") -> None:
        self.path, self._ledger, self._records = ledger.path, ledger, records
        self._recorded = recorded or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def head(self) -> str:
        """Head of the ledger underneath."""
        return self._ledger.head

    def at(self, head: str) -> Batch:
        """Return the batch of an earlier head of the ledger underneath."""
        return self._ledger.at(head)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read from one state of the ledger underneath."""
        with self._ledger.snapshot():
            yield

    def entries(
        self, *, known_by: str = "", at: str = "", kind: str = "", every: bool = False
    ) -> Iterator[Entry]:
        """Yield the live records, those of the batch last; see `kg.ledger.Ledger.entries`."""
        ours = {record.record_id for record, _ in self._records}
        for entry in self._ledger.entries(known_by=known_by, at=at, kind=kind, every=every):
            if every or entry.record.record_id not in ours:
                yield entry
        for record, place in self._records:
            if not kind or type(record).__name__.lower() == kind:
                yield Entry(record, 0, self._recorded, place)


@dataclass(slots=True)
class Preview:
    """What a batch would change; lists are in the order of the batch, flips in that of what they are about.

    Attributes
    ----------
    entities, sources, scenarios : list of str
        Ids of cards that the ledger does not have.
    decisions, withdrawals : int
        New decisions about names, and claims that would be withdrawn.
    claims, known : int
        New claims, and records of the batch that the ledger has already.
    propositions : list of dict
        What nobody has said anything about yet: ``proposition`` (its id), ``sentence``, ``standing``, ``holds`` (by
        policy), ``place``.
    corroborates, disputes : list of dict
        New claims beside what is there: ``proposition``, ``sentence``, ``place``, ``claim``, ``stance``, ``origin``,
        ``independent`` (whether the origin is a new voice on its side), ``origins`` (who said so, or whom it contradicts).
    flips : list of dict
        Verdicts that would change: ``proposition``, ``sentence``, ``standing`` and each of ``holds`` as [before, after].
    duplicates : list of dict
        Claims about the same proposition from the same source in nearly the same words: ``place``, ``of`` (claim and
        place), ``differs`` (columns), ``similarity``.
    copies : list of dict
        New sources that look like an earlier one: ``source``, ``of``, ``why``, ``claims`` (how many), ``same_origin``
        (whether both count as one voice).
    stamp : dict
        View, clocks and head that it was worked out for.
    """

    entities: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    scenarios: list[str] = field(default_factory=list)
    decisions: int = 0
    withdrawals: int = 0
    claims: int = 0
    known: int = 0
    propositions: list[dict[str, Any]] = field(default_factory=list)
    corroborates: list[dict[str, Any]] = field(default_factory=list)
    disputes: list[dict[str, Any]] = field(default_factory=list)
    flips: list[dict[str, Any]] = field(default_factory=list)
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, Any]] = field(default_factory=list)
    stamp: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return everything as plain data."""
        body = asdict(self)
        body.update(body.pop("stamp"))
        return body


def preview(before: View, ledger: Ledger, checked: Checked) -> Preview:
    """Say what a checked batch would change.

    Parameters
    ----------
    before : View
        Of the ledger as it is, under the policy that the verdicts are asked for.
    ledger : Ledger
    checked : Checked
        From `kg.ingest.check`, without errors; what the ledger holds already is noted in it.

    Returns
    -------
    Preview
        About 150 µs a claim of batch and ledger together.
    """
    checked.known = ledger.live({record.record_id for record, _ in checked.records})
    new = checked.new
    after = View(Proposed(ledger, new), before.policy, before.words)
    told = Preview(known=len(checked.known), stamp=before.stamp())
    for record, _ in new:
        if isinstance(record, Entity):
            told.entities.append(record.id)
        elif isinstance(record, Source):
            told.sources.append(record.id)
        elif isinstance(record, Scenario):
            told.scenarios.append(f"{record.id} phase {record.phase}" if record.phase else record.id)
        elif isinstance(record, Match):
            told.decisions += 1
        elif isinstance(record, Retraction):
            told.withdrawals += 1
    claims = [record for record, _ in new if isinstance(record, Claim)]
    told.claims = len(claims)
    comparison = _Comparison(before, after, {claim.id for claim in claims} & after.counted)
    comparison.propositions(claims, told)
    comparison.sides(claims, told)
    comparison.verdicts(told)
    likeness = _Likeness(before, after, set(told.sources))
    for claim in claims:
        likeness.look(claim, told)
    likeness.titles(told)
    return told


class _Comparison:
    """Two views beside each other."""

    def __init__(self, before: View, after: View, new: set[str]) -> None:
        self.before, self.after, self.new = before, after, new
        self.policies = {name: before.under(name=name) for name in POLICIES}

    def sentence(self, proposition: Proposition) -> str:
        scope = self.after.scope(proposition)
        return self.after.words.sentence(proposition, self.after.labels) + (f" ({scope})" if scope else "")

    def holds(self, view: View, weighing: Weighing | None) -> dict[str, bool]:
        return {
            name: weighing is not None and view.holds_under(weighing, policy)
            for name, policy in self.policies.items()
        }

    def propositions(self, claims: Iterable[Claim], told: Preview) -> None:
        """Tell what the batch is the first to say anything about."""
        for proposition in dict.fromkeys(claim.proposition for claim in claims if claim.id in self.new):
            if proposition in self.before.weighings:
                continue
            weighing = self.after.weighings[proposition]
            first = next(claim for claim in weighing.own if claim.id in self.new)
            told.propositions.append(
                {
                    "proposition": self.after.words.proposition_id(proposition),
                    "sentence": self.sentence(proposition),
                    "standing": str(weighing.standing),
                    "holds": self.holds(self.after, weighing),
                    "place": self.after.entries[first.id].place,
                }
            )

    def sides(self, claims: Iterable[Claim], told: Preview) -> None:
        """Tell which new claims speak for, or against, what somebody has said already."""
        found: dict[str, list[tuple[bool, Proposition, dict[str, Any]]]] = {}
        for proposition, now in self.after.weighings.items():
            then = self.before.weighings.get(proposition)
            if then is None:
                continue
            said = self.after.origins.group(then.affirmed)
            denied = self.after.origins.group(voices(list(then.denied)))
            for side, counted, agreeing, opposing in (
                (now.affirmed, now.origins_for, said, denied),
                (now.denied, now.origins_against, denied, said),
            ):
                for claim in side:
                    if claim.id not in self.new:
                        continue
                    origin = self.after.origins.of(claim)
                    independent = origin in counted and origin not in agreeing
                    for agrees, origins in ((True, agreeing), (False, opposing)):
                        if origins:
                            body = self._beside(claim, proposition, origin, independent, list(origins))
                            found.setdefault(claim.id, []).append((agrees, proposition, body))
        for claim in claims:
            beside = found.get(claim.id, [])
            # A report of something narrower speaks for all that is broader; told once where its own is there.
            own = [item for item in beside if item[1] == claim.proposition]
            for agrees, _, body in own or beside:
                (told.corroborates if agrees else told.disputes).append(body)

    def _beside(
        self, claim: Claim, proposition: Proposition, origin: str, independent: bool, origins: list[str]
    ) -> dict[str, Any]:
        return {
            "proposition": self.after.words.proposition_id(proposition),
            "sentence": self.sentence(proposition),
            "place": self.after.entries[claim.id].place,
            "claim": claim.id,
            "stance": claim.stance,
            "origin": self.after.origins.label(origin),
            "independent": independent,
            "origins": [self.after.origins.label(name) for name in origins],
        }

    def verdicts(self, told: Preview) -> None:
        for proposition, then in self.before.weighings.items():
            now = self.after.weighings.get(proposition)
            standing = [str(then.standing), str(now.standing) if now else ""]
            was, will = self.holds(self.before, then), self.holds(self.after, now)
            if standing[0] != standing[1] or was != will:
                told.flips.append(
                    {
                        "proposition": self.after.words.proposition_id(proposition),
                        "sentence": self.sentence(proposition),
                        "standing": standing,
                        "holds": {name: [was[name], will[name]] for name in was},
                    }
                )


class _Likeness:
    """Which new claim, or new source, says what an earlier one says in nearly the same words."""

    def __init__(self, before: View, after: View, fresh: set[str]) -> None:
        self.after, self.fresh = after, fresh
        self.texts: dict[tuple[object, ...], dict[str, Claim]] = {}
        self.firsts: dict[tuple[object, ...], Claim] = {}
        self.copies: dict[tuple[str, str], dict[str, Any]] = {}
        for claim in before.claims:
            self._keep(claim)

    # Claims are looked for by what they are about; the words alone would find phrases, not copies.

    def _keep(self, claim: Claim) -> None:
        text = _passage(claim.evidence)
        for key in ((claim.proposition, claim.source), _ends(claim)):
            self.texts.setdefault(key, {}).setdefault(text, claim)
        for document in filter(None, (claim.source, claim.cited_source)):
            self.firsts.setdefault((claim.proposition, "document", document), claim)
        self.firsts.setdefault((claim.proposition, "publisher", self._publisher(claim)), claim)

    def _publisher(self, claim: Claim) -> str:
        document = self.after.sources.get(claim.cited_source or claim.source)
        return document.publisher and fold(document.publisher) if document else ""

    def look(self, claim: Claim, told: Preview) -> None:
        """Compare a new claim with all before it."""
        text = _passage(claim.evidence)
        if text and (found := self._nearest(text, (claim.proposition, claim.source))):
            other, similarity = found
            told.duplicates.append(
                {
                    "place": self.after.entries[claim.id].place,
                    "claim": claim.id,
                    "of": {"claim": other.id, "place": self.after.entries[other.id].place},
                    "sentence": self.after.words.sentence(claim.proposition, self.after.labels),
                    "differs": _different(claim, other),
                    "similarity": similarity,
                }
            )
        if claim.source in self.fresh:
            self._copy(claim, text)
        self._keep(claim)

    def _copy(self, claim: Claim, text: str) -> None:
        if len(text) >= _LEAST[0] and (found := self._nearest(text, _ends(claim), claim.source)):
            self._note(claim, found[0], "nearly the same words")
            return
        cited, publisher = claim.cited_source, self._publisher(claim)
        other = self.firsts.get((claim.proposition, "document", cited))
        if cited and other and other.source != claim.source:
            self._note(claim, other, f"cites {cited}" + (" too" if other.source != cited else ""))
            return
        other = self.firsts.get((claim.proposition, "publisher", publisher))
        if publisher and other and other.source != claim.source:
            self._note(claim, other, f"of the same publisher ({publisher})")

    def _note(self, claim: Claim, other: Claim, why: str) -> None:
        one = self.after.origins.of(claim) == self.after.origins.of(other)
        pair = self.copies.setdefault(
            (claim.source, other.source),
            {"source": claim.source, "of": other.source, "why": why, "claims": 0, "same_origin": True,
             "place": self.after.entries[claim.id].place},
        )  # fmt: skip
        pair["claims"] += 1
        pair["same_origin"] &= one

    def _nearest(self, text: str, key: tuple[object, ...], source: str = "") -> tuple[Claim, int] | None:
        """Return the first of the claims under a key that says nearly the same, not counting those of one source."""
        from rapidfuzz import fuzz, process

        pool = self.texts.get(key, {})
        if (same := pool.get(text)) and same.source != source:
            return same, 100
        others = [
            known
            for known, claim in islice(pool.items(), _MOST_COMPARED)
            if known and known != text and claim.source != source
        ]
        best = process.extractOne(text, others, scorer=fuzz.ratio, score_cutoff=_NEAR)
        return (pool[best[0]], round(best[1])) if best else None

    def titles(self, told: Preview) -> None:
        """Compare the titles of new sources with those of all others, and tell all copies."""
        from rapidfuzz import fuzz, process

        known: dict[tuple[str, ...], dict[str, str]] = {}
        for source in sorted(self.after.sources.values(), key=lambda source: source.id in self.fresh):
            words = match_words(source.title).split()
            if len(words) < _LEAST[1]:
                continue
            title = " ".join(words)
            blocks = (("first", *words[:2]), ("last", *words[-2:]))
            if source.id in self.fresh:
                pool = {
                    text: other
                    for block in blocks
                    for text, other in islice(known.get(block, {}).items(), _MOST_COMPARED)
                }
                same = next((known[block][title] for block in blocks if title in known.get(block, {})), "")
                best = (
                    None
                    if same
                    else process.extractOne(title, list(pool), scorer=fuzz.ratio, score_cutoff=_NEAR)
                )
                if other := same or (pool[best[0]] if best else ""):
                    one = fold(source.publisher) == fold(self.after.sources[other].publisher)
                    self.copies.setdefault(
                        (source.id, other),
                        {"source": source.id, "of": other, "why": "nearly the same title", "claims": 0,
                         "same_origin": one, "place": ""},
                    )  # fmt: skip
            for block in blocks:
                known.setdefault(block, {}).setdefault(title, source.id)
        told.copies.extend(self.copies.values())


def _passage(evidence: Evidence) -> str:
    return fold(evidence.quote or evidence.paraphrase)


def _ends(claim: Claim) -> tuple[object, ...]:
    one, other = sorted((claim.proposition.subject, claim.proposition.object))
    return "ends", one, other


def _different(one: Claim, other: Claim) -> list[str]:
    """Name the columns in which two claims about one proposition differ."""
    mine, theirs = _columns(one), _columns(other)
    return [name for name in mine if mine[name] != theirs[name]]


def _columns(claim: Claim) -> Mapping[str, Any]:
    body = asdict(claim)
    return {**body.pop("evidence"), **{name: value for name, value in body.items() if name != "proposition"}}
