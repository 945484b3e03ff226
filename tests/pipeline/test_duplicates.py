import numpy as np
import pytest
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupSignature
from made_up_texts import edited, text

from mucpt_utils.config.pipeline import MinhashSettings, PipelineSettings
from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.pipeline.duplicates import (
    ExactSignatures,
    MatchBuckets,
    NearSignatures,
    covered,
    matching_groups,
    minhash_config,
    of_copies,
)
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.pipeline.similarity.minhash import candidate_probability, jaccard, shingles


def test_measured_candidates_follow_the_formula(tmp_path):
    settings = MinhashSettings(bands=6, rows=3)
    step = NearSignatures(str(tmp_path), settings)
    pairs = [(text(s, 60), edited(text(s, 60), 0.05, s)) for s in range(300)]
    expected, seen = [], []
    for a, b in pairs:
        sets = [shingles(t, 5) for t in (a, b)]
        expected.append(candidate_probability(jaccard(*sets), settings.bands, settings.rows))
        signatures = [step.get_signature(s.reshape(-1, 1)) for s in sets]
        seen.append(any(x == y for x, y in zip(*signatures, strict=True)))
    error = 4 * np.sqrt(np.sum(np.array(expected) * (1 - np.array(expected)))) / len(pairs)
    assert np.mean(seen) == pytest.approx(np.mean(expected), abs=error)
    assert 0.1 < np.mean(expected) < 0.9, "a curve is only measured where it bends"


def test_minhash_settings_reach_datatrove():
    config = minhash_config(MinhashSettings(bands=7, rows=4, shingle_words=3, seed=9))
    assert (config.num_buckets, config.hashes_per_bucket, config.n_grams) == (7, 4, 3)
    assert config.seed == 9 and not config.norm_config.norm_numbers


class Reference(MinhashDedupSignature):
    """datatrove's own block on the project's shingles."""

    def get_shingles(self, text):
        return shingles(text, self.config.n_grams).reshape(-1, 1)


def files(folder, pattern):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob(pattern)}


def parts_with_copies():
    """Three parts: copies within and across them, a long document, one that is too short."""
    texts = [text(seed) for seed in range(40)]
    texts += [edited(text(seed), 0.02, seed) for seed in range(0, 40, 2)] + [text(3), text(3)]
    texts += ["too short", text(77, 3000)]
    return [[], *([Document(t, f"{n}") for n, t in enumerate(texts[i::2])] for i in range(2))]


@pytest.mark.parametrize("range_records", [1_000_000, 7])
def test_signatures_and_pairs_are_those_of_datatrove_to_the_byte(tmp_path, range_records):
    settings = MinhashSettings(bands=4, rows=3)
    config = minhash_config(settings)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    (theirs / "pairs").mkdir(parents=True)
    for rank, documents in enumerate(parts_with_copies()):
        NearSignatures(str(ours), settings).run(documents, rank, 3)
        Reference(f"{theirs}/signatures", config).run(documents, rank, 3)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(f"{theirs}/signatures", f"{theirs}/pairs", config=config).run(
            None, bucket, config.num_buckets
        )
    for task in range(2):
        MatchBuckets(str(ours), config, range_records).run(None, task, 2)
    assert files(ours, "*.sig") == files(theirs, "*.sig")
    assert files(ours, "*.dups") == files(theirs, "*.dups")
    assert sum(map(len, files(ours, "*.dups").values())) > 20 * 16, "there are pairs to compare"


def test_exact_signatures_ignore_white_space_only_and_fit_the_buckets(tmp_path):
    step = ExactSignatures(str(tmp_path))
    signatures = [step.hashes(t).tolist() for t in ("a  b\nc", "a b c", "a b C", "x")]
    assert signatures[0] == signatures[1] != signatures[2]
    assert all(0 <= half < 2**60 for signature in signatures for half in signature)


def test_documents_of_one_signature_are_a_group(tmp_path):
    pairs = [(0, 5, 1, 2), (1, 2, 2, 0), (3, 0, 3, 1)]
    np.array(pairs, "<u4").tofile(tmp_path / "00000_00.dups")
    np.array([(0, 5, 3, 0)], "<u4").tofile(tmp_path / "00001_00.dups")
    groups = matching_groups(sorted(tmp_path.glob("*.dups")))
    assert groups == {(0, 5): [0, 2], (1, 2): [0], (2, 0): [0], (3, 0): [1, 2], (3, 1): [1]}
    assert list(groups) == sorted(groups)


def test_what_goes_is_itself_similar_to_what_stays():
    """A chain: each document is like its neighbours, and like no other."""
    chain = {(0, row): [row, row + 1] for row in range(6)}
    going = covered(chain, lambda a, b: 0.7 if abs(a[1] - b[1]) == 1 else 0.0)
    assert going == {(0, row): ((0, row - 1), 0.7) for row in (1, 3, 5)}


def test_the_most_similar_of_those_that_stay_is_named():
    groups = {(0, 0): [0], (0, 1): [1], (1, 0): [0, 1]}
    similarity = {((0, 0), (1, 0)): 0.7, ((0, 1), (1, 0)): 0.9}
    assert covered(groups, lambda a, b: similarity.get((a, b), 0.0)) == {(1, 0): ((0, 1), 0.9)}


def test_a_copy_of_what_goes_is_measured_against_what_that_goes_for():
    stays, first, copy, other, like_it = ((0, row) for row in range(5))
    listed = {row: {"duplicate_of": "first"} for row in (copy, other, like_it)}
    similarity = {(stays, copy): 0.7, (other, like_it): 0.8}

    def compare(a, b):
        return similarity.get((a, b), 0.0)

    going = {first: (stays, 0.6)}
    judged = of_copies(listed, {("first", None): [first]}, going, compare)
    assert judged == {copy: (stays, 0.7), other: None, like_it: (other, 0.8)}
    assert of_copies(listed, {("first", None): [first]}, {}, compare) == {}, "its first stays"


def test_no_passage_of_a_copy_goes_for_one_that_goes(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    passages, new = [text(seed, 200) for seed in range(8)], text(98, 45)
    words = passages[3].split()
    # each is like the one before it, and the last is not like the first
    note = " ".join([*words[:158], *text(99, 42).split()])
    (source / "0.txt").write_text(note)
    (source / "a.txt").write_text("\n\n".join(passages))
    passages[3] = " ".join([*words[40:], new])
    (source / "b.txt").write_text("\n\n".join(passages))
    kept = read_documents(run_pipeline(source, tmp_path / "out", PipelineSettings(**OFF)).kept)
    texts = {d.id: d.text for d in kept}
    assert "a.txt#0003" not in texts and new in texts["b.txt#0003"]
    assert len(texts) == 9


OFF = {"classifier": "off", "clean": {"enabled": False}, "masking": {"enabled": False}}


def run(folder, texts, part_documents=100, **changes):
    """Identifiers that stay, and the rejected rows, of texts by identifier."""
    rows = [{"id": i, "text": t, "metadata": {"source": "s"}} for i, t in texts.items()]
    write_jsonl(folder / "in" / "a.jsonl", rows)
    settings = PipelineSettings(part_documents=part_documents, **OFF, **changes)
    result = run_pipeline(folder / "in", folder / "out", settings, tasks=2)
    read = {
        name: [
            row for path in sorted((result.folder / name).glob("*.jsonl")) for row in rows_of(path)
        ]
        for name in ("kept", "rejected")
    }
    return [row["id"] for row in read["kept"]], read["rejected"]


def rows_of(path):
    return list(read_jsonl(path))


RECORD = (
    "The Grammy Award for Album of the Year at the {} ceremony went to {}. It was presented in Los "
    "Angeles by the Recording Academy to the artists, producers and engineers of an album of new "
    "songs that came out in the year before, and the prize is one of the four general ones."
)


def test_records_that_differ_in_year_and_winner_are_no_copies_and_copies_of_them_are(tmp_path):
    facts = [("2003", "Norah Jones"), ("2004", "OutKast"), ("2005", "Ray Charles")]
    texts = {f"r{year}": RECORD.format(year, winner) for year, winner in facts}
    texts |= {"again": f"Second edition. {texts['r2004']}", "less": texts["r2005"][:-40]}
    kept, rejected = run(tmp_path, texts)
    assert kept == ["r2003", "r2004", "r2005"]
    assert {r["id"]: r["detail"]["duplicate_of"] for r in rejected} == {
        "again": "r2004",
        "less": "r2005",
    }


def test_windows_over_a_text_lose_little_of_it(tmp_path):
    words = text(5, 900).split()
    windows = {f"w{n:02}": " ".join(words[n * 30 : n * 30 + 180]) for n in range(25)}
    kept, rejected = run(tmp_path, windows, part_documents=4)
    whole, left = (
        np.unique(np.concatenate([shingles(windows[key], 5) for key in keys])).size
        for keys in (windows, kept)
    )
    assert rejected and left > 0.9 * whole
    for row in rejected:
        assert row["detail"]["duplicate_of"] in kept and row["detail"]["similarity"] >= 0.6


def test_a_copy_of_a_book_with_other_passage_borders_goes(tmp_path):
    paragraphs = [text(seed, 70) for seed in range(60)]
    other = [edited(p, 0.003, n) for n, p in enumerate(paragraphs)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("\n\n".join(paragraphs))
    # the copy has no blank lines where the first has them
    lines = [" ".join(other[n : n + 5]) for n in range(2, 60, 5)]
    (tmp_path / "in" / "b.txt").write_text("\n\n".join([f"{other[0]} {other[1]}.", *lines]))
    for tasks, out in ((1, "one"), (3, "three")):
        settings = PipelineSettings(part_documents=5, **OFF)
        result = run_pipeline(tmp_path / "in", tmp_path / out, settings, tasks=tasks)
    kept = [r["id"] for path in sorted(result.kept.glob("*.jsonl")) for r in rows_of(path)]
    assert sum(name.startswith("a.txt") for name in kept) > 15
    assert sum(name.startswith("b.txt") for name in kept) <= 1
    rejected = [r for path in result.rejected.glob("*.jsonl") for r in rows_of(path)]
    assert all(r["detail"]["duplicate_of"] in kept for r in rejected)
    (row,) = rows_of(result.contained)
    assert row["kind"] == "copy"
    assert files(tmp_path / "one" / "kept", "*") == files(tmp_path / "three" / "kept", "*")
