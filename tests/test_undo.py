"""Undoing one batch of many gives the answers of a ledger that never had it, and the ledger still tells the story."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from kg import formats
from kg.claim import Claim, Evidence, Proposition, Retraction
from kg.errors import Misuse
from kg.exposure import exposure_report, exposures
from kg.index import quads
from kg.ingest import OnFile, check
from kg.ledger import Ledger
from kg.view import View
from kg.vocabulary import vocabulary
from tests.conftest import WORLD, policy

FIRMS = ("aurora", "basalt", "cirrus", "delta", "ember", "fjord")
SOURCES = ("harbour-2026-01-10", "inland-2026-01-11", "wire-2026-01-12", "harbour-2025-06-01")

_ties = st.builds(
    Proposition,
    st.sampled_from(["supplies", "inTalksWith", "partnersWith", "licensesTechnologyTo", "ownsStakeIn", "subsidiaryOf"]),
    st.sampled_from(FIRMS), st.sampled_from(FIRMS), layer=st.sampled_from(["", "battery", "cell"]),
).filter(lambda tie: tie.subject != tie.object)  # fmt: skip
_policies = st.builds(
    Proposition,
    st.just("targets"),
    st.sampled_from(["cell-tariff", "watch-list"]),
    st.sampled_from(("sudland", *FIRMS)),
)
_claims = st.builds(
    Claim, (_ties | _policies).map(lambda tie: vocabulary().normal(tie)),
    st.sampled_from(["confirmed", "reported", "reported", "denied", "opinion"]), st.sampled_from(SOURCES),
    status=st.sampled_from(["", "", "planned", "ended"]), valid_from=st.sampled_from(["", "2024~", "2026-05"]),
    valid_to=st.sampled_from(["", "", "..", "2025"]), evidence=st.just(Evidence(paraphrase="x")), confidence=st.just("0.9"),
)  # fmt: skip


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory):
    """Fresh ledgers that hold the invented world, on request."""
    numbers, place = itertools.count(), tmp_path_factory.mktemp("undo")
    records = check(formats.read_trusted(WORLD), OnFile()).records

    def fresh(batches):
        ledger = Ledger(place / f"{next(numbers)}.sqlite")
        ledger.append(records, title="the invented world", recorded="2026-01-01")
        for number, batch in batches:
            ledger.append(
                [(record, f"facts.csv:{row} r-{row}") for row, record in enumerate(batch, 2)],
                title=f"batch {number}",
                recorded=f"2026-02-{number:02}",
            )
        return ledger

    return fresh


def answers(ledger):
    """Standing, lives, origins, everything that SPARQL sees, and every path of exposure, under three policies."""
    for name in ("confirmed", "cautious", "alive"):
        view = View(ledger, policy(name))
        yield view.weighings
        yield view.retracted
        yield set(quads(view))
        for firm in ("aurora", "delta", "cirrus"):
            report = exposure_report(view, firm, exposures(view, firm))
            yield {key: value for key, value in report.items() if key not in ("head", "claims")}
            yield {key: {**card, "batch": 0} for key, card in report["claims"].items()}


@settings(max_examples=10, phases=(Phase.explicit, Phase.reuse, Phase.generate))  # shrinking takes minutes
@given(st.lists(st.lists(_claims, min_size=1, max_size=6), min_size=5, max_size=5), st.data())
def test_undoing_batch_two_of_five_gives_the_answers_of_a_ledger_that_never_had_it(ledgers, batches, data):
    """Claims that other batches hold too stay; a withdrawal that came with it goes."""
    known = [claim.id for claim in batches[0]]
    if data.draw(st.booleans(), label="the second batch withdraws a claim of the first"):
        batches[1] = [*batches[1], Retraction(data.draw(st.sampled_from(known)), "misread")]
    if data.draw(st.booleans(), label="the fourth batch repeats a claim of the second"):
        batches[3] = [*batches[3], batches[1][0]]
    # A batch that is there already is no batch, and whoever loads it is told so.
    assume(len({frozenset(record.record_id for record in batch) for batch in batches}) == 5)
    numbered = list(enumerate(batches, 1))
    undone, never = ledgers(numbered), ledgers(numbered[:1] + numbered[2:])
    second = next(batch.seq for batch in undone.batches() if batch.title == "batch 2")
    undone.undo(second, reason="it was about other firms")
    for one, other in zip(answers(undone), answers(never), strict=True):
        assert one == other
    assert [b.seq for b in undone.batches() if b.undone] == [second]
    assert undone.batches()[-1].title == "it was about other firms"
    assert dict(undone.texts()).items() >= dict(never.texts()).items()
    assert undone.verify() == []
    with pytest.raises(Misuse, match="undone already"):
        undone.undo(second)
