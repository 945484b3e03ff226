"""Privacy masking: personal data becomes a typed placeholder, numbers of music stay.

Identifiers with a checksum are validated (python-stdnum: cards, IBAN, social security numbers;
phonenumbers: telephone numbers); a number without one is masked only where its form and the words
around it say so. Names of artists are knowledge, not personal data, and are left alone.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

import phonenumbers
import yaml
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from stdnum import ean, iban, isbn, luhn
from stdnum.us import ssn

from mucpt_utils import paths
from mucpt_utils.config.pipeline import KINDS, Kind, MaskingSettings
from mucpt_utils.pipeline.edits import Edit, apply_edits

RULES = paths.PACKAGE / "pipeline/rules/masking.yaml"
# how far around a number the words that explain it may stand, in characters
BEFORE, AFTER = 48, 16


class Finding(NamedTuple):
    """A stretch of personal data and its kind."""

    start: int
    end: int
    kind: Kind


class MaskPersonalData(PipelineStep):
    """Replaces personal data by placeholders such as `[EMAIL]`; counts the kinds it found."""

    type = "✂️ - FORMAT"
    name = "🔒 personal data"

    def __init__(self, settings: MaskingSettings) -> None:
        super().__init__()
        self.settings = settings

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            found = find_personal_data(document.text, self.settings)
            if found:
                apply_edits(document, [Edit(f.start, f.end, f"[{f.kind}]") for f in found])
                document.metadata["masked"] = dict(sorted(Counter(f.kind for f in found).items()))
            yield document


def mask(text: str, settings: MaskingSettings | None = None) -> str:
    """`text` with its personal data replaced by placeholders."""
    document = Document(text=text, id="")
    found = find_personal_data(text, settings or MaskingSettings())
    apply_edits(document, [Edit(f.start, f.end, f"[{f.kind}]") for f in found])
    return document.text


def find_personal_data(text: str, settings: MaskingSettings | None = None) -> list[Finding]:
    """Personal data in `text`, in order, without overlaps.

    Kinds are looked for in the order of `KINDS`; a stretch belongs to the first that claims it,
    so the digits of a card number are not also a telephone number.
    """
    settings = settings or MaskingSettings()
    found: list[Finding] = []
    for kind in KINDS:
        if kind in settings.kinds and SIGNS[kind].search(text):
            for start, end in FINDERS[kind](text, settings):
                if all(end <= f.start or f.end <= start for f in found):
                    found.append(Finding(start, end, kind))
    return sorted(found)


# --- kinds with a form of their own -------------------------------------------------------------

Spans = Iterator[tuple[int, int]]

CREDENTIALS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://(?:[^\s/@:]+:[^\s/@]+@[^\s<>\"')\]]+"
    r"|[^\s<>\"')\]]*[?&;#](?:[\w-]*(?:token|passwd|password|pwd|secret|api_?key|auth|apikey"
    r"|access_?key|session|sid|signature|credential)[\w-]*|user(?:name)?|login|e?mail|pass)"
    r"=[^\s<>\"')\]]+)",
    re.IGNORECASE,
)
EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%'’-]*[\w+%-](?:@|\s?[\[({]\s?(?:at|@)\s?[\])}]\s?)"
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.|\s?[\[({]\s?(?:dot|\.)\s?[\])}]\s?))+[a-z]{2,}"
    r"(?![\w@])",
    re.IGNORECASE,
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
SSN = re.compile(r"(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])|(?<![\w.-])\d{9}(?![\w-])")
CARD = re.compile(r"(?<![\w.,/-])\d(?:[ \u00a0-]?\d){11,18}(?![\w/-]|[.,]\d)")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
LONG_NUMBER = re.compile(r"\d{3}")
HANDLE = re.compile(r"(?<![\w@/.=&])@(?=\w*[A-Za-z])([A-Za-z0-9_][\w.]{1,28}\w)(?![\w{@]|\.\w)")


COMMAND = re.compile(r"(?<!\w)@([a-z]+)")


def _credentials(text: str, _: MaskingSettings) -> Spans:
    return (match.span() for match in CREDENTIALS.finditer(text))


def _emails(text: str, _: MaskingSettings) -> Spans:
    return (match.span() for match in EMAIL.finditer(text))


def _ibans(text: str, _: MaskingSettings) -> Spans:
    """IBANs with valid check digits; trailing words in capitals are not part of one."""
    for match in IBAN.finditer(text):
        for end in range(match.end(), match.start() + 14, -1):
            candidate = text[match.start() : end]
            if candidate[-1].isalnum() and iban.is_valid(candidate, check_country=False):
                yield match.start(), end
                break


def _social_security(text: str, _: MaskingSettings) -> Spans:
    for match in SSN.finditer(text):
        named = _near(text, match, "ssn_before")
        written = match.group(1) == "-" and ssn.is_valid(match.group())
        if named or (written and not _of_music(text, match)):
            yield match.span()


def _cards(text: str, _: MaskingSettings) -> Spans:
    """Numbers with a valid Luhn digit and a card issuer's prefix, or called a card number.

    12 and 13 digits may be a barcode or an ISBN: these need to be called a card number.
    """
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        named = _near(text, match, "card_before")
        likely = len(digits) >= 14 and luhn.is_valid(digits) and digits[0] in "123456"
        called = named and luhn.is_valid(digits)
        if called or (likely and not _is_book_or_barcode(digits) and not _of_music(text, match)):
            yield match.span()


def _is_book_or_barcode(digits: str) -> bool:
    return isbn.is_valid(digits) or ean.is_valid(digits)


def _addresses(text: str, _: MaskingSettings) -> Spans:
    for pattern, numbers in ((IPV4, 4), (IPV6, 6)):
        for match in pattern.finditer(text):
            if not _is_address(match.group(), numbers) or _of_music(text, match):
                continue
            plain = numbers == 6 or LONG_NUMBER.search(match.group())
            if plain or _near(text, match, "address_before"):
                yield match.span()


def _is_address(value: str, version: int) -> bool:
    """A valid address of a machine; `::` and clock times such as 1:02:03 are none."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if version == 6:
        return len(re.findall(r"[0-9a-f]+", value, re.IGNORECASE)) >= 3
    return not address.is_unspecified and value.split(".")[0] != "0"


def _handles(text: str, _: MaskingSettings) -> Spans:
    if not rules()["commands"].isdisjoint(COMMAND.findall(text)):
        return iter(())
    return (match.span() for match in HANDLE.finditer(text))


# --- telephone numbers --------------------------------------------------------------------------

TELEPHONE = re.compile(
    r"(?<![\w./:@=&?#-])(?:\+|00|\()?\(?\d[\d \u00a0().\u2010-\u2013/-]{4,22}\d"
    r"(?:\s?(?:x|ext\.?|extension)\s?\d{1,6})?(?![\w@/=]|[.,:]\d|-\d)",
    re.IGNORECASE,
)
# groupings that are telephone numbers even where no word says so
GROUPED = re.compile(
    r"(?:\+?1[-. ])?\(\d{3}\)\s?\d{3}[-. ]\d{4}.*"  # (212) 555-0100
    r"|(?:\+?1[-. ]|001[-. ])?\d{3}([-.])\d{3}\1\d{4}.*"  # 212-555-0100
    r"|0\d{1,4}[ ]\d{3,4}[ ]\d{3,4}"  # 020 7946 0000
    r"|0\d([ .-])\d{2}\2\d{2}\2\d{2}\2\d{2}"  # 01 23 45 67 89
    r"|\(0\d{1,4}\)\s?\d{3,8}(?:[ -]\d{2,8})*"  # (030) 123456
)
YEARS = re.compile(r"^(1[0-9]|20)\d\d\s*[-–/]\s*(1[0-9]|20)\d\d$")
DATE = re.compile(r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$")
FEWEST_DIGITS, MOST_DIGITS = 7, 16
# small countries have numbers of five and six digits: only right behind a word with its colon
SHORT = re.compile(
    r"\b(?:(?:tele)?phone|tel|mobile|fax)(?: (?:no|number))?\.?:\s*"
    r"(\d(?:[ .-]?\d){4,5})(?!\w|[ \u00a0().,:/\u2010-\u2013-]+\d)",
    re.IGNORECASE,
)


def _telephones(text: str, settings: MaskingSettings) -> Spans:
    for match in TELEPHONE.finditer(text):
        number = match.group()
        digits = sum(c.isdigit() for c in number)
        if not FEWEST_DIGITS <= digits <= MOST_DIGITS or not _balanced(number):
            continue
        if YEARS.match(number) or DATE.match(number):
            continue
        if _is_telephone(text, match, settings):
            yield match.span()
    yield from (match.span(1) for match in SHORT.finditer(text))


def _is_telephone(text: str, match: re.Match, settings: MaskingSettings) -> bool:
    number = match.group()
    if number.startswith(("+", "(+")):
        return _possible(number, None)
    if _of_music(text, match):
        return False
    if _near(text, match, "telephone_before") or _follows(text, match, "telephone_after"):
        return True
    if number.startswith("00"):
        return _possible("+" + number[2:].lstrip("-. "), None)
    return bool(GROUPED.fullmatch(number)) and any(
        _possible(number, region) for region in settings.regions
    )


def _possible(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _balanced(number: str) -> bool:
    return number.count("(") == number.count(")")


# --- words around a number ----------------------------------------------------------------------


@cache
def rules() -> dict:
    """The words around numbers, compiled: a pattern by list name, the commands as a set."""
    content = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    commands = frozenset(content.pop("commands"))
    return {
        name: re.compile("|".join(f"(?:{p})" for p in patterns), re.IGNORECASE)
        for name, patterns in content.items()
    } | {"commands": commands}


def _near(text: str, match: re.Match, name: str) -> bool:
    before = text[max(0, match.start() - BEFORE) : match.start()]
    return bool(rules()[name].search(before))


def _follows(text: str, match: re.Match, name: str) -> bool:
    return bool(rules()[name].match(text[match.end() : match.end() + AFTER]))


def _of_music(text: str, match: re.Match) -> bool:
    return _near(text, match, "not_personal")


Finder = Callable[[str, MaskingSettings], Spans]
FINDERS: dict[str, Finder] = {
    "URL": _credentials,
    "EMAIL": _emails,
    "IBAN": _ibans,
    "SSN": _social_security,
    "CARD": _cards,
    "IP": _addresses,
    "PHONE": _telephones,
    "HANDLE": _handles,
}
# a cheap sign without which a kind cannot be in a text
SIGNS = {
    "URL": re.compile("://"),
    "EMAIL": re.compile(r"@|[\[({]\s?at\s?[\])}]", re.IGNORECASE),
    "IBAN": re.compile(r"[A-Za-z]{2}\d{2}"),
    "SSN": re.compile(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "CARD": re.compile(r"\d(?:[ \u00a0-]?\d){11}"),
    "IP": re.compile(r"\d\.\d+\.\d|[0-9a-fA-F]:[0-9a-fA-F]*:"),
    "PHONE": re.compile(r"\d[\d \u00a0().\u2010-\u2013/-]{4}"),
    "HANDLE": re.compile("@"),
}
