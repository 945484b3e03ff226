"""What code can find wrong with questions, singly and across splits."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from mucpt_utils.knowledge.facts import POPULARITY
from mucpt_utils.knowledge.relations import ANSWER_TYPES
from mucpt_utils.musicsimpleqa.grading import CORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.musicsimpleqa.questions import FIELDS, stands_in

# words that make an answer change from one day to the next
UNSTABLE = re.compile(
    r"\b(current(?:ly)?|now|today|latest|so far|recent(?:ly)?|to date|still|yet|this year)\b",
    re.IGNORECASE,
)
# a word or a phrase that is repeated: "the key of the key of"
TWICE = re.compile(r"\b((?:\w+ ){1,4})\1", re.IGNORECASE)
ARTICLE = re.compile(r"\b(?:the|an?) $", re.IGNORECASE)
# questions that nobody would say: "Who was the libretto of ... written by?"
STILTED = re.compile(
    r"\b(?:by|released in|composed in|belonging to|known as a member of the)\?$"
    r"|^Wh\w+ is responsible for|^Which (?:person|act|title|entity) (?:is|was) ",
    re.IGNORECASE,
)
NUMERIC = ("date", "year", "number")  # types whose key is not text
WITHOUT_CONTEXT = re.compile(r"^(?:he|she|it|they|this|that|these|his|her|their)\b", re.IGNORECASE)


def lint(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """What is wrong with the questions of the splits, one line per problem; empty if nothing is."""
    problems = []
    first_with: dict[tuple[str, str], str] = {}
    splits_of: dict[str, set[str]] = defaultdict(set)
    for split, questions in splits.items():
        for question in questions:
            name = f"{split}: {question.get('id', '?')}"
            problems += [f"{name}: {problem}" for problem in lint_question(question)]
            for field in ("id", "question"):
                content = (field, str(question.get(field)).casefold())
                if content in first_with:
                    problems.append(f"{name}: the same {field} as in {first_with[content]}")
                first_with[content] = name
            splits_of[str(question.get("subject")).casefold()].add(split)
    problems += [
        f"subject {subject!r} is in {' and '.join(sorted(names))}"
        for subject, names in splits_of.items()
        if len(names) > 1
    ]
    return problems


def lint_question(question: dict) -> list[str]:
    """What is wrong with one question by itself."""
    missing = [name for name in FIELDS if not question.get(name) and name != "aliases"]
    if missing:
        return [f"empty or missing: {', '.join(missing)}"]
    text, subject = question["question"], question["subject"]
    checks = {
        f"answer_type is none of {', '.join(ANSWER_TYPES)}": (
            question["answer_type"] not in ANSWER_TYPES
        ),
        f"stratum is none of {', '.join(POPULARITY)}": question["stratum"] not in POPULARITY,
        "does not end in a question mark": not text.endswith("?"),
        "does not have 15 to 250 characters": not 15 <= len(text) <= 250,
        "does not name its subject": not stands_in(subject, text),
        "is not clear without context": bool(WITHOUT_CONTEXT.match(text)),
        "has an answer that may change": bool(UNSTABLE.search(text.replace(subject, ""))),
        "has words that stand twice": bool(TWICE.search(text.replace(subject, "_"))),
        "is stilted": bool(STILTED.search(text.replace(subject, "_"))),
        "has two articles before a name": two_articles(text, subject),
        "has more than one answer": ";" in question["answer"],
        "reference is not an address": not question["reference"].startswith("https://"),
        "valid_as_of is not a date": not is_date(question["valid_as_of"]),
    }
    return [problem for problem, wrong in checks.items() if wrong] + lint_key(question)


def two_articles(text: str, subject: str) -> bool:
    """Whether an article precedes a subject that has one: `the the Requiem`, `the Bach's`."""
    before, named, _ = text.partition(subject)
    has_one = re.match(r"(?:the|an?) |[\w. -]+'s ", subject) is not None
    return bool(named) and has_one and ARTICLE.search(before) is not None


def is_date(text: str) -> bool:
    """Whether a text is a date in ISO form."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def lint_key(question: dict) -> list[str]:
    """Problems with how the grader judges the key, its aliases and the echoed question."""
    problems = []
    kind = "term" if question["answer_type"] in NUMERIC else question["answer_type"]
    other_key = {**question, "answer": "another answer", "answer_type": kind, "aliases": []}
    for name in (question["answer"], *question["aliases"]):
        if stands_in(name, question["question"]):
            problems.append(f"holds its answer {name!r}")
        if grade(question, name).grade != CORRECT:
            problems.append(f"the grader does not accept its own key {name!r}")
        if grade(other_key, name).grade == NOT_ATTEMPTED:
            problems.append(f"the key {name!r} reads as a refusal")
    if grade(question, question["question"]).grade == CORRECT:
        problems.append("the question echoed is graded correct")
    return problems
