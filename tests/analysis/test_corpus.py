"""Tables of the corpus of real prose; those of the rendered lane are tested on the small study."""

from mucpt_utils.analysis import corpus
from mucpt_utils.io import write_jsonl
from mucpt_utils.study.prose import ROLES


def test_passages_of_files_and_of_rows_are_counted_by_where_they_come_from(tmp_path):
    for domain in ("music", "general"):
        for role in ROLES:
            rows = [
                {"text": "two words", "metadata": {"source": "books", "file": f"{i}.txt"}}
                for i in (1, 1, 2)
            ]
            rows += [{"text": "three more words", "metadata": {"source": "abstracts"}}] * 2
            write_jsonl(tmp_path / f"{domain}_{role}.jsonl", rows)
    table = corpus.passage_counts(tmp_path)
    assert len(table) == 2 * len(ROLES)
    assert set(table["files"]) == {3}
    assert set(table["documents"]) == {5} and set(table["tokens"]) == {12}
