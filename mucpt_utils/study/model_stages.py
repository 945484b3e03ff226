"""Stages of the models: base and reference model, their scores of the corpus, other signals."""

from mucpt_utils.config.scoring import RATIO_TEXT, TAGGERS, Arm, Criterion
from mucpt_utils.study import labels, models, scores, signals
from mucpt_utils.study.corpus_stages import CorpusStages
from mucpt_utils.study.stages import Artifact, Report, silent


class ModelStages(CorpusStages):
    """Stages from the base to what an arm needs to know about each token."""

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
            seed=profile.base_seed,
        )

    def _loaded(self, name: str, model: str) -> Artifact:
        """A model from a folder or the Hub as it is; its tokenizer must be the study's."""
        return self._copied(name, models.load_pretrained, model, {"tokenizer": self.tokenizer()})

    def reference(self, seed: int, report: Report = silent) -> Artifact:
        """The reference model: the base, trained further on clean text about part of the facts.

        Raises ValueError for a loaded one whose tokenizer is not the base's.
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

    def begun(self, arm: Arm, seed: int) -> Artifact:
        """The model that an arm is trained on: the base, the reference model, or their mean."""
        if arm.start == "base":
            return self.base()
        if arm.start == "reference":
            return self.reference(seed)
        inputs = {"base": self.base(), "reference": self.reference(seed)}
        return self.stage("merged", models.merge, inputs)

    def temperature(self, seed: int) -> Artifact:
        """The reference model's loss on subjects it does not know, by temperature; and the best."""
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
        """What a model says about every token of a store."""
        return self.stage(
            name,
            scores.score_tokens,
            {"model": model, "tokens": store},
            report,
            temperature=temperature,
            context=self.profile.model.context,
            measure=measure,
        )

    def arm(self, name: str) -> Arm:
        """What an arm changes about plain continued pretraining."""
        return self.arms[name]

    def scores(self, seed: int, report: Report = silent) -> list[Artifact]:
        """This seed's reference model, its temperature, and the scores that the arms need."""
        made = [self.reference(seed, report), self.temperature(seed)]
        by_arm = [self.arm_scores(self.arm(name), seed) for name in self.profile.arms]
        return made + [artifact for each in by_arm for artifact in each.values()]

    def arm_scores(self, arm: Arm, seed: int) -> dict[str, Artifact]:
        """What an arm needs to know about the corpus: cached losses, and its signals."""
        needed = {}
        if arm.criteria:
            needed["base_losses"] = self.base_losses()
        if arm.uses_losses:
            needed["reference_losses"] = self.reference_losses(seed, arm.temperature)
        if arm.uses_entropy:
            needed["reference_entropies"] = self.reference_entropies(seed, arm.temperature)
        return needed | self.arm_signals(arm, seed)

    def arm_signals(self, arm: Arm, seed: int) -> dict[str, Artifact]:
        """What weighs an arm's tokens or chooses its documents besides losses."""
        signals = {}
        if arm.focus and arm.tagger:
            signals["tags"] = self.tags(arm.focus, seed)
        if arm.chosen_by == "quality":
            signals["quality"] = self.quality()
        if arm.rates_sites:
            signals["believed_sites"] = self.believed_sites(arm, seed)
        if arm.reads_labels:
            signals["labels"] = self.labels()
        return signals

    # --- signals ------------------------------------------------------------------------------

    def labels(self) -> Artifact:
        """The writer's labels of the corpus's tokens, for measurements and for ceilings."""
        return self.stage(
            "labels",
            labels.label_tokens,
            {"corpus": self.corpus(), "tokenizer": self.tokenizer(), "world": self.world()},
            metadata=self.corpus_metadata,
        )

    def tagger(self, focus: str) -> Artifact:
        """The tagger of fact tokens, which learns from clean text about calibration subjects."""
        source = self.tagger_text()
        return self.stage(
            focus,
            signals.train_fact_tagger,
            {
                "base": self.base(),
                "tokenizer": self.tokenizer(),
                "world": self.world(),
                "text": source,
                "tagger_tokens": self.token_store(source, "tagger_tokens", "documents.jsonl"),
            },
            metadata=self.profile.metadata,
            reads=TAGGERS[focus].reads,
        )

    def ratio_tagger(self, focus: str, seed: int) -> Artifact:
        """The tagger that learns from the loss ratio on the text of this seed's reference model."""
        base, reference = self.base(), self.reference(seed)
        own = {"tokens": self.reference_tokens(seed)}
        read = self.stage("ratio_text", signals.sample_documents, own, tokens=RATIO_TEXT, seed=0)
        return self.stage(
            focus,
            signals.train_ratio_tagger,
            {
                "base": base,
                "ratio_text": read,
                "base_losses": self._scores("base_losses_on_reference_text", base, read, 1.0),
                "reference_losses": self._scores("losses_on_own_text", reference, read, 1.0),
            },
            criterion=Criterion(),
            reads=TAGGERS[focus].reads,
        )

    def tags(self, focus: str, seed: int) -> Artifact:
        """Probability that each token of the corpus carries a fact, by the tagger of that focus.

        One tagger serves all seeds, unless it learns from a seed's reference model.
        """
        if TAGGERS[focus].learns == "nothing":
            return self._marked_names()
        by_ratio = TAGGERS[focus].learns == "ratio"
        fitted = self.ratio_tagger(focus, seed) if by_ratio else self.tagger(focus)
        return self.stage(
            "tags",
            signals.tag_tokens,
            {"base": self.base(), "tokens": self.domain_tokens(), "tagger": fitted},
            context=self.profile.model.context,
        )

    def _marked_names(self) -> Artifact:
        """Tags by capitals and digits alone."""
        return self.stage(
            "tags",
            signals.mark_names,
            {
                "corpus": self.corpus(),
                "tokenizer": self.tokenizer(),
                "tokens": self.domain_tokens(),
            },
            metadata=self.corpus_metadata,
        )

    def quality(self) -> Artifact:
        """How similar each document of the corpus is to clean text."""
        inputs = {"general_text": self.general_text(), "corpus": self.corpus()}
        return self.stage("quality", signals.rate_quality, inputs)

    def believed_sites(self, arm: Arm, seed: int) -> Artifact:
        """How far the loss ratio believes each document's site, by a sample of the corpus.

        Both models score the sample alone, which is about subjects that the reference model has
        read about, with the temperature that it was trained at.
        """
        base, reference, corpus = self.base(), self.reference(seed), self.domain_tokens()
        texts = {"corpus": self.corpus(), "text": self.reference_text(seed), "tokens": corpus}
        sample = self.stage(
            "sites_sample", signals.sample_known_subjects, texts, share=arm.sample, seed=0
        )
        inputs = {
            "tokens": corpus,
            "sample": sample,
            "base_losses": self._scores("base_losses_of_sites", base, sample, 1.0),
            "reference_losses": self._scores("reference_losses_of_sites", reference, sample, 1.0),
        }
        if arm.focus and arm.tagger:
            inputs["tags"] = self.tags(arm.focus, seed)
        return self.stage(
            "believed_sites", signals.rate_sites, inputs, criterion=Criterion(), dose=arm.dose
        )
