"""A mixture of one's own: trained at smoke size, described, and shown beside the others."""

import json
import re
import subprocess
import sys

import pytest

from mucpt_utils import paths
from mucpt_utils.analysis import schema
from mucpt_utils.report import mixtures, table_files
from mucpt_utils.teaching import explorer

NAME, AXIS = mixtures.load(mixtures.EXAMPLE)
TINY = (
    *("seeds=[0]", "base.tokens=3000", "train.tokens=2048", "evaluation.points=1"),
    *("world.subjects=6", "render.documents_per_subject=4", "composition=[]"),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The example mixture trained through the command; its results folder and what was printed."""
    root = tmp_path_factory.mktemp("mixture")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_RESULTS", str(root))
        changes = [part for pair in TINY for part in ("--set", pair)]
        assert mixtures.main([str(mixtures.EXAMPLE), "smoke", *changes]) == 0
        (folder,) = root.iterdir()
        yield folder


def test_where_the_base_may_have_known_facts_it_is_asked_beside_the_arms():
    from mucpt_utils.config.settings import load_profile
    from mucpt_utils.study.study import Study

    known = Study(load_profile("smoke", ["evaluation.known_above=-0.5"]), "test")
    assert "base" not in AXIS.arms
    for one in mixtures.at_levels(known, AXIS):
        assert one.profile.arms == ("base", *AXIS.arms)
    plain = Study(load_profile("smoke"), "test")
    assert mixtures.at_levels(plain, AXIS)[0].profile.arms == tuple(AXIS.arms)


def test_its_tables_hold_it_and_the_profiles_own_data_and_are_described(trained):
    folder = trained / "mixtures" / NAME / "tables"
    runs = table_files.read_table(folder, "runs")
    assert set(runs["axis"]) == {schema.MIXTURE}
    assert list(dict.fromkeys(runs["level"])) == [schema.DEFAULT, NAME]
    differences = table_files.read_table(folder, "composition_differences")
    assert set(differences["level"]) == {NAME}
    assert set(differences["compared_to"]) == {schema.DEFAULT}
    for name in mixtures.TABLES:
        found = schema.problems(name, table_files.read_table(folder, name))
        allowed = {f"{name}.level: {NAME!r} is not allowed"}
        assert set(found) <= allowed, found
        assert (folder / f"{name}.parquet").is_file()
    assert (folder / "README.md").is_file()


def test_its_record_leads_to_the_changed_settings(trained):
    record = json.loads((trained / "mixtures" / NAME / "run.json").read_text())
    assert record["settings"]["replay"] == AXIS.changed[0].set["replay"]
    assert record["settings"]["render"]["wrong_fact"] == 0
    assert [a["name"] for a in record["artifacts"]].count("run_plain") == 1
    assert mixtures.load(trained / "mixtures" / NAME / mixtures.FILE) == (NAME, AXIS)


def test_it_stands_beside_the_others_of_its_profile(trained):
    committed = paths.RESULTS / "laptop"
    explored = explorer.load("smoke", TINY)
    assert schema.MIXTURE not in set(explored.tables["composition"]["axis"]), (
        "laptop's, not smoke's"
    )
    for name in ("composition", "composition_differences", "runs"):
        frame = table_files.read_table(committed / "tables", name)
        table_files.write_table(frame, trained / "tables", name, ("csv",))
    explored = explorer.load("smoke", TINY)
    levels = explored.tables["composition"]
    assert {"replay", schema.MIXTURE} <= set(levels["axis"])
    assert NAME in set(levels["level"])
    panel = explorer.mixture_panel(explored, trained)
    assert panel.message.value == "" and bytes(panel.picture.value).startswith(b"\x89PNG")
    (row,) = mixtures.listed(trained).to_dict("records")
    assert (row["mixture"], row["title"], row["arms"]) == (NAME, AXIS.title, "plain")
    assert row["changes"] == "render.wrong_fact = 0.0, render.bad_sites = 0.0, replay = 0.33"


def test_without_one_a_line_says_so(tmp_path):
    assert "have not trained" in explorer.mixture_panel(explorer.Explored({}, ""), tmp_path)
    assert mixtures.listed(tmp_path).empty


ENTRY = "own: {title: t, levels: [{name: default}, {name: own, set: {replay: 0.1}}]}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (ENTRY, f"{ENTRY}\n{ENTRY.replace('own', 'two')}", "'own': one mixture per file; 'two'"),
        ("name: own", "name: other", "'own', setting 'levels': expected 'default' and 'own'"),
        ("own", "absent", "'absent' is a level of the study already"),
        (", set: {replay: 0.1}", "", "setting 'levels': one level, and one alone"),
        ("title: t", "title: t, seeds: [1]", "setting 'seeds': unknown; allowed here: arms, "),
        ("own:", "a/b:", "'a/b' is not a name"),
        (ENTRY, "own: [", "not YAML"),
        (ENTRY, "- 1", "expected lines"),
        ("{replay: 0.1}", "{replai: 0.1}", "'own': unknown setting 'replai'; allowed in place of"),
        ("{replay: 0.1}", "{replay: 2}", "'own': profile 'smoke', setting 'replay': .*less than 1"),
        ("title: t", "title: t, arms: [hard]", "setting 'arms': unknown arms .'hard'.; allowed"),
    ],
)
def test_a_wrong_file_is_one_line_before_anything_is_trained(
    old, new, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(mixtures, "train", lambda *_: pytest.fail("trained"))
    path = tmp_path / "own.yaml"
    path.write_text(ENTRY.replace(old, new), encoding="utf-8")
    assert mixtures.main([str(path), "smoke"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("mixture: ") and "own.yaml" in error and error.count("\n") == 1
    assert re.search(said, error)


def test_its_cost_is_told_before_it_starts_and_alone_where_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MUCPT_RESULTS", str(tmp_path))
    changes = [part for pair in (*TINY, "train.tokens=4096") for part in ("--set", pair)]
    monkeypatch.setattr(mixtures, "train", lambda *_: pytest.fail("trained"))
    assert mixtures.main([str(mixtures.EXAMPLE), "smoke", "--cost", *changes]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{NAME} ({AXIS.title}): 0 of 2 runs found; 2 to train on 8,192 tokens")
    assert "min here" in told and told.count("\n") == 1


def test_one_that_is_trained_costs_nothing(trained, capsys):
    changes = [part for pair in TINY for part in ("--set", pair)]
    assert mixtures.main([str(mixtures.EXAMPLE), "smoke", "--cost", *changes]) == 0
    assert "2 of 2 runs found, nothing is trained" in capsys.readouterr().out


def test_a_wrong_file_is_refused_before_anything_heavy_is_imported(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(ENTRY.replace("title: t", "title: t, titel: t"), encoding="utf-8")
    check = "import sys; from mucpt_utils.report.mixtures import main; code = main(sys.argv[1:]); "
    check += "print(code, *{'torch', 'transformers', 'pandas'} & {*sys.modules})"
    command = [sys.executable, "-c", check, str(path)]
    ended = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True)
    assert ended.stdout.strip() == "2" and "allowed here: arms, levels, title" in ended.stderr


def test_the_folder_of_ones_own_mixtures_is_ignored_by_git():
    ignored = (paths.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/mixtures/", "results/*/mixtures/"} <= set(ignored)


def test_a_missing_file_is_named(tmp_path, capsys):
    assert mixtures.main([str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: No such file" in capsys.readouterr().err
