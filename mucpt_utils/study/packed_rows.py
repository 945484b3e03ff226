"""An arm's training sequences as files of rows, written one part at a time.

`training.batches.training_sequences` makes the same rows at once, in memory; here a corpus may be
larger than that. Held in memory are `TOGETHER` rows of one array, the documents that they are cut
from, and a few numbers for each document. Weights that are fixed by a comparison of all tokens (a
static ratio, a random choice) are the exception: `Scored.weights` makes them for the whole corpus.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.scoring.loss_ratio import denominator
from mucpt_utils.scoring.losses import document_means
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import (
    NothingToTrainOn,
    TokenStore,
    document_order,
    gather,
    pack,
)
from mucpt_utils.training.batches import attention_segments, opening_of, replay_among

TOGETHER = 4096  # rows held at a time
DOCUMENTS = 4096  # documents whose losses are held at a time, at most
Rows = Callable[[int, int], np.ndarray]  # the rows from one number to another


@dataclass(frozen=True)
class Flow:
    """Documents of a store end to end in a given order, cut into rows of `context` on demand."""

    store: TokenStore
    order: np.ndarray
    context: int

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where each document begins among all tokens, and where the last one ends."""
        lengths = np.diff(self.store.starts)[self.order]
        return np.concatenate([[0], np.cumsum(lengths)])

    def documents(self, first: int, stop: int) -> tuple[slice, int]:
        """Which documents rows `first` to `stop` are from, and how much of the first is before."""
        width = self.context - (self.store.begin is not None)
        begin = int(np.searchsorted(self.offsets, first * width, side="right")) - 1
        end = int(np.searchsorted(self.offsets, stop * width, side="left"))
        return slice(begin, end), int(first * width - self.offsets[begin])

    def lengths(self, documents: slice) -> np.ndarray:
        """Tokens of each of the documents."""
        return np.diff(self.offsets[documents.start : documents.stop + 1])

    def rows(self, first: int, stop: int, values: np.ndarray | None = None) -> np.ndarray:
        """Rows of tokens, or of `values` aligned with the store's tokens; (stop - first, context).

        Raises ValueError if there are too few tokens.
        """
        documents, before = self.documents(first, stop)
        flat = gather(self.store, self.order[documents], values)[before:]
        return pack(flat, self.context, stop - first, opening_of(self.store, values))

    def segments(self, first: int, stop: int) -> np.ndarray:
        """The number of the document that each token of the rows belongs to, for attention."""
        documents, before = self.documents(first, stop)
        lengths = self.lengths(documents)
        lengths[0] -= before
        numbers = attention_segments(self.store, lengths, self.context, stop - first)
        return numbers + np.int32(documents.start)


def write_sequences(
    folder: Path,
    arm: Arm,
    scored: Scored,
    replay: TokenStore,
    *,
    sequences: int,
    context: int,
    replay_share: float,
    seed: int,
    document_attention: bool = False,
) -> None:
    """Write the fields that `training_sequences` gives for the same arguments, as `<field>.npy`.

    Weights may differ in the last digit, since their mean is taken in float64. Raises
    NothingToTrainOn if replay, selection or weights leave nothing of the corpus.
    """
    is_replay = replay_among(sequences, replay_share)
    general = int(is_replay.sum())
    domain = sequences - general
    ours = flow(scored.store, chosen_documents(scored, arm), domain, context, seed)
    theirs = flow(replay, np.arange(len(replay)), general, context, seed + 10_000)

    def write(name: str, kind: np.dtype | type, own: Rows, other: Rows) -> None:
        write_rows(folder / f"{name}.npy", is_replay, context, kind, own, other)

    # 1. tokens, and fixed weights, with mean 1 over what is trained on
    np.save(folder / "scored.npy", ~is_replay)
    write("tokens", scored.store.tokens.dtype, ours.rows, theirs.rows)
    fixed = fixed_weights(scored, arm, seed, ours)
    mean = mean_of(fixed, domain)
    write(
        "weights",
        np.float32,
        lambda first, stop: fixed(first, stop) / mean,
        lambda first, stop: theirs.rows(first, stop) != replay.begin,
    )
    # 2. what dynamic weights are made from in training, and where attention ends
    if arm.tokens is not None and arm.tokens.numerator == "dynamic":
        for name, values in dynamic_losses(scored, arm.tokens).items():
            own = partial(ours.rows, values=values)
            write(name, values.dtype, own, lambda first, stop: np.zeros((stop - first, context)))
    if document_attention:
        write("segments", np.int32, ours.segments, theirs.segments)


def flow(store: TokenStore, documents: np.ndarray, rows: int, context: int, seed: int) -> Flow:
    """Documents in a seed's order, with as many passes over them as fill the rows."""
    if rows == 0:
        return Flow(store, np.zeros(0, np.int64), context)
    lengths = np.diff(store.starts)
    return Flow(store, document_order(documents, lengths, rows * context, seed), context)


def write_rows(
    path: Path, is_replay: np.ndarray, context: int, kind: np.dtype | type, own: Rows, other: Rows
) -> None:
    """Write an array of rows, one part at a time: from `other` for replay, else from `own`.

    is_replay: (rows,) booleans. kind: of the values. Both give their rows in order.
    """
    shape, done = (len(is_replay), context), [0, 0]
    with path.open("wb") as stream:
        descr = np.lib.format.dtype_to_descr(np.dtype(kind))
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for part in parts(len(is_replay), TOGETHER):
            marks = is_replay[part]
            rows = np.empty((len(marks), context), kind)
            for number, (mask, give) in enumerate(((~marks, own), (marks, other))):
                if count := int(mask.sum()):
                    rows[mask] = give(done[number], done[number] + count)
                    done[number] += count
            stream.write(rows.tobytes())


def parts(total: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `total`."""
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))


# --- what the rows are made of --------------------------------------------------------------------


def chosen_documents(scored: Scored, arm: Arm) -> np.ndarray:
    """`Scored.chosen` for the arm, computed on the means of documents if it needs only these."""
    criterion = arm.documents
    if criterion is None or criterion.over == "site":
        return scored.chosen(arm)
    # the means already are those of the denominators, so the criterion must divide by them as they
    # are; without a reference model it has nothing to divide by
    by_loss = {"denominator": "loss"} if criterion.uses_reference else {}
    documents = criterion.model_copy(update=by_loss)
    return by_document(scored, criterion).chosen(arm.model_copy(update={"documents": documents}))


def by_document(scored: Scored, criterion: Criterion) -> Scored:
    """The corpus with each document as one token, with its mean base loss and, as its reference
    loss, the mean of the criterion's denominators; computed `DOCUMENTS` documents at a time."""
    starts, begun = scored.store.starts, scored.store.begin is not None
    base, divided_by = [], []
    for part in parts(len(scored.store), DOCUMENTS):
        edges = starts[part.start : part.stop + 1]
        losses, reference, entropies = within(scored, edges[0], edges[-1]).losses(criterion)
        below = denominator(reference, entropies, criterion)
        base.append(document_means(losses.numpy(), edges - edges[0], begun))
        divided_by.append(document_means(below.numpy(), edges - edges[0], begun))
    ones = np.arange(len(scored.store) + 1)
    first = scored.store.tokens[starts[:-1]]
    store = replace(scored.store, tokens=first, starts=ones, begin=None)  # its one token counts
    ours, theirs = np.concatenate(base), np.concatenate(divided_by)
    return replace(scored, store=store, base=ours, reference=theirs, factors=None)


def within(scored: Scored, first: int, stop: int) -> Scored:
    """The corpus with only the losses of tokens `first` to `stop`."""
    whole = (scored.base, scored.reference, scored.entropies)
    base, reference, entropies = (None if one is None else one[first:stop] for one in whole)
    return replace(scored, base=base, reference=reference, entropies=entropies)


def dynamic_losses(scored: Scored, criterion: Criterion) -> dict[str, np.ndarray]:
    """The losses that a dynamic criterion needs in training, memory-mapped, by field.

    Raises NotScored if one is missing.
    """
    within(scored, 0, 0).losses(criterion)  # raises NotScored
    assert scored.base is not None
    nothing = np.broadcast_to(np.zeros((), scored.base.dtype), scored.base.shape)
    needed = {"reference": nothing if scored.reference is None else scored.reference}
    if criterion.uses_entropy and scored.entropies is not None:
        needed["entropies"] = scored.entropies
    return needed | ({"base": scored.base} if criterion.static_share > 0 else {})


def fixed_weights(scored: Scored, arm: Arm, seed: int, ours: Flow) -> Rows:
    """Rows of the weights that are fixed before training, up to a common factor."""
    static = arm.tokens is not None and arm.tokens.numerator == "static"
    if static or arm.random_tokens is not None or scored.factors is not None:
        return partial(ours.rows, values=scored.weights(arm, seed))

    def of_documents(first: int, stop: int) -> np.ndarray:
        documents, before = ours.documents(first, stop)
        weights = scored.document_weights[ours.order[documents]].astype(np.float32)
        flat = np.repeat(weights, ours.lengths(documents))[before:]
        rows = pack(flat, ours.context, stop - first, opening_of(ours.store, flat))
        return rows * (ours.rows(first, stop) != ours.store.begin)

    return of_documents


def mean_of(rows: Rows, number: int) -> float:
    """The mean of all values in the first `number` rows. Raises NothingToTrainOn if all are 0."""
    total, size = 0.0, 0
    for part in parts(number, TOGETHER):
        values = rows(part.start, part.stop)
        total, size = total + float(values.sum(dtype=np.float64)), size + values.size
    if total == 0:
        raise NothingToTrainOn("no token of the corpus has a weight above 0: nothing to train on")
    return total / size
