"""Means with intervals, and everything paired: arms, mixtures, before and after tuning.

Intervals are those of two-way clustering: by seed and, crossed with it, by subject (`stats.py`);
differences are paired by seed and question. Every function goes from a frame of items to a frame.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from mucpt_utils import stats
from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.frames import TableError, columns_of, concat, frame_of, in_order
from mucpt_utils.analysis.items import final_items
from mucpt_utils.analysis.single_runs import tokens_to_plain
from mucpt_utils.config.axes import DEFAULT, MAIN, load_axes

# plain at equal tokens and at equal compute, Rho-1 as published and calibrated, and the
# down-weighting to which the paper's arm adds selection of documents
COMPARED_TO = ("plain", "plain_compute", "rho1", "rho1_calibrated", "soft_dynamic")
SURFACE = "coverage_calibration"  # the axis of two settings at once
# the column of main_comparison.csv that holds the difference to an arm
DIFFERENCE_COLUMNS = {"plain": "difference_to_plain", "plain_compute": "difference_to_compute"}
PAIRED_BY = ["seed", "stratum", "metric", "item", "subject"]


# --- estimates ------------------------------------------------------------------------------------


def estimates(final: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean, interval and number of seeds for each group of `by` (with stratum and metric).

    final: items at the end of runs. If an item has no value (plain's accuracy not reached),
    the mean is empty and `seeds` counts the seeds that have one: a mean over lucky seeds would
    flatter the arm.
    """
    keys, rows = [*by, "stratum", "metric"], []
    for key, group in groups_of(final, keys):
        measured = group.dropna(subset="value")
        mean, low, high = np.nan, np.nan, np.nan
        if len(measured) == len(group):
            seeds, subjects = list(group["seed"]), list(group["subject"])
            mean, low, high = stats.clustered_mean(group["value"], seeds, subjects)
        names = dict(zip(keys, key, strict=True))
        interval = {"mean": mean, "ci_low": low, "ci_high": high}
        rows.append({**names, **interval, "seeds": measured["seed"].nunique()})
    return pd.DataFrame(rows)


def groups_of(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Groups of a frame, with a progress bar if they take long."""
    groups = frame.groupby(list(by), sort=False)
    return iter(tqdm(groups, desc="intervals", unit="mean", delay=5))


def paired(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """ours - theirs by stratum and metric, paired by seed and item: interval, p-value, `mde`.

    Seeds that only one side has are left out; strata and metrics without any pair give no row.
    If a seed has only one value (bits per byte, tokens), p comes from the exact sign-flip test.
    """
    rows = []
    for (stratum, metric), group in groups_of(side_by_side(ours, theirs), ["stratum", "metric"]):
        result = difference_of_pairs(group)
        rows.append(
            {
                "stratum": stratum,
                "metric": metric,
                "difference": result.difference,
                "ci_low": result.low,
                "ci_high": result.high,
                "p_value": result.p_value,
                "mde": result.mde,
                "seeds": group["seed"].nunique(),
                "n": len(group),
            }
        )
    return pd.DataFrame(rows)


def side_by_side(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Items that both have, by seed and item: columns value and value_theirs."""
    return ours.merge(theirs, on=PAIRED_BY, suffixes=("", "_theirs"), validate="one_to_one")


def difference_of_pairs(pairs: pd.DataFrame) -> stats.Difference:
    """The difference of the columns value and value_theirs, clustered by seed and subject.

    One missing value leaves the whole comparison open (NaN): the others would be a lucky choice.
    """
    if pairs[["value", "value_theirs"]].isna().any(axis=None):
        return stats.Difference(*[np.nan] * 5)
    seeds, subjects = list(pairs["seed"]), list(pairs["subject"])
    result = stats.paired_difference(pairs["value"], pairs["value_theirs"], seeds, subjects)
    if pairs["seed"].is_unique:
        p_value = sign_flip_p(pairs["value"] - pairs["value_theirs"])
        result = result._replace(p_value=p_value)
    return result


def sign_flip_p(deltas: Sequence[float] | pd.Series) -> float:
    """Two-sided p of a mean of paired differences: the share of all sign patterns as far from 0.

    Exact (Fisher's randomisation test): with k values no p below 2 / 2**k is possible.
    """
    values = np.asarray(deltas, dtype=float)
    # every combination of signs that the differences could have had
    signs = np.array(list(itertools.product((1, -1), repeat=len(values))))
    means = np.abs(signs @ values) / len(values)
    # at least as far from zero as the observed mean, up to rounding: tokens are many thousands
    nearly = 1e-12 * max(1.0, np.abs(values).max(initial=0))
    return float((means >= abs(values.mean()) - nearly).mean())


# --- arms -----------------------------------------------------------------------------------------


def main_items(measured: pd.DataFrame) -> pd.DataFrame:
    """The main runs at their end, with the tokens to plain's accuracy as one more item each."""
    final = final_items(measured)
    reached = tokens_to_plain(measured).assign(item="curve", subject="curve")
    return pd.concat([final[final["axis"] == MAIN], reached[final.columns]], ignore_index=True)


def differences(
    measured: pd.DataFrame, costs: pd.DataFrame | None = None, others: Sequence[str] = ()
) -> pd.DataFrame:
    """`differences.csv`: every main arm minus each of `COMPARED_TO`, paired and judged.

    costs: rows of `costs.csv`; an arm that costs far more than plain at equal compute is not
    compared with it. others: arms to compare with as well.
    """
    pairs = arm_pairs(main_items(measured), verdicts.too_dear(costs), (*COMPARED_TO, *others))
    return judged_pairs(pairs, "differences")


def judged_pairs(parts: Iterable[pd.DataFrame], name: str) -> pd.DataFrame:
    """Paired differences of arms as table `name`, p-values corrected, with the verdict of each."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return concat([], name)
    return in_order(verdicts.judged(pd.concat(parts, ignore_index=True)), name)


def arm_pairs(
    final: pd.DataFrame, dear: Collection[str] = (), others: Sequence[str] = COMPARED_TO
) -> Iterator[pd.DataFrame]:
    """Paired differences of every arm to each of `others`, both named in columns.

    dear: arms too expensive to compare with plain at equal compute, in either direction.
    """
    by_arm = {arm: part for arm, part in final.groupby("arm", sort=False)}
    for other in dict.fromkeys(others):
        for arm, part in by_arm.items():
            unequal = verdicts.EQUAL_COMPUTE in (arm, other) and {arm, other} & set(dear)
            if other in by_arm and arm != other and not unequal:
                yield paired(part, by_arm[other]).assign(arm=arm, compared_to=other)


def main_comparison(measured: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """`main_comparison.csv`: mean and interval of each main arm, its differences to plain.

    Those are at equal tokens, with the verdict, and at equal compute.

    measured: `items`; compared: `differences`.
    """
    means = estimates(main_items(measured), ["arm"])
    means = means.assign(role=means["arm"].map(verdicts.role))
    for other, column in DIFFERENCE_COLUMNS.items():
        part = compared[compared["compared_to"] == other]
        ends = {"ci_low": f"{column}_low", "ci_high": f"{column}_high"}
        keys = ["arm", "stratum", "metric"]
        own = ["p_value", "p_holm", "mde", "verdict"] if other == "plain" else []
        part = part.rename(columns={"difference": column, **ends})
        # a run of one arm compares nothing, and its table has no column of verdicts
        part = part.reindex(columns=[*keys, column, *ends.values(), *own])
        means = means.merge(part, on=keys, how="left")
    told = means["verdict"].astype("str").fillna("")
    return in_order(means.assign(verdict=told), "main_comparison")


def alignment(measured: pd.DataFrame, aligned: pd.DataFrame) -> pd.DataFrame:
    """`alignment.csv`: each main arm before and after tuning, the paired difference, its ranks.

    measured, aligned: `items` of the runs and of the same runs after alignment. Ranks are of the
    mean, 1 the best, among the arms of one stratum and metric: equal ranks mean that the order of
    the arms holds.
    """
    before, after = (
        final[(final["axis"] == MAIN) & final["metric"].isin(["accuracy", "log_likelihood"])]
        for final in (final_items(measured), final_items(aligned))
    )
    # gain of each arm, beside both of its means
    parts = []
    for arm, part in after.groupby("arm", sort=False):
        earlier = before[before["arm"] == arm]
        gain = paired(part, earlier).assign(arm=arm)
        for name, side in (("before", earlier), ("after", part)):
            means = side.groupby(["stratum", "metric"])["value"].mean().rename(name)
            gain = gain.merge(means.reset_index(), on=["stratum", "metric"])
        parts.append(gain)
    # rank among the arms, before and after
    table = pd.concat(parts, ignore_index=True)
    for when in ("before", "after"):
        ranks = table.groupby(["stratum", "metric"])[when].rank(ascending=False, method="min")
        table[f"rank_{when}"] = ranks.astype(int)
    return in_order(table, "alignment")


def alignment_differences(aligned: pd.DataFrame) -> pd.DataFrame:
    """`alignment_differences.csv`: `differences` of the same arms after their tuning."""
    final = final_items(aligned)
    return judged_pairs(arm_pairs(final[final["axis"] == MAIN]), "alignment_differences")


def bits_per_byte_table(rows: Sequence[Mapping]) -> pd.DataFrame:
    """`bits_per_byte.csv`: each arm and held-out text of real prose, and the difference to plain.

    rows: arm, seed, stratum (the held-out text) and value, as the prose lane gives them.
    Intervals are over seeds; differences are paired by seed. Without plain among the arms there is
    no difference. Raises TableError for no rows.
    """
    if not rows:
        raise TableError("bits_per_byte: no arm was measured")
    measured = pd.DataFrame(rows).assign(metric="bits_per_byte")
    # a text is measured as one item: what varies is the seed
    measured = measured.assign(item=measured["stratum"], subject=measured["stratum"])
    plain = measured[measured["arm"] == "plain"].drop(columns="arm")
    parts = [
        paired(part, plain).assign(arm=arm)
        for arm, part in measured[measured["arm"] != "plain"].groupby("arm", sort=False)
    ]
    column = DIFFERENCE_COLUMNS["plain"]
    names = {"difference": column, "ci_low": f"{column}_low", "ci_high": f"{column}_high"}
    columns = ["arm", "stratum", "p_value", *names]
    parts = [part[columns] for part in parts if len(part)] or [pd.DataFrame(columns=columns)]
    to_plain = pd.concat(parts).rename(columns=names)
    joined = estimates(measured, ["arm"]).merge(to_plain, on=["arm", "stratum"], how="left")
    return joined[columns_of("bits_per_byte", joined)]


# --- data composition -----------------------------------------------------------------------------


def default_levels() -> dict[str, str]:
    """For each axis, the level that changes nothing: the profile itself."""
    return {name: axis.default.name for name, axis in load_axes().items()}


def composition(measured: pd.DataFrame) -> pd.DataFrame:
    """`composition.csv`: mean and interval at each level of each axis, by arm."""
    final = final_items(measured)
    final = final[final["axis"] != MAIN]
    if final.empty:
        return frame_of([], "composition")
    return in_order(estimates(final, ["axis", "level", "arm"]), "composition")


def composition_differences(
    measured: pd.DataFrame, defaults: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """`composition_differences.csv`: each level against the axis's default level, paired.

    defaults: axis -> the level that is the profile itself; read from `axes.yaml` if not given.
    """
    defaults = default_levels() if defaults is None else defaults
    final = final_items(measured)
    parts = []
    for (axis, arm), group in final[final["axis"] != MAIN].groupby(["axis", "arm"], sort=False):
        default = group[group["level"] == defaults[axis]]
        for level, part in group.groupby("level", sort=False):
            if level != defaults[axis]:
                names = {"axis": axis, "level": level, "compared_to": defaults[axis], "arm": arm}
                parts.append(paired(part, default).assign(**names))
    return concat(parts, "composition_differences")


def arms_by_level(measured: pd.DataFrame) -> pd.DataFrame:
    """`arms_by_level.csv`: each arm minus plain at the same level of an axis, paired and judged.

    p-values are not corrected: the question is how a difference changes along the axis.
    """
    final = final_items(measured)
    parts = []
    for (axis, level), group in final[final["axis"] != MAIN].groupby(["axis", "level"], sort=False):
        by_arm = {arm: part for arm, part in group.groupby("arm", sort=False)}
        for arm, part in by_arm.items():
            if "plain" in by_arm and arm != "plain":
                names = {"axis": axis, "level": level, "arm": arm, "compared_to": "plain"}
                parts.append(paired(part, by_arm["plain"]).assign(**names))
    table = concat(parts, "arms_by_level")
    return verdicts.with_verdicts(table)


def reference_surface(measured: pd.DataFrame, covered: float) -> pd.DataFrame:
    """`reference_surface.csv`: the soft arm minus plain by coverage and confidence of the RM.

    covered: the profile's own share of subjects that the RM knows, which levels call `default`.
    """
    final = final_items(measured)
    parts = []
    for level, group in final[final["axis"] == SURFACE].groupby("level", sort=False):
        plain = group[group["arm"] == "plain"]
        coverage, confidence = str(level).replace(DEFAULT, f"{covered:g}").split(", ")
        for arm, part in group[group["arm"] != "plain"].groupby("arm", sort=False):
            names = {"coverage": coverage, "confidence": confidence, "arm": arm}
            parts.append(paired(part, plain).assign(**names))
    return concat(parts, "reference_surface")
