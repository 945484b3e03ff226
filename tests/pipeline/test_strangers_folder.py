"""A stranger's folders: whatever stands in the way gives one clear line, or it works."""

import json
import os
import shutil
from pathlib import Path

import pytest

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.errors import OUTSIDE, WRONG_INPUT
from mucpt_utils.pipeline import accounting, command, run
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.outcome import dataset, finish
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents

TEXT = "The slow movement is led by an oboe, and strings answer it."
# reading and masking: what is read is kept
SETTINGS = PipelineSettings(
    classifier="off",
    clean={"enabled": False},
    contained={"enabled": False},
    near_duplicates={"enabled": False},
    exact_duplicates=False,
)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    rows = (json.dumps({"id": n, "text": f"{TEXT} {n}"}) for n in range(30))
    (folder / "a.jsonl").write_text("\n".join(rows))
    (folder / "b.txt").write_text(TEXT)
    return folder


def arguments(tmp_path, source, out="out", **changes):
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS.model_copy(update=changes).model_dump_json())  # JSON is YAML
    return ["--source", str(source), "--out", str(tmp_path / out), "--settings", str(settings)]


def one_error(capsys):
    """The only line of the errors, the bar of progress aside."""
    (line,) = [x for x in capsys.readouterr().err.splitlines() if x and "stage/s" not in x]
    return line


def outcome(folder):
    """The bytes of everything that a run leaves, its logs aside."""
    paths = (p for p in folder.rglob("*") if p.is_file() and "logs" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths}


# --- what stands in the place of the output -------------------------------------------------------

THEIRS = ["stages/plan.txt", "logs/diary.txt", "rejected/letter.txt", "dataset/data/own.parquet"]
THEIRS += ["pipeline.json", "funnel.csv", "quarantine.jsonl", "report.html"]


@pytest.mark.parametrize("name", THEIRS)
def test_files_of_somebody_else_are_never_replaced(source, tmp_path, capsys, name):
    file = tmp_path / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("[1]")
    assert main(arguments(tmp_path, source)) == WRONG_INPUT
    assert f"--out holds {name.partition('/')[0]}" in one_error(capsys)
    left = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert left == [file] and file.read_text() == "[1]"


@pytest.mark.parametrize("record", ["[1]", "{}", "null", "{"])
def test_a_folder_that_looks_like_an_outcome_and_is_none_is_left_alone(
    source, tmp_path, capsys, record
):
    (tmp_path / "out/kept").mkdir(parents=True)
    (tmp_path / "out/kept/mine.txt").write_text(TEXT)
    (tmp_path / "out/pipeline.json").write_text(record)
    assert main(arguments(tmp_path, source)) == WRONG_INPUT
    assert "pipeline.json" in one_error(capsys)
    assert (tmp_path / "out/kept/mine.txt").read_text() == TEXT


def test_what_lies_among_the_stages_of_a_run_stays(source, tmp_path):
    assert main(arguments(tmp_path, source, keep_stages=True)) == 0
    (tmp_path / "out/stages/notes").mkdir()
    (tmp_path / "out/stages/notes/a.txt").write_text("mine")
    assert main(arguments(tmp_path, source)) == 0
    assert [p.name for p in (tmp_path / "out/stages").rglob("*")] == ["notes", "a.txt"]


def test_an_output_that_is_a_file_is_one_line(source, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    assert main(arguments(tmp_path, source)) == WRONG_INPUT
    assert one_error(capsys).endswith("out is a file; needed is a folder")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("target", ["link", "gone"])
@pytest.mark.parametrize("option", ["--source", "--out"])
def test_links_that_lead_nowhere_or_to_themselves_are_one_line(
    source, tmp_path, capsys, option, target
):
    (tmp_path / "link").symlink_to(target)
    line = arguments(tmp_path, source)
    line[line.index(option) + 1] = str(tmp_path / "link")
    assert main(line) == WRONG_INPUT
    assert one_error(capsys).endswith("link is a link that leads nowhere, or to itself")


@pytest.mark.parametrize("option", ["--source", "--out"])
def test_a_folder_below_a_link_to_itself_is_one_line(source, tmp_path, capsys, option):
    (tmp_path / "link").symlink_to("link")
    line = arguments(tmp_path, source)
    line[line.index(option) + 1] = str(tmp_path / "link" / "below")
    assert main(line) == WRONG_INPUT
    assert "below" in one_error(capsys)


@pytest.mark.parametrize("option", ["--settings", "--questions", "--classifier"])
def test_files_behind_a_link_to_itself_are_one_line(source, tmp_path, capsys, option):
    (tmp_path / "link").symlink_to("link")
    line = arguments(tmp_path, source, classifier="filter")
    assert main([*line, option, str(tmp_path / "link")]) == WRONG_INPUT
    assert "link" in one_error(capsys)


# --- names ----------------------------------------------------------------------------------------

NAMES = ["a b", "new\nline", "song 🎵", "a::b", "file:", "[x]*?{y}", "~", "%20#", "-x", "n" * 255]


@pytest.mark.parametrize("name", NAMES)
def test_folders_of_any_name_work(tmp_path, name):
    source = tmp_path / name
    source.mkdir()
    (source / f"{name[:251]}.txt").write_text(TEXT)
    assert main(arguments(tmp_path, source, f"out/{name}")) == 0
    assert [d.text for d in read_documents(tmp_path / "out" / name / "kept")] == [TEXT]
    assert (tmp_path / "out" / name / "report.html").exists()


def test_names_that_are_no_text_work(tmp_path):
    place = os.fsencode(tmp_path / "in") + b"\xff\xfe"
    os.mkdir(place)
    with open(place + b"/b\xe9.txt", "w", encoding="utf-8") as file:
        file.write(TEXT)
    assert main(arguments(tmp_path, os.fsdecode(place), os.fsdecode(b"out\xff"))) == 0
    assert [d.id for d in read_documents(tmp_path / "out\udcff" / "kept")] == ["b\\xe9.txt#0000"]


def test_a_home_folder_is_found_where_the_shell_leaves_its_sign(tmp_path, monkeypatch, source):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(source)
    assert main(["--source=~/in", "--out=~/out", *arguments(tmp_path, source)[4:]]) == 0
    assert (tmp_path / "out/report.html").exists() and not (source / "~").exists()


def test_a_relative_path_a_slash_and_a_link_name_the_same_folder(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(source)
    kept = []
    for name in (str(source), "in", "./in/", "in/../in", "link", "link/"):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        assert main([*("--source", name), *arguments(tmp_path, source)[2:]]) == 0
        kept.append([(d.id, d.text) for d in read_documents(tmp_path / "out/kept")])
    assert all(documents == kept[0] for documents in kept)


@pytest.mark.parametrize("again", [("--source", "other"), ("--out", "other")])
def test_a_source_that_is_given_twice_is_told(tmp_path, capsys, source, again):
    with pytest.raises(SystemExit) as ended:
        main([*arguments(tmp_path, source), *again])
    assert ended.value.code == WRONG_INPUT
    assert f"argument {again[0]}: is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--tasks", "--workers"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_there_is_at_least_one_task_and_one_worker(tmp_path, capsys, source, option, value):
    with pytest.raises(SystemExit) as ended:
        main([*arguments(tmp_path, source), option, value])
    assert ended.value.code == WRONG_INPUT
    assert "no whole number from 1 on" in capsys.readouterr().err


# --- sources --------------------------------------------------------------------------------------


def test_files_of_one_name_in_two_folders_are_two(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        (tmp_path / "in" / folder / "a.txt").write_text(f"{TEXT} {folder}")
    result = run_pipeline(tmp_path / "in", tmp_path / "out", SETTINGS)
    ids = [(d.id, d.metadata["source"]) for d in read_documents(result.kept)]
    assert ids == [("one/a.txt#0000", "one"), ("two/a.txt#0000", "two")]


def test_a_file_of_one_byte_is_read_and_an_empty_folder_is_one_line(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    assert main(arguments(tmp_path, tmp_path / "in")) == WRONG_INPUT
    assert one_error(capsys).endswith("in holds no file to read")
    (tmp_path / "in/a.txt").write_text("x")
    assert main(arguments(tmp_path, tmp_path / "in")) == 0
    assert [d.text for d in read_documents(tmp_path / "out/kept")] == ["x"]


def test_a_source_that_vanishes_while_it_is_read_is_quarantined(source, tmp_path, monkeypatch):
    read_stage = run.read_stage

    def vanishing(*work):
        for path in source.iterdir():
            path.unlink()
        return read_stage(*work)

    monkeypatch.setattr(run, "read_stage", vanishing)
    assert main(arguments(tmp_path, source)) == 0
    rows = (tmp_path / "out/quarantine.jsonl").read_text().splitlines()
    assert [json.loads(row)["reason"] for row in rows] == ["no such file or directory"] * 2
    assert "can be looked at now" in (tmp_path / "out/report.html").read_text()


def test_a_file_that_is_rewritten_meanwhile_is_read_anew_by_the_next_run(
    source, tmp_path, monkeypatch
):
    read_stage = run.read_stage

    def rewriting(*work):
        (source / "b.txt").write_text(f"{TEXT} Again.")
        return read_stage(*work)

    with monkeypatch.context() as patch:
        patch.setattr(run, "read_stage", rewriting)
        assert main(arguments(tmp_path, source)) == 0
    (source / "b.txt").write_text(f"{TEXT} At last.")
    assert main(arguments(tmp_path, source)) == 0
    texts = {d.id: d.text for d in read_documents(tmp_path / "out/kept")}
    assert texts["b.txt#0000"] == f"{TEXT} At last."


def test_rows_of_very_many_sources_are_not_all_printed(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    rows = (json.dumps({"text": f"{TEXT} {n}", "source": f"s{n}"}) for n in range(500))
    (tmp_path / "in/a.jsonl").write_text("\n".join(rows))
    assert main(arguments(tmp_path, tmp_path / "in")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == command.MOST_PRINTED + 3 and "800 more rows in funnel.csv" in lines[-3]
    assert len((tmp_path / "out/report.html").read_bytes()) < 200_000


# --- a run that is killed, and a disk that is full ------------------------------------------------

RENAMED = "the page, written, is put in its place"
MOMENTS = {
    "documents are put in their place": (run, "link"),
    "the accounting is written": (accounting, "write_rows"),
    "the record is written": (run, "write_json"),
    "the stages go": (shutil, "rmtree"),
    "the dataset is written": (dataset.DatasetWriter, "close_file"),
    "the card is written": (finish, "write_card"),
    "the page is written": (finish, "write_page"),
    RENAMED: (Path, "replace"),
}


def killed(moment, command_line):
    """Runs the command in a process that is gone, as by kill -9, at a moment."""
    child = os.fork()
    if not child:
        owner, name = MOMENTS[moment]

        def gone(*passed, **_):
            if moment != RENAMED or passed[1].name == "report.html":
                os._exit(9)
            return os.replace(*passed)

        setattr(owner, name, gone)
        main(command_line)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bytes(source, tmp_path, moment):
    assert main(arguments(tmp_path, source, "whole")) == 0
    killed(moment, arguments(tmp_path, source))
    names = set(outcome(tmp_path / "out"))
    assert "report.html" not in names
    assert main(arguments(tmp_path, source)) == 0
    assert outcome(tmp_path / "out") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_killed_run_left_is_not_taken_for_an_earlier_one(source, tmp_path, moment):
    assert main(arguments(tmp_path, source, "whole")) == 0
    assert main(arguments(tmp_path, source)) == 0
    (source / "b.txt").write_text(f"{TEXT} Twice.")
    killed(moment, arguments(tmp_path, source))
    assert "report.html" not in outcome(tmp_path / "out")
    (source / "b.txt").write_text(TEXT)
    assert main(arguments(tmp_path, source)) == 0
    assert outcome(tmp_path / "out") == outcome(tmp_path / "whole")


@pytest.mark.parametrize("moment", ["the dataset is written", "the page is written"])
def test_a_disk_that_is_full_at_the_end_is_one_line(source, tmp_path, capsys, monkeypatch, moment):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*MOMENTS[moment], full)
        assert main(arguments(tmp_path, source)) == OUTSIDE
    assert one_error(capsys) == "pipeline: [Errno 28] No space left on device"
    assert main(arguments(tmp_path, source)) == 0
    assert (tmp_path / "out/dataset/README.md").exists()
