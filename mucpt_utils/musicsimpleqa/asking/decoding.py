"""Greedy decoding of a batch of prompts, which begin alike and end independently."""

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch

from mucpt_utils.errors import OutsideError
from mucpt_utils.scoring.models import differ_by_rounding
from mucpt_utils.scoring.packages import ModelError

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
    vocabulary = max(model.config.get_text_config().vocab_size, len(tokenizer))
    stops = torch.zeros(vocabulary, dtype=torch.bool)
    # what is no token of the model ends nothing
    stops[[end for end in end_tokens(model, tokenizer) if 0 <= end < vocabulary]] = True
    if stop_at_newline:
        stops[: len(tokenizer)] |= newline_tokens(tokenizer)
    # rows can leave the batch only if the model keeps its past in a cache of separate rows
    follow = greedy if keeps_cache(model) else generate
    tokens = follow(model, encoded, shared, stops.to(model.device), new)
    return tokenizer.batch_decode(tokens, skip_special_tokens=True)


def end_tokens(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """The tokens that end a text, by the settings of the model and by its tokenizer.

    Raises ModelError for settings that name something else than a token's number.
    """
    ends = model.generation_config.eos_token_id
    every = [*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id]
    found = [end for end in every if end is not None]
    odd = [end for end in found if not isinstance(end, int)]
    if odd:
        raise ModelError(
            f"generation_config.json of the model: eos_token_id is {odd[0]!r}; allowed: the number "
            "of a token, or a list of them"
        )
    return found


def newline_tokens(tokenizer: "PreTrainedTokenizerBase") -> torch.Tensor:
    """Which tokens contain a newline: booleans, shape (vocabulary,)."""
    if tokenizer not in _newline_tokens:
        pieces = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
        _newline_tokens[tokenizer] = torch.tensor(["\n" in piece for piece in pieces])
    return _newline_tokens[tokenizer]


def batches_of(
    model: "PreTrainedModel",
    encoded: Sequence[list[int]],
    order: list[int],
    shared: list[int],
    size: int,
) -> list[list[int]]:
    """The positions in `encoded` that are read together, `size` at most, so that each is answered
    as it would be alone.

    order: all positions, by length. shared: tokens that all begin with.
    """
    groups = [order]
    if not ignores_padding(model, [encoded[order[0]], encoded[order[-1]]], shared):
        groups = [list(group) for _, group in groupby(order, lambda i: len(encoded[i]))]
        pair = next((group[:2] for group in groups if len(group) > 1), [])
        if not keeps_cache(model) and mixes_rows(model, [encoded[i] for i in pair]):
            size = 1
    return [group[at : at + size] for group in groups for at in range(0, len(group), size)]


def mixes_rows(model: "PreTrainedModel", rows: list[list[int]]) -> bool:
    """Whether rows of one length, read together, are not continued as each alone: RWKV's are not.

    rows: none, if no two prompts have one length.
    """
    vocabulary = model.config.get_text_config().vocab_size
    never = torch.zeros(vocabulary, dtype=torch.bool, device=model.device)
    alone = [token for row in rows for token in generate(model, [row], [], never, 4)]
    return bool(rows) and generate(model, rows, [], never, 4) != alone


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
    from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids, scores, **kwargs):
            return stops[input_ids[:, -1]]

    ids, mask = left_padded(encoded, model.device)
    causal_lm: Any = model
    # the model's own settings may punish repetitions or suppress tokens, which is not greedy
    own, causal_lm.generation_config = causal_lm.generation_config, GenerationConfig()
    try:
        out = causal_lm.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=new,
            do_sample=False,
            num_beams=1,
            pad_token_id=0,
            stopping_criteria=StoppingCriteriaList([Stop()]),
        )
    finally:
        causal_lm.generation_config = own
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
    ids, mask, cache = begun(model, encoded, shared)
    alive = torch.arange(len(ids), device=model.device)  # rows of `out` that are still growing
    out = torch.zeros(len(ids), new, dtype=torch.long, device=model.device)
    finite = torch.ones((), dtype=torch.bool, device=model.device)
    for step in range(new):
        highest, tokens = next_logits(model, ids, mask, cache).max(-1)
        finite &= torch.isfinite(highest).all()
        out[alive, step] = tokens
        going = ~stops[tokens]
        if not going.any():
            break
        if not going.all():
            alive, tokens = alive[going], tokens[going]
            mask = None if mask is None else mask[going]
            cache.batch_select_indices(going.nonzero().squeeze(1))
        ids = tokens[:, None]
        mask = None if mask is None else torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
    if not finite:  # asked once per batch, since asking waits for a GPU
        raise NotNumbers("the model gives logits that are not numbers")
    return [until_stop(row, stops) for row in out]


def begun(
    model: "PreTrainedModel", encoded: list[list[int]], shared: list[int]
) -> tuple[torch.Tensor, torch.Tensor | None, Any]:
    """What a batch begins with: the ids to read, their mask, and the cache of the shared tokens.

    Rows of one length have no mask, so that they are read as the model reads each alone.
    """
    cache, held = prefix_cache(model, shared, len(encoded))
    ids, mask = left_padded([tokens[len(held) :] for tokens in encoded], model.device)
    if len(set(map(len, encoded))) == 1:
        return ids, None, cache
    return ids, torch.cat([mask.new_ones(len(encoded), len(held)), mask], dim=1), cache


@torch.inference_mode()
def ignores_padding(model: "PreTrainedModel", rows: Sequence[list[int]], shared: list[int]) -> bool:
    """Whether a batch of rows of different lengths is read as each of them is alone.

    Some models count padding in their positions (decoders of BART), distances (MPT) or windows
    (GPT-Neo), others cannot leave it out (RWKV): found by asking the model once. rows: the longest
    and the shortest; shared: tokens that all begin with.
    """
    if not keeps_cache(model):
        return False
    together = next_logits(model, *begun(model, list(rows), shared))
    single = [torch.tensor([row], device=model.device) for row in rows]
    alone = torch.cat([next_logits(model, ids, None, None) for ids in single])
    return differ_by_rounding(together, alone)


def keeps_cache(model: "PreTrainedModel") -> bool:
    """Whether the model keeps its past in a cache of separate rows, which can be repeated."""
    from transformers import DynamicCache
    from transformers.cache_utils import LinearAttentionCacheLayerMixin

    causal_lm: Any = model
    if getattr(model, "_is_stateful", False) or not causal_lm._supports_default_dynamic_cache():
        return False
    layers = DynamicCache(config=model.config).layers
    linear = any(isinstance(layer, LinearAttentionCacheLayerMixin) for layer in layers)
    return "past_key_values" in arguments_of(type(model).forward) and not linear


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
