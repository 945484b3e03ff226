"""The pipeline beside FineWeb's recipe on bare datatrove blocks: MB of text a second, by stage.

    python tests/benchmarks/bench_recipe.py FOLDER [--megabytes 4] [--memory TIMES]

FOLDER holds any text that the pipeline reads. Its passages, as the pipeline cuts them, go through
both in one process, one worker, one after the other; processor time is counted, each stage's text
divided by it. FineWeb's recipe, without its language filter, whose model would be fetched:
Gopher's repetition and quality, C4's and FineWeb's quality, MinHash in four steps, masking. Ours
also classifies, repairs, cuts junk, looks for contained works and exact copies, and accounts for
all. `--memory N` tells the peak memory of the pipeline on N times the passages, each with words of
its own. Every figure is a line of JSON.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from datatrove.pipeline.dedup import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.pipeline import executors, run
from mucpt_utils.pipeline.domain.shipped import SHIPPED
from mucpt_utils.text.sources import PassedOver, Unreadable, open_input


def passages(source: Path, megabytes: float, folder: Path) -> Iterator[str]:
    """Passages of a folder, from the first on, up to so many megabytes of text."""
    size = 0
    for unit in open_input(source, SourceSettings(), folder).units(10**9):
        for item in unit():
            if not isinstance(item, PassedOver | Unreadable):
                yield item.text
                size += len(item.text.encode())
                if size > megabytes * 1e6:
                    return


def write_passages(texts: list[str], times: int, folder: Path) -> Path:
    """The passages so many times over; behind the first time each word has the copy's number."""
    folder.mkdir()
    for copy in range(times):
        with (folder / f"{copy:04d}.jsonl").open("w", encoding="utf-8") as out:
            for row, text in enumerate(texts):
                changed = text.replace(" ", f"{chr(97 + copy % 26) * (1 + copy // 26)} ")
                out.write(json.dumps({"text": changed if copy else text, "id": f"{copy}/{row}"}))
                out.write("\n")
    return folder


def ours(source: Path, out: Path) -> dict[str, float]:
    """Seconds of each stage of the pipeline; the classifier weighs, so that all text goes on."""
    seconds: dict[str, float] = {}
    execute = executors.run_executor

    def timed(executor: executors.PipelineExecutor, name: str) -> None:
        started = time.process_time()
        execute(executor, name)
        stage = name.partition("-")[0]
        seconds[stage] = seconds.get(stage, 0.0) + time.process_time() - started

    run.executors.run_executor = timed
    try:
        run.run_pipeline(source, out, PipelineSettings(classifier="weights"), SHIPPED)
    finally:
        run.executors.run_executor = execute
    return seconds


def fineweb(source: Path, out: Path) -> dict[str, float]:
    """Seconds of each stage of FineWeb's recipe, documents in memory between them."""
    config = MinhashConfig(num_buckets=14, hashes_per_bucket=8, n_grams=5)
    folders = [str(out / name) for name in ("signatures", "buckets", "cluster")]
    mapping = {
        "read": [JsonlReader(str(source))],
        "filter": [
            GopherRepetitionFilter(),
            GopherQualityFilter(),
            C4QualityFilter(filter_no_terminal_punct=False),
            FineWebQualityFilter(),
        ],
        "near": [],
        "mask": [PIIFormatter()],
        "write": [JsonlWriter(str(out / "kept"), compression=None)],
    }
    seconds, data = {}, None
    for stage, steps in mapping.items():
        started = time.process_time()
        if stage == "near":
            MinhashDedupSignature(folders[0], config).run(iter(data), 0, 1)
            for bucket in range(config.num_buckets):
                MinhashDedupBuckets(*folders[:2], config=config).run(
                    None, bucket, config.num_buckets
                )
            MinhashDedupCluster(folders[1], folders[2], config=config).run(None, 0, 1)
            steps = [MinhashDedupFilter(folders[2])]
        for step in steps:
            data = step.run(data, 0, 1)
        data = list(data)
        seconds[stage] = time.process_time() - started
    return seconds


def show_rates(side: str, megabytes: float, seconds: dict[str, float]) -> float:
    """Prints MB a second of each stage and of all; returns the latter."""
    whole = megabytes / sum(seconds.values())
    stages = {name: round(megabytes / taken, 2) for name, taken in seconds.items() if taken}
    print(json.dumps({"side": side, "mb_a_second": round(whole, 3), "stages": stages}), flush=True)
    return whole


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--megabytes", type=float, default=4.0)
    parser.add_argument("--memory", type=int, metavar="TIMES")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, executors.quiet_datatrove():
        folder = Path(name)
        texts = list(passages(options.source, options.megabytes, folder / "fetched"))
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        if options.memory:
            source = write_passages(texts, options.memory, folder / "many")
            ours(source, folder / "ours")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps({"times": options.memory, "peak_mib": round(peak, 1)}))
            return
        few = write_passages(list(islice(texts, 40)), 1, folder / "few")
        source = write_passages(texts, 1, folder / "source")
        sides: dict[str, Callable] = {"ours": ours, "fineweb": fineweb}
        rates = {}
        for side, measure in sides.items():
            measure(few, folder / f"few-{side}")  # what is loaded once is loaded now
            rates[side] = show_rates(side, megabytes, measure(source, folder / side))
        print(json.dumps({"megabytes": megabytes, "ratio": rates["ours"] / rates["fineweb"]}))


if __name__ == "__main__":
    main()
