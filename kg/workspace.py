"""A workspace: the folder that holds a ledger and what is derived from it, and the way in for Python callers.

With no workspace yet, one is made from the shipped facts. The folder is the platform's data folder for this
program unless ``--home`` or ``KG_HOME`` says otherwise.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import formats
from kg.claim import Claim, Entity, Match, Retraction, Source, Stance
from kg.errors import Misuse, NotFound, NotYetKnown, Problem, Refused, Unavailable
from kg.factfile import FactFile, Row
from kg.ingest import Checked, OnFile, Unbound, check, load
from kg.ledger import EMPTY_HEAD, Batch, Ledger, Link
from kg.names import fold, identifier_problem, split_identifier
from kg.policy import Policy
from kg.scratch import publish, scratch, sync
from kg.view import View
from kg.vocabulary import iri, literal, vocabulary

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

    from kg.ask import Reply
    from kg.preview import Preview
    from kg.query import Answer
    from kg.remote import Endpoint
    from kg.workers import Workers

__all__ = ["KnowledgeGraph", "default_home", "restore", "shipped_batches"]


def default_home() -> Path:
    """Return where the workspace is: ``KG_HOME``, or the platform's data folder for this program."""
    if home := os.environ.get("KG_HOME"):
        return Path(home).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("ev-supply-web", appauthor=False))


def shipped_batches() -> list[Path]:
    """Return the folders of the facts that come with the program, in loading order."""
    return sorted(path for path in (Path(__file__).resolve().parent / "data").iterdir() if path.is_dir())


class KnowledgeGraph:
    """An open workspace.

    Parameters
    ----------
    home : path-like, optional
        Folder of the workspace; see `default_home`.
    policy : Policy or str, optional
        What counts as holding in questions that do not say otherwise, or its name; ``cautious`` as of today by default.
    shipped : bool
        Load the shipped facts into a workspace that is new.
    progress : callable, optional
        Called with (what is being done, step, steps) while a workspace is made.

    Raises
    ------
    Unavailable
        If the folder cannot be used.

    Examples
    --------
    >>> from kg import KnowledgeGraph
    >>> graph = KnowledgeGraph()                                          # doctest: +SKIP
    >>> graph.why("ford", "inTalksWith", "xiaomi")["standing"]            # doctest: +SKIP
    'contested'
    """

    def __init__(
        self,
        home: str | os.PathLike[str] | None = None,
        policy: Policy | str | None = None,
        *,
        shipped: bool = True,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self.home = Path(home).expanduser() if home else default_home()
        self.policy = Policy(policy) if isinstance(policy, str) else policy or Policy()
        self._progress = progress or (lambda what, step, steps: None)
        self._views: dict[tuple[str, str], View] = {}
        self._stores: dict[tuple[str, str], tuple[Path, str]] = {}
        self._workers: Workers | None = None
        self._open: tuple[Path, pyoxigraph.Store] | None = None
        file = self.home / "ledger.sqlite"
        if shipped and not file.exists():
            self._make(file)
        writable = os.access(self.home if self.home.exists() else self.home.parent, os.W_OK) and (
            not file.exists() or os.access(file, os.W_OK)
        )
        self.ledger = Ledger(file, read_only=file.exists() and not writable)

    def _make(self, file: Path) -> None:
        """Make the ledger beside its place and move it there, so that a killed first start leaves none, not half of one."""
        batches = shipped_batches()
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with scratch(self.home, "making-") as place:
                ledger = Ledger(place / file.name)
                for number, path in enumerate(batches, 1):
                    batch = formats.read_trusted(path)
                    self._progress(f"loading {batch.title}", number, len(batches))
                    checked, _ = load(batch, ledger, recorded=batch.recorded)
                    if checked.errors:
                        raise Refused(
                            f"the shipped facts in {path.name} do not load; please report this",
                            checked.errors,
                        )
                ledger.close()
                # Published without ever replacing a ledger that another process has made, and filled, meanwhile.
                with contextlib.suppress(FileExistsError):
                    os.link(place / file.name, file)
        except OSError as error:
            raise Unavailable(f"no workspace can be made in {self.home}: {error}") from error

    # -- writing

    def load(
        self,
        path: str | os.PathLike[str],
        *,
        dry_run: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> tuple[Checked, Batch | None]:
        """Load a batch of sourced facts; see `kg.formats.read` for what `path` may be.

        Parameters
        ----------
        path : path-like
        dry_run : bool
            Only check; see `preview` for what would change.
        progress : callable, optional
            Called with (what is being done, step, steps).

        Returns
        -------
        Checked
            The records and every problem; with an error nothing is stored.
        Batch or None
            The new batch; None with errors, on a dry run, or when nothing in it is new.
        """
        batch = self._read(path, progress)
        if dry_run:
            return check(batch, OnFile.of(self.ledger), progress=progress), None
        return load(batch, self.ledger, progress=progress)

    @staticmethod
    def _read(
        path: str | os.PathLike[str], progress: Callable[[str, int, int], None] | None = None
    ) -> FactFile:
        if progress:
            progress(f"reading {Path(path).name}", 0, 1)
        from kg.export import is_ledger_text, read_live

        return read_live(Path(path)) if is_ledger_text(Path(path)) else formats.read(Path(path))

    def preview(
        self,
        path: str | os.PathLike[str],
        policy: Policy | None = None,
        *,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> tuple[Checked, Preview | None]:
        """Check a batch and say what it would change; nothing is stored.

        Returns
        -------
        Checked
        Preview or None
            None with errors.
        """
        from kg.preview import preview

        checked = check(self._read(path, progress), OnFile.of(self.ledger), progress=progress)
        if checked.errors:
            return checked, None
        if progress:
            progress("weighing with and without it", 1, 2)
        return checked, preview(self.view(policy), self.ledger, checked)

    def template(self, form: str = "xlsx") -> dict[str, bytes]:
        """Return an empty batch to fill in: ``batch.xlsx``, or with ``csv`` the tables of a folder; see `kg.formats.template`."""
        from kg.formats import template

        known = {card.id: card.label for card in OnFile.of(self.ledger).entities.values()}
        if form == "xlsx":
            return {"batch.xlsx": template.workbook(vocabulary(), known)}
        return template.folder(vocabulary(), known)

    def unbound(self, path: str | os.PathLike[str]) -> list[Unbound]:
        """Return the names in a batch that mean no entity for certain, with what they may mean; nothing is stored.

        Raises
        ------
        Refused
            If there is none, but not all of the batch could be read: nobody may take that for *every name binds*.
        """
        batch = self._read(path)
        unread = [problem for problem in batch.problems if problem.severity == "error"]
        found = check(batch, OnFile.of(self.ledger)).unbound
        if unread and not found:
            raise Refused("the names cannot be looked up before the file can be read", unread)
        return found

    def decide(self, name: str, entity: str, *, same: bool = True, reason: str = "") -> Batch | None:
        """Record that a name means an entity, or does not; the latest decision counts.

        Parameters
        ----------
        name : str
            As files write it; capitals, width and spaces do not count.
        entity : str
            Id, label, alias or identifier.
        same : bool
        reason : str

        Returns
        -------
        Batch or None
            A batch of its own, which `undo` takes back; None when it is decided so already.

        Raises
        ------
        NotFound
            If nobody knows the entity.
        Misuse
            If the name is an identifier whose check digit does not fit.
        Refused
            If the entity's name is that of several, or the name is an id.
        """
        scheme, value = split_identifier(name)
        if scheme in ("lei", "isin") and (wrong := identifier_problem(scheme, value)):
            raise Misuse(f"nothing is decided about {name.strip()!r}: {wrong}")
        verdict = "same" if same else "different"
        cells = {"name": name.strip(), "entity": entity.strip(), "verdict": verdict, "reason": reason.strip()}
        title = f"{cells['name']} {'is' if same else 'is not'} {cells['entity']}"
        batch = FactFile(title=title, matches=[Row("kg match", 1, cells)])
        on_file = OnFile.of(self.ledger)
        checked = check(batch, on_file)
        if cells["entity"] and any(problem.code == "unknown-entity" for problem in checked.errors):
            cards = on_file.entities.values()
            raise NotFound(
                "entity",
                cells["entity"],
                [text for card in cards for text in (card.id, card.label, *card.aliases)],
            )
        if checked.errors:
            raise Refused("the decision is not accepted", checked.errors)
        if not checked.decisive:
            return None
        return self.ledger.append(checked.records, title=title, again=True)

    def decisions(self) -> list[dict[str, Any]]:
        """Return every live decision about a name, oldest first, and whether it is the one that counts."""
        names = OnFile.of(self.ledger).names
        made = [
            (entry, entry.record)
            for entry in self.ledger.entries(kind="match", every=True)
            if isinstance(entry.record, Match)
        ]
        latest = {(fold(match.name), match.entity): entry for entry, match in made}
        return [
            {
                **asdict(match),
                "batch": entry.batch,
                "recorded": entry.recorded,
                "counts": entry is latest[fold(match.name), match.entity] and names.stands(match),
            }
            for entry, match in made
        ]

    def shared_names(self) -> dict[str, list[str]]:
        """Return the names on file that several entities bear and nothing decides; they bind to none."""
        return OnFile.of(self.ledger).names.shared()

    def undo(self, batch: int, *, reason: str = "", force: bool = False) -> Batch:
        """Take a batch out of account; see `kg.ledger.Ledger.undo`.

        Raises
        ------
        Misuse
            If facts of other batches stand on cards that only this one brought, unless `force` is given.
        """
        if not force and (needed := self._needed_from(batch)):
            few = ", ".join(sorted(needed)[:5]) + (" …" if len(needed) > 5 else "")
            raise Misuse(
                f"facts of other batches stand on {len(needed)} cards of batch {batch} ({few}); "
                "undo those batches first, or insist with --force"
            )
        return self.ledger.undo(batch, reason=reason)

    def withdraw(self, claim: str, why: str) -> Batch:
        """Take one claim out of account: it stays, marked, and is shown with the reason.

        Parameters
        ----------
        claim : str
            Its id, or the first six or more of its characters.
        why : str

        Returns
        -------
        Batch
            A batch of its own, which `undo` takes back.

        Raises
        ------
        NotFound
            If no claim, or more than one, has such an id.
        Misuse
            If it is withdrawn already, or no reason is given.
        """
        key, why = claim.strip().removeprefix("claim:").rsplit("/", 1)[-1], why.strip()
        known = self.ledger.ids("claim")
        found = [key] if key in known else [one for one in known if len(key) >= 6 and one.startswith(key)]
        if len(found) != 1:
            raise NotFound("claim", key)
        if not why:
            raise Misuse("say why the claim is withdrawn; whoever reads it later has nothing else to go by")
        for entry in self.ledger.entries(kind="retraction"):
            if isinstance(entry.record, Retraction) and entry.record.claim == found[0]:
                raise Misuse(
                    f"claim {found[0]} is withdrawn already, in batch {entry.batch}, because: {entry.record.reason}"
                )
        batch = self.ledger.append(
            [(Retraction(found[0], why), "kg withdraw")], title=f"withdrawal of claim {found[0]}: {why}"
        )
        if batch is None:  # another program was quicker
            raise Misuse(f"claim {found[0]} is withdrawn already")
        return batch

    def export(self, form: str, path: str | os.PathLike[str], *, batch: int = 0) -> int:
        """Write facts out; see `kg.export.export`."""
        from kg.export import export

        return export(self.ledger, form, Path(path), batch=batch)

    def backup(self, path: str | os.PathLike[str]) -> str:
        """Copy the ledger to a file, whatever is loaded meanwhile; verified before it gets its name.

        Parameters
        ----------
        path : path-like
            An older backup of this ledger there is replaced; nothing else is.

        Returns
        -------
        str
            Head of the copy.

        Raises
        ------
        Misuse
            If something else is there.
        Refused
            If the ledger is damaged; then nothing is written.
        """
        place = Path(path)
        if place.exists() or place.is_symlink():
            try:
                with contextlib.closing(Ledger(place, read_only=True)) as there:
                    older = there.head in {EMPTY_HEAD, *(item.hash for item in self.ledger.batches())}
            except Unavailable:
                older = False
            if not older:
                raise Misuse(f"{place.name} is there already and is no older backup of this ledger")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with scratch(place.parent, ".backing-up-") as folder:
                self.ledger.copy(folder / "copy")
                with contextlib.closing(Ledger(folder / "copy", read_only=True)) as copy:
                    if wrong := copy.verify():
                        raise Refused("the ledger is damaged; no backup was made", _damage(wrong))
                    head = copy.head
                publish(folder / "copy", place)
        except OSError as error:
            raise Unavailable(f"{place.name} could not be written: {error.strerror or error}") from error
        return head

    def standing_on(self, batch: int) -> int:
        """Return how many claims of other batches refer to cards that only this one brought; `undo` darkens them."""
        return len({claim for claims in self._needed_from(batch).values() for claim in claims})

    def _needed_from(self, batch: int) -> dict[str, set[str]]:
        """Cards that only one batch brought, each with the claims of others that refer to it."""
        holders: dict[str, set[int]] = {}
        wanted: dict[str, set[str]] = {}
        for entry in self.ledger.entries(every=True):
            record = entry.record
            if isinstance(record, Claim):
                if entry.batch != batch:
                    p = record.proposition
                    for card in (p.subject, p.object, record.source, record.cited_source, record.speaker):
                        wanted.setdefault(card, set()).add(record.id)
            elif isinstance(record, Entity | Source):
                holders.setdefault(record.id, set()).add(entry.batch)
        return {
            name: wanted[name] for name, batches in holders.items() if batches == {batch} and name in wanted
        }

    # -- reading

    @property
    def head(self) -> str:
        """Ledger head: the hash that stands for everything loaded so far."""
        return self.ledger.head

    def view(self, policy: Policy | None = None) -> View:
        """Return the view under a policy; views of the same head are kept for the next question."""
        policy = (policy or self.policy).settled(self.ledger)
        key = (policy.head(self.ledger), policy.key)
        if key not in self._views:
            if len(self._views) >= 8:
                self._views.pop(next(iter(self._views)))
            self._views[key] = View(self.ledger, policy)
        return self._views[key]

    def store(self, policy: Policy | None = None) -> Path:
        """Return the folder of the view's RDF store, built if need be."""
        from kg.index import Index

        place = self.home / "index"
        if not os.access(self.home, os.W_OK):  # a read-only workspace keeps its index elsewhere
            import platformdirs

            place = Path(platformdirs.user_cache_dir("ev-supply-web", appauthor=False)) / "index"
        return Index(place).store(
            self.ledger, policy or self.policy, building=lambda: self._progress("building the index", 1, 1)
        )

    def query(
        self,
        text: str,
        policy: Policy | None = None,
        *,
        graph_format: str = "turtle",
        values: Mapping[str, str] | None = None,
        outside: Mapping[str, Endpoint] | None = None,
        trusted: bool = False,
        **named: str,
    ) -> Answer:
        """Ask a question in SPARQL, or one of the library by its name.

        Parameters
        ----------
        text : str
            Name of a question (see `kg.query.library`) or a SPARQL query.
        policy : Policy, optional
        graph_format : str
            For CONSTRUCT and DESCRIBE.
        values : mapping, optional
        outside : mapping, optional
            Endpoints that ``SERVICE`` may ask (see `kg.federation.allowed`); without it, nothing leaves this machine.
        trusted : bool
            Ask in this process, for texts of your own: about as quick as the engine itself, but nothing stops a query
            that does not end. Otherwise a child process answers that is killed at its deadline; the first query
            starts it (0.15 to 0.3 s), and it stays for the next until `close`.
        **named : str
            Values of the question's parameters; names of entities are accepted where it wants an entity.
        """
        from kg import query as q
        from kg.index import check_left_out

        policy = (policy or self.policy).settled(self.ledger)
        bound_text = self._bound(text, {**(values or {}), **named}, policy)
        if text not in q.library():
            q.check_terms(bound_text, vocabulary().terms)
        limits = q.DEFAULT
        if outside is not None:
            from kg.federation import joined

            bound_text, limits = joined(bound_text, outside, limits)
        store, head = self._sealed_store(policy)
        if text not in q.library():  # those of the library know other ways
            check_left_out(store, bound_text)
        if trusted:
            reply = q.ask_here(bound_text, self._opened(store), graph_format=graph_format, limits=limits)
        else:
            reply = q.ask(bound_text, store, self.workers, graph_format=graph_format, limits=limits)
        answer = q.answer(reply, policy.stamp(head))
        answer.asked, answer.form = bound_text, graph_format
        return answer

    @property
    def workers(self) -> Workers:
        """The pool of children that answer queries; started when first asked, ended by `close`."""
        from kg.query import workers

        if self._workers is None:
            self._workers = workers()
        return self._workers

    def _sealed_store(self, policy: Policy) -> tuple[Path, str]:
        """As `store`, and the head it is of; its seal is looked at once in a process, not before every query."""
        from kg.index import head_of

        key = (policy.head(self.ledger), policy.key)
        if key not in self._stores or not self._stores[key][0].exists():
            place = self.store(policy)
            self._stores[key] = place, head_of(place)
        return self._stores[key]

    def _opened(self, place: Path) -> pyoxigraph.Store:
        from kg.index import open_store

        if self._open is None or self._open[0] != place:
            self._open = (place, open_store(place))
        return self._open[1]

    def elsewhere(
        self,
        text: str,
        endpoint: str,
        *,
        graph_format: str = "turtle",
        values: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the same of an outside endpoint; see `kg.remote.ask`.

        Parameters
        ----------
        text : str
            Name of a question or a SPARQL query, as in `query`.
        endpoint : str
            Address, or a name from ``endpoints.toml`` in the workspace.
        graph_format : str
        values : mapping, optional
        """
        from kg import federation, remote

        bound_text = self._bound(text, values or {}, self.policy)
        answer = remote.ask(bound_text, federation.endpoint(self.home, endpoint), graph_format=graph_format)
        answer.asked, answer.form = bound_text, graph_format
        return answer

    def _bound(self, text: str, given: Mapping[str, str], policy: Policy) -> str:
        """Return the text of a query, or of a question by its name, with the values in their places."""
        from kg import query as q

        if empty := [name for name, value in given.items() if not value.strip()]:
            # Else the default would be asked for, and the answer taken for one about everything.
            raise Misuse(f"the value of {empty[0]!r} is empty; fill it, or leave the parameter out")
        known = q.library()
        if text in known:
            asked = known[text]
            takes = {parameter.name: parameter for parameter in asked.parameters}
            if unknown := [name for name in given if name not in takes]:
                raise Misuse(
                    f"the question {text!r} takes {', '.join(takes) or 'no parameters'}, not {', '.join(unknown)}"
                )
            filled = {name: given.get(name) or parameter.default for name, parameter in takes.items()}
            bound = {
                name: self.term(value, takes[name].type, policy) for name, value in filled.items() if value
            }
            text = asked.text
        else:
            bound = {name: self.term(value, "", policy) for name, value in given.items()}
        return q.bind(text, bound) if bound else text

    def _of(self, answer: Answer, policy: Policy | None) -> Policy:
        """Return the policy an answer was given under, tied to the head it is of: a load may have come since."""
        return replace((policy or self.policy).settled(self.ledger), at=answer.stamp["head"])

    def cite(self, answer: Answer, policy: Policy | None = None) -> dict[str, Any]:
        """Return what an answer stands on: claims by row, documents, and a name to ask it again by.

        Parameters
        ----------
        answer : Answer
            From `query`, under the same policy.

        Returns
        -------
        dict
            ``result`` (an id for `rerun`; empty, with the reason in ``fleeting``, for a query that answers
            differently each time), ``rows`` (claim ids of each row) and ``bibliography`` (CSL-JSON items).
        """
        from kg import citation

        policy = self._of(answer, policy)
        view = self.view(policy)
        rows = citation.behind(view, answer)
        body = answer.graph if answer.graph is not None else answer.json()
        result, fleeting = "", ""
        try:
            result = citation.remember(self.home, answer, policy, body)
        except Refused as error:
            fleeting = str(error)
        return {
            "result": result,
            "fleeting": fleeting,
            "rows": [list(claims) for claims in rows],
            "bibliography": citation.bibliography(view, {claim for claims in rows for claim in claims}),
        }

    def withheld(self, answer: Answer, policy: Policy | None = None) -> list[dict[str, Any]]:
        """Return what is said of the things an answer is about, of the kind asked for, and does not hold.

        Parameters
        ----------
        answer : Answer
            From `query`, under the same policy.

        Returns
        -------
        list of dict
            See `kg.withheld.withheld`; empty for a query that names nothing.
        """
        from kg.withheld import names_things, withheld

        if not names_things(answer.asked):
            return []
        shown = {term["value"] for row in answer.rows for term in row.values() if term["type"] == "uri"}
        return withheld(self.view(self._of(answer, policy)), answer.asked, shown)

    def rerun(self, name: str) -> tuple[Answer, Policy, bool]:
        """Ask the question of a result id again, of the ledger as it stood then.

        Returns
        -------
        Answer
        Policy
            The one it was asked under, tied to the head of then.
        bool
            Whether the answer is the same to the byte.
        """
        from kg import citation

        kept = citation.recall(self.home, name)
        answer = self.query(kept.text, kept.policy, graph_format=kept.form)
        return answer, kept.policy, kept.check(answer.graph if answer.graph is not None else answer.json())

    def diff(
        self, text: str, before: Policy, after: Policy, *, values: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Ask one question of two views and return the rows that came and went; see `kg.diff.difference`."""
        from kg.diff import difference

        sides = []
        for policy in (before, after):
            answer = self.query(text, policy, values=values)
            sides.append((self.view(self._of(answer, policy)), answer))
        return difference(sides[0], sides[1])

    def term(self, value: str, kind: str, policy: Policy | None = None) -> str:
        """Return the N-Triples term for a value that a user typed.

        Parameters
        ----------
        value : str
        kind : str
            ``entity``, ``layer``, ``relation``, ``stance``, ``scenario``, ``source``, ``date``, ``number`` or
            ``text``; empty to guess: a known name is an entity, anything else is text.
        """
        import pyoxigraph

        if value.startswith(("http://", "https://")):
            try:
                return str(pyoxigraph.NamedNode(value))
            except ValueError as error:
                raise Misuse(f"{value!r} is no valid address: {error}") from error
        view = self.view(policy)
        if kind in ("scenario", "source") and (view.policy.known_by or view.policy.at):
            # Which names there are does not depend on when: what was not recorded yet gives an empty answer.
            view = self.view(Policy("alive", as_of=view.policy.as_of))
        known: dict[str, Iterable[str]] = {
            "layer": view.words.layers,
            "stance": [str(stance) for stance in Stance],
            "relation": [*view.words.relations, *view.words.derived_properties],
            "scenario": {name for name, _ in view.scenarios},
            "source": view.sources,
        }
        if kind in known:
            if value not in known[kind]:
                raise NotFound(kind, value, known[kind])
            prefix = {"layer": "evv", "stance": "evv", "relation": "ev"}.get(kind, kind)
            return iri(prefix, f"{kind}-{value}" if prefix == "evv" else value)
        if kind == "date":
            try:
                return literal(date.fromisoformat(value).isoformat(), "date")
            except ValueError:  # compared with nothing, it would give an empty answer
                raise Misuse(f"{value!r} is no day; write one in full, such as 2026-06-30") from None
        if kind == "number":
            if not re.fullmatch(r"[+-]?\d+(\.\d+)?", value):
                raise Misuse(f"{value!r} is no number; write it like 12 or 0.5")
            return literal(value, "decimal")
        if kind == "text":
            return literal(value)
        try:
            return iri("id", view.find(value))
        except NotYetKnown as error:  # a question about it has an answer, an empty one
            return iri("id", error.entity)
        except NotFound:
            if kind == "":
                return literal(value)
            raise

    def why(self, subject: str, relation: str, target: str, policy: Policy | None = None) -> dict[str, Any]:
        """Return the standing of a statement: every claim for and against, their origins, and whether it holds.

        Parameters
        ----------
        subject, target : str
            Names or ids.
        relation : str
            Relation name, e.g. ``inTalksWith``; what nobody states may still follow, and is then explained.

        Returns
        -------
        dict
            ``statement``, ``standing``, ``holds`` (by policy name), ``for``, ``against``, ``other``, ``origins``,
            ``propositions`` and the view's stamp.
        """
        from kg.explain import why
        from kg.frames import Report

        return Report(why(self.view(policy), subject, relation, target))

    def exposure(
        self, entity: str, policy: Policy | None = None, *, to: str = "", through: str = "", limit: int = 40
    ) -> dict[str, Any]:
        """Return how policies and public bodies reach a firm; see `kg.exposure.exposure_report`.

        Parameters
        ----------
        entity, to, through : str
            Names or ids.
        policy : Policy, optional
        limit : int
            Most paths, at least 1.

        Raises
        ------
        Misuse
            If nobody has one of the names, or `limit` is less than 1: no path would look like no exposure.
        """
        from kg.exposure import exposure_report, exposures

        if limit < 1:
            raise Misuse("the limit must be at least 1 path")
        from kg.frames import Report

        view = self.view(policy)
        start, end, middle = (view.find(name) if name else "" for name in (entity, to, through))
        paths = exposures(view, start, to=end, through=middle, limit=limit)
        return Report(exposure_report(view, start, paths, to=end, through=middle))

    def ask(self, text: str, policy: Policy | None = None, *, run: bool = False) -> Reply:
        """Answer a question in plain words by the question of the library that it means; see `kg.ask`.

        Parameters
        ----------
        text : str
            E.g. ``who supplies batteries to Ford?``
        policy : Policy, optional
            What the sentence says about view and dates goes before it.
        run : bool
            Ask the nearest question even when it is not sure that it is meant.

        Returns
        -------
        Reply
            What was understood, how sure that is, and the answer; without one when unsure.

        Raises
        ------
        Misuse
            If a value that the nearest question needs is missing and `run` insists.
        """
        from kg.ask import Reply, understand

        base = policy or self.policy
        meant = understand(self.view(base), text)
        if not meant.readings or (meant.sure == "unsure" and not run):
            return Reply(meant, self.view(base).stamp())
        reading, chosen = meant.readings[0], meant.policy(base)
        if reading.missing:
            raise Misuse(
                f"it is not said which {' and '.join(reading.missing)} is meant; ask with {meant.command(reading)}"
            )
        values = dict(reading.values)
        stamp = self.view(chosen).stamp()
        if reading.kind == "exposure":
            return Reply(
                meant,
                stamp,
                self.exposure(
                    values["entity"], chosen, to=values.get("to", ""), through=values.get("through", "")
                ),
            )
        if reading.kind == "question":
            answer = self.query(reading.name, chosen, values=values)
            return Reply(meant, stamp, answer, withheld=self.withheld(answer, chosen))
        try:
            return Reply(
                meant, stamp, self.why(values["subject"], values["relation"], values["object"], chosen)
            )
        except NotFound as error:
            if error.what != "statement":
                raise
            return Reply(meant, stamp, unsaid=True)

    def dataset(self, policy: Policy | None = None) -> rdflib.Dataset:
        """Return the view as an rdflib dataset over its store, read-only, for Python callers.

        Its queries stay on this machine; see `kg.dataset` for what that means to rdflib in this process.
        """
        from kg.dataset import dataset
        from kg.index import open_store

        return dataset(open_store(self.store(policy)))

    def claims(self, policy: Policy | None = None) -> Iterator[Claim]:
        """Yield the claims that count under a policy: neither withdrawn nor left out."""
        view = self.view(policy)
        yield from (claim for claim in view.claims if claim.id in view.counted)

    def verify(self, head: str = "") -> list[Problem]:
        """Return what is wrong with the ledger; see `kg.ledger.Ledger.verify`."""
        return _damage(self.ledger.verify(head=head))

    def _repr_html_(self) -> str:
        """What a notebook shows: how much is on file, and of what view."""
        from kg.frames import page

        view = self.view()
        counts = f"{len(view.counted):,} claims about {len(view.entities):,} entities in {len(view.sources):,} sources"
        return page(
            [f"<p><b>EV supply web</b>: {counts}; {len(view.holding):,} statements hold</p>"], view.stamp()
        )

    def close(self) -> None:
        """Let go of the ledger, and end the children that answer queries."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
        self._open = None
        self.ledger.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def restore(
    source: str | os.PathLike[str], home: str | os.PathLike[str] | None = None, *, force: bool = False
) -> tuple[str, Path | None]:
    """Make the ledger of a workspace anew from a backup, or from an export of a whole ledger as text.

    Parameters
    ----------
    source : path-like
        File of `KnowledgeGraph.backup`, or folder of `kg.export`.
    home : path-like, optional
        Folder of the workspace; see `default_home`.
    force : bool
        Even if there is a ledger; it is kept beside the new one.

    Returns
    -------
    str
        Head, the same that the source has.
    Path or None
        Where the ledger is that was there before.

    Raises
    ------
    Misuse
        If there is a ledger and `force` is not given, or nothing at `source`.
    Refused
        If the source is damaged; then nothing was touched.
    Unavailable
        If the disk is full or cannot be written, or another program has the ledger open.
    """
    origin, place = Path(source), Path(home).expanduser() if home else default_home()
    file = place / "ledger.sqlite"
    if not origin.exists():
        raise Misuse(f"there is no file or folder {str(origin)!r}")
    if file.exists() and not force:
        raise Misuse(f"{place} has a ledger already; --force replaces it, and keeps it beside the new one")
    links, texts = _whole(origin)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with scratch(place, "restoring-") as folder:
            with contextlib.closing(Ledger.rebuilt(folder / file.name, links, texts.items())) as fresh:
                head = fresh.head
                fresh.at_rest()
            kept = _set_aside(file) if file.exists() else None
            publish(folder / file.name, file)
    except OSError as error:
        raise Unavailable(f"the ledger could not be restored: {error.strerror or error}") from error
    return head, kept


def _whole(origin: Path) -> tuple[list[Link], dict[str, str]]:
    """Return the chain and the texts of a backup, checked."""
    if origin.is_dir():
        from kg.export import is_ledger_text, read_chain

        if not is_ledger_text(origin):
            raise Misuse(
                f"the folder {origin.name!r} is no export of a ledger (`kg export ledger -o FOLDER`)"
            )
        return read_chain(origin)
    try:
        with contextlib.closing(Ledger(origin, read_only=True)) as backup:
            if wrong := backup.verify():
                raise Refused(f"{origin.name} is damaged; nothing was touched", _damage(wrong, origin.name))
            return list(backup.links()), dict(backup.texts())
    except Unavailable as error:
        # What the ledger says of itself advises to restore it, which is what was just tried.
        why = str(error.__cause__ or error)
        raise Refused(
            f"{origin.name} is no backup that can be read; nothing was touched: {why}; restore another backup, or "
            "a folder of `kg export ledger`"
        ) from error


def _set_aside(file: Path) -> Path:
    """Give the ledger a second name under which it stays when another takes its place."""
    try:
        with contextlib.closing(Ledger(file)) as old:
            name = old.head[:12]
    except Unavailable:
        name = "damaged"
    else:
        with contextlib.closing(Ledger(file)) as old:
            old.at_rest()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    kept = file.with_name(f"ledger-{stamp}-{name}.sqlite")
    for suffix in ("-wal", "-shm"):  # left over where it is damaged; they must not be taken for the new one's
        if (beside := file.with_name(file.name + suffix)).exists():
            beside.replace(kept.with_name(kept.name + suffix))
    os.link(file, kept)
    sync(file.parent)
    return kept


def _damage(wrong: Iterable[str], name: str = "ledger.sqlite") -> list[Problem]:
    return [Problem(name, 0, "", "damaged-ledger", sentence) for sentence in wrong]
