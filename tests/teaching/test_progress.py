"""One bar over a whole run: what kernels print becomes a share of all work, and few lines."""

import io

import pytest

from mucpt_utils.config.settings import load_profile
from mucpt_utils.study import cost, own_work, parallel, recorded
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import progress
from mucpt_utils.teaching.progress import Plan, Progress, planned

NUMBERS = ["00", "04", "05"]
PLAN = Plan({"04": {"reference models": 20.0}, "05": {"arms": 56.0}}, 3, 27)
BAR = "\r{}: {:3}%|████      | 5.1k/40k [00:01<00:03, 9.17ktoken/s]"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_bars_of_stages_become_the_share_of_the_run(clock):
    bar = Progress(PLAN, NUMBERS, io.StringIO())
    assert bar.done() == 0
    bar.begin(1)
    assert bar.done() == pytest.approx(8 / 100)
    bar.write(BAR.format("reference models", 50))
    assert bar.done() == pytest.approx((8 + 10) / 100)
    bar.begin(2)
    bar.write(BAR.format("arms", 25) + BAR.format("arms", 100))
    assert bar.done() == pytest.approx((8 + 28 + 56) / 100)
    bar.write(BAR.format("something else", 10))
    assert bar.done() == pytest.approx(0.92), "a stage that was not planned does not count"


def test_a_notebooks_own_seconds_are_the_measured_ones_where_there_are_any():
    plan = Plan({"05": {"arms": 56.0}}, own={"05": 4.0})
    assert plan.of("05") == 60.0 and plan.of("04") == own_work.GUESS


def test_time_left_follows_the_forecast_and_then_the_pace_of_the_run(clock):
    bar = Progress(PLAN, NUMBERS, io.StringIO())
    assert bar.left() == pytest.approx(100)
    clock[0] += 50
    bar.begin(2)
    bar.write(BAR.format("arms", 25))
    assert bar.left() == pytest.approx(50), "half of the work took 50 seconds"


def test_work_that_turns_out_to_exist_is_taken_from_the_plan(clock):
    bar, asked = Progress(PLAN, NUMBERS, io.StringIO()), []

    def replan(numbers):
        asked.append(numbers)
        return Plan({"05": {"arms": 6.0}}, 20, 27, PLAN.own)

    bar.begin(0, replan)
    assert not asked, "nothing is made here, so nothing is known that was not before"
    bar.begin(2, replan)
    assert asked == [NUMBERS[2:]]
    assert bar.plan.found == 20 and bar.plan.seconds["05"] == {"arms": 6.0}
    assert bar.plan.seconds["04"] == PLAN.seconds["04"], "what was done before still counts as done"
    assert bar.done() == pytest.approx((8 + 28) / (100 - 50))


def test_away_from_a_terminal_a_line_is_written_every_half_minute_at_most(clock):
    out = io.StringIO()
    bar = Progress(PLAN, NUMBERS, out)
    for second in range(120):
        clock[0] += 1
        bar.begin(1) if second == 0 else None
        bar.write(BAR.format("reference models", second % 100))
    lines = out.getvalue().splitlines()
    assert len(lines) == 4 and "\r" not in out.getvalue()
    assert "[2/3] 04 · reference models" in lines[0] and "left" in lines[0]


def test_a_bar_that_nobody_described_is_no_line_of_its_own(clock):
    out = io.StringIO()
    bar = Progress(PLAN, NUMBERS, out)
    bar.begin(0)
    for share in ("  0%", " 50%", "100%"):
        bar.write(f"\r{share}|█████     | 0.50/1.00 [00:14<00:14, 0.03job/s]")
    assert out.getvalue() == ""
    clock[0] += 31
    bar.write("\r  0%|          | 0.00/1.00 [00:45<?, ?job/s]")
    assert out.getvalue().count("\n") == 1 and "[1/3] 00 · about" in out.getvalue()


def test_in_a_terminal_one_line_is_drawn_again_and_cleared_for_whole_lines(clock):
    out = Terminal()
    bar = Progress(PLAN, NUMBERS, out)
    bar.begin(1)
    bar.write(BAR.format("reference models", 50))
    assert out.getvalue().count("\n") == 0 and out.getvalue().count("\r") == 2
    bar.say("[2/3] 04: 9 s")
    last = out.getvalue().rpartition("\r")[2]
    assert last == "[2/3] 04: 9 s\n"


def test_what_is_no_bar_is_passed_on(clock):
    out = io.StringIO()
    bar = Progress(PLAN, NUMBERS, out)
    assert bar.write("stage x is damaged: it is made again\n") == 37
    assert out.getvalue() == "stage x is damaged: it is made again\n"


def test_the_plan_says_what_is_found():
    assert PLAN.in_words() == "3 of 27 runs found, about 76 s of training to do"
    assert Plan({}, 27, 27).in_words() == "27 of 27 runs found, nothing is trained"
    assert Plan().in_words() == ""


def test_a_fresh_run_plans_all_its_work_where_it_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path))
    profile = load_profile("smoke")
    plan = planned(profile, ["03", "04", "05", "05b", "06", "07", "08"])
    assert plan.found == 0 and plan.runs > len(profile.arms)
    assert set(plan.seconds) == {"04", "05", "07"}
    assert set(plan.seconds["05"]) == {"arms", "alignment"}
    later = planned(profile, ["08"])
    assert set(later.seconds["08"]) >= {"arms", "composition"}, "08 makes what is missing"
    idle = planned(profile, ["00", "01"])
    assert not idle.runs and not idle.seconds and idle.own == plan.own


def test_a_reference_model_that_seeds_share_is_planned_once():
    profile = load_profile("laptop")
    assert profile.world.complementary and len(profile.seeds) > 2
    named = [job.arguments for job in progress.reference_jobs(Study(profile, "test"))]
    assert named == [(0,), (1,)]
    own = profile.override({"world.complementary": False})
    assert len(progress.reference_jobs(Study(own, "test"))) == len(profile.seeds)


def test_a_folder_of_real_text_adds_the_prose_lane_to_the_plan(tmp_path, monkeypatch):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    for name in ("music_prose", "general_prose"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("A short text about a song.\n")
    rendered = load_profile("smoke")
    profile = load_profile("smoke", [f"text={tmp_path}"])
    numbers = ["04", "05", "05b", "07"]
    without, plan = planned(rendered, numbers), planned(profile, numbers)
    assert plan.runs == without.runs + len(profile.prose.arms) * len(profile.seeds)
    assert set(plan.seconds["05"]) - set(without.seconds["05"]) == {
        *("base and corpora", "reference models", "prose arms")
    }
    assert plan.of("04") == without.of("04") and plan.of("07") == without.of("07")


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "5 s"), (119, "119 s"), (600, "10 min"), (7200, "2.0 h")]
)
def test_times_are_told_for_reading(seconds, told):
    assert progress.minutes(seconds) == told


def test_the_forecast_of_a_run_goes_by_finished_runs_of_its_model(monkeypatch):
    profile = load_profile("laptop")
    rates = recorded.Rates(training=2000.0, scoring=1.0, answering=1.0)
    monkeypatch.setattr(recorded, "rates", lambda *_: rates)
    monkeypatch.setattr(parallel, "sharing", lambda parameters: (4, 1))
    assert progress.seconds_a_token(profile) == pytest.approx(1 / 8000)
    monkeypatch.setattr(recorded, "rates", lambda *_: None)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(cost, "cpu_rate", lambda _: cost.Rate(12e9, "measured"))
    assert progress.seconds_a_token(profile) == pytest.approx(6 * profile.parameters / 24e9)
