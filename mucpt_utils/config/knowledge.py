"""How many subjects play which role."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class WorldSettings(BaseModel):
    """How many subjects play each role."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    split: str = Field(
        "test",
        pattern="^(test|dev)$",
        description="whose questions are reported; dev is for tuning",
    )
    subjects: int = Field(ge=4, description="subjects under test (all there are, if fewer)")
    skip: int = Field(
        0, ge=0, description="subjects of the split passed over: another profile has asked of them"
    )
    invented: int = Field(
        0, ge=0, description="invented subjects beside them: no model can have read of these before"
    )
    practice: int = Field(ge=4, description="music subjects that teach the base the formats")
    calibration: int = Field(ge=2, description="music subjects that set the RM's temperature")
    general: int = Field(ge=4, description="general-knowledge subjects of the base and of replay")
    general_asked: float = Field(
        0.4, gt=0, lt=1, description="share of general subjects kept for the general twin"
    )
    categories: tuple[str, ...] = Field(
        (), description="categories of music subjects that take part; none given: all but theory"
    )
    general_categories: tuple[str, ...] = Field((), description="the same for general subjects")
    ask_all: bool = Field(
        False, description="whether facts that the benchmark does not ask are asked as well"
    )
    covered: float = Field(0.6, ge=0, le=1, description="share of test subjects that the RM knows")
    complementary: bool = Field(
        False,
        description="two RMs in all, each of which knows the half that the other does not; seeds "
        "take turns, so that every question is asked in both strata",
    )

    @model_validator(mode="after")
    def halves(self) -> "WorldSettings":
        """Refuses two complementary reference models that are not halves."""
        if self.complementary and self.covered != 0.5:
            raise ValueError(f"complementary RMs know a half each: covered is {self.covered}")
        return self

    @property
    def tested(self) -> int:
        """Subjects under test, invented ones included."""
        return self.subjects + self.invented
