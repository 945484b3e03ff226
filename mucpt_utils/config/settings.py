"""Profiles: one validated settings file each, and the overrides given on the command line."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, field_validator, model_validator

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS, ArmNames
from mucpt_utils.config.axes import AxisNames
from mucpt_utils.config.files import (
    Settings,
    SettingsError,
    all_different,
    all_known,
    begin_like,
    read_settings,
    shown,
    validated,
)
from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.scoring import ModelSettings, PretrainedSettings, ReferenceSettings
from mucpt_utils.config.text import BaseCorpusSettings, RenderSettings
from mucpt_utils.config.training import AlignmentSettings, EvaluationSettings, TrainSettings
from mucpt_utils.errors import MEANT
from mucpt_utils.io import FileError, parse_yaml

NEARLY = 0.75  # likeness of a name to one that it was meant for, by difflib
PROFILES = paths.PACKAGE / "config/profiles"


class ProseSettings(BaseModel):
    """The prose lane: which folders, which share of the files plays which role, budgets."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    music: str = Field("music_prose", description="sub-folder of music text")
    general: str = Field("general_prose", description="sub-folder of general text")
    held_out: float = Field(0.2, gt=0, lt=1, description="share of files for measuring only")
    calibration: float = Field(0.1, gt=0, lt=1, description="share that sets the RM's temperature")
    reference: float = Field(0.3, gt=0, lt=1, description="share of files the RM learns from")
    mixed: float = Field(
        0.0,
        ge=0,
        description="passages mixed into the rendered crawl, and into replay, for each document",
    )
    passages: int = Field(800, ge=10, description="passages of the cleaned corpus trained on")
    held_out_passages: int = Field(200, ge=1, description="passages of each held-out text")
    arms: ArmNames = ("base", "plain", "soft_static")
    vocabulary: int = Field(4096, ge=300)
    base: TrainSettings = TrainSettings(tokens=400_000, learning_rate=5e-3)
    reference_training: TrainSettings = TrainSettings(tokens=120_000)
    train: TrainSettings = TrainSettings(tokens=120_000)

    @model_validator(mode="after")
    def files_for_every_role(self) -> "ProseSettings":
        """Refuses shares of the files that leave none to train on."""
        if self.held_out + self.calibration + self.reference >= 1:
            raise ValueError(
                f"held_out, calibration and reference are shares of the files: {self.held_out:g} + "
                f"{self.calibration:g} + {self.reference:g} leaves none to train on; allowed: "
                "less than 1 together"
            )
        return self


class Profile(BaseModel):
    """Every setting of one run of the study."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    purpose: str = Field(description="whom it is for, in one line")
    text: str | None = Field(
        None, description="folder of real text for the prose lane; relative to the top folder"
    )
    seeds: tuple[NonNegativeInt, ...] = Field((0, 1, 2), min_length=1)
    world: WorldSettings
    base_corpus: BaseCorpusSettings = BaseCorpusSettings()
    render: RenderSettings
    metadata: tuple[str, ...] = Field(
        ("source", "title"), description="metadata fields that stand before each document"
    )
    metadata_in_corpus: bool = Field(True, description="whether they stand in the domain corpus")
    pipeline: PipelineSettings = PipelineSettings()
    vocabulary: int = Field(2048, ge=300, description="tokens of the tokenizer")
    model: ModelSettings
    pretrained: PretrainedSettings | None = Field(None, description="null: a base from scratch")
    base: TrainSettings
    base_seed: NonNegativeInt = Field(0, description="of the base's first weights and order")
    reference: ReferenceSettings = ReferenceSettings()
    reference_training: TrainSettings
    train: TrainSettings
    replay: float = Field(0.2, ge=0, lt=1, description="share of general text in the budget")
    arms: ArmNames = tuple(ARMS)
    compute_of: str = Field(
        "selection_soft", description="arm whose price plain_compute spends on tokens instead"
    )
    also_compared: tuple[str, ...] = Field(
        (), description="arms that all are compared with beside those that they always are"
    )
    evaluation: EvaluationSettings = EvaluationSettings()
    alignment: AlignmentSettings | None = Field(None, description="null: no tuning after the arms")
    prose: ProseSettings = ProseSettings()
    composition: AxisNames = Field((), description="axes of data composition to compare")

    @field_validator("seeds")
    @classmethod
    def different_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        """Refuses a seed that is given twice: its runs would count as independent ones."""
        return all_different(seeds)

    @field_validator("compute_of")
    @classmethod
    def priced_arm(cls, name: str) -> str:
        """Refuses an arm that is not known."""
        all_known([name], ARMS, "arm")
        return name

    @field_validator("also_compared")
    @classmethod
    def known_arms(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses arms that are not known; one that is not run is compared with nothing."""
        all_known(names, ARMS, "arm")
        return names

    @model_validator(mode="after")
    def base_is_asked(self) -> "Profile":
        """Refuses a stratum of what the base knew where the base is not asked."""
        if self.evaluation.known_above is not None and "base" not in self.arms:
            raise ValueError("evaluation.known_above needs arm 'base' among the arms")
        return self

    @field_validator("text")
    @classmethod
    def existing_folder(cls, text: str | None) -> str | None:
        """Refuses a folder of text that is not there."""
        if text is not None and not (paths.ROOT / text).is_dir():
            raise ValueError(f"{text!r} is not a folder")
        return text

    @property
    def text_folder(self) -> Path | None:
        """Where `text` is, wherever the process stands: notebooks run in a folder of their own."""
        return None if self.text is None else paths.ROOT / self.text

    @property
    def parameters(self) -> int:
        """Parameters of the model: declared where it is loaded, counted otherwise."""
        if self.pretrained:
            return self.pretrained.parameters
        return self.model.parameters(self.vocabulary)

    def override(self, changes: Mapping[str, Any]) -> "Profile":
        """A copy with dotted settings changed. Raises SettingsError for an unknown key."""
        data = self.model_dump(mode="json", exclude={"name"})
        for key, value in changes.items():
            assign(data, key, value)
        return validated(Profile, {**data, "name": self.name}, f"profile {self.name!r}")


def profile_names() -> list[str]:
    """The profiles that are there, in alphabetical order."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def load_profile(name: str, overrides: Sequence[str] = ()) -> Profile:
    """Read profile `name` and apply `KEY=VALUE` overrides.

    Raises SettingsError, in one line that says what is allowed, for a profile, key or value that
    is not.
    """
    names = profile_names()
    if name not in names:
        raise SettingsError(f"unknown profile {name!r}; allowed: {', '.join(names)}")
    settings = begin_like(
        name, lambda other: read_settings(PROFILES / f"{other}.yaml"), names, shown(PROFILES)
    )
    where = f"{shown(PROFILES / f'{name}.yaml')}, profile {name!r}"
    if "name" in settings:
        raise SettingsError(f"{where}, setting 'name': it is the name of the file")
    profile = validated(Profile, {**settings, "name": name}, where)
    return profile.override(parse_overrides(overrides))


def parse_overrides(pairs: Sequence[str]) -> dict[str, Any]:
    """`["train.tokens=1000", ...]` as a mapping; values are read as YAML."""
    changes = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise SettingsError(f"--set {pair!r}: expected KEY=VALUE, as in train.tokens=100000")
        try:
            changes[key] = parse_yaml(value, f"--set {pair!r}")
        except FileError as error:
            raise SettingsError(str(error)) from None
    return changes


def _nearest(settings: Settings, key: str) -> str:
    """A question about the setting that was meant: one of nearly this name, or those elsewhere."""
    names = list(dotted(settings))
    near = difflib.get_close_matches(key, names, 1, NEARLY)
    near = near or [name for name in names if name.rpartition(".")[2] == key.rpartition(".")[2]]
    return f"; {MEANT} {' or '.join(map(repr, near))}?" if near else ""


def dotted(settings: Settings, place: str = "") -> Iterator[str]:
    """Every setting by its name, as `train.tokens`, groups before what is in them."""
    for name, value in settings.items():
        yield f"{place}{name}"
        if isinstance(value, dict):
            yield from dotted(value, f"{place}{name}.")


def assign(settings: Settings, key: str, value: Any) -> None:
    """Set a dotted key, as in `train.tokens`. Raises SettingsError for one that is not there."""
    *groups, last = key.split(".")
    group: Any = settings
    for name in (*groups, last):
        if not isinstance(group, dict):
            whole = "; it is null here, and can be set whole alone" if group is None else ""
            raise SettingsError(
                f"unknown setting {key!r}: nothing stands below it, so no {name!r}{whole}"
            )
        if name not in group:
            allowed = ", ".join(sorted(map(str, group))) or "nothing"
            raise SettingsError(
                f"unknown setting {key!r}; allowed in place of {name!r}: {allowed}"
                f"{_nearest(settings, key)}"
            )
        parent, group = group, group[name]
    parent[last] = value
