import gzip
import json

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import (
    Malformed,
    PassedOver,
    Unreadable,
    decode,
    estimate_documents,
    parse_document,
    read_source,
    source_files,
    strip_gutenberg,
)
from mucpt_utils.text.sources.base import NoSource
from mucpt_utils.text.sources.files import READ
from mucpt_utils.text.sources.inputs import open_input
from mucpt_utils.text.sources.passages import passages, unwrap
from mucpt_utils.text.sources.prose import MARKUP

SETTINGS = SourceSettings()
SENTENCE = "The second theme is given to the clarinet, and the strings answer it softly. "


def read(root, settings=SETTINGS):
    items = [i for path in source_files(root) for i in read_source(path, root, settings)]
    documents = [i for i in items if isinstance(i, Document)]
    return documents, [i for i in items if isinstance(i, Unreadable)]


def line(**fields):
    return json.dumps({"text": "some text", "id": "x", "metadata": {"source": "s"}} | fields)


def test_jsonl_keeps_documents_and_quarantines_each_bad_line_with_its_place(tmp_path):
    lines = [
        line(id="1"),
        "{not json",
        '["a list"]',
        line(text=7),
        line(text="  "),
        line(metadata="no object"),
        json.dumps({"id": "no text"}),
        "",
        line(id="2"),
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(lines))
    documents, bad = read(tmp_path)
    assert [d.id for d in documents] == ["1", "x", "2"]
    told = {"source": tmp_path.name, "metadata": "no object", "read_from": "d.jsonl:6"}
    assert documents[1].metadata == told
    assert [b.place for b in bad] == [f"d.jsonl:{n}" for n in (2, 3, 4, 5, 7)]
    assert [b.reason.split(":")[0] for b in bad] == [
        "not JSON",
        "a JSON object was expected, not list",
        "field 'text' must be text, not int",
        "field 'text' is empty",
        "none of the text fields text, abstract, body, content; source.text_fields in --settings "
        "names others",
    ]


def test_other_fields_of_a_line_become_metadata_and_text_may_be_an_abstract():
    raw = json.dumps({"abstract": "We study tempo.", "title": "Tempo", "year": "2016"}).encode()
    document = parse_document(raw, "f.jsonl:3", "papers")
    assert (document.text, document.id) == ("We study tempo.", "f.jsonl:3")
    assert document.metadata == {"source": "papers", "title": "Tempo", "year": "2016"}


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_compressed_files_read_the_same(tmp_path, suffix):
    raw = (line(id="a") + "\n").encode() * 3
    pack = {"jsonl": bytes, "gz": gzip.compress, "zst": zstandard.compress}[suffix.split(".")[-1]]
    (tmp_path / f"d{suffix}").write_bytes(pack(raw))
    documents, bad = read(tmp_path)
    assert len(documents) == 3 and not bad


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("text", [SENTENCE, "Antonín Dvořák " * 9, "a" * 31 + "ř", "音樂" * 9])
def test_what_is_called_compressed_and_is_plain_text_is_read(tmp_path, suffix, text):
    (tmp_path / f"a.txt{suffix}").write_bytes(text.encode())
    documents, bad = read(tmp_path)
    assert not bad and documents[0].text == text.strip()


def test_damaged_files_are_quarantined_and_what_was_read_before_stays(tmp_path):
    whole = gzip.compress((line(id="a") + "\n").encode() * 200_000)
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "nul.txt").write_bytes(b"abc\0def")
    (tmp_path / "broken.txt").write_bytes("Café Müller ".encode() * 3 + b"\xc3 end")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "what.xyz").write_text("?")
    documents, bad = read(tmp_path)
    reasons = {b.place: b.reason for b in bad}
    assert documents, "lines before the cut are kept"
    assert reasons.pop("cut.jsonl.gz").startswith("damaged compression")
    assert reasons == {
        "nul.txt": "NUL byte at 3",
        "broken.txt": "broken UTF-8 at byte 42",
        "empty.txt": "the file is empty",
        "folder.txt": "a folder with the name of a file",
        "what.xyz": f"unknown file type .xyz; read are {READ}",
    }


@pytest.mark.parametrize(
    ("damage", "left"), [(lambda raw: raw[:-9], 0.99), (lambda raw: raw + b"\0\1 stray", 1.0)]
)
def test_of_prose_whose_compression_is_damaged_the_rest_is_read(tmp_path, damage, left):
    whole = "".join(f"{n}. {SENTENCE}" for n in range(3000))
    (tmp_path / "a.txt.gz").write_bytes(damage(gzip.compress(whole.encode())))
    documents, (bad,) = read(tmp_path)
    assert bad.place == "a.txt.gz" and bad.reason.startswith("damaged compression")
    assert sum(len(d.text.split()) for d in documents) >= left * len(whole.split())


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.md"])
@pytest.mark.parametrize(("raw", "what"), [(b"%PDF-1.4 x", "a PDF"), (b"PK\3\4\0", "a ZIP")])
def test_what_is_no_text_is_told_by_its_first_bytes(tmp_path, name, raw, what):
    (tmp_path / name).write_bytes(raw)
    assert read(tmp_path)[1][0].reason.startswith(f"no text but {what}")


def test_first_bytes_count_for_more_than_a_name(tmp_path):
    for name in ("table.jsonl", "table.txt"):
        pyarrow.parquet.write_table(pyarrow.table({"text": [SENTENCE]}), tmp_path / name)
    packed = gzip.compress((tmp_path / "table.txt").read_bytes())
    (tmp_path / "packed.jsonl.gz").write_bytes(packed)
    (tmp_path / "rows.parquet").write_text("\n" + line(id="a") + "\n" + line(id="b"))
    (tmp_path / "part.txt").write_text("PAR1 is how a part is called.")
    for name in ("twice.txt.gz", "twice.jsonl.gz"):
        (tmp_path / name).write_bytes(gzip.compress(gzip.compress(line().encode())))
    documents, bad = read(tmp_path)
    places = ["a", "b", "packed.jsonl.gz:1", "part.txt#0000", "table.jsonl:1", "table.txt:1"]
    assert sorted(document.id for document in documents) == places
    told = "compressed twice, to be unpacked once first"
    assert {b.place: b.reason for b in bad} == {"twice.jsonl.gz": told, "twice.txt.gz": told}


@pytest.mark.parametrize("address", ["http://x.org/a.txt", "https://x.org", "s3://bucket/a.jsonl"])
def test_an_address_is_told_from_a_folder(tmp_path, address):
    with pytest.raises(NoSource, match=f"source {address}: addresses are not fetched"):
        open_input(address, SourceSettings(), tmp_path)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_broken_line_of_a_text_costs_no_other(tmp_path, end):
    lines = [f"{n}. Dvořák: {SENTENCE}".encode() for n in range(40)]
    lines[7], lines[30] = b"Faur\xe9 is cut.", b"a NUL\0 is cut."
    (tmp_path / "a.txt").write_bytes(end.join(lines))
    documents, bad = read(tmp_path)
    assert [b.place for b in bad] == ["a.txt:8", "a.txt:31"]
    assert bad[0].reason == "a line that is no UTF-8, or has a NUL byte"
    text = "\n".join(d.text for d in documents)
    assert "cut." not in text and text.count("Dvořák") == 38
    (tmp_path / "a.txt").write_bytes(end.join(lines[:12]))  # one of so few may be no chance
    documents, bad = read(tmp_path)
    assert not documents and [b.place for b in bad] == ["a.txt"]


def test_letters_printed_twice_are_one(tmp_path):
    (tmp_path / "a.txt").write_text("N\bNA\bAM\bM_\bE: _\bc_\bo_\bl reads the fugue.")
    assert read(tmp_path)[0][0].text == "NAME: col reads the fugue."


def test_an_endless_line_and_a_bomb_are_bounded(tmp_path):
    (tmp_path / "long.jsonl").write_text(line(text="x" * 5000) + "\n" + line(id="next"))
    documents, bad = read(tmp_path, SourceSettings(longest_line_bytes=1000))
    assert [d.id for d in documents] == ["next"]
    assert bad[0].place == "long.jsonl:1" and "longer than 1000 bytes" in bad[0].reason
    (tmp_path / "long.jsonl").unlink()
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(b"a" * 2_000_000))
    assert "more than 100000 bytes" in (
        read(tmp_path, SourceSettings(largest_text_bytes=100_000))[1][0].reason
    )


def test_old_plain_text_is_read_as_windows_1252_and_broken_utf8_is_not():
    assert decode("Dvořák – Café".encode()) == "Dvořák – Café"
    assert decode("caf\xe9 \x96 bar".encode("latin-1")) == "café – bar"
    with pytest.raises(Malformed, match="broken UTF-8"):
        decode("Café Müller".encode()[:-5] + b"\xff")


def test_a_line_without_the_end_of_a_sentence_is_cut_and_keeps_every_word():
    line = " ".join(f"la{n}" for n in range(20_000))
    cut = passages(line)
    assert " ".join(cut).split() == line.split()
    assert max(len(passage.split()) for passage in cut) <= 250


def test_passages_keep_every_word_and_their_length():
    paragraphs = [SENTENCE * n for n in (1, 6, 40, 2, 2, 9, 1)]
    text = "\n\n".join(p.strip() for p in paragraphs)
    cut = passages(text)
    assert " ".join(" ".join(cut).split()) == " ".join(text.split())
    assert all(60 <= len(p.split()) <= 250 for p in cut)


def test_wrapped_prose_is_unwrapped_and_verse_is_not():
    assert "\n" not in unwrap("\n".join(["The overture begins in a slow and stately tempo,"] * 4))
    assert unwrap("Tyger Tyger,\nburning bright,\nin the forests").count("\n") == 2


LISTS = [
    # a list, movements, contents, tables
    "- The first symphony, in C major, was written in Vienna in 1800\n"
    "- The second symphony, in D major, was written at Heiligenstadt\n"
    "- The third symphony, in E-flat major, is called the Eroica",
    "1. Allegro con brio, in the home key, with a slow introduction\n"
    "2. Andante cantabile con moto, in the subdominant, in 3/8 time\n"
    "3. Menuetto: Allegro molto e vivace, which is really a scherzo",
    "I. Awakening of serene impressions on arriving in the country\n"
    "II. Scene by the brookside: andante molto moto, in B-flat major",
    "CHAPTER I. The Early Years in Bonn ........................ 1\n"
    "CHAPTER II. Vienna, and the Lessons with Haydn ........... 23",
    "Title                    Composer              Year    Key\n"
    "Fidelio                  Beethoven             1805    C major",
    "Fidelio, or Conjugal Love\tLudwig van Beethoven\t1805\tVienna\n"
    "Der Freischuetz, a romantic opera\tCarl Maria von Weber\t1821\tBerlin",
    "Am          F           C                G              Am      F\n"
    "Well the morning comes up slowly and the evening goes down fast and",
    # verse, a scene, a record
    "This is the forest primeval. The murmuring pines and the hemlocks,\n"
    "Bearded with moss, and in garments green, indistinct in the twilight,\n"
    "Stand like Druids of eld, with voices sad and prophetic,\n"
    "Stand like harpers hoar, with beards that rest on their bosoms.",
    "LEPORELLO. Night and day I slave for one whom nothing pleases at all.\n"
    "DON GIOVANNI. Be silent, Leporello, and keep a watch upon the door.",
    "Born: 16 December 1770, in the city of Bonn on the river Rhine\n"
    "Died: 26 March 1827, in the city of Vienna on the river Danube",
]


@pytest.mark.parametrize("text", LISTS)
def test_lists_tables_verse_and_records_keep_their_lines_however_long(text):
    assert passages(f"  {text}\n") == [text]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "- The first symphony, in C major, was written in the city of\n"
            "  Vienna, where it was heard in the spring of 1800\n"
            "- The second, in D major, was written in the summer at the\n"
            "  village of Heiligenstadt",
            "- The first symphony, in C major, was written in the city of Vienna, where it was "
            "heard in the spring of 1800\n"
            "- The second, in D major, was written in the summer at the village of Heiligenstadt",
        ),
        (
            "The numbers are these, of which two were not known till he died:\n12. The last one.",
            "The numbers are these, of which two were not known till he died: 12. The last one.",
        ),
        (
            "Vienna was the town where the quartets of Haydn were first heard.\n"
            "Prague came later; and Berlin, where the king himself played the\n"
            "Amati cello that is kept there still, came last of all the towns.",
            "Vienna was the town where the quartets of Haydn were first heard. Prague came later; "
            "and Berlin, where the king himself played the Amati cello that is kept there still, "
            "came last of all the towns.",
        ),
    ],
)
def test_the_items_of_a_list_are_unwrapped_and_prose_is_no_list(text, whole):
    assert passages(text) == [whole]


def test_a_word_cut_at_the_end_of_a_line_is_whole_again_and_a_compound_keeps_its_hyphen():
    lines = [
        "A composition is played. The sonata, in the old sense of the word, is a compo-",
        "sition in several movements for one or two instruments, all of them well-",
        "known in the towns of the north, and it stands in two-",
        "and three-part harmony all along; then there is the avant-",
        "garde, which is, as an avant-garde, against all of it --",
        "and lost.",
        "",
        "The avantgarde is spelt so, too, by those who know, and the pages 12-",
        "14 of the book say why.",
    ]
    first, second = passages("\n".join(lines))[0].split("\n\n")
    assert "is a composition in several" in first and "well-known in" in first
    assert "in two- and three-part" in first and "the avant-garde, which" in first
    assert first.endswith("all of it -- and lost.")
    assert second.endswith("and the pages 12- 14 of the book say why.")


def test_gutenberg_licence_goes_and_its_header_becomes_metadata():
    text = (
        "The Project Gutenberg EBook\nTitle: The Opera\nAuthor: A. Writer\n\n"
        "*** START OF THIS PROJECT GUTENBERG EBOOK THE OPERA ***\n\nChapter one.\n\n"
        "*** END OF THIS PROJECT GUTENBERG EBOOK THE OPERA ***\nLicence text"
    )
    body, stated = strip_gutenberg(text)
    assert body.strip() == "Chapter one."
    assert stated == {
        "title": "The Opera",
        "creator": "A. Writer",
        "licence": "Public domain in the USA",
    }
    assert strip_gutenberg("Just a text.")[0] == "Just a text."


def test_books_table_beside_the_files_becomes_metadata(tmp_path):
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "12.txt").write_text("\n\n".join([SENTENCE * 10] * 3))
    (folder / "BOOKS.tsv").write_text(
        "id\tlabel\twords\tlcc\tauthor\trepo\n"
        "12\tmusic\t9\tML\tLahee, H.\tGITenberg/Famous-Violinists_12\n"
    )
    documents, bad = read(tmp_path)
    assert not bad
    assert documents[1].id == "books/12.txt#0001"
    assert documents[1].metadata == {
        "source": "books",
        "register": "book",
        "title": "Famous Violinists",
        "creator": "Lahee, H.",
        "year": None,
        "licence": "Public domain in the USA",
        "lane": "prose",
        "file": "books/12.txt",
        "library_label": "music",
        "lcc": "ML",
        "passage": 1,
    }


@pytest.mark.parametrize("year", ["19²", "c. 1900", "9" * 5000, "-3", "", "1.9"])
def test_no_year_in_the_books_table_costs_a_text(tmp_path, year):
    (tmp_path / "12.txt").write_text(SENTENCE)
    (tmp_path / "BOOKS.tsv").write_text(f"id\tyear\ttitle\n12\t{year}\tViolins\n")
    (document,), bad = read(tmp_path)
    assert not bad and document.metadata["title"] == "Violins"
    assert document.metadata["year"] is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Dr. Faustus.txt", "Dr. Faustus"),
        ("J.S._Bach.txt.gz", "J.S. Bach"),
        ("pg12.images.html", "pg12.images"),
        ("vol.1", "vol"),
        ("St. John Passion", "St. John Passion"),
    ],
)
def test_a_full_stop_in_a_name_ends_no_title_and_no_key_of_the_books_table(tmp_path, name, title):
    text = f"<html><body><p>{SENTENCE}</p></body></html>" if "txt" not in name else SENTENCE
    raw = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert read(tmp_path)[0][0].metadata["title"] == title
    key = name.removesuffix(".gz").rpartition(".")[0] if title != name else name
    (tmp_path / "BOOKS.tsv").write_text(f"id\tauthor\n{key}\tMe\n")
    assert read(tmp_path)[0][0].metadata["creator"] == "Me"


def test_html_gives_its_main_text_and_title(tmp_path):
    body = "".join(f"<p>{SENTENCE * 4}</p>" for _ in range(4))
    (tmp_path / "p.html").write_text(
        f"<html><head><title>On Sonatas</title></head><body><nav><a>Home</a></nav>"
        f"<article><h1>On Sonatas</h1>{body}</article></body></html>"
    )
    (tmp_path / "deep.html").write_text("<div>" * 20_000)
    documents, bad = read(tmp_path)
    assert documents[0].metadata["title"] == "On Sonatas"
    assert "clarinet" in documents[0].text and "<p>" not in documents[0].text
    assert [b.place for b in bad] == ["deep.html"]


def test_a_missing_or_empty_source_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        source_files(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="holds no file"):
        source_files(tmp_path)


def test_the_number_of_documents_is_estimated(tmp_path):
    (tmp_path / "d.jsonl").write_text((line() + "\n") * 500)
    assert 450 <= estimate_documents(source_files(tmp_path), SETTINGS) <= 550


def test_words_of_markup_that_are_no_prose_are_counted(tmp_path):
    page = f"---\nlayout: post\nauthor: A Writer\n---\n# Themes\n\n- *{SENTENCE.strip()}*\n"
    (tmp_path / "a.md").write_text(page)
    document, cut = read_source(tmp_path / "a.md", tmp_path, SETTINGS)
    assert cut == PassedOver(tmp_path.name, "a.md", MARKUP, words=5)
    words = sum(any(map(str.isalnum, word)) for word in page.split())
    assert len(document.text.split()) - 1 + cut.words == words, "but for the mark of the list"
