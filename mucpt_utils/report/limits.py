"""The report's limits: what its numbers cannot say, quantified where possible."""

from collections.abc import Mapping

from mucpt_utils.analysis.claim_tests import NOT_TESTED
from mucpt_utils.analysis.claims import verdict_counts
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.measures import Tables
from mucpt_utils.report.numbers import counted, enumerated, percent
from mucpt_utils.report.profiles import arms_not_run
from mucpt_utils.report.words import SOURCES


def limits(tables: Tables, run: Mapping) -> list[str]:
    """What the numbers cannot say, quantified where possible."""
    seeds = len(run["seeds"])
    sentences = [
        f"Models of {run['parameters']:,} parameters and {run['tokens']:,} tokens per arm are far "
        "from the paper's 32B parameters and 40B tokens; an effect here need not hold there, and "
        "one that is missing here may appear there.",
        "The paper publishes no code, data or weights. Direction, form, floor and clip of the loss "
        "ratio, the reference model, the classifier and the cleaning rules are this study's own "
        "choices; every one is a named setting.",
    ]
    if "bits_per_byte" in tables:
        sentences.append(
            "The text is real prose, so no fact can be asked: bits per byte say how well text is "
            "predicted, not what is known."
        )
    else:
        sentences.append(
            "The documents are written by a program from true facts. That makes every stage "
            "measurable, and the text less varied than a crawl."
        )
    if seeds > 1:
        drawn = (
            ""
            if "bits_per_byte" in tables
            else " and, crossed with them, the subjects asked about (two-way clustering; for "
            "accuracy Wilson's interval at the sample size that it amounts to)"
        )
        sentences.append(
            f"Intervals are over {counted(seeds, 'seed')}{drawn}. They hold for this base, this "
            "corpus and these reference models. Of measures with one value per seed, an arm that "
            f"changes nothing has all {seeds} seeds on one side of zero in "
            f"{percent(2 ** (1 - seeds))} of cases by chance alone."
        )
    else:
        sentences.append("One seed proves nothing: the intervals cover the questions only.")
    if "differences" in tables:
        count = int(tables["differences"]["p_value"].notna().sum())
        sentences.append(
            f"The table of differences has {count} p-values. Verdicts rest on those corrected over "
            "the methods of one comparison (Holm), not over all comparisons, and lie beyond a "
            "margin that is kept for a change of machine. An interval is that of its comparison "
            "alone, so one without zero may stand beside an undecided verdict."
        )
    if missing := not_run(tables, run):
        sentences.append(missing)
    if "claims" in tables:
        untested = [
            f"{counts.get(NOT_TESTED, 0)} of {sum(counts.values())} claims {SOURCES[status]}"
            for status, counts in verdict_counts(tables["claims"]).items()
        ]
        sentences.append(f"Not tested in this profile: {enumerated(untested)}.")
    return sentences


def not_run(tables: Tables, run: Mapping) -> str:
    """Which arms of the profile's list a run did not train; "" where it trained all of them.

    Their absence must not be taken for a result.
    """
    titles = [arm_title(arm) for arm in arms_not_run(run, tables)]
    if not titles:
        return ""
    verb = "was" if len(titles) == 1 else "were"
    return (
        f"{counted(len(titles), 'arm')} of the profile's list {verb} not run: "
        f"{'; '.join(titles)}. Nothing is known of them here."
    )
