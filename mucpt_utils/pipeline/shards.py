"""Shards: a stage's documents in files of fixed size, and the datatrove blocks that map them.

A stage's folder holds, by shard, `kept/`, `rejected/` and `quarantine/` (JSON Lines) and `counts/`
(the shard's accounting rows). The counts come last: a shard that has them is complete.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.pipeline.accounting import KEPT, PASSED_OVER, QUARANTINED, Tally, kind_of_reason
from mucpt_utils.text.sources import PassedOver, Unreadable
from mucpt_utils.text.sources.inputs import Item, Unit

# --- blocks -----------------------------------------------------------------------------------


class ReadUnits(PipelineStep):
    """Reads units of a source into shards of `shard_documents` documents."""

    type = "📖 - READER"
    name = "📚 any source"

    def __init__(self, units: Sequence[Unit], folder: Path, shard_documents: int) -> None:
        super().__init__()
        self.units, self.folder, self.shard_documents = units, folder, shard_documents

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        for number in range(rank, len(self.units), world_size):
            marker = self.folder / "units" / f"{number:05d}"
            if marker.exists():
                continue
            items = self.units[number]()
            shard, has_more = 0, True
            while has_more:  # the last shard is empty if the documents exactly fill the others
                with ShardWriter.open(self.folder, f"{number:05d}-{shard:05d}", "read") as writer:
                    has_more = self.fill(writer, items)
                shard += 1
            marker.parent.mkdir(exist_ok=True)
            marker.touch()

    def fill(self, writer: "ShardWriter", items: Iterator[Item]) -> bool:
        """Writes items until the shard is full; False if the items ended before."""
        for item in items:
            if isinstance(item, PassedOver):
                writer.pass_over(item)
            elif isinstance(item, Unreadable):
                writer.quarantine(item)
            else:
                writer.take_in(item)
            if writer.kept_documents == self.shard_documents:
                return True
        return False


class EachShard(PipelineStep):
    """Runs a block over each shard of this task, with the shard's number as its rank."""

    type = "🗂 - SHARDS"
    name = "📑 each shard"

    def __init__(self, shards: Path, block: PipelineStep) -> None:
        super().__init__()
        self.shards, self.block = shards, block

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        paths = shard_paths(self.shards)
        for number in range(rank, len(paths), world_size):
            self.block.run(read_shard(paths[number]), number, len(paths))


class MapShards(PipelineStep):
    """Maps each shard of this task through a stage's blocks to one of the same number.

    What the blocks reject is written beside it. A complete shard is not made again.
    """

    type = "🗂 - SHARDS"
    name = "📑 shard to shard"

    def __init__(
        self, shards: Path, blocks: Sequence[PipelineStep], stage: str, folder: Path
    ) -> None:
        super().__init__()
        self.shards, self.blocks, self.stage, self.folder = shards, blocks, stage, folder

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        paths = shard_paths(self.shards)
        for number in range(rank, len(paths), world_size):
            name = f"{number:05d}"
            if counts_path(self.folder, name).exists():
                continue
            with ShardWriter.open(self.folder, name, self.stage) as writer:
                documents = writer.entering(read_shard(paths[number]))
                for block in self.blocks:
                    if hasattr(block, "exclusion_writer"):
                        block.exclusion_writer = writer
                    documents = block.run(documents, number, len(paths))
                for document in documents:
                    writer.keep(document)


# --- files ------------------------------------------------------------------------------------


class ShardWriter:
    """Writes one shard of a stage: kept, rejected, quarantined, and the tally of all three.

    Has the interface that datatrove's filters expect of an `exclusion_writer`.
    """

    def __init__(
        self, stage: str, kept: BinaryIO, rejected: BinaryIO, quarantined: BinaryIO
    ) -> None:
        self.stage, self.tally = stage, Tally()
        self.kept, self.rejected, self.quarantined = kept, rejected, quarantined
        self.kept_documents = 0

    @classmethod
    @contextmanager
    def open(cls, folder: Path, name: str, stage: str) -> Iterator["ShardWriter"]:
        """A writer whose files take their place only when all of them are complete."""
        partial = {k: folder / k / f"{name}.partial" for k in ("kept", "rejected", "quarantine")}
        for path in partial.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with (
            partial["kept"].open("wb") as kept,
            partial["rejected"].open("wb") as rejected,
            partial["quarantine"].open("wb") as quarantined,
        ):
            writer = cls(stage, kept, rejected, quarantined)
            yield writer
        for path in partial.values():
            path.replace(path.with_suffix(".jsonl"))
        counts = counts_path(folder, name)
        counts.parent.mkdir(exist_ok=True)
        counts.with_suffix(".partial").write_bytes(orjson.dumps(writer.tally.rows(stage)))
        counts.with_suffix(".partial").replace(counts)

    def entering(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Passes documents on, counting them in."""
        for document in documents:
            self.tally.enter(document.metadata["source"], len(document.text.split()))
            yield document

    def take_in(self, document: Document) -> None:
        """Writes a document that has been read; one that cannot be written is quarantined."""
        source = document.metadata["source"]
        try:
            line = json_line({}, document)
        except (TypeError, ValueError) as error:
            reason = f"cannot be written: {error}"
            self.quarantine(Unreadable(source, str(document.id), reason))
            return
        words = len(document.text.split())
        self.tally.enter(source, words)
        self.tally.leave(source, KEPT, words)
        self.kept.write(line)
        self.kept_documents += 1

    def keep(self, document: Document) -> None:
        """Writes a document that goes on to the next stage."""
        self.tally.leave(document.metadata["source"], KEPT, len(document.text.split()))
        self.kept.write(json_line({}, document))
        self.kept_documents += 1

    def write(self, document: Document, rank: int = 0) -> None:
        """Writes a rejected document with the reason its filter left in the metadata."""
        reason = document.metadata.pop("filter_reason", "dropped")
        detail = document.metadata.pop("filter_detail", {})
        self.tally.leave(document.metadata["source"], reason, len(document.text.split()))
        row = {"stage": self.stage, "reason": reason, "detail": detail}
        self.rejected.write(json_line(row, document))

    def write_cut(
        self, document: Document, start: int, end: int, reason: str, triggers: Sequence
    ) -> None:
        """Writes a sentence or code that is cut out of a document which is kept.

        It is no document: the tally counts its words as removed inside documents. triggers:
        the parts that gave it away, as offsets in the document; the record has offsets in its text.
        """
        row = {
            "stage": self.stage,
            "reason": reason,
            "detail": {
                "cut_from": document.id,
                "start": start,
                "end": end,
                "triggers": [[a - start, b - start] for a, b in triggers],
            },
        }
        source = {"source": document.metadata["source"]}
        cut = Document(document.text[start:end], f"{document.id}:{start}", metadata=source)
        self.rejected.write(json_line(row, cut))

    def quarantine(self, item: Unreadable) -> None:
        """Records what could not be read."""
        reason = QUARANTINED + kind_of_reason(item.reason)
        self.tally.enter(item.source, 0)
        self.tally.leave(item.source, reason, 0, item.documents)
        self.quarantined.write(json_line(item.__dict__))

    def pass_over(self, item: PassedOver) -> None:
        """Counts what is not text of the source."""
        self.tally.enter(item.source, item.words)
        self.tally.leave(item.source, PASSED_OVER + item.reason, item.words, item.documents)

    def __enter__(self) -> "ShardWriter":
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves the files open when a filter is done: other blocks write to them too."""


def shard_paths(folder: Path) -> list[Path]:
    """The shards of a folder, in the order of reading."""
    return sorted(folder.glob("*.jsonl"))


def read_shard(path: Path) -> Iterator[Document]:
    """The documents of a shard, in order."""
    with path.open("rb") as file:
        for line in file:
            yield Document(**orjson.loads(line))


def read_documents(folder: Path) -> Iterator[Document]:
    """The documents of a folder of shards (such as `PipelineResult.kept`), in order."""
    for path in shard_paths(folder):
        yield from read_shard(path)


def counts_path(folder: Path, name: str) -> Path:
    """The file with the accounting rows of a shard; it exists once the shard is complete."""
    return folder / "counts" / f"{name}.json"


def json_line(row: dict, document: Document | None = None) -> bytes:
    """A row, followed by the fields of a document if given, as a line of JSON."""
    if document is not None:
        fields = {"text": document.text, "id": document.id, "metadata": document.metadata}
        row = row | fields
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
