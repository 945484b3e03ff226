"""What notebooks show: labels, weights and edits as HTML, and the steps of the loss ratio."""

import html
import io
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.config import settings
from mucpt_utils.config.scoring import Criterion
from mucpt_utils.report import plain
from mucpt_utils.teaching import exercises, overview, session, show, token_picture

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
    kinds = re.findall(r"<sup[^>]*> (.*?)</sup>", shown.data)
    assert kinds == ["advertising", "true statement"]
    assert "web, written by this project: Debut" in shown.data
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


# --- code names and their plain words -------------------------------------------------------------


def test_a_table_tells_the_plain_words_of_the_code_names_in_it():
    frame = pd.DataFrame({"arm": ["rho1"], "stratum": ["covered"], "share_kept": [0.5]})
    told = show.with_words(frame)
    assert told.startswith(frame._repr_html_()), (
        "the names themselves stay: code is written in them"
    )
    assert "<code>rho1</code>: Rho-1: top 60 % by excess loss" in told
    assert "<code>covered</code>: facts the reference model knows" in told
    assert "<code>share_kept</code>" not in told, "says it in its own words"
    assert "<details" not in told
    assert "<code>mask</code>" in show.words(pd.DataFrame({"stage": ["mask"]})).data


def test_names_are_found_in_both_indices_and_many_are_folded():
    arms = ["plain", "rho1", "soft_mixed", "selection_soft", "inverse", "tagger", "random"]
    rows = pd.DataFrame({"arm": arms, "kind": "wrong_fact", "weight": 1.0})
    told = show.with_words(rows.pivot(index="arm", columns="kind", values="weight"))
    assert all(f"<code>{name}</code>" in told for name in [*arms, "wrong_fact"])
    assert "<details" in told
    without_a_name = rows.set_index("arm").rename_axis(None)[["weight"]]
    assert "<code>soft_mixed</code>" in show.with_words(without_a_name)


def test_only_names_that_are_shown_are_told():
    frame = pd.DataFrame({"arm": ["plain"] * 50 + ["rho1"] * 50 + ["plain"] * 50})
    told = show.with_words(frame)
    assert "<code>plain</code>" in told and "<code>rho1</code>" not in told
    assert show.in_words({}) == ""


def test_tables_in_a_notebook_tell_them_without_being_asked(monkeypatch):
    shell = SimpleNamespace(display_formatter=DisplayFormatter())
    monkeypatch.setattr(session, "get_ipython", lambda: shell)
    session.put_words_below_tables()
    kept, _ = shell.display_formatter.format(pd.DataFrame({"kind": ["pii"]}))
    assert "<code>pii</code>: personal data" in kept["text/html"]
    assert "personal data" not in kept["text/plain"]


# names that are code on purpose (settings, exercises, profiles, tables, an arm's artefacts), and
# names that are their own plain words
CODE_ON_PURPOSE = {
    *(field for field in settings.Profile.model_fields),
    *(exercise for exercise in exercises.track()["exercise"]),
    *(profile for profile in overview.profiles()["profile"]),
    *schema.load_tables(),
}
OWN_WORDS = {
    *("answer_type", "average_precision", "calibration_error", "question_id", "reference_set"),
    *("lowest_similarity", "mean_similarity", "share_kept", "not_attempted", "less_popular"),
    *("off_domain_documents", "off_domain_weight", "held_out_text", "must_differ_by", "p_value"),
    *("compared_to", "log_likelihood", "bits_per_byte", "tokens_to_plain"),
}
OF_AN_ARM = re.compile(r"(run|answers)_\w+|\w+/seed\d+")


def test_every_code_name_in_a_table_of_the_lessons_has_plain_words():
    """In the committed lessons; a name that is new there needs its words in `report.plain`."""
    known = {**plain.COLUMNS, **plain.ARTEFACTS, **plain.KINDS, **plain.STAGES, **plain.REASONS}
    known |= plain.STRATUM_TITLES | plain.METRIC_TITLES | plain.ARMS | plain.load_axes()
    without = set()
    for path in sorted((paths.committed("laptop") / "executed").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", ()):
                page = "".join(output.get("data", {}).get("text/html", ""))
                for text in re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", page):
                    name = html.unescape(text).strip()
                    if re.fullmatch(r"[A-Za-z]\w*_\w+(/\w+)?", name) and name not in known:
                        without.add(name)
    assert {n for n in without if not OF_AN_ARM.fullmatch(n)} - CODE_ON_PURPOSE <= OWN_WORDS
