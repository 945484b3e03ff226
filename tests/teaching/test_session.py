"""What every notebook begins with."""

import pandas as pd
import pytest

from mucpt_utils.report import figures
from mucpt_utils.teaching import session
from mucpt_utils.teaching.session import Results


def test_a_figure_with_nothing_to_show_is_said_in_a_line_and_not_kept(tmp_path, capsys):
    Results(tmp_path).figure(lambda: figures.token_weights(pd.DataFrame()), "token_weights")
    assert capsys.readouterr().out == "Figure token_weights is not drawn: no weights of any arm.\n"
    assert not (tmp_path / "figures").exists()


def test_a_figure_that_cannot_be_drawn_for_another_reason_is_not_hushed(tmp_path):
    with pytest.raises(KeyError):
        Results(tmp_path).figure(lambda: figures.token_weights(pd.DataFrame({"x": [1]})), "x")


def test_a_figure_comes_with_how_to_read_it(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(session, "display", shown.append)
    rows = pd.DataFrame(
        {"seed": [0, 0], "temperature": [1.0, 1.5], "loss": [2.0, 1.0], "n": [9, 9]}
    )
    Results(tmp_path).figure(figures.temperature(rows), "temperature")
    picture, reading = shown
    assert picture.data and reading.data.endswith(figures.FIGURES["temperature"].reading)


def test_a_figure_is_kept_for_the_screen_and_an_earlier_pdf_does_not_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "display", lambda shown: None)
    rows = pd.DataFrame(
        {"seed": [0, 0], "temperature": [1.0, 1.5], "loss": [2.0, 1.0], "n": [9, 9]}
    )
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "temperature.pdf").write_bytes(b"of an earlier run")
    Results(tmp_path).figure(figures.temperature(rows), "temperature")
    kept = {path.name for path in (tmp_path / "figures").iterdir()}
    assert kept == {"temperature.png", "temperature.csv"}, "notebook 08 draws the pdf"
    Results(tmp_path).figure(figures.temperature(rows), "one_of_my_own")
    assert (tmp_path / "figures" / "one_of_my_own.pdf").is_file()
    Results(tmp_path).figure(figures.temperature(rows), "reliability")
    assert (tmp_path / "figures" / "reliability.pdf").is_file(), "no table draws it again"
