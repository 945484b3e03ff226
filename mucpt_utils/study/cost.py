"""What a profile costs before it is run: CPU and GPU hours, disk, and how to start it.

    python -m mucpt_utils cost PROFILE [--set KEY=VALUE ...]

Training counts 6 N D operations and scoring 2 N D (arXiv 2001.08361, section 2.1; N parameters, D
tokens). Rates come from committed results where there are any; otherwise the basis says what was
assumed. Hours are of measured work alone: questions, loading and waiting come on top.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.settings import Profile, SettingsError, load_profile
from mucpt_utils.scoring import models

ASSUMED_PEAK = 989e12  # bfloat16 operations a second of an H100 or H200, by its data sheet
ASSUMED_SHARE = 0.35  # of the peak: this study's goal for one GPU
PEAK, SHARE = "matrix peak", "training share of matrix peak"  # rows of speed.csv
GPU_MEMORY = 80e9
STATE_BYTES = 16  # of training state a parameter: weights, gradient, two moments in float32
WORDS_TO_TOKENS = 1.4


@dataclass(frozen=True)
class Rate:
    """A rate and where it is from."""

    value: float
    basis: str


def parameter_count(profile: Profile) -> int:
    """Parameters of the profile's model: declared where it is loaded, counted otherwise."""
    if profile.pretrained:
        return profile.pretrained.parameters
    with torch.device("meta"):
        return models.parameters(models.from_scratch(profile.model, profile.vocabulary, 0))


def run_count(profile: Profile) -> int:
    """Training runs: arms and the changed levels of axes, at every seed."""
    main = sum(ARMS[arm].trained for arm in profile.arms)
    axes = sum(
        len(axis.arms) * sum(bool(level.set) for level in axis.levels)
        for axis in (load_axes()[name] for name in profile.composition)
    )
    return (main + axes) * len(profile.seeds)


def trained_tokens(profile: Profile) -> int:
    """Tokens of every optimiser step of the profile: base, reference models, runs, alignment."""
    seeds = len(profile.seeds)
    base = 0 if profile.pretrained else profile.base.tokens
    reference = 0 if profile.reference.pretrained else profile.reference_training.tokens * seeds
    aligned = profile.alignment.tokens * len(profile.arms) * seeds if profile.alignment else 0
    return base + reference + profile.train.tokens * run_count(profile) + aligned


def corpus_tokens(profile: Profile) -> int:
    """Domain tokens, were the corpus read just once: the domain's share of one run's budget."""
    return round(profile.train.tokens * (1 - profile.replay))


def scored_tokens(profile: Profile) -> int:
    """Tokens that a model reads without training: base once, the reference model at each seed."""
    if not any(ARMS[arm].uses_reference for arm in profile.arms):
        return 0
    return corpus_tokens(profile) * (1 + len(profile.seeds))


def disk_bytes(profile: Profile) -> int:
    """Tokens, cached losses, kept weights, models of every run and one resumable checkpoint."""
    vocabulary = profile.pretrained.vocabulary if profile.pretrained else profile.vocabulary
    tokens = corpus_tokens(profile) * (2 if vocabulary <= 2**16 else 4)
    losses = scored_tokens(profile) * 2
    weighing = sum(ARMS[arm].tokens is not None for arm in profile.arms) * len(profile.seeds)
    kept = 2 * profile.train.tokens * weighing * profile.evaluation.keep_weights
    saved = 1 + len(profile.seeds) + run_count(profile)
    size = parameter_count(profile)
    return tokens + losses + kept + 4 * size * saved + 12 * size


def _speeds(results: Path) -> pd.DataFrame:
    found = [pd.read_csv(path) for path in sorted(results.glob("*/tables/speed.csv"))]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["what"])


def gpu_rate(results: Path) -> Rate:
    """Operations a second of one GPU in training: measured on a CUDA machine, or assumed."""
    speeds = _speeds(results)
    cuda = speeds[speeds["machine"].str.contains("NVIDIA")] if len(speeds) else speeds
    peak, share = (cuda[cuda["what"] == name] for name in (PEAK, SHARE))
    if len(peak) and len(share):
        machine = share["machine"].iloc[-1]
        return Rate(peak["ours"].iloc[-1] * share["ratio"].iloc[-1], f"measured: {machine}")
    text = f"assumed: {ASSUMED_SHARE:.0%} of {ASSUMED_PEAK / 1e12:.0f} Tflop/s"
    return Rate(ASSUMED_PEAK * ASSUMED_SHARE, text)


def _stages(run: Path, name: str) -> list[dict]:
    record = json.loads(run.read_text(encoding="utf-8"))
    return [stage for stage in record["artifacts"] if stage["name"] == name]


def cpu_rate(results: Path) -> Rate | None:
    """Operations a second of one core in training, from the plain runs of `laptop`."""
    run = results / "laptop" / "run.json"
    runs = _stages(run, "run_plain") if run.exists() else []
    if not runs:
        return None
    size = parameter_count(load_profile("laptop"))
    done = sum(6 * size * stage["settings"]["train"]["tokens"] for stage in runs)
    return Rate(
        done / sum(s["seconds"] for s in runs), "measured: laptop's plain runs, questions in"
    )


def pipeline_rate(results: Path) -> Rate | None:
    """Words a second of one core through the pipeline, from `laptop`'s funnel and record."""
    folder = results / "laptop"
    if not (folder / "run.json").exists():
        return None
    funnel = pd.read_csv(folder / "tables" / "funnel.csv")
    words = funnel[funnel["stage"] == funnel["stage"].iloc[0]]["tokens"].sum()
    corpora = _stages(folder / "run.json", "corpus")
    seconds = max(stage["seconds"] for stage in corpora)  # the slowest: workers share the cores
    return Rate(words / seconds, "measured: laptop's corpus, small, start-up included")


def estimate(profile: Profile, results: Path = paths.ROOT / "results") -> pd.DataFrame:
    """The cost of a profile: quantity, value, unit, basis."""
    size, gpu = parameter_count(profile), gpu_rate(results)
    training_work, scoring_work = (
        6 * size * trained_tokens(profile),
        2 * size * scored_tokens(profile),
    )
    source = "declared" if profile.pretrained else "counted"
    rows = [
        ("parameters", size, "parameters", source),
        ("training runs", run_count(profile), "runs", "arms and levels by seeds"),
        ("trained", trained_tokens(profile), "tokens", "settings"),
        ("scored", scored_tokens(profile), "tokens", "corpus as large as one run's domain share"),
        ("training", training_work / gpu.value / 3600, "GPU hours", gpu.basis),
        ("scoring", scoring_work / gpu.value / 3600, "GPU hours", gpu.basis),
    ]
    if core := cpu_rate(results):
        hours = (training_work + scoring_work) / core.value / 3600
        rows.append(("training and scoring without a GPU", hours, "core hours", core.basis))
    if words := pipeline_rate(results):
        hours = corpus_tokens(profile) / WORDS_TO_TOKENS / words.value / 3600
        rows.append(("pipeline", hours, "core hours", words.basis))
    rows.append(("disk", disk_bytes(profile) / 1e9, "GB", "tokens, losses, weights, models"))
    return pd.DataFrame(rows, columns=["quantity", "value", "unit", "basis"])


def launch_commands(profile: Profile) -> list[str]:
    """How to start the profile: one process, or one job a run where a GPU cannot hold the state."""
    start = f"./run_all.sh {profile.name}"
    if parameter_count(profile) * STATE_BYTES < GPU_MEMORY:
        return [start, *_job(profile, "torchrun --nproc-per-node 8")]
    config = "mucpt_utils/study/launchers/fsdp_several_nodes.yaml"
    nodes = "--machine_rank $RANK --main_process_ip $FIRST_NODE"
    return _job(profile, f"accelerate launch --config_file {config} {nodes}")


def _job(profile: Profile, launcher: str) -> list[str]:
    return [
        f"python -m mucpt_utils launch prepare {profile.name} selection_soft 0 job",
        f"{launcher} -m mucpt_utils launch train job",
        f"python -m mucpt_utils launch measure {profile.name} job",
    ]


def was_run(profile: Profile, results: Path = paths.ROOT / "results") -> bool:
    """Whether committed results of the profile are there."""
    return (results / profile.name / "run.json").is_file()


def main(arguments: list[str] | None = None) -> int:
    """Print the cost of a profile; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mucpt_utils cost")
    parser.add_argument("profile")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        profile = load_profile(options.profile, options.overrides)
    except SettingsError as error:
        print(f"cost: {error}", file=sys.stderr)
        return 2
    print(f"{profile.name}: {profile.purpose}")
    print("Results are committed." if was_run(profile) else "This profile was never run.")
    for row in estimate(profile).itertuples(index=False):
        print(f"  {row.quantity:36} {row.value:>20,.4g} {row.unit:11} {row.basis}")
    print("Start it with:")
    for command in launch_commands(profile):
        print(f"  {command}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
