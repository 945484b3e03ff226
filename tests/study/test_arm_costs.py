"""What an arm costs, its reference model included."""

import pytest

from mucpt_utils.config.arms import ARMS, load_candidates
from mucpt_utils.config.scoring import RATIO_TEXT
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.study.arm_costs import operations
from mucpt_utils.study.price import passes, price_in_tokens

ALL = ARMS | load_candidates()
WHOLE, CUT = (TrainSettings(tokens=90, accumulate=parts) for parts in (1, 2))


@pytest.mark.parametrize(
    ("arm", "times"),
    [
        ("plain", 0),
        ("plain_compute", 0),
        ("base_loss", 1),
        ("tagger", 1),
        ("eslm", 0),
        ("rho1", 1),
        ("soft_dynamic", 1),
        ("selection_soft", 2),
        ("soft_surprise", 3),
        ("sites_tagger", 3),
        ("start_reference", 0),
        ("tagger_window", 0),
        ("tagger_window_start", 0),
        ("ratio_window", 0),
        ("oracle_sites", 0),
    ],
)
def test_the_corpus_is_read_as_often_as_an_arm_needs(arm, times):
    assert passes(ALL[arm]) == times


@pytest.mark.parametrize(
    ("arm", "tokens"),
    [
        *[("plain", 0), ("tagger", 100), ("start_reference", 60), ("selection_soft", 260)],
        ("ratio_window", 60 + 2 * 60 // 3),  # both models read all of a short text
        ("sites_window_start", 60 + 2 * 60 // 3),  # both models read a fifth of the corpus
        ("mixed_reference", 0),  # it reads a reference model's text, and no reference model
    ],
)
def test_the_price_of_an_arm_is_its_reference_model_and_a_third_of_what_it_reads(arm, tokens):
    assert price_in_tokens(ALL[arm], reference=60, corpus=300, train=WHOLE) == tokens


def test_of_a_long_text_of_the_reference_model_a_sample_is_read():
    arm = ALL["ratio_window_start"]
    price = price_in_tokens(arm, reference=120_000, corpus=300, train=WHOLE)
    assert price == 120_000 + 2 * RATIO_TEXT // 3


@pytest.mark.parametrize(
    ("arm", "again"), [("plain", 0), ("soft_static", 0), ("soft_dynamic", 90), ("eslm", 90)]
)
def test_a_step_in_parts_is_read_once_more_where_its_own_losses_weigh_it(arm, again):
    whole, cut = (price_in_tokens(ALL[arm], 60, 300, train) for train in (WHOLE, CUT))
    assert cut - whole == again // 3


def test_scoring_is_a_third_of_training():
    tokens = {"trained_tokens": 100, "scored_tokens": 300, "reference_tokens": 50}
    assert operations(tokens, 2) == 2 * 6 * (100 + 50 + 300 / 3)


def test_equal_compute_is_equal_up_to_what_an_arm_leaves_out(study):
    """`plain_compute` costs what an arm costs that has a reference model and scores with two, as
    the paper's arm does; one that compares the model in training leaves out the base's scoring."""
    from mucpt_utils.study.arm_costs import arm_costs

    rows = {row["arm"]: row for row in arm_costs(study)}
    assert rows["plain"]["relative_to_plain"] == 1
    assert rows["plain_compute"]["flops"] == pytest.approx(rows["soft_static"]["flops"], rel=0.01)
    assert rows["rho1"]["flops"] < rows["soft_static"]["flops"]
    assert rows["start_reference"]["scored_tokens"] == 0 and "base" not in rows


def test_equal_compute_is_that_of_the_arm_that_the_profile_names(study):
    from mucpt_utils.study.study import Study

    profile, more = study.profile, study.profile.reference_training.tokens
    named = Study(profile.override({"compute_of": "start_reference"}))
    assert named.budget(ARMS["plain_compute"]).tokens == profile.train.tokens + more
    assert named.budget(ARMS["plain"]).tokens == profile.train.tokens
