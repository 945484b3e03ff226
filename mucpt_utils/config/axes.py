"""Axes of data composition: settings that change while everything else stays.

`axes.yaml` holds those of the study. A user's own mixture is an axis of one level beside the
profile's own, in a file of the same form (`mixtures/`).
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from mucpt_utils import paths
from mucpt_utils.config.arms import ArmNames
from mucpt_utils.config.files import all_different, all_known, read_entries

MAIN = "main"  # the axis of the profile's own runs
DEFAULT = "default"  # their level
MIXTURE = "mixture"  # the axis of a user's own mixtures
# settings that all levels of an axis share: its arms are named beside its title, and runs of other
# seeds could not be paired
SHARED = ("arms", "composition", "seeds")


class Level(BaseModel):
    """One level of an axis: the settings it changes; none for the profile's own values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    set: dict[str, Any] = Field({}, description="settings of a profile, as --set names them")

    @field_validator("set")
    @classmethod
    def changes_what_is_compared(cls, changes: dict[str, Any]) -> dict[str, Any]:
        """Refuses settings that are the same at every level: they would be passed over."""
        if shared := [name for name in SHARED if name in changes]:
            raise ValueError(f"{shared[0]!r} is the same at every level, so none can change it")
        return changes

    @property
    def changes(self) -> str:
        """What the level changes, in words: `replay = 0.33`, or `nothing`."""
        return ", ".join(f"{key} = {value}" for key, value in self.set.items()) or "nothing"


class Axis(BaseModel):
    """One axis of data composition and the arms that are trained at each of its levels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    arms: ArmNames = ("plain",)
    levels: tuple[Level, ...] = Field(min_length=2, description="one of them changes nothing")

    @field_validator("levels")
    @classmethod
    def one_default(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        """Refuses two levels of the same name, and more or fewer than one default level."""
        all_different([level.name for level in levels])
        if sum(not level.set for level in levels) != 1:
            raise ValueError("one level, and one alone, has no `set`: the profile's own values")
        return levels

    @property
    def default(self) -> Level:
        """The level that changes nothing."""
        return next(level for level in self.levels if not level.set)

    @property
    def changed(self) -> tuple[Level, ...]:
        """The levels that change something."""
        return tuple(level for level in self.levels if level.set)


def read_axes(path: Path) -> dict[str, Axis]:
    """Every axis of a file, by name. Raises SettingsError for anything that is not allowed."""
    return read_entries(path, Axis)


@cache
def load_axes() -> dict[str, Axis]:
    """Every axis of the study by name."""
    return read_axes(paths.PACKAGE / "config/axes.yaml")


def known_axes(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if all are axes and none repeats. Raises ValueError otherwise."""
    return all_known(all_different(names), load_axes(), "axes")


AxisNames = Annotated[tuple[str, ...], AfterValidator(known_axes)]
