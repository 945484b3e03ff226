"""The half hour on a GPU, rehearsed on the processor: made here, run there, finished here."""

import json
import random
import shutil
import sys
import zipfile
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from accelerate.commands.launch import launch_command_parser

sys.path.insert(0, str(Path(__file__).parent / "benchmarks" / "gpu"))

import hour
import launched
import machine
import parcels
import shards
import steps

from mucpt_utils import paths
from mucpt_utils.io import read_jsonl, write_json, write_jsonl
from mucpt_utils.scoring import packages
from mucpt_utils.study import jobs, stages
from mucpt_utils.study.study import Study

ARMS = ["base", "plain", "soft_mixed"]
DIFFER = {"name", "purpose", "arms", "composition", "alignment"}  # of two steps of one study
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
        yield Rehearsal(root, patch, settings)


class Rehearsal:
    """Two work folders and a way to call a command in either."""

    def __init__(self, root, patch, settings):
        self.root, self.patch, self.settings = root, patch, settings

    def call(self, work, *command):
        self.patch.setenv("MUCPT_WORK", str(self.root / work))
        self.patch.setenv("MUCPT_RESULTS", str(self.root / "results"))
        plan = ["--plan", str(self.root / "plan.yaml")]
        needs = command[0] in ("make", "pack", "step", "shards", "bring")
        return hour.main([*map(str, command), *(plan if needs else [])])


@pytest.fixture(scope="module")
def brought(rehearsal):
    """A step: made and packed here, unpacked and run there, its stages brought here."""
    out, back, none = (rehearsal.root / name for name in ("out", "back", "none"))
    assert rehearsal.call("here", "make", 1) == 0
    # a carry that holds any checkout: how large this one has grown is not what is asked
    assert rehearsal.call("here", "pack", 1, out, "--carry", 1024) == 0
    assert rehearsal.call("there", "unpack", out) == 0
    # no time: nothing is begun; then all of it
    assert rehearsal.call("there", "step", 1, none, "--minutes", 0) == 0
    assert rehearsal.call("there", "step", 1, back, "--minutes", 10) == 0
    assert rehearsal.call("here", "bring", 1, back) == 0
    return rehearsal


def test_a_step_made_elsewhere_is_finished_here(brought):
    rows = read_jsonl(brought.root / "none" / "log.jsonl")
    assert rows and all("not begun" in row for row in rows)
    rows = read_jsonl(brought.root / "back" / "log.jsonl")
    runs = [row for row in rows if row["stage"] == "answers"]
    assert [row["arguments"][0] for row in runs] == ARMS
    assert all(0 < row["mfu"] < 1 for row in rows if "mfu" in row) and "mfu" in runs[1]
    # models stay there, everything else is found here, under the keys of this machine
    study = steps.study_of(1, brought.root / "plan.yaml")
    files = jobs.main_files(study)
    assert [run.arm for run in files] == ARMS
    for run in files:
        assert (run.folder / "text.json").is_file() and run.answers.is_file()
        assert not list(run.folder.rglob("*.safetensors"))
    with stages.looking():
        record = study.run("plain", 0).record
        assert record["elsewhere"]["sha256"] != record["sha256"]
        assert record["elsewhere"]["left_out"]
    assert brought.call("here", "step", 1, brought.root / "more") == 0
    assert not (brought.root / "more" / "log.jsonl").exists(), "nothing is left to do"


def test_what_a_step_took_is_a_table_that_grows_with_each_call(brought, capsys):
    (path,) = (brought.root / "results" / "gpu" / "measured").iterdir()
    rows = pd.read_csv(path)
    assert path.name == "step_1_log.csv" and rows["seconds"].gt(0).all()
    assert set(ARMS) == set(rows["arguments"][rows["stage"] == "answers"].str.split().str[0])
    again = brought.root / "back again"
    again.mkdir()
    known = read_jsonl(brought.root / "back" / "log.jsonl")[-1]
    write_jsonl(again / "log.jsonl", [known, {**known, "seconds": 1234.5}, {"not begun": "1 s"}])
    assert hour.keep_measured(hour.parsed(["bring", "1", str(again)])) == [path]
    assert pd.read_csv(path)["seconds"].tolist() == [*rows["seconds"], 1234.5]


@pytest.mark.parametrize("number", ["04", "05", "06"])
def test_a_notebook_runs_on_stages_that_came_without_weights(brought, number, capsys, monkeypatch):
    """What needs a model says in one line that its weights are not here; nothing is trained."""
    brought.patch.setenv("MUCPT_WORK", str(brought.root / "here"))
    monkeypatch.setattr(jobs.parallel, "run_jobs", refuse)
    (path,) = paths.NOTEBOOKS.glob(f"{number}_*.ipynb")
    names = {"__name__": "__main__"}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if cell.source.startswith("PROFILE ="):
                names |= {"PROFILE": "smoke", "SET": brought.settings}
    (said,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("Left out: "))
    base = steps.study_of(1, brought.root / "plan.yaml").base()
    assert base.folder.name in said or number == "06"
    assert f"run_all.sh smoke --only {'06' if number == '06' else '04'}" in said


def refuse(function, jobs, **options):
    """In place of what starts processes for jobs: there are none to start."""
    assert not jobs, "something would be made again"


def interrupted(*_):
    raise KeyboardInterrupt


def test_what_a_call_that_was_cut_off_had_finished_comes_with_the_next(
    brought, monkeypatch, capsys
):
    """Killed between its runs and its packing, the call leaves its log alone."""
    out, log = brought.root / "cut off", brought.root / "cut off" / "log.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(parcels, "pack", interrupted)
        with pytest.raises(KeyboardInterrupt):
            brought.call("there", "step", 1, out, "--again")
    log.write_text('{"stage": "answers", "arguments": ["plain", 0], "seconds": 2.5}\n')
    assert brought.call("here", "bring", 1, out) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "has no manifest.json" in said.err
    assert "step_1_log.csv" in said.out, "what was measured is kept"
    # 1. what is not known to have gone is packed: as if the first call had been cut off there
    known = paths.work().parent / "there" / hour.GONE
    gone = json.loads(known.read_text())
    write_json(known, gone | {"packed": []})
    assert brought.call("there", "step", 1, brought.root / "next") == 0
    assert json.loads(known.read_text()) == gone and gone["packed"]
    # 2. then nothing is, unless it is asked for: pieces may be lost on their way
    for more, packed in (((), 0), (("--again",), len(gone["packed"]))):
        assert brought.call("there", "step", 1, brought.root / "next", *more) == 0
        assert f"{packed} stages packed" in capsys.readouterr().out
    assert brought.call("here", "bring", 1, brought.root / "next") == 0


def test_the_weights_of_a_package_are_converted_once(tmp_path, monkeypatch):
    """Also where a carry is unpacked twice."""
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "there"))
    gguf = tmp_path / "smollm2-135m.gguf"
    gguf.write_bytes(b"weights")
    parcels.pack([gguf], tmp_path / "out", piece=10**6, total=10**6, models=True)
    converted = []

    def convert(path, folder, record):
        converted.append(path.name)
        write_json(folder / packages.SOURCE, record)

    monkeypatch.setattr(packages, "convert", convert)
    for _ in range(2):
        assert hour.main(["unpack", str(tmp_path / "out")]) == 0
    assert converted == [gguf.name] and not list((tmp_path / "there").rglob(gguf.name))


def test_what_time_has_cut_is_said_with_the_arms_that_are_whole(tmp_path):
    plan = {"steps": [{"profile": "smoke", "set": ["arms=[base, plain, rho1]"]}]}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan))
    options = hour.parsed(["bring", "1", "OUT", "--plan", str(tmp_path / "plan.yaml")])
    study = steps.study_of(1, options.plan)
    assert hour.finish(options, study, []).startswith("now: python -m mucpt_utils run smoke --set ")
    said = hour.finish(options, study, [jobs.run(study, "rho1", 1)])
    assert "arms: [base, plain] in the profile's file" in said
    options = hour.parsed(["bring", "1", "OUT"])
    assert hour.finish(options, steps.study_of(1), []).endswith("run gpu_real --commit-results")


def test_a_parcel_follows_another_on_the_same_machine(tmp_path):
    """The second has fewer pieces, and they bear the names of the first one's."""
    for number, size in ((1, 900), (2, 500)):
        (tmp_path / f"stage-{number}").mkdir()
        (tmp_path / f"stage-{number}" / "values").write_bytes(random.Random(number).randbytes(size))
        parcels.pack([tmp_path / f"stage-{number}"], tmp_path / "out", piece=300, total=10**6)
        pieces = sorted(path.name for path in (tmp_path / "out").glob("*.part"))
        for place, name in enumerate(pieces, 1):
            carry = tmp_path / f"{number} {name}"
            carry.mkdir()
            for each in (name, parcels.MANIFEST):
                shutil.copy(tmp_path / "out" / each, carry)
            assert parcels.gather(carry, tmp_path / "all") == pieces[place:]
        parcels.unpack(tmp_path / "all", tmp_path / "into")
        assert (tmp_path / "into" / f"stage-{number}" / "values").stat().st_size == size


def test_a_checkout_that_fills_a_carry_is_said_in_a_line(monkeypatch):
    with pytest.raises(machine.NoRoom, match="git sparse-checkout set") as caught:
        machine.room(10**6)
    assert "\n" not in str(caught.value)


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


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["check", "{}/nowhere"], "check: {}/nowhere/needed.json: no such file"),
        (["wheels", "{}/wheels", "--there", "{}/list"], "wheels: {}/list: no such file"),
        (["make", "1", "--plan", "{}/other.yaml"], "make: {}/other.yaml: no step 1; allowed: none"),
        (["unpack", "{}"], "unpack: {}/manifest.json: not the manifest of a parcel"),
    ],
)
def test_what_is_not_there_or_of_another_kind_is_one_line(arguments, told, tmp_path, capsys):
    (tmp_path / "other.yaml").write_text("levels: []\n")
    (tmp_path / "manifest.json").write_text("{}")
    assert hour.main([part.format(tmp_path) for part in arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(told.format(tmp_path)) and said.count("\n") == 1


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


def test_one_model_is_trained_whole_and_in_shards_with_the_same_losses(rehearsal, monkeypatch):
    """Two processes each; accelerate cuts no model for a processor, unless `launched` tells it."""
    monkeypatch.setattr(shards, "STEPS", 3)
    environments = {"whole": {}, "shards": launched.as_launched(shards.SETTINGS)}
    monkeypatch.setattr(
        shards,
        "launcher",
        lambda kind: launched.command(rehearsal.root / f"{kind}.py", 2, **environments[kind]),
    )
    assert rehearsal.call("there", "shards", 1, rehearsal.root / "shared") == 0
    whole, cut = read_jsonl(rehearsal.root / "shared" / "shards.jsonl")
    assert (whole["kind"], cut["kind"]) == ("whole", "shards")
    assert cut["largest_difference"] < 1e-4 and whole["first_loss"] > 0
    for row in (whole, cut):
        assert row["tokens_per_second"] > 0 and row["peak_host_GB"] > 0


@pytest.mark.parametrize(("gpus", "kind"), [(g, k) for g in (0, 1, 8) for k in ("whole", "shards")])
def test_what_starts_the_processes_is_a_command_of_accelerate(gpus, kind, monkeypatch):
    monkeypatch.setattr(shards.torch.cuda, "device_count", lambda: gpus)
    command = shards.launcher(kind)
    options = launch_command_parser().parse_args([*command[3:], "train", "folder"])
    assert options.num_processes == max(1, gpus) and options.cpu == (gpus == 0)
    assert options.training_script_args == ["launch", "train", "folder"]
    assert (options.config_file is not None) == (kind == "shards")
    assert options.multi_gpu == (kind == "whole" and gpus == 8)


def test_a_training_that_a_launcher_did_not_end_is_one_line(rehearsal, monkeypatch, capsys):
    monkeypatch.setattr(shards, "launcher", lambda kind: ["sh", "-c", "echo no room >&2; exit 9"])
    assert rehearsal.call("here", "shards", 1, rehearsal.root / "none") == 3
    assert capsys.readouterr().err.splitlines()[-1] == "shards: whole: no room"


def test_a_machine_with_torch_and_transformers_lacks_little():
    """The libraries of sources, pipeline, tables and figures stay at home."""
    wanted = machine.needed()
    there = [f"{name}==1" for name in machine.brought_by("torch", "transformers")]
    lacking = {pin.split("==")[0] for pin in machine.to_carry(wanted, there)}
    assert lacking >= {"accelerate", "gguf"} and "numpy" not in lacking
    assert not lacking & {"datatrove", "datasets", "pandas", "pyarrow", "scikit-learn", "scipy"}
    assert machine.brought_by(*wanted) == set(map(machine.normalised, wanted))


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


def test_a_checkout_takes_part_of_a_carry():
    assert 0 < machine.room(2**30) < 2**30


def test_every_step_of_the_plan_is_a_profile_that_loads():
    names = [steps.study_of(n).profile.name for n in (1, 2, 3)]
    assert names == ["gpu_real", "gpu_first", "gpu"]
    first, all_of_it = (steps.study_of(n).profile for n in (2, 3))
    same = first.model_dump(exclude=DIFFER)
    assert same == all_of_it.model_dump(exclude=DIFFER), (
        "the third goes on from the second's stages"
    )
    assert set(first.arms) <= set(all_of_it.arms)
    assert hour.main(["make", "9"]) == 2
