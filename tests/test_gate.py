"""The gate: no query leaves the house, breaks the engine or smuggles itself in as a value."""

from __future__ import annotations

import ast
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import gate, query
from kg.errors import KgError, Misuse, Refused
from kg.gate import bind, check, tokens
from kg.vocabulary import literal
from tests.attacks import HEAVY, HONEST, OUTWARD, TOO_MUCH

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "hostile" / "queries.json"
OUTSIDE = "http://127.0.0.1:9/sparql"


@pytest.mark.parametrize("name", OUTWARD)
def test_what_would_leave_the_house_or_change_it_is_refused(name):
    """And the refusal says which word it is, or which character."""
    with pytest.raises(Refused, match=r"SERVICE|LOAD|FROM|USING|INSERT|DELETE|CLEAR|itself, not its code"):
        check(_filled(OUTWARD[name], OUTSIDE, "file:///secret.nt"))


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_would_break_the_engine_is_refused(name):
    """And the refusal names the limit."""
    with pytest.raises(Refused, match=r"nested deeper than 64|tokens|characters|half a character"):
        check(TOO_MUCH[name])


@pytest.mark.parametrize("name", [*HONEST, *HEAVY])
def test_honest_and_merely_heavy_queries_pass(name):
    """A word in a name, a string or a comment is no keyword; cost cannot be read off a text."""
    check({**HONEST, **HEAVY}[name])


@pytest.mark.parametrize("name", HONEST)
def test_the_gate_reads_as_the_engine_does(name):
    """What passes is SPARQL for the engine too, and its tokens hold every character but spaces and comments."""
    pyoxigraph.Store().query(HONEST[name])
    kept = "".join(token.text for token in tokens(HONEST[name]))
    assert re.sub(r"\s", "", kept) in re.sub(r"\s", "", re.sub(r"# SERVICE.*\n|#\" \..*", "", HONEST[name]))


@pytest.mark.skipif(not SHARED.exists(), reason="the shared hostile queries are not here")
def test_every_shared_hostile_query_gets_its_verdict():
    """The list of attacks that the libraries are known to fall for."""
    for case in json.loads(SHARED.read_text(encoding="utf-8")):
        text = case["q"] if "q" in case else eval(case["gen"], {"__builtins__": {}})
        verdict = "pass"
        try:
            check(text, graphs={"urn:g"} if case.get("allow_from") else set())
        except Refused:
            verdict = "refuse"
        assert verdict == case["gate"], case["name"]


def test_a_graph_of_the_view_may_be_named_and_no_other():
    """However it is written: in full, against a base, by a prefix with escapes."""
    for text in (
        "SELECT * FROM <https://e/g-1> { ?s ?p ?o }",
        "BASE <https://e/> SELECT * FROM <g-1> FROM NAMED <g-1> { ?s ?p ?o }",
        "BASE <https://e/> PREFIX g: <g> SELECT * FROM NAMED g:\\-1 { GRAPH ?g { ?s ?p ?o } }",
    ):
        check(text, graphs={"https://e/g-1"})
        with pytest.raises(Refused, match=r"FROM <https://e/g-1>"):
            check(text, graphs={"https://e/g-2"})


def test_a_question_that_asks_for_clock_or_chance_is_known_for_it():
    """What is cached must answer the same again."""
    assert gate.read("SELECT ?now { BIND('NOW()' AS ?now) }").steady
    assert not gate.read("SELECT * { ?s ?p ?o FILTER(?o < now()) }").steady
    assert not gate.read("SELECT (UUID() AS ?u) {}").steady


def test_an_open_string_is_pointed_at():
    """Line and column of where it begins."""
    with pytest.raises(Refused, match="line 2, column 8"):
        check('SELECT * {\n ?s ?p "open }')


# -- nothing goes out, with the gate or without it


@pytest.fixture
def visitors() -> Iterator[tuple[str, list[str]]]:
    """An address on loopback, and a list that gets a line for whoever comes."""
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(0.1)
    seen: list[str] = []
    closing = threading.Event()

    def watch() -> None:
        while not closing.is_set():
            try:
                guest, address = door.accept()
            except TimeoutError:
                continue
            seen.append(str(address))
            guest.close()

    thread = threading.Thread(target=watch)
    thread.start()
    yield f"http://127.0.0.1:{door.getsockname()[1]}/sparql", seen
    closing.set()
    thread.join()
    door.close()


@pytest.fixture
def secret(tmp_path):
    """The address of a file that nobody asked about."""
    path = tmp_path / "secret.ttl"
    path.write_text('<x:canary> <x:says> "canary" .\n')
    return path.as_uri()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A store with a graph in it, as the index would build one."""
    place = tmp_path_factory.mktemp("gate")
    store = pyoxigraph.Store(str(place / "store"))
    store.bulk_load(b"<x:s> <x:p> 1 . <x:g> { <x:s> <x:q> 2 }", format=pyoxigraph.RdfFormat.TRIG)
    store.flush()
    return place


def _filled(text: str, outside: str, file: str) -> str:
    return text.replace("{outside}", outside).replace("{file}", file)


def test_nothing_goes_out_with_the_gate_or_without_it(place, visitors, secret):
    """The worker has no socket to open, should a text ever get past the gate."""
    outside, seen = visitors
    pool = query.workers(1)
    try:
        for name, text in OUTWARD.items():
            text = _filled(text, outside, secret)
            with pytest.raises(Refused):
                query.ask(text, place, pool)
            job = {"text": text, "graphs": [], "form": "JSON", "graph": "TURTLE", "scope": None, "rows": 10}
            said, body = pool.ask(str(place / "store"), job, seconds=20)
            assert b"canary" not in body, name
            assert "canary" not in str(said), name
    finally:
        pool.close()
    assert seen == []


@pytest.mark.parametrize(
    "name", [name for name in OUTWARD if "{file}" in OUTWARD[name] or "SELECT" in OUTWARD[name]]
)
def test_no_way_of_asking_reads_a_file_or_calls_out(name, place, visitors, secret):
    """By text, prepared, of one graph, with values, or past the store: through every door that rdflib has."""
    from rdflib.plugins.sparql import prepareQuery

    from kg.dataset import dataset
    from kg.index import open_store

    outside, seen = visitors
    text = _filled(OUTWARD[name], outside, secret)
    data = dataset(open_store(place))
    ways = {
        "here": lambda: query.ask_here(text, open_store(place)).body,
        "text": lambda: list(data.query(text)),
        "default graph": lambda: list(data.default_graph.query(text)),
        "values": lambda: list(data.query(text, initBindings={"s": None})),
        "past the store": lambda: list(data.query(text, use_store_provided=False)),
        "prepared": lambda: list(data.query(prepareQuery(text))),
        "update": lambda: data.update(text),
    }
    for way, ask in ways.items():
        found: object = ""
        # rdflib has a dozen exceptions for what it cannot parse; what matters is what comes back, and who was called
        try:
            found = ask()
        except Exception as error:
            found = error if not isinstance(error, KgError) else ""
        assert "canary" not in str(found), way
    assert seen == []


def test_a_view_as_a_dataset_still_answers(place):
    """Honest questions, prepared ones too, and a graph of the view by FROM; but it does not write."""
    from rdflib.plugins.sparql import prepareQuery

    from kg.dataset import dataset
    from kg.index import open_store

    data = dataset(open_store(place))
    assert [row.o.toPython() for row in data.query("SELECT ?o { ?s <x:p> ?o }")] == [1]
    assert [row.o.toPython() for row in data.query(prepareQuery("SELECT ?o { ?s <x:p> ?o }"))] == [1]
    assert [row.o.toPython() for row in data.query("SELECT ?o FROM <x:g> { ?s ?p ?o }")] == [2]
    with pytest.raises(Refused, match="read-only"):
        data.update("INSERT DATA { <x:a> <x:b> 1 }")


# -- values


_PIECES = [
    '"', "'", "\\", '"""', "\\u0022", "}", "{", "#", "\n", "\r", "UNDEF", "VALUES ?v { UNDEF }", ". SERVICE <x:y> {",
    "<x:a>", "^^", "@en", "\x00", "é", "%s", "$v", "?v", " ", "{}", "; DROP ALL", "\u2028", "寧",
]  # fmt: skip
_WORDS = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=40
)


@settings(max_examples=1000)
@given(_WORDS, st.lists(_WORDS, max_size=3))
def test_a_value_matches_what_it_says_and_nothing_else(value, others):
    """A thousand strings made to break out: each finds the literals that equal it, as a comparison of texts would."""
    stored = ["Acme", value, *others]
    store = pyoxigraph.Store()
    name = pyoxigraph.NamedNode("x:name")
    for number, text in enumerate(stored):
        store.add(pyoxigraph.Quad(pyoxigraph.NamedNode(f"x:{number}"), name, pyoxigraph.Literal(text)))
    text = bind("SELECT ?s { VALUES ?v { UNDEF } ?s <x:name> ?v }", {"v": literal(value)})
    found = {row["s"].value for row in store.query(text)}
    assert found == {f"x:{number}" for number, other in enumerate(stored) if other == value}


@pytest.mark.parametrize(
    "value", ["<x:a> <x:b>", "<x:a> } } SELECT * {<x:b>", '"a" "b"', "UNDEF", "", "x:a", "1"]
)
def test_a_value_that_is_not_one_term_is_refused(value):
    """Two terms would be two rows; a bracket would be a query."""
    with pytest.raises(Misuse, match="no single term"):
        bind("SELECT * { VALUES ?x { UNDEF } }", {"x": value})


def test_a_parameter_without_a_place_is_misuse():
    """It says how to mark the place."""
    with pytest.raises(Misuse, match=r"VALUES \?maker \{ UNDEF \}"):
        bind("SELECT * { ?s ?p ?o }", {"maker": "<http://x/>"})


def test_a_value_is_put_in_wherever_its_place_stands_and_nowhere_else():
    """Also twice; a string that looks like a place is none."""
    text = 'SELECT * { VALUES ?a { UNDEF } { SELECT * { values ?a {UNDEF} } } BIND("VALUES ?a { UNDEF }" AS ?b) }'
    assert bind(text, {"a": "<x:y>"}).count("<x:y>") == 2


# -- and nobody of us puts SPARQL together


_SPARQL = re.compile(
    r"\b(SELECT|CONSTRUCT|DESCRIBE|ASK|INSERT|DELETE)\b[^{}]*(\{|\bWHERE\b)|\b(VALUES|FILTER|OPTIONAL|GRAPH|MINUS)\b\s*[?({<]",
    re.S,
)


def _formatted(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Texts that are put together from parts: f-strings, %, +, format, join, replace; line, and the constant parts."""
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.JoinedStr) and any(
            isinstance(part, ast.FormattedValue) for part in node.values
        ):
            parts = [part for part in node.values if isinstance(part, ast.Constant)]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            parts = [node.left, node.right]
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("format", "format_map", "join", "replace", "substitute", "safe_substitute")
        ):
            parts = [node.func.value, *node.args]
        texts = [
            part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if texts:
            yield getattr(node, "lineno", 0), " ".join(texts)


#: Where a query is put together on purpose, from whole blocks of the user's own text: see the module named.
_MEANT = {"federation.py": "each SERVICE block is sent out as the user wrote it, inside SELECT * WHERE { }"}


def test_no_sparql_is_put_together_by_formatting():
    """Values are bound; a text that is formatted is a message, never a query."""
    for path in sorted([*(ROOT / "kg").rglob("*.py"), *(ROOT / "viz").rglob("*.py")]):
        if path.name in _MEANT:
            continue
        for line, text in _formatted(ast.parse(path.read_text(encoding="utf-8"))):
            if "mark it with VALUES" in text:  # a message that shows the user how
                continue
            assert not _SPARQL.search(text), f"{path.name}:{line} {text!r}"


@pytest.mark.parametrize(
    "source",
    [
        'f"SELECT ?s {{ ?s ?p <{iri}> }}"', '"SELECT * { ?s ?p \\"%s\\" }" % name', '"ASK { " + text + " }"',
        '"SELECT * WHERE {{ {} }}".format(x)', 'f"VALUES ?x {{ {term} }}"', '"ASK { NAME }".replace("NAME", name)',
    ],
)  # fmt: skip
def test_formatted_sparql_would_be_found(source):
    """The check itself can fail."""
    assert any(_SPARQL.search(text) for _, text in _formatted(ast.parse(source)))
