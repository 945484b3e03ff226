"""What can be told of a token's influence on answers from its losses, and from nearby words.

    python tests/benchmarks/bench_influence.py [PROFILE] [--set KEY=VALUE ...] [--share X] [--write]

On development questions. A token's influence is what a step of training on it alone does, to first
order, to the log-likelihood of the answers about half of the subjects (`scoring.influence`), for
the base and for the model that plain training ends with. Two kinds of weights are compared by the
mean influence that a unit of weight buys, relative to equal weights: those of arms before training,
and learnt ones, which give the tenth of the tokens with the highest predicted influence six times
the weight of the others. The prediction is a boosted ensemble of small trees over what is named; it
learns on one half of the subjects, from the influence on answers about them, and is judged on the
other, so that learnt weights, all of one dose, show how much of the influence can be told from what
they read. Influence is of one step: how arms order by it need not be how they order after a run.
Intervals are 95 %, by subjects. With `--write` the table goes to
`results/search/influence.csv`.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import criteria
from mucpt_utils.analysis.search import STRATA, development
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import write_text
from mucpt_utils.musicsimpleqa.asking.ask import prompt_and_answer
from mucpt_utils.report.table_files import csv_text
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.influence import answer_gradient, influence
from mucpt_utils.scoring.tokens import TokenStore, taken
from mucpt_utils.study.labels import kept_documents
from mucpt_utils.study.signals import TAGS
from mucpt_utils.study.study import Study
from mucpt_utils.study.text import questions_of

TABLE = paths.RESULTS / "search" / "influence.csv"
ARMS = ("base_loss", "soft_static", "rho1", "tagger_window", "oracle_focus", "oracle_focus_clean")
LEARNT = {
    "L": ("base",),
    "L, L_rm, H": ("base", "reference", "entropies"),
    "nearby words": ("tags",),
    "L, L_rm, H and nearby words": ("base", "reference", "entropies", "tags"),
}
TOP, DOSE = 0.1, 6.0  # the share of tokens with more weight, and its factor: as for facts' objects
CLIPPED = 0.995  # quantile of |influence| beyond which a single token teaches no more
DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class World:
    """The corpus of development subjects. about: (documents,), the number of the subject that a
    document is about, -1 for others and for what was not drawn; names, halves: of the subjects, in
    the order of their numbers, each half 0 or 1."""

    study: Study
    store: TokenStore
    about: np.ndarray
    names: Sequence[str]
    halves: np.ndarray
    questions: Sequence[Sequence[dict]]

    @classmethod
    def of(cls, study: Study, share: float) -> "World":
        """Every second subject, in the order of a shuffle, is in the other half.

        share: of the documents, which are drawn at random.
        """
        store = TokenStore.load(study.domain_tokens().folder)
        asked = questions_of(study.roles.test)
        names = sorted({question["subject"] for question in asked})
        rng = np.random.default_rng(0)
        halves = rng.permutation(len(names)) % 2
        numbers = {name: number for number, name in enumerate(names)}
        titles = [row["metadata"]["title"] for row in kept_documents(study.corpus().folder)]
        about = np.array([numbers.get(title, -1) for title in titles])
        about[rng.random(len(about)) >= share] = -1
        questions = [[q for q in asked if halves[numbers[q["subject"]]] == h] for h in (0, 1)]
        return cls(study, store, about, names, halves, questions)

    @cached_property
    def subjects(self) -> np.ndarray:
        """(tokens,) numbers of the subjects, -1 for none."""
        return np.repeat(self.about, np.diff(self.store.starts))

    @cached_property
    def half(self) -> np.ndarray:
        """(tokens,) the half that a token's subject is in, -1 for none."""
        return np.where(self.subjects >= 0, self.halves[self.subjects], -1)

    def documents(self, half: int) -> TokenStore:
        """The documents about the subjects of one half."""
        is_in = (self.about >= 0) & (self.halves[self.about] == half)
        return taken(self.store, np.flatnonzero(is_in))

    def covered(self, seed: int) -> np.ndarray:
        """(tokens,) booleans: whether the reference model has read about the subject."""
        covered = self.study.covered(seed)
        known = np.array([name in covered for name in self.names])
        return known[self.subjects] & (self.subjects >= 0)


def influences(world: World) -> dict[str, np.ndarray]:
    """Influence of every token on the answers about its own half, for the base and for plain."""
    study, seed = world.study, world.study.profile.seeds[0]
    found = {}
    for name, stage in (("base", study.base()), ("plain", study.run("plain", seed))):
        model = models.load(stage.folder / "model", "float32")
        values = np.zeros(len(world.half), np.float32)
        for half, questions in enumerate(world.questions):
            pairs = [prompt_and_answer(study.loaded_tokenizer, q) for q in questions]
            gradient = answer_gradient(model, pairs)
            values[world.half == half] = influence(
                model, world.documents(half), gradient, study.profile.model.context
            )
        found[name] = values
    return found


def signals(world: World, seed: int) -> dict[str, np.ndarray]:
    """What a weight may read of each token: losses and entropy in nats, and the tagger's chance."""
    study = world.study
    read = {
        "base": losses.load(study.base_losses().folder),
        "reference": losses.load(study.reference_losses(seed, 1.0).folder),
        "entropies": losses.load(study.reference_entropies(seed, 1.0).folder),
        "tags": np.load(study.tags("tagger_window", seed).folder / TAGS),
    }
    return {name: np.asarray(values, np.float32) for name, values in read.items()}


def learnt(world: World, read: Sequence[np.ndarray], worth: np.ndarray) -> np.ndarray:
    """Weights by the predicted influence, each half predicted from the other."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    features, weights = np.stack(read, axis=1), np.ones(len(worth), np.float32)
    for half in (0, 1):
        teach, judge = world.half == 1 - half, world.half == half
        limit = np.quantile(np.abs(worth[teach]), CLIPPED)
        model = HistGradientBoostingRegressor(
            max_iter=150, max_leaf_nodes=15, learning_rate=0.06, min_samples_leaf=200,
            random_state=0,
        )  # fmt: skip
        model.fit(features[teach], np.clip(worth[teach], -limit, limit))
        predicted = model.predict(features[judge])
        weights[judge] = np.where(predicted > np.quantile(predicted, 1 - TOP), DOSE, 1.0)
    return weights


def arms_weights(world: World, seed: int) -> dict[str, np.ndarray]:
    """(tokens,) weights of every arm before training."""
    weights = {}
    for name in ARMS:
        arm = world.study.arm(name)
        scored = world.study.scored(arm, seed)
        chosen = criteria.chosen_documents(scored, arm)
        weights[name] = criteria.weights_at_start(scored, arm, seed, chosen)
    return weights


def learnt_weights(
    world: World, worth: np.ndarray, told: dict[str, np.ndarray]
) -> Iterator[tuple[str, np.ndarray]]:
    """Name and (tokens,) weights of every learnt function; told: as from `signals`."""
    for name, read in LEARNT.items():
        yield f"learnt from {name}", learnt(world, [told[each] for each in read], worth)


def sums(world: World, worth: np.ndarray, weights: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(subjects, 4): sums of weight x influence, weight, influence and tokens of some tokens."""
    columns = (weights * worth, weights, worth, np.ones(len(worth)))
    count = int(world.subjects.max()) + 1
    return np.stack(
        [np.bincount(world.subjects[here], c[here], minlength=count) for c in columns], axis=1
    )


def bought(each: np.ndarray) -> np.ndarray:
    """Influence per unit of weight relative to equal weights; each: (..., 4) as from `sums`."""
    return (each[..., 0] / each[..., 1]) / (each[..., 2] / each[..., 3])


def table(world: World) -> pd.DataFrame:
    """One row per model, weighting and stratum, over all seeds: what a unit of weight buys."""
    rows, rng = [], np.random.default_rng(0)
    known_before = {
        seed: (arms_weights(world, seed), signals(world, seed))
        for seed in world.study.profile.seeds
    }
    for model, worth in influences(world).items():
        found: dict[tuple[str, str], list[np.ndarray]] = {}
        for seed, (of_arms, told) in known_before.items():
            known, asked = world.covered(seed), world.subjects >= 0
            places = {"covered": known, "uncovered": asked & ~known}
            every = chain(of_arms.items(), learnt_weights(world, worth, told))
            for name, weights in every:
                for stratum in STRATA:
                    one = sums(world, worth, weights, places[stratum])
                    found.setdefault((name, stratum), []).append(one)
        for (name, stratum), seeds in found.items():
            each = np.sum(seeds, axis=0)
            drawn = rng.integers(0, len(each), (DRAWS, len(each)))
            low, high = np.quantile(bought(each[drawn].sum(axis=1)), [0.025, 0.975])
            rows.append((model, name, stratum, float(bought(each.sum(axis=0))), low, high))
    columns = ["model", "weights", "stratum", "influence", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    """Measure and print; --write keeps the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--set", dest="changes", action="append", default=[])
    parser.add_argument("--share", type=float, default=1.0, help="of the documents")
    parser.add_argument("--write", action="store_true", help="into results/search")
    options = parser.parse_args()
    profile = development(load_profile(options.profile, ["seeds=[0, 1]", *options.changes]))
    told = table(World.of(Study(profile, "search"), options.share))
    print(told.round(2).to_string(index=False))
    if options.write:
        write_text(TABLE, csv_text(told))


if __name__ == "__main__":
    main()
