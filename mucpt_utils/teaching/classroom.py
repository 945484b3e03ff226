"""What the interactive cells play with: small JSON files that a run leaves in `classroom/`.

Each function here reads finished stages and gives plain data; `keep` writes it to
`results/<profile>/classroom/`, from where `play` reads it without a model. Only text of the
rendered lane, which the project wrote itself, is kept.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mucpt_utils.io import read_jsonl
from mucpt_utils.scoring import losses, models
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study import stages
from mucpt_utils.study.study import Study
from mucpt_utils.teaching import story
from mucpt_utils.teaching.story import Story
from mucpt_utils.teaching.widgets import FOLDER

TEMPERATURES = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)  # and those that were calibrated
OTHER_KINDS = ("wrong_fact", "noise", "spam")  # stretches shown beside the followed sentence
SHORTEST_SENTENCE, LONGEST_SENTENCE = 6, 48  # words; tokens
REJECTED_EACH, LONGEST_TEXT = 5, 600  # documents of a reason; characters of each
QUESTIONS, SEEDS = 36, 3


def keep(folder: Path, name: str, data: Mapping) -> Path:
    """Write `data` as `classroom/<name>.json` of a results folder; returns the file."""
    path = folder / FOLDER / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
    return path


# --- the weights of a sentence --------------------------------------------------------------------


def sentences(study: Study, followed: Story) -> dict:
    """A few stretches of the cleaned corpus with the losses of their tokens, in nats.

    The sentence that is followed comes first, then one of each of OTHER_KINDS where the corpus
    still holds it, at best from a document about the same subject. `reference` holds the reference
    models' losses by seed and temperature, `calibrated` each one's own temperature.
    """
    seeds = study.profile.seeds[:SEEDS]
    calibrated = {s: study.temperature(s).read_json("temperature.json") for s in seeds}
    heats = {s: float(found["temperature"]) for s, found in calibrated.items()}
    grid = sorted({*TEMPERATURES, *heats.values()})
    chosen = [("fact", followed.kept, followed.span), *_others(study, followed)]
    store = _store_of(study, [document for _, document, _ in chosen])
    rows = [_sentence(study, *each, store, number) for number, each in enumerate(chosen)]
    places = [row.pop("places") for row in rows]
    base = models.load(study.base().path("model"))
    for row, found in zip(rows, _losses(study, base, store, 1.0, places), strict=True):
        row["base"] = found
    for seed in seeds:
        model = models.load(study.reference(seed).path("model"))
        for heat in grid:
            found = _losses(study, model, store, heat, places)
            for row, values in zip(rows, found, strict=True):
                row["reference"].setdefault(seed, {})[f"{heat:g}"] = values
        for row in rows:
            row["known"].append(row["subject"] in study.covered(seed))
    return {
        "seeds": list(seeds),
        "calibrated": {seed: f"{heat:g}" for seed, heat in heats.items()},
        "temperatures": [f"{heat:g}" for heat in grid],
        "sentences": rows,
    }


def _others(study: Study, followed: Story) -> list[tuple[str, dict, int]]:
    """(kind, document, number of the stretch): the shortest with enough words, of each kind."""
    subject, found = followed.kept["metadata"]["title"], []
    documents = story.kept_documents(study.corpus())
    for wanted in OTHER_KINDS:
        candidates = [
            (document["metadata"]["title"] != subject, len(text), document["id"], number, document)
            for document in documents
            for number, span in enumerate(document["metadata"]["truth"]["spans"])
            if span["kind"] == wanted
            and len((text := story.labelled_text(document, number)).split()) >= SHORTEST_SENTENCE
        ]
        if candidates:
            *_, number, document = min(candidates, key=lambda c: c[:4])
            found.append((wanted, document, number))
    return found


def _sentence(
    study: Study, kind: str, document: dict, span: int, store: TokenStore, number: int
) -> dict:
    """Kind, subject and token texts of a stretch; `places` of its tokens in `store`.

    number: of the document in the store. `reference` and `known` are still to be filled.
    """
    pieces, places = story.stretch_pieces(study, document, span)
    corpus = TokenStore.load(study.domain_tokens().folder)
    shift = store.starts[number] - corpus.starts[corpus.ids.index(document["id"])]
    return {
        "kind": kind,
        "subject": document["metadata"]["title"],
        "pieces": pieces[:LONGEST_SENTENCE],
        "places": places[:LONGEST_SENTENCE] + shift,
        "reference": {},
        "known": [],
    }


def _store_of(study: Study, documents: Sequence[dict]) -> TokenStore:
    """The tokens of some documents of the corpus, alone; a document may stand there twice."""
    corpus = TokenStore.load(study.domain_tokens().folder)
    ids = [document["id"] for document in documents]
    parts = [corpus.document(corpus.ids.index(name)) for name in ids]
    starts = np.cumsum([0, *map(len, parts)])
    return TokenStore(np.concatenate(parts), starts, ids)


def _losses(study: Study, model, store: TokenStore, temperature: float, places) -> list[list]:
    """Losses at each array of places, in nats to three digits."""
    found = losses.score(model, store, study.profile.model.context, temperature)
    return [found[where].astype(float).round(3).tolist() for where in places]


# --- rejected documents ---------------------------------------------------------------------------


def rejected(study: Study) -> dict:
    """Some rejected documents of each stage and reason, with how many there were of each.

    Which ones is decided by the hash of their ids, so a sample says something about the rest.
    """
    raw = {d["id"]: d for d in read_jsonl(study.raw_corpus().path("documents.jsonl"))}
    by_reason: dict[tuple[str, str], list[dict]] = {}
    for row in story.rejected_documents(study.corpus()):
        by_reason.setdefault((row["stage"], row["reason"]), []).append(row)
    reasons, documents = [], []
    for (stage, reason), rows in by_reason.items():
        reasons.append({"stage": stage, "reason": reason, "documents": len(rows)})
        drawn = sorted(rows, key=lambda row: stages.digest(row["id"]))[:REJECTED_EACH]
        documents += [_rejected_row(row, raw) for row in drawn]
    return {"entered": len(raw), "reasons": reasons, "documents": documents}


def _rejected_row(row: dict, raw: Mapping[str, dict]) -> dict:
    metadata, detail = row["metadata"], row.get("detail") or {}
    truth, twin = metadata["truth"], raw.get(detail.get("duplicate_of"))
    text = row["text"][:LONGEST_TEXT]
    spans = [  # without those that cleaning had already emptied
        {"start": s["start"], "end": min(s["end"], len(text)), "kind": s["kind"]}
        for s in truth["spans"]
        if s["start"] < min(s["end"], len(text))
    ]
    labels = {"in_domain": truth["in_domain"], "doc_kind": truth["doc_kind"], "spans": spans}
    about = {"source": metadata["source"], "title": metadata.get("title"), "truth": labels}
    kept = {"stage": row["stage"], "reason": row["reason"], "detail": detail, "text": text}
    kept |= {"id": row["id"], "cut": len(row["text"]) > len(text), "metadata": about}
    return kept | ({"twin": twin["text"][:LONGEST_TEXT]} if twin else {})


# --- answers --------------------------------------------------------------------------------------


def answers(study: Study, final: pd.DataFrame, asked: pd.DataFrame) -> dict:
    """Some questions with every arm's final answer; grades are not kept, the grader is asked again.

    final: as `show_answers.final_answers` gives it; asked: as `show_answers.asked`. Subjects take
    turns, so that few questions still speak of many.
    """
    seeds = study.profile.seeds[:SEEDS]
    music = asked[asked["set"] == "questions"]
    turn = music.groupby("subject").cumcount()
    chosen = music.loc[turn.sort_values(kind="stable").index].head(QUESTIONS)
    given = final.set_index(["arm", "seed", "question_id"]).sort_index()
    said = {
        arm: {
            seed: [_said(given.loc[(arm, seed, name)]) for name in chosen["question_id"]]
            for seed in seeds
        }
        for arm in study.profile.arms
    }
    fields = ["subject", "stratum", "question", "answer", "aliases", "answer_type"]
    questions = chosen[fields].to_dict("records")
    for question in questions:
        question["known"] = [question["subject"] in study.covered(seed) for seed in seeds]
    return {"seeds": list(seeds), "questions": questions, "answers": said}


def _said(row: pd.Series) -> list:
    return [row["response"], round(float(row["log_likelihood"]), 2)]
