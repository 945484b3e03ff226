"""Documents on disk, and the line of metadata before their text."""

import pytest

from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.text.documents import training_text

ROWS = [{"text": "Jóga\nand a new line", "id": "a"}, {"text": "東京 \u2028 🎵", "id": "b"}]


def test_rows_come_back_as_they_were(tmp_path):
    path = tmp_path / "new" / "rows.jsonl"
    write_jsonl(path, iter(ROWS))
    assert read_jsonl(path) == ROWS
    assert path.read_text(encoding="utf-8").count("\n") == 2
    assert "Jóga" in path.read_text(encoding="utf-8"), "readable, not escaped"
    assert [p.name for p in path.parent.iterdir()] == ["rows.jsonl"]


def test_a_kill_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, ROWS)

    def interrupted():
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_jsonl(path, interrupted())
    assert read_jsonl(path) == ROWS
    write_jsonl(path, ROWS[:1])
    assert read_jsonl(path) == ROWS[:1]


def test_a_broken_line_is_named_with_its_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1}\n{"id": 2\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2"):
        read_jsonl(path)


def test_metadata_stands_before_the_text():
    document = {
        "text": "Body.",
        "metadata": {"source": "forum", "title": "Jóga", "creator": "", "year": 1997},
    }
    shown = training_text(document, ("source", "title"))
    assert shown == "[forum | Jóga]\nBody."
    assert training_text(document, ()) == "Body."
    everything = training_text(document, ("source", "creator", "register", "year"))
    assert everything == "[forum | 1997]\nBody.", "absent fields are left out"
