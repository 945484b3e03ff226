"""Export of a trained arm: `python -m mucpt_utils export PROFILE ARM SEED DIR`.

The folder is in transformers' format: `AutoModelForCausalLM.from_pretrained(DIR)` loads it, as does
`python -m mucpt_utils musicsimpleqa --model DIR`. Its README is a model card: what was trained, on
what, how it scores, its licence, and its limits.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from mucpt_utils.analysis.runs import Run, read_run
from mucpt_utils.arguments import Parser, place
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.packages import PREFIX, find_package
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.io import FileError, read_json, write_text
from mucpt_utils.scoring.packages import SUFFIX, is_path

if TYPE_CHECKING:  # torch takes seconds to import, and wrong arguments are reported before
    from mucpt_utils.study.study import Study

OWN_LICENCE = "apache-2.0"


def check(profile: Profile, arm: str, seed: int, folder: Path) -> None:
    """Raises SettingsError for an arm or seed that the profile does not have, FileError if
    `folder` exists."""
    if arm not in profile.arms or seed not in profile.seeds:
        raise SettingsError(
            f"profile {profile.name} has no run {arm!r} at seed {seed}; allowed seeds "
            f"{', '.join(map(str, profile.seeds))} and arms: {', '.join(profile.arms)}"
        )
    if folder.exists():
        raise FileError(f"{folder} is there already; name a folder that is not")


def export(study: "Study", arm: str, seed: int, folder: Path) -> Path:
    """Write a run's model, tokenizer and card into `folder`, which appears when complete.

    Raises what `check` raises, and SettingsError for a run that has not been trained yet.
    """
    from mucpt_utils.scoring import models
    from mucpt_utils.study import jobs, stages

    profile = study.profile
    check(profile, arm, seed, folder)
    try:
        files = jobs.files_of(study, arm, seed)
        with stages.looking():
            tokenizer = study.tokenizer().folder
    except stages.NotMade:
        raise SettingsError(
            f"{arm} at seed {seed} of profile {profile.name} was not trained in this work folder: "
            f"./run_all.sh {profile.name} trains it"
        ) from None
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        beside = Path(scratch) / "model"
        code = read_json(files.folder / stages.RECORD)["commit"]
        models.load(files.folder / "model", device="cpu").save_pretrained(beside)
        models.load_tokenizer(tokenizer).save_pretrained(beside)
        write_text(beside / "README.md", card(profile, read_run(files), code))
        shutil.move(beside, folder)
    return folder


def card(profile: Profile, run: Run, code: str | None) -> str:
    """The model card of a run, in the form of the Hub. code: the commit that trained it."""
    base, licence = origin(profile)
    header = {
        "license": licence,
        "language": ["en"],
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["music", "continued-pretraining", "research"],
    }
    if profile.pretrained and profile.pretrained.name.startswith(PREFIX):
        header["base_model"] = find_package(profile.pretrained.name).original
    scores = "\n".join(f"| {name} | {value} | {n} |" for name, value, n in score_rows(run))
    return f"""---
{yaml.safe_dump(header, sort_keys=False).strip()}
---
# MuCPT study, profile {profile.name}: {ARMS[run.arm].title}, seed {run.seed}

A model of an open study of music-domain continued pretraining (after arXiv 2511.14245). It was made
to compare ways of training, not to be used.

## How it was trained
- base: {base}{beginning(run.arm)}
- arm `{run.arm}`: {ARMS[run.arm].title}
{further_training(profile, run)}
- code: commit {code or "unknown"}

## Scores at the end of this run
| measured | value | n |
|---|--:|--:|
{scores}

Covered facts are those about subjects that this seed's reference model had learnt. One seed says
little: compare arms over seeds in the study's tables.

## Limits
{false_statements(run)}It knows few facts, answers in the form
`Question: ...` / `Answer:` alone, and must not be relied on for anything.
"""


def beginning(arm: str) -> str:
    """What the run began with, if that is not the base itself."""
    return (
        "" if ARMS[arm].start == "base" else "; the run began with a reference model made from it"
    )


def further_training(profile: Profile, run: Run) -> str:
    """What the run read, as lines of a list."""
    if not run.last_tokens:
        return "- no further training: this is the base itself"
    return f"""- {run.last_tokens:,} tokens, {profile.replay:.0%} of them general text
- text: rendered by the project's own writer from true facts (CC0), with the flaws of a crawl added
  and labelled, wrong facts among them ({wrong_facts(profile)}), then cleaned by the project's
  pipeline"""


def false_statements(run: Run) -> str:
    """The first of the limits; the base alone has read no false statements."""
    return "It has learnt false statements on purpose. " if run.last_tokens else ""


def wrong_facts(profile: Profile) -> str:
    """Which share of the statements are false, by what their site is."""
    crawl = profile.render
    reliable = f"a share of {crawl.wrong_fact:g}"
    if not crawl.bad_sites:
        return reliable
    return (
        f"{reliable} on reliable sites, of {crawl.wrong_in_bad_sites:g} on the share of "
        f"{crawl.bad_sites:g} of the sites that are not"
    )


def origin(profile: Profile) -> tuple[str, str]:
    """The base in words, and the Hub's name of the licence of what was made from it."""
    if profile.pretrained is None:
        return "from scratch, on general text and question-answer pairs of the study", OWN_LICENCE
    name = profile.pretrained.name
    if not name.startswith(PREFIX):
        # where it lay on this machine says nothing on another
        shown = Path(name).name if is_path(name) else name
        made = ", dequantised from GGUF" if name.lower().endswith(SUFFIX) else ""
        return f"`{shown}`{made}; its licence holds", "other"
    package = find_package(name)
    words = (
        f"{package.title} ({package.original}), dequantised from {package.quantised}; licence of "
        f"the base: {package.licence}"
    )
    return words, "apache-2.0" if package.licence == "Apache-2.0" else "other"


def score_rows(run: Run) -> list[tuple[str, str, int]]:
    """(what, value, number of questions) of the answers at the end of the run."""
    music = [row for row in run.final_answers if row["set"] == "questions"]
    groups = {
        "covered facts": [row for row in music if row["question_id"] in run.covered],
        "uncovered facts": [row for row in music if row["question_id"] not in run.covered],
        "general questions": [row for row in run.final_answers if row["set"] != "questions"],
    }
    rows = []
    for name, answers in groups.items():
        if answers:
            right = sum(row["grade"] == "correct" for row in answers) / len(answers)
            nats = sum(row["log_likelihood"] for row in answers) / len(answers)
            rows.append((f"{name}: accuracy", f"{right:.3f}", len(answers)))
            rows.append((f"{name}: log-likelihood, nats per token", f"{nats:.3f}", len(answers)))
    for name, bits in run.bits_per_byte.items():
        rows.append((f"held-out {name} text: bits per byte", f"{bits:.3f}", 1))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Export one run; returns the exit code."""
    parser = Parser(
        prog="python -m mucpt_utils export",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("profile")
    parser.add_argument("arm")
    parser.add_argument("seed", type=int)
    parser.add_argument("folder", type=place)
    parser.add_argument("--set", dest="overrides", metavar="KEY=VALUE", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        profile = load_profile(options.profile, options.overrides)
        check(profile, options.arm, options.seed, options.folder)
        from mucpt_utils.study.study import Study

        folder = export(Study(profile, "export"), options.arm, options.seed, options.folder)
    except MuCPTError as error:
        print(f"export: {error}", file=sys.stderr)
        return error.exit_code
    print(f"written to {folder}; ask it: python -m mucpt_utils musicsimpleqa --model {folder}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
