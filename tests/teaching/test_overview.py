"""What the first notebook shows of machine, profiles, claims and results."""

from mucpt_utils import paths
from mucpt_utils.analysis import claims, schema
from mucpt_utils.config.settings import load_profile, profile_names
from mucpt_utils.teaching import overview


def test_every_claim_is_mapped_to_a_table_of_the_study():
    table = overview.claims_map()
    assert table["claim"].tolist() == [c.claim for c in claims.load_claims().values()]
    named = {name.removesuffix(".csv") for name in table["table"]} - {"–"}
    assert named <= set(schema.COLUMNS)
    tested = [c.test.kind != "none" for c in claims.load_claims().values()]
    assert (table["here"] != "not tested").tolist() == tested


def test_every_kind_of_test_is_told_in_words_of_its_own():
    told = {c.test.kind: overview.test_in_words(c.test) for c in claims.load_claims().values()}
    told.pop("none")
    assert len(set(told.values())) == len(told)
    assert set(told) <= set(overview.TESTED_IN), "each leads to the notebook that tests it"


def test_the_notebook_that_the_map_names_keeps_the_table_that_it_names():
    for row in overview.claims_map().itertuples():
        text = (paths.NOTEBOOKS / f"{row.notebook}.ipynb").read_text(encoding="utf-8")
        name = row.table.removesuffix(".csv")
        assert name == "–" or f', \\"{name}\\")' in text, (row.notebook, name)


def test_the_way_of_the_data_names_every_notebook_once():
    books = [path.stem for path in sorted(paths.NOTEBOOKS.glob("*.ipynb"))]
    text = (paths.NOTEBOOKS / f"{books[0]}.ipynb").read_text(encoding="utf-8")
    assert [text.count(f" {name}\\n") for name in books[1:]] == [1] * len(books[1:])


def test_requirements_hold_for_a_folder_that_is_still_to_be_made(tmp_path):
    table = overview.requirements(tmp_path / "a" / "b").set_index("what")
    assert set(table["enough"]) <= {"yes", "no"}
    assert table.loc["GPU", "enough"] == "yes"


def test_too_little_room_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(overview, "NEEDED_DISK", 1e9)
    table = overview.requirements(tmp_path).set_index("what")
    assert table.loc["disk", ["there", "enough"]].tolist() == ["less", "no"]


def test_every_profile_and_every_setting_is_listed():
    assert overview.profiles()["profile"].tolist() == profile_names()
    profile = load_profile("smoke", ["train.tokens=4096"])
    table = overview.settings_table(profile).set_index("setting")["value"]
    assert "tokens=4096" in table["train"]
    assert set(table.index) == set(type(profile).model_fields) - {"text", "prose"}
