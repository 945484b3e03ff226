"""Stages of models: tokenizer, token stores, the base, the reference model and its temperature.

Each function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from mucpt_utils.config.scoring import Arm, ModelSettings
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.io import digest, read_jsonl, write_json
from mucpt_utils.scoring import losses, models, tokens
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.text.documents import training_text
from mucpt_utils.training.batches import steps_for, training_sequences

if TYPE_CHECKING:  # the code that runs stages is not part of what makes one
    from mucpt_utils.study.stages import Report

Inputs = Mapping[str, Path]


# --- tokens ---------------------------------------------------------------------------------------


def train_tokenizer(folder: Path, inputs: Inputs, report: "Report", *, vocabulary: int) -> None:
    """Byte-level BPE, trained on the base's text."""
    texts = (
        document["text"]
        for path in sorted(inputs["text"].glob("*.jsonl"))
        for document in read_jsonl(path)
    )
    tokens.train_tokenizer(texts, vocabulary).save_pretrained(folder)


def copy_tokenizer(
    folder: Path, inputs: Inputs, report: "Report", *, identity: str, source: str
) -> None:
    """The tokenizer of a loaded base. identity: of `source`, the digest of a folder or a name."""
    models.load_tokenizer(source).save_pretrained(folder)


def tokenise(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    files: str,
    metadata: Sequence[str],
    limit: int | None = None,
) -> None:
    """Documents as tokens, with each one's weight by the classifier, its site
    and its title.

    files: pattern of the files of `text`. metadata: fields that are put before each document.
    limit: the most documents, chosen by the hash of their ids.
    """
    paths = sorted(inputs["text"].glob(files))
    documents = [document for path in paths for document in read_jsonl(path)]
    if limit is not None:
        documents = sorted(documents, key=lambda d: digest(d["id"]))[:limit]
    texts = [training_text(document, metadata) for document in documents]
    tokenizer = models.load_tokenizer(inputs["tokenizer"])
    store = tokens.tokenise(tokenizer, texts, [d["id"] for d in documents])
    store.save(folder)
    weights = [document["metadata"].get("weight", 1.0) for document in documents]
    np.save(folder / "weights.npy", np.asarray(weights, np.float32))
    for name in ("site", "title"):  # as numbers, in alphabetical order
        values = [str(document["metadata"].get(name, "")) for document in documents]
        np.save(folder / f"{name}s.npy", np.unique(values, return_inverse=True)[1].astype(np.int32))
    size = {"bytes": sum(len(text.encode()) for text in texts), "tokens": store.tokens.size}
    write_json(folder / "size.json", size)


# --- models ---------------------------------------------------------------------------------------


def train_base(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    model: ModelSettings,
    vocabulary: int,
    train: TrainSettings,
    seed: int,
) -> None:
    """The base model from scratch, on general text and question-answer pairs."""
    fresh = models.from_scratch(model, vocabulary, seed)
    general = tokens.TokenStore.load(inputs["general_tokens"])
    _train_plainly(fresh, general, general, train, model.context, 0.0, seed, folder, report)


def load_pretrained(
    folder: Path, inputs: Inputs, report: "Report", *, identity: str, source: str
) -> None:
    """A model from a folder or the Hub as it is; its tokenizer must be the study's.

    identity: of `source`, the digest of a folder or a name. Raises TokenizerError for another
    tokenizer, or one that is larger than the model's table.
    """
    ours = models.load_tokenizer(inputs["tokenizer"])
    theirs = models.load_tokenizer(source)
    models.check_same_tokenizer(ours, theirs, ("the model that is trained", source))
    model = models.load(source)
    if len(ours) > (size := losses.vocabulary_size(model)):
        raise models.TokenizerError(
            f"{source}: its tokenizer has {len(ours)} tokens, the model only {size}"
        )
    model.save_pretrained(folder / "model")


def train_reference(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    train: TrainSettings,
    context: int,
    replay: float,
    seed: int,
) -> None:
    """The reference model: the base, trained further on clean text about part of the facts."""
    model = models.load(inputs["base"] / "model", "float32")
    clean = tokens.TokenStore.load(inputs["reference_tokens"])
    general = tokens.TokenStore.load(inputs["general_tokens"])
    _train_plainly(model, clean, general, train, context, replay, seed, folder, report)


def merge(folder: Path, inputs: Inputs, report: "Report") -> None:
    """A model each of whose weights is the mean of the base's and the reference model's.

    The second continues the training of the first, so that no loss between them should be
    high (averaging of weights as in arXiv 2203.05482).
    """
    model, other = (models.load(inputs[name] / "model", "float32") for name in inputs)
    theirs = other.state_dict()
    model.load_state_dict(
        {name: torch.lerp(ours, theirs[name], 0.5) for name, ours in model.state_dict().items()}
    )
    model.save_pretrained(folder / "model")


def _train_plainly(
    model,
    store: tokens.TokenStore,
    replayed: tokens.TokenStore,
    settings: TrainSettings,
    context: int,
    replay: float,
    seed: int,
    folder: Path,
    report: "Report",
) -> None:
    """Every token of a store with weight 1, and a share of replay; saves the model."""
    from mucpt_utils.training import trainer

    data = training_sequences(
        Arm(title="plain"),
        Scored(store, np.ones(len(store), np.float32)),
        replayed,
        sequences=steps_for(settings, context) * settings.batch_sequences,
        context=context,
        replay_share=replay,
        seed=seed,
        document_attention=settings.document_attention,
    )
    trainer.train(model, data, settings, folder, seed=seed, report=report)
    model.save_pretrained(folder / "model")


def calibrate(
    folder: Path, inputs: Inputs, report: "Report", *, candidates: Sequence[float], context: int
) -> None:
    """The reference model's loss on subjects it does not know, by temperature; and the best."""
    model = models.load(inputs["reference"] / "model", "float32")  # as it is scored
    store = tokens.TokenStore.load(inputs["calibration_tokens"])
    by_temperature = losses.calibrate(model, store, context, list(candidates))
    best = min(by_temperature, key=by_temperature.__getitem__)
    table = {str(temperature): loss for temperature, loss in by_temperature.items()}
    write_json(folder / "temperature.json", {"temperature": best, "losses": table})
