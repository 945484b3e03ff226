"""The arms that a profile of their own asks about: what its plan calls the candidate."""

from typing import NamedTuple


class Candidate(NamedTuple):
    """An arm that is compared with Rho-1 and with plain of about its own price.

    heading: of the point about it in README.md. fresh: what no choice had seen before.
    """

    arm: str
    heading: str
    fresh: str


# by profile, in the order in which README.md tells of them
CANDIDATES = {
    "sources": Candidate(
        "sites_window_start",
        "With sites that the loss ratio believes",
        "other sites than in any run before, another base and other seeds",
    ),
    "fresh": Candidate(
        "tagger_window_start",
        "On fresh facts, without the loss ratio",
        "other subjects, another corpus, base and seeds",
    ),
    "breadth": Candidate(
        "tagger_window_start",
        "The same, asked every question of the test split",
        "another corpus, base and seeds",
    ),
    "kinds": Candidate(
        "ratio_window_start",
        "By the kinds of tokens that the loss ratio favours",
        "other subjects than evidence's, another corpus, base and seeds",
    ),
}
