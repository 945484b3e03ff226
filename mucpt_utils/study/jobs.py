"""Stages made in parallel: finished ones are found, the rest goes to worker processes.

`run_files` and `aligned_files` say where finished runs are: tables are made from these, so nothing
that makes a table can start training.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mucpt_utils.config.axes import DEFAULT, MAIN, load_axes
from mucpt_utils.config.scoring import TAGGERS, Arm
from mucpt_utils.config.settings import Profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.invented import INVENTED
from mucpt_utils.study import parallel, preflight, stages
from mucpt_utils.study.grades import ANSWERS
from mucpt_utils.study.stages import Artifact
from mucpt_utils.study.study import Study


@dataclass(frozen=True)
class Job:
    """One stage to make: `study.<stage>(*arguments)`, and how many tokens it trains or scores."""

    study: Study
    stage: str
    arguments: tuple = ()
    tokens: float = 1.0
    reports: bool = False

    def find(self) -> Artifact | list[Artifact] | None:
        """The finished stage, or None if it or something before it is still to be made."""
        with stages.looking():
            try:
                return getattr(self.study, self.stage)(*self.arguments)
            except stages.NotMade:
                return None


def make(
    jobs: Sequence[Job], description: str, workers: int | None = None, unit: str = "token"
) -> None:
    """Make every stage that does not exist yet, under one progress bar.

    workers: processes at a time; by default what `parallel.sharing` finds for the models' size.
    unit: what the jobs' sizes count.
    """
    with stages.looking():  # look for all of them at once
        missing = [job for job in jobs if job.find() is None]
    sizes = (job.study.profile.parameters for job in missing)
    at_a_time, threads = parallel.sharing(max(sizes, default=0))
    parallel.run_jobs(
        _make,
        [
            (type(job.study), job.study.source.model_dump_json(), job.study.made_by)
            + (dict(job.study.arms), job.stage, job.arguments, job.reports)
            for job in missing
        ],
        sizes=[job.tokens for job in missing],
        workers=workers or at_a_time,
        threads=threads,
        description=description,
        unit=unit,
        preload=["mucpt_utils.training.trainer"],
    )


def _make(
    kind: type[Study],
    profile: str,
    made_by: str,
    arms: Mapping[str, Arm],
    stage: str,
    arguments: tuple,
    reports: bool,
    report: stages.Report,
) -> None:
    study = kind(Profile.model_validate_json(profile), made_by, arms=arms)
    getattr(study, stage)(*arguments, *([report] if reports else []))


def references(studies: Iterable[Study]) -> None:
    """Make corpora and base, and reference models and token losses if a study's arms use them.

    Raises SettingsError, before anything is made, if this machine is too small.
    """
    studies = list(studies)
    profile = studies[0].profile
    preflight.check(profile)
    base = Job(studies[0], "base", (), profile.base.tokens, True)
    # the classifier comes first: every corpus waits for it, and would otherwise wait for the base
    make([Job(studies[0], "classifier"), Job(studies[0], "general_tokens")], "general text")
    make([base, *(Job(s, "domain_tokens") for s in studies)], "base and corpora")
    scoring = [s for s in studies if any(s.arm(a).uses_reference for a in s.profile.arms)]
    signals = [job for s in studies for job in signals_of(s)]
    budget = profile.reference_training.tokens
    # one job per seed, from its reference model to its token losses: no core waits for another seed
    wanted = [Job(s, "base_losses") for s in scoring]
    wanted += [Job(s, "scores", (seed,), budget, True) for s in scoring for seed in s.profile.seeds]
    make(wanted, "reference models")
    make(signals, "tags, ratings and labels")


def signals_of(study: Study) -> list[Job]:
    """Stages of the signals other than losses that a study's arms use, each once."""
    arms = [study.arm(name) for name in study.profile.arms]
    focuses, seeds = {arm.focus for arm in arms}, study.profile.seeds
    jobs = [
        Job(study, "tags", (focus, seed))
        for focus, kind in TAGGERS.items()
        for seed in (seeds if kind.learns == "ratio" else seeds[:1])
        if focus in focuses
    ]
    if any(arm.chosen_by == "quality" for arm in arms):
        jobs.append(Job(study, "quality"))
    if any(arm.reads_labels for arm in arms):
        jobs.append(Job(study, "labels"))
    return jobs


def arms(study: Study) -> list[Job]:
    """Every arm of the main comparison at every seed."""
    return [run(study, arm, seed) for arm in study.profile.arms for seed in study.profile.seeds]


def alignment(study: Study) -> list[Job]:
    """Every arm of the main comparison at every seed, tuned on questions; none without settings."""
    options = study.profile.alignment
    if options is None:
        return []
    return [
        Job(study, "aligned_answers", (arm, seed), options.tokens, True)
        for arm in study.profile.arms
        for seed in study.profile.seeds
    ]


def composition(study: Study) -> list[Job]:
    """Every arm, level and seed of the profile's axes of data composition."""
    return [
        run(study.with_changes(level.set), arm, seed)
        for axis in study.profile.composition
        for level in load_axes()[axis].levels
        for arm in load_axes()[axis].arms
        for seed in study.profile.seeds
    ]


def levels(study: Study) -> list[Study]:
    """The study, then the study at every level of its axes, with the arms trained there."""
    changed = [
        study.with_changes({**level.set, "arms": asked_too(study, load_axes()[axis].arms)})
        for axis in study.profile.composition
        for level in load_axes()[axis].levels
        if level.set
    ]
    return [study, *changed]


def asked_too(study: Study, arms: Sequence[str]) -> tuple[str, ...]:
    """Arms of a level, preceded by the base if what it knew is a separate kind of facts."""
    needed = study.profile.evaluation.known_above is not None and "base" not in arms
    return ("base", *arms) if needed else tuple(arms)


def run(study: Study, arm: str, seed: int) -> Job:
    """The job of one arm at one seed: trained, asked and graded."""
    tokens = study.budget(study.arm(arm)).tokens if study.arm(arm).trained else 1.0
    return Job(study, "answers", (arm, seed), tokens, True)


# --- what is there --------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunFiles:
    """Where a finished run is, and its place in the study.

    folder: the run's, with `text.json`, `weights.npy` and the model. answers: its graded answers.
    covered: ids of the questions whose subject this seed's reference model knows. known_before: ids
    of the real questions whose answer the base knew, if the profile keeps these apart.
    """

    arm: str
    seed: int
    axis: str
    level: str
    folder: Path
    answers: Path
    covered: frozenset[str]
    known_before: frozenset[str] = frozenset()


def run_files(study: Study) -> list[RunFiles]:
    """Every run of the profile: arms by seeds, then each axis of composition, level by level.

    Raises NotMade for a run that does not exist yet.
    """
    files = main_files(study)
    for name in study.profile.composition:
        for level in load_axes()[name].levels:
            changed = study.with_changes(level.set)
            for arm in load_axes()[name].arms:
                for seed in study.profile.seeds:
                    files.append(files_of(changed, arm, seed, "answers", name, level.name))
    return files


def main_files(study: Study) -> list[RunFiles]:
    """The runs of the main comparison: arms by seeds. Raises NotMade for a missing one."""
    profile = study.profile
    return [files_of(study, arm, seed) for arm in profile.arms for seed in profile.seeds]


def aligned_files(study: Study) -> list[RunFiles]:
    """Every run of the main comparison after its tuning. Raises NotMade."""
    profile = study.profile
    return [
        files_of(study, arm, seed, "aligned_answers")
        for arm in profile.arms
        for seed in profile.seeds
    ]


def files_of(
    study: Study,
    arm: str,
    seed: int,
    stage: str = "answers",
    axis: str = MAIN,
    level: str = DEFAULT,
) -> RunFiles:
    """One run of a study. stage: that of its graded answers. Raises NotMade if it is missing."""
    with stages.looking():
        answered = getattr(study, stage)(arm, seed)
        asked = read_jsonl(study.world().path("questions.jsonl"))
    run = next(i for i in answered.record["inputs"] if i["name"].endswith(f"_{arm}"))
    subjects = study.covered(seed) if asked else set()
    covered = frozenset(q["id"] for q in asked if q["subject"] in subjects)
    folder = answered.folder.parent / run["folder"]
    place = (arm, seed, axis, level, folder, answered.path(ANSWERS))
    return RunFiles(*place, covered, known_before(study))


def known_before(study: Study) -> frozenset[str]:
    """Ids of the questions about real facts that the base answers, or whose key has more than
    `evaluation.known_above` under it; empty if that is not set. Raises NotMade without its answers.
    """
    above = study.profile.evaluation.known_above
    if above is None:
        return frozenset()
    with stages.looking():
        answers = study.answers("base", study.profile.seeds[0]).path(ANSWERS)
    return frozenset(
        row["question_id"]
        for row in read_jsonl(answers)
        if row["set"] == "questions"
        and row["stratum"] != INVENTED
        and (row["grade"] == "correct" or row["log_likelihood"] > above)
    )
