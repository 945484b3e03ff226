"""The scored corpus: the one road from losses to weights.

Everything that chooses documents or weighs tokens before training, and everything that describes
such weights, asks `Scored`; what is weighed during training calls the same `token_weights` on the
same arrays (`training.trainer.batch_weights`). It refuses what a criterion needs and it lacks:
losses, entropies, or the temperature that the criterion asks for.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.io import read_json
from mucpt_utils.scoring.loss_ratio import denominator, select, token_weights
from mucpt_utils.scoring.losses import document_means
from mucpt_utils.scoring.losses import load as load_losses
from mucpt_utils.scoring.tokens import TokenStore


class NotScored(ValueError):
    """A criterion needs what was not scored: losses, entropies, another temperature."""


@dataclass(frozen=True)
class Scored:
    """A domain corpus with what the models say of each token before training.

    store: the tokens. document_weights: (documents,) from the domain classifier. Aligned with the
    tokens, in nats: base, the base's losses; reference and entropies, the RM's losses and the
    entropies of its predictions, both at `temperature`; None where an arm needs none. factors:
    (tokens,) or None, a fixed factor of each token, 0 for one that is not to be learnt.
    """

    store: TokenStore
    document_weights: np.ndarray
    base: np.ndarray | None = None
    reference: np.ndarray | None = None
    entropies: np.ndarray | None = None
    temperature: float | None = None
    factors: np.ndarray | None = None

    @classmethod
    def read(
        cls,
        tokens: Path,
        base: Path | None = None,
        reference: Path | None = None,
        entropies: Path | None = None,
        factors: np.ndarray | None = None,
    ) -> "Scored":
        """The corpus from folders: of its tokens, and of the losses that were computed on them."""
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
        )

    def losses(
        self, criterion: Criterion
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """L_a of the base, the RM's losses and, where the criterion needs them, its entropies.

        Each of shape (tokens,), in nats. Raises NotScored for what is not there.
        """
        if self.base is None or self.reference is None:
            raise NotScored("the corpus was not scored by the base and the reference model")
        if criterion.uses_entropy and self.entropies is None:
            raise NotScored(f"denominator={criterion.denominator} needs the RM's entropies")
        if criterion.temperature not in (None, self.temperature):
            raise NotScored(
                f"the criterion asks for temperature {criterion.temperature:g}, the reference "
                f"losses are of temperature {self.temperature}"
            )
        base, reference = (torch.from_numpy(np.array(x)) for x in (self.base, self.reference))
        if not criterion.uses_entropy:
            return base, reference, None
        return base, reference, torch.from_numpy(np.array(self.entropies))

    def chosen(self, arm: Arm) -> np.ndarray:
        """Indices of the documents that the arm trains on: the ratio of their mean losses."""
        if arm.documents is None:
            return np.arange(len(self.store))
        base, reference, entropies = self.losses(arm.documents)
        divided_by = denominator(reference, entropies, arm.documents)
        means = [
            torch.from_numpy(document_means(values.numpy(), self.store.starts))
            for values in (base, divided_by)
        ]
        return np.flatnonzero(select(means[0], means[1], arm.documents).numpy())

    def weights(self, arm: Arm, seed: int, at_start: bool = False) -> np.ndarray:
        """Weights of all tokens that are fixed before training, mean 1; (tokens,) float32.

        at_start: with those of a dynamic ratio too, as they are while the model still is the base.
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


def mean_one(weights: np.ndarray) -> np.ndarray:
    """Weights divided by their mean. Raises ValueError where all are 0."""
    if not weights.any():
        raise ValueError("no token of the corpus has a weight above 0: nothing to train on")
    return weights / weights.mean()
