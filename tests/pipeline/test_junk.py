import re

import pytest
from datatrove.data import Document
from hypothesis import given
from hypothesis import strategies as st
from made_up_texts import COOKIES, PROSE, SPAM
from properties import PROPERTY

from mucpt_utils.pipeline.junk import JunkFilter, junk_kind, rules, segment


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        (COOKIES, "boilerplate"),
        ("Copyright © 2014 site.example. All rights reserved.", "boilerplate"),
        ("Subscribe to our newsletter and never miss a story!", "boilerplate"),
        ("Skip to main content", "boilerplate"),
        (SPAM, "spam"),
        ("Earn 900 dollars a day from home, no experience needed.", "spam"),
        ("Best online casino bonus: 50 free spins!", "spam"),
        ("Lose 10 pounds with this one weird trick!!!", "spam"),
        ("The prize went to the band for their second album.", None),
        ("He made a great deal of money from the opera in a short time.", None),
        ("In order to offer a new reading, she slows the tempo.", None),
        ("Good morning! What a concert!", None),
        ("The winner of the 1992 Mercury Prize was Screamadelica.", None),
        ("He told her to follow the conductor and not the score.", None),
    ],
)
def test_wording_tells_junk_from_prose(sentence, kind):
    assert junk_kind(sentence) == kind


def test_every_rule_is_a_pattern_that_does_not_match_prose():
    count = 0
    for kind in ("boilerplate", "spam"):
        for pattern, weight in rules()[kind]:
            count += 1
            assert weight in (0.5, 1.0)
            assert weight < 1 or not pattern.search(PROSE), pattern.pattern
    assert count > 100


def test_a_spam_sentence_without_a_full_stop_ends_with_its_address():
    text = "Cheap concert tickets no fees shop.example/t/123 The quartet was founded in Vienna."
    kinds = [(text[s.start : s.end].split()[0], s.kind) for s in segment(text)]
    assert kinds == [("Cheap", "spam"), ("The", None)]


def test_a_call_before_spam_goes_with_it_and_one_before_prose_stays():
    text = f"Bravo! The hall was full. Attention! {SPAM} What a night!"
    kinds = [(text[s.start : s.end].strip(), s.kind) for s in segment(text)]
    assert kinds[:3] == [("Bravo!", None), ("The hall was full.", None), ("Attention!", "spam")]
    assert kinds[3][1] == "spam" and kinds[-1] == ("What a night!", None)


def test_initials_do_not_end_a_sentence():
    text = "Symphony by J. S. Bach and Dr. Dre was played. It was long."
    assert len(segment(text)) == 2


def test_the_share_of_junk_decides_between_cutting_and_dropping():
    document = Document(text=f"{SPAM} The end came soon after.", id="d")
    assert JunkFilter(share=0.9, cut=True).filter(document) is True
    assert document.text == "The end came soon after."
    document = Document(text=f"{SPAM} The end came soon after.", id="d")
    assert JunkFilter(share=0.5, cut=True).filter(document) == (False, "spam")


# --- for all texts --------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        PROSE,
        SPAM,
        COOKIES,
        "Home | News | Contact",
        "Attention!",
        "",
        " ",
        "\n",
        "\t\u2028",
        "Mr. X",
    ]
)
TEXTS = st.one_of(
    st.text(),
    st.lists(PIECES | st.text(max_size=20)).map(" ".join),
    st.lists(PIECES).map("\n".join),
)


@PROPERTY
@given(TEXTS)
def test_segments_are_the_text_in_order_but_for_line_breaks(text):
    segments = segment(text)
    end = 0
    for piece in segments:
        assert end <= piece.start < piece.end <= len(text), "in order, not empty, no overlap"
        assert set(text[end : piece.start]) <= {"\n"}, "what stands between is line breaks"
        end = piece.end
    assert set(text[end:]) <= {"\n"}


@PROPERTY
@given(TEXTS)
def test_a_line_goes_with_its_line_break_only_as_a_whole(text):
    junk = {i for s in segment(text) if s.kind for i in range(s.start, s.end)}
    for line in re.finditer(r"[^\n]+\n", text):
        content = set(range(line.start(), line.end() - 1))
        assert (line.end() - 1 in junk) is (content <= junk)


@PROPERTY
@given(TEXTS)
def test_text_without_junk_passes_as_it_is_and_cuts_only_shorten(text):
    document = Document(text=text, id="d")
    is_clean = not any(s.kind for s in segment(text))
    JunkFilter(share=1.0, cut=True).filter(document)
    assert (document.text == text) if is_clean else (len(document.text) < len(text))
