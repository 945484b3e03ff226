"""Compressed files, which are sequences of members: damage in one costs none of the others.

A member is the unit that its format checks: a gzip member, a bzip2 or xz stream, a zstd frame.
Each is tested before it is handed out, so that no part of a damaged one is taken for text; of a
last member that is merely cut short, the part before the cut is handed out.
"""

import bz2
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NamedTuple

import zstandard

from mucpt_utils.errors import MuCPTError

CHUNK = 1 << 16  # bytes given to a decompressor, and requested from it, at a time
HELD = 1 << 24  # bytes of a member that are kept, so as not to be decompressed twice
SCAN = 1 << 20  # bytes searched at a time for the start of a member
WIDEST_WINDOW = 1 << 31  # of `zstd --long=31`, in which large dumps are packed


class Malformed(MuCPTError, ValueError):
    """Content that a reader cannot use; the message is the quarantine's reason."""


class Codec(NamedTuple):
    """A format of compression: the bytes a member begins with, and its decompressor.

    step: compressed bytes given at a time; few if nothing else bounds the output.
    """

    name: str
    magic: bytes
    make: Callable[[], Any]
    step: int = CHUNK


def zstd_decompressor(dictionary: zstandard.ZstdCompressionDict | None = None) -> Any:
    """A decompressor of one frame. dictionary: with which it was compressed, if with one."""
    return zstandard.ZstdDecompressor(dictionary, WIDEST_WINDOW).decompressobj()


CODECS = {
    ".gz": Codec("gzip", b"\x1f\x8b\x08", lambda: zlib.decompressobj(31)),
    ".bz2": Codec("bzip2", b"BZh", bz2.BZ2Decompressor),
    ".xz": Codec("xz", b"\xfd7zXZ\0", lzma.LZMADecompressor),
    # four bytes may expand to a block of 128 KiB
    ".zst": Codec("zstd", b"\x28\xb5\x2f\xfd", zstd_decompressor, 512),
}
CODECS |= {".gzip": CODECS[".gz"], ".bzip2": CODECS[".bz2"], ".zstd": CODECS[".zst"]}
# of zstd: frames without content, and the one before all others that holds their dictionary, as
# archives of the web have it (a compressed dictionary is a frame inside this frame)
SKIPPABLE, WITH_DICTIONARY = re.compile(rb"[\x50-\x5f]\*M\x18"), b"\x5d*M\x18"
SKIPPABLE_HEAD = 8  # bytes: its magic and its size
DAMAGE = (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, zstandard.ZstdError)


@dataclass(frozen=True)
class Member:
    """Where a member, or something that is not one, begins; `damage` says why it is not read.

    is_cut: whether the file ends inside it, so that its beginning can be read. held: its content,
    unless that is large.
    """

    start: int
    damage: str = ""
    is_cut: bool = False
    held: tuple[bytes, ...] | None = None


def sniffed(head: bytes) -> Codec | None:
    """The codec whose files begin as `head` does."""
    return next((codec for codec in CODECS.values() if head.startswith(codec.magic)), None)


def content(raw: BinaryIO, codec: Codec, start: int) -> Iterator[bytes]:
    """The content of the member at `start`, in pieces; leaves `raw` just after the member.

    Raises EOFError if the file ends inside it, another of DAMAGE if it is damaged.
    """
    raw.seek(start)
    decompressor = codec.make()
    while not decompressor.eof:
        # zlib hands back input it has not consumed; bz2 and lzma keep it, and say so
        chunk = getattr(decompressor, "unconsumed_tail", b"")
        if not chunk and getattr(decompressor, "needs_input", True):
            chunk = raw.read(codec.step)
            if not chunk:
                raise EOFError(f"the file ends inside a {codec.name} member")
        bound = (CHUNK,) if codec.step == CHUNK else ()
        yield decompressor.decompress(chunk, *bound)
    raw.seek(-len(decompressor.unused_data), io.SEEK_CUR)


def find_members(raw: BinaryIO, codec: Codec, limit: int) -> Iterator[Member]:
    """The members of a file in order, and whatever lies between them.

    Once `limit` bytes of content have been tested, the rest comes untested: more is refused
    when it is read.
    """
    position, tried = behind_skippable(raw, codec, 0), 0
    while (start := next_magic(raw, codec, position)) is not None:
        yield from stray(raw, codec, position, start)
        begin, held = tried, list[bytes]()
        member = Member(start)
        try:
            for piece in content(raw, codec, start):
                tried += len(piece)
                if tried - begin <= HELD:
                    held.append(piece)
                if tried > limit:
                    break
            if tried - begin <= HELD:
                member = Member(start, held=tuple(held))
        except DAMAGE as error:
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            member = Member(start, reason, is_cut=isinstance(error, EOFError))
        position = behind_skippable(raw, codec, raw.tell())
        if member.damage:
            # it may have swallowed the next one, or seem to be cut short because of that
            follower = next_whole(raw, codec, start + 1)
            position = raw.seek(0, io.SEEK_END) if follower is None else follower
            member = Member(start, member.damage, member.is_cut and follower is None)
        yield member
        if tried > limit:
            return
    yield from stray(raw, codec, position, raw.seek(0, io.SEEK_END))


def behind_skippable(raw: BinaryIO, codec: Codec, position: int) -> int:
    """Where the frames end that a zstd file has at `position` and that hold no content."""
    while codec.magic == CODECS[".zst"].magic:
        raw.seek(position)
        head = raw.read(SKIPPABLE_HEAD)
        if not SKIPPABLE.match(head):
            break
        end = position + SKIPPABLE_HEAD + int.from_bytes(head[4:], "little")
        position = min(end, raw.seek(0, io.SEEK_END))
    return position


def with_dictionary(raw: BinaryIO, codec: Codec) -> Codec:
    """The codec with the dictionary that a zstd file begins with, if it has one."""
    raw.seek(0)
    if codec.magic != CODECS[".zst"].magic or raw.read(4) != WITH_DICTIONARY:
        return codec
    size = int.from_bytes(raw.read(4), "little")
    held = raw.read(min(size, HELD))
    with suppress(zstandard.ZstdError):  # the members will say that they cannot be read
        if held.startswith(codec.magic):
            held = zstandard.ZstdDecompressor().decompress(held, max_output_size=HELD)
        dictionary = zstandard.ZstdCompressionDict(held)
        return codec._replace(make=partial(zstd_decompressor, dictionary))
    return codec


def next_magic(raw: BinaryIO, codec: Codec, position: int) -> int | None:
    """Where the next member seems to begin, at or after `position`."""
    raw.seek(position)
    window = raw.read(len(codec.magic))
    if window == codec.magic:
        return position
    while chunk := raw.read(SCAN):
        window += chunk
        if (index := window.find(codec.magic)) >= 0:
            return raw.tell() - len(window) + index
        window = window[-len(codec.magic) :]
    return None


def next_whole(raw: BinaryIO, codec: Codec, position: int) -> int | None:
    """Where the next whole member begins: bytes may equal a magic by chance."""
    while (start := next_magic(raw, codec, position)) is not None:
        try:
            for _ in content(raw, codec, start):
                pass
        except DAMAGE:
            position = start + 1
            continue
        return start
    return None


def stray(raw: BinaryIO, codec: Codec, start: int, end: int) -> Iterator[Member]:
    """What lies between two members, unless it is padding."""
    raw.seek(start)
    head = raw.read(min(end - start, CHUNK))
    if head.strip(b"\0"):
        yield Member(start, f"{end - start} bytes that are no {codec.name}")


class MemberStream:
    """The content of a file's members as one stream, which continues after damage.

    raw: the file, seekable. limit: see `find_members`.
    """

    def __init__(self, raw: BinaryIO, codec: Codec, limit: int) -> None:
        self.raw, self.codec = raw, with_dictionary(raw, codec)
        self.members = find_members(raw, self.codec, limit)
        self.pieces: Iterator[bytes] = iter(())
        self.rest: bytes | None = None  # of the current piece

    def read1(self, size: int) -> bytes:
        """The next piece, at most `size` bytes; none at the end.

        Raises Malformed once for each damage; reading then continues at the next whole member.
        """
        while not self.rest:
            try:
                self.rest = next(self.pieces, None)
                if self.rest is not None:
                    continue
            except DAMAGE as error:
                self.pieces = iter(())
                raise Malformed(f"damaged compression: {error}") from error
            member = next(self.members, None)
            if member is None:
                return b""
            if member.damage and not member.is_cut:
                raise Malformed(f"damaged compression: {member.damage}")
            again = content(self.raw, self.codec, member.start)
            self.pieces = again if member.held is None else iter(member.held)
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece
