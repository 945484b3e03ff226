"""Questions with their answers as documents, which teach a base model the form of the test."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count, islice

from mucpt_utils.config.text import RenderSettings
from mucpt_utils.knowledge.facts import Fact, askable
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.text.render.documents import (
    check_wordings,
    describe,
    document_rng,
    group_by_subject,
    make_document,
)
from mucpt_utils.text.render.segments import Segment
from mucpt_utils.text.render.wording import asked_about


def render_questions_and_answers(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    settings: RenderSettings,
    seed: int,
) -> list[dict]:
    """Documents of one to four `Question: ...\\nAnswer: ...\\n` pairs, for the base model only.

    There are `documents_per_subject` for each subject. Facts with one answer take turns,
    each time in the next of their relation's wordings, so that all are used evenly. Raises
    RenderError for a relation without wordings.
    """
    check_wordings(facts, relations)
    asked = askable(facts)
    if not asked:
        return []
    pairs = endless_questions(asked, relations, seed)
    documents = []
    for number in range(settings.documents_per_subject * len(group_by_subject(facts))):
        rng = document_rng(seed, "questions", number)
        segments, domains = [], set()
        for fact, question in islice(pairs, rng.randint(1, 4)):
            pair = f"Question: {question}\nAnswer: {fact.object}"
            segments += [Segment(pair, "fact", fact.id), Segment("\n")]
            domains.add(fact.domain)
        metadata = describe("questions", "Questions and answers", rng)
        identity = f"questions-{seed}-{number:06d}"
        in_domain = domains == {"music"}
        documents.append(make_document(identity, segments, metadata, in_domain, "article"))
    return documents


def endless_questions(
    facts: Sequence[Fact], relations: Mapping[str, Relation], seed: int
) -> Iterator[tuple[Fact, str]]:
    """(fact, question) without end: all facts in random order, then again in other words."""
    for turn in count():
        rng = document_rng(seed, "questions", "round", turn)
        for fact in rng.sample(facts, len(facts)):
            wordings = relations[fact.relation].questions
            # facts of a relation begin with different wordings
            offset = blake2b(fact.id.encode(), digest_size=2).digest()[0]
            wording = wordings[(offset + turn) % len(wordings)]
            yield fact, asked_about(wording, fact.category, fact.subject)
