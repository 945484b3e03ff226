"""The weights given to tokens of each kind: facts, wrong facts, rumours, spam.

Kinds are the writer's labels (`study.labels`). Weights come from `study.layouts`: as training used
them, or as they are fixed before it.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from mucpt_utils import stats
from mucpt_utils.study.labels import KINDS
from mucpt_utils.study.layouts import Layout


def kinds_left(kinds: np.ndarray) -> pd.DataFrame:
    """`kinds_left.csv`: what the cleaned corpus consists of, by the labels: kind, tokens, share."""
    counts = np.bincount(kinds, minlength=len(KINDS))
    rows = [
        {"kind": kind, "tokens": int(count), "share": count / max(len(kinds), 1)}
        for kind, count in zip(KINDS, counts, strict=True)
    ]
    return pd.DataFrame(rows)


def given_in_training(
    layouts: Iterable[Layout], kinds: np.ndarray, starts: np.ndarray
) -> pd.DataFrame:
    """`token_weights.csv`: mean weight that tokens of each kind were given, by arm.

    kinds: of the corpus's tokens; starts: where its documents begin. Columns arm, kind, weight,
    ci_low, ci_high, seeds, tokens (trained on, over all seeds); a weight of 1 is the mean over
    what was trained on. Intervals are over seeds crossed with documents. A run that kept no weights
    gives no row.
    """
    kept = [layout for layout in layouts if layout.given is not None]
    # the first token of a row is never predicted: it has no weight in training
    rows = [(a.arm, a.seed, a.tokens[:, 1:], np.asarray(a.given, np.float32)) for a in kept]
    return _by_kind(rows, kinds, starts)


def fixed_before_training(
    layouts: Iterable[Layout], kinds: np.ndarray, starts: np.ndarray
) -> pd.DataFrame:
    """`fixed_weights.csv`: the same for weights that are fixed before training, in static arms.

    Over the tokens that training will predict, in its layout, so that a static arm has what
    `given_in_training` gives after the run, up to the rounding of kept weights.
    """
    rows = [(a.arm, a.seed, a.tokens[:, 1:], a.fixed[:, 1:]) for a in layouts]
    return _by_kind(rows, kinds, starts)


def over_training(layouts: Iterable[Layout], kinds: np.ndarray) -> pd.DataFrame:
    """`token_weights_over_training.csv`: mean weight given to each kind in each part of training.

    Columns arm, seed, tokens (of the budget at the end of the part), kind, weight, n (tokens of the
    part); as many parts as learning curves have points.
    """
    rows = []
    for layout in layouts:
        if layout.given is None or layout.seen is None:
            continue
        labels = kinds[layout.tokens[:, 1:]]
        for seen in np.unique(layout.seen):
            part = layout.seen == seen
            weights = np.asarray(layout.given[part], np.float32)
            for kind in np.unique(labels[part]):
                chosen = weights[labels[part] == kind]
                mean = {"kind": KINDS[kind], "weight": float(chosen.mean()), "n": chosen.size}
                rows.append({"arm": layout.arm, "seed": layout.seed, "tokens": int(seen), **mean})
    return pd.DataFrame(rows, columns=["arm", "seed", "tokens", "kind", "weight", "n"])


def _by_kind(
    rows: Sequence[tuple[str, int, np.ndarray, np.ndarray]], kinds: np.ndarray, starts: np.ndarray
) -> pd.DataFrame:
    """One row per arm and kind. rows: arm, seed, places in the corpus, weights of equal shape."""
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    parts = [
        pd.DataFrame(
            {
                "arm": arm,
                "seed": seed,
                "kind": kinds[places].ravel(),
                "document": owner[places].ravel(),
                "weight": weights.ravel().astype(np.float64),
            }
        )
        for arm, seed, places, weights in rows
    ]
    columns = ["arm", "kind", "weight", "ci_low", "ci_high", "seeds", "tokens"]
    if not parts:
        return pd.DataFrame(columns=columns)
    # 1. cells of seed and document, whose tokens are correlated
    cells = pd.concat(parts).groupby(["arm", "kind", "seed", "document"], sort=False)["weight"]
    cells = cells.agg(["mean", "size"]).reset_index()
    # 2. the mean over tokens, with an interval over seeds crossed with documents
    table = []
    for (arm, kind), group in cells.groupby(["arm", "kind"], sort=False):
        labels = group["seed"].tolist(), group["document"].tolist()
        estimate = stats.clustered_mean(group["mean"], *labels, sizes=group["size"])
        seeds, tokens = group["seed"].nunique(), int(group["size"].sum())
        table.append((arm, KINDS[kind], *estimate, seeds, tokens))
    # 3. arms in their order, kinds in that of KINDS
    arms = list(dict.fromkeys(arm for arm, *_ in rows))
    table.sort(key=lambda row: (arms.index(row[0]), KINDS.index(row[1])))
    return pd.DataFrame(table, columns=columns)
