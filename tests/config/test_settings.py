"""Profiles: every shipped one is sound, everything wrong is one line that names what is allowed."""

import re

import pytest
import yaml
from pydantic import BaseModel

from mucpt_utils.config import settings
from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.files import validated
from mucpt_utils.config.settings import Profile, SettingsError, load_profile, profile_names

SHIPPED = profile_names()
SMOKE = (settings.PROFILES / "smoke.yaml").read_text()


def refused(name="smoke", *overrides):
    """The one line that says why a profile with overrides is not allowed."""
    with pytest.raises(SettingsError) as error:
        load_profile(name, list(overrides))
    message = str(error.value)
    assert message and "\n" not in message
    return message


@pytest.fixture
def own_profiles(tmp_path, monkeypatch):
    """A function that writes a profile `mine`, a changed copy of `smoke`."""
    (tmp_path / "smoke.yaml").write_text(SMOKE)
    monkeypatch.setattr(settings, "PROFILES", tmp_path)

    def write(text=None, **changes):
        text = yaml.safe_dump({**yaml.safe_load(SMOKE), **changes}) if text is None else text
        (tmp_path / "mine.yaml").write_text(text)

    return write


# --- shipped profiles -----------------------------------------------------------------------------


def test_the_promised_profiles_are_there():
    assert {"smoke", "laptop", "gpu"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_loads(name):
    profile = load_profile(name)
    assert profile.name == name
    assert "plain" in profile.arms and "base" in profile.arms
    assert len(set(profile.seeds)) == len(profile.seeds) >= 2


@pytest.mark.parametrize("name", SHIPPED)
def test_a_model_of_the_hub_has_a_pinned_revision(name):
    loaded = load_profile(name).pretrained
    if loaded is not None and not loaded.name.startswith("package:"):
        assert re.fullmatch(r"[\w-]+/[\w.-]+@[0-9a-f]{40}", loaded.name)


def test_large_models_are_trained_in_micro_batches_or_compute_activations_again():
    for name in ("hub", "paper"):
        for settings_of in ("train", "reference_training"):
            training = getattr(load_profile(name), settings_of)
            assert training.recompute or training.accumulate > 1, (name, settings_of)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("axis", load_axes())
def test_every_level_of_every_axis_fits_every_profile(name, axis):
    profile = load_profile(name)
    levels = [profile.override(level.set) for level in load_axes()[axis].levels]
    if axis in profile.composition:  # elsewhere a level may be what the profile has anyway
        assert len({level.model_dump_json() for level in levels}) == len(levels), "levels differ"


def test_a_profile_survives_json():
    profile = load_profile("smoke")
    assert Profile.model_validate_json(profile.model_dump_json()) == profile


def test_every_setting_of_the_project_is_described():
    def groups(model):
        for field in model.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield field.annotation
                yield from groups(field.annotation)

    found = set(groups(Profile))
    assert len(found) >= 8
    for group in found:
        assert group.__doc__, group
        assert group.model_config["extra"] == "forbid" and group.model_config["frozen"], group


# --- overrides ------------------------------------------------------------------------------------


def test_overrides_change_what_they_name_and_nothing_else():
    plain = load_profile("smoke")
    changed = load_profile(
        "smoke",
        [
            "train.tokens=20000",
            "train.learning_rate=1e-4",
            "seeds=[4, 5]",
            "metadata=[]",
            "pipeline.classifier=off",
            "reference.temperature=null",
        ],
    )
    assert changed.train.tokens == 20_000 and changed.train.learning_rate == 1e-4
    assert changed.seeds == (4, 5) and changed.metadata == ()
    assert changed.pipeline.classifier == "off"
    before, after = plain.model_dump(), changed.model_dump()
    differing = {key for key in before if before[key] != after[key]}
    assert differing == {"train", "seeds", "metadata", "pipeline"}
    assert {k for k in before["train"] if before["train"][k] != after["train"][k]} == {
        "tokens",
        "learning_rate",
    }


@pytest.mark.parametrize("word", ["off", "filter", "weights", "filter+weights"])
def test_off_is_a_word_and_no_boolean(word, own_profiles):
    assert load_profile("smoke", [f"pipeline.classifier={word}"]).pipeline.classifier == word
    own_profiles(f"{SMOKE}\npipeline: {{classifier: {word}}}\n")
    assert load_profile("mine").pipeline.classifier == word


@pytest.mark.parametrize("text, value", [("true", True), ("False", False), ("off", False)])
def test_switches_are_read(text, value):
    profile = load_profile("smoke", [f"pipeline.exact_duplicates={text}"])
    assert profile.pipeline.exact_duplicates is value


def test_the_last_of_equal_overrides_counts():
    assert load_profile("smoke", ["replay=0.1", "replay=0.3"]).replay == 0.3


def test_a_value_may_hold_an_equals_sign(tmp_path):
    folder = tmp_path / "a=b"
    folder.mkdir()
    assert load_profile("smoke", [f"text={folder}"]).text == str(folder)


def test_a_folder_of_text_is_found_wherever_the_process_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # notebooks run in a folder of their own
    assert load_profile("smoke", ["text=notebooks"]).text == "notebooks"


def test_override_leaves_the_profile_as_it_was():
    profile = load_profile("smoke")
    before = profile.model_dump_json()
    assert profile.override({"train.tokens": 5}).train.tokens == 5
    assert profile.model_dump_json() == before


# --- what is wrong, in one line -------------------------------------------------------------------


def test_an_unknown_profile_names_the_known():
    message = refused("huge")
    assert "unknown profile 'huge'" in message
    assert all(name in message for name in SHIPPED)


@pytest.mark.parametrize("name", ["../smoke", "smoke.yaml", "", "profiles/smoke"])
def test_a_profile_is_no_path(name):
    assert "unknown profile" in refused(name)


@pytest.mark.parametrize(
    "override, allowed",
    [
        ("tokens=5", "train"),
        ("train.token=5", "tokens"),
        ("train.tokens.more=5", "nothing stands below it"),
        ("train..tokens=5", "tokens"),
        ("pipeline.masking.nothing=1", "enabled"),
        ("reference.temperature.x=1", "nothing stands below it"),
        ("pretrained.name=x", "it is null here, and can be set whole alone"),
        ("seeds.0=1", "nothing stands below it"),
        ("render.registers.sonnet=1", "review"),
    ],
)
def test_an_unknown_key_names_the_known(override, allowed):
    message = refused("smoke", override)
    assert allowed in message and repr(override.split("=")[0]) in message


@pytest.mark.parametrize(
    "override, near",
    [
        ("train.token=5", "train.tokens"),
        ("tokens=5", "base.tokens' or 'reference_training.tokens' or 'train.tokens"),
        ("trian.tokens=5", "train.tokens"),
        ("train.learning-rate=1", "train.learning_rate"),
        ("bad_sites=1", "render.bad_sites"),
        ("seed=[1]", "seeds"),
        ("world.cover=1", "world.covered"),
    ],
)
def test_a_mistyped_setting_is_answered_with_the_one_meant(override, near):
    assert f"did you mean '{near}" in refused("smoke", override)


def test_nearly_right_names_are_answered_with_the_one_meant(own_profiles):
    assert "did you mean 'smoke'?" in refused("smok")
    assert "did you mean 'soft_static'?" in refused("smoke", "arms=[plain, soft_statc]")
    assert "did you mean 'replay'?" in refused("smoke", "composition=[repaly]")
    own_profiles(train={"tokens": 5, "learnin_rate": 1})
    said = refused("mine")
    assert "'train.learnin_rate': unknown; allowed here: accumulate" in said
    assert "did you mean 'learning_rate'?" in said and "mine.yaml" in said


@pytest.mark.parametrize(
    "override, setting",
    [
        ("train.tokens=true", "train.tokens"),
        ("replay=false", "replay"),
        ("seeds=[0, true]", "seeds"),
        ("reference.temperature=true", "reference.temperature"),
        ("alignment={tokens: true}", "alignment.tokens"),
        ("prose.train.tokens=true", "prose.train.tokens"),
        ("pipeline.clean.min_words=true", "pipeline.clean.min_words"),
    ],
)
def test_true_is_no_number(override, setting):
    assert f"setting {setting!r}: needs a number, not true or false" in refused("smoke", override)


@pytest.mark.parametrize("override", ["train.tokens", "=5", "", "train.tokens:5"])
def test_a_malformed_override_is_shown_how(override):
    message = refused("smoke", override)
    assert repr(override) in message and "KEY=VALUE" in message


@pytest.mark.parametrize("value", ["[1, 2", "{a: ", "'open", "a: b: c", "\t- x", "2024-13-01"])
def test_a_value_that_is_no_yaml_is_said(value):
    assert f"seeds={value}" in refused("smoke", f"seeds={value}").encode().decode("unicode_escape")


@pytest.mark.parametrize(
    "override, allowed",
    [
        ("train.tokens=0", "greater than or equal to 1"),
        ("train.tokens=many", "needs a whole number"),
        ("train.tokens=1.5", "needs a whole number"),
        ("train.optimiser=sgd", "'sgd' is not one of the allowed: muon, adamw"),
        ("train.learning_rate=-1", "greater than 0"),
        ("world.split=train", "'train' is not one of the allowed: test, dev"),
        ("world.covered=1.2", "less than or equal to 1"),
        ("replay=1", "less than 1"),
        ("seeds=[]", "at least 1"),
        ("seeds=[a]", "needs a whole number"),
        ("model.heads=3", "not a multiple of 2 * heads=3"),
        ("arms=[plain, magic]", "soft_static"),
        ("composition=[magic]", "replay"),
        ("pipeline.classifier=maybe", "filter+weights"),
        ("render.wrong_fact=2", "less than or equal to 1"),
        ("reference.temperature=0", "greater than 0"),
        ("text=/nowhere/at/all", "is not a folder"),
        ("seeds=[1, 2, 1]", "1 given twice"),
        ("train.accumulate=3", "not a multiple of accumulate=3"),
        ("train.learning_rate=.inf", "finite number"),
        ("reference.temperatures=[]", "at least 1 item"),
        ("reference.temperatures=[0]", "greater than 0"),
        ("arms=[]", "at least 1 item"),
        ("seeds=[-1]", "greater than or equal to 0"),
        ("arms=[plain, base, plain]", "plain given twice"),
        ("arms=plain", "needs a list"),
        ("prose.arms=[magic]", "soft_static"),
        ("composition=replay", "needs a list"),
        ("train=5", "needs settings of its own, such as {name: value}, not 5; allowed: accumulate"),
        ("train.tokens=", "needs a whole number"),
        ("metadata=perhaps", "needs a list"),
        ("seeds=0", "needs a list"),
        ("seeds=", "needs a list"),
        ("replay=-0.1", "greater than or equal to 0"),
        ("vocabulary=-5", "greater than or equal to 300"),
        ("train.accumulate=0", "greater than or equal to 1"),
        ("train.weight_decay=-1", "greater than or equal to 0"),
        ("evaluation.points=0", "greater than or equal to 1"),
        ("evaluation.points=1000000000", "less than or equal to 1000"),
        ("world.subjects=3", "greater than or equal to 4"),
        ("train.precision=float16", "'auto', 'float32' or 'bfloat16'"),
        ("train.tokens=[5]", "needs a whole number"),
        ("train.tokens={a: 5}", "needs a whole number"),
        ("model.hidden_size=big", "needs a whole number"),
        ("train.learning_rate=.nan", "finite number"),
        ("render.registers={news: 0}", "at least one above 0"),
        ("render.registers={}", "at least one above 0"),
        ("render.registers={sonnet: 1}", "allowed: encyclopaedia"),
        ("render.spam_documents=0.95", "add up to more than 0.9"),
        ("prose.reference=0.8", "less than 1 together"),
        ("prose={held_out: 0.5, calibration: 0.4}", "leaves none to train on"),
        (
            "world={subjects: 8, practice: 8, calibration: 4, general: 8, covered: 0.4, "
            "complementary: true}",
            "a half each",
        ),
        ("pretrained={package: smollm3}", "allowed: smollm2-135m"),
        ("pretrained={name: x}", "Field required"),
        ("alignment={}", "Field required"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(override, allowed):
    message = refused("smoke", override)
    assert allowed in message and "'smoke'" in message


def test_a_wrong_value_names_its_setting():
    assert "'train.tokens'" in refused("smoke", "train.tokens=0")
    assert "'model'" in refused("smoke", "model.heads=3")
    assert "'arms'" in refused("smoke", "arms=[magic]")
    assert "'prose.arms'" in refused("smoke", "prose.arms=[magic]")
    assert "'composition'" in refused("smoke", "composition=[magic]")
    assert "'text'" in refused("smoke", "text=/nowhere/at/all")
    assert "'seeds.1'" in refused("smoke", "seeds=[1, x]")


def test_a_profile_keeps_its_name(own_profiles):
    """Results lie in a folder of that name."""
    assert "'name'" in refused("smoke", "name=laptop")
    own_profiles(name="laptop")
    assert "'name': it is the name of the file" in refused("mine")


# --- a wrong profile file -------------------------------------------------------------------------


def test_an_own_profile_is_found(own_profiles):
    own_profiles(replay=0.35)
    assert profile_names() == ["mine", "smoke"]
    assert load_profile("mine").replay == 0.35


def test_a_profile_changes_what_it_names_of_the_one_it_is_like(own_profiles):
    own_profiles("like: smoke\npurpose: mine\nseeds: [7]\ntrain: {tokens: 4000}\n")
    mine, smoke = load_profile("mine"), load_profile("smoke")
    assert (mine.name, mine.purpose, mine.seeds, mine.train.tokens) == ("mine", "mine", (7,), 4000)
    assert mine.train.batch_sequences == smoke.train.batch_sequences == 4, "groups are merged"
    same = {"name", "purpose", "seeds", "train"}
    assert mine.model_dump(exclude=same) == smoke.model_dump(exclude=same)


def test_a_group_takes_the_place_of_none_and_none_that_of_a_group(own_profiles):
    own_profiles("like: smoke\nalignment: null\n")
    assert load_profile("smoke").alignment is not None and load_profile("mine").alignment is None
    (settings.PROFILES / "other.yaml").write_text("like: mine\nalignment: {tokens: 3000}\n")
    assert load_profile("other").alignment.tokens == 3000


@pytest.mark.parametrize("other", ["mine", "nothing", "[smoke]"])
def test_a_profile_is_like_another_one_that_is_there(own_profiles, other):
    own_profiles(f"like: {other}\n")
    message = refused("mine")
    assert "'mine', setting 'like'" in message and message.endswith("allowed: smoke")


def test_profiles_are_not_like_each_other_in_a_circle(own_profiles):
    own_profiles("like: smoke\n")
    (settings.PROFILES / "smoke.yaml").write_text("like: mine\n")
    message = refused("mine")
    assert "'smoke', setting 'like': 'mine' is not allowed" in message


def test_an_unknown_setting_in_a_file_names_the_known(own_profiles):
    own_profiles(repaly=0.1)
    message = refused("mine")
    assert "'repaly'" in message and "replay" in message and "train" in message
    own_profiles(train={"tokens": 5, "momentum": 1})
    message = refused("mine")
    assert "'train.momentum'" in message and "learning_rate" in message
    assert "replay" not in message, "only what is allowed in that place"


def test_every_group_of_settings_names_its_own(own_profiles):
    """Also for groups inside groups."""
    own_profiles()
    profile = load_profile("mine")

    def places(model, place=()):
        for name, field in type(model).model_fields.items():
            if isinstance(getattr(model, name), BaseModel):
                yield (*place, name), getattr(model, name)
                yield from places(getattr(model, name), (*place, name))
            assert field.annotation is not None

    found = list(places(profile))
    assert len(found) >= 10
    for place, group in found:
        data = profile.model_dump(mode="json")
        inner = data
        for part in place:
            inner = inner[part]
        inner["zzz"] = 1
        with pytest.raises(SettingsError) as error:
            validated(Profile, data, "mine")
        expected = ", ".join(sorted(type(group).model_fields))
        assert f"'{'.'.join(place)}.zzz'" in str(error.value)
        assert expected in str(error.value)


def test_a_missing_setting_is_named(own_profiles):
    own_profiles("purpose: none\n")
    assert "required" in refused("mine")


@pytest.mark.parametrize(
    "text", ["", "- a list", "just text", "seeds: [1", "a: b: c", "\tx: 1", "!!python/object:os x"]
)
def test_a_file_that_is_no_profile_is_said(own_profiles, text):
    own_profiles(text)
    assert "mine.yaml" in refused("mine")
