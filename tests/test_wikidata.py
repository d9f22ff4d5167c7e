"""Wikidata: its own vocabulary, invented items, a query service on this machine; facts to review come out."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest

from kg import KnowledgeGraph, formats
from kg.claim import Claim, Entity, Source
from kg.errors import Misuse, NotFound, Unavailable
from kg.factfile import FactFile
from kg.ingest import OnFile, check
from kg.query import Answer
from kg.remote import Endpoint
from kg.vocabulary import vocabulary
from kg.wikidata import _Reading, _Said, _Statement, _table, fetch
from tests.outside import endpoint, hostile

AURORA, BASALT, EMBER, NORLAND, PORT, DAWN, REGISTER = (f"Q99900000{n}" for n in range(1, 8))
PREFIXES = """
PREFIX wd: <http://www.wikidata.org/entity/> PREFIX wds: <http://www.wikidata.org/entity/statement/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/> PREFIX p: <http://www.wikidata.org/prop/>
PREFIX ps: <http://www.wikidata.org/prop/statement/> PREFIX psv: <http://www.wikidata.org/prop/statement/value/>
PREFIX pq: <http://www.wikidata.org/prop/qualifier/> PREFIX pqv: <http://www.wikidata.org/prop/qualifier/value/>
PREFIX pr: <http://www.wikidata.org/prop/reference/> PREFIX prv: <http://www.wikidata.org/prop/reference/value/>
PREFIX wdref: <http://www.wikidata.org/reference/> PREFIX wdv: <http://www.wikidata.org/value/>
PREFIX wikibase: <http://wikiba.se/ontology#> PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
USED = [
    "P31",
    "P279",
    "P17",
    "P297",
    "P1278",
    "P946",
    "P414",
    "P249",
    "P7534",
    "P127",
    "P749",
    "P355",
    "P159",
    "P169",
    "P176",
    "P137",
    "P452",
    "P580",
    "P582",
    "P585",
    "P1107",
    "P2241",
    "P248",
    "P854",
    "P813",
    "P577",
    "P1476",
    "P123",
    "P143",
    "P1310",
]
# As Wikibase describes its properties.
DECLARED = "".join(
    f"wd:{name} wikibase:claim p:{name} ; wikibase:directClaim wdt:{name} ; wikibase:statementProperty ps:{name} ; "
    f"wikibase:statementValue psv:{name} ; wikibase:qualifier pq:{name} ; wikibase:qualifierValue pqv:{name} ; "
    f"wikibase:reference pr:{name} ; wikibase:referenceValue prv:{name} .\n"
    for name in USED
)
ITEMS = f"""
wd:{AURORA} rdfs:label "Aurora Motors"@en , "Aurora-Werke"@de ; skos:altLabel "Aurora"@en ; wdt:P31 wd:Q786820 ;
  wdt:P17 wd:{NORLAND} ; wdt:P1278 "5493006MHB84DD0ZWV18" ; wdt:P946 "NL0000235190" ;
  p:P1278 wds:{AURORA}-lei ; p:P452 wds:{AURORA}-industry ;
  p:P414 wds:{AURORA}-listing , wds:{AURORA}-delisting ;
  p:P127 wds:{AURORA}-owner , wds:{AURORA}-rumour , wds:{AURORA}-someone ;
  p:P749 wds:{AURORA}-parent ; p:P355 wds:{AURORA}-child ; p:P159 wds:{AURORA}-seat ;
  p:P169 wds:{AURORA}-boss , wds:{AURORA}-earlier .
wd:Q786820 wdt:P279 wd:Q13235160 . wd:Q13235160 wdt:P279 wd:Q4830453 . wd:Q4830453 wdt:P279 wd:Q43229 .
wd:{BASALT} rdfs:label "Basalt Holding"@en ; wdt:P31 wd:Q4830453 ; wdt:P17 wd:{NORLAND} .
wd:{EMBER} rdfs:label "Ada Ember"@mul ; wdt:P31 wd:Q5 .
wd:{NORLAND} rdfs:label "Norland"@en ; wdt:P31 wd:Q6256 ; wdt:P297 "XN" .
wd:{PORT} rdfs:label "Norport"@en ; wdt:P31 wd:Q515 ; wdt:P17 wd:{NORLAND} .
wd:{DAWN} rdfs:label "Aurora Dawn"@en ; wdt:P31 wd:Q3231690 ; p:P176 wds:{DAWN}-maker .
wd:{REGISTER} rdfs:label "Norland Company Register"@en ; wdt:P123 wd:Q999000020 .
wd:Q999000020 rdfs:label "Norland Ministry of Trade"@en .
wd:Q999000021 rdfs:label "Norport Stock Exchange"@en ; wdt:P7534 "XNOR" .
wd:Q999000022 rdfs:label "Quarry"@en ; wdt:P31 wd:Q999000023 .
wd:Q999000024 rdfs:label "not supported by its reference"@en .
wd:Q999000025 rdfs:label "Norland Wikipedia"@en .

wds:{AURORA}-lei ps:P1278 "5493006MHB84DD0ZWV18" ; wikibase:rank wikibase:NormalRank .
wds:{AURORA}-industry ps:P452 wd:Q999000026 ; wikibase:rank wikibase:NormalRank .
wds:{AURORA}-listing ps:P414 wd:Q999000021 ; pq:P249 "AUR" ; wikibase:rank wikibase:NormalRank .
wds:{AURORA}-delisting ps:P414 wd:Q999000021 ; pq:P249 "OLD" ; wikibase:rank wikibase:NormalRank ;
  pq:P582 "2001-01-01T00:00:00Z"^^xsd:dateTime .

wds:{AURORA}-owner ps:P127 wd:{BASALT} ; wikibase:rank wikibase:NormalRank ;
  pq:P1107 0.425 ; pq:P580 "2019-03-01T00:00:00Z"^^xsd:dateTime ; pqv:P580 wdv:month ; pq:P1310 wd:{REGISTER} ;
  prov:wasDerivedFrom wdref:register , wdref:news , wdref:import .
wdv:month wikibase:timeValue "2019-03-01T00:00:00Z"^^xsd:dateTime ; wikibase:timePrecision 10 .
wdref:register pr:P248 wd:{REGISTER} ; pr:P854 <https://register.example/aurora> ; pr:P1476 "Aurora Motors"@en ;
  pr:P813 "2026-01-05T00:00:00Z"^^xsd:dateTime ; prv:P813 wdv:read .
wdv:read wikibase:timeValue "2026-01-05T00:00:00Z"^^xsd:dateTime ; wikibase:timePrecision 11 .
wdref:news pr:P854 <https://www.inland.example/aurora> ; pr:P577 "2019-01-01T00:00:00Z"^^xsd:dateTime ; prv:P577 wdv:year .
wdv:year wikibase:timeValue "2019-01-01T00:00:00Z"^^xsd:dateTime ; wikibase:timePrecision 9 .
wdref:import pr:P143 wd:Q999000025 .

wds:{AURORA}-rumour ps:P127 wd:Q999000022 ; wikibase:rank wikibase:DeprecatedRank ; pq:P2241 wd:Q999000024 .
wds:{AURORA}-someone ps:P127 _:somebody ; wikibase:rank wikibase:NormalRank .
wds:{AURORA}-parent ps:P749 wd:{BASALT} ; wikibase:rank wikibase:NormalRank ;
  pq:P582 _:sometime ; prov:wasDerivedFrom wdref:import .
wds:{AURORA}-child ps:P355 wd:Q999000022 ; wikibase:rank wikibase:NormalRank .
wds:{AURORA}-seat ps:P159 wd:{PORT} ; wikibase:rank wikibase:NormalRank ;
  pq:P585 "1950-01-01T00:00:00Z"^^xsd:dateTime ; pqv:P585 wdv:decade .
wdv:decade wikibase:timeValue "1950-01-01T00:00:00Z"^^xsd:dateTime ; wikibase:timePrecision 8 .
wds:{AURORA}-boss ps:P169 wd:{EMBER} ; wikibase:rank wikibase:PreferredRank ; prov:wasDerivedFrom wdref:news .
wds:{AURORA}-earlier ps:P169 wd:{PORT} ; wikibase:rank wikibase:NormalRank .
wds:{DAWN}-maker ps:P176 wd:{AURORA} ; wikibase:rank wikibase:NormalRank ; prov:wasDerivedFrom wdref:news .
"""


@pytest.fixture(scope="module")
def service():
    store = ox.Store()
    store.load((PREFIXES + DECLARED + ITEMS).encode(), format=ox.RdfFormat.TURTLE)
    with endpoint(store) as outside:
        yield outside


@pytest.fixture(scope="module")
def batch(service) -> FactFile:
    return fetch([AURORA, DAWN], Endpoint(service.url))


def facts(batch: FactFile, name: str) -> list[dict[str, str]]:
    return [dict(row.cells) for row in batch.facts if row.get("locator") == f"statement {name}"]


def told(batch: FactFile, about: str) -> str:
    found = [problem for problem in batch.problems if about in problem.message]
    assert len(found) == 1, batch.problems
    assert found[0].severity == "warning"
    return f"{found[0].code} {found[0].column} {found[0].message}"


def test_what_is_read_passes_every_check_of_sense(batch):
    """The file can be loaded as it is; every claim has its evidence and its statement's name."""
    checked = check(batch, OnFile())
    assert checked.errors == []
    claims = [
        record
        for record, _ in checked.records
        if isinstance(record, Claim) and record.source != "entity-cards"
    ]
    labels = {record.id: record.label for record, _ in checked.records if isinstance(record, Entity)}
    said = {
        (labels[c.proposition.subject], c.proposition.relation, labels[c.proposition.object]) for c in claims
    }
    assert said == {
        ("Basalt Holding", "ownsStakeIn", "Aurora Motors"),
        ("Aurora Motors", "subsidiaryOf", "Basalt Holding"),
        ("Aurora Motors", "headquarteredIn", "Norport"),
        ("Ada Ember", "holdsPostAt", "Aurora Motors"),
        ("Aurora Motors", "manufactures", "Aurora Dawn"),
    }
    assert all(claim.evidence.paraphrase and claim.evidence.locator for claim in claims)
    sources = {record.id: record for record, _ in checked.records if isinstance(record, Source)}
    assert {sources[claim.source].publisher for claim in claims} == {"Wikidata"}


def test_two_references_are_two_claims_that_cite_documents_nobody_here_has_read(batch):
    """Read was Wikidata; the register and the paper are named by it, so each may be a voice of its own."""
    register, news = sorted(
        facts(batch, f"{AURORA}-owner"), key=lambda fact: fact["cited_source"], reverse=True
    )
    sources = {row.get("id"): dict(row.cells) for row in batch.sources}
    assert {fact["depth"] for fact in (register, news)} == {"2"}
    assert sources[register["source"]]["url"] == f"https://www.wikidata.org/wiki/{AURORA}"
    document = sources[register["cited_source"]]
    assert (document["publisher"], document["title"]) == ("Norland Ministry of Trade", "Aurora Motors")
    assert (document["url"], document["consulted"]) == ("https://register.example/aurora", "no")
    assert "reference P813: 2026-01-05" in register["note"]
    document = sources[news["cited_source"]]
    assert (document["publisher"], document["published"]) == ("inland.example", "2019")


def test_a_share_and_a_date_are_taken_as_exactly_as_they_are_given(batch):
    """A part of one becomes percent, without a rounding; a month stays a month."""
    fact = facts(batch, f"{AURORA}-owner")[0]
    assert (fact["quantity"], fact["unit"], fact["valid_from"]) == ("42.5", "percent", "2019-03")
    assert "valid_to" not in fact
    assert "P1310: Norland Company Register" in fact["note"]
    assert facts(batch, f"{AURORA}-seat")[0]["valid_from"] == "195X"


@pytest.mark.parametrize(
    ("text", "precision", "day"),
    [
        ("2026-01-31T00:00:00Z", 11, "2026-01-31"),
        ("+2026-01-00T00:00:00Z", 10, "2026-01"),
        ("2026-01-01T00:00:00Z", 9, "2026"),
        ("1950-01-01T00:00:00Z", 8, "195X"),
        ("1901-01-01T00:00:00Z", 7, ""),
        ("-0044-03-15T00:00:00Z", 11, ""),
        ("2026-01-31T00:00:00Z", 0, ""),
        ("_:b0", 0, ""),
    ],
)
def test_a_date_says_no_more_than_its_precision(text, precision, day):
    """Wikidata fills the rest with ones or noughts."""
    assert _Said(text, precision).day == day


def test_a_statement_without_a_document_stands_on_wikidata_alone(batch):
    """An import from a Wikipedia is no document."""
    (fact,) = facts(batch, f"{AURORA}-parent")
    assert "cited_source" not in fact
    assert (fact["depth"], fact["confidence"]) == ("1", "0.5")
    assert "reference P143: Norland Wikipedia" in fact["note"]
    assert fact["status"] == "ended", "an end that is stated but not known is an end"


def test_a_deprecated_statement_is_neither_reported_nor_denied(batch):
    """It is told with the reason that Wikidata gives."""
    assert facts(batch, f"{AURORA}-rumour") == []
    assert told(batch, f"{AURORA}-rumour").startswith("deprecated P127")
    assert "not supported by its reference" in told(batch, f"{AURORA}-rumour")
    assert "denied" not in {row.get("stance") for row in batch.facts}


def test_what_cannot_be_mapped_is_told(batch):
    """Unknown values, things without a kind, ends that do not fit, properties without a relation."""
    assert "unknown or no item" in told(batch, f"{AURORA}-someone")
    assert "'Quarry' has no class" in told(batch, f"{AURORA}-child")
    assert "is a jurisdiction, which employs does not take" in told(batch, f"{AURORA}-earlier")
    assert told(batch, "no relation stands for it").startswith("unmapped P452 1 of its statements")
    stated = {row.get("locator") for row in batch.facts}
    left = {name for problem in batch.problems for name in re.findall(rf"{AURORA}-\w+", problem.message)}
    assert len(stated) + len(left) == 9, "every statement of a mapped property is a fact or a warning"


def test_cards_have_labels_kinds_and_identifiers(batch):
    """Of several classes the most special counts, and an old listing does not."""
    cards = {row.get("label"): dict(row.cells) for row in batch.entities}
    aurora = cards["Aurora Motors"]
    assert aurora["id"] == f"aurora-motors-{AURORA.lower()}"
    assert (aurora["kinds"], aurora["country"], aurora["aliases"]) == ("oem", "XN", "Aurora")
    assert aurora["identifiers"].split(";") == [
        f"wikidata:{AURORA}", "lei:5493006MHB84DD0ZWV18", "isin:NL0000235190", "ticker:XNOR:AUR",
    ]  # fmt: skip
    assert cards["Basalt Holding"]["kinds"] == "company"
    assert cards["Ada Ember"]["kinds"] == "person"
    assert "country" not in cards["Norport"], "a town must not pass for its country"


def test_the_same_items_give_the_same_file(service, batch):
    """So that a second reading shows what has changed at Wikidata, and nothing else."""
    again = fetch([AURORA, DAWN], Endpoint(service.url))
    assert formats.write(again, "csv") == formats.write(batch, "csv")


def test_an_item_that_is_not_there_and_an_id_that_is_none(service):
    """Told apart, and the second before anything is asked."""
    with pytest.raises(NotFound, match="Q999000099"):
        fetch(["Q999000099"], Endpoint(service.url))
    before = len(service.asked)
    for name in ("Ford", "Q0", "P31", "Q1> } #", ""):
        with pytest.raises(Misuse):
            fetch([name], Endpoint(service.url))
    assert len(service.asked) == before


def test_a_service_that_misbehaves_gives_no_facts():
    """The bounds are those of every outside endpoint (test 45)."""
    with endpoint() as outside:
        hostile(outside)
        for path in ("/html", "/cut", "/redirect-file"):
            with pytest.raises(Unavailable):
                fetch(["Q1"], Endpoint(outside.at(path)))


def test_rows_without_what_was_asked_for_are_told(monkeypatch):
    """An endpoint that is no Wikibase may answer anything at all."""
    row = {"item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q1"}}
    monkeypatch.setattr("kg.wikidata.ask", lambda text, place: Answer(["item"], [row]))
    with pytest.raises(Unavailable, match="without 'statement'"):
        fetch(["Q1"], Endpoint("http://127.0.0.1:9/"))


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("0.425", "42.5"),
        ("+1", "100"),
        ("42", ""),
        ("NaN", ""),
        ("-0.1", ""),
        ("1e-999999999", ""),
        ("0.5 ", ""),
    ],
)
def test_only_a_plain_part_of_one_is_a_share(text, percent):
    """What decimal arithmetic can hold besides would stop the reading, or fill the memory."""
    statement = _Statement("Q1", "P127", "x", "NormalRank", {}, {"P1107": [_Said(text)]})
    assert _Reading(["Q1"], Endpoint("http://127.0.0.1:9/")).share(statement) == percent


def test_a_service_cannot_put_words_into_the_next_question(service):
    """Names of statements come from outside and go into a query: only Wikidata's own form does."""
    store = ox.Store()
    evil = ox.NamedNode("http://www.wikidata.org/entity/statement/x)DROP")
    store.load((PREFIXES + DECLARED).encode(), format=ox.RdfFormat.TURTLE)
    wd = "http://www.wikidata.org/"
    for one, two, three in (
        (f"{wd}entity/Q1", f"{wd}prop/P127", evil.value),
        (evil.value, f"{wd}prop/statement/P127", f"{wd}entity/Q2"),
        (evil.value, "http://wikiba.se/ontology#rank", "http://wikiba.se/ontology#NormalRank"),
    ):
        store.add(ox.Quad(ox.NamedNode(one), ox.NamedNode(two), ox.NamedNode(three)))
    with endpoint(store) as outside, pytest.raises(Unavailable, match="not Wikidata's"):
        fetch(["Q1"], Endpoint(outside.url))


def test_every_line_of_the_mapping_names_what_the_ontology_has():
    """Relations, kinds, and one line for each property."""
    properties, classes, identities = _table()
    words = vocabulary()
    assert {mapping.relation for mapping in properties.values()} <= set(words.relations)
    assert set(classes.values()) <= set(words.kinds)
    assert not identities & properties.keys()


def test_kg_wikidata_writes_a_folder_that_loads(run, service, tmp_path):
    """From the command to the ledger, and a second run does not overwrite what was reviewed."""
    folder = tmp_path / "aurora"
    done = run("wikidata", AURORA, "--endpoint", service.url, "-o", str(folder))
    assert done.returncode == 0, done.stderr
    assert "5 facts" in done.stdout
    assert "deprecated" in done.stderr
    again = run("wikidata", AURORA, "--endpoint", service.url, "-o", str(folder))
    assert again.returncode == 2
    assert "there already" in again.stderr
    with KnowledgeGraph(tmp_path / "home", shipped=False) as graph:
        checked, stored = graph.load(folder)
        assert checked.errors == []
        assert stored is not None
        assert graph.query("SELECT * { ?who ev:ownsStakeIn ?what }").rows
