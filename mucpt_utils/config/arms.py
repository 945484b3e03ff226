"""The arms of the study and the candidates of the search, read from their files."""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

from mucpt_utils import paths
from mucpt_utils.config.files import all_different, all_known, read_entries
from mucpt_utils.config.scoring import Arm

# every arm of the study by name, in the order of tables and figures
ARMS: dict[str, Arm] = read_entries(paths.PACKAGE / "config/arms.yaml", Arm)


@cache
def load_candidates() -> dict[str, Arm]:
    """Every candidate of the search, by name. Raises SettingsError for what is not allowed."""
    return read_entries(paths.PACKAGE / "config/candidates.yaml", Arm, ARMS)


def known_arms(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, if all are arms and none repeats. Raises ValueError otherwise."""
    return all_known(all_different(names), ARMS, "arms")


ArmNames = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(known_arms)]
