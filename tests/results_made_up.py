"""Made-up runs, small enough to check by hand, for the tests of tables, figures and report."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import pandas as pd

from mucpt_utils.analysis import claims, comparisons, levels, single_runs, stage_quality, verdicts
from mucpt_utils.analysis.items import items
from mucpt_utils.analysis.runs import Run
from mucpt_utils.analysis.schema import COLUMNS
from mucpt_utils.config.settings import load_profile
from mucpt_utils.knowledge.invented import INVENTED
from mucpt_utils.study import provenance

SKILL = {  # arm: (accuracy on covered, on uncovered, on general questions)
    "base": (0.0, 0.0, 0.9),
    "plain": (0.5, 0.5, 0.5),
    "rho1": (0.6, 0.5, 0.5),
    "soft_dynamic": (0.9, 0.2, 0.5),
    "selection_soft": (0.95, 0.1, 0.5),
}
QUESTIONS, GENERAL = 40, 20
FUNNEL = [
    ("read", "rendered", "kept", 100, 5000),
    ("read", "rendered", "quarantined: broken JSON", 2, 0),
    ("classify", "rendered", "kept", 80, 4000),
    ("classify", "rendered", "off_domain", 20, 1000),
]
QUALITY = [("clean", "spam", 0.98, 0.95, 40), ("mask", "email", 1.0, 0.7, 10)]


def questions(seed: int) -> tuple[list[str], frozenset[str]]:
    """Ids of the music questions, and of those that this seed's reference model covers."""
    ids = [f"m:{i}" for i in range(QUESTIONS)]
    return ids, frozenset(ids[seed % 2 :: 2])


def subject(question: str) -> str:
    """Whom a made-up question is about: four questions a subject, one a general one."""
    domain, _, number = question.partition(":")
    return f"s{int(number) // 4}" if domain == "m" else f"g{number}"


def answers(arm: str, seed: int, shift: float = 0.0, points: int = 2) -> list[dict]:
    """Rows of answers.jsonl in which exactly the stated share is correct at the end."""
    ids, covered = questions(seed)
    known, unknown, general = SKILL[arm]
    sets = [
        ("questions", [i for i in ids if i in covered], known + shift),
        ("questions", [i for i in ids if i not in covered], unknown + shift),
        ("general", [f"g:{i}" for i in range(GENERAL)], general),
    ]
    times = [(0, 1.0)] if arm == "base" else [(100 * k, k / points) for k in range(1, points + 1)]
    return [
        {
            "tokens": tokens,
            "set": name,
            "question_id": question,
            "subject": subject(question),
            "stratum": "popular" if number % 2 else "less_popular",
            "response": "Björk | 50 %" if number < share * done * len(group) else "no\nidea",
            "grade": "correct" if number < share * done * len(group) else "incorrect",
            "log_likelihood": -2.0 + share * done,
        }
        for tokens, done in times
        for name, group, share in sets
        for number, question in enumerate(group)
    ]


def run(arm: str, seed: int, axis: str = "main", level: str = "default", shift: float = 0.0):
    """One made-up run."""
    text = {"music": 1.0 + 0.01 * seed, "general": 2.0 - SKILL[arm][2]}
    place = f"{axis}-{level}-" if shift else ""
    return Run(
        arm,
        seed,
        answers(arm, seed, shift),
        questions(seed)[1],
        bits_per_byte=text,
        axis=axis,
        level=level,
        artifact=f"run_{arm}-{place}{seed}",
    )


def runs() -> list[Run]:
    """Five arms, two seeds, and the axis of metadata for plain."""
    made = [run(arm, seed) for arm in SKILL for seed in (0, 1)]
    made += [run("plain", seed, "metadata", "present") for seed in (0, 1)]
    return made + [run("plain", seed, "metadata", "absent", -0.3) for seed in (0, 1)]


def surface_runs() -> list[Run]:
    """Plain and the soft arm with two reference models."""
    known = {"0.3, as trained": -0.1, "1, calibrated": 0.0}
    return [
        run(arm, seed, comparisons.SURFACE, level, more if arm == "soft_dynamic" else 0.0)
        for level, more in known.items()
        for arm in ("plain", "soft_dynamic")
        for seed in (0, 1)
    ]


def all_tables() -> dict[str, pd.DataFrame]:
    """Every table of a results folder; the caller may change them."""
    return {name: frame.copy() for name, frame in _all_tables().items()}


@cache
def _all_tables() -> dict[str, pd.DataFrame]:
    made = runs()
    measured = items(made)
    compared = comparisons.differences(measured)
    frames = {
        "runs": single_runs.runs_table(measured),
        "learning_curves": single_runs.learning_curves(measured),
        "differences": compared,
        "verdicts": verdicts.verdicts(compared),
        "repeatability": levels.repeatability(measured),
        "main_comparison": comparisons.main_comparison(measured, compared),
        "composition": comparisons.composition(measured),
        "composition_differences": comparisons.composition_differences(
            measured, {"metadata": "present"}
        ),
        "reference_surface": comparisons.reference_surface(items(surface_runs()), covered=0.7),
        "answers": single_runs.answers_table(made),
        "funnel": stage_quality.funnel(rows("funnel", FUNNEL)),
        "pipeline_quality": stage_quality.pipeline_quality(rows("pipeline_quality", QUALITY)),
        "temperature": single_runs.temperature_table(
            {seed: {"temperature": 1.5, "losses": {"1.0": 3.2, "1.5": 3.0}} for seed in (0, 1)}
        ),
        "token_weights": token_weights(),
        "fixed_weights": token_weights(),
        "token_weights_over_training": pd.DataFrame(
            [("soft_dynamic", 0, 512, "fact", 1.8, 40), ("soft_dynamic", 0, 512, "spam", 0.2, 9)],
            columns=COLUMNS["token_weights_over_training"],
        ),
        "alignment": comparisons.alignment(measured, measured),
        "alignment_differences": comparisons.alignment_differences(measured),
    }
    frames |= {f"benchmark_by_{by}": benchmark(by, frames) for by in ("stratum", "category")}
    frames["claims"] = claims.claims_table(frames, claims.Scale("smoke", 1_000_000, 200, 2))
    return frames


def benchmark(by: str, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The benchmark's tables: strata as they are; categories made of them."""
    means = frames["main_comparison"]
    means = means[means["stratum"].isin(["all", "popular", "less_popular", "general"])]
    named = {"all": "artist", "popular": "album", "less_popular": "song", "general": "opera"}
    groups = means["stratum"] if by == "stratum" else means["stratum"].map(named)
    columns = ["arm", by, "metric", "mean", "ci_low", "ci_high", "seeds", "n"]
    return means.assign(**{by: groups, "n": 4}).reset_index(drop=True)[columns]


RUN_EARLY = ("base", "plain", "selection_soft")  # arms of a run that ended before the others


def ended_early() -> tuple[dict[str, pd.DataFrame], dict]:
    """Tables and `run.json` of a pretrained model, no axes, that ran `RUN_EARLY` alone, two seeds.

    Asked once, at the end; a third of the questions is about invented subjects, and some the base
    knew before.
    """
    made = [
        replace(
            run(arm, seed),
            answers=about_invented(answers(arm, seed, points=1)),
            known_before=frozenset(questions(0)[0][1::8]),
        )
        for arm in RUN_EARLY
        for seed in (0, 1)
    ]
    measured = items(made)
    compared = comparisons.differences(measured)
    costs = [{"arm": arm, "flops": 1e12} for arm in RUN_EARLY[1:]]
    frames = {
        "runs": single_runs.runs_table(measured),
        "learning_curves": single_runs.learning_curves(measured),
        "differences": compared,
        "verdicts": verdicts.verdicts(compared),
        "room": verdicts.room(compared),
        "main_comparison": comparisons.main_comparison(measured, compared),
        "answers": single_runs.answers_table(made),
        "costs": pd.DataFrame(costs, columns=COLUMNS["costs"]),
        "funnel": stage_quality.funnel(rows("funnel", FUNNEL)),
        "repeatability": levels.repeatability(measured),
    }
    scale = claims.Scale("real", 134_515_008, 80_000, 2)
    frames["claims"] = claims.claims_table(frames, scale)
    profile = load_profile("real").model_copy(update={"arms": RUN_EARLY})
    return frames, provenance.run_record(SimpleNamespace(profile=profile), [])


def about_invented(rows: Sequence[dict]) -> list[dict]:
    """Answers of which every third music question is about an invented subject."""
    third = {"stratum": INVENTED}
    return [
        row | (third if row["set"] == "questions" and int(row["question_id"][2:]) % 3 == 0 else {})
        for row in rows
    ]


def rows(name: str, values: list[tuple]) -> list[dict]:
    """Tuples as rows of table `name`."""
    return [dict(zip(COLUMNS[name], row, strict=True)) for row in values]


def token_weights() -> pd.DataFrame:
    """Mean weights by kind of token."""
    weights = [("fact", 1.8, 1.6, 2.0), ("spam", 0.2, 0.1, 0.3)]
    columns = ["kind", "weight", "ci_low", "ci_high"]
    frame = pd.DataFrame(weights, columns=columns).assign(arm="soft_dynamic", seeds=2, tokens=10)
    return frame[list(COLUMNS["token_weights"])]


def record() -> dict:
    """The content of a run.json."""
    profile = load_profile("smoke").model_copy(update={"arms": tuple(SKILL)})
    made = provenance.run_record(SimpleNamespace(profile=profile), [])
    corpus = _artifact("corpus", 0, "03_clean_deduplicate_mask", [])
    made["artifacts"] = [corpus] + [
        _artifact(f"run_{arm}", seed, "05_continued_pretraining", [corpus])
        for arm in SKILL
        for seed in (0, 1)
    ]
    return made


def _artifact(name: str, seed: int, made_by: str, inputs: list[dict]) -> dict:
    return {
        "name": name,
        "folder": f"{name}-{seed:012d}",
        "sha256": "0" * 64,
        "made_by": made_by,
        "settings": {"seed": seed, "note": "a < b & c"},
        "inputs": [{key: i[key] for key in ("name", "folder", "sha256")} for i in inputs],
        "versions": {},
        "seconds": 1.5,
    }
