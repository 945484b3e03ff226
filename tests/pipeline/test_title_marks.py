"""Titles with marks of their own are read as plain names."""

import pytest

from mucpt_utils.pipeline.decontamination import asked_questions
from mucpt_utils.pipeline.questions.title_marks import TitleMarks

GLORY = "(What's the Story) Morning Glory?"
QUESTIONS = [
    {"id": "glory", "question": f"Who recorded {GLORY}?", "answer": "Oasis", "subject": GLORY}
    | {"answer_type": "person"},
    {"id": "won", "question": "What won the 2020 Grammy Award for Album of the Year?"}
    | {"subject": "2020 Grammy Award for Album of the Year", "answer_type": "title"}
    | {"answer": "When We All Fall Asleep, Where Do We Go?"},
    {"id": "lolita", "question": 'Which singer is known for the song "Moi... Lolita"?'}
    | {"subject": "Moi... Lolita", "answer": "Alizée", "answer_type": "person"},
    {"id": "devo", "question": "Who produced the album?", "answer": "Brian Eno"}
    | {"subject": 'the album "Q: Are We Not Men? A: We Are Devo!" by Devo'}
    | {"answer_type": "person", "fact_ids": ["m:album.producer:devo"]},
]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Owen Morris produced (What's the Story) Morning Glory?", "Morning Glory."),
        ("It was Stevie Wonder who recorded (What's the Story) Morning Glory?", "Morning Glory."),
        ("Hi all: who made (What’s the Story) Morning Glory? Thanks.", "Morning Glory? Thanks."),
        ("We wondered who made (what's the story) morning glory?", "morning glory?"),
        ("When was (What's the Story) Morning Glory? released?", "Morning Glory released?"),
        ('The song "Moi... Lolita" is old.', '"Moi Lolita" is old.'),
        ("The award went to When We All Fall Asleep, Where Do We Go?\nNext", "Do We Go.\nNext"),
        ("Who cares... and why?", "Who cares... and why?"),
    ],
)
def test_the_mark_of_a_title_stays_only_where_the_sentence_asks(text, read):
    assert TitleMarks(QUESTIONS).read(text).endswith(read)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hi all, we disagree: which artist recorded (What's the Story) Morning Glory? Thanks.", 1),
        ('Hi all, we disagree: which artist is known for the song "Moi... Lolita"? Thanks.', 1),
        ('So, who produced the album "Q: Are We Not Men? A: We Are Devo!" by Devo?', 1),
        (
            "rainy_day: The 2020 Grammy Award for Album of the Year went to When We All Fall "
            "Asleep, Where Do We Go?\nhexagon: Back to work.",
            0,
        ),
        ("It was Noel Gallagher who worked as a producer on (What's the Story) Morning Glory?", 0),
    ],
)
def test_questions_about_such_titles_are_found_and_statements_are_not(text, ids):
    assert len(asked_questions(text, QUESTIONS)) == ids
