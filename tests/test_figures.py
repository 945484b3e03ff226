import colorsys
import itertools

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from results_made_up import all_tables

from mucpt_utils.analysis import tables
from mucpt_utils.config.arms import ARMS
from mucpt_utils.report import figures


@pytest.fixture(scope="module")
def frames():
    return all_tables()


def draw(name, frames):
    info = figures.FIGURES[name]
    return info.draw(frames[info.table])


def texts(fig):
    return [text.get_text() for text in fig.findobj(mpl.text.Text) if text.get_text()]


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_has_a_title_labelled_axes_and_readable_text(name, frames):
    fig, frame = draw(name, frames)
    assert fig.get_suptitle()
    assert len(frame)
    shown = [axes for axes in fig.axes if axes.get_visible()]
    assert any(axes.get_xlabel() for axes in shown) or any(axes.get_ylabel() for axes in shown)
    fig.canvas.draw()
    sizes = [t.get_fontsize() for t in fig.findobj(mpl.text.Text) if t.get_text()]
    assert min(sizes) >= 9


@pytest.mark.parametrize("name", figures.FIGURES)
def test_no_text_is_cut_off_at_the_border(name, frames):
    # the arm of the longest name stands in for one of the made-up runs' arms
    longest = max(ARMS, key=lambda arm: len(figures.arm_title(arm)))
    fig, _ = draw(name, {k: frame.replace("rho1", longest) for k, frame in frames.items()})
    fig.canvas.draw()
    renderer = fig.canvas.get_renderer()
    for axes in (a for a in fig.axes if a.get_visible()):
        box = axes.get_tightbbox(renderer)
        assert box.x0 >= -1 and box.y0 >= -1
        assert box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1
    for whole in (*fig.legends, fig._suptitle):
        box = whole.get_window_extent(renderer)
        assert box.x0 >= 0 and box.x1 <= fig.bbox.x1


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
    assert len({style.marker for style in styles.values()}) == len(ARMS)


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


def test_a_percentile_interval_that_misses_its_mean_is_drawn(frames):
    table = frames["main_comparison"].copy()
    table["ci_low"] = table["mean"] + 0.01
    fig, _ = figures.main_comparison(table)
    fig.canvas.draw()


def test_missing_precision_is_left_out_not_a_failure():
    table = pd.DataFrame(
        [("clean", "spam", np.nan, 0.5, 3)], columns=tables.COLUMNS["pipeline_quality"]
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
        tables.write_table(frame, tmp_path / "tables", name)
    assert figures.draw_all(tmp_path) == ["main_comparison", "forgetting", "funnel"]
    assert (tmp_path / "figures" / "forgetting.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_to_draw_says_what_is_missing(frames):
    with pytest.raises(figures.NothingToDraw, match="no accuracy for covered, uncovered"):
        figures.main_comparison(frames["main_comparison"].head(0))
