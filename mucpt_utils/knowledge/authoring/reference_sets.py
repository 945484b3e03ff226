"""Reference facts made by others, read from a folder where it is present.

Each reader turns one published set into ReferenceFact rows. Nothing of these sets is copied into
the project: they only serve to check its own tables (mucpt_utils.knowledge.authoring.checks).
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mucpt_utils.errors import MuCPTError
from mucpt_utils.io import read_json, read_jsonl
from mucpt_utils.knowledge.authoring.names import catalogue_numbers, key_name, work_names

QUESTIONS = {
    # EntityQuestions (Sciavolino et al., EMNLP 2021), by Wikidata property
    "P175": (r"Who performed (.+)\?", ("album.artist", "song.artist")),
    "P264": (r"What music label is (.+) represented by\?", ("album.label",)),
    "P136": (r"What type of music does (.+) play\?", ("artist.genre",)),
    "P19": (r"Where was (.+) born\?", ("artist.birthplace",)),
    "P36": (r"What is the capital of (.+)\?", ("country.capital",)),
    "P50": (r"Who is the author of (.+)\?", ("book.author",)),
    "P17": (r"Which country is (.+) located in\?", ("landmark.country",)),
}
POPQA_QUESTIONS = (
    # PopQA (Mallen et al., ACL 2023)
    (r"What is the capital of (.+)\?", ("country.capital",)),
    (r"Who is the author of (.+)\?", ("book.author",)),
    (r"What genre is (.+)\?", ("artist.genre",)),
    (r"In what city was (.+) born\?", ("artist.birthplace",)),
    (r"In what country is (.+)\?", ("landmark.country",)),
    (r"Who was the composer of (.+)\?", ("classical.composer", "opera.composer", "song.writer")),
    (r"Who was the producer of (.+)\?", ("album.producer",)),
)
WORKS = ("classical", "opera")
# words of a description that point to a family of instruments
FAMILY_HINTS = {
    "bowed string": r"bowed|fiddle|violin|\bviols?\b|cello",
    "plucked string": r"pluck|lute|zither|guitar|harp\b|mandolin|banjo|lyre",
    "struck string": r"hammered|dulcimer|struck",
    "woodwind": r"woodwind|flute|clarinet|oboe|bassoon|reed|pipes?\b|saxophone|wind instrument",
    "brass": r"brass|trumpet|horn\b|tuba|bugle|lip",
    "percussion": r"percussi|drum|cymbal|bell|xylophone|idiophone|gong|struck|lamellophone|thumb",
    "keyboard": r"keyboard|piano|organ|harpsichord|clavi",
    "electronic": r"electr|synth|oscillat",
    "free reed": r"free[- ]reed|accordion|harmonica|concertina|reed organ|reeds",
}


FIRST_WORK = 5  # years of age before which nobody finished a work
MOST_SHOWN = 8  # objects that are shown to a person one by one


class NoReferences(MuCPTError, FileNotFoundError):
    """The folder of reference sets does not exist."""


@dataclass(frozen=True)
class ReferenceFact:
    """What a reference set says: any of `objects` is right for a subject with one of `names`.

    `maker` narrows the subjects to works by that person or group; without `names` it means all
    of the maker's works.
    """

    source: str
    relation: str
    names: tuple[str, ...]
    objects: tuple[str, ...]
    maker: str = ""

    @property
    def shown(self) -> str:
        """The objects as text for a person to read."""
        if len(self.objects) > MOST_SHOWN:
            return f"{self.objects[0]} to {self.objects[-1]}"
        return "; ".join(self.objects)


def read_reference_facts(folder: Path) -> list[ReferenceFact]:
    """Every reference fact under `folder`; a set that is not there is left out.

    Raises NoReferences where the folder itself is missing.
    """
    if not folder.is_dir():
        raise NoReferences(f"no reference facts: {folder} is not a folder")
    return [fact for reader in READERS for fact in reader(folder)]


def entity_questions(folder: Path) -> Iterator[ReferenceFact]:
    """EntityQuestions: files `P175.train.json`, a list of {question, answers}."""
    for path in sorted((folder / "entityquestions").glob("P*.json")):
        code = path.name.split(".")[0]
        if code in QUESTIONS:
            for row in read_json(path):
                answers = tuple(row["answers"])
                yield from asked("EntityQuestions", *QUESTIONS[code], row["question"], answers)


def popqa(folder: Path) -> Iterator[ReferenceFact]:
    """PopQA: a list of {input, output}, the output being a JSON list of accepted answers."""
    for path in sorted((folder / "popqa_dev").glob("*.json")):
        for row in read_json(path):
            answers = tuple(json.loads(row["output"]))
            for pattern, relations in POPQA_QUESTIONS:
                yield from asked("PopQA", pattern, relations, row["input"], answers)


def asked(
    source: str, pattern: str, relations: tuple[str, ...], question: str, answers: tuple[str, ...]
) -> Iterator[ReferenceFact]:
    """A fact of each relation where the question has the form of the pattern."""
    if match := re.fullmatch(pattern, question):
        for relation in relations:
            yield ReferenceFact(source, relation, (match[1],), answers)


def open_opus(folder: Path) -> Iterator[ReferenceFact]:
    """Open Opus: composers with their lives, works with key and catalogue in the title.

    A work can date from the composer's fifth birthday to the composer's death.
    """
    base = folder / "openopus_subset"
    for path in base.glob("composerData.json"):
        for composer in read_json(path):
            if composer["birth"] and composer["death"]:
                first, last = int(composer["birth"][:4]) + FIRST_WORK, int(composer["death"][:4])
                years = tuple(str(year) for year in range(first, last + 1))
                for category in WORKS:
                    name, relation = composer["complete_name"], f"{category}.year"
                    yield ReferenceFact("Open Opus", relation, (), years, maker=name)
    for path in sorted([*base.glob("workData.json"), *base.glob("popular.json")]):
        for work in read_json(path):
            yield from facts_of_work("Open Opus", work["title"], work["composer"])


def facts_of_work(
    source: str, title: str, composer: str, marks: str = ""
) -> Iterator[ReferenceFact]:
    """Composer, key and catalogue number of a work, as far as its title and `marks` tell."""
    names = work_names(title)
    for category in WORKS:
        yield ReferenceFact(source, f"{category}.composer", names, (composer,))
    if key := key_name(title):
        yield ReferenceFact(source, "classical.key", names, (key,), maker=composer)
    if catalogue_numbers(f"{title} {marks}"):
        text = f"{title} {marks}".strip()
        yield ReferenceFact(source, "classical.catalogue", names, (text,), maker=composer)


def mutopia(folder: Path) -> Iterator[ReferenceFact]:
    """Mutopia: the headers of engraved scores, one JSON object per line."""
    for path in sorted((folder / "mutopia_headers").glob("*.jsonl")):
        for row in read_jsonl(path):
            composer = row.get("composer", "").strip()
            marks = row.get("opus") or row.get("mutopiaopus") or ""
            for title in {row.get("title", ""), row.get("mutopiatitle", "")}:
                if composer and title.strip():
                    yield from facts_of_work("Mutopia", title.strip(), composer, marks)


def musicbrainz(folder: Path) -> Iterator[ReferenceFact]:
    """MusicBrainz instruments: the families that a description's first sentences point to."""
    for path in sorted((folder / "musicbrainz_instruments").glob("*.json")):
        for row in read_json(path):
            text = f"{row['name'][0]} {row['description'][:400]}".lower()
            hints = (name for name, words in FAMILY_HINTS.items() if re.search(words, text))
            if families := tuple(hints):
                names = tuple(row["name"])
                yield ReferenceFact("MusicBrainz", "instrument.family", names, families)


def classic_rock(folder: Path) -> Iterator[ReferenceFact]:
    """FiveThirtyEight's classic rock list: song, artist and, where known, year of release."""
    source = "Classic rock list"
    for path in sorted((folder / "fivethirtyeight_classic_rock").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                names, artist = (row["Song Clean"],), row["ARTIST CLEAN"]
                year = row["Release Year"].strip()
                yield ReferenceFact(source, "song.artist", names, (artist,))
                if re.fullmatch(r"\d{4}", year):
                    yield ReferenceFact(source, "song.year", names, (year,), artist)


READERS: tuple[Callable[[Path], Iterator[ReferenceFact]], ...] = (
    entity_questions,
    popqa,
    open_opus,
    mutopia,
    musicbrainz,
    classic_rock,
)
