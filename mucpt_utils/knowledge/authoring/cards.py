"""Cards of the fact tables: their counts are generated, never typed."""

from collections.abc import Iterable

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import write_text
from mucpt_utils.knowledge.authoring.comparison import comparison_table
from mucpt_utils.knowledge.authoring.tables import (
    build_facts,
    card_folder,
    read_csv,
    write_facts,
)
from mucpt_utils.knowledge.facts import POPULARITY, Fact, askable, facts_file

READING = paths.ROOT / "data_cards/music_facts/source/tail_reading.csv"
READING_COLUMNS = ("relation", "candidates", "answered", "agreed", "used")
COUNTS_BEGIN, COUNTS_END = "<!-- counts:begin -->", "<!-- counts:end -->"


class CardError(MuCPTError, ValueError):
    """A card without the markers that counts stand between."""


def counts_table(facts: Iterable[Fact]) -> str:
    """A Markdown table: subjects and facts of each category, and their sum."""
    facts = list(facts)
    categories = list(dict.fromkeys(fact.category for fact in facts))
    groups = [(name, [f for f in facts if f.category == name]) for name in categories]
    lines = [
        "| category | subjects | popular | less popular | facts | with one answer | relations |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, group in [*groups, ("**all**", facts)]:
        popular, rare = (
            len({fact.subject for fact in group if fact.popularity == level})
            for level in POPULARITY
        )
        columns = dict.fromkeys(fact.relation.split(".")[1] for fact in group)
        relations = ", ".join(columns) if group is not facts else ""
        single = len(askable(group))
        subjects = len({fact.subject for fact in group})
        numbers = f"{subjects} | {popular} | {rare} | {len(group)} | {single}"
        lines.append(f"| {name} | {numbers} | {relations} |")
    return "\n".join(lines)


def with_counts(card: str, counts: str) -> str:
    """The card's text with `counts` between its markers; CardError if a marker is missing."""
    before, begin, rest = card.partition(COUNTS_BEGIN)
    _, end, after = rest.partition(COUNTS_END)
    if not (begin and end):
        raise CardError(f"the card needs the markers {COUNTS_BEGIN} and {COUNTS_END}")
    return f"{before}{begin}\n{counts}\n{end}{after}"


def counted_card(domain: str, facts: Iterable[Fact]) -> str:
    """The text of a domain's card with the counts of `facts` and of the last comparison."""
    card = (card_folder(domain) / "README.md").read_text(encoding="utf-8")
    tables = [counts_table(facts), comparison_table(domain)]
    if domain == "music":
        tables.append(tail_table())
    return with_counts(card, "\n\n".join(table for table in tables if table))


def tail_table() -> str:
    """A Markdown table of the tail: what the blind reader was asked, and with what result."""
    rows = [cells for _, cells in read_csv(READING, READING_COLUMNS)]
    total = {name: str(sum(int(row[name]) for row in rows)) for name in READING_COLUMNS[1:]}
    lines = [
        "| relation of the tail | candidates | answered by the reader | agreed | used |",
        "|---|--:|--:|--:|--:|",
    ]
    for row in (*rows, {"relation": "**all**", **total}):
        lines.append("| " + " | ".join(row[name] for name in READING_COLUMNS) + " |")
    return "\n".join(lines)


def build(domain: str) -> list[Fact]:
    """Write a domain's facts and the counts of its card; returns the facts."""
    facts = build_facts(domain)
    write_facts(facts, facts_file(domain))
    write_text(card_folder(domain) / "README.md", counted_card(domain, facts))
    return facts
