"""Damage to the letters of a text: OCR confusions, and UTF-8 decoded with a wrong encoding."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

import ftfy.bad_codecs  # noqa: F401  (registers sloppy-windows-1252, as browsers decode it)

from mucpt_utils.text.crawl.drafts import Draft
from mucpt_utils.text.render.segments import Segment

# how often UTF-8 text is wrongly decoded in each way: (decodings in turn, weight)
DECODINGS = (
    (("sloppy-windows-1252",), 0.6),
    (("latin-1",), 0.15),
    (("macroman",), 0.1),
    (("sloppy-windows-1252", "sloppy-windows-1252"), 0.15),
)
# pairs that OCR confuses; both directions happen on real scans
CONFUSIONS = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("li", "h"), ("vv", "w"), ("w", "vv"),
    ("l", "1"), ("I", "l"), ("O", "0"), ("0", "O"), ("1", "l"), ("e", "c"), ("c", "e"),
    ("h", "b"), ("S", "5"), ("5", "S"), ("B", "8"), ("8", "B"), ("a", "o"), ("u", "ii"), ("t", "f"),
    ("n", "u"), ("g", "q"), ("i", "j"),
)  # fmt: skip
WORD = re.compile(r"\S+")
NOT_ASCII = re.compile(r"([^\x00-\x7f]+)")

Mark = tuple[int, int, str, str]  # start, end, kind, subkind


def may_be_damaged(segment: Segment) -> bool:
    """Whether a segment is prose or states a fact; other flaws stay legible."""
    return segment.kind in (None, "fact", "wrong_fact")


def damaged(
    segment: Segment, text: str, marks: Iterable[Mark], kind: str, objects: Mapping[str, str]
) -> Segment:
    """The segment with damaged text; a fact that has lost its object is no longer a fact.

    objects: the object of each fact, by its id.
    """
    segment = replace(segment, text=text, marks=tuple(marks))
    value = segment.object or objects.get(segment.fact or "", "")
    if segment.kind in ("fact", "wrong_fact") and value.casefold() not in text.casefold():
        return replace(segment, kind=kind, marks=())
    return segment


def add_ocr_noise(draft: Draft, rng: Random, share: float, objects: Mapping[str, str]) -> None:
    """Confuse characters in `share` of the words (at least one), as OCR does."""
    while True:
        hits = 0
        for index, segment in enumerate(draft.segments):
            if may_be_damaged(segment):
                text, marks = confused(segment.text, rng, share)
                if marks:
                    draft.segments[index] = damaged(segment, text, marks, "noise", objects)
                    hits += len(marks)
        fitting = (
            may_be_damaged(segment) and any(old in segment.text for old, _ in CONFUSIONS)
            for segment in draft.segments
        )
        if hits or share >= 1 or not any(fitting):
            return
        # a small share may leave a short document unharmed: try again with a larger one
        share = min(1.0, share * 2 + 0.01)


def confused(text: str, rng: Random, share: float) -> tuple[str, list[Mark]]:
    """The text with one confusion in `share` of its words, and where the confusions are."""
    pieces: list[str] = []
    marks: list[Mark] = []
    position = length = 0
    for match in WORD.finditer(text):
        word = match[0]
        if rng.random() >= share:
            continue
        fitting = [pair for pair in CONFUSIONS if pair[0] in word]
        if not fitting:
            continue
        old, new = rng.choice(fitting)
        start = rng.choice([m.start() for m in re.finditer(re.escape(old), word)])
        word = word[:start] + new + word[start + len(old) :]
        pieces += [text[position : match.start()], word]
        length += match.start() - position
        marks.append((length, length + len(word), "noise", "ocr"))
        length += len(word)
        position = match.end()
    return "".join([*pieces, text[position:]]), marks


def add_mojibake(draft: Draft, rng: Random, objects: Mapping[str, str]) -> None:
    """Really decode the UTF-8 bytes of the text with a wrong encoding."""
    codecs = rng.choices([c for c, _ in DECODINGS], [w for _, w in DECODINGS])[0]
    if all(segment.text.isascii() for segment in draft.segments if may_be_damaged(segment)):
        make_typographic(draft.segments)
    for index, segment in enumerate(draft.segments):
        if may_be_damaged(segment) and not segment.text.isascii():
            text, marks = misread(segment.text, codecs)
            draft.segments[index] = damaged(segment, text, marks, "mojibake", objects)


def make_typographic(segments: list[Segment]) -> None:
    """Typographic apostrophes and dashes, else no-break spaces: mojibake needs non-ASCII."""
    has_changed = False
    for index, segment in enumerate(segments):
        if may_be_damaged(segment):
            text = segment.text.replace("'", "’").replace(" - ", " – ")
            has_changed |= text != segment.text
            segments[index] = replace(segment, text=text)
    if has_changed:
        return
    for index, segment in enumerate(segments):
        if may_be_damaged(segment) and " " in segment.text.strip():
            segments[index] = replace(segment, text=segment.text.replace(" ", "\u00a0", 1))


def misread(text: str, codecs: Sequence[str]) -> tuple[str, list[Mark]]:
    """The text with every run of non-ASCII characters misread, and where those runs are."""
    pieces: list[str] = []
    marks: list[Mark] = []
    length = 0
    for run in NOT_ASCII.split(text):
        if run and not run.isascii():
            for codec in codecs:
                run = run.encode("utf-8").decode(codec)
            marks.append((length, length + len(run), "mojibake", codecs[0]))
        pieces.append(run)
        length += len(run)
    return "".join(pieces), marks
