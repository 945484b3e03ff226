"""Whether two answers mean the same: names, surnames, cities, keys, catalogue numbers, genres."""

from collections.abc import Callable, Sequence

from mucpt_utils.knowledge.authoring.names import (
    catalogue_numbers,
    folded_words,
    key_name,
    name_key,
    surname,
)

# words that do not tell one label, genre or band from another
IDLE = {"music", "records", "recordings", "record", "the", "and", "company", "entertainment"}


def agrees(relation: str, ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Whether any of our forms means the same as any of theirs; None where they do not compare."""
    if relation == "classical.catalogue":
        return same_catalogue(ours, theirs)
    compare = COMPARERS.get(relation, same_name)
    return any(compare(our, their) for our in ours for their in theirs)


def same_catalogue(ours: Sequence[str], theirs: Sequence[str]) -> bool | None:
    """Same number in a catalogue that both use; a number within an opus may be left out."""
    pairs = [
        (a, b)
        for our in ours
        for their in theirs
        for a in catalogue_numbers(our)
        for b in catalogue_numbers(their)
        if a[0] == b[0]
    ]
    if not pairs:
        return None
    return any(a[1] == b[1] and (a[2] == b[2] or not (a[2] and b[2])) for a, b in pairs)


def same_name(ours: str, theirs: str) -> bool:
    """Equal but for case, accents, signs and a leading article."""
    return name_key(ours) == name_key(theirs)


def same_surname(ours: str, theirs: str) -> bool:
    """`J. S. Bach` is `Johann Sebastian Bach`."""
    return surname(ours) == surname(theirs)


def same_city(ours: str, theirs: str) -> bool:
    """`Tupelo` is `Tupelo, Mississippi`."""
    return name_key(ours.split(",")[0]) == name_key(theirs.split(",")[0])


def same_key(ours: str, theirs: str) -> bool:
    """`C-sharp minor` is `C♯ minor`."""
    return key_name(ours, plain=True) == key_name(theirs, plain=True)


def same_or_narrower(ours: str, theirs: str) -> bool:
    """One name's words are among the other's: `rock` and `alternative rock music`."""
    mine, yours = set(folded_words(ours)) - IDLE, set(folded_words(theirs)) - IDLE
    return bool(mine and yours) and (mine <= yours or yours <= mine)


COMPARERS: dict[str, Callable[[str, str], bool]] = {
    "classical.composer": same_surname,
    "opera.composer": same_surname,
    "classical.key": same_key,
    "artist.birthplace": same_city,
    "artist.genre": same_or_narrower,
    "album.label": same_or_narrower,
    "album.artist": same_or_narrower,
    "song.artist": same_or_narrower,
}
