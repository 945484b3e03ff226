"""What a run trains on: its budget, which documents, their token weights, replay, the order."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring.loss_ratio import denominator, select, token_weights
from mucpt_utils.scoring.losses import document_means
from mucpt_utils.scoring.tokens import TokenStore, document_order, gather, interleave, pack


def steps_for(settings: TrainSettings, context: int) -> int:
    """Optimiser steps that the token budget allows, at least one."""
    return max(1, settings.tokens // (context * settings.batch_sequences))


@dataclass(frozen=True)
class Sequences(Dataset):
    """Packed training sequences in the order they are trained on.

    tokens: (sequences, context), and aligned with them, or None: weights, fixed token weights;
    reference, losses of the reference model in nats (or what the criterion takes for them); base,
    losses of the base in nats; documents, the number of the document inside its sequence, where
    attention is to stay inside documents. scored: (sequences,) booleans, False for replay, which
    always keeps weight 1.
    """

    tokens: np.ndarray
    weights: np.ndarray | None = None
    reference: np.ndarray | None = None
    scored: np.ndarray | None = None
    base: np.ndarray | None = None
    documents: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        item = {"input_ids": torch.from_numpy(self.tokens[index].astype(np.int64))}
        if self.weights is not None:
            item["weights"] = torch.from_numpy(self.weights[index].astype(np.float32))
        if self.reference is not None:
            item["reference"] = torch.from_numpy(self.reference[index].astype(np.float32))
            item["scored"] = torch.tensor(bool(self.scored is None or self.scored[index]))
        if self.base is not None:
            item["base"] = torch.from_numpy(self.base[index].astype(np.float32))
        if self.documents is not None:
            item["documents"] = torch.from_numpy(self.documents[index].astype(np.int64))
        item["row"] = torch.tensor(index)
        return item


@dataclass(frozen=True)
class Scored:
    """A domain corpus with what is known of each token before training.

    store: the tokens; base, reference: losses in nats aligned with them (None where the arm needs
    no reference); entropy: the reference model's entropies in nats, where a criterion asks for
    them; document_weights: (documents,) from the domain classifier. token_weights: (tokens,) or
    None, a fixed factor of each token, 0 for one that is not to be learnt.
    """

    store: TokenStore
    document_weights: np.ndarray
    base: np.ndarray | None = None
    reference: np.ndarray | None = None
    entropy: np.ndarray | None = None
    token_weights: np.ndarray | None = None

    def denominator(self, criterion: Criterion) -> np.ndarray:
        """What the criterion takes for the reference model's loss, in nats, for every token."""
        if not criterion.uses_entropy:
            return self.reference
        entropy = None if self.entropy is None else torch.from_numpy(np.array(self.entropy))
        values = denominator(torch.from_numpy(np.array(self.reference)), entropy, criterion)
        return values.numpy()


def chosen_documents(arm: Arm, scored: Scored) -> np.ndarray:
    """Indices of the documents the arm trains on."""
    if arm.documents is None:
        return np.arange(len(scored.store))
    losses = (scored.base, scored.denominator(arm.documents))
    means = [document_means(x, scored.store.starts) for x in losses]
    kept = select(*(torch.from_numpy(m) for m in means), arm.documents)
    return np.flatnonzero(kept.numpy())


def static_weights(arm: Arm, scored: Scored, seed: int) -> np.ndarray:
    """Weights of all tokens of the corpus that are fixed before training; mean 1."""
    weights = np.repeat(scored.document_weights, np.diff(scored.store.starts)).astype(np.float32)
    if scored.token_weights is not None:
        weights = weights * scored.token_weights
    if arm.random_tokens is not None:
        kept = np.random.default_rng(seed).random(weights.size) < arm.random_tokens
        weights = weights * kept
    if arm.tokens is not None and arm.tokens.numerator == "static":
        pair = (scored.base, scored.denominator(arm.tokens))
        losses = [torch.from_numpy(np.array(x)) for x in pair]
        counted = torch.from_numpy((weights > 0).astype(np.float32))
        weights = weights * token_weights(*losses, counted, arm.tokens).numpy()
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
    document_attention: bool = False,
) -> Sequences:
    """The arm's token budget in the order it is trained on.

    The same seed gives every arm without document selection the same sequences in the same order,
    so that arms are compared in pairs. Replay is spread evenly and keeps weight 1. Where attention
    is to stay inside documents, their numbers come with the tokens. Raises ValueError
    where replay, selection or weights leave nothing of the corpus to train on.
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
    replayed, replayed_documents = _replay(replay, general, context, seed)
    weights = packed(static_weights(arm, scored, seed))
    unscored = np.zeros_like(replayed, np.float16)
    return Sequences(
        tokens=fill(packed(), replayed),
        weights=fill(_mean_one(weights), np.ones_like(replayed, np.float32)),
        reference=fill(packed(scored.denominator(arm.tokens)), unscored) if dynamic else None,
        scored=~place,
        base=fill(packed(scored.base), unscored)
        if dynamic and arm.tokens.static_share > 0
        else None,
        documents=fill(pack(_numbers(lengths[order]), context, domain), replayed_documents)
        if document_attention
        else None,
    )


def _numbers(lengths: np.ndarray) -> np.ndarray:
    """The number of its document for each token of documents end to end."""
    return np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)


def _replay(
    store: TokenStore, sequences: int, context: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Packed general sequences in an order of their own, and the documents they come from."""
    if sequences == 0:
        empty = np.zeros((0, context), store.tokens.dtype)
        return empty, empty.astype(np.int32)
    lengths = np.diff(store.starts)
    order = document_order(np.arange(len(store)), lengths, sequences * context, seed + 10_000)
    numbers = pack(_numbers(lengths[order]), context, sequences)
    return pack(gather(store, order), context, sequences), numbers
