"""The cost of a profile: every number follows from its settings and from measured rates."""

import pytest

from mucpt_utils import paths
from mucpt_utils.config.settings import load_profile, profile_names
from mucpt_utils.scoring import models
from mucpt_utils.study import cost

SMALL = [
    "arms=[base, plain, soft_static]",
    "seeds=[0, 1]",
    "composition=[replay]",
    "alignment=null",
]


def rows(profile, results):
    return cost.estimate(profile, results).set_index("quantity")


def test_tokens_and_runs_by_hand(tmp_path):
    profile = load_profile("smoke", SMALL)
    # plain and soft_static, and the axis's changed level with plain, at two seeds
    assert cost.run_count(profile) == (2 + 1) * 2
    assert cost.trained_tokens(profile) == 40_000 + 2 * 10_000 + 6 * 8_000
    assert cost.scored_tokens(profile) == round(0.8 * 8_000) * 3
    found = rows(profile, tmp_path)
    size = models.parameters(models.from_scratch(profile.model, profile.vocabulary, 0))
    assert found.loc["parameters", "value"] == size
    work = 6 * size * cost.trained_tokens(profile)
    hours = work / (0.35 * 989e12) / 3600
    assert found.loc["training", "value"] == pytest.approx(hours)
    assert found.loc["training", "basis"].startswith("assumed")


def test_a_measured_gpu_takes_the_place_of_the_assumption(tmp_path):
    folder = tmp_path / "gpu" / "tables"
    folder.mkdir(parents=True)
    (folder / "speed.csv").write_text(
        "what,ours,peer,ratio,unit,machine\n"
        f"{cost.PEAK},5e14,,,flop/s,NVIDIA X\n{cost.SHARE},2e14,5e14,0.4,flop/s,NVIDIA X\n"
    )
    rate = cost.gpu_rate(tmp_path)
    assert rate.value == pytest.approx(2e14) and rate.basis == "measured: NVIDIA X"


def test_a_loaded_model_is_not_opened_and_its_base_not_trained():
    hub = load_profile("hub")
    assert cost.parameter_count(hub) == hub.pretrained.parameters
    longer = hub.override({"base.tokens": 10**9})
    assert cost.trained_tokens(longer) == cost.trained_tokens(hub)


def test_rates_of_the_committed_laptop_results_are_found():
    results = paths.ROOT / "results"
    assert 1e6 < cost.cpu_rate(results).value < 1e12
    assert 10 < cost.pipeline_rate(results).value < 1e6


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_costed_and_says_whether_it_was_run(name, capsys):
    assert cost.main([name]) == 0
    said = capsys.readouterr().out
    assert ("never run" in said) == (not cost.was_run(load_profile(name)))
    assert "GPU hours" in said and "disk" in said and "mucpt_utils.study.launch train" in said
    assert ("accelerate launch" in said) == (name == "paper")


def test_an_unknown_profile_is_one_line(capsys):
    assert cost.main(["huge"]) == 2
    assert (
        "allowed: confirmation, gpu, hub, laptop, overnight, paper, replication, smoke, surface"
        in capsys.readouterr().err
    )
