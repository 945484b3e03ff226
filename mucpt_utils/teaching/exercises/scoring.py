"""Exercises of notebook 04: temperature, loss ratio, weights with mean 1."""

import math
from collections.abc import Callable, Sequence

import torch

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.scoring.loss_ratio import normalise as normalised
from mucpt_utils.scoring.loss_ratio import token_weights
from mucpt_utils.teaching.exercises.judging import Case, exercise

Numbers = Sequence[float]


def softmax_loss(logits: Numbers, target: int) -> float:
    """Minus the log-probability of one of the logits, in nats."""
    return math.log(sum(math.exp(z) for z in logits)) - logits[target]


@exercise(
    "04",
    2,
    "divide every logit by T; the loss is log(sum of exp of all) minus the target's own logit.",
    [
        ("T does not appear: divide every logit by it first", lambda z, t, T: softmax_loss(z, t)),
        (
            "multiply by 1 / T: a higher T must make the distribution flatter",
            lambda z, t, T: softmax_loss([x * T for x in z], t),
        ),
        ("the logits are divided by T, not the loss", lambda z, t, T: softmax_loss(z, t) / T),
        (
            "the logits are divided by T, not the loss multiplied",
            lambda z, t, T: softmax_loss(z, t) * T,
        ),
        (
            "once the logits are divided by T the loss is done: do not multiply it by T",
            lambda z, t, T: softmax_loss([x / T for x in z], t) * T,
        ),
        (
            "the sign: a loss is *minus* the log-probability",
            lambda z, t, T: -softmax_loss([x / T for x in z], t),
        ),
        (
            "that is the probability: return minus its logarithm",
            lambda z, t, T: math.exp(-softmax_loss([x / T for x in z], t)),
        ),
        (
            "only the target's logit was divided by T: divide all of them",
            lambda z, t, T: math.log(sum(map(math.exp, z))) - z[t] / T,
        ),
        (
            "the target's own logit is not divided by T",
            lambda z, t, T: math.log(sum(math.exp(x / T) for x in z)) - z[t],
        ),
        (
            "that is a logit, not yet a loss: subtract it from the log of the summed exp",
            lambda z, t, T: -z[t] / T,
        ),
        (
            "nats are wanted: math.log, not math.log2",
            lambda z, t, T: softmax_loss([x / T for x in z], t) / math.log(2),
        ),
        (
            "the target counts in the sum as well: add up exp of *all* logits",
            lambda z, t, T: (
                math.log(sum(math.exp(x / T) for n, x in enumerate(z) if n != t)) - z[t] / T
            ),
        ),
        (
            "T divides each logit before exp, not the sum behind it",
            lambda z, t, T: math.log(sum(map(math.exp, z)) / T) - z[t] / T,
        ),
        (
            "softmax takes exp of each logit before it adds them up",
            lambda z, t, T: -math.log((z[t] / T) / sum(x / T for x in z)),
        ),
        (
            "log of each and then the sum is not the log of the sum: add up first",
            lambda z, t, T: sum(x / T for x in z) - z[t] / T,
        ),
        (
            "places count from 0: `target` is the index itself",
            lambda z, t, T: softmax_loss([x / T for x in z], t - 1),
        ),
        (
            "softmax divides by the *sum* of exp of all logits, not by the largest",
            lambda z, t, T: (max(z) - z[t]) / T,
        ),
    ],
)
def temperature_loss() -> list[Case]:
    """Logits, the target's place, a temperature; the loss of the target in nats."""
    given = [
        ([2.0, 0.0, -1.0], 0, 1.0, "a temperature of 1 changes nothing"),
        ([2.0, 0.0, -1.0], 0, 2.0, "a softened certainty"),
        ([5.0, 0.0], 1, 4.0, "what the model did not expect"),
        ([1.0, 1.0, 1.0, 1.0], 2, 3.0, "all alike: no temperature matters"),
    ]
    cases = []
    for logits, target, temperature, about in given:
        scaled = torch.tensor(logits)[None] / temperature
        loss = torch.nn.functional.cross_entropy(scaled, torch.tensor([target]))
        cases.append(Case((logits, target, temperature), float(loss), about))
    return cases


def shaped(ratio: Callable, clip: bool = True, mean: bool = True, log: bool = True) -> Callable:
    """Weights from a rule for the ratio, with or without the later steps."""

    def weights(model: Numbers, reference: Numbers, floor: float, scale: float) -> list[float]:
        values = [ratio(a, b, floor) for a, b in zip(model, reference, strict=True)]
        values = [math.log(r) / math.log(scale) for r in values] if log else values
        values = [min(max(v, 0.0), 1.0) for v in values] if clip else values
        return [v * len(values) / sum(values) for v in values] if mean else values

    return weights


def by_the_largest(values: Numbers) -> list[float]:
    """Values divided by the largest of them."""
    return [value / max(values) for value in values]


def ratio_of(a: float, b: float, floor: float) -> float:
    """The loss ratio with its floor."""
    return (a + floor) / (b + floor)


@exercise(
    "04",
    2,
    "ratio, math.log(ratio) / math.log(scale), clip to 0..1, then divide by the mean.",
    [
        (
            "the mean is not 1 yet: divide by the mean of the clipped values",
            shaped(ratio_of, mean=False),
        ),
        (
            "the clip to 0..1 is missing: a token with a ratio below 1 gets 0, not less",
            shaped(ratio_of, clip=False),
        ),
        (
            "the ratio is upside down: the model's loss stands above the RM's",
            shaped(lambda a, b, e: (b + e) / (a + e)),
        ),
        ("the floor is added to both losses, above as well", shaped(lambda a, b, e: a / (b + e))),
        ("the floor is added to both losses, below as well", shaped(lambda a, b, e: (a + e) / b)),
        ("the floor is missing: add it above and below", shaped(lambda a, b, e: a / b)),
        ("a *ratio* of losses, not their difference", shaped(lambda a, b, e: max(a - b + e, 1e-9))),
        (
            "the logarithm is missing: math.log(ratio) / math.log(scale)",
            shaped(ratio_of, log=False),
        ),
        ("the floor belongs to each loss, not to the ratio", shaped(lambda a, b, e: a / b + e)),
        (
            "a floor is added, it is no lower limit here",
            shaped(lambda a, b, e: max(a, e) / max(b, e)),
        ),
        (
            "the logarithm is divided by math.log(scale), not by scale",
            lambda m, r, e, s: shaped(lambda a, b, f: ratio_of(a, b, f) ** (math.log(s) / s))(
                m, r, e, s
            ),
        ),
        (
            "the sum is 1 and the mean should be: divide by the mean",
            lambda m, r, e, s: [w / len(m) for w in shaped(ratio_of)(m, r, e, s)],
        ),
        (
            "clip after the logarithm, not before: here every ratio above 1 becomes the same",
            shaped(lambda a, b, e: min(max(ratio_of(a, b, e), 1e-9), 1.0)),
        ),
        (
            "the logarithm is divided by math.log(scale), not multiplied",
            lambda m, r, e, s: shaped(
                lambda a, b, f: ratio_of(a, b, f) ** (math.log(s) * math.log(s))
            )(m, r, e, s),
        ),
        (
            "the largest becomes 1 here; the *mean* should",
            lambda m, r, e, s: by_the_largest(shaped(ratio_of)(m, r, e, s)),
        ),
        (
            "clip above as well: no token gets more than 1 before the mean is divided out",
            shaped(lambda a, b, e: max(ratio_of(a, b, e), 1.0), clip=False),
        ),
        (
            "clip first, then divide by the mean: a mean with negative values in it is another",
            lambda m, r, e, s: [
                min(max(w, 0.0), 1.0) for w in shaped(ratio_of, clip=False)(m, r, e, s)
            ],
        ),
        (
            "divide by the mean of the *weights*, not by the losses",
            lambda m, r, e, s: [w / sum(m) for w in shaped(ratio_of, mean=False)(m, r, e, s)],
        ),
        (
            "the form is a logarithm: math.log(ratio) / math.log(scale), not ratio / scale",
            lambda m, r, e, s: shaped(lambda a, b, f: ratio_of(a, b, f) / s, log=False)(m, r, e, s),
        ),
        (
            "divide math.log(ratio) by math.log(scale): math.log(ratio / scale) subtracts them",
            lambda m, r, e, s: shaped(lambda a, b, f: s ** math.log(ratio_of(a, b, f) / s))(
                m, r, e, s
            ),
        ),
        (
            "every token gets the same: in min(max(x, 0), 1) the 0 goes with max, the 1 with min",
            lambda m, r, e, s: [1.0] * len(m),
        ),
        (
            "math.log10 and math.log are mixed: take one of them for ratio and scale",
            shaped(lambda a, b, e: ratio_of(a, b, e) ** (1 / math.log(10))),
        ),
        (
            "no abs: where the RM is surprised the logarithm is negative, and the clip makes it 0",
            shaped(lambda a, b, e: math.exp(abs(math.log(ratio_of(a, b, e))))),
        ),
    ],
)
def loss_ratio_weights() -> list[Case]:
    """Losses of the model and of the reference model, floor and scale; the weights."""
    given = [
        ([2.0, 6.0, 3.0], [2.0, 1.0, 6.0], 1e-6, 6.0, "the three tokens above"),
        ([4.0, 3.0, 2.0], [1.0, 1.0, 1.5], 0.1, 6.0, "a floor above zero"),
        ([9.0, 2.0, 1.0], [0.1, 1.0, 4.0], 0.1, 2.0, "a ratio beyond the clip"),
        ([0.4, 0.05, 3.0], [0.02, 0.2, 1.0], 0.1, 6.0, "losses smaller than the floor"),
    ]
    cases = []
    for model, reference, floor, scale, about in given:
        criterion = Criterion(form="log", floor=floor, scale=scale)
        above, below = torch.tensor(model), torch.tensor(reference)
        weights = token_weights(above, below, torch.ones_like(above), criterion)
        cases.append(Case((model, reference, floor, scale), weights.tolist(), about))
    return cases


def masked(weights: Numbers, mask: Numbers) -> list[float]:
    """Weights times mask."""
    return [w * m for w, m in zip(weights, mask, strict=True)]


@exercise(
    "04",
    2,
    "divide by the mean over the tokens whose mask is 1; the others get 0.",
    [
        (
            "masked tokens must get 0: multiply by the mask",
            lambda w, m: [x / (sum(masked(w, m)) / sum(m)) for x in w],
        ),
        (
            "masked tokens must not count in the mean: neither in the sum nor in the number",
            lambda w, m: [x / (sum(w) / len(w)) * y for x, y in zip(w, m, strict=True)],
        ),
        (
            "masked tokens must not count in the mean: divide by sum(mask), not by len(mask)",
            lambda w, m: [x / (sum(masked(w, m)) / len(w)) for x in masked(w, m)],
        ),
        (
            "where no token has weight the sum is 0: give all that take part 1",
            lambda w, m: [x * sum(m) / sum(masked(w, m)) for x in masked(w, m)],
        ),
        (
            "a sum of 1 is not a mean of 1: multiply by the number that take part",
            lambda w, m: [x / (sum(masked(w, m)) or 1) for x in masked(w, m)],
        ),
        (
            "the mask does nothing: masked tokens get 0 and do not count in the mean",
            lambda w, m: [x / ((sum(w) / len(w)) or 1) for x in w],
        ),
        (
            "where no token has weight, all that take part get 1, and masked ones 0",
            lambda w, m: (
                [x * sum(m) / sum(masked(w, m)) for x in masked(w, m)]
                if sum(masked(w, m))
                else [1.0] * len(w)
            ),
        ),
        (
            "where no token has weight, those that take part get 1, not 0",
            lambda w, m: [x * sum(m) / (sum(masked(w, m)) or 1) for x in masked(w, m)],
        ),
        (
            "masked tokens stay in the list, with 0",
            lambda w, m: [x * sum(m) / sum(masked(w, m)) for x, y in zip(w, m, strict=True) if y],
        ),
        (
            "that only sets masked tokens to 0: divide by the mean of the rest",
            lambda w, m: masked(w, m),
        ),
        (
            "the largest becomes 1 here; the *mean* should",
            lambda w, m: [x / (max(masked(w, m)) or 1) for x in masked(w, m)],
        ),
        (
            "masked tokens must not count in the sum either: multiply by the mask before you add",
            lambda w, m: [
                x * sum(m) / sum(w) if sum(w) else y for x, y in zip(masked(w, m), m, strict=True)
            ],
        ),
        (
            "the mask is returned and the weights are lost: scale them, do not replace them",
            lambda w, m: list(m),
        ),
        (
            "where no token has weight, those that take part get 1 each, not an equal share of 1",
            lambda w, m: [
                x * sum(m) / sum(masked(w, m)) if sum(masked(w, m)) else 1 / sum(m)
                for x in masked(w, m)
            ],
        ),
        (
            "that divides by how many take part: divide by their mean, sum / number",
            lambda w, m: [x / sum(m) for x in masked(w, m)],
        ),
        (
            "whether any token has weight is asked of those that take part, not of masked ones",
            lambda w, m: (
                [x * sum(m) / sum(masked(w, m)) for x in masked(w, m)] if sum(w) else list(m)
            ),
        ),
        (
            "divide by the mean; subtracting it makes the mean 1 and some weights negative",
            lambda w, m: [x - sum(masked(w, m)) / sum(m) + 1 for x in masked(w, m)],
        ),
    ],
)
def normalise() -> list[Case]:
    """Weights and a mask; the weights with mean 1."""
    given = [
        ([1.0, 1.0, 4.0], [1, 1, 1], "every token counts"),
        ([1.0, 3.0, 5.0, 0.0], [1, 1, 0, 1], "one token is masked out"),
        ([0.0, 0.0, 0.0], [1, 0, 1], "no token was chosen: uniform, not a division by zero"),
        ([2.0, 0.0, 0.0], [0, 1, 1], "the only token with weight is masked out"),
    ]
    return [
        Case((values, mask), normalised(torch.tensor(values), torch.tensor(mask)).tolist(), about)
        for values, mask, about in given
    ]
