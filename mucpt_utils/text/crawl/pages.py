"""Other pages of a crawl, clean and not about music: everyday topics and general facts."""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from mucpt_utils import paths
from mucpt_utils.config.text import RenderSettings
from mucpt_utils.io import read_yaml
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import load_relations
from mucpt_utils.text.crawl.templates import flaw_wordings, write
from mucpt_utils.text.render.documents import (
    describe,
    document_rng,
    group_by_subject,
    make_document,
    render_documents,
)
from mucpt_utils.text.render.segments import Segment

# share of off-domain documents that state general facts; the rest is recipes, sport, money, ...
OFF_DOMAIN_FACTS = 0.5


@cache
def everyday_topics() -> list[dict]:
    """The topics that the domain classifier learns, each with title, opening and sentences."""
    return read_yaml(paths.PACKAGE / "text/wordings/everyday.yaml")["everyday"]


def everyday_documents(per_topic: int, seed: int) -> list[dict]:
    """Clean documents about everyday topics, none of them a topic of `off_domain_documents`.

    From these the domain classifier learns the rest of a crawl; `metadata.title` is the topic.
    """
    return [
        topic_document(
            topic,
            f"everyday-{seed}-{index:02d}-{number:04d}",
            document_rng(seed, f"everyday {topic['title']}", number),
        )
        for index, topic in enumerate(everyday_topics())
        for number in range(per_topic)
    ]


def off_domain_documents(
    facts: Sequence[Fact], settings: RenderSettings, seed: int, wanted: int
) -> list[dict]:
    """`wanted` off-domain documents: half state `facts` (general ones), half are on other topics.

    The topics are cooking, sport, money, gardens, weather, repairs and the like.
    """
    documents = []
    if telling := round(wanted * OFF_DOMAIN_FACTS) if facts else 0:
        rounds = -(-telling // len(group_by_subject(facts)))
        options = settings.model_copy(update={"documents_per_subject": rounds})
        documents = render_documents(facts, load_relations(), options, seed, "general")[:telling]
        for document in documents:
            document["metadata"]["truth"]["doc_kind"] = "off_domain"
    for number in range(wanted - len(documents)):
        rng = document_rng(seed, "other topic", number)
        topic = rng.choice(flaw_wordings()["off_domain"])
        documents.append(topic_document(topic, f"topic-{seed}-{number:06d}", rng))
    return documents


def topic_document(topic: Mapping, identity: str, rng: Random) -> dict:
    """A document: an opening of the topic and five or more of its sentences, in random order."""
    body = rng.sample(topic["sentences"], rng.randint(5, len(topic["sentences"])))
    texts = [write(template, rng) for template in [rng.choice(topic["opening"]), *body]]
    metadata = describe("web", topic["title"], rng)
    return make_document(identity, [Segment(" ".join(texts))], metadata, False, "off_domain")
