"""The command `launch`: its arguments, read before the training code is imported.

torch and its launchers take seconds to import; a wrong argument is reported at once.
"""

import sys
from collections.abc import Sequence

from mucpt_utils.arguments import Parser, place, whole
from mucpt_utils.config.settings import load_profile
from mucpt_utils.errors import OK, MuCPTError


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare, train or measure a launched run; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils launch", description="One arm, trained by several processes."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("prepare", "train", "measure"):
        command = commands.add_parser(name)
        if name != "train":
            command.add_argument("profile")
            command.add_argument("--set", dest="overrides", action="append", default=[])
        if name == "prepare":
            command.add_argument("arm")
            command.add_argument("seed", type=whole)
        command.add_argument("folder", type=place)
    options = parser.parse_args(arguments)
    try:
        if options.command != "train":
            load_profile(options.profile, options.overrides)  # raises SettingsError if it is wrong
        from mucpt_utils.study import launch

        if options.command == "prepare":
            run = (options.profile, options.arm, options.seed, options.folder)
            launch.prepare(*run, options.overrides)
        elif options.command == "train":
            launch.train(options.folder)
        else:
            launch.measure(options.profile, options.folder, options.overrides)
    except MuCPTError as error:
        print(f"launch: {error}", file=sys.stderr)
        return error.exit_code
    return OK
