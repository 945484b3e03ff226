"""Decontamination: documents in which a benchmark question is asked, or asked and answered.

A question counts as asked where something that asks (`asking.prompts`) has its parts
(`question_parts.QuestionParts`): its subject, its kind of answer and its meaning, in whatever
words. A statement of the fact in prose is knowledge, not contamination: it is never a match.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils.knowledge.facts import by_subject, load_facts
from mucpt_utils.pipeline.asking import CLOSING, Manner, Prompt, opens_asking, prompts
from mucpt_utils.pipeline.question_parts import (
    ANY,
    Known,
    Name,
    QuestionParts,
    is_common,
    vocabulary,
)
from mucpt_utils.pipeline.question_words import FORM, RAW_WORD, Words, raw_words, stem, words
from mucpt_utils.pipeline.record_lines import without_syntax

ASKED, ANSWERED = "asks a benchmark question", "asks and answers a benchmark question"
MARKED = "holds the benchmark's canary"
# share of a question's telling words that must stand in a prompt where it names no subject
WORDING_SHARE = 0.8
# words of an answer that is given on its own
SHORT_ANSWER = 8


class Contamination(NamedTuple):
    """A question that a text asks: its id, whether the answer follows, the sentence that asks."""

    id: str
    answered: bool
    sentence: str


class AskedQuestions(BaseFilter):
    """Drops documents in which a question is asked or that hold the benchmark's canary.

    Without `drop`, only notes the questions in the metadata.
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
            doc.metadata["asked_questions"] = ids
            return True
        doc.metadata["filter_detail"] = {"questions": ids}
        if not asked:
            return False, MARKED
        return False, ANSWERED if any(c.answered for c in asked) else ASKED


def asked_questions(text: str, questions: Sequence[dict]) -> list[str]:
    """Ids of the questions that are asked in `text`, sorted; see `QuestionIndex` for many texts."""
    return sorted({c.id for c in QuestionIndex(questions).find(text)})


# --- index --------------------------------------------------------------------------------------


@dataclass
class Subject:
    """A subject in its names, with the questions about it."""

    names: tuple[Name, ...]
    questions: list[QuestionParts]


class Match(NamedTuple):
    """A name that stands in a prompt, and where: the places of its words."""

    subject: Subject
    name: Name
    places: frozenset[int]


class QuestionIndex:
    """Benchmark questions, ready to be looked for in many texts.

    questions: dicts with question, and if given id, subject, answer, aliases, answer_type,
    fact_ids, canary. canaries: further ones. Raises QuestionError that names the first question
    without its wording.
    """

    def __init__(self, questions: Sequence[Mapping], canaries: Iterable[str] = ()) -> None:
        facts = known_subjects() if any(q.get("fact_ids") for q in questions) else {}
        parts = [
            QuestionParts.of(question, number, facts.get(str(question.get("subject"))))
            for number, question in enumerate(questions, 1)
        ]
        stated = [str(q["canary"]) for q in questions if q.get("canary")]
        self.canaries = {mark_of(canary) for canary in (*stated, *canaries)}
        self.subjects = grouped(parts)
        self.by_word = indexed(self.subjects)
        self.by_wording = worded(parts)
        self.recognised = recognised(self.by_word)
        for word in self.by_wording:
            self.recognised[word] = [frozenset()]

    def canary_in(self, *texts: str) -> bool:
        """Whether one of the texts holds the canary of one of the questions."""
        return any(canary in text for canary in self.canaries for text in texts)

    def find(self, text: str) -> list[Contamination]:
        """Every question asked in `text`, each with the first sentence that asks it.

        A later sentence counts where its answer is given too, and was not before.
        """
        first: dict[str, Contamination] = {}
        for prompt in prompts(without_syntax(text), self.may_name):
            for question in self.asked_by(prompt):
                # a guess inside the question itself ("was it X?") gives the answer away as well
                answered = question.is_answered_in(
                    (*prompt.words.forms, "?", *prompt.following.forms)
                )
                if question.id not in first or (answered and not first[question.id].answered):
                    sentence = prompt.text.strip()
                    first[question.id] = Contamination(question.id, answered, sentence)
        return sorted(first.values())

    def may_name(self, tokens: set[str]) -> bool:
        """Whether a sentence of these words, see `raw_words`, may name a subject."""
        rarest = self.recognised.keys() & tokens
        return any(needed <= tokens for word in rarest for needed in self.recognised[word])

    def asked_by(self, prompt: Prompt) -> list[QuestionParts]:
        """The questions that a prompt asks."""
        asked = []
        for match in widest(self.named(prompt.words, prompt.context)):
            asked += asked_about(match, prompt, match.places)
        if not asked and refers(prompt):
            for match in widest(self.named(prompt.context, prompt.context)):
                if not match.name.partial and is_meant(match, prompt.context):
                    asked += asked_about(match, prompt, frozenset())
        return asked + [q for q in self.worded_as(prompt) if q not in asked]

    def named(self, tokens: Words, context: Words) -> Iterator[Match]:
        """The names of subjects that stand among the words."""
        seen: set[int] = set()
        for word in tokens.positions:
            for subject, name in self.by_word.get(word, ()):
                if id(name) not in seen and (places := places_of(name, tokens)):
                    seen.add(id(name))
                    yield Match(subject, name, places)

    def worded_as(self, prompt: Prompt) -> list[QuestionParts]:
        """Questions without a subject, most of whose words stand in the prompt."""
        if not self.by_wording:
            return []
        present = {stem(w) for w in prompt.words.forms}
        candidates = {q.id: q for w in prompt.words.forms for q in self.by_wording.get(w, ())}
        return [
            q
            for q in candidates.values()
            if len(q.wording_stems & present) >= WORDING_SHARE * len(q.wording_stems)
        ]


UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mark_of(canary: str) -> str:
    """What shows a canary wherever it stands: its unique number, if it has one."""
    number = UUID.search(canary)
    return number.group() if number else canary


@cache
def known_subjects() -> dict[str, Known]:
    """What the committed facts say of their subjects: aliases, and the words of their objects."""
    known = {}
    for subject, facts in by_subject(load_facts("music") + load_facts("general")).items():
        beside = frozenset(stem(w) for fact in facts for w in words(fact.object))
        known[subject] = Known(facts[0].subject_aliases, beside)
    return known


def grouped(parts: Iterable[QuestionParts]) -> list[Subject]:
    """The questions that name a subject, by their subject."""
    groups: dict[str, Subject] = {}
    for question in parts:
        if question.names:
            group = groups.setdefault(question.subject, Subject(question.names, []))
            group.names = max(group.names, question.names, key=len)
            group.questions.append(question)
    return list(groups.values())


def indexed(subjects: Iterable[Subject]) -> dict[str, list[tuple[Subject, Name]]]:
    """Each name of a subject under its rarest word, so that few are tried on any text."""
    pairs = [(subject, name) for subject in subjects for name in subject.names]
    counts = Counter(word for _, name in pairs for word in name.needed)
    by_word: dict[str, list[tuple[Subject, Name]]] = defaultdict(list)
    for subject, name in pairs:
        rarest = min(name.needed, key=lambda w: (is_everyday(w), counts[w], -len(w), w))
        by_word[rarest].append((subject, name))
    return dict(by_word)


def is_everyday(word: str) -> bool:
    """Whether a word stands in many texts: short ones, numbers, those that questions have."""
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
    """For each word of the index, the words that a sentence with one of its names has.

    Words are as `raw_words` gives them, in which a term such as `d:major` is two, and initials
    with full stops are letters; such are told by one of their pieces.
    """
    needed: dict[str, list[frozenset[str]]] = defaultdict(list)
    for word, pairs in by_word.items():
        for _, name in pairs:
            raw = raw_words(name.text)
            plain = frozenset(w for w in name.needed if w in raw and ":" not in w)
            for form in {word, max(word.split(":"), key=len), *(initial(word, name) or ())}:
                needed[form].append(plain - {word})
    return dict(needed)


def initial(word: str, name: Name) -> tuple[str, ...]:
    """The first letter of initials that are written with full stops, in a name that has them."""
    first = FORM[RAW_WORD.findall(name.text)[0]]
    return (first,) if ":" not in word and word not in raw_words(name.text) else ()


def worded(parts: Iterable[QuestionParts]) -> dict[str, list[QuestionParts]]:
    """Questions that name no subject, under the rarest words of their wording.

    As many as a prompt may lack, and one more: one of them stands in every match.
    """
    without_subject = [q for q in parts if not q.names]
    counts = Counter(s for q in without_subject for s in q.wording)
    by_word: dict[str, list[QuestionParts]] = defaultdict(list)
    for question in without_subject:
        rarest = sorted(question.wording, key=lambda s: (counts[s], -len(s), s))
        for word in rarest[: int(len(rarest) * (1 - WORDING_SHARE)) + 1]:
            by_word[word].append(question)
    return dict(by_word)


# --- subject ------------------------------------------------------------------------------------


def places_of(name: Name, tokens: Words) -> frozenset[int]:
    """Where the words of a name stand among the tokens; nowhere where it is not named.

    A name whose words tell it may have them in any order; a weak one must stand as it is.
    """
    positions = tokens.positions
    if not name.needed <= positions.keys():
        return frozenset()
    if len(name.phrase) == 1:
        return frozenset(positions[name.phrase[0]][:1])
    for start in positions[name.phrase[0]]:
        if places := in_a_row(name.phrase, tokens.forms, start):
            return frozenset(places)
    if name.weak or name.partial:
        return frozenset()
    return frozenset(positions[word][0] for word in name.needed)


def in_a_row(phrase: Sequence[str], forms: Sequence[str], start: int) -> list[int]:
    """Where a phrase stands from `start` on, with nothing but empty words between its words."""
    places, wanted = [], 0
    for index in range(start, min(len(forms), start + 3 * len(phrase) + 3)):
        if forms[index] == phrase[wanted]:
            places.append(index)
            wanted += 1
            if wanted == len(phrase):
                return places
        elif stem(forms[index]) not in vocabulary().empty:
            return []
    return []


def widest(matches: Iterable[Match]) -> list[Match]:
    """The matches that are not part of another subject's longer name; one for each subject."""
    best: dict[int, Match] = {}
    for match in matches:
        other = best.get(id(match.subject))
        if other is None or (match.name.partial, -len(match.places)) < (
            other.name.partial,
            -len(other.places),
        ):
            best[id(match.subject)] = match
    chosen = list(best.values())
    return [m for m in chosen if not any(m.places < other.places for other in chosen)]


def is_meant(match: Match, tokens: Words) -> bool:
    """Whether the words of a name are the subject: they tell it, or have its capital letters."""
    if not match.name.weak:
        return True
    if not tokens.cased or not match.name.capitals:
        return not match.name.capitals
    return match.name.capitals <= tokens.capitals


def refers(prompt: Prompt) -> bool:
    """Whether a prompt speaks of something named before: `it`, `the album`."""
    rules = vocabulary()
    stems = [stem(w) for w in prompt.words.forms]
    by_noun = any(
        word in ("the", "this", "that") and following in rules.categories
        for word, following in zip(prompt.words.forms, stems[1:], strict=False)
    )
    return by_noun or not rules.pronouns.isdisjoint(stems)


# --- relation -----------------------------------------------------------------------------------

# meanings that say what kind of answer is wanted, and nothing of what it has to do with the subject
KIND_MEANINGS = frozenset(("city", "country", "year"))
OPEN_WORDS = frozenset(
    stem(w)
    for w in ("what", "which", "whats", "name", "identify", "tell", "give", "state", "how", "wat")
)


class Asked(NamedTuple):
    """What a prompt says besides the subject.

    stems: its other words. strong: kinds of answer that `who`, `when` and `where` ask for. nouns:
    kinds that its nouns may ask for. is_open: whether a word such as `which` asks.
    """

    stems: tuple[str, ...]
    strong: frozenset[str]
    nouns: frozenset[str]
    is_open: bool

    @classmethod
    def of(cls, match: Match, prompt: Prompt, places: frozenset[int]) -> "Asked":
        """What a prompt says besides the words of a match, which stand in `places`."""
        rules, forms = vocabulary(), prompt.words.forms
        # the title's own small words, such as its `where`, ask nothing
        title = words(match.subject.questions[0].subject) if places else []
        small = Counter(w for w in title if stem(w) in rules.empty)
        rest, nouns = [], set()
        for index, word in enumerate(forms):
            if index in places:
                continue
            if small[word] > 0:
                small[word] -= 1
                continue
            rest.append(stem(word))
            if is_noun(word) and not is_category(index, forms, places):
                nouns |= rules.kinds_of.get(rest[-1], frozenset())
        # `what does it become when ...` asks what, not when
        first = next((i for i, s in enumerate(rest) if s in ("what", "which")), len(rest))
        strong = frozenset(rules.strong[s] for s in rest[:first] if s in rules.strong)
        is_open = not OPEN_WORDS.isdisjoint(rest)
        return cls(tuple(rest), strong, frozenset(nouns), is_open)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of answer that the prompt may ask for; none where no word tells."""
        if self.strong and not self.is_open:
            return self.strong
        return self.strong | self.nouns


def is_noun(word: str) -> bool:
    """Whether a word may name a kind of answer: not `recorded`, nor a word that asks by itself."""
    return not word.endswith(("ed", "ing")) and stem(word) not in vocabulary().strong


def is_category(index: int, forms: Sequence[str], places: frozenset[int]) -> bool:
    """Whether a word beside the subject says what the subject is: `the album Marquee Moon`."""
    beside = index + 1 in places or index - 1 in places
    asks = index > 0 and stem(forms[index - 1]) in OPEN_WORDS
    return beside and not asks and stem(forms[index]) in vocabulary().categories


def asked_about(match: Match, prompt: Prompt, places: frozenset[int]) -> list[QuestionParts]:
    """The questions about a subject that a prompt asks: of each kind of answer the best fitting."""
    asked = Asked.of(match, prompt, places)
    scores: dict[str, list[tuple[int, QuestionParts]]] = defaultdict(list)
    for question in match.subject.questions:
        if is_only_named(question.subject, prompt) or not may_ask_for(question, asked):
            continue
        score = fit(question, asked, match, prompt)
        if score is not None:
            scores[question.kind].append((score, question))
    return [
        question
        for group in scores.values()
        for score, question in group
        if score == max(s for s, _ in group)
    ]


def is_only_named(title: str, prompt: Prompt) -> bool:
    """Whether the question mark is the subject's own and nothing else in the sentence asks."""
    text = prompt.text.rstrip(CLOSING)
    return title.endswith("?") and text.endswith(title) and not opens_asking(text)


def may_ask_for(question: QuestionParts, asked: Asked) -> bool:
    """Whether the question's kind of answer is among those that a prompt may ask for."""
    kinds = asked.kinds
    if question.kind in kinds:
        return question.kind != "place" or is_place(question, asked)
    if question.kind in (ANY, "number"):
        return (not asked.strong or asked.is_open) and kinds.isdisjoint(("time", "place"))
    if not kinds:
        return True
    won = "win" in question.meanings and "win" in asked_meanings(question, asked)
    if won and asked.strong == {"person"}:
        return True
    return question.kind == "label" and "person" in asked.strong


def is_place(question: QuestionParts, asked: Asked) -> bool:
    """Whether the places asked for are of the question's size: a city is no country."""
    if "place" in asked.strong:
        return True
    concepts = vocabulary().concepts
    sizes = {size for size in ("city", "country") if not concepts[size].isdisjoint(asked.stems)}
    return not sizes or not question.places or not sizes.isdisjoint(question.places)


def asked_meanings(question: QuestionParts, asked: Asked) -> set[str]:
    """The question's meanings that a prompt has a word for."""
    return {meaning for s in asked.stems for meaning in question.cues.get(s, ())}


def cues_in(question: QuestionParts, asked: Asked) -> set[str]:
    """Stems of a prompt that have one of the question's meanings, the kind of answer aside."""
    return {s for s in asked.stems if question.cues.get(s, frozenset()) - KIND_MEANINGS}


def fit(question: QuestionParts, asked: Asked, match: Match, prompt: Prompt) -> int | None:
    """How well a prompt has the question's meanings: their number, None where it does not ask it."""
    meanings = cues_in(question, asked)
    rest = unexplained(question, asked)
    answered = question.is_answered_in(prompt.words.forms)
    if prompt.manner is Manner.WHETHER and not answered and (rest or not meanings):
        return None
    if prompt.manner is Manner.BARE and (len(rest) > 1 or not meanings or answered):
        return None
    if match.name.partial and rest:
        return None
    if not is_meant(match, prompt.words) and len(rest) > 1:
        return None
    if meanings or is_plain(question, asked):
        return len(meanings)
    # without a word of the relation, only a short answer shows what was asked
    short = prompt.following.forms[:SHORT_ANSWER]
    return 0 if question.is_answered_in(short) else None


def is_plain(question: QuestionParts, asked: Asked) -> bool:
    """Whether a prompt says nothing but what kind of answer it wants: `Who is Nevermind by?`"""
    rules = vocabulary()
    telling = [s for s in asked.stems if s not in rules.empty and s not in rules.categories]
    kinds = rules.kinds.get(question.kind, frozenset())
    return question.kind in asked.kinds and all(s in kinds for s in telling)


def unexplained(question: QuestionParts, asked: Asked) -> list[str]:
    """Stems of a prompt that have no place in the question, its subject or its answer."""
    answers = {stem(word) for answer in question.answers for word in answer}
    return [
        s
        for s in asked.stems
        if not is_common(s)
        and s not in question.explained
        and s not in answers
        and s not in vocabulary().strong
    ]
