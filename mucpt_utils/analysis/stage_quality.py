"""How good each stage is, measured against the labels of the rendered lane.

Only measuring code reads `metadata.truth`; no stage does. Documents are matched by id between
what went in, what was kept and what was rejected; labelled stretches by their number, since every
edit keeps them in order (`edits.apply_edits`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ftfy.badness
import pandas as pd
from datatrove.data import Document

from mucpt_utils.analysis.frames import TableError, frame_of
from mucpt_utils.analysis.schema import COLUMNS
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.io import read_jsonl
from mucpt_utils.pipeline import cleaning, decontamination
from mucpt_utils.text import sources

STAGES = ("classify", "clean", "exact_duplicates", "near_duplicates", "mask", "decontaminate")
JUNK = {"boilerplate": "boilerplate line", "spam": "spam sentence", "noise": "tracking code"}
JUNK_DOCUMENTS = ("spam", "boilerplate")
# the largest share of a stretch that may be left if it counts as removed
REMOVED = 0.1
PLACEHOLDER = {
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "iban": "[IBAN]",
    "card": "[CARD]",
    "ssn": "[SSN]",
    "ip": "[IP]",
    "handle": "[HANDLE]",
    "url": "[URL]",
}


@dataclass(frozen=True)
class Outcome:
    """A run of the pipeline, document by document.

    entered, kept: documents, by id. rejected: rejected rows (`stage`, `reason`, document), by id.
    """

    entered: dict[str, dict]
    kept: dict[str, dict]
    rejected: dict[str, dict]

    @classmethod
    def load(cls, input_folder: Path, result_folder: Path) -> "Outcome":
        """Reads the documents that went in and the folder `run_pipeline` left.

        Input lines that the pipeline quarantines are left out.
        """
        folder = Path(input_folder)
        items = (
            item
            for path in sources.source_files(folder)
            for item in sources.read_source(path, folder, SourceSettings())
        )
        entered = {
            item.id: {"text": item.text, "id": item.id, "metadata": item.metadata}
            for item in items
            if isinstance(item, Document)
        }
        kept, rejected = (
            {
                row["id"]: row
                for path in sorted((Path(result_folder) / name).glob("*.jsonl"))
                for row in read_jsonl(path)
            }
            for name in ("kept", "rejected")
        )
        return cls(entered, kept, rejected)

    def entering(self, stage: str) -> dict[str, dict]:
        """Input documents that earlier stages let through to `stage`."""
        order = {name: number for number, name in enumerate(STAGES)}
        return {
            key: document
            for key, document in self.entered.items()
            if key not in self.rejected or order[self.rejected[key]["stage"]] >= order[stage]
        }

    def dropped(self, stage: str, *reasons: str) -> set[str]:
        """Ids rejected by `stage`, for one of `reasons` if any are given."""
        return {
            key
            for key, row in self.rejected.items()
            if row["stage"] == stage and (not reasons or row["reason"] in reasons)
        }

    def pairs(self) -> Iterator[tuple[dict, dict]]:
        """Kept documents as they went in and as they came out."""
        return ((self.entered[key], document) for key, document in self.kept.items())


def funnel(rows: Iterable[Mapping]) -> pd.DataFrame:
    """`funnel.csv` from the pipeline's accounting rows, in the order of the stages."""
    return frame_of(rows, "funnel")


def pipeline_quality(rows: Iterable[Mapping]) -> pd.DataFrame:
    """`pipeline_quality.csv` from measured rows. Raises TableError outside 0 to 1."""
    frame = frame_of(rows, "pipeline_quality")
    for column in ("precision", "recall"):
        frame[column] = pd.to_numeric(frame[column])
        wrong = frame[~frame[column].isna() & ~frame[column].between(0, 1)]
        if len(wrong):
            raise TableError(f"pipeline_quality: {column} outside 0 to 1 in row {wrong.index[0]}")
    return frame


def measure(outcome: Outcome) -> list[dict]:
    """Rows of `pipeline_quality.csv`: precision and recall of every stage and kind of flaw.

    precision: of what the stage took, the share with the label. recall: of what was
    labelled and reached the stage, the share it took. n: labelled items that reached it. A kind
    without labelled items is left out; if nothing was taken, precision is None.
    """
    rows = [
        off_domain_documents(outcome),
        *junk_documents(outcome),
        *copies(outcome),
        *junk_stretches(outcome),
        *personal_data(outcome),
        mojibake(outcome),
        good_documents(outcome),
    ]
    return [row for row in rows if row["n"]]


def quality_row(stage: str, kind: str, right: float, taken: float, caught: float, n: int) -> dict:
    """A row: precision is right / taken, recall is caught / n, both to four places."""
    precision = round(right / taken, 4) if taken else None
    recall = round(caught / n, 4) if n else None
    values = (stage, kind, precision, recall, n)
    return dict(zip(COLUMNS["pipeline_quality"], values, strict=True))


# --- whole documents ----------------------------------------------------------------------------


def off_domain_documents(outcome: Outcome) -> dict:
    """Documents of other domains, which the classifier should drop."""
    entering, dropped = outcome.entering("classify"), outcome.dropped("classify")
    off = {key for key, document in entering.items() if not truth(document)["in_domain"]}
    caught = len(dropped & off)
    return quality_row("classify", "off_domain", caught, len(dropped), caught, len(off))


def junk_documents(outcome: Outcome) -> list[dict]:
    """Spam and boilerplate documents, which cleaning should drop.

    Recall counts those dropped for any reason; precision, among those dropped for this one, those
    that are junk of either kind.
    """
    kinds = {key: truth(d)["doc_kind"] for key, d in outcome.entering("clean").items()}
    junk = {key for key, kind in kinds.items() if kind in JUNK_DOCUMENTS}
    dropped, rows = outcome.dropped("clean"), []
    for kind in JUNK_DOCUMENTS:
        labelled = {key for key in junk if kinds[key] == kind}
        named = outcome.dropped("clean", kind)
        caught = len(dropped & labelled)
        counts = (len(named & junk), len(named), caught, len(labelled))
        rows.append(quality_row("clean", f"{kind} document", *counts))
    return rows


def good_documents(outcome: Outcome) -> dict:
    """Articles of the domain that are not copies: recall is the share that is still there."""
    good = {
        key
        for key, document in outcome.entered.items()
        if truth(document)["in_domain"] and truth(document)["duplicate_of"] is None
    }
    # any one of a group of copies may be the one that stays
    originals = {first_original(key, outcome.entered) for key in outcome.kept}
    left = {key for key in good if key in outcome.kept or key in originals}
    fine = sum(truth(outcome.entered[key])["in_domain"] for key in outcome.kept)
    counts = (fine, len(outcome.kept), len(left), len(good))
    return quality_row("pipeline", "good document kept", *counts)


def copies(outcome: Outcome) -> list[dict]:
    """Exact and near copies: all but one of a group of copies should be dropped.

    An exact copy is one of a text, a near copy one of its first original.
    """
    rows = []
    for stage, kind in (("exact_duplicates", "exact copy"), ("near_duplicates", "near copy")):
        entering, dropped = outcome.entering(stage), outcome.dropped(stage)
        exact = stage == "exact_duplicates"
        group_of = {
            key: document["text"] if exact else first_original(key, entering)
            for key, document in entering.items()
        }
        # of a group of n, n - 1 are surplus; at most that many were dropped rightly
        sizes = Counter(group_of.values())
        taken = Counter(group_of[key] for key in dropped)
        surplus = sum(size - 1 for size in sizes.values())
        caught = sum(min(count, sizes[group] - 1) for group, count in taken.items())
        right = sum(sizes[group_of[key]] > 1 for key in dropped)
        rows.append(quality_row(stage, kind, right, len(dropped), caught, surplus))
    return rows


def first_original(key: str, documents: Mapping[str, dict]) -> str:
    """The original of a document, through copies of copies."""
    seen = set()
    while key in documents and key not in seen:
        seen.add(key)
        original = truth(documents[key])["duplicate_of"]
        if original is None:
            return key
        key = original
    return key


# --- stretches inside documents -----------------------------------------------------------------


def junk_stretches(outcome: Outcome) -> list[dict]:
    """Boilerplate, spam and tracking codes in documents that were kept.

    Recall counts labelled stretches of which at most a tenth is left. Precision is by characters,
    over documents that have no flaw but this kind: labelled characters gone / all gone.
    """
    removed: dict[str, list[bool]] = defaultdict(list)
    labelled_gone, all_gone = Counter[str](), Counter[str]()
    for before, after in outcome.pairs():
        spans = list(zip(labelled_spans(before), labelled_spans(after), strict=True))
        for old, new in spans:
            # noise in a confused word was not inserted, so it cannot be removed
            put_in = old["kind"] != "noise" or old.get("subkind") == "tracking"
            if old["kind"] in JUNK and put_in:
                removed[old["kind"]].append(length(new) <= REMOVED * length(old))
        # other losses can be blamed on this kind only if there is no other kind
        kinds = {old["kind"] for old, _ in spans} - {"fact", "wrong_fact"}
        if len(kinds) == 1 and (kind := kinds.pop()) in JUNK:
            gone = sum(length(old) - length(new) for old, new in spans if old["kind"] == kind)
            labelled_gone[kind] += gone
            all_gone[kind] += max(gone, len(before["text"]) - len(after["text"]))
    return [
        quality_row(
            "clean",
            name,
            labelled_gone[kind],
            all_gone[kind],
            sum(removed[kind]),
            len(removed[kind]),
        )
        for kind, name in JUNK.items()
    ]


def personal_data(outcome: Outcome) -> list[dict]:
    """Personal data, by kind: recall counts stretches whose value is gone.

    Precision: placeholders that replace personal data of their kind / all placeholders.
    """
    masked: dict[str, list[bool]] = defaultdict(list)
    right, placed = Counter[str](), Counter[str]()
    for before, after in outcome.pairs():
        for kind, mark in PLACEHOLDER.items():
            placed[kind] += after["text"].count(mark) - before["text"].count(mark)
        for old, new in zip(labelled_spans(before), labelled_spans(after), strict=True):
            if old["kind"] == "pii" and length(new):
                kind = old["subkind"]
                masked[kind].append(stretch(before, old) not in after["text"])
                right[kind] += PLACEHOLDER[kind] in stretch(after, new)
    return [
        quality_row("mask", kind, right[kind], placed[kind], sum(masked[kind]), len(masked[kind]))
        for kind in PLACEHOLDER
    ]


def mojibake(outcome: Outcome) -> dict:
    """Mojibake: recall counts stretches that changed and look right to ftfy.

    Precision: documents with the label / documents that the repair changed.
    """
    repaired = []
    for before, after in outcome.pairs():
        for old, new in zip(labelled_spans(before), labelled_spans(after), strict=True):
            if old["kind"] == "mojibake":
                now = stretch(after, new)
                changed = stretch(before, old) != now
                repaired.append(changed and not ftfy.badness.is_bad(now))
    touched = [
        document
        for document in outcome.entered.values()
        if any(cleaning.repair_line(s) != s for s in document["text"].splitlines(keepends=True))
    ]
    labelled = sum(any(s["kind"] == "mojibake" for s in labelled_spans(d)) for d in touched)
    return quality_row("clean", "mojibake", labelled, len(touched), sum(repaired), len(repaired))


def truth(document: Mapping) -> dict:
    """The labels that the writer gave a document."""
    return document["metadata"]["truth"]


def labelled_spans(document: Mapping) -> list[dict]:
    """The labelled stretches of a document, always in the same order."""
    return truth(document)["spans"]


def length(span: Mapping) -> int:
    """The length of a stretch in characters."""
    return span["end"] - span["start"]


def stretch(document: Mapping, span: Mapping) -> str:
    """The text of a stretch."""
    return document["text"][span["start"] : span["end"]]


# --- decontamination ----------------------------------------------------------------------------


def measure_decontamination(
    planted: Sequence[tuple[str, str]], clean: Sequence[str], questions: Sequence[dict]
) -> dict:
    """One row: texts in which questions were planted, against texts without questions.

    planted: (text, id of the question in it). clean: texts that may state facts but ask nothing.
    """
    index = decontamination.QuestionIndex(questions)
    caught = sum(any(match.id == key for match in index.find(text)) for text, key in planted)
    alarms = sum(bool(index.find(text)) for text in clean)
    counts = (caught, caught + alarms, caught, len(planted))
    return quality_row("decontaminate", "asked question", *counts)
