"""The command: answers from a model or a file, graded, resumed, compared."""

import json
import subprocess
import sys

import pytest
import qa_model

from mucpt_utils import paths
from mucpt_utils.__main__ import main as project
from mucpt_utils.io import read_jsonl
from mucpt_utils.musicsimpleqa import evaluation, summary
from mucpt_utils.musicsimpleqa.__main__ import main, parser
from mucpt_utils.musicsimpleqa.asking import ask
from mucpt_utils.musicsimpleqa.asking.client import FILTERED, EndpointError, Response
from mucpt_utils.musicsimpleqa.asking.run import OtherSettingsError, Run
from mucpt_utils.musicsimpleqa.questions import load_questions

COMMITTED = "musicsimpleqa/responses/gemma-3-270m-base-few-shot.json"


@pytest.fixture
def question_file(tmp_path):
    return qa_model.write_questions(tmp_path / "questions.jsonl")


def write_answers(path, responses):
    rows = ({"id": f"q:test:{i}", "response": text} for i, text in enumerate(responses))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_wrong_arguments_are_answered_before_anything_heavy_is_imported():
    code = "import sys; import mucpt_utils.musicsimpleqa.__main__; "
    code += "print(*{'torch', 'numpy', 'httpx', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


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


def test_answers_to_other_words_are_not_graded_as_answers_to_these(tmp_path, question_file, capsys):
    """Of a question that was asked again in its new words, only the answer to these counts."""
    path, out = tmp_path / "answers.jsonl", tmp_path / "out"
    rows = [
        {"id": q["id"], "question": q["question"], "response": q["answer"]}
        for q in qa_model.questions()
    ]
    earlier = {**rows[0], "question": "Whose is The Chronic?", "response": "Nas"}
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [earlier, *rows[1:]]))
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "1 questions are not answered (1 in other words only), 'q:test:0'" in error
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [earlier, *rows]))
    assert main(command) == 0
    assert json.loads((out / "summary.json").read_text())["grades"]["correct"] == 10


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
        (["--model", "m", "--shots", "999"], 2, "--shots is 999; allowed: 0 to 150"),
        (["--model", "m", "--shots", "-1"], 2, "--shots is -1; allowed: 0 to 150"),
        (["--model", "m", "--questions", "dev", "--shots", "150"], 2, "allowed: 0 to 149"),
        (["--answers", "a.jsonl", "--chat", "--shots", "0"], 2, "no use for --shots, --chat"),
        (["--answers", "a.jsonl", "--base-url", "http://x"], 2, "no use for --base-url"),
        (["--model", "m", "--base-url", "http://x", "--dtype", "float16"], 2, "use for --dtype"),
        (["--compare", "a", "b", "--limit", "3"], 2, "--compare has no use for --limit, --out"),
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


def test_another_grading_is_advised_only_where_it_helps(tmp_path, capsys):
    """Of other questions no grader makes the same; the versions differ too, as their questions."""
    files = []
    for name, version in (("test", "questions 1"), ("dev", "questions 2")):
        row = {"id": f"q:{name}", "grade": "correct", summary.GRADED_WITH: version}
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(f"{json.dumps(row)}\n")
    assert main(["--compare", *map(str, files)]) == 2
    error = capsys.readouterr().err
    assert "answer different questions" in error and "grade both" not in error


# --- examples -------------------------------------------------------------------------------------


def test_the_examples_of_the_committed_scores_stay():
    record = json.loads((paths.DATA_CARDS / COMMITTED).read_text(encoding="utf-8"))["settings"]
    examples = evaluation.examples_of(load_questions("test"), record["shots"])
    assert len({tuple(e["id"] for e in shown) for shown in examples.values()}) == 1
    options = parser().parse_args(["--model", record["model"], "--dtype", record["dtype"]])
    assert evaluation.settings_of(options, examples) == record


def test_a_question_of_dev_is_asked_after_the_others():
    dev = load_questions("dev")
    shown = evaluation.examples_of(dev, 5)
    usual = evaluation.examples_of(load_questions("test")[:1], 6).popitem()[1]
    for question in dev:
        rest = [example for example in usual if example["id"] != question["id"]]
        assert shown[question["id"]] == rest[:5]
    assert sum(examples != usual[:5] for examples in shown.values()) == 5


def test_a_question_in_the_words_of_an_example_is_not_asked_after_it():
    first = evaluation.examples_of(load_questions("test")[:1], 1).popitem()[1][0]
    own = {**first, "id": "own:1", "question": first["question"].upper()}
    (shown,) = evaluation.examples_of([own], 5).values()
    assert first not in shown and len(shown) == 5


def test_the_limit_on_questions_of_dev_can_be_lifted(tmp_path, monkeypatch):
    asked = []

    def complete(self, prompt, longest):
        asked.append(prompt)
        return Response(" Nas")

    monkeypatch.setattr(evaluation.Endpoint, "complete", complete)
    command = ["--base-url", "http://localhost:9/v1", "--model", "m", "--questions", "dev"]
    for limit in (10, 20):
        options = ["--limit", str(limit), "--out", str(tmp_path), "--quiet"]
        assert main([*command, *options]) == 0
        assert len(asked) == limit, "none is asked again"
    for prompt in asked:
        *examples, question = prompt.split("\n\n")
        assert len(examples) == 5
        assert not any(question.removesuffix("Answer:") in example for example in examples)


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
    assert "other settings (shots, examples_sha256)" in capsys.readouterr().err
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


def test_answers_are_compared_one_by_one_with_those_of_the_same_grader(tmp_path, capsys):
    """Files of parts that two versions graded may hold both versions, each at other questions."""
    files = [tmp_path / name for name in ("a.jsonl", "b.jsonl")]
    for first, path in enumerate(files):
        rows = [
            {"id": str(n), "grade": "correct", "graded_with": f"v{(n + first) % 2}"}
            for n in range(4)
        ]
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert main(["--compare", str(files[0]), str(files[0])]) == 0
    assert main(["--compare", *map(str, files)]) == 2
    assert "different versions (v0 and v1)" in capsys.readouterr().err


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
        (["--compare", str(tmp_path), str(graded)], "is a folder; name the answers.jsonl"),
        (["--compare", str(graded), str(graded)], "'1' is answered twice"),
        (["--compare", str(empty), str(empty)], "the first file holds no answers"),
        (["--answers", str(empty), "--questions", questions], "10 questions are not answered"),
    ]
    for arguments, message in wrong:
        assert main(arguments) == 2, arguments
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


# --- questions and answers of any make ------------------------------------------------------------


QUESTION = {"id": "a", "question": "Who?", "answer": "Nas", "answer_type": "person"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer_type": "animal"}, "question 2: answer_type is 'animal', none of person"),
        ({"aliases": "Nasir"}, "question 2: aliases are not a list of texts"),
        ({"aliases": [7]}, "question 2: aliases are not a list of texts"),
        ({"answer": " "}, "question 2: one of id, question, answer, answer_type, aliases is empty"),
        ({"subject": ["Nas"]}, "question 2: subject is not a text"),
        ({"question": "Who\ud800?"}, "question 2: a text holds half of a sign"),
        ({"id": "a"}, "question 2: the id 'a' is that of question 1"),
    ],
)
def test_questions_that_cannot_be_asked_are_named(tmp_path, capsys, change, message):
    path, answers = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    path.write_text("".join(f"{json.dumps(q)}\n" for q in (QUESTION, {**QUESTION, **change})))
    answers.write_text('{"id": "a", "response": "Nas"}\n')
    assert main(["--answers", str(answers), "--questions", str(path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize("option", ["--answers", "--questions"])
@pytest.mark.parametrize("path", ["/dev/full", "/dev/null"])
def test_a_device_is_no_file(tmp_path, question_file, capsys, option, path):
    other = {"--answers": str(write_answers(tmp_path / "a", [])), "--questions": str(question_file)}
    assert main([*(part for pair in (other | {option: path}).items() for part in pair)]) == 2
    assert "is not a regular file" in capsys.readouterr().err


def test_json_too_deep_to_read_is_one_line(tmp_path, question_file, capsys):
    path = tmp_path / "answers.jsonl"
    path.write_text("[" * 200_000)
    assert main(["--answers", str(path), "--questions", str(question_file)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_half_signs_and_zeros_are_kept_and_graded(tmp_path, question_file):
    said = [f"{lesson[3]} \ud800\0" for lesson in qa_model.LESSONS]
    path, out = write_answers(tmp_path / "answers.jsonl", said), tmp_path / "out"
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(out)]
    assert main(command) == 0
    assert [answer["response"] for answer in read_jsonl(out / "answers.jsonl")] == said
    (out / "answers.jsonl").read_text(encoding="utf-8")  # a file that any tool can read


def test_an_input_is_not_written_over(tmp_path, question_file, capsys):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path = write_answers(tmp_path / "answers.jsonl", said)
    before = path.read_bytes()
    command = ["--answers", str(path), "--questions", str(question_file), "--out", str(tmp_path)]
    assert main([*command, "--limit", "2"]) == 2
    assert "would be written over" in capsys.readouterr().err and path.read_bytes() == before


def outcome_in(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix in (".json", ".jsonl")}


def test_files_of_one_name_have_outcomes_of_their_own(tmp_path, question_file, monkeypatch, capsys):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    said = [lesson[3] for lesson in qa_model.LESSONS]
    for name in ("a", "b", "other/a"):
        (tmp_path / name).mkdir(parents=True)
        write_answers(tmp_path / name / "answers.jsonl", said)
    command = ["--questions", str(question_file), "--answers"]
    for name in ("a", "b"):
        assert main([*command, str(tmp_path / name / "answers.jsonl")]) == 0
    folders = {path.name for path in (tmp_path / "work/musicsimpleqa").iterdir()}
    assert folders == {"a--answers", "b--answers"}
    # the folders may have one name too
    assert main([*command, str(tmp_path / "other/a/answers.jsonl")]) == 2
    error = capsys.readouterr().err
    assert f"the outcome of {tmp_path}/a/answers.jsonl" in error and error.count("\n") == 1
    # the same file is graded again, however it is named
    monkeypatch.chdir(tmp_path / "b")
    assert main([*command, "../a/answers.jsonl"]) == 0


def test_an_outcome_of_other_answers_is_not_written_over(tmp_path, question_file, capsys):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path = write_answers(tmp_path / "answers.jsonl", said)
    model = ["--model", str(qa_model.make_model(tmp_path / "model", steps=1)), "--quiet"]
    model += ["--questions", str(question_file), "--shots", "0", "--limit", "2"]
    grading = ["--answers", str(path), "--questions", str(question_file), "--limit", "2"]
    asked, graded = tmp_path / "asked", tmp_path / "graded"
    assert main([*model, "--out", str(asked)]) == main([*grading, "--out", str(graded)]) == 0
    for command, folder in ((grading, asked), (model, graded), ([*model, "--restart"], graded)):
        before = outcome_in(folder)
        assert main([*command, "--out", str(folder)]) == 2
        assert "holds the outcome of" in capsys.readouterr().err and outcome_in(folder) == before
    # what a run has asked is graded again where it is, and the run goes on
    own = ["--answers", str(asked / "responses.jsonl"), *grading[2:], "--out", str(asked)]
    assert main(own) == 0 and main([*model, "--out", str(asked)]) == 0
    # a model's outcome without its responses is one nonetheless
    (asked / "responses.jsonl").unlink()
    assert main([*grading, "--out", str(asked)]) == 2


def test_why_a_server_says_nothing_is_counted(tmp_path, question_file, monkeypatch, capsys):
    """Also of a run that was interrupted, and of answers that are graded again."""
    replies = [Response("", FILTERED), Response("Nas", "length"), Response("", "length")]
    waiting = [*replies, EndpointError("gone"), *replies, *[Response("Nas", "stop")] * 4]

    def chat(self, messages, longest):
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    monkeypatch.setattr(evaluation.Endpoint, "chat", chat)
    out, again = tmp_path / "out", tmp_path / "again"
    command = ["--base-url", "http://localhost:9/v1", "--model", "m", "--chat", "--quiet"]
    command += ["--concurrency", "1", "--questions", str(question_file), "--out", str(out)]
    assert main(command) == 3 and main(command) == 0
    grading = ["--questions", str(question_file), "--out", str(again)]
    assert main(["--answers", str(out / "answers.jsonl"), *grading]) == 0
    told = capsys.readouterr().out
    assert told.count("4 of 10 responses are empty; why: content_filter 2, length 2") == 2
    assert "2 of 10 responses end in their thoughts" in told
    for folder in (out, again):
        found = json.loads((folder / "summary.json").read_text())
        assert found["empty"] == {FILTERED: 2, "length": 2} and found["ended_in_thought"] == 2
        answers = read_jsonl(folder / "answers.jsonl")
        assert [a["grade"] for a in answers if not a["response"]] == ["not_attempted"] * 4


def test_an_outcome_of_other_questions_is_not_written_over(
    tmp_path, question_file, monkeypatch, capsys
):
    monkeypatch.setenv("MUCPT_WORK", str(tmp_path / "work"))
    said = Response(" Nas")
    monkeypatch.setattr(evaluation.Endpoint, "complete", lambda *arguments: said)
    further = tmp_path / "paraphrases.jsonl"
    rows = [
        {**q, "id": f"{q['id']}#1", "question": f"Say: {q['question']}"}
        for q in qa_model.questions()
    ]
    further.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    model = ["--base-url", "http://localhost:9/v1", "--model", "a/m", "--quiet", "--questions"]
    assert main([*model, str(question_file)]) == main([*model, str(further)]) == 0
    folders = {path.name for path in (tmp_path / "work/musicsimpleqa").iterdir()}
    assert folders == {"a--m--questions", "a--m--paraphrases"}
    out = tmp_path / "work/musicsimpleqa/a--m--questions"
    before = outcome_in(out)
    assert main([*model, str(further), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "the outcome of other questions, such as 'q:test:0'" in error
    assert outcome_in(out) == before and error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--timeout", "nan"], "--timeout"),
        (["--timeout", "inf"], "--timeout"),
        (["--timeout", "1e300"], "--timeout is 1e+300; allowed: up to 86400"),
        (["--concurrency", "100000"], "allowed: 1 to 256"),
        (["--base-url", "localhost:8000/v1"], "--base-url is not an address"),
        (["--base-url", "http://[::1"], "--base-url is not an address"),
        (["--base-url", "http://x:99999/v1"], "--base-url is not an address"),
        (["--base-url", "http://x/v1?key=s3cret"], "a key belongs in an environment variable"),
        (["--device", "abacus"], "--device abacus cannot be used here"),
    ],
)
def test_settings_that_no_run_can_have(tmp_path, capsys, arguments, message):
    assert main(["--model", "m", *arguments, "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and "s3cret" not in error


def test_a_full_disk_and_a_reader_that_ended(tmp_path, question_file):
    said = [lesson[3] for lesson in qa_model.LESSONS]
    path = write_answers(tmp_path / "answers.jsonl", said)
    command = f"{sys.executable} -m mucpt_utils.musicsimpleqa --answers {path}"
    command += f" --questions {question_file} --out {tmp_path / 'out'}"
    ends = {"> /dev/full": (3, "standard output: no space left on device\n"), "| true": (0, "")}
    for end, (code, message) in ends.items():
        line = ["bash", "-c", f"set -o pipefail; {command} {end}"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == code and done.stderr.endswith(message), done.stderr
        assert done.stderr.count("\n") == bool(message)


# --- what an earlier run left ---------------------------------------------------------------------


def run_in(folder, questions=None, **settings):
    return Run(folder, questions or qa_model.questions(), {"model": "m", **settings})


def test_answers_cut_at_any_byte_are_gone_on_with(tmp_path):
    said = {f"q:test:{i}": f"é\u2028{i}" for i in range(3)}
    first = run_in(tmp_path)
    first.open()
    first.add(said.items())
    first.close()
    whole = first.progress.read_bytes()
    for cut in range(len(whole) + 1):
        first.progress.write_bytes(whole[:cut])
        again = run_in(tmp_path)
        again.open()
        assert again.responses.items() <= said.items()
        assert len(again.responses) >= whole[:cut].count(b"\n")
        again.add((name, text) for name, text in said.items() if name not in again.responses)
        again.close()
        assert first.progress.read_bytes().startswith(whole[:cut])
        last = run_in(tmp_path)
        last.open()
        assert last.responses == said
        last.close()


def test_more_questions_are_added_to_what_a_limit_has_asked(tmp_path):
    questions = qa_model.questions()
    few = run_in(tmp_path, questions[:2])
    few.open()
    few.add((q["id"], "x") for q in few.questions)
    few.close()
    every = run_in(tmp_path, questions)
    every.open()
    assert len(every.missing()) == len(questions) - 2
    every.close()
    reworded = [{**questions[0], "question": "Whose album is The Chronic?"}, *questions[1:]]
    again = run_in(tmp_path, reworded)
    again.open()  # what is asked in other words is asked again
    assert reworded[0] in again.missing() and reworded[1] not in again.missing()


def test_a_restart_puts_earlier_answers_aside(tmp_path):
    for number in range(3):
        run = run_in(tmp_path, shots=number)
        run.open(restart=True)
        run.add([("q:test:0", f"answer {number}")])
        run.close()
    kept = sorted(tmp_path.glob("responses*.jsonl"))
    assert [path.name for path in kept] == [
        *("responses-before-1.jsonl", "responses-before-2.jsonl", "responses.jsonl")
    ]
    assert "answer 0" in kept[0].read_text() and "answer 2" in kept[2].read_text()


@pytest.mark.parametrize("text", ["[1]", "{", ""])
def test_damaged_settings_are_said(tmp_path, text):
    run = run_in(tmp_path)
    run.open()
    run.add([("q:test:0", "x")])
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(ValueError, match="settings"):
        run_in(tmp_path).open()


def test_answers_of_another_model_are_not_gone_on_with(tmp_path):
    run = run_in(tmp_path)
    run.open()
    with run.timed({"weights_sha256": "1"}):
        run.add([("q:test:0", "x")])
    again = run_in(tmp_path)
    again.open()
    with pytest.raises(OtherSettingsError, match="another model"), again.timed({}):
        pass


@pytest.mark.parametrize("name", ["tokenizer_sha256", "config_sha256"])
def test_a_model_is_not_the_same_with_another_tokenizer(tmp_path, name):
    facts = {"weights_sha256": "1", name: "1"}
    run = run_in(tmp_path)
    run.open()
    with run.timed({"weights_sha256": "1"}):  # an earlier version, which did not note it
        run.add([("q:test:0", "x")])
    run.close()
    again = run_in(tmp_path)
    again.open()
    with again.timed(facts):  # goes on, and notes it
        pass
    with pytest.raises(OtherSettingsError, match=name), again.timed({**facts, name: "2"}):
        pass


def test_a_change_of_the_tokenizer_of_a_folder_is_noticed(tmp_path, question_file, capsys):
    folder = qa_model.make_model(tmp_path / "model", steps=1)
    common = ["--model", str(folder), "--questions", str(question_file), "--shots", "0"]
    command = [*common, "--out", str(tmp_path / "out"), "--quiet", "--limit"]
    assert main([*command, "1"]) == 0 and main([*command, "2"]) == 0
    ends, whole = folder / "generation_config.json", folder / "tokenizer.json"
    before = ends.read_text()
    ends.write_text(json.dumps({**json.loads(before), "eos_token_id": [0, 5]}))
    assert main([*command, "3"]) == 2 and "(config_sha256)" in capsys.readouterr().err
    ends.write_text(before)
    tokenizer = json.loads(whole.read_text())
    tokenizer["model"]["merges"] = []
    whole.write_text(json.dumps(tokenizer))
    assert main([*command, "3"]) == 2 and "(tokenizer_sha256)" in capsys.readouterr().err


def test_a_finished_run_is_not_the_outcome_of_weights_trained_further(
    tmp_path, question_file, capsys
):
    folder = qa_model.make_model(tmp_path / "model", steps=1)
    common = ["--model", str(folder), "--questions", str(question_file), "--shots", "0"]
    command = [*common, "--out", str(tmp_path / "out"), "--quiet", "--limit", "2"]
    assert main(command) == main(command) == 0
    qa_model.make_model(folder, steps=2)
    before = outcome_in(tmp_path / "out")
    assert main(command) == 2 and "(weights_sha256)" in capsys.readouterr().err
    assert outcome_in(tmp_path / "out") == before
    (folder / "model.safetensors").unlink()  # what is gone cannot have changed
    assert main(command) == 0


def test_a_killed_run_has_noted_its_model(tmp_path):
    run = run_in(tmp_path)
    run.open()
    with run.timed({"weights_sha256": "1"}):
        run.add([("q:test:0", "x")])
        noted = run.model  # all that is left if nothing further is written
    assert noted["weights_sha256"] == "1" and noted["seconds"] == 0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"max_new_tokens": None}, {"max_new_tokens": 32}),
        ({"max_new_tokens": 32}, {"max_new_tokens": None}),
        ({"chat": True, "max_new_tokens": 256}, {"chat": True, "max_new_tokens": None}),
        ({"model": "models/m"}, {"model": "models/m/"}),
        ({"base_url": "http://x/v1/"}, {"base_url": "http://x/v1"}),
    ],
)
def test_settings_that_ask_in_the_same_way_are_the_same(tmp_path, before, now):
    run = run_in(tmp_path, **before)
    run.open()
    run.add([("q:test:0", "x")])
    run.close()
    again = run_in(tmp_path, **now)
    again.open()
    assert again.responses
    again.close()
    for other in ({"max_new_tokens": 33}, {"model": "n"}, {"base_url": "http://y/v1"}):
        with pytest.raises(OtherSettingsError, match=next(iter(other))):
            Run(tmp_path, qa_model.questions(), {"model": "m", **now, **other}).open()


def test_two_processes_do_not_share_a_folder(tmp_path):
    run = run_in(tmp_path)
    run.open()
    code = (
        "import sys, pathlib; from mucpt_utils.musicsimpleqa.asking.run import Run\n"
        "try: Run(pathlib.Path(sys.argv[1]), [], {}).open()\n"
        "except Exception as error: print(error)"
    )
    other = [sys.executable, "-c", code, str(tmp_path)]
    assert "another process evaluates" in subprocess.check_output(other, text=True)
    run.close()
    assert "another process" not in subprocess.check_output(other, text=True)


def test_a_password_in_an_address_is_kept_nowhere(tmp_path, question_file, capsys):
    out = tmp_path / "out"
    command = ["--base-url", "http://ann:s3cret@localhost:9/v1", "--model", "m", "--retries", "0"]
    assert main([*command, "--questions", str(question_file), "--out", str(out), "--quiet"]) == 3
    assert "s3cret" not in capsys.readouterr().err
    assert not any(b"s3cret" in path.read_bytes() for path in out.iterdir())


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
