"""The task in the harness: it loads, shows the questions as the tool does, and grades."""

from pathlib import Path

import pytest
from lm_eval.tasks import TaskManager

PARTS = ("core", "extension", "tail")


@pytest.fixture(scope="module")
def tasks():
    """The four tasks by their names, from this folder alone."""
    manager = TaskManager(include_path=str(Path(__file__).parent), include_defaults=False)
    names = ["musicsimpleqa", *(f"musicsimpleqa_{part}" for part in PARTS)]
    loaded = manager.load(names)
    return loaded["tasks"]


def test_the_parts_are_the_whole(tasks):
    whole = {doc["id"] for doc in tasks["musicsimpleqa"].test_docs()}
    parts = [{doc["id"] for doc in tasks[f"musicsimpleqa_{part}"].test_docs()} for part in PARTS]
    assert set.union(*parts) == whole and sum(map(len, parts)) == len(whole)
    assert all(parts)


def test_no_example_is_asked(tasks):
    task = tasks["musicsimpleqa"]
    examples = {doc["id"] for doc in task.fewshot_docs()}
    assert examples and not examples & {doc["id"] for doc in task.test_docs()}


def test_prompt_and_grade(tasks):
    task = tasks["musicsimpleqa"]
    doc = next(iter(task.test_docs()))
    assert task.doc_to_text(doc) == f"Question: {doc['question']}\nAnswer:"
    assert task.process_results(doc, [f" {doc['answer']}\nQuestion: x"])["accuracy"] == 1.0
    assert task.process_results(doc, [" I don't know."])["attempted"] == 0.0
