"""The axes of data composition for a reader: their levels, and which stages a level makes anew."""

import pandas as pd

from mucpt_utils.config.axes import load_axes
from mucpt_utils.study.study import Study

STAGES = ("base", "raw_corpus", "corpus", "domain_tokens")


def levels(study: Study) -> pd.DataFrame:
    """Columns axis, level, changes (to settings) and arms (trained on it), for the study's axes."""
    rows = [
        (name, level.name, level.changes, ", ".join(load_axes()[name].arms))
        for name in study.profile.composition
        for level in load_axes()[name].levels
    ]
    return pd.DataFrame(rows, columns=["axis", "level", "changes", "arms"])


def shared_stages(study: Study) -> pd.DataFrame:
    """For each level and stage, whether it is the profile's own ("shared") or "made again"."""
    rows = []
    for name in study.profile.composition:
        own = {stage: getattr(study, stage)().folder for stage in STAGES}
        for level in load_axes()[name].levels:
            changed = study.with_changes(level.set)
            folders = {stage: getattr(changed, stage)().folder for stage in STAGES}
            same = ["shared" if folders[s] == own[s] else "made again" for s in STAGES]
            rows.append((name, level.name, *same))
    return pd.DataFrame(rows, columns=["axis", "level", *STAGES])
