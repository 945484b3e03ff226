"""What cannot work is one line before anything starts: memory, disk, shares, points, a model."""

import pytest

from mucpt_utils import paths
from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.config.settings import SettingsError, load_profile, profile_names
from mucpt_utils.scoring import models, packages
from mucpt_utils.study import preflight
from mucpt_utils.teaching import runner

HUGE = 10**15


@pytest.fixture(autouse=True)
def small_machine(monkeypatch):
    """16 GB of memory, no GPU."""
    monkeypatch.setattr(preflight, "memory", lambda: 16 * 10**9)
    monkeypatch.setattr(preflight, "device_memory", lambda: 16 * 10**9)


def refused(*overrides, profile="smoke"):
    with pytest.raises(SettingsError) as error:
        preflight.check(load_profile(profile, list(overrides)))
    message = str(error.value)
    assert message and "\n" not in message
    return message


@pytest.mark.parametrize("name", ["smoke", "laptop", "evidence", "doses", "overnight", "gpu"])
def test_profiles_that_fit_pass(name):
    preflight.check(load_profile(name))


def test_every_shipped_profile_is_checked_without_a_model():
    for name in profile_names():
        profile = load_profile(name)
        try:
            preflight.check(profile)
        except (SettingsError, packages.ModelMissing) as error:
            assert profile.pretrained, f"{name}: {error}"


@pytest.mark.parametrize(
    ("override", "setting"),
    [
        (f"train.tokens={HUGE}", "train.tokens"),
        (f"base.tokens={HUGE}", "base.tokens"),
        (f"reference_training.tokens={HUGE}", "reference_training.tokens"),
        (f"alignment.tokens={HUGE}", "alignment.tokens"),
        (f"train.batch_sequences={HUGE}", "train.batch_sequences"),
        (f"model.context={HUGE}", "reference_training.batch_sequences"),
        (f"model.layers={HUGE}", "model"),
        (f"vocabulary={HUGE}", "model"),
        (f"model.intermediate_size={HUGE}", "model"),
    ],
)
def test_what_is_larger_than_the_memory_is_named(override, setting):
    said = refused(override)
    assert f"'{setting.split('.')[0]}" in said and "this machine has 16 GB" in said


def test_hidden_states_of_a_step_count(monkeypatch):
    wide = ["train.batch_sequences=1000000", "train.tokens=1"]
    said = refused(*wide)
    assert "'train.batch_sequences' needs at least 32.8 GB" in said
    cut = load_profile("smoke", [*wide, "train.accumulate=1000000"])
    preflight.check(cut)


def test_a_loaded_model_too_large_for_the_machine_says_where_to_look():
    said = refused(profile="paper")
    assert "'pretrained' needs at least 393 GB" in said and "mucpt_utils cost" in said


def test_a_model_that_is_not_there_is_said(tmp_path, monkeypatch):
    for name in (tmp_path / "nothing", "./nothing.gguf", "nothing.GGUF"):
        assert f"there is no {name}" in refused(f"pretrained.name={name}", profile="hub")
        assert f"there is no {name}" in refused(f"reference.pretrained={name}", profile="hub")
    monkeypatch.setattr(packages, "model_folder", lambda name: tmp_path / name)
    with pytest.raises(packages.ModelMissing, match="models get smollm2-135m"):
        preflight.check(load_profile("real"))
    # a model of the hub is not looked for; whether this disk would hold it is another question
    disk_of(monkeypatch, 1e15)
    preflight.check(load_profile("hub", ["pretrained.name=some/hub-name"]))


@pytest.mark.parametrize("setting", ["pretrained.name", "reference.pretrained"])
def test_a_model_is_named_by_its_whole_path(setting, tmp_path, monkeypatch):
    """The notebooks run in a folder of their own, so they would look elsewhere."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    disk_of(monkeypatch, 1e15)
    for name in ("./models/mine", "models/mine"):
        said = refused(f"{setting}={name}", profile="hub")
        assert f"{setting!r}: needs the whole path, {tmp_path}/models/mine" in said
    for name in (tmp_path / "models" / "mine", "~/models/mine"):
        preflight.check(load_profile("hub", [f"{setting}={name}"]))
    assert packages.resolve("~/models/mine") == f"{tmp_path}/models/mine"
    said = refused(f"{setting}=~nobody.of.that.name/mine", profile="hub")
    assert "there is no ~nobody.of.that.name/mine" in said
    assert packages.is_local("~/models/mine")


def disk_of(monkeypatch, total):
    """A disk of so many bytes, in place of the machine's."""
    monkeypatch.setattr(
        preflight.shutil, "disk_usage", lambda folder: type("", (), {"total": total})
    )


def test_shares_that_leave_nothing_are_said():
    few = "train.tokens=1024"
    assert "'replay': 0.99 of the 8 sequences" in refused(few, "replay=0.99")
    assert "'world.covered': 0 of 12 subjects" in refused(
        "world.covered=0", "world.complementary=false"
    )
    preflight.check(
        load_profile(
            "smoke", ["arms=[base, plain]", "world.covered=0", "world.complementary=false"]
        )
    )


def test_a_disk_that_is_too_small_is_said(monkeypatch):
    disk_of(monkeypatch, 1e6)
    assert "the disk of" in refused() and "has 0.001 GB" in refused()


def test_a_run_is_refused_before_a_notebook_begins(monkeypatch, capsys):
    monkeypatch.setattr(runner, "execute", lambda *_: pytest.fail("a notebook was begun"))
    assert runner.main(["smoke", "--set", f"model.layers={HUGE}"]) == 2
    assert "needs at least" in capsys.readouterr().err
    assert not (paths.work() / "results" / "smoke" / "executed").exists()


@pytest.mark.parametrize("vocabulary", [300, 1024])
def test_parameters_are_counted_as_the_model_has_them(vocabulary):
    settings = ModelSettings(hidden_size=32, layers=3, heads=2, intermediate_size=44)
    made = models.from_scratch(settings, vocabulary, 0)
    assert settings.parameters(vocabulary) == models.parameters(made)
