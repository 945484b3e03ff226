"""The loss ratio: its properties for every form, its equal in other hands' definitions."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import PROPERTY
from pydantic import ValidationError

from mucpt_utils.config.scoring import Criterion
from mucpt_utils.scoring.loss_ratio import (
    LossesError,
    denominator,
    loss_ratio,
    normalise,
    select,
    shape,
    token_weights,
)

CRITERIA = [
    Criterion(form=form, compare=compare, direction=direction, **extra)
    for compare in ("ratio", "difference")
    for direction in ("forward", "inverse")
    for form, extra in (
        ("log", {}),
        ("log", {"low": 0.25, "high": 2.0, "scale": 2.0}),
        ("power", {"power": 2.0, "high": 3.0}),
        ("step", {"keep": 0.3}),
    )
]
IDS = [f"{c.compare}-{c.direction}-{c.form}-{c.low}" for c in CRITERIA]
every_criterion = pytest.mark.parametrize("criterion", CRITERIA, ids=IDS)


def losses(seed=0, size=(4, 50)):
    """Two arrays of losses between 0 and 8 nats and a mask that leaves a quarter out."""
    generator = torch.Generator().manual_seed(seed)
    a, rm = (torch.rand(size, generator=generator) * 8 for _ in range(2))
    return a, rm, torch.rand(size, generator=generator) > 0.25


# --- bounds, mean, mask -----------------------------------------------------------------------


@every_criterion
@pytest.mark.parametrize("seed", range(3))
def test_shape_stays_in_its_bounds_and_uses_them(criterion, seed):
    a, rm, mask = losses(seed)
    values = shape(loss_ratio(a, rm, criterion), mask, criterion)
    assert (values[~mask] == 0).all()
    values = values[mask]
    low, high = (0, 1) if criterion.form == "step" else (criterion.low, criterion.high)
    assert values.min() >= low and values.max() <= high
    assert values.max() > values.min()


@every_criterion
@pytest.mark.parametrize("seed", range(3))
def test_weights_have_mean_one_over_unmasked_tokens_and_nought_outside(criterion, seed):
    a, rm, mask = losses(seed)
    weights = token_weights(a, rm, mask, criterion)
    assert weights.shape == a.shape
    assert weights[mask].mean().item() == pytest.approx(1, abs=1e-5)
    assert (weights >= 0).all()
    assert (weights[~mask] == 0).all()


@every_criterion
def test_masked_tokens_do_not_change_the_others(criterion):
    a, rm, mask = losses()
    weights = token_weights(a, rm, mask, criterion)
    other_a, other_rm = a.masked_fill(~mask, 1000.0), rm.masked_fill(~mask, 0.0)
    assert torch.equal(weights, token_weights(other_a, other_rm, mask, criterion))


@every_criterion
def test_a_float_mask_is_the_boolean_mask(criterion):
    a, rm, mask = losses()
    assert torch.equal(
        token_weights(a, rm, mask, criterion), token_weights(a, rm, mask.float(), criterion)
    )


# --- monotony, permutation, mirror --------------------------------------------------------------


@every_criterion
@pytest.mark.parametrize("which, sign", [(0, 1), (1, -1)])
def test_monotone_in_both_losses(criterion, which, sign):
    """Up in L_a, down in L_rm; the inverse direction the other way round."""
    rising = torch.linspace(0, 8, 200)
    still = torch.full((200,), 3.0)
    pair = [still, still]
    pair[which] = rising
    steps = shape(loss_ratio(*pair, criterion), torch.ones(200), criterion).diff()
    steps = steps * sign * (-1 if criterion.direction == "inverse" else 1)
    assert (steps >= 0).all()
    assert (steps > 0).any()


@every_criterion
def test_tokens_may_come_in_any_order(criterion):
    a, rm, mask = (x.flatten() for x in losses())
    order = torch.randperm(a.numel(), generator=torch.Generator().manual_seed(5))
    moved = token_weights(a[order], rm[order], mask[order], criterion)
    assert torch.allclose(moved, token_weights(a, rm, mask, criterion)[order], atol=1e-6)


@pytest.mark.parametrize(
    "criterion", [c for c in CRITERIA if c.direction == "forward"], ids=lambda c: c.form
)
def test_the_inverse_is_the_mirror(criterion):
    a, rm, mask = losses()
    inverse = criterion.model_copy(update={"direction": "inverse"})
    assert torch.equal(token_weights(a, rm, mask, inverse), token_weights(rm, a, mask, criterion))
    forward, backward = loss_ratio(a, rm, criterion), loss_ratio(a, rm, inverse)
    if criterion.compare == "ratio":
        assert torch.allclose(forward * backward, torch.ones_like(a), atol=1e-5)
    else:
        assert torch.equal(forward, -backward)


# --- the formulas, by hand ------------------------------------------------------------------------


def test_the_worked_example_of_the_module():
    """L_a = (2, 6, 3), L_rm = (2, 1, 6), e -> 0, log form, scale 6: weights (0, 3, 0)."""
    a, rm, mask = torch.tensor([2.0, 6, 3]), torch.tensor([2.0, 1, 6]), torch.ones(3)
    criterion = Criterion(floor=1e-9, form="log", scale=6.0)
    ratio = loss_ratio(a, rm, criterion)
    assert ratio.tolist() == pytest.approx([1, 6, 0.5], rel=1e-6)
    assert (ratio.log() / math.log(6)).tolist() == pytest.approx([0, 1, -0.387], abs=1e-3)
    assert shape(ratio, mask, criterion).tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    assert token_weights(a, rm, mask, criterion).tolist() == pytest.approx([0, 3, 0], abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_every_soft_form_against_numpy(seed):
    a, rm, mask = losses(seed)
    for criterion in CRITERIA:
        if criterion.form == "step":
            continue
        above, below = a.double().numpy(), rm.double().numpy()
        if criterion.direction == "inverse":
            above, below = below, above
        log_ratio = np.log(above + criterion.floor) - np.log(below + criterion.floor)
        if criterion.compare == "difference":
            log_ratio = above - below
        value = (
            np.exp(log_ratio) ** criterion.power
            if criterion.form == "power"
            else log_ratio / np.log(criterion.scale)
        )
        value = np.clip(value, criterion.low, criterion.high) * mask.numpy()
        expected = value / value[mask.numpy()].mean()
        weights = token_weights(a, rm, mask, criterion).numpy()
        np.testing.assert_allclose(weights, expected, rtol=2e-4, atol=1e-5)


def test_a_larger_floor_draws_the_ratio_to_one():
    a, rm, _ = losses()
    distances = [
        (loss_ratio(a, rm, Criterion(floor=floor)).log().abs()) for floor in (1e-3, 0.1, 10, 1e6)
    ]
    for nearer, farther in zip(distances[1:], distances[:-1], strict=True):
        assert (nearer <= farther + 1e-6).all()
    assert distances[-1].max() < 1e-4


def test_a_small_floor_is_the_plain_ratio():
    a, rm, _ = losses()
    ratio = loss_ratio(a + 1, rm + 1, Criterion(floor=1e-9))
    assert torch.allclose(ratio, (a + 1) / (rm + 1), rtol=1e-5)


def test_the_floor_keeps_the_ratio_finite_where_the_reference_is_sure():
    ratio = loss_ratio(torch.tensor([6.0]), torch.tensor([0.0]), Criterion(floor=0.1))
    assert ratio.item() == pytest.approx(61)


def test_power_and_scale_bend_the_ratio():
    ratio, mask = torch.tensor([0.5, 0.25]), torch.ones(2)
    squared = shape(ratio, mask, Criterion(form="power", power=2))
    assert squared.tolist() == pytest.approx([0.25, 0.0625])
    logs = shape(1 / ratio, mask, Criterion(form="log", scale=4))
    assert logs.tolist() == pytest.approx([0.5, 1.0])


@every_criterion
def test_mix_interpolates_with_uniform(criterion):
    a, rm, mask = losses()
    full = token_weights(a, rm, mask, criterion)
    for share in (0.0, 0.3, 1.0):
        mixed = token_weights(a, rm, mask, criterion.model_copy(update={"mix": share}))
        assert torch.allclose(mixed, share * full + (1 - share) * mask, atol=1e-6)


def test_normalising_ignores_scale():
    weights, mask = torch.tensor([0.1, 0.2, 0.9]), torch.tensor([1.0, 1, 0])
    expected = pytest.approx([2 / 3, 4 / 3, 0])
    assert normalise(weights, mask).tolist() == expected
    assert normalise(1000 * weights, mask).tolist() == expected


def test_all_zero_weights_become_uniform():
    a, rm, mask = losses()
    worse = token_weights(rm.clamp(max=1), a + 2, mask, Criterion(form="log"))
    assert torch.equal(worse, mask.float())


def test_no_token_at_all_gives_no_weight():
    a, rm, mask = losses()
    assert torch.equal(token_weights(a, rm, mask & False, Criterion()), torch.zeros_like(a))


# --- the step: Rho-1, documents -------------------------------------------------------------------


def rho1(current, reference, keep):
    """Rho-1 (arXiv 2404.07965, eqs. 3 and 4): 1 for the top k % of tokens by excess loss."""
    excess = current - reference
    count = math.ceil(keep * excess.numel())
    chosen = torch.zeros(excess.numel())
    chosen[torch.topk(excess.flatten(), count).indices] = 1
    return chosen.view_as(excess)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_step_is_rho1(keep, seed):
    a, rm, _ = losses(seed)
    criterion = Criterion(numerator="dynamic", compare="difference", form="step", keep=keep)
    weights = token_weights(a, rm, torch.ones_like(a), criterion)
    expected = rho1(a, rm, keep)
    assert torch.equal(weights > 0, expected > 0)
    # the loss is the mean over the kept tokens alone, as in eq. 4
    assert (weights * a).mean() == pytest.approx(((expected * a).sum() / expected.sum()).item())


@pytest.mark.parametrize(
    "keep, tokens, kept",
    [(0.6, 5, 3), (0.6, 6, 4), (0.55, 100, 55), (0.07, 100, 7), (0.1, 1, 1), (1.0, 7, 7)],
)
def test_the_step_keeps_the_ceiling_of_its_share(keep, tokens, kept):
    ratio = torch.rand(tokens, generator=torch.Generator().manual_seed(0))
    assert shape(ratio, torch.ones(tokens), Criterion(form="step", keep=keep)).sum() == kept


def test_the_step_counts_unmasked_tokens_only():
    a, rm, mask = losses()
    criterion = Criterion(form="step", keep=0.5)
    chosen = shape(loss_ratio(a, rm, criterion), mask, criterion).bool()
    assert chosen.sum() == math.ceil(0.5 * mask.sum().item())
    assert not (chosen & ~mask).any()


def test_ties_keep_the_earlier_token():
    """Also among so many that a sort which is not stable would mix them."""
    chosen = shape(torch.ones(5000), torch.ones(5000), Criterion(form="step", keep=0.4))
    assert chosen.tolist() == [1] * 2000 + [0] * 3000


@pytest.mark.parametrize("compare", ["ratio", "difference"])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_selecting_documents_is_the_same_call(compare, direction):
    a, rm, _ = losses(size=(60,))
    criterion = Criterion(form="step", keep=0.7, compare=compare, direction=direction)
    kept = select(a, rm, criterion)
    assert kept.dtype == torch.bool and kept.sum() == 42
    assert torch.equal(kept, token_weights(a, rm, torch.ones(60), criterion) > 0)
    soft = criterion.model_copy(update={"form": "log"})
    assert torch.equal(kept, select(a, rm, soft)), "selection is a step whatever the form"


# --- gradients ------------------------------------------------------------------------------------


@every_criterion
def test_no_gradient_through_the_weights(criterion):
    a, rm, mask = losses()
    a.requires_grad_(), rm.requires_grad_()
    weights = token_weights(a, rm, mask, criterion)
    assert not weights.requires_grad
    (weights * a).sum().backward()
    assert torch.equal(a.grad, weights)
    assert rm.grad is None


@pytest.mark.parametrize("criterion", CRITERIA[:4], ids=IDS[:4])
def test_gradient_of_the_weighted_loss_against_finite_differences(criterion):
    """Moving the logits with the weights held still moves the loss as the gradient says."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(9, (6,), generator=generator)
    reference = torch.rand(6, generator=generator) * 4

    def token_loss(values):
        return torch.nn.functional.cross_entropy(values, targets, reduction="none")

    losses_ = token_loss(logits)
    weights = token_weights(losses_, reference, torch.ones(6), criterion).double()
    live = (losses_ * token_weights(losses_, reference, torch.ones(6), criterion)).mean()
    live.backward()
    step = 1e-5
    for place in [(0, 0), (2, 5), (5, 8)]:
        moved = torch.zeros_like(logits)
        moved[place] = step
        with torch.no_grad():
            above, below = (
                (token_loss(logits + sign * moved) * weights).mean() for sign in (1, -1)
            )
        slope = (above - below) / (2 * step)
        assert logits.grad[place].item() == pytest.approx(slope.item(), abs=1e-6)


# --- bad input ------------------------------------------------------------------------------------


def test_losses_of_different_tokens_are_refused():
    with pytest.raises(ValueError, match=r"different tokens: \(3,\) and \(4,\)"):
        loss_ratio(torch.ones(3), torch.ones(4), Criterion())


@every_criterion
def test_log_likelihoods_are_refused(criterion):
    """By difference they would choose the opposite tokens, by ratio some have no logarithm."""
    a, rm, mask = losses()
    for pair in ((-a, -rm), (-a, rm), (a, -rm)):
        with pytest.raises(LossesError, match="a loss is below 0 where its token counts"):
            token_weights(*pair, mask, criterion)
        with pytest.raises(LossesError, match="a loss is below 0"):
            select(*(x.flatten() for x in pair), criterion)


@every_criterion
def test_losses_below_nought_are_no_matter_outside_the_mask_or_by_rounding(criterion):
    a, rm, mask = losses()
    weights = token_weights(a.masked_fill(~mask, -5), rm.masked_fill(~mask, -5), mask, criterion)
    assert torch.equal(weights, token_weights(a, rm, mask, criterion))
    a[mask], rm[mask] = a[mask].clamp(min=4), 1.0
    a[0, 0], mask[0, 0] = -1e-6, True
    assert token_weights(a, rm, mask, criterion).isfinite().all()


@pytest.mark.parametrize("odd", [0.5, 2.0, -1.0, math.nan])
def test_a_mask_of_other_numbers_is_refused(odd):
    """It would be half a weight and half a choice: the mean would not be 1."""
    a, rm, mask = losses()
    mask = mask.float()
    mask[1, 2] = odd
    with pytest.raises(LossesError, match="mask holds other numbers than 1"):
        token_weights(a, rm, mask, Criterion())


@every_criterion
@pytest.mark.parametrize("which", [0, 1])
def test_a_document_without_a_mean_loss_is_not_chosen_but_refused(criterion, which):
    pair = [torch.rand(9), torch.rand(9)]
    pair[which][3] = math.nan
    with pytest.raises(LossesError, match="a loss is not a number"):
        select(*pair, criterion)


@pytest.mark.parametrize(
    "setting",
    [
        {"floor": 0},
        {"keep": 0},
        {"keep": 1.1},
        {"scale": 1},
        {"power": 0},
        {"mix": 1.5},
        {"low": 1.0, "high": 0.5},
        {"form": "cube"},
        {"numerator": "both"},
        {"ceiling": 3},
    ],
)
def test_a_wrong_setting_is_refused_by_name(setting):
    with pytest.raises(ValidationError, match=next(iter(setting))):
        Criterion(**setting)


# --- what changes over training -------------------------------------------------------------------

DYNAMIC = Criterion(numerator="dynamic", form="power", high=3.0)


def over_time(**changes):
    return Criterion(numerator="dynamic", **changes)


def test_nothing_changes_over_training_unless_told():
    for criterion in CRITERIA:
        assert [criterion.at(p) for p in (0.0, 0.4, 1.0)] == [criterion] * 3


def test_the_floor_falls_evenly_in_its_logarithm():
    criterion = over_time(floor=0.01, floor_start=1.0)
    floors = [criterion.at(p).floor for p in np.linspace(0, 1, 11)]
    assert floors[0] == pytest.approx(1.0) and floors[-1] == pytest.approx(0.01)
    assert np.diff(np.log(floors)) == pytest.approx([math.log(0.01) / 10] * 10)


def test_a_falling_floor_sharpens_the_weights():
    a, rm, mask = losses()
    criterion = over_time(form="power", high=1e6, floor=0.01, floor_start=10.0)
    spread = [token_weights(a, rm, mask, criterion.at(p))[mask].std() for p in (0, 0.3, 0.6, 1)]
    assert spread == sorted(spread) and spread[-1] > 2 * spread[0]


def test_weights_are_plain_until_the_warm_up_ends():
    a, rm, mask = losses()
    criterion = over_time(form="power", high=3.0, warmup=0.25)
    for progress in (0.0, 0.2499):
        assert torch.equal(token_weights(a, rm, mask, criterion.at(progress)), mask.float())
    for progress in (0.25, 1.0):
        weights = token_weights(a, rm, mask, criterion.at(progress))
        assert torch.equal(weights, token_weights(a, rm, mask, DYNAMIC))


def test_the_base_is_compared_first_then_the_model():
    criterion = over_time(static_share=0.4)
    assert [criterion.uses_base(p) for p in (0, 0.39, 0.4, 1)] == [True, True, False, False]
    assert Criterion(numerator="static").uses_base(1.0)
    assert not DYNAMIC.uses_base(0.0)


@pytest.mark.parametrize("progress", [-0.01, 1.01])
def test_progress_is_a_share(progress):
    with pytest.raises(ValueError, match="not a share of the steps"):
        DYNAMIC.at(progress)


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_scheduled_weights_keep_their_bounds_mean_and_order(progress, seed):
    a, rm, mask = losses(seed)
    criterion = over_time(form="power", high=2.0, warmup=0.05, floor_start=3.0).at(progress)
    weights = token_weights(a, rm, mask, criterion)
    assert weights[mask].mean().item() == pytest.approx(1, abs=1e-5)
    assert (weights >= 0).all() and (weights[~mask] == 0).all()
    rising = token_weights(
        torch.linspace(0, 8, 50), torch.full((50,), 3.0), torch.ones(50), criterion
    )
    assert (rising.diff() >= 0).all()


# --- loss, entropy, surprise ----------------------------------------------------------------------


def test_what_stands_below_the_ratio():
    loss, entropy = torch.tensor([1.0, 5.0, 2.0]), torch.tensor([3.0, 1.0, 2.0])
    found = {
        kind: denominator(loss, entropy, Criterion(denominator=kind)).tolist()
        for kind in ("loss", "entropy", "surprise")
    }
    assert found == {"loss": [1, 5, 2], "entropy": [3, 1, 2], "surprise": [0, 4, 0]}
    assert denominator(loss, None, Criterion()) is loss
    with pytest.raises(ValueError, match="denominator=surprise needs the RM's entropies"):
        denominator(loss, None, Criterion(denominator="surprise"))
    for other in (torch.ones(1), torch.ones(2), torch.ones(3, 1)):
        with pytest.raises(ValueError, match="entropies and losses of different tokens"):
            denominator(loss, other, Criterion(denominator="surprise"))


@pytest.mark.parametrize("kind", ["loss", "entropy", "surprise"])
def test_arrays_give_what_tensors_give(kind):
    given = [torch.tensor(x) for x in ([2.0, 6.0, 3.0], [2.0, 1.0, 6.0], [1.0, 1.0, 0.0])]
    entropies, criterion = torch.tensor([1.0, 2.0, 3.0]), Criterion(denominator=kind)
    weights = token_weights(*given, criterion, entropies)
    arrays = token_weights(*(x.numpy() for x in given), criterion, entropies.numpy())
    assert torch.equal(weights, arrays)


def test_surprise_tells_what_the_reference_does_not_know_from_what_it_knows_better():
    """An unknown fact (unsure, loss as expected) keeps its weight, a contradicted one loses it."""
    base = torch.tensor([5.0, 5.0])
    loss, entropy = torch.tensor([4.0, 8.0]), torch.tensor([4.0, 0.5])
    by = {k: Criterion(denominator=k, form="power", high=50.0) for k in ("loss", "surprise")}
    unknown, contradicted = shape(
        loss_ratio(base, denominator(loss, entropy, by["surprise"]), by["surprise"]),
        torch.ones(2),
        by["surprise"],
    )
    assert unknown == 50 and contradicted < 1
    plain = loss_ratio(base, loss, by["loss"])
    assert plain[0] < 1.3, "by loss alone the unknown fact looks like noise"


@pytest.mark.parametrize(
    "setting",
    [
        {"floor_start": 1.0},
        {"warmup": 0.1},
        {"static_share": 0.5},
        {"numerator": "dynamic", "floor_start": 0.01},
        {"numerator": "dynamic", "warmup": 1.0},
        {"denominator": "variance"},
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_name(setting):
    with pytest.raises(ValidationError, match=list(setting)[-1]):
        Criterion(**setting)


LOSSES = st.lists(st.floats(0, 20, width=32), min_size=1, max_size=30)
FOR_ALL = settings(PROPERTY, max_examples=100)
FORMS = [
    Criterion(),
    Criterion(form="power", power=2.0, high=3.0),
    Criterion(form="step", keep=0.5),
    Criterion(compare="difference", direction="inverse", low=0.2),
    Criterion(denominator="surprise", mix=0.4),
]


@st.composite
def tokens_with_a_mask(draw):
    """Losses of both models and entropies, and which tokens count: at least one."""
    above = draw(LOSSES)
    size = len(above)
    below, entropies = (
        draw(st.lists(st.floats(0, 20, width=32), min_size=size, max_size=size)) for _ in range(2)
    )
    mask = draw(st.lists(st.booleans(), min_size=size, max_size=size).filter(any))
    return [torch.tensor(x) for x in (above, below, entropies)], torch.tensor(mask).float()


@pytest.mark.parametrize("criterion", FORMS, ids=range(len(FORMS)))
@FOR_ALL
@given(tokens_with_a_mask())
def test_for_all_losses_the_mean_is_one_and_a_masked_token_counts_for_nothing(criterion, case):
    (above, below, entropies), mask = case
    weights = token_weights(above, below, mask, criterion, entropies)
    assert (weights[mask == 0] == 0).all() and (weights >= 0).all()
    assert weights[mask > 0].mean().item() == pytest.approx(1, abs=1e-4)
    # whatever stands at a masked place, missing or infinite: the others' weights stay what they are
    for value in (float("nan"), float("inf"), 1e30):
        spoilt = [torch.where(mask > 0, x, value) for x in (above, below, entropies)]
        again = token_weights(spoilt[0], spoilt[1], mask, criterion, spoilt[2])
        torch.testing.assert_close(again, weights)


@FOR_ALL
@given(tokens_with_a_mask(), st.floats(0.1, 100))
def test_for_all_weights_normalising_forgets_the_scale(case, factor):
    (weights, *_), mask = case
    once = normalise(weights, mask)
    torch.testing.assert_close(normalise(once, mask), once, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(normalise(weights * factor, mask), once, rtol=1e-3, atol=1e-4)


def test_one_ratio_for_a_whole_sequence():
    """RHO-LOSS: the row whose excess loss is largest keeps all of its tokens, the other none."""
    criterion = Criterion(
        numerator="dynamic", compare="difference", form="step", keep=0.5, over="sequence"
    )
    ours = torch.tensor([[1.0, 9.0, 1.0, 1.0], [4.0, 4.0, 4.0, 4.0]])
    mask = torch.ones_like(ours)
    weights = token_weights(ours, torch.ones_like(ours), mask, criterion)
    assert weights.tolist() == [[0.0] * 4, [2.0] * 4]
    # a token outside the mask takes no part in its row's mean
    mask[1, 0] = 0
    weights = token_weights(ours, torch.ones_like(ours), mask, criterion)
    assert weights[1, 0] == 0 and (weights[1, 1:] > 0).all()


def test_a_sequence_has_no_ratio_before_training():
    with pytest.raises(ValueError, match="needs numerator dynamic"):
        Criterion(over="sequence")


def test_without_a_denominator_the_loss_itself_decides():
    criterion = Criterion(denominator="one", form="step", keep=0.25)
    ours, anything = torch.tensor([3.0, 1.0, 7.0, 2.0]), torch.tensor([9.0, 0.0, 9.0, 0.0])
    weights = token_weights(ours, anything, torch.ones(4), criterion)
    assert weights.tolist() == [0.0, 0.0, 4.0, 0.0] and not criterion.uses_reference
