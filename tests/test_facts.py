"""The shipped facts: every collected row is accounted for, every quote is exact, nothing loads with a warning untold."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from kg import formats
from kg.ingest import OnFile, check
from kg.workspace import shipped_batches

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
COLLECTED = 638


def rows(name):
    """All rows of one table over the shipped batches, with the batch they stand in."""
    for batch in shipped_batches():
        path = batch / f"{name}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    yield batch.name, row


def left_out():
    """The rows that could not be carried, with their reason."""
    path = ROOT / "kg" / "data" / "left-out.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_collected_rows_are_accounted_for(capsys):
    """638 rows were collected: each is loaded or left out with a reason; further claims of a passage are lettered."""
    labels = [row["id"] for _, row in rows("facts")]
    original = [label for label in labels if re.fullmatch(r"[ab]-\d{4}", label)]
    further = [label for label in labels if label not in set(original)]
    gone = [row["id"] for row in left_out()]
    message = f"{len(original)} of {COLLECTED} collected rows loaded, {len(gone)} left out, {len(further)} further claims"
    with capsys.disabled():
        sys.stdout.write(f"\n  {message}\n")
    assert len(original) + len(gone) == COLLECTED
    assert max(Counter([*labels, *gone]).values()) == 1
    assert all(re.fullmatch(r"[ab]-\d{4}[a-z]", label) and label[:-1] in set(original) for label in further)
    assert all(row["reason"] for row in left_out())


@pytest.mark.skipif(not (SHARED / "facts").exists(), reason="the collected facts are not here")
def test_the_labels_are_those_of_the_collection():
    """Not one row is missing, by name."""
    collected = {
        row["id"]
        for path in (SHARED / "facts").glob("*/facts.csv")
        for row in csv.DictReader(path.open(encoding="utf-8"))
    }
    kept = {row["id"] for _, row in rows("facts")} | {row["id"] for row in left_out()}
    assert len(collected) == COLLECTED
    assert collected <= kept


def test_every_batch_loads_without_an_error():
    """In order, each resting only on those before it."""
    on_file = OnFile()
    for batch in shipped_batches():
        assert check(formats.read(batch), on_file).errors == [], batch.name


@pytest.mark.skipif(
    not (SHARED / "seed-article.txt").exists(), reason="the article is not here; only its hash is kept"
)
def test_the_articles_quotes_are_exact_and_their_selectors_point_at_one_place():
    """Prefix, quote and suffix together occur once in the text whose hash the source card keeps."""
    text = (SHARED / "seed-article.txt").read_bytes()
    proof = {row["id"]: row["digest"] for _, row in rows("sources")}["seed-article"]
    assert proof == "sha256:" + hashlib.sha256(text).hexdigest()
    article, checked = text.decode("utf-8"), 0
    for table in ("facts", "scenarios"):
        for _, row in rows(table):
            if row["quote"]:
                assert row["source"] == "seed-article", row["id"]
                assert article.count(row["quote_prefix"] + row["quote"] + row["quote_suffix"]) == 1, row["id"]
                checked += 1
    assert checked >= 57


def test_no_quote_is_longer_than_a_quote_may_be():
    """Evidence is our own sentence or a short exact quote, never somebody's paragraph."""
    for _, row in rows("facts"):
        assert len(row["quote"]) <= 200, row["id"]
        assert row["quote"] or row["paraphrase"], row["id"]


def test_the_vocabulary_of_the_collection_is_used_up():
    """No `other:` relation, no stance that is a status, no person who imposes a tariff."""
    people = {row["id"] for _, row in rows("entities") if row["kinds"].split(";")[0] == "person"}
    for _, row in rows("facts"):
        assert not row["relation"].startswith("other:")
        assert row["stance"] in ("confirmed", "reported", "denied", "hypothesised", "opinion")
        assert not (row["relation"] == "imposes" and row["subject"] in people)
        assert row["relation"] != "relatedTo" or row["verb"], row["id"]


def test_confirmed_means_that_the_parties_or_an_official_record_say_so():
    """Somebody is named who says it, or the document (or the one it repeats) is the party's own or official."""
    kinds = {row["id"]: row["kind"] for _, row in rows("sources")}
    official = {"company-release", "government", "filing"}
    for _, row in rows("facts"):
        if row["stance"] == "confirmed":
            voiced = row["speaker"] or row["speaker_text"]
            assert voiced or {kinds[row["source"]], kinds.get(row["cited_source"], "")} & official, row["id"]


def test_second_hand_reports_name_what_they_repeat():
    """Depth 2 has a cited source, and what nobody here read is marked so."""
    consulted = {row["id"]: row["consulted"] for _, row in rows("sources")}
    cited = [row for _, row in rows("facts") if row["cited_source"]]
    assert len(cited) > 80
    for _, row in rows("facts"):
        assert (row["depth"] == "2") <= bool(row["cited_source"]), row["id"]
        assert consulted[row["source"]] == "yes", row["id"]


def test_the_phases_of_the_imagined_deal_stand_in_order_with_their_conditions(shipped):
    """Three phases, each with conditions; their claims are hypotheses and hold nowhere but in the scenario."""
    view = shipped.view()
    phases = {
        phase: card for (name, phase), card in view.scenarios.items() if name == "ford-xiaomi-phased-deal"
    }
    assert set(phases) == {"", "1", "2", "3"}
    assert all(phases[number].conditions for number in "123")
    imagined = [claim for claim in shipped.claims() if claim.scenario == "ford-xiaomi-phased-deal"]
    assert {claim.phase for claim in imagined} >= {"1", "2", "3"}
    assert {claim.stance for claim in imagined} == {"hypothesised"}


def test_the_head_of_a_fresh_workspace_is_the_same_everywhere(shipped, tmp_path):
    """Two workspaces made from the same facts vouch for the same thing."""
    from kg import KnowledgeGraph

    with KnowledgeGraph(tmp_path / "again") as graph:
        assert graph.head == shipped.head
        assert graph.verify() == []
