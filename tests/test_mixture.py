"""A mixture of one's own: trained at smoke size, described, and shown beside the others."""

import json

import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import schema, tables
from mucpt_utils.config.settings import SettingsError
from mucpt_utils.report import mixtures
from mucpt_utils.teaching import explorer

TINY = (
    *("seeds=[0]", "base.tokens=3000", "train.tokens=2048", "evaluation.points=1"),
    *("world.subjects=6", "render.documents_per_subject=4", "composition=[]"),
)


def settings(text, tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The example mixture trained through the command; its results folder and what was printed."""
    root = tmp_path_factory.mktemp("mixture")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_RESULTS", str(root))
        changes = [part for pair in TINY for part in ("--set", pair)]
        assert mixtures.main([str(mixtures.EXAMPLE), "smoke", *changes]) == 0
        yield root / "smoke"


def test_its_tables_hold_it_and_the_profiles_own_data_and_are_described(trained):
    own = mixtures.load(mixtures.EXAMPLE)
    folder = trained / "mixtures" / own.name / "tables"
    runs = tables.read_table(folder, "runs")
    assert set(runs["axis"]) == {schema.MIXTURE}
    assert list(dict.fromkeys(runs["level"])) == [schema.DEFAULT, own.name]
    differences = tables.read_table(folder, "composition_differences")
    assert set(differences["level"]) == {own.name}
    assert set(differences["compared_to"]) == {schema.DEFAULT}
    for name in mixtures.TABLES:
        found = schema.problems(name, tables.read_table(folder, name))
        allowed = {f"{name}.level: {own.name!r} is not allowed"}
        assert set(found) <= allowed, found
        assert (folder / f"{name}.parquet").is_file()
    assert (folder / "README.md").is_file()


def test_its_record_leads_to_the_changed_settings(trained):
    own = mixtures.load(mixtures.EXAMPLE)
    record = json.loads((trained / "mixtures" / own.name / "run.json").read_text())
    assert record["settings"]["replay"] == own.set["replay"]
    assert record["settings"]["render"]["wrong_fact"] == 0
    assert [a["name"] for a in record["artifacts"]].count("run_plain") == 1


def test_it_stands_beside_the_others(trained):
    committed = paths.ROOT / "results" / "laptop"
    for name in ("composition", "composition_differences", "runs"):
        frame = tables.read_table(committed / "tables", name)
        tables.write_table(frame, trained / "tables", name, ("csv",))
    explored = explorer.Explored(explorer._read(trained), "")
    levels = explored.tables["composition"]
    assert {"replay", schema.MIXTURE} <= set(levels["axis"])
    assert mixtures.load(mixtures.EXAMPLE).name in set(levels["level"])
    panel = explorer.mixture_panel(explored, trained)
    assert panel.said.value == "" and bytes(panel.picture.value).startswith(b"\x89PNG")
    assert list(mixtures.listed(trained)["mixture"]) == [mixtures.load(mixtures.EXAMPLE).name]


def test_without_one_a_line_says_so(tmp_path):
    assert "No mixture" in explorer.mixture_panel(explorer.Explored({}, ""), tmp_path)
    assert mixtures.listed(tmp_path).empty


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: x\ntitle: t\n", "set: Field required"),
        ("name: x\ntitle: t\nset: {replay: 0.1}\nseeds: [1]\n", "seeds: Extra inputs"),
        ("name: 'a/b'\ntitle: t\nset: {replay: 0.1}\n", "name: String should match"),
        ("name: default\ntitle: t\nset: {replay: 0.1}\n", "is a level of the study already"),
        ("name: [\n", "no YAML"),
        ("- 1\n", "settings of a mixture: name, title, arms, set"),
    ],
)
def test_a_wrong_file_is_one_line(text, told, tmp_path):
    with pytest.raises(SettingsError, match=told) as error:
        mixtures.load(settings(text, tmp_path))
    assert "\n" not in str(error.value) and "own.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("set: {replai: 0.1}", "unknown setting 'replai'"),
        ("arms: [hard]\nset: {replay: 0.1}", "hard"),
    ],
)
def test_a_wrong_setting_or_arm_stops_before_training(change, told, tmp_path, capsys):
    path = settings(f"name: own\ntitle: t\n{change}\n", tmp_path)
    assert mixtures.main([str(path), "smoke"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("mixture: ") and told in error and error.count("\n") == 1


def test_a_missing_file_is_named(tmp_path, capsys):
    assert mixtures.main([str(tmp_path / "none.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err
