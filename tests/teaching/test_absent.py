"""Models whose weights are elsewhere are said in one line, and nothing fails."""

from types import SimpleNamespace

import pytest

from mucpt_utils.study.stages import Artifact
from mucpt_utils.teaching import absent


@pytest.fixture
def stage(tmp_path):
    """A function that makes a stage of a model, with its file of weights or without."""

    def make(name, weights):
        folder = tmp_path / f"{name}-1234"
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "config.json").write_text("{}")
        if weights:
            (folder / "model" / "model.safetensors").write_bytes(b"")
        return Artifact(folder, {"name": name})

    return make


def test_what_is_not_here_is_named_once_with_the_command_that_makes_it(stage, capsys):
    study = SimpleNamespace(profile=SimpleNamespace(name="gpu"))
    base, reference, other = stage("base", True), stage("reference", False), stage("other", False)
    assert absent.all_here(study, [base]) and capsys.readouterr().out == ""
    assert not absent.all_here(study, [base, reference, reference, other], "06")
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "base-1234" not in said
    assert "the weights of reference-1234, other-1234 stayed" in said
    assert "./run_all.sh gpu --only 06`" in said
    assert absent.all_here(study, [])


def test_models_of_a_study_are_the_base_and_each_seeds_reference_model():
    study = SimpleNamespace(base=lambda: "base", reference=lambda seed: f"reference {seed}")
    assert absent.models_of(study, (0, 3)) == ["base", "reference 0", "reference 3"]
