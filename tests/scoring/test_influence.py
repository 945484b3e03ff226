"""Influence of a token: what a step on that token alone does to the goal."""

import copy

import numpy as np
import pytest
import torch

from mucpt_utils.scoring.influence import answer_gradient, influence
from mucpt_utils.scoring.losses import measured

PAIRS = [([3, 9, 4, 21, 7], 3), ([5, 6, 30], 1)]
RATE = 1e-3


def goal(model):
    """The log-likelihood that `answer_gradient` differentiates, summed by hand."""
    each = []
    for tokens, start in PAIRS:
        chances = torch.log_softmax(model(input_ids=torch.tensor([tokens])).logits[0], -1)
        each.append(
            np.mean([float(chances[t - 1, tokens[t]].detach()) for t in range(start, len(tokens))])
        )
    return np.mean(each)


def test_influence_is_what_a_step_on_the_token_does_to_the_goal(tiny_model, store_of):
    model, store = tiny_model().double(), store_of([6, 4])
    before = copy.deepcopy(model.state_dict())
    told = influence(model, store, answer_gradient(model, PAIRS), context=16)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    ids = torch.from_numpy(np.append(store.tokens[-1:], store.document(0)).astype(np.int64))[None]
    start = goal(model)
    for place in range(len(store.document(0))):
        stepped = copy.deepcopy(model)
        measured(stepped, ids)[0, place].backward()
        with torch.no_grad():
            for parameter in stepped.parameters():
                parameter.sub_(parameter.grad, alpha=RATE)
        assert told[place] == pytest.approx((goal(stepped) - start) / RATE, rel=0.05, abs=0.02)
    assert told[: len(store.document(0))].std() > 0.05, "tokens differ"


def test_a_goal_is_needed(tiny_model):
    with pytest.raises(ValueError, match="no answers"):
        answer_gradient(tiny_model(), [])
