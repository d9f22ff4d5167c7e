"""Time a large load and the index after it, on an invented batch, beside two peers that do the same writing bare.

Run it as a script: ``python tests/bench/load_bench.py [rows of facts]``. Prints CPU seconds of this process and its
children, wall seconds, claims a second and the largest memory; the peers are SQLite storing the same texts and
Oxigraph bulk-loading the same quads, so that a busy machine slows all alike.

Everything in the batch is invented. Firms stand in seven tiers from mines to makers and deal with the next tier, mostly
inside their own neighbourhood; about one claim in seven repeats or denies what another says; the mix of relations,
stances and dates is that of the shipped facts.
"""

from __future__ import annotations

import csv
import io
import os
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kg import formats
from kg.index import Index, quads
from kg.ingest import load
from kg.ledger import Ledger
from kg.policy import Policy
from kg.view import View

TIERS = (
    "materials-supplier",
    "materials-supplier",
    "materials-supplier",
    "cell-maker",
    "battery-supplier",
    "tier1-supplier",
    "oem",
)
LAYERS = ("materials", "materials", "chemistry", "cell", "pack", "power-electronics", "assembly")


def batch(folder: Path, facts: int, seed: int = 1) -> None:
    """Write an invented batch of `facts` rows, a firm for every eight of them and a document for every six."""
    rnd = random.Random(seed)
    firms = max(70, facts // 8)
    places = [f"land-{number}" for number in range(26)]
    tier = [number % len(TIERS) for number in range(firms)]
    entities = [
        (place, f"Land {number}", "jurisdiction", f"X{chr(65 + number)}", "")
        for number, place in enumerate(places)
    ]
    entities += [
        (f"firm-{number}", f"Firm {number}", TIERS[tier[number]], f"X{chr(65 + rnd.randrange(26))}", "")
        for number in range(firms)
    ]
    entities += [
        (f"plant-{n}", f"Plant {n}", "plant", f"X{chr(65 + rnd.randrange(26))}", f"firm-{n}")
        for n in range(0, firms, 3)
    ]
    entities += [(f"tariff-{n}", f"Tariff {n}", "tariff", f"X{chr(65 + n)}", "") for n in range(12)]
    sources = [
        (f"doc-{n}", f"https://paper.example/{n}", f"Paper {n % 97}", f"202{rnd.randrange(3, 7)}-{rnd.randrange(1, 13):02}-{rnd.randrange(1, 29):02}")
        for n in range(facts // 6 + 1)
    ]  # fmt: skip
    rows: list[tuple[str, ...]] = []
    while len(rows) < facts:
        one = rnd.randrange(firms)
        # The neighbour one tier up: firms deal with those near them, in number as in business.
        other = (one + 1 + len(TIERS) * rnd.randrange(0, 6)) % firms
        kind = rnd.random()
        layer = LAYERS[tier[one]]
        if kind < 0.5 and tier[one] < tier[other]:
            tie = (f"firm-{one}", "supplies", f"firm-{other}", layer)
        elif kind < 0.6:
            tie = (f"firm-{one}", "inTalksWith", f"firm-{other}", "")
        elif kind < 0.7:
            tie = (f"firm-{one}", "partnersWith", f"firm-{other}", layer)
        elif kind < 0.78:
            tie = (f"firm-{one}", "ownsStakeIn", f"firm-{other}", "")
        elif kind < 0.86 and tier[one] < tier[other]:
            tie = (f"firm-{one}", "licensesTechnologyTo", f"firm-{other}", layer)
        elif kind < 0.9:
            tie = (f"firm-{one}", "operatesPlant", f"plant-{3 * (one // 3)}", "")
        elif kind < 0.92:
            tie = (f"tariff-{rnd.randrange(12)}", "targets", rnd.choice(places), "")
        else:
            tie = (f"firm-{one}", "relatedTo", f"firm-{other}", "")
        for repeat in range(1 if rnd.random() < 0.87 else 2):
            stance = (
                "denied" if repeat and rnd.random() < 0.4 else rnd.choice(("reported",) * 3 + ("confirmed",))
            )
            since = rnd.choice(
                ("", "", f"202{rnd.randrange(6)}", f"202{rnd.randrange(6)}-0{rnd.randrange(1, 10)}")
            )
            words = f"Row {len(rows)} of the invented papers says that {tie[0]} and {tie[2]} have to do with each other."
            verb = "rejects" if tie[1] == "relatedTo" else ""
            rows.append(
                (f"r-{len(rows)}", *tie, verb, stance, since, rnd.choice(sources)[0], tie[0] if stance == "denied" else "", words, f"0.{rnd.randrange(5, 10)}")
            )  # fmt: skip
    folder.mkdir(parents=True)
    for name, header, table in (
        ("entities", "id,label,kinds,country,parent", entities),
        ("sources", "id,url,publisher,published,kind", [(*source, "news") for source in sources]),
        ("facts", "id,subject,relation,object,layer,verb,stance,valid_from,source,speaker,quote,confidence", rows[:facts]),
    ):  # fmt: skip
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(header.split(","))
        writer.writerows(table)
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")


class Clock:
    """CPU and wall seconds of named steps, children included."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a step."""
        before, start = os.times(), time.perf_counter()
        yield
        after, wall = os.times(), time.perf_counter() - start
        self.wall[name] = wall
        self.cpu[name] = sum(after[:4]) - sum(before[:4])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:42}{self.cpu[name]:8.2f} s CPU {wall:8.2f} s wall {memory:8,.0f} MB at most")


def main(facts: int) -> None:
    """Print the figures for a batch of `facts` rows."""
    with tempfile.TemporaryDirectory() as scratch:
        place, clock = Path(scratch), Clock()
        # Start-up: the ontology, the rules and the engines, all used once on a small batch.
        for name, size in (("small", 60), ("large", facts)):
            batch(place / name, size)
        warm = Ledger(place / "warm" / "ledger.sqlite")
        load(formats.read(place / "small"), warm)
        Index(place / "warm" / "index").store(warm, Policy())
        print(f"{facts:,} rows of facts")
        ledger = Ledger(place / "home" / "ledger.sqlite")
        with clock("read the files, in a child process"):
            read = formats.read(place / "large")
        with clock("check and store"):
            checked, _ = load(read, ledger)
        assert not checked.errors, checked.errors[:3]
        with clock("build the index"):
            Index(place / "home" / "index").store(ledger, Policy())
        peak = [
            resource.getrusage(who).ru_maxrss / 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        spent, waited = sum(clock.cpu.values()), sum(clock.wall.values())
        claims = sum(1 for _ in ledger.entries(kind="claim"))
        print(
            f"{claims:,} claims, {claims / spent:,.0f} a second of CPU, {claims / waited:,.0f} a second by the wall; "
            f"most memory {peak[0]:,.0f} MB, child {peak[1]:,.0f} MB"
        )
        lines = list(quads(View(ledger, Policy())))
        texts = [(record.record_id, type(record).__name__, record.text) for record, _ in checked.records]
        with clock(f"peer: SQLite stores the {len(texts):,} texts"):
            db = sqlite3.connect(place / "peer.sqlite")
            db.execute("CREATE TABLE record(id TEXT PRIMARY KEY, type TEXT, text TEXT) WITHOUT ROWID")
            db.executemany("INSERT OR IGNORE INTO record VALUES(?, ?, ?)", texts)
            db.commit()
        with clock(f"peer: Oxigraph bulk-loads the {len(lines):,} quads"):
            import pyoxigraph

            store = pyoxigraph.Store(str(place / "peer"))
            store.bulk_load("".join(lines).encode("utf-8"), format=pyoxigraph.RdfFormat.N_QUADS)
            store.flush()
        bare = sum(clock.cpu[name] for name in clock.cpu if name.startswith("peer"))
        print(f"load and index take {spent / bare:.1f} times the bare writing")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
