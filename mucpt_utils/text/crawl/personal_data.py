"""Personal data: made-up values of valid form, from ranges that belong to nobody.

E-mail at example domains (RFC 2606); telephone numbers from ranges reserved for fiction; IBANs and
cards with valid check digits on invented accounts; IP addresses from unassigned ranges (those
reserved for documentation belong to no one, and masking leaves them).
"""

from random import Random

from stdnum import iban, luhn

from mucpt_utils.errors import MuCPTError
from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.crawl.templates import flaw_wordings, write
from mucpt_utils.text.render.segments import Segment

DIGITS = "0123456789"


class PersonalDataError(MuCPTError, ValueError):
    """A kind of personal data that cannot be made."""


def add_personal_data(draft: Draft, rng: Random) -> None:
    """One or two sentences that carry a made-up personal datum; only the datum is labelled."""
    for kind in rng.sample(PII_KINDS, rng.randint(1, 2)):
        carrier = write(rng.choice(flaw_wordings()["pii_carriers"][kind]), rng, value="\0")
        before, _, after = carrier.partition("\0")
        datum = Segment(personal_datum(kind, rng), "pii", subkind=kind)
        draft.insert([Segment(before), datum, Segment(after)], rng)


def personal_datum(kind: str, rng: Random) -> str:
    """A made-up value of one of PII_KINDS. Raises PersonalDataError for any other kind."""
    if kind not in MAKERS:
        allowed = ", ".join(PII_KINDS)
        raise PersonalDataError(f"personal data kind is {kind!r}; allowed: {allowed}")
    return MAKERS[kind](rng)


def person(rng: Random) -> tuple[str, str]:
    """First and last name of a made-up person, in lower case."""
    first, last = rng.choice(flaw_wordings()["people"]).lower().split()
    return first, last


def email(rng: Random) -> str:
    """An address at an example domain."""
    first, last = person(rng)
    local = rng.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}{rng.randint(1, 99)}"))
    host = rng.choice(("example.com", "example.org", "example.net", "mail.example.com"))
    return f"{local}@{host}"


def phone(rng: Random) -> str:
    """A number from the ranges that five countries reserve for fiction, in one of eight formats."""
    area = rng.choice((202, 212, 303, 312, 415, 512, 617, 713))
    last, london, paris = rng.randint(100, 199), rng.randint(0, 999), rng.randint(0, 9999)
    forms = (
        f"({area}) 555-0{last}",
        f"+1 {area}-555-0{last}",
        f"{area}-555-0{last}",
        f"020 7946 0{london:03d}",
        f"+44 20 7946 0{london:03d}",
        f"+33 1 99 00 {paris // 100:02d} {paris % 100:02d}",
        f"+49 30 23125 {rng.randint(0, 999):03d}",
        rng.choice(("+61 491 570 156", "+61 491 570 157", "+61 491 570 158")),
    )
    return rng.choice(forms)


def account(rng: Random) -> str:
    """An IBAN of Germany, Britain or Switzerland, grouped or not."""
    country, length, bank = rng.choice((("DE", 18, ""), ("GB", 14, "NWBK"), ("CH", 17, "")))
    number = bank + "".join(rng.choices(DIGITS, k=length))
    number = country + iban.calc_check_digits(f"{country}00{number}") + number
    return iban.format(number) if rng.random() < 0.5 else number


def card(rng: Random) -> str:
    """A payment card number that begins like the test cards of the networks."""
    number = rng.choice(("411111", "424242", "555555", "510510"))
    number += "".join(rng.choices(DIGITS, k=9))
    number += luhn.calc_check_digit(number)
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice((" ", "-", "")).join(groups)


def social_security_number(rng: Random) -> str:
    """A US social security number in an area that was never issued."""
    # areas 773-899 were not issued before 2011, when numbers began to be drawn at random
    return f"{rng.randint(773, 899)}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}"


def internet_address(rng: Random) -> str:
    """An IP address from unassigned ranges; one in five is of version 6."""
    if rng.random() < 0.2:
        return f"4001:db8::{rng.getrandbits(16):x}:{rng.getrandbits(16):x}"
    network = rng.choice(("240.0.2.", "241.51.100.", "242.0.113."))
    return network + str(rng.randint(1, 254))


def handle(rng: Random) -> str:
    """A user name as social networks write it."""
    first, last = person(rng)
    return f"@{rng.choice((first, last))}_{rng.choice((last, str(rng.randint(10, 9999))))}"


def url_with_password(rng: Random) -> str:
    """An address at an example domain that carries a name and a password."""
    first, last = person(rng)
    return f"https://{first}:{last}{rng.randint(10, 999)}@files.example.net/{rng.randint(1, 99)}"


MAKERS = {
    "email": email,
    "phone": phone,
    "iban": account,
    "card": card,
    "ssn": social_security_number,
    "ip": internet_address,
    "handle": handle,
    "url": url_with_password,
}
PII_KINDS = tuple(MAKERS)
