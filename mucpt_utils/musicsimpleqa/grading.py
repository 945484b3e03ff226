"""Deterministic agreement scoring: correct, incorrect or not attempted, with the reason.

What the grader knows of language is data, in grading_rules.yaml and word_forms.yaml. A response is
graded in four steps: is it the key as it stands; where in it are the key (K) and other answers of
its kind (C); what is said about them (denied, put right, offered as one of several); which of them
comes first.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.keys import Key
from mucpt_utils.musicsimpleqa.names import NameKey, PlaceKey
from mucpt_utils.musicsimpleqa.persons import PersonKey
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.terms import TermKey
from mucpt_utils.musicsimpleqa.values import DateKey, NumberKey, YearKey
from mucpt_utils.musicsimpleqa.words import clean, words

CORRECT, INCORRECT, NOT_ATTEMPTED = "correct", "incorrect", "not_attempted"
GRADES = (CORRECT, INCORRECT, NOT_ATTEMPTED)
VALUE_KEYS = {"year": YearKey, "date": DateKey, "number": NumberKey}
NAME_KEYS = {"person": PersonKey, "place": PlaceKey, "term": TermKey}
BARE_KEY = K + " .,!?;:\"'()[]-–—"


class Grade(NamedTuple):
    """One of GRADES, and in a few words why."""

    grade: str
    reason: str


def grade(question: Mapping, response: str) -> Grade:
    """Grade a response, of any length, against a question's key.

    question: dict with `question`, `answer`, `answer_type` and, where there are any, `aliases`.
    Raises KeyError for a missing field.
    """
    key, text = key_of(question), clean(response)
    if not text:
        return Grade(NOT_ATTEMPTED, "empty")
    bare = RULES.lead_in.sub("", text, count=1) if RULES.lead_in.match(text) else text
    if key.is_whole(text) or (bare != text and key.is_whole(bare)):  # "It was Nirvana"
        return Grade(CORRECT, "is the key")
    if RULES.refusal_whole.fullmatch(text.rstrip(" .!?").lower()):
        return Grade(NOT_ATTEMPTED, "refuses")
    marked = key.mark(text)  # K for the key, C for other answers of its kind
    if K in marked:
        return grade_mention(marked, key)
    if key.is_misspelt(bare):
        return Grade(CORRECT, "is the key, misspelt")
    return grade_without_key(marked, key)


def grade_mention(marked: str, key: Key) -> Grade:
    """The key is in the response: does the response give it as its one answer?"""
    if not marked.strip(BARE_KEY):
        return Grade(CORRECT, "gives the key")
    if RULES.undecided.search(marked.partition(K)[0]) and not RULES.guess.search(marked):
        return Grade(NOT_ATTEMPTED, "leaves it open")
    # the last word counts
    marked = final_words(marked)
    if K not in marked:
        return Grade(INCORRECT, "takes the key back")
    # mentions that are not answers: denied, believed by others, in passing
    marked = key.relevant_clauses(marked)
    for pattern in RULES.discounted:
        marked = pattern.sub(" ", marked)
    if C in marked or key.kind == "term":
        marked = RULES.subordinate.sub(" ", marked)
    if K not in marked:
        return Grade(INCORRECT, "denies the key or names it in passing")
    # the key among other answers
    if any(pattern.search(marked) for pattern in key.several):
        return Grade(INCORRECT, "gives more than one answer")
    if key.another_first(marked):
        return Grade(INCORRECT, "gives another answer first")
    return Grade(CORRECT, "gives the key")


def final_words(marked: str) -> str:
    """What follows the last second thought or "the answer is", where it names an answer."""
    for pattern in (RULES.correction, RULES.final_answer):
        for match in reversed(list(pattern.finditer(marked))):
            tail = marked[match.end() :]
            if K in tail or C in tail:
                marked = tail
                break
    return marked


def grade_without_key(marked: str, key: Key) -> Grade:
    """The key is nowhere in the response: a refusal, or another answer."""
    if not (words(marked) or C in marked or (key.symbols and marked.strip("?. "))):
        return Grade(NOT_ATTEMPTED, "no words")
    rest, refusals = RULES.refusal.subn(" ", marked)
    if refusals and not RULES.guess.search(rest):
        return Grade(NOT_ATTEMPTED, "refuses")
    return Grade(INCORRECT, "not the key")


def key_of(question: Mapping) -> Key:
    """The key of a question, ready to be looked for. Raises KeyError for a missing field."""
    aliases = tuple(question.get("aliases", ()))
    return make_key(question["answer"], aliases, question["answer_type"], question["question"])


@lru_cache(maxsize=16384)
def make_key(answer: str, aliases: tuple[str, ...], kind: str, question: str) -> Key:
    """The key of an answer type; what is not the value that its type says is a term."""
    if kind in VALUE_KEYS:
        try:
            return VALUE_KEYS[kind](answer, question)
        except ValueError:  # "c. 1600"
            kind = "term"
    return NAME_KEYS.get(kind, NameKey)(answer, aliases, kind, question)
