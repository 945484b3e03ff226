"""Questions that are proved by their key: it stands in a slot of a short text that asks for it.

A clue, a card, a row or a turn of a chat may spread a question over lines and put it in words
that no rule knows. If the text names the subject and a word of the relation or of its kind of
answer, and the key fills the slot for the answer, that was the question. Statements have no slot.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mucpt_utils.pipeline.questions.answer_slots import (
    LABEL,
    Spelling,
    fills,
    other_answer,
    pieces,
    slots,
    spellings,
    spelt_so,
)
from mucpt_utils.pipeline.questions.asked_words import OPEN_WORDS
from mucpt_utils.pipeline.questions.asking import Manner, Prompt, asking_rules
from mucpt_utils.pipeline.questions.asking_sentences import split_sentences
from mucpt_utils.pipeline.questions.parts import ANY, QuestionParts
from mucpt_utils.pipeline.questions.relation_spellings import respelt
from mucpt_utils.pipeline.questions.signs import asks_no_fact
from mucpt_utils.pipeline.questions.subject_names import Match
from mucpt_utils.pipeline.questions.vocabulary import vocabulary
from mucpt_utils.pipeline.questions.words import raw_words, stem, without, words

# a heading of pairs to be matched, a label of a question, a card of one line
MATCHING = re.compile(
    r"^[^\w\n]*(?:match(?:ing)?|pair|connect|link)\b"
    r"|[:;,.–—-] (?:match|pair|connect|link)(?: up)? (?:the|each|these|them)\b",
    re.IGNORECASE | re.MULTILINE,
)
ASKING_FIELD = re.compile(
    r"^[^\w\n]*(?:\w{0,12}question|prompt|query|clue|stem|q\d*|front|cloze|stimulus|ask)\W{0,3}:",
    re.IGNORECASE | re.MULTILINE,
)
CARD = re.compile(r"→|⇒|[=-]>|::|\|\||>>|[✓✔]\W*$|^[^=]*\w[)\"”]? ?= ?\w[^=.;,]{0,40}$")
LONGEST_CARD = 20
# such a card as one of the sentences: `Librettist → X.`, `Opera = X, composer = Y.`
CARD_INSIDE = re.compile(r"→|⇒|\w {1,2}[=-]> {1,2}\w|\w ?= ?\w[^=]{1,60}, \w[\w ]{0,20}?= ?\w")
# a sentence that breaks off before its options
BREAKS_OFF = re.compile(
    r"\b(?:in|on|by|of|as|is|was|were|to|from|at|called|for|with|the|named)[ :…]*$", re.IGNORECASE
)
BOX = re.compile(r"[○●◯◉□☐☑☒■▲△◆◇]|\[[ xX]?\](?= )|(?m:^[ \t]*[oO] (?=[A-Z]))")
# marks of a list of facts: `● Artist: Cold Harbour ● Year: 1977`
BOXED_FIELD = re.compile(r"[○●◯◉□☐☑☒■▲△◆◇] {0,3}[A-Z][\w ]{1,20}:")
# a sentence that waits for its end
LEFT_OPEN = re.compile(
    r"(?::|\b(?:number|no|is|was|in|by|to|of|as|from|at|on|called|named|year|von|de|di|av|från))"
    r" ?(?:\.{3,}|…)(?=\s\S)"
)
# a name is asked for: `Night Ferry ist von ...`
BY_SOMEBODY = re.compile(r"\b(?:by|von|av|från)\W{0,2}(?:\.{3,}|…|_{2,})")
ENDED = re.compile(r"(?<=\w)[.!](?=\s)")
# what no title above an answer has: `ALBUM | Ladder of Smoke` is a row of a table
HEADING_END = re.compile(r"[|=\t]|: |[.:;!]$")
SHORTEST_STEM, FEWEST_OPTIONS, LONGEST_OPTION = 4, 3, 6
# the columns of a table of questions: `INSERT INTO trivia (q, a)`
COLUMNS = re.compile(
    r"\b(?:q|question|prompt|front|clue)[\"'`]?[ \t]{0,2}[,;|\t/][ \t]{0,2}[\"'`]?"
    r"(?:a|ans|answer|back|response|solution)\b",
    re.IGNORECASE,
)
# what the evidence weighs, and how much is needed
TELLING, LIGHT, KIND, OTHER, ENOUGH = 3, 1, 2, -3, 2


@dataclass(frozen=True)
class Item:
    """A short text that may be one question with its answer.

    is_asked: whether a sentence in it asks without a mark. is_part: whether it is part of a longer
    text.
    """

    text: str
    is_asked: bool = False
    is_part: bool = False

    @cached_property
    def prompt(self) -> Prompt:
        """The whole text as a prompt."""
        return Prompt(self.text, Manner.BARE, "", "", posed=True)

    @cached_property
    def slots(self) -> list[tuple[str, ...]]:
        """Its pieces that could be an answer."""
        return slots(self.text)

    @cached_property
    def shown(self) -> list[Spelling]:
        """What it shows of the spelling of an answer."""
        return spellings(self.text)

    @cached_property
    def asks(self) -> bool:
        """Whether it has any sign of a question: a mark, a gap, a label, options, lengths."""
        text = self.text
        return bool(
            self.is_asked
            or self.asks_for_a_fact
            or self.shown
            or asking_rules().blank.search(text)
            or any(is_answer_label(line) for line in re.split(r"\n|(?<=[.?!)\]])\s", text))
            or MATCHING.search(text)
            or ASKING_FIELD.search(text)
            or LEFT_OPEN.search(text)
            or COLUMNS.search(text)
            or self.is_card
            or self.is_headed
            or self.has_options
        )

    @property
    def is_card(self) -> bool:
        """Whether a short line, or a sentence of it, has an arrow or the like between two sides."""
        if "\n" in self.text.strip():
            return False
        if len(self.text.split()) <= LONGEST_CARD:
            return CARD.search(self.text) is not None
        return any(
            len(sentence.split()) <= LONGEST_CARD and CARD_INSIDE.search(sentence)
            for sentence in split_sentences(self.text)
        )

    @property
    def is_headed(self) -> bool:
        """Whether it is a kind of answer that is told of something, and below it a short line."""
        lines = self.text.strip().split("\n")
        if len(lines) != 2 or len(lines[1].split()) > LONGEST_OPTION:
            return False
        rules, (first, *others) = vocabulary(), words(lines[0]) or [""]
        # `Part of the family` is a caption
        tells = stem(first) in rules.concepts_of and stem(first) not in rules.light
        is_kind = stem(first) in rules.kinds_of or tells
        is_title = HEADING_END.search(lines[0]) is None
        return is_kind and bool(others) and is_title

    @property
    def asks_for_a_fact(self) -> bool:
        """Whether it has a question that is none of taste, method or the reader's own affairs."""
        asked = [s for s in split_sentences(self.text) if "?" in s]
        return any(is_of_questions(s) and not asks_no_fact(s) for s in asked)

    @cached_property
    def has_options(self) -> bool:
        """Whether a sentence breaks off and short pieces follow it, or pieces have boxes."""
        if len(BOX.findall(self.text)) >= FEWEST_OPTIONS:
            return len(BOXED_FIELD.findall(self.text)) < FEWEST_OPTIONS
        parts = pieces(ENDED.sub(" #.", self.text))
        lengths = [len(part.split()) for part in parts]
        return any(
            lengths[index] >= SHORTEST_STEM
            and BREAKS_OFF.search(part)
            and max(lengths[index + 1 : index + 1 + FEWEST_OPTIONS]) <= LONGEST_OPTION
            for index, part in enumerate(parts[:-FEWEST_OPTIONS])
        )


def is_answer_label(line: str) -> bool:
    """Whether a line begins with the label of an answer; `Key: E minor` may be of a record."""
    label = LABEL.match(line)
    return label is not None and "key" not in label.group().lower()


def is_of_questions(sentence: str) -> bool:
    """Whether a sentence has a word that asks, or one for what may be asked."""
    rules = vocabulary()
    roots = set(map(stem, raw_words(sentence)))
    asks = rules.strong.keys() | rules.kinds_of.keys() | rules.concepts_of.keys() | OPEN_WORDS
    return not roots.isdisjoint(asks)


def proved(item: Item, matches: Iterable[Match]) -> list[QuestionParts]:
    """The questions about the named subjects that an item asks, as their keys show."""
    found = []
    for match in matches:
        best = max_scored(item, match)
        found += [q for q in best if q not in found]
    return found


def max_scored(item: Item, match: Match) -> list[QuestionParts]:
    """Of the questions about a subject whose keys are in slots those with most evidence."""
    scored = [
        (evidence(question, item, match.places), question)
        for question in match.subject.questions
        if has_key(question, item, match.places)
    ]
    most = max((score for score, _ in scored), default=0)
    return [q for score, q in scored if score == most and score >= ENOUGH]


def has_key(question: QuestionParts, item: Item, places: frozenset[int]) -> bool:
    """Whether an answer fills a slot, or is spelt as the item shows."""
    own = {item.prompt.words.forms[i] for i in places}
    # `☑ Ann Bright wrote "Page Two"` states it
    slots_of_answers = [slot for slot in item.slots if not own <= set(slot)]
    return (
        any(
            fills(answer, slot)
            for answer in (*question.answers, *question.brief_answers)
            if not own.issuperset(answer)
            for slot in slots_of_answers
        )
        or not question.bare_answers.isdisjoint(item.slots)
        or bool(spelt_so(question.given, item.shown))
    )


PEOPLE = frozenset(("he", "she", "him", "her", "his", "hers"))


def evidence(question: QuestionParts, item: Item, places: frozenset[int]) -> int:
    """How much the words of an item speak for a question, besides its subject and its key."""
    rules = vocabulary()
    forms = item.prompt.words.forms
    rest = [stem(respelt(w)) for i, w in enumerate(forms) if i not in places]
    # `opus` may stand above `Op. 64`: once more than in the answer it is a word of the question
    rest = without(rest, question.answer_stems)
    cues = {s for s in rest if s in question.cues or s in question.alike}
    kinds = {kind for s in rest for kind in rules.kinds_of.get(s, ())}
    strong = {rules.strong[s] for s in rest if s in rules.strong}
    if not PEOPLE.isdisjoint(forms) or BY_SOMEBODY.search(item.text):
        kinds.add("person")
    own = question.cues.keys() | question.wording_stems | question.alike
    others = rules.elsewhere.intersection(rest) - own - rules.wrapping - rules.empty
    is_telling = bool(cues - rules.light)
    score = spelt_so(question.given, item.shown)
    score += TELLING * is_telling + LIGHT * bool(cues & rules.light)
    if question.kind != ANY and question.kind in kinds | strong:
        score += KIND
    elif question.kind != ANY and strong and not is_telling:
        score += OTHER
    if others and not is_telling:
        score += OTHER
    return score


def is_answered_otherwise(question: QuestionParts, prompt: Prompt) -> bool:
    """Whether another answer than the key stands behind a prompt: so another thing was asked."""
    if not prompt.posed or prompt.choices or not question.answers:
        return False
    given = other_answer(prompt)
    told = {stem(word) for word in given}
    if not (told - question.subject_stems - vocabulary().empty) or not told.isdisjoint(
        question.answer_stems
    ):
        return False
    if any(fills(answer, given) for answer in question.brief_answers):
        return False
    return not question.is_answered_in(prompt.following.forms)
