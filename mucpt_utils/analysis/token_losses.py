"""Losses of a few sentences, token by token, from which the site's sliders compute weights.

For subjects that one reference model knows and another does not, a true sentence and a false one
that state the same fact if there are any, and some junk. Only text of the rendered lane, which
the project's own writer wrote, is kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.labels import RUMOUR, TOLD, fact_objects, kept_documents, token_places
from mucpt_utils.study.study import Study

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SUBJECTS, JUNK, SEEDS = 6, 2, 2  # subjects; sentences of each kind of junk; reference models
WORDS, LONGEST = (5, 30), 40  # least and most words of a sentence; most tokens kept of it
TEMPERATURES = (1.0, 1.5, 2.0, 3.0)  # besides the calibrated ones
JUNK_KINDS = ("noise", "spam")
COLUMNS = (
    *("sentence", "kind", "subject", "position", "token", "answer", "seed", "knows"),
    *("temperature", "calibrated", "base", "reference"),
)


class Sentence(NamedTuple):
    """A labelled stretch of a document that came through the pipeline.

    fact: the id of what it states; answer: the object that it names; both empty for junk.
    """

    kind: str
    document: Mapping[str, Any]
    start: int
    end: int
    fact: str = ""
    answer: str = ""

    @property
    def text(self) -> str:
        """The text of the stretch as it is trained on."""
        return self.document["text"][self.start : self.end]

    @property
    def subject(self) -> str:
        """What the document is about."""
        return self.document["metadata"]["title"] or ""


class Tokens(NamedTuple):
    """The tokens of a sentence: their text, whether in the answer, their places in a store."""

    pieces: Sequence[str]
    of_answer: Sequence[bool]
    places: np.ndarray


def token_losses(study: Study) -> pd.DataFrame:
    """`token_losses.csv`: one row per sentence, token, reference model and temperature.

    Columns `COLUMNS`: `sentence` numbers the sentences from 0, `position` the tokens of each;
    `answer`, `knows` (whether the reference model knows the subject) and `calibrated` (whether
    the temperature is the reference model's own) are yes or no; `base` and `reference` are losses
    in nats.
    """
    seeds = study.reference_seeds()[:SEEDS]
    sentences = chosen_sentences(study, seeds)
    store = store_of(study, sentences)
    tokens = [tokens_of(study, store, number, one) for number, one in enumerate(sentences)]
    context = study.profile.model.context
    base = losses.score(models.load(study.base().path("model"), "float32"), store, context)
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        model = models.load(study.reference(seed).path("model"), "float32")
        own = study.covered(seed)
        calibrated = study.calibrated_temperature(seed)
        temperatures = sorted({*TEMPERATURES, calibrated})
        for temperature, scored in at_temperatures(model, store, context, temperatures).items():
            where: dict[str, Any] = {"seed": seed, "temperature": temperature}
            where["calibrated"] = in_words(temperature == calibrated)
            for number, (sentence, its) in enumerate(zip(sentences, tokens, strict=True)):
                about = {"sentence": number, "knows": in_words(sentence.subject in own)}
                rows += token_rows(sentence, its, base, scored, where | about)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def at_temperatures(
    model: "PreTrainedModel", store: TokenStore, context: int, temperatures: Sequence[float]
) -> dict[float, np.ndarray]:
    """By temperature, the loss of every token as `losses.score` gives it; the text is read once."""
    read: list[dict[float, torch.Tensor]] = []

    def first(ids: torch.Tensor) -> torch.Tensor:
        logits = model(input_ids=ids).logits
        read.append({t: losses.token_losses(logits, ids, t) for t in temperatures})
        return read[-1][temperatures[0]]

    scored = {temperatures[0]: losses.read_tokens(model, store, context, first)}
    for temperature in temperatures[1:]:  # the same batches come again, in the same order
        batches = iter([batch[temperature] for batch in read])
        scored[temperature] = losses.read_tokens(model, store, context, partial(following, batches))
    return scored


def following(batches: Iterator[torch.Tensor], ids: torch.Tensor) -> torch.Tensor:
    """The losses of the next batch, whose tokens are not read again."""
    return next(batches)


def token_rows(
    sentence: Sentence, tokens: Tokens, base: np.ndarray, scored: np.ndarray, where: Mapping
) -> Iterator[dict[str, Any]]:
    """The rows of one sentence under one reference model at one temperature."""
    triples = zip(tokens.pieces, tokens.of_answer, tokens.places, strict=True)
    for position, (piece, of_answer, place) in enumerate(triples):
        yield {
            **where,
            **{"kind": sentence.kind, "subject": sentence.subject, "position": position},
            **{"token": piece, "answer": in_words(of_answer)},
            **{"base": round(float(base[place]), 3), "reference": round(float(scored[place]), 3)},
        }


def in_words(value: bool) -> str:
    """`yes` or `no`, as in the tables."""
    return "yes" if value else "no"


# --- which sentences ------------------------------------------------------------------------------


def chosen_sentences(study: Study, seeds: Sequence[int]) -> list[Sentence]:
    """True and false sentences of some subjects, then junk; the shortest of each.

    Subjects that only some of the reference models know come first.
    """
    documents = kept_documents(study.corpus().folder)
    objects = fact_objects(study.roles.test)
    every = [
        sentence
        for document in documents
        for sentence in sentences_of(document, objects)
        if WORDS[0] <= len(sentence.text.split()) <= WORDS[1]
    ]
    every.sort(key=lambda one: (len(one.text), one.document["id"], one.start))
    known = [study.covered(seed) for seed in seeds]
    subjects = list(dict.fromkeys(one.subject for one in every if one.fact))
    subjects.sort(key=lambda subject: len({subject in covered for covered in known}) == 1)
    pairs = (pair_of([one for one in every if one.subject == name]) for name in subjects)
    told = [pair for pair in pairs if len(pair) > 1][:SUBJECTS]
    junk = [[one for one in every if one.kind == kind][:JUNK] for kind in JUNK_KINDS]
    return [sentence for group in (*told, *junk) for sentence in group]


def sentences_of(document: Mapping, objects: Mapping[str, str]) -> Iterator[Sentence]:
    """The labelled stretches of a document; those that state a fact only if they name its object.

    objects: the object of each fact by its id.
    """
    for span in document["metadata"]["truth"]["spans"]:
        kind, start, end = span["kind"], span["start"], span["end"]
        if kind in JUNK_KINDS:
            yield Sentence(kind, document, start, end)
        elif kind in TOLD:
            answer = span.get("object") or objects.get(span.get("fact", ""), "")
            if answer and answer in document["text"][start:end]:
                kind = RUMOUR if span.get("subkind") == RUMOUR else kind
                yield Sentence(kind, document, start, end, span.get("fact", ""), answer)


def pair_of(sentences: Iterable[Sentence]) -> list[Sentence]:
    """A true and a false sentence about one subject, about the same fact if there are such."""
    true = [one for one in sentences if one.kind == "fact"]
    false = [one for one in sentences if one.kind in ("wrong_fact", RUMOUR)]
    of_one_fact = [[t, f] for t in true for f in false if t.fact == f.fact]
    return min(
        of_one_fact,
        key=lambda pair: sum(len(one.text) for one in pair),
        default=true[:1] + false[:1],
    )


# --- their tokens ---------------------------------------------------------------------------------


def store_of(study: Study, sentences: Sequence[Sentence]) -> TokenStore:
    """The tokens of the sentences' documents only; a document may be there twice."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    places = {name: number for number, name in enumerate(corpus.ids)}
    ids = [sentence.document["id"] for sentence in sentences]
    parts = [corpus.document(places[name]) for name in ids]
    return TokenStore(np.concatenate(parts), np.cumsum([0, *map(len, parts)]), ids, corpus.begin)


def tokens_of(study: Study, store: TokenStore, number: int, sentence: Sentence) -> Tokens:
    """The tokens that overlap the sentence, which is from the store's document `number`."""
    begins, ends, shift = token_places(
        sentence.document, study.loaded_tokenizer, study.corpus_metadata
    )
    inside = np.flatnonzero((begins < sentence.end + shift) & (ends > sentence.start + shift))
    inside = inside[:LONGEST]
    # tokens of one character's bytes share its offsets: the first of them gets its text
    stops = np.minimum(ends[inside] - shift, sentence.end)
    starts = np.concatenate([[sentence.start], np.maximum.accumulate(stops)[:-1]])
    text = sentence.document["text"]
    pieces = [text[start:stop] for start, stop in zip(starts, stops, strict=True)]
    answer = sentence.start + sentence.text.find(sentence.answer) if sentence.answer else -1
    of_answer = [
        answer >= 0 and start < answer + len(sentence.answer) and stop > answer
        for start, stop in zip(starts, stops, strict=True)
    ]
    opening = 0 if store.begin is None else 1
    return Tokens(pieces, of_answer, store.starts[number] + opening + inside)
