"""run.json: what a result is said to come from."""

import json
import platform
import re
from types import SimpleNamespace

import pytest

from mucpt_utils import paths
from mucpt_utils.config.settings import load_profile
from mucpt_utils.scoring import models
from mucpt_utils.study import checkout, cost, provenance, stages
from mucpt_utils.study.stages import Stage, build


def write_name(folder, inputs, report, name, text=""):
    (folder / "name").write_text(name)


def test_a_record_holds_lineage_and_no_folder_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "code_digest", lambda module: module)
    monkeypatch.setattr(stages, "changed_since_first", lambda module: False)
    corpus = build(Stage("corpus", write_name, settings={"name": "x"}), tmp_path)
    text = tmp_path / "prose"
    text.mkdir()
    settings = {"name": "y", "text": str(text)}
    run = build(
        Stage("run_plain", write_name, {"corpus": corpus}, settings), tmp_path, "05_pretrain"
    )
    profile = load_profile("smoke", [f"text={text}"])
    record = provenance.run_record(SimpleNamespace(profile=profile), [run])
    assert [artifact["name"] for artifact in record["artifacts"]] == ["corpus", "run_plain"]
    assert record["artifacts"][1]["settings"] == {"name": "y", "text": "prose"}
    assert record["artifacts"][1]["made_by"] == "05_pretrain"
    assert record["settings"]["text"] == "prose"
    assert str(tmp_path) not in json.dumps(record) and str(paths.ROOT) not in json.dumps(record)
    assert platform.node() not in json.dumps(record["machine"])
    assert set(record["machine"]) == {
        *("system", "cpu", "instructions", "cores", "memory_gib", "gpu")
    }
    assert record["seeds"] == [0, 1] and record["parameters"] > 50_000
    assert provenance.write_run_record(tmp_path / "new", record).name == provenance.RUN
    assert json.loads((tmp_path / "new" / provenance.RUN).read_text()) == record


def test_parameters_of_a_model_from_scratch_are_counted():
    profile = load_profile("smoke")
    model = models.from_scratch(profile.model, profile.vocabulary, seed=0)
    assert profile.parameters == sum(p.numel() for p in model.parameters())


def test_parameters_of_a_loaded_model_are_those_declared_in_the_record_and_in_the_cost():
    profile = load_profile("hub")
    record = provenance.run_record(SimpleNamespace(profile=profile), [])
    rows = cost.estimate(profile, paths.RESULTS).set_index("quantity")
    assert record["parameters"] == profile.pretrained.parameters > 10**8
    assert record["parameters"] == rows.loc["parameters", "value"]


def test_a_record_says_of_a_changed_tree_that_it_was_changed(monkeypatch):
    profile = SimpleNamespace(profile=load_profile("smoke"))
    answers = {"rev-parse": "0" * 40, "status": " M mucpt_utils/stats.py"}
    monkeypatch.setattr(checkout, "git", lambda command, *rest: answers[command])
    for status, said in (("", ""), (answers["status"], " with uncommitted changes")):
        answers["status"] = status
        checkout.commit.cache_clear()
        assert provenance.run_record(profile, [])["commit"] == "0" * 40 + said
    checkout.commit.cache_clear()


def test_a_long_listing_is_told_by_its_length_and_digest():
    files = {f"{i}.txt": "sha" for i in range(provenance.LONGEST_LISTING + 1)}
    settings = provenance.shortened([{"settings": {"files": files, "limit": 3}}])[0]["settings"]
    assert settings["limit"] == 3
    assert settings["files"]["entries"] == len(files) and len(settings["files"]["sha256"]) == 64
    changed = provenance.shortened({**files, "0.txt": "another"})
    assert changed["sha256"] != settings["files"]["sha256"]
    assert provenance.shortened({"files": {"1.txt": "sha"}}) == {"files": {"1.txt": "sha"}}


@pytest.mark.parametrize("path", ["/", "relative/path", "and/or"])
def test_only_absolute_paths_are_cut(path):
    assert provenance.without_folders({"a": [path, 1, None]}) == {"a": [path, 1, None]}


# --- where results go -----------------------------------------------------------------------------


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A work folder of the test's own; nothing else says where results go."""
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path))
    monkeypatch.delenv("MUCPT_RESULTS", raising=False)
    monkeypatch.delenv(paths.COMMIT_RESULTS, raising=False)
    return tmp_path / "results"


def test_a_run_writes_to_the_work_folder_or_where_it_is_told(work, monkeypatch):
    assert provenance.results_folder(load_profile("smoke")) == work / "smoke"
    monkeypatch.setenv("MUCPT_RESULTS", str(work / "else"))
    assert provenance.results_folder(load_profile("smoke")) == work / "else" / "smoke"


def test_a_folder_never_holds_results_of_two_settings(work):
    def folder(*overrides, prose=False):
        return provenance.results_folder(load_profile("smoke", overrides), prose).name

    changed = folder("replay=0.3")
    assert re.fullmatch("smoke[+][0-9a-f]{8}", changed)
    assert folder("replay=0.3") == changed != folder("replay=0.4")
    assert folder("replay=0.2") == "smoke", "the profile's own value"
    text, other = f"text={paths.NOTEBOOKS}", f"text={paths.DATA_CARDS}"
    assert folder(text, "prose.passages=40") == "smoke", "the rendered lane does not read them"
    prose = [folder(text, prose=True), folder(other, prose=True)]
    prose += [folder(text, "prose.passages=40", prose=True), folder(text, "replay=0.3", prose=True)]
    laptop = provenance.results_folder(load_profile("laptop", [text]), prose=True).name
    assert len({*prose, laptop}) == 5 and all(name.startswith("prose+") for name in prose)


def test_what_is_committed_lies_in_the_repository_and_nothing_beside_it_does(work, monkeypatch):
    text = load_profile("smoke", [f"text={paths.NOTEBOOKS}"])
    monkeypatch.setenv(paths.COMMIT_RESULTS, "prose")
    assert provenance.results_folder(text, prose=True) == paths.RESULTS / "prose"
    assert provenance.results_folder(text) == work / "smoke"
    monkeypatch.setenv(paths.COMMIT_RESULTS, "smoke")
    assert provenance.results_folder(load_profile("smoke")) == paths.RESULTS / "smoke"
    assert provenance.results_folder(load_profile("laptop")) == work / "laptop"


def test_who_only_looks_gets_the_own_run_then_the_committed_ones(work):
    committed = [paths.RESULTS / name for name in ("overnight", "laptop")]
    assert provenance.results_to_read("overnight") == [work / "overnight", *committed]
    assert provenance.results_to_read("laptop") == [work / "laptop", committed[1]]
    own, *others = provenance.results_to_read("overnight", ["replay=0.3"])
    assert own.name.startswith("overnight+") and others == committed
