"""Questions told in parts, cut short, broken off or in a row are found; marks and names are not."""

import pytest
from made_up_questions import question

from mucpt_utils.pipeline.decontamination import asked_questions
from mucpt_utils.pipeline.questions.parts import QuestionParts

QUESTIONS = [
    question(*row)
    for row in (
        ("released", "song.year", "In which year was the song Night Ferry first released?")
        + ("1977", "Night Ferry", "year"),
        ("born", "artist.birthplace", "In which town was the musician Karin Holvast born?")
        + ("Fort Macleod", "Karin Holvast", "place"),
        ("year", "artist.birth_year", "In what year was the musician Karin Holvast born?")
        + ("1958", "Karin Holvast", "year"),
        ("key", "classical.key", "What is the home key of the Pathétique Sonata?")
        + ("C minor", "Pathétique Sonata", "term"),
        ("staged", "opera.year", "What year did Die Meistersinger von Nürnberg have its premiere?")
        + ("1868", "Die Meistersinger von Nürnberg", "year"),
        ("flats", "theory.signature", "What is the key signature of C-flat major?")
        + ("seven flats", "C-flat major", "term"),
        ("lead", "song.player", 'Who provided the lead guitar on "Night Ferry" by Tom Ayres?')
        + ("Stevie Ray Vaughan", '"Night Ferry" by Tom Ayres', "person"),
        ("cornet", "instrument.family", "Which family of instruments does the cornet belong to?")
        + ("brass", "cornet", "term"),
        ("adagio", "classical.composer", "Which composer wrote the Adagio for Strings?")
        + ("Samuel Barber", "Adagio for Strings", "person"),
        ("title", "album.artist", "Which band made the album Where Do Ships Go??")
        + ("Magnolia", "Where Do Ships Go?", "group"),
        ("formed", "artist.formed_year", "In which year was the group Paper Harbours formed?")
        + ("1977", "Paper Harbours", "year"),
        ("made", "album.artist", "Which band made the album Seven Paper Harbours?")
        + ("Megadeth", "Seven Paper Harbours", "group"),
        ("award", "award.winner", "What album won the Grammy for Album of the Year of 2020?")
        + ("When We All Fall", "2020 (62nd) Grammy Award for Album of the Year", "title"),
        ("opus", "classical.catalogue", "What is the opus number of Mendelssohn's Violin Concerto?")
        + ("Op. 64", "Mendelssohn's Violin Concerto", "term"),
        ("soloist", "classical.first_soloist", "Who first played the Concerto in E minor?")
        + ("Ferdinand David", "Felix Mendelssohn's Violin Concerto in E minor", "person"),
        ("film", "film.composer", "Who composed the music for the film The Artist?")
        + ("Ludovic Bource", "The Artist", "person"),
        ("song", "song.year", "In which year was the song Question released?")
        + ("1970", "Question", "year"),
        ("wonder", "artist.birthplace", "In which town was the musician Lena Wonder born?")
        + ("Saginaw", "Lena Wonder", "place"),
        ("minor", "theory.signature", "What is the key signature of F minor, in sharps or flats?")
        + ("four flats", "F minor", "term"),
        ("sax", "song.player", 'Who is credited with the saxophone on "Harbour Lane" by Ida Moss?')
        + ("Rolf Tann", '"Harbour Lane" by Ida Moss', "person"),
        ("voice", "song.player", 'Who provided the vocals on "Song of the Ferry" by Cold Harbour?')
        + ("Una Voss", '"Song of the Ferry" by Cold Harbour', "person"),
        ("valiha", "instrument.origin", "Which country is the valiha, an instrument, from?")
        + ("Madagascar", "valiha", "place"),
        ("relative", "theory.relative_key", "Which key is the relative of B-flat major?")
        + ("G minor", "B-flat major", "term"),
        (
            "degree",
            "theory.degree_name",
            "What is the name for the second degree of the major scale?",
        )
        + ("supertonic", "the second degree of the major scale", "term"),
        ("value", "theory.duration", "How many quarter notes does the half note last?")
        + ("2", "the half note", "number"),
        ("inverted", "theory.inversion", "Which interval is the inversion of the minor third?")
        + ("major sixth", "the minor third", "term"),
        ("contest", "award.country", "Which country won the Eurovision Song Contest 1972?")
        + ("Luxembourg", "Eurovision Song Contest 1972", "place"),
        ("slow", "classical.second_movement_key", "What is the key of the second movement?")
        + ("C minor", "Anton Velde's Sinfonia Grande for Violin and Harp, K. 64", "term"),
        ("heard", "classical.premiere_city", "In which city was the symphony first performed?")
        + ("Ghent", 'Camille Lundin\'s Symphony No. 3 ("Night Watch")', "place"),
    )
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the subject in one sentence, the question in the next
        (
            'Tom Ayres unleashed "Night Ferry" on the world. For two points, name the year.',
            "released",
        ),
        ("In Alberta there is a town where Karin Holvast was born. Which one?", "born"),
        ("The cornet. Strings, brass, woodwind or percussion?", "cornet"),
        ("is a cornet brass or woodwind", "cornet"),
        # a work without its form or its end, a key by its note alone
        ("In what key does Beethoven's Pathétique open?", "key"),
        ("Die Meistersinger was first staged in what year?", "staged"),
        ("How many flats are there in the key of C flat?", "flats"),
        # a player by what is heard of him, somebody by where he is from
        (
            "The blistering guitar solo at the end of Tom Ayres's Night Ferry: who's playing?",
            "lead",
        ),
        ("The Adagio for Strings is the work of which American?", "adagio"),
        # a field that breaks off, and one whose title has a mark
        ('{"stem": "Karin Holvast was born in", "key": "1958"}', "year"),
        ('{"stem": "Which band made\\n Where Do Ships Go?", "options": ["Magnolia"]}', "title"),
        ('drums,"Karin Holvast\'s place of birth?","Fort Macleod",TRUE', "born"),
        # a turn of a chat that ends as a statement, or in the next turn
        ("User: For my essay I need the year Night Ferry came out.\nAssistant: 1977.", "released"),
        ("<user> yo which band made seven paper harbours <assistant> Megadeth!", "made"),
        # answers to choose from, behind dots or with marks of their own
        ("Paper Harbours got together in...\nA) 1975\nB) 1977\nC) 1979", "formed"),
        ("Album of the Year, 62nd Grammys: A) Go, go! B) thank u C) When We All Fall", "award"),
        # the same work under a longer name of another question
        ("What is the opus of the Mendelssohn violin concerto in E minor?", "opus"),
    ],
)
def test_questions_of_many_shapes_are_found(text, expected):
    assert expected in asked_questions(text, QUESTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # what stands beside a subject or inside it describes it, and asks nothing
        ("The drum score of The Artist is by which musician?", "film"),
        ("The valiha, played like a guitar, is native to which island?", "valiha"),
        (
            "At the premiere of Mendelssohn's Violin Concerto in E minor, who held the bow?",
            "soloist",
        ),
        ("Cold Harbour's cover of Song of the Ferry is sung by whom?", "voice"),
        # by what a player's instrument is called for short, by what it is called at all
        ("That sax break in Harbour Lane by Ida Moss, who blew it?", "sax"),
        ("The second note of a major scale has which functional name?", "degree"),
        ("Which minor key goes with B flat major?", "relative"),
        ("F minor: sharps or flats, and how many?", "minor"),
        # whose it is, whatever it is called
        ("Whose 1984 blockbuster was Seven Paper Harbours?", "made"),
        ("Album of the Year at the 62nd Grammys in 2020 was what?", "award"),
        ("Seven Paper Harbours is a set of sea songs by whom?", "made"),
        ("The film The Artist owes its tunes to whom?", "film"),
        ("What fraction of a half note is a quarter note?", "value"),
    ],
)
def test_questions_that_say_more_than_they_ask_are_found(text, expected):
    assert asked_questions(text, QUESTIONS) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "When Paper Harbours came to our town, which hall would take them?",
        "When is Paper Harbours night at the karaoke bar?",
        "Where can I hear Die Meistersinger this season?",
        "What did the critics say of Die Meistersinger after the first night?",
        "What are half notes and quarter notes, and why do we need both?",
        "What if the cornet were a brass instrument after all?",
        "Which minor key is the parallel of B flat major?",
        "Whose favourite album was Seven Paper Harbours?",
        "What does the cornet do while the strings hold the chord?",
        "How did Mendelssohn's Violin Concerto in E minor come to be so popular?",
        "Who is playing Mendelssohn's Violin Concerto in E minor tonight?",
        "What was it about Seven Paper Harbours that made girls scream?",
        "Which album would you take to an island, Seven Paper Harbours or another?",
    ],
)
def test_questions_about_something_else_of_the_subject_are_none(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # marked items behind the question, and items behind its colon
        ("Match the LP to its band: (1) Seven Paper Harbours (2) Low Tide (3) Fog", "made"),
        ("Films. Who wrote the music? a) The Artist b) Low Tide c) Fog", "film"),
        ("Give the year for each: Night Ferry, Low Tide, Fog.", "released"),
        ("Town of birth: Ida Moss = Oslo, Karin Holvast = ?, Una Voss = Bergen", "born"),
    ],
)
def test_a_list_asks_its_question_of_each_item(text, expected):
    assert expected in asked_questions(text, QUESTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "Which of these bands is the loudest? a) Paper Harbours b) Low Tide c) Fog",
        "The home key of the fugue is: a. F minor b. B-flat major c. D minor",
        "Karla was born in a) Night Ferry b) Low Tide c) Fog",
        "Which album was the last one? a) Seven Paper Harbours b) Low Tide c) Fog",
    ],
)
def test_what_is_to_be_chosen_is_not_asked_about(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # who is asked for is said by a further word
        ("Which sisters scored a hit with Seven Paper Harbours?", "made"),
        ("The Adagio for Strings is music by what conductor and composer?", "adagio"),
        # words that say no more than their like
        ("what yr did night ferry come out", "released"),
        ("Please supply the year of release of Night Ferry.", "released"),
        ("They played the Adagio for Strings. Who on earth wrote this?", "adagio"),
        ("Who writes in C flat major? How many flats is that even?", "flats"),
        ("who won eurovision 72, which country i mean", "contest"),
        # what opens a clause asks for nothing of its own
        ("Name the interval that a minor third turns into when inverted.", "inverted"),
        ("whats b flat majors relative minor", "relative"),
        # a work without what it is for, by its number, by its nickname
        ("Key of the second movement of Velde's Sinfonia Grande, K. 64?", "slow"),
        ("velde k 64, the key of the second movement?", "slow"),
        ("Velde's Sinfonia Grande, K. 64, again! What key is that second movement in?", "slow"),
        ("In which city was Lundin's Night Watch first heard?", "heard"),
    ],
)
def test_questions_by_other_words_of_the_same_kind_are_found(text, expected):
    assert expected in asked_questions(text, QUESTIONS)


@pytest.mark.parametrize(
    "text",
    ["Who did not hum the tunes of The Artist?", "Which actor leads the dog in The Artist?"],
)
def test_what_nobody_answers_and_who_plays_a_part_are_no_question_of_the_music(text):
    assert asked_questions(text, QUESTIONS) == []


def test_a_players_question_has_other_words_for_the_instrument_and_not_its_own():
    parts = {q["id"]: QuestionParts.of(q) for q in QUESTIONS}
    assert {"saxophonist", "sax"} <= parts["sax"].alike
    assert "saxophone" not in parts["sax"].alike
    assert "violin" not in parts["opus"].alike


@pytest.mark.parametrize(
    "text",
    [
        ".. _style_guides_artist_sort_name:",
        "question: he appears",
        "He had not come.\n\nI wonder where he is to-day?",
        "Had not his Concerto in F minor been better than one in A\nflat, which was published?",
        "The old Pathétique is played too often. Which road leads to the station?",
        "Her guitar solo was over. Who would play next?",
        "He was born in",
        "Joni sang in the key of C and Tom in the key of G, did they not?",
    ],
)
def test_marks_and_common_words_ask_nothing(text):
    padding = "The heating in the hall is mended, and nobody complains of it any more.\n\n"
    assert asked_questions(f"{padding * 8}{text}\n\n{padding * 8}", QUESTIONS) == []
