"""Nanopublications, in and out, checked with the nanopub library: valid, named by their content, whole on their own."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import pyoxigraph
import pytest

from kg import formats
from kg.claim import Claim, Entity, Match, Retraction, Source
from kg.factfile import FactFile
from kg.formats import rdf
from kg.ingest import OnFile, check, unload
from kg.vocabulary import PREFIXES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import rdflib
    from nanopub import Nanopub
    from nanopub.utils import MalformedNanopubError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

_NP = "http://www.nanopub.org/nschema#"
#: A nanopublication of somebody else, about something else.
FOREIGN = f"""@prefix np: <{_NP}> . @prefix x: <http://example.org/np1#> . @prefix prov: <http://www.w3.org/ns/prov#> .
x:Head {{ <http://example.org/np1> a np:Nanopublication ; np:hasAssertion x:a ; np:hasProvenance x:p ; np:hasPublicationInfo x:i . }}
x:a {{ x:mosquito x:transmits x:malaria . }}
x:p {{ x:a prov:hadPrimarySource <https://doi.org/10.1000/182> . }}
x:i {{ <http://example.org/np1> prov:wasAttributedTo x:ana . }}
"""
#: One that makes a claim in our vocabulary, with source and speaker in its provenance only.
OURS_ELSEWHERE = (
    FOREIGN.replace(
        "x:mosquito x:transmits x:malaria .",
        """x:c a ev:Claim ; ev:stance evv:stance-denied ; ev:states x:s . x:s ev:headSubject id:aurora ;
           ev:headPredicate ev:inTalksWith ; ev:headObject id:cirrus . x:c ev:evidence x:e . x:e ev:paraphrase "No talks." .""",
    )
    .replace("<https://doi.org/10.1000/182>", "source:wire ; prov:wasAttributedTo id:aurora")
    .replace("@prefix np:", f"@prefix ev: <{PREFIXES['ev']}> . @prefix evv: <{PREFIXES['evv']}> . @prefix id: <{PREFIXES['id']}> . @prefix source: <{PREFIXES['source']}> . @prefix np:")
)  # fmt: skip


@pytest.fixture
def exported(world) -> bytes:
    """The invented world as nanopublications, one claim withdrawn."""
    records = [entry.record for entry in world.ledger.entries()]
    claim = next(record for record in records if isinstance(record, Claim))
    batch = unload(
        [*records, Retraction(claim.id, "The page was misread."), Match("Aurora Inc", "aurora", "same")]
    )
    batch.recorded = "2026-03-01"
    ((name, data),) = formats.write(batch, "nanopub").items()
    assert name == "claims.trig"
    return data


def read(data: bytes | str, name: str = "np.trig") -> FactFile:
    """Return what a file of nanopublications says."""
    batch = FactFile()
    rdf.read(name, data if isinstance(data, bytes) else data.encode(), batch)
    return batch


def each(data: bytes) -> Iterator[tuple[str, list[pyoxigraph.Quad]]]:
    """Yield each nanopublication of a file: its name and quads."""
    held: dict[str, list[pyoxigraph.Quad]] = {}
    for quad in pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.TRIG):
        held.setdefault(quad.graph_name.value.partition("#")[0], []).append(quad)
    yield from held.items()


def theirs(quads: list[pyoxigraph.Quad]) -> Nanopub:
    """Return one nanopublication as the library reads it, values as they are written."""
    text = pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS).decode()
    normalising, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        graph = rdflib.ConjunctiveGraph()
        graph.parse(data=text, format="nquads")
        return Nanopub(rdf=graph)
    finally:
        rdflib.NORMALIZE_LITERALS = normalising


def test_each_nanopublication_is_valid_and_named_by_its_content(exported):
    """The library finds four graphs, provenance, publication info, and the code in the name is right."""
    found = list(each(exported))
    assert len(found) > 20
    for name, quads in found:
        publication = theirs(quads)
        assert publication.is_valid
        assert publication.has_valid_trusty
        assert publication.source_uri == name
        assert len(quads) < 1200  # what a nanopublication may hold


def test_a_changed_value_is_seen_by_the_library_and_by_us(exported):
    """One word changed in one of them, and it is not what its name says any more."""
    name, quads = next((name, quads) for name, quads in each(exported) if b"denied" in str(quads).encode())
    text = pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS).decode()
    changed = re.sub(r"stance-denied", "stance-reported", text)
    with pytest.raises(MalformedNanopubError):
        theirs(list(pyoxigraph.parse(changed, format=pyoxigraph.RdfFormat.N_QUADS))).has_valid_trusty  # noqa: B018
    codes = {problem.code for problem in read(changed, "np.nq").problems if problem.severity == "error"}
    assert codes == {"nanopub-altered"}
    assert name in text


def test_the_file_loads_back_to_the_same_claims_and_cards(world, exported):
    """Load → export → load: every claim, source, scenario and withdrawal; decisions about names stay at home."""
    batch = read(exported)
    assert not batch.problems
    checked = check(batch, OnFile())
    assert not checked.errors
    back = {record.record_id for record, _ in checked.records}
    kept = [entry.record for entry in world.ledger.entries()]
    named = {claim.proposition.subject for claim in kept if isinstance(claim, Claim)}
    named |= {claim.proposition.object for claim in kept if isinstance(claim, Claim)}
    wanted = [record for record in kept if not isinstance(record, Entity) or record.id in named]
    assert {record.record_id for record in wanted} <= back
    assert [row.get("reason") for row in batch.withdrawals] == ["The page was misread."]
    assert not batch.matches


def test_each_can_be_read_alone(exported):
    """Any one of them, by itself in a file, passes every check: it carries the cards that it needs."""
    for _, quads in each(exported):
        batch = read(pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS), "one.nq")
        if batch.withdrawals:
            continue  # what it withdraws must be on file
        checked = check(batch, OnFile())
        assert not [problem for problem in checked.problems if problem.severity == "error"]
        assert any(isinstance(record, Claim) for record, _ in checked.records)
        assert any(isinstance(record, Source) for record, _ in checked.records)


def test_assertions_hold_claims_and_no_bare_content(exported):
    """What is denied is not asserted: an assertion graph holds the claim and the description of its proposition."""
    for name, quads in each(exported):
        subjects = {quad.subject.value for quad in quads if quad.graph_name.value == f"{name}#assertion"}
        assert not [subject for subject in subjects if subject.startswith((PREFIXES["id"], PREFIXES["rel"]))]


def test_no_blank_nodes_and_the_same_bytes_each_time(world, exported):
    """A name that is a hash leaves no room for nodes without names, nor for chance."""
    assert b"_:" not in exported
    assert b"[" not in re.sub(rb'"[^"]*"', b"", exported)
    batch = unload([entry.record for entry in world.ledger.entries()])
    assert formats.write(batch, "nanopub") == formats.write(batch, "nanopub")


def test_the_date_of_recording_stands_in_the_publication_info(exported):
    """`dcterms:created` is the date the batch gives."""
    assert exported.count(b'dcterms:created "2026-03-01"^^xsd:date') == len(list(each(exported)))


def test_a_strangers_nanopublication_is_told_and_not_stored():
    """What makes no claim in our vocabulary is no error."""
    batch = read(FOREIGN)
    assert [(problem.severity, problem.code) for problem in batch.problems] == [("info", "foreign-nanopub")]
    assert not batch.facts


def test_source_and_speaker_are_taken_from_the_provenance():
    """A claim that somebody else published names its source where nanopublications do."""
    batch = read(OURS_ELSEWHERE)
    (row,) = batch.facts
    assert (row.get("source"), row.get("speaker"), row.get("stance")) == ("wire", "aurora", "denied")
    assert (row.get("subject"), row.get("relation"), row.get("object")) == ("aurora", "inTalksWith", "cirrus")
    assert not [problem for problem in batch.problems if problem.severity == "error"]


def test_a_nanopublication_without_its_parts_is_refused():
    """Three graphs belong to it; one that is missing is named."""
    batch = read(FOREIGN.replace("x:p {", "x:q {"))
    assert "nanopub-part" in {problem.code for problem in batch.problems}
    assert batch.problems[0].row == 2


def test_a_nanopublication_writes_into_no_graph_of_others():
    """Graphs beside its own are refused as in any other file."""
    batch = read(FOREIGN + "<urn:ledger:audit> { <http://e/a> <http://e/p> <http://e/b> . }")
    assert "foreign-graph" in {problem.code for problem in batch.problems}
