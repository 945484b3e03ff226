"""Stages of what weighs tokens or chooses documents besides losses: the tagger, the quality rating.

Each function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.config.pipeline import ClassifierSettings
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.io import digest, read_json, read_jsonl
from mucpt_utils.knowledge.facts import Fact, by_subject
from mucpt_utils.knowledge.roles import Roles
from mucpt_utils.scoring.tokens import TokenStore, begin_token, sample
from mucpt_utils.study.labels import FALSE, Labels, kept_documents, token_places

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mucpt_utils.study.stages import Report

Inputs = Mapping[str, Path]
TAGS, RATINGS, DOCUMENTS = "tags.npy", "ratings.npy", "documents.npy"


# --- the tagger of fact tokens --------------------------------------------------------------------


def train_fact_tagger(
    folder: Path, inputs: Inputs, report: "Report", *, metadata: Sequence[str], reads: str
) -> None:
    """A tagger of fact tokens, from clean text about calibration subjects and their facts.

    reads: the features of a token, see `scoring.tagger.FEATURES`.
    """
    from mucpt_utils.scoring import models, tagger

    calibration = Roles.from_dict(read_json(inputs["world"] / "world.json")).calibration
    tokenizer = models.load_tokenizer(inputs["tokenizer"])
    documents = {row["id"]: row for row in read_jsonl(inputs["text"] / "documents.jsonl")}
    store = TokenStore.load(inputs["tagger_tokens"])
    carries = np.concatenate(
        [matched_tokens(documents[name], calibration, tokenizer, metadata) for name in store.ids]
    )
    model = models.load(inputs["base"] / "model", "float32")
    tagger.train_tagger(model, store, carries, reads).save(folder)


def sample_documents(
    folder: Path, inputs: Inputs, report: "Report", *, tokens: int, seed: int
) -> None:
    """Documents of a store, drawn at random until they have `tokens` tokens."""
    sample(TokenStore.load(inputs["tokens"]), tokens, seed).save(folder)


def train_ratio_tagger(
    folder: Path, inputs: Inputs, report: "Report", *, criterion: Criterion, reads: str
) -> None:
    """A tagger of the kinds of tokens on which a reference model gains, from the text it has read.

    criterion: the tagger learns its soft weight; reads: see `scoring.tagger.FEATURES`.
    """
    from mucpt_utils.scoring import losses, models, tagger

    store = TokenStore.load(inputs["ratio_text"])
    base, reference = (losses.load(inputs[f"{name}_losses"]) for name in ("base", "reference"))
    worth = tagger.gained(store, base, reference, criterion)
    model = models.load(inputs["base"] / "model", "float32")
    tagger.train_tagger(model, store, worth, reads).save(folder)


def matched_tokens(
    document: Mapping,
    facts: Sequence[Fact],
    tokenizer: "PreTrainedTokenizerBase",
    metadata: Sequence[str],
) -> np.ndarray:
    """Which tokens of a document are in a value that the facts give for a subject named in it.

    Distant supervision: the text's own labels are not read. Case matters; begin and end tokens are
    in no value. Returns (tokens,) booleans.
    """
    text, places = document["text"], []
    named = f"{document['metadata'].get('title', '')}\n{text}"
    for subject, known in by_subject(facts).items():
        if subject not in named:
            continue
        for value in {name for fact in known for name in (fact.object, *fact.aliases)}:
            start = text.find(value)
            while start >= 0:
                places.append((start, start + len(value)))
                start = text.find(value, start + len(value))
    return tokens_inside(document, places, tokenizer, metadata)


def tokens_inside(
    document: Mapping,
    places: Sequence[tuple[int, int]],
    tokenizer: "PreTrainedTokenizerBase",
    metadata: Sequence[str],
) -> np.ndarray:
    """Which tokens of a document overlap one of the places of its text, (tokens,) booleans.

    places: (start, stop) in characters. Begin and end tokens are in none.
    """
    begins, ends, shift = token_places(document, tokenizer, metadata)
    inside = np.zeros(len(begins), bool)
    for start, stop in places:
        inside |= (begins < stop + shift) & (ends > start + shift)
    opening = [] if begin_token(tokenizer) is None else [False]
    return np.concatenate([opening, inside, [False]]).astype(bool)


def tag_tokens(folder: Path, inputs: Inputs, report: "Report", *, context: int) -> None:
    """Probability that each token of the corpus carries a fact: `tags.npy`."""
    from mucpt_utils.scoring import models, tagger

    model = models.load(inputs["base"] / "model")
    store = TokenStore.load(inputs["tokens"])
    fitted = tagger.Tagger.load(inputs["tagger"])
    np.save(folder / TAGS, tagger.tag(model, store, context, fitted))


def mark_names(folder: Path, inputs: Inputs, report: "Report", *, metadata: Sequence[str]) -> None:
    """Whether each token of the corpus is part of a name or number, 1 or 0: `tags.npy`."""
    from mucpt_utils.scoring.models import load_tokenizer
    from mucpt_utils.scoring.surface import Casing, names_and_numbers

    documents = {row["id"]: row for row in kept_documents(inputs["corpus"])}
    tokenizer, store = load_tokenizer(inputs["tokenizer"]), TokenStore.load(inputs["tokens"])
    casing = Casing.of(row["text"] for row in documents.values())
    rows = [
        tokens_inside(row, names_and_numbers(row["text"], casing), tokenizer, metadata)
        for row in map(documents.__getitem__, store.ids)
    ]
    np.save(folder / TAGS, np.concatenate(rows).astype(np.float16))


# --- the quality rating ---------------------------------------------------------------------------


def rate_quality(folder: Path, inputs: Inputs, report: "Report") -> None:
    """How similar each document of the corpus is to clean text: `ratings.npy`, one per document.

    A classifier learns to tell clean text about practice subjects from the corpus itself, as those
    for web corpora tell encyclopaedias and books from the web. Each half of the corpus is rated by
    a classifier that learnt from the other half.
    """
    from mucpt_utils.pipeline.domain.fasttext_model import fit_model, raw_scores
    from mucpt_utils.pipeline.domain.terms import read_words

    clean = [row["text"] for row in read_jsonl(inputs["general_text"] / "music.jsonl")]
    corpus = [document["text"] for document in kept_documents(inputs["corpus"])]
    halves = np.array([int(digest(text), 16) % 2 for text in corpus], bool)
    settings = ClassifierSettings(names=False, prior=0.5)
    ratings = np.zeros(len(corpus), np.float32)
    for half in (False, True):
        learnt = [text for text, is_in in zip(corpus, halves, strict=True) if is_in != half]
        labels = np.array([True] * len(clean) + [False] * len(learnt))
        model = fit_model([*clean, *learnt], labels, settings, seed=0)
        rated = np.flatnonzero(halves == half)
        ratings[rated] = raw_scores(model, [read_words(corpus[index]) for index in rated])
    np.save(folder / RATINGS, ratings)


# --- the sites that the loss ratio believes -------------------------------------------------------


def sample_known_subjects(
    folder: Path, inputs: Inputs, report: "Report", *, share: float, seed: int
) -> None:
    """Documents of the corpus about subjects of the reference model's text, as a store of tokens.

    Whole subjects are drawn at random, at least one and no more than a `share` of the corpus's
    tokens, since the documents about one are compared with each other. `documents.npy`: their
    numbers in the corpus.
    Raises NotScored if the corpus has no document about any of these subjects.
    """
    from mucpt_utils.scoring.scored import NotScored
    from mucpt_utils.scoring.tokens import taken

    store, titles = TokenStore.load(inputs["tokens"]), np.load(inputs["tokens"] / "titles.npy")
    read = {row["metadata"].get("title") for row in read_jsonl(inputs["text"] / "documents.jsonl")}
    about = {row["id"]: row["metadata"].get("title") for row in kept_documents(inputs["corpus"])}
    known = np.array([about[name] in read for name in store.ids], bool)
    if not known.any():
        raise NotScored("no document of the corpus is about a subject of the reference text")
    order = np.random.default_rng(seed).permutation(np.unique(titles[known]))
    tokens = np.bincount(titles, weights=np.diff(store.starts))[order].cumsum()
    fit = int(np.searchsorted(tokens, share * store.tokens.size, side="right"))
    drawn = order[: max(1, fit)]
    documents = np.flatnonzero(known & np.isin(titles, drawn))
    taken(store, documents).save(folder)
    np.save(folder / DOCUMENTS, documents)


def rate_sites(
    folder: Path, inputs: Inputs, report: "Report", *, criterion: Criterion, dose: float
) -> None:
    """The loss ratio of each document's site, by a sample of the corpus: `ratings.npy`.

    criterion: gives the floor of the ratio. dose: of the tagger's factors, where there is one.
    A site of which the sample has no document is rated 0, as the average of those that it has.
    """
    from mucpt_utils.scoring import losses
    from mucpt_utils.scoring.scored import Scored
    from mucpt_utils.scoring.tagger import focus_factors
    from mucpt_utils.scoring.tokens import gather

    corpus, drawn = inputs["tokens"], np.load(inputs["sample"] / DOCUMENTS)
    store, sites = TokenStore.load(corpus), np.load(corpus / "sites.npy")
    tagged = "tags" in inputs
    factors = focus_factors(np.load(inputs["tags"] / TAGS), dose) if tagged else None
    sample = Scored(
        TokenStore.load(inputs["sample"]),
        np.load(corpus / "weights.npy")[drawn],
        factors=gather(store, drawn, factors) if tagged else None,
        sites=sites[drawn],
        titles=np.unique(np.load(corpus / "titles.npy")[drawn], return_inverse=True)[1],
    )
    base, reference = (losses.load(inputs[f"{name}_losses"]) for name in ("base", "reference"))
    by_site = np.zeros(sites.max() + 1, np.float32)
    by_site[sites[drawn]] = sample.site_ratios(base, reference, criterion.floor, all_known=True)
    np.save(folder / RATINGS, by_site[sites])


# --- how an arm uses them -------------------------------------------------------------------------


def token_factors(arm: Arm, inputs: Inputs) -> np.ndarray | None:
    """The fixed factor of each token that an arm uses, (tokens,); None if it uses none."""
    if arm.focus is None:
        return None
    if arm.tagger:
        from mucpt_utils.scoring.tagger import focus_factors

        return focus_factors(np.load(inputs["tags"] / TAGS), arm.dose)
    labels = Labels.load(inputs["labels"])
    factors = np.ones(len(labels.kinds), np.float32)
    if arm.focus in ("objects", "right_objects"):
        factors[labels.are("fact")] = arm.dose
    if arm.focus == "objects":
        factors[labels.are(*FALSE)] = arm.dose
    if arm.focus in ("clean", "right_objects"):
        factors[~labels.are("other", "fact")] = 0.0
    return factors


def document_ratings(arm: Arm, inputs: Inputs, seed: int) -> np.ndarray | None:
    """The values by which `Arm.chosen_by` chooses, (documents,), largest first; None without it."""
    if arm.chosen_by is None:
        return None
    if arm.chosen_by in ("quality", "believed_sites"):
        return np.load(inputs[arm.chosen_by] / RATINGS)
    if arm.chosen_by == "reliable_sites":
        return Labels.load(inputs["labels"]).reliable.astype(np.float32)
    sites = np.load(inputs["domain_tokens"] / "sites.npy")
    return np.random.default_rng([seed, 1]).permutation(sites.max() + 1)[sites].astype(np.float32)
