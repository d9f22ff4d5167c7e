"""Candidate facts out of a document the researcher has: for review, never straight into the ledger.

What `kg.reader` finds in the text, and a language model if one is asked, becomes rows of a fact file: the exact words
with their selector, stance and status, a source card with the document's digest, and a note that says why the row is
there. Everything has gone through the very checks of a load. A model is believed nothing: its quotes must stand in the
document, its entities and relations in the graph, or its proposal is refused and counted.

Rules read words, not minds: a candidate is a place to look at. How many are right and how many are missed is measured
by ``tests/bench/suggest_bench.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kg import documents
from kg import model as language
from kg.claim import Source, Stance, Status
from kg.documents import Document, Searched
from kg.errors import Refused
from kg.factfile import FactFile, Row
from kg.ingest import OnFile, check
from kg.mentions import sentences
from kg.names import slug
from kg.reader import LONGEST_QUOTE, Candidate, Reader
from kg.vocabulary import vocabulary

if TYPE_CHECKING:
    from kg.workspace import KnowledgeGraph

__all__ = ["Suggested", "batch_of", "selector", "source_card", "suggest"]

#: Longest prefix and suffix that are written, unless more is needed.
_AROUND = 32
_FILE = "facts.csv"


@dataclass(slots=True)
class Suggested:
    """What was found in a document.

    Attributes
    ----------
    batch : FactFile
        Facts and source cards, to be reviewed; `kg.formats.write` writes it.
    document : Document
    unknown : dict of str to int
        Names in capitals that the graph does not know, with how often they occur.
    refused : dict of str to int
        Why candidates were not taken, and how many; only a language model makes such.
    """

    batch: FactFile
    document: Document
    unknown: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


def suggest(
    graph: KnowledgeGraph,
    path: Path,
    *,
    source: str = "",
    published: str = "",
    publisher: str = "",
    url: str = "",
    kind: str = "news",
    model: language.Model | None = None,
) -> Suggested:
    """Read a document and return the facts it may state; nothing is stored.

    Parameters
    ----------
    graph : KnowledgeGraph
        Whose names are looked for.
    path : Path
        A text, HTML or PDF file; see `kg.documents.read`.
    source : str
        Id of the document's source card; made of the file's name by default.
    published, publisher, url, kind : str
        For the source card, where it is not on file; what an HTML page says of itself by default.
    model : Model, optional
        A language model to ask besides; the document's text is sent to it.

    Returns
    -------
    Suggested

    Raises
    ------
    Misuse, Refused, Unavailable
        If the document cannot be read, or the card on file is of other bytes.

    Notes
    -----
    Some 3 ms a sentence, after 0.7 s for the names and the cues.
    """
    document = documents.read(path)
    on_file = OnFile.of(graph.ledger)
    card = source_card(
        document, on_file, source=source, published=published, publisher=publisher, url=url, kind=kind
    )
    reader = Reader(on_file.entities, on_file.names, vocabulary())
    found = reader.candidates(document, publisher=card.publisher)
    refused: dict[str, int] = {}
    if model is not None:
        found += _asked(model, document, reader, refused)
    return Suggested(batch_of(found, document, card, on_file), document, reader.unknown(document), refused)


def source_card(
    document: Document,
    on_file: OnFile,
    *,
    source: str = "",
    published: str = "",
    publisher: str = "",
    url: str = "",
    kind: str = "news",
) -> Source:
    """Return the source card of a document: the one on file, or a new one with what is known about it.

    Raises
    ------
    Refused
        If the card on file is of a document with other bytes.
    """
    name = source or slug(document.name.rpartition(".")[0]) or "document"
    if name in on_file.sources:
        card = on_file.sources[name]
        if card.digest and card.digest != document.digest:
            raise Refused(
                f"the source {name!r} on file is another version of this document (its digest differs); "
                "give this one an id of its own with --source"
            )
        return card
    about = document.about
    said = url or about.get("url", "")
    return Source(
        id=name,
        url=said if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", said) else "",
        title=about.get("title", ""),
        publisher=publisher or about.get("publisher", "") or "publisher not stated",
        published=published or about.get("published", ""),
        author=about.get("author", ""),
        lang=about.get("lang", ""),
        kind=kind,
        digest=document.digest,
    )


# -- from candidates to a batch


def batch_of(found: Iterable[Candidate], document: Document, card: Source, on_file: OnFile) -> FactFile:
    """Return candidates as a fact batch, each of which passes the checks of a load.

    Parameters
    ----------
    found : iterable of Candidate
    document : Document
    card : Source
        The document's source card; it becomes a row unless it is on file.
    on_file : OnFile
        What the ledger holds; it is not changed.
    """
    batch = FactFile(title=f"Suggested from {document.name}, to be reviewed")
    if card.id not in on_file.sources:
        cells = {name: getattr(card, name) for name in Source.__dataclass_fields__ if getattr(card, name)}
        batch.sources.append(Row("sources.csv", len(batch.sources) + 2, cells))
    search, cited = document.search(), dict[str, str]()
    for candidate in _best(found):
        cells = {
            **candidate.cells,
            "source": card.id,
            "confidence": f"{candidate.confidence:.2f}",
            "note": candidate.why,
        }
        if candidate.cited and candidate.cited not in cited:
            cited[candidate.cited] = _cited_card(batch, card, on_file, candidate.cited)
        if candidate.cited:
            cells |= {"cited_source": cited[candidate.cited], "depth": "2"}
        cells |= selector(document.text, search, candidate.start, candidate.end)
        row = Row(_FILE, len(batch.facts) + 2, {"id": f"s-{len(batch.facts) + 1:04}", **{key: text for key, text in cells.items() if text}})  # fmt: skip
        batch.facts.append(row)
    return _passing(batch, on_file)


def _best(found: Iterable[Candidate]) -> list[Candidate]:
    """Return one candidate of each kind, the surest, in the order of the document."""
    best: dict[tuple[str, ...], Candidate] = {}
    for candidate in found:
        if candidate.key not in best or candidate.confidence > best[candidate.key].confidence:
            best[candidate.key] = candidate
    return sorted(best.values(), key=lambda candidate: (candidate.start, candidate.end, candidate.key))


def _cited_card(batch: FactFile, card: Source, on_file: OnFile, publisher: str) -> str:
    """Add a card for the report of another outlet that the document names, which nobody here has read."""
    name = f"{card.id}-cites-{publisher}"
    if name not in on_file.sources:
        label = on_file.entities[publisher].label
        cells = {
            "id": name,
            "publisher": label,
            "kind": "news",
            "consulted": "no",
            "note": f"named by {card.id}; not read",
        }
        batch.sources.append(Row("sources.csv", len(batch.sources) + 2, cells))
    return name


def _passing(batch: FactFile, on_file: OnFile) -> FactFile:
    """Leave out the facts that a load would refuse.

    Raises
    ------
    Refused
        If it would refuse a source card: then no fact would be left, and nobody would see why.
    """
    view = replace(
        on_file, entities=dict(on_file.entities), sources=dict(on_file.sources)
    )  # a check adds to it
    errors = check(batch, view).errors
    if cards := [problem for problem in errors if problem.file == "sources.csv"]:
        raise Refused(
            "the document's source card cannot be loaded; mend it with --source, --published …", cards
        )
    wrong = {problem.row for problem in errors if problem.file == _FILE}
    kept = [row for row in batch.facts if row.line not in wrong]
    batch.facts = [
        Row(_FILE, number, {**row.cells, "id": f"s-{number - 1:04}"}) for number, row in enumerate(kept, 2)
    ]
    used = {row.get(column) for row in batch.facts for column in ("source", "cited_source")}
    batch.sources = [row for number, row in enumerate(batch.sources) if not number or row.get("id") in used]
    return batch


def selector(text: str, search: Searched, start: int, end: int) -> dict[str, str]:
    """Return quote, prefix and suffix of a passage, with as much around it as tells it from its like."""
    exact = text[start:end]
    for reach in (_AROUND, 3 * _AROUND, 8 * _AROUND):
        prefix, suffix = _left(text[max(0, start - reach) : start]), _right(text[end : end + reach])
        if reach == _AROUND:  # within the paragraph, as long as that is enough
            prefix, suffix = prefix.rpartition("\n")[2], suffix.partition("\n")[0]
        cells = {
            "quote": exact,
            "quote_prefix": prefix.replace("\n", " "),
            "quote_suffix": suffix.replace("\n", " "),
        }
        found = search.find(exact, cells["quote_prefix"], cells["quote_suffix"])
        if found.verified and found.places[0].start == start:
            break
    return cells


def _left(text: str) -> str:
    """Whole words of the end of a text."""
    return text if len(text) < _AROUND else text[text.find(" ") + 1 :]


def _right(text: str) -> str:
    return text if len(text) < _AROUND else text[: text.rfind(" ")] if " " in text else text


# -- a language model

_CHUNK = 12_000
_MOST_CHUNKS = 20
_MOST_ENTITIES = 300


def _asked(
    model: language.Model, document: Document, reader: Reader, refused: dict[str, int]
) -> list[Candidate]:
    """Ask a language model for facts, and keep what the document and the graph bear out.

    Parameters
    ----------
    refused : dict of str to int
        Is filled with the reasons of what was not kept.
    """
    words = reader.words
    relations = {name: f"{relation.definition} ({', '.join(sorted(relation.allows_subject)) or 'anything'} → {', '.join(sorted(relation.allows_object)) or 'anything'})" for name, relation in sorted(words.relations.items()) if name != "relatedTo"}  # fmt: skip
    found: list[Candidate] = []
    search = document.search()
    for chunk in _chunks(document):
        named = dict.fromkeys(mention.entity for sentence in sentences([(0, chunk)]) for mention in reader.lexicon.find(sentence.text))  # fmt: skip
        entities = {name: reader.entities[name].label for name in [*named][:_MOST_ENTITIES]}
        if not entities:
            continue  # about nothing the graph knows
        for item in language.facts(
            model, chunk, relations=relations, entities=entities, layers=sorted(words.layers)
        ):
            candidate, why = _borne_out(item, document, search, reader, model.name)
            if candidate:
                found.append(candidate)
            else:
                refused[why] = refused.get(why, 0) + 1
    return found


def _chunks(document: Document) -> Iterator[str]:
    """Yield the text in parts of whole paragraphs that any model can hold."""
    part, size, count = list[str](), 0, 0
    for _, paragraph in document.spans():
        if part and size + len(paragraph) > _CHUNK:
            yield "\n".join(part)
            count += 1
            if count == _MOST_CHUNKS:
                return
            part, size = [], 0
        part.append(paragraph[:_CHUNK])
        size += len(paragraph)
    if part:
        yield "\n".join(part)


def _borne_out(
    item: Mapping[str, str], document: Document, search: Searched, reader: Reader, name: str
) -> tuple[Candidate | None, str]:
    """Return the candidate that a model's proposal makes, or the reason why it makes none."""
    quote = item.get("quote", "").strip()
    if len(quote.split()) < 3 or len(quote) > LONGEST_QUOTE:
        return None, f"the quote has fewer than three words or more than {LONGEST_QUOTE} characters"
    place = search.find(quote)
    if not place.places:
        return None, "the quote does not stand in the document"
    ends = item.get("subject", ""), item.get("object", "")
    relation = item.get("relation", "")
    if relation not in reader.words.relations or relation == "relatedTo":
        return None, "there is no such relation"
    layers = {f"layer:{layer}" for layer in reader.words.layers}
    voices = {item[part] for part in ("speaker", "cited") if item.get(part)}
    if not {*ends} <= reader.entities.keys() | layers or not voices <= reader.entities.keys():
        return None, "there is no such entity"
    if not reader.fits(relation, *ends):
        return None, "the relation does not hold between things of that kind"
    if item.get("stance") not in list(Stance) or item.get("status", "") not in ("", *Status):
        return None, "there is no such stance or status"
    if item.get("layer", "") not in ("", *reader.words.layers):
        return None, "there is no such layer"
    speaker, cited = item.get("speaker", ""), item.get("cited", "")
    if cited and not reader.outlet(cited):
        return None, "what it cites is no outlet"
    try:
        surety = min(0.6, max(0.1, float(item.get("confidence") or 0.5)))
    except ValueError:
        surety = 0.5
    cells = {
        "subject": ends[0], "relation": relation, "object": ends[1], "stance": item["stance"], "speaker": speaker,
        "status": item.get("status", ""), "layer": item.get("layer", ""), "depth": "1",
    }  # fmt: skip
    first, last = place.places[0].start, place.places[0].end
    return Candidate(
        cells,
        first,
        last,
        surety if surety == surety else 0.5,
        cited,
        f"proposed by the language model {name}",
    ), ""
