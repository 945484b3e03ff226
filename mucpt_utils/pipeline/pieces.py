"""Documents whose text stands in others in pieces: copies that were cut at other borders.

Two copies of a book, given as chapters and as pages, have no two documents that are much alike,
and yet each page stands in one chapter or two. A document goes if its shingles stand in documents
that stay, all taken together; each of these must hold a stretch of it. Candidates share shingles
out of a sample by value (Manber, Finding Similar Files in a Large File System, 1994), walked
through in ranges of the hash as in `containment`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.pipeline.differences import LONGEST_ALIGNED, Anchored, words_of
from mucpt_utils.pipeline.minhash import ShingleStore

SHINGLES, TEXTS, OVERLAPS = "shingles", "texts", "overlaps.npy"
SAMPLE = "sample/{:05d}.npy"
SAMPLED = np.dtype([("hash", "<u8"), ("document", "<i8")])
HASHES = 2**64
ONE_IN = 8  # shingles, one of which looks for candidates
LEAST_SAMPLED = 2  # of these that two documents must share to be candidates
MOST_FIRST = 8  # documents, the first that hold a shingle, which the others are paired with
LEAST_SHARED = 25  # shingles of a stretch, about so many words
LEAST_SIZE = 2 * LEAST_SHARED  # shingles of a document that is looked at; shorter is what is quoted
OPEN_TEXTS = 4  # of the longest ones, each takes some 30 MB
COVERED = 0.75  # of its shingles that must stand in others: sets so alike have a similarity of .6

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
    """Lists documents with the earlier ones that they share a stretch of text with.

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
        # count what each pair shares, range by range of the hash; a pair is one number, its code
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
    """Pairs of the first documents that hold a shingle with each later one that does.

    sample: sorted (hash, document). Returns (pairs, 2), the earlier document first.
    """
    # the place of each entry among those of its hash
    _, starts, lengths = np.unique(sample["hash"], return_index=True, return_counts=True)
    place = np.arange(sample.size) - np.repeat(starts, lengths)
    pairs = [np.empty((0, 2), np.int64)]
    for nth in range(MOST_FIRST):
        later = np.flatnonzero(place > nth)
        first = later - place[later] + nth
        pairs.append(np.stack([sample["document"][first], sample["document"][later]], axis=1))
    return np.concatenate(pairs)


def overlaps(folder: Path) -> dict[DocumentKey, list[DocumentKey]]:
    """By document: the earlier ones that `OverlapPairs` has listed with it; none without it."""
    found: dict[DocumentKey, list[DocumentKey]] = defaultdict(list)
    if not (folder / OVERLAPS).is_file():
        return found
    for shard, row, first_shard, first_row in np.load(folder / OVERLAPS).tolist():
        found[shard, row].append((first_shard, first_row))
    return found


class Pieces:
    """What of a document stands in others, measured on the stage's shingles and texts."""

    def __init__(self, folder: Path) -> None:
        self.store = ShingleStore(folder / SHINGLES)
        self.texts = ShingleStore(folder / TEXTS, dtype=np.uint8)
        self.anchored = lru_cache(OPEN_TEXTS)(lambda key: Anchored(self.text(key)))

    def copied(
        self, document: DocumentKey, others: Sequence[DocumentKey]
    ) -> tuple[DocumentKey, float] | None:
        """The one of `others` that holds most of a document, and the share that all hold of it.

        None where they hold less than COVERED. One that holds no stretch, or that states other
        facts in the midst of it, does not count.
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
    """Places in a sorted set of the values that stand in another sorted set too."""
    if other.size < own.size:
        places = np.minimum(np.searchsorted(own, other), own.size - 1)
        return places[own[places] == other]
    places = np.minimum(np.searchsorted(other, own), other.size - 1)
    return np.flatnonzero(other[places] == own)


def share_of(own: np.ndarray, places: Iterable[np.ndarray]) -> float:
    """Share of a set's values at any of the places."""
    held = np.zeros(own.size, bool)
    for found in places:
        held[found] = True
    return float(held.mean())
