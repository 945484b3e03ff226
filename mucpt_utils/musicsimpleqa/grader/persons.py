"""Keys that are people: also by family name, initials, in another order, with middle names."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.keys import Span
from mucpt_utils.musicsimpleqa.grader.names import NameKey
from mucpt_utils.musicsimpleqa.grader.readings import Reading, forms_of, words
from mucpt_utils.musicsimpleqa.grader.rules import RULES, K, level
from mucpt_utils.musicsimpleqa.grader.spelling import (
    is_slip_by_sound,
    one_ending,
    one_spelling,
    romanised,
)
from mucpt_utils.musicsimpleqa.grader.words import ARTICLES, Word

NO_FAMILY_NAMES = RULES.kind_words | RULES.function_words | {"blues", "boys", "girls", "explosion"}


NICKNAME = re.compile(r'(\b[A-Z][\w.-]* )"([A-Z][^"]{1,24})" (?=[A-Z])')
# "Slava" Rostropovich: without the given name
NICKNAME_ALONE = re.compile(r'(?<!\w )"([A-Z][^"\s]{1,24})" (?=([A-Z][\w-]*))')


# with such a rank a person is called by the given name: "Sir Elton"
RANKS = ("sir", "dame")
OF_BAND = re.compile(r"(?: \(| of | from )")


class Person(NamedTuple):
    """A name in its parts; the suffix is that of `Strauss II` or `Williams Jr.`, or empty."""

    given: tuple[str, ...]
    family: str
    suffix: str


class PersonKey(NameKey):
    """A person, found in a text by the full name, or by the family name if that is enough."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, asked: Asked):
        super().__init__(answer, aliases, kind, asked)
        self.persons = [person for person in map(person_of, self.forms) if person]
        for given, family, suffix in self.persons:
            initials = [name[0] for name in given]
            tail = [suffix] if suffix else []
            for forms in ([*initials, family], [family, *given], [family, *initials]):
                self.compact.add("".join([*forms, *tail]))
            for last in range(1, len(given)):  # "Del Tredici, David"
                self.compact.add("".join([*given[last:], family, *given[:last], *tail]))
            self.compact |= {rank + given[0] for rank in RANKS}
            shared = family in RULES.shared_family_names or family in asked.forms
            if not suffix and not shared:
                self.whole.add(family)
        if len(self.forms) and RULES.mononyms & {self.forms[0][0]}:
            self.compact.add(self.forms[0][0])
        self.longest = max(map(len, self.compact), default=0)
        self.families: dict[str, list[Person]] = {}
        for person in self.persons:
            for family in (person.family, romanised(person.family)):
                self.families.setdefault(family, []).append(person)

    def prepared(self, text: str) -> str:
        """Without a nickname inside a name: `Steve "The Colonel" Cropper`."""
        text = super().prepared(text)
        if '" ' not in text:
            return text
        text = NICKNAME.sub(self.without_nickname, text)
        return NICKNAME_ALONE.sub(self.without_first_nickname, text)

    def without_first_nickname(self, match: re.Match[str]) -> str:
        """Nothing for a nickname in place of the given names before the key's family name."""
        return "" if not self.families.keys().isdisjoint(forms_of(match[2])) else match[0]

    def without_nickname(self, match: re.Match[str]) -> str:
        """A given name without the nickname behind it, unless the key has that, too."""
        known = {form for forms in self.forms for form in forms}
        return match[1] if known.isdisjoint(forms_of(match[2])) else match[0]

    @cached_property
    def spelled_families(self) -> frozenset[str]:
        """The family names, each in the one spelling of its romanisations."""
        return frozenset(one_spelling(person.family) for person in self.persons)

    @cached_property
    def slip_forms(self) -> list[list[str]]:
        return self.forms + [[person.family] for person in self.persons]

    def is_misspelt(self, text: str) -> bool:
        # "Christofori of Padua"
        name, *of = OF_BAND.split(text, maxsplit=1)
        if super().is_misspelt(text) or (of and super().is_misspelt(name)):
            return True
        *before, family = words(name) or words("x")
        return bool(before) and any(
            is_slip_by_sound(family.form, person.family) and are_given_names(before, person.given)
            for person in self.persons
        )

    def mentions(self, reading: Reading) -> list[Span]:
        """Mentions of the full name, with any names before it, and of the family name alone."""
        mentions = super().mentions(reading)
        if mentions:
            starts = {word.start: index for index, word in enumerate(reading.words)}
            for index, span in enumerate(mentions):
                # "John" before "Michael Stipe"
                whole = " " in reading.text[span.start : span.end]
                before = self.names_before(reading, starts[span.start]) if whole else []
                if before:
                    mentions[index] = Span(before[0].start, span.end, K)
        whole_names = mentions.copy()
        families = self.families
        for index, form in enumerate(reading.forms):
            if form not in families:
                form = romanised(form) if len(form) > 5 else ""
            persons = families.get(form)
            if not persons:
                continue
            start = reading.words[index].start
            if any(name.start <= start < name.end for name in whole_names):
                continue
            spans = (self.family_mention(reading, index, person) for person in persons)
            mentions += [span for span in spans if span][:1]
        return sorted(mentions)

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Other names; beside a person, a place is none: `Rostropovich, London 1970`."""
        others = super().others(reading, mentions)
        if len(others) + any(span.mark == K for span in mentions) < 2:
            return others
        text = reading.text
        return [span for span in others if level(text[span.start : span.end]) not in RULES.levels]

    def family_mention(self, reading: Reading, index: int, person: Person) -> Span | None:
        """The mention around a family name, if the words beside it fit the person."""
        word, suffix = reading.words[index], suffix_after(reading, index)
        if RULES.suffixes.get(person.suffix) != RULES.suffixes.get(suffix):
            return None
        before = self.names_before(reading, index)
        if before:
            fits = are_given_names(before, person.given)
            end = reading.words[index + 1].end if suffix else word.end
            return Span(before[0].start, end, K) if fits else None
        if person.family in RULES.shared_family_names or person.suffix:
            return None
        if word.form in self.asked.forms:  # a word of the title that is asked about
            return None
        if not (reading.caseless or word.capital):
            return None
        if super().in_longer_name(reading, index, index, look_before=False):
            return None
        return Span(word.start, word.end, K)

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        if suffix_after(reading, last):
            return True
        # a single name may end another one; names before a full one are further given names
        return super().in_longer_name(reading, first, last, look_before=first == last)

    def names_before(self, reading: Reading, index: int) -> list[Word]:
        """The given names and initials right before a family name, without honorifics."""
        names: list[Word] = []
        for position in range(index - 1, max(-1, index - 6), -1):
            word, gap = reading.words[position], reading.gap(position)
            joined = gap in (" ", "-", ' "', '" ')
            joined = joined or (len(word.form) <= 2 and gap in (". ", ".", ".-"))
            initial = len(word.raw) == 1 and word.capital and gap.startswith(".")
            if not (joined and (initial or is_free(word))):
                break
            if is_epithet(reading, position):
                break
            if not (word.capital or reading.caseless) or (
                word.form in self.asked.forms and not names
            ):
                break
            names.insert(0, word)
        return [name for name in names if name.form not in RULES.honorifics]


def is_epithet(reading: Reading, index: int) -> bool:
    """Whether a word has its capital from the sentence and is no name: `Typical Satie`."""
    form = reading.words[index].form
    return (
        reading.begins_sentence(index) and form in RULES.openers and form not in RULES.first_names
    )


def is_free(word: Word) -> bool:
    """Whether a word may be a name."""
    return word.form not in RULES.function_words and word.form not in RULES.kind_words


def person_of(forms: list[str]) -> Person | None:
    """The parts of a name of two words or more; None for a name of one word."""
    forms = [f for f in forms if f not in RULES.honorifics and f not in ARTICLES] or forms
    suffix = forms[-1] if len(forms) > 2 and forms[-1] in RULES.suffixes else ""
    names = forms[:-1] if suffix else forms
    if len(names) < 2:
        return None
    return Person(tuple(names[:-1]), names[-1], suffix)


def is_person(name: str) -> bool:
    """Whether a possible group is a person, by the given name: `Françoise Hardy`.

    Band names that begin with one continue with a word for a band, `and`, a number or a plural.
    """
    forms = forms_of(name)
    if len(forms) not in (2, 3) or not NO_FAMILY_NAMES.isdisjoint(forms[1:]) or "&" in name:
        return False
    return forms[0] in RULES.first_names and " and " not in name and not forms[-1].isdigit()


def suffix_after(reading: Reading, index: int) -> str:
    """`ii` or `jr` right after a word, or ""."""
    if index + 1 >= len(reading.words):
        return ""
    following, gap = reading.words[index + 1], reading.gap(index)
    form = following.form
    # "Gershwin, I think" names no Gershwin the First
    near = gap == " " or (gap == ", " and form in ("jr", "sr", "junior", "senior"))
    return form if near and form in RULES.suffixes and following.capital else ""


def same_given_name(one: str, other: str) -> bool:
    """Whether two given names are one: Pyotr and Peter, Dannie and Danny, Ben and Benjamin."""
    group = RULES.given_names.get(one)
    if one == other or (group is not None and group == RULES.given_names.get(other)):
        return True
    short, long = sorted((one, other), key=len)
    if len(short) > 2 and long.startswith(short):  # "Ben", "Raph"
        return True
    return romanised(one) == romanised(other) or one_ending(one) == one_ending(other)


def are_given_names(before: Sequence[Word], given: tuple[str, ...]) -> bool:
    """Whether names before a family name are those given: in full, by initial, or some left out.

    Names that are not among those given are middle names only if none is left out:
    `John Winston Lennon` is John Lennon, `Johann Christian Bach` is not Johann Sebastian.
    """
    parts: list[str] = []
    for word in before:
        initials = "." in word.raw or (len(word.raw) <= 3 and word.raw.isupper())
        parts += list(word.form) if initials and word.form not in given else [word.form]
    start = matched = 0  # each part may match a given name after the one matched last
    for part in parts:
        for index in range(start, len(given)):
            name = given[index]
            if same_given_name(part, name) or (len(part) == 1 and name[0] == part):
                start, matched = index + 1, matched + 1
                break
    return matched > 0 and (matched == len(parts) or matched == len(given))
