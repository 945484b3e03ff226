"""Names in a text, recognised by capitals and quotation marks, whatever they name."""

import re
from collections.abc import Iterator, Sequence

from mucpt_utils.musicsimpleqa.grader.keys import Span
from mucpt_utils.musicsimpleqa.grader.readings import Reading
from mucpt_utils.musicsimpleqa.grader.rules import RULES, C
from mucpt_utils.musicsimpleqa.grader.words import LINKS, Word

# "Produced by Bill Bottrell" in italics is a credit and no title
QUOTED = re.compile(
    r'"(?!(?:produced|written|composed|recorded|performed|directed) by )([^"]{1,100})"', re.I
)
ENDS_NAME = re.compile(r'[,;:&!?()"+=]|\s[-–—]\s| and (?!(?:the|his|her) )|\s?/\s?')
ENDS_TITLE = re.compile(r'[,;:!?()"+=]|\s[-–—]\s|\s/|/\s')
# function words inside titles
TITLE_LINKS = LINKS | {"and", "in", "for", "to", "than", "as", "a", "an", "at", "or", "&", "I"}
BAND_LINKS = LINKS | {"his", "her", "y", "sus"}


def is_name(reading: Reading, first: int, last: int) -> bool:
    """Whether ordinary words are used as a name: `by Yes`, but not `Yes, it was Genesis`."""
    words = reading.words
    interjection = words[last].form in RULES.interjections
    if reading.caseless:
        before = words[first - 1].form if first else ""
        return not interjection or before in RULES.kind_words or before == "by"
    if not all(word.capital for word in words[first : last + 1]):
        return not interjection and first > 0 and words[first - 1].form in ("by", "band", "group")
    inside = first and not reading.begins_sentence(first)
    if not interjection or inside or len(words) == last + 1:
        return True
    if words[last].form not in RULES.exclamations and not reading.gap(last).isspace():
        return True  # "Can." says nothing but a name
    return words[last + 1].form in ("is", "was", "recorded", "released", "made", "wrote", "did")


def quotations(reading: Reading, mentions: Sequence[Span]) -> list[Span]:
    """What is in quotation marks, outside the mentions of the key."""
    quoted = [Span(*match.span(1), C) for match in QUOTED.finditer(reading.text)]
    taken = {m.start for m in mentions} | {m.end for m in mentions}
    return [
        q for q in quoted if not any(position in taken for position in range(q.start, q.end + 1))
    ]


def capital_runs(
    reading: Reading, mentions: Sequence[Span], role: str
) -> Iterator[tuple[int, int]]:
    """(first, last) word of each run of capitalised words outside the mentions.

    Words such as `of` may be inside a run; a sign that separates two answers ends it. role: of the
    answer asked for; titles have more function words than names.
    """
    links = TITLE_LINKS if role == "title" else BAND_LINKS
    ends = ENDS_TITLE if role == "title" else ENDS_NAME
    words = reading.words
    free = free_words(reading, mentions)
    last = -1
    for first in free:
        if first <= last:
            continue
        last = first
        while True:
            following = last + 1
            while following < len(words) and words[following].raw in links:
                following += 1
            if following not in free:
                break
            between = reading.text[words[last].end : words[following].start]
            if ends.search(between) and not is_acronym(words[last], between, words[following]):
                break
            initial = len(words[last].form) <= 2 and words[last].form.isalpha()
            if "." in between and not initial:  # an initial has a dot, too
                break
            last = following
        if has_suffix(reading, last):
            last += 1
        if (
            first
            and words[first - 1].form.isdigit()
            and reading.text[words[first - 1].start - 1] == "#"
        ):
            first -= 1
        yield first, last


def is_acronym(one: Word, between: str, other: Word) -> bool:
    """Whether a stroke joins two pairs of letters: AC/DC."""
    return between == "/" and one.raw.isupper() and len(one.raw) == len(other.raw) == 2


def has_suffix(reading: Reading, index: int) -> bool:
    """Whether a name continues with `II` or `Jr.`, not with `I think`."""
    if index + 1 >= len(reading.words) or reading.gap(index) != " ":
        return False
    following = reading.words[index + 1]
    ends = following.raw != "I" or not reading.gap(index + 1).isspace()
    return following.form in RULES.suffixes and following.capital and ends


def free_words(reading: Reading, mentions: Sequence[Span]) -> dict[int, None]:
    """The words that may belong to a name that is not among the mentions, in order.

    A function word may if it has a capital within a sentence: `by The Who`.
    """
    free: dict[int, None] = {}
    for index in reading.capitals:
        word = reading.words[index]
        if word.form in RULES.function_words and (
            word.raw == "I" or reading.begins_sentence(index)
        ):
            continue
        if not any(span.start < word.end and word.start < span.end for span in mentions):
            free[index] = None
    return free
