"""The study as stages, in the order of the data. Each is made once and found again by its content.

    facts -> world -> documents -> classifier -> pipeline -> tokens -> base, reference model
          -> losses -> runs (arms x seeds) -> answers

`Study(profile).corpus()` returns a finished stage; whatever it needs is made first. Another data
composition is another profile: stages that do not depend on the changed setting are shared.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mucpt_utils import paths
from mucpt_utils.config import arms
from mucpt_utils.config.settings import Profile
from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.knowledge import facts, roles
from mucpt_utils.knowledge.roles import World
from mucpt_utils.musicsimpleqa import questions
from mucpt_utils.pipeline import classifier, run
from mucpt_utils.pipeline.classifier import Example
from mucpt_utils.scoring import losses, models, tokens
from mucpt_utils.study import evaluation, stages
from mucpt_utils.study.stages import Artifact
from mucpt_utils.text.crawl import flaws as flaws_module
from mucpt_utils.text.documents import training_text
from mucpt_utils.text.render import writer
from mucpt_utils.training import alignment, batches

if TYPE_CHECKING:  # transformers takes seconds to import, and finished stages do not need it
    from transformers import PreTrainedTokenizerFast

Report = Callable[[float], None]


def _silent(amount: float) -> None:
    """Progress that nobody watches."""


class Study:
    """All stages of one profile. `made_by` names the notebook that asks, for the records.

    `source` is the profile the study was opened with, `profile` the one its stages read: a lane may
    put its own budgets in place.
    """

    def __init__(self, profile: Profile, made_by: str = ""):
        self.profile = self.source = profile
        self.made_by = made_by
        self.root = paths.work() / "stages"

    def with_changes(self, changes: dict) -> "Study":
        """The same study with some settings changed."""
        return type(self)(self.source.override(changes), self.made_by) if changes else self

    def _build(self, name, make, settings, inputs=(), code=()) -> Artifact:
        return stages.build(
            name,
            make,
            root=self.root,
            settings=settings,
            inputs=inputs,
            code=code,
            made_by=self.made_by,
        )

    # --- facts and roles ----------------------------------------------------------------------

    def world(self) -> Artifact:
        """Facts by role, and the questions: `world.json`, `questions.jsonl`, `general.jsonl`."""
        cards = {name: _card_digest(path, path.stat().st_mtime_ns) for name, path in _CARDS.items()}

        def make(folder: Path) -> None:
            made = self._make_world()
            asked = self._music_questions(made)
            twin = self._general_questions(made)
            write_jsonl(folder / "questions.jsonl", asked)
            write_jsonl(folder / "general.jsonl", twin)
            (folder / "world.json").write_text(json.dumps(made.as_dict(), ensure_ascii=False))

        settings = {
            "world": self.profile.world.model_dump(),
            "general_questions": self.profile.evaluation.general_questions,
            "cards": cards,
        }
        return self._build(
            "world",
            make,
            settings,
            code=paths.code("knowledge/roles", "knowledge/facts", "musicsimpleqa/questions"),
        )

    def _make_world(self) -> World:
        subjects = {
            split: list(dict.fromkeys(q["subject"] for q in read_jsonl(_QUESTIONS[split])))
            for split in ("test", "dev")
        }
        return roles.make_world(
            facts.load_facts("music"),
            facts.load_facts("general"),
            subjects["test"],
            subjects["dev"],
            self.profile.world,
        )

    def _music_questions(self, made: World) -> list[dict]:
        """The benchmark's questions about the test subjects; in the dev split, all their facts'."""
        if self.profile.world.split == "test":
            subjects = {fact.subject for fact in made.test}
            return [q for q in read_jsonl(_QUESTIONS["test"]) if q["subject"] in subjects]
        return [
            questions.question_of(fact, self.relations[fact.relation])
            for fact in facts.askable(made.test)
        ]

    def _general_questions(self, made: World) -> list[dict]:
        known = facts.askable([f for f in made.general if f.subject in made.general_asked])
        rows = [questions.question_of(fact, self.relations[fact.relation]) for fact in known]
        order = np.random.default_rng(0).permutation(len(rows))
        return [rows[i] for i in sorted(order[: self.profile.evaluation.general_questions])]

    @cached_property
    def roles(self) -> World:
        """The world of this profile, loaded."""
        return World.from_dict(self.world().read_json("world.json"))

    @cached_property
    def relations(self) -> dict[str, facts.Relation]:
        """Wordings of every relation."""
        return facts.load_relations()

    def covered(self, seed: int) -> set[str]:
        """Subjects under test that this seed's reference model knows."""
        return self.roles.covered(self.profile.world.covered, seed)

    # --- documents ----------------------------------------------------------------------------

    def _clean(self, known: Sequence[facts.Fact], per_subject: int, seed: int, domain: str):
        settings = self.profile.render.model_copy(update={"documents_per_subject": per_subject})
        return writer.render_documents(known, self.relations, settings, seed, domain)

    def general_text(self) -> Artifact:
        """Clean documents and question-answer pairs that the base learns from, and replay."""
        corpus = self.profile.base_corpus

        def make(folder: Path) -> None:
            roles, count = self.roles, corpus.documents_per_subject
            taught = [f for f in roles.general if f.subject not in roles.general_asked]
            asking = self.profile.render.model_copy(
                update={"documents_per_subject": corpus.questions_per_subject}
            )
            pairs = writer.render_questions_and_answers(
                taught + roles.practice, self.relations, asking, 13
            )
            write_jsonl(folder / "general.jsonl", self._clean(roles.general, count, 11, "general"))
            write_jsonl(folder / "music.jsonl", self._clean(roles.practice, count, 12, "music"))
            write_jsonl(folder / "questions.jsonl", pairs)

        settings = {"corpus": corpus.model_dump(), "render": self.profile.render.model_dump()}
        return self._build("general_text", make, settings, [self.world()], _RENDERING)

    def reference_text(self, seed: int) -> Artifact:
        """Clean documents about the subjects that this seed's reference model knows."""
        count = self.profile.reference.documents_per_subject

        def make(folder: Path) -> None:
            known = self.covered(seed)
            chosen = [f for f in self.roles.test if f.subject in known]
            write_jsonl(folder / "documents.jsonl", self._clean(chosen, count, 100 + seed, "music"))

        settings = {
            "documents_per_subject": count,
            "covered": self.profile.world.covered,
            "render": self.profile.render.model_dump(),
            "seed": seed,
        }
        return self._build("reference_text", make, settings, [self.world()], _RENDERING)

    def held_out_text(self) -> Artifact:
        """Documents never trained on: about test, calibration and general subjects."""
        count = self.profile.evaluation.held_out_documents

        def make(folder: Path) -> None:
            roles = self.roles
            for name, known, seed, domain in (
                ("music", roles.test, 21, "music"),
                ("general", roles.general, 22, "general"),
                ("calibration", roles.calibration, 23, "music"),
            ):
                per_subject = 4 if name == "calibration" else count
                write_jsonl(folder / f"{name}.jsonl", self._clean(known, per_subject, seed, domain))

        settings = {"documents": count, "render": self.profile.render.model_dump()}
        return self._build("held_out_text", make, settings, [self.world()], _RENDERING)

    def raw_corpus(self) -> Artifact:
        """The domain corpus as a crawl would find it: every flaw added, and labelled."""

        def make(folder: Path) -> None:
            roles, options = self.roles, self.profile.render
            clean = self._clean(roles.test, options.documents_per_subject, 31, "music")
            known = {f.subject for f in roles.general}
            others = [f for f in facts.load_facts("general") if f.subject not in known]
            flawed = flaws_module.add_flaws(clean, roles.test, options, 32, others)
            write_jsonl(folder / "documents.jsonl", flawed)

        settings = {"render": self.profile.render.model_dump()}
        return self._build("raw_corpus", make, settings, [self.world()], _FLAWS)

    # --- pipeline -----------------------------------------------------------------------------

    def everyday_text(self) -> Artifact:
        """Everyday text of a crawl that the classifier learns as general; no model sees it."""
        count = self.profile.base_corpus.documents_per_subject

        def make(folder: Path) -> None:
            write_jsonl(folder / "documents.jsonl", flaws_module.everyday_documents(count, 14))

        settings = {"per_topic": count}
        return self._build("everyday_text", make, settings, code=_FLAWS)

    def classifier(self) -> Artifact:
        """fastText: music or not, trained on subjects that are not under test."""
        inputs = [self.general_text(), self.everyday_text()]

        def make(folder: Path) -> None:
            classifier.train_classifier(self.labelled_passages(), folder)

        return self._build("classifier", make, {}, inputs, paths.code("pipeline/classifier"))

    def labelled_passages(self) -> list[Example]:
        """What the domain classifier learns from: text about subjects that are not under test."""
        music, general = (self.general_text().path(f"{d}.jsonl") for d in ("music", "general"))
        everyday = self.everyday_text().path("documents.jsonl")
        return [
            Example(row["text"], path is music, row["metadata"]["title"])
            for path in (music, general, everyday)
            for row in read_jsonl(path)
        ]

    def corpus(self) -> Artifact:
        """The raw corpus through the pipeline: `kept/`, `rejected/`, `funnel.json`."""
        inputs = [self.raw_corpus(), self.classifier(), self.world()]

        def make(folder: Path) -> None:
            result = run.run_pipeline(
                inputs[0].folder,
                folder,
                self.profile.pipeline,
                inputs[1].folder,
                read_jsonl(inputs[2].path("questions.jsonl")),
            )
            (folder / "funnel.json").write_text(json.dumps(result.funnel, indent=1))

        settings = self.profile.pipeline.deciding()
        return self._build("corpus", make, settings, inputs, run.CODE)

    # --- tokens -------------------------------------------------------------------------------

    def tokenizer(self) -> Artifact:
        """Byte-level BPE, trained on the base's text; a loaded base brings its own."""
        if self.profile.pretrained:
            return self._own_tokenizer(self.profile.pretrained.name)
        source = self.general_text()

        def make(folder: Path) -> None:
            files = sorted(source.folder.glob("*.jsonl"))
            texts = (document["text"] for path in files for document in read_jsonl(path))
            tokens.train_tokenizer(texts, self.profile.vocabulary).save_pretrained(folder)

        return self._build(
            "tokenizer", make, {"vocabulary": self.profile.vocabulary}, [source], _TOKENS
        )

    def _own_tokenizer(self, name: str) -> Artifact:
        def make(folder: Path) -> None:
            models.load_tokenizer(name).save_pretrained(folder)

        return self._build("tokenizer", make, {"pretrained": _identity(name)}, code=_MODELS)

    def load_tokenizer(self) -> "PreTrainedTokenizerFast":
        """The tokenizer as transformers' object."""
        from transformers import PreTrainedTokenizerFast

        return PreTrainedTokenizerFast.from_pretrained(self.tokenizer().folder)

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
        shown = self.profile.metadata if metadata else ()

        def make(folder: Path) -> None:
            documents = [d for path in sorted(source.folder.glob(files)) for d in read_jsonl(path)]
            if limit is not None:
                documents = sorted(documents, key=lambda d: stages.digest(d["id"]))[:limit]
            texts = [training_text(d, shown) for d in documents]
            store = tokens.tokenise(self.load_tokenizer(), texts, [d["id"] for d in documents])
            store.save(folder)
            weights = [d["metadata"].get("weight", 1.0) for d in documents]
            np.save(folder / "weights.npy", np.asarray(weights, np.float32))
            size = sum(len(text.encode()) for text in texts)
            (folder / "size.json").write_text(json.dumps({"bytes": size}))

        settings = {"files": files, "metadata": shown, "limit": limit}
        return self._build(name, make, settings, [source, self.tokenizer()], _TOKENS)

    @property
    def corpus_metadata(self) -> tuple[str, ...]:
        """Metadata fields that stand before each document of the domain corpus."""
        return self.profile.metadata if self.profile.metadata_in_corpus else ()

    def domain_tokens(self) -> Artifact:
        """The cleaned domain corpus as tokens."""
        shown = self.profile.metadata_in_corpus
        return self.token_store(self.corpus(), "domain_tokens", "kept/*.jsonl*", None, shown)

    def general_tokens(self) -> Artifact:
        """The base's text as tokens; also what is replayed."""
        return self.token_store(self.general_text(), "general_tokens", "*.jsonl")

    # --- models and losses --------------------------------------------------------------------

    def base(self, report: Report = _silent) -> Artifact:
        """The base model: from scratch, on general text and question-answer pairs, or loaded."""
        profile = self.profile
        if profile.pretrained:
            return self._loaded("base", profile.pretrained.name)
        store = self.general_tokens()

        def make(folder: Path) -> None:
            model = models.from_scratch(profile.model, profile.vocabulary, seed=0)
            self._train_clean(model, store, profile.base, folder, 0, report)

        settings = {"model": profile.model.model_dump(), "train": profile.base.model_dump()}
        return self._build("base", make, settings, [store], _TRAINING)

    def _loaded(self, stage: str, name: str) -> Artifact:
        """A model from a folder or the Hub as it is; its tokenizer must be the study's."""

        def make(folder: Path) -> None:
            ours, theirs = self.load_tokenizer(), models.load_tokenizer(name)
            models.check_same_tokenizer(ours, theirs, ("the model that is trained", name))
            model = models.load(name)
            if len(ours) > model.config.vocab_size:
                raise ValueError(
                    f"{name}: its tokenizer has {len(ours)} tokens, the model only "
                    f"{model.config.vocab_size}"
                )
            model.save_pretrained(folder / "model")

        settings = {"pretrained": _identity(name)}
        return self._build(stage, make, settings, [self.tokenizer()], _MODELS)

    def reference(self, seed: int, report: Report = _silent) -> Artifact:
        """The reference model: the base, trained further on clean text about part of the facts.

        Raises ValueError for a loaded one whose tokenizer is not the model's.
        """
        if self.profile.reference.pretrained:
            return self._loaded("reference", self.profile.reference.pretrained)
        store = self.token_store(self.reference_text(seed), "reference_tokens", "documents.jsonl")
        base = self.base()

        def make(folder: Path) -> None:
            model = models.load(base.path("model"), "float32")
            settings = self.profile.reference_training
            self._train_clean(model, store, settings, folder, seed, report)

        settings = {
            "train": self.profile.reference_training.model_dump(),
            "replay": self.profile.replay,
            "seed": seed,
        }
        inputs = [base, store, self.general_tokens()]
        return self._build("reference", make, settings, inputs, _TRAINING)

    def _train_clean(self, model, store: Artifact, settings, folder: Path, seed: int, report):
        """Plain training on one token store, with replay unless it is the general text itself."""
        from mucpt_utils.training import trainer

        general = self.general_tokens()
        loaded = tokens.TokenStore.load(store.folder)
        context = self.profile.model.context
        data = batches.training_sequences(
            arms.ARMS["plain"],
            batches.Scored(loaded, np.ones(len(loaded), np.float32)),
            tokens.TokenStore.load(general.folder),
            sequences=batches.steps_for(settings, context) * settings.batch_sequences,
            context=context,
            replay_share=0.0 if store == general else self.profile.replay,
            seed=seed,
            document_attention=settings.document_attention,
        )
        trainer.train(model, data, settings, folder, seed=seed, report=report)
        model.save_pretrained(folder / "model")

    def temperature(self, seed: int) -> Artifact:
        """The reference model's loss on subjects it does not know, by temperature, and the best."""
        fixed = self.profile.reference.temperature
        candidates = [fixed] if fixed else list(self.profile.reference.temperatures)
        reference = self.reference(seed)
        store = self.token_store(self.held_out_text(), "calibration_tokens", "calibration.jsonl")

        def make(folder: Path) -> None:
            by_temperature = losses.calibrate(
                models.load(reference.path("model")),
                tokens.TokenStore.load(store.folder),
                self.profile.model.context,
                candidates,
            )
            best = min(by_temperature, key=by_temperature.__getitem__)
            result = {"temperature": best, "losses": {str(t): v for t, v in by_temperature.items()}}
            (folder / "temperature.json").write_text(json.dumps(result, indent=1))

        settings = {"candidates": candidates}
        return self._build("temperature", make, settings, [reference, store], _LOSSES)

    def base_losses(self, report: Report = _silent) -> Artifact:
        """Loss of every token of the domain corpus under the base, before training."""
        return self._losses("base_losses", self.base(), 1.0, report=report)

    def reference_losses(
        self, seed: int, temperature: float | None = None, report: Report = _silent
    ) -> Artifact:
        """Loss of every token of the domain corpus under this seed's reference model.

        temperature: the calibrated one unless given.
        """
        heat = temperature or self._calibrated(seed)
        return self._losses("reference_losses", self.reference(seed), heat, report=report)

    def reference_entropies(self, seed: int, temperature: float | None = None) -> Artifact:
        """Entropy at every token of the domain corpus under this seed's reference model."""
        heat = temperature or self._calibrated(seed)
        measure = losses.token_entropies
        return self._losses("reference_entropies", self.reference(seed), heat, measure=measure)

    def scores(self, seed: int, report: Report = _silent) -> list[Artifact]:
        """This seed's reference model, its temperature, and the losses that the arms need of it."""
        made = [self.reference(seed, report), self.temperature(seed)]
        return made + [s for name in self.profile.arms for s in self._scores(self.arm(name), seed)]

    def _calibrated(self, seed: int) -> float:
        return self.temperature(seed).read_json("temperature.json")["temperature"]

    def _losses(
        self,
        name: str,
        model: Artifact,
        temperature: float,
        store: Artifact | None = None,
        measure: Callable = losses.token_losses,
        report: Report = _silent,
    ) -> Artifact:
        """What `measure` says of every token of a store; of the domain corpus unless given."""
        store = store or self.domain_tokens()

        def make(folder: Path) -> None:
            scores = losses.score(
                models.load(model.path("model")),
                tokens.TokenStore.load(store.folder),
                self.profile.model.context,
                temperature,
                report,
                measure,
            )
            losses.save(folder, scores)

        settings = {"temperature": temperature, "context": self.profile.model.context}
        return self._build(name, make, settings, [model, store], _LOSSES)

    # --- runs ---------------------------------------------------------------------------------

    def arm(self, name: str) -> arms.Arm:
        """What an arm changes; a study of another kind may know more of them."""
        return arms.ARMS[name]

    def run(self, arm_name: str, seed: int, report: Report = _silent) -> Artifact:
        """One arm at one seed: `answers.jsonl` along the curve, `text.json`, the model."""
        arm, profile, base = self.arm(arm_name), self.profile, self.base()
        inputs = [base, self.world(), self.held_out_text()]
        inputs += [self.domain_tokens(), self.general_tokens()] if arm.trained else []
        inputs += self._scores(arm, seed)

        def make(folder: Path) -> None:
            (folder / "answers.jsonl").touch()
            model = models.load(base.path("model"), "float32")
            if arm.trained:
                self._train_arm(arm, model, seed, folder, report)
            else:
                self._measure(model, 0, folder)
            self._measure_text(model, folder)
            model.save_pretrained(folder / "model")

        settings = {
            "arm": arm.model_dump(exclude={"title"}),
            "seed": seed,
            "train": profile.train.model_dump() if arm.trained else None,
            "replay": profile.replay,
            "evaluation": profile.evaluation.model_dump(),
        }
        return self._build(f"run_{arm_name}", make, settings, inputs, _TRAINING + _MEASURING)

    def _scores(self, arm: arms.Arm, seed: int) -> list[Artifact]:
        """Cached losses that an arm needs: the base's, the RM's, the RM's entropies."""
        if not arm.uses_reference:
            return []
        scores = [self.base_losses(), self.reference_losses(seed, arm.temperature)]
        if arm.uses_entropy:
            scores.append(self.reference_entropies(seed, arm.temperature))
        return scores

    def scored(self, arm: arms.Arm, seed: int) -> batches.Scored:
        """The domain corpus with what the arm needs to know of its tokens."""
        domain = self.domain_tokens()
        store = tokens.TokenStore.load(domain.folder)
        scores = [losses.load(found.folder) for found in self._scores(arm, seed)]
        return batches.Scored(store, np.load(domain.path("weights.npy")), *scores)

    def sequences(self, arm: arms.Arm, scored: batches.Scored, seed: int) -> batches.Sequences:
        """What the arm trains on at this seed, in its order."""
        settings, context = self.profile.train, self.profile.model.context
        return batches.training_sequences(
            arm,
            scored,
            tokens.TokenStore.load(self.general_tokens().folder),
            sequences=batches.steps_for(settings, context) * settings.batch_sequences,
            context=context,
            replay_share=self.profile.replay,
            seed=seed,
            document_attention=settings.document_attention,
        )

    def _train_arm(self, arm: arms.Arm, model, seed: int, folder: Path, report: Report) -> None:
        from mucpt_utils.training import trainer

        settings, points = self.profile.train, self.profile.evaluation.points
        data = self.sequences(arm, self.scored(arm, seed), seed)
        steps = len(data) // settings.batch_sequences
        keep = arm.tokens is not None and self.profile.evaluation.keep_weights
        trainer.train(
            model,
            data,
            settings,
            folder,
            seed=seed,
            criterion=arm.tokens,
            given=trainer.kept_weights(folder / "weights.npy", data) if keep else None,
            measure_steps=tuple(round(steps * (i + 1) / points) for i in range(points)),
            measure=lambda trained, seen: self._measure(trained, seen, folder),
            report=report,
        )

    # --- alignment ----------------------------------------------------------------------------

    def alignment_text(self) -> Artifact:
        """Question-answer pairs about practice subjects, none of which is under test."""
        per_subject = self.profile.alignment.questions_per_subject

        def make(folder: Path) -> None:
            asking = self.profile.render.model_copy(update={"documents_per_subject": per_subject})
            pairs = writer.render_questions_and_answers(
                self.roles.practice, self.relations, asking, 14
            )
            write_jsonl(folder / "questions.jsonl", pairs)

        settings = {"per_subject": per_subject, "render": self.profile.render.model_dump()}
        return self._build("alignment_text", make, settings, [self.world()], _RENDERING)

    def aligned(self, arm_name: str, seed: int, report: Report = _silent) -> Artifact:
        """One arm after a short supervised tuning: `answers.jsonl`, `text.json`.

        Raises ValueError where the profile has no alignment.
        """
        options = self.profile.alignment
        if options is None:
            raise ValueError(f"profile {self.profile.name!r} has no alignment settings")
        arm, run, text = self.arm(arm_name), self.run(arm_name, seed), self.alignment_text()
        store = self.token_store(text, "alignment_tokens", "questions.jsonl", metadata=False)
        tuned = arm if options.weighted and arm.tokens else arms.ARMS["plain"]
        scores = self._alignment_scores(tuned, seed, store)

        def make(folder: Path) -> None:
            from mucpt_utils.training import trainer

            model = models.load(run.path("model"), "float32")
            loaded = tokens.TokenStore.load(store.folder)
            texts = [row["text"] for row in read_jsonl(text.path("questions.jsonl"))]
            answers = alignment.answer_tokens(texts, self.load_tokenizer())
            scored = batches.Scored(
                loaded,
                np.ones(len(loaded), np.float32),
                *[losses.load(found.folder) for found in scores],
                token_weights=answers,
            )
            settings, context = options.train, self.profile.model.context
            data = batches.training_sequences(
                tuned.model_copy(update={"documents": None}),
                scored,
                loaded,
                sequences=batches.steps_for(settings, context) * settings.batch_sequences,
                context=context,
                replay_share=0.0,
                seed=seed,
            )
            criterion = tuned.tokens
            trainer.train(
                model, data, settings, folder, seed=seed, criterion=criterion, report=report
            )
            (folder / "answers.jsonl").touch()
            self.measure(model, data.tokens.size, folder)

        settings = {"alignment": options.model_dump(), "criterion": tuned.model_dump(mode="json")}
        settings["evaluation"] = self.profile.evaluation.model_dump()
        inputs = [run, store, self.world(), self.held_out_text(), *scores]
        code = (*_TRAINING, *_MEASURING, *paths.code("training/alignment"))
        return self._build(f"aligned_{arm_name}", make, {**settings, "seed": seed}, inputs, code)

    def _alignment_scores(self, arm: arms.Arm, seed: int, store: Artifact) -> list[Artifact]:
        if arm.tokens is None:
            return []
        heat = arm.temperature or self._calibrated(seed)
        model = self.reference(seed)
        scores = [
            self._losses("alignment_base_losses", self.base(), 1.0, store),
            self._losses("alignment_reference_losses", model, heat, store),
        ]
        if arm.uses_entropy:
            measure = losses.token_entropies
            scores.append(self._losses("alignment_entropies", model, heat, store, measure))
        return scores

    # --- measuring ----------------------------------------------------------------------------

    def measure(self, model, seen: int, folder: Path) -> None:
        """All that is measured of a trained model: answers at `seen` tokens, held-out text."""
        self._measure(model, seen, folder)
        self._measure_text(model, folder)

    def _measure(self, model, seen: int, folder: Path) -> None:
        """Append the answers at `seen` tokens; rows of a lost later part are dropped."""
        path = folder / "answers.jsonl"
        rows = [row for row in read_jsonl(path) if row["tokens"] < seen]
        tokenizer = self.load_tokenizer()
        for name in ("questions", "general"):
            asked = read_jsonl(self.world().path(f"{name}.jsonl"))
            answers = evaluation.ask(model, tokenizer, asked, self.profile.evaluation.new_tokens)
            rows += [{"tokens": seen, "set": name, **answer} for answer in answers]
        write_jsonl(path, rows)

    def _measure_text(self, model, folder: Path) -> None:
        measured = {}
        for name in ("music", "general"):
            store = self.token_store(self.held_out_text(), f"{name}_held_out", f"{name}.jsonl")
            measured[name] = evaluation.bits_per_byte(
                model,
                tokens.TokenStore.load(store.folder),
                store.read_json("size.json")["bytes"],
                self.profile.model.context,
            )
        (folder / "text.json").write_text(json.dumps({"bits_per_byte": measured}, indent=1))


_QUESTIONS = {
    split: paths.DATA_CARDS / "musicsimpleqa" / f"{split}.jsonl" for split in ("test", "dev")
}
_CARDS = {
    **{f"questions_{split}": path for split, path in _QUESTIONS.items()},
    "music": paths.DATA_CARDS / "music_facts" / "facts.jsonl",
    "general": paths.DATA_CARDS / "general_facts" / "facts.jsonl",
}
# a stage runs again when the source of what makes it has changed
_WORLD = paths.code("knowledge/roles", "knowledge/facts", "musicsimpleqa/questions")
_RENDERING = paths.code("text/render/*")
_FLAWS = paths.code("text/crawl/*", "text/render/*")
_TOKENS = paths.code("scoring/tokens")
_MODELS = paths.code("scoring/models")
_LOSSES = paths.code("scoring/losses")
_TRAINING = paths.code("training/*", "scoring/*")
_MEASURING = paths.code(
    "study/evaluation",
    "musicsimpleqa/ask",
    "musicsimpleqa/grading",
    "musicsimpleqa/names",
    "musicsimpleqa/numbers",
    "musicsimpleqa/values",
    "musicsimpleqa/words",
)


def _identity(name: str) -> str:
    """A Hub name, or the contents of a folder: another model of the same name is another stage."""
    return stages.content_digest(Path(name)) if Path(name).is_dir() else name


@cache
def _card_digest(path: Path, _changed: int) -> str:
    """Digest of a card's text; read again only when the file's time says that it changed."""
    return stages.digest(path.read_text(encoding="utf-8"))
