"""Tables about the corpus: its sources, its classifier, its copies, what selection keeps of it.

These measure and never decide, so they may read the rendered lane's labels. The tables are tidy,
one observation a row, like those of `tables.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from mucpt_utils.config.arms import ARMS
from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge import facts
from mucpt_utils.pipeline import classifier
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.tokens import TokenStore
from mucpt_utils.study.lanes import ROLES, ProseStudy
from mucpt_utils.study.study import Study
from mucpt_utils.teaching.story import kept_documents
from mucpt_utils.training import batches

THRESHOLDS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)


def fact_counts(known: Sequence[facts.Fact]) -> pd.DataFrame:
    """category, stratum, subjects, facts and questions (facts with one answer)."""
    single = {fact.id for fact in facts.askable(known)}
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


def role_counts(study: Study) -> pd.DataFrame:
    """role, subjects, facts of the world; the first seed's covered and uncovered test subjects."""
    roles, covered = study.roles, study.covered(study.profile.seeds[0])
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
    """`sources.csv`: source, documents, tokens (whitespace words)."""
    count, words = Counter(), Counter()
    for document in documents:
        count[document["metadata"]["source"]] += 1
        words[document["metadata"]["source"]] += len(document["text"].split())
    rows = [{"source": s, "documents": count[s], "tokens": words[s]} for s in sorted(count)]
    return pd.DataFrame(rows, columns=["source", "documents", "tokens"])


def flaw_counts(documents: Sequence[Mapping]) -> pd.DataFrame:
    """kind, documents (with at least one such stretch), stretches, share of the documents."""
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
    documents kept, precision and recall of keeping, the share of kept documents that are off the
    domain, and the share of their weight (the probability) that lies on those.
    """
    whole = {
        "average_precision": classifier.average_precision(probabilities, labels),
        "calibration_error": classifier.calibration_error(probabilities, labels),
    }
    rows = [(np.nan, metric, value, len(labels)) for metric, value in whole.items()]
    for threshold in THRESHOLDS:
        measured = _at(threshold, probabilities, labels)
        kept = int(measured["kept"])
        rows += [(threshold, metric, value, kept) for metric, value in measured.items()]
    return pd.DataFrame(rows, columns=["threshold", "metric", "value", "n"])


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
    """The thresholds of `classifier.csv` for reading, one a row."""
    rows = table.dropna(subset="threshold")
    names = list(dict.fromkeys(rows["metric"]))
    wide = rows.pivot(index="threshold", columns="metric", values="value")[names]
    return wide.astype({"kept": int}).round(3)


# --- copies and questions -------------------------------------------------------------------------


def duplicates_found(entered: Sequence[Mapping], rejected: Sequence[Mapping]) -> pd.DataFrame:
    """stage, between (same file, two files), documents, and the lowest and mean similarity.

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
    questions: Sequence[Mapping], relations: Mapping[str, facts.Relation]
) -> list[tuple[str, str]]:
    """(text, question id): every question in each of its relation's further wordings.

    The first wording is the benchmark's own, so only the others are paraphrases.
    """
    return [
        (wording.replace("{s}", question["subject"]), question["id"])
        for question in questions
        for wording in relations[question["fact_ids"][0].split(":")[1]].questions[1:]
    ]


# --- the reference model --------------------------------------------------------------------------


def mean_losses(study: Study) -> pd.DataFrame:
    """seed, text, base, reference, documents: mean loss in nats a token over the cleaned corpus.

    text: documents about one subject that the seed's reference model knows, or about one that it
    does not.
    """
    documents = kept_documents(study.corpus())
    starts = TokenStore.load(study.domain_tokens().folder).starts
    tested = {f.subject for f in study.roles.test}
    about = np.array([d["metadata"]["title"] for d in documents])
    base = losses.document_means(losses.load(study.base_losses().folder), starts)
    rows = []
    for seed in study.profile.seeds:
        found = losses.document_means(losses.load(study.reference_losses(seed).folder), starts)
        covered = study.covered(seed)
        for text, names in (("covered", covered), ("uncovered", tested - covered)):
            here = np.isin(about, sorted(names))
            if here.any():
                rows.append(
                    {"seed": seed, "text": text, "base": float(base[here].mean())}
                    | {"reference": float(found[here].mean()), "documents": int(here.sum())}
                )
    return pd.DataFrame(rows)


def scored_corpus(study: Study, seed: int) -> batches.Scored:
    """The cleaned corpus with its weights from the classifier and both models' losses."""
    domain = study.domain_tokens()
    return batches.Scored(
        TokenStore.load(domain.folder),
        np.load(domain.path("weights.npy")),
        losses.load(study.base_losses().folder),
        losses.load(study.reference_losses(seed).folder),
    )


def selected_documents(study: Study, arm: str) -> pd.DataFrame:
    """documents, n, share kept by the arm's selection, by what the documents are; over all seeds.

    A document may belong to several groups.
    """
    documents = kept_documents(study.corpus())
    rows = []
    for seed in study.profile.seeds:
        chosen = np.zeros(len(documents), bool)
        chosen[batches.chosen_documents(ARMS[arm], scored_corpus(study, seed))] = True
        for group, members in _groups(documents, study, seed).items():
            rows += [{"documents": group, "kept": kept} for kept in chosen[members]]
    grouped = pd.DataFrame(rows).groupby("documents", sort=False)["kept"]
    return grouped.agg(n="size", share_kept="mean").reset_index()


def _groups(documents: Sequence[Mapping], study: Study, seed: int) -> dict[str, np.ndarray]:
    covered, tested = study.covered(seed), {f.subject for f in study.roles.test}
    titles = [d["metadata"]["title"] for d in documents]
    kinds = [{s["kind"] for s in d["metadata"]["truth"]["spans"]} for d in documents]
    groups = {
        "all": [True] * len(documents),
        "about a subject that the RM knows": [t in covered for t in titles],
        "about one that it does not know": [t in tested - covered for t in titles],
        "true facts only": ["fact" in k and "wrong_fact" not in k for k in kinds],
        "with a wrong fact": ["wrong_fact" in k for k in kinds],
        "off the domain": [not d["metadata"]["truth"]["in_domain"] for d in documents],
    }
    return {name: np.array(members, bool) for name, members in groups.items()}


def sentence_weights(study: Study, seed: int, arms: Sequence[str], places: np.ndarray) -> dict:
    """Weights of some tokens under each arm at the start of training, where L_a is the base's.

    places: indices into the corpus's tokens. Weights have mean 1 over the whole corpus.
    """
    scored = scored_corpus(study, seed)
    pair = [torch.from_numpy(np.array(x)) for x in (scored.base, scored.reference)]
    everything = torch.ones(len(scored.store.tokens))
    weighed = [arm for arm in arms if ARMS[arm].tokens is not None]
    return {
        arm: token_weights(*pair, everything, ARMS[arm].tokens).numpy()[places] for arm in weighed
    }


# --- real prose -----------------------------------------------------------------------------------


def passage_counts(study: ProseStudy) -> pd.DataFrame:
    """`passages.csv`: domain, role, files, documents (passages) and tokens (words); no text."""
    rows = []
    for domain in ("music", "general"):
        for role in ROLES:
            found = read_jsonl(study.passages().path(f"{domain}_{role}.jsonl"))
            rows.append(
                {
                    "domain": domain,
                    "role": role,
                    "files": len({_file_of(row["metadata"]) for row in found}),
                    "documents": len(found),
                    "tokens": sum(len(row["text"].split()) for row in found),
                }
            )
    return pd.DataFrame(rows)


def report_table(report: Mapping) -> pd.DataFrame:
    """`classifier.csv` of the prose lane: metric, value, n, from `prose.classifier_report`."""
    return pd.DataFrame(
        [
            {"metric": name, "value": report[name], "n": report["passages"]}
            for name in ("books", "average_precision", "calibration_error")
        ]
    )


def _file_of(metadata: Mapping) -> str:
    """The file that a passage comes from; a row of a larger file has its source only."""
    return metadata.get("file") or metadata["source"]
