"""The endpoint path against a real OpenAI-compatible server (`transformers serve`)."""

import json
import os
import subprocess
import sys
import time

import httpx
import pytest
import qa_model
from ports import free_port

from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.__main__ import main

for package in ("fastapi", "uvicorn", "openai"):
    pytest.importorskip(package, reason="transformers[serving] is not installed")

START_SECONDS = 600  # a busy machine needs long to import the server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(folder of the model, address of the server that serves it)."""
    folder = qa_model.make_model(tmp_path_factory.mktemp("model"))
    port = free_port()
    log = (folder / "server.log").open("wb")
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, folder / "server.log")
        yield folder, f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def wait_for(address, process, log):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()[-2000:]}")
        try:
            httpx.get(address, timeout=1).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


def run(out, *arguments):
    assert main([*arguments, "--out", str(out), "--quiet", "--shots", "0"]) == 0
    return read_jsonl(out / "answers.jsonl")


@pytest.mark.parametrize("chat", [[], ["--chat", "--max-new-tokens", "32"]])
def test_served_model_answers_as_it_does_locally(served, tmp_path, chat):
    folder, address = served
    questions = str(qa_model.write_questions(tmp_path / "questions.jsonl"))
    common = ["--model", str(folder), "--questions", questions, *chat]
    remote = run(tmp_path / "remote", *common, "--base-url", address)
    local = run(tmp_path / "local", *common)
    assert [a["response"] for a in remote] == [a["response"] for a in local]
    assert sum(answer["grade"] == "correct" for answer in remote) == qa_model.CORRECT


def test_judge_that_gives_no_grade_is_counted_as_unparsed(served, tmp_path):
    folder, address = served
    questions = str(qa_model.write_questions(tmp_path / "questions.jsonl"))
    arguments = ["--model", str(folder), "--questions", questions, "--limit", "3"]
    # a model that answers every prompt with a name is no judge: nothing may be guessed from it
    answers = run(
        tmp_path / "out", *arguments, "--judge-url", address, "--judge-model", str(folder)
    )
    assert [answer["judge"] for answer in answers] == ["unparsed"] * 3
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["judge"] == {"unparsed": 3, "agreement": []}


def test_dead_server_is_one_clear_line(tmp_path, capsys):
    arguments = ["--base-url", f"http://127.0.0.1:{free_port()}/v1", "--model", "m"]
    options = ["--retries", "1", "--limit", "2", "--out", str(tmp_path), "--quiet"]
    assert main([*arguments, *options]) == 3
    error = capsys.readouterr().err
    assert "does not answer after 2 attempts" in error and error.count("\n") == 1
