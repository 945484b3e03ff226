"""Write the site of a profile: static pages from its results, and from nothing else.

The pages lie in `site/` of the results folder and open from a disk or from any static host.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.io import write_text
from mucpt_utils.site import across, charts, pages, payload, plain, reference, search
from mucpt_utils.site.frame import HERE, Site
from mucpt_utils.site.gathered import Finished, SiteError, all_finished, read_finished
from mucpt_utils.study.provenance import RUN, results_to_read

DEFAULT_PROFILES = ("evidence", "laptop")  # the first that is committed is taken
NAME = "site"


def write_site(results: Path, out: Path | None = None) -> Path:
    """Make the site of a results folder anew, in its `site/` unless `out` is given; its folder.

    Raises SiteError for a folder without results, or for an `out` that holds something else.
    """
    finished = read_finished(results)
    folder = clean_folder(out or results / NAME)
    site = Site(folder, finished, all_finished(finished))
    write_assets(site)
    write_results(site)
    pages.write_first(site)
    pages.write_explorers(site)
    pages.write_lessons(site)
    pages.write_reference(site)
    pages.write_report(site)
    search.write_index(folder)
    return folder


def clean_folder(folder: Path) -> Path:
    """An empty folder for the site. Raises SiteError where it holds something that is no site."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "assets" / "site.js").is_file():
        raise SiteError(f"{folder} holds something else; name an empty folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_assets(site: Site) -> None:
    """Styles, scripts and the library of the charts, once for all pages."""
    target = site.folder / "assets"
    shutil.copytree(HERE / "static", target)
    write_text(target / "vega.js", charts.library())
    write_text(target / "arms.css", plain_colours(site.everything))
    site.data("specs", charts.specifications())
    site.data("words", plain.dictionary())


def plain_colours(everything: Mapping[str, Finished]) -> str:
    """The colours of the ways of training, in light and in dark."""
    tables = (table for finished in everything.values() for table in finished.tables.values())
    arms = dict.fromkeys(arm for table in tables if "arm" in table for arm in table["arm"])
    return charts.arm_colours(list(arms))


def write_results(site: Site) -> None:
    """The tables as files, each profile's as data for the explorer, and all of them as one."""
    tables = site.folder / "tables"
    tables.mkdir()
    for path in sorted((site.finished.folder / "tables").glob("*.*")):
        if path.suffix in (".csv", ".parquet"):
            shutil.copy(path, tables / path.name)
    shutil.copy(site.finished.folder / RUN, site.folder / RUN)
    if reference.SCORES.is_file():
        shutil.copy(reference.SCORES, tables / "scores.csv")
    across.write_all_profiles(site.everything, site.folder)
    for name, finished in site.everything.items():
        # by its folder: the prose lane of a profile bears the name of that profile
        site.data(f"profile-{name}", payload.profile_data(finished) | {"name": name})
        site.data(f"subjects-{name}", across.effects_by_subject(finished))


# --- which results ------------------------------------------------------------------------------


def default_profile() -> str:
    """The profile that decides, where it is committed; else the one that anyone can check."""
    there = [name for name in DEFAULT_PROFILES if (paths.committed(name) / RUN).is_file()]
    return (there or DEFAULT_PROFILES[-1:])[0]


def results_of(profile: str) -> Path:
    """The results folder of a profile: its own run's, or the committed one. Raises SiteError."""
    folders = [folder for folder in results_to_read(profile) if folder.name == profile]
    for folder in folders:
        if (folder / RUN).is_file() and any((folder / "tables").glob("*.csv")):
            return folder
    raise SiteError(f"profile {profile!r} has no results yet; ./run_all.sh {profile} makes them")
