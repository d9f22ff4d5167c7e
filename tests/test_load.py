"""Loading with the names people write: what binds is read as its id, what is only similar is asked about."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import KnowledgeGraph, factfile
from kg.claim import Claim, Entity, Match
from kg.errors import Misuse, NotFound, Refused
from kg.ingest import OnFile, check, unload
from tests.conftest import WORLD, policy

FACT = {
    "subject": "basalt", "relation": "supplies", "object": "delta", "stance": "reported", "layer": "pack",
    "source": "harbour-2025-06-01", "paraphrase": "The paper says so.",
}  # fmt: skip


def batch(folder, **tables):
    """Write the tables of a batch; each fact on top of one good row."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, factfile.COLUMNS[table], lineterminator="\n")
            writer.writeheader()
            writer.writerows({**FACT, **row} if table == "facts" else row for row in rows)
    return folder


def entity(key, label, kinds="oem", **more):
    return {"id": key, "label": label, "kinds": kinds, **more}


def told(checked, *severities):
    severities = severities or ("error", "warning")
    return [(p.row, p.column, p.code) for p in checked.problems if p.severity in severities]


def claims(checked):
    return [record for record, _ in checked.records if isinstance(record, Claim)]


# -- binding


def test_every_cell_that_names_an_entity_takes_a_label_an_alias_or_an_identifier(world, tmp_path):
    """The claim stores ids: exactly those of the same row written with ids."""
    cells = {"in_market": "sudland", "speaker": "ana-quist", "conditional_on": "cell-tariff;watch-list",
             "stance": "hypothesised", "scenario": "aurora-cirrus-deal"}  # fmt: skip
    named = {"subject": "BASALT  Cells", "object": "ticker:XSE:EVE", "in_market": "Sudland", "speaker": "Ana Quist",
             "conditional_on": "Norland tariff on Sudland cells; Norland watch list"}  # fmt: skip
    card = entity("eve", "Eve Motors", identifiers="ticker:XSE:EVE", country="XS")
    plain = batch(tmp_path / "ids", entities=[card], facts=[{**cells, "object": "eve"}])
    human = batch(tmp_path / "names", entities=[card], facts=[{**cells, **named}])
    one, other = (world.load(folder, dry_run=True)[0] for folder in (plain, human))
    assert told(one) == told(other) == []
    assert [record.record_id for record, _ in one.records] == [
        record.record_id for record, _ in other.records
    ]
    said = [problem.message for problem in other.problems if problem.severity == "info"]
    assert "'BASALT  Cells' is read as basalt (by name)" in said
    assert "'ticker:XSE:EVE' is read as eve (by identifier)" in said


def test_a_parent_may_be_named_by_a_label_further_down(world, tmp_path):
    """The order of cards does not matter, and the card stores the id."""
    folder = batch(
        tmp_path / "parent",
        entities=[
            entity("eve-works", "Eve Works", "plant", parent="Eve  MOTORS"),
            entity("eve", "Eve Motors"),
        ],
    )
    checked, _ = world.load(folder)
    assert told(checked) == []
    assert [record.parent for record, _ in checked.records if isinstance(record, Entity)] == ["eve", ""]
    assert "eve-works siteOf eve" in {str(claim.proposition) for claim in claims(checked)}


@pytest.mark.parametrize("column", ["subject", "object", "speaker", "in_market", "conditional_on"])
def test_a_similar_name_is_asked_about_in_every_cell(world, tmp_path, column):
    """Fuzzy never binds: an error with the proposal, its reason and the command that decides."""
    checked, stored = world.load(batch(tmp_path / "fuzzy", facts=[{column: "Nordland"}]))
    assert told(checked) == [(2, column, "unknown-entity")]
    message = checked.errors[0].message
    assert "did you mean norland (93 % similar to 'Norland')" in message
    assert "`kg match Nordland norland`" in message
    assert stored is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["Basalt Cells", "Basalt", "basalt", "巴萨尔特"]).flatmap(
        lambda name: st.one_of(
            st.sampled_from(
                [f"{name} Ltd", f"{name} AG", f"{name}有限公司", f"{name}s", name[:-1], name + name]
            ),
            st.builds(
                lambda i, c: name[:i] + c + name[i:], st.integers(0, len(name)), st.characters(codec="ascii")
            ),
        )
    )
)
def test_whatever_is_not_the_very_name_does_not_bind(world, name):
    """Law: a claim comes of it only where the folded name is one of the card's."""
    from kg.names import fold

    rows = factfile.FactFile(facts=[factfile.Row("facts.csv", 2, {**FACT, "subject": name})])
    checked = check(rows, OnFile.of(world.ledger))
    exact = fold(name) in {fold(known) for known in ("basalt", "Basalt Cells", "Basalt", "巴萨尔特")}
    assert bool(claims(checked)) == exact
    if exact:
        assert claims(checked)[0].proposition.subject == "basalt"


def test_two_firms_that_share_an_alias_stay_apart(world, tmp_path):
    """The alias binds to neither, and the error lists both ids; nothing is merged, whatever is loaded."""
    checked, stored = world.load(
        batch(
            tmp_path / "twin", entities=[entity("basalt-two", "Basalt Mining", "company", aliases="Basalt")]
        )
    )
    assert stored
    assert told(checked) == [(2, "aliases", "maybe-duplicate")]
    checked, _ = world.load(batch(tmp_path / "use", facts=[{"subject": "Basalt"}]))
    assert told(checked) == [(2, "subject", "ambiguous-entity")]
    assert "basalt, basalt-two" in checked.errors[0].message
    assert {"basalt", "basalt-two"} <= world.view().entities.keys()
    with pytest.raises(Misuse, match="basalt, basalt-two"):
        world.view().find("Basalt")
    assert world.shared_names() == {"Basalt": ["basalt", "basalt-two"]}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"label": "Basalt Cells"}, ("label", "maybe-duplicate", "basalt (bears that name)")),
        ({"label": "Basalt Cells GmbH"}, ("label", "maybe-duplicate", "differs only in legal form")),
        ({"aliases": "Pumice;basalt"}, ("aliases", "maybe-duplicate", "--not")),
        ({"identifiers": "lei:AURORA00000000000155"}, ("identifiers", "bad-identifier", "check digits")),
        ({"identifiers": "529900"}, ("identifiers", "bad-identifier", "scheme:value")),
        ({"parent": "Basallt"}, ("parent", "unknown-entity", "did you mean basalt")),
    ],
)
def test_a_card_is_checked_against_what_is_on_file(world, tmp_path, row, expected):
    """A second card is a warning with the match proposed; a wrong identifier and an unknown parent are errors."""
    checked, _ = world.load(batch(tmp_path / "card", entities=[entity("new", "Pumice Works", **row)] if "label" not in row
                                  else [{**entity("new", ""), **row}]), dry_run=True)  # fmt: skip
    found = [problem for problem in checked.problems if problem.severity != "info"]
    assert [(problem.column, problem.code) for problem in found] == [expected[:2]]
    assert expected[2] in found[0].message


@pytest.mark.parametrize(
    ("identifier", "severity"),
    [
        ("lei:AURORA00000000000144", "error"),
        ("wikidata:Q900000001", "warning"),
        ("ticker:XSE:EVE", "warning"),
    ],
)
def test_an_identifier_belongs_to_one_entity(world, tmp_path, identifier, severity):
    """Two cards with one LEI are refused; coarser identifiers are told; and neither binds any more."""
    cards = [
        entity("eve", "Eve Motors", identifiers=identifier),
        entity("adam", "Adam Cars", identifiers=identifier.upper()),
    ]
    checked, stored = world.load(batch(tmp_path / "same", entities=cards))
    assert [(p.row, p.code, p.severity) for p in checked.problems] == [(3, "same-identifier", severity)]
    assert (stored is None) == (severity == "error")
    if stored:
        checked, _ = world.load(batch(tmp_path / "use", facts=[{"subject": identifier}]))
        assert told(checked) == [(2, "subject", "ambiguous-entity")]


# -- decisions


def test_a_decision_binds_a_name_and_its_undoing_restores_the_problem(world, tmp_path):
    """The same file: refused, loaded after the decision, refused again after its undoing, word for word."""
    folder = batch(tmp_path / "facts", facts=[{"subject": "Basalt Cells Ltd"}])
    first, _ = world.load(folder)
    decision = world.decide("BASALT Cells ltd", "Basalt", reason="its register says so")
    assert decision.title == "BASALT Cells ltd is Basalt"
    checked, _ = world.load(folder, dry_run=True)
    assert [claim.proposition.subject for claim in claims(checked)] == ["basalt"]
    assert world.view().find("Basalt Cells Ltd") == "basalt"
    world.undo(decision.seq)
    again, _ = world.load(folder)
    assert again.problems == first.problems
    assert again.errors


def test_the_latest_decision_counts_even_when_it_repeats_an_earlier_one(world):
    """Same, different, same again; then the undoing of each brings back the one before."""
    made = [world.decide("B. C.", "basalt", same=same) for same in (True, False, True)]
    assert all(made)
    assert world.decide("b. c.", "basalt") is None
    assert [item["counts"] for item in world.decisions()] == [False, False, True]
    wanted = [["basalt"], [], ["basalt"]]
    for number in (2, 1, 0):
        assert OnFile.of(world.ledger).names.lookup("B. C.") == wanted[number]
        world.undo(made[number].seq)
    assert OnFile.of(world.ledger).names.lookup("B. C.") == []
    assert world.decide("B. C.", "basalt") is not None


def test_a_decision_about_nothing_is_refused(world):
    """An unknown entity gets its near matches; an id always means itself."""
    with pytest.raises(NotFound, match="did you mean basalt"):
        world.decide("Basalt Ltd", "basallt")
    with pytest.raises(Refused) as refused:
        world.decide("basalt", "delta")
    assert refused.value.problems[0].code == "name-is-id"


@pytest.mark.parametrize(("name", "entity"), [("", "basalt"), (" \t\u3000", "basalt"), ("Basalt Ltd", " ")])
def test_a_decision_without_a_name_or_an_entity_is_refused(world, name, entity):
    """In the ledger it would be a record that nobody can read again."""
    head = world.head
    with pytest.raises(Refused):
        world.decide(name, entity)
    assert world.head == head
    assert world.decisions() == []


def test_decisions_in_a_file_hold_for_its_own_facts(world, tmp_path):
    """A later row goes before an earlier one; the file loads once, and again after somebody decided otherwise."""
    rows = [
        {"name": "BC Ltd", "entity": "delta", "verdict": "same"},
        {"name": "BC Ltd", "entity": "Basalt Cells", "verdict": "same", "reason": "seen in its register"},
    ]
    folder = batch(tmp_path / "both", matches=rows, facts=[{"subject": "BC Ltd"}])
    checked, stored = world.load(folder)
    assert stored
    assert [claim.proposition.subject for claim in claims(checked)] == ["basalt"]
    assert world.load(folder)[1] is None
    world.decide("BC Ltd", "basalt", same=False)
    assert world.load(folder)[1] is not None
    assert OnFile.of(world.ledger).names.lookup("BC Ltd") == ["basalt"]
    bad = batch(tmp_path / "bad", matches=[{"name": "X", "entity": "basalt", "verdict": "maybe"}])
    assert told(world.load(bad)[0]) == [(2, "verdict", "unknown-verdict")]


def test_decisions_and_identifiers_go_out_and_come_back_with_the_same_ids(world, tmp_path):
    """The way out of the ledger is the inverse of the way in."""
    world.load(batch(tmp_path / "eve", entities=[entity("eve", "Eve Motors", identifiers="lei:AURORA00000000000144;wikidata:Q900000001")]))  # fmt: skip
    world.decide("Eve GmbH", "eve", reason="told so")
    records = [entry.record for entry in world.ledger.entries()]
    checked = check(unload(records), OnFile())
    assert checked.errors == []
    assert {r.record_id for r, _ in checked.records} == {r.record_id for r in records}
    assert any(isinstance(record, Match) for record in records)


# -- the command


def test_kg_match_lists_decides_shows_and_is_undone(run, tmp_path, world):
    """The story of a name at the command line, in words and in JSON."""
    home = world.home
    folder = str(batch(tmp_path / "facts", facts=[{"subject": "Basalt Cells Ltd"}, {"subject": "Zinnober"}]))
    done = run("match", folder, home=home)
    assert done.stdout.splitlines() == [
        "'Basalt Cells Ltd'  facts.csv:2:subject",
        "    basalt  differs only in legal form from 'Basalt Cells'",
        "'Zinnober'  facts.csv:3:subject",
        "    nothing on file is like it; add it to entities.csv",
    ]
    body = json.loads(run("match", folder, "--json", home=home).stdout)
    assert body["unbound"][0]["proposals"][0] == {
        "entity": "basalt", "why": "differs only in legal form from 'Basalt Cells'", "score": 100.0,
    }  # fmt: skip
    body = json.loads(
        run("match", "Basalt Cells Ltd", "basalt", "--why", "as its register", "--json", home=home).stdout
    )
    assert body["verdict"] == "same"
    assert body["head"] == world.head
    assert "Zinnober" in run("match", folder, home=home).stdout.splitlines()[0]
    shown = run("match", "--list", home=home).stdout
    assert "'Basalt Cells Ltd' is basalt: as its register" in shown
    assert run("undo", str(body["batch"]), home=home).returncode == 0
    assert run("match", "--list", home=home).stdout.strip() == "nothing was decided yet"
    assert run("match", home=home).stdout.strip() == "no two entities share a name"
    assert run("match", "a", "b", "c", home=home).returncode == 2
    (tmp_path / "empty.csv").touch()
    done = run("match", str(tmp_path / "empty.csv"), home=home)
    assert (done.returncode, done.stdout) == (1, "")  # nothing could be read, so nothing is said to bind
    done = run("match", "x", "basallt", home=home)
    assert done.returncode == 2
    assert "did you mean basalt" in done.stderr


def test_kg_load_tells_errors_in_full_and_few_warnings_of_a_kind(run, tmp_path, world):
    """All errors; five warnings of a kind and how many more; hints in one line."""
    rows = [{"stance": "denied", "quantity": str(n), "unit": "cells", "subject": "Basalt"} for n in range(9)]
    folder = str(batch(tmp_path / "many", facts=rows))
    done = run("load", folder, home=world.home)
    assert done.stdout == "many: loaded 9 claims as batch 2\n"
    assert done.stderr.count("voiceless-denial  says") == 5
    assert "warning: 4 more of voiceless-denial; --all shows them" in done.stderr
    assert "hints: 1 of read-as; --all shows them" in done.stderr
    done = run("load", folder, "--all", home=world.home)
    assert done.stdout == "many: nothing new; the ledger is unchanged\n"
    assert done.stderr.count("voiceless-denial  says") == 9
    assert "hint: facts.csv:2:subject  read-as  'Basalt' is read as basalt (by name)" in done.stderr
    bad = str(batch(tmp_path / "bad", facts=[{"stance": "maybe"}] * 12))
    done = run("load", bad, home=world.home)
    assert done.returncode == 1
    assert done.stderr.count("unknown-stance") == 12
    assert "bad: 12 problems; nothing stored" in done.stderr


def test_several_paths_are_each_all_or_nothing(run, tmp_path, world):
    """The bad one stores nothing, the good ones load; a path that is not there is told before anything is stored."""
    good = batch(tmp_path / "good", facts=[{"quantity": "1", "unit": "cells"}])
    bad = batch(tmp_path / "bad", facts=[{"quantity": "2", "unit": "cells"}, {"stance": "maybe"}])
    head = world.head
    done = run("load", str(good), str(tmp_path / "none"), home=world.home)
    assert (done.returncode, world.head) == (2, head)
    assert "nothing was loaded" in done.stderr
    done = run("load", str(bad), str(good), "--json", home=world.home)
    body = json.loads(done.stdout)
    assert done.returncode == 1
    assert [item["stored"] for item in body["loads"]] == [False, True]
    assert body["loads"][1]["new"] == {"claim": 1}
    assert body["head"] == world.head
    assert {claim.quantity for claim in world.claims()} >= {"1"}
    assert "2" not in {claim.quantity for claim in world.claims()}


def test_the_summary_counts_what_is_new(run, tmp_path, world):
    """What the ledger holds already is told apart."""
    batch(tmp_path / "part", facts=[{"quantity": "1", "unit": "cells"}])
    run("load", str(tmp_path / "part"), home=world.home)
    batch(tmp_path / "more", facts=[{"quantity": str(number), "unit": "cells"} for number in (1, 2, 3)])
    done = run("load", str(tmp_path / "more"), home=world.home)
    assert done.stdout == "more: loaded 2 claims as batch 3 (on file already: 1)\n"


def test_the_last_row_of_ten_thousand_is_told_and_nothing_is_stored(run, tmp_path, world):
    """Its line is named; the same file mended loads in one go."""
    rows = [{"quantity": str(number), "unit": "cells"} for number in range(9_999)]
    folder = str(batch(tmp_path / "big", facts=[*rows, {"stance": "maybe"}]))
    head = world.head
    done = run("load", folder, home=world.home)
    assert done.returncode == 1
    assert "facts.csv:10001:stance  unknown-stance" in done.stderr
    assert "big: 1 problem; nothing stored" in done.stderr
    assert world.head == head
    batch(tmp_path / "big", facts=[*rows, {}])
    steps = []
    checked, stored = world.load(folder, progress=lambda *step: steps.append(step))
    assert stored.size == 10_000
    assert len(checked.new) == 10_000
    stages = list(dict.fromkeys(what for what, _, _ in steps))
    assert stages == ["reading big", "checking 10,000 facts", "storing 10,000 records"]
    assert all(0 <= step <= of for _, step, of in steps)


def test_a_terminal_sees_a_bar_and_a_pipe_sees_none(run, tmp_path, world):
    """The bar is on standard error, and only there where somebody looks at it."""
    rows = [{"quantity": str(number), "unit": "cells"} for number in range(3_000)]
    folder = str(batch(tmp_path / "big", facts=rows))
    assert "checking" not in run("load", folder, "--dry-run", home=world.home).stderr
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "KG_HOME": str(world.home)}
    child = subprocess.Popen(
        [sys.executable, "-m", "kg.cli", "load", folder], stdout=subprocess.PIPE, stderr=theirs, env=environment,
        cwd=WORLD.parent.parent,
    )  # fmt: skip
    os.close(theirs)
    seen, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    out, _ = child.communicate(timeout=60)
    os.close(ours)
    assert out == b"big: loaded 3,000 claims as batch 2\n"
    assert "━".encode() in seen
    assert b"reading big" in seen or b"checking" in seen or b"storing" in seen


def test_ten_thousand_unknown_names_are_told_in_good_time(tmp_path):
    """Only the first few hundred are compared with all names; a minute would mean that something is quadratic."""
    with KnowledgeGraph(tmp_path / "home", policy(), shipped=False) as graph:
        graph.load(WORLD)
        cards = [entity(f"firm-{number}", f"Firm {number:x} Works") for number in range(3_000)]
        folder = batch(
            tmp_path / "many", entities=cards, facts=[{"subject": f"Works of {n:x}"} for n in range(10_000)]
        )
        start = time.perf_counter()
        checked, stored = graph.load(folder)
        assert time.perf_counter() - start < 30
    assert stored is None
    assert len(checked.errors) == 10_000
