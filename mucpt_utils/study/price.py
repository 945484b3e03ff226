"""What an arm costs besides its own training: one count for forecasts, budgets and tables.

Training counts 6 N D operations and scoring 2 N D (arXiv 2001.08361, section 2.1; N parameters, D
tokens).
"""

from mucpt_utils.config.scoring import RATIO_TEXT, Arm

OPERATIONS = {"training": 6, "scoring": 2}  # for each parameter and token


def passes(arm: Arm) -> int:
    """How often the whole corpus is read without training, for what the arm uses.

    By the base for its losses, if a criterion compares these and not those of the model in
    training; by the reference model for its losses, and for its entropies; by the base for the
    states that a tagger reads. A window of embeddings is looked up: it passes no layer, and its one
    product per token, below a thousandth of a training step, is not counted. Nor is the
    fitting of a tagger, which in the study is below a hundredth of an arm's training.
    """
    by_base = any(criterion.uses_base(progress=0) for criterion in arm.criteria)
    return by_base + arm.uses_losses + arm.uses_entropy + arm.reads_states


def own_text(arm: Arm, reference: int) -> int:
    """Tokens of the reference model's own text that are read, by that model and by the base.

    reference: tokens that the reference model is trained on; its text is assumed no shorter.
    """
    return min(RATIO_TEXT, reference) if arm.learns_ratio else 0


def scored(arm: Arm, reference: int, corpus: int) -> int:
    """Tokens that are read without training, counted each time that a model reads them."""
    return passes(arm) * corpus + 2 * own_text(arm, reference)


def price_in_tokens(arm: Arm, reference: int, corpus: int) -> int:
    """Tokens of training that cost as much as what an arm needs besides its own training.

    reference: tokens that a reference model is trained on; corpus: tokens that are scored.
    """
    trained = reference if arm.uses_reference else 0
    read = scored(arm, reference, corpus)
    return trained + read * OPERATIONS["scoring"] // OPERATIONS["training"]
