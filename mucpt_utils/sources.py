"""Readers: a folder of documents or of real text becomes datatrove Documents with metadata.

What cannot be read is never lost and never stops a run: it comes out as `Unreadable`, with its
place (`file:line` where there is a line) and the reason.
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import orjson
import zstandard
from datatrove.data import Document
from pydantic import BaseModel, ConfigDict, Field

COMPRESSED = {".gz", ".zst"}
PROSE = {".txt", ".md", ".rst", ".html", ".htm"}
DOCUMENTS = {".jsonl"}
# files beside a source that describe it
SIDECARS = {"BOOKS.tsv", "MANIFEST.tsv", "SHA256SUMS", "LICENSE", "LICENSE.txt", "record.json"}
EXCERPT = 500


class SourceSettings(BaseModel):
    """How files are read and prose is cut into passages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage_words: int = Field(200, ge=20, description="words after which a passage ends")
    longest_passage_words: int = Field(250, ge=20, description="a longer paragraph is cut")
    shortest_passage_words: int = Field(60, ge=1, description="shorter tails join the one before")
    text_fields: tuple[str, ...] = Field(
        ("text", "abstract", "body", "content"), description="JSON fields that may hold the text"
    )
    longest_line_bytes: int = Field(16_000_000, ge=1, description="longer lines are quarantined")
    largest_file_bytes: int = Field(
        4_000_000_000, ge=1, description="what is read of a file once it is decompressed"
    )
    licence: str = Field("unknown", description="licence of files that do not state theirs")


@dataclass(frozen=True)
class Unreadable:
    """A line, file or page that could not be read: where, why, how it begins."""

    source: str
    place: str
    reason: str
    excerpt: str = ""


class Malformed(ValueError):
    """What a reader says of content it cannot use; the message is the quarantine's reason."""


def source_files(folder: Path) -> list[Path]:
    """Everything to be read or quarantined under `folder`, sorted by path.

    Raises FileNotFoundError where the folder is missing or holds nothing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"source {folder} is not a folder")
    found = sorted(
        path
        for path in folder.rglob("*")
        if path.name not in SIDECARS
        and not path.name.startswith(".")
        and (not path.is_dir() or kind_of(path) is not None)
    )
    if not found:
        raise FileNotFoundError(f"source {folder} holds no file to read")
    return found


def kind_of(path: Path) -> str | None:
    """The suffix that says how to read a file, without its compression; None for unknown ones."""
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in PROSE | DOCUMENTS else None


def read_source(
    path: Path, root: Path, settings: SourceSettings
) -> Iterator[Document | Unreadable]:
    """Documents and unreadable pieces of one file, in the order in which they stand in it.

    path: a file under `root`; identifiers and places are relative to `root`.
    """
    name = path.relative_to(root).as_posix()
    kind = kind_of(path)
    try:
        if path.is_dir():
            raise Malformed("a folder with the name of a file")
        if kind is None:
            raise Malformed(f"unknown file type {path.suffix or 'without suffix'}")
        if kind in DOCUMENTS:
            yield from _read_lines(path, name, settings)
        else:
            yield from _read_prose(path, root, settings)
    except (Malformed, OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        yield Unreadable(source_of(path, root), name, _reason(error))


def source_of(path: Path, root: Path) -> str:
    """The source a file belongs to: the first folder under `root`, or `root`'s own name."""
    parts = path.relative_to(root).parts
    return parts[0] if len(parts) > 1 else root.resolve().name


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; what cannot be read has the fingerprint `unreadable`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


PROSE_BYTES_A_WORD = 6.0
COMPRESSION = 3.0
SAMPLE_BYTES = 200_000


def estimate_documents(files: Sequence[Path], settings: SourceSettings) -> int:
    """About how many documents reading `files` will give, from their sizes and first bytes."""
    total = 0.0
    for path in files:
        if path.is_dir() or kind_of(path) is None:
            continue
        size = path.stat().st_size * (COMPRESSION if path.suffix in COMPRESSED else 1)
        if kind_of(path) in PROSE:
            total += size / (PROSE_BYTES_A_WORD * settings.passage_words)
        else:
            with _open(path, settings) as stream:
                sample = stream.read(SAMPLE_BYTES)
            total += size * sample.count(b"\n") / max(1, len(sample))
    return round(total)


# --- documents, one JSON object a line ---------------------------------------------------------


def _read_lines(path: Path, name: str, settings: SourceSettings) -> Iterator[Document | Unreadable]:
    fallback = source_of(path, path.parents[len(Path(name).parts) - 1])
    with _open(path, settings) as stream:
        for number, line in _bounded_lines(stream, settings.longest_line_bytes):
            place = f"{name}:{number}"
            try:
                if line is None:
                    raise Malformed(f"line longer than {settings.longest_line_bytes} bytes")
                if line.strip():
                    yield parse_document(line, place, fallback, settings)
            except Malformed as error:
                yield Unreadable(fallback, place, str(error), _excerpt(line))


def parse_document(
    line: bytes, place: str, source: str, settings: SourceSettings | None = None
) -> Document:
    """A Document from one JSON line. Raises Malformed with the reason where it is none.

    Fields that are neither text, id nor metadata join the metadata. place: default identifier.
    source: what `metadata.source` is when the line does not say.
    """
    settings = settings or SourceSettings()
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg if hasattr(error, 'msg') else error}") from error
    if not isinstance(row, dict):
        raise Malformed(f"a JSON object was expected, not {type(row).__name__}")
    field = next((f for f in settings.text_fields if f in row), None)
    if field is None:
        raise Malformed(f"none of the text fields {', '.join(settings.text_fields)}")
    text, identifier, metadata = row.pop(field), row.pop("id", place), row.pop("metadata", {})
    if not isinstance(text, str):
        raise Malformed(f"field {field!r} must be text, not {type(text).__name__}")
    if not text.strip():
        raise Malformed(f"field {field!r} is empty")
    if not isinstance(metadata, dict):
        raise Malformed(f"field 'metadata' must be an object, not {type(metadata).__name__}")
    row.pop("media", None)
    metadata = {"source": source, **row, **metadata}
    if not isinstance(metadata["source"], str):
        raise Malformed("field 'metadata.source' must be text")
    return Document(text=text, id=str(identifier), metadata=metadata)


def _bounded_lines(stream: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; a line longer than `longest` bytes is skipped over and given as None."""
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) <= longest or line.endswith(b"\n"):
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(longest)
        yield number, None


# --- prose, cut into passages ------------------------------------------------------------------


def _read_prose(path: Path, root: Path, settings: SourceSettings) -> Iterator[Document]:
    name = path.relative_to(root).as_posix()
    with _open(path, settings) as stream:
        raw = stream.read()
    text, metadata = decode(raw), _metadata(path, root, settings)
    if not text.strip():
        raise Malformed("the file is empty")
    text, stated = strip_gutenberg(text)
    kind = kind_of(path)
    if kind in {".html", ".htm"}:
        text, stated = _from_html(text)
    elif kind in {".md", ".rst"}:
        text = strip_markup(text, kind)
    metadata |= {key: value for key, value in stated.items() if value}
    for number, passage in enumerate(passages(text, settings)):
        yield Document(
            text=passage, id=f"{name}#{number:04d}", metadata=metadata | {"passage": number}
        )


def decode(raw: bytes) -> str:
    """UTF-8, or else Windows-1252, in which old plain-text books are. Raises Malformed.

    Bytes that are mostly UTF-8 but broken somewhere are refused rather than read as Windows-1252,
    which would turn every accented letter into mojibake.
    """
    if b"\0" in raw:
        raise Malformed(f"NUL byte at {raw.index(0)}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = sum(ord(c) > 127 and c != "\ufffd" for c in raw.decode("utf-8", errors="replace"))
        if good:
            raise Malformed(f"broken UTF-8 at byte {error.start}") from error
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Malformed(f"neither UTF-8 nor Windows-1252 at byte {error.start}") from error


GUTENBERG_START = re.compile(
    r"^\*{3}\s*START OF (?:THIS|THE) PROJECT GUTENBERG.*?\*{3}|^\*END\*?\s*THE SMALL PRINT.*$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
GUTENBERG_END = re.compile(
    r"^\*{3}\s*END OF (?:THIS|THE) PROJECT GUTENBERG|^\s*End of (?:the )?Project Gutenberg"
    r"|^\*{3}\s*START: FULL LICENSE",
    re.IGNORECASE | re.MULTILINE,
)
GUTENBERG_FIELD = re.compile(r"^(Title|Author|Release Date|Language): *(\S.*)$", re.MULTILINE)
# paragraphs about the edition, not of the book
CREDIT = re.compile(
    r"\A\s*(?:\[?(?:Produced|Scanned|Transcribed|Digitized|E-?text prepared|Etext prepared)\b"
    r"|\[?Project Gutenberg|\[?Transcriber.s Note|Use of the Project Gutenberg|Updates to this)",
    re.IGNORECASE,
)


def strip_gutenberg(text: str) -> tuple[str, dict]:
    """The book without Project Gutenberg's licence, and title, creator, year its header states.

    A text without such a header comes back as it is, with no metadata.
    """
    start = GUTENBERG_START.search(text[:60_000])
    header = text[: start.end()] if start else ""
    body = text[start.end() :] if start else text
    tail = max(0, len(body) - 40_000)
    end = GUTENBERG_END.search(body, tail)
    if end:
        body = body[: end.start()]
    fields = {key.lower(): value.strip() for key, value in GUTENBERG_FIELD.findall(header)}
    stated = {"title": fields.get("title"), "creator": fields.get("author")}
    if header:
        stated["licence"] = "Public domain in the USA"
    return body, stated


BLANK_LINES = re.compile(r"\n\s*\n")
SENTENCE_END = re.compile(r"(?:(?<=[.!?])|(?<=[.!?][\"'”’)]))\s+(?=[\"'“‘(]?[A-Z0-9])")


def passages(text: str, settings: SourceSettings | None = None) -> list[str]:
    """`text` cut at paragraph borders into passages of about `passage_words` words.

    Hard-wrapped prose is unwrapped; verse, tables and lists keep their lines. A paragraph longer
    than `longest_passage_words` is cut at sentence ends.
    """
    settings = settings or SourceSettings()
    cut: list[list[str]] = [[]]
    words = 0
    for paragraph in _short_paragraphs(text, settings):
        length = len(paragraph.split())
        if words and words + length > settings.longest_passage_words:
            cut.append([])
            words = 0
        cut[-1].append(paragraph)
        words += length
        if words >= settings.passage_words:
            cut.append([])
            words = 0
    if len(cut) > 1 and words < settings.shortest_passage_words:
        cut[-2:] = [cut[-2] + cut[-1]]
    return ["\n\n".join(paragraphs) for paragraphs in cut if paragraphs]


def _short_paragraphs(text: str, settings: SourceSettings) -> Iterator[str]:
    for raw in BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        paragraph = unwrap(raw)
        if not paragraph or CREDIT.match(paragraph):
            continue
        if len(paragraph.split()) <= settings.longest_passage_words:
            yield paragraph
        else:
            yield from _cut_sentences(paragraph, settings)


def _cut_sentences(paragraph: str, settings: SourceSettings) -> Iterator[str]:
    """Pieces of about equal length, none over the longest passage where sentences allow it."""
    pieces = -(-len(paragraph.split()) // settings.longest_passage_words)
    aim = len(paragraph.split()) / pieces
    piece: list[str] = []
    words = 0
    for sentence in SENTENCE_END.split(paragraph):
        length = len(sentence.split())
        if words and words + length / 2 > aim:
            yield " ".join(piece)
            piece, words = [], 0
        piece.append(sentence)
        words += length
    yield " ".join(piece)


WRAPPED_WIDTH = 45


def unwrap(paragraph: str) -> str:
    """A hard-wrapped paragraph on one line; lines that are short on average stay lines."""
    lines = [line.strip() for line in paragraph.strip().split("\n")]
    body = lines[:-1]
    wrapped = body and sum(map(len, body)) / len(body) >= WRAPPED_WIDTH
    return (" " if wrapped else "\n").join(lines).strip()


MARKUP = {
    ".md": [
        (re.compile(r"\A---\n.*?\n---\n", re.DOTALL), ""),
        (re.compile(r"<(script|style|iframe)\b.*?</\1>", re.DOTALL | re.IGNORECASE), ""),
        (re.compile(r"<!--.*?-->", re.DOTALL), ""),
        (re.compile(r"!\[([^\]]*)\]\([^)]*\)(\{[^}]*\})?"), ""),
        (re.compile(r"\[([^\]]+)\](\([^)]*\)|\[[^\]]*\])"), r"\1"),
        (re.compile(r"^\[[^\]]+\]:\s*\S+.*$", re.MULTILINE), ""),
        (re.compile(r"^#{1,6}\s*", re.MULTILINE), ""),
        (re.compile(r"^(```|~~~).*$", re.MULTILINE), ""),
        (re.compile(r"</?[a-zA-Z][^>\n]*>"), ""),
        (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
        (re.compile(r"(?<!\w)([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?!\w)"), r"\2"),
    ],
    ".rst": [
        (re.compile(r"^\.\. .*$(\n[ \t]+\S.*$)*", re.MULTILINE), ""),
        (re.compile(r"^([=\-~^\"'`#*+.])\1{3,}\s*$", re.MULTILINE), ""),
        (re.compile(r":[a-z:]+:`~?([^`<]+?)(?:\s*<[^>]*>)?`"), r"\1"),
        (re.compile(r"`([^`<]+?)\s*<[^>]*>`__?"), r"\1"),
        (re.compile(r"``([^`]+)``"), r"\1"),
        (re.compile(r"(\*\*?)(?=\S)([^*\n]+?)(?<=\S)\1"), r"\2"),
        (re.compile(r"^\s*\|\s?", re.MULTILINE), ""),
    ],
}


def strip_markup(text: str, kind: str) -> str:
    """The prose of a Markdown (`.md`) or reStructuredText (`.rst`) file, without its markup."""
    for pattern, replacement in MARKUP[kind]:
        text = pattern.sub(replacement, text)
    return text


def _from_html(page: str) -> tuple[str, dict]:
    """Main text and title of a page, by trafilatura. Raises Malformed where it finds none."""
    import trafilatura

    try:
        text = trafilatura.extract(page, include_comments=False, favor_precision=True)
        found = trafilatura.extract_metadata(page)
    except (RecursionError, ValueError) as error:
        raise Malformed(f"HTML that cannot be parsed: {type(error).__name__}") from error
    if not text:
        raise Malformed("HTML without a main text")
    stated = found.as_dict() if found else {}
    year = (stated.get("date") or "")[:4]
    return text, {
        "title": stated.get("title"),
        "creator": stated.get("author"),
        "year": int(year) if year.isdigit() else None,
    }


# --- metadata beside the files -----------------------------------------------------------------


def _metadata(path: Path, root: Path, settings: SourceSettings) -> dict:
    metadata = {
        "source": source_of(path, root),
        "register": "prose",
        "title": path.name.split(".")[0].replace("_", " ").replace("-", " "),
        "creator": None,
        "year": None,
        "licence": settings.licence,
        "lane": "prose",
        "file": path.relative_to(root).as_posix(),
    }
    book = library(path.parent).get(path.name.split(".")[0])
    return metadata | _book_metadata(book) if book else metadata


def _book_metadata(book: dict) -> dict:
    stated = {
        "register": "book",
        "title": book.get("title") or _title_of_repository(book.get("repo", "")),
        "creator": book.get("author"),
        "year": int(book["year"]) if (book.get("year") or "").isdigit() else None,
        "licence": book.get("licence") or book.get("license"),
        "library_label": book.get("label"),
        "lcc": book.get("lcc"),
    }
    if not stated["licence"] and (book.get("repo") or "").startswith("GITenberg/"):
        stated["licence"] = "Public domain in the USA"
    return {key: value for key, value in stated.items() if value}


@lru_cache(maxsize=64)
def library(folder: Path) -> dict[str, dict]:
    """Rows of the BOOKS.tsv in `folder` by their `id`, which is a file's name without suffix.

    An empty dict where there is no such file. Raises Malformed where it has no `id` column.
    """
    table = folder / "BOOKS.tsv"
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    if rows and "id" not in rows[0]:
        raise Malformed(f"{table.name} has no column 'id'")
    return {row["id"]: row for row in rows}


def _title_of_repository(repository: str) -> str:
    """`GITenberg/A-Book-of-Operas_5724` -> `A Book of Operas`."""
    name = re.sub(r"_\d+$", "", repository.rpartition("/")[2])
    return re.sub(r"-+", " ", name).strip()


# --- files -------------------------------------------------------------------------------------


@contextmanager
def _open(path: Path, settings: SourceSettings) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            stream: BinaryIO = gzip.GzipFile(fileobj=raw)
        elif path.suffix == ".zst":
            stream = zstandard.ZstdDecompressor().stream_reader(raw)
        else:
            stream = raw
        yield io.BufferedReader(_Limited(stream, settings.largest_file_bytes), 1 << 16)


class _Limited(io.RawIOBase):
    """A stream that refuses to hand out more than `limit` bytes (a decompression bomb)."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self.stream, self.left, self.limit = stream, limit, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        chunk = self.stream.read(len(buffer))
        self.left -= len(chunk)
        if self.left < 0:
            raise Malformed(f"holds more than {self.limit} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _reason(error: Exception) -> str:
    if isinstance(error, Malformed):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"damaged compression: {error}" if str(error) else type(error).__name__


def _excerpt(line: bytes | None) -> str:
    return (line or b"")[:EXCERPT].decode("utf-8", errors="replace")
