"""Removes what Project Gutenberg puts around its books: header, licence, credits.

The header ends at a line `*** START OF THE PROJECT GUTENBERG EBOOK ... ***`, in texts of the 1990s
at `*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*`.
"""

import re
from bisect import bisect_left

HEADER = 60_000  # characters at most before the book itself
LICENCE = 40_000  # characters at most after it
OPENING = 3_000  # characters within which an etext says what it is
TITLE = OPENING // 10  # a header's line this early needs no such statement (characters)
NAME = re.compile(r"project\s+gutenberg", re.IGNORECASE)
SIGNS = ("gutenberg", "proofread", "small print!")  # one of them is around every such book
# lines of a header; that a text names the project proves nothing, others write about it too
MARK = re.compile(
    r"^[^\w\n]{0,20}(?:(?:Title|Author|(?:Release|Posting) Date|Language|Credits"
    r"|Character set[^\n:]{0,20}):"
    r"|This (?:e-?text|e-?book) is for the use of|This is a COPYRIGHTED Project Gutenberg"
    r"|Copyright laws are changing|We are releasing|Information about Project Gutenberg"
    r"|The Project Gutenberg E-?(?:text|book) of|Project Gutenberg.s [^\n]{1,80}, by "
    r"|Welcome to the world of free plain vanilla)|\[(?:E-?text|E-?book) ?#",
    re.IGNORECASE | re.MULTILINE,
)
OF_BOOK = r" OF (?:TH(?:IS|E) )?(?:COPYRIGHTED )?PROJECT GUTENBERG"
START = re.compile(
    rf"^[ \t]{{0,8}}\*{{3}} *START{OF_BOOK}"
    r"(?:(?:[^\n*]*\n){0,3}?[^\n*]*\*{3}[^\n]*$|[^\n]*$)",  # a long title goes on, on later lines
    re.IGNORECASE | re.MULTILINE,
)
SMALL_PRINT_START = re.compile(
    r"^[ \t]{0,8}\*+ *START *\** *(?:THE )?SMALL PRINT", re.IGNORECASE | re.MULTILINE
)
SMALL_PRINT_END = re.compile(
    r"^[ \t]{0,8}\*+ *(?:END *\** *THE SMALL PRINT[^\n]*|SMALL PRINT![^\n*]*\* *END *\*[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
END = re.compile(
    rf"^[ \t]{{0,8}}\*{{3}} *END{OF_BOOK}|^[ \t]{{0,8}}\*{{3}} *START: FULL LICENSE",
    re.IGNORECASE | re.MULTILINE,
)
# a paragraph of its own that says no more; `End of the Project Gutenberg text, he ...` is prose
PLAIN_END = re.compile(
    r"^ *End of (?:the |this )?Project Gutenberg(?:['’]s [^\n]*|(?: \w+)? E-?(?:text|book)\b[^\n]*"
    r"|[^\w\n]*)(?:\n[^\n]+){0,2}\n?(?=\n|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
# words of the licence behind a book
TERMS = re.compile(
    r"full licen[sc]e|updated editions will|this file should be named|gutenberg(?:-tm|™)"
    r"|project gutenberg (?:licen[sc]e|literary archive)|small print!",
    re.IGNORECASE,
)
COPYRIGHTED = re.compile(
    r"COPYRIGHTED Project Gutenberg|COPYRIGHTED PROJECT GUTENBERG|COPYRIGHT PROTECTED ETEXTS"
)
FIELD = re.compile(r"^(Title|Author|Original publication): *(\S.*)$", re.MULTILINE)
PRINTED = re.compile(r"\b1[4-9]\d\d\b|\b20\d\d\b")
# Paragraphs about the edition, right after the header and at the end. An opening alone proves
# nothing: `Produced in Leipzig by the old firm`, `Transcribed for the piano by Liszt` are prose.
NOTE = re.compile(
    r"\[?Transcriber.s Note|Use of the Project Gutenberg|Updates to this"
    r"|\[?Project Gutenberg(?:-tm|™| is a (?:registered )?trade-?mark"
    r"| E-?(?:text|book)s? (?:are|of)\b|.s [^.]{1,100}, by .{1,60}\Z)",
    re.IGNORECASE,
)
MADE = re.compile(
    r"[\[(]?(?:This (?:file|book|electronic (?:text|book|edition)|e-?(?:text|book)) was )?"
    r"(?:Produced|Prepared|Scanned|Transcribed|Digitized|Proofread|E-?text prepared|HTML version)\b"
    r".{0,100}?\bby\b",
    re.IGNORECASE | re.DOTALL,
)
EDITION = re.compile(
    r"\bproofread(?:ers?|ing)\b|\bpgdp\b|\b(?:e-?text|e-?book|html|OmniPage)\b|\bvolunteers?\b"
    r"|\bimages (?:generously )?made available\b|\bInternet Archive\b|\bDigital Librar|https?://"
    r"|\bpublic domain\b|\S@\S+\.\w|\bProject\s+Gutenberg (?:\w+ )?team\b",
    re.IGNORECASE,
)
BY_NAMES = re.compile(r"\[?(?:Produced|Scanned|Transcribed|Digitized|Proofread) by ([^\]]+)\]?\Z")
BETWEEN_NAMES = frozenset(("and", "the", "of", "with", "de", "la", "du", "van", "von", "der"))
PROOFREADERS = re.compile(
    r"^\W*(?:Produced|E-?text prepared)\b[^.]{0,300}?"
    r"\b(?:Project\s+Gutenberg|Distributed\s+Proofread)",
    re.IGNORECASE | re.MULTILINE,
)
CREDITS = 4  # paragraphs at either end that may be credits
LONGEST_CREDIT = 120  # words
CREDITS_OF_NAMES = 2  # the first of them, which may consist of names alone
MOST_NAMES = 30  # words of a credit that consists of names alone
BLANK_LINES = re.compile(r"\n\s*\n")


def strip_gutenberg(text: str, is_book: bool = False) -> tuple[str, dict]:
    """The book without Project Gutenberg's licence, and the title, creator, year in its header.

    text: with lines ending in `\\n`. is_book: whether it is known to be such a book. Of several
    books in one file all are read, and what their headers agree on is stated. Any other text
    without such a header comes back unchanged but for a licence at its end, without metadata.
    """
    ends = (text[:HEADER] + text[-LICENCE:]).lower()
    if not is_book and not any(sign in ends for sign in SIGNS):
        return text, {}
    header, body = split_header(text)
    pieces, headers = split_books(body) if header else ([body], [])
    pieces[-1] = without_end(pieces[-1], header != "", is_book)
    pieces[-1] = without_small_print_behind(pieces[-1])
    if not header:
        (body,) = pieces
        is_book = is_book or PROOFREADERS.search(body[:OPENING]) is not None
        return (without_credits(body) if is_book else body), {}
    stated, *others = map(stated_in, [header, *headers])
    agreed = {k: v for k, v in stated.items() if all(o.get(k) == v for o in others)}
    return "\n\n".join(map(without_credits, pieces)), agreed


def stated_in(header: str) -> dict:
    """Title, creator and licence by the header of a book, and the year if it states one."""
    fields = {key.lower(): value.strip() for key, value in FIELD.findall(header)}
    printed = PRINTED.search(fields.get("original publication", ""))
    is_free = COPYRIGHTED.search(header) is None
    year = {"year": int(printed.group())} if printed else {}
    return year | {
        "title": fields.get("title"),
        "creator": fields.get("author"),
        "licence": (
            "Public domain in the USA" if is_free else "Project Gutenberg License (copyrighted)"
        ),
    }


def split_header(text: str) -> tuple[str, str]:
    """The header of one of Project Gutenberg's books, and the rest; no header in other texts."""
    window = text[:HEADER]
    if start := START.search(window):
        # others who write about such books quote the line too
        is_book = start.start() < TITLE or MARK.search(text[: min(start.start(), OPENING)])
        return (text[: start.end()], text[start.end() :]) if is_book else ("", text)
    end = SMALL_PRINT_END.search(window)
    start = SMALL_PRINT_START.search(window, 0, end.start()) if end else None
    begins_so = start is not None and start.start() < TITLE
    if end is None or not (begins_so or NAME.search(text[:OPENING])):
        return "", text
    before = text[: start.start() if start else 0]
    if start and len(before) > len(text) - end.end():  # some have it after the book
        return text[start.start() : end.end()], before + text[end.end() :]
    return text[: end.end()], text[end.end() :]


def split_books(body: str) -> tuple[list[str], list[str]]:
    """The books of a file behind its first header, and the other headers.

    Between two books stand the end of one, its licence and the header of the next.
    """
    pieces, headers, place = [], [], 0
    ends = [end.start() for end in END.finditer(body)]
    for start in START.finditer(body) if ends else ():
        number = bisect_left(ends, max(place, start.start() - LICENCE - HEADER))
        if number == len(ends) or ends[number] > start.start():
            continue
        between = body[ends[number] : start.end()]
        if MARK.search(between):
            pieces.append(without_plain_end(body[place : ends[number]]))
            headers.append(between)
            place = start.end()
    return [*pieces, body[place:]], headers


def without_end(body: str, has_header: bool, is_book: bool) -> str:
    """A text without the licence behind it.

    has_header, is_book: what shows that it is a book; other texts may quote the line that ends one,
    so that the licence must follow.
    """
    tail = max(0, len(body) - LICENCE)
    end = END.search(body, tail)
    if end and (has_header or is_book or is_licence(body[end.start() :])):
        return without_plain_end(body[: end.start()])
    plain = PLAIN_END.search(body, tail) if has_header else None
    ends_so = plain and (len(body) - plain.end() < TITLE or is_licence(body[plain.start() :]))
    return body[: plain.start()] if plain and ends_so else body


def is_licence(rest: str) -> bool:
    """Whether what stands from the end of a book on is that line alone, or the terms of use."""
    return "\n" not in rest.strip() or TERMS.search(rest) is not None


def without_plain_end(body: str) -> str:
    """A book without the paragraph that says that it ends, right before the line that does."""
    (end, start), *_ = first_paragraphs(body[-OPENING:][::-1])
    last = len(body) - start
    return body[:last] if PLAIN_END.fullmatch(body[last : len(body) - end] + "\n") else body


def without_small_print_behind(body: str) -> str:
    """A text without the small print, or its last line, at the end of the file."""
    tail = max(0, len(body) - LICENCE)
    last = max(tail, body.rstrip().rfind("\n") + 1)
    if not SMALL_PRINT_END.match(body, last):
        return body
    start = SMALL_PRINT_START.search(body, tail, last)
    return body[: start.start() if start else last]


def without_credits(body: str) -> str:
    """A book without the paragraphs about its edition at either end."""
    first = first_paragraphs(body[:LICENCE])
    last = first_paragraphs(body[-LICENCE:][::-1])
    spans = [*first, *((len(body) - end, len(body) - start) for start, end in last)]
    opening = first[:CREDITS_OF_NAMES]
    credits = sorted(
        span
        for span in set(spans)
        if is_credit(body[slice(*span)].strip(), names_suffice=span in opening)
    )
    for start, end in reversed(credits):
        body = body[:start] + body[end:]
    return body


def is_credit(paragraph: str, names_suffice: bool) -> bool:
    """Whether a paragraph says who made the edition: by how it opens and by one more sign.

    names_suffice: whether nothing but names after "Produced by" is such a sign, as in the first
    lines after the header.
    """
    if len(paragraph.split()) > LONGEST_CREDIT:
        return False
    if NOTE.match(paragraph):
        return True
    if MADE.match(paragraph) and EDITION.search(paragraph):
        return True
    made = BY_NAMES.match(paragraph) if names_suffice else None
    return made is not None and are_names(made[1].split())


def are_names(words: list[str]) -> bool:
    """Whether words are a list of names: `Judith Boss, and David Widger`."""
    bare = [word.strip(".,;:&()\"'") for word in words]
    return len(bare) <= MOST_NAMES and all(
        not word or word[0].isupper() or word in BETWEEN_NAMES for word in bare
    )


def first_paragraphs(text: str) -> list[tuple[int, int]]:
    """Where the first few paragraphs of a text begin and end; given reversed text, its last."""
    spans, start = [], 0
    for gap in BLANK_LINES.finditer(text):
        if text[start : gap.start()].strip():
            spans.append((start, gap.start()))
        start = gap.end()
        if len(spans) == CREDITS:
            return spans
    return [*spans, (start, len(text))]
