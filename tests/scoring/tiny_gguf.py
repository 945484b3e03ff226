"""A tiny Llama-type model as a GGUF file, as converters for llama.cpp write it."""

import json

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from mucpt_utils.scoring.tokens import train_tokenizer

TEXT = "Mozart was born in Salzburg in 1756. Haydn, in Rohrau, in 1732; they met in Vienna."
HEADS, HEADS_OF_KEYS = 4, 2
NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def tiny_llama(vocabulary):
    """A model whose matrices are wide enough for blocks of 32 quantised weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS_OF_KEYS,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


def write_gguf(path, quantisation=gguf.GGMLQuantizationType.F32, pre="smollm", extra_rows=0):
    """Write the file; returns the model and the tokenizer that are in it.

    quantisation: of matrices; extra_rows: of the embeddings beyond the vocabulary.
    """
    tokenizer = train_tokenizer([TEXT] * 20, 300)
    model = tiny_llama(len(tokenizer) + extra_rows)
    config, writer = model.config, gguf.GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS_OF_KEYS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.hidden_size // HEADS)
    writer.add_vocab_size(config.vocab_size)
    write_tokenizer(writer, tokenizer, pre, extra_rows)
    for name, values in model.state_dict().items():
        if name != "lm_head.weight":  # tied
            write_tensor(writer, name, values.numpy(), quantisation)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model, tokenizer


def write_tokenizer(writer, tokenizer, pre, extra_rows):
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    words = [word for word, _ in vocabulary] + [f"[unused{i}]" for i in range(extra_rows)]
    special = {tokenizer.eos_token} | {word for word in words if word.startswith("[unused")}
    kinds = [gguf.TokenType.CONTROL if w in special else gguf.TokenType.NORMAL for w in words]
    merges = [
        pair if isinstance(pair, str) else " ".join(pair)
        for pair in json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)


def write_tensor(writer, name, values, quantisation):
    """One tensor under llama.cpp's name, in its order of rotary pairs, quantised if a matrix."""
    if name == "model.embed_tokens.weight":
        target = "token_embd.weight"
    elif name == "model.norm.weight":
        target = "output_norm.weight"
    else:
        _, _, layer, *middle, last = name.split(".")
        target = f"blk.{layer}.{NAMES['.'.join(middle)]}.{last}"
    for part, heads in (("attn_q.", HEADS), ("attn_k.", HEADS_OF_KEYS)):
        if part in target:
            half = values.shape[0] // heads // 2
            shape = (heads, 2, half, values.shape[1])
            values = values.reshape(shape).swapaxes(1, 2).reshape(values.shape)
    if values.ndim == 2 and quantisation != gguf.GGMLQuantizationType.F32:
        quantised = gguf.quants.quantize(values, quantisation)
        writer.add_tensor(target, quantised, raw_dtype=quantisation)
    else:
        writer.add_tensor(target, np.ascontiguousarray(values))
