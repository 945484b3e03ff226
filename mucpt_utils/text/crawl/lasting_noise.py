"""Noise that cleaning leaves: plain sentences that say nothing about the subject.

Digressions, machine-made filler, lists of names, boilerplate in other words, and wrong claims that
are quoted only to be denied. No rule about form finds them, so they stay in the training text.
"""

from random import Random

from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.crawl.false_facts import FalseObjects
from mucpt_utils.text.crawl.templates import flaw_wordings, write
from mucpt_utils.text.render.segments import Segment

DENIAL = "denial"
MOST = 3  # such sentences in one document


def lasting_kinds() -> tuple[str, ...]:
    """The subkinds of noise that cleaning leaves, as the labels name them."""
    return tuple(flaw_wordings()["lasting_noise"])


def add_lasting_noise(draft: Draft, rng: Random, false_objects: FalseObjects) -> None:
    """Insert one to three such sentences, each of a kind drawn at random."""
    for kind in rng.choices(lasting_kinds(), k=rng.randint(1, MOST)):
        template = rng.choice(flaw_wordings()["lasting_noise"][kind])
        values = {}
        if kind == DENIAL:
            denied = _denied(draft, rng, false_objects)
            if denied is None:
                continue
            values = denied
        draft.insert([Segment(write(template, rng, **values), "noise", subkind=kind)], rng)


def _denied(draft: Draft, rng: Random, false_objects: FalseObjects) -> dict[str, str] | None:
    """A subject of the document and an object that it does not have; None if there is none."""
    told = [false_objects.facts[s.fact] for s in draft.segments if s.fact in false_objects.facts]
    if not told:
        return None
    fact = rng.choice(told)
    value = false_objects.draw(fact, rng)
    return {"subject": fact.subject, "wrong": value} if value else None
