import errno
import json
import os
import subprocess
import sys

import pytest
import yaml
from flawed_corpus import QUESTION

from mucpt_utils.__main__ import main as mucpt_utils_main
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.errors import FOUND, OUTSIDE, WRONG_INPUT
from mucpt_utils.pipeline.accounting import AccountingError
from mucpt_utils.pipeline.command import load_settings, main
from mucpt_utils.pipeline.executors import EngineError


def test_the_command_runs_without_a_classifier_and_prints_the_funnel(
    flawed_source, tmp_path, capsys
):
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps(QUESTION) + "\n")
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump({"masking": {"enabled": False}}))
    arguments = ["--source", str(flawed_source), "--out", str(tmp_path / "out")]
    arguments += ["--questions", str(questions), "--settings", str(settings)]
    assert main([*arguments, "--no-classifier"]) == 0
    printed = capsys.readouterr().out
    assert "decontaminate" in printed and "mask " not in printed and "classify" not in printed
    assert json.loads((tmp_path / "out" / "pipeline.json").read_text())["classifier"] is None


def test_the_shipped_classifier_is_used_and_named(flawed_source, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--source", str(flawed_source), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("classifier: shipped, sha256 ") and "off domain" in printed
    assert json.loads((out / "pipeline.json").read_text())["classifier"] in printed


def test_a_dry_run_prints_the_plan_and_writes_nothing(flawed_source, tmp_path, capsys):
    assert main(["--source", str(flawed_source), "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "read -> classify -> clean -> exact_duplicates -> near_duplicates -> mask" in printed
    assert "measured on a sample of it" in printed
    assert all(f"{name}:" in printed for name in ("time", "memory", "disk"))
    assert not (tmp_path / "out").exists()


def test_a_dry_run_of_books_fetches_none(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("httpx.stream", lambda *_, **__: pytest.fail("asked for a book"))
    arguments = ["--source", "gutenberg:1,2,3", "--out", str(tmp_path / "out"), "--dry-run"]
    assert main([*arguments, "--workers", "2", "--engine", "ray"]) == 0
    printed = capsys.readouterr().out
    assert "3 books to fetch" in printed and "ray, 2 workers" in printed
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--source", "gutenberg:x"), "numbers of books"),
        (("--source", "nowhere"), "nowhere is not a folder"),
        (("--questions", "{bad}"), "not JSON"),
        (("--settings", "{typo}"), "typo.yaml, setting 'maskin': unknown; allowed here: "),
    ],
)
def test_wrong_input_is_one_line_and_status_2(flawed_source, tmp_path, capsys, change, message):
    (tmp_path / "bad.jsonl").write_text("{\n")
    (tmp_path / "typo.yaml").write_text("maskin: {}\n")
    flag, value = change
    value = value.format(bad=tmp_path / "bad.jsonl", typo=tmp_path / "typo.yaml")
    arguments = {"--source": str(flawed_source), "--out": str(tmp_path / "out")} | {flag: value}
    assert main([x for pair in arguments.items() for x in pair]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("pipeline: ") and message in line


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "masking: {regions: [UK]}",
            "'masking.regions': unknown region 'UK'; did you mean 'GB'?",
        ),
        ("masking: {regions: [US, gb]}", "unknown region 'gb'; did you mean 'GB'? allowed: AC, AD"),
        ("masking: {regions: [XX]}", "unknown region 'XX'; allowed: AC, AD"),
        ("masking: {kinds: []}", "names no kind; allowed: URL, EMAIL"),
        ("clean: {min_words: 50, max_words: 20}", "every document would be dropped; allowed: min"),
        ("source: {text_fields: []}", "no row could be read; the default: text, abstract"),
        ("source: {passage_words: 500}", "longest_passage_words = 250"),
        (
            "source: {text_fields: text}",
            "'source.text_fields': needs a list, such as [a, b], not 'text'",
        ),
        (
            "clean:",
            "such as {name: value}, not None; allowed: enabled, junk",
        ),
    ],
)
def test_settings_that_can_do_nothing_are_refused(tmp_path, capsys, written, message):
    (tmp_path / "s.yaml").write_text(written)
    arguments = ["--source", str(tmp_path), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--settings", str(tmp_path / "s.yaml")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_settings_of_comments_alone_are_the_defaults(tmp_path):
    (tmp_path / "s.yaml").write_text("# masking: {enabled: false}\n")
    assert load_settings(tmp_path / "s.yaml", False) == PipelineSettings()


def test_an_unwritable_folder_is_one_line(flawed_source, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--source", str(flawed_source), "--out", str(tmp_path / "file" / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("a setting"), WRONG_INPUT),
        (AccountingError("does not add up"), FOUND),
        (PermissionError("a folder"), WRONG_INPUT),
        (EngineError("a task"), OUTSIDE),
        (OSError(errno.ENOSPC, "no space left"), OUTSIDE),
    ],
)
def test_what_goes_wrong_is_one_line_and_its_exit_code(tmp_path, capsys, monkeypatch, error, code):
    def fail(*_):
        raise error

    monkeypatch.setattr("mucpt_utils.pipeline.run.run_pipeline", fail)
    assert main(["--source", "s", "--out", str(tmp_path)]) == code
    assert capsys.readouterr().err == f"pipeline: {error}\n"


def test_both_names_of_the_command_reach_it(flawed_source, tmp_path, capsys):
    arguments = ["--source", str(flawed_source), "--out", str(tmp_path), "--dry-run"]
    assert mucpt_utils_main(["pipeline", *arguments]) == 0
    plan = capsys.readouterr().out.splitlines()[:4]  # what follows is measured
    run = [sys.executable, "-m", "mucpt_utils.pipeline", *arguments]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[:4] == plan and plan[-1].startswith("engine")
