"""The words that the domain classifier looks for: terms of music, of other fields, of manner.

Documents and terms are read alike: letters in lower case, digits as 0, no punctuation.
A term is one word or two. Names of musicians come from the fact tables; they count only if they
are spelt as they are there, capitals included ("No Doubt" is a band, "no doubt" is not).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.knowledge.facts import load_facts

TERMS = paths.PACKAGE / "pipeline/rules/domain_terms.yaml"
MUSIC, OTHER = "music", "other"
WEAK = "music.weak"  # words of music that other fields use as well
NAMES, FACT_NAMES = "music.names", "music.fact names"
# relations of the fact tables whose objects are musicians
MUSICIANS = {
    *("artist.member", "artist.lead_vocalist", "song.writer", "song.artist", "album.artist"),
    *("album.producer", "classical.composer", "opera.composer", "opera.librettist"),
}

# ASCII as the classifier reads it: letters in lower case, digits as 0, the rest as spaces
ASCII = bytes(
    ord(c.lower()) if c.isalpha() else ord("0") if c.isdigit() else ord(" ")
    for c in map(chr, range(128))
)
PLAIN_BYTES = ASCII + bytes(range(128, 256))
ASCII_BYTES = bytes(range(128))

Tokens = tuple[bytes, ...]


def read_words(text: str) -> list[bytes]:
    """The words of a text in UTF-8: letters in lower case, digits as 0, no punctuation.

    Works on bytes, which takes a tenth of the time that finding words by a pattern would.
    """
    raw = text.encode(errors="replace")
    if not text.isascii():
        for character in set(raw.translate(None, ASCII_BYTES).decode()):
            raw = raw.replace(*beyond_ascii(character))
    return raw.translate(PLAIN_BYTES).replace(b"0", b" 0 ").split()


@lru_cache(maxsize=10_000)
def beyond_ascii(character: str) -> tuple[bytes, bytes]:
    """A non-ASCII character, and what is read in its place: its lower case, 0, or a space."""
    signs = ("0" if c.isdecimal() else c if c.isalnum() else " " for c in character.lower())
    return character.encode(), "".join(signs).encode()


@dataclass(frozen=True)
class Term:
    """A term: how it is shown, the groups it counts for, and its forms as words.

    exact: how the text must spell it; None if spelling does not matter.
    """

    name: str
    groups: tuple[str, ...]
    forms: tuple[Tokens, ...]
    exact: str | None = None

    @cached_property
    def is_weak(self) -> bool:
        """Whether it is a word of music that other fields use as well."""
        return WEAK in self.groups and not self.is_strong

    @cached_property
    def is_strong(self) -> bool:
        """Whether it is a word of music that hardly any other field uses."""
        return any(group.startswith(MUSIC) and group != WEAK for group in self.groups)


def load_terms(names: bool = True) -> list[Term]:
    """Every term, in a fixed order. names: whether those that name a person are among them."""
    groups_of: dict[Tokens, list[str]] = defaultdict(list)
    listed = read_yaml(TERMS)
    for domain in (MUSIC, OTHER):
        for group, words in listed[domain].items():
            if names or f"{domain}.{group}" != NAMES:
                for word in words.split():
                    groups_of[tuple(read_words(word))].append(f"{domain}.{group}")
    forms = with_plurals(groups_of)
    terms = [
        Term(shown(word), tuple(dict.fromkeys(groups)), forms[word])
        for word, groups in groups_of.items()
    ]
    return terms + (fact_names(forms) if names else [])


def with_plurals(words: Mapping[Tokens, list[str]]) -> dict[Tokens, tuple[Tokens, ...]]:
    """Each word with its plural, unless that is in the list itself."""
    forms: dict[Tokens, tuple[Tokens, ...]] = {}
    for word in words:
        more = word[:-1] + (plural(word[-1].decode()).encode(),)
        forms[word] = (word,) if more in words else (word, more)
    return forms


def plural(noun: str) -> str:
    """The regular plural of an English noun; one that ends in `s` stays as it is."""
    if len(noun) < 4 or noun.endswith("s"):
        return noun
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("x", "ch", "sh")) else "s")


def shown(word: Tokens) -> str:
    """Words as a reader sees them."""
    return b" ".join(word).decode()


def fact_names(others: Mapping[Tokens, object]) -> list[Term]:
    """Names of musicians of two words in the fact tables, without a leading `The`."""
    terms: dict[Tokens, Term] = {}
    for name in musicians():
        exact = name.removeprefix("The ")
        words = tuple(read_words(exact))
        if len(words) == 2 and min(map(len, words)) > 1 and words not in others:
            terms.setdefault(words, Term(exact, (FACT_NAMES,), (words,), exact))
    return list(terms.values())


def musicians() -> Iterator[str]:
    """Names that the music facts give to artists, writers, composers, producers."""
    for fact in load_facts(MUSIC):
        if fact.category == "artist":
            yield fact.subject
            yield from fact.subject_aliases
        if fact.relation in MUSICIANS:
            yield fact.object


@lru_cache(maxsize=1)
def style_words() -> frozenset[bytes]:
    """Words of style, which are no evidence of what a text is about."""
    return frozenset(w for word in read_yaml(TERMS)["style"].split() for w in read_words(word))
