"""The study as stages, in the order of the data. Each is made once and found again by its content.

    facts -> world -> documents -> classifier -> pipeline -> tokens -> base, reference model
          -> losses -> runs (arms x seeds) -> answers

`Study(profile).corpus()` returns a finished stage; whatever it needs is made first. Another data
composition is another profile: stages that do not depend on the changed setting are shared. Here
stands what each stage is made from; how it is made stands in `text`, `models`, `scores`, `runs`
and `grades`, whose functions see only what is declared here.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.settings import AlignmentSettings, Profile
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.knowledge.relations import Relation, load_relations
from mucpt_utils.knowledge.roles import Roles
from mucpt_utils.pipeline.domain_training import Example
from mucpt_utils.scoring import packages
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study import (
    examples,
    grades,
    labels,
    models,
    real_text,
    runs,
    scores,
    signals,
    text,
)
from mucpt_utils.study.price import reference_price
from mucpt_utils.study.stages import Artifact, Report, Stage, build, content_digest, silent
from mucpt_utils.training.batches import Sequences

if TYPE_CHECKING:  # transformers takes seconds to import, and finished stages do not need it
    from transformers import PreTrainedTokenizerBase


# what an arm does to the corpus and not to the questions that it is tuned on
NO_CHOICE = {"documents": None, "chosen_by": None, "focus": None}


class Study:
    """All stages of one profile. `made_by` names the notebook that asks, for the records.

    `source` is the profile the study was opened with, `profile` the one its stages read: a lane may
    put its own budgets in place. arms: the arms that it knows; a search knows more.
    """

    def __init__(self, profile: Profile, made_by: str = "", arms: Mapping[str, Arm] = ARMS):
        self.profile = self.source = profile
        self.made_by = made_by
        self.arms = arms
        self.root = paths.work() / "stages"

    def with_changes(self, changes: dict) -> "Study":
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
        """A finished stage: declared by what makes it, from what, with which settings."""
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
        """Answered questions that are shown before each one asked, none about what is tested."""
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
        """The seed of the reference model that a run of this seed uses: two serve all where they
        are complementary, else each seed has its own."""
        return seed % 2 if self.profile.world.complementary else seed

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
        """fastText: music or not, trained on subjects that are not under test."""
        inputs = {"general_text": self.general_text(), "everyday_text": self.everyday_text()}
        if real_text.is_mixed(self):
            inputs["passages"] = real_text.passages(self)
        return self.stage("classifier", text.train_domain_classifier, inputs)

    def labelled_passages(self) -> list[Example]:
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

    def load_tokenizer(self) -> "PreTrainedTokenizerBase":
        """The tokenizer as transformers' object."""
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

        limit: at most so many documents, drawn by the hash of their ids. metadata: whether the
        metadata line stands before each.
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
        """Metadata fields that stand before each document of the domain corpus."""
        return self.profile.metadata if self.profile.metadata_in_corpus else ()

    def domain_tokens(self) -> Artifact:
        """The cleaned domain corpus as tokens."""
        shown = self.profile.metadata_in_corpus
        return self.token_store(self.corpus(), "domain_tokens", "kept/*.jsonl*", None, shown)

    def general_tokens(self) -> Artifact:
        """The base's text as tokens, and real text where it is mixed in; also what is replayed."""
        source = self.general_text()
        if real_text.is_mixed(self):
            source = real_text.mixed_replay(self, source)
        return self.token_store(source, "general_tokens", "*.jsonl")

    def held_out_tokens(self, name: str) -> Artifact:
        """Held-out text as tokens: `music` or `general`."""
        return self.token_store(self.held_out_text(), f"{name}_held_out", f"{name}.jsonl")

    # --- models and losses --------------------------------------------------------------------

    def base(self, report: Report = silent) -> Artifact:
        """The base model: from scratch, on general text and question-answer pairs, or loaded."""
        profile = self.profile
        if profile.pretrained:
            return self._loaded("base", profile.pretrained.name)
        return self.stage(
            "base",
            models.train_base,
            {"general_tokens": self.general_tokens()},
            report,
            model=profile.model,
            vocabulary=profile.vocabulary,
            train=profile.base,
        )

    def _loaded(self, name: str, model: str) -> Artifact:
        """A model from a folder or the Hub as it is; its tokenizer must be the study's."""
        return self._copied(name, models.load_pretrained, model, {"tokenizer": self.tokenizer()})

    def _copied(
        self,
        name: str,
        make: Callable[..., None],
        source: str,
        inputs: Mapping[str, Artifact] | None = None,
    ) -> Artifact:
        """A copy of a model's part: a folder counts by its contents, a package or GGUF file by the
        digest of its weights, a name of the Hub by itself."""
        if Path(source).is_dir():
            identity = content_digest(Path(source))
        else:
            identity = packages.identity(source) or source
        return self.stage(name, make, inputs, running={"source": source}, identity=identity)

    def reference(self, seed: int, report: Report = silent) -> Artifact:
        """The reference model: the base, trained further on clean text about part of the facts.

        Raises ValueError for a loaded one whose tokenizer is not the model's.
        """
        if self.profile.reference.pretrained:
            return self._loaded("reference", self.profile.reference.pretrained)
        return self.stage(
            "reference",
            models.train_reference,
            {
                "base": self.base(),
                "reference_tokens": self.reference_tokens(seed),
                "general_tokens": self.general_tokens(),
            },
            report,
            train=self.profile.reference_training,
            context=self.profile.model.context,
            replay=self.profile.replay,
            seed=self.reference_seed(seed),
        )

    def temperature(self, seed: int) -> Artifact:
        """The reference model's loss on subjects it does not know, by temperature, and the best."""
        fixed = self.profile.reference.temperature
        store = self.token_store(self.held_out_text(), "calibration_tokens", "calibration.jsonl")
        return self.stage(
            "temperature",
            models.calibrate,
            {"reference": self.reference(seed), "calibration_tokens": store},
            candidates=[fixed] if fixed else list(self.profile.reference.temperatures),
            context=self.profile.model.context,
        )

    def calibrated_temperature(self, seed: int) -> float:
        """The temperature at which this seed's reference model is calibrated."""
        return self.temperature(seed).read_json("temperature.json")["temperature"]

    def base_losses(self, report: Report = silent) -> Artifact:
        """Loss of every token of the domain corpus under the base, before training."""
        return self._scores("base_losses", self.base(), self.domain_tokens(), 1.0, report=report)

    def reference_losses(
        self, seed: int, temperature: float | None = None, report: Report = silent
    ) -> Artifact:
        """Loss of every token of the domain corpus under this seed's reference model.

        temperature: the calibrated one unless given.
        """
        temperature = temperature or self.calibrated_temperature(seed)
        model, store = self.reference(seed), self.domain_tokens()
        return self._scores("reference_losses", model, store, temperature, report=report)

    def reference_entropies(self, seed: int, temperature: float | None = None) -> Artifact:
        """Entropy at every token of the domain corpus under this seed's reference model."""
        temperature = temperature or self.calibrated_temperature(seed)
        model, store = self.reference(seed), self.domain_tokens()
        return self._scores("reference_entropies", model, store, temperature, "entropy")

    def _scores(
        self,
        name: str,
        model: Artifact,
        store: Artifact,
        temperature: float,
        measure: str = "loss",
        report: Report = silent,
    ) -> Artifact:
        """What a model says of every token of a store."""
        return self.stage(
            name,
            scores.score_tokens,
            {"model": model, "tokens": store},
            report,
            temperature=temperature,
            context=self.profile.model.context,
            measure=measure,
        )

    def scores(self, seed: int, report: Report = silent) -> list[Artifact]:
        """This seed's reference model, its temperature, and the losses that the arms need of it."""
        made = [self.reference(seed, report), self.temperature(seed)]
        by_arm = [self.arm_scores(self.arm(name), seed) for name in self.profile.arms]
        return made + [artifact for each in by_arm for artifact in each.values()]

    def arm_scores(self, arm: Arm, seed: int) -> dict[str, Artifact]:
        """What an arm needs to know of the corpus: cached losses, and its signals."""
        needed = {}
        if arm.criteria:
            needed["base_losses"] = self.base_losses()
        if arm.uses_losses:
            needed["reference_losses"] = self.reference_losses(seed, arm.temperature)
        if arm.uses_entropy:
            needed["reference_entropies"] = self.reference_entropies(seed, arm.temperature)
        return needed | self.arm_signals(arm)

    def arm_signals(self, arm: Arm) -> dict[str, Artifact]:
        """What else than losses weighs an arm's tokens or keeps its documents."""
        signals = {}
        if arm.focus == "tagger":
            signals["tags"] = self.tags()
        if arm.chosen_by == "quality":
            signals["quality"] = self.quality()
        if arm.reads_labels:
            signals["labels"] = self.labels()
        return signals

    # --- signals ------------------------------------------------------------------------------

    def labels(self) -> Artifact:
        """The writer's labels of the corpus's tokens: for what measures, and for ceilings."""
        return self.stage(
            "labels",
            labels.label_tokens,
            {"corpus": self.corpus(), "tokenizer": self.tokenizer(), "world": self.world()},
            metadata=self.corpus_metadata,
        )

    def tagger(self) -> Artifact:
        """The tagger of fact tokens: it learns from clean text about calibration subjects."""
        source = self.tagger_text()
        return self.stage(
            "tagger",
            signals.train_fact_tagger,
            {
                "base": self.base(),
                "tokenizer": self.tokenizer(),
                "world": self.world(),
                "text": source,
                "tagger_tokens": self.token_store(source, "tagger_tokens", "documents.jsonl"),
            },
            metadata=self.profile.metadata,
        )

    def tags(self) -> Artifact:
        """Chance of every token of the corpus to carry a fact, by the tagger."""
        return self.stage(
            "tags",
            signals.tag_tokens,
            {"base": self.base(), "tokens": self.domain_tokens(), "tagger": self.tagger()},
            context=self.profile.model.context,
        )

    def quality(self) -> Artifact:
        """How much each document of the corpus is like clean text."""
        inputs = {"general_text": self.general_text(), "corpus": self.corpus()}
        return self.stage("quality", signals.rate_quality, inputs)

    # --- runs ---------------------------------------------------------------------------------

    def arm(self, name: str) -> Arm:
        """What an arm changes about plain continued pretraining."""
        return self.arms[name]

    def measured_on(self) -> dict[str, Artifact]:
        """What every model is measured on: the questions, examples of them, held-out text."""
        measured = {
            "world": self.world(),
            "tokenizer": self.tokenizer(),
            "music_held_out": self.held_out_tokens("music"),
            "general_held_out": self.held_out_tokens("general"),
        }
        if self.profile.evaluation.shots:
            measured["examples"] = self.examples()
        if real_text.is_mixed(self):
            measured |= real_text.held_out_tokens(self)
        return measured

    def reference_cost(self) -> int:
        """What a reference model costs, in tokens of training: its own, and scoring the corpus.

        Both models score every token of the corpus, at a third of the cost of training on it.
        """
        corpus = self.domain_tokens().read_json("size.json")["tokens"]
        return reference_price(self.profile.reference_training.tokens, corpus)

    def budget(self, arm: Arm) -> TrainSettings:
        """Settings of an arm's training: the profile's, with more tokens where compute is equal."""
        train = self.profile.train
        if arm.budget == "tokens":
            return train
        return train.model_copy(update={"tokens": train.tokens + self.reference_cost()})

    def run(self, arm_name: str, seed: int, report: Report = silent) -> Artifact:
        """One arm at one seed: `responses.jsonl` along the curve, `text.json`, the model."""
        arm, profile = self.arm(arm_name), self.profile
        inputs = {"base": self.base(), **self.measured_on()}
        measuring: dict[str, Any] = {
            "context": profile.model.context,
            "new_tokens": profile.evaluation.new_tokens,
        }
        if not arm.trained:
            inputs["base"] = self.reference(seed) if arm.start == "reference" else self.base()
            precision = profile.train.precision
            return self.stage(
                f"run_{arm_name}", runs.measure_base, inputs, precision=precision, **measuring
            )
        inputs |= {
            "domain_tokens": self.domain_tokens(),
            "general_tokens": self.general_tokens(),
            **self.arm_scores(arm, seed),
        }
        if arm.start == "reference":
            inputs["reference"] = self.reference(seed)
        if arm.mix_reference:
            inputs["reference_tokens"] = self.reference_tokens(seed)
        return self.stage(
            f"run_{arm_name}",
            runs.train_arm,
            inputs,
            report,
            arm=arm,
            seed=seed,
            train=self.budget(arm),
            replay=profile.replay,
            points=profile.evaluation.points,
            keep_weights=profile.evaluation.keep_weights,
            **measuring,
        )

    def answers(self, arm_name: str, seed: int, report: Report = silent) -> Artifact:
        """What a run answered, graded: `answers.jsonl`."""
        inputs = {"run": self.run(arm_name, seed, report), "world": self.world()}
        return self.stage(f"answers_{arm_name}", grades.grade_responses, inputs)

    def scored(self, arm: Arm, seed: int) -> Scored:
        """The domain corpus with what the arm needs to know of its tokens."""
        inputs = {"domain_tokens": self.domain_tokens(), **self.arm_scores(arm, seed)}
        return runs.scored_corpus(arm, {name: a.folder for name, a in inputs.items()}, seed)

    def sequences(self, arm: Arm, scored: Scored, seed: int) -> Sequences:
        """What the arm trains on at this seed, in its order."""
        return runs.arm_sequences(
            arm,
            scored,
            self.general_tokens().folder,
            self.budget(arm),
            self.profile.model.context,
            self.profile.replay,
            seed,
            self.reference_tokens(seed).folder if arm.mix_reference else None,
        )

    # --- alignment ----------------------------------------------------------------------------

    @property
    def alignment(self) -> AlignmentSettings:
        """Settings of the tuning. Raises ValueError where the profile has none."""
        if self.profile.alignment is None:
            raise ValueError(f"profile {self.profile.name!r} has no alignment settings")
        return self.profile.alignment

    def alignment_text(self) -> Artifact:
        """Question-answer pairs about practice subjects, none of which is under test."""
        return self.stage(
            "alignment_text",
            text.render_alignment_text,
            {"world": self.world()},
            render=self.profile.render,
            per_subject=self.alignment.questions_per_subject,
        )

    def aligned(self, arm_name: str, seed: int, report: Report = silent) -> Artifact:
        """One arm after a short supervised tuning: `responses.jsonl`, `text.json`.

        Raises ValueError where the profile has no alignment.
        """
        options, questions = self.alignment, self.alignment_text()
        weighted = options.weighted and self.arm(arm_name).tokens is not None
        arm = self.arm(arm_name if weighted else "plain").model_copy(update=NO_CHOICE)
        store = self.token_store(questions, "alignment_tokens", "questions.jsonl", metadata=False)
        inputs = {"run": self.run(arm_name, seed), "text": questions, "domain_tokens": store}
        if arm.uses_losses:
            temperature = arm.temperature or self.calibrated_temperature(seed)
            reference = self.reference(seed)
            of_questions: dict[str, tuple] = {
                "base_losses": (self.base(), store, 1.0),
                "reference_losses": (reference, store, temperature),
            }
            if arm.uses_entropy:
                of_questions["reference_entropies"] = (reference, store, temperature, "entropy")
            for name, asked in of_questions.items():
                inputs[name] = self._scores(f"alignment_{name}", *asked)
        return self.stage(
            f"aligned_{arm_name}",
            runs.tune_on_questions,
            inputs | self.measured_on(),
            report,
            arm=arm,
            seed=seed,
            train=options.train,
            context=self.profile.model.context,
            new_tokens=self.profile.evaluation.new_tokens,
        )

    def aligned_answers(self, arm_name: str, seed: int, report: Report = silent) -> Artifact:
        """What a tuned run answered, graded: `answers.jsonl`."""
        inputs = {"run": self.aligned(arm_name, seed, report), "world": self.world()}
        return self.stage(f"aligned_answers_{arm_name}", grades.grade_responses, inputs)
