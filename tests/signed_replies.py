"""Replies to made-up questions, each with a sign for the grade that it should be given."""

from collections.abc import Mapping, Sequence

from mucpt_utils.musicsimpleqa.grading import Grade, grade

GRADES = {"+": "correct", "-": "incorrect", "0": "not_attempted"}


def given(questions: Mapping[str, Sequence[str]], name: str, reply: str) -> Grade:
    """The grade of a reply; a question is its text, key, kind of answer and subject."""
    text, answer, kind, subject = questions[name]
    question = {"question": text, "answer": answer, "answer_type": kind, "subject": subject}
    return grade(question, reply)
