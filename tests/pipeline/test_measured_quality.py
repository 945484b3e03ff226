import pytest
from flawed_corpus import QUESTION

from mucpt_utils.analysis.stage_quality import Outcome, measure, measure_decontamination


def test_quality_is_measured_against_the_labels(flawed_source, result):
    rows = {(r["stage"], r["kind"]): r for r in measure(Outcome.load(flawed_source, result.folder))}
    perfect = {
        ("classify", "off_domain"): 7,
        ("clean", "spam document"): 1,
        ("exact_duplicates", "exact copy"): 1,
        ("near_duplicates", "near copy"): 1,
        ("clean", "boilerplate line"): 1,
        ("clean", "spam sentence"): 1,
        ("clean", "tracking code"): 1,
        ("mask", "email"): 1,
        ("mask", "phone"): 1,
    }
    assert {key: rows[key]["n"] for key in perfect} == perfect
    for key in perfect.keys() - {("classify", "off_domain")}:
        assert rows[key]["recall"] == 1, key
    assert rows["classify", "off_domain"]["recall"] == pytest.approx(6 / 7, abs=1e-3)
    # the document that asks a question is a good one, and it is gone
    assert rows["pipeline", "good document kept"]["recall"] == pytest.approx(31 / 32, abs=1e-3)


def test_what_a_stage_missed_or_took_wrongly_lowers_the_figures(flawed_source, result):
    outcome = Outcome.load(flawed_source, result.folder)
    kept, gone = dict(outcome.kept), dict(outcome.rejected)
    kept["copy"] = outcome.entered["copy"]
    del gone["copy"]
    gone["good7"] = {**kept.pop("good7"), "stage": "near_duplicates", "reason": "near duplicate"}
    kept["flawed"] = outcome.entered["flawed"]
    rows = {(r["stage"], r["kind"]): r for r in measure(Outcome(outcome.entered, kept, gone))}
    assert rows["exact_duplicates", "exact copy"]["recall"] == 0
    assert rows["near_duplicates", "near copy"]["precision"] == 0.5
    assert rows["mask", "email"]["recall"] == 0
    assert rows["clean", "boilerplate line"]["recall"] == 0


def test_decontamination_is_measured_on_planted_questions():
    planted = [("Hello. Who put out Marquee Moon? Elektra.", "q1"), ("Nothing here.", "q1")]
    clean = ["Elektra released Marquee Moon.", "Which label put out Marquee Moon? Hm."]
    row = measure_decontamination(planted, clean, [QUESTION])
    assert (row["precision"], row["recall"], row["n"]) == (0.5, 0.5, 2)
