"""A data mixture of one's own: a settings file, one command, and it stands beside the others.

    python -m mucpt_utils mixture FILE [PROFILE] [--set KEY=VALUE]...

The file names the mixture, the arms to train on it and the settings that it changes; everything
else stays as in the profile. What of the profile's own run is there is used, what is missing is
made. Tables go to `results/<profile>/mixtures/<name>`, where notebook 09 finds them.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mucpt_utils import paths
from mucpt_utils.analysis import tables
from mucpt_utils.analysis.schema import DEFAULT, MIXTURE
from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.settings import SettingsError, load_profile
from mucpt_utils.report import page
from mucpt_utils.study import jobs
from mucpt_utils.study.study import Study

TABLES = ("runs", "composition", "composition_differences")
EXAMPLE = paths.PACKAGE / "config" / "mixtures" / "no_wrong_facts_more_replay.yaml"


class Mixture(BaseModel):
    """A mixture: its name, what it is, the arms trained on it, the settings it changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z][a-z0-9_]*$")
    title: str
    arms: tuple[str, ...] = Field(("plain",), min_length=1)
    set: dict[str, Any] = Field(min_length=1)


def load(path: Path) -> Mixture:
    """Read a mixture. Raises SettingsError, in one line, for what is not allowed in it."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError:
        raise SettingsError(f"mixture {path}: no such file") from None
    except yaml.YAMLError as error:
        raise SettingsError(f"mixture {path}: no YAML ({' '.join(str(error).split())})") from None
    try:
        made = Mixture.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "file"
        allowed = ", ".join(Mixture.model_fields)
        raise SettingsError(
            f"mixture {path}, {place}: {first['msg']}; settings of a mixture: {allowed}"
        ) from None
    taken = {level.name for axis in load_axes().values() for level in axis.levels}
    if made.name in {DEFAULT, *taken}:
        raise SettingsError(f"mixture {path}, name: {made.name!r} is a level of the study already")
    return made


def train(study: Study, own: Mixture) -> list[tables.Run]:
    """Train the mixture's arms at every seed of the study, beside the profile's own; its runs.

    Raises SettingsError for a setting or an arm that is not there, before anything is trained.
    """
    arms = {"arms": own.arms, "composition": ()}
    profiles = study.with_changes(arms), study.with_changes({**arms, **own.set})
    jobs.references(profiles)
    jobs.make([job for one in profiles for job in jobs.arms(one)], f"mixture {own.name}")
    return [
        tables.read_run(one, arm, seed, MIXTURE, level)
        for one, level in zip(profiles, (DEFAULT, own.name), strict=True)
        for arm in own.arms
        for seed in one.profile.seeds
    ]


def write(study: Study, own: Mixture, runs: Sequence[tables.Run], folder: Path) -> None:
    """The mixture's tables, described, its settings and the record of what it was made from."""
    measured = tables.items(runs)
    frames = {
        "runs": tables.runs_table(measured),
        "composition": tables.composition(measured),
        "composition_differences": tables.composition_differences(measured, {MIXTURE: DEFAULT}),
    }
    for name, frame in frames.items():
        tables.write_table(frame, folder / "tables", name)
    tables.describe(folder / "tables")
    text = yaml.safe_dump(own.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    (folder / "mixture.yaml").write_text(text, encoding="utf-8", newline="\n")
    changed = study.with_changes({"arms": own.arms, "composition": (), **own.set})
    made = [job.find() for job in jobs.arms(changed)]
    page.write_run_record(folder, page.run_record(changed, made))


def finished(results: Path) -> list[Path]:
    """Folders of the mixtures beside a profile's results, in alphabetical order."""
    return sorted(path.parent for path in (results / "mixtures").glob("*/mixture.yaml"))


def listed(results: Path) -> pd.DataFrame:
    """mixture, title, changes, arms of those that were trained."""
    return pd.DataFrame(
        [_row(load(folder / "mixture.yaml")) for folder in finished(results)],
        columns=["mixture", "title", "changes", "arms"],
    )


def _row(own: Mixture) -> dict[str, str]:
    changes = ", ".join(f"{key} = {value}" for key, value in own.set.items())
    arms = ", ".join(own.arms)
    return {"mixture": own.name, "title": own.title, "changes": changes, "arms": arms}


def told(folder: Path) -> Iterable[str]:
    """The differences to the profile's own data in accuracy, one line an arm and stratum."""
    table = tables.read_table(folder / "tables", "composition_differences")
    for row in table[table["metric"] == "accuracy"].itertuples():
        yield (
            f"{row.arm:16} {row.stratum:13} {row.difference:+.3f} "
            f"[{row.ci_low:+.3f}, {row.ci_high:+.3f}]"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code: 0 done, 2 a wrong argument or setting."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils mixture",
        description="Train a data mixture of one's own and put it beside the study's.",
        epilog=f"An example to copy: {EXAMPLE.relative_to(paths.ROOT)}",
    )
    parser.add_argument("file", type=Path, help="settings of the mixture (YAML)")
    parser.add_argument("profile", nargs="?", default="laptop")
    parser.add_argument("--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        own = load(options.file)
        study = Study(load_profile(options.profile, options.overrides), MIXTURE)
        runs = train(study, own)
    except SettingsError as error:
        print(f"mixture: {error}", file=sys.stderr)
        return 2
    folder = paths.results(study.profile.name) / "mixtures" / own.name
    write(study, own, runs, folder)
    print(f"{own.name} minus the profile's own data, accuracy, 95 % interval:")
    print("\n".join(told(folder)))
    print(f"tables in {folder}; notebook 09 draws them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
