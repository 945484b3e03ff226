"""Profiles: one validated settings file each, and the overrides given on the command line."""

import re
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.scoring import ModelSettings
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.config.training import TrainSettings

BOOLEAN = "tag:yaml.org,2002:bool"
EXTENDS = "extends"  # in a profile's file: the profile whose settings it starts from


class SettingsError(ValueError):
    """A profile, key or value that is not allowed; the message is one line and says what is."""


class ReferenceSettings(BaseModel):
    """The reference model: how it is trained and how its confidence is set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents_per_subject: int = Field(12, ge=1, description="clean documents about each subject")
    pretrained: str | None = Field(
        None, description="folder or Hub name of an RM to use as it is, with the base's tokenizer"
    )
    temperature: float | None = Field(
        None, gt=0, description="fixed temperature; null chooses it on calibration subjects"
    )
    temperatures: tuple[float, ...] = Field(
        (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0), description="candidates when it is chosen"
    )


class PretrainedSettings(BaseModel):
    """A base model that is loaded, with its own tokenizer, in place of one from scratch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="folder or Hub name of a causal LM, with safetensors")
    parameters: int = Field(ge=1, description="declared for the cost; the model is not opened")
    vocabulary: int = Field(ge=300, description="tokens of its tokenizer, for the cost")


class AlignmentSettings(BaseModel):
    """Short supervised tuning after each arm, on questions about subjects that nobody reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(ge=1, description="budget, prompts included; the loss is on answers alone")
    batch_sequences: int = Field(4, ge=1, description="sequences in one optimiser step")
    learning_rate: float = Field(1e-3, gt=0, description="peak")
    weighted: bool = Field(False, description="whether the arm's criterion weighs answer tokens")
    questions_per_subject: int = Field(6, ge=1, description="question documents about each subject")

    @property
    def train(self) -> TrainSettings:
        """The budget as settings of a training run."""
        return TrainSettings(
            tokens=self.tokens,
            batch_sequences=self.batch_sequences,
            learning_rate=self.learning_rate,
            checkpoints=0,
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
    keep_weights: bool = Field(
        True, description="whether a run keeps the weight of each token (2 bytes a token)"
    )


class ProseSettings(BaseModel):
    """The prose lane: which folders, which share of the files plays which role, budgets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    music: str = Field("music_prose", description="sub-folder of music text")
    general: str = Field("general_prose", description="sub-folder of general text")
    held_out: float = Field(0.2, gt=0, lt=1, description="share of files for measuring only")
    calibration: float = Field(0.1, gt=0, lt=1, description="share that sets the RM's temperature")
    reference: float = Field(0.3, gt=0, lt=1, description="share of files the RM learns from")
    passages: int = Field(800, ge=10, description="passages of the cleaned corpus trained on")
    held_out_passages: int = Field(200, ge=1, description="passages of each held-out text")
    arms: tuple[str, ...] = ("base", "plain", "soft_static")
    vocabulary: int = Field(4096, ge=300)
    base: TrainSettings = TrainSettings(tokens=400_000, learning_rate=5e-3)
    reference_training: TrainSettings = TrainSettings(tokens=120_000)
    train: TrainSettings = TrainSettings(tokens=120_000)


class Profile(BaseModel):
    """Every setting of one run of the study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    purpose: str = Field(description="whom it is for, in one line")
    text: str | None = Field(
        None, description="folder of real text for the prose lane; relative to the top folder"
    )
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    world: WorldSettings
    base_corpus: BaseSettings = BaseSettings()
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
    reference: ReferenceSettings = ReferenceSettings()
    reference_training: TrainSettings
    train: TrainSettings
    replay: float = Field(0.2, ge=0, lt=1, description="share of general text in the budget")
    arms: tuple[str, ...] = tuple(ARMS)
    evaluation: EvaluationSettings = EvaluationSettings()
    alignment: AlignmentSettings | None = Field(None, description="null: no tuning after the arms")
    prose: ProseSettings = ProseSettings()
    composition: tuple[str, ...] = Field((), description="axes of data composition to compare")

    @model_validator(mode="after")
    def _consistent(self) -> "Profile":
        unknown = sorted(set(self.arms) - set(ARMS))
        if unknown:
            raise ValueError(f"unknown arms {unknown}; allowed: {', '.join(ARMS)}")
        unknown = sorted(set(self.composition) - set(load_axes()))
        if unknown:
            raise ValueError(f"unknown axes {unknown}; allowed: {', '.join(load_axes())}")
        if self.text_folder and not self.text_folder.is_dir():
            raise ValueError(f"text: {self.text!r} is no folder")
        return self

    @property
    def text_folder(self) -> Path | None:
        """Where `text` is, wherever the process stands: notebooks run in a folder of their own."""
        return None if self.text is None else paths.ROOT / self.text

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
    profile = _validated({"name": name, **_read(name)}, name)
    return profile.override(parse_overrides(overrides or []))


def _read(name: str, extended_by: tuple[str, ...] = ()) -> dict:
    """The settings of a profile's file, on top of those of the profile that it `extends`."""
    text = (paths.PROFILES / f"{name}.yaml").read_text(encoding="utf-8")
    data = _yaml(text, f"profile {name!r}")
    if not isinstance(data, dict):
        raise SettingsError(f"profile {name!r}: expected `setting: value` lines")
    if EXTENDS not in data:
        return data
    other, chain = data.pop(EXTENDS), (*extended_by, name)
    allowed = [known for known in profile_names() if known not in chain]
    if other not in allowed:
        place = f"profile {name!r}, setting {EXTENDS!r}"
        raise SettingsError(f"{place}: {other!r} is not allowed; allowed: {', '.join(allowed)}")
    return _merged(_read(other, chain), data)


def _merged(data: dict, changes: dict) -> dict:
    """`data` with `changes` on top, group by group; lists and values take the other's place."""
    merged = dict(data)
    for name, value in changes.items():
        groups = isinstance(value, dict) and isinstance(data.get(name), dict)
        merged[name] = _merged(data[name], value) if groups else value
    return merged


def parse_overrides(pairs: list[str]) -> dict[str, Any]:
    """`["train.tokens=1000", ...]` as a mapping; values are read as YAML."""
    changes = {}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise SettingsError(f"--set {pair!r}: expected KEY=VALUE, as in train.tokens=100000")
        changes[key] = _yaml(value, f"--set {pair!r}")
    return changes


class _Loader(yaml.SafeLoader):
    """Reads `off`, `on`, `yes` and `no` as words, as YAML 1.2 does: a classifier may be off."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != BOOLEAN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(BOOLEAN, re.compile("true|True|TRUE|false|False|FALSE"), "tTfF")


def _yaml(text: str, place: str) -> Any:
    try:
        return yaml.load(text, _Loader)  # a SafeLoader
    except (yaml.YAMLError, ValueError) as error:  # ValueError for a date such as 2024-13-01
        raise SettingsError(f"{place}: no YAML value ({' '.join(str(error).split())})") from None


def _assign(data: dict, key: str, value: Any) -> None:
    *groups, last = key.split(".")
    for group in groups:
        data = _below(data, group, key)
    _below(data, last, key)
    data[last] = value


def _below(data: Any, name: str, key: str) -> Any:
    if not isinstance(data, dict):
        raise SettingsError(f"unknown setting {key!r}: it has nothing below it, so no {name!r}")
    if name not in data:
        allowed = ", ".join(sorted(data))
        raise SettingsError(f"unknown setting {key!r}; allowed in place of {name!r}: {allowed}")
    return data[name]


def _validated(data: dict, name: str) -> Profile:
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "profile"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"unknown; allowed here: {_allowed(first['loc'])}"
        raise SettingsError(f"profile {name!r}, setting {place!r}: {message}") from None


def _allowed(place: tuple[str | int, ...]) -> str:
    """The settings that stand beside the one at `place`."""
    model = Profile
    for part in place[:-1]:
        annotation = model.model_fields[part].annotation
        # a group that may be null: the group is the part of the union that is no None
        known = [kind for kind in get_args(annotation) if kind is not type(None)]
        model = known[0] if known else annotation
    return ", ".join(sorted(model.model_fields))
