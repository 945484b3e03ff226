"""The models that are asked: loaded here from a folder or the Hub, or served by an endpoint."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mucpt_utils.config.packages import PREFIX, load_packages
from mucpt_utils.errors import MEANT, MuCPTError, nearest
from mucpt_utils.io import digest
from mucpt_utils.musicsimpleqa.asking import ask
from mucpt_utils.musicsimpleqa.asking.client import Endpoint, Response, ask_all
from mucpt_utils.musicsimpleqa.asking.run import Run
from mucpt_utils.scoring import models, packages
from mucpt_utils.scoring.packages import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


SHORTER = "ask for shorter answers (--max-new-tokens) or leave the question out"
PROBE = "Question: Who composed The Magic Flute?\nAnswer:"
# files of a model's folder that its answers depend on besides the weights
TOKENIZER_FILES = (
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*"),
    *("merges.txt", "*.model", "tekken.json"),
)
CONFIG_FILES = ("config.json", "generation_config.json")


class DeviceError(MuCPTError, ValueError):
    """A device that does not exist or cannot be used."""


def load_model(
    name: str, device: str, dtype: str = "auto"
) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """A causal LM with finite outputs, and its tokenizer, loaded without running their code.

    name: as for `scoring.models.load`. device: `auto` for a GPU if there is one. dtype: of the
    weights, `auto` for that of the files. Raises ModelError, in one line, for a model that is not
    there, cannot be loaded whole, or has weights or logits that are not finite; DeviceError.
    """
    if device != "auto":
        check_device(device)
    with hinting(name):
        tokenizer = models.load_tokenizer(name, needs_end=False)
    model = models.load(name, dtype, None if device == "auto" else device).eval()
    with answering(name):
        check_numbers(name, model, tokenizer)
    return model, tokenizer


@contextmanager
def hinting(name: str) -> Iterator[None]:
    """If a name does not exist but is like a package's, makes the error say which was meant."""
    try:
        yield
    except ModelError as error:
        meant = "" if "/" in name else nearest(name.rpartition(":")[2].lower(), load_packages())
        if not meant or Path(packages.expanded(name)).exists():
            raise
        raise ModelError(f"{error}; {MEANT} '{PREFIX}{meant}'?") from error


def check_device(device: str) -> None:
    """Raises DeviceError for a device that cannot be used."""
    import torch

    try:
        torch.empty(0, device=device)
    except Exception as error:  # torch raises errors of many kinds here
        reason = " ".join(str(error).split())[:150]
        raise DeviceError(f"--device {device} cannot be used here: {reason}") from None


def check_numbers(
    name: str, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase"
) -> None:
    """Raises ModelError for weights or logits that are not finite, or another model's tokenizer."""
    import torch

    odd = next((n for n, p in model.named_parameters() if not torch.isfinite(p).all()), None)
    if odd is not None:
        raise ModelError(f"model {name!r} has weights that are not numbers, in {odd}")
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    encoded = [tokens[:positions] for tokens in ask.prompt_tokens(tokenizer, [PROBE])]
    try:
        ask.check_tokens(model, encoded)
    except ask.AskingError as error:
        raise ModelError(f"model {name!r}: {error}") from None
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor(encoded, device=model.device)).logits
    if not torch.isfinite(logits).all():
        raise ModelError(f"model {name!r} gives logits that are not numbers")


@contextmanager
def answering(name: str) -> Iterator[None]:
    """Turns whatever a model's code raises inside into a one-line ModelError."""
    try:
        yield
    except (MuCPTError, OSError):
        raise
    except Exception as error:  # lack of memory, shapes that do not fit
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelError(f"model {name!r} fails: {reason}") from error


def facts_of(name: str, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> dict:
    """What tells one model from another: weights, revision, precision, tokenizer, settings."""
    template = tokenizer.chat_template
    return {
        **facts_of_files(name),
        "revision": getattr(model.config, "_commit_hash", None),
        "dtype": str(model.dtype).removeprefix("torch."),
        "parameters": models.parameters(model),
        "chat_template_sha256": digest(template)[:12] if template else None,
        "transformers": version("transformers"),
    }


def facts_of_files(name: str) -> dict[str, str | None]:
    """What a model's files tell of it without its being loaded; None for what is not there."""
    folder = Path(packages.expanded(name))
    return {
        "weights_sha256": packages.identity(name) or files_digest(folder, ("*.safetensors",)),
        # what is read from a package, a GGUF file or the Hub goes with its weights or its revision
        "tokenizer_sha256": files_digest(folder, TOKENIZER_FILES),
        "config_sha256": files_digest(folder, CONFIG_FILES),
    }


def files_digest(folder: Path, patterns: Sequence[str]) -> str | None:
    """Digest of the names and contents of a folder's files of these names; None for none.

    folder: one that does not exist, such as a name of the Hub, has no files.
    """
    found = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    files = sorted(found)
    return digest([[path.name, packages.sha256(path)] for path in files]) if files else None


def ask_model(
    run: Run,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Mapping[str, Sequence[dict]],
    *,
    chat: bool,
    max_new_tokens: int,
    batch_size: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a local model to all questions of the run, by id.

    examples: those shown before each question, by its id.
    """
    missing = run.missing()
    asked = [(q["question"], examples[q["id"]]) for q in missing]
    if chat:
        prompts = [ask.chat_prompt(tokenizer, *question) for question in asked]
    else:
        prompts = [ask.prompt(*question) for question in asked]
    shorter = "use fewer examples (--shots)" if any(shown for _, shown in asked) else SHORTER
    how: Any = {"chat": chat, "progress": progress, "advice": shorter}
    batches = ask.answer_batches(model, tokenizer, prompts, batch_size, max_new_tokens, **how)
    with answering(str(run.settings.get("model"))):
        for rows, answers in batches:
            run.add((missing[row]["id"], text) for row, text in zip(rows, answers, strict=True))
    return run.responses


def ask_endpoint(
    run: Run,
    endpoint: Endpoint,
    examples: Mapping[str, Sequence[dict]],
    *,
    chat: bool,
    max_new_tokens: int,
    concurrency: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a served model to all questions of the run, by id.

    examples: those shown before each question, by its id.
    """
    missing = run.missing()

    def one(index: int) -> Response:
        question, shown = missing[index]["question"], examples[missing[index]["id"]]
        if chat:
            return endpoint.chat(ask.messages(question, shown), max_new_tokens)
        return endpoint.complete(ask.prompt(question, shown), max_new_tokens)

    for index, (text, ended) in ask_all(one, len(missing), concurrency, progress):
        run.add([(missing[index]["id"], ask.answer_line(text, chat))], ended)
    return run.responses
