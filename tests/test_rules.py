"""Rule texts and ontology axioms become rules, or are refused in so many words."""

from __future__ import annotations

import random

import pytest
from rdflib import OWL, RDF, Graph, URIRef

from kg.infer import RuleError, Triple, close, parse_rules, rules_of_ontology
from kg.rules import RDF_TYPE
from kg.vocabulary import folder

E = "http://e/"
HEAD = "# title: a rule\nPREFIX : <http://e/>\n"


def e(name: str) -> str:
    """Return the N-Triples term of an example name."""
    return f"<{E}{name}>"


def triples(turtle: str) -> list[Triple]:
    """Return the triples of some Turtle, with the usual prefixes, as N-Triples terms."""
    graph = Graph()
    prefixes = {
        "": E,
        "owl": str(OWL),
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }
    graph.parse(
        data="".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes.items()) + turtle,
        format="turtle",
    )
    return [(s.n3(), p.n3(), o.n3()) for s, p, o in graph]


def short(found: set[Triple]) -> set[str]:
    """Return triples as ``s p o`` with local names."""
    return {
        " ".join("a" if t == RDF_TYPE else t.removeprefix(f"<{E}").rstrip(">") for t in triple)
        for triple in found
    }


def follows(axioms: str, facts: str) -> set[str]:
    """Return what follows from facts by the axioms of an ontology."""
    given = triples(facts)
    closure = close([(triple, frozenset()) for triple in given], rules_of_ontology(triples(axioms)).rules)
    return short(set(closure.triples()) - set(given))


# -- texts


def test_a_rule_text_is_a_rule():
    """Semicolons, commas and `a` are read as in SPARQL, and the header gives name and reason."""
    (rule,) = parse_rules(
        "# title: firms that get depend\n# why: one reason,\n#   in two lines\nPREFIX : <http://e/>\n"
        "CONSTRUCT { ?a :dependsOn ?b } WHERE { ?t a :Supply ; :to ?a ; :from ?b , ?c . FILTER(?a != ?b && ?a != :me) }"
    )
    assert (rule.name, rule.why) == ("firms that get depend", "one reason, in two lines")
    assert rule.head == (("?a", e("dependsOn"), "?b"),)
    assert rule.body == (
        ("?t", RDF_TYPE, e("Supply")),
        ("?t", e("to"), "?a"),
        ("?t", e("from"), "?b"),
        ("?t", e("from"), "?c"),
    )
    assert rule.distinct == (("?a", "?b"), ("?a", e("me")))


def test_each_row_of_values_is_a_rule_of_its_own():
    """Rows are multiplied out, named after their values, and dropped where they contradict a filter."""
    found = parse_rules(
        HEAD
        + "CONSTRUCT { ?a ?p ?b } WHERE { VALUES (?c ?p) { (:C :p) (:D :q) } VALUES ?r { :C :s } ?a a ?c ; ?r ?b FILTER(?c != ?r) }"
    )
    assert [rule.name for rule in found] == ["a rule [C, p, s]", "a rule [D, q, C]", "a rule [D, q, s]"]
    assert found[1].body == (("?a", RDF_TYPE, e("D")), ("?a", e("C"), "?b"))
    assert all(rule.distinct == () for rule in found)


def test_literals_are_written_as_n_triples():
    """Strings, languages, datatypes, whole numbers and truth values are terms like any other."""
    (rule,) = parse_rules(
        HEAD + 'CONSTRUCT { ?a :is "x"@en } WHERE { ?a :n 4 ; :t true ; :s "q\\"" ; :d "1"^^:d . }'
    )
    xsd = "http://www.w3.org/2001/XMLSchema#"
    objects = ['"x"@en', f'"4"^^<{xsd}integer>', f'"true"^^<{xsd}boolean>', '"q\\""', '"1"^^<http://e/d>']
    assert [pattern[2] for pattern in (*rule.head, *rule.body)] == objects


@pytest.mark.parametrize(
    ("body", "line", "complaint"),
    [
        ("?a :p ?b .\nOPTIONAL { ?a :q ?c }", 4, "OPTIONAL"),
        ("{ ?a :p ?b } UNION { ?b :p ?a }", 3, "{"),
        ("?a :p ?b . BIND(?a AS ?c)", 3, "BIND"),
        ("?a :p ?b .\n\nFILTER NOT EXISTS { ?a :q ?b }", 5, "( was expected, not NOT"),
        ("?a :p ?b . FILTER(?a = ?b)", 3, "!= was expected, not ="),
        ("?a :p/:q ?b", 3, "/"),
        ("?a ^:p ?b", 3, "property paths"),
        ("?a :p [ :q ?b ]", 3, "["),
        ("?a :p ?b ; :q _:c", 3, "_"),
        ("?a :p 1.5 . ?a :p ?b", 3, "1"),
        ("?a x:p ?b", 3, "the prefix x: is not declared"),
        ("VALUES (?a ?b) { (:x) }", 3, ")"),
        ("VALUES ?a { ?b }", 3, "constants only"),
        ("?a ?p ?b", None, "the predicate ?p must be a constant"),
        ("?a :p ?c", None, "?b does not occur"),
        ("?a :p ?b . FILTER(?a != ?z)", None, "?z does not occur"),
        ("GRAPH ?g { ?a :p ?b }", 3, "GRAPH"),
        ("?a :p ?b } LIMIT 3 {", 3, "LIMIT"),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_line(body: str, line: int | None, complaint: str):
    """The message names the text, the line and what stood there."""
    with pytest.raises(RuleError) as caught:
        parse_rules(HEAD + "CONSTRUCT { ?a :r ?b } WHERE { " + body + " }", source="x.rq")
    assert complaint in str(caught.value)
    assert line is None or f"x.rq, line {line}: " in str(caught.value)


def test_a_rule_needs_a_title_and_a_constant_class():
    """A rule without a name cannot stand in a proof; a class that is looked up cannot be concluded."""
    with pytest.raises(RuleError, match=r"x\.rq, line 1: a rule opens with a comment '# title"):
        parse_rules("CONSTRUCT { ?a a ?b } WHERE { ?a a ?b }", source="x.rq")
    with pytest.raises(RuleError, match=r"the class \?c of a head must be a constant"):
        parse_rules(HEAD + "CONSTRUCT { ?a a ?c } WHERE { ?a :kind ?c }")


# -- axioms

AXIOMS = {
    "subclass": (":C rdfs:subClassOf :D .", ":x a :C .", {"x a D"}),
    "equivalent classes": (":C owl:equivalentClass :D .", ":x a :C . :y a :D .", {"x a D", "y a C"}),
    "some, on a condition": ("[ owl:onProperty :p ; owl:someValuesFrom :C ] rdfs:subClassOf :D .", ":x :p :y . :y a :C . :z :p :x .", {"x a D"}),
    "value, on a condition": ("[ owl:onProperty :p ; owl:hasValue :v ] rdfs:subClassOf :D .", ":x :p :v , :w .", {"x a D"}),
    "some thing": ("[ owl:onProperty :p ; owl:someValuesFrom owl:Thing ] rdfs:subClassOf :D .", ":x :p :y .", {"x a D"}),
    "intersection, on a condition": ("[ owl:intersectionOf (:A :B) ] rdfs:subClassOf :D .", ":x a :A , :B . :y a :A .", {"x a D"}),
    "nested": (
        "[ owl:intersectionOf (:A [ owl:onProperty :p ; owl:someValuesFrom [ owl:intersectionOf (:B [ owl:onProperty :q ; owl:hasValue :v ]) ] ]) ]"
        " rdfs:subClassOf :D .",
        ":x a :A ; :p :r . :r a :B ; :q :v . :y a :A ; :p :s . :s a :B ; :q :w .",
        {"x a D"},
    ),
    "union, on a condition": ("[ owl:unionOf (:A :B) ] rdfs:subClassOf :D .", ":x a :A . :y a :B .", {"x a D", "y a D"}),
    "one of, on a condition": ("[ owl:oneOf (:x :y) ] rdfs:subClassOf :D .", ":z a :C .", {"x a D", "y a D"}),
    "one of, inside": (
        "[ owl:onProperty :p ; owl:someValuesFrom [ owl:oneOf (:v :w) ] ] rdfs:subClassOf :D .", ":x :p :v . :y :p :w . :z :p :u .", {"x a D", "y a D"},
    ),
    "a class defined in place": (":D owl:intersectionOf (:A :B) .", ":x a :A , :B . :y a :D .", {"x a D", "y a A", "y a B"}),
    "inverse, on a condition": ("[ owl:onProperty [ owl:inverseOf :p ] ; owl:someValuesFrom :C ] rdfs:subClassOf :D .", ":x a :C ; :p :y .", {"y a D"}),
    "value, as conclusion": (":C rdfs:subClassOf [ owl:onProperty :p ; owl:hasValue :v ] .", ":x a :C .", {"x p v"}),
    "only, as conclusion": (":C rdfs:subClassOf [ owl:onProperty :p ; owl:allValuesFrom :D ] .", ":x a :C ; :p :y . :z :p :w .", {"y a D"}),
    "intersection, as conclusion": (":C rdfs:subClassOf [ owl:intersectionOf (:A :B) ] .", ":x a :C .", {"x a A", "x a B"}),
    "subproperty": (":p rdfs:subPropertyOf :q .", ":x :p :y .", {"x q y"}),
    "equivalent properties": (":p owl:equivalentProperty :q .", ":x :p :y . :z :q :w .", {"x q y", "z p w"}),
    "domain and range": (":p rdfs:domain :C ; rdfs:range :D .", ":x :p :y .", {"x a C", "y a D"}),
    "range of literals": (":p rdfs:range xsd:date .", ":x :p '2026-01-01'^^xsd:date .", set()),
    "inverse": (":p owl:inverseOf :q .", ":x :p :y . :z :q :w .", {"y q x", "w p z"}),
    "symmetric": (":p a owl:SymmetricProperty .", ":x :p :y .", {"y p x"}),
    "transitive": (":p a owl:TransitiveProperty .", ":x :p :y . :y :p :z . :z :p :w .", {"x p z", "x p w", "y p w"}),
    "chain of three": (":r owl:propertyChainAxiom (:p [ owl:inverseOf :q ] :p) .", ":x :p :y . :z :q :y . :z :p :w .", {"x r w"}),
}  # fmt: skip


@pytest.mark.parametrize("name", AXIOMS)
def test_an_axiom_concludes_what_owl_concludes(name: str):
    """Exactly the expected facts follow."""
    axioms, facts, expected = AXIOMS[name]
    assert not rules_of_ontology(triples(axioms)).refused
    assert follows(axioms, facts) == expected


CONSTRAINTS = {
    "disjoint": (":C owl:disjointWith :D .", ":x a :C , :D .", "nothing is both a C and a D"),
    "all disjoint": ("[] a owl:AllDisjointClasses ; owl:members (:A :B :C) .", ":x a :B , :C .", "nothing is both a B and a C"),
    "complement": (":C rdfs:subClassOf [ owl:complementOf :D ] .", ":x a :C , :D .", "every C is a not D"),
    "nothing": ("[ owl:intersectionOf (:C :D) ] rdfs:subClassOf owl:Nothing .", ":x a :C , :D .", "every (C and D) is a Nothing"),
    "disjoint properties": (":p owl:propertyDisjointWith :q .", ":x :p :y ; :q :y .", "p and q never hold between the same two"),
    "asymmetric": (":p a owl:AsymmetricProperty .", ":x :p :y . :y :p :x .", "p never holds both ways"),
    "irreflexive": (":p a owl:IrreflexiveProperty .", ":x :p :x .", "nothing has p to itself"),
    "functional": (":p a owl:FunctionalProperty .", ":x :p :y , :z .", "nothing has two values of p"),
    "inverse functional": (":p a owl:InverseFunctionalProperty .", ":x :p :y . :z :p :y .", "no two things share a value of p"),
    "at most none": (
        ":C rdfs:subClassOf [ owl:onProperty :p ; owl:maxCardinality '0'^^xsd:nonNegativeInteger ] .", ":x a :C ; :p :y .", "every C is a (a number of p)",
    ),
    "at most one": (
        ":C rdfs:subClassOf [ owl:onProperty :p ; owl:onClass :D ; owl:maxQualifiedCardinality '1'^^xsd:nonNegativeInteger ] .",
        ":x a :C ; :p :y , :z . :y a :D . :z a :D .",
        "every C is a (a number of p)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_a_constraint_finds_its_violation_once(name: str):
    """A violation is listed with the rule and all the facts that clash; without one of these there is none."""
    axioms, facts, rule = CONSTRAINTS[name]
    rules = rules_of_ontology(triples(axioms)).rules
    given = [(triple, frozenset({f"c{number}"})) for number, triple in enumerate(sorted(triples(facts)))]
    (found,) = close(given, rules).inconsistencies()
    assert found.rule.name == rule
    assert set(found.facts) == {triple for triple, _ in given}
    assert found.witnesses.sets == (frozenset().union(*(claims for _, claims in given)),)
    for left_out in given:
        assert not list(close([fact for fact in given if fact != left_out], rules).inconsistencies())


@pytest.mark.parametrize(
    ("axiom", "said"),
    [
        (":C rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :D ] .", "C subClassOf (p some D): OWL 2 RL has no such expression"),
        (":C rdfs:subClassOf [ owl:unionOf (:A :B) ] .", "C subClassOf (A or B)"),
        ("[ owl:complementOf :A ] rdfs:subClassOf :C .", "not A subClassOf C"),
        ("[ owl:onProperty :p ; owl:allValuesFrom :A ] rdfs:subClassOf :C .", "(p only A) subClassOf C"),
        ("[ owl:onProperty :p ; owl:someValuesFrom xsd:integer ] rdfs:subClassOf :C .", "kinds of literals are not inferred from"),
        (":C owl:equivalentClass [ owl:onProperty :p ; owl:someValuesFrom :D ] .", "that every C is a (p some D) is left out"),
        (":p a owl:ReflexiveProperty .", "p type ReflexiveProperty"),
        (":C owl:hasKey (:p) .", "C hasKey"),
        (":x owl:sameAs :y .", "x sameAs y"),
        (":C owl:disjointUnionOf (:A :B) .", "C disjointUnionOf"),
        ("owl:Thing rdfs:subClassOf :C .", "it says something about everything there is"),
        (":C rdfs:subClassOf [ owl:intersectionOf :nowhere ] .", "the list is broken"),
    ],
)  # fmt: skip
def test_an_axiom_without_a_rule_is_reported(axiom: str, said: str):
    """It is named in words, with the reason."""
    (refused,) = rules_of_ontology(triples(axiom)).refused
    assert said in refused


def test_half_an_equivalence_is_kept():
    """The direction that OWL 2 RL allows becomes a rule although the other is refused."""
    axiom = ":D owl:equivalentClass [ owl:onProperty :p ; owl:someValuesFrom :C ] ."
    assert follows(axiom, ":x :p :y . :y a :C . :z a :D .") == {"x a D"}


def test_annotations_and_facts_are_passed_over():
    """Labels, annotation hierarchies, declarations and individuals neither become rules nor are reported."""
    text = (
        ":note a owl:AnnotationProperty ; rdfs:subPropertyOf rdfs:comment ; rdfs:domain :C . :C a owl:Class ; rdfs:label 'c' ; :note 'n' ."
        " :x a :C , owl:NamedIndividual ; :p :y . <http://e/> a owl:Ontology ; owl:versionInfo '1' ; owl:imports <http://f/> ."
        " :d a rdfs:Datatype ; owl:equivalentClass [ a rdfs:Datatype ; owl:onDatatype xsd:integer ] ."
    )
    assert rules_of_ontology(triples(text)) == ((), ())


def test_the_projects_ontology_is_compiled_whole():
    """No axiom of the shipped ontology is left without a rule, and every rule file is read."""
    pyoxigraph = pytest.importorskip("pyoxigraph")
    found: list[Triple] = []
    for number, path in enumerate(sorted(folder("ontology").glob("*.ttl"))):
        if path.stem not in ("shapes", "alignments"):
            for quad in pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE):
                s, p, o = (
                    str(t) if not isinstance(t, pyoxigraph.BlankNode) else f"_:{number}{t.value}"
                    for t in list(quad)[:3]
                )
                found.append((s, p, o))
    rules, refused = rules_of_ontology(found)
    assert refused == ()
    assert len(rules) > 300
    for path in sorted((folder("queries") / "rules").glob("*.rq")):
        assert all(rule.why for rule in parse_rules(path.read_text(encoding="utf-8"), source=path.name))


def _random_axioms(rnd: random.Random) -> str:
    """Return a dozen axioms over four classes and four properties."""

    def cls() -> str:
        return rnd.choice([":A", ":B", ":C", ":D"])

    def prop() -> str:
        return rnd.choice([":p", ":q", ":r", ":s"])

    def condition(depth: int = 2) -> str:
        kind = rnd.randrange(6 if depth else 1)
        if kind < 2:
            return cls()
        if kind == 2:
            return f"[ a owl:Class ; owl:intersectionOf ({condition(depth - 1)} {condition(depth - 1)}) ]"
        if kind == 3:
            return f"[ a owl:Class ; owl:unionOf ({condition(depth - 1)} {condition(depth - 1)}) ]"
        if kind == 4:
            return (
                f"[ a owl:Restriction ; owl:onProperty {prop()} ; owl:someValuesFrom {condition(depth - 1)} ]"
            )
        return f"[ a owl:Restriction ; owl:onProperty {prop()} ; owl:hasValue :a ]"

    def conclusion() -> str:
        return rnd.choice(
            [cls(), cls(), f"[ a owl:Restriction ; owl:onProperty {prop()} ; owl:hasValue :b ]",
             f"[ a owl:Restriction ; owl:onProperty {prop()} ; owl:allValuesFrom {cls()} ]"]
        )  # fmt: skip

    forms = [
        lambda: f"{condition()} rdfs:subClassOf {conclusion()} .",
        lambda: f"{prop()} rdfs:subPropertyOf {prop()} .",
        lambda: f"{prop()} rdfs:domain {cls()} .",
        lambda: f"{prop()} rdfs:range {cls()} .",
        lambda: f"{prop()} owl:inverseOf {prop()} .",
        lambda: f"{prop()} a owl:SymmetricProperty .",
        lambda: f"{prop()} a owl:TransitiveProperty .",
        lambda: f"{prop()} owl:propertyChainAxiom ({prop()} {prop()}) .",
    ]
    return "\n".join(rnd.choice(forms)() for _ in range(rnd.randint(3, 10)))


def test_axioms_conclude_what_owlrl_concludes():
    """On 25 random ontologies and graphs, facts about individuals are those of an independent RL engine."""
    owlrl = pytest.importorskip("owlrl")
    derived = 0
    for seed in range(25):
        rnd = random.Random(seed)
        axioms = _random_axioms(rnd)
        names = [":a", ":b", ":c", ":d", ":e"]
        facts = "\n".join(
            f"{rnd.choice(names)} a {rnd.choice([':A', ':B', ':C', ':D'])} ." if rnd.random() < 0.4
            else f"{rnd.choice(names)} {rnd.choice([':p', ':q', ':r', ':s'])} {rnd.choice(names)} ."
            for _ in range(rnd.randint(2, 10))
        )  # fmt: skip
        ontology = rules_of_ontology(triples(axioms))
        assert not ontology.refused
        closure = close([(triple, frozenset()) for triple in triples(facts)], ontology.rules)
        whole = Graph()
        whole.parse(
            data=f"@prefix : <{E}> . @prefix owl: <{OWL}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n{axioms}\n{facts}",
            format="turtle",
        )
        owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, improved_datatypes=False).expand(whole)
        individuals = {URIRef(E + name[1:]) for name in names}
        classes = {URIRef(E + name) for name in "ABCD"}
        properties = {URIRef(E + name) for name in "pqrs"}
        theirs = {
            (s.n3(), p.n3(), o.n3())
            for s, p, o in whole
            if s in individuals
            and ((p == RDF.type and o in classes) or (p in properties and o in individuals))
        }
        assert set(closure.triples()) == theirs, f"seed {seed}\n{axioms}\n{facts}"
        derived += sum(1 for _ in closure.derived())
    assert derived > 150
