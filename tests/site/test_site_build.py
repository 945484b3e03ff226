"""The built site: links, weight, words, and what it says of results that lack something."""

import re
import shutil
import subprocess
import sys

import lxml.html
import pandas as pd
import pytest
from built_site import built

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report import words
from mucpt_utils.report.figures.conclusions import capital
from mucpt_utils.report.measures import COSTS, KINDS
from mucpt_utils.report.profiles import tolerant_table
from mucpt_utils.site import (
    answer,
    build,
    charts,
    command,
    gathered,
    links,
    pages,
    plain,
    reference,
)

# bytes of what all pages load, without lessons, report and files; a profile adds up to .2 MB
HEAVIEST = 3_900_000
FILES = ("lessons", "report.html", "tables", "figures", "run.json")
FILES += ("all_profiles.csv.gz", "all_profiles.parquet")
CODE_NAMES = [name for name in ARMS if "_" in name]


@pytest.fixture(scope="module")
def laptop():
    return gathered.read_finished(paths.committed("laptop"))


def text_of(page, *left_out):
    """What a page says, without the parts named (XPath)."""
    root = lxml.html.parse(str(page)).getroot().find("body")
    for xpath in (".//script", ".//style", *left_out):
        for node in root.xpath(xpath):
            node.drop_tree()
    return " ".join(root.text_content().split())


def test_no_link_is_dead_and_nothing_comes_from_afar():
    assert links.dead_links(built()) == []
    assert links.loaded_from_afar(built()) == []


@pytest.mark.parametrize(
    "html, wrong",
    [
        ('<a href="nowhere.html">x</a>', "nowhere.html"),
        ('<a href="#nothing">x</a>', "#nothing"),
        ('<img src="lost.png" alt="">', "lost.png"),
    ],
)
def test_a_dead_link_is_told(tmp_path, html, wrong):
    (tmp_path / "page.html").write_text(f"<p id='there'>{html}<a href='#there'>y</a></p>")
    assert links.dead_links(tmp_path) == [f"page.html: {wrong}"]


def test_a_script_from_afar_is_told(tmp_path):
    (tmp_path / "page.html").write_text('<script src="https://example.org/a.js"></script>')
    assert len(links.loaded_from_afar(tmp_path)) == 1


def test_the_pages_are_light():
    site = built()
    heavy = {site / name for name in FILES}
    every = [path for path in site.rglob("*") if path.is_file()]
    loaded = [path for path in every if not heavy & {path, *path.parents}]
    assert sum(path.stat().st_size for path in loaded) < HEAVIEST


def test_large_tables_are_packed_and_hold_the_same(laptop):
    for path in (*(built() / "tables").iterdir(), *built().glob("all_profiles.*")):
        assert path.suffix != ".csv" or path.stat().st_size <= build.LARGE, path
    (packed,) = (built() / "tables").glob("answers.csv.gz")
    read = pd.read_csv(packed, dtype=str, keep_default_na=False)
    assert len(read) == len(laptop.tables["answers"])
    assert 'href="tables/answers.csv.gz"' in (built() / "tables.html").read_text()


def test_the_answer_is_worded_by_the_report(laptop):
    said = text_of(built() / "index.html")
    sentence = words.effect_sentence(laptop.tables, PAPER_ARM)
    assert capital(sentence) in said
    assert answer.short_answer(laptop) in said and answer.QUESTION in said
    assert laptop.scale in said and laptop.commit in said


def test_every_arm_of_the_first_figure_has_its_interval_and_n(laptop):
    figure = answer.forest_figure(laptop)
    table = laptop.tables["differences"].set_index(["arm", "compared_to", "stratum", "metric"])
    assert answer.PAPER_ARM in {row["arm"] for row in figure.rows}
    assert len({row["arm"] for row in figure.rows}) <= answer.MOST_ARMS
    for row in figure.rows:
        kind = list(KINDS)[row["kind"]]
        (other,) = (other for other, title in COSTS.items() if title == row["panel"])
        numbers = table.loc[row["arm"], other, kind, "log_likelihood"]
        assert (row["value"], row["low"], row["high"], row["n"]) == tuple(
            numbers[["difference", "ci_low", "ci_high", "n"]]
        )


@pytest.mark.parametrize(
    "page", ["index", "explore", "weights", "dropped", "questions", "profiles"]
)
def test_no_name_of_the_code_stands_in_a_page_without_words(page):
    said = text_of(built() / f"{page}.html", ".//pre", ".//code")
    said = re.sub(r"\w+\.(csv|parquet|yaml)", "", said)
    assert [name for name in CODE_NAMES if re.search(rf"\b{name}\b", said)] == []


@pytest.mark.parametrize("page", ["index.html", "dropped.html", "scores.html"])
def test_a_drawn_figure_has_title_reading_and_origin(page):
    root = lxml.html.parse(str(built() / page)).getroot()
    for figure in root.iter("figure"):
        assert figure.xpath("string(.//*[contains(@class, 'title')])").strip()
        caption = figure.xpath("string(./figcaption)")
        assert "n = " in caption and "CSV" in caption
        for svg in figure.iter("svg"):
            assert svg.get("role") == "img" and svg.get("aria-label")


def test_lessons_have_folded_code_described_pictures_and_set_formulas():
    lesson = built() / "lessons" / "04_reference_model_scores.html"
    root = lxml.html.parse(str(lesson)).getroot()
    assert len(root.xpath("//details[@class='code']")) > 10
    assert root.xpath("//math") and "$" not in text_of(lesson, ".//pre", ".//code", ".//details")
    assert all(image.get("alt") for image in root.iter("img"))


def test_one_table_holds_every_committed_profile(laptop):
    frame = pd.read_parquet(built() / "all_profiles.parquet")
    everything = gathered.all_finished(laptop)
    assert set(frame["profile"]) == set(everything)
    for name, finished in everything.items():
        one = frame[(frame["profile"] == name) & (frame["table"] == "differences")]
        assert len(one) == len(finished.tables.get("differences", ()))
    assert list(frame)[:4] == ["profile", "commit", "table", "arm"]


# --- results that lack something ------------------------------------------------------------------


@pytest.fixture(scope="module")
def poor(tmp_path_factory):
    """A results folder with its record and one small table."""
    folder = tmp_path_factory.mktemp("results") / "poor"
    (folder / "tables").mkdir(parents=True)
    shutil.copy(paths.committed("laptop") / "run.json", folder)
    shutil.copy(paths.committed("laptop") / "tables" / "sources.csv", folder / "tables")
    return folder


def test_what_a_profile_lacks_is_said(poor, tmp_path):
    site = build.write_site(poor, tmp_path / "site")
    assert links.dead_links(site) == []
    assert "compares no ways of training" in text_of(site / "index.html")
    assert "kept no answers" in text_of(site / "questions.html")
    assert "kept no count of documents" in text_of(site / "dropped.html")
    assert "kept none; from profile laptop" in text_of(site / "weights.html")
    assert "has no report" in text_of(site / "reference.html")


def test_no_results_are_told_in_one_line(tmp_path, capsys):
    assert command.main(["--results", str(tmp_path), "--out", str(tmp_path / "site")]) == 2
    assert "run.json is missing" in capsys.readouterr().err


def test_a_folder_with_something_else_is_left_alone(poor, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("x")
    assert command.main(["--results", str(poor), "--out", str(tmp_path)]) == 2
    assert "something else" in capsys.readouterr().err and (tmp_path / "mine.txt").exists()


@pytest.mark.parametrize("place", ["mine.txt", "mine.txt/site"])
def test_a_place_that_cannot_be_a_folder_gives_one_line(poor, tmp_path, capsys, place):
    (tmp_path / "mine.txt").write_text("x")
    assert command.main(["--results", str(poor), "--out", str(tmp_path / place)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"site: {tmp_path / place} ")


def test_an_unknown_profile_is_told(capsys):
    assert command.main(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err
    assert command.main(["evidense"]) == 2 and "'evidence'" in capsys.readouterr().err


def test_wrong_arguments_are_answered_before_the_pages_are_imported():
    code = "import sys; from mucpt_utils.site import command; "
    code += "print(*{'pandas', 'altair', 'torch', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_columns_that_the_dictionary_does_not_know_are_read(tmp_path):
    (tmp_path / "differences.csv").write_text(
        "arm,difference,flops,note\nplain,0.5,1e12,\nbase,,2e12,x\n"
    )
    frame = tolerant_table(tmp_path / "differences.csv")
    assert frame["flops"].tolist() == [1e12, 2e12] and frame["note"].tolist() == ["", "x"]


# --- small parts ----------------------------------------------------------------------------------


def test_labels_break_between_words():
    assert plain.broken("selection and soft weights", 14) == "selection and|soft weights"


def test_colours_are_lighter_on_dark():
    sheet = charts.arm_colours(["plain", "rho1"])
    assert "--arm-plain: #1a1a1a" in sheet and charts.lighter("#000000", 0.5) == "#808080"


def test_the_report_leads_only_to_what_is_there(tmp_path):
    results = paths.committed("laptop")
    assert pages.brought(results, tmp_path, "tables/differences.csv") == "tables/differences.csv"
    assert (tmp_path / "tables" / "differences.csv").is_file()
    assert pages.brought(results, tmp_path, "executed/04_reference_model_scores.ipynb") is None
    assert pages.brought(results, tmp_path, "../../README.md") is None
    assert pages.brought(results, tmp_path, "#claims") == "#claims"
    build.put_file(tmp_path / "tables" / "answers.csv", b"x" * (build.LARGE + 1))
    assert pages.brought(results, tmp_path, "tables/answers.csv") == "tables/answers.csv.gz"


def test_the_citation_names_the_study():
    assert reference.citation().startswith("@software{") and "MuCPT" in reference.citation()
