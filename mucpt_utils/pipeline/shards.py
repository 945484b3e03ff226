"""Parts: a stage's documents in files of fixed size, and the datatrove blocks that map them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.pipeline.accounting import KEPT, QUARANTINED, Tally
from mucpt_utils.text.sources import Unreadable
from mucpt_utils.text.sources.inputs import Unit


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
    """Reads units of a source into parts of `part_documents` documents."""

    type = "📖 - READER"
    name = "📚 any source"

    def __init__(self, units: Sequence[Unit], output: Path, part_documents: int) -> None:
        super().__init__()
        self.units, self.output, self.part_documents = units, output, part_documents

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        for number in range(rank, len(self.units), world_size):
            self._read_unit(number)

    def _read_unit(self, number: int) -> None:
        marker = self.output / "units" / f"{number:05d}"
        if marker.exists():
            return
        items = self.units[number]()
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
            if writer.kept_documents == self.part_documents:
                return True
        return False
