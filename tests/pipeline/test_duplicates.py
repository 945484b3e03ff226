import numpy as np
import pytest
from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupSignature
from made_up_texts import edited, text

from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.pipeline.duplicates import (
    ExactSignatures,
    MatchBuckets,
    NearSignatures,
    first_of_cluster,
    minhash_config,
)
from mucpt_utils.pipeline.minhash import candidate_probability, jaccard, shingles


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


def test_the_first_of_a_cluster_stays_through_chains_and_in_any_order():
    pairs = {((0, 5), (1, 2)): 0.9, ((1, 2), (2, 0)): 0.7, ((3, 0), (3, 1)): 1.0}
    expected = {(1, 2): ((0, 5), 0.9), (2, 0): ((0, 5), 0.7), (3, 1): ((3, 0), 1.0)}
    assert first_of_cluster(pairs) == expected
    assert first_of_cluster(dict(reversed(pairs.items()))) == expected
