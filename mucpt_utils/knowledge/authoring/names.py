"""Names as people and catalogues write them: what two spellings of one name share."""

import re

from mucpt_utils.knowledge.facts import fold

LEADING_ARTICLE = re.compile(r"^(?:the|an|a(?! (?:major|minor)$)) (?=\w)")
ACCIDENTALS = {"♯": "sharp", "#": "sharp", "♭": "flat"}
FORMS = ("concerto", "symphony", "sonata", "quartet", "quintet", "trio", "mass", "overture")
# last parts of a name that are not the family name
SUFFIXES = ("i", "ii", "jr", "sr", "bartholdy")
SCHEMES = {"opus": "op", "o": "op", "kv": "k", "hoboken": "hob"}
CATALOGUE = re.compile(
    r"\b(opus|op|o|bwv|kv|k|hwv|d|hoboken|hob|rv|s|woo|m|sv|wab|trv|p|sz)\b[. ]*"
    r"([ivx]+[a-z]?:)?(\d+[a-z]?)(?:(?:,? *(?:no|nr|n°)[. ]*|/)(\d+))?",
    re.IGNORECASE,
)
KEY = re.compile(r"\bin ([A-G])(?:[ -]?(sharp|flat)|([♯♭]))?[ -](major|minor)\b", re.IGNORECASE)
PLAIN_KEY = re.compile(KEY.pattern.removeprefix(r"\bin "), re.IGNORECASE)


def name_key(text: str, keep_article: bool = False) -> str:
    """What spellings of one name share: case, accents, punctuation and leading article dropped.

    `C♯ minor` and `C-sharp minor` are one key; a name of punctuation only (`!!!`) stays as it is.
    """
    plain = re.sub(r"['’‘`]", "", fold(text).replace("&", " and "))
    plain = re.sub(r"\b([a-g])([♯♭#])", lambda m: f"{m[1]} {ACCIDENTALS[m[2]]} ", plain)
    if not keep_article:
        plain = LEADING_ARTICLE.sub("", plain)
    return " ".join(re.findall(r"[^\W_]+", plain)) or fold(text).strip()


def folded_words(text: str) -> list[str]:
    """Folded words of a text; punctuation counts as a word if there is nothing else (`!!!`)."""
    return name_key(text, keep_article=True).split()


def contains(text: str, part: str) -> bool:
    """Whether the words of `part` appear in `text` consecutively.

    A part of up to three letters must match in case: `In`, a chemical symbol, is not the word
    `in`, nor is the band `Can` the word `can`. Names of punctuation only (`!!!`) match literally.
    """
    if not re.search(r"\w", part):
        return part in text
    if len(part) <= 3:
        return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None
    words, wanted = folded_words(text), folded_words(part)
    last = len(words) - len(wanted)
    return any(words[i : i + len(wanted)] == wanted for i in range(last + 1)) if wanted else False


def surname(name: str) -> str:
    """The family name, for comparison: `J. S. Bach (1685-1750)` gives `bach`."""
    bare = re.sub(r"\(.*|,.*", "", name)
    words = [word for word in name_key(bare).split() if word not in SUFFIXES]
    return words[-1] if words else ""


def catalogue_numbers(text: str) -> set[tuple[str, str, str]]:
    """(scheme, number, number within) of each catalogue mark: `Op. 27, No. 2` is (op, 27, 2)."""
    numbers = set()
    for scheme, series, number, within in CATALOGUE.findall(text):
        name = SCHEMES.get(scheme.lower(), scheme.lower())
        numbers.add((name, (series + number).lower(), within))
    return numbers


def key_name(text: str, plain: bool = False) -> str | None:
    """The first key in a title (`... in B flat major ...` gives `b flat major`), or None.

    plain: the text is the name of a key itself, without `in`.
    """
    match = (PLAIN_KEY if plain else KEY).search(text)
    if not match:
        return None
    letter, word, sign, mode = match.groups()
    accidental = word or ACCIDENTALS.get(sign, "")
    return " ".join(part for part in (letter, accidental, mode) if part).lower()


def work_names(title: str) -> tuple[str, ...]:
    """Names a work may go by: its title without key and catalogue, its nickname, both forms.

    `Piano Concerto no. 5 in E flat major, op. 73, "Emperor"` gives `Piano Concerto no. 5`,
    `Emperor` and `Emperor concerto`.
    """
    nicknames = re.findall(r'["“”]([^"“”]+)["“”]', title)
    base = re.split(r"[,:(\"“]", KEY.sub("", title))[0].strip()
    form = next((word for word in FORMS if word in title.lower()), "")
    names = [base, *nicknames, *(f"{nickname} {form}" for nickname in nicknames if form)]
    return tuple(dict.fromkeys(name for name in names if name))
