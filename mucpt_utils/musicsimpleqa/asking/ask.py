"""Questions put to a causal language model: prompts, greedy answers, answer log-likelihoods.

Nothing here depends on how answers are graded: what a model said stays valid when a rule changes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from tqdm import tqdm

from mucpt_utils.errors import MuCPTError
from mucpt_utils.musicsimpleqa.asking.decoding import (
    batches_of,
    decode,
    keeps_cache,
    prefix_cache,
    shared_prefix,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

INSTRUCTION = (
    "Answer the question about music with a name, title, place, number, date or term and nothing "
    "else. If you do not know the answer, say: I don't know."
)
BATCH_SIZE = 32
MAX_NEW_TOKENS = 32
CHAT_TOKENS = 256  # of an answer: a chat model may write its thoughts first


class AskingError(MuCPTError, ValueError):
    """Questions that cannot be put to a model: too long, or with more examples than there are."""


class LogLikelihood(NamedTuple):
    """Log-probability of an answer in nats: over all its tokens, and the mean per token."""

    total: float
    mean: float
    tokens: int


# --- prompts --------------------------------------------------------------------------------------


def few_shot(questions: Sequence[dict], shots: int) -> list[dict]:
    """The first `shots` questions to show as examples, taken from the categories in turn.

    Raises AskingError for more shots than there are questions.
    """
    if not 0 <= shots <= len(questions):
        raise AskingError(f"{shots} examples wanted; 0 to {len(questions)} can be given")
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

    Raises AskingError for a tokenizer without a template, or with one that fails or leaves out the
    question or an example. A template that refuses a system role gets the instruction at the head
    of the first user turn; one that ignores it goes without, as it does on a server.
    """
    if not tokenizer.chat_template:
        raise AskingError("the tokenizer has no chat template; ask without chat")
    turns = messages(question, examples)
    options: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True}
    options["enable_thinking"] = False
    try:
        text = str(tokenizer.apply_chat_template(turns, **options))
    except Exception:  # templates raise jinja2's errors, or any that they choose
        system, first, *rest = turns
        first = {"role": "user", "content": f"{system['content']}\n\n{first['content']}"}
        try:
            text = str(tokenizer.apply_chat_template([first, *rest], **options))
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise AskingError(f"the tokenizer's chat template fails: {reason}") from None
    said = only_words(text)
    if only_words(question) not in said:
        raise AskingError("the tokenizer's chat template leaves out the question")
    if any(only_words(example["question"]) not in said for example in examples):
        raise AskingError("the tokenizer's chat template leaves out examples; use --shots 0")
    return text


def only_words(text: str) -> str:
    """The letters and digits of a text, which escaping does not change."""
    return "".join(filter(str.isalnum, text))


def default_tokens(chat: bool) -> int:
    """The length of the longest answer where none is given."""
    return CHAT_TOKENS if chat else MAX_NEW_TOKENS


# --- answers --------------------------------------------------------------------------------------


def answer_line(text: str, chat: bool = False) -> str:
    """The response in generated text.

    After `prompt`, whose examples end with their line, that is its first line; of a chat, all is
    kept, thoughts and markup too: `replies.own_words` finds the answer when it is graded.
    """
    return text.strip() if chat else text.split("\n", 1)[0].strip()


def prompt_tokens(
    tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str], chat: bool = False
) -> list[list[int]]:
    """Tokens of prompts to be continued, including special tokens before the text.

    chat: the prompts are from a chat template, which writes the special tokens itself. An end token
    or separator that a tokenizer puts after every text would tell the model that it is over; they
    are left out.
    """
    encoded: Any = tokenizer(list(prompts), add_special_tokens=not chat)["input_ids"]
    if chat:
        return encoded
    # a word that the tokenizer does not know belongs to the text
    closing = {*tokenizer.all_special_ids} - {tokenizer.unk_token_id} | {tokenizer.eos_token_id}
    for tokens in encoded:
        while len(tokens) > 1 and tokens[-1] in closing:
            tokens.pop()
    return encoded


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
    """Greedy answers to `prompts`, in their order, as `answer_line` returns them.

    model: any causal LM; tokenizer: its own (its settings are left as they are). The tokens that
    all prompts begin with (few-shot examples) are read once. Raises AskingError for a prompt that,
    with `max_new_tokens`, is longer than the model's context.
    """
    answers = [""] * len(prompts)
    batches = answer_batches(
        model, tokenizer, prompts, batch_size, max_new_tokens, chat=chat, progress=progress
    )
    for rows, batch in batches:
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
    advice: str = "use fewer examples",
) -> Iterator[tuple[list[int], list[str]]]:
    """Like answer_questions, but batch by batch: (positions in `prompts`, their answers).

    advice: what the error for prompts that are too long says to do.
    """
    if not prompts:
        return
    encoded = prompt_tokens(tokenizer, prompts, chat)
    check_tokens(model, encoded)
    # longest first, so that a batch that does not fit in memory fails at once
    order = sorted(range(len(encoded)), key=lambda i: (-len(encoded[i]), i))
    longest = len(encoded[order[0]])
    # a model of text and images keeps it with its text part
    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if context and longest + max_new_tokens > context:
        raise AskingError(
            f"a prompt of {longest} tokens and an answer of {max_new_tokens} do not fit the "
            f"model's context of {context}; {advice}: ...{prompts[order[0]][-80:]!r}"
        )
    shared = shared_prefix(encoded)
    model.eval()
    with tqdm(total=len(order), desc="answers", unit="answer", disable=not progress) as bar:
        for rows in batches_of(model, encoded, order, shared, batch_size):
            batch = [encoded[i] for i in rows]
            # a chat model may write its thoughts before its answer
            texts = decode(
                model, tokenizer, batch, shared, max_new_tokens, stop_at_newline=not chat
            )
            yield rows, [answer_line(text, chat) for text in texts]
            bar.update(len(rows))


def check_tokens(model: "PreTrainedModel", encoded: Sequence[Sequence[int]]) -> None:
    """Raises AskingError for a prompt without tokens, or with one that the model does not have."""
    if not all(encoded):
        raise AskingError("a prompt has no tokens: the chat template or the tokenizer drops it")
    highest, vocabulary = max(map(max, encoded)), model.config.get_text_config().vocab_size
    if highest >= vocabulary:
        raise AskingError(
            f"the tokenizer is not the model's: its token {highest} is none of the model's "
            f"{vocabulary}"
        )


# --- log-likelihoods ------------------------------------------------------------------------------


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
    """Log-likelihood of each question's `answer` after its prompt, in nats.

    questions: dicts with `question` and `answer`. The tokens of " answer" are scored as they are
    written after the prompt, without the newline after them. The tokens of examples are read once
    per batch.
    """
    pairs = [prompt_and_answer(tokenizer, question, examples) for question in questions]
    order = sorted(range(len(pairs)), key=lambda i: (-len(pairs[i][0]), i))
    scores: list[LogLikelihood] = [LogLikelihood(0.0, 0.0, 0)] * len(pairs)
    shared = []
    if examples and pairs and keeps_cache(model):
        shared = shared_prefix([tokens[:start] for tokens, start in pairs])
    model.eval()
    with tqdm(total=len(order), desc="likelihoods", unit="answer", disable=not progress) as bar:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = score_answers(model, [pairs[i] for i in rows], shared)
            for row, score in zip(rows, batch, strict=True):
                scores[row] = score
            bar.update(len(rows))
    return scores


def prompt_and_answer(
    tokenizer: "PreTrainedTokenizerBase", question: Mapping, examples: Sequence[Mapping] = ()
) -> tuple[list[int], int]:
    """The tokens of prompt and answer, and how many of them are the prompt's."""
    head = prompt(question["question"], examples)
    whole, before = prompt_tokens(tokenizer, [f"{head} {question['answer']}", head])
    return whole, min(len(before), len(whole) - 1)


def score_answers(
    model: "PreTrainedModel",
    pairs: Sequence[tuple[list[int], int]],
    shared: Sequence[int] = (),
) -> list[LogLikelihood]:
    """Log-likelihoods of one batch; pairs: (tokens, how many of them are the prompt's).

    shared: tokens that all prompts begin with, fewer than the shortest prompt has.
    """
    past: dict[str, Any] = {}
    if shared:
        cache, held = prefix_cache(model, list(shared), len(pairs))
        past = {"past_key_values": cache, "use_cache": True} if held else {}
        pairs = [(tokens[len(held) :], start - len(held)) for tokens, start in pairs]
    width = max(len(tokens) for tokens, _ in pairs)
    # padding on the right is never seen by the tokens before it
    padded = [tokens + [0] * (width - len(tokens)) for tokens, _ in pairs]
    masked = [[1] * len(tokens) + [0] * (width - len(tokens)) for tokens, _ in pairs]
    ids = torch.tensor(padded, device=model.device)
    mask = torch.tensor(masked, device=model.device)
    if past:
        mask = torch.cat([mask.new_ones(len(pairs), len(held)), mask], dim=1)
    logits = model(input_ids=ids, attention_mask=mask, **past).logits[:, :-1].float()
    # the loss at position t is that of token t + 1
    losses = torch.nn.functional.cross_entropy(
        logits.transpose(1, 2), ids[:, 1:], reduction="none"
    ).cpu()
    scores = []
    for row, (tokens, start) in enumerate(pairs):
        answer = -losses[row, start - 1 : len(tokens) - 1].double()
        scores.append(LogLikelihood(float(answer.sum()), float(answer.mean()), len(answer)))
    return scores
