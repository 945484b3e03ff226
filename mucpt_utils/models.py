"""Causal language models: small ones from scratch, any other from a folder or the Hub."""

from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel


class ModelSettings(BaseModel):
    """Architecture of a Llama-type model trained from scratch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_size: int = Field(128, ge=16, description="width")
    layers: int = Field(4, ge=1, description="number of blocks")
    heads: int = Field(4, ge=1, description="attention heads; must divide the width")
    intermediate_size: int = Field(344, ge=16, description="width of the gated feed-forward part")
    context: int = Field(128, ge=32, description="tokens in a packed sequence")

    @model_validator(mode="after")
    def _divisible(self) -> "ModelSettings":
        # rotary embeddings turn pairs, so a head's width is even
        if self.hidden_size % (2 * self.heads):
            raise ValueError(
                f"hidden_size={self.hidden_size} is no multiple of 2 * heads={self.heads}"
            )
        return self


def from_scratch(settings: ModelSettings, vocabulary: int, seed: int) -> LlamaForCausalLM:
    """A freshly initialised model; the same seed gives the same weights.

    vocabulary: number of tokens. Input and output embeddings are tied: at this size they would
    otherwise be most of the parameters.
    """
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


def load(folder_or_name: str | Path) -> PreTrainedModel:
    """A causal LM from a folder or the Hub: safetensors only, no code of the repository is run."""
    return AutoModelForCausalLM.from_pretrained(
        str(folder_or_name), use_safetensors=True, trust_remote_code=False, dtype="auto"
    )


def parameters(model: torch.nn.Module) -> int:
    """Number of parameters, tied ones once."""
    return sum(p.numel() for p in model.parameters())
