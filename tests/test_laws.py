"""Laws of the whole house."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.claim import Claim, Evidence, Proposition, Standing
from kg.index import conclusions, quads
from kg.ledger import Ledger
from kg.policy import Policy
from kg.view import View
from kg.vocabulary import vocabulary

DAY = datetime.date(2026, 3, 1)
FIRMS = ("aurora", "basalt", "cirrus", "delta")

_propositions = st.builds(
    Proposition,
    st.sampled_from(["supplies", "inTalksWith", "partnersWith", "jointVentureWith", "licensesTechnologyTo", "ownsStakeIn",
                     "investigates"]),
    st.sampled_from(FIRMS), st.sampled_from(FIRMS), layer=st.sampled_from(["", "battery", "cell"]),
).filter(lambda proposition: proposition.subject != proposition.object)  # fmt: skip
_claims = st.builds(
    Claim, _propositions.map(lambda p: vocabulary().normal(p)), st.sampled_from(["confirmed", "reported", "denied", "hypothesised", "opinion"]),
    st.sampled_from(["one", "two", "three"]), evidence=st.just(Evidence(paraphrase="x")), confidence=st.sampled_from(["0.3", "0.9"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory):
    """Fresh ledgers on request."""
    numbers = iter(range(10**6))
    place = tmp_path_factory.mktemp("laws")
    return lambda: Ledger(place / f"{next(numbers)}.sqlite")


def view_of(ledgers, claims, name="alive"):
    ledger = ledgers()
    ledger.append([(claim, "") for claim in claims], title="x")
    return View(ledger, Policy(name, as_of=DAY))


@settings(max_examples=40)
@given(
    claims=st.lists(_claims, max_size=8),
    denials=st.lists(_claims, max_size=4),
    name=st.sampled_from(["alive", "cautious", "confirmed"]),
)
def test_a_denial_never_adds_a_triple(ledgers, claims, denials, name):
    """Whatever follows with denials followed when the same was only mentioned.

    Mentioned, because a statement that a special case implies is told as a tie of its own once somebody speaks of it.
    """
    denied, mentioned = (
        [Claim(claim.proposition, stance, claim.source, evidence=claim.evidence) for claim in denials]
        for stance in ("denied", "opinion")
    )
    without = conclusions(view_of(ledgers, [*claims, *mentioned], name))
    with_them = conclusions(view_of(ledgers, [*claims, *denied], name))
    assert set(with_them.triples()) <= set(without.triples())


@settings(max_examples=40)
@given(claims=st.lists(_claims, max_size=8))
def test_no_denied_or_imagined_fact_answers_as_true(ledgers, claims):
    """The default graph holds the content of a proposition only when it, or one that implies it, is affirmed."""
    view = view_of(ledgers, claims)
    import pyoxigraph

    lines = "".join(quads(view)).encode("utf-8")
    found = pyoxigraph.parse(lines, format=pyoxigraph.RdfFormat.N_QUADS)
    subjects = {str(quad.subject) for quad in found if isinstance(quad.graph_name, pyoxigraph.DefaultGraph)}
    affirmed = {weighing.proposition for weighing in view.weighings.values() if weighing.affirmed}
    for proposition, weighing in view.weighings.items():
        if weighing.standing in (Standing.DENIED, Standing.HYPOTHETICAL, Standing.OPINION):
            implied = any(view.words.generalises(proposition, other) for other in affirmed)
            assert view.words.relationship(proposition) not in subjects or implied


@settings(max_examples=40)
@given(claims=st.lists(_claims, min_size=1, max_size=8))
def test_load_then_undo_is_as_if_it_had_never_been(ledgers, claims):
    """The view of a ledger with an undone batch is the view of an empty one."""
    ledger = ledgers()
    ledger.append([(claim, "") for claim in claims], title="x")
    ledger.undo(1)
    assert View(ledger, Policy("alive", as_of=DAY)).weighings == {}


@given(_propositions)
def test_the_normal_form_is_normal(proposition):
    """Normalising twice is normalising once, and turning mutual parties round changes nothing."""
    words = vocabulary()
    once = words.normal(proposition)
    assert words.normal(once) == once
    if words.relations[proposition.relation].pattern == "mutual":
        turned = Proposition(proposition.relation, proposition.object, proposition.subject, proposition.layer)
        assert words.proposition_id(words.normal(turned)) == words.proposition_id(once)


@given(_propositions, _propositions)
def test_a_proposition_id_tells_propositions_apart(one, other):
    """Ids are equal exactly when the normal forms are."""
    words = vocabulary()
    a, b = words.normal(one), words.normal(other)
    assert (words.proposition_id(a) == words.proposition_id(b)) == (a == b)


@given(_propositions, _propositions, _propositions)
def test_generality_is_a_partial_order(a, b, c):
    """Reflexive and transitive; two that generalise each other say the same."""
    words = vocabulary()
    a, b, c = words.normal(a), words.normal(b), words.normal(c)
    assert words.generalises(a, a)
    if words.generalises(a, b) and words.generalises(b, c):
        assert words.generalises(a, c)
    if words.generalises(a, b) and words.generalises(b, a):
        assert a == b


def test_what_is_denied_does_not_come_in_by_another_door(ledgers):
    """A plant in Michigan, Michigan in the union, and a denial that the plant is in the union: it is not concluded."""
    told = [
        Claim(Proposition("locatedIn", "works", "michigan"), "reported", "one"),
        Claim(Proposition("partOfJurisdiction", "michigan", "union"), "reported", "one"),
        Claim(Proposition("manufactures", "aurora", "car"), "reported", "one"),
    ]
    denials = [
        Claim(Proposition("locatedIn", "works", "union"), "denied", "two", speaker="aurora"),
        Claim(Proposition("madeBy", "car", "aurora"), "denied", "two", speaker="aurora"),
    ]
    words = vocabulary()
    for name in ("cautious", "confirmed", "alive"):
        closure = conclusions(view_of(ledgers, [*told, *denials], name))
        for denial in denials:
            assert words.head(denial.proposition) not in closure
    open_door = conclusions(view_of(ledgers, told, "cautious"))
    assert all(words.head(denial.proposition) in open_door for denial in denials)


def test_a_confirmed_plan_and_a_report_that_it_is_done_are_no_confirmed_fact(ledgers):
    """Standing from one claim and status from another would make a fact that nobody confirmed."""
    tie = Proposition("supplies", "basalt", "aurora", layer="cell")
    claims = [
        Claim(tie, "confirmed", "one", status="planned"),
        Claim(tie, "reported", "two", status="active"),
    ]
    assert view_of(ledgers, claims, "confirmed").holding == []
    held = view_of(ledgers, claims, "cautious")
    assert [held.support(weighing) for weighing in held.holding] == [frozenset({claims[1].id})]


def test_a_left_out_source_is_no_record_of_the_view(world, world_view):
    """--without takes the claims out of the answers, not only out of the weighing."""
    from kg.claim import Claim as Record

    view = world_view(without=frozenset({"entity-cards"}))
    lines = "".join(quads(view))
    left_out = [
        e.record.id
        for e in view.entries.values()
        if isinstance(e.record, Record) and e.record.source == "entity-cards"
    ]
    assert left_out
    assert not any(f"claim/{key}>" in lines for key in left_out)
