"""Templates of flaws, filled with made-up sites, firms, prices and tokens."""

import re
from functools import cache
from random import Random

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml
from mucpt_utils.text.render.wording import expand

PLACEHOLDER = re.compile(r"\{([a-z]+\d*)\}")
# placeholder -> list of names in the wordings
LISTS = {
    "site": "sites",
    "city": "cities",
    "team": "teams",
    "firm": "firms",
    "dish": "dishes",
    "name": "people",
}
# placeholder -> smallest and largest number
RANGES = {
    "number": (100, 99_999),
    "small": (2, 30),
    "price": (50, 5000),
    "percent": (10, 95),
    "year": (2004, 2024),
}
TOKEN_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
TOKEN_LENGTH = 22


class TemplateError(MuCPTError, ValueError):
    """A template with an unknown placeholder."""


@cache
def flaw_wordings() -> dict:
    """The wordings of flaws, and the names that fill them."""
    return read_yaml(paths.PACKAGE / "text/wordings/flaws.yaml")


def write(template: str, rng: Random, **values: str) -> str:
    """A template with its alternatives drawn and every placeholder filled.

    values: fillings by placeholder; others are made up. Raises TemplateError for an unknown one.
    """
    text = expand(template, rng)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return PLACEHOLDER.sub(lambda match: made_up(match[1], rng), text)


def made_up(name: str, rng: Random) -> str:
    """A made-up filling for a placeholder: a name, a number, `hex8` or a token."""
    if name in LISTS:
        return rng.choice(flaw_wordings()[LISTS[name]])
    if name in RANGES:
        return str(rng.randint(*RANGES[name]))
    if name.startswith("hex"):
        digits = int(name[3:])
        return f"{rng.getrandbits(4 * digits):0{digits}x}"
    if name == "token":
        return "".join(rng.choices(TOKEN_SIGNS, k=TOKEN_LENGTH))
    raise TemplateError(f"text/wordings, flaws: unknown placeholder {{{name}}}")
