"""Names in a text by their capitals and quotation marks, whatever they name."""

import re
from collections.abc import Iterator, Sequence

from mucpt_utils.musicsimpleqa.keys import Span
from mucpt_utils.musicsimpleqa.rules import RULES, C
from mucpt_utils.musicsimpleqa.words import LINKS, Reading

QUOTED = re.compile(r'"([^"]{1,100})"')
ENDS_NAME = re.compile(r'[,;:&!?()"+=]|\s[-–—]\s| and (?!(?:the|his|her) )|\s?/\s?')
ENDS_TITLE = re.compile(r'[,;:!?()"+=]|\s[-–—]\s|\s/|/\s')
# small words inside titles
TITLE_LINKS = LINKS | {"and", "in", "for", "to", "than", "as", "a", "an", "at", "or", "&", "I"}
BAND_LINKS = LINKS | {"his", "her"}


def is_name(reading: Reading, first: int, last: int) -> bool:
    """Whether ordinary words are used as a name: `by Yes`, but not `Yes, it was Genesis`."""
    words = reading.words
    interjection = words[last].form in RULES.interjections
    if reading.caseless:
        before = words[first - 1].form if first else ""
        return not interjection or before in RULES.kind_words or before == "by"
    if not all(word.capital for word in words[first : last + 1]):
        return False
    if not interjection or first or len(words) == last + 1:
        return True
    return words[last + 1].form in ("is", "was", "recorded", "released", "made", "wrote", "did")


def quotations(reading: Reading, mentions: Sequence[Span]) -> list[Span]:
    """What stands in quotation marks, outside the mentions of the key."""
    quoted = [Span(*match.span(1), C) for match in QUOTED.finditer(reading.text)]
    taken = {m.start for m in mentions} | {m.end for m in mentions}
    return [
        q for q in quoted if not any(position in taken for position in range(q.start, q.end + 1))
    ]


def capital_runs(
    reading: Reading, mentions: Sequence[Span], role: str
) -> Iterator[tuple[int, int]]:
    """(first, last) word of each run of capitalised words outside the mentions.

    Words such as `of` may stand inside a run; a sign that parts two answers ends it. role: of the
    asked answer; titles hold more small words than names.
    """
    links = TITLE_LINKS if role == "title" else BAND_LINKS
    ends = ENDS_TITLE if role == "title" else ENDS_NAME
    words = reading.words
    free = free_words(reading, mentions)
    last = -1
    for first in range(len(words)):
        if first <= last or not free[first]:
            continue
        last = first
        while True:
            following = last + 1
            while following < len(words) and words[following].raw in links:
                following += 1
            if following >= len(words) or not free[following]:
                break
            between = reading.text[words[last].end : words[following].start]
            if ends.search(between):
                break
            if "." in between and len(words[last].form) > 2:  # an initial has a dot, too
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


def has_suffix(reading: Reading, index: int) -> bool:
    """Whether a name goes on with `II` or `Jr.`, and not with `I think`."""
    if index + 1 >= len(reading.words) or reading.gap(index) != " ":
        return False
    following = reading.words[index + 1]
    ends = following.raw != "I" or not reading.gap(index + 1).isspace()
    return following.form in RULES.suffixes and following.capital and ends


def free_words(reading: Reading, mentions: Sequence[Span]) -> list[bool]:
    """For each word, whether it may belong to a name that is not among the mentions.

    A function word may where it has a capital within a sentence: `by The Who`.
    """
    free, mention = [], 0
    spans = sorted(mentions)
    for index, word in enumerate(reading.words):
        while mention < len(spans) and spans[mention].end <= word.start:
            mention += 1
        inside = mention < len(spans) and spans[mention].start < word.end
        name = word.capital and not inside
        if name and word.form in RULES.function_words:
            name = word.raw != "I" and not reading.begins_sentence(index)
        free.append(name)
    return free
