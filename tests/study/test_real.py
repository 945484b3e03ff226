"""The path of the profile `real`: a loaded model, invented subjects, examples, prose mixed in."""

import numpy as np
import pytest
from transformers import LlamaConfig, LlamaForCausalLM

from mucpt_utils.analysis.items import items
from mucpt_utils.analysis.runs import read_runs
from mucpt_utils.config.settings import SettingsError, load_profile
from mucpt_utils.io import read_json, read_jsonl
from mucpt_utils.scoring.tokens import train_tokenizer
from mucpt_utils.study import jobs
from mucpt_utils.study.labels import Labels
from mucpt_utils.study.study import Study

TEXT = "The singer wrote a song about the river and the band played it in the old town."
WORDS = TEXT.split()
SMALL = [
    "pretrained.parameters=1000000",
    "pretrained.vocabulary=600",
    "arms=[base, plain, soft_mixed]",
    "evaluation.general_questions=4",
    "evaluation.shots=2",
    "evaluation.known_above=-30.0",
]


def write_prose(root):
    rng = np.random.default_rng(0)
    for name in ("music_prose", "general_prose"):
        (root / name).mkdir(parents=True)
        for number in range(12):
            paragraphs = [" ".join(rng.choice(WORDS, 90)) + "." for _ in range(8)]
            (root / name / f"book{number}.txt").write_text("\n\n".join(paragraphs))


def write_model(folder):
    tokenizer = train_tokenizer([" ".join(WORDS), "Question: Who?\nAnswer: 1965"] * 20, 400)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=0,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    root = tmp_path_factory.mktemp("real")
    write_prose(root / "text")
    write_model(root / "model")
    settings = [*SMALL, f"pretrained.name={root / 'model'}", f"text={root / 'text'}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_WORK", str(root / "work"))
        yield Study(load_profile("real_smoke", settings), "test")


def test_examples_are_about_nothing_that_is_asked(study):
    asked = {row["subject"] for row in read_jsonl(study.world().path("questions.jsonl"))}
    for name in ("questions", "general"):
        shown = read_jsonl(study.examples().path(f"{name}.jsonl"))
        assert len(shown) == 2 and not asked & {row["subject"] for row in shown}


def test_prose_stands_in_the_crawl_and_in_replay(study):
    raw = read_jsonl(study.raw_corpus().path("documents.jsonl"))
    prose = [row for row in raw if row["metadata"]["truth"]["doc_kind"] == "prose"]
    assert prose and {row["metadata"]["site"] for row in prose} == {
        row["metadata"]["file"] for row in prose
    }
    assert {"music_prose_held_out", "general_prose_held_out", "examples"} <= set(
        study.measured_on()
    )


def test_labels_know_the_objects_of_invented_facts(study):
    labels = Labels.load(study.labels().folder)
    told = {labels.names[number] for number in labels.facts if number >= 0}
    assert any(name.startswith("m:invented.") for name in told)


def test_runs_are_measured_by_what_was_known_before(study):
    jobs.references([study])
    jobs.make(jobs.arms(study), "arms", workers=1)
    files = jobs.main_files(study)
    text = read_json(files[0].folder / "text.json")["bits_per_byte"]
    assert set(text) == {"music", "general", "music_prose", "general_prose"}
    measured = items(read_runs(files))
    by_stratum = {
        name: set(part["item"])
        for name, part in measured[measured["arm"] == "plain"].groupby("stratum")
    }
    assert all(name.startswith("q:m:invented.") for name in by_stratum["invented"])
    known = by_stratum["known_before"]
    assert known == files[0].known_before and not known & by_stratum["invented"]
    assert not known & (by_stratum["covered"] | by_stratum["uncovered"])


def test_what_was_known_before_needs_the_base():
    with pytest.raises(SettingsError, match="known_above needs arm 'base'"):
        load_profile("real_smoke", ["arms=[plain]"])
