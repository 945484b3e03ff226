import inspect
import unicodedata

import numpy as np
import pytest
from made_up_texts import edited, text

from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.pipeline.similarity import minhash
from mucpt_utils.pipeline.similarity.differences import state_other_facts
from mucpt_utils.pipeline.similarity.minhash import (
    candidate_probability,
    containment,
    jaccard,
    minhashes,
    shingles,
)


def reference_jaccard(a, b, n=5):
    """Five lines of what `jaccard(shingles(a), shingles(b))` must equal."""
    grams = [{tuple(t.split()[i : i + n]) for i in range(len(t.split()) - n + 1)} for t in (a, b)]
    return len(grams[0] & grams[1]) / len(grams[0] | grams[1])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.3])
def test_similarity_equals_the_reference(share):
    a = text(1)
    b = edited(a, share)
    assert jaccard(shingles(a, 5), shingles(b, 5)) == pytest.approx(reference_jaccard(a, b))


def test_case_accents_and_punctuation_do_not_matter_but_numbers_do():
    a = shingles("The Café, in 1969, was full of MUSIC and smoke.", 5)
    assert jaccard(a, shingles("the cafe in 1969 was full of music and smoke", 5)) == 1
    assert jaccard(a, shingles("the cafe in 1971 was full of music and smoke", 5)) < 0.5


def test_a_text_of_under_five_words_has_no_shingles():
    assert shingles("only four words here", 5).size == 0
    assert jaccard(shingles("a b", 5), shingles("a b", 5)) == 0


def test_containment_is_a_share_of_the_smaller():
    a = text(2)
    assert containment(shingles(a, 5), shingles(f"{text(3)} {a} {text(4)}", 5)) == 1
    assert containment(shingles(a, 5), shingles(text(5), 5)) < 0.05


def test_the_default_banding_finds_all_over_eight_tenths():
    settings = MinhashSettings()
    assert candidate_probability(0.8, settings.bands, settings.rows) > 0.99999
    assert candidate_probability(0.1, settings.bands, settings.rows) < 0.001
    assert candidate_probability(1.0, 14, 8) == 1


def test_minhashes_are_exact_at_the_edges_of_the_prime():
    """Sums that are the prime itself, or just above, and values that overflow 64 bits."""
    prime = 2**61 - 1
    a = np.array([[1, 1, 2**60 + 3, prime - 1]], np.uint64)
    b = np.array([[0, prime - 5, 12345, prime - 1]], np.uint64)
    for value in (1, 5, 6, prime, prime - 1, 2 * prime, 2**64 - 1, 2**64 - 9):
        expected = [
            (value * int(x) + int(y)) % 2**64 % prime for x, y in zip(a[0], b[0], strict=True)
        ]
        assert minhashes(np.array([value], np.uint64), a, b).tolist() == expected


@pytest.mark.parametrize("name", ["minhashes", "candidate_probability", "jaccard"])
def test_what_notebooks_show_is_short_and_complete_in_itself(name):
    source = inspect.getsource(getattr(minhash, name))
    assert source.count("\n") < 25
    namespace = {"np": np}
    exec(source, namespace)
    rng = np.random.default_rng(0)
    a, b = (np.unique(rng.integers(0, 900, 400, np.uint64)) for _ in range(2))
    arguments = {
        "minhashes": (a, *rng.integers(1, 2**61, (2, 1, 8), np.uint64)),
        "candidate_probability": (0.7, 14, 8),
        "jaccard": (a, b),
    }[name]
    shown, ours = namespace[name](*arguments), getattr(minhash, name)(*arguments)
    assert np.array_equal(shown, ours)


def test_signatures_agree_as_often_as_sets_are_similar():
    rng = np.random.default_rng(0)
    a, b = rng.integers(1, 2**61, (2, 1, 4000), np.uint64)
    values = rng.integers(0, 2**63, 300, np.uint64)
    one, other = values[:200], values[100:]
    agreement = np.mean(minhashes(one, a, b) == minhashes(other, a, b))
    assert agreement == pytest.approx(jaccard(one, other), abs=0.025), "three standard errors"


def test_what_nobody_sees_makes_no_difference():
    plain = "Dvořák's café is full of music, and the smoke of nine cigars hangs there."
    decomposed = unicodedata.normalize("NFD", plain)
    invisible = "\ufeff" + plain.replace("mus", "mu\u00ads").replace(" the", "\u200b the")
    for copy in (decomposed, invisible):
        assert jaccard(shingles(plain, 5), shingles(copy, 5)) == 1
        assert not state_other_facts(plain, copy)
