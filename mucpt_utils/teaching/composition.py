"""The axes of data composition for a reader: their levels, and which stages a level makes anew."""

import pandas as pd

from mucpt_utils.config.axes import load_axes
from mucpt_utils.study.study import Study

STAGES = ("base", "raw_corpus", "corpus", "domain_tokens")


def levels(study: Study) -> pd.DataFrame:
    """axis, level, the settings it changes, and the arms trained on it, for the study's axes."""
    rows = [
        {
            "axis": name,
            "level": level.name,
            "changes": _told(level.set),
            "arms": ", ".join(axis.arms),
        }
        for name, axis in _axes(study)
        for level in axis.levels
    ]
    return pd.DataFrame(rows, columns=["axis", "level", "changes", "arms"])


def _told(changes: dict) -> str:
    return ", ".join(f"{key} = {value}" for key, value in changes.items()) or "nothing"


def _axes(study: Study):
    return [(name, load_axes()[name]) for name in study.profile.composition]


def shared_stages(study: Study) -> pd.DataFrame:
    """For each level and stage, whether it is the profile's own ("shared") or "made again"."""
    rows = []
    for name, axis in _axes(study):
        for level in axis.levels:
            changed = study.with_changes(level.set)
            same = {stage: _same(study, changed, stage) for stage in STAGES}
            rows.append({"axis": name, "level": level.name, **same})
    return pd.DataFrame(rows, columns=["axis", "level", *STAGES])


def _same(study: Study, changed: Study, stage: str) -> str:
    own, other = (getattr(s, stage)().folder for s in (study, changed))
    return "shared" if own == other else "made again"
