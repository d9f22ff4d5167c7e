"""A view laid out as RDF and kept in an Oxigraph store, so that SPARQL can ask it.

The layout (see ARCHITECTURE.md, "The dataset"):

- the **default graph** holds the records (entity cards, sources, claims, propositions with their standing, scenarios),
  the ontology, the content of every proposition that holds under the view, and what follows from those;
- the content of *each* proposition, holding or not, stays behind ``GRAPH <prop/…>``.

So a plain question never meets a denied or imagined fact as true, and a curious one can still ask for it.

A store is derived from the ledger and named after its head and the policy. It is built beside its final place and
renamed, sealed with the hashes of its files, and opened read-only; missing or damaged, it is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from kg.claim import Claim, Entity, Evidence, Scenario, Source, is_country
from kg.dates import OPEN, first_day, last_day
from kg.errors import Refused, Unavailable
from kg.evidence import Weighing
from kg.infer import Closure, Overgrown, close, uncollected
from kg.ledger import Ledger
from kg.policy import Policy
from kg.rules import Rule, parse_rules, rules_of_ontology
from kg.scratch import scratch, sweep
from kg.view import View
from kg.vocabulary import PREFIXES, RDF_TYPE, folder, iri, literal, ontology_files, vocabulary

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Index", "conclusions", "quads", "records"]

Triple = tuple[str, str, str]

_LAYOUT = 4  # raise it when the layout of the dataset changes: old stores are then built again
#: Pairs of `reliesOn` that are written out at most; see `conclusions`.
MOST_PAIRS = 100_000
_PORTION = 150_000  # lines handed to the engine at a time: fewer cost time, more cost memory
_AT_A_TIME = 4096  # organisations whose dependents are counted at a time: 512 bytes for each thing in the web
_KEEP = 6  # stores kept for one workspace; the least recently used go first

_LABEL = iri("skos", "prefLabel")
_ALT = iri("skos", "altLabel")
_NOTE = iri("skos", "note")


@cache
def _ev(name: str) -> str:
    return iri("ev", name)


#: Properties whose facts grow with the square of a web.
_SQUARE = frozenset({_ev("reliesOn"), _ev("candidateExposureTo")})


def _local(term: str) -> str:
    return term.rpartition("#")[2][:-1]


def _text(subject: str, predicate: str, value: str, datatype: str = "") -> Iterator[Triple]:
    if value:
        yield subject, predicate, literal(value, datatype)


def _day(subject: str, name: str, value: str, *, last: bool = False) -> Iterator[Triple]:
    """Anything but a plain day becomes the first (or last) day it can mean; what the source said stays beside it."""
    if value:
        day = str(last_day(value) if last else first_day(value))
        yield subject, _ev(name), literal(day, "date")
        if day != value:
            yield subject, _ev("dateAsStated"), literal(value)


def _valid(subject: str, start: str, end: str) -> Iterator[Triple]:
    """An open end has no day, and differs from an unknown one: the whole period is told as stated."""
    if OPEN in (start, end):
        yield subject, _ev("dateAsStated"), literal(f"{start}/{end}")
    yield from _day(subject, "validFrom", "" if start == OPEN else start)
    yield from _day(subject, "validTo", "" if end == OPEN else end, last=True)


# -- records


def _entity(view: View, entity: Entity) -> Iterator[Triple]:
    subject, words = iri("id", entity.id), view.words
    for kind in (words.kinds[code] for code in entity.kinds if code in words.kinds):
        yield subject, RDF_TYPE, _ev(kind.cls)
        if kind.classification:
            yield subject, _ev("classifiedAs"), iri("evv", kind.classification)
    yield subject, _LABEL, literal(entity.label)
    for alias in entity.aliases:
        yield subject, _ALT, literal(alias)
    if is_country(entity, view.entities):
        yield subject, _ev("isoCode"), literal(entity.country)
    yield from _text(subject, _NOTE, entity.note)


def _source(view: View, source: Source) -> Iterator[Triple]:
    subject = iri("source", source.id)
    yield subject, RDF_TYPE, _ev("SourceDocument")
    yield subject, _ev("consulted"), literal("true" if source.consulted == "yes" else "false", "boolean")
    if source.kind:
        yield subject, _ev("sourceKind"), iri("evv", "kind-" + source.kind)
    yield from _text(subject, iri("dcterms", "title"), source.title)
    yield from _text(subject, _ev("publisherName"), source.publisher)
    yield from _day(subject, "published", source.published)
    yield from _text(subject, iri("dcterms", "creator"), source.author)
    yield from _text(subject, iri("dcterms", "language"), source.lang)
    yield from _text(subject, iri("schema", "url"), source.url, "anyURI")
    yield from _text(subject, _ev("contentDigest"), source.digest)
    yield from _text(subject, _NOTE, source.note)


def _passage(subject: str, evidence: Evidence, source: str) -> Iterator[Triple]:
    """Evidence as a Web Annotation: a passage of the source, exact words as a text-quote selector."""
    passage = subject[:-1] + "-evidence>"
    yield subject, _ev("evidence"), passage
    yield passage, RDF_TYPE, iri("oa", "SpecificResource")
    yield passage, iri("oa", "hasSource"), iri("source", source)
    yield from _text(passage, _ev("paraphrase"), evidence.paraphrase)
    yield from _text(passage, _ev("locator"), evidence.locator)
    if evidence.quote:
        selector = subject[:-1] + "-quote>"
        yield passage, iri("oa", "hasSelector"), selector
        yield selector, RDF_TYPE, iri("oa", "TextQuoteSelector")
        yield selector, iri("oa", "exact"), literal(evidence.quote)
        yield from _text(selector, iri("oa", "prefix"), evidence.quote_prefix)
        yield from _text(selector, iri("oa", "suffix"), evidence.quote_suffix)


def _claim(view: View, claim: Claim, recorded: str) -> Iterator[Triple]:
    subject = iri("claim", claim.id)
    yield subject, RDF_TYPE, _ev("Claim")
    yield subject, _ev("states"), iri("prop", view.words.proposition_id(claim.proposition))
    yield subject, _ev("stance"), iri("evv", "stance-" + claim.stance)
    yield subject, _ev("statedIn"), iri("source", claim.source)
    if claim.status:
        yield subject, _ev("status"), iri("evv", "status-" + claim.status)
    if claim.cited_source:
        yield subject, _ev("citedSource"), iri("source", claim.cited_source)
    if claim.speaker:
        yield subject, _ev("speaker"), iri("id", claim.speaker)
    yield from _text(subject, _ev("speakerText"), claim.speaker_text)
    yield from _text(subject, _ev("attributionDepth"), claim.depth, "nonNegativeInteger")
    yield from _text(subject, _ev("origin"), view.origins.label(view.origins.of(claim)))
    yield from _passage(subject, claim.evidence, claim.source)
    yield from _text(subject, _ev("confidence"), claim.confidence, "decimal")
    if claim.about_layer:
        yield subject, _ev("aboutLayer"), iri("evv", "layer-" + claim.about_layer)
    yield from _valid(subject, claim.valid_from, claim.valid_to)
    yield from _text(subject, _ev("quantity"), claim.quantity, "decimal")
    yield from _text(subject, _ev("unit"), claim.unit)
    if claim.scenario:
        yield subject, _ev("underScenario"), iri("scenario", claim.scenario)
        if claim.phase:
            yield subject, _ev("inPhase"), iri("scenario", f"{claim.scenario}/phase-{claim.phase}")
    for condition in claim.conditional_on:
        yield subject, _ev("conditionalOn"), iri("id", condition)
    stamp = recorded if "T" in recorded else recorded + "T00:00:00Z"
    yield subject, _ev("recordedAt"), literal(stamp, "dateTime")
    yield from _text(subject, _NOTE, claim.note)
    if claim.id in view.retracted:
        yield subject, _ev("retractedBecause"), literal(view.retracted[claim.id])


def _scenario(view: View, scenario: Scenario) -> Iterator[Triple]:
    whole = iri("scenario", scenario.id)
    subject = iri("scenario", f"{scenario.id}/phase-{scenario.phase}") if scenario.phase else whole
    yield subject, RDF_TYPE, _ev("DealPhase" if scenario.phase else "Scenario")
    yield subject, _LABEL, literal(scenario.label)
    if scenario.phase:
        yield subject, _ev("phaseOf"), whole
        yield subject, _ev("phaseNumber"), literal(scenario.phase, "integer")
        following = (scenario.id, str(int(scenario.phase) + 1))
        if following in view.scenarios:
            yield subject, _ev("nextPhase"), iri("scenario", f"{scenario.id}/phase-{following[1]}")
    for condition in scenario.conditions:
        yield subject, _ev("condition"), literal(condition)
    if scenario.source:
        yield subject, _ev("statedIn"), iri("source", scenario.source)
        if scenario.evidence.quote:
            yield from _passage(subject, scenario.evidence, scenario.source)
    yield from _text(subject, _NOTE, scenario.note)


def _proposition(view: View, weighing: Weighing) -> Iterator[Triple]:
    words, proposition = view.words, weighing.proposition
    subject = iri("prop", words.proposition_id(proposition))
    head = words.head(proposition)
    yield subject, RDF_TYPE, _ev("Proposition")
    yield subject, _ev("headSubject"), head[0]
    yield subject, _ev("headPredicate"), head[1]
    yield subject, _ev("headObject"), head[2]
    if words.relations[proposition.relation].pattern != "direct":
        yield subject, _ev("concernsRelationship"), words.relationship(proposition)
    if proposition.layer:
        yield subject, _ev("aboutLayer"), iri("evv", "layer-" + proposition.layer)
    yield subject, _ev("standing"), iri("evv", "standing-" + weighing.standing)
    if weighing.status:
        yield subject, _ev("currentStatus"), iri("evv", "status-" + weighing.status)
    yield subject, _ev("temporalState"), iri("evv", "time-" + weighing.time)
    yield subject, _ev("originCount"), literal(str(len(weighing.origins_for)), "integer")
    yield subject, _ev("disputingOriginCount"), literal(str(len(weighing.origins_against)), "integer")
    own = weighing.own
    yield subject, _ev("claimCount"), literal(str(len(own)), "integer")
    documents = {claim.source for claim in own}
    published = [view.sources[each].published for each in documents if each in view.sources]
    days = [first_day(day) for day in published if day]
    yield subject, _ev("documentCount"), literal(str(len(documents)), "integer")
    yield from _text(subject, _ev("lastSpokenOf"), str(max(days)) if days else "", "date")
    yield subject, _LABEL, literal(words.sentence(proposition, view.labels))
    for denial in weighing.denied:
        for affirmation in weighing.affirmed:
            yield iri("claim", denial.id), _ev("disputes"), iri("claim", affirmation.id)


def records(view: View) -> Iterator[Triple]:
    """Yield the record triples of a view's default graph."""
    for entity in view.entities.values():
        yield from _entity(view, entity)
    for source in view.sources.values():
        yield from _source(view, source)
    for scenario in view.scenarios.values():
        yield from _scenario(view, scenario)
    for key, entry in view.entries.items():
        assert isinstance(entry.record, Claim)
        if key in view.counted or key in view.retracted:  # what a policy leaves out is no record of its view
            yield from _claim(view, entry.record, entry.recorded)
    for weighing in view.weighings.values():
        yield from _proposition(view, weighing)


# -- inference


@cache
def _ontology() -> tuple[Triple, ...]:
    """The ontology's triples as N-Triples terms, blank nodes kept apart by module."""
    import pyoxigraph

    found: list[Triple] = []
    for number, path in enumerate(ontology_files()):
        if path.stem in ("shapes", "alignments"):
            continue
        for quad in pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE):
            terms = [
                str(term) if not isinstance(term, pyoxigraph.BlankNode) else f"_:m{number}x{term.value}"
                for term in (quad.subject, quad.predicate, quad.object)
            ]
            found.append((terms[0], terms[1], terms[2]))
    return tuple(found)


@cache
def _rules() -> tuple[Rule, ...]:
    """The ontology's axioms and the rule files, compiled once per process."""
    rules = _linear(rules_of_ontology(_ontology()).rules)
    for path in sorted((folder("queries") / "rules").glob("*.rq")):
        rules += parse_rules(path.read_text(encoding="utf-8"), prefixes=PREFIXES, source=path.name)
    return tuple(rules)


def _linear(rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules with transitive properties that nobody states carried on step by step, not pair by pair.

    ``reliesOn then reliesOn`` meets each chain as often as it can be cut in two; ``dependsOn then reliesOn`` concludes
    the same from its first step. That is so only where a property has nothing but its special cases, none of its own.
    """
    found = list(rules)
    for name in vocabulary().derived_properties:
        whole = _ev(name)
        here = [rule for rule in found if any(head[1] == whole for head in rule.head)]
        cut = [rule for rule in here if len(rule.body) == 2 and {p[1] for p in rule.body} == {whole}]
        parts = [rule for rule in here if rule not in cut]
        renames = all(
            len(rule.body) == 1 and rule.head == ((rule.body[0][0], whole, rule.body[0][2]),)
            for rule in parts
        )
        if len(cut) == 1 and parts and renames:
            x, y, z = cut[0].head[0][0], cut[0].body[0][2], cut[0].head[0][2]
            found.remove(cut[0])
            found += [
                Rule(
                    f"{_local(rule.body[0][1])} then {name} is {name}",
                    cut[0].head,
                    ((x, rule.body[0][1], y), (y, whole, z)),
                )
                for rule in parts
            ]
    return found


def _reach(view: View) -> Iterator[Triple]:
    """The reach table (``ontology/reach.csv``) as it governs each policy on file: kinds of tie, and layers if confined."""
    for entity in view.entities.values():
        kinds = [view.words.kinds[code].cls for code in entity.kinds if code in view.words.kinds]
        classes = frozenset[str]().union(*(view.words.superclasses(kind) for kind in kinds))
        if "PolicyInstrument" not in classes:
            continue
        policy, lines = iri("id", entity.id), view.words.reach_lines(classes, entity.id)
        for line in lines:
            yield policy, _ev("reaches"), _ev(line["reaches"])
            if line["layer"]:
                yield policy, _ev("reachesLayer"), iri("evv", "layer-" + line["layer"])
        if any(not line["layer"] for line in lines):
            yield policy, RDF_TYPE, _ev("AnyLayerInstrument")


def conclusions(view: View) -> Closure:
    """Close the propositions that hold under a view, with the claims as witnesses.

    Returns
    -------
    kg.infer.Closure
        Asserted are the content of each holding proposition (any one of its claims suffices) and, as background
        that needs no claim, the kinds of entities. The ontology's axioms and the rules in ``queries/rules`` decide
        what follows.

    Notes
    -----
    Reliance over any number of steps grows with the square of a web. Beyond `MOST_PAIRS` it is left out, and what
    hangs on it with it: `left_out` names it. Questions ask for ``ev:dependsOn+``, which is the same.
    """
    asserted: list[tuple[Triple, frozenset[str]]] = []
    for weighing in view.holding:
        support, proposition = view.support(weighing), weighing.proposition
        asserted += [(triple, support) for triple in view.words.triples(proposition)]
        if view.words.relations[proposition.relation].pattern != "direct" and not (
            proposition.in_market or proposition.outside_market
        ):
            # A rule cannot see that a market is absent, so the loader says it.
            asserted.append(
                ((view.words.relationship(proposition), RDF_TYPE, _ev("UnscopedRelationship")), support)
            )
    background = frozenset[str]()
    kinds = (RDF_TYPE, _ev("classifiedAs"))
    asserted += [
        (triple, background)
        for entity in view.entities.values()
        for triple in _entity(view, entity)
        if triple[1] in kinds
    ]
    asserted += [(triple, background) for triple in _ontology() if triple[1] == _ev("subLayerOf")]
    asserted += [(triple, background) for triple in _reach(view)]
    try:
        return close(asserted, _rules(), blocked=_denied(view), most={_ev("reliesOn"): MOST_PAIRS})
    except Overgrown:
        few = [rule for rule in _rules() if not any(p[1] in _SQUARE for p in (*rule.head, *rule.body))]
        return close(asserted, few, blocked=_denied(view))


def _reliance(closure: Closure) -> Iterator[Triple]:
    """Yield how many rely on each organisation, and which loop of reliance a thing stands in.

    What `MOST_PAIRS` may keep from being told pair by pair can always be counted, and grows with the things and not
    with their pairs. Components are Tarjan's; dependents are counted as sets of bits handed on along the acyclic graph
    of components, `_AT_A_TIME` organisations at a time: 0.4 s for 12,500 firms and 30,000 dependencies.
    """
    import networkx as nx

    graph = nx.DiGraph((one, other) for one, _, other in closure.match(predicate=_ev("dependsOn")))
    organisations = {
        subject for subject, _, _ in closure.match(predicate=RDF_TYPE, value=_ev("Organisation"))
    }
    whole = nx.condensation(graph)
    members = {number: whole.nodes[number]["members"] for number in whole}
    order = list(nx.topological_sort(whole))
    counted = dict.fromkeys(order, 0)
    everybody = [(one, number) for number in order for one in members[number] if one in organisations]
    for start in range(0, len(everybody), _AT_A_TIME):
        relying = dict.fromkeys(order, 0)
        for bit, (_, number) in enumerate(everybody[start : start + _AT_A_TIME]):
            relying[number] |= 1 << bit
        for number in order:
            for before in whole.predecessors(number):
                relying[number] |= relying[before]
            counted[number] += relying[number].bit_count()
    for one, number in everybody:
        near = sum(
            1 for dependent in graph.predecessors(one) if dependent in organisations and dependent != one
        )
        if counted[number] > 1:  # itself is one of them
            yield one, _ev("directDependentCount"), literal(str(near), "integer")
            yield one, _ev("dependentCount"), literal(str(counted[number] - 1), "integer")
    for number in order:
        if len(members[number]) > 1:
            first = min(members[number])
            for one in members[number]:
                yield one, _ev("relianceLoop"), first


def left_out(closure: Closure) -> list[str]:
    """Return the local names of the properties that a closure of a large web leaves out."""
    if any(closure.match(predicate=_ev("reliesOn"))) or not any(closure.match(predicate=_ev("dependsOn"))):
        return []
    return sorted(map(_local, _SQUARE))


def _denied(view: View) -> Iterator[Triple]:
    """What somebody denies and the view does not accept: it must not come in by another door either.

    A denial of a special case (one layer, one market) does not speak against the plain statement.
    """
    for proposition, weighing in view.weighings.items():
        if not weighing.denied or view.policy.accepts(weighing):
            continue
        if proposition.layer or proposition.in_market or proposition.outside_market or proposition.verb:
            continue
        head = view.words.head(proposition)
        yield head
        if view.words.relations[proposition.relation].pattern == "mutual":
            yield head[2], head[1], head[0]


# -- the dataset


def quads(view: View, closure: Closure | None = None) -> Iterator[str]:
    """Yield the dataset of a view as N-Quads lines; a line may come twice.

    Parameters
    ----------
    view : View
    closure : Closure, optional
        What follows; worked out when not given.
    """
    yield from _told(view)
    yield from _concluded(view, closure or conclusions(view))


def _told(view: View) -> Iterator[str]:
    """Yield what needs no inference: ontology and records."""
    for subject, predicate, value in (*_ontology(), *records(view)):
        yield f"{subject} {predicate} {value} .\n"


def _concluded(view: View, closure: Closure) -> Iterator[str]:
    """Yield what holds and follows, and the content of every proposition behind its graph."""
    for subject, predicate, value in chain(closure.triples(), _reliance(closure)):
        yield f"{subject} {predicate} {value} .\n"
    words = view.words
    for weighing in view.holding:  # an inquiry that holds is a policy too, and has no card to name it
        proposition = weighing.proposition
        if "PolicyInstrument" in words.superclasses(words.relations[proposition.relation].cls):
            sentence = literal(words.sentence(proposition, view.labels))
            yield f"{words.relationship(proposition)} {_LABEL} {sentence} .\n"
    for proposition in view.weighings:
        graph = iri("prop", view.words.proposition_id(proposition))
        for subject, predicate, value in view.words.triples(proposition):
            yield f"{subject} {predicate} {value} {graph} .\n"


class Index:
    """The stores of a workspace, one for each (ledger head, policy).

    Parameters
    ----------
    place : Path
        Folder that holds them.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    def name(self, head: str, policy: Policy) -> str:
        """Return the folder name of the store of a view."""
        made_with = hashlib.sha256(
            f"{_LAYOUT} {vocabulary().fingerprint} {_rules_stamp()}".encode()
        ).hexdigest()[:6]
        return f"{head[:16]}-{policy.key}-{made_with}"

    def store(self, ledger: Ledger, policy: Policy, *, building: Callable[[], None] = lambda: None) -> Path:
        """Return the folder of the store of a view, building it when it is missing or damaged.

        Parameters
        ----------
        ledger : Ledger
        policy : Policy
        building : callable, optional
            Called before it is built, and not when it is there.

        Raises
        ------
        Unavailable
            If the disk is full or cannot be written.

        Notes
        -----
        Finding a sealed store costs a hash over its files (about 1 GB/s); building one about 2 s for 1,000 claims
        in a fresh process, most of it inference.
        """
        policy = policy.settled(ledger)
        final = self.place / self.name(policy.head(ledger), policy)
        sweep(self.place, "building-")  # here, so that killed builds are gone even if nothing is built
        if _sealed(final):
            with contextlib.suppress(OSError):
                os.utime(final)
            return final
        building()
        try:
            self.place.mkdir(parents=True, exist_ok=True, mode=0o700)
            with uncollected():
                view = View(ledger, policy)
                final = self.place / self.name(view.head, policy)  # a load may have come between
                if not _sealed(final):
                    self._build(view, final)
                    self._tidy(final)
        except OSError as error:
            raise Unavailable(f"the index could not be written; the ledger is unharmed: {error}") from error
        return final

    def _build(self, view: View, final: Path) -> None:
        with scratch(self.place, "building-") as folder:
            try:
                missing = _fill(folder / "store", view)
            except (RuntimeError, SyntaxError) as error:
                raise Unavailable(f"the index could not be built; the ledger is unharmed: {error}") from error
            (folder / "head").write_text(view.head, encoding="ascii")
            (folder / "left-out").write_text(" ".join(missing), encoding="ascii")
            _seal(folder)
            if final.exists() and not _sealed(final):
                with contextlib.suppress(FileNotFoundError):  # another process may be mending it too
                    final.rename(folder / "damaged")
            try:
                folder.rename(final)
            except OSError:
                if not _sealed(final):  # else another process was quicker, with the same content
                    raise
        shutil.rmtree(final / "damaged", ignore_errors=True)

    def _tidy(self, newest: Path) -> None:
        """Drop stores that nobody has used for an hour beyond the newest few."""
        used: list[tuple[float, Path]] = []
        for path in self.place.iterdir():
            if not path.name.startswith(("building-", "new-building-")):
                with contextlib.suppress(OSError):  # a neighbour may be tidying too
                    used.append((path.stat().st_mtime, path))
        used.sort(reverse=True)
        for when, path in used[_KEEP:]:
            if (when < time.time() - 3600 or len(used) > 4 * _KEEP) and path != newest:
                shutil.rmtree(path, ignore_errors=True)


def _fill(place: Path, view: View) -> list[str]:
    """Write the dataset of a view into a new store; return what it leaves out.

    The engine writes in threads of its own making what is told while we still work out what follows: the writing
    takes as long as everything else.
    """
    import pyoxigraph

    store = pyoxigraph.Store(str(place))

    def write(lines: Iterator[str]) -> None:
        while some := "".join(islice(lines, _PORTION)).encode("utf-8"):
            # lenient: every IRI here is made of ids that the loader has checked; checking again took a sixth of the time
            store.bulk_load(some, format=pyoxigraph.RdfFormat.N_QUADS, lenient=True)

    with ThreadPoolExecutor(1) as beside:
        told = beside.submit(write, _told(view))
        closure = conclusions(view)
        write(_concluded(view, closure))
        told.result()
    store.optimize()  # a portion is a file of its own, and every look-up would go through all of them
    store.flush()
    return left_out(closure)


def _rules_stamp() -> str:
    paths = sorted((folder("queries") / "rules").glob("*.rq"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _files(place: Path) -> dict[str, str]:
    """Hashes of a store's data files; the engine's own log and lock files may change when it is opened."""
    found = {}
    for path in (place / "head", place / "left-out", *sorted((place / "store").iterdir())):
        if path.name.startswith("LOG") or path.name == "LOCK":
            continue
        found[path.name] = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return found


def _seal(place: Path) -> None:
    (place / "seal.json").write_text(json.dumps(_files(place), indent=1), encoding="utf-8")


def _sealed(place: Path) -> bool:
    try:
        return bool(_files(place) == json.loads((place / "seal.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return False


def head_of(place: Path) -> str:
    """Return the ledger head that a built store is of; what an answer from it must say, whatever was loaded since."""
    return (place / "head").read_text(encoding="ascii")


def check_left_out(place: Path, text: str) -> None:
    """See that a query does not ask for what a large web's store leaves out: it would answer with nothing.

    Raises
    ------
    Refused
    """
    told = place / "left-out"
    for name in told.read_text(encoding="ascii").split() if told.exists() else ():
        if re.search(rf"\b{name}\b", text):
            raise Refused(
                f"this web is so large that ev:{name} is not written out; ask for ev:dependsOn+ (any number of steps) "
                "or ev:dependsOn+/ev:subjectTo in its place"
            )


def open_store(place: Path) -> pyoxigraph.Store:
    """Open a built store for reading.

    Raises
    ------
    Unavailable
        If the engine cannot open it.
    """
    import pyoxigraph

    try:
        return pyoxigraph.Store.read_only(str(place / "store"))
    except OSError as error:
        raise Unavailable(f"the index cannot be opened: {error}") from error
