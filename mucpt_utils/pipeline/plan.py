"""The recipe: which datatrove blocks a document passes through, in which order and settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from datatrove.pipeline.base import PipelineStep

from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.pipeline import MinhashSettings, PipelineSettings
from mucpt_utils.pipeline import cleaning
from mucpt_utils.pipeline.decontamination import AskedQuestions
from mucpt_utils.pipeline.domain.classifier import DomainFilter
from mucpt_utils.pipeline.duplicates import (
    EXACT,
    Cover,
    DropListed,
    ExactSignatures,
    MatchBuckets,
    NearSignatures,
    minhash_config,
)
from mucpt_utils.pipeline.masking import MaskPersonalData
from mucpt_utils.pipeline.shards import EachShard
from mucpt_utils.pipeline.similarity.containment import KIND, ReportContained, WorkShingles
from mucpt_utils.pipeline.similarity.pieces import OverlapPairs


class Job(NamedTuple):
    """A block that finishes the whole corpus before the next one starts.

    tasks: how many it is split into; None for as many as the run has.
    """

    name: str
    block: PipelineStep
    tasks: int | None = None


@dataclass(frozen=True)
class Stage:
    """A named stage and whether it is switched on.

    blocks: called with the stage's folder, gives the blocks for each document, shard by shard; None
    for a stage that only reports. jobs: called with the folder of the incoming shards and the
    stage's folder, gives what must be done before, such as finding the duplicates.
    """

    name: str
    enabled: bool
    blocks: Callable[[Path], list[PipelineStep]] | None = None
    jobs: Callable[[Path, Path], list[Job]] = lambda shards, folder: []


def plan_stages(
    settings: PipelineSettings, classifier_path: Path | None, questions: Sequence[dict]
) -> list[Stage]:
    """The stages that are switched on, in the order in which they run.

    questions: without any, nothing is decontaminated. Raises SettingsError if the classifier is
    on and `classifier_path` is missing.
    """
    if settings.classifier != "off" and classifier_path is None:
        raise SettingsError(f"classifier={settings.classifier!r} needs classifier_path")
    near, contained = settings.near_duplicates, settings.contained
    decontaminates = settings.decontamination != "off" and bool(questions)
    canaries = {str(q["canary"]) for q in questions if q.get("canary")} if decontaminates else set()
    recipe = [
        # only documents in the domain go on; the probability becomes a document's weight
        Stage(
            "classify",
            settings.classifier != "off",
            lambda _: [domain_filter(settings, cast(Path, classifier_path))],
        ),
        # encoding, tracking codes, junk, other languages, bad prose
        Stage("clean", settings.clean.enabled, lambda _: cleaning.steps(settings.clean, canaries)),
        # works contained in other works: reported while all copies are still there
        Stage(
            KIND,
            contained.enabled,
            jobs=lambda shards, folder: [
                Job("contained-1", EachShard(shards, WorkShingles(folder, contained))),
                Job("contained-2", ReportContained(folder, contained), tasks=1),
            ],
        ),
        # a digest of each text, equal digests, all but the first of a group
        Stage(
            "exact_duplicates",
            settings.exact_duplicates,
            lambda folder: [DropListed(folder, "exact duplicate")],
            lambda shards, folder: [
                Job("exact-1", EachShard(shards, ExactSignatures(folder))),
                Job("exact-2", MatchBuckets(folder, EXACT)),
                Job("exact-3", Cover(folder), tasks=1),
            ],
        ),
        # passages of copied works; MinHash signatures, equal bands, continuous text that others
        # have, documents similar to one that stays or spread over several
        Stage(
            "near_duplicates",
            near.enabled,
            lambda folder: [DropListed(folder, "near duplicate")],
            lambda shards, folder: near_jobs(shards, folder, near),
        ),
        Stage("mask", settings.masking.enabled, lambda _: [MaskPersonalData(settings.masking)]),
        # questions of the benchmark, in the text as it will be trained on
        Stage(
            "decontaminate",
            decontaminates,
            lambda _: [AskedQuestions(questions, settings.decontamination == "drop")],
        ),
    ]
    return [stage for stage in recipe if stage.enabled]


def near_jobs(shards: Path, folder: Path, near: MinhashSettings) -> list[Job]:
    """The jobs before near duplicates are dropped, each after the one before it."""
    return [
        Job("near-1", EachShard(shards, NearSignatures(folder, near))),
        Job("near-2", MatchBuckets(folder, minhash_config(near))),
        Job("near-3", OverlapPairs(folder), tasks=1),
        Job("near-4", Cover(folder, near.similarity), tasks=1),
    ]


def domain_filter(settings: PipelineSettings, classifier_path: Path) -> DomainFilter:
    """The classifier's filter: it drops, weighs or does both, as `settings.classifier` says."""
    drops, weighs = "filter" in settings.classifier, "weights" in settings.classifier
    return DomainFilter(classifier_path, settings.classifier_threshold if drops else None, weighs)
