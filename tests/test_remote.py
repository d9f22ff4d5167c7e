"""Outside endpoints: asked only when the user says so, bounded whatever they do, joined as SPARQL means it."""

from __future__ import annotations

import re
import time

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import federation
from kg.errors import Misuse, Refused, Unavailable
from kg.remote import Endpoint, ask, declared
from tests.conftest import policy
from tests.outside import RESULTS, endpoint, hostile, send

TURTLE = """
PREFIX x: <http://x.example/>
x:aurora x:makes x:dawn , x:dusk ; x:name "Aurora"@en ; x:staff 12 .
x:basalt x:makes x:cell ; x:name "Basalt \\"B\\" {}" ; x:staff "1.10"^^<http://x.example/decimal> .
x:cirrus x:name "Çirrus\\n2" .
"""


def store_of(turtle: str = TURTLE) -> ox.Store:
    store = ox.Store()
    store.load(turtle.encode(), format=ox.RdfFormat.TURTLE)
    return store


@pytest.fixture(scope="module")
def honest():
    with endpoint(store_of()) as outside:
        yield outside


@pytest.fixture(scope="module")
def harmful():
    with endpoint() as outside:
        hostile(outside)
        yield outside


# -- one endpoint


def test_an_outside_endpoint_answers_a_select_an_ask_and_a_construct(honest):
    """With the same kind of answer that our own store gives."""
    place = Endpoint(honest.url)
    answer = ask("PREFIX x: <http://x.example/> SELECT ?who ?n { ?who x:staff ?n } ORDER BY ?who", place)
    assert answer.variables == ["who", "n"]
    assert [row["who"]["value"].rpartition("/")[2] for row in answer.rows] == ["aurora", "basalt"]
    assert answer.rows[1]["n"]["value"] == "1.10"
    assert honest.url in answer.footer()
    assert "ledger none" in answer.footer()
    assert ask("ASK { ?s ?p 12 }", place).boolean is True
    made = ask(
        "CONSTRUCT { ?s a ev:Company } { ?s <http://x.example/staff> ?n }", place, graph_format="ntriples"
    )
    assert sorted(made.graph.splitlines()) == [
        f"<http://x.example/{name}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<https://w3id.org/evsw/ontology#Company> ."
        for name in ("aurora", "basalt")
    ]


def test_a_client_says_who_it_is_and_nothing_about_the_machine(honest):
    """The project by name; no host, no user, no cookie."""
    ask("ASK {}", Endpoint(honest.url))
    headers = honest.headers[-1]
    assert re.fullmatch(r"ev-supply-web \(SPARQLWrapper/[\w.]+\)", headers["User-Agent"])
    assert set(headers) <= {"Accept", "Accept-Encoding", "Connection", "Host", "User-Agent"}


def test_a_long_query_and_an_address_with_parameters_go_by_post(honest):
    """So that no server is given an address that it cuts off."""
    note = "# " + "long " * 1000
    assert ask(f"ASK {{ ?s ?p ?o }} {note}", Endpoint(honest.url)).boolean is True
    assert "Content-Type" in honest.headers[-1]
    assert ask("ASK { ?s ?p ?o }", Endpoint(honest.url + "?graph=x")).boolean is True


def test_only_the_prefixes_that_are_used_and_not_declared_are_added():
    """A prefix of the user's own stays as it is."""
    text = declared("PREFIX ev: <urn:mine> SELECT * { ?s ev:supplies id:ford ; ?p 'skos:note' } # prov:x")
    assert text.splitlines()[:-1] == ["PREFIX id: <https://w3id.org/evsw/id/>"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "LOAD <http://x.example/>",
        "PREFIX x: <urn:> DELETE WHERE { ?s ?p ?o }",
        "",
    ],
)
def test_an_update_never_leaves_the_house(honest, text):
    """Nothing but the four forms of a question is sent."""
    before = len(honest.headers)
    with pytest.raises(Refused, match="SELECT"):
        ask(text, Endpoint(honest.url))
    assert len(honest.headers) == before


@pytest.mark.parametrize(
    "url",
    ["file:///etc/hostname", "ftp://x.example/", "/sparql", "http://", "http://user:word@x.example/", "http://a b/",
     "http://x.example/#a", "http://x.example:99999/", "javascript:alert(1)", "http://x.example/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address_of_an_endpoint_is_misuse(url):
    """Other schemes, passwords, line breaks: refused before anything is opened."""
    with pytest.raises(Misuse):
        Endpoint(url)


def test_a_query_that_the_endpoint_does_not_accept_is_refused_with_its_reason(honest):
    """A slip in the query is the user's to mend, so it is not called a fault of the surroundings."""
    with pytest.raises(Refused, match=r"does not accept the query .400 .*expected"):
        ask("SELECT ?s { ?s ?p }", Endpoint(honest.url))


def test_rows_and_triples_beyond_the_limit_are_said_to_be_cut_off(honest):
    """What is there is whole, and the answer says that it is not all."""
    place = Endpoint(honest.url, rows=2)
    answer = ask("SELECT ?s { ?s ?p ?o }", place)
    assert (len(answer.rows), answer.truncated) == (2, True)
    graph = ask("CONSTRUCT WHERE { ?s ?p ?o }", place, graph_format="ntriples")
    assert (len(graph.graph.splitlines()), graph.truncated) == (2, True)


def test_an_endpoint_that_answers_in_xml_is_understood(honest):
    """Some know no JSON."""
    honest.acts["/xml"] = lambda handler: send(
        handler,
        b'<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="n"/></head><results><result>'
        b'<binding name="n"><literal xml:lang="en">a</literal></binding></result></results></sparql>',
        "application/sparql-results+xml; charset=utf-8",
    )
    answer = ask("SELECT ?n {}", Endpoint(honest.at("/xml")))
    assert answer.rows == [{"n": {"type": "literal", "value": "a", "xml:lang": "en"}}]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/html", "answered with text/html"),
        ("/html-as-json", "cut off or malformed"),
        ("/untyped", "gives no type"),
        ("/cut", "cut off or malformed"),
        ("/trailing", "cut off or malformed"),
        ("/short", "broke off after"),
        ("/chunks", "broke off"),
        ("/garbage", "does not speak HTTP"),
        ("/deep", "malformed|no reader can follow"),
        ("/gzip", "coding 'gzip'"),
        ("/redirect-file", "sends the question on to file:///etc/hostname"),
        ("/redirect-inside", "sends the question on to /secret"),
        ("/boolean", "another kind of question"),
        ("/undeclared", "malformed"),
        ("/bad-iri", "malformed"),
        ("/half-character", "malformed"),
        ("/laughs", "declares entities"),
        ("/500", r"answered 500 .*Traceback: \[31m secret"),
        ("/busy-for-long", "come back in 86,400 s"),
        ("/busy-for-ever", "answered 429"),
        ("/endless", "more than 3,145,728 bytes"),
    ],
)
def test_a_broken_or_harmful_answer_is_one_plain_sentence(harmful, path, why):
    """No traceback, no half of a table, no call to a third address (test 45)."""
    with pytest.raises(Unavailable, match=why) as caught:
        ask("SELECT ?a {}", Endpoint(harmful.at(path), seconds=60, size=3 << 20))
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert harmful.at(path) in str(caught.value)


def test_a_redirect_is_not_followed(harmful):
    """Not even on the same machine: an address that the user did not give is not asked."""
    harmful.headers.clear()
    with pytest.raises(Unavailable):
        ask("SELECT ?a {}", Endpoint(harmful.at("/redirect-inside")))
    assert len(harmful.headers) == 1


@pytest.mark.parametrize("path", ["/hang", "/drip", "/drip-head"])
def test_an_endpoint_that_takes_its_time_is_left_at_the_deadline(harmful, path):
    """A byte now and then does not renew the time it has, as it does with SPARQLWrapper's own timeout."""
    start = time.monotonic()
    with pytest.raises(Unavailable, match=r"not answered in full after 2 s|did not answer within 2 s"):
        ask("SELECT ?a {}", Endpoint(harmful.at(path), seconds=2))
    assert time.monotonic() - start < 20


def test_nobody_at_home_is_told_as_such():
    """A port that nothing listens on."""
    with endpoint() as outside:
        url = outside.url
    with pytest.raises(Unavailable, match="cannot be reached"):
        ask("ASK {}", Endpoint(url))


def test_an_endpoint_that_is_busy_is_asked_once_more(honest):
    """After the time that it asks for, and not a third time."""
    times: list[float] = []

    def busy(handler):
        times.append(time.monotonic())
        if len(times) == 1:
            send(handler, b"", "text/plain", 503, Retry_After="1")
        else:
            send(handler, b'{"head":{},"boolean":true}', RESULTS)

    honest.acts["/busy"] = busy
    assert ask("ASK {}", Endpoint(honest.at("/busy"))).boolean is True
    assert len(times) == 2
    assert times[1] - times[0] >= 1


# -- joins


HERE = "PREFIX x: <http://x.example/> "
JOINS = [
    "SELECT ?who ?n { ?who x:likes ?o SERVICE <URL> { ?who x:name ?n } }",
    "SELECT ?who ?n ?o { SERVICE <URL> { ?who x:name ?n } OPTIONAL { ?who x:likes ?o } }",
    "SELECT ?who ?n { ?who x:likes ?o OPTIONAL { SERVICE <URL> { ?who x:staff ?n } } }",
    "SELECT ?who ?m { ?who x:likes ?o . SERVICE <URL> { ?who x:makes ?m . FILTER(?m != x:dusk) # a note }\n } }",
    "SELECT ?who { { ?who x:likes ?o } MINUS { SERVICE <URL> { ?who x:staff ?n } } }",
    "SELECT ?who { { SERVICE <URL> { ?who x:staff 12 } } UNION { ?who x:likes x:cirrus } }",
    "SELECT (COUNT(*) AS ?n) { SERVICE <URL> { ?who x:makes ?m } SERVICE <URL> { ?a x:name ?b } }",
    "SELECT ?who { ?who x:likes ?o SERVICE <URL> { x:aurora x:makes x:dawn } }",
    "SELECT ?who { ?who x:likes ?o SERVICE <URL> { x:aurora x:makes x:nothing } }",
    "SELECT ?n { SERVICE <URL> { SELECT ?n { ?who x:name ?n } ORDER BY ?n LIMIT 2 } }",
    "SELECT ?who ?n { ?who x:likes ?o SERVICE <URL> { ?who x:name ?n OPTIONAL { ?who x:staff ?s } } }",
    "CONSTRUCT { ?who x:called ?n } { ?who x:likes ?o SERVICE <URL> { ?who x:name ?n } }",
    "ASK { ?who x:likes ?o SERVICE <URL> { ?who x:staff 12 } }",
]
OURS = """PREFIX x: <http://x.example/>
x:aurora x:likes x:cirrus , x:basalt . x:basalt x:likes x:aurora . x:delta x:likes x:delta ."""


def outcome(found):
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    if isinstance(found, ox.QueryTriples):
        return sorted(map(str, found))
    names = sorted(variable.value for variable in found.variables)
    return sorted(str([str(row[name]) for name in names]) for row in found)


@pytest.mark.parametrize("text", JOINS)
def test_a_join_gives_what_an_engine_that_calls_out_itself_gives(honest, text):
    """The engine's own federation, with the same two stores, is the judge."""
    text = HERE + text.replace("URL", honest.url)
    ours = store_of(OURS)
    filled, _ = federation.joined(text, {honest.url: Endpoint(honest.url)})
    assert "SERVICE" not in filled
    assert outcome(ours.query(filled)) == outcome(ours.query(text))


terms = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).map(ox.Literal),
    st.text('\\"\n\r\t\'{}<>?u0 .#@^', max_size=12).map(ox.Literal),
    st.sampled_from([ox.Literal("a", language="en-gb"), ox.Literal("1.10", datatype=ox.NamedNode("http://x.example/d"))]),
    st.sampled_from(["http://x.example/a", "urn:é", "http://x.example/%20?q=1#x"]).map(ox.NamedNode),
)  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(terms, max_size=8))
def test_no_value_from_outside_can_be_anything_but_a_value(values):
    """Every term comes into the query as itself, or the query is refused."""
    store = ox.Store()
    store.extend([ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), value) for value in values])
    rows = [
        {"v": {"type": "uri", "value": value.value}} if isinstance(value, ox.NamedNode) else {
            "v": {"type": "literal", "value": value.value} | (
                {"xml:lang": value.language} if value.language else {"datatype": value.datatype.value})}
        for value in values
    ]  # fmt: skip
    block = federation._Block(0, 0, "http://x.example/sparql", "", frozenset({"v"}))
    text = f"SELECT ?v {{ {federation._values(block, ['v'], rows)} }}"
    assert [row["v"] for row in store.query(text)] == values


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT * { SERVICE <http://other.example/> { ?s ?p ?o } }", "not on your list"),
        ("SELECT * { SERVICE SILENT <URL> { ?s ?p ?o } }", "SILENT"),
        ("SELECT * { ?s ?p ?e SERVICE ?e { ?s ?p ?o } }", "address of its endpoint in full"),
        ("SELECT * { SERVICE x:sparql { ?s ?p ?o } }", "address of its endpoint in full"),
        ("SELECT * { SERVICE <URL> { ?s ?p ?o SERVICE <URL> { ?a ?b ?c } } }", "inside SERVICE"),
        ("SELECT * { ?s ?p ?o FILTER NOT EXISTS { { SERVICE <URL> { ?s ?p ?o } } } }", "inside EXISTS"),
        ("SELECT * { SERVICE <URL> { ?s ?p ?o", "never closed"),
        ("SELECT * { SERVICE <URL> ?s }", "needs a block"),
        (
            "SELECT * { SERVICE <URL> { ?s ?p ?o } } ; INSERT DATA { <urn:a> <urn:b> <urn:c> }",
            "INSERT is not allowed",
        ),
        ("SELECT * { S\\u0045RVICE <URL> { ?s ?p ?o } }", "write the character|cannot be read"),
    ],
)
def test_a_block_that_cannot_be_sent_out_as_it_is_is_refused_before_anything_is_sent(
    world, honest, text, why
):
    """With the place, and what would be right."""
    before = len(honest.headers)
    with pytest.raises(Refused, match=why):
        world.query(text.replace("URL", honest.url), outside={honest.url: Endpoint(honest.url)})
    assert len(honest.headers) == before


def test_without_leave_nothing_goes_out(world, honest):
    """A question of a Python caller, a page or a served endpoint meets the gate as ever."""
    before = len(honest.headers)
    with pytest.raises(Refused, match="SERVICE is not allowed"):
        world.query(f"SELECT * {{ SERVICE <{honest.url}> {{ ?s ?p ?o }} }}")
    assert len(honest.headers) == before


def test_a_part_of_the_rows_is_never_joined(world, honest):
    """A join with half of a table would be a wrong answer."""
    text = f"SELECT * {{ SERVICE <{honest.url}> {{ ?s ?p ?o }} }}"
    with pytest.raises(Refused, match="more than 3 rows"):
        world.query(text, outside={honest.url: Endpoint(honest.url, rows=3)})


@pytest.mark.parametrize(
    ("binding", "why"),
    [
        ('{"s":{"type":"bnode","value":"b"}}', "blank node"),
        ('{"s":{"type":"literal","value":"\\\\u0041"}}', "cannot be joined"),
        ('{"s":{"type":"literal","value":"a","xml:lang":"en } DROP"}}', "malformed|language"),
        ('{"s":{"type":"literal","value":"a","datatype":"urn:x> } #"}}', "malformed|datatype"),
    ],
)
def test_what_cannot_be_a_value_here_is_not_joined(honest, binding, why):
    """Names that only mean something there, and text that would be more than text."""
    honest.acts["/odd"] = lambda handler: send(
        handler, f'{{"head":{{"vars":["s"]}},"results":{{"bindings":[{binding}]}}}}'.encode()
    )
    url = honest.at("/odd")
    with pytest.raises((Refused, Unavailable), match=why):
        federation.joined(f"SELECT * {{ SERVICE <{url}> {{ ?s a ?c }} }}", {url: Endpoint(url)})


def test_an_endpoint_cannot_bring_in_a_variable(honest):
    """It may fill what it was asked for, and nothing else of the query."""
    honest.acts["/more"] = lambda handler: send(
        handler, b'{"head":{"vars":["s","mine"]},"results":{"bindings":[]}}'
    )
    url = honest.at("/more")
    with pytest.raises(Unavailable, match="nobody asked for: 'mine'"):
        federation.joined(f"SELECT * {{ ?mine ?p ?o SERVICE <{url}> {{ ?s a ?c }} }}", {url: Endpoint(url)})


def test_many_rows_from_outside_fit_into_a_query(world):
    """The limits on what a user writes are not limits on what comes in."""
    turtle = "\n".join(
        f"<https://w3id.org/evsw/id/{name}> <urn:n> {n} ." for n in range(3000) for name in ["aurora"]
    )
    with endpoint(store_of(turtle)) as outside:
        answer = world.query(
            f"SELECT (COUNT(*) AS ?n) {{ SERVICE <{outside.url}> {{ ?who <urn:n> ?n_ }} ?who a ev:Company }}",
            policy(),
            outside={outside.url: Endpoint(outside.url)},
        )
    assert answer.rows[0]["n"]["value"] == "3000"


def test_a_harmful_endpoint_in_a_join_stores_nothing(world, harmful):
    """The ledger's head is the same after each, and the answer is none (test 45)."""
    head = world.head
    for path in ("/html", "/cut", "/redirect-file", "/short"):
        url = harmful.at(path)
        with pytest.raises(Unavailable):
            world.query(f"SELECT * {{ SERVICE <{url}> {{ ?a ?p ?o }} }}", outside={url: Endpoint(url)})
    assert world.head == head
    assert world.verify() == []


# -- the list of endpoints


def test_endpoints_on_file_are_known_by_name_and_may_be_joined(tmp_path):
    """Standing leave is a file that the user writes."""
    (tmp_path / federation.FILE).write_text(
        '[wikidata]\nurl = "https://query.example/sparql"\nseconds = 5\nmegabytes = 0.5\n', encoding="utf-8"
    )
    assert federation.endpoint(tmp_path, "wikidata") == Endpoint(
        "https://query.example/sparql", 5, 10_000, 1 << 19
    )
    assert set(federation.allowed(tmp_path, ["http://x.example/sparql", "wikidata"])) == {
        "https://query.example/sparql",
        "http://x.example/sparql",
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a]\n", "needs a table with url"),
        ('a = "http://x.example/"\n', "needs a table with url"),
        ('[a]\nurl = "file:///etc"\n', "no address"),
        ('[a]\nurl = "http://x.example/"\nsecond = 3\n', "no setting 'second'"),
        ('[a]\nurl = "http://x.example/"\nrows = -1\n', "above zero"),
        ('[a]\nurl = "http://x.example/"\nseconds = nan\n', "above zero"),
        ("[a\n", "cannot be read as TOML"),
    ],
)
def test_a_slip_in_the_list_of_endpoints_is_told(tmp_path, text, why):
    """And nobody is asked until it is mended."""
    (tmp_path / federation.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as caught:
        federation.allowed(tmp_path)
    assert re.search(why, " ".join([str(caught.value), *map(str, caught.value.problems)]))


def test_a_question_of_the_library_gets_the_same_answer_from_elsewhere(world):
    """Our own view, served by another engine's endpoint: same rows, in the same order."""
    here = world.query("suppliers", policy(), entity="aurora")
    assert here.rows
    with endpoint(ox.Store.read_only(str(world.store(policy()) / "store"))) as outside:
        there = world.elsewhere("suppliers", outside.url, values={"entity": "Aurora"})
    assert (there.variables, there.rows) == (here.variables, here.rows)


# -- the command line


def test_kg_query_asks_an_outside_endpoint_a_question_of_the_library(run, honest):
    """With the names of entities bound from the ledger here, and our prefixes declared."""
    done = run("query", "suppliers", "-p", "entity=ford", "--endpoint", honest.url, "--json")
    assert done.returncode == 0, done.stderr
    assert '"bindings": []' in done.stdout
    assert "<https://w3id.org/evsw/id/ford>" in honest.asked[-1]
    done = run("query", "SELECT * { ?who ev:supplies id:tesla }", "--endpoint", honest.url, "--format", "csv")
    assert (done.returncode, done.stdout.split()) == (0, ["who"])
    assert honest.asked[-1].startswith("PREFIX ev: <https://w3id.org/evsw/ontology#>")


def test_kg_query_joins_with_an_endpoint_that_is_allowed(run, honest):
    """Once with --allow; without it, the refusal says how."""
    text = f"SELECT ?n {{ SERVICE <{honest.url}> {{ <http://x.example/aurora> ?p ?n . FILTER(?n = 12) }} }}"
    refused = run("query", text)
    assert refused.returncode == 1
    assert "--allow" in refused.stderr
    done = run("query", text, "--allow", honest.url, "--format", "csv")
    assert (done.returncode, done.stdout.split()) == (0, ["n", "12"])


def test_flags_that_choose_among_the_claims_here_are_refused_for_an_outside_endpoint(run):
    """They would be passed over in silence: the endpoint answers under a view of its own. Nobody is asked."""
    for flags in (
        ["--view", "alive"],
        ["--as-of", "2026-01"],
        ["--without", "Harbour Times", "--min-origins", "2"],
    ):
        done = run("query", "SELECT * { ?a ?b ?c }", "--endpoint", "http://127.0.0.1:9/", *flags)
        assert done.returncode == 2
        assert flags[0] in done.stderr
        assert "a view of its own" in done.stderr


def test_kg_query_says_in_a_sentence_what_an_endpoint_did(run, harmful):
    """Exit code 3: the surroundings, not the data."""
    done = run("query", "SELECT ?a {}", "--endpoint", harmful.at("/html"))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "answered with text/html" in done.stderr
    assert "Traceback" not in done.stderr
