"""Lists in which one question is asked of many: `Who wrote the words? (1) Cardillac (2) Lulu`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mucpt_utils.pipeline.questions.asking import Manner, Prompt, asking_rules
from mucpt_utils.pipeline.questions.vocabulary import vocabulary
from mucpt_utils.pipeline.questions.words import FORM, raw_words, stem

# characters behind a question that may be its list, words of an item
LONGEST_LIST, LONGEST_ITEM = 1000, 14
MARK = re.compile(r"(?:^|(?<=[\s,;]))[(\[]?(?:[a-hA-H]|\d{1,2})[).:\]][ \t]")
# what asks for one of the items, which then are answers
CHOOSES = re.compile(
    r"\b(?:which|what) ones?\b"
    r"|\b(?:which|what|who|one|name) (?:\w+ ){0,2}of (?:these|those|them|the following)\b",
    re.IGNORECASE,
)
SEPARATOR = re.compile(r"[,;]\s")
EACH = re.compile(r"\beach\b", re.IGNORECASE)


def items_behind(prompt: Prompt) -> Iterator[Prompt]:
    """The marked items of a list, each with the question that stands before them.

    Behind a gap, or a question of which one, such items are answers.
    """
    is_of_all = prompt.manner is not Manner.GAP and not CHOOSES.search(prompt.text)
    if prompt.choices and is_of_all:
        listed = MARK.split(prompt.after[:LONGEST_LIST])[1:]
        yield from asked_one_by_one(prompt, prompt.text.strip(), listed, Manner.OPEN)


def items_inside(prompt: Prompt) -> Iterator[Prompt]:
    """The items behind a colon, each with what stands before it.

    All where each of them is asked about; those with a gap where the others are given.
    """
    head, _, rest = prompt.text.strip().partition(": ")
    listed = SEPARATOR.split(rest)
    if len(listed) > 1 and EACH.search(head):
        yield from asked_one_by_one(prompt, f"{head}:", listed, Manner.OPEN)
    elif len(listed) > 1 and prompt.manner is Manner.GAP:
        open_ones = [item for item in listed if asking_rules().blank.search(f"{item} ")]
        yield from asked_one_by_one(prompt, f"{head}:", open_ones, Manner.GAP)


# a row of a list whose answer is left open: `Night Ferry: ____`, `gralla ____`
ROW = re.compile(
    r"\W*(?P<item>\w[^?!:|]{0,120}?)(?:[ \t\"”’)]{0,9}[:|=→–—-]{1,3})?[ \t\"”’)]{1,9}__[\W_]*$"
)


def under_headings(prompts: Iterable[Prompt]) -> Iterator[Prompt]:
    """The prompts, each row with a gap behind the headings that may say what it asks.

    The next row, which stands behind it, is no answer.
    """
    for prompt in prompts:
        headings = [h for h in prompt.headings if is_heading(h)] if is_row(prompt) else []
        if not headings:
            yield prompt
        for heading in headings:
            text = f"{heading.strip()} for {prompt.text.strip()}"
            yield replace(prompt, text=text, before="", after="")


def is_heading(sentence: str) -> bool:
    """Whether a sentence has a word of a kind of answer or of a relation, and no gap itself."""
    rules = vocabulary()
    told = {stem(w) for w in raw_words(sentence) if not w.isdigit()}
    is_told = not (told.isdisjoint(rules.kinds_of) and told.isdisjoint(rules.concepts_of))
    return is_told and not asking_rules().blank.search(sentence)


def is_row(prompt: Prompt) -> bool:
    """Whether a prompt has no more than an item and a gap for what is asked about it."""
    row = ROW.match(prompt.text) if prompt.manner is Manner.GAP else None
    told = row["item"].split(None, LONGEST_ITEM) if row else []
    if not 0 < len(told) <= LONGEST_ITEM:
        return False
    return told[-1][:1].isupper() or stem(FORM[told[-1]]) not in vocabulary().empty


def asked_one_by_one(
    prompt: Prompt, head: str, listed: Iterable[str], manner: Manner
) -> Iterator[Prompt]:
    """A question for each of the items that are short enough for one.

    A small word stands between them: what ends the question says nothing of what the item is.
    """
    for item in listed:
        if 0 < len(item.split(None, LONGEST_ITEM)) <= LONGEST_ITEM:
            text = f"{head} for {item.strip()}"
            yield replace(prompt, text=text, manner=manner, before="", after="", choices=False)
