"""Causal language models: small ones from scratch, others loaded from wherever they are."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.scoring.packages import ModelError, check_whole, resolve

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase


MODEL_FILES = ("config.json", "generation_config.json", "model*.index.json", "model*.safetensors")
# files of tokenizers: `tokenizers`, and those of older kinds by the names that they come with
TOKENIZERS = ("*token*", "*vocab*", "*merges*", "*spiece*", "*.model", "*.tiktoken", "*bpe*")
POINTER = b"version https://git-lfs"


class TokenizerError(MuCPTError, ValueError):
    """A tokenizer that cannot be used, or that differs from that of another model."""


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
        # questions are asked with room for the answer after a full context
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
    """A causal LM, loaded whole: from safetensors only, without running code of its repository.

    name: a folder, a Hub name, which may end in `@REVISION`, `package:NAME` or a GGUF file (see
    `scoring.packages`). dtype: of the weights; "auto" is that of the files. device: a GPU if
    there is one, unless given. Raises ModelError, in one line, if the model is missing, damaged or
    of another kind, or if the files lack some of its weights.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    source, revision = found(name)
    check_files(source, name, MODEL_FILES)
    check_kind(source, revision, name)
    logging.disable_progress_bar()
    with readable(name):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source,
            revision=revision,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=dtype,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # which `check_whole` then names
        )
    model, report = loaded
    check_whole(model, report, name)
    model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    with readable(name):
        future = sees_future(model)
    if future:
        raise ModelError(f"model {str(name)!r} is no causal language model: it sees what follows")
    return model


def found(name: str | Path) -> tuple[str, str | None]:
    """What transformers loads for a model's name, and its revision. Raises ModelError for an
    adapter that would be ignored."""
    from transformers.utils import is_peft_available

    source, revision = pinned(resolve(name))
    if (Path(source) / "adapter_config.json").is_file() and not is_peft_available():
        raise ModelError(
            f"model {str(name)!r} is an adapter; merge it into the model that it was made for"
        )
    return source, revision


def check_files(source: str, name: str | Path, patterns: Iterable[str]) -> None:
    """Raises ModelError for a file of a model's folder that is not what its name says.

    That is a pointer that Git LFS left in a file's place, or JSON that is no object: transformers
    would name no file, and takes defaults for what it cannot read of `generation_config.json`.
    """
    files = {path for pattern in patterns for path in Path(source).glob(pattern) if path.is_file()}
    for path in sorted(files):
        with path.open("rb") as file:
            pointer = file.read(len(POINTER)) == POINTER
        if pointer:
            problem = "a pointer of Git LFS and not the file, which `git lfs pull` fetches"
        elif path.suffix == ".json" and not holds_object(path):
            problem = "not a JSON object"
        else:
            continue
        raise ModelError(f"model {str(name)!r} cannot be loaded: {path.name} is {problem}")


def holds_object(path: Path) -> bool:
    """Whether a file is JSON with names and values."""
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (ValueError, RecursionError):
        return False


def check_kind(source: str, revision: str | None, name: str | Path) -> None:
    """Raises ModelError for a model of an encoder and a decoder, half of which would be loaded, and
    for a quantisation that transformers does not know and would ignore."""
    from transformers import AutoConfig
    from transformers.quantizers import auto

    with readable(name):
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
        how: Any = getattr(config, "quantization_config", None)
        known = not isinstance(how, dict) or auto.AutoHfQuantizer.supports_quant_method(how)
    if config.is_encoder_decoder:
        raise ModelError(
            f"model {str(name)!r} is no causal language model: {config.model_type} is an encoder "
            "and a decoder"
        )
    if not known:
        raise ModelError(
            f"model {str(name)!r} cannot be loaded: quant_method is {how['quant_method']!r} in its "
            f"config.json; allowed: {', '.join(sorted(auto.AUTO_QUANTIZATION_CONFIG_MAPPING))}"
        )


@torch.no_grad()
def sees_future(model: "PreTrainedModel") -> bool:
    """Whether a token changes what is predicted before it, as in masked language models."""
    vocabulary = model.config.get_text_config().vocab_size
    ids = torch.arange(4, device=model.device)[None] % vocabulary
    other = ids.clone()
    other[0, -1] = 4 % vocabulary
    before, after = (model(input_ids=x).logits[:, :-1] for x in (ids, other))
    return bool(before.isfinite().all()) and not differ_by_rounding(before, after)


def differ_by_rounding(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether two readings of a text gave the same logits, at their precision."""
    rounding = max(1e-3, 8 * torch.finfo(theirs.dtype).eps)
    return bool((ours - theirs).abs().max() <= rounding * theirs.abs().max())


def unfilled(folder: Path) -> "PreTrainedModel":
    """The model in a folder without its weights, for a process to which another one sends them.

    In float32 on the CPU. Memory for the weights is reserved but not written; the system provides
    a page when it is first written: until the weights come, the model takes next to none.
    Buffers that are in no file, such as rotary frequencies, have their values.
    """
    from accelerate import init_empty_weights
    from accelerate.utils import set_module_tensor_to_device
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    with init_empty_weights():
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for name, parameter in list(model.named_parameters()):
        room = torch.empty_like(parameter, device="cpu")
        set_module_tensor_to_device(model, name, "cpu", value=room)
    model.tie_weights()
    return model


def pinned(name: str) -> tuple[str, str | None]:
    """A Hub name and the revision after its `@`, if it has one; a folder stays as it is."""
    if Path(name).exists() or "@" not in name:
        return name, None
    source, _, revision = name.partition("@")
    return source, revision


@contextmanager
def readable(name: str | Path) -> Iterator[None]:
    """Turns any error inside into a ModelError: one line that names the model."""
    try:
        yield
    except Exception as error:  # libraries raise errors of their own kind for damaged files
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"model {str(name)!r} cannot be loaded: {reason}") from error


def load_tokenizer(name: str | Path, needs_end: bool = True) -> "PreTrainedTokenizerBase":
    """The tokenizer that belongs to a model, named as for `load`.

    One without a padding token pads with its end token. needs_end: whether texts will be closed
    by an end token. Raises ModelError for what cannot be loaded, TokenizerError for a tokenizer
    without the end token that is needed.
    """
    from transformers import AutoTokenizer

    source, revision = found(name)
    check_has_tokenizer(source, name)
    check_files(source, name, (*TOKENIZERS, "chat_template*", "config.json"))
    with readable(name):
        tokenizer = AutoTokenizer.from_pretrained(
            source, revision=revision, trust_remote_code=False
        )
    if tokenizer.eos_token_id is None and needs_end:
        raise TokenizerError(f"{name}: the tokenizer has no end token to close documents")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def check_has_tokenizer(source: str, name: str | Path) -> None:
    """Raises ModelError for a model's folder without any file of a tokenizer.

    Transformers would say that a library is missing, and which file it is that counts for none.
    """
    folder = Path(source)
    if folder.is_dir() and not any(list(folder.glob(pattern)) for pattern in TOKENIZERS):
        raise ModelError(
            f"model {str(name)!r} has no tokenizer: {folder} holds no tokenizer.json, and no file "
            "of another kind of tokenizer"
        )


def check_same_tokenizer(
    ours: "PreTrainedTokenizerBase", theirs: "PreTrainedTokenizerBase", names: tuple[str, str]
) -> None:
    """Raises TokenizerError if two tokenizers do not split and number text alike.

    Losses of two models can be compared token by token only if the tokens are the same. names:
    of the two models, for the message.
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
    raise TokenizerError(f"{names[1]} has another tokenizer than {names[0]}: {problem}")


def _rules(tokenizer: "PreTrainedTokenizerBase") -> dict:
    """Normalisation, splitting and merges, without truncation and padding, which may change.

    Of a tokenizer written in Python, only the vocabulary can be compared.
    """
    if not tokenizer.is_fast:
        return {}
    data = json.loads(tokenizer.backend_tokenizer.to_str())
    return {part: data[part] for part in ("normalizer", "pre_tokenizer", "model")}


def parameters(model: torch.nn.Module) -> int:
    """Number of parameters; tied ones count once."""
    return sum(p.numel() for p in model.parameters())
