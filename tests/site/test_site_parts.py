"""HTML made elsewhere: formulas, links, headings; samples from tables; the search index."""

import json
import re

import lxml.html
import pandas as pd
import pytest
from built_site import built
from results_made_up import RUN_EARLY, all_tables, ended_early, record

from mucpt_utils import paths
from mucpt_utils.report import limits
from mucpt_utils.report.figures import subjects
from mucpt_utils.site import (
    across,
    charts,
    doses,
    html_parts,
    lessons,
    payload,
    reference,
    samples,
    search,
)
from mucpt_utils.site.gathered import Finished


def test_formulas_become_mathml_and_prices_in_code_stay():
    tree = html_parts.parsed(
        "<p>Let $a_1$ and $$b$$ be.</p><p><b>x</b> is $c$</p><code>$5 or $6</code>"
    )
    html_parts.typeset(tree)
    html = html_parts.written(tree)
    assert html.count("<math") == 3 and "$5 or $6" in html and "Let " in html and " be." in html
    assert 'display="block"' in html


def test_prices_in_a_printed_table_are_no_formulas():
    printed = '<div class="output_html"><td>up to $5, $6 more</td> $7 $8</div>'
    tree = html_parts.parsed(f"<p>$a$</p>{printed}<p>$b$</p>")
    html_parts.typeset(tree)
    assert html_parts.written(tree).count("<math") == 2 and printed in html_parts.written(tree)


def test_numbers_of_a_data_frame_stand_below_each_other():
    frame = pd.DataFrame({"word": ["one", "2"], "number": ["-0.5", "< 0.001"], "gap": ["NaN", 3]})
    tree = html_parts.parsed(frame.to_html() + "<table><tr><td>5</td></tr></table>")
    html_parts.align_numbers(tree)
    own, other = tree.iter("table")
    assert [cell.get("class") for cell in own.find("tbody/tr")] == ["n", None, "n", "n"]
    assert [head.get("class") for head in own.find("thead/tr")] == ["n", None, "n", "n"]
    assert other.find(".//td").get("class") is None


def test_trained_arms_stand_beside_each_other_in_each_group_of_questions():
    (real,) = (one for one in reference.trained_arms() if one.profile == "real")
    folder = paths.committed("real") / "benchmark"
    scores = pd.read_csv(folder / "scores.csv")
    assert len(real.rows) == len(scores[scores["metric"] == "accuracy"])
    groups = [row["questions"] for row in real.rows]
    assert groups == sorted(groups, key=groups.index), "the arms of a group follow each other"
    assert groups[0] == "All questions" and real.shots == 5
    base, plain = real.rows[:2]
    assert base["minus_base"] == "" and plain["minus_base"].startswith("−0.339 [")
    shown = built() / "tables" / real.csv
    assert shown.read_bytes() == (folder / "scores.csv").read_bytes()


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
        ("The question. It is. Can it be so? Yes.", "It is. Can it be so?"),
        ("What this is. More.", "What this is."),
        ("What this study is. A study. Of what?", "A study. Of what?"),
    ],
)
def test_a_lesson_is_told_by_its_question(text, sentence):
    assert lessons.first_sentence(text) == sentence


def test_the_map_of_the_notebooks_is_not_what_a_lesson_is_about():
    way = "00 start → 01 sources"
    assert lessons.question(["", way, "Hello.", "The question. Why?"]) == "The question. Why?"
    assert lessons.question([way, "What this is."]) == "What this is."
    assert lessons.question([way]) == ""


def test_every_lesson_opens_with_its_picture_and_not_with_a_link_to_itself():
    for path in sorted((built() / "lessons").glob("*.html")):
        page = lxml.html.parse(str(path)).getroot()
        first = page.xpath("//div[@class='notebook']//*[self::img or self::h2]")[0]
        assert first.tag == "img" and first.get("alt"), path.name
        assert lessons.OF_ITSELF not in page.text_content(), path.name


def test_every_lesson_of_the_list_is_told_apart():
    root = lxml.html.parse(str(built() / "lessons.html")).getroot()
    told = [span.text_content() for span in root.xpath("//ol[@class='lessons']//span")]
    assert len(told) > 5 and len(set(told)) == len(told) and not [one for one in told if "→" in one]


def test_pictures_of_the_results_are_put_in_and_lost_ones_left_out():
    there = "../figures/funnel.png"
    tree = html_parts.parsed(f'<p><img src="{there}" alt="a funnel"><img src="lost.png">x</p>')
    lessons.put_pictures_in(tree, paths.committed("laptop") / "executed")
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


def test_a_column_of_texts_says_each_text_once():
    table = pd.DataFrame({"arm": ["a", "b", "a", None], "value": [0.5, 2.0, None, 1.0]})
    assert payload.coded_columns(table) == {
        "arm": {"of": ["a", "b", None], "at": [0, 1, 0, 2]},
        "value": [0.5, 2, None, 1],
    }


def test_settings_of_an_arm_are_said_once_and_its_runs_one_by_one():
    inputs = [{"name": "base_losses", "sha256": "a" * 64}]
    made = {"sha256": "0123456789abcdef", "made_by": "05", "seconds": 1.26, "inputs": inputs}
    artifacts = [
        {**made, "name": "run_rho1", "settings": {"train": {"tokens": 5}, "seed": seed}}
        for seed in (3, 4)
    ]
    artifacts += [{**made, "name": "answers_rho1", "settings": {"seed": 3}}]
    data = payload.runs_of("rho1", artifacts)
    assert data["settings"] == {"train.tokens": 5} and data["inputs"] == ["base losses"]
    run = {"sha": "0123456789", "made_by": "05", "commit": "", "seconds": 1.3}
    assert data["runs"] == [{"seed": 3, **run}, {"seed": 4, **run}]
    assert payload.runs_of("plain", artifacts) == {"settings": {}, "inputs": [], "runs": []}


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


def test_who_knows_a_subject_is_told_by_its_seed_whatever_the_numbers_of_seeds(tmp_path):
    kept = {"seeds": [20, 21], "questions": [{"subject": "Björk", "known": [False, True]}]}
    (tmp_path / "classroom").mkdir()
    (tmp_path / "classroom" / "answers.json").write_text(json.dumps(kept), encoding="utf-8")
    assert samples.known_subjects(Finished(tmp_path, {}, {})) == {"Björk": [21]}
    assert samples.known_subjects(Finished(tmp_path / "none", {}, {})) == {}


def test_questions_take_turns_by_subject():
    asked = [{"subject": name, "id": i} for i, name in enumerate("aabb")]
    assert [question["id"] for question in samples.taking_turns(asked)] == [0, 2, 1, 3]


def test_the_page_of_questions_says_which_part_of_questions_and_seeds_it_shows(monkeypatch):
    names = [question["id"] for question in samples.load_questions("test")][:3]
    rows = [(f"plain/seed{seed}", name, "x") for seed in range(4) for name in names]
    answers = pd.DataFrame(rows, columns=["run", "question_id", "response"])
    finished = Finished(paths.ROOT / "nowhere", record(), {"answers": answers})
    monkeypatch.setattr(samples, "QUESTIONS", 2)
    data, origin = samples.questions_data(finished)
    assert len(data["questions"]) == 2 and origin.endswith("; 2 of 3 questions; 3 of 4 seeds.")
    assert {row[1] for row in data["questions"][0]["arms"]} == {0, 1, 2}
    monkeypatch.setattr(samples, "QUESTIONS", 3)
    monkeypatch.setattr(samples, "SEEDS", 4)
    assert " of " not in samples.questions_data(finished)[1]


def test_the_index_holds_every_page_and_no_code():
    text = (built() / "data" / "search.js").read_text()
    rows = json.loads(text.partition(",")[2].removesuffix(");\n"))
    pages = {row[0].partition("#")[0] for row in rows}
    assert {"index.html", "names.html", "lessons/04_reference_model_scores.html"} <= pages
    assert not [row for row in rows if "import torch" in row[3]]


def test_the_index_holds_each_name_of_the_glossary_and_each_question():
    text = (built() / "data" / "search.js").read_text()
    rows = json.loads(text.partition(",")[2].removesuffix(");\n"))
    headed = {row[2]: row[0] for row in rows}
    assert headed["stratum"].startswith("names.html#word-")
    assert headed["Rho-1: top 60 % by excess loss"] == "names.html#way-rho1"
    asked = [row for row in rows if row[0].startswith("questions.html#question=")]
    assert len(asked) == samples.QUESTIONS and all(row[2].endswith("?") for row in asked)


def test_words_behind_the_shown_part_of_a_section_are_found(tmp_path):
    (tmp_path / "page.html").write_text(f"<main><p>{'word ' * 100}zither</p></main>")
    (row,) = search.page_rows(tmp_path, tmp_path / "page.html")
    assert len(row[3]) <= search.LONGEST and row[4].split() == ["word", "zither"]


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


# --- a run that ended early -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def early():
    """A pretrained model, two seeds, no axes, some of the profile's arms."""
    tables, run = ended_early()
    return Finished(paths.ROOT / "nowhere", run, tables)


def test_the_explorer_gets_what_was_run_and_which_arms_were_not(early):
    data = payload.profile_data(early)
    assert set(data["arms"]) == set(RUN_EARLY) and data["axes"] == {}
    assert data["missing"] == limits.not_run(early.tables, early.run) != ""
    assert json.dumps(data, allow_nan=False)


def test_a_run_that_asked_nothing_of_the_benchmark_shows_no_questions(early):
    assert samples.questions_data(early) is None


def test_effects_by_subject_are_those_of_the_report(early):
    data = across.effects_by_subject(early)
    table = subjects.by_subject(subjects.item_values(early.tables["answers"]), "selection_soft")
    table = table[table["n"] >= across.FEWEST]
    values = data["effects"]["value"]
    assert data["metric"] == "log_likelihood" and len(values) == len(table) > 0
    assert values == pytest.approx(table["difference"].tolist(), abs=5e-4)
    assert json.dumps(data, allow_nan=False)
    nothing = Finished(paths.ROOT, {}, {})
    assert across.effects_by_subject(nothing)["effects"] == {}


# --- compute and mixtures -------------------------------------------------------------------------


def test_what_comes_before_training_is_paid_first():
    tables, run = all_tables(), record()
    costs = pd.DataFrame({"arm": ["plain", "rho1"], "flops": [100.0, 150.0]})
    data = payload.profile_data(Finished(paths.ROOT, run, tables | {"costs": costs}))
    assert data["prices"] == {"plain": (0.0, 0.5), "rho1": (50.0, 0.5)}  # 200 tokens each
    assert payload.profile_data(Finished(paths.ROOT, run, tables))["prices"] == {}


def test_a_curve_begins_at_the_base_only_if_its_arm_did():
    arms = {arm: payload.arm_data(arm, {"artifacts": []}) for arm in ("plain", "start_reference")}
    assert {arm: data["from_base"] for arm, data in arms.items()} == {
        "plain": True,
        "start_reference": False,
    }


def test_a_heat_map_is_drawn_with_its_numbers():
    tiles = [
        {"label": "a|b", "column": "known", "worse": 0, "size": 1, "said": ["+1", "[0, 2]"]},
        {"label": "c", "column": "known", "worse": 1, "size": 0.2, "said": ["−0.2"]},
    ]
    svg = charts.still(charts.tiles(), tiles, "a map")
    assert "[0, 2]" in svg and "−0.2" in svg and "var(--uncovered)" in svg


def test_a_half_on_an_axis_is_no_five_hundred_thousandths():
    rows = [{"label": "a", "value": 0.6, "text": "0.6", "told": "a"}]
    svg = charts.still(charts.bars("mean weight"), rows, "bars")
    assert ">0.5<" in svg and not re.search(r">\d+m<", svg)
    rows = [{"label": "a", "value": 1500, "text": "1,500", "told": "a"}]
    assert ">1.5k<" in charts.still(charts.bars("documents"), rows, "bars")


def test_the_glossary_is_that_of_the_notebooks():
    words_told = dict(reference.glossary())
    assert "the base, trained further" in words_told["<strong>reference model</strong> (RM)"]
    assert any("<math" in meaning for meaning in words_told.values())
