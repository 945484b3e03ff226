"""How many subjects play which role."""

from pydantic import BaseModel, ConfigDict, Field


class WorldSettings(BaseModel):
    """How many subjects play each role."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    split: str = Field(
        "test",
        pattern="^(test|dev)$",
        description="whose questions are reported; dev is for tuning",
    )
    subjects: int = Field(ge=4, description="subjects under test (all there are, if fewer)")
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
    covered: float = Field(0.6, ge=0, le=1, description="share of test subjects that the RM knows")
