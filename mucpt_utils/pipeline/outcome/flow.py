"""Where documents and words went, stage by stage and source by source, from the accounting."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mucpt_utils.pipeline.accounting import KEPT, PASSED_OVER, QUARANTINED, REMOVED_INSIDE

READ = "read"
MOST_ROWS = 40  # of a table; further ones are added up


class Amount(NamedTuple):
    """Documents and words."""

    documents: int = 0
    words: int = 0

    def __add__(self, other: object) -> "Amount":
        """The sum of two amounts."""
        if not isinstance(other, Amount):
            return NotImplemented
        return Amount(self.documents + other.documents, self.words + other.words)


class Row(NamedTuple):
    """What left a stage, or a source, for one reason."""

    name: str
    amount: Amount


class StageFlow(NamedTuple):
    """A stage: what came in, what it kept, and what left for which reason, the most first."""

    name: str
    entered: Amount
    kept: Amount
    left: list[Row]


class SourceFlow(NamedTuple):
    """A source: what came in, was kept, was dropped, could not be read, was skipped."""

    name: str
    entered: Amount
    kept: Amount
    dropped: Amount
    quarantined: Amount
    passed_over: Amount


class Balance(NamedTuple):
    """The whole run: what came in equals what is kept plus what left."""

    entered: Amount
    kept: Amount
    dropped: Amount
    removed_inside: int
    quarantined: Amount
    passed_over: Amount

    @property
    def adds_up(self) -> bool:
        """Whether nothing was lost, in documents and in words."""
        documents = self.kept.documents + self.dropped.documents + self.quarantined.documents
        words = self.kept.words + self.dropped.words + self.removed_inside
        return (self.entered.documents, self.entered.words) == (documents, words)


def stage_flows(funnel: Iterable[Mapping]) -> list[StageFlow]:
    """The stages in their order. What the reader skipped was never a document."""
    stages: dict[str, dict[str, Amount]] = {}
    for row in funnel:
        reasons = stages.setdefault(row["stage"], defaultdict(Amount))
        reasons[row["reason"]] += Amount(row["documents"], row["tokens"])
    return [stage_flow(name, reasons) for name, reasons in stages.items()]


def stage_flow(name: str, reasons: Mapping[str, Amount]) -> StageFlow:
    """One stage from its amounts by reason."""
    counted = {r: a for r, a in reasons.items() if not r.startswith(PASSED_OVER)}
    kept = counted.get(KEPT, Amount())
    left = [Row(reason, amount) for reason, amount in counted.items() if reason != KEPT]
    left.sort(key=lambda row: (-row.amount.documents, -row.amount.words, row.name))
    return StageFlow(name, sum(counted.values(), Amount()), kept, shortened(left))


def shortened(rows: Sequence[Row]) -> list[Row]:
    """The first rows, and one for all the others together."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    rest = sum((row.amount for row in rows[MOST_ROWS:]), Amount())
    return [*rows[:MOST_ROWS], Row(f"{len(rows) - MOST_ROWS:,} other reasons", rest)]


def balance(funnel: Sequence[Mapping]) -> Balance:
    """What came in and what became of it, over all stages and sources."""
    flow = source_flow("", funnel, last_stage(funnel))
    removed = sum(row["tokens"] for row in funnel if row["reason"] == REMOVED_INSIDE)
    return Balance(
        flow.entered, flow.kept, flow.dropped, removed, flow.quarantined, flow.passed_over
    )


def last_stage(funnel: Sequence[Mapping]) -> str:
    """The stage whose kept documents are the outcome."""
    return funnel[-1]["stage"] if funnel else READ


def source_flows(funnel: Sequence[Mapping]) -> list[SourceFlow]:
    """The sources, the largest first; those beyond the table's length are added up."""
    by_source: dict[str, list[Mapping]] = defaultdict(list)
    for row in funnel:
        by_source[row["source"]].append(row)
    last = last_stage(funnel)
    flows = [source_flow(name, rows, last) for name, rows in by_source.items()]
    flows.sort(key=lambda flow: (-flow.entered.documents, flow.name))
    if len(flows) <= MOST_ROWS:
        return flows
    rest = [row for flow in flows[MOST_ROWS:] for row in by_source[flow.name]]
    return [
        *flows[:MOST_ROWS],
        source_flow(f"{len(flows) - MOST_ROWS:,} other sources", rest, last),
    ]


def source_flow(name: str, rows: Iterable[Mapping], last: str) -> SourceFlow:
    """What became of the documents of some accounting rows. last: the last stage."""
    amounts: dict[str, Amount] = defaultdict(Amount)
    for row in rows:
        amounts[fate_of(row, last)] += Amount(row["documents"], row["tokens"])
    kept = amounts["read" if last == READ else "kept"]
    quarantined = amounts["quarantined"]
    entered = amounts["read"] + quarantined
    return SourceFlow(name, entered, kept, amounts["dropped"], quarantined, amounts["passed over"])


def fate_of(row: Mapping, last: str) -> str:
    """What became of the documents in an accounting row; those that `read` keeps go on.

    Empty for what a stage before the last has kept, and for words cut out of documents.
    """
    stage, reason = row["stage"], row["reason"]
    if reason == KEPT:
        return "read" if stage == READ else "kept" if stage == last else ""
    if reason.startswith(PASSED_OVER):
        return "passed over"
    if reason.startswith(QUARANTINED):
        return "quarantined"
    return "" if reason == REMOVED_INSIDE else "dropped"
