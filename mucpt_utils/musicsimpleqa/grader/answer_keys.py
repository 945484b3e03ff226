"""The key of a question: what its right answer is, by its answer type."""

import re
from collections.abc import Mapping
from functools import lru_cache

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.keys import Key
from mucpt_utils.musicsimpleqa.grader.names import NameKey
from mucpt_utils.musicsimpleqa.grader.persons import PersonKey, is_person
from mucpt_utils.musicsimpleqa.grader.places import PlaceKey
from mucpt_utils.musicsimpleqa.grader.terms import TermKey
from mucpt_utils.musicsimpleqa.grader.values import DateKey, NumberKey, YearKey

VALUE_KEYS = {"year": YearKey, "date": DateKey, "number": NumberKey}
NAME_KEYS = {"person": PersonKey, "place": PlaceKey, "term": TermKey}

# a question whose answer may be a singer or a band
PERSON_OR_BAND = re.compile(r"(?:artist|singer|musician) or (?:band|group)|\AWho\b")


def key_of(question: Mapping) -> Key:
    """The key of a question, prepared for looking it up in answers.

    question: dict with `question`, `answer`, `answer_type` and, if there are any, `aliases` and
    `subject`. Raises KeyError for a missing field.
    """
    aliases = tuple(question.get("aliases") or ())
    subject = question.get("subject") or ""
    return make_key(
        question["answer"], aliases, question["answer_type"], question["question"], str(subject)
    )


@lru_cache(maxsize=16384)
def make_key(
    answer: str, aliases: tuple[str, ...], kind: str, question: str, subject: str = ""
) -> Key:
    """The key of an answer; an answer that is not a value of its type is a term.

    A singer asked for by a question about artists or bands is a person: `Hardy` may be right.
    """
    if kind in VALUE_KEYS:
        try:
            return VALUE_KEYS[kind](answer, Asked(question, kind, subject))
        except ValueError:  # "c. 1600"
            kind = "term"
    if kind == "group" and PERSON_OR_BAND.search(question) and is_person(answer):
        kind = "person"
    asked = Asked(question, kind, subject)
    return NAME_KEYS.get(kind, NameKey)(answer, aliases, kind, asked)
