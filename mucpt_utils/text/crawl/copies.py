"""Copies: exact ones, and edited ones that are still near duplicates."""

import re
from collections.abc import Sequence
from random import Random

from mucpt_utils.text.crawl.templates import flaw_wordings

# copies whose 5-grams of words have a lower Jaccard similarity are no longer near duplicates
NEAR_DUPLICATE_JACCARD = 0.8
SHINGLE = 5
SHORTEST_STRETCH = 12  # characters of text without a label that an edit may change
SENTENCE = re.compile(r"(?<=[ \n])[A-Z][^.!?\n]{8,}[.!?] ?")
WORD = re.compile(r"\b[a-z]{3,}\b")


def shingles(text: str) -> set[tuple[str, ...]]:
    """The 5-grams of case-folded words of a text; the text itself if it has fewer words."""
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}


def jaccard(one: set, other: set) -> float:
    """Jaccard similarity of two sets that are not both empty: shared members over all members."""
    return len(one & other) / len(one | other)


def copies(documents: Sequence[dict], exact: int, near: int, rng: Random) -> list[dict]:
    """`exact` and `near` copies of documents drawn at random, with replacement."""
    if not documents:
        return []
    made = [exact_copy(rng.choice(documents), number) for number in range(exact)]
    return made + [near_copy(rng.choice(documents), number, rng) for number in range(near)]


def exact_copy(document: dict, number: int) -> dict:
    """The same text under another id; `duplicate_of` names the original."""
    truth = document["metadata"]["truth"] | {"duplicate_of": document["id"]}
    metadata = {**document["metadata"], "truth": truth}
    return {**document, "id": f"{document['id']}-copy-{number}", "metadata": metadata}


def near_copy(document: dict, number: int, rng: Random) -> dict:
    """An edited copy whose Jaccard similarity to the original is at least NEAR_DUPLICATE_JACCARD.

    `truth.jaccard` is that similarity. Edits: a line before or after, a word changed in a sentence
    without facts, a sentence dropped.
    """
    before = shingles(document["text"])
    best = None
    for edit in rng.sample(EDITS, len(EDITS)):
        trial = edit(best or document, rng)
        overlap = jaccard(before, shingles(trial["text"]))
        if trial["text"] != document["text"] and overlap >= NEAR_DUPLICATE_JACCARD:
            best = trial
            if rng.random() < 0.4:
                break
    best = best or line_after(document, rng)
    truth = best["metadata"]["truth"] | {"duplicate_of": document["id"]}
    truth["jaccard"] = round(jaccard(before, shingles(best["text"])), 4)
    metadata = {**document["metadata"], "truth": truth}
    identity = f"{document['id']}-near-{number}"
    return {**document, "text": best["text"], "id": identity, "metadata": metadata}


def edited(document: dict, start: int, end: int, new: str) -> dict:
    """The document with text[start:end], which touches no span, replaced by `new`."""
    shift, spans = len(new) - (end - start), []
    truth = document["metadata"]["truth"]
    for span in truth["spans"]:
        by = shift if span["start"] >= end else 0
        spans.append(span | {"start": span["start"] + by, "end": span["end"] + by})
    text = document["text"][:start] + new + document["text"][end:]
    metadata = {**document["metadata"], "truth": truth | {"spans": spans}}
    return {**document, "text": text, "metadata": metadata}


def unlabelled(document: dict, pattern: re.Pattern) -> list[tuple[int, int]]:
    """Matches of the pattern that no span touches, as (start, end)."""
    position, matches = 0, []
    for span in [*document["metadata"]["truth"]["spans"], {"start": len(document["text"])}]:
        if span["start"] - position >= SHORTEST_STRETCH:
            stretch = document["text"][position : span["start"]]
            matches += [
                (position + match.start(), position + match.end())
                for match in pattern.finditer(stretch)
            ]
        position = max(position, span.get("end", position))
    return matches


def line_before(document: dict, rng: Random) -> dict:
    """The document with a line in front that says where it was taken from."""
    return edited(document, 0, 0, rng.choice(flaw_wordings()["near_duplicate"]["before"]) + "\n")


def line_after(document: dict, rng: Random) -> dict:
    """The document with such a line at its end."""
    end = len(document["text"])
    return edited(document, end, end, "\n" + rng.choice(flaw_wordings()["near_duplicate"]["after"]))


def drop_sentence(document: dict, rng: Random) -> dict:
    """The document without one sentence that tells nothing, if there is one."""
    sentences = unlabelled(document, SENTENCE)
    return edited(document, *rng.choice(sentences), "") if sentences else document


def change_word(document: dict, rng: Random) -> dict:
    """The document with one word of a sentence that tells nothing doubled, as typists do."""
    words = unlabelled(document, WORD)
    if not words:
        return document
    start, end = rng.choice(words)
    word = document["text"][start:end]
    return edited(document, start, end, rng.choice((f"{word} {word}", word.upper(), f"{word},")))


EDITS = (line_before, line_after, drop_sentence, change_word)
