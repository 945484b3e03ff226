"""What a run will need: time, memory and disk, measured on a small sample of its own source.

The stages run over the sample with the run's own settings, classifier and questions, so that the
forecast holds for this text on this machine. Nothing is fetched and nothing is left behind.
"""

import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.pipeline.outcome.finish import write_outcome
from mucpt_utils.pipeline.plan import plan_stages
from mucpt_utils.pipeline.run import READ, STAGES, run_pipeline
from mucpt_utils.pipeline.sample import copy_pieces, draw, readable_files
from mucpt_utils.text.sources.inputs import FolderInput, input_size, split_name

FIRST, LARGEST = 60_000, 2_000_000  # bytes of the first sample, and of the second at most
SECONDS = 10.0  # processor time that the second sample may take
# for sources that would have to be fetched: measured on a small cloud machine, English prose
DOCUMENTS_A_SECOND, DISK_FACTOR, MEMORY = 150, 8.0, 700e6


class Cost(NamedTuple):
    """What a run took or will need.

    documents: number read. seconds: of processor time. memory: bytes at the peak. disk: bytes
    while it runs. left: bytes that remain in the end.
    """

    documents: float
    seconds: float
    memory: float
    disk: float
    left: float


class Measured(NamedTuple):
    """A run over a sample, and the bytes of the source that the sample represents."""

    bytes: int
    cost: Cost


class Task(NamedTuple):
    """A run of the pipeline: its source, its settings, and what it runs with."""

    source: str | Path
    settings: PipelineSettings
    classifier: Path | None = None
    questions: Sequence[dict] = ()
    tasks: int = 1
    workers: int = 1


def forecast(task: Task) -> Cost | None:
    """What a run over a folder or file will need; None for a source that must be fetched.

    memory: of one process, of which there are as many as workers. seconds: of all of them together.
    Raises NoSource where there is nothing to read.
    """
    kind, name = split_name(task.source)
    if kind != "path":
        return None
    started = time.process_time()
    files = readable_files(FolderInput.open(Path(name), task.settings.source).paths)
    total = sum(file.bytes for file in files)
    with tempfile.TemporaryDirectory(prefix="forecast-") as place:
        folder = Path(place)
        first = copy_pieces(draw(files, FIRST), folder / "first")
        if not first:  # the run will only say why it can read nothing
            return Cost(0, time.process_time(), peak_memory(), 0, 0)
        cold = measure(task, folder / "cold", first, "first")
        small = measure(task, folder / "small", cold.bytes, "first")
        rate = max(1.0, small.bytes / small.cost.seconds)
        pieces = draw(files, round(min(LARGEST, max(2 * FIRST, SECONDS * rate))))
        large = measure(task, folder / "large", copy_pieces(pieces, folder / "second"), "second")
    once = cold.cost.seconds - small.cost.seconds  # for loading, which happens once
    grown = extrapolated(small, large, total, task.settings.part_documents)
    return grown._replace(seconds=grown.seconds + started + max(0.0, once) * task.workers)


def measure(task: Task, folder: Path, size: int, sample: str) -> Measured:
    """Runs the pipeline over a sample, beside `folder`; size: the bytes that it represents."""
    settings = task.settings.model_copy(update={"engine": "local", "keep_stages": True})
    source, started = folder.parent / sample, time.process_time()
    result = run_pipeline(source, folder, settings, task.classifier, task.questions)
    write_outcome(result, source, settings, task.classifier, task.questions)
    seconds = time.process_time() - started
    documents = sum(row["documents"] for row in result.funnel if row["stage"] == READ)
    peak = peak_memory()
    disk, left = disk_use(folder), disk_use(folder, STAGES)
    return Measured(size, Cost(documents, seconds, peak, disk, left))


def peak_memory() -> float:
    """The most memory that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def extrapolated(small: Measured, large: Measured, total: int, part_documents: int) -> Cost:
    """The cost of `total` bytes, on the line through two samples.

    Memory grows until a part is full, then stays. For a source read whole, the cost is known.
    """
    if large.bytes >= total or large.bytes <= small.bytes:
        return large.cost
    beyond = total - large.bytes
    slopes = [
        max(0.0, (b - a) / (large.bytes - small.bytes))
        for a, b in zip(small.cost, large.cost, strict=True)
    ]
    grown = Cost(*(b + slope * beyond for b, slope in zip(large.cost, slopes, strict=True)))
    part = large.bytes * part_documents / max(1.0, large.cost.documents)
    held = max(0.0, min(total, part) - large.bytes)
    return grown._replace(memory=large.cost.memory + slopes[Cost._fields.index("memory")] * held)


def disk_use(folder: Path, without: str = "") -> int:
    """Bytes of the files below a folder, each counted once; a folder `without` is left out."""
    sizes = {}
    for place, folders, names in os.walk(folder):
        if without in folders:
            folders.remove(without)
        for name in names:
            status = os.lstat(os.path.join(place, name))
            sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())


def described(task: Task) -> str:
    """The plan in words: stages, input, and a forecast. Nothing is fetched and nothing written."""
    size = input_size(task.source, task.settings.source)
    stages = plan_stages(task.settings, Path("classifier"), task.questions)
    names = [READ, *(stage.name for stage in stages if stage.blocks)]
    cost, basis = forecast(task), "measured on a sample of it"
    if cost is None:
        cost, basis = from_size(size.bytes, size.documents), "by figures of another machine"
    documents = cost.documents if cost.documents or size.documents is None else size.documents
    workers = min(task.workers, task.tasks)
    lines = {
        "stages": " -> ".join(names),
        "source": f"{size.what}, {megabytes(size.bytes)}, {about(documents, 1, 'documents')}",
        "engine": f"{task.settings.engine}, {task.workers} worker{'s' * (task.workers > 1)}",
        "time": f"{about(cost.seconds, workers, 's')}{' of each worker' * (workers > 1)}, {basis}",
        "memory": f"{megabytes(cost.memory)}{' for each worker' * (workers > 1)}",
        "disk": f"{megabytes(cost.disk)} while it runs, {megabytes(cost.left)} stay",
    }
    return "\n".join(f"{name + ':':8}{line}" for name, line in lines.items())


def from_size(size: float | None, documents: float | None) -> Cost:
    """A first estimate from an input's size alone; unknown amounts are NaN."""
    unknown = float("nan")
    size, documents = (unknown if x is None else x for x in (size, documents))
    return Cost(documents, documents / DOCUMENTS_A_SECOND, MEMORY, size * DISK_FACTOR, size * 2)


def megabytes(amount: float | None) -> str:
    """A number of bytes in words."""
    return about(amount, 1e6, "MB")


def about(amount: float | None, divisor: float, unit: str) -> str:
    """An amount in words, with two digits, which is as exact as a forecast can be."""
    if amount is None or amount != amount:
        return f"an unknown number of {unit}"
    value = amount / divisor
    digits = 1 if value < 10 and unit in ("MB", "s") else 0
    return f"about {value:,.{digits}f} {unit}"
