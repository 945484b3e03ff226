import json

import pytest
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter

from mucpt_utils.pipeline.accounting import check_accounting, merge_rows
from mucpt_utils.pipeline.outcome.sampling import RejectedPile, Scores
from mucpt_utils.pipeline.shards import (
    EachShard,
    MapShards,
    ReadUnits,
    read_documents,
    read_shard,
    shard_paths,
)
from mucpt_utils.text.sources import Unreadable


def documents(*names):
    return [Document(text=f"text {name}", id=name, metadata={"source": "s"}) for name in names]


def read(folder, items, shard_documents=2):
    ReadUnits([lambda: iter(items)], folder, shard_documents).run()
    return folder / "kept"


class DropB(BaseFilter):
    """Drops the document `b`, with a detail."""

    name = "drops b"

    def filter(self, doc):
        doc.metadata["filter_detail"] = {"letter": doc.id}
        return (False, "is b") if doc.id == "b" else True


class Breaks(PipelineStep):
    """Breaks off at the document `d`."""

    name, type = "breaks", "test"

    def run(self, data, rank=0, world_size=1):
        for document in data:
            if document.id == "d":
                raise OSError("no space left")
            yield document


def rows(folder):
    return merge_rows(r for p in sorted(folder.glob("counts/*")) for r in json.loads(p.read_text()))


def test_documents_are_read_into_shards_of_their_size_and_the_unreadable_aside(tmp_path):
    bad = Unreadable("s", "file:3", "not JSON", "{")
    kept = read(tmp_path, [*documents("a", "b"), bad, *documents("c")])
    assert [[d.id for d in read_shard(p)] for p in shard_paths(kept)] == [["a", "b"], ["c"]]
    (quarantined,) = (x for p in tmp_path.glob("quarantine/*") for x in p.read_text().splitlines())
    assert json.loads(quarantined)["place"] == "file:3"
    reasons = {row["reason"]: row["documents"] for row in rows(tmp_path)}
    assert reasons == {"kept": 3, "quarantined: not JSON": 1}


def test_reasons_of_the_quarantine_are_counted_by_kind(tmp_path):
    items = [Unreadable("s", f"a:{n}", f"broken UTF-8 at byte {n}") for n in range(50)]
    items += [Unreadable("s", "b", "line longer than 9 bytes")]
    read(tmp_path, items)
    assert {row["reason"]: row["documents"] for row in rows(tmp_path)} == {
        "quarantined: broken UTF-8 at byte …": 50,
        "quarantined: line longer than 9 bytes": 1,
    }
    pile = RejectedPile(tmp_path, next(tmp_path.glob("quarantine/*")), Scores())
    assert pile.quarantined.total() == 51 and pile.quarantined["broken UTF-8 at byte …"] == 50


def test_a_shard_maps_to_one_of_the_same_number_and_what_is_rejected_beside_it(tmp_path):
    kept = read(tmp_path / "0", documents("a", "b", "c"))
    MapShards(kept, [DropB()], "stage", tmp_path / "1").run()
    assert [d.id for d in read_documents(tmp_path / "1" / "kept")] == ["a", "c"]
    (line,) = (x for p in tmp_path.glob("1/rejected/*") for x in p.read_text().splitlines())
    rejected = json.loads(line)
    assert list(rejected) == ["stage", "reason", "detail", "text", "id", "metadata"]
    assert (rejected["reason"], rejected["detail"]) == ("is b", {"letter": "b"})
    check_accounting([*rows(tmp_path / "0"), *rows(tmp_path / "1")])


def test_a_shard_that_broke_off_is_made_again_and_a_whole_one_is_not(tmp_path):
    kept = read(tmp_path / "0", documents("a", "b", "c", "d"))
    with pytest.raises(OSError, match="no space left"):
        MapShards(kept, [Breaks()], "stage", tmp_path / "1").run()
    first, *others = shard_paths(tmp_path / "1" / "kept")
    assert not others, "the second shard has no name yet"
    before = first.stat().st_mtime_ns
    MapShards(kept, [], "stage", tmp_path / "1").run()
    assert first.stat().st_mtime_ns == before
    assert [d.id for d in read_documents(tmp_path / "1" / "kept")] == ["a", "b", "c", "d"]


def test_each_shard_goes_to_one_task_with_its_number_as_the_rank(tmp_path):
    kept = read(tmp_path / "0", documents("a", "b", "c", "d", "e"))
    seen = []

    class Notes(PipelineStep):
        name, type = "notes", "test"

        def run(self, data, rank=0, world_size=1):
            seen.append((rank, world_size, [d.id for d in data]))

    for task in range(2):
        EachShard(kept, Notes()).run(None, task, 2)
    assert sorted(seen) == [(0, 3, ["a", "b"]), (1, 3, ["c", "d"]), (2, 3, ["e"])]
