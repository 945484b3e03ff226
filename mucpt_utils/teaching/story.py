"""One sentence about one subject, chosen by code; notebooks 01 to 05 follow it to its gradient."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.scoring import models
from mucpt_utils.scoring.losses import token_losses
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.labels import kept_documents
from mucpt_utils.study.study import Study
from mucpt_utils.text.documents import training_text

# a song if the world has one; otherwise the next category
CATEGORIES = ("song", "album", "opera", "classical", "artist", "award", "instrument", "theory")


@dataclass(frozen=True)
class Story:
    """A fact, the sentence that states it, and its document before and after the pipeline.

    span: number of the sentence among the document's labelled stretches, which every edit keeps.
    """

    fact: Fact
    raw: dict
    kept: dict
    span: int

    @property
    def before(self) -> str:
        """The sentence as it is in the crawl."""
        return labelled_text(self.raw, self.span)

    @property
    def after(self) -> str:
        """The sentence as it is trained on."""
        return labelled_text(self.kept, self.span)


def labelled_text(document: dict, span: int) -> str:
    """The text of one labelled stretch. span: its number among the document's."""
    stretch = document["metadata"]["truth"]["spans"][span]
    return document["text"][stretch["start"] : stretch["end"]]


def find_story(study: Study) -> Story:
    """The sentence to follow: the same one in every run of a profile.

    A true sentence that names its subject, from a document that passed the pipeline and had
    the most kinds of flaws; about a song if there is one, which the first seed's reference model
    knows and a question is about.
    Raises ValueError if no kept document states a fact under test.
    """
    raw = {d["id"]: d for d in read_jsonl(study.raw_corpus().path("documents.jsonl"))}
    facts = {fact.id: fact for fact in study.roles.test}
    covered = study.covered(study.profile.seeds[0])
    questions = read_jsonl(study.world().path("questions.jsonl"))
    asked = {name for question in questions for name in question["fact_ids"]}

    def rank(story: Story) -> tuple:
        fact = story.fact
        return (
            fact.subject not in story.after,
            story.raw["metadata"]["title"] != fact.subject,
            CATEGORIES.index(fact.category),
            fact.subject not in covered,
            fact.id not in asked,
            -len({span["kind"] for span in story.raw["metadata"]["truth"]["spans"]}),
            len(story.raw["text"]),
            story.raw["id"],
            story.span,
        )

    stories = [
        Story(facts[span["fact"]], raw[document["id"]], document, number)
        for document in kept_documents(study.corpus().folder)
        for number, span in enumerate(document["metadata"]["truth"]["spans"])
        if span["kind"] == "fact" and span.get("fact") in facts
    ]
    whole = [story for story in stories if story.fact.object in story.after]
    if not whole:
        raise ValueError("no document that came through the pipeline tells a fact under test")
    return min(whole, key=rank)


def token_pieces(study: Study, story: Story) -> tuple[list[str], np.ndarray]:
    """The text of each token of the story's sentence, and its place in the corpus's tokens.

    The places index `domain_tokens`, and so losses and weights; both results have one length.
    """
    return stretch_pieces(study, story.kept, story.span)


def stretch_pieces(study: Study, document: dict, number: int) -> tuple[list[str], np.ndarray]:
    """The same for any labelled stretch of a kept document, by its number."""
    # 1. where the stretch is in the text that is trained on, after the metadata line
    text = training_text(document, study.corpus_metadata)
    span = document["metadata"]["truth"]["spans"][number]
    shift = len(text) - len(document["text"])
    start, stop = span["start"] + shift, span["end"] + shift
    # 2. the tokens that overlap it; bytes of one character share their offsets
    encoded = study.loaded_tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    store = TokenStore.load(study.domain_tokens().folder)
    begin = int(store.starts[store.ids.index(document["id"])])
    pieces, places, position = [], [], start
    for token, (left, right) in enumerate(encoded["offset_mapping"]):
        if left < stop and right > start:
            pieces.append(text[position : min(right, stop)])
            places.append(begin + token)
            position = max(position, right)
    return pieces, np.array(places)


@dataclass(frozen=True)
class Gradients:
    """What each token of a sentence would contribute to one training step.

    tokens: one row per token: `token`, `loss` (nats), `w`, and the length (Euclidean norm, over all
    parameters) of the token's gradient, `plain` and `weighted` by w.
    cosine: between the sentence's whole gradients, plain and weighted; 1 is the same direction.
    """

    tokens: pd.DataFrame
    cosine: float


def gradients(study: Study, story: Story, weights: np.ndarray) -> Gradients:
    """The gradient of the story's sentence at the start of training, token by token.

    weights: one per token of the sentence, constants (`Scored.weights`). The model is the base,
    which reads the document from its start, as in `losses.score`.
    """
    # 1. the document up to the end of the sentence, as one sequence
    pieces, places = token_pieces(study, story)
    store = TokenStore.load(study.domain_tokens().folder)
    index = store.ids.index(story.kept["id"])
    stop = int(places[-1]) + 1
    start = max(int(store.starts[index]), stop - study.profile.model.context)
    # a document comes after the end token of the one before
    before = store.tokens[-1] if start == store.starts[index] else store.tokens[start - 1]
    ids = np.concatenate([[before], store.tokens[start:stop]]).astype(np.int64)
    # 2. the losses of the sentence's tokens, and the gradient of each
    model = models.load(study.base().path("model"), "float32").eval()
    tensor = torch.from_numpy(ids)[None].to(model.device)
    losses = token_losses(model(input_ids=tensor).logits, tensor)[0][places - start]
    parameters = [p for p in model.parameters() if p.requires_grad]
    plain = torch.zeros(sum(p.numel() for p in parameters), device=model.device)
    weighted, rows = torch.zeros_like(plain), []
    for piece, loss, weight in zip(pieces, losses, weights.tolist(), strict=True):
        parts = torch.autograd.grad(loss, parameters, retain_graph=True)
        gradient = torch.cat([part.flatten() for part in parts])
        plain, weighted = plain + gradient, weighted + weight * gradient
        length = float(gradient.norm())
        rows.append((piece, float(loss.detach()), weight, length, weight * length))
    # 3. how long each gradient is, and how far the weights turn their sum
    table = pd.DataFrame(rows, columns=["token", "loss", "w", "plain", "weighted"])
    both = torch.nn.functional.cosine_similarity(plain, weighted, dim=0)
    return Gradients(table, float(both))
