"""Small models from scratch, and any model from a folder without running its code."""

import pytest
import torch
from pydantic import ValidationError

from mucpt_utils.models import ModelSettings, load, parameters

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
    with pytest.raises((OSError, ValueError)):
        load(tmp_path)


@pytest.mark.parametrize("hidden, heads", [(64, 3), (36, 12), (18, 2)])
def test_heads_must_divide_the_width_into_even_parts(hidden, heads):
    with pytest.raises(ValidationError, match=f"hidden_size={hidden} .* heads={heads}"):
        ModelSettings(hidden_size=hidden, heads=heads)
