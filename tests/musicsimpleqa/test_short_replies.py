"""The shortcuts of the grader: the same grades as the whole way, over every committed reply."""

import gzip
import json
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.agreement import load_cases
from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.replies import LONGEST
from mucpt_utils.musicsimpleqa.grader.short_replies import is_another
from mucpt_utils.musicsimpleqa.grading import GRADES, INCORRECT, grade, graded, graded_in_full
from mucpt_utils.musicsimpleqa.questions import load_questions

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
    taken = [(key, reply) for key, reply in pairs if is_another(key, reply)]
    return [(k.asked.text, r) for k, r in taken if graded(k, r) != graded_in_full(k, r)]


def test_the_shortcut_grades_every_committed_reply_as_the_whole_way(committed):
    taken = sum(bool(is_another(key, reply)) for key, reply in committed)
    assert taken > len(committed) / 4
    assert differing(committed) == []


def test_the_shortcut_grades_replies_to_other_questions_as_the_whole_way(committed):
    draw = random.Random(0)
    keys = sorted({key for key, _ in committed}, key=lambda key: key.asked.text)
    short = sorted({reply for _, reply in committed if len(reply) < 40})
    pairs = [(draw.choice(keys), draw.choice(short)) for _ in range(4_000)]
    assert differing(pairs) == []


def test_the_shortcut_grades_labelled_replies_and_names_as_the_whole_way():
    folder = paths.DATA_CARDS / "musicsimpleqa/labelled"
    cases = [case for path in sorted(folder.glob("*.jsonl")) for case in load_cases(path)]
    cases += load_cases()
    assert differing([(key_of(case), case["response"]) for case in cases]) == []
    # each key, and each of its names, for the question behind it and for some of another kind
    questions, draw = load_questions("test"), random.Random(1)
    names = [n for q in questions for n in (q["answer"], *(q.get("aliases") or ()))]
    pairs = [(key_of(q), name) for q in questions for name in draw.sample(names, 4)]
    pairs += [(key_of(q), other["answer"]) for q, other in pairwise(questions)]
    pairs += [(key, f"The {name}") for key, name in pairs[::4]]
    assert sum(bool(is_another(key, name)) for key, name in pairs) > len(pairs) / 3
    assert differing(pairs) == []


@given(
    st.sampled_from(["person", "group", "title", "place"]),
    st.text("ABCabcehiorstvwyz -'.", min_size=1, max_size=24),
    st.sampled_from(["Boris Katz", "The Rest", "Chistopol", "New Haven", "Torst Abba-Casie"]),
)
def test_the_shortcut_grades_any_short_reply_as_the_whole_way(kind, reply, answer):
    asked = {"question": "Who or what is it?", "answer": answer, "answer_type": kind}
    assert differing([(key_of(asked), way) for way in (reply, reply.title())]) == []


def test_a_bare_name_may_be_the_key_in_another_romanisation():
    asked = {
        "question": "In which city was she born?",
        "answer": "Khabarovsk",
        "answer_type": "place",
    }
    assert grade(asked, "Chabarowsk").grade == "correct"


def test_what_a_bare_name_commits_to_leaves_out_the_article_but_of_a_title():
    asked = {"question": "Who made it?", "answer": "Nirvana", "answer_type": "group"}
    assert is_another(key_of(asked), "The Beatles") == "Beatles"
    assert is_another(key_of({**asked, "answer_type": "title"}), "The Wall") == "The Wall"
    assert [is_another(key_of(asked), reply) for reply in ("The", "Band", "The Lord")] == [""] * 3


def test_the_shortcut_leaves_right_and_doubtful_replies_alone():
    asked = {"question": "Who wrote it?", "answer": "Paul Simon", "answer_type": "person"}
    for reply in ("Paul Simon", "Pual Simon", "Maybe", "Helaas", "Unknown", "Art Garfunkel?"):
        assert not is_another(key_of(asked), reply)
    assert is_another(key_of(asked), "Randy Newman")
    year = {"question": "When did 1979 come out?", "answer": "1995", "answer_type": "year"}
    assert [is_another(key_of(year), said) for said in ("1995", "1979", "1996")] == ["", "", "1996"]


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
