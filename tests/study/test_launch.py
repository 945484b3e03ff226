"""A prepared job trained by one process and by two, whole or in shards: the same model."""

import json
import subprocess
from dataclasses import fields

import launched
import numpy as np
import pytest
import torch
from accelerate.commands.config.config_args import load_config_from_file
from smallest import SMALLEST
from transformers import AutoModelForCausalLM, Gemma3TextConfig, GPT2Config, LlamaConfig

from mucpt_utils import paths
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring import models
from mucpt_utils.study import launch, launch_command, runs
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences

CONTEXT = 16
RHO1 = Criterion(numerator="dynamic", compare="difference", form="step", keep=0.6)
ONE_NODE = paths.PACKAGE / "study" / "launchers" / "fsdp_one_node.yaml"


@pytest.fixture
def job(tiny_model, tmp_path):
    """A function that lays out a tiny job and returns its folder."""
    tiny_model().save_pretrained(tmp_path / "start")
    rng = np.random.default_rng(0)
    shape = (48, CONTEXT)
    data = Sequences(
        rng.integers(1, 40, shape).astype(np.uint16),
        rng.random(shape).astype(np.float32) * 2,
        (rng.random(shape) * 6).astype(np.float16),
        scored=np.ones(48, bool),
    )

    def make(name, criterion=None, **changes):
        options = {"tokens": 1, "batch_sequences": 8, "checkpoints": 0, "learning_rate": 1e-3}
        train = TrainSettings(**{**options, **changes})
        laid = launch.LaunchJob(arm="some", seed=0, train=train, criterion=criterion)
        launch.write_job(tmp_path / name, laid, tmp_path / "start")
        for field in fields(data):
            if (values := getattr(data, field.name)) is not None:
                np.save(tmp_path / name / f"{field.name}.npy", values)
        return tmp_path / name

    return make


def train_by(processes, *folders, killed_at=-1, **environment):
    """Train jobs one after another in a real `torchrun` of several processes."""
    command = launched.command(folders[0] / "process.py", processes, killed_at, **environment)
    done = subprocess.run([*command, "train", *folders], capture_output=True, text=True)
    assert (done.returncode == 0) == (killed_at < 0), done.stderr[-3000:]


def left_in(folder):
    """The losses of every step and the parameters that a training left."""
    losses = json.loads((folder / "trained" / "losses.json").read_text())
    return losses, dict(models.load(folder / "trained").named_parameters())


def alone(folder):
    """What training in this process leaves."""
    assert launch_command.main(["train", str(folder)]) == 0
    return left_in(folder)


def same_weights(one, other):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=2e-5)


def test_two_processes_make_the_model_of_one(job):
    """Also where a criterion keeps a share of a step: of the whole step, however it is cut."""
    pairs = []
    for optimiser, criterion, accumulate in (("muon", None, 1), ("adamw", RHO1, 2)):
        one = job(f"{optimiser} by one", criterion, optimiser=optimiser)
        cut = {"optimiser": optimiser, "accumulate": accumulate}
        pairs.append((alone(one), job(f"{optimiser} by two", criterion, **cut)))
    train_by(2, *(folder for _, folder in pairs))
    for (losses, weights), folder in pairs:
        assert len(losses) == 6 and losses[-1] != losses[0]
        shared, shared_weights = left_in(folder)
        assert shared == pytest.approx(losses, abs=1e-4)
        same_weights(shared_weights, weights)
        assert [path.name for path in folder.glob("read_by_*")] == ["read_by_0"]


def test_shards_of_the_launchers_settings_make_the_model_of_one_also_after_a_kill(job):
    """A vocabulary too large for whole logits, activations computed twice, sharded checkpoints."""
    losses, weights = alone(job("one", RHO1, optimiser="adamw"))
    folder = job("shards", RHO1, optimiser="adamw", checkpoints=1)
    shards = launched.as_launched(ONE_NODE)
    train_by(2, folder, killed_at=4, **shards)
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["checkpoint-3"]
    train_by(2, folder, **shards)
    resumed, shared_weights = left_in(folder)
    assert resumed == pytest.approx(losses[3:], abs=1e-4)
    same_weights(shared_weights, weights)
    assert [path.name for path in folder.glob("read_by_*")] == ["read_by_0"]


def small(config, **changes):
    return config(vocab_size=40, num_hidden_layers=2, num_attention_heads=2, **changes)


SIZES = {"hidden_size": 16, "intermediate_size": 24}
FAMILIES = {
    "tied": small(LlamaConfig, **SIZES, tie_word_embeddings=True),
    "untied": small(LlamaConfig, **SIZES, tie_word_embeddings=False),
    "gpt2": GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, n_positions=64),
    "gemma3": small(Gemma3TextConfig, **SIZES, num_key_value_heads=1, head_dim=8),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_an_unfilled_model_is_the_read_one_but_for_its_weights(name, tmp_path):
    AutoModelForCausalLM.from_config(FAMILIES[name]).to(torch.bfloat16).save_pretrained(tmp_path)
    read, unfilled = models.load(tmp_path, torch.float32), models.unfilled(tmp_path)
    assert {n: p.shape for n, p in unfilled.named_parameters()} == {
        n: p.shape for n, p in read.named_parameters()
    }, "the same parameters, tied where they are"
    assert all(p.dtype == torch.float32 and p.is_cpu for p in unfilled.parameters())
    unfilled.load_state_dict(read.state_dict())
    ids = torch.arange(12)[None]
    with torch.no_grad():
        assert torch.equal(read(input_ids=ids).logits, unfilled.eval()(input_ids=ids).logits)


def test_a_step_that_cannot_be_shared_out_is_refused(job, monkeypatch, capsys):
    folder = job("odd")
    monkeypatch.setattr(trainer, "processes", lambda: 3)
    assert launch_command.main(["train", str(folder)]) == 2
    assert "no multiple of accumulate=1 * 3 processes" in capsys.readouterr().err


@pytest.mark.parametrize("seed", ["-1", "one", "0.5"])
def test_a_seed_is_a_whole_number(seed, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        launch_command.main(["prepare", "smoke", "plain", seed, str(tmp_path)])
    assert ended.value.code == 2
    assert f"{seed!r} is no whole number from 0 on" in capsys.readouterr().err


def test_a_model_that_is_not_whole_is_one_line(job, capsys):
    folder = job("cut off")
    (folder / "model" / "model.safetensors").write_bytes(b"{")
    assert launch_command.main(["train", str(folder)]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "cannot be loaded" in said


def test_a_job_goes_on_from_its_own_checkpoints_alone(job):
    """Prepared again, as where a queue starts it anew, it keeps them; another job removes them."""
    folder = job("reused")
    laid = launch.LaunchJob.model_validate_json((folder / "job.json").read_text())
    for name in ("checkpoints/checkpoint-3/trainer_state.json", "trained/config.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("{}")
    for name in ("responses.jsonl", "answers.jsonl", "text.json", "of_the_user.log"):
        (folder / name).touch()
    before = sorted(folder.rglob("*"))
    assert launch.is_prepared(folder, laid)
    assert sorted(folder.rglob("*")) == before
    assert not launch.is_prepared(folder, laid.model_copy(update={"made_from": "other text"}))
    launch.clear(folder)
    assert [path.name for path in folder.iterdir()] == ["of_the_user.log"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("job.json", b"{", "job.json: not as `launch prepare` writes it"),
        ("job.json", b'{"arm": "plain", "seed": 0, "pace": 1}', "not as `launch prepare` writes"),
        ("tokens.npy", b"", "the arrays of its job are not whole"),
        ("tokens.npy", None, "the arrays of its job are not whole"),
        ("weights.npy", "cut off", "the arrays of its job are not whole"),
    ],
)
def test_a_damaged_job_is_one_line(job, name, content, told, capsys):
    path = job("damaged") / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-50] if content == "cut off" else content)
    assert launch_command.main(["train", str(path.parent)]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


@pytest.mark.parametrize("name", ["model/weights.bin", "checkpoints/mine", "responses.jsonl"])
def test_a_folder_with_files_of_another_kind_is_left_alone(name, tmp_path, capsys):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("of the user")
    assert launch_command.main(["prepare", "smoke", "plain", "0", str(tmp_path)]) == 2
    assert f"{tmp_path} holds no job, but {name.split('/')[0]}, in" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "of the user"


def test_a_job_whose_making_was_cut_off_is_made_anew(job):
    folder = job("cut off")
    (folder / "job.json").unlink()
    launch.check_own(folder)


def test_a_job_is_read_as_it_was_written(job):
    folder = job("same")
    data = launch.read_sequences(folder)
    assert data.tokens.shape == (48, CONTEXT) and data.entropies is None and data.base is None
    assert isinstance(data.tokens, np.memmap)
    laid = launch.LaunchJob.model_validate_json((folder / "job.json").read_text())
    assert laid.train.batch_sequences == 8 and laid.criterion is None
    with_criterion = laid.model_copy(update={"criterion": Criterion(numerator="dynamic")})
    again = launch.LaunchJob.model_validate_json(with_criterion.model_dump_json())
    assert again.criterion == with_criterion.criterion


def test_prepare_train_and_measure_make_a_run(tmp_path, capsys, monkeypatch):
    """The whole way, one process, on the text and the base of the smallest study."""
    small = [*SMALLEST, "train.tokens=3000", "evaluation.general_questions=4"]
    small += ["train.precision=bfloat16"]
    ask, asked_in = runs.ask, []

    def noted(*arguments):
        asked_in.append(torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else 0)
        ask(*arguments)

    monkeypatch.setattr(runs, "ask", noted)
    overrides = [part for pair in small for part in ("--set", pair)]
    folder = str(tmp_path / "job")
    assert launch_command.main(["prepare", "smoke", "soft_dynamic", "0", folder, *overrides]) == 0
    written = (tmp_path / "job" / "tokens.npy").stat()
    assert launch_command.main(["prepare", "smoke", "soft_dynamic", "0", folder, *overrides]) == 0
    assert (tmp_path / "job" / "tokens.npy").stat().st_ino == written.st_ino, "the same job"
    assert launch_command.main(["train", folder]) == 0
    assert launch_command.main(["measure", "smoke", folder]) == 2, "with other settings"
    assert "was prepared for smoke with other settings than" in capsys.readouterr().err
    assert launch_command.main(["measure", "smoke", folder, *overrides]) == 0
    assert asked_in == [torch.bfloat16], "in the precision in which it was trained"
    answers = (tmp_path / "job" / "answers.jsonl").read_text().splitlines()
    assert len(answers) > 10 and json.loads(answers[0])["tokens"] > 0
    assert models.load(tmp_path / "job" / "trained").config.vocab_size == 1024
    assert launch_command.main(["prepare", "smoke", "base", "0", folder]) == 2
    assert "allowed: plain" in capsys.readouterr().err
    assert launch_command.main(["train", str(tmp_path)]) == 2


@pytest.mark.parametrize("name, processes", [("one_node", 8), ("several_nodes", 128)])
def test_launchers_are_settings_that_accelerate_takes(name, processes):
    file = paths.PACKAGE / "study" / "launchers" / f"fsdp_{name}.yaml"
    config = load_config_from_file(str(file))
    assert config.num_processes == processes and config.num_machines == processes // 8
    assert config.distributed_type.value == "FSDP" and config.mixed_precision == "bf16"
