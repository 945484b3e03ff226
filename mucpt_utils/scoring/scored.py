"""The scored corpus: the only way from losses to weights.

Whatever chooses documents or weighs tokens before training, and whatever describes
such weights, uses `Scored`; weighting during training calls the same `token_weights` on the
same arrays (`training.trainer.batch_weights`). It raises NotScored if a criterion needs what it
lacks: losses, entropies, or the criterion's temperature.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.scoring.loss_ratio import denominator, select, token_weights
from mucpt_utils.scoring.losses import document_means, document_sums
from mucpt_utils.scoring.losses import load as load_losses
from mucpt_utils.scoring.tokens import NothingToTrainOn, TokenStore, concatenated

TINY = 1e-9


class NotScored(MuCPTError, ValueError):
    """A criterion needs what was not scored: losses, entropies, another temperature."""


@dataclass(frozen=True)
class Scored:
    """A domain corpus with what the models say about each token before training.

    store: the tokens. document_weights: (documents,) from the domain classifier. Aligned with the
    tokens, in nats: base, the base's losses; reference and entropies, the RM's losses and the
    entropies of its predictions, both at `temperature`; None if an arm needs none. factors:
    (tokens,) or None, a fixed factor of each token, 0 for tokens not to be learnt. sites:
    (documents,), the number of each document's site; titles: the same for titles,
    the subject that the metadata names; ratings: (documents,) or None, what `Arm.chosen_by` keeps
    the largest of.
    """

    store: TokenStore
    document_weights: np.ndarray
    base: np.ndarray | None = None
    reference: np.ndarray | None = None
    entropies: np.ndarray | None = None
    temperature: float | None = None
    factors: np.ndarray | None = None
    sites: np.ndarray | None = None
    titles: np.ndarray | None = None
    ratings: np.ndarray | None = None

    @classmethod
    def read(
        cls,
        tokens: Path,
        base: Path | None = None,
        reference: Path | None = None,
        entropies: Path | None = None,
        factors: np.ndarray | None = None,
        ratings: np.ndarray | None = None,
    ) -> "Scored":
        """The corpus read from folders: that of its tokens, and those of losses on them."""
        temperature = None
        if reference is not None:
            temperature = read_json(reference / "temperature.json")["temperature"]
        return cls(
            TokenStore.load(tokens),
            np.load(tokens / "weights.npy"),
            base=None if base is None else load_losses(base),
            reference=None if reference is None else load_losses(reference),
            entropies=None if entropies is None else load_losses(entropies),
            temperature=temperature,
            factors=factors,
            sites=np.load(tokens / "sites.npy"),
            titles=np.load(tokens / "titles.npy"),
            ratings=ratings,
        )

    def losses(
        self, criterion: Criterion
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """L_a of the base, the RM's losses and, if the criterion needs them, its entropies.

        Each of shape (tokens,), in nats. Raises NotScored if one is missing.
        """
        if self.base is None or (self.reference is None and criterion.uses_reference):
            raise NotScored("the corpus was not scored by the base and the reference model")
        if criterion.uses_entropy and self.entropies is None:
            raise NotScored(f"denominator={criterion.denominator} needs the RM's entropies")
        if criterion.temperature not in (None, self.temperature):
            raise NotScored(
                f"the criterion asks for temperature {criterion.temperature:g}, the reference "
                f"losses are of temperature {self.temperature}"
            )
        base = torch.from_numpy(np.array(self.base))
        if self.reference is None:  # there is no denominator
            return base, torch.zeros_like(base), None
        reference = torch.from_numpy(np.array(self.reference))
        if not criterion.uses_entropy:
            return base, reference, None
        return base, reference, torch.from_numpy(np.array(self.entropies))

    def chosen(self, arm: Arm) -> np.ndarray:
        """Indices of the documents that the arm trains on.

        Chosen by the ratio of their mean losses, by that of their sites, or by `ratings`; or all.
        """
        if arm.chosen_by is not None:
            return self._best_rated(arm.keep)
        if arm.documents is None:
            return np.arange(len(self.store))
        base, reference, entropies = self.losses(arm.documents)
        divided_by = denominator(reference, entropies, arm.documents)
        if arm.documents.over == "site":
            ratings = self.site_ratios(base.numpy(), divided_by.numpy(), arm.documents.floor)
            return replace(self, ratings=ratings)._best_rated(arm.documents.keep)
        above, below = (
            torch.from_numpy(
                document_means(values.numpy(), self.store.starts, self.store.begin is not None)
            )
            for values in (base, divided_by)
        )
        return np.flatnonzero(select(above, below, arm.documents).numpy())

    def site_ratios(
        self, base: np.ndarray, divided_by: np.ndarray, floor: float, all_known: bool = False
    ) -> np.ndarray:
        """The ratio of each document's site, (documents,): can it be believed?

        base, divided_by: (tokens,), the two losses of the ratio in nats. If there are factors,
        a token counts by what its factor adds to 1, so that a tagger looks at facts alone.
        all_known: all titles are of the RM's own text, so that it can judge each of them. Raises
        NotScored for documents without sites or titles.
        """
        if self.sites is None or self.titles is None:
            raise NotScored("over: site needs documents that name their sites and titles")
        counts = self.store.learnt * 1.0 if self.factors is None else self.factors - 1.0
        weights = document_sums(counts, self.store.starts)
        means = [document_sums(x * counts, self.store.starts) for x in (base, divided_by)]
        above, below = (mean / np.maximum(weights, TINY) + floor for mean in means)
        # 1. a document's log ratio, relative to that of all documents with its title: what the RM
        # gains on a subject shows that it knows the subject, not that the document is right
        ratios = np.log(above / below)
        by_title = weighted_means(ratios, weights, self.titles)
        centred = ratios - by_title[self.titles]
        # 2. only the half of the titles that the RM knows better: of the others it cannot judge
        known = all_known | (by_title[self.titles] > np.median(by_title))
        # 3. the mean of a site's documents
        return weighted_means(centred, weights * known, self.sites)[self.sites]

    def _best_rated(self, keep: float) -> np.ndarray:
        """Indices of the `keep` share of documents with the best ratings; ties keep the first."""
        if self.ratings is None:
            raise NotScored("the documents were not rated")
        order = np.argsort(-self.ratings, kind="stable")
        return np.sort(order[: max(1, round(keep * len(order)))])

    def joined(self, other: TokenStore) -> "Scored":
        """The corpus followed by further documents, of average weight and without scores.

        Raises NotScored if there are scores, which would not cover the additions.
        """
        if any(x is not None for x in (self.base, self.reference, self.factors, self.ratings)):
            raise NotScored("text can be mixed in only where no score weighs or chooses")
        mean = self.document_weights.mean()  # on average as much as the corpus's own
        weights = np.concatenate([self.document_weights, np.full(len(other), mean)])
        return Scored(concatenated(self.store, other), weights.astype(np.float32))

    def weights(self, arm: Arm, seed: int, at_start: bool = False) -> np.ndarray:
        """Weights of all tokens that are fixed before training, mean 1; (tokens,) float32.

        at_start: including those of a dynamic ratio, as they are while the model still is the base.
        """
        # 1. the classifier's weight of the document, and fixed factors
        lengths = np.diff(self.store.starts)
        weights = np.repeat(self.document_weights, lengths).astype(np.float32)
        weights = weights * self.store.learnt
        if self.factors is not None:
            weights = weights * self.factors
        # 2. a blind choice of tokens
        if arm.random_tokens is not None:
            weights = weights * (
                np.random.default_rng(seed).random(weights.size) < arm.random_tokens
            )
        # 3. the loss ratio, among tokens that have any weight so far
        if arm.tokens is not None and (arm.tokens.numerator == "static" or at_start):
            base, reference, entropies = self.losses(arm.tokens)
            counted = torch.from_numpy((weights > 0).astype(np.float32))
            ratios = token_weights(base, reference, counted, arm.tokens.at(0.0), entropies)
            weights = weights * ratios.numpy()
        return mean_one(weights)


def weighted_means(values: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Weighted mean of each group, indexed by its number; 0 for a group without weight."""
    total = np.bincount(groups, weights=weights)
    return np.bincount(groups, weights=values * weights) / np.maximum(total, TINY)


def mean_one(weights: np.ndarray) -> np.ndarray:
    """Weights divided by their mean. Raises NothingToTrainOn if all are 0."""
    if not weights.any():
        raise NothingToTrainOn("no token of the corpus has a weight above 0: nothing to train on")
    return weights / weights.mean()
