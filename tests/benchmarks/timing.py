"""Wall clock and matrix peak of the machine that a benchmark runs on."""

import time
from collections.abc import Callable

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of a piece of work, the GPU's queue included."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def matrix_peak(dtype: torch.dtype, size: int, rounds: int = 8) -> float:
    """Operations a second of square matrix products, the best of the rounds."""
    a = torch.randn(size, size, device=DEVICE).to(dtype)
    return 2 * size**3 / min(seconds(lambda: a @ a) for _ in range(rounds))
