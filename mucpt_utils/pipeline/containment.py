"""Works that stand (almost) whole inside a larger one: reported as a kind of their own.

A work is a file that was cut into passages, or a document that is not a passage. Containment is the
share of the smaller work's shingles that stand in the larger one (Broder, On the Resemblance and
Containment of Documents, 1997). A near duplicate is about as long as its original and is left to
MinHash; a quoted passage is a small share of the work it stands in and of its own source alike, so
it is neither.

Candidates share shingles out of a sample by value, which every work takes alike; the share is then
measured on all shingles. The sample is walked through in ranges of the hash, so that memory is
bounded by the number of works and of candidates, not by the corpus.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.config.pipeline import ContainmentSettings
from mucpt_utils.io import read_json, write_json, write_jsonl
from mucpt_utils.pipeline.minhash import ShingleStore, containment, jaccard, shingles

REPORT = "contained.jsonl"
KIND = "contained"
HASHES = 2**64
SAMPLED = np.dtype([("hash", "<u8"), ("work", "<i8")])
OPEN_SHARDS = 16  # shards, and works, of which something is held in memory


def work_of(document: Document) -> str:
    """The file a passage was cut from, or the document's own identifier."""
    metadata = document.metadata
    return str(metadata["file"]) if "passage" in metadata and "file" in metadata else document.id


# --- step 1: shingles of the works in a shard -----------------------------------------------------


class WorkShingles(PipelineStep):
    """Keeps the shingles of every work in a shard on disk, and a sample of them sorted by value.

    A work may go on in the next shard, so the first and the last are kept however short.
    """

    type = "🫂 - DEDUP"
    name = "📚 shingles of works"

    def __init__(self, folder: Path, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder) / "shingles", settings

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        names, sets = [], []
        for name, values in self.works(data):
            names.append(name)
            sets.append(values)
        store = ShingleStore(self.folder)
        store.save(rank, sets)
        write_json(self.folder / f"{rank:05d}.json", names)
        # one value in so many, the same ones in every work; which work each one belongs to
        values, ends = store.read(rank)
        chosen = np.flatnonzero(values % np.uint64(self.settings.sample) == 0)
        sample = np.empty(chosen.size, SAMPLED)
        sample["hash"] = values[chosen]
        sample["work"] = np.searchsorted(ends, chosen, side="right") - 1
        np.save(self.folder / f"{rank:05d}.sample.npy", np.sort(sample, order=["hash", "work"]))

    def works(self, documents: Iterable[Document]) -> Iterator[tuple[str, np.ndarray]]:
        """Name and distinct shingles of each work that may be long enough.

        Shingles across the borders of its passages are among them.
        """
        groups = groupby(documents, work_of)
        works = ((name, [passage.text for passage in passages]) for name, passages in groups)
        work, is_first = next(works, None), True
        while work:
            following = next(works, None)
            name, texts = work
            # the first may have begun in the shard before, the last may go on in the next
            may_be_longer = is_first or following is None
            if may_be_longer or sum(len(t.split()) for t in texts) >= self.settings.shortest:
                yield name, shingles("\n".join(texts), self.settings.shingle_words)
            work, is_first = following, False


# --- step 2: pairs --------------------------------------------------------------------------------


class ReportContained(PipelineStep):
    """Writes the pairs of which the smaller work stands inside the larger one, sorted by name."""

    type = "🫂 - DEDUP"
    name = "🪆 contained works"

    def __init__(self, folder: Path, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder), settings

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        works = Works(self.folder / "shingles")
        rows = []
        for pair in candidates(works, self.settings):
            small, large = sorted(pair, key=lambda work: (works.sizes[work], works.name(work)))
            a, b = works.shingles(small), works.shingles(large)
            share, similarity = containment(a, b), jaccard(a, b)
            # a pair that is as similar as duplicates are is left to MinHash
            if share < self.settings.least or similarity > self.settings.most_alike:
                continue
            names = {"smaller": works.name(small), "larger": works.name(large)}
            measured = {"containment": round(share, 4), "jaccard": round(similarity, 4)}
            rows.append({"kind": KIND, **names, **measured})
        rows.sort(key=lambda row: (row["larger"], row["smaller"]))
        write_jsonl(self.folder / REPORT, rows)


class Piece(NamedTuple):
    """What of a work stands in one shard: the number of the shard, and which of its works."""

    shard: int
    work: int


class Works:
    """The works of all shards by number; one that goes on in the next shard is a single work.

    sizes: shingles in each work; those of a work in several shards are counted in each.
    """

    def __init__(self, folder: Path) -> None:
        self.store = ShingleStore(folder, OPEN_SHARDS)
        self.names = lru_cache(OPEN_SHARDS)(lambda n: read_json(folder / f"{n:05d}.json"))
        self.shingles = lru_cache(OPEN_SHARDS)(self.read_shingles)
        self.samples = sorted(folder.glob("*.sample.npy"))  # by shard
        self.numbers: list[np.ndarray] = []  # by shard: the work that each piece belongs to
        self.pieces: list[list[Piece]] = []
        self.sizes: list[int] = []
        previous = None  # the last work of the shards before
        for shard in range(len(self.samples)):
            names, (_, ends) = self.names(shard), self.store.shard(shard)
            numbers = np.empty(len(names), np.int64)
            for number, size in enumerate(np.diff(ends).tolist()):
                goes_on = number == 0 and bool(self.pieces) and names[0] == previous
                if not goes_on:
                    self.pieces.append([])
                    self.sizes.append(0)
                self.pieces[-1].append(Piece(shard, number))
                self.sizes[-1] += size
                numbers[number] = len(self.pieces) - 1
            previous = names[-1] if names else previous
            self.numbers.append(numbers)

    def name(self, work: int) -> str:
        """The work's file or identifier."""
        piece = self.pieces[work][0]
        return self.names(piece.shard)[piece.work]

    def read_shingles(self, work: int) -> np.ndarray:
        """All distinct shingles of a work."""
        sets = [self.store[piece] for piece in self.pieces[work]]
        return sets[0] if len(sets) == 1 else np.unique(np.concatenate(sets))

    def sample(self, low: int, high: int) -> np.ndarray:
        """Distinct (hash, work) of the sampled shingles from `low` up to `high`, sorted."""
        ranges = [np.empty(0, SAMPLED)]
        for numbers, file in zip(self.numbers, self.samples, strict=True):
            values = np.load(file, mmap_mode="r")
            first, last = np.searchsorted(values["hash"], np.array([low, high], np.uint64))
            ranges.append(np.array(values[first:last]))
            ranges[-1]["work"] = numbers[ranges[-1]["work"]]
        return np.unique(np.concatenate(ranges))


def candidates(works: Works, settings: ContainmentSettings) -> list[tuple[int, int]]:
    """Pairs that share at least half of the sampled shingles that containment makes likely."""
    total = len(works.sizes)
    if not total:
        return []
    # count what each pair shares, range by range of the hash; a pair is one number, its code
    sampled = sum(np.load(file, mmap_mode="r").size for file in works.samples)
    ranges = math.ceil(sampled / settings.range_shingles) or 1
    edges = [HASHES * i // ranges for i in range(ranges)] + [HASHES - 1]
    codes, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for low, high in pairwise(edges):
        pairs = sharing_pairs(works.sample(low, high), settings.most_holders)
        new, shared = np.unique(pairs[:, 0] * total + pairs[:, 1], return_counts=True)
        codes, position = np.unique(np.concatenate([codes, new]), return_inverse=True)
        counts = np.bincount(position, np.concatenate([counts, shared]), codes.size)
        counts = counts.astype(np.int64)
    # a smaller work of n shingles, contained by `least`, shares about n * least / sample of them
    first, second = codes // total, codes % total
    sizes = np.asarray(works.sizes)
    smaller = np.minimum(sizes[first], sizes[second])
    likely = counts >= np.maximum(1, smaller * settings.least / settings.sample / 2)
    likely &= smaller >= settings.shortest
    return list(zip(first[likely].tolist(), second[likely].tolist(), strict=True))


def sharing_pairs(sample: np.ndarray, most: int) -> np.ndarray:
    """Pairs of works, lower number first, for every shingle that 2 to `most` works share.

    sample: sorted (hash, work). Returns (pairs, 2), a pair as often as it shares a shingle.
    """
    # a run of equal hashes is one shingle; its works stand in a row
    _, starts, lengths = np.unique(sample["hash"], return_index=True, return_counts=True)
    pairs = [np.empty((0, 2), np.int64)]
    for length in range(2, most + 1):
        runs = starts[lengths == length]
        for i, j in combinations(range(length), 2):
            pairs.append(np.stack([sample["work"][runs + i], sample["work"][runs + j]], axis=1))
    return np.concatenate(pairs)
