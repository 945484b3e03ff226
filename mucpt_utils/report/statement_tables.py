"""The tables of results/README.md: one function per statement, from the results of every profile.

Each gives a Markdown table, or "" if no profile has what it needs.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import pandas as pd

from mucpt_utils.analysis import repeats, verdicts
from mucpt_utils.analysis.effects import Effect, first_row
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report.cells import (
    COMPARED_HEADS,
    STRATA,
    compared_cells,
    effect_cell,
    level_cell,
    markdown,
)
from mucpt_utils.report.dose_statements import gains_by_dose
from mucpt_utils.report.figures import arm_title
from mucpt_utils.report.measures import MEASURES, PRIMARY, difference_of, mean_of
from mucpt_utils.report.numbers import ends, plain_number, signed
from mucpt_utils.report.plain import value_title
from mucpt_utils.report.pooled import FOLDER as POOLED
from mucpt_utils.report.profiles import Finished

MEASURE_HEADS = ("log-likelihood of the answer, nats per token", "accuracy")
MEASURE_WORDS = dict(zip(MEASURES, MEASURE_HEADS, strict=True))
MOVED_HEADS = ("measure", "differences to plain", "typical move", "largest", "19 of 20 within") + (
    "margin of a verdict",
    "same verdict",
)
# plain at equal tokens, and with the compute of an arm that has a reference model
EQUAL = (verdicts.EQUAL_TOKENS, verdicts.EQUAL_COMPUTE)
LEFT = ("fact", "wrong_fact", "rumour", "noise", "boilerplate", "spam", "pii", "mojibake")
# what the pipeline mends where it stands keeps its label: what is left is no flaw any more
MENDED = {"pii": "personal data, masked", "mojibake": "broken characters, repaired"}
# documents by the writer's labels, and their headings
KEPT = {
    "known subject, true facts only": "known subject, true facts only",
    "known subject, with a wrong fact": "with a wrong fact",
    "unknown subject, true facts only": "unknown subject, true facts only",
    "unknown subject, with a wrong fact": "with a wrong fact",
    "from a reliable site": "reliable site",
    "from an unreliable site": "unreliable site",
}
FEW = 2  # seeds whose interval has one degree of freedom
Everything = Mapping[str, Finished]


def profiles(results: Everything) -> Iterator[tuple[str, Finished]]:
    """The profiles by name, without the pooled results."""
    return ((name, result) for name, result in results.items() if name != POOLED)


# --- statements -----------------------------------------------------------------------------------


def scales(results: Everything) -> str:
    """What each profile is for, and its size."""
    rows = []
    for profile, result in profiles(results):
        real = "; real text" if "bits_per_byte" in result.tables else ""
        rows.append([f"[`{profile}`]({profile})", result.run["purpose"] + real, result.scale])
    return markdown(["profile", "for", "size of the models, tokens per arm, seeds"], rows)


def room(results: Everything) -> str:
    """The best ceiling minus plain, by profile and kind of facts, and whether that is clear."""
    rows = []
    for profile, result in profiles(results):
        table = result.tables.get("differences")
        best = verdicts.room(table) if table is not None and len(table) else pd.DataFrame()
        for row in best.to_dict("records"):
            effect = Effect(row["arm"], row["difference"], row["ci_low"], row["ci_high"])
            measure = MEASURE_HEADS[list(MEASURES).index(row["metric"])]
            clear = f"{row['clear']} ({signed(row['needed'])} is asked for)"
            cells = [f"`{row['arm']}`", measure, effect_cell(effect), clear]
            rows.append([f"`{profile}`", STRATA[row["stratum"]], *cells])
    head = ["profile", "questions", "best ceiling", "measure", "minus plain", "stands clear"]
    return markdown(head, rows)


def plain_levels(results: Everything) -> str:
    """Where plain continued pretraining ends, by profile and stratum, beside the chance level."""
    rows = []
    for profile, result in profiles(results):
        for stratum, words in (STRATA | {"general": "general questions"}).items():
            means = [mean_of(result.tables, "plain", stratum, metric) for metric in MEASURES]
            cells = [level_cell(row) for row in means if row is not None]
            chance = first_row(result.tables.get("chance"), arm="plain", stratum=stratum)
            if len(cells) == len(MEASURES):
                by_chance = "–" if chance is None else plain_number(chance["mean"])
                rows.append([f"`{profile}`", words, *cells, by_chance])
    head = ["profile", "questions", *MEASURE_HEADS, "accuracy, answers permuted within a relation"]
    return markdown(head, rows)


def by_role(role: str, *others: str) -> Callable[[Everything], str]:
    """The statement about every arm of a role but plain: minus each of `others`, with verdict and
    cost; the verdict that decides for an arm is bold."""

    def arms(results: Everything) -> str:
        rows = []
        for profile, result in profiles(results):
            arms = (name for name, declared in ARMS.items() if declared.role == role)
            for arm in (name for name in arms if name != verdicts.EQUAL_TOKENS):
                for other in others:
                    cells = compared_cells(result.tables, arm, other)
                    if cells:
                        rows.append([f"`{profile}`", f"`{arm}`", *cells])
        return markdown(["profile", "arm", *COMPARED_HEADS], rows)

    return arms


def over_profiles(results: Everything) -> str:
    """Every arm minus plain, at equal tokens and at equal compute, over all profiles together."""
    table = results[POOLED].tables.get("pooled") if POOLED in results else None
    if table is None:
        return ""
    table = table[table["pooled"] == "yes"]
    rows = []
    for (other, arm), group in table.groupby(["compared_to", "arm"], sort=False):
        if other in EQUAL:
            first = group.iloc[0]
            counts = [f"{first['seeds']:.0f}", first["profiles"]]
            cells = compared_cells({"differences": group}, str(arm), str(other))[:-1]
            rows.append([f"`{arm}`", *cells, *counts])
    return markdown(["arm", *COMPARED_HEADS[:-1], "seeds", "profiles"], rows)


def made_twice(results: Everything) -> str:
    """The differences in runs that were made twice and, below them, how much these moved."""
    table = results[POOLED].tables.get("repeats") if POOLED in results else None
    if table is None or table.empty:
        return ""
    arms = dict.fromkeys(zip(table["arm"], table["compared_to"], strict=True))
    rows = [cells for arm, other in arms if (cells := twice_cells(table, arm, other))]
    head = ["arm", "minus", *(f"{words}, nats, once and again" for words in STRATA.values())]
    moved = [
        [
            MEASURE_WORDS[row["metric"]],
            str(row["comparisons"]),
            *(plain_number(row[column]) for column in ("typical", "largest", "reach")),
            plain_number(verdicts.load_rule().measures[row["metric"]].margin),
            f"{row['same_verdict']} of {row['comparisons']}",
        ]
        for row in repeats.movement(of_kinds(table)).to_dict("records")
    ]
    return "\n\n".join([markdown(head, rows), markdown(MOVED_HEADS, moved)])


def of_kinds(table: pd.DataFrame) -> pd.DataFrame:
    """The rows about known and unknown facts, in the two measures that are judged."""
    return table[table["stratum"].isin(STRATA) & table["metric"].isin(MEASURES)]


def twice_cells(table: pd.DataFrame, arm: str, other: str) -> list[str]:
    """One comparison in both runs: `+0.31 → +0.28`, bold if the verdict is better or worse."""
    cells = []
    for stratum in STRATA:
        where = {"arm": arm, "compared_to": other, "stratum": stratum}
        row = first_row(table, **where, metric="log_likelihood")
        if row is None or pd.isna(row["difference"]):
            return []
        ends = (
            (row["difference"], row["verdict"]),
            (row["difference_again"], row["verdict_again"]),
        )
        cells.append(" → ".join(judged_number(value, verdict) for value, verdict in ends))
    return [f"`{arm}`", f"`{other}`", *cells]


def judged_number(value: float, verdict: str) -> str:
    """A difference, in bold if the verdict is better or worse."""
    return f"**{signed(value)}**" if verdict in verdicts.OPPOSITE else signed(value)


def forgetting(results: Everything) -> str:
    """What each arm does to general questions: plain minus the base, the others minus plain."""
    rows = []
    for profile, result in profiles(results):
        pairs = [
            ("plain", "base"),
            *((arm, "plain") for arm in ARMS if arm not in ("plain", "base")),
        ]
        for arm, other in pairs:
            effects = [
                difference_of(result.tables, arm, other, "general", metric) for metric in MEASURES
            ]
            if any(effect is not None for effect in effects):
                cells = [f"`{arm}`", f"`{other}`", *map(effect_cell, effects)]
                rows.append([f"`{profile}`", *cells])
    return markdown(["profile", "arm", "minus", *MEASURE_HEADS], rows)


def repeatability(results: Everything) -> str:
    """How much two single runs must differ before it means anything, in each measure."""
    rows = []
    strata = STRATA | {"general": "general questions and text", "music": "music text"}
    for profile, result in profiles(results):
        for stratum, words in strata.items():
            found = [
                first_row(result.tables.get("repeatability"), stratum=stratum, metric=metric)
                for metric in (*MEASURES, "bits_per_byte")
            ]
            cells = [
                "–" if row is None else plain_number(row["must_differ_by"], 3) for row in found
            ]
            if set(cells) != {"–"}:
                rows.append([f"`{profile}`", words, *cells])
    return markdown(["profile", "of", *MEASURE_HEADS, "bits per byte"], rows)


def seed_by_seed(results: Everything) -> str:
    """Every arm minus plain in each seed by itself, at equal tokens and at equal compute, for
    profiles of two seeds: an interval from two says nothing where they part."""
    rows = []
    for profile, result in profiles(results):
        if "runs" not in result.tables:
            continue
        values = by_seed(result.tables["runs"])
        arms = dict.fromkeys(values.index.get_level_values("arm"))
        for arm, other in product(arms, EQUAL) if len(values.columns) == FEW else ():
            if arm != verdicts.EQUAL_TOKENS and compared_cells(result.tables, arm, other):
                found = [values.loc[arm, kind] - values.loc[other, kind] for kind in STRATA]
                cells = [" and ".join(map(signed, differences)) for differences in found]
                rows.append([f"`{profile}`", f"`{arm}`", f"`{other}`", *cells])
    return markdown(["profile", "arm", "minus", *(f"{s}, nats" for s in STRATA.values())], rows)


def by_seed(runs: pd.DataFrame) -> pd.DataFrame:
    """The first measure of the main runs: a row per arm and stratum, a column per seed."""
    main = runs[(runs["axis"] == "main") & (runs["metric"] == PRIMARY)]
    return main.set_index(["arm", "stratum", "seed"])["value"].unstack("seed")


def resolution(results: Everything) -> str:
    """How narrow a method's interval is (the median over a profile's methods), what many more
    seeds would leave of it, and how many subjects the aim would then need."""
    table = results[POOLED].tables.get("resolution") if POOLED in results else None
    if table is None:
        return ""
    rows = []
    for (profile, stratum), group in table.groupby(["profile", "stratum"], sort=False):
        first, cells = group.iloc[0], []
        for metric in MEASURES:
            middle = group[group["metric"] == metric].median(numeric_only=True)
            half, left = (middle[name] for name in ("half_width", "half_width_of_subjects"))
            cells += [f"{plain_number(half, 3)}, {plain_number(left, 3)}"]
            more = middle["subjects_needed"] > first["subjects"]
            cells.append(f"{middle['subjects_needed']:.0f}" if more else "no more")
        counts = [f"{first['seeds']:.0f}", f"{first['subjects']:.0f}"]
        rows.append([f"`{profile}`", STRATA[stratum], *counts, *cells])
    heads = [
        part
        for head in MEASURE_HEADS
        for part in (
            f"{head}: half the interval, and what ever more seeds would leave of it",
            "subjects that ±0.02 would then take",
        )
    ]
    return markdown(["profile", "questions", "seeds", "subjects", *heads], rows)


def selection(results: Everything) -> str:
    """Which documents each selecting arm keeps, by what they are."""
    rows = []
    for profile, result in profiles(results):
        table = result.tables.get("selection_kinds")
        for arm in dict.fromkeys([] if table is None else table["arm"]):
            found = [first_row(table, arm=arm, documents=documents) for documents in KEPT]
            cells = ["–" if row is None else level_cell(row, "share_kept") for row in found]
            rows.append([f"`{profile}`", f"`{arm}`", *cells])
    return markdown(["profile", "arm", *KEPT.values()], rows)


def left_by_the_pipeline(results: Everything) -> str:
    """The kinds of the tokens that the pipeline leaves; of statements, only objects count."""
    rows = []
    for profile, result in profiles(results):
        table = result.tables.get("kinds_left")
        if table is not None and len(table):
            shares = dict(zip(table["kind"], table["share"], strict=True))
            cells = [f"{100 * shares.get(kind, 0):.2f} %" for kind in LEFT]
            rows.append([f"`{profile}`", *cells])
    heads = [MENDED.get(kind) or value_title("kind", kind) for kind in LEFT]
    return markdown(["profile", *heads], rows)


def soft_by_coverage(results: Everything) -> str:
    """Soft weighting minus plain in `surface`, one row per coverage and confidence of the RM."""
    table = results["surface"].tables.get("reference_surface") if "surface" in results else None
    if table is None:
        return ""
    rows = []
    keys = ["coverage", "confidence", "arm"]
    for coverage, confidence, arm in table[keys].drop_duplicates().itertuples(index=False):
        where = {"coverage": coverage, "confidence": confidence, "arm": arm}
        for stratum, words in STRATA.items():
            cells = []
            for metric in MEASURES:
                row = first_row(table, **where, stratum=stratum, metric=metric)
                if row is not None:
                    effect = Effect(arm, row["difference"], row["ci_low"], row["ci_high"])
                    cells.append(effect_cell(effect))
            if len(cells) == len(MEASURES):
                rows.append([coverage, confidence, f"`{arm}`", words, *cells])
    head = ["share of subjects it knows", "its confidence", "arm", "questions", *MEASURE_HEADS]
    return markdown(head, rows)


def prose_bits(results: Everything) -> str:
    """Bits per byte on held-out real prose, one row per text and arm."""
    table = results["prose"].tables.get("bits_per_byte") if "prose" in results else None
    if table is None:
        return ""
    rows = []
    for row in table.to_dict("records"):
        interval = f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
        mean = f"{row['mean']:.3f}{'' if pd.isna(row['ci_low']) else interval}"
        rows.append([row["stratum"], arm_title(row["arm"]), mean, prose_difference(row)])
    return markdown(["held-out text", "arm", "bits per byte", "minus plain"], rows)


def prose_difference(row: Mapping) -> str:
    """An arm's bits per byte minus plain's, with the interval if the table has it."""
    difference = row.get("difference_to_plain", float("nan"))
    if pd.isna(difference):
        return "–"
    low, high = (row.get(f"difference_to_plain_{end}", float("nan")) for end in ("low", "high"))
    interval = "" if pd.isna(low) or pd.isna(high) else f" [{', '.join(ends(low, high, 3))}]"
    return f"{signed(difference, 3)}{interval}"


# heading -> the table below it, from the results of every profile
STATEMENTS: dict[str, Callable[[Everything], str]] = {
    "Profiles": scales,
    "Is there room? The best ceiling minus plain": room,
    "Plain continued pretraining": plain_levels,
    "Share of all tokens left by the pipeline (of statements, the object's)": left_by_the_pipeline,
    "What simple baselines reach": by_role("baseline", *EQUAL),
    "What each method adds, at equal tokens and at equal compute": by_role("method", *EQUAL),
    "Methods minus Rho-1 as published": by_role("method", "rho1"),
    "Over all profiles: every arm minus plain": over_profiles,
    "The same runs made twice": made_twice,
    "Dose by dose: every arm minus plain in the same data": gains_by_dose,
    "Controls and ceilings": lambda results: "\n\n".join(
        table for role in ("control", "ceiling") if (table := by_role(role, *EQUAL)(results))
    ),
    "Which documents selection keeps": selection,
    "What is forgotten: general questions": forgetting,
    "Two runs of one arm must differ by more than": repeatability,
    "Where there are two seeds: every arm minus plain, in either": seed_by_seed,
    "How wide the intervals of methods minus plain are, and what would narrow them": resolution,
    "Soft weighting minus plain, by what the reference model knows": soft_by_coverage,
    "Real prose, lower is better": prose_bits,
}
