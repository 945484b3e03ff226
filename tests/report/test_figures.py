import colorsys
import contextlib
import itertools
from operator import attrgetter
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from results_made_up import all_tables

from mucpt_utils.analysis import schema
from mucpt_utils.analysis.schema import COLUMNS
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report import figures, profiles, table_files
from mucpt_utils.report.figures import (
    comparison,
    conclusions,
    criteria,
    curves,
    data_composition,
    panels,
    registry,
)


@pytest.fixture(scope="module")
def frames():
    return all_tables() | {"bits_per_byte": bits_per_byte()} | before_training() | more_tables()


def bits_per_byte():
    """Made-up rows of the prose lane."""
    rows = [
        (arm, text, mean, mean - 0.1, mean + 0.1, 2, 0.0, 0.5)
        for arm, mean in (("base", 2.5), ("plain", 2.25))
        for text in ("music", "general")
    ]
    return pd.DataFrame(rows, columns=schema.load_tables()["bits_per_byte"].required)


def before_training():
    """Made-up criteria: one that tells what it does not know from what is false, one that errs."""
    grid = np.linspace(0, 1, 11)
    curves = [
        (arm, stratum, share, share**power)
        for arm, powers in (("soft_dynamic", (0.5, 2.0)), ("selection_soft", (0.5, 3.0)))
        for stratum, power in zip(("covered", "uncovered"), powers, strict=True)
        for share in grid
    ]
    areas = [("soft_dynamic", "uncovered", 0.33, 0.3, 0.36)]
    shares = [
        ("selection_soft", kind, 40, share, share - 0.1, share + 0.1, 2)
        for kind, share in (("of known subjects", 0.9), ("of other subjects", 0.1))
    ]
    return {
        "roc": pd.DataFrame(curves, columns=["arm", "stratum", "wrong", "right"]),
        "criteria": pd.DataFrame(areas, columns=["arm", "stratum", "auc", "auc_low", "auc_high"]),
        "selection_kinds": pd.DataFrame(
            shares,
            columns=["arm", "documents", "n", "share_kept", "ci_low", "ci_high", "seeds"],
        ),
    }  # fmt: skip


def more_tables():
    """The same difference in two runs, doses, costs."""
    rows = [
        (profile, f"{profile}, 2 seeds", "abc", again, arm, "plain", stratum, "log_likelihood",
         sign * gain, sign * gain - 0.1, sign * gain + 0.1, "", 2, 40)
        for profile, gain, again in
        (("laptop", 0.3, ""), ("laptop again", 0.3, "laptop"), ("replication", 0.2, ""))
        for arm in ("selection_soft", "soft_dynamic")
        for stratum, sign in (("covered", 1), ("uncovered", -1))
    ]  # fmt: skip
    columns = ["profile", "run", "commit", "again", *profiles.DIFFERENCE_COLUMNS]
    doses = [
        ("bad_sites", dose, stratum, "log_likelihood", -1 - float(dose), -2.0, -0.5, 2, arm)
        for dose in ("0", "0.2", "0.4")
        for stratum in ("covered", "uncovered")
        for arm in ("plain", "soft_dynamic")
    ]
    gains = [
        ("bad_sites", dose, "soft_dynamic", "plain", stratum, "log_likelihood", float(dose), -0.1,
         0.5, 0.04, 2, 40)
        for dose in ("0", "0.2", "0.4")
        for stratum in ("covered", "uncovered")
    ]  # fmt: skip
    composed = all_tables()["composition"]
    order = ["axis", "level", "stratum", "metric", "mean", "ci_low", "ci_high", "seeds", "arm"]
    return {
        "every_run": pd.DataFrame(rows, columns=columns),
        "composition": pd.concat([composed, pd.DataFrame(doses, columns=order)]),
        "arms_by_level": pd.DataFrame(gains, columns=COLUMNS["arms_by_level"]),
        "costs": pd.DataFrame({"arm": ["plain", "rho1"], "flops": [1e15, 2.5e15]}),
    }


FULL_FOREST = "difference_of_every_arm"  # drawn where there are too many arms for the first
DRAWN_FROM_TABLES = [
    name for name, info in figures.FIGURES.items() if info.draw and name != FULL_FOREST
]


def draw(name, frames):
    info = figures.FIGURES[name]
    return info.draw(frames[info.table], *map(frames.get, info.more))


def reading(name):
    return f"{figures.FIGURES[name].title}. {figures.FIGURES[name].reading}"


def texts(fig):
    return [text.get_text() for text in fig.findobj(mpl.text.Text) if text.get_text()]


@pytest.mark.parametrize("name", DRAWN_FROM_TABLES)
def test_every_figure_has_a_title_labelled_axes_and_readable_text(name, frames):
    fig, frame = draw(name, frames)
    assert fig.get_suptitle()
    assert len(frame)
    shown = [axes for axes in fig.axes if axes.get_visible()]
    assert any(axes.get_xlabel() for axes in shown) or any(axes.get_ylabel() for axes in shown)
    fig.canvas.draw()
    sizes = [t.get_fontsize() for t in fig.findobj(mpl.text.Text) if t.get_text()]
    assert min(sizes) >= 9


@pytest.mark.parametrize("width", ["screen", "phone"])
@pytest.mark.parametrize("name", DRAWN_FROM_TABLES)
def test_no_text_is_cut_off_at_the_border(name, width, frames):
    # the arm of the longest name stands in for one of the made-up runs' arms
    longest = max(ARMS, key=lambda arm: len(figures.arm_title(arm)))
    renamed = {k: frame.replace("rho1", longest) for k, frame in frames.items()}
    with figures.narrow() if width == "phone" else contextlib.nullcontext():
        fig, _ = draw(name, renamed)
    panels.sign(fig, "Profile laptop, 3 seeds, commit 0123456789. 95 % intervals.")
    assert fig.get_figwidth() <= (4.7 if width == "phone" else 9.2)
    fig.canvas.draw()
    assert panels.gap_below_title(fig) > panels.TITLE_GAP - 0.01
    renderer = fig.canvas.get_renderer()
    for axes in (a for a in fig.axes if a.get_visible()):
        box = axes.get_tightbbox(renderer)
        assert box.x0 >= -1 and box.y0 >= -1
        assert box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1
    for whole in (*fig.legends, fig._suptitle):
        box = whole.get_window_extent(renderer)
        assert box.x0 >= 0 and box.x1 <= fig.bbox.x1


@pytest.mark.parametrize("width", ["screen", "phone"])
@pytest.mark.parametrize("name", DRAWN_FROM_TABLES)
def test_no_label_beside_a_row_touches_its_neighbour(name, width, frames):
    # the longest names of a baseline and of a method, so that each keeps its role
    names = {"rho1": "mixed_reference", "soft_dynamic": "sites_tagger_start"}
    renamed = {k: frame.replace(names) for k, frame in frames.items()}
    with figures.narrow() if width == "phone" else contextlib.nullcontext():
        fig, _ = draw(name, renamed)
    fig.canvas.draw()
    renderer = fig.canvas.get_renderer()
    for axes in (a for a in fig.axes if a.get_visible()):
        labels = [t for t in axes.get_yticklabels() if t.get_text() and t.get_visible()]
        boxes = sorted((t.get_window_extent(renderer) for t in labels), key=lambda box: box.y0)
        for lower, upper in itertools.pairwise(boxes):
            assert lower.y1 <= upper.y0 + 1


@pytest.mark.parametrize("width", ["screen", "phone"])
@pytest.mark.parametrize("name", DRAWN_FROM_TABLES)
def test_an_axis_across_with_a_label_has_its_numbers(name, width, frames):
    with figures.narrow() if width == "phone" else contextlib.nullcontext():
        fig, _ = draw(name, frames)
    fig.canvas.draw()
    for axes in (a for a in fig.axes if a.get_visible() and a.axison):
        shown = [t for t in axes.get_xticklabels() if t.get_text() and t.get_visible()]
        assert shown or not axes.get_xlabel()


@pytest.mark.parametrize("width", ["screen", "phone"])
def test_titles_of_runs_side_by_side_do_not_touch(width, frames):
    runs = frames["every_run"]
    runs = runs.assign(run=runs["run"] + ", on an Intel Xeon")
    more = runs.replace({"selection_soft": "soft_mixed", "soft_dynamic": "sites_tagger"})
    again = runs[runs["arm"] == "selection_soft"].assign(compared_to="plain_compute")
    whole = frames | {"every_run": pd.concat([runs, more, again], ignore_index=True)}
    with figures.narrow() if width == "phone" else contextlib.nullcontext():
        fig, _ = draw("every_run", whole)
    fig.canvas.draw()
    assert len(fig.axes) == 4
    titles = [axes.get_title(loc="left") for axes in fig.axes]
    boxes = [t.get_window_extent() for t in fig.findobj(mpl.text.Text) if t.get_text() in titles]
    assert all(box.x1 <= fig.bbox.x1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_where_there_are_many_arms_the_first_forest_holds_those_that_are_no_part_of_another(frames):
    differences = frames["differences"]
    one = differences[differences["arm"] == "rho1"]
    arms = [arm for arm in ARMS if arm not in ("base", "plain")]
    every = pd.concat([one.assign(arm=arm) for arm in arms], ignore_index=True)
    with pytest.raises(figures.NothingToDraw, match="first forest"):
        draw(FULL_FOREST, frames)
    _, first = draw("difference_to_plain", frames | {"differences": every})
    _, full = draw(FULL_FOREST, frames | {"differences": every})
    assert set(full["arm"]) == set(ARMS) - {"base", "plain", "plain_compute"}
    assert set(full["arm"]) - set(first["arm"]) == set(conclusions.PARTS_AND_VARIANTS)
    assert "selection_soft" in set(first["arm"])


def test_the_legend_lies_below_the_axis_labels(frames):
    fig, _ = draw("learning_curves", frames)
    fig.canvas.draw()
    renderer = fig.canvas.get_renderer()
    lowest = min(a.get_tightbbox(renderer).y0 for a in fig.axes if a.get_visible())
    assert fig.legends[0].get_window_extent(renderer).y1 <= lowest + 1


def test_every_arm_has_a_look_of_its_own():
    styles = {arm: figures.arm_style(arm) for arm in ARMS}
    assert set(figures.ARM_STYLES) >= set(ARMS)
    assert len({style.colour for style in styles.values()}) == len(ARMS)
    assert len({(style.marker, style.line) for style in styles.values()}) > len(ARMS) // 2


def test_an_arm_without_a_fixed_look_gets_the_same_one_each_time():
    style = figures.arm_style("an arm of tomorrow")
    assert style == figures.arm_style("an arm of tomorrow")
    assert style.colour not in {s.colour for s in figures.ARM_STYLES.values()}
    assert figures.arm_title("an arm of tomorrow") == "an arm of tomorrow"


def test_colours_can_be_seen_on_white():
    def luminance(colour):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    for style in figures.ARM_STYLES.values():
        colour = mpl.colors.to_rgb(style.colour)
        assert 1.05 / (luminance(colour) + 0.05) > 2, style.colour
    hues = [colorsys.rgb_to_hls(*mpl.colors.to_rgb(s.colour)) for s in figures.ARM_STYLES.values()]
    assert all(a != b for a, b in itertools.combinations(hues, 2))


def test_the_frame_is_what_is_drawn(frames):
    fig, frame = draw("main_comparison", frames)
    assert set(frame["stratum"]) == {"covered", "uncovered"}
    assert set(frame["metric"]) == {"accuracy"}
    row = frame[(frame["arm"] == "selection_soft") & (frame["stratum"] == "covered")]
    assert f"{row['mean'].iloc[0]:.2f}" in texts(fig)
    _, difference = draw("difference_to_plain", frames)
    assert set(difference["compared_to"]) == {"plain"}
    assert "base" not in set(difference["arm"])


def test_the_chance_level_of_every_arm_is_drawn(frames):
    plain = [("plain", stratum, "accuracy", 0.07) for stratum in ("covered", "uncovered")]
    chance = pd.DataFrame(plain, columns=["arm", "stratum", "metric", "mean"])
    fig, frame = figures.main_comparison(frames["main_comparison"], chance)
    assert frame.loc[frame["arm"] == "plain", "chance"].tolist() == [0.07, 0.07]
    assert frame.loc[frame["arm"] != "plain", "chance"].isna().all()
    for axes in fig.axes:
        marks = [line for line in axes.lines if line.get_color() == comparison.CHANCE]
        assert [mark.get_xdata()[0] for mark in marks] == [0.07]
    assert any("answers permuted within a relation" in text for text in texts(fig))
    without = figures.main_comparison(frames["main_comparison"])[1]
    assert "chance" not in without


def test_the_figure_of_selection_says_what_it_goes_by():
    kept = dict(zip(conclusions.SELECTED, (0.997, 0.359, 0.48, 0.26), strict=True))
    rows = [("selection_soft", kind, 40, share, share, share, 2) for kind, share in kept.items()]
    columns = ["arm", "documents", "n", "share_kept", "ci_low", "ci_high", "seeds"]
    fig, _ = figures.FIGURES["selection_kinds"].draw(pd.DataFrame(rows, columns=columns))
    title = " ".join(fig.get_suptitle().split())
    assert title.startswith("The paper's arm keeps over 99 % of the documents about subjects")
    assert "of the latter 48 % of those with a wrong fact and 26 % of those without" in title


def test_a_number_and_its_sign_stay_in_one_line():
    assert panels.wrapped("artist 16 %, song 9 %", 19) == "artist 16 %, song\n9 %"
    assert panels.wrapped("known (n = 5)", 9) == "known\n(n = 5)"


def test_the_line_below_a_figure_speaks_of_intervals_where_there_are_some():
    run = SimpleNamespace(name="laptop", run={"seeds": [0]}, commit="abc")
    rows = pd.DataFrame({"profile": ["a", "b"], "mean": [1.0, 2.0]})
    assert registry.origin(run, rows) == "Profile laptop, 1 seed, commit abc."
    rows["ci_low"] = 0.5
    assert registry.origin(run, rows) == "Profile laptop, 1 seed, commit abc. 95 % intervals."
    told = registry.origin(run, rows.assign(commit=["c", "d"]))
    assert told == "Profiles and commits: a c; b d. 95 % intervals."


def test_the_forest_over_all_profiles_holds_the_pooled_rows_alone(frames):
    single = frames["differences"].assign(pooled="no", profiles="one")
    pooled = single.assign(pooled="yes", profiles="one, two", seeds=4)
    fig, frame = figures.pooled_forest(pd.concat([pooled, single], ignore_index=True))
    assert set(frame["pooled"]) == {"yes"} and "base" not in set(frame["arm"])
    assert fig.get_suptitle().replace("\n", " ").endswith("; 4 seeds together")
    with pytest.raises(figures.NothingToDraw):
        figures.pooled_forest(single)


def test_doses_of_a_reference_model_have_their_price_below_them(frames):
    gains = frames["arms_by_level"].assign(axis="reference_tokens", arm="sites_tagger")
    gains["level"] = gains["level"].map({"0": "50", "0.2": "100", "0.4": "150"})
    costs = pd.DataFrame(
        [("plain", 200, 0, 200.0), ("sites_tagger", 200, 150, 650.0)],
        columns=["arm", "trained_tokens", "reference_tokens", "flops"],
    )
    fig, frame = figures.dose_gain(gains, costs)
    assert sorted(set(frame["cost"])) == [2.75, 3.0, 3.25]
    assert "50\n(2.75)" in texts(fig)
    fig, frame = figures.dose_gain(gains)
    assert frame["cost"].isna().all() and not any("x plain" in text for text in texts(fig))


def test_one_method_alone_is_told_by_its_name(frames):
    table = frames["differences"]
    one = table[table["arm"].isin(["soft_dynamic", "rho1"])]
    assert not conclusions.of_methods(one).startswith(("None of one", "One of one"))
    assert conclusions.of_methods(one).startswith("Soft, dynamic ratio ")


def test_a_title_tells_of_equal_compute_where_methods_were_compared_there():
    """Of the paper's arm if it was among them, else of those that were."""
    row = {"metric": "log_likelihood", "verdict": "better"}
    up = {**row, "difference": 0.5, "ci_low": 0.4, "ci_high": 0.6}
    down = {**row, "difference": -0.5, "ci_low": -0.6, "ci_high": -0.4, "verdict": "worse"}
    compared = [
        ("selection_soft", "plain", down),
        ("tagger_window_start", "plain", up),
        ("tagger_window_start", "plain_compute", up),
    ]
    rows = [
        {"arm": arm, "compared_to": other, "stratum": stratum, **numbers}
        for arm, other, numbers in compared
        for stratum in ("covered", "uncovered")
    ]
    told = conclusions.of_paper_arm(pd.DataFrame(rows))
    assert told.startswith("At equal compute weight on fact tokens") and "; at equal tokens" in told
    rows += [
        {"arm": "selection_soft", "compared_to": "plain_compute", "stratum": stratum, **down}
        for stratum in ("covered", "uncovered")
    ]
    told = conclusions.of_paper_arm(pd.DataFrame(rows))
    assert told == "At equal compute the paper's arm loses on both kinds of facts"


def test_a_percentile_interval_that_misses_its_mean_is_drawn(frames):
    table = frames["main_comparison"].copy()
    table["ci_low"] = table["mean"] + 0.01
    fig, _ = figures.main_comparison(table)
    fig.canvas.draw()


def test_missing_precision_is_left_out_not_a_failure():
    table = pd.DataFrame(
        [("clean", "spam", np.nan, 0.5, 3)], columns=schema.COLUMNS["pipeline_quality"]
    )
    fig, _ = figures.pipeline_quality(table)
    fig.canvas.draw()


def test_files_are_the_same_byte_for_byte_and_carry_no_date(frames, tmp_path):
    for folder in ("one", "two"):
        figures.save_figure(*draw("funnel", frames), tmp_path / folder, "funnel")
    for suffix in ("png", "pdf", "csv"):
        data = (tmp_path / "one" / f"funnel.{suffix}").read_bytes()
        assert data == (tmp_path / "two" / f"funnel.{suffix}").read_bytes()
        assert b"CreationDate" not in data and b"Matplotlib" not in data
    saved = pd.read_csv(tmp_path / "one" / "funnel.csv")
    assert saved["documents"].tolist() == [100, 2, 80, 20]


def test_the_caller_keeps_his_style(frames):
    before = dict(mpl.rcParams)
    draw("composition", frames)
    assert dict(mpl.rcParams) == before


def test_draw_all_draws_what_the_tables_allow(frames, tmp_path):
    for name in ("funnel", "main_comparison", "composition"):
        frame = frames[name].head(0) if name == "composition" else frames[name]
        table_files.write_table(frame, tmp_path / "tables", name)
    drawn = [name for name in figures.draw_all(tmp_path) if name != "every_run"]
    assert drawn == ["main_comparison", "forgetting", "funnel"]
    assert (tmp_path / "figures" / "forgetting.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_to_draw_says_what_is_missing(frames):
    with pytest.raises(figures.NothingToDraw, match="no accuracy for covered, uncovered"):
        figures.main_comparison(frames["main_comparison"].head(0))


# --- the words say what is drawn ------------------------------------------------------------------


def test_token_weights_are_those_given_in_training_and_nothing_else_is_said(frames):
    fig, frame = draw("token_weights", frames)
    words = " ".join(texts(fig)).replace("\n", " ")
    assert "Weights given in training, by kind of token" in words
    assert "mean weight given (1 = mean of all)" in words
    assert "given in training" in reading("token_weights")
    assert "seeds and documents" in reading("token_weights")
    assert "loss ratio" not in words + reading("token_weights")
    marker = figures.arm_style("soft_dynamic").marker
    marks = [line for line in fig.axes[0].lines if line.get_marker() == marker]
    assert [line.get_xdata()[0] for line in marks] == list(frame["weight"])


def test_false_statements_weigh_less_where_the_intervals_lie_apart():
    rows = [
        (arm, kind, low + 0.1, low, low + 0.2)
        for arm, wrong in (("soft_static", 0.5), ("soft_mixed", 0.95))
        for kind, low in (("fact", 1.0), ("wrong_fact", wrong))
    ]
    table = pd.DataFrame(rows, columns=["arm", "kind", "weight", "ci_low", "ci_high"])
    told = "false statements clearly weigh less than true ones in one of two arms"
    assert conclusions.of_weights(table) == told
    assert conclusions.of_weights(table[table["kind"] == "fact"]) == ""
    rumours = table[table["kind"] == "fact"].assign(kind="rumour")
    told = "false statements clearly weigh less than true ones in none of two arms"
    assert conclusions.of_weights(pd.concat([table, rumours])) == told


def test_of_a_single_arm_no_number_of_arms_is_told():
    rows = [("soft_static", "fact", 1.1, 1.0, 1.2), ("soft_static", "wrong_fact", 0.6, 0.5, 0.7)]
    table = pd.DataFrame(rows, columns=["arm", "kind", "weight", "ci_low", "ci_high"])
    told = "false statements clearly weigh less than true ones"
    assert conclusions.of_weights(table) == told
    near = table.assign(ci_high=1.5)
    assert conclusions.of_weights(near) == told.replace("clearly", "do not clearly")


@pytest.mark.parametrize(
    ("music", "general", "told"),
    [
        (1.6, -0.3, "music easier to predict and general text harder to predict"),
        (0.0, 0.0, "music no easier to predict and general text no easier to predict"),
    ],
)
def test_the_figure_of_forgetting_says_which_text_became_harder(music, general, told):
    rows = [
        {"stratum": stratum, "difference_to_plain_low": base - 0.1}
        | {"difference_to_plain_high": base + 0.1}
        for stratum, base in (("music", music), ("general", general))
    ]
    table = pd.DataFrame(rows).assign(arm="base", metric="bits_per_byte")
    assert conclusions.of_forgetting(table) == f"Plain continued pretraining makes {told}"
    assert conclusions.of_forgetting(table.head(0)).startswith("What is forgotten")


@pytest.mark.parametrize(
    ("best", "told"),
    [
        ((1.5, 1.75), "Too sure of what it does not know: a reference model predicts it best at "
         "temperatures of 1.5 to 1.75"),
        ((1.0, 1.0), "A reference model predicts what it does not know best at temperature 1"),
    ],
)  # fmt: skip
def test_the_figure_of_temperatures_says_how_sure_reference_models_are(best, told):
    rows = [
        {"seed": seed, "temperature": t, "loss": abs(t - chosen)}
        for seed, chosen in enumerate(best)
        for t in (1.0, 1.25, 1.5, 1.75)
    ]
    assert conclusions.of_temperature(pd.DataFrame(rows)) == told


def test_kinds_of_tokens_have_plain_words_and_no_panel_stands_alone():
    row = {"weight": 1.0, "ci_low": 0.9, "ci_high": 1.1, "seeds": 2, "tokens": 9}
    table = pd.DataFrame([
        row | {"arm": arm, "kind": kind}
        for arm in ("rho1", "soft_static", "soft_mixed", "inverse")
        for kind in ("fact", "pii")
    ])  # fmt: skip
    fig, _ = figures.token_weights(table)
    labels = [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    assert labels == ["true statement", "personal data"]
    assert fig.axes[0].get_subplotspec().get_gridspec().ncols == 2


def test_weights_that_are_not_those_given_say_so(frames):
    words = " ".join(texts(draw("fixed_weights", frames)[0])).replace("\n", " ")
    assert "fixed before training" in words and "given in training" not in words
    assert "as it will be given" in reading("fixed_weights")


def test_runs_that_kept_no_weights_give_no_figure(frames):
    with pytest.raises(figures.NothingToDraw, match="no weights"):
        figures.token_weights(frames["token_weights"].head(0))


def test_the_number_in_brackets_is_that_of_questions(frames):
    fig, frame = draw("benchmark_by_stratum", frames)
    expected = {f"{figures.STRATUM_TITLES[row.stratum]} ({row.n})" for row in frame.itertuples()}
    assert {axes.get_title(loc="left").replace("\n", " ") for axes in fig.axes} == expected
    for name in ("benchmark_by_stratum", "benchmark_by_category"):
        assert "number of questions in brackets" in reading(name)


def test_a_surface_says_its_unit_and_which_colour_is_better(frames):
    fig, frame = draw("reference_surface", frames)
    assert set(frame["metric"]) == {"log_likelihood"}
    assert "nats per token" in reading("reference_surface")
    image = fig.axes[0].images[0]
    red, green, blue, _ = image.cmap(image.norm(frame["difference"].abs().max()))
    assert blue > red > green  # better: violet
    red, green, blue, _ = image.cmap(image.norm(-frame["difference"].abs().max()))
    assert red > green > blue  # worse: orange


def test_the_chosen_temperature_is_the_lowest_point_of_its_line(frames):
    fig, frame = draw("temperature", frames)
    large = [line for line in fig.axes[0].lines if line.get_markersize() == 10]
    lowest = frame.loc[frame.groupby("seed")["loss"].idxmin()]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in large] == list(
        zip(lowest["temperature"], lowest["loss"], strict=True)
    )
    assert "The large marker is the lowest" in reading("temperature")


def test_captions_name_what_intervals_are_over():
    for name in ("main_comparison", "benchmark_by_stratum", "composition"):
        assert "seeds and subjects" in reading(name), name
    assert "paired by seed and question" in reading("difference_to_plain")
    assert "Student's t over seeds" in reading("learning_curves")


def test_general_text_left_of_the_base_is_predicted_better(frames):
    fig, frame = draw("bits_per_byte", frames)
    assert "Left of the dotted line" in reading("bits_per_byte")
    assert list(frame.columns) == list(frames["bits_per_byte"].columns)
    assert [axes.get_title(loc="left") for axes in fig.axes] == [
        "held-out general text",
        "held-out music text",
    ]


def test_reliability_draws_the_rows_it_is_given():
    rows = [
        {"bin": 0.1, "probability": 0.15, "in_domain": 0.2, "n": 5},
        {"bin": 0.9, "probability": 0.95, "in_domain": 1.0, "n": 20},
    ]
    fig, frame = figures.reliability(rows)
    pd.testing.assert_frame_equal(frame, pd.DataFrame(rows))
    drawn = fig.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(drawn, frame[["probability", "in_domain"]])


def test_models_stand_beside_guessers_in_every_part():
    rows = [
        {"model": m, "asked": "5-shot", "part": p, "n": 9, "accuracy": 0.2, "ci_low": 0.1}
        | {"ci_high": 0.4}
        for m in ("guesser: a", "A model")
        for p in ("all", "tail")
    ]
    fig, frame = figures.model_scores(pd.DataFrame(rows))
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["all (9)", "tail (9)"]
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert labels == ["guesser: a\n5-shot", "A model\n5-shot"] and len(frame) == 4
    assert figures.title_of(fig) == (
        "The best real model answers 20.0 % of MusicSimpleQA's questions correctly, the best "
        "guesser 20.0 %"
    )
    with pytest.raises(figures.NothingToDraw):
        figures.model_scores(pd.DataFrame(rows)[:0])


@pytest.mark.parametrize(
    ("model", "asked", "label"),
    [
        ("A model, chat, few-shot", "chat, 5-shot", "A model\nchat, 5-shot"),
        ("A model", "0-shot", "A model\n0-shot"),
        ("guesser: a", "not asked", "guesser: a"),
    ],
)
def test_how_a_model_was_asked_is_said_once(model, asked, label):
    row = {"model": model, "asked": asked, "part": "all", "n": 9}
    fig, _ = figures.model_scores(
        pd.DataFrame([row | {"accuracy": 0.2, "ci_low": 0.1, "ci_high": 0.4}])
    )
    assert [tick.get_text() for tick in fig.axes[0].get_yticklabels()] == [label]


def test_panels_of_the_benchmark_stand_in_one_line_and_their_words_apart(frames):
    groups = ["all", "popular", "less_popular", "invented", "general"]
    row = {"arm": "plain", "metric": "accuracy", "mean": 0.2, "ci_low": 0.1, "ci_high": 0.4}
    for count in (4, 5):
        table = pd.DataFrame([row | {"stratum": name, "n": 154} for name in groups[:count]])
        apart_in_one_line(figures.FIGURES["benchmark_by_stratum"].draw(table)[0], count)
    scores = pd.DataFrame([
        {"model": "A model", "asked": "5-shot", "part": part, "n": 2931, "accuracy": 0.2}
        | {"ci_low": 0.1, "ci_high": 0.4}
        for part in ("all", "core", "extension", "tail")
    ])  # fmt: skip
    apart_in_one_line(figures.model_scores(scores)[0], 4)


def test_names_of_several_lines_beside_rows_do_not_touch():
    arms = ["sites_tagger_start", "oracle_focus_clean", "plain_compute", "tagger_window_start"]
    rows = pd.DataFrame([
        {"arm": arm, "stratum": name, "mean": 0.2, "ci_low": 0.1, "ci_high": 0.3}
        for arm in arms
        for name in ("covered", "uncovered")
    ])  # fmt: skip
    fig, _ = figures.tidy(rows, centre="mean", along="arm", series="stratum")
    fig.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in fig.axes[0].get_yticklabels()]
    assert all(above.y0 > below.y1 for above, below in itertools.pairwise(boxes))


def apart_in_one_line(fig, count):
    """As many panels, all in one line; no title or label reaches into another or off the page."""
    fig.draw_without_rendering()
    assert len(fig.axes) == count and len({axes.get_position().y0 for axes in fig.axes}) == 1
    for what in ("xaxis.label", "_left_title"):
        boxes = [attrgetter(what)(axes).get_window_extent() for axes in fig.axes]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes)), what
        assert boxes[-1].x1 <= fig.bbox.x1, what


# --- titles that conclude -------------------------------------------------------------------------


def differences(covered, uncovered, arm="selection_soft", other="plain"):
    """Rows of `differences.csv`: an arm against another with these intervals."""
    rows = [
        (arm, other, stratum, "log_likelihood", sum(ends) / 2, *ends, 2, 40)
        for stratum, ends in (("covered", covered), ("uncovered", uncovered))
    ]
    columns = ["arm", "compared_to", "stratum", "metric", "difference", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=[*columns, "seeds", "n"])


@pytest.mark.parametrize(
    ("covered", "uncovered", "words"),
    [
        ((0.1, 0.3), (-0.3, -0.1), "gains where the reference model knows, loses where it does"),
        ((0.1, 0.3), (0.1, 0.3), "gains on both kinds of facts"),
        ((-0.1, 0.3), (-0.3, 0.1), "differs on neither kind of facts"),
        ((-0.3, -0.1), (-0.3, -0.1), "loses on both kinds of facts"),
        ((-0.3, -0.1), (0.1, 0.3), "loses where the reference model knows, gains where it does"),
    ],
)
def test_the_title_of_the_forest_follows_the_intervals(covered, uncovered, words):
    fig, _ = figures.difference_to_plain(differences(covered, uncovered))
    assert f"The paper's arm {words}" in figures.title_of(fig)


def test_a_title_says_no_more_than_the_verdict():
    table = differences((0.1, 0.3), (-0.3, -0.1)).assign(verdict=["better", "undecided"])
    fig, _ = figures.difference_to_plain(table)
    assert "gains where the reference model knows, elsewhere no" in figures.title_of(fig)


def test_ceilings_stand_first_and_equal_compute_before_equal_tokens():
    table = pd.concat([
        differences((0.1, 0.3), (0.1, 0.3)),
        differences((0.4, 0.6), (-0.1, 0.1), arm="oracle_clean"),
        differences((-0.4, -0.2), (-0.5, -0.3), other="plain_compute"),
    ])  # fmt: skip
    fig, _ = figures.difference_to_plain(table)
    told = "At equal compute the paper's arm loses on both kinds of facts"
    assert figures.title_of(fig) == told
    labels = [tick.get_text() for tick in fig.axes[0].get_yticklabels()]
    assert labels[0].startswith("room") and labels[1].startswith("ceiling")
    assert [axes.get_title(loc="left")[:13] for axes in fig.axes] == [
        "equal compute",
        "equal tokens:",
    ]


@pytest.mark.parametrize(("covered", "uncovered"), list(conclusions.ON_BOTH))
def test_the_title_of_the_first_figure_has_two_lines_at_most(covered, uncovered):
    ends = {"stands": (0.1, 0.3), "open": (-0.1, 0.3), "fails": (-0.3, -0.1)}
    for costs in (["plain"], ["plain", "plain_compute"]):
        arms = ("selection_soft", "soft_mixed", "sites")
        parts = [
            differences(ends[covered], ends[uncovered], arm=arm, other=other)
            for arm in arms
            for other in costs
        ]
        fig, _ = figures.difference_to_plain(pd.concat(parts))
        assert fig.get_suptitle().count("\n") <= 1


def test_what_lies_beyond_the_axis_is_told_at_its_edge():
    table = pd.concat(
        [differences((0.1, 0.3), (0.1, 0.3)), differences((-9, -7), (-9, -7), arm="inverse")]
    )
    fig, _ = figures.difference_to_plain(table)
    assert "◀ -8.00" in texts(fig) and fig.axes[0].get_xlim()[0] > -7


def test_a_method_that_gains_on_both_is_named():
    table = pd.concat(
        [differences((0.1, 0.3), (-0.3, -0.1)), differences((0.1, 0.3), (0.1, 0.3), arm="sites")]
    )
    assert conclusions.of_methods(table).endswith(
        f"One of two methods gains on both kinds: {figures.arm_title('sites')}"
    )


def test_how_much_room_there_is_follows_the_interval():
    table = differences((0.4, 0.6), (-0.1, 0.1), arm="oracle_clean")
    assert "+0.50 on known facts, none on unknown facts" in conclusions.of_room(table)
    wide = differences((0.4, 0.6), (-0.5, 0.9), arm="oracle_clean")
    assert "not shown on unknown facts" in conclusions.of_room(wide)


def test_every_run_shows_the_paper_s_arm_at_equal_compute_first(frames):
    runs = frames["every_run"]
    paper = runs[runs["arm"] == "selection_soft"].assign(compared_to="plain_compute")
    paper["difference"] -= 1
    frames = frames | {"every_run": pd.concat([runs, paper], ignore_index=True)}
    fig, _ = draw("every_run", frames)
    titles = [" ".join(axes.get_title(loc="left").split()) for axes in fig.axes]
    assert titles[0].endswith("(the paper's), at equal compute")
    assert titles[1].endswith("(the paper's), at equal tokens") and len(titles) == 3
    # wider than tall, rows told once at the left
    assert fig.get_figwidth() > fig.get_figheight()
    assert figures.title_of(fig).startswith("The same in every run? At equal compute, the paper's")


def test_runs_that_agree_are_counted_and_those_made_again_are_not(frames):
    fig, frame = draw("every_run", frames)
    assert "is better on known facts in 2 of 2 runs" in figures.title_of(fig)
    assert any("n = 40 and 40" in text for text in texts(fig))
    assert set(frame["profile"]) == {"laptop", "laptop again", "replication"}


def test_curves_begin_at_the_base_and_bands_are_intervals_over_seeds(frames):
    _, frame = draw("learning_curves", frames)
    for _, points in frame.groupby(["arm", "stratum"]):
        assert points["tokens"].iloc[0] == 0
    table = frames["learning_curves"]
    one = table[(table["arm"] == "rho1") & (table["stratum"] == "covered")]
    one = one[(one["metric"] == "accuracy") & (one["tokens"] == one["tokens"].max())]["value"]
    row = frame[(frame["arm"] == "rho1") & (frame["stratum"] == "covered")].iloc[-1]
    half = 12.706 * one.std() / np.sqrt(2)
    assert row["mean"] == pytest.approx(one.mean())
    assert row["ci_high"] == pytest.approx(min(1, one.mean() + half), abs=1e-3)


def test_compute_counts_what_comes_before_training(frames):
    _, frame = draw("tokens_and_compute", frames)
    plain, rho = (frame[frame["arm"] == arm] for arm in ("plain", "rho1"))
    assert plain["flops"].min() == 0 and plain["flops"].max() == pytest.approx(1e15)
    assert rho["flops"].min() == pytest.approx(1.5e15)
    assert rho["flops"].max() == pytest.approx(2.5e15)


def test_an_arm_that_begins_beyond_the_common_compute_is_not_the_highest_there():
    """It starts from a reference model that has cost more than all of plain's training."""
    rows = [
        (arm, kind, "log_likelihood", tokens, flops, value)
        for kind in ("covered", "uncovered")
        for arm, tokens, flops, value in (
            ("plain", 0, 0.0, -5.0),
            ("plain", 400, 4.0, -2.0),
            ("sites_tagger_start", 200, 9.0, -1.5),
            ("sites_tagger_start", 400, 11.0, -1.0),
            ("selection_soft", 0, 7.0, -5.0),
            ("selection_soft", 400, 11.0, -1.0),
        )
    ]
    columns = ["arm", "stratum", "metric", "tokens", "flops", "mean"]
    told = curves.best_at(pd.DataFrame(rows, columns=columns), "flops")
    assert told.count("plain continued pretraining") == 2
    assert "started from" not in told and "paper" not in told
    told = curves.best_at(pd.DataFrame(rows, columns=columns), "tokens")
    assert told.startswith("Highest at the same number of tokens: believed sites")


def test_without_costs_there_are_tokens_alone(frames):
    fig, frame = figures.tokens_and_compute(frames["learning_curves"])
    assert frame["flops"].isna().all() and len(fig.axes) == 2


def test_what_a_criterion_mistakes_for_false_is_in_the_title(frames):
    fig, frame = draw("roc", frames)
    assert "takes the merely unknown for false" in figures.title_of(fig)
    soft = frame[(frame["arm"] == "soft_dynamic") & (frame["stratum"] == "uncovered")]
    assert soft["auc"].unique() == [0.33]  # the table's, with every token in it


@pytest.mark.parametrize(
    ("area", "told"),
    [
        ((0.27, 0.19, 0.35), "takes the merely unknown for false"),
        ((0.39, 0.15, 0.64), "does not clearly tell it from false"),
        ((0.84, 0.75, 0.94), "tells it from false"),
    ],
)
def test_an_area_concludes_no_more_than_its_interval(area, told):
    areas = {("rho1", "covered"): (0.9, 0.8, 1.0), ("rho1", "uncovered"): area}
    assert criteria.blindest(areas).endswith(f" {told}")


def test_who_gains_is_counted_by_what_the_reference_model_knows():
    rows = [
        (f"{arm}/seed0", f"q:m:x:{subject}", "", "", value, known)
        for arm, gain in (("plain", 0.0), ("selection_soft", 0.5))
        for subject, known, sign in (("abba", "yes", 1), ("björk", "no", -1))
        for value in [-1 + sign * gain]
    ]
    columns = ["run", "question_id", "response", "grade", "log_likelihood", "covered"]
    fig, frame = figures.effect_by_subject(pd.DataFrame(rows, columns=columns))
    assert frame["difference"].tolist() == [0.5, -0.5]
    assert "1 of 1 subjects that the reference model knows" in figures.title_of(fig)
    assert "0 of 1 subjects that it does not know" in figures.title_of(fig)


def test_an_axis_without_zero_says_so(frames):
    fig, _ = draw("dose_response", frames)
    assert any("without 0" in text for text in texts(fig))


def test_what_is_gained_dose_by_dose_is_drawn_around_zero(frames):
    fig, frame = draw("dose_gain", frames)
    assert frame.query("stratum == 'covered'")["mean"].tolist() == [0.0, 0.2, 0.4]
    assert "+0.40" in figures.title_of(fig)
    assert all(any(line.get_linestyle() == ":" for line in axes.lines) for axes in fig.axes)


def test_doses_whose_intervals_overlap_show_no_change(frames):
    gains = frames["arms_by_level"]
    for half, ending in ((0.05, "on known facts"), (0.5, ", with intervals that overlap")):
        ends = {"ci_low": gains["difference"] - half, "ci_high": gains["difference"] + half}
        fig, _ = figures.dose_gain(gains.assign(**ends))
        assert figures.title_of(fig).endswith(ending)


@pytest.mark.parametrize(
    ("arm", "half", "head", "ending"),
    [
        ("plain", 0.01, "Accuracy (all questions) moves", "(95 % intervals)"),
        ("rho1", 0.1, "Accuracy (all questions; Rho-1", "(95 % intervals, which overlap)"),
    ],
)
def test_what_moves_most_is_told_of_its_arm_and_by_its_intervals(arm, half, head, ending):
    rows = [
        ("replay", level, arm, "all", mean, mean - half, mean + half)
        for level, mean in (("0", 0.06), ("0.2", 0.11))
    ]
    columns = ["axis", "level", "arm", "stratum", "mean", "ci_low", "ci_high"]
    told = data_composition.moves_most(pd.DataFrame(rows, columns=columns), "all", "accuracy")
    assert told.startswith(head) and told.endswith(ending)


def test_a_picture_knows_its_title(frames, tmp_path):
    fig, frame = draw("roc", frames)
    png = figures.save_figure(fig, frame, tmp_path, "roc")
    assert figures.drawn_title(png) == figures.title_of(fig) != ""


def test_a_phone_gets_panels_below_each_other(frames):
    wide, _ = draw("main_comparison", frames)
    with figures.narrow():
        small, _ = draw("main_comparison", frames)
    assert small.get_figwidth() < wide.get_figwidth() / 1.5
    assert small.get_figheight() > wide.get_figheight() * 1.3
