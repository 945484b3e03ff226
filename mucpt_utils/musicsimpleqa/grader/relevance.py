"""How much a clause of a reply is about what is asked, and how well an answer fits in it."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.clauses import RELATIVES, RESUMED, Clause
from mucpt_utils.musicsimpleqa.grader.readings import words
from mucpt_utils.musicsimpleqa.grader.rules import RULES, C, K, N, S
from mucpt_utils.musicsimpleqa.grader.words import lower

# for texts in lower case
SUBJECT_WORDS = re.compile(
    r"\b(?:it|this|that|they|he|she"
    r"|the (?:song|album|opera|work|piece|band|group|track|prize))\b"
)
WORD_BEFORE = re.compile(r"\b(\w+)(?: (?:by|is|was|to|in|on|the|a|an)){0,2} [\"']?$")
LABEL = re.compile(rf"[\W_]{{0,8}}[\w ]{{2,30}}: [\"']?[{K}{C}]")
NO_ADJECTIVE = "is|are|was|were|include\\w*|with|to|for|of|by|in|at|on|from"
BARE = re.compile(
    rf"[^\w{K}{C}{N}{S}]{{0,8}}(?:(?:in|at|on|from|by|for)\s)?(?:(?:the|a|an)\s)?"
    rf"(?:(?!(?:{NO_ADJECTIVE})\b)[\w-]+\s){{0,3}}[\"']?[{K}{C}][\"']?\s*(?:,|$)"
)
AS_FAR_AS_ANSWER = re.compile(rf"[^,{K}{C}{N}]{{0,24}}")
RELATIVE = re.compile(r" (?:who|which|that|whose)\b")
# "Marshall Mathers, known as Eminem, was born ..."
GOES_ON = re.compile(r"[^,.;!?\n]{0,40},[^,.;!?\n]{1,80}, (?:was|were|is|are|has|had|came|won)\b")
# words by which a clause goes on about an answer before it: of a time or place, of somebody
REFERS_BACK = (frozenset({"when", "where", "which"}), frozenset({"who", RESUMED}))
REFERRING = re.compile(r"\s*(?:he|she|they)\b")
# what questions ask for
KINDS_ASKED = {
    "title": frozenset({"title", "song", "album", "piece", "composition", "work"}),
    "value": frozenset({"year", "date", "number"}),
    "place": frozenset({"city", "town", "country", "place"}),
    "term": frozenset({"key", "label", "number"}),
    "agent": frozenset(
        {"composer", "producer", "librettist", "singer", "band", "soloist", "artist"}
    ),
}
PREPOSITION = re.compile(r"[\s\"'(]{0,4}(?:in|on|at|from)\b[^,]*,", re.IGNORECASE)


class Relevance:
    """What makes clauses and answers relevant to one question.

    asked: the question. marks: the reply with its answers marked. clauses: all of it.
    """

    def __init__(self, asked: Asked, marks: str, clauses: Sequence[Clause]):
        self.asked, self.marks = asked, marks
        # sentences in which a clause without an answer names the subject: "1976 is when S formed"
        named = (clause for clause in clauses if S in clause.text and not clause.answers)
        self.about_subject = {clause.sentence for clause in named}
        # "C, known as S, was born in K"
        pairs = pairwise(clauses)
        self.resumed = {c.start for before, c in pairs if c.opener == RESUMED and S in before.text}
        self.clauses = clauses

    @cached_property
    def told_behind(self) -> frozenset[int]:
        """Where the clauses begin of whose answers a clause behind says what is asked."""
        return frozenset(
            clause.start
            for index, clause in enumerate(self.clauses)
            if clause.answers and self.is_told(clause, self.clauses[index + 1 :])
        )

    def is_told(self, clause: Clause, behind: Sequence[Clause]) -> bool:
        """Whether a clause without an answer says of the one before it what is asked.

        "He died in C, which is when it was given for the first time"; "X, a Czech, wrote it".
        """
        back = REFERS_BACK[self.asked.role == "agent"]
        for other in behind:
            if other.answers or N in other.text or other.sentence != clause.sentence:
                return False
            if (other.opener in back or REFERRING.match(other.small)) and self.asked.said_in(
                other.text
            ):
                return self.asked.role == "agent" or other.opener in back
        return False

    def of(self, clause: Clause, opens: bool = False) -> int:
        """How much a clause is about what is asked.

        Most if it has a label for it ("Artist: X") or opens the reply with a bare answer; else
        by whether it has the subject of the question, its relation, and an answer in its place.
        """
        if not clause.side and LABEL.match(clause.text) and self.asked.said_in(clause.text):
            return 9
        if opens and self.is_bare_opening(clause):
            return 8
        about_subject = S in clause.text or clause.sentence in self.about_subject
        about_subject = about_subject or clause.start in self.resumed
        score = 3 if about_subject else int(bool(SUBJECT_WORDS.search(clause.small)))
        score += self.relation_score(clause.text) - 3 * clause.side
        return score + self.is_answering(clause)

    def relation_score(self, text: str) -> int:
        """2 for the asked relation, -2 for others only, 0 for none and for those in passing."""
        if self.asked.said_in(text):
            return 2
        return -2 if RULES.tells_relation(text) else 0

    def is_bare_opening(self, clause: Clause) -> bool:
        """Whether the reply opens with a bare answer, not with `It was X who recorded Y`."""
        bare = without_lead_in(clause.text)
        if clause.side or not BARE.match(bare) or PREPOSITION.match(clause.text):
            return False
        end = clause.start + len(clause.text)
        if RELATIVE.match(self.marks[end : end + 12]) or GOES_ON.match(self.marks, clause.start):
            return False
        return self.relation_score(bare.partition(",")[0]) >= 0

    # --- answers in a clause --------------------------------------------------------------------

    def fits(self, clause: Clause) -> Iterator[int]:
        """How well each answer of a clause fits."""
        return (self.fit(clause.text, place) for place in clause.places)

    def is_answering(self, clause: Clause) -> bool:
        """Whether an answer in a clause is where it can be given as one."""
        return any(fit >= 0 for fit in self.fits(clause))

    def names_asked(self, text: str) -> bool:
        """Whether a text names what is asked for by its kind: `the song title escapes me`."""
        kinds = KINDS_ASKED[self.asked.role]
        return any(
            word.form in kinds and (word.form in self.asked.forms or word.form == "title")
            for word in words(text)
        )

    def is_guess(self, clause: Clause) -> bool:
        """Whether a clause next to a refusal gives an answer after all."""
        bare = clause.opener not in RELATIVES and BARE.match(
            without_lead_in(clause.text).rstrip(" ?!.")
        )
        if bare or RULES.guess.search(clause.small):
            return self.is_answering(clause)
        asked = self.asked.said_in(clause.text)
        return bool(asked) and (S in clause.text or any(fit > 0 for fit in self.fits(clause)))

    def likeliest(self, clause: Clause) -> int:
        """The place of the answer whose position fits best; the first among equals."""
        if len(clause.places) == 1:
            return clause.places[0]
        return max(clause.places, key=lambda at: (self.fit(clause.text, at), -at))

    def fit(self, text: str, at: int) -> int:
        """How well the words around an answer fit the role of the answer asked for."""
        before, behind = text[max(0, at - 60) : at], text[at + 1 : at + 60]
        around, role = (lower(before), lower(behind)), self.asked.role
        score = 2 * RULES.likely[role].fits(*around)
        if word := WORD_BEFORE.search(before):  # "produced by", "the producer"
            if self.asked.said_in(word[1]):
                score += 1
            elif role == "agent" and RULES.tells_relation(word[1]):
                score -= 3
        if role == "agent":  # "X produced it"
            verb = AS_FAR_AS_ANSWER.match(behind)
            score += bool(verb and self.asked.said_in(verb[0]))
        return score - 3 * RULES.unlikely[role].fits(*around)


def without_lead_in(text: str) -> str:
    """The text without "I think it was" and the like before an answer."""
    lead_in = RULES.lead_in.match(lower(text))
    return text[lead_in.end() :] if lead_in else text
