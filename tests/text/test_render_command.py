"""The command `render`: the corpus asked for, the same each time; its exit codes."""

import pytest

from mucpt_utils.errors import OK, OUTSIDE
from mucpt_utils.io import read_jsonl
from mucpt_utils.text.crawl.command import main


def test_the_corpus_is_about_as_large_as_asked_and_the_same_for_a_seed(tmp_path, capsys):
    for name, seed in (("one", "3"), ("two", "3"), ("three", "4")):
        assert main(["--out", str(tmp_path / name), "--documents", "200", "--seed", seed]) == OK
    paths = [tmp_path / name / "documents.jsonl" for name in ("one", "two", "three")]
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()
    rows = read_jsonl(paths[0])
    assert 190 <= len(rows) <= 210
    assert f"{paths[0]}: {len(rows)} documents" in capsys.readouterr().out
    assert {row["metadata"]["lane"] for row in rows} == {"rendered"}


def test_a_folder_that_cannot_be_made_gives_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["--out", str(tmp_path / "file" / "corpus"), "--documents", "20"]) == OUTSIDE
    assert capsys.readouterr().err.startswith("render: ")


@pytest.mark.parametrize("number", ["0", "-3", "1.5", "many", ""])
def test_a_number_of_documents_that_is_none_is_refused(tmp_path, capsys, number):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "corpus"), f"--documents={number}"])
    assert f"{number!r} is no whole number from 1 on" in capsys.readouterr().err
    assert not (tmp_path / "corpus").exists()


def test_a_missing_argument_is_refused():
    with pytest.raises(SystemExit) as exit:
        main([])
    assert exit.value.code == 2
