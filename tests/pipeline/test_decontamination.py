import time

import pytest
from datatrove.data import Document

from mucpt_utils.pipeline.decontamination import (
    ANSWERED,
    ASKED,
    MARKED,
    AskedQuestions,
    QuestionIndex,
    asked_questions,
)
from mucpt_utils.pipeline.questions.asking import GAP_SIGN, asking_rules, is_question
from mucpt_utils.pipeline.questions.asking_sentences import split_sentences
from mucpt_utils.pipeline.questions.words import words


def question(key, text, answer, subject, kind, relation, aliases=()):
    return {
        "id": key,
        "question": text,
        "answer": answer,
        "aliases": list(aliases),
        "answer_type": kind,
        "subject": subject,
        "fact_ids": [f"m:{relation}:x"],
    }


QUESTIONS = [
    question(
        "label",
        "Which record label originally released the album Marquee Moon?",
        "Elektra Records",
        "Marquee Moon",
        "group",
        "album.label",
        ["Elektra"],
    ),
    question(
        "year",
        "In what year was the album Marquee Moon released?",
        "1977",
        "Marquee Moon",
        "year",
        "album.year",
    ),
    question(
        "key",
        "In which key is Beethoven's Symphony No. 9?",
        "D minor",
        "Beethoven's Symphony No. 9",
        "term",
        "classical.key",
    ),
    question(
        "winner",
        "Which work won the 1992 Mercury Prize?",
        "Screamadelica",
        "1992 Mercury Prize",
        "title",
        "award.winner",
    ),
    question(
        "odd",
        "Who wrote the song Who's That Girl?",
        "Madonna",
        "Who's That Girl?",
        "person",
        "song.writer",
    ),
    question("marks", "Where is the band !!! from?", "Sacramento", "!!!", "place", "artist.city"),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Which record label originally released the album Marquee Moon?", ["label"]),
        ("Quiz: what imprint put out Marquee Moon? Elektra.", ["label"]),
        ("Does anybody know which company issued Marquee Moon", ["label"]),
        ("We love Marquee Moon. When did it come out?", ["year"]),
        ("Name the year in which Marquee Moon first appeared.", ["year"]),
        ("Q: Beethoven's Symphony No. 9 is in what key?\nA: D minor", ["key"]),
        ("And who took home the Mercury Prize in 1992? Nobody knew.", ["winner"]),
        ("What town are !!! from?", ["marks"]),
        ("“Who penned Who's That Girl?” he asked.", ["odd"]),
    ],
)
def test_questions_are_found_in_any_wording(text, ids):
    assert asked_questions(f"Some prose comes first. {text} More prose follows.", QUESTIONS) == ids


@pytest.mark.parametrize(
    "text",
    [
        "The album Marquee Moon was released in 1977 by Elektra Records.",
        "Elektra Records is the label that originally released the album Marquee Moon.",
        "Beethoven's Symphony No. 9, whose key is D minor, ends with a chorus.",
        "It was Madonna who wrote the song Who's That Girl?",
        "Who could forget Marquee Moon? It still sounds fresh after all those years.",
        "Which guitar is louder? Marquee Moon plays in the background.",
        "When Marquee Moon came out in 1977, the label was surprised.",
        "Album: Marquee Moon\nLabel: Elektra Records\nYear: 1977",
    ],
)
def test_statements_and_other_questions_are_no_contamination(text):
    assert asked_questions(text, QUESTIONS) == []


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("What label released Marquee Moon? It was Elektra.", True),
        ("What label released Marquee Moon? Nobody could say.", False),
        ("What label released Marquee Moon, was it Elektra?", True),
    ],
)
def test_an_answer_that_follows_is_noticed(text, answered):
    (found,) = QuestionIndex(QUESTIONS).find(text)
    assert (found.id, found.answered) == ("label", answered)
    assert found.sentence.startswith("What label")


def test_the_filter_drops_with_the_ids_or_only_reports():
    texts = ["What label released Marquee Moon? Elektra.", "When did Marquee Moon come out?"]
    documents = [Document(text=t, id=str(i)) for i, t in enumerate([*texts, "Nothing is asked."])]
    dropping = AskedQuestions(QUESTIONS, drop=True)
    verdicts = [dropping.filter(d) for d in documents]
    assert verdicts == [(False, ANSWERED), (False, ASKED), True]
    assert documents[0].metadata == {"filter_detail": {"questions": ["label"]}}
    reported = Document(text=texts[1], id="r")
    assert AskedQuestions(QUESTIONS, drop=False).filter(reported) is True
    assert reported.metadata == {"asked_questions": ["year"]}


def test_a_question_without_its_wording_is_named():
    with pytest.raises(ValueError, match="'label' has no 'question'"):
        QuestionIndex([QUESTIONS[0] | {"question": ""}])


def test_questions_of_other_benchmarks_may_have_no_more_than_their_wording():
    other = [{"question": "How many strings has the medieval rebec that hangs in Prague?"}]
    assert asked_questions("So: how many strings has that medieval rebec in Prague?", other) == [
        "1"
    ]
    assert asked_questions("How many strings has a violin?", other) == []


def test_words_keep_names_made_of_signs():
    assert words("Björk’s AC/DC") == ["bjork", "ac", "dc"]
    assert words("!!!") == ["!!!"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beethoven's Fifth", "beethovens 5th"),
        ("Symphony No. 5", "symphony number five"),
        ("B♭ major", "B-flat major"),
        ("a Major Second", "a major 2nd"),
        ("Livin' Free", "Living free"),
        ("R.E.M.", "REM"),
        ("the sixteenth note", "the 16th note"),
        ("Academy Award", "Oscar"),
        ("Saint-Saëns", "st saens"),
    ],
)
def test_words_are_alike_however_they_are_spelt(one, other):
    assert words(one) == words(other)


@pytest.mark.parametrize("text", ["sssssss", "Ssssssss! ssssssssss", "'s'sssssssss's"])
def test_words_of_nothing_but_s_are_words(text):
    assert all(words(text)) and words(text)
    assert QuestionIndex(QUESTIONS).find(f"Who is it? {text}") == []


def test_a_common_word_is_no_misspelt_name_that_has_a_capital():
    moanin = question(
        "p", "Who wrote the tune Moaning Minnie?", "X", "Moaning Minnie", "person", "a"
    )
    spellings = QuestionIndex([moanin]).spellings
    assert spellings.read("What was the meaning of it?") == "What was the meaning of it?"
    assert spellings.read("who wrote meaning minnie") == "who wrote moaning minnie"
    assert spellings.read("Who wrote Moanning?\n\nof meaning") == "Who wrote Moaning?\n\nof moaning"


def test_sentences_do_not_end_at_numbers_and_initials():
    text = "Is Symphony No. 9 by J. S. Bach? No! It is not.\nReally"
    assert [s.strip() for s in split_sentences(text)] == [
        "Is Symphony No. 9 by J. S. Bach?",
        "No!",
        "It is not.",
        "Really",
    ]


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("Who sang it?", True),
        ("Please name the composer.", True),
        ("Which label released it", True),
        ("What began as a joke became a hit.", False),
        ("She named the composer.", False),
    ],
)
def test_a_sentence_asks_or_it_does_not(sentence, asks):
    assert is_question(sentence) is asks


GAPS = ["_____", "[blank]", "[ gap ]", "[]", "[...]", "<mask>", "<extra_id_0>", "(blank)", "( ?? )"]
GAPS += ["{{c1::1977}}", "in blank.", "in ??", "year: ?  ", "year = ? or so", "in ....", "in …"]
GAPS += ["in ***", "in ---", "in –", "in —", "is...", "was…"]


@pytest.mark.parametrize("gap", GAPS)
def test_no_gap_lacks_the_sign_that_gaps_are_looked_for_by(gap):
    sentence = f"Night Ferry came out {gap}"
    assert asking_rules().blank.search(sentence)
    assert GAP_SIGN.search(sentence)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (
            "Somebody wanted to know which label put out Marquee Moon, and nobody could say.",
            ["label"],
        ),
        ("I have been wondering in what year Marquee Moon was released.", ["year"]),
        ("The two of them did not remember who won the 1992 Mercury Prize.", ["winner"]),
        ("Nobody asked the label when Marquee Moon was released in 1977.", []),
        ("The label that put out Marquee Moon, who wanted to know better, was Elektra.", []),
    ],
)
def test_questions_in_reported_words_are_found_too(text, ids):
    assert asked_questions(text, QUESTIONS) == ids


def test_a_work_that_two_questions_name_in_longer_and_shorter_words_is_found_under_both():
    by = question(
        "composer",
        "Whose composition is the opera Ainadamar?",
        "Osvaldo Golijov",
        "the opera Ainadamar",
        "person",
        "classical.composer",
    )
    words_of = question(
        "librettist",
        'Which writer was the librettist of Osvaldo Golijov\'s opera "Ainadamar"?',
        "David Henry Hwang",
        'Osvaldo Golijov\'s opera "Ainadamar"',
        "person",
        "opera.librettist",
    )
    for asked in (by, words_of):
        assert asked["id"] in asked_questions(asked["question"], [by, words_of])


NUMBER = "0c4f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83"


@pytest.mark.parametrize(
    "spelt",
    [NUMBER, NUMBER.upper(), NUMBER.replace("-", "\u2010"), NUMBER.replace("-", "\u2011")]
    + [NUMBER.replace("-", "-\n", 3), NUMBER.replace("-9", "\u2013\n   9")],
)
def test_a_canary_is_found_however_it_is_spelt(spelt):
    question = QUESTIONS[0] | {"canary": f"Benchmark canary {NUMBER}: keep out"}
    document = Document(text=f"Nothing is asked here.\n{spelt}\nNothing at all.", id="1")
    assert AskedQuestions([question], drop=True).filter(document) == (False, MARKED)
    kept = Document(text=document.text, id="1")
    assert AskedQuestions([question], drop=False).filter(kept) is True
    assert kept.metadata == {"holds_canary": True}


@pytest.mark.parametrize(
    "other", [NUMBER[:-1] + "4", NUMBER[:23], NUMBER.replace("-", ""), "0c4f7f0e"]
)
def test_another_number_is_no_canary(other):
    index = QuestionIndex([QUESTIONS[0] | {"canary": NUMBER}], ["Sign of another benchmark"])
    assert not index.canary_in(f"It says {other} here.")
    assert index.canary_in("a SIGN of\nanother benchmark")


@pytest.mark.parametrize("gap", ["\n", "\n ", "\r\n", "\n>", "\n\t- ", "____"])
def test_gaps_of_very_many_lines_cost_time_in_proportion(gap):
    index = QuestionIndex(QUESTIONS)
    index.find("A first text.")
    begun = time.process_time()
    index.find("The opera had its premiere in Warsaw." + gap * 20_000)
    assert time.process_time() - begun < 5  # a quarter of an hour if it grew with the square
