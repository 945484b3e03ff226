"""The splits of the benchmark, built from the selected facts as plan.yaml says.

    python -m mucpt_utils questions build        # writes data_cards/musicsimpleqa
    python -m mucpt_utils questions check        # lints what is there
    python -m mucpt_utils questions strata       # how many subjects the reference tables have
    python -m mucpt_utils questions difficulty ANSWERS...   # how hard each question is
    python -m mucpt_utils questions wording ANSWERS...      # how much a score depends on wording

ANSWERS are folders or answers.jsonl files of `python -m mucpt_utils musicsimpleqa`. With --write,
`strata` and `difficulty` also write what they find to data_cards/musicsimpleqa, in place of what is
there; `difficulty` then needs answers to every test question. Every file written is named.
Exit codes: 0 done, 1 the linter found something, 2 wrong arguments or a malformed file.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, MuCPTError, of_system
from mucpt_utils.io import write_jsonl, write_text
from mucpt_utils.knowledge.authoring.cards import with_counts
from mucpt_utils.knowledge.facts import CANARY, Fact, askable, load_facts
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.knowledge.tail import TailFact, load_identifiers, load_tail, tail_relation
from mucpt_utils.musicsimpleqa.difficulty import (
    DIFFICULTY,
    measured_difficulty,
    record_difficulty,
    summary_lines,
)
from mucpt_utils.musicsimpleqa.making.lint import lint
from mucpt_utils.musicsimpleqa.making.plan import (
    Plan,
    PlanError,
    Selected,
    load_plan,
    load_selection,
)
from mucpt_utils.musicsimpleqa.making.question_counts import counts_tables
from mucpt_utils.musicsimpleqa.making.strata import (
    STRATA,
    Stratum,
    load_strata,
    measure,
    read_counts,
    record_strata,
)
from mucpt_utils.musicsimpleqa.questions import (
    PARAPHRASES,
    SPLITS,
    load_questions,
    phrasings,
    question_of,
)
from mucpt_utils.musicsimpleqa.wording import report_wording

CARD = paths.DATA_CARDS / "musicsimpleqa"
COMMANDS = ("build", "check", "strata", "difficulty", "wording")
RECORDED = ("strata", "difficulty")  # with --write
MEASURED = ("difficulty", "wording")  # from the answers of models
PARAPHRASED = "core"  # the part whose questions are also asked in other wordings
FURTHER_WORDINGS = 2


def build_questions(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    plan: Plan,
    selection: Iterable[Selected],
    strata: Mapping[str, Stratum] | None = None,
) -> dict[str, list[dict]]:
    """Questions of each split, in the order of the selection, and the `paraphrases` of the core.

    facts: of the tables and of the tail. strata: how well known each subject is.
    Raises PlanError for a selected fact that does not exist, has several answers, or is forbidden.
    """
    persons = people(facts) | set(plan.persons)
    # a fact of the tail names its detail (the instrument), so that it has one answer
    tail = {fact.id: fact for fact in facts if isinstance(fact, TailFact)}
    asked = {fact.id: fact for fact in askable(f for f in facts if f.id not in tail)} | tail
    splits: dict[str, list[dict]] = {**{split: [] for split in SPLITS}, "paraphrases": []}
    for split, part, name in selection:
        if name not in asked or (why := plan.forbids(asked[name])):
            reason = why if name in asked else "no fact with one answer has this id"
            raise PlanError(f"selection: {name}: {reason}")
        fact = replace(asked[name], aliases=plan.accepted(asked[name]))
        if isinstance(fact, TailFact):
            relation = tail_relation(fact)
            wordings = plan.reworded.get(fact.id, relation.questions)
        else:
            relation = relations[fact.relation]
            wordings = plan.wordings(fact, relation)
        question = question_of(fact, relation, persons, part, wordings)
        question |= provenance(fact, (strata or {}).get(fact.subject))
        splits[split].append(question)
        if part == PARAPHRASED:
            others = phrasings(fact, wordings)[1 : 1 + FURTHER_WORDINGS]
            splits["paraphrases"] += [
                {**question, "id": f"{question['id']}#{number}", "question": text}
                for number, text in enumerate(others, start=1)
            ]
    return splits


def provenance(fact: Fact, stratum: Stratum | None) -> dict:
    """Fields that say where a question's stratum and key come from."""
    level = {"stratum": stratum.stratum} if stratum else {}
    source = stratum.source if stratum else "judgement of the authors"
    confirmed = fact.confirmed_by if isinstance(fact, TailFact) else ()
    known = load_identifiers().get(fact.subject, ())
    identifiers = fact.identifiers if isinstance(fact, TailFact) else known
    return {
        **level,
        "stratum_source": source,
        "confirmed_by": list(confirmed),
        "identifiers": list(identifiers),
    }


def people(facts: Iterable[Fact]) -> frozenset[str]:
    """Names that the facts show to be people: born in a year, singing, writing, composing."""
    by_object = {"lead_vocalist", "member", "writer", "composer", "librettist", "inventor"}
    names = set()
    for fact in facts:
        column = fact.relation.split(".")[1]
        if column == "birth_year":
            names.add(fact.subject)
        elif column in by_object:
            names.add(fact.object)
    return frozenset(names)


# --- files ---------------------------------------------------------------------------------------


def built() -> dict[str, list[dict]]:
    """The questions that the committed facts, plan and selection give."""
    facts: list[Fact] = [*load_facts("music"), *load_tail()]
    return build_questions(facts, load_relations(), load_plan(), load_selection(), load_strata())


def build(folder: Path = CARD) -> dict[str, list[dict]]:
    """Write the splits and the paraphrases, each line with the canary, and the card's counts.

    Raises PlanError with one line for each problem that the linter finds.
    """
    splits = built()
    if problems := check(splits):
        raise PlanError("\n".join(problems))
    for name, questions in splits.items():
        write_jsonl(folder / f"{name}.jsonl", ({**q, "canary": CANARY} for q in questions))
    write_counts(splits, folder)
    return splits


def write_counts(splits: Mapping[str, Sequence[dict]], folder: Path = CARD) -> Path:
    """Write the counts of the splits, and the recorded difficulty, into the card; returns it."""
    card = folder / "README.md"
    write_text(card, with_counts(card.read_text(encoding="utf-8"), counts_tables(splits)))
    return card


def check(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """What the linter finds in the splits, and in the paraphrases by themselves."""
    own = {name: questions for name, questions in splits.items() if name in SPLITS}
    problems = lint(own)
    if "paraphrases" in splits:
        problems += lint({"paraphrases": splits["paraphrases"]})
        texts = defaultdict(list)
        for question in (*splits["paraphrases"], *splits.get("test", ())):
            texts[question["question"].casefold()].append(question["id"])
        problems += [f"asked twice: {ids}" for ids in texts.values() if len(ids) > 1]
    return problems


def load_splits() -> dict[str, list[dict]]:
    """The committed splits, and the paraphrases."""
    splits = {name: load_questions(name) for name in SPLITS}
    return splits | {"paraphrases": load_questions(PARAPHRASES)}


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command's arguments."""
    parser = Parser(
        prog="python -m mucpt_utils questions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument(
        "answers", nargs="*", type=Path, default=[], help="difficulty, wording: answers of models"
    )
    parser.add_argument(
        "--write", action="store_true", help="strata, difficulty: replace what is recorded"
    )
    options = parser.parse_intermixed_args(arguments)  # --write may stand before ANSWERS
    if options.answers and options.command not in MEASURED:
        parser.error("answers are given to `difficulty` and `wording` only")
    if options.command in MEASURED and not options.answers:
        parser.error(f"`{options.command}` needs the answers of at least one model")
    if options.write and options.command not in RECORDED:
        parser.error("--write is for `strata` and `difficulty` only")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the splits, lint the committed ones, or measure; returns the exit code."""
    options = parsed(arguments)
    try:
        if options.command == "strata":
            return report(told_strata(options.write))
        splits = build() if options.command == "build" else load_splits()
        if options.command == "difficulty":
            return report(told_difficulty(splits, options.answers, options.write))
        if options.command == "wording":
            both = [*splits["test"], *splits["paraphrases"]]
            return report(report_wording(options.answers, both))
        problems = check(splits)
    except MuCPTError as error:
        print(f"questions: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        refused = of_system(error)
        print(f"questions: {refused}", file=sys.stderr)
        return refused.exit_code
    for problem in problems:
        print(problem, file=sys.stderr)
    for name, questions in splits.items():
        subjects = len({question["subject"] for question in questions})
        print(f"{name}: {len(questions)} questions, {subjects} subjects")
    if options.command == "build":
        print(written(*(CARD / f"{name}.jsonl" for name in splits), CARD / "README.md"))
    return FOUND if problems else OK


def told_strata(write: bool) -> list[str]:
    """The lines of `questions strata`. write: into strata.csv as well."""
    facts, folder = load_facts("music"), paths.REFERENCE_DATA / "music_facts"
    strata = record_strata(facts, folder) if write else measure(facts, read_counts(folder))
    files = [STRATA] if write else []
    return [f"{len(strata)} subjects have a stratum of their own", written(*files)]


def told_difficulty(
    splits: Mapping[str, Sequence[dict]], answers: Sequence[Path], write: bool
) -> list[str]:
    """The lines of `questions difficulty`. write: into difficulty.csv and the card as well."""
    if not write:
        return [*summary_lines(measured_difficulty(splits["test"], answers)), written()]
    lines = record_difficulty(splits["test"], answers, DIFFICULTY)
    return [*lines, written(DIFFICULTY, write_counts(splits))]


def written(*files: Path) -> str:
    """The line that names the files that were written."""
    return f"written: {', '.join(map(str, files))}" if files else "nothing written (see --write)"


def report(lines: Collection[str]) -> int:
    """Print the lines; returns the exit code of a finished command."""
    print("\n".join(lines))
    return OK
