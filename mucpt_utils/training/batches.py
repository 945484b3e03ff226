"""What a run trains on: its budget, documents, token weights, replay and their order."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring.scored import Scored, mean_one
from mucpt_utils.scoring.tokens import (
    NothingToTrainOn,
    TokenStore,
    document_order,
    gather,
    interleave,
    pack,
)


def steps_for(settings: TrainSettings, context: int) -> int:
    """Optimiser steps that the token budget allows, at least one."""
    return max(1, settings.tokens // (context * settings.batch_sequences))


@dataclass(frozen=True)
class Sequences(Dataset):
    """Packed training sequences in the order they are trained on.

    tokens: (sequences, context), and aligned with them, or None: weights, fixed token weights;
    reference and entropies, the reference model's losses and entropies in nats; base, losses of
    the base in nats; segments, numbers that are equal where tokens may see each other, if
    attention must stay inside documents. scored: (sequences,) booleans, False for replay, which
    always keeps weight 1.
    """

    tokens: np.ndarray
    weights: np.ndarray | None = None
    reference: np.ndarray | None = None
    entropies: np.ndarray | None = None
    scored: np.ndarray | None = None
    base: np.ndarray | None = None
    segments: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        item = {"input_ids": torch.from_numpy(self.tokens[index].astype(np.int64))}
        if self.weights is not None:
            item["weights"] = torch.from_numpy(self.weights[index].astype(np.float32))
        if self.reference is not None:
            item["reference"] = torch.from_numpy(self.reference[index].astype(np.float32))
            item["scored"] = torch.tensor(bool(self.scored is None or self.scored[index]))
        for name in ("base", "entropies"):
            values = getattr(self, name)
            if values is not None:
                item[name] = torch.from_numpy(values[index].astype(np.float32))
        if self.segments is not None:
            item["segments"] = torch.from_numpy(self.segments[index].astype(np.int64))
        item["row"] = torch.tensor(index)
        return item


def replay_among(sequences: int, replay_share: float) -> np.ndarray:
    """Which sequences are replay, spread evenly: (sequences,) booleans.

    Raises NothingToTrainOn if the share leaves nothing of the corpus.
    """
    general = round(replay_share * sequences)
    if general == sequences:
        raise NothingToTrainOn(
            f"replay={replay_share} of {sequences} sequences leaves no domain text"
        )
    return interleave(sequences - general, general)


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
    so that arms can be compared in pairs. Replay is spread evenly and keeps weight 1. If attention
    must stay inside documents, their numbers come with the tokens. Raises NothingToTrainOn
    if replay, selection or weights leave nothing of the corpus to train on.
    """
    # 1. how many sequences are of the domain, and where replay is among them
    is_replay = replay_among(sequences, replay_share)
    general = int(is_replay.sum())
    domain = sequences - general

    # 2. documents end to end, in the seed's order, cut into rows of context length
    lengths = np.diff(scored.store.starts)
    order = document_order(scored.chosen(arm), lengths, domain * context, seed)
    replayed, replayed_segments = _replay(replay, general, context, seed)

    def packed(values: np.ndarray | None = None) -> np.ndarray:
        opening = opening_of(scored.store, values)
        return pack(gather(scored.store, order, values), context, domain, opening)

    def fill(values: np.ndarray, other: np.ndarray) -> np.ndarray:
        rows = np.empty((sequences, context), values.dtype)
        rows[~is_replay], rows[is_replay] = values, other
        return rows

    # 3. fixed weights, with mean 1 over what is trained on; replay keeps weight 1
    weights = mean_one(packed(scored.weights(arm, seed)))
    arrays = {"weights": fill(weights, (replayed != replay.begin).astype(np.float32))}

    # 4. what dynamic weights are made from in training
    if arm.tokens is not None and arm.tokens.numerator == "dynamic":
        base, reference, entropies = scored.losses(arm.tokens)
        needed = {"reference": reference, "entropies": entropies}
        if arm.tokens.static_share > 0:
            needed["base"] = base
        for name, values in needed.items():
            if values is not None:
                arrays[name] = fill(packed(values.numpy()), np.zeros_like(replayed, np.float16))
    if document_attention:
        arrays["segments"] = fill(
            attention_segments(scored.store, lengths[order], context, domain), replayed_segments
        )
    return Sequences(tokens=fill(packed(), replayed), scored=~is_replay, **arrays)


def opening_of(store: TokenStore, values: np.ndarray | None = None) -> float | None:
    """What comes at the head of a row of a store's tokens, or of values aligned with them."""
    if store.begin is None:
        return None
    return store.begin if values is None else 0


def attention_segments(
    store: TokenStore, lengths: np.ndarray, context: int, sequences: int
) -> np.ndarray:
    """The number of the document that each token of packed rows belongs to, for attention.

    lengths: of the documents in packing order. Without a begin token, the end token before a
    document counts as its first, as in `losses.score`: what follows it is predicted there.
    """
    numbers = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    rows = pack(numbers, context, sequences, opening_of(store, numbers))
    if store.begin is None:
        return np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    rows[:, 0] = rows[:, 1]  # the tokens that follow may see the one at the head of the row
    return rows


def _replay(
    store: TokenStore, sequences: int, context: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Packed general sequences in their own order, and their attention segments."""
    if sequences == 0:
        empty = np.zeros((0, context), store.tokens.dtype)
        return empty, empty.astype(np.int32)
    lengths = np.diff(store.starts)
    order = document_order(np.arange(len(store)), lengths, sequences * context, seed + 10_000)
    tokens = pack(gather(store, order), context, sequences, opening_of(store))
    return tokens, attention_segments(store, lengths[order], context, sequences)
