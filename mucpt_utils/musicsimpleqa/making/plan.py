"""The plan of the benchmark: which facts are asked about, and how a fact becomes a question."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import FileError, read_yaml
from mucpt_utils.knowledge.facts import Fact
from mucpt_utils.knowledge.relations import Relation
from mucpt_utils.musicsimpleqa.questions import SPLITS

PLAN = paths.PACKAGE / "musicsimpleqa/making/plan.yaml"
SELECTION = paths.ROOT / "data_cards/musicsimpleqa/selection.csv"


class PlanError(MuCPTError, ValueError):
    """A selection of unknown or forbidden facts, or questions that the linter refuses."""


class Selected(NamedTuple):
    """One fact that is asked about: its split, and its part of the benchmark."""

    split: Literal["dev", "test"]
    part: str
    fact: str


class Award(BaseModel):
    """Wordings for one kind of award, known by a word of its name."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    names: tuple[str, ...] = Field(description="words of the award's name")
    winner: tuple[str, ...] = Field(alias="award.winner", description="asks for the work")
    performer: tuple[str, ...] = Field(alias="award.performer", description="asks for its maker")


class Plan(BaseModel):
    """How facts become questions (plan.yaml)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    awards: tuple[Award, ...] = Field((), description="wordings by the kind of award")
    worded: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        alias="wordings",
        description="relation -> wordings in place of its own",
    )
    reworded: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="fact id -> its question, then its paraphrases"
    )
    not_accepted: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="answer -> aliases that do not hold here"
    )
    also_accepted: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="fact id -> other forms of its key that are right"
    )
    persons: tuple[str, ...] = Field(
        (), description="persons whom the fact tables do not show to be persons"
    )
    not_asked: dict[str, str] = Field(default_factory=dict, description="relation -> why not")
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="relation -> the answers that are asked for"
    )
    dropped: dict[str, str] = Field(default_factory=dict, description="fact id -> why dropped")

    def wordings(self, fact: Fact, relation: Relation) -> tuple[str, ...]:
        """The wordings for a question about a fact: its own, its award's, the plan's for its
        relation, its relation's."""
        if fact.id in self.reworded:
            return self.reworded[fact.id]
        column = fact.relation.split(".")[1]
        for award in self.awards if fact.category == "award" else ():
            if column != "country" and any(name in fact.subject for name in award.names):
                return award.winner if column == "winner" else award.performer
        return self.worded.get(fact.relation, relation.questions)

    def accepted(self, fact: Fact) -> tuple[str, ...]:
        """The aliases that are right answers to the question about a fact."""
        refused = self.not_accepted.get(fact.object, ())
        own = tuple(alias for alias in fact.aliases if alias not in refused)
        return (*own, *self.also_accepted.get(fact.id, ()))

    def forbids(self, fact: Fact) -> str:
        """Why a fact must not be asked about; "" if it may."""
        if fact.object not in self.only.get(fact.relation, (fact.object,)):
            return f"{fact.relation} is asked for {', '.join(self.only[fact.relation])} only"
        return self.not_asked.get(fact.relation, "") or self.dropped.get(fact.id, "")


def load_plan(path: Path = PLAN) -> Plan:
    """The committed plan, or another one. Raises FileError, which names file and setting."""
    try:
        return Plan.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(map(str, first["loc"]))
        raise FileError(f"{path}: {setting}: {first['msg']}") from None


def load_selection(path: Path = SELECTION) -> list[Selected]:
    """The facts that are asked about, in the order of the file.

    Raises FileError, which names file and line, for other columns or an unknown split.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows, start=2):
        if set(row) != set(Selected._fields) or row["split"] not in SPLITS or not all(row.values()):
            raise FileError(f"{path}:{number}: a row is split (dev or test), part, fact")
    return [Selected(**cast(Mapping, row)) for row in rows]
