"""What every reader shares: what is unreadable, and files opened within bounds."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import pyarrow
from datatrove.data import Document

from mucpt_utils.errors import MuCPTError, OutsideError

COMPRESSED = {".gz", ".zst"}
EXCERPT = 500


class SourceError(MuCPTError, ValueError):
    """The name of a source that means nothing."""


class NoSource(MuCPTError, FileNotFoundError):
    """A source that is not there, or holds nothing to read."""


class SourceFailed(OutsideError, ConnectionError):
    """A mirror or the Hub that does not answer."""


class Malformed(MuCPTError, ValueError):
    """What a reader says of content it cannot use; the message is the quarantine's reason."""


@dataclass(frozen=True)
class Unreadable:
    """A line, file or page that could not be read: where, why, how it begins."""

    source: str
    place: str
    reason: str
    excerpt: str = ""


Item: TypeAlias = Document | Unreadable


@contextmanager
def open_source(path: Path, limit: int) -> Iterator[BinaryIO]:
    """A file's bytes, decompressed by its suffix; more than `limit` bytes are refused."""
    with path.open("rb") as raw:
        stream: Any = raw
        if path.suffix == ".gz":
            stream = gzip.GzipFile(fileobj=raw)
        elif path.suffix == ".zst":
            # unlike zstandard's own reader, this one says when a stream is cut short
            stream = pyarrow.CompressedInputStream(raw, "zstd")
        yield cast(BinaryIO, io.BufferedReader(BoundedStream(stream, limit), 1 << 16))


class BoundedStream(io.RawIOBase):
    """A stream that refuses to hand out more than `limit` bytes (a decompression bomb).

    stream: anything with `read1`.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self.stream, self.remaining, self.limit = stream, limit, limit

    def readable(self) -> bool:
        """Always: that is what it is for."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises Malformed where the compression is damaged, or too much comes."""
        try:  # read1 hands out what stands before the damage first
            chunk = self.stream.read1(len(buffer))
        except (EOFError, zlib.error) as error:
            raise Malformed(f"damaged compression: {error}") from error
        self.remaining -= len(chunk)
        if self.remaining < 0:
            raise Malformed(f"holds more than {self.limit} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)


def reason_of(error: Exception) -> str:
    """What the quarantine says of an error that ended the reading of a file."""
    if isinstance(error, Malformed):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"damaged compression: {error}" if str(error) else type(error).__name__


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or its name where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def excerpt(line: bytes | None) -> str:
    """How a line begins, for the quarantine."""
    return (line or b"")[:EXCERPT].decode("utf-8", errors="replace")
