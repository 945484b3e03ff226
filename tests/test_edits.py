import pytest
from datatrove.data import Document

from mucpt_utils.pipeline.edits import Edit, apply_edits, edited_text, line_edits


def document(text, *spans):
    truth = {"spans": [{"start": a, "end": b, "kind": "k"} for a, b in spans]}
    return Document(text=text, id="d", metadata={"truth": truth})


def texts_of(doc):
    return [doc.text[s["start"] : s["end"]] for s in doc.metadata["truth"]["spans"]]


def test_spans_before_behind_and_around_an_edit_keep_their_text():
    doc = document("one two three four", (0, 3), (4, 13), (14, 18))
    apply_edits(doc, [Edit(8, 8, "and a half ")])
    assert doc.text == "one two and a half three four"
    assert texts_of(doc) == ["one", "two and a half three", "four"]


def test_a_replaced_span_stands_on_its_replacement():
    doc = document("call 555-0100 now", (5, 13))
    apply_edits(doc, [Edit(5, 13, "[PHONE]")])
    assert texts_of(doc) == ["[PHONE]"]


def test_a_deleted_span_is_empty_but_still_there():
    doc = document("keep this drop this", (0, 9), (10, 19))
    apply_edits(doc, [Edit(9, 19, "")])
    assert texts_of(doc) == ["keep this", ""]


def test_a_span_half_inside_a_deletion_keeps_what_is_left():
    doc = document("abcdef", (0, 4), (3, 6))
    apply_edits(doc, [Edit(2, 5, "")])
    assert texts_of(doc) == ["ab", "f"]


def test_the_input_annotation_is_not_changed_in_place():
    doc = document("abc", (1, 2))
    before = doc.metadata["truth"]
    apply_edits(doc, [Edit(0, 1, "")])
    assert before["spans"][0]["start"] == 1


@pytest.mark.parametrize("edits", [[Edit(0, 3, ""), Edit(2, 4, "")], [Edit(3, 9, "")]])
def test_overlapping_and_outlying_edits_are_refused(edits):
    with pytest.raises(ValueError, match="overlaps another edit or lies outside"):
        edited_text("abcde", edits)


def test_line_edits_rebuild_the_repaired_text():
    text = "first line\nSecond\x85 Line\nthird"
    edits = line_edits(text, str.lower)
    assert edited_text(text, edits) == text.lower()
    assert all(e.start > 9 for e in edits), "lines that do not change have no edits"
