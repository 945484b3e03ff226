"""The command `facts`: from the wide CSV sources and computed theory to one fact per line.

python -m mucpt_utils facts build     # writes data_cards/{music,general}_facts/facts.jsonl
python -m mucpt_utils facts check     # runs every check of mucpt_utils.knowledge.authoring.checks
python -m mucpt_utils facts compare   # compares with reference data, where available
"""

import sys
from collections.abc import Sequence

from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.knowledge.authoring.cards import build
from mucpt_utils.knowledge.authoring.checks import check_domain
from mucpt_utils.knowledge.authoring.comparison import record_comparison
from mucpt_utils.knowledge.facts import DOMAINS, by_subject

COMMANDS = {
    "build": "build: write facts.jsonl and the counts of the cards",
    "check": "check: run every check, with the reference data where it is there",
    "compare": "compare: write comparison.csv and disagreements.csv from the reference data",
}


def run(command: str, domain: str) -> int:
    """Run one of COMMANDS for a domain and print the outcome; returns the exit code."""
    if command == "build":
        facts = build(domain)
        print(f"{domain}: {len(by_subject(facts))} subjects, {len(facts)} facts")
        return OK
    if command == "check":
        problems = check_domain(domain)
    else:
        unjudged = record_comparison(domain)
        problems = [f"no resolution yet: {' | '.join(item.key)}" for item in unjudged]
    for problem in problems:
        print(f"{domain}: {problem}", file=sys.stderr)
    print(f"{domain}: {len(problems)} problems")
    return FOUND if problems else OK


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, check or compare the fact tables; returns the exit code (1 where a check fails)."""
    parser = Parser(
        prog="python -m mucpt_utils facts", description="Build, check and compare the fact tables."
    )
    parser.add_argument("command", choices=tuple(COMMANDS), help="; ".join(COMMANDS.values()))
    parser.add_argument("--domain", choices=DOMAINS, action="append", help="default: both")
    options = parser.parse_args(arguments)
    try:
        return max(run(options.command, domain) for domain in options.domain or DOMAINS)
    except MuCPTError as error:
        print(f"facts: {error}", file=sys.stderr)
        return error.exit_code
