"""The ontology as the rest of the code needs it: kinds, relations, layers, and how a proposition becomes triples.

This module owns the IRIs and finds `ontology/` and `queries/`, in a checkout or in an installed wheel. What a
relation is called, which class it is reified as, what may stand at its ends, which layer lies in which: all of it
is read from the Turtle files, so that a new relation needs no Python.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from kg.claim import Proposition, digest
from kg.errors import Unavailable

__all__ = ["BASE", "PREFIXES", "Kind", "Relation", "Vocabulary", "folder", "iri", "literal", "vocabulary"]

BASE = "https://w3id.org/evsw/"
EV = BASE + "ontology#"
EVV = BASE + "scheme/"
RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"

#: Prefixes that every question may use without declaring them, and that every answer is shortened with.
PREFIXES: dict[str, str] = {
    "ev": EV,
    "evv": EVV,
    "id": BASE + "id/",
    "rel": BASE + "rel/",
    "prop": BASE + "prop/",
    "claim": BASE + "claim/",
    "source": BASE + "source/",
    "scenario": BASE + "scenario/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dcterms": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "oa": "http://www.w3.org/ns/oa#",
    "schema": "https://schema.org/",
}

_OPENED = {prefix: "<" + address for prefix, address in PREFIXES.items()}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NEEDS_ESCAPE = re.compile(r'[\\"\n\r\t]')


def folder(name: str) -> Path:
    """Return the folder `ontology` or `queries`, from the wheel or from the checkout.

    Raises
    ------
    Unavailable
        If neither place has it: the installation is broken.
    """
    here = Path(__file__).resolve().parent
    for place in (here / f"_{name}", here.parent / name):
        if place.is_dir():
            return place
    raise Unavailable(f"the folder {name!r} that belongs to this program is missing; install it again")


def iri(prefix: str, local: str) -> str:
    """Return ``<...>``, the N-Triples form of a prefixed name."""
    return f"{_OPENED[prefix]}{local}>"


def literal(text: str, datatype: str = "") -> str:
    """Return the N-Triples form of a literal; `datatype` is a local name of XML Schema."""
    if _NEEDS_ESCAPE.search(text):
        text = _NEEDS_ESCAPE.sub(lambda hit: _ESCAPES[hit.group()], text)
    return f'"{text}"^^{_OPENED["xsd"]}{datatype}>' if datatype else f'"{text}"'


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind code of an entity card: the class the thing rigidly is, and the role label the code adds."""

    code: str
    cls: str
    classification: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the fact file, as the ontology defines it.

    Parameters
    ----------
    name : str
        Name in the fact file, in questions and on pages; the local name of the property.
    pattern : str
        ``"n-ary"``, ``"mutual"`` (n-ary with one role for both sides) or ``"direct"`` (one triple).
    cls, subject_role, object_role : str
        Local names of the relationship class and its roles; empty for direct relations.
    inverse_of : str
        The relation this one is another way of writing, with its ends exchanged.
    implies_layer : str
        Layer that writing the relation this way implies where none is given.
    allows_subject, allows_object : frozenset of str
        Local names of classes that may stand at each end; empty means anything.
    default_status : str
        Status of a tie whose claim gives none.
    in_force : frozenset of str
        Statuses under which the tie holds.
    sentence, sentence_inverse : str
        Plain English with ``{subject}`` and ``{object}``.
    """

    name: str
    label: str
    definition: str
    pattern: str
    cls: str = ""
    subject_role: str = ""
    object_role: str = ""
    inverse_of: str = ""
    implies_layer: str = ""
    allows_subject: frozenset[str] = frozenset()
    allows_object: frozenset[str] = frozenset()
    default_status: str = "active"
    in_force: frozenset[str] = frozenset({"active"})
    sentence: str = "{subject} {object}"
    sentence_inverse: str = ""


@cache
def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class Vocabulary:
    """The ontology, read once.

    Parameters
    ----------
    triples : iterable of (str, str, str)
        Subject, predicate and object as IRIs or literal values, from the ontology's modules.

    Attributes
    ----------
    relations : dict of str to Relation
    kinds : dict of str to Kind
    layers : dict of str to str
        Layer to its description.
    """

    def __init__(self, triples: Iterable[tuple[str, str, str]]) -> None:
        by_predicate: dict[str, dict[str, list[str]]] = {}
        for subject, predicate, value in triples:
            by_predicate.setdefault(predicate, {}).setdefault(subject, []).append(value)
        self._by_predicate = by_predicate
        self._proposition_ids: dict[Proposition, str] = {}
        self.relations = {relation.name: relation for relation in self._read_relations()}
        self.kinds = {kind.code: kind for kind in self._read_kinds()}
        self.layers = {
            layer.removeprefix(EVV + "layer-"): self._one(PREFIXES["skos"] + "definition", layer)
            for layer, types in by_predicate.get(PREFIXES["rdf"] + "type", {}).items()
            if EV + "StackLayer" in types
        }
        self._layer_up = self._hierarchy(EV + "subLayerOf", EVV + "layer-")
        self._relation_up = self._hierarchy(PREFIXES["rdfs"] + "subPropertyOf", EV)
        self._class_up = self._hierarchy(PREFIXES["rdfs"] + "subClassOf", EV)

    # -- reading

    def _one(self, predicate: str, subject: str, default: str = "") -> str:
        return self._by_predicate.get(predicate, {}).get(subject, [default])[0]

    def _locals(self, predicate: str, subject: str) -> frozenset[str]:
        return frozenset(
            value.removeprefix(EV) for value in self._by_predicate.get(predicate, {}).get(subject, ())
        )

    def _read_relations(self) -> Iterator[Relation]:
        label, definition = PREFIXES["rdfs"] + "label", PREFIXES["skos"] + "definition"
        names = self._by_predicate.get(EV + "relationName", {})
        for term in sorted(names):
            inverse = self._one(EV + "writtenInverseOf", term).removeprefix(EV)
            # What is only another way of writing a relation has that relation's pattern, statuses and ends.
            main = EV + inverse if inverse else term
            statuses = self._by_predicate.get(EV + "inForceStatus", {}).get(main, ())
            ends = [self._locals(EV + "allowsSubject", main), self._locals(EV + "allowsObject", main)]
            yield Relation(
                name=names[term][0],
                label=self._one(label, term),
                definition=self._one(definition, term),
                pattern=self._one(EV + "pattern", main, "direct"),
                cls=self._one(EV + "reifiedAs", term).removeprefix(EV),
                subject_role=self._one(EV + "subjectRole", term).removeprefix(EV),
                object_role=self._one(EV + "objectRole", term).removeprefix(EV),
                inverse_of=inverse,
                implies_layer=self._one(EV + "impliesLayer", term).removeprefix(EVV + "layer-"),
                allows_subject=ends[1 if inverse else 0],
                allows_object=ends[0 if inverse else 1],
                default_status=self._one(EV + "defaultStatus", main, EVV + "status-active").removeprefix(
                    EVV + "status-"
                ),
                in_force=frozenset(value.removeprefix(EVV + "status-") for value in statuses)
                or frozenset({"active"}),
                sentence=self._one(
                    EV + "sentence", term, "{subject} " + self._one(label, term) + " {object}"
                ),
                sentence_inverse=self._one(EV + "sentenceInverse", term),
            )

    def _read_kinds(self) -> Iterator[Kind]:
        roles = self._by_predicate.get(EV + "roleOf", {})
        for term, codes in self._by_predicate.get(PREFIXES["skos"] + "notation", {}).items():
            if not term.startswith(EV):
                continue
            rigid = roles.get(term, [term])[0].removeprefix(EV)
            for code in codes:
                yield Kind(code, rigid, f"class-{code}" if term in roles else "")

    def _hierarchy(self, predicate: str, prefix: str) -> dict[str, list[str]]:
        return {
            narrow.removeprefix(prefix): [
                value.removeprefix(prefix) for value in broad if value.startswith(prefix)
            ]
            for narrow, broad in self._by_predicate.get(predicate, {}).items()
            if narrow.startswith(prefix)
        }

    def reaches(
        self,
        policy_classes: frozenset[str],
        policy: str,
        relationship: str,
        *,
        layer: str = "",
        in_market: frozenset[str] = frozenset(),
        outside_market: str = "",
        markets: frozenset[str] = frozenset(),
    ) -> bool:
        """Whether a policy can act on a firm through a tie (``ontology/reach.csv``).

        Parameters
        ----------
        policy_classes : frozenset of str
            Classes of the policy, most general included.
        policy : str
            Its entity id; lines about this very policy take the place of those about its kind.
        relationship : str
            Local name of the tie's class, or of the relation where it is direct.
        layer, outside_market : str
            Layer of the tie and the market it leaves out; empty where it has none.
        in_market : frozenset of str
            The market the tie serves and the jurisdictions that one lies in.
        markets : frozenset of str
            Jurisdictions that the policy applies in.
        """
        ties = self.superclasses(relationship)
        return any(
            line["reaches"] in ties
            and (not line["layer"] or not layer or line["layer"] in self.broader_layers(layer))
            and _in_market(line["market"], markets, in_market, outside_market)
            for line in self.reach_lines(policy_classes, policy)
        )

    def reach_lines(self, policy_classes: frozenset[str], policy: str) -> list[dict[str, str]]:
        """Return the lines of the reach table that govern a policy: its own, or where it has none those of its kind."""
        own = [line for line in self.reach if line["policy"] == policy]
        return own or [
            line for line in self.reach if not line["policy"] and line["policy_kind"] in policy_classes
        ]

    @cached_property
    def reach(self) -> list[dict[str, str]]:
        """The lines of the reach table: which kind of policy, or which policy, reaches which kind of tie, and why."""
        with (folder("ontology") / "reach.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def term(self, name: str) -> str:
        """Return the IRI of a term of the ontology by its local name."""
        return EV + name

    def label(self, name: str) -> str:
        """Return the English label of a term, or its name."""
        return self._one(PREFIXES["rdfs"] + "label", EV + name, name)

    @cached_property
    def terms(self) -> frozenset[str]:
        """Local names of everything the ontology declares."""
        types = self._by_predicate.get(PREFIXES["rdf"] + "type", {})
        return frozenset(term.removeprefix(EV) for term in types if term.startswith(EV))

    @cached_property
    def derived_properties(self) -> list[str]:
        """Object properties that no fact file loads: they follow, or they describe records."""
        types = self._by_predicate.get(PREFIXES["rdf"] + "type", {})
        found = (
            term.removeprefix(EV)
            for term, kinds in types.items()
            if term.startswith(EV) and PREFIXES["owl"] + "ObjectProperty" in kinds
        )
        return sorted(name for name in found if name not in self.relations)

    # -- hierarchies: which word is broader than which

    @staticmethod
    def _upward(start: str, up: dict[str, list[str]]) -> frozenset[str]:
        found, todo = {start}, [start]
        while todo:
            for above in up.get(todo.pop(), ()):
                if above not in found:
                    found.add(above)
                    todo.append(above)
        return frozenset(found)

    @cached_property
    def _cache(self) -> dict[tuple[str, str], frozenset[str]]:
        return {}

    def _up(self, which: str, start: str, up: dict[str, list[str]]) -> frozenset[str]:
        if (which, start) not in self._cache:
            self._cache[which, start] = self._upward(start, up)
        return self._cache[which, start]

    def broader_layers(self, layer: str) -> frozenset[str]:
        """Return `layer` and every layer it lies in; for no layer, just the empty string."""
        return self._up("layer", layer, self._layer_up) | {""}

    def broader_relations(self, name: str) -> frozenset[str]:
        """Return `name` and every relation it is a special case of, as property local names."""
        return self._up("relation", name, self._relation_up)

    def superclasses(self, cls: str) -> frozenset[str]:
        """Return `cls` and all its superclasses, as local names."""
        return self._up("class", cls, self._class_up)

    def generalises(self, broad: Proposition, narrow: Proposition) -> bool:
        """Whether `narrow` cannot hold without `broad`.

        A report of the narrow one affirms the broad one; a denial of the broad one denies the narrow one, and
        never the other way round. Compared are the relation, the layer and the market scope; the participants
        must be the same. A tie outside one market is a special case of the same tie without a scope.
        """
        if (broad.subject, broad.object) != (narrow.subject, narrow.object):
            same_parties = {broad.subject, broad.object} == {narrow.subject, narrow.object}
            if not (same_parties and self.relations[broad.relation].pattern == "mutual"):
                return False
        return (
            broad.relation in self.broader_relations(narrow.relation)
            and (broad.verb in ("", narrow.verb))
            and broad.layer in self.broader_layers(narrow.layer)
            and broad.in_market in ("", narrow.in_market)
            and broad.outside_market in ("", narrow.outside_market)
        )

    # -- propositions

    def normal(self, proposition: Proposition) -> Proposition:
        """Return the normal form: inverse-written relations turned, mutual parties sorted.

        ``usesSoftwareFrom A B`` and ``providesSoftwareTo B A`` are one proposition, and so are ``inTalksWith A B``
        and ``inTalksWith B A``.
        """
        relation = self.relations[proposition.relation]
        if relation.inverse_of:
            proposition = replace(
                proposition,
                relation=relation.inverse_of,
                subject=proposition.object,
                object=proposition.subject,
                layer=proposition.layer or relation.implies_layer,
            )
            relation = self.relations[proposition.relation]
        if relation.pattern == "mutual" and proposition.object < proposition.subject:
            proposition = replace(proposition, subject=proposition.object, object=proposition.subject)
        return proposition

    def node(self, reference: str) -> str:
        """Return the N-Triples term of an entity id or of ``layer:<layer>``."""
        if reference.startswith("layer:"):
            return iri("evv", "layer-" + reference.removeprefix("layer:"))
        return iri("id", reference)

    def relationship(self, proposition: Proposition) -> str:
        """Return the N-Triples term of the relationship node of an n-ary proposition."""
        relation = self.relations[proposition.relation]
        parts = [_kebab(relation.cls), proposition.subject, proposition.object, proposition.layer]
        parts += [f"in-{proposition.in_market}"] if proposition.in_market else []
        parts += [f"outside-{proposition.outside_market}"] if proposition.outside_market else []
        # A verb is free text of a source: hashed, it stays inside the characters of an IRI.
        parts += [digest(proposition.verb)[:8]] if proposition.verb else []
        return iri("rel", "--".join(part for part in parts if part))

    def head(self, proposition: Proposition) -> tuple[str, str, str]:
        """Return the one triple that sums the proposition up: subject, property, object as N-Triples terms."""
        return self.node(proposition.subject), iri("ev", proposition.relation), self.node(proposition.object)

    def triples(self, proposition: Proposition) -> list[tuple[str, str, str]]:
        """Return the content of a proposition as N-Triples terms: what a named graph of it holds."""
        relation = self.relations[proposition.relation]
        if relation.pattern == "direct":
            return [self.head(proposition)]
        node = self.relationship(proposition)
        content = [
            (node, RDF_TYPE, iri("ev", relation.cls)),
            (node, iri("ev", relation.subject_role), self.node(proposition.subject)),
            (node, iri("ev", relation.object_role), self.node(proposition.object)),
        ]
        if proposition.layer:
            content.append((node, iri("ev", "inLayer"), iri("evv", "layer-" + proposition.layer)))
        if proposition.in_market:
            content.append((node, iri("ev", "inMarket"), iri("id", proposition.in_market)))
        if proposition.outside_market:
            content.append((node, iri("ev", "outsideMarket"), iri("id", proposition.outside_market)))
        if proposition.verb:
            content.append((node, iri("ev", "verb"), literal(proposition.verb)))
        return content

    def proposition_id(self, proposition: Proposition) -> str:
        """Return the id of a proposition: a hash of its sorted N-Triples, so that anybody can check it."""
        known = self._proposition_ids.get(proposition)
        if known is None:
            known = digest("\n".join(sorted(f"{s} {p} {o} ." for s, p, o in self.triples(proposition))))
            self._proposition_ids[proposition] = known
        return known

    def sentence(self, proposition: Proposition, label: dict[str, str], *, inverse: bool = False) -> str:
        """Return the proposition in plain English.

        Parameters
        ----------
        label : dict of str to str
            Entity id to the name to use; the id stands in where there is none.
        inverse : bool
            Tell it from the object's side, where the relation has such a sentence.
        """
        relation = self.relations[proposition.relation]
        pattern = (relation.sentence_inverse if inverse else "") or relation.sentence
        names = {
            "subject": label.get(proposition.subject, proposition.subject),
            "object": label.get(
                proposition.object, proposition.object.removeprefix("layer:").replace("-", " ")
            ),
        }
        if proposition.verb:
            return f"{names['subject']} {_spaced(proposition.verb)} {names['object']}"
        return re.sub(r"\{(subject|object)\}", lambda hit: names[hit.group(1)], pattern)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything read, so that an index built with another ontology is not mistaken for a fresh one."""
        lines = sorted(
            f"{s}\t{p}\t{o}"
            for p, rows in self._by_predicate.items()
            for s, values in rows.items()
            for o in values
        )
        return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()[:12]


def _spaced(verb: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", verb).lower() if " " not in verb else verb


def _in_market(line: str, applies_in: frozenset[str], inside: frozenset[str], outside: str) -> bool:
    """Whether a tie's market scope and the market that a line of the reach table governs can meet."""
    if line.startswith("outside:"):
        return line.removeprefix("outside:") not in inside
    governed = frozenset({line}) if line else applies_in
    return outside not in governed and (not inside or not governed or bool(inside & governed))


def ontology_files() -> list[Path]:
    """Return the ontology's modules in reading order."""
    return sorted(folder("ontology").glob("*.ttl"))


@cache
def vocabulary() -> Vocabulary:
    """Return the project's own ontology, read once per process (about 30 ms).

    Raises
    ------
    Unavailable
        If a module of the ontology cannot be parsed.
    """
    import pyoxigraph

    def read() -> Iterator[tuple[str, str, str]]:
        for path in ontology_files():
            if path.stem in ("shapes", "alignments"):  # needed by checks and by readers, never to run
                continue
            try:
                for quad in pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE):
                    # Class expressions are the reasoner's business; their nodes have new names at every reading.
                    if not isinstance(quad.subject, pyoxigraph.BlankNode) and not isinstance(
                        quad.object, pyoxigraph.BlankNode
                    ):
                        yield quad.subject.value, quad.predicate.value, quad.object.value
            except SyntaxError as error:
                raise Unavailable(f"the ontology module {path.name} cannot be read: {error}") from error

    return Vocabulary(read())
