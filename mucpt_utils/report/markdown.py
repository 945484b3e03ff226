"""`report.md`: the report for code hosts, which show HTML as source.

The same sentences as in `report.html`; figures are the PNG files beside it, tables the CSV files.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any


def markdown_report(told: Mapping[str, Any]) -> str:
    """The text of `report.md` from the content of the page (`page.contents`)."""
    run = told["run"]
    parts = [
        f"# {told['title']}",
        byline(told["origin"], run),
        "## Abstract",
        " ".join(told["abstract"]),
        *pictures(told["figures"], ("answer",)),
        other_runs(told["others"]),
        *claims(told["claims"]),
        "## Results",
        "\n".join(f"- {paragraph.text}" for paragraph in told["paragraphs"]),
        *summaries(told["summaries"]),
        *pictures(told["figures"], ("result", "detail", "data")),
        "## Limits",
        "\n".join(f"- {limit}" for limit in told["limits"]),
        *tables(told["tables"]),
        "## How to cite",
        f"```bibtex\n{told['origin']['citation']}\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def byline(origin: Mapping, run: Mapping) -> str:
    """Who, when, which profile and commit, and which commits wrote its plan."""
    commit = f"`{origin['commit'][:12]}`" if origin["commit"] else "not recorded"
    if origin["commit_address"]:
        commit = f"[{commit}]({origin['commit_address']})"
    date = f", {origin['date']}" if origin["date"] else ""
    who = f"{origin['authors']}{date}"
    plan = f" {origin['plan']}" if origin["plan"] else ""
    return (
        f"{who}. Profile `{run['profile']}`: {run['purpose']}. Commit {commit}.{plan} "
        "The same with every table inside, for a browser: `report.html`."
    )


def other_runs(others: Sequence) -> str:
    """Where the other profiles' reports are."""
    links = [f"[{other.name}](../{other.folder.name}/report.md)" for other in others]
    return f"Other runs: {', '.join(links)}." if links else ""


def pictures(figures: Sequence[Mapping], parts: Sequence[str]) -> list[str]:
    """The figures of some parts of the report, with how to read them."""
    return [
        f"![{item['title']}](figures/{item['name']}.png)\n\n"
        f"*{item['title']}.* {item['reading']} Numbers: [CSV](figures/{item['name']}.csv)."
        for part in parts
        for item in figures
        if item["part"] == part
    ]


def claims(items: Sequence[Mapping]) -> list[str]:
    """The claims, one line each."""
    if not items:
        return []
    lines = [
        (
            row["claim"],
            " ".join(
                filter(None, [mark(row), row["value"], bracketed(row["interval"]), row["measure"]])
            )
            or "–",
            f"**{row['verdict']}**",
        )
        for row in items
    ]
    told = (
        "▲ the interval of a difference lies above zero, ▼ below it, ○ it includes zero. Evidence: "
        f"[claims.csv](tables/claims.csv). Scale: {items[0]['scale']}."
    )
    return ["## Claims against the paper", grid(("claim", "here", "verdict"), lines), told]


def mark(row: Mapping) -> str:
    """The direction of a claim's difference by its interval; "" for other values."""
    return row["direction"][0] if row["direction"] else ""


def bracketed(interval: str) -> str:
    """An interval in brackets; "" for none."""
    return f"({interval})" if interval else ""


def summaries(items: Sequence[Mapping]) -> list[str]:
    """Every arm's means by kind of questions."""
    parts = []
    for item in items:
        lines = [
            (title, *(" ".join(filter(None, [mean, bracketed(ends)])) for mean, ends, _ in cells))
            for _, title, cells in item["rows"]
        ]
        parts += [f"**{item['title']}**", grid(("way of training", *item["heads"]), lines)]
    return parts


def tables(items: Sequence[Mapping]) -> list[str]:
    """Every table by name, with what it is about and its file."""
    if not items:
        return []
    lines = [
        (f"[{item['title']}](tables/{item['name']}.csv)", f"{item['total']:,}", item["about"])
        for item in items
    ]
    return ["## Tables", grid(("table", "rows", "what it holds"), lines)]


def grid(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(cell_text(cell) for cell in row)} |" for row in rows)


def cell_text(text: str) -> str:
    """A text that does not break out of its cell."""
    return re.sub(r"\s+", " ", str(text)).replace("|", "\\|")
