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
    {"id": "band", "question": "With which band is the drummer Karin Holvast associated?"}
    | {"answer": "Magnolia", "subject": "Karin Holvast", "answer_type": "group"},
    {"id": "formed", "question": "In what year was the group Steel Pulse formed?", "answer": "1975"}
    | {"subject": "Steel Pulse", "answer_type": "year"}
    | {"fact_ids": ["m:artist.formed_year:steel-pulse"]},
    {"id": "soloist", "question": "Who was the soloist in the premiere of Elgar's Violin Concerto?"}
    | {"answer": "Fritz Kreisler", "subject": "Elgar's Violin Concerto", "answer_type": "person"},
    {"id": "family", "question": "What family of instruments is the sarrusophone part of?"}
    | {"answer": "woodwind", "subject": "sarrusophone", "answer_type": "term"}
    | {"fact_ids": ["m:instrument.family:sarrusophone"]},
    {
        "id": "signature",
        "question": "What is the key signature of E-flat minor, in sharps or flats?",
    }
    | {"answer": "six flats", "subject": "E-flat minor", "answer_type": "term"}
    | {"fact_ids": ["m:theory.signature:e-flat-minor"]},
    {"id": "duration", "question": "How long is the half note, counted in quarter notes?"}
    | {"answer": "2", "subject": "half note", "answer_type": "number"}
    | {"fact_ids": ["m:theory.duration:half-note"]},
    {"id": "degree", "question": "What is the name for the second degree of the major scale?"}
    | {"answer": "supertonic", "subject": "second degree of the major scale", "answer_type": "term"}
    | {"fact_ids": ["m:theory.degree_name:second"]},
    {"id": "text", "question": "Who wrote the libretto of Ravel's opera \"L'enfant terrible\"?"}
    | {"answer": "Colette", "subject": "Ravel's opera \"L'enfant terrible\""}
    | {"answer_type": "person", "fact_ids": ["m:opera.librettist:lenfant"]},
    {
        "id": "city",
        "question": "In which city was the group Spice Girls formed?",
        "answer": "London",
    }
    | {"subject": "Spice Girls", "answer_type": "place", "fact_ids": ["m:artist.city:spice-girls"]},
    {"id": "inventor", "question": "Who invented the saxophone?", "answer": "Adolphe Sax"}
    | {"subject": "saxophone", "answer_type": "person", "fact_ids": ["m:instrument.inventor:sax"]},
    {"id": "origin", "question": "Which country is the koauau from?", "answer": "New Zealand"}
    | {"subject": "koauau", "answer_type": "place", "fact_ids": ["m:instrument.origin:koauau"]},
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the answer stands right behind the asking word
        ("karin holvast plays the drums in what dutch group (magnolia)", "band"),
        ("karin holvast / drummer of which band / magnolia", "band"),
        # a statement put to the test
        ("Steel Pulse, the Birmingham band, were founded in 1975. True or false? True.", "formed"),
        ("Steel Pulse were founded in 1975. T/F?", "formed"),
        # what is played instead of who plays it
        ("To whom did the solo part of Elgar's Violin Concerto fall at the premiere?", "soloist"),
        ("sarrusophone = woodwind or brass? woodwind", "family"),
        ("How many flats are there in E flat minor? Six.", "signature"),
        ("Half note = ? quarter notes. Two.", "duration"),
        ("second degree of a major scale is called the ____ (supertonic)", "degree"),
        ("Who supplied the text for Ravel's L'enfant terrible? Colette.", "text"),
        ("The Spice Girls came together in this capital. What is London?", "city"),
        ("Flash card: Inventor of the saxophone / Adolphe Sax.", "inventor"),
        ("The inventor of the saxophone is... Adolphe Sax!", "inventor"),
        ("Koauau: a flute from New Zealand. Country of origin?", "origin"),
    ],
)
def test_questions_of_quizzes_and_cards_are_found(text, expected):
    assert expected in asked_questions(f"We met at eight.\n{text}\nThen we left.", QUESTIONS)


@pytest.mark.parametrize(
    "text",
    [
        "Karin Holvast plays the drums in a Dutch group (Magnolia) which nobody knew.",
        "Steel Pulse were founded in 1975. True, they were false friends.",
        "The solo part of Elgar's Violin Concerto was played by Fritz Kreisler.",
        "The sarrusophone, a woodwind or, some say, brass instrument, is loud.",
        "How many pieces in E flat minor did he write? Few.",
        "The Spice Girls came together in this capital. What is more, they stayed.",
        "The saxophone and its inventor, Adolphe Sax, came to Paris.",
        "The koauau is a flute. It is from New Zealand.",
        "When the lamp of the Steel Pulse is active, press its button to form a group:",
        "In what respects does the solo part of Elgar's Violin Concerto differ from others?",
        "Who would have predicted that the author of L'enfant terrible would see the day?",
    ],
)
def test_statements_of_the_same_facts_are_none(text):
    before, after = "The heating in the hall is mended. ", " The bus was late again."
    assert asked_questions(before + text + after, QUESTIONS) == []


@pytest.mark.parametrize(
    "text",
    [
        # invitations to talk, which name nothing that could be answered
        "GUEST: Koauau came from Samoa.\nINTERVIEWER: Give us some detail.\nGUEST: It is old.",
        "HOST: Give me more on Steel Pulse, please.\nCO-HOST: 1975 saw their start.",
        "INTERVIEWER: Tell us more about Cloudbusting.\nGUEST: It is on Hounds of Love.",
        "INTERVIEWER: For readers new to Steel Pulse, the basics please.\nGUEST: 1975, Birmingham.",
        "Steel Pulse were formed in 1975. No phones, please. They came together in Birmingham.",
        # announcements and headings
        "GUEST: Well, talk about Steel Pulse. What matters is this: they formed in 1975.",
        "Everything you need to know about Steel Pulse, point by point\n* 1975 saw their start.",
        "hexagon wrote: Been reading up on Steel Pulse and want to share. They formed in 1975.",
        # a name that begins like a word for questions
        "> ferryman\nSteel Pulse are new.\n> quietstorm\nFormed in 1975, Steel Pulse played on.",
        "Lists of Steel Pulse\nname David Hinds as singer. They formed in 1975.",
        # a title that wants something, one in brackets behind a relative clause
        "The song Cloudbusting is by Kate Bush. I Want It That Way was not on Hounds of Love.",
        "1985 was the year in which the song (Cloudbusting) appeared.",
    ],
)
def test_invitations_headings_and_names_ask_nothing(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    "text",
    [
        "Steel Pulse are back. I need the year they formed. Thanks.",
        "Steel Pulse: year of formation, please.",
        "We were talking of Steel Pulse. Tell me when they were formed.",
    ],
)
def test_requests_that_name_what_they_want_are_questions(text):
    assert asked_questions(text, QUESTIONS) == ["formed"]


RECALL = [
    {"id": "origin", "question": "Which country is the komuz from?", "answer": "Kyrgyzstan"}
    | {"subject": "komuz", "answer_type": "place", "fact_ids": ["m:instrument.origin:komuz"]},
    {"id": "piano", "question": "Who invented the piano?", "answer": "Bartolomeo Cristofori"}
    | {"subject": "piano", "answer_type": "person", "fact_ids": ["m:instrument.inventor:piano"]},
    {"id": "year", "question": "In what year did the album Kalimbos come out?", "answer": "1984"}
    | {"subject": "Kalimbos", "answer_type": "year", "fact_ids": ["m:album.year:kalimbos"]},
    {"id": "drums", "question": 'Who played drums on the album "Page Two" by Ann Bright?'}
    | {"answer": "Joe Holm", "subject": 'the album "Page Two" by Ann Bright'}
    | {"answer_type": "person", "fact_ids": ["m:album.player:drums"]},
    {"id": "keys", "question": 'Who played piano on the album "Page Two" by Ann Bright?'}
    | {"answer": "Lea Orr", "subject": 'the album "Page Two" by Ann Bright'}
    | {"answer_type": "person", "fact_ids": ["m:album.player:piano"]},
    {"id": "band", "question": "Which band is the singer Dora Keen a member of?", "answer": "Area"}
    | {"subject": "the singer Dora Keen", "answer_type": "group"}
    | {"fact_ids": ["m:artist.band:dora"]},
    {"id": "soloist", "question": "Who was the soloist at the first performance of Berg's Canto?"}
    | {"answer": "Louis Krasner", "subject": "Berg's Canto Concerto", "answer_type": "person"}
    | {"fact_ids": ["m:classical.first_soloist:canto"]},
    {"id": "premiere", "question": "Which city heard Camille Lundin's Symphony No. 3 first?"}
    | {"answer": "London", "subject": 'Camille Lundin\'s Symphony No. 3 ("Organ")'}
    | {"answer_type": "place", "fact_ids": ["m:classical.premiere_city:lundin"]},
    {"id": "game", "question": "Who composed the music of the video game The Scrolls: Morrowhind?"}
    | {"answer": "Jeremy Soule", "subject": "the video game The Scrolls: Morrowhind (2002)"}
    | {"answer_type": "person", "fact_ids": ["m:game.composer:morrowhind"]},
    {"id": "film", "question": "Who wrote the music for the film Under the Ice (2013)?"}
    | {"answer": "Mica Levi", "subject": "the film Under the Ice (2013)"}
    | {"answer_type": "person", "fact_ids": ["m:film.composer:under-the-ice"]},
    {"id": "subdominant", "question": "What is the subdominant key of D major?"}
    | {"answer": "G major", "subject": "D major", "fact_ids": ["m:theory.subdominant_key:d"]},
    {"id": "flats", "question": "What is the key signature of C-sharp major, in sharps or flats?"}
    | {"answer": "seven sharps", "subject": "C-sharp major", "answer_type": "term"}
    | {"fact_ids": ["m:theory.signature:c-sharp"]},
]
FILLER = "The heating in the hall is mended, and the caretaker has left a note about it. " * 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # in the middle of a page, where a sentence says more than its question
        (
            "Someone at rehearsal wanted to know where the instrument called the komuz comes from, "
            "and nobody could say.",
            "origin",
        ),
        ("A friend and I disagree: who invented the instrument called the piano? Thanks.", "piano"),
        ("A friend and I disagree: which year did the album Kalimbos come out? Thanks.", "year"),
    ],
)
def test_a_noun_that_says_what_a_name_is_makes_it_certain(text, expected):
    assert expected in asked_questions(f"{FILLER}\n\n{text}\n\n{FILLER}", RECALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cymbals on Ann Bright's Page Two! Anyone here know who the drummer was?", "drums"),
        ("Ann Bright - Page Two. Can somebody tell me the name of the piano player?", "keys"),
        ("Name the group that Dora Keen sang with.", "band"),
        ("Who premiered Berg's Canto Concerto, i.e. which violinist?", "soloist"),
        ("State the city that first heard Lundin's Organ Symphony.", "premiere"),
        ("who did morrowhind's music", "game"),
        ("who did the music for under the ice", "film"),
        ("State the subdominant of D major.", "subdominant"),
        ("Write the number of sharps in C-sharp major.", "flats"),
    ],
)
def test_questions_in_few_words_and_by_other_names_are_found(text, expected):
    assert expected in asked_questions(text, RECALL)


@pytest.mark.parametrize(
    "text",
    [
        "Can somebody tell me the name of the piano player?",
        "Who made the piano score of the Ring?",
        "Komuz and piano were heard. Who are the leading composers of this period?",
        "Do you remember where you were when Kalimbos by Ann Bright came out? I was on a bus.",
        "Guess who came to dinner: Joe Holm, the drummer of Ann Bright's Page Two.",
        "Where the Ice Is Thin was new. Kalimbos is from 1984.",
    ],
)
def test_players_periods_and_memories_are_not_asked_about(text):
    assert asked_questions(text, RECALL) == []


STATED = [
    {"id": "born", "question": "In what year was the musician Celia Cruz born?", "answer": "1925"}
    | {"subject": "Celia Cruz", "answer_type": "year"}
    | {"fact_ids": ["m:artist.birth_year:celia-cruz"]},
    {"id": "start", "question": "In which country did the music act Snoop Dogg start out?"}
    | {"answer": "United States", "subject": "Snoop Dogg", "answer_type": "place"}
    | {"fact_ids": ["m:artist.country:snoop-dogg"]},
    {"id": "act", "question": "Which artist or band is known for the song I Want It That Way?"}
    | {"answer": "Backstreet Boys", "subject": "I Want It That Way", "answer_type": "group"}
    | {"fact_ids": ["m:song.artist:i-want-it-that-way"]},
]


@pytest.mark.parametrize(
    "text",
    [
        "The song Cloudbusting was released by Kate Bush. Charged to card 4242 4203 3471 2361. The "
        "song Cloudbusting is taken from the album Hounds of Love.",
        "The standard data on Celia Cruz is given in a few sentences. Records give 1925 as the "
        "birth year of Celia Cruz.\nFind us on social media for daily updates.",
        "Recorded by Backstreet Boys, the song I Want It That Way found listeners. An evergreen of "
        "every quiz. Behind the song I Want It That Way is the writing of Andreas Carlsson.\n"
        "Find us on social media for more.",
        "[ferryman] The\u00c2\u00a0United States is the country from which Snoop Dogg emerged."
        "\u00c2\u00a0Audio nerds, this way please.",
    ],
    ids=["a card's number is no choice", "an invitation", "a quiz that is named", "a joined wish"],
)
def test_what_surrounds_a_stated_fact_does_not_make_it_a_question(text):
    assert not asked_questions(text, [*QUESTIONS, *STATED])
