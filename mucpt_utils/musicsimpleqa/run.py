"""One evaluation: its folder, and the responses in it, kept as they come in."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import FileError, digest, read_json, read_jsonl, write_json, write_jsonl


class OtherSettingsError(MuCPTError, ValueError):
    """A folder whose responses were made with other settings."""


@dataclass
class Run:
    """The folder of an evaluation. Responses are kept as they come in, one JSON object a line.

    settings: what a response depends on. `open` takes up those of an earlier, interrupted run.
    """

    folder: Path
    questions: Sequence[Mapping]
    settings: dict
    responses: dict[str, str] = field(default_factory=dict)

    @property
    def progress(self) -> Path:
        """The file of responses."""
        return self.folder / "responses.jsonl"

    def open(self, restart: bool = False) -> None:
        """Take up earlier responses. Raises OtherSettingsError where their settings were others."""
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder} is a file; --out needs a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        record = self.folder / "settings.json"
        asked = [[question["id"], question["question"]] for question in self.questions]
        settings = {**self.settings, "questions_sha256": digest(asked)}
        if restart:
            self.progress.unlink(missing_ok=True)
            (self.folder / "model.json").unlink(missing_ok=True)
        elif self.progress.exists():
            if not record.exists():
                raise OtherSettingsError(
                    f"{self.folder} holds answers, but not the settings they were made with; "
                    "give another --out, or --restart to ask again"
                )
            before = read_json(record)
            changed = [name for name in settings if settings[name] != before.get(name)]
            if changed:
                raise OtherSettingsError(
                    f"{self.folder} holds answers with other settings ({', '.join(changed)}); "
                    "give another --out, or --restart to ask again"
                )
        write_json(record, settings)
        if self.progress.exists():
            rows = whole_rows(self.progress)
            write_jsonl(self.progress, rows)  # without a line that was cut short
            self.responses.update((row["id"], row["response"]) for row in rows)

    @property
    def model(self) -> dict:
        """What is known of the model that was asked, as `timed` notes it; {} before."""
        path = self.folder / "model.json"
        return read_json(path) if path.exists() else {}

    @contextmanager
    def timed(self, facts: Mapping) -> Iterator[None]:
        """Keep facts about the model, and add up the seconds in which it answers, broken off or
        not."""
        before, began = self.model.get("seconds", 0.0), time.monotonic()
        try:
            yield
        finally:
            seconds = round(before + time.monotonic() - began, 1)
            write_json(self.folder / "model.json", {**facts, "seconds": seconds})

    def missing(self) -> list[Mapping]:
        """The questions without a response, in their order."""
        return [question for question in self.questions if question["id"] not in self.responses]

    def add(self, responses: Iterable[tuple[str, str]]) -> None:
        """Keep (question id, response) pairs; they are on disk when this returns."""
        with self.progress.open("a", encoding="utf-8", newline="\n") as stream:
            for question_id, response in responses:
                self.responses[question_id] = response
                row = {"id": question_id, "response": response}
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def whole_rows(path: Path) -> list[dict]:
    """The rows of a file of responses, without lines that were cut short while they were written.

    A line ends at `\\n` only: models write other signs that break lines elsewhere.
    """
    rows = []
    with path.open("rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and isinstance(row.get("response"), str) and "id" in row:
                rows.append(row)
    return rows


def read_responses(
    path: Path, questions: Sequence[Mapping], limit: int | None = None
) -> dict[str, str]:
    """Responses made elsewhere, by question id, to the first `limit` questions or to all.

    Raises FileError for an unknown or repeated id, and for questions without a response.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder; needed is a JSON Lines file of {{id, response}}")
    ids = {question["id"] for question in questions[:limit]}
    others = {question["id"] for question in questions} - ids
    responses: dict[str, str] = {}
    for number, row in enumerate(read_jsonl(path, ("id", "response")), start=1):
        if row["id"] in others:  # of a file that answers all questions
            continue
        if row["id"] not in ids:
            raise FileError(f"{path}, answer {number}: no question has the id {row['id']!r}")
        if row["id"] in responses:
            raise FileError(f"{path}, answer {number}: {row['id']!r} is answered twice")
        responses[row["id"]] = row["response"]
    absent = sorted(ids - set(responses))
    if absent:
        raise FileError(f"{path}: {len(absent)} questions are not answered, {absent[0]!r} for one")
    return responses
