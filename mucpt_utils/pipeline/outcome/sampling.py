"""What a run left, read once: counts, and examples chosen by the hash of their identifier.

The files are read line by line, and an example is remembered by its place in them, so memory
does not grow with the corpus. The same documents give the same examples, whatever their order.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import orjson
import xxhash

from mucpt_utils.pipeline.accounting import kind_of_reason
from mucpt_utils.pipeline.similarity.containment import DUPLICATE_FROM
from mucpt_utils.text.sources.records import READ_FROM

EXAMPLES = 10  # of each reason
BINS = 20  # of the histogram of probabilities
DUPLICATES = ("exact duplicate", "near duplicate")


class Place(NamedTuple):
    """Where a row is: its file and the offset of its line, in bytes."""

    path: Path
    offset: int

    def row(self) -> dict:
        """The row itself."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return orjson.loads(file.readline())


class Sample:
    """The `size` rows whose identifiers have the smallest hashes."""

    def __init__(self, size: int = EXAMPLES) -> None:
        self.size = size
        self.heap: list[tuple[int, str, Place]] = []  # the largest hash, negated, comes first

    def offer(self, key: str, place: Place) -> None:
        """Takes a row in if its hash is among the smallest so far."""
        number = -xxhash.xxh64_intdigest(key)
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, (number, key, place))
        elif number > self.heap[0][0]:
            heapq.heapreplace(self.heap, (number, key, place))

    def rows(self) -> list[dict]:
        """The rows, in the order of their hashes."""
        return [place.row() for _, _, place in sorted(self.heap, reverse=True)]


def rows_of(paths: Iterable[Path]) -> Iterator[tuple[Place, dict]]:
    """Every row of JSON Lines files, with its place."""
    for path in paths:
        offset = 0
        with path.open("rb") as file:
            for line in file:
                yield Place(path, offset), orjson.loads(line)
                offset += len(line)


class Scores:
    """A histogram of the documents' probabilities of being in the domain."""

    def __init__(self) -> None:
        self.counts = [0] * BINS

    def add(self, probability: object) -> None:
        """Counts a probability; anything but a number is ignored."""
        if isinstance(probability, int | float) and 0 <= probability <= 1:
            self.counts[min(BINS - 1, int(probability * BINS))] += 1


class RejectedPile:
    """What was dropped or cut out, by stage and reason, and what could not be read."""

    def __init__(self, folder: Path, quarantine: Path, scores: Scores) -> None:
        self.paths = sorted(folder.glob("*.jsonl"))
        self.counts: Counter[tuple[str, str]] = Counter()
        self.samples: dict[tuple[str, str], Sample] = defaultdict(Sample)
        for place, row in rows_of(self.paths):
            key = row["stage"], row["reason"]
            self.counts[key] += 1
            self.samples[key].offer(str(row["id"]), place)
            if "cut_from" not in row["detail"]:
                scores.add(probability_of(row))
        self.quarantined: Counter[str] = Counter()
        self.unreadable: dict[str, Sample] = defaultdict(Sample)
        for place, row in rows_of([quarantine] if quarantine.is_file() else []):
            kind = kind_of_reason(row["reason"])
            self.quarantined[kind] += row["documents"]
            self.unreadable[kind].offer(row["place"], place)

    def duplicates(self) -> list[dict]:
        """The examples of duplicates."""
        keys = [key for key in self.samples if key[1] in DUPLICATES]
        return [row for key in keys for row in self.samples[key].rows()]


def probability_of(row: Mapping) -> object:
    """The classifier's probability of a kept or rejected document, if it has one."""
    return row.get("detail", {}).get("probability", row["metadata"].get("weight"))


class KeptPile:
    """What is kept: licences by source, masks by kind, questions noted.

    wanted: origins of documents to locate along the way, since others are copies of them.
    """

    def __init__(self, wanted: Iterable[str], scores: Scores) -> None:
        self.wanted, self.scores = frozenset(wanted), scores
        self.documents = self.characters = 0
        self.licences: Counter[tuple[str, str]] = Counter()
        self.masks: Counter[str] = Counter()
        self.metadata_masks: Counter[str] = Counter()
        self.masked: dict[str, Sample] = defaultdict(Sample)
        self.asking = Sample()
        self.asking_documents = self.marked_documents = 0
        self.texts: dict[str, Place] = {}

    def add(self, place: Place, row: Mapping) -> None:
        """Counts one document."""
        metadata, name = row["metadata"], str(row["id"])
        self.documents += 1
        self.characters += len(row["text"])
        self.licences[metadata["source"], licence_of(metadata)] += 1
        self.scores.add(metadata.get("weight"))
        if self.wanted and (origin := origin_of(row)) in self.wanted:
            self.texts.setdefault(origin, place)
        for kind, count in counts_of(metadata.get("masked")).items():
            self.masks[kind] += count
            self.masked[kind].offer(name, place)
        self.metadata_masks.update(counts_of(metadata.get("masked_metadata")))
        if metadata.get("asked_questions") or metadata.get("holds_canary"):
            self.asking_documents += 1
            self.marked_documents += bool(metadata.get("holds_canary"))
            self.asking.offer(name, place)


def licence_of(metadata: Mapping) -> str:
    """The licence of a document, as its row states it."""
    licence = metadata.get("licence") or metadata.get("license") or "unknown"
    return licence if isinstance(licence, str) else orjson.dumps(licence).decode()


def counts_of(value: object) -> dict[str, int]:
    """`metadata.masked`, if masking wrote it and it is not a foreign field of that name."""
    pairs = value.items() if isinstance(value, dict) else ()
    return {kind: count for kind, count in pairs if isinstance(count, int)}


def origin_of(row: Mapping) -> str:
    """Where a document was read from, or its identifier, if that already says where.

    Unlike identifiers that rows bring along, this names a single document.
    """
    return str(row["metadata"].get(READ_FROM) or row["id"])


def first_of(detail: Mapping) -> str:
    """The origin of the document that a rejected duplicate is a copy of; empty if none is named."""
    return str(detail.get(DUPLICATE_FROM) or detail.get("duplicate_of", ""))


def find_texts(paths: Iterable[Path], wanted: Iterable[str]) -> dict[str, Place]:
    """Where the documents of these origins are among the rejected ones."""
    missing, places = set(wanted), {}
    for path in paths if missing else ():
        for place, row in rows_of([path]):
            origin = origin_of(row)
            if origin in missing and "cut_from" not in row["detail"]:
                places[origin] = place
                missing.discard(origin)
    return places
