"""Which tokens are facts, wrong facts, spam: the writer's labels carried over to the tokens.

Only measuring code reads these labels; no stage that decides anything does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from mucpt_utils import stats
from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.study import Study
from mucpt_utils.text.documents import training_text

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedTokenizerBase

# later ones win where labels overlap: noise inside a fact is noise
KINDS = ("other", "fact", "wrong_fact", "boilerplate", "spam", "pii", "mojibake", "noise")


def token_kinds(
    documents: Sequence[dict],
    tokenizer: "PreTrainedTokenizerBase",
    fields: Sequence[str],
    objects: dict[str, str],
) -> np.ndarray:
    """Index into KINDS of every token, documents end to end as `tokens.tokenise` lays them.

    A fact's tokens are those of its object alone, for these are what a question asks; `objects`
    gives a fact's object by its id. The metadata line and end tokens are `other`.
    """
    rows = [_document_kinds(document, tokenizer, fields, objects) for document in documents]
    return np.concatenate(rows) if rows else np.zeros(0, np.int8)


def _document_kinds(document, tokenizer, fields, objects) -> np.ndarray:
    text = training_text(document, fields)
    shift = len(text) - len(document["text"])
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    begins, ends = np.array(offsets["offset_mapping"], int).reshape(-1, 2).T
    kinds = np.zeros(len(begins) + 1, np.int8)  # the end token comes last
    for span in sorted(_spans(document, objects), key=lambda s: KINDS.index(s["kind"])):
        inside = (begins < span["end"] + shift) & (ends > span["start"] + shift)
        kinds[:-1][inside] = KINDS.index(span["kind"])
    return kinds


def _spans(document: dict, objects: dict[str, str]) -> list[dict]:
    """Labelled spans; a (wrong) fact's span is narrowed to where its object stands."""
    narrowed = []
    for span in document["metadata"]["truth"]["spans"]:
        if span["kind"] not in KINDS:
            continue
        if span["kind"] in ("fact", "wrong_fact"):
            value = span.get("object") or objects.get(span.get("fact"), "")
            place = document["text"].find(value, span["start"], span["end"]) if value else -1
            if place < 0:
                continue
            span = {**span, "start": place, "end": place + len(value)}
        narrowed.append(span)
    return narrowed


def corpus_kinds(study: Study) -> np.ndarray:
    """`token_kinds` of the study's domain corpus, aligned with its tokens."""
    files = sorted(study.corpus().folder.glob("kept/*.jsonl*"))
    documents = [row for path in files for row in read_jsonl(path)]
    objects = {f.id: f.object for name in ("music", "general") for f in load_facts(name)}
    return token_kinds(documents, study.load_tokenizer(), study.corpus_metadata, objects)


def weights_over_training(study: Study, arms: Sequence[str] | None = None) -> pd.DataFrame:
    """Mean weight that tokens of each kind were given, in each part of training.

    Read from what the runs kept, replay left out; no row where the profile keeps no weights.
    Columns arm, seed, tokens (at the end of the part), kind, weight, n; as many parts as learning
    curves have points. arms: those of the profile that weigh tokens, unless given.
    """
    named = study.profile.arms if arms is None else arms
    if not study.profile.evaluation.keep_weights:
        named = ()
    kinds = corpus_kinds(study)
    rows = []
    for name in [n for n in named if ARMS[n].tokens is not None]:
        for seed in study.profile.seeds:
            given = np.load(study.run(name, seed).path("weights.npy"), mmap_mode="r")
            rows += _parts(study, name, seed, kinds, given)
    return pd.DataFrame(rows, columns=["arm", "seed", "tokens", "kind", "weight", "n"])


def _parts(study: Study, name: str, seed: int, kinds: np.ndarray, given: np.ndarray) -> list[dict]:
    """One run: its sequences are laid out again with kinds in the place of tokens."""
    scored = study.scored(ARMS[name], seed)
    labelled = replace(scored, store=replace(scored.store, tokens=kinds))
    data = study.sequences(ARMS[name], labelled, seed)
    points, batch = study.profile.evaluation.points, study.profile.train.batch_sequences
    steps = len(data) // batch
    ends = [round(steps * (i + 1) / points) * batch for i in range(points)]
    rows = []
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        domain = np.flatnonzero(data.scored[begin:end]) + begin
        labels, weights = data.tokens[domain][:, 1:], given[domain].astype(np.float32)
        for kind in np.unique(labels):
            chosen = weights[labels == kind]
            place = {"arm": name, "seed": seed, "tokens": end * data.tokens.shape[1]}
            mean = {"kind": KINDS[kind], "weight": float(chosen.mean()), "n": chosen.size}
            rows.append({**place, **mean})
    return rows


def weights_by_kind(study: Study) -> pd.DataFrame:
    """Mean weight by arm and kind at the start of training, where L_a is the base's loss.

    Columns arm, kind, weight, ci_low, ci_high, tokens; intervals over seeds and documents; a
    weight of 1 is the corpus mean.
    """
    kinds = corpus_kinds(study)
    store = TokenStore.load(study.domain_tokens().folder)
    owner = np.repeat(np.arange(len(store)), np.diff(store.starts))
    base = torch.from_numpy(np.array(losses.load(study.base_losses().folder)))
    rows = []
    for name in study.profile.arms:
        if ARMS[name].tokens is None:
            continue
        weights = {
            seed: token_weights(
                base,
                torch.from_numpy(np.array(losses.load(study.reference_losses(seed).folder))),
                torch.ones(len(base)),
                ARMS[name].tokens,
            ).numpy()
            for seed in study.profile.seeds
        }
        rows += [_row(name, i, kinds, owner, weights) for i in np.unique(kinds)]
    return pd.DataFrame(rows)


def _row(arm: str, kind: int, kinds: np.ndarray, owner: np.ndarray, weights: dict) -> dict:
    """One arm and kind: means inside documents first, so that long documents do not dominate."""
    chosen = np.flatnonzero(kinds == kind)
    _, groups = np.unique(owner[chosen], return_inverse=True)
    sizes = np.bincount(groups)
    values = {s: np.bincount(groups, w[chosen]) / sizes for s, w in weights.items()}
    estimate = stats.bootstrap_mean(
        np.concatenate(list(values.values())),
        np.repeat(list(values), len(sizes)).tolist(),
        subjects=np.tile(np.arange(len(sizes)), len(values)).tolist(),
    )
    return {
        "arm": arm,
        "kind": KINDS[kind],
        "weight": estimate.mean,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "tokens": len(chosen),
    }
