"""False facts: a sentence that gives a subject the object of another.

Most errors are each site's own: the false object is drawn anew for every sentence, so that the
truth keeps the majority. A rumour is one false object that every site spreading it states.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.crawl.sites import Site
from mucpt_utils.text.render.documents import document_rng
from mucpt_utils.text.render.segments import Segment
from mucpt_utils.text.render.wording import capitalised, with_article

DRAWS = 12  # attempts before all false objects are listed
RUMOUR = "rumour"  # subkind of a wrong fact whose object is the same wherever it is told


class FalseObjects:
    """Objects that a subject does not have: others of the same relation."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = {fact.id: fact for fact in facts}
        self.names: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.true: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fact in facts:
            names = {name.casefold() for name in (fact.object, *fact.aliases)}
            self.names[fact.relation, fact.object] |= names
            self.true[fact.relation, fact.subject] |= names
        self.pools: dict[str, list[str]] = defaultdict(list)
        for relation, value in sorted(self.names):
            self.pools[relation].append(value)

    def draw(self, fact: Fact, rng: Random) -> str | None:
        """A false object for the fact, drawn anew each time; None if there is none."""
        pool = self.pools[fact.relation]
        for _ in range(DRAWS):
            candidate = rng.choice(pool)
            if self.is_false(candidate, fact):
                return candidate
        others = [value for value in pool if self.is_false(value, fact)]
        return rng.choice(others) if others else None

    def rumour(self, fact: Fact, seed: int) -> str | None:
        """The one false object that the rumour about the fact states; None if there is none."""
        return self.draw(fact, document_rng(seed, "rumour", fact.id))

    def is_false(self, candidate: str, fact: Fact) -> bool:
        """Whether no name of the candidate equals, contains or is part of a true object's name."""
        return not any(
            name in true or true in name
            for name in self.names[fact.relation, candidate]
            for true in self.true[fact.relation, fact.subject]
        )


def make_wrong(segment: Segment, fact: Fact, value: str) -> Segment | None:
    """The fact sentence with a false object; None unless the object occurs exactly once."""
    # the object as words of its own, with its article if it takes one
    article = "(?:[Tt]he )?" if with_article(fact.object) != fact.object else ""
    pattern = rf"(?<!\w){article}{re.escape(fact.object)}(?!\w)"
    matches = list(re.finditer(pattern, segment.text, re.IGNORECASE))
    if len(matches) != 1:
        return None
    start, end = matches[0].span()
    # a sentence needs its article and a capital at its start; the field of a record neither
    is_sentence = segment.text[-1] in ".!?"
    shown = with_article(value) if is_sentence else value
    shown = capitalised(shown) if start == 0 else shown
    text = segment.text[:start] + shown + segment.text[end:]
    return replace(segment, text=text, kind="wrong_fact", object=value)


def add_wrong_facts(
    draft: Draft, rng: Random, site: Site, false_objects: FalseObjects, seed: int
) -> None:
    """Give the site's share of the fact sentences a false object, a rumour at the site's rate."""
    for index, segment in enumerate(draft.segments):
        if segment.kind != "fact" or rng.random() >= site.wrong:
            continue
        fact = false_objects.facts.get(segment.fact or "")
        if fact is None:
            continue
        is_rumour = rng.random() < site.rumours
        value = false_objects.rumour(fact, seed) if is_rumour else false_objects.draw(fact, rng)
        wrong = make_wrong(segment, fact, value) if value else None
        if wrong is not None:
            wrong = replace(wrong, subkind=RUMOUR) if is_rumour else wrong
            draft.segments[index] = wrong
