"""spaCy's English words as the quality filters count them, for the price of a look-up.

spaCy splits each chunk between white space on its own, and forgets between two documents how it
split one. Here a chunk is split once and its words are remembered, as long as there is room.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from datatrove.utils.typeshelper import Languages
from datatrove.utils.word_tokenizers import SpaCyTokenizer, WordTokenizer, strip_strings

if TYPE_CHECKING:
    from spacy.language import Language

MOST_REMEMBERED = 100_000  # chunks; about 20 MB
LONGEST_REMEMBERED = 100  # characters
# a name internal to spaCy, on which it fails; datatrove removes it from the whole text
STUMBLING_BLOCK = "IS_ALPHA"


class RememberingTokenizer(SpaCyTokenizer):
    """datatrove's English tokenizer, made to remember the words of every chunk."""

    def __init__(self) -> None:
        super().__init__(Languages.english)
        self.words_of: dict[str, tuple[str, ...]] = {}

    def word_tokenize(self, text: str) -> list[str]:
        """The words of a text, white space left out."""
        stretches = text.split()
        if STUMBLING_BLOCK in text or max(map(len, stretches), default=0) > LONGEST_REMEMBERED:
            return super().word_tokenize(text)
        if len(self.words_of) > MOST_REMEMBERED:
            self.words_of.clear()
        if unknown := set(stretches).difference(self.words_of):
            self.learn(unknown)
        words_of = self.words_of
        return [word for stretch in stretches for word in words_of[stretch]]

    @property
    def tokenizer(self) -> "Language":
        """spaCy's English, without the attributes of each new word (whether a URL, a number)."""
        is_new = self._tokenizer is None
        english = super().tokenizer
        if is_new:
            english.vocab.lex_attr_getters = {}
        return english

    def learn(self, stretches: set[str]) -> None:
        """Splits chunks that are not known yet; most are a single word, unless a rule splits it."""
        cut: Any = self.tokenizer.tokenizer
        plain = {s for s in stretches if s.isascii() and s.isalpha() and s not in cut.rules}
        self.words_of.update((stretch, (stretch,)) for stretch in plain)
        # spaCy frees what it stores of the strings at the end of the zone
        with self.tokenizer.memory_zone():
            for stretch in stretches - plain:
                tokens = [token.text for token in cut(stretch)]
                self.words_of[stretch] = tuple(strip_strings(tokens))


class NoWords(WordTokenizer):
    """Finds no words, for a filter whose rules on words were decided before."""

    def word_tokenize(self, text: str) -> list[str]:
        return []

    sent_tokenize = span_tokenize = word_tokenize


@cache
def english_tokenizer() -> RememberingTokenizer:
    """The tokenizer that all filters of a process share."""
    return RememberingTokenizer()
