"""What a training run spends, and what is measured of the model."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrainSettings(BaseModel):
    """Budget, batch and optimiser of one training run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    tokens: int = Field(ge=1, description="token budget, replay included; equal for every arm")
    batch_sequences: int = Field(4, ge=1, description="sequences in one optimiser step")
    accumulate: int = Field(
        1, ge=1, description="micro-batches a step is cut into; dynamic weights then read it twice"
    )
    learning_rate: float = Field(3e-3, gt=0, description="peak, for AdamW and (matched) Muon")
    warmup: float = Field(0.05, ge=0, le=1, description="share of the steps that warm up")
    weight_decay: float = Field(0.01, ge=0, description="decoupled")
    optimiser: str = Field("muon", pattern="^(muon|adamw)$", description="for the matrices")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of matrix products; auto: bfloat16 where the machine is faster in it",
    )
    recompute: bool = Field(
        False, description="activations are computed again for the gradient: less memory, slower"
    )
    checkpoints: int = Field(2, ge=0, description="resumable checkpoints over a run")
    document_attention: bool = Field(
        False, description="attention stays inside a document; else it sees what is packed before"
    )

    @model_validator(mode="after")
    def whole_micro_batches(self) -> "TrainSettings":
        """Refuses a step that cannot be cut into equal micro-batches."""
        if self.batch_sequences % self.accumulate:
            raise ValueError(
                f"batch_sequences={self.batch_sequences} is not a multiple of "
                f"accumulate={self.accumulate}"
            )
        return self


class AlignmentSettings(BaseModel):
    """Short supervised tuning after each arm, on questions about subjects that nobody reports."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

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


class EvaluationSettings(BaseModel):
    """What is measured, and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    points: int = Field(
        4, ge=1, le=1000, description="points of each learning curve, the last at the end"
    )
    general_questions: int = Field(60, ge=1, description="questions of the general twin")
    held_out_documents: int = Field(2, ge=1, description="held-out documents about each subject")
    new_tokens: int = Field(16, ge=1, description="longest answer, in tokens")
    shots: int = Field(
        0,
        ge=0,
        description="answered questions before each, about subjects that are not under test",
    )
    known_above: float | None = Field(
        None,
        lt=0,
        description="a real fact counts as known before where the base answers it or gives the key "
        "more than this log-likelihood (nats a token); null: the base has read of none",
    )
    keep_weights: bool = Field(
        True, description="whether a run keeps the weight of each token (2 bytes a token)"
    )
