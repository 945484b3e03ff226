"""The loss ratio with models of other families, as an outsider uses it: a right value or a line."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3Config,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
)

from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.loss_ratio import Criterion, token_weights
from mucpt_utils.scoring.losses import measured, score, token_losses
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.training.batches import Sequences
from mucpt_utils.training.trainer import train

VOCABULARY, PADDED, BEGIN, POSITIONS = 60, 64, 58, 32
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
SIZES |= {"num_attention_heads": 2, "num_key_value_heads": 1, "initializer_range": 0.4}
SIZES |= {"vocab_size": PADDED, "max_position_embeddings": POSITIONS}
WINDOWS = {"head_dim": 16, "sliding_window": 4, "layer_types": ["sliding_attention"] * 2}
GPT2 = {"vocab_size": PADDED, "n_positions": POSITIONS, "n_embd": 32, "n_layer": 2, "n_head": 2}
GPT2 |= {"initializer_range": 0.4}
FAMILIES = {
    # dropout, learnt positions, tied
    "gpt2": GPT2Config(**GPT2),
    "llama, own head": LlamaConfig(**SIZES, tie_word_embeddings=False),
    "qwen2, tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "gemma3, sliding": Gemma3TextConfig(**SIZES, **WINDOWS),
    # text and images: the number of tokens stands in the settings of the text part
    "gemma3 with images": Gemma3Config(
        text_config={**SIZES, **WINDOWS},
        vision_config={
            **{"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1},
            **{"num_attention_heads": 1, "image_size": 28, "patch_size": 14},
        },
        mm_tokens_per_image=4,
    ),
}
every_family = pytest.mark.parametrize("family", FAMILIES)


def made(family, seed, dtype=torch.float32):
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(FAMILIES[family]).to(dtype).eval()


def store(begin, lengths=(9, 3, 20, 30)):
    """Documents of random tokens behind a begin token, where there is one; 0 ends each."""
    rng = np.random.default_rng(0)
    opening = [] if begin is None else [begin]
    rows = [[*opening, *rng.integers(1, BEGIN, n), 0] for n in lengths]
    starts = np.cumsum([0, *map(len, rows)])
    return TokenStore(np.concatenate(rows).astype(np.uint16), starts, list("abcd"), begin)


def by_hand(model, corpus):
    """Losses of each document alone, float64: behind the end token, or as it begins."""
    out = []
    for index in range(len(corpus)):
        ids = [*([0] if corpus.begin is None else []), *corpus.document(index).tolist()]
        with torch.no_grad():
            chances = model(input_ids=torch.tensor([ids])).logits.double().log_softmax(-1)[0]
        found = [-chances[t, token].item() for t, token in enumerate(ids[1:])]
        out += found if corpus.begin is None else [0.0, *found]
    return np.array(out)


@every_family
def test_a_padded_batch_has_the_losses_and_weights_of_its_rows(family):
    base, reference = made(family, 0), made(family, 1)
    rows = [torch.randint(1, BEGIN, (n,)) for n in (12, 7, 3)]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=0)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], True)
    with torch.no_grad():
        ours, theirs = (measured(m, ids, attention_mask=mask) for m in (base, reference))
        counted = mask[:, 1:].bool()
        for model, found in ((base, ours), (reference, theirs)):
            alone = [token_losses(model(input_ids=row[None]).logits, row[None])[0] for row in rows]
            torch.testing.assert_close(found[counted], torch.cat(alone), rtol=1e-4, atol=1e-4)
    weights = token_weights(ours, theirs, counted, Criterion(form="log", scale=6.0, floor=0.1))
    ratio = torch.log((ours + 0.1) / (theirs + 0.1)) / np.log(6)
    wanted = ratio.clamp(0, 1)[counted]
    torch.testing.assert_close(weights[counted], wanted / wanted.mean(), rtol=1e-4, atol=1e-5)
    assert (weights[~counted] == 0).all() and wanted.std() > 0.1
    arrays = token_weights(ours.numpy(), theirs.numpy(), counted.numpy(), Criterion())
    assert torch.equal(arrays, weights)


@every_family
@pytest.mark.parametrize("begin", [None, BEGIN], ids=["no begin token", "begin token"])
def test_a_corpus_is_scored_and_weighed_as_each_document_alone(family, begin):
    base, reference, corpus = made(family, 0), made(family, 1), store(begin)
    found = [score(model, corpus, POSITIONS) for model in (base, reference)]
    wanted = [by_hand(model, corpus) for model in (base, reference)]
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3)
    assert np.std(wanted) > 1, "a flat model would hide a misplaced loss"
    scored = Scored(corpus, np.ones(4, np.float32), *found)
    weights = scored.weights(Arm(title="x", tokens=Criterion(floor=0.1, scale=6.0)), seed=0)
    learnt = corpus.tokens != begin
    ratio = np.log((wanted[0] + 0.1) / (wanted[1] + 0.1)) / np.log(6)
    ratio = np.clip(ratio, 0, 1) * learnt
    factor = weights[learnt].mean() / ratio[learnt].mean()
    np.testing.assert_allclose(weights, ratio * factor, atol=0.02 * factor)
    assert (weights[~learnt] == 0).all()


@every_family
def test_weights_in_bfloat16_are_scored_as_nearly_the_same(family):
    corpus = store(None)
    exact = score(made(family, 0), corpus, POSITIONS).astype(float)
    rough = score(made(family, 0, torch.bfloat16), corpus, POSITIONS).astype(float)
    assert np.isfinite(rough).all() and np.abs(rough - exact).max() > 0
    assert np.corrcoef(rough, exact)[0, 1] > 0.99


@every_family
def test_a_large_vocabulary_is_read_in_chunks_by_every_family(family, monkeypatch):
    """Dropout or not: whether the head is plain is asked of the model as it answers."""
    model, ids = made(family, 0), torch.randint(1, BEGIN, (2, 14))
    with torch.no_grad():
        whole = measured(model, ids)
        monkeypatch.setattr(losses, "LOGITS", 1)
        monkeypatch.setattr(losses, "CHUNK", 2 * PADDED * 3)
        cut = measured(model, ids)
        model.train()
        losses.PLAIN_HEADS.clear()
        assert losses.has_plain_head(model) and model.training
    torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-4)
    assert losses.vocabulary_size(model) == PADDED


@every_family
def test_a_context_beyond_the_positions_is_one_line(family, tmp_path):
    model, corpus = made(family, 0), store(None)
    line = rf"context={POSITIONS + 1}: \w+ as loaded has {POSITIONS} positions; allowed: 2 to"
    with pytest.raises(losses.ContextError, match=line):
        score(model, corpus, POSITIONS + 1)
    rows = np.ones((8, POSITIONS + 1), np.uint16)
    options = TrainSettings(tokens=1, checkpoints=0)
    with pytest.raises(MuCPTError, match=line):
        train(model, Sequences(rows), options, tmp_path, seed=0)


def test_a_model_with_images_is_trained_on_text(tmp_path):
    data = Sequences(np.tile(np.arange(1, 17, dtype=np.uint16), (16, 1)))
    options = TrainSettings(tokens=1, checkpoints=0, learning_rate=0.01, optimiser="adamw")
    model, ids = made("gemma3 with images", 0), torch.arange(1, 17)[None]
    with torch.no_grad():
        before = measured(model, ids).mean()
    trained = train(model, data, options, tmp_path, seed=0)
    with torch.no_grad():
        assert measured(trained, ids).mean() < before - 0.5


@pytest.mark.parametrize(
    ("reference", "mask", "said"),
    [
        (torch.ones(2, 5), torch.ones(2, 4), r"losses of different tokens: \(2, 4\) and \(2, 5\)"),
        (torch.ones(2, 4), torch.ones(2, 5), r"mask of different tokens.* one loss fewer than"),
        (torch.full((2, 4), torch.nan), torch.ones(2, 4), "a loss is not a number"),
    ],
)
def test_losses_that_do_not_belong_together_are_one_line(reference, mask, said):
    with pytest.raises(MuCPTError, match=said) as error:
        token_weights(torch.ones(2, 4), reference, mask, Criterion())
    assert "\n" not in str(error.value)


def test_what_stands_outside_the_mask_is_no_matter():
    hidden = torch.tensor([[1.0, 2.0, torch.nan]])
    weights = token_weights(hidden, torch.ones(1, 3), torch.tensor([[1, 1, 0]]), Criterion())
    assert weights.isfinite().all() and weights[0, 2] == 0
