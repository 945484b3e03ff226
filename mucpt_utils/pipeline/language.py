"""Which documents are in a language other than English, by their function words, offline.

spaCy ships lists of function words for some sixty languages. A text is in another language if
words on that language's list (except those shared with English) outnumber the English ones, if
most of its letters are not Latin, or if it has no English one and many words with accents. Lists
of names, tables and indexes have few function words of any language, and are kept.
"""

import re
from collections import Counter
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from runpy import run_path

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

ENGLISH = "en"
REASON = "other language"
WORD = re.compile(r"[^\W\d_]{2,}")
LETTERS = re.compile(r"[^\W\d_]+")
LATIN = re.compile(r"[A-Za-z\u00aa-\u024f\u1e00-\u1eff]+")
# function words of one language that a text must hold, in number and as a share of its words
FEWEST, LEAST_SHARE = 3, 0.12
LEAST_LATIN = 0.5
# words in small letters of a text without English function words, and the share with accents
FEWEST_WORDS, LEAST_ACCENTED = 5, 0.2
UNKNOWN = "und"  # ISO 639: undetermined


class OtherLanguage(BaseFilter):
    """Drops documents in a language other than English, and notes which."""

    name = "🗣 other languages"

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        language = other_language(doc.text)
        if language is None:
            return True
        doc.metadata["filter_detail"] = {
            "language": language,
            "triggers": function_word_spans(doc.text, language),
        }
        return False, REASON


MOST_SHOWN = 50  # words of another language that are marked in a rejected document


def function_word_spans(text: str, language: str) -> list[list[int]]:
    """[start, end] of the first function words of a language in a text."""
    _, others = function_words()
    spans = (list(m.span()) for m in WORD.finditer(text) if language in others.get(m.group(), ()))
    return list(islice(spans, MOST_SHOWN))


def other_language(text: str) -> str | None:
    """The language of a text if not English (`de`; `und` if none is told); `script` if not in Latin
    letters; else None."""
    if not text.isascii():
        letters = sum(map(len, LETTERS.findall(text)))
        if letters and sum(map(len, LATIN.findall(text))) / letters < LEAST_LATIN:
            return "script"
    english, others = function_words()
    # names and first words of lines have capitals, which function words seldom do
    words = [word for word in WORD.findall(text) if not word[0].isupper()]
    counts = Counter(code for word in words for code in others.get(word, ()))
    code, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(UNKNOWN, 0))
    of_english = sum(word in english for word in words)
    is_other = count >= FEWEST and count >= LEAST_SHARE * len(words) and count > of_english
    accented = sum(not word.isascii() for word in words)
    is_accented = len(words) >= FEWEST_WORDS and accented >= LEAST_ACCENTED * len(words)
    return code if is_other or (is_accented and of_english == 0) else None


def english_words(text: str) -> int:
    """How many words of a text are English function words, in upper or lower case."""
    english, _ = function_words()
    return sum(word.lower() in english for word in WORD.findall(text))


@cache
def function_words() -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """English function words, and the languages of every function word that is not English too."""
    # each list by itself: importing its package loads tables and patterns for five seconds
    spec = find_spec("spacy")
    assert spec is not None and spec.submodule_search_locations, "it is a dependency"
    languages = Path(spec.submodule_search_locations[0], "lang")
    lists = {
        file.parent.name: {word.lower() for word in run_path(str(file))["STOP_WORDS"]}
        for file in languages.glob("*/stop_words.py")
    }
    english = lists.pop(ENGLISH)
    others: dict[str, tuple[str, ...]] = {}
    for code, words in sorted(lists.items()):
        for word in words - english:
            others[word] = (*others.get(word, ()), code)
    return frozenset(english), others
