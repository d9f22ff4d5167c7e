"""Withdrawing a claim: it stays, marked, no longer counts, and can come back."""

from __future__ import annotations

import json

import pytest

from kg import KnowledgeGraph
from kg.claim import Retraction
from kg.errors import Misuse, NotFound
from kg.factfile import FactFile, Row
from kg.ingest import OnFile, check, load
from tests.conftest import WORLD, policy

SUPPLY = ("basalt", "supplies", "aurora")


def supply_claims(world):
    told = world.why(*SUPPLY)
    return told["claims"]["for"]


def test_a_withdrawn_claim_stays_marked_and_no_longer_counts(world):
    """Basalt's supply is reported and confirmed; without the confirmation it is only reported."""
    confirming = next(claim["id"] for claim in supply_claims(world) if claim["stance"] == "confirmed")
    assert world.why(*SUPPLY)["standing"] == "confirmed"
    world.withdraw(confirming, "the release was about another plant")
    assert world.why(*SUPPLY)["standing"] == "reported"
    view = world.view()
    assert view.card(view.claim(confirming))["retracted"] == "the release was about another plant"
    assert confirming in view.entries
    assert confirming not in view.counted
    assert world.verify() == []


def test_undo_brings_a_withdrawn_claim_back_and_it_can_be_withdrawn_again(world):
    """Each step is a batch; the retraction of the same claim for the same reason is one record in two of them."""
    claim = supply_claims(world)[0]["id"]
    first = world.withdraw(claim, "misread")
    world.undo(first.seq)
    assert claim in world.view().counted
    again = world.withdraw(claim[:8], "misread")
    assert claim not in world.view().counted
    world.undo(again.seq)
    other = world.withdraw("claim:" + claim, "of another year")
    assert world.view().retracted == {claim: "of another year"}
    story = [(b.kind, b.undone) for b in world.ledger.batches()][-5:]
    assert story == [
        ("withdraw", True),
        ("undo", False),
        ("withdraw", True),
        ("undo", False),
        ("withdraw", False),
    ]
    assert other.title == f"withdrawal of claim {claim}: of another year"


def test_what_cannot_be_withdrawn_is_told(world):
    """Nobody's claim, one that is withdrawn already, one without a reason."""
    claim = supply_claims(world)[0]["id"]
    head = world.head
    with pytest.raises(NotFound):
        world.withdraw("abcdefghijklmnopqrst", "why not")
    with pytest.raises(NotFound):
        world.withdraw("", "why not")
    with pytest.raises(Misuse, match="say why"):
        world.withdraw(claim, "  ")
    assert world.head == head
    world.withdraw(claim, "misread")
    with pytest.raises(Misuse, match="already, in batch 2, because: misread"):
        world.withdraw(claim, "misread")


def test_a_withdrawn_claim_comes_back_withdrawn_when_its_batch_is_loaded_again(world):
    """The withdrawal is about the claim, not about the load."""
    claim = supply_claims(world)[0]["id"]
    world.withdraw(claim, "misread")
    world.undo(1, force=True)
    world.load(WORLD)
    assert claim not in world.view().counted


def test_a_fact_file_can_withdraw_too(world):
    """The table withdrawals becomes the same record that the command writes."""
    claim = supply_claims(world)[0]["id"]
    batch = FactFile(title="second thoughts")
    batch.withdrawals = [Row("withdrawals.csv", 2, {"claim": claim, "reason": "misread"})]
    checked, stored = load(batch, world.ledger)
    assert [record for record, _ in checked.records] == [Retraction(claim, "misread")]
    assert stored.kind == "withdraw"
    assert claim not in world.view().counted


def test_a_fact_file_may_withdraw_a_claim_of_its_own(world, tmp_path):
    """An export does: the claim and its withdrawal come in one batch."""
    claim = supply_claims(world)[0]["id"]
    world.withdraw(claim, "misread")
    world.export("csv", tmp_path / "all")
    with KnowledgeGraph(tmp_path / "other", policy(), shipped=False) as other:
        checked, _ = other.load(tmp_path / "all")
        assert not checked.errors, checked.errors
        assert other.view().retracted == {claim: "misread"}


@pytest.mark.parametrize(
    ("cells", "column", "code", "severity"),
    [
        ({"claim": "abcdefghijklmnopqrst", "reason": "x"}, "claim", "unknown-claim", "error"),
        ({"claim": "…", "reason": ""}, "reason", "empty-cell", "error"),
        ({"claim": "…", "reason": "something else"}, "claim", "withdrawn-already", "warning"),
    ],
)
def test_what_is_wrong_with_a_withdrawal_is_told_with_its_cell(world, cells, column, code, severity):
    """The claim must be on file, and the reason given; another reason for the same is worth a word."""
    claim = supply_claims(world)[0]["id"]
    world.withdraw(claim, "misread")
    row = Row("withdrawals.csv", 2, {**cells, "claim": claim if cells["claim"] == "…" else cells["claim"]})
    found = check(FactFile(withdrawals=[row]), OnFile.of(world.ledger)).problems
    assert [(p.column, p.code, p.severity) for p in found] == [(column, code, severity)]


def test_the_command_says_how_to_bring_it_back_and_the_audit_log_shows_it(world, run):
    """`kg withdraw`, `kg batches`, `kg claim`, `kg undo`."""
    claim = supply_claims(world)[0]["id"]
    world.close()
    said = run("withdraw", claim, "--why", "misread", home=world.home)
    assert said.returncode == 0, said.stderr
    assert "kg undo 2" in said.stdout
    assert "misread" in run("claim", claim, home=world.home).stdout
    twice = run("withdraw", claim, "--why", "misread", home=world.home)
    assert (twice.returncode, twice.stdout) == (2, "")
    assert run("undo", "2", home=world.home).returncode == 0
    log = json.loads(run("batches", "--json", home=world.home).stdout)["batches"]
    assert [(b["kind"], b["undone"], b["undoes"]) for b in log] == [
        ("load", False, None),
        ("withdraw", True, None),
        ("undo", False, 2),
    ]
    table = run("batches", home=world.home).stdout
    assert "undone by 3" in table
    assert "undoes 2" in table
