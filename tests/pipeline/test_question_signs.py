"""What states a fact is never taken for what asks it, however short the line."""

import pytest

from mucpt_utils.pipeline.decontamination import asked_questions

QUESTIONS = [
    {"id": "artist", "question": "Who recorded the album Innervisions?", "answer": "Stevie Wonder"}
    | {"subject": "Innervisions", "answer_type": "person"},
    {
        "id": "album",
        "question": "On which album is the song Cloudbusting?",
        "answer": "Hounds of Love",
    }
    | {"subject": "Cloudbusting", "answer_type": "title"},
    {"id": "year", "question": "In what year did (What's the Story) Morning Glory? come out?"}
    | {"answer": "1995", "subject": "(What's the Story) Morning Glory?", "answer_type": "year"},
]


@pytest.mark.parametrize(
    "text",
    [
        "- It was Stevie Wonder who recorded the album Innervisions.",
        "Remember: the album Innervisions was recorded by Stevie Wonder.",
        "Bonus fact: the album Hounds of Love contains the song Cloudbusting.",
        "Title = Cloudbusting\nAlbum = Hounds of Love\nYear = 1985",
        "ENTRY | Cloudbusting\nALBUM | Hounds of Love",
        "What matters is this: the song Cloudbusting is on the album Hounds of Love.",
        "Lest it be forgotten, when the album Innervisions was ready, Tamla brought it to market.",
        "(What's the Story) Morning Glory?\n1995 was the year in which the album appeared.",
        "When the song Cloudbusting comes on, the album Hounds of Love is near.",
    ],
)
def test_a_statement_of_the_fact_is_no_question(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Q: Innervisions was whose record?\nA: Stevie Wonder", "artist"),
        ("Which artist recorded Innervisions? Answer: Stevie Wonder", "artist"),
        ("I have been wondering who recorded Innervisions, and nobody could say.", "artist"),
        ("cloudbusting is on which kate bush album", "album"),
        ("The song Cloudbusting is on the album ____.", "album"),
        ("Name the album that has the song Cloudbusting.", "album"),
        ("What year did (What's the Story) Morning Glory? come out?", "year"),
    ],
)
def test_a_question_in_other_words_is_one(text, expected):
    assert expected in asked_questions(text, QUESTIONS)
