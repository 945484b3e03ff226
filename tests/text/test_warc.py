import gzip
import io
import zlib

import pytest
import zstandard
from datatrove.data import Document
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import PassedOver, Unreadable, read_source, source_files
from mucpt_utils.text.sources.files import estimate_documents

SENTENCE = "The second theme is given to the clarinet, and the strings answer it softly. "
BODY = "".join(f"<p>{SENTENCE * 4}</p>" for _ in range(4))
PAGE = (
    "<html><head><title>On Sonatas – é</title><meta name='author' content='Anna Writer'>"
    "<meta property='article:published_time' content='2019-03-01'></head>"
    f"<body><nav><a href='/'>Home</a></nav><article><h1>On Sonatas – é</h1>{BODY}</article></body>"
    "</html>"
)


def archive(*records, gzip_records=False):
    """A WARC file of (address, content type, status, body) responses, with a warcinfo first."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gzip_records)
    writer.write_record(writer.create_warcinfo_record("t.warc", {"software": "test"}))
    for number, (address, kind, status, body) in enumerate(records):
        headers = StatusAndHeaders(status, [("Content-Type", kind)], protocol="HTTP/1.0")
        record = writer.create_warc_record(
            address,
            "response",
            payload=io.BytesIO(body),
            http_headers=headers,
            warc_headers_dict={
                "WARC-Record-ID": f"<urn:uuid:{number}>",
                "WARC-Date": "2020-05-06T00:00:00Z",
            },
        )
        writer.write_record(record)
    return out.getvalue()


def page(name="https://a.example/one", text=PAGE, charset="utf-8"):
    return (name, f"text/html; charset={charset}", "200 OK", text.encode(charset))


def read(root, settings=None):
    settings = settings or SourceSettings()
    items = [i for path in source_files(root) for i in read_source(path, root, settings)]
    documents = [i for i in items if isinstance(i, Document)]
    return documents, [i for i in items if isinstance(i, Unreadable)]


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("c.warc", bytes),
        ("c.warc.gz", gzip.compress),
        ("c.warc.zst", zstandard.compress),
    ],
)
def test_pages_give_their_main_text_and_what_they_state(tmp_path, name, pack):
    others = [
        ("https://a.example/x.png", "image/png", "200 OK", b"\x89PNG"),
        ("https://a.example/gone", "text/html", "404 Not Found", PAGE.encode()),
    ]
    (tmp_path / name).write_bytes(pack(archive(page(), *others)))
    documents, bad = read(tmp_path, SourceSettings(licence="see each site"))
    assert not bad and documents
    first = documents[0]
    assert first.id == "<urn:uuid:0>#0000"
    assert "clarinet" in first.text and "<p>" not in first.text and "Home" not in first.text
    assert first.metadata == {
        "source": tmp_path.name,
        "register": "web",
        "title": "On Sonatas – é",
        "creator": "Anna Writer",
        "year": 2019,
        "licence": "see each site",
        "lane": "prose",
        "url": "https://a.example/one",
        "date": "2020-05-06T00:00:00Z",
        "passage": 0,
        "file": "<urn:uuid:0>",
    }


def test_records_that_are_compressed_one_by_one_read_the_same(tmp_path):
    pages = [page(f"https://a.example/{n}") for n in range(3)]
    (tmp_path / "a.warc.gz").write_bytes(archive(*pages, gzip_records=True))
    documents, bad = read(tmp_path)
    assert not bad
    urls = list(dict.fromkeys(d.metadata["url"] for d in documents))
    assert urls == [f"https://a.example/{n}" for n in range(3)]
    assert estimate_documents(source_files(tmp_path), SourceSettings()) >= 1


def skippable(content, kind=0x5D):
    """A frame of zstd that holds no content of the file."""
    return bytes([kind]) + b"*M\x18" + len(content).to_bytes(4, "little") + content


@pytest.mark.parametrize("pack", [bytes, zstandard.compress])
def test_an_archive_may_begin_with_the_dictionary_of_its_frames(tmp_path, pack):
    dictionary = zstandard.ZstdCompressionDict(PAGE.encode() * 4)
    records = [record_bytes("resource", f"{SENTENCE}{n}".encode(), "text/plain") for n in range(3)]
    packed = [zstandard.ZstdCompressor(dict_data=dictionary).compress(r) for r in records]
    note = skippable(zstandard.compress(b"no content"), 0x50)  # between two members
    frames = [skippable(pack(dictionary.as_bytes())), packed[0], note, *packed[1:], note]
    (tmp_path / "a.warc.zst").write_bytes(b"".join(frames))
    documents, bad = read(tmp_path)
    assert [d.text[-1] for d in documents] == ["0", "1", "2"] and not bad


def test_the_character_set_of_the_header_is_used(tmp_path):
    text = PAGE.replace("softly", "šōftly").replace("ō", "o").replace("–", "-")
    (tmp_path / "a.warc").write_bytes(archive(page(text=text, charset="iso-8859-2")))
    documents, bad = read(tmp_path)
    assert not bad and "šoftly" in documents[0].text


def test_plain_text_of_a_wet_file_is_taken_as_it_is(tmp_path):
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=False)
    record = writer.create_warc_record(
        "https://a.example/",
        "conversion",
        payload=io.BytesIO(SENTENCE.encode() * 3),
        warc_content_type="text/plain",
    )
    writer.write_record(record)
    (tmp_path / "a.wet").write_bytes(out.getvalue())
    ((document,), bad) = read(tmp_path)
    assert document.text == (SENTENCE * 3).strip() and not bad


def test_pages_that_cannot_be_read_are_quarantined_one_by_one(tmp_path):
    records = [
        ("https://a.example/nul", "text/html", "200 OK", b"<html>\0</html>"),
        ("https://a.example/none", "text/html", "200 OK", b"<html></html>"),
        ("https://a.example/deep", "text/html", "200 OK", b"<div>" * 20_000),
        ("https://a.example/long", "text/html", "200 OK", b"x" * 200_000),
        page(),
    ]
    (tmp_path / "a.warc").write_bytes(archive(*records))
    documents, bad = read(tmp_path, SourceSettings(largest_text_bytes=150_000))
    assert {d.metadata["url"] for d in documents} == {"https://a.example/one"}
    assert [b.place for b in bad] == [f"a.warc:{n}" for n in (2, 3, 4, 5)]
    assert bad[0].reason == "NUL byte at 6"
    assert bad[3].reason == "page longer than 150000 bytes"


@pytest.mark.parametrize("end", [-300, -len(PAGE.encode()) - 200])
def test_an_archive_cut_short_keeps_the_pages_before_the_cut(tmp_path, end):
    whole = archive(page("https://a.example/1"), page("https://a.example/2"))
    (tmp_path / "a.warc").write_bytes(whole[:end])
    documents, bad = read(tmp_path)
    assert {d.metadata["url"] for d in documents} == {"https://a.example/1"}
    assert len(bad) == 1 and bad[0].place == "a.warc:3" and "record" in bad[0].reason


def test_a_compressed_archive_cut_short_and_a_file_that_is_none(tmp_path):
    whole = gzip.compress(archive(*(page(f"https://a.example/{n}") for n in range(9))))
    (tmp_path / "a.warc.gz").write_bytes(whole[:-100])
    (tmp_path / "b.warc").write_bytes(b"no archive at all\n\n")
    (tmp_path / "c.warc").write_bytes(b"")
    _, bad = read(tmp_path)
    reasons = {b.place: b.reason for b in bad}
    cut = next(reason for place, reason in reasons.items() if place.startswith("a.warc.gz:"))
    assert cut == "damaged compression: the file ends inside a gzip member"
    assert reasons["b.warc:1"] == "bytes that are no record of a web archive"
    assert reasons["c.warc"] == "a web archive without a record"


# --- records of every type ------------------------------------------------------------------------


def record_bytes(kind, body, content_type=None, http=None):
    """One record; http: the lines of its HTTP header."""
    head = f"HTTP/1.1 200 OK\r\n{http}\r\n\r\n".encode() if http is not None else b""
    stated = f"Content-Type: {content_type}\r\n" if content_type else ""
    length = len(head) + len(body)
    header = f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: https://a.example/\r\n{stated}"
    return f"{header}Content-Length: {length}\r\n\r\n".encode() + head + body + b"\r\n\r\n"


def read_records(tmp_path, *records):
    (tmp_path / "a.warc").write_bytes(b"".join(records))
    path = tmp_path / "a.warc"
    items = list(read_source(path, tmp_path, SourceSettings()))
    kinds = (Document, Unreadable, PassedOver)
    return [[item for item in items if isinstance(item, kind)] for kind in kinds]


def test_resources_and_conversions_are_read_and_other_records_counted(tmp_path):
    texts = [SENTENCE * 2 + word for word in ("oboe", "horn", "harp")]
    documents, bad, passed = read_records(
        tmp_path,
        record_bytes(
            "resource", f"<html><body><p>{texts[0]}</p></body></html>".encode(), "text/html"
        ),
        record_bytes("resource", texts[1].encode(), "text/plain; charset=utf-8"),
        record_bytes("conversion", texts[2].encode()),
        record_bytes("revisit", b"", http="Content-Type: text/html"),
        record_bytes("metadata", b"x", "application/warc-fields"),
        record_bytes("metadata", b"y", "application/warc-fields"),
        record_bytes("resource", b"\x89PNG", "image/png"),
        *(record_bytes("resource", b"\x89PNG", f"image/png; name={n}") for n in range(3)),
    )
    assert [" ".join(d.text.split()) for d in documents] == texts and not bad
    assert {item.reason: item.documents for item in passed} == {
        "a record of type metadata": 2,
        "a record of type revisit": 1,
        "image/png": 4,
    }


@pytest.mark.parametrize("stated", ["text/html", "application/http; msgtype=response", None])
def test_a_response_without_the_header_of_http_is_a_page_too(tmp_path, stated):
    documents, bad, passed = read_records(
        tmp_path,
        record_bytes("response", PAGE_BYTES, stated),
        record_bytes("response", b"\x89PNG", stated and "application/http"),
    )
    assert [d.metadata["title"] for d in documents] == ["On Sonatas – é"] and not bad
    assert [i.reason for i in passed if i.documents] == ["a response without a header"]


def chunked(body):
    pieces = (body[n : n + 50] for n in range(0, len(body), 50))
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


PAGE_BYTES = PAGE.encode()
RAW_DEFLATE = zlib.compressobj(wbits=-15)
ENCODED = {
    "Content-Encoding: gzip": gzip.compress(PAGE_BYTES),
    "content-encoding: X-GZIP": gzip.compress(PAGE_BYTES),
    "Content-Encoding: deflate": zlib.compress(PAGE_BYTES),
    "Content-Encoding:  deflate": RAW_DEFLATE.compress(PAGE_BYTES) + RAW_DEFLATE.flush(),
    "Content-Encoding: zstd": zstandard.compress(PAGE_BYTES),
    "Content-Encoding: identity": PAGE_BYTES,
    "Transfer-Encoding: Chunked": chunked(PAGE_BYTES),
    "Transfer-Encoding: chunked": PAGE_BYTES,
    "Transfer-Encoding: chunked\r\nContent-Encoding: gzip": chunked(gzip.compress(PAGE_BYTES)),
    **{
        f"Content-Encoding: {encoding}\r\nX-Crawler: took it out": PAGE_BYTES
        for encoding in ("gzip", "zstd", "br", "deflate")
    },
}


@pytest.mark.parametrize("header", ENCODED)
def test_pages_are_read_whatever_http_put_around_them(tmp_path, header):
    record = record_bytes("response", ENCODED[header], "application/http; msgtype=response", header)
    documents, bad, _ = read_records(tmp_path, record)
    assert not bad and documents[0].metadata["title"] == "On Sonatas – é"
    assert "clarinet" in documents[0].text


@pytest.mark.parametrize("header", ["Content-Encoding: gzip", "Transfer-Encoding: Chunked"])
def test_a_page_cut_inside_its_encoding_is_quarantined_alone(tmp_path, header):
    cut = record_bytes("response", ENCODED[header][:-60], "application/http", header)
    whole = record_bytes("response", ENCODED[header], "application/http", header)
    documents, (bad,), _ = read_records(tmp_path, cut, whole)
    assert documents and bad.place == "a.warc:1"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("change", [-7, 7, 400, 10**12])
def test_a_record_that_says_a_wrong_length_costs_no_other(tmp_path, change, end):
    records = [record_bytes("conversion", f"{SENTENCE}{n}".encode()) for n in range(3)]
    length = len(SENTENCE) + 1
    wrong = b"Content-Length: %d" % (length + change)
    records[1] = records[1].replace(b"Content-Length: %d" % length, wrong)
    documents, bad, _ = read_records(tmp_path, *(r.replace(b"\r\n", end) for r in records))
    assert [d.text[-1] for d in documents] == ["0", "2"]
    assert len(bad) == 1 and bad[0].place == "a.warc:2"


@pytest.mark.parametrize(
    "damage", [b"Content-Length", b"WARC/1.0", b"WARC-Type", b"Content-Length: ", b"Date: "]
)
def test_a_record_with_a_damaged_header_costs_no_other(tmp_path, damage):
    records = [record_bytes("conversion", f"{SENTENCE}{n}".encode()) for n in range(3)]
    records[1] = records[1].replace(damage, b"\xff\x00" * (len(damage) // 2), 1)
    documents, bad, passed = read_records(tmp_path, *records)
    assert {"0", "2"} <= {d.text[-1] for d in documents}
    assert len(documents) + len(bad) + sum(item.documents for item in passed) == 3


def test_records_that_say_more_than_the_file_holds_cost_no_other(tmp_path):
    records = [record_bytes("conversion", f"{SENTENCE}{n}".encode()) for n in range(8)]
    length = len(SENTENCE) + 1
    for number, wrong in ((1, 10**6), (2, 10**6), (3, 10**12), (5, 2 * length), (6, 10**6)):
        stated = b"Content-Length: %d" % wrong
        records[number] = records[number].replace(b"Content-Length: %d" % length, stated)
    documents, bad, _ = read_records(tmp_path, *records)
    assert [d.text[-1] for d in documents] == ["0", "4", "7"]
    assert [item.place for item in bad] == [f"a.warc:{number + 1}" for number in (1, 2, 3, 5, 6)]
