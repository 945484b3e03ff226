import pytest
from results_made_up import rows

from mucpt_utils.analysis.frames import TableError
from mucpt_utils.analysis.stage_quality import Outcome, measure, pipeline_quality


def test_a_share_outside_0_to_1_is_refused():
    with pytest.raises(TableError, match="recall outside 0 to 1 in row 0"):
        pipeline_quality(rows("pipeline_quality", [("clean", "spam", 0.5, 1.2, 3)]))


def document(key, text, spans=(), **truth):
    labels = {"in_domain": True, "duplicate_of": None, "doc_kind": "article", "spans": list(spans)}
    return {"id": key, "text": text, "metadata": {"truth": {**labels, **truth}}}


def span(kind, start, end, **more):
    return {"kind": kind, "start": start, "end": end, **more}


def by_kind(outcome):
    return {row["kind"]: row for row in measure(outcome)}


def test_copies_of_copies_are_one_group_of_which_one_may_stay():
    entered = {
        "a": document("a", "one"),
        "b": document("b", "one more", duplicate_of="a"),
        "c": document("c", "one more time", duplicate_of="b"),
        "d": document("d", "another"),
    }
    gone = {key: {"stage": "near_duplicates", "reason": "near duplicate"} for key in "abd"}
    kept = {"c": entered["c"]}
    row = by_kind(Outcome(entered, kept, gone))["near copy"]
    # two of a, b, c are too many, and both went; d was nobody's copy
    assert row["n"] == 2 and row["recall"] == 1.0
    assert row["precision"] == pytest.approx(2 / 3, abs=1e-4)
    good = by_kind(Outcome(entered, kept, gone))["good document kept"]
    assert good["recall"] == 0.5, "a stands in c, d is lost"


def test_a_tenth_of_a_stretch_may_be_left_and_confused_words_are_no_stretch():
    text = "x" * 20 + "y" * 20
    before = document("a", text, [span("spam", 0, 20), span("noise", 20, 40)])
    for left, recall in ((2, 1.0), (3, 0.0)):
        spans = [span("spam", 0, left), span("noise", left, left + 20)]
        after = document("a", "x" * left + "y" * 20, spans)
        rows_ = by_kind(Outcome({"a": before}, {"a": after}, {}))
        assert rows_["spam sentence"]["recall"] == recall
        assert "tracking code" not in rows_


def test_masked_data_counts_by_its_own_placeholder():
    before = document("a", "me@x.org", [span("pii", 0, 8, subkind="email")])
    for masked, precision in (("[EMAIL]", 1.0), ("[PHONE]", None)):
        after = document("a", masked, [span("pii", 0, 7, subkind="email")])
        row = by_kind(Outcome({"a": before}, {"a": after}, {}))["email"]
        assert row["recall"] == 1.0 and row["precision"] == precision
