"""Texts made safe to show: without the key and the passwords, however a server spells them."""

import base64
import html
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote
from urllib.request import getproxies

from mucpt_utils.errors import MuCPTError

HIDDEN = "***"
EXAMINED = 20_000  # characters of a text that are examined before a part of it is shown
LAYERS = 3  # of escaping that are undone, as for JSON in JSON in a web page
PIECE, ENCODED_PIECE = 8, 12  # characters of a secret, and of its encoding, not to be shown
USER_OF_URL = re.compile(r"(?<=://)\S*@")  # name and password in a URL, including a proxy's
TAG = re.compile(r"</?[a-z][^<>]{0,80}>", re.I)
CODES = ("x", "#04x", "d", "o", "08b")  # formats in which a secret's bytes may be listed
ESCAPE = re.compile(
    r"\\u(?:\{(?P<braced>[0-9a-f]{1,6})\}|(?P<u>[0-9a-f]{4,6}))|"
    r"\\x(?P<x>[0-9a-f]{2})|\\(?P<o>[0-7]{3})|\\[abfnrtv0]",
    re.I,
)


class KeyUnusable(MuCPTError, ValueError):
    """A key that no request can carry; the message names only its variable."""


def read_key(variable: str) -> str:
    """The key in an environment variable, without white space around it; "" for none.

    Raises KeyUnusable for a key with characters that a request's header cannot carry.
    """
    key = os.environ.get(variable, "").strip()
    if any(not "!" <= character <= "~" for character in key):
        raise KeyUnusable(f"{variable} holds signs that no key has: a blank, a line end, an accent")
    return key


def secrets_of(key: str, url: str) -> tuple[str, ...]:
    """What must not be shown: the key, and the passwords of the URL and of proxies."""
    passwords = [p for address in (url, *getproxies().values()) for p in passwords_in(address)]
    spelt = [key, *passwords, *map(unquote, passwords)]
    return tuple(dict.fromkeys(filter(None, spelt)))


def passwords_in(url: str) -> list[str]:
    """The password in a URL, or the user name if there is none; [] for a URL without either.

    Of one with a sign that a URL's password cannot have, also the part before it, which is taken
    for a port, and then shown as a wrong one: `http://me:pass/word@proxy`.
    """
    user, at, _ = url.rpartition("://")[2].rpartition("@")
    password = (user.partition(":")[2] or user) if at else ""
    parts = [password, re.split(r"[/?#]", password)[0]]
    return [part for part in parts if part == password or len(part) >= PIECE // 2]


def shown(text: str, secrets: Sequence[str], length: int = 300) -> str:
    """The beginning of a text on one line, without the secrets.

    A server may echo a key quoted, escaped, encoded, in another case or on several lines. If it
    is spelt in a way that cannot be cut out, nothing of the text is shown.
    """
    text = USER_OF_URL.sub(f"{HIDDEN}@", " ".join(text[:EXAMINED].split()))
    for secret in secrets:
        text = without(text, secret)
    if any(holds(text, secret) for secret in secrets):
        return HIDDEN
    return text[:length]


def without(text: str, secret: str) -> str:
    """The text with `***` for the secret in any of its usual spellings, ignoring case."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    spellings = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe="")}
    for spelling in sorted(spellings | {encoded}, key=len, reverse=True):
        text = re.sub(re.escape(spelling), HIDDEN, text, flags=re.IGNORECASE)
    return text


def holds(text: str, secret: str) -> bool:
    """Whether a text has a good part of a secret, in any spelling that a reader can undo."""
    whole = letters(secret)
    if len(whole) < PIECE // 2:  # too short to be told from a word
        return False
    forms = [(form, PIECE) for form in (whole, whole[::-1])]
    forms += [(letters(form), ENCODED_PIECE) for form in encodings(secret)]
    parts = {part for form, size in forms for part in pieces(form, size)}
    return any(part in view for view in views(text) for part in parts)


def letters(text: str) -> str:
    """The letters and digits of a text in lower case, without what splits, quotes or pads it."""
    return re.sub(r"[^0-9a-z]", "", unicodedata.normalize("NFKC", text).casefold())


def views(text: str) -> Iterator[str]:
    """The letters of a text as it is, and with more and more layers of escaping undone."""
    yield letters(text)
    for _ in range(LAYERS):
        text = ESCAPE.sub(character, unquote(html.unescape(text)))
        yield letters(text)
        yield letters(TAG.sub("", text))


def character(escape: re.Match) -> str:
    """The character of an escape such as `\\u0041`; "" for a line end and its like."""
    digits = escape["braced"] or escape["u"] or escape["x"] or escape["o"]
    base = 8 if escape["o"] else 16
    number = int(digits, base) if digits else 0x110000
    return chr(number) if number < 0x110000 else ""


def encodings(secret: str) -> Iterator[str]:
    """The secret as a list of codes, in base32, and in base64 at any offset of a text."""
    content = secret.encode()
    for code in CODES:
        yield "".join(format(byte, code) for byte in content)
    yield base64.b32encode(content).decode().rstrip("=")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode().rstrip("=")
        # the first and the last characters depend on what is around the secret
        yield encoded[-(-before * 8 // 6) : (before + len(content)) * 8 // 6]


def pieces(text: str, size: int) -> set[str]:
    """All substrings of `size` characters; the text itself if it is shorter."""
    return {text[start : start + size] for start in range(max(1, len(text) - size + 1))}
