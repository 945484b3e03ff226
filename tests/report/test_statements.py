"""Numbers in README.md, results/README.md and the committed reports are those of the tables."""

import re
import shutil
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from results_made_up import all_tables, record

from mucpt_utils import paths
from mucpt_utils.analysis.effects import PAPER_ARM, Effect
from mucpt_utils.analysis.verdicts import UNDECIDED
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT
from mucpt_utils.io import write_json
from mucpt_utils.report import (
    answer,
    measures,
    pooled,
    statement_tables,
    statements,
    table_files,
)
from mucpt_utils.report.numbers import signed
from mucpt_utils.report.profiles import Finished, every_profile, read_finished
from mucpt_utils.report.statements import BEGIN, END

COMMITTED = statements.read_results(paths.RESULTS)
INTERVAL = re.compile(r"\[[+−-]?\d*\.\d+, ?[+−-]?\d*\.\d+\]")


# --- what is committed ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "results/README.md"])
def test_the_committed_block_is_what_the_committed_tables_give(name):
    path = paths.ROOT / name
    text = statements.with_block(path, statements.blocks(COMMITTED)[path])
    assert text == path.read_text(encoding="utf-8"), "python -m mucpt_utils statements --write"


@pytest.mark.parametrize("name", ["README.md", "results/README.md"])
def test_no_measured_interval_stands_outside_the_block(name):
    text = (paths.ROOT / name).read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    assert INTERVAL.search(rest.partition(END)[0])
    assert not INTERVAL.search(before + rest.partition(END)[2])


def reports():
    """Profiles with a committed report."""
    return [path.parent.name for path in sorted(paths.RESULTS.glob("*/report.html"))]


def abstract_of(html):
    """The text of a report's abstract."""
    section = html.partition('id="abstract"')[2].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", "", section.partition(">")[2])).split())


@pytest.mark.parametrize("profile", reports())
def test_the_abstract_of_a_committed_report_is_what_its_tables_give(profile):
    folder = paths.RESULTS / profile
    committed = abstract_of((folder / "report.html").read_text(encoding="utf-8"))
    finished = read_finished(folder)
    told = answer.abstract(finished.judged, finished.run, every_profile(finished, ["differences"]))
    assert committed == " ".join(" ".join(told).split())


# --- the machine ----------------------------------------------------------------------------------


def finished(run, tables):
    """A run with its tables; no folder of theirs is looked at."""
    return Finished(Path(run.get("profile", "pooled")), run, tables)


@pytest.fixture
def made():
    """Made-up results of profile `laptop`, with a surface and prose beside it."""
    tables = all_tables()
    run = {**record(), "profile": "laptop"}
    prose = pd.DataFrame(
        [("plain", "music", 2.25, 2.15, 2.35)],
        columns=["arm", "stratum", "mean", "ci_low", "ci_high"],
    )
    return {
        "laptop": finished(run, tables),
        "surface": finished(run, {"reference_surface": tables["reference_surface"]}),
        "prose": finished(run, {"bits_per_byte": prose}),
    }


def test_the_headline_gives_both_kinds_of_facts_with_intervals_and_scale(made):
    sentence = statements.headline(made)
    assert made["laptop"].scale in sentence
    for kind in ("covered", "uncovered"):
        for metric in ("log_likelihood", "accuracy"):
            effect = measures.difference_of(made["laptop"].tables, PAPER_ARM, "plain", kind, metric)
            assert statement_tables.interval(effect.value, effect.low, effect.high) in sentence
    assert sentence.index("nats per token") < sentence.index("accuracy")
    assert sentence.count(". ") == 1  # one sentence, and the link


def test_a_pretrained_model_has_a_sentence_of_its_own(made):
    run = {**made["laptop"].run, "settings": {"pretrained": {"name": "package:smollm2-135m"}}}
    real = finished(run, made["laptop"].tables)
    sentence = statements.headline({**made, "real": real})
    assert "In profile `real` (pretrained `package:smollm2-135m`, " in sentence
    assert sentence.count("mixed at equal tokens.") == 2
    without = finished(run, {})
    assert statements.headline({**made, "real": without}) == statements.headline(made)


def test_an_interval_without_zero_is_bold():
    effect = Effect("", 0.31, 0.17, 0.46)
    assert statement_tables.effect_cell(effect) == "**+0.31 [+0.17, +0.46]**"
    assert statement_tables.effect_cell(effect._replace(low=-0.17)) == "+0.31 [−0.17, +0.46]"


@pytest.mark.parametrize("missing", ["laptop", "surface", "prose"])
def test_a_missing_profile_gives_no_line(made, missing):
    whole = statements.all_statements(made)
    text = statements.all_statements({k: v for k, v in made.items() if k != missing})
    assert len(text) < len(whole)
    assert f"`{missing}`" in whole and f"`{missing}`" not in text


def test_without_results_nothing_is_said():
    assert statements.headline({}) == "" and statements.all_statements({}) == ""


def test_every_row_of_a_comparison_is_from_the_table(made):
    text = statement_tables.by_role("method", "plain")(made)
    assert text.count("\n") == 1 + 2, "the two methods that were trained"
    rows = made["laptop"].tables["differences"]
    rows = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    rows = rows[rows["stratum"].isin(measures.KINDS) & rows["metric"].isin(measures.MEASURES)]
    assert len(rows) == 4
    for row in rows.itertuples():
        assert statement_tables.interval(row.difference, row.ci_low, row.ci_high) in text
    assert "| mixed | – |" in text, "the verdict; no cost was counted"


def test_the_sentence_ends_with_the_verdict(made):
    assert "intervals: mixed at equal tokens." in statements.headline(made)


def test_what_is_forgotten_is_told_for_every_arm(made):
    text = statement_tables.forgetting(made)
    assert "| `plain` | `base` |" in text and "| `selection_soft` | `plain` |" in text


def test_what_is_pooled_stands_apart_from_the_profiles(made):
    table = made["laptop"].tables["differences"].assign(pooled="yes", profiles="a, b")
    whole = {**made, "pooled": finished({}, {"pooled": table})}
    text = statement_tables.over_profiles(whole)
    assert "| `soft_dynamic` | `plain` |" in text and "| 2 | a, b |" in text
    assert statement_tables.scales(whole) == statement_tables.scales(made)


def test_runs_made_twice_are_told_with_what_moved(made):
    table = made["laptop"].tables["differences"].assign(profile="laptop", again="other")
    twice = table.assign(difference_again=table["difference"] - 0.1, verdict_again=UNDECIDED)
    twice = twice.assign(moved=-0.1)
    whole = {**made, "pooled": finished({}, {"repeats": twice})}
    text = statement_tables.made_twice(whole)
    row = measures.difference_of(
        made["laptop"].tables, "selection_soft", "plain", "covered", "log_likelihood"
    )
    once, again = signed(row.value), signed(row.value - 0.1)
    assert f"| `selection_soft` | `plain` | **{once}** → {again} |" in text
    assert "| 0.10 | 0.10 | 0.20 |" in text and "| 0 of " in text
    assert statement_tables.made_twice(made) == ""


def test_a_profile_made_twice_is_the_one_that_comes_later(tmp_path):
    settings = {"seeds": [1], "name": "x"}
    runs = {"evidence": settings, "crosscheck": settings | {"name": "y"}, "laptop": {"seeds": [2]}}
    for name, own in runs.items():
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / "run.json", {"settings": own})
    assert pooled.made_twice(runs, tmp_path) == {"crosscheck": "evidence"}


def test_surface_and_prose_have_their_tables(made):
    surface = statement_tables.soft_by_coverage(made)
    assert "| 0.3 | as trained | `soft_dynamic` | known facts |" in surface
    assert "| music | plain continued pretraining | 2.250 [2.150, 2.350] |" in (
        statement_tables.prose_bits(made)
    )


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of two pages and the results of `laptop`, whose blocks are as they should be."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    tables = tmp_path / "results" / "laptop" / "tables"
    for name in ("main_comparison", "differences"):
        table_files.write_table(all_tables()[name], tables, name)
    shutil.copy(paths.PACKAGE.parent / "results" / "laptop" / "run.json", tables.parent)
    for path in (tmp_path / "README.md", tmp_path / "results" / "README.md"):
        path.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    assert statements.main(["--write"]) == OK
    return tmp_path


def test_blocks_are_written_and_the_rest_of_a_page_stays(checkout, capsys):
    assert statements.main([]) == OK
    assert "README.md: as the tables say" in capsys.readouterr().out
    text = (checkout / "README.md").read_text()
    assert text.startswith(f"before\n{BEGIN}\nIn profile `laptop`")
    assert text.endswith(f"\n{END}\nafter\n")


def test_a_changed_table_is_noticed(checkout, capsys):
    tables = checkout / "results" / "laptop" / "tables"
    frame = table_files.read_table(tables, "differences")
    frame["difference"] += 0.05
    table_files.write_table(frame, tables, "differences")
    assert statements.main([]) == FOUND
    assert "results/README.md: differs from the tables" in capsys.readouterr().out


def test_a_changed_number_in_the_page_is_noticed(checkout):
    page = checkout / "README.md"
    number = INTERVAL.search(page.read_text()).group()
    page.write_text(page.read_text().replace(number, "[+0.90, +0.99]"))
    assert statements.main([]) == FOUND


@pytest.mark.parametrize("text", ["no block", f"{BEGIN} {BEGIN} {END}", f"{END} {BEGIN}"])
def test_a_page_without_one_block_is_refused_in_one_line(checkout, capsys, text):
    (checkout / "README.md").write_text(text)
    assert statements.main([]) == WRONG_INPUT
    error = capsys.readouterr().err
    assert "README.md: one block from" in error and error.count("\n") == 1
