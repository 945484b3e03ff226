"""How well known the subjects are, by the counts of published tables that have them.

    python -m mucpt_utils questions strata --write    # to data_cards/musicsimpleqa/strata.csv

Only this needs the reference tables; all else reads what is committed. Two tables count: plays of a
song on classic-rock stations (FiveThirtyEight) and page views (PopQA). Airplay of one format shows
that a song is popular, never that it is not. An award counts as its winner, not as its prize.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mucpt_utils import paths
from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json
from mucpt_utils.knowledge.authoring.names import name_key
from mucpt_utils.knowledge.authoring.tables import write_csv
from mucpt_utils.knowledge.facts import Fact, by_subject

STRATA = paths.ROOT / "data_cards/musicsimpleqa/strata.csv"
JUDGED = "judgement of the authors"
# counts, and the number from which a subject is popular
PLAYS = ("plays on classic-rock stations (FiveThirtyEight)", 10)
VIEWS = ("page views a month (PopQA)", 5000)
ACTS = ("album.artist", "song.artist", "award.performer", "award.winner")


class NoTables(MuCPTError, FileNotFoundError):
    """The reference tables are missing."""


class Stratum(NamedTuple):
    """How well known a subject is, by which count."""

    subject: str
    stratum: str
    source: str
    counted: str = ""


class Counts(NamedTuple):
    """What the tables count: plays by (song, act), page views by name."""

    plays: Mapping[tuple[str, str], int]
    views: Mapping[str, int]


def load_strata() -> dict[str, Stratum]:
    """The committed strata, by subject; other subjects' strata are judgements."""
    with STRATA.open(encoding="utf-8", newline="") as stream:
        return {row["subject"]: Stratum(**row) for row in csv.DictReader(stream)}


def read_counts(folder: Path) -> Counts:
    """The counts of the reference tables. Raises NoTables if the folder is missing."""
    if not folder.is_dir():
        raise NoTables(f"no reference tables at {folder}")
    plays: Counter[tuple[str, str]] = Counter()
    songs = folder / "fivethirtyeight_classic_rock/classic-rock-song-list.csv"
    with songs.open(encoding="utf-8", errors="replace", newline="") as stream:
        for row in csv.DictReader(stream):
            key = name_key(row["Song Clean"]), name_key(row["ARTIST CLEAN"])
            plays[key] += int(row["PlayCount"])
    views: dict[str, int] = {}
    for row in read_json(folder / "popqa_dev/popqa_dev.json"):
        if match := re.match(r"What genre is (.+)\?", row["input"]):
            views[name_key(match[1])] = row["s_pop"]
    return Counts(plays, views)


def counted(facts: Sequence[Fact], counts: Counts) -> Stratum | None:
    """The stratum of one subject by the table that has it; None if none can tell.

    facts: all facts about the subject.
    """
    subject, category = facts[0].subject, facts[0].category
    if category == "artist" and (views := counts.views.get(name_key(subject), 0)):
        level = "popular" if views >= VIEWS[1] else "less_popular"
        return Stratum(subject, level, VIEWS[0], str(views))
    acts = [name_key(fact.object) for fact in facts if fact.relation == "song.artist"]
    plays = max((counts.plays.get((name_key(subject), act), 0) for act in acts), default=0)
    if plays >= PLAYS[1]:
        return Stratum(subject, "popular", PLAYS[0], str(plays))
    return None


def popular_names(facts: Iterable[Fact]) -> set[str]:
    """Popular subjects of the fact tables except awards, and their makers."""
    popular = [f for f in facts if f.popularity == "popular" and f.category != "award"]
    names = {name_key(fact.subject) for fact in popular}
    return names | {name_key(fact.object) for fact in popular if fact.relation in ACTS}


def measure(facts: Sequence[Fact], counts: Counts) -> list[Stratum]:
    """The strata that the tables give, and those of awards, by their winners.

    An award is popular if its winner, or the winner's maker, is popular in the fact tables.
    """
    known, strata = popular_names(facts), []
    for subject, group in by_subject(facts).items():
        if stratum := counted(group, counts):
            strata.append(stratum)
        elif group[0].category == "award":
            winners = {name_key(fact.object) for fact in group if fact.relation in ACTS}
            level = "popular" if winners & known else "less_popular"
            strata.append(Stratum(subject, level, f"{JUDGED}, of the winner"))
    return strata


def record_strata(facts: Sequence[Fact], folder: Path) -> list[Stratum]:
    """Write strata.csv from the reference tables in `folder`."""
    strata = measure(facts, read_counts(folder))
    write_csv(STRATA, Stratum._fields, strata)
    return strata
