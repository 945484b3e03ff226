"""Continued pretraining with a weighted loss: transformers' Trainer with one overridden method."""

import json
import os
import shutil
from collections.abc import Callable
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
from mucpt_utils.errors import MuCPTError
from mucpt_utils.scoring.loss_ratio import normalise, token_weights
from mucpt_utils.scoring.losses import measured, window
from mucpt_utils.scoring.models import parameters
from mucpt_utils.training.batches import Sequences
from mucpt_utils.training.muon import make_optimiser
from mucpt_utils.training.precision import uses_bfloat16

CHECKPOINTS = "checkpoints"  # folder of them in that of a run
WEIGHED_BY = ("row", "scored", "weights", "reference", "entropies", "base")  # parts of a batch


class TrainingError(MuCPTError, ValueError):
    """Settings, data and processes that do not fit together."""


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
    its own, so that weighting never shifts the balance between the two. Tokens at the head of a row
    may be left out of the comparison (`least_context`). Means and top shares are over the batch
    given.
    """
    fixed = inputs["weights"][:, 1:] if "weights" in inputs else torch.ones_like(losses)
    if "reference" not in inputs or criterion is None:
        return fixed
    mask = inputs["scored"][:, None].expand_as(losses).float()
    if criterion.uses_base(progress):
        losses = inputs["base"][:, 1:]
    counted = mask * (fixed > 0)  # tokens that are not learnt take no part in the comparison
    judged = counted
    if not criterion.uses_base(progress):  # the base read whole documents, as the RM did
        judged = counted.clone()
        judged[:, : criterion.least_context] = 0
    reference = inputs["reference"][:, 1:]
    entropies = inputs["entropies"][:, 1:] if "entropies" in inputs else None
    dynamic = token_weights(losses, reference, judged, criterion.at(progress), entropies)
    dynamic = dynamic + (counted - judged)
    return normalise(dynamic * fixed, mask) + fixed * (1 - mask)


def segment_positions(segments: torch.Tensor) -> torch.Tensor:
    """Position of each token in its own document: 0 for the first of each run of equal numbers.

    segments, result: (batch, length). transformers reads positions that restart as the borders
    of packed documents and keeps attention, sliding windows included, inside them
    (`masking_utils.find_packed_sequence_indices`); it does so if no attention mask and no cache
    are given.
    """
    index = torch.arange(segments.shape[1], device=segments.device).expand_as(segments)
    begins = torch.ones_like(segments, dtype=torch.bool)
    begins[:, 1:] = segments[:, 1:] != segments[:, :-1]
    return index - torch.where(begins, index, 0).cummax(dim=1).values


def next_token_losses(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Losses in nats of the predicted tokens of a batch, (batch, context - 1); attention stays
    inside documents if the batch has their numbers."""
    inside: dict = {}
    if "segments" in inputs:
        inside = {"position_ids": segment_positions(inputs["segments"]), "use_cache": False}
    return measured(model, inputs["input_ids"], **inside)


class WeightedTrainer(Trainer):
    """Trainer whose loss is the token-weighted mean; data comes in the order it is stored."""

    def __init__(
        self,
        *args,
        criterion: Criterion | None = None,
        given: np.ndarray | None = None,
        optimiser: Callable[[PreTrainedModel], torch.optim.Optimizer] | None = None,
        **kwargs,
    ):
        """given: (sequences, context - 1), filled with the weight that each token was given.

        optimiser: makes one for a model when Trainer asks, because FSDP accepts none made before.
        """
        super().__init__(*args, **kwargs)
        self.criterion, self.given, self.optimiser = criterion, given, optimiser
        # tell Trainer that compute_loss divides by the tokens of the whole step itself, so that it
        # does not divide again when a step is accumulated from micro-batches
        self.model_accepts_loss_kwargs = True

    def create_optimizer(self, model=None):
        if self.optimizer is None and self.optimiser is not None:
            self.optimizer = self.optimiser(self.model if model is None else model)
        return super().create_optimizer(model)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        losses = next_token_losses(model, inputs)
        if "given" in inputs:
            weights = inputs["given"]
        else:
            weights = batch_weights(losses.detach(), inputs, self.criterion, self.progress)
        if self.given is not None:
            self.given[inputs["row"].cpu().numpy()] = weights.cpu().numpy()
        total = (losses * weights).sum()
        if num_items_in_batch is None:
            loss = total / losses.numel()
        else:  # gradients are averaged over processes; the count is over all of them
            loss = total * self.accelerator.num_processes / num_items_in_batch
        return (loss, {}) if return_outputs else loss

    @property
    def progress(self) -> float:
        """The share of steps done so far, 0 to 1."""
        return self.state.global_step / max(1, self.state.max_steps)

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        in_parts = len(batches) > 1 or self.accelerator.num_processes > 1
        if in_parts and self.criterion is not None and "reference" in batches[0]:
            batches = self.weighed(batches, self.criterion)
        # predicted tokens of the step: one fewer than tokens in each sequence
        count = sum(b["input_ids"][:, 1:].numel() for b in batches)
        return batches, self.accelerator.gather(torch.tensor(count, device=device)).sum()

    @torch.no_grad()
    def weighed(self, batches: list[dict], criterion: Criterion) -> list[dict]:
        """A step's micro-batches with the weights of their tokens, which are also kept in `given`.

        Means and top shares are over the whole step, in the order of the data, however it is
        split over micro-batches and processes. The losses of the whole step must be known first:
        one more forward pass, unless L_a is the base's losses.
        """
        batches, model = [self._prepare_inputs(batch) for batch in batches], self.model
        assert isinstance(model, PreTrainedModel)  # also under FSDP, whose class inherits from it
        ours = {n: torch.cat([b[n] for b in batches]) for n in WEIGHED_BY if n in batches[0]}
        if criterion.uses_base(self.progress):
            ours["losses"] = ours["base"][:, 1:]
        else:
            model.eval()
            with self.compute_loss_context_manager():
                parts = [next_token_losses(model, batch) for batch in batches]
            model.train()
            ours["losses"] = torch.cat(parts)
        step = {name: self.accelerator.gather(values) for name, values in ours.items()}
        rows, order = step["row"].sort()
        step = {name: values[order] for name, values in step.items()}
        weights = batch_weights(step["losses"], step, criterion, self.progress)
        own = weights[torch.searchsorted(rows, ours["row"])].split([len(b["row"]) for b in batches])
        return [{**batch, "given": part} for batch, part in zip(batches, own, strict=True)]

    def _get_train_sampler(self, *args, **kwargs):
        return SequentialSampler(self.train_dataset)


class Measure(TrainerCallback):
    """Calls `measure(model, tokens seen)` at given steps, and reports progress after each step.

    Of several processes, only the first measures and reports.
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
    """A file for the weights given to tokens: float16, (sequences, context - 1), memory-mapped.

    What a killed run has written stays, since repeated steps write the same again.
    """
    shape = (len(data), data.tokens.shape[1] - 1)
    if path.exists():
        weights = np.lib.format.open_memmap(path, mode="r+")
        if weights.shape == shape:
            return weights
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

    A killed run continues from its last checkpoint in `folder`, to the same weights on CPU.
    Under `torchrun` or `accelerate launch` every process calls this with the same arguments; a step
    is shared out among them.

    given: filled with the weight of each predicted token, (sequences, context - 1).
    measure: called at `measure_steps` with the model and the tokens seen so far.
    report: called with the tokens of each finished step.
    save: a folder for the trained model (gathered from all processes) and `losses.json`, the loss
    of every step since this process began.
    Raises TrainingError if the batch cannot be split into equal parts, if `data` is less than one
    batch, or for Muon under FSDP; ContextError for rows that are longer than the model allows.
    """
    steps = _steps(data, settings)
    window(model, data.tokens.shape[1])
    checkpoints = folder / CHECKPOINTS
    tokens_per_step = data.tokens.shape[1] * settings.batch_sequences
    step_losses = StepLosses()
    if settings.recompute:  # the older name, for transformers 5.17
        name = "activation_checkpointing_enable"
        getattr(model, name, model.gradient_checkpointing_enable)()
    bfloat16 = uses_bfloat16(settings.precision, parameters(model))
    trainer = WeightedTrainer(
        model=model,
        args=_arguments(settings, checkpoints, steps, seed, bfloat16, log=save is not None),
        train_dataset=data,
        criterion=criterion,
        given=given,
        optimiser=lambda whole: make_optimiser(whole, settings),
        callbacks=[Measure(measure_steps, tokens_per_step, measure, report), step_losses],
    )
    if trainer.is_fsdp_enabled and settings.optimiser == "muon":
        raise TrainingError("optimiser=muon needs whole matrices, which FSDP cuts: set adamw")
    trainer.remove_callback(PrinterCallback)  # progress is reported through `report`
    trainer.train(resume_from_checkpoint=_last_whole_checkpoint(checkpoints))
    trainer.accelerator.wait_for_everyone()
    if save is not None:
        _save_whole(trainer, save)
    if trainer.is_world_process_zero():
        _remove(checkpoints)
        if save is not None:
            (save / "losses.json").write_text(json.dumps(step_losses.losses), encoding="utf-8")
    model.eval()
    return model


def _save_whole(trainer: WeightedTrainer, folder: Path) -> None:
    """Save the model in one piece, although its checkpoints under FSDP are shards."""
    if trainer.is_fsdp_enabled:
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    trainer.save_model(str(folder))


def _steps(data: Sequences, settings: TrainSettings) -> int:
    """Optimiser steps over `data`. Raises TrainingError if batches cannot be split or filled."""
    parts = settings.accumulate * processes()
    if settings.batch_sequences % parts:
        among = f" * {processes()} processes" if processes() > 1 else ""
        raise TrainingError(
            f"batch_sequences={settings.batch_sequences} is no multiple of "
            f"accumulate={settings.accumulate}{among}"
        )
    steps = len(data) // settings.batch_sequences
    if steps == 0:  # which Trainer would read as no limit
        raise TrainingError(
            f"{len(data)} sequences are less than one batch: "
            f"batch_sequences={settings.batch_sequences}"
        )
    return steps


def _arguments(
    settings: TrainSettings, checkpoints: Path, steps: int, seed: int, bfloat16: bool, log: bool
) -> TrainingArguments:
    """The settings as Trainer's: cosine schedule to a tenth of the peak, clipped gradients.

    bfloat16: whether matrix products are computed in it; weights and optimiser stay in float32.
    log: whether the loss of every step is kept.
    """
    on_gpu = torch.cuda.is_available()
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=steps,
        per_device_train_batch_size=settings.batch_sequences // (settings.accumulate * processes()),
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
        logging_strategy="steps" if log else "no",
        logging_steps=1,
        report_to=[],
        seed=seed,
        # accelerate joins processes without a GPU only if told that they are meant to have none
        use_cpu=not on_gpu,
        bf16=bfloat16,
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_pin_memory=on_gpu,
    )
    # one process uses one GPU: where it sees more, Trainer would copy the model to each, multiply
    # the batch by their number, and read the data as many times over
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def processes() -> int:
    """How many processes train together, as `torchrun` and `accelerate launch` tell each."""
    return int(os.environ.get("WORLD_SIZE", 1))


def _remove(checkpoints: Path) -> None:
    """Remove all checkpoints; a kill meanwhile leaves none that is taken for a whole one."""
    for path in checkpoints.glob(f"checkpoint-*/{TRAINER_STATE_NAME}"):
        path.unlink()
    shutil.rmtree(checkpoints, ignore_errors=True)


def _last_whole_checkpoint(folder: Path) -> str | None:
    """The newest complete checkpoint; a kill may have left an incomplete one."""
    for path in folder.glob("checkpoint-*"):
        try:  # Trainer writes this file last
            json.loads((path / TRAINER_STATE_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
    return get_last_checkpoint(str(folder)) if folder.is_dir() else None
