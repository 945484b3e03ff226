"""A tagger of the tokens that carry facts: a linear model on the base's representations.

It learns by distant supervision (Mintz et al. 2009): a token of clean text counts as part of a fact
if it belongs to a value that a table of known facts gives for the text's subject. Nothing about the
subjects under test is read, neither a fact nor a label; whether a statement is true it cannot
tell. No reference model is needed.

Or it learns from the loss ratio itself: on which kind of token has a reference model gained over
the base? This is learnt on the reference model's own text, where it knows what is stated, and
applied to every subject, known or not.

It reads the base's hidden states, which cost a pass over the text, or a window of its input
embeddings, which costs one product per token: next to nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mucpt_utils.scoring.loss_ratio import Criterion, loss_ratio, shape
from mucpt_utils.scoring.losses import read_tokens
from mucpt_utils.scoring.tokens import TokenStore

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedModel

FILE = "tagger.npz"
BEFORE, AFTER = 6, 4  # tokens of the window on both sides: a declared choice
PENALTY = 1e-3  # of the squared weights: a declared choice
ITERATIONS = 100  # of L-BFGS at most; it converges earlier


@dataclass(frozen=True)
class Tagger:
    """The linear model: weights (features,) and offset, for standardised features.

    reads: which features these are, a key of `FEATURES`.
    """

    weights: np.ndarray
    offset: float
    means: np.ndarray
    scales: np.ndarray
    reads: str = "states"

    def save(self, folder: Path) -> None:
        """Write `tagger.npz`."""
        np.savez(
            folder / FILE,
            weights=self.weights,
            offset=self.offset,
            means=self.means,
            scales=self.scales,
            reads=self.reads,
        )

    @classmethod
    def load(cls, folder: Path) -> "Tagger":
        """The tagger that `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            return cls(
                arrays["weights"],
                float(arrays["offset"]),
                arrays["means"],
                arrays["scales"],
                str(arrays["reads"]),
            )

    def chances(self, features: torch.Tensor) -> torch.Tensor:
        """Probability that each token carries a fact, shape (...); features: (..., features)."""
        # one product: the standardisation is folded into weights and offset
        slope = torch.from_numpy(self.weights / self.scales).float().to(features.device)
        offset = self.offset - float((self.weights / self.scales) @ self.means)
        return torch.sigmoid(features.float() @ slope + offset)


def state_features(model: "PreTrainedModel", ids: torch.Tensor) -> torch.Tensor:
    """The last hidden states before each token and at it.

    ids: (batch, length); returns (batch, length - 1, 2 * width), row t of token t + 1.
    """
    hidden = model.base_model(input_ids=ids).last_hidden_state
    return torch.cat([hidden[:, :-1], hidden[:, 1:]], dim=-1)


def window_features(model: "PreTrainedModel", ids: torch.Tensor) -> torch.Tensor:
    """The input embeddings of the tokens around each token and of itself; zeros beyond the text.

    ids: (batch, length); returns (batch, length - 1, (BEFORE + 1 + AFTER) * width), row t of token
    t + 1.
    """
    length = ids.shape[1]
    around = torch.nn.functional.pad(model.get_input_embeddings()(ids), (0, 0, BEFORE, AFTER))
    return torch.cat(
        [around[:, place + 1 : place + length] for place in range(BEFORE + 1 + AFTER)], dim=-1
    )


# the features that a tagger can read
FEATURES: dict[str, Callable[["PreTrainedModel", torch.Tensor], torch.Tensor]] = {
    "states": state_features,
    "window": window_features,
}


def train_tagger(
    model: "PreTrainedModel", store: TokenStore, carries: np.ndarray, reads: str = "states"
) -> Tagger:
    """Fit the tagger: logistic regression by L-BFGS.

    carries: (tokens,) booleans, whether each token of the store carries a fact, or shares from 0 to
    1; reads: a key of `FEATURES`. Documents are read whole, after an end token or the begin token
    that they open with. Raises ValueError if all or no tokens carry facts.
    """
    if carries.min() == 1 or carries.max() == 0:
        raise ValueError("the tagger needs tokens that carry facts, and tokens that do not")
    model.eval()
    with torch.inference_mode():
        rows = [FEATURES[reads](model, ids)[0].float().cpu() for ids in _documents(model, store)]
    features = torch.cat(rows).clone()
    means, scales = features.mean(0), features.std(0).clamp(min=1e-6)
    features = (features - means) / scales
    weights, offset = _logistic(features, torch.from_numpy(carries[store.learnt]).float())
    return Tagger(weights, offset, means.double().numpy(), scales.double().numpy(), reads)


def _documents(model: "PreTrainedModel", store: TokenStore) -> Iterator[torch.Tensor]:
    """Ids of each document after an end token, or its own begin token: (1, length)."""
    opening = np.array([store.tokens[-1]] if store.begin is None else [], np.int64)
    for index in range(len(store)):
        ids = np.concatenate([opening, store.document(index)]).astype(np.int64)
        yield torch.from_numpy(ids)[None].to(model.device)


def _logistic(features: torch.Tensor, target: torch.Tensor) -> tuple[np.ndarray, float]:
    """Weights and offset of a ridge-penalised logistic regression."""
    parameters = torch.zeros(features.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = features @ parameters[:-1] + parameters[-1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        value = value + PENALTY * parameters[:-1].square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    fitted = parameters.detach().double().numpy()
    return fitted[:-1], float(fitted[-1])


def gained(
    store: TokenStore, base: np.ndarray, reference: np.ndarray, criterion: Criterion
) -> np.ndarray:
    """How far the loss ratio calls each token worth learning: f(rho), or 0 if it said so before.

    base, reference: both models' losses on the tokens of the store, in nats. A token that comes
    after the same token as earlier in its document can be copied from there: what a reference model
    gains on it is not knowledge. Returns (tokens,) float32, 0 to 1 as the criterion is clipped.
    """
    ratio = loss_ratio(torch.from_numpy(base), torch.from_numpy(reference), criterion)
    worth = shape(ratio, torch.ones_like(ratio), criterion).numpy()
    for index in range(len(store)):
        said: set[tuple[int, int]] = set()
        begin, ids = store.starts[index], store.document(index).tolist()
        for place, pair in enumerate(pairwise([-1, *ids])):
            if pair in said:
                worth[begin + place] = 0.0
            said.add(pair)
    return worth


def tag(model: "PreTrainedModel", store: TokenStore, context: int, tagger: Tagger) -> np.ndarray:
    """Probability that each token of the store carries a fact: (tokens,) float16, begin tokens 0.

    context: the model's, within which states are read; windows have no such limit.
    """

    def chances(ids: torch.Tensor) -> torch.Tensor:
        return tagger.chances(FEATURES[tagger.reads](model, ids))

    if tagger.reads == "states":
        return read_tokens(model, store, context, chances)
    out = np.zeros(store.tokens.size, np.float16)
    with torch.inference_mode():
        read = [chances(ids)[0].float().cpu().numpy() for ids in _documents(model, store)]
    out[store.learnt] = np.concatenate(read)
    return out


def focus_factors(chances: np.ndarray, dose: float) -> np.ndarray:
    """Factor of each token: 1 where nothing is stated, `dose` where surely a fact is."""
    return 1 + (dose - 1) * chances.astype(np.float32)
