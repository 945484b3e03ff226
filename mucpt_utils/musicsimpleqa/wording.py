"""How much a score depends on wording: one model's answers to the core and to its paraphrases.

    python -m mucpt_utils musicsimpleqa --model MODEL --out A
    python -m mucpt_utils musicsimpleqa --model MODEL --out B \\
        --questions data_cards/musicsimpleqa/paraphrases.jsonl
    python -m mucpt_utils questions wording A B
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from mucpt_utils.errors import MuCPTError
from mucpt_utils.musicsimpleqa.answers import check_once
from mucpt_utils.musicsimpleqa.difficulty import read_responses
from mucpt_utils.stats import Estimate, clustered_mean

ORIGINAL = "original"
ONE_MODEL = "needed are one model's answers to the test split and to the paraphrases"


class WordingError(MuCPTError, ValueError):
    """Answers that cover no question in several wordings."""


def by_wording(right: Mapping[str, bool]) -> dict[str, dict[str, bool]]:
    """Question id -> whether each wording (`original`, `1`, `2`) was answered correctly."""
    wordings: dict[str, dict[str, bool]] = defaultdict(dict)
    for name, correct in right.items():
        original, _, number = name.partition("#")
        wordings[original][number or ORIGINAL] = correct
    return dict(wordings)


def dependence(
    right: Mapping[str, bool], subjects: Mapping[str, str]
) -> tuple[dict[str, Estimate], int]:
    """Accuracy by wording, how often a question's wordings agree, and the number of questions.

    right: by question id, with `#1`, `#2` for paraphrases. subjects: of the questions, resampled
    together in the intervals. Only questions answered in every wording count. Raises WordingError
    if there is none.
    """
    all_wordings = by_wording(right)
    names = sorted({name for answers in all_wordings.values() for name in answers})
    whole = {name: a for name, a in all_wordings.items() if len(a) == len(names) > 1}
    if not whole:
        raise WordingError("no question is answered both as it is and in a paraphrase")
    groups = [subjects[name] for name in whole]
    rows = {
        f"accuracy, {'as it is' if wording == ORIGINAL else f'paraphrase {wording}'}": [
            float(answers[wording]) for answers in whole.values()
        ]
        for wording in sorted(names, key=lambda name: (name != ORIGINAL, name))
    }
    rows["right in every wording"] = [float(all(a.values())) for a in whole.values()]
    rows["right in some wording"] = [float(any(a.values())) for a in whole.values()]
    rows["the same in every wording"] = [
        float(all(a.values()) or not any(a.values())) for a in whole.values()
    ]
    return {name: clustered_mean(values, groups) for name, values in rows.items()}, len(whole)


def report_wording(files: Sequence[Path], questions: Sequence[Mapping]) -> list[str]:
    """The lines of `questions wording`: one per measure, with its interval.

    files: answers of one model, to the test split and to the paraphrases. questions: both kinds.
    Raises FileError for two files with answers to one question, as those of two models have.
    """
    asked = {question["id"]: question for question in questions}
    answers = [read_responses(file, asked) for file in files]
    names = [name for right in answers for name in right]
    check_once(" and ".join(map(str, files)), names, ONE_MODEL)
    right = {name: correct for file in answers for name, correct in file.items()}
    subjects = {name: question["subject"] for name, question in asked.items()}
    measures, count = dependence(right, subjects)
    lines = [
        f"{name:28} {value:.3f} [{low:.3f}, {high:.3f}]"
        for name, (value, low, high) in measures.items()
    ]
    return [*lines, f"{count} questions in every wording"]
