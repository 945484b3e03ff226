"""Command lines: a mistyped option or choice is answered with the one that was probably meant."""

import argparse
import io
import os
import re
import sys
from pathlib import Path
from typing import NoReturn

from mucpt_utils.errors import MEANT, nearest

UNKNOWN = re.compile(r"unrecognized arguments: (?P<given>-[^\s=]+)")
# exit code of a command that Ctrl-C ended, as shells count it; those of errors are in errors.py
INTERRUPTED = 130
CHOICE = re.compile(r"invalid choice: '(?P<given>[^']*)' \(choose from (?P<allowed>.+)\)")


def print_any_letter() -> None:
    """Has standard output write a letter that its character set lacks as `\\u0159`.

    The names of sources and folders hold any letters; a terminal of another set than UTF-8, and a
    name that is no UTF-8, ended the command.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def positive(text: str) -> int:
    """A whole number, at least 1, as the `type` of an option."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def whole(text: str) -> int:
    """A whole number, at least 0, as the `type` of an argument."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def place(text: str) -> Path:
    """Where something is written, as the `type` of an option; `~` is the home folder.

    An empty name, as `--out "$OUT"` gives without that variable, would be the current folder.
    """
    if not text:
        raise argparse.ArgumentTypeError("is empty; name a place, . for the current folder")
    return Path(os.path.expanduser(text))


class Parser(argparse.ArgumentParser):
    """A parser of the standard library that says what was probably meant."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, with the name that was probably meant; ends with code 2."""
        meant = self.meant(message)
        super().error(f"{message}; {MEANT} {meant!r}?" if meant else message)

    def meant(self, message: str) -> str:
        """The option or choice closest to the one that a message complains of; "" for none."""
        if told := UNKNOWN.search(message):
            return nearest(told["given"], re.findall(r"--[\w-]+", self.format_help()))
        if told := CHOICE.search(message):
            return nearest(told["given"], re.findall(r"[\w.-]+", told["allowed"]))
        return ""
