"""What an evaluation leaves behind: graded answers, their summary in files and on the terminal."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mucpt_utils.closure import code_digest
from mucpt_utils.io import FileError, digest, read_jsonl, write_json, write_jsonl, write_text
from mucpt_utils.musicsimpleqa.grader.replies import without_thoughts
from mucpt_utils.musicsimpleqa.grading import GRADES, grade
from mucpt_utils.musicsimpleqa.judge import UNPARSED, judge_agreement
from mucpt_utils.musicsimpleqa.measures import AnswersError, Measure, compare, measures
from mucpt_utils.musicsimpleqa.questions import GROUPED

# fields of a question that are copied to its answer
CARRIED = ("id", "question", "answer", "answer_type", "part", "category", "stratum", "subject")
GRADED_WITH = "graded_with"  # field of an answer: version of the grader and of the questions
ASKED_AND_GRADED = ("id", "question", "answer", "aliases", "answer_type")
SHORT = 12  # digits of a digest that are shown
NOT_SAID = "not said"  # what ended an empty response, where no server says it
CUT = "length"  # how servers call the end of a response that reached its longest


@lru_cache
def grader_version() -> str:
    """Digest of the grader: its code, and the rules and lists that it reads."""
    return code_digest("mucpt_utils.musicsimpleqa.grading")[:SHORT]


def questions_version(questions: Sequence[Mapping]) -> str:
    """Digest of what is asked, and of which answers are right."""
    return digest([[q.get(name) for name in ASKED_AND_GRADED] for q in questions])[:SHORT]


def grade_responses(
    questions: Sequence[Mapping],
    responses: Mapping[str, str],
    ended: Mapping[str, str] = MappingProxyType({}),
) -> list[dict]:
    """A graded answer for each question: the fields that tables need, response, grade, reason.

    ended: what ended empty responses, by question id, where it is known.
    """
    answers = []
    version = f"grader {grader_version()}, questions {questions_version(questions)}"
    for question in questions:
        response = responses[question["id"]]
        given = grade(question, response)
        answer = {name: question[name] for name in CARRIED if name in question}
        answer |= {"response": response, "grade": given.grade, "reason": given.reason}
        answer |= {"ended": ended[question["id"]]} if question["id"] in ended else {}
        answer[GRADED_WITH] = version
        answers.append(answer)
    return answers


def write_summary(
    folder: Path, settings: Mapping, answers: Sequence[dict], model: Mapping | None = None
) -> None:
    """Write answers.jsonl, summary.csv and summary.json.

    settings: what the answers depend on. answers: from `grade_responses`, with `judge` where a
    judge graded as well. model: what is known about the model. Raises AnswersError
    for no answers, FileError for a folder that is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder} is a file; --out needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row._asdict() for row in measures(answers)]
    write_jsonl(folder / "answers.jsonl", answers)
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / "summary.csv", table.getvalue())
    counts = {name: sum(answer["grade"] == name for answer in answers) for name in GRADES}
    summary: dict[str, Any] = {
        "settings": dict(settings),
        "model": dict(model or {}),
        GRADED_WITH: answers[0].get(GRADED_WITH),
        "grades": counts,
        "ended_in_thought": ended_in_thought(answers),
        "empty": empty_responses(answers),
        "measures": rows,
    }
    if any("judge" in answer for answer in answers):
        summary["judge"] = {
            "unparsed": sum(answer["judge"] == UNPARSED for answer in answers),
            "agreement": [row._asdict() for row in judge_agreement(answers)],
        }
    write_json(folder / "summary.json", summary)


def ended_in_thought(answers: Sequence[Mapping]) -> int:
    """How many responses hold thoughts and nothing after them, as those cut at their length do.

    A server that hands out thoughts apart leaves such a response empty.
    """
    said = ((str(answer.get("response", "")), answer.get("ended")) for answer in answers)
    return sum(
        not without_thoughts(text).strip() and bool(text.strip() or ended == CUT)
        for text, ended in said
    )


def empty_responses(answers: Sequence[Mapping]) -> dict[str, int]:
    """How many responses are empty, by what ended them in the server's words, or NOT_SAID."""
    empty = [answer for answer in answers if not str(answer.get("response", "")).strip()]
    return dict(sorted(Counter(a.get("ended") or NOT_SAID for a in empty).items()))


def summary_text(answers: Sequence[Mapping]) -> str:
    """The summary as a table for the terminal."""

    def shown(row: Measure) -> str:
        return f"{row.value:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]".rjust(20)

    lines = [f"{'':24} {'accuracy':>20} {'given attempted':>20} {'harmonic mean':>20} {'n':>5}"]
    rows = measures(answers)
    for group in dict.fromkeys((row.by, row.group) for row in rows):
        by_metric = {row.metric: row for row in rows if (row.by, row.group) == group}
        columns = ("accuracy", "accuracy_given_attempted", "harmonic_mean")
        cells = " ".join(shown(by_metric[name]) for name in columns)
        lines.append(f"{group[1]:24} {cells} {by_metric['accuracy'].n:5}")
    if cut := ended_in_thought(answers):
        lines.append(
            f"{cut} of {len(answers)} responses end in their thoughts, without an answer: "
            "a larger --max-new-tokens may let them finish"
        )
    if empty := empty_responses(answers):
        reasons = ", ".join(f"{reason} {count}" for reason, count in empty.items())
        lines.append(f"{sum(empty.values())} of {len(answers)} responses are empty; why: {reasons}")
    if any("judge" in answer for answer in answers):
        unparsed = sum(answer["judge"] == UNPARSED for answer in answers)
        total = judge_agreement(answers)[-1:]
        text = f"{total[0].agreement:.3f} (kappa {total[0].kappa:.3f})" if total else "none"
        lines.append(f"agreement with the judge: {text}; unparsed: {unparsed}")
    return "\n".join(lines)


def comparison_text(a: Path, b: Path) -> str:
    """Paired comparison of two files of graded answers, as a table for the terminal.

    Raises FileError for a malformed file, AnswersError for files of different questions or files
    that were graded by different versions of the grader.
    """
    files = [read_graded(path) for path in (a, b)]
    compared = compare(*files)  # first, since no grading again helps where the questions differ
    one, other = ({row["id"]: str(row.get(GRADED_WITH)) for row in rows} for rows in files)
    if unlike := [name for name, version in one.items() if version != other[name]]:
        said = f"{one[unlike[0]]} and {other[unlike[0]]}"
        raise AnswersError(
            f"graded with different versions ({said}); grade both files again with --answers"
        )
    header = f"{'accuracy':24} {'A':>6} {'B':>6} {'A - B':>24} {'p':>7} {'n':>5}"
    lines = [f"A: {a}", f"B: {b}", header]
    for row in compared:
        delta = f"{row.difference:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]"
        lines.append(
            f"{row.group:24} {row.a:6.3f} {row.b:6.3f} {delta:>24} {row.p_value:7.4f} {row.n:5}"
        )
    return "\n".join(lines)


def read_graded(path: Path) -> list[dict]:
    """The graded answers of a file. Raises FileError for any other file."""
    if path.is_dir():
        raise FileError(f"{path} is a folder; name the answers.jsonl in it")
    answers = read_jsonl(path, ("id", "grade"))
    for number, answer in enumerate(answers, start=1):
        if answer["grade"] not in GRADES:
            allowed = ", ".join(GRADES)
            raise FileError(f"{path}, answer {number}: {answer['grade']!r} is none of {allowed}")
        if odd := [name for name in GROUPED if not isinstance(answer.get(name, ""), str | None)]:
            raise FileError(f"{path}, answer {number}: {odd[0]} is not text")
    return answers
