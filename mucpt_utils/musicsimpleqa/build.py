"""The splits of the benchmark, drawn from the facts as plan.yaml says.

    python -m mucpt_utils questions build    # writes data_cards/musicsimpleqa
    python -m mucpt_utils questions check    # lints what is there

Exit codes: 0 done, 1 the linter found something, 2 wrong arguments or a malformed file.
"""

import argparse
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mucpt_utils import paths
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import FileError, read_yaml, write_jsonl, write_text
from mucpt_utils.knowledge.authoring.cards import with_counts
from mucpt_utils.knowledge.facts import POPULARITY, Fact, askable, by_subject, load_facts
from mucpt_utils.knowledge.relations import ANSWER_TYPES, Relation, load_relations
from mucpt_utils.musicsimpleqa.lint import lint
from mucpt_utils.musicsimpleqa.questions import SPLITS, load_questions, question_of, stands_in

CANARY = "MusicSimpleQA canary 0c4f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83: keep out of training corpora"
CARD = paths.DATA_CARDS / "musicsimpleqa"
PLAN = paths.PACKAGE / "musicsimpleqa/plan.yaml"


class PlanError(MuCPTError, ValueError):
    """A plan that wants more than the facts give, or whose questions the linter refuses."""


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

    def shuffle_key(self, name: str) -> bytes:
        """Sort key of the shuffled order: adding names moves no other."""
        return hashlib.sha256(f"{self.seed}\n{name}".encode()).digest()


def load_plan(path: Path = PLAN) -> Plan:
    """The committed plan, or another one. Raises FileError that names file and setting."""
    try:
        return Plan.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(map(str, first["loc"]))
        raise FileError(f"{path}: {setting}: {first['msg']}") from None


# --- selection -----------------------------------------------------------------------------------


def build_questions(
    facts: Sequence[Fact], relations: Mapping[str, Relation], plan: Plan
) -> dict[str, list[dict]]:
    """Questions of each split, those about one subject beside each other, part after part.

    Subjects are drawn in a shuffled order that depends on nothing but the seed and their names.
    Raises PlanError where the plan wants more than the facts give.
    """
    persons = people(facts) | set(plan.persons)
    # a wording of the plan stands before the relation's own
    worded = {
        name: replace(relation, questions=(plan.wordings[name], *relation.questions))
        if name in plan.wordings
        else relation
        for name, relation in relations.items()
    }
    pool = askable_by_subject(facts, worded, plan, persons)
    splits: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for name, part in plan.parts.items():
        drawn = draw_subjects(pool, plan, name)
        pool = {subject: facts for subject, facts in pool.items() if subject not in drawn}
        chosen = trim(drawn, part.questions, name)
        for subject in sorted(chosen, key=plan.shuffle_key):
            for fact in chosen[subject]:
                refused = plan.not_accepted.get(fact.object, ())
                accepted = [alias for alias in fact.aliases if alias not in refused]
                accepted += plan.also_accepted.get(fact.id, ())
                asked = replace(fact, aliases=tuple(accepted))
                question = question_of(asked, worded[fact.relation], persons, name)
                splits[part.split].append(question)
    return splits


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


def askable_by_subject(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    plan: Plan,
    persons: Collection[str],
) -> dict[str, list[Fact]]:
    """Facts to ask for, by subject; at most as many of each as the plan allows."""

    def may_be_asked(fact: Fact) -> bool:
        refused = fact.relation in plan.not_asked or fact.id in plan.dropped
        personal = fact.relation in plan.not_of_persons and fact.subject in persons
        if refused or personal or fact.object not in plan.only.get(fact.relation, (fact.object,)):
            return False
        question = relations[fact.relation].questions[0].replace("{s}", fact.subject)
        return not stands_in(fact.object, question)  # nor may a question give its answer away

    pool = {}
    for subject, group in by_subject(filter(may_be_asked, askable(facts))).items():
        if len(group) >= plan.least_per_subject:
            shuffled = sorted(group, key=lambda fact: plan.shuffle_key(fact.id))
            chosen = set(shuffled[: plan.most_per_subject])
            pool[subject] = [fact for fact in group if fact in chosen]
    return pool


def draw_subjects(pool: Mapping[str, list[Fact]], plan: Plan, part: str) -> dict[str, list[Fact]]:
    """As many subjects of each category and stratum as the part wants.

    Raises PlanError where there are too few.
    """
    drawn: dict[str, list[Fact]] = {}
    for category, counts in plan.parts[part].subjects.items():
        for stratum, count in zip(POPULARITY, counts, strict=True):
            names = [
                subject
                for subject, facts in pool.items()
                if (facts[0].category, facts[0].popularity) == (category, stratum)
            ]
            if len(names) < count:
                raise PlanError(
                    f"plan, part {part!r}: {count} {stratum} subjects of {category!r} wanted, "
                    f"{len(names)} are there"
                )
            names.sort(key=plan.shuffle_key)
            drawn.update((subject, pool[subject]) for subject in names[:count])
    return drawn


def trim(
    drawn: Mapping[str, list[Fact]], wanted: tuple[int, int], part: str
) -> dict[str, list[Fact]]:
    """Drop the last question of the subjects with most until each stratum has what is wanted.

    Raises PlanError where a stratum has too few.
    """
    left = {subject: list(facts) for subject, facts in drawn.items()}
    for stratum, count in zip(POPULARITY, wanted, strict=True):
        group = {s: facts for s, facts in left.items() if facts[0].popularity == stratum}
        surplus = sum(map(len, group.values())) - count
        if surplus < 0:
            raise PlanError(
                f"plan, part {part!r}: {count} {stratum} questions wanted, {-surplus} missing"
            )
        for _ in range(surplus):
            group[max(group, key=lambda subject: len(group[subject]))].pop()
    return {subject: facts for subject, facts in left.items() if facts}


# --- files ---------------------------------------------------------------------------------------


def build(folder: Path = CARD) -> dict[str, list[dict]]:
    """Write both splits, each question with the canary, and the counts of the card.

    Raises PlanError for what the linter finds, one line each.
    """
    splits = build_questions(load_facts("music"), load_relations(), load_plan())
    if problems := lint(splits):
        raise PlanError("\n".join(problems))
    for name, questions in splits.items():
        write_jsonl(folder / f"{name}.jsonl", ({**q, "canary": CANARY} for q in questions))
    card = folder / "README.md"
    write_text(card, with_counts(card.read_text(encoding="utf-8"), counts_tables(splits)))
    return splits


def counts_tables(splits: Mapping[str, Sequence[dict]]) -> str:
    """Markdown tables of the questions by part, category and stratum, and by answer type."""
    lines = [
        "| split | part | category | subjects | popular | less popular | questions |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    parts: dict[tuple[str, str], list[dict]] = defaultdict(list)
    for split, questions in splits.items():
        for question in questions:
            parts[split, question["part"]].append(question)
    for (split, part), group in parts.items():
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the splits or lint those that are there; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils questions",
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
    except MuCPTError as error:
        print(f"questions: {error}", file=sys.stderr)
        return error.exit_code
    for problem in problems:
        print(problem, file=sys.stderr)
    for name, questions in splits.items():
        subjects = len({question["subject"] for question in questions})
        print(f"{name}: {len(questions)} questions, {subjects} subjects")
    return FOUND if problems else OK
