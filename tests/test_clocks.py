"""Two clocks: what was true on a date, as known on a date, against a naive replay of the ledger."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

import pytest

from kg.claim import Claim, Entity, Evidence, Proposition, Source, Status
from kg.evidence import Time
from kg.ledger import Ledger
from kg.policy import Policy
from kg.view import View

FIRMS = ("aurora", "basalt", "cirrus", "delta")
PAIRS = 1000


@dataclass(frozen=True)
class Event:
    """One thing that happened to the ledger on a day: a batch of claims, or the undoing of one."""

    day: str
    claims: tuple[Claim, ...] = ()
    undoes: int = 0


def day(rng: random.Random, low: int = 2020, high: int = 2026) -> str:
    return f"{rng.randint(low, high)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def history(rng: random.Random) -> list[Event]:
    """A random story: batches of random claims and undoings, in the order of their days."""
    events: list[Event] = []
    for number, when in enumerate(sorted(day(rng) for _ in range(14)), 1):
        loads = [place for place, event in enumerate(events, 1) if event.claims]
        free = [place for place in loads if all(event.undoes != place for event in events)]
        if free and rng.random() < 0.25:
            events.append(Event(when, undoes=rng.choice(free)))
            continue
        claims = []
        for _ in range(rng.randint(1, 4)):
            one, other = rng.sample(FIRMS, 2)
            start, end = rng.choice(["", day(rng, 2018, 2025)]), rng.choice(["", "", day(rng, 2025, 2028)])
            stance = rng.choice(["confirmed", "reported", "reported", "denied"])
            claims.append(
                Claim(
                    Proposition("supplies", one, other, "cell"), stance, "paper", status=rng.choice(["", Status.ACTIVE]),
                    valid_from=start, valid_to=end, evidence=Evidence(paraphrase=f"story {number} {rng.random()}"),
                )
            )  # fmt: skip
        events.append(Event(when, tuple(claims)))
    return events


def replay(events: list[Event], as_of: str, known_by: str) -> dict[str, tuple[str, str]]:
    """Work out standing and time of every proposition by reading the story from the start. No code of ours is used."""
    counted: dict[int, tuple[Claim, ...]] = {}
    for place, event in enumerate(events, 1):
        if event.day <= known_by:
            if event.undoes:
                counted.pop(event.undoes)
            else:
                counted[place] = event.claims
    by_tie: dict[str, list[Claim]] = {}
    for claims in counted.values():
        for claim in claims:
            by_tie.setdefault(f"{claim.proposition.subject} {claim.proposition.object}", []).append(claim)
    found = {}
    for tie, claims in by_tie.items():
        yes = [claim for claim in claims if claim.stance in ("confirmed", "reported")]
        no = [claim for claim in claims if claim.stance == "denied"]
        if yes and no:
            standing = "contested"
        elif yes:
            standing = "confirmed" if any(claim.stance == "confirmed" for claim in yes) else "reported"
        else:
            standing = "denied"
        telling = [claim for claim in yes or no if claim.valid_from or claim.valid_to] or yes or no
        times = set()
        for claim in telling:
            if claim.valid_from and claim.valid_from > as_of:
                times.add("future")
            elif not claim.valid_to:
                times.add("unknown")
            else:
                times.add("past" if claim.valid_to < as_of else "current")
        time = next(name for name in ("current", "unknown", "past", "future") if name in times)
        found[tie] = (standing, time)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_any_two_dates_give_what_a_replay_of_the_ledger_gives(tmp_path, seed):
    """A hundred random pairs of as-of and known-by on each of ten random histories: a thousand in all."""
    rng = random.Random(seed)
    events = history(rng)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    cards = [(Entity(name, name.title(), ("oem",)), "") for name in FIRMS]
    cards.append((Source("paper", publisher="The Paper", kind="news"), ""))
    ledger.append(cards, title="cards", recorded="2019-01-01T00:00:00Z")
    for event in events:
        stamp = event.day + "T12:00:00Z"
        if event.undoes:
            ledger.undo(event.undoes + 1, recorded=stamp)
        else:
            ledger.append([(claim, "") for claim in event.claims], title="batch", recorded=stamp)
    kinds = set()
    for _ in range(PAIRS // 10):
        as_of, known_by = day(rng, 2018, 2029), day(rng, 2019, 2027)
        policy = Policy("alive", datetime.date.fromisoformat(as_of), datetime.date.fromisoformat(known_by))
        view = View(ledger, policy)
        told = {
            f"{p.subject} {p.object}": (str(weighing.standing), str(weighing.time))
            for p, weighing in view.weighings.items()
        }
        assert told == replay(events, as_of, known_by), (as_of, known_by)
        kinds |= {time for _, time in told.values()}
    assert kinds == {
        "current",
        "unknown",
        "past",
        "future",
    }  # every answer was met, so none was told by chance


def test_an_unknown_end_is_a_third_answer(tmp_path):
    """Neither in force by its dates nor over: it says so."""
    ledger = Ledger(tmp_path / "ledger.sqlite")
    source = Source("paper", publisher="The Paper", kind="news")
    tie = Proposition("supplies", "basalt", "aurora", "cell")
    begun = Claim(tie, "reported", "paper", valid_from="2024", evidence=Evidence(paraphrase="It began."))
    cards = [(Entity(name, name, ("oem",)), "") for name in FIRMS]
    ledger.append([*cards, (source, ""), (begun, "")], title="one")
    view = View(ledger, Policy("alive", datetime.date(2026, 1, 1)))
    assert view.weighings[tie].time is Time.UNKNOWN
    assert View(ledger, Policy("alive", datetime.date(2023, 1, 1))).weighings[tie].time is Time.FUTURE
