"""The command that looks for benchmark questions in a corpus."""

import csv
import gzip
import json
import os
import subprocess
import sys

import datasets
import pytest

from mucpt_utils.knowledge.facts import CANARY
from mucpt_utils.musicsimpleqa import contamination, contamination_command, corpus_texts
from mucpt_utils.musicsimpleqa.corpus_texts import CHUNK, marked_files
from mucpt_utils.musicsimpleqa.questions import load_questions
from mucpt_utils.pipeline.questions.canaries import Canaries, mark_of

QUESTIONS = load_questions("test")
QUESTION = next(q for q in QUESTIONS if "song.year" in q["id"])
ASKS = f"Pub quiz. {QUESTION['question']} {QUESTION['answer']}. Next round after the break."
TELLS = f"{QUESTION['answer']} has to do with {QUESTION['subject']}, as everybody knows."


def rows_of(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "quiz.txt").write_text(ASKS, encoding="utf-8")
    (folder / "prose.txt").write_text(TELLS, encoding="utf-8")
    with gzip.open(folder / "more.jsonl.gz", "wt") as file:
        file.write(json.dumps({"id": "d1", "text": QUESTION["question"]}) + "\n{broken\n")
    return folder


@pytest.fixture
def few(tmp_path):
    """A file of one question, which is sooner indexed than all."""
    path = tmp_path / "few.jsonl"
    path.write_text(json.dumps(QUESTION) + "\n")
    return path


def test_finds_what_is_asked_and_where(corpus, tmp_path, capsys):
    out = tmp_path / "found.csv"
    assert contamination_command.main([str(corpus), "--out", str(out), "--quiet"]) == 1
    rows = rows_of(out)
    assert {row["question_id"] for row in rows} == {QUESTION["id"]}
    by_answer = {row["answered"]: row for row in rows}
    assert set(by_answer) == {"True", "False"}
    assert "quiz.txt" in by_answer["True"]["file"] + by_answer["True"]["document"]
    assert by_answer["False"]["document"] == "d1"
    told = capsys.readouterr().err
    assert "3 documents read, 2 of them ask a question" in told
    assert f"1 of {len(QUESTIONS)} questions are asked, 1 of these answered too" in told
    assert "not read: more.jsonl.gz:2" in told


def test_a_clean_corpus_gives_an_empty_table(tmp_path, capsys):
    folder = tmp_path / "clean"
    folder.mkdir()
    (folder / "prose.txt").write_text(TELLS, encoding="utf-8")
    assert contamination_command.main([str(folder), "--quiet"]) == 0
    assert capsys.readouterr().out.splitlines() == [",".join(contamination.AskedQuestion._fields)]


def test_reads_a_dataset_by_streaming(tmp_path, capsys):
    (tmp_path / "set").mkdir()
    rows = datasets.Dataset.from_list([{"text": ASKS}, {"text": TELLS}])
    rows.to_parquet(tmp_path / "set" / "train.parquet")
    assert contamination_command.main([f"hub:{tmp_path / 'set'}:train", "--quiet"]) == 1
    assert QUESTION["id"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/at/all"], "/nowhere/at/all"),
        (["hub:"], "name is missing"),
        ([".", "--questions", "train"], "the splits are test, dev"),
    ],
)
def test_wrong_arguments_say_so(arguments, message, capsys):
    assert contamination_command.main([*arguments, "--quiet"]) == 2
    assert message in capsys.readouterr().err


def test_the_table_goes_where_it_can(tmp_path, capsys):
    folder = tmp_path / "clean"
    folder.mkdir()
    (folder / "prose.txt").write_text(TELLS, encoding="utf-8")
    out = tmp_path / "made" / "on the way" / "table.csv"
    assert contamination_command.main([str(folder), "--out", str(out), "--quiet"]) == 0
    assert rows_of(out) == []
    capsys.readouterr()
    for path, code, message in ((tmp_path, 2, "is a directory"), ("/dev/full", 3, "no space left")):
        assert contamination_command.main([str(folder), "--out", str(path), "--quiet"]) == code
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_an_earlier_table_stays_until_the_search_is_done(corpus, few, tmp_path, capsys):
    out = tmp_path / "table.csv"
    out.write_text("of an earlier search")
    options = ["--questions", str(few), "--out", str(out), "--quiet"]
    assert contamination_command.main(["/nowhere/at/all", *options]) == 2
    assert out.read_text() == "of an earlier search"
    assert [path.name for path in tmp_path.glob("table*")] == [out.name]
    assert contamination_command.main([str(corpus), *options]) == 1
    assert len(rows_of(out)) == 2


def test_the_table_does_not_stand_in_what_is_searched(corpus, few, capsys):
    before = few.read_text()
    for out in (corpus / "table.csv", corpus / "quiz.txt", few):
        command = [str(corpus), "--questions", str(few), "--out", str(out), "--quiet"]
        assert contamination_command.main(command) == 2
        error = capsys.readouterr().err
        assert "give another --out" in error and error.count("\n") == 1
    assert few.read_text() == before and (corpus / "quiz.txt").read_text() == ASKS
    assert not (corpus / "table.csv").exists()


def test_what_is_no_file_and_what_is_left_out_is_named(corpus, few, capsys):
    os.mkfifo(corpus / "pipe.jsonl")  # reading it would never end
    (corpus / ".hidden.txt").write_text(ASKS)
    assert contamination_command.main([str(corpus), "--questions", str(few), "--quiet"]) == 1
    told = capsys.readouterr().err
    assert "not read: pipe.jsonl: a pipe, not a file" in told
    assert "not read: .hidden.txt: hidden" in told


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_that_a_terminal_cannot_show_end_no_search(tmp_path, few, encoding):
    (tmp_path / "c").mkdir()
    row = {"id": "one\rtwo \ud83d", "question": QUESTION["question"]}
    (tmp_path / "c" / os.fsdecode(b"\xff.jsonl")).write_text(json.dumps(row))
    command = [sys.executable, "-m", "mucpt_utils", "contamination", str(tmp_path / "c")]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command += ["--questions", str(few), "--quiet"]
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 1
    (found,) = csv.DictReader(done.stdout.decode(encoding).splitlines())
    assert (found["document"], found["file"]) == ("one\\rtwo \\ud83d", "\\xff.jsonl")


@pytest.mark.parametrize(
    "beside", [{"score": 0.5}, {"hits": 1234}, {"answers": ["1"]}, {"answer": "Wrong Name"}]
)
def test_a_question_in_its_own_words_is_asked_whatever_stands_behind_it(
    tmp_path, few, capsys, beside
):
    corpus = tmp_path / "a.jsonl"
    corpus.write_text(json.dumps({"question": QUESTION["question"], **beside}))
    assert contamination_command.main([str(corpus), "--questions", str(few), "--quiet"]) == 1
    (found,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (found["question_id"], found["answered"]) == (QUESTION["id"], "False")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_are_read_in_any_encoding(tmp_path, encoding, end):
    rows = [{"n": n, "q": q["question"], "ć": "čě"} for n, q in enumerate(QUESTIONS[:5])]
    text = end.join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "a.jsonl").write_bytes(text.encode(encoding))
    texts = list(corpus_texts.corpus_texts(str(tmp_path / "a.jsonl"), tmp_path / "cache"))
    assert [text.content for text in texts] == [
        f"n: {row['n']}\nq: {row['q']}\nć: čě" for row in rows
    ]


@pytest.mark.parametrize("odd", ["NaN", '"\\ud83d"'])
def test_json_as_python_writes_it_is_read(tmp_path, odd):
    (tmp_path / "a.jsonl").write_text(f'{{"q": "who?", "odd": {odd}}}\nno json\n')
    row, broken = corpus_texts.corpus_texts(str(tmp_path / "a.jsonl"), tmp_path / "cache")
    assert row.content.startswith("q: who?") and broken.reason.startswith("not JSON")


def test_a_table_without_names_of_columns_has_a_first_row(tmp_path):
    rows = [[str(n), q["question"], str(q["answer"])] for n, q in enumerate(QUESTIONS[:3])]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    texts = list(corpus_texts.corpus_texts(str(tmp_path / "a.csv"), tmp_path / "cache"))
    assert len(texts) == len(rows)
    assert all(cell in text.content for text, row in zip(texts, rows, strict=True) for cell in row)


@pytest.mark.parametrize("spelt", [str.upper, lambda mark: mark.replace("-", "\u2011")])
@pytest.mark.parametrize("before", [0, CHUNK - 20, CHUNK - 3])
def test_a_canary_in_a_file_that_is_not_read_is_found_however_it_is_spelt(tmp_path, spelt, before):
    mark = mark_of(CANARY)
    (tmp_path / ".hidden.bin").write_bytes(b"\xff" * before + spelt(mark).encode() + b"\0" * 9)
    (tmp_path / "other.bin").write_bytes(b"\xff" * before + spelt(mark[:-1]).encode())
    assert marked_files(tmp_path, Canaries([CANARY])) == [".hidden.bin"]
