"""The half hour on a GPU, rehearsed on the processor: made here, run there, finished here."""

import json
import random
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent / "benchmarks" / "gpu"))

import hour
import machine
import parcels
import steps

from mucpt_utils.io import write_json
from mucpt_utils.study import jobs, stages
from mucpt_utils.study.study import Study

ARMS = ["base", "plain", "soft_mixed"]
NOT_SET = ("name", "purpose")  # parts of a profile that are no settings


@pytest.fixture(scope="module")
def rehearsal(study, tmp_path_factory):
    """A plan, a work folder of this machine and one of the other."""
    root = tmp_path_factory.mktemp("hour")
    source = study.source.override({"arms": ARMS, "alignment": None, "composition": []})
    small = source.model_dump(mode="json", exclude_unset=True)
    settings = [
        f"{name}={json.dumps(value)}" for name, value in small.items() if name not in NOT_SET
    ]
    plan = {"steps": [{"profile": "smoke", "set": settings}]}
    (root / "plan.yaml").write_text(yaml.safe_dump(plan))
    here = steps.carried(Study(source))  # made once for the whole session
    for folder in here:
        shutil.copytree(folder, root / "here" / "stages" / folder.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        yield Rehearsal(root, patch)


class Rehearsal:
    """Two work folders and a way to call a command in either."""

    def __init__(self, root, patch):
        self.root, self.patch = root, patch

    def call(self, work, *command):
        self.patch.setenv("MUCPT_WORK", str(self.root / work))
        plan = ["--plan", str(self.root / "plan.yaml")]
        needs = command[0] in ("make", "pack", "step", "bring")
        return hour.main([*map(str, command), *(plan if needs else [])])


def test_a_step_made_elsewhere_is_finished_here(rehearsal, capsys):
    out, back = rehearsal.root / "out", rehearsal.root / "back"
    # made and packed here, unpacked there
    assert rehearsal.call("here", "make", 1) == 0
    assert rehearsal.call("here", "pack", 1, out) == 0
    assert rehearsal.call("there", "unpack", out) == 0
    # no time: nothing is begun; then all of it
    assert rehearsal.call("there", "step", 1, rehearsal.root / "none", "--minutes", 0) == 0
    rows = read_log(rehearsal.root / "none")
    assert rows and all("not begun" in row for row in rows)
    assert rehearsal.call("there", "step", 1, back, "--minutes", 10) == 0
    rows = read_log(back)
    runs = [row for row in rows if row["stage"] == "answers"]
    assert [row["arguments"][0] for row in runs] == ARMS
    assert all(0 < row["mfu"] < 1 for row in rows if "mfu" in row) and "mfu" in runs[1]
    # models stay there, everything else is found here, under the keys of this machine
    assert rehearsal.call("here", "bring", 1, back) == 0
    study = steps.study_of(1, rehearsal.root / "plan.yaml")
    files = jobs.main_files(study)
    assert [run.arm for run in files] == ARMS
    for run in files:
        assert (run.folder / "text.json").is_file() and run.answers.is_file()
        assert not list(run.folder.rglob("*.safetensors"))
    with stages.looking():
        record = study.run("plain", 0).record
        assert record["elsewhere"]["sha256"] != record["sha256"]
        assert record["elsewhere"]["left_out"]
    assert "3 of 3 runs" in capsys.readouterr().out
    assert rehearsal.call("here", "step", 1, rehearsal.root / "more") == 0
    assert not (rehearsal.root / "more" / "log.jsonl").exists(), "nothing is left to do"


def read_log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_pieces_come_in_several_carries_and_are_checked(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "values.npy").write_bytes(bytes(range(256)) * 40)
    parcels.pack([tmp_path / "stage"], tmp_path / "out", piece=100, total=10**6)
    pieces = sorted((tmp_path / "out").glob("*.part"))
    assert len(pieces) > 2
    first = tmp_path / "first"
    first.mkdir()
    for path in (pieces[0], tmp_path / "out" / "manifest.json"):
        shutil.copy(path, first)
    assert parcels.gather(first, tmp_path / "all") == [path.name for path in pieces[1:]]
    with pytest.raises(parcels.ParcelError, match="not been carried yet"):
        parcels.unpack(tmp_path / "all", tmp_path / "into")
    assert parcels.gather(tmp_path / "out", tmp_path / "all") == []
    assert parcels.unpack(tmp_path / "all", tmp_path / "into") == {}
    assert (tmp_path / "into" / "stage" / "values.npy").read_bytes()[:3] == b"\0\1\2"
    pieces[1].write_bytes(b"damaged")
    with pytest.raises(parcels.ParcelError, match="not the piece of the manifest"):
        parcels.gather(tmp_path / "out", tmp_path / "all")


def test_what_was_left_out_still_counts_in_the_digest_and_a_change_is_seen(tmp_path):
    stage = tmp_path / "run-1"
    (stage / "model").mkdir(parents=True)
    (stage / "model" / "model.safetensors").write_bytes(b"weights")
    (stage / "text.json").write_text("{}")
    write_json(stage / stages.RECORD, {"sha256": stages.content_digest(stage)})
    left = parcels.too_much([stage], total=10**6)
    assert list(left) == ["run-1/model/model.safetensors"]
    (stage / "model" / "model.safetensors").unlink()
    assert parcels.check(stage, left)["sha256"] != stages.content_digest(stage)
    (stage / "text.json").write_text("{ }")
    with pytest.raises(parcels.ParcelError, match="not those of its record"):
        parcels.check(stage, left)


def test_a_run_that_would_not_end_in_time_is_not_begun(monkeypatch):
    meter, clock = steps.Meter(), iter(range(10))
    monkeypatch.setattr(steps.time, "perf_counter", lambda: next(clock))
    job, asking = jobs.Job(None, "answers", tokens=600), jobs.Job(None, "answers")
    assert meter.expected(job) == 0, "the first of its kind is tried"
    meter.keep(asking, 5.0)
    assert meter.expected(job) == pytest.approx(5 * steps.MARGIN)
    for _ in range(6):
        meter.report(100.0)  # a step a second
    meter.keep(job, 12.0)
    assert meter.expected(job) == pytest.approx((6 + 6) * steps.MARGIN), "asking and training"


def test_text_of_every_level_and_signal_is_made_where_the_pipeline_is():
    study = steps.study_of(3)
    ready = steps.ready_without_a_gpu(study)
    metadata = {job.study.profile.metadata_in_corpus for job in ready}
    made = {job.stage for job in ready}
    assert metadata == {True, False} and made >= {"domain_tokens", "quality"}
    assert "tags" not in made, "the tagger reads a model's states"


def test_only_what_a_machine_lacks_is_carried():
    wanted = {"torch": "2.13", "nvidia-cublas": "1", "PyYAML": "6", "pydantic_core": "2.1"}
    assert machine.to_carry(wanted, ["pyyaml==5.0", "pip"]) == ["pydantic_core==2.1"]
    assert machine.missing(["pytest", "no-such-thing"]) == ["no-such-thing"]


def test_a_wheel_travels_without_its_large_data(tmp_path):
    data = random.Random(0).randbytes(machine.DATA + 1)
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        for name in ("a/list.bin", "a/code.so", "a/small.txt"):
            wheel.writestr(name, data if name != "a/small.txt" else "text")
    machine.slim(tmp_path / "a.whl")
    assert zipfile.ZipFile(tmp_path / "a.whl").namelist() == ["a/code.so", "a/small.txt"]
    assert 0 < machine.room() < 64 * 2**20


def test_every_step_of_the_plan_is_a_profile_that_loads():
    names = [steps.study_of(n).profile.name for n in (1, 2, 3)]
    assert names == ["real", "gpu", "gpu"]
    assert hour.main(["make", "9"]) == 2
