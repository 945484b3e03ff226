"""Numbers with their own form or check digits: IBAN, social security, cards, IP addresses."""

import ipaddress
import re
from collections.abc import Iterator
from functools import cache

from stdnum import ean, iban, isbn, luhn
from stdnum.us import ssn

from mucpt_utils.pipeline.personal_data.context import (
    Window,
    matches,
    rules,
    stands_after,
    stands_before,
)

IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Z0-9]){11,30}", re.IGNORECASE)
SSN = re.compile(
    r"(?<![\w-])[0-9]{3}([- \u2010\u2011\u2013.])[0-9]{2}\1[0-9]{4}(?![\w-])"
    r"|(?<![\w.-])[0-9]{9}(?![\w-])"
)
CARD = re.compile(
    r"(?<![\w./-])(?<![0-9][ ,])[0-9](?:[ \u00a0.-]?[0-9]){11,18}(?![\w/-]|[ .][0-9]{4})"
)
# prefix and length (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, JCB, UnionPay
ISSUER = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d|2\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
)
DECIMAL = re.compile(r"[0-9]+\.[0-9]+")  # 4.532015112830366
IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\w|\.[0-9])")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)


def find_ibans(text: str, places: list[Window]) -> Iterator[Window]:
    """IBANs with valid check digits; words in capitals after one are not part of it."""
    for match in matches(IBAN, text, places):
        for end in iban_ends(match):
            if iban.is_valid(text[match.start() : end], check_country=False):
                yield match.start(), end
                break


def iban_ends(match: re.Match) -> Iterator[int]:
    """Ends, the longest first, at which the remainder of the check (ISO 7064, 97) is one."""
    # a letter such as the Turkish İ matches [A-Z] where case is ignored, and counts for nothing
    kept = ((i, c) for i, c in enumerate(match.group().upper()) if c.isascii() and c.isalnum())
    characters = list(kept)
    head = int("".join(str(int(c, 36)) for _, c in characters[:4]))
    remainder, ends = 0, []
    for i, character in characters[4:]:
        value = int(character, 36)
        remainder = (remainder * (100 if value > 9 else 10) + value) % 97
        if i >= 14 and (remainder * 1_000_000 + head) % 97 == 1:
            ends.append(match.start() + i + 1)
    return reversed(ends)


def find_social_security(text: str, places: list[Window]) -> Iterator[Window]:
    """US social security numbers: called so, or valid and written with hyphens."""
    for match in matches(SSN, text, places):
        is_called_so = stands_before(text, match.start(), "ssn_before")
        is_written_so = match.group(1) == "-" and ssn.is_valid(match.group())
        if is_called_so or (is_written_so and not is_other_number(text, match.start())):
            yield match.span()


def is_other_number(text: str, start: int) -> bool:
    """Whether the words before a number say that it belongs to music, a book or a thing."""
    return stands_before(text, start, "identifiers") or stands_before(text, start, "counters")


def find_cards(text: str, places: list[Window]) -> Iterator[Window]:
    """Numbers with a valid Luhn digit that are called card numbers, or have an issuer's form.

    Other lengths are barcodes, ISBNs or library accession numbers, unless the word says so.
    """
    for match in matches(CARD, text, places):
        digits = re.sub("[^0-9]", "", match.group())
        is_other = DECIMAL.fullmatch(match.group()) or not luhn.is_valid(digits)
        if is_other or stands_before(text, match.start(), "identifiers"):
            continue
        is_called_so = stands_before(text, match.start(), "card_before")
        if is_called_so or (is_issued(match.group()) and not is_other_number(text, match.start())):
            yield match.span()


def is_issued(number: str) -> bool:
    """Whether a number alone shows a card: an issuer's form, and no series of round numbers."""
    groups = re.findall("[0-9]+", number)
    digits = "".join(groups)
    is_series = len(groups) > 1 and all(group.endswith("0") for group in groups)
    is_book = isbn.is_valid(digits) or ean.is_valid(digits)
    return bool(ISSUER.fullmatch(digits)) and not is_series and not is_book


def find_machines(text: str, places: list[Window]) -> Iterator[Window]:
    """IP addresses (versions 4 and 6) that may be somebody's."""
    for match in matches(IPV6, text, places):
        groups = re.findall(r"[0-9a-f]+", match.group(), re.IGNORECASE)
        if len(groups) >= 3 and is_somebodys(match.group()):
            yield match.span()
    for match in matches(IPV4, text, places):
        if is_machine(text, match) and is_somebodys(match.group()):
            yield match.span()


def is_somebodys(address: str) -> bool:
    """Whether an address is well formed and outside the ranges that belong to nobody."""
    try:
        value = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not any(value in network for network in networks() if network.version == value.version)


@cache
def networks() -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Loopback, private, documentation and other ranges that belong to nobody's machine."""
    return tuple(ipaddress.ip_network(n) for n in rules()["names"]["networks_of_nobody"])


def is_machine(text: str, match: re.Match) -> bool:
    """Whether four numbers with dots are an address: 1.6.1.1 is a section, 2.4.2.100 a version."""
    octets = match.group().split(".")
    if any(len(octet) > 1 and octet.startswith("0") for octet in octets):
        return False
    long = sum(len(octet) == 3 for octet in octets)
    is_plain = long >= 2 or (long == 1 and int(octets[0]) >= 24)
    is_called_so = stands_before(text, match.start(), "address_before") or stands_after(
        text, match.end(), "address_after"
    )
    if not is_called_so and (not is_plain or is_other_number(text, match.start())):
        return False
    return not stands_before(text, match.start(), "versions")
