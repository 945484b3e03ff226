"""What an arm costs besides its own training: one count for forecasts, budgets and tables.

Training counts 6 N D operations and scoring 2 N D (arXiv 2001.08361, section 2.1; N parameters, D
tokens).
"""

from mucpt_utils.config.scoring import RATIO_TEXT, Arm
from mucpt_utils.config.training import TrainSettings

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


def sites_sample(arm: Arm, corpus: int) -> int:
    """Tokens of the corpus that both models read to rate its sites; 0 for arms that do not."""
    return round(arm.sample * corpus) if arm.rates_sites else 0


def read_twice(arm: Arm, train: TrainSettings) -> int:
    """Tokens of an arm's training that are read once more before, for their weights.

    So it is where a step is cut into micro-batches and weighed by the losses of the model in
    training: those of the whole step must be known before its first part is learnt from.
    """
    if train.accumulate == 1 or arm.tokens is None or arm.tokens.numerator == "static":
        return 0
    return round(train.tokens * (1 - arm.tokens.static_share))


def scored(arm: Arm, reference: int, corpus: int, train: TrainSettings) -> int:
    """Tokens that are read without training, counted each time that a model reads them."""
    by_both = own_text(arm, reference) + sites_sample(arm, corpus)
    return passes(arm) * corpus + 2 * by_both + read_twice(arm, train)


def price_in_tokens(arm: Arm, reference: int, corpus: int, train: TrainSettings) -> int:
    """Tokens of training that cost as much as what an arm needs besides its own training.

    reference: tokens that a reference model is trained on; corpus: tokens that are scored; train:
    settings of the arm's own training.
    """
    trained = reference if arm.uses_reference_model else 0
    read = scored(arm, reference, corpus, train)
    return trained + read * OPERATIONS["scoring"] // OPERATIONS["training"]
