"""Years in Roman numerals and in words of other languages: `MCMXCI`, `mille neuf cent`.

A year in words begins with a thousand (`mil novecientos`) or has its hundreds in one word
(`neunzehnhundert`); its words may be joined, and words for `and` may stand between them.
"""

import re

from mucpt_utils.musicsimpleqa.grader.words import FORMS

VALUES: dict[str, int] = FORMS["year_words"]
LONGEST_FIRST = sorted(VALUES, key=len, reverse=True)
# Portuguese `novecentos` is not the beginning of Italian `novecentosessanta`
TOKEN = re.compile("|".join(w + r"\b" * w.endswith("tos") for w in LONGEST_FIRST), re.IGNORECASE)
SPACE = re.compile(r"[\s-]*")
AND = re.compile(r"[\s-]*(?:und|ën|en|et|ed?|y|og|och)[\s-]*", re.IGNORECASE)
HUNDREDS = "hundert|honderd|hundra|hundrede|tausend|duizend"
BEGIN = re.compile(
    rf"\b(?:[^\W\d_]{{3,12}}(?:{HUNDREDS})|mil(?:le)?(?=[\s-]|no|ot|se|ci)"
    r"|(?:deux|dos|dois|duas) mil|duemila)",
    re.IGNORECASE,
)
ROMAN = re.compile(r"\bM{1,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
LETTERS = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
YEARS = range(1500, 2100)


def years_in_digits(text: str) -> str:
    """A text with such years in digits; anything else stays as it is."""
    text = ROMAN.sub(lambda match: in_years(roman(match[0]), match[0]), text)
    begin = BEGIN.search(text)
    while begin:
        end, year = read_year(text, begin.start())
        if year in YEARS:
            text, end = f"{text[: begin.start()]}{year}{text[end:]}", begin.start() + 4
        begin = BEGIN.search(text, max(end, begin.start() + 1))
    return text


def in_years(year: int, written: str) -> str:
    """A year in digits, or what was written if no year is meant: `MIX`."""
    return str(year) if year in YEARS and len(written) > 3 else written


def roman(numeral: str) -> int:
    """The value of a Roman numeral."""
    values = [LETTERS[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < other else one for one, other in pairs)


def read_year(text: str, start: int) -> tuple[int, int]:
    """Where the words of a number that begins at a place end, and its value."""
    total = group = 0
    end = start
    while token := next_token(text, end):
        value = VALUES[token[0].lower()]
        if value == 1000:
            total, group = total + (group or 1) * 1000, 0
        elif value == 100:
            group = (group or 1) * 100
        elif value == 20 and group % 100 == 4:  # quatre-vingt
            group += 76
        else:
            group += value
        end = token.end()
    ends_word = not text[end : end + 1].isalpha()
    return end, total + group if ends_word else 0


def next_token(text: str, at: int) -> re.Match[str] | None:
    """The next word of a number, also behind a word for `and`."""
    ways = (SPACE.match(text, at), AND.match(text, at))
    tokens = (TOKEN.match(text, way.end()) for way in ways if way)
    return next((token for token in tokens if token), None)
