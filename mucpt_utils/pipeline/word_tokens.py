"""spaCy's English words as the quality filters count them, at the price of a look-up.

spaCy cuts each stretch between white space on its own, and forgets between two documents how it has
cut one. Here a stretch is cut once and its words are remembered, as long as there is room.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from datatrove.utils.typeshelper import Languages
from datatrove.utils.word_tokenizers import SpaCyTokenizer, WordTokenizer, strip_strings

if TYPE_CHECKING:
    from spacy.language import Language

MOST_REMEMBERED = 100_000  # stretches; some 20 MB
LONGEST_REMEMBERED = 100  # characters
# a name of spaCy's own, on which it stumbles, and which datatrove takes out of the whole text
STUMBLING_BLOCK = "IS_ALPHA"


class RememberingTokenizer(SpaCyTokenizer):
    """datatrove's English tokenizer, which remembers the words of every stretch."""

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
        """spaCy's English, without what it would note of each new word (is it a URL, a number)."""
        is_new = self._tokenizer is None
        english = super().tokenizer
        if is_new:
            english.vocab.lex_attr_getters = {}
        return english

    def learn(self, stretches: set[str]) -> None:
        """Cuts stretches that are not known yet; most are a word, which only a rule would cut."""
        cut: Any = self.tokenizer.tokenizer
        plain = {s for s in stretches if s.isascii() and s.isalpha() and s not in cut.rules}
        self.words_of.update((stretch, (stretch,)) for stretch in plain)
        # what spaCy keeps of the strings goes when the zone is left
        with self.tokenizer.memory_zone():
            for stretch in stretches - plain:
                tokens = [token.text for token in cut(stretch)]
                self.words_of[stretch] = tuple(strip_strings(tokens))


class NoWords(WordTokenizer):
    """Finds no word, for a filter whose rules on words have been settled before."""

    def word_tokenize(self, text: str) -> list[str]:
        return []

    sent_tokenize = span_tokenize = word_tokenize


@cache
def english_tokenizer() -> RememberingTokenizer:
    """The tokenizer that all filters of a process share."""
    return RememberingTokenizer()
