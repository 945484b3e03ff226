"""Small models from scratch, and any model from a folder without running its code."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tokenizers import pre_tokenizers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring.losses import score
from mucpt_utils.scoring.models import check_same_tokenizer, load, load_tokenizer, parameters
from mucpt_utils.scoring.packages import ModelError
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import tokenise, train_tokenizer
from mucpt_utils.training.batches import training_sequences
from mucpt_utils.training.muon import hidden_matrices
from mucpt_utils.training.trainer import train

IDS = torch.tensor([[5, 6, 7, 8]])


def test_the_same_seed_gives_the_same_weights(tiny_model):
    first, second, third = tiny_model(0), tiny_model(0), tiny_model(1)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first.get_input_embeddings().weight, third.get_input_embeddings().weight)


def test_the_architecture_is_the_one_asked_for(tiny_model):
    config = tiny_model(vocabulary=77).config
    assert (config.vocab_size, config.hidden_size, config.num_hidden_layers) == (77, 16, 2)
    assert config.max_position_embeddings == 4 * 32


def test_tied_parameters_count_once(tiny_model):
    # embeddings; per block: 4 attention and 3 feed-forward matrices, 2 norms; the last norm
    expected = 40 * 16 + 2 * (4 * 16 * 16 + 3 * 16 * 24 + 2 * 16) + 16
    model = tiny_model()
    assert parameters(model) == expected
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight


def test_the_future_is_not_seen(tiny_model):
    model = tiny_model().eval()
    changed = IDS.clone()
    changed[0, -1] = 30
    with torch.no_grad():
        a, b = (model(input_ids=ids).logits for ids in (IDS, changed))
    assert torch.equal(a[:, :-1], b[:, :-1]) and not torch.equal(a[:, -1], b[:, -1])


def test_a_saved_model_comes_back_in_safetensors(tiny_model, tmp_path):
    model = tiny_model(3).eval()
    model.save_pretrained(tmp_path)
    assert list(tmp_path.glob("*.safetensors")) and not list(tmp_path.glob("*.bin"))
    with torch.no_grad():
        assert torch.equal(load(tmp_path)(input_ids=IDS).logits, model(input_ids=IDS).logits)


def test_pickled_weights_are_not_loaded(tiny_model, tmp_path):
    model = tiny_model()
    model.save_pretrained(tmp_path)
    next(tmp_path.glob("*.safetensors")).unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="no file named model.safetensors"):
        load(tmp_path)


@pytest.mark.parametrize("hidden, heads", [(64, 3), (36, 12), (18, 2)])
def test_heads_must_divide_the_width_into_even_parts(hidden, heads):
    with pytest.raises(ValidationError, match=f"hidden_size={hidden} .* heads={heads}"):
        ModelSettings(hidden_size=hidden, heads=heads)


# --- other architectures, other tokenizers --------------------------------------------------------


def tokenizer_of(text="Bach wrote fugues in Leipzig. ", vocabulary=300):
    return train_tokenizer([text * 20], vocabulary)


def small_models(vocabulary):
    """One small model of each architecture."""
    sizes = {"vocab_size": vocabulary, "hidden_size": 16, "intermediate_size": 24}
    layers = {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
    return {
        "llama": LlamaForCausalLM(LlamaConfig(**sizes, **layers)),
        "qwen3": Qwen3ForCausalLM(Qwen3Config(**sizes, **layers, head_dim=8)),
        "gpt2": GPT2LMHeadModel(
            GPT2Config(vocab_size=vocabulary, n_embd=16, n_layer=2, n_head=2, n_positions=64)
        ),
    }


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2"])
def test_any_architecture_is_scored_weighed_and_trained(name, tmp_path):
    tokenizer = tokenizer_of()
    small_models(len(tokenizer))[name].save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    ours, model = load_tokenizer(tmp_path / "model"), load(tmp_path / "model", torch.float32)
    store = tokenise(ours, ["Bach wrote fugues.", "In Leipzig."] * 30, [str(i) for i in range(60)])
    losses = score(model, store, 32)
    scored = Scored(store, np.ones(60, np.float32), losses, losses[::-1].copy())
    data = training_sequences(
        ARMS["soft_dynamic"],
        scored,
        store,
        sequences=16,
        context=16,
        replay_share=0.25,
        seed=0,
        document_attention=True,
    )
    options = TrainSettings(tokens=1, learning_rate=0.01, checkpoints=0)
    criterion = ARMS["soft_dynamic"].tokens
    trained = train(model, data, options, tmp_path / "run", seed=0, criterion=criterion)
    assert score(trained, store, 32).mean() < losses.mean() - 0.05


@pytest.mark.parametrize("name", ["llama", "qwen3", "gpt2"])
def test_muon_takes_no_embedding_of_any_architecture(name):
    model = small_models(300)[name]
    chosen = {id(p) for p in hidden_matrices(model)[0]}
    outside = [
        p for m in model.modules() if isinstance(m, torch.nn.Embedding) for p in m.parameters()
    ]
    assert chosen and not chosen & {id(p) for p in outside}


def test_the_same_tokenizer_passes_and_another_is_refused(tmp_path):
    ours = tokenizer_of()
    ours.save_pretrained(tmp_path)
    same = load_tokenizer(tmp_path)
    same.backend_tokenizer.enable_truncation(5)  # a setting of the moment
    check_same_tokenizer(ours, same, ("ours", "theirs"))
    other = tokenizer_of("Mozart was born in Salzburg, Austria. ")
    with pytest.raises(ValueError, match="RM has another tokenizer than model: .* tokens are the"):
        check_same_tokenizer(ours, other, ("model", "RM"))
    cut = load_tokenizer(tmp_path)
    cut.backend_tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ValueError, match="rules of cutting"):
        check_same_tokenizer(ours, cut, ("model", "RM"))


def test_a_tokenizer_without_an_end_token_is_refused(tmp_path):
    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer_of().backend_tokenizer)
    bare.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="no end token"):
        load_tokenizer(tmp_path)
