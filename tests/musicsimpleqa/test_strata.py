"""Strata: counts of published tables where they have the subject, else a named judgement."""

import csv
import json

import pytest

from mucpt_utils.knowledge.facts import Fact, load_facts
from mucpt_utils.musicsimpleqa.making.strata import (
    JUDGED,
    PLAYS,
    VIEWS,
    Counts,
    counted,
    load_strata,
    measure,
    read_counts,
)


def fact(subject, relation, answer, popularity="less_popular"):
    cells = ("x", (), popularity, "2025-01-01", "https://x", relation.split(".")[0], "music")
    name, aliases, level, day, page, category, domain = cells
    return Fact(name, subject, relation, answer, aliases, level, day, page, category, domain)


COUNTS = Counts({("rosanna", "toto"): 25, ("yyz", "rush"): 2}, {"corrupted": 1042, "cher": 90000})


@pytest.mark.parametrize(
    ("subject", "relation", "answer", "expected"),
    [
        ("Rosanna", "song.artist", "Toto", ("popular", PLAYS[0], "25")),
        ("Rosanna", "song.artist", "Somebody Else", None),  # a homonym
        ("YYZ", "song.artist", "Rush", None),  # little airplay does not show that a song is unknown
        ("Corrupted", "artist.country", "Japan", ("less_popular", VIEWS[0], "1042")),
        ("Cher", "artist.country", "United States", ("popular", VIEWS[0], "90000")),
        ("Rosanna", "album.artist", "Toto", None),  # an album is no song
    ],
)
def test_a_subject_takes_the_count_of_the_table_that_has_it(subject, relation, answer, expected):
    stratum = counted([fact(subject, relation, answer)], COUNTS)
    assert (stratum and tuple(stratum[1:])) == expected


def test_an_award_is_as_popular_as_what_or_who_won_it():
    facts = [
        fact("Waterloo", "song.artist", "ABBA", "popular"),
        fact("Contest 1974", "award.performer", "ABBA", "less_popular"),
        fact("Contest 1961", "award.performer", "Jean-Claude Pascal", "popular"),
        fact("Prize 1999", "award.winner", "Waterloo", "less_popular"),
    ]
    strata = {s.subject: s for s in measure(facts, COUNTS)}
    assert strata["Contest 1974"].stratum == strata["Prize 1999"].stratum == "popular"
    assert strata["Contest 1961"].stratum == "less_popular"  # whatever the prize
    assert strata["Contest 1961"].source == f"{JUDGED}, of the winner"


def test_counts_are_read_from_the_tables(tmp_path):
    songs = tmp_path / "fivethirtyeight_classic_rock/classic-rock-song-list.csv"
    songs.parent.mkdir()
    with songs.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Song Clean", "ARTIST CLEAN", "PlayCount"])
        writer.writerows([["Rosanna", "Toto", 20], ["ROSANNA", "Toto", 5]])
    views = tmp_path / "popqa_dev/popqa_dev.json"
    views.parent.mkdir()
    rows = [
        {"input": "What genre is Corrupted?", "s_pop": 1042},
        {"input": "Who directed It?", "s_pop": 7},
    ]
    views.write_text(json.dumps(rows))
    assert read_counts(tmp_path) == Counts({("rosanna", "toto"): 25}, {"corrupted": 1042})
    with pytest.raises(FileNotFoundError, match="no reference tables at"):
        read_counts(tmp_path / "absent")


def test_committed_strata_are_about_subjects_of_the_tables():
    subjects = {fact.subject: fact.category for fact in load_facts("music")}
    strata = load_strata()
    assert set(strata) <= set(subjects)
    assert {s.stratum for s in strata.values()} == {"popular", "less_popular"}
    awards = {name for name, category in subjects.items() if category == "award"}
    assert awards <= set(strata)
