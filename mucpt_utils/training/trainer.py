"""Continued pretraining with a weighted loss: transformers' Trainer with one overridden method."""

import json
import math
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import SequentialSampler
from transformers import (
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import get_last_checkpoint

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring.loss_ratio import normalise, token_weights
from mucpt_utils.scoring.losses import token_losses
from mucpt_utils.training.batches import Sequences


class MuonAdamW(torch.optim.Optimizer):
    """Muon for the hidden matrices, AdamW for the rest, as one optimiser.

    Both share their parameter groups with this object, so that a scheduler sets the rate of both.
    Muon's update is scaled to AdamW's size ("match_rms_adamw", arXiv 2502.16982, eq. 4).
    """

    def __init__(self, model: torch.nn.Module, learning_rate: float, weight_decay: float):
        matrices, rest = hidden_matrices(model)
        shared = {"lr": learning_rate, "weight_decay": weight_decay}
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
    """torch's Muon for processors: in float32, matrices of one shape orthogonalised together.

    torch's own step works in bfloat16, a matrix at a time. On a processor without bfloat16
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
        """One step of matrices of equal shape, with the settings of their group."""
        updates = [self._momentum(matrix, group) for matrix in matrices]
        chosen = group["ns_coefficients"], group["ns_steps"], group["eps"]
        directions = orthogonalised(torch.stack(updates), *chosen).unbind()
        rows, columns = matrices[0].shape
        # arXiv 2502.16982, eq. 4, as `adjust_lr_fn="match_rms_adamw"` of torch
        rate = 0.2 * math.sqrt(max(rows, columns)) * group["lr"]
        torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(matrices, directions, alpha=-rate)

    def _momentum(self, matrix: torch.nn.Parameter, group: dict) -> torch.Tensor:
        """The gradient with Nesterov's momentum; the matrix's buffer moves on."""
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix.grad)
        buffer = state["momentum_buffer"].lerp_(matrix.grad, 1 - group["momentum"])
        return matrix.grad.lerp(buffer, group["momentum"]) if group["nesterov"] else buffer


def _by_shape(matrices: Iterable[torch.nn.Parameter]) -> Iterable[list[torch.nn.Parameter]]:
    found: dict[torch.Size, list] = {}
    for matrix in matrices:
        found.setdefault(matrix.shape, []).append(matrix)
    return found.values()


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


def hidden_matrices(model: torch.nn.Module) -> tuple[list, list]:
    """Parameters for Muon (matrices inside the blocks) and the others (embeddings, norms, head)."""
    tables = [m for m in model.modules() if isinstance(m, torch.nn.Embedding)]
    head = model.get_output_embeddings()
    outside = tables if head is None else [*tables, head]
    embeddings = {id(p) for module in outside for p in module.parameters()}
    named = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in named if p.ndim == 2 and id(p) not in embeddings]
    chosen = {id(p) for p in matrices}
    return matrices, [p for p in named if id(p) not in chosen]


def batch_weights(
    losses: torch.Tensor,
    inputs: dict[str, torch.Tensor],
    criterion: Criterion | None,
    progress: float = 1.0,
) -> torch.Tensor:
    """Weight of each predicted token of a batch, shape of `losses`; detached.

    Fixed weights come with the batch. Dynamic ones are the loss ratio of the losses just computed
    (or the base's, as long as the criterion says so at `progress`, a share of the steps) and the
    cached reference losses, times the fixed ones; replay keeps weight 1 and the rest has mean 1 of
    its own, so that weighting never moves the balance between the two. The mean is that of the
    batch given: where a step is cut into micro-batches or processes, of each part.
    """
    fixed = inputs["weights"][:, 1:] if "weights" in inputs else torch.ones_like(losses)
    if "reference" not in inputs or criterion is None:
        return fixed
    mask = inputs["scored"][:, None].expand_as(losses).float()
    if criterion.uses_base(progress):
        losses = inputs["base"][:, 1:]
    counted = mask * (fixed > 0)  # a token that is not learnt takes no part in the comparison
    reference = inputs["reference"][:, 1:]
    dynamic = token_weights(losses, reference, counted, criterion.at(progress))
    return normalise(dynamic * fixed, mask) + fixed * (1 - mask)


def document_mask(documents: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention that stays inside documents: a mask to add to the scores, and positions.

    documents: (batch, length) document numbers, each document in one piece. A token sees its own
    document; the end token before a document counts as its first, as in `losses.score`, since
    what follows it is predicted there. Returns (batch, 1, length, length) and (batch, length).
    """
    block = torch.cat([documents[:, 1:], documents[:, -1:]], dim=1)
    length = block.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=block.device).tril()
    seen = causal & (block[:, :, None] == block[:, None, :])
    mask = torch.zeros(seen.shape, dtype=dtype, device=block.device)
    # the smallest number and not -inf: eager attention of some models adds to it
    mask = mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]
    return mask, seen.sum(-1) - 1


class WeightedTrainer(Trainer):
    """Trainer whose loss is the token-weighted mean; data comes in the order it is stored."""

    def __init__(
        self,
        *args,
        criterion: Criterion | None = None,
        given: np.ndarray | None = None,
        **kwargs,
    ):
        """given: (sequences, context - 1), filled with the weight that each token was given."""
        super().__init__(*args, **kwargs)
        self.criterion, self.given = criterion, given
        # tell Trainer that compute_loss divides by the tokens of the whole step itself, so that it
        # does not divide again when a step is accumulated from micro-batches
        self.model_accepts_loss_kwargs = True

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        ids = inputs["input_ids"]
        outputs = model(input_ids=ids, **self._attention(inputs))
        losses = token_losses(outputs.logits, ids)
        progress = self.state.global_step / max(1, self.state.max_steps)
        weights = batch_weights(losses.detach(), inputs, self.criterion, progress)
        if self.given is not None:
            self.given[inputs["row"].cpu().numpy()] = weights.cpu().numpy()
        total = (losses * weights).sum()
        if num_items_in_batch is None:
            loss = total / losses.numel()
        else:  # gradients are averaged over processes, the count is that of all of them
            loss = total * self.accelerator.num_processes / num_items_in_batch
        return (loss, outputs) if return_outputs else loss

    def _attention(self, inputs) -> dict[str, torch.Tensor]:
        if "documents" not in inputs:
            return {}
        dtype = torch.bfloat16 if self.args.bf16 else torch.float32
        mask, positions = document_mask(inputs["documents"], dtype)
        return {"attention_mask": mask, "position_ids": positions}

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        # predicted tokens of the step: one fewer than tokens in each sequence
        count = sum(b["input_ids"][:, 1:].numel() for b in batches)
        return batches, self.accelerator.gather(torch.tensor(count, device=device)).sum()

    def _get_train_sampler(self, *args, **kwargs):
        return SequentialSampler(self.train_dataset)


class Measure(TrainerCallback):
    """Calls `measure(model, tokens seen)` at given steps, and reports progress after each step.

    Of several processes only the first measures and reports.
    """

    def __init__(self, steps, tokens_per_step: int, measure: Callable, report: Callable):
        self.steps, self.tokens_per_step = set(steps), tokens_per_step
        self.measure, self.report = measure, report

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if not state.is_world_process_zero:
            return
        self.report(float(self.tokens_per_step))
        if state.global_step in self.steps:
            model.eval()
            self.measure(model, state.global_step * self.tokens_per_step)
            model.train()


class StepLosses(TrainerCallback):
    """Keeps the loss of every step, averaged over micro-batches and processes."""

    def __init__(self):
        self.losses: list[float] = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            self.losses.append(logs["loss"])


def kept_weights(path: Path, data: Sequences) -> np.ndarray:
    """A file for the weights that tokens are given: float16, (sequences, context - 1), on disk.

    What a killed run has written stays: the steps that are done again write the same.
    """
    shape = (len(data), data.tokens.shape[1] - 1)
    if path.exists():
        found = np.lib.format.open_memmap(path, mode="r+")
        if found.shape == shape:
            return found
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)


def train(
    model: PreTrainedModel,
    data: Sequences,
    settings: TrainSettings,
    folder: Path,
    *,
    seed: int,
    criterion: Criterion | None = None,
    given: np.ndarray | None = None,
    measure_steps: tuple[int, ...] = (),
    measure: Callable[[PreTrainedModel, int], None] = lambda model, tokens: None,
    report: Callable[[float], None] = lambda tokens: None,
    save: Path | None = None,
) -> PreTrainedModel:
    """Train on `data` once, in its order, and return the model.

    A run that was killed goes on from its last checkpoint in `folder`, to the same weights on CPU.
    Under `torchrun` or `accelerate launch` every process calls this with the same arguments; a step
    is shared out among them.

    given: filled with the weight that each predicted token was given, (sequences, context - 1).
    measure: called at `measure_steps` with the model and the tokens seen so far.
    report: called with the tokens of each finished step.
    save: a folder for the trained model (gathered from all processes) and `losses.json`, the loss
    of every step of this process's life.
    Raises ValueError when the batch cannot be cut into equal parts, when `data` is less than one
    batch, or for Muon under FSDP.
    """
    parts = settings.accumulate * processes()
    if settings.batch_sequences % parts:
        among = f" * {processes()} processes" if processes() > 1 else ""
        raise ValueError(
            f"batch_sequences={settings.batch_sequences} is no multiple of "
            f"accumulate={settings.accumulate}{among}"
        )
    steps = len(data) // settings.batch_sequences
    if steps == 0:  # which Trainer takes for no limit
        raise ValueError(
            f"{len(data)} sequences are less than one batch: "
            f"batch_sequences={settings.batch_sequences}"
        )
    checkpoints = folder / "checkpoints"
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=steps,
        per_device_train_batch_size=settings.batch_sequences // parts,
        gradient_accumulation_steps=settings.accumulate,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1},
        warmup_steps=round(steps * settings.warmup),
        weight_decay=settings.weight_decay,
        max_grad_norm=1.0,
        save_strategy="steps" if settings.checkpoints else "no",
        save_steps=max(1, -(-steps // (settings.checkpoints + 1))),
        save_total_limit=1,
        logging_strategy="no" if save is None else "steps",
        logging_steps=1,
        report_to=[],
        seed=seed,
        # accelerate joins processes without a GPU only when told that they are meant to have none
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )
    optimiser = _optimiser(model, settings)
    tokens_per_step = data.tokens.shape[1] * settings.batch_sequences
    kept = StepLosses()
    trainer = WeightedTrainer(
        model=model,
        args=arguments,
        train_dataset=data,
        criterion=criterion,
        given=given,
        optimizers=(optimiser, None),
        callbacks=[Measure(measure_steps, tokens_per_step, measure, report), kept],
    )
    if trainer.is_fsdp_enabled and settings.optimiser == "muon":
        raise ValueError("optimiser=muon needs whole matrices, which FSDP cuts: set adamw")
    trainer.remove_callback(PrinterCallback)  # progress goes through `report`
    trainer.train(resume_from_checkpoint=_last_whole_checkpoint(checkpoints))
    trainer.accelerator.wait_for_everyone()
    if save is not None:
        trainer.save_model(str(save))
    if trainer.is_world_process_zero():
        shutil.rmtree(checkpoints, ignore_errors=True)
        if save is not None:
            (save / "losses.json").write_text(json.dumps(kept.losses), encoding="utf-8")
    model.eval()
    return model


def processes() -> int:
    """Processes that train together, as `torchrun` and `accelerate launch` tell each."""
    return int(os.environ.get("WORLD_SIZE", 1))


def _last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end; a kill may have cut one off."""
    for path in folder.glob("checkpoint-*"):
        try:  # Trainer writes this file last
            json.loads((path / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None


def _optimiser(model: torch.nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    if settings.optimiser == "muon":
        return MuonAdamW(model, settings.learning_rate, settings.weight_decay)
    return torch.optim.AdamW(
        model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
