"""Words of a text in a normal form: without case, accents, inner signs and synonyms."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from mucpt_utils import paths
from mucpt_utils.io import read_yaml

FORMS = read_yaml(paths.PACKAGE / "musicsimpleqa/grader/word_forms.yaml")
LETTERS = str.maketrans(FORMS["symbols"] | FORMS["letters"])
QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "⁄": "/", "´": "'", "−": "-"})
ARTICLES = ("the", "a", "an")
# Cyrillic letters in the usual English transliteration
CYRILLIC = str.maketrans(FORMS["cyrillic"])
# function words inside names
LINKS = frozenset({"of", "the", "de", "van", "von", "du", "la", "le", "der", "da", "di", "del"})
# initials with their dots (R.E.M.), or letters and digits with signs inside (P!nk, Rock'n'Roll)
WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?"
    r"|[^\W_](?:[^\W_]|['!$@€](?=[^\W_]))*"
    r"|\$(?=\w)"
)
# the n of rock 'n' roll, between two words
N_FOR_AND = re.compile(r"(?<=\w)\s*'\s?n\s?'\s*(?=\w)|(?<=\w)\s+'?n'?\s+(?=\w)", re.IGNORECASE)
# an A that is a letter or a note
NO_ARTICLE = re.compile(r"\W*a(?:[-&]\S|[ -]?(?:flat|sharp|major|minor|dur|moll)\b)", re.IGNORECASE)
MAY_HAVE_N = re.compile(r"[\s'][nN][\s']")


class Word(NamedTuple):
    """A word of a text: its normal form, its spelling, and where it is."""

    form: str
    raw: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter, as `fIREHOSE` does behind its first one."""
        return self.raw[0].isupper() or self.raw[1:2].isupper()


class Reading:
    """A text with its words."""

    def __init__(self, text: str):
        self.text = text
        self.words = words(text)
        # the forms of all words, without spaces
        self.joined = "".join([word.form for word in self.words])
        # whether case means nothing: no capitals, or several words in capitals only
        self.caseless = text == text.lower() or (len(self.words) > 2 and text == text.upper())

    def begins_sentence(self, index: int) -> bool:
        """Whether a word is the first one of a sentence."""
        if not index:
            return True
        between = self.text[self.words[index - 1].end : self.words[index].start]
        return any(sign in ".!?:" for sign in between)

    def ends_sentence(self, index: int) -> bool:
        """Whether a word is the last one of a sentence."""
        return any(sign in ".!?" for sign in self.gap(index))

    def gap(self, index: int) -> str:
        """The text between a word and the next one; a full stop after the last word."""
        if index + 1 >= len(self.words):
            return "."
        return self.text[self.words[index].end : self.words[index + 1].start]


def clean(name: str) -> str:
    """A name in NFKC with straight quotes."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name).translate(QUOTES)
    return name.strip()


def lower(text: str) -> str:
    """A text in lower case, with every character in its place."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


@lru_cache(maxsize=65536)
def normal(word: str) -> str:
    """The normal form of one word: without case, accents, inner signs and synonyms.

    `Björk` gives `bjork`, `P!nk` gives `pink`, `R.E.M.` gives `rem`, `Opus` gives `op`.
    """
    form = word.casefold().replace(".", "").replace("'", "").translate(LETTERS)
    if not form.isascii():
        form = form.translate(CYRILLIC)
        decomposed = unicodedata.normalize("NFKD", form)
        form = "".join(char for char in decomposed if not unicodedata.combining(char))
    form = FORMS["synonyms"].get(form, form)
    form = FORMS["ordinal_words"].get(form, form)
    return str(FORMS["number_words"].get(form, form))


@lru_cache(maxsize=16)  # each response is read several times
def words(text: str) -> tuple[Word, ...]:
    """The words of a text without `and`, `&`, the `n` of rock 'n' roll and the `'s` of Bach's."""
    if MAY_HAVE_N.search(text):
        # the same length, so that positions in the text stay right
        text = N_FOR_AND.sub(lambda match: " " * len(match[0]), text)
    result = []
    for match in WORD.finditer(text):
        raw, end = match[0], match.end()
        if raw[-2:] == "'s" and len(raw) > 3:
            raw, end = raw[:-2], end - 2
        form = normal(raw)
        if form != "and":
            result.append(Word(form, raw, match.start(), end))
    return tuple(result)


def forms_of(text: str) -> list[str]:
    """The normal forms of a text's words."""
    return [word.form for word in words(text)]


def without_article(forms: list[str], text: str) -> list[str]:
    """The forms of a text without a leading article, unless there is nothing else (`The The`).

    The A of `A-ha` and of `A minor` is no article.
    """
    if not forms or forms[0] not in ARTICLES or all(form in ARTICLES for form in forms):
        return forms
    return forms if NO_ARTICLE.match(text) else forms[1:]
