"""Alignment: which tokens count, and the table of arms before and after."""

import numpy as np
import pandas as pd
import pytest

from mucpt_utils.analysis import tables
from mucpt_utils.scoring.tokens import tokenise, train_tokenizer
from mucpt_utils.training.alignment import answer_tokens

TEXTS = [
    "Question: Who wrote Aida?\nAnswer: Giuseppe Verdi\n",
    "Question: When?\nAnswer: 1871\nQuestion: Where was it?\nAnswer: Cairo\n",
    "No question at all.",
]


def test_answers_and_their_newlines_count_and_nothing_else():
    tokenizer = train_tokenizer(TEXTS * 3, 320)
    store = tokenise(tokenizer, TEXTS, ["a", "b", "c"])
    mask = answer_tokens(TEXTS, tokenizer)
    assert mask.shape == store.tokens.shape and set(mask) == {0.0, 1.0}
    learnt = [
        tokenizer.decode(store.document(i)[mask[a:b] == 1])
        for i, (a, b) in enumerate(zip(store.starts[:-1], store.starts[1:], strict=True))
    ]
    assert learnt == [" Giuseppe Verdi\n", " 1871\n Cairo\n", ""]


def test_no_text_has_no_tokens():
    assert answer_tokens([], None).size == 0


def run_of(arm, seed, grades):
    rows = [
        {
            "tokens": 10,
            "set": "questions",
            "question_id": f"q{i}",
            "subject": f"s{i}",
            "stratum": "popular",
            "grade": "correct" if good else "incorrect",
            "log_likelihood": -1.0 + good,
        }
        for i, good in enumerate(grades)
    ]
    return tables.Run(arm, seed, rows)


def test_the_table_pairs_questions_and_ranks_arms():
    before = [run_of("plain", s, [1, 0, 0, 0]) for s in (0, 1)]
    before += [run_of("rho1", s, [1, 1, 0, 0]) for s in (0, 1)]
    after = [run_of("plain", s, [1, 1, 1, 0]) for s in (0, 1)]
    after += [run_of("rho1", s, [1, 1, 0, 0]) for s in (0, 1)]
    table = tables.alignment(tables.items(before), tables.items(after))
    assert tuple(table.columns) == tables.COLUMNS["alignment"]
    rows = table[(table["stratum"] == "all") & (table["metric"] == "accuracy")].set_index("arm")
    assert rows["before"].to_dict() == {"plain": 0.25, "rho1": 0.5}
    assert rows["after"].to_dict() == {"plain": 0.75, "rho1": 0.5}
    assert rows.loc["plain", "difference"] == pytest.approx(0.5)
    assert rows.loc["rho1", "difference"] == 0
    assert rows["rank_before"].to_dict() == {"plain": 2, "rho1": 1}
    assert rows["rank_after"].to_dict() == {"plain": 1, "rho1": 2}
    assert isinstance(table, pd.DataFrame) and not np.isnan(table["ci_low"]).any()
