"""The pipeline under kills, at growing sizes, and beside the libraries it stands on.

    python tests/benchmarks/bench_pipeline.py kills  [--kills 50] [--copies 1]
    python tests/benchmarks/bench_pipeline.py memory [--times 1 10 100]
    python tests/benchmarks/bench_pipeline.py speed  [--copies 1] [--rounds 3]

The corpus is the smoke profile's rendered one; copy n of it has n in every identifier and title
and its words shuffled within sentences, so that copies are no duplicates. Every figure is printed
as a line of JSON. `speed` measures both sides in turn, in one process, and gives the median.
"""

import argparse
import json
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fasttext
import numpy as np
from datasketch import MinHash, MinHashLSH
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupBuckets

from mucpt_utils import classifier, dedup, engines, masking, quality
from mucpt_utils.artifacts import content_digest
from mucpt_utils.documents import read_jsonl
from mucpt_utils.pipeline import PipelineSettings, run_pipeline
from mucpt_utils.settings import load_profile
from mucpt_utils.study import Study

OUTPUT = ("kept", "rejected", "quarantine.jsonl", "funnel.csv", "contained.jsonl", "pipeline.json")


def corpus(copies: int, folder: Path) -> tuple[Path, Path]:
    """The rendered corpus `copies` times over, and a classifier for it."""
    study = Study(load_profile("smoke"))
    rows = read_jsonl(study.raw_corpus().path("documents.jsonl"))
    folder.mkdir(parents=True, exist_ok=True)
    for copy in range(copies):
        with (folder / f"{copy:04d}.jsonl").open("w", encoding="utf-8") as out:
            for row in rows:
                out.write(json.dumps(_variant(row, copy)) + "\n")
    return folder, study.classifier().folder


def _variant(row: dict, copy: int) -> dict:
    """The document itself, or a text of the same words in another order."""
    text = row["text"]
    if copy:
        shuffler = random.Random(f"{copy}:{row['id']}")
        sentences = re.split(r"(?<=[.!?])\s", text)
        for number, sentence in enumerate(sentences):
            words = sentence.split(" ")
            shuffler.shuffle(words)
            sentences[number] = " ".join(words)
        text = " ".join(sentences)
    metadata = {k: v for k, v in row["metadata"].items() if k != "truth"}
    return {"text": text, "id": f"{row['id']}/{copy}", "metadata": metadata}


def show(**figures: object) -> None:
    """One result, as JSON."""
    print(json.dumps(figures), flush=True)


# --- kills --------------------------------------------------------------------------------------


def kills(options: argparse.Namespace, folder: Path) -> None:
    """Kills runs at random moments until `--kills` have hit; the output must be that of one run."""
    source, model = corpus(options.copies, folder / "source")
    started = time.perf_counter()
    _pipeline(source, folder / "whole", model).wait()
    seconds = time.perf_counter() - started
    wanted = _outcome(folder / "whole")
    draw, hits, runs, same = random.Random(0), 0, 0, 0
    while hits < options.kills:
        out = folder / f"run{runs}"
        alive = True
        while alive and hits < options.kills:
            process = _pipeline(source, out, model)
            time.sleep(draw.uniform(0, seconds))
            alive = process.poll() is None
            if alive:
                process.send_signal(signal.SIGKILL)
                hits += 1
            process.wait()
        if _pipeline(source, out, model).wait():
            raise SystemExit("a resumed run failed")
        runs += 1
        same += _outcome(out) == wanted
    show(what="kills", kills=hits, runs=runs, same_output=same, seconds_of_a_run=round(seconds, 1))
    if same != runs:
        raise SystemExit("a resumed run gave another output")


def _pipeline(source: Path, out: Path, model: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "mucpt_utils.pipeline", "--source", source, "--out", out]
    command += ["--classifier", model]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _outcome(out: Path) -> dict[str, str]:
    """Digest of everything that counts as output."""
    found = {}
    for name in OUTPUT:
        path = out / name
        found[name] = content_digest(path) if path.is_dir() else path.read_text(encoding="utf-8")
    return found


# --- memory -------------------------------------------------------------------------------------


def memory(options: argparse.Namespace, folder: Path) -> None:
    """Peak memory of a run in its own process, and time a document, at each size."""
    for times in options.times:
        source, model = corpus(times, folder / f"source{times}")
        command = [sys.executable, __file__, "one-run", str(source), str(folder / f"out{times}")]
        done = subprocess.run([*command, str(model)], capture_output=True, text=True, check=True)
        show(what="memory", times=times, **json.loads(done.stdout.splitlines()[-1]))


def one_run(options: argparse.Namespace) -> None:
    """A run of the pipeline that tells its own peak memory."""
    started = time.perf_counter()
    result = run_pipeline(options.source, options.out, PipelineSettings(), options.model)
    seconds = time.perf_counter() - started
    documents = sum(row["documents"] for row in result.funnel if row["stage"] == "read")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"documents": documents, "peak_mib": round(peak, 1), "seconds": round(seconds, 2)}
    show(**figures, ms_a_document=round(1000 * seconds / documents, 3))


# --- speed --------------------------------------------------------------------------------------


def speed(options: argparse.Namespace, folder: Path) -> None:
    """Documents a second, ours beside the same work done by the library itself."""
    source, model = corpus(options.copies, folder / "source")
    rows = [row for path in sorted(source.glob("*.jsonl")) for row in read_jsonl(path)]
    _pipeline_speed(rows, source, model, folder, options.rounds)
    _classifier_speed(rows, model, options.rounds)
    _minhash_speed(rows, folder, options.rounds)


def _pipeline_speed(rows, source: Path, model: Path, folder: Path, rounds: int) -> None:
    """The stages of the pipeline against their datatrove blocks, chained in memory.

    Both classify, clean and mask; the pipeline also writes its parts, its accounting and what it
    rejects, and the bare blocks read and write JSON Lines by datatrove's reader and writer.
    """
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    settings = PipelineSettings(
        exact_duplicates=False, near_duplicates={"enabled": False}, contained={"enabled": False}
    )

    def ours(number: int) -> None:
        run_pipeline(source, folder / f"ours{number}", settings, model)

    def bare(number: int) -> None:
        steps = [
            JsonlReader(str(source)),
            classifier.DomainFilter(model, settings.classifier_threshold, weigh=True),
            *quality.steps(settings.clean),
            masking.MaskPersonalData(settings.masking),
            JsonlWriter(str(folder / f"bare{number}"), compression=None),
        ]
        data: Iterator[Document] | None = None
        for step in steps:
            data = step.run(data, 0, 1)
        with engines.quiet_datatrove():
            for _ in data:
                pass

    _compare("pipeline against its datatrove blocks", ours, bare, len(rows), rounds)


def _classifier_speed(rows, model: Path, rounds: int) -> None:
    """Our filter against fastText's own predict on the same lines.

    The wheel has no command line; its `predict` on a list of lines is the same C++ call that
    `fasttext predict-prob` makes for each line, without reading them from a file.
    """
    documents = [Document(text=row["text"], id=row["id"]) for row in rows]
    ours_filter = classifier.Classifier.load(model)
    library = fasttext.load_model(str(next(Path(model).glob("*.bin"))))
    lines = [" ".join(d.text.split()) for d in documents]

    def ours(_: int) -> None:
        ours_filter.probabilities([d.text for d in documents])

    def theirs(_: int) -> None:
        library.predict(lines, k=2)

    _compare("classifier against fastText's predict", ours, theirs, len(rows), rounds)


def _minhash_speed(rows, folder: Path, rounds: int) -> None:
    """Signatures and matching pairs of equal shingles, bands and rows, by datatrove and datasketch.

    The shingles are made beforehand for both.
    """
    settings = dedup.MinhashSettings()
    config: MinhashConfig = dedup.minhash_config(settings)
    found = [dedup.shingles(row["text"], settings.shingle_words) for row in rows]
    documents = [Document(text=str(n), id=row["id"]) for n, row in enumerate(rows)]

    class Prepared(dedup.NearSignatures):
        def get_shingles(self, text: str) -> np.ndarray:
            values = found[int(text)]
            self._kept.append(values)
            return values.reshape(-1, 1)

    def ours(number: int) -> None:
        place = folder / f"minhash{number}"
        (place / "pairs").mkdir(parents=True)
        with engines.quiet_datatrove():
            Prepared(str(place), settings).run(iter(documents))
            for bucket in range(settings.bands):
                MinhashDedupBuckets(
                    f"{place}/signatures", f"{place}/pairs", config=config, lines_to_buffer=1000
                ).run(None, bucket, settings.bands)

    def theirs(_: int) -> None:
        permutations = settings.bands * settings.rows
        index = MinHashLSH(num_perm=permutations, params=(settings.bands, settings.rows))
        for row, values in zip(rows, found, strict=True):
            signature = MinHash(num_perm=permutations, hashfunc=int)
            signature.update_batch([int(value) & 0xFFFFFFFF for value in values])
            index.query(signature)
            index.insert(row["id"], signature)

    _compare("MinHash against datasketch", ours, theirs, len(rows), rounds)


def _compare(what: str, ours: Callable, theirs: Callable, documents: int, rounds: int) -> None:
    """Both sides in turn; documents a second at the median, and their ratio."""
    taken: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(rounds + 1):
        for name, run in (("ours", ours), ("theirs", theirs)):
            started = time.perf_counter()
            run(number)
            taken[name].append(time.perf_counter() - started)
    # the first round warms both
    rates = {name: documents / statistics.median(times[1:]) for name, times in taken.items()}
    figures = {name: round(rate, 1) for name, rate in rates.items()}
    show(what=what, **figures, ratio=round(rates["ours"] / rates["theirs"], 3), unit="documents/s")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("kills")
    one.add_argument("--kills", type=int, default=50)
    one.add_argument("--copies", type=int, default=1)
    commands.add_parser("memory").add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    one = commands.add_parser("speed")
    one.add_argument("--copies", type=int, default=1)
    one.add_argument("--rounds", type=int, default=3)
    one = commands.add_parser("one-run")
    for name in ("source", "out", "model"):
        one.add_argument(name, type=Path)
    options = parser.parse_args()
    if options.command == "one-run":
        one_run(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        {"kills": kills, "memory": memory, "speed": speed}[options.command](options, Path(folder))


if __name__ == "__main__":
    main()
