"""Nothing is lost: documents in = kept + dropped by each reason + quarantined, stage by stage."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from mucpt_utils.errors import FOUND, MuCPTError

COLUMNS = ("stage", "source", "reason", "documents", "tokens")
UNITS = {"documents": "documents", "tokens": "words"}  # columns that must add up, and their names
KEPT = "kept"
REMOVED_INSIDE = "removed inside documents"
QUARANTINED = "quarantined: "
PASSED_OVER = "passed over: "  # not text: hidden files, images of a crawl, a licence's words


# of a place or a size, other than a limit (`longer than 16000000 bytes`) or part of a name (UTF-8)
NUMBER = re.compile(r"(?<![\w.-])(?<!than )\d+(?![\w-])")


class AccountingError(MuCPTError, ValueError):
    """The documents or words of a stage do not add up."""

    exit_code = FOUND


class Tally:
    """Documents and words of one stage, by source and reason.

    Words are separated by white space. What edits remove from (or add to) kept documents is the
    row `removed inside documents`, with 0 documents, so that words add up as well.
    """

    def __init__(self) -> None:
        self.words_in: Counter[str] = Counter()
        self.documents_out: Counter[tuple[str, str]] = Counter()
        self.words_out: Counter[tuple[str, str]] = Counter()

    def enter(self, source: str, words: int) -> None:
        """Counts one document of `source` that comes in."""
        self.words_in[source] += words

    def leave(self, source: str, reason: str, words: int, documents: int = 1) -> None:
        """Counts documents of `source` that go out for `reason` (`kept`, quarantined, ...)."""
        self.documents_out[source, reason] += documents
        self.words_out[source, reason] += words

    def rows(self, stage: str) -> list[dict]:
        """The stage's accounting rows, sorted by source and reason."""
        words_out = Counter(self.words_out)
        missing = Counter(self.words_in)
        for (source, _), words in self.words_out.items():
            missing[source] -= words
        words_out.update({(s, REMOVED_INSIDE): words for s, words in missing.items() if words})
        return [
            dict(zip(COLUMNS, (stage, *key, self.documents_out[key], words), strict=True))
            for key, words in sorted(words_out.items())
        ]


def kind_of_reason(reason: str) -> str:
    """A reason of the quarantine without the numbers that differ from file to file.

    >>> kind_of_reason("broken UTF-8 at byte 145")
    'broken UTF-8 at byte …'
    """
    return NUMBER.sub("…", reason)


def merge_rows(rows: Iterable[dict]) -> list[dict]:
    """Rows of equal stage, source and reason added up; the order of stages is kept."""
    totals: dict[tuple[str, str, str], Counter] = defaultdict(Counter)
    stages: dict[str, int] = {}
    for row in rows:
        stages.setdefault(row["stage"], len(stages))
        totals[row["stage"], row["source"], row["reason"]].update({u: row[u] for u in UNITS})
    ordered = sorted(totals, key=lambda key: (stages[key[0]], *key[1:]))
    return [
        dict(zip(COLUMNS, (*key, *(totals[key][unit] for unit in UNITS)), strict=True))
        for key in ordered
    ]


def check_accounting(rows: Sequence[dict]) -> None:
    """Raises AccountingError unless each stage accounts for everything the one before kept.

    rows: accounting rows of consecutive stages, in order; the first stage may take in anything.
    """
    problems = []
    for before, stage in pairwise(dict.fromkeys(row["stage"] for row in rows)):
        kept = by_source(r for r in rows if r["stage"] == before and r["reason"] == KEPT)
        accounted = by_source(r for r in rows if r["stage"] == stage)
        problems += [
            f"{stage}, source {source!r}: {kept[source][unit]} {name} in, "
            f"{accounted[source][unit]} accounted for"
            for source in sorted({*kept, *accounted})
            for unit, name in UNITS.items()
            if kept[source][unit] != accounted[source][unit]
        ]
    if problems:
        raise AccountingError("the accounting does not add up: " + "; ".join(problems))


def by_source(rows: Iterable[dict]) -> dict[str, Counter]:
    """Documents and words by source; zero for a source without a row."""
    totals: dict[str, Counter] = defaultdict(Counter)
    for row in rows:
        totals[row["source"]].update({unit: row[unit] for unit in UNITS})
    return totals


def write_rows(rows: Sequence[dict], path: Path) -> None:
    """The rows as CSV with the columns of `funnel.csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
