"""What can go wrong, and how a command says so.

Every error that a user can cause is a `MuCPTError`: its message is one line that names the file,
line or setting and what is allowed, and where a name was mistyped, the one that was probably meant.
A command prints that line and ends with the error's code.

| code | when |
|--:|---|
| 0 | done |
| 1 | it ran, and the answer is no: a check found a fault, a notebook failed, tables differ |
| 2 | wrong input: an argument, a setting, a file |
| 3 | something outside failed: a model that cannot be loaded, an endpoint, an engine, a disk |
"""

import difflib
import errno
import re
from collections.abc import Iterable

OK, FOUND, WRONG_INPUT, OUTSIDE = range(4)


class MuCPTError(Exception):
    """Base of the project's errors; `exit_code` is what a command ends with."""

    exit_code = WRONG_INPUT

    def __str__(self) -> str:
        return with_suggestion(super().__str__())


class OutsideError(MuCPTError):
    """Something other than the user's input failed: a server, an engine, a model's files."""

    exit_code = OUTSIDE


DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def of_system(error: OSError) -> MuCPTError:
    """What the system refused, in one line that names the file; a full disk is an OutsideError.

    >>> str(of_system(FileNotFoundError(errno.ENOENT, "No such file", "a.csv")))
    'a.csv: no such file'
    """
    path = error.filename2 or error.filename  # the second is the file's final name
    kind = OutsideError if error.errno in DISK_TROUBLE else MuCPTError
    return kind(f"{path}: " * bool(path) + (error.strerror or str(error)).lower())


MEANT = "did you mean"
# how messages that name what is allowed are worded: `'this' ...; allowed ...: that, those`
NAMED = re.compile(r"'(?P<given>[^']+)'.*?; allowed[^:]*: (?P<allowed>.+)$", re.DOTALL)


def with_suggestion(message: str) -> str:
    """A message that names what is allowed, with the name that was probably meant appended.

    >>> with_suggestion("unknown profile 'labtop'; allowed: laptop, smoke")
    "unknown profile 'labtop'; allowed: laptop, smoke; did you mean 'laptop'?"
    """
    told = NAMED.search(message)
    if told is None or MEANT in message:
        return message
    allowed = [name.strip(" .'") for name in told["allowed"].split(",")]
    if told["given"] in allowed:  # something else is wrong
        return message
    short = {name.split("_")[0]: name for name in allowed}  # notebooks by their number
    meant = nearest(told["given"], [*allowed, *short])
    return f"{message}; {MEANT} {short.get(meant, meant)!r}?" if meant else message


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The name closest to the one given, or to a part of it (`train.token`); "" for none.

    >>> nearest("--tokns", ["--tokens", "--seeds"])
    '--tokens'
    """
    names = list(allowed)
    near = [
        (difflib.SequenceMatcher(None, part, name).ratio(), name)
        for part in (given, *given.split("."))
        for name in difflib.get_close_matches(part, names, 1, 0.6)
    ]
    return max(near)[1] if near else ""
