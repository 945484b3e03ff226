import json

import numpy as np
import pytest
from datatrove.data import Document

from mucpt_utils.config.pipeline import ContainmentSettings, PipelineSettings
from mucpt_utils.pipeline.outcome.finish import write_outcome
from mucpt_utils.pipeline.run import run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.pipeline.similarity.containment import (
    REPORT,
    CopiedWorks,
    ReportContained,
    Works,
    WorkShingles,
    candidates,
    first_works,
    work_of,
)
from mucpt_utils.pipeline.similarity.minhash import containment, jaccard, shingles

VOCABULARY = [f"word{n}" for n in range(2000)]


def text(seed, words):
    return " ".join(np.random.default_rng(seed).choice(VOCABULARY, words))


def edited(original, share, seed=0):
    """`original` with a share of its words replaced."""
    words = np.array(original.split())
    random = np.random.default_rng(seed)
    changed = random.random(words.size) < share
    words[changed] = random.choice(VOCABULARY, changed.sum())
    return " ".join(words)


BOOK = text(10, 4000)
LIBRARY = {
    "volume": " ".join(BOOK.split()[:1300]),
    "book": BOOK,
    "copy": edited(BOOK, 0.002),
    "review": f"{text(11, 1500)} {' '.join(BOOK.split()[100:300])} {text(12, 1500)}",
    "story": text(13, 900),
    "note": " ".join(BOOK.split()[2000:2100]),
    "other": text(14, 3000),
    "anthology": f"{text(15, 2000)} {edited(text(13, 900), 0.01)} {text(16, 500)}",
}
EXPECTED = {("volume", "book"), ("volume", "copy"), ("story", "anthology")}


def cut(name, words=200):
    """A work as passages, as a reader of prose gives them."""
    pieces = LIBRARY[name].split()
    return [
        Document(
            text=" ".join(pieces[i : i + words]),
            id=f"{name}#{i}",
            metadata={"source": "s", "file": name, "passage": i // words},
        )
        for i in range(0, len(pieces), words)
    ]


def report(tmp_path, documents, part_documents, settings):
    for part in range(0, len(documents), part_documents):
        block = WorkShingles(str(tmp_path), settings)
        block.run(documents[part : part + part_documents], part // part_documents)
    ReportContained(str(tmp_path), settings).run()
    return [json.loads(line) for line in (tmp_path / REPORT).read_text().splitlines()]


def pairs(rows):
    return {(row["smaller"], row["larger"]) for row in rows}


@pytest.mark.parametrize("part_documents", [3, 7, 1000])
def test_containment_is_told_from_copies_and_quotations_however_parts_are_cut(
    tmp_path, part_documents
):
    documents = [passage for name in LIBRARY for passage in cut(name)]
    rows = report(tmp_path, documents, part_documents, ContainmentSettings())
    assert pairs(row for row in rows if row["kind"] == "contained") == EXPECTED
    (copy,) = (row for row in rows if row["kind"] == "copy")
    assert {copy["smaller"], copy["larger"]} == {"book", "copy"} and copy["jaccard"] > 0.9
    assert all(row["jaccard"] < 0.7 for row in rows if row["kind"] == "contained")
    shares = {row["smaller"]: row["containment"] for row in rows if row["larger"] != "copy"}
    assert shares["volume"] > 0.95 and 0.85 < shares["story"] < 1


def test_whole_documents_are_works_of_their_own(tmp_path):
    documents = [Document(text=body, id=name, metadata={}) for name, body in LIBRARY.items()]
    rows = report(tmp_path, documents, 1000, ContainmentSettings())
    assert pairs(rows) == EXPECTED
    for row in rows:
        a, b = (shingles(LIBRARY[row[k]], 5) for k in ("smaller", "larger"))
        assert row["containment"] == pytest.approx(containment(a, b), abs=1e-4)
        assert row["jaccard"] == pytest.approx(jaccard(a, b), abs=1e-4)


def test_the_passages_of_a_copy_are_listed_with_their_counterparts(tmp_path):
    documents = [*cut("book", 200), *cut("other"), *cut("copy", 170)]
    report(tmp_path, documents, 7, ContainmentSettings())
    works = CopiedWorks(tmp_path)
    assert all(works.counterpart(d) is None for d in (*cut("book"), *cut("other")))
    listed = [works.counterpart(document) for document in cut("copy", 170)]
    assert len([row for row in listed if row]) >= len(listed) - 1
    for start, row in zip(range(0, 4000, 170), listed, strict=True):
        if row:
            assert row["work"] == "book" and row["similarity"] >= 0.75
            # most of the passage stands in its counterpart
            begin = int(row["duplicate_of"].removeprefix("book#"))
            assert begin - 170 < start < begin + 200


def test_a_passage_of_a_copy_names_the_row_of_its_counterpart(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("book", "copy"):
        rows = [{"text": p.text, "id": p.id, "metadata": p.metadata} for p in cut(name)]
        (source / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = PipelineSettings(classifier="off", clean={"enabled": False})
    result = run_pipeline(source, tmp_path / "out", settings)
    page = write_outcome(result, source, settings).page.read_text()
    (file,) = result.rejected.glob("*near*")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows and "its text is not found" not in page
    for row in rows:
        number = row["metadata"]["passage"]
        assert row["detail"]["duplicate_of"] == f"book#{200 * number}"
        assert row["detail"]["duplicate_read_from"] == f"book.jsonl:{number + 1}"


def test_of_two_works_with_one_name_the_first_stays(tmp_path):
    # as in the `kept` of two crawls, or in an archive that lies there unpacked as well
    source = tmp_path / "in"
    source.mkdir()
    passages = [*cut("volume"), *cut("story")]
    rows = [{"text": p.text, "id": p.id, "metadata": p.metadata} for p in passages]
    for name in ("one", "two"):
        (source / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = PipelineSettings(classifier="off", clean={"enabled": False})
    kept = read_documents(run_pipeline(source, tmp_path / "out", settings).kept)
    assert [(d.id, d.text) for d in kept] == [(p.id, p.text) for p in passages]


def test_a_copy_of_a_copy_goes_back_to_the_first_and_others_stay():
    alike = {(0, 2): 0.9, (2, 4): 0.95, (0, 4): 0.8, (1, 3): 0.9, (3, 5): 0.8}
    # 5 is like 3 only, which is no longer there
    assert first_works(alike) == {2: 0, 4: 0, 3: 1}


def test_ranges_of_the_hash_change_nothing(tmp_path):
    documents = [Document(text=body, id=name, metadata={}) for name, body in LIBRARY.items()]
    WorkShingles(str(tmp_path), ContainmentSettings(sample=2)).run(documents)
    works = Works(tmp_path / "shingles")
    whole = candidates(works, ContainmentSettings(sample=2))
    few = ContainmentSettings(sample=2, range_shingles=97)
    assert candidates(works, few) == whole
    named = {frozenset(map(works.name, pair)) for pair in whole}
    assert named >= {frozenset(pair) for pair in EXPECTED}


def test_a_stock_phrase_of_many_works_makes_no_pairs(tmp_path):
    phrase = text(99, 300)
    documents = [
        Document(text=f"{text(n, 400)} {phrase}", id=str(n), metadata={}) for n in range(9)
    ]
    settings = ContainmentSettings(sample=1, least=0.1, most_alike=1, most_holders=8)
    assert report(tmp_path / "few", documents, 100, settings) == []
    settings = settings.model_copy(update={"most_holders": 9})
    assert len(report(tmp_path / "all", documents, 100, settings)) == 36


def test_an_empty_corpus_has_an_empty_report(tmp_path):
    (tmp_path / "shingles").mkdir()
    ReportContained(str(tmp_path), ContainmentSettings()).run()
    assert (tmp_path / REPORT).read_text() == ""


def test_the_work_of_a_passage_is_its_file():
    passage = Document(text="", id="a#1", metadata={"file": "a", "passage": 1})
    assert work_of(passage) == "a"
    assert work_of(Document(text="", id="x", metadata={"file": "a"})) == "x"


def test_the_pipeline_reports_and_drops_nothing_for_it(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("book", "volume", "review"):
        words = LIBRARY[name].split()
        lines = [" ".join(words[i : i + 100]) for i in range(0, len(words), 100)]
        (source / f"{name}.txt").write_text("\n\n".join(lines))
    off = {"classifier": "off", "clean": {"enabled": False}, "part_documents": 5}
    result = run_pipeline(source, tmp_path / "out", PipelineSettings(**off), tasks=3)
    (row,) = map(json.loads, result.contained.read_text().splitlines())
    assert (row["kind"], row["smaller"], row["larger"]) == ("contained", "volume.txt", "book.txt")
    without = PipelineSettings(**off, contained={"enabled": False})
    plain = run_pipeline(source, tmp_path / "plain", without)
    assert not plain.contained.exists()
    assert plain.funnel == result.funnel
