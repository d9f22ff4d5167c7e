"""What text a document says, where a quote stands in it, and that no file can do harm while it is read."""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg import KnowledgeGraph
from kg.check import check
from kg.documents import Place, Shelf, find_quote, read
from kg.errors import Misuse, Refused

#: What an acceptance test allows for a hostile file; a child's start included, and room for a busy machine.
CEILING = 10.0

PARAGRAPHS = [
    "Aurora and Basalt sign",
    "Aurora said on Monday that it will buy cells from Basalt. The contract runs for three years and covers the cells of all cars that "
    "Aurora builds at its works in Norland; its software-defined cockpit is not part of it, and neither is the efficient pack.",
    "“We are pleased”, said Ana Quist—after a pause.",
]  # fmt: skip


def page_of(paragraphs: list[str], *, head: str = "", around: str = "") -> bytes:
    """An HTML page with these paragraphs."""
    body = "".join(f"<p>{html.escape(text)}</p>" for text in paragraphs)
    title = html.escape(paragraphs[0])
    return f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>{head}</head><body>{around}{body}</body></html>".encode()


def pdf_of(paragraphs: list[str], **options: object) -> bytes:
    """A PDF with these paragraphs, set in lines."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    style, out = getSampleStyleSheet()["BodyText"], io.BytesIO()
    flow = [part for text in paragraphs for part in (Paragraph(html.escape(text), style), Spacer(1, 8))]
    SimpleDocTemplate(out, title=paragraphs[0], **options).build(flow)
    return out.getvalue()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# -- reading


def test_text_html_and_pdf_say_the_same(tmp_path):
    """The same paragraphs, whatever they are set in; the line breaks of a typesetter are no text."""
    text = read(put(tmp_path, "a.txt", "\n\n".join(PARAGRAPHS).encode()))
    page = read(put(tmp_path, "a.html", page_of(PARAGRAPHS)))
    sheet = read(put(tmp_path, "a.pdf", pdf_of(PARAGRAPHS)))
    assert list(text.paragraphs) == list(page.paragraphs) == list(sheet.paragraphs) == PARAGRAPHS
    assert {text.about["title"], page.about["title"], sheet.about["title"]} == {PARAGRAPHS[0]}


def test_a_digest_is_that_of_the_bytes(tmp_path):
    """So that anybody can check it with another program."""
    data = "Ä. Ö.\r\n".encode()
    assert read(put(tmp_path, "a.txt", data)).digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_a_page_is_read_without_its_scripts_and_what_stands_around_it(tmp_path):
    """No script, style, template or form is text; navigation is, but apart; an unclosed head hides nothing."""
    around = "<nav><a href=/>Home</a></nav><script>document.write('<p>Basalt supplies Delta.</p>')</script><style>p{}</style>"
    hidden = "<template><p>no</p></template><noscript>no</noscript><svg><text>no</text></svg><!-- no --><iframe>no</iframe>"
    page = read(put(tmp_path, "a.html", page_of(PARAGRAPHS, around=around + hidden)))
    assert page.text == "\n".join(["Home", *PARAGRAPHS])
    assert [text for _, text in page.spans()] == PARAGRAPHS
    assert all(page.text[start : start + len(text)] == text for start, text in page.spans())
    broken = read(
        put(
            tmp_path,
            "b.html",
            b"<html><head><title>T</title><body><p>One<p>Two<br>Three<li>Four &amp; f&uuml;nf",
        )
    )
    assert broken.text.endswith("One\nTwo\nThree\nFour & fünf")


def test_what_a_page_says_of_itself_is_kept(tmp_path):
    """Title, outlet, date, author, address and language, for the source card."""
    head = (
        '<meta property="og:site_name" content="Harbour Times"><meta property="article:published_time" content="2026-02-01T08:00Z">'
        '<meta name=author content="A. Writer"><link rel=canonical href="https://harbour.example/x">'
    )
    assert dict(read(put(tmp_path, "a.html", page_of(PARAGRAPHS, head=head))).about) == {
        "title": PARAGRAPHS[0], "publisher": "Harbour Times", "published": "2026-02-01", "author": "A. Writer",
        "url": "https://harbour.example/x", "lang": "en",
    }  # fmt: skip


@pytest.mark.parametrize("coding", ["windows-1252", "utf-8", "utf-16", "shift_jis"])
def test_a_page_is_read_in_the_coding_it_names(tmp_path, coding):
    """Old pages are not UTF-8."""
    words = "日本のセル" if coding == "shift_jis" else "Zellen für Müller"
    data = f"<meta charset={coding}><p>{words}</p>".encode(coding)
    assert read(put(tmp_path, "a.html", data)).text == words


def test_words_broken_at_the_end_of_a_line_are_mended(tmp_path):
    """The hyphen goes where the document writes the word without it elsewhere, and stays where it belongs."""
    sheet = read(
        put(
            tmp_path,
            "a.pdf",
            _lines_pdf(
                ["The manufacturing of cells and their manu-", "facturing at a software-", "defined works"]
            ),
        )
    )
    assert sheet.text == "The manufacturing of cells and their manufacturing at a software-defined works"


def _lines_pdf(lines: list[str]) -> bytes:
    from reportlab.pdfbase import pdfmetrics, ttfonts
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(ttfonts.TTFont("Vera", "Vera.ttf"))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.setFont("Vera", 11)
    for number, line in enumerate(lines):
        canvas.drawString(72, 700 - 14 * number, line)
    canvas.save()
    return out.getvalue()


def test_a_ligature_is_its_letters(tmp_path):
    """How a word is set is not how it is spelt."""
    assert read(put(tmp_path, "a.pdf", _lines_pdf(["A \ufb01rst \ufb02oor"]))).text == "A first floor"


# -- quotes

TEXT = "Talks ended. “No  talks”—said Aurora.\nNo talks, Basalt agreed. The re\u00adport was wrong, it ﬁnally said."


@pytest.mark.parametrize(
    ("selector", "status", "words"),
    [
        (("Talks ended.",), "exact", ["Talks ended."]),
        (("No talks, Basalt",), "exact", ["No talks, Basalt"]),
        (("\"No talks\" - said Aurora",), "normalised", ["“No  talks”—said Aurora"]),
        (("report was wrong, it finally",), "normalised", ["re\u00adport was wrong, it ﬁnally"]),
        (("No talks", "", ", Basalt"), "exact", ["No talks"]),
        (("No talks", "ended. '", ""), "surroundings", ["No  talks", "No talks"]),
        (("said",), "ambiguous", ["said", "said"]),
        (("said", "”—", ""), "exact", ["said"]),
        (("agreed. No talks",), "missing", []),
        (("   ",), "missing", []),
    ],
)  # fmt: skip
def test_a_quote_is_found_by_its_words_and_what_stands_around_them(selector, status, words):
    """The five answers, with the places they speak of in the original text."""
    found = find_quote(TEXT, *selector)
    assert (found.status, [TEXT[place.start : place.end] for place in found.places]) == (status, words)


def test_a_missing_quote_is_told_with_what_comes_nearest():
    """A slip of the pen is seen at once."""
    assert find_quote(TEXT, "No talks, Basalt agrees").nearest == "No talks, Basalt agreed."
    assert find_quote(TEXT, "zzzz qqqq xxxx").nearest == ""


_PIECES = st.lists(st.sampled_from([*"ab –-—'’“”ﬁé \n\t…", "e\u0301", "\u00ad"]), max_size=60)  # graphemes


@given(_PIECES, st.integers(0, 60), st.integers(1, 20), st.integers(0, 6))
def test_law_every_part_of_a_text_is_found_in_it(pieces, start, size, around):
    """With what stands around it, at its place among others, whatever signs it is made of."""
    text, part = "".join(pieces), "".join(pieces[start : start + size])
    if not part.strip(" \n\t\u00ad–-—…"):
        return
    before, after = (
        "".join(pieces[max(0, start - around) : start]),
        "".join(pieces[start + size : start + size + around]),
    )
    found = find_quote(text, part, before, after)
    assert found.status in ("exact", "normalised", "ambiguous")
    at = len("".join(pieces[:start]))
    assert any(place.start < at + len(part) and at < place.end for place in found.places)


@given(st.text(st.sampled_from("ab -'\"fi"), min_size=1, max_size=40))
def test_law_typography_does_not_make_two_texts_differ(text):
    """A text set with curly quotes, long dashes, ligatures and broken lines holds the plain one."""
    if not text.strip(" -"):
        return
    fine = (
        text.replace("'", "’").replace('"', "“").replace("-", "–").replace("fi", "ﬁ").replace(" ", "\u00a0\n")
    )
    assert find_quote(f"x {fine} y", text.strip()).status != "missing"


def test_offsets_come_back_from_a_fold_that_changes_lengths():
    """Ligatures, soft hyphens and accents shift nothing."""
    text = "eﬃ\u00adcient cafe\u0301s agree"
    assert find_quote(text, "efficient cafés").places == (Place(0, 15),)


# -- hostile files


def _bomb_pdf() -> bytes:
    packed = zlib.compress(zlib.compress(b"0" * (200 << 20), 9), 9)
    return _raw_pdf(
        b"<</Filter[/FlateDecode/FlateDecode]/Length %d>>stream\n%b\nendstream" % (len(packed), packed)
    )


def _raw_pdf(content: bytes, extra: bytes = b"") -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n4 0 obj"
        + content + b"endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n" + extra
        + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    )  # fmt: skip


def _locked_pdf() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption

    return pdf_of(PARAGRAPHS, encrypt=StandardEncryption("secret", ownerPassword="owner"))


def _looping_pdf() -> bytes:
    return _raw_pdf(b"<</Length 2>>stream\nq\nendstream").replace(b"/Kids[3 0 R]", b"/Kids[2 0 R]")


HOSTILE = {
    "garbage.pdf": (lambda: os.urandom(50_000), "no PDF"),
    "broken.pdf": (lambda: b"%PDF-1.7\n" + os.urandom(50_000), "damaged|holds no text"),
    "cut.pdf": (lambda: pdf_of(PARAGRAPHS)[:400], "damaged|holds no text"),
    "loop.pdf": (_looping_pdf, "damaged|holds no text|no reader can follow|has more than"),
    "bomb.pdf": (_bomb_pdf, "memory|damaged|holds no text|longer than"),
    "locked.pdf": (_locked_pdf, "password|encrypted"),
    "nested.pdf": (lambda: _raw_pdf(b"<</Length 1>>stream\nq\nendstream", b"6 0 obj" + b"[" * 300_000 + b"endobj\n"), "damaged|holds no text|no reader can follow"),
    "scan.pdf": (lambda: _lines_pdf([]), "scan"),
    "empty.html": (lambda: b"<html></html>", "holds no text"),
    "script.html": (lambda: b"<script>" + b"a<b " * 100_000, "holds no text"),
    "words.html": (lambda: b"no markup", "markup"),
    "latin1.txt": (lambda: "für".encode("latin-1"), "UTF-8"),
    "binary.txt": (lambda: b"\x00\x01\x02" * 1000, "no text file"),
    "empty.txt": (lambda: b" \n ", "holds no text"),
    "long.txt": (lambda: b"word " * (1 << 20), "million characters"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_in_plain_words(tmp_path, name):
    """Within seconds and the memory it is given, with a cure, and never with a traceback."""
    make, told = HOSTILE[name]
    path = put(tmp_path, name, make())
    start = time.monotonic()
    with pytest.raises(Refused, match=told) as refused:
        read(path, seconds=8, memory=512 << 20)
    assert time.monotonic() - start < CEILING
    assert name in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"<div>" * 200_000 + b"deep", b"<p>a" * 200_000, b"<" * 300_000 + b"p>x", b"<a " + b"b=c " * 200_000 + b">x</a>y",
        b"&#x110000; &#0; &" + b"x" * 100_000 + b"; ok", b"<!--" * 50_000 + b"--><p>x", b"<![CDATA[" + b"x" * 100_000 + b"]]><p>y",
    ],
)  # fmt: skip
def test_a_page_built_to_hurt_is_read_or_refused_in_time(tmp_path, data):
    """No nesting is too deep and nothing is quadratic beyond the deadline."""
    path = put(tmp_path, "a.html", data)
    start = time.monotonic()
    try:
        said = " ".join(read(path, seconds=8, memory=512 << 20).paragraphs)
    except Refused as refused:
        said = str(refused)
    assert said
    assert time.monotonic() - start < CEILING


def test_only_plain_files_of_known_kinds_are_read(tmp_path):
    """A pipe would wait for ever, a link may point anywhere."""
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    (tmp_path / "folder.pdf").mkdir()
    for name in ("pipe.txt", "link.txt", "folder.pdf"):
        with pytest.raises(Refused, match="plain file"):
            read(tmp_path / name)
    with pytest.raises(Misuse, match="known endings"):
        read(put(tmp_path, "a.docx", b"x"))
    with pytest.raises(Misuse, match="no file"):
        read(tmp_path / "none.txt")


def test_a_page_cannot_make_the_reader_fetch_anything(tmp_path, monkeypatch):
    """Images, frames, links and PDFs with actions are words at most; the child has no socket and no file anyway."""
    import http.server
    import threading

    hits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/x"
    tags = f"<img src={url}><iframe src={url}></iframe><link rel=stylesheet href={url}><script src={url}></script><p>Text.</p>"
    assert read(put(tmp_path, "a.html", tags.encode())).text == "Text."
    server.shutdown()
    server.server_close()
    assert hits == []


# -- kg check --documents


def _batch(folder: Path, digest: str, *rows: str) -> Path:
    folder.mkdir()
    sources = f"id,publisher,kind,digest\npage,Harbour Times,news,{digest}\nother,Inland Post,news,\n"
    head = "id,subject,relation,object,stance,source,quote,quote_prefix,quote_suffix,paraphrase\n"
    (folder / "sources.csv").write_text(sources, encoding="utf-8")
    (folder / "facts.csv").write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


PAGE = "Basalt supplies Delta. No talks, said Aurora. No talks, said Delta. Ember grew."


def _codes(report) -> list[tuple[str, int, str, str]]:
    return [
        (item.problem.file, item.problem.row, item.problem.column, item.problem.code)
        for item in report.findings
        if item.part == "documents"
    ]  # fmt: skip


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    put(folder, "page.txt", PAGE.encode())
    return folder


def test_quotes_of_a_proposed_batch_are_looked_up_in_their_documents(world, shelf, tmp_path):
    """Each fault by row and column: not there, in several places, other surroundings; and how many were not looked up."""
    batch = _batch(
        tmp_path / "batch", "",
        "q-1,basalt,supplies,delta,reported,page,Basalt supplies Delta,,,",
        "q-2,basalt,supplies,aurora,reported,page,Basalt supplies Aurora,,,",
        "q-3,aurora,inTalksWith,delta,denied,page,No talks,,,",
        'q-4,aurora,inTalksWith,delta,denied,page,No talks,,", said Delta",',
        "q-5,aurora,inTalksWith,cirrus,denied,page,No talks,grew. ,,",
        "q-6,ember,supplies,basalt,reported,other,Ember ships,,,",
        "q-7,ember,supplies,basalt,reported,page,,,,Our own words.",
    )  # fmt: skip
    report = check(world, batch, documents=shelf, only=["documents"])
    assert _codes(report) == [
        ("facts.csv", 3, "quote", "quote-not-found"),
        ("facts.csv", 4, "quote", "quote-ambiguous"),
        ("facts.csv", 6, "quote_prefix", "surroundings-differ"),
    ]  # fmt: skip
    assert "nearest is “Basalt supplies Delta." in report.findings[0].problem.message
    (part,) = report.parts
    assert part.looked_at == "5 quotes in 1 document"
    assert "1 whose document is not in the folder" in part.note
    assert not report.healthy


def test_another_version_of_a_document_is_told_at_its_card(world, shelf, tmp_path):
    """The digest on the card is that of the bytes that were read."""
    row = "q-1,basalt,supplies,delta,reported,page,Basalt supplies Delta,,,"
    good = "sha256:" + hashlib.sha256(PAGE.encode()).hexdigest()
    assert (
        _codes(check(world, _batch(tmp_path / "good", good, row), documents=shelf, only=["documents"])) == []
    )
    bad = "sha256:" + "0" * 64
    report = check(world, _batch(tmp_path / "bad", bad, row), documents=shelf, only=["documents"])
    assert _codes(report) == [("sources.csv", 2, "digest", "document-differs")]


def test_a_document_is_known_by_its_name_its_digest_or_a_list(tmp_path):
    """Three ways to say which file is which source; a list cannot point out of the folder."""
    from kg.claim import Source

    put(tmp_path, "by-name.html", b"<p>One.</p>")
    two = put(tmp_path, "x1.txt", b"Two.")
    put(tmp_path, "x2.txt", b"Three.")
    proof = "sha256:" + hashlib.sha256(b"Two.").hexdigest()
    put(tmp_path, "documents.csv", b"source,file\nby-list,x2.txt\n")
    shelf = Shelf(tmp_path)
    assert shelf.of(Source("by-name")).name == "by-name.html"
    assert shelf.of(Source("by-digest", digest=proof)) == two
    assert shelf.of(Source("by-list")).name == "x2.txt"
    assert shelf.of(Source("nowhere")) is None
    put(tmp_path, "documents.csv", b"source,file\nby-list,../secret.txt\n")
    with pytest.raises(Refused, match=r"documents.csv:2:file"):
        Shelf(tmp_path)


def test_an_unreadable_document_is_a_finding_not_an_end(world, tmp_path):
    """The other documents are checked all the same."""
    folder = tmp_path / "documents"
    folder.mkdir()
    put(folder, "page.pdf", b"no pdf at all")
    put(folder, "other.txt", b"Ember ships.")
    batch = _batch(
        tmp_path / "batch", "",
        "q-1,basalt,supplies,delta,reported,page,Basalt supplies Delta,,,",
        "q-2,ember,supplies,basalt,reported,other,Ember sails,,,",
    )  # fmt: skip
    codes = [code for *_, code in _codes(check(world, batch, documents=folder, only=["documents"]))]
    assert sorted(codes) == ["quote-not-found", "unreadable-document"]


def test_the_ledgers_own_quotes_are_checked_too(tmp_path, shelf):
    """After the load as before it, with the batch named; a withdrawn document is nobody's concern."""
    with KnowledgeGraph(tmp_path / "home", shipped=False) as graph:
        graph.load(Path(__file__).parent / "world")
        graph.load(
            _batch(
                tmp_path / "batch", "", "q-2,basalt,supplies,aurora,reported,page,Basalt supplies Aurora,,,"
            )
        )
        report = check(graph, documents=shelf, only=["documents"])
        assert [(item.batch, item.label, item.problem.code) for item in report.findings] == [
            (2, "q-2", "quote-not-found")
        ]
        graph.undo(2)
        assert check(graph, documents=shelf, only=["documents"]).healthy


def test_the_command_checks_quotes(run, world, shelf, tmp_path):
    """`kg check FOLDER --documents DIR --only documents`; without a folder of documents it says what is missing."""
    world.close()
    batch = _batch(
        tmp_path / "batch", "", "q-2,basalt,supplies,aurora,reported,page,Basalt supplies Aurora,,,"
    )
    arguments = ("check", str(batch), "--only", "documents")
    done = run(*arguments, "--documents", str(shelf), "--json", home=world.home)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["findings"][0]["code"] == "quote-not-found"
    assert (run(*arguments, home=world.home).returncode) == 2
    assert run(*arguments, "--documents", str(tmp_path / "none"), home=world.home).returncode == 2
