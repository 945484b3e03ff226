"""The prose lane on a folder of text made here."""

import numpy as np
import pytest

from mucpt_utils.config.settings import ProseSettings, SettingsError, load_profile
from mucpt_utils.io import read_json, read_jsonl
from mucpt_utils.study import jobs, lanes, prose

MUSIC = [
    "sonata",
    "melody",
    "orchestra",
    "violin",
    "composer",
    "opera",
    "chord",
    "rhythm",
    "symphony",
    "singer",
]
GENERAL = [
    "harvest",
    "senate",
    "engine",
    "river",
    "planet",
    "treaty",
    "market",
    "bridge",
    "doctor",
    "garden",
]
SMALL = {
    "seeds": [0],
    "prose.vocabulary": 400,
    "prose.passages": 40,
    "prose.base.tokens": 3000,
    "prose.reference_training.tokens": 2000,
    "prose.train.tokens": 3000,
    "reference.temperatures": [1.0],
}


SHARES = ProseSettings().model_dump(include={"held_out", "calibration", "reference"})


def write_book(path, words, seed):
    rng = np.random.default_rng(seed)
    sentences = (
        " ".join(["The", *rng.choice(words, 4), "was", "in", "the", *rng.choice(words, 3)]) + "."
        for _ in range(160)
    )
    path.write_text(
        "\n\n".join(
            " ".join(s for s, _ in zip(sentences, range(16), strict=False)) for _ in range(10)
        )
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("text")
    for name, words in (("music_prose", MUSIC), ("general_prose", GENERAL)):
        for number in range(16):
            book = root / name / f"book{number}"
            book.mkdir(parents=True)
            write_book(book / f"{number}.txt", words, number)
    (root / "general_prose" / "broken.gz.txt").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def study(folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_WORK", str(tmp_path_factory.mktemp("work")))
        profile = load_profile("smoke").override({**SMALL, "text": str(folder)})
        yield lanes.ProseStudy(profile, "test")


def test_every_file_has_one_role_and_shares_are_kept():
    names = [f"music/{n}.txt" for n in range(4000)]
    roles = [prose.role_of(name, SHARES) for name in names]
    shares = {role: roles.count(role) / len(roles) for role in prose.ROLES}
    assert shares["held_out"] == pytest.approx(0.2, abs=0.03)
    assert shares["reference"] == pytest.approx(0.3, abs=0.03)
    assert prose.role_of(names[0], SHARES) == roles[0]


def test_no_file_stands_in_two_roles(study):
    passages = study.passages().folder
    files = {
        role: {row["metadata"]["file"] for row in read_jsonl(passages / f"music_{role}.jsonl")}
        for role in prose.ROLES
    }
    for one in prose.ROLES:
        for other in prose.ROLES:
            assert one == other or not files[one] & files[other]


def test_an_unreadable_file_is_counted_and_not_fatal(study):
    assert study.unreadable() == 1
    assert read_jsonl(study.passages().path("general_unreadable.jsonl"))[0]["reason"]


def test_arms_are_measured_in_bits_per_byte(study):
    jobs.references([study])
    jobs.make(jobs.arms(study), "arms", workers=1)
    for files in jobs.main_files(study):
        measured = read_json(files.folder / "text.json")["bits_per_byte"]
        assert set(measured) == {"music", "general"}
        assert all(0 < value < 20 for value in measured.values())
        assert read_jsonl(files.answers) == [] and files.covered == frozenset()


def test_nothing_is_asked_so_no_example_of_a_question_is_looked_for(study):
    """`real_prose` asks with five examples where it asks; this lane's world has no facts."""
    profile = study.profile
    shots = profile.evaluation.model_copy(update={"shots": 5})
    asked = lanes.ProseStudy(profile.model_copy(update={"evaluation": shots}), "test")
    assert set(asked.measured_on()) == {
        *("world", "tokenizer", "music_held_out", "general_held_out")
    }


def test_the_prose_lane_needs_its_folders(folder, tmp_path):
    with pytest.raises(SettingsError, match="--set text=DIR"):
        lanes.ProseStudy(load_profile("smoke"))
    profile = load_profile("smoke").override({"text": str(tmp_path)})
    with pytest.raises(SettingsError, match="music_prose"):
        lanes.ProseStudy(profile)
