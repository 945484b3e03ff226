"""Writes what a run leaves for people once its corpus is done: the page and the dataset."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.io import read_json
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.domain.shipped import SHIPPED
from mucpt_utils.pipeline.outcome.card import write_card
from mucpt_utils.pipeline.outcome.dataset import DATA, DatasetWriter
from mucpt_utils.pipeline.outcome.page import Files, Findings, versions, write_page
from mucpt_utils.pipeline.outcome.sampling import (
    KeptPile,
    RejectedPile,
    Scores,
    find_texts,
    first_of,
    rows_of,
)
from mucpt_utils.pipeline.run import (
    DATASET,
    FETCHED,
    PAGE,
    RESULT,
    OutputError,
    PipelineResult,
    check_own,
)
from mucpt_utils.pipeline.shards import shard_paths
from mucpt_utils.text.sources.base import NoSource, clean_text, one_line
from mucpt_utils.text.sources.compression import CODECS
from mucpt_utils.text.sources.files import kind_of
from mucpt_utils.text.sources.inputs import FolderInput, file_bytes, split_name


class Written(NamedTuple):
    """What was written; there is no dataset if nothing is kept."""

    page: Path
    dataset: Path | None


def check_place(source: str | Path, out_folder: Path) -> None:
    """Raises OutputError if the page or the dataset would replace files that are not the run's."""
    dataset = out_folder / DATASET
    kind, name = split_name(source)
    is_path = kind == "path" and "\0" not in f"{name}{out_folder}"
    if is_path and Path(os.path.realpath(name)).is_relative_to(os.path.realpath(dataset)):
        raise OutputError(f"--source lies in {dataset}, which the run overwrites")
    check_own(out_folder, (DATASET, PAGE))


def write_outcome(
    result: PipelineResult,
    source: str | Path,
    settings: PipelineSettings,
    model: Path | None = None,
    questions: Sequence[Mapping] = (),
) -> Written:
    """Writes `report.html` and `dataset/` into the folder of a finished run.

    source, settings, model, questions: those of the run. What an earlier run left of both is
    replaced. The files of the run are read twice, line by line.
    """
    record = read_json(result.folder / RESULT)
    scores = Scores()
    rejected = RejectedPile(result.rejected, result.quarantine, scores)
    wanted = {first_of(row["detail"]) for row in rejected.duplicates()}
    kept = KeptPile(wanted, scores)
    folder = write_data(result, kept)
    if folder:
        name = source_name(source)
        is_music = model == SHIPPED
        write_card(folder, name, kept, settings, is_music, record, versions(), questions)
    others = find_texts(reversed(rejected.paths), wanted - kept.texts.keys()) | kept.texts
    findings = Findings(
        result.folder,
        one_line(clean_text(str(source))),
        source_files(source, result.folder),
        record,
        settings,
        Classifier.load(model) if model else None,
        questions,
        rejected,
        kept,
        scores,
        others,
    )
    return Written(write_page(findings), folder)


def write_data(result: PipelineResult, kept: KeptPile) -> Path | None:
    """Writes the kept documents as the dataset's files, counting them; None if there are none."""
    folder = result.folder / DATASET
    with DatasetWriter(folder) as writer:
        for place, row in rows_of(shard_paths(result.kept)):
            kept.add(place, row)
            writer.add(row)
    if kept.documents:
        return folder
    remove_empty((folder / DATA, folder))
    return None


def remove_empty(folders: Iterable[Path]) -> None:
    """Removes folders that hold nothing."""
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def source_name(source: str | Path) -> str:
    """A source's name without its path, which is private."""
    kind, name = split_name(source)
    stated = str(source) if kind != "path" else Path(os.path.abspath(name)).name
    return one_line(clean_text(stated)) or "corpus"


def source_files(source: str | Path, out_folder: Path) -> list[Files] | None:
    """The files that were read, by format; None for a source that is no folder (any more)."""
    kind, name = split_name(source)
    folder = out_folder / FETCHED / "gutenberg" if kind == "gutenberg" else Path(name)
    if kind == "hub" or not folder.exists():
        return None
    files: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    try:
        paths = FolderInput.open(folder, SourceSettings(), out_folder).paths
    except NoSource:  # emptied since
        return None
    for path in paths:
        files[format_of(path)] += 1
        sizes[format_of(path)] += file_bytes(path)
    return [Files(name, count, sizes[name]) for name, count in files.most_common()]


def format_of(path: Path) -> str:
    """A file's format and compression; the suffix if the format is unknown."""
    suffix = path.suffix.lower()
    packed = f", {suffix}" if suffix in CODECS else ""
    return f"{kind_of(path) or suffix or 'without suffix'}{packed}"
