"""Models whose weights come as packages of the Python package index: which, from where, how large.

A model is named `package:NAME` wherever a folder or a Hub name is allowed.
"""

from pydantic import BaseModel, ConfigDict, Field

from mucpt_utils import paths
from mucpt_utils.config.files import SettingsError, read_settings, shown, validated

PACKAGES_FILE = paths.PACKAGE / "config/packages.yaml"
PREFIX = "package:"
DIGEST = "[0-9a-f]{64}"


class Wheel(BaseModel):
    """A wheel of the package index, and the file in it that holds (a part of) the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    sha256: str = Field(pattern=DIGEST, description="of the wheel")
    file: str = Field(description="path inside the wheel")


class ModelPackage(BaseModel):
    """A model whose weights are on the package index."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    original: str = Field(description="the repository of the Hub that the weights come from")
    licence: str
    quantised: str = Field(description="GGUF's name of the quantisation")
    packed_by: str
    parameters: int = Field(ge=1)
    vocabulary: int = Field(ge=300)
    megabytes: int = Field(ge=1, description="of the GGUF file")
    sha256: str = Field(pattern=DIGEST, description="of the GGUF file")
    wheels: tuple[Wheel, ...] = Field(min_length=1, description="its parts, in order")


def load_packages() -> dict[str, ModelPackage]:
    """Every package by its name. Raises SettingsError that names the entry and what is wrong."""
    where = shown(PACKAGES_FILE)
    return {
        name: validated(ModelPackage, entry, f"{where}, {name!r}")
        for name, entry in read_settings(PACKAGES_FILE).items()
    }


def find_package(name: str) -> ModelPackage:
    """A package by its name, with or without `package:`. Raises SettingsError if unknown."""
    packages, name = load_packages(), name.removeprefix(PREFIX)
    if name not in packages:
        raise SettingsError(f"model package {name!r} is not known; allowed: {', '.join(packages)}")
    return packages[name]
