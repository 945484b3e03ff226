"""Cleaning: encoding repair, junk lines, tracking codes, and datatrove's quality filters.

The filters are datatrove's, as Gopher, C4 and FineWeb meant them, with parameters fit for
documents of some dozen words, such as a metadata record. What is removed inside a document goes
through `edits`, so annotations by offset survive. The wording rules are data
(`quality_rules.yaml`), written from general knowledge of web pages.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

import ftfy
import yaml
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters import (
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.utils.text import TERMINAL_PUNCTUATION

from mucpt_utils import paths
from mucpt_utils.config.pipeline import QualitySettings
from mucpt_utils.pipeline.edits import Edit, apply_edits, line_edits
from mucpt_utils.pipeline.language import OtherLanguage

RULES = paths.PACKAGE / "pipeline/rules/cleaning.yaml"


# FineWeb's ends of a line, and the quotes, brackets and commas behind which verse and talk end
LINE_ENDS = (*sorted(TERMINAL_PUNCTUATION), *"\"'”’)]:;,-—")


def steps(settings: QualitySettings) -> list[PipelineStep]:
    """datatrove steps of the cleaning stage, in order."""
    return [
        *([RepairEncoding()] if settings.repair_encoding else []),
        *([RemoveTracking()] if settings.remove_tracking else []),
        JunkFilter(settings.junk_share, settings.remove_junk_lines),
        *([OtherLanguage()] if settings.other_languages else []),
        ProseGopherFilter(
            min_doc_words=settings.min_words,
            max_doc_words=settings.max_words,
            min_stop_words=settings.min_stop_words,
            max_non_alpha_words_ratio=settings.min_alphabetic_share,
            max_avg_word_length=12,
            max_bullet_lines_ratio=1.0,  # lists are welcome
            max_ellipsis_lines_ratio=None,  # a passage of prose may be a single line
        ),
        ProseFineWebFilter(
            line_punct_exclude_zero=True,  # verse and lists have no sentence at all
            stop_chars=LINE_ENDS,
            short_line_thr=1.0,
            char_duplicates_ratio=0.2,
            new_line_ratio=0.5,
        ),
        *([repetition_filter()] if settings.repetition else []),
    ]


def repetition_filter() -> GopherRepetitionFilter:
    """Gopher's repetition filter; a short document about one subject repeats its name a lot.

    Gopher's limits are for web pages of 50 words and more; in 60 words, a name of eight words
    said four times is half of the characters. Repeated lines keep Gopher's limits; repeated
    paragraphs count by their length alone, since a book on music says `[Music]` between many.
    """
    return GopherRepetitionFilter(
        dup_para_frac=None,
        top_n_grams=((2, 0.5), (3, 0.55), (4, 0.6)),
        dup_n_grams=((5, 0.65), (6, 0.62), (7, 0.59), (8, 0.56), (9, 0.53), (10, 0.5)),
    )


RECORD_LINE = re.compile(r"^\W*[A-Za-z][\w /()'-]{0,40}?\s*(?:->|[:=|\t])\s*\S", re.MULTILINE)


def is_record(text: str) -> bool:
    """Whether most lines have the form `Field: value`."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and sum(map(bool, map(RECORD_LINE.match, lines))) > len(lines) / 2


class _SparesRecords:
    """A filter for prose that lets records of `Field: value` lines pass."""

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        return True if is_record(doc.text) else super().filter(doc)


class ProseGopherFilter(_SparesRecords, GopherQualityFilter):
    """Gopher's quality rules, for prose."""


class ProseFineWebFilter(_SparesRecords, FineWebQualityFilter):
    """FineWeb's quality rules, for prose.

    FineWeb counts lines that end like a sentence; a passage with a list or a glossary behind its
    paragraphs has few of them, yet most of its words stand in sentences, and stays.
    """

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        found = super().filter(doc)
        few = isinstance(found, tuple) and found[1] == "line_punct_ratio"
        return True if few and share_in_sentences(doc.text) > 0.5 else found


LONG_LINE = 8  # words


def share_in_sentences(text: str) -> float:
    """Share of the words that stand in long lines which end like a sentence."""
    lines = [line.strip() for line in text.split("\n")]
    counted = [(len(line.split()), line.endswith(LINE_ENDS)) for line in lines]
    words = sum(count for count, _ in counted)
    inside = sum(count for count, ends in counted if ends and count >= LONG_LINE)
    return inside / words if words else 0.0


# --- encoding -----------------------------------------------------------------------------------


class RepairEncoding(PipelineStep):
    """Undoes mojibake with ftfy, as datatrove's FTFYFormatter has it set, line by line."""

    type = "✂️ - FORMAT"
    name = "😎 ftfy"

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            apply_edits(document, line_edits(document.text, repair_line))
            yield document


PLAIN = re.compile(r"[\t\n -%'-~]*")  # printable ASCII without & (HTML entities)


def repair_line(line: str) -> str:
    """One line with its encoding repaired; quotes, width and normal form are left alone."""
    return line if PLAIN.fullmatch(line) else ftfy.fix_text(line, config=_ftfy_config())


@cache
def _ftfy_config() -> ftfy.TextFixerConfig:
    return FTFYFormatter().config


# --- tracking codes -----------------------------------------------------------------------------

PARAMETER = (
    r"(?:utm_[a-z]+|fbclid|gclid|gclsrc|dclid|msclkid|mc_[ce]id|igshid|yclid|_hs(?:enc|mi)|_ga|_gl"
    r"|trk|tracking(?:_?id)?|track_?id|click_?id|aff(?:iliate)?_?(?:id|code)?|campaign_?id|cid"
    r"|session_?id|phpsessid|jsessionid|sid|visitor_?id|ref(?:_?id|_src|errer)?|src_?id|token)"
)
TRACKING = [
    # an address with a click's or session's identity is no reference: it goes as a whole
    re.compile(
        rf"\b(?:https?://|www\.)[^\s<>\"')\]]*[?&;]{PARAMETER}=[^\s<>\"')\]]*", re.IGNORECASE
    ),
    # pixels and slots of a page's template
    re.compile(
        r"<img\b[^>]*(?:\b(?:width|height)=[\"']?[01]\b|pixel|beacon|/px|track)[^>]*>",
        re.IGNORECASE,
    ),
    re.compile(r"\{\{[^{}\n]{0,80}\}\}|\{%[^{}\n]{0,80}%\}|\[\[?ad[_ -][^\]\n]{0,60}\]\]?"),
    # a parameter on its own, in brackets or not
    re.compile(
        rf"[\[(<{{]?[#?&]?\b{PARAMETER}\s*[=:#]\s*(?=[\w%.-]*\d)[\w%.-]{{4,}}"
        r"(?:&[\w.-]+=[\w%.-]*)*[\])>}]?",
        re.IGNORECASE,
    ),
    # parameters of any name whose value is a long code
    re.compile(
        r"(?<!\S)[#?&]?[A-Za-z_]\w{0,19}=(?=[\w-]*[\d_-])(?=[\w-]*[A-Za-z])[\w-]{16,}"
        r"(?:&[\w.-]+=[\w%.-]*)*"
    ),
    # identities of visits; an identifier without such a word may be one of a recording
    re.compile(
        r"\b(?:session|tracking|visitor|request|client|device|correlation|trace)[ _-]?"
        r"(?:id|key|token)?\s*[:=#]?\s*[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
        re.IGNORECASE,
    ),
    # hexadecimal and base-64 digests, with the name and the brackets around them
    re.compile(
        r"[\[(<{]?(?:\b(?:sha-?\d*|md5|hash|etag|crc|checksum|uid|guid|sid|id|ref|x-[a-z-]+)\s*[:=#]\s*)?"
        r"(?<![\w-])(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,}(?![\w-])[\])>}]?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![\w/+.-])(?=[\w/+-]*[a-z])(?=[\w/+-]*[A-Z])(?=(?:[\w/+-]*\d){3})"
        r"[A-Za-z0-9/+_-]{22,}={0,2}(?![\w/+.-])"
    ),
]


class RemoveTracking(PipelineStep):
    """Cuts tracking parameters, session ids and digests out of the text."""

    type = "✂️ - FORMAT"
    name = "🔗 tracking codes"

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            apply_edits(document, tracking_edits(document.text))
            yield document


def tracking_edits(text: str) -> list[Edit]:
    """Deletions of everything in `text` that only identifies a click, a session or a file."""
    found: list[tuple[int, int]] = []
    for pattern in TRACKING if CODE.search(text) else ():
        for match in pattern.finditer(text):
            span = _with_space(text, *match.span())
            if not _overlaps(span, found):
                found.append(span)
    return [Edit(start, end, "") for start, end in sorted(found)]


# every tracking code holds one of these
CODE = re.compile(r"[={]|<img|[0-9a-f]{8}|[\w/+-]{22}", re.IGNORECASE)


def _with_space(text: str, start: int, end: int) -> tuple[int, int]:
    """A deletion between two spaces takes one of them along."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (start - 1, end) if before == " " and after in ("", " ", "\n") else (start, end)


def _overlaps(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


# --- junk lines and documents -------------------------------------------------------------------


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
PIECE = re.compile(r"^[\s\d.\[\]]+|[\s\d.\[\]]+$")


class JunkFilter(BaseFilter):
    """Drops documents that are mostly boilerplate or spam and cuts junk lines out of the others.

    share: of words in junk, above which the document goes. cut: whether junk is cut out.
    """

    name = "🧹 boilerplate and spam"

    def __init__(self, share: float, cut: bool) -> None:
        super().__init__()
        self.share, self.cut = share, cut

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        segments = segment(doc.text)
        junk = [s for s in segments if s.kind]
        if not junk:
            return True
        words = {kind: _words(doc.text, junk, kind) for kind in ("boilerplate", "spam")}
        share = sum(words.values()) / max(1, len(doc.text.split()))
        if share > self.share:
            doc.metadata["filter_detail"] = {"junk_share": round(share, 3)}
            return False, max(words, key=words.get)
        if self.cut:
            apply_edits(doc, [Edit(s.start, s.end, "") for s in junk])
            apply_edits(doc, [Edit(*m.span(), "") for m in EDGES.finditer(doc.text)])
        return True


def segment(text: str) -> list[Segment]:
    """The lines of `text`, or their sentences where a line has several, each judged.

    A line of several sentences is junk as a whole when all of them are.
    """
    found = []
    signs = _present(text)
    for line in LINE.finditer(text):
        start, content = line.start(), line.group()
        whole = "boilerplate" if _navigation(content) else None
        sentences = [
            Segment(start + m.start(), start + m.end(), whole or junk_kind(m.group(), signs))
            for m in SENTENCE.finditer(content)
        ]
        sentences = _with_calls(text, sentences)
        if sentences and all(s.kind for s in sentences):
            end = _line_end(text, line.end())
            sentences[-1] = sentences[-1]._replace(end=end)
        found += sentences
    return found


CALL = re.compile(r"\W*\w+(?: \w+)?!+\s*")


def _with_calls(text: str, sentences: list[Segment]) -> list[Segment]:
    """The sentences, a call of one or two words ("Attention!") being spam like what follows it."""
    following = [*sentences[1:], None]
    return [
        s._replace(kind="spam")
        if after and after.kind == "spam" and not s.kind and CALL.fullmatch(text, s.start, s.end)
        else s
        for s, after in zip(sentences, following, strict=True)
    ]


@cache
def rules() -> dict:
    """The wording rules: by kind, (compiled pattern, weight); and the words of navigation."""
    content = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    compiled = {
        kind: [
            (re.compile(pattern, re.IGNORECASE if "[A-Z]{" not in pattern else 0), float(weight))
            for weight, patterns in content[kind].items()
            for pattern in patterns
        ]
        for kind in ("boilerplate", "spam")
    }
    return compiled | {"navigation": frozenset(content["navigation"])}


LONG_SENTENCE = 30  # words
Signs = dict[str, list[tuple[re.Pattern, float]]]


def _present(text: str) -> Signs:
    """The rules that any part of `text` can match: most match nothing, and are asked once only.

    A rule with an anchor is kept: an end of a sentence need not be an end of the text.
    """
    return {
        kind: [(p, w) for p, w in rules()[kind] if _may_match(p, text)]
        for kind in ("boilerplate", "spam")
    }


def _may_match(pattern: re.Pattern, text: str) -> bool:
    return "^" in pattern.pattern or "$" in pattern.pattern or bool(pattern.search(text))


def junk_kind(sentence: str, signs: Signs | None = None) -> str | None:
    """`boilerplate` or `spam` where the rules' weights reach 1 (2 in a long sentence), else None.

    signs: the rules to ask, all of them by default.
    """
    signs = signs or rules()
    weights = {
        kind: sum(weight for pattern, weight in signs[kind] if pattern.search(sentence))
        for kind in ("boilerplate", "spam")
    }
    if _navigation(sentence):
        return "boilerplate"
    kind = max(weights, key=weights.get)
    needed = 1 if len(sentence.split()) <= LONG_SENTENCE else 2
    return kind if weights[kind] >= needed else None


def _navigation(line: str) -> bool:
    """Short pieces between separators, two of which are all, or half, words of navigation."""
    pieces = [PIECE.sub("", piece).lower() for piece in SEPARATOR.split(line.strip())]
    pieces = [piece for piece in pieces if piece]
    short = sum(len(piece.split()) <= 4 for piece in pieces)
    known = sum(piece in rules()["navigation"] for piece in pieces)
    return known >= 2 and short == len(pieces) and known >= len(pieces) / 2


def _line_end(text: str, end: int) -> int:
    """The end of a line that goes as a whole takes the line break with it."""
    return end + 1 if text[end : end + 1] == "\n" else end


def _words(text: str, segments: Iterable[Segment], kind: str) -> int:
    return sum(len(text[s.start : s.end].split()) for s in segments if s.kind == kind)
