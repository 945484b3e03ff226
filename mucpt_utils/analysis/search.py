"""Search for a setting of the criterion, on development questions alone; every trial is logged.

    python -m mucpt_utils search PROFILE [--only NAME ...] [--set KEY=VALUE ...]

Each candidate is an arm. It is compared with plain and Rho-1 by accuracy and by log-likelihood of
the answer, on covered and uncovered facts, at equal tokens. `results/search/log.csv` grows by one
row a trial and stratum, failures included; nothing is taken out of it. The chosen setting is then
run once on the test questions, as an arm of its own.
"""

import argparse
import csv
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from mucpt_utils import paths
from mucpt_utils.analysis import tables
from mucpt_utils.config.arms import ARMS, SOFT_DYNAMIC, SOFT_STATIC
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.config.settings import Profile, SettingsError, load_profile
from mucpt_utils.study import jobs
from mucpt_utils.study.study import Study

LOG = "log.csv"
STRATA = ("covered", "uncovered")
COMPARED_TO = ("plain", "rho1")
COLUMNS = (
    *("date", "trial", "profile", "seeds", "train_tokens", "setting", "stratum", "metric"),
    *("value", "minus_plain", "minus_plain_low", "minus_plain_high"),
    *("minus_rho1", "minus_rho1_low", "minus_rho1_high", "problem"),
)


def _dynamic(**changes) -> Criterion:
    return Criterion.model_validate({**SOFT_DYNAMIC.model_dump(), **changes})


def _static(**changes) -> Criterion:
    return Criterion.model_validate({**SOFT_STATIC.model_dump(), **changes})


# candidates by what they try; each is the arm `soft_dynamic`, or `soft_static` where its name
# says so, but for what the name says
CANDIDATES: dict[str, Criterion] = {
    "soft_static": SOFT_STATIC,
    "static_mix_050": _static(mix=0.5),
    "static_mix_025": _static(mix=0.25),
    "static_surprise": _static(denominator="surprise"),
    "static_surprise_mix_050": _static(denominator="surprise", mix=0.5),
    # a wide floor: easy words fall behind, small surprises do not
    "static_surprise_wide": _static(denominator="surprise", floor=1.0),
    "static_surprise_low_050": _static(denominator="surprise", low=0.5),
    # a reference model made unsure: surprised by what is wrong, not by what it happens to guess
    "static_surprise_hot": _static(denominator="surprise", temperature=3.0),
    "static_surprise_hot_mix_050": _static(denominator="surprise", temperature=3.0, mix=0.5),
    "static_surprise_hot_mix_075": _static(denominator="surprise", temperature=3.0, mix=0.75),
    "static_surprise_warm": _static(denominator="surprise", temperature=2.0),
    "static_surprise_hotter": _static(denominator="surprise", temperature=5.0),
    "static_low_050": _static(low=0.5),
    # drops only what is worst, and weighs the rest alike
    "static_step_080": _static(form="step", keep=0.8),
    "static_step_surprise_080": _static(form="step", keep=0.8, denominator="surprise"),
    "static_step_surprise_090": _static(form="step", keep=0.9, denominator="surprise"),
    "soft_dynamic": SOFT_DYNAMIC,
    "surprise": _dynamic(denominator="surprise"),
    "surprise_wide": _dynamic(denominator="surprise", floor=1.0, high=2.0),
    "entropy": _dynamic(denominator="entropy"),
    "static_then_dynamic": _dynamic(static_share=0.5),
    "floor_falls": _dynamic(floor=0.1, floor_start=2.0),
    "warmup": _dynamic(warmup=0.2),
    "low_030": _dynamic(low=0.3),
    "high_3": _dynamic(high=3.0),
    "mix_050": _dynamic(mix=0.5),
    "hot_reference": _dynamic(temperature=3.0),
    "step_ratio": _dynamic(form="step", keep=0.6),
    "step_surprise": _dynamic(form="step", keep=0.7, denominator="surprise"),
    "step_half": _dynamic(form="step", keep=0.6, mix=0.5),
    "all_together": _dynamic(
        denominator="surprise", low=0.1, high=2.0, warmup=0.1, floor=0.3, floor_start=2.0
    ),
}


def development(profile: Profile) -> Profile:
    """The profile on development questions, measured at the end alone, without axes."""
    changes = {"world.split": "dev", "composition": [], "evaluation.points": 1, "alignment": None}
    return profile.override(changes)


class SearchStudy(Study):
    """A study whose arms are the registered ones and the candidates."""

    def arm(self, name: str) -> Arm:
        """An arm of the study, or the candidate of that name."""
        if name in ARMS:
            return ARMS[name]
        return Arm(title=f"search: {name}", tokens=CANDIDATES[name])


def trial(study: Study, name: str) -> list[dict]:
    """Run one candidate at every seed, and compare it; one row a stratum and metric."""
    arms = dict.fromkeys((*COMPARED_TO, name))
    wanted = [(arm, seed) for arm in arms for seed in study.profile.seeds]
    jobs.make([jobs.run(study, arm, seed) for arm, seed in wanted], name)
    runs = [tables.read_run(study, arm, seed) for arm, seed in wanted]
    return compare(tables.final_items(tables.items(runs)), name)


def compare(final: pd.DataFrame, name: str) -> list[dict]:
    """A candidate's means and its paired differences to plain and Rho-1, from final items."""
    final = final[final["stratum"].isin(STRATA)]
    ours = final[final["arm"] == name]
    means = ours.groupby(["stratum", "metric"], sort=False)["value"].mean()
    rows = {key: {"stratum": key[0], "metric": key[1], "value": v} for key, v in means.items()}
    for other in COMPARED_TO:
        for row in tables.paired(ours, final[final["arm"] == other]).to_dict("records"):
            place = rows[row["stratum"], row["metric"]]
            place[f"minus_{other}"] = row["difference"]
            place[f"minus_{other}_low"], place[f"minus_{other}_high"] = (
                row["ci_low"],
                row["ci_high"],
            )
    return list(rows.values())


def beats_both(rows: list[dict], metric: str = "accuracy") -> bool:
    """Whether a trial is above plain and above Rho-1, on covered and on uncovered facts."""
    wanted = [row for row in rows if row["metric"] == metric]
    return len(wanted) == len(STRATA) and all(
        row[f"minus_{other}"] > 0 for row in wanted for other in COMPARED_TO
    )


def append(log: Path, rows: list[dict]) -> None:
    """Add rows to the log; what stands there is never changed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    fresh = not log.exists()
    with log.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerows(rows)


def search(profile: Profile, names: list[str], log: Path) -> dict[str, bool | None]:
    """Try the named candidates in turn; for each whether it beats both, None where it failed."""
    study = SearchStudy(development(profile), "search")
    jobs.references([study])
    found: dict[str, bool | None] = {}
    for name in names:
        criterion = CANDIDATES[name]
        place = {
            "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            "trial": name,
            "profile": profile.name,
            "seeds": len(profile.seeds),
            "train_tokens": profile.train.tokens,
            "setting": criterion.model_dump_json(exclude_defaults=True),
        }
        try:
            rows = trial(study, name)
            found[name] = beats_both(rows)
        except Exception as error:  # a failed trial is a result: it is logged, the next one runs
            traceback.print_exc()
            rows = [{"problem": " ".join(f"{type(error).__name__}: {error}".split())}]
            found[name] = None
        append(log, [{**place, **row} for row in rows])
    return found


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mucpt_utils search")
    parser.add_argument("profile")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--set", dest="overrides", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        unknown = sorted(set(options.only) - set(CANDIDATES))
        if unknown:
            raise SettingsError(f"unknown trials {unknown}; allowed: {', '.join(CANDIDATES)}")
        profile = load_profile(options.profile, options.overrides)
        log = paths.results("search") / LOG
        found = search(profile, options.only or list(CANDIDATES), log)
    except SettingsError as error:
        print(f"search: {error}", file=sys.stderr)
        return 2
    words = {True: "beats plain and Rho-1 on both", False: "does not", None: "failed"}
    for name, result in found.items():
        print(f"{name}: {words[result]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
