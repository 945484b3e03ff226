"""What a run showed, for readers who have made their guess: a folded line below each *Predict*.

Every sentence is worded from the tables of the run that is open; no number is typed here. Each
function takes such a table and returns a `Folded` line.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from mucpt_utils.analysis.frames import rows_where
from mucpt_utils.analysis.verdicts import load_rule
from mucpt_utils.config.arms import ARMS
from mucpt_utils.pipeline.domain.calibration import Calibration
from mucpt_utils.report import table_files
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.figures.conclusions import GUESSER, capital
from mucpt_utils.report.figures.data_composition import axis_title, level_title
from mucpt_utils.report.numbers import enumerated, signed
from mucpt_utils.report.stage_words import KINDS
from mucpt_utils.study.labels import FALSE
from mucpt_utils.teaching.widgets import answer_mean, sentence_weights

SUMMARY = "What this run showed"
LOW_RECALL = 0.5  # recall below which a kind counts as not removed
CONTROL = "inverse"  # the negative control: the loss ratio upside down
NO_AXIS = "No axis was moved in this run."
NO_CLAIMS = "The verdicts are computed in notebook 08, which this run has not reached yet."


class Folded:
    """Sentences that open on a click, or are simply shown where nothing can be clicked."""

    def __init__(self, sentences: Iterable[str]):
        self.text = " ".join(sentences)

    def __repr__(self) -> str:
        return f"{SUMMARY}: {self.text}"

    def _repr_html_(self) -> str:
        return f"<details><summary>{SUMMARY}</summary>{escape(self.text)}</details>"


def named(arm: str) -> str:
    """An arm by its title and its name in code."""
    return f"“{arm_title(arm)}” ({arm})"


# --- the corpus -----------------------------------------------------------------------------------


def flaws(quality: pd.DataFrame) -> Folded:
    """Which kinds of flaw the stages remove. quality: rows of `pipeline_quality.csv`."""
    rows = quality.dropna(subset="recall").sort_values("recall", ascending=False)
    gone = [
        f"{KINDS.get(r.kind, r.kind.replace('_', ' '))} ({r.recall:.0%})"
        for r in rows.itertuples()
        if r.recall >= LOW_RECALL
    ]
    stay = [
        f"{KINDS.get(r.kind, r.kind.replace('_', ' '))} ({r.recall:.0%})"
        for r in rows.itertuples()
        if r.recall < LOW_RECALL
    ]
    found = f"Looking at the text alone, the stages find {enumerated(gone)}"
    told = [f"{found}; shares found in brackets."] if gone else []
    if stay:
        told.append(f"Mostly left in the text: {enumerated(stay)}.")
    return Folded([*told, "A false sentence is not a flaw of the text: no stage looks for it."])


def slope(calibration: Calibration) -> Folded:
    """Whether the classifier's raw score was overconfident."""
    word = (
        "below 1: the raw score was overconfident"
        if calibration.slope < 1
        else ("above 1: the raw score was too modest")
    )
    return Folded([f"The slope is {calibration.slope:.2f}, {word}."])


def thresholds(table: pd.DataFrame) -> Folded:
    """What weighting alone achieves. table: rows of `classifier.csv`."""
    lowest = table[table["threshold"] == table["threshold"].min()].set_index("metric")["value"]
    documents, weight = lowest["off_domain_documents"], lowest["off_domain_weight"]
    undone = f", {1 - weight / documents:.0%} of it undone" if documents else ""
    return Folded(
        [
            f"Without a threshold {documents:.1%} of the documents are outside the domain; "
            f"weighted by their probability they make up {weight:.1%} of the weight{undone}."
        ]
    )


def funnel(table: pd.DataFrame) -> Folded:
    """How many documents are left, and which stage drops most. table: rows of `funnel.csv`."""
    stages = list(dict.fromkeys(table["stage"]))
    kept = table[table["reason"] == "kept"].groupby("stage")["documents"].sum()
    dropped = table[table["reason"] != "kept"].groupby("stage")["documents"].sum()
    entered, left = int(kept[stages[0]]), int(kept[stages[-1]])
    most = str(dropped.idxmax())
    return Folded(
        [
            f"Of {entered:,} documents {left:,} are left, {left / entered:.0%}.",
            f"The stage {most.replace('_', ' ')} drops the most: {int(dropped[most]):,}.",
        ]
    )


# --- scores and weights ---------------------------------------------------------------------------


def temperature(table: pd.DataFrame) -> Folded:
    """The best temperature of each seed. table: rows of `temperature.csv`."""
    best = table.loc[table.groupby("seed")["loss"].idxmin()]
    each = [f"{row.temperature:g} (seed {row.seed})" for row in best.itertuples()]
    above = int((best["temperature"] > 1).sum())
    return Folded(
        [
            f"The loss is smallest at {enumerated(each)}.",
            f"At {above} of {len(best)} seeds the reference model was overconfident: its best is "
            "above 1.",
        ]
    )


def three_tokens(weights: Sequence[float], names: Sequence[str]) -> Folded:
    """Which of a few tokens weigh most and least, and whether one has more than 1."""
    values = np.asarray(weights, dtype=float).ravel()
    ends: list[str] = []
    for end, word in ((values.max(), "most"), (values.min(), "least")):
        # tokens that weigh the same share an end: neither of them is ahead of the other
        there = [f"“{n}”" for n, value in zip(names, values, strict=True) if np.isclose(value, end)]
        verb = "" if ends else f" weigh{'s' if len(there) == 1 else ''}"
        ends.append(f"{enumerated(there)}{verb} {word}, {end:.2f}")
    above = f"{int((values > 1.005).sum())} of {len(values)} weigh more than 1; the mean is 1."
    return Folded([f"{'; '.join(ends)}.", above])


def sliders(data: Mapping) -> Folded:
    """Which seeds tell the pair apart, and what the others have not read.

    data: as `sentences.sentences` gives it.
    """
    from mucpt_utils.teaching.sentences import criterion

    pair = [row for row in data["sentences"] if "part" in row]
    if not pair:
        return Folded(["No RM knows the subjects of a true and a false sentence of one template."])
    told = []
    for number, seed in enumerate(data["seeds"]):
        calibrated = data["calibrated"]
        at = calibrated[seed] if seed in calibrated else calibrated[str(seed)]
        weights = sentence_weights(data, {**criterion(), "seed": seed, "temperature": at})
        means = [answer_mean(r, w) for r, w in zip(data["sentences"], weights, strict=True)]
        true, false = (means[data["sentences"].index(row)] for row in pair)
        word = "told apart" if true > false else "not told apart"
        told.append(f"Seed {seed}: true {true:.2f}, false {false:.2f}, {word}{why(pair, number)}.")
    return Folded(told)


def why(pair: Sequence[Mapping], number: int) -> str:
    """What one seed's reference model knows of a pair: subjects and answers."""
    true, false = pair
    facts = [
        f"{'knows' if true['known'][number] else 'does not know'} the true one's subject",
        f"has {'' if true['read'][number] else 'not '}read the true answer",
        f"has {'' if false['read'][number] else 'not '}read the false answer",
    ]
    return f" (this RM {enumerated(facts)})"


def kinds(table: pd.DataFrame) -> Folded:
    """Whether the weights of true facts and of false ones differ, arm by arm.

    table: rows of `fixed_weights.csv` or `token_weights.csv`.
    """
    there = [kind for kind in FALSE if kind in set(table["kind"])]
    told = [sentence for kind in there for sentence in parted_from_true(table, kind)]
    return Folded(told or ["No arm of this run has weights of both kinds."])


def parted_from_true(table: pd.DataFrame, kind: str) -> list[str]:
    """In which arms the weights of true facts and of another kind lie apart, and in which not."""
    parted: list[str] = []
    together: list[str] = []
    for arm, rows in table.groupby("arm", sort=False):
        by_kind = rows.set_index("kind")
        if not {"fact", kind} <= set(by_kind.index):
            continue
        fact, other = by_kind.loc["fact"], by_kind.loc[kind]
        numbers = f"{fact['weight']:.2f} and {other['weight']:.2f}"
        apart = fact["ci_low"] > other["ci_high"] or fact["ci_high"] < other["ci_low"]
        (parted if apart else together).append(f"{named(str(arm))} {numbers}")
    what = f"The weights of true facts and of {kind.replace('_', ' ')}s"
    told = [f"{what} lie apart, with their intervals, in {enumerated(parted)}."] if parted else []
    told += [f"{what} have overlapping intervals in {enumerated(together)}."] if together else []
    return told


def lost_most(table: pd.DataFrame) -> Folded:
    """The arms that down-weight wrong facts most and least. table: rows of `token_weights.csv`."""
    rows = table[table["kind"] == "wrong_fact"].sort_values("weight")
    if rows.empty:
        return Folded(["No arm of this run kept weights of wrong facts."])
    least, most = ((named(r["arm"]), r["weight"]) for _, r in rows.iloc[[0, -1]].iterrows())
    told = f"Wrong facts lose most in {least[0]}, where their weight is {least[1]:.2f}"
    told += f"; they keep most in {most[0]}, where it is {most[1]:.2f}."
    arms = set(table["arm"])
    return Folded([told, mirror(arms)] if CONTROL in arms else [told])


def mirror(trained: Collection[str]) -> str:
    """Which arm the negative control reverses, and whether this run trained it."""
    weighing = [(n, a.tokens) for n, a in ARMS.items() if a.tokens and a.documents is None]
    (control,) = (criterion for name, criterion in weighing if name == CONTROL)
    turned = control.model_copy(update={"direction": "forward"})
    arm = next(name for name, criterion in weighing if criterion == turned)
    left = "" if arm in trained else ", which this run did not train"
    return f"{capital(named(CONTROL))} is the mirror image of {named(arm)}{left}."


def over_training(table: pd.DataFrame) -> Folded:
    """Weight of wrong facts at the beginning and end. table: `token_weights_over_training.csv`."""
    rows = table[table["kind"] == "wrong_fact"].groupby(["arm", "tokens"], sort=False)["weight"]
    means = rows.mean().reset_index()
    told = []
    for arm, part in means.groupby("arm", sort=False):
        first, last = part.sort_values("tokens")["weight"].iloc[[0, -1]]
        told.append(f"from {first:.2f} to {last:.2f} in {named(str(arm))}")
    what = "From the first part of training to the last, the mean weight of wrong facts goes"
    return Folded([f"{what} {enumerated(told)}."] if told else [])


def pulls(tokens: pd.DataFrame, answer: Sequence[int] | None) -> Folded:
    """Which tokens pull hardest. tokens: as in `story.Gradients`; answer: its begin and end."""
    hardest = tokens.loc[tokens["plain"].idxmax()]
    told = [f"“{hardest['token'].strip()}” pulls hardest, {hardest['plain']:.2f}."]
    if answer:
        inside = tokens.index.isin(range(*answer))
        means = [f"{tokens.loc[part, 'plain'].mean():.2f}" for part in (inside, ~inside)]
        told.append(f"Mean pull of the answer's tokens {means[0]}, of the others {means[1]}.")
    return Folded([*told, "A weight changes the length of each pull and not its direction."])


# --- what was learnt ------------------------------------------------------------------------------


def best_arms(main: pd.DataFrame, metric: str = "accuracy") -> Folded:
    """The best arm on covered and on uncovered facts. main: rows of `main_comparison.csv`."""
    told = []
    for stratum, words in (
        ("covered", "facts the RM knows"),
        ("uncovered", "facts it does not know"),
    ):
        rows = rows_where(main, metric=metric, stratum=stratum)
        best, plain = rows.loc[rows["mean"].idxmax()], rows[rows["arm"] == "plain"]
        line = f"On {words}, {named(best['arm'])} is best with {best['mean']:.2f}"
        line += f" (plain {plain['mean'].iloc[0]:.2f})" if len(plain) else ""
        told.append(f"{line}.")
    return Folded([*told, "The best of several is always partly luck: look at the intervals."])


def control(differences: pd.DataFrame, arm: str = CONTROL) -> Folded:
    """What the negative control does to each kind of facts. differences: rows of that table."""
    metric = load_rule().primary
    told = []
    for stratum, words in (("covered", "knows"), ("uncovered", "does not know")):
        rows = rows_where(differences, arm=arm, compared_to="plain", metric=metric, stratum=stratum)
        for row in rows.to_dict("records"):
            ends = f"[{signed(row['ci_low'])}, {signed(row['ci_high'])}]"
            told.append(
                f"{signed(row['difference'])} {ends} on facts that the RM {words}: {row['verdict']}"
            )
    if not told:
        return Folded([f"{capital(named(arm))} was not trained in this run."])
    what = f"{capital(named(arm))} minus plain, log-likelihood of the answer in nats per token"
    return Folded([f"{what}: {'; '.join(told)}."])


def knowledge_shows(main: pd.DataFrame) -> Folded:
    """Covered minus uncovered accuracy by arm. main: a table with arm, stratum, metric, mean."""
    wide = rows_where(main, metric="accuracy").pivot(index="arm", columns="stratum", values="mean")
    if not {"covered", "uncovered"} <= set(wide.columns):
        return Folded(["This table does not separate covered and uncovered questions."])
    gap = (wide["covered"] - wide["uncovered"]).dropna().sort_values(ascending=False)
    each = [f"{named(str(arm))} {signed(value)}" for arm, value in gap.items()]
    return Folded(
        [f"Accuracy on facts that the RM knows, minus accuracy on the others: {enumerated(each)}."]
    )


def popular(strata: pd.DataFrame, categories: pd.DataFrame, arm: str = "plain") -> Folded:
    """Popular subjects and less popular ones; the hardest category. Tables by stratum, category."""
    means = rows_where(strata, arm=arm, metric="accuracy").set_index("stratum")["mean"]
    told = []
    if {"popular", "less_popular"} <= set(means.index):
        told = [
            f"accuracy is {means['popular']:.2f} on popular subjects and "
            f"{means['less_popular']:.2f} on less popular ones."
        ]
    rows = rows_where(categories, arm=arm, metric="accuracy").sort_values("mean")
    hardest, easiest = rows.iloc[0], rows.iloc[-1]
    return Folded(
        [
            *[f"After {named(arm)} {sentence}" for sentence in told],
            f"The hardest category is {category(hardest)}, the easiest {category(easiest)}.",
        ]
    )


def models(scores: pd.DataFrame) -> Folded:
    """Which real models beat the guessers, part by part. scores: the benchmark's table of scores.

    A guesser is beaten if its interval is below that of the model.
    """
    told = []
    for part, rows in scores.groupby("part", sort=False):
        guesses = rows["model"].str.startswith(GUESSER)
        best_guess = rows.loc[guesses, "ci_high"].max()
        better = rows[~guesses & (rows["ci_low"] > best_guess)]
        each = [f"{row.model} ({row.accuracy:.3f})" for row in better.itertuples()]
        told.append(f"{part}: {enumerated(each) if each else 'no model'}")
    return Folded([f"Models clearly above every guesser, by part. {'; '.join(told)}."])


def category(row: pd.Series) -> str:
    """A category with its accuracy and its number of questions."""
    return f"{row['category']} ({row['mean']:.2f}, n = {row['n']:.0f})"


# --- data composition and claims ------------------------------------------------------------------


def axes(table: pd.DataFrame) -> Folded:
    """The best level of every axis, for music and general questions.

    table: rows of `composition.csv`; empty if no axis was run.
    """
    told: list[str] = []
    if table.empty:
        return Folded([NO_AXIS])
    rows = rows_where(table, metric="accuracy")
    for axis, part in rows.groupby("axis", sort=False):
        best = [
            f"{level_title(str(here.loc[here['mean'].idxmax(), 'level']))} for {words}"
            for stratum, words in (("all", "music"), ("general", "general knowledge"))
            if len(here := part[part["stratum"] == stratum])
        ]
        if best:
            told.append(f"{axis_title(str(axis))}: {enumerated(best)}.")
    return Folded(
        [
            "The levels with the highest mean accuracy.",
            *told,
            "The table of differences says whether that is clear.",
        ]
    )


def moved(table: pd.DataFrame | None) -> Folded:
    """Which axis moves music and general questions most.

    table: rows of `composition.csv`; None if no axis was run.
    """
    told: list[str] = []
    if table is None:
        return Folded([NO_AXIS])
    for stratum, words in (("all", "music questions"), ("general", "general knowledge")):
        rows = rows_where(table, metric="accuracy", stratum=stratum)
        by_axis = rows.groupby(["axis", "arm"])["mean"]
        reach = (by_axis.max() - by_axis.min()).dropna()
        if len(reach):
            axis, _ = reach.idxmax()
            told.append(f"“{axis_title(axis)}” moves {words} most, by {reach.max():.2f}.")
    return Folded(told or [NO_AXIS])


def wrong_facts(table: pd.DataFrame, share: float, axis: str = "wrong_facts") -> Folded:
    """What false statements cost plain training, along with their share of all statements.

    table: rows of `composition.csv`. share: of the profile's own statements of facts, from 0 to 1.
    """
    rows = rows_where(table, metric="accuracy", stratum="all", axis=axis, arm="plain")
    means = rows.set_index("level")["mean"] if len(rows) else pd.Series(dtype=float)
    if not {"none", "as crawled"} <= set(means.index) or not means["none"]:
        return Folded([f"The axis “{axis_title(axis)}” was not moved in this run."])
    lost = 1 - means["as crawled"] / means["none"]
    return Folded(
        [
            f"Without false statements accuracy on music is {means['none']:.3f}, with them "
            f"{means['as crawled']:.3f}: {share:.0%} of the statements cost {lost:.0%} of it."
        ]
    )


def surface(table: pd.DataFrame) -> Folded:
    """Where soft weighting gains most and least. table: rows of `reference_surface.csv`."""
    rows = rows_where(table, metric="log_likelihood", stratum="all").dropna(subset="difference")
    if rows.empty:
        return Folded(["This run has no pair of coverage and calibration."])
    ends = (rows.loc[rows["difference"].idxmax()], rows.loc[rows["difference"].idxmin()])
    told = [
        f"{signed(r['difference'])} at coverage {r['coverage']}, {r['confidence']}" for r in ends
    ]
    return Folded([f"Soft weighting minus plain is highest, {told[0]}, and lowest, {told[1]}."])


def verdicts(results: Path) -> Folded:
    """How the claims came out, if the last notebook has judged them. results: a folder."""
    if not (results / "tables" / "claims.csv").is_file():
        return Folded([NO_CLAIMS])
    table = table_files.read_table(results / "tables", "claims")
    counts = table["verdict"].value_counts()
    told = [f"{enumerated([f'{count} {verdict}' for verdict, count in counts.items()])}."]
    for verdict in ("supported here", "not supported here"):
        claims = list(table.loc[table["verdict"] == verdict, "claim"])
        told += [f"{verdict.capitalize()}: {'; '.join(claims)}."] if claims else []
    return Folded(told)
