import pytest
from datatrove.data import Document
from hypothesis import given
from hypothesis import strategies as st
from properties import PROPERTY

from mucpt_utils.pipeline.language import REASON, OtherLanguage, function_words, other_language

ENGLISH = "The quartet was asked to play it once more, and they did so with a smile."
OTHER = {
    "de": "Nach dem ersten Satz folgt ein langsamer zweiter, und am Ende steht wieder das Thema.",
    "fr": "Les musiciens de la ville ont joué dans une salle qui est trop petite pour eux.",
    "script": "Оркестр играл весь вечер, а публика слушала и не хотела уходить домой.",
}


@pytest.mark.parametrize(("code", "text"), OTHER.items())
def test_other_languages_are_told(code, text):
    assert other_language(text) == code


def test_accents_tell_another_language_where_no_function_word_does():
    accented = "příliš žluťoučký kůň úpěl ďábelské ódy"
    assert other_language(accented) == "und"
    assert other_language(f"{accented}, and he was heard") is None


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH,
        "",
        "12, 14, 15",
        # names and titles in other languages inside English prose
        f"{ENGLISH} Il matrimonio segreto, La fille du régiment and Der Freischütz followed.",
        "VERDI, G. 1859. Nov. 23. Il Trovatore. La Traviata. Un ballo in maschera. New York, N. Y.",
        "Dvořák, Janáček, Martinů, Ravel, Fauré, de Falla, Villa-Lobos, Sibelius, Grieg, Gade",
    ],
)
def test_english_names_and_lists_stay(text):
    assert other_language(text) is None


def test_a_quotation_does_not_decide_and_a_translation_beside_it_stays():
    assert other_language(f"{ENGLISH} {ENGLISH} {OTHER['de']}") is None
    assert other_language(f"{OTHER['de']} {OTHER['de']} He said so.") == "de"


def test_no_word_of_other_lists_is_an_english_one():
    english, others = function_words()
    assert {"the", "and", "of"} <= english and english.isdisjoint(others)
    assert "de" in others["und"]


def test_the_filter_notes_the_language():
    document = Document(text=OTHER["fr"], id="f")
    assert OtherLanguage().filter(document) == (False, REASON)
    detail = document.metadata["filter_detail"]
    assert detail["language"] == "fr"
    words = [document.text[start:end] for start, end in detail["triggers"]]
    assert words[:2] == ["de", "la"] and "dans" in words
    assert OtherLanguage().filter(Document(text=ENGLISH, id="e")) is True


TITLE_CASE = st.from_regex(r"[A-Z][a-z]{1,9}", fullmatch=True)


@PROPERTY
@given(st.lists(st.just(ENGLISH) | TITLE_CASE, min_size=1).map(" ".join))
def test_english_stays_whatever_names_stand_in_it(text):
    assert other_language(text) is None


@PROPERTY
@given(st.text() | st.lists(st.sampled_from([ENGLISH, *OTHER.values()])).map(" ".join))
def test_the_filter_changes_no_text(text):
    document = Document(text=text, id="d")
    verdict = OtherLanguage().filter(document)
    assert document.text == text
    assert ("filter_detail" in document.metadata) is (verdict is not True)
