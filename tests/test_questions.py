"""The library of questions and the hygiene checks: what they promise, and what they answer about a world known by heart.

Every question is asked of the invented world (``tests/world`` and its annexe, one claim of which is taken back here)
and has to give the answer that anybody gives who has read those hundred rows. The expected rows were written from the
rows of the fact files, not from an answer. Then every question is asked of the shipped facts.
"""

from __future__ import annotations

import re
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.query import ResultRow

from kg import KnowledgeGraph, Policy, formats
from kg.claim import Claim, Retraction
from kg.dates import first_day
from kg.index import open_store, quads
from kg.ingest import load
from kg.query import Question, bind, check, library, shorten
from kg.view import View
from kg.vocabulary import EV, PREFIXES, folder, ontology_files, vocabulary
from tests.conftest import WORLD, policy
from tests.test_ingest import write_facts

if TYPE_CHECKING:
    Row = tuple[str, ...]

QUESTIONS, CHECKS = library(), library("hygiene")
GRADES = tomllib.loads((folder("queries") / "hygiene" / "severity.toml").read_text(encoding="utf-8"))


# -- the world, and how it is asked


@dataclass
class Known:
    """A graph under one view, with its store and short names for everything in its answers."""

    graph: KnowledgeGraph
    policy: Policy
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = open_store(self.graph.store(self.policy))
        self.view: View = self.graph.view(self.policy)
        words = self.view.words
        for proposition in self.view.weighings:
            self.names["prop:" + words.proposition_id(proposition)] = str(proposition)
        for entry in self.graph.ledger.entries(kind="claim"):
            claim = entry.record
            assert isinstance(claim, Claim)
            row = entry.place.split(" ")[-1] if claim.source != "entity-cards" else str(claim.proposition)
            self.names["claim:" + claim.id] = row

    def bound(self, question: Question, **given: str) -> str:
        """Return the text of a question with its values; a parameter not given has its default."""
        values = {
            parameter.name: given.get(parameter.name, parameter.default) for parameter in question.parameters
        }
        kinds = {parameter.name: parameter.type for parameter in question.parameters}
        bound = {
            name: self.graph.term(value, kinds[name], self.policy) for name, value in values.items() if value
        }
        return bind(question.text, bound) if bound else question.text

    def ask(self, question: Question, **given: str) -> list[dict[str, str]]:
        """Return the rows with prefixed names and plain literals."""
        found = self.store.query(self.bound(question, **given), prefixes=PREFIXES)
        assert isinstance(found, ox.QuerySolutions)
        names = [variable.value for variable in found.variables]
        return [{name: shorten(row[name].value) for name in names if row[name] is not None} for row in found]

    def short(self, cell: str) -> str:
        """Return ``basalt`` for id:basalt, ``w-01`` for its claim, ``cell`` for evv:layer-cell."""
        if cell in self.names:
            return self.names[cell]
        name = re.sub(r"^(ev|evv|id|rel|source|scenario|claim|prop|skos|rdf|oa):", "", cell)
        return (
            re.sub(r"^(layer|standing|status|stance|time|kind)-", "", name)
            if cell.startswith("evv:")
            else name
        )


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Known]]:
    """The invented world with its annexe under the views that the questions need, one store for each."""
    with KnowledgeGraph(tmp_path_factory.mktemp("known"), policy(), shipped=False) as graph:
        for place in (WORLD, WORLD / "annexe"):
            batch = formats.read(place)
            checked, _ = load(batch, graph.ledger, recorded=batch.recorded)
            assert not checked.problems
        misread = next(
            entry.record for entry in graph.ledger.entries(kind="claim") if entry.place.endswith(" a-44")
        )
        assert isinstance(misread, Claim)
        graph.ledger.append(
            [(Retraction(misread.id, "the page was misread"), "")], title="a mend", recorded="2026-03-01"
        )
        yield {
            name: Known(graph, policy(name)) for name in ("cautious", "alive", "scenario:aurora-cirrus-deal")
        }


@pytest.fixture(scope="module")
def facts(shipped: KnowledgeGraph) -> Known:
    """The shipped facts under the cautious view."""
    return Known(shipped, shipped.policy)


# -- the answers


@dataclass(frozen=True)
class Asked:
    """What a question is asked, and the cells of the answer that tell its rows apart, row by row."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    given: Mapping[str, str]
    view: str = "cautious"
    #: The rows are some of the answer: the rest is the ontology's, and compared with it elsewhere.
    some: bool = False


def asked(columns: str, rows: str, *, view: str = "cautious", some: bool = False, **given: str) -> Asked:
    """Return what is expected, from a table with bars between its cells."""
    table = tuple(
        tuple(cell.strip() for cell in line.split("|")) for line in rows.strip().splitlines() if line.strip()
    )
    return Asked(tuple(columns.split()), table, given, view, some)


ANSWERS = {
    # who provides what to whom
    "suppliers": asked("supplier recipient layer standing claim", """
        basalt | aurora | cell    | confirmed | w-01
        basalt | aurora | cell    | confirmed | w-02
        fjord  | aurora | chassis | reported  | w-18
        """, entity="aurora"),
    "customers": asked("supplier customer layer standing claim", """
        basalt | aurora | cell | confirmed | w-01
        basalt | aurora | cell | confirmed | w-02
        basalt | delta  | cell | reported  | w-15
        """, entity="basalt"),
    "inputs-of": asked("form provider recipient layer standing claim", """
        GoodsSupply       | basalt | delta | cell              | reported  | w-15
        SoftwareProvision | iris   | delta | driver-assistance | reported  | a-16
        TechnologyLicence | gale   | delta | vehicle-platform  | confirmed | a-18
        """, entity="delta"),
    "outputs-of": asked("form provider recipient layer standing claim", """
        SoftwareProvision | iris | delta | driver-assistance | reported  | a-16
        TechnologyLicence | gale | delta | vehicle-platform  | confirmed | a-18
        """, entity="gale"),
    "supply-tree": asked("needed passes_to direct layer claim", """
        basalt | aurora | true  | cell      | w-01
        basalt | aurora | true  | cell      | w-02
        fjord  | aurora | true  | chassis   | w-18
        ember  | basalt | false | materials | w-14
        """, entity="aurora"),
    "software-stack": asked("provider user tie_layer claim", "iris | delta | driver-assistance | a-16"),
    "services": asked("provider user layer claim", "lumen | gale | assembly | a-17"),
    "licences": asked("licensor licensee layer claim", "gale | delta | vehicle-platform | a-18"),
    "market-scope": asked("proposition scope market holds claim", """
        iris providesSoftwareTo delta (driver-assistance, outside norland) | outsideMarket | norland | true | a-16
        """),
    "materials-chain": asked("supplier refiner maker materials_claim onward_claim", """
        ember | basalt | aurora | w-14 | w-01
        ember | basalt | aurora | w-14 | w-02
        ember | basalt | delta  | w-14 | w-15
        """),
    "suppliers-by-country": asked("jurisdiction provider layer claim home_claim", """
        norland | fjord  | chassis | w-18 | fjord headquarteredIn norland
        sudland | basalt | cell    | w-01 | basalt headquarteredIn sudland
        sudland | basalt | cell    | w-02 | basalt headquarteredIn sudland
        """, entity="aurora"),
    "shared-suppliers": asked("provider other recipient layer claim", "basalt | delta | delta | cell | w-15", entity="aurora"),
    "battery-dependence-on": asked("dependent provider form tie_layer claim home_claim", """
        aurora | basalt | GoodsSupply | cell | w-01 | basalt headquarteredIn sudland
        aurora | basalt | GoodsSupply | cell | w-02 | basalt headquarteredIn sudland
        delta  | basalt | GoodsSupply | cell | w-15 | basalt headquarteredIn sudland
        """, jurisdiction="sudland"),
    "most-depended-on": asked("needed direct_dependents all_dependents ties claims", """
        ember  | 1 | 4 | 1 | 1
        basalt | 2 | 3 | 2 | 3
        iris   | 1 | 2 | 1 | 1
        lumen  | 1 | 2 | 1 | 1
        delta  | 1 | 1 | 1 | 1
        fjord  | 1 | 1 | 1 | 1
        gale   | 1 | 1 | 2 | 2
        """),
    "single-supplier-layers": asked("dependent layer provider claim", """
        aurora | battery          | basalt | w-01
        aurora | battery          | basalt | w-02
        aurora | vehicle-platform | fjord  | w-18
        basalt | battery          | ember  | w-14
        delta  | battery          | basalt | w-15
        delta  | software-ux      | iris   | a-16
        delta  | vehicle-platform | gale   | a-18
        gale   | manufacturing    | lumen  | a-17
        gale   | vehicle-platform | delta  | a-19
        """),
    "mutual-reliance": asked("one other one_direct other_direct", "delta | gale | true | true"),
    # who owns, controls and works with whom
    "stakes": asked("owner owned quantity unit claim", """
        delta | ember | 12 | percent | w-16
        delta | hazel | 40 | percent | a-02
        gale  | hazel | 60 | percent | a-01
        """),
    "joint-ventures": asked("venture layer partner claim", """
        hazel | battery | delta | a-02
        hazel | battery | gale  | a-01
        """),
    "partners": asked("partner form layer claim", "iris | CoDevelopment | electrical-architecture | a-08", entity="gale"),
    "talks": asked("proposition holds standing claim stance said_by", """
        aurora inTalksWith cirrus               | false | contested | w-05 | denied   | Ana Quist
        aurora inTalksWith cirrus (software-ux) | false | contested | w-06 | denied   | Cirrus Software
        aurora inTalksWith cirrus (software-ux) | false | contested | w-03 | reported | four people familiar
        aurora inTalksWith cirrus (software-ux) | false | contested | w-04 | reported | Inland Post
        """),
    "rivals": asked("one other holds standing claim", "aurora-one | gale-two | true | reported | a-09"),
    "changes-of-hands": asked("party form thing layer claim", """
        gale  | acquires | lumen | assembly | a-03
        fjord | divests  | lumen | assembly | a-04
        """),
    "investments": asked("investor investee quantity unit claim", "kestrel | hazel | 5000000 | XND | a-05"),
    "controlled-from": asked("organisation head home_claim control_claim", """
        basalt           | basalt           | basalt headquarteredIn sudland           |
        cirrus           | cirrus           | cirrus headquarteredIn sudland           |
        ember            | ember            | ember headquarteredIn sudland            |
        gale             | gale             | gale headquarteredIn eastmark            |
        iris             | iris             | iris headquarteredIn eastmark            |
        iris             | gale             | gale headquarteredIn eastmark            | iris subsidiaryOf gale
        sudland-ministry | sudland-ministry | sudland-ministry headquarteredIn sudland |
        """, jurisdiction="sudland"),
    "group-of": asked("part belonging owner claim", """
        gale-deck | madeBy       | gale | gale-deck madeBy gale
        gale-os   | madeBy       | gale | gale-os madeBy gale
        gale-two  | madeBy       | gale | gale-two madeBy gale
        gale-yard | siteOf       | gale | gale-yard siteOf gale
        iris      | subsidiaryOf | gale | iris subsidiaryOf gale
        """, entity="gale"),
    # sites, products, markets
    "plants": asked("plant firm bond claim place_claim", """
        gale-yard | gale | operatesPlant | a-07                  | gale-yard locatedIn eastmark
        gale-yard | gale | siteOf        | gale-yard siteOf gale | gale-yard locatedIn eastmark
        """, jurisdiction="sudland"),
    "planned-plants": asked("plant operator status time standing claim", "hazel-works | hazel | planned | future | confirmed | a-06"),
    "footprint": asked("jurisdiction site claim place_claim", """
        eastmark | gale-yard | a-07                  | gale-yard locatedIn eastmark
        eastmark | gale-yard | gale-yard siteOf gale | gale-yard locatedIn eastmark
        sudland  | gale-yard | a-07                  | gale-yard locatedIn eastmark
        sudland  | gale-yard | gale-yard siteOf gale | gale-yard locatedIn eastmark
        """, entity="gale"),
    "models-and-platforms": asked("model relation thing claim", """
        aurora-one | madeBy      | aurora    | aurora-one madeBy aurora
        gale-two   | assembledAt | gale-yard | a-11
        gale-two   | builtOn     | gale-deck | a-10
        gale-two   | madeBy      | gale      | gale-two madeBy gale
        """),
    "technology-use": asked("user kind thing claim", "gale-two | Software | gale-os | a-12"),
    "production": asked("maker relation product claim", """
        aurora | manufactures | aurora-one | w-19
        iris   | develops     | gale-os    | a-13
        """),
    "markets": asked("seller relation what_or_where claim", """
        gale     | sellsIn     | norland | a-14
        gale-two | sourcedFrom | sudland | a-15
        """),
    "capabilities-by-layer": asked("who relation layer holds standing claim said_by", """
        aurora | hasCapabilityIn | vehicle-platform | false | opinion | w-20 | Harbour Times
        delta  | isBenchmarkIn   | software-ux      | false | opinion | a-23 | Inland Post
        """),
    "agreements": asked("agreement relation party claim", """
        press-pact | concernsParty | gale   | a-39
        press-pact | concernsParty | aurora | a-40
        press-pact | cancels       | aurora | a-41
        """),
    "other-ties": asked("one verb other layer claim", "gale | lends engineers to | aurora | assembly | a-21"),
    "ties-of": asked("part proposition claim", """
        isAcquirerIn         | gale acquires lumen (assembly)                        | a-03
        isCodeveloperIn      | gale coDevelopsWith iris (electrical-architecture)    | a-08
        isCustomerIn         | delta supplies gale (electric-drive)                  | a-19
        isLicensorIn         | gale licensesTechnologyTo delta (vehicle-platform)    | a-18
        isOperatorIn         | gale operatesPlant gale-yard (assembly)               | a-07
        isPostOrganisationIn | bo-lind holdsPostAt gale                              | bo-lind holdsPostAt gale
        isRelatingPartyIn    | gale lends engineers to aurora (assembly)             | a-21
        isServiceUserIn      | lumen providesServiceTo gale (assembly)               | a-17
        isVenturerIn         | gale partOfJointVenture hazel (battery)               | a-01
        """, entity="gale"),
    # people
    "tenure": asked("person organisation holds status claim", """
        ana-quist | aurora | true | active | ana-quist holdsPostAt aurora
        bo-lind   | gale   | true | active | bo-lind holdsPostAt gale
        """),
    "comments-on": asked("commentator serves_label words standing claim", """
        bo-lind | Gale Group | Bo Lind calls Aurora slow. | opinion | a-22
        """, entity="aurora"),
    "speakers": asked("speaker stance claims documents", """
        ana-quist        | confirmed | 1 | 1
        ana-quist        | denied    | 1 | 1
        basalt           | confirmed | 2 | 1
        bo-lind          | opinion   | 1 | 1
        cirrus           | denied    | 1 | 1
        delta            | denied    | 1 | 1
        gale             | confirmed | 5 | 1
        norland-ministry | confirmed | 1 | 1
        sudland-ministry | confirmed | 2 | 1
        trade-office     | confirmed | 8 | 2
        """),
    # policies and public bodies
    "policies-aimed-at": asked("policy aim imposed_by applies_in claim", """
        cell-tariff | targets | trade-office | norland | w-09
        """, entity="sudland"),
    "who-imposes": asked("body policy claim", """
        norland-ministry | build-credit   | a-24
        sudland-ministry | powder-control | a-27
        trade-office     | cell-tariff    | w-10
        trade-office     | radio-rule     | a-31
        trade-office     | watch-list     | w-13
        """),
    "regulators-of": asked("body policy imposes_claim targets_claim", "trade-office | cell-tariff | w-10 | w-09", entity="sudland"),
    "policies-by-effect": asked("effect kind policy applies_in claims", """
                          | Law                  | harbour-bill                     | norland | 4
        IncentivePolicy   | TaxCredit            | build-credit                     | norland | 3
        RestrictivePolicy | ConnectedVehicleRule | radio-rule                       | norland | 7
        RestrictivePolicy | ExportControl        | powder-control                   | sudland | 4
        RestrictivePolicy | RestrictedList       | watch-list                       | norland | 4
        RestrictivePolicy | Tariff               | cell-tariff                      | norland | 3
        ScrutinyAction    | Inquiry              | inquiry--trade-committee--aurora |         | 1
        """),
    "export-controls": asked("policy applies_in item suspended_by claim", "powder-control | sudland | cathode-powder | | a-28"),
    "listed-firms": asked("party list holds status contested_by_party claim", "basalt | watch-list | true | active | true | w-12"),
    "incentives": asked("party relation policy holds status quantity unit claim", """
        hazel-works | funds        | norland-ministry | true  | active  | 2000000 | XND | a-26
        hazel-works | benefitsFrom | build-credit     | false | planned |         |     | a-25
        """),
    "exemptions": asked("policy relation party claim", """
        radio-rule | excludes | gale-os | a-32
        radio-rule | exempts  | fjord   | a-33
        radio-rule | requires | delta   | a-34
        """),
    "policies-in-force-on": asked("policy valid_from valid_to end_known claim", """
        build-credit   | 2026-01-01 |            | false | a-24
        cell-tariff    | 2025-09-01 |            | false | w-09
        cell-tariff    | 2025-09-01 |            | false | w-10
        powder-control | 2025-10-10 |            | false | a-27
        powder-control | 2025-10-10 |            | false | a-28
        radio-rule     | 2025-12-01 | 2026-12-31 | true  | a-31
        radio-rule     | 2025-12-01 | 2026-12-31 | true  | a-32
        """, date="2026-03-01"),
    "fate-of-policies": asked("actor relation policy claim", "trade-office | withdraws | harbour-bill | a-37"),
    "bills": asked("sponsor measure is_law claim", "ana-quist | harbour-bill | true | a-36"),
    "who-decides": asked("body matter holds claim", "norland-court | press-pact | true | a-38"),
    "challenges": asked("challenger relation challenged claim", """
        basalt | contests         | watch-list   | a-42
        gale   | litigatesAgainst | trade-office | a-43
        """),
    "inquiries": asked("inquirer part_of_label subject claim", "trade-committee | Assembly of Norland | aurora | w-11"),
    "affected-by": asked("cause kind affected claim", """
        powder-control | PolicyInstrument | basalt | a-29
        slump          | MarketCondition  | delta  | a-30
        """),
    "exposure-of": asked("policy way provider tie claim", """
        inquiry--trade-committee--aurora | investigates   |        |                                    | w-11
        cell-tariff                      | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-01
        cell-tariff                      | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-02
        powder-control                   | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-01
        powder-control                   | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-02
        watch-list                       | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-01
        watch-list                       | obtainsThrough | basalt | goods-supply--basalt--aurora--cell | w-02
        """, entity="aurora"),
    "policies-that-meet": asked("policy way claim", """
        cell-tariff    | controlledFrom | w-09
        powder-control | affects        | a-29
        watch-list     | listedOn       | w-12
        """, entity="basalt"),
    "ties-that-carry": asked("policy provider recipient unscoped layer claim", """
        cell-tariff    | basalt | aurora | true | cell      | w-01
        cell-tariff    | basalt | aurora | true | cell      | w-02
        cell-tariff    | basalt | delta  | true | cell      | w-15
        cell-tariff    | ember  | basalt | true | materials | w-14
        powder-control | basalt | aurora | true | cell      | w-01
        powder-control | basalt | aurora | true | cell      | w-02
        powder-control | basalt | delta  | true | cell      | w-15
        watch-list     | basalt | aurora | true | cell      | w-01
        watch-list     | basalt | aurora | true | cell      | w-02
        watch-list     | basalt | delta  | true | cell      | w-15
        """),
    "spared-by-market": asked("policy provider recipient scope market claim", "radio-rule | iris | delta | outsideMarket | norland | a-16"),
    "dropped-exposures": asked("policy relied_on", """
        powder-control | basalt
        radio-rule     | iris
        watch-list     | basalt
        """, entity="gale"),
    "public-bodies": asked("body kind part_of jurisdiction has_imposed claim", """
        norland-assembly | Legislature          |                  | norland | false | norland-assembly headquarteredIn norland
        norland-court    | Court                |                  | norland | false | norland-court headquarteredIn norland
        norland-ministry | Government           |                  | norland | true  | norland-ministry headquarteredIn norland
        sudland-ministry | Government           |                  | sudland | true  | sudland-ministry headquarteredIn sudland
        trade-committee  | LegislativeCommittee | norland-assembly | norland | false | trade-committee headquarteredIn norland
        trade-office     | Agency               |                  | norland | true  | trade-office headquarteredIn norland
        """),
    "reach": asked("tie_kind only_in_layer", """
        Collaboration          |
        Investment             |
        JointVentureMembership |
        Negotiation            |
        Provision              |
        Shareholding           |
        """, entity="watch-list"),
    # what the evidence is worth
    "contested": asked("proposition origins_for origins_against claim stance said_by", """
        aurora inTalksWith cirrus                  | 1 | 1 | w-05 | denied   | Ana Quist
        aurora inTalksWith cirrus                  | 1 | 1 | w-03 | reported | four people familiar
        aurora inTalksWith cirrus                  | 1 | 1 | w-04 | reported | Inland Post
        aurora inTalksWith cirrus (software-ux)    | 1 | 2 | w-05 | denied   | Ana Quist
        aurora inTalksWith cirrus (software-ux)    | 1 | 2 | w-06 | denied   | Cirrus Software
        aurora inTalksWith cirrus (software-ux)    | 1 | 2 | w-03 | reported | four people familiar
        aurora inTalksWith cirrus (software-ux)    | 1 | 2 | w-04 | reported | Inland Post
        cirrus jointVentureWith delta (software-ux)| 1 | 1 | w-22 | denied   | Delta Cars
        cirrus jointVentureWith delta (software-ux)| 1 | 1 | w-21 | reported | Inland Post
        cirrus partnersWith delta                  | 1 | 1 | w-22 | denied   | Delta Cars
        cirrus partnersWith delta                  | 1 | 1 | w-21 | reported | Inland Post
        """),
    "who-denies": asked("proposition claim said_by disputes", """
        aurora inTalksWith cirrus               | w-05 | Ana Quist       | w-03
        aurora inTalksWith cirrus               | w-05 | Ana Quist       | w-04
        aurora inTalksWith cirrus (software-ux) | w-06 | Cirrus Software | w-03
        aurora inTalksWith cirrus (software-ux) | w-06 | Cirrus Software | w-04
        cirrus partnersWith delta               | w-22 | Delta Cars      | w-21
        """),
    "origins": asked("proposition standing origins_for origins_against claims documents", """
        aurora inTalksWith cirrus (software-ux) | contested | 1 | 2 | 3 | 3
        basalt supplies aurora (cell)           | confirmed | 2 | 0 | 2 | 2
        """),
    "single-origin": asked("proposition origin claim", """
        cirrus jointVentureWith delta (software-ux)                        | Inland Post | w-21
        iris providesSoftwareTo delta (driver-assistance, outside norland) | Inland Post | a-16
        basalt supplies delta (cell)                            | Harbour Times | w-15
        fjord supplies delta (chassis)                          | Harbour Times | w-17
        delta ownsStakeIn ember                                 | Harbour Times | w-16
        delta partOfJointVenture hazel (battery)                | Inland Post   | a-02
        delta supplies gale (electric-drive)                    | Inland Post   | a-19
        gale licensesTechnologyTo delta (vehicle-platform)      | Gale Group    | a-18
        slump affects delta                                     | Inland Post   | a-30
        radio-rule requires delta                               | Norland Trade Office  | a-34
        delta headquarteredIn norland                           | our own entity cards | delta headquarteredIn norland
        """, entity="delta"),
    "copies-of-a-scoop": asked("scoop scoop_publisher scoop_read claim", """
        ledger-scoop | Morning Ledger | false | w-03
        ledger-scoop | Morning Ledger | false | w-04
        """),
    "unread-documents": asked("document document_publisher standing claim", """
        ledger-scoop | Morning Ledger | contested | w-03
        ledger-scoop | Morning Ledger | contested | w-04
        """),
    "exact-words": asked("claim before words after", "w-03 | in | talks about a shared cockpit | , four people", entity="aurora"),
    "scenario-phases": asked("scenario phase_number phase next_phase condition source", """
        aurora-cirrus-deal | 0 |                            |                            |                              | harbour-2026-01-10
        aurora-cirrus-deal | 1 | aurora-cirrus-deal/phase-1 | aurora-cirrus-deal/phase-2 | an audit passes              | harbour-2026-01-10
        aurora-cirrus-deal | 1 | aurora-cirrus-deal/phase-1 | aurora-cirrus-deal/phase-2 | data stays in Norland        | harbour-2026-01-10
        aurora-cirrus-deal | 2 | aurora-cirrus-deal/phase-2 |                            | the tariff does not reach it | harbour-2026-01-10
        """),
    "scenario-hypotheses": asked("scenario phase layer conditional_on standing claim said_by", """
        aurora-cirrus-deal | aurora-cirrus-deal/phase-1 | infotainment | | hypothetical | w-08 | Harbour Times
        """),
    "not-in-force": asked("proposition status time claim", """
        fjord supplies delta (chassis)                   | active    | past    | w-17
        gale supplies aurora (pack)                      | cancelled | past    | a-20
        basalt licensesTechnologyTo aurora-works (cell)  | planned   | future  | w-07
        hazel operatesPlant hazel-works (cell)           | planned   | future  | a-06
        hazel-works benefitsFrom build-credit            | planned   | unknown | a-25
        harbour-bill suspends radio-rule                 | planned   | unknown | a-35
        """),
    "cancelled": asked("proposition status claim", """
        aurora cancels press-pact   | active    | a-41
        gale supplies aurora (pack) | cancelled | a-20
        """),
    "first-hand-share": asked("publisher claims first_hand told repeated first_hand_share", """
        our own entity cards | 40 | 40 | 0  | 0 | 100
        Inland Post          | 33 | 1  | 31 | 1 | 3
        Harbour Times        | 10 | 2  | 7  | 1 | 20
        Norland Record       | 7  | 7  | 0  | 0 | 100
        Gale Group           | 5  | 5  | 0  | 0 | 100
        Basalt Cells         | 3  | 2  | 1  | 0 | 67
        Norland Gazette      | 3  | 3  | 0  | 0 | 100
        Wire Daily           | 3  | 0  | 3  | 0 | 0
        Sudland Gazette      | 2  | 2  | 0  | 0 | 100
        """),
    "citation-gaps": asked("gap claim source", "the passage supports it weakly | a-37 | inland-2024-05-05"),
    "figures": asked("quantity unit holds status claim", """
        25      | percent  | true  | active  | w-09
        12      | percent  | true  | active  | w-16
        10      | GWh/year | true  | active  | w-02
        60      | percent  | true  | active  | a-01
        40      | percent  | true  | active  | a-02
        5000000 | XND      | true  | active  | a-05
        3       | GWh/year | false | planned | a-06
        2000000 | XND      | true  | active  | a-26
        """),
    "statement-claims": asked("proposition standing claim stance said_by depth origin", """
        aurora inTalksWith cirrus                        | contested    | w-05 | denied       | Ana Quist            | 1 | Aurora Motors
        aurora inTalksWith cirrus (software-ux)          | contested    | w-06 | denied       | Cirrus Software      | 1 | Cirrus Software
        aurora inTalksWith cirrus (software-ux)          | contested    | w-03 | reported     | four people familiar | 2 | Morning Ledger
        aurora inTalksWith cirrus (software-ux)          | contested    | w-04 | reported     | Inland Post          | 2 | Morning Ledger
        cirrus providesSoftwareTo aurora (infotainment)  | hypothetical | w-08 | hypothesised | Harbour Times        | 0 | Harbour Times
        """, one="aurora", other="cirrus"),
    "publishers": asked("publisher source_kind documents read claims earliest latest", """
        our own entity cards | reference       | 1 | 1 | 40 |            |
        Inland Post          | news            | 2 | 2 | 33 | 2024-05-05 | 2026-01-11
        Harbour Times        | news            | 2 | 2 | 10 | 2025-06-01 | 2026-01-10
        Norland Record       | government      | 1 | 1 | 7  | 2025-12-01 | 2025-12-01
        Gale Group           | company-release | 1 | 1 | 5  | 2024-03-04 | 2024-03-04
        Basalt Cells         | company-release | 1 | 1 | 3  | 2025-05-02 | 2025-05-02
        Norland Gazette      | government      | 1 | 1 | 3  | 2025-09-01 | 2025-09-01
        Wire Daily           | news            | 1 | 1 | 3  | 2026-01-12 | 2026-01-12
        Sudland Gazette      | government      | 1 | 1 | 2  | 2025-10-10 | 2025-10-10
        Morning Ledger       | news            | 1 | 0 | 0  |            |
        """),
    "stale-claims": asked("proposition last_spoken_of claims", """
        gale acquires lumen (assembly)                     | 2024-03-04 | 1
        gale coDevelopsWith iris (electrical-architecture) | 2024-03-04 | 1
        gale licensesTechnologyTo delta (vehicle-platform) | 2024-03-04 | 1
        gale-two uses gale-os                              | 2024-03-04 | 1
        """, before="2024-05-01"),
    "retracted": asked("claim stance reason source", "a-44 | reported | the page was misread | inland-2024-05-05"),
    "time-unknown": asked("proposition since as_stated claim", """
        aurora manufactures aurora-one                  | 2023-01-01 | 2023    | w-19
        fjord supplies aurora (chassis)                 | 2024-01-01 | 2024    | w-18
        gale acquires lumen (assembly)                  | 2024-03-01 | 2024-03 | a-03
        basalt supplies aurora (cell)                   | 2025-05-01 | 2025-05 | w-02
        cell-tariff targets sudland                     | 2025-09-01 |         | w-09
        trade-office imposes cell-tariff                | 2025-09-01 |         | w-10
        trade-committee investigates aurora             | 2025-10-01 | 2025-10 | w-11
        sudland-ministry imposes powder-control         | 2025-10-10 |         | a-27
        powder-control restrictsExportOf cathode-powder | 2025-10-10 |         | a-28
        basalt listedOn watch-list                      | 2025-11-01 | 2025-11 | w-12
        norland-ministry imposes build-credit           | 2026-01-01 |         | a-24
        """),
    "derived-facts": asked("relation other", """
        controlledFrom | norland
        dependsOn      | basalt
        dependsOn      | fjord
        reliesOn       | basalt
        reliesOn       | ember
        reliesOn       | fjord
        operatesIn     | norland
        subjectTo      | inquiry--trade-committee--aurora
        exposedTo      | inquiry--trade-committee--aurora
        exposedTo      | cell-tariff
        exposedTo      | powder-control
        exposedTo      | watch-list
        """, entity="aurora"),
    "claims-of-source": asked("claim stance said_by cited paraphrase", """
        w-05 | denied | Ana Quist       | | Aurora's chief says that there are no talks.
        w-06 | denied | Cirrus Software | | Cirrus calls the story invented.
        w-22 | denied | Delta Cars      | | Delta says that it works with no software house.
        """, source="wire-2026-01-12"),
    "recently-learned": asked("learned source claims denials", """
        2026-03-01 | entity-cards         | 40 | 0
        2026-03-01 | inland-2024-05-05    | 28 | 0
        2026-03-01 | norland-record-2025  | 7  | 0
        2026-03-01 | harbour-2025-06-01   | 6  | 0
        2026-03-01 | inland-2026-01-11    | 6  | 0
        2026-03-01 | gale-release-2024    | 5  | 0
        2026-03-01 | harbour-2026-01-10   | 4  | 0
        2026-03-01 | basalt-release-2025  | 3  | 0
        2026-03-01 | norland-gazette      | 3  | 0
        2026-03-01 | wire-2026-01-12      | 3  | 3
        2026-03-01 | sudland-gazette-2025 | 2  | 0
        """, since="2026-03-01"),
    "roles": asked("who role claim", """
        delta | Customer           | w-15
        delta | Customer           | a-16
        delta | JointVenturer      | a-02
        delta | Supplier           | a-19
        delta | TechnologyLicensee | a-18
        """, entity="delta"),
    "firms-by-role": asked("role firm by_label", """
        VehicleMaker         | aurora        | true
        VehicleMaker         | delta         | true
        VehicleMaker         | gale          | true
        BatterySupplier      | basalt        | true
        CellMaker            | basalt        | true
        CellMaker            | hazel         | true
        MaterialsSupplier    | ember         | true
        SoftwareSupplier     | cirrus        | true
        SoftwareSupplier     | iris          | false
        ChipSupplier         | iris          | true
        TierOneSupplier      | fjord         | true
        ContractManufacturer | lumen         | true
        TechnologyLicensor   | gale          | false
        TechnologyLicensee   | delta         | false
        JointVenturer        | gale          | false
        JointVenturer        | delta         | false
        InvestmentFund       | kestrel       | true
        Publisher            | harbour-times | true
        Publisher            | inland-post   | true
        """),
    "unconnected": asked("entity kind statements claims", """
        cirrus        | Organisation | 6 | 8
        harbour-times | Organisation | 1 | 1
        inland-post   | Organisation | 1 | 1
        """),
    "stances": asked("axis value count", """
        stance of claims       | confirmed    | 20
        stance of claims       | reported     | 79
        stance of claims       | denied       | 3
        stance of claims       | hypothesised | 1
        stance of claims       | opinion      | 3
        standing of statements | confirmed    | 20
        standing of statements | reported     | 75
        standing of statements | contested    | 4
        standing of statements | denied       | 0
        standing of statements | hypothetical | 1
        standing of statements | opinion      | 3
        status of statements   | rumoured     | 0
        status of statements   | talks        | 2
        status of statements   | planned      | 4
        status of statements   | active       | 92
        status of statements   | suspended    | 0
        status of statements   | ended        | 0
        status of statements   | cancelled    | 1
        """),
    # the vocabulary itself
    "layers": asked("top_layer layer statements claims", """
        battery          | battery                 | 3 | 3
        battery          | cell                    | 4 | 5
        battery          | materials               | 1 | 1
        battery          | pack                    | 1 | 1
        battery          | bms                     | 0 | 0
        manufacturing    | assembly                | 5 | 5
        software-ux      | software-ux             | 2 | 4
        software-ux      | infotainment            | 1 | 1
        software-ux      | driver-assistance       | 1 | 1
        vehicle-platform | chassis                 | 2 | 2
        vehicle-platform | electric-drive          | 1 | 1
        vehicle-platform | electrical-architecture | 1 | 1
        vehicle-platform | vehicle-platform        | 1 | 1
        """, some=True),
    "relations": asked("name pattern reified_as subject_role object_role written_inverse_of default_status", """
        supplies            | n-ary  | GoodsSupply | supplier   | customer   |          | active
        inTalksWith         | mutual | Negotiation | negotiator | negotiator |          | talks
        targets             | direct |             |            |            |          | active
        sourcesMaterialFrom |        |             |            |            | supplies |
        """, some=True),
    "relation-ends": asked("end kind", """
        subject | PublicBody
        object  | PolicyInstrument
        """, relation="imposes"),
    "kinds": asked("code class rigid_class entities", """
        tariff           | Tariff          |         | 1
        person           | Person          |         | 2
        oem              | VehicleMaker    | Company | 3
        battery-supplier | BatterySupplier | Company | 1
        jurisdiction     | Jurisdiction    |         | 3
        """, some=True),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_as_whoever_knows_the_world_would(known: dict[str, Known], name: str) -> None:
    """Every row that the fact files call for, no other, and none twice."""
    expected = ANSWERS[name]
    world = known[expected.view]
    found = [
        tuple(world.short(row.get(column, "")).strip() for column in expected.columns)
        for row in world.ask(QUESTIONS[name], **expected.given)
    ]
    if expected.some:
        assert set(expected.rows) <= set(found)
        assert len(found) == len(set(found))
    else:
        assert sorted(found) == sorted(expected.rows)


def test_the_questions_about_the_vocabulary_tell_all_of_it(known: dict[str, Known]) -> None:
    """What a fact file may say is what the answer says: every relation, kind code and layer."""
    ask, words = known["cautious"].ask, vocabulary()
    assert [row["name"] for row in ask(QUESTIONS["relations"])] == sorted(words.relations)
    assert {row["code"] for row in ask(QUESTIONS["kinds"])} == set(words.kinds)
    assert {row["layer"].removeprefix("evv:layer-") for row in ask(QUESTIONS["layers"])} == set(words.layers)


def test_a_question_asked_by_name_gives_the_same_rows(known: dict[str, Known]) -> None:
    """Through the door that users take: a child process, and names instead of ids."""
    world = known["cautious"]
    answer = world.graph.query("suppliers", world.policy, entity="Aurora Motors")
    assert answer.variables == list(QUESTIONS["suppliers"].columns)
    assert [row["claim"]["value"].rsplit("/", 1)[-1] for row in answer.rows] == [
        row["claim"].removeprefix("claim:") for row in world.ask(QUESTIONS["suppliers"], entity="aurora")
    ]


@pytest.mark.parametrize(
    "name",
    [
        q.name
        for q in QUESTIONS.values()
        if [(p.name, p.default) for p in q.parameters][:1] == [("entity", "")]
    ],
)
def test_what_is_told_of_everything_is_told_of_something_and_the_other_way_round(
    known: dict[str, Known], name: str
) -> None:
    """With the entity left out a question gives the rows that it gives for each, and no others."""
    world, question = known["alive"], QUESTIONS[name]
    things = list(world.view.entities)
    of_each = {tuple(sorted(row.items())) for thing in things for row in world.ask(question, entity=thing)}
    assert of_each == {tuple(sorted(row.items())) for row in world.ask(question)}


def test_ties_that_carry_a_policy_tell_of_no_other(known: dict[str, Known], facts: Known) -> None:
    """A tie that carries two tariffs is told once for the one that was asked for."""
    for world in (known["cautious"], facts):
        everything = world.ask(QUESTIONS["ties-that-carry"])
        for policy_id in {row["policy"] for row in everything}:
            rows = world.ask(QUESTIONS["ties-that-carry"], entity=policy_id.removeprefix("id:"))
            assert rows == [
                row for row in everything if policy_id in (row["policy"], row["provider"], row["recipient"])
            ]
    carried = {(row["claim"], row["policy"]) for row in everything}
    assert len(carried) > len({claim for claim, _ in carried}), "some tie carries two, or this shows nothing"


def test_a_policy_whose_card_was_taken_back_is_still_told_of(tmp_path: Path) -> None:
    """It has no name any more; the sentence of the claim stands in for it, and the row is not lost."""
    with KnowledgeGraph(tmp_path / "home", policy(), shipped=False) as graph:
        for place in (WORLD, WORLD / "annexe"):
            graph.load(place)
        row = {
            "subject": "cell-tariff",
            "relation": "targets",
            "object": "basalt",
            "source": "norland-gazette",
        }
        graph.load(write_facts(tmp_path / "later", row))
        for name in ("policies-aimed-at", "policies-that-meet"):
            before = graph.query(name, entity="basalt")
            assert "Norland tariff on Sudland cells" in {line["policy_label"] for line in before}
        graph.undo(1, force=True)
        for name in ("policies-aimed-at", "policies-that-meet"):
            after = graph.query(name, entity="https://w3id.org/evsw/id/basalt")
            assert "cell-tariff targets basalt" in {line["policy_label"] for line in after}


def test_an_unnamed_voice_and_a_withdrawn_claim_count_for_nothing(known: dict[str, Known]) -> None:
    """The packs of Gale for Delta were taken back: no supplier, no statement, only a withdrawn claim."""
    world = known["cautious"]
    assert "gale" not in {
        world.short(row["supplier"]) for row in world.ask(QUESTIONS["suppliers"], entity="delta")
    }
    assert world.ask(QUESTIONS["statement-claims"], one="gale", other="delta", relation="supplies") == [
        row
        for row in world.ask(QUESTIONS["statement-claims"], one="gale", other="delta")
        if world.short(row["claim"]) == "a-19"
    ]


def test_a_supposed_tie_is_a_fact_in_its_scenario_alone(known: dict[str, Known]) -> None:
    """Cirrus provides Aurora with software under the deal, and under no other view."""
    found = {
        name: {
            world.short(row["provider"]) for row in world.ask(QUESTIONS["software-stack"], entity="aurora")
        }
        for name, world in known.items()
    }
    assert found == {"cautious": set(), "alive": set(), "scenario:aurora-cirrus-deal": {"cirrus"}}


def test_disputed_talks_make_partners_only_where_anything_alive_counts(known: dict[str, Known]) -> None:
    """The cautious view has no partner for Aurora; the view that takes every report has one, and shows the denials too."""
    found = {
        name: sorted(
            (world.short(row["partner"]), world.short(row["claim"]))
            for row in world.ask(QUESTIONS["partners"], entity="aurora")
        )
        for name, world in known.items()
    }
    assert found["cautious"] == []
    assert found["alive"] == [("cirrus", "w-03"), ("cirrus", "w-04"), ("cirrus", "w-05"), ("cirrus", "w-06")]


@pytest.fixture(scope="module")
def elsewhere(known: dict[str, Known]) -> rdflib.Dataset:
    """The cautious view in another engine, read from its N-Quads."""
    dataset = rdflib.Dataset(default_union=False)
    dataset.parse(data="".join(quads(known["cautious"].view)), format="nquads")
    return dataset


@pytest.mark.slow
@pytest.mark.parametrize("name", QUESTIONS)
def test_another_engine_gives_the_same_rows_in_the_same_order(
    known: dict[str, Known], elsewhere: rdflib.Dataset, name: str
) -> None:
    """The SPARQL of rdflib comes to the same: no question leans on a habit of one engine."""
    world, question = known["cautious"], QUESTIONS[name]
    found = elsewhere.query(world.bound(question, **ANSWERS[name].given))
    rows = [
        {str(column): shorten(str(cell)) for column, cell in row.asdict().items()}
        for row in found
        if isinstance(row, ResultRow)
    ]
    assert rows == world.ask(question, **ANSWERS[name].given)


# -- what every question promises


def test_there_is_an_expected_answer_for_every_question() -> None:
    """A question without one would only be known to run."""
    assert set(ANSWERS) == set(QUESTIONS)
    assert len(QUESTIONS) >= 44


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_header_of_a_question_says_what_it_is(known: dict[str, Known], name: str) -> None:
    """A question, a reason, columns as selected, and a place for every parameter that it names and no other."""
    question = QUESTIONS[name]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert question.title.endswith("?")
    assert len(question.why) > 40
    check(question.text)
    places = re.findall(r"VALUES \?(\w+) \{ UNDEF \}", question.text)
    assert list(dict.fromkeys(places)) == [parameter.name for parameter in question.parameters]
    assert all(parameter.description for parameter in question.parameters)
    found = known["cautious"].store.query(question.text, prefixes=PREFIXES)
    assert isinstance(found, ox.QuerySolutions)
    assert [variable.value for variable in found.variables] == list(question.columns)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_stands_on_its_own(name: str) -> None:
    """With its own prefixes, any engine can be asked it; nothing is left over from editing."""
    text = "\n".join(line for line in QUESTIONS[name].text.splitlines() if not line.startswith("#"))
    body = re.sub(r"<[^>\s]*>|\"[^\"]*\"", "", re.sub(r"PREFIX \w+: ", "", text))
    declared = dict(re.findall(r"PREFIX (\w+): <([^>]+)>", text))
    used = set(re.findall(r"(?<![\w?:])([a-z]+):[A-Za-z]", body))
    assert declared == {prefix: PREFIXES[prefix] for prefix in used}


#: These show what does not hold as well, and say so in each row; all others tell facts of the view only.
NOT_ONLY_FACTS = {
    "cancelled", "capabilities-by-layer", "citation-gaps", "claims-of-source", "comments-on", "contested", "copies-of-a-scoop",
    "exact-words", "figures", "incentives", "listed-firms", "market-scope", "not-in-force", "planned-plants", "policies-in-force-on",
    "retracted", "rivals", "scenario-hypotheses", "single-origin", "statement-claims", "talks", "tenure", "unread-documents",
    "who-decides", "who-denies",
}  # fmt: skip
SAYS_SO = {"holds", "standing", "status", "stance", "scenario", "reason"}


def claims_of(row: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids of the claims that a row names."""
    for column, cell in row.items():
        if column == "claim" or column.endswith("_claim"):
            yield cell.removeprefix("claim:")


def wrongly_told(world: Known, name: str, given: Mapping[str, str]) -> list[str]:
    """Claims that an answer names for a fact although what they state does not hold in the view."""
    words = world.view.words
    held = {words.proposition_id(weighing.proposition) for weighing in world.view.holding}
    stated = {key: words.proposition_id(world.view.claim(key).proposition) for key in world.view.entries}
    return [
        key
        for row in world.ask(QUESTIONS[name], **given)
        for key in claims_of(row)
        if stated[key] not in held
    ]


@pytest.mark.parametrize("name", sorted(set(QUESTIONS) - NOT_ONLY_FACTS))
def test_no_denied_or_imagined_thing_is_told_as_a_fact(
    known: dict[str, Known], facts: Known, name: str
) -> None:
    """Of the questions about facts every row rests on claims about something that holds, here and on the shipped facts."""
    assert wrongly_told(known["cautious"], name, ANSWERS[name].given) == []
    assert wrongly_told(facts, name, {}) == []


@pytest.mark.parametrize("name", sorted(NOT_ONLY_FACTS))
def test_a_question_about_more_than_facts_says_so_in_each_row(facts: Known, name: str) -> None:
    """Whether it holds, how it stands, in which stance it is claimed: one of these is always there."""
    said = SAYS_SO & set(QUESTIONS[name].columns)
    assert said
    assert all(set(row) & said for row in facts.ask(QUESTIONS[name]))


@pytest.mark.parametrize("name", QUESTIONS)
def test_stance_publisher_date_and_labels_are_those_on_file(
    known: dict[str, Known], facts: Known, name: str
) -> None:
    """Nothing is joined to the wrong claim or the wrong card: each cell is compared with the ledger."""
    for world, given in ((known["cautious"], ANSWERS[name].given), (facts, {})):
        cards, labels = (
            world.view.sources,
            {f"id:{key}": entity.label for key, entity in world.view.entities.items()},
        )
        for row in world.ask(QUESTIONS[name], **given):
            for column in (
                column
                for column in row
                if column.endswith("_label") and row.get(column.removesuffix("_label"), "").startswith("id:")
            ):
                assert row[column] == labels[row[column.removesuffix("_label")]]
            if "claim" in row:
                claim = world.view.claim(row["claim"])
                source = cards[claim.source]
                assert row.get("stance", f"evv:stance-{claim.stance}") == f"evv:stance-{claim.stance}"
                if "publisher" in QUESTIONS[name].columns:
                    assert row.get("publisher", "") == source.publisher
                if "published" in QUESTIONS[name].columns:
                    assert row.get("published", "")[: len(source.published)] == source.published


# -- the shipped facts

#: Nothing of the kind is in the shipped facts, and that is well.
EMPTY = {"retracted"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_finds_something_in_the_shipped_facts_and_fast(facts: Known, name: str) -> None:
    """With its defaults alone, in less than a second of the processor, in an order that leaves nothing to chance."""
    question = QUESTIONS[name]
    began = time.process_time()
    rows = facts.ask(question)
    spent = time.process_time() - began
    sys.stdout.write(f"{name}: {len(rows)} rows, {spent * 1000:.0f} ms\n")
    assert bool(rows) == (name not in EMPTY)
    assert spent < 1
    order = re.findall(r"\?(\w+)", question.text[question.text.rindex("ORDER BY") :])
    keys = [tuple(row.get(column, "") for column in order) for row in rows]
    assert len(set(keys)) == len(keys), "two rows could change places"


def test_every_default_is_a_name_on_file(shipped: KnowledgeGraph) -> None:
    """A default that names nobody would make an empty first answer."""
    for question in QUESTIONS.values():
        for parameter in question.parameters:
            if parameter.default and parameter.type == "entity":
                assert parameter.default in shipped.view().entities
            if parameter.default and parameter.type == "source":
                assert parameter.default in shipped.view().sources


# -- every term is asked about


def terms_declared() -> set[str]:
    """Local names of the terms of the ontology."""
    return {
        quad.subject.value.removeprefix(EV)
        for path in ontology_files()
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE)
        if quad.predicate.value == PREFIXES["rdfs"] + "isDefinedBy"
        and isinstance(quad.subject, ox.NamedNode)
        and quad.subject.value.startswith(EV)
    }


def terms_used() -> set[str]:
    """Local names of the terms that a question, a hygiene check or a shape uses, their comments left out."""
    texts = [
        "\n".join(
            line.split("#")[0] if "<" not in line else line
            for line in item.text.splitlines()
            if not line.lstrip().startswith("#")
        )
        for item in (*QUESTIONS.values(), *CHECKS.values())
    ]
    found = {name for text in texts for name in re.findall(r"\bev:(\w+)", text)}
    shapes = next(path for path in ontology_files() if path.stem == "shapes")
    parts = [
        part
        for quad in ox.parse(path=str(shapes), format=ox.RdfFormat.TURTLE)
        for part in (quad.subject, quad.predicate, quad.object)
    ]
    queries = [part.value for part in parts if isinstance(part, ox.Literal) and "SELECT" in part.value]
    return (
        found
        | {
            part.value.removeprefix(EV)
            for part in parts
            if isinstance(part, ox.NamedNode) and part.value.startswith(EV)
        }
        | {name for text in queries for name in re.findall(r"\bev:(\w+)", text)}
    )


def test_every_term_of_the_ontology_is_used_by_a_question_or_a_shape() -> None:
    """A term that nobody asks about and nothing checks is not needed; and no question uses a term that there is not."""
    assert terms_declared() - terms_used() == set()
    assert {
        name
        for item in (*QUESTIONS.values(), *CHECKS.values())
        for name in re.findall(r"(?<![\w\"])ev:(\w+)", item.text)
    } <= terms_declared()


# -- hygiene

HEALTHY = """
id:basalt a ev:Agent , ev:Company ; skos:prefLabel "Basalt Cells" ; skos:altLabel "Basalt" ; ev:supplies id:aurora ; ev:headquarteredIn id:eastmark , id:sudland .
id:aurora a ev:Agent , ev:Company ; skos:prefLabel "Aurora Motors" .
id:sudland a ev:Jurisdiction ; skos:prefLabel "Sudland" .
id:eastmark a ev:Jurisdiction ; skos:prefLabel "Eastmark" ; ev:partOfJurisdiction id:sudland .
id:duty a ev:PolicyInstrument , ev:Tariff ; skos:prefLabel "The duty" .
id:office a ev:Agent , ev:Agency ; skos:prefLabel "The office" ; ev:imposes id:duty .
source:paper a ev:SourceDocument ; ev:consulted true ; ev:sourceKind evv:kind-news ; ev:publisherName "The Paper" ; ev:published "2025-06-01"^^xsd:date .
source:scoop a ev:SourceDocument ; ev:consulted false ; ev:sourceKind evv:kind-news ; ev:publisherName "The Scoop" .
scenario:deal a ev:Scenario ; skos:prefLabel "A deal" .
prop:cells a ev:Proposition ; skos:prefLabel "Basalt supplies Aurora" ; ev:headSubject id:basalt ; ev:headPredicate ev:supplies ;
  ev:headObject id:aurora ; ev:concernsRelationship rel:cells ; ev:standing evv:standing-reported .
GRAPH prop:cells { rel:cells a ev:GoodsSupply ; ev:supplier id:basalt ; ev:customer id:aurora }
rel:cells a ev:GoodsSupply , ev:Relationship ; ev:supplier id:basalt ; ev:customer id:aurora ; ev:participant id:basalt , id:aurora .
prop:duty a ev:Proposition ; skos:prefLabel "The office imposes the duty" ; ev:headSubject id:office ; ev:headPredicate ev:imposes ;
  ev:headObject id:duty ; ev:standing evv:standing-reported .
GRAPH prop:duty { id:office ev:imposes id:duty }
prop:home a ev:Proposition ; skos:prefLabel "Basalt is headquartered in Eastmark" ; ev:headSubject id:basalt ; ev:headPredicate ev:headquarteredIn ;
  ev:headObject id:eastmark ; ev:standing evv:standing-reported .
GRAPH prop:home { id:basalt ev:headquarteredIn id:eastmark }
prop:dream a ev:Proposition ; skos:prefLabel "Basalt licenses technology to Aurora" ; ev:headSubject id:basalt ;
  ev:headPredicate ev:licensesTechnologyTo ; ev:headObject id:aurora ; ev:concernsRelationship rel:dream ; ev:standing evv:standing-hypothetical .
GRAPH prop:dream { rel:dream a ev:TechnologyLicence ; ev:licensor id:basalt ; ev:licensee id:aurora }
""" + "".join(
    f"""
claim:{name} a ev:Claim ; ev:states prop:{name} ; ev:stance evv:stance-{stance} ; ev:statedIn source:paper ; ev:evidence claim:{name}-evidence ;
  ev:attributionDepth "1"^^xsd:nonNegativeInteger ; ev:recordedAt "2026-03-01T00:00:00Z"^^xsd:dateTime {more} .
claim:{name}-evidence a oa:SpecificResource ; oa:hasSource source:paper ; ev:paraphrase "The paper says so." .
"""
    for name, stance, more in (
        ("cells", "reported", "; ev:citedSource source:scoop"),
        ("duty", "reported", ""),
        ("home", "reported", ""),
        ("dream", "hypothesised", "; ev:underScenario scenario:deal"),
    )
)
#: One more claim, whole but for what is put after it.
CLAIM = 'claim:new a ev:Claim ; ev:states prop:cells ; ev:statedIn source:paper ; ev:evidence claim:cells-evidence ; ev:recordedAt "2026-03-01T00:00:00Z"^^xsd:dateTime ; '


def told(name: str, stance: str, subject: str, relation: str, target: str, more: str = "") -> str:
    """Return a proposition with a standing and a claim for it."""
    claimed = {
        "denied": "denied",
        "hypothetical": "hypothesised",
        "opinion": "opinion",
        "contested": "denied",
    }.get(stance, stance)
    return f"""prop:{name} a ev:Proposition ; skos:prefLabel "{name}" ; ev:headSubject {subject} ; ev:headPredicate {relation} ; ev:headObject {target} ;
      ev:standing evv:standing-{stance} {more} .
    claim:{name} a ev:Claim ; ev:states prop:{name} ; ev:stance evv:stance-{claimed} ; ev:statedIn source:paper ; ev:evidence claim:cells-evidence .
    """


#: Name of a check to what it has to find, and the fault that is seeded for it.
FAULTS = {
    "alias-of-another": ("aurora", 'id:aurora skos:altLabel "basalt cells" .'),
    "claim-about-nothing": ("new", CLAIM.replace("prop:cells", "prop:lost") + "ev:stance evv:stance-reported ."),
    "claim-from-unread-source": ("new", CLAIM.replace("source:paper", "source:scoop") + "ev:stance evv:stance-reported ."),
    "claim-not-whole": ("new", CLAIM + "ev:stance evv:stance-reported , evv:stance-denied ."),
    "claim-without-evidence": ("new", CLAIM.replace("claim:cells-evidence", "claim:none") + "ev:stance evv:stance-reported ."),
    "conjecture-of-nothing": ("new", CLAIM + "ev:stance evv:stance-hypothesised ."),
    "contested-in-cautious": ("fuss", told("fuss", "contested", "id:office", "ev:imposes", "id:other") + 'id:other a ev:PolicyInstrument ; skos:prefLabel "Other" . id:office ev:imposes id:other .'),
    "cycle-of-ownership": ("basalt", "id:basalt ev:ownsStakeIn id:aurora . id:aurora ev:ownsStakeIn id:basalt ."),
    "cycle-of-parts": ("basalt", "id:basalt ev:subsidiaryOf id:aurora . id:aurora ev:subsidiaryOf id:basalt ."),
    "dangling-reference": ("new", CLAIM + "ev:stance evv:stance-denied ; ev:speaker id:nobody ."),
    "dates-reversed": ("new", CLAIM + 'ev:stance evv:stance-reported ; ev:validFrom "2026-01-01"^^xsd:date ; ev:validTo "2025-12-31"^^xsd:date .'),
    "denial-without-voice": ("new", CLAIM + "ev:stance evv:stance-denied ."),
    "denied-fact-in-default-graph": ("lie", told("lie", "denied", "id:office", "ev:imposes", "id:other") + 'id:other a ev:PolicyInstrument ; skos:prefLabel "Other" . id:office ev:imposes id:other .'),
    "derived-record-without-claim": ("path", "rel:path a ev:ExposurePath ; ev:exposedParty id:aurora ."),
    "duplicate-label": ("aurora", 'id:twin a ev:Agent ; skos:prefLabel "AURORA motors" .'),
    "entity-without-label": ("nameless", "id:nameless a ev:Agent ."),
    "fact-without-proposition": ("loose", "rel:loose a ev:Relationship ; ev:participant id:basalt , id:aurora ."),
    "figure-without-unit": ("new", CLAIM + "ev:stance evv:stance-reported ; ev:quantity 10 ."),
    "mutual-tie-to-itself": ("basalt", "id:basalt ev:inTalksWith id:basalt ."),
    "policy-without-body": ("orphan", 'id:orphan a ev:PolicyInstrument ; skos:prefLabel "Orphan" .'),
    "proposition-without-claim": ("silent", 'prop:silent a ev:Proposition ; skos:prefLabel "Nobody says so" .'),
    "published-after-recorded": ("early", 'source:early a ev:SourceDocument ; ev:published "2027-01-01"^^xsd:date . ' + CLAIM.replace("source:paper", "source:early") + "ev:stance evv:stance-reported ."),
    "quote-too-long": ("new", CLAIM.replace("claim:cells-evidence", "claim:new-evidence") + f'ev:stance evv:stance-reported . claim:new-evidence oa:hasSelector claim:new-quote . claim:new-quote oa:exact "{"word " * 61}" .'),
    "relationship-without-two-participants": ("alone", "rel:alone a ev:Relationship ; ev:participant id:basalt ."),
    "repeat-without-original": ("new", CLAIM + 'ev:stance evv:stance-reported ; ev:attributionDepth "2"^^xsd:nonNegativeInteger .'),
    "scenario-without-conjecture": ("empty", 'scenario:empty a ev:Scenario ; skos:prefLabel "Empty" .'),
    "standing-at-odds": ("cells", CLAIM + 'ev:stance evv:stance-denied ; ev:speakerText "somebody" .'),
    "undated-source": ("undated", "source:undated a ev:SourceDocument ; ev:consulted true ; ev:sourceKind evv:kind-news ."),
    "unknown-term": ("suplier", "rel:cells ev:suplier id:basalt ."),
    "unused-source": ("unused", 'source:unused a ev:SourceDocument ; ev:consulted false .'),
    "venture-with-one-partner": ("hazel", 'id:hazel a ev:Agent , ev:JointVentureCompany ; skos:prefLabel "Hazel" . ' + told("venture", "reported", "id:basalt", "ev:partOfJointVenture", "id:hazel")),
    "written-inverse-kept": ("turned", told("turned", "reported", "id:aurora", "ev:sourcesMaterialFrom", "id:basalt")),
}  # fmt: skip


def hygiene(name: str, extra: str = "") -> list[tuple[str, str]]:
    """Return entity and property of each row of a check on the healthy little graph with something put in."""
    store = ox.Store()
    for path in ontology_files():
        if path.stem not in ("shapes", "alignments"):
            store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    head = "".join(f"@prefix {prefix}: <{space}> .\n" for prefix, space in PREFIXES.items())
    store.load(f"{head}{HEALTHY}{extra}", format=ox.RdfFormat.TRIG)
    found = store.query(CHECKS[name].text, prefixes=PREFIXES)
    assert isinstance(found, ox.QuerySolutions)
    assert [variable.value for variable in found.variables] == ["entity", "property", "value"]
    return [(shorten(row["entity"].value).split(":", 1)[-1], shorten(row["property"].value)) for row in found]


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_alive_and_lets_the_healthy_pass(name: str) -> None:
    """It finds the fault that is seeded for it, and nothing where there is none."""
    entity, fault = FAULTS[name]
    assert hygiene(name) == []
    assert entity in {found for found, _ in hygiene(name, fault)}


def test_an_inquiry_that_is_a_tie_has_a_name_and_no_card() -> None:
    """Its sentence may be that of another, in another layer, and it names its body itself; it still needs two sides."""
    ask = 'rel:{} a ev:Relationship , ev:Inquiry , ev:PolicyInstrument ; skos:prefLabel "Office asks Aurora" ; {} .'
    sides = "ev:participant id:office , id:aurora"
    two = "\n".join(ask.format(name, sides) for name in ("cells-inquiry", "packs-inquiry"))
    for name in ("duplicate-label", "policy-without-body", "relationship-without-two-participants"):
        assert hygiene(name, two) == [], name
    assert hygiene("alias-of-another", two + 'id:aurora skos:altLabel "Office asks Aurora" .') == []
    lame = ask.format("lame", "ev:participant id:office")
    assert {found for found, _ in hygiene("relationship-without-two-participants", lame)} == {"lame"}
    assert "lame" in {found for found, _ in hygiene("fact-without-proposition", lame)}


def test_one_undated_document_does_not_hide_the_dates_of_its_publisher(facts: Known) -> None:
    """The earliest and latest of those that have one, against the cards themselves."""
    days: dict[tuple[str, str], list[str]] = {}
    for source in facts.view.sources.values():
        if source.publisher and source.kind:
            days.setdefault((source.publisher, f"evv:kind-{source.kind}"), []).append(source.published)
    assert any("" in found and any(found) for found in days.values()), "else this shows nothing"
    for row in facts.ask(QUESTIONS["publishers"]):
        dated = sorted(str(first_day(day)) for day in days[row["publisher"], row["source_kind"]] if day)
        assert (row.get("earliest", ""), row.get("latest", "")) == (
            (dated[0], dated[-1]) if dated else ("", "")
        )


OTHER = 'id:other a ev:PolicyInstrument ; skos:prefLabel "Other" .'


@pytest.mark.parametrize(
    ("story", "extra", "faulty"),
    [
        ("a denied tie is described beside the accepted ones",
         told("lie", "denied", "id:basalt", "ev:supplies", "id:aurora", "; ev:concernsRelationship rel:packs") + "rel:packs ev:participant id:basalt .", True),
        ("an imagined tie is described beside the accepted ones", "rel:dream ev:participant id:basalt .", True),
        ("an opinion stands as a fact", told("view", "opinion", "id:aurora", "ev:commentsOn", "id:duty") + "id:aurora ev:commentsOn id:duty .", True),
        ("something denied stands, and only an unlike relation joins the two",
         told("lie", "denied", "id:office", "ev:withdraws", "id:duty") + "id:office ev:withdraws id:duty .", True),
        ("a denied delivery of packs, while the delivery of cells holds",
         told("packs", "denied", "id:basalt", "ev:supplies", "id:aurora", "; ev:concernsRelationship rel:packs"), False),
        ("a denied head office in the country of the province where it stands",
         told("seat", "denied", "id:basalt", "ev:headquarteredIn", "id:sudland"), False),
        ("a denied aim at what a narrower measure excludes",
         OTHER + told("aim", "denied", "id:other", "ev:targets", "id:aurora") + told("ban", "reported", "id:other", "ev:excludes", "id:aurora")
         + "id:other ev:excludes id:aurora ; ev:targets id:aurora .", False),
        ("a denied control of what is a subsidiary all the same",
         told("reins", "denied", "id:basalt", "ev:controls", "id:aurora") + told("child", "reported", "id:aurora", "ev:subsidiaryOf", "id:basalt")
         + "id:aurora ev:subsidiaryOf id:basalt . id:basalt ev:controls id:aurora .", False),
        ("something denied that nothing states as a fact", told("lie", "denied", "id:office", "ev:imposes", "id:other"), False),
    ],
)  # fmt: skip
def test_only_unsupported_denials_and_conjectures_are_leaks(story: str, extra: str, faulty: bool) -> None:
    """What another proposition or a chain supports may stand, whoever denies a like statement."""
    assert bool(hygiene("denied-fact-in-default-graph", extra)) == faulty, story


def test_a_disputed_tie_is_a_leak_unless_an_undisputed_one_supports_it() -> None:
    """Talks that are disputed may not be described; a disputed supply of packs may lean on the supply of cells."""
    contested = told(
        "packs", "contested", "id:basalt", "ev:supplies", "id:aurora", "; ev:concernsRelationship rel:packs"
    )
    assert hygiene("contested-in-cautious", contested) == []
    assert hygiene("contested-in-cautious", contested + "rel:packs ev:participant id:basalt .") == [
        ("packs", "ev:supplies")
    ]


def test_every_check_is_graded_explained_and_seeded() -> None:
    """No check without a grade, a reason, a cure and a fault that proves it alive; no grade without a check."""
    assert set(GRADES) == set(CHECKS) == set(FAULTS)
    assert set(GRADES.values()) <= {"error", "warning"}
    for name, item in CHECKS.items():
        check(item.text)
        assert item.title, name
        assert item.why, name
        assert re.search(r"^# solution: \S", item.text, re.M), name


def views_of(name: str) -> set[str]:
    """Views that a check is meant for, from its header; all of them where it names none."""
    named = re.search(r"^# view: (.*)$", CHECKS[name].text, re.M)
    return set(named.group(1).split()) if named else {"cautious", "alive", "scenario:aurora-cirrus-deal"}


@pytest.mark.parametrize("name", sorted(name for name, grade in GRADES.items() if grade == "error"))
def test_the_world_and_the_shipped_facts_are_free_of_errors(
    known: dict[str, Known], facts: Known, name: str
) -> None:
    """No row of any check that is graded an error, in any view that it is meant for."""
    for view in views_of(name) & set(known):
        assert known[view].ask(CHECKS[name]) == []
    assert facts.ask(CHECKS[name]) == []


def test_what_a_view_takes_on_purpose_is_a_leak_in_a_stricter_one(known: dict[str, Known]) -> None:
    """The disputed talks hold in alive and the conjecture in its scenario: asked there, the two checks see them."""
    assert {row["entity"] for row in known["alive"].ask(CHECKS["contested-in-cautious"])}
    assert {
        row["entity"]
        for row in known["scenario:aurora-cirrus-deal"].ask(CHECKS["denied-fact-in-default-graph"])
    }
