"""Training: equal steps however they are cut, the same weights after a kill, the right loss."""

import copy
import gc
import os
import signal
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    TrainingArguments,
)

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.paths import ROOT
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.losses import score, token_losses
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences, steps_for
from mucpt_utils.training.muon import BatchedMuon, MuonAdamW, hidden_matrices, orthogonalised
from mucpt_utils.training.precision import PrecisionError, uses_bfloat16
from mucpt_utils.training.trainer import WeightedTrainer, batch_weights, train

CONTEXT = 16
DYNAMIC = Criterion(numerator="dynamic", form="power")
SCHEDULED = Criterion(
    numerator="dynamic", form="power", warmup=0.2, static_share=0.6, floor_start=2.0
)


@pytest.fixture(scope="module", autouse=True)
def small_heap():
    """Each run ends with a garbage collection, most of it over modules that stay anyway."""
    gc.freeze()
    yield
    gc.unfreeze()


def data(sequences=48, weights=False, reference=False, seed=0):
    """Random sequences; every fourth is replay."""
    rng = np.random.default_rng(seed)
    shape = (sequences, CONTEXT)
    scored = np.arange(sequences) % 4 != 3
    return Sequences(
        rng.integers(1, 40, shape).astype(np.uint16),
        np.where(scored[:, None], rng.random(shape) * 2, 1).astype(np.float32) if weights else None,
        (rng.random(shape) * 6).astype(np.float16) if reference else None,
        scored=scored,
    )


def settings(**changes):
    options = {"tokens": 1, "batch_sequences": 8, "checkpoints": 0, "optimiser": "adamw"}
    return TrainSettings(**{**options, **changes})


def weights_of(model):
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def distance(a, b):
    """Largest difference between two sets of weights."""
    assert a.keys() == b.keys()
    return max((a[name] - b[name]).abs().max().item() for name in a)


@pytest.fixture
def run(tiny_model, tmp_path):
    """A function that trains a fresh tiny model and returns its weights."""

    def go(sequences, options, folder="run", seed=0, **keywords):
        model = train(tiny_model(seed), sequences, options, tmp_path / folder, seed=0, **keywords)
        return weights_of(model)

    return go


class Killed(Exception):
    """Stands for the end of a process."""


def killer(at):
    """A measure that ends the run when `at` tokens have been seen."""

    def measure(model, seen):
        if seen == at:
            raise Killed

    return measure


def tokens_at(step, options):
    return step * options.batch_sequences * CONTEXT


# --- one step, however it is cut ----------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_accumulated_micro_batches_are_one_batch(run, weighted):
    sequences = data(weights=weighted)
    whole, halves, quarters = (
        run(sequences, settings(accumulate=n, learning_rate=1e-3)) for n in (1, 2, 4)
    )
    assert distance(whole, halves) < 1e-6
    assert distance(whole, quarters) < 1e-6


RHO1 = Criterion(numerator="dynamic", compare="difference", form="step", keep=0.6)


@pytest.mark.parametrize("criterion", [DYNAMIC, RHO1, SCHEDULED], ids=["soft", "step", "scheduled"])
def test_means_and_top_shares_are_of_the_whole_step(run, tmp_path, criterion):
    """Of a step that is cut, not of each part: the weights that were given show it as well."""
    sequences = data(weights=True, reference=True)
    sequences = replace(sequences, base=sequences.reference[::-1].copy())
    options = [settings(accumulate=n, learning_rate=1e-3) for n in (1, 4)]
    given, trained = [], []
    for number, option in enumerate(options):
        given.append(trainer.kept_weights(tmp_path / f"{number}.npy", sequences))
        trained.append(run(sequences, option, str(number), criterion=criterion, given=given[-1]))
    assert distance(*trained) < 1e-6
    np.testing.assert_allclose(*given, rtol=2e-3, atol=1e-3)
    rows = given[1][8:16].astype(float)[sequences.scored[8:16]]
    parts = [rows[:2], rows[2:3], rows[3:5], rows[5:]]  # micro-batches, without their replay
    assert np.mean(rows) == pytest.approx(1, abs=1e-3)
    assert max(abs(part.mean() - 1) for part in parts) > 0.01


@pytest.mark.parametrize("keywords", [True, False], ids=["with kwargs", "without"])
@pytest.mark.parametrize("accumulate", [1, 4])
def test_a_step_follows_the_gradient_of_the_mean_loss(
    tiny_model, tmp_path, monkeypatch, accumulate, keywords
):
    """AdamW hides a wrong scale of the gradient; plain gradient descent shows it.

    Trainer treats models whose forward takes no further keywords in another way.
    """
    sequences, model = data(8), tiny_model()
    ids = torch.from_numpy(sequences.tokens.astype(np.int64))
    model(input_ids=ids, labels=ids).loss.backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    assert sum(g.square().sum() for g in gradients.values()) < 1, "nothing is clipped"
    model.zero_grad()
    before = weights_of(model)
    if not keywords:
        forward = model.forward
        model.forward = lambda input_ids: forward(input_ids=input_ids)

    monkeypatch.setattr(
        trainer, "make_optimiser", lambda m, s: torch.optim.SGD(m.parameters(), 0.1)
    )
    train(model, sequences, settings(accumulate=accumulate, warmup=0), tmp_path, seed=0)
    after = weights_of(model)
    for name, gradient in gradients.items():
        torch.testing.assert_close(after[name], before[name] - 0.1 * gradient)


def test_the_weights_move_what_is_learnt(run):
    """The test above would hold for weights that are never used."""
    plain = run(data(), settings())
    assert distance(plain, run(data(weights=True), settings())) > 1e-3


def test_a_batch_that_cannot_be_cut_is_refused(run):
    with pytest.raises(
        ValueError, match="batch_sequences=8 is (no|not a) multiple of accumulate=3"
    ):
        run(data(), settings(accumulate=3))


def test_less_than_one_batch_is_refused(run):
    """Trainer would otherwise take 0 steps for `no limit` and train for three epochs."""
    with pytest.raises(ValueError, match="7 sequences .* batch_sequences=8"):
        run(data(7), settings())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_document_attention_is_cut_like_any_other(run, accumulate):
    blocked = replace(data(weights=True), segments=np.repeat([[0] * 6 + [1] * 10], 48, axis=0))
    whole = run(blocked, settings(learning_rate=1e-3))
    assert distance(whole, run(blocked, settings(accumulate=accumulate, learning_rate=1e-3))) < 1e-6
    assert distance(whole, run(data(weights=True), settings(learning_rate=1e-3))) > 1e-5


# --- order, budget, progress ----------------------------------------------------------------------


@pytest.fixture
def seen_batches(monkeypatch):
    """The rows that the model is trained on, in order."""
    rows, compute = [], WeightedTrainer.compute_loss

    def spy(self, model, inputs, *args, **kwargs):
        rows.extend(inputs["input_ids"].tolist())
        return compute(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(WeightedTrainer, "compute_loss", spy)
    return rows


@pytest.mark.parametrize("accumulate", [1, 2])
def test_data_is_read_once_in_its_order(run, seen_batches, accumulate):
    sequences = data(44)
    run(sequences, settings(accumulate=accumulate))
    assert seen_batches == sequences.tokens[:40].tolist(), "five whole batches of eight"


def test_progress_and_measures_count_tokens(run):
    measured, reported, modes = [], [], []

    def measure(model, seen):
        measured.append(seen)
        modes.append(model.training)

    options = settings(accumulate=2)
    run(data(), options, measure_steps=(2, 6), measure=measure, report=reported.append)
    assert measured == [tokens_at(2, options), tokens_at(6, options)]
    assert modes == [False, False], "measured in evaluation mode"
    assert reported == [8 * CONTEXT] * 6


def test_measuring_changes_nothing(run):
    def measure(model, seen):
        model(input_ids=torch.ones((1, 4), dtype=torch.long))

    once = run(data(), settings(), measure_steps=(1, 3), measure=measure)
    assert distance(once, run(data(), settings())) == 0


@pytest.mark.parametrize("tokens, steps", [(1, 1), (1023, 1), (1024, 2), (1536, 3), (2000, 3)])
def test_steps_for_a_budget(tokens, steps):
    assert steps_for(settings(tokens=tokens), context=64) == steps


def test_the_model_comes_back_ready_and_checkpoints_are_gone(tiny_model, tmp_path):
    model = train(tiny_model(), data(), settings(checkpoints=2), tmp_path, seed=0)
    assert not model.training
    assert list(tmp_path.iterdir()) == []


def test_training_learns(run, tiny_model):
    """A sequence that repeats is predicted better afterwards, by both optimisers."""
    rows = np.tile(np.arange(1, CONTEXT + 1, dtype=np.uint16), (96, 1))
    ids = torch.from_numpy(rows[:1].astype(np.int64))
    before = tiny_model()(input_ids=ids, labels=ids).loss.item()
    for optimiser in ("adamw", "muon"):
        options = settings(optimiser=optimiser, learning_rate=0.02)
        model = tiny_model()
        model.load_state_dict(run(Sequences(rows), options), strict=False)
        after = model.eval()(input_ids=ids, labels=ids).loss.item()
        assert after < before - 0.5, (optimiser, before, after)


# --- a kill and what follows ----------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
@pytest.mark.parametrize("kind", ["plain", "dynamic", "scheduled"])
def test_a_killed_and_resumed_run_has_the_same_weights(run, optimiser, kind, seen_batches):
    extra = {} if kind == "plain" else {"criterion": DYNAMIC if kind == "dynamic" else SCHEDULED}
    sequences = data(64, weights=kind != "plain", reference=kind != "plain")
    sequences = replace(sequences, base=sequences.reference)
    options = settings(optimiser=optimiser, checkpoints=2, accumulate=2)
    expected = run(sequences, options, "whole", **extra)
    step = {"measure_steps": (5,), "measure": killer(tokens_at(5, options))}
    with pytest.raises(Killed):
        run(sequences, options, "killed", **step, **extra)
    seen_batches.clear()
    # another seed of the model: all weights must come from the checkpoint
    resumed = run(sequences, options, "killed", seed=9, **extra)
    assert distance(resumed, expected) == 0
    assert seen_batches == sequences.tokens[24:].tolist(), "went on behind step 3"


@pytest.mark.parametrize("damage", ["state is missing", "state is cut off"])
def test_a_checkpoint_that_was_being_written_is_passed_over(run, tmp_path, damage):
    """A kill during a save leaves a folder without its end; the one before it is whole."""
    options, sequences = settings(checkpoints=3), data(64)
    expected = run(sequences, options, "whole")
    step = {"measure_steps": (5,), "measure": killer(tokens_at(5, options))}
    with pytest.raises(Killed):
        run(sequences, options, "killed", **step)
    last = tmp_path / "killed" / "checkpoints" / "checkpoint-6"
    last.mkdir()
    (last / "config.json").write_text("{")
    if damage == "state is cut off":
        (last / "trainer_state.json").write_text('{"best_global_step": nu')
    assert distance(run(sequences, options, "killed", seed=9), expected) == 0


def test_checkpoints_that_were_being_removed_are_passed_over(run, tmp_path, monkeypatch):
    """Without its weights a checkpoint would end every attempt to go on."""
    options, sequences = settings(checkpoints=2), data(64)
    expected = run(sequences, options, "whole")

    def remove_one_file(folder, **_):
        next(folder.glob("*/model.safetensors")).unlink()
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(trainer, "shutil", SimpleNamespace(rmtree=remove_one_file))
        run(sequences, options, "killed")
    assert distance(run(sequences, options, "killed"), expected) == 0


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
import numpy as np
from mucpt_utils.scoring.models import from_scratch
from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.training.batches import Sequences
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.training.trainer import train
import torch

folder = Path(sys.argv[1])
torch.set_num_threads(1)
options = TrainSettings.model_validate_json((folder / "settings.json").read_text())
model = from_scratch(
    ModelSettings(hidden_size=16, layers=2, heads=2, intermediate_size=24, context=32), 40, 0
)
train(model, Sequences(np.load(folder / "tokens.npy")), options, folder, seed=0,
      measure_steps=(5,), measure=lambda *_: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_process_killed_for_good_is_resumed_by_another(run, tmp_path):
    options, sequences = settings(optimiser="muon", checkpoints=3), data(64)
    folder = tmp_path / "killed"
    folder.mkdir()
    (folder / "settings.json").write_text(options.model_dump_json())
    np.save(folder / "tokens.npy", sequences.tokens)
    process = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert [p.name for p in (folder / "checkpoints").iterdir()] == ["checkpoint-4"]
    plain = replace(sequences, scored=None)
    resumed = run(plain, options, "killed", seed=9)
    assert distance(resumed, run(plain, options, "whole")) == 0


# --- the loss -------------------------------------------------------------------------------------


@pytest.fixture
def make_trainer(tiny_model, tmp_path):
    """A trainer that is only asked for losses."""

    def make(criterion=None):
        from transformers import TrainingArguments

        arguments = TrainingArguments(str(tmp_path), report_to=[])
        return WeightedTrainer(model=tiny_model(), args=arguments, criterion=criterion)

    return make


def batch(sequences, rows=8):
    items = [sequences[i] for i in range(rows)]
    return {key: torch.stack([item[key] for item in items]) for key in items[0]}


@pytest.mark.parametrize("count", [None, 8 * (CONTEXT - 1)])
def test_weights_of_one_are_the_plain_loss_of_transformers(make_trainer, count):
    ones = replace(data(), weights=np.ones((48, CONTEXT), np.float32))
    made, inputs = make_trainer(), batch(ones)
    loss = made.compute_loss(made.model, inputs, num_items_in_batch=count)
    plain = made.model(input_ids=inputs["input_ids"], labels=inputs["input_ids"]).loss
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)


def test_the_weighted_loss_by_hand(make_trainer):
    made, inputs = make_trainer(), batch(data(weights=True))
    loss = made.compute_loss(made.model, inputs)
    chances = made.model(input_ids=inputs["input_ids"]).logits.log_softmax(-1)
    expected = 0.0
    for row in range(8):
        for place in range(1, CONTEXT):
            token = inputs["input_ids"][row, place]
            weight = inputs["weights"][row, place]
            expected -= weight * chances[row, place - 1, token] / (8 * (CONTEXT - 1))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_dynamic_weights_are_the_loss_ratio_of_the_batch(make_trainer):
    made, inputs = make_trainer(DYNAMIC), batch(data(reference=True))
    losses = token_losses(made.model(input_ids=inputs["input_ids"]).logits, inputs["input_ids"])
    mask = inputs["scored"][:, None].expand_as(losses).float()
    weights = batch_weights(losses.detach(), inputs, DYNAMIC)
    assert weights.shape == (8, CONTEXT - 1)
    assert (weights[~inputs["scored"]] == 1).all(), "replay keeps weight 1"
    domain = weights[inputs["scored"]]
    assert domain.mean().item() == pytest.approx(1, abs=1e-5) and domain.std() > 0.05
    expected = token_weights(losses, inputs["reference"][:, 1:], mask, DYNAMIC)
    assert torch.allclose(domain, expected[inputs["scored"]])


def test_dynamic_weights_are_multiplied_with_fixed_ones(make_trainer):
    inputs = batch(data(weights=True, reference=True))
    losses = torch.full((8, CONTEXT - 1), 2.0)
    inputs["reference"] = torch.full((8, CONTEXT), 2.0)
    weights = batch_weights(losses, inputs, DYNAMIC)[inputs["scored"]]
    fixed = inputs["weights"][:, 1:][inputs["scored"]]
    assert torch.allclose(weights, fixed / fixed.mean())


def one_row(**values):
    """A batch of one domain row; values are those of the predicted tokens."""
    rows = {name: torch.tensor([[9.0, *row]]) for name, row in values.items()}
    return {"scored": torch.tensor([True]), **rows}


def test_tokens_that_are_not_learnt_are_not_compared():
    """By hand: of three that are, the two of largest excess loss are kept; the mean is over all."""
    inputs = one_row(weights=[1, 1, 0, 2], reference=[0, 0, 0, 0])
    criterion = Criterion(numerator="dynamic", compare="difference", form="step", keep=0.5)
    weights = batch_weights(torch.tensor([[3.0, 1, 9, 2]]), inputs, criterion)
    assert weights.tolist() == [pytest.approx([4 / 3, 0, 0, 8 / 3])]


def test_entropies_are_those_of_the_predicted_tokens():
    inputs = one_row(reference=[7, 7, 7, 7], entropies=[1, 2, 3, 4])
    criterion = Criterion(
        numerator="dynamic", denominator="entropy", form="power", high=9, floor=1e-6
    )
    weights = batch_weights(torch.tensor([[1.0, 4, 3, 8]]), inputs, criterion)
    assert weights.tolist() == [pytest.approx([2 / 3, 4 / 3, 2 / 3, 4 / 3], rel=1e-5)]


def test_the_head_of_a_row_is_not_judged_and_keeps_weight_one():
    """Whatever the losses there are, what is judged is weighed as if the head were not there."""
    inputs, skipped = batch(data(reference=True)), 3
    whole = DYNAMIC.model_copy(update={"least_context": skipped})
    losses = torch.rand(8, CONTEXT - 1) * 6
    weights = batch_weights(losses, inputs, whole)[inputs["scored"]]
    assert torch.allclose(weights[:, :skipped], torch.ones(()))
    rest = {
        key: inputs[key][:, skipped:] if inputs[key].ndim == 2 else inputs[key] for key in inputs
    }
    alone = batch_weights(losses[:, skipped:], rest, DYNAMIC)[inputs["scored"]]
    assert torch.allclose(weights[:, skipped:], alone, atol=1e-6)
    changed = losses.clone()
    changed[:, :skipped] += 5
    assert torch.equal(batch_weights(changed, inputs, whole)[inputs["scored"]], weights)


def test_a_batch_of_replay_alone_has_weight_one():
    inputs = batch(data(reference=True))
    inputs["scored"][:] = False
    assert (batch_weights(torch.rand(8, CONTEXT - 1), inputs, DYNAMIC) == 1).all()


@pytest.mark.parametrize("criterion", [DYNAMIC, DYNAMIC.model_copy(update={"form": "log"})])
def test_no_gradient_flows_through_dynamic_weights(make_trainer, criterion):
    made, inputs = make_trainer(criterion), batch(data(reference=True))
    losses = token_losses(made.model(input_ids=inputs["input_ids"]).logits, inputs["input_ids"])
    fixed = batch_weights(losses.detach(), inputs, criterion)
    (losses * fixed).mean().backward()
    expected = {n: p.grad.clone() for n, p in made.model.named_parameters()}
    made.model.zero_grad()
    made.compute_loss(made.model, inputs).backward()
    for name, parameter in made.model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name])


def test_the_base_is_compared_as_long_as_the_criterion_says():
    inputs = batch(data(reference=True))
    inputs["base"] = torch.rand(8, CONTEXT) * 6
    live = torch.rand(8, CONTEXT - 1) * 6
    early, late = (batch_weights(live, inputs, SCHEDULED, p) for p in (0.3, 0.7))
    of_base = batch_weights(inputs["base"][:, 1:], inputs, SCHEDULED.at(0.3))
    of_model = batch_weights(live, inputs, SCHEDULED.at(0.7))
    assert torch.equal(early, of_base) and torch.equal(late, of_model)
    assert (batch_weights(live, inputs, SCHEDULED, 0.1) == 1).all(), "warm-up"
    # the base read whole documents: the head of a row is judged like the rest
    skipping = SCHEDULED.model_copy(update={"least_context": 3})
    assert torch.equal(batch_weights(live, inputs, skipping, 0.3), early)


def test_weights_follow_the_steps_and_are_kept(run, tmp_path):
    """What is kept is what was used: 1 in the warm-up, then of the base, then of the model."""
    sequences = replace(data(80, reference=True), base=np.full((80, CONTEXT), 3, np.float16))
    given = trainer.kept_weights(tmp_path / "weights.npy", sequences)
    run(sequences, settings(accumulate=2), criterion=SCHEDULED, given=given)
    kept = np.load(tmp_path / "weights.npy").astype(np.float32)
    assert kept.shape == (80, CONTEXT - 1)
    assert (kept[:16] == 1).all(), "two of ten steps warm up"
    assert (kept[~sequences.scored] == 1).all(), "replay"
    for start in range(16, 48, 8):  # a step, while the base is compared
        inputs = {
            key: torch.stack([sequences[i][key] for i in range(start, start + 8)])
            for key in ("reference", "scored", "base")
        }
        wanted = batch_weights(torch.zeros(8, CONTEXT - 1), inputs, SCHEDULED, start // 8 / 10)
        np.testing.assert_allclose(kept[start : start + 8], wanted, rtol=2e-3)
    found = trainer.kept_weights(tmp_path / "weights.npy", sequences)
    np.testing.assert_array_equal(found, kept)


def test_a_step_is_the_same_on_a_machine_with_several_gpus(run, monkeypatch):
    """Trainer would put a copy of the model on each GPU that it sees, and a batch to each copy."""
    here, read = run(data(), settings(), "here"), []
    prepare, compute = TrainingArguments.__post_init__, WeightedTrainer.compute_loss

    def with_four_gpus(arguments):
        prepare(arguments)
        arguments._n_gpu = 4

    def noted(self, model, inputs, *rest, **more):
        read.append(inputs["row"].tolist())
        return compute(self, model, inputs, *rest, **more)

    monkeypatch.setattr(TrainingArguments, "__post_init__", with_four_gpus)
    monkeypatch.setattr(WeightedTrainer, "compute_loss", noted)
    assert distance(here, run(data(), settings(), "there")) == 0
    assert read == np.arange(48).reshape(6, 8).tolist(), "each row once, eight in a step"


# --- precision and memory -------------------------------------------------------------------------


def test_activations_may_be_computed_twice(run):
    assert distance(run(data(), settings()), run(data(), settings(recompute=True))) < 1e-6


def test_bfloat16_is_near_float32_and_not_the_same(run):
    exact = run(data(), settings(precision="float32"))
    near = run(data(), settings(precision="bfloat16"))
    assert all(value.dtype == torch.float32 for value in near.values())
    assert 1e-6 < distance(exact, near) < 1e-2


@pytest.mark.parametrize(
    ("precision", "tiles", "size", "expected"),
    [
        ("float32", True, 10**9, False),
        ("bfloat16", False, 1, True),
        ("auto", True, 10**9, True),
        ("auto", True, 10**6, False),
        ("auto", False, 10**9, False),
    ],
)
def test_bfloat16_where_the_processor_is_faster_in_it(
    monkeypatch, precision, tiles, size, expected
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles, raising=False)
    assert uses_bfloat16(precision, size) is expected


def test_a_gpu_without_bfloat16_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    # one that emulates it, as a T4
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
    )
    assert uses_bfloat16("auto", 10**9) is False
    with pytest.raises(PrecisionError, match="allowed: auto, float32"):
        uses_bfloat16("bfloat16", 10**9)


# --- attention inside documents -------------------------------------------------------------------


@pytest.fixture(scope="module")
def sensitive_model(tiny_model):
    """A tiny model whose logits depend on the whole context."""
    model = tiny_model(seed=1).eval()
    with torch.no_grad():
        model.model.embed_tokens.weight.mul_(40)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.mul_(1000)
    return model


def logits_of(model, ids, segments=None):
    positions = None if segments is None else trainer.segment_positions(segments)
    with torch.no_grad():
        return model(input_ids=ids, position_ids=positions, use_cache=False).logits


def test_logits_do_not_depend_on_the_document_before(sensitive_model):
    ids = torch.randint(1, 40, (1, 12), generator=torch.Generator().manual_seed(0))
    ids[0, 4] = 0
    other = ids.clone()
    other[0, :4] = torch.tensor([7, 8, 9, 10])
    segments = torch.tensor([[0] * 4 + [1] * 8])
    own = [logits_of(sensitive_model, x, segments)[:, 4:] for x in (ids, other)]
    assert torch.equal(*own)
    open_ = [logits_of(sensitive_model, x)[:, 4:] for x in (ids, other)]
    assert (open_[0] - open_[1]).abs().max() > 0.1, "the test can see the document before"
    alone = logits_of(sensitive_model, ids[:, 4:])
    torch.testing.assert_close(own[0], alone, rtol=1e-4, atol=1e-4)


def test_losses_in_a_packed_row_are_those_of_scoring(sensitive_model, store_of):
    """Cached losses and losses in training are one definition where attention is blocked."""
    store = store_of([9, 5, 14, 4])
    ids = torch.from_numpy(np.append(0, store.tokens).astype(np.int64))[None]
    lengths = np.diff(store.starts)
    lengths[-1] += 1  # the last end token opens nothing more
    segments = torch.from_numpy(np.repeat([0, 1, 2, 3], lengths))[None]
    packed = token_losses(logits_of(sensitive_model, ids, segments), ids)[0]
    cached = score(sensitive_model, store, 64)
    np.testing.assert_allclose(packed, cached, rtol=1e-3, atol=2e-3)
    seen = token_losses(logits_of(sensitive_model, ids), ids)[0].numpy()
    assert np.abs(seen - cached).max() > 0.1


def test_positions_begin_anew_with_each_document():
    positions = trainer.segment_positions(torch.tensor([[3, 3, 4, 5, 5, 5], [1, 1, 1, 1, 1, 1]]))
    assert positions.tolist() == [[0, 1, 0, 0, 1, 2], [0, 1, 2, 3, 4, 5]]


def sliding_model():
    """A tiny Gemma 3: three layers that see four tokens back, then one that sees all."""
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=60,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=4,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=4,
        layer_types=["sliding_attention"] * 3 + ["full_attention"],
        initializer_range=0.4,
    )
    return Gemma3ForCausalLM(config).eval()


def test_sliding_windows_hold_inside_packed_documents():
    model = sliding_model()
    first, second = torch.randint(4, 60, (2, 1, 14), generator=torch.Generator().manual_seed(1))
    packed = torch.cat([first, second], dim=1)
    segments = torch.tensor([[0] * 14 + [1] * 14])
    alone = torch.cat([logits_of(model, first), logits_of(model, second)], dim=1)
    torch.testing.assert_close(logits_of(model, packed, segments), alone, rtol=1e-4, atol=1e-4)
    model.config.layer_types[:] = ["full_attention"] * 4
    assert (logits_of(model, first) - alone[:, :14]).abs().max() > 0.1, "windows can be seen"


# --- optimisers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [True, False])
def test_muon_takes_the_hidden_matrices_only(tied):
    config = LlamaConfig(
        vocab_size=40,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=tied,
    )
    model = LlamaForCausalLM(config)
    names = {id(p): name for name, p in model.named_parameters()}
    matrices, rest = ({names[id(p)] for p in part} for part in hidden_matrices(model))
    assert len(matrices) == 2 * 7 and all("_proj.weight" in name for name in matrices)
    outside = {"model.embed_tokens.weight"} | (set() if tied else {"lm_head.weight"})
    assert {name for name in rest if "norm" not in name} == outside
    assert matrices | rest == set(names.values()) and not matrices & rest


def test_frozen_parameters_stay_out(tiny_model):
    model = tiny_model()
    model.model.layers[0].requires_grad_(False)
    chosen = {id(p) for part in hidden_matrices(model) for p in part}
    assert not chosen & {id(p) for p in model.model.layers[0].parameters()}


def take_steps(model, optimiser, steps):
    for step in range(steps):
        ids = torch.from_numpy(data(seed=step).tokens[:4].astype(np.int64))
        optimiser.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimiser.step()


@pytest.mark.parametrize("shape", [(6, 24), (24, 6), (12, 12)])
def test_orthogonalised_matrices_keep_their_singular_vectors(shape):
    source = torch.Generator().manual_seed(0)
    given = torch.randn(3, *shape, generator=source, dtype=torch.float64)
    left, _, right = torch.linalg.svd(given, full_matrices=False)
    # the cubic Newton-Schulz iteration converges to the polar factor
    exact = orthogonalised(given, (1.5, -0.5, 0.0), 60, 1e-7)
    torch.testing.assert_close(exact, left @ right)
    near = torch.linalg.svdvals(orthogonalised(given, (3.4445, -4.7750, 2.0315), 5, 1e-7))
    assert near.min() > 0.3 and near.max() < 1.3


def test_the_batched_muon_steps_as_the_one_of_torch(tiny_model):
    ours, theirs = tiny_model(), tiny_model()
    chosen = {"lr": 0.02, "weight_decay": 0.1, "adjust_lr_fn": "match_rms_adamw"}
    batched = BatchedMuon(hidden_matrices(ours)[0], **chosen)
    single = torch.optim.Muon(hidden_matrices(theirs)[0], **chosen)
    before = weights_of(ours)
    for _ in range(3):
        for model, optimiser in ((ours, batched), (theirs, single)):
            take_steps(model, optimiser, 1)
    moved = distance(weights_of(theirs), before)
    # torch's step is rounded to bfloat16, with 8 bits of precision
    assert distance(weights_of(ours), weights_of(theirs)) < 0.1 * moved


def test_the_state_of_both_parts_survives_a_round_trip(tiny_model, tmp_path):
    model = tiny_model()
    optimiser = MuonAdamW(model, 0.01, 0.1)
    take_steps(model, optimiser, 3)
    torch.save(optimiser.state_dict(), tmp_path / "optimizer.pt")

    twin = copy.deepcopy(model)
    loaded = MuonAdamW(twin, 0.5, 0.0)
    loaded.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    fresh = copy.deepcopy(model)
    for changed, by in ((model, optimiser), (twin, loaded), (fresh, MuonAdamW(fresh, 0.01, 0.1))):
        take_steps(changed, by, 3)
    assert distance(weights_of(model), weights_of(twin)) == 0
    assert distance(weights_of(model), weights_of(fresh)) > 1e-4, "the state matters"


def test_groups_are_shared_before_and_after_loading(tiny_model):
    optimiser = MuonAdamW(tiny_model(), 0.01, 0.1)
    for _ in range(2):
        own = [group for part in optimiser.parts for group in part.param_groups]
        assert len(own) == 2
        assert all(a is b for a, b in zip(optimiser.param_groups, own, strict=True))
        optimiser.load_state_dict(copy.deepcopy(optimiser.state_dict()))


def test_zero_grad_reaches_every_parameter(tiny_model):
    model = tiny_model()
    optimiser = MuonAdamW(model, 0.01, 0.0)
    take_steps(model, optimiser, 1)
    assert all(p.grad is not None for p in model.parameters())
    optimiser.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_closure_may_compute_gradients(tiny_model):
    model = tiny_model()
    optimiser = MuonAdamW(model, 0.01, 0.0)
    ids = torch.ones((1, 4), dtype=torch.long)

    def closure():
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        return loss

    before = weights_of(model)
    assert optimiser.step(closure).item() > 0
    assert distance(before, weights_of(model)) > 0


@pytest.mark.parametrize("resumed", [False, True], ids=["whole", "resumed"])
def test_the_schedule_sets_the_rate_of_both_parts(run, monkeypatch, resumed):
    made, rates = [], []
    build = trainer.make_optimiser

    def spy(*args):
        made.append(build(*args))
        return made[-1]

    def measure(model, seen):
        rates.append([g["lr"] for part in made[-1].parts for g in part.param_groups])

    monkeypatch.setattr(trainer, "make_optimiser", spy)
    options = settings(
        optimiser="muon", learning_rate=0.02, warmup=0.2, batch_sequences=4, checkpoints=1
    )
    sequences = data(80)  # 20 steps, of which 4 warm up
    if resumed:
        with pytest.raises(Killed):
            killing = killer(tokens_at(12, options))
            run(sequences, options, measure_steps=(12,), measure=killing)
    run(sequences, options, measure_steps=range(21), measure=measure)
    assert all(muon == adamw for muon, adamw in rates)
    steps = np.arange(11 if resumed else 1, 21)
    assert len(rates) == len(steps)
    # linear to the peak, then a cosine to a tenth of it; measured when the next rate is set
    cosine = 0.5 * (1 + np.cos(np.pi * (steps - 4) / 16))
    wanted = 0.02 * np.where(steps < 4, steps / 4, 0.1 + 0.9 * cosine)
    np.testing.assert_allclose([muon for muon, _ in rates], wanted, rtol=1e-6)


def test_weight_decay_and_rate_come_from_the_settings(tiny_model):
    for name in ("muon", "adamw"):
        options = settings(optimiser=name, learning_rate=0.007, weight_decay=0.03)
        for group in trainer.make_optimiser(tiny_model(), options).param_groups:
            assert group["lr"] == 0.007 and group["weight_decay"] == 0.03


# --- data and settings ----------------------------------------------------------------------------


def test_a_sequence_has_what_was_stored():
    sequences = data(weights=True, reference=True)
    item = sequences[3]
    assert item["input_ids"].dtype == torch.int64
    assert item["weights"].dtype == item["reference"].dtype == torch.float32
    assert item["scored"].item() is False and sequences[2]["scored"].item() is True
    np.testing.assert_array_equal(item["input_ids"], sequences.tokens[3])
    np.testing.assert_array_equal(item["weights"], sequences.weights[3])
    assert data()[0].keys() == {"input_ids", "row"}
    assert replace(sequences, scored=None)[3]["scored"].item() is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"optimiser": "sgd"},
        {"learning_rate": 0},
        {"warmup": 2},
        {"batch_sequences": 0},
        {"accumulate": 0},
        {"tokens": 0},
        {"momentum": 0.9},
    ],
)
def test_wrong_settings_are_refused_by_name(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        settings(**wrong)
