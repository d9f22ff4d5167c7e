"""What follows follows for a reason: closures, witnesses, proofs and retraction, each against an independent oracle."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import Misuse, NotFound
from kg.infer import Closure, Proof, Rule, Triple, close, parse_rules
from kg.rules import RDF_TYPE
from kg.vocabulary import folder

Given = list[tuple[Triple, frozenset[str]]]

# -- an independent evaluator, as plain as it gets


def instances(rule: Rule, facts: Iterable[Triple]) -> Iterator[tuple[list[Triple], set[Triple]]]:
    """Yield heads and premises of every instance of a rule."""
    about: dict[str, list[Triple]] = {}
    for fact in facts:
        about.setdefault(fact[1], []).append(fact)
    found: list[dict[str, str]] = [{}]
    for subject, predicate, value in rule.body:
        extended = []
        for binding in found:
            s, o = binding.get(subject, subject), binding.get(value, value)
            for one, _, other in about.get(predicate, ()):
                fits = (s.startswith("?") or s == one) and (o.startswith("?") or o == other)
                if fits and (s != o or one == other):
                    extended.append(binding | {s: one, o: other})
        found = extended
    for binding in found:
        heads, premises = (
            [(binding.get(s, s), p, binding.get(o, o)) for s, p, o in part] for part in (rule.head, rule.body)
        )
        if all(binding.get(a, a) != binding.get(b, b) for a, b in rule.distinct):
            yield heads, set(premises)


def closed(facts: Iterable[Triple], rules: list[Rule], blocked: Iterable[Triple] = ()) -> set[Triple]:
    """Return the facts closed under the rules, by trying everything until nothing is new."""
    known, barred = set(facts), set(blocked)
    while True:
        new = (
            {head for rule in rules for heads, _ in instances(rule, known) for head in heads} - known - barred
        )
        if not new:
            return known
        known |= new


def holding(
    told: Given, rules: list[Rule], claims: Iterable[str], blocked: Iterable[Triple] = ()
) -> set[Triple]:
    """Return what follows from the background and some claims."""
    accepted = set(claims)
    return closed((triple for triple, names in told if not names or names & accepted), rules, blocked)


def smallest(sets: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Return the sets that contain no other."""
    pool = set(sets)
    return {one for one in pool if not any(other < one for other in pool)}


def sizes(facts: set[Triple], asserted: set[Triple], rules: list[Rule]) -> dict[Triple, int]:
    """Return the number of nodes of the smallest proof of each fact."""
    steps = [
        (head, premises) for rule in rules for heads, premises in instances(rule, facts) for head in heads
    ]
    size = dict.fromkeys(asserted, 1)
    changed = True
    while changed:
        changed = False
        for head, premises in steps:
            if premises <= size.keys():
                total = 1 + sum(size[premise] for premise in premises)
                if total < size.get(head, total + 1):
                    size[head], changed = total, True
    return size


# -- random graphs

NAMES, KINDS, LINKS = ("<a>", "<b>", "<c>", "<d>"), ("<A>", "<B>", "<C>"), ("<p>", "<q>", "<r>")

#: The forms that the real rules have: inverse, hierarchy, chain, transitivity, role condition, "not the same".
SUPPLY = [
    Rule("p is a kind of q", (("?x", "<q>", "?y"),), (("?x", "<p>", "?y"),)),
    Rule("r reads p backwards", (("?y", "<r>", "?x"),), (("?x", "<p>", "?y"),)),
    Rule("p reads r backwards", (("?y", "<p>", "?x"),), (("?x", "<r>", "?y"),)),
    Rule("q is transitive", (("?x", "<q>", "?z"),), (("?x", "<q>", "?y"), ("?y", "<q>", "?z")), (("?x", "?z"),)),
    Rule("q from an A makes a B", (("?y", RDF_TYPE, "<B>"),), (("?x", "<q>", "?y"), ("?x", RDF_TYPE, "<A>"))),
    Rule("every B is a C", (("?x", RDF_TYPE, "<C>"),), (("?x", RDF_TYPE, "<B>"),)),
    Rule("what q leads to from a C reads r", (("?y", "<r>", "?x"),), (("?x", "<q>", "?y"), ("?x", RDF_TYPE, "<C>"))),
    Rule("every C is a B", (("?x", RDF_TYPE, "<B>"),), (("?x", RDF_TYPE, "<C>"),)),
]  # fmt: skip


def random_rule(rnd: random.Random, number: int) -> Rule:
    """Return any rule at all over one to three patterns; recursive more often than not."""
    length = rnd.choice((1, 1, 2, 2, 3))
    variables = ["?x", "?y", "?z", "?w"][: length + 1]

    def term() -> str:
        return rnd.choice(variables) if rnd.random() < 0.92 else rnd.choice(NAMES)

    def pattern() -> Triple:
        if rnd.random() < 0.3:
            return term(), RDF_TYPE, rnd.choice((*KINDS, *KINDS, "?x", "?y"))
        return term(), rnd.choice(LINKS), term()

    body = tuple(pattern() for _ in range(length))
    used = sorted({t for p in body for t in p if t.startswith("?")}) or ["<a>"]
    head = (
        (rnd.choice(used), RDF_TYPE, rnd.choice(KINDS))
        if rnd.random() < 0.3
        else (rnd.choice(used), rnd.choice(LINKS), rnd.choice(used))
    )
    differing = tuple(rnd.sample(used, 2)) if len(used) > 1 and rnd.random() < 0.3 else None
    return Rule(f"rule {number}", (head,), body, ((differing[0], differing[1]),) if differing else ())


def random_graph(seed: int) -> tuple[Given, list[Rule], list[str]]:
    """Return facts with claims, rules and all claims; half of the graphs have the rules of a supply web."""
    rnd = random.Random(seed)
    rules = SUPPLY if seed % 2 else [random_rule(rnd, number) for number in range(rnd.randint(2, 5))]
    claims = [f"c{number}" for number in range(rnd.randint(4, 6))]
    told: Given = []
    for _ in range(rnd.randint(6, 11)):
        triple = (
            (rnd.choice(NAMES), RDF_TYPE, rnd.choice(KINDS))
            if rnd.random() < 0.3
            else (rnd.choice(NAMES), rnd.choice(LINKS), rnd.choice(NAMES))
        )
        told.append(
            (
                triple,
                frozenset(rnd.sample(claims, rnd.choice((1, 1, 2)))) if rnd.random() < 0.9 else frozenset(),
            )
        )
    return told, rules, claims


def check_proof(proof: Proof, told: Given, rules: list[Rule], allowed: set[str]) -> None:
    """Assert that every step is an instance of its rule and every end is asserted by the claims it names."""
    for _, node in proof.walk():
        if node.rule:
            premises = {premise.triple for premise in node.premises}
            assert any(
                node.triple in heads and used == premises
                for rule in rules
                if rule.name == node.rule
                for heads, used in instances(rule, premises)
            )
        else:
            assert set(node.claims) <= allowed
            assert any(
                triple == node.triple
                and (
                    names >= set(node.claims)
                    if node.claims and len(node.claims) == 1
                    else not names or names & allowed
                )
                for triple, names in told
            )


# -- against oracles


def test_every_witness_rederives_its_fact_and_is_minimal():
    """On 200 random graphs the witnesses of each fact are exactly the minimal sets found by trying all of them."""
    several = larger = 0
    for seed in range(200):
        told, rules, claims = random_graph(seed)
        closure = close(told, rules)
        subsets = [
            frozenset(chosen)
            for size in range(len(claims) + 1)
            for chosen in itertools.combinations(claims, size)
        ]
        under = {chosen: holding(told, rules, chosen) for chosen in subsets}
        assert set(closure.triples()) == under[frozenset(claims)], f"graph {seed}"
        for triple in closure.triples():
            expected = smallest(chosen for chosen in subsets if triple in under[chosen])
            found = closure.witnesses(triple, limit=1000)
            assert found.complete
            assert len(found.sets) == len(expected), f"graph {seed}, {triple}"
            assert set(found.sets) == expected, f"graph {seed}, {triple}"
            for limit, work in ((1, 20_000), (2, 4), (3, 0)):
                some = closure.witnesses(triple, limit=limit, work=work)
                assert some.sets, f"graph {seed}, {triple}"
                assert set(some.sets) <= expected, f"graph {seed}, {triple}, work {work}"
                assert len(some.sets) <= limit
                assert not some.complete or set(some.sets) == expected
            several += len(expected) > 1
            larger += max(map(len, expected)) > 1
    assert several > 500
    assert larger > 200


def test_retraction_equals_recomputation():
    """On 200 random graphs, taking claims back and putting some again leaves what a fresh closure would hold."""
    for seed in range(200):
        told, rules, claims = random_graph(seed)
        rnd = random.Random(seed)
        closure, accepted = close(told, rules), set(claims)
        before = holding(told, rules, accepted)
        for _ in range(6):
            if rnd.random() < 0.7 and accepted:
                taken = rnd.sample(sorted(accepted), rnd.randint(1, min(2, len(accepted))))
                accepted -= set(taken)
                after = holding(told, rules, accepted)
                assert closure.retract(taken) == before - after, f"graph {seed}"
            else:
                chosen = {rnd.choice(claims)}
                accepted |= chosen
                after = holding(told, rules, accepted)
                assert (
                    closure.extend([(triple, names & chosen) for triple, names in told if names & chosen])
                    == after - before
                )
            assert set(closure.triples()) == after, f"graph {seed}"
            fresh = close(
                [(t, names & accepted) for t, names in told if not names or names & accepted], rules
            )
            least = sizes(after, {triple for triple, names in told if not names or names & accepted}, rules)
            for triple in after:
                all_of_them = fresh.witnesses(triple, limit=1000)
                assert closure.witnesses(triple, limit=1000) == all_of_them, f"graph {seed}, {triple}"
                assert set(closure.witnesses(triple, work=0).sets) <= set(all_of_them.sets), (
                    f"graph {seed}, {triple}"
                )
                assert closure.proof(triple).size == least[triple], f"graph {seed}, {triple}"
            before = after


def test_what_is_blocked_is_asserted_or_not_at_all():
    """On 100 random graphs no rule concludes a blocked triple or anything by way of it, in answers of every kind."""
    for seed in range(100):
        told, rules, claims = random_graph(seed)
        rnd = random.Random(seed)
        blocked = rnd.sample(sorted(holding(told, rules, claims)), 2)
        closure, accepted = close(told, rules, blocked=blocked), set(claims)
        while True:
            subsets = [
                frozenset(chosen)
                for size in range(len(accepted) + 1)
                for chosen in itertools.combinations(sorted(accepted), size)
            ]
            under = {chosen: holding(told, rules, chosen, blocked) for chosen in subsets}
            whole = under[frozenset(accepted)]
            assert set(closure.triples()) == whole, f"graph {seed}"
            for triple in whole:
                expected = smallest(chosen for chosen in subsets if triple in under[chosen])
                assert set(closure.witnesses(triple, limit=1000).sets) == expected, f"graph {seed}, {triple}"
                assert set(closure.witnesses(triple, work=0).sets) <= expected, f"graph {seed}, {triple}"
                for claims_used in expected:
                    check_proof(closure.proof(triple, claims_used), told, rules, set(claims_used))
            if not accepted:
                break
            taken = rnd.choice(sorted(accepted))
            accepted.remove(taken)
            assert closure.retract([taken]) == whole - under[frozenset(accepted)], f"graph {seed}"


def test_a_proof_is_sound_and_as_small_as_can_be():
    """On 100 random graphs each step is an instance of its rule, and no proof by any or by given claims is smaller."""
    for seed in range(100):
        told, rules, claims = random_graph(seed)
        closure = close(told, rules)
        whole = holding(told, rules, claims)
        least = sizes(whole, {triple for triple, _ in told}, rules)
        for triple in whole:
            proof = closure.proof(triple)
            check_proof(proof, told, rules, set(claims))
            assert (proof.least, proof.size) == (True, least[triple]), f"graph {seed}, {triple}"
            hasty = closure.proof(triple, work=0)
            check_proof(hasty, told, rules, set(claims))
            assert hasty.size >= proof.size
            for witness in closure.witnesses(triple).sets:
                own = closure.proof(triple, witness)
                check_proof(own, told, rules, set(witness))
                assert {claim for leaf in own.leaves() for claim in leaf.claims} == witness
                asserted = {t for t, names in told if not names or names & witness}
                assert own.size == sizes(holding(told, rules, witness), asserted, rules)[triple]


def test_the_closure_equals_that_of_nemo(tmp_path: Path):
    """On 200 random graphs and one synthetic supply web an independent Datalog engine concludes the same."""
    pytest.importorskip("nmo_python")
    from tests.bench import infer_bench as bench

    for seed in range(200):
        told, rules, _ = random_graph(seed)
        nemo = bench.Nemo(told, rules, tmp_path)
        assert nemo.triples(nemo.run()) == set(close(told, rules).triples()), f"graph {seed}"
    schema = list(bench.ontology())
    rules, told = bench.rules(schema), bench.web(3_000, schema)
    nemo = bench.Nemo(told, rules, tmp_path)
    assert nemo.triples(nemo.run()) == set(close(told, rules).triples())


# -- laws

_triples = st.one_of(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(LINKS), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(NAMES), st.just(RDF_TYPE), st.sampled_from(KINDS)),
)
_told = st.lists(
    st.tuples(_triples, st.frozensets(st.sampled_from(["c1", "c2", "c3", "c4"]), max_size=2)), max_size=9
)
_rules = st.one_of(st.just(SUPPLY), st.integers(0, 10_000).map(lambda seed: random_graph(2 * seed)[1]))


def everything(closure: Closure) -> dict[Triple, frozenset[frozenset[str]]]:
    """Return what holds, with all witnesses."""
    return {triple: frozenset(closure.witnesses(triple, limit=1000).sets) for triple in closure.triples()}


@given(told=_told, more=_told, rules=_rules)
def test_accepting_more_only_adds(told: Given, more: Given, rules: list[Rule]):
    """More claims never take a conclusion away, and each witness keeps a witness within it."""
    before, after = everything(close(told, rules)), everything(close([*told, *more], rules))
    for triple, sets in before.items():
        assert all(any(new <= old for new in after[triple]) for old in sets)


@given(told=_told, rules=_rules, rnd=st.randoms())
def test_the_order_of_facts_and_rules_is_irrelevant(told: Given, rules: list[Rule], rnd: random.Random):
    """Shuffling changes neither what holds nor why."""
    shuffled, turned = list(told), list(rules)
    rnd.shuffle(shuffled)
    rnd.shuffle(turned)
    assert everything(close(told, rules)) == everything(close(shuffled, turned))


@given(told=_told, rules=_rules)
def test_closing_a_closure_adds_nothing(told: Given, rules: list[Rule]):
    """What holds is closed under the rules, with or without a record of why."""
    held = set(close(told, rules).triples())
    assert set(close([(triple, frozenset()) for triple in held], rules).triples()) == held
    assert set(close(told, rules, witnesses=False).triples()) == held
    assert close(told, rules).extend(told) == set()


@given(told=_told, more=_told, rules=_rules)
def test_extending_equals_closing_at_once(told: Given, more: Given, rules: list[Rule]):
    """Facts that come later give the same conclusions and witnesses as facts that were there before."""
    closure = close(told, rules)
    for triple in set(closure.triples()):
        closure.witnesses(triple, work=0)
    came = closure.extend(more)
    at_once = close([*told, *more], rules)
    assert everything(closure) == everything(at_once)
    assert all(
        closure.witnesses(triple, work=0).sets[0] in sets for triple, sets in everything(at_once).items()
    )
    assert came == set(at_once.triples()) - set(close(told, rules).triples())


@given(told=_told, rules=_rules, taken=st.frozensets(st.sampled_from(["c1", "c2", "c3", "c4"])))
def test_taking_back_and_putting_again_is_nothing(told: Given, rules: list[Rule], taken: frozenset[str]):
    """After a retraction and its undoing, facts and witnesses are as before."""
    closure = close(told, rules)
    before = everything(closure)
    gone = closure.retract(taken)
    assert closure.extend([(triple, names & taken) for triple, names in told if names & taken]) == gone
    assert everything(closure) == before


# -- in words


def test_facts_in_a_circle_do_not_hold_each_other_up():
    """When the last claim goes, two facts that derive each other go with it."""
    rules = [Rule("on", (("?y", "<p>", "?x"),), (("?x", "<p>", "?y"),))]
    closure = close(
        [(("<a>", "<p>", "<b>"), frozenset({"c1"})), (("<b>", "<p>", "<a>"), frozenset({"c2"}))], rules
    )
    assert closure.witnesses(("<a>", "<p>", "<b>")).sets == (frozenset({"c1"}), frozenset({"c2"}))
    assert closure.retract(["c1"]) == set()
    assert closure.retract(["c2"]) == {("<a>", "<p>", "<b>"), ("<b>", "<p>", "<a>")}
    assert list(closure.triples()) == []


def test_what_the_background_says_needs_no_claim():
    """A fact of the background has the empty witness, outlives every retraction, and is no claim's."""
    told: Given = [(("<a>", RDF_TYPE, "<B>"), frozenset()), (("<a>", RDF_TYPE, "<C>"), frozenset({"c1"}))]
    closure = close(told, SUPPLY)
    assert closure.witnesses(("<a>", RDF_TYPE, "<C>")).sets == (frozenset(),)
    assert closure.claims(("<a>", RDF_TYPE, "<C>")) == {"c1"}
    assert closure.retract(["c1"]) == set()
    assert ("<a>", RDF_TYPE, "<C>") in closure
    assert list(closure.proof(("<a>", RDF_TYPE, "<C>")).lines())[-1].endswith("[background]")


def test_a_bounded_search_says_that_it_stopped():
    """With a million witnesses, eight minimal ones come quickly and are not called all."""
    told: Given = [
        ((f"<n{step}>", "<p>", f"<n{step + 1}>"), frozenset({f"left{step}", f"right{step}"})) for step in range(20)
    ]  # fmt: skip
    closure = close(told, [Rule("on", (("?x", "<p>", "?z"),), (("?x", "<p>", "?y"), ("?y", "<p>", "?z")))])
    start = time.process_time()
    found = closure.witnesses(("<n0>", "<p>", "<n20>"))
    assert time.process_time() - start < 20
    assert (len(found.sets), found.complete) == (8, False)
    for sides in found.sets:
        assert {claim.removeprefix("left").removeprefix("right") for claim in sides} == {
            str(step) for step in range(20)
        }
        assert len(sides) == 20


def test_a_bounded_search_still_looks_in_several_places():
    """Of fifty ways, each by one claim, a search that may look at ten finds as many as it may return."""
    told: Given = [(("<a>", "<p>", f"<n{way}>"), frozenset({f"c{way}"})) for way in range(50)]
    closure = close(told, [Rule("in use", (("?x", RDF_TYPE, "<A>"),), (("?x", "<p>", "?y"),))])
    found = closure.witnesses(("<a>", RDF_TYPE, "<A>"), work=10)
    assert (len(found.sets), {len(claims) for claims in found.sets}, found.complete) == (8, {1}, False)
    assert len(closure.witnesses(("<a>", RDF_TYPE, "<A>"), limit=50).sets) == 50


def test_a_large_web_forgets_and_learns_again():
    """On some 10,000 facts, taking half of the claims back twice, with a return between, equals starting afresh."""
    from tests.bench import infer_bench as bench

    schema = list(bench.ontology())
    rules, told = bench.rules(schema), bench.web(10_000, schema)
    claims = sorted({claim for _, names in told for claim in names})
    closure = close(told, rules)
    whole = set(closure.triples())
    for half in (set(claims[::2]), set(claims[: len(claims) // 2])):
        left = [(triple, names - half) for triple, names in told if not names or names - half]
        rest = set(close(left, rules, witnesses=False).triples())
        assert closure.retract(half) == whole - rest
        assert set(closure.triples()) == rest
        assert (
            closure.extend([(triple, names & half) for triple, names in told if names & half]) == whole - rest
        )
        assert set(closure.triples()) == whole
    fresh = close(told, rules)
    for triple in random.Random(1).sample(sorted(whole), 300):
        assert closure.witnesses(triple) == fresh.witnesses(triple)
        assert closure.proof(triple).size == fresh.proof(triple).size


def test_a_limit_keeps_the_smallest_witnesses():
    """Of many known witnesses those with the fewest claims are given."""
    rules = [Rule("by way of one", (("?x", "<q>", "?y"),), (("?x", "<p>", "?z"), ("?z", "<p>", "?y")))]
    told: Given = [(("<a>", "<q>", "<b>"), frozenset({"direct"}))]
    for name in ("c", "d", "e"):
        told += [
            (("<a>", "<p>", f"<{name}>"), frozenset({f"{name}1"})),
            ((f"<{name}>", "<p>", "<b>"), frozenset({f"{name}2"})),
        ]
    closure = close(told, rules)
    assert closure.witnesses(("<a>", "<q>", "<b>"), limit=1).sets == (frozenset({"direct"}),)
    assert not closure.witnesses(("<a>", "<q>", "<b>"), limit=3).complete
    assert closure.witnesses(("<a>", "<q>", "<b>"), limit=4).complete


def test_a_proof_reads_from_the_conclusion_down_to_claims():
    """Each line is one step with its rule, or one asserted end with its claims."""
    rules = [
        Rule(
            "goods go from maker to user",
            (("?a", "<supplies>", "?b"),),
            (("?t", "<from>", "?a"), ("?t", "<to>", "?b")),
            why="a chain",
        )
    ]
    closure = close(
        [
            (("<t>", "<from>", "<BYD>"), frozenset({"c2", "c1"})),
            (("<t>", "<to>", "<Ford>"), frozenset({"c3"})),
        ],
        rules,
    )
    proof = closure.proof(("<BYD>", "<supplies>", "<Ford>"))
    assert list(proof.lines()) == [
        "<BYD> <supplies> <Ford>  [goods go from maker to user]",
        "  <t> <from> <BYD>  [claimed by c1, c2]",
        "  <t> <to> <Ford>  [claimed by c3]",
    ]
    assert (proof.rule, proof.why, proof.size) == ("goods go from maker to user", "a chain", 3)
    assert next(proof.lines(show=lambda triple: triple[0])) == "<BYD>  [goods go from maker to user]"


@pytest.mark.parametrize("change", ["retract", "extend"])
def test_a_short_proof_that_came_late_is_found(change: str):
    """A shorter way that a retraction or an addition brings is preferred to the longer way that was there."""

    def rule(head: str, *body: str) -> Rule:
        return Rule(head, (("?x", f"<{head}>", "?y"),), tuple(("?x", f"<{name}>", "?y") for name in body))

    # The steps from 1 to 6 only make the closure old, so that whatever comes now comes much later.
    rules = [rule("goal", "one", "two", "three"), rule("goal", "way"), rule("way", "start")]
    rules += [rule(f"step{n + 1}", f"step{n}") for n in range(1, 6)]
    told: Given = [
        (("<a>", f"<{name}>", "<b>"), frozenset({name})) for name in ("one", "two", "three", "step1")
    ]
    start: Given = [(("<a>", "<start>", "<b>"), frozenset({"start"}))]
    if change == "retract":
        closure = close([*told, *start, (("<a>", "<way>", "<b>"), frozenset({"way"}))], rules)
        assert closure.retract(["way"]) == set()
    else:
        closure = close(told, rules)
        closure.extend(start)
    assert [node.triple[1] for _, node in closure.proof(("<a>", "<goal>", "<b>")).walk()] == [
        "<goal>",
        "<way>",
        "<start>",
    ]


def test_what_does_not_hold_has_no_witness_and_no_proof():
    """Nothing suffices for it, and asking for a proof is an error that names it."""
    closure = close([(("<a>", "<p>", "<b>"), frozenset({"c1"}))], SUPPLY)
    assert closure.witnesses(("<b>", "<p>", "<a>")).sets == ()
    assert closure.witnesses(("<never>", "<heard>", "<of>")) == closure.witnesses(("<b>", "<p>", "<a>"))
    with pytest.raises(NotFound, match="<b> <p> <a>"):
        closure.proof(("<b>", "<p>", "<a>"))
    with pytest.raises(NotFound, match="<a> <q> <b>"):
        closure.proof(("<a>", "<q>", "<b>"), claims=[])


@pytest.mark.parametrize(
    "call",
    [
        lambda closure: closure.witnesses(("<a>", "<p>", "<b>")),
        lambda closure: closure.proof(("<a>", "<p>", "<b>")),
        lambda closure: closure.retract(["c1"]),
    ],
    ids=["witnesses", "proof", "retract"],
)
def test_without_a_record_nothing_is_explained(call: Callable[[Closure], object]):
    """A closure made with the record off still tells what is derived, and refuses to say why."""
    closure = close([(("<a>", "<p>", "<b>"), frozenset({"c1"}))], SUPPLY, witnesses=False)
    assert set(closure.derived()) == {("<a>", "<q>", "<b>"), ("<b>", "<r>", "<a>")}
    with pytest.raises(Misuse, match="witnesses=False"):
        call(closure)


@given(told=_told)
def test_matching_finds_what_holds(told: Given):
    """Every way of leaving terms open gives the facts that a filter over all of them gives."""
    closure = close(told, SUPPLY)
    whole = set(closure.triples())
    for triple in [*whole, ("<a>", "<p>", "<nowhere>")]:
        for mask in itertools.product((True, False), repeat=3):
            asked = tuple(term if use else None for term, use in zip(triple, mask, strict=True))
            expected = {
                fact for fact in whole if all(a in (None, b) for a, b in zip(asked, fact, strict=True))
            }
            found = list(closure.match(*asked))
            assert len(found) == len(set(found))
            assert set(found) == expected


def test_explaining_while_reading_is_allowed():
    """Asking for witnesses in the middle of a loop over the facts does not disturb the loop."""
    told, rules, _ = random_graph(1)
    closure = close(told, rules)
    assert len([closure.witnesses(triple) for triple in closure.derived()]) == len(set(closure.derived()))


def test_a_clash_names_the_claims_on_both_sides():
    """Each violation of a rule without head is found once, with the minimal sets of claims that bring it about."""
    rules = [
        *SUPPLY,
        Rule("nothing is both an A and a C", (), (("?x", RDF_TYPE, "<A>"), ("?x", RDF_TYPE, "<C>"))),
    ]
    told: Given = [
        (("<a>", RDF_TYPE, "<A>"), frozenset({"c1"})), (("<b>", RDF_TYPE, "<A>"), frozenset({"c2"})),
        (("<a>", "<p>", "<b>"), frozenset({"c3"})), (("<c>", RDF_TYPE, "<A>"), frozenset({"c4"})),
    ]  # fmt: skip
    closure = close(told, rules)
    (clash,) = closure.inconsistencies()
    assert clash.facts == (("<b>", RDF_TYPE, "<A>"), ("<b>", RDF_TYPE, "<C>"))
    assert clash.witnesses.sets == (frozenset({"c1", "c2", "c3"}),)
    closure.retract(["c3"])
    assert list(closure.inconsistencies()) == []


# -- the project's own rules


def ev(text: str) -> Given:
    """Return facts written ``claims: subject predicate object``, one a line, in the namespace of the ontology."""
    told: Given = []
    for line in filter(None, map(str.strip, text.splitlines())):
        names, _, triple = line.rpartition(": ")
        s, p, o = (
            "a" if term == "a" else f"<https://w3id.org/evsw/ontology#{term}>" for term in triple.split()
        )
        told.append(((s, RDF_TYPE if p == "a" else p, o), frozenset(names.split())))
    return told


def own_rules() -> list[Rule]:
    """Return the rules of ``queries/rules``."""
    paths = sorted((folder("queries") / "rules").glob("*.rq"))
    return [
        rule for path in paths for rule in parse_rules(path.read_text(encoding="utf-8"), source=path.name)
    ]


def one(text: str) -> Triple:
    """Return the one triple written as for `ev`."""
    ((triple, _),) = ev(text)
    return triple


TIE = """
    ford a Organisation
    catl a Organisation
    plant siteOf ford
    tariff a Tariff
    tariff a PolicyInstrument
    tariff a AnyLayerInstrument
    Tariff reaches GoodsSupply
    c1: tie a GoodsSupply
    c1: tie recipient plant
    c1: tie provider catl
    c2: catl subjectTo tariff
"""
FORD = "ford exposedTo tariff"


def test_different_parties_of_a_mutual_tie_stand_in_it_to_each_other():
    """Talks relate both parties, both ways, and neither to itself."""
    told = ev("c1: talks a Negotiation\nc1: talks negotiator ford\nc1: talks negotiator xiaomi")
    assert set(close(told, own_rules()).derived()) == {
        one("ford inTalksWith xiaomi"),
        one("xiaomi inTalksWith ford"),
    }


def test_a_dependency_is_lifted_to_the_organisations_behind_both_ends():
    """A site stands for its owner, a product for its maker, a subsidiary for its parents; nobody depends on itself."""
    told = ev(
        "group a Organisation\nford a Organisation\nmaker a Organisation\nford subsidiaryOf group\nplant siteOf ford\n"
        "cell madeBy maker\nc1: tie recipient plant\nc1: tie provider cell\nc2: own recipient plant\nc2: own provider ford"
    )
    closure = close(told, own_rules())
    found = set(closure.match(None, one("x dependsOn y")[1], None))
    assert found == {
        one("ford dependsOn maker"),
        one("group dependsOn maker"),
        one("group dependsOn ford"),
        one("ford dependsOn group"),
    }
    assert closure.witnesses(one("group dependsOn maker")).sets == (frozenset({"c1"}),)


@pytest.mark.parametrize(
    ("more", "exposed"),
    [
        ("c1: tie a UnscopedRelationship", True),
        ("", False),
        ("c1: tie inMarket us\nc3: tariff appliesIn us", True),
        ("c1: tie inMarket eu\nc3: tariff appliesIn us", False),
        ("c1: tie inMarket germany\ngermany partOfJurisdiction eu\nc3: tariff appliesIn eu", True),
        ("c1: tie outsideMarket us\nc3: tariff appliesIn us", False),
        ("c1: tie outsideMarket us\nc3: tariff appliesIn eu", True),
        (
            "c1: tie outsideMarket us\nc3: tariff appliesIn china\ntariff a ExportControl\ncatl controlledFrom china",
            True,
        ),
    ],
)
def test_exposure_by_dependency_asks_for_the_market(more: str, exposed: bool):
    """A tie that is bound to no market, or to one that the policy governs, carries the policy to who obtains by it."""
    assert (one(FORD) in close(ev(TIE + more), own_rules())) is exposed


def test_exposure_by_dependency_asks_for_reach_and_layer():
    """A licence carries no tariff; a policy confined to batteries needs a tie within batteries."""
    open_tie = TIE + "c1: tie a UnscopedRelationship\n"
    confined = open_tie.replace("tariff a AnyLayerInstrument", "tariff reachesLayer battery")
    assert one(FORD) in close(ev(open_tie), own_rules())
    assert one(FORD) not in close(
        ev(open_tie.replace("tie a GoodsSupply", "tie a TechnologyLicence")), own_rules()
    )
    assert one(FORD) not in close(ev(confined), own_rules())
    assert one(FORD) not in close(ev(confined + "c1: tie withinLayer chassis"), own_rules())
    assert one(FORD) in close(ev(confined + "c1: tie withinLayer battery"), own_rules())
    by_name = open_tie.replace("Tariff reaches GoodsSupply", "tariff reaches GoodsSupply")
    assert one(FORD) in close(ev(by_name), own_rules())


def test_exposure_names_the_tie_and_the_policy_as_its_witness():
    """Both claims are needed; taking either back takes the exposure."""
    closure = close(ev(TIE + "c1: tie a UnscopedRelationship"), own_rules())
    assert closure.witnesses(one(FORD)).sets == (frozenset({"c1", "c2"}),)
    assert one(FORD) in closure.retract(["c2"])


def test_a_market_condition_is_no_policy():
    """What an organisation is subject to without being a policy instrument is not an exposure."""
    closure = close(
        ev(
            "ford a Organisation\nc1: ford subjectTo prices\nc2: ford subjectTo list\nlist a PolicyInstrument"
        ),
        own_rules(),
    )
    assert list(closure.match(None, one("x exposedTo y")[1], None)) == [one("ford exposedTo list")]
