"""Files of answers, as the tool or another one writes them: one response to a question at most."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from mucpt_utils.io import FileError

ANSWER = ("id", "response")  # fields that every answer has


def answers_file(path: Path) -> Path:
    """The file of a model's answers; a folder is its answers.jsonl. Raises FileError for none."""
    path = path / "answers.jsonl" if path.is_dir() else path
    if not path.is_file():
        raise FileError(f"no answers at {path}")
    return path


def answers_to(texts: Mapping[str, str], answers: Iterable[dict], where: object) -> list[dict]:
    """Those of some answers that are to these questions as worded today.

    A response that is kept with its question, as the tool keeps it, counts for this wording only.
    texts: what is asked, by question id. Raises FileError, which says where, for a question that is
    answered twice.
    """
    own = [
        answer
        for answer in answers
        if answer["id"] in texts and answer.get("question") in (None, texts[answer["id"]])
    ]
    check_once(where, (answer["id"] for answer in own))
    return own


def check_once(where: object, names: Iterable[str], advice: str = "") -> None:
    """Raises FileError if a question is answered twice: which answer counts is not known.

    names: the ids of the questions answered. advice: what is needed instead.
    """
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise FileError(f"{where}: {twice!r} is answered twice{f'; {advice}' * bool(advice)}")
