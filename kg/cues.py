"""The little language in which ``queries/cues`` says which words speak of which relation, and how firmly.

A pattern is matched against a sentence in small letters in which every mention is one sign. Its words stand side by
side (a comma or an article between them does not matter); where ``..`` stands there may be up to some fifteen more, but no
further party and no semicolon (and from a verb to its object no preposition). Besides words there are

======================  ================================================================================
``S``, ``O``            a mention that becomes subject or object; ``S's`` only in the genitive
``SO``                  parties named together: ``Aurora and Basalt``, ``Aurora–Basalt``
``L``                   words that name a stack layer
``{supply}``            any form of a verb; a form followed by ``by`` is passive, and is another pattern
``(a|b_c)``             any of these; ``_`` stands for a space; ``(a|b)?`` may be left out
``tech*``               any word that begins so
======================  ================================================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from kg.errors import Unavailable
from kg.vocabulary import folder

__all__ = ["PARTIES", "PLACES", "Cue", "Reading", "cues", "readings", "verb_forms"]

#: Signs that stand for mentions: parties, and places, which may stand between the words of a pattern.
PARTIES = range(0xE000, 0xEF00)
PLACES = range(0xEF00, 0xF800)

_ANY = "[\ue000-\uf7ff]"
_GAP = "[^\ue000-\ueeff;]{0,90}?"
#: What may stand between a verb and its object: no preposition leads to something else, no clause begins.
_PLAIN_GAP = (
    "(?:(?!(?<![\\w-])(?:after|as|at|because|before|beside|by|for|from|in|on|than|that|to|under|until|when|where|which|who|with)"
    "(?![\\w-]))[^\ue000-\ueeff;]){0,60}?"
)
_BETWEEN = r"[\s,\"“”‘’'()]+(?:(?:the|a|an|its|their|his|her)\s+)?"
_VOWELS = "aeiou"
_IRREGULAR = {
    "be": "be is are was were been being", "bring": "bring brings brought bringing", "build": "build builds built building",
    "buy": "buy buys bought buying", "choose": "choose chooses chose chosen choosing", "send": "send sends sent sending", "get": "get gets got getting", "give": "give gives gave given giving",
    "hit": "hit hits hitting", "hold": "hold holds held holding", "lead": "lead leads led leading",
    "make": "make makes made making", "put": "put puts putting", "run": "run runs ran running",
    "say": "say says said saying", "see": "see sees saw seen seeing", "seek": "seek seeks sought seeking",
    "sell": "sell sells sold selling", "set": "set sets setting", "spend": "spend spends spent spending",
    "take": "take takes took taken taking", "underlie": "underlie underlies underlay underlying",
    "win": "win wins won winning", "withdraw": "withdraw withdraws withdrew withdrawn withdrawing",
    "license": "license licenses licensed licensing licence licences licenced licencing", "ban": "ban bans banned banning",
    "bar": "bar bars barred barring", "drop": "drop drops dropped dropping", "scrap": "scrap scraps scrapped scrapping",
    "ship": "ship ships shipped shipping", "equip": "equip equips equipped equipping",
    "cancel": "cancel cancels cancelled canceled cancelling canceling", "control": "control controls controlled controlling",
}  # fmt: skip


def _forms(verb: str) -> list[str]:
    """Return the forms of a verb."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb].split()
    if verb.endswith("e"):
        return [verb, verb + "s", verb + "d", verb[:-1] + "ing"]
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"]
    third = verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z")) else "s")
    return [verb, third, verb + "ed", verb + "ing"]


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that speak of a relation between two mentions.

    Parameters
    ----------
    relation, stance, status, layer : str
        What a match says; empty where it says nothing.
    confidence : float
        How often it means what it says.
    pattern : str
        As it stands in the file.
    regex : re.Pattern
        With the groups ``S``, ``O``, ``SO`` and ``L``, as far as the pattern has them.
    needs : tuple of str
        A sentence without any of these does not match; saves most of the matching.
    """

    relation: str
    stance: str
    status: str
    layer: str
    confidence: float
    pattern: str
    regex: re.Pattern[str]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of one of the other tables: its cells and its pattern."""

    cells: dict[str, str]
    regex: re.Pattern[str]


def _compiled(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    parts: list[str] = []
    needs: tuple[str, ...] = ()
    for token in pattern.split():
        if token == "..":
            parts.append("..")
            continue
        found = _token(token)
        parts.append(found[0])
        # The needed words are those of the longest required token.
        if min(map(len, found[1]), default=0) > min(map(len, needs), default=0):
            needs = found[1]
    text, joined = "", True  # nothing need stand between the start and the first word
    tokens = pattern.split()
    for number, part in enumerate(parts):
        if part == "..":
            plain = tokens[number - 1].startswith("{") and tokens[number + 1 : number + 2] in (["O"], ["S"])
            text, joined = text + (_PLAIN_GAP if plain else _GAP), True
        elif part.startswith("?"):  # a word that may be left out takes the space beside it along
            text += f"(?:{part[1:]}{_BETWEEN})?" if joined else f"(?:{_BETWEEN}{part[1:]})?"
        else:
            text, joined = text + ("" if joined else _BETWEEN) + part, False
    return re.compile(text), needs


def _token(token: str) -> tuple[str, tuple[str, ...]]:
    """Return the regular expression of one token, and the words one of which it needs."""
    genitive = r"(?:['’]s?)" if token.endswith("'s") else r"(?:['’]s?)?"
    name = token.removesuffix("'s")
    if name in ("S", "O", "SO"):
        return f"(?P<{name}>{_ANY}){genitive}", ()
    if name == "L":
        return r"(?P<L>(?:[\w&/’'-]+[\s,]+){0,7}?[\w&/’'-]+)", ()
    if token.startswith("{"):
        forms = tuple(_forms(token.strip("{}")))
        body = "|".join(sorted(map(re.escape, forms), key=len, reverse=True))
        return rf"(?<![\w-])(?:{body})(?![\w-])(?!\s+by\b)", forms
    if token.startswith("("):
        options = tuple(option.replace("_", " ") for option in token.rstrip("?").strip("()").split("|"))
        body = "|".join(_words(option) for option in sorted(options, key=len, reverse=True))
        if token.endswith("?"):
            return f"?(?:{body})", ()
        return f"(?:{body})", tuple(option.partition("*")[0] for option in options)
    return _words(token), (token.partition("*")[0],)


def _words(text: str) -> str:
    body = r"\s+".join(re.escape(word).replace(r"\*", r"[\w-]*") for word in text.split())
    return rf"(?<![\w-]){body}(?![\w-])" if text[:1].isalnum() else body


def _rows(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    path = folder("queries") / "cues" / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from enumerate(csv.DictReader(file), 2)
    except OSError as error:
        raise Unavailable(
            f"the cues {path.name} that belong to this program are missing; install it again"
        ) from error


@cache
def cues() -> tuple[Cue, ...]:
    """Return the cues of relations, from ``queries/cues/relations.csv``.

    Raises
    ------
    Unavailable
        If a line cannot be read.
    """
    found = []
    for line, row in _rows("relations"):
        try:
            regex, needs = _compiled(row["pattern"])
            cue = Cue(row["relation"], row["stance"], row["status"], row["layer"], float(row["confidence"]), row["pattern"], regex, needs)  # fmt: skip
        except (re.error, TypeError, ValueError) as error:
            raise Unavailable(f"relations.csv:{line} is no cue: {error}") from error
        found.append(cue)
    return tuple(found)


@cache
def readings(name: str) -> tuple[Reading, ...]:
    """Return the rows of ``stances``, ``layers``, ``units`` or ``voices``."""
    try:
        return tuple(Reading(row, _compiled(row["pattern"])[0]) for _, row in _rows(name))
    except re.error as error:
        raise Unavailable(f"{name}.csv holds a pattern that cannot be read: {error}") from error


@cache
def verb_forms() -> frozenset[str]:
    """Return every form of every verb that a cue of a relation names."""
    verbs = {verb for cue in cues() for verb in re.findall(r"\{(\w+)\}", cue.pattern)}
    return frozenset(form for verb in verbs for form in _forms(verb))
