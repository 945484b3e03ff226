"""The shortcuts of the grader: the same grades as the whole way, over every committed reply."""

import gzip
import json
import random

import pytest

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grading import GRADES, INCORRECT, grade, graded, graded_in_full
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.musicsimpleqa.replies import LONGEST
from mucpt_utils.musicsimpleqa.short_replies import is_another

RESPONSES = paths.DATA_CARDS / "musicsimpleqa/responses"


@pytest.fixture(scope="module")
def committed():
    """(key, reply) of every committed reply to a question of the test split."""
    keys = {question["id"]: key_of(question) for question in load_questions("test")}
    replies = set()
    for path in sorted(RESPONSES.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        replies |= {(keys[row["id"]], row["response"]) for row in rows if row["id"] in keys}
    return sorted(replies, key=lambda pair: (pair[0].asked.text, pair[1]))


def differing(pairs):
    """The replies that the shortcut takes and the whole way grades in another way."""
    return [
        (key.asked.text, reply)
        for key, reply in pairs
        if is_another(key, reply) and graded(key, reply) != graded_in_full(key, reply)
    ]


def test_the_shortcut_grades_every_committed_reply_as_the_whole_way(committed):
    taken = sum(is_another(key, reply) for key, reply in committed)
    assert taken > len(committed) / 8
    assert differing(committed) == []


def test_the_shortcut_grades_replies_to_other_questions_as_the_whole_way(committed):
    draw = random.Random(0)
    keys = sorted({key for key, _ in committed}, key=lambda key: key.asked.text)
    short = sorted({reply for _, reply in committed if len(reply) < 40})
    pairs = [(draw.choice(keys), draw.choice(short)) for _ in range(4_000)]
    assert differing(pairs) == []


def test_the_shortcut_leaves_right_and_doubtful_replies_alone():
    asked = {"question": "Who wrote it?", "answer": "Paul Simon", "answer_type": "person"}
    for reply in ("Paul Simon", "Pual Simon", "Maybe", "Helaas", "Unknown", "Art Garfunkel?"):
        assert not is_another(key_of(asked), reply)
    assert is_another(key_of(asked), "Randy Newman")
    year = {"question": "When did 1979 come out?", "answer": "1995", "answer_type": "year"}
    assert [is_another(key_of(year), said) for said in ("1995", "1979", "1996")] == [0, 0, 1]


def test_a_very_long_reply_is_read_at_both_ends():
    asked = {
        "question": "Which group recorded the album Nevermind?",
        "answer": "Nirvana",
        "answer_type": "group",
        "subject": "Nevermind",
    }
    filling = "lorem ipsum dolor sit amet. " * (LONGEST // 4)
    for reply in (f"Nirvana. {filling}", f"{filling} The answer is Nirvana.", filling):
        assert len(reply) > LONGEST
        assert grade(asked, reply).grade in GRADES
    assert grade(asked, f"{filling} The answer is Nirvana.").grade == "correct"
    assert grade(asked, f"{filling} The answer is Hole.").grade == INCORRECT
