"""The questions: built from facts, linted, split into test and dev.

python -m mucpt_utils.musicsimpleqa.questions build    # writes data_cards/musicsimpleqa
python -m mucpt_utils.musicsimpleqa.questions check    # lints what is there
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from mucpt_utils import paths
from mucpt_utils.knowledge.facts import (
    ANSWER_TYPES,
    POPULARITY,
    Fact,
    Relation,
    askable,
    by_subject,
    load_facts,
    load_relations,
    with_counts,
)
from mucpt_utils.musicsimpleqa.grading import CORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.musicsimpleqa.words import words

CANARY = "MusicSimpleQA canary 0c4f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83: keep out of training corpora"
SPLITS = ("test", "dev")
CARD = paths.DATA_CARDS / "musicsimpleqa"
FIELDS = (
    "id",
    "question",
    "answer",
    "aliases",
    "answer_type",
    "category",
    "stratum",
    "subject",
    "fact_ids",
    "reference",
    "valid_as_of",
    "part",
)
# words that make an answer change from one day to the next
_UNSTABLE = re.compile(
    r"\b(current(?:ly)?|now|today|latest|so far|recent(?:ly)?|to date|still|yet|this year)\b",
    re.IGNORECASE,
)
_WITHOUT_CONTEXT = re.compile(r"^(?:he|she|it|they|this|that|these|his|her|their)\b", re.IGNORECASE)


class Part(BaseModel):
    """Size of one part of a split. Strata: popular, less popular."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: Literal["dev", "test"] = Field(description="file that holds it")
    questions: tuple[int, int] = Field(description="questions in each stratum")
    subjects: dict[str, tuple[int, int]] = Field(
        description="category -> subjects asked about: popular, less popular"
    )


class Plan(BaseModel):
    """What is asked, and how much of it (plan.yaml)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: str = Field(description="shuffles the subjects")
    least_per_subject: int = Field(2, ge=1, description="subjects with fewer are not asked about")
    most_per_subject: int = Field(4, ge=1, description="questions about one subject")
    parts: dict[str, Part] = Field(description="drawn in this order")
    not_asked: dict[str, str] = Field(default_factory=dict, description="relation -> why not")
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="relation -> the answers that are asked for"
    )
    not_of_persons: dict[str, str] = Field(
        default_factory=dict, description="relation not asked of persons -> why not"
    )
    wordings: dict[str, str] = Field(
        default_factory=dict, description="relation -> wording instead of its first one"
    )
    not_accepted: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="answer -> aliases that do not hold here"
    )
    also_accepted: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="fact id -> other forms of its key that are right"
    )
    persons: tuple[str, ...] = Field(
        (), description="persons whom the fact tables do not show to be persons"
    )
    dropped: dict[str, str] = Field(default_factory=dict, description="fact id -> why dropped")


def load_plan(path: Path | None = None) -> Plan:
    """The committed plan, or another one."""
    path = path or Path(__file__).with_name("plan.yaml")
    return Plan.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


# --- from facts ----------------------------------------------------------------------------------


def people(facts: Iterable[Fact]) -> frozenset[str]:
    """Names that the facts show to be persons: born in a year, singing, writing, composing."""
    by_object = {"lead_vocalist", "member", "writer", "composer", "librettist", "inventor"}
    names = set()
    for fact in facts:
        column = fact.relation.split(".")[1]
        if column == "birth_year":
            names.add(fact.subject)
        elif column in by_object:
            names.add(fact.object)
    return frozenset(names)


def question_of(
    fact: Fact, relation: Relation, persons: Collection[str] = (), part: str = "dev"
) -> dict:
    """The question that a fact answers, in the relation's first wording.

    part: of the benchmark that it belongs to.
    persons: names known to be persons; an answer among them may be given by its family name
    wherever the relation only says "artist or band".
    """
    question = relation.questions[0].replace("{s}", fact.subject).replace("??", "?")
    return {
        "id": f"q:{fact.id}",
        "question": question,
        "answer": fact.object,
        "aliases": [alias for alias in fact.aliases if not stands_in(alias, question)],
        "answer_type": _answer_type(fact, relation, persons),
        "category": fact.category,
        "stratum": fact.popularity,
        "subject": fact.subject,
        "fact_ids": [fact.id],
        "reference": fact.reference,
        "valid_as_of": fact.valid_as_of,
        "part": part,
    }


def _answer_type(fact: Fact, relation: Relation, persons: Collection[str]) -> str:
    ambiguous = relation.answer_type == "group" or relation.id == "award.winner"
    return "person" if ambiguous and fact.object in persons else relation.answer_type


def stands_in(name: str, text: str) -> bool:
    """Whether a text holds a name, word for word, whatever its case and accents."""
    inner = [word.form for word in words(name)]
    outer = [word.form for word in words(text)]
    width = len(inner)
    return bool(inner) and any(outer[i : i + width] == inner for i in range(len(outer) - width + 1))


# --- selection -----------------------------------------------------------------------------------


def build_questions(
    facts: Sequence[Fact], relations: dict[str, Relation], plan: Plan
) -> dict[str, list[dict]]:
    """Questions of each split, those about one subject beside each other, part after part.

    Subjects are drawn in a shuffled order that depends on nothing but the seed and their names.
    Raises ValueError where the plan wants more than the facts give.
    """
    persons = people(facts) | set(plan.persons)
    relations = _reworded(relations, plan)
    pool = _pool(facts, relations, plan, persons)
    taken: set[str] = set()
    splits = {split: [] for split in SPLITS}
    for name, part in plan.parts.items():
        chosen = _draw(pool, plan, name, taken)
        taken.update(chosen)
        kept = _trim(chosen, part.questions, name)
        order = sorted(kept, key=lambda subject: _place(plan.seed, subject))
        splits[part.split] += [
            question_of(_with_aliases(fact, plan), relations[fact.relation], persons, name)
            for subject in order
            for fact in kept[subject]
        ]
    return splits


def _reworded(relations: dict[str, Relation], plan: Plan) -> dict[str, Relation]:
    """The relations, those that the plan words otherwise with that wording first."""
    return {
        name: replace(relation, questions=(plan.wordings[name], *relation.questions))
        if name in plan.wordings
        else relation
        for name, relation in relations.items()
    }


def _with_aliases(fact: Fact, plan: Plan) -> Fact:
    refused = plan.not_accepted.get(fact.object, ())
    kept = (alias for alias in fact.aliases if alias not in refused)
    return replace(fact, aliases=(*kept, *plan.also_accepted.get(fact.id, ())))


def _pool(
    facts: Sequence[Fact],
    relations: dict[str, Relation],
    plan: Plan,
    persons: Collection[str],
) -> dict[str, list[Fact]]:
    """Facts to ask for, by subject; at most as many of each as the plan allows."""
    asked = [fact for fact in askable(facts) if _may_be_asked(fact, relations, plan, persons)]
    pool = {}
    for subject, group in by_subject(asked).items():
        if len(group) >= plan.least_per_subject:
            chosen = sorted(group, key=lambda fact: _place(plan.seed, fact.id))
            chosen = set(chosen[: plan.most_per_subject])
            pool[subject] = [fact for fact in group if fact in chosen]
    return pool


def _may_be_asked(
    fact: Fact, relations: dict[str, Relation], plan: Plan, persons: Collection[str]
) -> bool:
    if fact.relation in plan.not_asked or fact.id in plan.dropped:
        return False
    if fact.relation in plan.not_of_persons and fact.subject in persons:
        return False
    if fact.object not in plan.only.get(fact.relation, (fact.object,)):
        return False
    question = relations[fact.relation].questions[0].replace("{s}", fact.subject)
    return not stands_in(fact.object, question)


def _place(seed: str, name: str) -> bytes:
    """Where a name stands in the shuffled order: adding names moves no other."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).digest()


def _draw(
    pool: dict[str, list[Fact]], plan: Plan, part: str, taken: set[str]
) -> dict[str, list[Fact]]:
    chosen = {}
    for category, counts in plan.parts[part].subjects.items():
        for stratum, count in zip(POPULARITY, counts, strict=True):
            names = [
                subject
                for subject, facts in pool.items()
                if subject not in taken
                and (facts[0].category, facts[0].popularity) == (category, stratum)
            ]
            if len(names) < count:
                raise ValueError(
                    f"plan, part {part!r}: {count} {stratum} subjects of {category!r} wanted, "
                    f"{len(names)} are there"
                )
            names.sort(key=lambda subject: _place(plan.seed, subject))
            chosen.update((subject, pool[subject]) for subject in names[:count])
    return chosen


def _trim(
    chosen: dict[str, list[Fact]], wanted: tuple[int, int], part: str
) -> dict[str, list[Fact]]:
    """Drop the last question of the subjects with most until each stratum has what is wanted."""
    kept = {subject: list(facts) for subject, facts in chosen.items()}
    for stratum, count in zip(POPULARITY, wanted, strict=True):
        group = {s: facts for s, facts in kept.items() if facts[0].popularity == stratum}
        surplus = sum(map(len, group.values())) - count
        if surplus < 0:
            raise ValueError(
                f"plan, part {part!r}: {count} {stratum} questions wanted, {-surplus} missing"
            )
        for _ in range(surplus):
            group[max(group, key=lambda subject: len(group[subject]))].pop()
    return {subject: facts for subject, facts in kept.items() if facts}


# --- lint ----------------------------------------------------------------------------------------


def lint(splits: dict[str, list[dict]]) -> list[str]:
    """What is wrong with questions, one line each; empty when nothing is."""
    problems = []
    seen: dict[str, str] = {}
    for split, questions in splits.items():
        for question in questions:
            place = f"{split}: {question.get('id', '?')}"
            problems += [f"{place}: {problem}" for problem in lint_question(question)]
            for name in ("id", "question"):
                text = f"{name} {str(question.get(name)).casefold()}"
                if text in seen:
                    problems.append(f"{place}: the same {name} as in {seen[text]}")
                seen[text] = place
    problems += _shared_subjects(splits)
    return problems


def lint_question(question: dict) -> list[str]:
    """What is wrong with one question by itself."""
    missing = [name for name in FIELDS if not question.get(name) and name != "aliases"]
    if missing:
        return [f"empty or missing: {', '.join(missing)}"]
    checks = {
        f"answer_type is none of {', '.join(ANSWER_TYPES)}": (
            question["answer_type"] not in ANSWER_TYPES
        ),
        f"stratum is none of {', '.join(POPULARITY)}": question["stratum"] not in POPULARITY,
        "does not end in a question mark": not question["question"].endswith("?"),
        "is no question of 15 to 250 characters": not 15 <= len(question["question"]) <= 250,
        "does not name its subject": not stands_in(question["subject"], question["question"]),
        "is not clear without context": bool(_WITHOUT_CONTEXT.match(question["question"])),
        "has an answer that may change": bool(_UNSTABLE.search(_without_subject(question))),
        "has more than one answer": ";" in question["answer"],
        "reference is no address": not question["reference"].startswith("https://"),
        "valid_as_of is no date": not _is_date(question["valid_as_of"]),
    }
    return [problem for problem, wrong in checks.items() if wrong] + _lint_key(question)


def _without_subject(question: dict) -> str:
    return question["question"].replace(question["subject"], "")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _lint_key(question: dict) -> list[str]:
    """What the grader makes of the key itself, of its aliases and of the question echoed."""
    problems = []
    for name in (question["answer"], *question["aliases"]):
        if stands_in(name, question["question"]):
            problems.append(f"holds its answer {name!r}")
        if grade(question, name).grade != CORRECT:
            problems.append(f"the grader does not accept its own key {name!r}")
        other = {**question, "answer": "another answer", "answer_type": "term", "aliases": []}
        if grade(other, name).grade == NOT_ATTEMPTED:
            problems.append(f"the key {name!r} reads as a refusal")
    if grade(question, question["question"]).grade == CORRECT:
        problems.append("the question echoed is graded correct")
    return problems


def _shared_subjects(splits: dict[str, list[dict]]) -> list[str]:
    splits_of = defaultdict(set)
    for split, questions in splits.items():
        for question in questions:
            splits_of[question["subject"].casefold()].add(split)
    return [
        f"subject {subject!r} is in {' and '.join(sorted(names))}"
        for subject, names in splits_of.items()
        if len(names) > 1
    ]


# --- files ---------------------------------------------------------------------------------------


def load_questions(split_or_path: str | Path = "test") -> list[dict]:
    """The questions of a committed split, or of a JSON lines file of the same fields.

    Raises FileNotFoundError, and ValueError with file and line for what is no question.
    """
    path = CARD / f"{split_or_path}.jsonl" if split_or_path in SPLITS else Path(split_or_path)
    if not path.exists():
        raise FileNotFoundError(f"no questions at {path}; the splits are {', '.join(SPLITS)}")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_parse(line, f"{path}:{number}") for number, line in enumerate(lines, start=1)]


def _parse(line: str, place: str) -> dict:
    try:
        question = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: not JSON: {error.msg}") from None
    wanted = ("id", "question", "answer", "answer_type")
    missing = [name for name in wanted if name not in question]
    if missing:
        raise ValueError(f"{place}: no {', '.join(missing)}; a question has {', '.join(wanted)}")
    return question


def few_shot(questions: Sequence[dict], shots: int) -> list[dict]:
    """The first `shots` questions to show as examples, of one category after another.

    Raises ValueError for more shots than there are questions.
    """
    if not 0 <= shots <= len(questions):
        raise ValueError(f"{shots} examples wanted; 0 to {len(questions)} can be given")
    lanes = defaultdict(list)
    for question in questions:
        lanes[question.get("category")].append(question)
    rounds = zip_longest(*lanes.values())
    return [question for row in rounds for question in row if question is not None][:shots]


def write_questions(questions: Iterable[dict], path: Path) -> None:
    """One question a line, each with the canary."""
    lines = (json.dumps({**q, "canary": CANARY}, ensure_ascii=False) for q in questions)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def counts_tables(splits: dict[str, list[dict]]) -> str:
    """Markdown tables of the questions by part, category and stratum, and by answer type."""
    lines = [
        "| split | part | category | subjects | popular | less popular | questions |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for (split, part), group in _parts(splits).items():
        rows = [
            (category, [q for q in group if q["category"] == category])
            for category in sorted({q["category"] for q in group})
        ]
        for category, chosen in [*rows, ("**all**", group)]:
            strata = Counter(q["stratum"] for q in chosen)
            subjects = len({q["subject"] for q in chosen})
            numbers = " | ".join(str(strata[level]) for level in POPULARITY)
            lines.append(
                f"| {split} | {part} | {category} | {subjects} | {numbers} | {len(chosen)} |"
            )
    types = {split: Counter(q["answer_type"] for q in qs) for split, qs in splits.items()}
    lines += ["", f"| answer type | {' | '.join(splits)} |", f"|---|{'--:|' * len(splits)}"]
    for kind in ANSWER_TYPES:
        lines.append(f"| {kind} | {' | '.join(str(types[split][kind]) for split in splits)} |")
    return "\n".join(lines)


def _parts(splits: dict[str, list[dict]]) -> dict[tuple[str, str], list[dict]]:
    """The questions of each (split, part), in their order."""
    groups = defaultdict(list)
    for split, questions in splits.items():
        for question in questions:
            groups[split, question["part"]].append(question)
    return groups


def build(folder: Path = CARD) -> dict[str, list[dict]]:
    """Write both splits and the counts of the card. Raises ValueError for what the lint finds."""
    built = build_questions(load_facts("music"), load_relations(), load_plan())
    splits = {name: built[name] for name in SPLITS}
    if problems := lint(splits):
        raise ValueError("\n".join(problems))
    for name, questions in splits.items():
        write_questions(questions, folder / f"{name}.jsonl")
    card = folder / "README.md"
    text = with_counts(card.read_text(encoding="utf-8"), counts_tables(splits))
    card.write_text(text, encoding="utf-8")
    return splits


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code (1 where the lint finds fault)."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils.musicsimpleqa.questions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("build", "check"))
    options = parser.parse_args(arguments)
    try:
        if options.command == "build":
            splits = build()
        else:
            splits = {name: load_questions(name) for name in SPLITS}
        problems = lint(splits)
    except (ValueError, FileNotFoundError) as error:
        problems, splits = str(error).splitlines(), {}
    for problem in problems:
        print(problem, file=sys.stderr)
    for name, questions in splits.items():
        subjects = len({question["subject"] for question in questions})
        print(f"{name}: {len(questions)} questions, {subjects} subjects")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
