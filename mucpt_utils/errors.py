"""What can go wrong, and how a command says so.

Every error that a user can cause is a `MuCPTError`: its message is one line that names the file,
line or setting and what is allowed. A command prints that line and ends with the error's code.

| code | when |
|--:|---|
| 0 | done |
| 1 | it ran, and the answer is no: a check found something, a notebook failed, tables differ |
| 2 | wrong input: an argument, a setting, a file |
| 3 | something outside failed: a model that cannot be loaded, an endpoint, an engine, a disk |
"""

OK, FOUND, WRONG_INPUT, OUTSIDE = range(4)


class MuCPTError(Exception):
    """Base of the project's errors; `exit_code` is what a command ends with."""

    exit_code = WRONG_INPUT


class OutsideError(MuCPTError):
    """Something that is not the user's input failed: a server, an engine, a model's files."""

    exit_code = OUTSIDE
