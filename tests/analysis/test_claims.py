import numpy as np
import pandas as pd
import pytest
from results_made_up import all_tables

from mucpt_utils.analysis import claim_tests, claims, schema
from mucpt_utils.analysis.schema import COLUMNS

SCALE = claims.Scale("smoke", 1_053_824, 260_000, 3)


def difference(arm, to, stratum, value, metric="log_likelihood", half=0.05):
    p_value = 0.001 if abs(value) > half else 0.5
    numbers = {"difference": value, "ci_low": value - half, "ci_high": value + half}
    names = {"arm": arm, "compared_to": to, "stratum": stratum, "metric": metric}
    return {**names, **numbers, "p_value": p_value, "seeds": 3, "n": 100}


def differences(covered, uncovered, base=-0.5, *more):
    rows = [
        difference("base", "plain", "all", base, "accuracy"),
        difference("selection_soft", "plain", "covered", covered),
        difference("selection_soft", "plain", "uncovered", uncovered),
        *more,
    ]
    return pd.DataFrame(rows)


def claim(name, frames):
    table = claims.claims_table(frames, SCALE)
    return table.iloc[list(claims.load_claims()).index(name)]


def pretraining(frames):
    return claim("pretraining", frames)


@pytest.mark.parametrize(
    ("covered", "uncovered", "expected"),
    [
        (0.2, 0.1, claim_tests.SUPPORTED),
        (0.2, -0.1, claim_tests.MIXED),
        (0.2, 0.01, claim_tests.SUPPORTED),  # within the bound of equivalence
        (0.2, 0.04, claim_tests.SUPPORTED),
        (0.01, -0.02, claim_tests.NOT_SUPPORTED),
        (-0.2, 0.01, claim_tests.NOT_SUPPORTED),
        (-0.2, -0.1, claim_tests.NOT_SUPPORTED),
    ],
)
def test_the_verdict_follows_from_both_kinds_of_facts(covered, uncovered, expected):
    row = pretraining({"differences": differences(covered, uncovered)})
    assert row["verdict"] == expected
    assert row["our_value"] == pytest.approx(covered)
    assert row["measure"] == "log_likelihood, covered (nats per token)"
    assert row["ci_low"] < row["our_value"] < row["ci_high"]
    assert f"log_likelihood covered {covered:+.3f}" in row["evidence"]


def test_an_interval_that_is_too_wide_is_undecided():
    wide = differences(0.2, 0.0)
    wide.loc[wide["stratum"] == "uncovered", ["ci_low", "ci_high"]] = [-0.3, 0.3]
    row = pretraining({"differences": wide})
    assert row["verdict"] == claim_tests.UNDECIDED
    assert "uncovered +0.000 [-0.300, +0.300] (undecided)" in row["evidence"]


def test_accuracy_alone_decides_nothing():
    accuracy = [
        difference("selection_soft", "plain", kind, 0.3, "accuracy")
        for kind in ("covered", "uncovered")
    ]
    table = differences(0.01, -0.01, -0.5, *accuracy)
    assert pretraining({"differences": table})["verdict"] == claim_tests.NOT_SUPPORTED
    contradicted = differences(0.3, 0.3, -0.5, *accuracy)
    turned = (contradicted["metric"] == "accuracy") & (contradicted["arm"] != "base")
    contradicted.loc[turned, ["difference", "ci_low", "ci_high"]] *= -1
    assert pretraining({"differences": contradicted})["verdict"] == claim_tests.MIXED


def ceiling(value):
    return [difference("oracle_clean", "plain", kind, value) for kind in ("covered", "uncovered")]


def test_room_is_asked_first():
    assert next(iter(claims.load_claims())) == "room"
    clear, none = (differences(0.01, 0.01, -0.5, *ceiling(value)) for value in (0.3, 0.1))
    row = claim("room", {"differences": clear})
    assert row["verdict"] == claim_tests.SUPPORTED and row["our_value"] == pytest.approx(0.3)
    assert claim("room", {"differences": none})["verdict"] == claim_tests.NOT_SUPPORTED
    # an interval that reaches what is asked for does not show that there is no room
    wide = none.assign(ci_high=none["ci_high"].where(none["arm"] != "oracle_clean", 0.3))
    assert claim("room", {"differences": wide})["verdict"] == claim_tests.UNDECIDED
    assert pretraining({"differences": clear})["verdict"] == claim_tests.NOT_SUPPORTED
    assert pretraining({"differences": none})["verdict"] == claim_tests.NO_ROOM
    assert claim("room", {"differences": differences(0, 0)})["verdict"] == claim_tests.NOT_TESTED


def test_the_best_is_better_than_each_on_both_kinds():
    rows = [
        difference("soft_mixed", other, kind, 0.3)
        for other in ("plain", "rho1", "plain_compute")
        for kind in ("covered", "uncovered")
    ]
    table = differences(0.01, 0.01, -0.5, *rows)
    row = claim("best", {"differences": table})
    assert (
        row["verdict"] == claim_tests.SUPPORTED
        and "both kinds of facts: soft_mixed" in row["evidence"]
    )
    table.loc[table["compared_to"] == "plain_compute", ["difference", "ci_low", "ci_high"]] *= -1
    assert claim("best", {"differences": table})["verdict"] == claim_tests.NOT_SUPPORTED
    last = table.index[-1]  # one of the six comparisons alone, and an interval too wide to say
    table.loc[table["compared_to"] == "plain_compute", ["difference", "ci_low", "ci_high"]] *= -1
    wide = {"difference": 0.1, "ci_low": -0.2, "ci_high": 0.4, "p_value": 0.5}
    assert table.loc[last, "compared_to"] == "plain_compute"
    table.loc[last, list(wide)] = list(wide.values())
    row = claim("best", {"differences": table})
    assert row["verdict"] == claim_tests.UNDECIDED and row["our_value"] == 0
    assert "undecided in some of these, and better in the others: soft_mixed" in row["evidence"]
    short = table[table["compared_to"] != "rho1"]
    assert claim("best", {"differences": short})["verdict"] == claim_tests.NOT_TESTED


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], claim_tests.NOT_TESTED),
        (["stands"], claim_tests.SUPPORTED),
        (["stands", "stands"], claim_tests.SUPPORTED),
        (["stands", "fails"], claim_tests.MIXED),
        (["stands", "open"], claim_tests.MIXED),
        (["stands", "open", "fails"], claim_tests.MIXED),
        (["fails"], claim_tests.NOT_SUPPORTED),
        (["fails", "open"], claim_tests.NOT_SUPPORTED),
        (["open"], claim_tests.UNDECIDED),
        (["open", "open"], claim_tests.UNDECIDED),
    ],
)
def test_the_rule(states, expected):
    assert claim_tests.verdict(states) == claim_tests.verdict(reversed(states)) == expected


def test_evidence_tells_contrary_from_inconclusive():
    assert "(worse)" in pretraining({"differences": differences(-0.2, -0.2)})["evidence"]
    open_ = pretraining({"differences": differences(0.0, 0.0)})["evidence"]
    assert "(no difference)" in open_ and "worse" not in open_


@pytest.mark.parametrize("base", [0.0, -0.04])  # intervals that hold zero
def test_nothing_learnt_means_nothing_tested(base):
    row = pretraining({"differences": differences(0.2, 0.2, base=base)})
    assert row["verdict"] == claim_tests.NOT_TESTED
    assert "plain did not beat the base" in row["evidence"]


def test_without_tables_nothing_is_tested_and_nothing_fails():
    table = claims.claims_table({}, SCALE)
    assert schema.problems("claims", table) == []
    assert set(table["verdict"]) == {claim_tests.NOT_TESTED}
    assert len(table) == len(claims.load_claims())
    empty = {name: pd.DataFrame(columns=columns) for name, columns in COLUMNS.items()}
    assert set(claims.claims_table(empty, SCALE)["verdict"]) == {claim_tests.NOT_TESTED}


def test_the_differences_of_a_comparison_may_be_read_backwards():
    frame = differences(0.2, 0.2)
    frame["arm"], frame["compared_to"] = frame["compared_to"], frame["arm"]
    frame = pd.concat([frame.iloc[1:], differences(0, 0).head(1)], ignore_index=True)
    row = pretraining({"differences": frame})
    numbers = row["our_value"], row["ci_low"], row["ci_high"]
    assert numbers == pytest.approx((-0.2, -0.25, -0.15))
    assert row["verdict"] == claim_tests.NOT_SUPPORTED


def axes_claim(clear, others=2):
    """The claim about axes: so many change something clearly, so many others do not."""
    effects = [0.1] * clear + [-0.1] * others  # lower ends of the intervals
    rows = [
        (f"axis{i}", "changed", "own", "plain", stratum, "accuracy", 0.2, low, 0.3)
        + (0.01 if low > 0 else 0.5, 3, 10)
        for i, low in enumerate(effects)
        for stratum in ("all", "general")
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS["composition_differences"])
    table = claims.claims_table({"composition_differences": frame}, SCALE)
    return table.iloc[list(claims.load_claims()).index("axes")]


def test_one_axis_cannot_speak_for_systematic_comparisons_along_axes():
    needed = claims.load_claims()["axes"].test.at_least
    assert needed >= 3
    for clear in range(needed):
        assert axes_claim(clear)["verdict"] == claim_tests.UNDECIDED
    assert axes_claim(1, others=0)["verdict"] == claim_tests.UNDECIDED, (
        "one of one axis is still one"
    )
    assert axes_claim(needed)["verdict"] == claim_tests.SUPPORTED
    row = axes_claim(1)
    assert "1 of 3 axes" in row["evidence"] and row["our_value"] == pytest.approx(1 / 3)


def test_an_axis_of_many_comparisons_is_not_clear_by_the_luckiest_of_them():
    rows = [
        ("axis", f"level{i}", "own", "plain", "all", "accuracy", 0.2, 0.1, 0.3, 0.01, 3, 10)
        for i in range(6)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS["composition_differences"])
    place = list(claims.load_claims()).index("axes")
    for kept, share in ((rows[:4], 1.0), (rows, 0.0)):
        table = claims.claims_table({"composition_differences": frame[: len(kept)]}, SCALE)
        assert table.iloc[place]["our_value"] == share


def test_claims_of_the_paper_and_reports_about_it_are_counted_apart():
    table, _ = made_up()
    counts = claims.verdict_counts(table)
    sources = [claim.source for claim in claims.load_claims().values()]
    for status in claims.STATUSES:
        wanted = sum(source.startswith(status) for source in sources)
        assert sum(counts[status].values()) == wanted > 0
    assert len(sources) == sum(sum(verdicts.values()) for verdicts in counts.values())
    assert counts["reported"] == {claim_tests.NOT_TESTED: 2}
    assert counts["asked"]
    assert list(counts["published"]) == [
        v for v in claim_tests.VERDICTS if v in counts["published"]
    ]
    assert list(claims.verdict_counts(table[table["status_in_paper"].str[:3] == "pub"])) == [
        "published"
    ]


def made_up():
    frames = all_tables()
    return claims.claims_table(frames, SCALE), frames


def test_claims_from_made_up_runs():
    table, frames = made_up()
    found = dict(zip(claims.load_claims(), table.to_dict("records"), strict=True))
    # plain without metadata is .3 worse: the claim is about having it
    assert found["metadata"]["verdict"] == claim_tests.SUPPORTED
    assert found["metadata"]["our_value"] == pytest.approx(0.3)  # in log-likelihood as well
    assert found["metadata"]["ci_low"] > 0
    assert found["classifier"]["verdict"] == claim_tests.NOT_TESTED
    assert found["soft_scoring"]["verdict"] == claim_tests.MIXED
    # one of two kinds of flaw reaches .9
    assert found["cleaning"]["verdict"] == claim_tests.MIXED
    assert found["cleaning"]["our_value"] == 0.7
    assert found["corpus"]["our_value"] == 4000
    assert found["questions"]["our_value"] == 40
    assert found["axes"]["our_value"] == 1.0, "the one axis compared differs"
    assert found["axes"]["verdict"] == claim_tests.UNDECIDED
    main = frames["main_comparison"]
    ours = main[(main["arm"] == "selection_soft") & (main["stratum"] == "all")]
    assert found["score"]["our_value"] == ours[ours["metric"] == "accuracy"]["mean"].iloc[0]
    assert found["score"]["verdict"] == claim_tests.NOT_TESTED
    # the made-up arms are the same after their tuning
    assert found["alignment"]["our_value"] == found["pretraining"]["our_value"]
    assert found["alignment"]["verdict"] == found["pretraining"]["verdict"]
    untuned = {name: frame for name, frame in frames.items() if "alignment" not in name}
    bare = claims.claims_table(untuned, claims.Scale("smoke", 1_000_000, 200, 2))
    row = bare.iloc[list(claims.load_claims()).index("alignment")]
    assert row["verdict"] == claim_tests.NOT_TESTED and np.isnan(row["our_value"])
    assert "alignment_differences.csv" in row["evidence"]


def test_evidence_names_tables_and_figures_that_exist():
    from mucpt_utils.report.figures import FIGURES

    table, frames = made_up()
    for evidence in table["evidence"]:
        for word in evidence.replace(",", " ").replace(";", " ").replace(":", " ").split():
            if word.endswith(".csv"):
                assert word.removesuffix(".csv") in frames
        names = evidence.split("figure ")[1:]
        assert all(name.split(":")[0].split(";")[0].split(",")[0] in FIGURES for name in names)


def test_every_verdict_is_in_the_list_and_scale_is_told():
    table, _ = made_up()
    assert set(table["verdict"]) <= set(claim_tests.VERDICTS)
    assert set(table["scale"]) == {"1.05M parameters, 260k tokens, 3 seeds, profile smoke"}


def test_a_claim_names_arms_axes_and_levels_that_exist():
    from mucpt_utils.config.arms import ARMS
    from mucpt_utils.config.axes import load_axes

    for name, claim in claims.load_claims().items():
        if claim.test.kind == "arms":
            assert {claim.test.arm, claim.test.against} <= set(ARMS), name
        if claim.test.kind == "axis":
            axis = load_axes()[claim.test.axis]
            levels = {level.name for level in axis.levels}
            assert {claim.test.level, claim.test.against} <= levels, name
            assert claim.test.arm in axis.arms, name
