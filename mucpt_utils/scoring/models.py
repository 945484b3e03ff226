"""Causal language models: small ones from scratch, any other from a folder or the Hub."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mucpt_utils.config.scoring import ModelSettings

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
    folder_or_name: str | Path, dtype: torch.dtype | str = "auto", device: str | None = None
) -> "PreTrainedModel":
    """A causal LM from a folder or the Hub: safetensors only, no code of the repository is run.

    dtype: of the weights; "auto" is that of the files. device: a GPU where there is one, unless
    given.
    """
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        str(folder_or_name), use_safetensors=True, trust_remote_code=False, dtype=dtype
    )
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(chosen)  # type: ignore[arg-type]  # transformers' wrapper hides the signature


def load_tokenizer(folder_or_name: str | Path) -> "PreTrainedTokenizerBase":
    """The tokenizer that belongs to a model. Raises ValueError for one without an end token.

    One without a padding token pads with its end token.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder_or_name), trust_remote_code=False)
    if tokenizer.eos_token_id is None:
        raise ValueError(f"{folder_or_name}: the tokenizer has no end token to close documents")
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
