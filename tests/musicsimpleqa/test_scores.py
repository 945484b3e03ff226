"""The table of scores: rows from kept responses, added by one command, checked against them."""

import csv
import json
import shlex

import pytest
import qa_model

from mucpt_utils import paths
from mucpt_utils.errors import FOUND, OK, WRONG_INPUT
from mucpt_utils.musicsimpleqa import scores
from mucpt_utils.musicsimpleqa.__main__ import main as tool
from mucpt_utils.musicsimpleqa.__main__ import parser


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A card of ten questions in two parts, and no responses yet."""
    questions = [
        {**question, "part": "core" if number < 6 else "tail", "relation": "r"}
        for number, question in enumerate(qa_model.questions())
    ]
    further = [
        {**question, "id": f"{question['id']}#{number}", "question": f"Say: {question['question']}"}
        for question in questions[:6]
        for number in (1, 2)
    ]
    splits = {"test": questions, scores.PARAPHRASES: further}
    monkeypatch.setattr(scores, "load_questions", splits.__getitem__)
    monkeypatch.setattr(scores, "CARD", tmp_path / "card")
    defaults = (tmp_path / "card",)
    for name in ("entries", "score_rows", "wording_rows", "outputs"):
        monkeypatch.setattr(getattr(scores, name), "__defaults__", defaults)
    monkeypatch.setattr(scores.add, "__defaults__", defaults)
    (tmp_path / "card").mkdir()
    for name, rows in {"questions": questions, "paraphrases": further}.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return tmp_path / "card"


@pytest.fixture
def asked(card, tmp_path):
    """A function that asks a tiny model a file of questions: a finished evaluation's folder."""
    model = qa_model.make_model(tmp_path / "model", steps=2)

    def ask(name, shots="0"):
        out = tmp_path / f"{name}-{shots}"
        command = ["--model", str(model), "--questions", str(tmp_path / f"{name}.jsonl")]
        assert tool([*command, "--shots", shots, "--quiet", "--out", str(out)]) == OK
        return out

    return ask


@pytest.fixture
def evaluation(asked):
    """A finished evaluation of a tiny model, as the tool leaves it."""
    return asked("questions")


def rows(card):
    with (card / "scores.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_one_command_adds_a_model_beside_the_guessers(card, evaluation, capsys):
    assert scores.main(["add", str(evaluation), "--name", "Tiny, 0-shot"]) == OK
    table = rows(card)
    assert {row["part"] for row in table} == {"all", "core", "tail"}
    assert len(table) == 3 * (2 + 1)
    mine = {row["part"]: row for row in table if row["model"] == "Tiny, 0-shot"}
    grades = json.loads((evaluation / "summary.json").read_text())["grades"]
    assert float(mine["all"]["accuracy"]) == pytest.approx(grades["correct"] / 10)
    assert (mine["all"]["n"], mine["core"]["n"], mine["tail"]["n"]) == ("10", "6", "4")
    assert mine["all"]["asked"] == "0-shot" and "--shots 0" in mine["all"]["command"]
    assert len(mine["all"]["weights_sha256"]) == len(mine["all"]["responses_sha256"]) == 64
    assert "| Tiny, 0-shot | 0-shot |" in (card / "SCORES.md").read_text()
    assert scores.main(["check"]) == OK


def test_the_same_responses_are_the_same_bytes(card, evaluation):
    path = scores.add(evaluation, "Tiny")
    first = path.read_bytes()
    assert scores.add(evaluation, "Tiny") == path and path.read_bytes() == first


def test_paraphrases_say_how_much_of_a_score_is_the_wording(card, asked, evaluation, capsys):
    paraphrases = asked("paraphrases")
    refused = ["add", str(paraphrases), "--name", "Tiny"]
    assert scores.main(refused) == WRONG_INPUT
    assert "no row is called 'Tiny'" in capsys.readouterr().err
    assert scores.main(["add", str(evaluation), "--name", "Tiny"]) == OK
    assert scores.main(refused) == OK and scores.main(["check"]) == OK
    assert len(rows(card)) == 3 * (2 + 1), "no row of its own"
    with (card / "wording.csv").open(encoding="utf-8") as file:
        told = {row["measure"]: row for row in csv.DictReader(file)}
    assert {row["n"] for row in told.values()} == {"6"}
    core = next(row for row in rows(card) if (row["model"], row["part"]) == ("Tiny", "core"))
    assert float(told["accuracy, as it is"]["value"]) == pytest.approx(float(core["accuracy"]))
    assert float(told["right in every wording"]["value"]) <= float(core["accuracy"])
    assert "| Tiny |" in (card / "SCORES.md").read_text().partition("the wording")[2]


def test_paraphrases_asked_in_another_way_are_refused(card, asked, evaluation, capsys):
    scores.main(["add", str(evaluation), "--name", "Tiny"])
    assert scores.main(["add", str(asked("paraphrases", "1")), "--name", "Tiny"]) == WRONG_INPUT
    assert "(asked 0-shot, here 1-shot)" in capsys.readouterr().err


def test_a_table_that_the_responses_do_not_give_is_found(card, evaluation, capsys):
    scores.main(["add", str(evaluation), "--name", "Tiny"])
    text = (card / "scores.csv").read_text()
    (card / "scores.csv").write_text(text.replace(",10,0.", ",10,1."))
    assert scores.main(["check"]) == FOUND
    assert "scores.csv: not what the responses give" in capsys.readouterr().out
    assert scores.main(["build"]) == OK and (card / "scores.csv").read_text() == text


def change_answers(folder, change):
    path = folder / "answers.jsonl"
    answers = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in change(answers)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda answers: answers[:-2], "2 of 10 test questions are not answered"),
        (lambda answers: [*answers, answers[3]], "'q:test:3' is answered twice"),
        (lambda answers: [{**a, "question": "Other?"} for a in answers], "asked in other words"),
    ],
)
def test_answers_to_other_questions_are_refused(card, evaluation, capsys, change, message):
    change_answers(evaluation, change)
    assert scores.main(["add", str(evaluation), "--name", "Tiny"]) == WRONG_INPUT
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (card / "responses").exists()


def test_answers_to_questions_of_ones_own_have_no_row(card, evaluation):
    expected = scores.add(evaluation, "Tiny").read_bytes()
    own = {"id": "q:own", "question": "Mine?", "response": "x", "grade": "incorrect"}
    change_answers(evaluation, lambda answers: [own, *answers])
    assert scores.add(evaluation, "Tiny").read_bytes() == expected
    assert scores.main(["build"]) == OK
    assert {row["asked"] for row in rows(card)} == {"not asked", "0-shot"}


def test_a_folder_without_an_evaluation_is_refused(card, tmp_path, capsys):
    assert scores.main(["add", str(tmp_path), "--name", "Tiny"]) == WRONG_INPUT
    assert "holds no finished evaluation" in capsys.readouterr().err


def test_answers_made_elsewhere_have_no_row(card, tmp_path, capsys):
    path, out = tmp_path / "said.jsonl", tmp_path / "elsewhere"
    said = ({"id": q["id"], "response": "x"} for q in qa_model.questions())
    path.write_text("".join(f"{json.dumps(row)}\n" for row in said))
    command = ["--answers", str(path), "--questions", str(tmp_path / "questions.jsonl")]
    assert tool([*command, "--out", str(out)]) == OK
    assert scores.main(["add", str(out), "--name", "Tiny"]) == WRONG_INPUT
    assert "how the model was asked is not known" in capsys.readouterr().err
    (out / "summary.json").write_text("[]")
    assert scores.main(["add", str(out), "--name", "Tiny"]) == WRONG_INPUT
    assert "is not the summary of an evaluation" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["日本", "a | b", "a\nb", "x" * 200, "?"])
def test_a_name_is_one_line_of_a_table(card, evaluation, capsys, name):
    assert scores.main(["add", str(evaluation), "--name", name]) == WRONG_INPUT
    error = capsys.readouterr().err
    assert "cannot be a row's" in error and error.count("\n") == 1


def test_a_row_is_not_written_over_by_another_model(card, asked, evaluation, capsys):
    assert scores.main(["add", str(evaluation), "--name", "Tiny"]) == OK
    other = asked("questions", "1")
    assert scores.main(["add", str(other), "--name", "Tiny"]) == WRONG_INPUT
    assert "was asked in another way (asked 0-shot, here 1-shot)" in capsys.readouterr().err
    assert scores.main(["add", str(other), "--name", "tiny!"]) == WRONG_INPUT
    assert "too similar to that of 'Tiny'" in capsys.readouterr().err


def test_the_command_of_a_row_can_be_run_as_it_is():
    settings = {"model": "my models/a$b", "shots": 0, "chat": True, "base_url": "http://x/v1"}
    settings |= {"max_new_tokens": None, "dtype": None}
    program, *words = scores.command_of(settings).partition("musicsimpleqa ")[::2]
    options = parser().parse_args(shlex.split(words[0]))
    assert program == "python -m mucpt_utils "
    assert {name: getattr(options, name) for name in settings} == settings


@pytest.mark.parametrize("check", [scores.check_name_is_free, scores.check_same_model])
@pytest.mark.parametrize(
    "other", [{"model": "n"}, {"base_url": "http://y/v1"}, {"base_url": None, "model": "a/m"}]
)
def test_models_whose_weights_are_not_known_are_told_apart(tmp_path, other, check):
    """Behind an endpoint, or of the Hub."""
    settings = {"model": "m", "base_url": "http://x/v1", "shots": 5, "chat": True}
    row = {"name": "M", "settings": settings, "model": {"seconds": 1.0}}
    (tmp_path / "m.json").write_text(json.dumps(row))
    check(tmp_path / "m.json", {**row, "model": {"seconds": 2.0}})
    with pytest.raises(scores.ScoresError, match="another model's"):
        check(tmp_path / "m.json", {**row, "settings": {**settings, **other}})


@pytest.mark.parametrize("check", [scores.check_name_is_free, scores.check_same_model])
def test_a_row_is_of_one_length_of_answers_and_one_precision(tmp_path, check):
    settings = {"model": "m", "shots": 5, "chat": True, "max_new_tokens": 48}
    row = {"name": "M", "settings": settings, "model": {"weights_sha256": "1", "dtype": "float32"}}
    path = tmp_path / "m.json"
    path.write_text(json.dumps(row))
    with pytest.raises(scores.ScoresError, match="longest answer 48, here 256"):
        check(path, {**row, "settings": {**settings, "max_new_tokens": None}})
    with pytest.raises(scores.ScoresError, match="dtype float32, here bfloat16"):
        check(path, {**row, "model": {**row["model"], "dtype": "bfloat16"}})
    path.write_text(json.dumps({**row, "settings": {**settings, "max_new_tokens": 256}}))
    check(path, {**row, "settings": {**settings, "model": "moved", "max_new_tokens": None}})


def test_a_row_whose_questions_have_other_words_since_says_so(
    card, evaluation, capsys, monkeypatch
):
    assert scores.main(["add", str(evaluation), "--name", "Tiny"]) == OK
    questions = scores.load_questions("test")
    reworded = [{**questions[0], "question": "In other words?"}, *questions[1:]]
    monkeypatch.setattr(scores, "load_questions", lambda name: reworded)
    assert scores.main(["check"]) == FOUND and scores.main(["build"]) == OK
    (how,) = {row["asked"] for row in rows(card) if row["model"] == "Tiny"}
    assert how == "0-shot, some questions in earlier words"


def test_what_depends_on_wording_says_so_too(card, monkeypatch):
    """Either side of the comparison may have been asked in earlier words."""
    both = {name: scores.load_questions(name) for name in ("test", scores.PARAPHRASES)}
    settings = {"model": "m", "shots": 5, "chat": False}
    digests = (scores.asked_digest(rows) for rows in both.values())
    record = {"name": "M", "settings": settings, "model": {}}
    record |= dict(zip((scores.ASKED, scores.ASKED_FURTHER), digests, strict=True))
    scores.write_json(card / "responses/m.json", record)
    said = [{"id": q["id"], "response": "Nas"} for rows in both.values() for q in rows]
    scores.keep(said[:10], card / f"responses/m{scores.KEPT}")
    scores.keep(said[10:], card / f"responses/m{scores.KEPT_PARAPHRASES}")
    assert {row["asked"] for row in scores.wording_rows(card)} == {"5-shot"}
    for name, rows in both.items():
        other = [{**rows[0], "question": "In other words?"}, *rows[1:]]
        changed = {**both, name: other}
        monkeypatch.setattr(scores, "load_questions", changed.__getitem__)
        told = {row["asked"] for row in scores.wording_rows(card)}
        assert told == {"5-shot, some questions in earlier words"}


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08cut"])
def test_damaged_responses_are_named(card, evaluation, capsys, content):
    path = scores.add(evaluation, "Tiny")
    path.write_bytes(content)
    assert scores.main(["build"]) == WRONG_INPUT
    error = capsys.readouterr().err
    assert "tiny.jsonl.gz: no" in error and error.count("\n") == 1


def test_add_needs_a_name(card, evaluation):
    for arguments in (["add", str(evaluation)], ["build", str(evaluation), "--name", "x"]):
        with pytest.raises(SystemExit):
            scores.main(arguments)


@pytest.mark.parametrize(
    ("name", "rows_of", "columns"),
    [
        ("scores.csv", scores.score_rows, scores.COLUMNS),
        ("wording.csv", scores.wording_rows, scores.WORDING_COLUMNS),
    ],
)
def test_the_committed_table_is_what_the_committed_responses_give(name, rows_of, columns):
    """By the grader of today, whatever the version that the table names."""
    text = (paths.DATA_CARDS / "musicsimpleqa" / name).read_text(encoding="utf-8")
    today = scores.table_text(rows_of(), columns)
    here, there = (
        [{**row, "grader": ""} for row in csv.DictReader(table.splitlines())]
        for table in (today, text)
    )
    assert here == there, "run `python -m mucpt_utils scores build`"
