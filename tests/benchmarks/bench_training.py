"""Speed of training against its peers, side by side in one run, as ratios.

    python tests/benchmarks/bench_training.py [PROFILE] [--steps N] [--rounds R] [--write]

The two sides of each comparison take turns, and the median of the rounds' ratios counts, so that
other work on the machine meets both alike. `--write` puts the rows into
`results/speed`. Columns: what, ours, peer, ratio (ours / peer; above 1 is faster), unit,
machine.

- cached soft scoring, a step: against a plain step of the same model (goal: at least 1 / 1.05)
- cached soft scoring, a step: against a step that asks the reference model online (goal: 1.25)
- Trainer: against a bare PyTorch loop over the same model, data and optimiser (goal: 0.9)
- two runs side by side, one thread each: against one after the other (goal: 1.5)
- training share of matrix peak: 6 N D operations a second against large matrix products
- replicas in one process: the matrix products of a step of several models batched, against one
  model's after another's; above 1, training several seeds as one batch would pay
"""

import argparse
import multiprocessing
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import speed_table
import torch
from timing import DEVICE, matrix_peak, seconds

from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.scoring import models
from mucpt_utils.scoring.losses import token_losses
from mucpt_utils.study import cost
from mucpt_utils.teaching.session import quiet
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences
from mucpt_utils.training.precision import LARGE, uses_bfloat16
from mucpt_utils.training.trainer import WeightedTrainer

REPLICAS = 4
AUTOCAST = DEVICE == "cuda" and uses_bfloat16("auto", LARGE)


def machine() -> str:
    """The GPU's name, or the processor's with its threads."""
    if DEVICE == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {torch.get_num_threads()} threads"


def side_by_side(ours: Callable, peer: Callable, rounds: int) -> tuple[float, float, float]:
    """Median seconds of each, and the median of peer / ours; the first round warms up."""
    times = []
    for number in range(rounds + 1):
        pair = (ours, peer) if number % 2 else (peer, ours)
        taken = {work: seconds(work) for work in pair}
        times.append((taken[ours], taken[peer]))
    a, b = zip(*times[1:], strict=True)
    ratios = [y / x for x, y in times[1:]]
    return statistics.median(a), statistics.median(b), statistics.median(ratios)


class Bench:
    """One profile's model, with random tokens and losses of its shapes."""

    def __init__(self, profile: Profile, steps: int):
        self.profile, self.steps = profile, steps
        settings = {"checkpoints": 0, "accumulate": 1}
        self.settings = profile.train.model_copy(update=settings)
        rng = np.random.default_rng(0)
        self.shape = (steps * self.settings.batch_sequences, profile.model.context)
        self.tokens = rng.integers(1, profile.vocabulary, self.shape).astype(np.uint16)
        self.reference = (rng.random(self.shape) * 6).astype(np.float16)
        self.size = self.tokens.size

    def model(self, seed: int = 0):
        """A fresh model of the profile."""
        return models.from_scratch(self.profile.model, self.profile.vocabulary, seed).to(DEVICE)

    def train(self, **keywords) -> None:
        """A run by the project's own path; `keywords` for the data and criterion."""
        criterion = keywords.pop("criterion", None)
        data = Sequences(self.tokens, **keywords)
        with tempfile.TemporaryDirectory() as folder:
            trainer.train(
                self.model(), data, self.settings, Path(folder), seed=0, criterion=criterion
            )

    def plain(self) -> None:
        """Plain weights, as the plain arm has them."""
        self.train(weights=np.ones(self.shape, np.float32))

    def cached(self) -> None:
        """The soft dynamic arm with cached reference losses."""
        ones = np.ones(self.shape, np.float32)
        self.train(weights=ones, reference=self.reference, criterion=ARMS["soft_dynamic"].tokens)

    def online(self) -> None:
        """The soft dynamic arm, asking a reference model of the same size in every step."""
        reference, compute = self.model(1).eval(), WeightedTrainer.compute_loss

        def asking(trainer, model, inputs, *arguments, **keywords):
            ids = inputs["input_ids"]
            with torch.no_grad(), torch.autocast(DEVICE, torch.bfloat16, enabled=AUTOCAST):
                losses = token_losses(reference(input_ids=ids).logits, ids)
            inputs["reference"][:, 1:] = losses
            return compute(trainer, model, inputs, *arguments, **keywords)

        WeightedTrainer.compute_loss = asking
        try:
            self.cached()
        finally:
            WeightedTrainer.compute_loss = compute

    def bare(self) -> None:
        """The same steps in a loop without Trainer: forward, backward, clip, step, schedule."""
        model = self.model().train()
        optimiser = trainer.make_optimiser(model, self.settings)
        rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.steps)
        for rows in np.split(self.tokens, self.steps):
            ids = torch.from_numpy(rows.astype(np.int64)).to(DEVICE)
            with torch.autocast(DEVICE, torch.bfloat16, enabled=AUTOCAST):
                logits = model(input_ids=ids).logits
            token_losses(logits, ids).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            rates.step()
            optimiser.zero_grad()

    def products(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The factors of the matrix products of a forward step, for several models each."""
        model, tokens = self.profile.model, self.settings.batch_sequences * self.shape[1]
        wide = (model.hidden_size, model.intermediate_size)
        sides = [(wide[0], wide[0])] * 4 + [wide] * 2 + [wide[::-1]]
        sides = sides * model.layers + [(wide[0], self.profile.vocabulary)]
        return [
            tuple(torch.randn(REPLICAS, *shape, device=DEVICE) for shape in ((tokens, a), (a, b)))
            for a, b in sides
        ]


def _one_run(profile_json: str, steps: int, ready, go) -> None:
    torch.set_num_threads(1)
    bench = Bench(Profile.model_validate_json(profile_json), steps)
    bench.plain()  # warms up
    ready.release()
    go.acquire()
    bench.plain()


def run_together(profile: Profile, steps: int, at_once: int) -> float:
    """Seconds of two one-thread runs, `at_once` of them at a time; start-up is not counted."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Semaphore(0)
    job = (profile.model_dump_json(), steps, ready, go)
    workers = [context.Process(target=_one_run, args=job) for _ in range(2)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    start = time.perf_counter()
    waiting = list(workers)
    while waiting:
        for _ in waiting[:at_once]:
            go.release()
        before = sum(worker.is_alive() for worker in workers)
        wanted = before - min(at_once, len(waiting))
        while sum(worker.is_alive() for worker in workers) > wanted:
            time.sleep(0.005)
        waiting = waiting[at_once:]
    taken = time.perf_counter() - start
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("a run failed")
    return taken


def replicas(bench: Bench, rounds: int, add: Callable) -> None:
    """The row of several models' products, batched against one after another."""
    factors = bench.products()

    def batched() -> None:
        for a, b in factors:
            torch.bmm(a, b)

    def apart() -> None:
        for number in range(REPLICAS):
            for a, b in factors:
                a[number] @ b[number]

    flops = sum(2 * a.numel() * b.shape[-1] for a, b in factors)
    ours, peer, ratio = side_by_side(batched, apart, 2 * rounds)
    what = f"matrix products of {REPLICAS} models batched against one after another"
    add(what, flops / ours, flops / peer, ratio, "flop/s")


def rows(profile: Profile, steps: int, rounds: int, matrix: int) -> list[dict]:
    """Every comparison as rows of `speed.csv`."""
    bench, found = Bench(profile, steps), []

    def add(what: str, ours: float, peer: float, ratio: float, unit: str) -> None:
        found.append({"what": what, "ours": ours, "peer": peer, "ratio": ratio, "unit": unit})

    pairs = {
        "cached soft scoring against plain": (bench.cached, bench.plain),
        "cached soft scoring against online reference": (bench.cached, bench.online),
        "Trainer against bare PyTorch loop": (bench.plain, bench.bare),
    }
    for what, pair in pairs.items():
        ours, peer, ratio = side_by_side(*pair, rounds)
        add(what, bench.size / ours, bench.size / peer, ratio, "tokens/s")
    peak = matrix_peak(torch.bfloat16 if AUTOCAST else torch.float32, matrix, rounds + 2)
    flops = 6 * models.parameters(bench.model()) * found[-1]["ours"]
    add(cost.PEAK, peak, float("nan"), float("nan"), "flop/s")
    add(cost.SHARE, flops, peak, flops / peak, "flop/s")
    replicas(bench, rounds, add)
    if DEVICE == "cpu":
        together = run_together(profile, steps, 2)
        apart = run_together(profile, steps, 1)
        ours, peer = (2 * bench.size / t for t in (together, apart))
        add(
            "two runs side by side against one after the other", ours, peer, ours / peer, "tokens/s"
        )
    return [{**row, "machine": machine()} for row in found]


def main() -> None:
    """Run, print, and write where told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--matrix", type=int, default=2048, help="side of the matrices of the peak")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    quiet()
    profile = load_profile(options.profile)
    table = pd.DataFrame(rows(profile, options.steps, options.rounds, options.matrix))
    print(table.to_string(index=False))
    if options.write:
        speed_table.add(table.to_dict("records"))


if __name__ == "__main__":
    main()
