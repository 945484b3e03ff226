"""Keys that are places: in other languages, in steps (`Aston, Birmingham`), with namesakes."""

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import groupby

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.keys import Span
from mucpt_utils.musicsimpleqa.grader.names import NameKey
from mucpt_utils.musicsimpleqa.grader.no_names import is_known_person
from mucpt_utils.musicsimpleqa.grader.readings import Reading
from mucpt_utils.musicsimpleqa.grader.rules import RULES, K, level
from mucpt_utils.musicsimpleqa.grader.spelling import one_spelling

# a word or two that may say which country something is from: "Slovak.", "old Chinese flutes"; not
# its language, nor what it is called
ADJECTIVE = re.compile(
    r"(?<![\w-])(?!(?:in|as|from|by)\s)"
    r"((?:(?:South|North|Northern|Cape|New|Puerto|Sri)\s)?[^\W\d_]{3,}+)"
    r"(?!-|\s(?:words?|names?|terms?|languages?|speak\w*|meaning|spelling|translation"
    r"|alphabet|for|horn"
    r")\b)",
    re.IGNORECASE,
)
NOT_OF_COUNTRY = re.compile(
    r"\b(?:in|into|than|like|unlike|from|not|by|and|or|speaks?|called|resembl\w+|similar to)"
    r"(?:\s(?:the|an?))?\s\Z",
    re.IGNORECASE,
)
OF_COUNTRY = re.compile(rf"\b(?:{'|'.join(map(re.escape, RULES.demonyms))})\b", re.IGNORECASE)
# "Frankfurt an der Oder", "Santiago de Cuba"
LONGER = re.compile(r"(?: an der | del? |[ -]upon[ -]|-under-| \((?=Oder))([A-Z]\w+)")
BORN_AS = re.compile(r"\bborn (?:as )?\Z")
ARTICLE_JOINED = re.compile(r"\bL'(?=[A-ZÀ-Ý])")  # "L'Italie a gagné"
# where somebody studied, taught or sang, no birthplace
INSTITUTIONS = (
    r"(?:Conservato(?:ry|rium|ire)|Schools?|Academy|College|Universit(?:y|é|ät)|Institute|Orchestra"
    r"|Philharmonic|Ensemble|Quartet|Choir|Opera|Theat(?:re|er)|Festival|Hochschule)"
)
INSTITUTION = re.compile(rf"{INSTITUTIONS}\Z")
INSTITUTION_BEHIND = re.compile(rf" (?:(?:[A-Z][a-z]+|of) ){{0,2}}{INSTITUTIONS}\b")
# who plays in a city is not where: "by the Vienna Philharmonic", but "at the Berlin Philharmonic"
PERFORMERS = r"(?:Orchestra|Philharmonic|Symphony|Ensemble|Quartet|Choir|Chorus|Players|Singers)"
PERFORMER = re.compile(rf"{PERFORMERS}\Z")
PERFORMER_BEHIND = re.compile(rf" (?:[A-Z][a-z]+ ){{0,2}}{PERFORMERS}\b(?! Hall)")
AT_PLACE = re.compile(r"\b(?:in|at|from|near|to)(?: the)? \Z", re.IGNORECASE)
FEW = 5  # words of a reply that is hardly more than a name
LONGEST_NAME = 40  # characters
STEPS = re.compile(r",\s*|\s+in\s+(?:the\s+)?|\s*\(|\)")


class PlaceKey(NameKey):
    """A place: a city, a country or a region.

    In "Aston, Birmingham, England" each step is inside the next one; any of them may be the key. A
    region after the key may show that a namesake is meant: `Birmingham, Alabama`.
    """

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, asked: Asked):
        self.own_names = frozenset(name.lower() for name in (answer, *aliases))
        super().__init__(answer, aliases, kind, asked)
        for name in (answer, *aliases):
            for other in RULES.exonyms.get(level(name), ()):
                if other not in self.compact:
                    self.compact.add(other)
        self.longest = max(map(len, self.compact), default=0)
        regions = {level(alias.partition(",")[2]) for alias in aliases} - {""}
        self.regions = regions or RULES.homes.get(level(answer), frozenset())

    def prepared(self, text: str) -> str:
        """If a country is asked for, the text with the country in place of its adjective."""
        text = ARTICLE_JOINED.sub("La ", super().prepared(text))
        return ADJECTIVE.sub(self.country_named, text) if self.asked.coarse else text

    def country_named(self, match: re.Match[str]) -> str:
        """`is a Slovak flute` with the country in place of the adjective."""
        word = match[1].lower()
        country = RULES.adjectives.get(word) or RULES.people.get(match[1])
        if country is None and word.endswith("s"):  # "the Swedes"
            country = RULES.adjectives.get(word[:-1]) or RULES.people.get(match[1][:-1])
        if country is None or word in self.asked.forms or word in self.own_names:
            return match[0]
        name = match.string[match.end() : match.end() + 2].lstrip()[:1].isupper()
        if name and (
            word in RULES.demonyms or match[1] in RULES.people
        ):  # "Swedish Pomerania", but "norwegisches Instrument"
            return match[0]
        before = match.string[max(0, match.start() - 20) : match.start()]
        return match[0] if NOT_OF_COUNTRY.search(before) else country

    def is_misspelt(self, text: str) -> bool:
        """Also in another language's romanisation: `Tschistopol`."""
        if super().is_misspelt(text):
            return True
        if len(text) > LONGEST_NAME:
            return False
        if self.is_inflected(text):
            return True
        spelled = one_spelling(level(text))
        return len(spelled) > 5 and spelled in self.spelled

    def is_inflected(self, text: str) -> bool:
        """Whether a text is the key in the case of another language, or who lives in it.

        `w Kolonii`, `Budapesten`; a Copenhagener lives in Copenhagen.
        """
        before, _, rest = text.strip().partition(" ")
        name = level(rest if before.lower() in RULES.prepositions and rest else text)
        if name in RULES.levels:
            return False
        endings = RULES.case_endings
        if not RULES.in_hungary.isdisjoint(self.compact):
            endings = endings | RULES.endings_in_hungary
        if not (self.asked.coarse or self.asked.relations.isdisjoint(("born", "form"))):
            endings = endings | RULES.inhabitants
        return any(
            name[len(stem) :] in endings
            for key in self.compact
            for stem in (key, key.rstrip("aeiouy"))
            if len(stem) > 3 and name.startswith(stem)
        )

    @cached_property
    def spelled(self) -> frozenset[str]:
        """The key's names, each in the one spelling of its romanisations."""
        return frozenset(map(one_spelling, self.compact))

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Whether the words belong to another place's name: `Northern Ireland`.

        A direction before the key names a part of it, unless the two are a place of their own.
        """
        before = reading.words[first - 1].form if first else ""
        if (longer := LONGER.match(reading.text, reading.words[last].end)) and level(
            longer[1]
        ) not in self.regions:
            return True
        if look_before and self.is_given_name(reading, first - 1):
            return True
        if "born" in self.asked.relations and INSTITUTION_BEHIND.match(
            reading.text, reading.words[last].end
        ):
            return True
        if PERFORMER_BEHIND.match(reading.text, reading.words[last].end) and not is_in(
            reading.text, reading.words[first].start
        ):
            return True
        if before not in RULES.place_prefixes:
            return False
        joined = before + "".join(word.form for word in reading.words[first : last + 1])
        return before not in RULES.place_parts or joined in RULES.levels

    def mentions(self, reading: Reading) -> list[Span]:
        """Also in the case of another language, and who lives there: `a Copenhagener`."""
        mentions = super().mentions(reading)
        for index in reading.capitals:
            word = reading.words[index]
            if not word.form.startswith(self.stems) or word.form in self.compact:
                continue
            following = reading.words[index + 1] if reading.gap(index) == " " else None
            alone = not (following and following.capital)
            if alone and self.is_inflected(word.raw) and word.form not in self.asked.forms:
                mentions.append(Span(word.start, word.end, K))
        return sorted(mentions)

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The first letters of the key's names."""
        return tuple({name[:4] for name in self.compact if len(name) > 3})

    def is_given_name(self, reading: Reading, index: int) -> bool:
        """Whether a word is a given name, so that what follows is a family name: `Jack London`."""
        if index < 0 or reading.caseless or reading.gap(index) != " ":
            return False
        word = reading.words[index]
        return word.capital and word.form in RULES.first_names and word.form not in self.asked.forms

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Other places; the part of the key that a direction names is none: `Lower Brittany`."""
        starts, text = {span.start for span in mentions if span.mark == K}, reading.text
        others = super().others(reading, mentions)
        if not self.asked.coarse and len(reading.words) > 2:  # "She is Japanese" names no town
            others = [s for s in others if not is_no_place(text[s.start : s.end].lower())]
        others = [s for s in others if s.end > s.start + 1 and not self.is_anybody(text, s)]
        if "born" in self.asked.relations and len(reading.words) > FEW:
            others = [s for s in others if not INSTITUTION.search(text, s.start, s.end)]
        if len(reading.words) > FEW:
            others = [
                s
                for s in others
                if is_in(text, s.start) or not PERFORMER.search(text, s.start, s.end)
            ]
        parts = RULES.place_parts
        return [
            span
            for span in others
            if span.end + 1 not in starts or text[span.start : span.end].lower() not in parts
        ]

    def is_anybody(self, text: str, span: Span) -> bool:
        """Whether a name is a person's: `was born Johnny Allen Hendrix`."""
        name = text[span.start : span.end]
        if level(name) in RULES.levels or len(name) + len("The ") >= len(text):
            return False
        if not is_known_person(name):
            return False
        born = BORN_AS.search(text, max(0, span.start - 12), span.start)
        premiere = "premiere" in self.asked.relations and not is_in(text, span.start)
        return bool(born) or self.asked.coarse or premiere

    def is_whole(self, text: str) -> bool:
        """Whether the text is the key and nothing else; `El Salvador` is not `Salvador`."""
        return super().is_whole(text) and not self.is_another(level(text))

    def is_another(self, name: str) -> bool:
        """Whether a name is another place's and not a way to write the key."""
        return name in RULES.levels and name not in self.compact

    def agrees(self, text: str) -> bool:
        """Whether a place, or one of its steps, is the key and not a namesake."""
        if self.is_whole(text):
            return True
        steps = [step for step in STEPS.split(text) if step]
        if steps == [text]:
            return super().agrees(text)
        names = list(map(level, steps))
        if is_list(names):
            return False
        for index, step in enumerate(steps):
            if super().agrees(step):
                return not self.is_namesake(names[index + 1 :])
        return super().agrees(text)

    def is_namesake(self, regions: list[str]) -> bool:
        """Whether the regions around a place of the key's name are not those of the key."""
        told = [region for region in regions if region in RULES.levels]
        if not self.regions or not told:
            return False
        return not any(region in self.regions for region in told)


def is_in(text: str, start: int) -> bool:
    """Whether what begins here is said to be where something is: `at the Berlin Philharmonic`."""
    return bool(AT_PLACE.search(text, max(0, start - 9), start))


def is_no_place(name: str) -> bool:
    """Whether a name is of a people or language."""
    return name in RULES.demonyms or name in RULES.languages


def is_list(names: list[str]) -> bool:
    """Whether places are side by side, not nested: two of them are countries."""
    names = [name for name, _ in groupby(names)]  # "Moscow, Russia, Russia"
    levels = [RULES.levels.get(name) for name in names]
    for one, other in zip(names, names[1:], strict=False):
        if other in RULES.within.get(one, ()):
            levels.remove("country")
    return levels.count("country") > 1 or levels.count("state") > 1 or levels.count("city") > 1
