"""A run of the corpus pipeline: the folders of its stages, its accounting, its result.

Documents are read once into shards of fixed size; every stage of the plan maps shards to shards.
datatrove runs the shards, on however many tasks: a shard's bytes depend on the input and the
settings alone, so the output is the same whatever the number of tasks and workers, and a run that
was killed continues with the missing shards.
"""

import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import orjson
from datatrove.pipeline.base import PipelineStep
from tqdm import tqdm

from mucpt_utils.closure import code_digest
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import digest, read_json, write_json
from mucpt_utils.pipeline import accounting, executors
from mucpt_utils.pipeline.domain import classifier
from mucpt_utils.pipeline.domain.shipped import described
from mucpt_utils.pipeline.plan import Stage, plan_stages
from mucpt_utils.pipeline.shards import MapShards, ReadUnits
from mucpt_utils.pipeline.similarity import containment
from mucpt_utils.text.sources import Input, open_input
from mucpt_utils.text.sources.base import LOST_LINK, is_lost_link
from mucpt_utils.text.sources.folders import RUN_RECORD, is_output

RESULT = RUN_RECORD  # the run's record: its key, its settings and its accounting
PAGE, DATASET, CARD = "report.html", "dataset", "README.md"  # what `outcome` writes
RECORDS = (RESULT, PAGE, f"{DATASET}/{CARD}")  # signs that all is there: removed first
STAGES, GONE = "stages", ".gone-"  # stages' own files; the name of what is being removed
FOLDERS = ("kept", "rejected", "logs")  # made anew by every run
FUNNEL = "funnel.csv"
WRITTEN = (*FOLDERS, STAGES, RESULT, "quarantine.jsonl", FUNNEL, containment.REPORT)
FETCHED = "fetched"  # folder for sources that are fetched before they are read
READ = "read"
# what `io` leaves of a file with these names if a run is killed while writing it
UNFINISHED = re.compile(rf"(?:{'|'.join(map(re.escape, (RESULT, PAGE, CARD)))})\.\d+-\d+\.new")


class OutputError(MuCPTError, ValueError):
    """A folder that a run must not write to."""


@dataclass(frozen=True)
class PipelineResult:
    """What a run left: folders of JSON Lines, and the accounting of every stage."""

    folder: Path
    funnel: list[dict] = field(repr=False)

    @property
    def kept(self) -> Path:
        """Folder of the documents that passed, one `{text, id, metadata}` per line."""
        return self.folder / "kept"

    @property
    def rejected(self) -> Path:
        """Folder of the dropped documents, one file per stage, with stage, reason and detail."""
        return self.folder / "rejected"

    @property
    def quarantine(self) -> Path:
        """File of what could not be read: the place, the reason and the beginning of each item."""
        return self.folder / "quarantine.jsonl"

    @property
    def contained(self) -> Path:
        """File of the works contained in another one, and of those that are copies of one."""
        return self.folder / containment.REPORT

    @classmethod
    def load(cls, folder: Path) -> "PipelineResult":
        """The result of a finished run. Raises FileNotFoundError if `folder` has none."""
        return cls(folder, read_json(folder / RESULT)["funnel"])


@dataclass(frozen=True)
class Run:
    """Where a run works, under which key, and on how many tasks."""

    out_folder: Path
    key: str
    settings: PipelineSettings
    tasks: int
    workers: int

    @property
    def folder(self) -> Path:
        """Folder of the stages' own files; each combination of input and settings has its own."""
        return self.out_folder / STAGES / self.key

    @property
    def read(self) -> Path:
        """Folder of what was read, before any stage."""
        return self.folder / f"00-{READ}"

    def stage_folders(self, stages: Sequence[Stage]) -> list[Path]:
        """A folder for each stage: `02-clean`, or `contained` for one that only reports."""
        mapping = [stage.name for stage in stages if stage.blocks]
        return [
            self.folder / (f"{mapping.index(s.name) + 1:02d}-{s.name}" if s.blocks else s.name)
            for s in stages
        ]

    def execute(self, name: str, block: PipelineStep, tasks: int | None = None) -> None:
        """Runs one block on the engine in the settings; a finished block is skipped."""
        tasks = tasks or self.tasks
        logs = self.folder / "logs" / f"{name}-{tasks}"
        executor = executors.make_executor(block, name, tasks, self.workers, logs, self.settings)
        executors.run_executor(executor, name)


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
    tasks, workers: how many datatrove tasks, and how many at a time; neither changes the output.
    Raises FileNotFoundError for a missing folder, SettingsError for settings that do not fit,
    OutputError for a folder that must not be written to, AccountingError if a stage does not
    account for its documents, EngineError if tasks fail on the engine, MachineTrouble if
    the machine refuses (a later run continues).
    """
    settings = settings or PipelineSettings()
    check_output(source, Path(out_folder))
    stages = plan_stages(settings, classifier_path, questions)
    out_folder = Path(out_folder)
    remove_unfinished(out_folder)
    documents = open_input(source, settings.source, out_folder / FETCHED, out_folder)
    key = run_key(documents, settings, classifier_path, questions)
    run = Run(out_folder, key, settings, tasks, workers)
    if is_finished(run):
        return finish(run)
    folders = run.stage_folders(stages)
    with tqdm(total=1 + len(stages), desc="pipeline", unit="stage", disable=None) as bar:
        shards = read_stage(run, documents)
        bar.update()
        for stage, folder in zip(stages, folders, strict=True):
            bar.set_postfix_str(stage.name)
            shards = run_stage(run, stage, shards, folder)
            bar.update()
    mapped = [f for stage, f in zip(stages, folders, strict=True) if stage.blocks]
    collect(run, mapped, shards, described(classifier_path) if classifier_path else None)
    return finish(run)


def check_output(source: str | Path, out_folder: Path) -> None:
    """Raises OutputError if a run would overwrite its source, or files that are not its own."""
    try:
        # a link to itself is reported below; `Path.resolve` would raise an error of its own
        out, path = Path(os.path.realpath(out_folder)), Path(os.path.realpath(source))
    except ValueError as error:  # a name that no file can have
        raise OutputError(
            f"--source {str(source)!r}, --out {str(out_folder)!r}: {error}"
        ) from error
    if is_lost_link(out_folder):
        raise OutputError(f"--out {out_folder} is {LOST_LINK}")
    if out.exists() and not out.is_dir():
        raise OutputError(f"--out {out_folder} is a file; needed is a folder")
    if path == out:
        raise OutputError(f"--out is the source itself ({source}); choose another folder")
    kind, _, dataset = str(source).partition(":")
    folder = dataset.partition(":")[0]
    if kind == "hub" and Path(folder).is_dir() and out.is_relative_to(os.path.realpath(folder)):
        raise OutputError(f"--out lies in the dataset {folder}, of which it would become a part")
    for name in WRITTEN:
        if path.is_relative_to(out / name):
            raise OutputError(f"--source lies in {out_folder / name}, which the run overwrites")
    check_own(out, WRITTEN)


def check_own(out_folder: Path, names: Sequence[str]) -> None:
    """Raises OutputError if a folder holds files of these names that are not a run's."""
    if is_output(out_folder):
        return
    for name in names:
        path = out_folder / name
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise OutputError(not_own(f"{name}/" if path.is_dir() else name))


def not_own(name: str) -> str:
    """What is said of a file in the output's place that is not a run's."""
    return f"--out holds {name}, which no run of the pipeline has left there; choose another folder"


def run_key(
    documents: Input,
    settings: PipelineSettings,
    classifier_path: Path | None,
    questions: Sequence[dict],
) -> str:
    """Identifies a run by what decides its output: inputs, settings, code, library versions."""
    parts = {
        "input": documents.key(),
        "settings": settings.deciding(),
        "classifier": classifier.fingerprint(classifier_path) if classifier_path else None,
        "questions": list(questions),
        "code": code_digest("mucpt_utils.pipeline.run"),
        "datatrove": metadata.version("datatrove"),
    }
    return digest(parts)[:12]


def read_stage(run: Run, documents: Input) -> Path:
    """Reads the source; returns the folder of its shards."""
    run.read.mkdir(parents=True, exist_ok=True)
    units = documents.units(run.settings.unit_bytes)
    run.execute(READ, ReadUnits(units, run.read, run.settings.part_documents))
    return run.read / "kept"


def run_stage(run: Run, stage: Stage, shards: Path, folder: Path) -> Path:
    """Maps `shards` through a stage; returns the folder of the shards that are kept.

    A stage that only reports leaves them as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for job in stage.jobs(shards, folder):
        run.execute(job.name, job.block, job.tasks)
    if stage.blocks is None:
        return shards
    run.execute(stage.name, MapShards(shards, stage.blocks(folder), stage.name, folder))
    return folder / "kept"


def collect(run: Run, folders: Sequence[Path], shards: Path, model: str | None = None) -> None:
    """Checks the accounting and moves the outcome into place; the record comes last.

    folders: of the stages that map documents, in order. shards: what the last one kept. model: the
    classifier that was used, for the record.
    """
    out = run.out_folder
    rows = accounting.merge_rows(
        row
        for folder in (run.read, *folders)
        for path in sorted((folder / "counts").glob("*.json"))
        for row in orjson.loads(path.read_bytes())
    )
    accounting.check_accounting(rows)
    for name in RECORDS:  # a run killed from here on leaves nothing that looks complete
        (out / name).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(out / name, ignore_errors=True)
        (out / name).mkdir()
    for number, shard in enumerate(sorted(shards.glob("*.jsonl"))):
        link(shard, out / "kept" / f"{number:05d}.jsonl")
    for folder in folders:
        concatenate(folder / "rejected", out / "rejected" / f"{folder.name}.jsonl")
    concatenate(run.read / "quarantine", out / "quarantine.jsonl")
    report = run.folder / containment.KIND / containment.REPORT
    (out / containment.REPORT).unlink(missing_ok=True)  # of a run with other settings
    if report.exists():
        shutil.copyfile(report, out / containment.REPORT)
    shutil.copytree(run.folder / "logs", out / "logs", dirs_exist_ok=True)
    accounting.write_rows(rows, out / FUNNEL)
    record = {"key": run.key, "settings": run.settings.deciding(), "funnel": rows}
    write_json(out / RESULT, record | {"classifier": model})


def remove_unfinished(out_folder: Path) -> None:
    """Removes the files that an earlier run was writing when it was killed."""
    for folder in (out_folder, out_folder / DATASET):
        for path in folder.glob("*.new"):
            if UNFINISHED.fullmatch(path.name):
                path.unlink(missing_ok=True)


def link(path: Path, target: Path) -> None:
    """A second name for a file; a copy on a file system without hard links."""
    try:
        os.link(path, target)
    except OSError:
        shutil.copyfile(path, target)


def concatenate(folder: Path, target: Path) -> None:
    """The JSON Lines of a folder, in order, as one file."""
    with target.open("wb") as out:
        for path in sorted(folder.glob("*.jsonl")):
            with path.open("rb") as shard:
                shutil.copyfileobj(shard, out)


def is_finished(run: Run) -> bool:
    """Whether the folder holds the outcome of this run, not of another input or setting."""
    if not is_output(run.out_folder) or not (run.out_folder / RESULT).is_file():
        return False
    record = read_json(run.out_folder / RESULT)
    if not isinstance(record, dict) or "key" not in record:
        raise OutputError(not_own(RESULT))
    return record["key"] == run.key


def finish(run: Run) -> PipelineResult:
    """The result of a finished run; the stages' own files are removed unless asked for."""
    if not run.settings.keep_stages:
        remove_stages(run.out_folder / STAGES)
    return PipelineResult.load(run.out_folder)


def remove_stages(folder: Path) -> None:
    """Removes the stages' own files, and no others.

    Each run's are renamed first, so that no run continues with what a kill leaves of them.
    """
    for work in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (work / f"00-{READ}").is_dir() and not work.name.startswith(GONE):
            work = work.rename(work.with_name(GONE + work.name))
        if work.name.startswith(GONE):
            shutil.rmtree(work, ignore_errors=True)
    with suppress(OSError):  # the folder is missing, or holds other files
        folder.rmdir()
