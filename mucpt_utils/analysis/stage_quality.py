"""How good each stage is, measured against the labels that the rendered lane carries.

Only this module reads `metadata.truth`. Documents are matched by id between what went in, what was
kept and what was rejected; labelled stretches by their number, since every edit keeps them in
order (`edits.apply_edits`).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ftfy.badness
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.pipeline import cleaning, decontamination
from mucpt_utils.text import sources

COLUMNS = ("stage", "kind", "precision", "recall", "n")
JUNK_KINDS = ("boilerplate", "spam", "noise")
# what is left of a stretch that counts as removed
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

    entered, kept: documents by id. rejected: rejected rows (`stage`, `reason`, document) by id.
    """

    entered: dict[str, dict]
    kept: dict[str, dict]
    rejected: dict[str, dict]

    @classmethod
    def load(cls, input_folder: Path, result_folder: Path) -> "Outcome":
        """Reads the documents that went in and the folder `run_pipeline` left."""
        return cls(
            _documents_by_id(Path(input_folder)),
            _by_id((Path(result_folder) / "kept").glob("*.jsonl")),
            _by_id((Path(result_folder) / "rejected").glob("*.jsonl")),
        )

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


STAGES = ("classify", "clean", "exact_duplicates", "near_duplicates", "mask", "decontaminate")


def measure(outcome: Outcome) -> list[dict]:
    """Rows of `pipeline_quality.csv`: precision and recall of every stage and kind of flaw.

    precision: of what the stage took, the share that was labelled so. recall: of what was
    labelled and reached the stage, the share it took. n: labelled items that reached it. A kind
    of which there is none is left out; a precision of nothing taken is None.
    """
    rows = [
        *_documents(outcome),
        *_duplicates(outcome),
        *_stretches(outcome),
        *_personal_data(outcome),
        *_encoding(outcome),
        *_good_documents(outcome),
    ]
    return [row for row in rows if row["n"]]


def _row(stage: str, kind: str, right: float, taken: float, caught: float, n: int) -> dict:
    precision = round(right / taken, 4) if taken else None
    recall = round(caught / n, 4) if n else None
    return dict(zip(COLUMNS, (stage, kind, precision, recall, n), strict=True))


# --- whole documents ----------------------------------------------------------------------------


def _documents(outcome: Outcome) -> list[dict]:
    """Off-domain, spam and boilerplate documents, each at the stage that is there for them."""
    classify, clean = outcome.entering("classify"), outcome.entering("clean")
    off = {k for k, d in classify.items() if not _truth(d)["in_domain"]}
    dropped = outcome.dropped("classify")
    rows = [
        _row(
            "classify", "off_domain", len(dropped & off), len(dropped), len(dropped & off), len(off)
        )
    ]
    for kind in ("spam", "boilerplate"):
        wanted = {k for k, d in clean.items() if _truth(d)["doc_kind"] == kind}
        taken = outcome.dropped("clean")
        named = outcome.dropped("clean", kind)
        junk = {k for k, d in clean.items() if _truth(d)["doc_kind"] in ("spam", "boilerplate")}
        rows.append(
            _row(
                "clean",
                f"{kind} document",
                len(named & junk),
                len(named),
                len(taken & wanted),
                len(wanted),
            )
        )
    return rows


def _good_documents(outcome: Outcome) -> list[dict]:
    """Articles on the domain that are no copies: recall is the share that is still there."""
    good = {
        k
        for k, d in outcome.entered.items()
        if _truth(d)["in_domain"] and _truth(d)["duplicate_of"] is None
    }
    # of a group of copies any one may be the one that stays
    roots = {_root(k, outcome.entered) for k in outcome.kept}
    found = {k for k in good if k in outcome.kept or k in roots}
    fine = sum(_truth(outcome.entered[k])["in_domain"] for k in outcome.kept)
    return [_row("pipeline", "good document kept", fine, len(outcome.kept), len(found), len(good))]


def _duplicates(outcome: Outcome) -> list[dict]:
    rows = []
    for stage, kind in (("exact_duplicates", "exact copy"), ("near_duplicates", "near copy")):
        entering = outcome.entering(stage)
        dropped = outcome.dropped(stage)
        group_of = {key: _group(key, entering, stage) for key in entering}
        sizes = Counter(group_of.values())
        taken = Counter(group_of[key] for key in dropped)
        wanted = sum(size - 1 for size in sizes.values())
        caught = sum(min(count, sizes[group] - 1) for group, count in taken.items())
        right = sum(sizes[group_of[key]] > 1 for key in dropped)
        rows.append(_row(stage, kind, right, len(dropped), caught, wanted))
    return rows


def _group(key: str, entering: dict[str, dict], stage: str) -> object:
    """What a document is a copy of: its text for exact copies, its first original for near ones."""
    return entering[key]["text"] if stage == "exact_duplicates" else _root(key, entering)


def _root(key: str, documents: dict[str, dict]) -> str:
    """The original a document goes back to, through copies of copies."""
    seen = set()
    while key in documents and key not in seen:
        seen.add(key)
        original = _truth(documents[key])["duplicate_of"]
        if original is None:
            return key
        key = original
    return key


# --- stretches inside documents -----------------------------------------------------------------


def _stretches(outcome: Outcome) -> list[dict]:
    """Boilerplate, spam and tracking codes in documents that were kept.

    Recall counts labelled stretches of which at most a tenth is left. Precision is by characters,
    over documents that have no flaw but this kind: labelled characters gone / all gone.
    """
    found: dict[str, list[bool]] = defaultdict(list)
    gone: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for before, after in _pairs(outcome):
        spans = list(zip(_spans(before), _spans(after), strict=True))
        for old, new in spans:
            if _kind(old) in JUNK_KINDS and _is_segment(old):
                left = new["end"] - new["start"]
                found[_kind(old)].append(left <= REMOVED * (old["end"] - old["start"]))
        kinds = {_kind(old) for old, _ in spans} - {"fact", "wrong_fact"}
        if len(kinds) == 1 and (kind := kinds.pop()) in JUNK_KINDS:
            labelled = sum(_length(o) - _length(n) for o, n in spans if _kind(o) == kind)
            gone[kind][0] += labelled
            gone[kind][1] += max(labelled, len(before["text"]) - len(after["text"]))
    names = {"boilerplate": "boilerplate line", "spam": "spam sentence", "noise": "tracking code"}
    return [
        _row("clean", names[kind], *gone[kind], sum(found[kind]), len(found[kind]))
        for kind in JUNK_KINDS
    ]


def _personal_data(outcome: Outcome) -> list[dict]:
    """Personal data by kind: recall counts stretches whose value is gone.

    Precision: placeholders that stand on personal data of their kind / all placeholders.
    """
    found: dict[str, list[bool]] = defaultdict(list)
    right, placed = Counter(), Counter()
    for before, after in _pairs(outcome):
        for kind, mark in PLACEHOLDER.items():
            placed[kind] += after["text"].count(mark) - before["text"].count(mark)
        for old, new in zip(_spans(before), _spans(after), strict=True):
            if old["kind"] == "pii" and _length(new):
                value = before["text"][old["start"] : old["end"]]
                now = after["text"][new["start"] : new["end"]]
                found[old["subkind"]].append(value not in after["text"])
                right[old["subkind"]] += PLACEHOLDER[old["subkind"]] in now
    return [
        _row("mask", kind, right[kind], placed[kind], sum(found[kind]), len(found[kind]))
        for kind in PLACEHOLDER
    ]


def _encoding(outcome: Outcome) -> list[dict]:
    """Mojibake: recall counts stretches that changed and look right to ftfy.

    Precision: documents with the label / documents that the repair changed.
    """
    repaired = []
    for before, after in _pairs(outcome):
        for old, new in zip(_spans(before), _spans(after), strict=True):
            if old["kind"] == "mojibake":
                was = before["text"][old["start"] : old["end"]]
                now = after["text"][new["start"] : new["end"]]
                repaired.append(was != now and not ftfy.badness.is_bad(now))
    changed = [d for d in outcome.entered.values() if _is_changed(d["text"], cleaning.repair_line)]
    labelled = sum(any(s["kind"] == "mojibake" for s in _spans(d)) for d in changed)
    return [_row("clean", "mojibake", labelled, len(changed), sum(repaired), len(repaired))]


def _is_changed(text: str, repair: Callable[[str], str]) -> bool:
    return any(repair(line) != line for line in text.splitlines(keepends=True))


# --- decontamination ----------------------------------------------------------------------------


def measure_decontamination(
    planted: Sequence[tuple[str, str]], clean: Sequence[str], questions: Sequence[dict]
) -> dict:
    """A row for texts in which questions were planted, against texts in which none was.

    planted: (text, id of the question in it). clean: texts that may state facts but ask nothing.
    """
    index = decontamination.QuestionIndex(questions)
    caught = sum(any(c.id == key for c in index.find(text)) for text, key in planted)
    alarms = sum(bool(index.find(text)) for text in clean)
    return _row("decontaminate", "asked question", caught, caught + alarms, caught, len(planted))


# --- reading ------------------------------------------------------------------------------------


def _pairs(outcome: Outcome) -> Iterable[tuple[dict, dict]]:
    """Kept documents as they went in and as they came out."""
    return ((outcome.entered[key], document) for key, document in outcome.kept.items())


def _truth(document: dict) -> dict:
    return document["metadata"]["truth"]


def _spans(document: dict) -> list[dict]:
    return _truth(document)["spans"]


def _kind(span: dict) -> str:
    return span["kind"]


def _is_segment(span: dict) -> bool:
    """A stretch that was put in; not noise that is a confused word, or a fact spoilt by one."""
    return span["kind"] != "noise" or span.get("subkind") == "tracking"


def _length(span: dict) -> int:
    return span["end"] - span["start"]


def _documents_by_id(folder: Path) -> dict[str, dict]:
    """What the pipeline itself reads of a folder; lines that it quarantines are left out."""
    items = (
        item
        for path in sources.source_files(folder)
        for item in sources.read_source(path, folder, SourceSettings())
    )
    return {
        item.id: {"text": item.text, "id": item.id, "metadata": item.metadata}
        for item in items
        if isinstance(item, Document)
    }


def _by_id(paths: Iterable[Path]) -> dict[str, dict]:
    rows = {}
    for path in sorted(paths):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                rows[row["id"]] = row
    return rows
