"""The corpus pipeline: domain first, then cleaning, de-duplication, masking, decontamination.

Documents are read once into parts of fixed size; every stage maps parts to parts. datatrove runs
the parts, on however many tasks: a part's bytes depend on the input and the settings alone, so
the output is the same whatever the number of tasks and workers, and a run that was killed goes
on with the parts that are missing.
"""

import argparse
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path

import orjson
from datatrove.pipeline.base import PipelineStep
from tqdm import tqdm

from mucpt_utils.closure import code_digest
from mucpt_utils.config.pipeline import (
    MinhashSettings,
    PipelineSettings,
    RaySettings,
    SlurmSettings,
)
from mucpt_utils.io import digest, read_jsonl
from mucpt_utils.pipeline import (
    accounting,
    classifier,
    cleaning,
    containment,
    decontamination,
    executors,
    minhash,
)
from mucpt_utils.pipeline.masking import MaskPersonalData
from mucpt_utils.pipeline.shards import EachPart, ReadUnits
from mucpt_utils.text import sources
from mucpt_utils.text.sources import Input
from mucpt_utils.text.sources.inputs import input_size

RESULT = "pipeline.json"
FETCHED = "fetched"  # what is fetched before it is read
ASKED = ("id", "question", "answer", "subject")  # what decontamination needs of a question
BEFORE_COPIES_GO = ("classify", "clean")
# measured on two cores of a small cloud machine, one worker, documents of 100 to 200 words
DOCUMENTS_A_SECOND = 250
DISK_FACTOR = 4.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PipelineResult:
    """What a run left: folders of JSON Lines, and the accounting of every stage."""

    folder: Path
    funnel: list[dict] = field(repr=False)

    @property
    def kept(self) -> Path:
        """Folder of the documents that passed, `{text, id, metadata}` a line."""
        return self.folder / "kept"

    @property
    def rejected(self) -> Path:
        """Folder of the dropped documents, one file a stage, with stage, reason and detail."""
        return self.folder / "rejected"

    @property
    def quarantine(self) -> Path:
        """File of what could not be read: place, reason and beginning of each."""
        return self.folder / "quarantine.jsonl"

    @property
    def contained(self) -> Path:
        """File of the works that stand inside another one; nothing is dropped for that."""
        return self.folder / containment.REPORT

    @classmethod
    def load(cls, folder: Path) -> "PipelineResult":
        """The result of a finished run. Raises FileNotFoundError where none is in `folder`."""
        record = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return cls(folder, record["funnel"])


def run_pipeline(
    source: str | Path,
    out_folder: Path,
    settings: PipelineSettings | None = None,
    classifier_path: Path | None = None,
    questions: Sequence[dict] = (),
    tasks: int = 1,
    workers: int = 1,
) -> PipelineResult:
    """Runs every stage that is switched on; resumes or loads what `out_folder` already holds.

    source: a folder or file (`.jsonl .parquet .txt .md .rst .html .warc .wet`, also `.gz` or
    `.zst`), `gutenberg:NUMBER,...`, or `hub:NAME[:SPLIT]`; see `sources.inputs`.
    classifier_path: a classifier as `classifier.train_classifier` saves it; needed unless the
    classifier is off. questions: benchmark questions; without any, decontamination is skipped.
    tasks, workers: how many datatrove tasks, how many at a time; they do not change the output.
    Raises FileNotFoundError for a missing folder, ValueError for settings that do not fit,
    AccountingError where a stage does not account for its documents, EngineError where tasks
    failed on the engine.
    """
    settings = settings or PipelineSettings()
    out_folder = Path(out_folder)
    if settings.classifier != "off" and classifier_path is None:
        raise ValueError(f"classifier={settings.classifier!r} needs classifier_path")
    found = sources.open_input(source, settings.source, out_folder / FETCHED)
    key = _run_key(found, settings, classifier_path, questions)
    finished = _finished(out_folder, key, settings.keep_stages)
    if finished:
        return finished
    out_folder.mkdir(parents=True, exist_ok=True)
    run = _Run(out_folder, key, tasks, workers, settings)
    stages = plan_stages(settings, classifier_path, questions)
    names = ["read", *(stage.name for stage in stages)]
    with tqdm(names, desc="pipeline", unit="stage", disable=None) as bar:
        kept = read_stage(run, found)
        bar.update()
        for number, stage in enumerate(stages, 1):
            if stage.name not in BEFORE_COPIES_GO:
                report_contained(run, kept)
            bar.set_postfix_str(stage.name)
            kept = run_stage(run, stage, kept, number)
            bar.update()
        report_contained(run, kept)
    return _collect(run, names, kept, settings)


# --- stages -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """A named stage: the datatrove steps a part passes, and what must run over all parts first.

    steps: called with the stage's folder. prepare: called with the run, the folder of the parts
    that come in, and the stage's folder.
    """

    name: str
    steps: Callable[[Path], list[PipelineStep]]
    prepare: Callable[["_Run", Path, Path], None] | None = None


def plan_stages(
    settings: PipelineSettings, classifier_path: Path | None, questions: Sequence[dict]
) -> list[Stage]:
    """The stages that are switched on, in the order in which they run."""
    stages = []
    if settings.classifier != "off":
        stages.append(Stage("classify", partial(_classify_steps, settings, classifier_path)))
    if settings.clean.enabled:
        stages.append(Stage("clean", lambda _: cleaning.steps(settings.clean)))
    if settings.exact_duplicates:
        stages.append(Stage("exact_duplicates", _exact_steps, _find_exact))
    if settings.near_duplicates.enabled:
        find = partial(_find_near, settings.near_duplicates)
        stages.append(Stage("near_duplicates", _near_steps, find))
    if settings.masking.enabled:
        stages.append(Stage("mask", lambda _: [MaskPersonalData(settings.masking)]))
    if settings.decontamination != "off" and questions:
        drop = settings.decontamination == "drop"
        stages.append(
            Stage("decontaminate", lambda _: [decontamination.AskedQuestions(questions, drop)])
        )
    return stages


def _classify_steps(settings: PipelineSettings, path: Path, _: Path) -> list[PipelineStep]:
    return [
        classifier.DomainFilter(
            path,
            settings.classifier_threshold if "filter" in settings.classifier else None,
            weigh="weights" in settings.classifier,
        )
    ]


def _exact_steps(folder: Path) -> list[PipelineStep]:
    return [minhash.DropListed(str(folder), "exact duplicate")]


def _near_steps(folder: Path) -> list[PipelineStep]:
    return [minhash.DropListed(str(folder), "near duplicate")]


def _find_exact(run: "_Run", parts: Path, folder: Path) -> None:
    run.execute("exact-1", EachPart(parts, [minhash.ExactSignatures(str(folder))]))
    run.execute("exact-2", minhash.MatchBuckets(str(folder), minhash.exact_config()))
    run.execute("exact-3", minhash.Clusters(str(folder)), tasks=1)


def _find_near(settings: MinhashSettings, run: "_Run", parts: Path, folder: Path) -> None:
    run.execute("near-1", EachPart(parts, [minhash.NearSignatures(str(folder), settings)]))
    run.execute("near-2", minhash.MatchBuckets(str(folder), minhash.minhash_config(settings)))
    run.execute("near-3", minhash.Clusters(str(folder), settings.similarity), tasks=1)


def report_contained(run: "_Run", parts: Path) -> None:
    """Looks for works inside other works, once, and leaves the report in the run's folder."""
    settings = run.settings.contained
    folder = run.stages / containment.KIND
    if settings.enabled and not (folder / containment.REPORT).exists():
        folder.mkdir(parents=True, exist_ok=True)
        block = EachPart(parts, [containment.WorkShingles(str(folder), settings)])
        run.execute("contained-1", block)
        run.execute("contained-2", containment.ReportContained(str(folder), settings), tasks=1)


def run_stage(run: "_Run", stage: Stage, parts: Path, number: int) -> Path:
    """Maps `parts` through a stage; returns the folder of the parts that are kept."""
    folder = run.stage_folder(number, stage.name)
    if stage.prepare:
        stage.prepare(run, parts, folder)
    block = EachPart(parts, stage.steps(folder), stage.name, folder)
    run.execute(stage.name, block)
    return folder / "kept"


# --- reading ------------------------------------------------------------------------------------


def read_stage(run: "_Run", source: Input) -> Path:
    """Reads the source; returns the folder of its parts."""
    folder = run.stage_folder(0, "read")
    settings = run.settings
    units = source.units(settings.unit_bytes)
    run.execute("read", ReadUnits(units, folder, settings.part_documents))
    return folder / "kept"


# --- running ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    out_folder: Path
    key: str
    tasks: int
    workers: int
    settings: PipelineSettings

    @property
    def stages(self) -> Path:
        return self.out_folder / "stages" / self.key

    def stage_folder(self, number: int, name: str) -> Path:
        folder = self.stages / f"{number:02d}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def execute(self, name: str, block: PipelineStep, tasks: int | None = None) -> None:
        """Runs one block on the engine of the settings; a block that has run is skipped."""
        tasks = tasks or self.tasks
        logs = self.stages / "logs" / f"{name}-{tasks}"
        executor = executors.make_executor(
            self.settings.engine, block, name, tasks, self.workers, logs, self.options
        )
        executors.run_executor(executor, name)

    @property
    def options(self) -> RaySettings | SlurmSettings | None:
        """The settings of the engine that is used."""
        return getattr(self.settings, self.settings.engine, None)


def _run_key(
    source: Input,
    settings: PipelineSettings,
    classifier_path: Path | None,
    questions: Sequence[dict],
) -> str:
    """Identifies a run by what decides its output: inputs, settings, code, library versions."""
    parts = {
        "input": source.key(),
        "settings": settings.deciding(),
        "classifier": classifier.fingerprint(classifier_path) if classifier_path else None,
        "questions": list(questions),
        "code": code_digest("mucpt_utils.pipeline.run"),
        "datatrove": metadata.version("datatrove"),
    }
    return digest(parts)[:12]


def _finished(folder: Path, key: str, keep_stages: bool) -> PipelineResult | None:
    path = folder / RESULT
    if not path.is_file() or json.loads(path.read_text(encoding="utf-8"))["key"] != key:
        return None
    if not keep_stages:
        shutil.rmtree(folder / "stages", ignore_errors=True)
    return PipelineResult.load(folder)


def _collect(
    run: _Run, names: Sequence[str], kept: Path, settings: PipelineSettings
) -> PipelineResult:
    """Checks the accounting and puts the outcome in its place; the record comes last."""
    folders = [run.stage_folder(number, name) for number, name in enumerate(names)]
    rows = accounting.merge_rows(
        row
        for folder in folders
        for path in sorted((folder / "counts").glob("*.json"))
        for row in orjson.loads(path.read_bytes())
    )
    accounting.check_accounting(rows)
    for name in ("kept", "rejected", "logs"):
        shutil.rmtree(run.out_folder / name, ignore_errors=True)
        (run.out_folder / name).mkdir()
    for number, part in enumerate(sorted(kept.glob("*.jsonl"))):
        _link(part, run.out_folder / "kept" / f"{number:05d}.jsonl")
    for folder in folders[1:]:
        _concatenate(folder / "rejected", run.out_folder / "rejected" / f"{folder.name}.jsonl")
    _concatenate(folders[0] / "quarantine", run.out_folder / "quarantine.jsonl")
    report = run.stages / containment.KIND / containment.REPORT
    if report.exists():
        shutil.copyfile(report, run.out_folder / containment.REPORT)
    shutil.copytree(run.stages / "logs", run.out_folder / "logs", dirs_exist_ok=True)
    accounting.write_rows(rows, run.out_folder / "funnel.csv")
    record = {"key": run.key, "settings": settings.deciding(), "funnel": rows}
    temporary = run.out_folder / f"{RESULT}.partial"
    temporary.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    temporary.replace(run.out_folder / RESULT)
    return _finished(run.out_folder, run.key, settings.keep_stages)


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, target)


def _concatenate(folder: Path, target: Path) -> None:
    with target.open("wb") as out:
        for path in sorted(folder.glob("*.jsonl")):
            with path.open("rb") as part:
                shutil.copyfileobj(part, out)


# --- command line -------------------------------------------------------------------------------


def dry_run(
    source: str | Path, settings: PipelineSettings, questions: Sequence[dict], workers: int = 1
) -> str:
    """The plan in words: stages, input, and a first estimate of time and disk.

    Nothing is fetched for it and nothing written.
    """
    size = input_size(source, settings.source)
    names = ["read", *(s.name for s in plan_stages(settings, Path("classifier"), questions))]
    engine = f"{settings.engine}, {workers} worker{'s' if workers > 1 else ''}"
    return (
        f"stages: {' -> '.join(names)}\n"
        f"source: {size.what}, {_about(size.bytes, 1e6, 'MB')}, "
        f"{_about(size.documents, 1, 'documents')}\n"
        f"engine: {engine}\n"
        f"time:   {_about(size.documents, DOCUMENTS_A_SECOND * workers, 's')}\n"
        f"disk:   {_about(size.bytes, 1e6 / DISK_FACTOR, 'MB')} while it runs"
    )


def _about(amount: float | None, divisor: float, unit: str) -> str:
    return (
        f"an unknown number of {unit}" if amount is None else f"about {amount / divisor:.0f} {unit}"
    )


def load_settings(
    path: Path | None, without_classifier: bool, engine: str | None = None
) -> PipelineSettings:
    """Settings from a YAML file (all defaults without one); `engine` overrides the file's."""
    import yaml

    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path else {}
    if without_classifier:
        values["classifier"] = "off"
    if engine:
        values["engine"] = engine
    return PipelineSettings(**values)


SOURCE_HELP = (
    "a folder or a file (txt, md, rst, html, jsonl, parquet, warc, wet; also .gz and .zst), "
    "gutenberg:NUMBER[,NUMBER], or hub:NAME[:SPLIT]"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status (0 done, 2 wrong input, with one line that says it)."""
    parser = argparse.ArgumentParser(prog="python -m mucpt_utils.pipeline", description=__doc__)
    parser.add_argument("--source", required=True, metavar="PLACE", help=SOURCE_HELP)
    parser.add_argument("--out", type=Path, required=True, help="folder for what comes out")
    parser.add_argument("--settings", type=Path, help="YAML file of PipelineSettings")
    parser.add_argument("--classifier", type=Path, help="a saved domain classifier")
    parser.add_argument("--questions", type=Path, help="benchmark questions, JSON Lines")
    parser.add_argument("--engine", choices=("local", "ray", "slurm"), help="what runs the tasks")
    parser.add_argument("--tasks", type=int, default=1, help="pieces the work is cut into")
    parser.add_argument("--workers", type=int, default=1, help="tasks at a time")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings(options.settings, options.classifier is None, options.engine)
        questions = read_jsonl(options.questions, ASKED) if options.questions else []
        if options.dry_run:
            print(dry_run(options.source, settings, questions, options.workers))
            return 0
        result = run_pipeline(
            options.source,
            options.out,
            settings,
            options.classifier,
            questions,
            options.tasks,
            options.workers,
        )
    except (OSError, ValueError, executors.EngineError) as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return 2
    for row in result.funnel:
        print("{stage:18} {source:24} {reason:40} {documents:>8} {tokens:>10}".format(**row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
