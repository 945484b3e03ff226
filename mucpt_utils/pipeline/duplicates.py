"""Exact and near duplicates on datatrove's MinHash blocks; the first of similar documents stays.

Both kinds run the same four steps: signatures by shard, matching signatures by bucket (a band of
the signature), a cover, and a filter. The cover goes through the documents in the order of reading
(shard, row in the shard) and drops one only if it is itself similar to one that stays: chains of
documents, each similar to the next, are not lost. For near duplicates it also drops one that is
spread, in pieces, over several of those that stay (`pieces`). The result depends neither on the
number of tasks nor on the order in which they end.

Signatures and pairs equal datatrove's to the byte, in files of its formats; only the arithmetic is
done on whole arrays, which is several times as fast as one document or signature at a time.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import xxhash
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.dedup import MinhashConfig, MinhashDedupSignature
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.utils.typeshelper import StatHints

from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.io import read_json, read_jsonl, write_json, write_jsonl
from mucpt_utils.pipeline.similarity.containment import (
    DUPLICATE_FROM,
    KIND,
    CopiedWorks,
    named_in_detail,
)
from mucpt_utils.pipeline.similarity.differences import state_other_facts
from mucpt_utils.pipeline.similarity.minhash import (
    NORMAL_FORM,
    ShingleStore,
    jaccard,
    minhashes,
    shingles,
)
from mucpt_utils.pipeline.similarity.pieces import (
    SHINGLES,
    TEXTS,
    DocumentKey,
    Pieces,
    overlaps,
    save_sample,
)

# files of a stage, by bucket or by shard; signatures are where datatrove puts them
BUCKET, SIGNATURE_SUFFIX = "signatures/bucket_{:03d}", ".minhash.sig"
DROPS, COPIED = "drops/{:05d}.jsonl", "copied/{:05d}.jsonl"

Compare = Callable[[DocumentKey, DocumentKey], float]
Named = tuple[str, str | None]  # see `named_first`
Found = tuple[DocumentKey, float]  # the document that stays, and how similar it is
Copied = Callable[[DocumentKey, Sequence[DocumentKey]], Found | None]
# documents with one signature in one bucket that are compared with those that follow
MOST_COMPARED = 100


def minhash_config(settings: MinhashSettings) -> MinhashConfig:
    """datatrove's MinHash configuration for `settings`."""
    return MinhashConfig(
        n_grams=settings.shingle_words,
        num_buckets=settings.bands,
        hashes_per_bucket=settings.rows,
        seed=settings.seed,
        norm_config=NORMAL_FORM,
    )


# the signature of an exact copy is the digest of the whole text
EXACT = MinhashConfig(num_buckets=1, hashes_per_bucket=2)


# --- step 1: signatures -------------------------------------------------------------------------


class ShardSignatures(MinhashDedupSignature):
    """datatrove's signatures: those of a shard written at once, sorted, in one file per bucket.

    Keeps the documents' ids and places, to say later which one stayed.
    """

    def __init__(self, folder: Path, config: MinhashConfig) -> None:
        super().__init__(f"{folder}/signatures", config)
        self.folder = Path(folder)

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        ids, rows, signatures = [], [], []
        for row, document in enumerate(data):
            ids.append(named_in_detail(document))
            hashes = self.hashes(document.text)
            if hashes is not None:
                rows.append(row)
                signatures.append(hashes)
        self.stat_update(StatHints.total, value=len(ids))
        write_json(self.folder / "ids" / f"{rank:05d}.json", ids)
        width = self.config.hashes_per_bucket
        values = np.array(signatures, np.uint64).reshape(len(rows), self.num_hashes)
        for bucket in range(self.config.num_buckets):
            # a band of every signature, in order, each with the row of its document
            band = values[:, bucket * width : (bucket + 1) * width]
            order = signature_order(band)
            records = np.empty(len(rows), record_type(width))
            records["signature"], records["row"] = band[order], np.array(rows, np.uint32)[order]
            file = self.folder / BUCKET.format(bucket) / f"{rank:05d}{SIGNATURE_SUFFIX}"
            file.parent.mkdir(parents=True, exist_ok=True)
            records.tofile(file)

    def hashes(self, text: str) -> np.ndarray | None:
        """The signature of a text, one bucket after the other; None if it has none."""
        raise NotImplementedError


class NearSignatures(ShardSignatures):
    """MinHash signatures; keeps shingles and texts on disk too, to check candidates by.

    If the stage before has found copies of works (its folder is next to this one's), their
    passages are listed for the cover and have no signature: nothing is dropped for one that goes.
    """

    def __init__(self, folder: Path, settings: MinhashSettings) -> None:
        super().__init__(folder, minhash_config(settings))
        self.sets: list[np.ndarray] = []
        self.texts: list[np.ndarray] = []
        self.is_listed = False  # whether the document is a passage of a copied work

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        self.sets, self.texts, listed = [], [], []
        copies = self.folder.parent / KIND
        works = CopiedWorks(copies) if copies.is_dir() else None

        def noting_copies() -> Iterator[Document]:
            for row, document in enumerate(data):
                copied = works.counterpart(document) if works else None
                self.is_listed = copied is not None
                if copied:
                    listed.append({"row": row} | copied)
                yield document

        super().run(noting_copies(), rank, world_size)
        write_jsonl(self.folder / COPIED.format(rank), listed)
        ShingleStore(self.folder / SHINGLES).save(rank, self.sets)
        ShingleStore(self.folder / TEXTS, dtype=np.uint8).save(rank, self.texts)
        for copied in listed:
            self.sets[copied["row"]] = np.empty(0, np.uint64)
        save_sample(self.folder, rank, self.sets)
        self.sets, self.texts = [], []

    def hashes(self, text: str) -> np.ndarray | None:
        self.sets.append(shingles(text, self.config.n_grams))
        self.texts.append(np.frombuffer(text.encode(), np.uint8))
        has_signature = self.sets[-1].size and not self.is_listed
        return minhashes(self.sets[-1], *self.parameters) if has_signature else None


class ExactSignatures(ShardSignatures):
    """One 120-bit digest of the text (white space aside) in place of MinHash's hashes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, EXACT)

    def hashes(self, text: str) -> np.ndarray:
        digest = xxhash.xxh3_128_intdigest(" ".join(text.split()))
        # datatrove's hashes are below 2^61, so each half of the digest keeps 60 bits
        return np.array([digest >> 68, (digest >> 4) & (2**60 - 1)], dtype=np.uint64)


def record_type(width: int) -> np.dtype:
    """A record of datatrove's signature files: the hashes of a bucket, the document's row."""
    return np.dtype([("signature", "<u8", (width,)), ("row", "<u4")])


def signature_order(signatures: np.ndarray) -> np.ndarray:
    """The order that sorts signatures of shape (documents, hashes); the sort is stable.

    Few signatures share their first hash, and only among those do the others matter.
    """
    first = np.ascontiguousarray(signatures[:, 0])
    order = np.argsort(first, kind="stable")
    same = first[order[1:]] == first[order[:-1]]
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    among = order[tied]
    order[tied] = among[np.lexsort(signatures[among].T[::-1])]
    return order


# --- step 2: matching signatures ------------------------------------------------------------------


class MatchBuckets(PipelineStep):
    """Lists the pairs of equal signatures as datatrove's MinhashDedupBuckets does, by bucket.

    Buckets are dealt to the tasks. Signatures are compared in ranges of their first hash, so that
    about `range_records` of them are in memory, however many there are.
    """

    type = "🫂 - DEDUP"
    name = "🎯 matching signatures"

    def __init__(self, folder: Path, config: MinhashConfig, range_records: int = 1_000_000) -> None:
        super().__init__()
        self.folder, self.config = Path(folder), config
        self.range_records = range_records

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        width = self.config.hashes_per_bucket
        pairs = self.folder / "pairs"
        pairs.mkdir(parents=True, exist_ok=True)
        for bucket in range(rank, self.config.num_buckets, world_size):
            signatures = self.folder / BUCKET.format(bucket)
            files = sorted(signatures.glob(f"*{SIGNATURE_SUFFIX}"))
            with (pairs / f"{bucket:05d}_00.dups").open("wb") as out:
                for low, high in pairwise(range_edges(files, width, self.range_records)):
                    out.write(equal_neighbours(files, width, low, high).astype("<u4").tobytes())


def range_edges(files: list[Path], width: int, range_records: int) -> list[int]:
    """First hashes that split signatures into ranges of about `range_records`; ends included."""
    # each sampled signature of a file, one per step, represents those after it
    step = max(1, range_records // 1000)
    firsts = [read_records(file, width)["signature"][::step, 0] for file in files]
    sample = np.sort(np.concatenate([np.empty(0, np.uint64), *firsts]))
    ranges = math.ceil(sample.size * step / range_records) or 1
    quantiles = np.arange(1, ranges) * sample.size // ranges
    return [0, *np.unique(sample[quantiles]).tolist(), 2**64 - 1]


def read_records(file: Path, width: int) -> np.ndarray:
    """The records of a signature file, memory-mapped; an empty file has none."""
    kind = record_type(width)
    return np.memmap(file, kind, "r") if file.stat().st_size else np.empty(0, kind)


def equal_neighbours(files: list[Path], width: int, low: int, high: int) -> np.ndarray:
    """Pairs of neighbours with equal signatures whose first hash is from `low` up to `high`.

    Returns shape (pairs, 4): shard and row of both. Documents with one signature form a chain
    of pairs, not every pair.
    """
    # the records of all shards in this range of the first hash; each file is sorted by it
    ranges, shards = [np.empty(0, record_type(width))], [np.empty(0, np.uint32)]
    for file in files:
        records = read_records(file, width)
        ends = np.searchsorted(records["signature"][:, 0], np.array([low, high], np.uint64))
        ranges.append(np.array(records[slice(*ends)]))
        shard = int(file.name.removesuffix(SIGNATURE_SUFFIX))
        shards.append(np.full(ranges[-1].size, shard, np.uint32))
    merged, shard_of = np.concatenate(ranges), np.concatenate(shards)
    # in sorted order, equal signatures are neighbours
    signatures = np.ascontiguousarray(merged["signature"])
    order = signature_order(signatures)
    before, after = order[:-1], order[1:]
    same = np.flatnonzero((signatures[before] == signatures[after]).all(axis=1))
    documents = np.stack([shard_of, merged["row"]], axis=1)
    return np.concatenate([documents[before[same]], documents[after[same]]], axis=1)


# --- step 3: a cover ------------------------------------------------------------------------------


class Cover(PipelineStep):
    """Lists, by shard, every document that is similar to an earlier one which stays.

    similarity: what candidates must reach, measured on the shingles of step 1; without it each
    matching pair counts.
    """

    type = "🫂 - DEDUP"
    name = "🧩 first of similar ones"

    def __init__(self, folder: Path, similarity: float | None = None) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.similarity = similarity

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        groups = matching_groups(sorted((self.folder / "pairs").glob("*.dups")))
        going, details = (
            (covered(groups, lambda a, b: 1.0), dict[DocumentKey, dict]())
            if self.similarity is None
            else self.similar(groups, self.similarity)
        )
        ids = lru_cache(64)(lambda n: read_json(self.folder / "ids" / f"{n:05d}.json"))
        for document, (first, similarity) in going.items():
            details[document] = ids(first[0])[first[1]] | {"similarity": round(similarity, 4)}
        drops = defaultdict(list)
        for (shard, row), detail in sorted(details.items()):
            drops[shard].append({"row": row} | detail)
        for shard, rows in drops.items():
            write_jsonl(self.folder / DROPS.format(shard), rows)

    def similar(
        self, groups: Mapping[DocumentKey, Sequence[int]], least: float
    ) -> tuple[dict[DocumentKey, Found], dict[DocumentKey, dict]]:
        """What goes for a similar document, and the passages of copied works that also go."""
        compare, pieces = self.measure(least), Pieces(self.folder)
        going = covered(groups, compare, overlaps(self.folder), pieces.copied)
        listed = self.listed()
        firsts = self.places(set(map(named_first, listed.values())))
        judged = of_copies(listed, firsts, going, compare)
        going |= {document: found for document, found in judged.items() if found}
        return going, {d: detail for d, detail in listed.items() if d not in judged}

    def listed(self) -> dict[DocumentKey, dict]:
        """The passages of copied works, with what each is a copy of."""
        files = sorted(self.folder.glob(COPIED.format(0).replace("00000", "*")))
        rows = ((int(file.stem), row) for file in files for row in read_jsonl(file))
        return {(shard, row.pop("row")): row for shard, row in rows}

    def places(self, wanted: Collection[Named]) -> dict[Named, list[DocumentKey]]:
        """Where the documents of these names are."""
        found: dict[Named, list[DocumentKey]] = defaultdict(list)
        for file in sorted((self.folder / "ids").glob("*.json")) if wanted else ():
            for row, detail in enumerate(read_json(file)):
                if (named := named_first(detail)) in wanted:
                    found[named].append((int(file.stem), row))
        return found

    def measure(self, least: float) -> Compare:
        """The similarity of two documents; 0 if it is too low, or if they state different facts."""
        store = ShingleStore(self.folder / SHINGLES)
        texts = ShingleStore(self.folder / TEXTS, dtype=np.uint8)

        def compare(a: DocumentKey, b: DocumentKey) -> float:
            similarity = jaccard(store[a], store[b])
            if similarity < least:
                return 0.0
            one, other = texts[a].tobytes().decode(), texts[b].tobytes().decode()
            return 0.0 if state_other_facts(one, other) else similarity

        return compare


def matching_groups(files: Iterable[Path]) -> dict[DocumentKey, list[int]]:
    """For each document, in order of reading: the numbers of the groups whose signature it shares.

    files: pairs of neighbours with equal signatures, by bucket, from `MatchBuckets`. A group
    is a chain of them.
    """
    groups: dict[DocumentKey, list[int]] = defaultdict(list)
    number = -1
    for path in files:
        end = None
        for a, i, b, j in np.fromfile(path, "<u4").reshape(-1, 4).tolist():
            if (a, i) != end:
                number += 1
                groups[a, i].append(number)
            end = (b, j)
            groups[end].append(number)
    return dict(sorted(groups.items()))


def covered(
    groups: Mapping[DocumentKey, Sequence[int]],
    compare: Compare,
    overlapping: Mapping[DocumentKey, Sequence[DocumentKey]] = MappingProxyType({}),
    copied: Copied = lambda document, others: None,
) -> dict[DocumentKey, Found]:
    """For every document that goes: the most similar earlier one that stays, and the similarity.

    groups: by document; documents of one group are candidates. compare: gives 0 for two that are no
    duplicates. overlapping: by document, earlier ones that may hold pieces of it; `copied` says
    whether those of them that stay contain all of it.
    """
    staying: dict[int, list[DocumentKey]] = defaultdict(list)
    going: dict[DocumentKey, Found] = {}
    for document in sorted({*groups, *overlapping}):
        numbers = groups.get(document, ())
        # those that share the most signatures first
        shared = Counter(other for number in numbers for other in staying[number])
        ranked = sorted(shared, key=lambda other: (-shared[other], other))[:MOST_COMPARED]
        similarities = [(compare(other, document), other) for other in ranked]
        best = max(similarities, key=lambda pair: pair[0], default=(0.0, document))
        if best[0] > 0:
            going[document] = (best[1], best[0])
            continue
        others = [other for other in overlapping.get(document, ()) if other not in going]
        if others and (found := copied(document, others)):
            going[document] = found
            continue
        for number in numbers:
            if len(staying[number]) < MOST_COMPARED:
                staying[number].append(document)
    return going


def named_first(detail: Mapping) -> Named:
    """The identifier of the document that a detail names, and the place that it was read from."""
    return detail["duplicate_of"], detail.get(DUPLICATE_FROM)


def of_copies(
    listed: Mapping[DocumentKey, Mapping],
    firsts: Mapping[Named, Sequence[DocumentKey]],
    going: Mapping[DocumentKey, Found],
    compare: Compare,
) -> dict[DocumentKey, Found | None]:
    """The passages of copied works whose counterpart goes: what each is similar to, if anything.

    A copy differs from its first, and that one from what it goes for; the copy is measured against
    the latter, and against others of its kind that stay. listed: the passages, with what they are
    copies of. firsts: where the documents of those names are.
    """
    staying: dict[Named, list[DocumentKey]] = defaultdict(list)
    found: dict[DocumentKey, Found | None] = {}
    for document, detail in sorted(listed.items()):
        named = named_first(detail)
        gone = [going[first][0] for first in firsts.get(named, ()) if first in going]
        if not gone:
            continue
        others = [(compare(other, document), other) for other in (*gone, *staying[named])]
        similarity, other = max(others, key=lambda pair: pair[0])
        found[document] = (other, similarity) if similarity > 0 else None
        if not found[document]:
            staying[named].append(document)
    return found


# --- step 4: filter -----------------------------------------------------------------------------


class DropListed(BaseFilter):
    """Drops the documents listed for this shard, and says what they are copies of."""

    name = "🎯 listed duplicates"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.reason = reason
        self.listed: dict[int, dict] = {}
        self.row = 0

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        path = self.folder / DROPS.format(rank)
        drops = read_jsonl(path) if path.is_file() else []
        self.listed = {drop.pop("row"): drop for drop in drops}
        self.row = 0
        yield from super().run(data, rank, world_size)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        drop = self.listed.get(self.row)
        self.row += 1
        if drop is None:
            return True
        doc.metadata["filter_detail"] = drop
        return False, self.reason
