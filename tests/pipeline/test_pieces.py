import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from made_up_texts import edited, text

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.similarity.differences import Anchored, words_of
from mucpt_utils.pipeline.similarity.minhash import ShingleStore
from mucpt_utils.pipeline.similarity.pieces import (
    MOST_FIRST,
    SAMPLED,
    SHINGLES,
    OverlapPairs,
    overlaps,
    pairs_with_first,
    save_sample,
    standing,
)

OFF = {"classifier": "off", "clean": {"enabled": False}, "masking": {"enabled": False}}
BOOK = text(1, 3000).split()


def cut(words, name, first=0):
    """A book in documents of `words` words."""
    starts = range(first, len(BOOK), words)
    return {f"{name}{n:03}": " ".join(BOOK[s : s + words]) for n, s in enumerate(starts)}


def run(folder, *parts, tasks=1, **settings):
    """What stays and what goes of documents by identifier, a file for each of `parts`."""
    for number, documents in enumerate(parts):
        rows = [{"id": name, "text": body} for name, body in documents.items()]
        write_jsonl(folder / "in" / f"{number}.jsonl", rows)
    settings = PipelineSettings(**OFF, **settings)
    result = run_pipeline(folder / "in", folder / "out", settings, tasks=tasks)
    kept, rejected = (
        [row for path in sorted(pile.glob("*.jsonl")) for row in read_jsonl(path)]
        for pile in (result.kept, result.rejected)
    )
    return [row["id"] for row in kept], {row["id"]: row["detail"] for row in rejected}


CUTS = {
    "pages": cut(170, "page", 40),
    "chapters": cut(700, "chapter"),
    "parts": cut(520, "part"),
    "whole": cut(3000, "book"),
}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("chapters", "pages"),
        ("pages", "chapters"),
        ("chapters", "parts"),
        ("whole", "pages"),
        ("parts", "whole"),
    ],
)
def test_of_a_book_that_comes_again_in_other_pieces_one_copy_stays(tmp_path, first, second):
    kept, gone = run(tmp_path, CUTS[first], CUTS[second])
    assert set(kept) >= set(CUTS[first])
    words = Counter(word for name in kept for word in (CUTS[first] | CUTS[second])[name].split())
    assert words.total() <= 1.05 * len(BOOK)
    for detail in gone.values():
        assert detail["duplicate_of"] in kept and 0.6 <= detail["similarity"] <= 1


def test_files_of_a_folder_are_such_pieces_and_tasks_change_nothing(tmp_path):
    for name, documents in (("a", CUTS["chapters"]), ("b", CUTS["parts"])):
        for key, body in documents.items():
            path = tmp_path / "in" / name / f"{key}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
    piles = []
    for tasks in (1, 3):
        settings = PipelineSettings(**OFF, part_documents=4)
        result = run_pipeline(tmp_path / "in", tmp_path / f"out{tasks}", settings, tasks=tasks)
        piles.append([path.read_bytes() for path in sorted(result.kept.glob("*.jsonl"))])
    assert piles[0] == piles[1]
    rows = [json.loads(line) for part in piles[0] for line in part.splitlines()]
    assert sum(len(row["text"].split()) for row in rows) <= 1.05 * len(BOOK)


def test_a_copy_with_errors_of_a_scan_goes_in_pieces_too(tmp_path):
    scanned = {name: edited(body, 0.01, n) for n, (name, body) in enumerate(CUTS["pages"].items())}
    kept, gone = run(tmp_path, CUTS["chapters"], scanned)
    assert len(gone) >= 0.9 * len(scanned) and set(kept) >= set(CUTS["chapters"])


RECORD = (
    "In {} the prize went to {} for a record that had come out in the spring. It was given at an "
    "evening of music before many guests, and the jury praised the songs, the players and the "
    "sound of a record on which all of them had worked for two long winters in a small house."
)
WINNERS = {"1987": "Anita Baker", "1988": "Paul Simon", "1989": "George Michael"}
RECORDS = {year: RECORD.format(year, winner) for year, winner in WINNERS.items()}


def test_a_record_that_a_list_of_others_does_not_hold_stays_and_one_that_it_holds_goes(tmp_path):
    listed = "\n".join(RECORDS[year] for year in ("1987", "1988"))
    kept, gone = run(tmp_path, {"list": listed}, RECORDS)
    assert kept == ["list", "1989"]
    assert {detail["duplicate_of"] for detail in gone.values()} == {"list"}


def test_who_quotes_or_goes_on_is_no_copy(tmp_path):
    quoting = {"review": f"{text(8, 200)} {CUTS['pages']['page003']} {text(9, 200)}"}
    longer = {"longer": f"{CUTS['pages']['page005']} {text(10, 100)}"}
    kept, _ = run(tmp_path, CUTS["chapters"], quoting, longer)
    assert {"review", "longer"} <= set(kept)


def test_what_goes_holds_nothing_for_others(tmp_path):
    """`copy` goes for `first`; what only the copy has of `last` is no reason to drop that."""
    shared, new, other = (text(seed, words) for seed, words in ((20, 200), (21, 45), (22, 200)))
    kept, gone = run(
        tmp_path,
        {"first": shared, "copy": f"{shared} {new}", "last": f"{new} {other}"},
    )
    assert kept == ["first", "last"] and set(gone) == {"copy"}


def test_stretches_run_in_parallel_where_most_of_a_text_stands():
    whole = Anchored(f"{text(30, 50)} {RECORDS['1987']} {RECORDS['1988']} {text(31, 50)}")
    assert not any(whole.states_other_facts(words_of(RECORDS[y])) for y in ("1987", "1988"))
    assert whole.states_other_facts(words_of(RECORDS["1989"]))
    assert not whole.states_other_facts(words_of(text(32, 60)))


def reference_pairs(sets):
    """By pair of documents, the earlier one first: shared values, of the first who hold a value."""
    shared = Counter()
    for value in set().union(*sets):
        holders = [n for n, values in enumerate(sets) if value in values]
        first = holders[:MOST_FIRST]
        shared.update(pair for pair in combinations(holders, 2) if pair[0] in first)
    return shared


def test_pairs_are_those_of_the_first_holders():
    rng = np.random.default_rng(0)
    sets = [set(rng.integers(0, 60, 30).tolist()) for _ in range(20)]
    sample = np.array(sorted((v, n) for n, values in enumerate(sets) for v in values), SAMPLED)
    assert Counter(map(tuple, pairs_with_first(sample).tolist())) == reference_pairs(sets)


@pytest.mark.parametrize("range_shingles", [1_000_000, 50])
def test_shards_and_ranges_of_the_hash_change_no_pairs(tmp_path, range_shingles):
    rng = np.random.default_rng(1)
    pool = rng.integers(0, 2**63, 60, np.uint64) // 8 * 8
    sets = [np.unique(rng.choice(pool, 20)) for _ in range(30)]
    shared = reference_pairs([set(values.tolist()) for values in sets])
    for shard, part in enumerate((sets[:7], [], sets[7:])):
        save_sample(tmp_path, shard, part)
        ShingleStore(tmp_path / SHINGLES).save(shard, part)
    OverlapPairs(tmp_path, range_shingles).run()
    place = lambda n: (0, n) if n < 7 else (2, n - 7)  # noqa: E731
    expected = {(place(b), place(a)) for (a, b), count in shared.items() if count >= 2}
    assert {(a, b) for a, others in overlaps(tmp_path).items() for b in others} == expected


def test_an_empty_stage_has_no_overlaps(tmp_path):
    (tmp_path / "sample").mkdir()
    OverlapPairs(tmp_path).run()
    assert overlaps(tmp_path) == {}


@pytest.mark.parametrize("sizes", [(300, 40), (40, 300), (50, 50)])
def test_standing_values_are_those_of_the_intersection(sizes):
    rng = np.random.default_rng(2)
    own, other = (np.unique(rng.integers(0, 400, size, np.uint64)) for size in sizes)
    assert own[np.sort(standing(own, other))].tolist() == np.intersect1d(own, other).tolist()
