"""The study as stages, in the order of the data flow. Each is made once and found by its inputs.

    facts -> world -> documents -> classifier -> pipeline -> tokens -> base, reference model
          -> losses -> runs (arms x seeds) -> answers

`Study(profile).corpus()` returns a finished stage; whatever it needs is made first. Another data
composition is another profile: stages that do not depend on the changed setting are shared. What
each stage is made from is declared in `corpus_stages`, in `model_stages` and, for runs, here; how
it is made is in `text`, `models`, `scores`, `runs` and `grades`, whose functions see only what
is declared.
"""

from typing import Any

from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.settings import AlignmentSettings
from mucpt_utils.config.training import TrainSettings
from mucpt_utils.scoring.scored import Scored
from mucpt_utils.study import grades, real_text, runs, text, whole_benchmark
from mucpt_utils.study.model_stages import ModelStages
from mucpt_utils.study.price import price_in_tokens
from mucpt_utils.study.stages import Artifact, Report, silent
from mucpt_utils.training.batches import Sequences

# parts of an arm that concern the corpus and not the questions that it is tuned on
NO_CHOICE = {"documents": None, "chosen_by": None, "focus": None}


class Study(ModelStages):
    """All stages of one profile: those of its corpus, of its models, and here of its runs."""

    # --- runs ---------------------------------------------------------------------------------

    def measured_on(self) -> dict[str, Artifact]:
        """What every model is measured on: the questions, their examples, held-out text."""
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

    def budget(self, arm: Arm) -> TrainSettings:
        """Settings of an arm's training: the profile's, with more tokens at equal compute.

        These cost what the arm `compute_of` needs besides its training: a reference model, and
        reading the corpus.
        """
        profile, train = self.profile, self.profile.train
        if arm.budget == "tokens":
            return train
        corpus = self.domain_tokens().read_json("size.json")["tokens"]
        reference = profile.reference_training.tokens
        more = price_in_tokens(self.arm(profile.compute_of), reference, corpus, train)
        return train.model_copy(update={"tokens": train.tokens + more})

    def run(self, arm_name: str, seed: int, report: Report = silent) -> Artifact:
        """One arm at one seed: `responses.jsonl` along the curve, `text.json`, the model."""
        arm, profile = self.arm(arm_name), self.profile
        inputs = {"base": self.base(), **self.measured_on()}
        measuring: dict[str, Any] = {
            "context": profile.model.context,
            "new_tokens": profile.evaluation.new_tokens,
        }
        if not arm.trained:
            inputs["base"] = self.begun(arm, seed)
            precision = profile.train.precision
            return self.stage(
                f"run_{arm_name}", runs.measure_base, inputs, precision=precision, **measuring
            )
        inputs |= {
            "domain_tokens": self.domain_tokens(),
            "general_tokens": self.general_tokens(),
            **self.arm_scores(arm, seed),
        }
        if arm.start != "base":
            inputs[arm.start] = self.begun(arm, seed)
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
        """The graded answers of a run: `answers.jsonl`."""
        inputs = {"run": self.run(arm_name, seed, report), "world": self.world()}
        return self.stage(f"answers_{arm_name}", grades.grade_responses, inputs)

    def whole_benchmark(
        self, arm_name: str, seed: int, shots: int, report: Report = silent
    ) -> Artifact:
        """A run's answers to the whole benchmark, asked with examples: `responses.jsonl`."""
        return self.stage(
            f"benchmark_{arm_name}",
            whole_benchmark.ask_everything,
            {"run": self.run(arm_name, seed), "tokenizer": self.tokenizer()},
            report,
            shots=shots,
            precision=self.profile.train.precision,
        )

    def scored(self, arm: Arm, seed: int) -> Scored:
        """The domain corpus with what the arm needs to know about its tokens."""
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
        """Settings of the tuning. Raises ValueError if the profile has none."""
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

        Raises ValueError if the profile has no alignment.
        """
        options, questions = self.alignment, self.alignment_text()
        weighted = options.weighted and self.arm(arm_name).tokens is not None
        arm = self.arm(arm_name if weighted else "plain").model_copy(update=NO_CHOICE)
        store = self.token_store(questions, "alignment_tokens", "questions.jsonl", metadata=False)
        inputs = {"run": self.run(arm_name, seed), "text": questions, "domain_tokens": store}
        of_questions: dict[str, tuple] = {}
        if arm.criteria:
            of_questions["base_losses"] = (self.base(), store, 1.0)
        if arm.uses_losses:
            reference = self.reference(seed), store
            temperature = arm.temperature or self.calibrated_temperature(seed)
            of_questions["reference_losses"] = (*reference, temperature)
            if arm.uses_entropy:
                of_questions["reference_entropies"] = (*reference, temperature, "entropy")
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
        """The graded answers of a tuned run: `answers.jsonl`."""
        inputs = {"run": self.aligned(arm_name, seed, report), "world": self.world()}
        return self.stage(f"aligned_answers_{arm_name}", grades.grade_responses, inputs)
