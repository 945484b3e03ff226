"""A paragraph of a long page that asks by itself is found as it would be alone; prose is not."""

import textwrap

import pytest
from made_up_questions import question

from mucpt_utils.pipeline.decontamination import QuestionIndex
from mucpt_utils.pipeline.questions.asking_paragraphs import LONGEST, asking_paragraphs

QUESTIONS = [
    question(*row)
    for row in (
        ("made", "album.artist", "Which band made the album Paper Theory?")
        + ("Cold Harbour", "Paper Theory", "group"),
        ("singer", "artist.lead_vocalist", "Who is the lead singer of the group Joy Harbour?")
        + ("Ian Moss", "Joy Harbour", "person"),
        ("born", "artist.birthplace", "In which town was the musician Karin Holvast born?")
        + ("Lexington", "Karin Holvast", "place"),
        ("label", "recording.label", 'Which label released "Harbour Lights" by Ida Moss?')
        + ("Quay", '"Harbour Lights" by Ida Moss', "group"),
    )
]
PROSE = (
    "The caretaker left a note about the heating, and Anna answered it on Monday with a longer "
    "one about the windows. Nobody in the building thought much of it, since notes were what "
    "they lived on. In the evening the choir came, forty people with coats, and the doors stood "
    "open for a quarter of an hour while the stove did what it could for them, which was little."
)


@pytest.fixture(scope="module")
def index() -> QuestionIndex:
    return QuestionIndex(QUESTIONS)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("who made paper theory again? was it the red piers", "made"),
        (
            "He was the frontman of Joy Harbour until their end in 1980: Who was Ian Moss?",
            "singer",
        ),
        ("Karin Holvast was born in this town in 1958. Answer: Lexington", "born"),
        ("Harbour Lights, the pretty hit of Ida Moss, was on what label? Quay", "label"),
    ],
)
@pytest.mark.parametrize("border", ["\n\n", "\n"])
def test_what_asks_in_a_paragraph_or_a_line_of_its_own_is_found(index, asked, key, border):
    found = index.find(border.join((PROSE, asked, PROSE)))
    assert [match.id for match in found] == [key]


@pytest.mark.parametrize(
    "paragraph",
    [
        # without the capital letters of the name
        "He had a paper theory. Who made it up is another matter.",
        "Which band of harbour lights was on?",
    ],
)
def test_the_same_words_in_prose_ask_nothing(index, paragraph):
    assert index.find("\n\n".join((PROSE, paragraph, PROSE))) == []


def test_lines_of_a_long_paragraph_are_read_one_by_one_and_wrapped_ones_together():
    asked = "Who made it, and in which of the many years\nthat came after the war?"
    wrapped = "\n".join(textwrap.wrap(PROSE, 70))
    for prose, parts in ((wrapped, [asked]), (PROSE, asked.split("\n"))):
        found = asking_paragraphs(f"{prose}\n{asked}\n{prose}\n\nWhat is that?", bool)
        assert [part.strip() for part in found] == [*parts, "What is that?"]


@pytest.mark.parametrize(
    "passed_over",
    ["Who came? " + "It was cold. " * LONGEST, "It was cold.", "“Who came?”", '"Who came?"'],
)
def test_long_paragraphs_statements_and_speech_are_passed_over(passed_over):
    assert list(asking_paragraphs(f"Who came?\n\n{passed_over}", bool)) == ["Who came?"]
