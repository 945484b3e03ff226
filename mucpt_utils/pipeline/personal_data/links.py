"""Links that give access: a password before the host, a secret among the parameters.

The name of a parameter is not enough: `key=C-minor`, `session=autumn-school` and `code=en` are
public. A secret looks like one: letters and digits mixed, hexadecimal, base64.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from stdnum import isbn, ismn

from mucpt_utils.pipeline.personal_data.context import Window, is_listed, rules

# no pattern reads a character twice: the quantifiers are possessive or bounded
SIGN = re.compile(r"://|\?(?=[\w.%\[\]-]{1,60}=)")
REST = re.compile(r"[^\s<>\"'`\\^|]*+")
USER_INFO = re.compile(
    r"//([^\s/?#@:]{0,200}+):([^\s/?#@]{1,200}+)@|//([^\s/?#@:]{8,200}+)@(?=[\w-])"
)
PARAMETER = re.compile(r"[?&;#]([\w.%\[\]-]{1,60}+)=([^&;#\s]*+)")
TRAILING = ".,;:!?*_"
# stand-ins for a value in instructions: {token}, $TOKEN, <token>, %s, ***, xxxx, YOUR_KEY
TEMPLATE = re.compile(r"[{$<%*].*|\*+|[xX]{3,}|(?:your|my|the|some)[_-].*|\.{3}|…", re.IGNORECASE)
SHORTEST_WORD = 4  # letters from which a value is recognisably a word
PIN = re.compile(r"\d{4,8}")
CODE = re.compile(r"\d{6}|\d{8,}")
DAY = re.compile(r"((?:1[5-9]|20)\d\d)([01]\d)([0-3]\d)")  # 20191231
BOOKLAND = ("978", "979")  # prefixes of the numbers of books and of printed music
HEXADECIMAL = re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE)
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
CHUNK = re.compile(r"[^\W_]+")
# a word with a number as people write them: op27, bwv1007, day1, spring2024, 2nd, 4th
WORD_AND_NUMBER = re.compile(r"[a-z]{1,12}?(?:\d{1,2}|1[5-9]\d\d|20\d\d)|\d{1,4}[a-z]{1,2}", re.I)
CATALOGUE = re.compile(
    r"(?:(?:bwv|kv?|hwv|rv|d|op|opus|hob|woo|wwv|twv|no|nr|s|l|m)\d{1,4}){1,2}", re.IGNORECASE
)
CASE_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def find_links(text: str) -> Iterator[Window]:
    """Links that carry a password or a secret, without trailing punctuation."""
    end = 0
    for sign in SIGN.finditer(text):
        if sign.start() < end:
            continue
        start = link_start(text, sign.start(), end)
        end = next(REST.finditer(text, sign.start())).end()
        link = without_trailing(text[start:end])
        if has_password(link) or has_secret(link) or has_secret_path(link):
            yield start, start + len(link)


def link_start(text: str, sign: int, least: int) -> int:
    """Where the link around a sign begins: at its scheme or, without one, at its host."""
    head = re.split(r"[\s<>\"'`^|()\[\]{}=,;]", text[max(least, sign - 200) : sign])[-1]
    if text.startswith("://", sign):
        scheme = re.search(r"[a-z][a-z0-9+.-]{0,30}$", head[-31:], re.IGNORECASE)
        head = scheme.group() if scheme else ""
    return sign - len(head)


def without_trailing(link: str) -> str:
    """A link without the full stop or bracket of the sentence around it."""
    link = link.rstrip(TRAILING)
    while (
        link
        and link[-1] in ")]}"
        and link.count(link[-1]) > link.count("([{"[")]}".index(link[-1])])
    ):
        link = link[:-1].rstrip(TRAILING)
    return link


def has_password(link: str) -> bool:
    """Whether there is user information before the host: user:password@ or a token@."""
    match = USER_INFO.search(link[:500])
    if not match:
        return False
    _, password, token = match.groups()
    if password:
        return not TEMPLATE.fullmatch(password)
    return looks_random(token)


def has_secret(link: str) -> bool:
    """Whether one of the parameters is a secret."""
    if "=" not in link:
        return False
    parameters = [match.groups() for match in PARAMETER.finditer(link)]
    # next to a user's name, a `pass` or a `pin` is a secret, however it looks
    login = rules()["patterns"]["login_parameters"]
    has_login = any(value and login.fullmatch(unquote(name)) for name, value in parameters)
    return any(is_secret(name, value, has_login) for name, value in parameters)


def has_secret_path(link: str) -> bool:
    """Whether a link opens a service by its path alone, as those of chats' hooks do, or an account,
    as those that reset its password."""
    of, link = rules()["patterns"], link[:500]
    keys = (re.split("[/?#]", link[key.end() :])[0] for key in of["key_paths"].finditer(link))
    return of["secret_paths"].search(link) is not None or any(map(looks_random, keys))


def is_secret(name: str, value: str, has_login: bool = False) -> bool:
    """Whether a parameter gives access, by its name and the look of its value.

    A password may look like any word and be short, so its name is enough; a token may be short; a
    key or a code, whose name has other meanings, must look random. has_login: whether the link
    names a user.
    """
    value = unquote(value[:4096]).strip("\"'.,;:!?")
    if not value or TEMPLATE.fullmatch(value) or is_listed(value, "plain_values"):
        return False
    if rules()["patterns"]["known_secrets"].match(value):
        return True
    is_called = {
        kind: rules()["patterns"][f"{kind}_parameters"].fullmatch(unquote(name)) is not None
        for kind in ("always_secret", "beside_login", "password", "token", "pin", "code", "key")
    }
    return (
        is_called["always_secret"]
        or (is_called["beside_login"] and has_login)
        or (is_called["password"] and not is_words(value))
        or (is_called["token"] and (len(value) < SHORTEST_WORD or not is_words(value)))
        or (is_called["pin"] and PIN.fullmatch(value) is not None)
        or (is_called["code"] and CODE.fullmatch(value) is not None and not is_public(value))
        or (is_called["key"] and looks_random(value))
    )


def looks_random(value: str) -> bool:
    """Whether a value is not words: at least six characters of mixed kinds."""
    if len(value) < 6:
        return False
    if (
        HEXADECIMAL.fullmatch(value)
        or UUID.fullmatch(value)
        or re.search(r"[\w+/]{8}={1,2}$", value)
    ):
        return True
    if value.replace("-", "").isdigit():
        return len(value) >= 9 and not is_public(value)
    return not is_words(value)


def is_public(value: str) -> bool:
    """Whether digits with hyphens are a date, years, a range of them, or the number of a book."""
    day = DAY.fullmatch(value)
    groups = [*day.groups()] if day else value.split("-")
    years = sum(len(group) == 4 and 1000 <= int(group) <= 2100 for group in groups)
    others = [group for group in groups if len(group) != 4]
    are_days = all(0 < len(group) <= 2 and int(group) <= 31 for group in others)
    if years and are_days and years + len(others) == len(groups) and len(others) <= 2 * years:
        return True
    # by chance a secret of ten digits is valid as well, but it has no hyphens
    is_book = value.startswith(BOOKLAND) or value.count("-") == 3
    return is_book and (isbn.is_valid(value) or ismn.is_valid(value))


def is_words(value: str) -> bool:
    """Whether every part of a value is a word, a number, or a word followed by a number."""
    return all(is_word(chunk) for chunk in CHUNK.findall(value))


def is_word(chunk: str) -> bool:
    """Whether letters and digits are combined as people do: Bach, op27, autumnSchool, 1756."""
    if chunk.isdigit():
        return len(chunk) <= 4
    if not chunk.isalpha():
        return bool(WORD_AND_NUMBER.fullmatch(chunk) or CATALOGUE.fullmatch(chunk))
    if not chunk.isascii():
        return True
    pieces = CASE_PIECE.findall(chunk)
    has_vowel = re.search("[aeiouy]", chunk, re.IGNORECASE) is not None or len(chunk) <= 5
    return has_vowel and (len(chunk) / len(pieces) >= 2.5 or len(chunk) <= 3)
