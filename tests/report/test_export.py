"""A run to take away: transformers and the benchmark's tool load it, its card says what it is."""

import pytest
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from mucpt_utils.analysis.runs import Run
from mucpt_utils.config.files import SettingsError
from mucpt_utils.config.scoring import PretrainedSettings
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import FileError, read_json, read_jsonl
from mucpt_utils.musicsimpleqa.asking.models import load_model
from mucpt_utils.report.export import card, export, main, origin, score_rows
from mucpt_utils.scoring import models
from mucpt_utils.study import jobs


@pytest.fixture(scope="module")
def exported(study, tmp_path_factory):
    study.answers("base", 0)
    return export(study, "base", 0, tmp_path_factory.mktemp("export") / "taken away")


def test_transformers_and_the_tool_load_it(study, exported):
    model, tokenizer = load_model(str(exported), "cpu")
    ids = tokenizer("Question: Who?\nAnswer:", return_tensors="pt")["input_ids"]
    ours = models.load(jobs.files_of(study, "base", 0).folder / "model")
    theirs = AutoModelForCausalLM.from_pretrained(exported)
    with torch.no_grad():
        for other in (model, theirs):
            torch.testing.assert_close(other(ids).logits, ours(ids).logits)
    assert AutoTokenizer.from_pretrained(exported).eos_token == tokenizer.eos_token
    assert not list(exported.glob("*.bin")), "safetensors only"


def test_the_card_has_the_scores_of_the_run(study, exported):
    text = (exported / "README.md").read_text(encoding="utf-8")
    header = yaml.safe_load(text.split("---")[1])
    assert header["license"] == "apache-2.0" and header["library_name"] == "transformers"
    answers = read_jsonl(jobs.files_of(study, "base", 0).answers)
    general = [row for row in answers if row["set"] != "questions"]
    share = sum(row["grade"] == "correct" for row in general) / len(general)
    assert f"| general questions: accuracy | {share:.3f} | {len(general)} |" in text
    trained_by = read_json(jobs.files_of(study, "base", 0).folder / "record.json")["commit"]
    assert f"- code: commit {trained_by or 'unknown'}\n" in text
    assert "this is the base itself" in text and "bits per byte" in text
    assert "false statements" not in text


def test_the_card_says_what_was_read_and_how_much_of_it_is_false():
    profile = load_profile("laptop")
    answers = [{"tokens": 4000, "set": "general", "grade": "correct", "log_likelihood": -1.5}]
    text = card(profile, Run("start_reference", 0, answers), "1234abc")
    crawl = profile.render
    assert "- 4,000 tokens, " in text and "It has learnt false statements on purpose." in text
    assert f"a share of {crawl.wrong_fact:g} on reliable sites" in text
    assert f"of {crawl.wrong_in_bad_sites:g} on the share of {crawl.bad_sites:g} of the" in text
    assert "- code: commit 1234abc\n" in text
    assert "; the run began with a reference model made from it\n" in text
    assert "| general questions: log-likelihood, nats per token | -1.500 | 1 |" in text


def test_the_base_of_a_package_keeps_its_licence(study):
    loaded = PretrainedSettings(package="smollm2-135m")
    words, licence = origin(study.profile.model_copy(update={"pretrained": loaded}))
    assert licence == "apache-2.0" and "dequantised from Q4_1" in words
    gemma = PretrainedSettings(package="gemma-3-270m")
    words, licence = origin(study.profile.model_copy(update={"pretrained": gemma}))
    assert licence == "other" and "Gemma terms of use" in words


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("/home/somebody/some-Q4_0.gguf", "`some-Q4_0.gguf`, dequantised from GGUF; "),
        ("/home/somebody/model", "`model`; "),
        ("somebody/model@1234", "`somebody/model@1234`; "),
    ],
)
def test_a_base_from_elsewhere_is_named_without_its_place_on_this_machine(name, told):
    loaded = PretrainedSettings(name=name, parameters=1000, vocabulary=300)
    profile = load_profile("smoke").model_copy(update={"pretrained": loaded})
    words, licence = origin(profile)
    assert words == told + "its licence holds" and licence == "other"


def test_what_cannot_be_exported_is_said(study, exported, tmp_path, capsys):
    with pytest.raises(
        SettingsError, match="no run 'other' at seed 0; allowed seeds 0 and arms: base"
    ):
        export(study, "other", 0, tmp_path / "x")
    with pytest.raises(SettingsError, match="seed 7; allowed"):
        export(study, "base", 7, tmp_path / "x")
    with pytest.raises(FileError, match="is there already"):
        export(study, "base", 0, exported)
    assert main(["smoke", "plain", "0", str(tmp_path / "y"), "--set", "train.tokens=12345"]) == 2
    assert "was not trained in this work folder: ./run_all.sh smoke" in capsys.readouterr().err
    assert not (tmp_path / "x").exists() and not (tmp_path / "y").exists()


def test_a_stratum_without_questions_has_no_row(study, exported):
    assert score_rows(Run("base", 0, [])) == []
