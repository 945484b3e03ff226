"""Exact and near duplicates on datatrove's MinHash blocks; of a group the first document stays.

Both kinds run the same four steps: signatures by part, matching signatures by bucket (datatrove),
clusters, and a filter. "First" is the order of reading (part, place in the part), so which one of
a group stays depends neither on the number of tasks nor on the order in which they end.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupSignature
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.utils.binaryio import read_tuples_from_file
from datatrove.utils.text import TextNormConfig, ngrams, simplify_text
from pydantic import BaseModel, ConfigDict, Field

# numbers carry facts: two records that differ in a year only are not duplicates
NORMAL_FORM = TextNormConfig(norm_numbers=False)
# what is ASCII has no accents to strip, which is the slow part
PLAIN_FORM = replace(NORMAL_FORM, norm_unicode_diacritics=False)
EXACT_BUCKETS = 1
DROP_SUFFIX = ".drops.jsonl"


class MinhashSettings(BaseModel):
    """Near duplicates: banding of the signatures and the similarity that is then required.

    Two documents of Jaccard similarity s become a candidate with probability
    1 - (1 - s^rows)^bands (Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4.2).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="whether near duplicates are looked for at all")
    shingle_words: int = Field(5, ge=1, description="words in a shingle (5-grams of words)")
    bands: int = Field(32, ge=1, description="buckets of the banding")
    rows: int = Field(5, ge=1, description="hashes in a bucket")
    similarity: float = Field(0.6, ge=0, le=1, description="Jaccard a candidate pair must reach")
    seed: int = Field(1, ge=0, description="seed of the hash functions")


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """Probability that MinHash makes a pair of this Jaccard similarity a candidate."""
    return 1 - (1 - similarity**rows) ** bands


def shingles(text: str, words: int) -> np.ndarray:
    """Hashes of the `words`-grams of the simplified text: distinct, sorted, uint64.

    A text with fewer words than that has none, and is never a near duplicate.
    """
    tokens = simplify_text(text, PLAIN_FORM if text.isascii() else NORMAL_FORM).split()
    grams = (" ".join(gram) for gram in ngrams(tokens, words))
    return np.unique(np.fromiter(map(xxhash.xxh64_intdigest, grams), dtype=np.uint64))


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Jaccard similarity of two sets of shingles (distinct values); 0 where one is empty."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


def containment(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the smaller set of shingles that stands in the larger one."""
    smaller = min(a.size, b.size)
    return np.intersect1d(a, b, assume_unique=True).size / smaller if smaller else 0.0


# --- step 1: signatures -------------------------------------------------------------------------


class _Signatures(MinhashDedupSignature):
    """datatrove's signatures; notes the documents' ids, to tell later which one stayed."""

    def __init__(self, folder: str, config: MinhashConfig) -> None:
        super().__init__(f"{folder}/signatures", config)
        self.id_folder = Path(folder) / "ids"

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        ids: list[str] = []
        super().run(_noting(data, ids), rank, world_size)
        self.id_folder.mkdir(parents=True, exist_ok=True)
        (self.id_folder / f"{rank:05d}.json").write_text(json.dumps(ids))


def _noting(documents: Iterable[Document], ids: list[str]) -> Iterator[Document]:
    for document in documents:
        ids.append(document.id)
        yield document


class NearSignatures(_Signatures):
    """datatrove's MinHash signatures; keeps the shingles on disk too, to check candidates by."""

    def __init__(self, folder: str, settings: MinhashSettings) -> None:
        super().__init__(folder, minhash_config(settings))
        self.shingle_folder = Path(folder) / "shingles"
        self._kept: list[np.ndarray] = []

    def get_shingles(self, text: str) -> np.ndarray:
        found = shingles(text, self.config.n_grams)
        self._kept.append(found)
        return found.reshape(-1, 1)

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        self._kept = []
        super().run(data, rank, world_size)
        ends = np.cumsum([0, *(s.size for s in self._kept)])
        self.shingle_folder.mkdir(parents=True, exist_ok=True)
        empty = np.empty(0, dtype=np.uint64)
        np.save(self.shingle_folder / f"{rank:05d}.ends.npy", ends)
        np.save(self.shingle_folder / f"{rank:05d}.npy", np.concatenate([empty, *self._kept]))
        self._kept = []


class ExactSignatures(_Signatures):
    """One 120-bit digest of the text (white space aside) where MinHash would have its hashes."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder, exact_config())

    def get_shingles(self, text: str) -> np.ndarray:
        digest = xxhash.xxh3_128_intdigest(" ".join(text.split()))
        # datatrove's buckets end below 2^61, so a half of the digest keeps 60 bits
        return np.array([digest >> 68, (digest >> 4) & (2**60 - 1)], dtype=np.uint64)

    def get_signature(self, shingles: np.ndarray) -> list[list[int]]:
        return [shingles.tolist()]


def minhash_config(settings: MinhashSettings) -> MinhashConfig:
    """datatrove's MinHash configuration for `settings`."""
    return MinhashConfig(
        n_grams=settings.shingle_words,
        num_buckets=settings.bands,
        hashes_per_bucket=settings.rows,
        seed=settings.seed,
        norm_config=NORMAL_FORM,
    )


def exact_config() -> MinhashConfig:
    """datatrove's configuration for signatures that are the digest of the whole text."""
    return MinhashConfig(num_buckets=EXACT_BUCKETS, hashes_per_bucket=2)


# --- step 3: clusters ---------------------------------------------------------------------------

Place = tuple[int, int]  # number of the part, place of the document in it


class Clusters(PipelineStep):
    """Joins matching pairs to clusters and lists, by part, every document but the first.

    Candidates below `similarity` are set aside, which needs the shingles of step 1; without
    `similarity` each matching pair counts.
    """

    type = "🫂 - DEDUP"
    name = "🧩 first of each cluster"

    def __init__(self, folder: str, similarity: float | None = None) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.similarity = similarity

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        pairs = candidate_pairs(self.folder / "pairs")
        weights = dict.fromkeys(pairs, 1.0)
        if self.similarity is not None:
            store = ShingleStore(self.folder / "shingles")
            weights = {(a, b): jaccard(store[a], store[b]) for a, b in pairs}
            weights = {pair: s for pair, s in weights.items() if s >= self.similarity}
        ids = _Ids(self.folder / "ids")
        drops = defaultdict(list)
        for place, (first, similarity) in sorted(first_of_cluster(weights).items()):
            row = {"place": place[1], "duplicate_of": ids[first], "similarity": similarity}
            drops[place[0]].append(row)
        write_drops(drops, self.folder / "drops")


class _Ids:
    """The id of the document at any place."""

    def __init__(self, folder: Path) -> None:
        self.part = cache(lambda part: json.loads((folder / f"{part:05d}.json").read_text()))

    def __getitem__(self, place: Place) -> str:
        return self.part(place[0])[place[1]]


def candidate_pairs(folder: Path) -> list[tuple[Place, Place]]:
    """Distinct pairs of matching documents from datatrove's `.dups` files, sorted."""
    found = set()
    for path in sorted(folder.glob("*.dups")):
        with path.open("rb") as file:
            for a, i, b, j in read_tuples_from_file(file, "4I", lines_to_buffer=1000):
                found.add(tuple(sorted([(a, i), (b, j)])))
    return sorted(found)


class ShingleStore:
    """Shingles of any document by place, read from disk when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def __getitem__(self, place: Place) -> np.ndarray:
        part, index = place
        if part not in self._open:
            values = np.load(self.folder / f"{part:05d}.npy", mmap_mode="r")
            self._open[part] = (values, np.load(self.folder / f"{part:05d}.ends.npy"))
        values, ends = self._open[part]
        return values[ends[index] : ends[index + 1]]


def first_of_cluster(
    pairs: dict[tuple[Place, Place], float],
) -> dict[Place, tuple[Place, float]]:
    """For every document but the first of its cluster: the first one, and a similarity.

    pairs: similarity by pair of places. The similarity given is the highest of the pairs that the
    document itself is in: a document may belong to a cluster through another one.
    """
    parent: dict[Place, Place] = {}

    def root(place: Place) -> Place:
        while parent.setdefault(place, place) != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    best: dict[Place, float] = defaultdict(float)
    for (a, b), similarity in pairs.items():
        first, second = sorted((root(a), root(b)))
        parent[second] = first
        best[a], best[b] = max(best[a], similarity), max(best[b], similarity)
    return {p: (root(p), round(best[p], 4)) for p in list(parent) if root(p) != p}


def write_drops(drops: dict[int, list[dict]], folder: Path) -> None:
    """One file for each part that loses documents: their places and what they are copies of."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in drops.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{part:05d}{DROP_SUFFIX}").write_text(lines)


# --- step 4: filter -----------------------------------------------------------------------------


class DropListed(BaseFilter):
    """Drops the documents that `Clusters` listed for this part, with what they are a copy of."""

    name = "🎯 listed duplicates"

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.reason = reason
        self._listed: dict[int, dict] = {}
        self._seen = 0

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        path = self.folder / "drops" / f"{rank:05d}{DROP_SUFFIX}"
        rows = map(json.loads, path.read_text().splitlines()) if path.is_file() else ()
        self._listed = {row["place"]: row for row in rows}
        self._seen = 0
        yield from super().run(data, rank, world_size)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        row = self._listed.get(self._seen)
        self._seen += 1
        if row is None:
            return True
        doc.metadata["filter_detail"] = {k: v for k, v in row.items() if k != "place"}
        return False, self.reason
