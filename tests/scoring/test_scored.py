"""The one road from losses to weights: what it needs, what it refuses, that it is the only one."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mucpt_utils import paths
from mucpt_utils.config.arms import ARMS
from mucpt_utils.config.scoring import Arm, Criterion
from mucpt_utils.io import write_json
from mucpt_utils.scoring import losses
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.scoring.scored import NotScored, Scored

SURPRISE = ARMS["soft_surprise"]


@pytest.fixture
def scored(store_of):
    rng = np.random.default_rng(0)
    store = store_of(rng.integers(5, 40, 30).tolist())
    base, reference, entropies = rng.uniform(0, 8, (3, store.tokens.size)).astype(np.float16)
    return Scored(store, np.ones(30, np.float32), base, reference, entropies, temperature=2.0)


def test_weights_are_those_of_the_criterion_with_its_entropies(scored):
    arrays = (scored.base, scored.reference, scored.entropies)
    base, reference, entropies = (torch.from_numpy(x) for x in arrays)
    everything = torch.ones(len(base))
    ours = scored.weights(SURPRISE, 0)
    by_hand = token_weights(base, reference, everything, SURPRISE.tokens, entropies)
    np.testing.assert_allclose(ours, by_hand.numpy(), atol=1e-6)
    # what went wrong once: the surprise's criterion applied to losses
    losses_alone = SURPRISE.tokens.model_copy(update={"denominator": "loss"})
    other = token_weights(base, reference, everything, losses_alone)
    assert np.abs(ours - other.numpy()).max() > 0.5


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"base": None}, "not scored by the base and the reference model"),
        ({"reference": None}, "not scored by the base and the reference model"),
        ({"entropies": None}, "needs the RM's entropies"),
        ({"temperature": 1.5}, "asks for temperature 2, the reference losses are of temp.* 1.5"),
        ({"temperature": None}, "asks for temperature 2"),
    ],
)
def test_it_refuses_what_the_criterion_needs_and_it_lacks(scored, missing, message):
    lacking = replace(scored, **missing)
    with pytest.raises(NotScored, match=message):
        lacking.weights(SURPRISE, 0)
    by_document = Arm(title="x", documents=SURPRISE.tokens)
    with pytest.raises(NotScored, match=message):
        lacking.chosen(by_document)


def test_token_weights_refuse_a_denominator_without_entropies():
    pair = torch.tensor([1.0, 2.0])
    for kind in ("entropy", "surprise"):
        with pytest.raises(ValueError, match=f"denominator={kind} needs the RM's entropies"):
            token_weights(pair, pair, torch.ones(2), Criterion(denominator=kind))


def test_an_arm_without_a_reference_needs_no_scores(scored):
    bare = Scored(scored.store, scored.document_weights)
    assert (bare.weights(ARMS["plain"], 0) == 1).all()
    assert set(np.unique(bare.weights(ARMS["random"], 0))) > {0.0}
    assert len(bare.chosen(ARMS["plain"])) == 30


def test_dynamic_weights_are_fixed_only_at_the_start(scored):
    assert (scored.weights(ARMS["soft_dynamic"], 0) == 1).all()
    start = scored.weights(ARMS["soft_dynamic"], 0, at_start=True)
    assert start.std() > 0.1 and start.mean() == pytest.approx(1, abs=1e-5)
    static = ARMS["soft_static"]
    same = scored.weights(static, 0, at_start=True)
    np.testing.assert_array_equal(same, scored.weights(static, 0))


def test_a_criterion_that_warms_up_weighs_nothing_at_the_start(scored):
    arm = Arm(title="x", tokens=Criterion(numerator="dynamic", warmup=0.2))
    assert (scored.weights(arm, 0, at_start=True) == 1).all()


def test_it_is_read_from_folders_with_the_temperature_of_its_losses(scored, tmp_path):
    tokens = tmp_path / "tokens"
    scored.store.save(tokens)
    np.save(tokens / "weights.npy", scored.document_weights)
    for name in ("base", "reference", "entropies"):
        losses.save(tmp_path / name, getattr(scored, name))
    write_json(tmp_path / "reference" / "temperature.json", {"temperature": 2.0})
    folders = {name: tmp_path / name for name in ("base", "reference", "entropies")}
    read = Scored.read(tokens, **folders)
    assert read.temperature == 2.0
    np.testing.assert_array_equal(read.weights(SURPRISE, 0), scored.weights(SURPRISE, 0))


# who may turn losses into weights: the road, training, and what shows single steps of a few tokens
CALLERS = {
    *("scoring/scored.py", "training/trainer.py"),
    *("teaching/show.py", "teaching/widgets.py", "teaching/exercises.py"),
}


def test_nobody_else_turns_losses_into_weights():
    callers = set()
    for path in sorted(Path(paths.PACKAGE).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name == "token_weights":
                    callers.add(path.relative_to(paths.PACKAGE).as_posix())
    assert callers == CALLERS, "weights of a corpus come from scoring.scored.Scored"
