"""A prepared job trained by one process and by two: the same losses."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from accelerate.commands.config.config_args import load_config_from_file

from mucpt_utils import paths
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring import models
from mucpt_utils.study import launch
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences

CONTEXT = 16


@pytest.fixture
def job(tiny_model, tmp_path):
    """A function that lays out a tiny job and returns its folder."""
    tiny_model().save_pretrained(tmp_path / "start")
    rng = np.random.default_rng(0)
    shape = (48, CONTEXT)
    data = Sequences(
        rng.integers(1, 40, shape).astype(np.uint16),
        rng.random(shape).astype(np.float32) * 2,
        scored=np.ones(48, bool),
    )

    def make(name, **changes):
        options = {"tokens": 1, "batch_sequences": 8, "checkpoints": 0, "learning_rate": 1e-3}
        train = TrainSettings(**{**options, **changes})
        laid = launch.LaunchJob(arm="plain", seed=0, train=train)
        launch.write_job(tmp_path / name, laid, data, tmp_path / "start")
        return tmp_path / name

    return make


def trained_by(processes, folder):
    """Losses of every step, from a real `torchrun`; fails with what the processes said."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", "mucpt_utils", "launch", "train"]
    done = subprocess.run(
        [*command, str(folder)],
        env={**os.environ, "PYTHONPATH": str(paths.ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((folder / "trained" / "losses.json").read_text())


@pytest.mark.parametrize("optimiser", ["muon", "adamw"])
def test_two_processes_have_the_losses_of_one(job, optimiser):
    alone = trained_by(1, job("one", optimiser=optimiser))
    together = trained_by(2, job("two", optimiser=optimiser))
    assert len(alone) == 6 and alone[-1] != alone[0]
    assert together == pytest.approx(alone, abs=1e-4)


def test_a_step_that_cannot_be_shared_out_is_refused(job, monkeypatch):
    folder = job("odd")
    monkeypatch.setattr(trainer, "processes", lambda: 3)
    with pytest.raises(ValueError, match=r"no multiple of accumulate=1 \* 3 processes"):
        launch.train(folder)


def test_a_job_is_read_as_it_was_written(job):
    folder = job("same")
    data = launch.read_sequences(folder)
    assert data.tokens.shape == (48, CONTEXT) and data.reference is None and data.base is None
    assert isinstance(data.tokens, np.memmap)
    laid = launch.LaunchJob.model_validate_json((folder / "job.json").read_text())
    assert laid.train.batch_sequences == 8 and laid.criterion is None
    with_criterion = laid.model_copy(update={"criterion": Criterion(numerator="dynamic")})
    again = launch.LaunchJob.model_validate_json(with_criterion.model_dump_json())
    assert again.criterion == with_criterion.criterion


def test_prepare_train_and_measure_make_a_run(tmp_path, capsys):
    """The whole way, one process, at the size of a test."""
    small = ["base.tokens=3000", "reference_training.tokens=2000", "train.tokens=3000"]
    small += ["reference.temperatures=[1.0]", "evaluation.general_questions=4"]
    overrides = [part for pair in small for part in ("--set", pair)]
    folder = str(tmp_path / "job")
    assert launch.main(["prepare", "smoke", "soft_dynamic", "0", folder, *overrides]) == 0
    assert launch.main(["train", folder]) == 0
    assert launch.main(["measure", "smoke", folder, *overrides]) == 0
    answers = (tmp_path / "job" / "answers.jsonl").read_text().splitlines()
    assert len(answers) > 10 and json.loads(answers[0])["tokens"] > 0
    assert models.load(tmp_path / "job" / "trained").config.vocab_size == 1024
    assert launch.main(["prepare", "smoke", "base", "0", folder]) == 2
    assert "allowed: plain" in capsys.readouterr().err
    assert launch.main(["train", str(tmp_path)]) == 2


@pytest.mark.parametrize("name, processes", [("one_node", 8), ("several_nodes", 128)])
def test_launchers_are_settings_that_accelerate_takes(name, processes):
    file = paths.PACKAGE / "study" / "launchers" / f"fsdp_{name}.yaml"
    config = load_config_from_file(str(file))
    assert config.num_processes == processes and config.num_machines == processes // 8
    assert config.distributed_type.value == "FSDP" and config.mixed_precision == "bf16"
