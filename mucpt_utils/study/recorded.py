"""How fast this machine was with a profile's model, from the records of its finished stages.

If runs of the same model are finished, their times say more than a short measurement: they
include loading, checkpoints and whatever else ran on the machine. The same model is the same loaded
one, or one from scratch of the same architecture and vocabulary.
"""

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mucpt_utils.config.settings import Profile
from mucpt_utils.io import read_json, read_jsonl
from mucpt_utils.scoring import packages
from mucpt_utils.study.stages import RECORD

LEAST = 20_000  # tokens from which a run shows a rate: loading and warming up matter little


class Rates(NamedTuple):
    """Tokens per second of training and of scoring, questions per second of answering."""

    training: float
    scoring: float
    answering: float


def rates(profile: Profile, root: Path) -> Rates | None:
    """Medians over finished stages of the profile's model; None if any kind is missing.

    root: the folder of stages. Only training with the profile's batch counts.
    """
    trained = list(bases_of(profile, root))
    bases = {record["sha256"] for record in trained}
    scoring = [tokens_of(root, record) / record["seconds"] for record in scored(root, bases)]
    asked = list(stages_of(root, "run_base", bases))
    if not scoring or not asked:
        return None
    reading = statistics.median(scoring)
    answering = [questions_of(root, r) / seconds_asking(root, r, reading) for r in asked]
    measuring = statistics.median(record["seconds"] for record in asked)
    training = [rate for record in trained for rate in rate_of(profile, record, record["seconds"])]
    training += training_rates(profile, root, bases, measuring)
    if not training:
        return None
    return Rates(statistics.median(training), reading, statistics.median(answering))


def bases_of(profile: Profile, root: Path) -> Iterator[dict]:
    """Records of the finished bases that are the profile's model."""
    if profile.pretrained:
        name = profile.pretrained.name
        wanted: dict = {"identity": packages.identity(name) or name}
    else:
        wanted = {"model": profile.model.model_dump(mode="json"), "vocabulary": profile.vocabulary}
    for record in records_of(root, "base"):
        if all(record["settings"].get(key) == value for key, value in wanted.items()):
            yield record


def records_of(root: Path, name: str) -> Iterator[dict]:
    """Records of the stages of a name, or matching a pattern, that were made here."""
    for path in sorted(root.glob(f"{name}-*/{RECORD}")):
        record = read_json(path)
        if "elsewhere" not in record:  # brought from another machine
            yield record | {"folder": path.parent.name}


def stages_of(root: Path, name: str, bases: set[str]) -> Iterator[dict]:
    """Records of the stages of one name that were made from one of the bases."""
    for record in records_of(root, name):
        if any(made_from["sha256"] in bases for made_from in record["inputs"]):
            yield record


def scored(root: Path, bases: set[str]) -> Iterator[dict]:
    """Records of corpora scored by the base, of enough tokens."""
    for record in stages_of(root, "base_losses", bases):
        if tokens_of(root, record) >= LEAST:
            yield record


def tokens_of(root: Path, record: dict, name: str = "domain_tokens") -> int:
    """Tokens of the stores, of a name or one ending in it, that a stage was made from."""
    folders = [i["folder"] for i in record["inputs"] if i["name"].endswith(name)]
    return sum(read_json(root / folder / "size.json")["tokens"] for folder in folders)


def questions_of(root: Path, record: dict) -> int:
    """Questions that a run answered."""
    from mucpt_utils.study.runs import RESPONSES  # torch takes seconds to import

    return len(read_jsonl(root / record["folder"] / RESPONSES))


def seconds_asking(root: Path, record: dict, reading: float) -> float:
    """Seconds of an untrained run minus those for held-out text; at least a tenth of all."""
    held_out = tokens_of(root, record, "_held_out") / reading
    return max(record["seconds"] - held_out, record["seconds"] / 10)


def training_rates(
    profile: Profile, root: Path, bases: set[str], measuring: float
) -> Iterator[float]:
    """Tokens per second of each reference model and arm. measuring: seconds spent asking an arm at
    each point of its learning curve."""
    for record in stages_of(root, "reference", bases):
        yield from rate_of(profile, record, record["seconds"])
    for record in stages_of(root, "run_*", bases):
        points = record["settings"].get("points", 1)
        yield from rate_of(profile, record, record["seconds"] - points * measuring)


def rate_of(profile: Profile, record: dict, seconds: float) -> Iterator[float]:
    """Tokens per second of one training; nothing if it is short or has another batch."""
    train = record["settings"].get("train")
    if not train or train["tokens"] < LEAST or seconds <= 0:
        return
    if train["batch_sequences"] == profile.train.batch_sequences:
        yield train["tokens"] / seconds
