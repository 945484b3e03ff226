"""One arm trained by several processes: what a model too large for one needs.

    python -m mucpt_utils launch prepare PROFILE ARM SEED FOLDER [--set KEY=VALUE ...]
    torchrun --nproc-per-node 8 -m mucpt_utils launch train FOLDER
    accelerate launch --config_file mucpt_utils/study/launchers/fsdp_one_node.yaml \\
        -m mucpt_utils launch train FOLDER
    python -m mucpt_utils launch measure PROFILE FOLDER

`prepare` makes every stage before the run (corpus, base, reference model, cached losses) and lays
the arm's sequences, weights and losses out as arrays; `train` needs that folder alone. A killed
`train` goes on from its last checkpoint.

Memory of the machine (GPUs aside): the first process of all reads the model, in float32, 4 bytes a
parameter; the others wait for it with room that is reserved and not written (`models.unfilled`).
DDP then sends each process the whole model; FSDP hands it out tensor by tensor, and each keeps its
share alone. A model of 32 billion parameters takes 131 GB on the first machine and a share on the
others; read by each of eight processes, it would take a terabyte on every machine.
"""

import resource
import shutil
import sys
import time
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from accelerate import PartialState
from pydantic import BaseModel, ConfigDict

from mucpt_utils.arguments import Parser
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.settings import SettingsError, load_profile
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import write_json
from mucpt_utils.scoring import models
from mucpt_utils.study import runs
from mucpt_utils.study.grades import grade_responses
from mucpt_utils.study.stages import silent
from mucpt_utils.study.study import Study
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences

LONGEST_WAIT = timedelta(hours=2)  # of the other processes, while the first reads the model
JOB = "job.json"
TRAINED, SPENT = "trained", "spent.json"


class LaunchJob(BaseModel):
    """What a training process needs beside the arrays and the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    seed: int
    train: TrainSettings
    criterion: Criterion | None = None


def write_job(folder: Path, job: LaunchJob, data: Sequences, model: Path) -> None:
    """Lay a training job out in `folder`; `model` is the folder of the model to start from."""
    folder.mkdir(parents=True, exist_ok=True)
    for field in fields(data):
        values = getattr(data, field.name)
        if values is not None:
            np.save(folder / f"{field.name}.npy", values)
    shutil.copytree(model, folder / "model", dirs_exist_ok=True)
    (folder / JOB).write_text(job.model_dump_json(indent=1), encoding="utf-8")


def read_sequences(folder: Path) -> Sequences:
    """The arrays of a job, memory-mapped."""
    paths = {field.name: folder / f"{field.name}.npy" for field in fields(Sequences)}
    return Sequences(
        **{
            name: np.load(path, mmap_mode="r", allow_pickle=False)
            for name, path in paths.items()
            if path.exists()
        }
    )


def prepare(profile: str, arm: str, seed: int, folder: Path, overrides: list[str]) -> None:
    """Make what comes before one run, and write its job. Raises SettingsError for a wrong arm."""
    study = Study(load_profile(profile, overrides), "launch")
    if arm not in ARMS or not ARMS[arm].trained:
        allowed = ", ".join(name for name, a in ARMS.items() if a.trained)
        raise SettingsError(f"arm {arm!r} is not trained; allowed: {allowed}")
    data = study.sequences(ARMS[arm], study.scored(ARMS[arm], seed), seed)
    train = study.budget(ARMS[arm])
    job = LaunchJob(arm=arm, seed=seed, train=train, criterion=ARMS[arm].tokens)
    begins = study.reference(seed) if ARMS[arm].start == "reference" else study.base()
    write_job(folder, job, data, begins.path("model"))


def train(folder: Path) -> None:
    """Train a prepared job; called by every process of `torchrun` or `accelerate launch`.

    Raises SettingsError for a folder that holds no job, ModelError for a model that cannot be read,
    TrainingError for a batch that the processes cannot share out.
    """
    if not (folder / JOB).is_file():
        raise SettingsError(f"{folder} holds no {JOB}: `launch prepare` writes it")
    job = LaunchJob.model_validate_json((folder / JOB).read_text(encoding="utf-8"))
    # the processes meet before anything is read: then one alone needs to read
    together = PartialState(cpu=not torch.cuda.is_available(), timeout=LONGEST_WAIT)
    if together.is_main_process:
        model = models.load(folder / "model", torch.float32, device="cpu")
    else:
        model = models.unfilled(folder / "model")
    start = time.perf_counter()
    trainer.train(
        model,
        read_sequences(folder),
        job.train,
        folder,
        seed=job.seed,
        criterion=job.criterion,
        save=folder / TRAINED,
    )
    if together.is_main_process:
        write_json(folder / TRAINED / SPENT, spent(time.perf_counter() - start))


def spent(seconds: float) -> dict[str, float]:
    """What a training took: seconds, and the most memory that its first process held, in GB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    row = {"seconds": round(seconds, 2), "peak_host_GB": round(held / 1e9, 2)}
    if torch.cuda.is_available():
        row["peak_gpu_GB"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    return row


def measure(profile: str, folder: Path, overrides: list[str]) -> None:
    """Ask the trained model: `answers.jsonl` and `text.json` in the job's folder."""
    study = Study(load_profile(profile, overrides), "launch")
    if not (folder / TRAINED).is_dir():
        raise SettingsError(f"{folder} holds no trained model: `launch train` writes it")
    model = models.load(folder / TRAINED)
    seen = int(read_sequences(folder).tokens.size)
    measured_on = {name: artifact.folder for name, artifact in study.measured_on().items()}
    (folder / runs.RESPONSES).touch()
    runs.ask(model, seen, measured_on, study.profile.evaluation.new_tokens, folder)
    runs.measure_text(model, measured_on, study.profile.model.context, folder)
    grade_responses(folder, {"run": folder, "world": measured_on["world"]}, silent)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = Parser(prog="python -m mucpt_utils launch")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "train", "measure"):
        command = commands.add_parser(name)
        if name != "train":
            command.add_argument("profile")
            command.add_argument("--set", dest="overrides", action="append", default=[])
        if name == "prepare":
            command.add_argument("arm")
            command.add_argument("seed", type=int)
        command.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        if options.command == "prepare":
            place = (options.profile, options.arm, options.seed, options.folder)
            prepare(*place, options.overrides)
        elif options.command == "train":
            train(options.folder)
        else:
            measure(options.profile, options.folder, options.overrides)
    except MuCPTError as error:
        print(f"launch: {error}", file=sys.stderr)
        return error.exit_code
    return OK


if __name__ == "__main__":
    sys.exit(main())
