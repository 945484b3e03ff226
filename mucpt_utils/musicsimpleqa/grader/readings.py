"""A response as the grader reads it: its words, found once, with a cache for what repeats.

The words of a text are those of its chunks without spaces (`words.words`), and a chunk that
was seen before is not analysed again.
"""

from functools import lru_cache

from mucpt_utils.musicsimpleqa.grader import words as texts
from mucpt_utils.musicsimpleqa.grader.words import MAY_HAVE_N, Word

Place = tuple[str, str, int, int]  # a word of a chunk: form, spelling, start and end
make = tuple.__new__  # makes a word without the checks of its class


@lru_cache(maxsize=65536)
def places_in(stretch: str) -> tuple[Place, ...]:
    """The words of a chunk without spaces."""
    return tuple((word.form, word.raw, word.start, word.end) for word in texts.words(stretch))


@lru_cache(maxsize=64)  # each response is read several times
def words(text: str) -> tuple[Word, ...]:
    """The words of a text, as `words.words` finds them."""
    if MAY_HAVE_N.search(text):  # the n of rock 'n' roll joins chunks
        return texts.words(text)
    result, at = [], 0
    for stretch in text.split():
        at = text.index(stretch, at)
        for form, raw, start, end in places_in(stretch):
            result.append(make(Word, (form, raw, at + start, at + end)))
        at += len(stretch)
    return tuple(result)


def forms_of(text: str) -> list[str]:
    """The normal forms of a text's words."""
    return [word[0] for word in words(text)]


class Reading(texts.Reading):
    """A text with its words, and which of them begin with a capital letter."""

    def __init__(self, text: str):
        self.text = text
        self.words = words(text)
        self.forms = [word[0] for word in self.words]
        self.joined = "".join(self.forms)
        self.capitals = [
            i for i, word in enumerate(self.words) if not word[1].islower() and word.capital
        ]
        self.caseless = text == text.lower() or (len(self.words) > 2 and text == text.upper())


@lru_cache(maxsize=16)
def read(text: str) -> Reading:
    """A text with its words, read once."""
    return Reading(text)
