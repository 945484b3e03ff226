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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import multiprocess
import orjson
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashDedupBuckets
from loguru import logger as datatrove_log
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm

from mucpt_utils import (
    accounting,
    classifier,
    decontaminate,
    dedup,
    edits,
    masking,
    quality,
    sources,
)
from mucpt_utils.accounting import KEPT, QUARANTINED, Tally
from mucpt_utils.artifacts import code_digest, digest, versions
from mucpt_utils.masking import MaskingSettings, MaskPersonalData
from mucpt_utils.sources import SourceSettings, Unreadable

RESULT = "pipeline.json"
STAGE_MODULES = (
    accounting,
    classifier,
    decontaminate,
    dedup,
    edits,
    masking,
    quality,
    sources,
    sys.modules[__name__],
)
# measured on two cores of a small cloud machine, one worker, documents of 100 to 200 words
DOCUMENTS_A_SECOND = 250
DISK_FACTOR = 4.0
log = logging.getLogger(__name__)


class PipelineSettings(BaseModel):
    """Every stage with its switch and its parameters; the defaults are the study's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: SourceSettings = SourceSettings()
    classifier: Literal["off", "filter", "weights", "filter+weights"] = Field(
        "filter+weights",
        description="what the domain probability does: drop documents, weigh them, both, nothing",
    )
    classifier_threshold: float = Field(
        0.5, ge=0, le=1, description="calibrated probability below which a document is dropped"
    )
    clean: quality.QualitySettings = quality.QualitySettings()
    exact_duplicates: bool = Field(True, description="whether exact duplicates are dropped")
    near_duplicates: dedup.MinhashSettings = dedup.MinhashSettings()
    masking: MaskingSettings = MaskingSettings()
    decontamination: Literal["off", "report", "drop"] = Field(
        "drop", description="what happens to documents in which a benchmark question is asked"
    )
    part_documents: int = Field(5000, ge=1, description="documents in a part")
    unit_bytes: int = Field(64_000_000, ge=1, description="input read by one task at a time")
    executor: Literal["local"] = Field("local", description="datatrove's engine")
    keep_stages: bool = Field(False, description="whether the stages' own corpora are kept")


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

    @classmethod
    def load(cls, folder: Path) -> "PipelineResult":
        """The result of a finished run. Raises FileNotFoundError where none is in `folder`."""
        record = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return cls(folder, record["funnel"])


def run_pipeline(
    input_folder: Path,
    out_folder: Path,
    settings: PipelineSettings | None = None,
    classifier_path: Path | None = None,
    questions: Sequence[dict] = (),
    tasks: int = 1,
    workers: int = 1,
) -> PipelineResult:
    """Runs every stage that is switched on; resumes or loads what `out_folder` already holds.

    input_folder: documents (`.jsonl`) or prose (`.txt .md .rst .html`), also `.gz` or `.zst`.
    classifier_path: a classifier as `classifier.train_classifier` saves it; needed unless the
    classifier is off. questions: benchmark questions; without any, decontamination is skipped.
    tasks, workers: how many datatrove tasks, how many at a time; they do not change the output.
    Raises FileNotFoundError for a missing folder, ValueError for settings that do not fit,
    AccountingError where a stage does not account for its documents.
    """
    settings = settings or PipelineSettings()
    input_folder, out_folder = Path(input_folder), Path(out_folder)
    if settings.classifier != "off" and classifier_path is None:
        raise ValueError(f"classifier={settings.classifier!r} needs classifier_path")
    files = sources.source_files(input_folder)
    key = _run_key(files, input_folder, settings, classifier_path, questions)
    finished = _finished(out_folder, key, settings.keep_stages)
    if finished:
        return finished
    out_folder.mkdir(parents=True, exist_ok=True)
    run = _Run(out_folder, key, tasks, workers)
    stages = plan_stages(settings, classifier_path, questions)
    names = ["read", *(stage.name for stage in stages)]
    with tqdm(names, desc="pipeline", unit="stage", disable=None) as bar:
        kept = read_stage(run, files, input_folder, settings)
        bar.update()
        for number, stage in enumerate(stages, 1):
            bar.set_postfix_str(stage.name)
            kept = run_stage(run, stage, kept, number)
            bar.update()
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
        stages.append(Stage("clean", lambda _: quality.steps(settings.clean)))
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
            Stage("decontaminate", lambda _: [decontaminate.AskedQuestions(questions, drop)])
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
    return [dedup.DropListed(str(folder), "exact duplicate")]


def _near_steps(folder: Path) -> list[PipelineStep]:
    return [dedup.DropListed(str(folder), "near duplicate")]


def _find_exact(run: "_Run", parts: Path, folder: Path) -> None:
    run.execute("exact-1", EachPart(parts, [dedup.ExactSignatures(str(folder))]))
    _match(run, "exact", folder, dedup.exact_config())
    run.execute("exact-3", dedup.Clusters(str(folder)), tasks=1)


def _find_near(settings: dedup.MinhashSettings, run: "_Run", parts: Path, folder: Path) -> None:
    run.execute("near-1", EachPart(parts, [dedup.NearSignatures(str(folder), settings)]))
    _match(run, "near", folder, dedup.minhash_config(settings))
    run.execute("near-3", dedup.Clusters(str(folder), settings.similarity), tasks=1)


def _match(run: "_Run", name: str, folder: Path, config: dedup.MinhashConfig) -> None:
    (folder / "pairs").mkdir(exist_ok=True)
    block = MinhashDedupBuckets(
        f"{folder}/signatures", f"{folder}/pairs", config=config, lines_to_buffer=1000
    )
    run.execute(f"{name}-2", block, tasks=config.num_buckets)


def run_stage(run: "_Run", stage: Stage, parts: Path, number: int) -> Path:
    """Maps `parts` through a stage; returns the folder of the parts that are kept."""
    folder = run.stage_folder(number, stage.name)
    if stage.prepare:
        stage.prepare(run, parts, folder)
    block = EachPart(parts, stage.steps(folder), stage.name, folder)
    run.execute(stage.name, block)
    return folder / "kept"


# --- parts --------------------------------------------------------------------------------------


class EachPart(PipelineStep):
    """Runs datatrove steps over each part that falls to this task, the part's number as rank.

    With an output folder, what comes out is written as the part of the same number, and what the
    steps reject goes beside it. A part that is complete is not made again.
    """

    type = "🗂 - PARTS"
    name = "📑 each part"

    def __init__(
        self,
        parts: Path,
        steps: list[PipelineStep],
        stage: str | None = None,
        output: Path | None = None,
    ) -> None:
        super().__init__()
        self.parts, self.steps, self.stage, self.output = parts, steps, stage, output

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        paths = sorted(self.parts.glob("*.jsonl"))
        for number in range(rank, len(paths), world_size):
            documents = read_part(paths[number])
            if self.output is None:
                self._pipe(documents, number, len(paths))
            elif not _counts(self.output, f"{number:05d}").exists():
                self._write(documents, number, len(paths))

    def _pipe(self, documents: Iterator[Document], number: int, total: int) -> Iterator[Document]:
        for step in self.steps:
            documents = step.run(documents, number, total)
        return documents

    def _write(self, documents: Iterator[Document], number: int, total: int) -> None:
        with PartWriter.open(self.output, f"{number:05d}", self.stage) as writer:
            for step in self.steps:
                if hasattr(step, "exclusion_writer"):
                    step.exclusion_writer = writer
            for document in self._pipe(writer.entering(documents), number, total):
                writer.keep(document)


class PartWriter:
    """Writes one part of a stage: kept, rejected, quarantined, and the tally of all three.

    Has the interface that datatrove's filters expect of an `exclusion_writer`.
    """

    def __init__(self, stage: str, kept, rejected, quarantine) -> None:
        self.stage, self.tally = stage, Tally()
        self._kept, self._rejected, self._quarantine = kept, rejected, quarantine
        self.kept_documents = 0

    @classmethod
    @contextmanager
    def open(cls, folder: Path, name: str, stage: str) -> Iterator["PartWriter"]:
        """A writer whose files take their place only when all of them are whole."""
        kinds = ("kept", "rejected", "quarantine")
        temporary = {kind: folder / kind / f"{name}.partial" for kind in kinds}
        for path in temporary.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with (
            temporary["kept"].open("wb") as kept,
            temporary["rejected"].open("wb") as rejected,
            temporary["quarantine"].open("wb") as quarantine,
        ):
            writer = cls(stage, kept, rejected, quarantine)
            yield writer
        for path in temporary.values():
            path.replace(path.with_suffix(".jsonl"))
        counts = _counts(folder, name)
        counts.parent.mkdir(exist_ok=True)
        counts.with_suffix(".partial").write_bytes(orjson.dumps(writer.tally.rows(stage)))
        counts.with_suffix(".partial").replace(counts)

    def entering(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Passes documents on, counting them in."""
        for document in documents:
            self.tally.enter(document.metadata["source"], _words(document))
            yield document

    def keep(self, document: Document) -> None:
        """Writes a document that goes on to the next stage."""
        self.tally.leave(document.metadata["source"], KEPT, _words(document))
        self._kept.write(_line(_as_row(document)))
        self.kept_documents += 1

    def write(self, document: Document, rank: int = 0) -> None:
        """Writes a rejected document with the reason its filter left in the metadata."""
        reason = document.metadata.pop("filter_reason", "dropped")
        detail = document.metadata.pop("filter_detail", {})
        self.tally.leave(document.metadata["source"], reason, _words(document))
        row = {"stage": self.stage, "reason": reason, "detail": detail}
        self._rejected.write(_line(row | _as_row(document)))

    def quarantine(self, item: Unreadable) -> None:
        """Records what could not be read."""
        self.tally.enter(item.source, 0)
        self.tally.leave(item.source, QUARANTINED + item.reason, 0)
        self._quarantine.write(_line(item.__dict__))

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, *_: object) -> None:
        """A filter that is done leaves the files open: other steps write to them too."""


def read_part(path: Path) -> Iterator[Document]:
    """The documents of a part, in order."""
    with path.open("rb") as file:
        for line in file:
            yield Document(**orjson.loads(line))


def read_documents(folder: Path) -> Iterator[Document]:
    """The documents of a folder of parts (such as `PipelineResult.kept`), in order."""
    for path in sorted(folder.glob("*.jsonl")):
        yield from read_part(path)


def _counts(folder: Path, name: str) -> Path:
    return folder / "counts" / f"{name}.json"


def _as_row(document: Document) -> dict:
    return {"text": document.text, "id": document.id, "metadata": document.metadata}


def _line(row: dict) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)


def _words(document: Document) -> int:
    return len(document.text.split())


# --- reading ------------------------------------------------------------------------------------


class ReadUnits(PipelineStep):
    """Reads units of consecutive files into parts of `part_documents` documents."""

    type = "📖 - READER"
    name = "📚 any source"

    def __init__(
        self, units: list[list[Path]], root: Path, output: Path, settings: PipelineSettings
    ) -> None:
        super().__init__()
        self.units, self.root, self.output, self.settings = units, root, output, settings

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        for number in range(rank, len(self.units), world_size):
            self._read_unit(number)

    def _read_unit(self, number: int) -> None:
        items = (
            item
            for path in self.units[number]
            for item in sources.read_source(path, self.root, self.settings.source)
        )
        marker = self.output / "units" / f"{number:05d}"
        if marker.exists():
            return
        part, full = 0, True
        while full:
            name = f"{number:05d}-{part:05d}"
            with PartWriter.open(self.output, name, "read") as writer:
                full = self._fill(writer, items)
            part += 1
        marker.parent.mkdir(exist_ok=True)
        marker.touch()

    def _fill(self, writer: PartWriter, items: Iterator[Document | Unreadable]) -> bool:
        for item in items:
            if isinstance(item, Unreadable):
                writer.quarantine(item)
                continue
            for document in writer.entering([item]):
                writer.keep(document)
            if writer.kept_documents == self.settings.part_documents:
                return True
        return False


def read_stage(run: "_Run", files: Sequence[Path], root: Path, settings: PipelineSettings) -> Path:
    """Reads the source; returns the folder of its parts."""
    folder = run.stage_folder(0, "read")
    units = file_units(files, settings.unit_bytes)
    run.execute("read", ReadUnits(units, root, folder, settings))
    return folder / "kept"


def file_units(files: Sequence[Path], unit_bytes: int) -> list[list[Path]]:
    """Consecutive files grouped until a group holds `unit_bytes`; a larger file stands alone."""
    units: list[list[Path]] = []
    size = unit_bytes
    for path in files:
        if size >= unit_bytes:
            units.append([])
            size = 0
        units[-1].append(path)
        size += path.stat().st_size
    return units


# --- running ------------------------------------------------------------------------------------


class InProcessExecutor(LocalPipelineExecutor):
    """datatrove's local executor without its manager process, and quiet: logs go to files."""

    def run(self) -> None:
        if self.workers == 1:
            for rank in self.get_incomplete_ranks():
                self._run_for_rank(rank, local_rank=1)
        else:
            # loaded once and shared by every worker of every stage: spaCy takes seconds
            multiprocess.set_forkserver_preload(["spacy", "mucpt_utils.pipeline"])
            super().run()

    def _launch_run_for_rank(self, rank: int, ranks_q, completed=None, completed_lock=None):
        return self._run_for_rank(rank, local_rank=1)


@dataclass(frozen=True)
class _Run:
    out_folder: Path
    key: str
    tasks: int
    workers: int

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
        executor = InProcessExecutor(
            [block],
            tasks=tasks,
            workers=min(self.workers, tasks),
            logging_dir=str(logs),
        )
        with quiet_datatrove():
            executor.run()


@contextmanager
def quiet_datatrove() -> Iterator[None]:
    """Keeps datatrove's own log off the terminal; task logs still go to their files."""
    datatrove_log.remove()
    try:
        yield
    finally:
        datatrove_log.remove()
        datatrove_log.add(sys.stderr, level="ERROR")


def _run_key(
    files: Sequence[Path],
    root: Path,
    settings: PipelineSettings,
    classifier_path: Path | None,
    questions: Sequence[dict],
) -> str:
    """Identifies a run by what decides its output: inputs, settings, code, library versions."""
    parts = {
        "files": [(p.relative_to(root).as_posix(), sources.fingerprint(p)) for p in files],
        "settings": settings.model_dump(mode="json", exclude={"executor", "keep_stages"}),
        "classifier": classifier.fingerprint(classifier_path) if classifier_path else None,
        "questions": list(questions),
        "code": code_digest(STAGE_MODULES),
        "datatrove": versions()["datatrove"],
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
    shutil.copytree(run.stages / "logs", run.out_folder / "logs", dirs_exist_ok=True)
    accounting.write_rows(rows, run.out_folder / "funnel.csv")
    record = {"key": run.key, "settings": settings.model_dump(mode="json"), "funnel": rows}
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


def dry_run(source: Path, settings: PipelineSettings, questions: Sequence[dict]) -> str:
    """The plan in words: stages, files, and a first estimate of time and disk."""
    files = sources.source_files(source)
    size = sum(path.stat().st_size for path in files if path.is_file())
    documents = sources.estimate_documents(files, settings.source)
    names = ["read", *(s.name for s in plan_stages(settings, Path("classifier"), questions))]
    return (
        f"stages: {' -> '.join(names)}\n"
        f"source: {len(files)} files, {size / 1e6:.1f} MB, about {documents} documents\n"
        f"time:   about {documents / DOCUMENTS_A_SECOND:.0f} s with one worker\n"
        f"disk:   about {size * DISK_FACTOR / 1e6:.1f} MB while it runs"
    )


def load_questions(path: Path) -> list[dict]:
    """Questions from a JSON Lines file. Raises ValueError that names the line it cannot use."""
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            try:
                questions.append(json.loads(line))
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}:{number}: not JSON: {error.msg}") from error
    return questions


def load_settings(path: Path | None, without_classifier: bool) -> PipelineSettings:
    """Settings from a YAML file (all defaults without one)."""
    import yaml

    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path else {}
    if without_classifier:
        values["classifier"] = "off"
    return PipelineSettings(**values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status (0 done, 2 wrong input, with one line that says it)."""
    parser = argparse.ArgumentParser(prog="python -m mucpt_utils.pipeline", description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder to read")
    parser.add_argument("--out", type=Path, required=True, help="folder for what comes out")
    parser.add_argument("--settings", type=Path, help="YAML file of PipelineSettings")
    parser.add_argument("--classifier", type=Path, help="a saved domain classifier")
    parser.add_argument("--questions", type=Path, help="benchmark questions, JSON Lines")
    parser.add_argument("--tasks", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings(options.settings, options.classifier is None)
        questions = load_questions(options.questions) if options.questions else []
        if options.dry_run:
            print(dry_run(options.source, settings, questions))
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
    except (OSError, ValueError) as error:
        print(f"pipeline: {error}", file=sys.stderr)
        return 2
    for row in result.funnel:
        print("{stage:18} {source:24} {reason:40} {documents:>8} {tokens:>10}".format(**row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
