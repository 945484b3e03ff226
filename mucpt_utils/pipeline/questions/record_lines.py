"""A table or JSON as lines `name: value`, so that questions are found as in any other text."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

# a JSON field that holds text; a line feed inside comes from hard wrapping
JSON_FIELD = re.compile(r'"([^"\\\n]{1,40})"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
LOOKS_LIKE_JSON = re.compile(r'"\s*:\s*["\[{]')
QUESTION_CELL = re.compile(
    r"(?:^|[,;\t|])[ \"']{0,3}"
    r"(?:question|questions|query|prompt|q|front|clue|instruction|input|problem)"
    r"[ \"']{0,3}(?=[,;\t|]|$)",
    re.IGNORECASE | re.MULTILINE,
)
# words of which such a cell has one, or the letter: cheap tests for the pattern above
CELL_NAMES = ("question", "query", "prompt", "front", "clue", "instruction", "input", "problem")
Q_CELL = re.compile(r"[qQ][ \"']{0,3}(?:[,;\t|]|$)", re.MULTILINE)
LONGEST_HEADER = 400
DELIMITERS = "\t|;,"


def fields_as_lines(fields: Mapping[str, object]) -> str:
    """The texts and numbers of a row, nested ones too, one per line, each after its name."""
    return "\n".join(f"{name}: {value}" for name, value in flat(fields))


def flat(value: object, name: str = "") -> Iterable[tuple[str, str]]:
    """(name, text) of everything inside a value of JSON."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from flat(inner, name)
    elif value is not None and str(value).strip():
        yield name, " ".join(str(value).split())


# a pointing hand or arrow, and any other picture
POINTING = re.compile("[\U0001f446-\U0001f449\u25b6\u27a1\u2b05-\u2b07\U0001f53d]\ufe0f?")
PICTURE = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u260f\u2613-\u266c\u2700-\u2712\u2728-\u27bf\ufe0f\u200d]+"
)
# a letter or a shape in colour that marks an option, and a picture of a tick
OPTION = re.compile(
    "(?:[\U0001f170\U0001f171\U0001f17e\U0001f18e\U0001f191]|[\U0001f534-\U0001f537\U0001f53a]"
    "|[\U0001f7e0-\U0001f7eb]|[0-9]\ufe0f\u20e3)\ufe0f?"
)
TICK = re.compile("\u2705\ufe0f?")
# dots at the end of a line, on which an answer is to be written
DOTTED = re.compile(r"(?<=[ \t])\.{5,}(?=[ \t|]{0,3}$)", re.MULTILINE)
LINE_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)


def without_pictures(text: str) -> str:
    """The text without emoji: they stand between words or for a full stop.

    Hands are read as arrows, marks of options as circles.
    """
    if max(text, default="") < "\u2600":
        return text
    text = TICK.sub(" \u2714 ", OPTION.sub(" \u25cb ", text))
    return PICTURE.sub(" ", POINTING.sub(" \u2192 ", text))


# bare letters before answers to choose from, on lines or in columns: `a Milan   b Rome   c Turin`
OPTIONS = re.compile(
    r"(?:(?<=\n)|(?<=[ \t]{2}))[ \t]{0,3}(?P<first>[aA])[ \t]{1,3}(?=\S)[^\n]{1,60}?(?:\n|[ \t]{2})"
    r"[ \t]{0,3}[bB][ \t]{1,3}\S[^\n]{1,60}?(?:\n|[ \t]{2})[ \t]{0,3}[cC][ \t]{1,3}\S"
)
SECOND_OPTION = (" b ", " B ", "\nb ", "\nB ")  # a cheap test for the pattern above
OPTION_LETTER = re.compile(r"(?:(?<=\n)|(?<=[ \t]{2}))([a-hA-H])[ \t]{1,3}(?=\S)")


def with_options(text: str) -> str:
    """The text with a bracket behind the bare letters of answers to choose from."""
    has_second = any(second in text for second in SECOND_OPTION)
    match = OPTIONS.search(text) if has_second else None
    if match is None:
        return text
    first = match.start("first")
    return OPTION_LETTER.sub(lambda m: f"{m[1]}) " if m.start() >= first else m.group(), text)


def with_gaps(text: str) -> str:
    """The text with a gap for each row of dots at the end of a line."""
    return DOTTED.sub("____", text) if "....." in text else text


def without_syntax(text: str) -> str:
    """The text with its JSON fields and its tables of questions as lines `name: value`."""
    if "<" in text:
        text = LINE_BREAK.sub("\n", text)
    if LOOKS_LIKE_JSON.search(text):
        text = JSON_FIELD.sub(field_as_line, text)
    if may_have_cell(text) and (cell := QUESTION_CELL.search(text)):
        start = text.rfind("\n", 0, cell.start() + 1) + 1
        if text.find("\n", start) - start <= LONGEST_HEADER:
            text = text[:start] + table_as_lines(text[start:])
    return text


def may_have_cell(text: str) -> bool:
    """Whether a text has the word of a table's column of questions."""
    small = text.lower()
    return any(name in small for name in CELL_NAMES) or Q_CELL.search(text) is not None


def field_as_line(match: re.Match) -> str:
    """A JSON field as a line of its own."""
    name, value = match.groups()
    value = " ".join(value.split())
    with suppress(ValueError):  # a cut escape stays as it is
        value = json.loads(f'"{value}"')
    return f"\n{name}: {' '.join(value.split())}\n"


def table_as_lines(text: str) -> str:
    """A table with a header, each row as lines `name: value`; text after it stays as it is."""
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    if not header.count(delimiter):
        return text
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    lines = []
    try:
        names = [name.strip(" |*\"'") for name in next(rows)]
        for row in rows:
            cells = zip(names, row, strict=False) if len(row) > 1 else [("", "".join(row))]
            lines += [f"{name}: {' '.join(cell.split())}" if name else cell for name, cell in cells]
            lines.append("")
    except csv.Error:
        return text
    return "\n".join(lines)
