"""Which words of a rejected document triggered the rule that rejected it.

If a stage has noted them (`detail.triggers`), they are taken from there. Rules that count, such
as Gopher's, note nothing: what they counted is found again, for the few documents shown.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from mucpt_utils.pipeline.cleaning import LINE_ENDS
from mucpt_utils.pipeline.domain.classifier import REJECTED, Classifier

LOOKED_AT = 20_000  # characters of a document that are searched
MOST_WORDS = 12  # places of words that moved the classifier, at most
SHORT_LINE = 3  # words
WORD = re.compile(r"\S+")
LINE = re.compile(r"[^\n]*\S[^\n]*")
HASHES, ELLIPSIS = re.compile("#+"), re.compile(r"\.\.\.|…")
TOP_RUN, REPEATED_RUN = re.compile(r"top_(\d+)_gram"), re.compile(r"duplicated_(\d+)_n_grams")

Span = tuple[int, int]


def trigger_spans(row: Mapping, classifier: Classifier | None = None) -> list[Span]:
    """[start, end) of what triggered the reason of a rejected row; empty if nothing did.

    A text that is too short, or lacks something, has no triggers. classifier: the one that
    rejected it, to say which words moved it.
    """
    stated = stated_triggers(row["detail"])
    if stated:
        return stated
    text, reason = row["text"][:LOOKED_AT], row["reason"]
    if reason == REJECTED:
        return moving_words(text, classifier) if classifier else []
    if run := TOP_RUN.fullmatch(reason):
        return list(most_common_run(text, int(run[1])))
    if run := REPEATED_RUN.fullmatch(reason):
        return list(repeated_runs(text, int(run[1])))
    counted = COUNTED.get(reason)
    return list(counted(text)) if counted else []


def stated_triggers(detail: Mapping) -> list[Span]:
    """The parts that the stage itself has noted."""
    stated = detail.get("triggers", ())
    return [(int(start), int(end)) for start, end in stated]


def moving_words(text: str, classifier: Classifier) -> list[Span]:
    """The words that moved the classifier's probability most."""
    strongest = sorted(classifier.evidence(text), key=lambda e: -abs(e.weight))[:MOST_WORDS]
    return [evidence.span for evidence in strongest]


def repeated_lines(text: str) -> Iterator[Span]:
    """Lines that have occurred in the text before."""
    seen = set()
    for line in LINE.finditer(text):
        if line.group() in seen:
            yield line.span()
        seen.add(line.group())


def open_ends(text: str) -> Iterator[Span]:
    """The last words of lines that do not end like a sentence."""
    for line in LINE.finditer(text):
        if not line.group().rstrip().endswith(LINE_ENDS):
            *_, last = WORD.finditer(text, *line.span())
            yield last.span()


def short_lines(text: str) -> Iterator[Span]:
    """Lines of a few words."""
    lines = (m for m in LINE.finditer(text) if len(m.group().split()) <= SHORT_LINE)
    yield from (line.span() for line in lines)


def most_common_run(text: str, words: int) -> Iterator[Span]:
    """Every place of the most frequent run of `words` words."""
    tokens = list(WORD.finditer(text))
    runs = runs_of(tokens, words)
    if runs:
        most = Counter(runs).most_common(1)[0][0]
        yield from places(tokens, words, [i for i, run in enumerate(runs) if run == most])


def repeated_runs(text: str, words: int) -> Iterator[Span]:
    """Runs of `words` words that have occurred in the text before."""
    tokens, seen = list(WORD.finditer(text)), set()
    repeated = []
    for number, run in enumerate(runs_of(tokens, words)):
        if run in seen:
            repeated.append(number)
        seen.add(run)
    yield from places(tokens, words, repeated)


def runs_of(tokens: Sequence[re.Match], words: int) -> list[tuple[str, ...]]:
    """Every run of `words` words, in order."""
    texts = [token.group() for token in tokens]
    return list(zip(*(texts[i:] for i in range(words)), strict=False))


def places(tokens: Sequence[re.Match], words: int, numbers: Sequence[int]) -> Iterator[Span]:
    """The places of the runs that begin with these words. numbers: of the words."""
    yield from ((tokens[i].start(), tokens[i + words - 1].end()) for i in numbers)


def words_that(condition: Callable[[str], bool]) -> Callable[[str], Iterator[Span]]:
    """A finder of the words that meet a condition."""
    return lambda text: (m.span() for m in WORD.finditer(text) if condition(m.group()))


def signs(pattern: re.Pattern) -> Callable[[str], Iterator[Span]]:
    """A finder of the matches of a pattern."""
    return lambda text: (match.span() for match in pattern.finditer(text))


COUNTED: dict[str, Callable[[str], Iterator[Span]]] = {
    **dict.fromkeys(("dup_line_frac", "dup_line_char_frac", "char_dup_ratio"), repeated_lines),
    **dict.fromkeys(("dup_para_frac", "dup_para_char_frac"), repeated_lines),
    "line_punct_ratio": open_ends,
    **dict.fromkeys(("list_ratio", "short_line_ratio"), short_lines),
    "gopher_below_alpha_threshold": words_that(lambda word: not any(map(str.isalpha, word))),
    "gopher_below_avg_threshold": words_that(lambda word: len(word) < 3),
    "gopher_above_avg_threshold": words_that(lambda word: len(word) > 12),
    "gopher_too_many_hashes": signs(HASHES),
    "gopher_too_many_ellipsis": signs(ELLIPSIS),
}
