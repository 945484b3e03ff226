"""Relations: how each is asked about and stated, and what kind of answer it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_yaml

WORDINGS = (
    paths.PACKAGE / "text/wordings/relations_music.yaml",
    paths.PACKAGE / "text/wordings/relations_general.yaml",
)
ANSWER_TYPES = ("person", "group", "title", "place", "date", "year", "number", "term")
KEYS = {"label", "answer_type", "questions", "statements"}


class RelationError(MuCPTError, ValueError):
    """Wordings that are malformed; the message names the file and the relation."""


@dataclass(frozen=True)
class Relation:
    """Wordings of a relation; `{s}` stands for the subject and `{o}` for the object.

    `label` names the metadata field; each fact is asked by one of `questions`, chosen by its id.
    """

    id: str
    label: str
    answer_type: str
    questions: tuple[str, ...]
    statements: tuple[str, ...]

    @classmethod
    def from_yaml(cls, name: str, cells: Mapping[str, Any]) -> "Relation":
        """The relation of that name.

        Raises RelationError for an unknown answer type, a missing key, or a wording without its
        placeholder.
        """
        if set(cells) != KEYS:
            raise RelationError(f"keys are {sorted(cells)}; wanted: {sorted(KEYS)}")
        answer_type, allowed = cells["answer_type"], ", ".join(ANSWER_TYPES)
        if answer_type not in ANSWER_TYPES:
            raise RelationError(f"answer_type is {answer_type!r}; allowed: {allowed}")
        for wording in cells["questions"]:
            if "{s}" not in wording or "{o}" in wording:
                raise RelationError(f"a question needs {{s}} and no {{o}}: {wording!r}")
        for wording in cells["statements"]:
            if "{s}" not in wording or "{o}" not in wording:
                raise RelationError(f"a statement needs {{s}} and {{o}}: {wording!r}")
        questions, statements = tuple(cells["questions"]), tuple(cells["statements"])
        return cls(name, cells["label"], answer_type, questions, statements)


def load_relations(files: tuple[Path, ...] = WORDINGS) -> dict[str, Relation]:
    """The wordings of every relation, by its name.

    Raises RelationError, which names the file and the relation that `Relation.from_yaml` refuses.
    """
    relations: dict[str, Relation] = {}
    for file in files:
        for name, cells in read_yaml(file).items():
            try:
                relations[name] = Relation.from_yaml(name, cells)
            except RelationError as error:
                raise RelationError(f"{file.name}: {name}: {error}") from None
    return relations
