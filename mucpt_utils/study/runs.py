"""Stages of runs: an arm trained at one seed, its tuning on questions, and the grades of both.

Each function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`. What
a model said and what its training gave are kept apart from the grades, so that a change of the
grader trains nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.io import read_json, read_jsonl, write_json, write_jsonl
from mucpt_utils.scoring import models
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.evaluation import bits_per_byte, respond
from mucpt_utils.study.signals import document_ratings, token_factors
from mucpt_utils.training.alignment import answer_tokens
from mucpt_utils.training.batches import Sequences, steps_for, training_sequences
from mucpt_utils.training.precision import reading

if TYPE_CHECKING:  # the code that runs stages is not part of what makes one
    from mucpt_utils.study.stages import Report

Inputs = Mapping[str, Path]
RESPONSES, TEXT = "responses.jsonl", "text.json"
SETS = ("questions", "general")  # the benchmark's questions, and their general twin
HELD_OUT = ("music", "general", "music_prose", "general_prose")  # in bits per byte


def scored_corpus(arm: Arm, inputs: Inputs, seed: int, factors: np.ndarray | None = None) -> Scored:
    """The corpus with those scores and signals among the inputs that the arm uses.

    factors: used instead of those that the arm's focus gives.
    """
    return Scored.read(
        inputs["domain_tokens"],
        inputs.get("base_losses"),
        inputs.get("reference_losses"),
        inputs.get("reference_entropies"),
        token_factors(arm, inputs) if factors is None else factors,
        document_ratings(arm, inputs, seed),
    )


def arm_sequences(
    arm: Arm,
    scored: Scored,
    general_tokens: Path,
    train: TrainSettings,
    context: int,
    replay: float,
    seed: int,
    mixed_in: Path | None = None,
) -> Sequences:
    """What an arm trains on at a seed, in its order. mixed_in: tokens that join the corpus."""
    if mixed_in is not None:
        scored = scored.joined(TokenStore.load(mixed_in))
    return training_sequences(
        arm,
        scored,
        TokenStore.load(general_tokens),
        sequences=steps_for(train, context) * train.batch_sequences,
        context=context,
        replay_share=replay,
        seed=seed,
        document_attention=train.document_attention,
    )


def train_arm(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    arm: Arm,
    seed: int,
    train: TrainSettings,
    replay: float,
    context: int,
    points: int,
    new_tokens: int,
    keep_weights: bool,
) -> None:
    """One arm at one seed: responses along the curve, `text.json`, `weights.npy`, the model.

    points: of the learning curve, the last at the end. new_tokens: longest answer. keep_weights:
    whether the weight that each token was given is kept.
    """
    from mucpt_utils.training import trainer

    data = arm_sequences(
        arm,
        scored_corpus(arm, inputs, seed),
        inputs["general_tokens"],
        train,
        context,
        replay,
        seed,
        inputs.get("reference_tokens"),
    )
    steps = len(data) // train.batch_sequences
    keep = arm.tokens is not None and keep_weights
    model = models.load(inputs[arm.start] / "model", "float32")
    (folder / RESPONSES).touch()
    trainer.train(
        model,
        data,
        train,
        folder,
        seed=seed,
        criterion=arm.tokens,
        given=trainer.kept_weights(folder / "weights.npy", data) if keep else None,
        measure_steps=tuple(round(steps * (i + 1) / points) for i in range(points)),
        measure=lambda trained, seen: ask(trained, seen, inputs, new_tokens, folder),
        report=report,
    )
    measure_text(model, inputs, context, folder)
    model.save_pretrained(folder / "model")


def measure_base(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    context: int,
    new_tokens: int,
    precision: str,
) -> None:
    """The untrained base, or reference model in its place: responses at 0 tokens, `text.json`.

    precision: as in the settings of training, so that it is measured as the arms are.
    """
    model = models.load(inputs["base"] / "model", "float32")
    (folder / RESPONSES).touch()
    with reading(model, precision):
        ask(model, 0, inputs, new_tokens, folder)
        measure_text(model, inputs, context, folder)
    model.save_pretrained(folder / "model")


def tune_on_questions(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    arm: Arm,
    seed: int,
    train: TrainSettings,
    context: int,
    new_tokens: int,
) -> None:
    """A short supervised tuning of a run's model: the loss is on answers alone.

    arm: its criterion weighs the answers' tokens; plain weighs them alike.
    """
    from mucpt_utils.training import trainer

    tokenizer = models.load_tokenizer(inputs["tokenizer"])
    texts = [row["text"] for row in read_jsonl(inputs["text"] / "questions.jsonl")]
    scored = scored_corpus(arm, inputs, seed, answer_tokens(texts, tokenizer))
    store = inputs["domain_tokens"]  # of questions and answers; nothing is replayed
    data = arm_sequences(arm, scored, store, train, context, 0.0, seed)
    model = models.load(inputs["run"] / "model", "float32")
    trainer.train(model, data, train, folder, seed=seed, criterion=arm.tokens, report=report)
    (folder / RESPONSES).touch()
    ask(model, data.tokens.size, inputs, new_tokens, folder)
    measure_text(model, inputs, context, folder)


def ask(model, seen: int, inputs: Inputs, new_tokens: int, folder: Path) -> None:
    """Append the responses at `seen` tokens; rows of a lost later part are removed.

    If `examples` are among the inputs, they are shown before each question.
    """
    rows = [row for row in read_jsonl(folder / RESPONSES) if row["tokens"] < seen]
    tokenizer = models.load_tokenizer(inputs["tokenizer"])
    for name in SETS:
        questions = read_jsonl(inputs["world"] / f"{name}.jsonl")
        shown = read_jsonl(inputs["examples"] / f"{name}.jsonl") if "examples" in inputs else []
        responses = respond(model, tokenizer, questions, new_tokens, shown)
        rows += [{"tokens": seen, "set": name, **response} for response in responses]
    write_jsonl(folder / RESPONSES, rows)


def measure_text(model, inputs: Inputs, context: int, folder: Path) -> None:
    """Measure bits per byte on held-out text: `text.json`."""
    measured = {}
    for name in HELD_OUT:
        if f"{name}_held_out" not in inputs:
            continue
        store = inputs[f"{name}_held_out"]
        size = read_json(store / "size.json")["bytes"]
        measured[name] = bits_per_byte(model, TokenStore.load(store), size, context)
    write_json(folder / TEXT, {"bits_per_byte": measured})
