"""What each arm of a finished study cost: tokens trained and scored, its reference model included.

Operations are counted as in `price`. What several arms share, as a reference model or the base's
losses, is counted for each of them: an arm costs what it would cost alone.
"""

from collections.abc import Iterator, Mapping

from mucpt_utils.study.price import OPERATIONS, scored
from mucpt_utils.study.study import Study


def arm_costs(study: Study) -> list[dict]:
    """Rows of `costs.csv`, one per trained arm: tokens, operations, and these relative to plain."""
    rows = list(_counted(study))
    plain = next((row["flops"] for row in rows if row["arm"] == "plain"), float("nan"))
    return [{**row, "relative_to_plain": row["flops"] / plain} for row in rows]


def _counted(study: Study) -> Iterator[dict]:
    corpus = study.domain_tokens().read_json("size.json")["tokens"]
    reference = study.profile.reference_training.tokens
    size = study.profile.parameters
    for name in study.profile.arms:
        arm = study.arm(name)
        if arm.trained:
            train = study.budget(arm)
            tokens = {
                "trained_tokens": train.tokens,
                "scored_tokens": scored(arm, reference, corpus, train),
                "reference_tokens": reference if arm.uses_reference_model else 0,
            }
            yield {"arm": name, **tokens, "flops": operations(tokens, size)}


def operations(tokens: Mapping[str, int], parameters: int) -> float:
    """Floating-point operations of the tokens of a row."""
    trained = tokens["trained_tokens"] + tokens["reference_tokens"]
    return float(
        parameters
        * (OPERATIONS["training"] * trained + OPERATIONS["scoring"] * tokens["scored_tokens"])
    )
