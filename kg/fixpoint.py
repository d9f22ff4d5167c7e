"""Facts closed under rules: how, not why.

A `Program` is rules over numbered terms; a `Store` holds facts and follows a program until nothing new comes,
in rounds that join only what the round before added (semi-naive evaluation [1]_). Facts lie in relations:
pairs for a predicate, members for a class. A rule becomes one Python comprehension over them, looking up
whatever is bound, and rules of equal shape share their code.

The round in which a fact first appeared is all that is kept for explanations, as Soufflé keeps heights [2]_:
each derived fact has a rule instance whose premises are all older. Which instance is found again, backwards,
by `Store.instances`.

References
----------
.. [1] F. Bancilhon, R. Ramakrishnan. An amateur's introduction to recursive query processing strategies.
   SIGMOD 1986.
.. [2] D. Zhao, P. Subotić, B. Scholz. Debugging large-scale Datalog: a scalable provenance evaluation
   strategy. ACM TOPLAS 42(2), 2020.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from kg.rules import RDF_TYPE, Pattern, Rule, Triple

__all__ = ["Delta", "Fact", "Key", "Overgrown", "Program", "Store", "Terms"]

#: A pair of term numbers in the relation of a predicate, or one term number in the relation of a class.
Key: TypeAlias = Any
#: Relation and key. A predicate's relation has its term number; a class's has the complement, so below zero.
Fact: TypeAlias = tuple[int, Key]
Delta: TypeAlias = dict[int, set[Key]]


class Terms(dict[str, int]):
    """Numbers for terms, given out at first sight."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self.names)
        self.names.append(term)
        return number

    def fact(self, triple: Triple) -> Fact:
        """Return the fact that a triple is."""
        subject, predicate, value = triple
        if predicate == RDF_TYPE:
            return ~self[value], self[subject]
        return self[predicate], (self[subject], self[value])


class Overgrown(Exception):
    """A relation has more facts than it may have."""


class _Atom(NamedTuple):
    """A pattern over a relation: numbers are terms, texts variables; no relation is a class not yet known."""

    relation: int | None
    args: tuple[int | str, ...]


class _Clause(NamedTuple):
    """A rule with at most one atom in its head."""

    rule: Rule
    head: _Atom | None
    body: tuple[_Atom, ...]
    distinct: tuple[tuple[int | str, int | str], ...]


class Program:
    """Rules over numbered terms, and the code for them; several stores can run one program.

    Parameters
    ----------
    rules : iterable of Rule
    terms : Terms
    blocked : iterable of Triple
        What no rule may conclude.
    most : mapping of str to int
        Predicate to the number of facts beyond which a store gives up.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        terms: Terms,
        blocked: Iterable[Triple] = (),
        most: Mapping[str, int] | None = None,
    ) -> None:
        self.terms = terms
        self.clauses: list[_Clause] = []
        self.axioms: list[Triple] = []
        self.most = {terms[predicate]: number for predicate, number in (most or {}).items()}
        self.blocked: Delta = {}
        refused = frozenset(blocked)
        for triple in refused:
            number, key = terms.fact(triple)
            self.blocked.setdefault(number, set()).add(key)
        seen = set()
        for rule in rules:
            if not rule.body:
                self.axioms.extend(head for head in rule.head if head not in refused)
                continue
            body = tuple(dict.fromkeys(map(self._atom, rule.body)))
            distinct = tuple((self._arg(a), self._arg(b)) for a, b in rule.distinct)
            for head in map(self._atom, rule.head) if rule.head else [None]:
                if (head, body, distinct) not in seen and head not in body:
                    seen.add((head, body, distinct))
                    self.clauses.append(_Clause(rule, head, body, distinct))
        self.uses: dict[int | None, list[tuple[int, int]]] = defaultdict(list)
        self.heads: dict[int, list[int]] = defaultdict(list)
        for number, clause in enumerate(self.clauses):
            if clause.head is not None and clause.head.relation is not None:
                self.heads[clause.head.relation].append(number)
                for place, atom in enumerate(clause.body):
                    self.uses[atom.relation].append((number, place))
        #: Clause that reads a predicate backwards to the clause that reads the result backwards.
        self.converse: dict[int, int] = {}
        turns = {self._turn(clause): number for number, clause in enumerate(self.clauses)}
        for turn, number in turns.items():
            if turn is not None and turn[::-1] in turns:
                self.converse[number] = turns[turn[::-1]]
        self._code: dict[tuple[int, int | None], tuple[str, list[tuple[str, int]]]] = {}

    @staticmethod
    def _turn(clause: _Clause) -> tuple[int, int] | None:
        """Return the relations that a clause leads between, if all it does is exchange the ends."""
        head, body = clause.head, clause.body[0]
        if head is None or head.relation is None or body.relation is None or len(clause.body) > 1:
            return None
        one, *other = body.args
        plain = isinstance(one, str) and other and isinstance(other[0], str) and one != other[0]
        turned = plain and not clause.distinct and head.args == (*other, one)
        return (body.relation, head.relation) if turned else None

    def _arg(self, term: str) -> int | str:
        return term if term.startswith("?") else self.terms[term]

    def _atom(self, pattern: Pattern) -> _Atom:
        subject, predicate, value = pattern
        if predicate != RDF_TYPE:
            return _Atom(self.terms[predicate], (self._arg(subject), self._arg(value)))
        if value.startswith("?"):
            return _Atom(None, (self._arg(subject), value))
        return _Atom(~self.terms[value], (self._arg(subject),))

    def code(self, number: int, seed: int | None) -> tuple[str, list[tuple[str, int]]]:
        """Return source and parameters: new heads from a body atom (`seed` >= 0), else rule instances.

        With `seed` -1 the instances of given heads, with None all instances.
        """
        if (number, seed) not in self._code:
            self._code[number, seed] = _Writer().write(self.clauses[number], seed)
        return self._code[number, seed]


class _Writer:
    """Writes a rule's join as one comprehension.

    Names stand for positions only, so that rules of equal shape give equal text and are compiled once. Atoms
    are taken greedily: first what can be checked, then what an index leads to from a bound variable, then
    from a constant, last whole relations; among equals the order of the rule decides.
    """

    def __init__(self) -> None:
        self.params: dict[tuple[str, int], str] = {}
        self.names: dict[str, str] = {}
        self.clauses: list[str] = []
        self.temporary = itertools.count()

    def param(self, kind: str, number: int = 0) -> str:
        return self.params.setdefault((kind, number), f"p{len(self.params)}")

    def bound(self, arg: int | str) -> bool:
        return isinstance(arg, int) or arg in self.names

    def ref(self, arg: int | str) -> str:
        return self.param("term", arg) if isinstance(arg, int) else self.names[arg]

    def target(self, args: Iterable[int | str], loop: str) -> None:
        """Add a loop over `args`, with a test for each that has a value already."""
        targets, tests = [], []
        for arg in args:
            if self.bound(arg):
                targets.append(f"t{next(self.temporary)}")
                tests.append(f"if {targets[-1]} == {self.ref(arg)}")
            else:
                assert isinstance(arg, str)
                targets.append(self.names.setdefault(arg, f"v{len(self.names)}"))
        self.clauses.append(loop.format(", ".join(targets)))
        self.clauses.extend(tests)

    def enter(self, atom: _Atom) -> None:
        """Add the clauses that match one atom against the store."""
        if atom.relation is None:
            member, cls = atom.args
            if self.bound(cls):
                members = f"{self.param('members')}.get({self.ref(cls)}, ())"
                if self.bound(member):
                    self.clauses.append(f"if {self.ref(member)} in {members}")
                else:
                    self.target([member], f"for {{}} in {members}")
            elif self.bound(member):
                self.target([cls], f"for {{}} in {self.param('classes')}.get({self.ref(member)}, ())")
            else:
                self.target([cls], f"for {{}}, m in {self.param('members')}.items()")
                self.target([member], "for {} in m")
            return
        values = [self.ref(arg) if self.bound(arg) else "" for arg in atom.args]
        facts = self.param("facts", atom.relation)
        if all(values):
            self.clauses.append(
                f"if {values[0]} in {facts}" if len(values) == 1 else f"if ({', '.join(values)}) in {facts}"
            )
        elif not any(values):
            self.target(atom.args, f"for {{}} in {facts}")
        elif values[0]:
            self.target(
                atom.args[1:], f"for {{}} in {self.param('forward', atom.relation)}.get({values[0]}, ())"
            )
        else:
            self.target(
                atom.args[:1], f"for {{}} in {self.param('backward', atom.relation)}.get({values[1]}, ())"
            )

    def cost(self, atom: _Atom) -> int:
        if all(map(self.bound, atom.args)):
            return 0
        if any(isinstance(arg, str) and self.bound(arg) for arg in atom.args):
            return 1 if atom.relation is not None else 2
        return 3 if any(map(self.bound, atom.args)) else 4

    def fact(self, atom: _Atom) -> str:
        args = [self.ref(arg) for arg in atom.args]
        if atom.relation is None:
            return f"(~{args[1]}, {args[0]})"
        key = args[0] if len(args) == 1 else f"({', '.join(args)})"
        return f"({self.param('relation', atom.relation)}, {key})"

    def write(self, clause: _Clause, seed: int | None) -> tuple[str, list[tuple[str, int]]]:
        forward = seed is not None and seed >= 0
        rest = list(clause.body)
        first = clause.head if seed == -1 else rest.pop(seed) if seed is not None else None
        pairs = list(clause.distinct)

        def tests() -> None:
            for pair in [pair for pair in pairs if all(map(self.bound, pair))]:
                pairs.remove(pair)
                self.clauses.append(f"if {self.ref(pair[0])} != {self.ref(pair[1])}")

        if first is not None and first.relation is None:
            # What only the class leads to comes before its members: most classes end there.
            self.target(first.args[1:], "for {}, m in D.items()")
            for atom in [atom for atom in rest if atom.relation is not None and self.cost(atom) == 1]:
                rest.remove(atom)
                self.enter(atom)
            if self.bound(first.args[0]):
                self.clauses.append(f"if {self.ref(first.args[0])} in m")
            else:
                self.target(first.args[:1], "for {} in m")
        elif first is not None:
            self.target(first.args, "for {} in D")
        else:
            self.clauses.append("for _ in (0,)")
        tests()
        while rest:
            atom = min(rest, key=self.cost)
            rest.remove(atom)
            self.enter(atom)
            tests()
        if forward and clause.head is not None:
            args = [self.ref(arg) for arg in clause.head.args]
            found = args[0] if len(args) == 1 else f"({', '.join(args)})"
            # A rule that only renames (subclass, subproperty) hands the set on as it is.
            result = (
                "D"
                if self.clauses == [f"for {found.strip('()')} in D"]
                else f"{{{found} {' '.join(self.clauses)}}}"
            )
        else:
            result = f"(({', '.join(map(self.fact, clause.body))},) {' '.join(self.clauses)})"
        source = (
            f"def make({', '.join(self.params.values())}):\n def run(D):\n  return {result}\n return run\n"
        )
        return source, list(self.params)


@lru_cache(maxsize=1024)
def _compiled(source: str) -> Callable[..., Callable[[Any], Any]]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<rule>", "exec"), namespace)  # text written by _Writer alone, from numbered names
    make: Callable[..., Callable[[Any], Any]] = namespace["make"]
    return make


class _Relation:
    """The facts of one predicate or class, the round each appeared in, and indexes once needed."""

    __slots__ = ("backward", "facts", "forward", "late", "rounds")

    def __init__(self) -> None:
        self.facts: set[Key] = set()
        #: Rounds that brought many facts, as they came: keeping the set is cheaper than noting each.
        self.rounds: list[tuple[int, set[Key]]] = []
        self.late: dict[Key, int] = {}
        self.forward: defaultdict[int, list[int]] | None = None
        self.backward: defaultdict[int, list[int]] | None = None

    def rank(self, key: Key) -> int:
        found = self.late.get(key)
        if found is None:
            found = next(number for number, keys in self.rounds if key in keys)
        return found

    def index(self, backward: bool) -> defaultdict[int, list[int]]:
        found = self.backward if backward else self.forward
        if found is None:
            found = defaultdict(list)
            if backward:
                self.backward = found
                for s, o in self.facts:
                    found[o].append(s)
            else:
                self.forward = found
                for s, o in self.facts:
                    found[s].append(o)
        return found


class Store:
    """Facts closed under a program.

    Parameters
    ----------
    program : Program
    ranked : bool
        Keep the round of each fact, without which nothing can be explained or taken back.
    """

    def __init__(self, program: Program, ranked: bool) -> None:
        self.program, self.ranked, self.round = program, ranked, 0
        self.relations: dict[int, _Relation] = {}
        self.members: dict[int, set[Key]] = {}
        self.classes: defaultdict[int, list[int]] | None = None
        self._triggers: dict[int | None, list[tuple[int, int, Callable[[Any], set[Key]]]]] = {}
        self._finders: dict[tuple[int, int | None], Callable[[Any], Iterator[tuple[Fact, ...]]]] = {}

    def relation(self, number: int) -> _Relation:
        """Return the relation with this number, made if need be."""
        found = self.relations.get(number)
        if found is None:
            found = self.relations[number] = _Relation()
            if number < 0:
                self.members[~number] = found.facts
        return found

    def __contains__(self, fact: Fact) -> bool:
        relation = self.relations.get(fact[0])
        return relation is not None and fact[1] in relation.facts

    def rank(self, fact: Fact) -> int:
        """Return the round in which a fact appeared."""
        return self.relations[fact[0]].rank(fact[1])

    def facts(self) -> Iterator[Fact]:
        """Yield every fact."""
        for number, relation in list(
            self.relations.items()
        ):  # asking for an explanation meanwhile may add empty ones
            for key in relation.facts:
                yield number, key

    # -- code

    def _instantiate(self, number: int, seed: int | None) -> Callable[[Any], Any]:
        source, params = self.program.code(number, seed)
        values: list[Any] = []
        for kind, which in params:
            if kind in ("term", "relation"):
                values.append(which)
            elif kind == "facts":
                values.append(self.relation(which).facts)
            elif kind == "members":
                values.append(self.members)
            elif kind == "classes":
                values.append(self._class_index())
            else:
                values.append(self.relation(which).index(kind == "backward"))
        return _compiled(source)(*values)

    def _class_index(self) -> defaultdict[int, list[int]]:
        if self.classes is None:
            self.classes = defaultdict(list)
            for cls, members in self.members.items():
                for member in members:
                    self.classes[member].append(cls)
        return self.classes

    def _triggered(self, relation: int | None) -> list[tuple[int, int, Callable[[Any], set[Key]]]]:
        found = self._triggers.get(relation)
        if found is None:
            found = self._triggers[relation] = []
            for number, place in self.program.uses.get(relation, ()):
                head = self.program.clauses[number].head
                assert head is not None
                assert head.relation is not None
                found.append((number, head.relation, self._instantiate(number, place)))
        return found

    def consequences(
        self, delta: Delta, turned: Mapping[int, set[Key]] | None = None
    ) -> Iterator[tuple[int, int, set[Key]]]:
        """Yield clause, relation and keys for the heads of all rule instances with a premise in `delta`.

        Premises in `turned` are passed over, by clause; heads that are blocked are left out.
        """
        blocked = self.program.blocked
        for relation, keys in delta.items():
            for number, head, fire in self._triggered(relation):
                known = turned.get(number) if turned else None
                if known is None or len(known) < len(keys):
                    found = fire(keys if known is None else keys - known)
                    yield number, head, found - blocked[head] if head in blocked else found
        classes = {~relation: keys for relation, keys in delta.items() if relation < 0}
        if classes:
            for number, head, fire in self._triggered(None):
                found = fire(classes)
                yield number, head, found - blocked[head] if head in blocked else found

    def instances(self, fact: Fact) -> Iterator[tuple[int, tuple[Fact, ...]]]:
        """Yield the rule instances that conclude `fact`: number of the clause, and premises."""
        if fact[1] in self.program.blocked.get(fact[0], ()):
            return
        for number in self.program.heads.get(fact[0], ()):
            for premises in self._finder(number, -1)((fact[1],)):
                yield number, premises

    def matches(self, number: int) -> Iterator[tuple[Fact, ...]]:
        """Yield the premises of all instances of a clause."""
        return self._finder(number, None)(())

    def _finder(self, number: int, seed: int | None) -> Callable[[Any], Iterator[tuple[Fact, ...]]]:
        if (number, seed) not in self._finders:
            self._finders[number, seed] = self._instantiate(number, seed)
        return self._finders[number, seed]

    # -- changing

    def insert(self, delta: Delta) -> None:
        """Add facts, none of which is there, as of the present round; the sets are the store's from then on."""
        for number, keys in delta.items():
            relation = self.relation(number)
            relation.facts |= keys
            if self.ranked:
                if len(keys) > 1000:
                    relation.rounds.append((self.round, keys))
                else:
                    relation.late.update(dict.fromkeys(keys, self.round))
            if relation.forward is not None:
                forward = relation.forward
                for s, o in keys:
                    forward[s].append(o)
            if relation.backward is not None:
                backward = relation.backward
                for s, o in keys:
                    backward[o].append(s)
            if number < 0 and self.classes is not None:
                for member in keys:
                    self.classes[member].append(~number)

    def run(self, delta: Delta, log: list[Delta] | None = None) -> None:
        """Insert `delta` in a new round and follow the rules from there until nothing is new.

        Notes
        -----
        A round's conclusions are put in together at its end, so each is younger than its premises. What a rule
        that reads a predicate backwards has just made is not read back by its converse.

        Raises
        ------
        Overgrown
            If a relation has more facts than the program allows; the store is then of no use.
        """
        turned: dict[int, set[Key]] = {}
        while delta:
            self.round += 1
            self.insert(delta)
            for relation, most in self.program.most.items():
                if relation in delta and len(self.relations[relation].facts) > most:
                    raise Overgrown
            if log is not None:
                log.append(delta)
            fresh: Delta = {}
            made: dict[int, set[Key]] = {}
            for number, head, keys in self.consequences(delta, turned):
                new = keys.difference(self.relation(head).facts)
                if not new:
                    continue
                if number in self.program.converse:
                    made[self.program.converse[number]] = new.copy()
                if head in fresh:
                    fresh[head] |= new
                else:
                    fresh[head] = new
            delta, turned = fresh, made

    def remove(self, delta: Delta) -> None:
        """Take facts out, all of which are there."""
        for number, keys in delta.items():
            relation = self.relations[number]
            relation.facts -= keys
            if relation.forward is not None:
                _drop(relation.forward, keys)
            if relation.backward is not None:
                _drop(relation.backward, ((o, s) for s, o in keys))
            if number < 0 and self.classes is not None:
                for member in keys:
                    self.classes[member].remove(~number)
            for key in keys & relation.late.keys():
                del relation.late[key]
            for _, early in relation.rounds:
                early -= keys  # last of all: it may be the very set


def _drop(index: dict[int, list[int]], pairs: Iterable[tuple[int, int]]) -> None:
    """Take entries out of an index; what many things point to must not be walked once for each."""
    gone: defaultdict[int, set[int]] = defaultdict(set)
    for key, entry in pairs:
        gone[key].add(entry)
    for key, entries in gone.items():
        if len(entries) == 1:
            index[key].remove(entries.pop())
        else:
            index[key] = [entry for entry in index[key] if entry not in entries]
