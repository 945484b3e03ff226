"""E-mail addresses, including spelt-out and escaped ones, and user names after @.

Addresses at example domains are masked like any other: a made-up person cannot be told from a real
one, and no question about music needs either. Without a top-level domain there is no address
(`x.rand@y.rand` is arithmetic on points in SuperCollider).
"""

import re
from collections.abc import Iterator
from functools import cache

from mucpt_utils.pipeline.personal_data.context import (
    Window,
    is_listed,
    matches,
    rules,
    stands_before,
    windows,
)

LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
LOCAL = r"[\w+%][\w.+%'’&-]{0,63}?"
# several names at one host, as papers have them: {anna,bob}@kcl.ac.uk
NAME_OF_SEVERAL = r"[^\W\d_][\w.+-]{1,30}"
NAMES = rf"\\?[{{(\[]{NAME_OF_SEVERAL}(?:[,;|/]\s?{NAME_OF_SEVERAL}){{1,8}}\\?[}})\]]"
AT_SIGN = r"@|＠|%40|&#64;|&#x40;|&commat;|\\u0040"
BARE_A = r"(?<=\w{3})\(a\)(?=\w)"  # anna.schmidt(a)orchestra.de
BRACKETED_AT = r"\s{0,2}[\[({<]\s?(?:at|@|ät|arroba|arobase)\s?[\])}>]\s{0,2}|" + BARE_A
DOT = r" \. ?|\.|\s?[\[({<]\s?(?:dot|\.|punkt|punto|point)\s?[\])}>]\s?"
ADDRESS = re.compile(
    rf"(?<![\w.+%@-])(?:\"[^\"\n@]{{1,62}}\"|{LOCAL}|{NAMES})"
    rf"(?:{AT_SIGN}|{BRACKETED_AT}|(?P<spaced> @ ?|@ ))"
    rf"(?P<domain>{LABEL}(?:(?:{DOT}){LABEL}){{1,8}})",
    re.IGNORECASE,
)
LONGEST_ARTICLE = 12  # characters of a word such as `these`, and the blank behind it
SPELLED_DOT = r"(?: dot | ?[(\[]dot[)\]] ?| ?-dot- ?|_dot_)"
SPELLED = re.compile(
    rf"(?<![\w.+%@-])(?P<dotted>(?:[\w+-]{{1,40}}{SPELLED_DOT}){{0,3}})(?P<local>[\w.+-]{{1,64}})"
    rf"(?P<at> at | AT | ?-at- ?|_at_|{BRACKETED_AT})"
    rf"(?P<domain>{LABEL}(?:{SPELLED_DOT}{LABEL}){{1,5}})",
    re.IGNORECASE,
)
SPELLED_PART = re.compile(rf"{DOT}|{SPELLED_DOT}", re.IGNORECASE)
# an escape that ends where the address begins: \n of JSON, %20 or %3C of a link
ESCAPE = re.compile(r"(?<=\\)(?:[nrt]|u00[0-9a-f]{2})|(?:%[0-9a-f]{2})+", re.IGNORECASE)
SIGN = re.compile(
    rf"(?:{AT_SIGN})(?=[^\W_]| |\[)|[\[({{<] ?(?:at|ät|arroba|arobase|@) ?[\])}}>]|{BARE_A}", re.I
)
SPELLED_SIGN = re.compile(r"[ (\[_-](?:dot|DOT|Dot)[ )\]_-]")
SPELLED_SIGNS = tuple(f"{dot}{end}" for dot in ("dot", "DOT", "Dot") for end in " )]-_")
# what every text is searched for first
PLAIN_SIGNS = ("@", "＠", "%40", "&#64;", "&#x40;", "&commat;", "\\u0040")
BRACKETED_SIGN = re.compile(r"[\[({<](?: ?(?:at|AT|At|ät|arroba|arobase) ?[\])}>]|a\)\w)")


def find_addresses(text: str) -> Iterator[Window]:
    """E-mail addresses, written with @, with an escape for it, or spelled out."""
    candidates: list[re.Match] = []
    if any(sign in text for sign in PLAIN_SIGNS) or BRACKETED_SIGN.search(text):
        candidates += matches(ADDRESS, text, windows(SIGN.finditer(text), 80, 300))
    if any(sign in text for sign in SPELLED_SIGNS):
        candidates += matches(SPELLED, text, windows(SPELLED_SIGN.finditer(text), 200, 80))
    for match in candidates:
        end = domain_end(match)
        if end and not is_no_address(text, match, end):
            escape = ESCAPE.match(text, match.start())
            yield escape.end() if escape else match.start(), end


def domain_end(match: re.Match) -> int | None:
    """The end of the longest host whose last label is a top-level domain; None if there is none."""
    domain, first = match["domain"], match.start("domain")
    dots = [*SPELLED_PART.finditer(domain)]
    labels = [
        domain[a:b]
        for a, b in zip(
            [0, *(d.end() for d in dots)], [*(d.start() for d in dots), len(domain)], strict=True
        )
    ]
    if re.fullmatch(r"v?\d+x?", labels[0], re.IGNORECASE) and re.match(r"\d|x", labels[1]):
        return None  # a version: package@2.24.1
    ends = [*(d.start() for d in dots), len(domain)]
    for i in range(len(labels) - 1, 0, -1):
        # "example.org.The next sentence": a capital after lower case begins a sentence
        begins_sentence = labels[i][:1].isupper() and labels[i - 1].islower()
        # "example.org . in the": behind a whole host a full stop among blanks ends a sentence, too
        is_spaced = i > 1 and dots[i - 1].group().startswith(" .")
        ends_sentence = is_spaced and is_top_level(labels[i - 1])
        label = labels[i].rstrip("-")
        if is_top_level(label) and not begins_sentence and not ends_sentence:
            return first + ends[i] - (len(labels[i]) - len(label))
    return None


def is_no_address(text: str, match: re.Match, end: int) -> bool:
    """Whether it only looks like an address: code, a service account, words around a lone @."""
    if "at" in match.re.groupindex and is_place(text, match, end):
        return True
    local = re.split(r"@|\s|%40", match.group(), maxsplit=1)[0]
    if "spaced" in match.re.groupindex and match["spaced"]:
        host = re.split(r"[ .]", match["domain"], maxsplit=1)[0]
        is_mail = is_listed(host, "mail_hosts") and not is_listed(local.strip(), "no_user_names")
        return not is_mail and not stands_before(text, match.start(), "mail_before")
    return is_listed(local, "service_accounts") or text.startswith("(", end) or is_image(match)


def is_place(text: str, match: re.Match, end: int) -> bool:
    """Whether a spelt-out host is where something is found: the episode at npr dot org.

    A word such as `us` or `available`, or a noun with an article, is no user's name; nor is an
    article a host's, or a word such as `in` its domain where a sentence goes on: a finger at each
    dot in the diagram. A name in several parts, an ` at ` without blanks and a host of mail for
    everyone leave no doubt.
    """
    if match["dotted"] or match["at"].strip(" ()[]{}<>").lower() != "at":
        return False
    host = re.split(r"[ .(\[]", match["domain"], maxsplit=1)[0]
    if is_listed(host, "mail_hosts"):
        return False
    before = text[max(0, match.start() - LONGEST_ARTICLE) : match.start()]
    articles = rules()["patterns"]["articles"]
    has_article = articles.search(before) or articles.search(f"{host} ")
    domain = re.split(r"\W", text[match.start() : end])[-1]
    goes_on = is_listed(domain, "words_and_domains") and re.match(" [a-z]", text[end : end + 2])
    return bool(has_article or goes_on) or is_listed(match["local"], "no_user_names")


def is_image(match: re.Match) -> bool:
    """Whether this is a picture for a dense screen: logo@2x.png."""
    return re.match(r"\d+x\b", match["domain"]) is not None


@cache
def is_top_level(label: str) -> bool:
    """Whether a label is a top-level domain of the public suffix list, or reserved for examples."""
    # read when the first address is met, not when the pipeline is imported
    from tld.utils import is_tld

    label = label.lower()
    return is_listed(label, "reserved_domains") or (len(label) > 1 and bool(is_tld(label)))


# --- handles --------------------------------------------------------------------------------------

NAME = r"\w(?:(?:[\w.-]|\\_){0,60}\w)?"
HANDLE = re.compile(
    rf"(?<![\w@/=&\\)\]{{}}])(?<!\w\.)@(?P<name>{NAME})(?P<host>@{LABEL}(?:\.{LABEL}){{1,5}})?(?![\w{{@\[])"
)
PROFILE = re.compile(
    r"(?:medium|youtube|tiktok|threads|mastodon|mstdn|fosstodon|bsky|mas|t|hachyderm|flickr)"
    rf"\.[a-z]{{2,10}}/(@{NAME})",
    re.IGNORECASE,
)
# 440Hz, 2x, 7pm: a measure after an at sign, not a name
MEASURE = re.compile(
    r"\d+(?:[.,:]\d+)?(?:k?hz|mhz|bpm|fps|dpi|ppi|px|x|k|kbps|kbit|bit|db|ms|s|min|h|am|pm|p|w|v|mm|cm|m|ft|in|st|nd|rd|th)?",
    re.IGNORECASE,
)
NOTE = re.compile(r"\([^\W\d_]+/[^\W\d_]+\)")  # (she/her), after a name
CODE_LINE = re.compile(
    r"[ \t]*\n\s*(?:@|(?:def|async|class|public|private|protected|static|final|func|fun|var|val|let"
    r"|const|export|interface|abstract|void) )"
)
LINE_OF_COMMAND = re.compile(r"^[ \t]*(?:\*|//+|#+)?[ \t]*@([a-z]+)", re.MULTILINE)


def find_handles(text: str) -> Iterator[Window]:
    """Whole user names after @: with hyphens, dots and the host of a federated network."""
    if "/@" in text:
        yield from (match.span(1) for match in PROFILE.finditer(text))
    is_markup: bool | None = None
    for match in HANDLE.finditer(text):
        if not is_handle(text, match):
            continue
        if not match["host"] and begins_line(text, match):
            # in a text with commands at the beginning of lines, no line begins with a name
            is_markup = has_commands(text) if is_markup is None else is_markup
            if is_markup or is_code(text, match):
                continue
        yield match.span()


def has_commands(text: str) -> bool:
    """Whether at least two lines begin with a command of markup or documentation."""
    commands = {c for c in LINE_OF_COMMAND.findall(text) if is_listed(c, "commands")}
    return len(commands) >= 2


def is_handle(text: str, match: re.Match) -> bool:
    """Whether a name after @ is a user's, not a command, a measure, a package or a code."""
    name = match["name"]
    if match["host"]:
        return True
    if is_listed(name, "commands") or MEASURE.fullmatch(name) or not re.search(r"[^\W\d_]", name):
        return False
    if len(name) == 1 or is_call(text, match):
        return False
    # CRC, SYN, BBC: a code or an institution
    is_short_code = len(name) <= 3 and name.isupper()
    is_package = re.match(r"/[a-z]", text[match.end() : match.end() + 2]) is not None
    return not is_short_code and not is_package


def is_call(text: str, match: re.Match) -> bool:
    """Whether this is a decorator: brackets follow at once, or its module is a known one."""
    is_known = rules()["patterns"]["code_names"].fullmatch(match["name"]) is not None
    return is_known or (text.startswith("(", match.end()) and not NOTE.match(text, match.end()))


def begins_line(text: str, match: re.Match) -> bool:
    """Whether nothing but a comment mark comes before a match on its line."""
    first = max(0, match.start() - 40)
    line = text.rfind("\n", first, match.start()) + 1
    return not text[max(line, first) : match.start()].strip(" \t*/#")


def is_code(text: str, match: re.Match) -> bool:
    """Whether a line of source code follows, as after a decorator or an annotation."""
    return CODE_LINE.match(text, match.end()) is not None
