"""The ontology is complete, documented, inside its profiles, consistent, and keeps its contract with the loader."""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, SH, SKOS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS

from kg.factfile import COLUMNS
from kg.vocabulary import folder

ONTOLOGY = folder("ontology")
EV = Namespace("https://w3id.org/evsw/ontology#")
EVV = Namespace("https://w3id.org/evsw/scheme/")
EVSH = Namespace("https://w3id.org/evsw/shapes#")
OA = Namespace("http://www.w3.org/ns/oa#")
ID = Namespace("https://w3id.org/evsw/id/")
HEADER = URIRef("https://w3id.org/evsw/ontology")
MODULES = ("actors", "products", "relationships", "policy", "claims")
TERM_TYPES = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.AnnotationProperty,
    OWL.NamedIndividual,
)

KINDS = [
    "oem", "battery-supplier", "cell-maker", "materials-supplier", "software-supplier", "chip-supplier",
    "tier1-supplier", "contract-manufacturer", "publisher", "fund", "company", "joint-venture",
    "association", "group", "plant", "site", "vehicle-model", "vehicle-platform", "technology",
    "chemistry", "material", "software", "component", "government", "authority", "agency",
    "legislature", "committee", "court", "jurisdiction", "person", "policy", "tariff", "quota",
    "tax-credit", "subsidy", "rule", "connected-vehicle-rule", "export-control", "list",
    "investigation", "law", "trade-remedy", "content-requirement", "data-rule", "safety-rule",
    "emissions-mandate", "agreement", "right", "market-condition",
]  # fmt: skip
NARY = [
    "supplies", "providesSoftwareTo", "providesServiceTo", "licensesTechnologyTo", "ownsStakeIn",
    "partOfJointVenture", "acquires", "divests", "investsIn", "operatesPlant", "manufactures",
    "holdsPostAt", "investigates", "relatedTo",
]  # fmt: skip
MUTUAL = [
    "inTalksWith", "partnersWith", "coDevelopsWith", "jointVentureWith", "competesWith",
]  # fmt: skip
TURNED = [
    "sourcesMaterialFrom", "usesSoftwareFrom", "employs",
]  # fmt: skip
DIRECT = [
    "assembledAt", "builtOn", "uses", "develops", "sells", "sellsIn", "exportsTo", "sourcedFrom",
    "locatedIn", "headquarteredIn", "subsidiaryOf", "siteOf", "madeBy", "partOfJurisdiction",
    "partOfBody", "controls", "hasCapabilityIn", "isBenchmarkIn", "commentsOn", "imposes", "targets",
    "affects", "appliesIn", "listedOn", "benefitsFrom", "restrictsExportOf", "exempts", "excludes",
    "sponsors", "repeals", "suspends", "withdraws", "contests", "litigatesAgainst", "decidesOn",
    "funds", "cancels", "concernsParty", "requires",
]  # fmt: skip
DERIVED = [
    "dependsOn", "reliesOn", "controlledBy", "controlledFrom", "subjectTo", "candidateExposureTo",
    "exposedTo", "regulates", "operatesIn", "provides", "makes",
]  # fmt: skip
#: Kinds of policy too wide to say what they reach; only lines about a named instrument do.
BY_NAME_ONLY = {"PolicyInstrument", "RestrictivePolicy", "IncentivePolicy", "Law", "RegulatoryRule"}
LAYERS = {
    "vehicle-platform": "power-electronics chassis body electrical-architecture charging",
    "battery": "materials cell pack bms chemistry",
    "software-ux": "infotainment voice-assistant app-ecosystem vehicle-os driver-assistance cabin-electronics connectivity",
    "manufacturing": "assembly retooling ota-cadence",
}
VALUES = {
    "stance": "confirmed reported denied hypothesised opinion",
    "status": "rumoured talks planned active suspended ended cancelled",
    "standing": "confirmed reported contested denied hypothetical opinion",
    "kind": "news company-release government filing analysis blog encyclopedia trade-press reference",
    "time": "current past future unknown",
    "exposure": "direct via-supplier via-licensor via-software via-owner via-site via-product via-partner prospective",
}


def read(*names: str) -> Graph:
    """Return the named modules as one graph."""
    graph = Graph()
    for name in names:
        graph.parse(ONTOLOGY / f"{name}.ttl")
    return graph


@pytest.fixture(scope="module")
def domain() -> Graph:
    """The modules a reasoner reads."""
    return read(*MODULES)


@pytest.fixture(scope="module")
def whole() -> Graph:
    """Every Turtle file of the folder."""
    return read(*sorted(path.stem for path in ONTOLOGY.glob("*.ttl")))


def ours(node: object) -> bool:
    """Whether a node is a term or value of this ontology."""
    return isinstance(node, URIRef) and str(node).startswith((str(EV), str(EVV)))


def terms(graph: Graph) -> list[URIRef]:
    """Return the terms and values that a graph declares."""
    return sorted({s for kind in TERM_TYPES for s in graph.subjects(RDF.type, kind) if ours(s)})


def local(node: object) -> str:
    """Return what follows the namespace."""
    return re.split(r"[#/]", str(node))[-1]


def above(graph: Graph, node: URIRef, link: URIRef) -> set[URIRef]:
    """Return a node and all it lies below, along one hierarchy."""
    return {n for n in graph.transitive_objects(node, link) if isinstance(n, URIRef)}


# -- headers and documentation


@pytest.mark.parametrize("name", [*MODULES, "alignments", "shapes"])
def test_every_module_says_what_it_is(name):
    """A module has an IRI under the ontology's, the common version, a licence, a creator, a title and an abstract."""
    graph = read(name)
    header = HEADER + "/" + name
    assert (header, RDF.type, OWL.Ontology) in graph
    assert graph.value(header, OWL.versionIRI) == URIRef(
        f"{HEADER}/{read('evsw').value(HEADER, OWL.versionInfo)}/{name}"
    )
    for wanted in (DCTERMS.title, DCTERMS.abstract, DCTERMS.license, DCTERMS.creator):
        assert graph.value(header, wanted) is not None, wanted


def test_the_header_imports_the_modules_that_a_reasoner_needs():
    """Five modules, no network vocabulary; the deprecation policy stands in the header."""
    graph = read("evsw")
    assert set(graph.objects(HEADER, OWL.imports)) == {HEADER + "/" + name for name in MODULES}
    assert "never removed" in str(graph.value(HEADER, DCTERMS.description))
    for name in MODULES:
        imported = set(read(name).objects(HEADER + "/" + name, OWL.imports))
        assert imported <= {HEADER + "/" + other for other in MODULES}, "a module imports only its own kind"


@pytest.mark.parametrize("name", [*MODULES, "shapes"])
def test_every_term_is_documented(name):
    """Label, one definition that is one sentence, a source, and the module that defines it: this one."""
    graph = read(name)
    missing = []
    for term in terms(graph):
        if (
            graph.value(term, RDFS.isDefinedBy) is None
            and (term, RDF.type, OWL.AnnotationProperty) in graph
            and name != "shapes"
        ):
            continue  # declared again for the profile check; documented at home
        labels = [*graph.objects(term, RDFS.label), *graph.objects(term, SKOS.prefLabel)]
        definitions = list(graph.objects(term, SKOS.definition))
        if len(labels) != 1 or labels[0].language != "en":
            missing.append((local(term), "label", labels))
        if (
            len(definitions) != 1
            or definitions[0].language != "en"
            or not re.fullmatch(r"[A-Z][^\n]{15,}\.", definitions[0])
        ):
            missing.append((local(term), "definition", definitions))
        if not list(graph.objects(term, DCTERMS.source)):
            missing.append((local(term), "source", None))
        if list(graph.objects(term, RDFS.isDefinedBy)) != [HEADER + "/" + name]:
            missing.append((local(term), "isDefinedBy", None))
    assert not missing


def test_no_definition_leans_on_its_own_word(domain):
    """A class is defined by genus and difference, not by its own label."""
    circular = [
        (local(cls), str(domain.value(cls, SKOS.definition)))
        for cls in domain.subjects(RDF.type, OWL.Class)
        if ours(cls)
        and re.search(
            rf"\b{re.escape(str(domain.value(cls, RDFS.label)))}\b", str(domain.value(cls, SKOS.definition))
        )
    ]
    assert not circular


def test_no_two_terms_share_a_definition_or_a_class_label(domain):
    """Two terms that read alike are one term too many; values of different schemes may share a word."""
    definitions = Counter(str(o) for s, o in domain.subject_objects(SKOS.definition))
    assert not [text for text, times in definitions.items() if times > 1]
    labels = Counter(
        str(domain.value(c, RDFS.label)) for c in domain.subjects(RDF.type, OWL.Class) if ours(c)
    )
    assert not [text for text, times in labels.items() if times > 1]


# -- nothing undeclared


def test_nothing_of_ours_is_used_without_being_declared(whole):
    """Each term or value in any file, shapes and mappings included, is declared in a module."""
    declared = set(terms(whole))
    used = {node for triple in whole for node in triple if ours(node)}
    assert not sorted(used - declared)


@pytest.mark.parametrize("name", [*MODULES, "alignments", "evsw"])
def test_every_foreign_term_in_an_axiom_or_annotation_is_declared(name):
    """Predicates and classes of other vocabularies are declared, else the file would leave OWL 2 DL."""
    graph = read(name)
    builtin = (str(RDF), str(RDFS), str(OWL), str(XSD))
    used = {p for p in graph.predicates() if not str(p).startswith(builtin)}
    used |= {
        o
        for p in (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range)
        for o in graph.objects(None, p)
        if isinstance(o, URIRef)
    }
    used = {term for term in used if not str(term).startswith(builtin) and not ours(term)}
    assert not sorted(term for term in used if not set(graph.objects(term, RDF.type)) & set(TERM_TYPES))


# -- the contract with the loader


@pytest.mark.parametrize("code", KINDS)
def test_every_kind_code_is_on_exactly_one_class(domain, code):
    """So that an entity card has one reading."""
    classes = [c for c in domain.subjects(SKOS.notation, Literal(code)) if ours(c)]
    assert len(classes) == 1
    assert (classes[0], RDF.type, OWL.Class) in domain


def test_a_role_class_names_its_rigid_class_and_the_label_that_grants_it(domain):
    """A card of kind oem is a Company classified as an OEM, and that label suffices for the role."""
    granted = {
        (domain.value(r, OWL.hasValue), sup)
        for r, sup in domain.subject_objects(RDFS.subClassOf)
        if domain.value(r, OWL.onProperty) == EV.classifiedAs
    }
    for role, rigid in domain.subject_objects(EV.roleOf):
        assert (rigid, EV.roleOf, None) not in domain, "a role is of something rigid"
        assert rigid in above(domain, role, RDFS.subClassOf)
        for code in domain.objects(role, SKOS.notation):
            label = EVV["class-" + str(code)]
            assert list(domain.objects(role, EV.classification)) == [label]
            assert (label, SKOS.inScheme, EVV.classifications) in domain
            assert (label, role) in granted
    coded = set(domain.subjects(EV.classification, None))
    assert coded == {c for c in domain.subjects(EV.roleOf, None) if (c, SKOS.notation, None) in domain}


@pytest.mark.parametrize("name", [*NARY, *MUTUAL, *TURNED, *DIRECT])
def test_every_relation_of_the_fact_file_is_a_documented_property(domain, name):
    """Its name is the property's local name, and it can be read from both sides."""
    relation = EV[name]
    assert (relation, RDF.type, OWL.ObjectProperty) in domain
    assert list(domain.objects(relation, EV.relationName)) == [Literal(name)]
    for reading in (EV.sentence, EV.sentenceInverse):
        text = str(domain.value(relation, reading))
        assert sorted(re.findall(r"\{\w+\}", text)) == ["{object}", "{subject}"]
        assert text == text.strip()
        assert "  " not in text
    assert str(domain.value(relation, EV.sentence)).startswith("{subject} ")


def test_no_relation_is_loadable_that_should_be_derived(domain):
    """Dependency, control and exposure follow; a row cannot assert them."""
    loadable = {str(o) for o in domain.objects(None, EV.relationName)}
    assert not loadable & set(DERIVED)
    assert all((EV[name], RDF.type, OWL.ObjectProperty) in domain for name in DERIVED)


def loadable(graph: Graph, pattern: str) -> list[URIRef]:
    """Return the relations of a pattern."""
    return sorted(graph.subjects(EV.pattern, Literal(pattern)))


def chains(graph: Graph, relation: URIRef) -> list[tuple[URIRef, ...]]:
    """Return the property chains that fill a property."""
    return [tuple(Collection(graph, head)) for head in graph.objects(relation, OWL.propertyChainAxiom)]


def test_relations_have_the_pattern_that_the_fact_file_says(domain):
    """The written lists and the annotations agree; relations wanted later may add to them."""
    assert set(NARY) <= {local(r) for r in loadable(domain, "n-ary")}
    assert set(MUTUAL) == {local(r) for r in loadable(domain, "mutual")}
    assert set(DIRECT) <= {local(r) for r in loadable(domain, "direct")}
    everything = {local(r) for p in ("n-ary", "mutual", "direct") for r in loadable(domain, p)} | set(TURNED)
    assert everything == {str(o) for o in domain.objects(None, EV.relationName)}


def test_an_nary_relation_is_filled_by_a_chain_over_its_own_roles(domain):
    """Class, roles with that class as domain, inverses, and the shortcut from subject to object."""
    for relation in loadable(domain, "n-ary"):
        cls, one, other = (domain.value(relation, p) for p in (EV.reifiedAs, EV.subjectRole, EV.objectRole))
        assert EV.Relationship in above(domain, cls, RDFS.subClassOf), relation
        assert one != other
        for role in (one, other):
            assert domain.value(role, RDFS.domain) == cls, role
            assert EV.participant in above(domain, role, RDFS.subPropertyOf), role
            inverse = domain.value(None, OWL.inverseOf, role)
            assert EV.participatesIn in above(domain, inverse, RDFS.subPropertyOf), role
        assert (domain.value(None, OWL.inverseOf, one), other) in chains(domain, relation), relation


def test_a_mutual_relation_has_one_role_and_no_chain(domain):
    """A chain over one role would tie each party to itself; the rule in queries/rules fills it instead."""
    for relation in loadable(domain, "mutual"):
        role = domain.value(relation, EV.subjectRole)
        cls = domain.value(relation, EV.reifiedAs)
        assert domain.value(relation, EV.objectRole) == role
        assert domain.value(role, RDFS.domain) == cls
        assert {EV.MutualRelationship, EV.Relationship} <= above(domain, cls, RDFS.subClassOf)
        assert EV.party in above(domain, role, RDFS.subPropertyOf)
        assert (relation, RDF.type, OWL.SymmetricProperty) in domain
        assert not chains(domain, relation)
        assert set(domain.objects(relation, EV.allowsSubject)) == set(
            domain.objects(relation, EV.allowsObject)
        ), "the parties are sorted, so each end must take both"


def test_a_direct_relation_is_not_reified(domain):
    """One triple, no class, no roles."""
    for relation in loadable(domain, "direct"):
        for annotation in (EV.reifiedAs, EV.subjectRole, EV.objectRole, EV.writtenInverseOf):
            assert (relation, annotation, None) not in domain, relation


def test_a_turned_relation_points_at_one_that_is_not_turned(domain):
    """Turning happens once."""
    turned = set(domain.subjects(EV.writtenInverseOf, None))
    assert {local(r) for r in turned} == set(TURNED)
    for relation in turned:
        target = domain.value(relation, EV.writtenInverseOf)
        assert (target, EV.pattern, None) in domain
        assert target not in turned
    assert domain.value(EV.sourcesMaterialFrom, EV.impliesLayer) == EVV["layer-materials"]


def test_ends_statuses_and_layers_of_relations_are_known_values(domain):
    """What the loader reads resolves."""
    statuses = set(domain.subjects(RDF.type, EV.LifecycleStatus))
    for relation in domain.subjects(EV.pattern, None):
        for side in (EV.allowsSubject, EV.allowsObject):
            allowed = set(domain.objects(relation, side))
            assert allowed, relation
            assert all((cls, RDF.type, OWL.Class) in domain for cls in allowed), relation
            redundant = [c for c in allowed if above(domain, c, RDFS.subClassOf) & allowed - {c}]
            assert not redundant, f"{relation} allows {redundant} twice over"
        assert domain.value(relation, EV.defaultStatus) in statuses, relation
        assert set(domain.objects(relation, EV.inForceStatus)) <= statuses
    assert domain.value(EV.inTalksWith, EV.defaultStatus) == EVV["status-talks"]
    assert EVV["status-talks"] in set(domain.objects(EV.inTalksWith, EV.inForceStatus))


def test_the_narrower_report_affirms_the_broader(domain):
    """The generality that decides whom a denial denies."""
    narrower = {
        "jointVentureWith": "partnersWith",
        "coDevelopsWith": "partnersWith",
        "partOfJointVenture": "ownsStakeIn",
        "supplies": "provides",
        "providesSoftwareTo": "provides",
        "providesServiceTo": "provides",
        "licensesTechnologyTo": "provides",
    }
    for narrow, broad in narrower.items():
        assert EV[broad] in above(domain, EV[narrow], RDFS.subPropertyOf)


def test_an_allowed_end_of_a_narrow_relation_is_allowed_for_the_broad_one(domain):
    """Else the broad reading of a good row would be a bad row."""
    for narrow, broad in domain.subject_objects(RDFS.subPropertyOf):
        if (narrow, EV.pattern, None) in domain and (broad, EV.pattern, None) in domain:
            for side in (EV.allowsSubject, EV.allowsObject):
                wide = set(domain.objects(broad, side))
                for cls in domain.objects(narrow, side):
                    assert above(domain, cls, RDFS.subClassOf) & wide, (narrow, broad, cls)


@pytest.mark.parametrize("top", LAYERS)
def test_the_stack_has_its_layers(domain, top):
    """Four stacks, each with its sub-layers, in OWL and in SKOS alike."""
    assert (EVV["layer-" + top], SKOS.topConceptOf, EVV.layers) in domain
    for name in LAYERS[top].split():
        layer = EVV["layer-" + name]
        assert (layer, RDF.type, EV.StackLayer) in domain
        assert list(domain.objects(layer, EV.subLayerOf)) == [EVV["layer-" + top]]
        assert list(domain.objects(layer, SKOS.broader)) == [EVV["layer-" + top]]


@pytest.mark.parametrize("prefix", VALUES)
def test_the_closed_lists_are_exactly_those_of_the_ledger(domain, prefix):
    """Stances, statuses, standings, source kinds, temporal states, exposure kinds: no value more or less."""
    individuals = {
        local(v)
        for v in domain.subjects(RDF.type, OWL.NamedIndividual)
        if (v, RDF.type, SKOS.ConceptScheme) not in domain
    }
    have = {name.removeprefix(prefix + "-") for name in individuals if name.startswith(prefix + "-")}
    assert have == set(VALUES[prefix].split())


# -- policy reach


@pytest.fixture(scope="module")
def reach() -> list[dict[str, str]]:
    """The lines of reach.csv."""
    with (ONTOLOGY / "reach.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_line_of_reach_names_terms_and_gives_its_reason(domain, reach):
    """A kind of policy, a relationship class with one of its roles or a direct relation with a side, and why."""
    for number, line in enumerate(reach, start=2):
        assert EV.PolicyInstrument in above(domain, EV[line["policy_kind"]], RDFS.subClassOf), number
        target = EV[line["reaches"]]
        if (target, RDF.type, OWL.Class) in domain:
            assert EV.Relationship in above(domain, target, RDFS.subClassOf), number
            owner = domain.value(EV[line["role"]], RDFS.domain)
            assert owner in above(domain, target, RDFS.subClassOf), (
                f"line {number}: {line['role']} is no role of {line['reaches']}"
            )
        else:
            assert (target, EV.pattern, Literal("direct")) in domain, number
            assert line["role"] in ("subject", "object"), number
        assert re.fullmatch(r"[A-Z].{20,}\.", line["reasoning"]), number
        assert not line["layer"] or (EVV["layer-" + line["layer"]], RDF.type, EV.StackLayer) in domain, number
        for column in ("origin", "market"):
            assert re.fullmatch(r"(outside:)?[a-z0-9-]+|", line[column]), number
        assert line["source"] or line["reasoning"], number


def test_the_rules_read_the_same_reach_as_the_table(domain, reach):
    """Lines for a whole kind of policy and every layer stand in the ontology too, where rules can join on them."""
    classes = {local(c) for c in domain.subjects(RDF.type, OWL.Class)}
    table = {
        (line["policy_kind"], line["reaches"])
        for line in reach
        if not line["policy"] and not line["layer"] and line["reaches"] in classes
    }
    assert {(local(s), local(o)) for s, o in domain.subject_objects(EV.reaches)} == table


def test_no_line_of_reach_says_the_same_twice(reach):
    """One line per kind, instrument, tie, role, origin, market and layer."""
    keys = Counter(
        tuple(line[c] for c in ("policy_kind", "policy", "reaches", "role", "origin", "market", "layer"))
        for line in reach
    )
    assert not [key for key, times in keys.items() if times > 1]


def test_every_kind_of_policy_that_bites_has_reach(domain, reach):
    """Each sorted kind has lines of its own or of a broader kind; a law or an unsorted rule reaches nothing by kind."""
    general = {line["policy_kind"] for line in reach if not line["policy"]}
    for cls in {
        c
        for c in domain.subjects(RDF.type, OWL.Class)
        if EV.PolicyInstrument in above(domain, c, RDFS.subClassOf)
        and c != EV.AnyLayerInstrument  # a mark, no kind
    }:
        covered = {local(c) for c in above(domain, cls, RDFS.subClassOf)} & general
        expected = local(cls) not in BY_NAME_ONLY
        assert bool(covered) == expected, cls


def test_a_tariff_does_not_reach_a_licence(reach):
    """The case that decided the design: duties are for goods."""
    tariff = {line["reaches"] for line in reach if line["policy_kind"] in ("Tariff", "TradeRemedy")}
    assert "GoodsSupply" in tariff
    assert not tariff & {
        "TechnologyLicence",
        "SoftwareProvision",
        "ServiceProvision",
        "Provision",
        "Shareholding",
    }


def test_reach_names_instruments_and_sources_that_the_shipped_facts_know(domain, reach):
    """Ids of instruments, places and sources are those of the shipped cards, and the kinds fit."""
    data = folder("ontology").parent / "kg" / "data"
    if not data.is_dir():  # an installed wheel
        data = folder("ontology").parent / "data"
    cards = {row["id"]: row for path in data.glob("*/entities.csv") for row in rows(path)}
    sources = {row["id"] for path in data.glob("*/sources.csv") for row in rows(path)}
    wrong = []
    for line in reach:
        for column in ("origin", "market"):
            place = line[column].removeprefix("outside:")
            if place and "jurisdiction" not in cards.get(place, {}).get("kinds", ""):
                wrong.append((column, place))
        if line["source"] and line["source"] not in sources:
            wrong.append(("source", line["source"]))
        if line["policy"]:
            kinds = [c for c in cards.get(line["policy"], {}).get("kinds", "").split(";") if c]
            classes = {
                c
                for code in kinds
                for k in domain.subjects(SKOS.notation, Literal(code))
                for c in above(domain, k, RDFS.subClassOf)
            }
            if EV[line["policy_kind"]] not in classes:
                wrong.append((line["policy"], line["policy_kind"], ";".join(kinds)))
    assert not sorted(set(wrong), key=str)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- mappings


def test_mappings_are_annotations_on_declared_terms(domain):
    """The mapping file holds nothing that a reasoner would read."""
    graph = read("alignments")
    header = {HEADER + "/alignments"}
    matches = {SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch}
    for s, p, o in graph:
        if s in header or p == RDF.type:
            continue
        assert p in matches
        assert s in set(terms(domain)), s
        assert isinstance(o, URIRef)
        assert not ours(o)


@pytest.mark.parametrize(
    "space",
    [
        "http://www.w3.org/ns/prov#", "http://www.w3.org/ns/org#", "http://www.w3.org/2004/02/skos/core#", "http://www.w3.org/ns/oa#",
        "https://schema.org/", "https://spec.edmcouncil.org/fibo/", "https://spec.industrialontologies.org/", "https://schema.followthemoney.tech/",
        "http://www.wikidata.org/entity/", "http://purl.obolibrary.org/obo/SEPIO", "https://w3id.org/emmo/domain/battery#", "https://w3id.org/biolink/vocab/",
    ],
)  # fmt: skip
def test_there_are_mappings_to_each_vocabulary_we_promise(space):
    """At least one each."""
    assert any(str(o).startswith(space) for o in read("alignments").objects())


# -- shapes


def constraints(graph: Graph) -> list[URIRef]:
    """Return the named shapes that can turn up in a report."""
    return sorted(
        {s for s in graph.subjects(SH.message, None) if isinstance(s, URIRef)}
        | set(graph.subjects(SH.sparql, None))
    )


def test_every_shape_names_the_table_and_the_column_at_fault_and_the_cure():
    """A report can be led back to a cell, and tells what to do there."""
    graph = read("shapes")
    named = constraints(graph)
    assert len(named) > 80
    for shape in named:
        table, column = str(graph.value(shape, EV.table)), str(graph.value(shape, EV.column))
        if table == "batch.toml":
            assert column in ("title", "recorded", "note")
        else:
            assert column in COLUMNS[table.removesuffix(".csv")], (shape, column)
        messages = [
            *graph.objects(shape, SH.message),
            *(m for q in graph.objects(shape, SH.sparql) for m in graph.objects(q, SH.message)),
        ]
        assert len(messages) == 1, shape
        assert len(messages[0]) > 25, shape


def test_no_nameless_shape_can_report():
    """A blank property shape outside sh:or and sh:not would report without column and message."""
    graph = read("shapes")
    loose = [
        s
        for s, p in graph.subject_objects(SH.property)
        if isinstance(p, BNode) and isinstance(s, URIRef) and s != EVSH["something-known"]
    ]
    assert not loose


def fact(name: str, **cells: object) -> str:
    """Return one claim with its proposition and evidence in Turtle; cells replace or (None) remove statements."""
    statements: dict[str, object] = {
        "ev:states": f"prop:{name}", "ev:stance": "evv:stance-reported", "ev:statedIn": "source:paper", "ev:attributionDepth": '"1"^^xsd:nonNegativeInteger',
        "ev:confidence": 0.8, "ev:evidence": f"claim:{name}-evidence", "ev:recordedAt": '"2026-01-01T00:00:00Z"^^xsd:dateTime', "ev:origin": '"paper"',
    }  # fmt: skip
    proposition: dict[str, object] = {
        "ev:headSubject": "id:cell-co",
        "ev:headPredicate": "ev:supplies",
        "ev:headObject": "id:car-co",
    }
    passage: dict[str, object] = {
        "oa:hasSource": "source:paper",
        "ev:paraphrase": '"The paper says so in plain words."',
        "ev:locator": '"paragraph 1"',
    }
    more = str(cells.pop("more", ""))
    for key, value in cells.items():
        prefix, term = (
            ("ev", key[2:])
            if key.startswith("h_")
            else ("oa", key[3:])
            if key.startswith("oa_")
            else ("ev", key)
        )
        target = (
            proposition
            if key.startswith("h_")
            else passage
            if key.startswith("oa_") or key in ("paraphrase", "locator")
            else statements
        )
        target[f"{prefix}:{term}"] = value

    def block(subject: str, cls: str, content: dict[str, object]) -> str:
        kept = [f"{p} {v}" for p, v in content.items() if v is not None]
        return f"{subject} a {cls} ; {' ; '.join(kept)} .\n"

    return (
        block(f"claim:{name}", "ev:Claim", statements)
        + block(f"prop:{name}", "ev:Proposition", proposition)
        + block(f"claim:{name}-evidence", "oa:SpecificResource", passage)
        + more
    )


PREFIXES = """
@prefix ev: <https://w3id.org/evsw/ontology#> . @prefix evv: <https://w3id.org/evsw/scheme/> . @prefix id: <https://w3id.org/evsw/id/> .
@prefix rel: <https://w3id.org/evsw/rel/> . @prefix prop: <https://w3id.org/evsw/prop/> . @prefix claim: <https://w3id.org/evsw/claim/> .
@prefix source: <https://w3id.org/evsw/source/> . @prefix scenario: <https://w3id.org/evsw/scenario/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix oa: <http://www.w3.org/ns/oa#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix schema: <https://schema.org/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
"""
CARDS = """
id:cell-co a ev:Company ; ev:classifiedAs evv:class-battery-supplier ; skos:prefLabel "Cell Co" .
id:car-co a ev:Company ; ev:classifiedAs evv:class-oem ; skos:prefLabel "Car Co" .
id:body a ev:Agency ; skos:prefLabel "Body" .
id:boss a ev:Person ; skos:prefLabel "Boss" .
id:land a ev:Jurisdiction ; skos:prefLabel "Land" ; ev:isoCode "LA" .
id:duty a ev:Tariff ; skos:prefLabel "Duty" .
source:paper a ev:SourceDocument ; ev:sourceKind evv:kind-news ; ev:consulted true ; ev:publisherName "Paper" ; dcterms:title "A headline" .
source:unread a ev:SourceDocument ; ev:sourceKind evv:kind-news ; ev:consulted false ; ev:publisherName "Wire" ; dcterms:title "Another" .
scenario:deal a ev:Scenario ; skos:prefLabel "Deal" .
<https://w3id.org/evsw/scenario/deal/phase-1> a ev:DealPhase ; skos:prefLabel "First" ; ev:phaseOf scenario:deal ; ev:phaseNumber 1 .
scenario:other a ev:Scenario ; skos:prefLabel "Other" .
"""
#: Shape at fault, the claim or thing it must be reported for, and the Turtle that is wrong.
BAD = [
    ("claim-stance", "claim:b1", fact("b1", stance=None)),
    ("claim-stance", "claim:b2", fact("b2", stance="evv:status-planned")),
    ("claim-status", "claim:b3", fact("b3", status="evv:stance-denied")),
    ("claim-source", "claim:b4", fact("b4", statedIn="source:nowhere")),
    ("claim-read", "claim:b5", fact("b5", statedIn="source:unread")),
    ("claim-cited-source", "claim:b6", fact("b6", citedSource="source:paper")),
    ("claim-depth", "claim:b7", fact("b7", attributionDepth='"3"^^xsd:nonNegativeInteger', citedSource="source:unread")),
    ("claim-speaker", "claim:b8", fact("b8", speaker="id:land")),
    ("claim-confidence", "claim:b9", fact("b9", confidence="80.0")),
    ("claim-evidence", "claim:b10", fact("b10", evidence=None)),
    ("claim-layer", "claim:b11", fact("b11", aboutLayer="evv:stance-denied")),
    ("claim-valid-from", "claim:b12", fact("b12", validFrom='"soon"')),
    ("claim-date-order", "claim:b13", fact("b13", validFrom='"2026-02-01"^^xsd:date', validTo='"2025-02-01"^^xsd:date')),
    ("claim-quantity", "claim:b14", fact("b14", quantity='"much"', unit='"USD"')),
    ("quantity-has-unit", "claim:b15", fact("b15", quantity="3.5")),
    ("denial-has-voice", "claim:b16", fact("b16", stance="evv:stance-denied")),
    ("second-hand-names-source", "claim:b17", fact("b17", attributionDepth='"2"^^xsd:nonNegativeInteger')),
    ("confirmed-by-party-or-record", "claim:b18", fact("b18", stance="evv:stance-confirmed")),
    ("hypothesis-names-scenario", "claim:b19", fact("b19", stance="evv:stance-hypothesised")),
    ("scenario-holds-hypotheses", "claim:b20", fact("b20", underScenario="scenario:deal")),
    ("phase-fits-scenario", "claim:b21", fact("b21", stance="evv:stance-hypothesised", underScenario="scenario:other", inPhase="<https://w3id.org/evsw/scenario/deal/phase-1>")),
    ("claim-condition", "claim:b22", fact("b22", stance="evv:stance-hypothesised", conditionalOn="id:unknown")),
    ("no-self-supersede", "claim:b23", fact("b23", supersedes="claim:b23")),
    ("passage-says-something", "claim:b24-evidence", fact("b24", paraphrase='"Too thin."')),
    ("passage-locator", "claim:b25-evidence", fact("b25", locator='"x"')),
    ("quote", "claim:b26-quote", fact("b26", oa_hasSelector="claim:b26-quote", more='claim:b26-quote a oa:TextQuoteSelector ; oa:exact "x" .')),
    ("proposition-subject", "prop:b27", fact("b27", h_headSubject="id:unknown")),
    ("proposition-relation", "prop:b28", fact("b28", h_headPredicate="ev:dependsOn")),
    ("proposition-two-sides", "prop:b29", fact("b29", h_headObject="id:cell-co")),
    ("right-kind-of-subject", "prop:b30", fact("b30", h_headSubject="id:boss", h_headPredicate="ev:imposes", h_headObject="id:duty")),
    ("right-kind-of-object", "prop:b31", fact("b31", h_headObject="id:land")),
    ("unsorted-tie-has-verb", "rel:b32", "rel:b32 a ev:OtherTie ; ev:relatingParty id:cell-co ; ev:relatedParty id:car-co ."),
    ("talks-have-two-parties", "rel:b33", "rel:b33 a ev:Negotiation ; ev:negotiator id:cell-co ."),
    ("joint-work-has-two-parties", "rel:b34", "rel:b34 a ev:CoDevelopment ; ev:codeveloper id:cell-co ."),
    ("market-served", "rel:b35", "rel:b35 a ev:GoodsSupply ; ev:supplier id:cell-co ; ev:customer id:car-co ; ev:inMarket id:boss ."),
    ("layer-of-relationship", "rel:b36", "rel:b36 a ev:GoodsSupply ; ev:supplier id:cell-co ; ev:customer id:car-co ; ev:inLayer evv:layer-cell , evv:layer-infotainment ."),
    ("policy-is-imposed-by-public-body", "id:maker-37", 'id:maker-37 a ev:Company ; ev:classifiedAs evv:class-oem ; skos:prefLabel "Maker" ; ev:imposes id:duty .'),
    ("company-is-no-public-body", "id:b38", 'id:b38 a ev:Company , ev:Agency ; skos:prefLabel "Both" .'),
    ("agent-is-no-thing", "id:b39", 'id:b39 a ev:Company , ev:Plant ; skos:prefLabel "Both" .'),
    ("policy-has-one-effect", "id:b40", 'id:b40 a ev:Tariff , ev:TaxCredit ; skos:prefLabel "Both" .'),
    ("entity", "id:b41", "id:b41 a ev:VehicleModel ."),
    ("role-label", "id:b42", 'id:b42 a ev:Plant ; ev:classifiedAs evv:class-oem ; skos:prefLabel "Works" .'),
    ("source-kind", "source:b43", "source:b43 a ev:SourceDocument ; ev:consulted true ."),
    ("source-url", "source:b44", "source:b44 a ev:SourceDocument ; ev:consulted true ; ev:sourceKind evv:kind-blog ; schema:url <javascript:alert(1)> ."),
    ("source-digest", "source:b45", 'source:b45 a ev:SourceDocument ; ev:consulted true ; ev:sourceKind evv:kind-blog ; ev:contentDigest "md5:1" .'),
    ("phase-scenario", "scenario:b46", 'scenario:b46 a ev:DealPhase ; skos:prefLabel "Loose" ; ev:phaseNumber 1 .'),
    ("jurisdiction-code", "id:b47", 'id:b47 a ev:Jurisdiction ; skos:prefLabel "Land" ; ev:isoCode "Lan" .'),
    ("retraction-target", "claim:b48", 'claim:b48 a ev:Retraction ; ev:recordedAt "2026-01-01T00:00:00Z"^^xsd:dateTime .'),
    ("dependency-dependent", "rel:b49", "rel:b49 a ev:Dependency ; ev:dependent id:car-co ; ev:dependedOn id:car-co ."),
    ("exposure-policy", "rel:b50", "rel:b50 a ev:ExposurePath ; ev:exposedParty id:car-co ; ev:exposureKind evv:exposure-direct ."),
]  # fmt: skip


def report(data: str) -> list[tuple[str, set[object], str]]:
    """Validate Turtle against the shapes; return shape, focus node with value, and message of each result."""
    from pyshacl import validate

    graph = read(*MODULES)
    graph.parse(data=PREFIXES + CARDS + data, format="turtle")
    shapes = read("shapes")
    _, found, _ = validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    assert isinstance(found, Graph)
    return [
        (
            local(found.value(r, SH.sourceShape)),
            {found.value(r, SH.focusNode), found.value(r, SH.value)},
            str(found.value(r, SH.resultMessage)),
        )
        for r in found.subjects(RDF.type, SH.ValidationResult)
    ]


@pytest.fixture(scope="module")
def bad_report() -> dict[object, set[str]]:
    """Which shapes report what, over all the bad rows in one run."""
    results: dict[object, set[str]] = defaultdict(set)
    for shape, nodes, _ in report("\n".join(turtle for _, _, turtle in BAD)):
        for node in nodes:
            results[node].add(shape)
    return results


@pytest.mark.parametrize(
    ("shape", "focus", "turtle"), BAD, ids=[f"{shape}-{focus}" for shape, focus, _ in BAD]
)
def test_a_bad_row_is_told_so_and_how_to_mend_it(bad_report, shape, focus, turtle):
    """Each slip a researcher can make is reported by the shape made for it, on the thing that is wrong."""
    prefix, name = focus.split(":")
    node = URIRef(f"https://w3id.org/evsw/{prefix}/{name}")
    assert shape in bad_report[node], bad_report[node]


def test_a_good_row_draws_no_result():
    """Neither a violation nor a warning nor a hint: the shapes are no nags."""
    good = (
        fact("g1")
        + fact(
            "g2",
            stance="evv:stance-denied",
            speaker="id:car-co",
            attributionDepth='"2"^^xsd:nonNegativeInteger',
            citedSource="source:unread",
        )
        + fact(
            "g3",
            stance="evv:stance-hypothesised",
            underScenario="scenario:deal",
            inPhase="<https://w3id.org/evsw/scenario/deal/phase-1>",
        )
        + fact(
            "g4",
            h_headSubject="id:body",
            h_headPredicate="ev:imposes",
            h_headObject="id:duty",
            quantity="25.0",
            unit='"percent"',
        )
        + "rel:g a ev:GoodsSupply ; ev:supplier id:cell-co ; ev:customer id:car-co ; ev:inLayer evv:layer-cell ; ev:outsideMarket id:land ."
    )
    assert report(good) == []


def test_the_kind_message_names_thing_and_relation():
    """A message without the names would leave the researcher guessing."""
    _, _, turtle = next(row for row in BAD if row[0] == "right-kind-of-subject")
    messages = [message for shape, _, message in report(turtle) if shape == "right-kind-of-subject"]
    assert len(messages) == 1
    assert "boss" in messages[0]
    assert "imposes" in messages[0]


# -- profiles and consistency

PROFILE_CHECK = """
import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.profiles.OWL2DLProfile;
import org.semanticweb.owlapi.profiles.OWL2RLProfile;
import org.semanticweb.owlapi.profiles.OWLProfile;
import org.semanticweb.owlapi.profiles.OWLProfileViolation;

public class ProfileCheck {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            OWLOntology ontology = OWLManager.createOWLOntologyManager().loadOntologyFromOntologyDocument(new File(file));
            System.out.println("axioms\\t" + ontology.getLogicalAxiomCount());
            OWLProfile[] profiles = { new OWL2DLProfile(), new OWL2RLProfile() };
            for (OWLProfile profile : profiles)
                for (OWLProfileViolation violation : profile.checkOntology(ontology).getViolations())
                    System.out.println(profile.getName() + "\\t" + violation);
        }
    }
}
"""


def merged(*modules: str, extra: str = "") -> Graph:
    """Return modules as one ontology: one header, no imports, so that no reader goes to the network."""
    graph = read(*modules)
    for header in set(graph.subjects(RDF.type, OWL.Ontology)):
        graph.remove((header, None, None))
    graph.add((HEADER, RDF.type, OWL.Ontology))
    if extra:
        graph.parse(
            data=f"{PREFIXES}@prefix owl: <{OWL}> . @prefix rdfs: <{RDFS}> .\n{extra}", format="turtle"
        )
    return graph


def java(*names: str) -> None:
    """Skip the test where a Java program is missing."""
    for name in names:
        if not shutil.which(name):
            pytest.skip(f"needs {name}: install a Java development kit")


def run(command: list[str], seconds: float, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process group of its own and end the whole group when its time is up."""
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )  # type: ignore[call-overload]
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        pytest.fail(f"no answer within {seconds} s")
    return subprocess.CompletedProcess(command, child.returncode, out, err)


@pytest.fixture(scope="module")
def profile_violations(tmp_path_factory):
    """A function from graphs to the violations of OWL 2 DL and RL that OWL API finds in each."""
    java("java", "javac")
    owlready2 = pytest.importorskip("owlready2")
    jars = Path(owlready2.__file__).parent / "pellet"
    if not list(jars.glob("owlapi-*.jar")):
        pytest.skip("this owlready2 does not bring OWL API along")
    place = tmp_path_factory.mktemp("profile")
    (place / "ProfileCheck.java").write_text(PROFILE_CHECK, encoding="utf-8")
    compiled = run(["javac", "-nowarn", "-cp", f"{jars}/*", "ProfileCheck.java"], 120, cwd=place)
    assert compiled.returncode == 0, compiled.stderr

    def check(graph: Graph) -> Iterator[tuple[str, str]]:
        graph.serialize(place / "whole.owl", format="xml")
        done = run(["java", "-cp", f"{jars}/*{os.pathsep}.", "ProfileCheck", "whole.owl"], 120, cwd=place)
        lines = [line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line]
        axioms = [int(text) for name, text in lines if name == "axioms"]
        assert axioms, done.stderr
        assert axioms[0] > 0
        return ((name, text) for name, text in lines if name != "axioms")

    return check


@pytest.mark.slow
@pytest.mark.parametrize(
    "modules", [MODULES, (*MODULES, "alignments"), MODULES[:1], MODULES[:2], MODULES[:3], MODULES[:4]]
)
def test_the_ontology_is_in_owl_2_dl_and_rl(profile_violations, modules):
    """All of it, with the mappings, and each module with what it imports."""
    assert not list(profile_violations(merged(*modules)))


SEEDS = {
    "OWL 2 DL": "ev:dependsOn a owl:IrreflexiveProperty .",
    "OWL 2 RL": "ev:Supplier rdfs:subClassOf [ a owl:Restriction ; owl:onProperty ev:isProviderIn ; owl:someValuesFrom ev:GoodsSupply ] .",
}


@pytest.mark.slow
@pytest.mark.parametrize("profile", SEEDS)
def test_the_profile_checker_is_alive(profile_violations, profile):
    """A seeded violation is found: a chained property made irreflexive (DL), an existential above a class (RL)."""
    assert profile in {name for name, _ in profile_violations(merged(*MODULES, extra=SEEDS[profile]))}


HERMIT = textwrap.dedent("""
    import json, sys
    import owlready2
    world = owlready2.World()
    ontology = world.get_ontology("https://w3id.org/evsw/ontology")
    with open(sys.argv[1], "rb") as file:
        ontology.load(fileobj=file)
    try:
        with ontology:
            owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError:
        print(json.dumps({"consistent": False}))
    else:
        roles = {i.name: sorted(c.name for c in i.INDIRECT_is_a if hasattr(c, "name")) for i in world.search(iri="https://w3id.org/evsw/id/*")}
        print(json.dumps({"consistent": True, "unsatisfiable": [c.iri for c in world.inconsistent_classes() if c is not owlready2.Nothing], "types": roles}))
""")


@pytest.fixture(scope="module")
def hermit(tmp_path_factory):
    """A function from extra Turtle to HermiT's answer about the ontology with it, from a child that can be killed."""
    java("java")
    pytest.importorskip("owlready2")
    import json

    place = tmp_path_factory.mktemp("hermit")

    def ask(extra: str = "") -> dict[str, object]:
        file = place / "whole.nt"
        file.write_text("".join(plain(merged(*MODULES, extra=extra))), encoding="utf-8")
        done = run([sys.executable, "-c", HERMIT, str(file)], 300)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(answer, dict)
        return answer

    return ask


def plain(graph: Graph) -> Iterable[str]:
    """N-Triples lines, the only syntax of ours that owlready2 reads."""
    return graph.serialize(format="nt").splitlines(keepends=True)


@pytest.mark.slow
def test_the_ontology_is_consistent_and_every_class_can_have_members(hermit):
    """HermiT finds no contradiction and no unsatisfiable class."""
    answer = hermit()
    assert answer["consistent"]
    assert answer["unsatisfiable"] == []


WEB = """
id:dragon a ev:Company . id:tiger a ev:Company . id:heron a ev:Company . id:miner a ev:Company . id:car a ev:VehicleModel .
id:house a ev:LegislativeCommittee . id:duty a ev:Tariff . id:land a ev:Jurisdiction .
rel:p a ev:Production ; ev:producer id:dragon ; ev:produced id:car .
rel:s a ev:GoodsSupply ; ev:supplier id:dragon ; ev:customer id:tiger ; ev:inLayer evv:layer-pack .
rel:m a ev:GoodsSupply ; ev:supplier id:miner ; ev:customer id:dragon ; ev:inLayer evv:layer-materials .
rel:l a ev:TechnologyLicence ; ev:licensor id:heron ; ev:licensee id:tiger .
rel:i a ev:Inquiry ; ev:investigator id:house ; ev:investigated id:tiger .
id:house ev:imposes id:duty . id:duty ev:targets id:land . id:dragon ev:headquarteredIn id:land .
"""


@pytest.mark.slow
def test_roles_follow_from_what_firms_do(hermit):
    """One firm comes out vehicle maker and battery supplier; a miner is no battery supplier though materials lie in that stack."""
    answer = hermit(WEB)
    assert answer["consistent"]
    types = answer["types"]
    assert {"VehicleMaker", "BatterySupplier", "Supplier", "Customer", "Company"} <= set(types["dragon"])
    assert {"Customer", "TechnologyLicensee"} <= set(types["tiger"])
    assert "Supplier" not in types["tiger"]
    assert "TechnologyLicensor" in types["heron"]
    assert "MaterialsSupplier" in types["miner"]
    assert "BatterySupplier" not in types["miner"]
    assert "Regulator" in types["house"]


CONTRADICTIONS = {
    "a carmaker imposes a tax credit": "id:maker a ev:VehicleMaker ; ev:imposes id:credit . id:credit a ev:TaxCredit .",
    "a carmaker by label imposes a tax credit": "id:maker ev:classifiedAs evv:class-oem ; ev:imposes id:credit . id:credit a ev:TaxCredit .",
    "a maker of models imposes a tariff": "id:maker a ev:Company . rel:p a ev:Production ; ev:producer id:maker ; ev:produced id:m . id:m a ev:VehicleModel . id:maker ev:imposes id:t . id:t a ev:Tariff .",
    "a country imposes a tariff": "id:land a ev:Jurisdiction ; ev:imposes id:t . id:t a ev:Tariff .",
    "a plant is a company": "id:works a ev:Plant , ev:Company .",
    "a tariff rewards": "id:t a ev:Tariff , ev:TaxCredit .",
    "one tie is a licence and a supply": "rel:r ev:supplier id:a ; ev:licensee id:b .",
    "a firm has its head office in a product": "id:a a ev:Company ; ev:headquarteredIn id:p . id:p a ev:Material .",
    "a claim is an agent": "id:a a ev:Claim , ev:Person .",
}


@pytest.mark.slow
@pytest.mark.parametrize("story", CONTRADICTIONS)
def test_nonsense_is_inconsistent(hermit, story):
    """HermiT refuses what cannot be, so a mistyped row is caught even where no shape looks."""
    assert not hermit(CONTRADICTIONS[story])["consistent"]
