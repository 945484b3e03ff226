"""Whether two similar texts state other facts: another year, another winner.

Records of a table, written out, share most of their words and differ in what they are about.
Similarity of shingles takes them for copies; aligned word by word, they have a number or a name
where the other text has another one.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from datatrove.utils.text import ngrams

from mucpt_utils.pipeline.minhash import visible

WORD = re.compile(r"\w+(?:[.,:'’-]\w+)*")
SENTENCE_MARKS = frozenset(".!?\n:;|")
LONGEST_ALIGNED = 250  # words; one year more or less does not make another of a long text
LONGEST_FACT = 6  # words that stand in place of others
ANCHOR = 5  # words in a row by which texts are aligned
MOST_PLACES = 100  # at which such a row is looked for
LONGEST_NAME = 100  # characters that are compared
LEAST_SHARE = 0.05  # of a text's facts that must be others
MOST_RETOUCHED = 1  # ordinary words with others in their places, for each fact with another
SAME_SPELLING = 0.7  # names as alike as that are one, misspelt


class Word(NamedTuple):
    """A word, and whether it is the first of a sentence, which has its capital for that."""

    text: str
    is_first: bool

    @property
    def is_fact(self) -> bool:
        """Whether it is a number or a name."""
        return self.is_name or any(map(str.isdigit, self.text))

    @property
    def is_name(self) -> bool:
        """Whether it begins with a capital inside a sentence."""
        return self.text[0].isupper() and not self.is_first


def words_of(text: str, most: int | None = LONGEST_ALIGNED + 1) -> list[Word]:
    """The words of a text, the first `most` of them."""
    words: list[Word] = []
    end = 0
    text = visible(text)
    for match in islice(WORD.finditer(text), most):
        between = text[end : match.start()]
        words.append(Word(match.group(), not words or not SENTENCE_MARKS.isdisjoint(between)))
        end = match.end()
    return words


def state_other_facts(one: str, other: str) -> bool:
    """Whether two texts of at most LONGEST_ALIGNED words have other facts in the same places.

    What only one of them has is no difference: copies gain a line, or lose a sentence. Nor is a
    name among more ordinary words that were replaced: a text was retouched, not another record.
    """
    a, b = words_of(one), words_of(other)
    return max(len(a), len(b)) <= LONGEST_ALIGNED and have_other_facts(a, b)


def have_other_facts(a: Sequence[Word], b: Sequence[Word]) -> bool:
    """What `state_other_facts` says of the words of two texts."""
    folded_a, folded_b = ([word.text.casefold() for word in words] for words in (a, b))
    facts = min(sum(word.is_fact for word in words) for words in (a, b))
    differing = retouched = 0
    for tag, i, j, k, n in SequenceMatcher(None, folded_a, folded_b, autojunk=False).get_opcodes():
        if tag == "replace":
            for old, new in places(a[i:j], b[k:n]):
                differing += are_other_facts(old, new)
                retouched += is_retouched(old, new)
    has_names = all(any(word.is_name for word in words) for words in (a, b))
    if has_names and retouched > MOST_RETOUCHED * differing:
        return False
    return differing > 0 and differing >= LEAST_SHARE * facts


class Anchored:
    """The words of a text, and where each row of ANCHOR words stands in it."""

    def __init__(self, text: str) -> None:
        self.words = words_of(text, None)
        self.places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, row in enumerate(anchors(self.words)):
            if len(self.places[row]) < MOST_PLACES:
                self.places[row].append(place)

    def states_other_facts(self, part: Sequence[Word]) -> bool:
        """Whether the words of another text have other facts where they run in parallel with it."""
        run = self.parallel(part)
        if not run:
            return False
        held, of_part = (
            slice(max(0, min(side) - LONGEST_FACT), max(side) + ANCHOR + LONGEST_FACT)
            for side in zip(*run, strict=True)
        )
        return have_other_facts(part[of_part], self.words[held])

    def parallel(self, part: Sequence[Word]) -> list[tuple[int, int]]:
        """Places of equal rows here and in another text, of the one stretch that has most of them.

        A list of records has the row of one several times.
        """
        pairs = [
            (here, there)
            for there, row in enumerate(anchors(part))
            for here in self.places.get(row, ())
        ]
        # how far a text is ahead of the other one changes by a few words only
        ahead = Counter((here - there) // LONGEST_FACT for here, there in pairs)
        most = max(ahead, key=lambda n: (ahead[n - 1] + ahead[n] + ahead[n + 1], -n), default=0)
        return [pair for pair in pairs if abs((pair[0] - pair[1]) // LONGEST_FACT - most) <= 1]


def anchors(words: Sequence[Word]) -> Iterator[tuple[str, ...]]:
    """All rows of ANCHOR words, without case."""
    return ngrams([word.text.casefold() for word in words], ANCHOR)


def places(
    one: Sequence[Word], other: Sequence[Word]
) -> Iterator[tuple[Sequence[Word], Sequence[Word]]]:
    """Words that stand for others, all at once; one by one where hardly a name is among them."""
    most_facts = max(sum(word.is_fact for word in words) for words in (one, other))
    if len(one) != len(other) or most_facts > len(one) / 2:
        yield one, other
        return
    for place in range(len(one)):
        yield one[place : place + 1], other[place : place + 1]


def is_retouched(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether one word stands in place of another one, and they are not both numbers or names."""
    return len(one) == len(other) == 1 and not (one[0].is_fact and other[0].is_fact)


def are_other_facts(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether words that stand in place of each other are different numbers or names."""
    if max(len(one), len(other)) > LONGEST_FACT:
        return False
    # a single word for another is a name also at the beginning of a sentence
    is_single = len(one) == len(other) == 1
    names = [
        [word.text for word in words if word.is_fact or (is_single and word.text[0].isupper())]
        for words in (one, other)
    ]
    if not all(names):
        return False
    has_number = any(any(map(str.isdigit, name)) for side in names for name in side)
    first, second = (" ".join(side).casefold()[:LONGEST_NAME] for side in names)
    return has_number or SequenceMatcher(None, first, second, False).ratio() < SAME_SPELLING
