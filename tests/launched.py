"""Training by several processes on a processor, as `torchrun` and `accelerate` start them."""

import sys
from pathlib import Path

import yaml

from mucpt_utils import paths

# `launch train` of one job after another in each of several processes. It notes which of them reads
# a model's weights, and may be killed behind a step. Where it is asked for shards, accelerate is
# told that this processor is a device that can hold some (it cuts models for GPUs alone), and the
# head is applied in chunks. The processes are forks, which need not import torch once more.
PROCESS = """
import os, sys

from torch.distributed import run
from torch.distributed.launcher.api import elastic_launch

from mucpt_utils.scoring import losses, models
from mucpt_utils.study import launch, launch_command
from mucpt_utils.training.trainer import WeightedTrainer

killed_at, folders = int(sys.argv[2]), sys.argv[4:]
load, compute = models.load, WeightedTrainer.compute_loss

def noted(model, *arguments, **keywords):
    (model.parent / f"read_by_{os.environ['RANK']}").touch()
    return load(model, *arguments, **keywords)

def perhaps_killed(self, *arguments, **keywords):
    if self.state.global_step == killed_at:
        os._exit(9)
    return compute(self, *arguments, **keywords)

def process():
    models.load, WeightedTrainer.compute_loss = noted, perhaps_killed
    if "FSDP_VERSION" in os.environ:
        import torch.distributed
        from accelerate.state import DistributedType, PartialState

        torch.distributed.init_process_group("gloo")
        PartialState._prepare_backend = lambda *_: ("gloo", DistributedType.MULTI_XPU)
        losses.LOGITS, losses.CHUNK = 1, 40 * 4 * 5
    for folder in folders:
        if code := launch_command.main(["train", folder]):
            sys.exit(code)

options = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "--start-method", "fork"]
asked = run.parse_args([*options, "--nproc-per-node", sys.argv[1], __file__])
elastic_launch(run.config_from_args(asked)[0], process)()
"""


def command(script: Path, processes: int, killed_at: int = -1, **environment: str) -> list[str]:
    """What starts the processes; `train FOLDER...` follows. script: a file for what each runs."""
    script.write_text(PROCESS)
    settings = {"PYTHONPATH": str(paths.ROOT), "CUDA_VISIBLE_DEVICES": "", **environment}
    start = ["env", *(f"{name}={value}" for name, value in settings.items()), sys.executable]
    return [*start, str(script), str(processes), str(killed_at)]


def as_launched(file):
    """The environment that `accelerate launch` makes of a file of settings."""
    settings = yaml.safe_load(file.read_text())["fsdp_config"]
    names = {name.upper(): str(value) for name, value in settings.items()}
    return {"ACCELERATE_USE_FSDP": "true", "ACCELERATE_TORCH_DEVICE": "cpu", **names}
