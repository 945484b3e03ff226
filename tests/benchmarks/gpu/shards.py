"""One job trained twice on this machine's GPUs: whole on each, and in shards by the settings of
`mucpt_utils/study/launchers`.

Both compute in the numbers of those settings, so the losses of a step have to agree. Memory is the
most that the first process held; the settings for shards also compute activations twice.
"""

import subprocess
import sys
from pathlib import Path

import torch

from mucpt_utils import paths
from mucpt_utils.errors import OutsideError
from mucpt_utils.io import read_json, read_yaml
from mucpt_utils.study import launch
from mucpt_utils.study.study import Study

ARM = "plain"
STEPS = 50
SETTINGS = paths.PACKAGE / "study/launchers/fsdp_one_node.yaml"
WHOLE, SHARDS = "whole", "shards"


class NotTrained(OutsideError, RuntimeError):
    """A training that a launcher began and did not end."""


def compared(study: Study, folder: Path) -> list[dict]:
    """A row for each of the two: seconds, tokens a second, memory, first and last loss in nats.

    `largest_difference` of the second row: between the losses of a step, in nats. Raises
    NotTrained.
    """
    rows, losses = [], []
    for kind in (WHOLE, SHARDS):
        lay_out(study, folder / kind)
        losses.append(trained(kind, folder / kind))
        rows.append({"kind": kind, **read_json(folder / kind / launch.TRAINED / launch.SPENT)})
        rows[-1] |= {"first_loss": losses[-1][0], "last_loss": losses[-1][-1]}
    apart = max(abs(one - other) for one, other in zip(*losses, strict=True))
    rows[-1]["largest_difference"] = apart
    return rows


def lay_out(study: Study, folder: Path) -> None:
    """Write a job of plain steps from the study's base, by AdamW: Muon needs whole matrices."""
    train = study.profile.train
    tokens = STEPS * train.batch_sequences * study.profile.model.context
    changes = {"train.tokens": tokens, "train.optimiser": "adamw", "train.checkpoints": 0}
    launch.lay_out(study.with_changes(changes), ARM, study.profile.seeds[0], folder)


def trained(kind: str, folder: Path) -> list[float]:
    """Train a job; the loss of each step. Raises NotTrained with the end of what was said."""
    command = [*launcher(kind), "train", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NotTrained(f"{kind}: {' '.join(done.stderr.split())[-500:]}")
    return read_json(folder / launch.TRAINED / "losses.json")


def launcher(kind: str) -> list[str]:
    """The command that starts `launch` in a process for each GPU: `whole` or `shards`.

    On a processor alone one process holds all: accelerate cuts models for GPUs.
    """
    gpus = torch.cuda.device_count()
    start = [sys.executable, "-m", "accelerate.commands.launch"]
    if kind == SHARDS:
        start += ["--config_file", str(SETTINGS)]
    else:
        start += ["--mixed_precision", read_yaml(SETTINGS)["mixed_precision"]]
        start += ["--multi_gpu"] if gpus > 1 else []
    start += ["--num_processes", str(max(1, gpus)), *([] if gpus else ["--cpu"])]
    return [*start, "-m", "mucpt_utils", "launch"]
