"""The command that writes the site of a profile and checks its links.

    python -m mucpt_utils site [PROFILE] [--results DIR] [--out DIR]

The code that makes pages is imported once the arguments are known to be right, so that wrong ones
are answered at once.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mucpt_utils.arguments import Parser, place
from mucpt_utils.config.files import shown
from mucpt_utils.config.settings import load_profile
from mucpt_utils.errors import FOUND, OK, MuCPTError


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m mucpt_utils site",
        description="Write the results of a profile as static pages that open from a disk.",
    )
    made.add_argument("profile", nargs="?", help="default: evidence where it is there, or laptop")
    made.add_argument("--results", type=Path, help="a results folder, in place of the profile's")
    made.add_argument("--out", type=place, help="where the site goes (default: site/ beside them)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a site and check its links; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        if options.profile is not None:
            load_profile(options.profile)  # raises SettingsError for an unknown name
        from mucpt_utils.site import build

        results = options.results or build.results_of(options.profile or build.default_profile())
        folder = build.write_site(results, options.out)
    except MuCPTError as error:
        print(f"site: {error}", file=sys.stderr)
        return error.exit_code
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{shown(folder)}/index.html: {size / 1e6:.1f} MB; open it in a browser")
    return FOUND if tell_dead_links(folder) else OK


def tell_dead_links(folder: Path) -> bool:
    """Whether links of a site are dead or load over a network; prints each to standard error."""
    from mucpt_utils.site import links

    dead = [*links.dead_links(folder), *links.loaded_from_afar(folder)]
    for line in dead:
        print(f"dead link: {line}", file=sys.stderr)
    return bool(dead)
