"""run.json: what a result is said to come from."""

import json
import platform
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
    assert provenance.parameter_count(profile) == sum(p.numel() for p in model.parameters())


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
