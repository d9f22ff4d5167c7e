"""What a picture shows, before anybody draws it: plain values with every claim they stand on.

A `Scene` holds nodes, edges, paths, claims, sources and the legend, all immutable, all
placed. It knows no HTML and no drawing library. A new kind of picture is a new builder in
this module; the page, the drawing and the style sheet stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from kg.claim import Stance, Standing, Status
from kg.dates import OPEN, order, spoken
from kg.errors import Misuse
from kg.vocabulary import vocabulary
from viz.layout import Point, flow_tiers, tiered

__all__ = [
    "LEGEND",
    "POLICIES",
    "Claim",
    "Edge",
    "Hop",
    "LegendEntry",
    "Named",
    "Node",
    "Origin",
    "Path",
    "Quote",
    "Scene",
    "Source",
    "exposure_scene",
    "in_words",
    "phrase",
    "web_address",
]

Json = Mapping[str, Any]

WEAKEST_LAST = (
    Standing.CONFIRMED,
    Standing.REPORTED,
    Standing.CONTESTED,
    Standing.OPINION,
    Standing.HYPOTHETICAL,
    Standing.DENIED,
)
# Classes of the ontology that decide the shape of a node, the first that fits.
FAMILIES = {
    "PublicBody": "state",
    "Jurisdiction": "state",
    "PolicyInstrument": "rule",
    "Agreement": "rule",
    "MineralRight": "rule",
    "MarketCondition": "rule",
    "Agent": "firm",
}
POLICIES = {
    "confirmed": "only what the parties or an official record confirm",
    "cautious": "what is affirmed and not contested",
    "alive": "whatever somebody affirms and has not taken back",
}
PATH_KINDS = {
    "direct": "direct",
    "via-supplier": "through a supplier",
    "via-licensor": "through a licensor",
    "via-software": "through software",
    "via-owner": "through an owner",
    "via-site": "through a site",
    "via-product": "through a product",
    "via-partner": "through a partner",
    "via-agreement": "through an agreement",
    "via-home": "through its home country",
    "prospective": "prospective",
}
# Codes whose plain reading ("tier1-supplier", "oem") is jargon or wrong; the rest are read as they stand.
IN_WORDS = {
    "oem": "car maker",
    "tier1-supplier": "tier-1 supplier",
    "authority": "government body",
    "software-ux": "software and user experience",
    "vehicle-os": "vehicle OS",
    "bms": "battery management",
    "ota-cadence": "over-the-air cadence",
    "company-release": "company's own release",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A thing and what to call it."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Exact words of a document, and the words around them. Never trimmed, never changed."""

    exact: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A document. `consulted` says whether anybody here has read it, or only read about it."""

    id: str
    title: str
    publisher: str
    published: str
    url: str
    kind: str
    consulted: bool

    @property
    def name(self) -> str:
        """How to call the source in a sentence: publisher and date, or its id."""
        return ", ".join(part for part in (self.publisher, self.published) if part) or self.id


@dataclass(frozen=True, slots=True)
class Claim:
    """One speaker's stance toward one proposition in one source, as the card shows it.

    Field for field the claim card of the JSON contract; texts stay exactly as they came.
    """

    id: str
    proposition: str
    subject: str
    relation: str
    object: str
    layer: str
    verb: str
    stance: str
    status: str
    source: Source
    cited_source: Source | None
    speaker: Named | None
    speaker_text: str
    depth: str
    quote: Quote | None
    paraphrase: str
    locator: str
    confidence: str
    valid_from: str
    valid_to: str
    quantity: str
    unit: str
    scenario: str
    phase: str
    recorded: str
    origin: str
    note: str
    sentence: str = ""
    in_market: str = ""
    outside_market: str = ""
    conditional_on: tuple[str, ...] = ()
    retracted: str = ""

    @property
    def voice(self) -> str:
        """Who takes the stance: the speaker if the document names one, else its publisher."""
        if self.speaker is not None:
            return self.speaker.label
        return self.speaker_text or self.source.publisher or self.source.id


@dataclass(frozen=True, slots=True)
class Node:
    """An entity in the picture.

    Parameters
    ----------
    id, label, kind, country : str
        As the data has them; the label in full.
    family : str
        ``"firm"``, ``"state"``, ``"rule"`` or ``"thing"``: decides the shape.
    role : str
        ``"asked"`` for the entity that the question is about, ``"end"`` where a path ends.
    x, y : float
        Place, in drawing units.
    """

    id: str
    label: str
    kind: str = ""
    country: str = ""
    family: str = "thing"
    role: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A statement in the picture, with both sides of the evidence.

    Parameters
    ----------
    id : str
        Safe to stand in an address; made of subject, relation, object and layer.
    subject, object : str
        Node ids; the edge points the way the relation reads.
    relation, phrase, sentence : str
        Name of the relation, its words, and the whole statement.
    layer, status : str
        Layer of the stack; where the tie stands in its own life.
    standing : str
        What all claims together come to; decides the line pattern.
    reports, denials, others : tuple of str
        Claim ids: who affirms, who disputes, who only supposes or opines; oldest first.
    report_origins, denial_origins : int
        Independent origins on each side; five outlets with one story count once.
    disputed_by : tuple of str
        Names of those who dispute it.
    span : str
        Valid time in words, empty if nothing is known.
    mutual : bool
        Whether the relation holds both ways, so that an arrow head would mislead.
    via : tuple of (float, float)
        Points kept free for a line that passes between other nodes.
    bend : int
        0 for the first edge between two nodes, then 1, 2, ... so that none hides another.
    """

    id: str
    subject: str
    relation: str
    phrase: str
    object: str
    sentence: str
    layer: str
    status: str
    standing: str
    reports: tuple[str, ...] = ()
    denials: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    report_origins: int = 0
    denial_origins: int = 0
    disputed_by: tuple[str, ...] = ()
    span: str = ""
    mutual: bool = False
    via: tuple[Point, ...] = ()
    bend: int = 0

    @property
    def claims(self) -> tuple[str, ...]:
        """Every claim about the statement."""
        return self.reports + self.denials + self.others


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path along an edge, perhaps against the direction it reads."""

    edge: str
    start: str
    end: str
    standing: str
    weakest: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """A ranked way from the entity asked about to what it is exposed to.

    Parameters
    ----------
    id, rank
        Address and place in the ranking, counted from 1.
    kind : str
        Path kind of the contract, e.g. ``"via-licensor"``.
    hops : tuple of Hop
        In order; the first begins at the entity asked about.
    target, policy : str
        Node ids; `policy` empty where no instrument is named.
    low, high : float or None
        Bounds of the probability that every hop holds.
    origins : int
        Independent origins that the path stands on.
    contested : bool
        Whether somebody disputes a hop.
    single_source : str
        Id of the one source that carries every hop, or empty.
    weakest_claim : str
        Id of the claim whose step is the least supported one, or empty.
    """

    id: str
    rank: int
    kind: str
    hops: tuple[Hop, ...]
    target: str
    policy: str
    low: float | None
    high: float | None
    origins: int
    contested: bool
    single_source: str
    weakest_claim: str

    @property
    def weakest_standing(self) -> str:
        """Weakest standing among the hops: a path is no better founded than that."""
        return max((hop.standing for hop in self.hops), key=lambda s: WEAKEST_LAST.index(Standing(s)))

    @property
    def stops(self) -> tuple[str, ...]:
        """Node ids along the path, from the entity asked about to the target."""
        return (self.hops[0].start, *(hop.end for hop in self.hops)) if self.hops else ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Whoever first said something; `number` is its name on the page."""

    id: str
    number: int
    label: str
    claims: int


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A standing, its line pattern (dash and gap lengths; empty is solid) and what it means."""

    standing: str
    dashes: tuple[int, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a page shows, and the claims all of it stands on.

    Parameters
    ----------
    kind : str
        ``"exposure"`` and others as they come; used for the name of the page only.
    title, lead : str
        The question, and the answer in one or two sentences.
    view, head, as_of, known_by : str
        Policy, ledger head and the two dates that name the answer.
    focus : str
        Id of the node that the question is about, or empty.
    nodes, edges, paths, claims, sources, origins, legend
        Parts, in the order in which they are to be read; `paths` may be empty.
    """

    kind: str
    title: str
    lead: str
    view: str
    head: str
    as_of: str
    known_by: str
    focus: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    paths: tuple[Path, ...]
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    origins: tuple[Origin, ...]
    legend: tuple[LegendEntry, ...]


LEGEND = (
    LegendEntry(Standing.CONFIRMED, (), "the parties or an official record say so"),
    LegendEntry(Standing.REPORTED, (14, 4), "others report it; nobody disputes it"),
    LegendEntry(Standing.CONTESTED, (12, 5, 3, 5), "some affirm it and some deny it"),
    LegendEntry(Standing.DENIED, (6, 6), "only denied"),
    LegendEntry(Standing.HYPOTHETICAL, (2, 6), "somebody supposes it; nobody says it is so"),
    LegendEntry(Standing.OPINION, (2, 5, 9, 5), "somebody's judgement"),
)


# --- Words


def in_words(code: str) -> str:
    """Return a scheme code as words, e.g. ``"battery supplier"`` for ``"battery-supplier"``."""
    return IN_WORDS.get(code) or PATH_KINDS.get(code) or code.replace("-", " ")


def phrase(relation: str, verb: str = "") -> str:
    """Return the words of a relation, or the source's own verb where the relation has none.

    Examples
    --------
    >>> phrase("licensesTechnologyTo"), phrase("relatedTo", "revives lawsuit of")
    ('licenses technology to', 'revives lawsuit of')
    """
    known = vocabulary().relations.get(relation)
    if known is not None and not verb:
        return known.label
    name = verb or relation
    return "".join(f" {c.lower()}" if c.isupper() and c.isascii() else c for c in name).strip()


def web_address(text: str) -> str:
    """Return `text` if it is an http or https address of a host, else nothing.

    Examples
    --------
    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)")
    ('https://example.org/a', '')
    """
    if any(character <= " " or character in "\\\x7f" for character in text):
        return ""  # browsers strip these, so what they open is not what we checked
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme.lower() in {"http", "https"} and parts.hostname else ""


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _family(kind: str) -> str:
    known = vocabulary().kinds.get(kind)
    classes = vocabulary().superclasses(known.cls) if known else frozenset()
    return next((family for cls, family in FAMILIES.items() if cls in classes), "thing")


# --- Reading the JSON contract


def _get(item: Json, key: str, where: str) -> Any:
    try:
        return item[key]
    except KeyError:
        raise Misuse(f"{where} lacks {key!r}") from None


def _text(item: Json, key: str) -> str:
    value = item.get(key)
    return "" if value is None else str(value)


def _one_of(kinds: type[Stance] | type[Standing] | type[Status], value: str, where: str) -> str:
    try:
        return str(kinds(value))
    except ValueError:
        known = ", ".join(kinds)
        raise Misuse(f"{where}: {value!r} is no {kinds.__name__.lower()}; use {known}") from None


def _source(card: Json, where: str) -> Source:
    consulted = card.get("consulted", True)
    if consulted not in (True, False, "yes", "no"):
        raise Misuse(f"{where}: consulted is {consulted!r}; use yes or no")
    return Source(
        id=str(_get(card, "id", where)),
        title=_text(card, "title"),
        publisher=_text(card, "publisher"),
        published=_text(card, "published"),
        url=_text(card, "url"),
        kind=_text(card, "kind"),
        consulted=consulted in (True, "yes"),
    )


def _claim(key: str, card: Json) -> Claim:
    where = f"claim {key}"
    speaker, words, cited = card.get("speaker"), card.get("quote"), card.get("cited_source")
    status = _text(card, "status")
    return Claim(
        id=key,
        proposition=_text(card, "proposition"),
        subject=str(_get(card, "subject", where)),
        relation=str(_get(card, "relation", where)),
        object=str(_get(card, "object", where)),
        layer=_text(card, "layer"),
        verb=_text(card, "verb"),
        stance=_one_of(Stance, _text(card, "stance"), where),
        status=_one_of(Status, status, where) if status else "",
        source=_source(_get(card, "source", where), where),
        cited_source=_source(cited, where) if cited else None,
        speaker=Named(str(speaker["id"]), _text(speaker, "label") or str(speaker["id"])) if speaker else None,
        speaker_text=_text(card, "speaker_text"),
        depth=_text(card, "depth"),
        quote=Quote(_text(words, "exact"), _text(words, "prefix"), _text(words, "suffix")) if words else None,
        paraphrase=_text(card, "paraphrase"),
        locator=_text(card, "locator"),
        confidence=_text(card, "confidence"),
        valid_from=_text(card, "valid_from"),
        valid_to=_text(card, "valid_to"),
        quantity=_text(card, "quantity"),
        unit=_text(card, "unit"),
        scenario=_text(card, "scenario"),
        phase=_text(card, "phase"),
        recorded=_text(card, "recorded"),
        origin=_text(card, "origin"),
        note=_text(card, "note"),
        sentence=_text(card, "sentence"),
        in_market=_text(card, "in_market"),
        outside_market=_text(card, "outside_market"),
        conditional_on=tuple(card.get("conditional_on") or ()),
        retracted=_text(card, "retracted"),
    )


# --- Parts that every kind of scene needs


def _oldest_first(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    # An undated document is put last: its place in the story is not known.
    return tuple(
        sorted(claims, key=lambda c: (not c.source.published, order(c.source.published), c.source.id, c.id))
    )


def _origins(claims: Sequence[Claim]) -> int:
    return len({claim.origin or claim.source.id for claim in claims})


def _span(claims: Sequence[Claim]) -> str:
    """Return the valid time of all claims in words. A missing end is not taken for "still so"."""
    starts = {claim.valid_from for claim in claims} - {"", OPEN}
    ends = {claim.valid_to for claim in claims}
    # Open where somebody says so and nobody gives an end; told at all only where everybody gives one.
    still = ends - {""} == {OPEN}
    end = OPEN if still else "" if ends & {"", OPEN} else max(ends, key=order, default="")
    return spoken(min(starts, key=order, default=""), end)


def _edge_id(subject: str, relation: str, target: str, layer: str) -> str:
    return "~".join(quote(part, safe="") for part in (subject, relation, target, layer) if part)


def _with_claims(edge: Edge, claims: Iterable[Claim], disputes: Iterable[str]) -> Edge:
    """Return the edge with its evidence sorted to the sides."""
    against = set(disputes)
    ordered = _oldest_first(claims)
    denials = [c for c in ordered if c.id in against or c.stance == Stance.DENIED]
    affirming = {Stance.CONFIRMED, Stance.REPORTED}
    reports = [c for c in ordered if c not in denials and c.stance in affirming]
    others = [c for c in ordered if c not in denials and c.stance not in affirming]
    # As in kg.evidence: "denied by parties not named" is the named parties' denial heard from afar.
    voiced = [c for c in denials if c.speaker] or denials
    return replace(
        edge,
        reports=tuple(claim.id for claim in reports),
        denials=tuple(claim.id for claim in denials),
        others=tuple(claim.id for claim in others),
        report_origins=_origins(reports),
        denial_origins=_origins(voiced),
        disputed_by=tuple(dict.fromkeys(claim.voice for claim in voiced)),
        span=_span(reports or others),
    )


def _bent(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Return the edges, numbered among those that join the same two nodes."""
    joined: dict[frozenset[str], int] = {}
    result = []
    for edge in edges:
        pair = frozenset((edge.subject, edge.object))
        joined[pair] = joined.get(pair, -1) + 1
        result.append(replace(edge, bend=joined[pair]))
    return tuple(result)


def _bibliography(claims: Iterable[Claim]) -> tuple[Source, ...]:
    found = {source.id: source for claim in claims for source in (claim.cited_source, claim.source) if source}
    return tuple(sorted(found.values(), key=lambda s: (s.publisher.casefold(), s.published, s.title, s.id)))


def _numbered_origins(claims: Iterable[Claim], names: Mapping[str, str]) -> tuple[Origin, ...]:
    counts: dict[str, int] = {}
    for claim in claims:
        key = claim.origin or claim.source.id
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        Origin(id=key, number=number, label=names.get(key, key), claims=count)
        for number, (key, count) in enumerate(counts.items(), 1)
    )


# --- The exposure scene


def exposure_scene(report: Json) -> Scene:
    """Return the scene of an exposure report: the asked entity left, states and their bodies right.

    Parameters
    ----------
    report : mapping
        The JSON of ``kg exposure --json``: `entity`, `view`, `head`, `as_of`, `known_by`,
        ranked `paths`, and the `claims` and `entities` they mention.

    Returns
    -------
    Scene
        Paths in the order of the report; one edge for each statement (subject, relation,
        object, layer), however many paths use it; only claims that a path stands on.

    Raises
    ------
    Misuse
        If the report lacks a part, names a claim it does not carry, or uses a stance,
        standing or status that nobody knows.

    Notes
    -----
    Where two hops give one statement two standings, the weaker is drawn. About 0.1 s for
    200 nodes, 320 edges and 640 claims.
    """
    asked = _get(report, "entity", "the report")
    focus = str(_get(asked, "id", "the report's entity"))
    cards: Json = _get(report, "entities", "the report")
    known = {key: _claim(key, card) for key, card in _get(report, "claims", "the report").items()}

    statements: dict[str, Edge] = {}
    evidence: dict[str, dict[str, Claim]] = {}
    disputes: dict[str, list[str]] = {}
    paths: list[Path] = []
    for rank, item in enumerate(_get(report, "paths", "the report"), 1):
        where = f"path {rank}"
        hops = []
        for step in _get(item, "hops", where):
            edge, ids, against = _hop(step, where, known)
            seen = statements.get(edge.id)
            if seen is not None:
                weaker = max(seen.standing, edge.standing, key=lambda s: WEAKEST_LAST.index(Standing(s)))
                statements[edge.id] = replace(seen, standing=weaker)
            else:
                statements[edge.id] = edge
            evidence.setdefault(edge.id, {}).update((key, known[key]) for key in (*ids, *against))
            disputes.setdefault(edge.id, []).extend(against)
            start, end = str(step["from"]), str(step["to"])
            hops.append((Hop(edge.id, start, end, edge.standing), (*ids, *against)))
        paths.append(_path(item, rank, hops, known))

    nodes, passages = _flow(focus, paths, {**cards, focus: {**cards.get(focus, {}), **asked}})
    edges = _bent(
        replace(_with_claims(edge, evidence[key].values(), disputes[key]), via=passages.get(key, ()))
        for key, edge in statements.items()
    )
    claims = tuple({key: known[key] for edge in edges for key in edge.claims}.values())
    scene = Scene(
        kind="exposure",
        title=_question(report, _text(asked, "label") or focus),
        lead="",
        view=_text(report, "view"),
        head=_text(report, "head"),
        as_of=_text(report, "as_of"),
        known_by=_text(report, "known_by"),
        focus=focus,
        nodes=nodes,
        edges=edges,
        paths=tuple(paths),
        claims=claims,
        sources=_bibliography(claims),
        origins=_numbered_origins(claims, {key: _text(card, "label") or key for key, card in cards.items()}),
        legend=LEGEND,
    )
    return replace(scene, lead=_exposure_in_short(scene))


def _hop(step: Json, where: str, known: Mapping[str, Claim]) -> tuple[Edge, list[str], list[str]]:
    start, end = str(_get(step, "from", where)), str(_get(step, "to", where))
    direction = _text(step, "direction") or "forward"
    if direction not in {"forward", "reverse"}:
        raise Misuse(f"{where}: direction is {direction!r}; use forward or reverse")
    ids, against = list(_get(step, "claims", where)), list(step.get("disputes") or ())
    for key in (*ids, *against):
        if key not in known:
            raise Misuse(f"{where} stands on claim {key}, which the report does not carry")
    relation, layer, status = str(_get(step, "relation", where)), _text(step, "layer"), _text(step, "status")
    verb = next((known[key].verb for key in ids if known[key].verb), "")
    words = phrase(relation, verb)
    subject, target = (start, end) if direction == "forward" else (end, start)
    declared = vocabulary().relations.get(relation)
    edge = Edge(
        id=_edge_id(subject, words.replace(" ", "-") if verb else relation, target, layer),
        subject=subject,
        relation=relation,
        phrase=words,
        object=target,
        sentence=_text(step, "sentence") or f"{subject} {words} {target}",
        layer=layer,
        status=_one_of(Status, status, where) if status else "",
        standing=_one_of(Standing, _text(step, "standing"), where),
        mutual=declared is not None and declared.pattern == "mutual",
    )
    return edge, ids, against


def _path(
    item: Json, rank: int, hops: Sequence[tuple[Hop, Sequence[str]]], known: Mapping[str, Claim]
) -> Path:
    where = f"path {rank}"
    if not hops:
        raise Misuse(f"{where} has no hops")
    weakest = _text(item, "weakest_claim")
    if weakest and weakest not in known:
        raise Misuse(f"{where} names the weakest claim {weakest}, which the report does not carry")
    span = item.get("probability") or {}
    marked = tuple(replace(hop, weakest=bool(weakest) and weakest in ids) for hop, ids in hops)
    return Path(
        id=quote(_text(item, "id") or str(rank), safe=""),
        rank=rank,
        kind=_text(item, "kind"),
        hops=marked,
        target=_text(item, "target") or marked[-1].end,
        policy=_text(item, "policy"),
        low=None if span.get("low") is None else float(span["low"]),
        high=None if span.get("high") is None else float(span["high"]),
        origins=int(item.get("origins") or 0),
        contested=bool(item.get("contested")),
        single_source=_text(item, "single_source_thread"),
        weakest_claim=weakest,
    )


def _flow(
    focus: str, paths: Sequence[Path], cards: Json
) -> tuple[tuple[Node, ...], dict[str, tuple[Point, ...]]]:
    """Return the placed nodes, and for each edge that needs them the points it should pass."""
    hops = [hop for path in paths for hop in path.hops]
    links = [(hop.start, hop.end) for hop in hops]
    ends = {path.hops[-1].end for path in paths}
    layout = tiered({focus: 0, **flow_tiers([path.stops for path in paths], ends)}, links)
    passages = {
        hop.edge: layout.passages[link]
        for hop, link in zip(hops, links, strict=True)
        if link in layout.passages
    }
    nodes = []
    for key, (x, y) in layout.places.items():
        card = cards.get(key, {})
        kind = _text(card, "kind")
        nodes.append(
            Node(
                id=key,
                label=_text(card, "label") or key,
                kind=kind,
                country=_text(card, "country"),
                family=_family(kind),
                role="asked" if key == focus else "end" if key in ends else "",
                x=x,
                y=y,
            )
        )
    return tuple(nodes), passages


def _question(report: Json, firm: str) -> str:
    """Put the question the report answers: to whom, and through what, if that was asked."""
    to, through = (report.get(key) or {} for key in ("to", "through"))
    end = f"to {_text(to, 'label')}" if to else "to state action"
    return f"How is {firm} exposed {end}" + (f" through {_text(through, 'label')}?" if through else "?")


def _exposure_in_short(scene: Scene) -> str:
    if not scene.paths:
        meaning = POLICIES.get(scene.view)
        return (
            f"No path was found in the view “{scene.view}”{f' ({meaning})' if meaning else ''}. "
            "That is no proof that there is none: a wider view may show what is disputed or supposed."
        )
    kinds: dict[str, int] = {}
    for path in scene.paths:
        kinds[path.kind] = kinds.get(path.kind, 0) + 1
    disputed = sum(path.contested for path in scene.paths)
    alone = sum(bool(path.single_source) for path in scene.paths)
    return (
        f"{_count(len(scene.paths), 'path')}: "
        f"{_listed([f'{count} {in_words(kind)}' for kind, count in kinds.items()])}. "
        f"{disputed or 'None'} {'is' if disputed < 2 else 'are'} contested; "
        f"{alone or 'none'} {'rests' if alone < 2 else 'rest'} on one source from end to end."
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1]) if len(names) > 1 else names)
