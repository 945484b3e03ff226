"""Fact tables: building, loading, the checks (with planted errors) and the reference comparison."""

import csv
import dataclasses
import json
import os

import pytest
import yaml

os.environ["HF_HUB_OFFLINE"] = "1"

from mucpt_utils import paths
from mucpt_utils.knowledge.authoring import commands, comparison, disagreements
from mucpt_utils.knowledge.authoring import fact_checks as of_facts
from mucpt_utils.knowledge.authoring import row_checks as of_rows
from mucpt_utils.knowledge.authoring.cards import counted_card, with_counts
from mucpt_utils.knowledge.authoring.checks import check_domain
from mucpt_utils.knowledge.authoring.disagreements import Disagreement, unresolved
from mucpt_utils.knowledge.authoring.equivalence import agrees
from mucpt_utils.knowledge.authoring.names import (
    catalogue_numbers,
    key_name,
    name_key,
    surname,
    work_names,
)
from mucpt_utils.knowledge.authoring.reference_sets import read_reference_facts
from mucpt_utils.knowledge.authoring.tables import (
    COMMON_COLUMNS,
    MULTI_VALUED,
    TABLES,
    Row,
    Table,
    build_facts,
    card_folder,
    fact_id,
    read_rows,
    write_facts,
)
from mucpt_utils.knowledge.facts import (
    DOMAINS,
    POPULARITY,
    Fact,
    askable,
    by_subject,
    load_facts,
    slug,
)
from mucpt_utils.knowledge.relations import Relation, load_relations

PAGE = "https://en.wikipedia.org/wiki/Example"


def make_fact(subject, relation, value, **changes):
    category = relation.split(".")[0]
    fact = Fact(
        id=fact_id("music", relation, subject),
        subject=subject,
        relation=relation,
        object=value,
        aliases=(),
        popularity="popular",
        valid_as_of="2025-01-01",
        reference=PAGE,
        category=category,
        domain="music",
    )
    return dataclasses.replace(fact, **changes)


def make_relation(name, *questions):
    return Relation(name, "Label", "term", questions, ("{s} {o}.",))


def write_table(folder, table, rows):
    """A source table; cells that are not given are plausible or empty."""
    usual = {"popularity": "popular", "valid_as_of": "2025-01-01", "reference": PAGE}
    with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, table.header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**usual, **row} for row in rows)


def make_sources(folder, domain="music", **tables):
    for table in TABLES[domain]:
        write_table(folder, table, tables.get(table.name, []))
    return folder


def make_row(tmp_path, table_name="albums", **cells):
    table = next(t for domain in DOMAINS for t in TABLES[domain] if t.name == table_name)
    given = {"popularity": "popular", "valid_as_of": "2025-01-01", "reference": PAGE, **cells}
    return Row(table, tmp_path / f"{table_name}.csv", 2, dict.fromkeys(table.header, "") | given)


# --- building and loading ---------------------------------------------------------------------


def test_wide_rows_become_facts(tmp_path):
    (tmp_path / "aliases_x.csv").write_text('name,aliases\nOslo,"Christiania; Kristiania"\n')
    make_sources(
        tmp_path,
        artists=[
            {"subject": "Ann Example", "kind": "person", "city": "Oslo", "year": "1950"},
            {
                "subject": "The Samples",
                "kind": "group",
                "year": "1980",
                "members": "Ann Example; Bob Test",
                "aliases": "Samples",
            },
        ],
        songs=[{"subject": "A Song", "artist": "The Samples", "writer": "Ann Example"}],
    )
    facts = {fact.id: fact for fact in build_facts("music", tmp_path)}
    assert facts["m:artist.birth_year:ann-example"].object == "1950"
    assert facts["m:artist.formed_year:the-samples"].object == "1980"
    assert facts["m:artist.member:the-samples"].object == "Ann Example"
    assert facts["m:artist.member:the-samples:2"].object == "Bob Test"
    assert facts["m:artist.birthplace:ann-example"].aliases == ("Christiania", "Kristiania")
    # the aliases of the subject of that name
    assert facts["m:song.artist:a-song"].aliases == ("Samples",)
    assert facts["m:artist.formed_year:the-samples"].subject_aliases == ("Samples",)
    assert "m:song.year:a-song" not in facts  # an empty cell makes no fact
    assert any(fact.category == "theory" for fact in facts.values())


def test_unknown_kind_names_file_and_line(tmp_path):
    make_sources(tmp_path, artists=[{"subject": "X", "kind": "robot", "year": "1990"}])
    with pytest.raises(ValueError, match=r"artists.csv:2: kind is 'robot'; allowed: person, group"):
        build_facts("music", tmp_path)


def test_missing_column_and_short_row_name_the_place(tmp_path):
    make_sources(tmp_path)
    path = tmp_path / "albums.csv"
    path.write_text("subject,artist\nX,Y\n")
    with pytest.raises(ValueError, match="albums.csv:1: columns missing: year"):
        build_facts("music", tmp_path)
    make_sources(tmp_path)
    path.write_text(path.read_text() + "only,two\n")
    with pytest.raises(ValueError, match="albums.csv:2: the row has not 9 cells"):
        build_facts("music", tmp_path)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Sigur Rós", "sigur-ros"), ("!!!", "u21-u21-u21"), ("Guns N' Roses", "guns-n-roses")],
)
def test_slug(text, wanted):
    assert slug(text) == wanted


def test_facts_survive_the_file(tmp_path):
    facts = [make_fact("Björk!", "artist.city", "Reykjavík", aliases=("Reykjavik",))]
    write_facts(facts, tmp_path / "facts.jsonl")
    assert load_facts("music", tmp_path / "facts.jsonl") == facts
    assert "Reykjavík" in (tmp_path / "facts.jsonl").read_text(encoding="utf-8")


def test_broken_facts_name_the_line(tmp_path):
    path = tmp_path / "facts.jsonl"
    write_facts([make_fact("A", "album.year", "1990")], path)
    for broken in ('{"id": 1}', "{", json.dumps({"aliases": [], "subject_aliases": [], "x": 1})):
        good = path.read_text().splitlines()[0]
        path.write_text(f"{good}\n{broken}\n")
        with pytest.raises(ValueError, match=r"facts\.jsonl, (row|line) 2: not"):
            load_facts("music", path)


def test_absent_facts_and_unknown_domain(tmp_path):
    with pytest.raises(FileNotFoundError, match="mucpt_utils facts build"):
        load_facts("music", tmp_path / "none.jsonl")
    with pytest.raises(ValueError, match="domain is 'sport'; allowed: music, general"):
        load_facts("sport")


def test_askable_keeps_single_closed_answers():
    single = make_fact("A", "song.writer", "X")
    pair = [make_fact("B", "song.writer", "X"), make_fact("B", "song.writer", "Y")]
    member = make_fact("C", "artist.member", "X")
    assert askable([single, *pair, member]) == [single]


def test_by_subject_keeps_order():
    facts = [make_fact("B", "album.year", "1990"), make_fact("A", "album.year", "1991")]
    assert list(by_subject(facts)) == ["B", "A"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"answer_type": "colour"}, "answer_type is 'colour'; allowed: person"),
        ({"questions": ["What is it?"]}, "a question needs {s} and no {o}"),
        ({"questions": ["Is {s} {o}?"]}, "a question needs {s} and no {o}"),
        ({"statements": ["{s} is."]}, "a statement needs {s} and {o}"),
        ({"extra": 1}, "keys are"),
    ],
)
def test_malformed_relations_are_refused(tmp_path, cells, message):
    good = {"label": "L", "answer_type": "year", "questions": ["{s}?"], "statements": ["{s} {o}."]}
    text = json.dumps({"album.year": {**good, **cells}})  # JSON is YAML
    path = tmp_path / "relations_music.yaml"
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        load_relations((path,))
    assert "relations_music.yaml: album.year" in str(caught.value)
    assert message in str(caught.value)


# --- the checks find planted errors -----------------------------------------------------------


def assert_found(problems, *words):
    assert len(problems) == 1, problems
    for word in words:
        assert word in problems[0]


def test_clean_rows_have_no_problem(tmp_path):
    row = make_row(tmp_path, subject="Tapestry", artist="Carole King", producer="A; B")
    assert of_rows.check_rows([row]) == []


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"artist": "Carole  King"}, "stray spaces"),
        ({"artist": "Bjo\u0308rk"}, "not NFC"),
        ({"artist": ""}, "no fact cell"),
    ],
)
def test_malformed_cells(tmp_path, cells, word):
    row = make_row(tmp_path, **{"subject": "Tapestry", "artist": "Carole King", **cells})
    assert_found(of_rows.malformed_cells([row]), "albums.csv:2", word)


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"artist": "King; Queen"}, "holds one value"),
        ({"producer": "Ann; ann"}, "one object twice"),
        ({"aliases": "One;Two"}, "separated by '; '"),
    ],
)
def test_malformed_lists(tmp_path, cells, word):
    row = make_row(tmp_path, **{"subject": "Tapestry", "artist": "Carole King", **cells})
    assert_found(of_rows.malformed_lists([row]), "albums.csv:2", word)
    assert_found(of_rows.check_rows([row]), word)


def test_empty_subject_is_found(tmp_path):
    row = make_row(tmp_path, subject="", artist="Carole King")
    assert_found(of_rows.malformed_cells([row]), "subject is empty")


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"popularity": "famous"}, "allowed: popular, less_popular"),
        ({"reference": "https://example.org/Tapestry"}, "not a Wikipedia article"),
        ({"reference": "https://en.wikipedia.org/wiki/Two words"}, "not a Wikipedia article"),
        ({"valid_as_of": "2025-02-30"}, "not a past ISO date"),
        ({"valid_as_of": "2999-01-01"}, "not a past ISO date"),
        ({"valid_as_of": "1 January 2025"}, "not a past ISO date"),
    ],
)
def test_malformed_marks(tmp_path, cells, word):
    row = make_row(tmp_path, **{"subject": "Tapestry", "artist": "Carole King", **cells})
    assert_found(of_rows.malformed_marks([row]), word)


@pytest.mark.parametrize("other", ["Wall", "the wall", "The Wàll!"])
def test_ambiguous_subjects(tmp_path, other):
    rows = [make_row(tmp_path, subject="The Wall"), make_row(tmp_path, "songs", subject=other)]
    assert_found(of_rows.ambiguous_subjects(rows), "songs.csv:2", "albums.csv:2")


def test_alias_that_is_a_subject(tmp_path):
    rows = [
        make_row(tmp_path, subject="Thriller"),
        make_row(tmp_path, "songs", subject="Scary Song", aliases="thriller"),
    ]
    assert_found(of_rows.ambiguous_subjects(rows), "'thriller'")


@pytest.mark.parametrize(
    ("subject", "award", "year"),
    [
        ("1991 Mercury Prize", "Mercury Prize", "1991"),
        ("1992 Mercury Prize", "Mercury Prize", "1993"),
        ("2031 Mercury Prize", "Mercury Prize", "2031"),
        ("Mercury Prize", "Mercury Prize", "92"),
    ],
)
def test_award_years(tmp_path, subject, award, year):
    row = make_row(tmp_path, "awards", subject=subject, award=award, year=year, winner="X")
    assert_found(of_rows.award_year_problems([row]), subject)


def test_right_award_year_passes(tmp_path):
    cells = {"subject": "1992 Mercury Prize", "award": "Mercury Prize", "year": "1992"}
    assert of_rows.award_year_problems([make_row(tmp_path, "awards", **cells)]) == []


def test_duplicate_facts():
    facts = [make_fact("A", "album.artist", "Queen"), make_fact("A", "album.artist", "queen")]
    problems = of_facts.duplicate_facts(facts)
    assert len(problems) == 2  # the triple and the id
    assert of_facts.duplicate_facts(facts[:1]) == []


@pytest.mark.parametrize(
    ("subject", "answer", "aliases", "given"),
    [
        ("Killer Queen", "Queen", (), True),
        ("Hymn to Oslo", "Christiania", ("Oslo",), True),
        ("The Oslonian", "Oslo", (), False),
        ("Queen of Hearts", "Queen Anne", (), False),
        ("Song", "In", (), False),  # the symbol, not the word
        ("Song", "At", (), True),
        ("Hunger!!!", "!!!", (), True),
    ],
)
def test_answers_given_away(subject, answer, aliases, given):
    relation = make_relation("song.artist", "At what point in time was {s} sung?")
    fact = make_fact(subject, "song.artist", answer, aliases=aliases)
    assert bool(of_facts.answers_given_away([fact], {"song.artist": relation})) is given


@pytest.mark.parametrize(
    ("relation", "year", "fine"),
    [
        ("album.year", "1973", True),
        ("album.year", "1873", False),
        ("album.year", "73", False),
        ("album.year", "2031", False),
        ("opera.year", "1607", True),
        ("opera.year", "1588", False),
        ("artist.birth_year", "1685", False),
    ],
)
def test_impossible_years(relation, year, fine):
    assert (of_facts.impossible_years([make_fact("A", relation, year)]) == []) is fine


@pytest.mark.parametrize(("year", "fine"), [("1979", False), ("1981", True)])
def test_album_before_its_band(year, fine):
    facts = [
        make_fact("The Samples", "artist.formed_year", "1980"),
        make_fact("Album", "album.artist", "Samples"),
        make_fact("Album", "album.year", year),
    ]
    assert (of_facts.impossible_years(facts) == []) is fine


def test_song_by_a_toddler():
    facts = [
        make_fact("Ann Example", "artist.birth_year", "1980"),
        make_fact("Song", "song.artist", "Ann Example"),
        make_fact("Song", "song.year", "1983"),
    ]
    assert_found(of_facts.impossible_years(facts), "before Ann Example could have made it (1985)")


def test_spelling_clashes():
    facts = [make_fact("A", "artist.genre", "hip hop"), make_fact("B", "artist.genre", "Hip-Hop")]
    assert_found(of_facts.spelling_clashes(facts), "Hip-Hop", "hip hop")
    assert of_facts.spelling_clashes(facts[:1]) == []


def test_alias_that_is_another_object():
    facts = [
        make_fact("A", "artist.country", "United States", aliases=("USA",)),
        make_fact("B", "artist.country", "USA"),
    ]
    (clash,) = of_facts.alias_clashes(facts)
    assert (clash.subject, clash.ours, clash.resolution) == ("USA", "United States", "")
    assert of_facts.alias_clashes(facts[:1]) == []


def test_unused_aliases():
    facts = [make_fact("A", "artist.city", "Oslo")]
    assert_found(of_facts.unused_aliases({"Oslo", "Olso"}, facts), "'Olso'")


def test_mixed_popularity():
    facts = [
        make_fact("A", "artist.city", "Oslo"),
        make_fact("A", "artist.genre", "jazz", popularity="less_popular"),
    ]
    assert_found(of_facts.mixed_popularity(facts), "'A'")


def test_unknown_relation():
    assert_found(of_facts.unknown_relations([make_fact("A", "album.smell", "sweet")], {}), "smell")


# --- reference comparison ---------------------------------------------------------------------


def make_references(folder):
    """Tiny made-up sets in the forms of the published ones."""

    def write(path, value):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")

    write(
        "entityquestions/P175.dev.json",
        [
            {"question": "Who performed Blue Door?", "answers": ["The Samples"]},
            {"question": "Who performed Red Door?", "answers": ["Somebody Else"]},
        ],
    )
    write(
        "entityquestions/P264.dev.json",
        [{"question": "What music label is Blue Door represented by?", "answers": ["Acme"]}],
    )
    write("entityquestions/P106.dev.json", [{"question": "Ignored?", "answers": ["x"]}])
    write(
        "popqa_dev/popqa_dev.json",
        [{"input": "In what city was Ann Example born?", "output": '["Oslo", "Christiania"]'}],
    )
    write(
        "openopus_subset/composerData.json",
        [{"complete_name": "Ann Example", "birth": "1800-01-01", "death": "1850-01-01"}],
    )
    write(
        "openopus_subset/workData.json",
        [
            {
                "title": 'Piano Concerto no. 5 in E flat major, op. 73, "Marble"',
                "composer": "Ann Example",
            }
        ],
    )
    write(
        "musicbrainz_instruments/x.json",
        [{"name": ["zimbolin"], "description": "A bowed instrument."}],
    )
    header = {"title": "Winter Song", "composer": "A. Example (1800-1850)", "opus": "Op. 9 No. 2"}
    write("mutopia_headers/headers.jsonl", header)
    rock = folder / "fivethirtyeight_classic_rock"
    rock.mkdir()
    (rock / "list.csv").write_text(
        "Song Clean,ARTIST CLEAN,Release Year\nBlue Door,Samples,1975\nBlue Door,Others,1999\n"
    )
    return folder


OURS = [
    make_fact("Blue Door", "song.artist", "The Samples"),
    make_fact("Blue Door", "song.year", "1975"),
    make_fact("Red Door", "album.artist", "The Samples"),
    make_fact("Ann Example", "artist.birthplace", "Oslo"),
    make_fact("Marble Concerto", "classical.composer", "Ann Example"),
    make_fact("Marble Concerto", "classical.key", "E-flat major"),
    make_fact("Marble Concerto", "classical.catalogue", "Op. 74"),
    make_fact("Marble Concerto", "classical.year", "1849"),
    make_fact("Example's Winter Song", "classical.catalogue", "Op. 9, No. 2"),
    make_fact("Example's Winter Song", "classical.year", "1860"),
    make_fact("zimbolin", "instrument.family", "brass"),
]


def test_comparison_counts_and_lists(tmp_path):
    result = comparison.compare_with_references(OURS, make_references(tmp_path))
    found = {(d.reference_set, d.subject, d.relation, d.theirs) for d in result.disagreements}
    assert found == {
        ("EntityQuestions", "Red Door", "album.artist", "Somebody Else"),
        (
            "Open Opus",
            "Marble Concerto",
            "classical.catalogue",
            'Piano Concerto no. 5 in E flat major, op. 73, "Marble"',
        ),
        ("Open Opus", "Example's Winter Song", "classical.year", "1805 to 1850"),
        ("MusicBrainz", "zimbolin", "instrument.family", "bowed string"),
    }
    assert result.agreed["Classic rock list", "song.year"] == 1  # by the artist, not the other
    assert result.agreed["PopQA", "artist.birthplace"] == 1
    assert result.agreed["Open Opus", "classical.key"] == 1
    assert result.agreed["Mutopia", "classical.catalogue"] == 1
    assert sum(result.compared.values()) == sum(result.agreed.values()) + len(found)


def test_missing_folder_and_missing_sets(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        comparison.compare_with_references(OURS, tmp_path / "none")
    assert read_reference_facts(tmp_path) == []


def test_unresolved_and_stale_disagreements():
    now = Disagreement("PopQA", "A", "artist.city", "Oslo", "Bergen")
    resolved = dataclasses.replace(now, resolution="a different person of the name")
    gone = Disagreement("PopQA", "B", "artist.city", "Oslo", "Bergen", "once upon a time")
    assert_found(unresolved([now], [], {"PopQA"}), "Bergen", "write a resolution")
    assert_found(unresolved([now], [now], {"PopQA"}), "Bergen")
    assert unresolved([now], [resolved], {"PopQA"}) == []
    assert_found(unresolved([], [gone], {"PopQA"}), "no longer a disagreement")
    assert unresolved([], [gone], {"Open Opus"}) == []  # that set was not there
    moved = dataclasses.replace(resolved, ours="Moss")  # our value changed: judge it again
    assert len(unresolved([now], [moved], {"PopQA"})) == 2


def test_recording_keeps_resolutions(tmp_path, monkeypatch):
    references = make_references(tmp_path / "references")
    for module in (comparison, disagreements):
        monkeypatch.setattr(module, "card_folder", lambda domain: tmp_path)
    monkeypatch.setattr(comparison, "build_facts", lambda domain: OURS)
    first = comparison.record_comparison("music", references)
    assert len(first) == 4
    path = disagreements.disagreements_path("music")
    listed = disagreements.read_disagreements(path)
    judged = [dataclasses.replace(listed[0], resolution="judged"), *listed[1:]]
    disagreements.write_disagreements(judged, path)
    assert len(comparison.record_comparison("music", references)) == 3
    assert disagreements.read_disagreements(path) == sorted(judged, key=lambda d: d.key)
    assert "| Open Opus | classical.key | 1 | 1 | 0 |" in comparison.comparison_table("music")


@pytest.mark.parametrize(
    ("relation", "ours", "theirs", "verdict"),
    [
        ("artist.genre", "rock", "alternative rock", True),
        ("artist.genre", "jazz music", "Jazz", True),
        ("artist.genre", "jazz", "blues", False),
        ("album.label", "Columbia Records", "Columbia", True),
        ("album.artist", "Jimi Hendrix", "The Jimi Hendrix Experience", True),
        ("artist.birthplace", "Tupelo", "Tupelo, Mississippi", True),
        ("artist.birthplace", "Tupelo", "Memphis", False),
        ("classical.composer", "Johann Sebastian Bach", "J. S. Bach (1685-1750)", True),
        ("classical.key", "C-sharp minor", "c sharp minor", True),
        ("classical.key", "C-sharp minor", "C minor", False),
        ("classical.catalogue", "K. 525", "Serenade no. 13, KV 525", True),
        ("classical.catalogue", "Op. 27, No. 2", "op. 27", True),
        ("classical.catalogue", "Op. 27, No. 2", "op. 27, no. 1", False),
        ("classical.catalogue", "Op. 27", "WoO 59", None),
        ("country.capital", "Bogotá", "Bogota", True),
    ],
)
def test_agrees(relation, ours, theirs, verdict):
    assert agrees(relation, [ours], [theirs]) is verdict


def test_names():
    assert name_key("The Köln Concert") == "koln concert"
    assert name_key("!!!") == "!!!"
    assert name_key("C♯ minor") == name_key("C-sharp minor")
    assert name_key("A minor") == "a minor"  # no article
    assert name_key("Guns N’ Roses") == name_key("Guns N' Roses")
    assert surname("Johann Strauss II") == "strauss"
    assert key_name("Sonata in B flat major, op. 22") == "b flat major"
    assert key_name("Symphony no. 104 in D") is None
    assert catalogue_numbers("Hob. I:94") == {("hob", "i:94", "")}
    assert work_names('Piano Concerto no. 5 in E flat major, op. 73, "Emperor"') == (
        "Piano Concerto no. 5",
        "Emperor",
        "Emperor concerto",
    )


# --- the committed tables ---------------------------------------------------------------------


@pytest.mark.parametrize("domain", DOMAINS)
def test_committed_tables_pass_every_check(domain):
    assert check_domain(domain) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_committed_tables_pass_without_reference_data(domain, tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REFERENCE_DATA", tmp_path / "none")
    assert check_domain(domain) == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_listed_disagreement_has_a_resolution(domain):
    listed = disagreements.read_disagreements(disagreements.disagreements_path(domain))
    assert listed and all(item.resolution.strip() for item in listed)


@pytest.mark.parametrize("domain", DOMAINS)
def test_committed_files_are_in_step_with_their_sources(domain):
    facts = build_facts(domain)
    assert load_facts(domain) == facts, "run: python -m mucpt_utils facts build"
    card = (card_folder(domain) / "README.md").read_text(encoding="utf-8")
    assert counted_card(domain, facts) == card, "run: python -m mucpt_utils facts build"


@pytest.mark.parametrize(
    ("domain", "subjects", "count"), [("music", 600, 2500), ("general", 300, 0)]
)
def test_the_tables_are_large_enough(domain, subjects, count):
    facts = load_facts(domain)
    assert len(by_subject(facts)) >= subjects
    assert len(facts) >= count
    for level in POPULARITY:
        assert sum(fact.popularity == level for fact in facts) > len(facts) / 5


@pytest.mark.parametrize("domain", DOMAINS)
def test_card_metadata_fits_the_facts(domain):
    text = (card_folder(domain) / "README.md").read_text(encoding="utf-8")
    metadata = yaml.safe_load(text.split("---")[1])
    assert metadata["license"] == "cc0-1.0"
    assert metadata["size_categories"] == ["1K<n<10K"]
    assert 1_000 < len(load_facts(domain)) < 10_000
    names = [feature["name"] for feature in metadata["dataset_info"]["features"]]
    assert names == [*(item.name for item in dataclasses.fields(Fact)), "canary"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_cards_load_as_datasets(domain, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = str(card_folder(domain))
    rows = datasets.load_dataset(folder, split="train", cache_dir=str(tmp_path))
    assert rows.num_rows == len(load_facts(domain))  # the CSV sources are no data of the card
    assert rows[0]["valid_as_of"].isoformat() == "2025-01-01"
    assert isinstance(rows[0]["aliases"], list)


def test_lists_stand_only_in_the_declared_columns():
    for domain in DOMAINS:
        for row in read_rows(domain):
            for relation, objects in row.values():
                assert len(objects) == 1 or relation in MULTI_VALUED, row.location


def test_tables_end_in_the_common_columns():
    table = Table("x", "album", ("year",), ("kind",))
    assert table.header == ("subject", "kind", "year", *COMMON_COLUMNS)


# --- command line -----------------------------------------------------------------------------


def test_check_command_reports_and_exits(monkeypatch, capsys):
    monkeypatch.setattr(commands, "check_domain", lambda domain: ["something is wrong"])
    assert commands.main(["check", "--domain", "general"]) == 1
    assert "general: something is wrong" in capsys.readouterr().err
    monkeypatch.setattr(commands, "check_domain", lambda domain: [])
    assert commands.main(["check"]) == 0


def test_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit):
        commands.main(["bake"])
    assert "build" in capsys.readouterr().err


def test_card_without_markers_is_refused():
    with pytest.raises(ValueError, match="counts:begin"):
        with_counts("no markers here", "1")
