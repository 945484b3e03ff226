"""Replies from templates, filled with many questions: what holds for one name holds for others."""

import pytest
from grading_templates import missed, questions_with_wrong_answers, templates

from mucpt_utils import paths

QUESTIONS = 40
TOLERANCE = 0.05  # two of the sample's questions


@pytest.fixture(scope="module")
def asked():
    return list(questions_with_wrong_answers(QUESTIONS))


@pytest.mark.parametrize("template", templates(), ids=lambda template: template["name"])
def test_a_template_is_graded_as_well_as_the_file_says(template, asked):
    """The shares in the file are of more questions: tests/benchmarks/bench_grading_templates.py."""
    n, wrongly = missed(template, asked)
    assert len(wrongly) <= (template["missed"] + TOLERANCE) * n, wrongly[:3]


def test_the_card_says_how_often_templates_are_missed():
    card = (paths.DATA_CARDS / "musicsimpleqa/README.md").read_text(encoding="utf-8")
    for name, held_out in (("open", False), ("held out", True)):
        shares = [row["missed"] for row in templates() if row["held_out"] == held_out]
        mean = f"{sum(shares) / len(shares):.3f}".removeprefix("0")
        failing = sum(share > 0.02 for share in shares)
        assert f"| templates, {name} | {len(shares)} | {mean} | {failing} |" in card
