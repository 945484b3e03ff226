"""What a reference model costs, in tokens of training: one formula for forecasts, budgets, tables.

Training counts 6 N D operations and scoring 2 N D (arXiv 2001.08361, section 2.1; N parameters, D
tokens).
"""

OPERATIONS = {"training": 6, "scoring": 2}  # for each parameter and token
SCORERS = 2  # the base and the reference model read the corpus


def reference_price(trained: int, corpus: int) -> int:
    """Tokens of training that cost as much as a reference model and its scores.

    trained: tokens of its own training; corpus: tokens that both models score.
    """
    scored = SCORERS * corpus * OPERATIONS["scoring"] // OPERATIONS["training"]
    return trained + scored
