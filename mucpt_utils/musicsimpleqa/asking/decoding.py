"""Greedy decoding of a batch of prompts, which begin alike and end independently."""

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch

from mucpt_utils.errors import OutsideError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_newline_tokens: "WeakKeyDictionary[PreTrainedTokenizerBase, torch.Tensor]" = WeakKeyDictionary()


class NotNumbers(OutsideError, RuntimeError):
    """A model whose logits are not numbers, so that it gives no answers."""


def decode(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    encoded: list[list[int]],
    shared: list[int],
    new: int,
    stop_at_newline: bool,
) -> list[str]:
    """Greedy continuations of one batch as text, special tokens left out.

    encoded: tokens of each prompt. shared: tokens that all prompts begin with. new: most tokens of
    a continuation; it ends at the model's end token, and at a newline if `stop_at_newline`.
    """
    ends = model.generation_config.eos_token_id
    every_end = {*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id} - {None}
    vocabulary = max(model.config.get_text_config().vocab_size, len(tokenizer))
    stops = torch.zeros(vocabulary, dtype=torch.bool)
    stops[sorted(every_end)] = True
    if stop_at_newline:
        stops[: len(tokenizer)] |= newline_tokens(tokenizer)
    # rows can leave the batch only if the model keeps its past in a cache of separate rows
    follow = greedy if keeps_cache(model) else generate
    tokens = follow(model, encoded, shared, stops.to(model.device), new)
    return tokenizer.batch_decode(tokens, skip_special_tokens=True)


def newline_tokens(tokenizer: "PreTrainedTokenizerBase") -> torch.Tensor:
    """Which tokens contain a newline: booleans, shape (vocabulary,)."""
    if tokenizer not in _newline_tokens:
        pieces = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
        _newline_tokens[tokenizer] = torch.tensor(["\n" in piece for piece in pieces])
    return _newline_tokens[tokenizer]


def shared_prefix(encoded: list[list[int]]) -> list[int]:
    """The tokens that every prompt begins with, leaving at least one token of each."""
    low, high = min(encoded), max(encoded)  # all others are between these two in order
    limit = min(map(len, encoded)) - 1
    same = 0
    while same < limit and low[same] == high[same]:
        same += 1
    return low[:same]


def generate(
    model: "PreTrainedModel",
    encoded: list[list[int]],
    shared: list[int],
    stops: torch.Tensor,
    new: int,
) -> list[list[int]]:
    """Greedy continuations by the model's own `generate`: the reference for `greedy`.

    encoded: tokens of each prompt; shared: not used; stops: booleans, shape (vocabulary,), tokens
    that end a row. Returns up to `new` tokens per row, including the one that ended it.
    """
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids, scores, **kwargs):
            return stops[input_ids[:, -1]]

    ids, mask = left_padded(encoded, model.device)
    causal_lm: Any = model
    out = causal_lm.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=new,
        do_sample=False,
        num_beams=1,
        pad_token_id=0,
        stopping_criteria=StoppingCriteriaList([Stop()]),
    )
    return [until_stop(row, stops) for row in out[:, ids.shape[1] :]]


@torch.inference_mode()
def greedy(
    model: "PreTrainedModel",
    encoded: list[list[int]],
    shared: list[int],
    stops: torch.Tensor,
    new: int,
) -> list[list[int]]:
    """The same tokens as `generate`, faster: rows leave the batch when they end.

    shared: tokens that all rows begin with; they are read once and their cache is repeated.
    """
    rows = len(encoded)
    cache, shared = prefix_cache(model, shared, rows)
    ids, mask = left_padded([tokens[len(shared) :] for tokens in encoded], model.device)
    mask = torch.cat([mask.new_ones(rows, len(shared)), mask], dim=1)
    alive = torch.arange(rows, device=model.device)  # rows of `out` that are still growing
    out = torch.zeros(rows, new, dtype=torch.long, device=model.device)
    finite = torch.ones((), dtype=torch.bool, device=model.device)
    for step in range(new):
        highest, tokens = next_logits(model, ids, mask, cache).max(-1)
        finite &= torch.isfinite(highest).all()
        out[alive, step] = tokens
        going = ~stops[tokens]
        if not going.any():
            break
        if not going.all():
            alive, tokens, mask = alive[going], tokens[going], mask[going]
            cache.batch_select_indices(going.nonzero().squeeze(1))
        ids = tokens[:, None]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
    if not finite:  # asked once per batch, since asking waits for a GPU
        raise NotNumbers("the model gives logits that are not numbers")
    return [until_stop(row, stops) for row in out]


def keeps_cache(model: "PreTrainedModel") -> bool:
    """Whether the model keeps its past in a cache of separate rows."""
    causal_lm: Any = model
    stateful = getattr(model, "_is_stateful", False)
    return bool(causal_lm._supports_default_dynamic_cache() and not stateful)


def prefix_cache(model: "PreTrainedModel", shared: list[int], rows: int) -> tuple[Any, list[int]]:
    """The cache of `rows` rows that have read the shared tokens, and the tokens in it.

    It is empty if the model has sliding windows, which would count the padding after the shared
    tokens.
    """
    from transformers import DynamicCache

    cache: Any = DynamicCache(config=model.config)
    if not shared or any(cache.is_sliding):
        return cache, []
    next_logits(model, torch.tensor([shared], device=model.device), None, cache)
    cache.batch_repeat_interleave(rows)
    return cache, shared


def next_logits(
    model: "PreTrainedModel", ids: torch.Tensor, mask: torch.Tensor | None, cache: Any
) -> torch.Tensor:
    """Logits of the next token, shape (rows, vocabulary); the cache grows by `ids`."""
    inputs: dict[str, Any] = {"input_ids": ids, "past_key_values": cache, "use_cache": True}
    if mask is not None:
        inputs["attention_mask"] = mask
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        inputs["position_ids"] = positions[:, -ids.shape[1] :]
    accepted = arguments_of(type(model).forward)
    if "logits_to_keep" in accepted:
        inputs["logits_to_keep"] = 1
    inputs = {name: value for name, value in inputs.items() if name in accepted}
    return model(**inputs).logits[:, -1]


@lru_cache
def arguments_of(function: Callable) -> frozenset[str]:
    """Names of the arguments that a function takes."""
    return frozenset(inspect.signature(function).parameters)


def left_padded(
    encoded: list[list[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (rows, longest), with padding on the left."""
    width = max(map(len, encoded))
    ids = torch.zeros(len(encoded), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, tokens in enumerate(encoded):
        ids[row, width - len(tokens) :] = torch.tensor(tokens)
        mask[row, width - len(tokens) :] = 1
    return ids.to(device), mask.to(device)


def until_stop(row: torch.Tensor, stops: torch.Tensor) -> list[int]:
    """The tokens of a row up to and including the first that ends it."""
    ends = stops[row].nonzero()
    return row[: int(ends[0]) + 1].tolist() if len(ends) else row.tolist()
