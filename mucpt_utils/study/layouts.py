"""Where each token of the corpus comes in training, and the weight that it has there.

Descriptions of weights are made from layouts, which come from the functions that training calls.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mucpt_utils.io import read_jsonl
from mucpt_utils.study import stages
from mucpt_utils.study.runs import RESPONSES
from mucpt_utils.study.study import Study


@dataclass(frozen=True)
class Layout:
    """The domain part of one run's training, in its order; replay is left out.

    tokens: (rows, context), indices into the corpus's tokens. fixed: the weights that are fixed
    before training, of the same shape. given: the weights that training used, (rows, context - 1),
    since the first token of a row is not predicted; None before training, or if a run keeps none.
    seen: (rows,), the point of the run's learning curve by which a row has been read, in tokens
    of the budget; None before training.
    """

    arm: str
    seed: int
    tokens: np.ndarray
    fixed: np.ndarray
    given: np.ndarray | None
    seen: np.ndarray | None


def weighing_arms(study: Study, static: bool = False) -> list[str]:
    """Arms of the profile that weigh tokens; static: those whose weights are fixed beforehand."""
    criteria = {name: study.arm(name).tokens for name in study.profile.arms}
    return [
        name
        for name, criterion in criteria.items()
        if criterion is not None and (not static or criterion.numerator == "static")
    ]


def layouts(study: Study, arms: Sequence[str], trained: bool = True) -> Iterator[Layout]:
    """The layout of each arm at each seed; trained: with the weights that its run used.

    Raises NotMade if a run is needed and missing.
    """
    for name in arms:
        for seed in study.profile.seeds:
            yield _layout(study, name, seed, trained)


def _layout(study: Study, name: str, seed: int, trained: bool) -> Layout:
    arm = study.arm(name)
    scored = study.scored(arm, seed)
    # the same sequences with the tokens' places in the corpus instead of the tokens
    places = np.arange(len(scored.store.tokens))
    numbered = replace(scored, store=replace(scored.store, tokens=places))
    data = study.sequences(arm, numbered, seed)
    # a begin token, which is never learnt, is known by its number, which a place is not
    opened = scored.store.begin is not None
    weights = study.sequences(arm, scored, seed).weights if opened else data.weights
    if data.scored is None or weights is None:
        raise ValueError("an arm's sequences say which are of the domain, and have weights")
    rows, given, seen = data.scored, None, None
    if trained and study.profile.evaluation.keep_weights:
        with stages.looking():
            run = study.run(name, seed)
        given = np.load(run.path("weights.npy"), mmap_mode="r")[rows]
        # the points are those at which the run was measured
        points = np.unique([row["tokens"] for row in read_jsonl(run.path(RESPONSES))])
        ends = (np.flatnonzero(rows) + 1) * data.tokens.shape[1]
        part = np.searchsorted(points, ends)
        seen = points[np.minimum(part, len(points) - 1)]
    return Layout(name, seed, data.tokens[rows], weights[rows], given, seen)
