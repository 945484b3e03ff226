"""Decoding of bytes: by their byte order mark, by the set they state, or by what fits them.

Names of character sets are read as browsers read them (WHATWG, Encoding Standard), by webencodings,
and if browsers do not know a name, or refuse to show a page in that set, as Python reads them.
"""

import codecs
import io
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import BinaryIO, NamedTuple, cast

import charset_normalizer
import webencodings

from mucpt_utils.text.sources.base import BUFFER, BoundedStream, Malformed, plain_lines

# the longer mark first: UTF-32's begins with UTF-16's
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# under these names browsers read more than Python's codec of the same name does
WIDER = {"shift_jis": "cp932", "euc_kr": "cp949", "gbk": "gb18030", "big5": "big5hkscs"}
WESTERN = ("cp1252", "latin_1")
# the standard's name for sets that are not shown, since a page could hide a script in them
REFUSED = "replacement"
# other names for sets that Python has, as used by Macs, DOS and Java
OTHER_NAMES = {
    **{"x-mac-ce": "mac_latin2", "x-mac-centraleurroman": "mac_latin2", "x-mac-greek": "mac_greek"},
    **{"x-mac-turkish": "mac_turkish", "dos-866": "cp866", "x-johab": "johab", "8859_1": "cp1252"},
    **{"ansi": "cp1252", "x-iso-2022-kr": "iso2022_kr"},
}
TAG = "<html>"  # must be readable as ASCII in the set that a page states
# Python's codecs for host names and source code: no text is written in them
NO_TEXT = ("idna", "punycode", "unicode_escape", "raw_unicode_escape")
# starts the letters of a set such as ISO-2022-CN, which look like ASCII
SHIFT = b"\x1b$"
IN_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
# other tags speak of other things: `<script charset=...>`, `<form accept-charset=...>`
# an attribute of its own, or in what stands for a header; a page's description may speak of sets
ATTRIBUTE = r"[\s/]*+(?!charset\b)[\w:.-]++(?:\s*+=\s*+(?:\"[^\"<>]*+\"|'[^'<>]*+'|[^\s\"'<>]++))?+"
IN_PAGE = re.compile(
    rf"(?:<meta\b(?:(?:{ATTRIBUTE})*+[\s/]*+charset|(?=[^<>]*?\bhttp-equiv\b)[^<>]*?\bcharset)"
    r"|<\?xml[^<>]*?\bencoding)\s*=\s*[\"']?\s*([\w:.-]+)",
    re.IGNORECASE,
)
# as books of Project Gutenberg, mail and news, and editors' marks in plain text name it
IN_TEXT = re.compile(
    r"(?<![^\r\n])(?:Character set[^\r\n:]{0,20}:"
    r"|Content-Type:[ \t]*text/plain;[^\r\n]{0,80}?charset="
    r"|[^\r\n]{0,80}-\*-[^\r\n]{0,80}?coding:)[ \t]*[\"']?([\w.-]+)",
    re.IGNORECASE,
)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
ASCII = bytes(range(128))
# letters of DOS, and those that in Windows are signs which stand in no word (`na\x8bve`)
DOS = "cp850"
DOS_LETTER = re.compile(rb"(?<=[a-z])[\x81\x82\x84\x86-\x89\x8b\x8d\x90\x93-\x95\x98\x9b](?=[a-z])")
DOS_LETTERS = bytes([*range(0x80, 0x9B), *range(0xA0, 0xA6), 0xE1])
STATED_WITHIN = 4096  # bytes of a page or text in which it may state its character set
# English, even French, has fewer non-ASCII letters; more of them mean another script
MOST_ACCENTED = 0.05
FEW = 64  # bytes, too few to guess anything from
UTF8_LIKE = 3  # broken UTF-8 has at least one good letter for this many bad bytes
ZEROS = 0.7  # least share of zeros in the high bytes of UTF-16 without a mark
SAMPLE = 1 << 18  # bytes of lines from which the character set is guessed
CUT_OFF = "unexpected end of data"  # Python's message for an incomplete last letter
GUESSED = "guessed_charset"  # in the metadata of a text that does not state its set


class Decoded(NamedTuple):
    """A text, and its character set if that had to be guessed; None if it was stated."""

    text: str
    guessed: str | None = None


def decode(raw: bytes, stated: str | None = None) -> str:
    """The text of some bytes, as `decoded` reads them."""
    return decoded(raw, stated).text


def decoded(raw: bytes, stated: str | None = None) -> Decoded:
    """The text of some bytes, with plain lines (`plain_lines`). Raises Malformed.

    A byte order mark decides, then the `stated` character set, then UTF-8, then the sets of older
    texts: Windows-1252 if few letters are accented, else what charset-normalizer finds.
    """
    mark, encoding = marked(raw)
    guessed = None
    if encoding:
        text = without_nul(strictly(raw[len(mark) :], encoding))
    else:
        name = codec_name(stated) if stated else None
        if stated and name is None and SHIFT in raw:
            raise Malformed(f"states the character set {stated}, which is not read")
        text = without_nul(as_stated(raw, name, stated) or "")
        if not text:
            text, guessed = unmarked(raw, name)
    return Decoded(plain_lines(text), guessed)


def without_nul(text: str) -> str:
    """A text without the NULs that fill up its end. Raises Malformed for others."""
    text = text.rstrip("\0")
    if "\0" in text:
        raise Malformed(f"NUL at character {text.index(chr(0))}")
    return text


def marked(raw: bytes) -> tuple[bytes, str | None]:
    """The byte order mark that some bytes begin with, and its encoding."""
    return next(((m, name) for m, name in MARKS if raw.startswith(m)), (b"", None))


def strictly(raw: bytes, encoding: str) -> str:
    """The text in an encoding. Raises Malformed for the first invalid byte."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Malformed(f"broken {encoding.upper()} at byte {error.start}") from error


def as_stated(raw: bytes, encoding: str | None, stated: str | None) -> str | None:
    """The text in the stated character set; None if the bytes have to decide.

    encoding: the codec for `stated`. Raises Malformed for broken text in a set that could not be
    taken for any other.
    """
    if encoding is None or encoding in ("utf-8", *WESTERN):
        return None  # many state it for any text
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            reason = f"broken {stated} at byte {error.start}"
            raise Malformed(reason) from error


def codec_name(label: str) -> str | None:
    """Python's codec for the name of a character set, `cp932` for `x-sjis`; None if unknown."""
    known = webencodings.lookup(label)
    is_read = known is not None and known.name != REFUSED
    other = OTHER_NAMES.get(label.strip().lower(), label)
    try:
        name = codecs.lookup(known.codec_info.name if is_read else other).name
        # no codecs that are not encodings, such as `rot13`; nor UTF-16 or EBCDIC: a page
        # that states them in ASCII is not in them
        is_ascii = TAG.encode().decode(name) == TAG
    except (LookupError, ValueError):
        return None
    name = name.replace("-", "_")
    if not is_ascii or name in NO_TEXT:
        return None
    return WIDER.get(name, name).replace("utf_8", "utf-8")


def stated_charset(raw: bytes, header: str = "") -> str | None:
    """The character set named by a page's HTTP header, or else by the page's beginning."""
    head = COMMENT.sub("", raw[:STATED_WITHIN].decode("ascii", errors="ignore"))
    match = IN_HEADER.search(header) or IN_PAGE.search(head)
    return match[1] if match else None


def stated_in_text(raw: bytes) -> str | None:
    """The character set that a plain text names in its head; None if it is UTF-8 all the same,
    as many are that were converted later."""
    match = IN_TEXT.search(raw[:STATED_WITHIN].decode("ascii", errors="ignore"))
    return match[1] if match and not is_utf8(raw) else None


def unmarked(raw: bytes, encoding: str | None = None) -> Decoded:
    """The text of bytes that have no mark. Raises Malformed.

    encoding: what they state, if that is a mere Western default.
    """
    if 0 in raw:
        if charset := without_mark(raw):
            return Decoded(raw.decode(charset), charset)
        raw = raw.rstrip(b"\0")  # zeros that filled up the last block of a disk
        if 0 in raw:
            raise Malformed(f"NUL byte at {raw.index(0)}")
    try:
        return Decoded(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        if is_mostly_utf8(raw):
            if error.reason == CUT_OFF:
                return Decoded(raw[: error.start].decode("utf-8"))
            # another reading would make mojibake of every good letter
            raise Malformed(f"broken UTF-8 at byte {error.start}") from error
    charset = legacy_charset(raw, encoding)
    return Decoded(raw.decode(charset), charset)


def is_mostly_utf8(raw: bytes) -> bool:
    """Whether enough letters of broken UTF-8 are valid."""
    text = raw.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good > 0 and good * UTF8_LIKE >= bad


def without_mark(raw: bytes) -> str | None:
    """Which UTF-16 without a mark this is, recognised by its zeros; None if it is not."""
    for encoding, high in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
        if len(raw) % 2 == 0 and high.count(0) >= ZEROS * len(high):
            text = raw.decode(encoding, errors="replace")
            if "\0" not in text and "\ufffd" not in text:
                return encoding
    return None


def legacy_charset(raw: bytes, encoding: str | None = None) -> str:
    """The character set of bytes that are not UTF-8. Raises Malformed if none fits."""
    if encoding not in WESTERN and is_dos(raw):
        return DOS
    if encoding in WESTERN or is_western(raw):
        try:
            raw.decode("cp1252")
            return "cp1252"
        except UnicodeDecodeError:
            pass  # an older set, such as that of DOS
    best = charset_normalizer.from_bytes(raw).best()
    if best is None:
        raise Malformed("neither UTF-8 nor Windows-1252, nor another character set")
    return best.encoding


def is_dos(raw: bytes) -> bool:
    """Whether bytes are of a Western language in the set of DOS: its letters stand inside words,
    and few bytes stand for nothing else than letters of Windows."""
    inside = len(DOS_LETTER.findall(raw))
    return inside > len(raw.translate(None, ASCII + DOS_LETTERS)) and is_western(raw)


def is_western(raw: bytes) -> bool:
    """Whether bytes look like a Western language, whose accented letters come singly."""
    high = raw.translate(None, ASCII)
    alone = sum(map(len, re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", raw)))
    is_rare = len(high) <= max(MOST_ACCENTED * len(raw), FEW)
    return is_rare and alone >= len(high) / 2


# --- streams of lines -----------------------------------------------------------------------------


class LineCharset:
    """The character set of a file's lines, guessed as soon as one of them is not UTF-8.

    All such lines are looked at together, as a whole text would be. open_lines: opens the file's
    lines from its beginning.
    """

    def __init__(self, open_lines: Callable[[], AbstractContextManager[Iterable[bytes]]]) -> None:
        self.open_lines = open_lines

    def utf8(self, line: bytes) -> tuple[bytes, str | None]:
        """A line in UTF-8, and its set if that was guessed; the line as it is if nothing fits."""
        if line.isascii() or is_utf8(line) or self.charset is None:
            return line, None
        try:
            return line.decode(self.charset).encode(), self.charset
        except UnicodeDecodeError:
            return line, None

    @cached_property
    def charset(self) -> str | None:
        """The set of the lines; None if most are UTF-8 and the others are broken."""
        sample, size = list[bytes](), 0
        with self.open_lines() as lines:
            for line in lines:
                if not line.isascii() and 0 not in line:
                    sample.append(line)
                    size += len(line)
                if size > SAMPLE:
                    break
        try:
            raw = b"".join(sample)
            return None if is_mostly_utf8(raw) else legacy_charset(raw)
        except Malformed:
            return None


def is_utf8(line: bytes) -> bool:
    """Whether bytes are whole UTF-8."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(stream: BinaryIO, limit: int) -> BinaryIO:
    """A stream of JSON, in whatever encoding, as UTF-8 without a mark and lines ending in `\\n`."""
    head = cast(io.BufferedReader, stream).peek(BUFFER)
    mark, encoding = marked(head)
    if encoding is None and head[:1] and 0 in head[:2]:  # RFC 4627, section 3
        encoding = "utf-16-be" if head[0] == 0 else "utf-16-le"
    stream.read(len(mark))
    body = head[len(mark) :]
    end = "\r".encode(encoding or "utf-8"), "\n".encode(encoding or "utf-8")
    is_old = end[0] in body and end[1] not in body
    if encoding in (None, "utf-8") and not is_old:
        return stream
    recoder = Recoder(stream, encoding or "utf-8", is_old)
    return cast(BinaryIO, io.BufferedReader(BoundedStream(recoder, 2 * limit), BUFFER))


class Recoder:
    """Another encoding read as UTF-8; what is broken stays broken, in its own line.

    is_old: whether `\\r` ends a line.
    """

    def __init__(self, stream: BinaryIO, encoding: str, is_old: bool) -> None:
        errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
        self.stream, self.errors, self.is_old = stream, errors, is_old
        self.decoder = codecs.getincrementaldecoder(encoding)(errors)
        self.pending = b""

    def read1(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        while not self.pending:
            chunk = cast(io.BufferedReader, self.stream).read1(BUFFER)
            text = self.decoder.decode(chunk, final=not chunk)
            if not chunk and not text:
                return b""
            text = text.replace("\r", "\n") if self.is_old else text
            self.pending = text.encode("utf-8", self.errors)
        piece, self.pending = self.pending[:size], self.pending[size:]
        return piece
