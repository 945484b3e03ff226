"""The table of scores: real models and guessers on the benchmark, each with its responses.

    python -m mucpt_utils scores add FOLDER --name "MODEL, how it was asked"
    python -m mucpt_utils scores build      the table and its page, from the responses
    python -m mucpt_utils scores check      whether they are what the responses give

`add` takes the folder of a finished evaluation (`python -m mucpt_utils musicsimpleqa --model ...`)
and keeps its responses beside the table, so that every score can be made again: by a better grader
too, without asking the model a second time. Guessers answer from the other questions' keys.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mucpt_utils import paths
from mucpt_utils.errors import FOUND, OK, MuCPTError
from mucpt_utils.io import FileError, read_json, read_jsonl, write_json, write_text
from mucpt_utils.musicsimpleqa.difficulty import GUESSERS, guesses
from mucpt_utils.musicsimpleqa.measures import ALL, estimates
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.summary import grade_responses, grader_version, questions_version

CARD = paths.DATA_CARDS / "musicsimpleqa"
COLUMNS = (
    *("model", "asked", "part", "n", "accuracy", "ci_low", "ci_high", "attempted"),
    *("accuracy_given_attempted", "weights_sha256", "revision", "dtype", "seconds", "command"),
    *("responses_sha256", "grader", "questions"),
)
GUESSER_NAMES = {
    "frequent": "guesser: the relation's most frequent key",
    "nearest": "guesser: the key of the nearest subject",
}
Entry = dict[str, Any]


class ScoresError(MuCPTError, ValueError):
    """Responses that are not to the benchmark's questions, or a name that is taken."""


def add(folder: Path, name: str, card: Path = CARD) -> Path:
    """Keep the responses of a finished evaluation beside the table; returns their file.

    folder: as the tool leaves it. name: of the row. Raises FileError for a folder without a
    finished evaluation, ScoresError where it does not answer every test question as it is.
    """
    summary = read_json(folder / "summary.json") if (folder / "summary.json").is_file() else None
    if summary is None or not (folder / "answers.jsonl").is_file():
        raise FileError(f"{folder} holds no finished evaluation (summary.json, answers.jsonl)")
    answers = read_jsonl(folder / "answers.jsonl", ("id", "question", "response"))
    check_asked(f"{folder}", answers)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    target = card / "responses" / f"{slug}.jsonl.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = (
        json.dumps({"id": row["id"], "response": row["response"]}, ensure_ascii=False)
        for row in answers
    )
    text = "".join(f"{row}\n" for row in rows).encode()
    target.write_bytes(gzip.compress(text, mtime=0))  # the same bytes at any time
    record = {"name": name, "settings": summary["settings"], "model": summary["model"]}
    write_json(target.with_name(f"{slug}.json"), record)
    return target


def check_asked(where: str, answers: Sequence[Mapping]) -> None:
    """Raises ScoresError unless the answers are to all test questions, in today's words."""
    questions = {q["id"]: q["question"] for q in load_questions("test")}
    asked = {answer["id"]: answer["question"] for answer in answers}
    absent = sorted(questions.keys() - asked.keys())
    if absent:
        raise ScoresError(
            f"{where}: {len(absent)} of {len(questions)} test questions are not answered, "
            f"{absent[0]!r} for one; ask again without --limit"
        )
    other = sorted(name for name, text in questions.items() if asked[name] != text)
    if other:
        raise ScoresError(
            f"{where}: {len(other)} questions were asked in other words, {other[0]!r} for one; "
            "ask the model again"
        )


def kept_responses(path: Path, questions: Sequence[Mapping]) -> dict[str, str]:
    """Responses beside the table, by question id. Raises ScoresError where one is missing."""
    lines = gzip.decompress(path.read_bytes()).split(b"\n")
    responses = {row["id"]: row["response"] for row in map(json.loads, filter(None, lines))}
    absent = sorted({question["id"] for question in questions} - responses.keys())
    if absent:
        raise ScoresError(
            f"{path.name}: no response to {len(absent)} test questions, {absent[0]!r} for one; "
            "ask the model again and add it"
        )
    return responses


# --- the table ------------------------------------------------------------------------------------


def entries(card: Path = CARD) -> Iterator[tuple[Entry, dict[str, str]]]:
    """What is said of each row's origin, and the responses: guessers first, then models by name."""
    questions = load_questions("test")
    for key, name in GUESSER_NAMES.items():
        yield {"model": name, "asked": "not asked"}, guesses(questions, GUESSERS[key])
    for path in sorted((card / "responses").glob("*.jsonl.gz")):
        record = read_json(path.with_name(path.name.removesuffix(".jsonl.gz") + ".json"))
        model = record["model"]
        entry: Entry = {
            "model": record["name"],
            "asked": how_asked(record["settings"]),
            "command": command_of(record["settings"]),
            "responses_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        entry |= {k: model.get(k) for k in ("weights_sha256", "revision", "dtype", "seconds")}
        yield entry, kept_responses(path, questions)


def how_asked(settings: Mapping) -> str:
    """`5-shot`, `0-shot`, `chat, 5-shot`."""
    return f"{'chat, ' if settings['chat'] else ''}{settings['shots']}-shot"


def command_of(settings: Mapping) -> str:
    """The command that asks a model so."""
    options = [f"--model {settings['model']}", f"--shots {settings['shots']}"]
    options += ["--chat"] if settings["chat"] else []
    if settings["max_new_tokens"]:
        options.append(f"--max-new-tokens {settings['max_new_tokens']}")
    if settings.get("dtype"):
        options.append(f"--dtype {settings['dtype']}")
    return f"python -m mucpt_utils musicsimpleqa {' '.join(options)}"


def score_rows(card: Path = CARD) -> list[Entry]:
    """Every row of the table: each model and guesser on each part of the test split, and on all."""
    questions = load_questions("test")
    parts = [ALL, *dict.fromkeys(question["part"] for question in questions)]
    versions = {"grader": grader_version(), "questions": questions_version(questions)}
    rows = []
    for entry, responses in entries(card):
        answers = grade_responses(questions, responses)
        for part in parts:
            group = [answer for answer in answers if part in (ALL, answer["part"])]
            measured = estimates(group)
            accuracy = measured["accuracy"]
            shares = {
                "accuracy": accuracy.mean,
                "ci_low": accuracy.low,
                "ci_high": accuracy.high,
                "attempted": measured["attempted"].mean,
                "accuracy_given_attempted": measured["accuracy_given_attempted"].mean,
            }
            shown = {key: f"{value:.4f}" for key, value in shares.items()}
            rows.append({**entry, "part": part, "n": len(group), **shown, **versions})
    return rows


def table_text(rows: Sequence[Entry]) -> str:
    """The rows as CSV."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def page_text(rows: Sequence[Entry]) -> str:
    """The table as a page in Markdown: accuracy by part, with intervals."""
    parts = list(dict.fromkeys(str(row["part"]) for row in rows))
    sizes = {part: next(row["n"] for row in rows if row["part"] == part) for part in parts}
    head = " | ".join(f"{part} ({sizes[part]})" for part in parts)
    lines = [
        "# Scores on MusicSimpleQA",
        "",
        "Accuracy with 95 % intervals over subjects, by part of the test split. Made by",
        "`python -m mucpt_utils scores build` from the responses in `responses/`; `scores.csv` has",
        "every column. Models named `package:` are dequantised from GGUF files, so near the",
        "originals, not the same. To add a row: ask a model, then",
        "`python -m mucpt_utils scores add FOLDER --name NAME`.",
        "",
        f"| model | asked | {head} | attempted |",
        f"|---|---|{'--:|' * (len(parts) + 1)}",
    ]
    for name, asked in dict.fromkeys((row["model"], row["asked"]) for row in rows):
        by_part = {r["part"]: r for r in rows if (r["model"], r["asked"]) == (name, asked)}
        cells = [
            f"{float(r['accuracy']):.3f} [{float(r['ci_low']):.3f}, {float(r['ci_high']):.3f}]"
            for r in (by_part[part] for part in parts)
        ]
        attempted = f"{float(by_part[ALL]['attempted']):.2f}"
        lines.append(f"| {name} | {asked} | {' | '.join(cells)} | {attempted} |")
    return "\n".join(lines) + "\n"


def outputs(card: Path = CARD) -> dict[Path, str]:
    """The files of the table, and what they hold by the responses of today."""
    rows = score_rows(card)
    return {card / "scores.csv": table_text(rows), card / "SCORES.md": page_text(rows)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Add a model's responses, make the table, or check it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mucpt_utils scores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("add", "build", "check"))
    parser.add_argument("folder", nargs="?", type=Path, help="a finished evaluation, for add")
    parser.add_argument("--name", help="what the row is called, for add")
    options = parser.parse_args(arguments)
    if (options.action == "add") != bool(options.folder and options.name):
        parser.error("add needs a FOLDER and --name; build and check take neither")
    try:
        if options.action == "add":
            print(f"kept {add(options.folder, options.name)}")
        wrong = []
        for path, text in outputs().items():
            if options.action != "check":
                write_text(path, text)
            elif not path.is_file() or path.read_text(encoding="utf-8") != text:
                wrong.append(path.name)
    except MuCPTError as error:
        print(f"scores: {error}", file=sys.stderr)
        return error.exit_code
    if wrong:
        print(f"{', '.join(wrong)}: not what the responses give; run `scores build`")
        return FOUND
    print("scores.csv and SCORES.md are what the responses give")
    return OK


if __name__ == "__main__":
    sys.exit(main())
