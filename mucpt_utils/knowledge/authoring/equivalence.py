"""Whether two answers mean the same: names, surnames, cities, keys, catalogue numbers, genres."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

from mucpt_utils.knowledge.authoring.names import (
    catalogue_numbers,
    folded_words,
    key_name,
    name_key,
    surname,
)

# relation -> what two answers of equal meaning have in common, where that is not the whole name
KEYS: dict[str, Callable[[str], str | None]] = {
    "classical.composer": surname,
    "opera.composer": surname,
    "classical.key": partial(key_name, plain=True),
    # `Tupelo` is `Tupelo, Mississippi`
    "artist.birthplace": lambda name: name_key(name.split(",")[0]),
}
# relations whose answers may be narrower or wider: `rock` and `alternative rock music`
NESTED = {"artist.genre", "album.label", "album.artist", "song.artist"}
# words that do not tell one label, genre or band from another
IDLE = {"music", "records", "recordings", "record", "the", "and", "company", "entertainment"}


def agrees(relation: str, ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Whether any of our forms means the same as any of theirs; None if they cannot be compared."""
    if relation == "classical.catalogue":
        return same_catalogue(ours, theirs)
    if relation in NESTED:
        return any(is_nested(our, their) for our, their in product(ours, theirs))
    key = KEYS.get(relation, name_key)
    return any(key(our) == key(their) for our, their in product(ours, theirs))


def is_nested(one: str, other: str) -> bool:
    """Whether the words of one name are among the other's."""
    words, others = set(folded_words(one)) - IDLE, set(folded_words(other)) - IDLE
    return bool(words and others) and (words <= others or others <= words)


def same_catalogue(ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Whether both have one number in a shared catalogue; the number within an opus is optional."""
    pairs = [
        (a, b)
        for our, their in product(ours, theirs)
        for a, b in product(catalogue_numbers(our), catalogue_numbers(their))
        if a[0] == b[0]
    ]
    if not pairs:
        return None
    return any(a[1] == b[1] and (a[2] == b[2] or not (a[2] and b[2])) for a, b in pairs)
