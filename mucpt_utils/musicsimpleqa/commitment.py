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
    Marked,
    clauses_of,
)
from mucpt_utils.musicsimpleqa.keys import Key
from mucpt_utils.musicsimpleqa.replies import own_words
from mucpt_utils.musicsimpleqa.rules import RULES, C, K, N, S
from mucpt_utils.musicsimpleqa.words import words

ONE, SEVERAL, DENIED, NOTHING = "one answer", "several answers", "denied", "nothing"
PUNCTUATION = " .,!?;:\"'()[]-–—*#>"
SIGNS = re.compile(rf"[?/;]|n't|\.\.|…|[{K}{C}]'")
LISTED = re.compile(r",|&| and ")
DASH = re.compile(r"[-–—]")
PLAIN_WORDS = re.compile(r"[a-z'-]+")
WORD_BEFORE = re.compile(r"(\w+)(?: (?:by|is|was|to|in|on|the|a|an)){0,2} [\"']?$")
# a title that begins as a denial does: "Not Ready to Make Nice"
TITLE_CASE = re.compile(
    r"[A-Z][\w'-]*(?: (?:[A-Z][\w'-]*|of|the|a|an|in|to|for|from|with|as|at|on|&))* [A-Z][\w'-]*"
)
RELATIVE = re.compile(r",? (?:who|which|that|whose)\b")
PREPOSITION = re.compile(r"\W*(?:in|on|at|from)\b[^,]*,", re.IGNORECASE)
SUBJECT_WORDS = re.compile(
    r"\b(?:it|this|that|they|he|she|the (?:song|album|opera|work|piece|band|group|track|prize))\b",
    re.IGNORECASE,
)
LABEL = re.compile(rf"[\W_]*[\w ]{{2,30}}: [\"']?[{K}{C}]")
BARE = re.compile(
    rf"[^\w{K}{C}{N}{S}]*(?:(?:the|a|an)\s)?(?:(?!is\b|are\b|was\b|were\b|include)[\w-]+\s){{0,3}}[\"']?[{K}{C}][\"']?\s*(?:,|$)"
)


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
    if key.asked.role == "title" and TITLE_CASE.fullmatch(bare):
        return Commitment(ONE, bare, "is a bare answer")
    text = key.prepared(text)
    marked = Marked(text, key.answers(text))
    answers = ANSWER.findall(marked.marks)
    if not answers:
        return unmarked(marked, key)
    if len(marked.marks.strip(PUNCTUATION)) == 1:
        return Commitment(ONE, text, "is a bare answer")
    if len(answers) == 1 and is_plain(marked.marks, key):
        at = marked.marks.index(answers[0])
        return Commitment(ONE, marked.words_at(at, at + 1), "its answer")
    return Finder(marked, key).commitment()


def is_plain(marks: str, key: Key) -> bool:
    """Whether nothing in a text with one answer can make it anything else than given.

    A shortcut: without any of the words that denials, refusals, second thoughts and choices are
    made of, the search for them finds nothing.
    """
    if SIGNS.search(marks) or (key.kind == "term" and LISTED.search(marks)):
        return False
    if key.asked.role == "value" and DASH.search(marks):
        return False
    lower = marks.lower()
    if lower == marks and LISTED.search(lower):
        return False
    return RULES.caution.isdisjoint(PLAIN_WORDS.findall(lower))


def without_lead_in(text: str) -> str:
    """The text without "I think it was" and the like before an answer."""
    return RULES.lead_in.sub("", text, count=1) if RULES.lead_in.match(text) else text


def unmarked(marked: Marked, key: Key) -> Commitment:
    """A reply in which no answer of the asked kind was recognised: a refusal, or some other words."""
    text, marks = marked.text, marked.marks
    if not (words(text) or (key.symbols and text.strip("?. "))):
        return Commitment(NOTHING, "", "no words")
    clauses = clauses_of(marks)
    if RULES.refusal.search(marks) or any(map(is_refusal, clauses)):
        if not (text.islower() and RULES.guess.search(RULES.refusal.sub("", marks))):
            return Commitment(NOTHING, "", "refuses")
    if repeats_question(text, key):
        return Commitment(NOTHING, "", "repeats the question")
    first = marked.words_at(0, clauses[0].start + len(clauses[0].text))
    return Commitment(ONE, without_lead_in(first), "its first words")


def repeats_question(text: str, key: Key) -> bool:
    """Whether a sentence has no word of its own: `The album was released in the year it came out.`"""
    own = [word for word in words(text) if word.form not in key.asked.forms]
    if len(words(text)) < 5 or any(word.form not in RULES.function_words for word in own):
        return False
    return not any(word.capital and word.start and word.raw != "I" for word in own)


class Finder:
    """The search for the one answer in a reply that holds at least one.

    reply: the text in the key's notation, with its answers marked.
    """

    def __init__(self, reply: Marked, key: Key):
        self.reply, self.key, self.asked = reply, key, key.asked
        self.refused = self.denied = False
        self.about_subject: set[int] = set()
        self.source = reply.marks
        self.marked = self.set_aside(reply.marks)

    def commitment(self) -> Commitment:
        """The one answer, or why there is none."""
        clauses = clauses_of(self.marked)
        self.about_subject = {clause.sentence for clause in clauses if S in clause.text}
        clauses = self.last_word(clauses)
        if not clauses:
            return Commitment(DENIED, "", "takes its answer back")
        clauses = final_answer(clauses)
        answering = self.answering(clauses)
        if not answering:
            if self.refused:
                return Commitment(NOTHING, "", "refuses")
            if self.denied and K not in self.source:
                return Commitment(NOTHING, "", "only says what it is not")
            return Commitment(DENIED, "", "denies its answer or names it in passing")
        clause = self.most_relevant(answering)
        if undecided := self.undecided_at(clauses, clause):
            return Commitment(SEVERAL, self.reply.words_at(*undecided), "leaves it between several")
        position = self.likeliest(clause)
        if rivals := self.rivals(answering, clause, position):
            clause = self.only_answer_behind(answering, clause)
            if clause is None:
                return Commitment(SEVERAL, self.reply.words_at(*rivals), "gives several answers")
            position = self.likeliest(clause)
        start, end = self.steps(clause, position)
        reason = "its last word" if clauses[0].start else "its answer"
        return Commitment(ONE, self.reply.words_at(start, end), reason)

    # --- what is not given as an answer ------------------------------------------------------------

    def set_aside(self, marked: str) -> str:
        """The marked text with answers that are denied, others' or compared turned into N."""
        if RULES.undecided.search(marked):
            self.refused = True
            marked = RULES.undecided.sub(dead, marked)
        before = marked
        for pattern in RULES.denied:
            marked = pattern.sub(dead, marked)
        self.denied = marked != before
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
        """The clauses that give an answer.

        Beside a refusal, only those that guess, or that answer before it.
        """
        live, refusing = [], False
        for clause in clauses:
            if RULES.refusal.search(clause.text) or is_refusal(clause):
                self.refused = refusing = True
                continue
            if refusing and clause.side:
                continue
            if clause.answers and (not self.refused or not refusing or self.is_guess(clause)):
                live.append(clause)
        return live

    def is_guess(self, clause: Clause) -> bool:
        """Whether a clause beside a refusal gives an answer after all."""
        if BARE.match(without_lead_in(clause.text)) or RULES.guess.search(clause.text):
            return self.is_answering(clause)
        asked = self.asked.relations & RULES.relations_in(clause.text)
        return bool(asked) and any(
            self.fit(clause.text, match.start()) > 0 for match in ANSWER.finditer(clause.text)
        )

    # --- which clause, which answer ------------------------------------------------------------------

    def most_relevant(self, clauses: Sequence[Clause]) -> Clause:
        """The first of the clauses that say most of what is asked."""
        if len(clauses) == 1:
            return clauses[0]
        scores = [self.relevance(clause, not index) for index, clause in enumerate(clauses)]
        return clauses[scores.index(max(scores))]

    def relevance(self, clause: Clause, opens: bool = False) -> int:
        """How much a clause is about what is asked.

        Most where it opens the reply with a bare answer or has a label for it ("Artist: X"); else
        by the subject of the question in it, its relation, and an answer in its place.
        """
        text = clause.text
        bare = without_lead_in(text)
        relations = RULES.relations_in(text)
        if LABEL.match(text) and relations & self.asked.relations:
            return 9
        if opens and BARE.match(bare) and not self.goes_on(clause):
            if (
                not RULES.relations_in(bare.partition(",")[0])
                - RULES.by_the_way
                - self.asked.relations
            ):
                return 8
        about_subject = S in text or clause.sentence in self.about_subject
        score = 3 if about_subject else int(bool(SUBJECT_WORDS.search(text)))
        score -= 3 * clause.side
        if relations & self.asked.relations:
            score += 2
        elif relations - RULES.by_the_way:
            score -= 2
        return score + self.is_answering(clause)

    def goes_on(self, clause: Clause) -> bool:
        """Whether a sentence that begins like a bare answer says more: `It was X who recorded Y`."""
        behind = self.marked[clause.start + len(clause.text) :]
        return bool(RELATIVE.match(behind) or PREPOSITION.match(clause.text))

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

    def undecided_at(self, clauses: Sequence[Clause], chosen: Clause) -> tuple[int, int] | None:
        """Where the reply leaves it between two: `either X or Y`, `1990-91`; None where it does not.

        What it weighs before it comes to a sentence about the question does not count.
        """
        start, end = clauses[0].start, clauses[-1].start + len(clauses[-1].text)
        if chosen.sentence > clauses[0].sentence and self.relevance(chosen) >= 2:
            start = chosen.start
        text = self.marked[start:end]
        patterns = [*RULES.undecided_between, RULES.slash, RULES.lower_list]
        if self.asked.role == "value" and any(p.search(chosen.text) for p in RULES.range):
            patterns += RULES.range
        if self.key.kind == "term" and not getattr(self.key, "shape", None):
            patterns += RULES.lower_terms
        for pattern in patterns:
            match = pattern.search(text)
            # "15 to 18 August" is one month
            if match and not (match[0].count(K) > 1 and C not in match[0]):
                return start + match.start(), start + match.end()
        return None

    def only_answer_behind(self, clauses: Sequence[Clause], chosen: Clause) -> Clause | None:
        """A clause behind a list that gives one answer: `do, re, mi - the second one is re`."""
        for clause in clauses:
            places = [match.start() for match in ANSWER.finditer(clause.text)]
            if clause.start > chosen.start and len(places) == 1:
                if self.fit(clause.text, places[0]) > 0 and not is_bare(clause):
                    return clause
        return None

    def rivals(
        self, clauses: Sequence[Clause], clause: Clause, position: int
    ) -> tuple[int, int] | None:
        """Where another answer stands beside the chosen one as its equal."""
        for match in RULES.joined.get(self.key.kind, RULES.joined["title"]).finditer(clause.text):
            if match.start() <= position < match.end():
                if self.differ(clause.start + match.start(), clause.start + match.end() - 1):
                    return clause.start + match.start(), clause.start + match.end()
        for other in filter(is_bare, clauses):
            if is_bare(clause) and ":" not in other.text and other.sentence != clause.sentence:
                one, two = (c.start + ANSWER.search(c.text).start() for c in (clause, other))
                if self.differ(one, two):
                    return min(one, two), max(one, two) + 1
        return None

    def differ(self, one: int, other: int) -> bool:
        """Whether the answers at two places of the marked text are two."""
        first, second = (self.reply.words_at(at, at + 1) for at in (one, other))
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


def is_refusal(clause: Clause) -> bool:
    """Whether a clause is a refusal and nothing else: `Pass!`, `formed: null`."""
    return bool(RULES.refusal_whole.fullmatch(clause.text.rpartition(":")[2].strip(PUNCTUATION)))


def is_bare(clause: Clause) -> bool:
    """Whether a clause is an answer and nothing else, or an answer behind a colon."""
    text = clause.text.rpartition(":")[2].strip(PUNCTUATION)
    return not re.sub(r"\A(?:the|an?) ", "", text, flags=re.IGNORECASE).strip(K + C)


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
                return [Clause(tail, start, "", False, clause.sentence)]
    return clauses
