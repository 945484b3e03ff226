"""The real lm-evaluation-harness gives the accuracy that the tool gives."""

import json
import shutil
import subprocess
import sys

import pytest
import qa_model

from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.__main__ import main
from mucpt_utils.musicsimpleqa.questions import load_questions

lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return qa_model.make_model(tmp_path_factory.mktemp("model"))


def harness(folder, questions, shots):
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from mucpt_utils.paths import PACKAGE

    task = PACKAGE / "musicsimpleqa" / "lm_eval_task"
    manager = TaskManager(
        include_path=str(task), include_defaults=False, metadata={"questions": str(questions)}
    )
    model = HFLM(pretrained=str(folder), device="cpu", batch_size=4, dtype="float32")
    return lm_eval.simple_evaluate(
        model=model,
        tasks=["musicsimpleqa"],
        num_fewshot=shots,
        task_manager=manager,
        bootstrap_iters=0,
        log_samples=True,
    )


@pytest.mark.parametrize("shots", [0, 2])
def test_harness_and_tool_agree(folder, tmp_path, shots):
    questions = qa_model.write_questions(tmp_path / "questions.jsonl")
    outcome = harness(folder, questions, shots)
    theirs = outcome["results"]["musicsimpleqa"]

    out = tmp_path / "out"
    arguments = ["--model", str(folder), "--questions", str(questions), "--shots", str(shots)]
    assert main([*arguments, "--out", str(out), "--quiet"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    ours = {m["metric"]: m["value"] for m in summary["measures"] if m["by"] == "all"}

    for metric, value in ours.items():
        assert theirs[f"{metric},none"] == pytest.approx(value, abs=1e-9)
    answers = read_jsonl(out / "answers.jsonl")
    samples = outcome["samples"]["musicsimpleqa"]
    said = {sample["doc"]["id"]: sample["filtered_resps"][0].strip() for sample in samples}
    assert said == {answer["id"]: answer["response"] for answer in answers}
    if shots == 0:  # what the model was taught, "Dr. Dre" and "Earth, Wind & Fire" uncut
        assert ours["accuracy"] == qa_model.CORRECT / 10
        assert ours["attempted"] == 1 - qa_model.NOT_ATTEMPTED / 10


def test_questions_that_are_examples_are_refused(tmp_path):
    """The harness would show each of the first ones its own answer."""
    from mucpt_utils.musicsimpleqa.lm_eval_task import utils

    path = tmp_path / "own.jsonl"
    own = {**load_questions("dev")[0], "id": "own:1"}
    path.write_text(f"{json.dumps({**own, 'question': own['question'].upper()})}\n")
    for questions in ("dev", str(path)):
        with pytest.raises(ValueError, match="of the questions are examples, such as"):
            utils.dataset(questions)
    path.write_text(f"{json.dumps({**own, 'question': 'Who?'})}\n")
    assert len(utils.dataset(str(path))["test"]) == 1


def test_every_question_of_a_file_keeps_its_fields(tmp_path):
    """Whatever the first one has: an alias of a later one is right, as for the tool."""
    from mucpt_utils.musicsimpleqa.lm_eval_task import utils

    path = tmp_path / "own.jsonl"
    bare = {"id": "own:1", "question": "Who?", "answer": "Nas", "answer_type": "person"}
    further = {"id": "own:2", "question": "Who else?", "aliases": ["Lizzo"], "note": 1}
    rows = [{**bare, "note": "any type"}, {**bare, **further}]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    docs = list(utils.dataset(str(path))["test"])
    said = ("Nas", "Lizzo")
    graded = [utils.process_results(d, [s])["accuracy"] for d, s in zip(docs, said, strict=True)]
    assert graded == [1.0, 1.0]


def test_the_folder_stands_alone_in_the_harness(tmp_path):
    """Copied as a pull request would have it: its own test passes there."""
    from mucpt_utils.paths import PACKAGE

    copied = tmp_path / "tasks" / "musicsimpleqa"
    shutil.copytree(PACKAGE / "musicsimpleqa" / "lm_eval_task", copied)
    assert {path.name for path in copied.iterdir()} >= {"README.md", "utils.py", "test_task.py"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_task.py"]
    done = subprocess.run(command, cwd=copied, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
