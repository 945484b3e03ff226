"""The chain of stages at a tiny size: one code path, the real libraries, no network."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import Qwen3Config, Qwen3ForCausalLM

from mucpt_utils.analysis import token_weights
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm
from mucpt_utils.config.settings import load_profile
from mucpt_utils.io import read_jsonl
from mucpt_utils.scoring.tokens import TokenStore, train_tokenizer
from mucpt_utils.study import jobs
from mucpt_utils.study.labels import KINDS, Labels, labels_of
from mucpt_utils.study.layouts import layouts, weighing_arms
from mucpt_utils.study.stages import NotMade
from mucpt_utils.study.study import Study
from mucpt_utils.text.documents import training_text

TINY = [
    "seeds=[0]",
    "base.tokens=3000",
    "reference_training.tokens=2000",
    "train.tokens=3000",
    "reference.temperatures=[1.0, 2.0]",
    "evaluation.general_questions=4",
    "alignment={tokens: 2000, weighted: true}",
]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUCPT_WORK", str(tmp_path_factory.mktemp("work")))
        yield Study(load_profile("smoke", TINY), "test")


def test_roles_share_no_subject(study):
    roles = study.roles
    names = [
        {f.subject for f in group} for group in (roles.test, roles.practice, roles.calibration)
    ]
    assert not names[0] & names[1] and not names[0] & names[2] and not names[1] & names[2]


def test_no_fact_under_test_is_in_what_the_base_learns_from(study):
    """The base must not know what continued pretraining is to teach."""
    text = "\n".join(
        row["text"]
        for path in sorted(study.general_text().folder.glob("*.jsonl"))
        for row in read_jsonl(path)
    )
    told = [f.subject for f in study.roles.test if f" {f.subject} " in text and len(f.subject) > 8]
    assert told == []


def test_reference_text_tells_covered_subjects_only(study):
    covered, titles = study.covered(0), set()
    for row in read_jsonl(study.reference_text(0).path("documents.jsonl")):
        titles |= {fact.split(":")[2] for fact in row["metadata"]["truth"]["facts"]}
    slugs = {f.id.split(":")[2] for f in study.roles.test if f.subject in covered}
    assert titles and titles <= slugs


def test_corpus_accounts_for_every_raw_document(study):
    raw = len(read_jsonl(study.raw_corpus().path("documents.jsonl")))
    funnel = study.corpus().read_json("funnel.json")
    whole = [row for row in funnel if row["reason"] != "removed inside documents"]
    kept, reached = raw, list(dict.fromkeys(row["stage"] for row in whole))
    for stage in reached:
        rows = [row for row in whole if row["stage"] == stage]
        assert sum(row["documents"] for row in rows) == kept
        kept = sum(row["documents"] for row in rows if row["reason"] == "kept")
    files = study.corpus().folder.glob("kept/*.jsonl")
    assert kept == sum(len(read_jsonl(path)) for path in files)


def test_losses_are_aligned_with_tokens(study):
    store = TokenStore.load(study.domain_tokens().folder)
    losses = np.load(study.base_losses().path("losses.npy"))
    assert losses.shape == store.tokens.shape and losses.dtype == np.float16
    assert (losses > 0).mean() > 0.99


def test_sites_are_believed_by_a_sample_and_nothing_else_is_scored(study):
    arm = ARMS["sites_window_start"]
    signals = study.arm_scores(arm, 0)
    assert set(signals) == {"tags", "believed_sites"}, "the whole corpus is not scored"
    scored = study.scored(arm, 0)
    whole = scored.store.tokens.size
    sampled = {
        row["name"]: row["folder"]
        for row in signals["believed_sites"].record["inputs"]
        if row["name"] == "sites_sample"
    }
    sample = TokenStore.load(study.root / sampled["sites_sample"])
    assert 0 < sample.tokens.size < whole / 2
    kept = scored.chosen(arm)
    assert len(kept) == round(arm.keep * len(scored.store))
    left = np.setdiff1d(np.arange(len(scored.store)), kept)
    assert scored.ratings[kept].min() >= scored.ratings[left].max()


def test_another_crawl_tells_the_same_facts_on_other_sites(study):
    def told(study):
        rows = read_jsonl(study.raw_corpus().path("documents.jsonl"))
        truth = [row["metadata"]["truth"] for row in rows]
        bad = {r["metadata"]["site"] for r, t in zip(rows, truth, strict=True) if not t["reliable"]}
        facts = {fact for each in truth for fact in each.get("facts", ())}
        return {row["text"] for row in rows}, bad, {f for f in facts if f.startswith("m:")}

    texts, bad, facts = told(study)
    other = study.with_changes({"render": {"crawl": 1}})
    texts_there, bad_there, facts_there = told(other)
    assert len(texts & texts_there) < 0.05 * len(texts) and bad != bad_there
    assert len(facts & facts_there) > 0.9 * len(facts)
    for same in ("general_text", "tagger_text", "held_out_text"):
        assert getattr(other, same)().sha256 == getattr(study, same)().sha256


def test_a_run_answers_every_question_at_every_point(study):
    rows = read_jsonl(study.answers("soft_dynamic", 0).path("answers.jsonl"))
    asked = len(read_jsonl(study.world().path("questions.jsonl")))
    points = sorted({row["tokens"] for row in rows})
    assert len(points) == study.profile.evaluation.points
    for point in points:
        here = [r for r in rows if r["tokens"] == point and r["set"] == "questions"]
        assert len(here) == asked


def test_the_reference_model_is_measured_as_it_is(study):
    run = study.run("reference", 0)
    mine, learnt = (
        (run.path("model") / "model.safetensors").read_bytes(),
        (study.reference(0).path("model") / "model.safetensors").read_bytes(),
    )
    assert mine == learnt
    assert {row["tokens"] for row in read_jsonl(run.path("responses.jsonl"))} == {0}
    text = [study.run(arm, 0).read_json("text.json") for arm in ("reference", "base")]
    assert text[0] != text[1], "it has learnt something since the base"


def test_an_arm_begins_where_it_says_halfway_between_both_models_or_at_one(study):
    begun = {
        start: load_file(
            study.begun(Arm(title="x", start=start), 0).path("model") / "model.safetensors"
        )
        for start in ("base", "reference", "merged")
    }
    assert begun["base"].keys() == begun["merged"].keys()
    for name, weights in begun["merged"].items():
        base, reference = begun["base"][name], begun["reference"][name]
        torch.testing.assert_close(weights, (base + reference) / 2)
        assert not torch.equal(base, reference)


def test_a_stage_is_found_again_and_a_changed_setting_makes_another(study):
    run = study.run("plain", 0)
    assert study.run("plain", 0) == run
    other = study.with_changes({"replay": 0.4}).run("plain", 0)
    assert other.folder != run.folder
    assert study.with_changes({"replay": 0.4}).corpus() == study.corpus()


def test_jobs_make_what_is_missing_in_workers(study):
    job = jobs.Job(study, "run", ("random", 0), 3000, True)
    assert job.find() is None
    jobs.make([job], "arms", workers=1)
    assert job.find().read_json("text.json")["bits_per_byte"].keys() == {"music", "general"}


def test_metadata_line_is_declared_and_can_be_switched_off():
    document = {"text": "Text.", "metadata": {"source": "web", "title": "A", "year": None}}
    assert training_text(document, ("source", "title", "year")) == "[web | A]\nText."
    assert training_text(document, ()) == "Text."


def test_kinds_of_tokens_follow_the_labels(study):
    document = {
        "text": "Björk was born in 1965. BUY NOW",
        "metadata": {
            "source": "s",
            "truth": {
                "spans": [
                    {"start": 0, "end": 23, "kind": "fact", "fact": "f"},
                    {"start": 24, "end": 31, "kind": "spam"},
                ]
            },
        },
    }
    tokenizer = study.loaded_tokenizer
    made = labels_of([document], tokenizer, ("source",), {"f": "1965"})
    kinds = made.kinds
    ids = tokenizer(training_text(document, ("source",)))["input_ids"]
    assert len(kinds) == len(ids) + 1
    text = {
        kind: tokenizer.decode([t for t, k in zip(ids, kinds[:-1], strict=True) if k == i]).strip()
        for i, kind in enumerate(KINDS)
    }
    assert text["fact"] == "1965" and text["spam"] == "BUY NOW" and "Björk" in text["other"]


@pytest.fixture(scope="module")
def labels(study):
    """The kind of each of the corpus's tokens, and where its documents begin."""
    kinds = Labels.load(study.labels().folder).kinds
    return kinds, TokenStore.load(study.domain_tokens().folder).starts


def test_every_static_arm_is_described_by_the_weights_that_training_gave(study, labels):
    """What went wrong once: a table of weights that no run had been given."""
    static = [n for n, arm in ARMS.items() if arm.tokens and arm.tokens.numerator == "static"]
    assert {"soft_static", "soft_mixed", "soft_surprise"} <= set(static)
    jobs.make([jobs.run(study, name, 0) for name in static], "static arms", workers=1)
    before = token_weights.fixed_before_training(layouts(study, static, trained=False), *labels)
    given = token_weights.given_in_training(layouts(study, static), *labels)
    keys = ["arm", "kind", "seeds", "tokens"]
    assert before[keys].equals(given[keys]) and set(given["arm"]) == set(static)
    np.testing.assert_allclose(before["weight"], given["weight"], atol=1e-3)
    assert given.groupby("arm")["weight"].std().min() > 0.01, "the kinds are told apart"


def test_weights_given_have_mean_one_and_intervals_around_them(study, labels):
    arms = weighing_arms(study)
    assert arms == [
        "rho1",
        "soft_static",
        "soft_mixed",
        "soft_dynamic",
        "selection_soft",
        "inverse",
    ]
    assert weighing_arms(study, static=True) == ["soft_static", "soft_mixed"]
    jobs.make([jobs.run(study, name, 0) for name in arms], "arms", workers=1)
    table = token_weights.given_in_training(layouts(study, arms), *labels)
    for _, rows in table.groupby("arm"):
        assert np.average(rows["weight"], weights=rows["tokens"]) == pytest.approx(1, abs=0.02)
    several = table[table["ci_low"].notna()]  # tokens of one document alone have no interval
    assert len(several) > len(table) / 2
    inside = (several["ci_low"] <= several["weight"]) & (several["weight"] <= several["ci_high"])
    assert inside.all() and (table["seeds"] == 1).all()
    assert {"other", "fact"} <= set(table["kind"])


def test_the_parts_of_training_add_up_to_the_whole(study, labels):
    arms = ["soft_static", "soft_dynamic"]
    parts = token_weights.over_training(layouts(study, arms), labels[0])
    assert tuple(parts.columns) == ("arm", "seed", "tokens", "kind", "weight", "n")
    assert parts.groupby("arm")["tokens"].nunique().eq(study.profile.evaluation.points).all()
    whole = token_weights.given_in_training(layouts(study, arms), *labels)
    for (arm, kind), rows in parts.groupby(["arm", "kind"]):
        row = whole[(whole["arm"] == arm) & (whole["kind"] == kind)].iloc[0]
        assert np.average(rows["weight"], weights=rows["n"]) == pytest.approx(
            row["weight"], abs=1e-5
        )
        assert rows["n"].sum() == row["tokens"]


def test_weights_that_a_run_does_not_keep_give_no_row(study, labels):
    bare = study.with_changes({"evaluation.keep_weights": False})
    bare.run("soft_static", 0)
    assert token_weights.given_in_training(layouts(bare, ["soft_static"]), *labels).empty
    assert token_weights.over_training(layouts(bare, ["soft_static"]), labels[0]).empty


def test_weights_of_runs_that_are_not_there_are_not_made_up(study):
    other = study.with_changes({"replay": 0.3})
    with pytest.raises(NotMade):
        next(iter(layouts(other, ["soft_static"])))


@pytest.mark.parametrize("damage", ["overwritten", "cut off", "gone"])
def test_damaged_cached_losses_are_noticed_and_made_again(study, damage, caplog):
    path = study.reference_losses(0).path("losses.npy")
    sound = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(sound[: len(sound) // 2] + b"\0" * (damage == "overwritten"))
    assert study.reference_losses(0).path("losses.npy").read_bytes() == sound
    assert "is damaged" in caplog.text


def test_cached_losses_of_another_reference_or_temperature_are_not_taken(study):
    ours = study.reference_losses(0)
    hot = study.reference_losses(0, 3.0)
    other = study.with_changes({"reference.documents_per_subject": 3}).reference_losses(0)
    assert len({ours.folder, hot.folder, other.folder}) == 3


def test_entropies_are_cached_beside_losses(study):
    entropy = np.load(study.reference_entropies(0).path("losses.npy"))
    assert entropy.shape == np.load(study.reference_losses(0).path("losses.npy")).shape
    assert (entropy > 0).mean() > 0.99 and entropy.max() <= np.log(study.profile.vocabulary) + 0.01


def test_alignment_asks_nobody_under_test(study):
    text = study.alignment_text().path("questions.jsonl").read_text()
    told = [f.subject for f in study.roles.test if len(f.subject) > 8 and f" {f.subject} " in text]
    assert told == []


def test_an_arm_is_measured_again_after_alignment(study):
    for arm in ("plain", "soft_dynamic"):
        rows = read_jsonl(study.aligned_answers(arm, 0).path("answers.jsonl"))
        asked = len(read_jsonl(study.world().path("questions.jsonl")))
        assert sum(row["set"] == "questions" for row in rows) == asked
    bare = study.with_changes({"alignment": None})
    assert jobs.alignment(bare) == [] and len(jobs.alignment(study)) == len(study.profile.arms)
    with pytest.raises(ValueError, match="no alignment settings"):
        bare.aligned("plain", 0)


def test_answers_are_weighed_by_the_base_where_an_arm_needs_no_reference_model(study):
    weighed = study.with_changes({"alignment.weighted": True}).aligned("base_loss", 0)
    inputs = {each["name"] for each in weighed.record["inputs"]}
    assert "alignment_base_losses" in inputs and "alignment_reference_losses" not in inputs


@pytest.fixture
def own_model(tmp_path, study):
    """A function that saves a tiny Qwen3 with the study's tokenizer, or another, to a folder."""

    def save(name, texts=None):
        tokenizer = study.loaded_tokenizer if texts is None else train_tokenizer(texts, 400)
        size = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64}
        heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16}
        Qwen3ForCausalLM(Qwen3Config(**size, num_hidden_layers=2, **heads)).save_pretrained(
            tmp_path / name
        )
        tokenizer.save_pretrained(tmp_path / name)
        return str(tmp_path / name)

    return save


def test_a_base_from_a_folder_goes_through_every_stage(study, own_model):
    loaded = {"name": own_model("qwen"), "parameters": 1000, "vocabulary": 1024}
    changed = study.with_changes({"pretrained": loaded})
    rows = read_jsonl(changed.answers("soft_static", 0).path("answers.jsonl"))
    assert rows and changed.base().record["settings"]["identity"] != loaded["name"]


def test_a_reference_with_another_tokenizer_is_refused(study, own_model):
    other = own_model("other", ["Other text altogether, in other words. " * 9])
    with pytest.raises(ValueError, match="another tokenizer than the model that is trained"):
        study.with_changes({"reference.pretrained": other}).reference_losses(0)
