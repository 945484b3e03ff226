"""Similarity of texts by their shingles, and the MinHash signatures that find similar ones.

A text becomes the set of the hashes of its n-grams of words (Broder, On the Resemblance and
Containment of Documents, 1997). Sets are arrays of distinct uint64.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import xxhash
from datatrove.utils.text import TextNormConfig, ngrams, simplify_text

# numbers carry facts: two records that differ only in a year are not duplicates
NORMAL_FORM = TextNormConfig(norm_numbers=False)
# ASCII has no accents to strip, which is the slow part
PLAIN_FORM = replace(NORMAL_FORM, norm_unicode_diacritics=False)


# soft hyphens, zero-width spaces and direction marks, which copies gain and lose
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def visible(text: str) -> str:
    """The visible text: one form of each accented letter, nothing invisible."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text))


def shingles(text: str, words: int) -> np.ndarray:
    """Hashes of the `words`-grams of the simplified text: distinct, sorted, uint64.

    A text with fewer words has none, and is never a near duplicate.
    """
    return np.unique(gram_hashes(normal_words(text), words))


def normal_words(text: str) -> list[str]:
    """The words of a text without case, accents and punctuation."""
    text = visible(text)
    return simplify_text(text, PLAIN_FORM if text.isascii() else NORMAL_FORM).split()


def gram_hashes(tokens: Sequence[str], words: int) -> np.ndarray:
    """Hashes of the `words`-grams of a list of words, in their order: uint64."""
    grams = (" ".join(gram) for gram in ngrams(tokens, words))
    return np.fromiter(map(xxhash.xxh64_intdigest, grams), dtype=np.uint64)


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Jaccard similarity of two sets of shingles (distinct values); 0 if both are empty."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


def containment(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the smaller set of shingles that is in the larger one; 0 if one is empty."""
    smaller = min(a.size, b.size)
    return np.intersect1d(a, b, assume_unique=True).size / smaller if smaller else 0.0


def minhashes(shingles: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """MinHash signature: the least value of each `(a x + b mod 2^64) mod (2^61 - 1)` over a set.

    shingles: uint64, at least one. a, b: uint64 of shape (1, functions), datatrove's hash
    functions. Returns uint64 of shape (functions,). Two sets agree in each of the values with a
    probability equal to their Jaccard similarity.
    """
    prime, bits = np.uint64(2**61 - 1), np.uint64(61)
    values = shingles.reshape(-1, 1)
    least = np.full(a.size, prime)
    for start in range(0, values.size, 128):  # few enough to stay in the processor's cache
        hashes = values[start : start + 128] * a
        hashes += b
        # the remainder modulo a Mersenne prime: the bits above it added to those below
        high = hashes >> bits
        hashes &= prime
        hashes += high
        if hashes.max() >= prime:
            hashes[hashes >= prime] -= prime
        np.minimum(least, hashes.min(axis=0), out=least)
    return least


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """Probability that two sets of this Jaccard similarity agree in all rows of at least one band.

    Source: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3.4.2.
    """
    same_band = similarity**rows
    return 1 - (1 - same_band) ** bands


class ShingleStore:
    """Sets of shingles on disk, one file per shard, read on demand.

    open_shards: how many shards are held in memory. dtype: of the values; other data that belong
    to shingles or texts can be kept in the same way.
    """

    def __init__(self, folder: Path, open_shards: int = 64, dtype: type = np.uint64) -> None:
        self.folder, self.dtype = folder, dtype
        self.shard = lru_cache(open_shards)(self.read)

    def save(self, shard: int, sets: Sequence[np.ndarray]) -> None:
        """Writes the sets of a shard, one after the other, and where each one ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        values = np.concatenate([np.empty(0, self.dtype), *sets])
        np.save(self.folder / f"{shard:05d}.npy", values)
        ends = np.cumsum([0, *(values.size for values in sets)])
        np.save(self.folder / f"{shard:05d}.ends.npy", ends)

    def read(self, shard: int) -> tuple[np.ndarray, np.ndarray]:
        """The values of a shard, memory-mapped, and the ends of its sets, preceded by 0."""
        values = np.load(self.folder / f"{shard:05d}.npy", mmap_mode="r")
        return values, np.load(self.folder / f"{shard:05d}.ends.npy")

    def __getitem__(self, key: tuple[int, int]) -> np.ndarray:
        """A set by its shard and its number in it."""
        values, ends = self.shard(key[0])
        return values[ends[key[1]] : ends[key[1] + 1]]
