"""The main text of pages of every shape, and how much stands outside it."""

import gzip
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datatrove.data import Document
from hypothesis import given
from hypothesis import strategies as st

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources import PassedOver, Unreadable, page_tree, read_source, web_page
from mucpt_utils.text.sources.base import Malformed
from mucpt_utils.text.sources.web_page import read_page

SENTENCE = "The {} theme is given to the clarinet in the slow movement, and the strings answer it."
WORDS = ["first", "second", "third", "fourth", "fifth"]
WORDS += ["sixth", "seventh", "eighth", "ninth", "tenth"]


def sentences():
    return [SENTENCE.format(word) for word in WORDS]


SHAPES = {
    "items": "<ul>" + "".join(f"<li>{s}</li>" for s in sentences()) + "</ul>",
    "paragraphs in items": "<ul>" + "".join(f"<li><p>{s}</p></li>" for s in sentences()) + "</ul>",
    "nested lists": "<ol>"
    + "".join(f"<li>x<ul><li>{s}</li></ul></li>" for s in sentences())
    + "</ol>",
    "definitions": "<dl>" + "".join(f"<dt>Term</dt><dd>{s}</dd>" for s in sentences()) + "</dl>",
    "definitions in groups": "<dl>"
    + "".join(f"<div><dt>T</dt><dd><p>{s}</p></dd></div>" for s in sentences())
    + "</dl>",
    "table": "<table>"
    + "".join(f"<tr><td>{s}</td><td>1</td></tr>" for s in sentences())
    + "</table>",
    "quotations": "".join(f"<blockquote>{s}</blockquote>" for s in sentences()),
    "preformatted": "".join(f"<pre>{s}</pre>" for s in sentences()),
    "loose text": "<br><br>".join(sentences()),
    "text between blocks": "".join(f"{s}<hr>" for s in sentences()),
    "divisions": "".join(f"<div>{s}</div>" for s in sentences()),
    "one of each": "<p>{}</p><ul><li>{}</li></ul><ol><li><p>{}</p></li></ol><dl><dt>x</dt>"
    "<dd>{}</dd></dl><blockquote><p>{}</p></blockquote><pre>{}</pre><table><tr><td>{}</td></tr>"
    "</table>{}<div>{}</div><section><p>{}</p></section>".format(*sentences()),
    "a form around it": "<form>" + "".join(f"<p>{s}</p>" for s in sentences()) + "</form>",
    "behind the end of the page": "</body></html>".join(f"<p>{s}</p>" for s in sentences()),
    "for readers without frames": "<noframes>"
    + "".join(f"<p>{s}</p>" for s in sentences())
    + "</noframes>",
    "details": "".join(f"<details><summary>x</summary>{s}</details>" for s in sentences()),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_sentence_of_a_page_is_read_once_and_in_order(shape):
    page = f"<html><head><title>On themes</title></head><body>{SHAPES[shape]}</body></html>"
    text = " ".join(read_page(page).text.split())
    positions = [text.find(sentence) for sentence in sentences()]
    assert -1 not in positions and positions == sorted(positions)
    assert all(text.count(sentence) == 1 for sentence in sentences())
    assert "<" not in text


@pytest.mark.parametrize("form", ["<p>{}</p><p>{}</p>", "{}<p>{}</p>", "{}<q>{}</q>"])
def test_nothing_of_a_short_quotation_is_read_twice(form):
    one, other = sentences()[:2]
    page = f"<html><body><blockquote>{form.format(one, other)}</blockquote></body></html>"
    text = read_page(page).text
    assert (text.count(one), text.count(other)) == (1, 1)


@pytest.mark.parametrize("form", ["<pre>{}</pre>", "<pre><b>{}</b></pre>", "<p>{}</p>"])
def test_preformatted_lines_stay_lines(form):
    verse = ["My love is like a red, red rose", "  That's newly sprung in June;", "My love is"]
    end = "<br>" if form.startswith("<p>") else "\n"
    prose = "".join(f"<p>{sentence}</p>" for sentence in sentences())
    text = read_page(f"<html><body>{prose}{form.format(end.join(verse))}</body></html>").text
    assert [line.strip() for line in text.split("\n")][-3:] == [line.strip() for line in verse]
    assert all(text.count(sentence) == 1 for sentence in sentences())


def test_menus_footers_and_what_is_hidden_stay_outside_and_are_counted():
    menu = "".join(
        f"<li><a href=/{n}>A rather long entry of the menu number {n}</a></li>" * 2
        for n in range(5)
    )
    page = (
        f"<html><body><nav><ul>{menu}</ul></nav><div class='cookie-consent'><p>We use cookies to "
        "give you the best experience on this site, and so do our partners.</p></div>"
        f"<article>{''.join(f'<p>{s}</p>' for s in sentences())}</article>"
        "<p style='display:none'>This sentence is hidden from whoever looks at the page here.</p>"
        "<script>var sentence = 'The theme is given to the script of the page here.'</script>"
        "<footer><p>All rights of this page are reserved by the owner of the page.</p></footer>"
        "</body></html>"
    )
    result = read_page(page)
    for word in ("menu", "cookies", "hidden", "script", "rights"):
        assert word not in result.text
    assert result.words_outside == 10 * 9 + 16 + 11 + 14


@pytest.mark.parametrize(
    "form",
    [
        "<textarea>{}</textarea>",
        "<noscript><p>{}</p><style>p {{ color: red }}</style></noscript>",
        "<p>Press <button>{}</button></p>",
        "<form><select><option>{}</option></select></form>",
        "<object data=x><param name=a><p>{}</p></object>",
        "<div hidden><p>{}<script>var a = 'no word'</script></p></div>",
        "<svg><text>{}</text></svg>",
        "<div style='display: none'><textarea>{}</textarea></div>",
    ],
)
def test_words_that_are_not_read_are_counted(form):
    body = "".join(f"<p>{sentence}</p>" for sentence in sentences())
    bare = read_page(f"<!doctype html><html><body>{body}</body></html>")
    lyrics = "Sing to me of the river and of the town where it sleeps."
    page = f"<!doctype html><html><body>{body}{form.format(lyrics)}</body></html>"
    read, pressed = read_page(page), page.count("Press")
    words = len(read.text.split()) - len(bare.text.split()) + read.words_outside
    assert words == bare.words_outside + len(lyrics.split()) + pressed


def test_a_page_whose_metadata_cannot_be_made_out_keeps_its_text(monkeypatch):
    monkeypatch.setattr("trafilatura.extract_metadata", lambda *_, **__: 1 / 0)
    page = read_page(f"<html><body>{SHAPES['divisions']}</body></html>")
    assert page.stated == {} and WORDS[-1] in page.text


@pytest.mark.parametrize("page", ["<html></html>", "<p>", "<!-- -->", "<script>x</script>"])
def test_a_page_without_text_is_refused(page):
    with pytest.raises(Malformed, match="HTML"):
        read_page(page)


@pytest.mark.parametrize("page", ["<pre>{}</pre>", "<!-- a note --><p>{}</p>", "{}", "<td>{}</td>"])
def test_a_page_of_one_block_is_read(page):
    assert read_page(page.format(SENTENCE)).text == SENTENCE


MANY = 700  # tags beside or inside each other, more than the parser or trafilatura take easily
CROWDED = {
    "bold words": ("", "<b>n{}</b> stands here, ", ""),
    "bold words in a division": ("<div>", "<b>n{}</b> stands here, ", "</div>"),
    "links in a division": ("<div>", "<a href=q>n{}</a> stands here, ", "</div>"),
    "bold links": ("<p>", "<b><a href=q>n{}</a></b> stands here, ", "</p>"),
    "comments": ("", "n{} stands here, <!-- not this --> ", ""),
    "instructions": ("", "n{} stands here, <?not this?> ", ""),
    "rules": ("", "n{} stands here, a sentence<hr>", ""),
    "line breaks": ("<div>", "n{} stands here, a sentence<br>", "</div>"),
    "scripts": ("", "n{} stands here, <script>var not_this = 'not this';</script>", ""),
    "styles": ("", "n{} stands here, <STYLE media=all>b {{top: 0}} /* not this */</STYLE >", ""),
    "fonts that never close": ("", "<font size=2>n{} stands here, ", ""),
    "divisions that never close": ("", "<div>n{} stands here, as the next one does too", ""),
    "lists that never close": ("", "<ul><li>n{} stands here, as the next one does too", ""),
    "tables in tables": ("", "<table><tr><td>n{} stands here, as the next one does too", ""),
    "fonts in divisions": ("", "<div><font>n{} stands here, as the next one does too", ""),
}


@pytest.mark.parametrize("shape", CROWDED)
def test_every_word_is_read_of_tags_that_are_many_or_nested_deeply(shape):
    before, piece, after = CROWDED[shape]
    body = before + "".join(piece.format(f"<i></i>{n}") for n in range(MANY)) + after
    words = read_page(f"<html><head><title>T</title></head><body>{body}</body></html>").text
    numbers = [int(number) for number in re.findall(r"n(\d+) stands here", words)]
    assert numbers == list(range(MANY))
    assert "not this" not in words


LONG = " ".join(f"a{n}=b" for n in range(5000))


@pytest.mark.parametrize(
    "attributes", [LONG, f"{LONG} title='1 > 0'", f'title="{LONG}"', f"src='data:image/png;{LONG}'"]
)
def test_a_tag_may_be_long_and_its_attributes_are_no_text(attributes):
    page = f"<html><body><p {attributes}>{SENTENCE}</p><p>{WORDS[0]} {SENTENCE}</p></body></html>"
    assert page_tree.BEGINS_LONG.search(page)
    assert read_page(page).text.split("\n") == [SENTENCE, f"{WORDS[0]} {SENTENCE}"]


def test_of_very_many_scripts_those_that_state_metadata_stay():
    stated = '<script type="application/ld+json">{"@type": "Article", "name": "x"}</script>'
    scripts = "<script>not this</script>" * (page_tree.MOST_CODE + 1)
    rest = "".join(page_tree.without_code(f"a{scripts}b{stated}c<style>d</style>e"))
    assert rest == f"ab{stated}ce"
    assert (
        "".join(page_tree.without_code("a<script>b<style>c</style>"))
        == "a<script>b<style>c</style>"
    )


BLOCK = st.text("ab |-", max_size=6).map(lambda text: web_page.Block("p", text, 0, False))


@given(main=st.text("ab", max_size=30), blocks=st.lists(BLOCK, max_size=6))
def test_blocks_are_found_wherever_they_stand_in_the_main_text(main, blocks):
    whole = all(web_page.letters(block.text) in main for block in blocks)
    assert web_page.holds(main, {main}, blocks) == whole


# --- pages under other names ----------------------------------------------------------------------

MENU = "<nav><a href='/'>Home</a> <a href='/news'>All the news of today</a></nav>"
BEGINNINGS = {
    "doctype": "<!DOCTYPE html>\n<html>",
    "old doctype": '<!doctype HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">\n<HTML lang=en>',
    "xml": '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html>',
    "bare": "\n\n<html>",
    "comment": "<!-- saved from a -- page -->\n<html>",
    "head": "<head><title>Themes</title></head>",
}


def page_of(beginning):
    body = "".join(f"<p>{sentence}</p>" for sentence in sentences())
    return f"{beginning}<body>{MENU}{body}</body></html>"


def read(path):
    return list(read_source(path, path.parent, SourceSettings()))


def documents_of(items):
    return [item for item in items if isinstance(item, Document)]


def test_sections_of_character_data_are_text_where_the_page_is_xml():
    sections = "".join(f"<p><![CDATA[{s} < & >]]></p>" for s in sentences())
    page = f"{BEGINNINGS['xml']}<body>{sections}<p>No end <![CDATA[ of this.</p></body></html>"
    text = web_page.read_page(page).text
    assert all(f"{sentence} < & >" in text for sentence in sentences()) and "<p>" not in text


@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.rst", "a.txt.gz", "a.text"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_page_in_a_file_of_another_name_is_read_as_a_page(tmp_path, beginning, name, encoding):
    raw = page_of(BEGINNINGS[beginning]).encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    items = read(tmp_path / name)
    texts = " ".join(document.text for document in documents_of(items))
    assert texts.split() == " ".join(sentences()).split()
    (outside,) = (item for item in items if isinstance(item, PassedOver))
    assert outside.reason == web_page.OUTSIDE and outside.words > 4


def test_a_page_called_a_text_is_read_in_the_character_set_it_states(tmp_path):
    page = page_of("<html><meta charset=koi8-r>").replace("theme", "\u0442\u0435\u043c\u0430")
    (tmp_path / "a.txt").write_bytes(page.encode("koi8-r"))
    assert documents_of(read(tmp_path / "a.txt"))[0].text.count("\u0442\u0435\u043c\u0430") == 10


def test_a_page_without_a_text_is_told(tmp_path):
    (tmp_path / "a.txt").write_text("<html><body><script>x</script></body></html>")
    assert read(tmp_path / "a.txt") == [
        Unreadable(tmp_path.name, "a.txt", "HTML without a main text")
    ]


@pytest.mark.parametrize("name", ["J. S. Bach", "Anna Maria O'Neill-Weber"])
def test_an_author_is_spelt_as_on_the_page(name):
    page = page_of(f'<html><head><meta name="Author" content="{name}"></head>')
    assert read_page(page).stated["creator"] == name


@pytest.mark.parametrize("stated", [None, ""])
def test_an_empty_cell_does_not_hide_what_the_page_in_its_row_states(tmp_path, stated):
    page = page_of("<html><head><title>On themes</title></head>")
    pq.write_table(pa.table({"text": [page], "title": [stated]}), tmp_path / "a.parquet")
    (document,) = documents_of(read(tmp_path / "a.parquet"))
    assert document.metadata["title"] == "On themes"


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_a_page_in_a_row_is_read_as_a_page(tmp_path, form):
    rows = [
        {"text": page_of(BEGINNINGS["doctype"]), "id": "a", "title": "Mine"},
        {"text": "<html><body></body></html>", "id": "b", "title": None},
        {"text": "A row about <html> as such.", "id": "c", "title": None},
    ]
    path = tmp_path / f"rows.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text(json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows)))
    outside, page, empty, text = read(path)
    assert page.text.split("\n") == sentences()
    assert (page.id, page.metadata["title"]) == ("a", "Mine")
    assert outside.reason == web_page.OUTSIDE and outside.words > 4
    assert (empty.place, empty.reason) == (f"rows.{form}:2", "HTML without a main text")
    assert text.text == rows[2]["text"]


@pytest.mark.parametrize(
    "text",
    [
        "<header of the letter> is missing. " + SENTENCE,
        "HTML begins with <html> and ends with </html>. " + SENTENCE,
        "<p> is a tag, and <i> another. " + SENTENCE,
        "<!-- a comment alone --> " + SENTENCE,
    ],
)
def test_what_only_speaks_of_tags_stays_a_text(tmp_path, text):
    (tmp_path / "a.txt").write_text(text)
    assert [d.text for d in documents_of(read(tmp_path / "a.txt"))] == [text]


def test_terms_outside_of_a_list_stand_apart_from_their_descriptions():
    terms = [f"<dt>{word} term</dt><dd>{SENTENCE.format(word)}</dd>" for word in WORDS]
    loose = read_page(f"<html><body>{''.join(terms)}</body></html>").text
    told = [line for word in WORDS for line in (f"{word} term", SENTENCE.format(word))]
    assert loose.splitlines() == told, "no words are glued together"
    listed = read_page(f"<html><body><dl>{''.join(terms)}</dl></body></html>").text
    assert listed.splitlines() == [f"- {line}" for line in told], "a list of terms stays one"
