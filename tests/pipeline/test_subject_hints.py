"""Subjects in other spellings, in figures and in words, and named in part."""

import pytest
from made_up_questions import question

from mucpt_utils.pipeline.decontamination import asked_questions

QUESTIONS = [
    question(*row)
    for row in (
        ("band", "artist.lead_vocalist", "Who is the lead singer of the band Green Paper Harbours?")
        + ("Tomas Vikander", "Green Paper Harbours", "person"),
        (
            "drums",
            "album.player",
            'Who was on drums for the album "Song for Nat Holvast" by Abel Roe?',
        )
        + ("Wim Aldous", 'the album "Song for Nat Holvast" by Abel Roe', "person"),
        ("album", "song.album", "On which album did Lantern Cake Walk first appear?")
        + ("Night Ferry", "Lantern Cake Walk", "title"),
        (
            "origin",
            "instrument.origin",
            "Where does the instrument called the kandrimbal come from?",
        )
        + ("Malta", "kandrimbal", "place"),
        ("year", "classical.year", "In what year was Music for 18 Ferrymen composed?")
        + ("1976", "Music for 18 Ferrymen", "year"),
        ("contest", "award.country", "Which country won the Northern Song Contest 1979?")
        + ("Iceland", "Northern Song Contest 1979", "place"),
        ("slow", "classical.second_movement_key")
        + ("What key is Karin Holvast's Piano Sonata in E major, D. 960, second movement, in?",)
        + ("C minor", "Karin Holvast's Piano Sonata in E major, D. 960", "term"),
        ("symphony", "classical.second_movement_key")
        + ("In which key is the second movement of Karin Holvast's Symphony No. 7?",)
        + ("A minor", "Karin Holvast's Symphony No. 7", "term"),
        ("flat", "theory.subdominant_key", "What is the subdominant key of B-flat major?")
        + ("E-flat major", "B-flat major", "term"),
        ("producer", "album.producer", 'Who produced the album "Doorlight" by Magnolia?')
        + ("Gil Aldous", 'the album "Doorlight" by Magnolia', "person"),
        ("score", "film.composer", "Who composed the score of the film Sabre (1998)?")
        + ("Mark Roe", "Sabre (1998)", "person"),
    )
]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Name the Paper Harbours' frontman. Answer: Tomas Vikander", "band"),
        ('Name the drummer heard with Abel on "Nat Holvast".', "drums"),
        ("On which record did Lantern Cakewalk first appear?", "album"),
        ("Name the land of origin of the kandrmbal, a drum.\nAns. Malta", "origin"),
        ("Music for Eighteen Ferrymen: when was it composed?", "year"),
        ("Name the nation that won the Northern Song Contest in nineteen seventy-nine.", "contest"),
        ("Key of movement no. 2 in Holvast's last piano sonata, D960?", "slow"),
        ("Who was the producer when Doorlight first came out?", "producer"),
        ("subdominant of Bb maj? eb i think", "flat"),
    ],
)
def test_subjects_are_recognised_in_other_spellings_and_by_parts(text, key):
    assert asked_questions(text, QUESTIONS) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "What key is the third movement of Holvast's Seventh Symphony in?",
        "Q: In which studio did Magnolia record Doorlight?\nA: Downtown, Boston",
        "Who scored Sabre Runner?",
        "What type of music does Sabre play?",
        'Who sings on Doorlight\'s "Fourth Chamber"?',
        "Who performed Blue Paper Weddings?",
        "Which country won the Northern Song Contest in 1965?",
    ],
)
def test_other_names_things_and_numbers_are_no_match(text):
    assert asked_questions(text, QUESTIONS) == []
