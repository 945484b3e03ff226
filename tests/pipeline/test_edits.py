import pytest
from datatrove.data import Document
from hypothesis import given
from hypothesis import strategies as st
from properties import PROPERTY

from mucpt_utils.pipeline.edits import LINE, Edit, apply_edits, difference, edited_text, line_edits


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


@pytest.mark.parametrize("piece", ["word ", "z", "音楽", "&", "A. "])
def test_a_change_in_a_long_line_is_found_where_it_is(piece):
    """400,000 characters: what takes the square of a length does not come back from here."""
    half = piece * (200_000 // len(piece))
    assert list(difference(f"{half}&amp;{half}", f"{half}&{half}")) == [
        Edit(len(half) + 1, len(half) + 5, "")
    ]


def test_many_changes_in_a_long_line_stay_local():
    one, other = "DvoÅ™Ã¡k &amp; " * 10_000, "Dvořák & " * 10_000
    edits = list(difference(one, other))
    assert edited_text(one, edits) == other
    assert max(edit.end - edit.start for edit in edits) < 10


# --- for all texts, edits and spans ---------------------------------------------------------------


@st.composite
def edited_documents(draw):
    """A text with spans of truth, and edits of it that do not overlap, in any order."""
    text = draw(st.text(min_size=1, max_size=60))
    offsets = st.integers(0, len(text))
    ends = sorted(draw(st.lists(offsets, max_size=8)))
    replacements = st.text(alphabet="xyz", max_size=4)
    edits = [Edit(a, b, draw(replacements)) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    spans = draw(st.lists(st.tuples(offsets, offsets).map(sorted), max_size=5))
    return text, draw(st.permutations(edits)), spans


@PROPERTY
@given(edited_documents())
def test_text_outside_of_edits_is_unchanged_and_in_order(case):
    text, edits, _ = case
    result = edited_text(text, edits)
    position, rest = 0, result
    for edit in sorted(edits):
        between = text[position : edit.start]
        assert rest.startswith(between + edit.replacement)
        rest, position = rest[len(between + edit.replacement) :], edit.end
    assert rest == text[position:]


@PROPERTY
@given(edited_documents())
def test_spans_keep_number_order_and_the_text_that_no_edit_touches(case):
    text, edits, spans = case
    doc = document(text, *spans)
    assert apply_edits(doc, edits) == len(edits)
    assert doc.text == edited_text(text, edits)
    moved = doc.metadata["truth"]["spans"]
    assert len(moved) == len(spans)
    for (start, end), after in zip(spans, moved, strict=True):
        assert 0 <= after["start"] <= after["end"] <= len(doc.text)
        if all(e.end < start or end < e.start for e in edits):
            assert doc.text[after["start"] : after["end"]] == text[start:end]
        if all(start <= e.start and e.end <= end for e in edits) and start < end:
            inside = [Edit(e.start - start, e.end - start, e.replacement) for e in edits]
            if all(start < e.start for e in edits):
                assert doc.text[after["start"] : after["end"]] == edited_text(
                    text[start:end], [e for e in inside if e.start < end - start]
                )


@PROPERTY
@given(st.text("ab", max_size=200), st.text("ab", max_size=200))
def test_a_difference_turns_one_text_into_the_other(one, other):
    assert edited_text(one, list(difference(one, other))) == other


@PROPERTY
@given(st.text(), st.sampled_from([str.upper, str.strip, str.casefold, lambda line: line + line]))
def test_line_edits_give_what_repairing_each_line_gives(text, repair):
    lines = LINE.findall(text)
    assert "".join(lines) == text
    assert edited_text(text, line_edits(text, repair)) == "".join(map(repair, lines))
