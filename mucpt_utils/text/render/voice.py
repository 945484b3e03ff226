"""What one document sounds like: it draws wordings, states facts and fills up, without repeats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from mucpt_utils.config.text import RenderSettings
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.text.render.segments import Segment
from mucpt_utils.text.render.wording import (
    about,
    capitalised,
    expand,
    one_full_stop,
    registers,
    short_form,
    with_object,
    with_subject,
)

# objects of these types keep their first letter; others are capitalised at a sentence start
NAMES = frozenset({"person", "group", "title"})
# words reserved for an opening, a closing, prompts and a last, long sentence
ROOM = 75
# with a larger share of filler the number of sentences would run away
LARGEST_FILLER = 0.9


@dataclass
class Voice:
    """A document's random generator, register and domain, and the templates it has used."""

    rng: Random
    register: str
    domain: str
    settings: RenderSettings
    relations: Mapping[str, Relation]

    def __post_init__(self) -> None:
        self.words: dict = registers()["registers"][self.register]
        self.used: set[str] = set()

    @property
    def budget(self) -> int:
        """How many words the sentences of the document may have together."""
        return self.settings.max_words - ROOM

    def fresh(self, templates: Sequence[str]) -> str | None:
        """One of the templates that this document has not used; None when all are used."""
        if not templates:
            return None
        # most are unused at first, so a few draws are cheaper than listing the unused
        for _ in range(6):
            template = templates[int(self.rng.random() * len(templates))]
            if template not in self.used:
                self.used.add(template)
                return template
        unused = [template for template in templates if template not in self.used]
        self.used.update(unused[:1])
        return unused[0] if unused else None

    def prose(self, part: str, fact: Fact) -> str | None:
        """A sentence without a fact from a part of the register (openers, fillers, ...).

        Its alternatives are drawn, its placeholders filled. None when all templates are used.
        """
        templates = self.words.get(part) or []
        if isinstance(templates, dict):
            templates = templates.get("common", []) + templates.get(self.domain, [])
        template = self.fresh(templates)
        if template is None:
            return None
        text = expand(template, self.rng)
        if "{" in text:
            # the subject as it reads on its own: `the violin`
            category = registers()["nouns"][fact.category]
            subject = with_subject(category["mention"], fact.subject)
            text = one_full_stop(text.replace("{s}", subject).replace("{n}", category["noun"]))
        return capitalised(text)

    def tell(self, fact: Fact, may_shorten: bool) -> Segment:
        """A fact in a wording new to this document (or any, once all have been used)."""
        rng, relation = self.rng, self.relations[fact.relation]
        statement = self.fresh(relation.statements) or rng.choice(relation.statements)
        sentence = about(statement, fact.category, fact.subject)
        # now and then `the album` for its title
        if may_shorten and rng.random() < self.settings.short_reference:
            references = registers()["nouns"][fact.category]["references"]
            short = short_form(statement, fact.category) if references else None
            if short is not None:
                sentence = short.replace("{r}", rng.choice(references))
        sentence = with_object(sentence, fact.object)
        # now and then after a connective, in lower case unless it begins with a name
        if rng.random() < self.settings.connective and (connectives := self.words["connectives"]):
            connective = expand(rng.choice(connectives), rng)
            proper = statement.split(" ", 1)[0] in registers()["proper_first_words"]
            if not (statement[0] == "{" or proper):
                sentence = sentence[0].lower() + sentence[1:]
            return Segment(connective + sentence, "fact", fact.id)
        if not starts_with_name(statement, fact, relation):
            sentence = capitalised(sentence)
        return Segment(sentence, "fact", fact.id)

    def fill_up(self, facts: Sequence[Fact], may_shorten: bool) -> Segment:
        """A sentence without a fact, or one of the facts restated."""
        fact = self.rng.choice(facts)
        if self.rng.random() >= self.settings.restate:
            text = self.prose("fillers", fact)
            if text is not None:
                return Segment(text)
        return self.tell(fact, may_shorten)

    def sentences(self, facts: Sequence[Fact], one_subject: bool) -> list[Segment]:
        """As many facts as the budget allows, among sentences that fill up; a fact comes first.

        one_subject: the facts are about one subject, which later sentences may refer to.
        """
        rng, settings = self.rng, self.settings
        sentences: list[Segment] = []
        words = 0
        for fact in facts:
            sentence = self.tell(fact, may_shorten=one_subject and bool(sentences))
            if sentences and words + sentence.words > self.budget:
                break
            sentences.append(sentence)
            words += sentence.words
        # rounded at random, so that the share of filler is right on average
        share = min(settings.filler, LARGEST_FILLER)
        wanted = round(len(sentences) * share / (1 - share) + rng.random() - 0.5)
        while (wanted > 0 or words < settings.min_words) and words < self.budget:
            extra = self.fill_up(facts, one_subject)
            sentences.insert(rng.randint(1, len(sentences)), extra)
            words += extra.words
            wanted -= 1
        return sentences


def starts_with_name(statement: str, fact: Fact, relation: Relation) -> bool:
    """Whether the statement begins with a subject or object that keeps its own first letter."""
    if statement.startswith("{o}"):
        return relation.answer_type in NAMES
    return statement.startswith("{s}") and fact.category in registers()["named_categories"]
