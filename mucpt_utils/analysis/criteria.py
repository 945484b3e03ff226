"""How the criterion of each arm weighs labelled tokens and documents, before any training.

A criterion is a detector: it should give objects of true statements more weight than false ones,
even if the reference model (RM) does not know the subject, so that a true statement is merely
unknown. These tables take seconds and precede any run. Arrays are aligned with the tokens
of the cleaned corpus; labels are the writer's (`study.labels`), which no method reads.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mucpt_utils import stats
from mucpt_utils.analysis.frames import frame_of
from mucpt_utils.analysis.scores import document_groups, weighs_rows
from mucpt_utils.config.scoring import Arm
from mucpt_utils.scoring.scored import Scored, mean_one
from mucpt_utils.study.labels import FALSE, Labels
from mucpt_utils.study.study import Study

RIGHT, WRONG = ("fact",), FALSE
STRATA = ("all", "covered", "uncovered")
GRID = np.linspace(0, 1, 21)  # shares of wrong tokens at which ROC curves are given


@dataclass(frozen=True)
class Weighed:
    """One arm's criterion at one seed.

    weights: (tokens,), mean 1, 0 in documents left out. chosen: (documents,), those that the arm
    trains on. covered: (tokens,), 1 for a subject that the seed's RM knows, 0 for another one
    under test, -1 for neither.
    """

    arm: str
    seed: int
    weights: np.ndarray
    chosen: np.ndarray
    covered: np.ndarray


# --- from a study ---------------------------------------------------------------------------------


def has_criterion(arm: Arm) -> bool:
    """Whether an arm weighs tokens or chooses documents, as can be seen before training."""
    if weighs_rows(arm):
        return False
    return bool(arm.criteria or arm.focus or arm.chosen_by or arm.random_tokens)


def weighed(study: Study, labels: Labels, documents: Sequence[Mapping]) -> Iterator[Weighed]:
    """The criterion of every arm of the profile that has one, at every seed.

    documents: of the cleaned corpus, in order. Existing scores are read; none is computed.
    """
    tested = {fact.subject for fact in study.roles.test}
    of_fact = {fact.id: fact.subject for fact in study.roles.test}
    titles = [document["metadata"]["title"] for document in documents]
    for name in (name for name in study.profile.arms if has_criterion(study.arm(name))):
        for seed in study.profile.seeds:
            scored, arm = study.scored(study.arm(name), seed), study.arm(name)
            chosen = chosen_documents(scored, arm)
            known = covered_tokens(
                labels, scored.store.starts, titles, of_fact, study.covered(seed), tested
            )
            yield Weighed(name, seed, weights_at_start(scored, arm, seed, chosen), chosen, known)


def chosen_documents(scored: Scored, arm: Arm) -> np.ndarray:
    """Which documents the arm trains on, (documents,) booleans."""
    return np.isin(np.arange(len(scored.store)), scored.chosen(arm))


def weights_at_start(scored: Scored, arm: Arm, seed: int, chosen: np.ndarray) -> np.ndarray:
    """Weights of all tokens while the model still is the base, 0 in documents left out; mean 1."""
    taken = np.repeat(chosen, np.diff(scored.store.starts))
    return mean_one(scored.weights(arm, seed, at_start=True) * taken)


def covered_tokens(
    labels: Labels,
    starts: np.ndarray,
    titles: Sequence[str],
    of_fact: Mapping[str, str],
    covered: set[str],
    tested: set[str],
) -> np.ndarray:
    """1, 0 or -1 for every token, see `Weighed`: by its fact's subject, else by its document's.

    starts: where documents begin; titles: of the documents; of_fact: subject of a fact by its id.
    """

    def known(subject: str) -> int:
        return int(subject in covered) if subject in tested else -1

    by_document = np.array([known(title) for title in titles], np.int8)
    tokens = np.repeat(by_document, np.diff(starts))
    by_fact = np.array([known(of_fact.get(name, "")) for name in labels.names], np.int8)
    of_objects = labels.facts >= 0
    tokens[of_objects] = by_fact[labels.facts[of_objects]]
    return tokens


# --- tokens ---------------------------------------------------------------------------------------


def criteria(rows: Iterable[Weighed], labels: Labels) -> pd.DataFrame:
    """`criteria.csv`: for every arm and stratum, mean weights of kinds, AUC, effective sample size.

    An AUC's interval is `interval_of_auc`.
    """
    measured = [row for one in rows for row in criterion_rows(one, labels)]
    if not measured:
        return frame_of([], "criteria")
    parts = []
    for (arm, stratum), group in pd.DataFrame(measured).groupby(["arm", "stratum"], sort=False):
        means = group[["right", "wrong", "other", "auc", "focus", "effective"]].mean()
        low, high = interval_of_auc(group["auc"])
        ends = {"auc_low": low, "auc_high": high}
        counts = {"seeds": len(group), "tokens": int(group["tokens"].sum())}
        parts.append({"arm": arm, "stratum": stratum, **means, **ends, **counts})
    return frame_of(parts, "criteria")


def interval_of_auc(of_seeds: pd.Series) -> tuple[float, float]:
    """95 % interval of a mean AUC, clustered by weighting; NaN with one weighting.

    of_seeds: the AUC of each seed. Seeds that share a reference model give one and the same
    weighting, whose AUC is the same to the last digit: copies say nothing of the spread.
    """
    weighting, _ = pd.factorize(of_seeds)
    # with sizes: an AUC of 0 or 1 is a mean over pairs, not an answer right or wrong
    found = stats.clustered_mean(of_seeds, weighting, sizes=[1.0] * len(of_seeds))
    low, high = np.clip([found.low, found.high], 0, 1)
    return float(low), float(high)


def criterion_rows(one: Weighed, labels: Labels) -> Iterator[dict]:
    """One arm at one seed, a row per stratum."""
    right, wrong = labels.are(*RIGHT), labels.are(*WRONG)
    for stratum, members in strata_of(one.covered).items():
        other = members & ~right & ~wrong
        weights = one.weights[members]
        yield {
            "arm": one.arm,
            "seed": one.seed,
            "stratum": stratum,
            "right": mean_of(one.weights[right & members]),
            "wrong": mean_of(one.weights[wrong & members]),
            "other": mean_of(one.weights[other]),
            "auc": auc(*contrast(one, labels, stratum)),
            "focus": auc(one.weights[(right | wrong) & members], one.weights[other]),
            "effective": effective_share(weights),
            "tokens": len(weights),
        }


def strata_of(covered: np.ndarray) -> dict[str, np.ndarray]:
    """Which tokens belong to each of `STRATA`."""
    members = (np.ones(len(covered), bool), covered == 1, covered == 0)
    return dict(zip(STRATA, members, strict=True))


def contrast(one: Weighed, labels: Labels, stratum: str) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the right and the wrong tokens to be told apart in a stratum.

    If the RM does not know the subject, true statements are compared with all false ones: what is
    merely unknown with what is false.
    """
    members = strata_of(one.covered)
    against = members["all" if stratum == "uncovered" else stratum]
    right, wrong = labels.are(*RIGHT) & members[stratum], labels.are(*WRONG) & against
    return one.weights[right], one.weights[wrong]


def mean_of(weights: np.ndarray) -> float:
    """The mean; NaN without values."""
    return float(weights.mean()) if weights.size else np.nan


def auc(above: np.ndarray, below: np.ndarray) -> float:
    """Probability that one of `above` exceeds one of `below`, ties half; NaN without either.

    The statistic of Mann and Whitney (1947, Annals of Mathematical Statistics 18).
    """
    if not (above.size and below.size):
        return np.nan
    ours, others = np.sort(above), np.sort(below)
    exceeded = np.searchsorted(others, ours, "left").sum()
    reached = np.searchsorted(others, ours, "right").sum()
    return float((exceeded + reached) / 2 / (above.size * below.size))


def effective_share(weights: np.ndarray) -> float:
    """Effective sample size over size, (sum w)^2 / (n sum w^2) (Kish 1965); NaN without weight."""
    squares = (weights.astype(np.float64) ** 2).sum()
    return (
        float(weights.sum(dtype=np.float64) ** 2 / (len(weights) * squares)) if squares else np.nan
    )


def roc(rows: Iterable[Weighed], labels: Labels) -> pd.DataFrame:
    """`roc.csv`: the share of right tokens that pass at each share of wrong ones, over seeds.

    Tokens of equal weight are passed together, along a straight line.
    """
    curves: dict[tuple[str, str], list[np.ndarray]] = {}
    for one in rows:
        for stratum in STRATA[1:]:
            right, wrong = contrast(one, labels, stratum)
            if right.size and wrong.size:
                curves.setdefault((one.arm, stratum), []).append(roc_curve(right, wrong))
    parts = [
        {"arm": arm, "stratum": stratum, "wrong": share, "right": passed}
        for (arm, stratum), of_seeds in curves.items()
        for share, passed in zip(GRID, np.mean(of_seeds, axis=0), strict=True)
    ]
    return frame_of(parts, "roc")


def roc_curve(right: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Share of `right` that passes at the thresholds that let the shares `GRID` of `wrong` pass."""
    weights = np.unique(np.concatenate([right, wrong]))[::-1]
    of_wrong, of_right = (
        np.concatenate([[0], 1 - np.searchsorted(np.sort(kind), weights) / kind.size])
        for kind in (wrong, right)
    )
    return np.interp(GRID, of_wrong, of_right)


# --- documents ------------------------------------------------------------------------------------


def selection_kinds(
    rows: Iterable[Weighed],
    documents: Sequence[Mapping],
    tested: set[str],
    covered: Mapping[int, set[str]],
) -> pd.DataFrame:
    """`selection_kinds.csv`: share of documents kept by each selecting arm, by kind of document.

    tested: subjects under test; covered: by seed, those that its RM knows. Intervals are clustered
    by seed and by document.
    """
    kept: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for one in (one for one in rows if not one.chosen.all()):
        for group, members in document_groups(documents, tested, covered[one.seed]).items():
            part = {"kept": one.chosen[members].astype(float), "document": np.flatnonzero(members)}
            frame = pd.DataFrame(part).assign(seed=one.seed)
            kept.setdefault((one.arm, group), []).append(frame)
    parts = []
    for (arm, group), frames in kept.items():
        whole = pd.concat(frames)
        if len(whole):
            share, low, high = stats.clustered_mean(whole["kept"], whole["seed"], whole["document"])
            ends = {"share_kept": share, "ci_low": low, "ci_high": high}
            counts = {"n": len(whole), "seeds": whole["seed"].nunique()}
            parts.append({"arm": arm, "documents": group, **ends, **counts})
    return frame_of(parts, "selection_kinds")
