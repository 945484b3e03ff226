"""The work that a profile's settings require: jobs of training, scoring and answering, and bytes.

Counted before anything is made; `cost` turns it into time, `preflight` compares it with a machine.
"""

from functools import cache
from typing import Literal, NamedTuple

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.axes import load_axes
from mucpt_utils.config.settings import Profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.knowledge.facts import askable, load_facts
from mucpt_utils.study.price import (
    OPERATIONS,
    own_text,
    price_in_tokens,
    read_twice,
    sites_sample,
)

WORDS_TO_TOKENS = 1.4

Kind = Literal["training", "scoring", "answering"]


class Work(NamedTuple):
    """Equal jobs of one kind.

    size: of each job, in tokens, or in questions if answers are generated.
    """

    what: str
    kind: Kind
    jobs: int
    size: int

    @property
    def unit(self) -> str:
        """What `size` counts."""
        return "questions" if self.kind == "answering" else "tokens"


def work(profile: Profile) -> list[Work]:
    """All long-running work of a profile, in order; finished stages are counted as well.

    A level of an axis counts as its runs: whatever else it makes anew, such as a reference model of
    another coverage, comes on top.
    """
    seeds, runs = len(profile.seeds), run_count(profile)
    references = min(seeds, 2) if profile.world.complementary else seeds
    longer = sum(ARMS[arm].budget == "compute" for arm in profile.arms) * seeds
    tuned, tuning = 0, 0
    if profile.alignment:
        tuned, tuning = len(profile.arms) * seeds, profile.alignment.tokens
    base = 0 if profile.pretrained else 1
    reference = 0 if profile.reference.pretrained or not uses_reference(profile) else references
    # by the base, and by each reference model
    scored = 1 + references if uses_reference(profile) else 0
    tagged = any(ARMS[arm].reads_states for arm in profile.arms)
    own = max(own_text(ARMS[arm], profile.reference_training.tokens) for arm in profile.arms)
    sampled = max(sites_sample(ARMS[arm], corpus_tokens(profile)) for arm in profile.arms)
    questions = question_count(profile)
    every = (
        Work("train the base", "training", base, profile.base.tokens),
        Work("train reference models", "training", reference, profile.reference_training.tokens),
        Work("score the corpus", "scoring", scored + tagged, corpus_tokens(profile)),
        Work("score reference models' own text", "scoring", 2 * references * bool(own), own),
        Work("score a sample of every site", "scoring", 2 * references * bool(sampled), sampled),
        Work("train arms and mixtures", "training", runs - longer, profile.train.tokens),
        Work("train at equal compute", "training", longer, equal_compute(profile)),
        Work("read steps for their weights", "scoring", seeds, steps_read_twice(profile)),
        Work("read held-out text", "scoring", runs + 1, held_out_tokens(profile)),
        Work("answer questions", "answering", runs, questions * profile.evaluation.points),
        Work("tune", "training", tuned, tuning),
        Work("answer after tuning", "answering", tuned, questions),
    )
    return [each for each in every if each.jobs and each.size]


def amount(profile: Profile, kind: Kind) -> int:
    """Tokens trained or scored, or questions answered, over all jobs of a profile."""
    return sum(each.jobs * each.size for each in work(profile) if each.kind == kind)


def run_count(profile: Profile) -> int:
    """Training runs: arms and the changed levels of axes, at every seed."""
    return sum(ARMS[arm].trained for arm in arms_of_a_seed(profile)) * len(profile.seeds)


def arms_of_a_seed(profile: Profile) -> list[str]:
    """The arms of a seed's runs: those compared, and on every changed level of an axis its own."""
    axes = (load_axes()[name] for name in profile.composition)
    return [*profile.arms, *(arm for axis in axes for arm in axis.arms * len(axis.changed))]


def steps_read_twice(profile: Profile) -> int:
    """Tokens of a seed's runs that are read once more before, for their weights."""
    return sum(read_twice(ARMS[arm], profile.train) for arm in arms_of_a_seed(profile))


def uses_reference(profile: Profile) -> bool:
    """Whether any arm, of the main comparison or of an axis, needs a reference model."""
    on_axes = {arm for name in profile.composition for arm in load_axes()[name].arms}
    return any(ARMS[arm].uses_reference for arm in {*profile.arms, *on_axes})


def equal_compute(profile: Profile) -> int:
    """Tokens of a run that spends on text what the arm `compute_of` costs besides its training."""
    priced, reference = ARMS[profile.compute_of], profile.reference_training.tokens
    corpus, train = corpus_tokens(profile), profile.train
    return train.tokens + price_in_tokens(priced, reference, corpus, train)


def held_out_tokens(profile: Profile) -> int:
    """Tokens of held-out text, music and general, that every run's model is measured on."""
    documents = (profile.world.tested + profile.world.general) * (
        profile.evaluation.held_out_documents
    )
    return documents * document_tokens(profile)


def document_tokens(profile: Profile) -> int:
    """Tokens of a document of the corpus, on average over the settings."""
    words = (profile.render.min_words + profile.render.max_words) / 2
    return round(words * WORDS_TO_TOKENS)


def corpus_tokens(profile: Profile) -> int:
    """Domain tokens: those rendered, or one run's share of the domain if that is more."""
    documents = profile.world.tested * profile.render.documents_per_subject
    return max(documents * document_tokens(profile), domain_tokens(profile))


def domain_tokens(profile: Profile) -> int:
    """Tokens of one run's budget that come from the domain corpus."""
    return round(profile.train.tokens * (1 - profile.replay))


def question_count(profile: Profile) -> int:
    """Questions of one measurement, including the general twin's."""
    asked = profile.world.tested * questions_per_subject(profile)
    return round(asked + profile.evaluation.general_questions)


def questions_per_subject(profile: Profile) -> float:
    """Questions per subject: on average over the chosen categories if all facts are asked about;
    else as in the benchmark."""
    if profile.world.ask_all:
        return askable_per_subject(frozenset(profile.world.categories))
    return asked_per_subject(profile.world.split)


@cache  # the committed facts are read once per process, not for every row of a cost table
def askable_per_subject(categories: frozenset[str]) -> float:
    """Facts to ask about per subject, on average; without categories, over all of them."""
    facts = [f for f in load_facts("music") if not categories or f.category in categories]
    return len(askable(facts)) / len({fact.subject for fact in facts})


@cache
def asked_per_subject(split: str) -> float:
    """Questions of the benchmark's split per subject, on average."""
    path = paths.DATA_CARDS / "musicsimpleqa" / f"{split}.jsonl"
    subjects = [question["subject"] for question in read_jsonl(path)]
    return len(subjects) / len(set(subjects))


def operations(profile: Profile, kind: Literal["training", "scoring"]) -> int:
    """Floating-point operations of all training, or of all scoring, of a profile."""
    return OPERATIONS[kind] * profile.parameters * amount(profile, kind)


def disk_bytes(profile: Profile) -> int:
    """Tokens, cached losses, kept weights, models of every run and one resumable checkpoint."""
    vocabulary = profile.pretrained.vocabulary if profile.pretrained else profile.vocabulary
    tokens = corpus_tokens(profile) * (2 if vocabulary <= 2**16 else 4)
    losses = amount(profile, "scoring") * 2
    weighing = sum(ARMS[arm].tokens is not None for arm in profile.arms) * len(profile.seeds)
    weights = 2 * profile.train.tokens * weighing * profile.evaluation.keep_weights
    saved = 1 + len(profile.seeds) + run_count(profile)
    size = profile.parameters
    return tokens + losses + weights + 4 * size * saved + 12 * size
