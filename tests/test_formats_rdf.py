"""RDF in and out: nothing is lost, nothing is taken over unseen, and no hostile file does more than be refused."""

from __future__ import annotations

import datetime
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rdflib import Dataset, Graph
from rdflib.compare import isomorphic

from kg import child, formats
from kg.claim import Claim, Entity, Evidence, Match, Proposition, Record, Retraction, Scenario, Source
from kg.errors import Misuse, Problem
from kg.factfile import COLUMNS, FactFile, Row, claim_of
from kg.formats import rdf
from kg.glyphs import hidden, look_alikes, twins
from kg.index import quads
from kg.ingest import OnFile, check, unload
from kg.vocabulary import PREFIXES, folder, vocabulary
from tests.conftest import WORLD

FORMS = {"turtle": "ttl", "trig": "trig", "nquads": "nq", "jsonld": "jsonld", "rdfxml": "rdf"}
WORDS = vocabulary()
PREFIX = "".join(f"@prefix {prefix}: <{space}> .\n" for prefix, space in PREFIXES.items())
#: A claim as somebody would write it by hand.
BY_HAND = """
<https://example.org/notes#c1> a ev:Claim ;
    ev:stance evv:stance-reported ; ev:statedIn source:harbour ;
    ev:states [ ev:headSubject id:basalt ; ev:headPredicate ev:supplies ; ev:headObject id:aurora ; ev:aboutLayer evv:layer-cell ] ;
    ev:evidence [ ev:paraphrase "Basalt sells cells to Aurora." ] .
"""


def read(text: str | bytes, name: str = "claims.ttl") -> FactFile:
    """Return what a file says, read in this process."""
    batch = FactFile()
    rdf.read(name, text if isinstance(text, bytes) else text.encode(), batch)
    return batch


def turtle(body: str) -> FactFile:
    """Return what Turtle says, with all prefixes declared on the lines before."""
    return read(PREFIX + body)


def told(batch: FactFile, *severities: str) -> list[str]:
    """Return the codes of the problems."""
    return [
        problem.code for problem in batch.problems if problem.severity in (severities or ("error", "warning"))
    ]


def roundtrip(batch: FactFile, form: str) -> FactFile:
    """Return what comes back of a batch that was written."""
    ((name, data),) = formats.write(batch, form).items()
    assert name.endswith(FORMS[form])
    return read(data, name)


def shipped_records() -> list[Record]:
    """Return the records of all batches that come with the program."""
    on_file, found = OnFile(), dict[str, Record]()
    for path in sorted(
        path.parent for path in (folder("ontology").parent / "kg" / "data").glob("*/batch.toml")
    ):
        checked = check(formats.read_trusted(path), on_file)
        assert not checked.errors
        found.update((record.record_id, record) for record, _ in checked.records)
    return list(found.values())


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return shipped_records()


# -- lossless


@pytest.mark.parametrize("form", FORMS)
def test_all_shipped_facts_come_back_with_the_same_ids(records, form):
    """Load → export → load gives the same records, and nothing in our own export is left over."""
    back = roundtrip(unload(records), form)
    assert not back.problems
    checked = check(back, OnFile())
    assert not checked.errors
    assert {record.record_id for record, _ in checked.records} == {record.record_id for record in records}


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"), include_characters="\n\t", exclude_characters="\ufffe\uffff"),
    max_size=30,
).map(str.strip)  # fmt: skip
_FILLED = _TEXT.filter(bool)
_QUOTE = st.text(st.sampled_from("a\"\\é\n\t <>&\u2028\u202e中😀'^@"), max_size=12).filter(
    lambda text: not text.isspace()
)
_ID = st.sampled_from(["aurora", "basalt", "cirrus", "delta", "x9", "a-b-c"])
_YEAR = st.integers(1000, 2999).map(str)
_MONTH = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)).map(lambda day: str(day)[:7])
_DAY = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)).map(str)
#: Every form of date that a fact may carry (EDTF level 1), and none.
_DATE = st.one_of(
    st.just(""), _YEAR, _MONTH, _DAY,
    st.tuples(st.one_of(_YEAR, _MONTH, _DAY), st.sampled_from("?~%")).map("".join),
    _YEAR.map(lambda year: year[:3] + "X"), _YEAR.map(lambda year: year[:2] + "XX"),
    _YEAR.map(lambda year: year + "-XX"), _YEAR.map(lambda year: year + "-XX-XX"), _MONTH.map(lambda month: month + "-XX"),
    st.tuples(_YEAR, st.sampled_from(("21", "22", "23", "24"))).map("-".join),
)  # fmt: skip
#: One of each, and what a period can be made of.
PERIODS = (
    "2024", "2024-02", "2024-02-29", "2024~", "2024?", "2024%", "2024-02~", "2024-02-29?", "202X", "20XX", "2024-XX", "2024-XX-XX",
    "2024-02-XX", "2024-21", "2024-24", "2024~/2025", "2024~/2024~", "2024~/..", "2024/", "202X/", "../2024-21", "/2024?", "/..", "../..",
    "2024-02-29/2024-03-01", "2024-22/202X", "2023-XX/2024%",
)  # fmt: skip
_COUNTRY = st.sampled_from(["", "XN", "XS"])
_MANY = {
    ";": st.lists(_FILLED.filter(lambda text: ";" not in text), max_size=4, unique=True).map(tuple),
    "|": st.lists(_FILLED.filter(lambda text: "|" not in text), max_size=4).map(tuple),
}
_PROPOSITION = st.builds(
    Proposition,
    st.sampled_from(sorted(WORDS.relations)),
    _ID,
    st.one_of(_ID, st.just("layer:battery")),
    st.sampled_from(["", "battery", "software-ux"]),
    st.sampled_from(["", "norland"]),
    st.sampled_from(["", "sudland"]),
    st.one_of(st.just(""), _FILLED),
)
_EVIDENCE = st.builds(Evidence, _QUOTE, _QUOTE, _QUOTE, _TEXT, _TEXT)
_DECIMAL = st.sampled_from(["", "1.10", "01", "+3", "-12.5", "0.90", "1e3", "NO"])
_RECORD = st.one_of(
    st.builds(Entity, _ID, _FILLED, st.lists(st.sampled_from(sorted(WORDS.kinds)), min_size=1, max_size=4, unique=True).map(tuple),
              _COUNTRY, st.one_of(st.just(""), _ID), _MANY[";"], _MANY[";"], _TEXT),
    st.builds(Source, _ID, st.sampled_from(["", "https://x.example/a?b=c&d=%C3%A9"]), _TEXT, _FILLED, _DATE, _TEXT, st.sampled_from(["", "en", "zh-Hans", "NO"]),
              st.sampled_from(["news", "government"]), st.sampled_from(["yes", "no"]), _TEXT, _TEXT),
    st.builds(Scenario, _ID, st.sampled_from(["", "1", "2"]), _FILLED, _MANY["|"], st.one_of(st.just(""), _ID), st.builds(Evidence, _QUOTE, _QUOTE, _QUOTE), _TEXT),
    st.builds(Retraction, st.sampled_from(["a" * 20, "b" * 20]), _FILLED),
    st.builds(Match, _FILLED, _ID, st.sampled_from(["same", "different"]), _TEXT),
    st.builds(
        Claim, _PROPOSITION.map(lambda said: WORDS.normal(said)), st.sampled_from(["reported", "denied"]), _ID,
        status=st.sampled_from(["", "planned"]), cited_source=st.one_of(st.just(""), _ID), depth=st.sampled_from(["", "0", "2"]),
        speaker=st.one_of(st.just(""), _ID), speaker_text=_TEXT, evidence=_EVIDENCE, confidence=_DECIMAL, valid_from=st.one_of(_DATE, st.just("..")),
        valid_to=st.one_of(_DATE, st.just("..")), quantity=_DECIMAL, unit=_TEXT, scenario=st.sampled_from(["", "deal"]),
        conditional_on=st.lists(_ID, max_size=3, unique=True).map(tuple), note=_TEXT,
    ),
)  # fmt: skip


def _settled(record: Record) -> Record:
    """Return a record as a row can hold it: layers where the relation has them, phases where there is a scenario."""
    if isinstance(record, Claim):
        said = record.proposition
        direct = WORDS.relations[said.relation].pattern == "direct"
        proposition = Proposition(
            said.relation, said.subject, said.object, "" if direct else said.layer,
            "" if direct else said.in_market, "" if direct else said.outside_market, said.verb if said.relation == "relatedTo" else "",
        )  # fmt: skip
        more = {name: value for name, value in record.__dict__.items() if name in Claim.__dataclass_fields__}
        more |= {"about_layer": said.layer if direct else "", "phase": "2" if record.scenario else ""}
        return Claim(**{**more, "proposition": WORDS.normal(proposition)})
    return record


def _rebuilt(batch: FactFile) -> set[str]:
    """Return the ids of the records that rows stand for, without asking whether they make sense."""

    def many(text: str, by: str = ";") -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(by) if part.strip())

    def quoted(row: Row) -> Evidence:
        return Evidence(row.get("quote"), row.get("quote_prefix"), row.get("quote_suffix"))

    found: list[Record] = [
        claim_of(row, WORDS, (row.get("valid_from"), row.get("valid_to"))) for row in batch.facts
    ]
    for row in batch.entities:
        lists = (many(row.get("aliases")), many(row.get("identifiers")))
        found.append(Entity(row.get("id"), row.get("label"), many(row.get("kinds")), row.get("country"), row.get("parent"), *lists, row.get("note")))  # fmt: skip
    found += [Source(**{name: row.get(name) for name in COLUMNS["sources"]}) for row in batch.sources]
    for row in batch.scenarios:
        conditions = many(row.get("conditions"), "|")
        found.append(Scenario(row.get("id"), row.get("phase"), row.get("label"), conditions, row.get("source"), quoted(row), row.get("note")))  # fmt: skip
    found += [Retraction(row.get("claim"), row.get("reason")) for row in batch.withdrawals]
    found += [Match(*(row.get(name) for name in COLUMNS["matches"])) for row in batch.matches]
    return {record.record_id for record in found}


@settings(max_examples=60)
@given(record=_RECORD.map(_settled), form=st.sampled_from(sorted(FORMS)))
@example(
    record=Source("delta", "", "a\rb", "x\ry", "2024~", kind="news", note="a\u2028 \u202e"), form="rdfxml"
)
def test_every_record_survives_every_format(record, form):
    """Whatever a record says, in whatever order, its id comes back from each format."""
    back = roundtrip(unload([record]), form)
    assert not [problem for problem in back.problems if problem.severity == "error"]
    assert _rebuilt(back) == {record.record_id}


def test_a_fact_that_was_written_turned_round_is_the_same_claim():
    """`usesSoftwareFrom A B` comes back as the claim it has always been."""
    row = {"subject": "aurora", "relation": "usesSoftwareFrom", "object": "cirrus", "stance": "reported", "source": "w", "paraphrase": "p"}  # fmt: skip
    batch = FactFile(facts=[Row("", 0, row)])
    assert _rebuilt(roundtrip(batch, "turtle")) == _rebuilt(batch)


@pytest.mark.parametrize("form", [*FORMS, "nanopub", "csv", "tsv", "xlsx", "yaml", "jsonl"])
def test_dates_of_every_form_come_back_through_the_confined_child(form, tmp_path):
    """The child can open no file any more, so whatever reads dates has to be there before."""
    batch = FactFile(
        entities=[
            Row("", 0, {"id": "basalt", "label": "Basalt", "kinds": "battery-supplier"}),
            Row("", 0, {"id": "aurora", "label": "Aurora", "kinds": "oem"}),
        ],
        sources=[
            Row("", 0, {"id": f"s{at}", "publisher": "One", "kind": "news", "published": text})
            for at, text in enumerate(text for text in PERIODS if "/" not in text)
        ],
    )
    fact = {"subject": "basalt", "relation": "supplies", "object": "aurora", "stance": "reported", "paraphrase": "p"}  # fmt: skip
    sources = [row.get("id") for row in batch.sources]
    # Of all sources, since a nanopublication carries the card of what it cites and no other.
    batch.facts = [
        Row("", 0, {**fact, "source": sources[at % len(sources)], "valid": text})
        for at, text in enumerate(PERIODS)
    ]
    checked = check(batch, OnFile())
    assert not checked.errors
    written = formats.write(unload(record for record, _ in checked.records), form)
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    back = check(formats.read(tmp_path if len(written) > 1 else tmp_path / next(iter(written))), OnFile())
    assert not back.errors
    assert {record.record_id for record, _ in back.records} == {
        record.record_id for record, _ in checked.records
    }


@pytest.mark.parametrize(
    "text", ["2024~~/2025", "yesterday/..", "2023-02-29~/", "31/12/2025", "Dec 2024/now"]
)
def test_a_bad_date_in_rdf_is_told_not_a_crash(text, tmp_path):
    """Words that are no period are a problem with its cure, in the confined child as well."""
    path = tmp_path / "claims.ttl"
    stated = BY_HAND.replace(
        "a ev:Claim ;", f'a ev:Claim ; ev:dateAsStated "{text}" ; ev:validFrom "2024-01-01" ;'
    )
    path.write_text(PREFIX + stated, encoding="utf-8")
    batch = formats.read(path)
    assert not told(batch, "error")
    assert "bad-date" in [problem.code for problem in check(batch, OnFile()).errors]


def test_a_period_in_one_column_comes_back_as_two_ends():
    """`valid` is split as a check would split it."""
    row = {"subject": "aurora", "relation": "supplies", "object": "cirrus", "stance": "reported", "source": "w", "valid": "2024-03/.."}  # fmt: skip
    back = roundtrip(FactFile(facts=[Row("", 0, row)]), "jsonld").facts[0]
    assert (back.get("valid_from"), back.get("valid_to")) == ("2024-03", "..")


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_the_same_bytes_each_time_and_names_no_machine(records, form):
    """Two exports are equal, and hold no path, host or user name."""
    batch = unload(records[:200])
    assert formats.write(batch, form) == formats.write(batch, form)
    ((_, data),) = formats.write(batch, form).items()
    assert str(Path.home()).encode() not in data
    assert b"file:" not in data


@pytest.mark.parametrize(("form", "theirs"), [("turtle", "turtle"), ("jsonld", "json-ld"), ("rdfxml", "xml")])
def test_rdflib_reads_the_same_graph_from_our_files(records, form, theirs):
    """Another library understands our files as the same RDF as our N-Quads."""
    batch = unload([record for record in records if not isinstance(record, Claim)][:60] + records[-60:])
    ((_, data),) = formats.write(batch, form).items()
    ((_, plain),) = formats.write(batch, "nquads").items()
    ours = Dataset().parse(data=plain.decode(), format="nquads")
    expected = Graph()
    for s, p, o, graph in ours.quads():
        if graph is None or str(graph) == "urn:x-rdflib:default":
            expected.add((s, p, o))
    assert isomorphic(Graph().parse(data=data.decode(), format=theirs), expected)


def test_what_the_index_holds_is_what_can_be_loaded(world):
    """The whole dataset of a view, ontology and conclusions and all, loads back to the claims it was made from."""
    world.load(WORLD / "annexe")
    view = world.view()
    back = read("".join(quads(view)), "dataset.nq")
    assert not told(back, "error")
    checked = check(back, OnFile())
    assert {record.id for record, _ in checked.records if isinstance(record, Claim)} == set(view.entries)


def test_exports_hold_no_bare_content_of_what_is_denied(records):
    """In the default graph of an export nobody supplies anything: there are only records."""
    ((_, data),) = formats.write(unload(records), "trig").items()
    plain = [quad for quad in pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.TRIG)
             if isinstance(quad.graph_name, pyoxigraph.DefaultGraph)]  # fmt: skip
    content = {f"{PREFIXES['ev']}{relation}" for relation in WORDS.relations}
    assert not [quad for quad in plain if quad.predicate.value in content]


def test_unchecked_rows_are_not_written():
    """What no check has seen is refused, not written half."""
    with pytest.raises(Misuse, match="no relation"):
        formats.write(FactFile(facts=[Row("", 0, {"relation": "befriends"})]), "turtle")
    with pytest.raises(Misuse, match="what RDF cannot"):
        formats.write(FactFile(sources=[Row("", 0, {"id": "a b"})]), "turtle")


# -- reading what others write


def test_a_claim_written_by_hand_needs_no_names_of_ours():
    """Its own IRI is kept as a label, its proposition and passage may be blank, its line is where it begins."""
    row = turtle(BY_HAND).facts[0]
    assert row.cells == {
        "id": "https://example.org/notes#c1", "subject": "basalt", "relation": "supplies", "object": "aurora", "layer": "cell",
        "stance": "reported", "source": "harbour", "paraphrase": "Basalt sells cells to Aurora.",
    }  # fmt: skip
    assert row.line == PREFIX.count("\n") + 2


def test_cards_written_by_hand_need_no_lists():
    """Classes and role labels become kinds, labels and aliases are plain statements."""
    row = turtle(
        'id:aurora a ev:Company ; ev:classifiedAs evv:class-oem ; skos:prefLabel "Aurora" ; skos:altLabel "Aurora Motors" .\n'
        'id:works a ev:Plant , ev:Site ; skos:prefLabel "Works" ; dcterms:isPartOf id:aurora .'
    ).entities
    assert [(card.get("id"), card.get("kinds"), card.get("aliases")) for card in row] == [
        ("aurora", "oem", "Aurora Motors"),
        ("works", "plant", ""),
    ]


def test_a_changed_claim_cannot_keep_its_name(world):
    """A claim under an IRI of ours whose content makes another id is an error, and so is a proposition."""
    ((_, data),) = formats.write(
        unload(entry.record for entry in world.view().entries.values()), "turtle"
    ).items()
    text = data.decode()
    assert not told(read(text), "error")
    assert "claim-id-differs" in told(read(text.replace("evv:stance-denied", "evv:stance-reported")), "error")
    moved = re.sub(r"ev:headObject id:\w+", "ev:headObject id:fjord", text, count=1)
    assert "proposition-id-differs" in told(read(moved), "error")
    assert "proposition-id-differs" in told(
        read(f"<{PREFIXES['id']}a> <{PREFIXES['ev']}supplies> <{PREFIXES['id']}b> <{PREFIXES['prop']}{'a' * 20}> .", "x.nq"), "error"
    )  # fmt: skip


def test_a_withdrawal_names_its_claim_by_any_name():
    """A retraction of a claim of the same file, or a claim marked as retracted, is a row of withdrawals."""
    batch = turtle(
        BY_HAND + '[] a ev:Retraction ; ev:retracts <https://example.org/notes#c1> ; skos:note "Misread." .'
    )
    marked = turtle(BY_HAND.replace("a ev:Claim ;", 'a ev:Claim ; ev:retractedBecause "Misread." ;'))
    ours = {"claim": next(iter(_ids(batch))), "reason": "Misread."}
    assert [row.cells for row in (*batch.withdrawals, *marked.withdrawals)] == [ours, ours]


def _ids(batch: FactFile) -> set[str]:
    return {claim_of(row, WORDS, ("", "")).id for row in batch.facts if row.get("relation")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("evv:stance-reported", "evv:stance-reported , evv:stance-denied"), "two-values"),
        (("source:harbour", "<https://harbour.example/>"), "foreign-name"),
        (("id:basalt", "<http://dbpedia.org/resource/Basalt>"), "foreign-name"),
        (('"Basalt sells cells to Aurora."', "<http://e/a>"), "not-a-text"),
        (("ev:headSubject id:basalt ;", ""), "no-proposition"),
        (("ev:stance evv", 'ev:dateAsStated "2024" ; ev:validFrom "2023-01-01"^^xsd:date ; ev:stance evv'), "dates-differ"),
    ],
)  # fmt: skip
def test_a_claim_with_a_slip_is_told_at_its_line(change, code):
    """Each slip has a code, the line of its claim and a cure."""
    batch = turtle(BY_HAND.replace(*change))
    problem = next(problem for problem in batch.problems if problem.code == code)
    assert problem.row == PREFIX.count("\n") + (5 if code == "not-a-text" else 2)
    assert len(problem.message) > 20


def test_a_claim_without_a_stance_is_told(tmp_path):
    """What every fact needs, a claim in RDF needs too."""
    (tmp_path / "c.ttl").write_text(PREFIX + BY_HAND.replace("ev:stance evv:stance-reported ;", ""))
    (problem,) = formats.read(tmp_path / "c.ttl").problems
    assert (problem.code, problem.column, problem.row) == ("empty-cell", "stance", PREFIX.count("\n") + 2)


def test_values_that_separate_or_differ_are_not_guessed():
    """An alias that holds a semicolon, or a list that leaves an alias out, is told."""
    card = 'id:aurora a ev:Company ; skos:prefLabel "Aurora" ; skos:altLabel "A; B" .'
    assert "separator" in told(turtle(card))
    assert "two-values" in told(turtle(card.replace('"A; B"', '"A" ; schema:alternateName ( "B" "C" )')))
    assert "language-not-kept" in told(turtle(card.replace('"A; B"', '"奥罗拉"@zh')), "info")


def test_statements_that_are_no_claims_are_counted_not_stored():
    """A stranger's file is no error: it is said how many statements of which kind were left out."""
    batch = read('<http://e/a> <http://e/p> "1" , "2" ; <http://e/q> <http://e/b> .')
    (problem,) = batch.problems
    assert (problem.severity, problem.code) == ("info", "no-claims")
    assert "3 statements" in problem.message
    assert "<http://e/p> 2" in problem.message
    assert not any(batch.rows(table) for table in COLUMNS)


def test_blank_nodes_of_two_files_stay_apart():
    """`_:b1` of one file is not `_:b1` of another, even in one batch (security test 18)."""
    batch = FactFile()
    for name, other in (("a.ttl", "basalt"), ("b.ttl", "cirrus")):
        text = PREFIX + BY_HAND.replace("<https://example.org/notes#c1>", "_:b1").replace(
            "id:basalt", f"id:{other}"
        )
        rdf.read(name, text.encode(), batch)
    assert not told(batch)
    assert [(row.file, row.get("subject")) for row in batch.facts] == [
        ("a.ttl", "basalt"),
        ("b.ttl", "cirrus"),
    ]


@pytest.mark.parametrize("value", ["1.10", "01", "+00:00", "NO", "1e400", "P0012M", "0" * 1200])
@pytest.mark.parametrize("form", ["turtle", "jsonld"])
def test_values_come_back_as_they_were_written(value, form):
    """No parser rewrites a value: `1.10` stays `1.10` (security test 19)."""
    batch = turtle(
        BY_HAND.replace(
            "ev:stance evv", f'ev:quantity "{value}"^^xsd:decimal ; ev:unit "{value}" ; ev:stance evv'
        )
    )
    back = roundtrip(batch, form).facts[0]
    assert (back.get("quantity"), back.get("unit")) == (value, value)


def test_a_number_in_json_is_not_rewritten():
    """A JSON-LD processor would make 1.1E0 of 1.10."""
    body = '{"@context": {"ev": "%s"}, "@id": "http://e/c", "@type": "ev:Claim", "ev:quantity": 1.10, "ev:confidence": 0.50}'
    row = read(body % PREFIXES["ev"], "c.jsonld").facts[0]
    assert (row.get("quantity"), row.get("confidence")) == ("1.10", "0.50")


def test_a_key_without_a_meaning_is_told():
    """JSON-LD drops such keys without a word; we count what is lost."""
    batch = read(
        '{"@context": {"p": "http://e/p"}, "@id": "http://e/a", "p": 1,\n "nope": [1, 2]}', "x.jsonld"
    )
    problem = next(problem for problem in batch.problems if problem.code == "dropped-key")
    assert (problem.row, problem.column) == (2, "2")
    assert "2 values" in problem.message


def test_line_ends_and_a_byte_order_mark_do_not_change_a_claim():
    """CRLF, a BOM, another order of statements: the same claim ids (security test 16)."""
    text = PREFIX + BY_HAND
    crlf = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    other = text.replace(
        "ev:stance evv:stance-reported ; ev:statedIn source:harbour",
        "ev:statedIn source:harbour ; ev:stance evv:stance-reported",
    )
    assert _ids(read(text)) == _ids(read(crlf)) == _ids(read(other))


def test_a_file_that_is_one_graph_owns_it_and_no_other():
    """An N-Quads dump of one graph is read; our own graphs, or several, are not the file's to write (security test 17)."""
    claim = "".join(
        quad.triple.__str__() + " <%s> .\n"
        for quad in pyoxigraph.parse((PREFIX + BY_HAND).encode(), format=pyoxigraph.RdfFormat.TURTLE)
    )
    assert len(read(claim.replace("%s", "https://example.org/g"), "g.nq").facts) == 1
    for graph in ("urn:ledger:audit", PREFIXES["source"] + "x", PREFIXES["claim"] + "x", "tag:x"):
        batch = read(claim.replace("%s", graph), "g.nq")
        assert set(told(batch)) == {"foreign-graph"}
        assert not batch.facts
    assert "foreign-graph" in told(
        read(
            claim.replace("%s", "https://example.org/g") + "<http://e/a> <http://e/p> <http://e/b> .", "g.nq"
        )
    )


# -- hostile files (security tests 11 to 14)

_XML = '<?xml version="1.0"?>\n{}\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/" xmlns:owl="http://www.w3.org/2002/07/owl#" xmlns:o="http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl#">{}</rdf:RDF>'
_LOL = (
    "<!DOCTYPE r [<!ENTITY a0 'lol'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    + "]>"
)
_S = "<http://e/a> <http://e/p> "


def _xml(declaration: str, value: str) -> str:
    return _XML.format(
        declaration, f'<rdf:Description rdf:about="http://e/a"><e:p>{value}</e:p></rdf:Description>'
    )


#: File → content, verdict, code, and the place where that counts. `@PORT@` and `@DIR@` are filled in.
HOSTILE: dict[str, tuple[str | bytes, str, str, str]] = {
    "xxe_file.rdf": (_xml('<!DOCTYPE r [<!ENTITY x SYSTEM "file://@DIR@/canary.txt">]>', "&x;"), "refuse", "document-type", "2:1"),
    "xxe_http.rdf": (_xml('<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:@PORT@/xxe">]>', "&x;"), "refuse", "document-type", "2:1"),
    "xxe_dtd.rdf": (_xml('<!DOCTYPE r SYSTEM "http://127.0.0.1:@PORT@/evil.dtd">', "v"), "refuse", "document-type", "2:1"),
    "xxe_parameter.rdf": (_xml('<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:@PORT@/p.dtd"> %p;]>', "v"), "refuse", "document-type", "2:1"),
    "laughs.rdf": (_xml(_LOL, "&a9;"), "refuse", "document-type", "2:1"),
    "blowup.rdf": (_xml(f"<!DOCTYPE r [<!ENTITY a '{'A' * 40000}'>]>", "&a;" * 4000), "refuse", "document-type", "2:1"),
    "benign_entity.rdf": (_xml('<!DOCTYPE r [<!ENTITY ok "fine">]>', "&ok;"), "refuse", "document-type", "2:1"),
    "truncated.rdf": (_xml("", "v")[:-20], "refuse", "bad-syntax", "3:"),
    "latin.rdf": ('<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "refuse", "not-utf8", "1:31"),
    "language.rdf": (_XML.format("", '<rdf:Description rdf:about="http://e/a">\n<e:p xml:lang="abcdefghij">v</e:p></rdf:Description>'), "refuse", "bad-language", "4:1"),
    "iri_space.rdf": (_XML.format("", '<rdf:Description\n rdf:about="http://e/a b"/>'), "refuse", "bad-iri", "4:13"),
    "import.owl": (_XML.format("", '<owl:Ontology rdf:about="http://e/o"><owl:imports rdf:resource="http://127.0.0.1:@PORT@/i.owl"/></owl:Ontology>'), "flag", "import-not-followed", ""),
    "python_module.owl": (_XML.format("", '<owl:Ontology rdf:about="http://e/o"><o:python_module>hostile_mod</o:python_module></owl:Ontology>'), "flag", "program-ignored", ""),
    "context_http.jsonld": ('{"@context":"http://127.0.0.1:@PORT@/ctx","@id":"http://e/a","name":"v"}', "refuse", "remote-context", "1:13"),
    "context_file.jsonld": ('{"@context":"file://@DIR@/ctx.jsonld","@id":"http://e/a","name":"v"}', "refuse", "remote-context", "1:13"),
    "context_list.jsonld": ('{"@context":[{"n":"http://e/n"},"http://127.0.0.1:@PORT@/ctx"],"n":"v"}', "refuse", "remote-context", "1:33"),
    "context_import.jsonld": ('{"@context":{"@version":1.1,"@import":"http://127.0.0.1:@PORT@/ctx"},"@id":"http://e/a"}', "refuse", "remote-context", "1:39"),
    "context_scoped.jsonld": ('{"@context":{"@version":1.1,"k":{"@id":"http://e/k","@context":"http://127.0.0.1:@PORT@/ctx"}},"k":{"name":"v"}}', "refuse", "remote-context", "1:64"),
    "duplicate.jsonld": ('{"@id":"http://e/a","http://e/p":"first","http\\u003a//e/p":"second"}', "refuse", "duplicate-key", "1:42"),
    "proto.jsonld": ('{"@id":"http://e/a","__proto__":{"x":1},"http://e/p":{"@value":"v","@language":"not a tag!!"}}', "refuse", "bad-language", "1:80"),
    "language_map.jsonld": ('{"@context":{"l":{"@id":"http://e/l","@container":"@language"}},"l":{"en":"a","not a tag":"b"}}', "refuse", "bad-language", "1:79"),
    "bad.jsonld": ('{"@id":"http://e/a",\n "http://e/p": }', "refuse", "bad-json", "2:16"),
    "surrogate.jsonld": ('{"http://e/p":"a\\ud800b"}', "refuse", "bad-escape", "1:15"),
    "dropped_id.jsonld": ('{"@id":"http://e/a b","http://e/p":"v"}', "refuse", "bad-iri", "1:8"),
    "dropped_prefix.jsonld": ('{"@context":{"e":"http://e/<"},\n"@id":"http://e/a","e:p":"v"}', "refuse", "bad-iri", "1:18"),
    "dropped_link.jsonld": ('{"@context":{"l":{"@id":"http://e/l","@type":"@id"}},\n"l":["http://e/%zz"]}', "refuse", "bad-iri", "2:6"),
    "control.jsonld": ('{"http://e/p":"a\\u0007b"}', "refuse", "control-character", "1:15"),
    "bad_line3.ttl": ('@prefix e: <http://e/> .\ne:a e:p "ok" .\ne:a e:p "unterminated .\ne:b e:p 1 .\n', "refuse", "bad-syntax", "3:9"),
    "iri_space.ttl": ('<http://e/a b> <http://e/p> "v" .', "refuse", "bad-iri", "1:1"),
    "iri_markup.ttl": (_S + '<http://e/"><script>x</script>> .', "refuse", "bad-iri", "1:27"),
    "iri_percent.ttl": ("<http://e/%zz%00> <http://e/p> <http://e/[bad> .", "refuse", "bad-iri", "1:1"),
    "iri_nul.ttl": ('<http://e/%00> <http://e/p> "v" .', "refuse", "bad-iri", "1:2"),
    "iri_escape.ttl": ('<http://e/a\\u0020b\\u003E> <http://e/p> "v" .', "refuse", "bad-iri", "1:1"),
    "iri_relative.ttl": ("<../../canary/x> <p> <#frag> .", "flag", "relative-iri", ""),
    "iri_script.ttl": ("<http://e/a> <http://e/source> <javascript:alert(1)> , <data:text/html,x> , <file:///canary/x> , <vbscript:x> .", "refuse", "unsafe-iri", "1:33"),
    "base_file.ttl": ('@base <file:///canary/> .\n<x> <http://e/p> "v" .', "refuse", "unsafe-iri", "2:1"),
    "surrogate_escape.ttl": (_S + '"a\\uD800b" .', "refuse", "bad-escape", "1:29"),
    "surrogate_bytes.ttl": (_S.encode() + b'"a\xed\xa0\x80b" .', "refuse", "not-utf8", "1:29"),
    "nul_raw.ttl": (_S + '"a\x00b" .', "refuse", "control-character", "1:29"),
    "nul_escape.ttl": (_S + '"a\\u0000b" .', "refuse", "control-character", "1:29"),
    "control.ttl": (_S + '"esc\x1b[31m bell\x07" .', "refuse", "control-character", "1:31"),
    "bidi.ttl": (_S + '"CATL \u202egnp.exe\u202c zero\u200bwidth" .', "flag", "invisible-character", "1:33"),
    "homoglyph.ttl": ('<http://e/\u0430cme> <http://e/l> "\u0410cme" .\n<http://e/acme> <http://e/l> "Acme" .', "flag", "look-alike", "1:11"),
    "twins.ttl": ("<http://e/caf\u00e9> <http://e/p> 1 .\n<http://e/cafe\u0301> <http://e/p> 1 .", "flag", "unicode-twin", ""),
    "language.ttl": (_S + '"v"@toolonglanguagetag-x-y , "w"@en-1234567890 , "y"@-en .', "refuse", "bad-language", "1:31"),
    "datatype.ttl": ('@prefix x: <http://www.w3.org/2001/XMLSchema#> .\n' + _S + '"2024-02-31"^^x:date , "NaNN"^^x:double , "1e9"^^x:decimal , "maybe"^^x:boolean , "999999999999"^^x:int , "<a><b>"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral> .', "flag", "ill-typed", "2:28"),
    "long_number.ttl": (_S + "9" * 5000 + " .", "flag", "long-number", "1:27"),
    "bom.ttl": (b"\xef\xbb\xbf" + _S.encode() + b'"v" .', "accept", "no-claims", ""),
    "utf16.ttl": ((_S + '"v" .').encode("utf-16"), "refuse", "not-utf8", "1:1"),
    "latin1.ttl": ((_S + '"Citro\xebn" .').encode("latin-1"), "refuse", "not-utf8", "1:33"),
    "cr_only.ttl": ('<http://e/a> <http://e/p> "1" .\r<http://e/b> <http://e/p> "2" .\r', "accept", "no-claims", ""),
    "empty.ttl": ("", "flag", "empty-file", "1:1"),
    "binary.ttl": (bytes(range(256)), "refuse", "not-utf8", ""),
    "unknown_prefix.ttl": ("zz:a zz:b zz:c .", "refuse", "unknown-prefix", "1:1"),
    "triple_term.ttl": (_S + "<<( <http://e/x> <http://e/y> <http://e/z> )>> .", "refuse", "triple-term", "1:27"),
    "quoted.ttl": ("<< <http://e/x> <http://e/y> <http://e/z> >> <http://e/p> 1 .", "refuse", "triple-term", "1:1"),
    "annotation.ttl": ("<http://e/x> <http://e/y> <http://e/z> {| <http://e/p> 1 |} .", "refuse", "triple-term", ""),
    "spoof.trig": ('GRAPH <urn:ledger:audit> { <urn:claim:1> <http://e/retracted> true }\n{ <http://e/a> <http://e/p> "x" }', "refuse", "foreign-graph", "1:8"),
    "good_then_bad.nt": ("".join(f'<http://e/s{i}> <http://e/p> "{i}" .\n' for i in range(200)) + "<http://e/s> <http://e/p> oops .\n", "refuse", "bad-syntax", "201:27"),
    "bnode_a.nq": ('_:b1 <http://e/name> "from file a" <http://e/g> .', "accept", "no-claims", ""),
    "bnode_b.nt": ('_:b1 <http://e/name> "from file b" .', "accept", "no-claims", ""),
    "markup.ttl": (_S + '"<img src=x onerror=alert(1)>" , "</script><script>alert(2)</script>" , "\u2028alert(4)//" .', "accept", "no-claims", ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server on loopback that hostile files try to reach."""
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1], hits
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def verdicts(listener, tmp_path_factory) -> dict[str, list[Problem]]:
    """Every hostile file read in one confined child: 5 s and 512 MB for all of them together."""
    port, _ = listener
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "canary.txt").write_text("CANARY-LOCAL-FILE")
    (folder / "ctx.jsonld").write_text('{"@context": {"name": "http://e/CANARY-LOCAL-FILE"}}')
    blobs = []
    for content, *_ in HOSTILE.values():
        data = content if isinstance(content, bytes) else content.encode()
        blobs.append(data.replace(b"@PORT@", str(port).encode()).replace(b"@DIR@", str(folder).encode()))
    plain = child.call(
        "kg.formats:_parse", {"title": "hostile", "files": list(HOSTILE)}, blobs, seconds=20, memory=512 << 20
    )
    batch = FactFile.from_plain(plain)
    assert not any(batch.rows(table) for table in COLUMNS), "a hostile file gave rows"
    found: dict[str, list[Problem]] = {name: [] for name in HOSTILE}
    for problem in batch.problems:
        found[problem.file].append(problem)
    return found


@pytest.mark.parametrize("name", HOSTILE)
def test_each_hostile_file_gets_its_verdict_at_its_place(verdicts, name):
    """Refused, flagged or accepted, at file:line:column, with a cure; no local file is shown."""
    _, verdict, code, place = HOSTILE[name]
    problems = verdicts[name]
    severities = {problem.severity for problem in problems}
    worst = "refuse" if "error" in severities else "flag" if "warning" in severities else "accept"
    assert worst == verdict, problems
    first = next(problem for problem in problems if problem.code == code)
    assert f"{first.row}:{first.column}".startswith(place)
    assert all("CANARY" not in str(problem) for problem in problems)
    for problem in problems:
        if problem.severity == "error":
            assert problem.row > 0
            assert problem.column
            assert re.search(r"[;:?,]", problem.message), "no cure"


def test_no_hostile_file_reaches_the_network(verdicts, listener):
    """Contexts, entities, imports: nothing was asked for (security test 11)."""
    assert verdicts
    assert listener[1] == []


def test_two_statements_in_a_file_with_carriage_returns_only(verdicts):
    """Old line ends part statements too."""
    assert "2 statements" in verdicts["cr_only.ttl"][0].message


#: Big files, made as they are needed: what → content and code. All are far beyond what any claim needs.
BIG = {
    "deep_bnode.ttl": (lambda: _S + "[<http://e/p> " * 10**6 + "1" + "]" * 10**6 + " .", "too-deep"),
    "deep_list.ttl": (lambda: _S + "(" * 10**6 + ")" * 10**6 + " .", "too-deep"),
    "deep_triple_term.ttl": (lambda: _S + "<<( <http://e/a> <http://e/p> " * 10**5 + "1" + " )>>" * 10**5 + " .", "triple-term"),
    "deep_array.jsonld": (lambda: '{"http://e/p":' + "[" * 200_000 + "1" + "]" * 200_000 + "}", "too-deep"),
    "deep_node.jsonld": (lambda: '{"http://e/p":' * 10**5 + "1" + "}" * 10**5, "too-deep"),
    "deep.rdf": (lambda: _XML.format("", "<rdf:Description><e:p>" * 10**5 + "</e:p></rdf:Description>" * 10**5), "too-deep"),
    "huge_literal.ttl": (lambda: _S + '"' + "x" * 50_000_000 + '" .', "too-long"),
    "huge_literal.rdf": (lambda: _xml("", "x" * 20_000_000), "too-long"),
    "huge_literal.jsonld": (lambda: '{"http://e/p":"' + "x" * 20_000_000 + '"}', "too-long"),
    "huge_iri.ttl": (lambda: "<http://e/" + "x" * 20_000_000 + "> <http://e/p> 1 .", "too-long"),
    "no_end.ttl": (lambda: _S + '"""' + 'x\\"' * 10**7, "bad-syntax"),
    "many_prefixes.ttl": (lambda: "".join(f"@prefix p{i}: <http://e/{i}#> .\n" for i in range(200_000)), "too-many-prefixes"),
    "many_errors.ttl": (lambda: "".join(f"<http://e/a> <http://e/p> <file:///{i}> .\n" for i in range(50_000)), "unsafe-iri"),
}  # fmt: skip


@pytest.mark.parametrize("name", BIG)
def test_big_hostile_files_are_refused_for_what_they_are(tmp_path, name):
    """Refused with a place, within 10 s and 1 GB: the child would have been killed with another code (security test 12)."""
    make, code = BIG[name]
    path = tmp_path / name
    path.write_text(make(), encoding="utf-8")
    batch = formats.read(path)
    path.unlink()
    assert told(batch, "error")[0] == code
    assert batch.problems[0].row > 0


def test_the_head_does_not_move_and_nothing_runs(run, tmp_path):
    """A refused load leaves the ledger as it was; an ontology that names a Python module runs nothing (security test 13)."""
    home = tmp_path / "home"
    (tmp_path / "good.ttl").write_text(PREFIX + BY_HAND + 'source:harbour a ev:SourceDocument ; ev:publisherName "Harbour Times" ; ev:sourceKind evv:kind-news ; ev:consulted true .\n' + "".join(f'id:{name} a ev:Company ; ev:classifiedAs evv:class-{kind} ; skos:prefLabel "{name.title()}" .\n' for name, kind in (("basalt", "cell-maker"), ("aurora", "oem"))))  # fmt: skip
    marker = tmp_path / "ran"
    (tmp_path / "hostile_mod.py").write_text(f"open({str(marker)!r}, 'w')")
    (tmp_path / "python_module.owl").write_text(str(HOSTILE["python_module.owl"][0]))
    good = run("load", str(tmp_path / "good.ttl"), home=home)
    assert good.returncode == 0, good.stderr

    def head() -> str:
        return run("verify", home=home).stdout

    before = head()
    (tmp_path / "bad.ttl").write_text(
        PREFIX + BY_HAND.replace("id:aurora ;", "id:delta ;") + "zz:a zz:b zz:c ."
    )
    bad = run("load", str(tmp_path / "bad.ttl"), home=home)
    assert bad.returncode == 1
    assert re.search(r"bad\.ttl:\d+:1 +unknown-prefix", bad.stdout + bad.stderr)
    environment = {
        **os.environ,
        "KG_HOME": str(home),
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    }
    loaded = subprocess.run(
        [sys.executable, "-m", "kg.cli", "load", "python_module.owl"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    assert "program-ignored" in loaded.stdout + loaded.stderr
    assert not marker.exists()
    assert head() == before


def test_labels_that_deceive_are_flagged_and_never_reach_the_terminal(run, tmp_path):
    """Bidi and look-alike labels of cards are told; what is printed holds no such character (security test 21)."""
    path = tmp_path / "cards.ttl"
    path.write_text(
        PREFIX
        + 'id:one a ev:Company ; skos:prefLabel "Aurora \u202egnp.exe" .\nid:two a ev:Company ; skos:prefLabel "\u0410urora" .\n'
        + 'id:three a ev:Company ; skos:prefLabel "Caf\u00e9" .\nid:four a ev:Company ; skos:prefLabel "Cafe\u0301" .\n',
        encoding="utf-8",
    )
    batch = formats.read(path)
    assert {"invisible-character", "look-alike", "unicode-twin"} <= set(told(batch, "warning"))
    done = run("load", str(path))
    assert done.returncode == 0, done.stderr
    assert not hidden(done.stdout + done.stderr)


@settings(max_examples=150)
@given(
    data=st.one_of(st.binary(max_size=120), st.text(max_size=80).map(str.encode)),
    suffix=st.sampled_from(["ttl", "trig", "nt", "nq", "jsonld", "rdf"]),
)
def test_no_bytes_at_all_break_the_reader(data, suffix):
    """Any bytes are either read or refused with a place; there is never a traceback."""
    batch = read(data, f"x.{suffix}")
    assert all(problem.row for problem in batch.problems if problem.severity == "error")


@settings(max_examples=60)
@given(data=st.data())
def test_no_slip_in_an_export_breaks_the_reader(data):
    """Cut, doubled or changed anywhere, a file of ours is read or refused, never half understood."""
    form = data.draw(st.sampled_from(sorted(FORMS)))
    whole = _sample(form)
    at, end = sorted(data.draw(st.tuples(st.integers(0, len(whole)), st.integers(0, len(whole)))))
    with_slip = (
        whole[:at] + data.draw(st.sampled_from([b"", b"<", b'"', b"[", b"}", b"\\", b"ev:"])) + whole[end:]
    )
    batch = read(with_slip, f"x.{FORMS[form]}")
    if not told(batch, "error"):
        for row in batch.facts:
            if re.fullmatch(r"[a-z2-7]{20}", row.get("id")) and row.get("relation") in WORDS.relations:
                assert claim_of(row, WORDS, ("", "")).id == row.get("id")


_SAMPLE: list[Record] = [
    Entity("aurora", "Aurora", ("oem", "battery-supplier"), "XN", "", ("A", "B"), (), "a note"),
    Source("harbour", "https://harbour.example/", "Talks", "Harbour Times", "2026-01", kind="news"),
    Claim(
        Proposition("supplies", "basalt", "aurora", "cell", "norland"), "denied", "harbour", speaker="aurora",
        evidence=Evidence("we do <not>", "said: ", "", "Aurora denies it.", "paragraph 2"), confidence="0.90",
    ),
]  # fmt: skip


def _sample(form: str) -> bytes:
    ((_, data),) = formats.write(unload(_SAMPLE), form).items()
    return data


# -- glyphs


def test_what_hides_and_what_only_looks_alike():
    """Marks of direction, Cyrillic in a Latin word, one accent in two encodings; plain names pass."""
    assert hidden("a\u202eb\u200b") == ["U+202E", "U+200B"]
    assert look_alikes(["Аcme", "Acme Ltd"]) == [("Аcme", "Acme")]
    assert twins(["café", "cafe\u0301", "cafe"]) == [("cafe\u0301", "café")]
    assert not look_alikes(["Москва", "Acme", "ACME", "acme"])
    assert not twins(["Müller", "Muller"])


def test_a_day_in_the_ledger_is_a_day_for_others():
    """An imprecise date is written as the day it begins or ends with, and keeps its own words beside it."""
    claim = Claim(
        Proposition("supplies", "basalt", "aurora"), "reported", "w", valid_from="2024", valid_to="2024-02"
    )
    ((_, data),) = formats.write(unload([claim]), "turtle").items()
    assert b'"2024-01-01"^^xsd:date' in data
    assert f'"{datetime.date(2024, 2, 29)}"^^xsd:date'.encode() in data
    assert b'ev:dateAsStated "2024/2024-02"' in data
