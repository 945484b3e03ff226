"""A short supervised tuning after an arm: questions and answers, loss on the answers alone."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from transformers import PreTrainedTokenizerBase

from mucpt_utils import stats

ANSWER = re.compile(r"(?<=\nAnswer:)[^\n]*\n")
METRICS = ("accuracy", "log_likelihood")


def answer_tokens(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """1 for each token of an answer and its closing newline, 0 elsewhere, as float32.

    texts: `Question: ...\\nAnswer: ...\\n`, any number of times. The result is aligned with
    `tokens.tokenise`, end tokens included.
    """
    rows = []
    for text in texts:
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        begins, ends = np.array(encoded["offset_mapping"], int).reshape(-1, 2).T
        row = np.zeros(len(begins) + 1, np.float32)
        for answer in ANSWER.finditer(text):
            row[:-1][(begins < answer.end()) & (ends > answer.start())] = 1.0
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros(0, np.float32)


def alignment_table(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """`alignment.csv`: each arm before and after tuning, the paired difference, and its rank.

    before, after: final items of the main runs (`tables.items`). Ranks are of the mean, 1 the best,
    among the arms of one stratum and metric: equal columns mean that the order holds.
    """
    keys = ["arm", "seed", "stratum", "metric", "item"]
    wanted = [frame[frame["metric"].isin(METRICS)] for frame in (before, after)]
    both = wanted[0].merge(wanted[1], on=keys, suffixes=("_before", "_after"))
    rows = []
    for (arm, stratum, metric), group in both.groupby(keys[:1] + keys[2:4], sort=False):
        gain = stats.paired_difference(
            group["value_after"], group["value_before"], list(group["seed"])
        )
        rows.append(
            {
                "arm": arm,
                "stratum": stratum,
                "metric": metric,
                "before": group["value_before"].mean(),
                "after": group["value_after"].mean(),
                "difference": gain.difference,
                "ci_low": gain.low,
                "ci_high": gain.high,
                "p_value": gain.p_value,
                "seeds": group["seed"].nunique(),
            }
        )
    frame = pd.DataFrame(rows)
    for when in ("before", "after"):
        ranks = frame.groupby(["stratum", "metric"])[when].rank(ascending=False, method="min")
        frame[f"rank_{when}"] = ranks.astype(int)
    return frame
