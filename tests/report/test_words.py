"""Sentences from numbers: what they say, and that they say no more than the tables."""

import re

import numpy as np
import pandas as pd
import pytest
from results_made_up import RUN_EARLY, all_tables, ended_early, record

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import Effect
from mucpt_utils.analysis.schema import COLUMNS
from mucpt_utils.config.settings import load_profile
from mucpt_utils.report import cells, limits, measures, numbers, profiles, words
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import SELECTED


@pytest.fixture
def frames():
    """Made-up tables, which a test may change."""
    return all_tables()


def put(frames, low, high, table="differences", **where):
    """Move the interval (and the number in its middle) of the rows with these values."""
    frame = frames[table]
    rows = pd.Series(True, index=frame.index)
    for column, value in where.items():
        rows &= frame[column] == value
    assert rows.any()
    frame.loc[rows, ["difference", "ci_low", "ci_high"]] = [(low + high) / 2, low, high]


def abstract(frames):
    return " ".join(words.abstract(frames, record()))


def test_the_abstract_is_worded_from_the_numbers(frames):
    text = abstract(frames)
    assert "2 seeds and 40 questions" in text
    assert "Of 102 documents that enter the pipeline, 80 (78 %)" in text
    covered, uncovered = (
        measures.difference_of(frames, "selection_soft", "plain", kind, "accuracy")
        for kind in ("covered", "uncovered")
    )
    assert f"accuracy rises by {covered.value:.2f}" in text
    assert f"accuracy falls by {-uncovered.value:.2f}" in text
    assert "those that it does not: no arm" in text


def test_log_likelihood_comes_before_accuracy_in_every_effect(frames):
    sentences = words.effects(frames)
    assert len(sentences) == 3
    for sentence in sentences:
        for clause in sentence.split("; "):
            assert clause.index("log-likelihood") < clause.index(" and accuracy "), clause


def test_up_on_what_is_known_and_down_on_the_rest_is_mixed(frames):
    where = {"arm": "selection_soft", "compared_to": "plain"}

    def verdict(covered, uncovered):
        """The sentence's end, where both measures lie around these values."""
        for stratum, value in (("covered", covered), ("uncovered", uncovered)):
            for metric in ("log_likelihood", "accuracy"):
                put(frames, value - 0.1, value + 0.1, **where, stratum=stratum, metric=metric)
        table = frames["differences"]
        table["p_value"] = (table["ci_low"] * table["ci_high"] <= 0) * 0.5
        frames["differences"] = verdicts.judged(table)
        return words.effect_sentence(frames, "selection_soft").rpartition("The verdict: ")[2]

    assert verdict(0.2, -0.2) == "mixed."
    assert verdict(0.2, 0.05) == "undecided."
    assert verdict(0.2, 0.2) == "better."


def test_the_best_of_the_others_says_how_it_was_chosen(frames):
    main = frames["main_comparison"]
    accuracy = main[(main["metric"] == "accuracy") & (main["stratum"] == "all")]
    others = accuracy[
        accuracy["arm"].isin(measures.METHODS) & (accuracy["arm"] != "selection_soft")
    ]
    best = others.loc[others["mean"].idxmax(), "arm"]
    chosen = next(s for s in words.effects(frames) if "highest accuracy over all facts" in s)
    assert "chosen on these same questions and so to be read with care" in chosen
    assert f": {words.arm_title(best)}, against plain" in chosen
    assert f"Of the {len(others)} other method" in chosen


def test_an_interval_around_zero_is_no_change():
    text = numbers.change(Effect("", 0.04, -0.01, 0.09))
    assert text == "shows no clear change (+0.04, −0.01 to +0.09)"
    text = numbers.change(Effect("", 0.04, -0.01, 0.09, mde=0.071), " nats")
    assert text == "shows no clear change (+0.04 nats, −0.01 to +0.09, detectable 0.07)"


def test_numbers_are_rounded_once_and_zero_has_no_sign():
    # .135 would be .14 after a first rounding to three places of .1346
    assert numbers.plain_number(0.1346) == "0.13"
    assert numbers.signed(-0.004) == "0.00" and numbers.signed(0.0) == "0.00"
    assert numbers.signed(-1.3089) == "−1.31" and numbers.signed(0.006) == "+0.01"


def test_the_abstract_admits_that_nothing_was_learnt(frames):
    frames["differences"].loc[frames["differences"]["arm"] == "base", "ci_high"] = 0.1
    text = abstract(frames)
    assert "does not measurably beat the base in accuracy" in text
    assert "it allows no conclusion about the arms" in text
    assert "rises" not in text and "Rho-1" not in text


def test_an_arm_that_beats_both_on_both_is_named(frames):
    table = frames["differences"]
    soft = (table["arm"] == "soft_dynamic") & (table["metric"] == "log_likelihood")
    table.loc[soft, "verdict"] = "better"
    text = words.better_than_both(frames)
    assert text.endswith(f"those that it does not: “{words.arm_title('soft_dynamic')}”.")
    table.loc[soft & (table["stratum"] == "uncovered"), "verdict"] = "undecided"
    assert words.better_than_both(frames).endswith("no arm.")


def test_baselines_and_methods_are_told_verdict_by_verdict(frames):
    text = words.at_a_glance(frames, "method")
    assert text.startswith("The methods against plain, over both kinds of facts: ")
    assert f"mixed at equal tokens: “{words.arm_title('soft_dynamic')}”" in text
    assert words.arm_title("rho1") in words.at_a_glance(frames, "baseline")


def test_an_arm_is_told_by_the_comparison_that_decides(frames):
    """At equal compute where `verdicts.csv` says so, in the list and in its own sentence."""
    table = frames["differences"]
    dear = table[(table["arm"] == "selection_soft") & (table["compared_to"] == "plain")]
    dear = dear.assign(compared_to=verdicts.EQUAL_COMPUTE, difference=-0.5, ci_low=-0.6)
    dear = dear.assign(ci_high=-0.4, p_value=1e-6)
    frames["differences"] = verdicts.judged(pd.concat([table, dear], ignore_index=True))
    costs = pd.DataFrame({"arm": ["selection_soft"], "relative_to_plain": [3.0]})
    frames["verdicts"] = verdicts.verdicts(frames["differences"], costs)
    title = words.arm_title("selection_soft")
    assert f"worse at equal compute: “{title}”" in words.at_a_glance(frames, "method")
    sentence = words.effect_sentence(frames, "selection_soft")
    assert sentence.startswith(f"{title}, against plain at equal compute: on facts that")
    assert "falls by 0.50 nats per token (−0.60 to −0.40)" in sentence
    assert sentence.endswith("The verdict: worse.")
    told = next(one for one in words.effects(frames) if "the paper's" in one)
    assert " The verdict: worse. At equal tokens the log-likelihood changes by " in told
    assert told.endswith(".")
    effect = measures.difference_of(frames, "selection_soft", "plain", "covered", "log_likelihood")
    assert numbers.signed(effect.value) in told.partition("At equal tokens ")[2]


def test_room_is_told_where_a_ceiling_was_trained(frames):
    assert words.room(frames) == ""
    table = frames["differences"]
    # the paper's arm in the part of a ceiling: clear where the reference model knows the fact
    frames["differences"] = table.assign(arm=table["arm"].replace("selection_soft", "oracle_clean"))
    text = words.room(frames)
    assert "On facts that the reference model knows there is room above plain" in text
    assert "on facts that it does not know there is no room above plain here" in text
    frames["differences"] = frames["differences"].assign(ci_high=0.9)  # reaches what is asked for
    text = words.room(frames)
    assert "on facts that it does not know no room above plain is shown here" in text


def test_an_interval_without_zero_does_not_look_like_one_with_it():
    assert numbers.ends(-0.1165, -0.0034) == ("−0.12", "−0.003")
    assert numbers.ends(0.00002, 0.1) == ("+0.00002", "+0.10")
    assert numbers.ends(-0.0034, 0.1) == ("0.00", "+0.10")
    assert numbers.ends(0.0, 0.1) == ("0.00", "+0.10")
    told = cells.interval(-0.06, -0.1165, -0.0034)
    assert told == "−0.06 [−0.12, −0.003]"
    assert numbers.change(Effect("", -0.06, -0.1165, -0.0034)).endswith("(−0.12 to −0.003)")


def test_one_seed_of_real_prose_has_no_interval_and_its_sentence_none():
    table = pd.DataFrame(
        [("music", "plain", 1.5, np.nan, np.nan, np.nan), ("music", "rho1", 1.6, 1.5, 1.7, 0.1)],
        columns=["stratum", "arm", "mean", "ci_low", "ci_high", "difference_to_plain"],
    )
    (told,) = words.prose_results({"bits_per_byte": table})
    assert "plain continued pretraining 1.500;" in told
    assert "loss 1.600 (1.500 to 1.700; +0.100 from plain)" in told


def test_what_the_pipeline_leaves_is_told_in_shares_of_tokens(frames):
    assert words.kinds_left(frames) == ""
    shares = {"other": 0.8, "noise": 0.0634, "wrong_fact": 0.01, "rumour": 0.026, "spam": 0.004}
    frames["kinds_left"] = pd.DataFrame({"kind": list(shares), "share": list(shares.values())})
    told = words.pipeline_result(frames)
    assert told.endswith(
        "Of their tokens 6.3 % are noise that no rule about form finds, 3.6 % are objects of false "
        "statements and 0.4 % are boilerplate or advertising."
    )


def test_the_mechanism_of_selection_is_told_from_its_table(frames):
    assert words.kept_documents(frames) == ""
    shares = dict(zip(SELECTED, (0.997, 0.359, 0.48, 0.26), strict=True))
    frames["selection_kinds"] = pd.DataFrame(
        [("selection_soft", kind, share) for kind, share in shares.items()],
        columns=["arm", "documents", "share_kept"],
    )
    told = words.kept_documents(frames)
    assert "keeps over 99 % of the documents about subjects that the reference model" in told
    assert "and 36 % of those about others; of the latter 48 % of those with a wrong fact" in told
    frames["selection_kinds"] = frames["selection_kinds"].head(3)
    assert words.kept_documents(frames) == ""


def test_how_far_two_runs_must_lie_apart_is_told_in_both_measures():
    rows = [
        (kind, metric, 6, distance / 1.96, distance)
        for kind, distances in (("covered", (0.12, 0.06)), ("uncovered", (0.15, 0.05)))
        for metric, distance in zip(measures.MEASURES, distances, strict=True)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS["repeatability"])
    assert words.repeatability({"repeatability": table}).endswith(
        "must differ by more than 0.12 nats per token and 0.06 of accuracy on facts that the "
        "reference model knows, 0.15 nats per token and 0.05 of accuracy on facts that it does not "
        "know."
    )
    assert words.repeatability({}) == ""


GENERAL = {"arm": "base", "compared_to": "plain", "stratum": "general"}


def test_forgetting_is_seen_in_log_likelihood_first(frames):
    # base minus plain: what the base had more of was forgotten
    put(frames, 1.0, 1.9, **GENERAL, metric="log_likelihood")
    put(frames, -0.02, 0.12, **GENERAL, metric="accuracy")
    text = words.forgetting(frames)
    assert text.startswith("General knowledge is forgotten")
    assert "log-likelihood of the answer falls by 1.45 nats per token (−1.90 to −1.00)" in text
    assert "accuracy shows no clear change (−0.05, −0.12 to +0.02, detectable " in text
    assert text.index("log-likelihood") < text.index("accuracy")


def test_forgetting_is_not_shown_where_neither_measure_falls(frames):
    for metric in ("log_likelihood", "accuracy"):
        put(frames, -0.1, 0.1, **GENERAL, metric=metric)
    assert words.forgetting(frames).startswith("General knowledge is not shown to be forgotten")


def test_claims_are_counted_by_who_says_them(frames):
    claims = frames["claims"]
    text = words.verdicts(frames).lower()
    for status, told in words.SOURCES.items():
        count = claims["status_in_paper"].str.startswith(status).sum()
        assert f"of {count} claims {told}: " in text
    numbers = re.findall(r"(\d+) (?:supported|mixed|not|undecided|no room)", text)
    assert sum(map(int, numbers)) == len(claims)


def test_limits_count_seeds_p_values_and_untested_claims(frames):
    text = " ".join(limits.limits(frames, record()))
    assert "all 2 seeds on one side of zero in 50 % of cases" in text
    count = frames["differences"]["p_value"].notna().sum()
    assert f"The table of differences has {count} p-values" in text
    untested = (frames["claims"]["verdict"] == "not tested").sum()
    told = re.findall(r"(\d+) of \d+ claims", text.partition("Not tested in this profile")[2])
    assert sum(map(int, told)) == untested
    one = {**record(), "seeds": [0]}
    assert "One seed proves nothing" in " ".join(limits.limits({}, one))


def test_prose_is_told_by_bits_per_byte_alone():
    rows = [("plain", "music", 2.25, 2.15, 2.35)]
    table = pd.DataFrame(rows, columns=["arm", "stratum", "mean", "ci_low", "ci_high"])
    text = abstract({"bits_per_byte": table})
    assert "held-out music prose, lower is better" in text
    assert "plain continued pretraining 2.250 (2.150 to 2.350)" in text
    assert "subjects" not in " ".join(limits.limits({"bits_per_byte": table}, record()))


def test_paragraphs_name_the_tables_of_their_numbers(frames):
    for paragraph in words.paragraphs(frames, record()):
        assert paragraph.tables and set(paragraph.tables) <= set(frames)


# --- a run that ended early -----------------------------------------------------------------------


@pytest.mark.parametrize("recorded", ["what was run", "the whole list"])
def test_arms_that_were_not_run_are_named_among_the_limits(recorded):
    tables, run = ended_early()
    planned = load_profile("real").arms
    if recorded == "the whole list":
        run["settings"]["arms"] = list(planned)
    missing = [arm for arm in planned if arm not in RUN_EARLY]
    assert profiles.planned_arms(run) == list(planned)
    assert profiles.arms_not_run(run, tables) == missing
    told = limits.not_run(tables, run)
    assert told.startswith(f"{len(missing)} arms of the profile's list were not run: ")
    assert all(arm_title(arm) in told for arm in missing)
    assert told in limits.limits(tables, run)


def test_a_run_of_all_its_arms_says_nothing_of_the_kind():
    tables, run = ended_early()
    every = pd.DataFrame({"arm": profiles.planned_arms(run)})
    assert limits.not_run({"main_comparison": every}, run) == ""
    assert limits.not_run({}, run) == ""  # nothing was compared, as of real prose
    gone = {**run, "profile": "gone", "settings": {"arms": ["plain"]}}
    assert limits.not_run(tables, gone) == ""  # a profile that is no more


def test_sentences_of_a_run_that_ended_early_compare_what_is_there():
    tables, run = ended_early()
    told = " ".join(words.abstract(tables, run))
    assert f"{len(run['seeds'])} seeds" in told
    assert "election + soft dynamic (the paper's), against plain" in told
