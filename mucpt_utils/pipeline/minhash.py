"""Exact and near duplicates on datatrove's MinHash blocks; of a group the first document stays.

Both kinds run the same four steps: signatures by part, matching signatures by bucket, clusters,
and a filter. "First" is the order of reading (part, place in the part), so which one of a group
stays depends neither on the number of tasks nor on the order in which they end.

Signatures and pairs are datatrove's to the byte, in files of its formats; only the arithmetic is
done on whole arrays, which is several times as fast as a document or a signature at a time.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupSignature
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.utils.binaryio import read_tuples_from_file
from datatrove.utils.text import TextNormConfig, ngrams, simplify_text
from datatrove.utils.typeshelper import StatHints

from mucpt_utils.config.pipeline import MinhashSettings

# numbers carry facts: two records that differ in a year only are not duplicates
NORMAL_FORM = TextNormConfig(norm_numbers=False)
# what is ASCII has no accents to strip, which is the slow part
PLAIN_FORM = replace(NORMAL_FORM, norm_unicode_diacritics=False)
EXACT_BUCKETS = 1
DROP_SUFFIX = ".drops.jsonl"
PRIME = np.uint64(2**61 - 1)  # the Mersenne prime of datatrove's hash functions
PRIME_BITS = np.uint64(61)
SHINGLES_AT_A_TIME = 128  # so that their hashes stay in the processor's cache
OPEN_PARTS = 64  # parts of which something is held in memory


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
    """datatrove's signatures, all of a part written at once.

    Notes the documents' ids, to tell later which one stayed.
    """

    def __init__(self, folder: str, config: MinhashConfig) -> None:
        super().__init__(f"{folder}/signatures", config)
        self.folder, self.id_folder = Path(folder) / "signatures", Path(folder) / "ids"

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        ids, places, signatures = [], [], []
        for place, document in enumerate(data):
            ids.append(document.id)
            found = self.get_shingles(document.text)
            if found.size:
                places.append(place)
                signatures.append(self.signature(found))
        self.stat_update(StatHints.total, value=len(ids))
        self._write(rank, np.array(places, np.uint32), signatures)
        self.id_folder.mkdir(parents=True, exist_ok=True)
        (self.id_folder / f"{rank:05d}.json").write_text(json.dumps(ids))

    def signature(self, shingles: np.ndarray) -> np.ndarray:
        """The hashes of a document, those of one bucket after the other."""
        return minhashes(shingles, *self.parameters)

    def get_signature(self, shingles: np.ndarray) -> list[list[int]]:
        """datatrove's form of `signature`: a list of hashes for each bucket."""
        return self.signature(shingles).reshape(self.config.num_buckets, -1).tolist()

    def _write(self, rank: int, places: np.ndarray, signatures: list[np.ndarray]) -> None:
        """A file for each bucket: the part's signatures in order, each with its document's place.

        signatures: a row of hashes for each of `places`.
        """
        values = np.array(signatures, np.uint64).reshape(places.size, self.num_hashes)
        rows = self.config.hashes_per_bucket
        for bucket in range(self.config.num_buckets):
            part = values[:, bucket * rows : (bucket + 1) * rows]
            order = signature_order(part)
            found = np.empty(places.size, record_type(rows))
            found["signature"], found["place"] = part[order], places[order]
            file = signature_folder(self.folder, bucket) / f"{rank:05d}{SIGNATURE_SUFFIX}"
            file.parent.mkdir(parents=True, exist_ok=True)
            found.tofile(file)


SIGNATURE_SUFFIX = ".minhash.sig"


def signature_folder(folder: Path, bucket: int) -> Path:
    """Where datatrove has the signatures of a bucket."""
    return folder / f"bucket_{bucket:03d}"


def record_type(rows: int) -> np.dtype:
    """A record of datatrove's signature files: the hashes of a bucket, the document's place."""
    return np.dtype([("signature", "<u8", (rows,)), ("place", "<u4")])


def signature_order(signatures: np.ndarray) -> np.ndarray:
    """The order that sorts signatures (documents, hashes); equal ones keep theirs.

    Few signatures share their first hash, and only among those do the others matter.
    """
    first = np.ascontiguousarray(signatures[:, 0])
    order = np.argsort(first, kind="stable")
    same = first[order[1:]] == first[order[:-1]]
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    among = order[tied]
    order[tied] = among[np.lexsort(signatures[among].T[::-1])]
    return order


def minhashes(shingles: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The least value of every hash function `(a * x + b) mod (2^61 - 1)` over the shingles.

    shingles: uint64 of any shape, at least one. a, b: uint64 of shape (1, functions).
    Returns uint64 of shape (functions,). Source: datatrove's `get_signature`, whose remainder is
    a division for each value; a Mersenne prime needs only a mask, a shift and an addition, and
    one subtraction in the rare case that the sum is not below it.
    """
    values = shingles.reshape(-1, 1)
    least = np.full(a.size, PRIME)
    for start in range(0, values.size, SHINGLES_AT_A_TIME):
        hashes = values[start : start + SHINGLES_AT_A_TIME] * a
        hashes += b
        high = hashes >> PRIME_BITS
        hashes &= PRIME
        hashes += high
        if hashes.max() >= PRIME:
            hashes[hashes >= PRIME] -= PRIME
        np.minimum(least, hashes.min(axis=0), out=least)
    return least


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

    def signature(self, shingles: np.ndarray) -> np.ndarray:
        return shingles


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


# --- step 2: matching signatures ------------------------------------------------------------------


class MatchBuckets(PipelineStep):
    """Lists the pairs of equal signatures as datatrove's MinhashDedupBuckets does, by bucket.

    Buckets are dealt to the tasks. Signatures are compared in ranges of their first hash, so that
    about `range_records` of them are in memory, however many there are.
    """

    type = "🫂 - DEDUP"
    name = "🎯 matching signatures"

    def __init__(self, folder: str, config: MinhashConfig, range_records: int = 1_000_000) -> None:
        super().__init__()
        self.folder, self.config = Path(folder), config
        self.range_records = range_records

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        pairs = self.folder / "pairs"
        pairs.mkdir(parents=True, exist_ok=True)
        for bucket in range(rank, self.config.num_buckets, world_size):
            with (pairs / f"{bucket:05d}_00.dups").open("wb") as out:
                for found in self._pairs(bucket):
                    out.write(found.astype("<u4").tobytes())

    def _pairs(self, bucket: int) -> Iterator[np.ndarray]:
        """Pairs (part, place, part, place) of documents, in the order of their signatures."""
        folder = signature_folder(self.folder / "signatures", bucket)
        files = sorted(folder.glob(f"*{SIGNATURE_SUFFIX}"))
        edges = [0, *self._edges(files), int(PRIME)]
        for low, high in zip(edges, edges[1:], strict=False):
            yield _equal_neighbours(files, self.config.hashes_per_bucket, low, high)

    def _edges(self, files: list[Path]) -> list[int]:
        """First hashes that cut the signatures into ranges of about `range_records`."""
        step = max(1, self.range_records // 1000)
        rows = self.config.hashes_per_bucket
        sample = [_first_hashes(_records(file, rows))[::step] for file in files]
        known = np.sort(np.concatenate([np.empty(0, np.uint64), *sample]))
        ranges = math.ceil(known.size * step / self.range_records) or 1
        places = np.arange(1, ranges) * known.size // ranges
        return np.unique(known[places]).tolist()


def _records(file: Path, rows: int) -> np.ndarray:
    """The records of a signature file, read when used; an empty file has none."""
    kind = record_type(rows)
    return np.memmap(file, kind, "r") if file.stat().st_size else np.empty(0, kind)


def _first_hashes(records: np.ndarray) -> np.ndarray:
    return records["signature"][:, 0]


def _equal_neighbours(files: list[Path], rows: int, low: int, high: int) -> np.ndarray:
    """Pairs of neighbours in order whose signatures are equal and begin from `low` to `high`."""
    found, parts = [np.empty(0, record_type(rows))], [np.empty(0, np.uint32)]
    for file in files:
        records = _records(file, rows)
        edges = np.searchsorted(_first_hashes(records), np.array([low, high], np.uint64))
        found.append(np.array(records[slice(*edges)]))
        part = int(file.name.removesuffix(SIGNATURE_SUFFIX))
        parts.append(np.full(found[-1].size, part, np.uint32))
    records, part = np.concatenate(found), np.concatenate(parts)
    signatures = np.ascontiguousarray(records["signature"])
    order = signature_order(signatures)
    before, after = order[:-1], order[1:]
    same = np.flatnonzero((signatures[before] == signatures[after]).all(axis=1))
    documents = np.stack([part, records["place"]], axis=1)
    return np.concatenate([documents[before[same]], documents[after[same]]], axis=1)


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
        self.part = lru_cache(OPEN_PARTS)(
            lambda part: json.loads((folder / f"{part:05d}.json").read_text())
        )

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
        self._part = lru_cache(OPEN_PARTS)(self._read)

    def _read(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        values = np.load(self.folder / f"{part:05d}.npy", mmap_mode="r")
        return values, np.load(self.folder / f"{part:05d}.ends.npy")

    def __getitem__(self, place: Place) -> np.ndarray:
        part, index = place
        values, ends = self._part(part)
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
