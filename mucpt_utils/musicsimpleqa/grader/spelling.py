"""Slips of the pen and other romanisations: a name with one wrong letter, or Rachmaninow."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

# how Russian and Greek family names end in the usual romanisations
SLAVIC = re.compile(
    r"(?:[aeo](?:v|w|ff?)|sk[iy]j?|skii|skiy|[iy](?:ch|tch|tsch|c|cz)|[ijy]an|in|enko"
    r"|akis|[iy]dis|iadis|[oó]?poulos)$"
)
# letters of different romanisations -> one of them; the longer ones first
ROMANISATIONS = (
    *(("schtsch", "h"), ("shch", "h"), ("tsch", "h"), ("tch", "h"), ("sch", "h"), ("ch", "h")),
    *(("sh", "h"), ("kh", "h"), ("zh", "z"), ("cz", "h"), ("ou", "u"), ("ff", "v"), ("w", "v")),
    *(("dj", "ts"), ("dz", "ts"), ("tz", "ts")),
    *(("ks", "x"), ("ij", "i"), ("iy", "i"), ("yi", "i"), ("ii", "i"), ("y", "i"), ("j", "i")),
    *(("z", "s"), ("c", "k"), ("ie", "e"), ("ph", "f")),
)
TWICE = re.compile(r"(.)\1")
# how a short given name ends: Danny, Dannie
SHORT_ENDING = re.compile(r"(?:ie|ey|ee|i)$")
UMLAUT = re.compile(r"([aou])e(?=[^aeiou])")

# letters that sound alike in some names
SOUND_ALIKE = [set("ckq"), set("sz"), set("vwf"), set("iy")]
ALIKE = [set("aeiouy"), set("ckq"), set("sz"), set("vwf"), set("mn")]


@lru_cache(maxsize=65536)
def romanised(name: str) -> str:
    """A family name in normal form, in one common spelling of all its romanisations.

    Tchaikovsky, Chaikovskij and Tschaikowski give the same; so do Haendel and Handel. Names that do
    not end as Russian ones do keep their consonants: Strauss is not Straus.
    """
    if len(name) < 6 or not name.isalpha():
        return name
    name = UMLAUT.sub(r"\1", name)
    return one_spelling(name) if SLAVIC.search(name) else name


@lru_cache(maxsize=65536)
def one_spelling(name: str) -> str:
    """A name from Cyrillic letters in normal form, in one of the ways in which it is romanised."""
    for letters, one in ROMANISATIONS:
        if letters in name:
            name = name.replace(letters, one)
    name = TWICE.sub(r"\1", name)
    return name[:-1] + "v" if name[-1:] == "f" else name


@lru_cache(maxsize=4096)
def one_ending(name: str) -> str:
    """A given name in one of its spellings: Dannie and Danny, Elliot and Elliott give the same."""
    return TWICE.sub(r"\1", SHORT_ENDING.sub("y", name)) if len(name) > 3 else name


def one_slip(given: list[str], meant: list[str]) -> bool:
    """Whether the words given are those meant except for one slip in one of them."""
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

    In a word of nine letters or more, any letter may be wrong.
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
    extra = next((i for i, (a, b) in pairs if a != b), len(short))  # the extra letter of `long`
    if short[extra:] != long[extra + 1 :]:
        return False
    doubled = long[extra] in (long[extra - 1], long[extra + 1 : extra + 2])
    return len(long) >= (5 if doubled else shortest)


def is_slip_by_sound(given: str, meant: str) -> bool:
    """Whether a family name is another one's by sound, where the given names are right: `Frazer`.

    One consonant sounds like the other's, or a last `e` or one of two like letters is left out.
    """
    if one_spelling(given) == one_spelling(meant):
        return True
    if min(len(given), len(meant)) < 4 or given[0] != meant[0]:
        return False
    short, long = sorted((given, meant), key=len)
    if len(short) == len(long):
        differ = [{a, b} for a, b in zip(given, meant, strict=True) if a != b]
        return len(differ) == 1 and any(differ[0] <= letters for letters in SOUND_ALIKE)
    return short + "e" == long or TWICE.sub(r"\1", short) == TWICE.sub(r"\1", long)


# --- names written by their sound in Cyrillic letters ---------------------------------------------

CYRILLIC = re.compile(r"[\u0400-\u04ff]")
OPENERS = frozenset({"Это", "Композитор", "Автор", "Группа", "Певец", "Певица", "Город"})
CYRILLIC_NAME = re.compile(r"[\u0410-\u042f\u0401][\u0400-\u04ff]+")
# sounds written in several ways or not at all, each -> its class; vowels are left out
LATIN_SOUNDS = (
    *(
        ("tsch", "k"),
        ("sch", "k"),
        ("tch", "k"),
        ("ch", "k"),
        ("sh", "k"),
        ("dg", "k"),
        ("dj", "k"),
    ),
    *(("ph", "f"), ("th", "t"), ("qu", "kf"), ("x", "ks"), ("ts", "s"), ("tz", "s"), ("sz", "s")),
    *(("ck", "k"), ("gh", "k")),
)
CYRILLIC_SOUNDS = (("дж", "к"), ("тс", "с"))
CLASSES = str.maketrans(
    {
        **{"c": "k", "q": "k", "g": "k", "h": "k", "j": "k", "z": "s", "v": "f", "w": "f"},
        **{
            "б": "b",
            "в": "f",
            "г": "k",
            "ґ": "k",
            "д": "d",
            "ж": "k",
            "з": "s",
            "к": "k",
            "л": "l",
        },
        **{"м": "m", "н": "n", "п": "p", "р": "r", "с": "s", "т": "t", "ф": "f", "х": "k"},
        **{"ц": "s", "ч": "k", "ш": "k", "щ": "k"},
        **dict.fromkeys("aeiouyàèéäöüаеёиоуыэюяйіїєьъ", ""),
    }
)


@lru_cache(maxsize=65536)
def sounds(word: str) -> frozenset[str]:
    """The consonants of a word by classes, in Latin or Cyrillic letters: Giacomo and Джакомо `km`.

    There are two ways for c before e and i, and for a last letter that may be silent.
    """
    word = word.casefold()
    ways = {word}
    if not CYRILLIC.search(word):
        ways |= {re.sub(r"c(?=[eiy])", "s", word), re.sub(r"[dtsxz]$", "", word)}
    codes = set()
    for way in ways:
        for letters, sound in (*LATIN_SOUNDS, *CYRILLIC_SOUNDS):
            way = way.replace(letters, sound)
        codes.add(re.sub(r"(.)\1+", r"\1", way.translate(CLASSES)))
    return frozenset(codes)


def from_cyrillic(text: str, names: Sequence[str]) -> str:
    """A text in which names that sound like one of `names` are replaced by it: Puccini for Пуччини.

    names: in Latin letters. All words of a name, or its last one of three consonants or more,
    if no other name comes before it.
    """
    found = list(CYRILLIC_NAME.finditer(text))
    for name in names:
        parts = [sounds(part) for part in name.split() if part[0].isupper()]
        if not parts:  # "deadmau5": no word begins as a name does
            continue
        for end in range(len(found), 0, -1):
            for length in sorted({len(parts), 1}, reverse=True):
                run = found[max(0, end - length) : end]
                if len(run) == length and is_run(text, run) and sound_alike(run, parts[-length:]):
                    alone = length < len(parts)
                    if alone and (stands_behind_name(text, found, end) or not is_long(parts[-1])):
                        continue
                    new = name.split()[-1] if alone else name
                    return text[: run[0].start()] + new + text[run[-1].end() :]
    return text


def is_run(text: str, run: Sequence[re.Match[str]]) -> bool:
    """Whether names come right after each other."""
    return all(text[a.end() : b.start()] == " " for a, b in pairwise(run))


def sound_alike(run: Sequence[re.Match[str]], parts: Sequence[frozenset[str]]) -> bool:
    """Whether each word has the sounds of the corresponding part of a name."""
    return all(sounds(word[0]) & part for word, part in zip(run, parts, strict=True))


def stands_behind_name(text: str, found: Sequence[re.Match[str]], end: int) -> bool:
    """Whether another name comes right before the one that ends at number `end`."""
    before = found[end - 2 : end]
    return end > 1 and before[0][0] not in OPENERS and is_run(text, before)


def is_long(part: frozenset[str]) -> bool:
    """Whether a name has enough consonants to be recognised by them alone."""
    return min(map(len, part)) >= 3
