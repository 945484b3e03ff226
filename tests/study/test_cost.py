"""The cost of a profile: every number follows from its settings and from measured rates."""

import re

import pytest

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.settings import load_profile, profile_names
from mucpt_utils.scoring import models
from mucpt_utils.study import cost, own_work, parallel, work
from mucpt_utils.study.pace import Pace

SMALL = [
    "arms=[base, plain, soft_static]",
    "seeds=[0, 1]",
    "composition=[replay]",
    "alignment=null",
]


PACE = Pace(training=1000.0, scoring=4000.0, answering=50.0, start=6.0)


def rows(profile, results):
    return cost.estimate(profile, results).set_index("quantity")


def minutes(profile, measured=PACE):
    return cost.minutes_here(profile, measured).set_index("what")["minutes"]


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)


# --- the work of a profile ------------------------------------------------------------------------


def test_tokens_and_runs_by_hand(tmp_path):
    profile = load_profile("smoke", SMALL)
    # plain and soft_static, and the axis's changed level with plain, at two seeds
    assert work.run_count(profile) == (2 + 1) * 2
    assert work.amount(profile, "training") == 40_000 + 2 * 10_000 + 6 * 8_000
    # 12 subjects, 12 documents about each, of 100 words on the average
    assert work.corpus_tokens(profile) == 12 * 12 * 100 * 1.4
    held_out = (12 + 24) * 2 * 140  # of each run, and of the base
    assert work.amount(profile, "scoring") == work.corpus_tokens(profile) * 3 + 7 * held_out
    found = rows(profile, tmp_path)
    size = models.parameters(models.from_scratch(profile.model, profile.vocabulary, 0))
    assert found.loc["parameters", "value"] == size
    operations = 6 * size * work.amount(profile, "training")
    hours = operations / (0.35 * 989e12) / 3600
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
    assert hub.parameters == hub.pretrained.parameters
    longer = hub.override({"base.tokens": 10**9})
    assert work.amount(longer, "training") == work.amount(hub, "training")


def test_a_corpus_is_at_least_what_a_run_reads_of_it():
    paper = load_profile("paper")
    assert work.corpus_tokens(paper) == work.domain_tokens(paper) == 32_000_000_000


def test_reference_models_count_where_an_arm_uses_one():
    def trained(*changes):
        rows = work.work(load_profile("smoke", ["arms=[base, plain]", *changes]))
        return {row.what: row.jobs for row in rows}

    without = trained("composition=[]")
    assert "train reference models" not in without and "score the corpus" not in without
    on_an_axis = trained("composition=[coverage]")
    assert on_an_axis["train reference models"] == 2 and on_an_axis["score the corpus"] == 3
    given = trained("composition=[coverage]", "reference.pretrained=somewhere")
    assert "train reference models" not in given and given["score the corpus"] == 3


def test_questions_are_those_of_the_benchmark_and_its_twin():
    fewer = load_profile("smoke", ["world.subjects=6"])
    smoke = load_profile("smoke")
    twin = smoke.evaluation.general_questions
    asked = work.question_count(smoke) - twin
    assert asked == pytest.approx(2 * (work.question_count(fewer) - twin), abs=1) and asked > 12


def test_invented_subjects_are_asked_about_too():
    real = load_profile("real")
    alone = real.override({"world.invented": 0})
    twin = real.evaluation.general_questions
    share = real.world.subjects / real.world.tested
    assert work.question_count(alone) - twin == pytest.approx(
        share * (work.question_count(real) - twin), abs=1
    )


def test_steps_in_parts_are_read_twice_where_the_model_in_training_weighs_them():
    hub = load_profile("hub")
    whole = hub.override({"train.accumulate": 1})
    weighing = [n for n in hub.arms if (c := ARMS[n].tokens) and c.numerator == "dynamic"]
    more = work.amount(hub, "scoring") - work.amount(whole, "scoring")
    assert more >= len(weighing) * len(hub.seeds) * hub.train.tokens > 0
    assert "read steps for their weights" not in {each.what for each in work.work(whole)}


# --- here -----------------------------------------------------------------------------------------


def test_work_is_shared_out_by_the_settings(two_cores):
    profile = load_profile("laptop")
    by_stage = minutes(profile)
    assert by_stage["train the base"] == pytest.approx(profile.base.tokens / 1000 / 60, abs=0.05)
    at_compute = len(profile.seeds)  # plain with the reference model's compute, once a seed
    turns = -(-(work.run_count(profile) - at_compute) // 2)
    wanted = turns * profile.train.tokens / 1000 / 60
    assert by_stage["train arms and mixtures"] == pytest.approx(wanted, abs=0.05)
    assert by_stage["together"] == pytest.approx(by_stage.drop("together").sum(), abs=0.5)


def test_notebooks_own_work_goes_by_a_measured_run_and_the_speed_of_this_machine(
    two_cores, monkeypatch
):
    measured = own_work.OwnWork("laptop", {"00": 12.0, "08": 60.0, "site": 18.0}, start=3.0)
    monkeypatch.setattr(cost.own_work, "own_work", lambda profile: measured)
    assert minutes(load_profile("laptop"))["notebooks' own work"] == pytest.approx(3.0)  # 6 s here
    monkeypatch.setattr(cost.own_work, "own_work", lambda profile: None)
    guessed = minutes(load_profile("laptop"))["notebooks' own work"]
    assert guessed == pytest.approx(11 * own_work.GUESS / 60, abs=0.05)


def test_own_work_is_that_of_the_profile_or_of_laptop(tmp_path):
    table = tmp_path / "notebooks.csv"
    assert own_work.own_work("smoke", table) is None
    table.write_text("profile,notebook,again,start\nlaptop,05b,9,2\nlaptop,site,4,2\n")
    assert own_work.own_work("smoke", table) == ("laptop", {"05b": 9, "site": 4}, 2.0)
    table.write_text(table.read_text() + "smoke,00,5,3\n")
    assert own_work.own_work("smoke", table) == ("smoke", {"00": 5}, 3.0), "a number as it is named"
    assert own_work.own_work("evidence", table).profile == "laptop"


def test_the_minutes_follow_measurement_and_settings(two_cores):
    laptop = load_profile("laptop")
    fast = PACE._replace(training=2000.0)
    arms = "train arms and mixtures"
    assert minutes(laptop, fast)[arms] == pytest.approx(minutes(laptop)[arms] / 2, abs=0.1)
    shorter = load_profile("laptop", ["train.tokens=19000", "composition=[]"])
    assert minutes(shorter)[arms] < minutes(laptop)[arms] / 10
    assert minutes(laptop)["together"] > minutes(load_profile("smoke"))["together"]
    assert "tune" in minutes(load_profile("smoke")) and "tune" not in minutes(laptop)


def test_the_time_here_is_measured_and_a_loaded_model_told_by_its_cost(monkeypatch, two_cores):
    measured = []

    def measure(profile, document_tokens):
        measured.append((profile.name, document_tokens))
        return PACE

    monkeypatch.setattr(cost.machine, "measure", measure)
    monkeypatch.setattr(cost.recorded, "rates", lambda *_: None)  # nothing was run here
    smoke = load_profile("smoke")
    assert cost.time_here(smoke).equals(cost.minutes_here(smoke, PACE))
    assert "GPU hours" in set(cost.time_here(load_profile("hub"))["unit"])
    assert measured == [("smoke", 140)], "100 words"


# --- a large run ----------------------------------------------------------------------------------


def test_rates_of_the_committed_laptop_results_are_found():
    results = paths.RESULTS
    assert 1e6 < cost.cpu_rate(results).value < 1e12
    assert 10 < cost.pipeline_rate(results).value < 1e6


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_costed_and_says_whether_it_was_run(name, capsys):
    assert cost.main([name]) == 0
    said = capsys.readouterr().out
    assert ("never run" in said) == (not cost.was_run(load_profile(name)))
    assert "GPU hours" in said and "disk" in said and "mucpt_utils launch train" in said
    assert ("accelerate launch" in said) == (name == "paper")
    # `prepare` would train a reference model of 32B parameters in one process
    assert ("reference.pretrained=$REFERENCE_MODEL" in said) == (name == "paper")


@pytest.mark.parametrize("name", profile_names())
def test_the_commands_that_start_a_profile_can_share_out_its_batch(name):
    train = load_profile(name).train
    (launch,) = (one for one in cost.launch_commands(load_profile(name)) if " train " in one)
    if found := re.search(r"--nproc-per-node (\d+)", launch):
        assert train.batch_sequences % (train.accumulate * int(found[1])) == 0


def test_the_commands_that_start_a_profile_have_its_settings(capsys):
    assert cost.main(["smoke", "--set", "arms=[base, plain]"]) == 0
    commands = capsys.readouterr().out.partition("Start it with:\n")[2].splitlines()
    named = [line for line in commands if "smoke" in line]  # training reads the prepared folder
    assert len(named) == 3
    assert all(line.endswith(" --set 'arms=[base, plain]'") for line in named)


def test_an_unknown_profile_is_one_line(capsys):
    assert cost.main(["huge"]) == 2
    assert f"allowed: {', '.join(profile_names())}" in capsys.readouterr().err
