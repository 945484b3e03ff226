"""Names and numbers, told by capitals and digits."""

import pytest

from mucpt_utils.scoring.surface import Casing, names_and_numbers

TEXTS = [
    "In 1975 the band Queen sang. Then Queen left.",
    "the house was old, and then it fell. In spite of that, in time, it was rebuilt in stone.",
]


def marked(text, texts=TEXTS):
    return [text[a:b] for a, b in names_and_numbers(text, Casing.of([*texts, text]))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("the singer Freddie Mercury", ["Freddie", "Mercury"]),
        ("no names are in here", []),
        ("it was No. 12.5 of 1,000", ["No", "12.5", "1,000"]),
        ("the 1970s, the 7th, Op. 27/2", ["1970s", "7th", "Op", "27/2"]),
        ("a song by O'Connor and Jean-Paul", ["O'Connor", "Jean-Paul"]),
        ("and I said I'm sure", []),
        ("", []),
    ],
)
def test_capitals_and_digits_inside_a_sentence(text, wanted):
    assert marked(text) == wanted


def test_a_word_that_begins_a_sentence_is_a_name_where_the_texts_write_it_so():
    assert marked("Queen sang. Then it ended. In time they rested.") == ["Queen"]
    assert marked('he said: "Queen" again') == ["Queen"]
    assert marked("- Then a list\n- Queen") == ["Queen"]
    unknown = "Zappa sang."
    assert marked(unknown) == [], "nothing says that a word seen here alone is a name"
    assert marked(unknown, [*TEXTS, "a song by Zappa"]) == ["Zappa"]


def test_names_that_are_words_go_by_what_the_texts_do_more_often():
    texts = ["they yes yes say yes", "the band Yes"]
    assert marked("Yes sang.", texts) == []
    assert marked("Yes sang.", [*texts, "by Yes, of Yes, with Yes, like Yes"]) == ["Yes"]
