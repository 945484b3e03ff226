"""Keys that are names of groups, titles and places: how they may be written, where a text has them.

A name is compared by the forms of its words run together (`compact`), so that "AC/DC" is "ACDC".
"""

import re
from collections.abc import Iterator, Sequence

from mucpt_utils.musicsimpleqa.keys import Key, Span, replaced
from mucpt_utils.musicsimpleqa.numbers import in_digits
from mucpt_utils.musicsimpleqa.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.spelling import one_slip
from mucpt_utils.musicsimpleqa.words import (
    ARTICLES,
    FORMS,
    Reading,
    Word,
    clean,
    forms_of,
    without_article,
)

UMLAUTS = str.maketrans(FORMS["umlauts"])
LINKS = frozenset({"of", "the", "de", "van", "von", "du", "la", "le", "der", "da", "di", "del"})


class NameKey(Key):
    """A key that is a name: a group, a title, or of any kind that has no rules of its own."""

    several = (*RULES.hedge, *RULES.slash, *RULES.list_joined, *RULES.list, *RULES.list_of_lower)

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        super().__init__(kind)
        self.first_exempt = RULES.first_exempt.get(kind)
        self.asked = frozenset(forms_of(question)) - {""}
        self.genre = bool(RULES.genre_questions.search(question))
        self.forms: list[list[str]] = []
        self.whole: set[str] = set()  # right only as the whole response
        for name in (answer, *aliases):
            ways = self.ways_to_write(self.prepared(clean(name)))
            self.forms += [forms for forms in ways if forms not in self.forms]
        self.compact = {"".join(forms) for forms in self.forms}
        self.longest = max(map(len, self.compact), default=0)
        self.spoken = any(form.isdigit() for form in self.compact)
        self.initials = {"".join(f) for f in self.forms if sum(map(len, f)) <= 3}
        self.letter_first = {
            "".join(f) for f in self.forms if len(f) > 1 and len(f[0]) == 1 and f[0].isalpha()
        }
        self.common = {
            "".join(forms)
            for forms in self.forms
            if all(form in RULES.common_words or form in ARTICLES for form in forms)
        }
        # names made of signs, not inside a word and not inside a longer row of signs
        signs = "|".join(re.escape(name) for name in sorted(self.symbols, key=len, reverse=True))
        self.symbol_pattern = re.compile(rf"(?<![\w!?])(?:{signs})(?![\w!?])") if signs else None

    def ways_to_write(self, name: str) -> list[list[str]]:
        """The forms of a name's words, in every way in which it may be written.

        A name without a word goes to `symbols`.
        """
        forms = without_article(forms_of(name))
        if not forms:
            self.symbols.add(name)
            return []
        ways = [forms]
        if "'s" in name:
            ways.append(without_article(forms_of(name.replace("'s", "s"))))
        if not name.isascii():
            ways.append(without_article(forms_of(name.casefold().translate(UMLAUTS))))
        if forms[-1] in FORMS["roman"] and len(forms) > 1:
            ways.append([*forms[:-1], str(FORMS["roman"][forms[-1]])])
        return ways

    def prepared(self, text: str) -> str:
        """The text in the notation in which the key is compared."""
        return text

    def is_whole(self, text: str) -> bool:
        if self.symbols and text.strip(" \"'").rstrip(".") in self.symbols:
            return True
        forms = forms_of(self.prepared(text))
        joined = "".join(forms)
        return (
            joined in self.compact
            or joined in self.whole
            or "".join(without_article(forms)) in self.compact
            or (self.spoken and "".join(forms_of(in_digits(text))) in self.compact)
        )

    def is_misspelt(self, text: str) -> bool:
        given = without_article(forms_of(self.prepared(text)))
        return any(one_slip(given, forms) for forms in self.slip_forms())

    def slip_forms(self) -> list[list[str]]:
        """The ways of writing the key in which one slip is forgiven."""
        return self.forms

    def mark(self, text: str) -> str:
        reading = Reading(self.prepared(text))
        mentions = self.mentions(reading)
        if self.symbol_pattern:
            signs = self.symbol_pattern.finditer(reading.text)
            mentions += [Span(*match.span(), K) for match in signs]
        if not mentions:
            return reading.text
        return replaced(reading.text, mentions + self.others(reading, mentions))

    # --- the key --------------------------------------------------------------------------------

    def mentions(self, reading: Reading) -> list[Span]:
        """Every mention of the key in a text."""
        words = reading.words
        joined = "".join([word.form for word in words])
        if not any(form in joined for form in self.compact):
            return []
        mentions, first = [], 0
        while first < len(words):
            last = self.longest_match(words, first)
            if last is not None and self.is_mention(reading, first, last):
                mentions.append(Span(words[first].start, words[last].end, K))
                first = last
            first += 1
        return mentions

    def longest_match(self, words: Sequence[Word], first: int) -> int | None:
        """The last word of the longest form of the key that begins at word `first`."""
        joined, last = "", None
        for index in range(first, len(words)):
            joined += words[index].form
            if len(joined) > self.longest:
                break
            if joined in self.compact:
                last = index
        return last

    def is_mention(self, reading: Reading, first: int, last: int) -> bool:
        """Whether words that match the key mean it, and not a word or a longer name."""
        words = reading.words
        joined = "".join(word.form for word in words[first : last + 1])
        lower = words[first].raw.islower()
        if joined in self.initials and lower:
            short = reading.caseless and len(words) <= 3
            return short and joined not in RULES.function_words
        if joined in self.letter_first and lower and not reading.caseless:
            return False
        if joined in self.common and not is_name(reading, first, last):
            return False
        return not self.in_longer_name(reading, first, last)

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Whether the words are part of another name, as Pink is of `Pink Floyd`.

        look_before: whether a word before them counts too.
        """
        neighbours = []
        if look_before and first and reading.gap(first - 1) in (" ", "-"):
            neighbours.append(reading.words[first - 1])
        if reading.gap(last) in (" ", "-"):
            neighbours.append(reading.words[last + 1])
        lower_counts = reading.caseless or self.genre
        return any(self.is_part_of_name(word, lower_counts) for word in neighbours)

    def is_part_of_name(self, word: Word, lower_counts: bool) -> bool:
        """Whether a neighbouring word belongs to the name beside it."""
        form = word.form
        if form in self.asked or form in RULES.function_words or form.isdigit():
            return False
        if word.capital:
            return not (form in RULES.honorifics or RULES.nationality.match(form))
        return lower_counts and form not in RULES.kind_words and not form.endswith(("ed", "ly"))

    # --- other answers --------------------------------------------------------------------------

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Other answers of the key's kind: capitalised names outside the mentions of the key."""
        return [
            Span(reading.words[first].start, reading.words[last].end, C)
            for first, last in capital_runs(reading, mentions)
            if self.is_other_name(reading, first, last)
        ]

    def is_other_name(self, reading: Reading, first: int, last: int) -> bool:
        """Whether a run of capitalised words names something that the question does not."""
        run = reading.words[first : last + 1]
        own = [
            word.form
            for word in run
            if word.form not in self.asked
            and word.form not in RULES.kind_words
            and word.form not in RULES.honorifics
        ]
        if not own:
            return False
        following = reading.words[last + 1] if reading.gap(last) == " " else None
        if all(RULES.nationality.match(form) for form in own):
            return following is None
        if following and following.raw.islower() and following.form in RULES.kind_words:
            return False  # "the Seattle band Nirvana"
        return not (len(run) == 1 and own[0].endswith("ly"))


class PlaceKey(NameKey):
    """A place; one that lies in it may stand before it."""

    several = (*RULES.hedge, *RULES.slash, *RULES.list_joined)

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, question: str):
        super().__init__(answer, aliases, kind, question)
        coarse = RULES.coarse_places.search(question)
        self.first_exempt = RULES.first_exempt["place_coarse" if coarse else "place"]

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Whether it is another place with the same word in its name: `Northern Ireland`."""
        return first > 0 and reading.words[first - 1].form in RULES.place_prefixes


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
    return words[last + 1].form in ("is", "was", "recorded", "released", "made", "wrote")


def capital_runs(reading: Reading, mentions: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """(first, last) word of each run of capitalised words outside the mentions.

    Words such as `of` may stand inside a run; a sign that parts two answers ends it.
    """
    words = reading.words
    free = [
        word.capital
        and word.form not in RULES.function_words
        and not any(m.start < word.end and word.start < m.end for m in mentions)
        for word in words
    ]
    last = -1
    for first in range(len(words)):
        if first <= last or not free[first]:
            continue
        last = first
        while True:
            following = last + 1
            while following < len(words) and words[following].raw in LINKS:
                following += 1
            if following >= len(words) or not free[following]:
                break
            between = reading.text[words[last].end : words[following].start]
            if any(sign in between for sign in ',;:/&!?()"') or " and " in between:
                break
            if "." in between and len(words[last].form) > 2:  # an initial has a dot, too
                break
            last = following
        yield first, last
