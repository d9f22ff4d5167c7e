"""What many tests share: the invented world, the shipped facts, and a way to run the command line."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kg import KnowledgeGraph, Policy
from kg.view import View

HERE = Path(__file__).resolve().parent
WORLD = HERE / "world"
#: The day the invented world is asked about, so that no test depends on today.
DAY = datetime.date(2026, 3, 1)
#: The day the shipped facts are asked about.
SHIPPED_DAY = datetime.date(2026, 11, 23)

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def policy(name: str = "cautious", **more: object) -> Policy:
    """Return a policy for the invented world."""
    return Policy(name, **{"as_of": DAY, **more})  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[KnowledgeGraph]:
    """Six invented firms that everyone knows by heart (tests/world)."""
    with KnowledgeGraph(tmp_path / "home", policy(), shipped=False) as graph:
        checked, _ = graph.load(WORLD)
        assert not checked.errors, checked.errors
        yield graph


@pytest.fixture
def world_view(world: KnowledgeGraph) -> Callable[..., View]:
    """Views of the invented world by policy name."""
    return lambda name="cautious", **more: world.view(policy(name, **more))


@pytest.fixture(scope="session")
def shipped_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made from the shipped facts, once for all tests; they only read it."""
    home = tmp_path_factory.mktemp("shipped")
    KnowledgeGraph(home).close()
    return home


@pytest.fixture(scope="session")
def shipped(shipped_home: Path) -> Iterator[KnowledgeGraph]:
    """The shipped facts, as of a fixed day."""
    with KnowledgeGraph(shipped_home, Policy(as_of=SHIPPED_DAY)) as graph:
        yield graph


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``kg`` as a user would, in a process of its own and with a workspace of the test's."""

    def call(
        *arguments: str, home: Path | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "KG_HOME": str(home or tmp_path / "home"),
            "PYTHONPATH": str(HERE.parent),
            "NO_COLOR": "1",
            "COLUMNS": "160",
        }
        environment.pop("KG_DEBUG", None)
        return subprocess.run(
            [sys.executable, "-m", "kg.cli", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=timeout,
            check=False,
        )

    return call
