"""How fast this machine is, in about eight seconds: training, scoring, answering, starting.

The profile's own model trains, scores and answers for a few seconds, with one thread as in a run;
a fresh Python that imports the study is timed, since notebooks and workers start one. Nothing is
taken from another run or machine.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile
from mucpt_utils.study.parallel import run_jobs, sharing

if TYPE_CHECKING:  # torch and transformers take seconds to import, and asking for a cost must not
    from transformers import PreTrainedModel

SHARES = {"training": 0.6, "scoring": 0.15, "answering": 0.25}  # of the seconds
PROMPT_TOKENS, BATCH = 24, 32  # tokens of a question, and questions asked at a time
DOCUMENTS = 40  # scored at a time
WARM_UP = 2  # steps that are not timed


class Pace(NamedTuple):
    """Rates of one core per second: tokens in training and scoring, questions in answering.

    start: seconds until a fresh Python has imported the study.
    """

    training: float
    scoring: float
    answering: float
    start: float


class LongEnough(Exception):
    """Ends a training run after its allotted time."""


def measure(profile: Profile, document_tokens: int, seconds: float = 4.0) -> Pace:
    """The pace of this machine for the profile's model: the loaded one, or one of its size.

    document_tokens: of the documents that are scored. seconds: for training, scoring and answering
    together; ten times as many for a loaded model, which is measured in a worker, where memory is
    kept between steps (`parallel.KEPT_MEMORY`). Starting a Python comes on top.
    """
    if profile.pretrained:
        job = (profile.model_dump_json(), document_tokens, seconds * 10)
        threads = sharing(profile.pretrained.parameters)[1]
        preload = ["mucpt_utils.training.trainer"]
        (pace,) = run_jobs(
            _measure_alone,
            [job],
            workers=1,
            threads=threads,
            description="pace of this machine",
            preload=preload,
        )
        return pace
    return measured_here(profile, document_tokens, seconds)


def _measure_alone(profile: str, document_tokens: int, seconds: float, report: Callable) -> Pace:
    return measured_here(Profile.model_validate_json(profile), document_tokens, seconds)


def measured_here(profile: Profile, document_tokens: int, seconds: float) -> Pace:
    """The pace of this process, as `measure` gives it."""
    import torch

    from mucpt_utils.scoring import models

    threads = torch.get_num_threads()
    model = model_of(profile)
    torch.set_num_threads(sharing(models.parameters(model))[1])
    try:
        return Pace(
            training_rate(model, profile, seconds * SHARES["training"]),
            scoring_rate(model, profile, document_tokens, seconds * SHARES["scoring"]),
            answering_rate(model, profile, seconds * SHARES["answering"]),
            seconds_to_start(),
        )
    finally:
        torch.set_num_threads(threads)


def model_of(profile: Profile) -> "PreTrainedModel":
    """The base that a profile loads, in float32, or an untrained one of its size."""
    import torch

    from mucpt_utils.scoring import models

    if profile.pretrained:
        return models.load(profile.pretrained.name, torch.float32)
    return models.from_scratch(profile.model, profile.vocabulary, seed=0)


def training_rate(model: "PreTrainedModel", profile: Profile, seconds: float) -> float:
    """Tokens per second of real training steps on random tokens."""
    from mucpt_utils.training import batches, trainer

    settings = profile.train.model_copy(update={"checkpoints": 0})
    rows = settings.batch_sequences * 2000  # more steps than the seconds allow
    data = batches.Sequences(random_tokens(profile, rows, profile.model.context))
    ends: list[float] = []

    def report(tokens: float) -> None:
        ends.append(time.perf_counter())
        if len(ends) > WARM_UP + 1 and ends[-1] - ends[WARM_UP] > seconds:
            raise LongEnough

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(LongEnough):
        trainer.train(model, data, settings, Path(folder), seed=0, report=report)
    step = settings.batch_sequences * profile.model.context
    return step * (len(ends) - 1 - WARM_UP) / (ends[-1] - ends[WARM_UP])


def scoring_rate(
    model: "PreTrainedModel", profile: Profile, document_tokens: int, seconds: float
) -> float:
    """Tokens per second in scoring documents of one length."""
    from mucpt_utils.scoring import losses
    from mucpt_utils.scoring.tokens import TokenStore

    length = max(2, document_tokens)
    tokens = random_tokens(profile, 1, length * DOCUMENTS).ravel().astype(np.uint16)
    starts = np.arange(0, tokens.size + 1, length)
    store = TokenStore(tokens, starts, [str(number) for number in range(DOCUMENTS)])
    context = profile.model.context
    return repeated(lambda: losses.score(model, store, context), seconds, len(tokens))


def answering_rate(model: Any, profile: Profile, seconds: float) -> float:
    """Questions per second: an answer is generated and the key's likelihood computed."""
    import torch

    length = PROMPT_TOKENS * (1 + profile.evaluation.shots)  # examples come before the question
    prompts = torch.from_numpy(random_tokens(profile, BATCH, length)).to(model.device)
    longest = profile.evaluation.new_tokens

    def ask() -> None:
        with torch.inference_mode():
            model.generate(
                prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=longest,
                min_new_tokens=longest, do_sample=False, pad_token_id=0,
            )  # fmt: skip
            model(input_ids=prompts)

    return repeated(ask, seconds, BATCH)


def seconds_to_start() -> float:
    """Seconds until a fresh Python has imported the study."""
    start = time.perf_counter()
    command = [sys.executable, "-c", "import mucpt_utils.teaching.session"]
    subprocess.run(command, cwd=paths.ROOT, check=True)
    return time.perf_counter() - start


def random_tokens(profile: Profile, rows: int, columns: int) -> np.ndarray:
    """Random token ids of shape (rows, columns), always the same."""
    return np.random.default_rng(0).integers(1, profile.vocabulary, (rows, columns))


def repeated(work: Callable[[], object], seconds: float, amount: float) -> float:
    """Amount per second, over repetitions that fill the time; the first is not timed."""
    work()
    start, done = time.perf_counter(), 0.0
    while time.perf_counter() - start < seconds:
        work()
        done += amount
    return done / (time.perf_counter() - start)
