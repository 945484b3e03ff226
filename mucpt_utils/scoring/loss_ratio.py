"""The study's one criterion: a ratio of two losses on the same token.

    rho = (L_a + e) / (L_rm + e)                                             (ratio)
    w   = clip(f(rho), low, high), normalised to mean 1, mixed with 1        (weight)

`L_a` is the loss of the base before training (static) or of the model being trained (dynamic),
`L_rm` that of the reference model (RM), both in nats per token. A token that the RM finds easy but
the model does not has a large ratio: it is worth learning. Noise is hard for both (ratio near 1),
a false statement is harder for the RM than for the model (ratio below 1).

The same two calls serve everything: soft weights, hard selection of tokens (f is a step, Rho-1:
arXiv 2404.07965, eq. 4) and selection of documents (the ratio of document means). MuCPT
(arXiv 2511.14245) publishes the idea, not the form: direction, floor, power, scale and clip are
this study's declared settings.

Over training the criterion may change: plain weights first (`warmup`), then the base's losses as
`L_a` (`static_share`) before the model's own, and a floor that falls geometrically. `L_rm` may give
way to the RM's entropy H at that position, or to its surprise, max(L_rm - H, 0): a calibrated RM is
not surprised by a fact that it does not know, only by what speaks against what it knows.

Worked by hand: L_a = (2.0, 6.0, 3.0), L_rm = (2.0, 1.0, 6.0), e = 0, log form with scale 6:
rho = (1, 6, 0.5), f = (0, 1, -0.39), clipped to [0, 1] (0, 1, 0), mean 1 (0, 3, 0).
"""

import math

import torch

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.errors import MuCPTError

__all__ = [
    "Criterion",
    "LossesError",
    "denominator",
    "loss_ratio",
    "normalise",
    "select",
    "shape",
    "token_weights",
]


# how far below 0 the loss of a certain token may come by rounding, in nats
ROUNDING = 0.01


class LossesError(MuCPTError, ValueError):
    """Losses from which no weights can be made: of different tokens, below 0, or no numbers."""


def denominator(
    reference: torch.Tensor, entropies: torch.Tensor | None, criterion: Criterion
) -> torch.Tensor:
    """What the criterion divides by, in nats: the RM's losses, its entropies or its surprise.

    reference: the RM's losses; entropies: those of its predictions of the same tokens, equal
    shapes. Raises LossesError for others, and if the criterion needs entropies and has none.
    """
    if not criterion.uses_reference:
        return torch.ones_like(reference, dtype=torch.float)
    if not criterion.uses_entropy:
        return reference.float()
    if entropies is None:
        raise LossesError(f"denominator={criterion.denominator} needs the RM's entropies")
    _check_shapes(entropies, reference, "entropies and losses")
    if criterion.denominator == "entropy":
        return entropies.float()
    return (reference.float() - entropies.float()).clamp(min=0)


def loss_ratio(
    numerator: torch.Tensor, denominators: torch.Tensor, criterion: Criterion
) -> torch.Tensor:
    """rho for each token, or the excess loss if the criterion compares by difference.

    numerator, denominators: L_a, and L_rm or its substitute (`denominator`), of the same tokens in
    nats, equal shapes. No gradient flows through the result. Raises LossesError for unequal shapes.
    """
    _check_shapes(numerator, denominators)
    above, below = numerator.detach().float(), denominators.detach().float()
    if criterion.direction == "inverse":
        above, below = below, above
    if criterion.compare == "difference":
        return above - below
    return (above + criterion.floor) / (below + criterion.floor)


def _check_shapes(losses: torch.Tensor, others: torch.Tensor, what: str = "losses") -> None:
    if losses.shape != others.shape:
        raise LossesError(
            f"{what} of different tokens: {tuple(losses.shape)} and {tuple(others.shape)}; the "
            "logits at a place belong to the token after it, so each row has one loss fewer than "
            "tokens"
        )


def _counted_ratio(
    numerator: torch.Tensor, denominators: torch.Tensor, mask: torch.Tensor, criterion: Criterion
) -> torch.Tensor:
    """`loss_ratio`; raises LossesError for a loss in the mask that is below 0 or no number.

    Log-likelihoods, which are below 0, would choose the opposite tokens if compared by difference.
    """
    ratio = loss_ratio(numerator, denominators, criterion)
    if bool((ratio.isnan() & (mask > 0)).any()):
        raise LossesError("a loss is not a number where its token counts")
    if bool(((torch.minimum(numerator, denominators) < -ROUNDING) & (mask > 0)).any()):
        raise LossesError(
            "a loss is below 0 where its token counts; a loss is minus the log-likelihood"
        )
    return ratio


def shape(ratio: torch.Tensor, mask: torch.Tensor, criterion: Criterion) -> torch.Tensor:
    """f(rho), clipped to [low, high]; 0 where the mask is 0, whatever the ratio is there.

    In the soft forms a difference takes the place of log rho, so that both comparisons share them.
    """
    if criterion.form == "step":
        return _top_share(ratio, mask, criterion.keep)
    if criterion.form == "power":
        base = ratio.exp() if criterion.compare == "difference" else ratio
        value = base**criterion.power
    else:
        logarithm = ratio if criterion.compare == "difference" else ratio.log()
        value = logarithm / math.log(criterion.scale)
    # not a product with the mask: 0 times a missing value would be a missing value
    return torch.where(mask > 0, value.clamp(criterion.low, criterion.high), 0.0)


def _top_share(ratio: torch.Tensor, mask: torch.Tensor, keep: float) -> torch.Tensor:
    """1 for the `keep` share of masked-in tokens with the largest ratio; earlier ones win ties."""
    chosen = torch.zeros_like(ratio)
    candidates = ratio.masked_fill(~mask.bool(), -torch.inf).flatten()
    # rounded first: 0.55 * 100 is 55.00000000000001 in floating point, and would keep 56
    count = math.ceil(round(keep * int(mask.sum()), 6))
    order = candidates.argsort(descending=True, stable=True)[:count]
    chosen.view(-1)[order] = 1.0
    return chosen


def normalise(weights: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Scale to mean 1 over the tokens in the mask, so that weighting is no change of learning rate.

    All-zero weights become uniform: a batch without any chosen token is trained on unweighted.
    Weights outside the mask become 0, whatever they were.
    """
    mask = mask.float()
    inside = torch.where(mask > 0, weights * mask, 0.0)
    total = inside.sum()
    if total == 0:
        return mask
    return inside * (mask.sum() / total)


def token_weights(
    numerator: torch.Tensor,
    reference: torch.Tensor,
    mask: torch.Tensor,
    criterion: Criterion,
    entropies: torch.Tensor | None = None,
) -> torch.Tensor:
    """Weights with mean 1 over the tokens in `mask` and 0 outside it; detached.

    numerator: L_a; reference: the RM's losses, at the criterion's temperature;
    entropies: the RM's, if the criterion's denominator needs them; all in nats. mask: 1 where a
    token counts. All have one shape, tensors or arrays; for a ratio over sequences (sequences,
    length). Raises LossesError for other shapes, for a mask of more than 0 and 1, for a loss that
    counts and is below 0 or not a number, and if entropies are needed and missing.
    """
    numerator, reference, mask = map(torch.as_tensor, (numerator, reference, mask))
    entropies = None if entropies is None else torch.as_tensor(entropies)
    _check_shapes(numerator, mask, "losses and mask")
    if bool(((mask != 0) & (mask != 1)).any()):
        raise LossesError("the mask holds other numbers than 1, for a token that counts, and 0")
    divided_by = denominator(reference, entropies, criterion)
    ratio = _counted_ratio(numerator, divided_by, mask, criterion)
    if criterion.over == "sequence":  # one ratio per row, the mean over its tokens that count
        total = torch.where(mask > 0, ratio * mask, 0.0).sum(-1, keepdim=True)
        ratio = (total / mask.sum(-1, keepdim=True).clamp(min=1)).expand_as(ratio)
    weights = normalise(shape(ratio, mask, criterion), mask)
    return criterion.mix * weights + (1 - criterion.mix) * mask.float()


def select(
    numerator: torch.Tensor, denominators: torch.Tensor, criterion: Criterion
) -> torch.Tensor:
    """Which documents (or tokens) to keep, as booleans: the same ratio under a step.

    numerator, denominators: one mean per document, in nats, of L_a and of what `denominator` gives
    for its tokens; shape (documents,). Raises LossesError for one below 0 or not a number.
    """
    stepped = criterion.model_copy(update={"form": "step"})
    everything = torch.ones_like(numerator)
    ratio = _counted_ratio(numerator, denominators, everything, stepped)
    return shape(ratio, everything, stepped).bool()
