"""Words of a text in a normal form: case, accents, inner signs and synonyms levelled."""

import re
import unicodedata
from functools import cached_property, lru_cache
from typing import NamedTuple

from mucpt_utils import paths
from mucpt_utils.io import read_yaml

FORMS = read_yaml(paths.PACKAGE / "musicsimpleqa/word_forms.yaml")
LETTERS = str.maketrans(FORMS["symbols"] | FORMS["letters"])
QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "⁄": "/", "´": "'", "−": "-"})
ARTICLES = ("the", "a", "an")
# initials with their dots (R.E.M.), or letters and digits with signs inside (P!nk, Rock'n'Roll)
WORD = re.compile(
    r"(?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?"
    r"|[^\W_](?:[^\W_]|['!$@€](?=[^\W_]))*"
    r"|\$(?=\w)"
)
# the n of rock 'n' roll, between two words
N_FOR_AND = re.compile(r"(?<=\w)\s*'\s?n\s?'\s*(?=\w)|(?<=\w)\s+'?n'?\s+(?=\w)", re.IGNORECASE)
MAY_HAVE_N = re.compile(r"[\s'][nN][\s']")
THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Word(NamedTuple):
    """A word of a text: its normal form, as it is written, and where it stands."""

    form: str
    raw: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter."""
        return self.raw[0].isupper()


class Reading:
    """A text with its words."""

    def __init__(self, text: str):
        self.text = text
        self.words = words(text)

    @cached_property
    def caseless(self) -> bool:
        """Whether the text has no capitals, so that none tells a name from a word."""
        return self.text == self.text.lower()

    def gap(self, index: int) -> str:
        """What stands between a word and the next one; a full stop behind the last word."""
        if index + 1 >= len(self.words):
            return "."
        return self.text[self.words[index].end : self.words[index + 1].start]


def clean(response: str) -> str:
    """The response on one line in NFKC, without thoughts, markup and curly quotes."""
    text = response
    if not text.isascii():
        # NFKC turns accents into spaces and combining marks, and some symbols into letters
        text = unicodedata.normalize("NFKC", text).translate(QUOTES)
    if "<" in text:
        text = THOUGHT.sub("", text)
    if "\n" in text:
        text = re.sub(r"(?<=[:,]) *\s*\n\s*", " ", text.strip())
        text = re.sub(r"[.]?\s*\n\s*(?:[-*•] )?", ". ", text)
    if "*" in text or "`" in text or "_" in text:
        text = text.replace("**", "").replace("`", "").replace("__", "")
    return text.strip()


@lru_cache(maxsize=65536)
def normal(word: str) -> str:
    """The normal form of one word: case, accents, inner signs and synonyms levelled.

    `Björk` gives `bjork`, `P!nk` gives `pink`, `R.E.M.` gives `rem`, `Opus` gives `op`.
    """
    form = word.casefold().replace(".", "").replace("'", "").translate(LETTERS)
    if not form.isascii():
        decomposed = unicodedata.normalize("NFKD", form)
        form = "".join(char for char in decomposed if not unicodedata.combining(char))
    form = FORMS["synonyms"].get(form, form)
    form = FORMS["ordinal_words"].get(form, form)
    return str(FORMS["number_words"].get(form, form))


@lru_cache(maxsize=16)  # one response is read several times
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


def without_article(forms: list[str]) -> list[str]:
    """The forms without a leading article, unless there is nothing else (`The The`)."""
    if forms and forms[0] in ARTICLES and any(form not in ARTICLES for form in forms):
        return forms[1:]
    return forms
