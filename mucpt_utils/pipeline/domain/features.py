"""What a document is about, in numbers: the density of terms of music and of other fields.

The features are few and about content alone: how many terms, and how many different ones, of each
kind there are per 200 words, and whether ambiguous words of music ("key", "record") occur with sure
ones ("sonata"). With so few, a training set can teach how much they count, but not its own style.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy import sparse

from mucpt_utils.pipeline.domain.terms import FACT_NAMES, OTHER, Term

PER_WORDS = 200  # length, in words, to which counts are normalised
SHORTEST = 60  # in documents of fewer words, a word counts no more than in one of this length


@dataclass(frozen=True)
class Lexicon:
    """The terms, and the tables for looking them up."""

    terms: tuple[Term, ...]

    @cached_property
    def singles(self) -> dict[bytes, int]:
        """The number of the term for each form that is one word."""
        return {
            form[0]: number
            for number, term in enumerate(self.terms)
            for form in term.forms
            if len(form) == 1
        }

    @cached_property
    def pairs(self) -> dict[bytes, dict[bytes, int]]:
        """The number of the term for each form of two words, by the first and then the second."""
        pairs: dict[bytes, dict[bytes, int]] = {}
        for number, term in enumerate(self.terms):
            for form in term.forms:
                if len(form) == 2:
                    pairs.setdefault(form[0], {})[form[1]] = number
        return pairs

    @cached_property
    def groups(self) -> list[str]:
        """Names of the groups of terms, sorted; that of the fact tables' names is always there."""
        return sorted({FACT_NAMES, *(group for term in self.terms for group in term.groups)})

    @cached_property
    def membership(self) -> np.ndarray:
        """1 where a term counts for a group: shape (terms, groups)."""
        return np.array(
            [[float(group in term.groups) for group in self.groups] for term in self.terms]
        )

    @cached_property
    def kinds(self) -> np.ndarray:
        """1 if a term is surely of music, perhaps of music, of another field: shape (terms, 3)."""
        kinds = np.array([[float(t.is_strong), float(t.is_weak), 0.0] for t in self.terms])
        kinds[:, 2] = [
            not t.is_strong and not t.is_weak and t.groups[0].startswith(OTHER) for t in self.terms
        ]
        return kinds

    @property
    def names(self) -> list[str]:
        """Names of the features, in their order."""
        return [*self.groups, *SUMMARY]

    def locate(self, words: Sequence[bytes], text: str) -> list[tuple[int, int, int]]:
        """Where terms are: first and last word, and the term's number; as `count` counts them."""
        places = [(p, p, self.singles[w]) for p, w in enumerate(words) if w in self.singles]
        for place, (first, second) in enumerate(pairwise(words)):
            number = self.pairs.get(first, {}).get(second)
            if number is not None and (self.terms[number].exact or "") in text:
                places.append((place, place + 1, number))
        return sorted(places)

    def count(self, words: Sequence[bytes], text: str) -> Counter[int]:
        """How often each term is in a document, by the term's number.

        words: as `read_words` reads `text`, in which names must be spelt exactly.
        """
        singles, pairs = self.singles, self.pairs
        counts = Counter([singles[word] for word in words if word in singles])
        heads = [place for place, word in enumerate(words[:-1]) if word in pairs]
        for place in heads:
            number = pairs[words[place]].get(words[place + 1])
            if number is not None:
                exact = self.terms[number].exact
                if exact is None or exact in text:
                    counts[number] += 1
        return counts

    def features(self, counts: Sequence[Counter[int]], lengths: Sequence[int]) -> np.ndarray:
        """Features of documents: shape (documents, len(names)).

        counts: of each document's terms; lengths: its words.
        """
        often = self.matrix(counts)
        there = often.copy()
        there.data[:] = 1
        sums = (often @ self.membership, often @ self.kinds, there @ self.kinds)
        return combined(*sums, scales(lengths))

    def features_without(
        self, counts: Sequence[Counter[int]], lengths: Sequence[int]
    ) -> np.ndarray:
        """Features of each document without each of its terms in turn: (terms of all, names)."""
        often = self.matrix(counts)
        there = often.copy()
        there.data[:] = 1
        rows, terms = np.repeat(np.arange(len(counts)), np.diff(often.indptr)), often.indices
        times = often.data.reshape(-1, 1)
        groups = (often @ self.membership)[rows] - times * self.membership[terms]
        kinds = (often @ self.kinds)[rows] - times * self.kinds[terms]
        different = (there @ self.kinds)[rows] - self.kinds[terms]
        return combined(groups, kinds, different, scales(lengths)[rows])

    def matrix(self, counts: Sequence[Counter[int]]) -> sparse.csr_matrix:
        """The counts as a sparse matrix: shape (documents, terms)."""
        ends = np.cumsum([0, *(len(row) for row in counts)])
        columns = np.array([number for row in counts for number in row], dtype=int)
        values = np.array([value for row in counts for value in row.values()], dtype=float)
        return sparse.csr_matrix((values, columns, ends), (len(counts), len(self.terms)))


SUMMARY = (
    *("sure", "different sure", "root of different sure", "unsure", "different unsure"),
    *("unsure beside sure", "unsure times sure", "other", "different other", "sure less other"),
)


def scales(lengths: Sequence[int]) -> np.ndarray:
    """The factors that normalise counts to PER_WORDS words: shape (documents, 1)."""
    return PER_WORDS / np.maximum(lengths, SHORTEST).reshape(-1, 1)


def combined(
    groups: np.ndarray, kinds: np.ndarray, different: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Features from sums over groups, over kinds of terms, over different terms of each kind."""
    by_group = np.log1p(groups * scale)
    sure, unsure, other = np.log1p(kinds * scale).T
    sure_words, unsure_words, other_words = (different * scale).T
    many_sure, many_unsure = np.log1p(sure_words), np.log1p(unsure_words)
    many_other = np.log1p(other_words)
    summary = [
        *(sure, many_sure, np.sqrt(sure_words), unsure, many_unsure),
        *(np.minimum(many_sure, many_unsure), sure * many_unsure / 3),
        *(other, many_other, many_sure - many_other),
    ]
    return np.column_stack([by_group, *summary])
