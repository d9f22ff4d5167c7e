"""What a sentence says: two known names that meet the words of a relation make a candidate for a fact.

The mentions of a sentence become signs, those named together one sign, and the cues of ``queries/cues`` (`kg.cues`)
are matched against what is left. Hedges in the same clause make a hypothesis of it, denials a denial; who is said to
have said it becomes the speaker, the outlet that is named the cited source; figures, dates, markets and layers go where
the relation has room for them. What a relation does not allow at its ends is dropped; of what a sentence may say of the
same two, the surest is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import product

from kg.claim import Entity, Stance
from kg.cues import PARTIES, PLACES, Cue, Reading, cues, readings, verb_forms
from kg.documents import Document
from kg.mentions import Lexicon, Mention, Sentence, sentences, stand_ins, unknown_names
from kg.names import Names
from kg.vocabulary import Vocabulary, vocabulary

__all__ = ["LONGEST_QUOTE", "Candidate", "Reader"]

#: Longest quote that is proposed.
LONGEST_QUOTE = 200
#: Candidates below this confidence are left out.
_LEAST = 0.35
_LONGEST_SENTENCE = 800


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fact that a passage may state.

    Parameters
    ----------
    cells : mapping of str to str
        Columns of a fact row that are filled: relation, subject, object, stance and so on.
    start, end : int
        Offsets of the passage in the document's text.
    confidence : float
    cited : str
        Entity id of the outlet that the passage names as its own source.
    why : str
        What was found: cue, hedge, stand-in.
    """

    cells: Mapping[str, str]
    start: int
    end: int
    confidence: float
    cited: str = ""
    why: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What two candidates have in common if one is enough."""
        names = (
            "relation",
            "subject",
            "object",
            "layer",
            "in_market",
            "outside_market",
            "stance",
            "speaker",
            "speaker_text",
        )
        return (*(self.cells.get(name, "") for name in names), self.cited)


# -- a sentence with signs for its mentions


@dataclass(slots=True)
class _Marked:
    """A sentence in small letters in which each group of mentions is one sign.

    Attributes
    ----------
    low : str
    back : list of int
        For each character, and for the end, its offset in the sentence.
    groups : dict of str to list of Mention
        Sign to the mentions it stands for.
    """

    low: str
    back: list[int]
    groups: dict[str, list[Mention]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part stands in the sentence."""
        return self.back[start], self.back[end - 1] + 1 if self.low[end - 1] not in self.groups else max(
            mention.end for mention in self.groups[self.low[end - 1]]
        )


_AND = re.compile(r"\s*(?:,|,?\s*(?:and|or|as well as|&)|/|[-–])\s*(?:the\s+)?")
_AUXILIARY = frozenset(["is", "are", "was", "were", "has", "have", "had", "will", "would", "could", "may", "might", "can", "does", "did", "said", "says"])  # fmt: skip


def _verbs() -> re.Pattern[str]:
    words = sorted({*_AUXILIARY, *verb_forms()}, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])")


class Reader:
    """Reads documents with the names of a graph.

    Parameters
    ----------
    entities : mapping of str to Entity
    names : Names
    words : Vocabulary
    """

    def __init__(self, entities: Mapping[str, Entity], names: Names, words: Vocabulary) -> None:
        self.entities, self.names, self.words = entities, names, words
        self.lexicon = Lexicon(entities, names, words)
        self._verb = _verbs()

    def unknown(self, document: Document) -> dict[str, int]:
        """Return names of a document that the graph does not know."""
        texts = (
            sentence.text
            for sentence in sentences(document.spans())
            if len(sentence.text) <= _LONGEST_SENTENCE
        )
        return unknown_names(texts, self.lexicon)

    def candidates(self, document: Document, *, publisher: str = "") -> list[Candidate]:
        """Return the facts that a document may state, in its order, some of them several times.

        Parameters
        ----------
        document : Document
        publisher : str
            Who published it: what a firm says of itself is confirmed.
        """
        house = self.names.lookup(publisher) if publisher else []
        topic = self._topic(document)
        found: list[Candidate] = []
        before: list[Mention] = []
        surnames: dict[str, str] = {}
        paragraph, mark = -1, 0
        for sentence in sentences(document.spans()):
            if sentence.paragraph != paragraph:
                paragraph, mark, before = sentence.paragraph, len(found), []
            if len(sentence.text) > _LONGEST_SENTENCE:
                continue
            if outlet := self._bracketed(sentence.text):
                found[mark:] = [_citing(candidate, outlet) for candidate in found[mark:]]
                mark = len(found)
                continue
            mentions = self._mentions(sentence.text, before, topic, surnames)
            found += self._read(sentence, mentions, topic, house[0] if len(house) == 1 else "")
            before = [
                mention for mention in mentions if "Agent" in self.lexicon.classes(mention.entity)
            ] or before
        return [candidate for candidate in found if candidate.confidence >= _LEAST]

    def _topic(self, document: Document) -> tuple[str, ...]:
        """Return the two firms a document is about, by its title; nothing if there are not exactly two."""
        first = next((text for _, text in document.spans()), "")
        title = document.about.get("title", "")
        for text in (title, first):
            firms = dict.fromkeys(mention.entity for mention in self.lexicon.find(text) if self._is(mention.entity, "Organisation") and not self.outlet(mention.entity))  # fmt: skip
            if len(firms) == 2:
                return tuple(firms)
        return ()

    def _is(self, entity: str, cls: str) -> bool:
        return cls in self.lexicon.classes(entity)

    def outlet(self, entity: str) -> bool:
        """Whether an entity is a publisher, whose reports are cited."""
        return "publisher" in self.entities[entity].kinds

    def _bracketed(self, text: str) -> str:
        """Return the outlet that a sentence consists of: ``(Aurora Times)`` closes a paragraph that rests on it."""
        inside = re.fullmatch(r"[(\[]\s*(?:Source:\s*|via\s+)?(.{2,60}?)\s*[)\]]\.?", text)
        mentions = self.lexicon.find(inside.group(1)) if inside else []
        return mentions[0].entity if len(mentions) == 1 and self.outlet(mentions[0].entity) else ""

    def _mentions(
        self, text: str, before: list[Mention], topic: tuple[str, ...], surnames: dict[str, str]
    ) -> list[Mention]:
        mentions = self.lexicon.find(text)
        for mention in mentions:
            if self._is(mention.entity, "Person"):
                surnames.setdefault(text[mention.start : mention.end].split()[-1], mention.entity)
        more = stand_ins(text, before, self.lexicon)
        more += [
            Mention(surnames[hit.group()], hit.start(), hit.end())
            for hit in re.finditer(r"(?<![\w-])[A-Z][\w-]+", text)
            if hit.group() in surnames
        ]
        more += self._we(text, mentions)
        if deal := self.lexicon.pair(topic, "deal"):
            more += [Mention(deal, hit.start(), hit.end(), "stand-in") for hit in _A_DEAL.finditer(text)]
        if car := self.lexicon.pair(topic, "car"):
            more += [Mention(car, hit.start(), hit.end(), "stand-in") for hit in _A_CAR.finditer(text)]
        for mention in more:
            others = [other for other in mentions if other.start < mention.end and mention.start < other.end]
            if not others or all(other.how == "stand-in" and (other.start, other.end) == (mention.start, mention.end) for other in others):  # fmt: skip
                mentions.append(mention)
        return sorted(mentions, key=lambda mention: mention.start)

    def _we(self, text: str, mentions: list[Mention]) -> list[Mention]:
        """Return whom “we” inside quotation marks stands for: the one firm that is named outside of them."""
        quoted = [(hit.start(), hit.end()) for hit in re.finditer(r"“[^”]*”|\"[^\"]*\"", text)]
        outside = {
            mention.entity
            if self._is(mention.entity, "Organisation")
            else self.entities[mention.entity].parent
            for mention in mentions
            if self._is(mention.entity, "Agent")
            and not any(start <= mention.start < end for start, end in quoted)
        }
        if len(outside) != 1 or not (firm := outside.pop()) or firm not in self.entities or self.outlet(firm):
            return []
        return [
            Mention(firm, start + hit.start(), start + hit.end(), "stand-in")
            for start, end in quoted
            for hit in re.finditer(r"\b[Ww]e\b", text[start:end])
        ]

    # -- marking

    def _mark(self, text: str, mentions: list[Mention]) -> _Marked:
        low: list[str] = []
        back: list[int] = []
        groups: dict[str, list[Mention]] = {}
        at = 0
        for group, start, end in self._grouped(text, mentions):
            for number in range(at, start):
                char = text[number].lower()
                low.append(char if len(char) == 1 else text[number])
                back.append(number)
            places = all(self._is(mention.entity, "Jurisdiction") for mention in group)
            sign = chr((PLACES if places else PARTIES).start + len(groups))
            groups[sign] = group
            low.append(sign)
            back.append(start)
            at = end
        for number in range(at, len(text)):
            char = text[number].lower()
            low.append(char if len(char) == 1 else text[number])
            back.append(number)
        return _Marked("".join(low), [*back, len(text)], groups)

    def _grouped(self, text: str, mentions: list[Mention]) -> Iterator[tuple[list[Mention], int, int]]:
        """Yield mentions named together, with the span of their words."""
        number = 0
        seen_party = False
        while number < len(mentions):
            group, number, end = [mentions[number]], number + 1, mentions[number].end
            whole, size = number, 1  # how far a list goes that has come to its “and”
            start, last = group[0].start, end
            while number < len(mentions):
                other = mentions[number]
                between = text[last : other.start]
                bracketed = re.fullmatch(r"[^.;]{0,25}\(", between) and text[other.end : other.end + 1] == ")"
                if (other.start, other.end) == (start, last) and len(group) == size:
                    group.append(other)  # two whom one stand-in means
                elif other.entity == group[-1].entity and bracketed:
                    last = other.end + 1  # the short name in brackets
                elif re.fullmatch(r"['’]s?\s+", between) and len(group) == 1:
                    group, start, last = [other], other.start, other.end  # “China's Aurora” is Aurora
                elif (
                    _AND.fullmatch(between)
                    and self._alike(group[-1], other)
                    and not self._new_subject(text, start, other, between, seen_party)
                ):
                    group.append(other)
                    last = other.end
                    if re.fullmatch(r"\s*,\s*(?:the\s+)?", between):
                        number += 1
                        continue  # only a list if an “and” comes: else the comma parts two clauses
                else:
                    break
                number += 1
                whole, size, end = number, len(group), last
            number, group = whole, group[:size]
            seen_party = seen_party or not self._is(group[0].entity, "Jurisdiction")
            yield group, start, end

    def _alike(self, one: Mention, two: Mention) -> bool:
        sorts = [
            (
                self._is(mention.entity, "Jurisdiction"),
                self._is(mention.entity, "Person"),
                self.outlet(mention.entity),
            )
            for mention in (one, two)
        ]
        return sorts[0] == sorts[1]

    def _new_subject(self, text: str, start: int, nxt: Mention, between: str, seen_party: bool) -> bool:
        """Whether “and Basalt” begins a clause of its own: a verb stands before the list, and another after it."""
        if "and" not in between or not seen_party:
            return False
        after = re.match(r"\s+(?:also\s+|now\s+)?(\w+)", text[nxt.end :].lower())
        if not (after and self._verb.fullmatch(after.group(1))):
            return False
        return self._verb.search(text[max(0, start - 25) : start].lower()) is not None

    # -- reading

    def _read(
        self, sentence: Sentence, mentions: list[Mention], topic: tuple[str, ...], house: str
    ) -> list[Candidate]:
        marked = self._mark(sentence.text, mentions)
        best: dict[frozenset[str], tuple[float, Candidate]] = {}
        for cue in cues():
            if cue.needs and not any(need in marked.low for need in cue.needs):
                continue
            for hit in _matches(cue.regex, marked.low):
                for one, two, weight, why in self._ends(cue, hit, marked, mentions, topic):
                    candidate = self._candidate(sentence, marked, cue, hit, one, two, weight, why, house)
                    if candidate is None:
                        continue
                    # Of one layer a sentence says that somebody is strong there, however many it names.
                    ends = (candidate.cells["subject"], candidate.cells["object"].partition(":")[0])
                    key = frozenset(ends)
                    rank = candidate.confidence + len(cue.pattern) / 10_000
                    if key not in best or rank > best[key][0]:
                        best[key] = (rank, candidate)
        return [candidate for _, candidate in best.values()]

    def _ends(
        self, cue: Cue, hit: re.Match[str], marked: _Marked, mentions: list[Mention], topic: tuple[str, ...]
    ) -> Iterator[tuple[str, str, float, str]]:
        """Yield subject and object that a match may mean, how much surer or less sure it is by them, and a remark."""
        parts = hit.groupdict()
        weight = 0.8 if any(mention.how in ("stand-in", "description") for sign in hit.group() for mention in marked.groups.get(sign, ())) else 1.0  # fmt: skip
        if "S" in parts and "L" in parts:
            # “Battery: cells, packs …” is about what stands before the colon.
            label = re.match(r"\W*([^:.]{2,30}):", marked.low)
            layer = self._layer_of(label.group(1)) if label else ""
            if layer := layer or self._layer_of(parts["L"]):
                yield from (
                    (mention.entity, f"layer:{layer}", weight, "") for mention in marked.groups[parts["S"]]
                )
        elif "S" in parts and "O" in parts:
            # What is said of “Aurora's plant” is said of Aurora with less certainty, and who owns it is not.
            genitive = "O's" not in cue.pattern and re.match(r"['’]s?\s+\w", marked.low[hit.end("O") :])
            if genitive and cue.relation in ("acquires", "ownsStakeIn", "subsidiaryOf", "controls"):
                return
            weight *= 0.85 if genitive else 1.0
            for one, two in product(marked.groups[parts["S"]], marked.groups[parts["O"]]):
                yield one.entity, two.entity, weight, ""
        elif "SO" in parts:
            firms = [mention.entity for mention in marked.groups[parts["SO"]]]
            yield from (
                (one, two, weight, "") for number, one in enumerate(firms) for two in firms[number + 1 :]
            )
        elif len(topic) == 2:
            others = {mention.entity for mention in mentions if self._is(mention.entity, "Organisation") and not self.outlet(mention.entity)}  # fmt: skip
            deal = {self.lexicon.pair(topic, "deal"), self.lexicon.pair(topic, "car")}
            why = "the two that the document is about"
            if "S" in parts:
                if venture := self.lexicon.pair(topic, "deal"):
                    yield from ((mention.entity, venture, 0.8, why) for mention in marked.groups[parts["S"]])
            elif others - deal <= set(topic):
                yield topic[0], topic[1], 1.0 if set(topic) <= others else 0.8, why

    def fits(self, relation: str, subject: str, target: str) -> bool:
        """Whether a relation may have these ends."""
        known = self.words.relations[relation]
        ends = ((known.allows_subject, subject), (known.allows_object, target))
        return subject != target and all(
            not allowed or allowed & (self.words.superclasses("StackLayer") if end.startswith("layer:") else self.lexicon.classes(end))
            for allowed, end in ends
        )  # fmt: skip

    def _candidate(
        self,
        sentence: Sentence,
        marked: _Marked,
        cue: Cue,
        hit: re.Match[str],
        one: str,
        two: str,
        weight: float,
        why: str,
        house: str,
    ) -> Candidate | None:
        if one in self.entities and self.outlet(one) and cue.relation == "commentsOn":
            return None  # an outlet that reports does not comment
        if not self.fits(cue.relation, one, two):
            # Said the other way round, with less trust.
            if self.words.relations[cue.relation].pattern == "mutual" or not self.fits(
                cue.relation, two, one
            ):
                return None
            one, two, weight, why = two, one, weight * 0.5, "direction turned"
        left, right = _clause(marked.low, hit.start(), hit.end())
        if "S" not in hit.groupdict() and "SO" not in hit.groupdict():
            left, right = (
                0,
                len(marked.low),
            )  # a noun without its verb: any hedge of the sentence may be about it
        stance, status, hedge = self._stance(cue, marked.low, hit, left, right)
        relation = self.words.relations[cue.relation]
        speaker, said, cited = self._voice(marked, left, right)
        if cue.relation == "commentsOn":  # the speaker is its subject already
            speaker, said = "", ""
        party = {one, two} | {self.entities[name].parent for name in (one, two) if name in self.entities}
        if stance == Stance.REPORTED and cue.relation != "commentsOn":
            voice = self.entities[speaker].parent or speaker if speaker else ""
            if {speaker, voice, house} & party - {""}:
                stance = Stance.CONFIRMED
        own = stance in (Stance.HYPOTHESISED, Stance.OPINION) and not (speaker or said)
        cells = {
            "subject": one, "relation": cue.relation, "object": two, "stance": str(stance),
            "status": "" if cue.relation == "inTalksWith" and status in ("talks", "planned") else status,
            "speaker": speaker, "speaker_text": said, "depth": "0" if own or house in party else "1",
        }  # fmt: skip
        if relation.pattern != "direct":
            cells |= {
                "layer": self._layer(cue, marked.low, hit, left, right),
                **self._market(marked, left, right, (one, two)),
            }
            cells |= self._figure(cue.relation, marked.low[left:right])
        elif two.startswith("layer:"):
            cells["layer"] = two.removeprefix("layer:")
        cells |= _period(sentence.text[marked.back[left] : marked.back[right]])
        spare = max(0, len(hit.group()) - len(re.sub(r"[^a-z ]", "", cue.pattern)))
        confidence = min(0.9, (cue.confidence - 0.0015 * spare) * weight)
        start, end = self._passage(sentence.text, marked, hit)
        note = f"cue: {cue.pattern}" + "".join(f"; {text}" for text in (hedge, why) if text)
        return Candidate(
            cells, sentence.start + start, sentence.start + end, round(confidence, 3), cited, note
        )

    def _passage(self, text: str, marked: _Marked, hit: re.Match[str]) -> tuple[int, int]:
        """Return what to quote of a sentence: all of it if it is short, else the clause, else the parts around the match."""
        if len(text) <= LONGEST_QUOTE:
            return 0, len(text)
        start, end = marked.span(*_clause(marked.low, hit.start(), hit.end()))
        if end - start > LONGEST_QUOTE:
            first, last = start, end
            start, end = marked.span(hit.start(), hit.end())
            # Grow by whole parts between commas, then by whole words, as long as there is room.
            for separator in (r"[,;:—]\s*", r"\s+"):
                if separator == r"\s+" and end - start > 60:
                    break  # enough to see what it is about
                cuts = [first, *(first + cut.end() for cut in re.finditer(separator, text[first:last])), last]
                end = max([cut for cut in cuts if end <= cut <= start + LONGEST_QUOTE], default=end)
                start = min([cut for cut in cuts if end - LONGEST_QUOTE <= cut <= start], default=start)
        if end - start > LONGEST_QUOTE:
            end = start + text[start : start + LONGEST_QUOTE].rfind(" ")
        part = text[start:end]
        return start + len(part) - len(part.lstrip()), start + len(part.rstrip())

    def _stance(
        self, cue: Cue, low: str, hit: re.Match[str], left: int, right: int
    ) -> tuple[Stance, str, str]:
        """Return stance and status by the hedges and denials around a match, and what was found."""
        stance, status, why = cue.stance, cue.status, list[str]()
        regions = {
            "clause": (left, right), "before": (left, hit.end() if left or right < len(low) or "S" in hit.groupdict() else right), "near": (max(left, hit.start() - 30), hit.end()),
            "head": (0, min(len(low), 20)),
        }  # fmt: skip
        for row in readings("stances"):
            says, becomes = row.cells["stance"], row.cells["status"]
            if (
                (says and stance and says != "denied")
                or (stance == "denied" and says)
                or (becomes and status)
            ):
                continue
            start, end = regions[row.cells["where"]]
            if found := row.regex.search(low, start, end):
                stance, status = says or stance, becomes or status
                why.append(f"“{_spoken(found.group())}” → {says or becomes}")
        return Stance(stance or "reported"), status, "; ".join(why)

    def _voice(self, marked: _Marked, left: int, right: int) -> tuple[str, str, str]:
        """Return speaker, a speaker in words, and the outlet cited."""
        speaker = said = cited = ""
        for regex in _SAYS:
            for hit in regex.finditer(marked.low):
                for mention in marked.groups[hit.group("V")][:1]:
                    if self.outlet(mention.entity):
                        cited = cited or mention.entity
                    elif self._is(mention.entity, "Agent") and "told" not in hit.group().split()[:1]:
                        speaker = speaker or mention.entity
        if not speaker:
            for row in readings("voices"):
                if found := row.regex.search(marked.low):
                    said = _spoken(marked.low[found.start() : found.end()])
                    break
        return speaker, said, cited

    def _layer_of(self, words: str) -> str:
        return next((row.cells["layer"] for row in _layers() if row.regex.search(words)), "")

    def _layer(self, cue: Cue, low: str, hit: re.Match[str], left: int, right: int) -> str:
        """Return the stack layer that is spoken of nearest to a match; narrower than the cue's own, if it has one."""
        start, end = max(left, hit.start() - 40), min(right, hit.end() + 60)
        middle = (hit.start() + hit.end()) / 2
        found = sorted(
            (abs((place.start() + place.end()) / 2 - middle), -len(self.words.broader_layers(layer)), layer)
            for row in _layers()
            for layer in (row.cells["layer"],)
            if not cue.layer or cue.layer in self.words.broader_layers(layer)
            for place in row.regex.finditer(low, start, end)
        )
        if found:
            # Of “battery cells” the narrower word says what they are.
            beside = [item for item in found if item[0] <= found[0][0] + 12]
            return min(beside, key=lambda item: (item[1], item[0]))[2]
        return cue.layer

    def _market(self, marked: _Marked, left: int, right: int, ends: tuple[str, str]) -> dict[str, str]:
        """Return the market that a tie serves or leaves out."""
        for column, regex in (("outside_market", _OUTSIDE), ("in_market", _INSIDE)):
            if hit := regex.search(marked.low, left, right):
                place = marked.groups[hit.group("M")][0].entity
                if self._is(place, "Jurisdiction") and place not in ends:
                    return {column: place}
        return {}

    def _figure(self, relation: str, clause: str) -> dict[str, str]:
        """Return the one figure of a clause that can belong to a relation."""
        found: dict[tuple[str, str], None] = {}
        for row in readings("units"):
            if relation not in row.cells["relations"].split():
                continue
            for hit in re.finditer(rf"{_NUMBER}\s*(?:of\s+)?{row.regex.pattern}", clause):
                found.setdefault((_plain(hit.group("n"), hit.group("scale")), row.cells["unit"]))
            sign = _CURRENCY.get(row.cells["unit"])
            if sign:
                for hit in re.finditer(rf"{sign}\s?{_NUMBER}", clause):
                    found.setdefault((_plain(hit.group("n"), hit.group("scale")), row.cells["unit"]))
            if found:
                break
        if len(found) != 1:
            return {}
        ((quantity, unit),) = found
        return {"quantity": quantity, "unit": unit} if quantity else {}


# -- words around a match

_A_DEAL = re.compile(
    # “… could look like a joint venture” says what a thing is, and names none.
    r"(?<!like )(?<!into )(?<!form )(?<!forms )(?<!create )(?<![\w-])(?:[Aa]|[Tt]he|[Aa]ny|[Tt]his|[Tt]hat|[Ss]uch a)\s(?:fully fledged |potential |possible |narrow |full )?"
    r"(?:joint venture|JV|deal|partnership|tie-up|accord|alliance)(?![\w-])"
)
_A_CAR = re.compile(r"(?<![\w-])(?:[Aa]|[Tt]he|[Ss]uch a)\s(?:single|joint|midsize|shared|JV|new|co-developed|first)\s(?:EV|car|vehicle|model)(?![\w-])(?!\s(?:brand|maker|market))")  # fmt: skip
_ANY = "[\ue000-\uf7ff]"
_SAYING = (
    "said|says|told|confirmed|confirms|denied|denies|announced|announces|reported|reports|wrote|writes|stated|states|claimed|"
    "claims|argued|argues|rejected|rejects|dismissed|dismisses|warned|warns|acknowledged|disclosed|insisted|insists|revealed"
)
_SAYS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<V>{_ANY})(?:['’]s?)?(?:\s[\w-]+){{0,3}}?(?:,[^,;]{{1,60}},)?\s(?:has\s|have\s|had\s|also\s|later\s|again\s)?(?:{_SAYING})(?![\w-])",
        rf"(?:according\sto|cited\sby|citing|quoted\sby|quoting|reported\sby|denied\sby|confirmed\sby|told|said|says)\s(?:[\w-]+\s){{0,3}}?(?P<V>{_ANY})",
    )
)
_OUTSIDE = re.compile(
    rf"(?:outside(?:\sof)?\s(?:the\s)?|non-|excluding\s(?:the\s)?|except\s(?:in\s)?(?:the\s)?)(?P<M>{_ANY})"
)
_INSIDE = re.compile(rf"(?:for\s(?:the\s)?(?P<M>{_ANY})(?:['’]s)?\s(?:use|market|customers|buyers)(?![\w-]))")
_NUMBER = r"(?P<n>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>thousand|million|billion|trillion|bn|mn)?(?![\w])"
_SCALES = {
    "thousand": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
}
_CURRENCY = {"USD": r"(?:us)?\$", "EUR": "€", "CNY": "¥"}
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_MONTH = "|".join(f"{month[:3]}[a-z]*\\.?" if month != "may" else "may" for month in _MONTHS)
_DATE = rf"(?:(?P<d1>\d{{1,2}})\s+(?P<m1>{_MONTH})\s+(?P<y1>\d{{4}})|(?P<m2>{_MONTH})\s+(?:(?P<d2>\d{{1,2}}),\s*)?(?P<y2>\d{{4}})|(?P<y3>(?:19|20)\d\d))(?!\d)"
_SINCE = re.compile(rf"\b(?:since|from|starting(?:\s(?:in|on|from))?|beginning(?:\s(?:in|on))?|effective)\s+(?:early\s|late\s|mid-?\s?|the\s(?:start|end|beginning)\sof\s)?{_DATE}", re.I)  # fmt: skip
_UNTIL = re.compile(
    rf"\b(?:until|through|till)\s+(?:early\s|late\s|mid-?\s?|the\s(?:start|end|beginning)\sof\s)?{_DATE}",
    re.I,
)
_BOUNDARY = re.compile(r";|—|:(?=\s)|(?<![\w-])(?:but|while|although|though|whereas|however)(?![\w-])")


@cache
def _layers() -> list[Reading]:
    """The words of layers; those of a narrow one go before those of the one it lies in."""
    words = vocabulary()
    return sorted(readings("layers"), key=lambda row: -len(words.broader_layers(row.cells["layer"])))


def _matches(regex: re.Pattern[str], low: str) -> Iterator[re.Match[str]]:
    """Yield matches that begin at different places; one may overlap another."""
    at = 0
    while hit := regex.search(low, at):
        yield hit
        at = hit.start() + 1


def _clause(low: str, start: int, end: int) -> tuple[int, int]:
    left = max((hit.end() for hit in _BOUNDARY.finditer(low, 0, start)), default=0)
    right = next((hit.start() for hit in _BOUNDARY.finditer(low, end)), len(low))
    return left, right


def _spoken(text: str) -> str:
    return re.sub(_ANY, "…", text).strip()


def _plain(number: str, scale: str | None) -> str:
    value = Decimal(number.replace(",", "")) * _SCALES.get(scale or "", 1)
    return f"{value.normalize():f}"


def _period(text: str) -> dict[str, str]:
    cells = {}
    for column, regex in (("valid_from", _SINCE), ("valid_to", _UNTIL)):
        if hit := regex.search(text):
            cells[column] = _date(hit)
    return cells if cells.get("valid_from", "") <= cells.get("valid_to", "9999") else {}


def _date(hit: re.Match[str]) -> str:
    year = hit.group("y1") or hit.group("y2") or hit.group("y3")
    month, day = hit.group("m1") or hit.group("m2"), hit.group("d1") or hit.group("d2")
    if not month:
        return str(year)
    number = next(place for place, name in enumerate(_MONTHS, 1) if name.startswith(month.lower()[:3]))
    return f"{year}-{number:02}" + (f"-{int(day):02}" if day else "")


def _citing(candidate: Candidate, outlet: str) -> Candidate:
    """Return a candidate that rests on an outlet: what is reported does; what is imagined, or denied to it, does not."""
    if candidate.cited or candidate.cells["stance"] in (Stance.HYPOTHESISED, Stance.DENIED):
        return candidate
    return replace(candidate, cited=outlet)
