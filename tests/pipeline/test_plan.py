from pathlib import Path

import pytest
from flawed_corpus import OFF, QUESTION

from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.pipeline.plan import plan_stages

ORDER = ["classify", "clean", "contained", "exact_duplicates", "near_duplicates", "mask"]
ORDER += ["decontaminate"]


def names(settings, questions=(QUESTION,)):
    return [stage.name for stage in plan_stages(settings, Path("classifier"), questions)]


def test_everything_is_on_in_the_order_of_the_recipe():
    assert names(PipelineSettings()) == ORDER


@pytest.mark.parametrize(
    ("switch", "stage"),
    [
        ({"classifier": "off"}, "classify"),
        ({"clean": {"enabled": False}}, "clean"),
        ({"contained": {"enabled": False}}, "contained"),
        ({"exact_duplicates": False}, "exact_duplicates"),
        ({"near_duplicates": {"enabled": False}}, "near_duplicates"),
        ({"masking": {"enabled": False}}, "mask"),
        ({"decontamination": "off"}, "decontaminate"),
    ],
)
def test_each_switch_takes_its_stage_out_and_no_other(switch, stage):
    assert names(PipelineSettings(**switch)) == [name for name in ORDER if name != stage]


def test_without_questions_nothing_is_decontaminated():
    assert names(PipelineSettings(), questions=()) == ORDER[:-1]


def test_copies_are_found_before_they_are_dropped_and_a_report_drops_nothing(tmp_path):
    stages = {s.name: s for s in plan_stages(PipelineSettings(), tmp_path, [QUESTION])}
    jobs = {name: [j.name for j in s.jobs(tmp_path, tmp_path)] for name, s in stages.items()}
    assert jobs["near_duplicates"] == ["near-1", "near-2", "near-3", "near-4"]
    assert jobs["exact_duplicates"] == ["exact-1", "exact-2", "exact-3"]
    assert jobs["contained"] == ["contained-1", "contained-2"] and not stages["contained"].blocks
    assert not any(jobs[name] for name in ("classify", "clean", "mask", "decontaminate"))


def test_a_classifier_that_is_on_must_be_given():
    with pytest.raises(SettingsError, match="classifier='weights' needs classifier_path"):
        plan_stages(PipelineSettings(classifier="weights"), None, ())
    assert [s.name for s in plan_stages(OFF, None, [QUESTION])] == ["contained"]
