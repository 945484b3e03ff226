"""Exercises of notebooks 02 and 03: calibration, filter and weights, copies, precision, recall."""

import math

import numpy as np

from mucpt_utils.config.pipeline import MinhashSettings
from mucpt_utils.teaching.exercises.judging import Case, exercise


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + math.exp(-x))


def odds(share: float) -> float:
    """s / (1 - s)."""
    return share / (1 - share)


@exercise(
    "02",
    2,
    "log-odds first: math.log(s / (1 - s)); then a line; then 1 / (1 + math.exp(-x)).",
    [
        (
            "the line is drawn through s itself: take its log-odds math.log(s / (1 - s)) first",
            lambda s, a, b: sigmoid(a * s + b),
        ),
        (
            "the odds still need a logarithm: math.log(s / (1 - s))",
            lambda s, a, b: sigmoid(a * odds(s) + b),
        ),
        (
            "that is still a log-odds: undo the logit with 1 / (1 + math.exp(-x))",
            lambda s, a, b: a * math.log(odds(s)) + b,
        ),
        (
            "the sign in the exponent is wrong: 1 / (1 + math.exp(-x)), with a minus",
            lambda s, a, b: sigmoid(-(a * math.log(odds(s)) + b)),
        ),
        (
            "slope and intercept are swapped: the slope multiplies, the intercept is added",
            lambda s, a, b: sigmoid(b * math.log(odds(s)) + a),
        ),
        (
            "the slope multiplies the log-odds alone, not the intercept: a * odds + b",
            lambda s, a, b: sigmoid(a * (math.log(odds(s)) + b)),
        ),
        (
            "the intercept is added, not subtracted",
            lambda s, a, b: sigmoid(a * math.log(odds(s)) - b),
        ),
        (
            "the odds are upside down: s / (1 - s), not (1 - s) / s",
            lambda s, a, b: sigmoid(a * math.log((1 - s) / s) + b),
        ),
        (
            "use the natural logarithm math.log, as exp is its inverse",
            lambda s, a, b: sigmoid(a * math.log10(odds(s)) + b),
        ),
        (
            "use the natural logarithm math.log, not math.log2: exp is its inverse",
            lambda s, a, b: sigmoid(a * math.log2(odds(s)) + b),
        ),
        ("the line is missing: slope * log-odds + intercept", lambda s, a, b: s),
        (
            "the line goes through the log-odds, not through the score or the probability",
            lambda s, a, b: a * s + b,
        ),
        (
            "math.log(s) is not yet the log-odds: s / (1 - s)",
            lambda s, a, b: sigmoid(a * math.log(s) + b),
        ),
        (
            "brackets: the divisor of s / (1 - s) needs its own, for s / 1 - s is 0",
            lambda s, a, b: sigmoid(a * math.log(s / 1 - s) + b),
        ),
        (
            "brackets: the divisor of 1 / (1 + math.exp(-x)) needs its own",
            lambda s, a, b: 1 / 1 + math.exp(-(a * math.log(odds(s)) + b)),
        ),
        (
            "exp gives odds again: the probability is odds / (1 + odds)",
            lambda s, a, b: math.exp(a * math.log(odds(s)) + b),
        ),
        (
            "the logarithm of a fraction is the difference of two logarithms, not their quotient",
            lambda s, a, b: sigmoid(a * math.log(s) / math.log(1 - s) + b),
        ),
    ],
)
def platt() -> list[Case]:
    """A classifier's score and the two numbers of its calibration; the probability."""
    from mucpt_utils.pipeline.domain.calibration import Calibration

    given = {
        (0.5, 1.0, 0.0): "an even score stays even",
        (0.9, 1.0, 0.0): "slope 1 and intercept 0 change nothing",
        (0.99, 0.4, 0.0): "a slope below 1 makes it more modest",
        (0.3, 1.7, -0.5): "both at once",
    }
    return [
        Case((s, a, b), float(Calibration(a, b).probability(np.array([s]))[0]), about)
        for (s, a, b), about in given.items()
    ]


def foreign(probabilities: list[float], labels: list[int]) -> list[float]:
    """Probabilities of the documents that are outside the domain."""
    return [p for p, label in zip(probabilities, labels, strict=True) if not label]


@exercise(
    "02",
    1,
    "add up the probabilities of the documents whose label is 0; divide by the sum of all of them.",
    [
        (
            "documents are counted here: let each count with its probability as its weight",
            lambda p, labels: len(foreign(p, labels)) / len(p),
        ),
        (
            "this is the share *on* the domain: take the documents whose label is 0",
            lambda p, labels: 1 - sum(foreign(p, labels)) / sum(p),
        ),
        (
            "divide by the sum of all probabilities, not by the number of documents",
            lambda p, labels: sum(foreign(p, labels)) / len(p),
        ),
        (
            "divide by the weight of all documents, not of those in the domain alone",
            lambda p, labels: sum(foreign(p, labels)) / (sum(p) - sum(foreign(p, labels))),
        ),
        (
            "this is a sum of weights: divide it by the weight of all documents",
            lambda p, labels: sum(foreign(p, labels)),
        ),
        (
            "this is the mean probability of the off-domain documents: divide by the weight of all",
            lambda p, labels: sum(foreign(p, labels)) / max(1, len(foreign(p, labels))),
        ),
        (
            "that is a mean, and of nothing where all are in the domain: divide by all the weight",
            lambda p, labels: sum(foreign(p, labels)) / len(foreign(p, labels)),
        ),
        (
            "two means are of different numbers of documents: compare the sums of weights",
            lambda p, labels: sum(foreign(p, labels)) / len(foreign(p, labels)) / (sum(p) / len(p)),
        ),
        (
            "p already is the weight; 1 - p would be the weight that the document loses",
            lambda p, labels: sum(1 - x for x in foreign(p, labels)) / sum(1 - x for x in p),
        ),
        (
            "the label says which documents are outside the domain, not a low probability",
            lambda p, labels: sum(x for x in p if x < 0.5) / sum(p),
        ),
        (
            "divide by the sum of all probabilities, not by the number of documents in the domain",
            lambda p, labels: sum(foreign(p, labels)) / sum(labels),
        ),
        (
            "p is the weight that a document has; 1 - p is what it loses",
            lambda p, labels: sum(1 - x for x in foreign(p, labels)) / sum(p),
        ),
        (
            "take the labels as well: only documents whose label is 0 are outside the domain",
            lambda p, labels: sum(1 - x for x in p) / len(p),
        ),
    ],
)
def off_domain_share() -> list[Case]:
    """Documents' probabilities, whether each is in the domain; the share of weight that is not."""
    given = [
        ([0.9, 0.8, 0.1], [1, 1, 0], "one foreign document that the classifier sees"),
        ([0.9, 0.8, 0.7], [1, 1, 0], "one that it does not see"),
        ([0.6, 0.2, 0.4, 0.8], [1, 0, 0, 1], "several"),
        ([0.5, 0.9], [1, 1], "nothing foreign"),
    ]
    cases = []
    for probabilities, labels, about in given:
        weights, off = np.array(probabilities), np.array(labels) == 0
        cases.append(Case((probabilities, labels), weights[off].sum() / weights.sum(), about))
    return cases


@exercise(
    "03",
    1,
    "Python's sets know & and |; len counts.",
    [
        (
            "a + b counts what both hold twice: use the union a | b",
            lambda a, b: len(a & b) / (len(a) + len(b)),
        ),
        (
            "a - b is what only the first holds: above stands what both hold, a & b",
            lambda a, b: len(a - b) / len(a | b),
        ),
        (
            "that is the Dice coefficient; Jaccard divides by the union",
            lambda a, b: 2 * len(a & b) / (len(a) + len(b)),
        ),
        ("divide by the union a | b, not by one of the sets", lambda a, b: len(a & b) / len(a)),
        ("divide by the union a | b, not by one of the sets", lambda a, b: len(a & b) / len(b)),
        (
            "divide by the union a | b, not by the larger set",
            lambda a, b: len(a & b) / max(len(a), len(b)),
        ),
        (
            "that is the overlap coefficient; Jaccard divides by the union a | b",
            lambda a, b: len(a & b) / min(len(a), len(b)),
        ),
        ("that is how many they share: divide by the size of the union", lambda a, b: len(a & b)),
        (
            "& is the intersection and | the union: the fraction is upside down",
            lambda a, b: len(a | b) / len(a & b),
        ),
        (
            "that is the distance 1 - J, what only one of them holds: the similarity is wanted",
            lambda a, b: len(a ^ b) / len(a | b),
        ),
        (
            "divide by the union, not by what only one of them holds",
            lambda a, b: len(a & b) / len(a ^ b),
        ),
        ("the fraction has two counts: len(a & b) and len(a | b)", lambda a, b: (a & b) / (a | b)),
        (
            "only equal sets give more than 0 here: count what they share, and divide with /",
            lambda a, b: float(a == b),
        ),
        ("whether they share anything is all or nothing: count", lambda a, b: bool(a & b)),
        (
            "`and` and `or` give one of the two sets back: write & and |",
            lambda a, b: len(a and b) / len(a or b),
        ),
        (
            "that is the cosine of the sets; Jaccard divides by the union",
            lambda a, b: len(a & b) / math.sqrt(len(a) * len(b)),
        ),
    ],
)
def jaccard() -> list[Case]:
    """Two sets of shingles; their similarity."""
    from mucpt_utils.pipeline.similarity import minhash

    given = [
        ({"a b", "b c"}, {"a b", "b c"}, "equal sets"),
        ({"a b", "b c", "c d"}, {"b c", "c d", "d e"}, "two of four in common"),
        ({"a b"}, {"x y"}, "nothing in common"),
        ({"a b", "b c", "c d", "d e"}, {"b c"}, "one inside the other"),
        ({"a b", "x y"}, {"a b", "b c", "c d"}, "a small one and a larger one"),
    ]
    cases = []
    for one, other, about in given:
        names = sorted(one | other)
        a, b = (np.array(sorted(names.index(x) for x in part)) for part in (one, other))
        cases.append(Case((one, other), minhash.jaccard(a, b), about))
    return cases


@exercise(
    "03",
    2,
    "one band agrees with probability j ** rows; a pair is missed if no band agrees.",
    [
        (
            "this is the probability that *no* band agrees: take it from 1",
            lambda j, b, r: (1 - j**r) ** b,
        ),
        (
            "this is one band alone; there are `bands` of them, and one that agrees is enough",
            lambda j, b, r: j**r,
        ),
        (
            "probabilities of bands do not add up: a pair is missed if every band differs",
            lambda j, b, r: b * j**r,
        ),
        (
            "probabilities of bands do not add up: a pair is missed if all bands differ",
            lambda j, b, r: min(1, b * j**r),
        ),
        (
            "bands and rows are swapped: a band has `rows` hashes",
            lambda j, b, r: 1 - (1 - j**b) ** r,
        ),
        ("a band agrees only if all of its rows do: j ** rows", lambda j, b, r: 1 - (1 - j) ** b),
        (
            "a band agrees only if all of its rows do: j ** rows, not j * rows",
            lambda j, b, r: 1 - (1 - j * r) ** b,
        ),
        ("that is all bands agreeing; one of them is enough", lambda j, b, r: (j**r) ** b),
        (
            "one agreeing hash is not enough: all rows of a band must agree",
            lambda j, b, r: 1 - (1 - j) ** (b * r),
        ),
        (
            "(1 - j) ** rows is the probability that no row agrees; one row that differs is enough",
            lambda j, b, r: 1 - (1 - (1 - j) ** r) ** b,
        ),
        (
            "rows stand inside and bands outside: all rows of a band, then any of the bands",
            lambda j, b, r: (1 - (1 - j) ** b) ** r,
        ),
        (
            "all bands differ with probability (1 - j ** rows) to the power of bands, not times it",
            lambda j, b, r: 1 - b * (1 - j**r),
        ),
        (
            "not all bands agree is too weak: a pair is missed if *every* band differs",
            lambda j, b, r: 1 - (j**r) ** b,
        ),
        (
            "that is exactly one band; two that agree find the pair as well",
            lambda j, b, r: b * j**r * (1 - j**r) ** (b - 1),
        ),
    ],
)
def band_probability() -> list[Case]:
    """A similarity, the number of bands and their rows; the probability of a candidate pair."""
    from mucpt_utils.pipeline.similarity.minhash import candidate_probability

    study = MinhashSettings()
    given = {
        (1.0, study.bands, study.rows): "equal texts are always found",
        (0.5, 1, 3): "one band of three rows",
        (0.8, study.bands, study.rows): "the study's bands, a near copy",
        (0.3, study.bands, study.rows): "the study's bands, two texts on one subject",
    }
    return [Case(pair, candidate_probability(*pair), about) for pair, about in given.items()]


@exercise(
    "03",
    1,
    "precision divides by what was taken, recall by what was labelled.",
    [
        (
            "precision and recall are swapped: precision divides by what was taken",
            lambda right, wrong, missed: (right / (right + missed), right / (right + wrong)),
        ),
        (
            "`right` is part of what was taken and of what was labelled: add it in the divisors",
            lambda right, wrong, missed: (right / wrong, right / missed),
        ),
        (
            "that is the share of all three: precision leaves out `missed`, recall `wrong`",
            lambda right, wrong, missed: (right / (right + wrong + missed),) * 2,
        ),
        (
            "these are the errors: take each from 1",
            lambda right, wrong, missed: (wrong / (right + wrong), missed / (right + missed)),
        ),
        (
            "recall must not ask what was taken wrongly: divide by right + missed",
            lambda right, wrong, missed: (
                right / (right + wrong),
                right / (wrong + right + missed),
            ),
        ),
        (
            "precision must not ask what was missed: divide by right + wrong",
            lambda right, wrong, missed: (
                right / (right + wrong + missed),
                right / (right + missed),
            ),
        ),
        (
            "// divides whole numbers and drops the rest: use /",
            lambda right, wrong, missed: (right // (right + wrong), right // (right + missed)),
        ),
        (
            "precision alone is half of it: return recall as well",
            lambda right, wrong, missed: right / (right + wrong),
        ),
        (
            "that is F1, which mixes the two: return both",
            lambda right, wrong, missed: 2 * right / (2 * right + wrong + missed),
        ),
        (
            "the brackets are missing: right / (right + wrong), or the division comes first",
            lambda right, wrong, missed: (right / right + wrong, right / right + missed),
        ),
        (
            "recall counts what was found of the labelled: `right` stands above, `wrong` nowhere",
            lambda right, wrong, missed: (
                right / (right + wrong),
                (right + wrong) / (right + missed),
            ),
        ),
    ],
)
def precision_recall() -> list[Case]:
    """Right, wrong and missed; precision and recall."""
    return [
        Case((8, 2, 0), (0.8, 1.0), "nothing missed"),
        Case((3, 0, 9), (1.0, 0.25), "nothing wrong, much missed"),
        Case((30, 10, 20), (0.75, 0.6), "both kinds of error"),
    ]
