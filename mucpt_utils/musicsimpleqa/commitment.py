"""What a reply commits to: of all answers in it, the one that it gives in the end, if any.

`committed` works without knowing which of the answers is right. It marks the answers of the asked
kind (the key and others alike) and the subject of the question, cuts the reply into clauses, sets
aside what is denied, believed by others or only compared, takes the last word where the reply
corrects itself, and of what is left the clause that speaks of the asked relation and the asked
subject, and in it the answer that stands where such an answer stands ("by X", "in X").
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.answer_keys import key_of
from mucpt_utils.musicsimpleqa.asked import MAKING
from mucpt_utils.musicsimpleqa.clauses import (
    ANSWER,
    DEAD,
    Clause,
    clauses_of,
    marked_text,
    original,
)
from mucpt_utils.musicsimpleqa.keys import Key, Span
from mucpt_utils.musicsimpleqa.replies import own_words
from mucpt_utils.musicsimpleqa.rules import RULES, C, K, N, S
from mucpt_utils.musicsimpleqa.words import words

ONE, SEVERAL, DENIED, NOTHING = "one answer", "several answers", "denied", "nothing"
PUNCTUATION = " .,!?;:\"'()[]-–—*#>"
WORD_BEFORE = re.compile(r"(\w+)(?: (?:by|is|was|to|in|on|the|a|an)){0,2} [\"']?$")
SUBJECT_WORDS = re.compile(
    rf"{S}|\b(?:it|this|that|they|he|she|the (?:song|album|opera|work|piece|band|group|track|prize))\b",
    re.IGNORECASE,
)
BARE = re.compile(rf"\W*(?:(?:the|a|an)\s)?(?:[\w-]+\s){{0,3}}[\"']?[{K}{C}][\"']?\s*(?:,|$)")


class Commitment(NamedTuple):
    """What a reply commits to (ONE), or that it gives SEVERAL answers, DENIED ones or NOTHING.

    text: the words of the reply that give the answer. reason: how it was found, in a few words.
    """

    state: str
    text: str
    reason: str


def committed(reply: str, question: Mapping) -> Commitment:
    """The span of a reply that answers the question.

    question: as for `key_of`; its key serves only to recognise a name that is written without
    capitals or made of ordinary words. Raises KeyError for a missing field.
    """
    key, text = key_of(question), own_words(reply, question["question"])
    if not text:
        return Commitment(NOTHING, "", "empty")
    bare = without_lead_in(text)
    # a bare name is an answer, whatever it would mean as a sentence: "Don't Know Why"
    if key.is_whole(text) or (bare != text and key.is_whole(bare)):
        return Commitment(
            ONE, bare if bare != text and key.is_whole(bare) else text, "is a bare answer"
        )
    if RULES.refusal_whole.fullmatch(bare.strip(PUNCTUATION)):
        return Commitment(NOTHING, "", "refuses")
    text = key.prepared(text)
    spans = key.answers(text)
    marked = marked_text(text, spans)
    if not ANSWER.search(marked):
        return unmarked(marked, text, spans, key)
    if len(marked.strip(PUNCTUATION)) == 1:
        return Commitment(ONE, text, "is a bare answer")
    return Finder(text, spans, marked, key).commitment()


def without_lead_in(text: str) -> str:
    """The text without "I think it was" and the like before an answer."""
    return RULES.lead_in.sub("", text, count=1) if RULES.lead_in.match(text) else text


def unmarked(marked: str, text: str, spans: Sequence[Span], key: Key) -> Commitment:
    """A reply in which no answer of the asked kind was recognised: a refusal, or some other words."""
    if not (words(text) or (key.symbols and text.strip("?. "))):
        return Commitment(NOTHING, "", "no words")
    refusal = RULES.refusal.search(marked)
    if refusal and not RULES.guess.search(marked[: refusal.start()] + marked[refusal.end() :]):
        return Commitment(NOTHING, "", "refuses")
    first = clauses_of(marked)[0]
    end = first.start + len(first.text)
    return Commitment(
        ONE, without_lead_in(original(text, spans, marked, 0, end)), "its first words"
    )


class Finder:
    """The search for the one answer in a reply that holds at least one.

    text: the reply in the key's notation. spans, marked: its answers, and the text with one
    character for each.
    """

    def __init__(self, text: str, spans: Sequence[Span], marked: str, key: Key):
        self.text, self.spans, self.key = text, spans, key
        self.asked = key.asked
        self.refused = False
        self.source = marked
        self.marked = self.set_aside(marked)

    def commitment(self) -> Commitment:
        """The one answer, or why there is none."""
        clauses = self.last_word(clauses_of(self.marked))
        if not clauses:
            return Commitment(DENIED, "", "takes its answer back")
        clauses = final_answer(clauses)
        answering = self.answering(clauses)
        if not answering:
            if self.refused:
                return Commitment(NOTHING, "", "refuses")
            return Commitment(DENIED, "", "denies its answer or names it in passing")
        start, end = clauses[0].start, clauses[-1].start + len(clauses[-1].text)
        if self.is_undecided(self.marked[start:end]):
            return Commitment(SEVERAL, self.words_at(start, end), "leaves it between several")
        clause = self.most_relevant(answering)
        position = self.likeliest(clause)
        if rivals := self.rivals(answering, clause, position):
            return Commitment(SEVERAL, self.words_at(*rivals), "gives several answers")
        start, end = self.steps(clause, position)
        return Commitment(
            ONE, self.words_at(start, end), "its last word" if clauses[0].start else "its answer"
        )

    def words_at(self, start: int, end: int) -> str:
        """The words of the reply at a stretch of the marked text."""
        return original(self.text, self.spans, self.source, start, end)

    # --- what is not given as an answer ------------------------------------------------------------

    def set_aside(self, marked: str) -> str:
        """The marked text with answers that are denied, others' or compared turned into N."""
        if RULES.undecided.search(marked):
            self.refused = True
            marked = RULES.undecided.sub(dead, marked)
        for pattern in RULES.set_aside:
            marked = pattern.sub(dead, marked)
        if self.asked.role == "agent":
            marked = RULES.other_name.sub(self.same_person, marked)
        if self.asked.relations & MAKING:  # the album that is somebody's was made by him
            marked = RULES.owner_of_no_work.sub(dead, marked)
        elif len(ANSWER.findall(marked)) > 1:
            marked = RULES.owner.sub(dead, marked)
        return marked

    def same_person(self, match: re.Match[str]) -> str:
        """`C, known as K` with only one of the two left: they are one person."""
        marks = ANSWER.findall(match[0])
        loser = C if len(set(marks)) == 2 else marks[-1]
        head, _, tail = (
            match[0].rpartition(loser) if len(set(marks)) == 1 else match[0].partition(loser)
        )
        return head + N + tail

    def last_word(self, clauses: list[Clause]) -> list[Clause]:
        """The clauses from the last second thought on that names another answer.

        Nothing where a second thought only takes the answer back.
        """
        clauses = [part for clause in clauses for part in inner_parts(clause)]
        for index in range(len(clauses) - 1, 0, -1):
            if clauses[index].opener != "no" and not RULES.correction.match(clauses[index].text):
                continue
            tail = clauses[index:]
            if any(c.answers and self.is_answering(c) for c in tail):
                return tail
            if any(N in c.text for c in tail[:2]) or RETRACTION.search(tail[0].text):
                return []
        return clauses

    def is_answering(self, clause: Clause) -> bool:
        """Whether an answer in a clause stands where it may be given as one."""
        return any(self.fit(clause.text, m.start()) >= 0 for m in ANSWER.finditer(clause.text))

    def answering(self, clauses: Sequence[Clause]) -> list[Clause]:
        """The clauses that give an answer: main ones, or asides where no other does.

        Beside a refusal, only those that guess, or that answer before it.
        """
        live, refusing = [], False
        for clause in clauses:
            if RULES.refusal.search(clause.text):
                self.refused = refusing = True
                continue
            if refusing and clause.side:
                continue
            if clause.answers and (not self.refused or not refusing or self.is_guess(clause)):
                live.append(clause)
        main = [clause for clause in live if not clause.side]
        return main or live

    def is_guess(self, clause: Clause) -> bool:
        """Whether a clause beside a refusal gives an answer after all."""
        if BARE.match(without_lead_in(clause.text)) or RULES.guess.search(clause.text):
            return True
        return bool(self.asked.relations & RULES.relations_in(clause.text))

    # --- which clause, which answer ------------------------------------------------------------------

    def most_relevant(self, clauses: Sequence[Clause]) -> Clause:
        """The first of the clauses that say most of what is asked."""
        if len(clauses) == 1:
            return clauses[0]
        return max(clauses, key=lambda clause: (self.relevance(clause), -clause.start))

    def relevance(self, clause: Clause) -> int:
        """How much a clause is about the asked relation (2) and subject (1); a bare answer is (3)."""
        text = clause.text
        bare = without_lead_in(text)
        if (
            BARE.match(bare)
            and not RULES.relations_in(bare) - RULES.by_the_way - self.asked.relations
        ):
            return 3
        relations = RULES.relations_in(text)
        score = 0
        if relations & self.asked.relations:
            score = 2
        elif relations - RULES.by_the_way:
            score = -2
        return score + bool(SUBJECT_WORDS.search(text)) + self.is_answering(clause)

    def likeliest(self, clause: Clause) -> int:
        """The position in a clause of the answer that stands where one is expected, else the first."""
        positions = [match.start() for match in ANSWER.finditer(clause.text)]
        if len(positions) == 1:
            return positions[0]
        return max(positions, key=lambda at: (self.fit(clause.text, at), -at))

    def fit(self, text: str, at: int) -> int:
        """How well the words around an answer fit the role that the asked one has."""
        before, behind = text[max(0, at - 60) : at], text[at + 1 : at + 60]
        likely, unlikely = RULES.likely[self.asked.role], RULES.unlikely[self.asked.role]
        score = 2 * bool(likely.before.search(before) or likely.behind.match(behind))
        if word := WORD_BEFORE.search(before):  # "produced by", "the producer"
            relations = RULES.relations_in(word[1])
            if relations & self.asked.relations:
                score += 1
            elif relations - RULES.by_the_way:
                score -= 3
        return score - 3 * bool(unlikely.before.search(before) or unlikely.behind.match(behind))

    # --- one answer or several -------------------------------------------------------------------------

    def is_undecided(self, text: str) -> bool:
        """Whether the reply leaves it between two: `either X or Y`, `1990-91`."""
        if any(pattern.search(text) for pattern in RULES.undecided_between) or RULES.slash.search(
            text
        ):
            return True
        if self.asked.role == "value":
            ranges = [match[0] for pattern in RULES.range for match in pattern.finditer(text)]
            if any(stretch.count(K) < 2 for stretch in ranges):
                return True
        if RULES.lower_list.search(text):
            return True
        lower = self.key.kind == "term" and not getattr(self.key, "shape", None)
        return lower and any(pattern.search(text) for pattern in RULES.lower_terms)

    def rivals(
        self, clauses: Sequence[Clause], clause: Clause, position: int
    ) -> tuple[int, int] | None:
        """Where another answer stands beside the chosen one as its equal."""
        for match in RULES.joined.get(self.key.kind, RULES.joined["title"]).finditer(clause.text):
            if match.start() <= position < match.end():
                if self.differ(clause.start + match.start(), clause.start + match.end() - 1):
                    return clause.start + match.start(), clause.start + match.end()
        bare = [c for c in clauses if not c.text.strip(PUNCTUATION).strip(K + C)]
        for other in bare:
            if clause in bare and other.sentence != clause.sentence:
                one, two = (c.start + ANSWER.search(c.text).start() for c in (clause, other))
                if self.differ(one, two):
                    return min(one, two), max(one, two) + 1
        return None

    def differ(self, one: int, other: int) -> bool:
        """Whether the answers at two places of the marked text are two."""
        first, second = (self.words_at(at, at + 1) for at in (one, other))
        both_right = self.source[one] == self.source[other] == K
        return not both_right and first.casefold() != second.casefold()

    def steps(self, clause: Clause, position: int) -> tuple[int, int]:
        """Where the answer begins and ends: a place with the places around it."""
        if self.asked.role == "place":
            for match in RULES.steps.finditer(clause.text):
                if match.start() <= position < match.end():
                    return clause.start + match.start(), clause.start + match.end()
        return clause.start + position, clause.start + position + 1


RETRACTION = re.compile(
    r"\b(?:wrong|incorrect|not right|not correct|a mistake|mistaken|take (?:that|it) back|can'?t be)\b",
    re.IGNORECASE,
)


def dead(match: re.Match[str]) -> str:
    """What a pattern matched, its answers set aside."""
    return match[0].translate(DEAD)


def inner_parts(clause: Clause) -> list[Clause]:
    """A clause, cut where a second thought interrupts it."""
    matches = list(RULES.inner_correction.finditer(clause.text))
    if not matches or not ANSWER.search(clause.text[matches[-1].end() :]):
        return [clause]
    end = matches[-1].end()
    first = Clause(clause.text[:end], clause.start, clause.opener, clause.side, clause.sentence)
    second = Clause(clause.text[end:], clause.start + end, "no", False, clause.sentence)
    return [first, second]


def final_answer(clauses: list[Clause]) -> list[Clause]:
    """What follows the last "the answer is", where it names an answer."""
    for index in range(len(clauses) - 1, -1, -1):
        clause = clauses[index]
        for match in reversed(list(RULES.final_answer.finditer(clause.text))):
            tail = clause.text[match.end() :]
            if ANSWER.search(tail):
                start = clause.start + match.end()
                return [Clause(tail, start, "", False, clause.sentence), *clauses[index + 1 :]]
    return clauses
