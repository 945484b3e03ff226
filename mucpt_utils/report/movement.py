"""How far the numbers of a second run are from those of the first, in units of their intervals.

Two runs of the same code on two processors round differently, and training turns that into another
draw of its noise, which is part of what an interval over seeds and questions covers. So a number
is judged by its own interval: its *unit* is the half-width of the first run's 95 % interval, at
least half of the median one of its metric in the table (three seeds may agree by accident).

- Estimates with an interval: each may move by `WHOLE` unit, nine of ten of a table by `HALF`, and
  the widths of the intervals stay roughly the same. By how much another processor moves
  differences, `results/pooled/tables/repeats.csv` says.
- Single runs and curves: the mean over seeds and points may move by `WHOLE` unit of the interval
  that the same arm, stratum and metric have in another table.
- Numbers without any interval may move by `REST` of the largest one in their column.
- Claims must have the same words and verdicts; a share `SAME_GRADES` of answers the same grade.
- A number that only one of the runs has, the end of an interval included, fails.
- `tokens_to_plain` is not judged, since where curves first meet may jump. Nor is how far what
  follows from other numbers moves (p-values, ranks), nor how many tokens a selecting arm read.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from mucpt_utils.analysis.effects import Tables
from mucpt_utils.report.display import is_numeric, shown

HALF, WHOLE = 0.5, 1.0  # units
MOST = 0.9  # share of a table's estimates that may move by no more than HALF
WIDTHS = (2 / 3, 3 / 2)  # bounds of the median ratio of the widths of the two runs' intervals
REST = 0.05
LOOSE = {"repeatability": 1.0}  # tables of spreads, which are imprecise
SAME_GRADES = 0.7
NOT_JUDGED = "tokens_to_plain"
ESTIMATES = ("difference", "mean", "weight", "value", "before", "after", "share_kept")
# numbers that say what a row is about; `tokens` is one if it is the length of a run
ABOUT = ("seed", "coverage", "confidence", "threshold", "temperature")
COUNTS = ("seeds", "n")
# tables with a count of tokens that an arm read, which for a selecting arm depends on losses
READ_BY_ARMS = ("token_weights", "fixed_weights", "token_weights_over_training")
# tables of single runs, with the table that has intervals of the same names
SINGLE_RUNS = {
    "runs": "main_comparison",
    "learning_curves": "main_comparison",
    "token_weights_over_training": "token_weights",
}
# words that follow from the numbers: conclusions are compared separately
FOLLOWING = {"verdicts": ("covered", "uncovered", "headline"), "room": ("arm",)}
ALWAYS_FOLLOWING = ("verdict", "clear")
CLAIMED = ("claim", "status_in_paper", "paper_value", "scale", "verdict")
# the differences that conclusions rest on
STRATA, METRICS = ("all", "covered", "uncovered"), ("accuracy", "log_likelihood")
STATES = {1: "above zero", 0: "around zero", -1: "below zero"}


class Check(NamedTuple):
    """One table: whether it agrees, and how it was compared or where it differs."""

    table: str
    passed: bool
    told: str


def compare_closely(name: str, first: Tables, second: Tables) -> Check:
    """Whether a table of two runs agrees by the rules of this module. first, second: all tables."""
    one, other = first[name], second[name]
    if problem := other_rows(name, one, other):
        return Check(name, False, problem)
    if one.empty:
        return Check(name, True, "no row in either")
    if name == "claims":
        return Check(name, True, f"the same {len(one)} claims and verdicts")
    if problem := one_sided(one, other):
        return Check(name, False, problem)
    if name == "answers":
        share = float((one["grade"] == other["grade"]).mean())
        told = f"{share:.0%} of the grades are the same (at least {SAME_GRADES:.0%})"
        return Check(name, share >= SAME_GRADES, told)
    if name in SINGLE_RUNS:
        return compare_single_runs(name, one, other, first.get(SINGLE_RUNS[name]))
    return (
        compare_estimates(name, one, other) if "ci_low" in one else compare_rest(name, one, other)
    )


# --- what the rows are about ----------------------------------------------------------------------


def other_shape(one: pd.DataFrame, other: pd.DataFrame) -> str | None:
    """Which columns or how many rows differ; None if both are the same."""
    if list(one.columns) != list(other.columns):
        return f"columns {', '.join(one.columns)}, now {', '.join(other.columns)}"
    return None if len(one) == len(other) else f"{len(one)} rows, now {len(other)}"


def other_rows(name: str, one: pd.DataFrame, other: pd.DataFrame) -> str | None:
    """The first row that is about something else in the second run; None if there is none."""
    if problem := other_shape(one, other):
        return problem
    if name == "claims":
        about = list(CLAIMED)
    elif name == "answers":
        about = ["run", "question_id"]
    else:
        lengths = ["tokens"] if "seed" in one or "documents" in one else []
        following = (*ALWAYS_FOLLOWING, *FOLLOWING.get(name, ()))
        texts = [c for c in one if c not in following and not is_numeric(one, c)]
        about = [*texts, *(column for column in (*ABOUT, *lengths) if column in one)]
    for column in about:
        differs = (one[column] != other[column]) & ~(one[column].isna() & other[column].isna())
        if differs.any():
            row = int(differs.to_numpy().argmax())
            return f"row {row + 2}, {column}: {one[column][row]}, now {other[column][row]}"
    for column in (column for column in COUNTS if column in one and name not in READ_BY_ARMS):
        differs = (one[column] != other[column]) & judged(one)
        if differs.any():
            row = int(differs.to_numpy().argmax())
            return f"row {row + 2}, {column}: {one[column][row]:g}, now {other[column][row]:g}"
    return None


def one_sided(one: pd.DataFrame, other: pd.DataFrame) -> str | None:
    """The first judged number that only one of two runs has; None if there is none."""
    for column in (column for column in one if is_numeric(one, column)):
        differs = (one[column].isna() != other[column].isna()) & judged(one)
        if differs.any():
            row = int(differs.to_numpy().argmax())
            was, now = (shown(frame[column][row], column) for frame in (one, other))
            return f"row {row + 2}, {column}: {was}, now {now}"
    return None


def judged(frame: pd.DataFrame) -> pd.Series:
    """Which rows are judged."""
    if "metric" not in frame:
        return pd.Series(True, frame.index)
    return frame["metric"] != NOT_JUDGED


def named(row: pd.Series) -> str:
    """A row by its names: `soft_mixed minus plain, covered, accuracy`."""
    names = [str(value) for value in row if isinstance(value, str)]
    numbers = [name for name in ABOUT if name in row.index and not isinstance(row[name], str)]
    names += [f"{name} {row[name]:g}" for name in numbers]
    if "compared_to" in row.index:
        other = str(row["compared_to"])
        names.remove(other)
        column = "level" if "level" in row.index else "arm"
        names[names.index(str(row[column]))] = f"{row[column]} minus {other}"
    return ", ".join(names)


# --- numbers --------------------------------------------------------------------------------------


def units(frame: pd.DataFrame) -> pd.Series:
    """Half-width of each row's interval, at least half of the median one of its metric.

    If most intervals of a metric have no width, at least `REST` of its largest end. A row without
    an interval, as of a single seed, has the widest of its metric; NaN if none has one.
    """
    half = (frame["ci_high"] - frame["ci_low"]) / 2
    metric = frame["metric"] if "metric" in frame else pd.Series("", frame.index)
    half = half.fillna(half.groupby(metric).transform("max"))
    typical = half.groupby(metric).transform("median")
    largest = frame[["ci_low", "ci_high"]].abs().max(axis=1).groupby(metric).transform("max")
    return np.maximum(half, (typical / 2).where(typical > 0, REST * largest))


def compare_estimates(name: str, one: pd.DataFrame, other: pd.DataFrame) -> Check:
    """Each estimate in its unit, nine of ten within half of it, and the widths of the intervals."""
    rows = judged(one)
    columns = [column for column in ESTIMATES if column in one]
    moved = (one.loc[rows, columns] - other.loc[rows, columns]).abs()
    # without any interval: as numbers that have none (`compare_rest`)
    unit = units(one)[rows].fillna(REST * one.loc[rows, columns].abs().max().max())
    moved = moved.div(unit, axis=0).where(moved > 0, 0.0)
    most = moved.max(axis=1)
    widths = [(frame["ci_high"] - frame["ci_low"])[rows] for frame in (one, other)]
    width = widths[1] / widths[0]
    ratio = float(width[np.isfinite(width)].median())
    row = one.loc[most.idxmax()]
    nine = float(most.quantile(MOST))
    told = (
        f"{len(most)} estimates, nine of ten moved by at most {nine:.2f} of their interval's "
        f"half-width, the one that moved most by {most.max():.2f} ({named(row)})"
    )
    if not WIDTHS[0] <= (1 if np.isnan(ratio) else ratio) <= WIDTHS[1]:
        return Check(name, False, f"{told}; intervals are {ratio:.2f} times as wide")
    return Check(name, nine <= HALF and most.max() <= WHOLE, told)


def compare_single_runs(
    name: str, one: pd.DataFrame, other: pd.DataFrame, intervals: pd.DataFrame | None
) -> Check:
    """Means over seeds and points, in units of the intervals that another table has for them."""
    means, now = (means_over_seeds(name, frame) for frame in (one, other))
    unit = pd.Series(np.nan, means.index)
    if intervals is not None:
        keys = [key for key in ("arm", "stratum", "metric", "kind") if key in intervals]
        table = intervals.assign(unit=units(intervals))
        unit = means[keys].merge(table[[*keys, "unit"]], how="left", on=keys)["unit"]
        # if only a mixture, or another kind of table, has it: the median of its metric
        unit = unit.fillna(means[keys[-1]].map(table.groupby(keys[-1])["unit"].median()))
    difference = (now["mean"] - means["mean"]).abs()
    moved = (difference / unit).where(difference > 0, 0.0)
    if moved.isna().any():
        return Check(name, False, f"no interval to judge {named(means.loc[moved.isna().idxmax()])}")
    told = (
        f"{len(one)} single values; of {len(moved)} means over seeds the one that moved most did "
        f"by {moved.max():.2f} of its interval's half-width ({named(means.loc[moved.idxmax()])})"
    )
    return Check(name, bool(moved.max() <= WHOLE), told)


def means_over_seeds(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The mean over seeds and points, by everything else that names a row, weighted by tokens."""
    column = next(column for column in ESTIMATES if column in frame)
    names = [key for key in ("arm", "axis", "level", "stratum", "metric", "kind") if key in frame]
    weight = frame["n"] if name in READ_BY_ARMS else 1.0
    rows = frame[names].assign(total=frame[column] * weight, weight=weight)[judged(frame)]
    sums = rows.groupby(names, sort=False)[["total", "weight"]].sum()
    return (sums["total"] / sums["weight"]).rename("mean").reset_index()


def compare_rest(name: str, one: pd.DataFrame, other: pd.DataFrame) -> Check:
    """Every number within `REST` of the largest one of its column."""
    largest = 0.0
    for column in (column for column in one if is_numeric(one, column)):
        scale = one[column].abs().max() or 1.0
        moved = ((one[column] - other[column]).abs() / scale).fillna(0.0)
        row = int(moved.to_numpy().argmax())
        within = LOOSE.get(name, REST)
        if moved[row] > within:
            values = f"{one[column][row]:g}, now {other[column][row]:g}"
            told = f"row {row + 2}, {column}: {values} (within {within * scale:g})"
            return Check(name, False, told)
        largest = max(largest, float(moved[row]))
    return Check(name, True, f"no number moved by more than {largest:.1%} of its column's largest")


# --- conclusions ----------------------------------------------------------------------------------


class Change(NamedTuple):
    """A conclusion that differs in the second run; serious if the two contradict each other."""

    serious: bool
    told: str


def changed_conclusions(first: Tables, second: Tables) -> Iterator[Change]:
    """Verdicts that changed, and differences whose interval gained or lost the zero, by name.

    A difference is looked at over all, covered and uncovered facts, in accuracy and log-likelihood.
    A claim's changed verdict is serious, as is an arm's that turned round or an interval on the
    other side of zero; another verdict, or an interval that gained or lost the zero, shows that the
    run was too small to decide.
    """
    if "claims" in first and "claims" in second:
        verdicts = (t["claims"].set_index("claim")["verdict"] for t in (first, second))
        was, now = (verdict.to_dict() for verdict in verdicts)
        for claim in (claim for claim in was if was[claim] != now.get(claim)):
            yield Change(True, f"{claim!r}: {was[claim]}, now {now.get(claim, 'not there')}")
    if "verdicts" in first and "verdicts" in second:
        yield from changed_verdicts(first["verdicts"], second["verdicts"])
    for name in (name for name in first if "difference" in first[name] and name in second):
        one, other = first[name], second[name]
        if other_rows(name, one, other):
            continue  # reported by the comparison of the tables
        where = one["stratum"].isin(STRATA) & one["metric"].isin(METRICS)
        before, after = state(one), state(other)
        for row in one.index[where & (before != after)]:
            words = f"{interval(one.loc[row])}, now {interval(other.loc[row])}"
            turned = f"{STATES[before[row]]}, now {STATES[after[row]]}"
            told = f"{name}: {named(one.loc[row])} {words}: {turned}"
            yield Change(bool(before[row] * after[row] < 0), told)


def changed_verdicts(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[Change]:
    """Arms whose verdict differs; serious if better became worse, or the other way round."""
    keys = ["arm", "compared_to"]
    both = first.merge(second, on=keys, suffixes=("", "_now"))
    for row in both[both["verdict"] != both["verdict_now"]].to_dict("records"):
        told = (
            f"{row['arm']} minus {row['compared_to']}: {row['verdict']}, now {row['verdict_now']}"
        )
        yield Change({row["verdict"], row["verdict_now"]} == {"better", "worse"}, told)


def state(frame: pd.DataFrame) -> pd.Series:
    """The position of each interval: 1 above zero, -1 below, 0 around it."""
    return (frame["ci_low"] > 0).astype(int) - (frame["ci_high"] < 0).astype(int)


def interval(row: pd.Series) -> str:
    """A difference with its interval."""
    return f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]"
