"""The arms of the study: what each one changes about plain continued pretraining."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mucpt_utils.loss_ratio import Criterion


class Arm(BaseModel):
    """One way to use the same token budget on the same corpus."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    documents: Criterion | None = Field(None, description="keeps documents by their mean ratio")
    tokens: Criterion | None = Field(None, description="weighs tokens in training")
    random_tokens: float | None = Field(
        None, gt=0, le=1, description="share of tokens kept blindly"
    )
    trained: bool = True
    role: Literal["control", "baseline", "method"] = "method"

    @property
    def uses_reference(self) -> bool:
        """Whether the arm needs the reference model's losses."""
        return self.documents is not None or self.tokens is not None


SOFT_STATIC = Criterion(numerator="static", form="log", scale=6.0)
SOFT_DYNAMIC = Criterion(numerator="dynamic", form="power", power=1.0)
DOCUMENTS = Criterion(numerator="static", form="step", keep=0.7)

ARMS: dict[str, Arm] = {
    "base": Arm(title="base, no further training", trained=False, role="control"),
    "plain": Arm(title="plain continued pretraining", role="baseline"),
    "random": Arm(title="random 60 % of tokens", random_tokens=0.6, role="control"),
    "rho1": Arm(
        title="Rho-1: top 60 % by excess loss",
        tokens=Criterion(numerator="dynamic", compare="difference", form="step", keep=0.6),
        role="baseline",
    ),
    "soft_static": Arm(title="soft, static ratio", tokens=SOFT_STATIC),
    "soft_dynamic": Arm(title="soft, dynamic ratio", tokens=SOFT_DYNAMIC),
    "selection_soft": Arm(
        title="selection + soft dynamic (the paper's)", documents=DOCUMENTS, tokens=SOFT_DYNAMIC
    ),
    "inverse": Arm(
        title="inverse direction (negative control)",
        tokens=SOFT_DYNAMIC.model_copy(update={"direction": "inverse"}),
        role="control",
    ),
}
