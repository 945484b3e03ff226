"""Partly musical works, split by article or chapter, each section with a label of its own.

A library labels such a book `mixed`. The shipped classifier judges each of its sections as a whole;
one that is neither clearly about music nor clearly about something else teaches nothing and is left
out.
"""

import regex

from mucpt_utils.pipeline.domain.shipped import shipped_classifier
from mucpt_utils.pipeline.domain.training import Example
from mucpt_utils.text.sources.passages import passages as cut_passages

# an article of an encyclopaedia opens in capitals; a chapter has a number or a title
ARTICLE = regex.compile(r"\p{Lu}[\p{Lu}'’-]+(?: \p{Lu}[\p{Lu}'’-]*)* ?[,(\[]")
CHAPTER = regex.compile(
    r"(?:CHAPTER|BOOK|PART|LETTER|ESSAY)\b|[IVXLC]+(?:\.|--|$)|=+ .{1,80} =+$", regex.IGNORECASE
)
LONGEST_HEADING = 12  # words
SURE, SURELY_NOT = 0.8, 0.2


def sections(passages: list[str]) -> list[list[str]]:
    """The paragraphs of a work, section by section; a section begins with its heading."""
    cut: list[list[str]] = [[]]
    for passage in passages:
        for paragraph in passage.split("\n\n"):
            if is_heading(paragraph.strip()) and cut[-1]:
                cut.append([])
            cut[-1].append(paragraph)
    return [section for section in cut if section]


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph begins an article, or is the heading of a chapter."""
    if ARTICLE.match(paragraph):
        return True
    is_short = len(paragraph.split()) <= LONGEST_HEADING
    return is_short and CHAPTER.match(paragraph) is not None


def labelled_sections(passages: list[str], work: str, source: str) -> list[Example]:
    """Passages from those sections of a mixed work that are surely about music or surely not."""
    examples = []
    for number, section in enumerate(sections(passages)):
        texts = [paragraph for paragraph in section if paragraph.strip()]
        (probability,) = shipped_classifier().probabilities([" ".join(texts)]).tolist()
        if probability >= SURE or probability <= SURELY_NOT:
            label, group = probability >= SURE, f"{work}, section {number}"
            cut = cut_passages("\n\n".join(texts))
            examples += [Example(text, label, group, source) for text in cut]
    return examples
