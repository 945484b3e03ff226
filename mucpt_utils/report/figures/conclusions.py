"""What a figure shows, as the sentence above it, worded from the rows that it draws.

Every function takes rows of a table and returns a sentence without a full stop.
"""

from collections.abc import Mapping

import pandas as pd

from mucpt_utils.analysis import verdicts
from mucpt_utils.analysis.effects import PAPER_ARM, Effect, State, effect_of, first_row
from mucpt_utils.report.figures.style import arm_title
from mucpt_utils.report.measures import COSTS, PRIMARY
from mucpt_utils.report.numbers import percent
from mucpt_utils.study.labels import FALSE

COVERED, UNCOVERED = STRATA = verdicts.KINDS
# by the states on facts that the reference model knows, and on the others
ON_BOTH: Mapping[tuple[State, State], str] = {
    ("stands", "stands"): "gains on both kinds of facts",
    ("stands", "open"): "gains where the reference model knows, elsewhere no difference is shown",
    ("stands", "fails"): "gains where the reference model knows, loses where it does not",
    ("open", "stands"): "gains where the reference model does not know, elsewhere no difference "
    "is shown",
    ("open", "open"): "differs on neither kind of facts as far as these runs can tell",
    ("open", "fails"): "loses where the reference model does not know, elsewhere no difference "
    "is shown",
    ("fails", "stands"): "loses where the reference model knows, gains where it does not",
    ("fails", "open"): "loses where the reference model knows, elsewhere no difference is shown",
    ("fails", "fails"): "loses on both kinds of facts",
}
# documents by the writer's labels, as `selection_kinds.csv` names them
SELECTED = (
    "about a subject that the RM knows",
    "about one that it does not know",
    "unknown subject, with a wrong fact",
    "unknown subject, true facts only",
)
GUESSER = "guesser"  # how the names of guessers begin in `scores.csv`
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


# If a run has more arms than a figure has room for, these come last: a part or a variant of
# another arm, or its blind control. The choice does not depend on results.
PARTS_AND_VARIANTS = (
    *("random", "random_sites", "eslm", "rho1_calibrated", "rho_loss", "color_filter"),
    *("soft_static", "soft_surprise", "soft_dynamic", "selection", "mixed_reference"),
    *("inverse", "oracle_clean", "oracle_focus"),
)


def short_title(arm: str) -> str:
    """The arm's name in a sentence; that of the paper is called the paper's arm."""
    return "the paper's arm" if arm == PAPER_ARM else arm_title(arm)


def number_word(number: int) -> str:
    """A count in a sentence, as a word below ten."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)


def capital(text: str) -> str:
    """A text with a capital first letter."""
    return text[:1].upper() + text[1:]


def state_of(effect: Effect) -> State:
    """The direction of a difference: by the verdict of the study's rule, else by its interval."""
    if not effect.verdict:
        return effect.state
    decided: Mapping[str, State] = {verdicts.BETTER: "stands", verdicts.WORSE: "fails"}
    return decided.get(effect.verdict, "open")


def states(
    differences: pd.DataFrame, arm: str, other: str = "plain", metric: str = PRIMARY
) -> tuple[State, State] | None:
    """The directions of `arm` minus `other` on the two kinds of facts; None if one is missing."""
    effects = []
    for stratum in STRATA:
        where = {"stratum": stratum, "metric": metric}
        ours = {**where, "arm": arm, "compared_to": other}
        turned = {**where, "arm": other, "compared_to": arm}
        effect = effect_of(differences, arm, ours, turned)
        if effect is None or pd.isna(effect.value):
            return None
        effects.append(effect)
    return state_of(effects[0]), state_of(effects[1])


def of_paper_arm(differences: pd.DataFrame, metric: str = PRIMARY) -> str:
    """What the paper's arm does, at equal compute if methods were compared there.

    Equal compute is what arms with a reference model are judged by. Where the paper's arm was not
    compared so but other methods were, it is told what these do.
    """
    compared = costs_of(differences, metric)
    other = compared[-1] if compared else ""
    both = measured_methods(differences, other, metric).get(PAPER_ARM)
    if both is None:
        return of_methods(differences, metric)
    where = f"{COSTS[other]} " if len(compared) > 1 else ""
    return capital(f"{where}{short_title(PAPER_ARM)} {ON_BOTH[both]}")


def of_methods(differences: pd.DataFrame, metric: str = PRIMARY) -> str:
    """How many methods gain on both kinds of facts, first at equal compute if that was run."""
    told = {
        COSTS[other]: of_winners(measured_methods(differences, other, metric))
        for other in reversed(costs_of(differences, metric))
    }
    if len(told) > 1:
        return capital("; ".join(f"{where} {what}" for where, what in told.items()))
    return capital(*told.values()) if told else "Differences to plain continued pretraining"


def costs_of(differences: pd.DataFrame, metric: str = PRIMARY) -> list[str]:
    """With what methods were compared on both kinds of facts: plain at equal tokens or compute."""
    return [other for other in COSTS if measured_methods(differences, other, metric)]


def measured_methods(
    differences: pd.DataFrame, other: str, metric: str = PRIMARY
) -> dict[str, tuple[State, State]]:
    """The directions on both kinds of facts of every method that was compared with `other`."""
    arms = [arm for arm in dict.fromkeys(differences["arm"]) if verdicts.role(arm) == "method"]
    seen = {arm: states(differences, arm, other, metric) for arm in arms}
    return {arm: both for arm, both in seen.items() if both}


def of_winners(measured: Mapping[str, tuple[State, State]]) -> str:
    """How many methods gain on both kinds of facts, and which one if it is a single one."""
    if len(measured) == 1:
        arm, both = next(iter(measured.items()))
        return f"{short_title(arm)} {ON_BOTH[both]}"
    winners = [arm for arm, both in measured.items() if both == ("stands", "stands")]
    count = f"{number_word(len(winners))} of {number_word(len(measured))} methods"
    verb = "gains" if len(winners) < 2 else "gain"
    rest = f": {arm_title(winners[0])}" if len(winners) == 1 else ""
    return f"{count} {verb} on both kinds{rest}".replace("no of", "none of")


def of_accuracy(table: pd.DataFrame) -> str:
    """How many questions of each group plain training answers correctly; else what is shown.

    table: columns `arm`, `group` (in plain words) and `mean`, the accuracy.
    """
    plain = table[table["arm"] == "plain"]
    if plain.empty:
        return "Share of questions that are answered right"
    pairs = zip(plain["group"], plain["mean"], strict=True)
    told = [f"{group} {percent(mean)}" for group, mean in pairs]
    return f"Share of right answers after plain continued pretraining: {', '.join(told)}"


def of_weights(table: pd.DataFrame) -> str:
    """In how many arms false statements, random ones and rumours, clearly weigh less than true
    ones: their intervals lie below; "" without true ones or without false ones.

    table: columns `arm`, `kind`, `weight`, `ci_low`, `ci_high`.
    """
    told = []
    for arm in table["arm"].unique():
        true = first_row(table, arm=arm, kind="fact")
        rows = [first_row(table, arm=arm, kind=kind) for kind in FALSE]
        wrong = [row for row in rows if row is not None]
        if true is not None and wrong:
            told.append(all(row["ci_high"] < true["ci_low"] for row in wrong))
    if not told:
        return ""
    clearly = "false statements clearly weigh less than true ones"
    if len(told) == 1:
        not_so = "false statements do not clearly weigh less than true ones"
        return clearly if told[0] else not_so
    count = f"{number_word(sum(told))} of {number_word(len(told))} arms".replace("no of", "none of")
    return f"{clearly} in {count}"


def of_forgetting(main: pd.DataFrame) -> str:
    """What plain training does to the prediction of held-out music and general text, by the
    interval of base minus plain; or what is shown, if that was not measured.

    main: rows of `main_comparison.csv`.
    """
    told = []
    for stratum, words in (("music", "music"), ("general", "general text")):
        row = first_row(main, arm="base", stratum=stratum, metric="bits_per_byte")
        if row is not None and "difference_to_plain_low" in row:
            low, high = row["difference_to_plain_low"], row["difference_to_plain_high"]
            if pd.isna(low):  # one seed says nothing
                continue
            change = "easier" if low > 0 else "harder" if high < 0 else "no easier"
            told.append(f"{words} {change} to predict")
    if not told:
        return "What is forgotten: general questions and held-out text"
    return f"Plain continued pretraining makes {' and '.join(told)}"


def of_temperature(table: pd.DataFrame) -> str:
    """At which temperatures reference models predict best what they do not know.

    table: columns `seed`, `temperature`, `loss`.
    """
    best = table.loc[table.groupby("seed")["loss"].idxmin(), "temperature"]
    low, high = f"{best.min():g}", f"{best.max():g}"
    at = f"temperature {low}" if low == high else f"temperatures of {low} to {high}"
    if best.min() > 1:
        return f"Too sure of what it does not know: a reference model predicts it best at {at}"
    return f"A reference model predicts what it does not know best at {at}"


def of_models(table: pd.DataFrame) -> str:
    """How many questions the best real model and the best guesser answer correctly.

    table: rows of `scores.csv`.
    """
    every = table[table["part"] == table["part"].iloc[0]]
    guessed = every["model"].astype(str).str.startswith(GUESSER)
    kinds = (("real model", every[~guessed]), ("guesser", every[guessed]))
    best = {what: part["accuracy"].max() for what, part in kinds if len(part)}
    first, *others = [f"the best {what} {{}}{100 * share:.1f} %" for what, share in best.items()]
    told = f"{first.format('answers ')} of MusicSimpleQA's questions correctly"
    return capital(", ".join([told, *(other.format("") for other in others)]))


def of_room(differences: pd.DataFrame) -> str:
    """How far the best ceiling is above plain on each kind of facts, in nats; "" without ceilings.

    Whether that is room is what the study's rule says, by both measures. differences: all rows of
    `differences.csv`.
    """
    rooms, without = verdicts.room(differences), {"fails": "none", "open": "not shown"}
    states = verdicts.states_of_room(rooms) if len(rooms) else {}
    told = []
    for stratum, words in zip(STRATA, ("known", "unknown"), strict=True):
        row = first_row(rooms, stratum=stratum, metric=PRIMARY)
        if row is not None:
            amount = f"{row['difference']:+.2f}".replace("-", "−")
            told.append(f"{without.get(states[stratum], amount)} on {words} facts")
    return ", ".join(told)


def of_selection(kinds: pd.DataFrame | None, arm: str) -> str:
    """What an arm's choice of documents depends on: whether the reference model knows the subject
    and whether a fact is wrong; "" if the table does not say.

    kinds: rows of `selection_kinds.csv`.
    """
    rows = [first_row(kinds, arm=arm, documents=documents) for documents in SELECTED]
    shares = [percent(row["share_kept"]) for row in rows if row is not None]
    if len(shares) < len(rows):
        return ""
    known, unknown, wrong, true = shares
    return (
        f"{short_title(arm)} keeps {known} of the documents about subjects that the reference "
        f"model knows and {unknown} of those about others; of the latter {wrong} of those with a "
        f"wrong fact and {true} of those without"
    )


def of_levels(main: pd.DataFrame, metric: str) -> str:
    """Which trained arm is highest on each kind of facts, without ceilings and controls."""
    told = []
    for stratum, words in zip(STRATA, ("knows", "does not know"), strict=True):
        rows = main[(main["stratum"] == stratum) & (main["metric"] == metric)]
        roles = rows["arm"].map(verdicts.role)
        rows = rows[~roles.isin(["ceiling", "control"])].dropna(subset="mean")
        if rows.empty:
            continue
        best = rows.loc[rows["mean"].idxmax()]
        told.append(
            f"{short_title(best['arm'])} on what the reference model {words} ({best['mean']:.2f})"
        )
    return f"Highest {metric.replace('_', ' ')}: {'; '.join(told)}" if told else ""


def of_runs(frame: pd.DataFrame) -> str:
    """In how many runs the differences agree, worded to follow "is" in a sentence.

    Rows: arm, stratum, difference, ci_low, ci_high, and the verdict if there is one.
    """
    told: list[str] = []
    for stratum, words in zip(STRATA, ("known", "unknown"), strict=True):
        rows = frame[frame["stratum"] == stratum].to_dict("records")
        found = [state_of(effect_of_row(row)) for row in rows]
        better, worse = found.count("stands"), found.count("fails")
        verb, count = ("better", better) if better >= worse else ("worse", worse)
        again = bool(told) and told[0].startswith(verb)  # do not repeat the verdict
        start = "" if again else f"{verb} "
        told.append(f"{start}on {words} facts in {count} of {len(rows)} runs")
    return " and ".join(told)


def effect_of_row(row: Mapping) -> Effect:
    """The difference in a row."""
    verdict = row.get("verdict", "")
    numbers = (row["difference"], row["ci_low"], row["ci_high"])
    return Effect("", *numbers, verdict if isinstance(verdict, str) else "")


def runs_of_methods(frame: pd.DataFrame, other: str) -> pd.Series:
    """In how many profiles each method was compared with `other`, by arm, in the order of rows.

    frame: rows of `profiles.same_difference`.
    """
    of_these = frame["arm"].map(verdicts.role).eq("method") & frame["compared_to"].eq(other)
    return frame[of_these].groupby("arm", sort=False)["profile"].nunique()


def agreed(frame: pd.DataFrame, arm: str, other: str) -> str:
    """The sentence above the same difference in every run: of an arm against plain at one cost.

    A repeated run is shown but not counted.
    """
    rows = frame[(frame["arm"] == arm) & (frame["compared_to"] == other) & (frame["again"] == "")]
    head = "The same in every run?" if rows["profile"].nunique() > 1 else "One run so far."
    return f"{head} {capital(COSTS[other])}, {short_title(arm)} is {of_runs(rows)}"
