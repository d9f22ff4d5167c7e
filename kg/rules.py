"""What a rule is, and the two ways to write one: a ``CONSTRUCT`` of the house, or an axiom of OWL 2 RL.

Rules are Datalog over triples. A rule text holds triple patterns, ``FILTER(?a != ?b)`` and ``VALUES`` and
nothing else (`parse_rules`); an ontology is compiled axiom by axiom, and what has no rule is reported
(`rules_of_ontology`). There is no negation: accepting more claims only ever adds facts, and a denial is not
something a rule can see.

Terms are N-Triples strings; what starts with ``?`` is a variable. Identity is by name: two ids are two
things.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from kg.errors import Refused

__all__ = [
    "RDF_TYPE",
    "OntologyRules",
    "Pattern",
    "Rule",
    "RuleError",
    "Triple",
    "parse_rules",
    "rules_of_ontology",
]

Triple: TypeAlias = tuple[str, str, str]
#: A triple in which a term that starts with ``?`` is a variable.
Pattern: TypeAlias = tuple[str, str, str]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
RDF_TYPE = f"<{_RDF}type>"


class RuleError(Refused):
    """A rule that is not well formed or says more than a rule may."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whatever matches `body` makes `head` hold; with an empty head, it must not happen at all.

    Parameters
    ----------
    name : str
        What the rule says, in words that fit into a proof.
    head, body : tuple of Pattern
        Predicates are constants; so is the class in a head with ``rdf:type``. A rule without body is an
        axiom.
    distinct : tuple of (str, str)
        Pairs of terms that must differ.
    why : str
        Why the rule stands, for readers.

    Raises
    ------
    RuleError
        If a predicate is a variable, or a variable of the head or of `distinct` is not in the body.
    """

    name: str
    head: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    distinct: tuple[tuple[str, str], ...] = ()
    why: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        known = {term for pattern in self.body for term in pattern}
        for pattern in (*self.head, *self.body):
            if pattern[1].startswith("?"):
                raise RuleError(f"{self.name}: the predicate {pattern[1]} must be a constant; {_ROWS}")
        for pattern in self.head:
            if pattern[1] == RDF_TYPE and pattern[2].startswith("?"):
                raise RuleError(f"{self.name}: the class {pattern[2]} of a head must be a constant; {_ROWS}")
        for term in itertools.chain(*self.head, *self.distinct):
            if term.startswith("?") and term not in known:
                raise RuleError(f"{self.name}: {term} does not occur in a triple pattern of the WHERE part")


_TOKENS = r"""(?P<space>\s+|\#[^\n]*)
      | (?P<iri><[^<>"{}|^`\\\s]*>)
      | (?P<var>[?$]\w+)
      | (?P<string>"(?:[^"\\\n]|\\.)*")
      | (?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<number>[+-]?\d+(?!\.?\d|[eE]))
      | (?P<name>[A-Za-z][\w-]*:(?:[\w%][\w.%:-]*(?<![.:]))?|:(?:\w[\w.-]*(?<!\.))?)
      | (?P<word>[A-Za-z]+)
      | (?P<mark>&&|\^\^|!=|.)"""
_ROWS = "write one row of VALUES for each"
_ALLOWED = "a rule may hold triple patterns, FILTER(?a != ?b) and VALUES, nothing else"


class _RuleParser:
    """Recursive descent over the subset of SPARQL that a rule may use."""

    def __init__(self, text: str, prefixes: Mapping[str, str], source: str) -> None:
        self.source, self.prefixes = source, dict(prefixes)
        self.tokens: list[tuple[str, str, int]] = []
        line = 1
        for hit in re.finditer(_TOKENS, text, re.VERBOSE):
            if hit.lastgroup != "space":
                self.tokens.append((str(hit.lastgroup), hit.group(), line))
            line += hit.group().count("\n")
        self.tokens.append(("end", "the end of the text", line))
        self.at = 0

    def fail(self, message: str) -> RuleError:
        return RuleError(f"{self.source}, line {self.tokens[self.at][2]}: {message}")

    def peek(self) -> str:
        kind, text, _ = self.tokens[self.at]
        return text.upper() if kind == "word" and text != "a" else text

    def take(self, wanted: str = "") -> str:
        found = self.peek()
        if wanted and found != wanted:
            raise self.fail(f"{wanted} was expected, not {found}; {_ALLOWED}")
        self.at += 1
        return found

    def rules(self, name: str, why: str) -> tuple[Rule, ...]:
        while self.peek() == "PREFIX":
            self.take()
            if self.tokens[self.at][0] != "name" or not self.peek().endswith(":"):
                raise self.fail("PREFIX wants a name that ends with a colon, then an IRI")
            prefix = self.take()[:-1]
            if self.tokens[self.at][0] != "iri":
                raise self.fail("PREFIX wants an IRI in angle brackets")
            self.prefixes[prefix] = self.take()[1:-1]
        self.take("CONSTRUCT")
        self.take("{")
        head: list[Pattern] = []
        while self.peek() != "}":
            self.triples(head)
        self.take("}")
        if self.peek() == "WHERE":
            self.take()
        self.take("{")
        body: list[Pattern] = []
        distinct: list[tuple[str, str]] = []
        tables: list[list[dict[str, str]]] = []
        while self.peek() != "}":
            if self.peek() == "FILTER":
                self.filter(distinct)
            elif self.peek() == "VALUES":
                tables.append(self.values())
            else:
                self.triples(body)
                continue
            if self.peek() == ".":
                self.take()
        self.take("}")
        if self.tokens[self.at][0] != "end":
            raise self.fail(f"{self.peek()} after the last brace; {_ALLOWED}")
        if not head:
            raise self.fail("the CONSTRUCT part is empty")
        return tuple(self.expanded(name, why, head, body, distinct, tables))

    @staticmethod
    def expanded(
        name: str,
        why: str,
        head: list[Pattern],
        body: list[Pattern],
        distinct: list[tuple[str, str]],
        tables: list[list[dict[str, str]]],
    ) -> Iterator[Rule]:
        for rows in itertools.product(*tables):
            row = {variable: value for part in rows for variable, value in part.items()}
            pairs = [(row.get(a, a), row.get(b, b)) for a, b in distinct]
            if any(a == b for a, b in pairs):
                continue
            yield Rule(
                f"{name} [{', '.join(map(_local, row.values()))}]" if row else name,
                tuple((row.get(s, s), row.get(p, p), row.get(o, o)) for s, p, o in head),
                tuple((row.get(s, s), row.get(p, p), row.get(o, o)) for s, p, o in body),
                tuple(pair for pair in pairs if any(term.startswith("?") for term in pair)),
                why,
            )

    def triples(self, into: list[Pattern]) -> None:
        subject = self.term()
        while True:
            predicate = self.term(verb=True)
            while True:
                into.append((subject, predicate, self.term()))
                if self.peek() != ",":
                    break
                self.take()
            while self.peek() == ";":
                self.take()
            if self.peek() in (".", "}", "FILTER", "VALUES"):
                break
            if self.tokens[self.at - 1][1] != ";":
                raise self.fail(f"a full stop or another mark was expected, not {self.peek()}; {_ALLOWED}")
        if self.peek() == ".":
            self.take()

    def term(self, *, verb: bool = False) -> str:
        kind, text, _ = self.tokens[self.at]
        if (
            kind in ("word", "mark", "end", "lang")
            and not (verb and text == "a")
            and text.lower() not in ("true", "false")
        ):
            paths = "; property paths are not read either" if kind == "mark" and verb else ""
            raise self.fail(f"a term was expected, not {self.peek()}; {_ALLOWED}{paths}")
        if verb and kind in ("string", "number"):
            raise self.fail(f"{text} cannot be a predicate")
        self.at += 1
        if kind == "iri":
            return text
        if kind == "var":
            return "?" + text[1:]
        if kind == "word":
            return RDF_TYPE if text == "a" else f'"{text.lower()}"^^<{_XSD}boolean>'
        if kind == "number":
            return f'"{text}"^^<{_XSD}integer>'
        if kind == "string":
            if self.tokens[self.at][0] == "lang":
                return text + self.take()
            if self.peek() == "^^":
                self.take()
                return f"{text}^^{self.term()}"
            return text
        prefix, _, local = text.partition(":")
        if prefix not in self.prefixes:
            self.at -= 1
            raise self.fail(f"the prefix {prefix}: is not declared")
        return f"<{self.prefixes[prefix]}{local}>"

    def filter(self, into: list[tuple[str, str]]) -> None:
        self.take("FILTER")
        self.take("(")
        while True:
            left = self.term()
            self.take("!=")
            into.append((left, self.term()))
            if self.peek() != "&&":
                break
            self.take()
        self.take(")")

    def values(self) -> list[dict[str, str]]:
        self.take("VALUES")
        several = self.peek() == "("
        if several:
            self.take()
        variables = []
        while self.tokens[self.at][0] == "var":
            variables.append("?" + self.take()[1:])
            if not several:
                break
        if not variables:
            raise self.fail("VALUES wants a variable")
        if several:
            self.take(")")
        self.take("{")
        rows = []
        while self.peek() != "}":
            if several:
                self.take("(")
            row = [self.term() for _ in variables]
            if several:
                self.take(")")
            if any(value.startswith("?") for value in row):
                raise self.fail("a row of VALUES holds constants only")
            rows.append(dict(zip(variables, row, strict=True)))
        self.take("}")
        return rows


def parse_rules(
    text: str, *, prefixes: Mapping[str, str] | None = None, source: str = "rule"
) -> tuple[Rule, ...]:
    r"""Return the rules that one ``CONSTRUCT`` stands for: one, or one for each row of its ``VALUES``.

    Parameters
    ----------
    text : str
        Header comments ``# title:`` (becomes the name) and ``# why:``, then the query. A comment line
        indented by two or more blanks carries the line before on.
    prefixes : mapping of str to str, optional
        Prefixes known beforehand, name without colon to IRI.
    source : str
        What to call the text in messages, such as the file's name.

    Raises
    ------
    RuleError
        With the line, if there is no title or the text holds anything but triple patterns (``;`` ``,``
        ``a``), ``FILTER(?a != ?b)`` and ``VALUES``.

    Examples
    --------
    >>> text = "# title: whoever supplies provides\nCONSTRUCT { ?a :provides ?b } WHERE { ?a :supplies ?b }"
    >>> parse_rules(text, prefixes={"": "http://e/"})[0].head
    (('?a', '<http://e/provides>', '?b'),)
    """
    header: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if hit := re.match(r"#\s?(\w+):\s*(.*)", line):
            last = hit.group(1).lower()
            header[last] = hit.group(2).strip()
        elif last and (hit := re.match(r"#\s{2,}(\S.*)", line)):
            header[last] += " " + hit.group(1).strip()
        else:
            last = ""
    if not header.get("title"):
        raise RuleError(f"{source}, line 1: a rule opens with a comment '# title: what it says'")
    return _RuleParser(text, prefixes or {}, source).rules(header["title"], header.get("why", ""))


# -- the ontology's axioms as rules


class OntologyRules(NamedTuple):
    """The rules of an ontology, and the axioms that are not among them, each with its reason."""

    rules: tuple[Rule, ...]
    refused: tuple[str, ...]


class _Unsupported(Exception):
    """The reason why an axiom cannot become a rule."""


#: One way in which a class expression is met: patterns, and constants that variables must be.
_Way: TypeAlias = tuple[tuple[Pattern, ...], dict[str, str]]

_LABELS = ("label", "comment", "isDefinedBy", "seeAlso", "member")
_QUIET_TYPES = {
    "Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "OntologyProperty", "Ontology",
    "NamedIndividual", "Restriction", "AllDifferent", "Axiom", "Annotation", "DeprecatedClass",
    "DeprecatedProperty", "Thing", "DataRange",
}  # fmt: skip
#: Predicates that are annotations, or parts of expressions that are read where the expression is.
_QUIET_PREDICATES = {
    *_LABELS, "imports", "versionIRI", "versionInfo", "priorVersion", "backwardCompatibleWith", "incompatibleWith",
    "deprecated", "onProperty", "onClass", "someValuesFrom", "allValuesFrom", "hasValue", "hasSelf",
    "minCardinality", "minQualifiedCardinality", "maxCardinality", "maxQualifiedCardinality", "cardinality",
    "qualifiedCardinality", "members", "distinctMembers", "differentFrom", "annotatedSource",
    "annotatedProperty", "annotatedTarget", "onDatatype", "withRestrictions", "onDataRange",
    "datatypeComplementOf",
}  # fmt: skip
_ANYTHING = {f"<{_OWL}Thing>", f"<{_RDFS}Resource>"}
_EVERYTHING = {f"<{_OWL}topObjectProperty>", f"<{_OWL}topDataProperty>"}
_CONSTRUCTORS = ("intersectionOf", "unionOf", "oneOf", "complementOf")


def _owl(name: str) -> str:
    return f"<{_OWL}{name}>"


def _local(term: str) -> str:
    return re.split(r"[#/:]", term.rstrip("/#>"))[-1] if term.startswith("<") else term


def _when(*patterns: Pattern) -> _Way:
    return patterns, {}


def _joined(ways: Iterable[_Way]) -> _Way | None:
    """Return what meets all of `ways`, or None if they want different constants for one variable."""
    patterns: tuple[Pattern, ...] = ()
    constants: dict[str, str] = {}
    for more, fixed in ways:
        if any(constants.get(variable, value) != value for variable, value in fixed.items()):
            return None
        patterns += more
        constants.update(fixed)
    return patterns, constants


class _Axioms:
    """Compiles the axioms of one ontology.

    Variables `?x` and `?y` are the ends of a property, `?v1` and so on whatever lies between.
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.triples = sorted(set(triples))
        self.values: dict[tuple[str, str], list[str]] = defaultdict(list)
        for subject, predicate, value in self.triples:
            self.values[subject, predicate].append(value)
        typed = defaultdict(set)
        for subject, predicate, value in self.triples:
            if predicate == RDF_TYPE:
                typed[value].add(subject)
        self.annotations = typed[_owl("AnnotationProperty")] | {f"<{_RDFS}{name}>" for name in _LABELS}
        self.datatypes = typed[f"<{_RDFS}Datatype>"] | {
            f"<{_RDFS}Literal>",
            f"<{_RDF}langString>",
            f"<{_RDF}PlainLiteral>",
        }
        self.found: dict[tuple[object, ...], Rule] = {}
        self.refused: list[str] = []
        self.fresh = itertools.count(1)

    # -- reading expressions

    def one(self, node: str, predicate: str) -> str | None:
        found = self.values.get((node, predicate))
        return found[0] if found else None

    def items(self, node: str) -> list[str]:
        found, seen = [], set()
        while node != f"<{_RDF}nil>":
            first, rest = self.one(node, f"<{_RDF}first>"), self.one(node, f"<{_RDF}rest>")
            if first is None or rest is None or node in seen:
                raise _Unsupported("the list is broken")
            seen.add(node)
            found.append(first)
            node = rest
        return found

    def is_data(self, node: str) -> bool:
        return (
            node in self.datatypes
            or node.startswith(f"<{_XSD}")
            or self.one(node, _owl("onDatatype")) is not None
        )

    def ends(self, expression: str, x: str = "?x", y: str = "?y") -> Pattern:
        """Return the pattern for "`x` has `expression` `y`"."""
        inverse = self.one(expression, _owl("inverseOf"))
        if expression.startswith("<"):
            return x, expression, y
        if inverse is None:
            raise _Unsupported("the property expression is not readable")
        return y, inverse, x

    def words(self, node: str) -> str:
        """Return an expression in Manchester notation, with local names."""
        if node.startswith("<"):
            return _local(node)

        def listed(members: str, word: str) -> str:
            try:
                return word.join(map(self.words, self.items(members)))
            except _Unsupported:
                return "..."

        if inverse := self.one(node, _owl("inverseOf")):
            return f"inverse {self.words(inverse)}"
        if prop := self.one(node, _owl("onProperty")):
            for key, word in (("someValuesFrom", "some"), ("allValuesFrom", "only"), ("hasValue", "value")):
                if filler := self.one(node, _owl(key)):
                    return f"({self.words(prop)} {word} {self.words(filler)})"
            return f"(a number of {self.words(prop)})"
        for key, word in (("intersectionOf", " and "), ("unionOf", " or ")):
            if members := self.one(node, _owl(key)):
                return f"({listed(members, word)})"
        if members := self.one(node, _owl("oneOf")):
            return f"{{{listed(members, ', ')}}}"
        if negated := self.one(node, _owl("complementOf")):
            return f"not {self.words(negated)}"
        return node

    def a(self, node: str) -> str:
        name = self.words(node)
        return f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"

    def premises(self, node: str, x: str) -> list[_Way]:
        """Return the ways in which `x` can be seen to be a member of `node`."""
        if self.is_data(node):
            raise _Unsupported("kinds of literals are not inferred from")
        if node in _ANYTHING:
            return [((), {})]
        if node.startswith("<"):
            return [(((x, RDF_TYPE, node),), {})]
        if prop := self.one(node, _owl("onProperty")):
            if value := self.one(node, _owl("hasValue")):
                return [((self.ends(prop, x, value),), {})]
            if filler := self.one(node, _owl("someValuesFrom")):
                y = f"?v{next(self.fresh)}"
                return [
                    ((self.ends(prop, x, y), *patterns), fixed)
                    for patterns, fixed in self.premises(filler, y)
                ]
        if members := self.one(node, _owl("intersectionOf")):
            parts = [self.premises(member, x) for member in self.items(members)]
            return [way for choice in itertools.product(*parts) if (way := _joined(choice))]
        if members := self.one(node, _owl("unionOf")):
            return [way for member in self.items(members) for way in self.premises(member, x)]
        if members := self.one(node, _owl("oneOf")):
            return [((), {x: member}) for member in self.items(members)]
        raise _Unsupported("OWL 2 RL has no such expression on the side of the condition")

    def conclude(self, name: str, way: _Way, node: str, x: str) -> None:
        """Add the rules that make `x` a member of `node` wherever `way` is met."""
        patterns, fixed = way
        if self.is_data(node) or node in _ANYTHING:
            return
        if node == _owl("Nothing"):
            self.add(name, None, way)
        elif node.startswith("<"):
            self.add(name, (x, RDF_TYPE, node), way)
        elif members := self.one(node, _owl("intersectionOf")):
            for member in self.items(members):
                self.conclude(name, way, member, x)
        elif negated := self.one(node, _owl("complementOf")):
            for other in self.premises(negated, x):
                if both := _joined((way, other)):
                    self.add(name, None, both)
        elif prop := self.one(node, _owl("onProperty")):
            y, z = f"?v{next(self.fresh)}", f"?v{next(self.fresh)}"
            most = (
                self.one(node, _owl("maxCardinality"))
                or self.one(node, _owl("maxQualifiedCardinality"))
                or ""
            )
            if value := self.one(node, _owl("hasValue")):
                self.add(name, self.ends(prop, x, value), way)
            elif filler := self.one(node, _owl("allValuesFrom")):
                self.conclude(name, ((*patterns, self.ends(prop, x, y)), fixed), filler, y)
            elif most[:2] in ('"0', '"1'):
                ends = (y, z)[: int(most[1]) + 1]
                qualifier = self.one(node, _owl("onClass")) or _owl("Thing")
                for choice in itertools.product(*(self.premises(qualifier, end) for end in ends)):
                    if both := _joined((way, *(((self.ends(prop, x, end),), {}) for end in ends), *choice)):
                        self.add(name, None, both, ((y, z),) if len(ends) == 2 else ())
            else:
                raise _Unsupported("OWL 2 RL has no such expression on the side of the conclusion")
        else:
            raise _Unsupported("OWL 2 RL has no such expression on the side of the conclusion")

    def add(
        self, name: str, head: Pattern | None, way: _Way, distinct: tuple[tuple[str, str], ...] = ()
    ) -> None:
        patterns, fixed = way

        def filled(pattern: Pattern) -> Pattern:
            subject, predicate, value = pattern
            return fixed.get(subject, subject), predicate, fixed.get(value, value)

        body = tuple(dict.fromkeys(map(filled, patterns)))
        heads: tuple[Pattern, ...] = (filled(head),) if head else ()
        if head and any(term.startswith("?") and all(term not in p for p in body) for term in heads[0]):
            raise _Unsupported("it says something about everything there is")
        if not head or heads[0] not in body:
            pairs = tuple((fixed.get(a, a), fixed.get(b, b)) for a, b in distinct)
            self.found.setdefault((heads, body, pairs), Rule(name, heads, body, pairs))

    # -- axioms

    def compile(self) -> OntologyRules:
        for subject, predicate, value in self.triples:
            try:
                self.fresh = itertools.count(1)
                self.axiom(subject, predicate, value)
            except _Unsupported as reason:
                said = f"{self.words(subject)} {_local(predicate)} {self.words(value)}"
                self.refused.append(f"{said}: {reason}")
        return OntologyRules(tuple(self.found.values()), tuple(self.refused))

    def axiom(self, subject: str, predicate: str, value: str) -> None:
        if predicate == RDF_TYPE:
            if value.startswith(f"<{_OWL}"):
                self.characteristic(subject, _local(value))
            return
        if not predicate.startswith((f"<{_OWL}", f"<{_RDFS}")) or self.is_data(subject):
            return
        if subject in self.annotations or value in self.annotations:
            return
        what, a, b = _local(predicate), self.words(subject), self.words(value)
        if what in _CONSTRUCTORS and subject.startswith("<"):
            # A named class written as its own definition: the definition gets a node.
            what, definition = "equivalentClass", f"_:{what} of {subject}"
            self.values[definition, predicate] = [value]
            value = definition
        match what:
            case "subClassOf":
                self.subclass(subject, value)
            case "equivalentClass":
                self.equivalent(subject, value)
            case "disjointWith":
                self.disjoint([subject, value])
            case "domain":
                self.conclude(f"whatever has {a} is {self.a(value)}", _when(self.ends(subject)), value, "?x")
            case "range":
                self.conclude(
                    f"whatever {a} leads to is {self.a(value)}", _when(self.ends(subject)), value, "?y"
                )
            case "subPropertyOf" if value in _EVERYTHING:
                pass
            case "subPropertyOf":
                self.add(f"{a} is a kind of {b}", self.ends(value), _when(self.ends(subject)))
            case "equivalentProperty":
                self.add(f"{a} is a kind of {b}", self.ends(value), _when(self.ends(subject)))
                self.add(f"{b} is a kind of {a}", self.ends(subject), _when(self.ends(value)))
            case "inverseOf" if subject.startswith("<"):
                self.add(
                    f"{a} read backwards is {b}", self.ends(value, "?y", "?x"), _when(self.ends(subject))
                )
                self.add(
                    f"{b} read backwards is {a}", self.ends(subject, "?y", "?x"), _when(self.ends(value))
                )
            case "propertyChainAxiom":
                parts = self.items(value)
                stops = ["?x", *(f"?v{n}" for n in range(1, len(parts))), "?y"]
                links = [
                    self.ends(part, *pair)
                    for part, pair in zip(parts, itertools.pairwise(stops), strict=True)
                ]
                self.add(f"{' then '.join(map(self.words, parts))} is {a}", self.ends(subject), _when(*links))
            case "propertyDisjointWith":
                self.exclusive([subject, value])
            case _ if what not in _QUIET_PREDICATES and what not in _CONSTRUCTORS and what != "inverseOf":
                raise _Unsupported("this axiom has no rule here")

    def subclass(self, narrow: str, broad: str) -> None:
        name = f"every {self.words(narrow)} is {self.a(broad)}"
        for way in self.premises(narrow, "?x"):
            self.conclude(name, way, broad, "?x")

    def equivalent(self, one: str, other: str) -> None:
        reasons = []
        for narrow, broad in ((one, other), (other, one)):
            try:
                self.subclass(narrow, broad)
            except _Unsupported as reason:
                reasons.append(f"that every {self.words(narrow)} is {self.a(broad)} is left out, as {reason}")
        if reasons:
            raise _Unsupported("; ".join(reasons))

    def disjoint(self, classes: list[str]) -> None:
        for one, other in itertools.combinations(sorted(classes), 2):
            for ways in itertools.product(self.premises(one, "?x"), self.premises(other, "?x")):
                if both := _joined(ways):
                    self.add(f"nothing is both {self.a(one)} and {self.a(other)}", None, both)

    def exclusive(self, properties: list[str]) -> None:
        for one, other in itertools.combinations(sorted(properties), 2):
            name = f"{self.words(one)} and {self.words(other)} never hold between the same two"
            self.add(name, None, _when(self.ends(one), self.ends(other)))

    def characteristic(self, subject: str, kind: str) -> None:
        if kind in _QUIET_TYPES:
            return
        if kind in ("AllDisjointClasses", "AllDisjointProperties"):
            members = self.items(self.one(subject, _owl("members")) or "")
            (self.disjoint if kind == "AllDisjointClasses" else self.exclusive)(members)
            return
        name, xy = self.words(subject), self.ends(subject)
        yx, yz, xz, zy = (
            self.ends(subject, *pair) for pair in (("?y", "?x"), ("?y", "?z"), ("?x", "?z"), ("?z", "?y"))
        )
        match kind:
            case "SymmetricProperty":
                self.add(f"{name} holds both ways", yx, _when(xy))
            case "TransitiveProperty":
                self.add(f"{name} then {name} is {name}", xz, _when(xy, yz))
            case "AsymmetricProperty":
                self.add(f"{name} never holds both ways", None, _when(xy, yx))
            case "IrreflexiveProperty":
                self.add(f"nothing has {name} to itself", None, _when(self.ends(subject, "?x", "?x")))
            case "FunctionalProperty":
                self.add(f"nothing has two values of {name}", None, _when(xy, xz), (("?y", "?z"),))
            case "InverseFunctionalProperty":
                self.add(f"no two things share a value of {name}", None, _when(xy, zy), (("?x", "?z"),))
            case _:
                raise _Unsupported("this axiom has no rule here")


def rules_of_ontology(triples: Iterable[Triple]) -> OntologyRules:
    """Return the axioms of an ontology as rules, and those that cannot become one.

    Parameters
    ----------
    triples : iterable of Triple
        The ontology's modules together. Annotations, declarations and facts about individuals are passed over
        (give the facts to `close` as background).

    Returns
    -------
    OntologyRules
        Subclasses (with intersection, union, some, value and one-of on the side of the condition;
        intersection, only, value, not and at-most on the other), domains, ranges, property hierarchies,
        inverses, chains, symmetry and transitivity become rules. Disjointness, asymmetry, irreflexivity and
        functionality become rules without a head, which `Closure.inconsistencies` checks.

    Notes
    -----
    OWL infers that two values of a functional property are one thing; here two names are two things, so it is
    a constraint. Kinds of literals are left to the shapes.

    References
    ----------
    B. Motik et al. OWL 2 Web Ontology Language Profiles, section 4.3. W3C Recommendation, 2012.
    """
    return _Axioms(triples).compile()
