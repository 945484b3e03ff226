"""The counts of the benchmark's card, computed from its questions."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from mucpt_utils.knowledge.facts import POPULARITY
from mucpt_utils.knowledge.relations import ANSWER_TYPES
from mucpt_utils.musicsimpleqa.difficulty import DIFFICULTY, GUESSERS
from mucpt_utils.musicsimpleqa.questions import SPLITS


def counts_tables(splits: Mapping[str, Sequence[dict]]) -> str:
    """Markdown tables: questions by part and category, by answer type, by origin of the strata."""
    tables = [parts_table, types_table, strata_table, confirmations_table]
    own = {name: questions for name, questions in splits.items() if name in SPLITS}
    text = "\n\n".join(["\n".join(table(own)) for table in tables] + [difficulty_table()])
    return text + f"\n\nParaphrases: {len(splits.get('paraphrases', ()))} questions."


def parts_table(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """Questions and subjects of each part, category by category, and by stratum."""
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
    return lines


def types_table(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """Questions of each split by answer type."""
    types = {split: Counter(q["answer_type"] for q in qs) for split, qs in splits.items()}
    lines = [f"| answer type | {' | '.join(splits)} |", f"|---|{'--:|' * len(splits)}"]
    for kind in ANSWER_TYPES:
        lines.append(f"| {kind} | {' | '.join(str(types[split][kind]) for split in splits)} |")
    return lines


def strata_table(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """Questions by the origin of their stratum."""
    sources = Counter(q["stratum_source"] for questions in splits.values() for q in questions)
    lines = ["| the stratum rests on | questions |", "|---|--:|"]
    return lines + [f"| {source} | {number} |" for source, number in sources.most_common()]


def difficulty_table() -> str:
    """What the models and the guessers got right, by part of the test split."""
    with DIFFICULTY.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    lines = [
        "| part | questions | answers of models | right | no model right | every model right "
        "| frequent key | nearest subject | marked as guessed |",
        f"|---|{'--:|' * 8}",
    ]
    for part in dict.fromkeys(row["part"] for row in rows):
        group = [row for row in rows if row["part"] == part]
        asked = [row for row in group if row["models"] != "0"]
        answers, right = (sum(int(row[name]) for row in asked) for name in ("models", "right"))
        none = sum(row["right"] == "0" for row in asked)
        every = sum(row["right"] == row["models"] for row in asked)
        share = f"{right / answers:.3f}" if answers else ""
        guessers = [sum(int(row[name]) for row in group) for name in GUESSERS]
        shares = " | ".join(f"{hits / len(group):.3f}" for hits in guessers)
        marked = sum(int(row["guessed"]) for row in group)
        counts = f"{len(group)} | {answers} | {share} | {none} | {every}"
        lines.append(f"| {part} | {counts} | {shares} | {marked} |")
    return "\n".join(lines)


def confirmations_table(splits: Mapping[str, Sequence[dict]]) -> list[str]:
    """Questions of the tail by what confirmed their key."""
    kinds = Counter(
        " + ".join(q["confirmed_by"])
        for questions in splits.values()
        for q in questions
        if q["confirmed_by"]
    )
    lines = ["| the key of a tail question is confirmed by | questions |", "|---|--:|"]
    return lines + [f"| {kind} | {number} |" for kind, number in kinds.most_common()]
