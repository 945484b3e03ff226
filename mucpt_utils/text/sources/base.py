"""What all readers share: reports of what is unreadable or skipped, and bounds on what is read."""

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from datatrove.data import Document

from mucpt_utils.errors import MuCPTError, OutsideError
from mucpt_utils.text.sources.compression import CODECS, Codec, Malformed, MemberStream, sniffed

__all__ = ["Malformed"]
EXCERPT = 500
BUFFER = 1 << 16
# a full disk, too many open files and the like are not the fault of the file being read
MACHINE = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EMFILE", "ENFILE", "ENOMEM", "EROFS")
    if hasattr(errno, name)
}
SURROGATE = re.compile("[\ud800-\udfff]")
PLAIN = 32  # bytes by which plain text is recognised
# printed signs and line ends in UTF-8, of which the last may be cut off
PRINTED = re.compile(
    rb"(?:[\t\n\r\f -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3})+(?:[\xc2-\xf4][\x80-\xbf]{0,2})?"
)
CONTROL = re.compile("[\0-\x1f\x7f\x85\u2028\u2029]")
# what ends a line beside a line feed: carriage returns, the line break inside a paragraph of word
# processors and slides, and the separators of files, groups and records; one of units is a space
OTHER_ENDS, UNIT = "\r\v\x1c\x1d\x1e", "\x1f"
LINE_END = re.compile(f"\r\n?|[{OTHER_ENDS}]")
ANY_LINE_END = re.compile(f"\r\n?|[\n{OTHER_ENDS}]")
WHITE_LINE = re.compile(r"^[^\S\n]+$", re.MULTILINE)


LOST_LINK = "a link that leads nowhere, or to itself"


class TooLong(Malformed):
    """More bytes than a setting allows."""


class SourceError(MuCPTError, ValueError):
    """A source whose name has no meaning."""


class NoSource(MuCPTError, FileNotFoundError):
    """A source that does not exist, or contains nothing to read."""


class SourceFailed(OutsideError, ConnectionError):
    """A mirror or the Hub that does not answer."""


class MachineTrouble(OutsideError, OSError):
    """The machine fails, not the file: no room, no file handles. A later run can continue."""


def is_lost_link(path: Path) -> bool:
    """Whether a path is a broken link."""
    return path.is_symlink() and not path.exists()


@dataclass(frozen=True)
class Unreadable:
    """A line, file or page that could not be read: where, why, how it begins.

    documents: how many were lost with it, if that is known.
    """

    source: str
    place: str
    reason: str
    excerpt: str = ""
    documents: int = 1


@dataclass(frozen=True)
class PassedOver:
    """What is skipped as no text of the source, and how much: hidden files, images, a licence.

    documents: number of whole files or records. words: number cut from what is read.
    """

    source: str
    place: str
    reason: str
    documents: int = 0
    words: int = 0


Item: TypeAlias = Document | Unreadable | PassedOver


@contextmanager
def open_source(path: Path, limit: int) -> Iterator[BinaryIO]:
    """A file's bytes, decompressed as its suffix or its first bytes say; more than `limit` bytes
    are refused. After a Malformed, reading may continue with what follows the damage."""
    with path.open("rb") as raw:
        codec = codec_of(path, raw)
        stream: Any = MemberStream(raw, codec, limit) if codec else raw
        yield cast(BinaryIO, io.BufferedReader(BoundedStream(stream, limit), BUFFER))


def codec_of(path: Path, raw: io.BufferedReader) -> Codec | None:
    """How a file is compressed, by its first bytes or its suffix; None if it is not.

    A file called `.gz` that begins as plain text was unpacked by whoever fetched it.
    """
    head = raw.peek(BUFFER)[:PLAIN]
    stated = CODECS.get(path.suffix.lower())
    return sniffed(head) or (None if is_plain(head) else stated)


def is_plain(raw: bytes) -> bool:
    """Whether bytes begin as plain text, which what is compressed does not."""
    return len(raw) >= PLAIN and PRINTED.fullmatch(raw[:PLAIN]) is not None


class BoundedStream(io.RawIOBase):
    """A stream that refuses to hand out more than `limit` bytes (a decompression bomb).

    stream: anything with `read1`.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self.stream, self.remaining, self.limit = stream, limit, limit

    def readable(self) -> bool:
        """Always true, as for any stream opened for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer. Raises Malformed for damaged compression, TooLong beyond the limit."""
        if self.remaining < 0:
            return 0  # already reported
        chunk = self.stream.read1(len(buffer))
        self.remaining -= len(chunk)
        if self.remaining < 0:
            raise TooLong(f"holds more than {self.limit} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def machine_work(doing: str) -> Iterator[None]:
    """Turns an OSError inside the block into MachineTrouble. doing: what the block was doing."""
    try:
        yield
    except OSError as error:
        raise MachineTrouble(f"{doing}: {error.strerror or error}") from error


def reason_of(error: Exception) -> str:
    """What the quarantine says about an error that ended the reading of a file or record.

    Raises MachineTrouble if the machine is to blame.
    """
    if isinstance(error, MachineTrouble):
        raise error
    if isinstance(error, Malformed):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        if error.errno in MACHINE:
            raise MachineTrouble(f"reading stops: {error}") from error
        return error.strerror.lower()
    message = first_line(error)
    return message if message == type(error).__name__ else f"{type(error).__name__}: {message}"


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the error's name if it has none."""
    return clean_text(str(error).strip().partition("\n")[0] or type(error).__name__)


def excerpt(line: bytes | None) -> str:
    """How a line begins, for the quarantine."""
    return (line or b"")[:EXCERPT].decode("utf-8", errors="replace")


def clean_text(text: str) -> str:
    """A text with U+FFFD for each lone surrogate, which no file can hold."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)


def plain_lines(text: str) -> str:
    """A text whose lines all end in `\\n` and whose blank lines are empty; all words stay.

    Every reader passes its text through this, so that no stage needs to know other line ends.
    """
    if any(end in text for end in OTHER_ENDS):
        text = LINE_END.sub("\n", text)
    return WHITE_LINE.sub("", text.replace(UNIT, " "))


def path_name(path: Path, root: Path) -> str:
    """A path below `root` as a record names it: on one line, bytes that are no UTF-8 as `\\xff`."""
    name = os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")
    return one_line(name)


def one_line(name: str) -> str:
    """A name with its line ends and other control characters written as `\\n` and the like."""
    return CONTROL.sub(lambda sign: sign[0].encode("unicode_escape").decode(), name)
