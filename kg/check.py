"""Is the graph healthy? Ledger, shapes, consistency and hygiene, each fault led back to a row and a column.

Looks at one workspace, or at a batch that is only proposed:

- **ledger**: every hash (`kg.ledger.Ledger.verify`); for a proposed batch, the loader's own checks instead.
- **shapes**: ``ontology/shapes.ttl`` over one flat graph, the ontology, all records and the content of *every*
  proposition, because SHACL knows nothing of named graphs. A shape names its column (``ev:column``) and the ledger
  knows the row of every claim, so a violation is printed as ``facts.csv:14:object``. They are run by `kg.shapes`.
- **consistency**: HermiT, a complete OWL 2 DL reasoner, over the ontology and what holds under a view. Of a
  contradiction a smallest set of propositions is found that suffices for it, and their claims are named.
- **hygiene**: the questions in ``queries/hygiene``, asked of the cautious view; no row means healthy.
- **documents**, where a folder of them is given: whether every quote stands in its source, at one place, and whether
  the file is the one whose digest is on the source's card.

**HermiT without owlready2's door.** The reasoner is the one that owlready2 brings along, but it is started here:
``sync_reasoner_hermit`` always sorts every individual into every class (some 20 s for the shipped facts), while the
question here is only whether a model exists and whether each class can have members (2 s). So owlready2 itself
never opens a file, and cannot import the Python module or the ontologies that a file names; only our own text is
read, without ``owl:imports``, annotations and dates. The Java process has a supervisor that ends it when its time
is up or when this process has gone, however it went.

**Quarantine.** A proposition whose content breaks a shape, or that takes part in a contradiction, is kept in the
ledger and left out of every view. The ledger holds what was said and when; that a statement makes no sense is a
judgement of today's ontology, so it is no record of the ledger but a derived file beside it, ``quarantine.json``,
which each check writes anew and which may be deleted at any time. It lists *sets* of propositions. A set of one
never holds. A set of several is left out, all of it, only where a view would hold all of it: logic does not say
which one is wrong, a hypothesis must not push out a fact in views that do not hold the hypothesis, and nothing
here picks a winner. One claim that breaks a shape of claims (no evidence, an unread source) does not set aside what
others say as they should; an entity card that makes no sense sets nothing aside, it is told. Between a load and the
next check the file says less than it could, never more.

References
----------
U. Junker (2004), "QuickXplain: preferred explanations and relaxations for over-constrained problems", AAAI-04.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kg import factfile, formats
from kg.claim import Claim, Entity, Scenario, Source
from kg.documents import Found, Searched, Shelf
from kg.documents import read as read_document
from kg.errors import KgError, Misuse, Problem, Refused, Unavailable
from kg.evidence import Weighing
from kg.index import Index, records
from kg.ingest import CARDS, OnFile
from kg.ingest import check as check_batch
from kg.ledger import Entry, Ledger
from kg.policy import QUARANTINE, Policy
from kg.preview import Proposed
from kg.query import Question, library, run, shorten
from kg.shapes import Result, Shape, Triple, pyshacl_results, shipped_shapes, turtle
from kg.view import View
from kg.vocabulary import BASE, PREFIXES, RDF_TYPE, folder, iri, ontology_files

if TYPE_CHECKING:
    from kg.workspace import KnowledgeGraph

__all__ = ["PARTS", "Finding", "Part", "Report", "check", "quickxplain"]

#: What is looked at, in this order.
PARTS = ("ledger", "shapes", "consistency", "hygiene", "documents")

Item = TypeVar("Item")

_SEVERITIES = ("error", "warning", "info")


# -- what comes back


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Parameters
    ----------
    part : str
        One of `PARTS`.
    problem : Problem
        Where (file, row, column), what, and what would be right; severity error, warning or info.
    batch : int
        Batch of the ledger that the row came with; 0 for a proposed batch and for what is no row.
    label : str
        The row's own label, e.g. ``a-0058``.
    claims : tuple of str
        Ids of the claims concerned.
    """

    part: str
    problem: Problem
    batch: int = 0
    label: str = ""
    claims: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = [f"batch {self.batch}"] if self.batch else []
        where += [self.label] if self.label else []
        return f"{self.problem}" + (f"  ({', '.join(where)})" if where else "")

    @property
    def order(self) -> tuple[object, ...]:
        """Sorting key: part, severity, batch, then the order of the file."""
        problem = self.problem
        rank = (PARTS.index(self.part), _SEVERITIES.index(problem.severity), self.batch)
        return (*rank, problem.file, problem.row, problem.column, problem.code, problem.message)


@dataclass(slots=True)
class Part:
    """How one look went.

    `state` is ``healthy``, ``problems`` or ``skipped``; `looked_at` says what it covered, `note` why it was skipped
    or what else is to be known.
    """

    name: str
    state: str = "healthy"
    looked_at: str = ""
    note: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Report:
    """Everything a check came to.

    Attributes
    ----------
    findings : list of Finding
        Errors, warnings and hints of all parts.
    parts : list of Part
        In the order of `PARTS`.
    quarantine : dict of str to str
        Proposition id to the reason it is kept out of views.
    stamp : dict
        View, dates and ledger head.
    """

    findings: list[Finding] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    quarantine: dict[str, str] = field(default_factory=dict)
    stamp: dict[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether no finding is an error; warnings and hints do not make a graph ill."""
        return not any(finding.problem.severity == "error" for finding in self.findings)

    def counts(self, part: str = "") -> dict[str, int]:
        """Return the number of findings by severity, of all parts or of one."""
        found = Counter(item.problem.severity for item in self.findings if part in ("", item.part))
        return {severity: found[severity] for severity in _SEVERITIES}

    def plain(self, *, hints: bool = True) -> dict[str, Any]:
        """Return the report as plain data for JSON, findings of severity ``info`` only with `hints`."""
        findings = [
            {
                "part": item.part,
                **{name: getattr(item.problem, name) for name in Problem.__slots__},
                "batch": item.batch,
                "label": item.label,
                "claims": list(item.claims),
            }
            for item in self.findings
            if hints or item.problem.severity != "info"
        ]
        parts = [
            {
                "part": part.name,
                "state": part.state,
                "looked_at": part.looked_at,
                "note": part.note,
                "seconds": round(part.seconds, 2),
                **self.counts(part.name),
            }
            for part in self.parts
        ]
        return {
            "healthy": self.healthy,
            "findings": findings,
            "parts": parts,
            "quarantine": self.quarantine,
            **self.stamp,
        }


# -- the check


def check(
    graph: KnowledgeGraph,
    batch: Path | None = None,
    *,
    documents: Path | None = None,
    policy: Policy | None = None,
    only: Iterable[str] = (),
    deadline: float = 120.0,
    engine: str = "own",
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Check a workspace, or a batch that might be loaded into it.

    Parameters
    ----------
    graph : KnowledgeGraph
    batch : Path, optional
        A folder or file of facts: it is read and checked as if it had been loaded, and only what concerns its own
        rows is told. Nothing is stored.
    documents : Path, optional
        A folder with the documents of sources: every quote is looked for in its own; see `kg.documents.Shelf`.
    policy : Policy, optional
        The view whose consistency is checked, and for which dates; the graph's own by default. Shapes look at every
        claim, hygiene at the cautious view.
    only : iterable of str
        Names out of `PARTS`; all by default. A part that is asked for by name and cannot be done is an error.
    deadline : float
        Seconds that the reasoner may take in all.
    engine : str
        What runs the shapes: ``own`` or ``pyshacl``.
    progress : callable, optional
        Called with (what is being done, step, steps).

    Returns
    -------
    Report

    Raises
    ------
    Misuse
        If there is no such part or engine, nothing to read at `batch`, or no folder for the part ``documents``.
    Refused
        If the list of documents in that folder cannot be read.
    Unavailable
        If a part was asked for by name and its program is missing or does not end in time.

    Notes
    -----
    For the shipped facts (1,100 claims) about 10 s: shapes 3 s, HermiT 2 s, and 5 s to ask the hygiene questions,
    most of it for an index that is not there yet. With `engine` ``pyshacl`` 13 s more. A contradiction costs about
    1.5 s for each run of the reasoner: some five runs where a shape is broken too, some twenty where none is.
    """
    wanted = tuple(only) or (PARTS if documents else PARTS[:-1])
    if unknown := [name for name in wanted if name not in PARTS]:
        raise Misuse(f"there is no part {unknown[0]!r}; choose from {', '.join(PARTS)}")
    if "documents" in wanted and documents is None:
        raise Misuse("say where the documents are: --documents DIR")
    if engine not in ("own", "pyshacl"):
        raise Misuse(f"there is no engine {engine!r}; choose own or pyshacl")
    tell = progress or (lambda what, step, steps: None)
    shelf = Shelf(documents) if documents else None
    examination = _Examination(graph, batch, policy or graph.policy, deadline, engine, frozenset(only), shelf)
    steps = [name for name in PARTS if name in wanted]
    for number, name in enumerate(steps):
        tell(f"checking {name}", number, len(steps))
        examination.run(name, partial(_told_at, tell, number, len(steps)))
    return examination.finish()


def _told_at(tell: Callable[[str, int, int], None], step: int, steps: int, what: str) -> None:
    tell(what, step, steps)


class _Examination:
    """One run of `check`: the views it needs, made once, and the report it fills."""

    def __init__(
        self,
        graph: KnowledgeGraph,
        batch: Path | None,
        policy: Policy,
        deadline: float,
        engine: str,
        demanded: frozenset[str],
        shelf: Shelf | None,
    ) -> None:
        self.shelf = shelf
        self.graph, self.deadline, self.engine, self.demanded = graph, deadline, engine, demanded
        self.ledger: Ledger = graph.ledger
        self.proposed: factfile.FactFile | None = None
        self.told: list[Problem] = []  # what the loader says of a proposed batch
        if batch is not None:
            self.proposed = formats.read(Path(batch))
            checked = check_batch(self.proposed, OnFile.of(graph.ledger))
            self.told = checked.problems
            self.ledger = Proposed(graph.ledger, checked.records, self.proposed.recorded)
        # What is quarantined must be looked at again, else the next check would find it healed.
        self.policy = replace(policy, set_aside=frozenset())
        self.report = Report()
        self.findings: dict[Finding, None] = {}
        self.broken: dict[str, str] = {}  # propositions that break a shape, with the shape
        self.odd: set[str] = set()  # nodes that break a shape
        # Sets of propositions that cannot hold together, each with its sentence.
        self.conflicts: list[dict[str, str]] = []
        self.judged: set[str] = (
            set()
        )  # propositions held by the view that turned out to have a model, but for conflicts
        self.finished: set[str] = set()

    @cached_property
    def view(self) -> View:
        return View(self.ledger, self.policy)

    @cached_property
    def everything(self) -> View:
        """A view that leaves out no source: the form of a claim does not depend on who is believed."""
        plain = Policy("alive", as_of=self.policy.as_of, known_by=self.policy.known_by, set_aside=frozenset())
        return View(self.ledger, plain)

    @cached_property
    def places(self) -> _Places:
        return _Places(self.everything, self.ledger)

    def run(self, name: str, tell: Callable[[str], None]) -> None:
        """Carry out one part and time it."""
        part = Part(name)
        self.report.parts.append(part)
        start = time.perf_counter()
        try:
            {
                "ledger": self._ledger,
                "shapes": self._shapes,
                "consistency": self._consistency,
                "hygiene": self._hygiene,
                "documents": self._documents,
            }[name](part, tell)
        except Unavailable as error:
            if name in self.demanded:
                raise
            part.state, part.note = "skipped", str(error)
        part.seconds = time.perf_counter() - start
        errors = [item for item in self.findings if item.part == name and item.problem.severity == "error"]
        if errors:
            part.state = "problems"

    def finish(self) -> Report:
        """Return the report; of a workspace, write down what views are to leave out."""
        self.report.stamp = self.view.stamp()
        self.report.findings = sorted(self.findings, key=lambda finding: finding.order)
        if self.proposed is None and ({"shapes", "consistency"} & self.finished or self.conflicts):
            self._quarantine()
        return self.report

    def find(
        self,
        part: str,
        problem: Problem,
        entry: Entry | None = None,
        claims: Iterable[str] = (),
        *,
        ours: bool = False,
    ) -> None:
        """Note a finding, once; of a proposed batch only what stands in its own rows, or concerns them (`ours`)."""
        if self.proposed is not None and not ours and (entry is None or entry.batch):
            return
        label = _place(entry.place)[2] if entry else ""
        self.findings.setdefault(
            Finding(part, problem, entry.batch if entry else 0, label, tuple(sorted(claims)))
        )

    # -- the parts

    def _ledger(self, part: Part, tell: Callable[[str], None]) -> None:
        if self.proposed is not None:
            rows = sum(len(self.proposed.rows(table)) for table in factfile.COLUMNS)
            part.looked_at = f"{rows:,} rows, as `kg load` would read them"
            for problem in self.told:
                self.find("ledger", problem, ours=True)
            return
        part.looked_at = f"every hash of {len(self.ledger.batches()):,} batches"
        for problem in self.graph.verify():
            self.find("ledger", problem)

    def _shapes(self, part: Part, tell: Callable[[str], None]) -> None:
        view, shapes = self.everything, shipped_shapes()
        triples = [*_ontology(), *records(view)]
        for proposition in view.weighings:
            triples += view.words.triples(proposition)
        part.looked_at = f"{len(shapes):,} shapes over {len(view.entries):,} claims"
        faulty: dict[str, set[str]] = {}
        content: set[str] = set()
        for result in shapes.results(triples) if self.engine == "own" else pyshacl_results(triples):
            shape = shapes[result.shape]
            # A shape may look from a relation at all its propositions; then the value says which one is at fault.
            node = next(
                (node for node in (result.focus, result.value) if self.places.rows(node, shape)), result.focus
            )
            entries = self.places.rows(node, shape)
            if result.severity == "error":
                self.odd.add(node)
            for entry in entries:
                claim = entry.record if isinstance(entry.record, Claim) else None
                if claim and claim.id in view.retracted:
                    continue  # withdrawn already; its proposition may be gone
                self._unshapely(result, shape, entry)
                if claim and result.severity == "error":
                    key = view.words.proposition_id(claim.proposition)
                    faulty.setdefault(key, set()).add(claim.id)
                    if not node.startswith(iri("claim", claim.id)[:-1]):
                        content.add(key)
                        self.broken.setdefault(key, shape.name)
            if not entries:
                message = f"{shorten(result.focus[1:-1])}: {_spoken(result.message)}"
                self.find(
                    "shapes", Problem(shape.table, 0, shape.column, shape.name, message, result.severity)
                )
        # One bad claim does not speak against a proposition that others state as they should.
        for key, claims in faulty.items():
            if key not in content and claims >= self.places.stating[key]:
                self.broken[key] = "every claim of it breaks a shape"
        self.finished.add("shapes")

    def _unshapely(self, result: Result, shape: Shape, entry: Entry) -> None:
        cell = self.places.cell(entry, shape.table, shape.column)
        if cell in {(problem.file, problem.row, problem.column) for problem in self.told}:
            return  # the loader has said it, in its own words
        claims = [entry.record.id] if isinstance(entry.record, Claim) else []
        problem = Problem(*cell, shape.name, _spoken(result.message), result.severity)
        self.find("shapes", problem, entry, claims)

    def _consistency(self, part: Part, tell: Callable[[str], None]) -> None:
        view = self.view
        held = {view.words.proposition_id(weighing.proposition): weighing for weighing in view.holding}
        part.looked_at = f"{len(held):,} propositions that hold in the view {view.policy.name}"
        logic = _logic(_ontology())
        kinds: dict[str, list[Triple]] = {}
        for triple in records(view):
            if triple[1] in (RDF_TYPE, iri("ev", "classifiedAs")) and triple[0].startswith(
                iri("id", "")[:-1]
            ):
                kinds.setdefault(triple[0], []).append(triple)
        contents = {key: view.words.triples(weighing.proposition) for key, weighing in held.items()}
        with _HermiT(self.deadline, tell) as hermit:
            try:
                self._judge(hermit, logic, kinds, contents, held)
            except _OutOfTime:
                if not hermit.contradictory:
                    raise Unavailable(
                        f"HermiT was stopped after {self.deadline:g} s without an answer; give it more with --deadline"
                    ) from None
                message = (
                    f"what holds contradicts the ontology; in {self.deadline:g} s the fault was narrowed down to "
                    f"{hermit.contradictory:,} of {len(held):,} propositions and no further; give it more with --deadline"
                )
                self.find("consistency", Problem("ledger.sqlite", 0, "", "contradiction", message), ours=True)
            part.note = f"{hermit.runs} run{'' if hermit.runs == 1 else 's'} of HermiT"

    def _judge(
        self,
        hermit: _HermiT,
        logic: list[Triple],
        kinds: dict[str, list[Triple]],
        contents: dict[str, list[Triple]],
        held: Mapping[str, Weighing],
    ) -> None:
        """Ask for a model; as long as there is none, find a culprit, tell of it and go on without it."""

        def hold(keys: Iterable[str]) -> bool:
            keys = list(keys)
            wanted = [*logic, *_flat(kinds.values()), *_flat(contents[key] for key in keys)]
            return hermit.consistent(wanted, len(keys))

        consistent, empty = hermit.judge(
            [*logic, *_flat(kinds.values()), *_flat(contents.values())], len(held)
        )
        for name in empty:
            message = f"{shorten(name)} can have no members: what the ontology says of it contradicts itself"
            self.find("consistency", Problem("ontology", 0, "", "unsatisfiable-class", message), ours=True)
        while not consistent:
            if not hold([]):
                self._contradictory_cards(hermit, logic, kinds)
            else:
                culprits = _smallest(contents, self.broken, hold)
                self._contradiction({key: held[key] for key in culprits})
                for key in culprits:
                    del contents[key]
            consistent = hold(contents)
        self.judged = set(held)
        self.finished.add("consistency")

    def _contradictory_cards(
        self, hermit: _HermiT, logic: list[Triple], kinds: dict[str, list[Triple]]
    ) -> None:
        """Tell of the entity cards that contradict the ontology by themselves, and go on without their kinds."""
        if not hermit.consistent(logic, 0):
            raise Unavailable("the ontology contradicts itself, whatever the facts; please report this")

        def hold(nodes: Iterable[str]) -> bool:
            nodes = list(nodes)
            return hermit.consistent([*logic, *_flat(kinds[node] for node in nodes)], len(nodes))

        for node in _smallest(kinds, self.odd, hold):
            for entry in self.places.by_node.get(node, []):
                if isinstance(entry.record, Entity):
                    said = " and ".join(entry.record.kinds)
                    cure = "keep the kind that it is for life, or make two entities"
                    message = f"{entry.record.id!r} cannot be {said} at once; {cure}"
                    cell = self.places.cell(entry, "entities.csv", "kinds")
                    self.find("consistency", Problem(*cell, "contradiction", message), entry)
            kinds[node] = []

    def _contradiction(self, culprits: Mapping[str, Weighing]) -> None:
        """Tell of each proposition of a smallest contradictory set what it cannot hold with, row by row."""
        view = self.view
        sentences = {
            key: view.words.sentence(item.proposition, view.labels) for key, item in culprits.items()
        }
        self.conflicts.append(sentences)
        rows = [
            (key, view.entries[claim])
            for key, item in culprits.items()
            for claim in sorted(view.support(item))
        ]
        ours = any(not entry.batch for _, entry in rows)
        for key, entry in rows:
            others = "; ".join(f"“{text}”" for other, text in sentences.items() if other != key)
            rest = f"together with {others}" if others else "with what the ontology and the entity cards say"
            message = (
                f"“{sentences[key]}” cannot hold {rest}; mend a row, or take it out of account with `kg undo`"
            )
            problem = Problem(*self.places.cell(entry, "facts.csv", "relation"), "contradiction", message)
            self.find("consistency", problem, entry, [entry.record.record_id], ours=ours)

    def _hygiene(self, part: Part, tell: Callable[[str], None]) -> None:
        questions = library("hygiene")
        # Some ask for what must not hold; what that is depends on the view, and they are written for the cautious one.
        policy = replace(self.policy, name="cautious")
        part.looked_at = f"{len(questions)} questions to the view {policy.name}"
        if not questions:
            raise Unavailable("no hygiene question is installed")
        grades = _grades()
        with contextlib.ExitStack() as stack:
            if self.proposed is None:
                store = self.graph.store(replace(policy, set_aside=None))
            else:
                scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="kg-check-"))
                store = Index(Path(scratch)).store(self.ledger, policy)
            for number, question in enumerate(questions.values(), 1):
                tell(f"hygiene, question {number} of {len(questions)}")
                severity = grades.get(question.name, "error")  # no grade is no leniency
                try:
                    rows = run(question.text, store, self.view.stamp(), pool=self.graph.workers).rows
                except Refused as error:
                    problem = Problem(question.path.name, 0, "", "question-failed", str(error))
                    self.find("hygiene", problem, ours=True)
                    continue
                for row in rows:
                    self._unhygienic(question, severity, {name: term["value"] for name, term in row.items()})
        self.finished.add("hygiene")

    def _unhygienic(self, question: Question, severity: str, row: Mapping[str, str]) -> None:
        entity, said = row.get("entity", ""), row.get("property", "")
        table, column = shipped_shapes().columns.get(f"<{said}>", ("", said))
        cure = " ".join(re.findall(r"^#\s*solution:\s*(\S.*?)\s*$", question.text, re.M))
        detail = [row.get("value", "")] if table else [said, row.get("value", "")]
        message = f"{question.title}: {' '.join(_spoken(text) for text in detail if text)}".rstrip(": ")
        message += f". {cure}" if cure else ""
        entries = self.places.by_node.get(f"<{entity}>", [])
        for entry in entries:
            claims = [entry.record.id] if isinstance(entry.record, Claim) else []
            cell = self.places.cell(entry, table or _place(entry.place)[0], column)
            self.find("hygiene", Problem(*cell, question.name, message, severity), entry, claims)
        if not entries:
            self.find("hygiene", Problem(shorten(entity), 0, "", question.name, message, severity))

    def _documents(self, part: Part, tell: Callable[[str], None]) -> None:
        assert self.shelf is not None  # `check` sees to it
        quoting: dict[str, list[Entry]] = {}
        without = 0
        cards: dict[str, Entry] = {}
        for entry in self.ledger.entries():
            record = entry.record
            if isinstance(record, Source):
                cards.setdefault(record.id, entry)
            elif self.proposed is not None and entry.batch:
                continue
            elif isinstance(record, Claim | Scenario) and record.evidence.quote:
                if record.record_id not in self.everything.retracted:
                    quoting.setdefault(record.source, []).append(entry)
            else:
                without += isinstance(record, Claim)
        checked = elsewhere = files = 0
        for number, (source, entries) in enumerate(sorted(quoting.items()), 1):
            tell(f"documents, source {number} of {len(quoting)}")
            card = cards.get(source)
            text = self._text_of(card) if card else None
            if text is None:
                elsewhere += len(entries)
                continue
            files += 1
            for entry in entries:
                checked += 1
                self._unquoted(entry, text)
        one = files == 1
        part.looked_at = (
            f"{checked:,} quote{'' if checked == 1 else 's'} in {files:,} document{'' if one else 's'}"
        )
        left = [f"{elsewhere:,} whose document is not in the folder"] if elsewhere else []
        left += [f"{without:,} claims that paraphrase"] if without else []
        part.note = f"not checked: {', '.join(left)}" if left else ""

    def _text_of(self, entry: Entry) -> Searched | None:
        """Return the text of a source, or None where the folder has none; tell of what is wrong with the file."""
        card = entry.record
        assert isinstance(card, Source)
        assert self.shelf is not None
        path = self.shelf.of(card)
        if path is None:
            return None
        place = self.places.cell(entry, "sources.csv", "digest")
        try:
            document = read_document(path)
        except KgError as error:
            self.find("documents", Problem(*place, "unreadable-document", str(error)), entry, ours=True)
            return None
        if card.digest and card.digest != document.digest:
            message = (
                f"{path.name} is not the document that was read: it has the digest {document.digest}; "
                "put the right file there, or give this version a source card of its own"
            )
            self.find("documents", Problem(*place, "document-differs", message), entry, ours=True)
        return document.search()

    def _unquoted(self, entry: Entry, text: Searched) -> None:
        """Tell of a quote that does not stand in its document, or at no one place."""
        record = entry.record
        assert isinstance(record, Claim | Scenario)
        evidence = record.evidence
        found = text.find(evidence.quote, evidence.quote_prefix, evidence.quote_suffix)
        if found.verified:
            return
        column, code, message, severity = _fault(found, record.source)
        table = "facts.csv" if isinstance(record, Claim) else "scenarios.csv"
        problem = Problem(*self.places.cell(entry, table, column), code, message, severity)
        claims = [record.id] if isinstance(record, Claim) else []
        self.find("documents", problem, entry, claims, ours=True)

    # -- quarantine

    def _quarantine(self) -> None:
        """Write what views are to leave out; what this check did not look at stays as it was."""
        path = self.ledger.path.with_name(QUARANTINE)
        try:
            old = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            old = {}
        known, all_known = self.places.stating, self.policy.known_by is None
        shapes, conflicts = dict(self.broken), list(self.conflicts)
        for key, reason in old.get("shapes", {}).items():
            looked_at = "shapes" in self.finished and (all_known or key in known)
            if not looked_at:
                shapes.setdefault(key, reason)
        for conflict in old.get("conflicts", []):
            members = set(conflict)
            # A contradiction is over when a view that holds all of it has a model, or when some of it is gone.
            over = members <= self.judged or (all_known and not members <= known.keys())
            if not over and members not in [set(other) for other in conflicts]:
                conflicts.append(conflict)
        words = self.view.words.fingerprint
        body = {"head": self.ledger.head, "ontology": words, "shapes": shapes, "conflicts": conflicts}
        self.report.quarantine = {key: "contradiction" for conflict in conflicts for key in conflict} | shapes
        scratch = path.with_suffix(f".{os.getpid()}")
        try:
            if self.report.quarantine:
                scratch.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
                scratch.replace(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            with contextlib.suppress(OSError):
                scratch.unlink(missing_ok=True)
            if self.report.quarantine or old:
                part = self.report.parts[-1]
                said = f"the quarantine cannot be written: {error.strerror}"
                part.note = f"{part.note}; {said}" if part.note else said


def _fault(found: Found, source: str) -> tuple[str, str, str, str]:
    """Return column, code, message and severity for a quote that could not be verified."""
    if found.status == "missing":
        near = f"; nearest is “{found.nearest[:200]}”" if found.nearest else "; nothing there comes near it"
        cure = "copy the words again, or put your own into paraphrase"
        return "quote", "quote-not-found", f"does not stand in {source}{near}; {cure}", "error"
    if found.status == "ambiguous":
        cure = "write down what stands before and after it in quote_prefix and quote_suffix"
        return (
            "quote",
            "quote-ambiguous",
            f"stands in {len(found.places)} places of {source}; {cure}",
            "warning",
        )
    cure = "copy what stands directly before and after the quote again"
    return "quote_prefix", "surroundings-differ", f"the quote stands in {source}, but never between this prefix and suffix; {cure}", "warning"  # fmt: skip


def _grades() -> dict[str, str]:
    """Return the severity of each hygiene question, from ``severity.toml`` beside them.

    Raises
    ------
    Unavailable
        If a grade is none of error, warning and info.
    """
    path = folder("queries") / "hygiene" / "severity.toml"
    said = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    grades = {
        name: grade for name, grade in {**said, **said.get("severity", {})}.items() if isinstance(grade, str)
    }
    if odd := [name for name, grade in grades.items() if grade not in _SEVERITIES]:
        raise Unavailable(f"{path.name} grades {odd[0]} as {grades[odd[0]]!r}; use {', '.join(_SEVERITIES)}")
    return grades


# -- from a node of the graph back to the rows it came from


def _place(place: str) -> tuple[str, int, str]:
    """Split the place of a ledger entry, ``facts.csv:14 a-0058``, into file, line and row label."""
    found = re.fullmatch(r"(.*?):(\d+)(?: (.*))?", place, re.S)
    return (found.group(1), int(found.group(2)), found.group(3) or "") if found else (place, 0, "")


class _Places:
    """Which rows a node of the flat graph stands for.

    Attributes
    ----------
    by_node : dict of str to list of Entry
        Claims, cards and scenarios by their node; claims also by their proposition and its relationship.
    stating : dict of str to set of str
        Proposition id to the claims about it that nobody withdrew.
    """

    def __init__(self, view: View, ledger: Ledger) -> None:
        self.entities = view.entities
        self.by_node: dict[str, list[Entry]] = {}
        self.stating: dict[str, set[str]] = {}
        self.sides: dict[tuple[str, str, str], list[Entry]] = {}
        for entry in ledger.entries(known_by=str(view.policy.known_by or ""), at=view.policy.at):
            for node in self._nodes(view, entry):
                self.by_node.setdefault(node, []).append(entry)

    def _nodes(self, view: View, entry: Entry) -> Iterator[str]:
        record = entry.record
        if isinstance(record, Entity):
            yield iri("id", record.id)
        elif isinstance(record, Source):
            yield iri("source", record.id)
        elif isinstance(record, Scenario):
            yield iri("scenario", f"{record.id}/phase-{record.phase}" if record.phase else record.id)
        elif isinstance(record, Claim):
            yield iri("claim", record.id)
            if record.id in view.retracted:
                return
            proposition, words = record.proposition, view.words
            key = words.proposition_id(proposition)
            self.stating.setdefault(key, set()).add(record.id)
            yield iri("prop", key)
            if words.relations[proposition.relation].pattern != "direct":
                yield words.relationship(proposition)
            for subject, predicate, value in words.triples(proposition):
                self.sides.setdefault(("subject", predicate, subject), []).append(entry)
                self.sides.setdefault(("object", predicate, value), []).append(entry)

    def rows(self, focus: str, shape: Shape) -> list[Entry]:
        """Return the entries that a focus node of a shape came from.

        An entity that breaks a shape about facts does so by what claims say of it: those rows, not its card.
        """
        if shape.table == "facts.csv" and focus.startswith(iri("id", "")[:-1]):
            saying = [
                entry
                for side, predicate in shape.aims
                for entry in self.sides.get((side, predicate, focus), [])
            ]
            if saying:
                return saying
        whole = re.sub(r"-(?:evidence|quote)>$", ">", focus)
        return self.by_node.get(focus) or self.by_node.get(whole, [])

    def cell(self, entry: Entry, table: str, column: str) -> tuple[str, int, str]:
        """Return file, row and column of an entry's cell; the row of a card claim is its entity card."""
        if table == "batch.toml":
            return table, 0, column
        file, line, _ = _place(entry.place)
        claim = entry.record
        holder, _ = factfile.cells_of(claim)  # the table its row stands in, whatever the file is called
        if isinstance(claim, Claim) and claim.source == CARDS.id:
            holder = "entities"
            parents = {
                self.entities[end].parent
                for end in (claim.proposition.subject, claim.proposition.object)
                if end in self.entities
            }
            column = (
                "parent" if parents & {claim.proposition.subject, claim.proposition.object} else "country"
            )
        return file, line, column if column in factfile.COLUMNS[holder] else ""


def _spoken(text: str) -> str:
    """Return a message with the names of our things in place of their addresses."""
    return re.sub(
        rf"<?{re.escape(BASE)}(?:(?:id|source|scenario|scheme)/|ontology#)([\w./-]*\w)>?", r"'\1'", text
    )


# -- consistency


@cache
def _ontology() -> tuple[Triple, ...]:
    """The modules of the ontology that say something about the world."""
    paths = [path for path in ontology_files() if path.stem not in ("shapes", "alignments")]
    return tuple(triple for path in paths for triple in turtle(path))


def _flat(parts: Iterable[Iterable[Triple]]) -> list[Triple]:
    return [triple for part in parts for triple in part]


def _logic(ontology: Iterable[Triple]) -> list[Triple]:
    """Return what of the ontology a reasoner needs: no annotations, no imports, one header, nothing to be fetched or run."""
    triples = list(ontology)
    owl = PREFIXES["owl"]
    spoken = {iri("rdfs", name) for name in ("label", "comment", "seeAlso", "isDefinedBy")}
    spoken |= {iri("owl", name) for name in ("imports", "versionInfo", "deprecated", "priorVersion")}
    spoken |= {
        node
        for node, predicate, kind in triples
        if predicate == RDF_TYPE and kind == f"<{owl}AnnotationProperty>"
    }
    headers = {
        node for node, predicate, kind in triples if predicate == RDF_TYPE and kind == f"<{owl}Ontology>"
    }
    kept = [
        triple
        for triple in triples
        if triple[0] not in headers | spoken
        and triple[1] not in spoken
        and not triple[1].startswith(_OWLREADY)
    ]
    return [(f"<{BASE}ontology>", RDF_TYPE, f"<{owl}Ontology>"), *kept]


#: Where owlready2's own directives live; one of them names a Python module to import.
_OWLREADY = "<http://www.lesfleursdunormal.fr/static/_downloads/owlready_ontology.owl"


def quickxplain(items: Sequence[Item], consistent: Callable[[list[Item]], bool]) -> list[Item]:
    """Return a smallest part of `items` that is inconsistent: without any one of them it is not.

    Parameters
    ----------
    items : sequence
        Inconsistent as a whole; the empty part must be consistent.
    consistent : callable
        Judges a part; a part of a consistent part must be consistent.

    Returns
    -------
    list
        In the order of `items`. There may be other such parts.

    Notes
    -----
    At most 2k·log2(n/k) + 2k judgements for a result of k items out of n.

    References
    ----------
    Junker (2004), see the module.
    """

    def search(base: list[Item], grown: bool, rest: list[Item]) -> list[Item]:
        if grown and not consistent(base):
            return []
        if len(rest) == 1:
            return rest
        first, second = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        late = search(base + first, True, second)
        return search(base + late, bool(late), first) + late

    return search([], False, list(items))


def _smallest(items: Iterable[str], suspects: Container[str], hold: Callable[[list[str]], bool]) -> list[str]:
    """Return a smallest inconsistent part; suspects are tried first: a few runs of the reasoner instead of twenty."""
    items = list(items)
    narrow = [item for item in items if item in suspects]
    return quickxplain(narrow if narrow and not hold(narrow) else items, hold)


class _OutOfTime(Exception):
    """The reasoner had no time left."""


class _HermiT:
    """HermiT in a process group that ends with us, within one deadline for all runs.

    Attributes
    ----------
    runs : int
    contradictory : int
        Size of the smallest part found contradictory so far; 0 for none.

    Raises
    ------
    Unavailable
        If Java or the reasoner's archive is missing, or HermiT cannot read what it is given.
    """

    def __init__(self, seconds: float, tell: Callable[[str], None]) -> None:
        self._seconds, self._tell = seconds, tell
        self.runs = self.contradictory = 0
        java = shutil.which("java")
        if java is None:
            raise Unavailable(
                "Java is not on the PATH and HermiT needs it; install a Java runtime, 11 or later "
                "(Debian, Ubuntu: default-jre-headless; macOS: brew install openjdk)"
            )
        found = find_spec("owlready2")  # looked up, never imported
        place = Path(next(iter(found.submodule_search_locations or ()), "")) / "hermit" if found else Path()
        if not (place / "HermiT.jar").is_file():
            raise Unavailable(
                "the reasoner HermiT, which comes with owlready2, is missing; install owlready2 again"
            )
        # One short run: less compiling and a plain collector halve its time.
        self._command = [
            java, "-Xmx2g", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData", "-cp", os.pathsep.join((str(place), str(place / "HermiT.jar"))),
            "org.semanticweb.HermiT.cli.CommandLine", "-N",
        ]  # fmt: skip

    def __enter__(self) -> _HermiT:
        self._until = time.monotonic() + self._seconds
        self._scratch = tempfile.TemporaryDirectory(prefix="kg-check-")
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.cleanup()

    def consistent(self, triples: Iterable[Triple], size: int) -> bool:
        """Whether there is a world in which all of this is true; `size` says how much is in question."""
        return self._consistent(self._run(triples, "-k"), size)

    def judge(self, triples: Iterable[Triple], size: int) -> tuple[bool, list[str]]:
        """Whether this is consistent, and the classes that cannot have members."""
        output = self._run(triples, "-k", "-U")
        if not self._consistent(output, size):
            return False, []
        named = re.findall(r"^\t<?([^<>\s]+)>?$", output.partition("Classes equivalent to")[2], re.M)
        return True, sorted(name for name in named if not name.startswith(PREFIXES["owl"]))

    def _consistent(self, output: str, size: int) -> bool:
        if "InconsistentOntologyException" in output or "is not satisfiable" in output:
            self.contradictory = min(self.contradictory or size, size)
            return False
        if "is satisfiable" not in output:
            told = next((line for line in output.splitlines() if line.strip()), "no word")
            raise Unavailable(f"HermiT gave no answer; Java says: {told.strip()}")
        return True

    def _run(self, triples: Iterable[Triple], *flags: str) -> str:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _OutOfTime
        self.runs += 1
        self._tell(f"reasoning, run {self.runs}")
        text = Path(self._scratch.name) / "logic.nt"
        text.write_text("".join(f"{' '.join(triple)} .\n" for triple in triples), encoding="utf-8")
        here = str(Path(__file__).resolve().parent.parent)
        environment = {
            key: value for key, value in os.environ.items() if key not in ("PYTHONSTARTUP", "PYTHONINSPECT")
        }
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (here, environment.get("PYTHONPATH"))))
        child = subprocess.Popen(
            [sys.executable, "-c", "from kg.check import _supervise; _supervise()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        job = {"command": [*self._command, *flags, text.as_uri()], "parent": os.getpid()}
        try:
            output, _ = child.communicate(json.dumps(job).encode("utf-8"), timeout=left)
        except subprocess.TimeoutExpired:
            raise _OutOfTime from None
        finally:
            _end(child)
        return output.decode("utf-8", "replace")


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a process and everything it has started."""
    if child.returncode != 0:  # otherwise it has waited for its own child already
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _supervise() -> None:
    """Entry of the supervisor: run one command, pass on what it says, and end it when the one who asked has gone."""
    job = json.load(sys.stdin)
    worker = subprocess.Popen(
        job["command"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    while True:
        try:
            output, _ = worker.communicate(timeout=0.2)
        except subprocess.TimeoutExpired:
            if os.getppid() != job["parent"]:
                worker.kill()
                return
        else:
            sys.stdout.buffer.write(output)
            return
