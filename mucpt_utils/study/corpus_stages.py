"""Stages of the corpus: roles of facts, documents, the pipeline, tokens."""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.settings import Profile
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.knowledge.roles import Roles
from mucpt_utils.scoring import packages
from mucpt_utils.study import examples, models, real_text, text
from mucpt_utils.study.stages import Artifact, Report, Stage, build, content_digest, silent

if TYPE_CHECKING:  # transformers takes seconds to import, and finished stages do not need it
    from transformers import PreTrainedTokenizerBase

    from mucpt_utils.pipeline.domain.training import Example


class CorpusStages:
    """Stages up to the tokens. `made_by` names the notebook that makes them, for the records.

    `source` is the profile the study was opened with, `profile` the one its stages read: a lane may
    substitute its own budgets. arms: the arms that it knows; a search knows more.
    """

    def __init__(self, profile: Profile, made_by: str = "", arms: Mapping[str, Arm] = ARMS):
        self.profile = self.source = profile
        self.made_by = made_by
        self.arms = arms
        self.root = paths.work() / "stages"

    def with_changes(self, changes: dict) -> Self:
        """The same study with some settings changed."""
        if not changes:
            return self
        return type(self)(self.source.override(changes), self.made_by, self.arms)

    def stage(
        self,
        name: str,
        make: Callable[..., None],
        inputs: Mapping[str, Artifact] | None = None,
        report: Report = silent,
        running: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Artifact:
        """A finished stage, declared by what makes it, from which inputs, with which settings."""
        declared = Stage(name, make, inputs or {}, settings, running or {})
        return build(declared, self.root, self.made_by, report)

    # --- facts and roles ----------------------------------------------------------------------

    def world(self) -> Artifact:
        """Facts by role, and the questions: `world.json`, `questions.jsonl`, `general.jsonl`."""
        return self.stage(
            "world",
            text.assign_roles,
            world=self.profile.world,
            general_questions=self.profile.evaluation.general_questions,
        )

    def examples(self) -> Artifact:
        """Answered questions shown before each one asked, none about subjects under test."""
        shots = self.profile.evaluation.shots
        return self.stage(
            "examples", examples.choose_examples, {"world": self.world()}, shots=shots
        )

    @cached_property
    def roles(self) -> Roles:
        """The world of this profile, loaded."""
        return text.read_world(self.world().folder)

    @cached_property
    def relations(self) -> dict[str, Relation]:
        """Wordings of every relation."""
        return load_relations()

    def covered(self, seed: int) -> set[str]:
        """Subjects under test that this seed's reference model knows."""
        world = self.profile.world
        return self.roles.covered(world.covered, seed, world.complementary)

    def reference_seed(self, seed: int) -> int:
        """The seed of the reference model that a run of this seed uses: two serve all if they
        are complementary, else each seed has its own."""
        return seed % 2 if self.profile.world.complementary else seed

    def reference_seeds(self) -> list[int]:
        """The seeds of the reference models of the profile, each once."""
        return list(dict.fromkeys(map(self.reference_seed, self.profile.seeds)))

    # --- documents ----------------------------------------------------------------------------

    def general_text(self) -> Artifact:
        """Clean documents and question-answer pairs that the base learns from, and replay."""
        return self.stage(
            "general_text",
            text.render_general_text,
            {"world": self.world()},
            render=self.profile.render,
            documents_per_subject=self.profile.base_corpus.documents_per_subject,
            questions_per_subject=self.profile.base_corpus.questions_per_subject,
        )

    def reference_text(self, seed: int) -> Artifact:
        """Clean documents about the subjects that this seed's reference model knows."""
        return self.stage(
            "reference_text",
            text.render_reference_text,
            {"world": self.world()},
            render=self.profile.render,
            documents_per_subject=self.profile.reference.documents_per_subject,
            covered=self.profile.world.covered,
            complementary=self.profile.world.complementary,
            seed=self.reference_seed(seed),
        )

    def reference_tokens(self, seed: int) -> Artifact:
        """The clean text of this seed's reference model as tokens."""
        return self.token_store(self.reference_text(seed), "reference_tokens", "documents.jsonl")

    def tagger_text(self) -> Artifact:
        """Clean documents about calibration subjects, for the tagger of fact tokens."""
        return self.stage(
            "tagger_text",
            text.render_tagger_text,
            {"world": self.world()},
            render=self.profile.render,
            per_subject=self.profile.base_corpus.documents_per_subject,
        )

    def held_out_text(self) -> Artifact:
        """Documents never trained on: about test, calibration and general subjects."""
        return self.stage(
            "held_out_text",
            text.render_held_out_text,
            {"world": self.world()},
            render=self.profile.render,
            documents=self.profile.evaluation.held_out_documents,
        )

    def raw_corpus(self) -> Artifact:
        """The domain corpus as a crawl would find it: every flaw added, and labelled."""
        rendered = self.stage(
            "raw_corpus",
            text.render_raw_corpus,
            {"world": self.world()},
            render=self.profile.render,
        )
        return real_text.mixed_corpus(self, rendered) if real_text.is_mixed(self) else rendered

    def everyday_text(self) -> Artifact:
        """Everyday text of a crawl that the classifier learns as general; no model sees it."""
        per_topic = self.profile.base_corpus.documents_per_subject
        return self.stage("everyday_text", text.render_everyday_text, per_topic=per_topic)

    # --- pipeline -----------------------------------------------------------------------------

    def classifier(self) -> Artifact:
        """The domain classifier: music or not, trained on subjects that are not under test."""
        inputs = {"general_text": self.general_text(), "everyday_text": self.everyday_text()}
        if real_text.is_mixed(self):
            inputs["passages"] = real_text.passages(self)
        return self.stage("classifier", text.train_domain_classifier, inputs)

    def labelled_passages(self) -> list["Example"]:
        """What the domain classifier learns from: text about subjects that are not under test."""
        return text.labelled_passages(self.general_text().folder, self.everyday_text().folder)

    def corpus(self) -> Artifact:
        """The raw corpus through the pipeline: `kept/`, `rejected/`, `funnel.json`."""
        return self.stage(
            "corpus",
            text.clean_corpus,
            {
                "raw_corpus": self.raw_corpus(),
                "classifier": self.classifier(),
                "world": self.world(),
            },
            running={"pipeline": self.profile.pipeline},
            deciding=self.profile.pipeline.deciding(),
        )

    # --- tokens -------------------------------------------------------------------------------

    def tokenizer(self) -> Artifact:
        """Byte-level BPE, trained on the base's text; a loaded base brings its own."""
        if self.profile.pretrained:
            return self._copied("tokenizer", models.copy_tokenizer, self.profile.pretrained.name)
        return self.stage(
            "tokenizer",
            models.train_tokenizer,
            {"text": self.general_text()},
            vocabulary=self.profile.vocabulary,
        )

    @cached_property
    def loaded_tokenizer(self) -> "PreTrainedTokenizerBase":
        """The tokenizer as transformers' object, read from disk once."""
        from mucpt_utils.scoring.models import load_tokenizer

        return load_tokenizer(self.tokenizer().folder)

    def token_store(
        self,
        source: Artifact,
        name: str,
        files: str,
        limit: int | None = None,
        metadata: bool = True,
    ) -> Artifact:
        """Documents of `source` as tokens, with the weight each brings from the classifier.

        limit: the most documents, chosen by the hash of their ids. metadata: whether the
        metadata line is put before each.
        """
        return self.stage(
            name,
            models.tokenise,
            {"text": source, "tokenizer": self.tokenizer()},
            files=files,
            metadata=self.profile.metadata if metadata else (),
            limit=limit,
        )

    @property
    def corpus_metadata(self) -> tuple[str, ...]:
        """Metadata fields that are put before each document of the domain corpus."""
        return self.profile.metadata if self.profile.metadata_in_corpus else ()

    def domain_tokens(self) -> Artifact:
        """The cleaned domain corpus as tokens."""
        shown = self.profile.metadata_in_corpus
        return self.token_store(self.corpus(), "domain_tokens", "kept/*.jsonl", None, shown)

    def general_tokens(self) -> Artifact:
        """The base's text as tokens, with real text if it is mixed in; also used for replay."""
        source = self.general_text()
        if real_text.is_mixed(self):
            source = real_text.mixed_replay(self, source)
        return self.token_store(source, "general_tokens", "*.jsonl")

    def held_out_tokens(self, name: str) -> Artifact:
        """Held-out text as tokens: `music` or `general`."""
        return self.token_store(self.held_out_text(), f"{name}_held_out", f"{name}.jsonl")

    def _copied(
        self,
        name: str,
        make: Callable[..., None],
        source: str,
        inputs: Mapping[str, Artifact] | None = None,
    ) -> Artifact:
        """A copy of a model's part: a folder is identified by its contents, a package or GGUF
        file by the digest of its weights, a name on the Hub by itself."""
        source = packages.expanded(source)
        if Path(source).is_dir():
            identity = content_digest(Path(source))
        else:
            identity = packages.identity(source) or source
        return self.stage(name, make, inputs, running={"source": source}, identity=identity)
