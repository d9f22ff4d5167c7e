"""Policies: which claims count, what has to be said for a proposition to hold, and the two clocks.

A policy is a value. It is named on every answer, and with the ledger head its key names a view, so that the same
question under the same policy of the same ledger is the same question for ever.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.claim import SOURCE_KINDS, Standing
from kg.dates import NotADate, last_day
from kg.errors import Misuse, NotFound, Problem, Refused, Unavailable, near

if TYPE_CHECKING:
    from kg.evidence import Weighing
    from kg.ledger import Ledger

__all__ = ["ACCEPTED", "POLICIES", "QUARANTINE", "Policy", "read_policy"]

#: Name of a policy to what it accepts, in a sentence; `scenario:<id>` is the fourth.
POLICIES: dict[str, str] = {
    "confirmed": "the parties or an official record say so, and nobody denies it",
    "cautious": "somebody reports or confirms it, and nobody denies it",
    "alive": "anything reported or confirmed and not withdrawn, denied or not",
}
#: The file beside a ledger that says which propositions are left out of views, and why (see `kg.check`).
QUARANTINE = "quarantine.json"
#: What each of `POLICIES` accepts; a scenario is cautious about everything it does not assume.
ACCEPTED: dict[str, frozenset[Standing]] = {
    "confirmed": frozenset({Standing.CONFIRMED}),
    "cautious": frozenset({Standing.CONFIRMED, Standing.REPORTED}),
    "alive": frozenset({Standing.CONFIRMED, Standing.REPORTED, Standing.CONTESTED}),
}
_HEAD = re.compile(r"[0-9a-f]{8,64}\Z")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which claims count, and for when.

    Parameters
    ----------
    name : str
        ``confirmed``, ``cautious``, ``alive`` or ``scenario:<id>`` (cautious, and that scenario's hypotheses hold).
    as_of : date
        The day that validity is asked for.
    known_by : date, optional
        Only what the ledger had recorded by the end of that day counts.
    without : frozenset of str
        Source ids and publishers whose claims are left out.
    min_origins : int
        How many independent origins an accepted proposition needs.
    set_aside : frozenset of frozenset of str, optional
        The quarantine: sets of proposition ids, each left out where a view would hold all of the set. None stands
        for what is on file beside the ledger.
    assume : frozenset of str
        Ids of scenarios whose hypotheses hold besides.
    kinds : frozenset of str
        Kinds of documents that alone count (``government``, ``filing`` …); empty for all.
    min_confidence : float
        Claims with a lower confidence do not count; one that gives none counts as 0.5.
    title : str
        What the policy calls itself, when it comes from a file.
    at : str
        An earlier head of the ledger (8 digits or more): only what had been recorded up to it counts.
    """

    name: str = "cautious"
    as_of: date = field(default_factory=lambda: datetime.now(UTC).date())
    known_by: date | None = None
    without: frozenset[str] = frozenset()
    min_origins: int = 1
    set_aside: frozenset[frozenset[str]] | None = None
    assume: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    min_confidence: float = 0.0
    title: str = ""
    at: str = ""

    def __post_init__(self) -> None:
        for name in ("as_of", "known_by"):
            day = getattr(self, name)
            if isinstance(day, str):  # as Python callers write it
                try:
                    object.__setattr__(self, name, last_day(day))
                except NotADate as error:
                    raise Misuse(str(error)) from None
        if self.name not in POLICIES and not self.name.startswith("scenario:"):
            raise NotFound("view", self.name, [*POLICIES, "scenario:<id>"])
        if self.min_origins < 1:
            raise Misuse("the number of origins must be at least 1")
        if not 0 <= self.min_confidence <= 1:
            raise Misuse("the least confidence must lie between 0 and 1")
        for kind in sorted(self.kinds - set(SOURCE_KINDS)):  # else no claim counts, and nothing says why
            raise NotFound("kind of document", kind, SOURCE_KINDS)
        if self.at and not _HEAD.match(self.at):
            raise Misuse(f"{self.at!r} is no ledger head; give its first 8 or more digits")

    @property
    def scenarios(self) -> frozenset[str]:
        """Ids of the scenarios whose hypotheses hold."""
        named = self.name.removeprefix("scenario:") if self.name.startswith("scenario:") else ""
        return self.assume | {named} if named else self.assume

    @property
    def plain(self) -> Policy:
        """The same policy without any assumption; what a scenario is cautious about by itself."""
        return replace(self, name=self.name if self.name in POLICIES else "cautious", assume=frozenset())

    @property
    def key(self) -> str:
        """Hash of what the policy says, 12 hexadecimal characters; with the head of a view it names that view."""
        said: list[Any] = [
            self.name, str(self.as_of), str(self.known_by or ""), sorted(self.without), self.min_origins,
        ]  # fmt: skip
        said += [sorted(sorted(group) for group in self.set_aside)] if self.set_aside else []
        more = {"assume": sorted(self.assume), "kinds": sorted(self.kinds), "confidence": self.min_confidence}
        if any(more.values()):
            said.append(more)
        return hashlib.sha256(json.dumps(said).encode("utf-8")).hexdigest()[:12]

    def settled(self, ledger: Ledger) -> Policy:
        """Return the policy with the quarantine that is on file beside a ledger, unless it has one of its own.

        Raises
        ------
        Unavailable
            If the file is damaged: what it kept out would otherwise come back unnoticed.
        """
        if self.set_aside is not None:
            return self
        path = ledger.path.with_name(QUARANTINE)
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            groups = [{key} for key in body["shapes"]] + [set(group) for group in body["conflicts"]]
        except FileNotFoundError:
            groups = []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"{path} cannot be read; `kg check` writes it anew: {error}") from error
        return replace(self, set_aside=frozenset(frozenset(group) for group in groups))

    def head(self, ledger: Ledger) -> str:
        """Return the ledger head that a view under this policy is of: the last, or the earlier one it names."""
        return ledger.at(self.at).hash if self.at else ledger.head

    def stamp(self, head: str) -> dict[str, str]:
        """Return what every answer carries: the view, both clocks and the ledger head.

        A view that leaves sources out, asks for more or assumes something says so in its name, so that nobody takes
        an answer for one of the plain view.
        """
        extra = [f"without {name}" for name in sorted(self.without)]
        extra += [f"{self.min_origins} origins"] if self.min_origins > 1 else []
        extra += [f"assuming {name}" for name in sorted(self.assume)]
        extra += [f"only {' or '.join(sorted(self.kinds))}"] if self.kinds else []
        extra += [f"confidence {self.min_confidence:g}"] if self.min_confidence else []
        said = ", ".join([self.name, *extra])
        return {
            "view": f"{self.title} ({said})" if self.title else said,
            "as_of": str(self.as_of),
            "known_by": str(self.known_by or ""),
            "head": head,
        }

    def accepts(self, weighing: Weighing) -> bool:
        """Whether a proposition with this weighing counts as holding, leaving status and time aside."""
        assumed = self.scenarios
        if assumed and any(claim.scenario in assumed for claim in weighing.hypothesised):
            return True
        return (
            weighing.standing in ACCEPTED.get(self.name, ACCEPTED["cautious"])
            and len(weighing.origins_for) >= self.min_origins
        )


#: What a policy file may say: key to the types of its value.
_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,), "view": (str,), "as_of": (date, str), "known_by": (date, str), "at": (str,), "without": (list,),
    "min_origins": (int,), "assume": (list,), "kinds": (list,), "min_confidence": (float, int),
}  # fmt: skip


def read_policy(path: Path) -> Policy:
    """Read a policy from a small TOML file.

    Parameters
    ----------
    path : Path
        Keys, all optional: ``title``; ``view`` (confirmed, cautious, alive or scenario:<id>); ``as_of``, ``known_by``
        (dates); ``at`` (an earlier ledger head); ``without`` (source ids or publishers); ``min_origins``; ``assume``
        (scenario ids); ``kinds`` (kinds of documents that alone count); ``min_confidence``.

    Raises
    ------
    Refused
        With every problem, if the file cannot be read as such.
    Misuse
        If there is no such file.
    """
    problems: list[Problem] = []
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(f"the policy {str(path)!r} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        place = re.search(r"line (\d+)", str(error))
        row = int(place.group(1)) if place else 0
        raise Refused(
            "the policy is not accepted", [Problem(path.name, row, "", "bad-toml", str(error))]
        ) from error
    for key, value in body.items():
        if key not in _KEYS:
            hint = near(key, _KEYS, 1)
            cure = f"did you mean {hint[0]}?" if hint else f"known are {', '.join(_KEYS)}"
            problems.append(
                Problem(path.name, 0, key, "unknown-key", f"no policy has the key {key!r}; {cure}")
            )
        elif not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            wanted = {
                list: 'a list such as ["one", "two"]',
                str: "text in quotes",
                int: "a number",
                float: "a number",
            }
            problems.append(
                Problem(
                    path.name,
                    0,
                    key,
                    "bad-value",
                    f"must be {wanted.get(_KEYS[key][0], 'a date such as 2026-06-30')}",
                )
            )
        elif isinstance(value, list) and not all(isinstance(item, str) for item in value):
            problems.append(Problem(path.name, 0, key, "bad-value", "must list texts in quotes"))
    given: dict[str, Any] = {"name": body.get("view", "cautious"), "title": body.get("title", path.stem)}
    for clock in ("as_of", "known_by"):
        value = body.get(clock)
        if isinstance(value, str):
            try:
                value = date.fromisoformat(value)
            except ValueError:
                problems.append(
                    Problem(path.name, 0, clock, "bad-date", f"{value!r} is no date; write 2026-06-30")
                )
        elif isinstance(value, datetime):
            value = value.date()
        if value is not None:
            given[clock] = value
    if problems:
        raise Refused("the policy is not accepted", problems)
    given |= {key: frozenset(body[key]) for key in ("without", "assume", "kinds") if key in body}
    given |= {key: body[key] for key in ("min_origins", "min_confidence", "at") if key in body}
    return Policy(**given)
