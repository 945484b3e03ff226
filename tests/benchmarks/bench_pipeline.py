"""The pipeline under kills, at growing sizes, and beside the libraries it stands on.

    python tests/benchmarks/bench_pipeline.py kills  [--kills 50] [--copies 1]
    python tests/benchmarks/bench_pipeline.py memory [--times 1 10 100] [--write]
    python tests/benchmarks/bench_pipeline.py speed  [--copies 10] [--rounds 3] [--lines 20000]
                                                     [--fasttext PROGRAM] [--write]

The corpus is the smoke profile's rendered one; copy n of it has n in every identifier and title
and its words shuffled within sentences, so that copies are no duplicates. Every figure is printed
as a line of JSON. `speed` measures both sides in turn, in one process, and gives the median; the
program `fasttext` is no part of the wheel, but of the sources: `pip download --no-binary :all:
fasttext`, then `g++ -std=c++17 -pthread -march=native -O3 -funroll-loops -DNDEBUG src/*.cc`.
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
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import fasttext
import numpy as np
import speed_table
from datasketch import MinHash, MinHashLSH
from datatrove.data import Document
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from mucpt_utils.config.pipeline import MinhashSettings, PipelineSettings
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline import cleaning, duplicates, executors, masking
from mucpt_utils.pipeline.domain import classifier
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.similarity import minhash
from mucpt_utils.study.provenance import machine
from mucpt_utils.study.stages import content_digest
from mucpt_utils.study.study import Study

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
    rows = []
    for times in options.times:
        source, model = corpus(times, folder / f"source{times}")
        command = [sys.executable, __file__, "one-run", str(source), str(folder / f"out{times}")]
        done = subprocess.run([*command, str(model)], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        show(what="memory", times=times, **found)
        what = f"pipeline: largest memory, {found['documents']} documents"
        rows.append({"what": what, "ours": found["peak_mib"], "unit": "MiB", "machine": _machine()})
    if options.write:
        speed_table.add(rows)


def one_run(options: argparse.Namespace) -> None:
    """A run of the pipeline that tells its own peak memory.

    Libraries are loaded before the clock starts, by a run on a few documents.
    """
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "few.jsonl"
        with next(iter(sorted(options.source.glob("*.jsonl")))).open() as lines:
            few.write_text("".join(islice(lines, 20)))
        run_pipeline(few, Path(folder) / "out", PipelineSettings(), options.model)
    started = time.perf_counter()
    result = run_pipeline(options.source, options.out, PipelineSettings(), options.model)
    seconds = time.perf_counter() - started
    documents = sum(row["documents"] for row in result.funnel if row["stage"] == "read")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"documents": documents, "peak_mib": round(peak, 1), "seconds": round(seconds, 2)}
    show(**figures, ms_a_document=round(1000 * seconds / documents, 3))


# --- speed --------------------------------------------------------------------------------------


class Comparison(NamedTuple):
    """Two ways to do one piece of work on `documents` documents."""

    what: str
    ours: Callable[[int], None]
    peer: Callable[[int], None]
    documents: int


def speed(options: argparse.Namespace, folder: Path) -> None:
    """Documents a second, ours beside the same work done by the library itself."""
    source, model = corpus(options.copies, folder / "source")
    rows = [row for path in sorted(source.glob("*.jsonl")) for row in read_jsonl(path)]
    comparisons = [
        _pipeline_speed(rows, source, model, folder),
        _classifier_speed(rows, model, folder, options),
        _minhash_speed(rows, folder, "legacy"),
        _minhash_speed(rows, folder, "affine32"),
    ]
    with executors.quiet_datatrove():
        found = [_compare(c, options.rounds) for c in comparisons]
    if options.write:
        speed_table.add(found)


def _machine() -> str:
    """The processor with its cores."""
    here = machine()
    return f"{here['cpu']}, {here['cores']} cores"


def _pipeline_speed(rows, source: Path, model: Path, folder: Path) -> Comparison:
    """The stages of the pipeline against their datatrove blocks, chained in memory.

    Both run in this process on one task, classify, clean and mask; the pipeline also digests its
    input, writes every stage's parts, its accounting, logs and what it rejects, and removes them.
    The bare blocks read and write JSON Lines by datatrove's reader and writer.
    """
    settings = PipelineSettings(
        exact_duplicates=False, near_duplicates={"enabled": False}, contained={"enabled": False}
    )

    def ours(number: int) -> None:
        run_pipeline(source, folder / f"ours{number}", settings, model)

    def bare(number: int) -> None:
        steps = [
            JsonlReader(str(source)),
            classifier.DomainFilter(model, settings.classifier_threshold, weigh=True),
            *cleaning.steps(settings.clean),
            masking.MaskPersonalData(settings.masking),
            JsonlWriter(str(folder / f"bare{number}"), compression=None),
        ]
        data: Iterator[Document] | None = None
        for step in steps:
            data = step.run(data, 0, 1)
        with executors.quiet_datatrove():
            for _ in data:
                pass

    return Comparison("pipeline against its datatrove blocks", ours, bare, len(rows))


def _classifier_speed(rows, model: Path, folder: Path, options: argparse.Namespace) -> Comparison:
    """Calibrated probabilities against fastText on the same file, a text a line.

    Ours loads the model, reads the file, finds the words, and calibrates; fastText's command line
    loads the model, reads the file, and writes both labels with their scores. What is not counted:
    the start of Python. Without `--fasttext` the peer is the wheel's `predict` on the same lines.
    """
    texts = [" ".join(row["text"].split()) for row in rows]
    lines = [texts[n % len(texts)] for n in range(max(options.lines, len(texts)))]
    file, binary = folder / "lines.txt", Path(model) / classifier.MODEL_FILE
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8")

    def ours(_: int) -> None:
        loaded = classifier.Classifier.load(model)
        with file.open(encoding="utf-8", newline="\n") as stream:
            while batch := list(islice(stream, 256)):
                loaded.probabilities(batch)

    def command_line(_: int) -> None:
        command = [options.fasttext, "predict-prob", binary, file, "2"]
        with (folder / "scores.txt").open("wb") as out:
            subprocess.run(command, stdout=out, check=True)

    def predict(_: int) -> None:
        loaded = fasttext.FastText._FastText(str(binary))
        with file.open(encoding="utf-8", newline="\n") as stream:
            while batch := list(islice(stream, 256)):
                loaded.predict([line.rstrip("\n") for line in batch], k=2)

    if options.fasttext:
        name = "classifier against fastText's command line"
        return Comparison(name, ours, command_line, len(lines))
    return Comparison("classifier against fastText's predict", ours, predict, len(lines))


def _minhash_speed(rows, folder: Path, scheme: str) -> Comparison:
    """Signatures of equal shingles, and the pairs equal in a band, by ours and by datasketch.

    The shingles are made beforehand for both, in the form that each wants. datasketch's scheme
    `legacy` has the same hash functions as datatrove, here with the same parameters; its default,
    `affine32`, has cheaper ones.
    """
    settings = MinhashSettings()
    sets = [minhash.shingles(row["text"], settings.shingle_words) for row in rows]
    documents = [Document(text=str(n), id=row["id"]) for n, row in enumerate(rows)]
    low_bits = [(values & 0xFFFFFFFF).tolist() for values in sets]
    permutations = settings.bands * settings.rows
    options = {"num_perm": permutations, "hashfunc": int, "scheme": scheme}

    class Prepared(duplicates.NearSignatures):
        def hashes(self, text: str) -> np.ndarray | None:
            self.sets.append(sets[int(text)])
            return (
                minhash.minhashes(self.sets[-1], *self.parameters) if self.sets[-1].size else None
            )

    def ours(number: int) -> None:
        own = folder / f"minhash-{scheme}{number}"
        step = Prepared(own, settings)
        step.run(iter(documents))
        duplicates.MatchBuckets(own, step.config).run()

    if scheme == "legacy":
        a, b = Prepared(folder / "parameters", settings).parameters
        options["permutations"] = np.concatenate([a, b])

    def theirs(_: int) -> None:
        index = MinHashLSH(num_perm=permutations, params=(settings.bands, settings.rows))
        signatures = MinHash.generator(low_bits, **options)
        for row, signature in zip(rows, signatures, strict=True):
            index.query(signature)
            index.insert(row["id"], signature)

    name = {"legacy": "the same hash functions", "affine32": "its default hash functions"}[scheme]
    return Comparison(f"MinHash against datasketch, {name}", ours, theirs, len(rows))


def _compare(comparison: Comparison, rounds: int) -> dict:
    """Both sides in turn; documents a second at the median, and their ratio."""
    sides = {"ours": comparison.ours, "peer": comparison.peer}
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, run in sides.items():
            started = time.perf_counter()
            run(number)
            taken[name].append(time.perf_counter() - started)
    # the first round warms both
    rates = {n: comparison.documents / statistics.median(t[1:]) for n, t in taken.items()}
    row = {"what": comparison.what, **{name: round(rate, 1) for name, rate in rates.items()}}
    row |= {"ratio": round(rates["ours"] / rates["peer"], 3), "unit": "documents/s"}
    show(**row, machine=_machine())
    return row | {"machine": _machine()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("kills")
    one.add_argument("--kills", type=int, default=50)
    one.add_argument("--copies", type=int, default=1)
    one = commands.add_parser("memory")
    one.add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    one.add_argument("--write", action="store_true", help="keep the rows in results/speed")
    one = commands.add_parser("speed")
    one.add_argument("--copies", type=int, default=10)
    one.add_argument("--rounds", type=int, default=3)
    one.add_argument("--lines", type=int, default=20_000, help="lines that are classified")
    one.add_argument("--fasttext", type=Path, help="fastText's program, built from its sources")
    one.add_argument("--write", action="store_true", help="keep the rows in results/speed")
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
