"""The grader against labelled cases, and what the cases themselves must cover."""

import importlib
import inspect
import json
import pkgutil
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from properties import PROPERTY

from mucpt_utils import paths
from mucpt_utils.closure import code_closure
from mucpt_utils.knowledge.relations import ANSWER_TYPES
from mucpt_utils.musicsimpleqa import grader
from mucpt_utils.musicsimpleqa.agreement import (
    agreement,
    cohen_kappa,
    load_cases,
    main,
    other_readings,
)
from mucpt_utils.musicsimpleqa.grader.numbers import dates, in_digits, numbers
from mucpt_utils.musicsimpleqa.grader.words import normal
from mucpt_utils.musicsimpleqa.grading import CORRECT, GRADES, INCORRECT, NOT_ATTEMPTED, grade
from mucpt_utils.musicsimpleqa.questions import load_questions

# cases that the rules do not get right, and why they are left so
KNOWN = {
    "Paul Simon and Art Garfunkel",  # a duo by the full names of its members: give it as an alias
    "Quincy Delight Jones Jr.",  # "Jr." is usually somebody else
    "Paris Hilton",  # a person named like a city
    "country and western music, i.e. country",  # an answer put in two ways
}
# no rule was changed for `third`: the honest estimate; `fourth` is what later rules were made for
LEAST = {"first": 0.99, "second": 0.99, "third": 0.95, "fourth": 1.0}


@pytest.fixture(scope="module")
def cases():
    return load_cases()


def graded(cases):
    return [(c["answer_type"], c["grade"], grade(c, c["response"]).grade) for c in cases]


@pytest.mark.parametrize("part", LEAST)
def test_agreement_with_labels(cases, part):
    rows = graded([case for case in cases if case["set"] == part])
    assert agreement(rows)[-1].agreement >= LEAST[part]


def test_agreement_is_high_for_every_answer_type(cases):
    for row in agreement(graded(cases)):
        assert row.kappa >= 0.95, row


def test_only_known_cases_of_the_first_sets_are_missed(cases):
    missed = {
        case["response"]
        for case in cases
        if case["set"] != "third" and grade(case, case["response"]).grade != case["grade"]
    }
    assert missed == KNOWN


LABELLED = paths.DATA_CARDS / "musicsimpleqa/labelled"
# the names of the labelled sets in the card's tables: what is held out, and what is open
SETS = {
    "hard_cases": ("hard cases, held out", "hard cases by other writers"),
    "real_replies": ("real replies, held out", "real replies, several prompts and temperatures"),
    "outsider_cases": ("cases of an outsider, held out", "cases of an outsider, open"),
    "blind_cases": ("cases of two strangers, held out", "cases of two strangers, open"),
    "fresh_cases": (
        "cases of readers without the rules, held out",
        "cases of readers without the rules, open",
    ),
}


def row_of(name, cases):
    """The row of the card's table for labelled cases."""
    row = agreement(graded(cases))[-1]
    shares = (f"{value:.3f}".removeprefix("0") for value in (row.agreement, row.kappa))
    return f"| {name} | {row.n} | {' | '.join(shares)} |"


@pytest.mark.parametrize("name", SETS)
def test_the_card_says_how_the_grader_does(name):
    """No rule is mended against the cases that are held out, whatever their figure."""
    card = (paths.DATA_CARDS / "musicsimpleqa/README.md").read_text(encoding="utf-8")
    labelled = load_cases(LABELLED / f"{name}.jsonl")
    for title, held_out in zip(SETS[name], (True, False), strict=True):
        half = [case for case in labelled if case["held_out"] == held_out]
        assert len(half) > 150
        assert row_of(title, half) in card


@pytest.mark.parametrize("name", ["real_replies", "hard_cases"])
def test_the_card_says_how_far_other_readers_agree(name):
    card = (paths.DATA_CARDS / "musicsimpleqa/README.md").read_text(encoding="utf-8")
    held_out = [case for case in load_cases(LABELLED / f"{name}.jsonl") if case["held_out"]]
    grades = [grade(case, case["response"]) for case in held_out]
    told = other_readings(held_out, grades)
    assert [row.group for row in told] == [
        *("second reader, label", "second reader, grader", "judge, label", "judge, grader")
    ]
    for row in told:
        kappa = f"{row.kappa:.3f} [{row.kappa_low:.3f}, {row.kappa_high:.3f}]"
        assert (
            f"| {SETS[name][0]} | {row.group} | {row.n} | {row.agreement:.3f} | {kappa} |" in card
        )


def test_the_card_says_how_the_grader_does_on_its_own_cases(cases):
    card = (paths.DATA_CARDS / "musicsimpleqa/README.md").read_text(encoding="utf-8")
    assert row_of("own", cases) in card


def test_every_labelled_set_is_in_the_card():
    assert {path.stem for path in LABELLED.glob("*.jsonl")} == set(SETS)


def test_cases_cover_every_type_and_grade(cases):
    counts = Counter((case["answer_type"], case["grade"]) for case in cases)
    for kind in ANSWER_TYPES:
        for name in GRADES:
            assert counts[kind, name] >= 4, (kind, name)
    assert len(cases) >= 300


def question(answer, kind="group", text="Which group recorded the album?", aliases=()):
    return {"question": text, "answer": answer, "answer_type": kind, "aliases": list(aliases)}


@pytest.mark.parametrize(
    "name",
    ["!!!", "P!nk", "AC/DC", "Dr. Dre", "R.E.M.", "Earth, Wind & Fire", "Björk", "Sigur Rós"]
    + ["The The", "Yes", "1999", "*NSYNC", "Ke$ha", "Guns N' Roses", "M.I.A.", "?", "+44"],
)
@pytest.mark.parametrize(
    "frame", ["{}", " {} ", "{}.", '"{}"', "**{}**", "It was {}.", "Answer: {}"]
)
def test_names_of_signs_and_common_words(name, frame):
    assert grade(question(name), frame.format(name)).grade == CORRECT
    assert grade(question(name), frame.format("Pavement")).grade == INCORRECT


def test_no_key_is_cut_at_its_signs():
    assert grade(question("Dr. Dre", "person"), "Dr").grade == INCORRECT
    assert grade(question("Earth, Wind & Fire"), "Earth").grade == INCORRECT


@pytest.mark.parametrize("response", ["", "  \n ", "...", "I don't know", "Unknown", "N/A"])
def test_nothing_said_is_not_attempted(response):
    assert grade(question("Nirvana"), response).grade == NOT_ATTEMPTED


def test_a_label_word_is_no_answer():
    # the trap of judges that take the first letter of a reply
    assert grade(question("A"), "CORRECT").grade == INCORRECT


def test_answer_behind_thoughts_and_lines():
    response = "<think>Pearl Jam? No.</think>\n\nThe band is:\n- **Nirvana**"
    assert grade(question("Nirvana"), response).grade == CORRECT


@pytest.mark.parametrize("unit", ["maybe Nirvana ", "either Nirvana or Hole ", "Hole, ", "don't "])
def test_long_response_is_graded(unit):
    # unbounded patterns would need hours for this
    assert grade(question("Nirvana"), unit * 2000).grade in GRADES


def test_missing_field_raises():
    with pytest.raises(KeyError, match="answer_type"):
        grade({"question": "Who?", "answer": "Me"}, "Me")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nineteen ninety-one", "1991"),
        ("twenty-four", "24"),
        ("one hundred and five", "105"),
        ("two thousand and three", "2003"),
        ("nineteen hundred", "1900"),
        ("four or five", "4 or 5"),
        ("one two three", "1 2 3"),
    ],
)
def test_numbers_in_words(text, expected):
    assert in_digits(text) == expected


def test_numbers_in_digits():
    found = [value for value, *_ in numbers("1,234 of 2.5, 3/4; not C4, A4 or the 5th")]
    assert found == [1234, 2.5, 0.75]


def test_a_date_has_all_its_readings():
    assert [readings for *_, readings in dates("on 3/4/1999")] == [[(1999, 4, 3), (1999, 3, 4)]]
    assert [readings for *_, readings in dates("26 May or 1 June 1967")] == [
        [(1967, 5, 26)],
        [(1967, 6, 1)],
    ]


@pytest.mark.parametrize(
    ("word", "form"), [("Björk", "bjork"), ("P!nk", "pink"), ("R.E.M.", "rem"), ("Łódź", "lodz")]
)
def test_normal_form(word, form):
    assert normal(word) == form


def test_kappa_of_a_known_table():
    # Cohen's own arithmetic: 20 + 15 of 50 agree, chance .5
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)
    assert cohen_kappa([("y", "y")] * 3) == 1
    with pytest.raises(ValueError, match="at least one"):
        cohen_kappa([])


def test_agreement_command(tmp_path, capsys):
    assert main([]) == 0
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert last[0] == "all" and float(last[2]) >= 0.98
    broken = tmp_path / "cases.jsonl"
    broken.write_text('{"grade": "right", "response": "x"}\n')
    assert main([str(broken)]) == 2
    assert f"{broken}, line 1: no question, answer, answer_type" in capsys.readouterr().err
    case = {"question": "Who?", "answer": "Me", "answer_type": "person", "response": "Me"}
    broken.write_text(json.dumps({**case, "grade": "right"}))
    assert main([str(broken)]) == 2
    assert "case 1: 'right' is none of correct, incorrect" in capsys.readouterr().err


def test_agreement_is_by_kind_whichever_cases_have_one(tmp_path, capsys):
    case = {"question": "Who?", "answer": "Me", "answer_type": "person", "response": "Me"}
    kinds = [{}, {"kind": "plain"}, {"point": "point 3"}, {"kind": "plain", "prompt_style": "chat"}]
    path = tmp_path / "cases.jsonl"
    rows = ({**case, "grade": "correct", **kind} for kind in kinds)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main([str(path)]) == 0
    told = {line[:24].strip(): line[24:31].strip() for line in capsys.readouterr().out.splitlines()}
    assert told["kind"] == "n" and told["all"] == "4"
    assert (told["plain"], told["point 3"], told["without a kind"]) == ("2", "1", "1")
    path.write_text(json.dumps({**case, "grade": "correct"}))
    assert main([str(path)]) == 0
    assert "\nkind" not in capsys.readouterr().out


def test_the_method_can_be_shown():
    assert len(inspect.getsource(grade).splitlines()) < 25


def test_grading_does_not_depend_on_asking():
    paths = code_closure("mucpt_utils.musicsimpleqa.grading")
    names = {path.name for path in paths}
    assert {"rules.py", "grading_rules.yaml", "word_forms.yaml"} <= names
    assert not names & {"ask.py", "decoding.py"}
    sources = [path.read_text(encoding="utf-8") for path in paths if path.suffix == ".py"]
    assert not any("import torch" in source for source in sources)


@pytest.mark.parametrize(
    "reply", ["a) b) c) d)", "A. B. C. D", ":\nA.\nB.\nC.\nD.\nE.", "(a)\n(b)\n(c)\n(d)\n"]
)
def test_letters_of_options_alone_are_no_attempt(reply):
    assert grade(question("Nirvana"), reply).grade == NOT_ATTEMPTED


@pytest.mark.parametrize("name", ["A.B.B.A.", "A.B.C.", "B. B. King"])
def test_initials_are_no_letters_of_options(name):
    assert grade(question(name), name).grade == CORRECT


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("La première eut lieu à Prague, pas à Vienne.", INCORRECT),
        ("Die Uraufführung war nicht in Prag, sondern in Wien.", CORRECT),
        ("La prima fu a Vienna, non a Praga.", CORRECT),
        ("Se estrenó en Praga, no en Viena.", INCORRECT),
    ],
)
def test_denials_in_other_languages(reply, expected):
    asked = "In which city was the opera Così fan tutte first performed?"
    assert grade(question("Vienna", "place", asked, ["Wien", "Viena", "Vienne"]), reply).grade == (
        expected
    )


@pytest.mark.parametrize("turn", ["Let me recount:", "Let me count again:"])
def test_a_recount_is_a_second_thought(turn):
    asked = question("9", "number", "How many semitones wide is the major sixth?")
    assert grade(asked, f"Nine. {turn} I get ten.").grade == INCORRECT
    assert grade(asked, f"Ten. {turn} I get nine.").grade == CORRECT


def test_an_album_may_be_what_something_comes_ahead_of():
    asked = question("Kid A", "title", "Which album does the song Optimistic come from?")
    assert grade(asked, "It was sent to radio ahead of the album Kid A.").grade == CORRECT


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Usually it's Hole or Pearl Jam in such quizzes, but here it is Nirvana.", CORRECT),
        ("Normally that would be Nirvana, but here it is Hole.", INCORRECT),
        ("I am clueless about Nevermind and Nirvana.", NOT_ATTEMPTED),
    ],
)
def test_what_is_usual_is_not_given(reply, expected):
    asked = question("Nirvana", text="Which group recorded the album Nevermind?")
    assert grade(asked, reply).grade == expected


def test_one_of_several_brothers_is_no_person():
    asked = question("Robyn Miller", "person", "Who composed the soundtrack of Riven?")
    assert grade(asked, "One of the Miller brothers.").grade == INCORRECT
    assert grade(asked, "Of the two brothers, Miller, Robyn.").grade == CORRECT


# --- whatever a model writes ----------------------------------------------------------------------

ODD_REPLIES = (
    *("Это Пётр Ильич Чайковский.", "Джакомо Пуччини", "Группа Кино, наверное", "ответ: 1967 год"),
    *("答えは坂本龍一です。", "Η απάντηση είναι Βαγγέλης", "الجواب هو أم كلثوم", "मेरा उत्तर है आशा"),
    *("\u2028\u0085 x", "ß İ ı Ⅳ ½ ①", "𝕱𝖗𝖆𝖓𝖐", "a\u0301 e\u0301", "-- ** __ ```", "🎵🎶"),
    *(
        "[](http://x)",
        "<think>",
        "$\\boxed{x}$",
        '{"answer": null}',
        "|a|b|\n|-|-|\n||",
        "1. \n2. \n",
        "ateen oh two",
        '{"answer": "", }',
        '{"answer": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ),
)


NAMED_IN_SMALL_LETTERS = {
    "question": "Which producer made the track Strobe?",
    "answer": "deadmau5",
    "aliases": ["joel"],
    "answer_type": "person",
    "subject": "Strobe",
}


def odd_keys():
    """Questions whose keys are written unlike names: in small letters, with signs, in digits."""
    return [
        question
        for question in load_questions("test")
        if not question["answer"][0].isupper() or not question["answer"].replace(" ", "").isalpha()
    ][::12]


@pytest.mark.parametrize("reply", ODD_REPLIES)
def test_every_reply_to_every_kind_of_key_has_a_grade(reply):
    for question in [*odd_keys(), NAMED_IN_SMALL_LETTERS]:
        assert grade(question, reply).grade in GRADES, question["answer"]


def test_a_question_that_goes_on_with_a_connective_is_no_answer():
    question = load_questions("test")[0]
    assert grade(question, f"{question['question']}, while").grade == NOT_ATTEMPTED


# replies that the grader's own patterns match reach its every branch
PATTERNS = [
    value
    for module in pkgutil.iter_modules(grader.__path__, f"{grader.__name__}.")
    for value in vars(importlib.import_module(module.name)).values()
    if isinstance(value, re.Pattern)
]
PIECE = st.one_of(
    st.sampled_from(PATTERNS).flatmap(st.from_regex),
    st.sampled_from(load_questions("test")).map(lambda question: question["answer"]),
    st.text(max_size=6),
)


@settings(PROPERTY, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(load_questions("test")),
    st.lists(PIECE, max_size=6),
    st.sampled_from(["", " ", "\n", ", "]),
)
def test_every_reply_that_a_pattern_matches_has_a_grade(question, pieces, between):
    assert grade(question, between.join(pieces)).grade in GRADES
