"""FollowTheMoney: entities of an invented register become sourced facts, and facts go out as entities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kg import KnowledgeGraph
from kg.claim import Claim, Entity, Source
from kg.factfile import FactFile
from kg.formats.followthemoney import read, write
from kg.ingest import OnFile, check, unload


def entity(
    id_: str, schema: str, *, datasets: list[str] | None = None, caption: str = "", **properties: Any
) -> dict:
    """Return an entity as OpenSanctions writes it."""
    return {
        "id": id_,
        "schema": schema,
        "caption": caption or next(iter(properties.get("name", [id_]))),
        "properties": {name: value if isinstance(value, list) else [value] for name, value in properties.items()},
        "referents": [],
        "datasets": datasets or ["nl_register"],
        "first_seen": "2026-01-01T00:00:00",
        "last_seen": "2026-02-01T00:00:00",
        "target": False,
    }  # fmt: skip


REGISTER = [
    entity(
        "NK-Aurora", "Company", name=["Aurora Motors", "Aurora Motors AG"], alias="Aurora Autos",
        leiCode="5493006MHB84DD0ZWV18", ticker="NLX:AUR", jurisdiction="nl", address="1 Road", topics="sanction",
    ),
    entity("NK-aurora", "Company", name=["Aurora Books"], isinCode="NL0000009165"),
    entity("q-basalt", "LegalEntity", name=["Basalt Cells"], registrationNumber="77"),
    entity("q-who", "LegalEntity", name=["Someone"]),
    entity("p-ada", "Person", name=["Ada Ember"], birthDate="1970-01-01", nationality="nl"),
    entity("b-trade", "PublicBody", name=["Norland Trade Office"], country=["nl", "de"]),
    entity("v-ship", "Vessel", name=["Fjord Queen"]),
    entity(
        "own-1", "Ownership", owner="NK-Aurora", asset="q-basalt", percentage="40 %", startDate="2024-03",
        ownershipType="beneficial", sourceUrl="https://register.example/77", publisher="Norland Register",
    ),
    entity("own-2", "Ownership", owner="NK-Aurora", asset="v-ship"),
    entity("own-3", "Ownership", owner="p-ada", asset="NK-Aurora", percentage="25-50", startDate=["2020", "2021"]),
    entity("dir-1", "Directorship", director="p-ada", organization="q-basalt", role="chief executive", endDate="2025-12-31"),
    entity("dir-2", "Directorship", director="NK-Aurora", organization="q-basalt"),
    entity("mem-1", "Membership", member="p-ada", organization="b-trade"),
    entity("ctl-1", "Control", controller="p-ada", controlled="NK-Aurora", controlType="voting"),
    entity("link-1", "UnknownLink", subject="q-basalt", object="NK-Aurora", role="tests cells for"),
    entity("fam-1", "Family", person="p-ada", relative="q-who", relationship="sister"),
    entity(
        "s-1", "Sanction", entity="NK-Aurora", authority="Sudland Ministry of Trade", program="Sudland Import List",
        listingDate="2025-06-01", status="Suspended", reason="Subsidies",
    ),
    entity("s-2", "Sanction", entity="v-ship", program="Sudland Import List"),
    entity("sec-1", "Security", name=["Aurora share"], isin="NL0000235190", issuer="NK-Aurora"),
    entity("adr-1", "Address", full="1 Road"),
]  # fmt: skip


def lines(entities: list[dict]) -> bytes:
    return "".join(json.dumps(body) + "\n" for body in entities).encode()


def batch_of(data: bytes, name: str = "register.json") -> FactFile:
    batch = FactFile(title="register")
    read(name, data, batch)
    return batch


@pytest.fixture(scope="module")
def register() -> FactFile:
    return batch_of(lines(REGISTER))


def row(batch: FactFile, table: str, id_: str) -> dict[str, str]:
    found = [row for row in batch.rows(table) if row.get("id") == id_]
    assert len(found) == 1, [row.get("id") for row in batch.rows(table)]
    return dict(found[0].cells)


def told(batch: FactFile, about: str) -> str:
    found = [problem for problem in batch.problems if about in problem.message]
    assert found, batch.problems
    assert {problem.code for problem in found} == {"unmapped"}
    assert {problem.severity for problem in found} == {"warning"}
    return " ".join(problem.message for problem in found)


# -- in


def test_a_register_loads_as_facts_of_its_data_set(tmp_path, register):
    """Every row passes the checks of sense, and each claim names the data set and the record it is from."""
    checked = check(register, OnFile())
    assert checked.errors == []
    claims = [record for record, _ in checked.records if isinstance(record, Claim)]
    said = {str(claim.proposition) for claim in claims if claim.source != "entity-cards"}
    aurora = next(r.id for r, _ in checked.records if isinstance(r, Entity) and r.label == "Aurora Motors")
    assert said >= {
        f"{aurora} ownsStakeIn q-basalt",
        f"p-ada ownsStakeIn {aurora}",
        "p-ada holdsPostAt q-basalt",
        f"{aurora} is a director of q-basalt",
        "p-ada partOfBody b-trade",
        f"p-ada controls {aurora}",
        f"q-basalt tests cells for {aurora}",
    }
    assert all(
        claim.evidence.paraphrase and claim.evidence.locator
        for claim in claims
        if claim.source != "entity-cards"
    )
    sources = {record.id: record for record, _ in checked.records if isinstance(record, Source)}
    assert all(claim.source in sources for claim in claims)


def test_a_stake_keeps_its_figure_its_dates_and_the_page_it_was_taken_from(register):
    """The page is cited, not read: the data set is what was read."""
    fact = row(register, "facts", "own-1")
    assert (fact["quantity"], fact["unit"], fact["valid_from"]) == ("40", "percent", "2024-03")
    assert fact["note"] == "ownership type: beneficial"
    assert fact["stance"] == "reported"
    assert fact["depth"] == "2"
    assert fact["paraphrase"] == (
        "The FollowTheMoney record own-1 of the data set nl_register gives Aurora Motors as an owner of Basalt Cells, "
        "with 40 percent."
    )
    cited = row(register, "sources", fact["cited_source"])
    assert (cited["url"], cited["consulted"]) == ("https://register.example/77", "no")
    assert cited["publisher"] == "Norland Register"
    assert row(register, "sources", fact["source"])["publisher"] == "nl_register"


def test_what_is_no_single_figure_or_date_is_kept_in_words(register):
    """A range is no number, and of two dates nobody says which holds."""
    fact = row(register, "facts", "own-3")
    assert "quantity" not in fact
    assert "valid_from" not in fact
    assert fact["note"] == "percentage: 25-50"
    assert "not one date" in told(register, "startDate of 'own-3'")


def test_cards_carry_names_identifiers_and_country(register):
    """Enough to find the firm again in the ledger; the numbers of a share go to the firm that issued it."""
    aurora = next(dict(row.cells) for row in register.entities if row.get("label") == "Aurora Motors")
    assert aurora["kinds"] == "company"
    assert aurora["aliases"] == "Aurora Motors AG;Aurora Autos"
    assert aurora["country"] == "NL"
    assert aurora["identifiers"].split(";") == [
        "ftm:NK-Aurora", "lei:5493006MHB84DD0ZWV18", "isin:NL0000235190", "ticker:NLX:AUR",
    ]  # fmt: skip


def test_two_ids_that_differ_only_in_capitals_stay_apart(register):
    """Ids of OpenSanctions are case-sensitive; ids of cards have no capitals."""
    ids = [row.get("id") for row in register.entities if row.get("label").startswith("Aurora")]
    assert len(set(ids)) == 2
    again = [row.get("id") for row in batch_of(lines(REGISTER[:1])).entities]
    assert again[0] in ids, "the id of a card depends on the record's id alone"


def test_a_legal_entity_is_an_organisation_only_where_something_says_so(register):
    """FollowTheMoney uses it where it does not know; a person must not become a firm."""
    assert row(register, "entities", "q-basalt")["kinds"] == "organisation"
    assert "may be a person or an organisation" in told(register, "'q-who'")
    assert "'q-who' is a LegalEntity, so it has no card" in told(register, "'fam-1'")


def test_a_sanction_becomes_a_listing_and_the_authority_behind_the_list(register):
    """With its date, its state and the reason given."""
    listed, imposed = row(register, "facts", "s-1"), row(register, "facts", "s-1-2")
    assert (listed["relation"], imposed["relation"]) == ("listedOn", "imposes")
    assert listed["object"] == imposed["object"]
    assert row(register, "entities", listed["object"])["label"] == "Sudland Import List"
    assert row(register, "entities", imposed["subject"])["kinds"] == "authority"
    assert (listed["valid_from"], listed["status"]) == ("2025-06-01", "suspended")
    assert "reason: Subsidies" in listed["note"]
    assert "valid_from" not in imposed


def test_what_has_no_place_is_told_and_nothing_else_is_lost(register):
    """Things without a kind, ties to them, and properties; each record is a row or a warning."""
    assert "no kind for it" in told(register, "'v-ship' stays behind")
    assert "'v-ship' is a Vessel" in told(register, "'own-2'")
    assert "no kind" in told(register, "'adr-1'")
    assert "not one country" in told(register, "'Norland Trade Office'")
    properties = told(register, "of Person")
    assert "birthDate (1)" in properties
    carried = {row.line for table in ("entities", "facts") for row in register.rows(table)}
    warned = {problem.row for problem in register.problems}
    securities = {number for number, body in enumerate(REGISTER, 1) if body["schema"] == "Security"}
    assert carried | warned | securities >= set(range(1, len(REGISTER) + 1))


def test_nested_entities_and_lists_are_read_like_flat_lines():
    """OpenSanctions ships both; which it was makes no difference to the facts."""
    firm, stake = REGISTER[2], {**REGISTER[7]}
    owner = {**REGISTER[0]}
    stake["properties"] = {**stake["properties"], "owner": [owner], "asset": ["q-basalt"]}
    nested = {**firm, "properties": {**firm["properties"], "ownershipAsset": [stake]}}
    flat = batch_of(json.dumps([REGISTER[2], REGISTER[7], REGISTER[0]]).encode())
    one = batch_of(lines([nested]))
    cells = lambda batch: sorted(sorted(row.cells.items()) for row in batch.facts)  # noqa: E731
    assert cells(one) == cells(flat)
    assert len(one.facts) == 1


def test_fragments_of_one_entity_are_put_together():
    """An entity may come in several lines; that is how FollowTheMoney streams it."""
    batch = batch_of(lines([
        entity("a", "Company", name=["Aurora"]), entity("a", "Company", name=["Aurora"], leiCode="5493006MHB84DD0ZWV18"),
    ]))  # fmt: skip
    assert len(batch.entities) == 1
    assert "lei:" in batch.entities[0].get("identifiers")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", "bad-json"),
        ("1" * 5000, "bad-json"),
        ('{"id": "a", "id": "b", "schema": "Person", "properties": {}}', "duplicate-key"),
        ('{"id": "a", "schema": "Person"}', "bad-record"),
        ('["a"]x', "bad-json"),
        ('{"id": 1, "schema": "Person", "properties": {}}', "bad-record"),
        ('{"id": "a", "schema": "Person", "properties": {"name": [5]}}', "bad-record"),
        ('{"id": "a", "schema": "Person", "properties": {}, "datasets": "x"}', "bad-record"),
        ('{"id": "a", "schema": "Person", "properties": {"name": ["\\u0007"]}}', "control-character"),
        ('{"id": "a", "schema": "Person", "properties": {"name": ["\\ud800"]}}', "control-character"),
        ('{"a":' * 100_000, "too-deep"),
    ],
)
def test_a_line_that_is_no_entity_stops_the_load_and_is_named(line, code):
    """With its line; the lines around it are still read."""
    good = json.dumps(REGISTER[0])
    batch = batch_of(f"{good}\n{line}\n".encode())
    errors = [problem for problem in batch.problems if problem.severity == "error"]
    assert {(problem.row, problem.code) for problem in errors} == {(2, code)}
    assert len(batch.entities) == 1 or code in ("bad-record", "control-character")


def test_one_id_with_two_schemata_is_an_error():
    """Nobody can say which it is."""
    batch = batch_of(lines([entity("a", "Company", name=["A"]), entity("a", "Person", name=["A"])]))
    assert [problem.code for problem in batch.problems] == ["two-schemata"]


# -- out


def test_entities_that_go_out_are_valid_followthemoney(world):
    """The reference library takes every line: known schemata, properties, ranges of their values."""
    model = pytest.importorskip(
        "followthemoney", reason="the reference library is not installed (it needs ICU)"
    ).model
    records = [entry.record for entry in world.ledger.entries()]
    files = write(unload(records), "ftm")
    bodies = [json.loads(line) for line in files["entities.ftm.json"].splitlines()]
    proxies = {body["id"]: model.get_proxy(body, cleaned=False) for body in bodies}
    assert len(proxies) == len(bodies) > 5
    for body in bodies:
        proxy = proxies[body["id"]]
        proxy.schema.validate(proxy.to_dict())
        # The countries of the invented world are none that the library knows.
        kept = {name: values for name, values in body["properties"].items() if name != "country"}
        assert kept.keys() == set(proxy.properties), "the library drops no value"
        for name, values in kept.items():
            prop = proxy.schema.get(name)
            if prop.type.name == "entity":
                assert all(proxies[value].schema.is_a(prop.range) for value in values), (body, name)


def test_what_somebody_denies_or_only_plans_does_not_go_out(world):
    """FollowTheMoney cannot say it, and silence is better than a fact that is none; the table says why."""
    records = [entry.record for entry in world.ledger.entries()]
    files = write(unload(records), "ftm")
    left = files["left-out.csv"].decode()
    for reason in (
        "somebody denies it",
        "only denied",
        "only hypothesised",
        "that a tie is",
        "no schema for the kind",
    ):
        assert reason in left, left
    facts = unload(records).facts
    out = [json.loads(line) for line in files["entities.ftm.json"].splitlines()]
    ties = [body for body in out if "caption" not in body]
    assert len(ties) + left.count("\n") - 1 >= len(facts)
    assert ties


def test_the_register_comes_back_from_its_own_export(register):
    """Not to the same claims, but the same firms are tied in the same way."""
    checked = check(register, OnFile())
    files = write(unload([record for record, _ in checked.records]), "ftm")
    again = check(batch_of(files["entities.ftm.json"], "entities.ftm.json"), OnFile())
    assert again.errors == []

    def ties(records):
        labels = {r.id: r.label for r, _ in records if isinstance(r, Entity)}
        return {
            (labels[r.proposition.subject], r.proposition.relation, labels[r.proposition.object], r.quantity)
            for r, _ in records
            if isinstance(r, Claim) and r.source != "entity-cards"
        }

    assert ties(again.records) >= {
        ("Ada Ember", "ownsStakeIn", "Aurora Motors", ""),
        ("Ada Ember", "holdsPostAt", "Basalt Cells", ""),
        ("Ada Ember", "partOfBody", "Norland Trade Office", ""),
        ("Aurora Motors", "listedOn", "Sudland Import List", ""),
    }


def test_a_file_of_entities_loads_through_the_front_door(tmp_path: Path):
    """`kg load register.json` tells it from our own JSON by its shape."""
    file = tmp_path / "register.json"
    file.write_bytes(lines(REGISTER))
    with KnowledgeGraph(tmp_path / "home", shipped=False) as graph:
        checked, stored = graph.load(file)
        assert checked.errors == []
        assert stored is not None
        found = graph.query("SELECT ?who { ?who ev:ownsStakeIn id:q-basalt }")
        assert len(found.rows) == 1
