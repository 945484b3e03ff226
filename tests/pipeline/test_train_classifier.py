"""The command that trains a classifier on one's own text, and books that are partly about music."""

import json

import pytest
from test_classifier import labelled

from mucpt_utils.errors import WRONG_INPUT
from mucpt_utils.pipeline.command import main
from mucpt_utils.pipeline.domain.classifier import Classifier
from mucpt_utils.pipeline.domain.sections import is_heading, labelled_sections, sections
from mucpt_utils.pipeline.domain.train_classifier import file_examples
from mucpt_utils.pipeline.domain.training import Example, group_folds

MUSIC = "The violin plays the melody, and the orchestra answers with a chord in the sonata. "
OTHER = "The court found that the tenant had broken the lease, and the judge fined the owner. "


@pytest.fixture
def folders(tmp_path):
    """Four files of each label, in two folders."""
    for name, in_domain in (("music", True), ("general", False)):
        examples = [e for e in labelled(240, seed=1) if e.in_domain is in_domain]
        for number in range(4):
            path = tmp_path / name / f"part{number % 2}" / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n\n".join(e.text for e in examples[number::4]))
    return tmp_path


def test_it_trains_on_two_folders_and_leaves_a_card(folders, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["train-classifier", "--music", folders / "music", "--general", folders / "general"]
    assert main([*map(str, arguments), "--out", str(out)]) == 0
    assert "held out, average precision" in capsys.readouterr().out
    low, high = Classifier.load(out).probabilities([OTHER, MUSIC])
    assert low < 0.5 < high
    assert "Digest" in (out / "README.md").read_text()


def test_it_trains_on_json_lines(tmp_path):
    path, out = tmp_path / "rows.jsonl", tmp_path / "out"
    rows = [
        {"text": e.text, "label": "music" if e.in_domain else "general", "group": e.group}
        for e in labelled(80)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["train-classifier", "--labelled", str(path), "--out", str(out)]
    assert main([*arguments, "--without-fasttext"]) == 0
    low, high = Classifier.load(out).probabilities([OTHER, MUSIC])
    assert low < high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to learn from: give --music and --general, or --labelled"),
        (["--music", "nowhere"], "nowhere is missing"),
        (["--labelled", "{bad}"], "label is 'jazz'; allowed: music, general"),
        (["--labelled", "{one}"], "two groups of general text, got 0"),
        (["--prior", "2"], "--prior is 2.0; allowed: between 0 and 1"),
    ],
)
def test_wrong_input_is_one_line(tmp_path, capsys, arguments, message):
    bad, one = tmp_path / "bad.jsonl", tmp_path / "one.jsonl"
    bad.write_text('{"text": "a", "label": "jazz"}\n')
    one.write_text('{"text": "a", "label": "music"}\n{"text": "b", "label": "music"}\n')
    given = [argument.format(bad=bad, one=one) for argument in arguments]
    assert main(["train-classifier", *given, "--out", str(tmp_path / "out")]) == WRONG_INPUT
    printed = capsys.readouterr().err
    assert message in printed and printed.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("README.md", "my own notes"), ("terms.jsonl", "keep"), ("domain.bin", "mine")]
    + [("classifier.json", "[1]"), ("classifier.json", '{"name": "another kind"}')],
)
def test_files_of_somebody_else_are_not_replaced(tmp_path, capsys, name, content):
    rows, out = tmp_path / "rows.jsonl", tmp_path / "out"
    lines = [
        {"text": e.text, "label": "music" if e.in_domain else "general", "group": e.group}
        for e in labelled(80)
    ]
    rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["train-classifier", "--labelled", str(rows), "--out", str(out)]
    out.mkdir()
    (out / name).write_text(content)
    assert main([*arguments, "--without-fasttext"]) == WRONG_INPUT
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and f"--out {out} holds {name}, which no training" in printed
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [(name, content)]
    (out / name).rename(out / "notes.txt")
    for _ in range(2):  # beside other names it trains, and replaces what it has left itself
        assert main([*arguments, "--without-fasttext"]) == 0
    assert (out / "notes.txt").read_text() == content


def rows_file(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_groups_with_passages_of_both_labels_are_held_out_whole(tmp_path):
    groups = [("music", "a"), ("music", "b"), ("general", "b"), ("general", "c")]
    texts = {"music": MUSIC, "general": OTHER}
    rows = [
        {"text": f"{texts[label]} {group} {n}", "label": label, "group": group}
        for label, group in groups
        for n in range(4)
    ]
    path = rows_file(tmp_path / "rows.jsonl", rows)
    arguments = ["train-classifier", "--labelled", str(path), "--without-fasttext"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0


@pytest.mark.parametrize("seed", range(6))
def test_outside_of_each_fold_are_both_labels(seed):
    units = [(True, "a"), (True, "b"), (False, "b"), *((False, f"c{n}") for n in range(seed + 1))]
    examples = [Example("", label, group) for label, group in units]
    folds = group_folds(examples, 3, seed)
    for fold in set(folds):
        assert {e.in_domain for e, f in zip(examples, folds, strict=True) if f != fold} == {0, 1}
    assert folds[1] == folds[2]


def test_a_group_may_have_the_number_zero(tmp_path):
    rows = [{"text": str(n), "label": "music", "group": n // 4} for n in range(8)]
    examples = list(file_examples(rows_file(tmp_path / "rows.jsonl", rows)))
    assert [e.group for e in examples] == ["0"] * 4 + ["1"] * 4


def test_what_teaches_nothing_is_left_out_and_told(folders, tmp_path, capsys):
    (folders / "general" / "copy.txt").write_text((folders / "music/part0/0.txt").read_text())
    (folders / "general" / "broken.jsonl.gz").write_bytes(b"PK\x03\x04broken")
    out = folders / "music" / "out"
    arguments = ["train-classifier", "--music", folders / "music", "--general", folders / "general"]
    cards = []
    for _ in range(2):  # the second time there is a classifier among the music
        assert main([*map(str, arguments), "--out", str(out), "--without-fasttext"]) == 0
        told = capsys.readouterr().err
        assert "labelled both music and general" in told and "unreadable: 1" in told
        cards.append((out / "README.md").read_text())
    assert cards[0] == cards[1] and "broken.jsonl.gz" in cards[0]


def test_a_file_in_place_of_the_folder_is_told_before_training(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert main(["train-classifier", "--out", str(tmp_path / "out")]) == WRONG_INPUT
    assert "is a file; name a folder" in capsys.readouterr().err


def test_a_partly_musical_work_is_split_and_labelled_by_section():
    work = [f"CHAPTER {n}\n\n{text * 8}" for n, text in (("I", OTHER), ("II", MUSIC))]
    assert len(sections(work)) == 2
    examples = labelled_sections(work, "book", "shelf")
    assert [e.in_domain for e in examples] == [False, True]
    assert {e.group for e in examples} == {"book, section 0", "book, section 1"}


@pytest.mark.parametrize(
    ("paragraph", "heading"),
    [
        ("HARPSICHORD, HARPSICON, an instrument with strings", True),
        ("HAURÉAU, (JEAN) BARTHÉLEMY (1812-1896), French historian", True),
        ("Chapter 12", True),
        ("XIV", True),
        ("A chapter of accidents, and nobody to be blamed for it.", False),
        ("Harps were known to the Egyptians.", False),
    ],
)
def test_headings(paragraph, heading):
    assert is_heading(paragraph) is heading
