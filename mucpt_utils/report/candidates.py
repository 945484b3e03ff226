"""The arms that a profile of their own asks about: what its plan calls the candidate."""

from typing import NamedTuple


class Candidate(NamedTuple):
    """An arm that is compared with plain of about its own price, and with Rho-1 where that was run.

    fresh: what no choice had seen before.
    """

    arm: str
    fresh: str


# by profile, in the order in which README.md tells of them
CANDIDATES = {
    "sources": Candidate(
        "sites_window_start",
        "other sites than in any run before, another base and other seeds",
    ),
    "fresh": Candidate(
        "tagger_window_start",
        "other subjects, another corpus, base and seeds",
    ),
    "breadth": Candidate(
        "tagger_window_start",
        "another corpus, base and seeds",
    ),
    "kinds": Candidate(
        "ratio_window_start",
        "other subjects than evidence's, another corpus, base and seeds",
    ),
    "real_arms": Candidate(
        "sites_window_start",
        "a pretrained model; two seeds",
    ),
}
