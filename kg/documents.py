"""What text a document says, and where in it a quote stands.

A document is a plain text, an HTML page or a PDF that the researcher has. Its text is a list of paragraphs in which
white space is single; a place in it is a character offset, so the same bytes give the same places. HTML and PDF are
foreign files: they are read in a child that gives up files and sockets first, scripts and embedded files are never
looked at, and nothing that a page refers to is fetched.

A quote is looked for as the *text quote selector* of the Web Annotation model says: the exact words, told apart from
the same words elsewhere by what stands before and after. Typography is not evidence: curly and straight quotes, kinds
of dashes, ligatures, soft hyphens and line breaks do not make two texts differ, and are told as what they are.

References
----------
W3C (2017), Web Annotation Data Model, 4.2.4 Text Quote Selector, https://www.w3.org/TR/annotation-model/;
the Unicode Standard, annex 15 (NFKC).
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import re
import stat
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

from kg import child
from kg.claim import Source
from kg.errors import Misuse, Refused, Unavailable

__all__ = [
    "SUFFIXES",
    "Document",
    "Found",
    "Place",
    "Searched",
    "Shelf",
    "content",
    "digest_of",
    "find_quote",
    "read",
]

#: File name ending to the kind of document.
SUFFIXES: Mapping[str, str] = {
    ".txt": "text", ".text": "text", ".md": "text", ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf",
}  # fmt: skip

_LARGEST_FILE = 64 << 20
_LARGEST_TEXT = 4 << 20
_MOST_PAGES = 2_000
_SECONDS = 30.0
_MEMORY = 1 << 30


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


#: Where a paragraph begins and ends.
_BLOCKS = _tags(
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section summary table "
    "tbody td tfoot th thead title tr ul"
)
#: What is no text of the page.
_UNREAD = _tags(
    "applet audio canvas datalist embed head iframe map math noembed noframes noscript object script select style svg "
    "template textarea video"
)
#: What stands on a page around what it says.
_AROUND = _tags("aside footer form header menu nav")
_VOID = _tags("area base br col embed hr img input link meta param source track wbr")  # have no end tag
#: Character codings of pages; what is not named here is read as UTF-8.
_CODINGS = ("big5", "euc-jp", "euc-kr", "gb18030", "iso-8859-1", "iso-8859-15", "shift_jis", "utf-16", "utf-8", "windows-1252")  # fmt: skip
#: What a browser reads pages of these codings as (WHATWG Encoding).
_READ_AS = {"iso-8859-1": "windows-1252", "us-ascii": "windows-1252", "ascii": "windows-1252", "gb2312": "gb18030", "gbk": "gb18030"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document.

    Parameters
    ----------
    name : str
        File name, without its folder.
    kind : str
        ``text``, ``html`` or ``pdf``.
    digest : str
        ``sha256:`` and 64 hexadecimal digits: the hash of the file's bytes, as a source card keeps it.
    paragraphs : tuple of str
        In reading order; white space is single in them.
    around : frozenset of int
        Paragraphs that stand around the text: navigation, footers, forms.
    about : mapping of str to str
        What the document says of itself, as far as it does: ``title``, ``author``, ``publisher``, ``published``,
        ``url``, ``lang``.
    """

    name: str
    kind: str
    digest: str
    paragraphs: tuple[str, ...]
    around: frozenset[int] = frozenset()
    about: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All paragraphs, a line each: what character offsets count in."""
        return "\n".join(self.paragraphs)

    def search(self) -> Searched:
        """Return the text made ready to look quotes up in."""
        return Searched(self.text, set_in_lines=self.kind == "pdf")

    def spans(self) -> Iterator[tuple[int, str]]:
        """Yield each paragraph that is not around the text, with its offset."""
        offset = 0
        for number, paragraph in enumerate(self.paragraphs):
            if number not in self.around:
                yield offset, paragraph
            offset += len(paragraph) + 1


# -- reading


def digest_of(data: bytes) -> str:
    """Return the digest of a document's bytes as a source card keeps it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read(path: Path, *, seconds: float = _SECONDS, memory: int = _MEMORY) -> Document:
    """Read the text of a document.

    Parameters
    ----------
    path : Path
        A file with one of the endings of `SUFFIXES`.
    seconds : float
        Wall time that reading it may take.
    memory : int
        Bytes of memory that reading it may take.

    Returns
    -------
    Document

    Raises
    ------
    Misuse
        If there is no such file, or its ending is unknown.
    Refused
        If it cannot be read as what it says it is, with the reason and the cure.
    Unavailable
        If the system does not give it out.

    Notes
    -----
    A child process (0.2 s), and for a PDF some 20 ms a page.
    """
    kind = SUFFIXES.get(path.suffix.lower(), "")
    if not kind:
        raise Misuse(
            f"{path.name!r}: no document of this kind can be read; known endings are {', '.join(SUFFIXES)}"
        )
    data = content(path)
    job = {"name": path.name, "kind": kind}
    try:
        reply = child.call("kg.documents:_parse", job, [data], seconds=seconds, memory=memory)
    except child.Stopped as end:
        why = {
            "time": f"took longer than {seconds:g} s to read",
            "memory": "needs more memory to read than a document may",
            "crash": "is nested or built in a way that no reader can follow",
        }[end.why]
        raise Refused(f"{path.name} {why}; save the passage you need as a text file and give that") from None
    if "refused" in reply:
        raise Refused(f"{path.name} {reply['refused']}")
    return Document(
        path.name,
        kind,
        digest_of(data),
        tuple(reply["paragraphs"]),
        frozenset(reply["around"]),
        reply["about"],
    )


def content(path: Path) -> bytes:
    """Return the bytes of a plain file of a size that a document may have.

    Raises
    ------
    Misuse
        If there is none.
    Refused
        If it is a link, a device or a pipe, or too large.
    Unavailable
        If the system does not give it out.
    """
    try:
        state = path.lstat()
        # A pipe would wait for ever and a device never end; a link may point anywhere.
        if not stat.S_ISREG(state.st_mode):
            raise Refused(f"{path.name} is a link, a folder, a device or a pipe; give a plain file")
        if state.st_size > _LARGEST_FILE:
            raise Refused(
                f"{path.name} is larger than {_LARGEST_FILE >> 20} MiB; save the passage you need as a text file"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise Misuse(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read: {error.strerror or error}") from error


class _Unreadable(Exception):
    """Why a document cannot be read, as the end of a sentence that begins with its name."""


def _parse(job: Mapping[str, str], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Read one document; runs in the child process."""
    data = blobs[0]
    reader = _pdf_reader() if job["kind"] == "pdf" else _read_html if job["kind"] == "html" else _read_text
    for coding in _CODINGS:
        codecs.lookup(coding)  # each is a module of its own, out of reach later
    confine()
    try:
        paragraphs, around, about = reader(data)
        text = [re.sub(r"\s+", " ", _legible(paragraph)).strip() for paragraph in paragraphs]
        kept = [number for number, paragraph in enumerate(text) if paragraph]
        if not kept:
            raise _Unreadable(
                "holds no text; if it is a scan, run text recognition over it first and give the result"
            )
        if sum(map(len, text)) > _LARGEST_TEXT:
            raise _Unreadable(
                f"says more than {_LARGEST_TEXT >> 20} million characters; save the passage you need as a text file"
            )
    except _Unreadable as error:
        return {"refused": str(error)}
    return {
        "paragraphs": [text[number] for number in kept],
        "around": [place for place, number in enumerate(kept) if number in around],
        "about": {
            name: re.sub(r"\s+", " ", _legible(said)).strip()[:500]
            for name, said in about.items()
            if said.strip()
        },
    }


def _legible(text: str) -> str:
    """Return text without what nobody can see: control characters, private use, halves of characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in "\n\t\u200d" or unicodedata.category(char) not in ("Cc", "Co", "Cs", "Cn") else " "
        for char in text
    )


_Parts = tuple[list[str], set[int], dict[str, str]]


def _decoded(data: bytes, coding: str = "") -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace").removeprefix("\ufeff")
    try:
        return data.decode(coding or "utf-8")
    except UnicodeDecodeError as error:
        if coding:
            return data.decode(coding, "replace")
        raise _Unreadable(f"is not UTF-8 (byte {error.start + 1}); save it again as UTF-8") from None


def _read_text(data: bytes) -> _Parts:
    """Paragraphs of a plain text: parts between empty lines, or lines where these are not broken by width."""
    if b"\0" in data[:4096] and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _Unreadable("holds NUL characters, so it is no text file; give the file under its own ending")
    lines = [line.rstrip() for line in _decoded(data).splitlines()]
    widest = max(map(len, lines), default=0)
    blocks: list[str] = []
    before = ""
    for line in lines:
        # A line that was broken by width goes on in the next; one that was ended by its writer does not.
        broken = before and widest <= 120 and len(before) + len(line.split(" ", 1)[0]) >= 0.8 * widest
        if broken and line and not re.match(r"\s*(?:[•*·–-]|\d+[.)])\s", line):
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
        before = line
    return blocks, set(), {"title": next((block for block in blocks if block and len(block) <= 200), "")}


# -- HTML


def _read_html(data: bytes) -> _Parts:
    # What a page says of its coding stands in its first bytes (HTML, 13.2.3.2).
    named = re.search(rb"charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", data[:2048], re.I) or re.match(
        rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w:.-]{1,40})", data
    )
    coding = named.group(1).decode("ascii", "replace").lower() if named else ""
    coding = _READ_AS.get(coding, coding)
    if coding not in _CODINGS or coding == "utf-16":
        coding = "utf-8"
    try:
        text = _decoded(data, "" if coding == "utf-8" else coding)
    except _Unreadable:
        text = data.decode("windows-1252", "replace")  # as a browser does with a page that names no coding
    if "<" not in text:
        raise _Unreadable("holds no markup; if it is plain text, let its name end in .txt")
    page = _Page()
    page.feed(text)
    page.close()
    return page.parts()


class _Page(HTMLParser):
    """Collects the paragraphs of a page. It keeps no tree, so no nesting is too deep for it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[str] = []
        self._places: list[str] = []  # of each block: what it lies in
        self._words: list[str] = []
        self._unread = 0
        self._unread_in = ""
        self._within: dict[str, int] = {}
        self._title: list[str] | None = None
        self._about: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self._meta(given)
        elif tag == "html":
            self._about.setdefault("lang", given.get("lang", "")[:20])
        elif tag == "link" and given.get("rel", "").lower() == "canonical":
            self._about.setdefault("url", given.get("href", ""))
        elif tag == "title" and "title" not in self._about and self._unread_in in ("", "head"):
            self._title = []
        if tag == "body":  # ends a head that was left open
            self._unread, self._unread_in = 0, ""
        if self._unread:
            self._unread += tag == self._unread_in
            return
        if tag in _UNREAD:
            self._unread, self._unread_in = 1, tag
        if tag in _BLOCKS:
            self._end_block()
            if tag not in _VOID:
                self._within[tag] = self._within.get(tag, 0) + 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID or tag not in _UNREAD:
            self.handle_starttag(tag, attrs)
            if tag not in _VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._title is not None:
            self._about["title"], self._title = "".join(self._title), None
        if self._unread:
            self._unread -= tag == self._unread_in
            if not self._unread:
                self._unread_in = ""
            return
        if tag in _BLOCKS:
            self._end_block()
            self._within[tag] = max(0, self._within.get(tag, 0) - 1)

    def handle_data(self, data: str) -> None:
        if self._title is not None:
            self._title.append(data)
        elif not self._unread:
            self._words.append(data)

    def _end_block(self) -> None:
        if self._words:
            self._blocks.append("".join(self._words))
            inside = [tag for tag, depth in self._within.items() if depth]
            self._places.append(
                "text" if {"article", "main"} & set(inside) and not {"aside", "nav"} & set(inside)
                else "around" if _AROUND & set(inside)
                else ""
            )  # fmt: skip
            self._words = []

    def _meta(self, given: Mapping[str, str]) -> None:
        name = (given.get("property") or given.get("name") or "").lower()
        said = given.get("content", "")
        for key, names in (
            ("title", ("og:title",)),
            ("author", ("author", "article:author")),
            ("publisher", ("og:site_name",)),
            ("published", ("article:published_time", "date", "dc.date", "datepublished")),
        ):
            if name in names and said and not said.startswith("http"):
                self._about.setdefault(key, said)

    def parts(self) -> _Parts:
        """Return what was found; where a page marks its article, all else stands around it."""
        self._end_block()
        marked = sum(
            len(block) for block, place in zip(self._blocks, self._places, strict=True) if place == "text"
        )
        wanted = ("text",) if marked > 500 else ("text", "")
        around = {number for number, place in enumerate(self._places) if place not in wanted}
        if day := re.match(r"\d{4}(?:-\d\d(?:-\d\d)?)?", self._about.get("published", "")):
            self._about["published"] = day.group()
        else:
            self._about.pop("published", None)
        return self._blocks, around, self._about


# -- PDF


def _pdf_reader() -> Any:
    """Return the reader of PDF files, with everything loaded that it may need later."""
    import encodings
    import importlib
    import logging
    import pkgutil

    import pypdf
    import pypdf.errors

    logging.disable(logging.CRITICAL)  # it tells of every oddity of a file
    # Which codings its fonts are in, and which parts of itself it needs for them, only shows in the file.
    for package in (encodings, pypdf):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            with contextlib.suppress(ImportError):  # of another system, or for a library that is optional
                importlib.import_module(module.name)

    def read_pdf(data: bytes) -> _Parts:
        if b"%PDF-" not in data[:1024]:
            raise _Unreadable("is no PDF; give it the ending of what it is, or save it as a PDF again")
        try:
            pdf = pypdf.PdfReader(io.BytesIO(data), strict=False)
            # Many files are locked against changes only, with an empty password for reading.
            if pdf.is_encrypted and not pdf.decrypt(""):
                raise _Unreadable("is locked with a password; save a copy without one and give that")
            if len(pdf.pages) > _MOST_PAGES:
                raise _Unreadable(f"has more than {_MOST_PAGES:,} pages; give the part you need")
            lines, size = [], 0
            for page in pdf.pages:
                lines.append(_lines(page))
                size += sum(len(line.text) for line in lines[-1])
                if size > _LARGEST_TEXT:
                    break
            about = pdf.metadata
        except pypdf.errors.DependencyError:
            raise _Unreadable("is encrypted; save a copy without encryption and give that") from None
        except (_Unreadable, MemoryError):
            raise
        except Exception as error:  # a broken file can make it fail in any way
            detail = type(error).__name__
            raise _Unreadable(
                f"is damaged: no reader can follow it ({detail}); save it as a PDF again"
            ) from None
        said = {"title": about.title, "author": about.author} if about else {}
        return (
            _paragraphs(lines),
            set(),
            {
                name: str(text)
                for name, text in said.items()
                if text and text not in ("(anonymous)", "(unspecified)", "untitled")
            },
        )

    return read_pdf


@dataclass(slots=True)
class _Line:
    """A line of a page: its words, its height above the page's lower edge, and the size of its letters."""

    text: str
    height: float
    size: float


def _lines(page: Any) -> list[_Line]:
    found: list[_Line] = []
    fresh = True

    def visit(text: str, user: Sequence[float], matrix: Sequence[float], font: Any, size: float) -> None:
        nonlocal fresh
        height = matrix[4] * user[1] + matrix[5] * user[3] + user[5]
        for number, part in enumerate(text.split("\n")):
            if number:
                fresh = True
            if part.strip():
                if fresh or not found:
                    found.append(
                        _Line(part, float(height), abs(float(size) * (user[3] or 1) * (matrix[3] or 1)))
                    )
                else:
                    found[-1].text += part
                fresh = False

    page.extract_text(visitor_text=visit)
    return found


#: Ligatures that stand for letters: how a word is set is not how it is spelt.
_LIGATURES = str.maketrans({chr(0xFB00 + number): text for number, text in enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"))})  # fmt: skip


def _paragraphs(pages: Sequence[Sequence[_Line]]) -> list[str]:
    """Join lines into paragraphs: a wider gap, another size of letters, or a short last line ends one."""
    lines = [(number, line) for number, page in enumerate(pages) for line in page]
    gaps = sorted(
        round(one.height - two.height, 1)
        for (page, one), (other, two) in pairwise(lines)
        if page == other and 0 < one.height - two.height < 100
    )
    # Most lines follow another line of their paragraph, so the usual gap is near the small ones.
    usual = gaps[len(gaps) // 3] if gaps else 0.0
    widest = sorted(len(line.text) for _, line in lines)[int(len(lines) * 0.9)] if lines else 0
    words = {word for _, line in lines for word in re.findall(r"[^\W\d_]+", line.text.translate(_LIGATURES))}
    blocks: list[str] = []
    before: tuple[int, _Line] | None = None
    for page, line in lines:
        text = line.text.translate(_LIGATURES).strip()
        if before is not None and blocks and _goes_on(before, (page, line), usual, widest):
            blocks[-1] = _joined(blocks[-1], text, words)
        else:
            blocks.append(text)
        before = (page, line)
    return blocks


def _goes_on(before: tuple[int, _Line], now: tuple[int, _Line], usual: float, widest: int) -> bool:
    (page, last), (other, line) = before, now
    first = line.text.lstrip()[:1]
    ended = last.text.rstrip().endswith((".", "!", "?", ":", "”", ")", '"'))
    if ended and len(last.text) < 0.75 * widest and not first.islower():
        return False
    if page != other or line.height >= last.height:  # a new page or column
        return not ended or first.islower()
    if abs(line.size - last.size) > 0.15 * max(line.size, last.size):
        return False
    return last.height - line.height <= 1.35 * usual and first not in "•·▪●"


def _joined(text: str, line: str, words: set[str]) -> str:
    """Join two lines; a hyphen at the end of one goes where the document writes the word without it elsewhere."""
    if text.endswith("\u00ad"):
        return text[:-1] + line
    if text.endswith(("-", "\u2010")) and line[:1].isalpha():
        first, second = re.search(r"[^\W\d_]+[-\u2010]$", text), re.match(r"[^\W\d_]+", line)
        whole = first.group()[:-1] + second.group() if first and second else ""
        return (text[:-1] if whole in words else text) + line
    if text.endswith("\u2014") or line.startswith("\u2014"):
        return text + line
    return f"{text} {line}"


# -- a folder of documents


class Shelf:
    """A folder with the documents of sources.

    A file belongs to a source when ``documents.csv`` (columns ``source`` and ``file``) says so, when it is called after
    its id (``aurora-basalt-deal.pdf``), or when its bytes have the digest on the source's card.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    Misuse
        If there is no such folder.
    Refused
        If ``documents.csv`` cannot be read, names a file that is not in the folder, or a file outside of it.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Misuse(f"there is no folder {str(folder)!r}")
        self._files = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in SUFFIXES and stat.S_ISREG(path.lstat().st_mode)
        )
        self._stems: dict[str, Path] = {}
        for path in self._files:
            self._stems.setdefault(path.stem, path)
        self._listed = self._read_list(folder)

    def __len__(self) -> int:
        return len(self._files)

    def _read_list(self, folder: Path) -> dict[str, Path]:
        listing = folder / "documents.csv"
        if not listing.exists():
            return {}
        by_name = {path.name: path for path in self._files}
        found: dict[str, Path] = {}
        reader = csv.DictReader(io.StringIO(_listing(content(listing)), newline=""))
        if not {"source", "file"} <= set(reader.fieldnames or ()):
            raise Refused("documents.csv:1  missing-column  it needs the columns source and file")
        for row in reader:
            source, name = (row["source"] or "").strip(), (row["file"] or "").strip()
            if name not in by_name:
                cure = f"it must be a plain file in the same folder, with one of the endings {', '.join(SUFFIXES)}"
                raise Refused(
                    f"documents.csv:{reader.line_num}:file  unknown-file  there is no document {name!r}; {cure}"
                )
            found[source] = by_name[name]
        return found

    @cached_property
    def _digests(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in self._files:
            with contextlib.suppress(Refused, Unavailable):  # told when it is needed
                found.setdefault(digest_of(content(path)), path)
        return found

    def of(self, source: Source) -> Path | None:
        """Return the file of a source; None where the folder has none."""
        named = self._listed.get(source.id) or self._stems.get(source.id)
        return named or (self._digests.get(source.digest) if source.digest else None)


def _listing(data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise Refused("documents.csv is not UTF-8; save it again as UTF-8") from None


# -- quotes


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: offsets of its first character and of the one after its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """How a quote stands to a text.

    Parameters
    ----------
    status : str
        ``exact``; ``normalised`` when only typography differs; ``ambiguous`` when it stands in several places and the
        selector does not tell which; ``surroundings`` when the words are there, but never between prefix and suffix;
        ``missing``.
    places : tuple of Place
        Every place that is meant, or where the words stand.
    nearest : str
        What comes nearest to a missing quote in the text; empty where nothing does.
    """

    status: str
    places: tuple[Place, ...] = ()
    nearest: str = ""

    @property
    def verified(self) -> bool:
        """Whether the quote stands in the text, and the selector points at one place."""
        return self.status in ("exact", "normalised")


class Searched:
    """A text made ready to look many quotes up in.

    Parameters
    ----------
    text : str
    set_in_lines : bool
        Whether words may have been broken at the end of a line, as in a PDF: then a hyphen within a word may be one of
        the typesetter, and two texts do not differ by it.
    """

    def __init__(self, text: str, *, set_in_lines: bool = False) -> None:
        self.text, self._set_in_lines = text, set_in_lines

    @cached_property
    def _folded(self) -> tuple[str, list[int]]:
        return _fold(self.text)

    def find(self, exact: str, prefix: str = "", suffix: str = "") -> Found:
        """Look up a quote; see `find_quote`."""
        found = self._find(exact, prefix, suffix)
        if found.status == "missing" and self._set_in_lines:
            whole = Searched(self.text)
            whole.__dict__["_folded"] = _without_hyphens(*self._folded)
            again = whole._find(*(_HYPHEN.sub("", part) for part in (exact, prefix, suffix)))
            if again.status != "missing":
                return again
        return found

    def _find(self, exact: str, prefix: str, suffix: str) -> Found:
        folded, origin = self._folded
        whole, before = _fold(f"{prefix}{exact}{suffix}")
        # Folding the three together and cutting where they meet: a blank beside a dash folds away with it.
        cuts = bisect_left(before, len(prefix)), bisect_left(before, len(prefix) + len(exact))
        head, words, tail = whole[: cuts[0]], whole[cuts[0] : cuts[1]], whole[cuts[1] :]
        words = words.strip()
        if not words:
            return Found("missing")
        hits = _places(folded, words)
        if not hits:
            return Found("missing", nearest=self._nearest(words))
        head, tail = head.strip(), tail.strip()
        fitting = [
            hit
            for hit in hits
            if folded[:hit].rstrip(" ").endswith(head) and folded[hit + len(words) :].lstrip(" ").startswith(tail)
        ] if head or tail else hits  # fmt: skip
        chosen = fitting or hits
        places = tuple(Place(origin[hit], self._end(hit + len(words) - 1)) for hit in chosen)
        if not fitting:
            return Found("surroundings", places)
        if len(places) > 1:
            verbatim = tuple(place for place in places if self.text[place.start : place.end] == exact)
            if len(verbatim) != 1:
                return Found("ambiguous", places)
            places = verbatim
        same = self.text[places[0].start : places[0].end] == exact.strip()
        return Found("exact" if same else "normalised", places)

    def _end(self, last: int) -> int:
        """Return the offset after a folded character: where the next one begins, less what folded to nothing."""
        origin = self._folded[1]
        start = origin[last]
        following = last + 1
        while following < len(origin) and origin[following] == start:  # a ligature folds to several
            following += 1
        end = origin[following] if following < len(origin) else len(self.text)
        while end - 1 > start and (self.text[end - 1].isspace() or self.text[end - 1] in _UNSEEN):
            end -= 1
        return end

    def _nearest(self, words: str) -> str:
        from rapidfuzz import fuzz

        folded, origin = self._folded
        if len(words) > len(folded):
            return ""
        best = fuzz.partial_ratio_alignment(words, folded, score_cutoff=60)
        if best is None or best.dest_end <= best.dest_start:
            return ""
        start = folded.rfind(" ", 0, best.dest_start + 1) + 1
        stop = folded.find(" ", best.dest_end)
        stop = len(folded) if stop < 0 else stop
        return self.text[origin[start] : self._end(stop - 1)]


def find_quote(text: str, exact: str, prefix: str = "", suffix: str = "") -> Found:
    """Return where a quote stands in a text, by its words and what stands around them.

    Parameters
    ----------
    text : str
        E.g. `Document.text`; offsets of the answer count in it.
    exact, prefix, suffix : str
        A text quote selector: the words, and what stands directly before and after them (either may be empty).

    Returns
    -------
    Found

    Notes
    -----
    Linear in the length of the text; a missing quote costs an alignment besides, about 10 ms in 100,000 characters.

    Examples
    --------
    >>> find_quote("No talks. “No talks”, said Aurora.", "No talks", suffix="”")
    Found(status='exact', places=(Place(start=11, end=19),), nearest='')
    """
    return Searched(text).find(exact, prefix, suffix)


_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_BULLETS = "\u2022\u25cf\u25aa\u25e6\u2023\u00b7"  # a page draws them, its text may not hold them
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SINGLE, _DOUBLE = "\u2018\u2019\u201a\u201b\u2032\u00b4`\u02bc", "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_PLAIN = {
    **dict.fromkeys(_DASHES, "-"), **dict.fromkeys(_SINGLE, "'"), **dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_UNSEEN + _BULLETS, ""),
}  # fmt: skip


def _fold(text: str) -> tuple[str, list[int]]:
    """Return text without its typography, and for each character left the offset it came from."""
    out: list[str] = []
    origin: list[int] = []
    number, length = 0, len(text)
    while number < length:
        char, start = text[number], number
        number += 1
        if char.isascii():
            folded = " " if char.isspace() else "'" if char == "`" else char
        else:
            # A letter and the accents that follow it are one character, however they are written.
            while number < length and unicodedata.combining(text[number]):
                char += text[number]
                number += 1
            folded = _PLAIN.get(char) if char in _PLAIN else unicodedata.normalize("NFKC", char)  # type: ignore[assignment]
            folded = "".join(_PLAIN.get(part, part) for part in folded)
            if char.isspace() or not folded.strip():
                folded = " " if char.isspace() else ""
        if number < length and char.isascii() and unicodedata.combining(text[number]):
            while number < length and unicodedata.combining(text[number]):
                char += text[number]
                number += 1
            folded = unicodedata.normalize("NFKC", char)
        for part in folded:
            # White space is single, and none stands beside a dash: a line may be broken there.
            if part == " " and out and out[-1] in " -":
                continue
            if part == "-" and out and out[-1] == " ":
                out.pop()
                origin.pop()
            out.append(part)
            origin.append(start)
    return "".join(out), origin


_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u2011](?=[^\W\d_])")


def _without_hyphens(text: str, origin: list[int]) -> tuple[str, list[int]]:
    gone = {hit.start() for hit in _HYPHEN.finditer(text)}
    kept = [number for number in range(len(text)) if number not in gone]
    return "".join(text[number] for number in kept), [origin[number] for number in kept]


def _places(text: str, words: str) -> list[int]:
    found, at = [], text.find(words)
    while at >= 0:
        found.append(at)
        at = text.find(words, at + 1)
    return found
