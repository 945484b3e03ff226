"""Gates before patterns: closed only where the pattern finds nothing."""

import re

import pytest

from mucpt_utils import paths
from mucpt_utils.musicsimpleqa.agreement import load_cases
from mucpt_utils.musicsimpleqa.grader import commitment, gates, readings, words
from mucpt_utils.musicsimpleqa.grader.answer_keys import key_of
from mucpt_utils.musicsimpleqa.grader.clauses import Marked
from mucpt_utils.musicsimpleqa.grader.gates import AnyOf, Gated, needed, opened
from mucpt_utils.musicsimpleqa.grader.rules import RULES
from mucpt_utils.musicsimpleqa.grader.words import lower


@pytest.mark.parametrize(
    ("pattern", "runs"),
    [
        (r"\bon second thoughts?\b", {"|thought|", "|thoughts|"}),
        (r"(?:do not|don'?t) know", {"|know", "|not|", "dont|"}),
        (r"\b(?:may|might) be\b", {"|may|", "|might|"}),
        (r"produc\w+", {"produc"}),
        (r"(?:ab)?c+ do", {"|do"}),
        (r"(?<=x)yes(?!no)", {"yes"}),
        (r"[;/]", {";", "/"}),
        (r"не знаю|идк", {"н", "и"}),
        (r"\d+|no", None),
        (r"\w*", None),
    ],
)
def test_what_a_pattern_needs(pattern, runs):
    assert needed(pattern) == runs


def test_other_alphabets_without_regard_to_case_have_no_gate():
    assert needed("знаю", re.IGNORECASE) is None


@pytest.mark.parametrize("text", ["I KNOW", "I \u212anow", "know", "he knows it"])
def test_a_gate_opens_for_what_is_found_whatever_its_letters(text):
    gated = Gated(re.compile("know", re.IGNORECASE))
    assert gated.search(text) and gated.sub("", text) != text and list(gated.finditer(text))
    assert not gated.search("nothing") and gated.sub("", "now") == "now"


def gated_patterns():
    """Every pattern of the grader that stands behind a gate."""
    for value in vars(RULES).values():
        if isinstance(value, dict):
            value = tuple(value.values())
        if isinstance(value, AnyOf):
            value = value.patterns
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Gated):
                yield one


def texts():
    """Replies of the labelled cases, as they are and with their answers marked."""
    folder = paths.DATA_CARDS / "musicsimpleqa/labelled"
    cases = [case for path in sorted(folder.glob("*.jsonl")) for case in load_cases(path)]
    for case in [*cases, *load_cases()][::5]:
        marks = Marked(*key_of(case).marked(case["response"])).marks
        yield from (lower(case["response"]), marks, lower(marks))


def test_no_gate_is_closed_for_what_its_pattern_finds():
    patterns, found = list(gated_patterns()), 0
    assert len(patterns) > 60
    for text in texts():
        for gated in patterns:
            if gated.pattern.search(text):
                found += 1
                assert opened(text) & gated.gate, (gated.pattern.pattern[:80], text)
    assert found > 2_000


def test_what_is_searched_with_care_needs_a_word_of_caution(monkeypatch):
    """So the shortcut for plain replies passes over nothing that the search would find."""

    def caution(run):
        """3 for a word of caution, 2 for one whose edges are open, 1 for the beginning of one."""
        word = run.strip(gates.EDGE)
        if word in RULES.caution or commitment.SIGNS.search(run):
            return 3 if run == f"{gates.EDGE}{word}{gates.EDGE}" else 2
        return int(len(word) > 2 and any(one.startswith(word) for one in RULES.caution))

    monkeypatch.setattr(gates, "rarity", lambda run: caution(run) or len(run) / 100)
    patterns = [RULES.undecided, RULES.refusal, *RULES.denied, *RULES.set_aside]
    patterns += [
        *RULES.outweighed,
        RULES.of_list,
        RULES.inner_correction,
        RULES.taken_back,
        RULES.final_answer,
        RULES.refusal_whole,
    ]
    for pattern in [*(gated.pattern for gated in patterns), RULES.correction]:
        for run in needed(pattern.pattern, pattern.flags) or {"nothing sure"}:
            # signs that `needs_care` looks for in their places, and n't
            known = run.strip(gates.EDGE) in (
                "(",
                "\ue001",
                "nt",
            ) or commitment.NO_LATIN_WORDS.search(run)
            assert known or caution(run), (run, pattern.pattern[:80])


def test_any_of_the_refusals_is_found_where_one_pattern_of_them_all_finds_one():
    found = [text for text in texts() if RULES.refusal.search(text)]
    assert len(found) > 100
    for text in texts():
        assert RULES.refusals.is_in(text) == bool(RULES.refusal.pattern.search(text)), text


@pytest.mark.parametrize(
    "text",
    ["Guns N' Roses, P!nk & R.E.M.", "rock 'n' roll", "a  b\u2003c\nd", "Bach's 'n' x", "$", ""],
)
def test_words_found_by_stretches_are_those_of_the_whole_text(text):
    assert readings.words(text) == words.words(text)


def test_words_of_labelled_replies_are_the_same_both_ways():
    for case in load_cases():
        assert readings.words(case["response"]) == words.words(case["response"])
