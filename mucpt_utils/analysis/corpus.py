"""Tables about the corpus: its facts, sources, classifier and copies.

They decide nothing, so they may read the rendered lane's labels. Tables are tidy, with one
observation per row.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.facts import Fact, askable
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.knowledge.roles import Roles
from mucpt_utils.pipeline.domain.calibration import calibration_error, reliability
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.domain.training import Example
from mucpt_utils.study.prose import ROLES
from mucpt_utils.text.render.wording import asked_about

THRESHOLDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)


def fact_counts(known: Sequence[Fact]) -> pd.DataFrame:
    """Columns category, stratum, subjects, facts and questions (facts with one answer)."""
    single = {fact.id for fact in askable(known)}
    rows = pd.DataFrame(
        {
            "category": [f.category for f in known],
            "stratum": [f.popularity for f in known],
            "subject": [f.subject for f in known],
            "single": [f.id in single for f in known],
        }
    )
    grouped = rows.groupby(["category", "stratum"], sort=False)
    return grouped.agg(
        subjects=("subject", "nunique"), facts=("subject", "size"), questions=("single", "sum")
    ).reset_index()


def rejected_rows(corpus: Path, is_cut: bool) -> list[dict]:
    """Rows that the stages rejected, in order, with `stage`, `reason` and `detail`.

    is_cut: sentences cut out of documents that were kept, instead of whole documents.
    """
    rows = (row for path in sorted(corpus.glob("rejected/*.jsonl")) for row in read_jsonl(path))
    return [row for row in rows if ("cut_from" in (row.get("detail") or {})) is is_cut]


def rejected_documents(corpus: Path) -> list[dict]:
    """Every document that a stage rejected, with `stage`, `reason` and `detail`, in order."""
    return rejected_rows(corpus, is_cut=False)


def cut_sentences(corpus: Path) -> pd.DataFrame:
    """Columns stage, reason, sentence, signs: what was cut out of kept documents, and why."""
    return pd.DataFrame(
        [
            {
                "stage": row["stage"],
                "reason": row["reason"],
                "sentence": row["text"].strip(),
                "signs": [row["text"][start:end] for start, end in row["detail"]["triggers"]],
            }
            for row in rejected_rows(corpus, is_cut=True)
        ],
        columns=["stage", "reason", "sentence", "signs"],
    )


def role_counts(roles: Roles, covered: set[str]) -> pd.DataFrame:
    """Columns role, subjects, facts of the world.

    covered: subjects under test that a seed's reference model knows.
    """
    parts = {
        "under test, RM knows them": [f for f in roles.test if f.subject in covered],
        "under test, RM does not": [f for f in roles.test if f.subject not in covered],
        "practice: teach the base the formats": roles.practice,
        "calibration: set the RM's temperature": roles.calibration,
        "general: taught, asked in training": [
            f for f in roles.general if f.subject not in roles.general_asked
        ],
        "general: taught, asked in the twin": [
            f for f in roles.general if f.subject in roles.general_asked
        ],
    }
    return pd.DataFrame(
        [
            {"role": role, "subjects": len({f.subject for f in known}), "facts": len(known)}
            for role, known in parts.items()
        ]
    )


def source_counts(documents: Iterable[Mapping]) -> pd.DataFrame:
    """`sources.csv`: source, documents, tokens (words between white space)."""
    count: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for document in documents:
        count[document["metadata"]["source"]] += 1
        words[document["metadata"]["source"]] += len(document["text"].split())
    rows = [{"source": s, "documents": count[s], "tokens": words[s]} for s in sorted(count)]
    return pd.DataFrame(rows, columns=["source", "documents", "tokens"])


def flaw_counts(documents: Sequence[Mapping]) -> pd.DataFrame:
    """Columns kind, documents (with such a stretch), stretches, share of the documents."""
    kinds = [[s["kind"] for s in d["metadata"]["truth"]["spans"]] for d in documents]
    stretches = Counter(kind for found in kinds for kind in found)
    within = Counter(kind for found in kinds for kind in set(found))
    return pd.DataFrame(
        [
            {"kind": k, "documents": within[k], "stretches": n, "share": within[k] / len(documents)}
            for k, n in stretches.most_common()
        ]
    )


# --- the classifier -------------------------------------------------------------------------------


def classifier_table(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """`classifier.csv`: threshold, metric, value, n.

    Without a threshold: average precision and calibration error of all documents. At a threshold:
    documents kept, precision and recall of keeping, the share of kept documents that are off
    domain, and the share of their weight (the probability) that is on those.
    """
    whole = classifier_quality(probabilities, labels)
    rows = [(np.nan, metric, value, len(labels)) for metric, value in whole.items()]
    for threshold in THRESHOLDS:
        measured = _at(threshold, probabilities, labels)
        kept, music = int(measured["kept"]), int(labels.sum())
        rows += [
            (threshold, metric, value, music if metric == "recall" else kept)
            for metric, value in measured.items()
        ]
    return pd.DataFrame(rows, columns=["threshold", "metric", "value", "n"])


def classifier_quality(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Average precision and calibration error of the probabilities of all documents."""
    from sklearn.metrics import average_precision_score  # takes a second to import

    return {
        "average_precision": float(average_precision_score(labels, probabilities)),
        "calibration_error": calibration_error(probabilities, labels),
    }


def _at(threshold: float, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    kept = probabilities >= threshold
    off = kept & ~labels
    right = (kept & labels).sum()
    documents, weight = kept.sum(), probabilities[kept].sum()
    return {
        "kept": float(documents),
        "precision": right / documents if documents else np.nan,
        "recall": right / labels.sum(),
        "off_domain_documents": off.sum() / documents if documents else np.nan,
        "off_domain_weight": probabilities[off].sum() / weight if weight else np.nan,
    }


def by_threshold(table: pd.DataFrame) -> pd.DataFrame:
    """The thresholds of `classifier.csv` for reading, one per row."""
    rows = table.dropna(subset="threshold")
    names = list(dict.fromkeys(rows["metric"]))
    wide = rows.pivot(index="threshold", columns="metric", values="value")[names]
    return wide.astype({"kept": int}).round(3)


# --- copies and questions -------------------------------------------------------------------------


def duplicates_found(entered: Sequence[Mapping], rejected: Sequence[Mapping]) -> pd.DataFrame:
    """Columns stage, between (same file, two files), documents, lowest and mean similarity.

    entered: documents that went in; rejected: rows that the pipeline rejected. Documents without a
    file (the rendered lane) count by their source.
    """
    place = {d["id"]: _file_of(d["metadata"]) for d in entered}
    rows = [
        {
            "stage": row["stage"],
            "between": "same file"
            if place[row["id"]] == place.get(row["detail"]["duplicate_of"])
            else "two files",
            "similarity": row["detail"]["similarity"],
        }
        for row in rejected
        if "duplicate_of" in (row.get("detail") or {})
    ]
    frame = pd.DataFrame(rows, columns=["stage", "between", "similarity"])
    grouped = frame.groupby(["stage", "between"])["similarity"]
    return grouped.agg(
        documents="size", lowest_similarity="min", mean_similarity="mean"
    ).reset_index()


def planted_questions(
    questions: Sequence[Mapping], relations: Mapping[str, Relation]
) -> list[tuple[str, str]]:
    """(text, question id) for every question in each of its relation's other wordings."""
    worded = (
        (asked_about(text, question["category"], question["subject"]), question)
        for question in questions
        if (name := question["fact_ids"][0].split(":")[1]) in relations
        for text in relations[name].questions
    )
    return [(text, question["id"]) for text, question in worded if text != question["question"]]


# --- real prose -----------------------------------------------------------------------------------


def passage_counts(passages: Path) -> pd.DataFrame:
    """`passages.csv`: domain, role, files, documents (passages) and tokens (words); no text.

    passages: the folder of the stage.
    """
    rows = []
    for domain in ("music", "general"):
        for role in ROLES:
            rows_of_role = read_jsonl(passages / f"{domain}_{role}.jsonl")
            rows.append(
                {
                    "domain": domain,
                    "role": role,
                    "files": len({_file_of(row["metadata"]) for row in rows_of_role}),
                    "documents": len(rows_of_role),
                    "tokens": sum(len(row["text"].split()) for row in rows_of_role),
                }
            )
    return pd.DataFrame(rows)


def classifier_report(classifier: Path, examples: Sequence[Example]) -> dict:
    """Average precision and calibration error on passages of unseen, library-classed books.

    classifier: its folder. examples: as `study.prose.unseen_passages` gives them.
    """
    model = Classifier.load(classifier)
    probabilities = model.probabilities([example.text for example in examples])
    labels = np.array([example.in_domain for example in examples])
    return {
        "books": len({example.group for example in examples}),
        "passages": len(examples),
        **classifier_quality(probabilities, labels),
        "reliability": reliability(probabilities, labels),
    }


def report_table(report: Mapping) -> pd.DataFrame:
    """`classifier.csv` of the prose lane: metric, value, n, from `classifier_report`."""
    return pd.DataFrame(
        [
            {"metric": name, "value": report[name], "n": report["passages"]}
            for name in ("books", "average_precision", "calibration_error")
        ]
    )


def _file_of(metadata: Mapping) -> str:
    """The file that a passage comes from; a row of a larger file has its source only."""
    return metadata.get("file") or metadata["source"]
