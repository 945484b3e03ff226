"""An optional judge: a language model behind an OpenAI-compatible endpoint grades the answers."""

import hashlib
import json
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mucpt_utils.io import HALF_SIGNS, read_json, write_json
from mucpt_utils.musicsimpleqa.agreement import Agreement, agreement
from mucpt_utils.musicsimpleqa.asking.client import Endpoint, ask_all
from mucpt_utils.musicsimpleqa.grader.replies import without_thoughts
from mucpt_utils.musicsimpleqa.grading import CORRECT, INCORRECT, NOT_ATTEMPTED

UNPARSED = "unparsed"
LABELS = {"CORRECT": CORRECT, "INCORRECT": INCORRECT, "NOT_ATTEMPTED": NOT_ATTEMPTED}
ATTEMPTS = 3
AROUND = string.whitespace + string.punctuation  # what may be around a label
MAX_TOKENS = 1024  # room for the thoughts of a reasoning model; others stop after the label
SYSTEM = """\
You compare a response to a question about music with the one right answer, the key.

Reply with exactly one of these words and nothing else:
CORRECT - the response commits to one answer and that answer is the key. Another spelling, a \
missing article, a family name alone, initials, another accepted name, more precision than asked, \
or voiced doubt make no difference.
INCORRECT - the response commits to another answer, gives several answers, is less precise than \
asked, or names the key only to deny it.
NOT_ATTEMPTED - the response gives no answer: it declines, asks back, or says it does not know."""
AGAIN = "Reply with exactly one word: CORRECT, INCORRECT or NOT_ATTEMPTED."


def judge_messages(question: Mapping, response: str) -> list[dict[str, str]]:
    """The conversation that asks for the grade of one response."""
    names = "; ".join(question.get("aliases") or ()) or "none"
    text = (
        f"Question: {question['question']}\nKey: {question['answer']}\n"
        f"Other accepted names: {names}\nResponse: {response}"
    )
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


def parse_grade(reply: str) -> str | None:
    """The grade that a reply gives; None for a reply that is anything but one label.

    A longer reply is not searched: "INCORRECT" contains "CORRECT". Thoughts before the
    label, marks around it and a hyphen or space in it make no difference.
    """
    label = without_thoughts(reply).strip(AROUND).upper()
    return LABELS.get(re.sub(r"[\s_-]+", "_", label))


class JudgeCache:
    """Grades already given, one JSON file for each, by hash of model and conversation."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, model: str, messages: Sequence[Mapping]) -> Path:
        """Where the grade of a conversation is, or would be."""
        text = json.dumps([model, list(messages)], sort_keys=True, ensure_ascii=False)
        name = hashlib.sha256(text.encode(errors=HALF_SIGNS)).hexdigest()
        return self.folder / f"{name}.json"

    def get(self, path: Path) -> str | None:
        """The grade in a cache file; None if there is no file, or a damaged one."""
        try:
            grade = read_json(path)["grade"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return grade if grade in LABELS.values() else None

    def put(self, path: Path, grade: str, model: str) -> None:
        """Write a grade, whole or not at all."""
        write_json(path, {"grade": grade, "model": model})


def judge_one(endpoint: Endpoint, question: Mapping, response: str, cache: JudgeCache) -> str:
    """The judge's grade, or UNPARSED (not cached) after ATTEMPTS replies that are no grade."""
    first = messages = judge_messages(question, response)
    path = cache.path(endpoint.model, messages)
    if (cached := cache.get(path)) is not None:
        return cached
    for _ in range(ATTEMPTS):
        reply = endpoint.chat(messages, MAX_TOKENS).text
        if (grade := parse_grade(reply)) is not None:
            cache.put(path, grade, endpoint.model)
            return grade
        messages = asked_again(first, reply)
    return UNPARSED


def asked_again(messages: Sequence[dict[str, str]], reply: str) -> list[dict[str, str]]:
    """The conversation that asks again for the grade, after a reply that is none.

    Without a turn of the judge if it said nothing, since servers refuse empty ones.
    """
    if reply.strip():
        said = {"role": "assistant", "content": reply}
        return [*messages, said, {"role": "user", "content": AGAIN}]
    system, asked = messages
    return [system, {**asked, "content": f"{asked['content']}\n\n{AGAIN}"}]


def judge_answers(
    endpoint: Endpoint,
    questions: Sequence[Mapping],
    responses: Sequence[str],
    cache: Path,
    concurrency: int = 8,
    progress: bool = True,
) -> list[str]:
    """The judge's grade of each response, in their order.

    cache: folder of the grades already given. Raises EndpointError if the server fails.
    """
    store = JudgeCache(cache)
    grades = [UNPARSED] * len(responses)

    def ask(index: int) -> str:
        return judge_one(endpoint, questions[index], responses[index], store)

    for index, grade in ask_all(ask, len(responses), concurrency, progress):
        grades[index] = grade
    return grades


def judge_agreement(answers: Iterable[Mapping]) -> list[Agreement]:
    """Agreement of judge and grader by answer type, over the judge's replies that were grades.

    answers: dicts with `answer_type`, `grade` and `judge`.
    """
    rows = [a for a in answers if a["judge"] != UNPARSED]
    return agreement((a["answer_type"], a["grade"], a["judge"]) for a in rows)
