"""Tables of single runs: where each ended, its learning curve, its answers; and of each seed's
reference model, the loss by temperature."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from mucpt_utils.analysis.frames import frame_of, in_order
from mucpt_utils.analysis.items import KEYS, QUESTION_STRATA, final_items
from mucpt_utils.analysis.runs import Run
from mucpt_utils.config.axes import MAIN


def runs_table(measured: pd.DataFrame) -> pd.DataFrame:
    """`runs.csv`: every run at its end; tokens_to_plain is empty if it was not reached."""
    ends = means(final_items(measured))
    return in_order(pd.concat([ends, tokens_to_plain(measured)], ignore_index=True), "runs")


def learning_curves(measured: pd.DataFrame) -> pd.DataFrame:
    """`learning_curves.csv`: the main runs at every point measured; the base is at 0 tokens."""
    main = measured[(measured["axis"] == MAIN) & (measured["metric"] != "bits_per_byte")]
    return in_order(means(main), "learning_curves")


def means(measured: pd.DataFrame) -> pd.DataFrame:
    """Mean over the items of each run, point, stratum and metric: `KEYS`, value, n."""
    grouped = measured.groupby(KEYS, sort=False)["value"]
    return grouped.agg(value="mean", n="size").reset_index()


def tokens_to_plain(measured: pd.DataFrame) -> pd.DataFrame:
    """Tokens after which each main run first has plain's final accuracy, for the same seed.

    Rows like those of `runs.csv`; the value is NaN if it was not reached, or if plain itself
    ended no better than the base, so that there is nothing to reach. The curve of an arm that
    starts from the reference model is drawn from the base too, where that model is not measured: if
    it starts higher, it needs fewer tokens than are given. That model's own tokens are not counted.
    """
    curves = means(measured[(measured["axis"] == MAIN) & (measured["metric"] == "accuracy")])
    curves = curves[curves["stratum"].isin(QUESTION_STRATA)]
    rows = []
    for (_, stratum), group in curves.groupby(["seed", "stratum"], sort=False):
        by_arm = {arm: part for arm, part in group.groupby("arm", sort=False)}
        if "plain" not in by_arm:
            continue
        # every curve is drawn from the base, which has seen no tokens; the goal is where plain ends
        start = by_arm["base"]["value"].iloc[-1] if "base" in by_arm else 0.0
        goal = by_arm["plain"].sort_values("tokens")["value"].iloc[-1]
        for arm, curve in by_arm.items():
            reached = first_reach(curve, start, goal) if arm != "base" else np.nan
            last = curve.loc[curve["tokens"].idxmax()]
            rows.append({**last, "metric": "tokens_to_plain", "value": reached, "stratum": stratum})
    return pd.DataFrame(rows, columns=curves.columns)


def first_reach(curve: pd.DataFrame, start: float, goal: float) -> float:
    """Where a curve from (0, start) first meets `goal`, by linear interpolation; NaN if never."""
    if goal <= start:
        return np.nan
    points = curve.sort_values("tokens")
    before_x, before_y = 0.0, start
    for x, y in zip(points["tokens"], points["value"], strict=True):
        if y >= goal:
            return before_x + (goal - before_y) / (y - before_y) * (x - before_x)
        before_x, before_y = x, y
    return np.nan


def answers_table(runs: Iterable[Run]) -> pd.DataFrame:
    """`answers.csv`: the final answers; a run shared by several axes is listed once.

    With the log-likelihood of the key and whether the run's reference model knows the subject, so
    that intervals can be recomputed from it (`items.items_of_answers`).
    """
    shared, rows = set(), []
    for run in runs:
        identity = run.artifact or run.name
        if identity in shared:
            continue
        shared.add(identity)
        for row in run.final_answers:
            known = "yes" if row["question_id"] in run.covered else "no"
            covered = known if row["set"] == "questions" else ""
            rows.append({"run": run.name, **row, "covered": covered})
    return frame_of(rows, "answers")


def temperature_table(calibrations: Mapping[int, Mapping]) -> pd.DataFrame:
    """`temperature.csv`: loss of each seed's reference model at each temperature tried.

    calibrations: by seed the content of its `temperature.json`; the smallest loss was chosen.
    """
    rows = [
        {"seed": seed, "temperature": float(temperature), "loss": loss}
        for seed, calibration in calibrations.items()
        for temperature, loss in calibration["losses"].items()
    ]
    return frame_of(rows, "temperature").sort_values(["seed", "temperature"], ignore_index=True)
