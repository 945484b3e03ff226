"""Slips of the pen and other romanisations: a name with one letter wrong, or Rachmaninow."""

import re
from functools import lru_cache

# how Russian family names end in the usual romanisations
SLAVIC = re.compile(r"(?:[aeo](?:v|w|ff?)|sk[iy]j?|skii|skiy|[iy](?:ch|tch|tsch|c|cz)|[ijy]an|in)$")
# letters of different romanisations -> one of them; the longer ones first
ROMANISATIONS = (
    *(("schtsch", "h"), ("shch", "h"), ("tsch", "h"), ("tch", "h"), ("sch", "h"), ("ch", "h")),
    *(("sh", "h"), ("kh", "h"), ("zh", "z"), ("cz", "h"), ("ou", "u"), ("ff", "v"), ("w", "v")),
    *(("ks", "x"), ("ij", "i"), ("iy", "i"), ("yi", "i"), ("ii", "i"), ("y", "i"), ("j", "i")),
    *(("z", "s"), ("c", "k"), ("ie", "e"), ("ph", "f")),
)
UMLAUT = re.compile(r"([aou])e(?=[^aeiou])")

# letters that sound alike in some names
ALIKE = [set("aeiouy"), set("ckq"), set("sz"), set("vwf"), set("mn")]


@lru_cache(maxsize=65536)
def romanised(name: str) -> str:
    """A family name in normal form, in the one spelling to which its romanisations come down.

    Tchaikovsky, Chaikovskij and Tschaikowski give the same; so do Haendel and Handel. Names that do
    not end as Russian ones do keep their consonants: Strauss is not Straus.
    """
    if len(name) < 6 or not name.isalpha():
        return name
    name = UMLAUT.sub(r"\1", name)
    if not SLAVIC.search(name):
        return name
    for letters, one in ROMANISATIONS:
        name = name.replace(letters, one)
    name = re.sub(r"(.)\1", r"\1", name)
    return re.sub(r"f$", "v", name)


def one_slip(given: list[str], meant: list[str]) -> bool:
    """Whether the words given are those meant but for one slip in one of them."""
    if len(given) != len(meant):
        return False
    wrong = [(a, b) for a, b in zip(given, meant, strict=True) if a != b]
    if len(wrong) == 2:
        return all(is_slip(a, b, 6) for a, b in wrong)
    if len(wrong) != 1:
        return False
    # a word that stands alone must be longer than one with others that are right
    one, other = sorted(wrong[0], key=len)
    if len(given) > 2 and len(one) > 1 and one + one[-1] == other:  # "Blizzard of Oz"
        return True
    return is_slip(*wrong[0], shortest=8 if len(given) == 1 else 6)


def is_slip(given: str, meant: str, shortest: int) -> bool:
    """One letter doubled, swapped or sounding alike, or, from `shortest` letters, one dropped.

    In a word of nine letters and more, any one may be another.
    """
    if not (given.isalpha() and meant.isalpha()) or given[0] != meant[0]:
        return False
    if len(given) == len(meant):
        differ = [i for i, (a, b) in enumerate(zip(given, meant, strict=True)) if a != b]
        if len(differ) == 1:
            pair = {given[differ[0]], meant[differ[0]]}
            alike = any(pair <= letters for letters in ALIKE)
            return len(meant) >= 9 or (alike and len(meant) >= 7)
        if len(differ) != 2 or differ[1] != differ[0] + 1 or len(meant) < shortest - 2:
            return False
        i, j = differ
        return given[i] == meant[j] and given[j] == meant[i]
    short, long = sorted((given, meant), key=len)
    if len(long) != len(short) + 1:
        return False
    pairs = enumerate(zip(short, long, strict=False))
    extra = next((i for i, (a, b) in pairs if a != b), len(short))  # the letter of `long` too many
    if short[extra:] != long[extra + 1 :]:
        return False
    doubled = long[extra] in (long[extra - 1], long[extra + 1 : extra + 2])
    return len(long) >= (5 if doubled else shortest)
