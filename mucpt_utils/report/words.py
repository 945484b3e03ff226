"""Sentences from numbers: what a run says about each arm, for the report's long abstract.

No number is typed here: each sentence is worded from the tables. Effects
are given by log-likelihood first, the primary measure, then by accuracy.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from mucpt_utils.analysis import verdicts as rule
from mucpt_utils.analysis.claims import verdict_counts
from mucpt_utils.analysis.effects import PAPER_ARM, first_row, learnt
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import MAIN
from mucpt_utils.pipeline.accounting import KEPT
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import capital, of_selection, state_of
from mucpt_utils.report.measures import (
    COSTS,
    KINDS,
    MEASURES,
    METHODS,
    PRIMARY,
    Tables,
    deciding,
    difference_of,
    mean_of,
    verdict_of,
)
from mucpt_utils.report.numbers import (
    change,
    counted,
    ends_in_words,
    enumerated,
    mean_with_interval,
    percent,
    plain_number,
    signed,
    with_ends,
)
from mucpt_utils.study.labels import FALSE

# whose the claims are, by their status in `claims.csv`
SOURCES = {
    "asked": "that this study asks itself",
    "published": "that the paper published",
    "reported": "that third parties report of it",
}
# what is said about the tokens that the pipeline leaves, by the writer's labels
LEFT = {
    "are noise that no rule about form finds": ("noise",),
    "are objects of false statements": FALSE,
    "are boilerplate or advertising": ("boilerplate", "spam"),
}
# whether the ceilings leave room above plain, by the state of `verdicts.states_of_room`
ROOM = {
    "stands": "there is room above plain",
    "fails": "there is no room above plain here",
    "open": "no room above plain is shown here",
}
NOTHING_LEARNT = (
    "At this size plain continued pretraining does not measurably beat the base in accuracy: the "
    "models are too small, or the tokens too few, to learn the facts. The run shows that every "
    "stage works; it allows no conclusion about the arms."
)


class Paragraph(NamedTuple):
    """A paragraph, and the names of the tables that its numbers come from."""

    text: str
    tables: tuple[str, ...]


def abstract(tables: Tables, run: Mapping) -> list[str]:
    """The report's abstract, one item per paragraph; see `paragraphs`."""
    return [paragraph.text for paragraph in paragraphs(tables, run)]


def paragraphs(tables: Tables, run: Mapping) -> list[Paragraph]:
    """The abstract, worded from the numbers, with the tables behind each paragraph.

    tables: frames by name, all of them optional. run: the content of `run.json`. If
    plain training taught nothing, it says so and compares nothing.
    """
    parts = [(setting(tables, run), ["runs"])]
    parts.append((pipeline_result(tables), ["funnel", "kinds_left"]))
    if "differences" in tables and "main_comparison" in tables:
        if learnt(tables):
            parts.append((levels(tables), ["main_comparison"]))
            parts.append((room(tables), ["differences"]))
            parts.append((at_a_glance(tables, "baseline"), ["differences", "verdicts"]))
            parts.append((at_a_glance(tables, "method"), ["differences", "verdicts"]))
            parts += [(text, ["differences", "verdicts"]) for text in effects(tables)]
            parts.append((kept_documents(tables), ["selection_kinds"]))
            parts.append((better_than_both(tables), ["differences"]))
            parts.append((forgetting(tables), ["differences"]))
            parts.append((repeatability(tables), ["repeatability"]))
        else:
            parts.append((NOTHING_LEARNT, ["differences"]))
    parts += [(text, ["bits_per_byte"]) for text in prose_results(tables)]
    parts.append((verdicts(tables), ["claims"]))
    return [
        Paragraph(text, tuple(name for name in names if name in tables))
        for text, names in parts
        if text
    ]


def setting(tables: Tables, run: Mapping) -> str:
    """What is tested, and at which size."""
    row = first_row(tables.get("runs"), axis=MAIN, stratum="all", metric="accuracy")
    questions = f" and {int(row['n']):,} questions" if row is not None else ""
    return (
        "MuCPT (arXiv 2511.14245) scores tokens softly by a reference model: one loss ratio "
        "selects documents and down-weights tokens in domain continued pretraining. This is an "
        f"independent, open test of that idea with models of {run['parameters']:,} parameters, "
        f"{run['tokens']:,} training tokens per arm, {counted(len(run['seeds']), 'seed')}"
        f"{questions} (profile {run['profile']}: {run['purpose']})."
    )


def pipeline_result(tables: Tables) -> str:
    """How many of the documents that enter the pipeline are left."""
    funnel = tables.get("funnel")
    if funnel is None or funnel.empty:
        return ""
    entered = funnel[funnel["stage"] == funnel["stage"].iloc[0]]["documents"].sum()
    last = funnel[funnel["stage"] == funnel["stage"].iloc[-1]]
    left = last[last["reason"] == KEPT]["documents"].sum()
    return (
        f"Of {int(entered):,} documents that enter the pipeline, {int(left):,} "
        f"({percent(left / max(entered, 1))}) are left for training.{kinds_left(tables)}"
    )


def kinds_left(tables: Tables) -> str:
    """How much noise and falsehood the pipeline leaves, of all tokens; "" where not counted."""
    table = tables.get("kinds_left")
    if table is None or table.empty:
        return ""
    shares = table.set_index("kind")["share"]
    told = [
        f"{100 * sum(shares.get(kind, 0) for kind in kinds):.1f} % {words}"
        for words, kinds in LEFT.items()
    ]
    return f" Of their tokens {enumerated(told)}."


def levels(tables: Tables) -> str:
    """Where plain training and the base stand over all questions, in both measures."""
    parts = []
    for metric, (name, unit) in MEASURES.items():
        plain, base = (mean_of(tables, arm, "all", metric) for arm in ("plain", "base"))
        if plain is not None and base is not None:
            ours, before = (mean_with_interval(row, unit) for row in (plain, base))
            parts.append(f"{name} is {ours}, that of the base {before}")
    if not parts:
        return ""
    return (
        f"After plain continued pretraining {'; '.join(parts)}. Brackets hold 95 % intervals, here "
        "and below."
    )


def room(tables: Tables) -> str:
    """Whether any ceiling is clearly above plain, on each kind of facts; "" without ceilings."""
    table = tables["differences"]
    rooms = rule.room(table) if len(table) else table
    clauses = []
    for kind, state in (rule.states_of_room(rooms) if len(rooms) else {}).items():
        best = rule.told_ceiling(rooms, kind)
        unit = MEASURES[best["metric"]][1]
        number = f"{signed(best['difference'])}{unit}"
        ends = ends_in_words(best["ci_low"], best["ci_high"])
        clauses.append(
            f"on {KINDS[kind]} {ROOM[state]} "
            f"({arm_title(best['arm'])} minus plain {number}, {ends})"
        )
    return f"{capital('; '.join(clauses))}." if clauses else ""


def at_a_glance(tables: Tables, role: str) -> str:
    """The verdict of every arm of a role against plain, at the cost by which it is judged."""
    judged: dict[tuple[str, str], list[str]] = {}
    for arm in (name for name, declared in ARMS.items() if declared.role == role):
        other = deciding(tables, arm)
        verdict = verdict_of(tables, arm, other)
        if verdict and arm not in COSTS:
            # quoted, since names of arms contain commas
            judged.setdefault((other, verdict), []).append(f"“{arm_title(arm)}”")
    told = [
        f"{verdict} {where}: {', '.join(judged[other, verdict])}"
        for other, where in COSTS.items()
        for verdict in rule.VERDICTS
        if (other, verdict) in judged
    ]
    noun = {"baseline": "The other baselines", "method": "The methods"}[role]
    return f"{noun} against plain, over both kinds of facts: {'; '.join(told)}." if told else ""


def effects(tables: Tables) -> list[str]:
    """Against plain: the paper's arm, the best of the other methods, and Rho-1.

    The best is the one of the highest accuracy over all facts; the sentence says so, since it was
    chosen on the questions by which it is then described.
    """
    means = {arm: mean_of(tables, arm, "all", "accuracy") for arm in METHODS}
    measured = {arm: row["mean"] for arm, row in means.items() if row is not None}
    leads = {PAPER_ARM: ""}
    others = [arm for arm in measured if arm != PAPER_ARM]
    if others:
        noun = "other method" if PAPER_ARM in measured else "method"
        leads[max(others, key=measured.__getitem__)] = (
            f"Of the {counted(len(others), noun)}, the one with the highest accuracy over all "
            "facts, chosen on these same questions and so to be read with care: "
        )
    leads["rho1"] = ""
    sentences = {arm: effect_sentence(tables, arm) for arm in leads}
    return [
        f"{capital(leads[arm] + sentence)}{at_the_other_cost(tables, arm)}"
        for arm, sentence in sentences.items()
        if sentence
    ]


def at_the_other_cost(tables: Tables, arm: str) -> str:
    """The arm against plain at the cost that does not decide, in a sentence; "" if not run."""
    (other,) = set(COSTS) - {deciding(tables, arm)}
    effects = [difference_of(tables, arm, other, kind, PRIMARY) for kind in KINDS]
    numbers = [with_ends(effect) for effect in effects if effect is not None]
    if len(numbers) < len(KINDS):
        return ""
    verdict = verdict_of(tables, arm, other)
    unit = MEASURES[PRIMARY][1]
    ending = f"; there the verdict is: {verdict}" if verdict else ""
    lead = f"{capital(COSTS[other])} the log-likelihood changes by"
    return f" {lead} {' and '.join(numbers)}{unit}{ending}."


def effect_sentence(tables: Tables, arm: str) -> str:
    """An arm against plain on covered and uncovered facts: log-likelihood, then accuracy.

    By the comparison that decides for the arm, with the verdict that the rule gives. "" if the
    table has no such rows.
    """
    clauses, states = [], []
    other = deciding(tables, arm)
    for kind, facts in KINDS.items():
        differences = {m: difference_of(tables, arm, other, kind, m) for m in MEASURES}
        effects = {m: effect for m, effect in differences.items() if effect is not None}
        if not effects:
            return ""
        parts = [f"{MEASURES[m][0]} {change(e, MEASURES[m][1])}" for m, e in effects.items()]
        clauses.append(f"on {facts} {' and '.join(parts)}")
        verdicts = (effect.verdict for effect in effects.values())
        states.append(rule.on_kind(next(verdicts, ""), next(verdicts, "")))
    verdict = rule.over_kinds(states)
    told = f" The verdict: {verdict}." if verdict else ""
    return f"{arm_title(arm)}, against plain {COSTS[other]}: {'; '.join(clauses)}.{told}"


def kept_documents(tables: Tables) -> str:
    """Which documents the paper's selection keeps; "" if it was not measured."""
    told = of_selection(tables.get("selection_kinds"), PAPER_ARM)
    return f"{capital(told)}." if told else ""


def repeatability(tables: Tables) -> str:
    """How much two single runs of one arm must differ to mean anything; "" if unknown."""
    told = []
    for kind, facts in KINDS.items():
        rows = {
            metric: first_row(tables.get("repeatability"), stratum=kind, metric=metric)
            for metric in MEASURES
        }
        numbers = [
            f"{plain_number(row['must_differ_by'])}{MEASURES[metric][1] or ' of accuracy'}"
            for metric, row in rows.items()
            if row is not None
        ]
        if numbers:
            told.append(f"{enumerated(numbers)} on {facts}")
    if not told:
        return ""
    return (
        "Even two single runs of one arm differ if their seeds do; for a difference between two "
        f"single runs to mean anything, they must differ by more than {', '.join(told)}."
    )


def better_than_both(tables: Tables) -> str:
    """Which methods are better than plain and Rho-1 on both kinds of facts, by the rule.

    If plain was trained at equal compute, which of them beat that as well.
    """
    others = ("plain", "rho1")
    winners = [arm for arm in METHODS if beats(tables, arm, others)]
    text = (
        "Better than both plain and Rho-1, at equal tokens, on both the facts that the reference "
        f"model knows and those that it does not: {named(winners)}"
    )
    table = tables["differences"]
    if "plain_compute" in set(table["compared_to"]):
        at_compute = [arm for arm in winners if beats(tables, arm, ("plain_compute",))]
        text += f"; better than plain at equal compute too: {named(at_compute)}"
    return f"{text}."


def named(arms: Iterable[str]) -> str:
    """Titles of arms as a list in a sentence; `no arm`."""
    titles = [f"“{arm_title(arm)}”" for arm in arms]
    return enumerated(titles) if titles else "no arm"


def beats(tables: Tables, arm: str, others: Iterable[str]) -> bool:
    """Whether an arm is better than each of the others on both kinds of facts.

    By the verdict on log-likelihood; in a table without verdicts, by its interval.
    """
    effects = [
        difference_of(tables, arm, other, kind, PRIMARY) for other in others for kind in KINDS
    ]
    return all(
        effect is not None
        and (effect.verdict == rule.BETTER if effect.verdict else effect.state == "stands")
        for effect in effects
    )


def forgetting(tables: Tables) -> str:
    """What training does to general questions: log-likelihood decides, accuracy is also given.

    Plain against the base, then which arms keep less or more than plain does.
    """
    differences = {m: difference_of(tables, "plain", "base", "general", m) for m in MEASURES}
    by_metric = {metric: effect for metric, effect in differences.items() if effect is not None}
    if not by_metric:
        return ""
    forgotten = next(iter(by_metric.values())).state == "fails"
    verdict = "is forgotten" if forgotten else "is not shown to be forgotten"
    parts = [f"{MEASURES[m][0]} {change(e, MEASURES[m][1])}" for m, e in by_metric.items()]
    text = (
        f"General knowledge {verdict} in plain continued pretraining: from the base to its end, on "
        f"general questions, {enumerated(parts)}."
    )
    for state, word in (("fails", "more"), ("stands", "less")):
        arms = [
            f"“{arm_title(arm)}” ({signed(effect.value)}{MEASURES['log_likelihood'][1]})"
            for arm in ARMS
            if arm not in ("base", "plain")
            and (effect := difference_of(tables, arm, "plain", "general", "log_likelihood"))
            and state_of(effect) == state
        ]
        text += f" These forget {word} than plain: {', '.join(arms)}." if arms else ""
    return text


def prose_results(tables: Tables) -> list[str]:
    """One sentence for each held-out text of the prose lane: bits per byte by arm."""
    table = tables.get("bits_per_byte")
    if table is None:
        return []
    sentences = []
    for stratum, rows in table.groupby("stratum", sort=False):
        values = [
            f"{arm_title(row['arm'])} {row['mean']:.3f}{in_brackets(row)}"
            for row in rows.to_dict("records")
        ]
        sentences.append(
            f"Bits per byte on held-out {stratum} prose, lower is better (95 % interval over "
            f"seeds): {'; '.join(values)}."
        )
    return sentences


def in_brackets(row: Mapping) -> str:
    """` (1.17 to 1.18; +0.144 from plain)`: an interval, if there is one, and what plain's is less.

    One seed has no interval; plain has no difference.
    """
    told = [] if pd.isna(row["ci_low"]) else [f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"]
    difference = row.get("difference_to_plain", float("nan"))
    told += [] if pd.isna(difference) else [f"{signed(difference, 3)} from plain"]
    return f" ({'; '.join(told)})" if told else ""


def verdicts(tables: Tables) -> str:
    """How many claims hold: the paper's and, separately, those that third parties report."""
    if "claims" not in tables:
        return ""
    parts = []
    for status, counts in verdict_counts(tables["claims"]).items():
        told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
        parts.append(f"of {counted(sum(counts.values()), 'claim')} {SOURCES[status]}: {told}")
    return f"{capital('; '.join(parts))}." if parts else ""
