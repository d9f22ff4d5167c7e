"""The workspace: made once, never over another's, and undone with care."""

from __future__ import annotations

import os
import threading
from datetime import date

import pytest

from kg import KnowledgeGraph, Policy
from kg.claim import Entity
from kg.errors import Misuse, NotFound, NotYetKnown
from tests.conftest import DAY, WORLD, policy
from tests.test_ingest import write_facts


def test_a_workspace_made_at_the_same_time_does_not_replace_one_that_was_filled_meanwhile(
    tmp_path, monkeypatch
):
    """Process B is still making the ledger while A makes it, loads a batch and closes: the batch stays."""
    home = tmp_path / "home"
    link = os.link

    def slow(source, target):
        monkeypatch.setattr(os, "link", link)
        with KnowledgeGraph(home) as first:
            assert first.load(WORLD)[1] is not None
        link(source, target)

    monkeypatch.setattr(os, "link", slow)
    with KnowledgeGraph(home) as second:
        assert "aurora" in second.view().entities


def test_many_at_once_come_to_the_same_head(tmp_path):
    """Whoever is first, all see the same facts."""
    heads = []

    def start():
        with KnowledgeGraph(tmp_path / "home") as graph:
            heads.append(graph.head)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heads) == 3
    assert len(set(heads)) == 1


def test_undoing_the_cards_that_others_stand_on_needs_to_be_meant(world, tmp_path):
    """The facts of a later batch would hang in the air."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "facts.csv").write_text(
        "subject,relation,object,layer,stance,source,paraphrase\nfjord,supplies,basalt,pack,reported,inland-2026-01-11,A frame.\n",
        encoding="utf-8",
    )
    _, batch = world.load(folder)
    with pytest.raises(Misuse, match="--force"):
        world.undo(1)
    world.undo(batch.seq)
    world.undo(1)
    assert world.view().entities == {}


def test_a_name_is_accepted_where_a_query_takes_a_value(world):
    """Label, alias or id; a layer that is none is told."""
    text = "SELECT ?who { VALUES ?maker { UNDEF } ?who ev:supplies ?maker } ORDER BY ?who"
    assert world.query(text, maker="Aurora Motors").rows == world.query(text, maker="aurora").rows != []
    with pytest.raises(NotFound, match="battery"):
        world.term("batery", "layer")


def test_the_stamp_tells_the_whole_policy(world):
    """An answer without a source is not taken for one with it."""
    view = world.view(policy(without=frozenset({"Wire Daily"}), min_origins=2))
    assert view.stamp()["view"] == "cautious, without Wire Daily, 2 origins"


def test_a_name_from_later_has_an_empty_answer_earlier(tmp_path):
    """A question about it is answered with nothing; whoever asks for its page is told since when it is known."""
    with KnowledgeGraph(tmp_path / "growing", policy(), shipped=False) as graph:
        graph.ledger.append([(Entity("gale", "Gale"), "here")], title="first", recorded="2026-02-01")
        head = graph.head
        graph.ledger.append([(Entity("hail", "Hail Motors"), "here")], title="later", recorded="2026-03-01")
        earlier = policy(known_by=date(2026, 2, 15))
        for before in (earlier, policy(at=head)):
            assert graph.query("suppliers", before, entity="Hail Motors").rows == []
            with pytest.raises(NotYetKnown, match="first recorded on 2026-03-01"):
                graph.why("hail", "supplies", "gale", before)
        with pytest.raises(NotFound, match="no entity is called 'storm'"):
            graph.query("suppliers", earlier, entity="storm")


def test_undoing_by_force_tells_what_goes_dark_and_how_it_comes_back(world, run, tmp_path):
    """Loading the batch again brings the claims of the other batch back."""
    world.load(write_facts(tmp_path / "more", {"subject": "fjord", "object": "basalt"}))
    done = run("undo", "1", "--force", home=world.home)
    assert "1 claim of other batches stands on its cards" in done.stderr
    assert "loading the batch again" in done.stderr


def test_a_value_that_is_no_day_is_told_and_not_compared(world):
    """Compared with nothing it would give an empty answer, which looks like one."""
    for value in ("2024", "yesterday", "2024-13-01"):
        with pytest.raises(Misuse, match="no day"):
            world.query("policies-in-force-on", date=value)
    assert len(world.query("policies-in-force-on", date="2026-01-01")) > 0


def test_what_was_not_yet_known_may_be_left_out(world):
    """A publisher that came later leaves nothing to leave out; a name that nobody has is a slip all the same."""
    early = policy(known_by=DAY.replace(year=2001), without=frozenset({"Harbour Times", "entity-cards"}))
    assert len(world.query("suppliers", early, entity="aurora")) == 0
    with pytest.raises(NotFound, match="Harbor Tymes"):
        world.view(policy(known_by=DAY.replace(year=2001), without=frozenset({"Harbor Tymes"})))


def test_a_view_and_its_days_may_be_written_as_text(tmp_path):
    """As on the command line."""
    with KnowledgeGraph(tmp_path / "home", "alive", shipped=False) as graph:
        assert graph.policy.name == "alive"
    assert Policy(as_of="2026-06", known_by="2026").as_of.isoformat() == "2026-06-30"
    with pytest.raises(Misuse, match="soon"):
        Policy(as_of="soon")


def test_an_answer_shows_what_it_is_of(world):
    """In a line, not a dump of terms."""
    shown = repr(world.query("suppliers", entity="aurora"))
    assert shown.startswith("<Answer: rows, 3 rows · view cautious as of 2026-03-01")


def test_only_building_an_index_is_told(tmp_path):
    """Not finding it."""
    told = []
    with KnowledgeGraph(
        tmp_path / "home", policy(), shipped=False, progress=lambda *what: told.append(what[0])
    ) as graph:
        graph.load(WORLD)
        for _ in range(2):
            graph.query("suppliers", entity="aurora")
            graph._stores.clear()
    assert told == ["building the index"]
