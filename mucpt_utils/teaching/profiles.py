"""Which profile a notebook opens if none is named: the best one with a finished run.

A notebook's `PROFILE` is `best` until a profile is named; `run_all.sh` names the one it runs.
"""

from collections.abc import Sequence
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile, load_profile, profile_names
from mucpt_utils.study.provenance import COMMITTED, RUN, results_folder, results_to_read

BEST = "best"
SMALLEST = "smoke"  # made in a few minutes if no run is finished


def finished(overrides: Sequence[str] = ()) -> list[Profile]:
    """Profiles with a finished run in the work folder, the one with most training first.

    A run is finished when its last notebook has written the record. overrides: as for the notebook;
    a profile that does not allow them is left out.
    """
    there = []
    for name in profile_names():
        try:
            profile = load_profile(name, overrides)
        except ValueError:
            continue
        if (results_folder(profile) / RUN).is_file():
            there.append(profile)
    return sorted(there, key=lambda p: (p.train.tokens, len(p.seeds)), reverse=True)


def resolved(profile: str, overrides: Sequence[str] = ()) -> str:
    """The name of a profile: `best` becomes that of the best finished run, or `smoke`."""
    if profile != BEST:
        return profile
    return next((each.name for each in finished(overrides)), SMALLEST)


def folders_to_read(profile: str, overrides: Sequence[str] = ()) -> list[Path]:
    """Results folders for reading, the best first: use the first that has the file.

    For a named profile: its own run, its committed one, then `laptop`'s. For `best`: all own runs
    and the committed one of `laptop`, by how much was trained: the committed one may be the best.
    """
    if profile != BEST:
        return results_to_read(profile, overrides)
    own = {each.name: results_folder(each) for each in finished(overrides)}
    trained_on = {name: load_profile(name).train.tokens for name in {*own, COMMITTED}}
    folders = [(trained_on[name], True, folder) for name, folder in own.items()]
    folders.append((trained_on[COMMITTED], False, paths.committed(COMMITTED)))
    return [folder for *_, folder in sorted(folders, reverse=True)]


def origin(profile: str, folder: Path) -> str:
    """Where the results shown come from, in one line. folder: the one used of `folders_to_read`."""
    if folder.parent != paths.RESULTS:
        return f"From the run of profile {folder.name}."
    if profile in (BEST, folder.name):
        return f"From the committed run of profile {folder.name}."
    return f"Profile {profile} has not been run: this is the committed run, {folder.name}."


def usable(profile: str, overrides: Sequence[str] = ()) -> tuple[str, str]:
    """The profile for a notebook that makes what is missing, and a line about the choice.

    A finished run counts only if this code finds its models: one by older code would be trained
    anew, which nobody asked for.
    """
    if profile != BEST:
        return profile, ""
    stale = []
    for each in finished(overrides):
        if trained(each):
            return each.name, f"Profile {each.name}: its run is finished, every stage is loaded."
        stale.append(each.name)
    older = f" (that of {' and '.join(stale)} was made by other code)" if stale else ""
    return SMALLEST, (
        f"No run is finished{older}: profile {SMALLEST} is made as you go, which takes a "
        "few minutes. The committed results and everything you can play with need no run."
    )


def trained(profile: Profile) -> bool:
    """Whether the present code finds the profile's last run of the main comparison.

    Nothing is made to find out, so runs whose cost depends on the corpus are not looked for.
    """
    from mucpt_utils.study.jobs import Job
    from mucpt_utils.study.study import Study

    last = (profile.arms[-1], profile.seeds[-1])
    return Job(Study(profile, BEST), "answers", last).find() is not None
