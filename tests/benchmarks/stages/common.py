"""What every measurement shares: a row of the table with its goal, and what is measured on."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from datatrove.data import Document

from mucpt_utils import paths
from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.settings import load_profile
from mucpt_utils.config.text import SourceSettings
from mucpt_utils.pipeline.run import PipelineResult, run_pipeline
from mucpt_utils.study.study import Study
from mucpt_utils.text import sources

COLUMNS = ("stage", "measure", "kind", "value", "goal", "reached", "n")
# the rendered lane that the result anyone can check stands on
PROFILE = "laptop"


def row(
    stage: str,
    measure: str,
    kind: str,
    value: float | None,
    n: int,
    least: float | None = None,
    most: float | None = None,
) -> dict:
    """A row of the table. least, most: the goal; without either the value is told for itself.

    value: None where there was nothing to measure, which reaches no goal.
    """
    value = float("nan") if value is None else value
    goal, reached = "", ""
    if least is not None:
        goal, reached = f">= {least:g}", "yes" if value >= least else "no"
    elif most is not None:
        goal, reached = f"<= {most:g}", "yes" if value <= most else "no"
    return dict(zip(COLUMNS, (stage, measure, kind, value, goal, reached, n), strict=True))


def share(hits: Iterable[bool]) -> tuple[float, int]:
    """The share of hits, and how many there were to hit."""
    hits = list(hits)
    return (sum(hits) / len(hits) if hits else float("nan")), len(hits)


def is_reported(name: object) -> bool:
    """Whether something belongs to the half that is reported and never looked at while tuning."""
    return hashlib.sha256(str(name).encode()).digest()[0] % 2 == 1


def data(*parts: str) -> Path:
    """A folder of the reference data. Raises FileNotFoundError that says how to name another."""
    folder = paths.REFERENCE_DATA.joinpath(*parts)
    if not folder.exists():
        raise FileNotFoundError(
            f"{folder} is missing: MUCPT_REFERENCE_DATA names the folder of reference data"
        )
    return folder


@cache
def passages(lane: str) -> list[Document]:
    """Every passage under `music_prose` or `general_prose`, as the pipeline reads it."""
    root = data(lane)
    found = (
        item
        for path in sources.source_files(root)
        for item in sources.read_source(path, root, SourceSettings())
    )
    return [item for item in found if isinstance(item, Document)]


def sampled(documents: Sequence[Document], most: int) -> list[Document]:
    """At most so many documents of each source, drawn by the hash of their identifiers."""
    by_source: dict[str, list[Document]] = {}
    for document in documents:
        by_source.setdefault(document.metadata["source"], []).append(document)
    key = lambda d: hashlib.sha256(d.id.encode()).digest()  # noqa: E731
    return [d for group in by_source.values() for d in sorted(group, key=key)[:most]]


def fresh(documents: Iterable[Document]) -> list[Document]:
    """Copies that a stage may change."""
    return [Document(text=d.text, id=d.id, metadata=dict(d.metadata)) for d in documents]


def study() -> Study:
    """The study whose rendered corpus is measured on."""
    return Study(load_profile(PROFILE), "bench_stages")


def rendered() -> PipelineResult:
    """The rendered lane's corpus through the pipeline (made the first time)."""
    made = study()
    return PipelineResult(made.corpus().folder, made.corpus().read_json("funnel.json"))


def piped(source: Path, out: Path, **changes: object) -> PipelineResult:
    """A folder through the pipeline with every stage off that is not named in `changes`."""
    off = {
        "classifier": "off",
        "clean": {"enabled": False},
        "exact_duplicates": False,
        "near_duplicates": {"enabled": False},
        "contained": {"enabled": False},
        "masking": {"enabled": False},
        "decontamination": "off",
    }
    return run_pipeline(source, out, PipelineSettings(**(off | changes)))
