"""The command: answers from a model or a file, graded, resumed, compared."""

import json

import pytest
import qa_model

from mucpt_utils.__main__ import main as project
from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa import ask, summary
from mucpt_utils.musicsimpleqa.__main__ import main
from mucpt_utils.musicsimpleqa.run import OtherSettingsError, Run


@pytest.fixture
def question_file(tmp_path):
    return qa_model.write_questions(tmp_path / "questions.jsonl")


def write_answers(path, responses):
    rows = ({"id": f"q:test:{i}", "response": text} for i, text in enumerate(responses))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_answers_made_elsewhere(tmp_path, question_file, capsys):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path = write_answers(tmp_path / "answers.jsonl", said)
    out = tmp_path / "out"
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
    assert main(command) == 0
    assert "0.600" in capsys.readouterr().out
    grades = [json.loads(line)["grade"] for line in (out / "answers.jsonl").open()]
    assert [grades.count(name) for name in ("correct", "incorrect", "not_attempted")] == [6, 2, 2]
    assert json.loads((out / "summary.json").read_text())["grades"]["correct"] == 6
    assert (out / "summary.csv").read_text().startswith("by,group,metric,value,ci_low,ci_high,n")

    assert main(["--compare", str(out / "answers.jsonl"), str(out / "answers.jsonl")]) == 0
    assert "+0.000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"id": "q:test:0", "response": "x"}\nnot json\n', "answers.jsonl, line 2: not JSON"),
        (
            '{"id": "q:test:0"}\n',
            "answers.jsonl, line 1: no response; needed are the texts id, response",
        ),
        ('{"id": "other", "response": "x"}\n', "no question has the id 'other'"),
        ('{"id": "q:test:0", "response": "x"}\n' * 2, "answered twice"),
        ('{"id": "q:test:0", "response": "x"}\n', "9 questions are not answered"),
    ],
)
def test_malformed_answers(tmp_path, question_file, capsys, text, message):
    path = tmp_path / "answers.jsonl"
    path.write_text(text)
    assert main(["--answers", str(path), "--questions", str(question_file)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "one of --model, --answers, --compare"),
        (["--base-url", "http://x"], 2, "one of --model"),
        (["--model", "m", "--limit", "0"], 2, "--limit is 0"),
        (["--model", "m", "--judge-url", "http://x"], 2, "go together"),
        (["--model", "/nowhere/at/all"], 3, "model '/nowhere/at/all' cannot be loaded"),
        (["--answers", "/nowhere.jsonl"], 2, "no such file"),
        (["--model", "m", "--questions", "train"], 2, "the splits are test, dev"),
        (["--model", "m", "--shots", "999"], 2, "999 examples wanted"),
    ],
)
def test_wrong_arguments_are_one_clear_line(tmp_path, capsys, arguments, code, message):
    assert main([*arguments, "--out", str(tmp_path)]) == code
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_compare_refuses_ungraded_answers(tmp_path, capsys):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1", "grade": "right"}\n')
    assert main(["--compare", str(path), str(path)]) == 2
    assert "'right' is none of correct" in capsys.readouterr().err


def test_an_interrupted_run_goes_on(tmp_path, question_file, monkeypatch, capsys):
    folder = qa_model.make_model(tmp_path / "model", steps=2)
    common = ["--model", str(folder), "--questions", str(question_file), "--shots", "0"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert main([*common, "--out", str(whole), "--quiet"]) == 0

    def killed(self, rows, add=Run.add):
        add(self, rows)
        if len(self.responses) >= 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Run, "add", killed)
        command = [*common, "--out", str(broken), "--batch-size", "2", "--quiet"]
        assert main(command) == 130
    progress = broken / "responses.jsonl"
    with progress.open("a") as stream:  # the next line was being written
        stream.write('{"id": "q:test:9", "resp')
    asked = []

    def count(*arguments, add=ask.answer_batches, **options):
        asked.extend(arguments[2])
        return add(*arguments, **options)

    monkeypatch.setattr(ask, "answer_batches", count)
    assert main(command) == 0
    assert len(asked) == 6
    assert (broken / "answers.jsonl").read_text() == (whole / "answers.jsonl").read_text()

    # answers under other settings are not mixed in
    capsys.readouterr()
    assert main([*command[:-1], "--quiet", "--shots", "1"]) == 2
    assert "other settings (shots)" in capsys.readouterr().err
    assert main([*command, "--shots", "1", "--restart"]) == 0


def test_responses_with_other_line_separators_survive_an_interruption(tmp_path):
    said = {"q:test:0": "a\u2028b", "q:test:1": "a\u0085b", "q:test:2": "a\x0bb\x1cc\rd"}
    first = Run(tmp_path, qa_model.questions(), {"model": "m"})
    first.open()
    first.add(said.items())
    for _ in range(2):
        again = Run(tmp_path, qa_model.questions(), {"model": "m"})
        again.open()
        assert again.responses == said
    assert [question["id"] for question in again.missing()][0] == "q:test:3"


def test_both_commands_grade_responses_with_other_line_separators(tmp_path, question_file):
    said = [f"{lesson[3]}\u2028" for lesson in qa_model.LESSONS]
    path = tmp_path / "answers.jsonl"
    rows = ({"id": f"q:test:{i}", "response": text} for i, text in enumerate(said))
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    arguments = ["--answers", str(path), "--questions", str(question_file), "--out"]
    assert main([*arguments, str(tmp_path / "one")]) == 0
    assert project(["musicsimpleqa", *arguments, str(tmp_path / "two")]) == 0
    one, two = ((tmp_path / name / "answers.jsonl").read_bytes() for name in ("one", "two"))
    assert one == two
    assert [answer["response"] for answer in read_jsonl(tmp_path / "one" / "answers.jsonl")] == said


# --- what is said of a run ------------------------------------------------------------------------


def test_a_summary_says_what_was_asked_how_and_of_whom(tmp_path, question_file):
    folder = qa_model.make_model(tmp_path / "model", steps=2)
    out = tmp_path / "out"
    command = ["--model", str(folder), "--questions", str(question_file), "--shots", "0"]
    assert main([*command, "--out", str(out), "--quiet"]) == 0
    written = json.loads((out / "summary.json").read_text())
    assert written["graded_with"].startswith("grader ") and "questions" in written["graded_with"]
    assert {"shots", "chat", "model", "max_new_tokens"} <= set(written["settings"])
    model = written["model"]
    assert model["dtype"] == "float32" and model["parameters"] > 1000 and model["seconds"] > 0
    assert len(model["weights_sha256"]) == 64


def test_answers_of_another_grader_are_not_compared(tmp_path, question_file, capsys, monkeypatch):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path, files = write_answers(tmp_path / "answers.jsonl", said), []
    for number in range(2):
        out = tmp_path / str(number)
        monkeypatch.setattr(summary, "grader_version", lambda number=number: f"v{number}")
        command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
        assert main(command) == 0
        files.append(str(out / "answers.jsonl"))
    capsys.readouterr()
    assert main(["--compare", *files]) == 2
    error = capsys.readouterr().err
    assert "grader v0" in error and "grader v1" in error and error.count("\n") == 1


def test_a_change_of_a_key_is_another_version_of_the_questions():
    questions = qa_model.questions()
    first = summary.questions_version(questions)
    assert first == summary.questions_version([{**q, "stratum": "x"} for q in questions])
    for name in ("answer", "question", "aliases"):
        changed = [{**questions[0], name: "other"}, *questions[1:]]
        assert summary.questions_version(changed) != first


def test_a_limit_takes_the_first_of_a_file_that_answers_all(tmp_path, question_file):
    path = write_answers(tmp_path / "answers.jsonl", [lesson[3] for lesson in qa_model.LESSONS])
    out = tmp_path / "out"
    command = ["--answers", str(path), "--questions", str(question_file), "--limit", "4"]
    assert main([*command, "--out", str(out)]) == 0
    assert len(read_jsonl(out / "answers.jsonl")) == 4


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_byte_order_mark_costs_no_answer(tmp_path, question_file, mark):
    path = write_answers(tmp_path / "answers.jsonl", [lesson[3] for lesson in qa_model.LESSONS])
    path.write_bytes(mark + path.read_bytes())
    out = tmp_path / "out"
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
    assert main(command) == 0 and len(read_jsonl(out / "answers.jsonl")) == 10


def test_folders_and_files_in_the_wrong_place_are_one_line(tmp_path, question_file, capsys):
    path = write_answers(tmp_path / "answers.jsonl", [lesson[3] for lesson in qa_model.LESSONS])
    model = str(qa_model.make_model(tmp_path / "model", steps=1))
    questions, empty = str(question_file), tmp_path / "empty.jsonl"
    empty.write_text("")
    graded = tmp_path / "graded.jsonl"
    graded.write_text('{"id": "1", "grade": "correct"}\n' * 2)
    wrong = [
        (["--answers", str(tmp_path), "--questions", questions], "is a folder; needed is"),
        (["--answers", str(path), "--questions", questions, "--out", str(path)], "--out needs a"),
        (["--model", model, "--questions", questions, "--out", str(path)], "--out needs a folder"),
        (["--compare", str(tmp_path), str(graded)], "is a folder; needed is its answers.jsonl"),
        (["--compare", str(graded), str(graded)], "answers '1' twice"),
        (["--compare", str(empty), str(empty)], "the first file holds no answers"),
        (["--answers", str(empty), "--questions", questions], "10 questions are not answered"),
    ]
    for arguments, message in wrong:
        assert main(arguments) == 2, arguments
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_a_line_damaged_in_the_middle_costs_that_line_alone(tmp_path):
    run = Run(tmp_path, qa_model.questions(), {"model": "m"})
    run.open()
    run.add((f"q:test:{i}", "x") for i in range(6))
    lines = run.progress.read_bytes().split(b"\n")
    lines[2] = b"\0" * 12
    lines[4] = b"[1]"
    run.progress.write_bytes(b"\n".join(lines))
    again = Run(tmp_path, qa_model.questions(), {"model": "m"})
    again.open()
    assert set(again.responses) == {f"q:test:{i}" for i in (0, 1, 3, 5)}


def test_answers_without_their_settings_are_not_gone_on_with(tmp_path):
    run = Run(tmp_path, qa_model.questions(), {"model": "m"})
    run.open()
    run.add([("q:test:0", "x")])
    (tmp_path / "settings.json").unlink()
    with pytest.raises(OtherSettingsError, match="--restart"):
        Run(tmp_path, qa_model.questions(), {"model": "m"}).open()
