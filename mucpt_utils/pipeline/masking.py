"""Privacy masking: personal data becomes a typed placeholder, numbers of music stay.

Identifiers with a checksum are validated (python-stdnum: cards, IBAN, social security numbers;
phonenumbers: telephone numbers); a number without one is masked only where its form and the words
around it say so. Names of artists are knowledge, not personal data, and are left alone.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

import phonenumbers
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from stdnum import ean, iban, isbn, luhn
from stdnum.us import ssn

from mucpt_utils import paths
from mucpt_utils.config.pipeline import KINDS, Kind, MaskingSettings
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.edits import Edit, apply_edits, edited_text

RULES = paths.PACKAGE / "pipeline/rules/masking.yaml"
# how far around a number the words that explain it may stand, in characters
BEFORE, AFTER = 48, 16
PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(KINDS)})\]")
LONGEST = max(len(f"[{kind}]") for kind in KINDS)


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
            findings = find_personal_data(document.text, self.settings)
            if findings:
                apply_edits(document, mask_edits(findings))
                kinds = Counter(finding.kind for finding in findings)
                document.metadata["masked"] = dict(sorted(kinds.items()))
            yield document


def mask(text: str, settings: MaskingSettings | None = None) -> str:
    """`text` with its personal data replaced by placeholders."""
    return edited_text(text, mask_edits(find_personal_data(text, settings)))


def mask_edits(findings: Iterable[Finding]) -> list[Edit]:
    """The edits that put `[KIND]` in place of each finding."""
    return [Edit(f.start, f.end, f"[{f.kind}]") for f in findings]


def find_personal_data(text: str, settings: MaskingSettings | None = None) -> list[Finding]:
    """Personal data in `text`, in order, without overlaps.

    Kinds are looked for in the order of `KINDS`; a stretch belongs to the first that claims it,
    so the digits of a card number are not also a telephone number.
    """
    settings = settings or MaskingSettings()
    findings: list[Finding] = []
    # the surest kinds come first: a password in an address, a number with its check digits
    for kind in KINDS:
        # most texts hold no sign of most kinds, and are not looked through for these
        if kind in settings.kinds and SIGNS[kind].search(text):
            for start, end in FINDERS[kind](text, settings):
                # what an earlier kind has claimed, in part or as a whole, stays its own
                if all(end <= f.start or f.end <= start for f in findings):
                    findings.append(Finding(start, end, kind))
    return sorted(findings)


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


def find_all(pattern: re.Pattern, text: str, _: MaskingSettings) -> Spans:
    """Everything that has the form of a kind."""
    return (match.span() for match in pattern.finditer(text))


def find_ibans(text: str, _: MaskingSettings) -> Spans:
    """IBANs with valid check digits; trailing words in capitals are not part of one."""
    for match in IBAN.finditer(text):
        for end in range(match.end(), match.start() + 14, -1):
            candidate = text[match.start() : end]
            if candidate[-1].isalnum() and iban.is_valid(candidate, check_country=False):
                yield match.start(), end
                break


def find_social_security(text: str, _: MaskingSettings) -> Spans:
    """Social security numbers of the US: called so, or valid and written with hyphens."""
    for match in SSN.finditer(text):
        is_called_so = stands_before(text, match, "ssn_before")
        is_written_so = match.group(1) == "-" and ssn.is_valid(match.group())
        if is_called_so or (is_written_so and not stands_before(text, match, "not_personal")):
            yield match.span()


def find_cards(text: str, _: MaskingSettings) -> Spans:
    """Numbers with a valid Luhn digit and a card issuer's prefix, or called a card number.

    12 and 13 digits may be a barcode or an ISBN: these need to be called a card number.
    """
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if not luhn.is_valid(digits):
            continue
        is_called_so = stands_before(text, match, "card_before")
        is_likely = len(digits) >= 14 and digits[0] in "123456"
        is_of_music = stands_before(text, match, "not_personal")
        is_of_book = isbn.is_valid(digits) or ean.is_valid(digits)
        if is_called_so or (is_likely and not is_of_book and not is_of_music):
            yield match.span()


def find_addresses(text: str, _: MaskingSettings) -> Spans:
    """Addresses of machines: IPv6, and IPv4 with a long number in it or after a word for it."""
    for pattern, version in ((IPV4, 4), (IPV6, 6)):
        for match in pattern.finditer(text):
            if not is_machine(match.group(), version) or stands_before(text, match, "not_personal"):
                continue
            is_plain = version == 6 or LONG_NUMBER.search(match.group())
            if is_plain or stands_before(text, match, "address_before"):
                yield match.span()


def is_machine(value: str, version: int) -> bool:
    """Whether this is the address of a machine; `::` and clock times such as 1:02:03 are not."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if version == 6:
        return len(re.findall(r"[0-9a-f]+", value, re.IGNORECASE)) >= 3
    return not address.is_unspecified and value.split(".")[0] != "0"


def find_handles(text: str, settings: MaskingSettings) -> Spans:
    """Names of users behind @, unless the text is source code with commands behind @."""
    is_code = not rules()["commands"].isdisjoint(COMMAND.findall(text))
    return iter(()) if is_code else find_all(HANDLE, text, settings)


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


def find_telephones(text: str, settings: MaskingSettings) -> Spans:
    """Telephone numbers by their form, their region's rules, or the words around them."""
    for match in TELEPHONE.finditer(text):
        number = match.group()
        digits = sum(c.isdigit() for c in number)
        is_balanced = number.count("(") == number.count(")")
        if not FEWEST_DIGITS <= digits <= MOST_DIGITS or not is_balanced:
            continue
        if YEARS.match(number) or DATE.match(number):
            continue
        if is_telephone(text, match, settings):
            yield match.span()
    yield from (match.span(1) for match in SHORT.finditer(text))


def is_telephone(text: str, match: re.Match, settings: MaskingSettings) -> bool:
    """Whether a number is one of a telephone, the surest sign first."""
    number = match.group()
    if number.startswith(("+", "(+")):
        return is_possible(number, None)
    if stands_before(text, match, "not_personal"):
        return False
    if stands_before(text, match, "telephone_before"):
        return True
    if rules()["telephone_after"].match(text[match.end() : match.end() + AFTER]):
        return True
    if number.startswith("00"):
        return is_possible("+" + number[2:].lstrip("-. "), None)
    return bool(GROUPED.fullmatch(number)) and any(
        is_possible(number, region) for region in settings.regions
    )


def is_possible(number: str, region: str | None) -> bool:
    """Whether the region's rules (any region's, where it is None) allow the number."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


# --- words around a number ----------------------------------------------------------------------


@cache
def rules() -> dict:
    """The words around numbers, a pattern by the name of the list; the commands as a set."""
    lists = read_yaml(RULES)
    commands = frozenset(lists.pop("commands"))
    patterns = {name: "|".join(f"(?:{p})" for p in patterns) for name, patterns in lists.items()}
    compiled = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in patterns.items()}
    return compiled | {"commands": commands}


def stands_before(text: str, match: re.Match, name: str) -> bool:
    """Whether one of a list's words stands shortly before a match, and no placeholder between.

    What stands before a placeholder explains that one: `[PHONE]` is not a word for the next
    number, and a text that has been masked is not masked again.
    """
    start = max(0, match.start() - BEFORE)
    for placeholder in PLACEHOLDER.finditer(text, max(0, start - LONGEST), match.start()):
        start = max(start, placeholder.end())
    return bool(rules()[name].search(text[start : match.start()]))


Finder = Callable[[str, MaskingSettings], Spans]
FINDERS: dict[str, Finder] = {
    "URL": partial(find_all, CREDENTIALS),
    "EMAIL": partial(find_all, EMAIL),
    "IBAN": find_ibans,
    "SSN": find_social_security,
    "CARD": find_cards,
    "IP": find_addresses,
    "PHONE": find_telephones,
    "HANDLE": find_handles,
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
