"""The reasons of the rejected pile with their examples, for the page."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from mucpt_utils import paths
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.cleaning import CODE
from mucpt_utils.pipeline.decontamination import ANSWERED, ASKED, MARKED
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.outcome.excerpts import Excerpt, excerpt
from mucpt_utils.pipeline.outcome.sampling import DUPLICATES, RejectedPile
from mucpt_utils.pipeline.outcome.triggers import REPEATED_RUN, trigger_spans

EXPLAINED = paths.PACKAGE / "pipeline/outcome/reasons.yaml"
ELSEWHERE = (*DUPLICATES, ASKED, ANSWERED, MARKED)  # have sections of their own


class Example(NamedTuple):
    """A document, or what was cut out of one, and what a stage noted about it."""

    id: str
    note: str
    excerpt: Excerpt


class Reason(NamedTuple):
    """A reason with its count and its examples. unit: what it counts."""

    stage: str
    name: str
    amount: int
    unit: str
    meaning: str
    examples: list[Example]


class Size(NamedTuple):
    """How much the page shows: examples per reason, characters per example, reasons."""

    examples: int
    characters: int
    reasons: int


def reasons_of(
    pile: RejectedPile, settings: PipelineSettings, classifier: Classifier | None, size: Size
) -> list[Reason]:
    """The reasons without a section of their own, by stage, the most frequent first."""
    keys = [key for key, _ in pile.counts.most_common() if key[1] not in ELSEWHERE]
    stages = [path.stem.partition("-")[2] for path in pile.paths]
    keys = sorted(keys[: size.reasons], key=lambda key: stages.index(key[0]))
    return [reason_of(key, pile, settings, classifier, size) for key in keys]


def reason_of(
    key: tuple[str, str],
    pile: RejectedPile,
    settings: PipelineSettings,
    classifier: Classifier | None,
    size: Size,
) -> Reason:
    """One reason of one stage."""
    stage, name = key
    rows = pile.samples[key].rows()[: size.examples]
    is_cut = bool(rows) and "cut_from" in rows[0]["detail"]
    examples = [
        Example(
            str(row["id"]),
            note_of(row),
            excerpt(row["text"], trigger_spans(row, classifier), size.characters),
        )
        for row in rows
    ]
    unit = "documents" if not is_cut else "codes" if name == CODE else "sentences"
    return Reason(stage, name, pile.counts[key], unit, meaning_of(name, settings), examples)


def note_of(row: Mapping) -> str:
    """What a stage noted about a document, in words."""
    detail = row["detail"]
    notes = []
    if "probability" in detail:
        notes.append(f"probability {detail['probability']:.2f}")
    if detail.get("words"):
        notes.append(", ".join(map(str, detail["words"])))
    if "junk_share" in detail:
        notes.append(f"{100 * detail['junk_share']:.0f} % of its words are junk")
    if "language" in detail:
        notes.append(f"language: {detail['language']}")
    if not notes:
        notes.append(f"{len(row['text'].split()):,} words")
    return "; ".join(notes)


def meaning_of(reason: str, settings: PipelineSettings) -> str:
    """What a reason means, with the limits of this run; empty for one that is not listed."""
    limits = {
        **settings.clean.model_dump(),
        "classifier_threshold": settings.classifier_threshold,
        "similarity": settings.near_duplicates.similarity,
    }
    if run := REPEATED_RUN.fullmatch(reason):
        return f"Too much of it is repeated runs of {run[1]} words, which are marked."
    return explained().get(reason, "").format(**limits)


@cache
def explained() -> dict[str, str]:
    """The meanings by reason."""
    return read_yaml(EXPLAINED)
