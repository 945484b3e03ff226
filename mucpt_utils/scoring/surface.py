"""Names and numbers in a text, told by their surface: capitals and digits.

What carries a fact in English is mostly a name or a number. Both can be told without a table of
facts, a model or a label. A word that begins a sentence has a capital whatever it is; it is a name
if the texts write it with a capital elsewhere more often than without (truecasing, Lita et al.
2003).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# letters and digits, with marks inside: O'Connor, Jean-Paul, 12.5, 1975-1981
WORD = re.compile(r"[^\W_]+(?:['’.,/:–-][^\W_]+)*")
PRONOUN = re.compile(r"I(?:['’](?:m|d|ve|ll))?$")  # the one common word with a capital anywhere
ENDS = ".!?\n•"  # what ends a sentence or a line, before spaces and opening marks
OPENING = " \t\"'“‘([*_#>-"


@dataclass(frozen=True)
class Word:
    """A word of a text. start, stop: its place in characters; first: of its sentence."""

    text: str
    start: int
    stop: int
    first: bool


def words(text: str) -> Iterator[Word]:
    """The words of a text, in order."""
    for match in WORD.finditer(text):
        before = match.start() - 1
        while before >= 0 and text[before] in OPENING:
            before -= 1
        first = before < 0 or text[before] in ENDS
        yield Word(match[0], match.start(), match.end(), first)


@dataclass(frozen=True)
class Casing:
    """How often texts write a word (the key, in lower case) inside a sentence with a capital, and
    how often without."""

    capital: Counter[str]
    small: Counter[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Casing":
        """Counted over the texts."""
        counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
        for text in texts:
            for word in words(text):
                if not word.first:
                    counts[word.text[0].islower()][word.text.lower()] += 1
        return cls(*counts)

    def is_name(self, word: Word) -> bool:
        """Whether a word is part of a name."""
        if not word.text[0].isupper() or PRONOUN.match(word.text):
            return False
        key = word.text.lower()
        return not word.first or self.capital[key] > self.small[key]


def names_and_numbers(text: str, casing: Casing) -> list[tuple[int, int]]:
    """Places of the words that are part of a name or hold a digit, (start, stop) in characters.

    >>> text = "In 1975 the band Queen sang. Then Queen left."
    >>> [text[a:b] for a, b in names_and_numbers(text, Casing.of([text]))]
    ['1975', 'Queen', 'Queen']
    """
    return [
        (word.start, word.stop)
        for word in words(text)
        if any(map(str.isdigit, word.text)) or casing.is_name(word)
    ]
