"""What notebooks show: labels, weights and edits as HTML, and the steps of the loss ratio."""

import html
import io
import re

import numpy as np
import pandas as pd
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.teaching import show, token_picture

TEXT = "Buy <now>! Debut is by Björk."


def _document(spans):
    metadata = {"source": "rendered/web", "title": "Debut", "truth": {"spans": spans}}
    return {"text": TEXT, "id": "d1", "metadata": metadata}


def _plain(shown) -> str:
    """The text of a page without tags, small labels, numbers above tokens and titles."""
    body = re.sub(r"<sup.*?</sup>|<rt.*?</rt>", "", shown.data)
    body = "".join(re.findall(r'<div style="white-space.*?</div>', body, re.DOTALL))
    return html.unescape(re.sub(r"<[^>]*>", "", body))


def test_labelled_shows_the_whole_text_escaped_with_each_kind_named():
    spans = [{"start": 0, "end": 10, "kind": "spam"}, {"start": 11, "end": 29, "kind": "fact"}]
    shown = show.labelled(_document(spans))
    assert _plain(shown) == TEXT
    assert "&lt;now&gt;" in shown.data and "<now>" not in shown.data
    assert [s for s in re.findall(r"<sup[^>]*> (.*?)</sup>", shown.data)] == ["spam", "fact"]
    assert show.KIND_COLOURS["spam"] in shown.data


def test_an_inner_label_is_shown_inside_the_outer_one():
    spans = [{"start": 11, "end": 29, "kind": "fact"}, {"start": 23, "end": 28, "kind": "mojibake"}]
    shown = show.labelled(_document(spans))
    assert _plain(shown) == TEXT
    marked = re.findall(r"background:(#\w+)[^>]*>([^<]*)", shown.data.split("</div>")[1])
    fact, damage = show.KIND_COLOURS["fact"], show.KIND_COLOURS["mojibake"]
    assert (damage, "Björk") in marked and (fact, ".") in marked


def test_a_document_without_labels_and_an_empty_one_are_shown():
    assert _plain(show.labelled(_document([]))) == TEXT
    assert _plain(show.labelled({**_document([]), "text": ""})) == ""


def test_before_after_marks_what_went_and_what_came_and_nothing_else():
    shown = show.before_after("call 555 now & here", "call [PHONE] now & here").data
    assert [html.unescape(x) for x in re.findall(r"<del[^>]*>(.*?)</del>", shown)] == ["555"]
    assert re.findall(r"<ins[^>]*>(.*?)</ins>", shown) == ["[PHONE]"]


def test_long_texts_are_cut_at_a_word():
    shown = _plain(show.before_after("word " * 100, "word", longest=22))
    assert shown.startswith("word word word word …")


def test_weights_stand_at_their_tokens_and_one_has_no_colour():
    shown = show.weighted_html(["Deb", "ut <"], [1.0, 2.5])
    assert re.findall(r"<sub[^>]*> (.*?)</sub>", shown) == ["1.0", "2.5"]
    assert "0.00)" in shown and "ut &lt;" in shown
    assert _plain(show.HTML(shown)).split() == ["Deb", "1.0", "ut", "<", "2.5"], (
        "without styles it can still be read"
    )
    with pytest.raises(ValueError):
        show.weighted(["a"], [1.0, 2.0])


def test_an_executed_notebook_keeps_weights_as_a_picture_and_a_line_of_words():
    shown = show.weighted(["Deb", "ut\n", " $x^2$"], [0.0, 2.5, 1.0], "<title>")
    kept, _ = DisplayFormatter().format(shown)
    assert set(kept) == {"image/png", "text/plain"}, "styles of HTML do not survive everywhere"
    assert kept["text/plain"] == "<title>: Deb 0.0 ut⏎ 2.5 $x^2$ 1.0"
    pixels = np.asarray(Image.open(io.BytesIO(shown._repr_png_())).convert("RGB")).reshape(-1, 3)
    orange, blue = pixels[:, 0] > pixels[:, 2] + 40, pixels[:, 2] > pixels[:, 0] + 40
    assert orange.sum() > 100 and blue.sum() > 100
    assert shown._repr_png_() == shown._repr_png_()


def test_many_tokens_go_into_lines_of_one_width():
    boxes, lines = token_picture.placed([8.0] * 40)
    assert lines > 1 and max(x + width for x, _, width in boxes) <= token_picture.WIDTH
    assert token_picture.placed([500.0])[1] == 1, "one that is too long stands alone"


def test_the_colour_tells_the_direction_and_grows_with_the_distance_from_1():
    def opacity(weight):
        return re.search(r"rgba\((\d+),.*?,([\d.]+)\)", show.weighted_html(["x"], [weight]))

    assert opacity(0.2)[1] == str(show.LIGHT[0]) and opacity(3)[1] == str(show.HEAVY[0])
    assert float(opacity(0.2)[2]) > float(opacity(0.8)[2]) > 0
    assert opacity(9)[2] == opacity(3)[2]


def test_samples_give_the_reason_and_what_was_noted():
    row = {"stage": "clean", "reason": "spam", "detail": {"junk_share": 0.9}, "text": "a\nb " * 200}
    frame = show.samples([row, {**row, "detail": None}], longest=20)
    assert frame["noted"].tolist() == ["junk share: 0.9", ""]
    assert frame["text"].str.len().max() <= 22 and "\n" not in frame["text"][0]


def test_steps_show_the_worked_example():
    losses = torch.tensor([2.0, 6.0, 3.0]), torch.tensor([2.0, 1.0, 6.0])
    frame = show.steps(*losses, Criterion(floor=1e-9))
    assert frame["rho"].tolist() == pytest.approx([1, 6, 0.5], abs=1e-6)
    assert frame["w"].tolist() == pytest.approx([0, 3, 0], abs=1e-6)
    mixed = show.steps(*losses, Criterion(floor=1e-9, mix=0.5))["w"]
    assert mixed.tolist() == pytest.approx([0.5, 2, 0.5], abs=1e-6)


def test_reliability_draws_the_rows_it_is_given():
    rows = [
        {"bin": 0.1, "probability": 0.15, "in_domain": 0.2, "n": 5},
        {"bin": 0.9, "probability": 0.95, "in_domain": 1.0, "n": 20},
    ]
    figure, frame = show.reliability(rows)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(rows))
    drawn = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(drawn, frame[["probability", "in_domain"]])


def test_tables_of_words_are_whole_escaped_and_at_the_left():
    shown = show.words(pd.DataFrame({"name": ["a <b> " + "long " * 60]})).data
    assert shown.count("long") == 60 and "&lt;b&gt;" in shown
    assert "<td>" not in shown and "text-align:left" in shown
