"""Privacy masking: personal data becomes typed placeholders, and numbers in music stay.

Identifiers with a checksum are validated (python-stdnum: cards, IBAN, social security numbers;
phonenumbers: telephone numbers); a number without one is masked only where its form and the words
around it say so. Names of artists are knowledge, not personal data, and are left alone.
"""

import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from mucpt_utils.config.pipeline import Kind, MaskingSettings
from mucpt_utils.pipeline.edits import Edit, apply_edits, edited_text
from mucpt_utils.pipeline.personal_data import links, mail, numbers, telephones
from mucpt_utils.pipeline.personal_data.context import Window, windows

# one character for one, so that offsets stay: U+FF01 to U+FF5E are ASCII's, wide; digits beyond
# U+FFFF, of dead scripts and formulas, would make the search many times slower
ASCII_OF = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)} | {
    digit: str(unicodedata.decimal(digit))
    for digit in map(chr, range(0x80, 0x10000))
    if unicodedata.decimal(digit, None) is not None
}
OTHER_FORMS = re.compile(f"[{''.join(sorted(ASCII_OF))}]")
# further passes find what a mask has uncovered, which is at most a chain of neighbours
MOST_PASSES = 4


class Finding(NamedTuple):
    """A piece of personal data, by its offsets, and its kind."""

    start: int
    end: int
    kind: Kind


class MaskPersonalData(PipelineStep):
    """Replaces personal data by placeholders such as `[EMAIL]`.

    `metadata.masked` counts the placeholders by kind, `metadata.masks` says where in the masked
    text each one is: `{"start", "end", "kind"}`. Strings in the metadata are masked as well, which
    `metadata.masked_metadata` counts.
    """

    type = "✂️ - FORMAT"
    name = "🔒 personal data"

    def __init__(self, settings: MaskingSettings) -> None:
        super().__init__()
        self.settings = settings

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator:
        for document in data:
            findings = find_personal_data(document.text, self.settings)
            if findings:
                apply_edits(document, mask_edits(findings))
                kinds = Counter(finding.kind for finding in findings)
                document.metadata["masked"] = dict(sorted(kinds.items()))
                document.metadata["masks"] = [mask._asdict() for mask in masks(findings)]
                for kind, count in kinds.items():
                    self.stat_update(f"masked {kind}", value=count)
            if inside := mask_metadata(document.metadata, self.settings):
                document.metadata["masked_metadata"] = dict(sorted(inside.items()))
            yield document


def mask(text: str, settings: MaskingSettings | None = None) -> str:
    """`text` with its personal data replaced by placeholders."""
    return edited_text(text, mask_edits(find_personal_data(text, settings)))


def mask_edits(findings: Iterable[Finding]) -> list[Edit]:
    """The edits that replace each finding by `[KIND]`."""
    return [Edit(f.start, f.end, f"[{f.kind}]") for f in findings]


def masks(findings: Iterable[Finding]) -> list[Finding]:
    """Where the placeholder of each finding is in the masked text, in order."""
    placed, shift = [], 0
    for start, end, kind in findings:
        length = len(f"[{kind}]")
        placed.append(Finding(start + shift, start + shift + length, kind))
        shift += length - (end - start)
    return placed


def find_personal_data(text: str, settings: MaskingSettings | None = None) -> list[Finding]:
    """Personal data in `text`, in order, without overlaps; once masked, the text has none left."""
    settings = settings or MaskingSettings()
    findings = look_once(text, settings)
    # a mask changes the context of what is beside it, so a masked text is searched again
    for _ in range(MOST_PASSES if findings else 0):
        more = look_once(edited_text(text, mask_edits(findings)), settings)
        if not more:
            break
        findings = with_more(findings, more)
    return findings


def with_more(findings: list[Finding], more: Iterable[Finding]) -> list[Finding]:
    """Findings in the text, and those in its masked form, all by offsets in the text."""
    placed = masks(findings)
    all_findings, i, shift = list(findings), 0, 0
    for start, end, kind in more:
        while i < len(placed) and placed[i].end <= start:
            shift += (findings[i].end - findings[i].start) - (placed[i].end - placed[i].start)
            i += 1
        all_findings.append(Finding(start + shift, end + shift, kind))
    return sorted(all_findings)


def look_once(text: str, settings: MaskingSettings) -> list[Finding]:
    """Personal data in order, without overlaps.

    Kinds are looked for in the order of `KINDS`, the surest first: text belongs to the first
    that claims it, so the digits of a card number are not also a telephone number.
    """
    claimed: list[Finding] = []
    for kind, spans in spans_by_kind(half_width(text), settings).items():
        if kind in settings.kinds:
            claimed = without_overlaps(claimed, [Finding(a, b, kind) for a, b in spans])
    return claimed


def without_overlaps(claimed: list[Finding], new: list[Finding]) -> list[Finding]:
    """The claimed findings, and the new ones that overlap neither them nor each other, in order."""
    merged = list(claimed)
    for finding in new:
        i = bisect(merged, finding)
        is_free_before = i == 0 or merged[i - 1].end <= finding.start
        is_free_after = i == len(merged) or finding.end <= merged[i].start
        if is_free_before and is_free_after:
            merged.insert(i, finding)
    return merged


def half_width(text: str) -> str:
    """The text with the digits of every living script, and the wide forms of ASCII, in ASCII, place
    by place: `２０２` and `٢٠٢` as `202`."""
    if text.isascii():
        return text
    return OTHER_FORMS.sub(lambda found: ASCII_OF[found.group()], text)


# --- where to look --------------------------------------------------------------------------------

# at least five digits with possible separators: years, times and opus numbers are too short
DIGITS = re.compile("[0-9](?:[ \u00a0\u2009\u202f().\u2010-\u2013/-]{0,3}[0-9]){4,}+")
OCTETS = re.compile(r"\.[0-9]{1,3}\.[0-9]|:[0-9a-fA-F]{0,4}:")


def spans_by_kind(text: str, settings: MaskingSettings) -> dict[Kind, Iterable[Window]]:
    """The findings of each kind's finder, lazily, in the order of `KINDS`.

    The finders of numbers look only around runs of digits, so that prose costs one pass over it.
    """
    digits = windows(DIGITS.finditer(text), 24, 48)
    octets = windows(OCTETS.finditer(text), 48, 48)
    has_links = "=" in text or "://" in text
    return {
        "URL": links.find_links(text) if has_links else (),
        "EMAIL": mail.find_addresses(text),
        "IBAN": numbers.find_ibans(text, digits),
        "SSN": numbers.find_social_security(text, digits),
        "CARD": numbers.find_cards(text, digits),
        "IP": numbers.find_machines(text, octets),
        "PHONE": telephones.find_telephones(text, digits, settings),
        "HANDLE": mail.find_handles(text) if "@" in text else (),
    }


# --- metadata -------------------------------------------------------------------------------------

# names by which documents are found, told apart and accounted for
INTACT = frozenset(("source", "file", "read_from"))
# without one of these a string holds no personal data, and most have none
SIGNS = re.compile(
    rf"[@＠=%&]|://|\\u|{OCTETS.pattern}|{DIGITS.pattern}|[ _-](?i:dot)[ _-]|dot\)"
    r"|[\[({<] ?(?i:at|ät|arroba|arobase|a) ?[\])}>]"
)
LONGEST_NAME = 48  # characters of a field's name, which say what its value is


def mask_metadata(metadata: dict, settings: MaskingSettings) -> Counter[Kind]:
    """Masks the strings of some metadata, at any depth, in place; returns the masks by kind.

    Left as they are: names of fields, numbers, the fields of `INTACT`, what masking itself has
    written, and the labels of a rendered corpus, whose offsets the study reads.
    """
    counts: Counter[Kind] = Counter()
    for name, value in metadata.items():
        if name in INTACT or name == "masks" or (name == "truth" and isinstance(value, dict)):
            continue
        if not isinstance(value, int | float | None):
            metadata[name] = masked_value(name, value, settings, counts)
    return counts


def masked_value(name: str, value: Any, settings: MaskingSettings, counts: Counter[Kind]) -> Any:
    """A value with its strings masked; `counts` is added to. name: of its field."""
    if isinstance(value, dict):
        return {k: masked_value(k, inner, settings, counts) for k, inner in value.items()}
    if isinstance(value, list):
        return [masked_value(name, inner, settings, counts) for inner in value]
    if not isinstance(value, str) or not SIGNS.search(value):
        return value
    # the name of a field says what a number in it is: `phone`, `barcode`
    prefix = f"{name[-LONGEST_NAME:].replace('_', ' ')}: "
    found = find_personal_data(prefix + value, settings)
    inside = [Finding(f.start - len(prefix), f.end - len(prefix), f.kind) for f in found]
    inside = [finding for finding in inside if finding.start >= 0]
    counts.update(finding.kind for finding in inside)
    return edited_text(value, mask_edits(inside))
