"""Documents whose text is spread over others in pieces: copies that were cut at other borders.

Two copies of a book, given as chapters and as pages, have no two documents that are much alike,
and yet each page is in one chapter or two. A document goes if its shingles are in documents
that stay, taken together; each of these must have a continuous part of it. Candidates share
shingles of a sample by value (Manber, Finding Similar Files in a Large File System, 1994), read
in ranges of the hash as in `containment`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.pipeline.similarity.differences import LONGEST_ALIGNED, Anchored, words_of
from mucpt_utils.pipeline.similarity.minhash import ShingleStore

SHINGLES, TEXTS, OVERLAPS = "shingles", "texts", "overlaps.npy"
SAMPLE = "sample/{:05d}.npy"
SAMPLED = np.dtype([("hash", "<u8"), ("document", "<i8")])
HASHES = 2**64
ONE_IN = 8  # one of this many shingles is sampled, to find candidates
LEAST_SAMPLED = 2  # sampled shingles that two documents must share to be candidates
MOST_FIRST = 8  # first documents with a shingle, with which all later ones are paired
LEAST_SHARED = 25  # shingles of a continuous part, about as many words
LEAST_SIZE = 2 * LEAST_SHARED  # shingles of a document to consider; quotations are shorter
OPEN_TEXTS = 4  # held in memory; each of the longest takes some 30 MB
COVERED = 0.75  # share of its shingles that others must have; equals a similarity of .6

DocumentKey = tuple[int, int]  # number of the shard, row of the document in it


def save_sample(folder: Path, shard: int, sets: Sequence[np.ndarray]) -> None:
    """Writes the sampled shingles of a shard, sorted, each with the row of its document.

    sets: distinct shingles by row.
    """
    chosen = [values[values % np.uint64(ONE_IN) == 0] for values in sets]
    sample = np.empty(sum(values.size for values in chosen), SAMPLED)
    sample["hash"] = np.concatenate([np.empty(0, np.uint64), *chosen])
    sample["document"] = np.repeat(np.arange(len(sets)), [values.size for values in chosen])
    file = folder / SAMPLE.format(shard)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.save(file, np.sort(sample, order=["hash", "document"]))


class OverlapPairs(PipelineStep):
    """Lists documents with the earlier ones that they share a continuous text with.

    About `range_shingles` sampled shingles are in memory, however many there are.
    """

    type = "🫂 - DEDUP"
    name = "🧩 overlapping documents"

    def __init__(self, folder: Path, range_shingles: int = 1_000_000) -> None:
        super().__init__()
        self.folder, self.range_shingles = Path(folder), range_shingles

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        samples = sorted((self.folder / "sample").glob("*.npy"))
        store = ShingleStore(self.folder / SHINGLES)
        rows = [store.shard(shard)[1].size - 1 for shard in range(len(samples))]
        starts = np.cumsum([0, *rows])
        total = int(starts[-1])
        sampled = sum(np.load(file, mmap_mode="r").size for file in samples)
        ranges = math.ceil(sampled / self.range_shingles) or 1
        edges = [HASHES * i // ranges for i in range(ranges)] + [HASHES - 1]
        # count what each pair shares, one range of hashes at a time; a pair is coded as one number
        codes, counts = np.empty(0, np.int64), np.empty(0, np.int64)
        for low, high in pairwise(edges):
            first, second = pairs_with_first(sample_between(samples, starts, low, high)).T
            new, shared = np.unique(second * total + first, return_counts=True)
            codes, position = np.unique(np.concatenate([codes, new]), return_inverse=True)
            counts = np.bincount(position, np.concatenate([counts, shared]), codes.size)
        codes = codes[counts >= LEAST_SAMPLED]
        # shard and row of the later document, then of the earlier one
        numbers = np.stack([codes // max(1, total), codes % max(1, total)], axis=1)
        shards = np.searchsorted(starts, numbers, side="right") - 1
        pairs = np.stack([shards, numbers - starts[shards]], axis=2)
        np.save(self.folder / OVERLAPS, pairs.reshape(-1, 4))


def sample_between(files: Sequence[Path], starts: np.ndarray, low: int, high: int) -> np.ndarray:
    """Sampled (hash, number of the document) from `low` up to `high` of all shards, sorted."""
    ranges = [np.empty(0, SAMPLED)]
    for file, start in zip(files, starts, strict=False):
        values = np.load(file, mmap_mode="r")
        first, last = np.searchsorted(values["hash"], np.array([low, high], np.uint64))
        ranges.append(np.array(values[first:last]))
        ranges[-1]["document"] += start
    return np.sort(np.concatenate(ranges), order=["hash", "document"])


def pairs_with_first(sample: np.ndarray) -> np.ndarray:
    """Pairs of the first documents that have a shingle with each later one that has it.

    sample: sorted (hash, document). Returns shape (pairs, 2), the earlier document first.
    """
    # the rank of each entry among those of its hash
    _, starts, lengths = np.unique(sample["hash"], return_index=True, return_counts=True)
    place = np.arange(sample.size) - np.repeat(starts, lengths)
    pairs = [np.empty((0, 2), np.int64)]
    for nth in range(MOST_FIRST):
        later = np.flatnonzero(place > nth)
        first = later - place[later] + nth
        pairs.append(np.stack([sample["document"][first], sample["document"][later]], axis=1))
    return np.concatenate(pairs)


def overlaps(folder: Path) -> dict[DocumentKey, list[DocumentKey]]:
    """For each document: the earlier ones that `OverlapPairs` listed with it, if it ran."""
    found: dict[DocumentKey, list[DocumentKey]] = defaultdict(list)
    if not (folder / OVERLAPS).is_file():
        return found
    for shard, row, first_shard, first_row in np.load(folder / OVERLAPS).tolist():
        found[shard, row].append((first_shard, first_row))
    return found


class Pieces:
    """Which part of a document is in others, measured on the stage's shingles and texts."""

    def __init__(self, folder: Path) -> None:
        self.store = ShingleStore(folder / SHINGLES)
        self.texts = ShingleStore(folder / TEXTS, dtype=np.uint8)
        self.anchored = lru_cache(OPEN_TEXTS)(lambda key: Anchored(self.text(key)))

    def copied(
        self, document: DocumentKey, others: Sequence[DocumentKey]
    ) -> tuple[DocumentKey, float] | None:
        """The one of `others` that has most of a document, and the share that all of them have.

        None if they have less than COVERED. One without a continuous part, or that states different
        facts within it, does not count.
        """
        own = self.store[document]
        if own.size < LEAST_SIZE:
            return None
        held = {other: standing(own, self.store[other]) for other in others}
        held = {other: found for other, found in held.items() if found.size >= LEAST_SHARED}
        if share_of(own, held.values()) < COVERED:
            return None
        words = words_of(self.text(document))
        if len(words) <= LONGEST_ALIGNED:
            held = {
                other: found
                for other, found in held.items()
                if not self.anchored(other).states_other_facts(words)
            }
        share = share_of(own, held.values())
        if share < COVERED:
            return None
        return min(held, key=lambda other: (-held[other].size, other)), share

    def text(self, document: DocumentKey) -> str:
        """A document's text."""
        return self.texts[document].tobytes().decode()


def standing(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Places, in a sorted set, of the values that are in another sorted set too."""
    if other.size < own.size:
        places = np.minimum(np.searchsorted(own, other), own.size - 1)
        return places[own[places] == other]
    places = np.minimum(np.searchsorted(other, own), other.size - 1)
    return np.flatnonzero(other[places] == own)


def share_of(own: np.ndarray, places: Iterable[np.ndarray]) -> float:
    """The share of a set's values that are at any of the places."""
    held = np.zeros(own.size, bool)
    for found in places:
        held[found] = True
    return float(held.mean())
