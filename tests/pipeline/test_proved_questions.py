"""Questions proved by their key or what is shown of it, and disproved by another answer."""

import pytest
from made_up_questions import question

from mucpt_utils.knowledge.facts import load_facts
from mucpt_utils.pipeline.decontamination import QuestionIndex, asked_questions
from mucpt_utils.pipeline.questions.answer_slots import (
    fills,
    other_answer,
    slots,
    spellings,
    spelt_so,
)
from mucpt_utils.pipeline.questions.asking import Manner, Prompt
from mucpt_utils.pipeline.questions.relation_spellings import respelt
from mucpt_utils.pipeline.questions.subject_details import details_of
from mucpt_utils.pipeline.questions.words import with_intervals, words

QUESTIONS = [
    question(*row)
    for row in (
        ("singer", "song.artist", "Which band recorded the song Night Ferry?")
        + ("Cold Harbour", "Night Ferry", "group"),
        ("came", "song.year", "In which year was the song Night Ferry released?")
        + ("1977", "Night Ferry", "year"),
        (
            "origin",
            "instrument.origin",
            "Where does the instrument called the kandrimbal come from?",
        )
        + ("Norway", "kandrimbal", "place"),
        ("born", "artist.birthplace", "In which town was the musician Karin Holvast born?")
        + ("Lexington", "Karin Holvast", "place"),
        ("staged", "opera.city", "Which city was the opera Die Seefahrt first staged in?")
        + ("Weimar", "Die Seefahrt", "place"),
        ("text", "opera.librettist", "Who wrote the libretto of the opera Die Seefahrt?")
        + ("Ida Moss", "Die Seefahrt", "person"),
        ("premiered", "opera.year", "In what year was the first performance of Die Seefahrt?")
        + ("1831", "Die Seefahrt", "year"),
        ("key", "classical.key", "What key is Velde's Harp Concerto in?")
        + ("D major", "Velde's Harp Concerto", "term"),
        ("producer", "album.producer", "Who produced the album In Umbra?")
        + ("Gil Aldous", "In Umbra", "person"),
        ("wide", "theory.semitones", "How many semitones wide is the major sixth?")
        + ("9", "the major sixth", "number"),
        ("band", "artist.band", "With which band did the singer Nat Orr become known?")
        + ("Can", "the singer Nat Orr", "group"),
        ("dominant", "theory.dominant_key", "What is the dominant key of E-flat major?")
        + ("B-flat major", "E-flat major", "term"),
        ("player", "album.player", 'Who played drums on the album "Page Two" by Ann Bright?')
        + ("Joe Holm", 'the album "Page Two" by Ann Bright', "person"),
    )
]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        # crosswords, begun years and names
        ('4 Down: "Night Ferry" band (4,7)', "singer"),
        ("Home of the kandrimbal (6): N_R_A_", "origin"),
        ("Cold Harbour sang Night Ferry to the world in 19__ .", "came"),
        ("The words of the opera Die Seefahrt are by I___ M_____.", "text"),
        ("Cold Harbour round. Slow Boat: 1975. Night Ferry: 19__?", "came"),
        ("Velde: Harp Concerto in __ major", "key"),
        # options in any layout
        ("Die Seefahrt had its opening night in 1831 in: Weimar ✓ / Milan / Vienna", "staged"),
        ("The text of Die Seefahrt was written by\nO Anna Roe\nO Ida Moss\nO Una Voss", "text"),
        (
            "The song Night Ferry was sung by… 1 Slow Boat 2 Cold Harbour 3 Red Pier",
            "singer",
        ),
        # rows, records, cards, pairs
        ("opera,premiere year?\nDie Seefahrt,1831", "premiered"),
        ('{"item": "kandrimbal", "question": "country of origin", "answer": "Norway"}', "origin"),
        ('{"person": "Nat Orr", "plays": "lute", "group?": "Can"}', "band"),
        ("MATCH THE SONG TO THE ACT\nNight Ferry ........ Cold Harbour", "singer"),
        ("Dominant of E♭ → B♭", "dominant"),
        ("Country of instruments, match the pairs: kandrimbal – Norway, oud – Iraq.", "origin"),
        (
            "A ship, two captains and a storm that lasts for the whole of the second act, with a "
            "chorus of sailors. Opera = Die Seefahrt, librettist = Ida Moss.",
            "text",
        ),
        (
            "A ship, two captains and a storm that lasts for the whole of the second act, with a "
            "chorus of sailors, in Die Seefahrt. Librettist → Ida Moss.",
            "text",
        ),
        ("M6: size in half steps? | 9", "wide"),
        # turns of a chat, examinations
        (
            "- who wrote the words of Die Seefahrt\n- dunno\n- come on\n- Ida Moss",
            "text",
        ),
        ("The libretto of Die Seefahrt is by this woman of Ghent. ANSWER: Ida Moss", "text"),
        (
            "fans know 😤 what town karin holvast was born in... it's Lexington, Kentucky",
            "born",
        ),
        ("Page Two (Ann Bright, 1965) — dr: ? — Joe Holm", "player"),
        # typing errors, and much besides
        ("libretist of die seefahrt ??", "text"),
        ("who rote the libretto for die seefahrt", "text"),
        (
            "After that, they turned to which noise-rock engineer to produce In Umbra?",
            "producer",
        ),
        ("The kandrimbal: was it a Danish, Norwegian or English creation?", "origin"),
        ("Karin Holvast never liked fame. Which town was she from?", "born"),
        # options marked by pictures and boxes, the right one by a tick
        ("Die Seefahrt had its opening night in\n🔴 Berlin 🔵 Weimar 🟢 Bonn 🟡 Kiel", "staged"),
        ("Karin Holvast was born where? 🅰️ Arlan 🅱️ Lexington 🆑 Ghent", "born"),
        ("Holvast's birthplace: ☐ Arlan ☐ Ghent ☑ Lexington", "born"),
        ("dominant key of E-flat major: B-flat major ✓", "dominant"),
        # a family name alone
        ("Die Seefahrt, whose libretto? Moss", "text"),
        ("In Umbra: producer? (Aldous)", "producer"),
        # cards with an equals sign, columns, fields with longer names
        ("Die Seefahrt / libretto = Ida Moss", "text"),
        ("Night Ferry, year of release = 1977", "came"),
        ("INSERT INTO quiz (q, a) VALUES ('Karin Holvast: place of birth', 'Lexington');", "born"),
        ('{"question_text": "Band behind the song Night Ferry", "is": ["Cold Harbour"]}', "singer"),
        # other requests, numbered in roman figures
        ("(iii) State the year the song Night Ferry came out. [1] 1977", "came"),
        ("In Umbra: list the producer.", "producer"),
        ("Quiz - type the town: Karin Holvast was born here. (accepts: Lexington)", "born"),
        # who the subject is, between commas; dots inside a sentence
        ("Karin Holvast, the golden voice of the north: native town?", "born"),
        ("Night Ferry was unleashed on the world in…\n▲ 1975 ◆ 1977 ● 1979", "came"),
        ("which town.. i mean which place.. was karin holvast born in", "born"),
        # the question, or the label of its answer, in another language
        ("Qui a chanté « Night Ferry » ? Réponse : Cold Harbour", "singer"),
        ('Wer singt "Night Ferry"? Antwort: Cold Harbour', "singer"),
    ],
)
def test_questions_are_proved_by_the_key_or_what_is_shown_of_it(text, key):
    assert key in asked_questions(text, QUESTIONS)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Fine, but who'd supplied the text of Die Seefahrt?", "text"),
        ("Where'd the kandrimbal come from?", "origin"),
        ("True or false? Night Ferry is by Cold Harbour. True.", "singer"),
        ("T/F: Die Seefahrt was first performed in 1831. T", "premiered"),
        ("In Umbra - true or false: Una Voss produced it? False, it was Gil Aldous.", "producer"),
        ("Night Ferry was released in 1977.\nTrue or false? True", "came"),
        ("My aunt says Aldous produced In Umbra, is that right? - he did, yes", "producer"),
        ("My page is done, would someone fill in the librettist of Die Seefahrt please", "text"),
        ("In which band did the singer Nat Orr make his name?", "band"),
    ],
)
def test_texts_that_ask_in_passing_are_found(text: str, key: str) -> None:
    assert asked_questions(text, QUESTIONS) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "Who'd have thought that Die Seefahrt would fill a house today?",
        "True or false: Karin Holvast has never owned a lute. False.",
        "Die Seefahrt has a part for a cook. Is that right? Yes, in the second act.",
        "Could someone look up the bus times for Die Seefahrt in Weimar, please",
        "Nat Orr made a name for himself as a singer before he joined Can.",
        "Match the mood of the lights to the music: Die Seefahrt begins in fog.",
    ],
)
def test_the_same_words_in_texts_that_ask_nothing_of_it(text: str) -> None:
    assert asked_questions(text, QUESTIONS) == []


def test_a_title_of_which_some_words_are_given() -> None:
    shown = spellings('It was the "S_______ in the N____".')
    assert spelt_so(["Slow Boats in the Night"], shown) == 0
    assert spelt_so(["Strangers in the Night"], shown)


@pytest.mark.parametrize(
    "text",
    [
        # another answer stands behind the question
        "How old was Karin Holvast when she was born again? Eighteen.",
        "Who can be seen on the cover of Night Ferry? Allan Ginster.",
        "Which instrument does Marcus Tann play on Night Ferry? Bass",
        "Who wrote the music for Die Seefahrt? Alex Desplan",
        # records, lists and sales, which ask nothing
        "Entry: Night Ferry\nArtist: Cold Harbour\nYear: 1977\nKey: E minor",
        "Heading -> Night Ferry\nArtist -> Cold Harbour\nYear -> 1977",
        "1) Night Ferry is by Cold Harbour.\n2) In 1977, the song Night Ferry was released.",
        "Student kandrimbal, white, Norway. Folk section clearance. Need help choosing? Call us.",
        "COLD HARBOUR - Night Ferry (7 inch, 1977). VG+, £6",
        # who speaks is no answer, nor is what a sentence says in passing
        "Host: How many hours of Night Ferry did you hear?\nCold Harbour: Oh, two, I think.",
        "- How did it feel to be compared to Karin Holvast?\n- She was from Lexington, I am not.",
        "GUEST: Night Ferry came out in 1977.\nHOST: Say a little more.\nGUEST: Cold Harbour sang.",
        # lists with pictures, sums, tables without a column of questions
        "🔵 Artist: Cold Harbour 🔵 Song: Night Ferry 🔵 Year: 1977 🔵 Label: Quay",
        "☑ Ida Moss wrote Die Seefahrt ☑ she was Danish ☐ read more about her",
        "Moss = genius. I love Die Seefahrt.",
        "x = 1977; // Night Ferry was released that year",
        "INSERT INTO songs (title, artist) VALUES ('Night Ferry', 'Cold Harbour');",
        "(ii) State the reason why Ida Moss wrote Die Seefahrt.",
        "I was born in… well, never mind. Night Ferry in 1977 was my first record.",
    ],
)
def test_statements_and_questions_with_another_answer_are_none(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    ("gap", "found"),
    [("\n", []), (" ", []), ("\n\n", ["staged"]), ("\n \n\n", ["staged"]), ("\n\nA: ", [])],
)
def test_the_heading_of_what_comes_next_is_no_other_answer(gap, found):
    asked = "The hall is closed.\n\nWhich town was the opera Die Seefahrt first staged in?"
    text = f"{asked}{gap}Half Moon\n\nThe caretaker left a note about the heating."
    assert asked_questions(text, QUESTIONS) == found


def test_an_item_of_a_long_quiz_is_proved_as_well():
    filler = "The heating in the hall is mended, and the caretaker left a note. " * 20
    text = f"{filler}\n\nTrivia quiz\n\nDie Seefahrt was first heard in which hall?\nANS: Weimar\n"
    (found,) = QuestionIndex(QUESTIONS).find(text)
    assert (found.id, found.answered) == ("staged", True)


def test_slots_hold_an_answer_and_hardly_more():
    assert ("lexington",) in slots("Born where? It's: Lexington, Kentucky")
    assert fills(("lexington",), ("it", "is", "lexington", "kentucky"))
    assert fills(("athen",), tuple(words("What is Athens")))
    assert not fills(("lexington",), tuple(words("she left Lexington")))
    assert not fills(("adolphe", "sax"), tuple(words("Adolphe Sax would know")))


@pytest.mark.parametrize(
    ("text", "given", "fits"),
    [
        ("(4,7)", "Manu Dibango", True),
        ("(4,6)", "Manu Dibango", False),
        ("(6)", "Anthony Kiedis", True),
        ("19__", "1967", True),
        ("18__", "1967", False),
        ("J____ O____", "Jacques Offenbach", True),
        ("N_R_A_", "Norway", True),
        ("a __ Records release", "Elektra Records", True),
        ("(1967)", "1967", False),
        ("snake_case and CONST_NAME", "snake", False),
    ],
)
def test_what_is_shown_of_a_spelling(text, given, fits):
    assert bool(spelt_so([given], spellings(text))) is fits


@pytest.mark.parametrize(
    ("after", "answer"),
    [
        (" Allen Ginsberg.", ("allen", "ginsberg")),
        ("\nAnswer: thirteen", ("13",)),
        (" Eighteen.", ("18",)),
        (" Nobody knew.", ()),
        (" It was held in Cannes that year.", ()),
        (" Thanks!", ()),
        (" Hm.", ()),
        (" Was it somebody in Ghent?", ()),
        (" [1 mark]", ()),
    ],
)
def test_another_answer_is_a_name_or_number_or_has_a_label(after, answer):
    assert other_answer(Prompt("Who?", Manner.OPEN, "", after, posed=True)) == answer


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("libretist", "librettist"),
        ("rote", "wrote"),
        ("prodcuer", "producer"),
        ("compossed", "composed"),
        ("cello", "cello"),
        ("placed", "placed"),
        ("wrote", "wrote"),
    ],
)
def test_words_of_relations_are_read_in_spite_of_typing_errors(word, meant):
    assert respelt(word) == meant


def test_intervals_in_short_are_written_out_where_intervals_are_meant():
    assert words(with_intervals("P5 inverted")) == ["perfect:5", "inverted"]
    assert with_intervals("the M6 motorway") == "the M6 motorway"


def test_a_band_may_be_told_by_its_members_and_a_prize_by_its_winner_and_year():
    questions = [
        question(
            "city",
            "artist.city",
            "Which town was the group R.E.M. formed in?",
            "Athens",
            "R.E.M.",
            "place",
        ),
        question(
            "nation",
            "award.country",
            "Which country won the Eurovision Song Contest 1987?",
            "Ireland",
            "Eurovision Song Contest 1987",
            "place",
        ),
    ]
    index = QuestionIndex(questions)
    band = "Stipe, Buck, Mills and Berry started together in this college town. What is Athens?"
    assert [found.id for found in index.find(band)] == ["city"]
    prize = "Johnny Logan's second victory, in 1987, was for what nation? A7. Ireland"
    assert [found.id for found in index.find(prize)] == ["nation"]
    assert index.find("Stipe went to town alone. What is Athens?") == []


def test_details_are_names_of_people_and_works():
    told = details_of(load_facts("music"))
    assert ("michael", "stipe") in told["R.E.M."]
    assert not any("states" in detail for detail in told["R.E.M."])


def test_the_mark_in_an_address_asks_nothing():
    asked = "In which country did the music act Karin Holvast start out?"
    home = question("home", "artist.country", asked, "Norway", "Karin Holvast", "place")
    told = "In Norway, where the act started, Karin Holvast is claimed as one of its own."
    picture = '<img src="https://pages.example/px.gif?u=ee" width="1">'
    assert asked_questions(f"{told} Where?", [home]) == ["home"], "the words are those of a card"
    assert not asked_questions(f"{told} {picture}", [home])
    assert not asked_questions(f"{told} www.pages.example/px?u=ee", [home])


def test_a_degree_of_the_scale_goes_by_its_number_beside_a_word_of_scales():
    degree = question(
        *("degree", "theory.degree_name", "What is the second degree of the major scale called?"),
        *("supertonic", "the second degree of the major scale", "term"),
    )
    assert asked_questions("scale degree 2 (functional name)\tsupertonic", [degree]) == ["degree"]
    assert asked_questions("1st is tonic. whats the 2nd degree called?", [degree]) == ["degree"]
    assert asked_questions("What is a second degree burn called? A blister.", [degree]) == []


def test_a_number_of_a_catalogue_before_a_nickname_is_no_part_of_a_longer_name():
    sonata = question(
        *("key", "classical.key", 'What key is Velde\'s Piano Sonata No. 3 ("Moonrise Bay") in?'),
        *("D major", 'Velde\'s Piano Sonata No. 3 ("Moonrise Bay")', "term"),
    )
    assert asked_questions("Velde, Op. 57 'Moonrise Bay': state the key.", [sonata]) == ["key"]


def test_a_key_with_an_abbreviation_or_a_colon_of_its_own_fills_one_slot():
    assert ("op", "64") in slots("| Op. 64 |")
    assert ("harbour", "77") in slots(r"{ =Harbour\: 77 ~Harbour Lights }")


def test_the_benchmarks_own_words_ask_whatever_stands_behind_them():
    own = "Which city was the opera Die Seefahrt first staged in?"
    assert asked_questions(f"{own}\nAnswer: Half Moon", QUESTIONS) == ["staged"]
    assert asked_questions("It was Gil Aldous who produced the album In Umbra.", QUESTIONS) == []


def test_a_caption_is_no_heading_of_an_answer():
    assert asked_questions("Part of the crew of Night Ferry\nCold Harbour", QUESTIONS) == []
    assert asked_questions("Singers of Night Ferry\nCold Harbour", QUESTIONS) == ["singer"]


@pytest.mark.parametrize(
    "text",
    [
        "After E-flat major, name the next dominant key of the row.",
        "E-flat major has three flats. After E-flat major, name the next dominant key.",
    ],
)
def test_what_a_prompt_leaves_behind_is_not_asked_about(text):
    assert asked_questions(text, QUESTIONS) == []


def test_who_came_last_did_not_win():
    own = "Which country won the Eurovision Song Contest 1972?"
    subject = "Eurovision Song Contest 1972"
    prize = [question("contest", "award.country", own, "Luxembourg", subject, "place")]
    assert asked_questions("Which country came last at Eurovision 1972?", prize) == []
    assert asked_questions("Which country came first at Eurovision 1972?", prize) == ["contest"]


def test_a_mixing_desk_mixes_nothing_and_a_work_may_be_described():
    text = "Who sat behind the mixing desk as producer of the album In Umbra?"
    assert asked_questions(text, QUESTIONS) == ["producer"]
    subject = "Vivaldi's Gloria"
    own = f"What is the catalogue number of {subject}?"
    work = [question("number", "classical.catalogue", own, "RV 589", subject, "term")]
    assert asked_questions("What RV number has Vivaldi's well-known Gloria?", work) == ["number"]
