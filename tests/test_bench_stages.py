"""The bench of the stages itself: goals, the table, and how it labels what has no label."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datatrove.data import Document

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

from bench_stages import with_others
from stages import cleaning, common, domain, duplicates, language

from mucpt_utils import paths
from mucpt_utils.pipeline.duplicates import NearSignatures
from mucpt_utils.report import table_files


def test_a_goal_is_reached_or_not_and_may_be_absent():
    reached = [
        common.row("s", "m", "k", 0.95, 3, least=0.95)["reached"],
        common.row("s", "m", "k", 0.94, 3, least=0.95)["reached"],
        common.row("s", "m", "k", 0.03, 3, most=0.02)["reached"],
        common.row("s", "m", "k", 0.0, 3, most=0)["reached"],
        common.row("s", "m", "k", 0.5, 3)["reached"],
    ]
    assert reached == ["yes", "no", "no", "yes", ""]


def test_measuring_one_stage_leaves_the_rows_of_the_others(tmp_path):
    def rows(stage, value):
        return pd.DataFrame([common.row(stage, "m", "k", value, 1)], columns=common.COLUMNS)

    first = with_others(tmp_path, {"quality": rows(cleaning.STAGE, 0.1)})
    table_files.write_table(first, tmp_path, "stage_quality")
    second = with_others(tmp_path, {"classifier": rows(domain.STAGE, 0.2)})
    assert second["stage"].tolist() == [domain.STAGE, cleaning.STAGE]
    table_files.write_table(second, tmp_path, "stage_quality")
    third = with_others(tmp_path, {"quality": rows(cleaning.STAGE, 0.3)})
    assert third["value"].tolist() == [0.2, 0.3]


def test_missing_reference_data_says_how_to_name_it(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "REFERENCE_DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="MUCPT_REFERENCE_DATA"):
        common.data("cleaning", "ftfy_mojibake")


def test_prose_is_told_from_indexes_and_stubs():
    prose = (
        "When the overture had ended, the audience would not let the conductor go on, and he had "
        "to play the whole of it again before the curtain could rise at last."
    )
    assert cleaning.is_prose(prose)
    assert not cleaning.is_prose("Malibran, 25, 142\nManfredi, 49\nMara, 302, 305\n" * 8)
    assert not cleaning.is_prose("See also the index of the names.")


def test_passages_of_an_encyclopaedia_take_the_label_of_their_article():
    texts = [
        "HARMONIUM, a wind keyboard instrument in music, a reed organ.\n\nIt has bellows.",
        "Its tone is steady.",
        "HARNESS, the equipment of a draught animal; it is made of leather and of metal parts.",
    ]
    assert domain._label_articles(texts) == [True, True, False]


def test_books_inside_other_books_are_one_group():
    names = ["gutenberg_music/4681.txt", "gutenberg_music/4973.txt", "gutenberg_music/1487.txt"]
    groups = [domain._book(Document("t", "i", metadata={"file": name})) for name in names]
    assert groups == ["4973", "4973", "1487"]


def test_random_sets_share_what_they_should(tmp_path):
    block = NearSignatures(tmp_path, duplicates.SETTINGS)
    rng = np.random.default_rng(0)
    assert duplicates._collide(block, rng, duplicates.SIZE)
    assert not any(duplicates._collide(block, rng, 5) for _ in range(20))


def test_other_languages_have_examples_of_many_scripts():
    codes = {document.metadata["source"] for document in language.documents()}
    assert len(codes) > 50 and {"de", "fr", "ru", "ar", "en"} <= codes
