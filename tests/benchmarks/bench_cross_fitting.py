"""Can a reference model that is trained on the corpus itself tell what is false in it?

    python tests/benchmarks/bench_cross_fitting.py [PROFILE] [--write]

Cross-fitting needs no clean text: the documents are dealt into two folds, the base is trained on
each, and each document is scored by the model of the other fold (half of an arm's tokens for each
model, so that both together cost one more training). What many documents tell is then known when
a document is scored, and what only it tells is not. On development subjects, before any training
of an arm: the area under the ROC curve for objects of true against false statements by the weights
of `soft_static`, with cross-fitted losses and with those of the reference model of clean text
(where it knows the subject, and where not), at the falsehood of `laptop` and at a higher one, of
which most or none is rumours. Folds are dealt by document or by site. With `--write` the table goes
to `results/search/cross_fitting.csv`.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import criteria
from mucpt_utils.analysis.search import development
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import digest, write_text
from mucpt_utils.report.table_files import csv_text
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import TokenStore, taken
from mucpt_utils.study import models, scores
from mucpt_utils.study.labels import Labels, kept_documents
from mucpt_utils.study.stages import silent
from mucpt_utils.study.study import Study

TABLE = paths.RESULTS / "search" / "cross_fitting.csv"
ARM = "soft_static"
# share of bad sites, of wrong facts in them, and of rumours among these
WORLDS = ((0.4, 0.7, 0.8), (0.5, 0.9, 0.8), (0.5, 0.9, 0.0))
FOLDS = ("documents", "sites")


def fold_of(store: TokenStore, sites: np.ndarray, by: str) -> np.ndarray:
    """(documents,) the fold of each document, 0 or 1."""
    if by == "sites":
        return np.random.default_rng(0).permutation(sites.max() + 1)[sites] % 2
    return np.array([int(digest(name), 16) % 2 for name in store.ids])


def cross_fitted(study: Study, scored: Scored, by: str, seed: int) -> np.ndarray:
    """(tokens,) losses in nats, each document's under the model of the other fold."""
    profile, found = study.profile, np.zeros(scored.store.tokens.size, np.float32)
    folds = fold_of(scored.store, np.load(study.domain_tokens().path("sites.npy")), by)
    inside = np.repeat(folds, np.diff(scored.store.starts))
    settings = profile.train.model_copy(update={"tokens": profile.train.tokens // 2})
    given = {"base": study.base().folder, "general_tokens": study.general_tokens().folder}
    context = profile.model.context
    with tempfile.TemporaryDirectory() as name:
        stores = [Path(name) / f"fold{number}" for number in (0, 1)]
        for number, folder in enumerate(stores):
            folder.mkdir()
            taken(scored.store, np.flatnonzero(folds == number)).save(folder)
        for number, other in ((0, 1), (1, 0)):
            folder = Path(name) / f"model{number}"
            folder.mkdir()
            models.train_reference(
                folder,
                {**given, "reference_tokens": stores[other]},
                silent,
                train=settings,
                context=context,
                replay=profile.replay,
                seed=seed,
            )
            inputs = {"model": folder, "tokens": stores[number]}
            scores.score_tokens(folder, inputs, silent, temperature=1.0, context=context)
            found[inside == number] = losses.load(folder)
    return found


def rows_of(study: Study) -> Iterator[dict]:
    """For each seed: AUC by cross-fitted losses and by those of the model of clean text."""
    labels = Labels.load(study.labels().folder)
    documents = list(kept_documents(study.corpus().folder))
    clean = study.arm(ARM)
    told = labels.are(*criteria.RIGHT, *criteria.WRONG)
    wrong = float(labels.are(*criteria.WRONG)[told].mean())
    for one in criteria.weighed(study, labels, documents):
        kinds = {row["stratum"]: row["auc"] for row in criteria.criterion_rows(one, labels)}
        scored = study.scored(clean, one.seed)
        found = {f"clean, {stratum}": kinds[stratum] for stratum in ("covered", "uncovered")}
        for by in FOLDS:
            crossed = replace(scored, reference=cross_fitted(study, scored, by, one.seed))
            weights = crossed.weights(clean, one.seed, at_start=True)
            right, false = labels.are(*criteria.RIGHT), labels.are(*criteria.WRONG)
            found[f"crossed by {by}"] = criteria.auc(weights[right], weights[false])
        for signal, auc in found.items():
            yield {"seed": one.seed, "wrong": wrong, "losses": signal, "auc": auc}


def table(profile: str) -> pd.DataFrame:
    """One row per world and kind of losses: the AUC at each seed and its mean."""
    rows = []
    for bad, wrong, rumours in WORLDS:
        world = [f"render.bad_sites={bad}", f"render.wrong_in_bad_sites={wrong}"]
        world += [f"render.rumours={rumours}", "seeds=[0, 1]", f"arms=[base, plain, {ARM}]"]
        study = Study(development(load_profile(profile, world)), "search")
        for row in rows_of(study):
            rows.append({"bad_sites": bad, "wrong_there": wrong, "rumours": rumours, **row})
            print(rows[-1], flush=True)
    keys = ["bad_sites", "wrong_there", "rumours", "wrong", "losses"]
    grouped = pd.DataFrame(rows).groupby(keys, sort=False)["auc"]
    return grouped.agg(["mean", "min", "max"]).reset_index()


def main() -> None:
    """Measure and print; --write keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--write", action="store_true", help="into results/search")
    options = parser.parse_args()
    found = table(options.profile)
    print(found.round(3).to_string(index=False))
    if options.write:
        write_text(TABLE, csv_text(found))


if __name__ == "__main__":
    main()
