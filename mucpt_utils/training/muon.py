"""Optimisers: Muon for the hidden matrices with AdamW for the rest, or AdamW alone."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch

from mucpt_utils.config.training import TrainSettings

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedModel


class MuonAdamW(torch.optim.Optimizer):
    """Muon for the hidden matrices, AdamW for the rest, as one optimiser.

    Both share their parameter groups with this object, so a scheduler sets the rate of both.
    Muon's update is scaled to AdamW's size ("match_rms_adamw", arXiv 2502.16982, eq. 4).
    """

    def __init__(self, model: "PreTrainedModel", learning_rate: float, weight_decay: float):
        matrices, rest = hidden_matrices(model)
        shared: dict[str, Any] = {"lr": learning_rate, "weight_decay": weight_decay}
        on_gpu = any(p.is_cuda for p in matrices)
        muon = torch.optim.Muon if on_gpu else BatchedMuon
        self.parts = [
            muon(matrices, adjust_lr_fn="match_rms_adamw", **shared),
            torch.optim.AdamW(rest, betas=(0.9, 0.95), **shared),
        ]
        super().__init__([*matrices, *rest], {})
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self):
        return {f"part{i}": part.state_dict() for i, part in enumerate(self.parts)}

    def load_state_dict(self, state_dict):
        for i, part in enumerate(self.parts):
            part.load_state_dict(state_dict[f"part{i}"])
        self.param_groups = [group for part in self.parts for group in part.param_groups]


class BatchedMuon(torch.optim.Muon):
    """torch's Muon for CPUs: in float32, with matrices of one shape orthogonalised together.

    torch's own step works in bfloat16, one matrix at a time. On a CPU without bfloat16
    arithmetic that takes several times as long as the model's forward and backward pass.
    """

    @torch.no_grad()
    def step(self, closure=None):
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            for matrices in _by_shape(p for p in group["params"] if p.grad is not None):
                self._step_together(matrices, group)
        return loss

    def _step_together(self, matrices: list[torch.nn.Parameter], group: dict) -> None:
        """One step for matrices of equal shape, with the settings of their group."""
        updates = [self._momentum(matrix, group) for matrix in matrices]
        chosen = group["ns_coefficients"], group["ns_steps"], group["eps"]
        directions = orthogonalised(torch.stack(updates), *chosen).unbind()
        rows, columns = matrices[0].shape
        # arXiv 2502.16982, eq. 4, as `adjust_lr_fn="match_rms_adamw"` of torch
        rate = 0.2 * math.sqrt(max(rows, columns)) * group["lr"]
        parameters: list[torch.Tensor] = list(matrices)
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(parameters, directions, alpha=-rate)

    def _momentum(self, matrix: torch.nn.Parameter, group: dict) -> torch.Tensor:
        """The gradient with Nesterov's momentum; updates the matrix's buffer."""
        gradient = matrix.grad
        assert gradient is not None  # only called for matrices with a gradient
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        buffer = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(buffer, group["momentum"]) if group["nesterov"] else buffer


def _by_shape(matrices: Iterable[torch.nn.Parameter]) -> Iterable[list[torch.nn.Parameter]]:
    by_shape: dict[torch.Size, list] = {}
    for matrix in matrices:
        by_shape.setdefault(matrix.shape, []).append(matrix)
    return by_shape.values()


def orthogonalised(
    matrices: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> torch.Tensor:
    """Nearly orthogonal matrices with the singular vectors of the given ones.

    matrices: (number, rows, columns). Newton-Schulz iteration of `torch.optim.Muon` in float32,
    a quintic with `coefficients` (a, b, c), `steps` times; returns the same shape.
    """
    a, b, c = coefficients
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def hidden_matrices(model: "PreTrainedModel") -> tuple[list, list]:
    """Parameters for Muon (matrices inside the blocks) and the others (embeddings, norms, head)."""
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    head = model.get_output_embeddings()
    outside = tables if head is None else [*tables, head]
    embeddings = {id(p) for module in outside for p in module.parameters()}
    named = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in named if p.ndim == 2 and id(p) not in embeddings]
    chosen = {id(p) for p in matrices}
    return matrices, [p for p in named if id(p) not in chosen]


def make_optimiser(model: "PreTrainedModel", settings: TrainSettings) -> torch.optim.Optimizer:
    """Muon with AdamW for what is not a hidden matrix, or AdamW alone, as the settings say.

    AdamW alone is for loaded models; in its fused form a step reads weights and moments once.
    """
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser == "muon":
        return MuonAdamW(model, rate, decay)
    return torch.optim.AdamW(model.parameters(), rate, weight_decay=decay, fused=True)
