"""Settings of the study's world: how many subjects play each role."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class WorldSettings(BaseModel):
    """How many subjects play each role."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    split: str = Field(
        "test",
        pattern="^(test|dev)$",
        description="whose questions are reported; dev is for tuning",
    )
    subjects: int = Field(ge=4, description="subjects under test (all of them, if there are fewer)")
    skip: int = Field(
        0, ge=0, description="subjects of the split to skip: another profile has asked about them"
    )
    invented: int = Field(
        0, ge=0, description="invented subjects to add: no model can have read about them before"
    )
    practice: int = Field(ge=4, description="music subjects that teach the base the formats")
    calibration: int = Field(ge=2, description="music subjects that set the RM's temperature")
    general: int = Field(ge=4, description="general-knowledge subjects of the base and of replay")
    general_asked: float = Field(
        0.4, gt=0, lt=1, description="share of general subjects kept for the general twin"
    )
    categories: tuple[str, ...] = Field(
        (), description="categories of music subjects that take part; if empty, all but theory"
    )
    general_categories: tuple[str, ...] = Field((), description="the same for general subjects")
    ask_all: bool = Field(
        False, description="whether facts that are not in the benchmark are asked about as well"
    )
    covered: float = Field(0.6, ge=0, le=1, description="share of test subjects that the RM knows")
    complementary: bool = Field(
        False,
        description="two RMs in all, each knowing the half that the other does not; seeds "
        "alternate, so that every question is asked in both strata",
    )

    @model_validator(mode="after")
    def halves(self) -> "WorldSettings":
        """Refuses complementary reference models that do not know half the subjects each."""
        if self.complementary and self.covered != 0.5:
            raise ValueError(f"complementary RMs know a half each: covered is {self.covered}")
        return self

    @property
    def tested(self) -> int:
        """Subjects under test, invented ones included."""
        return self.subjects + self.invented
