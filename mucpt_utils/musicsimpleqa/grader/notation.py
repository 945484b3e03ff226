"""Terms of music in one notation: keys of other languages, accidentals, catalogue numbers."""

import re
from functools import lru_cache

from mucpt_utils.musicsimpleqa.grader.numbers import in_digits

SHARP = re.compile(r"\b([A-Ga-g])\s?[#♯]")
FLAT_SIGN = re.compile(r"\b([A-Ga-g])\s?♭")
FLAT_LETTER = re.compile(r"\b([A-G])b\b")
MAJOR = re.compile(r"\b([A-G])((?:[- ]?(?:sharp|flat))?)[ -]?maj\b\.?")
MINOR = re.compile(r"\b([A-G])((?:[- ]?(?:sharp|flat))?)[ -]?(?:m|min)\b\.?")
SPACE = re.compile(r" +(?=[\s,.;)–-]|$)")

# --- keys in German and in the languages that sing them -------------------------------------------
GERMAN = re.compile(
    r"\b([A-Ha-h])(isis|is|eses|ses|es|s)?[- ]?"
    r"(Dur|dur|dúr|duuri|groot|Moll|moll|molli|mol|klein)\b"
)
SUNG = re.compile(
    r"\b(do|ut|r[eé]|mi|fa|sol|la|si)"
    r"(?:[ -]?(♯|#|dièse|diese|diesis|sostenido|♭|bémol|bemol|bemolle))?[ -]"
    r"(majeur|mineur|maggiore|minore|mayor|menor|maior|major|minor)\b",
    re.IGNORECASE,
)
# the same in Cyrillic letters, and keys in Chinese
CYRILLIC_KEY = re.compile(
    r"\b(до|ре|ми|фа|соль|ля|си)(?:[ -]?(диез|бемоль))?[ -](мажор|минор)\w*", re.IGNORECASE
)
CYRILLIC_NAMES: dict[str | None, str] = {
    **{"до": "do", "ре": "re", "ми": "mi", "фа": "fa", "соль": "sol", "ля": "la", "си": "si"},
    **{"диез": "#", "бемоль": "♭", "мажор": "major", "минор": "minor", None: ""},
}
CHINESE_KEY = re.compile(r"([降升])?\s?([A-Ga-g])\s?([大小])[调調]")
NOTES = {"do": "C", "ut": "C", "re": "D", "mi": "E", "fa": "F", "sol": "G", "la": "A", "si": "B"}
SHARPS = ("♯", "#", "dièse", "diese", "diesis", "sostenido")

# --- catalogue numbers, key signatures ------------------------------------------------------------
OPUS_NUMBER = re.compile(
    r"\b(?:(?:op(?:us)?\.?)[\s-]*(?:number|no\.?|nr\.?|zahl|nummer|#)"
    r"|n[uú]m[eé]ro (?:d'|de |di )op(?:us|era))(?:\s*(?:is|was|ist|lautet|est|es|è|:))?\s*(?=\d)",
    re.I,
)
OPUS_ELIDED = re.compile(r"\b[dl]'(?=op(?:us|\.)\s?\d)", re.I)
OPUS_ELSEWHERE = re.compile(r"(?:\b(?:опус|соч(?:инение)?|оп)\b\.?|作品(?:番号)?)\s*(\d+)", re.I)
OPUS_IN_WORDS = re.compile(r"\b(opus (?:number )?)([a-z]+(?:[ -][a-z]+)?(?:[ -][a-z]+)?)", re.I)
OPUS_PART = re.compile(r"\b(op(?:us)?\.?\s*\d+)\s*(?:/\s*|,?\s*(?:#|nr\.?|n°|nº)\s*)(?=\d)", re.I)
HASH_NUMBER = re.compile(r"(?<![\w#])#\s?(?=\d)")
# --- intervals ------------------------------------------------------------------------------------
INTERVAL_SIGN = re.compile(
    r"\b(?:(dim|aug|min|maj|perf?)\.?\s?(?=[2-8](?:nd|rd|th)?\b)|([mMPAd])(?=[2-8]\b))([2-8])"
    r"(?:nd|rd|th)?\b"
)
QUALITIES = {
    **{"dim": "diminished", "aug": "augmented", "min": "minor", "maj": "major"},
    **{"perf": "perfect", "per": "perfect", "m": "minor", "M": "major", "P": "perfect"},
    **{"A": "augmented", "d": "diminished"},
}
QUALITY = "major|minor|perfect|augmented|diminished"
SIZE = "(?:second|third|fourth|fifth|sixth|seventh|octave|[2-8](?:nd|rd|th))"
# "fourth, perfect", "a seventh (minor)"
QUALITY_BEHIND = re.compile(
    rf"(?<!or )(?<!ed )(?<!ct )\b({SIZE})(?:, | \()(?:an? )?({QUALITY})(?: one)?\b\)?(?! {SIZE})",
    re.IGNORECASE,
)
COUPLE = re.compile(r"\ba (?:couple|pair)(?: of)?(?= (?:sharp|flat)s)")
SIGNATURE = re.compile(r"\b(\d)\s?([♭♯#]|b\b)")


@lru_cache(maxsize=16)  # each response is read several times
def in_words(text: str) -> str:
    """The notation of a term in English words: `C#m` gives `C-sharp minor`, `e-Moll` `E minor`.

    `Opus No. 67` gives `Op. 67`, `Op. 27/2` gives `Op. 27 No. 2`, `6♭` gives `6 flats`.
    """
    lower = text.lower()
    if not text.isascii():
        text = CHINESE_KEY.sub(chinese_key, CYRILLIC_KEY.sub(cyrillic_key, text))
        text = OPUS_ELSEWHERE.sub(r" Op. \1 ", text)
        lower = text.lower()
    if any(mode in lower for mode in ("dur", "dúr", "duuri", "groot", "mol", "klein")):
        text = GERMAN.sub(german_key, text)
    if "m" in lower:
        text = SUNG.sub(sung_key, text)
    if "op" in lower:
        text = OPUS_ELIDED.sub("", OPUS_IN_WORDS.sub(opus_in_digits, text))
        text = OPUS_PART.sub(r"\1 No. ", OPUS_NUMBER.sub("Op. ", text))
    text = HASH_NUMBER.sub("No. ", text)
    text = COUPLE.sub("2", text)
    text = SIGNATURE.sub(lambda m: f"{m[1]} {'sharps' if m[2] in '#♯' else 'flats'}", text)
    return accidentals(text)


def intervals_in_words(text: str) -> str:
    """Signs of intervals in words: `m3` gives `minor 3rd`, `dim. 4th` gives `diminished 4th`.

    The quality comes first: `fourth, perfect` gives `perfect fourth`.
    """
    return QUALITY_BEHIND.sub(r"\2 \1", INTERVAL_SIGN.sub(interval_in_words, text))


def interval_in_words(match: re.Match[str]) -> str:
    """The name of one interval."""
    ending = {"2": "nd", "3": "rd"}.get(match[3], "th")
    return f"{QUALITIES[match[1] or match[2]]} {match[3]}{ending}"


def opus_in_digits(match: re.Match[str]) -> str:
    """`opus twenty-three` with its number in digits."""
    return match[1] + in_digits(match[2])


def accidentals(text: str) -> str:
    """Accidentals and chord signs in words: `Eb` gives `E-flat`."""
    if "#" in text or "♯" in text or "♭" in text or "b" in text:
        text = SHARP.sub(r"\1-sharp ", text)
        text = FLAT_LETTER.sub(r"\1-flat", FLAT_SIGN.sub(r"\1-flat ", text))
        text = SPACE.sub("", text)
    text = MAJOR.sub(r"\1\2 major", text) if "maj" in text else text
    return MINOR.sub(r"\1\2 minor", text)


def german_key(match: re.Match[str]) -> str:
    """The English name of a German key: B-Dur is B-flat major, h-Moll B minor."""
    note, sign = match[1].upper(), match[2] or ""
    mode = "minor" if match[3].lower() in ("moll", "molli", "mol", "klein") else "major"
    if note == "H":
        note = "B"
    elif note == "B" and not sign:
        sign = "es"
    accidental = {"is": "-sharp", "es": "-flat", "s": "-flat"}.get(sign, "")
    return f"{note}{accidental} {mode}"


def sung_key(match: re.Match[str]) -> str:
    """The English name of a key in French, Italian or Spanish: mi bémol majeur is E-flat major."""
    note, sign = NOTES[match[1].lower().replace("é", "e")], (match[2] or "").lower()
    accidental = "-sharp" if sign in SHARPS else "-flat" if sign else ""
    mode = "minor" if match[3].lower() in ("mineur", "minore", "menor", "minor") else "major"
    return f"{note}{accidental} {mode}"


def cyrillic_key(match: re.Match[str]) -> str:
    """A key in Cyrillic solmisation, in Latin letters: ре минор is re minor."""
    note, sign, mode = (CYRILLIC_NAMES[part and part.lower()] for part in match.groups())
    return f"{note}{sign} {mode}"


def chinese_key(match: re.Match[str]) -> str:
    """The English name of a Chinese key, set off by spaces, which Chinese does not have."""
    sign = {"降": "-flat", "升": "-sharp"}.get(match[1], "")
    return f" {match[2].upper()}{sign} {'major' if match[3] == '大' else 'minor'} "
