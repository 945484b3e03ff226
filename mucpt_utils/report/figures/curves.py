"""What each arm knows in the course of training: by tokens, and by their compute."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.special import stdtrit

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    PARTS_AND_VARIANTS,
    STRATA,
    UNCOVERED,
    capital,
    short_title,
)
from mucpt_utils.report.figures.panels import (
    beside,
    better_to,
    distinct,
    label_outside,
    legend_below,
    panel_grid,
    say_where_it_begins,
    select,
    thousands,
    wrapped,
)
from mucpt_utils.report.figures.style import (
    KIND_STYLES,
    STRATUM_TITLES,
    Drawn,
    NothingToDraw,
    arm_style,
    arm_title,
    styled,
)
from mucpt_utils.report.measures import PRIMARY

MOST_PANELS = 12
MOST_LINES = 6
BEHIND = "#9a9a9a"
SHORT_METRICS = {"accuracy": "accuracy", "log_likelihood": "log-likelihood (nats per token)"}


# --- means over seeds -----------------------------------------------------------------------------


def over_seeds(curves: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Mean over seeds with its 95 % interval (Student's t), by arm, stratum and tokens.

    curves: rows of `learning_curves.csv`. Columns: arm, stratum, metric, tokens, mean, ci_low,
    ci_high, seeds; one seed alone has no interval. Raises NothingToDraw without such rows.
    """
    chosen = select(curves, metric, STRATA)
    grouped = chosen.groupby(["arm", "stratum", "metric", "tokens"], sort=False)["value"]
    frame = grouped.agg(mean="mean", spread="std", seeds="size").reset_index()
    factor = stdtrit(np.maximum(frame["seeds"] - 1, 1), 0.975) / np.sqrt(frame["seeds"])
    half = (factor * frame["spread"]).where(frame["seeds"] > 1)
    frame = frame.assign(ci_low=frame["mean"] - half, ci_high=frame["mean"] + half)
    if metric == "accuracy":
        frame[["ci_low", "ci_high"]] = frame[["ci_low", "ci_high"]].clip(0, 1)
    return frame[["arm", "stratum", "metric", "tokens", "mean", "ci_low", "ci_high", "seeds"]]


def from_the_base(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of trained arms, each beginning with the base at 0 tokens.

    An arm that starts from the reference model has no such point: it did not begin with the base.
    """
    base, trained = frame[frame["arm"] == "base"], frame[frame["arm"] != "base"]
    from_base = [a for a in distinct(trained["arm"]) if a not in ARMS or ARMS[a].start == "base"]
    begun = set(trained.loc[trained["tokens"] == 0, "arm"])
    starts = [base.assign(arm=arm) for arm in from_base if arm not in begun]
    return pd.concat([*starts, trained]).sort_values("tokens", kind="stable", ignore_index=True)


def line_of(frame: pd.DataFrame, arm: str, stratum: str) -> pd.DataFrame:
    """The rows of one line."""
    return frame[(frame["arm"] == arm) & (frame["stratum"] == stratum)]


def most_telling(arms: Sequence[str], most: int) -> list[str]:
    """At most `most` arms: plain and the paper's first, then methods, baselines and the others.

    Parts and variants of other arms come last.
    """
    order = ["method", "baseline", "control", "ceiling"]
    arms = [arm for arm in arms if arm != "base"]
    first = [arm for arm in ("plain", PAPER_ARM) if arm in arms]
    rest = sorted(
        (arm for arm in arms if arm not in first),
        key=lambda arm: (arm in PARTS_AND_VARIANTS, order.index(verdicts.role(arm))),
    )
    return [*first, *rest][:most]


def rise(frame: pd.DataFrame, arm: str) -> str:
    """How far an arm moves from the base on each kind of facts, as a sentence."""
    told = []
    for stratum, words in zip(STRATA, ("known", "unknown"), strict=True):
        points = line_of(frame, arm, stratum)
        if len(points) > 1:
            first, last = points["mean"].iloc[0], points["mean"].iloc[-1]
            told.append(f"{words} facts from {first:.2f} to {last:.2f}".replace("-", "−"))
    metric = {"accuracy": "accuracy"}.get(frame["metric"].iloc[0], "log-likelihood")
    return f"{capital(metric)} along training, {short_title(arm)}: {', '.join(told)}"


# --- one panel per arm ----------------------------------------------------------------------------


@styled
def learning_curves(curves: pd.DataFrame, metric: str = "accuracy") -> Drawn:
    """One panel per arm: covered and uncovered facts in the course of training, plain in grey.

    curves: rows of `learning_curves.csv`. Lines are means over seeds, bands their 95 % intervals;
    they begin at the base, or where an arm starts from elsewhere at its first point. Raises
    NothingToDraw if the rows lack the metric or a trained arm.
    """
    frame = from_the_base(over_seeds(curves, metric))
    arms = most_telling(distinct(frame["arm"]), MOST_PANELS)
    if not arms:
        raise NothingToDraw("no arm was trained")
    frame = frame[frame["arm"].isin(arms)].reset_index(drop=True)
    columns = beside(len(arms), 4)
    rows = -(-len(arms) // columns)
    size = (max(5.0, 2.3 * columns), 2.15 * rows + 1.1)
    fig, grid = panel_grid(rise(frame, arms[0]), rows, columns, size, sharex=True, sharey=True)
    for axes, arm in zip(grid.flat, arms, strict=False):
        axes.set_title(wrapped(arm_title(arm), 22))
        for stratum in STRATA:
            if arm != "plain":
                points = line_of(frame, "plain", stratum)
                line = KIND_STYLES[stratum].line
                axes.plot(points["tokens"], points["mean"], color=BEHIND, lw=2, ls=line, zorder=1)
            curve(axes, line_of(frame, arm, stratum), "tokens", stratum)
        thousands(axes.xaxis)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    label_outside(grid, len(arms), "tokens trained on", better_to(SHORT_METRICS[metric]))
    for axes in grid.flat[: len(arms)]:
        say_where_it_begins(axes, across=False)
    legend_below(fig, [*kind_lines(), Line2D([], [], color=BEHIND, lw=2, label="plain")])
    return fig, frame


def curve(axes: Axes, points: pd.DataFrame, along: str, stratum: str) -> None:
    """One line with its band, in the style of a kind of facts."""
    style = KIND_STYLES[stratum]
    band = points.dropna(subset=["ci_low", "ci_high"])
    axes.fill_between(band[along], band["ci_low"], band["ci_high"], color=style.colour, alpha=0.15)
    face = style.colour if stratum == COVERED else "white"
    marks: dict[str, Any] = {"marker": style.marker, "mfc": face, "ms": 5}
    axes.plot(points[along], points["mean"], color=style.colour, ls=style.line, lw=1.6, **marks)


def kind_lines() -> list[Line2D]:
    """The two kinds of facts for the legend."""
    lines = []
    for stratum in STRATA:
        style, face = KIND_STYLES[stratum], "white" if stratum == UNCOVERED else None
        look: dict[str, Any] = {
            "color": style.colour,
            "marker": style.marker,
            "ls": style.line,
            "mfc": face,
        }
        lines.append(Line2D([], [], label=STRATUM_TITLES[stratum], **look))
    return lines


# --- tokens and compute ---------------------------------------------------------------------------


@styled
def tokens_and_compute(
    curves: pd.DataFrame, costs: pd.DataFrame | None = None, metric: str = PRIMARY
) -> Drawn:
    """The telling arms in one panel per kind of facts, by tokens and, with `costs`, by FLOPs.

    curves: rows of `learning_curves.csv`; costs: rows of `costs.csv` (arm, flops), what an arm's
    whole run cost, including its reference model's training and scoring. Raises NothingToDraw if
    the rows lack the metric.
    """
    frame = from_the_base(over_seeds(curves, metric))
    arms = most_telling(distinct(frame["arm"]), MOST_LINES)
    frame = with_compute(frame[frame["arm"].isin(arms)].reset_index(drop=True), costs)
    along = ["tokens"] + (["flops"] if frame["flops"].notna().any() else [])
    titles = {"tokens": "tokens trained on", "flops": "FLOPs, reference model included"}
    size = (9.0, 1.2 + 2.9 * len(along))
    fig, grid = panel_grid(best_at(frame, along[-1]), len(along), 2, size, sharey=True)
    for line, column in zip(grid, along, strict=True):
        for axes, stratum in zip(line, STRATA, strict=True):
            axes.set_title(STRATUM_TITLES[stratum])
            for arm in arms:
                arm_curve(axes, line_of(frame, arm, stratum), column, arm)
            axes.set_xlabel(titles[column])
            axes.set_ylabel(better_to(SHORT_METRICS[metric]))
            if column == "tokens":
                thousands(axes.xaxis)
            say_where_it_begins(axes, across=False)
    legend_below(fig, [arm_line(arm) for arm in arms])
    return fig, frame


def with_compute(frame: pd.DataFrame, costs: pd.DataFrame | None) -> pd.DataFrame:
    """Rows with a column `flops`: what an arm had cost by the time it had read so many tokens.

    What comes before training (`flops` beyond those of its tokens at plain's price) is paid at the
    beginning. Without costs the column is empty.
    """
    each = prices(costs, frame)
    nothing = (np.nan, np.nan)
    before, price = np.array([each.get(arm, nothing) for arm in frame["arm"]]).T
    return frame.assign(flops=before + price * frame["tokens"])


def prices(costs: pd.DataFrame | None, curves: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """For each arm, the operations before training and per token; empty if plain's are unknown.

    costs: rows of `costs.csv`; curves: rows with arm and tokens.
    """
    last = curves.groupby("arm")["tokens"].max()
    if costs is None or "flops" not in costs or "plain" not in last:
        return {}
    total = costs.groupby("arm")["flops"].mean()
    if "plain" not in total:
        return {}
    price = float(total["plain"] / last["plain"])
    both = [arm for arm in last.index if arm in total]
    return {arm: (max(0.0, float(total[arm] - price * last[arm])), price) for arm in both}


def best_at(frame: pd.DataFrame, along: str) -> str:
    """Which arm is highest at the largest amount that all arms reach, on each kind of facts.

    An arm whose first measurement comes after that amount, as one that starts from a dear reference
    model, is not compared: what it knew there was not measured.
    """
    rows = frame.dropna(subset=along)
    common = rows.groupby("arm")[along].max().min()
    told = []
    for stratum, words in zip(STRATA, ("known", "unknown"), strict=True):
        values = {}
        for arm, part in rows[rows["stratum"] == stratum].groupby("arm", sort=False):
            if part[along].min() <= common or (part["tokens"] == 0).any():
                # before its training an arm that begins with the base knows what the base knows
                values[str(arm)] = np.interp(common, part[along], part["mean"])
        if values:
            told.append(f"{short_title(max(values, key=values.__getitem__))} on {words} facts")
    budget = "compute" if along == "flops" else "number of tokens"
    return f"Highest at the same {budget}: {'; '.join(told)}"


def arm_curve(axes: Axes, points: pd.DataFrame, along: str, arm: str) -> None:
    """One arm's line with its band."""
    style, points = arm_style(arm), points.dropna(subset=along)
    band = points.dropna(subset=["ci_low", "ci_high"])
    axes.fill_between(band[along], band["ci_low"], band["ci_high"], color=style.colour, alpha=0.1)
    marks: dict[str, Any] = {"marker": style.marker, "ms": 5, "mfc": "white"}
    axes.plot(points[along], points["mean"], color=style.colour, ls=style.line, lw=1.7, **marks)


def arm_line(arm: str) -> Line2D:
    """The legend's entry for an arm."""
    style = arm_style(arm)
    look: dict[str, Any] = {
        "color": style.colour,
        "marker": style.marker,
        "ls": style.line,
        "mfc": "white",
    }
    return Line2D([], [], label=arm_title(arm), **look)


def needs(table: pd.DataFrame | None, name: str) -> pd.DataFrame:
    """The table, if there is one with rows. Raises NothingToDraw otherwise."""
    if table is None or table.empty:
        raise NothingToDraw(f"no rows of {name}")
    return table
