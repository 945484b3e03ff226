"""What an arm costs beside its own training: one count for forecasts, budgets, tables.

Training counts 6 N D operations and scoring 2 N D (arXiv 2001.08361, section 2.1; N parameters, D
tokens).
"""

from mucpt_utils.config.scoring import Arm

OPERATIONS = {"training": 6, "scoring": 2}  # for each parameter and token


def passes(arm: Arm) -> int:
    """How often the whole corpus is read without training, for what the arm makes use of.

    By the base for its losses, where a criterion compares these and not those of the model in
    training; by the reference model for its losses, and for its entropies; by the base for the
    states that a tagger reads. A window of embeddings is looked up: no layer is passed, and its one
    product a token is below a thousandth of a step of training, which is not counted. Nor is the
    fit of a tagger, in the study below a hundredth of an arm's training.
    """
    by_base = any(criterion.uses_base(progress=0) for criterion in arm.criteria)
    return by_base + arm.uses_losses + arm.uses_entropy + arm.reads_states


def own_passes(arm: Arm) -> int:
    """How often the reference model's own text is read without training, by it and by the base.

    That text is counted as long as the reference model was trained on it: at least as much as it
    is.
    """
    return 2 * arm.learns_ratio


def price_in_tokens(arm: Arm, reference: int, corpus: int) -> int:
    """Tokens of training that cost as much as what an arm needs beside its own training.

    reference: tokens that a reference model is trained on; corpus: tokens that are scored.
    """
    trained = reference if arm.uses_reference else 0
    read = passes(arm) * corpus + own_passes(arm) * reference
    return trained + read * OPERATIONS["scoring"] // OPERATIONS["training"]
