"""Bytes become text: by their mark, by what they state, or by what they can be.

Names of character sets are read as browsers read them (WHATWG, Encoding Standard), by webencodings,
and where browsers know none, or refuse to show a page in it, as Python reads them.
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

from mucpt_utils.text.sources.base import BUFFER, BoundedStream, Malformed

# the longer mark first: UTF-32's begins with UTF-16's
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# what browsers read under a name is more than Python's codec of that name
WIDER = {"shift_jis": "cp932", "euc_kr": "cp949", "gbk": "gb18030", "big5": "big5hkscs"}
WESTERN = ("cp1252", "latin_1")
# what the standard calls sets that are not shown, since a page could hide a script in one
REFUSED = "replacement"
# other names of sets that Python has, as Macs, DOS and Java call them
OTHER_NAMES = {
    **{"x-mac-ce": "mac_latin2", "x-mac-centraleurroman": "mac_latin2", "x-mac-greek": "mac_greek"},
    **{"x-mac-turkish": "mac_turkish", "dos-866": "cp866", "x-johab": "johab", "8859_1": "cp1252"},
    **{"ansi": "cp1252", "x-iso-2022-kr": "iso2022_kr"},
}
TAG = "<html>"  # what a page is told by, in the set that it states
# Python's codecs for names of hosts and for source code: no text is written in them
NO_TEXT = ("idna", "punycode", "unicode_escape", "raw_unicode_escape")
# where the letters of a set such as ISO-2022-CN begin, which look like ASCII
SHIFT = b"\x1b$"
CHARSET = re.compile(r"(?:charset|<\?xml[^>]*?encoding)\s*=\s*[\"']?\s*([\w:.-]+)", re.IGNORECASE)
ASCII = bytes(range(128))
STATED_WITHIN = 4096  # bytes of a page in which it may state its character set
# letters outside ASCII are rarer in English, even in French; above that it is another script
MOST_ACCENTED = 0.05
FEW = 64  # bytes of which nothing can be guessed
UTF8_LIKE = 3  # a text of broken UTF-8 has at least one good letter for so many bad bytes
ZEROS = 0.7  # share of zeros in the high bytes of UTF-16 that has no mark
SAMPLE = 1 << 18  # bytes of lines from which their character set is guessed
CUT_OFF = "unexpected end of data"  # Python's word for a last letter that is not whole
GUESSED = "guessed_charset"  # in the metadata of a text that says nothing of how it is written


class Decoded(NamedTuple):
    """A text, and the character set that its letters alone told; None where something stated it."""

    text: str
    guessed: str | None = None


def decode(raw: bytes, stated: str | None = None) -> str:
    """The text of some bytes, as `decoded` reads them."""
    return decoded(raw, stated).text


def decoded(raw: bytes, stated: str | None = None) -> Decoded:
    """The text of some bytes, its lines ended by `\\n`. Raises Malformed.

    A byte order mark decides, then the character set that is `stated`, then UTF-8, then what old
    texts are in: Windows-1252 where few letters are accented, else what charset-normalizer finds.
    """
    mark, encoding = marked(raw)
    guessed = None
    if encoding:
        text = strictly(raw[len(mark) :], encoding)
    else:
        name = codec_name(stated) if stated else None
        if stated and name is None and SHIFT in raw:
            raise Malformed(f"states the character set {stated}, which is not read")
        text = as_stated(raw, name, stated) or ""
        if not text:
            text, guessed = unmarked(raw, name)
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return Decoded(text, guessed)


def marked(raw: bytes) -> tuple[bytes, str | None]:
    """The byte order mark that some bytes begin with, and its encoding."""
    return next(((m, name) for m, name in MARKS if raw.startswith(m)), (b"", None))


def strictly(raw: bytes, encoding: str) -> str:
    """The text in an encoding. Raises Malformed for the first byte that does not belong."""
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Malformed(f"broken {encoding.upper()} at byte {error.start}") from error


def as_stated(raw: bytes, encoding: str | None, stated: str | None) -> str | None:
    """The text in the character set that is stated; None where the bytes have to tell.

    encoding: the codec for `stated`. Raises Malformed for broken text of a set that nothing else
    would be taken for.
    """
    if encoding is None or encoding in ("utf-8", *WESTERN):
        return None  # what many state of any text
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
        # not one of the codecs that are no encodings, such as `rot13`; nor UTF-16 or EBCDIC: a page
        # that says so in ASCII is none
        is_ascii = TAG.encode().decode(name) == TAG
    except (LookupError, ValueError):
        return None
    name = name.replace("-", "_")
    if not is_ascii or name in NO_TEXT:
        return None
    return WIDER.get(name, name).replace("utf_8", "utf-8")


def stated_charset(raw: bytes, header: str = "") -> str | None:
    """The character set that a page's header names, or else its beginning."""
    head = raw[:STATED_WITHIN].decode("ascii", errors="ignore")
    match = CHARSET.search(header) or CHARSET.search(head)
    return match[1] if match else None


def unmarked(raw: bytes, encoding: str | None = None) -> Decoded:
    """The text of bytes that have no mark. Raises Malformed.

    encoding: what they state, where that is no more than Western.
    """
    if 0 in raw:
        if charset := without_mark(raw):
            return Decoded(raw.decode(charset), charset)
        raw = raw.rstrip(b"\0")  # which filled up the last block of a disk
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
    """Whether enough letters of broken UTF-8 are good ones."""
    text = raw.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", "ignore")) - bad
    return good > 0 and good * UTF8_LIKE >= bad


def without_mark(raw: bytes) -> str | None:
    """The UTF-16 that lacks its mark, told by its zeros; None where it is none."""
    for encoding, high in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
        if len(raw) % 2 == 0 and high.count(0) >= ZEROS * len(high):
            text = raw.decode(encoding, errors="replace")
            if "\0" not in text and "\ufffd" not in text:
                return encoding
    return None


def legacy_charset(raw: bytes, encoding: str | None = None) -> str:
    """What bytes that are not UTF-8 are written in. Raises Malformed where nothing fits."""
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


def is_western(raw: bytes) -> bool:
    """Whether bytes look like a Western language, whose accented letters stand alone."""
    high = raw.translate(None, ASCII)
    alone = sum(map(len, re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", raw)))
    is_rare = len(high) <= max(MOST_ACCENTED * len(raw), FEW)
    return is_rare and alone >= len(high) / 2


# --- streams of lines -----------------------------------------------------------------------------


class LineCharset:
    """The character set of a file's lines, which is guessed once one of them is not UTF-8.

    All such lines are looked at together, as a whole text would be. open_lines: opens the file's
    lines from its beginning.
    """

    def __init__(self, open_lines: Callable[[], AbstractContextManager[Iterable[bytes]]]) -> None:
        self.open_lines = open_lines

    def utf8(self, line: bytes) -> tuple[bytes, str | None]:
        """A line in UTF-8, and what it was in if that was guessed; as it is where nothing fits."""
        if line.isascii() or is_utf8(line) or self.charset is None:
            return line, None
        try:
            return line.decode(self.charset).encode(), self.charset
        except UnicodeDecodeError:
            return line, None

    @cached_property
    def charset(self) -> str | None:
        """What the lines are in; None where most are UTF-8, and the others are broken."""
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
    """A stream of JSON in UTF-8 without a mark, its lines ended by `\\n`, whatever it comes in."""
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
