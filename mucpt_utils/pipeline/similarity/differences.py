"""Whether two similar texts state different facts: another year, another winner.

Records of a table, written out as text, share most of their words and differ in their subject.
By their shingles they look like copies; aligned word by word, one has a number or a name
where the other has a different one. Numbers in words, keys and accidentals count too; another
notation of the same (1,000 and 1000, Dvořák and Dvorak, 1809-1847 with either dash) does not.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from datatrove.utils.text import ngrams

from mucpt_utils.pipeline.similarity.minhash import visible

WORD = re.compile(r"\b[A-Ga-g][♯♭#]\w*|\w+(?:(?:[.,:'’-]|(?<=\d)–(?=\d))\w+)*")
CARDINALS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
)
ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
    "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
NUMERALS = {
    word: str(number)
    for words, start in ((CARDINALS, 0), (ORDINALS, 1))
    for number, word in enumerate(words.split(), start)
}
UNITS = [word for word, digits in NUMERALS.items() if len(digits) == 1]
TENS = {
    word: 10 * number
    for words in (
        "twenty thirty forty fifty sixty seventy eighty ninety",
        "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth",
    )
    for number, word in enumerate(words.split(), 2)
}
NUMERALS |= {word: str(number) for word, number in TENS.items()}
POWERS = {
    word: 10**zeros
    for word, zeros in (("hundred", 2), ("thousand", 3), ("million", 6), ("billion", 9))
}
NUMERALS |= {word: str(number) for word, number in POWERS.items()}
ACCIDENTALS = ("sharp", "flat")
VALUES = frozenset((*NUMERALS, *ACCIDENTALS, "natural", "major", "minor", "dur", "moll"))
NOTATIONS = NUMERALS | {"opus": "op", "number": "no", "nr": "no", "kv": "k", "saint": "st"}
NOTES = frozenset("ABCDEFG")
# what tells notations of one number apart: 1,000 and 1 000, the 1800's (3'45" are two), 46th
GROUPED = re.compile(r"(?<=\d)[.,'’ ](?=\d{3}(?!\d))|['’](?!\d)")
MULTIPLE = re.compile(
    rf"\b(\d{{1,12}}|{'|'.join(CARDINALS.split())})(?:[.,](\d{{1,3}}))? ({'|'.join(POWERS)})\b"
)
SHORTENED = re.compile(r"\b(\d\d)(\d\d)[-–](\d\d)\b")  # 1809-47
ORDINAL = re.compile(r"(\d)(?:st|nd|rd|th)")
COMPOUND = re.compile(rf"\b({'|'.join(TENS)}) ({'|'.join(UNITS)})\b")
ROMAN = re.compile(r"\b(?=[CLXVI]{2})C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[CLXVI])\b")
ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
SPELT_NOTE = re.compile(r"\b([a-g]) (sharp|flat)\b")
BLANK = re.compile(r"(?<!\d) | (?!\d)")
SENTENCE_MARKS = frozenset(".!?\n:;|")
LONGEST_ALIGNED = 250  # words; a single year does not make a longer text a different one
LONGEST_FACT = 6  # words that replace others
ANCHOR = 5  # words in a row by which texts are aligned
MOST_PLACES = 100  # at which such a sequence is looked for
LONGEST_DENIAL = 3  # words of which one denies, as `did not`
NEGATION = re.compile(r"not|no|never|neither|nor|cannot|without|\w+n['’]t", re.IGNORECASE)
LONGEST_NAME = 100  # characters of names that are compared
LEAST_SHARE = 0.05  # of a text's facts that must differ
MOST_RETOUCHED = 1  # replaced ordinary words for each replaced fact
SAME_SPELLING = 0.7  # similarity from which two names count as one, misspelt


class Word(NamedTuple):
    """A word, and whether it begins a sentence, which explains its capital."""

    text: str
    is_first: bool

    @property
    def is_fact(self) -> bool:
        """Whether it is a number or a name."""
        return self.is_name or any(map(str.isdigit, self.text))

    @property
    def is_value(self) -> bool:
        """Whether it has a number in letters, or a word that tells one key from another."""
        return not VALUES.isdisjoint(re.split("[-’']", self.text.casefold()))

    @property
    def is_name(self) -> bool:
        """Whether it has a capital inside a sentence."""
        return self.text[0].isupper() and not self.is_first


@lru_cache(10_000)
def plain(text: str) -> str:
    """Words in one notation: no case, accents or marks, numerals as digits, notes with # and b."""
    text = ROMAN.sub(roman_value, text).casefold().replace("♯", "#").replace("♭", "b")
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    figures = MULTIPLE.sub(product, GROUPED.sub("", bare))
    phrase = " ".join(re.findall(r"[\w#]+", SHORTENED.sub(r"\1\2 \1\3", figures)))
    phrase = COMPOUND.sub(lambda pair: str(TENS[pair[1]] + int(NUMERALS[pair[2]])), phrase)
    joined = " ".join(NOTATIONS.get(word, ORDINAL.sub(r"\1", word)) for word in phrase.split())
    return SPELT_NOTE.sub(lambda note: note[1] + ("#" if note[2] == "sharp" else "b"), joined)


def product(multiple: re.Match) -> str:
    """5 million, 2.5 million or five million in figures."""
    whole, decimals, power = multiple.groups(default="")
    return str(int(NUMERALS.get(whole, whole) + decimals) * POWERS[power] // 10 ** len(decimals))


def roman_value(numeral: re.Match) -> str:
    """A Roman numeral in figures: a digit before a larger one is taken off."""
    digits = [ROMAN_DIGITS[letter] for letter in numeral.group()]
    return str(sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True)))


def words_of(text: str, most: int | None = LONGEST_ALIGNED + 1) -> list[Word]:
    """The words of a text, the first `most` of them."""
    words: list[Word] = []
    end = 0
    text = unicodedata.normalize("NFKC", visible(text))  # ½ and № as letters and figures
    for match in islice(WORD.finditer(text), most):
        between = text[end : match.start()]
        words.append(Word(match.group(), not words or not SENTENCE_MARKS.isdisjoint(between)))
        end = match.end()
    return words


def state_other_facts(one: str, other: str) -> bool:
    """Whether two texts of at most LONGEST_ALIGNED words have different facts in the same places.

    What only one of them has is no difference, as copies gain a line or lose a sentence, unless it
    is a `not`. Nor is a name among more replaced ordinary words: the text was retouched and is not
    another record.
    """
    a, b = words_of(one), words_of(other)
    return max(len(a), len(b)) <= LONGEST_ALIGNED and have_other_facts(a, b)


def have_other_facts(a: Sequence[Word], b: Sequence[Word]) -> bool:
    """The same as `state_other_facts`, for the words of two texts."""
    folded_a, folded_b = ([plain(word.text) for word in words] for words in (a, b))
    facts = min(sum(word.is_fact for word in words) for words in (a, b))
    differing = retouched = 0
    for tag, i, j, k, n in SequenceMatcher(None, folded_a, folded_b, autojunk=False).get_opcodes():
        if tag == "replace":
            for old, new in places(a[i:j], b[k:n]):
                differing += are_other_facts(old, new)
                retouched += is_retouched(old, new)
        if tag != "equal":
            differing += is_denied(a, i, j) != is_denied(b, k, n)
        if tag in ("insert", "delete"):
            differing += is_altered(a, i, j) or is_altered(b, k, n)
    has_names = all(any(word.is_name for word in words) for words in (a, b))
    if has_names and retouched > MOST_RETOUCHED * differing:
        return False
    return differing > 0 and differing >= LEAST_SHARE * facts


class Anchored:
    """The words of a text, and where each sequence of ANCHOR words is in it."""

    def __init__(self, text: str) -> None:
        self.words = words_of(text, None)
        self.places: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, row in enumerate(anchors(self.words)):
            if len(self.places[row]) < MOST_PLACES:
                self.places[row].append(place)

    def states_other_facts(self, part: Sequence[Word]) -> bool:
        """Whether another text has different facts where the two run in parallel."""
        run = self.parallel(part)
        if not run:
            return False
        held, of_part = (
            slice(max(0, min(side) - LONGEST_FACT), max(side) + ANCHOR + LONGEST_FACT)
            for side in zip(*run, strict=True)
        )
        return have_other_facts(part[of_part], self.words[held])

    def parallel(self, part: Sequence[Word]) -> list[tuple[int, int]]:
        """Places of equal sequences here and in another text, in the part that has most of them.

        A list of records has some sequences several times.
        """
        pairs = [
            (here, there)
            for there, row in enumerate(anchors(part))
            for here in self.places.get(row, ())
        ]
        # the offset between two parallel texts varies by a few words only
        ahead = Counter((here - there) // LONGEST_FACT for here, there in pairs)
        most = max(ahead, key=lambda n: (ahead[n - 1] + ahead[n] + ahead[n + 1], -n), default=0)
        return [pair for pair in pairs if abs((pair[0] - pair[1]) // LONGEST_FACT - most) <= 1]


def anchors(words: Sequence[Word]) -> Iterator[tuple[str, ...]]:
    """All sequences of ANCHOR words, case-folded."""
    return ngrams([word.text.casefold() for word in words], ANCHOR)


def places(
    one: Sequence[Word], other: Sequence[Word]
) -> Iterator[tuple[Sequence[Word], Sequence[Word]]]:
    """Words that replace others: whole groups, or single words if there is hardly a name in one."""
    most_facts = max(sum(word.is_fact for word in words) for words in (one, other))
    if len(one) != len(other) or most_facts > len(one) / 2:
        yield one, other
        return
    for place in range(len(one)):
        yield one[place : place + 1], other[place : place + 1]


def is_denied(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether a few words that only one of two texts has at a place deny what stands there."""
    if end - start > LONGEST_DENIAL:
        return False  # a sentence more
    for place in range(start, end):
        word, following = words[place].text, words[place + 1 : place + 2]
        is_number = word.casefold() == "no" and following and following[0].text[0].isdigit()
        if NEGATION.fullmatch(word) and not is_number:
            return True
    return False


def spelling(words: Sequence[Word]) -> str:
    """The letters and digits of some words in one notation, wherever they are parted.

    Blanks stay between digits alone: 1 12 is not 11 2, and BWV1007 is BWV 1007.
    """
    return BLANK.sub("", plain(" ".join(word.text for word in words)))


def is_altered(words: Sequence[Word], start: int, end: int) -> bool:
    """Whether a few words that only one of two texts has make another note: C sharp, E flat."""
    return end - start <= LONGEST_DENIAL and any(
        words[place].text.casefold() in ACCIDENTALS and words[place - 1].text in NOTES
        for place in range(max(1, start), end)
    )


def is_retouched(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether one word replaces another, and they are not both numbers, names or values."""
    are_facts = all(words[0].is_fact or words[0].is_value for words in (one, other))
    return len(one) == len(other) == 1 and not are_facts


def are_other_facts(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether words that replace each other are different numbers or names."""
    if max(len(one), len(other)) > LONGEST_FACT:
        return False
    if spelling(one) == spelling(other):
        return False
    # a single word that replaces another can be a name even at the beginning of a sentence, or a
    # number in letters
    is_single = len(one) == len(other) == 1
    names = [
        [
            word.text
            for word in words
            if word.is_fact or (is_single and (word.is_value or word.text[0].isupper()))
        ]
        for words in (one, other)
    ]
    if not all(names):
        return False
    first, second = (plain(" ".join(side))[:LONGEST_NAME] for side in names)
    if first == second:
        return False
    are_values = all(set(side.split()) & VALUES for side in (first, second))
    has_number = any(map(str.isdigit, first + second))
    is_spelt_alike = SequenceMatcher(None, first, second, False).ratio() >= SAME_SPELLING
    return are_values or has_number or not is_spelt_alike
