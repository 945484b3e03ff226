"""Losses of every token of a corpus under one model, computed once and kept on disk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch.utils.checkpoint import checkpoint

from mucpt_utils.errors import MuCPTError
from mucpt_utils.scoring.tokens import TokenStore

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedModel

BATCH_TOKENS = 8192
LOGITS = 2**28  # the most logits held at a time: 1 GiB as float32
CHUNK = 2**26  # logits per chunk if they have to be split
LEAST_CONTEXT = 2  # windows overlap by half


class ContextError(MuCPTError, ValueError):
    """A context that is longer than the model's positions."""


def token_losses(logits: torch.Tensor, tokens: torch.Tensor, temperature: float = 1.0):
    """Cross-entropy of each next token in nats.

    logits: (batch, length, vocabulary); tokens: (batch, length). Returns (batch, length - 1), where
    column t is the loss of token t + 1. The logits are divided by `temperature` first.
    """
    scaled = logits.float() if temperature == 1 else logits.float() / temperature
    # the last position predicts nothing; it is dropped at the end, because a slice of the logits
    # would be copied, and classes in any dimension but the last cost three times as much
    targets = torch.nn.functional.pad(tokens[:, 1:].long(), (0, 1))
    losses = torch.nn.functional.cross_entropy(
        scaled.flatten(0, 1), targets.flatten(), reduction="none"
    )
    return losses.view(targets.shape)[:, :-1]


def token_entropies(logits: torch.Tensor, tokens: torch.Tensor, temperature: float = 1.0):
    """Entropy in nats of the distribution that each next token is drawn from, shaped like
    `token_losses`: the loss that a calibrated model expects there."""
    chances = torch.log_softmax(logits[:, :-1].float() / temperature, dim=-1)
    return -(chances.exp() * chances).sum(-1)


@contextmanager
def hidden_states(model: "PreTrainedModel") -> Iterator[Callable[[torch.Tensor], torch.Tensor]]:
    """In this context, the model's `logits` are the last hidden states; yields what applies the
    skipped head to them afterwards.

    The model is still called as a whole, so that hooks of wrappers around it are kept. The head is
    applied in the precision that it would have had there: a model that Trainer trains in bfloat16
    chooses it inside its own call, and gives float32.
    """
    head = model.get_output_embeddings()
    precision: dict[str, Any] = {}

    def skipped(hidden: torch.Tensor) -> torch.Tensor:
        kind = hidden.device.type
        precision.update(dtype=torch.get_autocast_dtype(kind))
        precision.update(enabled=torch.is_autocast_enabled(kind))
        return hidden

    def applied(hidden: torch.Tensor) -> torch.Tensor:
        with torch.autocast(hidden.device.type, **precision):
            return head(hidden)

    wrapped = vars(head).get("forward")  # what a library of hooks put in the method's place
    head.forward = skipped  # type: ignore[method-assign]
    try:
        yield applied
    finally:
        del head.forward  # which hid the class's own method
        if wrapped is not None:
            head.forward = wrapped  # type: ignore[method-assign]


def vocabulary_size(model: "PreTrainedModel") -> int:
    """The number of tokens among which a model predicts, padding included; 0 if it has no config.

    A model of text and images keeps that number in the config of its text part.
    """
    config = getattr(model, "config", None)
    return 0 if config is None else config.get_text_config().vocab_size


PLAIN_HEADS: WeakKeyDictionary = WeakKeyDictionary()


def has_plain_head(model: "PreTrainedModel") -> bool:
    """Whether the logits are the head's output, with nothing done to them afterwards.

    Gemma 2 caps and Cohere scales its logits: found by asking the model once.
    """
    if model not in PLAIN_HEADS:
        ids = torch.arange(4, device=next(model.parameters()).device)[None]
        training = model.training
        model.eval()  # dropout would make the two outputs differ
        with torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
            logits = model(input_ids=ids).logits.float()
            with hidden_states(model) as head:
                hidden = model(input_ids=ids).logits
            ours = head(hidden).float()
            PLAIN_HEADS[model] = bool(
                logits.shape[-1] == ours.shape[-1]
                and torch.allclose(logits, ours, rtol=1e-3, atol=1e-3)
            )
        model.train(training)
    return PLAIN_HEADS[model]


def measured(
    model: "PreTrainedModel",
    ids: torch.Tensor,
    measure: Callable[..., torch.Tensor] = token_losses,
    temperature: float = 1.0,
    **inputs: object,
) -> torch.Tensor:
    """`measure` of a model's predictions: (batch, length - 1), differentiable.

    ids: (batch, length); inputs: further arguments of the model. With a large vocabulary the
    logits would take most of the memory, in several copies: above `LOGITS` the head is applied
    to chunks of positions, which are computed again for the gradient.
    """
    # a model that several processes train is inside a wrapper, which must be called itself
    vocabulary = vocabulary_size(model)
    if ids.numel() * vocabulary <= LOGITS or not has_plain_head(model):
        return measure(model(input_ids=ids, **inputs).logits, ids, temperature)
    with hidden_states(model) as head:
        hidden = model(input_ids=ids, **inputs).logits
    step = max(1, CHUNK // (len(ids) * vocabulary))

    def of(part: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return measure(head(part), tokens, temperature)

    # a chunk ends at the position of its last loss
    pieces = [
        checkpoint(of, hidden[:, t : t + step + 1], ids[:, t : t + step + 1], use_reentrant=False)
        for t in range(0, ids.shape[1] - 1, step)
    ]
    return torch.cat(pieces, dim=1)


def score(
    model: "PreTrainedModel",
    store: TokenStore,
    context: int,
    temperature: float = 1.0,
    report: Callable[[float], None] = lambda tokens: None,
    measure: Callable[..., torch.Tensor] = token_losses,
) -> np.ndarray:
    """Loss of every token of the store, aligned with `store.tokens`, as float16 nats.

    measure: `token_losses`, or `token_entropies` for the entropy at each token's position. How
    documents are read, `read_tokens` says.
    """

    def of(ids: torch.Tensor) -> torch.Tensor:
        return measured(model, ids, measure, temperature)

    return read_tokens(model, store, context, of, report)


def read_tokens(
    model: "PreTrainedModel",
    store: TokenStore,
    context: int,
    of: Callable[[torch.Tensor], torch.Tensor],
    report: Callable[[float], None] = lambda tokens: None,
) -> np.ndarray:
    """A number for every token of the store, aligned with `store.tokens`, as float16.

    of: from ids (batch, length) to numbers (batch, length - 1), column t that of token t + 1.

    Each document is read from its own start, after an end token as in training, or after the
    begin token of a model that has one; a begin token itself has 0. A document longer than
    `context` is read in windows that overlap by half, so that no token lacks its left context.
    Raises ContextError for a context that is longer than the model allows, or has no half.
    """
    context = window(model, context)
    out = np.zeros(store.tokens.size, np.float16)
    begins = set(store.starts.tolist())
    end = int(store.tokens[-1]) if store.tokens.size else 0  # every document ends with it
    device = next(model.parameters()).device
    model.eval()
    with torch.inference_mode():
        batch_tokens = min(BATCH_TOKENS, LOGITS // vocabulary_size(model))
        for batch in _batches(list(_windows(store, context)), batch_tokens):
            width = max(stop - start for start, stop, _ in batch) + 1
            tokens = np.zeros((len(batch), width), np.int64)
            for row, (start, stop, _) in enumerate(batch):
                tokens[row, 1 : stop - start + 1] = store.tokens[start:stop]
                if store.begin is not None:  # every window needs it, not only the first
                    tokens[row, 0] = store.begin
                else:
                    tokens[row, 0] = end if start in begins else store.tokens[start - 1]
            numbers = of(torch.from_numpy(tokens).to(device)).float().cpu().numpy()
            for row, (start, stop, fresh) in enumerate(batch):
                out[fresh:stop] = numbers[row, fresh - start : stop - start]
            report(float(sum(stop - fresh for _, stop, fresh in batch)))
    return out


def window(model: "PreTrainedModel", context: int) -> int:
    """Tokens that are read at a time: the context, or one fewer if the token in front of
    them would need a position that the model does not have. Raises ContextError."""
    text = model.config.get_text_config()
    positions = getattr(text, "max_position_embeddings", None) or context + 1
    if context > positions or min(context, positions - 1) < LEAST_CONTEXT:
        raise ContextError(
            f"model.context={context}: {text.model_type} as loaded has {positions} positions; "
            f"allowed: {LEAST_CONTEXT} to {positions}, with a position for the token before them"
        )
    return min(context, positions - 1)


def _windows(store: TokenStore, context: int) -> Iterator[tuple[int, int, int]]:
    """(start, stop, first token to keep) of each window to score."""
    step = context // 2
    first = 0 if store.begin is None else 1  # a begin token opens the window and is not scored
    for begin, end in zip(store.starts[:-1], store.starts[1:], strict=True):
        start = fresh = int(begin) + first
        while fresh < end:
            stop = min(start + context, int(end))
            yield start, stop, fresh
            start, fresh = start + step, stop


def _batches(windows: list[tuple[int, int, int]], batch_tokens: int) -> Iterator[list]:
    """Batches of windows of similar length, with about `batch_tokens` tokens each."""
    batch: list[tuple[int, int, int]] = []
    for window in sorted(windows, key=lambda w: (w[1] - w[0], w[0])):
        batch.append(window)
        if len(batch) * (window[1] - window[0] + 1) >= batch_tokens:
            yield batch
            batch = []
    if batch:
        yield batch


def save(folder: Path, losses: np.ndarray) -> None:
    """Write losses as one array."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "losses.npy", losses)


def load(folder: Path) -> np.ndarray:
    """Open saved losses without reading them into memory."""
    return np.load(folder / "losses.npy", mmap_mode="r", allow_pickle=False)


def document_means(values: np.ndarray, starts: np.ndarray, begun: bool = False) -> np.ndarray:
    """Mean of each document's values, such as its losses in nats per token; shape (documents,).

    begun: every document opens with a begin token, which nothing predicts and which does not count.
    """
    sums, counts = document_sums(values, starts), np.diff(starts)
    if not begun:
        return sums / counts
    return (sums - np.asarray(values[starts[:-1]], np.float64)) / (counts - 1)


def document_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sum over each document's tokens; shape (documents,)."""
    return np.add.reduceat(np.asarray(values, np.float64), starts[:-1])


def calibrate(
    model: "PreTrainedModel", store: TokenStore, context: int, temperatures: list[float]
) -> dict[float, float]:
    """Mean loss of a store, in nats per token that counts (`TokenStore.learnt`), by temperature;
    the calibrated one has the least.

    The store must be text about facts that neither the model nor the test has seen; otherwise the
    model would seem to deserve its confidence (temperature scaling, arXiv 1706.04599).
    """
    learnt = store.learnt
    return {
        t: float(score(model, store, context, t).mean(dtype=np.float64, where=learnt))
        for t in temperatures
    }
