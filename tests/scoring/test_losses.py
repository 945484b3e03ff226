"""Scoring a corpus: the batched fast path equals one document at a time."""

import itertools

import numpy as np
import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from mucpt_utils.scoring import losses
from mucpt_utils.scoring.losses import calibrate, document_means, score, token_losses
from mucpt_utils.scoring.tokens import TokenStore

CONTEXT = 32


@pytest.fixture(scope="module")
def model(tiny_model):
    """A tiny model whose losses differ by nats and depend on the whole context."""
    made = tiny_model(seed=1)
    with torch.no_grad():
        made.model.embed_tokens.weight.mul_(40)
        for layer in made.model.layers:
            layer.self_attn.o_proj.weight.mul_(1000)
    return made.eval()


def reference_scores(model, store, temperature=1.0):
    """One document at a time, read whole behind an end token: the plain definition."""
    out = []
    for index in range(len(store)):
        ids = torch.from_numpy(np.append(0, store.document(index)).astype(np.int64))
        with torch.no_grad():
            logits = model(input_ids=ids[None]).logits[0, :-1] / temperature
        out.append(torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none").numpy())
    return np.concatenate(out)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.5])
def test_score_equals_one_document_at_a_time(model, store_of, temperature):
    store = store_of([1, 2, 7, 32, 20, 5, 31, 32, 11])
    scores = score(model, store, CONTEXT, temperature)
    assert scores.dtype == np.float16 and scores.shape == store.tokens.shape
    expected = reference_scores(model, store, temperature)
    assert expected.std() > 0.3, "a flat model would hide a misplaced loss"
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=2e-3)


def test_batches_do_not_change_the_scores(model, store_of, monkeypatch):
    store = store_of(np.random.default_rng(3).integers(1, 90, 40).tolist())
    together = score(model, store, CONTEXT)
    monkeypatch.setattr(losses, "BATCH_TOKENS", 1)
    np.testing.assert_allclose(score(model, store, CONTEXT), together, rtol=1e-3, atol=2e-3)


def test_long_documents_are_read_in_windows_that_overlap_by_half(model, store_of):
    """Each token past the first window has at least half a context to its left, and its own."""
    store = store_of([5, 100, 9])
    scores = score(model, store, CONTEXT)
    begin, half = 5, CONTEXT // 2
    document = store.document(1).astype(np.int64)
    for start in range(0, 100, half):
        left = document[start - 1] if start else 0
        ids = torch.tensor([[left, *document[start : start + CONTEXT]]])
        with torch.no_grad():
            expected = token_losses(model(input_ids=ids).logits, ids)[0].numpy()
        fresh = slice(0 if start == 0 else CONTEXT - half, CONTEXT)
        place = slice(begin + start + fresh.start, begin + min(start + CONTEXT, 100))
        if place.start >= place.stop:
            break
        np.testing.assert_allclose(scores[place], expected[fresh], rtol=1e-3, atol=2e-3)
        last = place.stop
    assert last == begin + 100, "the windows reach the end of the document"


@pytest.mark.parametrize("seed", range(5))
def test_every_token_is_scored_exactly_once_in_its_own_document(store_of, seed):
    rng = np.random.default_rng(seed)
    store = store_of(rng.integers(1, 150, 30).tolist(), seed)
    times = np.zeros(store.tokens.size, int)
    for start, stop, fresh in losses._windows(store, CONTEXT):
        assert start <= fresh < stop and stop - start <= CONTEXT
        document = np.searchsorted(store.starts, start, side="right") - 1
        assert stop <= store.starts[document + 1], "no window crosses a document's end"
        assert fresh == store.starts[document] or fresh - start >= CONTEXT // 2
        times[fresh:stop] += 1
    assert (times == 1).all()


def test_batches_hold_every_window_once(store_of):
    windows = list(losses._windows(store_of([9, 200, 31, 64, 3]), CONTEXT))
    batched = [w for batch in losses._batches(windows, 256) for w in batch]
    assert sorted(batched) == sorted(windows)


def test_no_loss_is_left_at_nought(model, store_of):
    assert (score(model, store_of([40, 70, 33, 2]), CONTEXT) > 0).all()


def test_progress_adds_up_to_the_tokens(model, store_of):
    store, seen = store_of([40, 70, 33, 2]), []
    score(model, store, CONTEXT, report=seen.append)
    assert sum(seen) == store.tokens.size


def test_token_losses_belong_to_the_next_token():
    """A model that is sure of token t + 1 = token t has no loss where that holds."""
    tokens = torch.tensor([[3, 3, 5, 5]])
    logits = torch.nn.functional.one_hot(tokens, 8).float() * 50
    assert token_losses(logits, tokens)[0].tolist() == pytest.approx([0, 50, 0], abs=1e-4)
    hot = token_losses(logits, tokens, temperature=50.0)[0]
    expected = np.log(np.e + 7) - np.array([1, 0, 1])
    np.testing.assert_allclose(hot.numpy(), expected, rtol=1e-5)


def test_entropies_are_those_of_the_predictions_at_the_temperature():
    from scipy.stats import entropy

    logits = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0)) * 3
    chances = (logits / 2.5).double().softmax(-1).numpy()
    found = losses.token_entropies(logits, torch.zeros(2, 5), temperature=2.5)
    np.testing.assert_allclose(found, entropy(chances[:, :-1], axis=-1), rtol=1e-5)


def test_document_means_are_those_of_each_document(store_of):
    store = store_of([4, 1, 9, 30])
    values = np.random.default_rng(0).random(44).astype(np.float16)
    expected = [values[a:b].astype(float).mean() for a, b in [(0, 4), (4, 5), (5, 14), (14, 44)]]
    np.testing.assert_allclose(document_means(values, store.starts), expected)


def test_document_means_do_not_overflow_half_precision():
    values = np.full(20_000, 10, np.float16)
    assert document_means(values, np.array([0, 20_000])) == pytest.approx([10.0])


def test_saved_losses_come_back(tmp_path):
    values = np.arange(10, dtype=np.float16)
    losses.save(tmp_path / "new" / "folder", values)
    found = losses.load(tmp_path / "new" / "folder")
    assert isinstance(found, np.memmap) and found.dtype == np.float16
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0])
def test_calibration_finds_the_temperature_of_an_overconfident_model(tiny_model, store_of, factor):
    """Tokens drawn from the model's own distribution, whose logits are then scaled up."""
    model = tiny_model(seed=4)
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(10)
        torch.manual_seed(0)
        ids = torch.zeros((80, 1), dtype=torch.long)
        for _ in range(30):
            chances = model(input_ids=ids).logits[:, -1].softmax(-1)
            ids = torch.cat([ids, torch.multinomial(chances, 1)], dim=1)
        # the final norm scales the logits alone, so the model says the same, but louder
        model.model.norm.weight.mul_(factor)
    store = store_of([30] * 80)
    store.tokens[:] = ids[:, 1:].flatten().numpy()
    store.tokens[-1] = 0
    candidates = [1.0, 1.5, 2.0, 3.0]
    by_temperature = calibrate(model, store, CONTEXT, candidates)
    assert list(by_temperature) == candidates
    assert min(by_temperature, key=by_temperature.get) == factor


def test_calibration_does_not_round_the_mean_to_half_precision(model, store_of):
    store = store_of([25] * 40)
    exact = score(model, store, CONTEXT, 2.0).astype(np.float64).mean()
    assert calibrate(model, store, CONTEXT, [2.0])[2.0] == pytest.approx(exact, abs=1e-6)


# --- models that begin every text with a token of its own -----------------------------------------


def begun(plain):
    """A store whose documents open with a begin token."""
    parts = [np.append(39, plain.document(i)) for i in range(len(plain))]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return TokenStore(np.concatenate(parts).astype(np.uint16), starts, plain.ids, begin=39)


def test_a_begin_token_counts_in_no_mean(model, store_of):
    """The mean of a short document would else be lower than that of a long one."""
    store = begun(store_of([9, 70, 1], vocabulary=39))  # the begin token is not in the text
    found = score(model, store, CONTEXT).astype(np.float64)
    expected = [found[a + 1 : b].mean() for a, b in itertools.pairwise(store.starts)]
    np.testing.assert_allclose(losses.document_means(found, store.starts, begun=True), expected)
    # whatever stands at the begin token, as a denominator that is 1 everywhere does
    filled = np.where(store.learnt, found, 1.0)
    np.testing.assert_allclose(losses.document_means(filled, store.starts, begun=True), expected)
    mean = found[store.learnt].mean()
    assert calibrate(model, store, CONTEXT, [1.0])[1.0] == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("context", [0, 1])
def test_a_context_without_a_half_is_refused(model, store_of, context):
    with pytest.raises(losses.ContextError, match="allowed: 2 to"):
        score(model, store_of([9]), context)


def test_a_begin_token_opens_every_window_and_has_no_loss(model, store_of):
    plain = store_of([9, 70, 5])
    store = begun(plain)
    starts = store.starts
    found = score(model, store, CONTEXT)
    assert (found[starts[:-1]] == 0).all()
    for index in (0, 2):  # what fits into one window: the model reads the document as it is stored
        ids = torch.from_numpy(store.document(index).astype(np.int64))[None]
        with torch.no_grad():
            expected = token_losses(model(input_ids=ids).logits, ids)[0]
        here = found[starts[index] + 1 : starts[index + 1]]
        np.testing.assert_allclose(here, expected, rtol=1e-3, atol=2e-3)
    # the second window of the long one begins with it too
    second = np.append(39, plain.document(1)[CONTEXT // 2 : CONTEXT // 2 + CONTEXT])
    ids = torch.from_numpy(second.astype(np.int64))[None]
    with torch.no_grad():
        expected = token_losses(model(input_ids=ids).logits, ids)[0, CONTEXT // 2 :]
    fresh = starts[1] + 1 + CONTEXT
    np.testing.assert_allclose(found[fresh : fresh + CONTEXT // 2], expected, rtol=1e-3, atol=2e-3)


def test_a_forward_that_a_library_put_on_the_head_is_back_afterwards(tiny_model):
    model, ids = tiny_model(), torch.arange(6)[None]
    head, calls = model.get_output_embeddings(), []
    own = head.forward

    def hooked(hidden):
        calls.append(hidden.shape)
        return own(hidden)

    head.forward = hooked
    with losses.hidden_states(model) as applied:
        hidden = model(input_ids=ids).logits
    assert hidden.shape[-1] == model.config.hidden_size and not calls
    assert torch.equal(applied(hidden), model(input_ids=ids).logits)
    assert len(calls) == 2 and head.forward is hooked


# --- a head that is applied in chunks -------------------------------------------------------------


def capped_model():
    """A tiny Gemma 2: its logits are capped after the head."""
    torch.manual_seed(0)
    config = Gemma2Config(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        final_logit_softcapping=2.0,
        initializer_range=0.5,
    )
    return Gemma2ForCausalLM(config)


@pytest.mark.parametrize("measure", [token_losses, losses.token_entropies])
@pytest.mark.parametrize("kind", ["llama", "capped"])
def test_chunks_change_neither_losses_nor_gradients(tiny_model, monkeypatch, measure, kind):
    made = tiny_model(1) if kind == "llama" else capped_model()
    ids = torch.randint(1, 40, (3, 17), generator=torch.Generator().manual_seed(2))
    weights = torch.rand(3, 16, generator=torch.Generator().manual_seed(3))

    def run():
        made.zero_grad()
        values = losses.measured(made, ids, measure, temperature=1.5)
        (values * weights).sum().backward()
        return values.detach(), [p.grad.clone() for p in made.parameters()]

    whole, gradients = run()
    logits = []
    head = made.get_output_embeddings()
    head.register_forward_hook(lambda module, given, out: logits.append(out.shape))
    monkeypatch.setattr(losses, "LOGITS", 1)
    monkeypatch.setattr(losses, "CHUNK", 3 * 40 * 5)
    cut, cut_gradients = run()
    assert losses.has_plain_head(made) is (kind == "llama")
    if kind == "llama":
        lengths = [shape[1] for shape in logits if shape[0] == 3 and shape[2] == 40]
        assert max(lengths) == 6, "five positions and the one after them"
    torch.testing.assert_close(cut, whole, rtol=1e-5, atol=1e-6)
    for a, b in zip(cut_gradients, gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_head_in_bfloat16_is_applied_in_chunks_too_and_in_bfloat16(tiny_model, monkeypatch):
    """As Trainer trains: bfloat16 inside the call of the model, which gives float32."""
    model, kinds = tiny_model(1), []
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(100)
    forward, ids = model.forward, torch.randint(1, 40, (3, 17))

    def mixed(*arguments, **keywords):
        with torch.autocast("cpu", torch.bfloat16):
            out = forward(*arguments, **keywords)
        out.logits = out.logits.float()
        return out

    monkeypatch.setattr(model, "forward", mixed)
    whole = losses.measured(model, ids)
    assert whole.max() > 10, "where bfloat16 is coarse"
    monkeypatch.setattr(losses, "LOGITS", 1)
    monkeypatch.setattr(losses, "CHUNK", 3 * 40 * 5)
    assert losses.has_plain_head(model)
    model.get_output_embeddings().register_forward_hook(
        lambda module, given, out: kinds.append((out.dtype, *out.shape[1:]))
    )
    cut = losses.measured(model, ids)
    chunks = {kind for kind in kinds if kind[-1] == 40}  # the others are hidden states
    assert chunks == {(torch.bfloat16, 6, 40), (torch.bfloat16, 2, 40)}
    torch.testing.assert_close(cut, whole, rtol=1e-3, atol=1e-3)
