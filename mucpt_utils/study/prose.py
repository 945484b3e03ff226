"""Stages of real prose: files cut into passages, assigned to roles, gathered for their use.

Whole files are assigned to roles, so that no book is on both sides of any comparison:

- held out: bits per byte; with the corpus, the unseen books that the classifier is measured on;
- calibration: music text that sets the reference model's temperature;
- reference: music text that the reference model learns from; general text for base and replay;
- corpus: everything else, through the pipeline, and trained on.

Each function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.io import read_jsonl, write_jsonl

if TYPE_CHECKING:  # no part of what makes a stage; training needs no library of sources
    from mucpt_utils.pipeline.domain.training import Example
    from mucpt_utils.study.stages import Report

Inputs = Mapping[str, Path]
ROLES = ("held_out", "calibration", "reference", "corpus")
UNREADABLE = "unreadable"
LANE = "prose"
MIXED = "mixed"  # the library class of a partly musical book


def role_of(name: str, shares: Mapping[str, float]) -> str:
    """The role of a file, derived from its name: the same in every run and for every profile.

    shares: of the files that are held out, for calibration and for reference; the rest is corpus.
    """
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    edges = np.cumsum([shares[role] for role in ROLES[:-1]])
    return ROLES[int(np.searchsorted(edges, drawn, side="right"))]


def ask_nothing(folder: Path, inputs: Inputs, report: "Report") -> None:
    """Empty question files: models that learnt from real prose are asked about no facts."""
    for name in ("questions", "general"):
        write_jsonl(folder / f"{name}.jsonl", [])


def read_passages(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    files: Mapping[str, Mapping[str, str]],
    shares: Mapping[str, float],
    reading: SourceSettings,
    root: Path,
) -> None:
    """Every readable file cut into passages, by domain and role: `music_corpus.jsonl`, ...

    files: for each domain the files below `root` with their fingerprints; shares: of roles.
    """
    from mucpt_utils.text import sources

    for domain, fingerprints in files.items():
        dealt: dict[str, list[dict]] = {role: [] for role in (*ROLES, UNREADABLE)}
        for name in fingerprints:
            role = role_of(name, shares)
            for item in sources.read_source(root / name, root, reading):
                if isinstance(item, sources.PassedOver):
                    continue
                if isinstance(item, sources.Unreadable):
                    dealt[UNREADABLE].append({"place": item.place, "reason": item.reason})
                    continue
                metadata = {**item.metadata, "domain": domain}
                dealt[role].append({"text": item.text, "id": item.id, "metadata": metadata})
        for role, rows in dealt.items():
            write_jsonl(folder / f"{domain}_{role}.jsonl", rows)


def gather(
    folder: Path,
    inputs: Inputs,
    report: "Report",
    *,
    parts: Mapping[str, Sequence[str]],
    limit: int | None = None,
) -> None:
    """Passage files combined under new names.

    parts: the new name and the files that go into it. limit: passages of each, drawn at random.
    """
    for target, names in parts.items():
        rows = [row for name in names for row in read_jsonl(inputs["passages"] / f"{name}.jsonl")]
        if limit is not None:
            order = np.random.default_rng(0).permutation(len(rows))[:limit]
            rows = [rows[i] for i in sorted(order)]
        write_jsonl(folder / f"{target}.jsonl", rows)


def mix_into_corpus(folder: Path, inputs: Inputs, report: "Report", *, share: float) -> None:
    """Rendered documents and passages of music prose: `documents.jsonl`.

    share: passages for each rendered document. A passage's file is its site, and its labels say
    that nothing is known of what it states.
    """
    rendered = read_jsonl(inputs["rendered"] / "documents.jsonl")
    drawn = drawn_passages(inputs["passages"] / "music_corpus.jsonl", share, len(rendered))
    write_jsonl(folder / "documents.jsonl", [*rendered, *map(among_rendered, drawn)])


def mix_into_replay(folder: Path, inputs: Inputs, report: "Report", *, share: float) -> None:
    """The rendered files as they are, and passages of general prose: `prose.jsonl`.

    share: passages for each rendered document or pair.
    """
    count = 0
    for path in sorted(inputs["rendered"].glob("*.jsonl")):
        rows = read_jsonl(path)
        count += len(rows)
        write_jsonl(folder / path.name, rows)
    drawn = drawn_passages(inputs["passages"] / "general_reference.jsonl", share, count)
    write_jsonl(folder / "prose.jsonl", drawn)


def drawn_passages(path: Path, share: float, documents: int) -> list[dict]:
    """`share` passages of a file for each document, drawn at random; all, if there are fewer."""
    rows = read_jsonl(path)
    order = np.random.default_rng(0).permutation(len(rows))[: round(share * documents)]
    return [rows[i] for i in sorted(order)]


def among_rendered(passage: Mapping) -> dict:
    """A passage of music prose with the fields that every document of a rendered crawl has."""
    known = passage["metadata"]
    nothing = {"register": LANE, "title": "", "creator": "", "year": None, "lane": LANE}
    truth = {
        "in_domain": True,
        "spans": [],
        "duplicate_of": None,
        "doc_kind": LANE,
        "facts": [],
        "reliable": True,
    }
    metadata = nothing | dict(known) | {"site": known["file"], "truth": truth}
    return {**passage, "metadata": metadata}


def train_prose_classifier(folder: Path, inputs: Inputs, report: "Report") -> None:
    """The domain classifier: music or not, trained on the reference files."""
    from mucpt_utils.pipeline.domain.training import train_classifier

    train_classifier(reference_passages(inputs["passages"]), folder)


def reference_passages(passages: Path) -> list["Example"]:
    """Labelled passages of the reference files; the group is the file they come from.

    Books that the library calls partly musical are split.
    """
    names = ("music_reference", "general_reference")
    rows = [row for name in names for row in read_jsonl(passages / f"{name}.jsonl")]
    return [
        *(example(row) for row in rows if row["metadata"].get("library_label") != MIXED),
        *mixed_passages(rows),
    ]


def mixed_passages(rows: Sequence[Mapping]) -> list["Example"]:
    """Passages of partly musical books, labelled by article or chapter."""
    from mucpt_utils.pipeline.domain.sections import labelled_sections

    texts: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        metadata = row["metadata"]
        if metadata.get("library_label") == MIXED:
            texts.setdefault((metadata["file"], metadata["source"]), []).append(row["text"])
    return [
        labelled
        for (file, source), works in texts.items()
        for labelled in labelled_sections(works, file, source)
    ]


def unseen_passages(passages: Path) -> list["Example"]:
    """Passages of other files that a library has classed as music or as something else."""
    names = ("music_held_out", "general_held_out", "music_corpus", "general_corpus")
    rows = [row for name in names for row in read_jsonl(passages / f"{name}.jsonl")]
    labels = ("music", "general")
    return [example(row) for row in rows if row["metadata"].get("library_label") in labels]


def example(row: Mapping) -> "Example":
    """A passage labelled by its library class, or else by its folder."""
    from mucpt_utils.pipeline.domain.training import Example

    metadata = row["metadata"]
    label = metadata.get("library_label") or metadata["domain"]
    return Example(row["text"], label == "music", metadata["file"], metadata["source"])
