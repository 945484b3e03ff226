"""The one command: every name leads to a module, and what is wrong is one line and an exit code."""

import errno
import importlib.util
import io
import os
import sys
from types import SimpleNamespace

import pytest

from mucpt_utils import __main__ as command
from mucpt_utils.arguments import INTERRUPTED
from mucpt_utils.config.files import SettingsError
from mucpt_utils.errors import OK, OUTSIDE, WRONG_INPUT, OutsideError


@pytest.mark.parametrize("name", command.COMMANDS)
def test_every_command_is_a_module_that_is_there(name):
    assert importlib.util.find_spec(f"mucpt_utils.{command.COMMANDS[name].module}")
    assert name in command.usage()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_commands_are_listed(arguments, capsys):
    assert command.main(arguments) == OK
    assert command.usage() in capsys.readouterr().out


def test_an_unknown_command_names_the_known(capsys):
    assert command.main(["magic"]) == WRONG_INPUT
    error = capsys.readouterr().err
    assert "unknown command 'magic'" in error and "musicsimpleqa" in error


@pytest.mark.parametrize(
    ("error", "code"), [(SettingsError("arms.yaml: x"), WRONG_INPUT), (OutsideError("x"), OUTSIDE)]
)
def test_an_error_of_the_user_is_one_line_wherever_it_is_raised(error, code, monkeypatch, capsys):
    """A settings file is read when a module is imported, before its command can catch anything."""

    def broken(module):
        raise error

    monkeypatch.setattr(command.importlib, "import_module", broken)
    assert command.main(["cost", "smoke"]) == code
    assert capsys.readouterr().err == f"cost: {error}\n"


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.EACCES, WRONG_INPUT), (errno.EROFS, WRONG_INPUT), (errno.ENOSPC, OUTSIDE)],
)
def test_what_the_system_refuses_is_one_line_of_any_command(number, code, monkeypatch, capsys):
    """As where the work folder cannot be written."""

    def refused(arguments):
        raise OSError(number, os.strerror(number), "/some/folder")

    working = SimpleNamespace(main=refused)
    monkeypatch.setattr(command.importlib, "import_module", lambda module: working)
    assert command.main(["launch", "prepare"]) == code
    assert capsys.readouterr().err == f"launch: /some/folder: {os.strerror(number).lower()}\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_a_terminal_lacks_end_no_command(encoding, monkeypatch):
    printing = SimpleNamespace(main=lambda arguments: print("source: Dvořák \udcff") or OK)
    monkeypatch.setattr(command.importlib, "import_module", lambda module: printing)
    terminal = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert command.main(["pipeline"]) == OK
    terminal.seek(0)
    assert terminal.read().startswith("source: Dvo")


@pytest.mark.parametrize("name", command.COMMANDS)
def test_ctrl_c_ends_any_command_in_one_line(name, monkeypatch, capsys):
    """While its module is imported, or while it works."""

    def interrupted(*arguments):
        raise KeyboardInterrupt

    working = SimpleNamespace(**{command.COMMANDS[name].function: interrupted})
    for importing in (interrupted, lambda module: working):
        with monkeypatch.context() as patch:
            patch.setattr(command.importlib, "import_module", importing)
            assert command.main([name]) == INTERRUPTED
        assert capsys.readouterr().err == f"{name}: interrupted\n"
