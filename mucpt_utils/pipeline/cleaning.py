"""Cleaning: encoding repair, junk lines, tracking codes, and datatrove's quality filters.

The filters are datatrove's, after Gopher, C4 and FineWeb, with parameters that suit
documents of a few dozen words, such as metadata records. What is removed inside a document goes
through `edits`, so annotations by offset survive.
"""

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import ftfy
import re2
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters import (
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import FTFYFormatter
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION, split_into_words

from mucpt_utils.config.pipeline import QualitySettings
from mucpt_utils.pipeline.edits import Edit, apply_edits, line_edits
from mucpt_utils.pipeline.junk import JunkFilter
from mucpt_utils.pipeline.language import OtherLanguage, english_words
from mucpt_utils.pipeline.personal_data.links import is_words
from mucpt_utils.pipeline.questions.canaries import Canaries
from mucpt_utils.pipeline.word_tokens import NoWords, english_tokenizer
from mucpt_utils.text.sources.base import plain_lines
from mucpt_utils.text.sources.passages import has_columns

# FineWeb's ends of a line, and the quotes, brackets and commas that end lines of verse and talk
LINE_ENDS = (*sorted(TERMINAL_PUNCTUATION), *"\"'”’)]:;,-—")


def steps(settings: QualitySettings, canaries: Iterable[str] = ()) -> list[PipelineStep]:
    """datatrove steps of the cleaning stage, in order. canaries: see `CutCodes`."""
    return [
        *([RepairEncoding()] if settings.repair_encoding else []),
        *([CutCodes(canaries)] if settings.remove_tracking else []),
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
            language=english_tokenizer(),
        ),
        ProseFineWebFilter(
            line_punct_exclude_zero=True,  # verse and lists have no sentences at all
            stop_chars=LINE_ENDS,
            short_line_thr=1.0,
            char_duplicates_ratio=0.2,
            new_line_ratio=0.5,
            language=english_tokenizer(),
        ),
        *([repetition_filter()] if settings.repetition else []),
    ]


def repetition_filter() -> "ProseRepetitionFilter":
    """Gopher's repetition filter, for short documents, which repeat the name of their subject.

    Gopher's limits are for web pages of 50 words and more; in 60 words, a name of eight words
    that occurs four times is half of the characters. Repeated lines keep Gopher's limits; repeated
    paragraphs count by their length alone, since a book on music says `[Music]` between many.
    """
    return ProseRepetitionFilter(
        dup_para_frac=None,
        top_n_grams=((2, 0.5), (3, 0.55), (4, 0.6)),
        dup_n_grams=((5, 0.65), (6, 0.62), (7, 0.59), (8, 0.56), (9, 0.53), (10, 0.5)),
        language=english_tokenizer(),
    )


RECORD_LINE = re.compile(r"^\W*[A-Za-z][\w /()'-]{0,40}?\s*(?:->|[:=|\t])\s*\S", re.MULTILINE)


def is_record(text: str) -> bool:
    """Whether most lines have the form `Field: value`."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 and sum(map(bool, map(RECORD_LINE.match, lines))) > len(lines) / 2


# a line that says what is here in the book, or divides it: `[Illustration]`, `* * *`
MARK_LINE = re.compile(
    r"^[ \t]*(?:\[[^\[\]\n]{0,60}\][ \t]*|[*_=~.|+-][*_=~.|+ \t-]*)$\n?", re.MULTILINE
)
SHARP = re.compile(r"\b([A-Ga-g])#")  # a note, where Gopher counts hashes
LONG_WORD, PIECE = re.compile(r"\S{100}"), re.compile(r"\S{40}")


@lru_cache(1)  # all filters see a document before the next one comes
def readable(text: str) -> str:
    """The part of a text that the quality filters count.

    Lines that are only marks are left out, unless there is nothing else; a line of white space is
    blank, as in what readers give, since repairs may leave one. Words of 100 characters and more
    are cut, since the tokenizer's time grows with the square of their length. Sharps are no hashes.
    """
    text = SHARP.sub("\\1♯", text) if "#" in text else text
    text = plain_lines(text).strip("\n") if "\n" in text else text
    without_marks = MARK_LINE.sub("", text) if "[" in text or "\n" in text else text
    text = without_marks if without_marks.strip() else text
    return PIECE.sub(r"\g<0> ", text) if LONG_WORD.search(text) else text


def viewed(document: Document) -> Document:
    """The document as the quality filters see it."""
    return Document(readable(document.text), document.id, metadata=document.metadata)


class ProseRepetitionFilter(GopherRepetitionFilter):
    """Gopher's repetition rules, without counting marks such as `[Illustration]`.

    Runs of words are counted only if a bound shows that they may reach a limit.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lines_only = GopherRepetitionFilter(
            **options | {"top_n_grams": (), "dup_n_grams": (), "language": NoWords(None)}
        )

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        seen = viewed(doc)
        if seen.text and self.may_repeat(seen.text):
            return super().filter(seen)
        return self.lines_only.filter(seen)

    def may_repeat(self, text: str) -> bool:
        """Whether any run of words may take up enough of a text to reach its limit.

        All occurrences of a run are no longer than all occurrences of its words; and what is
        repeated consists of words that occur more than once.
        """
        counts = word_counts(text)
        most = max(counts.values(), default=0)
        longest = max((len(word) * count for word, count in counts.items()), default=0)
        repeated = sum(len(word) * count for word, count in counts.items() if count > 1)
        tops = (n * longest + (n - 1) * most > share * len(text) for n, share in self.top_n_grams)
        return any(tops) or any(repeated > share * len(text) for _, share in self.dup_n_grams)


# names of notes and chords, degrees, initials, figures, syllables for notes: short as they are,
# each stands for a word
STANDS_FOR = 4  # letters
NOTATION = re.compile(
    r"[A-Ga-g](?:maj|min|dim|aug|sus|add|[mM+°øΔ/#♯b♭A-G]|\d)*|[ivIVXL]+\d*|[A-Z]\.|[\d.,:/–-]+"
    r"|do|re|mi|fa|sol?|la|[ts]i|ut",
)


class ProseGopherFilter(GopherQualityFilter):
    """Gopher's quality rules, for prose; records of `Field: value` lines pass.

    Gopher requires function words, of which it knows eight, in lower case. Here only sentences need
    them, in upper or lower case, and more of them are known. In its average length of words, notes
    and figures have four letters at least.
    """

    def __init__(self, min_avg_word_length: float = 3, **options: Any) -> None:
        super().__init__(min_avg_word_length=None, **options)
        self.least_average = min_avg_word_length

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if is_record(doc.text) or self.surely_passes(readable(doc.text)):
            return True
        verdict = super().filter(viewed(doc))
        reason = verdict[1] if isinstance(verdict, tuple) else ""
        if reason not in ("gopher_short_doc", "gopher_long_doc") and self.has_short_words(doc.text):
            return False, "gopher_below_avg_threshold"
        has_none = reason == "gopher_enough_stop_words"
        return True if has_none and not lacks_function_words(doc.text) else verdict

    def has_short_words(self, text: str) -> bool:
        """Whether the words of a text are too short on average."""
        words = letters = 0
        for word, count in word_counts(readable(text)).items():
            if not PUNCTUATION_SET.issuperset(word):
                length = max(len(word), STANDS_FOR if NOTATION.fullmatch(word) else 0)
                words, letters = words + count, letters + length * count
        return letters < self.least_average * words

    def surely_passes(self, text: str) -> bool:
        """Whether Gopher's rules surely hold, from distinct words alone, as for most texts."""
        counts = word_counts(text)
        read = {w: n for w, n in counts.items() if not PUNCTUATION_SET.issuperset(w)}
        words, total = sum(read.values()), sum(counts.values())
        letters = sum(len(word) * n for word, n in read.items())
        alphabetic = sum(n for w, n in read.items() if w.isalpha() or any(map(str.isalpha, w)))
        signs = max(text.count("#"), text.count("...") + text.count("…"))
        return (
            0 < self.min_doc_words <= words <= self.max_doc_words
            and self.least_average * words <= letters <= self.max_avg_word_length * words
            and signs <= self.max_symbol_word_ratio * total
            and self.max_bullet_lines_ratio >= 1  # otherwise the lines would have to be counted
            and self.max_ellipsis_lines_ratio is None
            and alphabetic >= self.max_non_alpha_words_ratio * total
            and len(self.stop_words.intersection(counts)) >= self.min_stop_words
        )


@lru_cache(1)  # for the filters that see a document one after the other
def word_counts(text: str) -> Counter[str]:
    """How often each word occurs in a text."""
    return Counter(split_into_words(text, english_tokenizer()))


LISTED = 0.3  # share of the words with a capital or a digit in a list of names or works
VERSE_LINE = 10  # words


def lacks_function_words(text: str) -> bool:
    """Whether a text has the form of sentences but not a single English function word.

    Lists, tables and verse are no sentences: they hold names and numbers, or many short lines.
    """
    words = text.split()
    if english_words(text):
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    has_short_lines = len(lines) > 2 and len(words) <= VERSE_LINE * len(lines)
    marked = sum(word[0].isupper() or any(map(str.isdigit, word)) for word in words)
    return not has_short_lines and marked < LISTED * len(words)


class ProseFineWebFilter(FineWebQualityFilter):
    """FineWeb's quality rules, for prose; records of `Field: value` lines pass.

    What makes a text a list are lines with words; blank lines between them say nothing. FineWeb
    counts lines that end like a sentence; a table has none, and a passage with a list after its
    paragraphs has few of them, but stays, since most of its words are in sentences.
    """

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if is_record(doc.text):
            return True
        verdict = super().filter(viewed(doc))
        reason = verdict[1] if isinstance(verdict, tuple) else ""
        if reason == "line_punct_ratio":
            lines = [line for line in doc.text.split("\n") if line.strip()]
            return share_in_sentences(doc.text) > 0.5 or has_columns(lines) or verdict
        if reason == "list_ratio":  # the last of FineWeb's rules, so that no other is left out
            return line_ends_per_word(doc.text) <= self.new_line_ratio or verdict
        return verdict


def line_ends_per_word(text: str) -> float:
    """The ends of lines with words, but for the last, to a word of a text."""
    lines = sum(1 for line in text.split("\n") if any(map(str.isalnum, line)))
    return (lines - 1) / max(1, word_counts(readable(text)).total())


LONG_LINE = 8  # words


def share_in_sentences(text: str) -> float:
    """Share of the words that are in long lines ending like a sentence."""
    lines = [line.strip() for line in text.split("\n")]
    counted = [(len(line.split()), line.endswith(LINE_ENDS)) for line in lines]
    words = sum(count for count, _ in counted)
    inside = sum(count for count, ends in counted if ends and count >= LONG_LINE)
    return inside / words if words else 0.0


# --- encoding -----------------------------------------------------------------------------------


class RepairEncoding(PipelineStep):
    """Repairs mojibake; no word is lost."""

    type = "✂️ - FORMAT"
    name = "😎 ftfy"

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            apply_edits(document, encoding_edits(document.text))
            yield document


PLAIN = re.compile(r"[\t\n -%'-~]*")  # printable ASCII without & (HTML entities)
FTFY = FTFYFormatter().config  # what datatrove makes it repair


def repair_line(line: str) -> str:
    """One line with its encoding repaired; quotes, width and normalisation are left alone."""
    return line if PLAIN.fullmatch(line) else ftfy.fix_text(line, config=FTFY)


def encoding_edits(text: str) -> list[Edit]:
    """ftfy's repairs of mojibake, line by line."""
    return line_edits(text, repair_line)


# --- tracking codes -----------------------------------------------------------------------------

CODE = "tracking code"


class CutCodes(PipelineStep):
    """Cuts tracking codes out of documents; what is cut is written to the rejected pile.

    canaries: of benchmarks. They look like codes and stay, as a later stage looks for them.
    """

    type = "✂️ - FORMAT"
    name = "🔗 tracking codes"

    def __init__(self, canaries: Iterable[str] = ()) -> None:
        super().__init__()
        self.canaries = Canaries(canaries)
        self.exclusion_writer: Any = None

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            codes = tracking_edits(document.text)
            edits = [e for e in codes if not self.canaries.are_in(document.text[e.start : e.end])]
            if hasattr(self.exclusion_writer, "write_cut"):
                for start, end, _ in edits:
                    self.exclusion_writer.write_cut(document, start, end, CODE, ())
            apply_edits(document, edits)
            yield document


PARAMETER = (
    r"(?:utm_[a-z]+|fbclid|gclid|gclsrc|dclid|msclkid|mc_[ce]id|igshid|yclid|_hs(?:enc|mi)|_ga|_gl"
    r"|trk|tracking(?:_?id)?|track_?id|click_?id|aff(?:iliate)?_?(?:id|code)?|campaign_?id|cid"
    r"|session_?id|phpsessid|jsessionid|sid|visitor_?id|ref(?:_?id|_src|errer)?|src_?id|token)"
)
# words that also name what is no code, as in `Ref: ADD31392` or `CID: 2519`, unless `=` follows
LABEL = r"(?!(?:ref|cid|sid|token)\b\s{0,3}[:#]|(?:ref|cid|sid|token)\s{1,3}=)"
TRACKED = re.compile(rf"[?&;]{PARAMETER}=", re.IGNORECASE)
PIXEL = re.compile(r"\b(?:width|height)=[\"']?[01]\b|pixel|beacon|/px|track", re.IGNORECASE)
RUN, LEAST_RUN = re.compile(r"[^\W_]+"), 8  # a code has a long run of letters and digits


def is_code(match: str) -> bool:
    """Whether what stands behind `=`, or else the whole, is no words joined by hyphens, `_` or `/`.

    `Cmaj7-Am7-Dm7-G7-Cmaj7-A7` and `target_sampling_rate` have no digest's long run, or are words.
    """
    value = match[match.find("=") + 1 :].partition("&")[0] or match
    return max(map(len, RUN.findall(value)), default=0) >= LEAST_RUN and not is_words(value)


# (pattern, what must hold of its match); each takes a single pass, however long a line is
TRACKING: list[tuple[re.Pattern, Callable[[str], object] | None]] = [
    # an address with the identity of a click or session is no reference: all of it goes
    (re.compile(r"\b(?:https?://|www\.)[^\s<>\"')\]]*", re.IGNORECASE), TRACKED.search),
    # pixels and slots of a page's template, but none of a wiki's: `{{lang|de|Lied}}`
    (re.compile(r"<img\b[^<>]*>", re.IGNORECASE), PIXEL.search),
    (
        re.compile(
            r"\{\{(?!(?!ad[_ |-])[^\W_][\w -]{0,40}\|)[^{}\n]{0,80}\}\}|\{%[^{}\n]{0,80}%\}"
            r"|\[\[?ad[_ -][^\]\n]{0,60}\]\]?"
        ),
        None,
    ),
    # a parameter on its own, in brackets or not
    (
        re.compile(
            rf"[\[(<{{]?[#?&]?\b{LABEL}{PARAMETER}\s{{0,3}}[=:#]\s{{0,3}}(?=[a-z_%.-]*\d)[\w%.-]{{4,}}"
            r"(?:&[\w.-]+=[\w%.-]*)*[\])>}]?",
            re.IGNORECASE,
        ),
        None,
    ),
    # parameters of any name whose value is a long code
    (
        re.compile(
            r"(?<!\S)[#?&]?[A-Za-z_]\w{0,19}=(?=[A-Za-z]*[\d_-])(?=[\d_-]*[A-Za-z])[\w-]{16,}"
            r"(?:&[\w.-]+=[\w%.-]*)*"
        ),
        is_code,
    ),
    # identities of visits; an identifier without such a word may be that of a recording
    (
        re.compile(
            r"\b(?:session|tracking|visitor|request|client|device|correlation|trace)[ _-]?"
            r"(?:id|key|token)?\s{0,3}[:=#]?\s{0,3}[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
            re.IGNORECASE,
        ),
        None,
    ),
    # hexadecimal and base-64 digests, with the name and the brackets around them
    (
        re.compile(
            r"[\[(<{]?(?:\b(?:sha-?\d{0,4}|md5|hash|etag|crc|checksum|uid|guid|sid|id|ref"
            r"|x-[a-z-]{1,30})\s{0,3}[:=#]\s{0,3})?"
            r"(?<![\w-])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,}(?![\w-])[\])>}]?",
            re.IGNORECASE,
        ),
        None,
    ),
    (
        re.compile(
            r"(?<![\w/+.-])(?=[A-Z\d_/+-]*[a-z])(?=[a-z\d_/+-]*[A-Z])(?=(?:[A-Za-z_/+-]*\d){3})"
            r"[A-Za-z0-9/+_-]{22,}={0,2}(?![\w/+.-])"
        ),
        is_code,
    ),
]


def tracking_edits(text: str) -> list[Edit]:
    """Deletions of everything in `text` that only identifies a click, a session or a file."""
    spans: list[tuple[int, int]] = []  # sorted, without overlap
    for pattern, holds in TRACKING if may_hold_codes(text) else ():
        for match in pattern.finditer(text):
            if holds and not holds(match.group()):
                continue
            start, end = match.span()
            # a deletion between two spaces also removes one of them
            before, after = text[start - 1 : start], text[end : end + 1]
            if before == " " and after in ("", " ", "\n"):
                start -= 1
            # what an earlier pattern claimed, in part or as a whole, is gone already
            place = bisect(spans, (start, end))
            is_free = not place or spans[place - 1][1] <= start
            if is_free and (place == len(spans) or end <= spans[place][0]):
                spans.insert(place, (start, end))
    return [Edit(start, end, "") for start, end in spans]


# every tracking code has a SIGN or, if it is long enough, is a LONG_CODE
SIGN, LONG_CODE = re.compile(r"[={]|<img", re.IGNORECASE), re.compile(r"[\w/+-]{22}")
DIGITS_OF_CODE = re2.compile("(?i)[0-9a-f]{8}")


def may_hold_codes(text: str) -> bool:
    """Whether a text may hold a tracking code, so that most texts are searched only once."""
    if SIGN.search(text) or DIGITS_OF_CODE.search(text):
        return True
    return max(map(len, text.split()), default=0) >= 22 and LONG_CODE.search(text) is not None
