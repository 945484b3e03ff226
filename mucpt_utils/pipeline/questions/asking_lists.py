"""Lists in which one question is asked of many: `Who wrote the words? (1) Cardillac (2) Lulu`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mucpt_utils.pipeline.questions.asking import Manner, Prompt, asking_rules

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
