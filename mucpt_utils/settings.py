"""Profiles: one validated settings file each, and the overrides given on the command line."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mucpt_utils import paths
from mucpt_utils.arms import ARMS
from mucpt_utils.axes import load_axes
from mucpt_utils.models import ModelSettings
from mucpt_utils.pipeline import PipelineSettings
from mucpt_utils.render import RenderSettings
from mucpt_utils.training import TrainSettings
from mucpt_utils.world import WorldSettings


class SettingsError(ValueError):
    """A profile, key or value that is not allowed; the message is one line and says what is."""


class ReferenceSettings(BaseModel):
    """The reference model: how it is trained and how its confidence is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents_per_subject: int = Field(12, ge=1, description="clean documents about each subject")
    temperature: float | None = Field(
        None, gt=0, description="fixed temperature; null chooses it on calibration subjects"
    )
    temperatures: tuple[float, ...] = Field(
        (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0), description="candidates when it is chosen"
    )


class BaseSettings(BaseModel):
    """The base model's corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents_per_subject: int = Field(10, ge=1, description="clean documents about each subject")
    questions_per_subject: int = Field(6, ge=1, description="question-answer documents about each")


class EvaluationSettings(BaseModel):
    """What is measured, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: int = Field(4, ge=1, description="points of each learning curve, the last at the end")
    general_questions: int = Field(60, ge=1, description="questions of the general twin")
    held_out_documents: int = Field(2, ge=1, description="held-out documents about each subject")
    new_tokens: int = Field(16, ge=1, description="longest answer, in tokens")


class Profile(BaseModel):
    """Every setting of one run of the study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    purpose: str = Field(description="whom it is for, in one line")
    text: str | None = Field(None, description="folder of real text for the prose lane")
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    world: WorldSettings
    base_corpus: BaseSettings = BaseSettings()
    render: RenderSettings
    metadata_in_text: bool = Field(True, description="a metadata line stands before each document")
    pipeline: PipelineSettings = PipelineSettings()
    vocabulary: int = Field(2048, ge=300, description="tokens of the tokenizer")
    model: ModelSettings
    base: TrainSettings
    reference: ReferenceSettings = ReferenceSettings()
    reference_training: TrainSettings
    train: TrainSettings
    replay: float = Field(0.2, ge=0, lt=1, description="share of general text in the budget")
    arms: tuple[str, ...] = tuple(ARMS)
    evaluation: EvaluationSettings = EvaluationSettings()
    composition: tuple[str, ...] = Field((), description="axes of data composition to compare")

    @model_validator(mode="after")
    def _consistent(self) -> "Profile":
        unknown = sorted(set(self.arms) - set(ARMS))
        if unknown:
            raise ValueError(f"unknown arms {unknown}; allowed: {', '.join(ARMS)}")
        unknown = sorted(set(self.composition) - set(load_axes()))
        if unknown:
            raise ValueError(f"unknown axes {unknown}; allowed: {', '.join(load_axes())}")
        if self.text is not None and not Path(self.text).is_dir():
            raise ValueError(f"text: {self.text!r} is no folder")
        return self

    def override(self, changes: dict[str, Any]) -> "Profile":
        """A copy with dotted settings changed. Raises SettingsError for an unknown key."""
        data = self.model_dump(mode="json")
        for key, value in changes.items():
            _assign(data, key, value)
        return _validated(data, self.name)


def profile_names() -> list[str]:
    """The profiles that are there, in alphabetical order."""
    return sorted(path.stem for path in paths.PROFILES.glob("*.yaml"))


def load_profile(name: str, overrides: list[str] | None = None) -> Profile:
    """Read profile `name` and apply `KEY=VALUE` overrides.

    Raises SettingsError, in one line that says what is allowed, for a profile, key or value that
    is not.
    """
    if name not in profile_names():
        raise SettingsError(f"unknown profile {name!r}; allowed: {', '.join(profile_names())}")
    data = yaml.safe_load((paths.PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    profile = _validated({"name": name, **data}, name)
    return profile.override(parse_overrides(overrides or []))


def parse_overrides(pairs: list[str]) -> dict[str, Any]:
    """`["train.tokens=1000", ...]` as a mapping; values are read as YAML."""
    changes = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise SettingsError(f"--set {pair!r}: expected KEY=VALUE, as in train.tokens=100000")
        changes[key] = yaml.safe_load(value)
    return changes


def _assign(data: dict, key: str, value: Any) -> None:
    place, *rest = key.split(".")
    if not isinstance(data, dict) or place not in data:
        allowed = ", ".join(sorted(data)) if isinstance(data, dict) else "nothing below it"
        raise SettingsError(f"unknown setting {key!r}; allowed here: {allowed}")
    if rest:
        if not isinstance(data[place], dict):
            raise SettingsError(f"setting {place!r} has nothing below it, so no {'.'.join(rest)!r}")
        _assign(data[place], ".".join(rest), value)
    else:
        data[place] = value


def _validated(data: dict, name: str) -> Profile:
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "profile"
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"profile {name!r}, setting {place!r}: {message}") from None
