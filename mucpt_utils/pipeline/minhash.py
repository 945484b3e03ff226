"""Similarity of texts by their shingles, and the MinHash signatures that find similar ones.

A text becomes the set of the hashes of its n-grams of words (Broder, On the Resemblance and
Containment of Documents, 1997). Sets are arrays of distinct uint64.
"""

from dataclasses import replace

import numpy as np
import xxhash
from datatrove.utils.text import TextNormConfig, ngrams, simplify_text

# numbers carry facts: two records that differ in a year only are not duplicates
NORMAL_FORM = TextNormConfig(norm_numbers=False)
# what is ASCII has no accents to strip, which is the slow part
PLAIN_FORM = replace(NORMAL_FORM, norm_unicode_diacritics=False)


def shingles(text: str, words: int) -> np.ndarray:
    """Hashes of the `words`-grams of the simplified text: distinct, sorted, uint64.

    A text with fewer words than that has none, and is never a near duplicate.
    """
    tokens = simplify_text(text, PLAIN_FORM if text.isascii() else NORMAL_FORM).split()
    grams = (" ".join(gram) for gram in ngrams(tokens, words))
    return np.unique(np.fromiter(map(xxhash.xxh64_intdigest, grams), dtype=np.uint64))


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Jaccard similarity of two sets of shingles (distinct values); 0 where both are empty."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


def containment(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the smaller set of shingles that stands in the larger one; 0 where one is empty."""
    smaller = min(a.size, b.size)
    return np.intersect1d(a, b, assume_unique=True).size / smaller if smaller else 0.0


def minhashes(shingles: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """MinHash signature: the least value of each `(a x + b mod 2^64) mod (2^61 - 1)` over a set.

    shingles: uint64, at least one. a, b: uint64 of shape (1, functions), datatrove's hash
    functions. Returns uint64 of shape (functions,). Two sets agree in each of its values with a
    probability that is their Jaccard similarity.
    """
    prime, bits = np.uint64(2**61 - 1), np.uint64(61)
    values = shingles.reshape(-1, 1)
    least = np.full(a.size, prime)
    for start in range(0, values.size, 128):  # so few that they stay in the processor's cache
        hashes = values[start : start + 128] * a
        hashes += b
        # the remainder by a Mersenne prime: the bits above it, added to those below
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
