"""Text is read as it says of itself, and the same way in every form of file."""

import gzip
import json
import lzma

import pytest
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import Malformed, decode, read_source
from mucpt_utils.text.sources.encodings import codec_name

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


def test_other_line_separators_never_end_a_line_of_json(tmp_path):
    text = "one\u2028two\u2029three\x85four\x0bfive\x0csix"
    line = json.dumps({"text": text}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * 2, newline="")
    assert texts(tmp_path / "a.jsonl") == [text.replace("\x0b", "\x0b")] * 2


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
    [("x-sjis", "cp932"), ("rot13", None), ("hex", None), ("utf-16", None), ("nonsense", None)],
)
def test_names_of_character_sets(label, codec):
    assert codec_name(label) == codec
