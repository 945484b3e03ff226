import csv

import pytest

from mucpt_utils.pipeline.accounting import (
    AccountingError,
    Tally,
    check_accounting,
    merge_rows,
    write_rows,
)


def row(stage, reason, documents, tokens, source="a"):
    return {
        "stage": stage,
        "source": source,
        "reason": reason,
        "documents": documents,
        "tokens": tokens,
    }


GOOD = [
    row("read", "kept", 3, 30),
    row("read", "quarantined: not JSON", 1, 0),
    row("clean", "kept", 2, 15),
    row("clean", "spam", 1, 10),
    row("clean", "removed inside documents", 0, 5),
]


def test_accounts_that_add_up_pass():
    check_accounting(GOOD)


@pytest.mark.parametrize(
    ("position", "field", "message"),
    [
        (3, "documents", "clean, source 'a': 3 documents in, 4 accounted for"),
        (4, "tokens", "clean, source 'a': 30 words in, 31 accounted for"),
    ],
)
def test_a_lost_document_or_word_is_named(position, field, message):
    rows = [dict(r) for r in GOOD]
    rows[position][field] += 1
    with pytest.raises(AccountingError, match=message):
        check_accounting(rows)


def test_a_source_that_vanishes_is_noticed():
    with pytest.raises(AccountingError, match="source 'b'"):
        check_accounting([*GOOD, row("read", "kept", 1, 4, source="b")])


def test_tally_accounts_for_words_removed_inside_documents():
    tally = Tally()
    for words in (10, 20):
        tally.enter("a", words)
    tally.leave("a", "kept", 8)
    tally.leave("a", "spam", 20)
    rows = tally.rows("clean")
    assert {r["reason"]: (r["documents"], r["tokens"]) for r in rows} == {
        "kept": (1, 8),
        "removed inside documents": (0, 2),
        "spam": (1, 20),
    }


def test_merged_rows_add_up_and_keep_the_order_of_stages(tmp_path):
    rows = merge_rows([row("read", "kept", 1, 5), row("clean", "kept", 1, 5)] * 2)
    assert rows == [row("read", "kept", 2, 10), row("clean", "kept", 2, 10)]
    write_rows(rows, tmp_path / "funnel.csv")
    with (tmp_path / "funnel.csv").open() as file:
        assert next(csv.DictReader(file)) == {
            "stage": "read",
            "source": "a",
            "reason": "kept",
            "documents": "2",
            "tokens": "10",
        }
