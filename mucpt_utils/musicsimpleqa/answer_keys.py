"""The key of a question, of the kind that its answer type says."""

from collections.abc import Mapping
from functools import lru_cache

from mucpt_utils.musicsimpleqa.asked import Asked
from mucpt_utils.musicsimpleqa.keys import Key
from mucpt_utils.musicsimpleqa.names import NameKey
from mucpt_utils.musicsimpleqa.persons import PersonKey
from mucpt_utils.musicsimpleqa.places import PlaceKey
from mucpt_utils.musicsimpleqa.terms import TermKey
from mucpt_utils.musicsimpleqa.values import DateKey, NumberKey, YearKey

VALUE_KEYS = {"year": YearKey, "date": DateKey, "number": NumberKey}
NAME_KEYS = {"person": PersonKey, "place": PlaceKey, "term": TermKey}


def key_of(question: Mapping) -> Key:
    """The key of a question, ready to be looked for.

    question: dict with `question`, `answer`, `answer_type` and, where there are any, `aliases` and
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
    """The key of an answer type; what is not the value that its type says is a term."""
    if kind in VALUE_KEYS:
        try:
            return VALUE_KEYS[kind](answer, Asked(question, kind, subject))
        except ValueError:  # "c. 1600"
            kind = "term"
    asked = Asked(question, kind, subject)
    return NAME_KEYS.get(kind, NameKey)(answer, aliases, kind, asked)
