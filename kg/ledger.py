"""The ledger: the only truth. What was learned, when, in which batch; nothing is ever changed in place.

One SQLite file in WAL mode with full synchronisation. A *record* is ledger text under a hash of itself; a *batch*
is a list of records with the hash of the batch before it, so the hash of the last one, the **head**, vouches for
everything. A load is one transaction: all of it or nothing. An undo is a batch of its own that takes another one
out of account; nothing is deleted, and triggers refuse to.

Everything else (the index, views, answers) is derived from the ledger and named after its head.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kg.claim import Record, digest, lacking, record_from
from kg.errors import Misuse, NotFound, Refused, Unavailable

__all__ = ["EMPTY_HEAD", "Batch", "Entry", "Ledger", "Link", "broken_links"]

EMPTY_HEAD = "0" * 64

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record(
  id TEXT PRIMARY KEY, type TEXT NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch(
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK(kind IN ('load','undo')), title TEXT NOT NULL,
  recorded TEXT NOT NULL, undoes INTEGER UNIQUE REFERENCES batch(seq), size INTEGER NOT NULL,
  root TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS member(
  batch INTEGER NOT NULL REFERENCES batch(seq), position INTEGER NOT NULL,
  record TEXT NOT NULL REFERENCES record(id), place TEXT NOT NULL, PRIMARY KEY(batch, position)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS member_record ON member(record);
"""
_APPEND_ONLY = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} BEFORE {verb} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    for table in ("record", "batch", "member")
    for verb in ("UPDATE", "DELETE")
)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """One entry of the audit log.

    `kind` is ``load``, ``undo``, or ``withdraw`` for a load that is the withdrawal of one claim. `recorded` is UTC,
    ISO 8601 to the second; `undone` says whether a later batch took it out of account.
    """

    seq: int
    kind: str
    title: str
    recorded: str
    undoes: int | None
    size: int
    hash: str
    undone: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A live record with the batch that brought it first, when, and the place in its file (``facts.csv:14 a-0058``)."""

    record: Record
    batch: int
    recorded: str
    place: str


@dataclass(frozen=True, slots=True)
class Link:
    """A batch as the chain has it, with its members: id of the record, and place in the file it came from."""

    seq: int
    kind: str
    title: str
    recorded: str
    undoes: int | None
    size: int
    root: str
    previous: str
    hash: str
    members: tuple[tuple[str, str], ...]


def broken_links(links: Iterable[Link]) -> Iterator[tuple[Link, str]]:
    """Yield what is wrong with a chain: the link, and a sentence."""
    previous = EMPTY_HEAD
    for link in links:
        entry = (link.seq, link.kind, link.title, link.recorded, link.undoes, link.size, link.root)
        if link.previous != previous or link.hash != _chain(link.previous, *entry):
            yield link, "its entry was changed, or a batch before it is missing"
        if link.root != _root(key for key, _ in link.members) or link.size != len(link.members):
            yield link, "records were added, taken out or exchanged"
        previous = link.hash


def _chain(
    previous: str, seq: int, kind: str, title: str, recorded: str, undoes: int | None, size: int, root: str
) -> str:
    parts = (previous, str(seq), kind, title, recorded, str(undoes or ""), str(size), root)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()


class Ledger:
    """An open ledger.

    Parameters
    ----------
    path : Path
        The SQLite file; made with its folder when it is not there and `read_only` is false.
    read_only : bool
        Open without ever writing; works on a read-only file system.

    Raises
    ------
    Unavailable
        If the file cannot be opened, is no ledger, or belongs to a newer version.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self._read_only = path, read_only
        #: Records by id, read once in the life of an open ledger: they never change, and views share them.
        self._known: dict[str, Record] = {}
        self._aside: tempfile.TemporaryDirectory[str] | None = None
        try:
            if read_only:
                # `immutable` would miss a writer at work; plain `ro` needs the -shm file, which a read-only disk refuses.
                self._db = self._connect(f"file:{_quoted(path)}?mode=ro")
                try:
                    self._db.execute("SELECT 1 FROM batch LIMIT 1")
                except sqlite3.OperationalError:
                    self._db = self._connect(self._as_it_lies(path))
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._db = self._connect(f"file:{_quoted(path)}?mode=rwc")
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=FULL")
                self._db.execute("PRAGMA foreign_keys=ON")
                self._db.executescript(_SCHEMA + _APPEND_ONLY)
                if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    self._db.execute(f"PRAGMA user_version={_VERSION}")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
        except (sqlite3.Error, OSError) as error:
            cure = (
                ""
                if isinstance(error, OSError)
                else "; if it is damaged, `kg restore BACKUP --force` replaces it"
            )
            raise Unavailable(f"the ledger {path} cannot be opened: {error}{cure}") from error
        if version > _VERSION:
            raise Unavailable(f"the ledger {path} was written by a newer version of this program; update it")

    @staticmethod
    def _connect(uri: str) -> sqlite3.Connection:
        # check_same_thread off: the workbench serves from several threads, and SQLite here is built serialised.
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5, check_same_thread=False)
        db.execute("PRAGMA trusted_schema=OFF")
        return db

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        if self._aside is not None:
            self._aside.cleanup()

    def _as_it_lies(self, path: Path) -> str:
        """Return where a ledger can be read that lies where nothing can be written.

        A writer that crashed leaves its newest batches in the write-ahead log. Reading the file alone would pass
        them over without a word, and the log cannot be followed without writing beside it: so both are copied.
        """
        log = path.with_name(path.name + "-wal")
        if not log.exists() or log.stat().st_size == 0:
            return f"file:{_quoted(path)}?mode=ro&immutable=1"
        self._aside = tempfile.TemporaryDirectory(prefix="kg-ledger-")
        copy = Path(self._aside.name) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(log, copy.with_name(log.name))
        return f"file:{_quoted(copy)}?mode=rw"

    # -- reading

    @property
    def head(self) -> str:
        """Hash of the last batch, 64 hexadecimal characters; all zeros for an empty ledger."""
        row = self._db.execute("SELECT hash FROM batch ORDER BY seq DESC LIMIT 1").fetchone()
        return row[0] if row else EMPTY_HEAD

    def batches(self) -> list[Batch]:
        """Return the audit log, oldest first."""
        rows = self._db.execute(
            "SELECT seq, CASE WHEN kind = 'load' AND size = 1 AND EXISTS(SELECT 1 FROM member m "
            "JOIN record r ON r.id = m.record WHERE m.batch = b.seq AND r.type = 'retraction') THEN 'withdraw' "
            "ELSE kind END, title, recorded, undoes, size, hash, "
            "EXISTS(SELECT 1 FROM batch u WHERE u.undoes = b.seq) FROM batch b ORDER BY seq"
        )
        return [Batch(row[0], row[1], row[2], row[3], row[4], row[5], row[6], bool(row[7])) for row in rows]

    def at(self, head: str) -> Batch:
        """Return the batch that an earlier head, or the first 8 or more of its digits, stands for.

        Raises
        ------
        NotFound
            If no batch, or more than one, has such a hash.
        """
        found = [batch for batch in self.batches() if len(head) >= 8 and batch.hash.startswith(head)]
        if len(found) != 1:
            raise NotFound("ledger head", head)
        return found[0]

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read from one state of the ledger, whatever others write meanwhile."""
        try:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        except sqlite3.DatabaseError as error:
            raise Unavailable(f"the ledger {self.path.name} cannot be read: {error}") from error

    def entries(
        self, *, known_by: str = "", at: str = "", kind: str = "", every: bool = False
    ) -> Iterator[Entry]:
        """Yield the live records in the order they were first recorded.

        Parameters
        ----------
        known_by : str
            ISO date: only what had been recorded by the end of that day counts, undoings included.
        at : str
            An earlier head, see `at`: only what had been recorded up to it counts.
        kind : str
            Only records of one type, e.g. ``"claim"``.
        every : bool
            Yield a record once for each live batch that holds it, not only for the first.

        Notes
        -----
        A record that several live batches hold comes once, with the first of them. About 8 µs a record.
        """
        limit = known_by + "T99" if known_by else "9999"
        last = self.at(at).seq if at else 1 << 62
        rows = self._db.execute(
            "SELECT r.text, m.batch, b.recorded, m.place, r.id FROM member m "
            "JOIN batch b ON b.seq = m.batch JOIN record r ON r.id = m.record "
            "WHERE b.kind = 'load' AND b.recorded <= ?1 AND b.seq <= ?3 AND (?2 = '' OR r.type = ?2) "
            "AND NOT EXISTS(SELECT 1 FROM batch u WHERE u.undoes = b.seq AND u.recorded <= ?1 AND u.seq <= ?3) "
            "ORDER BY m.batch, m.position",
            (limit, kind, last),
        )
        seen: set[str] = set()
        for text, batch, recorded, place, key in rows:
            if every or key not in seen:
                seen.add(key)
                record = self._known.get(key)
                if record is None:
                    record = self._known[key] = record_from(text, key)
                yield Entry(record, batch, recorded, place)

    def ids(self, kind: str) -> set[str]:
        """Return the ids of the live records of one type; about 1 µs each."""
        rows = self._db.execute(
            "SELECT DISTINCT r.id FROM member m JOIN record r ON r.id = m.record WHERE r.type = ? "
            "AND NOT EXISTS(SELECT 1 FROM batch u WHERE u.undoes = m.batch)",
            (kind,),
        )
        return {row[0] for row in rows}

    def live(self, ids: Iterable[str]) -> set[str]:
        """Return those of some record ids that a live batch holds; about 5 µs each."""
        found = "SELECT 1 FROM member m WHERE m.record = ? AND NOT EXISTS(SELECT 1 FROM batch u WHERE u.undoes = m.batch)"
        return {key for key in ids if self._db.execute(found, (key,)).fetchone()}

    # -- writing

    def append(
        self, records: Sequence[tuple[Record, str]], *, title: str, recorded: str = "", again: bool = False
    ) -> Batch | None:
        """Add a batch of records in one transaction.

        Parameters
        ----------
        records : sequence of (Record, str)
            Each with its place in the file it came from.
        title : str
            What the batch is, for the audit log.
        recorded : str
            UTC time to record; now when empty. Only the shipped facts give their own, so that every fresh
            workspace comes to the same head.
        again : bool
            Add it even if a live batch holds exactly these records: a decision made again after a contrary one
            counts again, because the latest does.

        Returns
        -------
        Batch or None
            None when a live batch holds exactly these records already: loading twice changes nothing.

        Raises
        ------
        Misuse
            If a record lacks a field that it needs: it could not be read back.
        Unavailable
            If the disk is full or another program holds the ledger for more than 5 s; nothing is stored then.
        """
        for record, place in records:
            if name := lacking(record):
                raise Misuse(f"a {type(record).__name__.lower()} without {name} cannot be recorded ({place})")
        ids = [record.record_id for record, _ in records]
        root = _root(ids)
        with self._transaction():
            twin = self._db.execute(
                "SELECT 1 FROM batch b WHERE b.root = ? AND b.kind = 'load' "
                "AND NOT EXISTS(SELECT 1 FROM batch u WHERE u.undoes = b.seq)",
                (root,),
            ).fetchone()
            if (twin and not again) or not records:
                return None
            # INSERT OR IGNORE keeps the first text of an id; that it is the same text is what the hash says.
            self._db.executemany(
                "INSERT OR IGNORE INTO record VALUES(?, ?, ?)",
                ((record.record_id, type(record).__name__.lower(), record.text) for record, _ in records),
            )
            self._known.update((record.record_id, record) for record, _ in records)
            seq = self._seal("load", title, recorded, None, len(ids), root)
            self._db.executemany(
                "INSERT INTO member VALUES(?, ?, ?, ?)",
                (
                    (seq, position, key, place)
                    for position, (key, (_, place)) in enumerate(zip(ids, records, strict=True))
                ),
            )
        return self.batches()[-1]

    def undo(self, seq: int, *, reason: str = "", recorded: str = "") -> Batch:
        """Take a batch out of account by a new batch; what other batches hold too stays.

        Raises
        ------
        NotFound
            If there is no such batch.
        Misuse
            If it is undone already, or is itself an undoing.
        """
        with self._transaction():
            wanted = {batch.seq: batch for batch in self.batches()}.get(seq)
            if wanted is None:
                raise NotFound("batch", str(seq))
            if wanted.kind == "undo" or wanted.undone:
                raise Misuse(
                    f"batch {seq} {'is undone already' if wanted.undone else 'is itself an undoing; load the facts again instead'}"
                )
            self._seal("undo", reason or f"undo of batch {seq}", recorded, seq, 0, _root([]))
        return self.batches()[-1]

    def _seal(self, kind: str, title: str, recorded: str, undoes: int | None, size: int, root: str) -> int:
        last = self._db.execute("SELECT seq, hash FROM batch ORDER BY seq DESC LIMIT 1").fetchone() or (
            0,
            EMPTY_HEAD,
        )
        seq = last[0] + 1
        title = _plain(title)
        recorded = recorded or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        link = _chain(last[1], seq, kind, title, recorded, undoes, size, root)
        self._db.execute("PRAGMA defer_foreign_keys=ON")
        self._db.execute(
            "INSERT INTO batch VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, kind, title, recorded, undoes, size, root, last[1], link),
        )
        return seq

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._read_only:
            raise Unavailable(f"the ledger {self.path} can only be read; its folder or file is read-only")
        try:
            self._db.execute(
                "BEGIN IMMEDIATE"
            )  # take the write lock at once: two loads queue, neither half-writes
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the ledger could not be written and is unchanged: {error}") from error

    # -- the whole of it, for copies

    def links(self) -> Iterator[Link]:
        """Yield every batch, undone ones too, oldest first."""
        for row in self._db.execute("SELECT * FROM batch ORDER BY seq").fetchall():
            members = self._db.execute(
                "SELECT record, place FROM member WHERE batch = ? ORDER BY position", (row[0],)
            )
            yield Link(*(*row, tuple(members)))

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield id and ledger text of every record, undone ones too, by id."""
        yield from self._db.execute("SELECT id, text FROM record ORDER BY id")

    def copy(self, file: Path) -> None:
        """Write the ledger to a file that is not there yet, as it stands now, whatever is loaded meanwhile.

        Raises
        ------
        Unavailable
            If the disk is full or cannot be written.
        """
        try:
            with contextlib.closing(self._connect(f"file:{_quoted(file)}?mode=rwc")) as copy:
                self._db.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, that can be carried and read anywhere
        except sqlite3.Error as error:
            raise Unavailable(f"the ledger could not be copied: {error}") from error

    @classmethod
    def rebuilt(cls, file: Path, links: Iterable[Link], texts: Iterable[tuple[str, str]]) -> Ledger:
        """Make a ledger anew from its links and texts, in a file that is not there yet.

        Nothing but rows is taken over, so neither a foreign schema nor an old layout comes along.

        Raises
        ------
        Refused
            If the rows do not come to an intact ledger.
        Misuse
            If a record was written by a newer version.
        """
        ledger = cls(file)
        with ledger._transaction():
            ledger._db.execute("PRAGMA defer_foreign_keys=ON")
            ledger._db.executemany(
                "INSERT INTO record VALUES(?, ?, ?)",
                ((key, type(record_from(text)).__name__.lower(), text) for key, text in texts),
            )
            for link in links:
                row = (link.seq, link.kind, link.title, link.recorded, link.undoes, link.size, link.root)
                ledger._db.execute(
                    "INSERT INTO batch VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, link.previous, link.hash)
                )
                ledger._db.executemany(
                    "INSERT INTO member VALUES(?, ?, ?, ?)",
                    ((link.seq, position, *member) for position, member in enumerate(link.members)),
                )
        if wrong := ledger.verify():
            ledger.close()
            raise Refused("the copy is no intact ledger: " + "; ".join(wrong[:3]))
        return ledger

    def at_rest(self) -> None:
        """Write everything into the one file, so that it can be moved; nobody else may have it open.

        Raises
        ------
        Unavailable
            If somebody has.
        """
        try:
            self._db.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise Unavailable(f"another program has the ledger open; close it first: {error}") from error

    # -- integrity

    def verify(self, *, head: str = "") -> list[str]:
        """Return what is wrong with the ledger, one sentence each; an empty list when all of it is intact.

        Parameters
        ----------
        head : str
            A head noted earlier (any prefix of 8 characters or more): checks that it is still part of the
            chain, which a ledger whose last batches were cut off would otherwise hide.
        """
        if head and len(head) < 8:
            raise Misuse(f"{head!r} is too short for a head; give at least 8 characters")
        try:
            return self._verified(head)
        except sqlite3.DatabaseError as error:
            return [f"the file is damaged and cannot be read through: {error}"]

    def _verified(self, head: str) -> list[str]:
        wrong = []
        state = self._db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if state != "ok":
            wrong.append(f"the file is damaged: {state.splitlines()[-1]}")
        for key, kind, text in self._db.execute("SELECT id, type, text FROM record"):
            if digest(text) != key:
                wrong.append(f"{kind} {key}{self._whereabouts(key)}: its text was changed")
            elif f'"type":"{kind}"' not in text:
                wrong.append(f"{kind} {key}{self._whereabouts(key)}: its kind was changed")
        wrong += [
            f"batch {batch}: its record {key} is missing"
            for batch, key in self._db.execute(
                "SELECT m.batch, m.record FROM member m LEFT JOIN record r ON r.id = m.record WHERE r.id IS NULL"
            )
        ]
        links = list(self.links())
        wrong += [f"batch {link.seq}: {sentence}" for link, sentence in broken_links(links)]
        if head and not any(link.hash.startswith(head) for link in links):
            wrong.append(f"head {head}: not part of this ledger; its last batches may have been cut off")
        return wrong

    def _whereabouts(self, key: str) -> str:
        """Where a record first came from, for a person who has to mend it."""
        found = self._db.execute(
            "SELECT batch, place FROM member WHERE record = ? ORDER BY batch LIMIT 1", (key,)
        ).fetchone()
        return f" (batch {found[0]}{', ' + found[1] if found[1] else ''})" if found else ""


def _plain(title: str) -> str:
    """Return a title in one line: a control character in it could pass for the separator of the chain's hash."""
    return " ".join("".join(char if char.isprintable() else " " for char in title).split())


def _root(ids: Iterable[str]) -> str:
    """Hash over the ids in sorted order: the same facts in another order are the same batch."""
    return hashlib.sha256("\n".join(sorted(ids)).encode("ascii")).hexdigest()


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
