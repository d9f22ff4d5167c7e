"""The workbench: local, read-only, and every page leads to claims."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from kg.explore import application

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1:7799"


@pytest.fixture(scope="module")
def client(shipped):
    """The workbench without a network."""
    return TestClient(
        application(shipped, frozenset({HOST, "localhost:7799", "[::1]:7799"})), base_url=f"http://{HOST}"
    )


PAGES = [
    "/", "/entity/ford", "/entity/us-1260h-list", "/statement?subject=ford&relation=inTalksWith&object=xiaomi",
    "/statement?subject=ford&relation=dependsOn&object=catl", "/questions", "/sources", "/batches", "/search?q=batt",
    "/source/technobezz-ford-xiaomi-deny", "/exposure/ford", "/exposure/ford?to=united-states", "/health",
    "/?view=alive", "/entity/ford?view=scenario:ford-xiaomi-phased-deal", "/static/app.css",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_under_a_strict_policy(client, path):
    """No frame, no sniffing, no referrer, and no page from elsewhere."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css)"', answer.text)


def test_every_link_on_the_main_pages_leads_somewhere(client):
    """Walk two clicks deep from the home page over our own pages."""
    todo, seen = ["/"], {"/"}
    for _ in range(120):
        if not todo:
            break
        answer = client.get(todo.pop(0))
        assert answer.status_code == 200, answer.url
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            link = link.replace("&amp;", "&")
            if link not in seen and len(seen) < 120 and not link.startswith("/static"):
                seen.add(link)
                todo.append(link)
    assert len(seen) > 60


def test_the_statement_page_shows_both_sides_with_their_origins(client):
    """One origin reports, two deny, the speaker named."""
    text = client.get("/statement?subject=ford&relation=inTalksWith&object=xiaomi").text
    assert "contested" in text
    assert "1 independent origin" in text
    assert "2 independent origins" in text
    assert "Mark Truby" in text


def test_an_answer_without_rows_tells_what_is_said_and_not_so(client):
    """Each with its reason and a link to both sides; a page whose answer passes over nothing says nothing."""
    page = client.get("/question/partners?entity=xiaomi").text
    assert "No row in this view." in page
    assert "Said, but not so in this view" in page
    found = re.search(
        r'<a href="(/statement[^"]*)"><bdi>Ford is in talks with Xiaomi</bdi></a> <span class="chip">contested<',
        page,
    )
    assert found
    assert "Ford is in talks with Xiaomi" in client.get(found[1].replace("&amp;", "&")).text
    assert "Said, but not so" not in client.get("/question/talks?entity=xiaomi").text


def test_a_wrong_name_gets_near_matches_and_no_traceback(client):
    """As on the command line."""
    answer = client.get("/search?q=Forde Motor")
    assert answer.status_code == 404
    assert "Ford Motor" in answer.text
    for path in (
        "/entity/nobody",
        "/claim/zzzzzzzz",
        "/nope",
        "/?view=hopeful",
        "/question/nope",
        "/statement",
    ):
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert "Traceback" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:80", "evil.example:7799", ""])
def test_a_foreign_host_is_refused(client, host):
    """No web page can reach in by a name of its own."""
    assert client.get("/", headers={"Host": host}).status_code == 400


def test_the_ipv6_name_of_this_machine_works(client):
    """[::1] is loopback too."""
    assert client.get("/health", headers={"Host": "[::1]:7799"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_written(client, method):
    """There is no such route, whatever the form says."""
    assert client.request(method, "/", data={"update": "INSERT"}).status_code == 405


def test_hostile_input_in_the_address_stays_text(client):
    """Searched words are shown, never run."""
    answer = client.get("/search", params={"q": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_kg_explore_serves_on_loopback_and_ends_with_ctrl_c(shipped_home):
    """The command itself, as a user starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "KG_HOME": str(shipped_home), "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-m", "kg.cli", "explore", "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip
    try:
        for _ in range(100):
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/health").json()["view"] == "cautious"
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        else:
            pytest.fail("the workbench did not come up in 10 s")
        second = subprocess.run(
            [sys.executable, "-m", "kg.cli", "serve", "--port", str(port)],
            capture_output=True, text=True, env=environment, timeout=30, check=False,
        )  # fmt: skip
        assert second.returncode == 3
        assert "choose another with --port" in second.stderr
    finally:
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=10)
    assert b"Traceback" not in errors
