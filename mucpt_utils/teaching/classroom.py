"""Samples that the interactive cells read: small JSON files that a run leaves in `classroom/`.

Each function here reads finished stages and gives plain data; `keep` writes it to
`results/<profile>/classroom/`, from where `widgets` reads it without a model. Only text of the
rendered lane, which the project wrote itself, is kept.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mucpt_utils.analysis.corpus import kept_documents, rejected_documents
from mucpt_utils.io import digest, read_jsonl, write_text
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import story
from mucpt_utils.teaching.story import Story
from mucpt_utils.teaching.widgets import FOLDER

TEMPERATURES = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)  # and those that were calibrated
SHORTEST_SENTENCE, LONGEST_SENTENCE = 6, 48  # words; tokens
REJECTED_EACH, LONGEST_TEXT = 5, 600  # documents of a reason; characters of each
QUESTIONS, SEEDS = 36, 3


def keep(folder: Path, name: str, data: Mapping) -> Path:
    """Write `data` as `classroom/<name>.json` of a results folder; returns the file."""
    path = folder / FOLDER / f"{name}.json"
    write_text(path, json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path


# --- the weights of a sentence --------------------------------------------------------------------


class Stretch(NamedTuple):
    """A labelled stretch of a document that came through the pipeline: its kind and its number.

    answer: the object that a true or a false sentence names; empty for junk.
    """

    kind: str
    document: dict
    span: int
    answer: str

    @property
    def text(self) -> str:
        """The stretch as it is trained on."""
        return story.labelled_text(self.document, self.span)

    @property
    def subject(self) -> str:
        """What the document is about."""
        return self.document["metadata"]["title"]


def sentences(study: Study, followed: Story) -> dict:
    """A few stretches of the cleaned corpus with the losses of their tokens, in nats.

    The sentence that is followed comes first, then those of `others`. For each: `pieces`, the text
    of its tokens; `answer`, where the tokens of its answer begin and end among them, or None;
    `base` and, by seed and temperature, `reference`, the losses; by seed `known`, whether the
    reference model knows the subject, and `read`, whether the answer stands in its text.
    `calibrated` holds each reference model's own temperature.
    """
    seeds = study.profile.seeds[:SEEDS]
    texts = {seed: reference_text(study, seed) for seed in seeds}
    first = Stretch("fact", followed.kept, followed.span, followed.fact.object)
    stretches = [first, *others(study, followed, texts[seeds[0]])]
    calibrated = {seed: study.calibrated_temperature(seed) for seed in seeds}
    temperatures = sorted({*TEMPERATURES, *calibrated.values()})
    # 1. what each stretch is, and where its tokens stand in a corpus of these documents alone
    store = store_of(study, stretches)
    rows: list[dict[str, Any]] = []
    places = []
    for number, stretch in enumerate(stretches):
        pieces, where = story.stretch_pieces(study, stretch.document, stretch.span)
        shift = store.starts[number] - corpus_start(study, stretch.document)
        places.append(where[:LONGEST_SENTENCE] + shift)
        rows.append(
            {
                "kind": stretch.kind,
                "subject": stretch.subject,
                "pieces": pieces[:LONGEST_SENTENCE],
                "answer": answer_tokens(stretch, pieces),
                "known": [stretch.subject in study.covered(seed) for seed in seeds],
                "read": [stands_in(stretch.answer, texts[seed]) for seed in seeds],
                "reference": {seed: {} for seed in seeds},
            }
        )
    # 2. the losses of the base, and of each reference model at each temperature
    context = study.profile.model.context
    base = losses.score(models.load(study.base().path("model")), store, context)
    for row, where in zip(rows, places, strict=True):
        row["base"] = rounded(base[where])
    for seed in seeds:
        model = models.load(study.reference(seed).path("model"))
        for temperature in temperatures:
            scored = losses.score(model, store, context, temperature)
            for row, where in zip(rows, places, strict=True):
                row["reference"][seed][f"{temperature:g}"] = rounded(scored[where])
    return {
        "seeds": list(seeds),
        "calibrated": {seed: f"{temperature:g}" for seed, temperature in calibrated.items()},
        "temperatures": [f"{temperature:g}" for temperature in temperatures],
        "sentences": rows,
    }


def others(study: Study, followed: Story, read: str) -> list[Stretch]:
    """What stands beside the followed sentence, where the corpus still holds it.

    A false sentence whose answer the first seed's reference model has read in its text `read`, for
    then it expects the words, if not the statement; one whose answer it has not; noise; spam. Of
    each the shortest with enough words, at best from a document about the same subject.
    """
    every = [s for s in stretches_of(study) if len(s.text.split()) >= SHORTEST_SENTENCE]
    every.sort(key=lambda s: (len(s.text), s.document["id"], s.span))
    every.sort(key=lambda s: s.subject != followed.kept["metadata"]["title"])
    false = [s for s in every if s.kind == "wrong_fact"]
    expected = {answer for answer in {s.answer for s in false} if stands_in(answer, read)}
    groups = (
        [s for s in false if s.answer in expected],
        [s for s in false if s.answer not in expected],
        [s for s in every if s.kind == "noise"],
        [s for s in every if s.kind == "spam"],
    )
    return [group[0] for group in groups if group]


def stretches_of(study: Study) -> Iterator[Stretch]:
    """Every labelled stretch of the cleaned corpus; a false one only where its answer is whole."""
    for document in kept_documents(study.corpus().folder):
        for number, span in enumerate(document["metadata"]["truth"]["spans"]):
            answer = span.get("object") or "" if span["kind"] == "wrong_fact" else ""
            stretch = Stretch(span["kind"], document, number, answer)
            if span["kind"] != "wrong_fact" or answer and answer in stretch.text:
                yield stretch


def answer_tokens(stretch: Stretch, pieces: list[str]) -> list[int] | None:
    """First and one past the last of the pieces that the answer touches; None for no answer."""
    if not stretch.answer:
        return None
    start = stretch.text.index(stretch.answer)
    ends = np.cumsum([len(piece) for piece in pieces])
    begin = int(np.searchsorted(ends, start, side="right"))
    return [begin, int(np.searchsorted(ends, start + len(stretch.answer), side="left")) + 1]


def reference_text(study: Study, seed: int) -> str:
    """All that a seed's reference model has read about music."""
    return "\n".join(
        document["text"]
        for document in read_jsonl(study.reference_text(seed).path("documents.jsonl"))
    )


def stands_in(answer: str, text: str) -> bool:
    """Whether a text holds an answer as whole words; no answer stands anywhere."""
    return bool(answer) and re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text) is not None


def store_of(study: Study, stretches: list[Stretch]) -> TokenStore:
    """The tokens of the stretches' documents, alone; a document may stand there twice."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    ids = [stretch.document["id"] for stretch in stretches]
    parts = [corpus.document(corpus.ids.index(name)) for name in ids]
    return TokenStore(np.concatenate(parts), np.cumsum([0, *map(len, parts)]), ids, corpus.begin)


def corpus_start(study: Study, document: dict) -> int:
    """Where a document begins among the corpus's tokens."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    return int(corpus.starts[corpus.ids.index(document["id"])])


def rounded(values: np.ndarray) -> list[float]:
    """Losses to three digits: what is kept has to stay small."""
    return values.astype(float).round(3).tolist()


# --- rejected documents ---------------------------------------------------------------------------


def rejected(study: Study) -> dict:
    """Some rejected documents of each stage and reason, with how many there were of each.

    Which ones is decided by the hash of their ids, so a sample says something about the rest.
    """
    raw = {d["id"]: d for d in read_jsonl(study.raw_corpus().path("documents.jsonl"))}
    by_reason: dict[tuple[str, str], list[dict]] = {}
    for row in rejected_documents(study.corpus().folder):
        by_reason.setdefault((row["stage"], row["reason"]), []).append(row)
    reasons, documents = [], []
    for (stage, reason), rows in by_reason.items():
        reasons.append({"stage": stage, "reason": reason, "documents": len(rows)})
        drawn = sorted(rows, key=lambda row: digest(row["id"]))[:REJECTED_EACH]
        documents += [rejected_row(row, raw) for row in drawn]
    return {"entered": len(raw), "reasons": reasons, "documents": documents}


def rejected_row(row: dict, raw: Mapping[str, dict]) -> dict:
    """A rejected document as it is kept: cut to LONGEST_TEXT, with the copy it was dropped for.

    raw: the documents that came in, by id.
    """
    metadata, detail = row["metadata"], row.get("detail") or {}
    truth, twin = metadata["truth"], raw.get(detail.get("duplicate_of", ""))
    text = row["text"][:LONGEST_TEXT]
    spans = [  # without those that cleaning had already emptied
        {"start": s["start"], "end": min(s["end"], len(text)), "kind": s["kind"]}
        for s in truth["spans"]
        if s["start"] < min(s["end"], len(text))
    ]
    labels = {"in_domain": truth["in_domain"], "doc_kind": truth["doc_kind"], "spans": spans}
    about = {"source": metadata["source"], "title": metadata.get("title"), "truth": labels}
    shown = {"stage": row["stage"], "reason": row["reason"], "detail": detail, "text": text}
    shown |= {"id": row["id"], "cut": len(row["text"]) > len(text), "metadata": about}
    return shown | ({"twin": twin["text"][:LONGEST_TEXT]} if twin else {})


# --- answers --------------------------------------------------------------------------------------


def answers(study: Study, final: pd.DataFrame, asked: pd.DataFrame) -> dict:
    """Some questions with every arm's final answer; grades are not kept, the grader is asked again.

    final: as `benchmark.final_answers` gives it; asked: as `benchmark.asked`. Subjects take
    turns, so that few questions still speak of many.
    """
    seeds = study.profile.seeds[:SEEDS]
    music = asked[asked["set"] == "questions"]
    turn = music.groupby("subject").cumcount()
    chosen = music.loc[turn.sort_values(kind="stable").index].head(QUESTIONS)
    columns = ["arm", "seed", "question_id", "response", "log_likelihood"]
    said = {
        (arm, seed, name): [response, round(float(likelihood), 2)]
        for arm, seed, name, response, likelihood in final[columns].itertuples(index=False)
    }
    by_arm = {
        arm: {seed: [said[arm, seed, name] for name in chosen["question_id"]] for seed in seeds}
        for arm in study.profile.arms
    }
    fields = ["subject", "stratum", "question", "answer", "aliases", "answer_type"]
    questions = chosen[fields].to_dict("records")
    for question in questions:
        question["known"] = [question["subject"] in study.covered(seed) for seed in seeds]
    return {"seeds": list(seeds), "questions": questions, "answers": by_arm}
