"""What an arm trains on, and in which order: documents, token weights, replay."""

from dataclasses import dataclass

import numpy as np
import torch

from mucpt_utils.arms import Arm
from mucpt_utils.loss_ratio import select, token_weights
from mucpt_utils.losses import document_means
from mucpt_utils.tokens import TokenStore, document_order, gather, interleave, pack
from mucpt_utils.training import Sequences


@dataclass(frozen=True)
class Scored:
    """A domain corpus with what is known of each token before training.

    store: the tokens; base, reference: losses in nats aligned with them (None where the arm needs
    no reference); document_weights: (documents,) from the domain classifier.
    """

    store: TokenStore
    document_weights: np.ndarray
    base: np.ndarray | None = None
    reference: np.ndarray | None = None


def chosen_documents(arm: Arm, scored: Scored) -> np.ndarray:
    """Indices of the documents the arm trains on."""
    if arm.documents is None:
        return np.arange(len(scored.store))
    means = [document_means(x, scored.store.starts) for x in (scored.base, scored.reference)]
    kept = select(*(torch.from_numpy(m) for m in means), arm.documents)
    return np.flatnonzero(kept.numpy())


def static_weights(arm: Arm, scored: Scored, seed: int) -> np.ndarray:
    """Weights of all tokens of the corpus that are fixed before training; mean 1."""
    weights = np.repeat(scored.document_weights, np.diff(scored.store.starts)).astype(np.float32)
    if arm.random_tokens is not None:
        kept = np.random.default_rng(seed).random(weights.size) < arm.random_tokens
        weights = weights * kept
    if arm.tokens is not None and arm.tokens.numerator == "static":
        losses = [torch.from_numpy(np.array(x)) for x in (scored.base, scored.reference)]
        weights = weights * token_weights(*losses, torch.ones(weights.size), arm.tokens).numpy()
    return _mean_one(weights)


def _mean_one(weights: np.ndarray) -> np.ndarray:
    if not weights.any():
        raise ValueError("no token of the corpus has a weight above 0: nothing to train on")
    return weights / weights.mean()


def training_sequences(
    arm: Arm,
    scored: Scored,
    replay: TokenStore,
    *,
    sequences: int,
    context: int,
    replay_share: float,
    seed: int,
) -> Sequences:
    """The arm's token budget in the order it is trained on.

    The same seed gives every arm without document selection the same sequences in the same order,
    so that arms are compared in pairs. Replay is spread evenly and keeps weight 1. Raises
    ValueError where replay, selection or weights leave nothing of the corpus to train on.
    """
    general = round(replay_share * sequences)
    domain = sequences - general
    if domain == 0:
        raise ValueError(f"replay={replay_share} of {sequences} sequences leaves no domain text")
    documents = chosen_documents(arm, scored)
    lengths = np.diff(scored.store.starts)
    order = document_order(documents, lengths, domain * context, seed)
    place = interleave(domain, general)

    def fill(values: np.ndarray, other: np.ndarray) -> np.ndarray:
        rows = np.empty((sequences, context), values.dtype)
        rows[~place], rows[place] = values, other
        return rows

    def packed(values: np.ndarray | None = None) -> np.ndarray:
        return pack(gather(scored.store, order, values), context, domain)

    dynamic = arm.tokens is not None and arm.tokens.numerator == "dynamic"
    replayed = _replay(replay, general, context, seed)
    weights = packed(static_weights(arm, scored, seed))
    return Sequences(
        tokens=fill(packed(), replayed),
        weights=fill(_mean_one(weights), np.ones_like(replayed, np.float32)),
        reference=fill(packed(scored.reference), np.zeros_like(replayed, np.float16))
        if dynamic
        else None,
        scored=~place,
    )


def _replay(store: TokenStore, sequences: int, context: int, seed: int) -> np.ndarray:
    """Packed general sequences, in an order of their own."""
    if sequences == 0:
        return np.zeros((0, context), store.tokens.dtype)
    order = document_order(
        np.arange(len(store)), np.diff(store.starts), sequences * context, seed + 10_000
    )
    return pack(gather(store, order), context, sequences)
