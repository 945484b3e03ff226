"""Axes and what their levels share, as notebook 07 shows them."""

from types import SimpleNamespace

from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.settings import load_profile
from mucpt_utils.teaching import composition


class Stages:
    """A study whose stages depend on the settings that a test names: stage -> setting."""

    def __init__(self, profile, depends):
        self.profile, self.depends = profile, depends

    def with_changes(self, changes):
        return Stages(self.profile.override(changes), self.depends)

    def __getattr__(self, stage):
        setting = self.depends.get(stage, "name")
        return lambda: SimpleNamespace(folder=str(getattr(self.profile, setting)))


def study(composition):
    profile = load_profile("smoke", [f"composition={composition}"])
    return Stages(profile, {"domain_tokens": "metadata_in_corpus", "raw_corpus": "render"})


def test_every_level_of_the_profiles_axes_is_listed_with_what_it_changes():
    table = composition.levels(study("[replay, wrong_facts]"))
    axes = [load_axes()[name] for name in ("replay", "wrong_facts")]
    assert list(table["level"]) == [level.name for axis in axes for level in axis.levels]
    first = table.iloc[0]
    assert (first["axis"], first["changes"], first["arms"]) == ("replay", "replay = 0.0", "plain")
    default = table[(table["axis"] == "wrong_facts") & (table["level"] == "as crawled")]
    assert list(default["changes"]) == ["nothing"]
    assert list(default["arms"]) == [", ".join(load_axes()["wrong_facts"].arms)]


def test_a_level_shares_the_stages_that_do_not_depend_on_it():
    table = composition.shared_stages(study("[metadata, wrong_facts]"))
    found = table.set_index(["axis", "level"])
    assert set(found.loc[("metadata", "present")]) == {"shared"}
    absent = found.loc[("metadata", "absent")]
    assert absent["domain_tokens"] == "made again" and absent["raw_corpus"] == "shared"
    none = found.loc[("wrong_facts", "none")]
    assert none["base"] == "shared" and none["raw_corpus"] == "made again"


def test_a_profile_without_axes_has_empty_tables():
    for show in (composition.levels, composition.shared_stages):
        table = show(study("[]"))
        assert table.empty and list(table.columns)[:2] == ["axis", "level"]
