"""One evaluation: its folder, and the responses in it, saved as they come in."""

import errno
import fcntl
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import FileError, read_json, read_jsonl, write_json
from mucpt_utils.musicsimpleqa.answers import ANSWER, answers_to
from mucpt_utils.musicsimpleqa.asking.ask import default_tokens

PROGRESS = "responses.jsonl"
# by which a model is recognised as the one that was asked before, where an earlier run noted it
SAME_MODEL = (
    *("weights_sha256", "revision", "dtype", "chat_template_sha256"),
    *("tokenizer_sha256", "config_sha256"),
)


class OtherSettingsError(MuCPTError, ValueError):
    """A folder whose responses were made with other settings, or by another model."""


class FolderInUse(MuCPTError, RuntimeError):
    """A folder in which another process is running an evaluation."""


@dataclass
class Run:
    """The folder of an evaluation. Responses are saved as they come in, one JSON object per line.

    settings: what a response depends on besides its question. `open` loads the responses of an
    earlier run to the same questions: of one that was interrupted, or had a --limit. ended: what
    ended the empty ones, by question id, where a server says it.
    """

    folder: Path
    questions: Sequence[Mapping]
    settings: dict
    responses: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    lock: IO | None = field(default=None, repr=False)

    @property
    def progress(self) -> Path:
        """The file of responses."""
        return self.folder / PROGRESS

    @property
    def texts(self) -> dict[str, str]:
        """What is asked, by question id."""
        return {question["id"]: question["question"] for question in self.questions}

    def open(self, restart: bool = False) -> None:
        """Load earlier responses; nothing in the folder is ever deleted.

        Raises OtherSettingsError if their settings differ, FolderInUse, and FileError for a
        folder that is a file.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise FileError(f"{self.folder} is a file; --out needs a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = self.lock or lock_of(self.folder)
        record = self.folder / "settings.json"
        if restart:
            put_aside(self.progress, self.folder / "model.json")
        elif self.progress.exists():
            self.check_settings(record)
        write_json(record, self.settings)
        if self.progress.exists():
            end_last_line(self.progress)
            rows, texts = whole_rows(self.progress), self.texts
            asked = {row["id"]: row for row in rows if texts.get(row["id"]) == row["question"]}
            self.responses.update((name, row["response"]) for name, row in asked.items())
            self.ended.update(ends_of(asked))

    def check_settings(self, record: Path) -> None:
        """Raises OtherSettingsError unless the folder's responses were made with these settings."""
        before = read_json(record) if record.exists() else None
        before = as_used(before) if isinstance(before, dict) else None
        if before is None:
            problem = "holds answers, but not the settings they were made with"
        elif changed := [
            n for n, value in as_used(self.settings).items() if value != before.get(n)
        ]:
            problem = f"holds answers with other settings ({', '.join(changed)})"
        else:
            return
        raise OtherSettingsError(
            f"{self.folder} {problem}; give another --out, or --restart to ask again"
        )

    @property
    def model(self) -> dict:
        """What is known about the model, as saved by `timed`; {} before."""
        path = self.folder / "model.json"
        facts = read_json(path) if path.exists() else {}
        return facts if isinstance(facts, dict) else {}

    def check_model(self, facts: Mapping, names: Iterable[str] = SAME_MODEL) -> None:
        """Raises OtherSettingsError if the responses are another model's.

        facts: about the model at hand, compared as far as an earlier run noted `names` of them.
        """
        before = self.model
        changed = [name for name in names if name in before and before[name] != facts.get(name)]
        if self.responses and changed:
            raise OtherSettingsError(
                f"{self.folder} holds answers of another model ({', '.join(changed)}); "
                "give another --out, or --restart to ask again"
            )

    @contextmanager
    def timed(self, facts: Mapping) -> Iterator[None]:
        """Save facts about the model, and add up the seconds in which it answers, interrupted or
        not. Raises OtherSettingsError if the responses are another model's."""
        self.check_model(facts)
        earlier = self.model.get("seconds")
        spent = earlier if isinstance(earlier, int | float) else 0.0
        # noted before the first response, since a process that is killed writes nothing at its end
        self.note(facts, spent)
        began = time.monotonic()
        try:
            yield
        finally:
            self.note(facts, spent + time.monotonic() - began)

    def note(self, facts: Mapping, seconds: float) -> None:
        """Write what is known about the model, and how long it has answered."""
        write_json(self.folder / "model.json", {**facts, "seconds": round(seconds, 3)})

    def missing(self) -> list[Mapping]:
        """The questions without a response, in their order."""
        return [question for question in self.questions if question["id"] not in self.responses]

    def add(self, responses: Iterable[tuple[str, str]], ended: str = "") -> None:
        """Save (question id, response) pairs; they are on disk when this returns.

        ended: what ended them, which is noted of those that are empty.
        """
        texts = self.texts
        # half a character, as models write it, stays an escape, since the file is UTF-8
        with self.progress.open(
            "a", encoding="utf-8", errors="backslashreplace", newline="\n"
        ) as stream:
            for name, response in responses:
                row = {"id": name, "question": texts[name], "response": response}
                if ended and not response:
                    row["ended"] = self.ended[name] = ended
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                self.responses[name] = response

    def close(self) -> None:
        """Let other processes use the folder."""
        if self.lock:
            self.lock.close()
            self.lock = None


def as_used(settings: Mapping) -> dict:
    """Settings so that those that ask in the same way are equal, however they were given."""
    used = dict(settings)
    if used.get("max_new_tokens") is None:  # the default, which can also be given as a number
        used["max_new_tokens"] = default_tokens(bool(used.get("chat")))
    for name in ("model", "base_url"):  # a folder or an address ends with / or without it
        if isinstance(used.get(name), str):
            used[name] = used[name].rstrip("/")
    return used


def lock_of(folder: Path) -> IO:
    """An open file that no other process can lock while it is open.

    Raises FolderInUse. On a file system without locks, nothing is checked.
    """
    lock = (folder / ".lock").open("w")
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            lock.close()
            raise FolderInUse(
                f"another process evaluates in {folder}; wait for it, or give another --out"
            ) from None
    return lock


def put_aside(*files: Path) -> None:
    """Rename existing files so that they are kept: with the first free number."""
    numbers = count(1)
    number = next(n for n in numbers if not any(aside(path, n).exists() for path in files))
    for path in files:
        if path.exists():
            path.replace(aside(path, number))


def aside(path: Path, number: int) -> Path:
    """The name under which a file from before restart `number` is kept."""
    return path.with_name(f"{path.stem}-before-{number}{path.suffix}")


def end_last_line(path: Path) -> None:
    """End a last line that was cut short, so that the next one starts a new line."""
    with path.open("rb+") as file:
        size = file.seek(0, 2)
        if size:
            file.seek(size - 1)
            if file.read() != b"\n":
                file.write(b"\n")


def whole_rows(path: Path) -> list[dict]:
    """The rows of a file of responses, without lines that were cut short during writing.

    A line ends at `\\n` only: models write other characters that break lines elsewhere.
    """
    rows = []
    with path.open("rb") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            fields = ("id", "question", "response")
            if isinstance(row, dict) and all(isinstance(row.get(name), str) for name in fields):
                rows.append(row)
    return rows


def ends_of(answers: Mapping[str, Mapping]) -> dict[str, str]:
    """What ended the empty responses of some answers, where they say it; by question id."""
    ends = {name: answer.get("ended") for name, answer in answers.items()}
    return {name: end for name, end in ends.items() if isinstance(end, str)}


def read_answers(
    path: Path, questions: Sequence[Mapping], limit: int | None = None
) -> dict[str, dict]:
    """Answers made elsewhere to all questions, or the first `limit`, by question id.

    Raises FileError for an unknown id, a question answered twice, and one without a response.
    """
    if path.is_dir():
        raise FileError(f"{path} is a folder; needed is a JSON Lines file of {{id, response}}")
    known = {question["id"] for question in questions}
    texts = {question["id"]: question["question"] for question in questions[:limit]}
    rows = read_jsonl(path, ANSWER)
    for number, row in enumerate(rows, start=1):
        if row["id"] not in known:
            raise FileError(f"{path}, answer {number}: no question has the id {row['id']!r}")
    answers = {row["id"]: row for row in answers_to(texts, rows, path)}
    absent = sorted(set(texts) - set(answers))
    if absent:
        other = len({row["id"] for row in rows}.intersection(absent))
        how = f" ({other} in other words only)" if other else ""
        raise FileError(
            f"{path}: {len(absent)} questions are not answered{how}, {absent[0]!r} for one"
        )
    return answers
