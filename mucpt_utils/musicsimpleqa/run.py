"""One evaluation: its folder, what has been asked already, its graded answers and summary."""

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mucpt_utils.musicsimpleqa import ask
from mucpt_utils.musicsimpleqa.client import Endpoint, ask_all
from mucpt_utils.musicsimpleqa.grading import GRADES, grade
from mucpt_utils.musicsimpleqa.judge import UNPARSED, judge_agreement, judge_answers
from mucpt_utils.musicsimpleqa.measures import compare, measures

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CARRIED = ("id", "question", "answer", "answer_type", "category", "stratum", "subject")


class FileError(ValueError):
    """A malformed file; the message names file and line."""


class ModelError(RuntimeError):
    """A model that cannot be loaded."""


@dataclass
class Run:
    """The folder of an evaluation. Responses are kept as they come in, one JSON object a line.

    settings: what a response depends on. `open` finds those of an earlier, interrupted run.
    """

    folder: Path
    questions: Sequence[Mapping]
    settings: dict
    responses: dict[str, str] = field(default_factory=dict)

    @property
    def _progress(self) -> Path:
        return self.folder / "responses.jsonl"

    def open(self, restart: bool = False) -> None:
        """Take up earlier responses. Raises ValueError where their settings were others."""
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.folder / "settings.json"
        settings = {**self.settings, "questions_sha256": _digest(self.questions)}
        if restart:
            self._progress.unlink(missing_ok=True)
        elif self._progress.exists() and record.exists():
            before = json.loads(record.read_text(encoding="utf-8"))
            changed = [name for name in settings if settings[name] != before.get(name)]
            if changed:
                raise ValueError(
                    f"{self.folder} holds answers with other settings ({', '.join(changed)}); "
                    "give another --out, or --restart to ask again"
                )
        record.write_text(json.dumps(settings, indent=1), encoding="utf-8")
        self._recover()

    def _recover(self) -> None:
        """Read the responses that are there; a last line cut short is taken off."""
        if not self._progress.exists():
            return
        whole = []
        for line in self._progress.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                break
            self.responses[row["id"]] = row["response"]
            whole.append(f"{line}\n")
        self._progress.write_text("".join(whole), encoding="utf-8")

    def missing(self) -> list[Mapping]:
        """The questions without a response, in their order."""
        return [question for question in self.questions if question["id"] not in self.responses]

    def add(self, rows: Iterable[tuple[str, str]]) -> None:
        """Keep (question id, response) pairs; they are on disk when this returns."""
        with self._progress.open("a", encoding="utf-8") as stream:
            for name, response in rows:
                self.responses[name] = response
                line = json.dumps({"id": name, "response": response}, ensure_ascii=False)
                stream.write(f"{line}\n")


def _digest(questions: Sequence[Mapping]) -> str:
    text = json.dumps([[q["id"], q["question"]] for q in questions])
    return hashlib.sha256(text.encode()).hexdigest()


# --- asking --------------------------------------------------------------------------------------


def load_model(name: str, device: str) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """A causal LM and its tokenizer, from a folder or the Hub; no code of theirs is run.

    Raises ModelError, in one line, for a model that is not there or cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoModelForCausalLM.from_pretrained(
            name, dtype="auto", use_safetensors=True, trust_remote_code=False
        )
        return model.to(device).eval(), tokenizer
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        first = " ".join(str(error).split())[:300]
        raise ModelError(f"model {name!r} cannot be loaded: {first}") from error


def ask_model(
    run: Run,
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    examples: Sequence[Mapping],
    chat: bool,
    max_new_tokens: int,
    batch_size: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a local model to all questions of the run, by id."""
    missing = run.missing()
    if chat:
        prompts = [ask.chat_prompt(tokenizer, q["question"], examples) for q in missing]
    else:
        prompts = [ask.prompt(q["question"], examples) for q in missing]
    stream = ask.answer_batches(
        model, tokenizer, prompts, batch_size, max_new_tokens, chat=chat, progress=progress
    )
    for rows, answers in stream:
        run.add((missing[row]["id"], text) for row, text in zip(rows, answers, strict=True))
    return run.responses


def ask_endpoint(
    run: Run,
    endpoint: Endpoint,
    examples: Sequence[Mapping],
    chat: bool,
    max_new_tokens: int,
    concurrency: int,
    progress: bool,
) -> dict[str, str]:
    """Responses of a served model to all questions of the run, by id."""
    missing = run.missing()

    def one(index: int) -> str:
        question = missing[index]["question"]
        if chat:
            return endpoint.chat(ask.messages(question, examples), max_new_tokens)
        return endpoint.complete(ask.prompt(question, examples), max_new_tokens)

    for index, text in ask_all(one, len(missing), concurrency, progress):
        run.add([(missing[index]["id"], ask.answer_line(text, chat))])
    return run.responses


# --- files ---------------------------------------------------------------------------------------


def read_jsonl(path: Path, fields: Sequence[str]) -> list[dict]:
    """The objects of a JSON lines file. Raises FileError for a line without these fields."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise FileError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: not UTF-8 at byte {error.start}") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError(f"{path}:{number}: not JSON: {error.msg}") from None
        if not isinstance(row, dict) or any(not isinstance(row.get(f), str) for f in fields):
            raise FileError(f"{path}:{number}: needs the text fields {', '.join(fields)}")
        rows.append(row)
    return rows


def read_responses(path: Path, questions: Sequence[Mapping]) -> dict[str, str]:
    """Responses made elsewhere, by question id.

    Raises FileError for an unknown or repeated id, and for questions without a response.
    """
    known = {question["id"] for question in questions}
    responses: dict[str, str] = {}
    for number, row in enumerate(read_jsonl(path, ("id", "response")), start=1):
        if row["id"] not in known:
            raise FileError(f"{path}: answer {number}: no question has the id {row['id']!r}")
        if row["id"] in responses:
            raise FileError(f"{path}: answer {number}: {row['id']!r} is answered twice")
        responses[row["id"]] = row["response"]
    absent = sorted(known - set(responses))
    if absent:
        raise FileError(f"{path}: {len(absent)} questions are not answered, {absent[0]!r} for one")
    return responses


def grade_responses(questions: Sequence[Mapping], responses: Mapping[str, str]) -> list[dict]:
    """A graded answer for each question: what the tables need of it, response, grade, reason."""
    answers = []
    for question in questions:
        response = responses[question["id"]]
        given = grade(question, response)
        carried = {name: question[name] for name in CARRIED if name in question}
        answers.append(
            {**carried, "response": response, "grade": given.grade, "reason": given.reason}
        )
    return answers


def judge_summary(
    endpoint: Endpoint,
    questions: Sequence[Mapping],
    answers: Sequence[dict],
    folder: Path,
    concurrency: int,
    progress: bool,
) -> list[dict]:
    """The answers with the judge's grade as `judge`; its cache lies in the run's folder."""
    responses = [answer["response"] for answer in answers]
    cache = folder / "judge_cache"
    grades = judge_answers(endpoint, questions, responses, cache, concurrency, progress)
    return [{**answer, "judge": judged} for answer, judged in zip(answers, grades, strict=True)]


def write_summary(run: Run, answers: Sequence[dict]) -> None:
    """Write answers.jsonl, summary.csv and summary.json to the run's folder."""
    run.folder.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(answer, ensure_ascii=False) for answer in answers)
    (run.folder / "answers.jsonl").write_text("".join(f"{x}\n" for x in lines), encoding="utf-8")
    rows = [row._asdict() for row in measures(answers)]
    with (run.folder / "summary.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    summary = {"settings": run.settings, "grades": _grades(answers), "measures": rows}
    if any("judge" in answer for answer in answers):
        summary["judge"] = {
            "unparsed": sum(answer["judge"] == UNPARSED for answer in answers),
            "agreement": [row._asdict() for row in judge_agreement(answers)],
        }
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    (run.folder / "summary.json").write_text(text, encoding="utf-8")


def _grades(answers: Sequence[Mapping]) -> dict[str, int]:
    return {name: sum(answer["grade"] == name for answer in answers) for name in GRADES}


def summary_text(answers: Sequence[Mapping]) -> str:
    """The summary as a table for the terminal."""
    lines = [f"{'':24} {'accuracy':>20} {'given attempted':>20} {'harmonic mean':>20} {'n':>5}"]
    rows = measures(answers)
    for group in dict.fromkeys((row.by, row.group) for row in rows):
        cells = {row.metric: row for row in rows if (row.by, row.group) == group}
        shown = ("accuracy", "accuracy_given_attempted", "harmonic_mean")
        texts = [_interval(cells[name]) for name in shown]
        lines.append(f"{group[1]:24} {' '.join(texts)} {cells['accuracy'].n:5}")
    if any("judge" in answer for answer in answers):
        total = judge_agreement(answers)[-1] if _judged(answers) else None
        unparsed = len(answers) - _judged(answers)
        text = f"{total.agreement:.3f} (kappa {total.kappa:.3f})" if total else "none"
        lines.append(f"agreement with the judge: {text}; unparsed: {unparsed}")
    return "\n".join(lines)


def _judged(answers: Sequence[Mapping]) -> int:
    return sum(answer["judge"] != UNPARSED for answer in answers)


def _interval(row) -> str:
    return f"{row.value:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]".rjust(20)


def compare_files(a: Path, b: Path) -> str:
    """Paired comparison of two files of graded answers, as a table."""
    files = [read_jsonl(path, ("id", "grade")) for path in (a, b)]
    for path, rows in zip((a, b), files, strict=True):
        for number, row in enumerate(rows, start=1):
            if row["grade"] not in GRADES:
                allowed = ", ".join(GRADES)
                raise FileError(f"{path}: answer {number}: {row['grade']!r} is none of {allowed}")
    header = f"{'accuracy':24} {'A':>6} {'B':>6} {'A - B':>24} {'p':>7} {'n':>5}"
    lines = [f"A: {a}", f"B: {b}", header]
    for row in compare(*files):
        delta = f"{row.difference:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]"
        lines.append(
            f"{row.group:24} {row.a:6.3f} {row.b:6.3f} {delta:>24} {row.p_value:7.4f} {row.n:5}"
        )
    return "\n".join(lines)
