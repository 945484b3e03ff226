"""The first screen: the question, the answer with its interval and scale, one figure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.report import words
from mucpt_utils.report.cells import interval
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.measures import COSTS, KINDS, MEASURES, deciding, difference_of
from mucpt_utils.report.numbers import counted, plain_number
from mucpt_utils.site import charts, costs, plain
from mucpt_utils.site.gathered import Finished

QUESTION = (
    "Does weighing training text by one loss ratio teach a language model more about music than "
    "plain continued pretraining?"
)
# what a verdict says about the paper's way on one kind of facts
PHRASES = {
    verdicts.BETTER: "it gains",
    verdicts.WORSE: "it loses",
    verdicts.MIXED: "it gains by one measure and loses by the other",
    verdicts.NO_DIFFERENCE: "it makes no difference that matters",
    verdicts.UNDECIDED: "this run cannot tell",
    verdicts.NO_ROOM: "there is no room here (no way that is told the labels stands clear)",
}
SHORT_PHRASES = {
    verdicts.BETTER: "gains",
    verdicts.WORSE: "loses",
    verdicts.MIXED: "gains and loses, by measure,",
    verdicts.NO_DIFFERENCE: "changes nothing that matters",
    verdicts.UNDECIDED: "is undecided",
    verdicts.NO_ROOM: "has no room",
}
# for results older than the rule for verdicts: by the position of the interval
BY_INTERVAL = {"stands": verdicts.BETTER, "fails": verdicts.WORSE, "open": verdicts.UNDECIDED}
NO_CEILING = (
    "No arm of this run was told which facts are true, so it does not say how much there was to "
    "gain."
)
NOT_SHOWN = ("control", "ceiling")  # roles of arms that are not ways to train
FIRST_ARMS = (PAPER_ARM, "rho1")  # always on the first screen
MOST_ARMS = 5  # on the first screen; the explorer has all
WIDE, NARROW = 292, 162  # pixels of the panels at 1280 and at 390


@dataclass(frozen=True)
class Figure:
    """A figure on a page: drawings for wide and narrow pages, and the words around it."""

    title: str
    reading: str
    wide: Markup
    narrow: Markup
    origin: str
    csv: str = ""
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    kinds: Sequence[str] = ()


def kind_verdicts(finished: Finished, other: str = "plain") -> list[str]:
    """The verdicts on the paper's way on each kind of facts; empty if it was not compared.

    other: what it is compared to.
    """
    found = []
    for kind in KINDS:
        effects = [
            difference_of(finished.tables, PAPER_ARM, other, kind, metric) for metric in MEASURES
        ]
        if "differences" not in finished.tables or effects[0] is None:
            return []
        given = [effect.verdict for effect in effects if effect is not None]
        found.append(verdicts.on_kind(*given) if all(given) else BY_INTERVAL[effects[0].state])
    return found


def short_answer(finished: Finished) -> str:
    """The answer without numbers, by the rule for verdicts: the headline comparison first."""
    first = deciding(finished.tables, PAPER_ARM)
    ordered = sorted(COSTS, key=lambda one: one != first)
    there = {other: found for other in ordered if (found := kind_verdicts(finished, other))}
    both = (("facts that its reference model knows", "the others"), ("the former", "the latter"))
    named = both[: 1 + any(len(set(found)) > 1 for found in list(there.values())[:1])]
    told = [
        at_cost(capital(COSTS[other]), found, named[min(number, len(named) - 1)])
        for number, (other, found) in enumerate(there.items())
    ]
    return " ".join(told)


def at_cost(cost: str, found: Sequence[str], kinds: tuple[str, str]) -> str:
    """A sentence on the paper's way at one cost.

    found: its verdict on each kind of facts. kinds: their names.
    """
    known, unknown = (PHRASES[verdict] for verdict in found)
    if known == unknown:
        return f"{cost}, {known} on both kinds of facts."
    return f"{cost}, {known} on {kinds[0]}; {unknown} on {kinds[1]}."


def sentence(finished: Finished) -> str:
    """The answer with its numbers, or a sentence that says what the profile lacks."""
    tables = finished.tables
    if "differences" not in tables or "main_comparison" not in tables:
        return f"Profile {finished.name} compares no ways of training on questions."
    if told := words.effect_sentence(tables, PAPER_ARM):
        return capital(told)
    return (
        f"Profile {finished.name} did not train the paper's way ({arm_title(PAPER_ARM)}); the "
        "figure shows those that it did train."
    )


def room_sentence(finished: Finished) -> str:
    """How much there was to gain, or that the run does not say."""
    table = finished.tables.get("differences")
    told = words.room(finished.tables) if table is not None else ""
    return told or NO_CEILING


def forest_figure(finished: Finished, metric: str = "log_likelihood") -> Figure | None:
    """Every method and baseline minus plain, on both kinds of facts, at each available cost."""
    rows = list(forest_rows(finished, metric))
    if not rows:
        return None
    first = panel_of_headline(finished, [row["panel"] for row in rows])
    rows.sort(key=lambda row: row["panel"] != first)
    panels = list(dict.fromkeys(row["panel"] for row in rows))
    unit = plain.metric_unit(metric) or plain.SHORT_METRICS[metric]
    title = f"difference to plain, {unit}"
    arrows = (charts.WORSE, title, charts.BETTER)
    wide = charts.forest(charts.SPACE.join(arrows), WIDE)
    if len(panels) > 1:  # there is no room for numbers between two panels
        said = f"difference, {unit}{plain.BREAK}{charts.WORSE}{charts.SPACE}{charts.BETTER}"
        wide = charts.forest(said, WIDE // 2 + 60, values=False, ticks=4)
    said = f"difference {first}, {unit}" if len(panels) > 1 else title
    slim_title = f"{said}{plain.BREAK}{charts.WORSE}{charts.SPACE}{charts.BETTER}"
    slim = charts.forest(slim_title, NARROW, values=False, ticks=4, row_height=14)
    slim_rows = [
        {**row, "label": plain.arm_label(row["arm"], 22, lines=2)}
        for row in rows
        if row["panel"] == first
    ]
    about = f"{heading(finished)}: {title}."
    return Figure(
        heading(finished),
        reading(finished, rows, metric),
        charts.still(charts.panels(wide, panels), rows, about),
        charts.still(slim, slim_rows, about),
        finished.origin,
        csv="tables/differences.csv",
        rows=rows,
        kinds=[plain.stratum_title(kind) for kind in KINDS],
    )


def panel_of_headline(finished: Finished, panels: Sequence[str]) -> str:
    """The panel that comes first, and is alone if there is room for one: that of the headline."""
    first = COSTS[deciding(finished.tables, PAPER_ARM)]
    return first if first in panels else panels[0]


def forest_rows(finished: Finished, metric: str) -> Iterator[dict[str, Any]]:
    """Rows for the forest plot, one per arm, kind of facts and cost."""
    table = finished.tables.get("differences", pd.DataFrame())
    for cost in costs.compared(table):
        rows = cost.rows[cost.rows["metric"] == metric]
        for arm in chosen_arms(finished, metric):
            for number, kind in enumerate(KINDS):
                for row in rows[(rows["arm"] == arm) & (rows["stratum"] == kind)].itertuples():
                    if pd.notna(row.difference):
                        shown = {"arm": arm, "kind": number, "panel": cost.title}
                        yield shown | measured(row) | {"row": f"differences.{row.Index}"}


def chosen_arms(finished: Finished, metric: str) -> list[str]:
    """The arms of the first screen: `FIRST_ARMS`, and the best of the other methods and baselines.

    The best by the mean of their differences to plain, on the questions that the figure then shows,
    as its text says. At most `MOST_ARMS`, in the order: the paper's, other methods, baselines.
    """
    table = finished.tables["differences"]
    table = table[(table["metric"] == metric) & table["stratum"].isin(list(KINDS))]
    gains = table[table["compared_to"] == "plain"].groupby("arm")["difference"].mean()
    there = [arm for arm in gains.index if verdicts.role(arm) not in NOT_SHOWN and arm not in COSTS]
    best = sorted(there, key=lambda arm: (arm not in FIRST_ARMS, -gains[arm]))[:MOST_ARMS]
    rank = {"method": 1, "baseline": 2}
    named = [arm for arm in dict.fromkeys(table["arm"]) if arm in best]
    return sorted(named, key=lambda arm: 0 if arm == PAPER_ARM else rank.get(verdicts.role(arm), 3))


def left_out(finished: Finished, rows: Sequence[Mapping]) -> str:
    """A sentence about the methods and baselines that the first figure does not show."""
    every = set(finished.tables["differences"]["arm"])
    shown = {row["arm"] for row in rows}
    others = [a for a in every - shown if verdicts.role(a) not in NOT_SHOWN and a not in COSTS]
    if not others:
        return ""
    return (
        " The paper's way and Rho-1 are always shown, and of the rest those that gain most here; "
        f"{counted(len(others), 'other')} {'is' if len(others) == 1 else 'are'} in the explorer."
    )


def measured(row: Any) -> dict[str, Any]:
    """The numbers of a row of differences, and their wording."""
    text = interval(row.difference, row.ci_low, row.ci_high)
    name = capital(arm_title(row.arm))
    kind = plain.stratum_title(row.stratum)
    return {
        "label": plain.arm_label(row.arm, 24),
        "name": name,
        "value": row.difference,
        "low": row.ci_low,
        "high": row.ci_high,
        "numbers": text,
        "text": f"{text} · n {int(row.n)}",
        "told": f"{name}, {kind}: {text}, n = {int(row.n)}",
        "n": int(row.n),
    }


def heading(finished: Finished) -> str:
    """A title that concludes: the verdict on the paper's way, by the comparison that decides."""
    there = [other for other in COSTS if kind_verdicts(finished, other)]
    if not there:
        return "Each way of training, minus plain continued pretraining"
    first = deciding(finished.tables, PAPER_ARM)
    other = first if first in there else there[0]
    found = kind_verdicts(finished, other)
    if set(found) == {verdicts.NO_ROOM}:
        return "No room here: no way that is told the labels stands clear of plain"
    known, unknown = (SHORT_PHRASES[verdict] for verdict in found)
    told = (
        f"{known} on both kinds of facts"
        if known == unknown
        else f"{known} where the reference model knows, {unknown} elsewhere"
    )
    return f"{capital(COSTS[other])} the paper's way {told}" if len(there) > 1 else capital(told)


def reading(finished: Finished, rows: Sequence[Mapping], metric: str) -> str:
    """How to read the figure: what a point, a line and n are."""
    sizes = sorted({row["n"] for row in rows})
    counts = " or ".join(f"{size:,}" for size in sizes[-2:]) if len(sizes) > 1 else f"{sizes[0]:,}"
    return (
        f"A point is the mean difference in the {plain.SHORT_METRICS[metric]}, a line its 95 % "
        f"interval; right of zero is better than plain. n = {counts} pairs of question and seed. "
        f"{finished.scale}.{left_out(finished, rows)}"
    )


def level_cell(row: Mapping | None) -> str:
    """A mean with its interval, for tables."""
    if row is None:
        return "–"
    return " ".join(
        (
            plain_number(row["mean"]),
            f"[{plain_number(row['ci_low'])}, {plain_number(row['ci_high'])}]",
        )
    )
