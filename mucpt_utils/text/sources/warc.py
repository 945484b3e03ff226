"""Web archives (WARC): the main text of each page, cut into passages, with its address."""

import io
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
from warcio.recordloader import ArcWarcRecord

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.archive import Archive, Record
from mucpt_utils.text.sources.base import (
    Item,
    Malformed,
    PassedOver,
    Unreadable,
    excerpt,
    is_plain,
    open_source,
    reason_of,
)
from mucpt_utils.text.sources.compression import CODECS, MemberStream
from mucpt_utils.text.sources.encodings import GUESSED, decoded, stated_charset
from mucpt_utils.text.sources.markup import strip_markup
from mucpt_utils.text.sources.prose import passage_documents
from mucpt_utils.text.sources.web_page import OUTSIDE, begins_page, read_page

HTML = {"text/html", "application/xhtml+xml"}
PAGES = HTML | {"text/plain", "text/markdown"}
READ_BYTES = 1 << 16
LONGEST_SIZE = 1024  # bytes of the line that gives a chunk's size, extensions included


def read_warc(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Passages of every HTML page and plain text in a WARC or WET file, however compressed.

    An unreadable page becomes an Unreadable with the number of its record, counted from 1,
    and so does a damaged record; those after it follow. What is not a page, and what is
    outside the main text of the pages, is counted at the end. Raises Malformed if there is no
    record at all.
    """
    passed: Counter[str] = Counter()
    words = 0
    with open_source(path, settings.largest_file_bytes) as stream:
        number = 0
        for number, record in enumerate(Archive(stream, settings.largest_text_bytes), 1):
            place = f"{name}:{number}"
            if isinstance(record, Malformed):
                yield Unreadable(source, place, str(record))
                continue
            for item in record_items(record, place, source, settings):
                if not isinstance(item, PassedOver):
                    yield item
                elif item.documents:
                    passed[item.reason] += item.documents
                else:
                    words += item.words
        if not number:
            raise Malformed("a web archive without a record")
    for reason, count in sorted(passed.items()):
        yield PassedOver(source, name, reason, documents=count)
    if words:
        yield PassedOver(source, name, OUTSIDE, words=words)


def record_items(
    record: Record, place: str, source: str, settings: SourceSettings
) -> Iterator[Item]:
    """The passages of one record, or why it cannot be read or is skipped."""
    raw = b""
    try:
        kind = content_type(record.content)
        form = kind.partition(";")[0].strip()
        if form.lower() not in PAGES:
            yield PassedOver(source, place, form or "an empty content type", documents=1)
            return
        if record.is_long:
            raise Malformed(f"page longer than {settings.largest_text_bytes} bytes")
        raw = payload(record.content, settings.largest_text_bytes)
        text, stated, outside = page_text(raw, kind)
        metadata = record_metadata(record.content, source, settings)
        metadata |= {key: value for key, value in stated.items() if value}
        yield from passage_documents(text, metadata["file"] or place, metadata, settings)
        if outside:
            yield PassedOver(source, place, OUTSIDE, words=outside)
    except Exception as error:  # no page may cost another
        yield Unreadable(source, place, reason_of(error), excerpt(raw))


def record_metadata(record: ArcWarcRecord, source: str, settings: SourceSettings) -> dict:
    """What a record says about the page it holds."""
    header = record.rec_headers.get_header
    address = header("WARC-Target-URI")
    return {
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


def content_type(record: ArcWarcRecord) -> str:
    """`text/html; charset=...` for a page; otherwise the record's own type."""
    stated = record.rec_headers.get_header("Content-Type")
    if record.rec_type in ("conversion", "resource"):
        return stated or guessed_type(record, "text/plain")
    if record.rec_type != "response":
        return f"a record of type {record.rec_type}"
    if not record.http_headers:
        is_stated = stated and not stated.lower().startswith("application/http")
        return stated if is_stated else guessed_type(record, "a response without a header")
    status = record.http_headers.get_statuscode() or "nothing"
    if not status.startswith("2"):
        return f"answered {status}"
    return record.http_headers.get_header("Content-Type") or "text/html"


def guessed_type(record: ArcWarcRecord, otherwise: str) -> str:
    """The type of a record that states none: that of a page if it begins like one."""
    # LimitReader of warcio over bytes in memory
    head = record.raw_stream.stream.getvalue()[record.raw_stream.stream.tell() :]
    return "text/html" if begins_page(head) else otherwise


# --- what HTTP puts around a page -----------------------------------------------------------------


def payload(record: ArcWarcRecord, limit: int) -> bytes:
    """The body of a record without chunking and compression. Raises Malformed."""
    raw = record.raw_stream.read()
    if not record.http_headers:
        return raw
    header = record.http_headers.get_header
    if "chunked" in (header("Transfer-Encoding") or "").lower():
        raw = unchunked(raw)
    encodings = (header("Content-Encoding") or "").lower().split(",")
    for encoding in reversed([name.strip() for name in encodings]):
        raw = uncompressed(raw, encoding.removeprefix("x-"), limit)
    return raw


def unchunked(raw: bytes) -> bytes:
    """A body without the sizes of its chunks; unchanged if the crawler has removed them.

    Raises Malformed if it ends before its last chunk.
    """
    parts, position = list[bytes](), 0
    while True:
        end = raw.find(b"\r\n", position, position + LONGEST_SIZE)
        try:
            size = int(raw[position:end].partition(b";")[0], 16) if end > 0 else -1
        except ValueError:
            size = -1
        if size < 0 and not parts:
            return raw
        if size < 0 or end + 2 + size > len(raw):
            raise Malformed(f"the page ends inside chunk {len(parts) + 1}")
        if not size:
            return b"".join(parts)
        parts.append(raw[end + 2 : end + 2 + size])
        position = end + 2 + size + 2


def uncompressed(raw: bytes, encoding: str, limit: int) -> bytes:
    """A body decompressed; unchanged if the crawler has done so. Raises Malformed."""
    codec = CODECS.get({"gzip": ".gz", "zstd": ".zst"}.get(encoding, ""))
    if is_plain(raw) or begins_page(raw):
        return raw
    try:
        if codec:
            stream = MemberStream(io.BytesIO(raw), codec, limit)
            raw = bounded(stream, limit) if raw.startswith(codec.magic) else raw
        elif encoding == "deflate":
            raw = inflated(raw, limit)
        elif encoding == "br":
            with pyarrow.CompressedInputStream(io.BytesIO(raw), "brotli") as brotli:
                raw = bounded(brotli, limit)
    except (zlib.error, OSError) as error:
        raise Malformed(f"damaged content encoding {encoding}: {error}") from error
    return raw


def bounded(stream: Any, limit: int) -> bytes:
    """All of a stream. Raises Malformed where it holds more than `limit` bytes."""
    parts, size = [], 0
    while piece := stream.read1(READ_BYTES):
        size += len(piece)
        if size > limit:
            raise Malformed(f"page longer than {limit} bytes")
        parts.append(piece)
    return b"".join(parts)


def inflated(raw: bytes, limit: int) -> bytes:
    """A body of `Content-Encoding: deflate`, which servers send with and without a header."""
    error = None
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        decompressor = zlib.decompressobj(bits)
        try:
            content = decompressor.decompress(raw, limit + 1)
        except zlib.error as failure:
            error = error or failure
            continue
        if len(content) > limit:
            raise Malformed(f"page longer than {limit} bytes")
        if not decompressor.eof:
            raise Malformed("damaged content encoding deflate: it ends early")
        return content
    raise Malformed(f"damaged content encoding deflate: {error}")


def page_text(raw: bytes, kind: str) -> tuple[str, dict, int]:
    """Main text of a page, or plain text as it is; its own metadata; words outside the text.

    It is decoded by the character set that its header, or else its beginning, names.
    """
    form = kind.partition(";")[0].strip().lower()
    is_html = form in HTML or begins_page(raw)  # servers send pages as plain text
    content, guessed = decoded(raw, stated_charset(raw if is_html else b"", kind))
    if not content.strip():
        raise Malformed("the page is empty")
    if is_html:
        page = read_page(content)
        return page.text, page.stated | {GUESSED: guessed}, page.words_outside
    content = strip_markup(content, ".md") if form == "text/markdown" else content
    return content, {GUESSED: guessed}, 0
