"""Answers as the notebooks show them, on made-up runs."""

import pandas as pd
import pytest
from results_made_up import GENERAL, SKILL, answers, questions

from mucpt_utils import paths
from mucpt_utils.analysis import benchmark
from mucpt_utils.analysis.comparisons import estimates
from mucpt_utils.analysis.frames import rows_where
from mucpt_utils.analysis.items import final_items, items
from mucpt_utils.analysis.runs import Run


@pytest.fixture(scope="module")
def asked():
    """40 music questions, four about each subject, in two categories; 20 general ones."""
    music = [
        {"set": "questions", "question_id": id_, "subject": f"s{i // 4}", "answer": f"key {i}"}
        | {"question": f"q{i}?", "category": "song" if i < 8 else "album", "stratum": "popular"}
        for i, id_ in enumerate(questions(0)[0])
    ]
    general = [
        {"set": "general", "question_id": f"g:{i}", "subject": f"g{i}", "answer": "key"}
        | {"question": f"g{i}?", "category": "country", "stratum": "popular"}
        for i in range(GENERAL)
    ]
    return pd.DataFrame(music + general)


@pytest.fixture(scope="module")
def final(asked):
    runs = [Run(arm, seed, answers(arm, seed)) for arm in SKILL for seed in (0, 1)]
    return benchmark.final_answers(runs, asked)


def test_final_answers_are_those_of_the_last_point(final):
    assert len(final) == len(SKILL) * 2 * 60
    assert set(final[final["arm"] == "plain"]["tokens"]) == {200}
    assert list(final["accuracy"]) == list((final["grade"] == "correct").astype(float))


def test_the_stratum_is_that_of_the_answer(final):
    assert set(final["stratum"]) == {"popular", "less_popular"}
    assert final["category"].notna().all()


def test_accuracy_by_stratum_agrees_with_the_main_comparison(final):
    table = rows_where(benchmark.by_stratum(final), metric="accuracy")
    assert list(dict.fromkeys(table["arm"])) == list(SKILL)
    means = table.set_index(["arm", "stratum"])
    assert means.loc[("plain", "all"), "mean"] == pytest.approx(0.5)
    assert means.loc[("base", "general"), "mean"] == pytest.approx(0.9)
    runs = [Run(arm, seed, answers(arm, seed)) for arm in SKILL for seed in (0, 1)]
    ours = estimates(final_items(items(runs)), ["arm"])
    theirs = rows_where(ours, metric="accuracy").set_index(["arm", "stratum"])
    shared = means.index.intersection(theirs.index)
    assert len(shared) == len(means)
    columns = ["mean", "ci_low", "ci_high", "seeds"]
    pd.testing.assert_frame_equal(means.loc[shared, columns], theirs.loc[shared, columns])


def test_questions_are_counted_once_whatever_the_seeds(final):
    table = benchmark.by_stratum(final)
    counts = table[table["arm"] == "plain"].groupby("stratum")["n"].first()
    assert counts["all"] == 40 and counts["general"] == 20
    assert counts["popular"] == counts["less_popular"] == 20


def test_answers_are_parted_by_what_the_reference_model_of_their_seed_knows(final):
    subjects = sorted(set(final[final["set"] == "questions"]["subject"]))
    knows = {0: set(subjects[:3]), 1: set(subjects[3:])}
    table = rows_where(benchmark.by_knowledge(final, knows), metric="accuracy", arm="rho1")
    music = final[(final["set"] == "questions") & (final["arm"] == "rho1")]
    known = [s in knows[seed] for s, seed in zip(music["subject"], music["seed"], strict=True)]
    means = table.set_index("stratum")["mean"]
    assert set(means.index) == {"covered", "uncovered"}
    assert means["covered"] == pytest.approx(music[known]["accuracy"].mean())


def test_categories_hold_music_questions_only(final):
    table = benchmark.by_category(final)
    assert set(table["category"]) == {"song", "album"}
    assert dict(table.groupby("category")["n"].first()) == {"song": 8, "album": 32}
    by_hand = final[(final["arm"] == "rho1") & (final["category"] == "song")]["accuracy"].mean()
    found = rows_where(table, arm="rho1", category="song", metric="accuracy")
    assert found["mean"].iloc[0] == pytest.approx(by_hand)


def test_side_by_side_has_a_question_a_row_and_an_arm_a_column(final):
    table = benchmark.side_by_side(final, seed=0, count=3)
    assert list(table.columns) == ["question", "answer", *SKILL]
    assert list(table["question"]) == ["q0?", "q4?", "q8?"]
    given = final[(final["seed"] == 0) & (final["arm"] == "plain")].set_index("question")
    marks = {"correct": "✓", "incorrect": "✗"}
    for row in table.itertuples():
        said = given.loc[row.question]
        assert row.plain == f"{marks[said['grade']]} {said['response']}"


def test_graded_cases_come_with_grade_and_reason():
    case = {"question": "Which group?", "answer": "Yes", "answer_type": "group"}
    table = benchmark.graded([{**case, "response": r} for r in ("yes.", "The Who", "")])
    assert list(table["grade"]) == ["correct", "incorrect", "not_attempted"]
    assert table["reason"].str.len().min() > 0


def test_the_questions_of_both_sets_are_told_apart():
    music, general = {"id": "m:0", "subject": "A"}, {"id": "g:0", "subject": "B"}
    table = benchmark.asked([music], [general])
    assert table[["set", "question_id"]].values.tolist() == [
        ["questions", "m:0"],
        ["general", "g:0"],
    ]


def test_a_question_is_put_to_each_model_and_graded(monkeypatch, tmp_path):
    said = {"plain": "The Beatles", "rho1": "Nirvana"}
    monkeypatch.setattr(benchmark.models, "load", lambda folder: folder.name)
    monkeypatch.setattr(benchmark.models, "load_tokenizer", lambda folder: None)

    def respond(model, tokenizer, questions, new_tokens):
        assert new_tokens == 8 and questions[0]["aliases"] == []
        return [{"response": said[model], "log_likelihood": -1.0}]

    monkeypatch.setattr(benchmark.evaluation, "respond", respond)
    question = {"question": "Who made Nevermind?", "answer": "Nirvana", "answer_type": "group"}
    folders = {arm: tmp_path / arm for arm in said}
    table = benchmark.ask_models(folders, tmp_path, question, new_tokens=8)
    assert list(table["arm"]) == ["plain", "rho1"]
    assert list(table["grade"]) == ["incorrect", "correct"]


def test_the_cards_held_out_figures_are_those_of_the_grader():
    """No rule may be mended against these cases; a better grader writes better figures."""
    table = benchmark.agreement_by_set(benchmark.labelled_cases()).set_index("group")
    card = (paths.DATA_CARDS / "musicsimpleqa/README.md").read_text(encoding="utf-8")
    for group in ("hard cases, held out", "real replies, held out"):
        row = table.loc[group]
        shares = (f"{value:.3f}".lstrip("0") for value in (row["agreement"], row["kappa"]))
        assert f"| {group} | {row['n']:.0f} | {' | '.join(shares)} |" in card


def test_a_reply_is_shown_with_what_it_commits_to():
    case = {"question": "In which city was Tosca first performed?", "answer": "Rome"}
    case |= {"answer_type": "place", "response": "It was Rome.", "grade": "correct"}
    row = benchmark.committed_answers([case]).iloc[0]
    assert (row["commits to"], row["grade"], row["readers"]) == ("Rome.", "correct", "correct")
