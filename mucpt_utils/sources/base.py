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
from pydantic import BaseModel, ConfigDict, Field

COMPRESSED = {".gz", ".zst"}
EXCERPT = 500


class GutenbergSettings(BaseModel):
    """Where books of Project Gutenberg come from, and how politely they are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mirror: str = Field(
        "https://gutenberg.pglaf.org", description="address of a mirror (robots use mirrors)"
    )
    layouts: tuple[str, ...] = Field(
        (
            "{mirror}/cache/epub/{number}/pg{number}.txt",
            "{mirror}/{folders}/{number}/{number}-0.txt",
            "{mirror}/{folders}/{number}/{number}-8.txt",
            "{mirror}/{folders}/{number}/{number}.txt",
        ),
        description="where a book may lie, tried in order; folders: 5724 lies in 5/7/2",
    )
    seconds_between: float = Field(2.0, ge=0, description="pause between two requests")
    retries: int = Field(4, ge=0, description="how often a request that failed is sent again")
    timeout: float = Field(60.0, gt=0, description="seconds without an answer that are a failure")
    largest_book_bytes: int = Field(64_000_000, ge=1, description="longer books are refused")
    sha256: dict[int, str] = Field({}, description="checksums a book must have, by its number")


class HubSettings(BaseModel):
    """Which part of a dataset is streamed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: str | None = Field(None, description="configuration (subset) of the dataset")
    revision: str | None = Field(None, description="commit; without one, the newest is looked up")
    documents: int | None = Field(None, ge=1, description="rows read at most, from the first on")


class SourceSettings(BaseModel):
    """How files are read and prose is cut into passages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage_words: int = Field(200, ge=20, description="words after which a passage ends")
    longest_passage_words: int = Field(250, ge=20, description="a longer paragraph is cut")
    shortest_passage_words: int = Field(60, ge=1, description="shorter tails join the one before")
    text_fields: tuple[str, ...] = Field(
        ("text", "abstract", "body", "content"), description="JSON fields that may hold the text"
    )
    longest_line_bytes: int = Field(16_000_000, ge=1, description="longer lines are quarantined")
    largest_file_bytes: int = Field(
        4_000_000_000, ge=1, description="what is read of a file once it is decompressed"
    )
    largest_text_bytes: int = Field(
        64_000_000, ge=1, description="longer prose files and web pages, read whole, are refused"
    )
    licence: str = Field("unknown", description="licence of files that do not state theirs")
    batch_rows: int = Field(256, ge=1, description="rows of a table held in memory at a time")
    gutenberg: GutenbergSettings = GutenbergSettings()
    hub: HubSettings = HubSettings()


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
