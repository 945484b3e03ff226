"""How long a profile takes on this machine, from a measurement of about ten seconds.

    measure(profile) -> Pace;  estimate(profile, pace) -> what, amount, pace here, minutes

The profile's own model is trained, scored with and asked for a few seconds, one thread as in a run;
a fresh Python that imports the study is timed, since every notebook starts one, and those with
workers another. Nothing is remembered from another run or machine.
"""

import contextlib
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study import cost, parallel
from mucpt_utils.training import batches

SHARES = (0.6, 0.15, 0.25)  # of the seconds: training, scoring, answering
PROMPT_TOKENS, BATCH = 24, 32  # of the questions asked
WARM_UP = 2  # steps that are not timed
# notebooks that start workers (04, 05, 07): these are forked from one more process that imports
SERVERS = 3


class Pace(NamedTuple):
    """Rates of one core: training and scoring in tokens a second, answering in questions a second.

    start: seconds until a fresh Python has imported the study.
    """

    training: float
    scoring: float
    answering: float
    start: float


class _Enough(Exception):
    """Ends a training run that was long enough."""


def measure(profile: Profile, seconds: float = 6.0) -> Pace | None:
    """The pace of this machine for the profile's model; None for a model that has to be loaded.

    seconds: for training, scoring and answering together; starting a Python comes on top.
    """
    if profile.pretrained:
        return None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = models.from_scratch(profile.model, profile.vocabulary, seed=0)
        for_training, for_scoring, for_answers = (seconds * share for share in SHARES)
        return Pace(
            _training(model, profile, for_training),
            _scoring(model, profile, for_scoring),
            _answering(model, profile, for_answers),
            _start(),
        )
    finally:
        torch.set_num_threads(threads)


def _random_tokens(profile: Profile, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).integers(1, profile.vocabulary, (rows, columns))


def _training(model, profile: Profile, seconds: float) -> float:
    """Tokens a second of real training steps."""
    from mucpt_utils.training import trainer

    settings = profile.train.model_copy(update={"checkpoints": 0})
    rows = settings.batch_sequences * 2000
    data = batches.Sequences(_random_tokens(profile, rows, profile.model.context))
    ends: list[float] = []

    def report(tokens: float) -> None:
        ends.append(time.perf_counter())
        if len(ends) > WARM_UP + 1 and ends[-1] - ends[WARM_UP] > seconds:
            raise _Enough

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(_Enough):
        trainer.train(model, data, settings, Path(folder), seed=0, report=report)
    step = settings.batch_sequences * profile.model.context
    return step * (len(ends) - 1 - WARM_UP) / (ends[-1] - ends[WARM_UP])


def _scoring(model, profile: Profile, seconds: float) -> float:
    """Tokens a second of losses over documents of the corpus's mean length."""
    length = max(2, round(_words(profile) * cost.WORDS_TO_TOKENS))
    tokens = _random_tokens(profile, 1, length * 40).ravel().astype(np.uint16)
    starts = np.arange(0, tokens.size + 1, length)
    store = TokenStore(tokens, starts, [str(n) for n in range(40)])
    return _repeated(
        lambda: losses.score(model, store, profile.model.context), seconds, len(tokens)
    )


def _answering(model, profile: Profile, seconds: float) -> float:
    """Questions a second: an answer is written, and the key's likelihood read."""
    prompts = torch.from_numpy(_random_tokens(profile, BATCH, PROMPT_TOKENS)).to(model.device)
    longest = profile.evaluation.new_tokens

    def ask() -> None:
        with torch.inference_mode():
            model.generate(
                prompts, attention_mask=torch.ones_like(prompts), max_new_tokens=longest,
                min_new_tokens=longest, do_sample=False, pad_token_id=0,
            )  # fmt: skip
            model(input_ids=prompts)

    return _repeated(ask, seconds, BATCH)


def _repeated(work, seconds: float, amount: float) -> float:
    """Amount a second, over repetitions that fill the time; the first is not timed."""
    work()
    start, done = time.perf_counter(), 0.0
    while time.perf_counter() - start < seconds:
        work()
        done += amount
    return done / (time.perf_counter() - start)


def _start() -> float:
    start = time.perf_counter()
    command = [sys.executable, "-c", "import mucpt_utils.teaching.session"]
    subprocess.run(command, cwd=paths.ROOT, check=True)
    return time.perf_counter() - start


# --- the work of a profile ------------------------------------------------------------------------


def _words(profile: Profile) -> float:
    """Words of a document of the corpus, on the average of what the settings ask for."""
    return (profile.render.min_words + profile.render.max_words) / 2


def _asked(profile: Profile) -> float:
    """Questions of one measuring: about each subject as many as the benchmark has on average."""
    path = paths.DATA_CARDS / "musicsimpleqa" / f"{profile.world.split}.jsonl"
    subjects = [question["subject"] for question in read_jsonl(path)]
    each = len(subjects) / len(set(subjects))
    return profile.world.subjects * each + profile.evaluation.general_questions


def _rounds(jobs: int) -> int:
    """Turns that equal jobs take over the cores."""
    return math.ceil(jobs / parallel.cores())


def estimate(profile: Profile, pace: Pace) -> pd.DataFrame:
    """what, amount, pace here (of one core), minutes; the last row is the sum.

    Every stage is counted, whether it is finished already or not. Jobs of one kind take turns over
    the cores; corpora are made beside the base, whose training is longer.
    """
    seeds, runs = len(profile.seeds), cost.run_count(profile)
    corpus = profile.world.subjects * profile.render.documents_per_subject * _words(profile)
    corpus = round(corpus * cost.WORDS_TO_TOKENS)
    questions = round(_asked(profile))
    base, reference = profile.base.tokens, profile.reference_training.tokens
    points = profile.evaluation.points
    tuned = len(profile.arms) * seeds if profile.alignment else 0
    rows = [
        _row("train the base", 1, base, pace.training, "tokens"),
        _row("train reference models", seeds, reference, pace.training, "tokens"),
        _row("score the corpus", 1 + seeds, corpus, pace.scoring, "tokens"),
        _row("train arms and mixtures", runs, profile.train.tokens, pace.training, "tokens"),
        _row("answer questions", runs, questions * points, pace.answering, "questions"),
    ]
    if tuned:
        rows.append(_row("tune", tuned, profile.alignment.tokens, pace.training, "tokens"))
        rows.append(_row("answer after tuning", tuned, questions, pace.answering, "questions"))
    starts = len(list(paths.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))) + SERVERS
    begun = ("start notebooks and workers", str(starts), f"{pace.start:.1f} s each")
    rows.append((*begun, starts * pace.start / 60))
    frame = pd.DataFrame(rows, columns=["what", "amount", "pace here", "minutes"])
    total = ("together", "", "", frame["minutes"].sum())
    frame.loc[len(frame)] = total
    return frame.assign(minutes=frame["minutes"].round(1))


def _row(what: str, jobs: int, size: float, rate: float, unit: str) -> tuple:
    minutes = _rounds(jobs) * size / rate / 60
    return what, f"{jobs} × {size:,} {unit}", f"{rate:,.0f} {unit}/s", minutes


def table(profile: Profile) -> pd.DataFrame:
    """The estimate, measured now; for a model that has to be loaded, its cost by settings."""
    pace = measure(profile)
    return cost.estimate(profile) if pace is None else estimate(profile, pace)
