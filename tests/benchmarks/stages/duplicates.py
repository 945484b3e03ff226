"""Exact, near and contained duplicates: books in several editions, modules, the rendered lane."""

import json
import tempfile
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from datatrove.data import Document

from mucpt_utils.analysis import stage_quality
from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.io import read_jsonl, write_jsonl
from mucpt_utils.pipeline import duplicates, executors
from mucpt_utils.pipeline.similarity import containment, minhash
from mucpt_utils.pipeline.similarity.minhash import candidate_probability
from mucpt_utils.text.sources import decode, strip_gutenberg
from stages.common import data, fresh, passages, piped, rendered, row, sampled, share, study

STAGE = "duplicates"
SETTINGS = MinhashSettings()
ALIKE, UNLIKE, CONTAINED = 0.8, 0.3, 0.8


def measure() -> Iterator[dict]:
    """Whole works, copies in passages, contained works, quotations, the curve, rendered lane."""
    yield from _whole_works()
    yield from _copied_works()
    yield from _moved_borders()
    yield from _contained_works()
    yield from _quotations()
    yield from _curve()
    for found in stage_quality.measure(
        stage_quality.Outcome.load(study().raw_corpus().folder, rendered().folder)
    ):
        if found["stage"] in ("exact_duplicates", "near_duplicates"):
            for name in ("recall", "precision"):
                yield row(
                    STAGE, f"{name}, rendered lane", found["kind"], found[name], found["n"], 0.95
                )


# --- whole works ----------------------------------------------------------------------------------


@cache
def _works() -> dict[str, str]:
    """Text by name: the books with their other editions, other books, and two books' modules."""
    folders = {
        "near_dup_books": data("cleaning", "near_dup_books"),
        "gutenberg_general": data("general_prose", "gutenberg_general"),
        "cnx_copy": data("cleaning", "cnx_exact_dups"),
        "cnx_first": data("music_prose", "cnx_basic_music_theory"),
    }
    return {
        f"{name}/{path.stem}": strip_gutenberg(decode(path.read_bytes()))[0]
        for name, folder in folders.items()
        for path in sorted(folder.glob("*.txt"))
    }


@cache
def _shingles() -> dict[str, np.ndarray]:
    return {name: minhash.shingles(text, SETTINGS.shingle_words) for name, text in _works().items()}


@cache
def _similarities() -> dict[tuple[str, str], float]:
    """Jaccard similarity of every pair of works, from all their shingles."""
    return {
        (a, b): minhash.jaccard(_shingles()[a], _shingles()[b])
        for a, b in combinations(sorted(_shingles()), 2)
    }


def _whole_works() -> Iterator[dict]:
    """Pairs that MinHash finds among whole works, against every pair's measured similarity."""
    similar, found = _similarities(), _found_pairs()
    wanted = [pair for pair, s in similar.items() if s > ALIKE]
    yield row(STAGE, "pairs over 0.8 found", "works", *share(p in found for p in wanted), 1)
    apart = [pair for pair, s in similar.items() if s < UNLIKE]
    yield row(STAGE, "pairs under 0.3 found", "works", *share(p in found for p in apart), most=0)
    listed = json.loads((data("cleaning", "near_dup_books") / "pairs.json").read_text())
    for kind, here in (
        ("listed over 0.8", [p for p in listed if p["jaccard5"] > ALIKE]),
        ("listed under 0.3", [p for p in listed if p["jaccard5"] < UNLIKE]),
    ):
        hits = share(_key(p["a"], p["b"]) in found for p in here)
        limit = {"least": 1} if kind == "listed over 0.8" else {"most": 0}
        yield row(STAGE, "pairs found", kind, *hits, **limit)
    gap = max(abs(similar[_key(p["a"], p["b"])] - p["jaccard5"]) for p in listed)
    yield row(STAGE, "largest difference from the listed similarity", "listed", gap, len(listed))
    modules = [
        (f"cnx_copy/{p.stem}", f"cnx_first/{p.stem}")
        for p in data("cleaning", "cnx_exact_dups").glob("*.txt")
    ]
    modules = [pair for pair in modules if pair in similar and similar[pair] > ALIKE]
    yield row(STAGE, "pairs over 0.8 found", "modules", *share(p in found for p in modules), 1)


def _key(a: str, b: str) -> tuple[str, str]:
    first, second = sorted(f"near_dup_books/{Path(name).stem}" for name in (a, b))
    return first, second


def _found_pairs() -> set[tuple[str, str]]:
    """Pairs of which one goes for the other, or both for a third, by the pipeline's own blocks."""
    names = sorted(_works())
    documents = [Document(text=_works()[name], id=name) for name in names]
    with tempfile.TemporaryDirectory() as folder, executors.quiet_datatrove():
        duplicates.NearSignatures(Path(folder), SETTINGS).run(iter(documents))
        duplicates.MatchBuckets(Path(folder), duplicates.minhash_config(SETTINGS)).run()
        duplicates.Cover(Path(folder), SETTINGS.similarity).run()
        clusters: dict[str, list[str]] = {}
        for drop in read_jsonl(Path(folder, duplicates.DROPS.format(0))):
            first = drop["duplicate_of"]
            clusters.setdefault(first, [first]).append(names[drop["row"]])
    return {pair for members in clusters.values() for pair in combinations(sorted(members), 2)}


# --- copies whose passages begin elsewhere --------------------------------------------------------

TWICE = 0.05


def _copied_works() -> Iterator[dict]:
    """Words of copies that stay, of editions cut into passages: with and without the works' rule.

    A copy is a work of a measured similarity over 0.8 to one that is read before it.
    """
    root = data("cleaning", "near_dup_books")
    names = [path.stem for path in sorted(root.glob("*.txt"))]
    similar = _similarities()
    later = {b for a, b in combinations(names, 2) if similar[_key(f"{a}.txt", f"{b}.txt")] > ALIKE}
    rules = {"exact_duplicates": True, "near_duplicates": {"enabled": True}}
    for kind, contained in (("passages alone", False), ("works and passages", True)):
        with tempfile.TemporaryDirectory() as out:
            result = piped(root, Path(out), contained={"enabled": contained}, **rules)
            words = {name: [0, 0] for name in ("first", "copy")}
            for number, folder in enumerate((result.kept, result.rejected)):
                for document in (d for p in folder.glob("*.jsonl") for d in read_jsonl(p)):
                    stem = Path(document["metadata"]["file"]).stem
                    group = words["copy" if stem in later else "first"]
                    group[number] += len(document["text"].split())
        (kept_first, gone_first), (kept, gone) = words["first"], words["copy"]
        goal = {"most": TWICE} if contained else {}
        yield row(
            STAGE, "words of copied works kept", kind, kept / (kept + gone), kept + gone, **goal
        )
        lost, n = gone_first / (kept_first + gone_first), kept_first + gone_first
        yield row(STAGE, "words of first works dropped", kind, lost, n)


BOOKS, BORDER = 6, 170  # words of a copy's passages, which begin elsewhere than the first's


def _moved_borders() -> Iterator[dict]:
    """Books and copies of them in passages of another length: the words of the copies that stay."""
    by_book: dict[str, list[Document]] = {}
    for document in passages("music_prose"):
        if document.metadata["source"] == "gutenberg_music":
            by_book.setdefault(document.metadata["file"], []).append(document)
    books = dict(sorted(by_book.items())[:BOOKS])
    rows = [
        {"id": d.id, "text": d.text, "metadata": dict(d.metadata)}
        for b in books.values()
        for d in b
    ]
    for name, pieces in books.items():
        words = " ".join(d.text for d in pieces).split()[50:]
        rows += [
            {
                "id": f"copy/{name}#{start}",
                "text": " ".join(words[start : start + BORDER]),
                "metadata": {"source": "copies", "file": f"copy/{name}", "passage": start},
            }
            for start in range(0, len(words), BORDER)
        ]
    rules = {"exact_duplicates": True, "near_duplicates": {"enabled": True}}
    for kind, contained in (("passages alone", False), ("works and passages", True)):
        with tempfile.TemporaryDirectory() as folder:
            write_jsonl(Path(folder, "in", "a.jsonl"), rows)
            result = piped(
                Path(folder, "in"), Path(folder, "out"), contained={"enabled": contained}, **rules
            )
            kept = [d for path in result.kept.glob("*.jsonl") for d in read_jsonl(path)]
        for prefix, name, goal in (
            ("copy/", "words of copies with other borders kept", {"most": TWICE}),
            ("", "words of their first works kept", {"least": 0.99}),
        ):
            is_here = lambda key, p=prefix: key.startswith("copy/") == bool(p)  # noqa: E731
            all_words = sum(len(r["text"].split()) for r in rows if is_here(r["id"]))
            left = sum(len(d["text"].split()) for d in kept if is_here(d["id"]))
            yield row(STAGE, name, kind, left / all_words, all_words, **(goal if contained else {}))


# --- contained works and quotations ---------------------------------------------------------------


def _contained_works() -> Iterator[dict]:
    """Works cut into passages, as the pipeline reads them: which stand inside another?

    Expected are the pairs of measured containment over 0.8 that are not near duplicates.
    """
    root = data("cleaning", "near_dup_books")
    report = _reported(root)
    sets = {
        f"{p.stem}": minhash.shingles(_works()[f"near_dup_books/{p.stem}"], SETTINGS.shingle_words)
        for p in root.glob("*.txt")
    }
    wanted, apart = set(), set()
    for a, b in combinations(sorted(sets), 2):
        inside, alike = minhash.containment(sets[a], sets[b]), minhash.jaccard(sets[a], sets[b])
        if inside > CONTAINED and alike < 0.6:
            wanted.add((a, b))
        elif inside < 0.5 or alike > ALIKE:
            apart.add((a, b))
    yield row(STAGE, "contained works reported", "books", *share(p in report for p in wanted), 1)
    yield row(
        STAGE,
        "pairs that are no containment reported",
        "books",
        *share(p in report for p in apart),
        most=0,
    )


def _reported(root: Path) -> set[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as out:
        result = piped(root, Path(out), contained={"enabled": True})
        rows = [r for r in read_jsonl(result.contained) if r["kind"] == containment.KIND]
    return {tuple(sorted((Path(r["smaller"]).stem, Path(r["larger"]).stem))) for r in rows}


def _quotations() -> Iterator[dict]:
    """Reviews that quote a passage of a book: no containment and no duplicate of it."""
    books = sorted(
        (d for d in passages("music_prose") if d.metadata["source"] == "gutenberg_music"),
        key=lambda d: d.id,
    )
    quoted = fresh(sampled(books, 200))
    talk = fresh(
        sampled(
            [d for d in passages("general_prose") if d.metadata["source"] == "gutenberg_general"],
            400,
        )
    )
    reviews = [
        {
            "id": f"review/{n}",
            "text": f"{talk[2 * n].text}\n\n{q.text}\n\n{talk[2 * n + 1].text}",
            "metadata": {"source": "reviews"},
        }
        for n, q in enumerate(quoted)
    ]
    sources = [{"id": d.id, "text": d.text, "metadata": dict(d.metadata)} for d in books]
    with tempfile.TemporaryDirectory() as folder:
        write_jsonl(Path(folder, "in", "a_books.jsonl"), sources)
        write_jsonl(Path(folder, "in", "b_reviews.jsonl"), reviews)
        result = piped(
            Path(folder, "in"),
            Path(folder, "out"),
            contained={"enabled": True},
            near_duplicates={"enabled": True},
        )
        contained = {r["smaller"] for r in read_jsonl(result.contained)}
        kept = {d["id"] for path in result.kept.glob("*.jsonl") for d in read_jsonl(path)}
    ids = [r["id"] for r in reviews]
    yield row(
        STAGE,
        "reviews with a quotation reported as contained",
        "planted",
        *share(i in contained for i in ids),
        most=0,
    )
    yield row(
        STAGE,
        "reviews with a quotation dropped as a copy",
        "planted",
        *share(i not in kept for i in ids),
        most=0,
    )


# --- the curve ------------------------------------------------------------------------------------

PAIRS, SIZE = 600, 240
CURVE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# three standard errors of a share of 600 pairs at its widest
AGREEMENT = 3 * 0.5 / PAIRS**0.5


def _curve() -> Iterator[dict]:
    """Share of pairs of a known similarity that become candidates, beside 1 - (1 - s^r)^b."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        block = duplicates.NearSignatures(Path(folder), SETTINGS)
        largest = 0.0
        for similarity in CURVE:
            # two sets of SIZE that share k have similarity k / (2 SIZE - k)
            common = round(2 * SIZE * similarity / (1 + similarity))
            exact = common / (2 * SIZE - common)
            value, n = share(_collide(block, rng, common) for _ in range(PAIRS))
            formula = candidate_probability(exact, SETTINGS.bands, SETTINGS.rows)
            largest = max(largest, abs(value - formula))
            yield row(STAGE, "candidates by similarity, measured", f"{exact:.3f}", value, n)
            yield row(STAGE, "candidates by similarity, formula", f"{exact:.3f}", formula, n)
        yield row(STAGE, "largest distance from the formula", "all", largest, PAIRS, most=AGREEMENT)


def _collide(block: duplicates.NearSignatures, rng: np.random.Generator, common: int) -> bool:
    """Whether two random sets of shingles with `common` shared ones agree in any band."""
    values = rng.integers(0, 2**63, 2 * SIZE - common, dtype=np.uint64)
    sides = values[:SIZE], values[SIZE - common :]
    first, second = (block.get_signature(side.reshape(-1, 1)) for side in sides)
    return any(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
