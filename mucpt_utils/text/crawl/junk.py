"""Junk inside documents, and whole documents of it: navigation, advertising, tracking codes."""

from random import Random

from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.crawl.templates import flaw_wordings, write
from mucpt_utils.text.render.documents import describe, document_rng, make_document
from mucpt_utils.text.render.segments import Segment


def add_boilerplate(draft: Draft, rng: Random) -> None:
    """One or two lines of navigation, cookie banner or footer, before and after the text."""
    for part in rng.choice((("start",), ("end",), ("start", "end"), ("end", "end"))):
        template = rng.choice(flaw_wordings()["boilerplate"][part])
        line = Segment(write(template, rng), "boilerplate")
        if part == "start":
            draft.segments[:0] = [line, Segment("\n")]
        else:
            draft.segments += [Segment("\n"), line]


def add_spam(draft: Draft, rng: Random) -> None:
    """One or two sentences of advertising between the sentences."""
    for template in rng.sample(flaw_wordings()["spam"], rng.randint(1, 2)):
        draft.insert([Segment(write(template, rng), "spam")], rng)


def add_tracking(draft: Draft, rng: Random) -> None:
    """One to three tracking links, hashes or session ids between the sentences."""
    for template in rng.sample(flaw_wordings()["tracking"], rng.randint(1, 3)):
        draft.insert([Segment(write(template, rng), "noise", subkind="tracking")], rng)


def junk_document(kind: str, number: int, seed: int) -> dict:
    """A document of nothing but `spam` sentences or `boilerplate` lines, as `kind` says."""
    rng, wordings = document_rng(seed, kind, number), flaw_wordings()
    if kind == "spam":
        templates = rng.sample(wordings["spam"], rng.randint(4, 7))
    else:
        start, end = wordings["boilerplate"]["start"], wordings["boilerplate"]["end"]
        templates = rng.sample(start, rng.randint(4, 7)) + rng.sample(end, rng.randint(4, 8))
    segments = []
    for template in templates:
        gap = rng.choice((" ", "\n")) if kind == "spam" else "\n"
        segments += [Segment(write(template, rng), kind), Segment(gap)]
    metadata = describe("web", rng.choice(wordings["sites"]), rng)
    return make_document(f"{kind}-{seed}-{number:06d}", segments[:-1], metadata, False, kind)
