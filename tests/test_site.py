"""The static site: every term documented once, every link leads somewhere, nothing calls out, the same bytes again."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from rdflib import OWL, RDF, RDFS, SH, SKOS, Graph, URIRef
from starlette.testclient import TestClient

from kg import KnowledgeGraph
from kg import site as kg_site
from kg.errors import Refused, Unavailable
from kg.explore import application
from kg.query import library
from kg.site import MARKER, build_site, documentation, reference
from kg.vocabulary import EV, EVV, PREFIXES, folder, ontology_files
from tests.browser import launched, visit
from tests.conftest import WORLD, policy

ATTACK = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'‮"
HOST = "127.0.0.1:7798"
OUR_TYPES = {
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.AnnotationProperty,
    OWL.NamedIndividual,
    SKOS.ConceptScheme,
}


class Reading(HTMLParser):
    """The ids, links, elements and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.ids: list[str] = []
        self.links: list[str] = []
        self.assets: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.policy = ""
        self._words: list[str] = []
        self.feed(text)
        self.words = re.sub(r"\s+", " ", "".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element with its id, link or asset."""
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.attributes += list(given.items())
        self.ids += [given["id"]] if "id" in given else []
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "href" in given or "src" in given:
            self.assets.append(given.get("href", given.get("src", "")))
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_data(self, data: str) -> None:
        """Note words."""
        self._words.append(data)


@pytest.fixture(scope="module")
def place(shipped: KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the shipped facts."""
    target = tmp_path_factory.mktemp("site") / "site"
    build_site(shipped, target)
    return target


@pytest.fixture(scope="module")
def pages(place: Path) -> dict[str, Reading]:
    """Its pages, read, by their path."""
    return {
        path.relative_to(place).as_posix(): Reading(path.read_text(encoding="utf-8"))
        for path in sorted(place.rglob("*.html"))
    }


@pytest.fixture(scope="module")
def ontology() -> Graph:
    """The ontology, read by another library than the one under test."""
    graph = Graph()
    for path in ontology_files():
        graph.parse(path)
    return graph


@pytest.fixture(scope="module")
def own(ontology: Graph) -> set[str]:
    """IRIs of all our terms and values."""
    return {
        str(subject)
        for subject, _, kind in ontology.triples((None, RDF.type, None))
        if kind in OUR_TYPES and str(subject).startswith((EV, EVV))
    }


def local(iri: str) -> str:
    return iri.removeprefix(EV).removeprefix(EVV)


@cache
def entries() -> dict[str, dict[str, Any]]:
    """Return the entries of all terms, wherever in the reference they stand."""
    found: dict[str, dict[str, Any]] = {}
    for module in documentation()["modules"]:
        terms = [term for section in module["sections"] for term in section["terms"]]
        terms += [value for scheme in module["schemes"] for value in (scheme, *scheme["values"])]
        found |= {term["anchor"]: term for term in terms}
    return found


def entry(anchor: str) -> dict[str, Any]:
    """Return the entry of a term."""
    return entries()[anchor]


def said(anchor: str, label: str) -> list[str]:
    """Return the items of a row of an entry, in plain words."""
    rows = [row for row in entry(anchor)["rows"] if row["label"] == label]
    return ["".join(part if isinstance(part, str) else part.get("text") or part.get("code") or part.get("said", "") for part in item) for row in rows for item in row["items"]]  # fmt: skip


# -- every term, once


def test_every_term_is_documented_once_under_its_own_name(pages: dict[str, Reading], own: set[str]) -> None:
    """So that its IRI, which ends in that name, can lead to its entry."""
    ids = Counter(pages["ontology/index.html"].ids)
    assert len(own) > 400
    assert {iri for iri in own if ids[local(iri)] != 1} == set()
    assert documentation()["terms"] == len(own)


def test_no_page_uses_an_id_twice(pages: dict[str, Reading]) -> None:
    """An address leads to one place."""
    for name, page in pages.items():
        assert [key for key, count in Counter(page.ids).items() if count > 1] == [], name


def test_an_entry_tells_label_address_definition_examples_and_source(
    pages: dict[str, Reading], ontology: Graph, own: set[str]
) -> None:
    """In the very words of the ontology."""
    text = pages["ontology/index.html"].words.lower()
    for iri in own:
        term = URIRef(iri)
        words = [*ontology.objects(term, SKOS.definition), *ontology.objects(term, SKOS.example)]
        words += [ontology.value(term, RDFS.label) or ontology.value(term, SKOS.prefLabel)]
        assert words
        for word in words:
            assert re.sub(r"\s+", " ", str(word)).lower() in text, (iri, word)
        assert entry(local(iri))["sources"], iri
        assert entry(local(iri))["iri"] == iri


def test_every_hierarchy_shows_every_term_of_its_section() -> None:
    """A term with two broader ones stands under both."""

    def names(branches: list[dict[str, Any]]) -> Iterator[str]:
        for branch in branches:
            yield branch["term"]["term"]
            yield from names(branch["below"])

    for module in documentation()["modules"]:
        for section in module["sections"]:
            assert set(names(section["tree"])) == {term["anchor"] for term in section["terms"]}
    actors = documentation()["modules"][0]["sections"][0]["tree"]
    assert Counter(names(actors))["BatterySupplier"] == 2  # a company, and a supplier


# -- axioms, relations, mappings in words


def test_the_conditions_of_a_role_are_told_in_words() -> None:
    """Nobody has to read OWL to see when a firm counts as a battery supplier."""
    told = said("BatterySupplier", "Inferred for")
    assert "anything that is classified as battery supplier" in told
    assert "a company that is supplier in a goods supply that is in layer cell" in told
    assert said("Regulator", "Inferred for") == ["anything that imposes a policy instrument"]


def test_a_chain_is_told_step_by_step() -> None:
    """Who supplies whom follows over the tie between them."""
    assert said("supplies", "Follows along") == ["one thing → is supplier in → has customer → the other"]


def test_a_relation_tells_what_a_row_of_a_fact_file_needs() -> None:
    """Name, ends, what it becomes, its status and its sentence."""
    assert said("inTalksWith", "In a fact file") == ["inTalksWith"]
    assert said("inTalksWith", "Becomes") == ["a negotiation with both sides as negotiator"]
    assert said("licensesTechnologyTo", "Becomes") == ["a technology licence with the subject as licensor and the object as licensee"]  # fmt: skip
    assert said("usesSoftwareFrom", "Written for") == [
        "provides software to, with subject and object exchanged"
    ]
    assert said("sourcesMaterialFrom", "Implies")[0].startswith("the layer battery materials")
    assert "‹object› is supplied by ‹subject›" in said("supplies", "Reads")
    assert "in talks" in said("inTalksWith", "Status")[0]
    assert said("imposes", "Subject may be") == ["public body"]


def test_every_relation_of_the_fact_file_has_its_row(shipped: KnowledgeGraph) -> None:
    """None of them is documented as a mere property."""
    for name in shipped.view().words.relations:
        assert said(name, "In a fact file") == [name]
        assert said(name, "Reads")
        assert said(name, "Subject may be")


def test_every_kind_code_is_told_at_its_class(shipped: KnowledgeGraph) -> None:
    """A researcher finds what to write into entities.csv."""
    told = {code for module in documentation()["modules"] for section in module["sections"] for term in section["terms"] for code in said(term["anchor"], "Kind code")}  # fmt: skip
    assert told == set(shipped.view().words.kinds)


def test_every_mapping_is_told(ontology: Graph, pages: dict[str, Reading]) -> None:
    """With a link to the foreign term."""
    links = set(pages["ontology/index.html"].links)
    count = 0
    for match in (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch):
        for subject, other in ontology.subject_objects(match):
            count += 1
            assert str(other) in links, (subject, other)
            assert any(item.endswith(_tail(str(other))) for item in said(local(str(subject)), "Elsewhere"))
    assert count > 100


def _tail(iri: str) -> str:
    return re.split(r"[/#]", iri.rstrip("/#"))[-1]


def test_every_shape_that_reports_is_told_with_its_cure(ontology: Graph, pages: dict[str, Reading]) -> None:
    """On the page of shapes, and at the terms it looks at."""
    shapes = pages["ontology/shapes.html"]
    for _, message in ontology.subject_objects(SH.message):
        assert re.sub(r"\s+", " ", str(message)) in shapes.words
    assert {shape["name"] for shape in entry("stance")["shapes"]} >= {"claim-stance", "denial-has-voice"}
    assert "right-kind-of-subject" in {shape["name"] for shape in entry("allowsSubject")["shapes"]}


def test_every_line_of_the_reach_table_stands_there_with_its_reason(pages: dict[str, Reading]) -> None:
    """Which policy acts on which tie is for reading too."""
    text = pages["ontology/reach.html"].words
    with (folder("ontology") / "reach.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert documentation()["reach"]["lines"] == len(lines)
    shown = [line for kind in documentation()["reach"]["kinds"] for group in (kind, *kind["instruments"]) for line in group["lines"]]  # fmt: skip
    assert len(shown) == len(lines)
    for line in lines:
        assert re.sub(r"\s+", " ", line["reasoning"]).strip() in text
        assert line["threshold"] in text


def test_the_header_tells_version_and_deprecation(pages: dict[str, Reading]) -> None:
    """A reader knows what may change and what never will."""
    text = pages["ontology/index.html"].words
    for told in ("https://w3id.org/evsw/ontology/0.1.0/claims", "an IRI is never removed", "Licence"):
        assert told in text
    assert ("No term has been deprecated" in text) != bool(documentation()["deprecated"])


# -- questions


def test_every_question_is_told_in_full(pages: dict[str, Reading]) -> None:
    """Why, what it takes, what it returns, and the query itself."""
    page = pages["questions.html"]
    told = {question["name"]: question for question in documentation()["questions"]}
    assert set(told) == set(library())
    for name, item in library().items():
        assert name in page.ids
        assert re.sub(r"\s+", " ", item.why) in page.words
        assert [given["name"] for given in told[name]["parameters"]] == [
            given.name for given in item.parameters
        ]
        assert re.sub(r"\s+", " ", told[name]["text"]).strip() in page.words
        assert told[name]["text"].strip() in item.text


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT * { ?a ev:supplies ?b }", ["supplies"]),
        ("# ev:uses\nSELECT * { ?a ev:supplies ?b } # ev:uses", ["supplies"]),
        ("SELECT * { ?a <https://w3id.org/evsw/ontology#supplies> 'ev:uses', \"ev:uses\" }", ["supplies"]),
        ("SELECT * { ?a ev:stance evv:stance-denied . prev:uses ev:x:y ev:uses }", ["stance", "stance-denied", "x", "uses"]),
        ("PREFIX ev: <https://w3id.org/evsw/ontology#> SELECT * { ?a ev:isProviderIn/ev:recipient+ ?b FILTER(?a<?b) }", ["isProviderIn", "recipient"]),
        ("SELECT * { ?a ev:label '''it's # ev:uses''' ; ^ev:supplies ?b }", ["label", "supplies"]),
    ],
)  # fmt: skip
def test_a_question_names_a_term_only_where_it_asks_for_it(query: str, named: list[str]) -> None:
    """Not in a comment, nor in quotes, nor in the middle of another name."""
    assert [local(iri) for iri in kg_site._mentions(query) if local(iri)] == named


def test_a_term_links_to_the_questions_that_name_it(own: set[str]) -> None:
    """Read from the queries; a term without one names its next of kin that has some, or says that there is none."""
    for iri in own:
        prefix = "ev" if iri.startswith(EV) else "evv"
        naming = re.compile(rf"(?<![\w:-]){prefix}:{re.escape(local(iri))}(?![\w-])")
        there = {
            name
            for name, item in library().items()
            if naming.search("\n".join(line for line in item.text.splitlines() if not line.startswith("#")))
        }
        term = entry(local(iri))
        assert {question["question"] for question in term["questions"]} == there, iri
        assert not (there and term["kin"])
    assert any(part["term"] == "supplier" for part in entry("isSupplierIn")["kin"] if isinstance(part, dict)) or entry("isSupplierIn")["questions"]  # fmt: skip


# -- links


def test_every_link_and_anchor_leads_somewhere(place: Path, pages: dict[str, Reading]) -> None:
    """Inside the site: a file that is there, and an id that is in it."""
    followed = 0
    for name, page in pages.items():
        for link in page.links:
            if urlsplit(link).scheme or (
                name.startswith("exposure/") and re.match(r"#(claim|edge|node|path|source)=", link)
            ):
                continue  # foreign, or an address that the exposure page's own script and test answer for
            target = urlsplit(urljoin(f"http://site/{name}", link))
            path, anchor = unquote(target.path.lstrip("/")), unquote(target.fragment)
            assert (place / path).is_file(), (name, link)
            if anchor:
                assert anchor in pages[path].ids, (name, link)
            followed += 1
    assert followed > 5_000


def test_no_asset_comes_from_elsewhere(place: Path, pages: dict[str, Reading]) -> None:
    """Style sheets are files of the site; there is no image, font, frame, form or script."""
    for name, page in pages.items():
        if name.startswith("exposure/"):
            continue
        for asset in page.assets:
            assert asset == "data:," or (place / name).parent.joinpath(asset).resolve().is_file(), (
                name,
                asset,
            )
        assert not {"script", "img", "iframe", "form", "object", "style", "base"} & set(page.tags), name
        assert not [key for key, _ in page.attributes if key.startswith("on") or key == "style"], name
        assert page.policy.startswith("default-src 'none'; style-src 'self' file:;"), name
        assert "unsafe" not in page.policy
    for name in ("app.css", "site.css"):
        assert not re.search(r"@import|url\(", (place / "static" / name).read_text(encoding="utf-8"))


def test_links_outward_are_web_addresses_that_tell_nobody(place: Path) -> None:
    """Only http and https, and without a referrer."""
    text = (place / "ontology" / "index.html").read_text(encoding="utf-8")
    outward = re.findall(r'<a [^>]*href="([a-z]+:[^"]*)"([^>]*)>', text)
    assert len(outward) > 100
    for address, rest in outward:
        assert address.startswith(("http://", "https://"))
        assert 'rel="noopener noreferrer nofollow"' in rest


# -- the folder


def test_two_builds_give_the_same_bytes(shipped: KnowledgeGraph, place: Path, tmp_path: Path) -> None:
    """Nothing in it depends on the hour, the place, or the order of a set."""
    kg_site._documentation.cache_clear()
    report = build_site(shipped, tmp_path / "again")
    assert report.files == tuple(sorted(path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file() and path.name != MARKER))  # fmt: skip
    for name in (*report.files, MARKER):
        assert (tmp_path / "again" / name).read_bytes() == (place / name).read_bytes(), name
    assert report.size == sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def test_the_site_stays_a_small_download(place: Path) -> None:
    """One page for all terms below a megabyte, the whole below twelve."""
    assert (place / "ontology" / "index.html").stat().st_size < 1_000_000
    assert sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) < 12_000_000


def test_a_site_of_ours_is_replaced_as_a_whole(world: KnowledgeGraph, tmp_path: Path) -> None:
    """What the new one does not have is gone, and nothing else lies about."""
    target = tmp_path / "out" / "site"
    build_site(world, target)
    gone = target / "exposure" / "gone.html"
    gone.parent.mkdir(exist_ok=True)
    gone.write_text("an older site had this page", encoding="utf-8")
    with (target / MARKER).open("a", encoding="utf-8") as file:
        file.write("exposure/gone.html\n")
    (target / "index.html").write_text("stale", encoding="utf-8")
    build_site(world, target)
    assert not gone.exists()
    assert "Who supplies whom" in (target / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in target.parent.iterdir()] == ["site"]


def test_an_empty_folder_may_be_filled(world: KnowledgeGraph, tmp_path: Path) -> None:
    """Somebody may have made it beforehand."""
    (tmp_path / "site").mkdir()
    build_site(world, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize("name", ["notes.txt", "index.html", "static/app.css"])
def test_a_folder_of_somebody_else_is_left_alone(world: KnowledgeGraph, tmp_path: Path, name: str) -> None:
    """Even if what it holds is called like a page of ours."""
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("precious", encoding="utf-8")
    with pytest.raises(Refused, match=re.escape(name.split("/")[0])):
        build_site(world, tmp_path / "mine")
    assert mine.read_text(encoding="utf-8") == "precious"
    assert sum(path.is_file() for path in tmp_path.joinpath("mine").rglob("*")) == 1


def test_a_file_added_to_a_site_of_ours_is_not_lost(world: KnowledgeGraph, tmp_path: Path) -> None:
    """The marker lists what may go; anything else stops the command."""
    build_site(world, tmp_path / "site")
    (tmp_path / "site" / "CNAME").write_text("example.org", encoding="utf-8")
    with pytest.raises(Refused, match="CNAME"):
        build_site(world, tmp_path / "site")
    assert (tmp_path / "site" / "CNAME").is_file()


def test_a_file_or_link_in_the_way_is_left_alone(world: KnowledgeGraph, tmp_path: Path) -> None:
    """A link might lead anywhere."""
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    build_site(world, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(Refused):
            build_site(world, tmp_path / name)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"


def test_a_failing_disk_leaves_the_old_site(
    world: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is moved in whole or not at all."""
    target = tmp_path / "site"
    build_site(world, target)
    before = (target / "index.html").read_bytes()
    real = Path.replace

    def failing(self: Path, other: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return real(self, other)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(Unavailable, match="No space left"):
        build_site(world, target)
    assert (target / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["site"]


def test_the_first_page_lists_the_exposure_pages_it_has(world: KnowledgeGraph, tmp_path: Path) -> None:
    """Carmakers with paths in this view, each with its page; all numbers are of claims that the page opens."""
    report = build_site(world, tmp_path / "site")
    assert report.firms
    page = Reading((tmp_path / "site" / "index.html").read_text(encoding="utf-8"))
    assert [link for link in page.links if link.startswith("exposure/")] == [f"exposure/{firm}.html" for firm in report.firms]  # fmt: skip
    assert {path.stem for path in (tmp_path / "site" / "exposure").iterdir()} == set(report.firms)
    view = world.view()
    assert all("oem" in view.entities[firm].kinds for firm in report.firms)
    assert world.head in page.words


def test_the_most_exposed_firms_come_first_when_there_are_too_many(
    world: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the first page says that there are more, and how to see them."""
    whole = build_site(world, tmp_path / "whole")
    monkeypatch.setattr(kg_site, "FIRMS", 0)
    report = build_site(world, tmp_path / "site")
    assert report.firms == ()
    assert report.further == len(whole.firms)


def test_the_command_writes_the_site(run: Callable[..., Any], shipped_home: Path, tmp_path: Path) -> None:
    """And says what it wrote; into a folder of somebody else it does not."""
    done = run("site", "-o", str(tmp_path / "site"), "--as-of", "2026-11-23", home=shipped_home)
    assert done.returncode == 0, done.stderr
    assert "terms" in done.stderr
    assert (tmp_path / "site" / "ontology" / "index.html").is_file()
    (tmp_path / "site" / "mine.txt").write_text("x", encoding="utf-8")
    refused = run("site", "-o", str(tmp_path / "site"), home=shipped_home)
    assert refused.returncode == 1
    assert "mine.txt" in refused.stderr
    assert "Traceback" not in refused.stderr


# -- hostile text


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KnowledgeGraph]:
    """An ontology, a rule of reach and a ledger whose every text tries to become markup."""
    quoted = ATTACK.replace("\\", "\\\\").replace('"', '\\"')
    copies = tmp_path / "ontology"
    shutil.copytree(folder("ontology"), copies)
    with (copies / "actors.ttl").open("a", encoding="utf-8") as file:
        file.write(f"""
            ev:Hostile a owl:Class ; rdfs:subClassOf ev:Agent ; rdfs:label "{quoted}"@en ;
                skos:definition "{quoted}"@en ; skos:example "{quoted}" ; rdfs:comment "{quoted}" ; skos:notation "{quoted}" ;
                dcterms:source <javascript:alert(3)> , "{quoted}"@en ; owl:deprecated true ; skos:closeMatch <javascript:alert(4)> ;
                rdfs:isDefinedBy <https://w3id.org/evsw/ontology/actors> .
            """)  # fmt: skip
    monkeypatch.setattr(kg_site, "ontology_files", lambda: sorted(copies.glob("*.ttl")))
    batch = tmp_path / "batch"
    shutil.copytree(WORLD, batch)
    for name in ("entities.csv", "sources.csv"):
        with (batch / name).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if name == "entities.csv" and "oem" in row["kinds"]:
                row["label"] += ATTACK
                row["aliases"] = ""
            if name == "sources.csv":
                row["title"] = row["id"] + ATTACK
        with (batch / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    with KnowledgeGraph(tmp_path / "hostile-home", policy(), shipped=False) as graph:
        checked, _ = graph.load(batch)
        assert not checked.errors, checked.errors
        yield graph


def test_hostile_text_stays_text(hostile: KnowledgeGraph, tmp_path: Path) -> None:
    """In definitions, labels, codes, sources and names; it is shown, and it is no element, attribute or address."""
    build_site(hostile, tmp_path / "site")
    shown = 0
    for path in (tmp_path / "site").rglob("*.html"):
        page = Reading(path.read_text(encoding="utf-8"))
        shown += page.words.count("alert(2)")
        if path.parent.name != "exposure":  # which runs our scripts, by their hashes
            assert page.tags["script"] == 0, path
        assert page.tags["img"] == 0, path
        assert not [key for key, _ in page.attributes if key.startswith("on")], path
        assert not [link for link in page.links if link.startswith("javascript:")], path
    assert shown > 8
    text = Reading((tmp_path / "site" / "ontology" / "index.html").read_text(encoding="utf-8"))
    assert "Hostile" in text.ids
    assert "deprecated" in text.words


def test_a_broken_module_is_told_by_name(tmp_path: Path) -> None:
    """Not by a parser's stack."""
    bad = tmp_path / "actors.ttl"
    bad.write_text("ev:Agent a ", encoding="utf-8")
    with pytest.raises(Unavailable, match=r"actors\.ttl"):
        documentation([bad])


# -- in the workbench


@pytest.mark.parametrize("path", ["/ontology", "/ontology/reach", "/ontology/shapes"])
def test_the_workbench_shows_the_reference(shipped: KnowledgeGraph, path: str) -> None:
    """Under its own policy, with its own search, and with links that all lead somewhere."""
    client = TestClient(application(shipped, frozenset({HOST})), base_url=f"http://{HOST}")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "style-src 'self';" in answer.headers["content-security-policy"]
    page = Reading(answer.text)
    assert page.policy == ""
    assert page.tags["style"] == 0
    assert not [key for key, _ in page.attributes if key == "style"]
    assert [key for key, count in Counter(page.ids).items() if count > 1] == []
    ids = {"": set(page.ids)}
    inward = sorted({link for link in page.links if not urlsplit(link).scheme})
    for link in [*inward, *page.assets]:
        route, _, anchor = link.partition("#")
        if link.startswith("data:") or route.startswith("/question/"):
            assert not route.startswith("/question/") or route.removeprefix("/question/") in library()
            continue
        if route not in ids:
            found = client.get(route)
            assert found.status_code == 200, link
            ids[route] = set(Reading(found.text).ids)
        assert not anchor or unquote(anchor) in ids[route], link


def test_the_home_page_of_the_workbench_links_the_ontology(shipped: KnowledgeGraph) -> None:
    """A reader finds it without knowing its address."""
    client = TestClient(application(shipped, frozenset({HOST})), base_url=f"http://{HOST}")
    assert 'href="/ontology"' in client.get("/").text


def test_a_reference_page_has_no_place_of_the_writer_in_it(world: KnowledgeGraph) -> None:
    """No path of the machine it was made on."""
    text = reference("ontology", world.view())
    assert str(folder("ontology")) not in text
    assert str(Path.home()) not in text
    assert PREFIXES["ev"] + "Claim" in text


# -- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all visits."""
    with launched() as running:
        yield running


# Hundreds of entries come from one template: a fifteenth of them shows axe all it could find, in seconds.
THIN = """for (const kind of ['.term', '.values tbody tr', '.hierarchy li', '.alphabet a', '.contents li'])
  document.querySelectorAll(kind).forEach((one, at) => at % 15 && one.remove())"""
PAGES = ["index.html", "ontology/index.html", "ontology/reach.html", "ontology/shapes.html", "questions.html"]


@pytest.mark.browser
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "look", [{}, {"dark": True}, {"width": 375, "height": 800}], ids=["light", "dark", "phone"]
)
def test_a_page_opens_silently_from_a_folder_and_is_accessible(
    browser: Any, place: Path, name: str, look: dict[str, Any]
) -> None:
    """It asks for the two style sheets of the site and nothing else, refuses nothing, and fits the window."""
    with visit(browser, place / name, ready="", **look) as seen:
        noise = seen.noise()
        sheets = {(place / "static" / sheet).resolve().as_uri() for sheet in ("app.css", "site.css")}
        assert set(noise.pop("requests", [])) == sheets
        assert noise == {}
        background = seen.page.evaluate(
            "getComputedStyle(document.querySelector('header')).borderBottomStyle"
        )
        assert background == "solid"  # the style sheet was let in
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        seen.page.evaluate(THIN)
        assert seen.audit() == []


@pytest.mark.browser
@pytest.mark.parametrize("anchor", ["Claim", "supplies", "layer-cell", "stances", "rule-30-dependency"])
def test_the_address_of_a_term_shows_its_entry(browser: Any, place: Path, anchor: str) -> None:
    """As a redirect from its IRI would."""
    with visit(browser, place / "ontology" / "index.html", fragment=f"#{anchor}", ready="") as seen:
        seen.page.wait_for_function(
            f"(() => {{ const top = document.getElementById('{anchor}').getBoundingClientRect().top; return top >= -1 && top < innerHeight / 2; }})()",
            timeout=5_000,
        )


@pytest.mark.browser
def test_what_is_out_of_sight_is_not_laid_out_until_it_is_sought(browser: Any, place: Path) -> None:
    """Which keeps a page of all terms quick; and the search of the browser still finds what is in it."""
    with visit(browser, place / "ontology" / "index.html", ready="") as seen:
        shown = "document.getElementById('ExposurePath').checkVisibility({contentVisibilityAuto: true}) && document.querySelector('#ExposurePath .definition').checkVisibility({contentVisibilityAuto: true})"
        assert not seen.page.evaluate(shown)
        assert seen.page.evaluate("window.find('record of the steps by which an agent meets a policy')")
        seen.page.evaluate("location.hash = '#ExposurePath'")
        seen.page.wait_for_function(shown, timeout=5_000)


@pytest.mark.browser
def test_words_of_a_drawing_stay_inside_their_boxes(browser: Any, place: Path) -> None:
    """Also with the widest of the usual fonts."""
    with visit(browser, place / "ontology" / "index.html", ready="") as seen:
        over = seen.page.evaluate("""[...document.querySelectorAll('.pattern svg a')].filter((link) => {
            const box = link.querySelector('rect');
            return box && [...link.querySelectorAll('text')].some((text) => text.getBBox().width > box.getBBox().width - 4);
        }).map((link) => link.textContent)""")
        assert over == []


@pytest.mark.browser
def test_hostile_text_runs_nothing(browser: Any, hostile: KnowledgeGraph, tmp_path: Path) -> None:
    """Nor does it call anybody."""
    build_site(hostile, tmp_path / "site")
    for name in ("index.html", "ontology/index.html", "ontology/reach.html"):
        with visit(browser, tmp_path / "site" / name, ready="") as seen:
            noise = seen.noise()
            assert all(url.endswith((".css",)) for url in noise.pop("requests", []))
            assert noise == {}
