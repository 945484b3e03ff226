"""Which of several answers a reply gives: the evidence for each, weighed.

Each answer that is not set aside is described by some twenty observations: whether its clause
speaks of the subject and of the asked relation, whether the phrase around it does, whether a label
or a part ("on drums") beside it is the asked one, whether the reply opens, ends or concludes with
it. Each observation has a weight, fitted on labelled replies (a conditional logit over the answers
of a reply, McFadden 1974; `tests/benchmarks/fit_evidence.py`), so that a new kind of reply needs
cases and no new exception. The answer with the most evidence is given.

The key has a weight of its own: right names are rarely written by accident.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.musicsimpleqa.asked import Asked
from mucpt_utils.musicsimpleqa.clauses import ANSWER, Clause, Marked
from mucpt_utils.musicsimpleqa.readings import forms_of
from mucpt_utils.musicsimpleqa.relevance import SUBJECT_WORDS, Relevance
from mucpt_utils.musicsimpleqa.rivals import is_bare
from mucpt_utils.musicsimpleqa.rules import RULES, A, K, S
from mucpt_utils.musicsimpleqa.words import lower

DATA = read_yaml(paths.PACKAGE / "musicsimpleqa/evidence.yaml")
WEIGHTS: dict[str, float] = DATA["weights"]
# all parts in one pattern, each a group of the number that stands for it
PARTS = tuple(DATA["parts"])
PART = re.compile(
    "|".join(rf"\b({pattern})(?!\w)" for pattern in DATA["parts"].values()), re.IGNORECASE
)
# things of which one may be asked about and another one told of
THINGS = {name: re.compile(rf"\b(?:{pattern})\b") for name, pattern in DATA["things"].items()}
CUE, LABEL, EDGE, AFFIRMED, HUNG = (
    re.compile(DATA[name].replace("{A}", A), re.IGNORECASE)
    for name in ("cue", "label", "edge", "affirmed", "hung")
)
BEHIND_SUBJECT = re.compile(rf"{S}[\"')]*(?: \(|,|:| [-–—]| is| was)? $")
IS, OWNER = re.compile(r"\b(?:is|was|are|were) (?:really |actually )?$"), re.compile(r"'s?\W*\Z")
REACH = 45  # characters from an answer to the part beside it
PHRASE = 400  # characters of a phrase on either side of an answer
BEYOND = 12  # a part behind a comma is as far as one that many characters further
STOP = re.compile(r"[,;.]|\b(?:and|but|while)\b")
Answer = tuple[Clause, int]  # an answer: its clause, and its place in it


def exclusive_parts() -> dict[str, frozenset[str]]:
    """For each part, those that are not done or meant where it is."""
    others: dict[str, set[str]] = {part: set() for part in PARTS}
    for group in DATA["exclusive"]:
        for part in group:
            others[part] |= set(group) - {part}
    return {part: frozenset(names) for part, names in others.items()}


EXCLUSIVE = exclusive_parts()


def parts_in(text: str) -> frozenset[str]:
    """The parts that a text names."""
    return frozenset(PARTS[(match.lastindex or 1) - 1] for match in PART.finditer(text))


@lru_cache(maxsize=16384)
def asked_parts(asked: Asked) -> frozenset[str]:
    """The parts that a question names outside its names."""
    plain = (word for index, word in enumerate(asked.words) if not index or not word.capital)
    return parts_in(" ".join(word.raw for word in plain))


@lru_cache(maxsize=16384)
def asked_things(asked: Asked) -> frozenset[str]:
    """The things that a question names outside its names: the album, the song."""
    plain = " ".join(word.raw for word in asked.words if not word.capital)
    return frozenset(name for name, pattern in THINGS.items() if pattern.search(plain))


def speaks_of_part(clause: Clause, asked: Asked) -> bool:
    """Whether a clause names a part, and it is asked who did that one."""
    return asked.role == "agent" and not asked_parts(asked).isdisjoint(parts_in(clause.text))


class Evidence:
    """What speaks for each answer of a reply.

    reply: with its answers marked. clauses: those that give an answer. relevance: what makes a
    clause relevant to the question.
    """

    def __init__(self, reply: Marked, clauses: Sequence[Clause], relevance: Relevance):
        self.reply, self.clauses, self.relevance = reply, clauses, relevance
        self.asked = relevance.asked
        self.subject_named = any(S in clause.text for clause in clauses)
        self.asked_parts = asked_parts(self.asked)
        self.of_clauses: dict[int, dict[str, float]] = {}  # by the place where a clause begins

    def strongest(self) -> Answer:
        """The answer with the most evidence; the first of equals."""
        answers = list(self.answers())
        if len(answers) == 1:
            return answers[0]
        return max(answers, key=lambda answer: self.of(*answer))

    def answers(self) -> Iterator[Answer]:
        """Every answer, in order."""
        for clause in self.clauses:
            for place in clause.places:
                yield clause, place

    def of(self, clause: Clause, at: int) -> float:
        """The evidence for an answer: the weights of what is observed about it."""
        seen = self.observed(clause, at)
        return sum([WEIGHTS.get(name, 0.0) * value for name, value in seen.items() if value])

    def observed(self, clause: Clause, at: int) -> dict[str, float]:
        """What is observed about an answer, each from 0 (False) to 1 (True)."""
        if clause.start not in self.of_clauses:
            self.of_clauses[clause.start] = self.about_clause(clause)
        seen = self.of_clauses[clause.start] | self.about_phrase(clause.text, at)
        seen |= self.about_position(clause, at)
        if part := self.part_beside(clause.start + at):
            seen["asked part"] = part in self.asked_parts
            seen["other part"] = not EXCLUSIVE[part].isdisjoint(self.asked_parts - {part})
        return seen

    def about_clause(self, clause: Clause) -> dict[str, float]:
        """What a clause says: of the subject, of the asked relation, by the way."""
        relevance, asked = self.relevance, self.asked.said_in(clause.text)
        subject = S in clause.text or clause.sentence in relevance.about_subject
        subject = subject or clause.start in relevance.resumed
        return {
            "subject": subject,
            "subject elsewhere": bool(asked) and not subject and self.subject_named,
            "pronoun": not subject and bool(SUBJECT_WORDS.search(clause.text)),
            "asked relation in clause": bool(asked),
            "other relation in clause": not asked and RULES.tells_relation(clause.text),
            "aside": clause.side,
            "bare": is_bare(clause),
            "bare at the end": is_bare(clause) and clause is self.clauses[-1],
        }

    def about_phrase(self, text: str, at: int) -> dict[str, float]:
        """What the words right around an answer say."""
        phrase = phrase_around(text, at)
        asked = self.asked.said_in(phrase)
        before, behind = text[max(0, at - 60) : at], text[at + 1 : at + 60]
        owns = self.owns_asked(behind)
        if self.asked.role == "agent" and IS.search(before) and OWNER.match(behind):
            asked, owns = self.asked.relations, True  # "the album was Joe Zawinul's"
        around, role = (lower(before), lower(behind)), self.asked.role
        label = LABEL.search(before)
        own = label is not None and self.is_asked_label(label[1])
        return {
            "asked relation": bool(asked),
            "share of asked relations": len(asked) / max(1, len(self.asked.relations)),
            "other relation": not asked and RULES.tells_relation(phrase),
            "likely position": RULES.likely[role].fits(*around),
            "unlikely position": RULES.unlikely[role].fits(*around) and not owns,
            "asked label": own,
            "other label": bool(label) and not own,
            "behind the subject": bool(BEHIND_SUBJECT.search(before)),
            "another thing": role == "value" and self.is_of_another_thing(phrase),
            "hung on another": role != "place" and bool(HUNG.search(before)),
            "conclusion": bool(CUE.search(before)),
        }

    def about_position(self, clause: Clause, at: int) -> dict[str, float]:
        """Where an answer stands, how often, and whether it is the key."""
        marks = self.relevance.marks
        behind = marks[clause.start + at + 1 : clause.start + at + 30]
        name = self.reply.words_at(clause.start + at, clause.start + at + 1)
        is_key = clause.text[at] == K
        times = marks.count(K) if is_key else self.reply.text.count(name)
        opens = clause is self.clauses[0] and not ANSWER.search(clause.text, 0, at)
        place = next(i for i, other in enumerate(self.clauses) if other is clause)
        return {
            "key": is_key,
            "opens": opens and self.relevance.is_bare_opening(clause),
            "opens alone": opens and not clause.side and is_bare(clause) and self.ends(clause),
            "late": place / max(1, len(self.clauses) - 1),
            "repeated": min(2, times - 1) / 2,
            "asked back": behind.lstrip("\"') ").startswith("?"),
            "affirmed": bool(AFFIRMED.match(behind)),
            "one word": not is_key and " " not in name and self.asked.role in ("agent", "title"),
        }

    def is_of_another_thing(self, phrase: str) -> bool:
        """Whether a phrase tells of the album where the song is asked about."""
        things = asked_things(self.asked)
        if not things or S in phrase:
            return False
        told = {name for name, pattern in THINGS.items() if pattern.search(lower(phrase))}
        return bool(told) and things.isdisjoint(told)

    def ends(self, clause: Clause) -> bool:
        """Whether a sentence ends with a clause."""
        behind = self.relevance.marks[clause.start + len(clause.text) :]
        return not behind or behind[0] in ".!\n"

    def owns_asked(self, behind: str) -> bool:
        """Whether what is asked is said to be the answer's: `John Cale's production`."""
        return behind.startswith("'s ") and bool(self.asked.said_in(behind[:30]))

    def is_asked_label(self, label: str) -> bool:
        """Whether a label names what is asked: `Produced by:`, `Bass:`, `Answer:`."""
        relations = self.asked.said_in(label)
        if "ey" not in label:  # "relative minor: E minor"
            relations -= {"key"}
        if relations or "nswer" in label:
            return True
        return not parts_in(label).isdisjoint(self.asked_parts) or any(
            form in self.asked.forms and form not in RULES.function_words
            for form in forms_of(label)
        )

    def part_beside(self, at: int) -> str | None:
        """The part named nearest to an answer, up to the next answer: `X (bass)`, `drums: X`."""
        if not self.asked_parts:
            return None
        marks = self.relevance.marks
        before = re.split(A, marks[max(0, at - REACH) : at])[-1]
        behind = re.split(A, marks[at + 1 : at + REACH])[0]
        near = [
            (len(before) - m.end() + BEYOND * bool(STOP.search(before, m.end())), m)
            for m in PART.finditer(before)
        ]
        near += [
            (m.start() + BEYOND * bool(STOP.search(behind, 0, m.start())), m)
            for m in PART.finditer(behind)
        ]
        if not near:
            return None
        return PARTS[(min(near, key=lambda pair: pair[0])[1].lastindex or 1) - 1]


def phrase_around(text: str, at: int) -> str:
    """The words around an answer up to the next sign, conjunction or answer on either side."""
    before, behind = text[max(0, at - PHRASE) : at], text[at + 1 : at + PHRASE]
    begins = [match.end() for pattern in (EDGE, ANSWER) for match in pattern.finditer(before)]
    ends = [match.start() for p in (EDGE, ANSWER) if (match := p.search(behind))]
    return before[max(begins, default=0) :] + " " + behind[: min(ends, default=len(behind))]
