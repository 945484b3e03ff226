"""The page of a run: one HTML file that needs no network, small for any corpus."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from mucpt_utils import __version__
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.io import write_text
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.outcome import flow, templates
from mucpt_utils.pipeline.outcome.asked import NOTED, NOTED_CANARY, Asked, Questions
from mucpt_utils.pipeline.outcome.excerpts import Excerpt, excerpt
from mucpt_utils.pipeline.outcome.pairs import Pair, pair_of
from mucpt_utils.pipeline.outcome.reasons import ELSEWHERE, Size, reasons_of
from mucpt_utils.pipeline.outcome.sampling import (
    DUPLICATES,
    KeptPile,
    Place,
    RejectedPile,
    Sample,
    Scores,
    rows_of,
)
from mucpt_utils.pipeline.run import PAGE
from mucpt_utils.pipeline.similarity import containment

LARGEST = 2_000_000  # bytes
# how much the page shows; the next entry is used if the page would be larger than LARGEST
SIZES = (Size(10, 600, 40), Size(10, 300, 40), Size(5, 200, 30), Size(2, 120, 20), Size(0, 0, 10))
CONTEXT = 90  # characters on either side of a mask
MOST_WORKS = 30
LIBRARIES = ("datatrove", "fasttext-numpy2-wheel", "ftfy", "phonenumbers", "trafilatura", "pyarrow")


class Files(NamedTuple):
    """Files of one format: how many, and their bytes."""

    format: str
    files: int
    bytes: int


class Findings(NamedTuple):
    """Everything that a run left, read once, and what the command knows about the run.

    files: None for a source that is not a folder. others: places of the documents that examples of
    duplicates are copies of.
    """

    folder: Path
    source: str
    files: list[Files] | None
    record: Mapping
    settings: PipelineSettings
    classifier: Classifier | None
    questions: Sequence[Mapping]
    rejected: RejectedPile
    kept: KeptPile
    scores: Scores
    others: Mapping[str, Place]


class Unreadable(NamedTuple):
    """A reason why something could not be read, with examples: places and their beginnings."""

    name: str
    documents: int
    examples: list[tuple[str, Excerpt]]


def write_page(findings: Findings) -> Path:
    """Writes the page into the run's folder, with fewer examples if it would be too large."""
    path = findings.folder / PAGE
    template = templates.environment().get_template("page.html.j2")
    for size in SIZES:
        text = template.render(content_of(findings, size))
        if len(text.encode("utf-8", "replace")) <= LARGEST:
            break
    write_text(path, text)
    return path


def content_of(findings: Findings, size: Size) -> dict[str, Any]:
    """The values for the template."""
    pile, kept, funnel = findings.rejected, findings.kept, findings.record["funnel"]
    return {
        "source": findings.source,
        "files": findings.files,
        "record": findings.record,
        "settings": findings.settings,
        "changed": changed(findings.settings),
        "versions": versions(),
        "balance": flow.balance(funnel),
        "stages": flow.stage_flows(funnel),
        "sources": flow.source_flows(funnel),
        "passed_over": passed_over(funnel),
        "reasons": reasons_of(pile, findings.settings, findings.classifier, size),
        "more_reasons": more_reasons(pile, size),
        "unreadable": unreadable(pile, size),
        "more_unreadable": len(pile.quarantined) - min(len(pile.quarantined), size.reasons),
        "duplicates": duplicates(findings, size),
        "works": works(findings.folder),
        "masks": masks(kept, size),
        "asked": asked(findings, size),
        "asked_counts": asked_counts(pile, kept),
        "questions": findings.questions,
        "scores": findings.scores.counts,
        "kept": kept,
    }


def changed(settings: PipelineSettings) -> list[tuple[str, Any, Any]]:
    """Settings that are not the defaults: name, value, default."""

    def flat(value: Mapping, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for name, inner in value.items():
            if isinstance(inner, Mapping):
                yield from flat(inner, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", inner

    defaults = dict(flat(PipelineSettings().deciding()))
    values = flat(settings.deciding())
    return [(name, v, defaults.get(name)) for name, v in values if v != defaults.get(name)]


def versions() -> list[tuple[str, str]]:
    """The package, the interpreter and the libraries that decide the output."""
    named = [("mucpt_utils", __version__), ("Python", sys.version.split()[0])]
    return named + [(name, metadata.version(name)) for name in LIBRARIES]


def passed_over(funnel: Sequence[Mapping]) -> list[flow.Row]:
    """What was skipped as no text of the source, by reason."""
    amounts: dict[str, flow.Amount] = {}
    for row in funnel:
        reason = row["reason"].removeprefix(flow.PASSED_OVER)
        if reason != row["reason"]:
            amount = flow.Amount(row["documents"], row["tokens"])
            amounts[reason] = amounts.get(reason, flow.Amount()) + amount
    return flow.shortened([flow.Row(name, amount) for name, amount in sorted(amounts.items())])


def more_reasons(pile: RejectedPile, size: Size) -> int:
    """How many reasons are not shown."""
    return max(0, len([key for key in pile.counts if key[1] not in ELSEWHERE]) - size.reasons)


def unreadable(pile: RejectedPile, size: Size) -> list[Unreadable]:
    """Reasons of the quarantine, the most frequent first."""
    return [
        Unreadable(
            reason,
            count,
            [
                (place_of(row, reason), excerpt(row["excerpt"], length=size.characters))
                for row in pile.unreadable[reason].rows()[: size.examples]
            ],
        )
        for reason, count in pile.quarantined.most_common(size.reasons)
    ]


def place_of(row: Mapping, reason: str) -> str:
    """Where something could not be read, with its own reason if that says more than the kind."""
    return row["place"] if row["reason"] == reason else f"{row['place']}: {row['reason']}"


def duplicates(findings: Findings, size: Size) -> dict[str, tuple[int, list[Pair]]]:
    """For each kind of duplicate: how many were dropped, and examples beside what was kept."""
    pile, shown = findings.rejected, {}
    for key, count in pile.counts.items():
        if key[1] in DUPLICATES:
            rows = pile.samples[key].rows()[: size.examples]
            shown[key[1]] = count, [pair_of(row, findings.others, size.characters) for row in rows]
    return shown


def works(folder: Path) -> tuple[int, list[Mapping]]:
    """Works contained in another one, or copies of one: how many, and the first of them."""
    path = folder / containment.REPORT
    rows: list[Mapping] = [row for _, row in rows_of([path])] if path.is_file() else []
    return len(rows), rows[:MOST_WORKS]


def masks(kept: KeptPile, size: Size) -> list[tuple[str, int, list[tuple[str, Excerpt]]]]:
    """Kinds of personal data, the most frequent first: number of masks, and examples in context."""
    return [
        (kind, count, mask_examples(kept.masked[kind], kind, size))
        for kind, count in kept.masks.most_common()
    ]


def mask_examples(sample: Sample, kind: str, size: Size) -> list[tuple[str, Excerpt]]:
    """The first mask of this kind in each document, with its context."""
    examples = []
    for row in sample.rows()[: size.examples]:
        spans = [m for m in row["metadata"].get("masks", ()) if m["kind"] == kind]
        for span in islice(spans, 1):
            start, end = span["start"], span["end"]
            first = max(0, start - CONTEXT)
            context = row["text"][first : end + CONTEXT]
            marked = excerpt(context, [(start - first, end - first)], len(context))
            examples.append((str(row["id"]), marked))
    return examples


def asked(findings: Findings, size: Size) -> list[Asked]:
    """Documents in which questions were found: dropped ones, then kept ones."""
    pile, questions = findings.rejected, Questions(findings.questions)
    keys = [key for key in pile.counts if key[1] in ELSEWHERE and key[1] not in DUPLICATES]
    rows = [row for key in sorted(keys) for row in pile.samples[key].rows()[: size.examples]]
    rows += findings.kept.asking.rows()[: size.examples]
    return [questions.asked_in(row, size.characters) for row in rows]


def asked_counts(pile: RejectedPile, kept: KeptPile) -> Counter[str]:
    """Documents with a question of the benchmark, by what was found in them."""
    counts = Counter(
        {
            key[1]: count
            for key, count in pile.counts.items()
            if key[1] in ELSEWHERE and key[1] not in DUPLICATES
        }
    )
    noted = {NOTED: kept.asking_documents - kept.marked_documents}
    counts.update(noted | {NOTED_CANARY: kept.marked_documents})
    counts = +counts
    return counts
