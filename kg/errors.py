"""What can go wrong, in two kinds.

Bad *data* is a value: a `Problem` says where, what, and what would be right; a reader gets all of them at once.
Misuse and broken surroundings are raised::

    KgError
    ├── Misuse            the call or the flags are off             exit code 2
    │   └── NotFound      a name nobody knows; carries near matches exit code 2
    │       └── NotYetKnown   … at the time that was asked about    exit code 2
    ├── Refused           the data or the query is not accepted     exit code 1
    └── Unavailable       disk, lock, endpoint, optional program    exit code 3
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["KgError", "Misuse", "NotFound", "NotYetKnown", "Problem", "Refused", "Unavailable", "near"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with a file, and what would be right.

    Parameters
    ----------
    file : str
        Name of the file as the user gave it, without its folder.
    row : int
        Line of the file, counted from 1 (the header is line 1); 0 for the whole file.
    column : str
        Column name, or empty for the whole row.
    code : str
        Stable kebab-case name of the kind of problem.
    message : str
        What is wrong and what would be right, in plain words.
    severity : str
        ``"error"`` stops the load; ``"warning"`` is told and lets it pass; ``"info"`` only tells.
    cell : str
        Name of the cell where the file is a sheet, e.g. ``"H14"``.
    """

    file: str
    row: int
    column: str
    code: str
    message: str
    severity: str = "error"
    cell: str = ""

    def __str__(self) -> str:
        where = self.cell or self.row or ""
        place = ":".join(str(part) for part in (self.file, where, self.column) if part != "")
        return f"{place}  {self.code}  {self.message}"


class KgError(Exception):
    """Root of everything this project raises; its text is fit to be shown to a user."""

    exit_code = 1


class Misuse(KgError):
    """The call cannot be carried out as it was put."""

    exit_code = 2


class NotFound(Misuse):
    """A name that nobody knows.

    Parameters
    ----------
    what : str
        The kind of thing looked for, e.g. ``"entity"``.
    name : str
        The name as given.
    known : iterable of str
        Names that do exist; the nearest are offered.
    """

    def __init__(self, what: str, name: str, known: Iterable[str] = ()) -> None:
        self.what, self.name = what, name
        self.matches = near(name, known)
        hint = f"; did you mean {' or '.join(self.matches)}?" if self.matches else ""
        super().__init__(f"no {what} is called {name!r}{hint}")


class NotYetKnown(NotFound):
    """A name that the ledger knows, but did not at the time that was asked about.

    Parameters
    ----------
    name : str
        The name as given.
    entity : str
        Id of the entity that it means now.
    by, since : str
        Date or head asked about, and the date on which the entity was first recorded.
    """

    def __init__(self, name: str, entity: str, by: str, since: str) -> None:
        self.what, self.name, self.matches, self.entity = "entity", name, [], entity
        Misuse.__init__(self, f"{name!r} is not yet known by {by}: it was first recorded on {since}")


class Refused(KgError):
    """Data or a query that is not accepted, with every reason.

    Parameters
    ----------
    message : str
        One line that says what was refused.
    problems : sequence of Problem
        All reasons, in the order of the file.
    """

    exit_code = 1

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(message)


class Unavailable(KgError):
    """Something outside of us does not work: a disk, a lock, a program, an endpoint."""

    exit_code = 3


def near(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` of the `known` names that look like `name`, best first."""
    pool: dict[str, str] = {}
    for candidate in known:
        pool.setdefault(candidate.casefold(), candidate)
    wanted = name.casefold().strip()
    found = difflib.get_close_matches(wanted, pool, n=count, cutoff=0.6)
    found += [key for key in pool if wanted and wanted in key and key not in found][: count - len(found)]
    return [pool[key] for key in found]
