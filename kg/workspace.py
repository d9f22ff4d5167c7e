"""A workspace: the folder that holds a ledger and what is derived from it, and the way in for Python callers.

With no workspace yet, one is made from the shipped facts. The folder is the platform's data folder for this
program unless ``--home`` or ``KG_HOME`` says otherwise.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import formats
from kg.claim import Claim, Entity, Source, Stance
from kg.errors import Misuse, NotFound, Problem, Refused, Unavailable
from kg.ingest import Checked, OnFile, check, load
from kg.ledger import Batch, Ledger
from kg.view import Policy, View
from kg.vocabulary import iri, literal, vocabulary

if TYPE_CHECKING:
    import rdflib

    from kg.query import Answer

__all__ = ["KnowledgeGraph", "default_home", "shipped_batches"]


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
    policy : Policy, optional
        What counts as holding in questions that do not say otherwise; ``cautious`` as of today by default.
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
        policy: Policy | None = None,
        *,
        shipped: bool = True,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self.home = Path(home).expanduser() if home else default_home()
        self.policy = policy or Policy()
        self._progress = progress or (lambda what, step, steps: None)
        self._views: dict[tuple[str, str], View] = {}
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
            with tempfile.TemporaryDirectory(prefix="making-", dir=self.home) as scratch:
                ledger = Ledger(Path(scratch) / file.name)
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
                    os.link(Path(scratch) / file.name, file)
        except OSError as error:
            raise Unavailable(f"no workspace can be made in {self.home}: {error}") from error

    # -- writing

    def load(self, path: str | os.PathLike[str], *, dry_run: bool = False) -> tuple[Checked, Batch | None]:
        """Load a batch of sourced facts; see `kg.formats.read` for what `path` may be.

        Returns
        -------
        Checked
            The records and every problem; with an error nothing is stored.
        Batch or None
            The new batch; None with errors, on a dry run, or when nothing in it is new.
        """
        batch = formats.read(Path(path))
        if dry_run:
            return check(batch, OnFile.of(self.ledger)), None
        return load(batch, self.ledger)

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

    def _needed_from(self, batch: int) -> set[str]:
        """Cards that only one batch brought and that claims of others refer to."""
        holders: dict[str, set[int]] = {}
        wanted: set[str] = set()
        for entry in self.ledger.entries(every=True):
            record = entry.record
            if isinstance(record, Claim):
                if entry.batch != batch:
                    p = record.proposition
                    wanted |= {p.subject, p.object, record.source, record.cited_source, record.speaker}
            elif isinstance(record, Entity | Source):
                holders.setdefault(record.id, set()).add(entry.batch)
        return {name for name, batches in holders.items() if batches == {batch} and name in wanted}

    # -- reading

    @property
    def head(self) -> str:
        """Ledger head: the hash that stands for everything loaded so far."""
        return self.ledger.head

    def view(self, policy: Policy | None = None) -> View:
        """Return the view under a policy; views of the same head are kept for the next question."""
        policy = (policy or self.policy).settled(self.ledger)
        key = (self.ledger.head, policy.key)
        if key not in self._views:
            if len(self._views) >= 8:
                self._views.pop(next(iter(self._views)))
            self._views[key] = View(self.ledger, policy)
        return self._views[key]

    def store(self, policy: Policy | None = None) -> Path:
        """Return the folder of the view's RDF store, built if need be."""
        from kg.index import Index

        self._progress("building the index", 1, 1)
        place = self.home / "index"
        if not os.access(self.home, os.W_OK):  # a read-only workspace keeps its index elsewhere
            import platformdirs

            place = Path(platformdirs.user_cache_dir("ev-supply-web", appauthor=False)) / "index"
        return Index(place).store(self.ledger, policy or self.policy)

    def query(
        self,
        text: str,
        policy: Policy | None = None,
        *,
        graph_format: str = "turtle",
        values: Mapping[str, str] | None = None,
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
        **named : str
            Values of the question's parameters; names of entities are accepted where it wants an entity.
        """
        from kg import query as q

        given = {**(values or {}), **named}

        policy = policy or self.policy
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
        store = self.store(policy)
        bound_text = q.bind(text, bound) if bound else text
        q.check_terms(bound_text, vocabulary().terms)
        return q.run(bound_text, store, policy.stamp(self.head), graph_format=graph_format)

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
            return literal(value, "date")
        if kind == "number":
            return literal(value, "decimal")
        if kind == "text":
            return literal(value)
        try:
            return iri("id", view.find(value))
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

        return why(self.view(policy), subject, relation, target)

    def dataset(self, policy: Policy | None = None) -> rdflib.Dataset:
        """Return the view as an rdflib dataset over its store, read-only, for Python callers."""
        import oxrdflib
        import rdflib

        from kg.index import open_store

        return rdflib.Dataset(
            store=oxrdflib.OxigraphStore(store=open_store(self.store(policy))), default_union=False
        )

    def claims(self, policy: Policy | None = None) -> Iterator[Claim]:
        """Yield the claims that count under a policy: neither withdrawn nor left out."""
        view = self.view(policy)
        yield from (claim for claim in view.claims if claim.id in view.counted)

    def verify(self, head: str = "") -> list[Problem]:
        """Return what is wrong with the ledger; see `kg.ledger.Ledger.verify`."""
        return [
            Problem("ledger.sqlite", 0, "", "damaged-ledger", sentence)
            for sentence in self.ledger.verify(head=head)
        ]

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def __enter__(self) -> KnowledgeGraph:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
