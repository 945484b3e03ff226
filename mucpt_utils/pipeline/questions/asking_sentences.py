"""The sentences of a text that may ask: lines are sentences unless they are wrapped."""

import re
from collections.abc import Sequence

END = re.compile(
    r"[.?…]+[!.?…]*[\"'”’»)\]*_]*(?=[\s|]|$)|!+[!.?…]*[\"'”’»)\]*_]*(?=[|]|\s+[^a-z\s]|\s*$)"
    r"|\?[\"'”’)\]]*(?=[,;}])|\n|\t+"
    # the next cell of a row, the next turn of a chat
    r"|,(?=\"\w)|<\|?/?\w{2,20}\|?>|\[/?INST\]"
)
# words whose full stop does not end a sentence
ABBREVIATION = re.compile(
    r"(?:\b[A-Z]|\b(?:No|Nos|Nr|Vol|Op|Mr|Mrs|Ms|Dr|St|Jr|Sr|feat|ft|vs|Pt|Hob|Ste|Prof|aug|dim|maj|perf|symph|Capt|Sgt))$",
    re.IGNORECASE,
)
LONGEST_ABBREVIATION = 6
# a mark that belongs to a title inside a sentence: `the album Where Do We Go? released`
TITLE_GOES_ON = re.compile(r"(?<!\w)[A-Z]\w*(?:\?|\.{3,}|…)[\"”’)*_]* [a-z]$")
LONGEST_WORD = 20
# dots between two parts of one sentence, unless they stand for its end: `was born in ...`
GOES_ON = re.compile(r"(?:\.{2,}|…)[ ]{1,2}(?!wh|how)(?:[a-z]{2}|i )")
BEFORE_GAP = re.compile(
    r"\b(?:in|on|by|from|at|of|is|was|are|were|called|named|to|as|the|year|for|with)$",
    re.IGNORECASE,
)
# a line of this length is wrapped if the next one continues its sentence
WRAPPED_WIDTH = 40
NEW_ITEM = re.compile(
    r"[ \t]*(?:[-*•>#|]|\d+[.):]|[(]?[A-Za-z][).:]|[A-Za-z][\w ]{0,20}:\s|\n|$"
    # the answer has a line of its own
    r"|(?i:(?:correct |best |right )?(?:answers?|ans|reply|solution)\b))"
)
# a short row with a gap, behind the heading of a list or another such row
GAP_ROW = re.compile(r"\w[^\n.,]{0,40}[ \t:|-]__+[ \t.]{0,3}(?:\n|$)")
ROW_END = re.compile(r"(?::|__) ?$")


def split_sentences(text: str) -> list[str]:
    """Sentences of `text` with their end marks; lines are sentences unless they are wrapped."""
    return without_bare_ends(cut_at_ends(text))


def cut_at_ends(text: str) -> list[str]:
    """All of `text`, cut behind the ends of sentences; between them there may be bare line ends."""
    sentences, start, line = [], 0, 0
    for match in END.finditer(text):
        if match.group() == "\n":
            is_end = not (
                is_wrapped(text, line, match.start(), match.end())
                or goes_on_asking(text, start, match.end())
            )
            line = match.end()
        else:
            is_end = match.group()[0] in "\t,<[" or not is_inside(text, match)
        if is_end:
            sentences.append(text[start : match.end()])
            start = match.end()
    return [*sentences, text[start:]]


def without_bare_ends(pieces: Sequence[str]) -> list[str]:
    """The sentences among the pieces of `cut_at_ends`."""
    return [piece for piece in pieces if piece.strip()]


def last_of_paragraphs(pieces: Sequence[str]) -> frozenset[str]:
    """The sentences that a blank line follows. pieces: those of `cut_at_ends`."""
    last, sentence, gap = set(), "", ""
    for piece in pieces:
        bare = piece.lstrip()
        gap += piece[: len(piece) - len(bare)]
        if not bare:
            continue
        if gap.count("\n") > 1:
            last.add(sentence)
        sentence, gap = piece, piece[len(piece.rstrip()) :]
    return frozenset(last)


def is_inside(text: str, match: re.Match) -> bool:
    """Whether an end mark ends nothing: it is a word (the band !!!), or an abbreviation's."""
    start, mark = match.start(), match.group()
    if text[start - 1 : start].isspace() and "_" not in text[start : match.end()]:
        return True
    goes_on = text[match.end() : match.end() + 1] == " "
    if goes_on and TITLE_GOES_ON.search(text[max(0, start - LONGEST_WORD) : match.end() + 2]):
        return True
    only_stops = "?" not in mark and "!" not in mark
    if (
        only_stops
        and GOES_ON.match(text, start)
        and not BEFORE_GAP.search(text[max(0, start - LONGEST_WORD) : start])
    ):
        return True
    return only_stops and bool(
        ABBREVIATION.search(text[max(0, start - LONGEST_ABBREVIATION) : start])
    )


def is_wrapped(text: str, line: int, end: int, following: int) -> bool:
    """Whether a line feed is inside a sentence.

    line: where the line begins. end, following: where it ends and the next one begins.
    """
    if end - line > 2 * WRAPPED_WIDTH * 4 or NEW_ITEM.match(text, following):
        return False
    if ROW_END.search(text, max(line, end - 3), end) and GAP_ROW.match(text, following):
        return False
    first = text[following : following + 60].lstrip()[:1]
    return first.islower() or (end - line >= WRAPPED_WIDTH and text[end - 1 : end] not in ".?!:)")


OPENING = re.compile(r"\W{0,20}(?:[A-Za-z]+ ){0,2}?(?:wh|how)", re.IGNORECASE)
REST_OF_QUESTION = re.compile(r"(?:[^\n.?!:]|\n(?!\s{0,80}\n)|\.(?=\S)){1,160}\?")


def goes_on_asking(text: str, start: int, following: int) -> bool:
    """Whether a sentence that begins as a question has its mark in one of the next lines."""
    return (
        OPENING.match(text, start) is not None
        and NEW_ITEM.match(text, following) is None
        and REST_OF_QUESTION.match(text, following) is not None
    )
