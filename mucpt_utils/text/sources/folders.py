"""The contents of a folder: what is to be read, and what is skipped and why.

Links are followed, each folder once. Hidden files and folders, caches and the output of a run of
the pipeline are not text of the source, nor are files that describe it.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mucpt_utils.io import read_json
from mucpt_utils.text.sources.base import LOST_LINK, NoSource, PassedOver, is_lost_link, path_name
from mucpt_utils.text.sources.library import TABLE, source_of, table_problem

# files beside a source that describe it
SIDECARS = {TABLE, "MANIFEST.tsv", "SHA256SUMS", "LICENSE", "LICENSE.txt"}
# record of a stage of the study, next to its corpus: its name, its largest size in bytes, and all
# that it holds; a file that holds anything else is somebody's text
STAGE_RECORD, LARGEST_RECORD = "record.json", 1 << 20
RECORDED = {
    *("name", "sha256", "made_by", "commit", "settings", "inputs", "versions", "seconds"),
}
CARD, DATA_FILES = "README.md", "data/train-*.parquet"  # of a dataset as a run writes it
CACHES = {"__pycache__", "__MACOSX", "node_modules"}
RUN_RECORD = "pipeline.json"  # what a finished run of the pipeline leaves in its folder


@dataclass
class Survey:
    """The paths under `root` to read or to quarantine, and what is skipped."""

    root: Path
    leave_out: Path | None = None
    paths: list[Path] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)

    def walk(self, folder: Path) -> None:
        """Visits everything below a folder; links to folders come last."""
        waiting, links = [folder], list[Path]()
        while waiting or links:
            entry = waiting.pop() if waiting else links.pop(0)
            try:
                is_new = self.visit(entry)
            except OSError:  # it has gone, or its name is too long
                self.paths.append(entry)
                continue
            if not is_new:
                self.pass_over(entry, "a link to a folder that is read already")
                continue
            for path in self.entries(entry):
                if not is_folder(path):
                    self.paths.append(path)
                elif path.is_symlink():
                    links.append(path)
                else:
                    waiting.append(path)

    def visit(self, folder: Path) -> bool:
        """Whether a folder is visited for the first time, under whatever name."""
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        is_new = identity not in self.visited
        self.visited.add(identity)
        return is_new

    def entries(self, folder: Path) -> Iterator[Path]:
        """The entries of a folder to look at; a folder that may not be opened is quarantined."""
        try:
            paths = sorted(folder.iterdir())
        except OSError:
            self.paths.append(folder)
            return
        if not paths and folder.suffix:
            self.paths.append(folder)  # perhaps a file that was unpacked to nothing
        for path in paths:
            reason = self.reason(path)
            if reason:
                self.pass_over(path, reason)
            elif not is_stage_record(path):
                yield path

    def reason(self, path: Path) -> str:
        """Why something is not text of the source; empty if it is to be read."""
        if path.name.startswith("."):
            return "hidden"
        if not is_folder(path):
            is_sidecar = path.name in SIDECARS and not is_broken_table(path)
            return "describes the source" if is_sidecar or is_card(path) else ""
        if path.name in CACHES:
            return "a cache"
        if self.leave_out is not None and path.resolve() == self.leave_out:
            return "what the run itself writes"
        if is_output(path):
            return "what a run of the pipeline has written"
        return ""

    def pass_over(self, path: Path, reason: str) -> None:
        """Records something as skipped, with the number of files it holds."""
        name, source = path_name(path, self.root), source_of(path, self.root)
        files = 1 if path.is_symlink() or not is_folder(path) else count_files(path)
        self.passed_over.append(PassedOver(source, name, reason, documents=files))


def survey(folder: Path, leave_out: Path | None = None) -> Survey:
    """Everything under `folder`, sorted by path. leave_out: a folder to skip.

    Raises NoSource if the folder is missing, contains nothing to read, or is itself the output of a
    run: its page, its records and its rejected texts are no corpus.
    """
    if not folder.is_dir():
        raise NoSource(
            f"source {folder} is {LOST_LINK if is_lost_link(folder) else 'not a folder'}"
        )
    if is_output(folder):
        kept = folder / "kept"
        raise NoSource(f"source {folder} is what a run of the pipeline has written; name {kept}")
    # realpath, unlike `resolve`, has no error for a link to itself
    view = Survey(folder, Path(os.path.realpath(leave_out)) if leave_out else None)
    view.walk(folder)
    view.paths.sort()
    if not view.paths:
        raise NoSource(f"source {folder} holds no file to read")
    return view


def source_files(folder: Path) -> list[Path]:
    """What `survey` finds to read or to quarantine."""
    return survey(folder).paths


def is_stage_record(path: Path) -> bool:
    """Whether a path is the record that a stage of the study leaves, not text."""
    try:
        is_record = path.name == STAGE_RECORD and path.stat().st_size <= LARGEST_RECORD
        return is_record and set(read_json(path)) == RECORDED
    except (OSError, ValueError, TypeError):
        return False


def is_card(path: Path) -> bool:
    """Whether a path is the card of a dataset that a run has written, also of a copy elsewhere."""
    return path.name == CARD and any(path.parent.glob(DATA_FILES))


def is_broken_table(path: Path) -> bool:
    """Whether a path is an unreadable table of books, which is to be quarantined."""
    return path.name == TABLE and table_problem(path) != ""


def is_output(folder: Path) -> bool:
    """Whether a folder is the output of a run of the pipeline, finished or not."""
    try:
        is_finished = (folder / RUN_RECORD).is_file() and (folder / "kept").is_dir()
        return is_finished or any(folder.glob("stages/*/00-read"))
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether a path is a folder or a link to one; False if that cannot be found out."""
    try:
        return path.is_dir()
    except OSError:
        return False


def count_files(folder: Path) -> int:
    """Files below a folder, links not followed."""
    return sum(len(files) for _, _, files in os.walk(folder))
