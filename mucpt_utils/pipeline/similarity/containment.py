"""Works contained (almost) whole in a larger one, and copies of a work: reported by kind.

A work is a file that was cut into passages, or a document that is not a passage. Containment is the
share of the smaller work's shingles that are in the larger one (Broder, On the Resemblance and
Containment of Documents, 1997). A copy is about as long as its original. Whole documents are left
to MinHash; of works cut into passages, whose borders may differ, the passages of the
later one that are in the first are listed as near duplicates. A quoted passage is a small share
both of the work that quotes it and of its source, so it is neither.

Candidates share sampled shingles; the sample is by value, so every work samples the same ones. The
share is then measured on all shingles. The sample is read in ranges of the hash, so that memory is
bounded by the number of works and of candidates, not by the corpus.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import combinations, groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.config.pipeline import ContainmentSettings
from mucpt_utils.io import read_json, read_jsonl, write_json, write_jsonl
from mucpt_utils.pipeline.similarity.minhash import (
    ShingleStore,
    containment,
    gram_hashes,
    jaccard,
    normal_words,
    shingles,
)
from mucpt_utils.text.sources.records import READ_FROM

REPORT = "contained.jsonl"
KIND, COPY = "contained", "copy"
COPIES = "copies.jsonl"  # works that are copies of an earlier one: names, and number of the first
HASHES = 2**64
SAMPLED = np.dtype([("hash", "<u8"), ("work", "<i8")])
DUPLICATE_FROM = f"duplicate_{READ_FROM}"  # in the detail of a copy
OPEN_SHARDS = 16  # how many shards, and works, are held in memory


def named_in_detail(document: Document) -> dict[str, str]:
    """How a copy's detail names the document that stays.

    The identifiers of two files may be the same, so the place that it was read from is beside it.
    """
    place = document.metadata.get(READ_FROM)
    return {"duplicate_of": document.id} | ({DUPLICATE_FROM: place} if place else {})


def work_of(document: Document) -> str:
    """The file a passage was cut from, or the document's own identifier."""
    metadata = document.metadata
    return str(metadata["file"]) if "passage" in metadata and "file" in metadata else document.id


# --- step 1: shingles of the works in a shard -----------------------------------------------------


class WorkShingles(PipelineStep):
    """Keeps the shingles of every work in a shard on disk, and a sample of them sorted by value.

    A work may continue in the next shard, so the first and the last are kept however short.
    """

    type = "🫂 - DEDUP"
    name = "📚 shingles of works"

    def __init__(self, folder: Path, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder) / "shingles", settings

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> None:
        works = list(self.works(data))
        store = ShingleStore(self.folder)
        store.save(rank, [work.values for work in works])
        write_json(self.folder / f"{rank:05d}.json", [work.name for work in works])
        # which passage each shingle is in, to say what a passage of a copy is a copy of
        passage_store(self.folder).save(rank, [work.passages for work in works])
        write_json(self.folder / f"{rank:05d}.ids.json", [work.ids for work in works])
        # a fixed fraction of the values, the same in every work, and which work each belongs to
        values, ends = store.read(rank)
        chosen = np.flatnonzero(values % np.uint64(self.settings.sample) == 0)
        sample = np.empty(chosen.size, SAMPLED)
        sample["hash"] = values[chosen]
        sample["work"] = np.searchsorted(ends, chosen, side="right") - 1
        np.save(self.folder / f"{rank:05d}.sample.npy", np.sort(sample, order=["hash", "work"]))

    def works(self, documents: Iterable[Document]) -> Iterator["WorkPiece"]:
        """The shingles of each work that may be long enough, including works across borders."""
        groups = groupby(documents, work_of)
        works = ((name, list(passages)) for name, passages in groups)
        work, is_first = next(works, None), True
        while work:
            following = next(works, None)
            name, passages = work
            # the first may have begun in the shard before, the last may continue in the next
            may_be_longer = is_first or following is None
            length = sum(len(passage.text.split()) for passage in passages)
            if may_be_longer or length >= self.settings.shortest:
                yield work_piece(name, passages, self.settings.shingle_words)
            work, is_first = following, False


class WorkPiece(NamedTuple):
    """The part of a work that is in one shard.

    ids: how details name its passages. values: distinct shingles, sorted. passages: for each
    shingle, number of the first passage that it begins in.
    """

    name: str
    ids: list[dict[str, str]]
    values: np.ndarray
    passages: np.ndarray


def work_piece(name: str, documents: Sequence[Document], words: int) -> WorkPiece:
    """The shingles of a work's passages, read as one text."""
    tokens = [normal_words(document.text) for document in documents]
    hashes = gram_hashes([word for passage in tokens for word in passage], words)
    values, first = np.unique(hashes, return_index=True)
    passage_of_word = np.repeat(np.arange(len(tokens)), [len(passage) for passage in tokens])
    passages = passage_of_word[first].astype(np.uint32)
    return WorkPiece(name, [named_in_detail(document) for document in documents], values, passages)


def passage_store(folder: Path) -> ShingleStore:
    """The store that says in which passage each shingle of a work begins."""
    return ShingleStore(folder / "passages", OPEN_SHARDS, np.uint32)


# --- step 2: pairs --------------------------------------------------------------------------------


class ReportContained(PipelineStep):
    """Writes the pairs whose smaller work is contained in the larger one, sorted by name."""

    type = "🫂 - DEDUP"
    name = "🪆 contained works"

    def __init__(self, folder: Path, settings: ContainmentSettings) -> None:
        super().__init__()
        self.folder, self.settings = Path(folder), settings

    def run(self, data: None = None, rank: int = 0, world_size: int = 1) -> None:
        works = Works(self.folder / "shingles")
        rows, alike = [], {}
        for pair in candidates(works, self.settings):
            small, large = sorted(pair, key=lambda work: (works.sizes[work], works.name(work)))
            a, b = works.shingles(small), works.shingles(large)
            share, similarity = containment(a, b), jaccard(a, b)
            is_copy = similarity > self.settings.most_alike
            # whole documents of such similarity are left to MinHash
            if share < self.settings.least or (is_copy and not all(map(works.is_cut, pair))):
                continue
            if is_copy:
                alike[pair] = similarity
            names = {"smaller": works.name(small), "larger": works.name(large)}
            measured = {"containment": round(share, 4), "jaccard": round(similarity, 4)}
            rows.append({"kind": COPY if is_copy else KIND, **names, **measured})
        rows.sort(key=lambda row: (row["larger"], row["smaller"]))
        write_jsonl(self.folder / REPORT, rows)
        # the filter knows a work by its name: of several with one name, such as a file in two
        # crawls, it would drop the first for being in itself; their passages are left to MinHash
        named = Counter(map(works.name, range(len(works.sizes))))
        listed = [
            {"work": works.name(copy), "first": works.name(first), "number": first}
            for copy, first in sorted(first_works(alike).items())
            if named[works.name(copy)] == 1
        ]
        measure = {key: getattr(self.settings, key) for key in ("covered", "shingle_words")}
        write_jsonl(self.folder / COPIES, [row | measure for row in listed])


def first_works(alike: Mapping[tuple[int, int], float]) -> dict[int, int]:
    """For each copied work: the earlier work, itself not a copy, that it is most similar to.

    alike: similarity of pairs of works, the earlier one (lower number) first.
    """
    firsts: dict[int, int] = {}
    earlier: dict[int, list[int]] = defaultdict(list)
    for first, copy in sorted(alike):
        earlier[copy].append(first)
    for copy in sorted(earlier):
        whole = [first for first in earlier[copy] if first not in firsts]
        if whole:
            firsts[copy] = max(whole, key=lambda first: (alike[first, copy], -first))
    return firsts


class CopiedWorks:
    """The works that are copies of an earlier one, and what their passages are copies of.

    folder: where `ReportContained` has left its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.copies = {row["work"]: row for row in read_jsonl(folder / COPIES)}

    @cached_property
    def works(self) -> "Works":
        """All works, read when a passage of a copy comes."""
        return Works(self.folder / "shingles")

    @lru_cache(2)  # noqa: B019 - one object per shard
    def first(self, work: int) -> tuple[np.ndarray, np.ndarray]:
        """The shingles of a first work, and the passages they begin in."""
        return self.works.passages(work)

    def counterpart(self, document: Document) -> dict | None:
        """What a passage of a copied work is a copy of, and its share; None for other passages."""
        copy = self.copies.get(work_of(document)) if "passage" in document.metadata else None
        if copy is None:
            return None
        values, passages = self.first(copy["number"])
        own = shingles(document.text, copy["shingle_words"])
        position = np.minimum(np.searchsorted(values, own), values.size - 1)
        hits = passages[position[values[position] == own]]
        share = hits.size / max(1, own.size)
        if share < copy["covered"]:
            return None
        counterpart = self.works.passage_named(copy["number"], int(np.bincount(hits).argmax()))
        return counterpart | {"similarity": round(share, 4), "work": copy["first"]}


class Piece(NamedTuple):
    """A work's part in one shard: the number of the shard, and the work's number in it."""

    shard: int
    work: int


class Works:
    """The works of all shards by number; one that continues in the next shard is a single work.

    sizes: shingles in each work; those of a work in several shards are counted in each.
    """

    def __init__(self, folder: Path) -> None:
        self.store = ShingleStore(folder, OPEN_SHARDS)
        self.names = lru_cache(OPEN_SHARDS)(lambda n: read_json(folder / f"{n:05d}.json"))
        self.shingles = lru_cache(OPEN_SHARDS)(self.read_shingles)
        self.passage_numbers = passage_store(folder)
        self.ids = lru_cache(OPEN_SHARDS)(lambda n: read_json(folder / f"{n:05d}.ids.json"))
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

    def is_cut(self, work: int) -> bool:
        """Whether a work was cut into passages; an uncut document's name is its identifier."""
        piece = self.pieces[work][0]
        return self.ids(piece.shard)[piece.work][0]["duplicate_of"] != self.name(work)

    def passages(self, work: int) -> tuple[np.ndarray, np.ndarray]:
        """All distinct shingles of a work, sorted, and the number of each one's first passage."""
        numbers, before = [], 0
        for piece in self.pieces[work]:
            numbers.append(self.passage_numbers[piece].astype(np.int64) + before)
            before += len(self.ids(piece.shard)[piece.work])
        values = np.concatenate([self.store[piece] for piece in self.pieces[work]])
        values, first = np.unique(values, return_index=True)
        return values, np.concatenate(numbers)[first]

    def passage_named(self, work: int, number: int) -> dict[str, str]:
        """How a detail names a work's passage."""
        ids = [name for piece in self.pieces[work] for name in self.ids(piece.shard)[piece.work]]
        return ids[number]

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
    """Pairs that share at least half as many sampled shingles as containment would make likely."""
    total = len(works.sizes)
    if not total:
        return []
    # count what each pair shares, one range of the hash at a time; a pair is coded as one number
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

    sample: sorted (hash, work). Returns shape (pairs, 2), each pair once per shared shingle.
    """
    # a run of equal hashes is one shingle, listed with its works
    _, starts, lengths = np.unique(sample["hash"], return_index=True, return_counts=True)
    pairs = [np.empty((0, 2), np.int64)]
    for length in range(2, most + 1):
        runs = starts[lengths == length]
        for i, j in combinations(range(length), 2):
            pairs.append(np.stack([sample["work"][runs + i], sample["work"][runs + j]], axis=1))
    return np.concatenate(pairs)
