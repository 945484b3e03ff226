"""Words that are remembered are the words that spaCy finds."""

import pytest
from datatrove.utils.text import split_into_words

from mucpt_utils.config.pipeline import QualitySettings
from mucpt_utils.pipeline import cleaning
from mucpt_utils.pipeline.word_tokens import english_tokenizer

TEXTS = [
    "He can't, won't and cannot: don't you know, Mr. Bach (b. 1685) isn't Händel?",
    "Op. 27 no. 2, 440Hz, 12km, U.S.A. -- e.g. rock'n'roll :-) x.y@z.org https://a.example/b?c=d",
    "one\n\ntwo\tthree\u00a0four\u2003five …and—so on", "gonna Gonna GONNA, gonna.", "", " \n ",
    "音楽 Ã© e\u0301tude " + "a" * 150, "IS_ALPHA is a word", "do n't ca n't a.m. 9a.m. (I'm) 'tis",
]  # fmt: skip
PROSE = "The second movement opens with a chorale in the low brass, and the strings answer it. "


@pytest.mark.parametrize("text", TEXTS)
def test_words_are_spacys(text):
    assert english_tokenizer().word_tokenize(text) == split_into_words(text)


def test_a_full_memory_starts_anew(monkeypatch):
    monkeypatch.setattr("mucpt_utils.pipeline.word_tokens.MOST_REMEMBERED", 3)
    words = [english_tokenizer().word_tokenize(text) for text in TEXTS]
    assert words == [split_into_words(text) for text in TEXTS]


@pytest.mark.parametrize("text", [PROSE, PROSE * 9, "la " * 90, "# " * 40 + PROSE, "a b c d " * 9])
def test_the_short_way_gives_datatroves_verdict(text):
    from datatrove.data import Document
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter

    for block in cleaning.steps(QualitySettings()):
        for kind in (GopherQualityFilter, GopherRepetitionFilter):
            if isinstance(block, kind):
                assert block.filter(Document(text, "d")) == kind.filter(block, Document(text, "d"))
