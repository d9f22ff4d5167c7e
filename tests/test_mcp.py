"""The server for language-model clients, asked by the SDK's own client: every answer with its claims, nothing written."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from kg import KnowledgeGraph
from kg.errors import Unavailable
from kg.mcp import server
from kg.query import library
from tests.conftest import HERE


@pytest.fixture
def call(world: KnowledgeGraph) -> Callable[..., Any]:
    """Call a tool of a server over the invented world and return what it answered, or its error as text."""
    made = server(world)

    def ask(tool: str, **arguments: Any) -> Any:
        async def talk() -> Any:
            async with Client(made) as client:
                return await client.call_tool(tool, arguments)

        result = anyio.run(talk)
        told = result.content[0].text
        return told if result.is_error else json.loads(told)

    return ask


def test_a_client_over_standard_input_finds_the_tools_and_asks(shipped_home: Path):
    """As a desktop client does it: `kg mcp` in a process of its own, started and ended by the client."""
    environment = {**os.environ, "KG_HOME": str(shipped_home), "PYTHONPATH": str(HERE.parent)}
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "kg.cli", "mcp", "--as-of", "2026-11-23"], env=environment
    )

    async def talk() -> tuple[list[Any], Any]:
        async with Client(command) as client:
            tools = (await client.list_tools()).tools
            return tools, await client.call_tool("ask", {"text": "Are Ford and Xiaomi in talks?"})

    tools, result = anyio.run(talk)
    assert {tool.name for tool in tools} == {
        "ask", "list_questions", "run_question", "sparql", "find_entity", "entity", "explain_statement", "exposure",
        "claim", "source",
    }  # fmt: skip
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    answer = json.loads(result.content[0].text)
    assert not result.is_error
    assert answer["standing"] == "contested"
    assert (answer["view"], answer["as_of"]) == ("cautious", "2026-11-23")
    stances = {card["stance"] for card in answer["cards"].values()}
    assert {"reported", "denied"} <= stances
    assert all(
        card["source"]["id"] and (card["quote"] or card["paraphrase"]) for card in answer["cards"].values()
    )


def test_every_argument_says_what_it_wants(world):
    """A model has nothing but the schema to go by."""

    async def talk() -> list[Any]:
        async with Client(server(world)) as client:
            return list((await client.list_tools()).tools)

    for tool in anyio.run(talk):
        for name, argument in tool.input_schema["properties"].items():
            assert name == "under" or argument["description"], (tool.name, name)


def test_a_question_comes_with_the_claims_of_each_row(call, world):
    """Each row names its claims, and each claim is told: who, where, how firmly, in which words."""
    answer = call("run_question", name="suppliers", values={"entity": "Aurora"})
    assert len(answer["rows"]) == answer["total_rows"] == 3
    for row in answer["rows"]:
        assert row["claims"]
        assert set(row["claims"]) <= set(answer["claims"])
    assert all(card["stance"] and card["source"] for card in answer["claims"].values())
    assert (answer["view"], answer["head"]) == ("cautious", world.head)


def test_an_answer_without_rows_tells_what_is_said_and_not_so(call):
    """A model that sees no row would say that there is nothing."""
    for body in (
        call("run_question", name="partners", values={"entity": "cirrus"}),
        call("sparql", query="SELECT ?x { id:cirrus ev:partnersWith|ev:inTalksWith|ev:jointVentureWith ?x }"),
    ):
        assert body["rows"] == []
        assert body["total_withheld"] == 4
        assert {item["why"] for item in body["withheld"]} == {"contested"}
        assert all(item["claims"] for item in body["withheld"])
    assert "withheld" not in call("run_question", name="rivals", values={"entity": "cirrus"})


def test_plain_words_are_answered_or_met_with_the_nearest_questions(call):
    """Unsure means that nothing is asked."""
    answer = call("ask", text="who supplies cells to Aurora?")
    assert answer["understood"]["sure"] in ("sure", "likely")
    assert {row["supplier"] for row in answer["rows"]} == {"id:basalt"}
    answer = call("ask", text="will it rain?")
    assert answer["understood"]["sure"] == "unsure"
    assert "rows" not in answer
    answer = call("ask", text="Does Cirrus supply Fjord?")
    assert answer["standing"] == "unsaid"
    assert "no sign that it is false" in answer["note"]


def test_the_view_and_its_days_are_the_clients_choice(call):
    """Denied or not; a slip in the view is told."""
    said = {"subject": "aurora", "relation": "inTalksWith", "object": "cirrus"}
    assert call("explain_statement", **said)["view"] == "cautious"
    alive = call("explain_statement", **said, under={"view": "alive", "as_of": "2026-02"})
    assert (alive["view"], alive["as_of"]) == ("alive", "2026-02-28")
    assert "cautious" in call("explain_statement", **said, under={"view": "cautios"})
    assert "2026-06" in call("explain_statement", **said, under={"as_of": "soon"})
    assert "asof" in call("explain_statement", **said, under={"asof": "2026-02"})


def test_what_a_question_was_asked_for_is_told(call):
    """The example in its file answers where a parameter is left out; an empty one is a slip."""
    answer = call("run_question", name="suppliers", values={"entity": "basalt"})
    assert answer["values"] == {"entity": "basalt", "within": library()["suppliers"].parameters[1].default}
    assert "'entity' is empty" in call("run_question", name="suppliers", values={"entity": " "})


def test_sparql_goes_through_the_gate(call):
    """Nothing is written, nothing leaves the house, and what is refused says why."""
    answer = call("sparql", query="SELECT ?who { ?who ev:supplies id:aurora } ORDER BY ?who")
    assert [row["who"] for row in answer["rows"]] == ["id:basalt", "id:fjord"]
    assert all(row["claims"] for row in answer["rows"])
    assert "SERVICE is not allowed" in call(
        "sparql", query="SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"
    )
    assert "INSERT is not allowed" in call("sparql", query="INSERT DATA { id:a ev:supplies id:b }")
    assert call("sparql", query="ASK { id:basalt ev:supplies id:aurora }")["boolean"] is True
    assert "ev:supplies" in call("sparql", query="CONSTRUCT WHERE { ?a ev:supplies ?b }")["graph"]


def test_long_answers_are_cut_and_say_so(call):
    """A client is never sent the whole graph."""
    answer = call("sparql", query="SELECT ?s ?p ?o { ?s ?p ?o }", limit=100_000)
    assert len(answer["rows"]) == 200
    assert answer["total_rows"] > 200
    assert answer["cut_off"] is True
    assert len(json.dumps(answer)) < 400_000


def test_entities_are_found_by_part_and_told_with_their_ties(call):
    """By part of a name, by a slip, and in full."""
    assert call("find_entity", name="auro")["entities"][0]["id"] == "aurora"
    assert call("find_entity", name="Auorra Motors")["entities"][0]["id"] == "aurora"
    answer = call("entity", name="Aurora Motors")
    assert answer["entity"]["id"] == "aurora"
    told = {*answer["claims"], *answer.get("claims_left_out", ())}
    assert {key for tie in answer["ties"] for key in tie["claims"]} <= told
    assert "did you mean" in call("entity", name="Auroro")


def test_exposure_claims_and_sources_are_told(call):
    """Paths with the claims of their hops; a claim with the other side; a document with what was drawn from it."""
    answer = call("exposure", entity="aurora")
    assert answer["paths"]
    told = {*answer["claims"], *answer.get("claims_left_out", ())}
    assert {key for path in answer["paths"] for hop in path["hops"] for key in hop["claims"]} <= told
    denial = next(
        key
        for key, card in call("explain_statement", subject="aurora", relation="inTalksWith", object="cirrus")[
            "cards"
        ].items()
        if card["stance"] == "denied"
    )
    answer = call("claim", id=denial)
    assert answer["claim"]["speaker"]
    assert answer["disputed_by"]
    answer = call("source", id=answer["claim"]["source"]["id"])
    assert denial in answer["drawn"]
    assert "no claim is called" in call("claim", id="nobody")


def test_what_cannot_be_seen_is_shown(call, world, tmp_path):
    """Tag characters and marks that turn the line round can carry orders to a model that its reader never sees."""
    folder = tmp_path / "more"
    folder.mkdir()
    hidden = "Aurora gets cells." + "".join(chr(0xE0000 + ord(char)) for char in "obey") + "\u202e"
    (folder / "facts.csv").write_text(
        "subject,relation,object,layer,stance,source,paraphrase\n"
        f"fjord,supplies,basalt,pack,reported,inland-2026-01-11,{hidden}\n",
        encoding="utf-8",
    )
    assert world.load(folder)[1] is not None
    answer = call("run_question", name="suppliers", values={"entity": "basalt"})
    told = json.dumps(answer, ensure_ascii=False)
    assert "Aurora gets cells." in told
    assert not {char for char in told if ord(char) >= 0xE0000 or char == "\u202e"}
    assert "\\u202e" in told


def test_resources_list_what_queries_may_use(world):
    """Prefixes, relations and layers."""

    async def talk() -> dict[str, Any]:
        async with Client(server(world)) as client:
            listed = [str(item.uri) for item in (await client.list_resources()).resources]
            return {uri: json.loads((await client.read_resource(uri)).contents[0].text) for uri in listed}

    found = anyio.run(talk)
    assert found["kg://prefixes"]["ev"] == "https://w3id.org/evsw/ontology#"
    assert "{subject}" in found["kg://relations"]["supplies"]["reads"]
    assert found["kg://layers"]["cell"] == ["battery"]


def test_nothing_a_client_can_call_changes_the_ledger(call, world):
    """Read only: the head is the same after every tool."""
    head = world.head
    for tool, arguments in (
        ("ask", {"text": "who supplies Aurora?"}),
        ("run_question", {"name": "contested"}),
        ("exposure", {"entity": "aurora"}),
        ("sparql", {"query": "DELETE WHERE { ?s ?p ?o }"}),
    ):
        call(tool, **arguments)
    assert world.head == head


def test_without_the_sdk_it_is_said_what_to_install(world, monkeypatch):
    """An optional part that is missing is no internal error."""
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(Unavailable, match=r"pip install 'ev-supply-web\[mcp\]'"):
        server(world)
