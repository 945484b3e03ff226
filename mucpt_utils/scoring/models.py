"""Causal language models: small ones from scratch, any other from wherever it lies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.scoring.packages import ModelError, resolve

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase


def from_scratch(settings: ModelSettings, vocabulary: int, seed: int) -> "LlamaForCausalLM":
    """A freshly initialised model; the same seed gives the same weights.

    vocabulary: number of tokens. Input and output embeddings are tied: at this size they would
    otherwise be most of the parameters.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        # questions are asked with room for the answer behind a full context
        max_position_embeddings=4 * settings.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config)


def load(
    name: str | Path, dtype: torch.dtype | str = "auto", device: str | None = None
) -> "PreTrainedModel":
    """A causal LM, loaded whole: safetensors only, no code of the repository is run.

    name: a folder, a Hub name, which may end in `@REVISION`, `package:NAME` or a GGUF file (see
    `scoring.packages`). dtype: of the weights; "auto" is that of the files. device: a GPU where
    there is one, unless given. Raises ModelError, in one line, for what is not there or damaged,
    or where the files lack some of the model's weights.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    source, revision = pinned(resolve(name))
    logging.disable_progress_bar()
    with readable(name):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source,
            revision=revision,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=dtype,
            output_loading_info=True,
        )
    model, report = loaded
    # transformers fills with random numbers what the files do not have
    lacking = sorted(map(str, report["missing_keys"] | report["mismatched_keys"]))
    if lacking:
        raise ModelError(
            f"model {str(name)!r} is not whole: {len(lacking)} of its weights are missing or of "
            f"another shape, as {lacking[0]}"
        )
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(chosen)


def pinned(name: str) -> tuple[str, str | None]:
    """A Hub name and the revision behind its `@`, where it has one; a folder stays as it is."""
    if Path(name).exists() or "@" not in name:
        return name, None
    source, _, revision = name.partition("@")
    return source, revision


@contextmanager
def readable(name: str | Path) -> Iterator[None]:
    """Whatever goes wrong inside becomes a ModelError of one line that names the model."""
    try:
        yield
    except Exception as error:  # libraries raise errors of their own kind for damaged files
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"model {str(name)!r} cannot be loaded: {reason}") from error


def load_tokenizer(name: str | Path) -> "PreTrainedTokenizerBase":
    """The tokenizer that belongs to a model, named as for `load`.

    One without a padding token pads with its end token. Raises ModelError for what cannot be
    loaded, ValueError for a tokenizer without an end token.
    """
    from transformers import AutoTokenizer

    source, revision = pinned(resolve(name))
    with readable(name):
        tokenizer = AutoTokenizer.from_pretrained(
            source, revision=revision, trust_remote_code=False
        )
    if tokenizer.eos_token_id is None:
        raise ValueError(f"{name}: the tokenizer has no end token to close documents")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def check_same_tokenizer(
    ours: "PreTrainedTokenizerBase", theirs: "PreTrainedTokenizerBase", names: tuple[str, str]
) -> None:
    """Raises ValueError where two tokenizers do not cut and number text alike.

    Losses of two models can be compared token by token only where the tokens are the same. names:
    what to call the two models in the message.
    """
    if ours.get_vocab() != theirs.get_vocab():
        shared = len(set(ours.get_vocab().items()) & set(theirs.get_vocab().items()))
        problem = f"{shared} of {len(ours)} and {len(theirs)} tokens are the same"
    elif _rules(ours) != _rules(theirs):
        problem = "the vocabulary is the same, the rules of cutting are not"
    elif ours.eos_token_id != theirs.eos_token_id:
        problem = f"the end tokens are {ours.eos_token!r} and {theirs.eos_token!r}"
    else:
        return
    raise ValueError(f"{names[1]} has another tokenizer than {names[0]}: {problem}")


def _rules(tokenizer: "PreTrainedTokenizerBase") -> dict:
    """Normalisation, cutting and merges; truncation and padding are settings of the moment."""
    data = json.loads(tokenizer.backend_tokenizer.to_str())
    return {part: data[part] for part in ("normalizer", "pre_tokenizer", "model")}


def parameters(model: torch.nn.Module) -> int:
    """Number of parameters, tied ones once."""
    return sum(p.numel() for p in model.parameters())
