"""Works that stand (almost) whole inside a larger one: reported as a kind of their own.

A work is a file that was cut into passages, or a document that is no passage. Containment is the
share of the smaller work's shingles that stand in the larger one (Broder, On the Resemblance and
Containment of Documents, 1997). A near duplicate is about as long as its original and is left to
MinHash; a quoted passage is a small share of the work it stands in and of its own source alike, so
it is neither.

Candidates share shingles out of a sample by value, which every work takes alike; the share is then
measured on all shingles. The sample is walked through in ranges of the hash, so that memory is
bounded by the number of works and of candidates, not by the corpus.
"""

import json
import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.config.pipeline import ContainmentSettings
from mucpt_utils.pipeline.minhash import containment, jaccard, shingles

REPORT = "contained.jsonl"
KIND = "contained"
HASHES = 2**64
SAMPLED = np.dtype([("hash", "<u8"), ("work", "<i8")])


def work_of(document: Document) -> str:
    """The file a passage was cut from, or the document's own identifier."""
    metadata = document.metadata
    return str(metadata["file"]) if "passage" in metadata and "file" in metadata else document.id


# --- step 1: shingles of the works in a part ------------------------------------------------------


class WorkShingles(PipelineStep):
    """Keeps the shingles of every work in a part on disk, and a sample of them sorted by value.

    A work may go on in the next part, so the first and the last are kept however short.
    """

    type = "🫂 - DEDUP"
    name = "📚 shingles of works"

    def __init__(self, folder: str, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder) / "shingles", settings

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        names, kept = [], []
        for name, values in self._works(data):
            names.append(name)
            kept.append(values)
        values = np.concatenate([np.empty(0, np.uint64), *kept])
        ends = np.cumsum([0, *(v.size for v in kept)])
        self.folder.mkdir(parents=True, exist_ok=True)
        np.save(self.folder / f"{rank:05d}.npy", values)
        np.save(self.folder / f"{rank:05d}.ends.npy", ends)
        np.save(self.folder / f"{rank:05d}.sample.npy", self._sample(values, ends))
        (self.folder / f"{rank:05d}.json").write_text(json.dumps(names))

    def _works(self, documents: Iterable[Document]) -> Iterator[tuple[str, np.ndarray]]:
        """Name and distinct shingles of each work that may be long enough."""
        held: tuple[str, list[str]] | None = None
        is_first = True
        for name, passages in groupby(documents, work_of):
            if held:
                if is_first or self._is_long(held[1]):
                    yield held[0], self._shingles(held[1])
                is_first = False
            held = (name, [p.text for p in passages])
        if held:
            yield held[0], self._shingles(held[1])

    def _is_long(self, texts: list[str]) -> bool:
        return sum(len(text.split()) for text in texts) >= self.settings.shortest

    def _shingles(self, texts: list[str]) -> np.ndarray:
        return shingles("\n".join(texts), self.settings.shingle_words)

    def _sample(self, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
        chosen = np.flatnonzero(values % np.uint64(self.settings.sample) == 0)
        found = np.empty(chosen.size, SAMPLED)
        found["hash"] = values[chosen]
        found["work"] = np.searchsorted(ends, chosen, side="right") - 1
        return np.sort(found, order=["hash", "work"])


# --- step 2: pairs --------------------------------------------------------------------------------


class ReportContained(PipelineStep):
    """Writes the pairs of which the smaller work stands inside the larger one, sorted by name."""

    type = "🫂 - DEDUP"
    name = "🪆 contained works"

    def __init__(self, folder: str, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder), settings

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        works = Works(self.folder / "shingles")
        rows = [row for pair in candidates(works, self.settings) if (row := self._row(works, pair))]
        rows.sort(key=lambda row: (row["larger"], row["smaller"]))
        partial = self.folder / f"{REPORT}.partial"
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        partial.replace(self.folder / REPORT)

    def _row(self, works: "Works", pair: tuple[int, int]) -> dict | None:
        """A line of the report, or None for a pair that is no containment."""
        small, large = sorted(pair, key=lambda work: (works.sizes[work], works.name(work)))
        a, b = works.shingles(small), works.shingles(large)
        share, alike = containment(a, b), jaccard(a, b)
        if share < self.settings.least or alike > self.settings.most_alike:
            return None
        return {
            "kind": KIND,
            "smaller": works.name(small),
            "larger": works.name(large),
            "containment": round(share, 4),
            "jaccard": round(alike, 4),
        }


class Piece(NamedTuple):
    """The part of a work that stands in one part."""

    part: int
    index: int


class Works:
    """The works of all parts by number; one that goes on in the next part is a single work.

    sizes: shingles in each work; those of a work in several parts are counted in each.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = len(list(folder.glob("*.json")))
        self.numbers: list[np.ndarray] = []  # by part: the work that each piece belongs to
        self.pieces: list[list[Piece]] = []
        self.sizes: list[int] = []
        self._names = lru_cache(maxsize=16)(self._read_names)
        self._values = lru_cache(maxsize=16)(self._read_values)
        self.shingles = lru_cache(maxsize=16)(self._shingles)
        self._count()

    def _count(self) -> None:
        before = None
        for part in range(self.parts):
            names, (_, ends) = self._names(part), self._values(part)
            numbers = np.empty(len(names), np.int64)
            for index, size in enumerate(np.diff(ends).tolist()):
                if index or not self.pieces or names[0] != before:
                    self.pieces.append([])
                    self.sizes.append(0)
                self.pieces[-1].append(Piece(part, index))
                self.sizes[-1] += size
                numbers[index] = len(self.pieces) - 1
            before = names[-1] if names else before
            self.numbers.append(numbers)

    def name(self, work: int) -> str:
        """The work's file or identifier."""
        piece = self.pieces[work][0]
        return self._names(piece.part)[piece.index]

    def _shingles(self, work: int) -> np.ndarray:
        """All distinct shingles of a work."""
        found = []
        for part, index in self.pieces[work]:
            values, ends = self._values(part)
            found.append(values[ends[index] : ends[index + 1]])
        return found[0] if len(found) == 1 else np.unique(np.concatenate(found))

    def sample(self, low: int, high: int) -> np.ndarray:
        """Distinct (hash, work) of the sampled shingles from `low` up to `high`, sorted."""
        found = [np.empty(0, SAMPLED)]
        for part in range(self.parts):
            values = np.load(self.folder / f"{part:05d}.sample.npy", mmap_mode="r")
            first, last = np.searchsorted(values["hash"], np.array([low, high], np.uint64))
            piece = np.array(values[first:last])
            piece["work"] = self.numbers[part][piece["work"]]
            found.append(piece)
        return np.unique(np.concatenate(found))

    def sampled(self) -> int:
        """How many shingles were sampled."""
        files = (self.folder / f"{part:05d}.sample.npy" for part in range(self.parts))
        return sum(np.load(file, mmap_mode="r").size for file in files)

    def _read_names(self, part: int) -> list[str]:
        return json.loads((self.folder / f"{part:05d}.json").read_text())

    def _read_values(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        values = np.load(self.folder / f"{part:05d}.npy", mmap_mode="r")
        return values, np.load(self.folder / f"{part:05d}.ends.npy")


def candidates(works: Works, settings: ContainmentSettings) -> list[tuple[int, int]]:
    """Pairs that share at least half of the sampled shingles that containment makes likely."""
    if not works.sizes:
        return []
    total = len(works.sizes)
    ranges = math.ceil(works.sampled() / settings.range_shingles) or 1
    edges = [HASHES * i // ranges for i in range(ranges)] + [HASHES - 1]
    codes, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for low, high in zip(edges, edges[1:], strict=False):
        pairs = _pairs(works.sample(low, high), settings.most_holders)
        found, count = np.unique(pairs[:, 0] * total + pairs[:, 1], return_counts=True)
        codes, position = np.unique(np.concatenate([codes, found]), return_inverse=True)
        counts = np.bincount(position, np.concatenate([counts, count]), codes.size).astype(np.int64)
    first, second = codes // total, codes % total
    sizes = np.asarray(works.sizes)
    smaller = np.minimum(sizes[first], sizes[second])
    likely = counts >= np.maximum(1, smaller * settings.least / settings.sample / 2)
    likely &= smaller >= settings.shortest
    return list(zip(first[likely].tolist(), second[likely].tolist(), strict=True))


def _pairs(sample: np.ndarray, most: int) -> np.ndarray:
    """Pairs of works, lower number first, for every shingle that 2 to `most` works share.

    sample: sorted (hash, work). Returns (pairs, 2), a pair as often as it shares a shingle.
    """
    _, starts, lengths = np.unique(sample["hash"], return_index=True, return_counts=True)
    found = [np.empty((0, 2), np.int64)]
    for length in range(2, most + 1):
        runs = starts[lengths == length]
        for i, j in combinations(range(length), 2):
            found.append(np.stack([sample["work"][runs + i], sample["work"][runs + j]], axis=1))
    return np.concatenate(found)
