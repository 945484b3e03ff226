"""Rows become documents: the fields of a row, and files with one JSON object per line.

Metadata never cost a text: values that JSON cannot hold are written as text, or left out.
"""

import datetime
import decimal
import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from datatrove.data import Document

from mucpt_utils.config.text import SourceSettings
from mucpt_utils.text.sources.base import (
    ANY_LINE_END,
    Item,
    Malformed,
    PassedOver,
    TooLong,
    Unreadable,
    clean_text,
    excerpt,
    one_line,
    open_source,
    plain_lines,
    reason_of,
)
from mucpt_utils.text.sources.encodings import GUESSED, LineCharset, as_utf8, decoded
from mucpt_utils.text.sources.web_page import OUTSIDE, is_page, read_page

# JSON can be read to 1024 levels and written to 254; stages add a few
DEEPEST = 200
LARGEST_NUMBER = 2**63  # the bound that readers of JSON agree on
LONGEST_NUMBER = 19  # digits
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)  # a string may be cut off
BROKEN = re.compile("[\udc80-\udcff]")  # how Python shows a byte that is not UTF-8

OPENINGS = (b"[", b"{", b"[{")  # a first line with which JSON over several lines begins
BETWEEN = re.compile(r"[\s,\x1e]*")  # what separates two values of a file
LOOKED_AT = 100  # first lines of a file; if one of them is a row, it has one row per line

ENDS = ("start", "end")  # of a labelled span of the text
READ_FROM = "read_from"  # the file and line of a row that has an identifier of its own
# fields that the reader, a stage or datatrove writes and later ones rely on. What a row brings
# under these names is from another run or of another meaning: it is kept, under another name
RESERVED = (
    *("filter_reason", "filter_detail"),  # what a filter passes to the writer
    "token_count",  # datatrove adds it up
    *("weight", "masked", "masked_metadata", "masks", "asked_questions", "holds_canary"),
    *(GUESSED, READ_FROM),
)
STATED = "stated_"


# --- lines ----------------------------------------------------------------------------------------


def read_lines(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a JSON Lines file; a line that is not one becomes an Unreadable.

    Damaged compression gives one Unreadable, and the lines after the damage
    follow. Raises Malformed for a file without a line.
    """
    number, is_told = 0, False
    charset = LineCharset(partial(open_lines, path, settings))
    with open_source(path, settings.largest_file_bytes) as raw:
        stream: BinaryIO | None = None
        while True:
            try:
                stream = stream or as_utf8(raw, settings.largest_file_bytes)
                for line in bounded_lines(stream, settings.longest_line_bytes):
                    number += 1
                    for item in line_items(line, f"{name}:{number}", source, settings, charset):
                        is_told = True
                        yield item
                break
            except Malformed as error:
                is_told = True
                yield Unreadable(source, name, str(error))
    if not is_told:
        raise Malformed("the file is empty")


@contextmanager
def open_lines(path: Path, settings: SourceSettings) -> Iterator[Iterator[bytes]]:
    """The lines of a file up to the first damage of its compression, without those too long."""
    with open_source(path, settings.largest_file_bytes) as raw:
        yield readable_lines(raw, settings)


def readable_lines(raw: BinaryIO, settings: SourceSettings) -> Iterator[bytes]:
    """What `open_lines` gives."""
    try:
        stream = as_utf8(raw, settings.largest_file_bytes)
        yield from filter(None, bounded_lines(stream, settings.longest_line_bytes))
    except Malformed:
        return


def line_items(
    line: bytes | None,
    place: str,
    source: str,
    settings: SourceSettings,
    charset: LineCharset | None = None,
) -> Iterator[Item]:
    """The document in a line, or why there is none; nothing for a blank line.

    If the line end between two rows is lost, the documents of both. line: None for one that is too
    long. charset: of lines that are not UTF-8.
    """
    try:
        if line is None:
            raise Malformed(f"line longer than {settings.longest_line_bytes} bytes")
        line = without_list(line)
        if line:
            line, guessed = charset.utf8(line) if charset else (line, None)
            document = parse_document(line, place, source, settings)
            yield from page_items(with_guess(document, guessed), place)
    except Exception as error:
        rows = joined_rows(line or b"")
        if not rows:
            yield Unreadable(source, place, reason_of(error), excerpt(line))
        for number, row in enumerate(rows, 1):
            yield from line_items(row, f"{place}.{number}", source, settings, charset)


def joined_rows(line: bytes) -> list[bytes]:
    """The rows of a line that begins with a whole object and goes on behind it; else none.

    Only the last can be no JSON.
    """
    text, rows, place = line.decode("utf-8", "surrogateescape"), list[str](), 0
    with suppress(ValueError, RecursionError):
        while text.startswith("{", place):
            _, end = DECODER.raw_decode(text, place)
            rows.append(text[place:end])
            place = BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    rows += filter(None, [text[place:]] if rows else [])
    return [row.encode("utf-8", "surrogateescape") for row in rows] if len(rows) > 1 else []


def with_guess(document: Document, guessed: str | None) -> Document:
    """The document; its metadata say which character set was guessed, if any."""
    if guessed:
        document.metadata[GUESSED] = guessed
    return document


def page_items(document: Document, place: str) -> Iterator[Item]:
    """The document of a row; if its text is an HTML page, the words outside the main text too.

    Raises Malformed for a page without a main text.
    """
    if is_page(document.text):
        page = read_page(document.text)
        document.text = page.text
        empty = {name for name in page.stated if document.metadata.get(name) in (None, "")}
        document.metadata |= {name: page.stated[name] for name in empty}
        if page.words_outside:
            yield PassedOver(document.metadata["source"], place, OUTSIDE, words=page.words_outside)
    yield document


def bounded_lines(stream: BinaryIO, longest: int) -> Iterator[bytes | None]:
    """Lines, which end at `\\n` only; one longer than `longest` bytes is skipped: None."""
    while line := stream.readline(longest + 1):
        if len(line) <= longest or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(longest)
        yield None


def without_list(line: bytes) -> bytes:
    """A line without what makes the lines of a file a list or a sequence (RFC 7464): its mark,
    a comma after an object, the list's brackets."""
    line = line.strip(b"\x1e \t\r\n\v\f")
    if line in (b"[", b"]", b","):
        return b""
    if line.startswith(b"[{") and line.endswith(b"},"):
        return line[1:-1]
    return line[:-1] if line.startswith(b"{") and line.endswith((b"},", b"}]")) else line


# --- whole files ----------------------------------------------------------------------------------


def read_json(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a JSON file: an array of objects, one object, consecutive objects, or
    one object per line, whichever the file contains, whatever its name.

    An object with lists of objects (`{"train": [...], "test": [...]}`) is read as those; so is one
    of objects with texts (`{"key": {"text": ...}}`). Raises Malformed if there is no row.
    """
    if has_rows_in_lines(path, settings):
        yield from read_lines(path, name, source, settings)
        return
    with open_source(path, settings.largest_text_bytes) as raw:
        text, guessed = decoded(raw.read())
    if not text.strip():
        raise Malformed("the file is empty")
    values = values_of(text)
    if isinstance(values[-1], Malformed):
        if any(is_row(line.encode(), settings) for line in text.split("\n", LOOKED_AT)):
            yield from read_lines(path, name, source, settings)
            return
        if len(values) == 1:
            raise values[0]
    rows = rows_of(values[0], settings) if len(values) == 1 else values
    if not rows:
        raise Malformed("the file holds no row")
    for number, row in enumerate(rows, 1):
        place = f"{name}:{number}"
        if isinstance(row, Malformed):
            yield Unreadable(source, place, str(row))
            continue
        for item in line_items(json.dumps(row).encode(), place, source, settings):
            yield with_guess(item, guessed) if isinstance(item, Document) else item


def read_json_lines(path: Path, name: str, source: str, settings: SourceSettings) -> Iterator[Item]:
    """Documents of a JSON Lines file, as `read_lines` gives them; if it is JSON over several
    lines, whatever its name, as `read_json` does."""
    first, second = first_lines(path, settings)
    if first.strip() in OPENINGS or (not second and may_hold_rows(first, settings)):
        with suppress(TooLong):  # too long to be read as a whole
            yield from read_json(path, name, source, settings)
            return
    yield from read_lines(path, name, source, settings)


def has_rows_in_lines(path: Path, settings: SourceSettings) -> bool:
    """Whether the first line of a file is a row, or the bracket before one on the next line."""
    first, second = first_lines(path, settings)
    return is_row(first if first.strip() != b"[" else second, settings)


def first_lines(path: Path, settings: SourceSettings) -> tuple[bytes, bytes]:
    """The first two lines of a file that are not too long; empty if there are fewer."""
    with open_lines(path, settings) as lines:
        first, second = (*islice(lines, 2), b"", b"")[:2]
    return first, second


def is_row(line: bytes, settings: SourceSettings) -> bool:
    """Whether a line by itself is an object with a text."""
    try:
        value = loads(without_list(line))
    except Malformed:
        return False
    return has_text(value, settings)


def may_hold_rows(line: bytes, settings: SourceSettings) -> bool:
    """Whether a line by itself is JSON, but not a row."""
    try:
        return not has_text(loads(line), settings)
    except Malformed:
        return False


def has_text(value: Any, settings: SourceSettings) -> bool:
    """Whether a value is an object with one of the text fields."""
    return isinstance(value, dict) and any(field in value for field in settings.text_fields)


def values_of(text: str) -> list[Any]:
    """The JSON values of a text, one or several in sequence, as `jq` writes them.

    From where it is not JSON, the last of them is a Malformed.
    """
    try:
        return [loads(text.encode("utf-8", "surrogatepass"))]
    except Malformed as error:
        values, place = list[Any](), 0
        while (place := BETWEEN.match(text, place).end()) < len(text):  # type: ignore[union-attr]
            try:
                value, place = DECODER.raw_decode(text, place)
            except (ValueError, RecursionError):
                told = Malformed(f"not JSON from character {place} of the file on")
                return [*values, told if values else error]
            values.append(json_value(value))
        return values


def rows_of(value: Any, settings: SourceSettings) -> list:
    """The rows in the value of a JSON file."""
    if not isinstance(value, dict) or has_text(value, settings):
        return value if isinstance(value, list) else [value]
    lists = [inner for inner in value.values() if isinstance(inner, list)]
    rows = [row for inner in lists if any(isinstance(row, dict) for row in inner) for row in inner]
    if rows or len(lists) == 1:
        return rows or lists[0]
    named = [{"id": key} | row for key, row in value.items() if has_text(row, settings)]
    return named if len(named) == len(value) else [value]


# --- one line -------------------------------------------------------------------------------------


def parse_document(
    line: bytes, place: str, source: str, settings: SourceSettings | None = None
) -> Document:
    """A Document from one JSON line. Raises Malformed, with the reason, if it is not one.

    Fields other than text, id and metadata are added to the metadata. place: default identifier.
    source: what `metadata.source` is when the line does not say.
    """
    settings = settings or SourceSettings()
    if line.count(b"[") + line.count(b"{") > DEEPEST:
        line = without_depths(line)
    row = loads(line, settings.text_fields)
    if not isinstance(row, dict):
        raise Malformed(
            f"a JSON object was expected, not {type(row).__name__ if row is not None else 'null'}"
        )
    return row_document(row, place, source, settings)


class Fields(dict):
    """A JSON object; `repeated` are the keys that occur more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = {key for key, value in pairs if value != self[key]}


def loads(line: bytes, texts: Sequence[str] = ()) -> Any:
    """The value of some JSON, which may contain NaN, Infinity and broken metadata.

    texts: the fields that must be valid and occur once. Raises Malformed for what is not JSON, and
    for such a field.
    """
    reason = ""
    try:
        value = orjson.loads(line)
        if type(value) is not dict or not is_doubtful(line, value, texts):
            return value
    except orjson.JSONDecodeError as error:
        reason = getattr(error, "msg", "") or str(error)
    try:
        # json allows more than orjson, and is slower
        text = line.decode("utf-8-sig", "surrogateescape")
        value = json.loads(text, object_pairs_hook=Fields, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {reason or error}") from error
    if isinstance(value, Fields):
        check_texts(line, value, texts)
    return json_value(value)


def is_doubtful(line: bytes, row: dict, texts: Sequence[str]) -> bool:
    """Whether orjson may have hidden something about an object."""
    # a number of more than 64 bits has become a float, which could be the identifier of two rows
    if type(row.get("id")) is float:
        return True
    # of two texts under one name, only the last was kept
    return any(field in row and line.count(f'"{field}"'.encode()) > 1 for field in texts)


def check_texts(line: bytes, row: Fields, texts: Sequence[str]) -> None:
    """Raises Malformed if a text is given twice, or is broken UTF-8."""
    for field in texts:
        if field in row.repeated:
            raise Malformed(f"field {field!r} is given twice")
        if isinstance(row.get(field), str) and BROKEN.search(row[field]):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Malformed(f"not JSON: broken UTF-8 at byte {error.start}") from error


def whole_number(digits: str) -> int | str:
    """A whole number, as text if few readers of JSON can hold it."""
    return int(digits) if len(digits) < LONGEST_NUMBER else digits


def without_depths(line: bytes) -> bytes:
    """JSON with null for whatever is nested too deeply to be written again."""
    pieces, start, end, depth = [], 0, 0, 0
    for token in TOKEN.finditer(line):
        if token[0] in (b"[", b"{"):
            depth += 1
            start = token.start() if depth == DEEPEST + 1 else start
        elif token[0] in (b"]", b"}"):
            if depth == DEEPEST + 1:
                pieces += [line[end:start], b"null"]
                end = token.end()
            depth -= 1
    return b"".join([*pieces, line[end:]])


DECODER = json.JSONDecoder(parse_int=whole_number)


# --- rows -----------------------------------------------------------------------------------------


def row_document(row: dict, place: str, source: str, settings: SourceSettings) -> Document:
    """A Document from the fields of one row, as `parse_document` does; `row` is emptied."""
    fields = [field for field in settings.text_fields if field in row]
    if not fields:
        raise Malformed(no_field("fields", settings))
    field = next((f for f in fields if isinstance(row[f], str) and row[f].strip()), fields[0])
    text, identifier = row.pop(field), row.pop("id", None)
    if text is None:
        raise Malformed(f"field {field!r} is null")
    if not isinstance(text, str):
        raise Malformed(f"field {field!r} must be text, not {type(text).__name__}")
    if not text.strip():
        raise Malformed(f"field {field!r} is empty")
    if "\0" in text:
        raise Malformed(f"field {field!r} has a NUL at {text.index(chr(0))}")
    stated = row.pop("metadata", None)
    row.pop("media", None)
    metadata = {"source": source, **row}
    if isinstance(stated, dict):
        metadata |= stated
    elif stated is not None:
        metadata["metadata"] = stated
    set_aside(metadata)
    if metadata["source"] is not source:
        metadata["source"] = source_name(metadata["source"], source)
    plain, truth = plain_lines(text), metadata.get("truth")
    if plain != text and isinstance(truth, dict) and isinstance(truth.get("spans"), list):
        metadata["truth"] = with_moved_spans(truth, text)
    if identifier in (None, ""):
        return Document(text=plain, id=place, metadata=metadata)
    metadata[READ_FROM] = place  # identifiers of two files may be the same
    return Document(text=plain, id=str(identifier), metadata=metadata)


def set_aside(metadata: dict) -> None:
    """Gives reserved fields that a row brings other names: `weight` becomes `stated_weight`."""
    for name in RESERVED:
        if name in metadata:
            free = f"{STATED}{name}"
            while free in metadata:
                free = f"{STATED}{free}"
            metadata[free] = metadata.pop(name)


def with_moved_spans(truth: dict, text: str) -> dict:
    """The labels of a text with their offsets in its plain lines; what is no label stays."""
    # where each line begins in the text, and in its plain lines
    begins, plain = [0], [0]
    for end in ANY_LINE_END.finditer(text):
        line = text[begins[-1] : end.start()]
        begins.append(end.end())
        plain.append(plain[-1] + (0 if line.isspace() else len(line)) + 1)

    def moved(offset: int) -> int:
        place = len(range(len(text))[:offset])  # as slices take it
        line = bisect_right(begins, place) - 1
        return plain[line] + place - begins[line]

    spans = []
    for span in truth["spans"]:
        found = span.items() if isinstance(span, dict) else ()
        ends = {name: end for name, end in found if name in ENDS and isinstance(end, int)}
        is_label = len(ends) == len(ENDS)
        spans.append(span | {n: moved(end) for n, end in ends.items()} if is_label else span)
    return truth | {"spans": spans}


def no_field(what: str, settings: SourceSettings) -> str:
    """Why a row or a table without a text is not read, and what would help."""
    names = ", ".join(settings.text_fields)
    return f"none of the text {what} {names}; source.text_fields in --settings names others"


def source_name(stated: object, default: str) -> str:
    """What a row calls its source, if that is a name; else the `default`."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        return default
    return one_line(str(stated)).strip() or default


def json_value(value: object) -> object:
    """A value as JSON can hold it: times as ISO text, decimals as text, no bytes, no NaN."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_value(inner) for inner in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | datetime.timedelta):
        return str(value)
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int):
        return value if abs(value) < LARGEST_NUMBER else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    return None
