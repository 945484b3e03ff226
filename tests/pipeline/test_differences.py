import pytest

from mucpt_utils.pipeline.differences import LONGEST_ALIGNED, state_other_facts, words_of

AWARD = "At the {} ceremony in {} the prize for the best new record of the year went to {}."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("46th", "Los Angeles", "OutKast"), ("47th", "Los Angeles", "OutKast")),
        (("46th", "Los Angeles", "OutKast"), ("46th", "New York", "OutKast")),
        (("46th", "Los Angeles", "OutKast"), ("46th", "Los Angeles", "Ray Charles")),
    ],
)
def test_another_number_or_name_is_another_fact(one, other):
    assert state_other_facts(AWARD.format(*one), AWARD.format(*other))


def test_a_name_at_the_beginning_counts_when_a_single_word_stands_for_it():
    assert state_other_facts("Adele won the prize again.", "Duffy won the prize again.")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        str.upper,
        lambda text: f"Second edition. {text}",
        lambda text: f"{text} First published elsewhere in 1999.",
        lambda text: text.replace("prize", "prize prize"),
        lambda text: text.replace("OutKast", "Outkasst"),
        lambda text: text.replace("best new", "finest"),
        lambda text: text.replace(",", ""),
    ],
)
def test_additions_typing_errors_and_other_words_are_no_other_facts(change):
    text = AWARD.format("46th", "Los Angeles", "OutKast")
    assert not state_other_facts(text, change(text))
    assert not state_other_facts(change(text), text)


def test_one_date_in_a_long_text_does_not_make_it_another():
    text = "In 1999 they played. " * (LONGEST_ALIGNED // 4 + 1)
    assert not state_other_facts(text, text.replace("1999", "2001", 1))
    many = "In 1999 Berlin and Paris heard it. " * 12
    assert not state_other_facts(many, many.replace("1999", "2001", 1))


def test_the_first_word_of_a_sentence_is_no_name():
    words = words_of("The end. Nobody saw Anna in 1999")
    assert [word.text for word in words if word.is_fact] == ["Anna", "1999"]
