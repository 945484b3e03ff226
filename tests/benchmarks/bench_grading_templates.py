"""How often the grader is wrong about replies made from templates, by template.

    python tests/benchmarks/bench_grading_templates.py [--questions 600] [--write]

Run by name, never by the test suite. Each template of tests/grading_templates.jsonl is filled with
a fixed sample of test questions. Prints the share of wrong verdicts over all templates, of open
and of held-out ones, and of each open template that has any, with an example. --write keeps
the shares in the file.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from grading_templates import FILE, missed, questions_with_wrong_answers, templates

MANY = 0.02  # share of wrong verdicts above which a template is counted as failing


def told(name: str, rows: Sequence[dict]) -> str:
    """The mean share of wrong verdicts of some templates, and how many have many."""
    shares = [row["missed"] for row in rows]
    failing = sum(share > MANY for share in shares)
    return f"{name}: {len(rows)} templates, mean {sum(shares) / len(rows):.4f}, {failing} above .02"


def main() -> None:
    """Print the shares, and write them into the file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    asked = list(questions_with_wrong_answers(options.questions))
    rows = templates()
    for row in rows:
        n, wrongly = missed(row, asked)
        row["missed"] = round(len(wrongly) / n, 3)
        if wrongly and not row["held_out"]:
            print(f"{row['missed']:.3f} {row['name']}: {wrongly[0]!r}")
    for name, held_out in (("open", False), ("held out", True)):
        print(told(name, [row for row in rows if row["held_out"] == held_out]))
    print(told("all", rows))
    if options.write:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
