"""Interactive cells on made-up samples: what a slider, a button or a typed answer changes."""

import json
import re

import pytest
import torch
from IPython.core.formatters import DisplayFormatter

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.teaching import widgets

SENTENCES = {
    "seeds": [0, 1],
    "calibrated": {"0": "2", "1": "1"},
    "temperatures": ["1", "2"],
    "sentences": [
        {
            "kind": "fact",
            "subject": "Debut <1993>",
            "pieces": ["Deb", "ut", " <"],
            "base": [6.0, 4.0, 1.0],
            "reference": {
                "0": {"1": [1.0, 1.0, 1.0], "2": [2.0, 1.5, 1.2]},
                "1": {"1": [7.0, 5.0, 1.0], "2": [6.0, 4.5, 1.5]},
            },
            "known": [True, False],
            "answer": [1, 3],
            "read": [True, False],
        },
        {
            "kind": "wrong_fact",
            "subject": "Debut <1993>",
            "pieces": ["no", "pe"],
            "base": [3.0, 3.0],
            "reference": {
                "0": {"1": [6.0, 2.0], "2": [4.0, 2.0]},
                "1": {"1": [3.0, 1.0], "2": [3.0, 2.0]},
            },
            "known": [True, False],
            "answer": None,
            "read": [False, False],
        },
    ],
}


def _document(number, stage, reason, **more):
    spans = [{"start": 0, "end": 4, "kind": "spam"}]
    truth = {"in_domain": number % 2 == 0, "doc_kind": "article", "spans": spans}
    metadata = {"source": "rendered/web", "title": f"t{number}", "truth": truth}
    row = {"id": f"d{number}", "stage": stage, "reason": reason, "detail": {"junk_share": 0.9}}
    return {**row, "text": f"text <{number}>", "cut": False, "metadata": metadata, **more}


REJECTED = {
    "entered": 50,
    "reasons": [
        {"stage": "clean", "reason": "spam", "documents": 12},
        {"stage": "near_duplicates", "reason": "near duplicate", "documents": 3},
    ],
    "documents": [
        *(_document(n, "clean", "spam") for n in range(3)),
        _document(3, "near_duplicates", "near duplicate", twin="text <four>"),
    ],
}
KEY = {"answer": "Björk", "aliases": [], "answer_type": "person", "subject": "Debut"}
ANSWERS = {
    "seeds": [0, 1],
    "questions": [
        {**KEY, "stratum": "popular", "question": "Who recorded Debut?", "known": [True, False]},
        {**KEY, "stratum": "popular", "question": "Who sings on Debut?", "known": [True, False]},
    ],
    "answers": {
        "base": {"0": [["Madonna", -4.0], ["", -4.5]], "1": [["<b>", -4.0], ["Cher", -5.0]]},
        "plain": {"0": [["Björk.", -0.5], ["Björk", -1.0]], "1": [["", -4.0], ["Björk", -5.0]]},
    },
}
SAMPLES = {"sentences": SENTENCES, "rejected": REJECTED, "answers": ANSWERS}


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch):
    """Results of profile `smoke` with made-up samples; no committed ones."""
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path / "own"))
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "committed")
    _write(tmp_path / "own" / "smoke")
    return tmp_path


def _write(folder):
    (folder / "classroom").mkdir(parents=True)
    for name, data in SAMPLES.items():
        (folder / "classroom" / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")


def part(shown, name):
    """The control (or view) inside an interactive cell that bears the class `mucpt-<name>`."""

    def inside(widget):
        if f"mucpt-{name}" in widget._dom_classes:
            yield widget
        for child in getattr(widget, "children", ()):
            yield from inside(child)

    (found,) = inside(shown.widget)
    return found


def view(shown) -> str:
    return part(shown, "view").value


def colours(shown) -> list[str]:
    return re.findall(r"rgba\([^)]*\)", view(shown))


@pytest.mark.parametrize("name", ["weights", "rejected", "ask"])
def test_a_cell_shows_a_widget_and_beside_it_the_same_view_as_fixed_html(name):
    shown = getattr(widgets, name)("smoke")
    assert f"mucpt-{name}" in shown.widget._dom_classes
    bundle = shown._repr_mimebundle_()
    assert bundle[widgets.WIDGET_VIEW]["model_id"] == shown.widget.model_id
    assert view(shown) in bundle["text/html"] and f'class="mucpt-{name}"' in bundle["text/html"]


@pytest.mark.parametrize("name", ["weights", "rejected", "ask"])
def test_what_a_notebook_keeps_is_the_same_in_every_run(name):
    shown, again = (getattr(widgets, name)("smoke") for _ in range(2))
    kept, kept_again = (DisplayFormatter().format(x)[0] for x in (shown, again))
    assert kept.pop(widgets.WIDGET_VIEW) != kept_again.pop(widgets.WIDGET_VIEW)
    assert kept == kept_again and set(kept) == {"text/html", "text/plain"}
    assert kept["text/plain"] == f"<interactive cell mucpt-{name}>"
    assert shown.widget.model_id not in str(kept)


def test_another_profile_falls_back_to_the_committed_run_and_says_so(results):
    with pytest.raises(FileNotFoundError, match="run_all.sh gpu. makes it"):
        widgets.weights("gpu")
    _write(results / "committed" / "laptop")
    assert "the committed run, laptop" in widgets.weights("gpu").still
    assert "run of profile smoke" in widgets.weights("smoke").still


# --- weights --------------------------------------------------------------------------------------


def test_weights_start_as_the_static_arm_at_the_calibrated_temperature():
    shown = widgets.weights("smoke")
    assert part(shown, "temperature").value == "2"
    base = torch.tensor([6.0, 4.0, 1.0, 3.0, 3.0])
    reference = torch.tensor([2.0, 1.5, 1.2, 4.0, 2.0])
    wanted = token_weights(base, reference, torch.ones(5), ARMS["soft_static"].tokens)
    above = [float(x) for x in re.findall(r"<sub[^>]*>(.*?)</sub>", view(shown))]
    assert above == pytest.approx(wanted.tolist(), abs=0.051)
    means = [float(x) for x in re.findall(r"mean weight ([\d.]+)", view(shown))]
    by_hand = [float(wanted[:3].mean()), float(wanted[3:].mean())]
    assert means == pytest.approx(by_hand, abs=0.006)


@pytest.mark.parametrize(
    "control, form, value",
    [
        ("seed", "log", 1),
        ("temperature", "log", "1"),
        ("direction", "log", "inverse"),
        ("form", "log", "step"),
        ("floor", "log", 10.0),
        ("scale", "log", 2.0),  # a scale above every ratio is normalised away
        ("power", "power", 3.0),
        ("mix", "log", 0.5),
        ("keep", "step", 0.2),
    ],
)
def test_every_control_changes_the_colours(control, form, value):
    shown = widgets.weights("smoke")
    part(shown, "form").value = form
    before = colours(shown)
    part(shown, control).value = value
    assert len(colours(shown)) == 5 and colours(shown) != before


def test_another_reference_model_brings_its_own_temperature():
    shown = widgets.weights("smoke")
    part(shown, "seed").value = 1
    assert part(shown, "temperature").value == "1"


def test_controls_that_the_form_does_not_use_are_switched_off():
    shown = widgets.weights("smoke")
    for form, used in (("log", "scale"), ("power", "power"), ("step", "keep"), ("log", "scale")):
        part(shown, "form").value = form
        on = [name for name in ("power", "scale", "keep") if not part(shown, name).disabled]
        assert on == [used]


def test_any_setting_leaves_a_mean_of_1_over_all_sentences():
    values = {"seed": 0, "temperature": "1", "direction": "forward", "power": 2.0, "keep": 0.4}
    for form in ("log", "power", "step"):
        settings = {**values, "form": form, "scale": 6.0, "floor": 0.1}
        found = widgets.sentence_weights(SENTENCES, settings)
        assert [len(part) for part in found] == [3, 2]
        assert sum(map(sum, found)) / 5 == pytest.approx(1)


def test_a_pair_of_one_template_is_compared_on_its_answers_under_the_seed_that_it_starts_with(
    results,
):
    pair = json.loads(json.dumps(SENTENCES))
    pair["start"] = 1
    for row, truth in zip(pair["sentences"], ("true", "false"), strict=True):
        row["part"], row["answer"] = truth, [1, 2]
    path = results / "own" / "smoke" / "classroom" / "sentences.json"
    path.write_text(json.dumps(pair), encoding="utf-8")
    shown = widgets.weights("smoke")
    assert part_of(view(shown), shown, pair) and shown.widget.children[0].value == 1
    part(shown, "seed").value = 0
    assert part_of(view(shown), shown, pair)


def part_of(text, shown, pair):
    """Whether the line on top says what the weights of the two answers are."""
    true, false = map(float, re.search(r"true (\d+\.\d+), false (\d+\.\d+)", text).groups())
    values = {name: part(shown, name).value for name in ("seed", "temperature", *widgets.MOVED)}
    weights = widgets.sentence_weights(pair, values)
    assert [true, false] == pytest.approx([weights[0][1], weights[1][1]], abs=0.006)
    return ("<b>not</b>" in text) == (true <= false)


def test_own_answers_stay_side_by_side_until_another_question():
    shown = widgets.ask("smoke")
    for said in ("Björk", "Cher", "Björk", "I don't know"):
        part(shown, "own").value = said
    assert [row[:2] for row in cells(shown)[1:4]] == [
        ["you", "I don&#x27;t know"],
        ["you", "Cher"],
        ["you", "Björk"],
    ]
    part(shown, "question").value = 1
    assert cells(shown)[1][0] == "base"


def test_names_of_subjects_are_escaped():
    assert "Debut &lt;1993&gt;" in widgets.weights("smoke").still


# --- rejected documents ---------------------------------------------------------------------------


def test_next_and_before_walk_and_stop_at_the_ends():
    shown = widgets.rejected("smoke")
    walked = [part(shown, "next") for _ in range(5)]
    seen = [re.search(r"&lt;\d&gt;", view(shown))[0]]
    for button in walked:
        button.click()
        seen.append((re.findall(r"text &lt;(\w+)&gt;", view(shown)) or ["twin"])[0])
    assert seen[1:3] == ["1", "2"] and seen[3] == seen[4] == seen[5]
    part(shown, "before").click()
    assert "3 of 4" in view(shown) and "text &lt;2&gt;" in view(shown)


def test_a_reason_filters_and_starts_at_its_first_document():
    shown = widgets.rejected("smoke")
    part(shown, "place").value = 4
    part(shown, "reason").value = ("clean", "spam")
    assert part(shown, "place").value == 1 and part(shown, "place").max == 3
    assert (
        "1 of 3" in view(shown)
        and "cleaning: advertising" in view(shown)
        and "text &lt;0&gt;" in view(shown)
    )
    part(shown, "reason").value = ("near_duplicates", "near duplicate")
    assert "1 of 1" in view(shown) and "<del" in view(shown) and "four" in view(shown)
    part(shown, "reason").value = None
    assert "1 of 4" in view(shown) and part(shown, "place").max == 4


def test_the_list_of_reasons_counts_documents_and_not_the_sample():
    labels = [label for label, _ in part(widgets.rejected("smoke"), "reason").options]
    assert labels[0] == "every reason (15 documents)" and labels[1] == "cleaning: advertising (12)"


def test_labels_stay_hidden_until_they_are_asked_for():
    shown = widgets.rejected("smoke")
    assert "Labelled" not in view(shown) and "<sup" not in view(shown)
    part(shown, "labels").value = True
    assert "Labelled: article, about music" in view(shown) and "advertising</sup>" in view(shown)


# --- answers --------------------------------------------------------------------------------------


def cells(shown) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", view(shown))
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in rows]


def test_every_arm_answers_and_is_graded_with_a_reason():
    shown = widgets.ask("smoke")
    head, base, plain = cells(shown)
    assert head[0] == "arm" and base[:3] == ["base", "Madonna", "✗ incorrect"]
    assert plain[:3] == ["plain", "Björk.", "✓ correct"] and plain[4] == "-0.50"
    assert plain[3].startswith("gives the key")
    part(shown, "question").value = 1
    assert cells(shown)[1][1:4] == ["", "– not attempted", "empty"]
    part(shown, "seed").value = 1
    assert "does not know the subject" in view(shown) and cells(shown)[1][1] == "Cher"


def test_an_answer_of_ones_own_is_graded_and_escaped():
    shown = widgets.ask("smoke")
    part(shown, "own").value = "It was Björk!"
    assert cells(shown)[1][:3] == ["you", "It was Björk!", "✓ correct"]
    part(shown, "own").value = "<script>"
    assert "<script>" not in view(shown) and "&lt;script&gt;" in view(shown)
