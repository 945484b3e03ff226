"""The answer of a run: the report's title and its abstract of at most `LONGEST` words.

Both are worded from the tables, and give the headline comparison of `verdicts.csv`: at equal
compute for an arm whose reference model is dear, else at equal tokens. The abstract begins with
that answer and takes as many of the other sentences, in order, as fit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.claims import abbreviated
from mucpt_utils.analysis.effects import PAPER_ARM, Effect, first_row, learnt
from mucpt_utils.config.axes import MAIN
from mucpt_utils.report.candidates import CANDIDATES
from mucpt_utils.report.figures.conclusions import (
    COVERED,
    ON_BOTH,
    UNCOVERED,
    capital,
    number_word,
    of_room,
    of_runs,
    runs_of_methods,
    short_title,
    state_of,
    states,
)
from mucpt_utils.report.measures import (
    COSTS,
    KINDS,
    METHODS,
    PRIMARY,
    Tables,
    deciding,
    difference_of,
)
from mucpt_utils.report.numbers import counted, ends_in_words, enumerated, with_ends
from mucpt_utils.report.profiles import Finished, same_difference
from mucpt_utils.report.words import NOTHING_LEARNT, prose_results

LONGEST = 120  # words of an abstract
SUBJECT = "Music-domain continued pretraining"
COMPARISONS = {
    verdicts.EQUAL_TOKENS: "plain training on equal tokens",
    verdicts.EQUAL_COMPUTE: "plain training at equal compute",
}
MIXED = {("stands", "fails"), ("fails", "stands")}


# --- the title ------------------------------------------------------------------------------------


def title(tables: Tables, run: Mapping) -> str:
    """The report's title: the result, if there is one."""
    arm = arm_of_the_answer(tables, run)
    if "differences" in tables and not learnt(tables):
        return f"{SUBJECT} taught nothing measurable at this size (profile {run['profile']})"
    other = deciding(tables, arm)
    both = states(tables["differences"], arm, other) if arm else None
    if both is None:
        return f"{SUBJECT}: results of profile {run['profile']}"
    name = "the loss ratio of MuCPT" if arm == PAPER_ARM else short_title(arm)
    where = "at equal compute " if other == verdicts.EQUAL_COMPUTE else ""
    return capital(f"{where}{name} {ON_BOTH[both]}")


def arm_of_the_answer(tables: Tables, run: Mapping) -> str:
    """The arm that the run asks about, if it was compared with plain.

    The candidate of a profile that has one, else the paper's arm, else the first method; else "".
    """
    table = tables.get("differences")
    if table is None or table.empty:
        return ""
    compared = set(table.loc[table["compared_to"] == "plain", "arm"])
    asked = CANDIDATES.get(run["profile"])
    wanted = [asked.arm] if asked else []
    return next((arm for arm in (*wanted, PAPER_ARM, *METHODS) if arm in compared), "")


# --- the abstract ---------------------------------------------------------------------------------


def abstract(tables: Tables, run: Mapping, finished: Iterable[Finished] = ()) -> list[str]:
    """Sentences of the abstract, at most `LONGEST` words, with the answer first.

    finished: the runs of every profile, for what holds in all of them.
    """
    chosen: list[str] = []
    for sentence in sentences(tables, run, finished):
        if sum(map(words_in, [*chosen, sentence])) <= LONGEST or not chosen:
            chosen.append(sentence)
    return chosen


def words_in(sentence: str) -> int:
    """How many words a sentence has."""
    return len(sentence.split())


def sentences(tables: Tables, run: Mapping, finished: Iterable[Finished]) -> Iterator[str]:
    """What an abstract may say, the most important first."""
    answer = against_plain(tables, run)
    if "differences" in tables and not learnt(tables):
        yield NOTHING_LEARNT
    elif answer:
        yield answer
        others = (at_the_other_cost(tables, run), room(tables), in_every_run(tables, finished))
        yield from filter(None, (*others, of_all_methods(tables)))
    yield from prose_results(tables)
    yield setting(tables, run)


def against_plain(tables: Tables, run: Mapping) -> str:
    """The answer: the arm against plain by its headline comparison, on both kinds of facts."""
    arm = arm_of_the_answer(tables, run)
    other = deciding(tables, arm)
    effects = both_effects(tables, arm, other)
    if effects is None:
        return ""
    mixed = tuple(map(state_of, effects)) in MIXED
    ending = ": a mixed effect" if mixed else ""
    return f"Against {COMPARISONS[other]}, {named(arm)} {clauses(effects)}{ending}."


def at_the_other_cost(tables: Tables, run: Mapping) -> str:
    """The same arm by the comparison that is not the headline; "" if it was not run."""
    arm = arm_of_the_answer(tables, run)
    (other,) = set(COMPARISONS) - {deciding(tables, arm)}
    effects = both_effects(tables, arm, other)
    if effects is None:
        return ""
    numbers = [with_ends(effect) for effect in effects]
    return f"{capital(COSTS[other])}, it changes by {numbers[0]} and {numbers[1]}."


def both_effects(tables: Tables, arm: str, other: str) -> list | None:
    """Differences in the primary measure on known and unknown facts; None where one is missing."""
    effects = [difference_of(tables, arm, other, kind, PRIMARY) for kind in (COVERED, UNCOVERED)]
    return None if None in effects or any(pd.isna(e.value) for e in effects if e) else effects


def named(arm: str, briefly: bool = False) -> str:
    """The arm in a sentence, the paper's with what it does unless `briefly`."""
    if arm == PAPER_ARM:
        what = "" if briefly else " (one loss ratio selects documents and down-weights tokens)"
        return f"{short_title(arm)}{what}"
    return f"“{short_title(arm)}”"


def clauses(effects: Sequence) -> str:
    """Both effects: verb, amount, interval, kind of facts."""
    told: list[str] = []
    for effect, kind in zip(effects, (COVERED, UNCOVERED), strict=True):
        verb = {"stands": "raises", "fails": "lowers", "open": "does not clearly change"}
        state = state_of(effect)
        amount = f"by {abs(effect.value):.2f} nats " if state != "open" else ""
        # an effect by its interval alone: the verdict accounts for all methods that were tried
        nearly = state == "open" and not effect.low <= 0 <= effect.high
        why = f"; {reason(effect)}" if nearly else ""
        interval = f"({ends_in_words(effect.low, effect.high)}{why})"
        what = "the log-likelihood of answers " if kind == COVERED else "it "
        again = told and amount and told[0].startswith(verb[state])  # do not repeat the verb
        start = "" if again else f"{verb[state]} {what}"
        told.append(f"{start}{amount}{interval} on {KINDS[kind]}")
    return " and ".join(told)


def reason(effect: Effect) -> str:
    """Why a difference whose interval excludes zero is neither better nor worse.

    Beyond the margin it is the correction over all methods; else the verdict says it.
    """
    beyond = abs(effect.value) > verdicts.load_rule().measures[PRIMARY].margin
    if effect.verdict == verdicts.UNDECIDED and beyond:
        return "undecided when all methods are counted"
    return f"{effect.verdict} by the study's rule"


def room(tables: Tables) -> str:
    """How far above plain the arms are that are told the labels; "" if the profile has none."""
    told = of_room(tables["differences"]) if "differences" in tables else ""
    unit = ", in nats" if any(character.isdigit() for character in told) else ""
    return f"Room above plain, by the labels: {told}{unit}." if told else ""


def in_every_run(tables: Tables, finished: Iterable[Finished]) -> str:
    """Which other runs asked the same question, and how many gave the same answer; names them.

    About the paper's arm by its headline comparison in `tables`, if several runs have it; else the
    arm that most runs compare with plain at equal tokens.
    """
    frame = same_difference(finished)
    frame = frame[(frame["metric"] == PRIMARY) & (frame["again"] == "")]  # repeats do not count
    frame = frame.dropna(subset="difference")
    arm, other = PAPER_ARM, deciding(tables, PAPER_ARM)
    if runs_of_methods(frame, other).get(arm, 0) < 2:
        other = verdicts.EQUAL_TOKENS
        runs = runs_of_methods(frame, other)
        if runs.empty or runs.max() < 2:
            return ""
        arm = runs.idxmax()
    rows = frame[(frame["arm"] == arm) & (frame["compared_to"] == other)]
    names = enumerated(dict.fromkeys(rows["profile"]))
    where = f"{capital(COSTS[other])} in {names}"
    return f"{where}, {named(arm, briefly=True)} is {of_runs(rows)}."


def of_all_methods(tables: Tables) -> str:
    """How many methods gain on both kinds of facts at equal tokens."""
    if "differences" not in tables:
        return ""
    measured = [both for arm in METHODS if (both := states(tables["differences"], arm))]
    if len(measured) < 2:
        return ""
    count = measured.count(("stands", "stands"))
    number = "none" if not count else number_word(count)
    verb = "gains" if count < 2 else "gain"
    told = f"{COSTS[verdicts.EQUAL_TOKENS]} {number} of {len(measured)} methods {verb}"
    return f"{capital(told)} on both kinds of facts."


def setting(tables: Tables, run: Mapping) -> str:
    """The size of the experiment."""
    row = first_row(tables.get("runs"), axis=MAIN, stratum="all", metric="accuracy")
    questions = f", {int(row['n']):,} questions" if row is not None else ""
    return (
        f"Models of {abbreviated(run['parameters'])} parameters, {abbreviated(run['tokens'])} "
        f"tokens, {counted(len(run['seeds']), 'seed')}{questions}; 95 % intervals."
    )
