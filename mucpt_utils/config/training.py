"""Budget, batch and optimiser of a training run."""

from pydantic import BaseModel, ConfigDict, Field


class TrainSettings(BaseModel):
    """Budget, batch and optimiser of one training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: int = Field(ge=1, description="token budget, replay included; equal for every arm")
    batch_sequences: int = Field(4, ge=1, description="sequences in one optimiser step")
    accumulate: int = Field(1, ge=1, description="micro-batches a step is cut into")
    learning_rate: float = Field(3e-3, gt=0, description="peak, for AdamW and (matched) Muon")
    warmup: float = Field(0.05, ge=0, le=1, description="share of the steps that warm up")
    weight_decay: float = Field(0.01, ge=0, description="decoupled")
    optimiser: str = Field("muon", pattern="^(muon|adamw)$", description="for the matrices")
    checkpoints: int = Field(2, ge=0, description="resumable checkpoints over a run")
    document_attention: bool = Field(
        False, description="attention stays inside a document; else it sees what is packed before"
    )
