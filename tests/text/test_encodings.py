"""Text is read as it says of itself, and the same way in every form of file."""

import gzip
import json
import lzma

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import Malformed, decode, read_source
from mucpt_utils.text.sources.encodings import GUESSED, codec_name, stated_charset

CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy, a Dvořák je psal. " * 4
RUSSIAN = "Музыка и танец в русской культуре стоят рядом. " * 4
JAPANESE = "日本の音楽は長い歴史を持っている。笛と太鼓の音。" * 4
CHINESE = "中国音乐有很长的历史，传统乐器有古筝。" * 4
KOREAN = "한국의 음악은 오랜 역사를 가지고 있다. " * 4
ENGLISH = "The second theme is given to the clarinet, and Dvořák's strings answer it. " * 4


def read(path):
    return list(read_source(path, path.parent, SourceSettings()))


def texts(path):
    items = read(path)
    assert all(isinstance(item, Document) for item in items), items
    return [item.text for item in items]


STATED = [
    ("iso-8859-2", "iso-8859-2", CZECH),
    ("windows-1250", "cp1250", CZECH),
    ("koi8-r", "koi8-r", RUSSIAN),
    ("windows-1251", "cp1251", RUSSIAN),
    ("gb2312", "gb2312", CHINESE),
    ("GBK", "gbk", CHINESE),
    ("big5", "big5", "音樂是時間的藝術，聲音的建築。" * 4),
    ("Shift_JIS", "shift_jis", JAPANESE),
    ("x-sjis", "cp932", JAPANESE),
    ("euc-jp", "euc-jp", JAPANESE),
    ("iso-2022-jp", "iso-2022-jp", JAPANESE),
    ("euc-kr", "euc-kr", KOREAN),
    # what browsers do not show, or know by no name
    ("hz-gb-2312", "hz", CHINESE),
    ("iso-2022-kr", "iso2022_kr", KOREAN),
    ("x-mac-ce", "mac_latin2", CZECH),
    ("dos-866", "cp866", RUSSIAN),
    ("latin1", "cp1252", "The café in Zürich – “full” of music – was closed for the season. " * 4),
    ("utf-8", "utf-8", CZECH),
]
FORMS = {
    "meta": '<html><head><meta charset="{}"><title>x</title></head><body><p>{}</p></body></html>',
    "http-equiv": "<html><head><meta http-equiv=Content-Type content='text/html; charset={}'>"
    "</head><body><p>{}</p></body></html>",
    "xml": '<?xml version="1.0" encoding="{}"?><html><body><p>{}</p></body></html>',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("label", "encoding", "text"), STATED)
def test_a_page_is_read_in_the_character_set_it_states(tmp_path, form, label, encoding, text):
    path = tmp_path / "page.HTM"
    path.write_bytes(FORMS[form].format(label, text).encode(encoding))
    assert " ".join(texts(path)).split() == text.split()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    "name", ["a.txt", "a.TXT.GZ", "a.md.xz", "a.jsonl", "a.JSONL.gz", "a.json"]
)
def test_byte_order_marks_are_read_alike_in_every_form(tmp_path, name, encoding):
    rows = [{"text": ENGLISH.strip()}, {"text": "Second é row."}]
    is_rows = ".json" in name.lower()
    content = "\r\n".join(map(json.dumps, rows)) if is_rows else ENGLISH
    pack = {"gz": gzip.compress, "xz": lzma.compress}.get(name.lower().split(".")[-1], bytes)
    path = tmp_path / name
    path.write_bytes(pack(content.encode(encoding)))
    expected = [row["text"] for row in rows] if is_rows else [ENGLISH.strip()]
    assert texts(path) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_alike_everywhere(tmp_path, end):
    (tmp_path / "a.txt").write_bytes(f"One line.{end}{end}Another one.".encode())
    (tmp_path / "a.md").write_bytes(f"# Head{end}{end}A *word*.".encode())
    (tmp_path / "a.jsonl").write_bytes(f'{{"text": "x"}}{end}{{"text": "y"}}{end}'.encode())
    assert texts(tmp_path / "a.txt") == ["One line.\n\nAnother one."]
    assert texts(tmp_path / "a.md") == ["Head\n\nA word."]
    assert texts(tmp_path / "a.jsonl") == ["x", "y"]


@pytest.mark.parametrize("blank", ["\r\n\r\n", "\r\r", "\n \n", "\n\t\n", "\n\xa0\n", "\x0b\x0b"])
@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "txt"])
def test_a_blank_line_is_blank_in_every_kind_of_file(tmp_path, form, blank):
    text = f"One line.{blank}  Another one."
    path = tmp_path / f"a.{form}"
    if form == "parquet":
        pq.write_table(pa.table({"text": [text]}), path)
    else:
        path.write_bytes((text if form == "txt" else json.dumps({"text": text})).encode())
    assert [line.strip() for line in texts(path)[0].split("\n")] == [
        "One line.",
        "",
        "Another one.",
    ]


def test_labels_move_with_the_lines_and_words_stay_apart(tmp_path):
    text = "One\x1fword\r\n \r\n  Anna\x0bhas \x1c2 lutes.\r\n"
    start = text.index("Anna")
    spans = [{"start": start, "end": start + 4, "kind": "name"}, {"start": "2"}, 7]
    row = {"text": text, "metadata": {"truth": {"spans": spans, "in_domain": True}}}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    (document,) = read(tmp_path / "a.jsonl")
    assert document.text == "One word\n\n  Anna\nhas \n2 lutes.\n"
    assert document.text.split() == text.split()
    first, *others = document.metadata["truth"]["spans"]
    assert document.text[first["start"] : first["end"]] == "Anna" and first["kind"] == "name"
    assert others == spans[1:] and document.metadata["truth"]["in_domain"]


def test_other_line_separators_never_end_a_line_of_json(tmp_path):
    text = "one\u2028two\u2029three\x85four\x0bfive\x0csix"
    line = json.dumps({"text": text}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * 2, newline="")
    # the line break of word processors and slides ends a line of the text itself
    assert texts(tmp_path / "a.jsonl") == [text.replace("\x0b", "\n")] * 2


def test_what_states_a_set_and_is_broken_is_not_read_as_another():
    with pytest.raises(Malformed, match="broken gb2312 at byte 6"):
        decode("音乐史".encode("gb2312") + b"\xff\xff", "gb2312")
    assert decode(CZECH.encode(), "iso-8859-1") == CZECH, "UTF-8 that says it were Latin"
    assert decode(CZECH.encode(), "koi8-u-nonsense") == CZECH


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("koi8-r", RUSSIAN), ("shift_jis", JAPANESE), ("gb2312", CHINESE), ("cp1252", "Café. " * 9)],
)
def test_old_texts_that_state_nothing_are_told_by_their_letters(encoding, text):
    assert decode((text * 5).encode(encoding)) == text * 5


@pytest.mark.parametrize(
    ("label", "codec"),
    [("x-sjis", "cp932"), ("rot13", None), ("hex", None), ("utf-16", None), ("nonsense", None)]
    + [("cp037", None), ("idna", None), ("unicode_escape", None), ("utf-32", None)],
)
def test_names_of_character_sets(label, codec):
    assert codec_name(label) == codec


@pytest.mark.parametrize(
    "head",
    [
        "The Project Gutenberg EBook of Songs\n\nCharacter set encoding: {}\n\n*** START OF THE "
        "PROJECT GUTENBERG EBOOK SONGS ***",
        'Subject: songs\nContent-Type: text/plain; format=flowed; charset="{}"',
        ".. -*- mode: rst; coding: {} -*-",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_plain_text_is_read_in_the_set_its_head_names(tmp_path, head, end):
    path = tmp_path / "a.txt"
    for stated, encoding in (("ISO-8859-2", "iso-8859-2"), ("MacRoman", "mac_roman")):
        text = ENGLISH if encoding == "iso-8859-2" else FRENCH
        path.write_bytes(f"{head.format(stated)}\n\n{text}".replace("\n", end).encode(encoding))
        document = next(item for item in read(path) if isinstance(item, Document))
        assert text.strip() in document.text and GUESSED not in document.metadata
    # converted since: the bytes are right
    path.write_bytes(f"{head.format('ISO-8859-2')}\n\n{ENGLISH}".replace("\n", end).encode())
    assert ENGLISH.strip() in next(i for i in read(path) if isinstance(i, Document)).text


@pytest.mark.parametrize(
    "beginning",
    [
        "<head><!-- <meta charset=iso-8859-2> --><meta charset=utf-8>",
        "<head><!-- an editor's\n<?xml encoding='koi8-r'?> --><meta charset='utf-8'>",
        "<head><script charset=iso-8859-2 src=a.js></script><meta charset=utf-8>",
        "<head><meta charset=utf-8></head><body><form accept-charset=iso-8859-2></form>",
        '<head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><a charset=big5>',
        "<head><meta name=a content='the charset of the page'>",
        "<head><meta name=description content='How to write charset=koi8-r'><meta charset=utf-8>",
        '<head><meta property="og:title" content="charset=big5 and others"/>',
        "<head><!-- a comment without end <meta charset=iso-8859-2>",
    ],
)
def test_a_set_is_stated_where_browsers_look_for_it(beginning):
    raw = f"<!doctype html><html>{beginning}<p>Dvořák</p>".encode()
    assert "Dvořák" in decode(raw, stated_charset(raw))
    assert stated_charset(raw) in ("utf-8", None)


@pytest.mark.parametrize(
    "tag",
    [
        "<META content='text/html; charset=iso-8859-2' http-equiv=content-type>",
        '<meta name=a content="b; c" charset="iso-8859-2">',
        "<meta id=x charset = 'iso-8859-2'/>",
        "<meta/charset=iso-8859-2>",
        '<meta name="a"charset="iso-8859-2">',
    ],
)
def test_a_set_is_stated_in_any_order_of_attributes(tag):
    assert stated_charset(f"<html><head>{tag}</head>".encode()) == "iso-8859-2"


@pytest.mark.parametrize("encoding", ["cp437", "cp850"])
@pytest.mark.parametrize("form", [".txt", ".jsonl", ".warc"])
def test_texts_of_dos_are_told_by_letters_inside_words(tmp_path, encoding, form):
    text = (
        "The café was naïve, its façade that of Händel's own house; and over the sea, in the town "
        "of Tomé, she sang of the miller, für Flöte, and then Gluck's Orphée as it was written. "
    ) * 5
    path = tmp_path / f"a{form}"
    path.write_bytes(as_form(form, text.strip(), encoding))
    *_, document = (item for item in read(path) if isinstance(item, Document))
    assert document.text == text.strip() and document.metadata[GUESSED] == "cp850"


@pytest.mark.parametrize(
    "text",
    [
        "‘Twas the night’s song… “Listen”—she said—“to the café” • 1914–1918 ™",
        'It cost £20; the so–called ‘naïve’ hero”s aria ends on a "high" C….',
        "Œuvre and Škoda, žurnál: words of Windows.",
        "wait…what and word—word and rock’n’roll and a typo‚here of one sign; déjà vu, passé",
    ],
)
def test_signs_of_windows_are_no_letters_of_dos(text):
    assert decode((text * 3).encode("cp1252")) == text * 3


def test_a_set_that_is_not_read_is_told_and_its_bytes_are_not_taken_for_letters(tmp_path):
    page = b"<html><head><meta charset=iso-2022-cn></head><body>\x1b$)A\x0e9z</body></html>"
    (tmp_path / "a.html").write_bytes(page)
    (item,) = read(tmp_path / "a.html")
    assert item.reason == "states the character set iso-2022-cn, which is not read"


# --- texts that state nothing and are not UTF-8 ---------------------------------------------------

FRENCH = (
    "Le grand public de Genève a entendu cet opéra un soir de l'hiver 1869, et la critique, qui "
    "l'avait attendu avec impatience, ne l'a pas beaucoup aimé ce soir. "
)
EIGHT_BIT = [
    ("latin-1", FRENCH),
    ("cp1252", FRENCH.replace("'", "’")),
    ("cp1250", CZECH),
    ("koi8-r", RUSSIAN),
    ("cp1251", RUSSIAN),
    ("shift_jis", JAPANESE),
    ("gb18030", CHINESE),
    ("euc-kr", KOREAN),
]


def as_form(form, text, encoding):
    """The bytes of a file of each form that holds a text, ASCII beside it, in an encoding."""
    rows = [{"text": "The first row is plain."}, {"text": text, "title": text[:20]}]
    if form == ".jsonl":
        return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode(encoding)
    if form == ".json":
        return json.dumps(rows, ensure_ascii=False, indent=1).encode(encoding)
    if form == ".warc":
        body = text.encode(encoding)
        head = f"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body + b"\r\n\r\n"
    return text.encode(encoding)


@pytest.mark.parametrize("form", [".txt", ".md", ".jsonl", ".json", ".warc"])
@pytest.mark.parametrize(("encoding", "text"), EIGHT_BIT)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_old_encodings_are_read_alike_in_every_form_and_told(tmp_path, form, encoding, text, pack):
    text = (text * 5).strip()
    path = tmp_path / f"a{form}{'' if pack is bytes else '.gz'}"
    path.write_bytes(pack(as_form(form, text, encoding)))
    *_, document = (item for item in read(path) if isinstance(item, Document))
    assert document.text == text
    assert document.metadata[GUESSED]


@pytest.mark.parametrize("form", [".txt", ".jsonl", ".json", ".warc"])
def test_nothing_is_said_of_utf8(tmp_path, form):
    path = tmp_path / f"a{form}"
    path.write_bytes(as_form(form, FRENCH.strip(), "utf-8"))
    documents = [item for item in read(path) if isinstance(item, Document)]
    assert documents[-1].text == FRENCH.strip()
    assert not any(GUESSED in document.metadata for document in documents)


def test_old_lines_with_old_line_ends_are_read(tmp_path):
    rows = [json.dumps({"text": f"{n} {FRENCH}"}, ensure_ascii=False) for n in range(9)]
    (tmp_path / "a.jsonl").write_bytes("\r".join(rows).encode("cp1252"))
    assert texts(tmp_path / "a.jsonl") == [json.loads(row)["text"] for row in rows]


def test_a_broken_line_among_good_utf8_is_not_taken_for_an_old_encoding(tmp_path):
    good = json.dumps({"text": CZECH}, ensure_ascii=False).encode()
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([good, b'{"text": "caf\xe9"}', good]))
    first, broken, last = read(tmp_path / "a.jsonl")
    assert first.text == last.text == CZECH
    assert broken.reason == "not JSON: broken UTF-8 at byte 13"


def test_bytes_in_a_table_are_read_as_any_text(tmp_path):
    column = pa.array([FRENCH.encode("cp1252"), FRENCH.encode()], pa.binary())
    pq.write_table(pa.table({"text": column}), tmp_path / "a.parquet")
    old, new = read(tmp_path / "a.parquet")
    assert old.text == new.text == FRENCH
    assert old.metadata[GUESSED] == "cp1252" and GUESSED not in new.metadata


@pytest.mark.parametrize(("label", "encoding", "text"), STATED)
def test_pages_in_a_table_are_read_in_the_set_they_state(tmp_path, label, encoding, text):
    column = pa.array([FORMS["meta"].format(label, text).encode(encoding)], pa.binary())
    pq.write_table(pa.table({"content": column}), tmp_path / "a.parquet")
    assert [t.strip() for t in texts(tmp_path / "a.parquet")] == [text.strip()]


def test_what_fills_up_the_end_of_a_file_costs_no_text():
    assert decode(CZECH.encode() + b"\0" * 512) == CZECH
    assert decode(CZECH.encode()[:-3] + "é".encode()[:1]) == CZECH[:-3]
    with pytest.raises(Malformed, match="NUL byte at 1"):
        decode(b"a\0b" + b"\0" * 5)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_nul_behind_a_byte_order_mark_is_refused_too(encoding):
    assert decode(f"{CZECH}\0\0".encode(encoding)) == CZECH
    with pytest.raises(Malformed, match="NUL at character 1"):
        decode("a\0b".encode(encoding))
    with pytest.raises(Malformed, match="NUL at character 1"):
        decode("a\0č".encode("iso-8859-2"), "iso-8859-2")
