"""Datasets of the Hub, or local dataset folders, streamed: nothing is downloaded beforehand."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import datasets
import huggingface_hub
import pyarrow
from datasets.exceptions import DatasetGenerationError
from datatrove.data import Document
from huggingface_hub.errors import RepositoryNotFoundError

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import files
from mucpt_utils.text.sources.base import (
    Item,
    NoSource,
    SourceError,
    SourceFailed,
    Unreadable,
    first_line,
)
from mucpt_utils.text.sources.tables import row_items

DAMAGED = (DatasetGenerationError, pyarrow.ArrowException, ValueError)


@dataclass(frozen=True)
class HubInput:
    """One split of a dataset at one revision.

    name: `owner/name`, or the path of a local folder. revision: a commit of the Hub, or the
    checksum of a local folder's files.
    """

    name: str
    split: str
    revision: str
    licence: str | None
    settings: SourceSettings

    @classmethod
    def open(cls, name: str, settings: SourceSettings) -> "HubInput":
        """The dataset `NAME[:SPLIT]` names (split: train).

        Raises SourceError for an empty name or an unknown split, NoSource for an unknown
        dataset, SourceFailed if the Hub does not answer.
        """
        name, _, split = name.partition(":")
        if not name:
            raise SourceError("hub:NAME[:SPLIT] was expected, the name is missing")
        try:
            describe = describe_folder if Path(name).is_dir() else describe_dataset
            revision, licence = describe(name, settings)
            dataset = cls(name, split or "train", revision, licence, settings)
            dataset.stream()
        except (FileNotFoundError, RepositoryNotFoundError) as error:
            raise NoSource(f"hub:{name}: {first_line(error)}") from error
        except OSError as error:
            raise SourceFailed(f"hub:{name}: {first_line(error)}") from error
        except ValueError as error:
            raise SourceError(f"hub:{name}: {first_line(error)}") from error
        return dataset

    @property
    def is_local(self) -> bool:
        """Whether the dataset is a local folder."""
        return Path(self.name).is_dir()

    @property
    def source(self) -> str:
        """`metadata.source` of its documents: the name, or the folder's own name."""
        return Path(self.name).resolve().name if self.is_local else self.name

    def stream(self) -> datasets.IterableDataset:
        """The split as a stream of rows."""
        revision = None if self.is_local else self.revision
        config = self.settings.hub.config
        return datasets.load_dataset(
            self.name, config, split=self.split, revision=revision, streaming=True
        )

    def key(self) -> object:
        """What identifies the rows."""
        settings = self.settings.hub
        return ["hub", self.source, self.split, self.revision, settings.config, settings.documents]

    def rows(self) -> int | None:
        """The number of rows that will be read, if the dataset states how many it has."""
        limit = self.settings.hub.documents
        stated = (self.stream().info.splits or {}).get(self.split)
        bounds = [n for n in (limit, stated.num_examples if stated else None) if n]
        return min(bounds, default=None)

    def units(self, unit_bytes: int) -> list:
        """One unit per shard; a single one if the number of rows is limited."""
        shards = 1 if self.settings.hub.documents else self.stream().num_shards
        return [partial(self.read, shard, shards) for shard in range(shards)]

    def read(self, shard: int, shards: int) -> Iterator[Item]:
        """Documents of one shard; a row that is not one becomes an Unreadable with its number.

        If the shard is damaged, all that follows the damage becomes one Unreadable.
        """
        stream, limit = self.stream(), self.settings.hub.documents
        rows = stream.take(limit) if limit else stream.shard(shards, shard)
        place = f"{self.source}/{self.split}/{shard}"
        number = 0
        try:
            for number, row in enumerate(rows, 1):
                yield from self.items(row, f"{place}:{number}")
        except DAMAGED as error:
            reason = f"damaged after row {number}: {first_line(error.__cause__ or error)}"
            yield Unreadable(self.source, place, reason)

    def items(self, row: dict, place: str) -> Iterator[Item]:
        """The document of a row, under the dataset's licence if the row states none."""
        for item in row_items(row, place, self.source, self.settings):
            if isinstance(item, Document):
                item.metadata.setdefault("licence", self.licence or self.settings.licence)
            yield item


def describe_folder(name: str, settings: SourceSettings) -> tuple[str, str | None]:
    """Checksum of a dataset folder's files, and the licence its card states."""
    folder, total = Path(name), hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        file = path.relative_to(folder).as_posix()
        total.update(f"{file}\0{files.fingerprint(path)}\0".encode())
    card = folder / "README.md"
    stated = huggingface_hub.DatasetCard.load(card).data if card.is_file() else None
    return total.hexdigest(), licence_of(stated)


def describe_dataset(name: str, settings: SourceSettings) -> tuple[str, str | None]:
    """The commit that is read, so that a run can be repeated, and the licence of the card."""
    info = huggingface_hub.HfApi().dataset_info(name, revision=settings.hub.revision)
    return str(info.sha), licence_of(info.card_data)


def licence_of(card: object) -> str | None:
    """The licence in a card's metadata; several are joined."""
    stated = getattr(card, "license", None)
    return ", ".join(stated) if isinstance(stated, list) else stated
