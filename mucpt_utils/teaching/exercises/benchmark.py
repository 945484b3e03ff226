"""Exercises of notebooks 06 and 07: a grader, agreement beyond chance, a paired interval."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from mucpt_utils.musicsimpleqa.agreement import cohen_kappa
from mucpt_utils.musicsimpleqa.grading import grade as grade_response
from mucpt_utils.teaching.exercises.judging import Case, exercise

RIGHT, WRONG, NOTHING = "correct", "incorrect", "not_attempted"


def grader(
    lower: bool = True,
    whole: bool = False,
    empty: bool = True,
    refusal: bool = True,
    either: bool = True,
    denied: bool = True,
    fallback: str = WRONG,
) -> Callable[[str, str], str]:
    """A small grader, with some of its rules left out."""

    def graded(key: str, response: str) -> str:
        said, wanted = (response.lower(), key.lower()) if lower else (response, key)
        if empty and not said.strip() or refusal and "don't know" in said.lower():
            return NOTHING
        if (
            either
            and said.lower().startswith("either ")
            or denied
            and said.lower().startswith("not ")
        ):
            return WRONG
        return RIGHT if (said == wanted if whole else wanted in said) else fallback

    return graded


@exercise(
    "06",
    3,
    "lower both; first the empty answer and the refusal, then the traps (either, not), and only "
    "then look for the key.",
    [
        ("the key may stand in small letters: compare both in lower case", grader(lower=False)),
        (
            "the key may stand inside a sentence, in other letters: lower both and use `in`",
            grader(whole=True, lower=False),
        ),
        ("an empty answer is `not_attempted`, not wrong", grader(empty=False)),
        ('"I don\'t know" is `not_attempted`, not wrong', grader(refusal=False)),
        (
            '"Either A or B" names two answers: it commits to none and is incorrect',
            grader(either=False),
        ),
        ('"Not Nirvana" holds the key and denies it: incorrect', grader(denied=False)),
        (
            'an answer that holds the key can be wrong: "Either ...", "Not ..." (mind the capital)',
            grader(either=False, denied=False),
        ),
        (
            "another answer is `incorrect`; only an empty one and a refusal are `not_attempted`",
            grader(fallback=NOTHING),
        ),
        (
            'looking for the key alone is too generous: empty and "I don\'t know" come first',
            grader(empty=False, refusal=False, either=False, denied=False),
        ),
        (
            'two strings that are equal are too strict a test, and "no answer" is a grade too',
            grader(lower=False, whole=True, empty=False, refusal=False, either=False, denied=False),
        ),
        (
            'small letters, refusals, "either" and "not" are still missing',
            grader(lower=False, empty=False, refusal=False, either=False, denied=False),
        ),
        ('refusals come first: empty, "I don\'t know"', grader(empty=False, refusal=False)),
        (
            "the key is an argument: another question has another key",
            lambda k, r: grader()("Nirvana", r),
        ),
        (
            "the key is looked for in the response, not the response in the key",
            lambda k, r: RIGHT if r.lower() in k.lower() else WRONG,
        ),
        (
            '"Either A or B" and "Not A" are wrong; not attempted is only no answer or a refusal',
            lambda k, r: NOTHING if r.lower().startswith(("either ", "not ")) else grader()(k, r),
        ),
    ],
)
def grade() -> list[Case]:
    """A key and a response; the grade."""
    question = {"question": "Which group recorded Nevermind?", "answer": "Nirvana"}
    question["answer_type"] = "group"
    responses = {
        "Nirvana": "the key as it stands",
        "nirvana.": "small letters and a full stop",
        "It was recorded by Nirvana.": "the key inside a sentence",
        "Pearl Jam": "another answer",
        "": "no answer",
        "I don't know.": "a refusal",
        "Either Nirvana or Pearl Jam": "two answers",
        "Not Nirvana, but Pearl Jam": "the key, denied",
    }
    asked = [(question, response, about) for response, about in responses.items()]
    other = {**question, "question": "Which group recorded Ten?", "answer": "Pearl Jam"}
    asked.append((other, "pearl jam", "another key"))
    return [
        Case((one["answer"], response), grade_response(one, response).grade, about)
        for one, response, about in asked
    ]


def observed(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of items on which two graders agree."""
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def chance(one: Sequence[str], other: Sequence[str]) -> float:
    """How often they would agree by chance, by how often each gives each grade."""
    first, second = Counter(one), Counter(other)
    return sum(first[name] * second[name] for name in first) / len(one) ** 2


def beyond(share: float, by_chance: float) -> float:
    """Agreement beyond a level that chance would reach."""
    return (share - by_chance) / (1 - by_chance)


@exercise(
    "06",
    2,
    "p_o is the share of equal pairs; p_e adds up, over the grades, the product of both "
    "graders' shares of it; then (p_o - p_e) / (1 - p_e).",
    [
        ("this is p_o, agreement with chance in it: subtract p_e above and below", observed),
        ("this is p_e alone: kappa is (p_o - p_e) / (1 - p_e)", chance),
        (
            "divide by 1 - p_e: chance must not count below either",
            lambda a, b: observed(a, b) - chance(a, b),
        ),
        (
            "chance is not 1 / number of grades: use how often *each grader* gives each grade",
            lambda a, b: beyond(observed(a, b), 1 / len({*a, *b})),
        ),
        (
            "chance is not one half: use how often each grader gives each grade",
            lambda a, b: beyond(observed(a, b), 0.5),
        ),
        (
            "both graders' shares multiply: the square of one grader's is not enough",
            lambda a, b: beyond(observed(a, b), chance(a, a)),
        ),
        (
            "p_e needs each grader's own shares, not those of both together",
            lambda a, b: beyond(observed(a, b), chance([*a, *b], [*a, *b])),
        ),
        (
            "the fraction is upside down or divided by p_e: 1 - p_e stands below",
            lambda a, b: (observed(a, b) - chance(a, b)) / chance(a, b),
        ),
        (
            "the sign: p_o - p_e stands above",
            lambda a, b: (chance(a, b) - observed(a, b)) / (1 - chance(a, b)),
        ),
        (
            "p_o is a share: divide the number of equal pairs by the number of pairs",
            lambda a, b: beyond(observed(a, b) * len(a), chance(a, b)),
        ),
        (
            "p_e is made of shares: divide by n twice, once for each grader",
            lambda a, b: beyond(observed(a, b), chance(a, b) * len(a)),
        ),
        (
            "that is a correlation: kappa compares p_o with p_e",
            lambda a, b: float(np.corrcoef([x == RIGHT for x in a], [x == RIGHT for x in b])[0, 1]),
        ),
        (
            "p_e adds up over the *different* grades, set(one): each counts once",
            lambda a, b: beyond(
                observed(a, b), sum(a.count(g) * b.count(g) for g in a) / len(a) ** 2
            ),
        ),
        (
            "both graders' shares of a grade are multiplied, not added",
            lambda a, b: beyond(observed(a, b), 2.0),
        ),
        (
            "p_e is 1 here: multiply both graders' shares of a grade, do not take their mean",
            lambda a, b: beyond(observed(a, b), 1.0),
        ),
        (
            "brackets: (p_o - p_e) / (1 - p_e), or the division comes first",
            lambda a, b: observed(a, b) - chance(a, b) - chance(a, b),
        ),
        (
            "p_e adds up over the grades: the products are not multiplied with each other",
            lambda a, b: beyond(
                observed(a, b), math.prod(a.count(g) * b.count(g) / len(a) ** 2 for g in set(a))
            ),
        ),
        (
            "p_o and p_e are both shares: divide by the number of pairs",
            lambda a, b: beyond(observed(a, b) * len(a), chance(a, b) * len(a)),
        ),
        (
            "1 - p_o is how often they differ, not how often they would agree by chance",
            lambda a, b: beyond(observed(a, b), 1 - observed(a, b)),
        ),
        (
            "p_e adds up over all grades, not the most frequent one alone",
            lambda a, b: beyond(
                observed(a, b), max(a.count(g) * b.count(g) for g in set(a)) / len(a) ** 2
            ),
        ),
    ],
)
def kappa() -> list[Case]:
    """The grades that two graders gave to the same answers; Cohen's kappa."""
    r, w, n = RIGHT, WRONG, NOTHING
    given = [
        ([r, w, w, r], [r, w, w, r], "full agreement"),
        ([r, r, w, w], [r, w, r, w], "no more than chance"),
        ([r, r, r, w, n], [r, r, w, w, n], "one of five differs"),
        ([w, w, w, w, w, r], [w, w, w, w, r, w], "one grade is frequent"),
    ]
    cases = []
    for one, other, about in given:
        cases.append(Case((one, other), cohen_kappa(list(zip(one, other, strict=True))), about))
    return cases


def bootstrap(
    values: np.ndarray,
    cut: Sequence[float] = (0.025, 0.975),
    times: int = 2000,
    draw: int | None = None,
    of: Callable = np.mean,
) -> np.ndarray:
    """Ends of a bootstrap interval. draw: a resample's size, by default that of the data."""
    drawn = np.random.default_rng(0).choice(values, (times, draw or len(values)))
    return np.quantile(of(drawn, axis=1), cut)


def normal(values: np.ndarray, freedom: int) -> list[float]:
    """Ends of a mean's interval by 1.96 standard errors. freedom: degrees of freedom lost."""
    error = values.std(ddof=freedom) / len(values) ** 0.5
    return [values.mean() + sign * 1.96 * error for sign in (-1, 1)]


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The bootstrap of two samples that are resampled independently."""
    rng = np.random.default_rng(0)
    means = (rng.choice(x, (2000, len(x))).mean(axis=1) for x in (a, b))
    return np.quantile(next(means) - next(means), [0.025, 0.975])


@exercise(
    "07",
    3,
    "differences first; draw as many of them with replacement, take the mean, 2000 times; "
    "np.quantile(means, [0.025, 0.975]).",
    [
        ("a and b are swapped: the difference is a - b", lambda a, b: bootstrap(b - a)),
        (
            "the two are drawn apart: subtract question by question, then draw the differences",
            apart,
        ),
        (
            "these are quantiles of single differences: take those of the *means* of many draws",
            lambda a, b: np.quantile(a - b, [0.025, 0.975]),
        ),
        (
            "this is 90 %: cut off 2.5 % at either end, not 5 %",
            lambda a, b: bootstrap(a - b, (0.05, 0.95)),
        ),
        ("this is 50 %: cut off 2.5 % at either end", lambda a, b: bootstrap(a - b, (0.25, 0.75))),
        (
            "these are the extremes of all draws: cut off 2.5 % at either end",
            lambda a, b: bootstrap(a - b, (0.0, 1.0)),
        ),
        (
            "np.quantile takes shares: 0.025 and 0.975, not 2.5 and 97.5",
            lambda a, b: bootstrap(a - b, (2.5, 97.5)),
        ),
        (
            "the interval's ends are wanted, not the mean difference alone",
            lambda a, b: (a - b).mean(),
        ),
        ("sums were drawn: take the mean of each draw", lambda a, b: bootstrap(a - b) * len(a)),
        (
            "drawn without replacement every mean is the same: rng.choice(..., replace=True)",
            lambda a, b: [(a - b).mean()] * 2,
        ),
        (
            "this is the spread of single differences: divide by the root of their number",
            lambda a, b: [
                (a - b).mean() - 1.96 * (a - b).std(),
                (a - b).mean() + 1.96 * (a - b).std(),
            ],
        ),
        ("this is the interval of one arm: subtract b first", lambda a, b: bootstrap(a)),
        (
            "the width is returned: return the two ends",
            lambda a, b: float(np.ptp(bootstrap(a - b))),
        ),
        (
            "that is one standard error to either side, 68 %: take quantiles of drawn means",
            lambda a, b: [
                (a - b).mean() + sign * (a - b).std(ddof=1) / len(a) ** 0.5 for sign in (-1, 1)
            ],
        ),
        (
            "mean and standard error are not asked for: of few questions their interval leaves "
            "what can be drawn; take quantiles of drawn means",
            lambda a, b: normal(a - b, 1),
        ),
        (
            "mean and standard error are not asked for: take quantiles of drawn means",
            lambda a, b: normal(a - b, 0),
        ),
        (
            "draw as many differences as there are questions: fewer make the interval wider",
            lambda a, b: bootstrap(a - b, draw=10),
        ),
        ("the sign of a difference counts: no abs", lambda a, b: bootstrap(abs(a - b))),
        ("the ends are turned round: the lower one first", lambda a, b: bootstrap(a - b)[::-1]),
        (
            "the mean of each draw, not its median: most single differences are 0",
            lambda a, b: bootstrap(a - b, of=np.median),
        ),
        (
            "the spread of a mean is that of the values over the *root* of their number",
            lambda a, b: [
                (a - b).mean() + sign * 1.96 * (a - b).std() / len(a) for sign in (-1, 1)
            ],
        ),
    ],
    tolerance=0.015,  # ends of two bootstraps are never the same
)
def paired_interval() -> list[Case]:
    """Two arms' right and wrong answers to the same questions; the ends of the paired interval.

    The percentile bootstrap that the notebook describes, with ten times as many draws; the study's
    own intervals also account for seeds and subjects. With 80 questions, an end in another
    bootstrap moves by one question at most, and that of a 90 % interval by two. With five, two of
    them gained, no end moves: the quantiles are far from where the resampled means jump.
    """
    rng = np.random.default_rng(4)
    plain = rng.integers(0, 2, 80).astype(float)
    better = np.maximum(plain, rng.integers(0, 2, 80))
    other = rng.integers(0, 2, 80).astype(float)
    given = [
        (better, plain, "an arm that only gains"),
        (plain, better, "the other way round"),
        (other, plain, "an arm that gains some and loses some"),
        (np.array([1.0, 1, 0, 0, 0]), np.zeros(5), "five questions"),
    ]
    cases = []
    for a, b, about in given:
        cases.append(Case((a, b), bootstrap(a - b, times=20_000), about))
    return cases
