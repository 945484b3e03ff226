"""Decontamination: finds documents in which a benchmark question is asked (and answered).

A question counts as asked if something that asks (`asking.prompts`) has its parts
(`questions.parts.QuestionParts`): its subject, its kind of answer and its meaning, in whatever
words. A statement of the fact in prose is knowledge, not contamination: it is never a match.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils.knowledge.facts import by_subject, load_facts
from mucpt_utils.pipeline.questions.asked_words import Asked
from mucpt_utils.pipeline.questions.asking import (
    Manner,
    Prompt,
    is_short,
    last_clause,
    names_kind,
    prompts,
    without_asides,
)
from mucpt_utils.pipeline.questions.asking_lists import items_behind, items_inside, under_headings
from mucpt_utils.pipeline.questions.asking_paragraphs import asking_paragraphs
from mucpt_utils.pipeline.questions.canaries import Canaries
from mucpt_utils.pipeline.questions.fit import asked_about, asks_plainly, is_of_a_player
from mucpt_utils.pipeline.questions.own_words import OwnWords
from mucpt_utils.pipeline.questions.parts import (
    Known,
    Name,
    QuestionParts,
)
from mucpt_utils.pipeline.questions.proved_questions import Item, is_answered_otherwise, proved
from mucpt_utils.pipeline.questions.record_lines import (
    with_gaps,
    with_options,
    without_pictures,
    without_syntax,
)
from mucpt_utils.pipeline.questions.signs import has_sign
from mucpt_utils.pipeline.questions.subject_details import Detail, Details, details_of
from mucpt_utils.pipeline.questions.subject_hints import (
    Hints,
    is_of_author,
    is_proved,
    names_another,
)
from mucpt_utils.pipeline.questions.subject_names import (
    Match,
    Subject,
    is_beyond_doubt,
    may_be_referred_to,
    places_of,
    points_elsewhere,
    refers,
    states,
    widest,
)
from mucpt_utils.pipeline.questions.subject_spellings import Spellings
from mucpt_utils.pipeline.questions.title_marks import TitleMarks
from mucpt_utils.pipeline.questions.vocabulary import is_common, vocabulary
from mucpt_utils.pipeline.questions.words import (
    Words,
    raw_words,
    stem,
    with_intervals,
    with_years_in_figures,
    words,
)

ASKED, ANSWERED = "asks a benchmark question", "asks and answers a benchmark question"
MARKED = "holds the benchmark's canary"
# an address asks nothing, whatever marks and words are in it: "https://x.example/?id=3"
ADDRESS = re.compile(r"(?:\bhttps?://|\bwww\.)[^\s<>\"')\]]*")
# share of a question's telling words that a prompt must have if the question names no subject
WORDING_SHARE = 0.8
# characters of a text that may ask without a question mark by more than its words alone
LONGEST_WITHOUT_MARK = 600
# manners that can ask about the sentences before: "Joni Mitchell was born in a town. Which one?"
ASKING_ALONE = (Manner.OPEN, Manner.WHETHER)


class Contamination(NamedTuple):
    """A question that a text asks: its id, whether it is answered, and the sentence that asks."""

    id: str
    answered: bool
    sentence: str


class AskedQuestions(BaseFilter):
    """Drops documents that ask a question of the benchmark or contain its canary.

    Without `drop`, only notes the questions, or the canary, in the metadata.
    """

    name = "🧪 decontamination"

    def __init__(self, questions: Sequence[dict], drop: bool) -> None:
        super().__init__()
        self.questions, self.drop = list(questions), drop
        self._index: QuestionIndex | None = None

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if self._index is None:
            self._index = QuestionIndex(self.questions)
        asked = self._index.find(doc.text)
        marked = self._index.canary_in(doc.text, *map(str, doc.metadata.values()))
        if not asked and not marked:
            return True
        ids = sorted({contamination.id for contamination in asked})
        if not self.drop:
            doc.metadata |= {"asked_questions": ids} if ids else {}
            doc.metadata |= {"holds_canary": True} if marked else {}
            return True
        doc.metadata["filter_detail"] = {"questions": ids}
        if not asked:
            return False, MARKED
        return False, ANSWERED if any(c.answered for c in asked) else ASKED


def asked_questions(text: str, questions: Sequence[dict]) -> list[str]:
    """Ids of the questions that are asked in `text`, sorted; see `QuestionIndex` for many texts."""
    return sorted({c.id for c in QuestionIndex(questions).find(text)})


# --- index --------------------------------------------------------------------------------------


class QuestionIndex:
    """Benchmark questions, indexed for looking them up in many texts.

    questions: dicts with question and, optionally, id, subject, answer, aliases, answer_type,
    fact_ids, canary. canaries: further ones. Raises QuestionError, which names the first question
    without its wording.
    """

    def __init__(self, questions: Sequence[Mapping], canaries: Iterable[str] = ()) -> None:
        facts = known_subjects() if any(q.get("fact_ids") for q in questions) else {}
        parts = [
            QuestionParts.of(question, number, facts.get(str(question.get("subject"))))
            for number, question in enumerate(questions, 1)
        ]
        stated = (str(q["canary"]) for q in questions if q.get("canary"))
        self.canaries = Canaries((*stated, *canaries))
        self.own_words = OwnWords(questions)
        self.title_marks = TitleMarks(questions)
        self.subjects = grouped(parts)
        self.spellings = Spellings([name for s in self.subjects for name in s.names])
        self.by_word = indexed(self.subjects)
        self.hints = Hints(self.subjects, is_everyday)
        self.details = Details(self.subjects, known_details() if facts else {}, is_everyday)
        self.by_wording = worded(parts)
        self.recognised = recognised(self.by_word)
        for word in self.by_wording:
            self.recognised[word] = [frozenset()]

    def canary_in(self, *texts: str) -> bool:
        """Whether one of the texts contains the canary of one of the questions."""
        return self.canaries.are_in(*texts)

    def find(self, text: str) -> list[Contamination]:
        """Every question asked in `text`, each with the first sentence that asks it.

        A later sentence takes its place if the answer follows only there.
        """
        first: dict[str, Contamination] = {}
        source, text = text, self.plain(ADDRESS.sub(" ", text))
        as_a_whole = is_short(text)
        parts = [] if as_a_whole else [*asking_paragraphs(text, self.may_name)]
        items, is_asked = [Item(part, is_part=True) for part in parts], False
        for prompt in under_headings((*prompts(text, self.may_name), *self.prompts_of(parts))):
            asked = self.asked_by(prompt)
            if as_a_whole:
                is_asked = is_asked or asks_without_mark(prompt)
            elif prompt.posed and not asked and prompt.manner is not Manner.BARE:
                items.append(Item(prompt.surroundings, is_part=True))
            for found in contaminations(prompt, asked):
                if found.id not in first or (found.answered and not first[found.id].answered):
                    first[found.id] = found
        for item in [Item(text, is_asked)] if as_a_whole else items:
            for question in self.proved_in(item):
                answered = question.is_answered_in(item.prompt.words.forms)
                found = Contamination(question.id, answered, item.text.strip())
                first.setdefault(question.id, found)
        for key, wording in self.own_words.find(source).items():
            first.setdefault(key, Contamination(key, False, wording))
        return sorted(first.values())

    def prompts_of(self, parts: Iterable[str]) -> Iterator[Prompt]:
        """The prompts of paragraphs of a longer text, each read as a text of its own."""
        for part in parts:
            for prompt in prompts(part, self.may_name):
                yield replace(prompt, is_part=True)

    def proved_in(self, item: Item) -> list[QuestionParts]:
        """The questions that a short text asks, as the key in the slot for the answer shows."""
        if not item.asks or (item.is_part and not is_short(item.text)):
            return []
        named = self.meant(item.prompt.words)
        if item.is_part:  # of a long text, in which hints and details may be of anything
            return proved(item, [m for m in named if m.is_meant_in(item.prompt)])
        taken = frozenset().union(*(m.places for m in named if not m.name.weak))
        parts = (hint.match for hint in self.hints.named_in(item.prompt, taken))
        hints = [match for match in parts if not is_of_author(match)]
        told = self.details.named_in(item.prompt.words)
        return proved(item, [*named, *hints]) or proved(item, told)

    def plain(self, text: str) -> str:
        """The text without syntax and marks of titles, its names in the benchmark's spelling."""
        text = with_years_in_figures(without_syntax(without_pictures(text)))
        if len(text) <= LONGEST_WITHOUT_MARK:
            text = with_options(with_gaps(with_intervals(text)))
        if "?" in text or len(text) <= LONGEST_WITHOUT_MARK:
            text = self.spellings.read(text)
        return self.title_marks.read(text)

    def may_name(self, tokens: set[str]) -> bool:
        """Whether a sentence of these words (see `raw_words`) may name a subject."""
        rarest = self.recognised.keys() & tokens
        return any(needed <= tokens for word in rarest for needed in self.recognised[word])

    def asked_by(self, prompt: Prompt) -> list[QuestionParts]:
        """The questions that a prompt asks."""
        clause = last_clause(prompt) if prompt.posed else prompt
        if clause is not prompt and (asked := self.asked_by(clause)):
            return asked
        asked = []
        here = self.meant_in(prompt, prompt.words)
        for match in here:
            asked += asked_about(match, prompt, match.places)
        points_back = (refers(prompt) or prompt.posed) and not points_elsewhere(prompt)
        if not asked and points_back and not states(prompt):
            for match in self.meant_in(prompt, prompt.both if prompt.posed else prompt.context):
                if may_be_referred_to(match, prompt, bool(here)):
                    asked += self.asked_by_reference(match, prompt)
        asks_alone = prompt.manner in ASKING_ALONE and (
            "?" in prompt.text or asks_plainly(map(stem, prompt.words.forms))
        )
        if not asked and points_back and prompt.posed and asks_alone:
            whole = prompt.with_what_stands_before
            for match in self.meant_in(whole, whole.words) if prompt.before else ():
                asked += asked_about(match, whole, match.places)
        if not asked and prompt.posed:
            listed = items_inside(prompt) if here else items_behind(prompt)
            asked = [q for item in listed for q in self.asked_of_item(item)]
        if not asked and prompt.posed and not prompt.is_part:
            asked = self.hinted_at(prompt, here)
        if not asked and prompt.posed:
            plain = without_asides(prompt)
            asked = self.asked_by(plain) if plain is not prompt else []
        return asked + [q for q in self.worded_as(prompt) if q not in asked]

    def asked_by_reference(self, match: Match, prompt: Prompt) -> list[QuestionParts]:
        """The questions that a prompt asks about a subject that is named before it.

        A gap that tells no kind of answer asks nothing by itself: `The spa was ____`.
        """
        if not prompt.posed or prompt.manner is not Manner.GAP:
            return asked_about(match, prompt, frozenset())
        asked = asked_about(match, prompt.with_what_stands_before, match.places)
        if not asked and Asked.of(match, prompt, frozenset()).kinds:
            asked = asked_about(match, prompt, frozenset())
        return asked

    def asked_of_item(self, item: Prompt) -> Iterator[QuestionParts]:
        """The questions that a list asks of one of its items: by a gap, or by a kind of answer."""
        for match in self.meant(item.words):
            kinds = Asked.of(match, item, match.places).kinds
            for question in asked_about(match, item, match.places):
                if item.manner is Manner.GAP or question.kind in kinds:
                    yield question

    def hinted_at(self, prompt: Prompt, named: Iterable[Match]) -> list[QuestionParts]:
        """The questions that a prompt asks about subjects that it names in part."""
        taken = frozenset().union(*(m.places for m in named if not m.name.weak))
        return [
            question
            for match, is_most in self.hints.named_in(prompt, taken)
            for question in asked_about(match, prompt, match.places)
            if is_proved(question, prompt)
            or (is_most and not names_another(match, question, prompt))
        ]

    def meant_in(self, prompt: Prompt, tokens: Words) -> list[Match]:
        """The names among the words; in a paragraph of a longer text only those beyond doubt."""
        matches = self.meant(tokens)
        return [m for m in matches if not prompt.is_part or is_beyond_doubt(m, prompt)]

    def meant(self, tokens: Words) -> list[Match]:
        """The names among the words, except the instrument of a player."""
        return [m for m in widest(self.named(tokens)) if not is_of_a_player(m, tokens)]

    def named(self, tokens: Words) -> Iterator[Match]:
        """The names of subjects that are among the words."""
        seen: set[int] = set()
        for word in tokens.positions:
            for subject, name in self.by_word.get(word, ()):
                if id(name) not in seen and (places := places_of(name, tokens)):
                    seen.add(id(name))
                    yield Match(subject, name, places)

    def worded_as(self, prompt: Prompt) -> list[QuestionParts]:
        """Questions without a subject, most of whose words are in the prompt."""
        if not self.by_wording:
            return []
        present = {stem(w) for w in prompt.words.forms}
        candidates = {q.id: q for w in prompt.words.forms for q in self.by_wording.get(w, ())}
        return [
            q
            for q in candidates.values()
            if len(q.wording_stems & present) >= WORDING_SHARE * len(q.wording_stems)
        ]


def contaminations(prompt: Prompt, asked: Iterable[QuestionParts]) -> Iterator[Contamination]:
    """The questions that a prompt asks, except where it has no sign of asking or another answer."""
    for question in asked:
        if has_sign(prompt, question.subject) and not is_answered_otherwise(question, prompt):
            # a guess inside the question itself ("was it X?") gives the answer away as well
            told = (*prompt.words.forms, "?", *prompt.following.forms)
            yield Contamination(question.id, question.is_answered_in(told), prompt.text.strip())


def asks_without_mark(prompt: Prompt) -> bool:
    """Whether a prompt is a question by its words: `who wrote it`, `name the label`."""
    if prompt.manner is not Manner.OPEN or "?" in prompt.text:
        return False
    asks = not ASKING.isdisjoint(prompt.words.forms) or names_kind(prompt.text)
    return asks and has_sign(prompt)


# words that ask what for, also in `tell me who`
ASKING = frozenset(words("who whom whose what which when where how wat"))


@cache
def known_details() -> dict[str, set[Detail]]:
    """The names that the committed facts tell of their subjects."""
    return details_of(load_facts("music"))


@cache
def known_subjects() -> dict[str, Known]:
    """What the committed facts say about their subjects: aliases, and the words of objects."""
    known = {}
    for subject, facts in by_subject(load_facts("music") + load_facts("general")).items():
        beside = frozenset(stem(w) for fact in facts for w in words(fact.object))
        known[subject] = Known(facts[0].subject_aliases, beside)
    return known


def grouped(parts: Iterable[QuestionParts]) -> list[Subject]:
    """The questions that name a subject, grouped by it."""
    groups: dict[str, Subject] = {}
    for question in parts:
        if question.names:
            group = groups.setdefault(question.subject, Subject(question.names, []))
            group.names = max(group.names, question.names, key=len)
            group.questions.append(question)
    return list(groups.values())


def indexed(subjects: Iterable[Subject]) -> dict[str, list[tuple[Subject, Name]]]:
    """Each name of a subject under its rarest word, so that few need to be tried on any text."""
    pairs = [(subject, name) for subject in subjects for name in subject.names]
    counts = Counter(word for _, name in pairs for word in name.needed)
    by_word: dict[str, list[tuple[Subject, Name]]] = defaultdict(list)
    for subject, name in pairs:
        rarest = min(name.needed, key=lambda w: (is_everyday(w), counts[w], -len(w), w))
        by_word[rarest].append((subject, name))
    return dict(by_word)


def is_everyday(word: str) -> bool:
    """Whether a word is in many texts: short words, numbers, the words of questions."""
    rules = vocabulary()
    root = stem(word)
    return (
        len(word) <= 3
        or word.isdigit()
        or is_common(root)
        or root in rules.concepts_of
        or root in rules.kinds_of
    )


def recognised(
    by_word: Mapping[str, Iterable[tuple[Subject, Name]]],
) -> dict[str, list[frozenset[str]]]:
    """For each word of the index, the sets of words one of which a sentence with its names has.

    Words are as `raw_words` gives them, in which a term such as `d:major` is two, and initials
    with full stops are letters; these are recognised by one of their pieces.
    """
    needed: dict[str, list[frozenset[str]]] = defaultdict(list)
    for word, pairs in by_word.items():
        for _, name in pairs:
            raw = raw_words(name.text)
            plain = frozenset(w for w in name.needed if w in raw and not is_written_otherwise(w))
            for form in {word, max(word.split(":"), key=len), *beginnings(word, name)}:
                needed[form].append(plain - {word})
    return dict(needed)


def is_written_otherwise(word: str) -> bool:
    """Whether a text may have a word in another form: `d:major`, `number five`, `D960`."""
    return ":" in word or (word.isdigit() and len(word) <= 3)


def beginnings(word: str, name: Name) -> list[str]:
    """What shows a name's word that its text writes otherwise: the first letter of initials with
    full stops, `moanin` of `moaning`, any word of an award that `oscar` is short for."""
    raw = raw_words(name.text)
    if ":" in word or word in raw:
        return []
    begun = [piece for piece in raw if word.startswith(piece)]
    return begun or [piece for piece in raw if not is_everyday(piece)]


def worded(parts: Iterable[QuestionParts]) -> dict[str, list[QuestionParts]]:
    """Questions that name no subject, under the rarest words of their wording.

    One more word than a prompt may lack, so that every match has one of them.
    """
    without_subject = [q for q in parts if not q.names]
    counts = Counter(s for q in without_subject for s in q.wording)
    by_word: dict[str, list[QuestionParts]] = defaultdict(list)
    for question in without_subject:
        rarest = sorted(question.wording, key=lambda s: (counts[s], -len(s), s))
        for word in rarest[: int(len(rarest) * (1 - WORDING_SHARE)) + 1]:
            by_word[word].append(question)
    return dict(by_word)
