"""How many paraphrases of benchmark questions are found, by style, and how often innocents are.

    python tests/benchmarks/bench_decontamination.py [--asked FILE ...] [--innocent FILE ...]

A file of paraphrases is JSON Lines with `id` (of the question), `text` and `style`; one of
innocents has texts that ask no question of the benchmark. Rows of questions that are no longer in
the benchmark are left out. Prints counts, of each text by itself and of each as a paragraph of a
page whose others are innocents; --misses prints the texts as well.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.pipeline.decontamination import QuestionIndex

HERE = Path(__file__).parent.parent / "pipeline"
ASKED = [HERE / "paraphrases_open.jsonl", HERE / "paraphrases_shut.jsonl"]
INNOCENT = [HERE / "paraphrases_innocent.jsonl"]
BEFORE, BEHIND = 600, 400


def pages(rows: Sequence[dict], innocent: Sequence[str]) -> list[dict]:
    """The rows, the text of each between paragraphs of BEFORE and BEHIND characters at least."""
    others = cycle(innocent)
    return [
        row | {"text": "\n\n".join((longer(others, BEFORE), row["text"], longer(others, BEHIND)))}
        for row in rows
    ]


def longer(texts: Iterator[str], least: int) -> str:
    """The next texts as paragraphs, as many as are needed for so many characters."""
    page = next(texts)
    while len(page) < least:
        page = f"{page}\n\n{next(texts)}"
    return page


def recall(index: QuestionIndex, rows: Sequence[dict], misses: bool) -> Counter:
    """Rows found, under their style, and under (style, "all") how many there are."""
    counts: Counter = Counter()
    for row in rows:
        is_found = any(match.id == row["id"] for match in index.find(row["text"]))
        counts.update({row["style"]: is_found, (row["style"], "all"): 1})
        if misses and not is_found:
            print("missed:", row["id"], "|", row["text"])
    return counts


def print_recall(name: str, counts: Counter) -> None:
    """One line a style, and one for the file."""
    styles = [style for style in counts if isinstance(style, str)]
    for style in styles:
        print(f"  {style}: {counts[style]} of {counts[style, 'all']}")
    total = sum(counts[style, "all"] for style in styles)
    print(f"{name}: {sum(counts[style] for style in styles)} of {total} found")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the files; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asked", type=Path, nargs="*", default=ASKED)
    parser.add_argument("--innocent", type=Path, nargs="*", default=INNOCENT)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args(arguments)
    questions = load_questions("test") + load_questions("dev")
    present, index = {q["id"] for q in questions}, QuestionIndex(questions)
    innocent = [row["text"] for path in options.innocent for row in read_jsonl(path)]
    for path in options.asked:
        rows = [row for row in read_jsonl(path) if row["id"] in present]
        print_recall(path.name, recall(index, rows, options.misses))
        if innocent:
            print_recall(f"{path.name}, in a page", recall(index, pages(rows, innocent), False))
    for path in options.innocent:
        texts = [row["text"] for row in read_jsonl(path)]
        alarms = [text for text in texts if index.find(text)]
        print(f"{path.name}: {len(alarms)} of {len(texts)} raise an alarm")
        if options.misses:
            print(*alarms, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
