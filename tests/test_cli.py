"""The command as a user meets it: answers on standard output, talk on standard error, and never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from kg.errors import Refused
from tests.conftest import WORLD
from tests.test_ingest import write_facts

DAY = ("--as-of", "2026-11-23")


def test_why_shows_the_report_the_denials_and_one_origin_for_the_scoop(run, shipped_home):
    """Contested; absent from the confirmed and cautious views, present in the alive one."""
    done = run("why", "ford", "inTalksWith", "xiaomi", "--json", *DAY, home=shipped_home)
    body = json.loads(done.stdout)
    assert body["standing"] == "contested"
    assert body["holds"] == {"confirmed": False, "cautious": False, "alive": True}
    assert [group["origin"] for group in body["origins"]["for"]] == ["Financial Times"]
    assert len(body["origins"]["for"][0]["claims"]) >= 3
    assert {"Ford Motor Company", "Xiaomi Corporation"} == {
        group["origin"] for group in body["origins"]["against"]
    }
    for card in body["claims"]["against"]:
        assert card["stance"] == "denied"
        assert card["source"]["publisher"]
        assert card["speaker"] or card["speaker_text"]
    text = run("why", "Ford", "intalkswith", "小米", *DAY, home=shipped_home).stdout
    assert "contested" in text
    assert "1 independent origin says so" in text
    assert "Mark Truby" in text


@pytest.mark.parametrize(("view", "present"), [("confirmed", False), ("cautious", False), ("alive", True)])
def test_the_contested_triple_answers_only_in_the_alive_view(run, shipped_home, view, present):
    """A denied fact never answers as true, and its content stays behind GRAPH in every view."""
    done = run("query", "ASK { id:ford ev:inTalksWith id:xiaomi }", "--view", view, *DAY, home=shipped_home)
    assert done.stdout.strip() == ("yes" if present else "no")
    behind = "ASK { GRAPH ?g { ?r a ev:Negotiation ; ev:negotiator id:ford , id:xiaomi } }"
    assert run("query", behind, "--view", view, *DAY, home=shipped_home).stdout.strip() == "yes"


def test_exposure_of_ford_runs_through_catl_to_a_us_body_and_straight_to_a_committee(run, shipped_home):
    """And each hop's claims are resolved by `kg claim` to source and evidence."""
    report = json.loads(run("exposure", "ford", "--json", *DAY, home=shipped_home).stdout)
    paths = report["paths"]
    through = [path for path in paths if any(hop["to"] == "catl" for hop in path["hops"])]
    assert any(
        report["entities"][path["target"]]["kind"] in ("agency", "committee")
        and report["entities"][path["target"]]["country"] == "US"
        for path in through
    )
    assert any(
        path["kind"] == "direct" and report["entities"][path["target"]]["kind"] == "committee"
        for path in paths
    )
    assert {"entity", "view", "head", "paths"} <= report.keys()
    contract = {
        "kind",
        "length",
        "hops",
        "probability",
        "origins",
        "contested",
        "single_source_thread",
        "weakest_claim",
    }
    assert all(contract <= path.keys() and path["length"] == len(path["hops"]) for path in paths)
    for hop in through[0]["hops"]:
        assert hop["claims"]
        body = json.loads(run("claim", hop["claims"][0], "--json", *DAY, home=shipped_home).stdout)
        assert body["claim"]["source"]["id"]
        assert body["claim"]["quote"] or body["claim"]["paraphrase"]
        assert body["head"] == report["head"]


def test_the_same_question_of_an_earlier_day(run, shipped_home):
    """Of June 2024 the Section 1260H listing of January 2025 is still to come, and only ever told as prospective."""

    def kinds(day: str) -> set[str]:
        report = json.loads(run("exposure", "ford", "--json", "--as-of", day, home=shipped_home).stdout)
        assert report["as_of"] == ("2026-06-30" if day == "2026-06" else "2024-06-30")
        return {path["kind"] for path in report["paths"] if path["policy"] == "us-1260h-list"}

    assert "via-licensor" in kinds("2026-06")
    assert kinds("2024-06") <= {"prospective"}


def test_nothing_is_known_before_it_was_recorded(run, shipped_home):
    """The ledger learned of the shipped facts on the day they were recorded."""
    done = run(
        "query",
        "SELECT (COUNT(?c) AS ?n) { ?c a ev:Claim }",
        "--known-by",
        "2026-11-22",
        "--format",
        "csv",
        home=shipped_home,
    )
    assert done.stdout.splitlines()[1] == "0"


def test_loading_twice_changes_nothing_and_undo_takes_it_back(run, tmp_path):
    """The head tells."""
    first = run("load", str(WORLD))
    assert first.returncode == 0
    head = run("verify").stdout.split()[-1]
    again = run("load", str(WORLD))
    assert "nothing new" in again.stdout
    assert run("verify").stdout.split()[-1] == head
    log = json.loads(run("batches", "--json").stdout)["batches"]
    assert run("undo", str(log[-1]["batch"])).returncode == 0
    assert run("entity", "basalt").returncode == 2


def test_a_bad_batch_names_every_row_and_stores_nothing(run, tmp_path):
    """file:row:column, code, cure; exit 1."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "facts.csv").write_text(
        "subject,relation,object,stance,source,paraphrase\n"
        "forrd,supplies,catl,reported,technobezz-ford-xiaomi-deny,x\n"
        "ford,suplies,catl,rumoured,technobezz-ford-xiaomi-deny,x\n",
        encoding="utf-8",
    )
    run("batches")
    head = run("verify").stdout
    done = run("load", str(folder))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert any(line.startswith("facts.csv:2:subject  unknown-entity") and "ford" in line for line in lines)
    assert any(
        line.startswith("facts.csv:3:relation  unknown-relation") and "supplies" in line for line in lines
    )
    assert any(line.startswith("facts.csv:3:stance  unknown-stance") for line in lines)
    assert run("verify").stdout == head


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("entity", "fordd"), 2, "did you mean ford"),
        (("claim", "zzzzzzzz"), 2, "no claim"),
        (("why", "ford", "likes", "xiaomi"), 2, "no relation"),
        (("exposure", "ford", "--view", "hopeful"), 2, "no view"),
        (("exposure", "us-congress"), 2, "makes policy"),
        (("exposure", "ford", "--limit", "0"), 2, "at least 1"),
        (("query", "suppliers", "-p", "entity="), 2, "lacks"),
        (("query", "CONSTRUCT WHERE { ?a ev:supplies ?b } LIMIT 1", "--json"), 2, "use jsonld"),
        (("query", "supliers"), 2, "no question"),
        (("query", "SELECT * { ?s ?p }"), 1, "cannot be read"),
        (("query", "SELECT * { SERVICE <http://x/> {} }"), 1, "SERVICE"),
        (("query", "ASK {}", "--format", "turtle"), 0, ""),
        (("load", "no-such-folder"), 2, "no file or folder"),
        (("entty", "ford"), 2, "did you mean entity"),
        (("exposure", "ford", "--as-of", "yesterday"), 2, "no date"),
        (("query", "x", "-p", "novalue"), 2, "NAME=VALUE"),
        (("undo", "99"), 2, "no batch"),
        (("graph", "exposure", "ford", "-o", "/nonexistent-folder/x.html"), 3, "cannot write"),
        (("verify", "--head", "deadbeefdeadbeef"), 1, "cut off"),
    ],
)
def test_every_slip_has_a_message_and_an_exit_code(run, shipped_home, arguments, code, says):
    """Plain words, near matches, no traceback."""
    done = run(*arguments, home=shipped_home)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_an_answer_can_be_piped_away(run, shipped_home):
    """A reader that closes early is no error."""
    environment = {**os.environ, "KG_HOME": str(shipped_home), "PYTHONPATH": str(WORLD.parent.parent)}
    text = "SELECT * { ?s ?p ?o }"
    with subprocess.Popen(
        [sys.executable, "-m", "kg.cli", "query", text, "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        errors = child.stderr.read().decode()
    assert "Traceback" not in errors


def test_no_label_can_steer_the_terminal(run, tmp_path):
    """Escape sequences and turned text come out as visible codes."""
    folder = tmp_path / "nasty"
    folder.mkdir()
    (folder / "entities.csv").write_text(
        "id,label,kinds,aliases\nnasty,Nas\u202ety [bold]Works[/bold],company,\u2066Sneaky\n",
        encoding="utf-8",
    )
    assert run("load", str(folder)).returncode == 0
    out = run("entity", "nasty").stdout
    assert "\\u202e" in out
    assert "\u202e" not in out
    assert "[bold]" in out


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_any_query_within_a_second(shipped_home):
    """The child goes with it."""
    environment = {**os.environ, "KG_HOME": str(shipped_home), "PYTHONPATH": str(WORLD.parent.parent)}
    text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    child = subprocess.Popen(
        [sys.executable, "-m", "kg.cli", "query", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    time.sleep(3)
    os.killpg(child.pid, signal.SIGINT)
    began = time.monotonic()
    _, errors = child.communicate(timeout=10)
    assert time.monotonic() - began < 1.5
    assert child.returncode == 130
    assert b"Traceback" not in errors


def test_a_read_only_workspace_still_answers(run, shipped_home, tmp_path):
    """Questions work where nothing can be written (as another user than root)."""
    import shutil

    home = tmp_path / "ro"
    shutil.copytree(shipped_home, home)
    for path in (home, home / "ledger.sqlite"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert run("why", "ford", "inTalksWith", "xiaomi", *DAY, home=home).returncode == 0
        assert run("query", "ASK { ?s a ev:Claim }", *DAY, home=home).stdout.strip() == "yes"
    finally:
        home.chmod(0o755)


def test_errors_are_told_before_warnings(world, run, tmp_path):
    """Whatever the order of the file."""
    rows = ({"stance": "denied"}, {"subject": "nobody"})
    done = run("load", str(write_facts(tmp_path / "mixed", *rows)), home=world.home)
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith("facts.csv:3:subject  unknown-entity")
    assert any(line.startswith("warning: facts.csv:2") for line in lines), lines


def test_what_is_neither_date_nor_head_is_told_with_both(world, run):
    """`--known-by` takes either."""
    done = run("query", "suppliers", "--known-by", "HEAD", home=world.home)
    assert done.returncode == 2
    assert "is no date and no ledger head; write 2026-06-30" in done.stderr


def test_a_decision_about_nobody_or_a_misread_identifier_is_refused_in_words(world, run):
    """Not as a row of a file that nobody wrote."""
    done = run("match", "Basalt Ltd", "basallt", home=world.home)
    assert done.returncode == 2
    assert "no entity is called 'basallt'; did you mean basalt" in done.stderr
    assert "entities.csv" not in done.stderr
    done = run("match", "isin:US0378331006", "basalt", home=world.home)
    assert done.returncode == 2
    assert "would have to be 5" in done.stderr


def test_an_export_names_what_it_leaves_out(world, run, tmp_path):
    """With the number of rows."""
    done = run("export", "ftm", "-o", str(tmp_path / "out"), home=world.home)
    rows = (tmp_path / "out" / "left-out.csv").read_text(encoding="utf-8").count("\n") - 1
    assert f"left-out.csv there lists {rows} rows" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELEC ?x {", "did you mean SELECT?"),
        (" ", "there is no query"),
        (
            "SELECT ?x { ?x foo:bar ?y }",
            "the prefix foo: is not declared; without a declaration there are ev:",
        ),
        ("PREFIX a: <http://a.test/> DESCRIB a:b", "did you mean DESCRIBE?"),
    ],
)
def test_a_query_with_a_slip_is_told_what_was_meant(world, text, said):
    """Not in the words of a grammar."""
    with pytest.raises(Refused) as told:
        world.query(text)
    assert said in str(told.value)


def test_a_file_that_brings_nothing_says_why_in_full(world, run, tmp_path):
    """Its hints are all there is to say; they are not counted away behind --all."""
    file = tmp_path / "other.ttl"
    file.write_text('<https://a.test/x> <https://a.test/y> "z" .\n', encoding="utf-8")
    done = run("load", str(file), home=world.home)
    assert "nothing new" in done.stdout
    assert "hint: other.ttl  no-claims" in done.stderr
    assert "--all shows them" not in done.stderr
