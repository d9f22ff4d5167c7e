"""Killed at fifty points: the ledger is the old one or the new one, intact, and everything derived catches up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not hasattr(os, "fork"), reason="processes are forked and killed, which this system cannot"
    ),
]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("operation", ["load", "undo", "rebuild", "export", "restore"])
def test_an_operation_killed_at_fifty_points_is_done_or_not_done(operation, tmp_path):
    """And what it acknowledged is never lost; `victim.py` looks at every remnant."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.victim", operation, str(tmp_path), "50", "20260301"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == 50
    assert not all(each["new"] for each in found), "no kill came before the end"
    if operation != "rebuild":
        assert any(each["new"] for each in found), "every kill came before the decisive moment"


def test_killed_between_the_ledger_and_the_index_the_next_start_answers_from_the_ledger(tmp_path, run):
    """The load was acknowledged by its commit; no index of the new head exists."""
    from tests.conftest import WORLD

    first = run("load", str(WORLD), home=tmp_path / "home")
    assert first.returncode == 0, first.stderr
    question = (
        "query",
        "SELECT ?who { ?who ev:supplies id:aurora }",
        "--format",
        "csv",
        "--as-of",
        "2026-03-01",
    )
    before = run(*question, home=tmp_path / "home")
    assert before.returncode == 0, before.stderr
    code = (
        "import os, signal, sys; from kg import KnowledgeGraph; from kg.ledger import Ledger; plain = Ledger.append\n"
        "def append(*a, **k): plain(*a, **k); os.kill(os.getpid(), signal.SIGKILL)\n"
        "Ledger.append = append; KnowledgeGraph(sys.argv[1]).load(sys.argv[2])"
    )
    (tmp_path / "facts.csv").write_text(
        "subject,relation,object,layer,stance,source,paraphrase\n"
        "cirrus,supplies,aurora,connectivity,reported,inland-2026-01-11,A box.\n",
        encoding="utf-8",
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home"), str(tmp_path / "facts.csv")],
        cwd=ROOT,
        check=False,
    )
    assert killed.returncode == -9
    after = run(*question, home=tmp_path / "home")
    assert after.returncode == 0, after.stderr
    assert set(after.stdout.split()) - set(before.stdout.split()) == {"https://w3id.org/evsw/id/cirrus"}
    assert run("verify", home=tmp_path / "home").returncode == 0
