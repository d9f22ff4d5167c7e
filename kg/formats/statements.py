"""Foreign RDF text as statements that are safe to look at, each with its line.

No RDF library refuses all that a hostile file can hold, and none says where everything stands. So the text is looked
through before a parser sees it (nesting, size, document types, remote contexts, duplicate keys), then parsed by
pyoxigraph, which keeps every value as it is written, and then each term is looked at (schemes, control characters,
ill-typed and hidden text). Nothing is fetched, nothing is repaired, nothing is dropped without a word.

References
----------
RDF 1.1 Concepts, Turtle, TriG, N-Triples, N-Quads and RDF/XML; JSON-LD 1.1; BCP 47; XML Schema 1.1 part 2.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any, NamedTuple, cast
from urllib.parse import quote
from xml.parsers import expat

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, RdfFormat, parse

from kg.errors import Problem
from kg.factfile import FactFile
from kg.formats import decoded
from kg.glyphs import hidden, look_alikes, twins

__all__ = ["RELATIVE", "Literal", "Reader", "Statement"]

#: What relative IRIs are resolved against: a name that, by RFC 2606, can never be anybody's address.
RELATIVE = "https://relative.invalid/"

_FORMATS = {
    ".ttl": RdfFormat.TURTLE, ".trig": RdfFormat.TRIG, ".nt": RdfFormat.N_TRIPLES, ".nq": RdfFormat.N_QUADS,
    ".jsonld": RdfFormat.JSON_LD, ".rdf": RdfFormat.RDF_XML, ".owl": RdfFormat.RDF_XML, ".xml": RdfFormat.RDF_XML,
}  # fmt: skip
_DEPTH = 64
_LONGEST_TEXT = 1 << 20
_LONGEST_IRI = 8192
_MOST_PREFIXES = 1000
_MOST_DIGITS = 1000
_MOST_TOLD = 1000  # problems of one kind that are told one by one

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TURTLE = re.compile(
    r"""
      (?P<comment> \#[^\r\n]*+ )
    | (?P<iri> <[^<>"{}|^`\\\s]*+ (?: \\.[^<>"{}|^`\\\s]*+ )*+ > )
    | (?P<long> \"{3} (?: [^"\\]++ | \\. | "(?!"") )*+ \"{3} | '{3} (?: [^'\\]++ | \\. | '(?!'') )*+ '{3} )
    | (?P<open_long> \"{3} | '{3} )
    | (?P<text> "[^"\\\r\n]*+ (?: \\.[^"\\\r\n]*+ )*+ " | '[^'\\\r\n]*+ (?: \\.[^'\\\r\n]*+ )*+ ' )
    | (?P<open_text> ["'] )
    | (?P<term> << )
    | (?P<open> [\[({] )
    | (?P<close> [\])}] )
    | (?P<prefix> @prefix\b | \bPREFIX\b )
    | (?: [^\#<"'\[\](){}@Pp\\] | \\. | (?<=\w) [Pp] )++
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_JSON = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+")(\s*:)?|[\[\]{}]|[^\s"\[\]{}:,]++', re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\Z")
#: Blank nodes, and addresses in which there is nothing to look at.
_HARMLESS = re.compile(r"_:|(?!https://relative\.invalid/)https?://[A-Za-z0-9./#_?=&:~+-]{1,999}\Z")
_CONTROL_IN_IRI = re.compile(r"[\x00-\x20]|%(?:0[0-8bBcCeEfF]|1[0-9a-fA-F])")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
#: Schemes that run, open or smuggle something when somebody follows them.
_UNSAFE = frozenset(
    {"javascript", "vbscript", "data", "file", "blob", "filesystem", "about", "jar", "view-source"}
)
_PARSER_SAYS = re.compile(r"Parser error (?:at|between)\b[^:]*(?::\d+)?: ")
#: What a parser's message is about (the first that occurs in it), the code of the problem, and the cure.
_CURES = (
    ("has not been declared", "unknown-prefix", "declare the prefix at the top, e.g. @prefix ex: <https://example.org/> ."),
    ("language tag", "bad-language", "a language tag is like en, de or zh-Hans"),
    ("subtag", "bad-language", "a language tag is like en, de or zh-Hans"),
    ("Invalid IRI", "bad-iri", "an IRI holds no spaces, quotes or angle brackets; write a space as %20"),
    ("parsing IRI", "bad-iri", "an IRI holds no spaces, quotes or angle brackets; write a space as %20"),
    ("not a valid unicode character", "bad-escape", "write the character itself instead of half of a pair"),
    ("", "bad-syntax", "mend the place, or save the file again with the program that wrote it"),
)  # fmt: skip

_ENDLESS = "the text that begins here has no end; is a closing quote missing?"
_TRIPLE_TERM = (
    "RDF 1.2 triple terms (<<…>>, RDF-star) are not supported; describe the statement as an ev:Claim instead"
)


class Statement(NamedTuple):
    """A statement and where it stands. Nodes are IRIs, or ``_:x`` for blank nodes; the default graph is empty text."""

    graph: str
    subject: str
    predicate: str
    object: str | Literal
    line: int


class _Enough(Exception):
    """There is no use in looking further into a file."""


class Reader:
    """One foreign file.

    Parameters
    ----------
    name : str
        Its name; the ending tells the syntax.
    data : bytes
    batch : FactFile
        Where problems are told.
    """

    def __init__(self, name: str, data: bytes, batch: FactFile) -> None:
        self.name, self._problems = name, batch.problems
        self._told: Counter[tuple[str, str]] = Counter()
        self._text = decoded(name, data, batch) or ""
        self._readable = bool(self._text) or not data.removeprefix(b"\xef\xbb\xbf")
        self._format = _FORMATS[name[name.rindex(".") :].lower()]
        self._endless: list[int] = []  # where a quoted text begins that seems to have no end
        self._line_of: dict[str, int] = {}  # in JSON, where a parser has no line to give

    @property
    def failed(self) -> bool:
        """Whether anything was told that stops a load."""
        return not self._readable or any(severity == "error" for _, severity in self._told)

    def statements(self) -> list[Statement]:
        """Return the statements of the file; none at all if anything in it must be refused.

        Notes
        -----
        Linear in the size of the file: about 10 µs for each statement, 1 KB of memory.
        """
        found: list[Statement] = []
        try:
            if self._readable:
                self._look_through()
            if not self.failed:
                found = list(self._parsed())
            if not self.failed and not found:
                self.tell(1, "", "empty-file", "holds 0 statements; is it the right file?", "warning")
        except _Enough:
            pass
        return [] if self.failed else found

    # -- telling

    def tell(self, line: int, needle: str, code: str, message: str, severity: str = "error") -> None:
        """Tell a problem of a line; the column is where `needle` stands in it, the message should hold the cure."""
        column = self._line(line).find(needle) if needle else 0
        self._tell(line, max(column, 0) + 1, code, message, severity)

    def note(self, code: str, message: str) -> None:
        """Tell something about the whole file that neither stops a load nor asks for a change."""
        self._problems.append(Problem(self.name, 0, "", code, message, "info"))

    def _tell(self, line: int, column: int, code: str, message: str, severity: str = "error") -> None:
        self._told[code, severity] += 1
        if self._told[code, severity] <= _MOST_TOLD:
            self._problems.append(Problem(self.name, line, str(column), code, message, severity))
        elif severity == "error":
            raise _Enough

    def _tell_at(self, index: int, code: str, message: str) -> None:
        self._tell(*self._place(index), code, message)

    def _place(self, index: int) -> tuple[int, int]:
        start = self._text.rfind("\n", 0, index) + 1
        return self._text.count("\n", 0, index) + 1, index - start + 1

    def _line(self, number: int) -> str:
        """Return a line by its number; slow, for the few places that must be told."""
        start = 0
        for _ in range(number - 1):
            start = self._text.find("\n", start) + 1
            if not start:
                return ""
        end = self._text.find("\n", start)
        return self._text[start:] if end < 0 else self._text[start:end]

    # -- before the parser

    def _look_through(self) -> None:
        for hit in _CONTROL.finditer(self._text):
            self._tell_at(
                hit.start(),
                "control-character",
                f"holds the control character U+{ord(hit.group()):04X}; delete it and type the text again",
            )
        if self._format == RdfFormat.RDF_XML:
            self._look_through_xml()
        elif self._format == RdfFormat.JSON_LD:
            self._text = _Json(self).looked_through()
        else:
            self._look_through_turtle()

    def _look_through_turtle(self) -> None:
        depth = prefixes = 0
        for hit in _TURTLE.finditer(self._text):
            kind, length = hit.lastgroup, hit.end() - hit.start()
            if kind == "open":
                depth += 1
                if depth > _DEPTH:
                    self._too_deep(hit.start())
            elif kind == "close":
                depth -= 1
            elif kind in ("text", "long") and length > _LONGEST_TEXT:
                self._too_long(hit.start(), "a text", f"{_LONGEST_TEXT >> 20} MiB")
            elif kind == "iri" and length > _LONGEST_IRI:
                self._too_long(hit.start(), "an IRI", f"{_LONGEST_IRI:,} characters")
            elif kind == "term":
                self._tell_at(hit.start(), "triple-term", _TRIPLE_TERM)
                raise _Enough
            elif kind in ("open_text", "open_long"):
                self._endless.append(hit.start())
                end = len(self._text) if kind == "open_long" else self._text.find("\n", hit.start())
                if (end if end >= 0 else len(self._text)) - hit.start() > _LONGEST_TEXT:
                    self._tell_at(hit.start(), "bad-syntax", _ENDLESS)
                    raise _Enough
            elif kind == "prefix":
                prefixes += 1
                if prefixes > _MOST_PREFIXES:
                    self._tell_at(
                        hit.start(),
                        "too-many-prefixes",
                        f"declares more than {_MOST_PREFIXES:,} prefixes; write full IRIs instead",
                    )
                    raise _Enough

    def _too_deep(self, index: int) -> None:
        self._tell_at(
            index,
            "too-deep",
            f"is nested deeper than {_DEPTH} levels; give the inner nodes names of their own",
        )
        raise _Enough

    def _too_long(self, index: int, what: str, most: str) -> None:
        self._tell_at(index, "too-long", f"holds {what} longer than {most}; no claim needs it, shorten it")
        raise _Enough

    def _look_through_xml(self) -> None:
        if hit := re.search(r"<!\s*(DOCTYPE|ENTITY)", self._text, re.IGNORECASE):
            self._tell_at(
                hit.start(),
                "document-type",
                f"has a {hit.group(1).upper()} declaration, which can make a reader fetch files; delete it and write the text itself",
            )
        declared = re.match(r"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([^\"']*)", self._text)
        if declared and declared.group(1).lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
            self._tell_at(
                declared.start(1),
                "not-utf8",
                f"says that it is {declared.group(1)!r}; save it again as UTF-8",
            )
        if self.failed:
            return
        parser, depth, length = expat.ParserCreate("utf-8"), 0, 0

        def place() -> tuple[int, int]:
            return parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

        def check(text: str) -> None:
            nonlocal length
            length += len(text)
            if length > _LONGEST_TEXT:
                self._tell(
                    *place(), "too-long", f"holds a text longer than {_LONGEST_TEXT >> 20} MiB; shorten it"
                )
                raise _Enough

        def start(_name: str, attributes: dict[str, str]) -> None:
            nonlocal depth, length
            depth, length = depth + 1, 0
            if depth > 2 * _DEPTH:  # a node and a property for each level
                self._tell(
                    *place(),
                    "too-deep",
                    f"is nested deeper than {_DEPTH} levels; give the inner nodes rdf:about",
                )
                raise _Enough
            for key, value in attributes.items():
                check(value)
                if key == "xml:lang" and value and not _LANGUAGE.match(value):
                    self._tell(
                        *place(),
                        "bad-language",
                        f"{value[:40]!r} is no language tag; one is like en or zh-Hans",
                    )
            length = 0

        def end(_name: str) -> None:
            nonlocal depth, length
            depth, length = depth - 1, 0

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, check
        try:
            parser.Parse(self._text.encode("utf-8"), True)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            self._tell(
                error.lineno, error.offset, "bad-syntax", f"cannot be read as XML: {said}; mend the place"
            )

    # -- the parser

    def _parsed(self) -> Iterator[Statement]:
        lines = _Lines(self._text)
        stream: Any = self._text.encode("utf-8") if self._format == RdfFormat.JSON_LD else lines
        base = RELATIVE + quote(self.name)
        seen = set[str | Literal]([""])
        text = _Text(self)
        try:
            for quad in parse(
                cast("IO[bytes]", stream), format=self._format, base_iri=base, rename_blank_nodes=True
            ):
                subject, value = _term(quad.subject), _term(quad.object)
                line = lines.number if stream is lines else self._line_of.get(_local(str(subject)), 1)
                if not isinstance(subject, str) or value is None:
                    self.tell(line, "", "triple-term", _TRIPLE_TERM)
                    continue
                graph, predicate = quad.graph_name, quad.predicate.value
                held = "" if isinstance(graph, DefaultGraph) else str(_term(graph))
                for node in (subject, predicate, value, held):
                    if node.__class__ is Literal:
                        text.check(node, line)
                    elif node not in seen:
                        seen.add(node)
                        self._check_node(str(node), line)
                yield Statement(held, subject, predicate, value, line)
        except SyntaxError as error:
            self._tell_syntax(error, lines.number)

    def _tell_syntax(self, error: SyntaxError, line: int) -> None:
        said = _PARSER_SAYS.sub("", error.msg, count=1)[:300]
        code, cure = next((code, cure) for part, code, cure in _CURES if part in said)
        if error.lineno:
            if "end of file" in said and any(
                self._place(at) == (error.lineno, error.offset) for at in self._endless[:9]
            ):
                code, said, cure = "bad-syntax", *_ENDLESS.split("; ")
            self._tell(error.lineno, error.offset or 1, code, f"{said}; {cure}")
            return
        quoted = re.search(r"'([^']+)'", said)
        needle = quoted.group(1) if quoted else ""
        at = self._text.find(needle) if needle else -1
        if at >= 0:
            self._tell_at(at, code, f"{said}; {cure}")
        else:
            self._tell(max(line, 1), 1, code, f"{said}; {cure}")

    # -- after the parser

    def _check_node(self, node: str, line: int) -> None:
        if _HARMLESS.match(node):
            return
        shown = node if len(node) < 80 else node[:77] + "..."
        scheme = _SCHEME.match(node)
        if scheme and scheme.group(1).lower() in _UNSAFE:
            self.tell(
                line,
                scheme.group(),
                "unsafe-iri",
                f"<{shown}> is not accepted: IRIs that say {scheme.group(1)}: open files or run code; use https: or urn:",
            )
        if len(node) > _LONGEST_IRI:
            self.tell(
                line,
                node[:40],
                "too-long",
                f"holds an IRI longer than {_LONGEST_IRI:,} characters; shorten it",
            )
        if _CONTROL_IN_IRI.search(node):
            self.tell(
                line, node[:20], "bad-iri", f"<{shown}> holds a control character or a space; delete it"
            )
        if node.startswith(RELATIVE):
            self.tell(
                line,
                "",
                "relative-iri",
                f"an IRI without a beginning was read as <{shown}>; write it in full, or put the document's own address into @base",
                "warning",
            )

    def deceiving(self, statements: Iterable[Statement]) -> None:
        """Tell of text that deceives the eye, in what becomes no cell of a batch (there, `kg.formats.hygiene` does)."""
        if self._text.isascii() and not re.search(r"\\u|&#", self._text, re.IGNORECASE):
            return
        places: dict[str, int] = {}
        for found in statements:
            for node in (found.subject, found.object):
                name = node.value if isinstance(node, Literal) else node
                places.setdefault(name, found.line)
        for name, line in places.items():
            if not name.isascii() and (unseen := hidden(name)):
                self.tell(
                    line,
                    next(char for char in name if hidden(char)),
                    "invisible-character",
                    f"holds characters that hide or turn text round ({', '.join(unseen)}); take them out unless they belong there",
                    "warning",
                )
        names = [name for name in places if len(name) <= 300 and not name.startswith("_:")]
        for one, other in twins(names):
            self.tell(
                places[other],
                other,
                "unicode-twin",
                f"{other!r} and {one!r} are one text in two encodings of its accents; write both alike",
                "warning",
            )
        for word, other in look_alikes(names):
            self.tell(
                next(line for name, line in places.items() if word in name),
                word,
                "look-alike",
                f"{word!r} looks like {other!r} but is made of other letters; type it again unless they are two names",
                "warning",
            )


def _term(term: object) -> str | Literal | None:
    """Return a term as it stands in a statement; None for what RDF 1.1 does not know."""
    if isinstance(term, NamedNode):
        return term.value
    if isinstance(term, Literal):
        return term
    return str(term) if isinstance(term, BlankNode) else None


def _local(name: str) -> str:
    """Return the end of an IRI, whole or shortened by a prefix."""
    return re.split(r"[/#:]", name)[-1]


class _Lines:
    """The text as a byte stream that gives out one line at a time, so that a parser's progress tells the line."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._rest, self.number = text, 0, b"", 0

    def read(self, size: int = -1) -> bytes:
        """Return no more than the rest of the line."""
        if not self._rest and self._at < len(self._text):
            end = self._text.find("\n", self._at) + 1 or len(self._text)
            self._rest = self._text[self._at : end].encode("utf-8")
            self._at, self.number = end, self.number + 1
        part = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(part) :]
        return part


# -- text of literals

_XSD = "http://www.w3.org/2001/XMLSchema#"
_ZONE = r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?"
_DAY = r"-?(?:[1-9]\d{4,}|\d{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?|24:00:00(?:\.0+)?)"
_FLOAT = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN"
_SHAPES = {
    "boolean": "true|false|0|1",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "double": _FLOAT,
    "float": _FLOAT,
    "date": _DAY + _ZONE,
    "dateTime": f"{_DAY}T{_TIME}{_ZONE}",
    "dateTimeStamp": f"{_DAY}T{_TIME}(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)",
    "time": _TIME + _ZONE,
    "gYear": r"-?(?:[1-9]\d{4,}|\d{4})" + _ZONE,
    "gYearMonth": r"-?(?:[1-9]\d{4,}|\d{4})-(?:0[1-9]|1[0-2])" + _ZONE,
    "duration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    "anyURI": r"[^\s<>\"]*",
    "language": r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*",
}
_WHOLE = {
    "integer": (None, None), "nonNegativeInteger": (0, None), "positiveInteger": (1, None), "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1), "long": (-(2**63), 2**63 - 1), "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1), "byte": (-128, 127), "unsignedLong": (0, 2**64 - 1), "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1), "unsignedByte": (0, 255),
}  # fmt: skip
_NUMBERS = frozenset({"decimal", "double", "float", *_WHOLE})
_MATCH = {
    name: re.compile(f"(?:{shape})\\Z", re.ASCII)
    for name, shape in {**_SHAPES, **dict.fromkeys(_WHOLE, r"[+-]?\d+")}.items()
}


class _Text:
    """What is looked at in each literal."""

    def __init__(self, reader: Reader) -> None:
        self._tell = reader.tell

    def check(self, literal: Literal, line: int) -> None:
        value, datatype = literal.value, literal.datatype.value
        plain = value.isascii() and value.isprintable()
        if plain and len(value) <= _MOST_DIGITS and datatype == _XSD + "string":
            return
        shown = value if len(value) <= 60 else f"{value[:57]}..."
        if len(value) > _LONGEST_TEXT:
            self._tell(
                line, "", "too-long", f"holds a text longer than {_LONGEST_TEXT >> 20} MiB; shorten it"
            )
        if not plain and (hit := _CONTROL.search(value)):
            self._tell(
                line,
                "\\u",
                "control-character",
                f"a text holds the control character U+{ord(hit.group()):04X}; delete it and type the text again",
            )
        if getattr(literal, "direction", None):
            self._tell(
                line,
                "",
                "text-direction",
                f"the direction of {shown!r} is not kept; it is RDF 1.2",
                "warning",
            )
        kind = datatype.removeprefix(_XSD)
        if len(value) > _MOST_DIGITS and kind in _NUMBERS and sum(map(str.isdigit, value)) > _MOST_DIGITS:
            self._tell(
                line,
                value[:40],
                "long-number",
                f"a number has {len(value):,} characters; it is kept as text, no arithmetic will use it",
                "warning",
            )
        elif _ill_typed(datatype, value):
            self._tell(
                line,
                value[:40],
                "ill-typed",
                f"{shown!r} is no {datatype.rpartition('#')[2]}; it is kept as it is written, mend the value or its type",
                "warning",
            )


def _ill_typed(datatype: str, value: str) -> bool:
    """Whether a literal's text is outside what its type allows; unknown types allow anything."""
    if datatype.endswith("#XMLLiteral"):
        return not _well_formed(value)
    kind = datatype.removeprefix(_XSD)
    shape = _MATCH.get(kind) if datatype.startswith(_XSD) else None
    if shape is None:
        return False
    if not shape.match(value):
        return True
    if kind in _WHOLE and len(value) <= _MOST_DIGITS:
        least, most = _WHOLE[kind]
        number = int(value)
        return (least is not None and number < least) or (most is not None and number > most)
    if kind in ("date", "dateTime", "dateTimeStamp") and value[0] != "-" and value[4] == "-":
        try:
            date.fromisoformat(
                value[:10].replace("0000", "2000", 1) if value.startswith("0000") else value[:10]
            )
        except ValueError:
            return True
    return False


def _well_formed(value: str) -> bool:
    if "<!" in value and re.search(r"<!\s*(DOCTYPE|ENTITY)", value, re.IGNORECASE):
        return False
    try:
        expat.ParserCreate("utf-8").Parse(f"<x>{value}</x>".encode(), True)
    except expat.ExpatError:
        return False
    return True


# -- JSON-LD


@dataclass(slots=True)
class _Frame:
    """An object or array that is open at the place looked at."""

    is_object: bool
    context: bool
    role: str
    keys: set[str] = field(default_factory=set)
    key: str = ""


class _Json:
    """What is looked at in a JSON-LD file before a parser sees it: duplicate keys, remote contexts, what would vanish."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._text = reader, reader._text
        self._numbers: list[tuple[int, int]] = []
        self._line, self._counted = 1, 0

    def looked_through(self) -> str:
        """Return the text with every number written as a string: a JSON-LD processor would rewrite ``1.10``."""
        text = self._text
        if not text.strip():
            return text
        self._scan()
        try:
            tree = json.loads(text, parse_int=str, parse_float=str)
        except json.JSONDecodeError as error:
            # Python points at the blank before the culprit.
            at = error.pos + len(text[error.pos :]) - len(text[error.pos :].lstrip())
            self._reader._tell_at(
                at, "bad-json", f"cannot be read as JSON: {error.msg.lower()}; mend the place"
            )
            raise _Enough from None
        if not self._reader.failed:
            _Vanishing(self._reader, tree).tell()
        parts, done = [], 0
        for start, end in self._numbers:
            parts += [text[done:start], '"', text[start:end], '"']
            done = end
        return "".join([*parts, text[done:]])

    def _scan(self) -> None:
        stack = [_Frame(False, False, "")]
        for hit in _JSON.finditer(self._text):
            text, colon = hit.groups()
            top = stack[-1]
            if text is not None:
                self._string(hit.start(), text, top, bool(colon))
                continue
            first = hit.group()[0]
            if first in "{[":
                role = top.key if top.is_object else top.role
                stack.append(_Frame(first == "{", top.context or role == "@context", role))
                if len(stack) > _DEPTH + 1:
                    self._reader._too_deep(hit.start())
            elif first in "}]":
                if len(stack) > 1:
                    stack.pop()
            elif first in "-0123456789" and not top.context:
                self._numbers.append(hit.span())

    def _string(self, at: int, token: str, top: _Frame, is_key: bool) -> None:
        reader, value = self._reader, token[1:-1]
        if len(value) > _LONGEST_TEXT:
            reader._too_long(at, "a text", f"{_LONGEST_TEXT >> 20} MiB")
        if "\\" in value:
            try:
                value = json.loads(token)
                value.encode("utf-8")
            except UnicodeEncodeError:
                reader._tell_at(
                    at, "bad-escape", "holds half of a surrogate pair; write the character itself"
                )
                return
            except ValueError:
                return  # told with its place when the whole file is read as JSON
            if hit := _CONTROL.search(value):
                reader._tell_at(
                    at,
                    "control-character",
                    f"holds the control character U+{ord(hit.group()):04X}; delete it",
                )
        if is_key:
            if value in top.keys:
                reader._tell_at(
                    at,
                    "duplicate-key",
                    f"the key {value!r} stands here twice; keep one, or make the values a list",
                )
            top.keys.add(value)
            top.key = value
            return
        role = top.key if top.is_object else top.role
        if not role.startswith("@"):
            return
        if role == "@context" or (role == "@import" and top.context):
            reader._tell_at(
                at,
                "remote-context",
                f"the context {value[:80]!r} would have to be fetched; write the context itself into the file",
            )
        elif role == "@language" and not _LANGUAGE.match(value):
            reader._tell_at(
                at, "bad-language", f"{value[:40]!r} is no language tag; one is like en or zh-Hans"
            )
        elif role == "@id":
            self._line += self._text.count("\n", self._counted, at)
            self._counted = at
            reader._line_of.setdefault(_local(value), self._line)


#: Keywords of a context whose values are no IRIs.
_NO_IRIS = (
    "@language",
    "@direction",
    "@container",
    "@version",
    "@propagate",
    "@protected",
    "@prefix",
    "@nest",
    "@index",
)
_BAD_IRI = re.compile(r"[\x00-\x20<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")


class _Vanishing:
    """What a JSON-LD processor leaves out without a word: keys that mean nothing, languages and IRIs that are none."""

    def __init__(self, reader: Reader, tree: Any) -> None:
        self._reader, self._tree = reader, tree
        self._terms: dict[str, Any] = {}
        self._any_term = False

    def tell(self) -> None:
        self._collect(self._tree)
        lost = Counter[str]()
        self._walk(self._tree, lost)
        for key, count in lost.items():
            self._reader._tell(
                *self._place(key),
                "dropped-key",
                f"the key {key!r} means nothing in the context, so {count} value{'s' * (count > 1)} under it are not read; define it in @context",
                "warning",
            )

    def _place(self, key: str) -> tuple[int, int]:
        return self._reader._place(max(self._reader._text.find(json.dumps(key, ensure_ascii=False)), 0))

    def _collect(self, node: Any) -> None:
        for inner in node if isinstance(node, list) else node.values() if isinstance(node, dict) else ():
            self._collect(inner)
        if isinstance(node, dict):
            for context in _several(node.get("@context")):
                if isinstance(context, dict):
                    self._any_term = self._any_term or bool(context.get("@vocab"))
                    self._terms.update(context)
                    for term, value in context.items():
                        for said in value.values() if isinstance(value, dict) else [value]:
                            if term not in _NO_IRIS:
                                self._iri(said)

    def _iri(self, value: Any) -> None:
        if isinstance(value, str) and _BAD_IRI.search(value):
            self._reader._tell(
                *self._place(value),
                "bad-iri",
                f"{value[:80]!r} is no IRI; one holds no spaces, quotes or angle brackets",
            )

    def _walk(self, node: Any, lost: Counter[str], container: object = None) -> None:
        for inner in node if isinstance(node, list) else ():
            self._walk(inner, lost, container)
        if not isinstance(node, dict):
            return
        if "@language" in _several(container):
            for key in node:
                if key != "@none" and not key.startswith("@") and not _LANGUAGE.match(key):
                    self._reader._tell(
                        *self._place(key),
                        "bad-language",
                        f"{key[:40]!r} is no language tag; one is like en or zh-Hans",
                    )
            return
        for key, value in node.items():
            if key in ("@context", "@value"):
                continue
            term = self._terms.get(key)
            term = term if isinstance(term, dict) else {}
            if key in ("@id", "@type") or term.get("@type") in ("@id", "@vocab"):
                for name in _several(value):
                    self._iri(name)
            if container or self._any_term or key.startswith("@") or ":" in key or key in self._terms:
                self._iri(key if ":" in key and not container else None)
                maps = {"@language", "@index", "@id", "@type"}.intersection(_several(term.get("@container")))
                self._walk(value, lost, None if container else sorted(maps))
            else:
                lost[key] += len(_several(value))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
