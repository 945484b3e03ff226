"""The user's own data mixture: one settings file and one command put it beside the others.

    python -m mucpt_utils mixture FILE [PROFILE] [--cost] [--set KEY=VALUE]...

The file holds an axis in the form of `config/axes.yaml`: the profile's own data, and a level that
is named after the mixture and changes settings; all else stays as in the profile. Those of the
profile's own runs that exist are used, missing ones are made. Tables go to `mixtures/<name>` beside
the profile's, where notebook 09 finds them. The cost is printed before it starts; a wrong file is
refused before anything heavy is imported.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.config.axes import DEFAULT, MIXTURE, Axis, load_axes, read_axes
from mucpt_utils.config.files import SettingsError, shown
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import write_text

if TYPE_CHECKING:  # these import torch, which takes seconds
    import pandas as pd

    from mucpt_utils.analysis.runs import Run
    from mucpt_utils.study.jobs import Job
    from mucpt_utils.study.study import Study

TABLES = ("runs", "composition", "composition_differences")
EXAMPLE = paths.PACKAGE / "config/mixtures/no_wrong_facts_more_replay.yaml"
FILE = "mixture.yaml"  # in the folder of a trained mixture


def load(path: Path, profile: Profile | None = None) -> tuple[str, Axis]:
    """The name of the mixture in a file, and its axis: the profile's own data, and the mixture.

    profile: its settings are changed by the mixture; checked if given. Raises SettingsError, in one
    line, for what is not allowed.
    """
    (name, axis), *others = read_axes(path).items()
    where = f"{shown(path)}, {name!r}"
    if others:
        raise SettingsError(f"{where}: one mixture per file; {others[0][0]!r} is another")
    if [level.name for level in axis.changed] != [name]:
        raise SettingsError(f"{where}, setting 'levels': expected {DEFAULT!r} and {name!r}")
    taken = {level.name for other in load_axes().values() for level in other.levels}
    if name in {DEFAULT, *taken}:
        raise SettingsError(f"{where}: {name!r} is a level of the study already")
    if profile:
        try:
            profile.override(axis.changed[0].set)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
    return name, axis


def at_levels(study: "Study", axis: Axis) -> "list[Study]":
    """The study at the axis's own level and at its changed one, with the arms trained there."""
    from mucpt_utils.study import jobs

    arms = jobs.asked_too(study, axis.arms)
    return [
        study.with_changes({**level.set, "arms": arms, "composition": ()})
        for level in (axis.default, *axis.changed)
    ]


def all_jobs(study: "Study", axis: Axis) -> "list[Job]":
    """Every run of a mixture and of the profile's own data beside it."""
    from mucpt_utils.study import jobs

    return [job for one in at_levels(study, axis) for job in jobs.arms(one)]


def cost_in_words(study: "Study", axis: Axis) -> str:
    """How many runs exist already, and what the others will cost here, in a line.

    Operations of training at the rate of the committed run, divided among the cores; questions,
    corpus and base come on top.
    """
    from mucpt_utils.study import cost, parallel, price, stages

    every = all_jobs(study, axis)
    with stages.looking():
        missing = [job for job in every if job.find() is None]
    tokens = sum(job.tokens for job in missing)
    told = f"{len(every) - len(missing)} of {len(every)} runs found"
    if not missing:
        return f"{told}, nothing is trained"
    told += f"; {len(missing)} to train on {tokens:,.0f} tokens in all"
    rate = cost.cpu_rate(paths.RESULTS)
    if rate is None:
        return told
    operations = price.OPERATIONS["training"] * study.profile.parameters * tokens
    minutes = operations / rate.value / parallel.cores() / 60
    return f"{told}, about {max(1, round(minutes))} min here, corpus and questions on top"


def train(study: "Study", name: str, axis: Axis) -> "list[Run]":
    """Train the arms at every seed on the mixture and the profile's own data; returns the runs."""
    from mucpt_utils.analysis.runs import read_run
    from mucpt_utils.study import jobs

    studies = at_levels(study, axis)
    jobs.references(studies)
    jobs.make(all_jobs(study, axis), f"mixture {name}")
    return [
        read_run(replace(files, axis=MIXTURE, level=level))
        for one, level in zip(studies, (DEFAULT, name), strict=True)
        for files in jobs.main_files(one)
    ]


def write(study: "Study", name: str, axis: Axis, runs: "Sequence[Run]", folder: Path) -> None:
    """Write the mixture's tables with their dictionary, its settings and its origin."""
    from mucpt_utils.analysis.comparisons import composition, composition_differences
    from mucpt_utils.analysis.items import items
    from mucpt_utils.analysis.single_runs import runs_table
    from mucpt_utils.report import table_files
    from mucpt_utils.study import provenance, stages

    measured = items(runs)
    frames = {
        "runs": runs_table(measured),
        "composition": composition(measured),
        "composition_differences": composition_differences(measured, {MIXTURE: DEFAULT}),
    }
    for table, frame in frames.items():
        table_files.write_table(frame, folder / "tables", table)
    table_files.describe(folder / "tables")
    entry = {name: axis.model_dump(mode="json", exclude_defaults=True)}
    write_text(folder / FILE, yaml.safe_dump(entry, sort_keys=False, allow_unicode=True))
    _, changed = at_levels(study, axis)
    with stages.looking():
        made = [changed.answers(arm, seed) for arm in axis.arms for seed in changed.profile.seeds]
    provenance.write_run_record(folder, provenance.run_record(changed, made))


def finished(results: Path) -> list[Path]:
    """Folders of the mixtures beside a profile's results, in alphabetical order."""
    return sorted(path.parent for path in (results / "mixtures").glob(f"*/{FILE}"))


def listed(results: Path) -> "pd.DataFrame":
    """Columns mixture, title, changes, arms: the trained mixtures."""
    import pandas as pd

    rows = []
    for folder in finished(results):
        name, axis = load(folder / FILE)
        rows.append((name, axis.title, axis.changed[0].changes, ", ".join(axis.arms)))
    return pd.DataFrame(rows, columns=["mixture", "title", "changes", "arms"])


def accuracy_lines(folder: Path) -> Iterable[str]:
    """The differences to the profile's own data in accuracy, one line per arm and stratum."""
    from mucpt_utils.report import table_files

    table = table_files.read_table(folder / "tables", "composition_differences")
    for row in table[table["metric"] == "accuracy"].itertuples():
        yield (
            f"{row.arm:16} {row.stratum:13} {row.difference:+.3f} "
            f"[{row.ci_low:+.3f}, {row.ci_high:+.3f}]"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a mixture and print its result; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils mixture",
        description="Train a data mixture of one's own and put it beside the study's.",
        epilog=f"An example to copy: {shown(EXAMPLE)}",
    )
    parser.add_argument("file", type=Path, help="settings of the mixture (YAML)")
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--cost", action="store_true", help="say what it costs and stop")
    parser.add_argument("--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        profile = load_profile(options.profile, options.overrides)
        name, axis = load(options.file, profile)
        from mucpt_utils.study import provenance
        from mucpt_utils.study.study import Study

        study = Study(profile, MIXTURE)
        folder = provenance.results_folder(profile) / "mixtures" / name
        print(f"{name} ({axis.title}): {cost_in_words(study, axis)}", flush=True)
        if options.cost:
            return OK
        write(study, name, axis, train(study, name, axis), folder)
    except MuCPTError as error:
        print(f"mixture: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{name} minus the profile's own data, accuracy, 95 % interval:")
    print("\n".join(accuracy_lines(folder)))
    print(f"tables in {folder.resolve()}; notebook 09 draws them")
    return OK


if __name__ == "__main__":
    sys.exit(main())
