"""The axes of data composition, read from `axes.yaml`: one changes, everything else stays."""

from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS


class Level(BaseModel):
    """One level of an axis: the settings it changes; none for the profile's own values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    set: dict[str, Any] = Field(default_factory=dict)


class Axis(BaseModel):
    """One axis of data composition and the arms that are trained at each of its levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    arms: tuple[str, ...]
    levels: tuple[Level, ...] = Field(min_length=2)

    @field_validator("arms")
    @classmethod
    def _known(cls, arms: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(arms) - set(ARMS))
        if unknown:
            raise ValueError(f"unknown arms {unknown}; allowed: {', '.join(ARMS)}")
        return arms


@cache
def load_axes() -> dict[str, Axis]:
    """Every axis by name. Raises pydantic's error for a malformed file."""
    data = yaml.safe_load((paths.PACKAGE / "config" / "axes.yaml").read_text(encoding="utf-8"))
    return {name: Axis.model_validate(axis) for name, axis in data.items()}
