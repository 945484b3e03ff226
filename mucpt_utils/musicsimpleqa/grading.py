"""Deterministic agreement scoring: correct, incorrect or not attempted, with the reason.

What the grader knows of language is data, in grading_rules.yaml. A response is graded in four
steps: is it the key as it stands; where in it are the key (K) and other answers of its kind (C);
what is said about them (denied, put right, offered as one of several); which of them comes first.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.names import Key, PersonKey
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.values import DateKey, NumberKey, YearKey
from mucpt_utils.musicsimpleqa.words import clean, words

CORRECT, INCORRECT, NOT_ATTEMPTED = "correct", "incorrect", "not_attempted"
GRADES = (CORRECT, INCORRECT, NOT_ATTEMPTED)
_VALUE_KEYS = {"year": YearKey, "date": DateKey, "number": NumberKey}
_BARE = K + " .,!?;:\"'()[]-–—"


class Grade(NamedTuple):
    """One of GRADES, and in a few words why."""

    grade: str
    reason: str


def grade(question: Mapping, response: str) -> Grade:
    """Grade a response against a question's key.

    question: dict with `question`, `answer`, `answer_type` and, where there are any, `aliases`.
    response: the answer as given, of any length. Raises KeyError for a missing field.
    """
    key = _key(
        question["answer"],
        tuple(question.get("aliases", ())),
        question["answer_type"],
        question["question"],
    )
    text = clean(response)
    if not text:
        return Grade(NOT_ATTEMPTED, "empty")
    if key.is_whole(text):
        return Grade(CORRECT, "is the key")
    bare = RULES.lead_in.sub("", text, count=1) if RULES.lead_in.match(text) else text
    if bare is not text and key.is_whole(bare):
        return Grade(CORRECT, "is the key")
    if RULES.refusal_whole.fullmatch(text.rstrip(" .!?").lower()):
        return Grade(NOT_ATTEMPTED, "refuses")
    marked = key.mark(text)
    if K not in marked:
        if key.is_misspelt(bare):
            return Grade(CORRECT, "is the key, misspelt")
        return _without_key(marked, key)
    return _with_key(marked, key)


@lru_cache(maxsize=16384)
def _key(answer: str, aliases: tuple[str, ...], kind: str, question: str) -> Key:
    if kind in _VALUE_KEYS:
        try:
            return _VALUE_KEYS[kind](answer, aliases, kind, question)
        except ValueError:  # "c. 1600": no plain number, so it is compared as words
            kind = "term"
    return (PersonKey if kind == "person" else Key)(answer, aliases, kind, question)


def _without_key(marked: str, key: Key) -> Grade:
    """The key is nowhere in the response: a refusal, or another answer."""
    if not (words(marked) or C in marked or (key.symbols and marked.strip("?. "))):
        return Grade(NOT_ATTEMPTED, "no words")
    rest, refusals = RULES.refusal.subn(" ", marked)
    if refusals and not RULES.guess.search(rest):
        return Grade(NOT_ATTEMPTED, "refuses")
    return Grade(INCORRECT, "not the key")


def _with_key(marked: str, key: Key) -> Grade:
    """The key is in the response: does the response give it as its one answer?"""
    if not marked.strip(_BARE):
        return Grade(CORRECT, "gives the key")
    if RULES.undecided.search(marked.partition(K)[0]) and not RULES.guess.search(marked):
        return Grade(NOT_ATTEMPTED, "leaves it open")
    marked = _last_word(marked)
    if K not in marked:
        return Grade(INCORRECT, "takes the key back")
    marked = key.relevant_clauses(marked)
    for pattern in RULES.discounted:
        marked = pattern.sub(" ", marked)
    if C in marked or key.kind == "term":
        marked = RULES.subordinate.sub(" ", marked)
    if K not in marked:
        return Grade(INCORRECT, "denies the key or names it in passing")
    for pattern in key.several:
        if pattern.search(marked):
            return Grade(INCORRECT, "gives more than one answer")
    if key.another_first(marked):
        return Grade(INCORRECT, "gives another answer first")
    return Grade(CORRECT, "gives the key")


def _last_word(marked: str) -> str:
    """What follows the last second thought or "the answer is", where it names an answer."""
    for pattern in (RULES.correction, RULES.final_answer):
        for match in reversed(list(pattern.finditer(marked))):
            tail = marked[match.end() :]
            if K in tail or C in tail:
                marked = tail
                break
    return marked
