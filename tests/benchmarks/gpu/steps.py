"""A step of the plan: its runs in the order of their value, none begun that would not end in time.

The stages are the study's own; a step is a list of them and a clock.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from timing import matrix_peak

from mucpt_utils.config.files import read_settings
from mucpt_utils.config.settings import Profile, SettingsError, load_profile
from mucpt_utils.study import jobs
from mucpt_utils.study.jobs import Job
from mucpt_utils.study.price import OPERATIONS
from mucpt_utils.study.study import Study
from mucpt_utils.training.precision import LARGE, uses_bfloat16

PLAN = Path(__file__).with_name("plan.yaml")
MARGIN = 1.3  # of the time that a run is expected to take
WARM_UP = 3  # training steps that are not timed
PEAK_SIZE = 8192 if torch.cuda.is_available() else 512


def step_of(number: int, plan: Path | None = None) -> dict:
    """A step of the plan: its profile and settings. Raises SettingsError for one it has not."""
    steps = read_settings(plan or PLAN).get("steps") or []
    if not 1 <= number <= len(steps):
        allowed = f"1 to {len(steps)}" if steps else "none, as it has no list `steps`"
        raise SettingsError(f"{plan or PLAN}: no step {number}; allowed: {allowed}")
    return {"set": [], **steps[number - 1]}


def study_of(number: int, plan: Path | None = None) -> Study:
    """The study of a step. Raises SettingsError for a step that the plan has not."""
    step = step_of(number, plan)
    return Study(load_profile(step["profile"], step["set"]), "gpu")


def ready_without_a_gpu(study: Study) -> list[Job]:
    """Stages that no model has a part in, also at the levels of axes: made where there is time and
    the libraries of the pipeline are, and carried."""
    names = ["classifier", "general_tokens", "domain_tokens", "measured_on", "labels"]
    stages = []
    for level in jobs.levels(study):
        stages += [Job(level, name) for name in names]
        stages += [job for job in jobs.signals_of(level) if job.stage not in ("tags", *names)]
        stages += [Job(level, "reference_tokens", (seed,)) for seed in level.profile.seeds]
    return stages


def carried(study: Study) -> list[Path]:
    """Folders of the stages that `ready_without_a_gpu` made, and of what they were made from."""
    from mucpt_utils.study.stages import Artifact, lineage

    made: list[Artifact] = []
    for job in ready_without_a_gpu(study):
        found = getattr(job.study, job.stage)(*job.arguments)
        made += list(found.values()) if isinstance(found, dict) else [found]
    return [study.root / record["folder"] for record in lineage(made)]


def work_of(study: Study) -> list[Job]:
    """Every stage of a step in its order: what comes before the runs, the runs, the axes."""
    profile = study.profile
    before = [Job(study, "base", (), profile.base.tokens, True)]
    tokens = profile.reference_training.tokens
    before += [Job(study, "scores", (seed,), tokens, True) for seed in profile.seeds]
    before += jobs.signals_of(study)
    return before + jobs.arms(study) + jobs.alignment(study) + jobs.composition(study)


@dataclass
class Meter:
    """Takes the time of training steps, and keeps what stages of one kind took beside training."""

    beside: dict[str, float] = field(default_factory=dict)
    ends: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)
    speed: float | None = None  # tokens a second of the slowest run so far

    def report(self, tokens: float) -> None:
        """Called after each training step with its tokens."""
        self.ends.append(time.perf_counter())
        self.sizes.append(tokens)

    def clear(self) -> None:
        """Forget the steps of the last run."""
        self.ends.clear()
        self.sizes.clear()

    def rate(self) -> float | None:
        """Tokens a second of the median step since `clear`, None without enough steps."""
        gaps = [b - a for a, b in zip(self.ends[WARM_UP:], self.ends[WARM_UP + 1 :], strict=False)]
        return self.sizes[-1] / sorted(gaps)[len(gaps) // 2] if gaps else None

    def keep(self, job: Job, seconds: float) -> None:
        """Remember the speed of a finished stage, and what it took beside its training steps."""
        if rate := self.rate():
            self.speed = min(rate, self.speed or rate)
        beside = max(0.0, seconds - sum(self.sizes) / self.speed) if self.speed else seconds
        self.beside[job.stage] = max(beside, self.beside.get(job.stage, 0.0))

    def expected(self, job: Job) -> float:
        """Seconds that a stage will take, with a margin; 0 where nothing is known of it yet."""
        training = job.tokens / self.speed if self.speed else 0.0
        return MARGIN * (self.beside.get(job.stage, 0.0) + training)


def computed_in() -> torch.dtype:
    """The numbers that training computes in on this machine."""
    return torch.bfloat16 if uses_bfloat16("auto", LARGE) else torch.float32


def run(study: Study, limit: float, log: Path) -> Iterator[dict]:
    """Make a step's stages until the time is up; yields and logs a row for each.

    limit: seconds. log: JSON Lines; a row is written when its stage is whole.
    """
    begun, meter, peak = time.perf_counter(), Meter(), matrix_peak(computed_in(), PEAK_SIZE)
    for job in work_of(study):
        if job.find() is not None:
            continue
        left = limit - (time.perf_counter() - begun)
        if left <= 0 or meter.expected(job) > left:
            yield written(log, job, {"not begun": f"{left:.0f} s left"})
            continue
        yield written(log, job, measured(job, meter, study.profile, peak))


def measured(job: Job, meter: Meter, profile: Profile, peak: float) -> dict:
    """Make one stage; what it took: seconds, tokens a second, model FLOPs, memory."""
    on_gpu = torch.cuda.is_available()
    meter.clear()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    getattr(job.study, job.stage)(*job.arguments, *([meter.report] if job.reports else []))
    seconds = time.perf_counter() - start
    meter.keep(job, seconds)
    row: dict = {"seconds": round(seconds, 1)}
    if rate := meter.rate():
        done = OPERATIONS["training"] * profile.parameters * rate
        row |= {"tokens_per_second": round(rate), "mfu": round(done / peak, 4)}
    if on_gpu:
        row["peak_memory_GB"] = round(torch.cuda.max_memory_allocated() / 1e9, 2)
    return row


def written(log: Path, job: Job, row: dict) -> dict:
    """Append a row to the log."""
    named = {"stage": job.stage, "arguments": list(job.arguments), **row}
    with log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(named) + "\n")
    return named
