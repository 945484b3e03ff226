"""Made-up facts of two domains, small enough to look through, for tests of written text."""

import json

from mucpt_utils.knowledge.facts import Fact, slug
from mucpt_utils.knowledge.relations import load_relations

RELATIONS = load_relations()
VALUES = {
    "album": {
        "artist": ["Björk", "!!!", "Earth, Wind & Fire", "The The"],
        "year": ["1993", "1975", "2001", "1986"],
        "label": ["Island Records", "4AD", "Virgin Records", "A&M Records"],
        "producer": ["Nellee Hooper", "Dr. Dre", "Brian Eno", "R.E.M."],
    },
    "artist": {
        "country": ["United States", "Netherlands", "Iceland", "Ivory Coast"],
        "genre": ["hip hop", "rock and roll", "ambient", "K-pop"],
        "birth_year": ["1965", "1970", "1948", "1990"],
    },
    "country": {
        "capital": ["The Hague", "Oslo", "Lima", "Accra"],
        "currency": ["euro", "krone", "sol", "cedi"],
        "continent": ["Europe", "Asia", "South America", "Africa"],
    },
    "animal": {
        "class": ["insect", "mammal", "amphibian", "bird"],
        "young": ["eaglet", "calf", "eft", "owlet"],
    },
}
SUBJECTS = {
    "album": ["Debut Hours", "Help Yourself!", "Silver Rooms", "What Next?"],
    "artist": ["Ada Quill", "Nora Vint", "deadmau9", "Lo Fidelis"],
    "country": ["Netherlands", "Norway", "Peru", "Ghana"],
    "animal": ["eagle", "cow", "newt", "owl"],
}


def make_facts(*categories: str) -> list[Fact]:
    """One fact for each column and subject of the categories."""
    facts = []
    for category in categories:
        domain = "music" if category in ("album", "artist") else "general"
        for column, values in VALUES[category].items():
            relation = f"{category}.{column}"
            for subject, value in zip(SUBJECTS[category], values, strict=True):
                identity = f"{domain[0]}:{relation}:{slug(subject)}"
                facts.append(
                    Fact(identity, subject, relation, value, (), "popular", "2025-01-01",
                         "https://en.wikipedia.org/wiki/Music", category, domain)
                )  # fmt: skip
    return facts


MUSIC = make_facts("album", "artist")
GENERAL = make_facts("country", "animal")


def as_bytes(documents: list[dict]) -> bytes:
    return json.dumps(documents, ensure_ascii=False, sort_keys=True).encode()


def spans(document: dict) -> list[dict]:
    return document["metadata"]["truth"]["spans"]
