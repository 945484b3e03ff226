"""What a training step on each token of a text does to a goal, to first order.

A small step of gradient descent on the loss of token t changes a goal J by the learning rate times
-grad(loss_t) . grad(J): TracIn at one checkpoint (Pruthi et al. 2020, arXiv 2002.08484). With a
single goal it takes no gradient for each token: the product of grad(J) with the gradient of the
losses' weighted sum is linear in the weights, and its slope in each weight is that token's product.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from mucpt_utils.scoring.losses import measured, read_tokens
from mucpt_utils.scoring.tokens import TokenStore

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import PreTrainedModel


def answer_gradient(
    model: "PreTrainedModel", pairs: Sequence[tuple[Sequence[int], int]]
) -> list[torch.Tensor]:
    """The gradient of J, one tensor for each of `model.parameters()`.

    J is the log-likelihood of an answer in nats per token, on average over `pairs`: (tokens, how
    many of them are the prompt's). Raises ValueError without pairs.
    """
    if not pairs:
        raise ValueError("no answers to take a gradient of")
    model.eval()
    model.zero_grad()
    for tokens, start in pairs:
        ids = torch.tensor([list(tokens)], device=model.device)
        losses = measured(model, ids)[0, start - 1 :]
        (-losses.mean() / len(pairs)).backward()
    gradient = [
        torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for parameter in model.parameters()
    ]
    model.zero_grad()
    return gradient


def influence(
    model: "PreTrainedModel", store: TokenStore, gradient: Sequence[torch.Tensor], context: int
) -> np.ndarray:
    """-grad(loss_t) . grad(J) of every token, aligned with `store.tokens`, as float16.

    gradient: of J, as from `answer_gradient`; context: tokens read at a time, as in `read_tokens`.
    In nats of J per unit of learning rate.
    """

    def of(ids: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(False), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            losses = measured(model, ids.clone())
            weights = torch.ones_like(losses, requires_grad=True)
            slopes = torch.autograd.grad(
                (losses * weights).sum(), parameters, create_graph=True, materialize_grads=True
            )
            products = [(a * b).sum() for a, b in zip(slopes, gradient, strict=True)]
            return -torch.autograd.grad(torch.stack(products).sum(), weights)[0]

    parameters = list(model.parameters())
    return read_tokens(model, store, context, of)
