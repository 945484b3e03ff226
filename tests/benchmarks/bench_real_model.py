"""Speed and memory of a real model on this machine, side by side in one run, as ratios.

    python tests/benchmarks/bench_real_model.py [MODEL] [--steps N] [--rounds R] [--write]

MODEL is named as for `musicsimpleqa --model`; package:smollm2-135m unless given.

- training by the project's path: against a bare PyTorch loop over the same model, data, precision
  and optimiser (goal: at least .95)
- bfloat16 products (weights in float32) against float32 throughout
- training with memory kept between steps, as the study's workers are set up, against glibc's own
  way: each in a process of its own, which reads the setting as it starts
- as many runs side by side as there are cores, one thread each, against one run with all threads:
  tokens a second together; each holds a model of its own in memory
- training share of matrix peak: 6 N D operations a second of a plain step as the workers take it
  (goal: at least .5), N the parameters that multiply: the embedding table is read only, unless it
  is the head too
- scoring: tokens a second; memory: the largest resident size of this process, in GiB
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import speed_table
import torch
from bench_training import machine, side_by_side
from timing import matrix_peak, seconds

from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring import models
from mucpt_utils.scoring.losses import measured, score
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.parallel import KEPT_MEMORY, THREADS, cores
from mucpt_utils.teaching.session import quiet
from mucpt_utils.training import trainer
from mucpt_utils.training.batches import Sequences
from mucpt_utils.training.precision import has_bfloat16_tiles

CONTEXT, ROWS = 256, 4
PEAK_SIZE = 2048


class Bench:
    """A loaded model, and random tokens for some steps of 4 rows of 256."""

    def __init__(self, name: str, steps: int):
        self.model = models.load(name, torch.float32)
        self.steps = steps
        rng = np.random.default_rng(0)
        shape = (steps * ROWS, CONTEXT)
        self.tokens = rng.integers(100, self.model.config.vocab_size, shape).astype(np.uint32)
        self.weights = np.ones(shape, np.float32)

    def settings(self, precision: str) -> TrainSettings:
        """AdamW with a rate so small that the weights stay what they are."""
        return TrainSettings(
            tokens=self.tokens.size,
            batch_sequences=ROWS,
            learning_rate=1e-9,
            optimiser="adamw",
            checkpoints=0,
            precision=precision,
        )

    def ours(self, precision: str) -> None:
        """A run by the project's own path."""
        data = Sequences(self.tokens, self.weights)
        with tempfile.TemporaryDirectory() as folder:
            trainer.train(self.model, data, self.settings(precision), Path(folder), seed=0)

    def bare(self, precision: str) -> None:
        """The same steps in a loop without Trainer."""
        model = self.model.train()
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=1e-9,
            weight_decay=self.settings(precision).weight_decay,
            fused=True,
        )
        bfloat16 = precision == "bfloat16"
        for rows in np.split(self.tokens, self.steps):
            ids = torch.from_numpy(rows.astype(np.int64))
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                losses = measured(model, ids)
            losses.mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()

    def scoring(self) -> float:
        """Tokens a second of losses over documents of one row each."""
        starts = np.arange(0, self.tokens.size + 1, CONTEXT)
        store = TokenStore(self.tokens.reshape(-1), starts, [""] * (len(starts) - 1))
        return self.tokens.size / seconds(lambda: score(self.model, store, CONTEXT))

    def multiplied(self) -> int:
        """Parameters that take part in matrix products."""
        table = self.model.get_input_embeddings().weight
        head = self.model.get_output_embeddings().weight
        total = models.parameters(self.model)
        return total if head is table else total - table.numel()


def best_precision() -> str:
    """What the study trains a real model in on this processor."""
    return "bfloat16" if has_bfloat16_tiles() else "float32"


def kept_and_given_back(name: str, steps: int, rounds: int) -> tuple[float, float, float]:
    """Tokens a second with memory kept and with glibc's own way, and the median of the ratios."""
    bare = {name: value for name, value in os.environ.items() if name not in KEPT_MEMORY}
    kept = bare | KEPT_MEMORY
    return compared(
        [(at_once(name, steps, [kept]), at_once(name, steps, [bare])) for _ in range(rounds)]
    )


def side_by_side_and_alone(name: str, steps: int, rounds: int) -> tuple[float, float, float]:
    """Tokens a second of one run a core and of one on all cores, and the median of the ratios."""
    whole = dict(os.environ) | KEPT_MEMORY
    single = whole | dict.fromkeys(THREADS, "1")
    runs = [single] * cores()
    return compared(
        [(at_once(name, steps, runs), at_once(name, steps, [whole])) for _ in range(rounds)]
    )


def at_once(name: str, steps: int, environments: Sequence[Mapping[str, str]]) -> float:
    """Tokens a second of processes that train at the same time, together."""
    command = [sys.executable, __file__, name, "--steps", str(steps), "--alone"]
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for environment in environments
    ]
    printed = [process.communicate()[0] for process in processes]
    return sum(float(text.split()[-1]) for text in printed)


def compared(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """The medians of what was measured in pairs, and of the pairs' ratios."""
    ours, peer = np.median(pairs, axis=0)
    return ours, peer, float(np.median([a / b for a, b in pairs]))


def alone(name: str, steps: int) -> float:
    """Tokens a second of training in this process, after a first run that warms up."""
    bench, precision = Bench(name, steps), best_precision()
    bench.ours(precision)
    return bench.tokens.size / seconds(lambda: bench.ours(precision))


def rows(name: str, steps: int, rounds: int) -> list[dict]:
    """Every comparison as rows of `speed.csv`."""
    bench, short, table = Bench(name, steps), name.rpartition(":")[2], []
    best = best_precision()

    def add(what: str, ours: float, peer: float, ratio: float, unit: str = "tokens/s") -> None:
        row = {"what": f"{short}: {what}", "ours": ours, "peer": peer, "ratio": ratio}
        table.append({**row, "unit": unit, "machine": machine()})

    pairs = {
        f"training in {best} against bare PyTorch loop": (
            lambda: bench.ours(best),
            lambda: bench.bare(best),
        ),
        "training in bfloat16 against float32": (
            lambda: bench.ours("bfloat16"),
            lambda: bench.ours("float32"),
        ),
    }
    for what, pair in pairs.items():
        a, b, ratio = side_by_side(*pair, rounds)
        add(what, bench.tokens.size / a, bench.tokens.size / b, ratio)
        print(table[-1], flush=True)
    kept, given_back, ratio = kept_and_given_back(name, steps, rounds)
    add("training, memory kept against given back", kept, given_back, ratio)
    if cores() > 1:
        what = f"{cores()} runs side by side, one thread each, against one with all"
        add(what, *side_by_side_and_alone(name, steps, rounds))
    peak = matrix_peak(getattr(torch, best), PEAK_SIZE)
    work = 6 * bench.multiplied() * kept
    add(f"training share of matrix peak in {best}", work, peak, work / peak, "flop/s")
    none = float("nan")
    add("scoring", bench.scoring(), none, none)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    add("largest memory of training and scoring", largest, none, none, "GiB")
    return table


def main() -> None:
    """Run, print, and write where told."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="package:smollm2-135m")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--alone", action="store_true", help="one speed of training, printed")
    options = parser.parse_args()
    quiet()
    if options.alone:
        print(alone(options.model, options.steps))
        return
    table = pd.DataFrame(rows(options.model, options.steps, options.rounds))
    print(table.to_string(index=False))
    if options.write:
        speed_table.add(table.to_dict("records"))


if __name__ == "__main__":
    main()
