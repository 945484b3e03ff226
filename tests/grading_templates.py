"""Replies made from templates: each says the same about any question, so one label fits them all.

A template holds {key}, {wrong} and {wrong2} (keys of other questions of the relation), {subject},
{question} or {year}. Filled with many questions it shows which names break a rule that otherwise
holds: names that are words, short keys, numbers.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.readings import forms_of
from mucpt_utils.musicsimpleqa.grading import INCORRECT, grade, graded_in_full
from mucpt_utils.musicsimpleqa.questions import load_questions

FILE = Path(__file__).parent / "grading_templates.jsonl"
FEWEST = 8  # questions of a relation; below, those of the answer type give the wrong answers
SEED = 7
Wrong = tuple[str, str]


def templates() -> list[dict]:
    """Dicts of `name`, `template`, `types`, `label`, `kind`, `held_out` and `missed`.

    missed: the share of wrong verdicts when the file was written last.
    """
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def wrong_answers(question: Mapping, pool: Sequence[Mapping]) -> Wrong | None:
    """Two keys of other questions that are wrong here and share no word with the key."""
    taken = {form for name in (question["answer"], *question["aliases"]) for form in forms_of(name)}
    found: list[str] = []
    for other in random.Random(question["id"]).sample(pool, len(pool)):
        forms = set(forms_of(other["answer"]))
        graded = graded_in_full(key_of(question), other["answer"])
        if not forms & taken and graded.grade == INCORRECT:
            found.append(other["answer"])
            taken |= forms
        if len(found) == 2:
            return found[0], found[1]
    return None


def questions_with_wrong_answers(n: int) -> Iterator[tuple[dict, Wrong]]:
    """A fixed sample of test questions, each with two wrong answers."""
    questions = load_questions("test")
    related = defaultdict(list)
    for question in questions:
        related[question["relation"]].append(question)
        related[question["answer_type"]].append(question)
    for question in random.Random(SEED).sample(questions, n):
        pool = related[question["relation"]]
        pool = pool if len(pool) >= FEWEST else related[question["answer_type"]]
        if wrong := wrong_answers(question, pool):
            yield question, wrong


def filled(template: str, question: Mapping, wrong: Wrong) -> str:
    """The reply that a template makes for a question."""
    year = str(random.Random(question["id"] + "y").randint(1890, 2010))
    slots = {
        "{key}": question["answer"],
        "{wrong}": wrong[0],
        "{wrong2}": wrong[1],
        "{subject}": question["subject"],
        "{question}": question["question"],
        "{year}": year,
    }
    for slot, words in slots.items():
        template = template.replace(slot, words)
    return template


def missed(template: Mapping, asked: Sequence[tuple[dict, Wrong]]) -> tuple[int, list[str]]:
    """For how many questions a template is meant, and its replies that are graded wrongly."""
    kinds = template["types"]
    fitting = [pair for pair in asked if "all" in kinds or pair[0]["answer_type"] in kinds]
    replies = [
        (question, filled(template["template"], question, wrong)) for question, wrong in fitting
    ]
    wrongly = [text for asked, text in replies if grade(asked, text).grade != template["label"]]
    return len(replies), wrongly
