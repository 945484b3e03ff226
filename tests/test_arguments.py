"""What was mistyped is answered with what was meant, at once and in every command."""

import json
import subprocess
import sys

import pytest

from mucpt_utils import __main__ as command
from mucpt_utils import paths
from mucpt_utils.arguments import Parser
from mucpt_utils.config.files import SettingsError
from mucpt_utils.errors import MuCPTError, nearest, with_suggestion

# those that read their arguments without a parser, or pass them on
WITHOUT_PARSER = ("lab", "test")


@pytest.fixture
def parser():
    made = Parser(prog="study")
    made.add_argument("--seeds")
    made.add_argument("--set", dest="overrides")
    made.add_argument("--engine", choices=("local", "ray", "slurm"))
    return made


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["--seds", "3"], "--seeds"),
        (["--seds=3"], "--seeds"),
        (["--sett", "a=1"], "--set"),
        (["--engine", "locale"], "local"),
        (["--engine", "slrum"], "slurm"),
    ],
)
def test_an_option_or_a_choice_that_was_mistyped_is_named(parser, capsys, arguments, meant):
    with pytest.raises(SystemExit) as error:
        parser.parse_args(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err.endswith(f"; did you mean {meant!r}?\n")


COMMANDS_THAT_WRITE = (
    ["pipeline", "--source", "DIR"],
    ["pipeline", "train-classifier", "--music", "DIR", "--general", "DIR"],
    ["musicsimpleqa", "--model", "x"],
    ["contamination", "DIR"],
    ["site", "smoke"],
    ["render", "smoke"],
)


@pytest.mark.parametrize("arguments", COMMANDS_THAT_WRITE)
def test_an_empty_place_to_write_to_is_not_the_current_folder(
    arguments, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as error:
        command.main([*arguments, "--out", ""])
    assert error.value.code == 2 and not list(tmp_path.iterdir())
    assert capsys.readouterr().err.endswith("is empty; name a place, . for the current folder\n")


@pytest.mark.parametrize("arguments", [["--quantum"], ["more"], ["--engine", "x"], ["--set"]])
def test_what_is_like_nothing_gets_no_guess(parser, capsys, arguments):
    with pytest.raises(SystemExit):
        parser.parse_args(arguments)
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("unknown profile 'labtop'; allowed: laptop, smoke", "laptop"),
        ("x.yaml: unknown registers ['blogg']; allowed: blog, forum", "blog"),
        ("unknown setting 'train.token'; allowed in place of 'token': seed, tokens", "tokens"),
        ("unknown notebook '05bb'; allowed: 05_training, 05b_learnt", "05b_learnt"),
    ],
)
def test_an_error_that_names_what_is_allowed_says_what_was_meant(message, meant):
    for kind in (MuCPTError, SettingsError):
        assert str(kind(message)) == f"{message}; did you mean {meant!r}?"
    again = str(MuCPTError(f"search: {SettingsError(message)}"))
    assert again.count("did you mean") == 1, "an error that is passed on guesses once"


@pytest.mark.parametrize(
    "message",
    [
        *("no file", "unknown 'zebra'; allowed: laptop, smoke", "'x'; allowed: 1 and more"),
        "no run 'plain' at seed 9; allowed seeds 0, 1 and arms: base, plain, plain_compute",
    ],
)
def test_other_messages_stay_as_they_are(message):
    assert with_suggestion(message) == message


def test_the_nearest_name_is_the_most_alike():
    assert nearest("smoek", ["smoke", "smoker"]) == "smoke"
    assert nearest("rander.documents", ["render", "train"]) == "render"
    assert nearest("", ["smoke"]) == "" == nearest("smoke", [])


# what has to be given before an option that is unknown is looked at
NEEDED = {
    **{name: ["x"] for name in ("benchmark", "cost", "mixture", "search")},
    **{name: ["check"] for name in ("scores", "facts", "questions")},
    **{"export": ["x", "x", "0", "x"], "render": ["--out", "x"], "launch": ["train", "x"]},
    **{"pipeline": ["--source", "x", "--out", "x"], "contamination": ["x"]},
}
CALLS = """
import contextlib, io, json, sys
from mucpt_utils.__main__ import main
for name, needed in json.loads(sys.argv[1]).items():
    with contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            code = main([name, *needed, "--halp"])
        except SystemExit as ended:
            code = ended.code
    told = errors.getvalue()
    heavy = sorted({"torch", "transformers", "datatrove"} & {*sys.modules})
    print(name, code, "did you mean '--help'?" in told, *heavy)
"""


def test_every_command_refuses_a_mistyped_option_before_anything_heavy_is_imported():
    """Seconds differ between machines; what is imported does not."""
    names = [name for name in command.COMMANDS if name not in WITHOUT_PARSER]
    calls = json.dumps({name: NEEDED.get(name, []) for name in names})
    ended = subprocess.run(
        [sys.executable, "-c", CALLS, calls], cwd=paths.ROOT, capture_output=True, text=True
    )
    assert ended.stdout.splitlines() == [f"{name} 2 True" for name in names], ended.stderr
