"""Facts: one true statement each, as the data cards hold them.

`python -m mucpt_utils facts build` writes them from the sources (`knowledge.authoring`).
"""

import dataclasses
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_jsonl

FACTS = {
    "music": "data_cards/music_facts/facts.jsonl",
    "general": "data_cards/general_facts/facts.jsonl",
}
DOMAINS = tuple(FACTS)
POPULARITY = ("popular", "less_popular")
# in every line of facts and questions, so that a training corpus can be searched for it
CANARY = "MusicSimpleQA canary 0c4f7f0e-5b0a-4c60-9d0f-2a6d5d1f7e83: keep out of training corpora"
# relations whose lists name some of the objects, not all of them: never asked about
OPEN_LISTS = frozenset({"artist.member"})


class FactError(MuCPTError, ValueError):
    """An unknown domain, or a row that is not a fact."""


class NoFacts(MuCPTError, FileNotFoundError):
    """Facts that nobody has built yet."""


@dataclass(frozen=True)
class Fact:
    """One true statement: `subject` has `object` for `relation` (`category.column`).

    `aliases` are other forms of the object, `subject_aliases` of the subject; `popularity`, one of
    POPULARITY, is that of the subject; `valid_as_of` is an ISO date, `reference` a web page.
    """

    id: str
    subject: str
    relation: str
    object: str
    aliases: tuple[str, ...]
    popularity: str
    valid_as_of: str
    reference: str
    category: str
    domain: str
    subject_aliases: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, row: dict) -> "Fact":
        """The fact from the row that `as_json` gives, with or without the canary.

        Raises FactError if the fields are not a fact's.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        if set(row) - {"canary"} != fields:
            raise FactError(f"not a fact: its fields are {', '.join(sorted(fields))}")
        cells: dict[str, Any] = {
            name: tuple(row[name]) if isinstance(row[name], list) else row[name] for name in fields
        }
        return cls(**cells)

    def as_json(self) -> dict:
        """The row of a facts file: every field, then the canary."""
        return {**dataclasses.asdict(self), "canary": CANARY}


def facts_file(domain: str) -> Path:
    """The file of a domain's facts. Raises FactError for an unknown domain."""
    if domain not in FACTS:
        raise FactError(f"domain is {domain!r}; allowed: {', '.join(DOMAINS)}")
    return paths.ROOT / FACTS[domain]


def load_facts(domain: str, path: Path | None = None) -> list[Fact]:
    """The committed facts of a domain ('music' or 'general'); `path` names another file.

    Raises NoFacts, which says how to build them, and FactError or FileError, which name the file
    and the row that is not a fact.
    """
    path = path or facts_file(domain)
    if not path.exists():
        raise NoFacts(f"{path} is missing; `python -m mucpt_utils facts build` writes it")
    facts = []
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            facts.append(Fact.from_json(row))
        except FactError as error:
            raise FactError(f"{path}, row {number}: {error}") from None
    return facts


def by_subject(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    """Facts grouped by subject; subjects and facts in the order in which they come."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.subject].append(fact)
    return dict(groups)


def askable(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that can be asked about with a single right answer.

    Their (subject, relation) has exactly one object; OPEN_LISTS are never asked about.
    """
    facts = list(facts)
    objects = Counter((fact.subject, fact.relation) for fact in facts)
    return [
        fact
        for fact in facts
        if objects[fact.subject, fact.relation] == 1 and fact.relation not in OPEN_LISTS
    ]


def fold(text: str) -> str:
    """The text case-folded and without accents: `Dvořák` gives `dvorak`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def slug(text: str) -> str:
    """Lower-case letters and digits joined by hyphens; code points if nothing else is left.

    `Sigur Rós` gives `sigur-ros`, `!!!` gives `u21-u21-u21`.
    """
    words = re.findall(r"[^\W_]+", fold(text).replace("'", "").replace("’", ""))
    return "-".join(words) or "-".join(f"u{ord(char):x}" for char in text)
