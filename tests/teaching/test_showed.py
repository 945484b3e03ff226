"""What a run showed: every sentence is worded from a table, and changes with it."""

import pandas as pd
import pytest

from mucpt_utils.pipeline.domain.calibration import Calibration
from mucpt_utils.teaching import showed


def table(columns, *rows):
    return pd.DataFrame(rows, columns=columns.split())


QUALITY = table(
    "stage kind precision recall n", ("clean", "spam", 1.0, 0.9, 50), ("mask", "pii", 1.0, 0.2, 9)
)
CLASSIFIER = table(
    "threshold metric value n",
    (0.0, "off_domain_documents", 0.2, 9),
    (0.0, "off_domain_weight", 0.05, 9),
    (0.5, "off_domain_documents", 0.1, 9),
    (0.5, "off_domain_weight", 0.01, 9),
)
FUNNEL = table(
    "stage source reason documents tokens",
    ("read", "web", "kept", 100, 900),
    ("classify", "web", "off domain", 30, 200),
    ("classify", "web", "kept", 70, 700),
    ("clean", "web", "spam", 10, 90),
    ("clean", "web", "kept", 60, 600),
)
TEMPERATURE = table(
    "seed temperature loss", (0, 1.0, 4.0), (0, 1.5, 3.0), (1, 1.0, 2.0), (1, 1.5, 2.5)
)
WEIGHTS = table(
    "arm kind weight ci_low ci_high",
    ("soft_static", "fact", 1.8, 1.7, 1.9),
    ("soft_static", "wrong_fact", 0.9, 0.8, 1.0),
    ("rho1", "fact", 1.0, 0.8, 1.2),
    ("rho1", "wrong_fact", 1.1, 0.9, 1.3),
)
RUMOURS = table("arm kind weight ci_low ci_high", ("soft_static", "rumour", 1.7, 1.6, 1.8))
PARTS = table(
    "arm seed tokens kind weight n",
    ("soft_dynamic", 0, 100, "wrong_fact", 0.9, 5),
    ("soft_dynamic", 0, 200, "wrong_fact", 0.4, 5),
)
MAIN = table(
    "arm stratum metric mean n",
    ("plain", "covered", "accuracy", 0.2, 9),
    ("plain", "uncovered", "accuracy", 0.3, 9),
    ("soft_static", "covered", "accuracy", 0.5, 9),
    ("soft_static", "uncovered", "accuracy", 0.1, 9),
)
STRATA = table(
    "arm stratum metric mean",
    ("plain", "popular", "accuracy", 0.4),
    ("plain", "less_popular", "accuracy", 0.1),
)
CATEGORIES = table(
    "arm category metric mean n",
    ("plain", "song", "accuracy", 0.4, 7),
    ("plain", "opera", "accuracy", 0.1, 3),
)
COMPOSITION = table(
    "axis level stratum metric mean arm",
    ("replay", "0", "all", "accuracy", 0.4, "plain"),
    ("replay", "default", "all", "accuracy", 0.3, "plain"),
    ("replay", "0", "general", "accuracy", 0.0, "plain"),
    ("replay", "default", "general", "accuracy", 0.2, "plain"),
)
FALSEHOOD = table(
    "axis level stratum metric mean arm",
    ("wrong_facts", "none", "all", "accuracy", 0.2, "plain"),
    ("wrong_facts", "as crawled", "all", "accuracy", 0.15, "plain"),
)
CONTROLS = table(
    "arm compared_to stratum metric difference ci_low ci_high verdict",
    ("inverse", "plain", "covered", "log_likelihood", -0.6, -0.8, -0.4, "worse"),
    ("inverse", "plain", "uncovered", "log_likelihood", 0.1, -0.1, 0.3, "undecided"),
)
SURFACE = table(
    "coverage confidence stratum metric difference",
    ("30 %", "as trained", "all", "log_likelihood", -0.5),
    ("90 %", "calibrated", "all", "log_likelihood", 0.7),
)


@pytest.mark.parametrize(
    ("folded", "words"),
    [
        (
            showed.flaws(QUALITY),
            ["advertising (90%)", "Mostly left in the text: personal data (20%)"],
        ),
        (showed.slope(Calibration(0.5, 0.0)), ["0.50", "overconfident"]),
        (showed.slope(Calibration(1.5, 0.0)), ["1.50", "too modest"]),
        (showed.thresholds(CLASSIFIER), ["20.0%", "5.0%", "75% of it undone"]),
        (showed.funnel(FUNNEL), ["Of 100 documents 60 are left", "classify drops the most: 30"]),
        (showed.temperature(TEMPERATURE), ["1.5 (seed 0) and 1 (seed 1)", "At 1 of 2 seeds the"]),
        (
            showed.three_tokens([0.0, 3.0, 0.0], ["a", "b", "c"]),
            ["“b” weighs most, 3.00; “a” and “c” least, 0.00.", "1 of 3"],
        ),
        (
            showed.three_tokens([1.2, 1.2, 0.6], ["a", "b", "c"]),
            ["“a” and “b” weigh most, 1.20; “c” least, 0.60.", "2 of 3"],
        ),
        (
            showed.kinds(WEIGHTS),
            ["in “soft, static", "1.80 and 0.90", "overlapping intervals in “Rho-1"],
        ),
        (
            showed.kinds(pd.concat([WEIGHTS, RUMOURS])),
            ["wrong facts lie apart", "of rumours have overlapping intervals in “soft, static"],
        ),
        (
            showed.lost_most(WEIGHTS),
            ["(soft_static), where their weight is 0.90", "(rho1), where it is 1.10"],
        ),
        (
            showed.lost_most(pd.concat([WEIGHTS, WEIGHTS.assign(arm="inverse")])),
            ["(inverse) is the mirror image of", "(soft_dynamic), which this run did not train"],
        ),
        (
            showed.lost_most(
                pd.concat([WEIGHTS.assign(arm="soft_dynamic"), WEIGHTS.assign(arm="inverse")])
            ),
            ["(soft_dynamic)."],
        ),
        (showed.control(CONTROLS), ["−0.60 [−0.80, −0.40] on facts that the RM knows: worse"]),
        (showed.control(CONTROLS[:0]), ["(inverse) was not trained in this run"]),
        (
            showed.wrong_facts(FALSEHOOD, 0.26),
            ["accuracy on music is 0.200, with them 0.150: 26% of the statements cost 25% of it"],
        ),
        (showed.wrong_facts(COMPOSITION, 0.26), ["was not moved in this run"]),
        (showed.over_training(PARTS), ["from 0.90 to 0.40"]),
        (
            showed.best_arms(MAIN),
            ["knows, “soft, static", "0.50 (plain 0.20)", "0.30 (plain 0.30)"],
        ),
        (showed.knowledge_shows(MAIN), ["(soft_static) +0.40 and", "(plain) −0.10"]),
        (
            showed.popular(STRATA, CATEGORIES),
            ["0.40 on popular subjects and 0.10 on less popular ones", "opera (0.10, n = 3)"],
        ),
        (showed.axes(COMPOSITION), ["0 for music and the profile's own for general knowledge"]),
        (
            showed.moved(COMPOSITION),
            ["moves music questions most, by 0.10", "general knowledge most, by 0.20"],
        ),
        (showed.surface(SURFACE), ["+0.70 at coverage 90 %, calibrated", "lowest, −0.50"]),
    ],
)
def test_sentences_are_worded_from_the_table(folded, words):
    for word in words:
        assert word in folded.text, folded.text
    assert folded.text in repr(folded)


def test_what_is_folded_opens_on_a_click_and_is_escaped():
    page = showed.Folded(["1 < 2."])._repr_html_()
    assert page.startswith("<details><summary>What this run showed</summary>1 &lt; 2.")


def test_pulls_compare_the_answer_with_the_rest():
    tokens = table("token plain", (" the", 1.0), (" Björk", 3.0), (" song", 2.0))
    told = showed.pulls(tokens, [1, 2]).text
    assert "“Björk” pulls hardest, 3.00" in told and "3.00, of the others 1.50" in told
    assert "others" not in showed.pulls(tokens, None).text


def test_sliders_say_which_seed_fails_and_what_it_has_not_read():
    def row(part, losses):
        kept = {"pieces": ["a", "b"], "answer": [1, 2], "base": [4.0, 4.0], "part": part}
        reference = {str(seed): {"1": [4.0, loss]} for seed, loss in enumerate(losses)}
        return {**kept, "reference": reference, "known": [True, False], "read": [True, False]}

    rows = [row("true", (1.0, 4.0)), row("false", (4.0, 2.0))]
    data = {"seeds": [0, 1], "calibrated": {"0": "1", "1": "1"}, "sentences": rows}
    told = showed.sliders(data).text
    assert "Seed 0: true" in told and ", told apart (this RM knows the true one" in told
    assert "not told apart (this RM does not know the true one" in told
    assert "No RM knows the subjects" in showed.sliders({"sentences": []}).text


def test_verdicts_come_from_the_claims_or_it_says_where_they_are_made(tmp_path, monkeypatch):
    assert showed.verdicts(tmp_path).text == showed.NO_CLAIMS
    claims = table("claim verdict", ("A", "supported here"), ("B", "mixed"), ("C", "mixed"))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "claims.csv").touch()
    monkeypatch.setattr(showed.table_files, "read_table", lambda folder, name: claims)
    told = showed.verdicts(tmp_path).text
    assert told == "2 mixed and 1 supported here. Supported here: A."


def test_without_axes_it_says_so():
    nothing = table("axis level arm stratum metric mean")
    assert showed.axes(nothing).text == showed.moved(None).text == showed.NO_AXIS


def test_models_are_held_against_the_guessers_part_by_part():
    rows = [
        ("guesser: x", "core", 0.02, 0.01, 0.03),
        ("M, few-shot", "core", 0.06, 0.04, 0.08),
        ("N", "core", 0.04, 0.03, 0.05),
        ("guesser: x", "tail", 0.02, 0.01, 0.05),
        ("M, few-shot", "tail", 0.06, 0.04, 0.08),
    ]
    told = showed.models(table("model part accuracy ci_low ci_high", *rows)).text
    assert told.endswith("by part. core: M, few-shot (0.060); tail: no model.")
