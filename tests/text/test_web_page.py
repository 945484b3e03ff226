"""The main text of pages of every shape, and how much stands outside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mucpt_utils.text.sources import web_page
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
    "details": "".join(f"<details><summary>x</summary>{s}</details>" for s in sentences()),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_sentence_of_a_page_is_read_once_and_in_order(shape):
    page = f"<html><head><title>On themes</title></head><body>{SHAPES[shape]}</body></html>"
    text = " ".join(read_page(page).text.split())
    positions = [text.find(sentence) for sentence in sentences()]
    assert -1 not in positions and positions == sorted(positions)
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
    assert result.words_outside == 10 * 9 + 16 + 14


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


BLOCK = st.text("ab |-", max_size=6).map(lambda text: web_page.Block("p", text, 0, False))


@given(main=st.text("ab", max_size=30), blocks=st.lists(BLOCK, max_size=6))
def test_blocks_are_found_wherever_they_stand_in_the_main_text(main, blocks):
    whole = all(web_page.letters(block.text) in main for block in blocks)
    assert web_page.holds(main, {main}, blocks) == whole
