"""The records of a web archive, one by one: what is damaged costs no other record.

A record is its header, as many bytes as the header says, and a blank line. Where that does not
come out, reading goes on at the next line that begins a record.
"""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from warcio.recordloader import ArcWarcRecord, ArcWarcRecordLoader

from mucpt_utils.text.sources.base import Malformed, first_line

READ_BYTES = 1 << 20
LONGEST_LINE = 1 << 16
LONGEST_HEADER = 1 << 20
VERSION = b"WARC/"
LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
NEXT = re.compile(rb"\r\n\r\n(?=WARC/\d\.\d+\r\n[A-Za-z-]+:)")
OVERLAP = 64  # bytes within which such a border is seen


class Record(NamedTuple):
    """A record as warcio reads it, and whether its body was too long to be held."""

    content: ArcWarcRecord
    is_long: bool


class Archive:
    """Iterates over the records of a stream; a damaged one is given as the Malformed it is.

    longest: bytes of a body that are held; of a longer one the beginning alone is.
    """

    def __init__(self, stream: BinaryIO, longest: int) -> None:
        self.stream, self.longest = stream, longest
        self.pending = b""  # what was read too far
        self.loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)

    def __iter__(self) -> Iterator[Record | Malformed]:
        is_lost = False  # inside something that has been told
        while True:
            try:
                line = self.readline()
                if not line:
                    return
                if not line.strip():
                    continue
                if line.startswith(VERSION):
                    is_lost = True  # unless the record comes out
                    yield self.record(line)
                    is_lost = False
                elif not is_lost:
                    is_lost = True
                    yield Malformed("bytes that are no record of a web archive")
            except Malformed as error:
                yield error

    def readline(self) -> bytes:
        """The next line; one that is very long comes in pieces."""
        if not self.pending:
            return self.stream.readline(LONGEST_LINE)
        line, feed, self.pending = self.pending.partition(b"\n")
        return line + feed if feed else line + self.stream.readline(LONGEST_LINE)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self.pending:
            return self.stream.read(size)
        piece, self.pending = self.pending[:size], self.pending[size:]
        return piece

    def record(self, line: bytes) -> Record:
        """The record that begins with a line. Raises Malformed."""
        header = line
        while line.strip():
            line = self.readline()
            header += line
            if not line or len(header) > LONGEST_HEADER:
                raise Malformed("the file ends inside the header of a record")
        length = LENGTH.search(header)
        if length is None:
            raise Malformed("a record that does not say how long it is")
        body = self.body(int(length[1]))
        try:
            content = self.loader.parse_record_stream(
                io.BytesIO(header + body), known_format="warc"
            )
        except Exception as error:  # whatever warcio trips over is the record's fault
            raise Malformed(f"a record that cannot be parsed: {first_line(error)}") from error
        return Record(content, int(length[1]) > self.longest)

    def body(self, length: int) -> bytes:
        """A record's body of `length` bytes. Raises Malformed where it does not end there."""
        parts, size, tail = [], 0, b""
        while size < length:
            piece = self.read(min(READ_BYTES, length - size))
            if not piece:
                break
            if length > self.longest and (border := NEXT.search(tail + piece)):
                self.pending = (tail + piece)[border.end() :] + self.pending
                raise Malformed(f"a record that is shorter than the {length} bytes it says")
            parts += [piece] if size < self.longest else []
            size, tail = size + len(piece), piece[-OVERLAP:]
        body = b"".join(parts)
        line = self.readline()
        if size == length and not line.strip():
            return body
        if line:
            line += self.readline()  # the border may lie across the end
        if border := NEXT.search(body + line):
            self.pending = (body + line)[border.end() :] + self.pending
            raise Malformed(f"a record that is shorter than the {length} bytes it says")
        self.pending = line + self.pending
        if size < length:
            raise Malformed("the file ends inside a record")
        raise Malformed(f"a record that is longer than the {length} bytes it says")
