"""The models that are asked: loaded here from a folder or the Hub, or served by an endpoint."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mucpt_utils.errors import OutsideError
from mucpt_utils.musicsimpleqa import ask
from mucpt_utils.musicsimpleqa.client import Endpoint, ask_all
from mucpt_utils.musicsimpleqa.run import Run

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class ModelError(OutsideError, RuntimeError):
    """A model that cannot be loaded."""


def load_model(name: str, device: str) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """A causal LM and its tokenizer, from a folder or the Hub; no code of theirs is run.

    device: `auto` for a GPU where there is one. Raises ModelError, in one line, for a model that
    is not there or cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model: Any = AutoModelForCausalLM.from_pretrained(
            name, dtype="auto", use_safetensors=True, trust_remote_code=False
        )
        return model.to(device).eval(), tokenizer
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"model {name!r} cannot be loaded: {reason}") from error


def ask_model(
    run: Run,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Sequence[dict],
    *,
    chat: bool,
    max_new_tokens: int,
    batch_size: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a local model to all questions of the run, by id."""
    missing = run.missing()
    if chat:
        prompts = [ask.chat_prompt(tokenizer, q["question"], examples) for q in missing]
    else:
        prompts = [ask.prompt(q["question"], examples) for q in missing]
    batches = ask.answer_batches(
        model, tokenizer, prompts, batch_size, max_new_tokens, chat=chat, progress=progress
    )
    for rows, answers in batches:
        run.add((missing[row]["id"], text) for row, text in zip(rows, answers, strict=True))
    return run.responses


def ask_endpoint(
    run: Run,
    endpoint: Endpoint,
    examples: Sequence[dict],
    *,
    chat: bool,
    max_new_tokens: int,
    concurrency: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a served model to all questions of the run, by id."""
    missing = run.missing()

    def one(index: int) -> str:
        question = missing[index]["question"]
        if chat:
            return endpoint.chat(ask.messages(question, examples), max_new_tokens)
        return endpoint.complete(ask.prompt(question, examples), max_new_tokens)

    for index, text in ask_all(one, len(missing), concurrency, progress):
        run.add([(missing[index]["id"], ask.answer_line(text, chat))])
    return run.responses
