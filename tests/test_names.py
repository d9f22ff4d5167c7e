"""Names: what binds, what is only proposed, and why. Similar is never the same."""

from __future__ import annotations

import itertools
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.claim import Entity, Match
from kg.names import Names, fold, identifier_problem, split_identifier

AURORA = Entity("aurora", "Aurora Motors", aliases=("Aurora", "AUR"), identifiers=("wikidata:Q900000001",))
AIRLINE = Entity("aurora-air", "Aurora Airlines", aliases=("Aurora",))
BASALT = Entity("basalt", "Basalt Cells", aliases=("Basalt", "巴萨尔特"), identifiers=("ticker:XSE:BSLT",))
MODEL = Entity("aurora-s7", "Aurora S7")
WORLD = (AURORA, AIRLINE, BASALT, MODEL)


@given(st.text())
def test_folding_is_settled(name):
    """Folding a folded name changes nothing, and neither capitals, width nor spaces count."""
    assert fold(fold(name)) == fold(name)
    assert fold(f"  {name}\t") == fold(name)
    assert fold(unicodedata.normalize("NFKC", name)) == fold(name)


@pytest.mark.parametrize(
    "written", ["Aurora Motors", "AURORA  motors", " aurora motors ", "Ａｕｒｏｒａ Motors", "aur"]
)
def test_a_label_or_alias_of_one_entity_binds_whatever_its_capitals_and_spaces(written):
    """And full-width letters are the same letters."""
    assert Names(WORLD).lookup(written) == ["aurora"]


def test_an_id_binds_even_where_others_have_it_as_a_name():
    """An id is an address."""
    names = Names((Entity("delta", "Delta Cars"), Entity("delta-air", "delta")))
    assert names.lookup("delta") == ["delta"]
    assert sorted(names.lookup("Delta")) == ["delta", "delta-air"]


def test_an_identifier_binds_in_any_capitals():
    """Its scheme and value are compared, not its spelling."""
    names = Names(WORLD)
    assert names.lookup("Wikidata:q900000001") == ["aurora"]
    assert names.lookup("ticker:xse:bslt") == ["basalt"]
    assert names.lookup("wikidata:Q900000002") == []
    assert (names.how("ticker:XSE:BSLT"), names.how("basalt"), names.how("Basalt")) == (
        "identifier",
        "id",
        "name",
    )


def test_a_shared_alias_binds_to_neither():
    """Two firms that share an alias stay apart, and the answer names both."""
    names = Names(WORLD)
    assert sorted(names.lookup("Aurora")) == ["aurora", "aurora-air"]
    assert names.how("Aurora") == ""
    assert names.shared() == {"Aurora": ["aurora", "aurora-air"]}


@pytest.mark.parametrize(
    ("written", "entity", "why"),
    [
        ("Basalt Cells Ltd", "basalt", "differs only in legal form from 'Basalt Cells'"),
        ("Basalt Cells Co., Ltd.", "basalt", "differs only in legal form from 'Basalt Cells'"),
        ("Basalt Cells GmbH & Co. KG", "basalt", "differs only in legal form from 'Basalt Cells'"),
        ("Basalt Cells N.V.", "basalt", "differs only in legal form from 'Basalt Cells'"),
        ("PT Basalt Cells Tbk", "basalt", "differs only in legal form from 'Basalt Cells'"),
        ("巴萨尔特股份有限公司", "basalt", "differs only in legal form from '巴萨尔特'"),
        ("株式会社巴萨尔特", "basalt", "differs only in legal form from '巴萨尔特'"),
        ("㈱巴萨尔特", "basalt", "differs only in legal form from '巴萨尔特'"),
        ("巴薩爾特", "basalt", "transliteration of '巴萨尔特'"),
        ("Ba Sa Er Te", "basalt", "transliteration of '巴萨尔特'"),
        ("Básalt Cells", "basalt", "differs only in accents from 'Basalt Cells'"),
        ("Basalt-Cells", "basalt", "differs only in punctuation from 'Basalt Cells'"),
        ("BasaltCells", "basalt", "differs only in spaces from 'Basalt Cells'"),
        ("Basalt Cels", "basalt", "96 % similar to 'Basalt Cells'"),
        ("Cells Basalt", "basalt", "100 % similar to 'Basalt Cells'"),
    ],
)
def test_variants_are_proposed_with_their_reason_and_do_not_bind(written, entity, why):
    """Legal form, script, accents, punctuation and slips of the pen."""
    names = Names(WORLD)
    assert names.lookup(written) == []
    assert [(found.entity, found.why) for found in names.proposals(written)] == [(entity, why)]


@pytest.mark.parametrize("written", ["Aurora S8", "Zinnober", "", "!!", "GmbH", "Ltd.", "有限公司", "\0"])
def test_what_is_like_nothing_is_not_proposed(written):
    """A name with other digits is another thing, and a legal form alone is no name."""
    assert Names(WORLD).proposals(written) == []


def slips(name):
    """Strategies of names that look like one."""
    at = st.integers(0, len(name))
    return st.one_of(
        st.sampled_from(
            [name.upper(), f"{name} GmbH", f"{name} Co., Ltd.", f"The {name}", name[::-1], f" {name} "]
        ),
        st.builds(lambda i, c: name[:i] + c + name[i:], at, st.characters(codec="utf-8")),
        st.builds(lambda i: name[:i] + name[i + 1 :], at),
    )


KNOWN = [name for entity in WORLD for name in (entity.id, entity.label, *entity.aliases)]


@given(st.one_of(st.sampled_from(KNOWN).flatmap(slips), st.text(max_size=12)), st.permutations(WORLD))
def test_only_an_equal_name_binds_and_the_order_of_cards_does_not_matter(written, order):
    """Law: similar never binds. Compared with the plain definition, over all names."""

    def plain(text):
        for _ in range(3):
            text = unicodedata.normalize("NFKC", text).casefold()
        return " ".join(unicodedata.normalize("NFKC", text).split())

    wanted = {e.id for e in WORLD for name in (e.id, e.label, *e.aliases) if plain(name) == plain(written)}
    names = Names(order)
    assert set(names.lookup(written)) == ({written} if written in {e.id for e in WORLD} else wanted)
    assert names.proposals(written) == Names(WORLD).proposals(written)


# -- decisions


def test_a_decision_binds_and_the_latest_counts():
    """Same, then different, then same again: the last word holds."""
    same, apart = Match("Basalt GmbH", "basalt", "same"), Match("Basalt GmbH", "basalt", "different")
    names = Names(WORLD)
    for decision, meant in ((same, ["basalt"]), (apart, []), (same, ["basalt"])):
        assert not names.stands(decision)
        names.decide(decision)
        assert names.stands(decision)
        assert names.lookup("BASALT  gmbh") == meant
    names.decide(apart)
    assert names.proposals("Basalt GmbH") == []


def test_a_decision_settles_a_shared_name_either_way():
    """Naming the one that is meant, or the one that is not."""
    assert Names(WORLD, [Match("Aurora", "aurora", "same")]).lookup("aurora ") == ["aurora"]
    assert Names(WORLD, [Match("Aurora", "aurora", "different")]).lookup("Aurora") == ["aurora-air"]
    assert Names(WORLD, [Match("Aurora", "aurora", "different")]).shared() == {}


def test_a_decision_for_another_entity_goes_before_and_falls_back_when_it_is_taken_back():
    """A name has one meaning at a time."""
    first, second = Match("BC", "basalt", "same"), Match("BC", "aurora", "same")
    names = Names(WORLD, [first, second])
    assert names.lookup("BC") == ["aurora"]
    assert not names.stands(first)
    names.decide(Match("BC", "aurora", "different"))
    assert names.lookup("BC") == ["basalt"]


def test_names_given_by_decision_are_those_that_still_count():
    """The latest for a name, and never one that was taken back or whose card is gone."""
    made = [Match("BC", "basalt", "same"), Match("BC", "aurora", "same"), Match("Nocturne", "aurora", "same")]
    assert Names(WORLD, made).given() == {"BC": "aurora", "Nocturne": "aurora"}
    assert Names(WORLD, [*made, Match("Nocturne", "aurora", "different")]).given() == {"BC": "aurora"}
    assert Names((), made).given() == {}


def test_a_decision_about_a_card_that_is_gone_binds_nothing():
    """A batch may be undone after a decision about its card."""
    assert Names((AURORA,), [Match("BC", "basalt", "same")]).lookup("BC") == []


# -- identifiers


def iso_7064(text):
    """The remainder by ISO 7064 in its recursive form, character by character: an oracle of its own."""
    rest = 0
    for char in text:
        for digit in divmod(int(char, 36), 10) if char.isalpha() else (int(char),):
            rest = (rest * 10 + digit) % 97
    return rest


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18))
def test_exactly_one_pair_of_check_digits_makes_an_lei(stem):
    """And it is the one of ISO 7064; the message names it."""
    fitting = [f"{n:02}" for n in range(2, 99) if iso_7064(f"{stem}{n:02}") == 1]
    assert [f"{n:02}" for n in range(2, 99) if not identifier_problem("lei", f"{stem}{n:02}")] == fitting
    assert len(fitting) == 1
    wrong = "02" if fitting != ["02"] else "03"
    assert fitting[0] in identifier_problem("lei", stem + wrong)


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=9, max_size=9))
def test_exactly_one_check_digit_makes_an_isin(stem):
    """Luhn's sum over the letters as numbers, worked out from the right and from the left."""

    def luhn(text):
        digits = [int(digit) for digit in "".join(str(int(char, 36)) for char in text)]
        return sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])

    fitting = [n for n in range(10) if luhn(f"XN{stem}{n}") % 10 == 0]
    assert [n for n in range(10) if not identifier_problem("isin", f"XN{stem}{n}")] == fitting


@pytest.mark.parametrize("isin", ["US0378331005", "AU0000XVGZA3", "GB0002634946", "us 0378331005"])
def test_isins_given_as_examples_in_print_are_right(isin):
    """The examples that texts about ISO 6166 give."""
    assert identifier_problem("isin", isin) == ""


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("lei:AURORA", "18 letters or digits and two check digits"),
        ("isin:US0378331006", "would have to be 5"),
        ("isin:0378331005", "two letters of a country"),
        ("wikidata:42", "wikidata:Q42"),
        ("wikidata:Q0", "wikidata:Q42"),
        ("ticker:F", "name the exchange too"),
        ("wikdata:Q42", "did you mean wikidata"),
        ("529900", "write scheme:value"),
        ("lei:", "write scheme:value"),
        (":x", "write scheme:value"),
    ],
)
def test_a_wrong_identifier_is_told_with_its_cure(text, cure):
    """What would be right stands in the message."""
    scheme, value = split_identifier(text)
    assert cure in identifier_problem(scheme, value or text)


def test_a_scheme_we_do_not_know_is_kept_as_it_is():
    """Registers there are many; only ours are checked."""
    assert identifier_problem("handelsregister", "HRB 12345") == ""


# -- size


def test_ten_thousand_names_are_indexed_once_and_looked_through_quickly():
    """A generous ceiling: a minute would mean that something is quadratic."""
    syllables = ("ba", "sal", "tek", "nor", "vi", "lum", "ger", "zan", "kor", "pel")
    words = ["".join(parts).title() for parts in itertools.product(syllables, repeat=4)]
    start = time.perf_counter()
    names = Names(Entity(f"firm-{number}", f"{word} Works Ltd") for number, word in enumerate(words))
    found = [names.proposals(f"{word}x Works Inc")[0].score for word in words[::500]]
    assert len(words) == 10_000
    assert min(found) > 78
    assert time.perf_counter() - start < 15
