"""Junk in a text: lines and sentences of boilerplate and spam, found by weighed wording rules.

The rules are data (`rules/cleaning.yaml`), written from general knowledge of web pages.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils import paths
from mucpt_utils.io import read_yaml
from mucpt_utils.pipeline.edits import Edit, apply_edits

RULES = paths.PACKAGE / "pipeline/rules/cleaning.yaml"
KINDS = ("boilerplate", "spam")
Rules = Mapping[str, list[tuple[re.Pattern, float]]]


class Segment(NamedTuple):
    """A line or sentence of a text with what it is: `boilerplate`, `spam` or None."""

    start: int
    end: int
    kind: str | None


LINE = re.compile(r"[^\n]+")
# a sentence ends at its mark, not behind initials and short titles, or behind an address
SENTENCE = re.compile(
    r".+?(?:(?<!\b[A-Z])(?<!\b[A-Z][a-z])(?<!\b[A-Z][a-z]{2})[.!?]+[\"'”’)\]]*(?=\s)"
    r"|(?<=\w)\.(?:[a-z]{2,10})/\S*(?=\s+[A-Z])|$)\s*",
    re.DOTALL,
)
EDGES = re.compile(r"\A\s+|\s+\Z")
SEPARATOR = re.compile(r"\s*(?:[|»›·•>:]|::| / | – | - )\s*")
PIECE_ENDS = re.compile(r"^[\s\d.\[\]]+|[\s\d.\[\]]+$")
CALL = re.compile(r"\W*\w+(?: \w+)?!+\s*")
LONG_SENTENCE = 30  # words


class JunkFilter(BaseFilter):
    """Drops documents that are mostly boilerplate or spam and cuts junk lines out of the others.

    share: of words in junk, above which the document goes. cut: whether junk is cut out.
    """

    name = "🧹 boilerplate and spam"

    def __init__(self, share: float, cut: bool) -> None:
        super().__init__()
        self.share, self.cut = share, cut

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        junk = [s for s in segment(doc.text) if s.kind]
        if not junk:
            return True
        words = dict.fromkeys(KINDS, 0)
        for start, end, kind in junk:
            words[str(kind)] += len(doc.text[start:end].split())
        share = sum(words.values()) / max(1, len(doc.text.split()))
        if share > self.share:
            doc.metadata["filter_detail"] = {"junk_share": round(share, 3)}
            return False, max(KINDS, key=lambda kind: words[kind])
        if self.cut:
            apply_edits(doc, [Edit(s.start, s.end, "") for s in junk])
            apply_edits(doc, [Edit(*m.span(), "") for m in EDGES.finditer(doc.text)])
        return True


def segment(text: str) -> list[Segment]:
    """The lines of `text`, or their sentences where a line has several, each judged.

    Segments are in order and do not overlap. A line of several sentences is junk as a whole, with
    its line break, when all of them are.
    """
    segments: list[Segment] = []
    rules_here = possible_rules(text)
    for line in LINE.finditer(text):
        # a line of navigation is junk whatever its pieces say
        whole = "boilerplate" if is_navigation(line.group()) else None
        sentences = []
        for match in SENTENCE.finditer(line.group()):
            start, end = line.start() + match.start(), line.start() + match.end()
            sentences.append(Segment(start, end, whole or junk_kind(match.group(), rules_here)))
        # a call of one or two words ("Attention!") is spam like what follows it
        for number, (sentence, following) in enumerate(pairwise(sentences)):
            is_call = CALL.fullmatch(text, sentence.start, sentence.end)
            if following.kind == "spam" and not sentence.kind and is_call:
                sentences[number] = sentence._replace(kind="spam")
        # the end of a line that goes as a whole takes the line break with it
        if sentences and all(s.kind for s in sentences) and text[line.end() : line.end() + 1]:
            sentences[-1] = sentences[-1]._replace(end=line.end() + 1)
        segments += sentences
    return segments


def junk_kind(sentence: str, asked: Rules | None = None) -> str | None:
    """`boilerplate` or `spam` where the rules' weights reach 1 (2 in a long sentence), else None.

    asked: the rules to ask, all of them by default.
    """
    if is_navigation(sentence):
        return "boilerplate"
    asked = asked or rules()
    weights = {
        kind: sum(weight for pattern, weight in asked[kind] if pattern.search(sentence))
        for kind in KINDS
    }
    kind = max(KINDS, key=lambda kind: weights[kind])
    needed = 1 if len(sentence.split()) <= LONG_SENTENCE else 2
    return kind if weights[kind] >= needed else None


def is_navigation(line: str) -> bool:
    """Short pieces between separators, two of which are all, or half, words of navigation."""
    pieces = [PIECE_ENDS.sub("", piece).lower() for piece in SEPARATOR.split(line.strip())]
    pieces = [piece for piece in pieces if piece]
    are_short = all(len(piece.split()) <= 4 for piece in pieces)
    words = sum(piece in navigation() for piece in pieces)
    return words >= 2 and are_short and words >= len(pieces) / 2


@cache
def rules() -> Rules:
    """The wording rules: by kind, (compiled pattern, weight)."""
    content = read_yaml(RULES)
    return {
        kind: [
            (re.compile(pattern, re.IGNORECASE if "[A-Z]{" not in pattern else 0), float(weight))
            for weight, patterns in content[kind].items()
            for pattern in patterns
        ]
        for kind in KINDS
    }


@cache
def navigation() -> frozenset[str]:
    """Words of a page's navigation."""
    return frozenset(read_yaml(RULES)["navigation"])


def possible_rules(text: str) -> Rules:
    """The rules that any part of `text` can match: most match nothing, and are asked once only.

    A rule with an anchor is kept: an end of a sentence need not be an end of the text.
    """

    def may_match(pattern: re.Pattern) -> bool:
        has_anchor = "^" in pattern.pattern or "$" in pattern.pattern
        return has_anchor or bool(pattern.search(text))

    return {kind: [(p, w) for p, w in rules()[kind] if may_match(p)] for kind in KINDS}
