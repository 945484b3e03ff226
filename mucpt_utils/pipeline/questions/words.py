"""Words in a form in which a question and its paraphrase agree.

`Beethoven's Fifth`, `beethovens 5th` and `Beethoven No. 5` are the same words; so are `B♭ major`
and `B-flat major`, `Chansons d'amour` and `chansons damour`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

# letters that Unicode does not decompose
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"}
    | {"ʻ": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "♭": " flat ", "♯": " sharp "}
)
# words; and punctuation between spaces, since !!! is a band
WORD = re.compile(r"[^\W_]+(?::[^\W_]+)*|(?<!\S)[^\w\s]{2,}(?!\S)")
POSSESSIVE = re.compile(r"(?<=\w)'s?(?!\w)")
INITIALS = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?|\b(?:[a-z]\. ){2,}(?=\w)")
DROPPED_G = re.compile(r"(?<=\win)'(?!\w)")

NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
ORDINALS = (
    *("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"),
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth"),
)
ROMAN = ("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii", "xiii", "xiv", "xv", "xvi")
ROMAN_VALUES = (2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16)
# a spelt-out number counts only after `number`: a concerto for two pianos is not the second
CARDINALS = {word: str(value) for value, word in enumerate(NUMBERS)}
# from thirteen on, numbers are figures anywhere: Music for Eighteen Musicians
LARGE = {word: value for word, value in CARDINALS.items() if int(value) > 12}
TENS = dict(
    zip(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
        map(str, range(20, 100, 10)),
        strict=True,
    )
)
DIGITS = {
    **{word: str(value) for value, word in enumerate(ORDINALS) if word},
    **{word: str(value) for word, value in zip(ROMAN, ROMAN_VALUES, strict=True)},
    **LARGE,
    **TENS,
}
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
# `first` before one of these is a time, not a number
AFTER_FIRST = re.compile(
    r"\w+ed|heard|shown|given|come|came|out|sung|appear|premiere|release|hit|see|seen|play|time"
    r"|perform|performance|stage|staging"
)
NUMBER_SIGNS = {"no", "nr", "num", "number"}
# before a spelt-out number these make it figures, and stay: scale degree two
COUNTED = {"degree", "step"}
UNITS = "one|two|three|four|five|six|seven|eight|nine"
TEN = "ten|eleven|twelve|" + "|".join((*LARGE, *TENS))
# `nineteen seventy-nine`, `seventeen eighty`, `nineteen oh four`
SPELT_YEAR = re.compile(
    rf"\b(fifteen|sixteen|seventeen|eighteen|nineteen|twenty)[ -](?:hundred (?:and )?)?"
    rf"(?:({TEN})(?:[ -]({UNITS}))?|(?:oh|o)[ -]({UNITS}))\b",
    re.I,
)
CENTURY = re.compile(r"[Tt](?:een|wenty)[ -]")
# figures run into the letters of a catalogue: `D960`, `BWV582`
RUN_IN = re.compile(r"\b(op|bwv|kv?|d|rv|hwv|hob|woo)(\d{1,4})\b(?!:)")
BORN = re.compile(r"\bb\.?(?=\s{0,2}(?:_|\[|\(\?|\?))")

# terms of music theory, each treated as one word in any context
STEP = "unison|second|third|fourth|fifth|sixth|seventh|octave|2nd|3rd|4th|5th|6th|7th"
INTERVAL = re.compile(
    rf"\b(maj(?:or)?|min(?:or)?|perf(?:ect)?|aug(?:m|mented)?|dim(?:inished)?)\.?[\s-]({STEP})s?\b",
    re.I,
)
QUALITIES = {"maj": "major", "min": "minor", "per": "perfect", "aug": "augmented"}
QUALITIES |= {"dim": "diminished"}
# accidentals that are counted or named, not those of a note: `2♯`, `♯ or ♭`
COUNTED_SIGN = re.compile(r"(?:(?<!\w)(\d)[ ]?|(?<![^\W_]))([♭♯])(?!\w)")
SIGNS = {"♭": "flats", "♯": "sharps"}
# '97 and "in 97"
SHORT_YEAR = re.compile(r"(?:(?<!\w)['’‘]|(?<=\b[Ii]n )(?=[5-9]))(\d\d)(?![\w'’%.,:/-]*\d)(?!\w)")
NOTE_VALUE = re.compile(
    r"\b(double[ -]whole|whole|half|quarter|eighth|8th|sixteenth|16th|thirty[ -]second|32nd"
    r"|sixty[ -]fourth|64th)[\s-]?notes?\b",
    re.I,
)
# the note A is no article: a capital letter, or the only case there is
KEY = re.compile(
    r"\b([A-G]|(?<![A-Za-z])[b-g])(?:(b|#)|[\s-]{0,2}(flat|sharp))?(?:[\s-]{1,3}(major|minor|natural|maj|min)s?)\b(?!:\w)"
    r"|\b([A-G])(?:(b|#)(?!\w)|[\s-]{0,2}(flat|sharp)\b(?!:\w))",
    re.I,
)
# a key named by its note alone is major
KEY_OF_NOTE = re.compile(
    r"\b((?:key|scale|dominant|relative minor) of )([A-G])(b|#|[ -](?:flat|sharp))?"
    r"(?![\w#'’]|[ -]?(?:flat|sharp|maj|min|natural))",
    re.I,
)
OF_THE_YEAR = re.compile(r"\b(\w+) of (?:the )?(?:year|yr)\b", re.I)
# `Bbm`, `F#m`, `Em`: minor
SHORT_MINOR = re.compile(r"(?<![\w#])([A-G][b#]|[B-G])m(?![\w'’])")
SAME = re.compile(r"\b(?:academy awards?|half[ -]?steps?|half[ -]tones?|semi[ -]tones?)\b")
ABBREVIATED = {
    **{"saint": "st", "sergeant": "sgt", "mister": "mr", "mount": "mt", "versus": "vs"},
    **{"part": "pt", "volume": "vol", "opus": "op", "featuring": "feat", "ft": "feat"},
    **{"grammies": "grammy", "colour": "color", "theater": "theatre"},
    **{"cto": "concerto", "conc": "concerto", "vln": "violin", "vcl": "cello", "pno": "piano"},
    **{"vn": "violin", "vc": "cello", "mvt": "movement", "mvmt": "movement"},
    **{"gtr": "guitar", "drs": "drum", "drm": "drum", "tpt": "trumpet", "orch": "orchestra"},
    **{"wich": "which", "whitch": "which", "whcih": "which", "waht": "what", "wut": "what"},
    **{"hwo": "who", "woh": "who", "wher": "where", "wen": "when", "yeer": "year"},
    # who'd, where'd, who've, who'll
    **{"whod": "who", "whatd": "what", "whered": "where", "whend": "when", "howd": "how"},
    **{"whove": "who", "wholl": "who"},
    **{"street": "st", "symph": "symphony", "sym": "symphony", "qt": "quartet"},
}


def fold(text: str) -> str:
    """Lower case, without accents; other special letters as they are spelt without them."""
    text = text.casefold()
    if text.isascii():
        return text.replace("`", "'")
    text = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(c for c in text if not unicodedata.combining(c)).translate(LETTERS)


def words(text: str) -> list[str]:
    """The words of a text in the form used for comparison; a term of theory is one word."""
    text = fold(with_terms(text))
    text = RUN_IN.sub(r"\1 \2", BORN.sub("born", text))
    text = DROPPED_G.sub("g", INITIALS.sub(joined_initials, text))
    text = SAME.sub(
        lambda m: "oscar" if m.group().startswith("academy") else "semitone",
        POSSESSIVE.sub("", text),
    )
    return numbered([ABBREVIATED.get(w, singular(w)) for w in WORD.findall(text.replace("'", ""))])


def joined_initials(match: re.Match) -> str:
    """Initials as one word: `b. b. king` and `b.b. king` as `bb king`."""
    letters = match.group()
    return letters.replace(".", "").replace(" ", "") + " " * letters.endswith(" ")


def with_terms(text: str) -> str:
    """The text with each term of theory written as one word: `d:major`, `major:2`, `half:note`."""
    if "♭" in text or "♯" in text:
        text = COUNTED_SIGN.sub(lambda m: f"{m[1] or ''} {SIGNS[m[2]]} ", text)
        text = text.replace("♭", "b").replace("♯", "#")
    text = SHORT_YEAR.sub(lambda m: f"{'20' if m[1] < '30' else '19'}{m[1]}", text)
    text = INTERVAL.sub(
        lambda m: f"{QUALITIES[m[1][:3].lower()]}:{DIGITS.get(m[2].lower(), m[2][:1])}", text
    )
    text = NOTE_VALUE.sub(lambda m: f"{note_value(m[1])}:note", text)
    text = OF_THE_YEAR.sub(r"\1:year", with_years_in_figures(text))
    text = SHORT_MINOR.sub(r"\1 minor", text)
    text = KEY_OF_NOTE.sub(r"\1\2\3 major", text)
    return KEY.sub(written_key, text)


def note_value(name: str) -> str:
    """`sixteenth` and `16th` as 16; `double whole` as one word."""
    name = re.sub(r"[ -]|th$|nd$", "", name.lower())
    return {"eigh": "8", "sixteen": "16", "thirtysecond": "32", "sixtyfour": "64"}.get(name, name)


def written_key(match: re.Match) -> str:
    """A key or note as one word; the article `a` is left as it is."""
    letter, sign, accidental, mode, lone, lone_sign, lone_accidental = match.groups()
    letter = letter or lone
    sign, accidental = sign or lone_sign, accidental or lone_accidental
    cased = match.string != match.string.lower()
    if letter == "a" and match.string.endswith("degree of ", 0, match.start()):
        return match.group()  # the second degree of a major scale
    if letter == "a" and cased or (letter in "bcdefg" and lone and cased):
        return match.group()
    accidental = (accidental or {"b": "flat", "#": "sharp"}.get((sign or "").lower(), "")).lower()
    mode = (mode or "").lower()
    mode = {"maj": "major", "min": "minor"}.get(mode, mode)
    return ":".join(part for part in (letter, accidental, mode) if part)


def with_years_in_figures(text: str) -> str:
    """The text with its spelt-out years in figures."""
    return SPELT_YEAR.sub(spelt_year, text) if CENTURY.search(text) else text


# intervals in short, in a text about intervals: M6, m3, P5
SHORT_INTERVAL = re.compile(r"(?<![\w#])(?:(M|maj)|(m|min)|(P)|(A|aug)|(d|dim)) ?([2-8])(?![\w.])")
QUALITY_NAMES = ("major", "minor", "perfect", "augmented", "diminished")
ABOUT_INTERVALS = re.compile(
    r"semi-?tone|half[ -]?(?:step|tone)|interval|inver(?:t|sion)|\bflip", re.I
)


def with_intervals(text: str) -> str:
    """A short text about intervals with their short names written out: `M6` as a major 6th."""
    return SHORT_INTERVAL.sub(written_interval, text) if ABOUT_INTERVALS.search(text) else text


def written_interval(match: re.Match) -> str:
    """`m3` as `minor third`."""
    quality = next(n for n, part in zip(QUALITY_NAMES, match.groups(), strict=False) if part)
    return f"{quality} {ORDINALS[int(match[6])]}" if int(match[6]) < 8 else f"{quality} octave"


def spelt_year(match: re.Match) -> str:
    """A year in figures: `nineteen seventy-nine` as 1979."""
    century, ten, unit, lone = (part.lower() if part else "" for part in match.groups())
    rest = int(CARDINALS.get(ten) or TENS.get(ten) or 0) + int(CARDINALS.get(unit or lone, 0))
    return f"{CARDINALS[century]}{rest:02}"


def numbered(tokens: Sequence[str]) -> list[str]:
    """Numbers in digits, without `no` before them: `symphony no 5` as `symphony 5`."""
    figures: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        if figures and figures[-1] in NUMBER_SIGNS:
            token = CARDINALS.get(token, token)
            if is_small(token):
                figures.pop()
        if figures and figures[-1] in COUNTED:
            token = CARDINALS.get(token, token)
        if token == "first" and AFTER_FIRST.fullmatch(following):
            figures.append(token)
        elif match := ORDINAL.fullmatch(token):
            figures.append(match[1])
        else:
            figures.append(DIGITS.get(token, token))
    return figures


def is_small(token: str) -> bool:
    """Whether a word is a number of one to three digits."""
    return token.isdigit() and len(token) <= 3


RAW_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|(?<!\S)[^\w\s]{2,}(?!\S)")
MOST_FORMS = 200_000


class RawForms(dict[str, str]):
    """The form of each word of a text, with a bounded cache."""

    def __missing__(self, raw: str) -> str:
        if len(self) >= MOST_FORMS:
            self.clear()
        word = raw.lower() if raw.isascii() else fold(raw)
        if "'" in word:
            word = POSSESSIVE.sub("", word).replace("'", "")
        word = singular(word or raw)
        if word[0].isdigit() and (match := ORDINAL.fullmatch(word)):
            word = match[1]
        word = ABBREVIATED.get(word, word)
        self[raw] = word = DIGITS.get(word, word)
        return word


FORM = RawForms()


def raw_words(text: str) -> set[str]:
    """The words of a text, each by itself: quick, and enough to rule out what is not in it."""
    return set(map(FORM.__getitem__, RAW_WORD.findall(text)))


@cache
def singular(word: str) -> str:
    """The word without the s of a plural, or of a possessive that lost its apostrophe.

    Russian names in -off are those in -ov.
    """
    if word.endswith(("noff", "koff", "ieff", "moff")):
        word = word[:-2] + "v"
    if (
        len(word) > 3
        and word[-1] == "s"
        and (word[-2] != "s" or len(word) > 6 and word[-3] not in "aeiou")
    ):
        return word.rstrip("s") or word
    return word


@cache
def stem(word: str) -> str:
    """The word without the endings that tell `composed` from `composer` and `composes`."""
    if ":" in word:
        return word
    for ending in ("ings", "ing", "ers", "ors", "er", "or", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def is_term(token: str) -> bool:
    """Whether a word is a term of theory such as `d:major`, which names one thing alone."""
    return ":" in token


@dataclass(frozen=True)
class Words:
    """A piece of text with its words; `capitals` are those that begin with a capital letter."""

    text: str
    forms: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Words":
        """The words of a text."""
        return cls(text, tuple(words(text)))

    @cached_property
    def positions(self) -> dict[str, list[int]]:
        """The places of each word."""
        places: dict[str, list[int]] = {}
        for index, form in enumerate(self.forms):
            places.setdefault(form, []).append(index)
        return places

    @cached_property
    def cased(self) -> bool:
        """Whether capital letters mean anything: not if all is lower case, or all is capitals."""
        others = re.sub(r"\bI\b", "", self.text)
        return others != others.lower() and others != others.upper()

    @cached_property
    def is_quoted(self) -> bool:
        """Whether it begins with a quotation mark that ends before its end."""
        return re.match(r"\W*[\"“‘'*_][^\"”*_]{1,80}[\"”*_’']", self.text) is not None

    @cached_property
    def capitals(self) -> frozenset[str]:
        """Words that begin with a capital letter or are in quotation marks."""
        raw = re.findall(
            r"(?<!\w)[A-ZÀ-ÞĀ-Ž]\S*|(?<!\w)[\"“*_‘'][^\"”*_]{1,80}[\"”*_’']", self.text
        )
        return frozenset(words(" ".join(raw)))


def without(tokens: Iterable[str], others: Iterable[str]) -> list[str]:
    """The tokens without the others, each removed as often as it occurs there."""
    gone = Counter(others)
    rest = []
    for token in tokens:
        if gone[token] > 0:
            gone[token] -= 1
        else:
            rest.append(token)
    return rest
