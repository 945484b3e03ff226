"""Reference facts made by others, read from a folder where it is present.

Each reader turns one published set into ReferenceFact rows. Nothing of these sets is copied into
the project: they only judge its own tables (mucpt_utils.knowledge.authoring.checks).
"""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
LEADING_ARTICLE = re.compile(r"^(?:the|an|a(?! (?:major|minor)$)) (?=\w)")
ACCIDENTALS = {"♯": "sharp", "#": "sharp", "♭": "flat"}
WORKS = ("classical", "opera")
FORMS = ("concerto", "symphony", "sonata", "quartet", "quintet", "trio", "mass", "overture")
SCHEMES = {"opus": "op", "o": "op", "kv": "k", "hoboken": "hob"}
CATALOGUE = re.compile(
    r"\b(opus|op|o|bwv|kv|k|hwv|d|hoboken|hob|rv|s|woo|m|sv|wab|trv|p|sz)\b[. ]*"
    r"([ivx]+[a-z]?:)?(\d+[a-z]?)(?:(?:,? *(?:no|nr|n°)[. ]*|/)(\d+))?",
    re.IGNORECASE,
)
KEY = re.compile(r"\bin ([A-G])(?:[ -]?(sharp|flat)|([♯♭]))?[ -](major|minor)\b", re.IGNORECASE)
PLAIN_KEY = re.compile(KEY.pattern.removeprefix(r"\bin "), re.IGNORECASE)
# words of a description that speak for a family of instruments
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
        """The objects for a person to read."""
        if len(self.objects) > 8:
            return f"{self.objects[0]} to {self.objects[-1]}"
        return "; ".join(self.objects)


def fold(text: str) -> str:
    """Case folded, accents dropped: `Dvořák` gives `dvorak`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def name_key(text: str, keep_article: bool = False) -> str:
    """What two spellings of one name share: case, accents, signs, leading article dropped.

    `C♯ minor` and `C-sharp minor` are one key; a name of signs only (`!!!`) stays as it is.
    """
    plain = re.sub(r"['’‘`]", "", fold(text).replace("&", " and "))
    plain = re.sub(r"\b([a-g])([♯♭#])", lambda m: f"{m[1]} {ACCIDENTALS[m[2]]} ", plain)
    if not keep_article:
        plain = LEADING_ARTICLE.sub("", plain)
    return " ".join(re.findall(r"[^\W_]+", plain)) or fold(text).strip()


def surname(name: str) -> str:
    """The family name as compared: `J. S. Bach (1685-1750)` gives `bach`."""
    bare = re.sub(r"\(.*|,.*", "", name)
    words = [w for w in name_key(bare).split() if w not in ("i", "ii", "jr", "sr", "bartholdy")]
    return words[-1] if words else ""


def catalogue_numbers(text: str) -> set[tuple[str, str, str]]:
    """(scheme, number, number within) of each catalogue mark: `Op. 27, No. 2` is (op, 27, 2)."""
    numbers = set()
    for scheme, series, number, within in CATALOGUE.findall(text):
        name = SCHEMES.get(scheme.lower(), scheme.lower())
        numbers.add((name, (series + number).lower(), within))
    return numbers


def key_name(text: str, plain: bool = False) -> str | None:
    """The first key in a title (`... in B flat major ...` gives `b flat major`), or None.

    plain: the text is the name of a key itself, without `in`.
    """
    found = (PLAIN_KEY if plain else KEY).search(text)
    if not found:
        return None
    letter, word, sign, mode = found.groups()
    accidental = word or ACCIDENTALS.get(sign, "")
    return " ".join(part for part in (letter, accidental, mode) if part).lower()


def work_names(title: str) -> tuple[str, ...]:
    """Names a work may go by: its title without key and catalogue, its nickname, both forms.

    `Piano Concerto no. 5 in E flat major, op. 73, "Emperor"` gives `Piano Concerto no. 5`,
    `Emperor` and `Emperor concerto`.
    """
    nicknames = re.findall(r'["“”]([^"“”]+)["“”]', title)
    base = re.split(r"[,:(\"“]", KEY.sub("", title))[0].strip()
    form = next((word for word in FORMS if word in title.lower()), "")
    names = [base, *nicknames, *(f"{nickname} {form}" for nickname in nicknames if form)]
    return tuple(dict.fromkeys(name for name in names if name))


def read_reference_facts(folder: Path) -> list[ReferenceFact]:
    """Every reference fact found under `folder`; a set that is not there is left out.

    Raises FileNotFoundError where the folder itself is missing.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no reference facts: {folder} is not a folder")
    return [fact for reader in READERS for fact in reader(folder)]


def _load_json(paths: Iterable[Path]) -> Iterator:
    for path in sorted(paths):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def entity_questions(folder: Path) -> Iterator[ReferenceFact]:
    """EntityQuestions: files `P175.train.json`, a list of {question, answers}."""
    for path, rows in _load_json((folder / "entityquestions").glob("P*.json")):
        code = path.name.split(".")[0]
        if code in QUESTIONS:
            for row in rows:
                answers = tuple(row["answers"])
                yield from _asked("EntityQuestions", *QUESTIONS[code], row["question"], answers)


def popqa(folder: Path) -> Iterator[ReferenceFact]:
    """PopQA: a list of {input, output}, the output being a JSON list of accepted answers."""
    for _, rows in _load_json((folder / "popqa_dev").glob("*.json")):
        for row in rows:
            answers = tuple(json.loads(row["output"]))
            for pattern, relations in POPQA_QUESTIONS:
                yield from _asked("PopQA", pattern, relations, row["input"], answers)


def _asked(
    source: str, pattern: str, relations: tuple[str, ...], question: str, answers: tuple[str, ...]
) -> Iterator[ReferenceFact]:
    if found := re.fullmatch(pattern, question):
        for relation in relations:
            yield ReferenceFact(source, relation, (found[1],), answers)


def open_opus(folder: Path) -> Iterator[ReferenceFact]:
    """Open Opus: composers with their lives, works with key and catalogue in the title."""
    base = folder / "openopus_subset"
    for _, composers in _load_json(base.glob("composerData.json")):
        for composer in composers:
            yield from _lifetime(composer)
    for _, works in _load_json([*base.glob("workData.json"), *base.glob("popular.json")]):
        for work in works:
            yield from _work("Open Opus", work["title"], work["composer"])


def _lifetime(composer: dict) -> Iterator[ReferenceFact]:
    """Years a composer can have finished a work in: from the fifth birthday to death."""
    if not (composer["birth"] and composer["death"]):
        return
    first, last = int(composer["birth"][:4]) + 5, int(composer["death"][:4])
    years = tuple(str(year) for year in range(first, last + 1))
    for category in WORKS:
        yield ReferenceFact(
            "Open Opus", f"{category}.year", (), years, maker=composer["complete_name"]
        )


def _work(source: str, title: str, composer: str, marks: str = "") -> Iterator[ReferenceFact]:
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
    """Mutopia: the headers of engraved scores, one JSON object a line."""
    for path in sorted((folder / "mutopia_headers").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            composer = row.get("composer", "").strip()
            marks = row.get("opus") or row.get("mutopiaopus") or ""
            for title in {row.get("title", ""), row.get("mutopiatitle", "")}:
                if composer and title.strip():
                    yield from _work("Mutopia", title.strip(), composer, marks)


def musicbrainz(folder: Path) -> Iterator[ReferenceFact]:
    """MusicBrainz instruments: families that a description's first sentences speak for."""
    for _, rows in _load_json((folder / "musicbrainz_instruments").glob("*.json")):
        for row in rows:
            text = f"{row['name'][0]} {row['description'][:400]}".lower()
            hints = (name for name, words in FAMILY_HINTS.items() if re.search(words, text))
            if families := tuple(hints):
                names = tuple(row["name"])
                yield ReferenceFact("MusicBrainz", "instrument.family", names, families)


def classic_rock(folder: Path) -> Iterator[ReferenceFact]:
    """FiveThirtyEight's classic rock list: song, artist and, where known, year of release."""
    for path in sorted((folder / "fivethirtyeight_classic_rock").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                names, artist = (row["Song Clean"],), row["ARTIST CLEAN"]
                year = row["Release Year"].strip()
                yield ReferenceFact("Classic rock list", "song.artist", names, (artist,))
                if re.fullmatch(r"\d{4}", year):
                    yield ReferenceFact("Classic rock list", "song.year", names, (year,), artist)


READERS: tuple[Callable[[Path], Iterator[ReferenceFact]], ...] = (
    entity_questions,
    popqa,
    open_opus,
    mutopia,
    musicbrainz,
    classic_rock,
)
