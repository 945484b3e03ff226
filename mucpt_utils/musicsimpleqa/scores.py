"""The table of scores: real models and guessers on the benchmark, each with its responses.

    python -m mucpt_utils scores add FOLDER --name "MODEL, how it was asked"
    python -m mucpt_utils scores build      the table and its page, from the responses
    python -m mucpt_utils scores check      whether they match the responses

`add` takes the folder of a finished evaluation (`python -m mucpt_utils musicsimpleqa --model ...`)
and keeps its responses beside the table, so that every score can be computed again, by a better
grader too, without asking the model again. Guessers answer from the other questions' keys. An
evaluation of the paraphrases (`--questions data_cards/musicsimpleqa/paraphrases.jsonl`), added
under the name of a row, says in `wording.csv` how much of that score is the wording.
"""

import argparse
import csv
import gzip
import io
import json
import re
import shlex
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.errors import FOUND, OK, MuCPTError, of_system
from mucpt_utils.io import (
    HALF_SIGNS,
    FileError,
    digest,
    read_json,
    read_jsonl,
    write_json,
    write_text,
)
from mucpt_utils.musicsimpleqa.answers import check_once
from mucpt_utils.musicsimpleqa.difficulty import GUESSERS, guesses
from mucpt_utils.musicsimpleqa.grading import CORRECT
from mucpt_utils.musicsimpleqa.measures import ALL, estimates
from mucpt_utils.musicsimpleqa.questions import PARAPHRASES, load_questions
from mucpt_utils.musicsimpleqa.summary import grade_responses, grader_version, questions_version
from mucpt_utils.musicsimpleqa.wording import dependence
from mucpt_utils.scoring.packages import sha256

CARD = paths.DATA_CARDS / "musicsimpleqa"
COLUMNS = (
    *("model", "asked", "part", "n", "accuracy", "ci_low", "ci_high", "attempted"),
    *("accuracy_given_attempted", "weights_sha256", "revision", "dtype", "seconds", "command"),
    *("responses_sha256", "grader", "questions"),
)
WORDING_COLUMNS = (
    *("model", "asked", "measure", "value", "ci_low", "ci_high", "n", "responses_sha256"),
    *("grader", "questions"),
)
ASKED_WITH = ("model", "shots", "chat")  # settings that every row has
LONGEST_NAME = 100
# names of the digests of what was asked, in the record of a row
ASKED, ASKED_FURTHER = "asked_sha256", "paraphrases_asked_sha256"
IN_EARLIER_WORDS = ", some questions in earlier words"
# ends of the names of kept responses: to the test split, and to the core in other words
KEPT, KEPT_PARAPHRASES = ".jsonl.gz", ".paraphrases.jsonl.gz"
GUESSER_NAMES = {
    "frequent": "guesser: the relation's most frequent key",
    "nearest": "guesser: the key of the nearest subject",
}
Entry = dict[str, Any]


class ScoresError(MuCPTError, ValueError):
    """Responses to other questions than the benchmark's, or a name that is taken."""


def add(folder: Path, name: str, card: Path = CARD) -> Path:
    """Keep the responses of a finished evaluation beside the table; returns their file.

    folder: as the tool leaves it. name: of the row. Raises FileError for a folder without a
    finished evaluation, ScoresError for a name that cannot be a row's or is another model's, or if
    it does not answer every question as worded, or answers paraphrases without a row of this name
    asked in the same way.
    """
    record = {"name": name, **finished(folder)}
    answers = read_jsonl(folder / "answers.jsonl", ("id", "question", "response"))
    slug = slug_of(name)
    if any("#" in str(answer["id"]) for answer in answers):
        answers = checked(folder, answers, load_questions(PARAPHRASES), "paraphrases")
        path = card / "responses" / f"{slug}.json"
        check_same_model(path, record)
        write_json(path, read_json(path) | {ASKED_FURTHER: asked_digest(answers)})
        return keep(answers, card / "responses" / f"{slug}{KEPT_PARAPHRASES}")
    answers = checked(folder, answers, load_questions("test"), "test questions")
    path = card / "responses" / f"{slug}.json"
    check_name_is_free(path, record)
    earlier = read_json(path) if path.is_file() else {}
    further = {name: earlier[name] for name in (ASKED_FURTHER,) if name in earlier}
    write_json(path, record | {ASKED: asked_digest(answers)} | further)
    return keep(answers, card / "responses" / f"{slug}{KEPT}")


def asked_digest(questions: Sequence[Mapping]) -> str:
    """Digest of the questions as worded. questions: with `id` and `question`."""
    return digest(sorted([question["id"], question["question"]] for question in questions))


def asked_as(record: Mapping, asked: Mapping[str, Sequence[Mapping]]) -> str:
    """How a row was asked, and whether the wording has changed since: then it must be asked again.

    asked: today's questions by the name of the record's field with the digest of what was asked.
    """
    earlier = any(record.get(name) != asked_digest(rows) for name, rows in asked.items())
    return how_asked(record["settings"]) + IN_EARLIER_WORDS * earlier


def finished(folder: Path) -> dict:
    """Settings and model of a finished evaluation, asked by the tool.

    Raises FileError for a folder without one, ScoresError for answers made elsewhere.
    """
    path = folder / "summary.json"
    if not (path.is_file() and (folder / "answers.jsonl").is_file()):
        raise FileError(f"{folder} holds no finished evaluation (summary.json, answers.jsonl)")
    summary = read_json(path)
    parts = summary if isinstance(summary, dict) else {}
    record: dict[str, Any] = {name: parts.get(name) for name in ("settings", "model")}
    if not all(isinstance(part, dict) for part in record.values()):
        raise FileError(f"{path} is not the summary of an evaluation: it lacks settings or model")
    if not all(name in record["settings"] for name in ASKED_WITH):
        raise ScoresError(
            f"{folder}: how the model was asked is not known; the table takes evaluations with "
            "--model, not --answers"
        )
    return record


def slug_of(name: str) -> str:
    """The name of a row's files. Raises ScoresError for a name without one, or of several lines."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug or not name.isprintable() or "|" in name or len(name) > LONGEST_NAME:
        raise ScoresError(
            f"--name {name!r} cannot be a row's: up to {LONGEST_NAME} characters on one line, "
            "without |, with a letter or digit of the Latin alphabet"
        )
    return slug


def check_name_is_free(path: Path, record: Mapping) -> None:
    """Raises ScoresError if a name is that of another row; a model may be asked anew.

    path: of what is, or would be, kept for the row of this name.
    """
    if not path.is_file():
        return
    row = read_json(path)
    if row["name"] != record["name"]:
        raise ScoresError(f"the name {record['name']!r} is too similar to that of {row['name']!r}")
    if unlike := difference(row, record):
        raise ScoresError(
            f"the row {row['name']!r} is another model's or was asked in another way ({unlike}): "
            "give another --name"
        )


def difference(kept: Mapping, record: Mapping) -> str:
    """What tells two evaluations apart, of which one model asked in one way has none; "" for none.

    kept: the one beside the table.
    """
    there, here = identity(kept), identity(record)
    unlike = (name for name in there | here if there.get(name) != here.get(name))
    return "; ".join(f"{name} {there.get(name)}, here {here.get(name)}" for name in unlike)


def identity(record: Mapping) -> dict[str, object]:
    """How a model was asked, and its weights; of one that others keep, its name, place, revision.

    No digest is known of the weights of a model behind an endpoint, or of the Hub.
    """
    from mucpt_utils.musicsimpleqa.asking.run import as_used  # imports torch

    settings, model = as_used(record["settings"]), record["model"]
    named = {"model": settings["model"], "revision": model.get("revision")}
    weights = model.get("weights_sha256")
    return {
        "asked": how_asked(settings),
        "longest answer": settings["max_new_tokens"],
        "base_url": settings.get("base_url"),
        "dtype": model.get("dtype"),
        **({"weights": weights} if weights else {"weights": None, **named}),
    }


def keep(answers: Sequence[Mapping], target: Path) -> Path:
    """Writes the responses with their ids, compressed; always the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = (
        json.dumps({"id": row["id"], "response": row["response"]}, ensure_ascii=False)
        for row in answers
    )
    text = "".join(f"{row}\n" for row in rows)
    target.write_bytes(gzip.compress(text.encode(errors=HALF_SIGNS), mtime=0))
    return target


def checked(
    where: Path, answers: Sequence[dict], asked_for: Sequence[Mapping], noun: str
) -> list[dict]:
    """The answers to these questions, without those to others that a file of one's own may hold.

    Raises ScoresError unless all are answered as worded today, FileError for one answered twice.
    """
    questions = {q["id"]: q["question"] for q in asked_for}
    answers = [answer for answer in answers if answer["id"] in questions]
    check_once(where, (answer["id"] for answer in answers))
    asked = {answer["id"]: answer["question"] for answer in answers}
    absent = sorted(questions.keys() - asked.keys())
    if absent:
        raise ScoresError(
            f"{where}: {len(absent)} of {len(questions)} {noun} are not answered, "
            f"such as {absent[0]!r}; ask again without --limit"
        )
    other = sorted(name for name, text in questions.items() if asked[name] != text)
    if other:
        raise ScoresError(
            f"{where}: {len(other)} questions were asked in other words, such as {other[0]!r}; "
            "ask the model again"
        )
    return answers


def check_same_model(path: Path, record: Mapping) -> None:
    """Raises ScoresError unless the row's own evaluation is of this model, asked in the same way.

    path: of what is kept of that evaluation. record: that of the paraphrases.
    """
    if not path.is_file():
        raise ScoresError(
            f"no row is called {record['name']!r}: add its answers to the test questions first"
        )
    if unlike := difference(read_json(path), record):
        raise ScoresError(
            f"the row {record['name']!r} is another model's or was asked in another way "
            f"({unlike}): its paraphrases must be asked in the same way"
        )


def kept_responses(path: Path, questions: Sequence[Mapping]) -> dict[str, str]:
    """Responses beside the table, by question id.

    Raises FileError for a damaged file, ScoresError if a response is missing.
    """
    try:
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        responses = {row["id"]: row["response"] for row in map(json.loads, filter(None, lines))}
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path}: no kept responses ({error})") from None
    absent = sorted({question["id"] for question in questions} - responses.keys())
    if absent:
        raise ScoresError(
            f"{path.name}: no response to {len(absent)} questions, such as {absent[0]!r}; "
            "ask the model again and add it"
        )
    return responses


# --- the table ------------------------------------------------------------------------------------


def entries(card: Path = CARD) -> Iterator[tuple[Entry, dict[str, str]]]:
    """The origin of each row, and its responses: guessers first, then models by name."""
    questions = load_questions("test")
    for key, name in GUESSER_NAMES.items():
        yield {"model": name, "asked": "not asked"}, guesses(questions, GUESSERS[key])
    for path in kept_files(card, paraphrased=False):
        record = read_json(beside(path, ".json"))
        model = record["model"]
        entry: Entry = {
            "model": record["name"],
            "asked": asked_as(record, {ASKED: questions}),
            "command": command_of(record["settings"]),
            "responses_sha256": sha256(path),
        }
        entry |= {k: model.get(k) for k in ("weights_sha256", "revision", "dtype", "seconds")}
        yield entry, kept_responses(path, questions)


def kept_files(card: Path, *, paraphrased: bool) -> list[Path]:
    """Files of kept responses, by name: to the test split, or to the paraphrases."""
    files = sorted((card / "responses").glob(f"*{KEPT}"))
    return [path for path in files if path.name.endswith(KEPT_PARAPHRASES) is paraphrased]


def beside(path: Path, ending: str) -> Path:
    """Another file of the same row. path: of its kept responses, of either kind."""
    return path.with_name(path.name.removesuffix(KEPT_PARAPHRASES).removesuffix(KEPT) + ending)


def how_asked(settings: Mapping) -> str:
    """`5-shot`, `0-shot`, `chat, 5-shot`."""
    return f"{'chat, ' if settings['chat'] else ''}{settings['shots']}-shot"


def command_of(settings: Mapping) -> str:
    """The command that asks a model in this way."""
    words = ["python", "-m", "mucpt_utils", "musicsimpleqa"]
    for name in ("model", "shots", "base_url", "chat", "max_new_tokens", "dtype"):
        value = settings.get(name)
        if value is not None and value is not False:
            words += [f"--{name.replace('_', '-')}"] + [str(value)] * (value is not True)
    return shlex.join(words)


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


def wording_rows(card: Path = CARD) -> list[Entry]:
    """How much each score depends on the wording: rows of `wording.csv`, one per measure.

    For models that were also asked the paraphrases; the questions are those of the core.
    """
    further, test = load_questions(PARAPHRASES), load_questions("test")
    core = {question["id"].partition("#")[0] for question in further}
    questions = [q for q in test if q["id"] in core] + further
    subjects = {question["id"]: question["subject"] for question in questions}
    versions = {"grader": grader_version(), "questions": questions_version(questions)}
    rows = []
    for path in kept_files(card, paraphrased=True):
        record = read_json(beside(path, ".json"))
        responses = kept_responses(path, further) | kept_responses(beside(path, KEPT), [])
        answers = grade_responses(questions, responses)
        right = {answer["id"]: answer["grade"] == CORRECT for answer in answers}
        measures, count = dependence(right, subjects)
        asked = asked_as(record, {ASKED: test, ASKED_FURTHER: further})
        entry = {"model": record["name"], "asked": asked}
        entry |= versions
        entry |= {"n": count, "responses_sha256": sha256(path)}
        for name, (value, low, high) in measures.items():
            shares = {"value": value, "ci_low": low, "ci_high": high}
            shown = {key: f"{share:.4f}" for key, share in shares.items()}
            rows.append({**entry, "measure": name, **shown})
    return rows


def table_text(rows: Sequence[Entry], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as CSV."""
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue()


def with_interval(row: Entry, column: str) -> str:
    """A share of a row with its interval: `0.030 [0.024, 0.036]`."""
    value, low, high = (float(row[name]) for name in (column, "ci_low", "ci_high"))
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


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
        "every column. Models whose `command` there names a `package:` are dequantised from GGUF",
        "files, so near the originals, not the same. To add a row: ask a model, then",
        "`python -m mucpt_utils scores add FOLDER --name NAME`.",
        "",
        f"| model | asked | {head} | attempted |",
        f"|---|---|{'--:|' * (len(parts) + 1)}",
    ]
    for name, asked in dict.fromkeys((row["model"], row["asked"]) for row in rows):
        by_part = {r["part"]: r for r in rows if (r["model"], r["asked"]) == (name, asked)}
        cells = [with_interval(by_part[part], "accuracy") for part in parts]
        attempted = f"{float(by_part[ALL]['attempted']):.2f}"
        lines.append(f"| {name} | {asked} | {' | '.join(cells)} | {attempted} |")
    return "\n".join(lines) + "\n"


def wording_text(rows: Sequence[Entry]) -> str:
    """How much the scores depend on wording, as a section of the page; "" without rows."""
    if not rows:
        return ""
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    lines = [
        "",
        "## How much of a score is the wording",
        "",
        f"Shares of {rows[0]['n']} questions of the core, each asked as it is and in two further",
        "wordings (`paraphrases.jsonl`), with 95 % intervals over subjects; every column is in",
        "`wording.csv`.",
        "",
        f"| model | {' | '.join(measures)} |",
        f"|---|{'--:|' * len(measures)}",
    ]
    for name in dict.fromkeys(row["model"] for row in rows):
        own = {row["measure"]: row for row in rows if row["model"] == name}
        cells = [with_interval(own[measure], "value") for measure in measures]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def outputs(card: Path = CARD) -> dict[Path, str]:
    """The files of the table, and their contents by the present responses."""
    rows, wording = score_rows(card), wording_rows(card)
    files = {card / "scores.csv": table_text(rows)}
    if wording:
        files[card / "wording.csv"] = table_text(wording, WORDING_COLUMNS)
    return {**files, card / "SCORES.md": page_text(rows) + wording_text(wording)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Add a model's responses, build the table, or check it; returns the exit code."""
    parser = Parser(
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
    except OSError as error:
        refused = of_system(error)
        print(f"scores: {refused}", file=sys.stderr)
        return refused.exit_code
    if wrong:
        print(f"{', '.join(wrong)}: not what the responses give; run `scores build`")
        return FOUND
    print("the tables and SCORES.md are what the responses give")
    return OK


if __name__ == "__main__":
    sys.exit(main())
