"""What the first notebook shows: what a run needs, its settings, where each claim is tested."""

import shutil
from pathlib import Path

import pandas as pd

from mucpt_utils.analysis import claim_tests, claims
from mucpt_utils.config.settings import Profile, load_profile, profile_names
from mucpt_utils.study import parallel
from mucpt_utils.study.provenance import machine

NEEDED_MEMORY = 3.0  # GiB; two runs side by side and a notebook
NEEDED_DISK = 3.0  # GiB in the work folder, for the laptop profile
CPU_PROFILES = ("smoke", "laptop")

# kind of a claim's test -> (notebook, table); for untested claims, by what they show
TESTED_IN = {
    "room": ("05b_what_was_learnt", "differences.csv"),
    "best": ("05b_what_was_learnt", "differences.csv"),
    "arms": ("05b_what_was_learnt", "differences.csv"),
    "axis": ("07_data_composition", "composition_differences.csv"),
    "axes": ("07_data_composition", "composition_differences.csv"),
    "quality": ("03_clean_deduplicate_mask", "pipeline_quality.csv"),
}
SHOWN_IN = {
    "": ("06_musicsimpleqa", ""),
    "words_kept": ("03_clean_deduplicate_mask", "funnel.csv"),
    "questions": ("07_data_composition", "runs.csv"),
    "paper_arm_accuracy": ("05b_what_was_learnt", "main_comparison.csv"),
}
LEFT = {
    "run.json": "settings, versions, machine, and the record of every stage",
    "tables/*.csv, .parquet": "every number, tidy, one observation per row",
    "tables/README.md": "what each column means, its unit, its allowed values; how to load them",
    "figures/*.png, .pdf, .csv": "every figure, and beside it the numbers that it shows",
    "executed/*.ipynb": "these notebooks as they were run",
    "classroom/*.json": "small samples for the interactive cells, which need no model",
    "mixtures/": "data mixtures of your own, where you have trained any",
    "report.html, report.md": "all of it on one page that opens without a network",
    "site/": "the same as pages to search, filter and play with; also without a network",
}


def requirements(work: Path) -> pd.DataFrame:
    """Columns what, needed, there, enough: what a run needs; free space is only compared.

    work: the folder for caches and checkpoints, or where it will be made.
    """
    here, cores = machine(), parallel.cores()
    folder = next(folder for folder in (work, *work.parents) if folder.exists())
    room = shutil.disk_usage(folder).free / 2**30 >= NEEDED_DISK
    memory = here["memory_gib"]
    rows = [
        ("cores", "2; with one a run takes about twice as long", cores, cores >= 2),
        ("memory", f"{NEEDED_MEMORY:g} GiB", f"{memory} GiB", memory >= NEEDED_MEMORY),
        ("disk", f"{NEEDED_DISK:g} GiB in the work folder", "free" if room else "less", room),
        ("GPU", f"none for {' and '.join(CPU_PROFILES)}", here["gpu"] or "none", True),
    ]
    frame = pd.DataFrame(rows, columns=["what", "needed", "there", "enough"])
    return frame.assign(enough=frame["enough"].map({True: "yes", False: "no"}))


def profiles() -> pd.DataFrame:
    """Columns profile, purpose, subjects under test, tokens per arm, seeds, arms, axes."""
    return pd.DataFrame(
        [
            {
                "profile": profile.name,
                "purpose": profile.purpose,
                "subjects under test": profile.world.subjects,
                "tokens per arm": f"{profile.train.tokens:,}",
                "seeds": len(profile.seeds),
                "arms": len(profile.arms),
                "axes": len(profile.composition),
            }
            for profile in map(load_profile, profile_names())
        ]
    )


def settings_table(profile: Profile) -> pd.DataFrame:
    """Columns setting, value: each group of a profile's settings on one line, as in `--set`."""
    rows = []
    for name, value in profile.model_dump(mode="json").items():
        if name not in ("text", "prose"):  # only for the prose lane; may name a local folder
            rows.append({"setting": name, "value": setting_in_words(value)})
    return pd.DataFrame(rows)


def setting_in_words(value: object, prefix: str = "") -> str:
    """A setting, a list of them, or a group: `tokens=8000, batch_sequences=4`; groups flattened."""
    if isinstance(value, dict):
        parts = []
        for name, inner in value.items():
            key = f"{prefix}{name}"
            nested = isinstance(inner, dict)
            parts.append(
                setting_in_words(inner, f"{key}.") if nested else f"{key}={setting_in_words(inner)}"
            )
        return ", ".join(parts)
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def claims_map() -> pd.DataFrame:
    """Columns claim, status in the paper, here (how it is tested), notebook, table."""
    rows = []
    for claim in claims.load_claims().values():
        test = claim.test
        notebook, table = TESTED_IN.get(test.kind) or SHOWN_IN[test.shows]
        rows.append(
            {
                "claim": claim.claim,
                "status in the paper": claim.source,
                "here": "not tested" if test.kind == "none" else test_in_words(test),
                "notebook": notebook,
                "table": table or "–",
            }
        )
    return pd.DataFrame(rows)


def test_in_words(test: claim_tests.Test) -> str:
    """How a claim is tested, in a few words."""
    if test.kind == "room":
        return "whether an arm that is told the labels stands clear of plain"
    if test.kind == "best":
        return f"whether some method is better than {', '.join(test.others)}"
    if test.kind == "arms":
        return f"arm {test.arm} against {test.against}"
    if test.kind == "axis":
        return f"axis {test.axis}: {test.level} against {test.against}"
    if test.kind == "quality":
        return f"precision and recall of each stage reach {test.reach:g}"
    return "whether each axis changes accuracy"


def results_map() -> pd.DataFrame:
    """Files of `results/<profile>/` and what is in them."""
    return pd.DataFrame(LEFT.items(), columns=["in results/<profile>/", "what it holds"])
