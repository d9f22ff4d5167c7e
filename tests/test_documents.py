"""The documents tell the truth: rooms, commands, columns and promises are what the code has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from kg.cli import kg
from kg.factfile import COLUMNS, REQUIRED
from kg.policy import POLICIES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_module_has_its_row_in_the_architecture_and_every_row_its_module():
    """Somebody opening the folder finds the room by its name."""
    told = set(re.findall(r"^\| `((?:kg|viz)/[\w/]+\.py)`", ARCHITECTURE, re.M))
    there = {
        path.relative_to(ROOT).as_posix()
        for folder in ("kg", "viz")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert told == {
        path for path in there if not path.endswith(("kg/__init__.py", "viz/__init__.py", "__main__.py"))
    }


def test_every_command_is_in_the_readme_and_has_help():
    """And the README names none that is not there."""
    told = set(re.findall(r"`kg (\w+)", README)) | set(re.findall(r"\$ kg (\w+)", README))
    assert told == set(kg.commands)
    for command in kg.commands.values():
        assert command.help
        assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_the_readme_tells_every_view_and_column():
    """Policies by their own words; the columns a batch needs in bold."""
    for name in POLICIES:
        assert f"`{name}`" in README
    for table, columns in REQUIRED.items():
        if table in ("scenarios", "withdrawals", "matches"):
            continue
        row = next(line for line in README.splitlines() if line.startswith(f"| `{table}.csv`"))
        assert set(re.findall(r"\*\*(\w+)\*\*", row)) == set(columns), table
        plain = re.sub(r"`[^`]*`|\([^)]*\)", "", row.split("|")[2])
        assert {word for word in re.findall(r"\w+", plain) if "_" in word} <= set(COLUMNS[table])


def test_the_readmes_numbers_are_those_of_the_facts():
    """638 collected rows in three batches."""
    assert "638 collected fact rows" in README
    assert (ROOT / "kg" / "data" / "left-out.csv").exists()


def test_the_package_imports_as_the_readme_shows():
    """The names in the README's Python lines exist."""
    from kg import KnowledgeGraph

    for name in re.findall(r"graph\.(\w+)\(", README):
        assert hasattr(KnowledgeGraph, name), name


def tracked():
    """Files of the project, as git knows them."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("no git here")
    return [ROOT / line for line in done.stdout.splitlines()]


def test_the_tree_names_no_machine_and_no_registry():
    """Nothing of the place where it was written stays in it."""
    secret = re.compile(
        r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/[\w.]|pypi\.org/simple|files\.pythonhosted|registry\.npmjs"
    )
    for path in tracked():
        if path.suffix in (".png", ".woff2") or path.name == Path(__file__).name or not path.is_file():
            continue
        found = secret.search(path.read_text(encoding="utf-8", errors="ignore"))
        assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


def test_the_start_of_the_command_stays_light():
    """`kg --help` loads none of the heavy libraries."""
    heavy = {
        "networkx",
        "rdflib",
        "pyvis",
        "owlready2",
        "pyoxigraph",
        "rich",
        "starlette",
        "jinja2",
        "SPARQLWrapper",
        "pyshacl",
    }
    code = "import sys; from kg.cli import kg; print(' '.join(sorted(sys.modules)))"
    import sys

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
