"""Questions put to a causal language model: prompts, greedy answers, answer log-likelihoods.

Nothing here knows how answers are graded: what a model said stays valid when a rule changes.
"""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import torch
from tqdm import tqdm

from mucpt_utils.errors import MuCPTError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

INSTRUCTION = (
    "Answer the question about music with a name, title, place, number, date or term and nothing "
    "else. If you do not know the answer, say: I don't know."
)
BATCH_SIZE = 32
MAX_NEW_TOKENS = 32
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_newline_tokens: "WeakKeyDictionary[PreTrainedTokenizerBase, torch.Tensor]" = WeakKeyDictionary()


class ShotsError(MuCPTError, ValueError):
    """More examples wanted than there are."""


class LogLikelihood(NamedTuple):
    """Log-probability of an answer in nats: over all its tokens, and the mean of a token."""

    total: float
    mean: float
    tokens: int


def few_shot(questions: Sequence[dict], shots: int) -> list[dict]:
    """The first `shots` questions to show as examples, of one category after another.

    Raises ShotsError for more shots than there are questions.
    """
    if not 0 <= shots <= len(questions):
        raise ShotsError(f"{shots} examples wanted; 0 to {len(questions)} can be given")
    by_category: dict[str | None, list[dict]] = defaultdict(list)
    for question in questions:
        by_category[question.get("category")].append(question)
    rounds = zip_longest(*by_category.values())
    return [question for row in rounds for question in row if question is not None][:shots]


def prompt(question: str, examples: Sequence[Mapping] = ()) -> str:
    """`Question: ...\\nAnswer:`, with answered examples (question dicts) before it."""
    shots = (f"Question: {e['question']}\nAnswer: {e['answer']}\n\n" for e in examples)
    return "".join(shots) + f"Question: {question}\nAnswer:"


def messages(question: str, examples: Sequence[Mapping] = ()) -> list[dict[str, str]]:
    """The same as a chat: the instruction, examples as past turns, then the question."""
    turns = [{"role": "system", "content": INSTRUCTION}]
    for example in examples:
        turns.append({"role": "user", "content": example["question"]})
        turns.append({"role": "assistant", "content": example["answer"]})
    return [*turns, {"role": "user", "content": question}]


def chat_prompt(
    tokenizer: "PreTrainedTokenizerBase", question: str, examples: Sequence[Mapping] = ()
) -> str:
    """`messages` in the tokenizer's chat template, up to where the answer begins.

    Raises ValueError for a tokenizer without one. A template that knows no system role gets the
    instruction at the head of the first user turn.
    """
    if not tokenizer.chat_template:
        raise ValueError("the tokenizer has no chat template; ask without chat")
    turns = messages(question, examples)
    options = {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
    try:
        return tokenizer.apply_chat_template(turns, **options)
    except Exception:  # templates raise errors of jinja2, of whatever kind they choose
        system, first, *rest = turns
        first = {"role": "user", "content": f"{system['content']}\n\n{first['content']}"}
        return tokenizer.apply_chat_template([first, *rest], **options)


def answer_line(text: str, chat: bool = False) -> str:
    """The answer in generated text: up to the first newline, and at nothing else.

    A chat model's answer may stand behind its thoughts and blank lines.
    """
    if chat:
        text = _THOUGHT.sub("", text).strip()
    return text.split("\n", 1)[0].strip()


def answer_questions(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[str],
    batch_size: int = BATCH_SIZE,
    max_new_tokens: int = MAX_NEW_TOKENS,
    *,
    chat: bool = False,
    progress: bool = True,
) -> list[str]:
    """Greedy answers to `prompts`, in their order, each cut at its first newline.

    model: any causal LM; tokenizer: its own (its settings are left as they are). The tokens that
    all prompts begin with (few-shot examples) are read once. Raises ValueError for a prompt that,
    with `max_new_tokens`, is longer than the model's context.
    """
    answers = [""] * len(prompts)
    stream = answer_batches(
        model, tokenizer, prompts, batch_size, max_new_tokens, chat=chat, progress=progress
    )
    for rows, batch in stream:
        for row, answer in zip(rows, batch, strict=True):
            answers[row] = answer
    return answers


def answer_batches(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[str],
    batch_size: int = BATCH_SIZE,
    max_new_tokens: int = MAX_NEW_TOKENS,
    *,
    chat: bool = False,
    progress: bool = True,
) -> Iterator[tuple[list[int], list[str]]]:
    """As answer_questions, batch by batch: (positions in `prompts`, their answers)."""
    if not prompts:
        return
    # a chat template writes the special tokens itself
    encoded = tokenizer(list(prompts), add_special_tokens=not chat)["input_ids"]
    _check_lengths(encoded, prompts, model, max_new_tokens)
    shared = _shared_prefix(encoded)
    # longest first: a batch that does not fit in memory fails at once
    order = sorted(range(len(encoded)), key=lambda i: (-len(encoded[i]), i))
    model.eval()
    with tqdm(total=len(order), desc="answers", unit="answer", disable=not progress) as bar:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = [encoded[i] for i in rows]
            texts = _generate(model, tokenizer, batch, shared, max_new_tokens, chat)
            yield rows, [answer_line(text, chat) for text in texts]
            bar.update(len(rows))


def newline_tokens(tokenizer: "PreTrainedTokenizerBase") -> torch.Tensor:
    """Which tokens hold a newline: booleans, shape (vocabulary,)."""
    if tokenizer not in _newline_tokens:
        pieces = tokenizer.batch_decode([[i] for i in range(len(tokenizer))])
        _newline_tokens[tokenizer] = torch.tensor(["\n" in piece for piece in pieces])
    return _newline_tokens[tokenizer]


def _check_lengths(
    encoded: list[list[int]], prompts: Sequence[str], model: "PreTrainedModel", new: int
) -> None:
    context = getattr(model.config, "max_position_embeddings", None)
    longest = max(range(len(encoded)), key=lambda i: len(encoded[i]))
    if context and len(encoded[longest]) + new > context:
        raise ValueError(
            f"a prompt of {len(encoded[longest])} tokens and an answer of {new} do not fit the "
            f"model's context of {context}; use fewer examples: ...{prompts[longest][-80:]!r}"
        )


def _shared_prefix(encoded: list[list[int]]) -> list[int]:
    """The tokens that every prompt begins with; at least one token of each is left over."""
    low, high = min(encoded), max(encoded)
    limit = min(len(low), len(high), *(len(tokens) for tokens in encoded)) - 1
    same = 0
    while same < limit and low[same] == high[same]:
        same += 1
    return low[:same]


def _generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    encoded: list[list[int]],
    shared: list[int],
    new: int,
    chat: bool,
) -> list[str]:
    """Greedy continuations of one batch as text, special tokens left out."""
    ends = _end_tokens(model, tokenizer)
    stops = torch.zeros(max(model.config.get_text_config().vocab_size, len(tokenizer)), dtype=bool)
    stops[ends] = True
    if not chat:  # a chat model may think aloud before its answer
        stops[: len(tokenizer)] |= newline_tokens(tokenizer)
    decode = greedy if _can_drop_rows(model) else generate
    tokens = decode(model, encoded, shared, stops.to(model.device), new)
    return tokenizer.batch_decode(tokens, skip_special_tokens=True)


def _end_tokens(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return sorted({end for end in (*ends, tokenizer.eos_token_id) if end is not None})


def _can_drop_rows(model: "PreTrainedModel") -> bool:
    """Whether the model keeps its past in a cache of which single rows can be let go."""
    return model._supports_default_dynamic_cache() and not getattr(model, "_is_stateful", False)


def generate(
    model: "PreTrainedModel",
    encoded: list[list[int]],
    shared: list[int],
    stops: torch.Tensor,
    new: int,
) -> list[list[int]]:
    """Greedy continuations by the model's own `generate`: the reference for `greedy`.

    encoded: tokens of each prompt; shared: not used; stops: booleans, shape (vocabulary,), tokens
    that end a row. Returns up to `new` tokens a row, the one that ended it included.
    """
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids, scores, **kwargs):
            return stops[input_ids[:, -1]]

    ids, mask = _left_padded(encoded, model.device)
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=new,
        do_sample=False,
        num_beams=1,
        pad_token_id=0,
        stopping_criteria=StoppingCriteriaList([Stop()]),
    )
    return [_until_stop(row, stops) for row in out[:, ids.shape[1] :]]


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
    from transformers import DynamicCache

    rows = len(encoded)
    cache = DynamicCache(config=model.config)
    if any(cache.is_sliding):  # a sliding window would count the padding behind the shared tokens
        shared = []
    if shared:
        _forward(model, torch.tensor([shared], device=model.device), None, cache)
        cache.batch_repeat_interleave(rows)
    ids, mask = _left_padded([tokens[len(shared) :] for tokens in encoded], model.device)
    mask = torch.cat([mask.new_ones(rows, len(shared)), mask], dim=1)
    alive = torch.arange(rows, device=model.device)
    out = torch.zeros(rows, new, dtype=torch.long, device=model.device)
    for step in range(new):
        tokens = _forward(model, ids, mask, cache).argmax(-1)
        out[alive, step] = tokens
        going = ~stops[tokens]
        if not going.any():
            break
        if not going.all():
            alive, tokens, mask = alive[going], tokens[going], mask[going]
            cache.batch_select_indices(going.nonzero().squeeze(1))
        ids = tokens[:, None]
        mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
    return [_until_stop(row, stops) for row in out]


def _forward(
    model: "PreTrainedModel", ids: torch.Tensor, mask: torch.Tensor | None, cache
) -> torch.Tensor:
    """Logits of the next token, shape (rows, vocabulary); the cache grows by `ids`."""
    inputs = {"input_ids": ids, "past_key_values": cache, "use_cache": True}
    if mask is not None:
        inputs["attention_mask"] = mask
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        inputs["position_ids"] = positions[:, -ids.shape[1] :]
    accepted = _arguments(type(model))
    if "logits_to_keep" in accepted:
        inputs["logits_to_keep"] = 1
    inputs = {name: value for name, value in inputs.items() if name in accepted}
    return model(**inputs).logits[:, -1]


@lru_cache
def _arguments(kind: type) -> frozenset[str]:
    return frozenset(inspect.signature(kind.forward).parameters)


def _left_padded(
    encoded: list[list[int]], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, both (rows, longest), the padding on the left."""
    width = max(map(len, encoded))
    ids = torch.zeros(len(encoded), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, tokens in enumerate(encoded):
        ids[row, width - len(tokens) :] = torch.tensor(tokens)
        mask[row, width - len(tokens) :] = 1
    return ids.to(device), mask.to(device)


def _until_stop(row: torch.Tensor, stops: torch.Tensor) -> list[int]:
    """The tokens of a row up to the first that ends it."""
    found = stops[row].nonzero()
    return row[: int(found[0]) + 1].tolist() if len(found) else row.tolist()


@torch.inference_mode()
def answer_log_likelihoods(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    questions: Sequence[Mapping],
    batch_size: int = BATCH_SIZE,
    *,
    examples: Sequence[Mapping] = (),
    progress: bool = False,
) -> list[LogLikelihood]:
    """Log-likelihood of each question's `answer` behind its prompt, in nats.

    questions: dicts with `question` and `answer`. Scored are the tokens of " answer" as they are
    written behind the prompt; the newline behind them is not.
    """
    pairs = [_prompt_and_answer(tokenizer, q, examples) for q in questions]
    order = sorted(range(len(pairs)), key=lambda i: (-len(pairs[i][0]), i))
    scores: list[LogLikelihood] = [LogLikelihood(0.0, 0.0, 0)] * len(pairs)
    model.eval()
    with tqdm(total=len(order), desc="likelihoods", unit="answer", disable=not progress) as bar:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            for row, score in zip(rows, _score(model, [pairs[i] for i in rows]), strict=True):
                scores[row] = score
            bar.update(len(rows))
    return scores


def _prompt_and_answer(
    tokenizer: "PreTrainedTokenizerBase", question: Mapping, examples: Sequence[Mapping]
) -> tuple[list[int], int]:
    """Tokens of prompt and answer, and how many of them are the prompt's."""
    head = prompt(question["question"], examples)
    whole = tokenizer(f"{head} {question['answer']}")["input_ids"]
    return whole, min(len(tokenizer(head)["input_ids"]), len(whole) - 1)


def _score(model: "PreTrainedModel", pairs: list[tuple[list[int], int]]) -> list[LogLikelihood]:
    width = max(len(tokens) for tokens, _ in pairs)
    # padding on the right is never looked at by the tokens before it
    ids = torch.tensor([t + [0] * (width - len(t)) for t, _ in pairs], device=model.device)
    mask = torch.tensor(
        [[1] * len(t) + [0] * (width - len(t)) for t, _ in pairs], device=model.device
    )
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), ids[:, 1:], reduction="none"
    ).cpu()
    scores = []
    for row, (tokens, start) in enumerate(pairs):
        answer = -losses[row, start - 1 : len(tokens) - 1].double()
        scores.append(LogLikelihood(float(answer.sum()), float(answer.mean()), len(answer)))
    return scores
