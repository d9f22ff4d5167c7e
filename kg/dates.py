"""Dates as people have them: the days that a date in a fact file can mean.

A date is text in EDTF (ISO 8601-2) [1]_, levels 0 and 1: a day, month or year; one that is uncertain (``2024?``),
approximate (``2024~``) or both (``2024%``); one with digits left open (``202X``, ``2024-XX``); a season
(``2024-21``). A period is two of them with a bar between. Its end may be **open** (``2023/..``, still going on), which
is a statement, or **unknown** (``2023/``), which is none: the two never mean the same.

The text is kept as it is; only what it means is worked out here, and only by those who need days. A qualifier does not
move the bounds: nobody can say how far off "about 2024" may be.

References
----------
.. [1] Library of Congress. Extended Date/Time Format (EDTF) Specification, 2019.
   https://www.loc.gov/standards/datetime/
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

__all__ = ["EXAMPLES", "OPEN", "NotADate", "first_day", "last_day", "order", "period", "spoken"]

#: An end that is stated to be open.
OPEN = ".."
#: What to write, for messages.
EXAMPLES = "2026-01-31, 2026-01, 2026, 2024~ (about), 202X or 2024-21 (spring)"

_PLAIN = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?\Z", re.ASCII)
_LEVEL_1 = re.compile(r"[0-9X]{4}(?:-[0-9X]{2}){0,2}[?~%]?\Z", re.ASCII)

# How people write dates elsewhere; never read, only for the cure.
_YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})(?:[-./](\d{1,2}))?(?:[T ]\d{1,2}:\d{2}\S*)?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})", re.ASCII)
_DAY_NAMED = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th|\.)? )?([a-z]+)\.?,? (\d{4})", re.ASCII)
_NAMED_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", re.ASCII)
_TWO_YEARS = re.compile(r"(\d{2})(\d{2})[-/–](\d{2})", re.ASCII)
_ABOUT = re.compile(r"(?:about|around|approx\.?|circa|ca\.?|c\.) ?(.+)")
_SINCE = re.compile(r"(?:since|from) (.+)|(.+?) ?(?:-|–|to|until) ?(?:now|today|present)")
_UNTIL = re.compile(r"(?:until|till) (.+)")
_RANGE = re.compile(
    r"(?:from |between )?(.+?)(?: ?– ?| - | to | until | and |(?<=\d{4})-(?=\d{4}))(.+)", re.ASCII
)
_DAY_NUMBER = re.compile(r"([345]\d{4})(?:\.\d+)?", re.ASCII)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_SEASONS = {"spring": "21", "summer": "22", "autumn": "23", "fall": "23", "winter": "24"}
#: What a spreadsheet counts its days from.
_DAY_ZERO = date(1899, 12, 30)
_LONGEST_SHOWN = 80


class NotADate(ValueError):
    """A text that is no date of level 1; says why, and what would be one."""


def first_day(text: str) -> date:
    """Return the first day that a date can mean.

    Raises
    ------
    NotADate
        If it is none.
    """
    return _days(text)[0]


def last_day(text: str) -> date:
    """Return the last day that a date can mean.

    Raises
    ------
    NotADate
        If it is none.
    """
    return _days(text)[1]


def order(text: str) -> tuple[date, str]:
    """Return what sorts dates: by the first day, then as text, so that of two that begin alike the exacter is later.

    What is no date comes before every date, and nothing before that.
    """
    try:
        return _days(text)[0], text
    except NotADate:
        return date.min, text


def period(text: str) -> tuple[str, str]:
    """Return the two ends of a period as text: a date, `OPEN`, or empty for unknown.

    A single date is the period that it covers, so ``2024`` starts and ends in 2024.

    Raises
    ------
    NotADate
        If an end is none, if there are not two, or if neither says anything.
    """
    start, bar, end = text.partition("/")
    if not bar:
        end = start
    if not (start or end) or (start == OPEN and not end):
        raise NotADate(
            f"{_quoted(text)} says nothing about when; leave the cell empty, or write 2023/2024 or 2023/.."
        )
    for part in (start, end):
        if part not in ("", OPEN) or not bar:
            try:
                _days(part)
            except NotADate as error:
                if cure := _cure(text, span=True):
                    raise NotADate(f"{_quoted(text)} is no date we can read; {cure}") from None
                raise NotADate(
                    f"{_quoted(text)} is no period we can read: {error}; a period is two dates with a bar between, "
                    "2023/.. one that is still going on, 2023/ one whose end is not known"
                    if bar
                    else str(error)
                ) from None
    return start, end


def spoken(start: str, end: str) -> str:
    """Return a period in words; empty where neither end says anything."""
    begun = f"from {start}" if start not in ("", OPEN) else ""
    if end == OPEN:
        return f"{begun}, still going on" if begun else "still going on"
    if begun and end:
        return f"{start} to {end}" if start != end else start
    return begun or (f"until {end}" if end else "")


@lru_cache(maxsize=1 << 14)
def _days(text: str) -> tuple[date, date]:
    """Return the first and the last day."""
    try:
        bounds = _bounds(text)
    except ValueError:
        raise NotADate(
            f"{_quoted(text)} is not in the calendar; that month has fewer days, or it is the year 0"
        ) from None
    if bounds is None:
        raise NotADate(f"{_quoted(text)} is no date we can read; {_cure(text) or f'write {EXAMPLES}'}")
    return bounds


# -- cures


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")


def _cure(text: str, *, span: bool = False) -> str:
    """Return what to write for a text that people take for a date, or, as a `span`, for a period; empty if unknown."""
    said = " ".join(text.split()).casefold()
    if len(said) > _LONGEST_SHOWN:
        return ""
    if found := _TWO_YEARS.fullmatch(said):
        century, year, other = found.groups()
        month = _kept(f"{century}{year}-{other}")
        years = f"{century}{year}/{century}{other}" if span and other > year else ""
        # 2011/12 is a winter season to some and a month to others; 2025/12 can only be a month.
        if month and years and int(other) == int(year) + 1:
            return f"write {month[0]} for the month, {years} for the two years"
        if month or years:
            return f"write {month[0] if month else years}"
    if dates := _readings(said):
        if len(dates) > 1:
            return f"write {dates[0]} if the day comes first, {dates[1]} if the month does"
        return f"write {dates[0]}"
    if found := _DAY_NUMBER.fullmatch(said):
        day = _DAY_ZERO + timedelta(days=int(found[1]))
        return f"it looks like a spreadsheet's day number (mostly {day}); format the cell as a date, or write the date"
    for pattern, form in ((_SINCE, "{}/.."), (_UNTIL, "/{}")):
        if found := pattern.fullmatch(said):
            dates = _readings(found[1] or found[found.lastindex or 1])
            if len(dates) == 1:
                return f"write {form.format(dates[0]) if span else dates[0]}"
    if found := _RANGE.fullmatch(said):
        start, end = _readings(found[1]), _readings(found[2])
        if len(start) == len(end) == 1:
            return (
                f"write {start[0]}/{end[0]}" if span else f"one date is wanted, write {start[0]} or {end[0]}"
            )
    return ""


def _readings(said: str) -> list[str]:
    """Return the dates, as we write them, that a text in another form can stand for; two where day and month can change places."""
    if found := _ABOUT.fullmatch(said):
        about = _readings(found[1])
        return _kept(about[0] + "~") if len(about) == 1 else []
    if found := _YEAR_FIRST.fullmatch(said.upper()):
        return _kept("-".join(part.zfill(2) for part in found.groups() if part))
    if found := _YEAR_LAST.fullmatch(said):
        first, between, second, year = found.groups()
        ways = [f"{year}-{second:>02}-{first:>02}"]
        if between != ".":  # with points, the day always comes first
            ways.append(f"{year}-{first:>02}-{second:>02}")
        return _kept(*ways)
    if found := _NAMED_DAY.fullmatch(said):
        name, day, year = found.groups()
    elif found := _DAY_NAMED.fullmatch(said):
        day, name, year = found.groups()
    else:
        return _kept(said.upper())
    if name in _SEASONS and not day:
        return _kept(f"{year}-{_SEASONS[name]}")
    month = next((at for at, full in enumerate(_MONTHS, 1) if len(name) >= 3 and full.startswith(name)), 0)
    return _kept(f"{year}-{month:02}" + (f"-{day:>02}" if day else ""))


def _kept(*texts: str) -> list[str]:
    """Return those that are dates, each once; asked without a cure, or two of them would ask each other for ever."""
    kept = []
    for text in dict.fromkeys(texts):
        try:
            if _bounds(text):
                kept.append(text)
        except ValueError:
            pass
    return kept


def _bounds(text: str) -> tuple[date, date] | None:
    """Return the two days; plain dates are read here, being nearly all, the rest by the library.

    Raises
    ------
    ValueError
        If the calendar has no such day.
    """
    if not _PLAIN.match(text):
        return _qualified(text) if _LEVEL_1.match(text) else None
    if len(text) == 10:
        return (date.fromisoformat(text),) * 2
    year, month = int(text[:4]), int(text[5:] or 12)
    return date(year, month if text[5:] else 1, 1), date(year, month, monthrange(year, month)[1])


def _qualified(text: str) -> tuple[date, date] | None:
    """Return the bounds that the library reads out of a text; None for what is not level 1."""
    from edtf import parse_edtf
    from edtf.parser.edtf_exceptions import EDTFParseException
    from edtf.parser.parser_classes import Season, UncertainOrApproximate, Unspecified

    try:
        found = parse_edtf(text)
    except EDTFParseException:
        return None
    # Level 2 comes as subclasses of these. 29 February of any year passes the library, but becomes no `date`.
    if type(found) not in (Season, UncertainOrApproximate, Unspecified):
        return None
    return date(*found.lower_strict()[:3]), date(*found.upper_strict()[:3])
