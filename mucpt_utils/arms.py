"""The arms of the study: what each one changes about plain continued pretraining."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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

    @model_validator(mode="after")
    def _one_temperature(self) -> "Arm":
        if len({c.temperature for c in self.criteria}) > 1:
            raise ValueError("documents and tokens: the reference model has one temperature")
        return self

    @property
    def temperature(self) -> float | None:
        """The reference model's temperature in this arm; None for the calibrated one."""
        return self.criteria[0].temperature if self.criteria else None

    @property
    def uses_entropy(self) -> bool:
        """Whether the arm needs the reference model's entropies."""
        return any(c.uses_entropy for c in self.criteria)

    @property
    def uses_reference(self) -> bool:
        """Whether the arm needs the reference model's losses."""
        return bool(self.criteria)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The arm's criteria: of documents, of tokens, both or none."""
        return tuple(c for c in (self.documents, self.tokens) if c is not None)


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
    # arXiv 2406.10670: both models frozen, their difference in loss; the same share as `selection`,
    # so that the two differ in the comparison alone
    "color_filter": Arm(
        title="CoLoR-Filter: documents by prior minus conditional loss",
        documents=DOCUMENTS.model_copy(update={"compare": "difference"}),
        role="baseline",
    ),
    "soft_static": Arm(title="soft, static ratio", tokens=SOFT_STATIC),
    # chosen on development questions (results/search): what the reference model does not know
    # keeps half of its weight
    "soft_mixed": Arm(
        title="soft, static ratio, half uniform",
        tokens=SOFT_STATIC.model_copy(update={"mix": 0.5}),
    ),
    # chosen on development questions: at twice its temperature the reference model is surprised by
    # what contradicts it, not by what it never read
    "soft_surprise": Arm(
        title="soft, static, surprise of an unsure reference",
        tokens=SOFT_STATIC.model_copy(update={"denominator": "surprise", "temperature": 2.0}),
    ),
    "soft_dynamic": Arm(title="soft, dynamic ratio", tokens=SOFT_DYNAMIC),
    "selection": Arm(title="selection of documents only", documents=DOCUMENTS),
    "selection_soft": Arm(
        title="selection + soft dynamic (the paper's)", documents=DOCUMENTS, tokens=SOFT_DYNAMIC
    ),
    "inverse": Arm(
        title="inverse direction (negative control)",
        tokens=SOFT_DYNAMIC.model_copy(update={"direction": "inverse"}),
        role="control",
    ),
}
