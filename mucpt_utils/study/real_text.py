"""Stages of a folder of real text: its passages, and those mixed into a rendered study.

The folder holds one sub-folder of music text and one of general text (names are settings). What
each stage does is in `study.prose`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mucpt_utils.config.settings import Profile, SettingsError
from mucpt_utils.study import prose
from mucpt_utils.study.stages import Artifact

DOMAINS = ("music", "general")


class Declares(Protocol):
    """A study, which declares stages from these functions and has a profile."""

    profile: Profile

    def stage(self, name: str, make: Any, inputs: Any = None, **settings: Any) -> Artifact:
        """A finished stage."""

    def token_store(
        self,
        source: Artifact,
        name: str,
        files: str,
        limit: int | None = None,
        metadata: bool = True,
    ) -> Artifact:
        """Documents of a stage as tokens."""


def text_folder(study: Declares) -> Path:
    """The folder that `text` names. Raises SettingsError if it or a sub-folder is missing."""
    folder = study.profile.text_folder
    if folder is None:
        raise SettingsError("real text needs a folder: --set text=DIR")
    for domain in DOMAINS:
        name = getattr(study.profile.prose, domain)
        if not (folder / name).is_dir():
            raise SettingsError(f"text={folder}: sub-folder {name!r} is missing")
    return folder


def is_mixed(study: Declares) -> bool:
    """Whether passages of real text join the rendered documents of a study."""
    return study.profile.text is not None and study.profile.prose.mixed > 0


def passages(study: Declares) -> Artifact:
    """Every readable file cut into passages, by domain and role: `music_corpus.jsonl`, ..."""
    from mucpt_utils.text import sources  # a study without real text needs none of its libraries

    folder, settings = text_folder(study), study.profile.prose
    files = {
        domain: {
            path.relative_to(folder).as_posix(): sources.fingerprint(path)
            for path in sources.source_files(folder / getattr(settings, domain))
        }
        for domain in DOMAINS
    }
    return study.stage(
        "prose_passages",
        prose.read_passages,
        running={"root": folder},
        files=files,
        shares={role: getattr(settings, role) for role in prose.ROLES[:-1]},
        reading=study.profile.pipeline.source,
    )


def gathered(
    study: Declares, name: str, parts: Mapping[str, Sequence[str]], limit: int | None = None
) -> Artifact:
    """Passage files combined under new names."""
    inputs = {"passages": passages(study)}
    return study.stage(name, prose.gather, inputs, parts=parts, limit=limit)


def held_out(study: Declares) -> Artifact:
    """A sample of passages from files that nothing is trained on: `music.jsonl`, ..."""
    parts = {
        "music": ["music_held_out"],
        "general": ["general_held_out"],
        "calibration": ["music_calibration"],
    }
    limit = study.profile.prose.held_out_passages
    return gathered(study, "prose_held_out_text", parts, limit)


def held_out_tokens(study: Declares) -> dict[str, Artifact]:
    """Held-out prose as tokens, by its name among the texts that a model is measured on."""
    text = held_out(study)
    names = {domain: f"{domain}_prose_held_out" for domain in DOMAINS}
    return {
        name: study.token_store(text, name, f"{domain}.jsonl", metadata=False)
        for domain, name in names.items()
    }


def mixed_corpus(study: Declares, rendered: Artifact) -> Artifact:
    """The rendered crawl with passages of music prose among its documents."""
    inputs = {"rendered": rendered, "passages": passages(study)}
    share = study.profile.prose.mixed
    return study.stage("mixed_corpus", prose.mix_into_corpus, inputs, share=share)


def mixed_replay(study: Declares, rendered: Artifact) -> Artifact:
    """The rendered general text along with passages of general prose, for replay."""
    inputs = {"rendered": rendered, "passages": passages(study)}
    share = study.profile.prose.mixed
    return study.stage("mixed_replay", prose.mix_into_replay, inputs, share=share)
