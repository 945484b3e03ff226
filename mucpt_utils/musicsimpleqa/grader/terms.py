"""Keys that are terms of music: keys, signatures, catalogue numbers, instruments, genres."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from mucpt_utils.musicsimpleqa.grader.asked import Asked
from mucpt_utils.musicsimpleqa.grader.keys import Span, in_order
from mucpt_utils.musicsimpleqa.grader.names import NameKey
from mucpt_utils.musicsimpleqa.grader.no_names import is_known_person
from mucpt_utils.musicsimpleqa.grader.notation import in_words, intervals_in_words
from mucpt_utils.musicsimpleqa.grader.readings import Reading, forms_of, read
from mucpt_utils.musicsimpleqa.grader.rules import RULES, C, K
from mucpt_utils.musicsimpleqa.grader.words import FORMS, normal

# "its Andante is in F": a key without its mode is a major one
IN_TONIC = re.compile(
    r"((?:\b(?:[Ii]n|to|is|be|[Ss]o|[Hh]ence|[Tt]hus|[Tt]herefore|that's|it's|gives?|get|lies)|[:=])"
    r" [A-G](?:[- ](?:flat|sharp))?"
    r"|\A[A-G](?:[- ](?:flat|sharp))?(?=[,;!])"
    r"|\bkey of [A-Ga-g](?:[- ](?:flat|sharp))?)"
    r"(?=[.,;!]|\s*\Z)"
    r"|(\([A-G](?:[- ](?:flat|sharp))?)(?=\))"  # "II. Andante (G)"
)
# "seven of them, all flats", "flats, seven of them"
OF_THEM = re.compile(
    r"\b(\w{1,5}) of them,? (?:all |are )?(sharps?|flats?)\b"
    r"|\b(sharps?|flats?),? (\w{1,5}) of them\b",
    re.IGNORECASE,
)
# "It has four": of sharps or flats
HAS_NUMBER = re.compile(r"\b(?:has|have|are|with|is) (\w{1,5})(?=[,.;]|\s*\Z)")
INTERVAL = re.compile(
    r"(?:major|minor|perfect|augmented|diminished)"
    r" (?:second|third|fourth|fifth|sixth|seventh|octave)"
)
# what comes before a label, even one that has a person's name
PUT_OUT = re.compile(
    r"(?:\b(?:on|by|through|via|for|label|to|label\b[^.;,]{0,24} (?:is|was)(?: called)?)|:)"
    r"(?: the)? [\"']?\Z"
)
IS_LABEL = re.compile(r"[\"']? (?:is|was) (?:an?|the) (?:[\w-]+ ){0,3}label\b")
SENTENCE = 6  # words of a reply that is more than a name
COMPANY = frozenset({"records", "recordings", "entertainment"})
INSTRUMENT_WORDS = frozenset({"instrument", "instruments", "play", "plays"})
IN_ENGLISH = FORMS["instruments"]
# who plays it, for the instrument: "He was above all a blues pianist"
PLAYERS = FORMS["players"]
PLAYER = re.compile(
    r"(\A(?:an?\s)?|\b(?:is|was|as)\s(?:(?!(?:by|with|of|for|to|from|in|the)\b)[a-z]+\s){1,6}?)"
    r"(?:(?:singer|songwriter|composer|bandleader|producer)(?:,|\sand)\s)?"
    rf"({'|'.join(PLAYERS)})\b",
    re.IGNORECASE,
)
FOREIGN_INSTRUMENT = re.compile(rf"\b(?:{'|'.join(IN_ENGLISH)})\b", re.IGNORECASE)


@lru_cache(maxsize=16)  # one response is read several times
def in_english(text: str) -> str:
    """A text with the names of instruments in other languages put into English."""
    return FOREIGN_INSTRUMENT.sub(lambda match: str(IN_ENGLISH[match[0].lower()]), text)


@lru_cache(maxsize=64)  # one response is read several times
def in_notation(text: str, interval: bool, key: bool, instruments: bool) -> str:
    """A text in the notation of the terms that are asked for."""
    text = in_words(intervals_in_words(text) if interval else text)
    if key:
        text = IN_TONIC.sub(lambda match: f"{match[1] or match[2]} major", text)
        text = OF_THEM.sub(lambda match: f"{match[1] or match[4]} {match[2] or match[3]}", text)
    if not instruments:
        return text
    if "ist" in text or "er" in text:
        text = PLAYER.sub(lambda match: match[1] + str(PLAYERS[match[2].lower()]), text)
    return in_english(text)


class TermKey(NameKey):
    """A term; others of the same shape or class are other answers, as `D minor` is to `C major`."""

    def __init__(self, answer: str, aliases: tuple[str, ...], kind: str, asked: Asked):
        self.is_interval = bool(INTERVAL.fullmatch(answer))
        super().__init__(answer, aliases, kind, asked)
        written = self.prepared(answer)
        self.shape = next((shape for shape in RULES.shapes if shape.fullmatch(written)), None)
        names = {name.lower() for name in (answer, *aliases)}
        classes = (terms for terms in RULES.term_classes if not names.isdisjoint(terms.names))
        self.terms = None if self.shape else next(classes, None)
        self.is_name = not (self.shape or self.terms) and answer[:1].isupper()
        self.has_loose_terms = not (self.shape or self.is_name)

    def prepared(self, text: str) -> str:
        instruments = not self.asked.forms.isdisjoint(INSTRUMENT_WORDS)
        return in_notation(text, self.is_interval, "key" in self.asked.forms, instruments)

    def ways_to_write(self, name: str) -> list[list[str]]:
        """Singular and plural; a major key by its tonic; a catalogue number by its number."""
        ways = super().ways_to_write(name)
        if not ways:
            return []
        forms = ways[0]
        before, last = forms[:-1], forms[-1]
        if last == "major":
            self.whole.add("".join(before))
        if last == "minor":
            self.whole |= {"".join([*before, "m"]), "".join([*before, "min"])}
        if "label" in self.asked.forms and last in COMPANY and before:
            ways.append(before)
        if len(forms) == 2 and last.isdigit() and len(forms[0]) <= 3:
            self.whole |= {last, "no" + last}
        if len(last) > 3 and last.isalpha():
            ways.append([*before, last[:-1] if last.endswith("s") else last + "s"])
        return ways

    def in_longer_name(
        self, reading: Reading, first: int, last: int, look_before: bool = True
    ) -> bool:
        """Only genres have longer names that are other answers: `rock` and `punk rock`."""
        return self.asked.genre and super().in_longer_name(reading, first, last, look_before)

    def answers(self, text: str) -> list[Span]:
        reading = read(text)
        mentions = self.mentions(reading)
        others = self.others(reading, mentions)
        # "bass guitar" is no guitar
        mentions = [m for m in mentions if not any(is_longer(other, m) for other in others)]
        subject = self.subject_mentions(reading)
        return in_order(mentions, subject, others)

    def may_be_in(self, text: str) -> bool:
        return True  # a number alone may be the key

    def names_its_kind(self, text: str) -> bool:
        pattern = self.shape or (self.terms.pattern if self.terms else None)
        return pattern is not None and len(pattern.findall(text)) > 1

    def others(self, reading: Reading, mentions: Sequence[Span]) -> list[Span]:
        """Terms of the key's shape or class that are neither the key nor in the question."""
        pattern = self.shape or (self.terms.pattern if self.terms else None)
        if not pattern:  # a term that is a name, such as a record label's
            names = super().others(reading, mentions) if self.is_name else []
            return names if len(reading.words) < SENTENCE else without_persons(names, reading.text)
        matches = [match for match in pattern.finditer(reading.text) if self.is_new(match[0])]
        if self.asked.number:  # "No. 2 is Op. 18" is about another number
            matches = [match for match in matches if not match[0].startswith("No")]
        # "its opus number is 98"
        right = [match for match in matches if match[0].isdigit() and self.is_whole(match[0])]
        wrong = [match for match in matches if not self.is_whole(match[0])]
        if not matches and self.number:
            wrong = [m for m in HAS_NUMBER.finditer(reading.text) if self.is_other_number(m[1])]
            return [Span(*match.span(1), C) for match in wrong]
        spans = [Span(*match.span(), K) for match in right]
        return spans + [Span(*match.span(), C) for match in wrong]

    @cached_property
    def number(self) -> str:
        """The number of sharps or flats that the key counts; "" for any other key."""
        forms = self.forms[0]
        return forms[0] if len(forms) == 2 and forms[1].rstrip("s") in ("sharp", "flat") else ""

    def is_other_number(self, word: str) -> bool:
        """Whether a word is a number of sharps or flats other than the key's."""
        form = normal(word)
        return form.isdigit() and form != self.number


def without_persons(names: Sequence[Span], text: str) -> list[Span]:
    """Names without those of persons, unless they put something out: `Squarepusher (Tom X)`."""
    return [name for name in names if not is_anybody(text, name)]


def is_anybody(text: str, name: Span) -> bool:
    """Whether a name is a person's of whom nothing says that this is a label."""
    given = text[name.start : name.end]
    if not is_known_person(given) or forms_of(given)[-1] in RULES.companies:
        return False
    before = PUT_OUT.search(text, max(0, name.start - 48), name.start)
    return not (before or IS_LABEL.match(text, name.end))


def is_longer(other: Span, mention: Span) -> bool:
    """Whether a mention of the key is part of another term."""
    longer = other.end - other.start > mention.end - mention.start
    return longer and other.start <= mention.start and mention.end <= other.end
