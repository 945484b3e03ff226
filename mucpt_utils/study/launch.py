"""One arm trained by several processes, as a model too large for one needs.

    python -m mucpt_utils launch prepare PROFILE ARM SEED FOLDER [--set KEY=VALUE ...]
    torchrun --nproc-per-node 8 -m mucpt_utils launch train FOLDER
    accelerate launch --config_file mucpt_utils/study/launchers/fsdp_one_node.yaml \\
        -m mucpt_utils launch train FOLDER
    python -m mucpt_utils launch measure PROFILE FOLDER

`prepare` makes every stage before the run (corpus, base, reference model, cached losses) and writes
the arm's sequences, weights and losses as arrays, one part at a time (`packed_rows`): the corpus
may be larger than memory. `train` needs only that folder. A killed `train` continues from its last
checkpoint; `prepare` leaves a job that is prepared already as it is, and removes another one.

Memory of the machine (GPUs aside): only the first process reads the model, in float32, 4 bytes per
parameter; the others wait for it with memory reserved but not written (`models.unfilled`).
DDP then sends each process the whole model; FSDP sends it tensor by tensor, and each keeps only its
share. A model of 32 billion parameters takes 131 GB on the first machine and a share on the
others; read by each of eight processes, it would take a terabyte on every machine.
"""

import resource
import shutil
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch
from accelerate import PartialState
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mucpt_utils.closure import code_digest
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.config.settings import Profile, SettingsError, load_profile
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.io import digest, write_json, write_text
from mucpt_utils.scoring import models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study import packed_rows, runs, stages
from mucpt_utils.study.grades import ANSWERS, grade_responses
from mucpt_utils.study.stages import silent
from mucpt_utils.study.study import Study
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences, steps_for
from mucpt_utils.training.precision import reading

LONGEST_WAIT = timedelta(hours=2)  # of the other processes, while the first reads the model
JOB = "job.json"
TRAINED, SPENT = "trained", "spent.json"
# what a job leaves in its folder, beside its description
ARRAYS = tuple(f"{field.name}.npy" for field in fields(Sequences))
FOLDERS = ("model", trainer.CHECKPOINTS, TRAINED)
ASKED = (runs.RESPONSES, runs.TEXT, ANSWERS)


class LaunchJob(BaseModel):
    """What a training process needs besides the arrays and the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    seed: int
    train: TrainSettings
    criterion: Criterion | None = None
    made_from: str = Field("", description="digest of what its model and its rows are made from")
    profile: str = Field("", description="the profile's name and the digest of its settings")


def is_prepared(folder: Path, job: LaunchJob) -> bool:
    """Whether a folder holds this very job, whole: its description is written last."""
    description = folder / JOB
    return description.is_file() and description.read_text(encoding="utf-8") == as_text(job)


def check_own(folder: Path) -> None:
    """Raises SettingsError for a folder that is no job's and has what `clear` would remove."""
    if any((folder / name).exists() for name in (JOB, *ARRAYS)):
        return
    if there := [name for name in (*FOLDERS, *ASKED) if (folder / name).exists()]:
        raise SettingsError(
            f"{folder} holds no job, but {there[0]}, in whose place one would be written; "
            "allowed: a new folder, or that of another job"
        )


def clear(folder: Path) -> None:
    """Remove what another job has left in a folder.

    Otherwise a job would go on from the checkpoint of another, and `measure` ask its model.
    """
    for name in (JOB, *ASKED):
        (folder / name).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ARRAYS:  # last: while one is there, the folder is a job's (`check_own`)
        (folder / name).unlink(missing_ok=True)


def as_text(job: LaunchJob) -> str:
    """A job as its file."""
    return job.model_dump_json(indent=1)


def write_job(folder: Path, job: LaunchJob, model: Path) -> None:
    """Write what a job needs besides its sequences; `model` is the folder of its initial model."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(model, folder / "model", dirs_exist_ok=True)
    write_text(folder / JOB, as_text(job))


def lay_out(study: Study, name: str, seed: int, folder: Path) -> None:
    """Make what comes before one run of an arm, and write its sequences and its job."""
    arm, profile = ARMS[name], study.profile
    train, context, begun = study.budget(arm), profile.model.context, study.begun(arm, seed)
    made_from = made_from_digest(study, arm, seed)
    job = LaunchJob(
        arm=name,
        seed=seed,
        train=train,
        criterion=arm.tokens,
        made_from=made_from,
        profile=told_of(profile),
    )
    if is_prepared(folder, job):
        return
    clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    scored = study.scored(arm, seed)
    if arm.mix_reference:
        scored = scored.joined(TokenStore.load(study.reference_tokens(seed).folder))
    packed_rows.write_sequences(
        folder,
        arm,
        scored,
        TokenStore.load(study.general_tokens().folder),
        sequences=steps_for(train, context) * train.batch_sequences,
        context=context,
        replay_share=profile.replay,
        seed=seed,
        document_attention=train.document_attention,
    )
    write_job(folder, job, begun.path("model"))


def made_from_digest(study: Study, arm: Arm, seed: int) -> str:
    """Digest of what decides a run's model and rows, as the keys of stages are: contents of the
    inputs, settings, and code."""
    profile = study.profile
    inputs = {
        "model": study.begun(arm, seed),
        "domain_tokens": study.domain_tokens(),
        "general_tokens": study.general_tokens(),
        **study.arm_scores(arm, seed),
    }
    if arm.mix_reference:
        inputs["reference_tokens"] = study.reference_tokens(seed)
    return digest(
        {
            "inputs": {name: artifact.sha256 for name, artifact in inputs.items()},
            "arm": stages.as_json(arm),
            "settings": [profile.model.context, profile.replay],
            "code": [code_digest(module.__name__) for module in (packed_rows, trainer)],
        }
    )


def told_of(profile: Profile) -> str:
    """A profile's name and the digest of its settings, as `name, 0a1b...`."""
    return f"{profile.name}, {digest(profile.model_dump(mode='json'))}"


def read_job(folder: Path) -> LaunchJob:
    """The job in a folder. Raises SettingsError for a folder that holds none, or a damaged one."""
    path = folder / JOB
    if not path.is_file():
        raise SettingsError(f"{folder} holds no {JOB}: `launch prepare` writes it")
    try:
        return LaunchJob.model_validate_json(path.read_bytes())
    except ValidationError as error:
        reason = " ".join(error.errors()[0]["msg"].split())
        raise SettingsError(
            f"{path}: not as `launch prepare` writes it ({reason}); prepare it again"
        ) from None


def read_sequences(folder: Path) -> Sequences:
    """The arrays of a job, memory-mapped. Raises SettingsError if one is missing or cut off."""
    paths = [path for name in ARRAYS if (path := folder / name).exists()]
    try:
        arrays = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in paths}
        return Sequences(**arrays)
    except (ValueError, EOFError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            f"{folder}: the arrays of its job are not whole ({reason}); remove it and prepare again"
        ) from None


def prepare(profile: str, arm: str, seed: int, folder: Path, overrides: list[str]) -> None:
    """Make what comes before one run, and write its job.

    Raises SettingsError for a wrong arm, and for a folder with files that are no job's.
    """
    study = Study(load_profile(profile, overrides), "launch")
    if arm not in ARMS or not ARMS[arm].trained:
        allowed = ", ".join(name for name, a in ARMS.items() if a.trained)
        raise SettingsError(f"arm {arm!r} is not trained; allowed: {allowed}")
    check_own(folder)
    lay_out(study, arm, seed, folder)


def train(folder: Path) -> None:
    """Train a prepared job; called by every process of `torchrun` or `accelerate launch`.

    Raises SettingsError for a folder that holds no job, ModelError for a model that cannot be read,
    TrainingError for a batch that cannot be divided among the processes.
    """
    job, sequences = read_job(folder), read_sequences(folder)
    # the processes meet before anything is read, so that only one needs to read
    together = PartialState(cpu=not torch.cuda.is_available(), timeout=LONGEST_WAIT)
    if together.is_main_process:
        model = models.load(folder / "model", torch.float32, device="cpu")
    else:
        model = models.unfilled(folder / "model")
    start = time.perf_counter()
    ends: list[tuple[float, float]] = []  # of the steps: seconds, tokens
    trainer.train(
        model,
        sequences,
        job.train,
        folder,
        seed=job.seed,
        criterion=job.criterion,
        report=lambda tokens: ends.append((time.perf_counter(), tokens)),
        save=folder / TRAINED,
    )
    if together.is_main_process:
        write_json(folder / TRAINED / SPENT, spent(time.perf_counter() - start, ends))


def spent(seconds: float, ends: Sequence[tuple[float, float]]) -> dict[str, float]:
    """What training took: seconds, tokens per second of its median step (without the first), and
    the peak memory of its first process, in GB.

    ends: when each step ended, in seconds, and its tokens.
    """
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    row = {"seconds": round(seconds, 2), "peak_host_GB": round(held / 1e9, 2)}
    paces = [now[1] / (now[0] - before[0]) for before, now in pairwise(ends)]
    if paces:
        row["tokens_per_second"] = round(median(paces), 1)
    if torch.cuda.is_available():
        row["peak_gpu_GB"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    return row


def measure(profile: str, folder: Path, overrides: list[str]) -> None:
    """Ask the trained model: `answers.jsonl` and `text.json` in the job's folder."""
    study = Study(load_profile(profile, overrides), "launch")
    if not (folder / TRAINED).is_dir():
        raise SettingsError(f"{folder} holds no trained model: `launch train` writes it")
    prepared, asked = read_job(folder).profile, told_of(study.profile)
    if prepared and prepared != asked:
        raise SettingsError(
            f"{folder} was prepared for {prepared.partition(',')[0]} with other settings than "
            f"those of {profile}; allowed: the profile and --set that `launch prepare` was given"
        )
    model = models.load(folder / TRAINED)
    seen = int(read_sequences(folder).tokens.size)
    measured_on = {name: artifact.folder for name, artifact in study.measured_on().items()}
    (folder / runs.RESPONSES).touch()
    with reading(model, study.profile.train.precision):  # as the runs of a study are measured
        runs.ask(model, seen, measured_on, study.profile.evaluation.new_tokens, folder)
        runs.measure_text(model, measured_on, study.profile.model.context, folder)
    grade_responses(folder, {"run": folder, "world": measured_on["world"]}, silent)
