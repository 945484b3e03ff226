"""The prose lane: a folder of real text through the same stages, measured on text, not questions.

The folder holds one sub-folder of music text and one of general text (names are settings). Roles of
files and the stages themselves are in `study.prose`.
"""

from typing import TYPE_CHECKING

from mucpt_utils.config.settings import Profile, SettingsError
from mucpt_utils.io import read_jsonl
from mucpt_utils.study import prose, real_text
from mucpt_utils.study.real_text import DOMAINS
from mucpt_utils.study.stages import Artifact
from mucpt_utils.study.study import Study

if TYPE_CHECKING:
    from mucpt_utils.pipeline.domain.training import Example


def prose_profile(profile: Profile) -> Profile:
    """The profile with the prose lane's budgets in place of the rendered lane's."""
    if profile.text is None:
        raise SettingsError("the prose lane needs a folder: --set text=DIR")
    own = profile.prose
    return profile.model_copy(
        update={
            "vocabulary": own.vocabulary,
            "base": own.base,
            "reference_training": own.reference_training,
            "train": own.train,
            "arms": own.arms,
            "metadata": (),
            "composition": (),
            "prose": own.model_copy(update={"mixed": 0.0}),  # nothing rendered to mix it with
            "evaluation": profile.evaluation.model_copy(update={"shots": 0}),  # nothing is asked
        }
    )


class ProseStudy(Study):
    """The stages of `Study` with real text for sources and no questions."""

    def __init__(self, profile: Profile, made_by: str = "", **arms):
        super().__init__(profile, made_by, **arms)
        self.profile = prose_profile(profile)
        real_text.text_folder(self)

    def world(self) -> Artifact:
        """Empty question files: no facts are asked about in this lane."""
        return self.stage("prose_world", prose.ask_nothing)

    def passages(self) -> Artifact:
        """Every readable file cut into passages, by domain and role: `music_corpus.jsonl`, ..."""
        return real_text.passages(self)

    def _gathered(self, name: str, parts: dict[str, list[str]]) -> Artifact:
        """Passage files combined under new names."""
        return real_text.gathered(self, name, parts)

    def general_text(self) -> Artifact:
        """General prose that the base learns from; also used for replay."""
        return self._gathered("prose_general_text", {"documents": ["general_reference"]})

    def reference_text(self, seed: int) -> Artifact:
        """Music prose that the reference model learns from; it is the same for all seeds."""
        return self._gathered("prose_reference_text", {"documents": ["music_reference"]})

    def held_out_text(self) -> Artifact:
        """A sample of passages from files that nothing is trained on."""
        return real_text.held_out(self)

    def raw_corpus(self) -> Artifact:
        """Music prose and, as off-domain text, general prose, as they are."""
        parts = {"documents": ["music_corpus", "general_corpus"]}
        return self._gathered("prose_raw_corpus", parts)

    def classifier(self) -> Artifact:
        """The domain classifier: music or not, trained on the reference files."""
        inputs = {"passages": self.passages()}
        return self.stage("prose_classifier", prose.train_prose_classifier, inputs)

    def labelled_passages(self) -> list["Example"]:
        """Passages of the reference files; the group is the file they come from."""
        return prose.reference_passages(self.passages().folder)

    def domain_tokens(self) -> Artifact:
        """A sample of the cleaned corpus as tokens; scoring all of it is not needed to measure."""
        limit = self.profile.prose.passages
        return self.token_store(self.corpus(), "domain_tokens", "kept/*.jsonl", limit)

    def unreadable(self) -> int:
        """Files, pages and lines that were quarantined while reading."""
        files = [self.passages().path(f"{domain}_{prose.UNREADABLE}.jsonl") for domain in DOMAINS]
        return sum(len(read_jsonl(path)) for path in files)
