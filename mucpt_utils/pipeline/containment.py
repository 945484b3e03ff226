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
from mucpt_utils.pipeline.minhash import containment, jaccard, shingles

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
        names, sets = [], [np.empty(0, np.uint64)]
        for name, values in self.works(data):
            names.append(name)
            sets.append(values)
        values, ends = np.concatenate(sets), np.cumsum([s.size for s in sets])
        # one value in so many, the same ones in every work; which work each one belongs to
        chosen = np.flatnonzero(values % np.uint64(self.settings.sample) == 0)
        sample = np.empty(chosen.size, SAMPLED)
        sample["hash"] = values[chosen]
        sample["work"] = np.searchsorted(ends, chosen, side="right") - 1
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / f"{rank:05d}.npy", values)
        np.save(self.folder / f"{rank:05d}.ends.npy", ends)
        np.save(self.folder / f"{rank:05d}.sample.npy", np.sort(sample, order=["hash", "work"]))
        write_json(self.folder / f"{rank:05d}.json", names)

    def works(self, documents: Iterable[Document]) -> Iterator[tuple[str, np.ndarray]]:
        """Name and distinct shingles of each work that may be long enough."""
        first, last = True, None
        for name, passages in groupby(documents, work_of):
            # a work is judged when the next one begins: the last of the shard may go on
            if last and (first or self.is_long(last[1])):
                yield last[0], self.shingles(last[1])
            first = first and last is None
            last = (name, [passage.text for passage in passages])
        if last:
            yield last[0], self.shingles(last[1])

    def is_long(self, texts: list[str]) -> bool:
        """Whether a work has words for the shortest number of shingles that counts."""
        return sum(len(text.split()) for text in texts) >= self.settings.shortest

    def shingles(self, texts: list[str]) -> np.ndarray:
        """Shingles of a work, those across the borders of its passages among them."""
        return shingles("\n".join(texts), self.settings.shingle_words)


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
        self.folder = folder
        self.numbers: list[np.ndarray] = []  # by shard: the work that each piece belongs to
        self.pieces: list[list[Piece]] = []
        self.sizes: list[int] = []
        self.names = lru_cache(OPEN_SHARDS)(self.read_names)
        self.values = lru_cache(OPEN_SHARDS)(self.read_values)
        self.shingles = lru_cache(OPEN_SHARDS)(self.read_shingles)
        previous = None  # the last work of the shards before
        for shard in range(len(list(folder.glob("*.json")))):
            names, (_, ends) = self.names(shard), self.values(shard)
            numbers = np.empty(len(names), np.int64)
            for piece, size in enumerate(np.diff(ends).tolist()):
                goes_on = piece == 0 and bool(self.pieces) and names[0] == previous
                if not goes_on:
                    self.pieces.append([])
                    self.sizes.append(0)
                self.pieces[-1].append(Piece(shard, piece))
                self.sizes[-1] += size
                numbers[piece] = len(self.pieces) - 1
            previous = names[-1] if names else previous
            self.numbers.append(numbers)

    def name(self, work: int) -> str:
        """The work's file or identifier."""
        piece = self.pieces[work][0]
        return self.names(piece.shard)[piece.work]

    def read_names(self, shard: int) -> list[str]:
        """The works of a shard, in order."""
        return read_json(self.folder / f"{shard:05d}.json")

    def read_values(self, shard: int) -> tuple[np.ndarray, np.ndarray]:
        """The shingles of a shard's works, one after the other, and where each one's end."""
        values = np.load(self.folder / f"{shard:05d}.npy", mmap_mode="r")
        return values, np.load(self.folder / f"{shard:05d}.ends.npy")

    def read_shingles(self, work: int) -> np.ndarray:
        """All distinct shingles of a work."""
        sets = []
        for shard, piece in self.pieces[work]:
            values, ends = self.values(shard)
            sets.append(values[ends[piece] : ends[piece + 1]])
        return sets[0] if len(sets) == 1 else np.unique(np.concatenate(sets))

    def sampled(self) -> int:
        """How many shingles were sampled."""
        return sum(np.load(file, mmap_mode="r").size for file in self.samples())

    def samples(self) -> list[Path]:
        """The files of sampled shingles, by shard."""
        return [self.folder / f"{shard:05d}.sample.npy" for shard in range(len(self.numbers))]

    def sample(self, low: int, high: int) -> np.ndarray:
        """Distinct (hash, work) of the sampled shingles from `low` up to `high`, sorted."""
        ranges = [np.empty(0, SAMPLED)]
        for numbers, file in zip(self.numbers, self.samples(), strict=True):
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
    ranges = math.ceil(works.sampled() / settings.range_shingles) or 1
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
