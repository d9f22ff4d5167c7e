"""What follows from a set of claims, and the smallest sets of claims that suffice for it.

`close` applies rules until nothing new follows and returns a `Closure`, which names the **witnesses** of each
fact, gives a **proof**, takes claims back, and lists **inconsistencies**. Nothing here reads a file or knows
RDF libraries: terms are N-Triples strings, claims are ids.

Notes
-----
*Witnesses* are the minimal why-provenance [1]_: the least fixpoint of the rule instances below a fact, in the
semiring of positive Boolean expressions [2]_, where a derivation through a cycle is absorbed by the one
without it. There can be exponentially many, and telling whether a set is one is intractable for recursive
rules [3]_, so the search has bounds and says when it met them.

*Retraction* deletes forwards but, like the backward/forward algorithm [4]_ and unlike plain DRed [5]_, first
looks for another derivation. The rounds that facts appeared in (`kg.fixpoint`) restrict that look to older
premises, so it need not recurse and no cycle can hold itself up. What was deleted too eagerly is put back.

References
----------
.. [1] P. Buneman, S. Khanna, W.-C. Tan. Why and where: a characterization of data provenance. ICDT 2001.
.. [2] T. J. Green, G. Karvounarakis, V. Tannen. Provenance semirings. PODS 2007.
.. [3] M. Calautti, E. Livshits, A. Pieris, M. Schneider. The complexity of why-provenance for Datalog
   queries. PODS 2024.
.. [4] B. Motik, Y. Nenov, R. Piro, I. Horrocks. Incremental update of Datalog materialisation: the
   backward/forward algorithm. AAAI 2015.
.. [5] A. Gupta, I. S. Mumick, V. S. Subrahmanian. Maintaining views incrementally. SIGMOD 1993.
"""

from __future__ import annotations

import gc
import heapq
import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from kg.errors import Misuse, NotFound
from kg.fixpoint import Delta, Fact, Key, Overgrown, Program, Store, Terms
from kg.rules import RDF_TYPE, OntologyRules, Pattern, Rule, RuleError, Triple, parse_rules, rules_of_ontology

__all__ = [
    "Closure",
    "Inconsistency",
    "OntologyRules",
    "Overgrown",
    "Pattern",
    "Proof",
    "Rule",
    "RuleError",
    "Triple",
    "Witnesses",
    "close",
    "parse_rules",
    "rules_of_ontology",
    "uncollected",
]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The smallest sets of claims that suffice for something.

    Parameters
    ----------
    sets : tuple of frozenset of str
        None contains another; fewest claims first. The empty set says that it holds whatever is claimed.
    complete : bool
        Whether these are all. If not, a bound was met; each set given is minimal all the same.
    """

    sets: tuple[frozenset[str], ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """A derivation, down to what was asserted.

    Parameters
    ----------
    triple : Triple
    rule : str
        Name of the rule of the last step; empty where the triple is asserted.
    premises : tuple of Proof
        In the order of the rule; a pattern matched twice by one triple is listed once.
    claims : tuple of str
        Where asserted: claims each of which suffices. None at all means background.
    why : str
        Why the rule stands, if it says so.
    least : bool
        Whether no derivation has fewer steps; False if the search met its bound.
    """

    triple: Triple
    rule: str = ""
    premises: tuple[Proof, ...] = ()
    claims: tuple[str, ...] = ()
    why: str = ""
    least: bool = True
    #: Number of steps and of asserted ends, each as often as it is used.
    size: int = field(default=0, init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", 1 + sum(premise.size for premise in self.premises))

    def walk(self) -> Iterator[tuple[int, Proof]]:
        """Yield depth and node for every step, conclusions before their premises."""
        todo = [(0, self)]
        while todo:
            depth, node = todo.pop()
            yield depth, node
            todo.extend((depth + 1, premise) for premise in reversed(node.premises))

    def leaves(self) -> tuple[Proof, ...]:
        """Return the asserted ends, each once, in order of appearance."""
        return tuple(dict.fromkeys(node for _, node in self.walk() if not node.rule))

    def lines(self, show: Callable[[Triple], str] = " ".join) -> Iterator[str]:
        """Yield the proof as indented text, one step a line."""
        for depth, node in self.walk():
            said = f"claimed by {', '.join(node.claims)}" if node.claims else "background"
            yield f"{'  ' * depth}{show(node.triple)}  [{node.rule or said}]"


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Facts that cannot hold together, the rule that says so, and the claims that bring them about."""

    rule: Rule
    facts: tuple[Triple, ...]
    witnesses: Witnesses


@contextmanager
def uncollected() -> Iterator[None]:
    """Make many things that are not cyclic, which a garbage collector would only walk again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Exhausted(Exception):
    """The work allowed is done."""


def _minimal(masks: Iterable[int]) -> list[int]:
    """Return those bit sets that contain no other, smallest first."""
    kept: list[int] = []
    for _, equal in itertools.groupby(sorted(set(masks), key=_by_size), key=int.bit_count):
        # Sets of one size do not contain each other, and mostly all are of one size.
        smaller = kept.copy()
        kept.extend(mask for mask in equal if not any(known & mask == known for known in smaller))
    return kept


def _by_size(mask: int) -> tuple[int, int]:
    return mask.bit_count(), mask


#: A rule instance: number of its clause, and its premises.
_Row: TypeAlias = tuple[int, tuple[Fact, ...]]


class _ProofSearch:
    """Looks for a proof with as few steps as possible.

    Parameters
    ----------
    store : Store
    asserted : callable
        Whether a fact is an end.
    base : int or None
        Last round of the background. A derivation is as high as the rounds it took, so a fact's round is a
        lower bound of its size, on which the search prunes; None if rounds are no such bound.
    """

    def __init__(self, store: Store, asserted: Callable[[Fact], bool], base: int | None) -> None:
        self.store, self.asserted, self.base = store, asserted, base
        self.older: dict[Fact, _Row | None] = {}
        self.sizes: dict[Fact, int] = {}

    def floor(self, fact: Fact) -> int:
        """Return a size below which no proof of `fact` is."""
        if self.asserted(fact):
            return 1
        rank = self.store.rank(fact)
        return 2 if self.base is None else max(2, rank - self.base if rank > self.base else rank)

    def size(self, fact: Fact) -> int:
        """Return the size of some proof: the one by the first instance of older premises, all the way down."""
        todo = [fact]
        while todo:
            fact = todo[-1]
            if fact not in self.older:
                self.older[fact] = None if self.asserted(fact) else self.first(fact)
            row = self.older[fact]
            missing = [premise for premise in row[1] if premise not in self.sizes] if row else []
            if missing:
                todo.extend(missing)
            else:
                self.sizes[fact] = 1 + sum(self.sizes[premise] for premise in row[1]) if row else 1
                todo.pop()
        return self.sizes[fact]

    def first(self, fact: Fact) -> _Row:
        rank = self.store.rank(fact)
        number, premises = next(
            row for row in self.store.instances(fact) if all(self.store.rank(p) < rank for p in row[1])
        )
        return number, tuple(dict.fromkeys(premises))

    def run(self, goal: Fact, work: int) -> tuple[dict[Fact, _Row | None], bool]:
        """Return each fact of a proof with its row, premises first, and whether there is no smaller proof."""
        rows: dict[Fact, list[_Row]] = {}
        todo = [goal]
        while todo:
            fact = todo.pop()
            if fact in rows or self.asserted(fact):
                continue
            most = self.size(fact)
            first = self.older[fact]
            assert first is not None
            rows[fact] = [first]
            if work > 0:
                for number, premises in self.store.instances(fact):
                    work -= 1
                    needed = tuple(dict.fromkeys(premises))
                    if 1 + sum(map(self.floor, needed)) < most and (number, needed) != first:
                        rows[fact].append((number, needed))
            todo.extend(premise for _, premises in rows[fact] for premise in premises)
        # A row is ready when its last premise is settled; a fact is settled by its cheapest row.
        waiting: dict[tuple[Fact, int], int] = {}
        users: dict[Fact, list[tuple[Fact, int]]] = defaultdict(list)
        for fact, choices in rows.items():
            for place, (_, premises) in enumerate(choices):
                waiting[fact, place] = len(premises)
                for premise in premises:
                    users[premise].append((fact, place))
        ends = [fact for fact in users if fact not in rows] or [goal]
        serial = itertools.count()
        heap: list[tuple[int, int, Fact, _Row | None]] = [(1, next(serial), fact, None) for fact in ends]
        sizes: dict[Fact, int] = {}
        steps: dict[Fact, _Row | None] = {}
        while goal not in steps:
            size, _, fact, row = heapq.heappop(heap)
            if fact in steps:
                continue
            steps[fact], sizes[fact] = row, size
            for user, place in users[fact]:
                waiting[user, place] -= 1
                if not waiting[user, place]:
                    chosen = rows[user][place]
                    total = 1 + sum(sizes[premise] for premise in chosen[1])
                    heapq.heappush(heap, (total, next(serial), user, chosen))
        return steps, work > 0


#: Fact to the premises of each of its instances, leaving out premises that hold whatever is claimed.
_Cone: TypeAlias = dict[Fact, list[tuple[Fact, ...]]]


class Closure:
    """Everything that follows from the claims accepted, and why. Made by `close`.

    Notes
    -----
    Reading changes nothing but indexes that are built when first needed (about as long as inserting the
    relation concerned took). One thread at a time.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        witnesses: bool,
        blocked: Iterable[Triple] = (),
        most: Mapping[str, int] | None = None,
    ) -> None:
        self._terms = Terms()
        self._kind = self._terms[RDF_TYPE]
        self._program = Program(rules, self._terms, blocked, most)
        self._recording = witnesses
        self._store = Store(self._program, ranked=witnesses)
        self._claims: defaultdict[int, dict[Key, frozenset[str]]] = defaultdict(dict)
        self._background: defaultdict[int, set[Key]] = defaultdict(set)
        #: Facts of rounds up to this one follow from the background alone.
        self._ground = -1
        #: Whether facts may be younger than their lowest derivation is high, because some came later.
        self._stirred = False
        self._by_claim: dict[str, set[Fact]] | None = None
        self._scratch: Store | None = None

    # -- what holds

    def __contains__(self, triple: object) -> bool:
        fact = self._fact(triple) if isinstance(triple, tuple) and len(triple) == 3 else None
        return fact is not None and fact in self._store

    def __len__(self) -> int:
        return sum(len(relation.facts) for relation in self._store.relations.values())

    def triples(self) -> Iterator[Triple]:
        """Yield every triple that holds, asserted ones included."""
        return map(self._triple, self._store.facts())

    def derived(self) -> Iterator[Triple]:
        """Yield the triples that hold and that nobody asserted."""
        return (self._triple(fact) for fact in self._store.facts() if not self._asserted(fact))

    def claims(self, triple: Triple) -> frozenset[str]:
        """Return the claims that assert a triple itself; none for background and for what is only derived."""
        fact = self._fact(triple)
        return self._said(fact) if fact is not None else frozenset()

    def match(
        self, subject: str | None = None, predicate: str | None = None, value: str | None = None
    ) -> Iterator[Triple]:
        """Yield the triples that hold and have the given terms; None stands for any."""
        s, p, o = (
            None if term is None else self._terms.get(term, -1) for term in (subject, predicate, value)
        )
        if -1 in (s, p, o):
            return
        for number, relation in list(self._store.relations.items()):
            if p is not None and number != p and not (p == self._kind and number < 0):
                continue
            keys: Iterable[Key] = relation.facts
            if number < 0:
                if o is not None and ~number != o:
                    continue
                if s is not None:
                    keys = (s,) if s in relation.facts else ()
            elif s is not None and o is not None:
                keys = ((s, o),) if (s, o) in relation.facts else ()
            elif s is not None:
                keys = [(s, other) for other in relation.index(backward=False).get(s, ())]
            elif o is not None:
                keys = [(other, o) for other in relation.index(backward=True).get(o, ())]
            yield from [self._triple((number, key)) for key in keys]

    def _fact(self, triple: Triple) -> Fact | None:
        s, p, o = (self._terms.get(term) for term in triple)
        if s is None or p is None or o is None:
            return None
        return (~o, s) if triple[1] == RDF_TYPE else (p, (s, o))

    def _triple(self, fact: Fact) -> Triple:
        number, key = fact
        names = self._terms.names
        return (
            (names[key], RDF_TYPE, names[~number])
            if number < 0
            else (names[key[0]], names[number], names[key[1]])
        )

    def _said(self, fact: Fact) -> frozenset[str]:
        return self._claims[fact[0]].get(fact[1], frozenset())

    def _asserted(self, fact: Fact) -> bool:
        return fact[1] in self._claims[fact[0]] or fact[1] in self._background[fact[0]]

    # -- taking in and taking back

    def extend(self, asserted: Iterable[tuple[Triple, frozenset[str]]]) -> set[Triple]:
        """Add asserted triples; return all triples that hold now and did not before.

        Parameters
        ----------
        asserted : iterable of (Triple, frozenset of str)
            As for `close`.
        """
        log: list[Delta] = []
        self._stirred = True
        self._take(asserted, log)
        return {
            self._triple((number, key)) for delta in log for number, keys in delta.items() for key in keys
        }

    def _take(
        self, asserted: Iterable[tuple[Triple, frozenset[str]]], log: list[Delta] | None = None
    ) -> None:
        """Note who asserts what and close over it; background first, so that its rounds tell it apart."""
        with uncollected():
            plain, claimed = self._noted(asserted)
            if plain:
                self._scratch = None
            self._store.run(self._absent(plain), log)
            if self._ground < 0:
                self._ground = self._store.round
            self._store.run(self._absent(claimed), log)

    def _noted(self, asserted: Iterable[tuple[Triple, frozenset[str]]]) -> tuple[Delta, Delta]:
        """Note who asserts what; return the facts of the background and the facts of claims."""
        terms, kind, recording = self._terms, self._kind, self._recording
        plain: defaultdict[int, set[Key]] = defaultdict(set)
        claimed: defaultdict[int, dict[Key, frozenset[str]]] = defaultdict(dict)
        for (subject, predicate, value), claims in asserted:
            number = terms[predicate]
            key: Key = (terms[subject], terms[value])
            if number == kind:
                key, number = key[0], ~key[1]
            if claims and recording:
                known = claimed[number].setdefault(key, claims)
                if known is not claims:
                    claimed[number][key] = known | claims
            else:
                plain[number].add(key)
        for number, keys in plain.items():
            self._background[number] |= keys
        for number, said in claimed.items():
            before = self._claims[number]
            if before:
                said = {key: before.get(key, claims) | claims for key, claims in said.items()}
            before.update(said)
            if self._by_claim is not None:
                for key, claims in said.items():
                    for claim in claims:
                        self._by_claim.setdefault(claim, set()).add((number, key))
        return plain, {number: set(said) for number, said in claimed.items()}

    def _absent(self, delta: Delta, store: Store | None = None) -> Delta:
        """Return what of `delta` does not hold yet."""
        held = store or self._store
        return {number: new for number, keys in delta.items() if (new := keys - held.relation(number).facts)}

    def retract(self, claims: Iterable[str]) -> set[Triple]:
        """Take claims back; return exactly the triples that lost their last witness and so no longer hold.

        Raises
        ------
        Misuse
            If the closure was made without witnesses.

        Notes
        -----
        Time grows with what depends on the claims, not with the closure. Facts are looked at round by round,
        oldest first. One that has an instance of older, surviving premises stays; its support is well
        founded. One that has none goes, and what it led to is looked at in turn. At the end a fact that went
        but has an instance of any surviving premises comes back as the youngest there is, with what follows
        from it.
        """
        self._need_record("take claims back")
        withdrawn = frozenset(claims)
        by_claim, store = self._claim_index(), self._store
        doubtful: dict[int, set[Fact]] = {}
        rounds: list[int] = []

        def doubt(fact: Fact) -> None:
            rank = store.rank(fact)
            if rank not in doubtful:
                doubtful[rank] = set()
                heapq.heappush(rounds, rank)
            doubtful[rank].add(fact)

        for claim in withdrawn:
            for fact in by_claim.pop(claim, ()):
                number, key = fact
                left = self._claims[number][key] - {claim}
                if left:
                    self._claims[number][key] = left
                    continue
                del self._claims[number][key]
                if not self._free(fact):
                    doubt(fact)
        gone: Delta = {}
        while rounds:
            rank = heapq.heappop(rounds)
            died: Delta = {}
            for fact in doubtful.pop(rank):
                older = (
                    all(
                        store.rank(premise) < rank and premise[1] not in gone.get(premise[0], ())
                        for premise in premises
                    )
                    for _, premises in store.instances(fact)
                )
                if not any(older):
                    died.setdefault(fact[0], set()).add(fact[1])
            for number, keys in died.items():
                gone.setdefault(number, set()).update(keys)
            for _, number, keys in store.consequences(died):
                for key in keys:
                    fact = (number, key)
                    if store.rank(fact) > rank and not self._asserted(fact):
                        doubt(fact)
        store.remove(gone)
        again: Delta = {}
        for number, keys in gone.items():
            back = {key for key in keys if next(store.instances((number, key)), None) is not None}
            if back:
                again[number] = back
        self._stirred = self._stirred or bool(again)
        store.run(again)
        return {
            self._triple((number, key))
            for number, keys in gone.items()
            for key in keys
            if (number, key) not in store
        }

    def _claim_index(self) -> dict[str, set[Fact]]:
        if self._by_claim is None:
            self._by_claim = {}
            for number, said in self._claims.items():
                for key, claims in said.items():
                    for claim in claims:
                        self._by_claim.setdefault(claim, set()).add((number, key))
        return self._by_claim

    def _need_record(self, purpose: str) -> None:
        if not self._recording:
            raise Misuse(f"this closure was made with witnesses=False and cannot {purpose}")

    # -- witnesses

    def witnesses(self, triple: Triple, *, limit: int = 8, work: int = 20_000) -> Witnesses:
        """Return the minimal sets of claims that suffice for a triple.

        Parameters
        ----------
        triple : Triple
        limit : int
            Most sets to return.
        work : int
            Most rule instances to look at, and the order of magnitude of set comparisons, before settling for
            some witnesses rather than all; 20,000 are a few tenths of a second.

        Returns
        -------
        Witnesses
            No set at all for a triple that does not hold.

        Raises
        ------
        Misuse
            If the closure was made without witnesses.
        """
        fact = self._fact(triple)
        if fact is None or fact not in self._store:
            self._need_record("name witnesses")
            return Witnesses((), complete=True)
        return self._explained((fact,), limit, work)

    def _explained(self, goals: tuple[Fact, ...], limit: int, work: int) -> Witnesses:
        """Return witnesses for all of `goals` together."""
        self._need_record("name witnesses")
        if limit < 1:
            raise Misuse("the number of witnesses must be at least 1")
        goals = self._costly(goals)
        cone = self._cone(goals, work)
        claims = sorted({claim for fact in cone or () for claim in self._said(fact)})
        masks = None
        if cone is not None:
            try:
                masks = self._solved(cone, goals, claims, 10 * work, None)
            except _Exhausted:
                masks = None
        if masks is not None and len(masks) <= limit:
            return self._told(masks, claims, complete=True)
        if masks is not None:
            return self._told(masks[:limit], claims, complete=False)
        cone = self._thin_cone(goals, limit, work)
        claims = sorted({claim for fact in cone for claim in self._said(fact)})
        masks = self._solved(cone, goals, claims, None, limit)
        # Sets from a part of the instances suffice, but may hold more than they must.
        names = {
            self._shrunk(goals, frozenset(name for bit, name in enumerate(claims) if mask >> bit & 1))
            for mask in masks
        }
        return Witnesses(tuple(sorted(names, key=lambda names: (len(names), sorted(names)))), complete=False)

    @staticmethod
    def _told(masks: list[int], claims: list[str], *, complete: bool) -> Witnesses:
        sets = [frozenset(name for bit, name in enumerate(claims) if mask >> bit & 1) for mask in masks]
        return Witnesses(tuple(sorted(sets, key=lambda names: (len(names), sorted(names)))), complete)

    def _free(self, fact: Fact) -> bool:
        """Whether a fact is known to hold without any claim."""
        return fact[1] in self._background[fact[0]] or self._store.rank(fact) <= self._ground

    def _costly(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        return tuple(dict.fromkeys(fact for fact in facts if not self._free(fact)))

    def _cone(self, goals: tuple[Fact, ...], work: int) -> _Cone | None:
        """Return all rule instances that could matter to `goals`, or None if there are more than `work`."""
        cone: _Cone = {}
        todo = deque(goals)
        while todo:
            fact = todo.popleft()
            if fact in cone:
                continue
            rows: dict[tuple[Fact, ...], None] = {}
            cone[fact] = []
            for _, premises in self._store.instances(fact):
                work -= 1
                if work < 0:
                    return None
                needed = self._costly(premises)
                if fact not in needed:
                    rows[needed] = None
            cone[fact].extend(rows)
            todo.extend(premise for row in rows for premise in row if premise not in cone)
        return cone

    def _thin_cone(self, goals: tuple[Fact, ...], limit: int, work: int) -> _Cone:
        """Return up to `limit` instances a fact, from older premises; one each once `work` is done."""
        cone: _Cone = {}
        todo = deque(goals)
        while todo:
            fact = todo.popleft()
            if fact in cone:
                continue
            rank = self._store.rank(fact)
            most = limit if work > 0 else 0 if self._said(fact) else 1
            older = (
                self._costly(premises)
                for _, premises in self._store.instances(fact)
                if all(self._store.rank(premise) < rank for premise in premises)
            )
            cone[fact] = list(dict.fromkeys(itertools.islice(older, most)))
            work -= len(cone[fact])
            todo.extend(premise for row in cone[fact] for premise in row if premise not in cone)
        return cone

    def _solved(
        self, cone: _Cone, goals: tuple[Fact, ...], claims: list[str], work: int | None, most: int | None
    ) -> list[int]:
        """Return the minimal sets of claims, as bit sets, from which `goals` follow by `cone`.

        Notes
        -----
        The least fixpoint of the antichains of all facts, oldest first so that without cycles one sweep does.
        With `most`, each antichain keeps its smallest sets only; it then improves in a fixed order and still
        ends.

        Raises
        ------
        _Exhausted
            After comparisons of sets in the order of `work`.
        """
        bit = {name: 1 << number for number, name in enumerate(claims)}
        order = sorted(cone, key=self._store.rank)
        users: dict[Fact, set[Fact]] = defaultdict(set)
        for fact, rows in cone.items():
            for premise in itertools.chain(*rows):
                users[premise].add(fact)
        sets: dict[Fact, list[int]] = {fact: [] for fact in cone}

        def spend(sets: int) -> None:
            nonlocal work
            if work is not None:
                work -= sets + sets * sets // 16  # what comparing them may cost
                if work < 0:
                    raise _Exhausted

        def product(premises: Iterable[Fact]) -> list[int]:
            found = [0]
            for premise in premises:
                spend(len(found) * len(sets[premise]))
                found = _minimal(one | other for one in found for other in sets[premise])[:most]
            return found

        stale = set(cone)
        while stale:
            for fact in order:
                if fact in stale:
                    stale.discard(fact)
                    found = [bit[name] for name in self._said(fact)]
                    for row in cone[fact]:
                        found.extend(product(row))
                    spend(len(found))
                    found = _minimal(found)[:most]
                    if found != sets[fact]:
                        sets[fact] = found
                        stale |= users[fact]
        return product(goals)

    def _shrunk(self, goals: tuple[Fact, ...], claims: frozenset[str]) -> frozenset[str]:
        """Return a subset of `claims` that suffices for `goals` and can spare none of its claims."""
        for claim in sorted(claims):
            with self._alone(claims - {claim}) as (store, _):
                if all(goal in store for goal in goals):
                    claims -= {claim}
        return claims

    @contextmanager
    def _alone(self, claims: Iterable[str]) -> Iterator[tuple[Store, int]]:
        """Give what follows from the background and these claims alone, and the last round of the former."""
        if self._scratch is None:
            self._scratch = Store(self._program, ranked=True)
            known: dict[int, Delta] = defaultdict(dict)
            for fact in self._store.facts():
                rank = self._store.rank(fact)
                if rank <= self._ground:
                    known[rank].setdefault(fact[0], set()).add(fact[1])
            for rank in sorted(known):
                self._scratch.round = rank
                self._scratch.insert(known[rank])
            self._scratch.run(self._absent(self._background, self._scratch))
        store, index, log = self._scratch, self._claim_index(), list[Delta]()
        given: defaultdict[int, set[Key]] = defaultdict(set)
        for number, key in {fact for claim in claims for fact in index.get(claim, ())}:
            given[number].add(key)
        base = store.round
        store.run(self._absent(given, store), log)
        try:
            yield store, base
        finally:
            for delta in reversed(log):
                store.remove(delta)

    # -- proofs

    def proof(self, triple: Triple, claims: Iterable[str] | None = None, *, work: int = 20_000) -> Proof:
        """Return a proof of a triple with as few steps as possible.

        Parameters
        ----------
        triple : Triple
        claims : iterable of str, optional
            Use these claims only, such as one of the triple's witnesses; all by default.
        work : int
            Most rule instances to look at; beyond it some proof is returned, and its `Proof.least` is False.

        Raises
        ------
        NotFound
            If the triple does not hold, or not by these claims.
        Misuse
            If the closure was made without witnesses.

        References
        ----------
        D. E. Knuth. A generalization of Dijkstra's algorithm. Information Processing Letters 6(1), 1977.
        """
        self._need_record("prove anything")
        fact = self._fact(triple)
        if fact is None:
            raise NotFound("fact", " ".join(triple))
        if claims is None:
            return self._proved(self._store, fact, None, self._ground, work)
        allowed = frozenset(claims)
        with self._alone(allowed) as (store, base):
            return self._proved(store, fact, allowed, base, work)

    def _proved(
        self, store: Store, goal: Fact, allowed: frozenset[str] | None, base: int, work: int
    ) -> Proof:
        if goal not in store:
            raise NotFound("fact", " ".join(self._triple(goal)))

        def said(fact: Fact) -> frozenset[str]:
            return self._said(fact) if allowed is None else self._said(fact) & allowed

        def asserted(fact: Fact) -> bool:
            return bool(said(fact)) or fact[1] in self._background[fact[0]]

        search = _ProofSearch(store, asserted, None if self._stirred else base)
        steps, least = search.run(goal, work)
        proofs: dict[Fact, Proof] = {}
        for fact, row in steps.items():
            if row is None:
                proofs[fact] = Proof(self._triple(fact), claims=tuple(sorted(said(fact))))
            else:
                rule = self._program.clauses[row[0]].rule
                parts = tuple(proofs[premise] for premise in row[1])
                proofs[fact] = Proof(self._triple(fact), rule.name, parts, why=rule.why, least=least)
        return proofs[goal]

    # -- consistency

    def inconsistencies(self, *, limit: int = 8, work: int = 20_000) -> Iterator[Inconsistency]:
        """Yield the matches of rules without a head, with the claims that bring each about.

        Parameters
        ----------
        limit, work : int
            As for `witnesses`; bounds for each match. With ``witnesses=False`` no sets are named.
        """
        for number, clause in enumerate(self._program.clauses):
            if clause.head is not None:
                continue
            seen = set()
            for facts in list(self._store.matches(number)):
                if frozenset(facts) not in seen:
                    seen.add(frozenset(facts))
                    sets = (
                        self._explained(facts, limit, work)
                        if self._recording
                        else Witnesses((), complete=False)
                    )
                    yield Inconsistency(clause.rule, tuple(map(self._triple, facts)), sets)


def close(
    asserted: Iterable[tuple[Triple, frozenset[str]]],
    rules: Iterable[Rule],
    *,
    witnesses: bool = True,
    blocked: Iterable[Triple] = (),
    most: Mapping[str, int] | None = None,
) -> Closure:
    """Return everything that follows from asserted triples by rules.

    Parameters
    ----------
    asserted : iterable of (Triple, frozenset of str)
        A triple and the claims **each of which** suffices for it; it may come several times. No claim at all
        means background: it holds whatever is claimed (the ontology, kinds of entities).
    rules : iterable of Rule
        Rules without head are kept for `Closure.inconsistencies`.
    witnesses : bool
        Keep what is needed to explain and to retract.
    blocked : iterable of Triple
        Triples that no rule may conclude (somebody denies them), so that nothing follows from them either.
        One that is asserted holds all the same.
    most : mapping of str to int, optional
        Predicate to the largest number of its facts that is worth having.

    Raises
    ------
    Overgrown
        If there are more; far from all of them have been made by then.

    Returns
    -------
    Closure

    Notes
    -----
    About 2 µs and 210 bytes for each triple of the result, on one core. Transitive rules give up to the
    square of the things they relate.

    Examples
    --------
    >>> rule = Rule("carries on", (("?x", "on", "?z"),), (("?x", "on", "?y"), ("?y", "on", "?z")))
    >>> told = [(("a", "on", "b"), frozenset({"c1"})), (("b", "on", "c"), frozenset({"c2", "c3"}))]
    >>> closure = close(told, [rule])
    >>> [sorted(names) for names in closure.witnesses(("a", "on", "c")).sets]
    [['c1', 'c2'], ['c1', 'c3']]
    >>> closure.retract(["c1"]) == {("a", "on", "b"), ("a", "on", "c")}
    True
    """
    closure = Closure(rules, witnesses=witnesses, blocked=blocked, most=most)
    axioms = ((triple, frozenset[str]()) for triple in closure._program.axioms)
    closure._take(itertools.chain(axioms, asserted))
    return closure
