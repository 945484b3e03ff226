import csv

import numpy as np
import pandas as pd
import pytest
from results_made_up import FUNNEL, GENERAL, QUESTIONS, all_tables, rows, run, runs, surface_runs

from mucpt_utils.analysis import tables
from mucpt_utils.config.axes import Axis, Level
from mucpt_utils.config.settings import load_profile


@pytest.fixture(scope="module")
def frames():
    return all_tables()


@pytest.fixture(scope="module")
def measured():
    return tables.items(runs())


def value(frame, column, **where):
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    assert len(frame) == 1, where
    return frame[column].iloc[0]


def test_every_table_has_the_columns_of_its_contract(frames):
    for name, frame in frames.items():
        assert tuple(frame.columns) == tables.COLUMNS[name], name


def test_a_question_counts_in_each_of_its_strata_and_in_no_other(measured):
    final = tables.final_items(measured)
    one = final[(final["arm"] == "plain") & (final["seed"] == 0) & (final["axis"] == "main")]
    counts = one[one["metric"] == "accuracy"].groupby("stratum")["item"].nunique()
    assert counts["all"] == QUESTIONS
    assert counts["covered"] + counts["uncovered"] == QUESTIONS
    assert counts["popular"] + counts["less_popular"] == QUESTIONS
    assert counts["general"] == GENERAL


def test_coverage_is_that_of_the_seed(measured):
    def covered(seed):
        chosen = (measured["seed"] == seed) & (measured["stratum"] == "covered")
        return set(measured[chosen]["item"])

    assert covered(0) == {f"m:{i}" for i in range(0, QUESTIONS, 2)}
    assert covered(0).isdisjoint(covered(1))


def test_runs_hold_the_end_of_each_run(frames):
    where = {"arm": "soft_dynamic", "seed": 1, "axis": "main", "metric": "accuracy"}
    found = frames["runs"]
    assert value(found, "value", stratum="covered", **where) == pytest.approx(0.9)
    assert value(found, "value", stratum="uncovered", **where) == pytest.approx(0.2)
    assert value(found, "n", stratum="all", **where) == QUESTIONS
    assert value(found, "tokens", stratum="all", **where) == 200
    assert value(found, "value", **{**where, "metric": "bits_per_byte"}, stratum="music") == 1.01


def test_learning_curves_hold_every_point_and_the_base_at_zero(frames):
    curves = frames["learning_curves"]
    chosen = curves[(curves["stratum"] == "covered") & (curves["metric"] == "accuracy")]
    plain = chosen[(chosen["arm"] == "plain") & (chosen["seed"] == 0)]
    assert dict(zip(plain["tokens"], plain["value"], strict=True)) == {100: 0.25, 200: 0.5}
    assert list(chosen[chosen["arm"] == "base"]["tokens"]) == [0, 0]


def test_tokens_to_plain_are_interpolated(frames):
    found = frames["runs"]
    where = {"metric": "tokens_to_plain", "seed": 0}
    # soft_dynamic passes (0, 0), (100, .45), (200, .9) on covered facts; plain ends at .5
    expected = 100 + (0.5 - 0.45) / 0.45 * 100
    assert value(found, "value", arm="soft_dynamic", stratum="covered", **where) == pytest.approx(
        expected
    )
    assert value(found, "value", arm="plain", stratum="covered", **where) == 200
    assert np.isnan(value(found, "value", arm="soft_dynamic", stratum="uncovered", **where))
    assert np.isnan(value(found, "value", arm="base", stratum="covered", **where))


def test_plain_that_learnt_nothing_is_no_goal():
    made = [run("base", 0), run("plain", 0, shift=-0.5)]
    measured = tables.items(made)
    assert tables.tokens_to_plain(measured)["value"].isna().all()


def test_a_mean_over_the_lucky_seeds_is_not_given():
    measured = tables.items(
        [run("plain", 0), run("plain", 1), run("rho1", 0), run("rho1", 1, shift=-0.4)]
    )
    main = tables.main_comparison(measured, tables.differences(measured))
    where = {"arm": "rho1", "stratum": "covered", "metric": "tokens_to_plain"}
    assert np.isnan(value(main, "mean", **where))
    assert value(main, "seeds", **where) == 1


def test_differences_are_paired_by_seed_and_question(frames, measured):
    found = frames["differences"]
    where = {"arm": "soft_dynamic", "compared_to": "plain", "stratum": "covered"}
    assert value(found, "difference", metric="accuracy", **where) == pytest.approx(0.4)
    assert value(found, "n", metric="accuracy", **where) == QUESTIONS  # 20 in each of 2 seeds
    # every question's likelihood differs by the same amount: paired, no spread is left
    where |= {"metric": "log_likelihood"}
    assert value(found, "ci_low", **where) == pytest.approx(value(found, "ci_high", **where))
    shuffled = tables.differences(measured.sample(frac=1, random_state=1))
    assert value(shuffled, "difference", **where) == pytest.approx(0.4)


def test_main_comparison_agrees_with_differences(frames):
    where = {"arm": "rho1", "stratum": "uncovered", "metric": "accuracy"}
    main, found = frames["main_comparison"], frames["differences"]
    assert value(main, "difference_to_plain", **where) == value(
        found, "difference", compared_to="plain", **where
    )
    assert value(main, "p_value", **where) == value(found, "p_value", compared_to="plain", **where)
    assert value(main, "ci_low", **where) <= 0.5 <= value(main, "ci_high", **where)
    plain = main[main["arm"] == "plain"]
    assert plain["difference_to_plain"].isna().all()


def test_two_values_of_one_sign_are_not_significant(frames):
    where = {"arm": "base", "compared_to": "plain", "stratum": "general"}
    assert value(frames["differences"], "p_value", metric="bits_per_byte", **where) == 0.5
    assert tables.sign_flip_p([1.0, 2.0, 3.0]) == 0.25
    assert tables.sign_flip_p([1.0, -1.0]) == 1.0


def test_composition_by_level_and_against_the_default_level(frames):
    where = {"axis": "metadata", "arm": "plain", "stratum": "all", "metric": "accuracy"}
    assert value(frames["composition"], "mean", level="absent", **where) == pytest.approx(0.2)
    found = frames["composition_differences"]
    assert value(found, "difference", level="absent", **where) == pytest.approx(-0.3)
    assert set(found["compared_to"]) == {"present"}
    assert "present" not in set(found["level"])


def test_the_surface_is_the_soft_arm_minus_plain_for_each_reference_model(frames):
    found = frames["reference_surface"]
    assert list(dict.fromkeys(zip(found["coverage"], found["confidence"], strict=True))) == [
        ("0.3", "as trained"),
        ("1", "calibrated"),
    ]
    where = {"arm": "soft_dynamic", "stratum": "all", "metric": "accuracy"}
    low = value(found, "difference", coverage="0.3", **where)
    assert value(found, "difference", coverage="1", **where) - low == pytest.approx(0.1)
    assert set(found["arm"]) == {"soft_dynamic"}, "plain is what it is compared with"


def test_the_profiles_own_coverage_is_told_as_a_number():
    measured = tables.items(surface_runs())
    measured["level"] = measured["level"].str.replace("0.3", tables.DEFAULT)
    assert set(tables.reference_surface(measured, 0.7)["coverage"]) == {"0.7", "1"}


def test_a_study_without_the_surface_has_an_empty_one(measured):
    assert tables.reference_surface(measured, 0.7).empty


def test_answers_hold_final_answers_and_shared_runs_once(frames):
    answers = frames["answers"]
    assert not answers.duplicated(["run", "question_id"]).any()
    names = set(answers["run"])
    assert {"plain/seed0", "metadata=absent/plain/seed1"} <= names
    assert "metadata=present/plain/seed0" not in names  # it is plain/seed0
    assert (answers.groupby("run").size() == QUESTIONS + GENERAL).all()


def test_rows_follow_the_order_of_arms_and_strata(frames):
    main = frames["main_comparison"]
    assert list(dict.fromkeys(main["arm"])) == [
        "base", "plain", "rho1", "soft_dynamic", "selection_soft",
    ]  # fmt: skip
    plain = main[main["arm"] == "plain"]
    assert list(dict.fromkeys(plain["stratum"])) == list(tables.STRATA)


def test_levels_keep_the_order_of_their_own_axis():
    made = [run("plain", 0, "wrong_facts", level) for level in ("0", "default", "0.4")]
    made += [run("plain", 0, "coverage", level) for level in ("0.3", "default", "0")]
    found = tables.composition(tables.items(made))
    levels = {axis: list(dict.fromkeys(part["level"])) for axis, part in found.groupby("axis")}
    assert levels == {"wrong_facts": ["0", "default", "0.4"], "coverage": ["0.3", "default", "0"]}


def test_a_missing_column_is_named():
    broken = rows("funnel", FUNNEL)
    del broken[1]["reason"]
    with pytest.raises(tables.TableError, match="funnel: row 1 has no reason"):
        tables.funnel(broken)
    with pytest.raises(tables.TableError, match="recall outside 0 to 1 in row 0"):
        tables.pipeline_quality(rows("pipeline_quality", [("clean", "spam", 0.5, 1.2, 3)]))
    with pytest.raises(tables.TableError, match="no run"):
        tables.items([])


def test_files_are_the_same_byte_for_byte_and_read_back(frames, tmp_path):
    for folder in ("one", "two"):
        for name, frame in frames.items():
            tables.write_table(frame, tmp_path / folder, name)
    for path in sorted((tmp_path / "one").iterdir()):
        data = path.read_bytes()
        assert data == (tmp_path / "two" / path.name).read_bytes()
        assert path.suffix == ".parquet" or b"\r" not in data
    back = tables.read_table(tmp_path / "one", "main_comparison")
    pd.testing.assert_frame_equal(back, frames["main_comparison"], check_dtype=False, rtol=1e-5)


def test_text_that_looks_like_a_number_or_nothing_stays_text(tmp_path):
    frame = pd.DataFrame(
        {"run": ["a", "b", "c"], "question_id": ["1", "2", "3"], "grade": "correct"}
    ).assign(response=["NA", "1999", ""])[list(tables.COLUMNS["answers"])]
    tables.write_table(frame, tmp_path, "answers")
    assert list(tables.read_table(tmp_path, "answers")["response"]) == ["NA", "1999", ""]


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "funnel.csv").write_text("stage,source,reason,documents\n")
    with pytest.raises(tables.TableError, match=r"funnel\.csv: no column tokens"):
        tables.read_table(tmp_path, "funnel")
    (tmp_path / "funnel.csv").write_text("stage,source,reason,documents,tokens\na,b,kept,x,1\n")
    with pytest.raises(tables.TableError, match=r"funnel\.csv: column documents"):
        tables.read_table(tmp_path, "funnel")


def test_unknown_format_and_missing_column_are_refused(tmp_path):
    with pytest.raises(tables.TableError, match="allowed: csv, parquet, md, tex"):
        tables.write_table(pd.DataFrame({"a": [1]}), tmp_path, "other", ("xlsx",))
    with pytest.raises(tables.TableError, match="funnel: no column"):
        tables.write_table(pd.DataFrame({"stage": []}), tmp_path, "funnel")


def test_csv_is_quoted_and_markdown_and_latex_escaped(tmp_path):
    frame = pd.DataFrame({"name": ["AC|DC, 50 % & _x_"], "p_value": [0.0004], "big": [123456]})
    tables.write_table(frame, tmp_path, "t")
    with (tmp_path / "t.csv").open() as file:
        assert list(csv.reader(file))[1] == ["AC|DC, 50 % & _x_", "0.0004", "123456"]
    assert (tmp_path / "t.md").read_text().splitlines() == [
        "| name | p_value | big |",
        "| --- | ---: | ---: |",
        "| AC\\|DC, 50 % & _x_ | < 0.001 | 123,456 |",
    ]
    latex = (tmp_path / "t.tex").read_text()
    assert r"AC|DC, 50 \% \& \_x\_ & \textless{} 0.001 & 123,456 \\" in latex
    assert latex.startswith("\\begin{tabular}{lrr}\n\\toprule\n")


@pytest.mark.parametrize(
    ("number", "column", "text"),
    [
        (np.nan, "mean", "–"),
        (0.5, "mean", "0.500"),
        (1.0, "mean", "1.000"),
        (3, "seeds", "3"),
        (260000.0, "tokens", "260,000"),
        (2.25, "temperature", "2.250"),
        (True, "", "yes"),
        ("0", "level", "0"),
    ],
)
def test_shown(number, column, text):
    assert tables.shown(number, column) == text


class FakeStudy:
    """The parts of a Study that tables read: each run's answers say which settings made them."""

    def __init__(self, profile, folder, changes=()):
        self.profile, self.folder, self.changes = profile, folder, changes

    def with_changes(self, changes):
        return FakeStudy(self.profile, self.folder, tuple(changes)) if changes else self

    def covered(self, seed):
        return {"A"}

    def world(self):
        return self

    def path(self, name):
        (self.folder / name).write_text(
            '{"id": "q1", "subject": "A"}\n{"id": "q2", "subject": "B"}'
        )
        return self.folder / name

    def run(self, arm, seed):
        return FakeArtifact(self.folder / "-".join([arm, str(seed), *self.changes]))


class FakeArtifact:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        row = '{"tokens": 1, "set": "questions", "question_id": "q1"}'
        (folder / "answers.jsonl").write_text(row)

    def path(self, name):
        return self.folder / name

    def read_json(self, name):
        return {"bits_per_byte": {"music": 1.0}}


def test_read_runs_walks_arms_seeds_and_every_level_of_every_axis(tmp_path, monkeypatch):
    levels = [Level(name="present"), Level(name="absent", set={"metadata_in_corpus": False})]
    axes = {
        "metadata": Axis(title="one arm", arms=("plain",), levels=levels),
        "wrong_facts": Axis(title="two arms", arms=("plain", "soft_static"), levels=levels),
    }
    monkeypatch.setattr(tables, "load_axes", lambda: axes)
    profile = load_profile("smoke").model_copy(
        update={"arms": ("plain", "rho1"), "composition": ("metadata", "wrong_facts")}
    )
    found = tables.read_runs(FakeStudy(profile, tmp_path))
    main = [(r.arm, r.seed) for r in found if r.axis == "main"]
    assert main == [("plain", 0), ("plain", 1), ("rho1", 0), ("rho1", 1)]
    assert [r.level for r in found if r.axis == "metadata"] == ["present"] * 2 + ["absent"] * 2
    assert {r.arm for r in found if r.axis == "wrong_facts"} == {"plain", "soft_static"}
    absent = next(r for r in found if r.level == "absent")
    assert absent.artifact == "plain-0-metadata_in_corpus"
    assert absent.covered == {"q1"}
    assert tables.default_levels() == {"metadata": "present", "wrong_facts": "present"}
