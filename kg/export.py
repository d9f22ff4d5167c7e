"""Facts on their way out: in the formats that fact files have, or the whole ledger as text that Git can keep.

The ledger as text is a folder::

    batches.jsonl        a line a batch, in order: its entry in the chain, and its members with their places
    records/a.jsonl …    a line a record, by id, in a file for each first letter: ``{"@id":"<id>",<ledger text>}``

Lines are only ever added, never changed, so a later export of the same ledger differs by what was learned since, and
one that is interrupted leaves the older one whole: records come first, and count only when a batch names them. Every
line can be checked by itself or against the one before; `read_chain` does, and names the line that was tampered with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kg import child
from kg.claim import Record, digest, record_from
from kg.errors import KgError, Misuse, Problem, Refused, Unavailable
from kg.factfile import FactFile
from kg.formats import WRITERS, write
from kg.ingest import unload
from kg.ledger import EMPTY_HEAD, Ledger, Link, broken_links
from kg.scratch import publish, scratch

__all__ = ["FORMATS", "LEDGER", "export", "is_ledger_text", "read_chain", "read_live"]

#: The format that keeps everything: undone batches, the chain, places.
LEDGER = "ledger"
FORMATS = (*WRITERS, LEDGER)

_BATCHES = "batches.jsonl"
_RECORDS = "records"
_LARGEST = 1 << 30  # bytes of an export that is read
_SECONDS, _MEMORY = 120.0, 4 << 30
_LINE = re.compile(r'\{"@id":"([a-z2-7]{20})",(".*\})\Z')
_SHARD = re.compile(r"records/[a-z2-7]\.jsonl\Z")


def export(ledger: Ledger, form: str, path: Path, *, batch: int = 0) -> int:
    """Write facts out.

    Parameters
    ----------
    ledger : Ledger
    form : str
        One of `FORMATS`. All but ``ledger`` carry what is not undone.
    path : Path
        File to write, or folder for the formats of several files. What is there already is left alone; only an
        earlier export of the same ledger as text is carried on.
    batch : int
        Only the records of this batch; 0 for all. Not with ``ledger``.

    Returns
    -------
    int
        How many records were written.

    Raises
    ------
    Misuse
        If there is no such format or batch, or something else is in the place.
    Unavailable
        If the disk is full or cannot be written; what was there before is whole.
    """
    if form not in FORMATS:
        raise Misuse(f"no format is called {form!r}; known are {', '.join(FORMATS)}")
    if form == LEDGER and batch:
        raise Misuse("the ledger as text is whole or nothing; leave the batch out, or choose another format")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with ledger.snapshot():
            if form == LEDGER:
                return _write_ledger(ledger, path)
            records = list(_live(ledger, batch))
            title = f"batch {batch} of ledger {ledger.head[:12]}" if batch else f"ledger {ledger.head[:12]}"
        files = write(unload(records, title=title), form)
        if path.exists() or path.is_symlink():
            raise Misuse(f"{path.name} is there already; give another name, or move it away")
        _place(files, path)
    except OSError as error:
        raise Unavailable(f"{path.name} could not be written: {error.strerror or error}") from error
    return len(records)


def _live(ledger: Ledger, batch: int) -> Iterator[Record]:
    if batch:
        known = {item.seq: item for item in ledger.batches()}
        if batch not in known or known[batch].kind == "undo":
            raise Misuse(f"batch {batch} holds no facts; `kg batches` lists those that do")
        if known[batch].undone:
            raise Misuse(f"batch {batch} is undone; only the format {LEDGER} keeps it")
    for entry in ledger.entries(every=bool(batch)):
        if batch in (0, entry.batch):
            yield entry.record


def _place(files: Mapping[str, bytes], path: Path) -> None:
    """Write beside the place and move there, so that what is seen under the name is whole."""
    with scratch(path.parent, ".exporting-") as folder:
        for name, body in files.items():
            target = folder / "made" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
        whole = folder / "made"
        if len(files) == 1 and path.suffix:
            publish(whole / next(iter(files)), path)
        else:
            whole.rename(path)


# -- the ledger as text


def _write_ledger(ledger: Ledger, path: Path) -> int:
    files, count = _texts_of(ledger)
    if not path.exists():
        _place(files, path)
        return count
    if not is_ledger_text(path):
        raise Misuse(f"{path.name} is there already and is no export of a ledger; give another name")
    before, _ = read_chain(path)
    heads = {EMPTY_HEAD, *(link.hash for link in ledger.links())}
    if before and before[-1].hash not in heads:
        raise Misuse(f"{path.name} is the export of another ledger, or of a later state; give another name")
    with scratch(path.parent, ".exporting-") as folder:
        for name in sorted(files, key=lambda name: name == _BATCHES):  # records first: see above
            target = path / name
            if not target.exists() or target.read_bytes() != files[name]:
                made = folder / "part"
                made.write_bytes(files[name])
                target.parent.mkdir(exist_ok=True)
                publish(made, target)
    return count


def _texts_of(ledger: Ledger) -> tuple[dict[str, bytes], int]:
    shards: dict[str, list[str]] = {}
    count = 0
    for key, text in ledger.texts():
        shards.setdefault(f"{_RECORDS}/{key[0]}.jsonl", []).append(f'{{"@id":"{key}",{text[1:]}\n')
        count += 1
    lines = [
        json.dumps(asdict(link), ensure_ascii=False, separators=(",", ":")) + "\n" for link in ledger.links()
    ]
    files = {name: "".join(shards[name]).encode("utf-8") for name in sorted(shards)}
    return {**files, _BATCHES: "".join(lines).encode("utf-8")}, count


def is_ledger_text(path: Path) -> bool:
    """Whether a folder looks like a ledger as text."""
    return path.is_dir() and (path / _BATCHES).is_file()


def read_chain(path: Path) -> tuple[list[Link], dict[str, str]]:
    """Read a ledger as text.

    Returns
    -------
    list of Link
        The chain, checked.
    dict of str to str
        Id to ledger text, of every record that a batch names.

    Raises
    ------
    Refused
        If a line was changed, added or taken out; the problems name it.
    """
    found = _parsed(path, live=False)
    links = [
        Link(**{**body, "members": tuple((key, place) for key, place in body["members"])})
        for body in found["links"]
    ]
    return links, found["texts"]


def read_live(path: Path) -> FactFile:
    """Read what is not undone in a ledger as text, as a batch: for loading into another ledger.

    Returns
    -------
    FactFile
        With a problem for each line that was tampered with.
    """
    try:
        return FactFile.from_plain(_parsed(path, live=True)["batch"])
    except Refused as refusal:
        return FactFile(title=path.resolve().name, problems=list(refusal.problems))


def _parsed(path: Path, *, live: bool) -> dict[str, Any]:
    names, blobs, size = list[str](), list[bytes](), 0
    try:
        for file in (*sorted((path / _RECORDS).glob("*.jsonl")), path / _BATCHES):
            name = file.relative_to(path).as_posix()
            if file.is_symlink() or not file.is_file():
                raise Refused(f"{name} is a link, a device or a pipe; give plain files")
            size += file.stat().st_size
            if size > _LARGEST:
                raise Refused(f"{path.name} is larger than {_LARGEST >> 20} MiB")
            names.append(name)
            blobs.append(file.read_bytes())
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read: {error.strerror or error}") from error
    job = {"title": path.resolve().name, "files": names, "live": live}
    try:
        found: dict[str, Any] = child.call("kg.export:_parse", job, blobs, seconds=_SECONDS, memory=_MEMORY)
    except child.Stopped as end:
        raise Refused(f"{path.name} is built in a way that no reader can follow ({end.why})") from end
    if found["problems"]:
        problems = [Problem(*problem) for problem in found["problems"]]
        raise Refused(f"{path.name} is no intact export of a ledger", problems)
    return found


def _parse(job: Mapping[str, Any], blobs: Sequence[bytes], confine: child.Confine) -> dict[str, Any]:
    """Check every line; runs in the child process."""
    confine()
    texts, links, problems = dict[str, str](), list[Link](), list[Problem]()
    for name, blob in zip(job["files"], blobs, strict=True):
        lines = blob.decode("utf-8", errors="replace").split("\n")
        for number, line in enumerate(lines, 1):
            if not line and number == len(lines):
                continue
            wrong = _read_line(name, line, texts, links)
            if wrong:
                problems.append(Problem(name, number, "", *wrong))
    if not problems:
        problems = [
            Problem(_BATCHES, links.index(link) + 1, "", "broken-chain", wrong)
            for link, wrong in broken_links(links)
        ]
        problems += [
            Problem(_BATCHES, number, "", "missing-record", f"names the record {key}, which no line of {_RECORDS}/ holds")
            for number, link in enumerate(links, 1)
            for key, _ in link.members
            if key not in texts
        ]  # fmt: skip
    told = [[getattr(problem, name) for name in Problem.__slots__] for problem in problems]
    if told:
        return {"problems": told}
    if job["live"]:
        batch = unload(_not_undone(links, texts), title=job["title"])
        return {"problems": [], "batch": batch.plain()}
    named = {key: texts[key] for link in links for key, _ in link.members}
    return {"problems": [], "links": [asdict(link) for link in links], "texts": named}


def _read_line(name: str, line: str, texts: dict[str, str], links: list[Link]) -> tuple[str, str] | None:
    """Take in a line; return the code and the words of what is wrong with it."""
    try:
        if name == _BATCHES:
            body = json.loads(line)
            link = Link(
                **{**body, "members": tuple((str(key), str(place)) for key, place in body["members"])}
            )
            for value, kind in ((link.seq, int), (link.size, int), (link.title, str), (link.recorded, str),
                                (link.root, str), (link.previous, str), (link.hash, str), (link.kind, str)):  # fmt: skip
                if type(value) is not kind:
                    raise TypeError
            if link.kind not in ("load", "undo") or type(link.undoes) not in (int, type(None)):
                raise TypeError
            links.append(link)
            return None
        hit = _LINE.match(line)
        if not hit or not _SHARD.match(name):
            return "bad-line", "is no record of a ledger; export it again"
        text = "{" + hit[2]
        if digest(text) != hit[1]:
            return "changed-record", f"the record {hit[1]} was changed: its text does not give its id"
        record_from(text)
        texts[hit[1]] = text
    except KgError as error:
        return "bad-record", str(error)
    except (ValueError, TypeError, KeyError, RecursionError):
        return "bad-line", "cannot be read; a character may be missing, or more"
    return None


def _not_undone(links: Iterable[Link], texts: Mapping[str, str]) -> Iterator[Record]:
    links = list(links)
    undone = {link.undoes for link in links}
    seen = set()
    for link in links:
        for key, _ in link.members if link.seq not in undone else ():
            if key not in seen:
                seen.add(key)
                yield record_from(texts[key])
