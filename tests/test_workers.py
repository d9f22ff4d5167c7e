"""Workers: nothing that a query does gets the others stuck, and nothing is left behind."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import query
from kg.errors import Refused, Unavailable
from kg.query import Limits, Scope, TooCostly
from kg.workers import Busy
from tests.attacks import HEAVY

ROOT = Path(__file__).resolve().parent.parent
LIGHT = "SELECT ?o { <x:s7> <x:next> ?o }"
ENDLESS = HEAVY["a product of products"]


def _store(place: Path, size: int) -> Path:
    store = pyoxigraph.Store(str(place / "store"))
    lines = "".join(f"<x:s{number}> <x:next> <x:s{(number + 1) % size}> .\n" for number in range(size))
    lines += "<x:s7> <x:in> <x:g> <x:g> .\n<x:s7> <x:in> <x:h> <x:h> .\n"
    store.bulk_load(lines.encode(), format=pyoxigraph.RdfFormat.N_QUADS)
    store.flush()
    return place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A store of a ring of three thousand links, and two small graphs."""
    return _store(tmp_path_factory.mktemp("ring"), 3000)


@pytest.fixture
def pool():
    """Workers, ended whatever happens."""
    found = query.workers()
    yield found
    found.close()


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process has come to its end, given a moment."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            time.sleep(0.05)
            continue
        return True
    return False


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_query_is_stopped_and_the_next_one_answered(place, pool, name):
    """At its deadline or its memory, with a sentence that says which; the light one after it is answered."""
    began = time.monotonic()
    with pytest.raises(TooCostly, match=r"stopped after 1.5 s|memory") as caught:
        query.ask(HEAVY[name], place, pool, limits=Limits(seconds=1.5, memory=1 << 30))
    assert caught.value.why in ("time", "memory")
    assert time.monotonic() - began < 10
    assert query.ask(LIGHT, place, pool).body.count(b"x:s8") == 1


def test_a_light_query_is_answered_while_two_heavy_ones_run(place, pool):
    """It need not wait for them: they are still at it when it is done."""
    ended: list[float] = []

    def heavy() -> None:
        with contextlib.suppress(TooCostly):
            query.ask(ENDLESS, place, pool, limits=Limits(seconds=6))
        ended.append(time.monotonic())

    threads = [threading.Thread(target=heavy) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert query.ask(LIGHT, place, pool).variables == ("o",)
    answered = time.monotonic()
    for thread in threads:
        thread.join()
    assert len(ended) == 2
    assert min(ended) > answered


def test_a_full_pool_says_so_at_once(place):
    """And when to come back; who waits in the queue is served."""
    from kg.workers import Workers

    pool = Workers("kg.query:_opened", size=1, queue=1, patience=60)
    waiting: list[object] = []

    def endless() -> None:
        with contextlib.suppress(TooCostly):
            query.ask(ENDLESS, place, pool, limits=Limits(seconds=4))

    def patient() -> None:
        waiting.append(query.ask(LIGHT, place, pool).variables)

    threads = [threading.Thread(target=work) for work in (endless, patient)]
    try:
        for thread in threads:
            thread.start()
            time.sleep(0.8)
        with pytest.raises(Busy, match="try again in 5 s"):
            query.ask(LIGHT, place, pool)
        for thread in threads:
            thread.join()
        assert waiting == [("o",)]
    finally:
        pool.close()


def test_one_pool_serves_many_stores_with_few_children(place, tmp_path):
    """The one idle longest makes room; each store answers for itself."""
    other = _store(tmp_path, 10)
    pool = query.workers(1)
    counted = "SELECT (COUNT(*) AS ?n) { ?s <x:next> ?o }"
    try:
        for store, size in ((place, 3000), (other, 10), (place, 3000)):
            assert f'"{size}"'.encode() in query.ask(counted, store, pool).body
            assert len(pool._residents) == 1
    finally:
        pool.close()


def test_a_child_that_somebody_kills_is_replaced(place, pool):
    """The next query does not meet the dead one."""
    query.ask(LIGHT, place, pool)
    (resident,) = pool._residents
    os.kill(resident.pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while resident.alive and time.monotonic() < until:
        time.sleep(0.02)
    assert query.ask(LIGHT, place, pool).variables == ("o",)


def test_no_child_is_left_when_the_pool_is_closed(place):
    """Neither an idle one nor one at work; who waited is told, and nobody can ask any more."""
    pool = query.workers()
    query.ask(LIGHT, place, pool)
    said: list[Exception] = []

    def ask() -> None:
        try:
            query.ask(ENDLESS, place, pool, limits=Limits(seconds=60))
        except Refused as error:
            said.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)
    pids = [resident.pid for resident in pool._residents]
    pool.close()
    thread.join(20)
    assert not thread.is_alive()
    assert pids
    assert all(gone(pid) for pid in pids)
    assert len(said) == 1
    with pytest.raises(Unavailable, match="closed"):
        query.ask(LIGHT, place, pool)


def test_no_child_is_left_when_the_pool_is_forgotten(place):
    """As happens to whoever does not close what they opened."""
    pool = query.workers()
    query.ask(LIGHT, place, pool)
    (resident,) = pool._residents
    pid = resident.pid
    del pool, resident
    assert gone(pid)


def test_a_store_that_is_not_there_is_said_to_be(tmp_path, pool):
    """A sentence, no traceback."""
    with pytest.raises(Unavailable, match="index cannot be opened"):
        query.ask(LIGHT, tmp_path / "nowhere", pool)


def test_a_query_may_be_asked_of_graphs_of_the_view(place, pool):
    """Merged into the default graph, or by name; of one that is not there nothing is answered."""
    asked = "SELECT ?o { ?s <x:in> ?o } ORDER BY ?o"
    assert _values(query.ask(asked, place, pool)) == []
    assert _values(query.ask(asked, place, pool, scope=Scope(("x:g", "x:h")))) == ["x:g", "x:h"]
    named = "SELECT ?o { GRAPH ?g { ?s <x:in> ?o } }"
    assert _values(query.ask(named, place, pool, scope=Scope(named=("x:h",)))) == ["x:h"]
    assert _values(query.ask(asked.replace("{", "FROM <x:g> {", 1), place, pool)) == ["x:g"]
    for scope in (Scope(("x:no",)), Scope(named=("no IRI",))):
        with pytest.raises(Refused, match="no such graph"):
            query.ask(asked, place, pool, scope=scope)


def _values(reply: query.Reply) -> list[str]:
    return [row["o"]["value"] for row in json.loads(reply.body)["results"]["bindings"]]


# -- what the engine writes, and where it is cut


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6) | st.sampled_from(
    ['},{"', "}},{", "]}}", "</result><result>", "\n", "\r\n", '"', "\t", "\\", "a,b", '""', "&lt;", "=1"]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(_TEXT, st.none() | _TEXT), min_size=1, max_size=12), st.integers(1, 13))
def test_an_answer_is_cut_between_rows_in_every_form(rows, most):
    """Read with other people's readers, it is the first rows of the whole, and says that it was cut."""
    store = pyoxigraph.Store()
    lines = " ".join(
        f"({_literal(first)} {_literal(second) if second is not None else 'UNDEF'})" for first, second in rows
    )
    text = f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {lines} }} }}"
    wanted = rows[:most]
    limits = Limits(rows=most)
    for form in ("json", "xml", "tsv", "csv"):
        reply = query.ask_here(text, store, form=form, limits=limits)
        assert reply.truncated == (len(rows) > most), form
        assert _READERS[form](reply.body) == [
            (first, (second or "") if form == "csv" else second) for first, second in wanted
        ]


def _literal(text: str) -> str:
    return str(pyoxigraph.Literal(text))


def _json(body: bytes) -> list[tuple[str, str | None]]:
    return [
        (row["a"]["value"], row.get("b", {}).get("value")) for row in json.loads(body)["results"]["bindings"]
    ]


def _xml(body: bytes) -> list[tuple[str, str | None]]:
    # Read by the engine: an XML parser of the standard library would turn CR LF into LF, as XML has it.
    ElementTree.fromstring(body)
    found = pyoxigraph.parse_query_results(body, pyoxigraph.QueryResultsFormat.XML)
    return [(row["a"].value, row["b"] and row["b"].value) for row in found]


def _tsv(body: bytes) -> list[tuple[str, str | None]]:
    found = pyoxigraph.parse_query_results(body, pyoxigraph.QueryResultsFormat.TSV)
    return [(row["a"].value, row["b"] and row["b"].value) for row in found]


def _csv(body: bytes) -> list[tuple[str, ...]]:
    names, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    assert names == ["a", "b"]
    return [tuple(row) for row in rows]


_READERS = {"json": _json, "xml": _xml, "tsv": _tsv, "csv": _csv}


def test_one_row_larger_than_an_answer_may_be_is_refused(monkeypatch):
    """Half a row is no answer."""
    monkeypatch.setattr(query, "_BYTES", 1000)
    store = pyoxigraph.Store()
    with pytest.raises(TooCostly, match="memory"):
        query.ask_here('SELECT ("' + "x" * 20_000 + '" AS ?a) {}', store)
    text = 'SELECT ?a { VALUES ?a { "one" "' + "x" * 20_000 + '" } }'
    reply = query.ask_here(text, store)
    assert reply.truncated
    assert [row["a"]["value"] for row in json.loads(reply.body)["results"]["bindings"]] == ["one"]


def test_triples_beyond_the_limit_are_cut_off_and_it_says_so(place, pool):
    """What is there is whole, and readable."""
    reply = query.ask(
        "CONSTRUCT WHERE { ?s <x:next> ?o }", place, pool, graph_format="ntriples", limits=Limits(rows=5)
    )
    assert reply.truncated
    assert len(list(pyoxigraph.parse(reply.body, format=pyoxigraph.RdfFormat.N_TRIPLES))) == 5


# -- through the doors that users take


def test_many_questions_of_one_graph_share_a_child(world):
    """The second is asked of the child that the first has started; closing ends it."""
    for _ in range(3):
        world.query("suppliers", entity="aurora")
    pids = [resident.pid for resident in world.workers._residents]
    assert len(pids) == 1
    world.close()
    assert gone(pids[0])


def test_a_trusted_question_gives_the_same_rows_in_this_process(world):
    """And no child is started for it; the gate stands all the same."""
    here = world.query("suppliers", entity="aurora", trusted=True)
    assert world._workers is None
    assert here == world.query("suppliers", entity="aurora")
    with pytest.raises(Refused, match="SERVICE"):
        world.query("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", trusted=True)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks into /proc")
def test_ctrl_c_ends_a_query_on_the_command_line(shipped_home):
    """Long before its deadline, without a traceback, and its child with it."""
    command = [sys.executable, "-m", "kg.cli", "query", ENDLESS, "--home", str(shipped_home)]
    asking = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        child = _child_of(asking.pid)
        time.sleep(0.5)
        asking.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, errors = asking.communicate(timeout=20)
        assert time.monotonic() - began < 10
    finally:
        asking.kill()
        asking.wait()
    assert asking.returncode not in (0, None)
    assert b"Traceback" not in errors
    assert gone(child)


def _child_of(parent: int, seconds: float = 30.0) -> int:
    """Return the number of the process that a process has started, once it has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if path.read_text(encoding="utf-8").rpartition(")")[2].split()[1] == str(parent):
                    return int(path.parent.name)
        time.sleep(0.05)
    pytest.fail("no child was started")


# -- what a worker may still open


def test_a_store_of_many_files_is_answered_from(tmp_path, pool):
    """RocksDB opens the first sixteen at once and the others when it needs them: they are not shut out."""
    store = pyoxigraph.Store(str(tmp_path / "store"))
    for part in range(6):  # each load adds files to every one of its tables
        lines = "".join(
            f'<x:s{part}-{n}> <x:p> "a text that is too long to be kept inline, {part} {n}" <x:g{part}> .\n'
            for n in range(50)
        )
        store.bulk_load(
            (lines + lines.replace(f" <x:g{part}>", "")).encode(), format=pyoxigraph.RdfFormat.N_QUADS
        )
    store.flush()
    assert len(list((tmp_path / "store").glob("*.sst"))) > 30
    counted = query.ask("SELECT (COUNT(*) AS ?o) { ?s ?p ?t . GRAPH ?g { ?s ?p ?t } }", tmp_path, pool)
    assert _values(counted) == ["300"]


CONFINED = """
import socket, sys, threading
from kg.child import limit

limit(memory=4 << 30, seconds=None, closed=True, files=3)
said, held = [], []

def sockets():
    try:
        socket.socket()
        said.append("a socket")
    except OSError:
        said.append("no socket")

thread = threading.Thread(target=sockets)
thread.start()
thread.join()
sockets()
try:
    while True:
        held.append(open(sys.argv[1], "rb"))
except OSError:
    print(*said, len(held), "files")
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.uname().machine not in ("x86_64", "aarch64"), reason="Linux only"
)
def test_files_that_may_be_opened_let_no_socket_in(tmp_path):
    """In no thread of the process; and no file too many."""
    (tmp_path / "file").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(tmp_path / "file")],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["no", "socket", "no", "socket", "3", "files"]
