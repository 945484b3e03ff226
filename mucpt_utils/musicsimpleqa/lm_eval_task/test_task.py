"""The task in the harness: it loads, keeps the conventions, asks and grades like the tool."""

from itertools import islice
from pathlib import Path

import pytest
from lm_eval.tasks import TaskManager

from mucpt_utils.musicsimpleqa.asking.ask import few_shot, messages, prompt
from mucpt_utils.musicsimpleqa.questions import load_questions

PARTS = ("core", "extension", "tail")
NAMES = ("musicsimpleqa", "musicsimpleqa_chat", *(f"musicsimpleqa_{part}" for part in PARTS))


@pytest.fixture(scope="module")
def tasks():
    """The tasks by their names: from this folder alone, or from the harness that contains it."""
    here = Path(__file__).parent
    alone = (here / "musicsimpleqa.yaml").is_file()
    manager = (
        TaskManager(include_path=str(here), include_defaults=False) if alone else TaskManager()
    )
    return manager.load(list(NAMES))["tasks"]


@pytest.mark.parametrize("name", NAMES)
def test_conventions_of_the_harness(tasks, name):
    """What tests/test_tasks.py of the harness requires of every task."""
    task = tasks[name]
    docs = list(islice(task.test_docs(), 5))
    assert task.has_test_docs() and task.config.test_split and task.config.metadata["version"]
    assert task.should_decontaminate()
    assert task.doc_to_decontamination_query(docs[0]) == docs[0]["question"]
    for doc in docs:
        text, target = task.doc_to_text(doc), task.doc_to_target(doc)
        assert text == text.strip() and target == target.strip() != ""
    task.build_all_requests(limit=5, rank=0, world_size=1)
    assert len(task.instances) == 5


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
    doc, examples = next(iter(task.test_docs())), few_shot(load_questions("dev"), 5)
    assert task.fewshot_context(doc, 5) == prompt(doc["question"], examples)
    assert task.process_results(doc, [f" {doc['answer']}\nQuestion: x"])["accuracy"] == 1.0
    assert task.process_results(doc, [" I don't know."])["attempted"] == 0.0


@pytest.mark.parametrize("shots", [0, 5])
def test_a_chat_is_that_of_the_tool(tasks, shots):
    task = tasks["musicsimpleqa_chat"]
    doc, examples = next(iter(task.test_docs())), few_shot(load_questions("dev"), shots)
    asked = []

    def template(turns, add_generation_prompt=True):
        asked.extend(turns)
        return ""

    task.fewshot_context(
        doc, shots, apply_chat_template=True, fewshot_as_multiturn=True, chat_template=template
    )
    assert asked == messages(doc["question"], examples)
    reply = f"<think>\nhm\n</think>\n\n**Answer:**\n\n{doc['answer']}"
    assert task.process_results(doc, [reply])["accuracy"] == 1.0
