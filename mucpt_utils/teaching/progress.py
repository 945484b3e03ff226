"""One bar over all the work of a run, whatever its notebooks print.

Kernels draw a bar for each stage on their standard error. `Progress` replaces them: in a
terminal it draws one line that says which notebook of how many, the stage, how much of the run is
done and the time left; elsewhere it writes a line every half minute at most. Other output is
passed on.
"""

import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TextIO

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile
from mucpt_utils.study import own_work

if TYPE_CHECKING:
    from mucpt_utils.study.jobs import Job
    from mucpt_utils.study.lanes import ProseStudy
    from mucpt_utils.study.study import Study

# the description of a bar, and the notebooks that may make it, of which the first to run does
MAKERS = {
    "base and corpora": ("04", "05", "05b", "06", "07", "08"),
    "reference models": ("04", "05", "05b", "06", "07", "08"),
    "arms": ("05", "05b", "06", "07", "08"),
    "alignment": ("05", "05b"),
    "composition": ("07", "08"),
}
PROSE = ("05", "05b")  # the notebooks that make what the prose lane needs
# a bar of tqdm, with or without a description
BAR = re.compile(r"^(?:(?P<what>[^|\n]*?):)?\s*(?P<share>\d+)%\|")
LINE_SECONDS = 30.0  # between two lines if there is no terminal
KNOWN_FROM = 0.05  # share of the run from which its own pace gives the time left
WIDTH, CELLS = 100, 20  # characters of the line and of the bar in it


@dataclass(frozen=True)
class Plan:
    """The work of a run: forecast seconds by notebook (its number) and stage.

    found, runs: how many runs exist already, of how many. own: seconds by notebook beside its
    stages, as measured elsewhere (`own_work`), which the run itself corrects.
    """

    seconds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    found: int = 0
    runs: int = 0
    own: Mapping[str, float] = field(default_factory=dict)

    def of(self, number: str) -> float:
        """The seconds of one notebook."""
        return self.own.get(number, own_work.GUESS) + sum(self.seconds.get(number, {}).values())

    def in_words(self) -> str:
        """What exists and what is left to do, in a line; "" if nothing is trained."""
        if not self.runs:
            return ""
        work = sum(sum(stages.values()) for stages in self.seconds.values())
        todo = f"about {minutes(work)} of training to do" if work else "nothing is trained"
        return f"{self.found} of {self.runs} runs found, {todo}"


def planned(profile: Profile, numbers: Sequence[str]) -> Plan:
    """The plan of a profile's run of the numbered notebooks; finished stages cost nothing.

    Seconds are tokens by `seconds_a_token`.
    """
    measured = own_work.own_work(profile.name)
    own = measured.seconds if measured else {}
    if not any(number in makers for number in numbers for makers in MAKERS.values()):
        return Plan(own=own)
    from mucpt_utils.study import jobs, stages
    from mucpt_utils.study.lanes import ProseStudy
    from mucpt_utils.study.study import Study

    study = Study(profile, "run")
    parts = rendered_parts(study)
    runs = [*jobs.arms(study), *jobs.composition(study)]
    if profile.text is not None:
        lane = ProseStudy(profile, "run")
        parts += prose_parts(lane)
        runs += jobs.arms(lane)
    each = seconds_a_token(profile)
    seconds: dict[str, dict[str, float]] = {}
    with stages.looking():
        for part in parts:
            maker = next((number for number in part.makers if number in numbers), None)
            missing = sum(job.tokens for job in part.jobs if job.find() is None)
            if maker and missing:
                stage = seconds.setdefault(maker, {})
                stage[part.what] = stage.get(part.what, 0.0) + missing * each
        found = sum(job.find() is not None for job in runs)
    return Plan(seconds, found, len(runs), own)


def seconds_a_token(profile: Profile) -> float:
    """Seconds that this machine takes to train on one token, all its processes together.

    By finished runs of the profile's model (`study.recorded`) where there are any; otherwise by
    operations, 6 for each parameter, at the rate of the committed run.
    """
    from mucpt_utils.study import cost, parallel, recorded
    from mucpt_utils.study.price import OPERATIONS

    if rates := recorded.rates(profile, paths.work() / "stages"):
        return 1 / rates.training / parallel.sharing(profile.parameters)[0]
    rate = cost.cpu_rate(paths.RESULTS)
    of_a_core = rate.value if rate else 1e10
    return OPERATIONS["training"] * profile.parameters / of_a_core / parallel.cores()


@dataclass(frozen=True)
class Part:
    """Jobs under one bar. makers: the notebooks that may make them; the first to run does."""

    what: str
    makers: Sequence[str]
    jobs: Sequence["Job"]


def rendered_parts(study: "Study") -> list[Part]:
    """The parts that a study makes from rendered text, stage by stage."""
    from mucpt_utils.study import jobs

    work = {
        "base and corpora": [jobs.Job(study, "base", (), study.profile.base.tokens)],
        "reference models": reference_jobs(study),
        "arms": jobs.arms(study),
        "alignment": jobs.alignment(study),
        "composition": jobs.composition(study),
    }
    return [Part(what, MAKERS[what], todo) for what, todo in work.items()]


def prose_parts(lane: "ProseStudy") -> list[Part]:
    """The additional parts of the prose lane, stage by stage."""
    from mucpt_utils.study import jobs

    base = [jobs.Job(lane, "base", (), lane.profile.base.tokens)]
    return [
        Part("base and corpora", PROSE, base),
        Part("reference models", PROSE, reference_jobs(lane)),
        Part("prose arms", PROSE, jobs.arms(lane)),
    ]


def reference_jobs(study: "Study") -> list["Job"]:
    """The training of the reference models that a study's arms use."""
    from mucpt_utils.study import jobs
    from mucpt_utils.study.work import uses_reference

    profile = study.profile
    seeds = study.reference_seeds() if uses_reference(profile) else []
    tokens = profile.reference_training.tokens
    return [jobs.Job(study, "scores", (seed,), tokens) for seed in seeds]


class Progress:
    """A stream for the kernels' standard error. numbers: of the notebooks, in their order."""

    def __init__(self, plan: Plan, numbers: Sequence[str], out: TextIO | None = None):
        self.plan, self.numbers = plan, list(numbers)
        self.out = out or sys.stderr
        self.terminal = self.out.isatty()
        self.start = self.said = time.perf_counter()
        self.place, self.stage, self.drawn = 0, "", False
        self.stages: dict[str, float] = {}  # share done of each stage of this notebook

    def begin(self, place: int, replan: Callable[[Sequence[str]], Plan] | None = None) -> None:
        """Begin the notebook at a place (from 0).

        replan: the plan of the notebooks numbered so. It is asked again where this notebook has
        work to do by the plan so far: whether a stage exists is only known when what it is made
        from does, so that a plan made before counts as missing what is then found.
        """
        rest, past = self.numbers[place:], self.numbers[:place]
        if replan and self.plan.seconds.get(rest[0]):
            before = {n: self.plan.seconds[n] for n in past if n in self.plan.seconds}
            fresh = replan(rest)
            self.plan = replace(fresh, seconds={**before, **fresh.seconds})
        self.place, self.stage, self.stages = place, "", {}
        self.show()

    def say(self, line: str) -> None:
        """Print a whole line above the bar."""
        self.clear()
        print(line, file=self.out, flush=True)
        self.said = time.perf_counter()

    def write(self, text: str) -> int:
        """Take what a kernel prints: bars are absorbed, everything else is passed on."""
        for piece in re.split(r"[\r\n]+", text):
            if bar := BAR.match(piece):
                self.stage = (bar["what"] or "").strip()
                self.stages[self.stage] = int(bar["share"]) / 100
                self.show()
            elif piece.strip() and "\x1b[A" not in piece:
                self.say(piece)
        return len(text)

    def flush(self) -> None:
        """Do nothing, since everything is written at once."""

    def isatty(self) -> bool:
        """Whether a bar is drawn."""
        return self.terminal

    def done(self) -> float:
        """The share of the whole run that is done, by forecast seconds."""
        every = [self.plan.of(number) for number in self.numbers]
        number = self.numbers[self.place]
        now = sum(
            seconds * self.stages.get(what, 0.0)
            for what, seconds in self.plan.seconds.get(number, {}).items()
        )
        return (sum(every[: self.place]) + now) / sum(every)

    def left(self) -> float:
        """Seconds left: by the forecast and, once some of the run is done, by its own pace."""
        share, elapsed = self.done(), time.perf_counter() - self.start
        if share >= KNOWN_FROM:
            return elapsed * (1 - share) / share
        return (1 - share) * sum(map(self.plan.of, self.numbers))

    def in_words(self) -> str:
        """The line: notebook of how many, stage, share of the run, time left."""
        share = self.done()
        bar = "█" * round(share * CELLS)
        stage = f" · {self.stage} {self.stages[self.stage]:.0%}" if self.stage else ""
        step = f"[{self.place + 1}/{len(self.numbers)}] {self.numbers[self.place]}{stage}"
        return f"{share:4.0%} {bar:·<{CELLS}} {step} · about {minutes(self.left())} left"[:WIDTH]

    def show(self) -> None:
        """Draw the bar in a terminal; elsewhere write a line if the last one is long ago."""
        if self.terminal:
            print(f"\r{self.in_words():<{WIDTH}}", end="", file=self.out, flush=True)
            self.drawn = True
        elif time.perf_counter() - self.said >= LINE_SECONDS:
            self.say(self.in_words())

    def clear(self) -> None:
        """Remove the bar before something else is written."""
        if self.drawn:
            print(f"\r{'':<{WIDTH}}\r", end="", file=self.out, flush=True)
            self.drawn = False


def minutes(seconds: float) -> str:
    """A time for reading: seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
