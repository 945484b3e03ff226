"""Clean documents in ten registers, written from facts by this project's templates.

Each document has its own random generator, seeded by (seed, domain, subject, number): the
documents of a subject are the same bytes whatever else is rendered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random

from tqdm import tqdm

from mucpt_utils.config.text import RenderSettings
from mucpt_utils.errors import MuCPTError
from mucpt_utils.knowledge.facts import DOMAINS, Fact, slug
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.text.render.layouts import YEARS, compose
from mucpt_utils.text.render.segments import Segment, join_segments
from mucpt_utils.text.render.voice import Voice
from mucpt_utils.text.render.wording import registers

LICENCE = "CC0-1.0"
LANE = "rendered"
# registers in which a document may be about several subjects
SEVERAL = ("trivia", "listicle")
MOST_OF_A_LIST = 3  # facts of one relation, such as members of a band, that a document states
SLOW = 20_000  # number of documents from which a progress bar is shown


class RenderError(MuCPTError, ValueError):
    """Facts that cannot be written about: an unknown domain, or a relation without wordings."""


def document_rng(*key: object) -> Random:
    """A random generator seeded by `key`; the same on every machine."""
    digest = blake2b("\x1f".join(map(str, key)).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


def describe(register: str, title: str, rng: Random) -> dict:
    """The metadata of a document of this lane; creator and year are made up."""
    return {
        "source": f"rendered/{register}",
        "register": register,
        "title": title,
        "creator": rng.choice(registers()["creators"]),
        "year": rng.randint(*YEARS),
        "licence": LICENCE,
        "lane": LANE,
    }


def make_document(
    identity: str,
    segments: Sequence[Segment],
    metadata: dict,
    in_domain: bool,
    doc_kind: str,
    duplicate_of: str | None = None,
) -> dict:
    """A document of the rendered lane; `truth` lists the facts stated correctly, each once."""
    text, spans = join_segments(segments)
    told = dict.fromkeys(s["fact"] for s in spans if s["kind"] == "fact" and "fact" in s)
    truth = {
        "in_domain": in_domain,
        "spans": spans,
        "duplicate_of": duplicate_of,
        "doc_kind": doc_kind,
        "facts": list(told),
    }
    return {"text": text, "id": identity, "metadata": {**metadata, "truth": truth}}


def group_by_subject(facts: Iterable[Fact]) -> list[list[Fact]]:
    """Facts grouped by (category, subject); groups and facts in the order in which they come."""
    groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.category, fact.subject].append(fact)
    return list(groups.values())


def check_wordings(facts: Iterable[Fact], relations: Mapping[str, Relation]) -> None:
    """Raises RenderError if facts have relations without wordings."""
    missing = sorted({fact.relation for fact in facts} - set(relations))
    if missing:
        raise RenderError(f"text/wordings: no wordings for {', '.join(missing)}")


@dataclass(frozen=True)
class Writer:
    """Writes the documents of a domain, each from a generator of its own."""

    relations: Mapping[str, Relation]
    settings: RenderSettings
    seed: int
    domain: str

    def voice(self, rng: Random, weights: Mapping[str, float]) -> Voice:
        """A voice in a register drawn with these weights."""
        register = rng.choices(list(weights), list(weights.values()))[0]
        return Voice(rng, register, self.domain, self.settings, self.relations)

    def about_one(self, facts: Sequence[Fact], number: int) -> dict:
        """Document `number` about the subject of the facts, stated in random order."""
        first = facts[0]
        rng = document_rng(self.seed, self.domain, first.category, first.subject, number)
        voice = self.voice(rng, self.settings.registers)
        counts: Counter[str] = Counter()
        chosen = []
        for fact in rng.sample(facts, len(facts)):
            counts[fact.relation] += 1
            if counts[fact.relation] <= MOST_OF_A_LIST:
                chosen.append(fact)
        segments = compose(voice, chosen, one_subject=True)
        metadata = describe(voice.register, first.subject, rng)
        name = f"{first.category}-{slug(first.subject)}-{number:04d}"
        return self.document(name, segments, metadata)

    def about_several(self, groups: Sequence[Sequence[Fact]], number: int) -> dict:
        """Document `number` about three to seven subjects, with one fact about each."""
        rng = document_rng(self.seed, self.domain, "several", number)
        voice = self.voice(rng, {name: self.settings.registers.get(name, 0.0) for name in SEVERAL})
        chosen = rng.sample(range(len(groups)), min(len(groups), rng.randint(3, 7)))
        facts = [rng.choice(groups[index]) for index in chosen]
        segments = compose(voice, facts, one_subject=False)
        metadata = describe(voice.register, voice.words["several_title"], rng)
        return self.document(f"several-{number:06d}", segments, metadata)

    def document(self, name: str, segments: Sequence[Segment], metadata: dict) -> dict:
        """A clean document; it is in domain when the domain is music."""
        identity = f"{self.domain}-{self.seed}-{name}"
        return make_document(identity, segments, metadata, self.domain == "music", "article")


def render_documents(
    facts: Sequence[Fact],
    relations: Mapping[str, Relation],
    settings: RenderSettings,
    seed: int,
    domain: str,
) -> list[dict]:
    """Clean documents: `documents_per_subject` about each subject, and some about several.

    They come in rounds of one document about each subject, and are in domain when `domain`
    is music. Raises RenderError for an unknown domain or a relation without wordings.
    """
    if domain not in DOMAINS:
        raise RenderError(f"domain is {domain!r}; allowed: {', '.join(DOMAINS)}")
    check_wordings(facts, relations)
    writer = Writer(relations, settings, seed, domain)
    groups = group_by_subject(facts)
    rounds = range(settings.documents_per_subject)
    documents = [
        writer.about_one(group, number)
        for number in tqdm(rounds, desc="render", disable=len(groups) * len(rounds) < SLOW)
        for group in document_rng(seed, domain, "round", number).sample(groups, len(groups))
    ]
    if len(groups) > 1 and any(settings.registers.get(name, 0.0) > 0 for name in SEVERAL):
        several = round(len(documents) * settings.several_subjects)
        documents += [writer.about_several(groups, number) for number in range(several)]
    return documents
