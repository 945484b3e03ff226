"""Numbers in README.md, results/README.md and the committed reports are those of the tables."""

import re
import shutil
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from results_made_up import all_tables, record

from mucpt_utils import paths
from mucpt_utils.analysis import costs, verdicts
from mucpt_utils.analysis.effects import PAPER_ARM, Effect
from mucpt_utils.analysis.verdicts import UNDECIDED
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT
from mucpt_utils.report import (
    answer,
    cells,
    dose_statements,
    measures,
    statement_tables,
    statements,
    table_files,
)
from mucpt_utils.report.candidates import CANDIDATES
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.numbers import plain_number, signed
from mucpt_utils.report.profiles import Finished, every_profile, read_finished
from mucpt_utils.report.statements import BEGIN, END

INTERVAL = re.compile(r"\[[+−-]?\d*\.\d+, ?[+−-]?\d*\.\d+\]")


# --- what is committed ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def blocks():
    """What the committed tables give for each file."""
    return statements.blocks(statements.read_results(paths.RESULTS))


@pytest.mark.parametrize("name", ["README.md", "results/README.md"])
def test_the_committed_block_is_what_the_committed_tables_give(name, blocks):
    path = paths.ROOT / name
    text = statements.with_block(path, blocks[path])
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


@pytest.fixture(scope="module")
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
            assert cells.interval(effect.value, effect.low, effect.high) in sentence
    assert sentence.index("nats per token") < sentence.index("accuracy")
    points = [line for line in sentence.splitlines() if line.startswith("- ")]
    assert [point.split("**")[1] for point in points] == ["The paper's arm", "Forgetting"]
    assert sum("the log-likelihood of answers after" in point for point in points) == 1


def test_the_headline_begins_with_room_and_simple_baselines(made):
    tables = made["laptop"].tables
    rows = tables["differences"]
    more = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    added = [more.assign(arm="oracle_sites"), more.assign(arm="plain_compute")]
    added.append(more.assign(compared_to="plain_compute"))
    less = more.assign(arm="oracle_sites", compared_to="plain_compute")
    added.append(less.assign(difference=0.125, ci_low=0.0625, ci_high=0.1875))
    richer = {**tables, "differences": pd.concat([rows, *added], ignore_index=True)}
    sentence = statements.headline({"laptop": finished(made["laptop"].run, richer)})
    points = [line.split("**")[1] for line in sentence.splitlines() if line.startswith("- ")]
    order = ["Room", "More tokens", "The paper's arm", "The best", "Forgetting"]
    assert points == order
    known = more[(more["stratum"] == "covered") & (more["metric"] == "log_likelihood")].iloc[0]
    number = cells.interval(known.difference, known.ci_low, known.ci_high)
    assert all(number in line for line in sentence.splitlines()[2:5])
    left = "; the best ceiling minus that is +0.12 [+0.06, +0.19] and +0.12 [+0.06, +0.19]."
    assert sentence.splitlines()[3].endswith(left)
    assert "mixed at equal tokens, mixed at equal compute (" + number in sentence


def test_a_method_that_forgets_more_than_plain_is_named(made):
    rows = made["laptop"].tables["differences"].copy()
    where = (rows["arm"] == "soft_dynamic") & (rows["compared_to"] == "plain")
    where &= (rows["stratum"] == "general") & (rows["metric"] == "log_likelihood")
    assert where.sum() == 1
    rows.loc[where, ["difference", "ci_low", "ci_high"]] = [-0.3, -0.4, -0.2]
    rows.loc[where, "verdict"] = "undecided"  # by the correction over the methods
    assert "lose more" not in statements.forgotten({"differences": rows})
    rows.loc[where, "verdict"] = "worse"
    told = statements.forgotten({"differences": rows})
    assert f"lose more than plain: “{arm_title('soft_dynamic')}” −0.30 [−0.40, −0.20]." in told
    base = (rows["arm"] == "base") & (rows["stratum"] == "general")
    rows.loc[base, ["ci_low", "ci_high"]] = [-0.1, 0.1]
    assert statements.forgotten({"differences": rows}) == ""


def test_a_pretrained_model_has_a_sentence_of_its_own(made):
    run = {**made["laptop"].run, "settings": {"pretrained": {"name": "package:smollm2-135m"}}}
    real = finished(run, made["laptop"].tables)
    sentence = statements.headline({**made, "real": real})
    assert "in profile `real` (pretrained `package:smollm2-135m`, " in sentence
    assert sentence.count("mixed at equal tokens.") == 2
    without = finished(run, {})
    assert statements.headline({**made, "real": without}) == statements.headline(made)


def test_an_interval_without_zero_is_bold():
    effect = Effect("", 0.31, 0.17, 0.46)
    assert cells.effect_cell(effect) == "**+0.31 [+0.17, +0.46]**"
    assert cells.effect_cell(effect._replace(low=-0.17)) == "+0.31 [−0.17, +0.46]"


@pytest.fixture(scope="module")
def whole(made):
    """Every statement about the made-up results."""
    return statements.all_statements(made)


@pytest.mark.parametrize("missing", ["laptop", "surface", "prose"])
def test_a_missing_profile_gives_no_line(made, whole, missing):
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
        assert cells.interval(row.difference, row.ci_low, row.ci_high) in text
    assert "| **mixed** | – |" in text, "the verdict; no cost was counted"
    assert {f"| {detected} |" in text for detected in detected_by(rows)} == {True}


def detected_by(rows):
    """The minimum detectable effects of the log-likelihood, known facts first."""
    mde = rows[rows["metric"] == "log_likelihood"].set_index("stratum")["mde"]
    return [", ".join(plain_number(mde[kind]) for kind in measures.KINDS)]


def test_the_verdict_in_bold_is_the_one_that_an_arm_is_judged_by(made):
    rows = made["laptop"].tables["differences"]
    plain = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    both = pd.concat([plain, plain.assign(compared_to="plain_compute")])
    for cost, judged_by in ((1.1, "plain"), (2.6, "plain_compute")):
        table = pd.DataFrame({"arm": ["selection_soft"], "relative_to_plain": [cost]})
        tables = {
            "differences": both,
            "costs": table,
            "verdicts": verdicts.verdicts(both, table),
        }
        for other in ("plain", "plain_compute"):
            told = cells.compared_cells(tables, "selection_soft", other)
            verdict = "**mixed**" if other == judged_by else "mixed"
            assert told[-2:] == [verdict, f"{cost:.2f}"]


def test_the_sentence_ends_with_the_verdict(made):
    assert "facts that it does not know: mixed at equal tokens." in statements.headline(made)


def test_what_selection_keeps_and_what_the_pipeline_leaves_are_told():
    kept = pd.DataFrame(
        [("selection", "known subject, true facts only", 0.97, 0.96, 0.98)],
        columns=["arm", "documents", "share_kept", "ci_low", "ci_high"],
    )
    left = pd.DataFrame({"kind": ["other", "noise"], "tokens": [9, 1], "share": [0.9, 0.0635]})
    results = {"a": finished({}, {"selection_kinds": kept, "kinds_left": left}), "b": None}
    results["b"] = finished({}, {})
    row = statement_tables.selection(results).splitlines()[2]
    assert row == "| `a` | `selection` | 0.97 [0.96, 0.98] | – | – | – | – | – |"
    head, _, row = statement_tables.left_by_the_pipeline(results).splitlines()
    cells = dict(zip(head.strip("| ").split(" | "), row.strip("| ").split(" | "), strict=True))
    assert cells["noise"] == "6.35 %"
    # these labels stay on placeholders and on characters that cleaning has repaired
    assert cells["personal data, masked"] == cells["broken characters, repaired"] == "0.00 %"
    assert statement_tables.selection({"b": results["b"]}) == ""


def test_two_runs_must_differ_by_more_than_x_in_every_measure(made):
    table = made["laptop"].tables["repeatability"]
    text = statement_tables.repeatability(made)
    bits = table[(table["stratum"] == "music") & (table["metric"] == "bits_per_byte")]
    assert f"| `laptop` | music text | – | – | {bits['must_differ_by'].iloc[0]:.3f} |" in text


def test_where_there_are_two_seeds_each_is_told_by_itself(made):
    tables = made["laptop"].tables
    runs = tables["runs"].query("axis == 'main' and metric == 'log_likelihood'")
    value = runs.set_index(["arm", "stratum", "seed"])["value"]
    two = finished(made["laptop"].run, {**tables, "runs": tables["runs"].query("seed < 2")})
    text = statement_tables.seed_by_seed({"laptop": two})
    cells = [
        " and ".join(
            signed(value["selection_soft", kind, seed] - value["plain", kind, seed])
            for seed in (0, 1)
        )
        for kind in measures.KINDS
    ]
    assert f"| `laptop` | `selection_soft` | `plain` | {' | '.join(cells)} |" in text
    assert "| `plain` | `plain` |" not in text
    more = tables["runs"].query("seed == 0").assign(seed=7)
    more = pd.concat([two.tables["runs"], more])
    three = finished(made["laptop"].run, {**tables, "runs": more})
    assert statement_tables.seed_by_seed({"laptop": three}) == ""
    assert statement_tables.seed_by_seed({"laptop": finished(two.run, {})}) == ""


def test_what_is_forgotten_is_told_for_every_arm(made):
    text = statement_tables.forgetting(made)
    assert "| `plain` | `base` |" in text and "| `selection_soft` | `plain` |" in text


def test_what_is_pooled_stands_apart_from_the_profiles(made):
    table = made["laptop"].tables["differences"].assign(pooled="yes", profiles="a, b")
    whole = {**made, "pooled": finished({}, {"pooled": table})}
    text = statement_tables.over_profiles(whole)
    assert "| `soft_dynamic` | `plain` |" in text and "| 2 | a, b |" in text
    assert "| `soft_dynamic` | `plain_compute` |" not in text
    compute = table[table["compared_to"] == "plain"].assign(compared_to="plain_compute")
    whole["pooled"] = finished({}, {"pooled": pd.concat([table, compute])})
    assert "| `soft_dynamic` | `plain_compute` |" in statement_tables.over_profiles(whole)
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


def by_level(axis, doses, gain):
    """Rows of `arms_by_level.csv` for one arm: what it gains at each dose, half-width .05."""
    rows = [
        {
            **{"axis": axis, "level": dose, "arm": "sites_tagger", "compared_to": "plain"},
            **{"stratum": kind, "metric": metric, "difference": gain(dose)},
            **{"ci_low": gain(dose) - 0.05, "ci_high": gain(dose) + 0.05, "p_value": 0.001},
            **{"mde": 0.07, "verdict": "better", "seeds": 2, "n": 40},
        }
        for dose in doses
        for kind in measures.KINDS
        for metric in measures.MEASURES
    ]
    return pd.DataFrame(rows)


COSTS = pd.DataFrame(
    [("plain", 200, 0, 200.0, 1.0), ("sites_tagger", 200, 150, 650.0, 3.25)],
    columns=["arm", "trained_tokens", "reference_tokens", "flops", "relative_to_plain"],
)


def test_what_an_arm_gains_is_told_dose_by_dose_with_its_cost():
    grows = by_level("bad_sites", ["0", "0.6"], lambda dose: 0.1 + 0.5 * float(dose))
    level = by_level("reference_tokens", ["25", "default"], lambda dose: 0.3)
    run = {"settings": {"reference_training": {"tokens": 150}}}
    tables = {"arms_by_level": pd.concat([grows, level]), "costs": COSTS}
    text = dose_statements.gains_by_dose({"doses": finished(run, tables), "a": finished({}, {})})
    rows, changes = text.split("\n\n")
    assert rows.count("\n") == 1 + 4
    at_most = next(line for line in rows.splitlines() if "| 0.6 | `sites_tagger` |" in line)
    assert "| **+0.40 [+0.35, +0.45]** |" in at_most and at_most.endswith("| better | 3.25 |")
    # a reference model of 25 tokens instead of 150 saves 125 of plain's 200
    assert any("| 25 | " in line and line.endswith("| 2.62 |") for line in rows.splitlines())
    assert any("| 150 | " in line and line.endswith("| 3.25 |") for line in rows.splitlines())
    assert [line.split(" | ")[-1] for line in changes.splitlines()[2:]] == [
        *("grows |", "grows |", "not shown |", "not shown |")
    ]
    assert dose_statements.gains_by_dose({"a": finished({}, {})}) == ""


def test_a_level_that_is_no_number_is_no_dose():
    rows = by_level("x", ["as crawled", "0.3"], lambda dose: 0.1)
    assert dose_statements.change_of_gain(rows, "sites_tagger") == []
    assert pd.isna(costs.cost_with(COSTS, "plain", 25)), "it has no reference model"
    assert pd.isna(costs.cost_with(None, "sites_tagger", 25))


def test_surface_and_prose_have_their_tables(made):
    surface = statement_tables.soft_by_coverage(made)
    assert "| 0.3 | as trained | `soft_dynamic` | known facts |" in surface
    assert "| music | plain continued pretraining | 2.250 [2.150, 2.350] |" in (
        statement_tables.prose_bits(made)
    )


@pytest.mark.parametrize(
    ("price", "told"),
    [(1.3, "another corpus, base and seeds"), (1.35, "plain has 1.35 times its own compute")],
)
def test_a_candidate_is_told_with_the_price_of_what_it_is_compared_with(made, price, told):
    tables = made["laptop"].tables
    rows = tables["differences"]
    mine = rows[(rows["arm"] == "selection_soft") & (rows["compared_to"] == "plain")]
    mine = mine.assign(arm="tagger_window_start")
    added = [mine.assign(compared_to=other) for other in ("plain_compute", "rho1")]
    bills = [{"arm": "tagger_window_start", "relative_to_plain": 1.3}]
    bills.append({"arm": "plain_compute", "relative_to_plain": price})
    richer = {**tables, "differences": pd.concat([rows, *added], ignore_index=True)}
    richer["costs"] = pd.DataFrame(bills)
    run = finished({**made["laptop"].run, "profile": "breadth"}, richer)
    candidate = CANDIDATES["breadth"]
    (row,) = statements.candidate_row(run, candidate)
    assert "1.3 times plain's compute" in row[1]
    assert candidate.fresh in row[2] and row[2].endswith(told)
    assert all(cell.startswith("known facts ") and "<br>unknown facts " in cell for cell in row[3:])
    assert " | ".join(row) in statements.candidates({"breadth": run})
    for missing, left in {"rho1": [(*row[:4], "–")], "plain_compute": []}.items():
        others = richer["differences"]["compared_to"] != missing
        unasked = finished(run.run, richer | {"differences": richer["differences"][others]})
        assert statements.candidate_row(unasked, candidate) == left
    assert statements.candidates({}) == ""
    again = finished({**run.run, "profile": "again"}, richer)
    twice = statements.candidates({"breadth": run, "again": again})
    assert twice.count(candidate.fresh) == twice.count(statements.AGAIN) == 1


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkout of two pages and the results of `laptop`, whose blocks are as they should be."""
    root = tmp_path_factory.mktemp("written")
    tables = root / "results" / "laptop" / "tables"
    for name in ("main_comparison", "differences"):
        table_files.write_table(all_tables()[name], tables, name)
    shutil.copy(paths.committed("laptop") / "run.json", tables.parent)
    for path in (root / "README.md", root / "results" / "README.md"):
        path.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "ROOT", root)
        patch.setattr(paths, "RESULTS", root / "results")
        assert statements.main(["--write"]) == OK
    return root


@pytest.fixture
def checkout(written, tmp_path, monkeypatch):
    """A copy of it, which a test may change."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
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
