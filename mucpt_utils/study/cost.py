"""What a profile will cost: hours here, CPU and GPU hours, disk, and how to start it.

    python -m mucpt_utils cost PROFILE [--set KEY=VALUE ...]

All counts of work come from `work`, operations from `price`. The rates of `estimate` come
from committed results if there are any; otherwise the basis says what was assumed. Those of
`time_here` are this machine's: of finished runs (`recorded`), or measured (`pace`).
"""

import math
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.scoring.packages import is_local
from mucpt_utils.study import own_work, parallel, preflight, recorded
from mucpt_utils.study import pace as machine
from mucpt_utils.study.pace import Pace
from mucpt_utils.study.price import OPERATIONS
from mucpt_utils.study.provenance import COMMITTED, RUN
from mucpt_utils.study.work import (
    WORDS_TO_TOKENS,
    amount,
    corpus_tokens,
    disk_bytes,
    document_tokens,
    operations,
    run_count,
    work,
)

ASSUMED_PEAK = 989e12  # bfloat16 operations per second of an H100 or H200, by its data sheet
ASSUMED_SHARE = 0.35  # of the peak: this study's goal for one GPU
PEAK, SHARE = "matrix peak", "training share of matrix peak"  # rows of speed.csv
GPU_MEMORY = 80e9
NODE = 8  # GPUs of one machine
STATE_BYTES = 16  # of training state per parameter: weight, gradient, two moments in float32
# notebooks that start workers (04, 05, 07), which are forked from one importing process
SERVERS = 3


# --- here -----------------------------------------------------------------------------------------


def time_here(profile: Profile) -> pd.DataFrame:
    """How long a profile takes on this machine (`minutes_here`).

    By the rates of finished runs of its model if there are any, otherwise measured now. For a
    loaded model that is not on this machine, or is too large for it, its cost by settings
    (`estimate`).
    """
    if profile.pretrained and not runs_here(profile):
        return estimate(profile)
    if rates := recorded.rates(profile, paths.work() / "stages"):
        return minutes_here(profile, Pace(*rates, machine.seconds_to_start()))
    return minutes_here(profile, machine.measure(profile, document_tokens(profile)))


def runs_here(profile: Profile) -> bool:
    """Whether a loaded base is on this machine and its training state fits in memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    lies_here = profile.pretrained is None or is_local(profile.pretrained.name)
    return lies_here and profile.parameters * STATE_BYTES < memory


def minutes_here(profile: Profile, pace: Pace) -> pd.DataFrame:
    """Columns: what, amount, pace here (of one process), minutes; the last row is the sum.

    Jobs of one kind share the processes: one per core, or a single one for a large model.
    Corpora are made in parallel with the base, whose training takes longer.
    """
    processes, _ = parallel.sharing(profile.parameters)
    rows = []
    for each in work(profile):
        rate, turns = getattr(pace, each.kind), math.ceil(each.jobs / processes)
        size = f"{each.jobs} × {each.size:,} {each.unit}"
        rows.append((each.what, size, f"{rate:,.0f} {each.unit}/s", turns * each.size / rate / 60))
    begun = SERVERS * pace.start / 60
    rows.append(("start workers", str(SERVERS), f"{pace.start:.1f} s each", begun))
    rows.append(notebooks_here(profile, pace))
    rows.append(("together", "", "", sum(row[-1] for row in rows)))
    frame = pd.DataFrame(rows, columns=["what", "amount", "pace here", "minutes"])
    return frame.assign(minutes=frame["minutes"].round(1))


def notebooks_here(profile: Profile, pace: Pace) -> tuple[str, str, str, float]:
    """The row of what notebooks do beside the models' work, by a measured run (`own_work`).

    This machine's share of the measured one's speed is that of starting Python.
    """
    count = len(list(paths.NOTEBOOKS.glob("[0-9][0-9]*_*.ipynb")))
    what, size = "notebooks' own work", f"{count} notebooks, site"
    measured = own_work.own_work(profile.name)
    if measured is None:
        return what, size, "assumed", count * own_work.GUESS / 60
    ratio = pace.start / measured.start
    minutes = sum(measured.seconds.values()) * ratio / 60
    return what, size, f"{ratio:.2f} × {measured.profile}'s", minutes


# --- a large run ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rate:
    """A rate and its basis."""

    value: float
    basis: str


def estimate(profile: Profile, results: Path = paths.RESULTS) -> pd.DataFrame:
    """The cost of a profile, in columns quantity, value, unit, basis.

    Hours cover training and scoring alone: questions, loading and waiting come on top.
    """
    training, scoring = operations(profile, "training"), operations(profile, "scoring")
    gpu, source = gpu_rate(results), "declared" if profile.pretrained else "counted"
    read_once = "corpus as rendered, or as large as one run's domain share"
    rows = [
        ("parameters", profile.parameters, "parameters", source),
        ("training runs", run_count(profile), "runs", "arms and levels by seeds"),
        ("trained", amount(profile, "training"), "tokens", "settings"),
        ("scored", amount(profile, "scoring"), "tokens", read_once),
        ("training", training / gpu.value / 3600, "GPU hours", gpu.basis),
        ("scoring", scoring / gpu.value / 3600, "GPU hours", gpu.basis),
    ]
    if core := cpu_rate(results):
        hours = (training + scoring) / core.value / 3600
        rows.append(("training and scoring without a GPU", hours, "core hours", core.basis))
    if words := pipeline_rate(results):
        hours = corpus_tokens(profile) / WORDS_TO_TOKENS / words.value / 3600
        rows.append(("pipeline", hours, "core hours", words.basis))
    rows.append(("disk", disk_bytes(profile) / 1e9, "GB", "tokens, losses, weights, models"))
    return pd.DataFrame(rows, columns=["quantity", "value", "unit", "basis"])


def gpu_rate(results: Path) -> Rate:
    """Operations per second of one GPU in training: measured on a CUDA machine, or assumed."""
    speeds = [pd.read_csv(path) for path in sorted(results.glob("*/tables/speed.csv"))]
    if speeds:
        table = pd.concat(speeds, ignore_index=True)
        cuda = table[table["machine"].str.contains("NVIDIA")]
        peak, share = (cuda[cuda["what"] == name] for name in (PEAK, SHARE))
        if len(peak) and len(share):
            rate = float(peak["ours"].iloc[-1] * share["ratio"].iloc[-1])
            return Rate(rate, f"measured: {share['machine'].iloc[-1]}")
    basis = f"assumed: {ASSUMED_SHARE:.0%} of {ASSUMED_PEAK / 1e12:.0f} Tflop/s"
    return Rate(ASSUMED_PEAK * ASSUMED_SHARE, basis)


def cpu_rate(results: Path) -> Rate | None:
    """Operations per second of one core in training, from the plain runs of `laptop`."""
    runs = committed_stages(results, "run_plain")
    if not runs:
        return None
    each = OPERATIONS["training"] * load_profile(COMMITTED).parameters
    done = sum(each * run["settings"]["train"]["tokens"] for run in runs)
    seconds = sum(run["seconds"] for run in runs)
    return Rate(done / seconds, "measured: laptop's plain runs, questions in")


def pipeline_rate(results: Path) -> Rate | None:
    """Words per second of one core through the pipeline, from `laptop`'s funnel and record."""
    corpora = committed_stages(results, "corpus")
    if not corpora:
        return None
    funnel = pd.read_csv(results / COMMITTED / "tables" / "funnel.csv")
    words = float(funnel[funnel["stage"] == funnel["stage"].iloc[0]]["tokens"].sum())
    seconds = max(corpus["seconds"] for corpus in corpora)  # the slowest: workers share the cores
    return Rate(words / seconds, "measured: laptop's corpus, small, start-up included")


def committed_stages(results: Path, name: str) -> list[Mapping]:
    """Records of the stages of one name that made the committed results of `laptop`."""
    path = results / COMMITTED / RUN
    records = read_json(path)["artifacts"] if path.is_file() else []
    return [record for record in records if record["name"] == name]


def launch_commands(profile: Profile, overrides: Sequence[str] = ()) -> list[str]:
    """How to start the profile: one process, or one job per run if a GPU cannot hold the state;
    then the reference model must be one that exists.

    overrides: `KEY=VALUE` settings that the profile was read with.
    """
    fits = profile.parameters * STATE_BYTES < GPU_MEMORY
    changes = "".join(f" --set {shlex.quote(pair)}" for pair in overrides)
    # each process takes an equal part of every micro-batch
    processes = math.gcd(NODE, profile.train.batch_sequences // profile.train.accumulate)
    launcher = f"torchrun --nproc-per-node {processes}"
    if not fits:
        config = "mucpt_utils/study/launchers/fsdp_several_nodes.yaml"
        nodes = "--machine_rank $RANK --main_process_ip $FIRST_NODE"
        launcher = f"accelerate launch --config_file {config} {nodes}"
        if not profile.reference.pretrained:  # `prepare` would train one, in a single process
            changes += " --set reference.pretrained=$REFERENCE_MODEL"
    job = [
        f"python -m mucpt_utils launch prepare {profile.name} selection_soft 0 job{changes}",
        f"{launcher} -m mucpt_utils launch train job",
        f"python -m mucpt_utils launch measure {profile.name} job{changes}",
    ]
    return [f"./run_all.sh {profile.name}{changes}", *job] if fits else job


def was_run(profile: Profile) -> bool:
    """Whether there are committed results of the profile."""
    return (paths.committed(profile.name) / RUN).is_file()


def main(arguments: list[str] | None = None) -> int:
    """Print the cost of a profile; returns the exit code."""
    parser = Parser(prog="python -m mucpt_utils cost")
    parser.add_argument("profile")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        profile = load_profile(options.profile, options.overrides)
        rows = estimate(profile)
    except MuCPTError as error:
        print(f"cost: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{profile.name}: {profile.purpose}")
    print("Results are committed." if was_run(profile) else "This profile was never run.")
    for row in rows.itertuples(index=False):
        print(f"  {row.quantity:36} {row.value:>20,.4g} {row.unit:11} {row.basis}")
    try:
        preflight.check(profile)
    except MuCPTError as error:
        print(f"Not on this machine: {error}")
    if profile.pretrained and runs_here(profile):
        print("Here, by finished runs of the model, or measured now where there are none:")
        for row in time_here(profile).itertuples(index=False):
            print(f"  {row[0]:36} {row[1]:>28} {row[2]:>20} {row.minutes:>8} minutes")
    print("Start it with:")
    for command in launch_commands(profile, options.overrides):
        print(f"  {command}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
