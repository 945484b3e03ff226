"""The records of a web archive, one by one: a damaged record costs no other one.

A record is its header, as many bytes as the header says, and a blank line. If that does not
work out, reading continues at the next line that begins a record.
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
LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
# a field continued on the next line; warcio's time grows with the square of such lines
FOLDED = re.compile(rb"\r?\n[ \t]+(?=\S)")
NEXT = re.compile(rb"\r?\n\r?\n(?=WARC/\d\.\d+\r?\n[A-Za-z-]+:)")
# how an answer begins; some crawlers store the page alone, whose first lines would be lost
HTTP = re.compile(rb"\s*(?:HTTP/\d|ICY\b)", re.IGNORECASE)
OVERLAP = 64  # bytes within which the border of a record is recognised


class Record(NamedTuple):
    """A record as warcio reads it, and whether its body was too long to be held."""

    content: ArcWarcRecord
    is_long: bool


class Lookahead:
    """A stream that takes back what was read too far, without copying it each time."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.ahead = io.BytesIO()  # what was put back
        self.went_on = False  # whether the stream has been read since
        self.has_ended = False

    def readline(self) -> bytes:
        """The next line; one that is very long comes in pieces."""
        line = self.ahead.readline(LONGEST_LINE)
        if line.endswith(b"\n") or len(line) == LONGEST_LINE:
            return line
        return line + self.from_stream(self.stream.readline(LONGEST_LINE))

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        return self.ahead.read(size) or self.from_stream(self.stream.read(size))

    def from_stream(self, piece: bytes) -> bytes:
        """Passes on what the stream has given."""
        self.went_on, self.has_ended = self.went_on or bool(piece), not piece
        return piece

    def put_back(self, piece: bytes) -> None:
        """Takes back `piece`, the end of what was read."""
        if self.went_on:
            self.ahead, self.went_on = io.BytesIO(piece), False
        else:
            self.ahead.seek(-len(piece), io.SEEK_CUR)

    def has_left(self, size: int) -> bool:
        """Whether `size` more bytes may follow, found without reading any."""
        return not self.has_ended or len(self.ahead.getbuffer()) - self.ahead.tell() >= size

    def skip_to_border(self) -> bool:
        """Goes to the next record in what was put back; False if none is seen there."""
        with self.ahead.getbuffer() as view:
            border = NEXT.search(view, self.ahead.tell())
        if border:
            self.ahead.seek(border.end())
        return border is not None


class Archive:
    """Iterates over the records of a stream; a damaged one is given as the Malformed it is.

    longest: bytes of a body that are held; of a longer one, only the beginning is.
    """

    def __init__(self, stream: BinaryIO, longest: int) -> None:
        self.stream, self.longest = Lookahead(stream), longest
        self.loader = ArcWarcRecordLoader(verify_http=False, arc2warc=False)

    def __iter__(self) -> Iterator[Record | Malformed]:
        is_lost = False  # inside something already reported
        while True:
            try:
                line = self.stream.readline()
                if not line:
                    return
                if not line.strip():
                    continue
                if line.startswith(VERSION):
                    is_lost = True  # unless the record works out
                    yield self.record(line)
                    is_lost = False
                elif not is_lost:
                    is_lost = True
                    yield Malformed("bytes that are no record of a web archive")
            except Malformed as error:
                yield error

    def record(self, line: bytes) -> Record:
        """The record that begins with a line. Raises Malformed if it cannot be read."""
        lines, size = [line], len(line)
        while line.strip():
            line = self.stream.readline()
            lines.append(line)
            size += len(line)
            if not line or size > LONGEST_HEADER:
                raise Malformed("the file ends inside the header of a record")
        header = FOLDED.sub(b" ", b"".join(lines))
        length = LENGTH.search(header)
        if length is None:
            raise Malformed("a record that does not say how long it is")
        body = self.body(int(length[1]))
        try:
            content = self.loader.parse_record_stream(
                io.BytesIO(header + body), known_format="warc", no_record_parse=not HTTP.match(body)
            )
        except Exception as error:  # whatever warcio trips over is the record's fault
            raise Malformed(f"a record that cannot be parsed: {first_line(error)}") from error
        return Record(content, int(length[1]) > self.longest)

    def body(self, length: int) -> bytes:
        """A record's body of `length` bytes. Raises Malformed if it does not end there."""
        is_short = Malformed(f"a record that is shorter than the {length} bytes it says")
        may_end_early = length > self.longest or not self.stream.has_left(length)
        if may_end_early and self.stream.skip_to_border():
            raise is_short
        parts, size, tail = [], 0, b""
        while size < length:
            piece = self.stream.read(min(READ_BYTES, length - size))
            if not piece:
                break
            if length > self.longest and (border := NEXT.search(tail + piece)):
                self.stream.put_back((tail + piece)[border.end() :])
                raise is_short
            parts += [piece] if size < self.longest else []
            size, tail = size + len(piece), piece[-OVERLAP:]
        body = b"".join(parts)
        line = self.stream.readline()
        if size == length and not line.strip():
            return body
        if line:
            line += self.stream.readline()  # the border may lie across the end
        read = (tail if length > self.longest else body) + line
        if border := NEXT.search(read):
            self.stream.put_back(read[border.end() :])
            raise is_short
        self.stream.put_back(line)
        if size < length:
            raise Malformed("the file ends inside a record")
        raise Malformed(f"a record that is longer than the {length} bytes it says")
