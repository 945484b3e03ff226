"""A stage's key covers all that decides it: settings, inputs, every file of its closure."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from mucpt_utils import closure, paths
from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import corpus_stages, lanes, stages
from mucpt_utils.study.study import Study

SMALL = ["seeds=[0]", "base.tokens=1024", "reference_training.tokens=1024", "train.tokens=1024"]
SMALL += ["world.subjects=6", "world.practice=6", "world.calibration=2", "world.general=8"]
SMALL += ["render.documents_per_subject=5", "evaluation.points=1", "reference.temperatures=[1, 2]"]
SMALL += ["arms=[base, plain, rho1, soft_surprise]", "composition=[]"]
SMALL += ["alignment={tokens: 1024, weighted: true}"]


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    """Every stage of both lanes by its name, as it is declared; none is made."""
    root = tmp_path_factory.mktemp("keys")
    every: dict[str, stages.Stage] = {}

    def not_made(stage, *_):
        every.setdefault(stage.name, stage)
        record = {"name": stage.name, "sha256": stage.key()}
        return stages.Artifact(root / f"{stage.name}-{stage.key()[:12]}", record)

    for domain in ("music_prose", "general_prose"):
        (root / "text" / domain).mkdir(parents=True)
        (root / "text" / domain / "book.txt").write_text("A book.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_stages, "build", not_made)
        patch.setattr(Study, "calibrated_temperature", lambda self, seed: 1.5)
        rendered = Study(load_profile("smoke", SMALL))
        prose = lanes.ProseStudy(load_profile("smoke", [*SMALL, f"text={root / 'text'}"]))
        for one in (rendered, prose):
            for arm in one.profile.arms:
                one.answers(arm, 0)
        rendered.aligned_answers("soft_surprise", 0)
        rendered.temperature(0)
    return every


@pytest.mark.parametrize("of", ["base", "tokenizer"])
def test_a_folder_in_the_home_folder_counts_by_its_contents(of, tmp_path, monkeypatch):
    """A shell leaves `~` as it is in `pretrained.name=~/model`."""
    loaded = "pretrained={name: ~/model, parameters: 1, vocabulary: 300}"
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    keys = []

    def not_made(stage, *_):
        keys.append((stage.name, stage.key(), stage.running))
        return stages.Artifact(tmp_path, {"name": stage.name, "sha256": "same"})

    monkeypatch.setattr(corpus_stages, "build", not_made)
    for weights in ("some", "others"):
        (tmp_path / "model" / "model.safetensors").write_text(weights)
        getattr(Study(load_profile("smoke", [*SMALL, loaded])), of)()
    (first, second) = (key for name, key, _ in keys if name == of)
    assert first != second
    assert keys[-1][2] == {"source": str(tmp_path / "model")}


def leaves(value, place=()):
    """(place, value) of every leaf of nested JSON."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*place, key))
    else:
        yield place, value


def changed(value, place):
    """The same JSON with another value at one place."""
    if not place:
        return [value, "changed"]
    return {**value, place[0]: changed(value[place[0]], place[1:])}


def test_the_stages_are_those_of_the_study(declared):
    assert {"world", "raw_corpus", "corpus", "base", "reference", "temperature"} <= set(declared)
    assert {"run_base", "run_rho1", "answers_rho1", "aligned_soft_surprise"} <= set(declared)
    assert {"prose_passages", "prose_classifier", "run_soft_static"} <= set(declared)
    assert len(declared) > 35


def test_every_setting_moves_the_key(declared):
    tried = 0
    for stage in declared.values():
        settings = json.loads(json.dumps(stage.settings_as_json()))
        for place, _ in leaves(settings):
            other = replace(stage, settings=changed(settings, place) if place else {"more": 1})
            assert other.key() != stage.key(), f"{stage.name}: {'.'.join(map(str, place))}"
            tried += 1
    assert tried > 400


def test_every_input_moves_the_key_and_only_its_content_does(declared):
    for stage in declared.values():
        for name, artifact in stage.inputs.items():
            other = stages.Artifact(artifact.folder, {**artifact.record, "sha256": "0"})
            assert replace(stage, inputs={**stage.inputs, name: other}).key() != stage.key()
            moved = stages.Artifact(artifact.folder / "elsewhere", artifact.record)
            assert replace(stage, inputs={**stage.inputs, name: moved}).key() == stage.key()


def test_how_a_stage_is_run_does_not_move_its_key(declared):
    stage = declared["corpus"]
    ray = stage.running["pipeline"].model_copy(update={"engine": "ray"})
    assert replace(stage, running={"pipeline": ray}).key() == stage.key()


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the package and its data cards, whose files may be touched."""
    root = tmp_path_factory.mktemp("copy")
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(paths.PACKAGE, root / closure.NAME, ignore=without)
    shutil.copytree(paths.DATA_CARDS, root / closure.CARDS, ignore=without)
    return root


def test_every_file_of_the_closure_moves_the_key(declared, copied):
    modules = {stage.make.__module__ for stage in declared.values()}
    for module in sorted(modules):
        files = closure.code_closure(module, copied / closure.NAME)
        names = {path.relative_to(copied) for path in files}
        ours = closure.code_closure(module)
        assert names == {path.relative_to(paths.ROOT) for path in ours}, "the copy is a copy"
        before = closure.digest_files(files, copied)
        for path in files:
            content = path.read_bytes()
            path.write_bytes(content + b"\n")
            assert closure.digest_files(files, copied) != before, f"{module}: {path}"
            path.write_bytes(content)


@pytest.mark.parametrize(
    ("stage", "file"),
    [
        ("raw_corpus", "mucpt_utils/text/wordings/flaws.yaml"),
        ("raw_corpus", "mucpt_utils/text/wordings/relations_music.yaml"),
        ("raw_corpus", "data_cards/general_facts/facts.jsonl"),
        ("everyday_text", "mucpt_utils/text/wordings/everyday.yaml"),
        ("world", "data_cards/musicsimpleqa/test.jsonl"),
        ("world", "data_cards/music_facts/facts.jsonl"),
        ("corpus", "mucpt_utils/pipeline/rules/cleaning.yaml"),
        ("corpus", "mucpt_utils/pipeline/rules/masking.yaml"),
        ("corpus", "mucpt_utils/pipeline/rules/decontamination.yaml"),
        ("domain_tokens", "mucpt_utils/text/documents.py"),
        ("answers_rho1", "mucpt_utils/musicsimpleqa/grader/grading_rules.yaml"),
        ("answers_rho1", "mucpt_utils/musicsimpleqa/grader/rules.py"),
        ("run_rho1", "mucpt_utils/study/runs.py"),
        ("run_rho1", "mucpt_utils/scoring/loss_ratio.py"),
        ("base", "mucpt_utils/training/muon.py"),
    ],
)
def test_what_contributors_edit_is_in_the_closure(declared, stage, file):
    files = closure.code_closure(declared[stage].make.__module__)
    assert paths.ROOT / file in files


def test_a_change_of_the_grader_trains_nothing(declared):
    files = closure.code_closure(declared["run_rho1"].make.__module__)
    assert paths.PACKAGE / "musicsimpleqa/grader/grading_rules.yaml" not in files


WATCHED = """
import sys
from pathlib import Path
from mucpt_utils import closure, paths
from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import corpus_stages, stages, study

opened, wrong, making = [], [], [None]
# with the slash: beside the package may lie what its installation left, mucpt_utils.egg-info
OURS = (f"{paths.PACKAGE}/", f"{paths.DATA_CARDS}/")

def watch(event, arguments):
    if event == "open" and making[0] and isinstance(arguments[0], (str, Path)):
        path = str(arguments[0])
        if path.startswith(OURS) and not path.endswith((".py", ".pyc")):
            opened.append((making[0], path))

sys.addaudithook(watch)

def build(stage, *rest):
    before, making[0] = making[0], stage
    try:
        return stages.build(stage, *rest)
    finally:
        making[0] = before

corpus_stages.build = build
one = study.Study(load_profile("smoke", sys.argv[1:]))
for arm in one.profile.arms:
    one.answers(arm, 0)
one.aligned_answers("soft_surprise", 0)
for stage, path in opened:
    if Path(path) not in closure.code_closure(stage.make.__module__):
        wrong.append(f"{stage.name} reads {path}")
print(len(opened), "opened;", *sorted(set(wrong)))
"""


def test_no_stage_reads_a_data_file_outside_of_its_closure(tmp_path):
    """Files are watched while stages are made in a fresh process: nothing was read before."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *SMALL],
        env={**os.environ, "MUCPT_WORK": str(tmp_path), "PYTHONPATH": str(paths.ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count, _, wrong = done.stdout.strip().splitlines()[-1].partition(" opened;")
    assert int(count) > 10 and wrong.strip() == ""


def test_models_of_another_context_are_not_compared_as_pairs(declared):
    """With a loaded model the context is in no other stage's key: every arm's own must hold it."""
    for name in ("run_base", "run_plain", "run_rho1"):
        stage = declared[name]
        longer = {**stage.settings, "context": 2 * stage.settings["context"]}
        assert replace(stage, settings=longer).key() != stage.key()


def test_code_that_changed_after_it_was_imported_makes_nothing(tmp_path, monkeypatch):
    """What is made would be recorded under the key of code that did not make it."""
    from mucpt_utils.study import text

    stage = stages.Stage("everyday_text", text.render_everyday_text, settings={"per_topic": 1})
    stage.key()
    monkeypatch.setattr(closure, "digest_files", lambda *_: "another")
    with pytest.raises(stages.CodeChanged, match="everyday_text.*start again"):
        stages.build(stage, tmp_path)
    monkeypatch.undo()
    assert stages.build(stage, tmp_path).path("documents.jsonl").is_file()
