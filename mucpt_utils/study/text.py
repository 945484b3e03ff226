"""Stages of text: roles and questions, rendered documents, the classifier, the cleaned corpus.

Each function makes one stage: `make(folder, inputs, report, **settings)`, see `stages.Stage`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mucpt_utils import paths
from mucpt_utils.config.knowledge import WorldSettings
from mucpt_utils.config.pipeline import ClassifierSettings, PipelineSettings
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.io import read_json, read_jsonl, read_yaml, write_json, write_jsonl
from mucpt_utils.knowledge.facts import Fact, askable, load_facts
from mucpt_utils.knowledge.invented import is_invented
from mucpt_utils.knowledge.relations import load_relations
from mucpt_utils.knowledge.roles import Roles, draw_roles
from mucpt_utils.musicsimpleqa.questions import SPLITS, question_of
from mucpt_utils.study.prose import reference_passages
from mucpt_utils.study.stages import SCRATCH, Report
from mucpt_utils.text.render import render_documents, render_questions_and_answers

if TYPE_CHECKING:  # a machine that only trains needs no libraries of crawl and pipeline
    from mucpt_utils.pipeline.domain.training import Example

Inputs = Mapping[str, Path]
PLAN = paths.PACKAGE / "musicsimpleqa/making/plan.yaml"
# each text has its own stream of random numbers
SEEDS = {
    **{"general": 11, "practice": 12, "questions": 13, "everyday": 14, "alignment": 14},
    **{"held out music": 21, "held out general": 22, "held out calibration": 23},
    **{"tagger": 24, "corpus": 31, "flaws": 32, "reference": 100},
}
CALIBRATION_DOCUMENTS = 4  # held-out documents about each calibration subject


def read_world(folder: Path) -> Roles:
    """The roles that the stage `world` saved."""
    return Roles.from_dict(read_json(folder / "world.json"))


# --- roles ----------------------------------------------------------------------------------------


def assign_roles(
    folder: Path, inputs: Inputs, report: Report, *, world: WorldSettings, general_questions: int
) -> None:
    """Facts by role, and the questions: `world.json`, `questions.jsonl`, `general.jsonl`.

    general_questions: the number of questions of the general twin.
    """
    asked = {split: read_jsonl(path) for split, path in SPLITS.items()}
    subjects = {s: list(dict.fromkeys(q["subject"] for q in rows)) for s, rows in asked.items()}
    facts = load_facts("music"), load_facts("general")
    made = draw_roles(*facts, subjects["test"], subjects["dev"], world)
    tested = {fact.subject for fact in made.test}
    # the benchmark's own questions, in its words; further facts of its subjects if wanted, and
    # every fact of development subjects, except those whose question was dropped on reading
    questions = [q for q in asked[world.split] if q["subject"] in tested]
    if world.ask_all or world.split == "dev":
        done = {name for question in questions for name in question["fact_ids"]}
        done |= set(read_yaml(PLAN)["dropped"])
        real = [fact for fact in made.test if not is_invented(fact)]
        questions += [q for q in questions_of(real) if not done & set(q["fact_ids"])]
    questions += questions_of([fact for fact in made.test if is_invented(fact)])
    twin = questions_of([f for f in made.general if f.subject in made.general_asked])
    order = np.random.default_rng(0).permutation(len(twin))[:general_questions]
    write_jsonl(folder / "questions.jsonl", questions)
    write_jsonl(folder / "general.jsonl", [twin[i] for i in sorted(order)])
    write_json(folder / "world.json", made.as_dict())


def questions_of(facts: Sequence[Fact]) -> list[dict]:
    """One question for each fact that has a single answer."""
    relations = load_relations()
    return [question_of(fact, relations[fact.relation]) for fact in askable(facts)]


# --- documents ------------------------------------------------------------------------------------


def _clean(
    facts: Sequence[Fact], render: RenderSettings, per_subject: int, seed: int, domain: str
) -> list[dict]:
    settings = render.model_copy(update={"documents_per_subject": per_subject})
    return render_documents(facts, load_relations(), settings, seed, domain)


def _questions_and_answers(
    facts: Sequence[Fact], render: RenderSettings, per_subject: int, seed: int
) -> list[dict]:
    settings = render.model_copy(update={"documents_per_subject": per_subject})
    return render_questions_and_answers(facts, load_relations(), settings, seed)


def render_general_text(
    folder: Path,
    inputs: Inputs,
    report: Report,
    *,
    render: RenderSettings,
    documents_per_subject: int,
    questions_per_subject: int,
) -> None:
    """Clean documents and question-answer pairs that the base learns from, and replay."""
    world = read_world(inputs["world"])
    taught = [f for f in world.general if f.subject not in world.general_asked] + world.practice
    for name, facts, domain, seed in (
        ("general", world.general, "general", SEEDS["general"]),
        ("music", world.practice, "music", SEEDS["practice"]),
    ):
        documents = _clean(facts, render, documents_per_subject, seed, domain)
        write_jsonl(folder / f"{name}.jsonl", documents)
    pairs = _questions_and_answers(taught, render, questions_per_subject, SEEDS["questions"])
    write_jsonl(folder / "questions.jsonl", pairs)


def render_reference_text(
    folder: Path,
    inputs: Inputs,
    report: Report,
    *,
    render: RenderSettings,
    documents_per_subject: int,
    covered: float,
    complementary: bool,
    seed: int,
) -> None:
    """Clean documents about the subjects that this seed's reference model knows."""
    world = read_world(inputs["world"])
    names = world.covered(covered, seed, complementary)
    facts = [fact for fact in world.test if fact.subject in names]
    stream = SEEDS["reference"] + seed
    documents = _clean(facts, render, documents_per_subject, stream, "music")
    write_jsonl(folder / "documents.jsonl", documents)


def render_tagger_text(
    folder: Path, inputs: Inputs, report: Report, *, render: RenderSettings, per_subject: int
) -> None:
    """The tagger's text: clean documents about calibration subjects, none of them under test."""
    calibration = read_world(inputs["world"]).calibration
    documents = _clean(calibration, render, per_subject, SEEDS["tagger"], "music")
    write_jsonl(folder / "documents.jsonl", documents)


def render_held_out_text(
    folder: Path, inputs: Inputs, report: Report, *, render: RenderSettings, documents: int
) -> None:
    """Documents never trained on: about test, calibration and general subjects."""
    world = read_world(inputs["world"])
    for name, facts, per_subject, domain in (
        ("music", world.test, documents, "music"),
        ("general", world.general, documents, "general"),
        ("calibration", world.calibration, CALIBRATION_DOCUMENTS, "music"),
    ):
        rows = _clean(facts, render, per_subject, SEEDS[f"held out {name}"], domain)
        write_jsonl(folder / f"{name}.jsonl", rows)


def render_raw_corpus(
    folder: Path, inputs: Inputs, report: Report, *, render: RenderSettings
) -> None:
    """The domain corpus as a crawl would find it: every flaw added, and labelled."""
    from mucpt_utils.text.crawl import add_flaws

    world = read_world(inputs["world"])
    per_subject = render.documents_per_subject
    clean = _clean(world.test, render, per_subject, of_crawl(render, "corpus"), "music")
    in_world = {fact.subject for fact in world.general}
    off_domain = [fact for fact in load_facts("general") if fact.subject not in in_world]
    flawed = add_flaws(clean, world.test, render, of_crawl(render, "flaws"), off_domain)
    write_jsonl(folder / "documents.jsonl", flawed)


def of_crawl(render: RenderSettings, stream: str) -> int:
    """The seed of a stream in the crawl of the settings; each crawl has a thousand for itself."""
    return 1000 * render.crawl + SEEDS[stream]


def render_everyday_text(folder: Path, inputs: Inputs, report: Report, *, per_topic: int) -> None:
    """Everyday text of a crawl that the classifier learns as general; no model sees it."""
    from mucpt_utils.text.crawl import everyday_documents

    write_jsonl(folder / "documents.jsonl", everyday_documents(per_topic, SEEDS["everyday"]))


def render_alignment_text(
    folder: Path, inputs: Inputs, report: Report, *, render: RenderSettings, per_subject: int
) -> None:
    """Question-answer pairs about practice subjects, none of which is under test."""
    practice = read_world(inputs["world"]).practice
    pairs = _questions_and_answers(practice, render, per_subject, SEEDS["alignment"])
    write_jsonl(folder / "questions.jsonl", pairs)


# --- the pipeline ---------------------------------------------------------------------------------


def labelled_passages(general_text: Path, everyday_text: Path) -> list["Example"]:
    """What the domain classifier learns from: text about subjects that are not under test.

    Passages about one subject or topic form a group.
    """
    from mucpt_utils.pipeline.domain.training import Example

    sources = (
        (general_text / "music.jsonl", True),
        (general_text / "general.jsonl", False),
        (everyday_text / "documents.jsonl", False),
    )
    return [
        Example(row["text"], in_domain, row["metadata"]["title"])
        for path, in_domain in sources
        for row in read_jsonl(path)
    ]


def train_domain_classifier(folder: Path, inputs: Inputs, report: Report) -> None:
    """The domain classifier, trained on subjects not under test, and on real text if mixed in."""
    from mucpt_utils.pipeline.domain.training import train_classifier

    examples = labelled_passages(inputs["general_text"], inputs["everyday_text"])
    if "passages" in inputs:
        examples += reference_passages(inputs["passages"])
    # names would include those of subjects under test; half of the training text is about music
    train_classifier(examples, folder, 0, ClassifierSettings(names=False, prior=0.5))


def clean_corpus(
    folder: Path,
    inputs: Inputs,
    report: Report,
    *,
    deciding: Mapping[str, Any],
    pipeline: PipelineSettings,
) -> None:
    """The raw corpus through the pipeline: `kept/`, `rejected/`, `funnel.json`.

    deciding: the settings of `pipeline` that decide the outcome, for the key.
    """
    from mucpt_utils.pipeline.run import RESULT, run_pipeline

    result = run_pipeline(
        inputs["raw_corpus"],
        folder,
        pipeline,
        inputs["classifier"],
        read_jsonl(inputs["world"] / "questions.jsonl"),
    )
    write_json(folder / "funnel.json", result.funnel)
    # the pipeline's own record has a key; so has this stage, whose output is the corpus alone
    (folder / SCRATCH).mkdir(exist_ok=True)
    (folder / RESULT).replace(folder / SCRATCH / RESULT)
