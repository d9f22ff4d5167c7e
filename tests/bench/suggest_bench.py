"""Measure how many suggested facts are right and how many are missed, against facts that people collected.

Run it as a script: ``python tests/bench/suggest_bench.py seed-article.txt [--all]``. The article that the first shipped
batch quotes is not part of the repository, only its hash is; a file with other bytes is refused.

A suggestion is right if some collected row has the same subject, object and stance and the same relation, or one that
is broader or narrower than it (*strict*); the other lines leave out the stance, the relation, or both. Precision is the
share of suggestions that are right, recall the share of collected rows that some suggestion matches.

Three further measures need no article. *Invented* are the sentences of ``tests/news``, written before they were tried.
*Paraphrases* are the sentences with which the shipped facts of the other batches are told: each states one collected
fact, mostly in few names (only those that name both ends can be found at all), and whatever else it states counts as
wrong here, so precision is a lower bound. Cues were improved on the second batch and on every other row of the third;
the rows in between are *held out*: no cue was made from them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kg import documents, formats
from kg.claim import Proposition
from kg.documents import Document
from kg.ingest import OnFile, check
from kg.reader import Reader
from kg.suggest import batch_of
from kg.vocabulary import vocabulary
from kg.workspace import shipped_batches

ROOT = Path(__file__).resolve().parents[2]
WORDS = vocabulary()
Row = Mapping[str, str]


def related(one: str, other: str) -> bool:
    """Whether two relations are the same, or one is broader than the other."""
    return one in WORDS.broader_relations(other) or other in WORDS.broader_relations(one)


def same(one: Row, other: Row, *, stance: bool = True, relation: bool = True) -> bool:
    """Whether two rows say the same, as far as is asked."""
    p, q = (WORDS.normal(Proposition(row["relation"], row["subject"], row["object"])) for row in (one, other))
    straight = (p.subject, p.object) == (q.subject, q.object)
    ends = straight or (not relation and (p.subject, p.object) == (q.object, q.subject))
    return (
        ends
        and (not stance or one["stance"] == other["stance"])
        and (not relation or related(p.relation, q.relation))
    )


def told(name: str, right: int, suggested: int, found: int, collected: int) -> None:
    """Print one line."""
    precision, recall = right / max(1, suggested), found / max(1, collected)
    print(
        f"{name:<34} precision {right:>3}/{suggested:<3} {precision:.2f}   recall {found:>3}/{collected:<3} {recall:.2f}"
    )


def compare(
    name: str, suggested: Sequence[Row], collected: Sequence[Row], alike: Callable[[Row, Row], bool]
) -> None:
    """Print precision and recall."""
    right = sum(any(alike(row, gold) for gold in collected) for row in suggested)
    found = sum(any(alike(row, gold) for row in suggested) for gold in collected)
    told(name, right, len(suggested), found, len(collected))


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def article(path: Path, reader: Reader, on_file: OnFile, *, everything: bool) -> None:
    """Measure the seed article."""
    document, card = documents.read(path), on_file.sources["seed-article"]
    if document.digest != card.digest:
        raise SystemExit(f"{path.name} is not the seed article: its digest is {document.digest}")
    suggested = [
        row.cells
        for row in batch_of(
            reader.candidates(document, publisher=card.publisher), document, card, on_file
        ).facts
    ]
    collected = rows(shipped_batches()[1] / "facts.csv")
    for name, options in (
        ("seed article, strict", {}),
        ("seed article, any stance", {"stance": False}),
        ("seed article, any relation", {"relation": False}),
        ("seed article, same two", {"relation": False, "stance": False}),
    ):
        compare(name, suggested, collected, lambda one, other, given=options: same(one, other, **given))
    if everything:
        for row in suggested:
            mark = "right" if any(same(row, gold) for gold in collected) else "WRONG"
            print(
                mark,
                row["subject"],
                row["relation"],
                row["object"],
                row["stance"],
                row["confidence"],
                f"“{row['quote']}”",
                row["note"],
            )
        for gold in collected:
            if not any(same(row, gold) for row in suggested):
                print(
                    "missed",
                    gold["id"],
                    gold["subject"],
                    gold["relation"],
                    gold["object"],
                    gold["stance"],
                    f"“{gold['quote']}”",
                )


def single(reader: Reader, sentence: str) -> list[Row]:
    """Return what is suggested from one sentence alone."""
    found = {
        candidate.key: candidate
        for candidate in reader.candidates(Document("sentence", "text", "", (sentence,)))
    }
    return [candidate.cells for candidate in found.values()]


def denied(stance: str) -> bool:
    """Whether a stance denies; who confirms cannot be seen in one sentence."""
    return stance == "denied"


def paraphrases(name: str, reader: Reader, collected: Iterable[Row]) -> None:
    """Measure the sentences with which facts are told."""
    right = suggested = found = possible = 0
    for gold in collected:
        mine = single(reader, gold["paraphrase"])
        good = [
            row
            for row in mine
            if same(row, gold, stance=False) and denied(row["stance"]) == denied(gold["stance"])
        ]
        named = {mention.entity for mention in reader.lexicon.find(gold["paraphrase"])}
        right, suggested = right + len(good), suggested + len(mine)
        possible += {gold["subject"], gold["object"]} <= named
        found += bool(good) and {gold["subject"], gold["object"]} <= named
    told(name, right, suggested, found, possible)


def invented(reader: Reader) -> None:
    """Measure the invented sentences."""
    right = suggested = found = collected = 0
    for row in rows(ROOT / "tests" / "news" / "sentences.csv"):
        names = ("subject", "relation", "object", "stance")
        gold: list[dict[str, Any]] = [
            dict(zip(names, text.split(), strict=True)) for text in row["expected"].split("|") if text
        ]
        mine = [
            {**found, "stance": "reported" if found["stance"] == "confirmed" else found["stance"]}
            for found in single(reader, row["sentence"])
        ]
        right += sum(any(same(one, other) for other in gold) for one in mine)
        found += sum(any(same(one, other) for one in mine) for other in gold)
        suggested, collected = suggested + len(mine), collected + len(gold)
    told("invented sentences", right, suggested, found, collected)


def main() -> None:
    """Print every measure."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("article", nargs="?", type=Path)
    arguments.add_argument("--all", action="store_true", help="print each suggestion and each row missed")
    given = arguments.parse_args()
    on_file, world = OnFile(), OnFile()
    for batch in shipped_batches():
        check(formats.read_trusted(batch), on_file)
    check(formats.read_trusted(ROOT / "tests" / "world"), world)
    reader = Reader(on_file.entities, on_file.names, WORDS)
    if given.article:
        article(given.article, reader, on_file, everything=given.all)
    invented(Reader(world.entities, world.names, WORDS))
    second, third = (rows(batch / "facts.csv") for batch in shipped_batches()[2:])
    paraphrases("paraphrases, tuned on", reader, [*second, *third[::2]])
    paraphrases("paraphrases, held out", reader, third[1::2])


if __name__ == "__main__":
    main()
