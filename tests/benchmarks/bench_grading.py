"""Speed of the grader on one core, and how its time grows with the length of a reply.

    python tests/benchmarks/bench_grading.py [--rounds 5]

Run by name, never by the test suite. Prints replies a second of processor time, each reply graded
for the first time (what is remembered of earlier rounds is forgotten before each), over the
labelled cases and over all committed replies; and the time of replies of 10 KB to 3 MB with the
exponent of its growth.
"""

import argparse
import gzip
import json
import math
import time
from collections.abc import Sequence

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.agreement import load_cases
from mucpt_utils.musicsimpleqa.grader import short_replies
from mucpt_utils.musicsimpleqa.grading import grade, graded_once
from mucpt_utils.musicsimpleqa.questions import load_questions

RESPONSES = paths.DATA_CARDS / "musicsimpleqa/responses"
ASKED = {
    "question": "Which group recorded the album Nevermind?",
    "answer": "Nirvana",
    "answer_type": "group",
    "subject": "Nevermind",
}
UNITS = {
    "prose": "Butch Vig said that it wasn't Hole but Nirvana who played on Nevermind. ",
    "names": "Hole, ",
    "lines": "Question: who is it?\nAnswer: Hole\n",
    "table": "| Nirvana | 1991 |\n",
    "objects": '{"a": ',
    "marks": "*a _b ` ",
    "spaces": " ",
}
SIZES = (10_000, 100_000, 1_000_000, 3_000_000)


def replies(name: str) -> list[tuple[dict, str]]:
    """(question, reply) of the labelled cases, of committed short replies, or of all of them."""
    if name == "labelled cases":
        return [(case, case["response"]) for case in load_cases()]
    questions = {question["id"]: question for question in load_questions("test")}
    pattern = "*few-shot.jsonl.gz" if name == "few-shot replies" else "*.jsonl.gz"
    pairs = []
    for path in sorted(RESPONSES.glob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        pairs += [(questions[r["id"]], r["response"]) for r in rows if r["id"] in questions]
    return pairs


def seconds(pairs: Sequence[tuple[dict, str]]) -> float:
    """Processor time of grading some replies, none of which was graded before."""
    graded_once.cache_clear()
    short_replies.bare_name.cache_clear()
    start = time.process_time()
    for question, reply in pairs:
        grade(question, reply)
    return time.process_time() - start


def main() -> None:
    """Print the speeds and the growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name in ("labelled cases", "few-shot replies", "all committed replies"):
        pairs = replies(name)
        times = [seconds(pairs) for _ in range(options.rounds + 1)]
        start = time.process_time()
        for question, reply in pairs:
            grade(question, reply)
        again = time.process_time() - start
        print(
            f"{name}: {len(pairs)} replies, {len(pairs) / min(times[1:]):.0f} a second "
            f"(keys built: {len(pairs) / times[0]:.0f}; all seen before: {len(pairs) / again:.0f})"
        )
    for name, unit in UNITS.items():
        texts = [(unit * (size // len(unit) + 1))[:size] for size in SIZES]
        times = [min(seconds([(ASKED, text)]) for _ in range(2)) for text in texts]
        exponent = math.log(times[-1] / times[0]) / math.log(SIZES[-1] / SIZES[0])
        told = ", ".join(f"{1000 * spent:.1f}" for spent in times)
        print(f"{name}, 10 KB to 3 MB: {told} ms, exponent {exponent:.2f}")


if __name__ == "__main__":
    main()
