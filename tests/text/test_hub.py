import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datatrove.data import Document

from mucpt_utils.config.pipeline import PipelineSettings
from mucpt_utils.config.text import HubSettings, SourceSettings
from mucpt_utils.pipeline.run import OutputError, check_output, run_pipeline
from mucpt_utils.pipeline.shards import read_documents
from mucpt_utils.text.sources import Unreadable, open_input
from mucpt_utils.text.sources.inputs import input_size

CARD = """---
license: cc0-1.0
configs:
- config_name: default
  data_files:
  - split: train
    path: train-*.jsonl
  - split: test
    path: test.jsonl
---
A dataset made for a test.
"""


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def dataset(tmp_path):
    """A dataset folder as the Hub has them: a card, two shards of train, a test split."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    (folder / "README.md").write_text(CARD)
    for shard in range(2):
        numbers = [shard * 10 + n for n in range(10)]
        lines = [{"text": f"tune {n} in D major", "title": str(n)} for n in numbers]
        write(folder / f"train-{shard}.jsonl", lines)
    rows = [{"text": "one", "title": "a"}, {"text": None, "title": "b"}]
    write(folder / "test.jsonl", rows)
    return folder


def items(place, tmp_path, settings=None):
    found = open_input(place, settings or SourceSettings(), tmp_path)
    return [item for unit in found.units(1) for item in unit()]


def test_a_dataset_is_streamed_shard_by_shard_with_its_metadata(dataset, tmp_path):
    found = open_input(f"hub:{dataset}", SourceSettings(), tmp_path)
    units = found.units(1)
    assert len(units) == 2
    documents = [item for unit in units for item in unit()]
    assert [d.text for d in documents] == [f"tune {n} in D major" for n in range(20)]
    assert documents[10].id == "tunes/train/1:1"
    assert documents[10].metadata == {"source": "tunes", "title": "10", "licence": "cc0-1.0"}


def test_a_split_is_chosen_and_a_row_without_text_is_quarantined(dataset, tmp_path):
    found = items(f"hub:{dataset}:test", tmp_path)
    assert [type(item) for item in found] == [Document, Unreadable]
    assert found[1].place == "tunes/test/0:2"


def test_the_first_documents_only(dataset, tmp_path):
    settings = SourceSettings(hub=HubSettings(documents=12))
    assert len(items(f"hub:{dataset}", tmp_path, settings)) == 12
    assert input_size(f"hub:{dataset}", settings).documents == 12


def test_a_dataset_of_parquet_files_is_streamed_too(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["one", "two"], "year": [1, 2]}), folder / "train.parquet")
    found = items(f"hub:{folder}", tmp_path, SourceSettings(licence="CC0"))
    assert [d.text for d in found] == ["one", "two"]
    assert found[1].metadata == {"source": "tables", "year": 2, "licence": "CC0"}


def test_text_that_is_stored_as_bytes_is_read_as_from_a_file(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    page = "<html><meta charset=iso-8859-2><p>Dvořák wrote it for the Bohemian Quartet.</p></html>"
    rows = {"text": [b"one", page.encode("iso-8859-2"), b"\0"]}
    pq.write_table(pa.table(rows), folder / "train.parquet")
    one, two, three = items(f"hub:{folder}", tmp_path)
    assert one.text == "one" and two.text == "Dvořák wrote it for the Bohemian Quartet."
    assert isinstance(three, Unreadable) and three.place == "tables/train/0:3"


def test_the_key_follows_the_content(dataset, tmp_path):
    def key():
        return open_input(f"hub:{dataset}", SourceSettings(), tmp_path).key()

    before = key()
    assert key() == before
    (dataset / "test.jsonl").write_text('{"text": "another", "title": "c"}\n')
    assert key() != before


def test_a_damaged_shard_gives_what_stands_before_the_damage(dataset, tmp_path):
    (dataset / "test.jsonl").write_text('{"text": "one", "title": "a"}\n{"text": "tw')
    found = items(f"hub:{dataset}:test", tmp_path)
    assert isinstance(found[-1], Unreadable) and "damaged after row" in found[-1].reason


def test_wrong_names_are_told(dataset, tmp_path):
    with pytest.raises(ValueError, match="split"):
        items(f"hub:{dataset}:nosuch", tmp_path)
    with pytest.raises(ValueError, match="name is missing"):
        items("hub:", tmp_path)


@pytest.mark.parametrize("place", [".", "out"])
def test_no_outcome_goes_into_the_dataset_that_is_read(dataset, place):
    with pytest.raises(OutputError, match="--out lies in the dataset"):
        check_output(f"hub:{dataset}:test", dataset / place)
    check_output(f"hub:{dataset}", dataset.parent / "out")


def test_the_pipeline_reads_a_dataset_the_same_whatever_the_tasks(dataset, tmp_path):
    settings = PipelineSettings(classifier="off", part_documents=6)
    one = run_pipeline(f"hub:{dataset}", tmp_path / "one", settings)
    two = run_pipeline(f"hub:{dataset}", tmp_path / "two", settings, tasks=3, workers=2)
    texts = [[d.text for d in read_documents(r.kept)] for r in (one, two)]
    assert texts[0] == texts[1]
    assert sum(r["documents"] for r in one.funnel if r["stage"] == "read") == 20
