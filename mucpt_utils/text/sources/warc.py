"""Web archives (WARC): the main text of each page, cut into passages, with where it was found."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import Item, Malformed, Unreadable, excerpt, open_source
from mucpt_utils.text.sources.markup import from_html
from mucpt_utils.text.sources.prose import decode, passage_documents

PAGES = {"text/html", "application/xhtml+xml"}
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
READ_BYTES = 1 << 20


class Archive(ArchiveIterator):
    """warcio's iterator, which takes a file that ends inside a record's header for whole."""

    def _next_record(self, next_line: bytes | None) -> ArcWarcRecord:
        try:
            return super()._next_record(next_line)
        except EOFError:
            if next_line:
                raise Malformed("the file ends inside the header of a record") from None
            raise


def read_warc(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Passages of every HTML page and plain text in a WARC or WET file (plain, gzip or zstd).

    What is not a response, a success or a text is passed over; a page that cannot be read is given
    as Unreadable with the number of its record, counted from 1. Raises Malformed where the file
    itself ends early or is damaged.
    """
    with open_source(path, settings.largest_file_bytes) as stream:
        number = 0
        try:
            for number, record in enumerate(Archive(stream), 1):
                yield from record_items(record, f"{name}:{number}", source, settings)
        except ArchiveLoadFailed as error:
            raise Malformed(f"damaged after record {number}: {error}") from error
        if number == 0:
            raise Malformed("a web archive without a record")


def record_items(
    record: ArcWarcRecord, place: str, source: str, settings: SourceSettings
) -> Iterator[Item]:
    """The passages of one record, or why it cannot be read."""
    kind = content_type(record)
    if kind is None:
        pass_over(record, place)
        return
    raw = payload(record, place, settings)
    try:
        if raw is None:
            raise Malformed(f"page longer than {settings.largest_text_bytes} bytes")
        text, stated = page_text(raw, kind)
    except Malformed as error:
        yield Unreadable(source, place, str(error), excerpt(raw))
        return
    header = record.rec_headers.get_header
    address = header("WARC-Target-URI")
    metadata = {
        "source": source,
        "register": "web",
        "title": address,
        "creator": None,
        "year": None,
        "licence": settings.licence,
        "lane": "prose",
        "file": header("WARC-Record-ID") or address,
        "url": address,
        "date": header("WARC-Date"),
    }
    metadata |= {key: value for key, value in stated.items() if value}
    yield from passage_documents(text, metadata["file"], metadata, settings)


def content_type(record: ArcWarcRecord) -> str | None:
    """`text/html; charset=...` of a page worth reading, else None."""
    if record.rec_type == "conversion":
        kind = record.rec_headers.get_header("Content-Type") or "text/plain"
    elif record.rec_type == "response" and record.http_headers:
        if not (record.http_headers.get_statuscode() or "").startswith("2"):
            return None
        kind = record.http_headers.get_header("Content-Type") or "text/html"
    else:
        return None
    return kind if kind.partition(";")[0].strip().lower() in PAGES | {"text/plain"} else None


def payload(record: ArcWarcRecord, place: str, settings: SourceSettings) -> bytes | None:
    """The decoded body of a record; None where it is longer than allowed. Raises Malformed."""
    stream, parts, size = record.content_stream(), [], 0
    while chunk := stream.read(READ_BYTES):
        size += len(chunk)
        if size <= settings.largest_text_bytes:
            parts.append(chunk)
    pass_over(record, place)
    return b"".join(parts) if size <= settings.largest_text_bytes else None


def pass_over(record: ArcWarcRecord, place: str) -> None:
    """Reads on to the record's end. Raises Malformed where the file ends before it."""
    while record.raw_stream.read(READ_BYTES):
        pass
    if record.raw_stream.limit > 0:
        raise Malformed(f"the file ends inside record {place.rpartition(':')[2]}")


def page_text(raw: bytes, kind: str) -> tuple[str, dict]:
    """Main text of a page, or a plain text as it is, and the metadata it states.

    It is decoded in the character set that its header, or else its beginning, names.
    """
    content = None
    charset = CHARSET.search(kind) or CHARSET.search(raw[:2048].decode("ascii", errors="ignore"))
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        # a page that is not what it says is judged by its bytes
        with suppress(LookupError, UnicodeDecodeError):
            content = raw.decode(charset[1])
    content = decode(raw) if content is None else content
    if not content.strip():
        raise Malformed("the page is empty")
    if kind.partition(";")[0].strip().lower() == "text/plain":
        return content, {}
    return from_html(content)
