"""Duplicates side by side: the dropped copy, the kept document, and the words that differ."""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from mucpt_utils.pipeline.outcome.excerpts import Excerpt, Piece, pieces_of
from mucpt_utils.pipeline.outcome.sampling import Place, first_of, origin_of

COMPARED = 6000  # characters that are compared
ALIGNED = 500  # words that are aligned
WORD = re.compile(r"\S+\s*")
BEFORE = 25  # words shown before the first difference


class Pair(NamedTuple):
    """A dropped copy and the document that was kept; `first` is None if that is gone since."""

    reason: str
    copy_id: str
    first_id: str
    similarity: float | None
    work: str
    copy: Excerpt
    first: Excerpt | None
    first_fate: str

    @property
    def are_equal(self) -> bool:
        """Whether the texts shown are equal word for word."""
        return self.first is not None and not any(p.kind == "mark" for p in self.copy.pieces)


def pair_of(row: Mapping, places: Mapping[str, Place], length: int) -> Pair:
    """A rejected duplicate beside its original. places: of the originals, by their origin."""
    detail = row["detail"]
    origin = first_of(detail)
    first = places[origin].row() if origin in places else None
    copy, other = sides(row["text"], first["text"] if first else None, length)
    return Pair(
        row["reason"],
        shown_id(str(row["id"]), origin_of(row)),
        shown_id(str(detail.get("duplicate_of", "")), origin),
        detail.get("similarity"),
        str(detail.get("work", "")),
        copy,
        other,
        fate(first),
    )


def shown_id(identifier: str, origin: str) -> str:
    """An identifier, with the place of the document if that is another name."""
    return identifier if identifier == origin else f"{identifier} ({origin})"


def fate(first: Mapping | None) -> str:
    """What later became of the document whose copy was dropped."""
    if first is None:
        return "its text is not found in the output"
    return f"dropped later: {first['reason']}" if "reason" in first else ""


def sides(copy: str, first: str | None, length: int) -> tuple[Excerpt, Excerpt | None]:
    """Both texts, starting shortly before their first difference, with differing words marked."""
    masked_copy = masked(copy)
    if first is None:
        return cut(words_with_marks(WORD.findall(masked_copy), set()), 0, length), None
    one, other = (WORD.findall(text)[:ALIGNED] for text in (masked_copy, masked(first)))
    codes = SequenceMatcher(
        None, [w.strip() for w in one], [w.strip() for w in other], autojunk=False
    ).get_opcodes()
    changes = [code for code in codes if code[0] != "equal"]
    in_copy = {i for _, start, end, _, _ in changes for i in range(start, end)}
    in_first = {i for _, _, _, start, end in changes for i in range(start, end)}
    from_copy, from_first = (changes[0][1], changes[0][3]) if changes else (0, 0)
    back = min(BEFORE, from_copy, from_first)
    return (
        cut(words_with_marks(one, in_copy), from_copy - back, length),
        cut(words_with_marks(other, in_first), from_first - back, length),
    )


def masked(text: str) -> str:
    """The beginning of a text without personal data."""
    end = min(len(text), COMPARED)
    return "".join(piece.text for piece in pieces_of(text, 0, end, ()))


def words_with_marks(words: Iterable[str], differing: set[int]) -> list[Piece]:
    """A piece for each word."""
    return [Piece(word, "mark" if number in differing else "") for number, word in enumerate(words)]


def cut(words: list[Piece], start: int, length: int) -> Excerpt:
    """About `length` characters of the words from `start`; equal neighbours are joined."""
    pieces: list[Piece] = []
    end, shown = start, 0
    while end < len(words) and shown < length:
        word = words[end]
        if pieces and pieces[-1].kind == word.kind:
            word = Piece(pieces.pop().text + word.text, word.kind)
        pieces.append(Piece(word.text[: length + COMPARED], word.kind))
        shown += len(words[end].text)
        end += 1
    return Excerpt(pieces, start > 0, end < len(words))
