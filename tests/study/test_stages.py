"""Stages are made once, found again, made anew when what went in changes, and repaired."""

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mucpt_utils.config.scoring import Arm
from mucpt_utils.io import digest, write_text
from mucpt_utils.paths import ROOT
from mucpt_utils.study import stages
from mucpt_utils.study.stages import RECORD, Stage, build, content_digest, lineage, load
from mucpt_utils.text.sources.folders import is_stage_record


class Maker:
    """What makes a stage of one file, and counts how often it was asked to."""

    def __init__(self, text="hello"):
        self.text, self.calls = text, 0

    def __call__(self, folder):
        self.calls += 1
        (folder / "out.txt").write_text(self.text)


class Loose(Stage):
    """A stage whose maker may be anything that takes a folder; `code` stands for its closure."""

    code = "1"

    def __post_init__(self):
        make = self.make
        object.__setattr__(self, "make", lambda folder, *_, **__: make(folder))

    def check_code(self):
        """Its code is this test's."""

    def key(self):
        inputs = {name: artifact.sha256 for name, artifact in self.inputs.items()}
        return digest([self.name, self.settings_as_json(), inputs, self.code])


@pytest.fixture
def stage(tmp_path):
    """`build` with this test's own root."""

    def go(make, name="stage", settings=None, inputs=(), code="1", made_by=""):
        declared = Loose(name, make, {i.name: i for i in inputs}, settings or {})
        object.__setattr__(declared, "code", code)
        return build(declared, tmp_path / "stages", made_by)

    return go


# --- made once, found again -----------------------------------------------------------------------


def test_a_stage_is_made_once_and_found_again(stage):
    make = Maker()
    first, second = stage(make, settings={"a": 1}), stage(make, settings={"a": 1})
    assert make.calls == 1
    assert first == second
    assert second.path("out.txt").read_text() == "hello"


def test_the_record_says_how_it_was_made(stage, tmp_path):
    parent = stage(Maker("x"), "parent", made_by="01_data")
    made = stage(Maker(), settings={"rate": 0.5, "név": "é"}, inputs=[parent], made_by="02_clean")
    record = json.loads((made.folder / RECORD).read_text(encoding="utf-8"))
    assert record == made.record
    assert record["name"] == made.name == "stage"
    assert record["settings"] == {"rate": 0.5, "név": "é"}
    assert record["made_by"] == "02_clean"
    assert record["inputs"] == [
        {"name": "parent", "sha256": parent.sha256, "folder": parent.folder.name}
    ]
    assert record["sha256"] == made.sha256 == content_digest(made.folder)
    assert record["versions"]["torch"] and record["seconds"] >= 0
    assert str(tmp_path) not in json.dumps(record), "records name no folder of the machine"
    assert is_stage_record(made.folder / RECORD), "not read as text where a folder is a source"


@pytest.mark.parametrize("change", ["name", "settings", "input", "code"])
def test_whatever_goes_in_makes_a_new_stage_when_it_changes(stage, tmp_path, change):
    def asked(changed):
        parent = stage(
            Maker("changed" if changed and change == "input" else "x"),
            "parent",
            settings={"which": changed and change == "input"},
        )
        source = "x = 2" if changed and change == "code" else "x = 1"
        return {
            "name": "other" if changed and change == "name" else "stage",
            "settings": {"a": 2 if changed and change == "settings" else 1},
            "inputs": [parent],
            "code": source,
        }

    make = Maker()
    first, again = stage(make, **asked(False)), stage(make, **asked(False))
    assert make.calls == 1 and first.folder == again.folder
    other = stage(make, **asked(True))
    assert make.calls == 2 and other.folder != first.folder
    assert first.folder.is_dir(), "the earlier stage is kept"


def test_an_input_counts_by_content_not_by_how_it_was_made(stage):
    """A parent made anew with the same bytes does not make its children again."""
    make = Maker()
    for setting in (1, 2):
        parent = stage(Maker("same"), "parent", settings={"unimportant": setting})
        stage(make, inputs=[parent])
    assert make.calls == 1


def test_the_order_of_settings_does_not_matter(stage):
    make = Maker()
    stage(make, settings={"a": 1, "b": [1, 2]})
    stage(make, settings={"b": (1, 2), "a": 1})
    assert make.calls == 1


def test_settings_that_json_cannot_hold_are_refused(stage):
    with pytest.raises(TypeError):
        stage(Maker(), settings={"path": Path("x")})


def test_titles_only_name_an_arm(tmp_path):
    one, other = Arm(title="one way", role="control"), Arm(title="another")
    keys = {Loose("stage", Maker(), settings={"arm": arm}).key() for arm in (one, other)}
    assert len(keys) == 1
    half = Arm(title="one way", random_tokens=0.5)
    assert Loose("stage", Maker(), settings={"arm": half}).key() not in keys


def test_what_could_see_more_than_its_key_says_is_refused():
    hidden = 3

    def closes_over(folder, inputs, report):
        return hidden

    for make in (closes_over, Maker().__call__):
        with pytest.raises(TypeError, match="not a plain function"):
            Stage("stage", make)


# --- damage ---------------------------------------------------------------------------------------


def shorten(path):
    path.write_bytes(path.read_bytes()[:-6])


DAMAGES = {
    "changed": lambda folder: (folder / "out.txt").write_text("hullo"),
    "missing": lambda folder: (folder / "out.txt").unlink(),
    "added": lambda folder: (folder / "more.txt").write_text(""),
    "renamed": lambda folder: (folder / "out.txt").rename(folder / "tuo.txt"),
    "no record": lambda folder: (folder / RECORD).unlink(),
    "record cut off": lambda folder: shorten(folder / RECORD),
    "record is no object": lambda folder: (folder / RECORD).write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_stage_is_made_again_and_says_so(stage, caplog, damage):
    calls = []

    def make(folder):
        calls.append(folder)
        (folder / "out.txt").write_text("hello")

    first = stage(make)
    damage(first.folder)
    with caplog.at_level(logging.WARNING):
        second = stage(make)
    assert len(calls) == 2
    assert second.sha256 == first.sha256 and second.path("out.txt").read_text() == "hello"
    assert not (second.folder / "more.txt").exists()
    (warning,) = caplog.messages
    assert first.folder.name in warning and "damaged" in warning and "made again" in warning


def test_a_sound_stage_gives_no_warning(stage, caplog):
    make = Maker()
    stage(make), stage(make)
    assert caplog.messages == []


def test_what_was_never_made_is_none(tmp_path):
    assert load(tmp_path / "nothing") is None


# --- half-finished --------------------------------------------------------------------------------


def test_a_half_finished_stage_goes_on_from_what_it_had_left(stage, tmp_path):
    def make(folder):
        done = folder / "part1.txt"
        if not done.exists():
            done.write_text("one")
            raise KeyboardInterrupt
        (folder / "part2.txt").write_text("two")

    with pytest.raises(KeyboardInterrupt):
        stage(make)
    (left,) = (tmp_path / "stages").glob("stage-*")
    assert left.name.endswith(".partial") and (left / "part1.txt").read_text() == "one"
    made = stage(make)
    assert {p.name for p in made.folder.iterdir()} == {"part1.txt", "part2.txt", RECORD}
    assert not left.exists(), "the working folder became the stage"


def test_what_a_killed_process_was_writing_is_no_output(stage, tmp_path, monkeypatch):
    """A stage made after a kill has the digest, and what follows from it the key, of any other."""

    def make(folder):
        write_text(folder / "out.txt", "hello")

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", lambda *_, **__: None)  # a kill leaves no time for it
        patch.setattr(Path, "write_text", cut)
        patch.setattr(os, "getpid", lambda: 1)
        stage(make)
    assert len(list((tmp_path / "stages").glob("*.partial/out.txt.*"))) == 1
    assert stage(make).sha256 == stage(make, settings={"other": 1}).sha256


def cut(path, text, **_):
    """What is left of a file whose writer was killed."""
    path.write_bytes(text[:2].encode())
    raise KeyboardInterrupt


def test_a_stage_that_raised_can_be_tried_again(stage):
    def broken(folder):
        raise ValueError("broken stage")

    with pytest.raises(ValueError, match="broken stage"):
        stage(broken)
    assert stage(Maker()).path("out.txt").exists(), "the lock was given back"


# --- two processes --------------------------------------------------------------------------------


SLOW_STAGE = """
import sys, time
from pathlib import Path
from mucpt_utils.study import stages

root = Path(sys.argv[1])

def make(folder, inputs, report):
    with (root / "log").open("a") as stream:
        stream.write("made\\n")
    time.sleep(0.3)
    (folder / "out.txt").write_text("made")

stages.code_digest = lambda module: "1"
stages.changed_since_first = lambda module: False
made = stages.build(stages.Stage("slow", make), root / "stages")
print(made.path("out.txt").read_text())
"""


def python(code, *arguments):
    """Start a Python of its own that can import the package."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_at_once_make_it_once(tmp_path):
    processes = [python(SLOW_STAGE, tmp_path) for _ in range(3)]
    assert [process.communicate()[0] for process in processes] == ["made\n"] * 3
    assert (tmp_path / "log").read_text() == "made\n"


def test_a_file_system_without_locks_is_one_line(stage, monkeypatch):
    """As Lustre mounted without flock."""

    def without(handle, operation):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(stages.fcntl, "flock", without)
    with pytest.raises(stages.NoLocks, match="cannot be locked here .*MUCPT_WORK=DIR"):
        stage(Maker())


# --- digests --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    (made / "sub").mkdir(parents=True)
    (made / "a.txt").write_text("a")
    (made / "sub" / "b.txt").write_text("b")
    return made


def test_logs_and_the_record_do_not_count(folder):
    before = content_digest(folder)
    (folder / RECORD).write_text("{}")
    (folder / "sub" / "logs").mkdir()
    (folder / "sub" / "logs" / "today.log").write_text("12:00")
    assert content_digest(folder) == before
    (folder / "logs").write_text("a file of this name is output")
    assert content_digest(folder) != before


def test_names_contents_and_borders_count(folder):
    digests = {content_digest(folder)}
    (folder / "a.txt").rename(folder / "ab.txt")
    digests.add(content_digest(folder))
    (folder / "ab.txt").write_text("ab")
    digests.add(content_digest(folder))
    (folder / "ab.txt").rename(folder / "sub" / "ab.txt")
    digests.add(content_digest(folder))
    assert len(digests) == 4


def test_a_digest_is_the_same_in_another_process(folder):
    value = {"b": [1, 2.5, None], "a": "é"}
    code = (
        "import sys; from pathlib import Path; from mucpt_utils.study.stages import *;"
        "from mucpt_utils.io import digest;"
        f"print(digest({value!r}), content_digest(Path(sys.argv[1])))"
    )
    printed, _ = python(code, folder).communicate()
    assert printed.split() == [digest(value), content_digest(folder)]


# --- lineage --------------------------------------------------------------------------------------


def test_lineage_puts_inputs_first_and_each_stage_once(stage):
    facts = stage(Maker("facts"), "facts")
    corpus = stage(Maker("corpus"), "corpus", inputs=[facts])
    base = stage(Maker("base"), "base", inputs=[facts])
    run = stage(Maker("run"), "run", inputs=[base, corpus])
    records = lineage([run, base])
    assert [r["name"] for r in records] == ["facts", "base", "corpus", "run"]
    assert [r["folder"] for r in records][-1] == run.folder.name
    assert records[-1] == {"folder": run.folder.name, **run.record}


def test_lineage_passes_over_a_stage_that_was_deleted(stage):
    facts = stage(Maker("facts"), "facts")
    corpus = stage(Maker("corpus"), "corpus", inputs=[facts])
    shutil.rmtree(facts.folder)
    assert [r["name"] for r in lineage([corpus])] == ["corpus"]
