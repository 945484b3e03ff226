"""HTML made elsewhere: formulas, links, headings; samples from tables; the search index."""

import json

import pandas as pd
import pytest
from built_site import built

from mucpt_utils.site import doses, html_parts, lessons, payload, samples


def test_formulas_become_mathml_and_prices_in_code_stay():
    tree = html_parts.parsed(
        "<p>Let $a_1$ and $$b$$ be.</p><p><b>x</b> is $c$</p><code>$5 or $6</code>"
    )
    html_parts.typeset(tree)
    html = html_parts.written(tree)
    assert html.count("<math") == 3 and "$5 or $6" in html and "Let " in html and " be." in html
    assert 'display="block"' in html


def test_headings_get_ids_of_their_own():
    tree = html_parts.parsed("<h2>A · b</h2><h2>A b</h2><h3>!</h3>")
    html_parts.give_ids(tree)
    assert [node.get("id") for node in tree] == ["a-b", "a-b-2", "part"]


def test_links_that_lead_nowhere_become_text():
    tree = html_parts.parsed(
        '<a href="x.md">gone</a><a href="https://a.b">far</a><a href="y">y</a>'
    )
    html_parts.map_links(tree, lambda href: "there.html" if href == "y" else None)
    assert html_parts.written(tree) == 'gone<a href="https://a.b">far</a><a href="there.html">y</a>'


def test_markdown_has_no_front_matter():
    tree = html_parts.from_markdown(
        "---\nlicense: x\n---\n# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert tree.findtext("h1") == "T" and tree.find("table") is not None


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("The question. It is. Can it be so? Yes.", "Can it be so?"),
        ("What this is. More.", "What this is."),
    ],
)
def test_a_lesson_is_told_by_its_question(text, sentence):
    assert lessons.first_sentence(text) == sentence


def test_pictures_of_the_results_are_put_in_and_lost_ones_left_out():
    there = "../results/laptop/figures/funnel.png"
    tree = html_parts.parsed(f'<p><img src="{there}" alt="a funnel"><img src="lost.png">x</p>')
    lessons.put_pictures_in(tree)
    lessons.describe_pictures(tree)
    (image,) = tree.iter("img")
    assert image.get("src").startswith("data:image/png;base64,") and image.get("alt") == "a funnel"
    assert html_parts.written(tree).endswith("x</p>")


@pytest.mark.parametrize(
    "value, shown",
    [(1.0, 1), (0.123456789, 0.12346), (float("nan"), None), ("x", "x"), (None, None)],
)
def test_cells_are_short(value, shown):
    assert payload.cell(value) == shown


def test_data_cannot_end_its_script(tmp_path):
    text = payload.write_data(tmp_path, "x", {"a": "</script>"}).read_text()
    assert "</script>" not in text
    assert json.loads(text.partition(",")[2].removesuffix(");\n")) == {"a": "</script>"}


def test_nested_settings_are_one_line_each():
    assert payload.flat({"train": {"tokens": 5, "x": None}, "seed": 0}) == {
        "train.tokens": 5,
        "seed": 0,
    }


def test_sentences_are_read_from_the_table():
    rows = [
        {
            **{"sentence": "s1", "kind": "fact", "subject": "A", "position": place, "token": token},
            **{"answer": "yes" if place else "no", "seed": seed, "knows": "no" if seed else "yes"},
            **{"temperature": t, "calibrated": "yes" if t == 1.5 else "no"},
            **{"base": 1.0 + place, "reference": t * (place + 1) + seed},
        }
        for seed in (0, 1)
        for t in (1.0, 1.5)
        for place, token in enumerate(("It", " is"))
    ]
    data = samples.from_table(pd.DataFrame(rows))
    assert data["seeds"] == [0, 1] and data["temperatures"] == ["1", "1.5"]
    assert data["calibrated"] == {"0": "1.5", "1": "1.5"}
    (sentence,) = data["sentences"]
    assert sentence["pieces"] == ["It", " is"] and sentence["answer"] == [1, 2]
    assert sentence["known"] == [True, False] and sentence["base"] == [1.0, 2.0]
    assert sentence["reference"]["1"]["1.5"] == [2.5, 4.0]


def test_questions_take_turns_by_subject():
    asked = [{"subject": name, "id": i} for i, name in enumerate("aabb")]
    assert [question["id"] for question in samples.taking_turns(asked)] == [0, 2, 1, 3]


def test_the_index_holds_every_page_and_no_code():
    text = (built() / "data" / "search.js").read_text()
    rows = json.loads(text.partition(",")[2].removesuffix(");\n"))
    pages = {row[0].partition("#")[0] for row in rows}
    assert {"index.html", "names.html", "lessons/04_reference_model_scores.html"} <= pages
    assert not [row for row in rows if "import torch" in row[3]]


def test_levels_are_called_by_their_values():
    axis = doses.Axis.model_validate(
        {
            "title": "replay",
            "levels": [{"name": "0", "set": {"train.replay": 0.0}}, {"name": "default"}],
        }
    )
    made = doses.axis_data(axis, {"train": {"replay": 0.2}})
    assert made["levels"]["default"] == {"text": "0.2", "dose": 0.2}
    assert made["levels"]["0"]["dose"] == 0


def test_a_level_without_a_number_keeps_its_name():
    levels = [{"name": "off", "set": {"a": "off", "b": 1}}, {"name": "as crawled"}]
    axis = doses.Axis.model_validate({"title": "x", "levels": levels})
    made = doses.axis_data(axis, {"a": "on", "b": 2})
    assert made["levels"]["as crawled"] == {"text": "as crawled", "dose": None}
    assert doses.axes_data(["gone_axis"], {"settings": {}})["gone_axis"]["title"] == "gone axis"
