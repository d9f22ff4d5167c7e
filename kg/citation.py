"""How an answer is cited: the claims behind each row, the documents behind those, and a name to ask it again by.

**Claims behind a row.** A row that names claims stands on those; one that names propositions or relationships stands
on the claims about them; otherwise it stands on what the view holds between the things the row names, or the query
names: claims of the propositions, and for what only follows, the claims of its witnesses (`kg.infer`). A row about
terms or records of the graph itself has none, and says so by an empty list.

**Result id.** A hash of the query with its values, the policy and the ledger head. What it stands
for is kept in the workspace, so the same bytes can be made again after any number of loads, and a difference (a newer
program, say) is told, never hidden.

References
----------
Citation Style Language, CSL-JSON schema 1.0.2; BibTeX fields as in the biblatex manual, section 2.2.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.claim import Source, digest
from kg.errors import Misuse, NotFound, Refused, Unavailable
from kg.gate import tokens
from kg.policy import Policy
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    from kg.infer import Closure
    from kg.query import Answer
    from kg.view import View

__all__ = [
    "Result",
    "behind",
    "bibliography",
    "bibtex",
    "is_result",
    "recall",
    "reference",
    "remember",
]

_RESULT = re.compile(r"r-[a-z2-7]{20}\Z")
#: What answers differently each time it is asked; no result can be named for it.
_FLEETING = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE"})
_MOST_THINGS = 12  # in one row; more would make pairs by the hundred, and no question of ours has so many

_CSL_TYPES = {
    "news": "article-newspaper", "trade-press": "article-magazine", "company-release": "webpage",
    "government": "report", "filing": "report", "analysis": "report", "blog": "post-weblog",
    "encyclopedia": "entry-encyclopedia", "reference": "dataset",
}  # fmt: skip
_GENRES = {"company-release": "Press release", "filing": "Filing", "government": "Official document"}
_BIBTEX_TYPES = {"article-newspaper": "article", "article-magazine": "article", "report": "techreport"}
_LATEX = {"\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
          "~": r"{\textasciitilde}", "^": r"{\textasciicircum}"}  # fmt: skip


# -- claims behind rows


def behind(view: View, answer: Answer) -> list[tuple[str, ...]]:
    """Return the ids of the claims that each row of an answer stands on, sorted.

    Parameters
    ----------
    view : kg.view.View
        The view that the answer is of.
    answer : kg.query.Answer
        For ASK and for graphs the whole answer counts as one row.

    Notes
    -----
    Rows with claims, propositions or relationships cost a look-up each. The first row that has none costs one
    inference over the view (about 0.5 s for the shipped facts); the rest share it.
    """
    return [tuple(sorted(found)) for found in _Behind(view, answer).rows()]


class _Behind:
    def __init__(self, view: View, answer: Answer) -> None:
        self.view, self.answer = view, answer
        words = view.words
        self.about: dict[str, set[str]] = {}
        for claim in view.claims:
            if claim.id not in view.counted:
                continue
            proposition = claim.proposition
            named = {f"<{PREFIXES['prop']}{words.proposition_id(proposition)}>"}
            if words.relations[proposition.relation].pattern != "direct":
                named.add(words.relationship(proposition))
            for name in named:
                self.about.setdefault(name, set()).add(claim.id)
        self._closure: Closure | None = None

    def rows(self) -> Iterator[set[str]]:
        asked = [name for name in _iris(self.answer.asked) if name.startswith(f"<{PREFIXES['id']}")]
        if self.answer.boolean is not None:
            yield self.claims(_iris(self.answer.asked))
        elif self.answer.graph is not None:
            yield self.claims(_iris(self.answer.graph))
        else:
            for row in self.answer.rows:
                named = [f"<{term['value']}>" for term in row.values() if term["type"] == "uri"]
                yield self.claims(named, asked)

    def claims(self, named: Iterable[str], asked: Iterable[str] = ()) -> set[str]:
        named = list(dict.fromkeys(named))
        said = {
            name[len(PREFIXES["claim"]) + 1 : -1]
            for name in named
            if name.startswith(f"<{PREFIXES['claim']}")
        }
        if said := said & self.view.entries.keys():
            return said
        found = set[str]().union(*(self.about.get(name, ()) for name in named))
        return found or self.between(named, asked)

    def between(self, named: list[str], asked: Iterable[str]) -> set[str]:
        """The claims of all that holds between two of the things that a row, or a row and its query, name."""
        things = [name for name in named if name.startswith(f"<{PREFIXES['id']}")][:_MOST_THINGS]
        relations = {name for name in named if name.startswith(f"<{PREFIXES['ev']}")}
        pairs = set(permutations(things, 2))
        pairs |= {
            pair for one in things for other in asked if one != other for pair in ((one, other), (other, one))
        }
        found: set[str] = set()
        for one, other in sorted(pairs):
            for triple in self.closure.match(one, None, other):
                if triple[1].startswith(f"<{PREFIXES['ev']}") and (not relations or triple[1] in relations):
                    found |= self.closure.claims(triple) or self._witnesses(triple)
        return found

    def _witnesses(self, triple: tuple[str, str, str]) -> set[str]:
        return {claim for group in self.closure.witnesses(triple).sets for claim in group}

    @property
    def closure(self) -> Closure:
        if self._closure is None:
            from kg.index import conclusions

            self._closure = conclusions(self.view)
        return self._closure


def _iris(text: str) -> list[str]:
    """The IRIs that a query or a graph in Turtle names, prefixes of ours written out."""
    return [f"<{token.iri}>" for token in tokens(text) if token.iri]


# -- documents


def bibliography(view: View, claims: Iterable[str]) -> list[dict[str, Any]]:
    """Return the documents that claims were drawn from or cite, as CSL-JSON items sorted by id.

    What was not invented on the card is not invented here either: a document without a date has no ``issued``. The
    ``note`` tells which claims rest on it, and that a document was only cited by others.
    """
    drawn: dict[str, list[str]] = {}
    for key in sorted(set(claims)):
        claim = view.claim(key)
        for source in dict.fromkeys((claim.source, claim.cited_source)):
            if source:
                drawn.setdefault(source, []).append(key)
    return [_item(view.sources.get(source) or Source(source), keys) for source, keys in sorted(drawn.items())]


def _item(source: Source, claims: list[str]) -> dict[str, Any]:
    kind = _CSL_TYPES.get(source.kind, "document")
    press = kind in ("article-newspaper", "article-magazine", "post-weblog", "entry-encyclopedia")
    unread = "" if source.consulted == "yes" else "cited by others, not read; "
    item: dict[str, Any] = {
        "id": source.id,
        "type": kind,
        "title": source.title,
        "container-title" if press else "publisher": source.publisher,
        "author": [{"literal": source.author}] if source.author else [],
        "issued": _issued(source.published),
        "URL": source.url,
        "language": source.lang,
        "genre": _GENRES.get(source.kind, ""),
        "note": f"{unread}claims: {', '.join(claims)}",
    }
    return {name: value for name, value in item.items() if value}


def _issued(published: str) -> dict[str, Any]:
    parts = re.match(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", published)
    return {"date-parts": [[int(part) for part in parts.groups() if part]]} if parts else {}


def reference(item: Mapping[str, Any]) -> str:
    """Return a CSL-JSON item as one line for people."""
    author = "; ".join(name["literal"] for name in item.get("author", ()))
    parts = item.get("issued", {}).get("date-parts", [[]])[0]
    issued = "-".join(f"{part:02d}" for part in parts) or "undated"
    house = item.get("container-title") or item.get("publisher") or ""
    said = (author, f"“{item['title']}”" if item.get("title") else "", house, issued, item.get("URL", ""))
    unread = " (cited by others, not read)" if str(item.get("note", "")).startswith("cited by others") else ""
    return f"[{item['id']}] " + ", ".join(part for part in said if part) + unread


def bibtex(items: Iterable[Mapping[str, Any]]) -> str:
    """Return CSL-JSON items as BibTeX."""
    entries = []
    for item in items:
        kind = _BIBTEX_TYPES.get(item["type"], "misc")
        parts = item.get("issued", {}).get("date-parts", [[]])[0]
        months = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
        house = {"article": "journal", "techreport": "institution"}.get(kind, "howpublished")
        fields = {
            "title": f"{{{_latex(item['title'])}}}" if item.get("title") else "",
            "author": " and ".join(f"{{{_latex(name['literal'])}}}" for name in item.get("author", ())),
            house: _latex(item.get("container-title") or item.get("publisher") or ""),
            "year": str(parts[0]) if parts else "",
            "day": str(parts[2]) if len(parts) > 2 else "",
            "url": re.sub(r"[{}\\%\s]", lambda hit: f"%{ord(hit.group()):02X}" if hit.group() != "%" else r"\%", item.get("URL", "")),
            "language": _latex(item.get("language", "")),
            "type": _latex(item.get("genre", "")),
            "note": _latex(item.get("note", "")),
        }  # fmt: skip
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        lines += [f"  month = {months[parts[1] - 1]},"] if len(parts) > 1 else []
        entries.append("\n".join([f"@{kind}{{{item['id']},", *lines, "}"]))
    return "\n\n".join(entries) + "\n" if entries else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


# -- results that can be asked again


@dataclass(frozen=True, slots=True)
class Result:
    """What a result id stands for: the query with its values, the policy with its ledger head, and the answer's hash."""

    id: str
    text: str
    policy: Policy
    form: str
    sha256: str

    def check(self, body: str) -> bool:
        """Whether a new answer is the same to the byte."""
        return hashlib.sha256(body.encode("utf-8")).hexdigest() == self.sha256


def remember(home: Path, answer: Answer, policy: Policy, body: str) -> str:
    """Keep what it takes to make an answer again, and return the result id.

    Parameters
    ----------
    home : Path
        Folder of the workspace.
    answer : kg.query.Answer
    policy : Policy
        The policy it was asked under, settled; the ledger head is that of the answer.
    body : str
        The answer as SPARQL JSON, or its graph: a table is the same in one form if it is in another.

    Raises
    ------
    Refused
        If the query answers differently each time (it calls NOW, RAND, UUID, STRUUID or BNODE).
    Unavailable
        If the workspace cannot be written.
    """
    for token in tokens(answer.asked):
        if token.kind == "word" and token.text.upper() in _FLEETING:
            raise Refused(
                f"{token.text.upper()} answers differently each time; such a result has no stable id"
            )
    head = answer.stamp["head"]
    kept = {
        "text": answer.asked,
        "form": answer.form,
        "policy": {
            "name": policy.name, "title": policy.title, "as_of": str(policy.as_of),
            "known_by": str(policy.known_by or ""), "without": sorted(policy.without), "at": head,
            "min_origins": policy.min_origins, "assume": sorted(policy.assume), "kinds": sorted(policy.kinds),
            "min_confidence": policy.min_confidence,
            "set_aside": sorted(sorted(group) for group in policy.set_aside or ()),
        },
    }  # fmt: skip
    key = "r-" + digest(json.dumps(kept, sort_keys=True, ensure_ascii=False))
    kept["sha256"] = hashlib.sha256(body.encode("utf-8")).hexdigest()
    try:
        folder = home / "results"
        folder.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(kept, file, ensure_ascii=False, indent=1, sort_keys=True)
        Path(scratch).replace(folder / f"{key}.json")
    except OSError as error:
        raise Unavailable(f"the result cannot be kept in the workspace: {error.strerror or error}") from error
    return key


def is_result(name: str) -> bool:
    """Whether a word has the form of a result id."""
    return bool(_RESULT.match(name))


def recall(home: Path, name: str) -> Result:
    """Return what a result id of this workspace stands for.

    Raises
    ------
    NotFound
        If this workspace never gave it out.
    Misuse
        If what is on file was changed.
    """
    folder = home / "results"
    path = folder / f"{name}.json"
    if not is_result(name) or not path.exists():
        raise NotFound("result", name, (known.stem for known in folder.glob("r-*.json")))
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        proof = kept.pop("sha256")
        if "r-" + digest(json.dumps(kept, sort_keys=True, ensure_ascii=False)) != name:
            raise ValueError("its text was changed")
        said = kept["policy"]
        policy = Policy(
            said["name"],
            date.fromisoformat(said["as_of"]),
            date.fromisoformat(said["known_by"]) if said["known_by"] else None,
            frozenset(said["without"]), said["min_origins"],
            frozenset(frozenset(group) for group in said["set_aside"]),
            frozenset(said["assume"]), frozenset(said["kinds"]), said["min_confidence"], said["title"], said["at"],
        )  # fmt: skip
        return Result(name, kept["text"], policy, kept["form"], proof)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misuse(f"what is on file for the result {name} cannot be used: {error}") from error
