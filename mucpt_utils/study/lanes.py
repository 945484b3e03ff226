"""The prose lane: a folder of real text through the same stages, judged on text, not questions.

The folder holds one sub-folder of music text and one of general text (names are settings). Whole
files are dealt to roles, so that no book stands on both sides of any comparison:

- held out: bits per byte; and the unseen books that the domain classifier is measured on;
- calibration: music text that sets the reference model's temperature;
- reference: music text that the reference model learns from; general text for base and replay;
- corpus: everything else, through the pipeline, and trained on.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mucpt_utils import paths
from mucpt_utils.config.settings import Profile, ProseSettings, SettingsError
from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.pipeline import classifier
from mucpt_utils.pipeline.classifier import Example
from mucpt_utils.study.stages import Artifact
from mucpt_utils.study.study import Study
from mucpt_utils.text import sources

ROLES = ("held_out", "calibration", "reference", "corpus")


def role_of(name: str, settings: ProseSettings) -> str:
    """The role of a file, drawn from its name: the same in every run and for every profile."""
    place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
    edges = np.cumsum([settings.held_out, settings.calibration, settings.reference])
    return ROLES[int(np.searchsorted(edges, place, side="right"))]


def prose_profile(profile: Profile) -> Profile:
    """The profile with the prose lane's budgets in place of the rendered lane's."""
    if profile.text is None:
        raise SettingsError("the prose lane needs a folder: --set text=DIR")
    prose = profile.prose
    return profile.model_copy(
        update={
            "vocabulary": prose.vocabulary,
            "base": prose.base,
            "reference_training": prose.reference_training,
            "train": prose.train,
            "arms": prose.arms,
            "metadata": (),
            "composition": (),
        }
    )


class ProseStudy(Study):
    """The stages of `Study` with real text for sources and no questions."""

    def __init__(self, profile: Profile, made_by: str = ""):
        super().__init__(profile, made_by)
        self.profile = prose_profile(profile)
        self.folder = self.profile.text_folder
        for name in (self.profile.prose.music, self.profile.prose.general):
            if not (self.folder / name).is_dir():
                raise SettingsError(f"text={self.folder}: sub-folder {name!r} is missing")

    def world(self) -> Artifact:
        """No facts are asked in this lane: empty question files."""

        def make(folder: Path) -> None:
            for name in ("questions", "general"):
                write_jsonl(folder / f"{name}.jsonl", [])

        return self._build("prose_world", make, {"lane": "prose"})

    def passages(self) -> Artifact:
        """Every readable file cut into passages, by domain and role: `music_corpus.jsonl`, ..."""
        prose = self.profile.prose
        files = {
            domain: sources.source_files(self.folder / getattr(prose, domain))
            for domain in ("music", "general")
        }

        def make(folder: Path) -> None:
            for domain, found in files.items():
                self._write_passages(folder, domain, found)

        settings = {
            "roles": prose.model_dump(include={"held_out", "calibration", "reference"}),
            "reading": self.profile.pipeline.source.model_dump(),
            "files": {
                path.relative_to(self.folder).as_posix(): sources.fingerprint(path)
                for found in files.values()
                for path in found
            },
        }
        return self._build("prose_passages", make, settings, code=paths.code("text/sources/*"))

    def _write_passages(self, folder: Path, domain: str, paths: Iterable[Path]) -> None:
        dealt: dict[str, list[dict]] = {role: [] for role in (*ROLES, "unreadable")}
        for path in paths:
            role = role_of(path.relative_to(self.folder).as_posix(), self.profile.prose)
            for found in sources.read_source(path, self.folder, self.profile.pipeline.source):
                if isinstance(found, sources.Unreadable):
                    dealt["unreadable"].append({"place": found.place, "reason": found.reason})
                    continue
                metadata = {**found.metadata, "domain": domain}
                dealt[role].append({"text": found.text, "id": found.id, "metadata": metadata})
        for role, rows in dealt.items():
            write_jsonl(folder / f"{domain}_{role}.jsonl", rows)

    def _passages(self, name: str) -> list[dict]:
        return read_jsonl(self.passages().path(f"{name}.jsonl"))

    def _gathered(self, name: str, parts: dict[str, list[str]], limit: int | None = None):
        """A stage that puts passage files together under new names."""

        def make(folder: Path) -> None:
            for target, files in parts.items():
                rows = [row for file in files for row in self._passages(file)]
                if limit is not None:
                    order = np.random.default_rng(0).permutation(len(rows))[:limit]
                    rows = [rows[i] for i in sorted(order)]
                write_jsonl(folder / f"{target}.jsonl", rows)

        return self._build(name, make, {"parts": parts, "limit": limit}, [self.passages()])

    def general_text(self) -> Artifact:
        """General prose that the base learns from; also what is replayed."""
        return self._gathered("prose_general_text", {"documents": ["general_reference"]})

    def reference_text(self, seed: int) -> Artifact:
        """Music prose that the reference model learns from; seeds change its training, not it."""
        return self._gathered("prose_reference_text", {"documents": ["music_reference"]})

    def held_out_text(self) -> Artifact:
        """A sample of passages from files that nothing is trained on."""
        parts = {
            "music": ["music_held_out"],
            "general": ["general_held_out"],
            "calibration": ["music_calibration"],
        }
        limit = self.profile.prose.held_out_passages
        return self._gathered("prose_held_out_text", parts, limit)

    def raw_corpus(self) -> Artifact:
        """Music prose and, as off-domain text, general prose, as they are."""
        parts = {"documents": ["music_corpus", "general_corpus"]}
        return self._gathered("prose_raw_corpus", parts)

    def classifier(self) -> Artifact:
        """fastText: music or not, trained on the reference files, measured on held-out ones."""
        source = self.passages()

        def make(folder: Path) -> None:
            classifier.train_classifier(self.labelled_passages(), folder)

        return self._build(
            "prose_classifier", make, {}, [source], paths.code("pipeline/classifier")
        )

    def labelled_passages(self) -> list[Example]:
        """Passages of the reference files; the group is the file they come from."""
        rows = self._passages("music_reference") + self._passages("general_reference")
        return [_example(row) for row in rows]

    def unseen_passages(self) -> list[Example]:
        """Passages of held-out files that a library has classed as music or as something else."""
        rows = self._passages("music_held_out") + self._passages("general_held_out")
        rows += self._passages("music_corpus") + self._passages("general_corpus")
        classed = [r for r in rows if r["metadata"].get("library_label") in ("music", "general")]
        return [_example(row) for row in classed]

    def domain_tokens(self) -> Artifact:
        """A sample of the cleaned corpus as tokens: scoring all of it is not what is measured."""
        limit = self.profile.prose.passages
        return self.token_store(self.corpus(), "domain_tokens", "kept/*.jsonl*", limit)

    def unreadable(self) -> int:
        """Files, pages and lines that were quarantined while reading."""
        return sum(len(self._passages(f"{domain}_unreadable")) for domain in ("music", "general"))


def _example(row: dict) -> Example:
    metadata = row["metadata"]
    label = metadata.get("library_label") or metadata["domain"]
    return Example(row["text"], label == "music", metadata["file"])


def classifier_report(study: ProseStudy) -> dict:
    """Average precision and calibration error on passages of unseen, library-classed books."""
    examples = study.unseen_passages()
    model = classifier.Classifier.load(study.classifier().folder)
    probabilities = model.probabilities([e.text for e in examples])
    labels = np.array([e.in_domain for e in examples])
    return {
        "books": len({e.group for e in examples}),
        "passages": len(examples),
        "average_precision": classifier.average_precision(probabilities, labels),
        "calibration_error": classifier.calibration_error(probabilities, labels),
        "reliability": classifier.reliability(probabilities, labels),
    }


def bits_per_byte_rows(study: ProseStudy) -> list[dict]:
    """One row an arm, seed and held-out text: arm, seed, stratum, value."""
    rows = []
    for arm in study.profile.arms:
        for seed in study.profile.seeds:
            text = json.loads(study.run(arm, seed).path("text.json").read_text())
            rows += [
                {"arm": arm, "seed": seed, "stratum": stratum, "value": value}
                for stratum, value in text["bits_per_byte"].items()
            ]
    return rows
