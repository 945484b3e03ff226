"""Texts that several tests of the pipeline look at."""

import random

WORDS = [f"word{i}" for i in range(400)]
PROSE = (
    "The second movement opens with a chorale in the low brass, and the strings answer it in "
    "canon. Critics of the time found the scoring heavy, but audiences loved the broad tune that "
    "returns at the end of the work."
)
SPAM = "Buy cheap watches now at deals.example and save 70% off!"
COOKIES = "We use cookies to improve your experience. Accept all | Reject all"


def text(seed, words=120):
    """Words drawn at random."""
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(original, share, seed=0):
    """`original` with about `share` of its words replaced."""
    rng = random.Random(seed)
    new = [w if rng.random() > share else f"new{rng.randrange(10**9)}" for w in original.split()]
    return " ".join(new)
