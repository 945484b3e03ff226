"""Four sets of labelled passages, each of kinds of text that the three others do not hold.

encyclopaedia: articles of two encyclopaedias, each with a label of its own. personal: memoirs,
essays, poetry, drama, travel; a partly musical book by chapter. technical: documentation of music
software and instruments, of Python and of its packages. books: textbooks, speeches, abstracts and
treatises. Composers' letters are in none: a letter of Mozart's about a coach is a passage of a book
on music and not about music, and nobody has labelled them one by one.
"""

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from pydoc_data.topics import topics
from typing import NamedTuple

from mucpt_utils.pipeline.domain.training import Example
from mucpt_utils.text.sources.passages import passages as cut
from stages.common import data, passages

# of one work (a book, a manual), so that none outweighs the others
MOST_OF_A_WORK = 60
SHORTEST = 25  # words of a passage
ENCYCLOPAEDIA, PERSONAL, TECHNICAL, BOOKS = "encyclopaedia", "personal", "technical", "books"
KINDS = (ENCYCLOPAEDIA, PERSONAL, TECHNICAL, BOOKS)
# books of Gutenberg's that are no treatises: memoirs, sayings, talks with musicians, travel
PERSONAL_BOOKS = {"16459", "3528", "4042", "15604", "15535", "20203", "3176"}
LETTERS = {"13065", "3689", "5307"}
# volume 1 of Niecks's Chopin stands inside the complete edition
COPIES = {"4681"}
TECHNICAL_SOURCES = {"mutable_instruments_docs", "musicbrainz_docs"}


class Work(NamedTuple):
    """A text with one label: a book, an article, a chapter, a page of a manual."""

    kind: str
    source: str
    group: str
    in_domain: bool
    passages: Sequence[str]


class Labelled(NamedTuple):
    """A passage with its kind; `example` is what a classifier learns from."""

    kind: str
    example: Example


@cache
def labelled() -> tuple[Labelled, ...]:
    """Every passage of the four sets, at most MOST_OF_A_WORK of a work, in a fixed order."""
    return tuple(
        Labelled(work.kind, Example(text, work.in_domain, work.group, work.source))
        for work in works()
        for text in drawn([p for p in work.passages if len(p.split()) >= SHORTEST])
    )


def drawn(texts: Sequence[str]) -> list[str]:
    """At most MOST_OF_A_WORK of them, by the hash of their text."""
    return sorted(texts, key=lambda t: hashlib.sha256(t.encode()).digest())[:MOST_OF_A_WORK]


def works() -> Iterator[Work]:
    """Every work of the four sets."""
    yield from files_of_sources()
    yield from britannica()
    yield from wikipedia()
    yield from chapters("3673", IVES, {"I--Prologue", "VI--Epilogue"})
    yield from chapters("408", SOULS, {"Of the Sorrow Songs"})
    yield from speeches()
    yield from texinfo()
    yield from python_documentation()


# --- files with one label -------------------------------------------------------------------------


def files_of_sources() -> Iterator[Work]:
    """Books and pages with the label of their library class, or else of their folder."""
    of_file: dict[tuple[bool, str, str], list[str]] = {}
    for lane, in_domain in (("music_prose", True), ("general_prose", False)):
        for document in passages(lane):
            if document.metadata.get("library_label") != "mixed":
                source = document.metadata["source"]
                name = Path(document.metadata.get("file", source)).name.split(".")[0]
                of_file.setdefault((in_domain, source, name), []).append(document.text)
    for (in_domain, source, name), texts in of_file.items():
        if source != "wikitext2_valid" and name not in LETTERS | COPIES:
            book = source.startswith("gutenberg")
            # pages of one manual err together as passages of one book do
            group = name if book else source
            yield Work(kind_of(source, name), source, group, in_domain, texts)


def kind_of(source: str, name: str) -> str:
    """The set that a file belongs to."""
    if source in TECHNICAL_SOURCES:
        return TECHNICAL
    return PERSONAL if source == "gutenberg_hard" or name in PERSONAL_BOOKS else BOOKS


def speeches() -> Iterator[Work]:
    """Speeches of presidents, each group an archive of them."""
    for archive in sorted(data("general_prose", "us_presidential_speeches").glob("*.zip")):
        with zipfile.ZipFile(archive) as files:
            for name in sorted(n for n in files.namelist() if n.endswith(".txt")):
                text = files.read(name).decode("utf-8", errors="replace")
                yield Work(BOOKS, "us_presidential_speeches", archive.stem, False, cut(text))


# --- partly musical works -------------------------------------------------------------------------

ARTICLE = re.compile(
    r"^(?=[^\W\d_a-zß-ÿ][^\W\d_a-zß-ÿ'’-]+(?: [^\W\d_a-zß-ÿ][^\W\d_a-zß-ÿ'’-]*)* ?[,(\[])",
    re.MULTILINE,
)
ABOUT_MUSIC = re.compile(
    r"\b(?:music|musical|musician|composer|violin\w*|pianist|piano\w*|organist|harpsichord|singer"
    r"|mezzo|soprano|stringed instruments|song by|blues song|concert tour|studio album)\b",
    re.IGNORECASE,
)
OPENING_WORDS = 40
# a court case about a singer is neither
UNLABELLED = re.compile(r"\bcourt case\b")
IVES = re.compile(r"^(?=I--Prologue|II--Emerson|III--Hawthorne|IV--|V--Thoreau|VI--Epilogue)", re.M)
SOULS = re.compile(r"^[IVX]+\s*\n(?=Of )", re.MULTILINE)


def is_about_music(article: str) -> bool:
    """Whether the first words of an encyclopaedia's article name music as its subject."""
    return bool(ABOUT_MUSIC.search(" ".join(article.split()[:OPENING_WORDS])))


def articles(parts: Sequence[str], source: str, group: Callable[[str], str]) -> Iterator[Work]:
    """Articles, each with the label of its first words."""
    for part in parts:
        if len(part.split()) >= SHORTEST and not UNLABELLED.search(part[:400]):
            yield Work(ENCYCLOPAEDIA, source, group(part), is_about_music(part), cut(part))


def britannica() -> Iterator[Work]:
    """Articles of a slice of the eleventh Britannica."""
    text = data("general_prose", "gutenberg_mixed", "39632.txt").read_text(encoding="utf-8")
    parts = ARTICLE.split(text[text.index("HARMONY (Gr.") :])
    yield from articles(parts, "britannica", lambda part: f"britannica {part[:30]}")


def wikipedia() -> Iterator[Work]:
    """Articles of wikitext, with its signs for unknown words and for hyphens taken back."""
    text = data("general_prose", "wikitext2_valid", "valid.txt").read_text(encoding="utf-8")
    text = text.replace(" @-@ ", "-").replace(" @,@ ", ",").replace(" @.@ ", ".")
    text = text.replace("<unk>", "").replace("\n", "\n\n")
    parts = re.split(r"^ = [^=].*? = $", text, flags=re.MULTILINE)[1:]
    yield from articles(parts, "wikipedia", lambda part: f"wikipedia {part.strip()[:30]}")


def chapters(book: str, heading: re.Pattern, musical: set[str]) -> Iterator[Work]:
    """Chapters of a partly musical book; `musical` names the beginnings of those about music."""
    text = data("general_prose", "gutenberg_mixed", f"{book}.txt").read_text(encoding="utf-8")
    for part in heading.split(text)[1:]:
        title = part.lstrip().partition("\n")[0].strip()
        yield Work(PERSONAL, f"chapters of {book}", f"{book} {title}", title in musical, cut(part))


# --- documentation --------------------------------------------------------------------------------

LILYPOND_MANUALS = {"notation", "learning", "essay"}
TEXINFO_COMMAND = re.compile(r"@(?:c|node|ignore|lilypond|cindex|ref|rlearning)\b.*|@\w+|[{}]")


def texinfo() -> Iterator[Work]:
    """Manuals of LilyPond, which engraves music: those for who writes music with it."""
    for path in sorted(data("music_prose", "lilypond_docs").rglob("*tely")):
        if path.parent.name in LILYPOND_MANUALS:
            text = TEXINFO_COMMAND.sub("", path.read_text(encoding="utf-8", errors="replace"))
            yield Work(TECHNICAL, "lilypond_docs", "lilypond_docs", True, drawn(cut(text))[:10])


def python_documentation() -> Iterator[Work]:
    """Help pages of Python and the descriptions that installed packages bring with them."""
    for name in sorted(topics):
        yield Work(TECHNICAL, "python_help", f"help {name}", False, cut(topics[name]))
    for package in sorted(metadata.distributions(), key=lambda d: d.metadata["Name"].lower()):
        name = package.metadata["Name"].lower()
        about = package.metadata.get_payload() or package.metadata.get("Description") or ""
        if not name.startswith("mucpt"):
            yield Work(TECHNICAL, "package_pages", f"package {name}", False, cut(str(about))[:10])
