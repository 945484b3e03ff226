"""What every reader shares: settings, what is unreadable, and files opened within bounds."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow

COMPRESSED = {".gz", ".zst"}
EXCERPT = 500


@dataclass(frozen=True)
class Unreadable:
    """A line, file or page that could not be read: where, why, how it begins."""

    source: str
    place: str
    reason: str
    excerpt: str = ""


class Malformed(ValueError):
    """What a reader says of content it cannot use; the message is the quarantine's reason."""


@contextmanager
def open_source(path: Path, limit: int) -> Iterator[BinaryIO]:
    """A file's bytes, decompressed by its suffix; more than `limit` bytes are refused."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            stream: BinaryIO = gzip.GzipFile(fileobj=raw)
        elif path.suffix == ".zst":
            # unlike zstandard's own reader, this one says when a stream is cut short
            stream = pyarrow.CompressedInputStream(raw, "zstd")
        else:
            stream = raw
        yield io.BufferedReader(_Limited(stream, limit), 1 << 16)


class _Limited(io.RawIOBase):
    """A stream that refuses to hand out more than `limit` bytes (a decompression bomb)."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream, self.left, self.limit = stream, limit, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        try:  # read1 hands out what stands before the damage first
            chunk = self.stream.read1(len(buffer))
        except (EOFError, zlib.error) as error:
            raise Malformed(f"damaged compression: {error}") from error
        self.left -= len(chunk)
        if self.left < 0:
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


def excerpt(line: bytes | None) -> str:
    """How a line begins, for the quarantine."""
    return (line or b"")[:EXCERPT].decode("utf-8", errors="replace")
