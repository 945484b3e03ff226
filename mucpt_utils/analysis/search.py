"""Search for settings of the criterion, on development questions only; every trial is logged.

    python -m mucpt_utils search PROFILE [--only NAME ...] [--set KEY=VALUE ...]

Candidates are arms, in `config/candidates.yaml`. Each is compared with plain and Rho-1 by accuracy
and by log-likelihood of the answer, on covered and uncovered facts, at equal tokens. The log grows
by one row per trial, stratum and metric, failures included; nothing is removed from it. Each row
says how strong a dose the trial is (`effective`): trials of different doses do not compare by what
they weigh. The chosen setting is then run once on the test questions, as a separate arm.
"""

import csv
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis.comparisons import paired
from mucpt_utils.analysis.items import final_items, items
from mucpt_utils.analysis.runs import read_runs
from mucpt_utils.analysis.verdicts import KINDS
from mucpt_utils.arguments import Parser
from mucpt_utils.config.arms import ARMS, load_candidates
from mucpt_utils.config.files import chosen
from mucpt_utils.config.settings import Profile, load_profile
from mucpt_utils.errors import OK, MuCPTError
from mucpt_utils.study.checkout import check_committed

if TYPE_CHECKING:  # torch takes seconds to import, and wrong arguments are reported before
    from mucpt_utils.study.study import Study

COMPARED_TO = ("plain", "rho1")
COLUMNS = (
    *("date", "trial", "profile", "set", "seeds", "train_tokens", "effective", "setting"),
    *("stratum", "metric"),
    *("value", "minus_plain", "minus_plain_low", "minus_plain_high"),
    *("minus_rho1", "minus_rho1_low", "minus_rho1_high", "problem"),
)
OUTCOMES = {True: "beats plain and Rho-1 on both", False: "does not", None: "failed"}


def development(profile: Profile) -> Profile:
    """The profile on development questions, measured only at the end, without axes."""
    changes = {"world.split": "dev", "composition": [], "evaluation.points": 1, "alignment": None}
    return profile.override(changes)


def search(
    profile: Profile, names: Sequence[str], log: Path, changes: Sequence[str] = ()
) -> dict[str, bool | None]:
    """Try the named candidates in turn; for each, whether it beats both, or None if it failed.

    log: the file to which every trial is appended, with the columns `COLUMNS`; changes: the
    `KEY=VALUE` overrides of the profile, for the log.
    """
    from mucpt_utils.study import jobs
    from mucpt_utils.study.study import Study

    study = Study(development(profile), "search", {**ARMS, **load_candidates()})
    jobs.references([study])
    outcomes: dict[str, bool | None] = {}
    for name in names:
        common = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            "trial": name,
            "profile": profile.name,
            "set": " ".join(changes),
            "seeds": len(profile.seeds),
            "train_tokens": profile.train.tokens,
            "setting": study.arm(name).model_dump_json(
                exclude_defaults=True, exclude={"title", "role"}
            ),
        }
        try:
            rows = trial(study, name)
            common["effective"] = dose(study, name)
            outcomes[name] = beats_both(rows)
        except Exception as error:  # a failed trial is a result: it is logged, the next one runs
            traceback.print_exc()
            rows = [{"problem": " ".join(f"{type(error).__name__}: {error}".split())}]
            outcomes[name] = None
        append(log, [{**common, **row} for row in rows])
    return outcomes


def trial(study: "Study", name: str) -> list[dict]:
    """Run one candidate at every seed, and compare it; one row per stratum and metric."""
    from mucpt_utils.study import jobs

    arms = dict.fromkeys((*COMPARED_TO, name))
    wanted = [(arm, seed) for arm in arms for seed in study.profile.seeds]
    jobs.make([jobs.run(study, arm, seed) for arm, seed in wanted], name)
    runs = read_runs(jobs.files_of(study, arm, seed) for arm, seed in wanted)
    return compare(final_items(items(runs)), name)


def dose(study: "Study", name: str) -> float | None:
    """The effective sample size of a candidate's weights while the model still is the base.

    A share of the tokens, mean over seeds: 1 for equal weights, `keep` for a top share. None for a
    candidate that neither weighs tokens nor chooses documents.
    """
    from mucpt_utils.analysis import criteria

    arm = study.arm(name)
    if not criteria.has_criterion(arm):
        return None
    shares = []
    for seed in study.profile.seeds:
        scored = study.scored(arm, seed)
        chosen = criteria.chosen_documents(scored, arm)
        weights = criteria.weights_at_start(scored, arm, seed, chosen)
        shares.append(criteria.effective_share(weights))
    return round(float(np.mean(shares)), 4)


def compare(final: pd.DataFrame, name: str) -> list[dict]:
    """A candidate's means and its paired differences to plain and Rho-1, from final items."""
    final = final[final["stratum"].isin(KINDS)]
    ours = final[final["arm"] == name]
    means = ours.groupby(["stratum", "metric"], sort=False)["value"].mean()
    rows = {key: {"stratum": key[0], "metric": key[1], "value": v} for key, v in means.items()}
    for other in COMPARED_TO:
        for pair in paired(ours, final[final["arm"] == other]).to_dict("records"):
            rows[pair["stratum"], pair["metric"]] |= {
                f"minus_{other}": pair["difference"],
                f"minus_{other}_low": pair["ci_low"],
                f"minus_{other}_high": pair["ci_high"],
            }
    return list(rows.values())


def beats_both(rows: Sequence[dict], metric: str = "log_likelihood") -> bool:
    """Whether a trial is above both plain and Rho-1, on both covered and uncovered facts."""
    wanted = [row for row in rows if row["metric"] == metric]
    return len(wanted) == len(KINDS) and all(
        row[f"minus_{other}"] > 0 for row in wanted for other in COMPARED_TO
    )


def append(log: Path, rows: Sequence[dict]) -> None:
    """Add rows to the log, whose existing rows are never changed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    fresh = not log.exists()
    with log.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerows(rows)


def log_file(commit: bool) -> Path:
    """The committed log, or one of this checkout's own runs.

    Raises SettingsError if the log is to be committed and there are uncommitted changes.
    """
    if commit:
        check_committed()
    return (paths.committed if commit else paths.results)("search") / "log.csv"


def main(arguments: list[str] | None = None) -> int:
    """Try candidates and say how each did; returns the exit code."""
    parser = Parser(prog="python -m mucpt_utils search")
    parser.add_argument("profile")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    parser.add_argument(
        "--commit-results", action="store_true", help="add to the log that is committed"
    )
    options = parser.parse_args(arguments)
    try:
        profile = load_profile(options.profile, options.overrides)
        names = chosen(options.only, load_candidates(), "candidates")
        log = log_file(options.commit_results)
        outcomes = search(profile, names, log, options.overrides)
    except MuCPTError as error:
        print(f"search: {error}", file=sys.stderr)
        return error.exit_code
    for name, outcome in outcomes.items():
        print(f"{name}: {OUTCOMES[outcome]}")
    print(f"every trial stands in {log}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
