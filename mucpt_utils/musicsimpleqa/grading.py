"""Deterministic agreement scoring: correct, incorrect or not attempted, with the reason.

In two steps: `committed` finds the span of the reply that answers the question, whether it is right
or wrong; the key says whether that span agrees with it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.commitment import NOTHING, ONE, answer_to
from mucpt_utils.musicsimpleqa.grader.keys import Key
from mucpt_utils.musicsimpleqa.grader.short_replies import is_another

CORRECT, INCORRECT, NOT_ATTEMPTED = "correct", "incorrect", "not_attempted"
GRADES = (CORRECT, INCORRECT, NOT_ATTEMPTED)
SHORT = 200  # characters of a reply whose grade is remembered


class Grade(NamedTuple):
    """One of GRADES, the reason in a few words, and the words of the reply that were graded."""

    grade: str
    reason: str
    committed: str = ""


def grade(question: Mapping, response: str) -> Grade:
    """Grade a response, of any length and with whatever a model writes around its answer.

    question: dict with `question`, `answer`, `answer_type` and, if there are any, `aliases` and
    `subject`. Raises KeyError for a missing field.
    """
    key = key_of(question)
    # many models give the same short reply to one question
    return graded_once(key, response) if len(response) <= SHORT else graded(key, response)


def graded(key: Key, response: str) -> Grade:
    """The grade of a response to a key's question, found at once if it is only another name."""
    if another := is_another(key, response):
        return Grade(INCORRECT, "gives another answer", another)
    return graded_in_full(key, response)


def graded_in_full(key: Key, response: str) -> Grade:
    """The grade of a response in two steps: what it commits to, and whether this is the key."""
    commitment = answer_to(key, response)
    if commitment.state == NOTHING:
        return Grade(NOT_ATTEMPTED, commitment.reason)
    if commitment.state != ONE:
        return Grade(INCORRECT, commitment.reason, commitment.text)
    if key.agrees(commitment.text):
        return Grade(CORRECT, f"gives the key: {commitment.reason}", commitment.text)
    return Grade(INCORRECT, "gives another answer", commitment.text)


graded_once = lru_cache(maxsize=65536)(graded)
