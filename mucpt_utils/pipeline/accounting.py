"""Nothing is lost: documents in = kept + dropped by each reason + quarantined, stage by stage."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

COLUMNS = ("stage", "source", "reason", "documents", "tokens")
KEPT = "kept"
REMOVED_INSIDE = "removed inside documents"
QUARANTINED = "quarantined: "


class AccountingError(ValueError):
    """The documents or words of a stage do not add up."""


class Tally:
    """Documents and words of one stage, by source and reason.

    Words are whitespace words. What edits take out of (or add to) documents that go on is the
    row `removed inside documents`, with 0 documents, so that words add up as well.
    """

    def __init__(self) -> None:
        self.entered: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.left: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])

    def enter(self, source: str, words: int) -> None:
        """One document of `source` comes in."""
        _add(self.entered[source], 1, words)

    def leave(self, source: str, reason: str, words: int) -> None:
        """One document of `source` goes out, by `reason` (`kept`, a drop reason, quarantined)."""
        _add(self.left[source, reason], 1, words)

    def rows(self, stage: str) -> list[dict]:
        """The stage's accounting rows, sorted by source and reason."""
        left = {key: tuple(value) for key, value in self.left.items()}
        for source, (_, words) in self.entered.items():
            gone = sum(value[1] for key, value in self.left.items() if key[0] == source)
            if words != gone:
                left[source, REMOVED_INSIDE] = (0, words - gone)
        return [
            {"stage": stage, "source": s, "reason": r, "documents": n, "tokens": words}
            for (s, r), (n, words) in sorted(left.items())
        ]


def merge_rows(rows: Iterable[dict]) -> list[dict]:
    """Rows of equal stage, source and reason added up; the order of stages is kept."""
    totals: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    stages: dict[str, int] = {}
    for row in rows:
        stages.setdefault(row["stage"], len(stages))
        _add(totals[row["stage"], row["source"], row["reason"]], row["documents"], row["tokens"])
    ordered = sorted(totals.items(), key=lambda item: (stages[item[0][0]], *item[0][1:]))
    return [dict(zip(COLUMNS, (*key, *value), strict=True)) for key, value in ordered]


def check_accounting(rows: Sequence[dict]) -> None:
    """Raises AccountingError unless each stage accounts for all that the one before it kept.

    rows: accounting rows of consecutive stages, in order; the first stage may take in anything.
    """
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    kept = entered = None
    problems = []
    for stage in stages:
        entered = _by_source(row for row in rows if row["stage"] == stage)
        if kept is not None:
            problems += [
                f"{stage}, source {source!r}: {before} {what} in, {after} accounted for"
                for source in sorted(kept.keys() | entered.keys())
                for what, before, after in zip(
                    ("documents", "words"),
                    kept.get(source, (0, 0)),
                    entered.get(source, (0, 0)),
                    strict=True,
                )
                if before != after
            ]
        kept = _by_source(r for r in rows if r["stage"] == stage and r["reason"] == KEPT)
    if problems:
        raise AccountingError("the accounting does not add up: " + "; ".join(problems))


def write_rows(rows: Sequence[dict], path: Path) -> None:
    """The rows as CSV with the columns of `funnel.csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _by_source(rows: Iterable[dict]) -> dict[str, tuple[int, int]]:
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        _add(totals[row["source"]], row["documents"], row["tokens"])
    return {source: tuple(value) for source, value in totals.items() if any(value)}


def _add(total: list[int], documents: int, words: int) -> None:
    total[0] += documents
    total[1] += words
