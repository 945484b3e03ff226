"""Write the site of a profile: static pages from its results alone.

The pages are in `site/` of the results folder and open from disk or from any static host.
"""

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

from mucpt_utils import paths
from mucpt_utils.analysis.repeats import made_twice
from mucpt_utils.io import write_text
from mucpt_utils.report import table_files
from mucpt_utils.report.profiles import in_order_of_profiles
from mucpt_utils.report.statements import HEADLINE
from mucpt_utils.site import across, charts, pages, payload, plain, reference, search
from mucpt_utils.site.frame import HERE, Site
from mucpt_utils.site.gathered import Finished, SiteError, all_finished, read_finished
from mucpt_utils.study.provenance import RUN, results_to_read

NAME = "site"
LARGE = 500_000  # bytes of a CSV above which the site compresses it, as `.csv.gz`


def write_site(results: Path, out: Path | None = None) -> Path:
    """Rebuild a results folder's site, in its `site/` unless `out` is given; returns the folder.

    Raises SiteError for a folder without results, or for an `out` that holds something else.
    """
    finished = read_finished(results)
    folder = clean_folder(out or results / NAME)
    site = Site(folder, finished, all_finished(finished))
    write_assets(site)
    write_results(site)
    pages.write_first(site)
    questions = pages.write_explorers(site)
    pages.write_lessons(site)
    pages.write_reference(site)
    pages.write_report(site)
    search.write_index(folder, questions)
    return folder


def clean_folder(folder: Path) -> Path:
    """An empty folder for the site. Raises SiteError if it contains anything but a site, or if
    there can be no such folder."""
    if folder.exists() and not folder.is_dir():
        raise SiteError(f"{folder} is a file; name a folder")
    if folder.exists() and any(folder.iterdir()) and not (folder / "assets" / "site.js").is_file():
        raise SiteError(f"{folder} holds something else; name an empty folder")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise SiteError(f"{folder} cannot be made: {error.strerror}") from None
    return folder


def write_assets(site: Site) -> None:
    """Write styles, scripts and the chart library, once for all pages."""
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
    """Write the tables as files, each profile's data for the explorer, and all as one table."""
    tables = site.folder / "tables"
    tables.mkdir()
    for path in sorted((site.finished.folder / "tables").glob("*.*")):
        if path.suffix in (".csv", ".parquet"):
            put_file(tables / path.name, path.read_bytes())
    shutil.copy(site.finished.folder / RUN, site.folder / RUN)
    if reference.SCORES.is_file():
        shutil.copy(reference.SCORES, tables / "scores.csv")
    for folder in reference.trained_folders():
        shutil.copy(folder / "scores.csv", tables / reference.trained_csv(folder))
    whole = across.all_profiles(site.everything)
    for suffix in table_files.FORMATS:
        data = table_files.written(whole, across.NAME, suffix)
        put_file(site.folder / f"{across.NAME}.{suffix}", data)
    ordered = in_order_of_profiles(site.everything)
    repeats = made_twice({name: site.everything[name].run for name in ordered})
    for name, finished in site.everything.items():
        # named by its folder, since the prose lane of a profile has the name of that profile
        own = {"name": name, "again": repeats.get(name, "")}
        site.data(f"profile-{name}", payload.profile_data(finished) | own)
        site.data(f"subjects-{name}", across.effects_by_subject(finished))


def put_file(path: Path, data: bytes) -> None:
    """Write a table's file; a large CSV is compressed, which pandas and R read just the same."""
    if path.suffix == ".csv" and len(data) > LARGE:
        path, data = path.with_name(f"{path.name}.gz"), gzip.compress(data, mtime=0)
    path.write_bytes(data)


# --- which results ------------------------------------------------------------------------------


def default_profile() -> str:
    """The profile that decides, if it is committed; else the one that anyone can check."""
    there = [name for name in HEADLINE if (paths.committed(name) / RUN).is_file()]
    return (there or HEADLINE[-1:])[0]


def results_of(profile: str) -> Path:
    """The results folder of a profile: its own run's, or the committed one. Raises SiteError."""
    folders = [folder for folder in results_to_read(profile) if folder.name == profile]
    for folder in folders:
        if (folder / RUN).is_file() and any((folder / "tables").glob("*.csv")):
            return folder
    raise SiteError(f"profile {profile!r} has no results yet; ./run_all.sh {profile} makes them")
