"""How hard each question is: the share of models that get it right, and what guessers get right.

    python -m mucpt_utils questions difficulty ANSWERS... [--write]

Guessers answer without knowing anything: the most frequent key of the other questions of the same
relation, and the key of the question whose subject shares most (rare) words. A question counts as
guessed if a guesser that beats chance (one key drawn from those of the relation) gets it right.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from math import fsum, log
from pathlib import Path
from typing import NamedTuple

from scipy.stats import binomtest

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_jsonl, write_text
from mucpt_utils.musicsimpleqa.answers import ANSWER, answers_file, answers_to
from mucpt_utils.musicsimpleqa.grader.words import words
from mucpt_utils.musicsimpleqa.grading import CORRECT, grade

DIFFICULTY = paths.ROOT / "data_cards/musicsimpleqa/difficulty.csv"
LEVEL = 0.05  # of the one-sided test against chance
Guesser = Callable[[Mapping, Sequence[Mapping]], str]


class DifficultyError(MuCPTError, ValueError):
    """Answers to no question of the benchmark, or not to all where all are needed."""


class Difficulty(NamedTuple):
    """One question: how many models were asked and how many were right, and what guessers got.

    guessed: whether a guesser that beats chance in this relation is right.
    """

    id: str
    part: str
    relation: str
    models: int
    right: int
    share: str
    frequent: int
    nearest: int
    guessed: int


def most_frequent(question: Mapping, others: Sequence[Mapping]) -> str:
    """The most frequent key of the other questions; among equals the first alphabetically."""
    keys = Counter(other["answer"] for other in others)
    return min(keys, key=lambda key: (-keys[key], key), default="")


def nearest_title(question: Mapping, others: Sequence[Mapping]) -> str:
    """The key of the question whose subject shares most with this one; rare words count more."""
    counts = Counter(word for other in others for word in subject_words(other))
    mine = subject_words(question)

    def shared(other: Mapping) -> float:
        common = mine & subject_words(other)
        # exact, so that the order of words in a set breaks no tie
        return fsum(log((1 + len(others)) / counts[word]) for word in common)

    best = max(others, key=shared, default=None)
    return best["answer"] if best and shared(best) > 0 else ""


def subject_words(question: Mapping) -> frozenset[str]:
    """The words of a question's subject."""
    return frozenset(word.form for word in words(question["subject"]))


GUESSERS: dict[str, Guesser] = {"frequent": most_frequent, "nearest": nearest_title}


def guesses(questions: Sequence[Mapping], guesser: Guesser) -> dict[str, str]:
    """What a guesser answers to each question, by question id; it sees all other questions' keys.

    Questions about the same subject are hidden from it.
    """
    groups: dict[str, list[Mapping]] = defaultdict(list)
    for question in questions:
        groups[question["relation"]].append(question)
    return {
        question["id"]: guesser(question, [o for o in group if o["subject"] != question["subject"]])
        for group in groups.values()
        for question in group
    }


def beats_chance(right: Mapping[str, bool], questions: Sequence[Mapping]) -> set[str]:
    """The relations in which a guesser is right more often than one key drawn at random."""
    groups: dict[str, list[Mapping]] = defaultdict(list)
    for question in questions:
        groups[question["relation"]].append(question)
    better = set()
    for relation, group in groups.items():
        chance = 1 / len({question["answer"] for question in group})
        hits = sum(right[question["id"]] for question in group)
        test = binomtest(hits, len(group), chance, alternative="greater")
        if test.pvalue < LEVEL:
            better.add(relation)
    return better


def read_responses(path: Path, questions: Mapping[str, Mapping]) -> dict[str, bool]:
    """Whether each answer of a model is right, by question id; a folder is its answers.jsonl.

    Raises FileError for a file without answers or with two to one question, DifficultyError if it
    answers no question in the words of today.
    """
    path = answers_file(path)
    texts = {name: question["question"] for name, question in questions.items()}
    asked = answers_to(texts, read_jsonl(path, ANSWER), path)
    if not asked:
        raise DifficultyError(f"{path}: none of its answers is about a question asked here")
    return {
        row["id"]: grade(questions[row["id"]], row["response"]).grade == CORRECT for row in asked
    }


def difficulties(
    questions: Sequence[Mapping], models: Sequence[Mapping[str, bool]]
) -> list[Difficulty]:
    """One row per question, in order. models: whether each model was right, by question id."""
    right: dict[str, dict[str, bool]] = {}
    for name, guesser in GUESSERS.items():
        given = guesses(questions, guesser)
        right[name] = {q["id"]: grade(q, given[q["id"]]).grade == CORRECT for q in questions}
    better = {name: beats_chance(right[name], questions) for name in GUESSERS}
    rows = []
    for question in questions:
        name, relation = question["id"], question["relation"]
        asked = [answers[name] for answers in models if name in answers]
        rows.append(
            Difficulty(
                id=name,
                part=question["part"],
                relation=relation,
                models=len(asked),
                right=sum(asked),
                share=f"{sum(asked) / len(asked):.3f}" if asked else "",
                frequent=int(right["frequent"][name]),
                nearest=int(right["nearest"][name]),
                guessed=int(any(right[g][name] and relation in better[g] for g in GUESSERS)),
            )
        )
    return rows


def measured_difficulty(questions: Sequence[dict], files: Sequence[Path]) -> list[Difficulty]:
    """One row per question, in order. files: each the answers of one model, to any of them.

    Raises what `read_responses` raises, and DifficultyError for a file that is named twice.
    """
    seen: set[Path] = set()
    for file in files:
        place = answers_file(file).resolve()
        if place in seen:  # its model would count twice
            raise DifficultyError(f"{file} is named twice; each file is one model's answers")
        seen.add(place)
    by_id = {question["id"]: question for question in questions}
    return difficulties(questions, [read_responses(file, by_id) for file in files])


def record_difficulty(
    questions: Sequence[dict], files: Sequence[Path], path: Path = DIFFICULTY
) -> list[str]:
    """Write difficulty.csv; returns one line per part for the terminal.

    questions: the test split. files: each the answers of one model, to all of them. Raises what
    `measured_difficulty` and `check_whole` raise, before anything is written.
    """
    for file in files:
        check_whole(file, questions)
    rows = measured_difficulty(questions, files)
    table = StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(Difficulty._fields)
    writer.writerows(rows)
    write_text(path, table.getvalue())
    return summary_lines(rows)


def check_whole(file: Path, questions: Sequence[Mapping]) -> None:
    """Raises DifficultyError unless a file answers each of the questions as worded today.

    What is recorded is replaced as a whole: a few answers would empty the rows of all others.
    """
    path = answers_file(file)
    texts = {question["id"]: question["question"] for question in questions}
    rows = read_jsonl(path, ANSWER)
    named = {row["id"] for row in rows}
    answered = {row["id"] for row in answers_to(texts, rows, path)}
    problems = {
        "not answered": [name for name in texts if name not in named],
        "asked in other words": [name for name in texts if name in named - answered],
    }
    for problem, found in problems.items():
        if found:
            raise DifficultyError(
                f"{path}: {len(found)} of {len(texts)} test questions are {problem}, such as "
                f"{found[0]!r}; only whole evaluations are recorded (without "
                "--write, parts of them are measured)"
            )


def summary_lines(rows: Sequence[Difficulty]) -> list[str]:
    """One line per part, in their order."""
    return [summary_line(part, rows) for part in dict.fromkeys(row.part for row in rows)]


def summary_line(part: str, rows: Sequence[Difficulty]) -> str:
    """`core: 500 questions, models right .., guessers .., marked`."""
    group = [row for row in rows if row.part == part]
    asked, right = (sum(getattr(row, name) for row in group) for name in ("models", "right"))
    models = f"models {right / asked:.3f}" if asked else "no models"
    shares = [sum(getattr(row, name) for row in group) / len(group) for name in GUESSERS]
    guessers = ", ".join(f"{n} {s:.3f}" for n, s in zip(GUESSERS, shares, strict=True))
    marked = sum(row.guessed for row in group)
    return f"{part}: {len(group)} questions, {models}, {guessers}, {marked} marked"
