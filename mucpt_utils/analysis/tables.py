"""The study's tables: tidy, one observation a row, computed from what the runs left.

    runs -> items (one row a question, or a held-out text) -> estimates, differences -> files

Everything between `read_runs` and `write_table` is a pure function from rows to a data frame. Means
come with bootstrap intervals over seeds and subjects, which are crossed (every seed is asked about
the same ones); differences are paired by seed and question (`stats.py`).
"""

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from mucpt_utils import stats
from mucpt_utils.analysis import schema
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes
from mucpt_utils.io import read_jsonl

MAIN = schema.MAIN  # the axis of the profile's own runs
DEFAULT = schema.DEFAULT  # their level
# the two baselines, and the down-weighting that selection of documents is added to
COMPARED_TO = ("plain", "rho1", "soft_dynamic")
QUESTION_STRATA = ("all", "covered", "uncovered", "popular", "less_popular")
STRATA = (*QUESTION_STRATA, "general", "music")
METRICS = ("accuracy", "log_likelihood", "bits_per_byte", "tokens_to_plain")

# what a table must have is said in its dictionary
COLUMNS: dict[str, tuple[str, ...]] = {
    name: table.required for name, table in schema.load_tables().items()
}
_MEASURED = frozenset(
    {
        *("value", "mean", "ci_low", "ci_high", "difference", "difference_to_plain", "p_value"),
        *("precision", "recall", "our_value", "loss", "weight", "before", "after"),
    }
)
SURFACE = "coverage_calibration"  # the axis of two settings at once
_ITEM_KEYS = ["axis", "level", "arm", "seed", "tokens", "stratum", "metric"]
_SORTED = (
    "coverage",
    "confidence",
    "axis",
    "level",
    "compared_to",
    "arm",
    "seed",
    "tokens",
    "stratum",
    "metric",
)
_ORDER = {"arm": tuple(ARMS), "stratum": STRATA, "metric": METRICS}
_PAIRED = ["seed", "stratum", "metric", "item", "subject"]


class TableError(ValueError):
    """Rows that do not make the table asked for; the message names the table and what is wrong."""


@dataclass(frozen=True)
class Run:
    """What one run left, with its place in the study.

    answers: rows of `answers.jsonl`; covered: ids of the questions whose subject this seed's
    reference model knows; bits_per_byte: by held-out text; artifact: the run's folder name.
    """

    arm: str
    seed: int
    answers: Sequence[Mapping]
    covered: frozenset[str] = frozenset()
    bits_per_byte: Mapping[str, float] = None
    axis: str = MAIN
    level: str = DEFAULT
    artifact: str = ""

    @property
    def name(self) -> str:
        """The run's name in `answers.csv`: `plain/seed0`, `replay=0.5/plain/seed0`."""
        place = "" if self.axis == MAIN else f"{self.axis}={self.level}/"
        return f"{place}{self.arm}/seed{self.seed}"


# --- reading ----------------------------------------------------------------------------------


def read_run(study, arm: str, seed: int, axis: str = MAIN, level: str = DEFAULT) -> Run:
    """One run of a `Study`, made first where it is not there yet."""
    return _read(study, study.run(arm, seed), arm, seed, axis, level)


def read_aligned(study) -> list[Run]:
    """Every run of the main comparison after its alignment."""
    profile = study.profile
    return [
        _read(study, study.aligned(arm, seed), arm, seed)
        for arm in profile.arms
        for seed in profile.seeds
    ]


def _read(study, artifact, arm: str, seed: int, axis: str = MAIN, level: str = DEFAULT) -> Run:
    known = study.covered(seed)
    asked = read_jsonl(study.world().path("questions.jsonl"))
    return Run(
        arm=arm,
        seed=seed,
        answers=read_jsonl(artifact.path("answers.jsonl")),
        covered=frozenset(q["id"] for q in asked if q["subject"] in known),
        bits_per_byte=artifact.read_json("text.json")["bits_per_byte"],
        axis=axis,
        level=level,
        artifact=artifact.folder.name,
    )


def read_runs(study) -> list[Run]:
    """Every run of the profile: arms by seeds, then each axis of composition, level by level."""
    profile = study.profile
    runs = [read_run(study, arm, seed) for arm in profile.arms for seed in profile.seeds]
    for name in profile.composition:
        axis = load_axes()[name]
        for level in axis.levels:
            changed = study.with_changes(level.set)
            runs += [
                read_run(changed, arm, seed, name, level.name)
                for arm in axis.arms
                for seed in profile.seeds
            ]
    return runs


def default_levels() -> dict[str, str]:
    """For each axis the level that changes nothing: the profile itself."""
    return {
        name: next((level.name for level in axis.levels if not level.set), axis.levels[0].name)
        for name, axis in load_axes().items()
    }


# --- items: one row a question (or text), stratum and metric --------------------------------------


def items(runs: Iterable[Run]) -> pd.DataFrame:
    """What was measured, one row an item: `_ITEM_KEYS`, `item` (question id or text), its subject
    and `value`.

    A question stands in several strata (all; covered or not; popular or not). Learning curves are
    kept for the main comparison only. Raises TableError for a run without any measurement.
    """
    frames = [frame for run in runs for frame in (_question_items(run), _text_items(run))]
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        raise TableError("items: no run has any answer or text measured")
    return pd.concat(frames, ignore_index=True)


def _question_items(run: Run) -> pd.DataFrame:
    rows = run.answers if run.axis == MAIN else _last(run.answers)
    if not rows:
        return pd.DataFrame()
    answers = pd.DataFrame(
        {
            "tokens": [row["tokens"] for row in rows],
            "item": [row["question_id"] for row in rows],
            "subject": [row["subject"] for row in rows],
            "accuracy": [float(row["grade"] == "correct") for row in rows],
            "log_likelihood": [float(row["log_likelihood"]) for row in rows],
        }
    )
    music = pd.Series([row["set"] == "questions" for row in rows])
    known = answers["item"].isin(run.covered)
    popularity = pd.Series([row["stratum"] for row in rows])
    members = {
        "all": music,
        "covered": music & known,
        "uncovered": music & ~known,
        "popular": music & (popularity == "popular"),
        "less_popular": music & (popularity == "less_popular"),
        "general": ~music,
    }
    parts = [answers[mask].assign(stratum=name) for name, mask in members.items() if mask.any()]
    long = pd.concat(parts).melt(
        ["tokens", "item", "subject", "stratum"], ["accuracy", "log_likelihood"], "metric", "value"
    )
    return _placed(run, long)


def _text_items(run: Run) -> pd.DataFrame:
    measured = run.bits_per_byte or {}
    rows = [
        {"stratum": text, "metric": "bits_per_byte", "item": text, "subject": text}
        | {"value": value}
        for text, value in measured.items()
    ]
    last = max((row["tokens"] for row in run.answers), default=0)
    return _placed(run, pd.DataFrame(rows).assign(tokens=last)) if rows else pd.DataFrame()


def _placed(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    place = {"axis": run.axis, "level": run.level, "arm": run.arm, "seed": run.seed}
    return frame.assign(**place)[[*_ITEM_KEYS, "item", "subject", "value"]]


def _last(answers: Sequence[Mapping]) -> list[Mapping]:
    final = max((row["tokens"] for row in answers), default=0)
    return [row for row in answers if row["tokens"] == final]


def final_items(measured: pd.DataFrame) -> pd.DataFrame:
    """The items at the end of each run."""
    last = measured.groupby(["axis", "level", "arm", "seed"])["tokens"].transform("max")
    return measured[measured["tokens"] == last]


# --- tables of single runs ------------------------------------------------------------------------


def runs_table(measured: pd.DataFrame) -> pd.DataFrame:
    """`runs.csv`: every run at its end; tokens_to_plain is empty where it was not reached."""
    ends = _means(final_items(measured))
    return _in_order(pd.concat([ends, tokens_to_plain(measured)], ignore_index=True), "runs")


def learning_curves(measured: pd.DataFrame) -> pd.DataFrame:
    """`learning_curves.csv`: the main runs at every point measured; the base is at 0 tokens."""
    main = measured[(measured["axis"] == MAIN) & (measured["metric"] != "bits_per_byte")]
    return _in_order(_means(main), "learning_curves")


def _means(measured: pd.DataFrame) -> pd.DataFrame:
    grouped = measured.groupby(_ITEM_KEYS, sort=False)["value"]
    return grouped.agg(value="mean", n="size").reset_index()


def tokens_to_plain(measured: pd.DataFrame) -> pd.DataFrame:
    """Tokens after which each main run first has plain's final accuracy, for the same seed.

    Rows like those of `runs.csv`; the value is NaN where it was not reached, or where plain itself
    ended no better than the base, so that there is nothing to reach.
    """
    curves = _means(measured[(measured["axis"] == MAIN) & (measured["metric"] == "accuracy")])
    curves = curves[curves["stratum"].isin(QUESTION_STRATA)]
    rows = []
    for (_, stratum), group in curves.groupby(["seed", "stratum"], sort=False):
        by_arm = {arm: part for arm, part in group.groupby("arm", sort=False)}
        if "plain" not in by_arm:
            continue
        start = by_arm["base"]["value"].iloc[-1] if "base" in by_arm else 0.0
        goal = by_arm["plain"].sort_values("tokens")["value"].iloc[-1]
        for arm, part in by_arm.items():
            reached = _first_reach(part, start, goal) if arm != "base" else np.nan
            last = part.loc[part["tokens"].idxmax()]
            rows.append({**last, "metric": "tokens_to_plain", "value": reached, "stratum": stratum})
    return pd.DataFrame(rows, columns=curves.columns)


def _first_reach(curve: pd.DataFrame, start: float, goal: float) -> float:
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
    """`answers.csv`: the final answers; a run shared by several axes stands there once."""
    seen, rows = set(), []
    for run in runs:
        identity = run.artifact or run.name
        if identity not in seen:
            seen.add(identity)
            rows += [{"run": run.name, **row} for row in _last(run.answers)]
    return _frame(rows, "answers")


# --- estimates and differences --------------------------------------------------------------------


def estimates(final: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Mean, interval and number of seeds for each group of `by` (with stratum and metric).

    final: items at the end of runs. Where an item has no value (plain's accuracy not reached),
    the mean is empty and `seeds` counts the seeds that have one: a mean over the lucky seeds would
    flatter the arm.
    """
    rows = []
    for key, group in _watched(final, [*by, "stratum", "metric"]):
        known = group.dropna(subset="value")
        estimate = stats.Estimate(np.nan, np.nan, np.nan)
        if len(known) == len(group):
            estimate = stats.bootstrap_mean(group["value"], **_drawn(group))
        mean, low, high = estimate
        names = dict(zip([*by, "stratum", "metric"], key, strict=True))
        seeds = known["seed"].nunique()
        rows.append({**names, "mean": mean, "ci_low": low, "ci_high": high, "seeds": seeds})
    return pd.DataFrame(rows)


def _drawn(items: pd.DataFrame) -> dict[str, list]:
    """What the bootstrap draws: seeds and, crossed with them, subjects."""
    return {"groups": list(items["seed"]), "subjects": list(items["subject"])}


def _watched(frame: pd.DataFrame, by: Sequence[str]) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Groups of a frame, with a progress bar where they take long."""
    groups = frame.groupby(list(by), sort=False)
    return iter(tqdm(groups, desc="intervals", unit="mean", delay=5))


def paired(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """ours - theirs by stratum and metric, paired by seed and item, with interval and p-value.

    Seeds that only one side has are left out; strata and metrics without any pair give no row.
    Where a seed has one value only (bits per byte, tokens), p comes from the exact sign-flip test:
    a bootstrap over so few values would call any three of one sign significant.
    """
    both = ours.merge(theirs, on=_PAIRED, suffixes=("", "_theirs"), validate="one_to_one")
    rows = []
    for (stratum, metric), group in _watched(both, ["stratum", "metric"]):
        result = stats.Difference(*[np.nan] * 4)
        if group[["value", "value_theirs"]].notna().all(axis=None):
            result = _difference(group)
        rows.append(
            {
                "stratum": stratum,
                "metric": metric,
                "difference": result.difference,
                "ci_low": result.low,
                "ci_high": result.high,
                "p_value": result.p_value,
                "seeds": group["seed"].nunique(),
                "n": len(group),
            }
        )
    return pd.DataFrame(rows)


def _difference(pairs: pd.DataFrame) -> stats.Difference:
    result = stats.paired_difference(pairs["value"], pairs["value_theirs"], **_drawn(pairs))
    if not pairs["seed"].is_unique:
        return result
    return result._replace(p_value=sign_flip_p(pairs["value"] - pairs["value_theirs"]))


def sign_flip_p(deltas: Sequence[float]) -> float:
    """Two-sided p of a mean of paired differences: the share of all sign patterns as far from 0.

    Exact (Fisher's randomisation test): with k values no p below 2 / 2**k is possible.
    """
    values = np.asarray(deltas, dtype=float)
    signs = np.array(list(itertools.product((1, -1), repeat=len(values))))
    means = np.abs(signs @ values) / len(values)
    return float((means >= abs(values.mean()) - 1e-12).mean())


def _main_items(measured: pd.DataFrame) -> pd.DataFrame:
    final = final_items(measured)
    reached = tokens_to_plain(measured).assign(item="curve", subject="curve")
    return pd.concat([final[final["axis"] == MAIN], reached[final.columns]], ignore_index=True)


def differences(measured: pd.DataFrame) -> pd.DataFrame:
    """`differences.csv`: every main arm against each of `COMPARED_TO`, paired."""
    return _compared(_main_items(measured), "differences")


def _compared(final: pd.DataFrame, name: str) -> pd.DataFrame:
    by_arm = {arm: part for arm, part in final.groupby("arm", sort=False)}
    parts = [
        paired(part, by_arm[other]).assign(arm=arm, compared_to=other)
        for other in COMPARED_TO
        if other in by_arm
        for arm, part in by_arm.items()
        if arm != other
    ]
    if not parts:
        return _frame([], name)
    return _in_order(pd.concat(parts, ignore_index=True), name)


def main_comparison(measured: pd.DataFrame, compared: pd.DataFrame) -> pd.DataFrame:
    """`main_comparison.csv`: mean and interval of each main arm, and its difference to plain.

    measured: `items`; compared: `differences`.
    """
    means = estimates(_main_items(measured), ["arm"])
    to_plain = compared[compared["compared_to"] == "plain"].rename(
        columns={"difference": "difference_to_plain"}
    )
    wanted = ["arm", "stratum", "metric", "difference_to_plain", "p_value"]
    joined = means.merge(to_plain[wanted], on=wanted[:3], how="left")
    return _in_order(joined, "main_comparison")


def composition(measured: pd.DataFrame) -> pd.DataFrame:
    """`composition.csv`: mean and interval at each level of each axis, by arm."""
    final = final_items(measured)
    final = final[final["axis"] != MAIN]
    if final.empty:
        return _frame([], "composition")
    return _in_order(estimates(final, ["axis", "level", "arm"]), "composition")


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
                place = {"axis": axis, "level": level, "compared_to": defaults[axis], "arm": arm}
                parts.append(paired(part, default).assign(**place))
    if not parts:
        return _frame([], "composition_differences")
    return _in_order(pd.concat(parts, ignore_index=True), "composition_differences")


def reference_surface(measured: pd.DataFrame, covered: float) -> pd.DataFrame:
    """`reference_surface.csv`: the soft arm minus plain by coverage and confidence of the RM.

    covered: the profile's own share of subjects that the RM knows, which levels call `default`.
    """
    final = final_items(measured)
    final = final[final["axis"] == SURFACE]
    parts = []
    for level, group in final.groupby("level", sort=False):
        plain = group[group["arm"] == "plain"]
        coverage, confidence = level.replace(DEFAULT, f"{covered:g}").split(", ")
        for arm, part in group[group["arm"] != "plain"].groupby("arm", sort=False):
            place = {"coverage": coverage, "confidence": confidence, "arm": arm}
            parts.append(paired(part, plain).assign(**place))
    if not parts:
        return _frame([], "reference_surface")
    return _in_order(pd.concat(parts, ignore_index=True), "reference_surface")


def alignment(measured: pd.DataFrame, aligned: pd.DataFrame) -> pd.DataFrame:
    """`alignment.csv`: each main arm before and after tuning, the paired difference, its ranks.

    measured, aligned: `items` of the runs and of the same runs after alignment. Ranks are of the
    mean, 1 the best, among the arms of one stratum and metric: equal ranks mean that the order of
    the arms holds.
    """
    asked = ["accuracy", "log_likelihood"]
    before, after = (
        final[(final["axis"] == MAIN) & final["metric"].isin(asked)]
        for final in (final_items(measured), final_items(aligned))
    )
    parts = []
    for arm, part in after.groupby("arm", sort=False):
        earlier = before[before["arm"] == arm]
        gain = paired(part, earlier).assign(arm=arm)
        for name, side in (("before", earlier), ("after", part)):
            means = side.groupby(["stratum", "metric"])["value"].mean().rename(name)
            gain = gain.merge(means.reset_index(), on=["stratum", "metric"])
        parts.append(gain)
    table = pd.concat(parts, ignore_index=True)
    for when in ("before", "after"):
        ranks = table.groupby(["stratum", "metric"])[when].rank(ascending=False, method="min")
        table[f"rank_{when}"] = ranks.astype(int)
    return _in_order(table, "alignment")


def alignment_differences(aligned: pd.DataFrame) -> pd.DataFrame:
    """`alignment_differences.csv`: `differences`, of the same arms after their tuning."""
    final = final_items(aligned)
    return _compared(final[final["axis"] == MAIN], "alignment_differences")


# --- tables of other stages -----------------------------------------------------------------------


def funnel(rows: Iterable[Mapping]) -> pd.DataFrame:
    """`funnel.csv` from the pipeline's accounting rows, in the order of the stages."""
    return _frame(rows, "funnel")


def pipeline_quality(rows: Iterable[Mapping]) -> pd.DataFrame:
    """`pipeline_quality.csv` from measured rows; precision and recall lie in 0 to 1."""
    frame = _frame(rows, "pipeline_quality")
    for column in ("precision", "recall"):
        frame[column] = pd.to_numeric(frame[column])
        wrong = frame[~frame[column].isna() & ~frame[column].between(0, 1)]
        if len(wrong):
            raise TableError(f"pipeline_quality: {column} outside 0 to 1 in row {wrong.index[0]}")
    return frame


def temperature_table(losses: Mapping[int, Mapping]) -> pd.DataFrame:
    """seed,temperature,loss from each seed's `temperature.json`; the smallest loss was chosen."""
    rows = [
        {"seed": seed, "temperature": float(temperature), "loss": loss}
        for seed, result in losses.items()
        for temperature, loss in result["losses"].items()
    ]
    return pd.DataFrame(rows).sort_values(["seed", "temperature"], ignore_index=True)


def _frame(rows: Iterable[Mapping], name: str) -> pd.DataFrame:
    """Rows as a frame with the columns of table `name`; TableError for a missing column."""
    rows = list(rows)
    for number, row in enumerate(rows):
        missing = [column for column in COLUMNS[name] if column not in row]
        if missing:
            raise TableError(f"{name}: row {number} has no {', '.join(missing)}")
    return pd.DataFrame(rows, columns=list(COLUMNS[name]))


def _in_order(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The contract's columns, rows by arm, stratum and metric in their fixed orders.

    Axes, and the levels of each, stay in the order in which they come: that of the profile and of
    `axes.yaml`.
    """
    columns = list(COLUMNS[name])
    leading = [column for column in _SORTED if column in columns]
    ranks = pd.DataFrame({column: _ranks(frame, column) for column in leading}, frame.index)
    rows = ranks.sort_values(leading, kind="stable").index
    return frame.loc[rows, columns].reset_index(drop=True)


def _ranks(frame: pd.DataFrame, column: str) -> list:
    """The place of each value: a number is its own; names have a fixed order or that they come in.

    A level's place is its place on its axis: two axes may have levels of one name.
    """
    values = list(frame[column])
    if column in ("seed", "tokens"):
        return values
    if column == "level":
        values = list(zip(frame["axis"], values, strict=True))
    names = dict.fromkeys([*_ORDER.get(column, ()), *values])
    places = {name: place for place, name in enumerate(names)}
    return [places[value] for value in values]


# --- files ----------------------------------------------------------------------------------------


FORMATS = ("csv", "parquet", "md", "tex")


def write_table(
    frame: pd.DataFrame, folder: Path, name: str, formats: Sequence[str] = FORMATS
) -> Path:
    """Write `folder/name.{csv,parquet,md,tex}`, the same bytes for the same frame.

    CSV has six significant digits, and the other formats say what the CSV says: Parquet the same
    numbers with the types of the dictionary, Markdown and LaTeX (booktabs) rounded for reading.
    Returns the CSV's path. Raises TableError for an unknown format, or where the frame lacks
    columns of its contract.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise TableError(f"{name}: unknown formats {unknown}; allowed: {', '.join(FORMATS)}")
    missing = [column for column in COLUMNS.get(name, ()) if column not in frame]
    if missing:
        raise TableError(f"{name}: no column {', '.join(missing)}")
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in formats:
        (folder / f"{name}.{suffix}").write_bytes(written(frame, name, suffix))
    return folder / f"{name}.csv"


def written(frame: pd.DataFrame, name: str, suffix: str) -> bytes:
    """What `write_table` writes into one file."""
    if suffix == "csv":
        return csv_text(frame).encode()
    frame = _as_in_csv(frame)
    return _parquet(frame, name) if suffix == "parquet" else _WRITERS[suffix](frame).encode()


def _as_in_csv(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the digits of its CSV."""
    rounded = frame.copy()
    for column in frame.select_dtypes("floating"):
        rounded[column] = [float(f"{value:.6g}") for value in frame[column]]
    return rounded


def describe(folder: Path) -> None:
    """Write the data dictionary of the tables in `folder`: `README.md` and `dictionary.*`."""
    there = {path.stem for path in folder.glob("*.csv")} | {"dictionary"}
    names = [name for name in schema.load_tables() if name in there]
    names += sorted(there.difference(names))
    write_table(schema.as_table(names), folder, "dictionary")
    text = schema.card(names, folder.parent.name)
    (folder / "README.md").write_text(text, encoding="utf-8", newline="\n")


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """`folder/name.csv` with numbers as numbers and text as text ("0" and "NA" stay what they are).

    Raises TableError where the file lacks columns of its contract.
    """
    path = folder / f"{name}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in COLUMNS.get(name, ()) if column not in frame]
    if missing:
        raise TableError(f"{path}: no column {', '.join(missing)}")
    types = schema.column_types(name)
    for column in (column for column in frame if types.get(column, "text") != "text"):
        try:
            frame[column] = pd.to_numeric(frame[column].replace("", np.nan))
        except ValueError as error:
            raise TableError(f"{path}: column {column}: {error}") from None
    return frame


def shown(value: object, column: str = "") -> str:
    """A value as people read it: three decimals, thousands grouped, a dash for no value."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, int | float | np.number):
        return str(value)
    if np.isnan(value):
        return "–"
    if column == "p_value" and value < 0.001:
        return "< 0.001"
    if float(value).is_integer() and column not in _MEASURED:
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    told = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.3f}"
    return "0.000" if told == "-0.000" else told


def csv_text(frame: pd.DataFrame) -> str:
    """A frame as CSV with six significant digits: the same bytes on every machine."""
    return frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _cells(frame: pd.DataFrame, escape: Callable[[str], str]) -> list[list[str]]:
    columns = list(frame.columns)
    return [
        [escape(shown(value, column)) for column, value in zip(columns, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]


def is_numeric(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column is aligned as numbers."""
    return pd.api.types.is_numeric_dtype(frame[column]) and frame[column].dtype != bool


def _markdown(frame: pd.DataFrame) -> str:
    def escape(text: str) -> str:
        return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())

    rule = ["---:" if is_numeric(frame, column) else "---" for column in frame.columns]
    lines = [[escape(str(c)) for c in frame.columns], rule, *_cells(frame, escape)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_TEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "–": "--",
    }
)


def _latex(frame: pd.DataFrame) -> str:
    def escape(text: str) -> str:
        return " ".join(text.split()).translate(_TEX)

    def line(cells: Sequence[str]) -> str:
        return " & ".join(cells) + r" \\"

    alignment = "".join("r" if is_numeric(frame, c) else "l" for c in frame.columns)
    body = [line(cells) for cells in _cells(frame, escape)]
    head = line([escape(str(column)) for column in frame.columns])
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


_WRITERS = {"md": _markdown, "tex": _latex}
_ARROW = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}


def _parquet(frame: pd.DataFrame, name: str) -> bytes:
    """Parquet with the dictionary's types and nothing about who wrote it, or when."""
    types = schema.column_types(name)
    arrays = [_array(frame[column], types.get(column)) for column in frame]
    stream = io.BytesIO()
    pq.write_table(pa.table(arrays, names=list(frame)), stream, compression="zstd")
    return stream.getvalue()


def _array(values: pd.Series, kind: str | None) -> pa.Array:
    if kind == "text":
        values = values.where(values.notna(), "").astype(str)
    return pa.Array.from_pandas(values, type=_ARROW.get(kind))
