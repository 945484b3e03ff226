"""Samples for the interactive cells: small JSON files that a run leaves in `classroom/`.

Each function here reads finished stages and gives plain data; `keep` writes it to
`results/<profile>/classroom/`, where `widgets` reads it without a model. Only text of the
rendered lane, which the project wrote itself, is kept.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mucpt_utils.analysis.corpus import rejected_documents
from mucpt_utils.io import digest, read_jsonl, write_text
from mucpt_utils.study.study import Study
from mucpt_utils.teaching.widgets import FOLDER

REJECTED_EACH, LONGEST_TEXT = 5, 600  # documents for each reason; characters of each document
QUESTIONS, SEEDS = 36, 3  # questions, and seeds whose answers are kept


def keep(folder: Path, name: str, data: Mapping) -> Path:
    """Write `data` as `classroom/<name>.json` of a results folder; returns the file."""
    path = folder / FOLDER / f"{name}.json"
    write_text(path, json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path


# --- rejected documents ---------------------------------------------------------------------------


def rejected(study: Study) -> dict:
    """Some rejected documents of each stage and reason, with how many there were of each.

    They are chosen by the hash of their ids, so that the sample is representative.
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
    """A rejected document as it is kept: cut to LONGEST_TEXT, with the document it is a copy of.

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
    """Some questions with every arm's final answer; grades are not kept, but computed anew.

    final: as `benchmark.final_answers` gives it; asked: as `benchmark.asked`. Subjects take
    turns, so that few questions still cover many.
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
